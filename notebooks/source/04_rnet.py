# %% [markdown]
# # 04 · R-Net: a second look at what P-Net let through
#
# You will build the second net of the cascade. It gets 121 windows of a photo, looks at each with four times as many
# pixels as P-Net had, and leaves 4 of them, moved closer to what it takes for a face.
#
# | | |
# |---|---|
# | **needs** | chapter 03: windows, offsets, heads; NMS from chapter 01 helps |
# | **leaves you with** | crops that keep a face's shape, R-Net's layers, its second opinion, one function of your own in a live detector |
# | **takes** | about 40 minutes |

# %%
from mtcnn_lite.course.chapters import chapter_map

chapter_map("04")

# %% [markdown]
# ## See it
#
# On the left, in blue, is what P-Net leaves of the photo. On the right, in orange, is what R-Net leaves of that.

# %%
from skimage.data import astronaut

from mtcnn_lite import Detector
from mtcnn_lite.draw import at_height, beside, draw_boxes

photo = astronaut()  # (512, 512, 3), RGB, uint8
detector = Detector(weights="zhang2016")  # the values that the authors of MTCNN released
trace = detector.trace(photo)

small, scale = at_height(photo, 300)
proposed, left = trace.pnet["refined"].boxes, trace.rnet.left.boxes  # (121, 4), (4, 4)
blue = draw_boxes(small, proposed * scale, "pnet", 1)
orange = draw_boxes(small, left * scale, "rnet")
beside([blue, orange])

# %%
for step, count in trace.rnet.counts().items():
    print(f"{step:16} {count:4}")

# %% [markdown]
# P-Net's bargain was to lose no face and to be cheap. R-Net, the **refinement net**, pays more for each window, so it must get few
# of them. It does two things: it scores each window again, and it moves those that it keeps.
#
# ## Build it
#
# ### From a box to a crop
#
# R-Net reads squares of 24 × 24 pixels. P-Net's windows were square, but its offsets have moved each side on its own. Take the
# proposed box that R-Net will like best:

# %%
best = trace.rnet["scored"].scores.argmax()
box = proposed[best : best + 1]  # (1, 4)
x1, y1, x2, y2 = box[0]
print(f"box: {x2 - x1:.1f} px wide, {y2 - y1:.1f} px high")

# %% [markdown]
# A **crop** is the part of the photo inside a window, cut out and resized to what a net reads. We could resize the box as it is.
# That would stretch the face. The other way is to take the square round the same centre, with the longer side: **squaring**. (How
# it is computed is your exercise below. Until then we use the package's.)

# %%
import numpy as np

from mtcnn_lite.boxes import square_boxes as squared
from mtcnn_lite.images import crop_windows
from mtcnn_lite.pyramid import halvings

square = squared(box)  # (1, 4)
x1, y1, x2, y2 = square[0]
print(f"square: {x2 - x1:.1f} px wide, {y2 - y1:.1f} px high")

# %% [markdown]
# Now cut both out. A large window is cut from a smaller copy of the photo, its half or its quarter, so that shrinking it to 24 px
# skips no pixels.

# %%
copies = halvings(photo, smallest=0.1)  # (512, 512, 3), (256, 256, 3), ...
crops = crop_windows(copies, np.concatenate([box, square]), size=24)  # (2, 24, 24, 3)
both = draw_boxes(draw_boxes(photo, square, "rnet"), box, "pnet")[20:220, 115:315]
large = [crop.repeat(10, axis=0).repeat(10, axis=1) for crop in crops]
captions = ["blue: the box, orange: its square", "the box, stretched", "the square: R-Net's input"]
beside([both, *large], captions, height=250)

# %% [markdown]
# The square keeps the face's shape, and shows a little more of what is round it.
#
# ### At the edge of the photo
#
# A square may leave the photo. What should the net see there? This package puts black: **zero padding**. Another way is to **clamp** the
# window to the photo and to stretch what is left of it to 24 × 24. Let us measure both on a face that we cut ourselves,
# farther and farther from the left.

# %%
from mtcnn_lite.boxes import clip_boxes
from mtcnn_lite.course.scenes import ASTRONAUT_BOX, ASTRONAUT_LANDMARKS

label = np.array([ASTRONAUT_BOX], np.float32)  # (1, 4), the face, labelled by hand
points = np.array(ASTRONAUT_LANDMARKS)  # (5, 2): eyes, nose, corners of the mouth


