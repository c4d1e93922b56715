# %% [markdown]
# # 03 · P-Net: all windows of a picture, in one pass
#
# You will build the first net of the cascade. It looks at 12 × 12 pixels and says "face" or "no face". Then you will
# let it look at all 42,721 windows of a photo, in ten passes: one for each level.
#
# | | |
# |---|---|
# | **needs** | Python, and having met convolutions; chapters 00 to 02 help, the words you need are recalled here |
# | **leaves you with** | P-Net's map, the windows behind it, the offsets that move them, two functions of your own in a live detector |
# | **takes** | about 40 minutes |

# %%
from mtcnn_lite.course.chapters import chapter_map

chapter_map("03")

# %% [markdown]
# ## See it
#
# A photo goes in. P-Net gives every window in it a score from 0 to 1. Below, windows with a score of at least 0.6 are blue.
#
# The photo is NASA's portrait of the astronaut Eileen Collins. It is in the public domain and comes with scikit-image.

# %%
from skimage.data import astronaut

from mtcnn_lite import Detector
from mtcnn_lite.draw import at_height, beside, draw_boxes

photo = astronaut()  # (512, 512, 3), RGB, uint8
detector = Detector(weights="zhang2016")  # the values that the authors of MTCNN released
trace = detector.trace(photo)

small, scale = at_height(photo, 300)
passing = trace.pnet["above threshold"]
beside([small, draw_boxes(small, passing.boxes * scale, "pnet", 1)])

# %%
print(f"{trace.pnet.windows:,} windows scored, {len(passing)} with a score of at least 0.6")

# %% [markdown]
# Nearly all windows are gone after this one small net. What is left holds the face many times over, and a good many
# things that are no face. That is P-Net's bargain: *lose no face, be cheap*. R-Net and O-Net clean up.
#
# ## Build it
#
# ### One window
#
# P-Net's input is 12 × 12 pixels, whatever the size of the face. So a face is first shrunk to that size. This window is
# 105 px wide in the photo:

# %%
import numpy as np

from mtcnn_lite.images import crop_windows
from mtcnn_lite.pyramid import halvings

# x1, y1, x2, y2 of the face, and of some background
windows = np.array([[173, 74, 278, 179], [350, 100, 455, 205]])
crops = crop_windows(halvings(photo, smallest=0.1), windows, size=12)  # (2, 12, 12, 3)
large = [crop.repeat(16, axis=0).repeat(16, axis=1) for crop in crops]
beside(large, ["a face", "no face"], height=192)

# %% [markdown]
# 144 pixels, three numbers each. You can still tell which is which, and so can a net with 6,632 numbers in it.
#
# ### The net
#
# Three convolutions, one pooling. No padding anywhere, so the picture shrinks as it goes through. **PReLU** is a ReLU that does not drop what is negative: it multiplies it by a slope that is learned, one slope a channel.

# %%
from torch import nn

layers = nn.Sequential(
    nn.Conv2d(3, 10, kernel_size=3),
    nn.PReLU(10),
    nn.MaxPool2d(2, stride=2, ceil_mode=True),
    nn.Conv2d(10, 16, kernel_size=3),
    nn.PReLU(16),
    nn.Conv2d(16, 32, kernel_size=3),
    nn.PReLU(32),
)
face_head = nn.Conv2d(32, 2, kernel_size=1)  # "no face", "face"
offset_head = nn.Conv2d(32, 4, kernel_size=1)  # how far the window should move

# %% [markdown]
# Its weights are random so far. We copy in the released ones, then follow one window through the layers.

# %%
import torch

from mtcnn_lite.nets import normalise

pnet = detector.nets.pnet
ours = nn.ModuleList([*layers, face_head, offset_head])
for mine, released in zip(ours, pnet.children(), strict=True):
    mine.load_state_dict(released.state_dict())

x = normalise(crops[:1])  # (1, 3, 12, 12), (pixel - 127.5) / 128
print(f"{'input':10}", tuple(x.shape))
with torch.no_grad():
    for layer in layers:
        x = layer(x)
        print(f"{type(layer).__name__:10}", tuple(x.shape))

# %%
parameters = sum(p.numel() for p in ours.parameters())
print(f"{parameters:,} parameters")
assert parameters == 6632

# %% [markdown]
# 12 → 10 → 5 → 3 → 1. At the end the window has become one column of 32 numbers. Two **heads** read it: a convolution of
# size 1 × 1 is nothing but a small linear layer that is applied at every place.
#
# Softmax turns the two face numbers into a probability.


