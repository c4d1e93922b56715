# %% [markdown]
# <!-- header -->

# %% [markdown]
# ## Play
#
# P-Net has scored every window of this wall of pictures, from 0, "not a face", to 1. Windows that reach its **threshold** are drawn, the surer
# the stronger; faces that it misses are dashed in yellow. 37 faces are labelled: some are dark, blurred, turned or behind a note. But first,
# guess:
#
# <details><summary>There are 104,557 windows. How many does P-Net hand on at its threshold of 0.6?</summary>
#
# 432. Of them, 100 lie on 34 of the 37 faces; 332 are false alarms.
#
# </details>
# <details><summary>Lower the threshold to 0.3, and no face is missed. What does that cost?</summary>
#
# The next net gets 899 windows, twice as many, and 763 of them are on no face.
#
# </details>
# <details><summary>Raise it to 0.99. Is everything that is left a face?</summary>
#
# No: 22 of 58 boxes are on no face, and 14 faces are lost.
#
# </details>

# %%
from mtcnn_lite import Detector
from mtcnn_lite.course.explorers.pnet import PNetExplorer
from mtcnn_lite.course.scenes import portrait, wall

detector = Detector(weights="zhang2016")  # the values that the authors of MTCNN released
explorer = PNetExplorer(detector, {"the wall": wall(), "the portrait": portrait()})
explorer

# %% tags=["check"]
sieve, (_, overlap, smallest) = explorer.sieve(), explorer.canvas.at
stops = [explorer.threshold.stops.index(value) for value in (0.3, 0.6, 0.99)]
low, usual, high = (sieve.tally(3, [stop, overlap, smallest]) for stop in stops)
assert (len(sieve.faces), sieve.windows) == (37, 104_557)
assert (usual.boxes, usual.found, usual.boxes - usual.false) == (432, 34, 100)
assert (low.boxes, low.missed, low.false) == (899, 0, 763)
assert (high.boxes, high.missed, high.false) == (58, 14, 22)

# %% [markdown]
# 1. Find the highest threshold at which no face is missed. Which face goes first?
# 2. What fools P-Net even at 0.99? Click on it: which net catches it?
# 3. Tick **P-Net's map as heat** and walk through the pyramid's levels. Where do large faces light up, where small ones?
# 4. Set **smallest face** to 40. What is won, what is lost?
# 5. Switch to **the portrait**, Eileen Collins (NASA, public domain). Can any threshold lose her?
#
# That is P-Net's bargain: *lose no face, be cheap*. R-Net and O-Net clean up. (The values here are the authors'. On the portrait they leave 121
# windows for R-Net; our own, which README and start_here use, leave 93.)
#
# ## Build
#
# ### One window
#
# P-Net sees 12 × 12 pixels. Whatever a face's size, it is first shrunk to that:

# %%
import numpy as np
from skimage.data import grass

from mtcnn_lite.draw import beside, draw_boxes, draw_map, enlarged
from mtcnn_lite.images import crop_windows
from mtcnn_lite.pyramid import halvings

photo = portrait().image()  # (512, 512, 3), RGB, uint8
lawn = grass()[..., None].repeat(3, axis=2)  # (512, 512, 3), a photo that comes with scikit-image
places = {  # where to look: a photo and x1, y1, x2, y2
    "a face": (photo, [173, 74, 278, 179]),
    "grass": (lawn, [0, 0, 128, 128]),
    "an eye, from within": (wall().image(), [712, 264, 791, 343]),
}
cut = [crop_windows(halvings(image, 0.1), [box], size=12) for image, box in places.values()]
crops = np.concatenate(cut)  # (3, 12, 12, 3)
beside([enlarged(crop, 14) for crop in crops], list(places), height=168)

# %% [markdown]
# 144 pixels, three numbers each. You can still tell which is which. So, nearly, can a net of 6,632 numbers.
#
# ### The net
#
# Three convolutions, one pooling, two **heads**: the last layers, which turn features into answers. No padding, so the maps shrink on the way.

# %%
from mtcnn_lite.course.net_figures import architecture, feature_maps, receptive_field

pnet = detector.nets.pnet
architecture(pnet)

# %% [markdown]
# A convolution lays a small **kernel** on the picture and multiplies number by number: 3 × 3 pixels of 3 colours are 27 products. Their
# sum and a bias are one number of one map. Then the kernel moves on. By hand, for the first of ten kernels and its first place:

# %%
import torch
from torch import nn

from mtcnn_lite.nets import normalise

x = normalise(crops)  # (3, 3, 12, 12): (pixel - 127.5) / 128
conv1 = nn.Conv2d(3, 10, kernel_size=3)  # 3 colours in, 10 maps out
conv1.load_state_dict(pnet.conv1.state_dict())  # what P-Net has learned
with torch.no_grad():
    by_hand = (x[0, :, 0:3, 0:3] * conv1.weight[0]).sum() + conv1.bias[0]
    maps = conv1(x)  # (3, 10, 10, 10)
print(f"27 products: {by_hand:.4f}, conv1: {maps[0, 0, 0, 0]:.4f}")

# %% [markdown]
# **PReLU** follows: a ReLU that does not drop what is negative, but multiplies it by a slope that is learned, one a channel. The pooling keeps
# the largest of 2 × 2. This is what each layer makes of the first two windows (purple above 0, brown below):

# %%
feature_maps(pnet, crops[:2], ["a face", "grass"])

# %% [markdown]
# At the end a window is 32 numbers. Each head is a convolution of 1 × 1, a small linear layer. The first gives two numbers, $z_0$ for "not
# a face" and $z_1$ for "face", and softmax makes a probability of them:
#
# $$p = \frac{e^{z_1}}{e^{z_0} + e^{z_1}}$$

# %%
with torch.no_grad():
    z = pnet(x).face[:, :, 0, 0]  # (3, 2)
for name, pair, p in zip(places, z, z.softmax(dim=1)[:, 1], strict=True):
    print(f"{name:20} z0 {pair[0]:+.1f}, z1 {pair[1]:+.1f}: p = {p:.3f}")

# %% [markdown]
# A retina is round and bright, with darker spots. On 12 × 12 pixels, P-Net falls for it.
#
# ### From one window to all of them
#
# A face can be anywhere. Cut out every window and ask 42,721 times? No layer of P-Net fixes the input's size: it is **fully convolutional**.
# Feed it a *whole level*, and each layer slides over all of it. Watch the map fill: each cell is one window.

# %%
from mtcnn_lite.course.explorers.microscope import MicroscopeExplorer

microscope = MicroscopeExplorer(detector, photo, "pnet")
microscope

# %% [markdown]
# 1. Press **slide the window over the level**. Do both maps end up the same?
# 2. Move the window over her face with the arrow keys, cell by cell. How far off may it be before its score falls under 0.6?
# 3. In *what mattered*, which part of the face matters most to P-Net?
#
# One pass is cheaper, too: windows overlap, and it does what they share once. That is 3.9 million multiply-adds in place of 21.7.
#
# ### What a cell sees
#
# The pixels that a cell depends on are its **receptive field**. It grows from layer to layer:

# %%
receptive_field(pnet)

# %% tags=["check"]
from mtcnn_lite.nets.cost import multiply_adds

picture = detector.trace(photo).levels[5].image[:54, :54]  # (54, 54, 3): whole windows only
cells = [(i, j) for i in range(22) for j in range(22)]  # row, column
each = np.stack([picture[2 * i : 2 * i + 12, 2 * j : 2 * j + 12] for i, j in cells])
with torch.no_grad():
    whole, singly = (pnet(normalise(some)).score for some in (picture[None], each))
assert (whole[0] - singly.reshape(22, 22)).abs().max() < 1e-5
assert round(multiply_adds(pnet, 54, 54) / 1e6, 1) == 3.9
assert round(len(cells) * multiply_adds(pnet, 12, 12) / 1e6, 1) == 21.7
assert sum(weight.numel() for weight in pnet.parameters()) == 6632
assert abs(by_hand - maps[0, 0, 0, 0]) < 1e-5
for weights, count in (("zhang2016", 121), ("mtcnn_lite", 93)):
    assert len(Detector(weights=weights).trace(photo).pnet.last) == count

# %% [markdown]
# At the end it is 12 × 12 px: the window. One cell further is 2 px further, the pooling's step. So row *i*, column *j* of a map sees x from 2*j*
# to 2*j* + 12, and y from 2*i* to 2*i* + 12. Mind the order: the row goes *down*, so it belongs to y.
#
# ### Faces of other sizes
#
# The photo is shrunk again and again, by 0.709: the **image pyramid** of chapter 02. P-Net runs on every level. Three of the ten maps, darker
# for higher scores, blue from 0.6:

# %%
trace = detector.trace(photo)
chosen = [trace.levels[k] for k in (0, 3, 5)]
names = [f"level {k}, window {12 / trace.levels[k].scale:.0f} px" for k in (0, 3, 5)]
beside([draw_map(level.face_map, threshold=0.6) for level in chosen], names, height=270)

# %% [markdown]
# Level 0 hunts for faces of 20 px and fires at small, face-like texture. On level 5 the window is 112 px, and the largest blue spot is her face.
#
# ### From the map to windows, and a little to the left
#
# To get back to the photo, divide by the level's scale *s*. Cell (*i*, *j*) is the window
#
# $$x_1 = \frac{2j}{s}, \quad y_1 = \frac{2i}{s}, \quad x_2 = \frac{2j + 12}{s}, \quad y_2 = \frac{2i + 12}{s}$$
#
# It is a square on a grid; faces are not. So the second head says how far each side should move, as an **offset** in parts of the window's side:
#
# $$x_1' = x_1 + o_1 w, \quad y_1' = y_1 + o_2 h, \quad x_2' = x_2 + o_3 w, \quad y_2' = y_2 + o_4 h$$
#
# with $w$ and $h$ of the window *before* it moves. For the best cell of level 5:

# %%
level = trace.levels[5]
i, j = np.unravel_index(level.face_map.argmax(), level.face_map.shape)  # row, column
window = np.array([2 * j, 2 * i, 2 * j + 12, 2 * i + 12]) / level.scale  # (4,)
offsets = level.offset_map[i, j]  # (4,)
moved = window + offsets * 12 / level.scale  # w = h = 12 / s
print("offsets", ", ".join(f"{offset:+.2f}" for offset in offsets))
both = draw_boxes(draw_boxes(photo, [window], "muted"), [moved], "pnet")[40:220, 130:330]
beside([both], ["gray: the window, blue: moved"], height=260)

# %% [markdown]
# The moved box is narrower, as a face is.
#
# ### Too many: NMS
#
# One face lights up many neighbouring cells. **Non-maximum suppression** (chapter 01) keeps the best and drops what overlaps it too much,
# first within each level (overlap above 0.5), then across levels (0.7):

# %%
steps = {"above threshold": "above 0.6", "nms across levels": "after NMS", "refined": "moved"}
left = [trace.pnet[step].boxes[trace.pnet[step].level == 5] for step in steps]  # (16, 4) ...
words = [f"level 5: {len(each)} {says}" for each, says in zip(left, steps.values(), strict=True)]
beside([draw_boxes(photo, boxes, "pnet") for boxes in left], words, height=270)

# %% [markdown]
# Over all levels, the authors' values let 286 windows pass, and NMS leaves 121. Across levels it drops nothing, and not by chance. Of two windows
# with the same middle, one level apart, the smaller has 0.709² = 0.50 of the larger one's area. So they overlap by 0.50, and 0.7 is allowed. It has work only from a factor of $\sqrt{0.7}$ = 0.837 on: at 0.83 it leaves
# 216 of 216 windows, at 0.84 191 of 230. ([Deeper](deeper/03_paper_code_ports.ipynb).)
#
# ### What a threshold trades
#
# Here is the whole trade, on the wall and on the same wall at night:

# %%
from mtcnn_lite.course.degrade import dark
from mtcnn_lite.course.pnet_figures import trade_curves, trades

thresholds = [0.2, 0.4, 0.6, 0.8, 0.9, 0.97, 0.99]
scenes = {"the wall": wall(), "at night, with noise": dark(wall(), 0.65)}
trade_curves(detector, scenes, thresholds)

# %% tags=["check"]
assert trace.pnet.windows == 42_721
assert [len(trace.pnet[step]) for step in (*steps, "nms within levels")] == [286, 121, 121, 121]
for factor, before, after in ((0.83, 216, 216), (0.84, 230, 191)):
    counts = Detector(weights="zhang2016", factor=factor).trace(photo).pnet.counts()
    assert (counts["nms within levels"], counts["nms across levels"]) == (before, after)
by_day, by_night = (trades(detector, scene, thresholds) for scene in scenes.values())
for curve in (by_day, by_night):
    assert curve == sorted(curve, reverse=True), "higher: fewer boxes, no more faces"
assert all(night < day for (_, day), (_, night) in zip(by_day, by_night, strict=True))