def cut_photo(share):
    """The photo less this share of the face, from the left; the face's square; the cut."""
    edge = round(ASTRONAUT_BOX[0] + share * (ASTRONAUT_BOX[2] - ASTRONAUT_BOX[0]))
    return np.ascontiguousarray(photo[:, edge:]), squared(label) - [edge, 0, edge, 0], edge


# %%
image, window, _ = cut_photo(0.3)
clamped = clip_boxes(window, *image.shape[:2])  # what of the window lies in the photo
both = np.concatenate([window, clamped])  # (2, 4)
pair = crop_windows(halvings(image, 0.1), both, size=48)  # (2, 48, 48, 3)
face_only = draw_boxes(image[40:240, :200], clamped - [0, 40, 0, 40], "truth")
captions = ["30% cut off; yellow: what is left", "zero padding", "clamped, stretched"]
beside([face_only, *pair], captions, height=220)

# %% [markdown]
# Now the numbers. R-Net gives a score and offsets; we judge the moved box by its IoU with the label. The points on the face come from O-Net,
# which is next chapter's, but reads the same kind of crop. Their error is the mean distance to the labelled points, in
# distances between the eyes.
#
# Clamping has two versions. One knows that it has seen the smaller window, and maps the answer back from there. The other
# maps it back as if it had seen the whole square.

# %%
import torch

from mtcnn_lite.boxes import decode_offsets, iou, landmarks_to_image
from mtcnn_lite.nets import normalise


def ask(net, image, window):
    with torch.no_grad():
        return net(normalise(crop_windows(halvings(image, 0.1), window, net.size)))


def answers(image, seen, mapped, edge):
    """R-Net's score and IoU, O-Net's landmark error: crop `seen`, map back from `mapped`."""
    r, o = (ask(net, image, seen) for net in detector.nets[1:])
    overlap = iou(decode_offsets(mapped, r.offsets) + [edge, 0, edge, 0], label)
    found = landmarks_to_image(mapped, o.landmarks)[0] - 0.5 + [edge, 0]  # (5, 2), pixel centres
    error = np.linalg.norm(found - points, axis=1).mean() / np.linalg.norm(points[0] - points[1])
    return r.score.item(), overlap.item(), error


# %%
shares = [0, 0.1, 0.2, 0.3, 0.4, 0.5]
ways = {"zero padding": [], "clamped": [], "clamped, as if whole": []}
for share in shares:
    image, window, edge = cut_photo(share)
    clamped = clip_boxes(window, *image.shape[:2])
    choices = ((window, window), (clamped, clamped), (clamped, window))
    for rows, (seen, mapped) in zip(ways.values(), choices, strict=True):
        rows.append(answers(image, seen, mapped, edge))
measured = {way: np.array(rows).T for way, rows in ways.items()}  # (3, 6) each

# %%
for row, title in enumerate(("R-Net's score", "IoU of its box", "landmark error")):
    print(f"{title:22}", *(f"{share:5.0%}" for share in shares))
    for way, table in measured.items():
        print(f"  {way:20}", *(f"{value:5.2f}" for value in table[row]))

# %%
import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(6, 3.2), layout="constrained")
styles = ("o-", "s--", "^:")
colours = ("#009E73", "#0072B2", "#D55E00")
for (way, table), style, colour in zip(measured.items(), styles, colours, strict=True):
    axes.plot(np.array(shares) * 100, table[2], style, color=colour, label=way)
axes.set(xlabel="share of the face outside the photo, %", ylabel="landmark error, eye distances")
axes.set_title("What to do where a window leaves the photo")
axes.legend()
plt.show()

# %%
assert all((table[0] > 0.7).all() for table in measured.values()), "R-Net keeps each of them"
padded, clamped_, as_if_whole = (table[2] for table in measured.values())
assert (as_if_whole > padded).all(), "mapped back from the wrong window: worse at every cut"
assert (clamped_[3:] > padded[3:]).all(), "and even from the right one, from 30% on"

# %% [markdown]
# R-Net keeps the face either way: its score stays over 0.7. What suffers is the *place*. Mapped back from the wrong window, box and points are off from the start: the square is wider than the face, so a part of the square is cut away even at 0%. Mapped back from the right window, R-Net's box is about as good as with zeros, but from 30% on the points are not.
#
# That is one face. Measured once, outside this notebook, on a set of labelled photos cut close round their faces: with zero padding in
# place of clamping the mean landmark error fell from 0.145 to 0.074.
#
# ### The net
#
# Three convolutions again, but wider, with two poolings between them. Then something new: a **dense layer**, which
# joins each of its inputs to each of its outputs.

# %%
from torch import nn