# %%
def window_scores(crops):  # (N, 12, 12, 3) uint8
    with torch.no_grad():
        x = layers(normalise(crops))  # (N, 32, 1, 1)
        return face_head(x).softmax(dim=1)[:, 1, 0, 0]  # (N,) probability of "face"


for name, score in zip(["a face", "no face"], window_scores(crops), strict=True):
    print(f"{name:8} {score:.3f}")

# %% [markdown]
# ### From one window to all of them
#
# A face can be anywhere. We could cut out every 12 × 12 window and ask 42,721 times. On a small picture, let us do
# just that: the photo at 60 × 60 pixels, a window every 2 pixels.

# %%
import cv2

tiny = cv2.resize(photo, (60, 60), interpolation=cv2.INTER_AREA)
rows = columns = (60 - 12) // 2 + 1  # 25
cells = [(i, j) for i in range(rows) for j in range(columns)]  # row, column
cut = np.stack([tiny[2 * i : 2 * i + 12, 2 * j : 2 * j + 12] for i, j in cells])
one_by_one = window_scores(cut).reshape(rows, columns)
print("crops", cut.shape, "-> scores", tuple(one_by_one.shape))

# %% [markdown]
# Now the trick that makes P-Net fast. It has no layer that fixes the size of the input. Feed it the *whole* picture, and each
# layer slides over all of it. That is what **fully convolutional** means.

# %%
with torch.no_grad():
    whole = normalise(tiny[None])  # (1, 3, 60, 60)
    features = layers(whole)  # (1, 32, 25, 25)
    face_map = face_head(features).softmax(dim=1)[0, 1]  # (25, 25)

difference = (face_map - one_by_one).abs().max()
print(tuple(face_map.shape), "- the same as window by window:", bool(difference < 1e-5))
assert difference < 1e-5

# %% [markdown]
# The same 625 answers from one pass. Each cell of the output is one window of the input. Windows overlap, and so does their
# arithmetic: a pass over the whole does it once. How much that saves is a matter of counting multiplications.