# %% [markdown]
# A face that is lost here is lost for good: no later net sees it. So P-Net's threshold is the lowest of the three (0.6, 0.7, 0.7 in the
# authors' [demo](https://github.com/kpzhang93/MTCNN_face_detection_alignment/blob/master/code/codes/MTCNNv1/demo.m)).
#
# ## Your turn
#
# ### Exercise: `candidate_windows` (easy)
#
# Turn a map into windows. `face_map` has shape (H, W). Return (N, 4): `x1, y1, x2, y2` in photo pixels, one row for each cell with a score of at
# least `threshold`, in reading order. N may be 0.
#
# <details><summary>A hint</summary>
#
# `np.nonzero(face_map >= threshold)` gives rows and columns in reading order. Which belongs to x? `np.stack([...], axis=1)` puts four columns
# side by side.
#
# </details>

# %%
from mtcnn_lite.course import checks, mine


def candidate_windows(face_map, scale, threshold):
    raise NotImplementedError


first = checks.candidate_windows(candidate_windows)
first

# %%
first.seen()  # left with our function, right with yours

# %% [markdown]
# ### Exercise: `decode_offsets` (easy)
#
# Move boxes by their offsets. Both arrays are (N, 4). Return new boxes; leave those you were given as they are.
#
# <details><summary>A hint</summary>
#
# Widths and heights are columns: `boxes[:, 2] - boxes[:, 0]`. Boxes need not be square.
#
# </details>


# %%
def decode_offsets(boxes, offsets):
    raise NotImplementedError


second = checks.decode_offsets(decode_offsets)
second

# %% [markdown]
# ### Exercise: `build_pnet` (stretch)
#
# Build P-Net, from the figure of its layers: return an `nn.Module`. It takes `x`, float32 (N, 3, H, W), normalised, H and W at least 12, and
# returns two tensors: the probabilities of "not a face" and "face", (N, 2, rows, columns), and the offsets, (N, 4, rows, columns).
#
# You need not train it. The judge puts the released values into your layers and compares your net with the package's.
#
# <details><summary>A hint</summary>
#
# `nn.Sequential` for the body, with `nn.Conv2d(3, 10, 3)` to begin with and `nn.PReLU(10)`. Each head is an `nn.Conv2d(32, ..., 1)`.
#
# </details>
# <details><summary>Another</summary>
#
# On 12 px it does not matter whether the pooling rounds up or down, or takes 2 or 3 px. On a strip of 15 px it does.
#
# </details>


# %%
def build_pnet():
    raise NotImplementedError


third = checks.pnet(build_pnet)
third

# %%
third.seen()  # left with our P-Net, right with yours

# %% [markdown]
# ### Your functions in the live detector
#
# What has passed runs here and in all later chapters; the package stands in for the rest.

# %%
mine.strip()

# %%
from mtcnn_lite.draw import at_height

ran = mine.detector(detector).trace(wall().image())
small, scale = at_height(ran.image, 300)
handed_on = draw_boxes(small, ran.pnet.last.boxes * scale, "pnet", 1)
faces = draw_boxes(small, ran.faces.boxes * scale, "onet")  # after R-Net and O-Net
words = f"{len(ran.pnet.last)} windows for R-Net", f"{len(ran.faces)} faces in the end"
beside([handed_on, faces], words)

# %% [markdown]
# Solutions are in `source/solutions.py`.
#
# ## What you can now say
#
# <details><summary>How do 12 × 12 pixels become one answer?</summary>
#
# 12 → 10 → 5 → 3 → 1: a convolution, the pooling, two more convolutions. Two heads read the 32 numbers that are left.
#
# </details>
# <details><summary>Why can P-Net take a photo of any size?</summary>
#
# It has convolutions and a pooling only: no layer fixes the size.
#
# </details>
# <details><summary>Which window is row 10, column 3 of a map at scale 0.5?</summary>
#
# x from 12 to 36, y from 40 to 64: 2 × 3 / 0.5, 2 × 10 / 0.5, and 24 px a side.
#
# </details>
# <details><summary>Windows are 2 px apart. Which layer makes the 2?</summary>
#
# The pooling: its stride is 2. The convolutions go on by 1.
#
# </details>
# <details><summary>Why is P-Net's threshold the lowest?</summary>
#
# What it lets through costs time only; what it drops is lost for good.
#
# </details>

# %% [markdown]
# <!-- footer -->