layers = nn.Sequential(
    nn.Conv2d(3, 28, kernel_size=3),
    nn.PReLU(28),
    nn.MaxPool2d(3, stride=2, ceil_mode=True),
    nn.Conv2d(28, 48, kernel_size=3),
    nn.PReLU(48),
    nn.MaxPool2d(3, stride=2, ceil_mode=True),
    nn.Conv2d(48, 64, kernel_size=2),
    nn.PReLU(64),
    nn.Flatten(),
    nn.Linear(64 * 3 * 3, 128),
    nn.PReLU(128),
)
face_head, offset_head = nn.Linear(128, 2), nn.Linear(128, 4)

# %% [markdown]
# We copy in the released values, then follow the crop from above through the layers.

# %%
rnet = detector.nets.rnet
with_weights = [layer for layer in layers if not isinstance(layer, nn.Flatten)]
ours = nn.ModuleList([*with_weights, face_head, offset_head])
for mine, released in zip(ours, rnet.children(), strict=True):
    mine.load_state_dict(released.state_dict())

x = normalise(crops[1:])  # (1, 3, 24, 24), (pixel - 127.5) / 128
print(f"{'input':10}", tuple(x.shape))
with torch.no_grad():
    for layer in layers:
        x = layer(x)
        print(f"{type(layer).__name__:10}", tuple(x.shape))

# %%
parameters = sum(p.numel() for p in ours.parameters())
dense = layers[9]
in_dense = sum(p.numel() for p in dense.parameters())
print(f"{parameters:,} parameters, {in_dense / parameters:.0%} of them in the dense layer")
of_pnet = sum(p.numel() for p in detector.nets.pnet.parameters())
print(f"P-Net has {of_pnet:,}: R-Net is {parameters / of_pnet:.0f} times as large")
assert parameters == 100_178

# %% [markdown]
# 24 → 22 → 11 → 9 → 4 → 3, then 3 × 3 × 64 = 576 numbers, then 128.
#
# Look at 22 → 11. The pooling's patches are 3 px wide and 2 px apart: (22 − 3) / 2 = 9.5 steps. **Ceil mode** rounds up to 10
# steps, so there are 11 patches, and the last one hangs a pixel over the edge. The second pooling comes out even: (9 − 3) / 2 = 3
# steps, 4 patches. So the rounding matters once, and it decides whether the released values fit at all:


# %%
def chain(ceil_mode):
    sides, x = [24], torch.zeros(1, 3, 24, 24)
    for layer in layers[:8]:
        if isinstance(layer, nn.MaxPool2d):
            layer = nn.MaxPool2d(3, stride=2, ceil_mode=ceil_mode)
        x = layer(x)
        sides += [x.shape[-1]] if x.shape[-1] != sides[-1] else []
    return sides, x[0].numel()


for name, ceil_mode in (("up", True), ("down", False)):
    sides, numbers = chain(ceil_mode)
    print(f"rounded {name:5}", " -> ".join(map(str, sides)), f"-> {numbers} numbers; wanted: 576")

# %% [markdown]
# ### One crop, one answer
#
# P-Net took a photo of any size. R-Net does not: the dense layer has a weight for each of 576 inputs, no more and no fewer. (From 22 to 25 px all come to 576, as pooling rounds; it was trained on 24.)

# %%
for side in (22, 24, 25, 26, 32):
    numbers = layers[:9](torch.zeros(1, 3, side, side)).shape[1]
    try:
        layers(torch.zeros(1, 3, side, side))
        verdict = "fits"
    except RuntimeError:
        verdict = "refused"
    print(f"{side} x {side} px: {numbers:5,} numbers for the dense layer, {verdict}")

# %% [markdown]
# So R-Net is not *fully convolutional*, and answers for one crop at a time. Is that a law? No. A dense layer on 3 × 3 × 64
# numbers is a convolution with a 3 × 3 kernel that has just one place to go:

# %%
as_convolution = nn.Conv2d(64, 128, kernel_size=3)
kernels = dense.weight.view(128, 64, 3, 3)
as_convolution.load_state_dict({"weight": kernels, "bias": dense.bias})

with torch.no_grad():
    maps = layers[:8](normalise(crops))  # (2, 64, 3, 3)
    difference = (as_convolution(maps)[:, :, 0, 0] - layers[8:10](maps)).abs().max()
print("the same 128 numbers:", bool(difference < 1e-5))
assert difference < 1e-5

# %% [markdown]
# Written so, R-Net could slide over the whole pyramid as P-Net does. The reason not to is the price. We count the multiplications of the
# convolutions: each weight is used once for each cell of the map that it makes. (On the "meta" device torch works out
# shapes only. The heads are too small to matter.)