# %%
def multiplications(side):
    """Of P-Net's three convolutions on a picture of side x side."""
    a, b = side - 2, -(-(side - 2) // 2) - 2  # sides of the first two maps; -(-n // 2) rounds up
    # cells x channels x numbers in a kernel: 3 x 3 x 3, 3 x 3 x 10, 3 x 3 x 16
    return a * a * 10 * 27 + b * b * 16 * 90 + (b - 2) ** 2 * 32 * 144


apart, together = rows * columns * multiplications(12), multiplications(60)
print(f"window by window {apart:>11,}")
print(f"in one pass      {together:>11,}")
print(f"ratio            {apart / together:>11.1f}")

# %% [markdown]
# ### What a cell sees
#
# Which pixels does one cell look at? Ask the gradient. If a pixel can change the cell's answer, its gradient is not zero. The
# block of such pixels is the cell's **receptive field**.


# %%
def receptive_field(net, row, column, side=40):
    """x1, y1, x2, y2 of the pixels that reach one cell of the net's output."""
    picture = torch.rand(1, 3, side, side, requires_grad=True)
    net(picture)[0, :, row, column].sum().backward()
    ys, xs = torch.nonzero(picture.grad[0].abs().sum(dim=0), as_tuple=True)
    return xs.min().item(), ys.min().item(), xs.max().item() + 1, ys.max().item() + 1


# %% [markdown]
# Max pooling lets one pixel of each patch through. To see all that it chooses from, we put an average in its place.


# %%
def averaging(pool):
    return nn.Sequential(layers[0], pool, layers[3], layers[5])


pool2 = nn.AvgPool2d(2, stride=2, ceil_mode=True)
for row, column in ((0, 0), (0, 1), (5, 3)):
    print(f"row {row}, column {column}:", receptive_field(averaging(pool2), row, column))

# %% [markdown]
# Each field is 12 px wide, and one cell further is 2 px further: the pooling's step. Row *i*, column *j* looks at
#
# > x from 2*j* to 2*j* + 12, y from 2*i* to 2*i* + 12.
#
# Mind the order. The row is *down*, so it belongs to y.
#
# ### Faces of other sizes
#
# The window is 12 px; the face in the photo is much larger. So the photo is shrunk, again and again, each time by 0.709: the **image
# pyramid** of chapter 02. P-Net runs on every level. A window of 12 px in a level is a larger one in the photo.

# %%
for index, level in enumerate(trace.levels):
    height, width = level.image.shape[:2]
    size = f"{width:3} x {height:3} px, window {12 / level.scale:3.0f} px"
    print(f"level {index}: scale {level.scale:.3f}, {size}, best score {level.face_map.max():.2f}")

# %%
from mtcnn_lite.draw import draw_map

shown = [0, 3, 5]
maps = [draw_map(trace.levels[i].face_map, threshold=0.6) for i in shown]
names = [f"level {i}, window {12 / trace.levels[i].scale:.0f} px" for i in shown]
beside(maps, names, height=270)

# %% [markdown]
# Darker is more like a face; blue has reached 0.6. Level 0 hunts for faces of 20 px and fires at small, face-like texture.
# At level 5 the window is 112 px: there is one large blue spot, and it is the astronaut's face. (The small ones are false alarms.)
#
# ### From the map to windows
#
# To get back to the photo, divide by the level's scale. Here for the best cell of level 5, by hand:

# %%
level = trace.levels[5]
row, column = np.unravel_index(level.face_map.argmax(), level.face_map.shape)
x1, y1, side = 2 * column / level.scale, 2 * row / level.scale, 12 / level.scale
best = np.array([[x1, y1, x1 + side, y1 + side]])
print(f"row {row}, column {column}: score {level.face_map[row, column]:.3f}")
print("window", best.round(1)[0].tolist())

# %% [markdown]
# Doing this for a whole map is your first exercise below.
#
# ### Offsets: a little to the left
#
# Windows stand on a grid and are square. Faces are not like that. So the second head says how each side of the box should move, in
# parts of the window's side. Four numbers: left, top, right, bottom.
#
# > new x1 = x1 + offset × width, and likewise for the other three, each from *its own* old value

# %%
offsets = level.offset_map[row, column]
print("offsets", ", ".join(f"{offset:+.2f}" for offset in offsets))
moved = best + offsets * side
print("moved  ", moved.round(1)[0].tolist())

# %%
both = draw_boxes(draw_boxes(small, best * scale, "muted"), moved * scale, "pnet")
beside([both], ["gray: the window, blue: moved by its offsets"])

# %% [markdown]
# The window was a square that happened to lie near. The moved box is narrower, as a face is.
#
# ### Too many: NMS
#
# One face lights up many neighbouring cells. **Non-maximum suppression** (chapter 01) keeps the best box and drops those that
# overlap it too much. The cascade does it twice: within each level (overlap above 0.5), then across levels (0.7).

# %%
for step, count in trace.pnet.counts().items():
    print(f"{step:18} {count:6,}")

# %% [markdown]
# The second NMS dropped nothing. Not by chance: take two windows with the same middle, one level apart. The smaller one has
# 0.709² of the larger one's area, and lies inside it.

# %%
print(f"overlap of one level with the next: {0.709**2:.2f}, allowed: 0.70")
assert trace.pnet.counts()["nms across levels"] == trace.pnet.counts()["nms within levels"]

# %% [markdown]
# Windows of different levels can never overlap by 0.7, so this step is idle at factor 0.709. The released code has it all
# the same, and so has this package: with a factor of 0.85 or more it has work to do.
#
# ### What a threshold trades
#
# Lower, and more faces get through, with more work for the nets behind. Higher, and it is the other way round. To see it, we
# make life hard: nine faces from 20 to 150 px, dark, with noise like a bad phone camera's.

# %%
from mtcnn_lite.course.scenes import collage

clean, faces, _ = collage()  # (768, 768, 3), boxes (9, 4): the labels are exact
print("widths of the faces:", sorted(int(x2 - x1) for x1, _, x2, _ in faces))
noise = np.random.default_rng(6).normal(0, 25, clean.shape)
dark = np.clip(0.35 * clean + noise, 0, 255).astype(np.uint8)
labelled = draw_boxes(clean, faces, "truth", 3)
beside([labelled, dark], ["nine faces, labelled", "what P-Net gets"], height=330)

# %%
from mtcnn_lite.boxes import iou

hard = detector.trace(dark)
thresholds = [0.2, 0.4, 0.6, 0.8, 0.9, 0.97]
left, covered = [], []
for threshold in thresholds:
    boxes = hard.rerun(thresholds=(threshold, 0.7, 0.7)).pnet["refined"].boxes  # (N, 4)
    left.append(len(boxes))
    covered.append(int((iou(faces, boxes).max(axis=1, initial=0) >= 0.5).sum()))
    print(f"threshold {threshold:4.2f}: {left[-1]:5,} boxes left, {covered[-1]} of 9 faces covered")

# %%
import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(6, 3.2), layout="constrained")
axes.plot(left, covered, "o-", color="#0072B2")
for x, y, threshold in zip(left, covered, thresholds, strict=True):
    axes.annotate(f"{threshold}", (x, y), xytext=(5, -13), textcoords="offset points")