# %%
from copy import deepcopy


def multiplications(layers, height, width):
    x, total = torch.zeros(1, 3, height, width, device="meta"), 0
    for layer in deepcopy(layers).to("meta"):
        x = layer(x)
        if isinstance(layer, nn.Conv2d):
            total += layer.weight.numel() * x[0, 0].numel()
    return total


one_crop = multiplications(nn.Sequential(*layers[:8], as_convolution), 24, 24)
print(f"R-Net, one crop: {one_crop:,} multiplications")

# %%
sliding_p = nn.Sequential(*list(detector.nets.pnet.children())[:7])
sliding_r = nn.Sequential(*layers[:8], as_convolution)
sizes = [level.image.shape[:2] for level in trace.levels]
p_all = sum(multiplications(sliding_p, *size) for size in sizes)
r_crops = len(proposed) * one_crop
twice = [(2 * height, 2 * width) for height, width in sizes]  # R-Net's window is 24 px, not 12
r_all = sum(multiplications(sliding_r, *size) for size in twice)

# %%
print(f"P-Net, the whole pyramid    {p_all / 1e6:6,.0f} million")
print(f"R-Net, {len(proposed)} crops            {r_crops / 1e6:6,.0f} million")
print(f"R-Net, the whole pyramid    {r_all / 1e6:6,.0f} million")
a_window = one_crop / (p_all / trace.pnet.windows)
print(f"for one window, R-Net costs {a_window:.0f} times as much as P-Net in a pass")
print(f"both together: {r_all / (p_all + r_crops):.0f} times less than R-Net everywhere")

# %% [markdown]
# That is what a **cascade** is for: a cheap net looks everywhere, a dear one looks where the cheap one could not say no.
#
# ### A second opinion
#
# Now R-Net scores P-Net's 121 windows. Each dot is a window: P-Net's score to the right, R-Net's up.

# %%
p_scores, r_scores = trace.pnet.last.scores, trace.rnet["scored"].scores  # (121,) each
kept = r_scores >= 0.7
figure, axes = plt.subplots(figsize=(6, 3.4), layout="constrained")
axes.scatter(p_scores[~kept], r_scores[~kept], s=16, color="#8A8A8A", label="dropped")
axes.scatter(p_scores[kept], r_scores[kept], s=26, color="#E69F00", label="kept", marker="s")
axes.axhline(0.7, color="#222222", linewidth=0.8)
axes.set(xlabel="P-Net's score", ylabel="R-Net's score", title="The same 121 windows, two nets")
axes.legend(loc="upper center")
plt.show()

# %%
sure = p_scores >= 0.9
print(f"P-Net gave 0.9 or more to {sure.sum()} windows; R-Net keeps {(sure & kept).sum()} of those")
print(f"R-Net gave less than 0.1 to {(r_scores < 0.1).sum()} of {len(kept)} windows")
on_face = iou(label, trace.pnet["refined"].boxes)[0] > 0.3
print(f"kept: {(kept & on_face).sum()} on the face, {(kept & ~on_face).sum()} elsewhere")

# %% [markdown]
# The two nets do not agree much, and that is the point: a net that said the same as P-Net would add nothing. R-Net is not always right either.
# O-Net will look at its mistakes.
#
# ### What fools P-Net
#
# Of the windows that R-Net drops, these are the nine that P-Net was surest of. We see them as R-Net does.

# %%
seen = crop_windows(copies, trace.pnet["squared"].boxes, size=24)  # (121, 24, 24, 3)


def gallery(rows):
    captions = [f"P {p_scores[k]:.2f}\nR {r_scores[k]:.2f}" for k in rows]
    return beside(list(seen[rows]), captions, height=80)


dropped = np.flatnonzero(~kept)
gallery(dropped[np.argsort(-p_scores[dropped])][:9])

# %% [markdown]
# Buckles, a badge, folds of the suit; and parts of the face, for at 12 × 12 px an eye with its brow can pass for a small face. R-Net
# has twice the resolution and sees what it is.
#
# Next, the close calls: what R-Net dropped, its own highest scores first.

# %%
gallery(dropped[np.argsort(-r_scores[dropped])][:9])

# %% [markdown]
# And what it keeps.

# %%
gallery(np.flatnonzero(kept)[np.argsort(-r_scores[kept])])