axes.set(xscale="log", xlim=(10, 4000), ylim=(0, 9.6))
axes.set(xlabel="boxes left for R-Net (log scale)", ylabel="faces covered, of 9")
axes.set_title("P-Net's threshold: work against lost faces")
plt.show()

# %%
assert left == sorted(left, reverse=True), "a higher threshold leaves fewer boxes"
assert covered == sorted(covered, reverse=True), "and never covers more faces"

# %% [markdown]
# A box counts as covering a face from an IoU of 0.5. What is lost here is lost for good: R-Net and O-Net never see it. That is why
# P-Net's threshold is the lowest of the three (the authors' demo has 0.6, 0.7, 0.7).
#
# ## Check it
#
# Is the net you assembled really the package's P-Net? Both get the same random pictures, of sizes that are easy to get wrong.

# %%
generator = np.random.default_rng(3)
for height, width in ((12, 12), (12, 31), (45, 28)):
    picture = generator.integers(0, 256, (1, height, width, 3), dtype=np.uint8)
    with torch.no_grad():
        features, answer = layers(normalise(picture)), pnet(normalise(picture))
    same = torch.allclose(face_head(features), answer.face, atol=1e-5)
    same &= torch.allclose(offset_head(features), answer.offsets, atol=1e-5)
    print(f"{width} x {height} px: map {tuple(answer.face.shape[2:])}, equal to 1e-5: {same}")
    assert same

# %% [markdown]
# ## Play with it
#
# Move **score threshold** and watch the boxes come and go: your browser does that, without Python. **NMS overlap** and **smallest
# face** ask the kernel. **Pyramid level** picks the map. Point at a box or at a cell to see its score and its window. Click on it to ask
# what becomes of that face in the whole cascade: found, or lost by which net, and why. Upload a photo of your own; it stays on your machine.
#
# (Windows of one level stand on a grid, so their overlaps take only a few values: 0.71, 0.53, 0.50, 0.38, … The NMS slider has one stop
# for each gap between them.)
#
# Three things to try:
#
# 1. Raise the threshold to its end. Are all the boxes that are left on the face?
# 2. Tick *this level only* and walk through the levels. Where does the face appear, where does it vanish?
# 3. Set *show after* to *offsets*. Do the boxes on the face move towards one another?

# %%
from mtcnn_lite.course.explorers.pnet import PNetExplorer

explorer = PNetExplorer(detector, photo)
explorer

# %% [markdown]
# Without a running kernel you see a still picture of it: the windows above 0.6, what NMS and the offsets make of them, and the map
# of level 0.
#
# ## Your turn
#
# ### Exercise 1: `candidate_windows` (easy, 10 minutes)
#
# Turn a map into windows. `face_map` has shape (H, W). Return an array (N, 4) of `x1, y1, x2, y2` in photo pixels, one row for each
# cell whose score is at least `threshold`, in reading order: row by row, each from left to right.
#
# <details><summary>A hint</summary>
#
# `np.nonzero(face_map >= threshold)` gives the rows and the columns of the cells, in reading order. Which of the two belongs to x?
#
# </details>
# <details><summary>Another</summary>
#
# In the level, the window begins at 2 × column and 2 × row and is 12 wide. All of it is divided by `scale`, the 12 too.
# `np.stack([...], axis=1)` puts four columns side by side, also when there is not one row.
#
# </details>

# %%
from mtcnn_lite.course import checks


def candidate_windows(face_map, scale, threshold):
    raise NotImplementedError


first = checks.candidate_windows(candidate_windows)
first

# %% [markdown]
# ### Exercise 2: `decode_offsets` (easy, 5 minutes)
#
# Move boxes by their offsets. Both arrays are (N, 4). Return new boxes and leave the ones you were given as they are.
#
# <details><summary>A hint</summary>
#
# The side that belongs to x1 and x2 is the width, to y1 and y2 the height. Take both from the boxes *before* anything moves.
#
# </details>