# %% [markdown]
# Two of the nine are parts of the suit. And among the dropped ones are whole faces, badly placed. R-Net has learned that
# those are no good windows; better ones of the same face are among the kept.
#
# ### A little closer
#
# R-Net's second head gives four offsets again, now as parts of the square's side. How much do they help? One face says little, so we take a
# picture with nine, from 20 to 150 px, all copies of one that we labelled.

# %%
from mtcnn_lite.course.scenes import collage

picture, faces, _ = collage()  # (768, 768, 3), boxes (9, 4)
many = detector.trace(picture)
passing = many.rnet["above threshold"]
rows = passing.parent  # which of P-Net's windows they are
steps = {
    "P-Net's windows": many.pnet["nms across levels"].boxes[rows],
    "moved by P-Net": many.pnet["refined"].boxes[rows],
    "moved by R-Net": decode_offsets(passing.boxes, passing.offsets),
}
overlaps = {step: iou(faces, boxes).max(axis=0) for step, boxes in steps.items()}  # (69,) each
for step, overlap in overlaps.items():
    good = (overlap >= 0.7).sum()
    print(f"{step:16} mean IoU {overlap.mean():.2f}, {good:2} of {len(overlap)} at 0.7 or more")

# %%
figure, axes = plt.subplots(figsize=(4.6, 4.2), layout="constrained")
before, after = overlaps["moved by P-Net"], overlaps["moved by R-Net"]
axes.scatter(before, after, s=18, color="#E69F00")
axes.plot([0, 1], [0, 1], color="#222222", linewidth=0.8)
axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="IoU as P-Net left it", ylabel="IoU as R-Net leaves it")
axes.set_title("Above the line: R-Net moved it closer")
plt.show()

# %% [markdown]
# Most come closer. Those that were good already lose a little.

# %%
means = [overlap.mean() for overlap in overlaps.values()]
assert means == sorted(means), "each net brings the boxes closer, on average"

# %% [markdown]
# After that, NMS drops boxes that overlap a better one by more than 0.8, and what is left is squared once more, for O-Net.

# %%
print(", ".join(f"{step}: {count}" for step, count in many.rnet.counts().items()))

# %% [markdown]
# ### What this threshold trades
#
# The same nine faces, dark and noisy as in chapter 03. A face counts as covered where a box that R-Net leaves has an IoU of
# 0.5 with it.

# %%
noise = np.random.default_rng(6).normal(0, 25, picture.shape)
dark = np.clip(0.35 * picture + noise, 0, 255).astype(np.uint8)
hard = detector.trace(dark)


def covered(boxes):
    return int((iou(faces, boxes).max(axis=1, initial=0) >= 0.5).sum())


all_covered = covered(hard.pnet["refined"].boxes)
print(f"from P-Net:     {len(hard.pnet.last):3} boxes, {all_covered} of 9 faces covered")
for threshold in (0.1, 0.3, 0.7, 0.9, 0.97):
    boxes = hard.rerun(thresholds=(0.6, threshold, 0.7)).rnet.left.boxes  # (N, 4)
    print(f"threshold {threshold:4.2f}: {len(boxes):3} boxes, {covered(boxes)} of 9 faces covered")

# %% [markdown]
# R-Net throws away far more boxes than faces, but it does lose faces: bad light fools it in the other direction. The authors' demo has 0.7.
#
# ## Check it
#
# Is the net you assembled the package's R-Net? Both get random crops, none, one and many of them.

# %%
generator = np.random.default_rng(4)
for count in (0, 1, 50):
    batch = normalise(generator.integers(0, 256, (count, 24, 24, 3), dtype=np.uint8))
    with torch.no_grad():
        features, answer = layers(batch), rnet(batch)
    same = torch.allclose(face_head(features), answer.face, atol=1e-5)
    same &= torch.allclose(offset_head(features), answer.offsets, atol=1e-5)
    print(f"{count:2} crops: features {tuple(features.shape)}, equal to 1e-5: {same}")
    assert same

# %% [markdown]
# And the whole stage, from P-Net's boxes to O-Net's windows, in one piece:

# %%
from mtcnn_lite.nms import nms

squares = squared(proposed)  # (121, 4)
with torch.no_grad():
    features = layers(normalise(crop_windows(copies, squares, size=24)))  # (121, 128)
    scores = face_head(features).softmax(dim=1)[:, 1].numpy()  # (121,)
    offsets = offset_head(features).numpy()  # (121, 4)
passed = np.flatnonzero(scores >= 0.7)
moved = decode_offsets(squares[passed], offsets[passed])  # (9, 4)
for_onet = squared(moved[nms(moved, scores[passed], threshold=0.8)])
print(f"{len(squares)} -> {len(for_onet)} windows; the package's: {len(trace.rnet.last)}")
assert np.allclose(for_onet, trace.rnet.last.boxes, atol=0.01)

# %% [markdown]
# ## Play with it
#
# Both thresholds answer in your browser, without Python. The gallery shows R-Net's crops, best first, with its score below each; the plot shows every window as a dot, as above (pale: below P-Net's threshold). Point at a crop, or at a box on the photo, to find it in the other. Click on either to ask
# what became of that face. Upload a photo of your own; it stays on your machine.
#
# Three things to try:
#
# 1. Lower **P-Net threshold** to 0.20. Many more windows come in. How many of them does R-Net keep?
# 2. Raise **R-Net threshold** until no crop without a face is kept. Which face goes before them?
# 3. Set *on the photo, after* to *offsets*. Do the boxes move towards one another? Then to *NMS*.

# %%
from mtcnn_lite.course.explorers.rnet import RNetExplorer

explorer = RNetExplorer(detector, photo)
explorer

# %% [markdown]
# Without a running kernel you see a still picture of it: P-Net's windows at 0.60, those that R-Net keeps at 0.70, and the crops on
# either side.
#
# (Two thresholds, and yet nothing is computed anew. A better box is never suppressed by a worse one, so a run at the lowest P-Net threshold contains those at all higher ones. R-Net's NMS is different: raise *P-Net's* threshold, and a window may go that had suppressed another,
# which then comes back. So that NMS was run beforehand, once for each stop of the slider.)
#
# ## Your turn
#
# ### Exercise: `square_boxes` (easy, 5 minutes)
#
# `boxes` has shape (N, 4). Return the square of each, also (N, 4): the same centre, the longer of width and height as its side. A square
# may leave the photo: do not clip it. Do not round. Leave the boxes you were given as they are.
#
# <details><summary>A hint</summary>
#
# The centre is halfway between the two corners. From there the square reaches half a side in each direction.
#
# </details>
# <details><summary>Another</summary>
#
# Each box has its own longer side. For all at once: `(boxes[:, 2:] - boxes[:, :2]).max(axis=1, keepdims=True)` has shape (N, 1), and
# so fits beside the centres, (N, 2).
#
# </details>

# %%
from mtcnn_lite.course import checks


def square_boxes(boxes):
    raise NotImplementedError


first = checks.square_boxes(square_boxes)
first

# %% [markdown]
# ### Your function in the live detector
#
# If it has passed, the detector below squares with your code, twice: between P-Net and R-Net, and between R-Net and O-Net. Until
# then it uses its own.

# %%
mine = {"square_boxes": square_boxes} if first else {}
with_mine = detector.swap(**mine)
found = with_mine.detect(photo)
print("swapped in:", ", ".join(mine) or "nothing yet")

# %%
from mtcnn_lite.draw import draw_faces

print(f"{len(found)} face found")
assert np.allclose(found.boxes, trace.faces.boxes, atol=0.01), "your function moves the box"
draw_faces(photo, found)

# %% [markdown]
# The solution is in `source/solutions.py`. Look after you have tried.
#
# ## Where paper, notes and code disagree
#
# **The pooling.** Course notes and summaries give R-Net's sizes, 24, 11, 4, 3, and rarely say how they come about. With pooling that rounds
# down, as PyTorch's does unless told otherwise, they do not: you saw 256 numbers arrive where 576 are wanted. The authors trained in
# Caffe, which rounds up.
#
# **Windows at the edge.** The authors' code pads with zeros. facenet-pytorch clamps and stretches, and maps back as if it had seen the whole
# window: the worst of the three lines in *At the edge of the photo*.
#
# **Whole pixels.** The authors' code drops the fractions of a box before it cuts (`fix` in `detect_face.m`), and so does facenet-pytorch. Here are R-Net's
# scores for the windows of the nine faces, with the fraction and without:


# %%
def rnet_scores(image, boxes):
    with torch.no_grad():
        return rnet(normalise(crop_windows(halvings(image, 0.05), boxes, size=24))).score.numpy()


exact = many.pnet["squared"].boxes  # (371, 4)
with_fraction, without = rnet_scores(picture, exact), rnet_scores(picture, np.trunc(exact))
change = np.abs(without - with_fraction)
flipped = ((with_fraction >= 0.7) != (without >= 0.7)).sum()
print(f"score changes by {change.mean():.2f} on average, by {change.max():.1f} at most")
print(f"{flipped} of {len(exact)} windows change sides; {(with_fraction >= 0.7).sum()} are kept")