# %%
def decode_offsets(boxes, offsets):
    raise NotImplementedError


second = checks.decode_offsets(decode_offsets)
second

# %% [markdown]
# ### Your functions in the live detector
#
# Whatever has passed is swapped in: the detector below runs on your code. Until then it uses its own.

# %%
mine = {}
if first:
    mine["candidate_windows"] = candidate_windows
if second:
    mine["decode_offsets"] = decode_offsets
with_mine = detector.swap(**mine)
found = with_mine.detect(photo)
print("swapped in:", ", ".join(mine) or "nothing yet")

# %%
from mtcnn_lite.draw import draw_faces

print(f"{len(found)} face found")
assert np.allclose(found.boxes, trace.faces.boxes, atol=0.01), "your functions move the box"
draw_faces(photo, found)

# %% [markdown]
# Solutions are in `source/solutions.py`. Look after you have tried.
#
# ## Where paper, notes and code disagree
#
# **The pooling.** Figure 2 of the paper (Zhang et al. 2016, arXiv 1604.02878) gives P-Net a 3 × 3 pooling, and many course notes copy
# it. The released model pools 2 × 2. On 12 px both give a map of 1 × 1, so nothing breaks, and few notice. But the window is
# another one:

# %%
pool3 = nn.AvgPool2d(3, stride=2, ceil_mode=True)
for name, pool in (("2 x 2", pool2), ("3 x 3", pool3)):
    size = tuple(averaging(pool)(torch.rand(1, 3, 12, 12)).shape[2:])
    x1, y1, x2, y2 = receptive_field(averaging(pool), 5, 3)
    print(f"pool {name}: 12 px give a map of {size}, a cell sees {x2 - x1} px, from x = {x1}")

# %% [markdown]
# **From cell to pixels.** Ports of MTCNN turn the same cell into different boxes. The rules differ by a pixel or so of the
# level. Next to each, how far the middle of the box is from the middle of what the cell really sees:

# %%
s, best_column = (
    level.scale,
    int(np.unravel_index(level.face_map.argmax(), level.face_map.shape)[1]),
)
rules = {  # name: (what is added to the window's left and right in the level, rounding)
    "this package": (0, 12, float),
    "facenet-pytorch": (1, 12, np.floor),
    "TropComplique": (1, 13, round),
    "AITTSMD": (0, 12, round),
}
seen = (2 * best_column + 6) / s  # the middle of what the cell sees
for name, (left_, right_, rounding) in rules.items():
    x1, x2 = (rounding((2 * best_column + add) / s) for add in (left_, right_))
    print(f"{name:16} x {x1:5.1f} to {x2:5.1f}, off by {(x1 + x2) / 2 - seen:+4.1f} px")
print(f"one pixel of this level is {1 / s:.1f} px of the photo")

# %% [markdown]
# The "+ 1" comes from the authors' MATLAB code: MATLAB counts pixels from 1, and its boxes include their last pixel. In half-open boxes that
# count from 0 both reasons are gone, and a "+ 1" shifts boxes: by a pixel of the level, or by half of one where only the left edge has it. That is
# several pixels of the photo where the level is small. (facenet-pytorch counts from 1 when it cuts as well, which takes off one pixel of the photo.)
#
# **Landmarks.** The paper's figure gives P-Net a third head for five landmarks. The released P-Net has none:

# %%
print("landmark head in the released P-Net:", pnet.landmarks is not None)
assert pnet.landmarks is None

# %% [markdown]
# **"The photo is scaled to 12 × 12."** Some notes say so. It is the *window* that is 12 × 12 after scaling; only while training are
# pictures of that size fed in. When detecting, P-Net sees whole levels.
#
# ## What you can now say
#
# - P-Net is three convolutions, one pooling, two heads, 6,632 parameters; 12 × 12 pixels become one answer.
# - It is fully convolutional, so one pass answers for every window of a level, with a step of 2 px.
# - Row *i*, column *j* of a map at scale *s* is the window 2*j*/*s*, 2*i*/*s*, side 12/*s*.
# - Offsets move each side by a part of the window's side; NMS keeps the best of many.
# - A threshold trades work for lost faces, and a face lost here is lost for good.
#
# New words ([glossary](glossary.md)): **PReLU**, **head**, **fully convolutional**, **receptive field**, **image pyramid**, **offset**,
# **non-maximum suppression**.
#
# Next door is 04, R-Net: it takes these boxes, here 121, and looks at each of them twice as closely.