# %% [markdown]
# Little on average, but it costs nothing to do without.
#
# **Move, then suppress, or the other way round?** The paper moves first, the released code runs NMS first: you met that in chapter 01,
# with P-Net's boxes. In R-Net it makes a larger difference, for its offsets draw the boxes of one face closer together:

# %%
moved = decode_offsets(passing.boxes, passing.offsets)  # (69, 4)
for name, boxes in (("NMS, then move (code)", passing.boxes), ("move, then NMS (paper)", moved)):
    print(f"{name:23} {len(nms(boxes, passing.scores, threshold=0.7)):3} windows for O-Net")

# %% [markdown]
# **How much overlap?** The paper does not say, notes give 0.6 (chapter 01), the released code has 0.7, and means windows that have not moved. Each
# window that R-Net's NMS drops saves O-Net a look, the dearest of all:

# %%
for overlap in (0.6, 0.7, 0.8, 1):
    left = many.rerun(nms=(0.5, 0.7, overlap, 0.7)).rnet.last
    print(f"R-Net's NMS at {overlap:4}: {len(left)} windows for O-Net")

# %% [markdown]
# Why not 0.7, or less? Because several looks at one face are worth something: the best of them is often better than the first. On 250 photos of
# WIDER FACE, measured against the released code's order with its 0.7, moving first costs 0.9 points of average precision (chapter 10) at 0.7, and 0.3 at 0.8 ([all figures](../benchmarks/RESULTS.md#its-own-way)). So this package has 0.8: on those photos O-Net then looks a third less often than in that code.

# %% [markdown]
# **Landmarks.** In the paper, and in notes after it, R-Net has a third head for five points. The released R-Net has none:

# %%
print("landmark head in the released R-Net:", rnet.landmarks is not None)
assert rnet.landmarks is None

# %% [markdown]
# **What R-Net is trained on.** The paper takes P-Net's own windows. Some tutorials take windows at random, because that is easier. But random windows
# are no training for what R-Net will meet. Both kinds below are background; a score over 0.5 is a mistake:

# %%
chance = np.random.default_rng(5)
side = chance.integers(20, 200, (2000, 1))  # (2000, 1)
corner = chance.random((2000, 2)) * (512 - side)  # (2000, 2)
random_windows = np.hstack([corner, corner + side])  # (2000, 4)
for name, windows in (("at random", random_windows), ("P-Net's", trace.pnet.last.boxes)):
    background = windows[iou(label, windows)[0] < 0.3]
    scores = rnet_scores(photo, background)
    wrong, easy = (scores > 0.5).sum(), (scores < 0.1).mean()
    print(f"{name:10} {len(background):5,} windows, {easy:.0%} under 0.1, {wrong} over 0.5")

# %% [markdown]
# Even this trained R-Net errs far more often, in proportion, on what P-Net sends it. Those are the windows to learn from: chapters 06
# and 09 come back to it.
#
# **"R-Net gets P-Net's crops, brought to 24 × 24."** So some notes say. But what P-Net saw is gone: 12 × 12 pixels hold a quarter of the numbers.
# R-Net's crops are cut from the photo anew. Here they are against the same squares at 12 px, enlarged, on the nine faces with good light and with bad:

# %%
import cv2


def verdicts(image, windows):
    """R-Net's scores of the windows (N, 4): cut at 24 px, and cut at 12 px and enlarged."""
    small = crop_windows(halvings(image, 0.05), windows, size=12)  # (N, 12, 12, 3)
    enlarged = np.stack([cv2.resize(crop, (24, 24)) for crop in small])  # (N, 24, 24, 3)
    with torch.no_grad():
        return rnet_scores(image, windows), rnet(normalise(enlarged)).score.numpy()


# %%
for name, image, run in (("good light", picture, many), ("bad light", dark, hard)):
    windows = run.pnet["squared"].boxes
    background = iou(faces, windows).max(axis=0) < 0.3
    anew, enlarged = ((s[background] >= 0.7).sum() for s in verdicts(image, windows))
    print(f"{name:10} {background.sum()} windows of background; kept: ", end="")
    print(f"{anew} if cut anew, {enlarged} if enlarged")
    assert enlarged > anew

# %% [markdown]
# With four times the numbers it lets fewer false alarms through: the second look is better also because it sees *more*, and not only because a second net looks.
#
# **"P-Net is the RPN of Faster R-CNN, R-Net does what its RoI pooling does."** (RPN: region proposal network; RoI: region of interest.) Slides draw these parallels (Faster R-CNN: Ren et al. 2015, arXiv
# 1506.01497). Both detectors propose windows first and look again at those. There it ends:
#
# | | Faster R-CNN | MTCNN |
# |---|---|---|
# | proposes | a head on the deepest map of a large net, asked at each cell about nine boxes of several sizes and shapes | P-Net, a net of its own, asked at each cell about one square |
# | other sizes | those nine boxes (anchors: chapter 11) | the image pyramid |
# | the second look | is cut out of *the same feature map*: RoI pooling. Its numbers are there already | is cut out of *the photo*: new pixels, computed anew |
# | learns | all in one net, shared layers | three nets, one after the other |
#
# Could R-Net save its pixels in this way too, and read P-Net's feature map? This is all that there is of a window:

# %%
body = nn.Sequential(*list(detector.nets.pnet.children())[:7])  # P-Net without its heads
print("P-Net's features of a window:", f"{body(torch.zeros(1, 3, 12, 12)).numel():5} numbers")
print("R-Net's crop of it:          ", f"{24 * 24 * 3:,} numbers")
with torch.no_grad():
    said = detector.nets.pnet.face(body(normalise(crop_windows(copies, square, size=12))))
score = said.softmax(dim=1)[0, 1].item()
print(f"and P-Net's score is made of these 32 alone: {score:.2f} for the crop from above")

# %% [markdown]
# Sharing pays where the first net is large, and its map knows a lot. P-Net is tiny on purpose.
#
# **"PReLU costs computing and invites overfitting, but keeps more information."** Count what it costs, and see what is kept: R-Net as released,
# and with all its slopes set to 0, which makes each PReLU a plain ReLU.

# %%
slopes = torch.cat([layer.weight for layer in rnet.children() if isinstance(layer, nn.PReLU)])
share = len(slopes) / parameters
print(f"{len(slopes)} slopes of {parameters:,} parameters: {share:.1%}")
print(f"{(slopes < 0).float().mean():.0%} of them are below 0")

plain = deepcopy(rnet)
for layer in plain.children():
    if isinstance(layer, nn.PReLU):
        layer.weight.data.zero_()

# %%
windows = many.pnet["squared"].boxes
background = iou(faces, windows).max(axis=0) < 0.3
cut = normalise(crop_windows(halvings(picture, 0.05), windows, size=24))  # (371, 3, 24, 24)
for name, net in (("PReLU", rnet), ("ReLU", plain)):
    with torch.no_grad():
        passing_ = net(cut).score.numpy()[background] >= 0.7
    print(f"{name:5} {passing_.sum():2} of {len(passing_)} windows of background are kept")

# %% [markdown]
# So it is no ornament: with a slope below 0, what is negative comes out *positive*, as in an absolute value, and later layers use that. (This net
# was trained with its slopes. One trained with ReLU from the start would do better than this one does without them.)
#
# **"Smaller kernels make it light."** The paper replaced the 5 × 5 kernels of the cascade before it (Li et al. 2015) by 3 × 3, and has fewer of them.
# In R-Net's second convolution, on the same 11 × 11 map padded so that both give 9 × 9 results:

# %%
for side in (5, 3):
    convolution = nn.Conv2d(28, 48, kernel_size=side, padding=(side - 3) // 2)
    weights, places = (
        convolution.weight.numel(),
        convolution(torch.zeros(1, 28, 11, 11))[0, 0].numel(),
    )
    print(f"{side} x {side}: {weights:6,} weights, {weights * places:9,} multiplications")

# %% [markdown]
# A kernel of 5 × 5 looks at 25 places, one of 3 × 3 at 9; two of the small ones in a row look at 5 × 5 as well, for 18. (Nets that use several kernel sizes side by
# side came from Inception: chapter 12 meets one of its heirs.)
#
# ## What you can now say
#
# - Boxes are squared before they are cropped, so that faces keep their shape; what lies outside the photo is black.
# - R-Net is three convolutions, two poolings in ceil mode and a dense layer, 100,178 parameters; 24 × 24 pixels become one answer.
# - The dense layer fixes the size of the input (but for rounding). R-Net could slide, but at many times the price.
# - It scores again, drops most of what fooled P-Net, and moves the rest closer to the face, on average.
# - It is dear by the window, and so it comes second.
#
# New words ([glossary](glossary.md)): **refinement net**, **crop**, **squaring**, **zero padding**, **clamp**, **dense layer**,
# **ceil mode**, **cascade**.
#
# Next door is 05, O-Net: it looks at these few windows at 48 × 48 pixels, has the last word, and finds eyes, nose and mouth.
