# %% [markdown]
# <!-- header -->

# %% [markdown]
# ## Play
#
# A wall of pictures with 37 labelled faces. At a threshold of 0.60, P-Net lets 432 windows through. R-Net scores each again: see its
# crops on the right, orange if kept. A yellow bar means that the box is on a labelled face. But first, guess:
#
# <details><summary>How many of the 432 windows does R-Net keep, at a threshold of 0.70?</summary>
#
# 113, about a quarter. NMS then leaves 54 of them. The faces hardly suffer: of the 33 on which P-Net's windows lie, 30 are found.
#
# </details>
# <details><summary>Of the 113 that it keeps, 30 lie on no face. It also moves each of them. How many lie on no face then?</summary>
#
# 9. Most of the 30 were near a face and only badly placed.
#
# </details>
# <details><summary>Raise R-Net's threshold from 0.70 to 0.90. What goes first, faces or false alarms?</summary>
#
# False alarms: 8 of 9 go, and not one face. Go on to 0.97, and it turns round: 6 faces go, and the last false alarm stays.
#
# </details>

# %%
from mtcnn_lite import Detector
from mtcnn_lite.course.explorers.rnet import RNetExplorer
from mtcnn_lite.course.scenes import portrait, wall

detector = Detector(weights="zhang2016")  # the values that the authors of MTCNN released
explorer = RNetExplorer(detector, {"the wall": wall(), "the portrait": portrait()})
explorer

# %% tags=["check"]
crops, stop = explorer.crops, explorer.pnet.index


def outcome(cut, step=3, at=stop):
    """Boxes, faces found, boxes on no face."""
    found, false = crops.outcome(at, cut, step)
    return list(crops.counts(at, cut).values())[step], len(found), false


assert len(crops.faces) == 37
assert outcome(0.7, 0)[:2] == (432, 33)
assert (outcome(0.7, 1)[::2], outcome(0.7, 2)[::2]) == ((113, 30), (113, 9))
assert outcome(0.7) == (54, 30, 9)
assert (outcome(0.9)[1:], outcome(0.97)[1:]) == ((30, 1), (24, 1))
assert (outcome(0.7, 0, 0)[0], outcome(0.7, 3, 0)[1]) == (1221, 31)

# %% [markdown]
# 1. Set *on the photo, after* to **P-Net**, then **R-Net**, **offsets**, **NMS**. Which step removes most boxes? Which one finds faces?
# 2. Lower **P-Net threshold** to 0.20. Now 1,221 windows come in. How many more faces are found in the end?
# 3. Raise **R-Net threshold** until no false alarm is left. Which one stays longest? Click on it, and on a face that it cost you.
#
# ## Build
#
# ### From a box to a crop
#
# One portrait is enough to follow a window through R-Net. P-Net leaves 121 windows of it, R-Net 4.

# %%
from mtcnn_lite.draw import at_height, beside, draw_boxes

photo = portrait().image()  # (512, 512, 3), RGB, uint8
trace = detector.trace(photo)
proposed, left = trace.pnet["refined"].boxes, trace.rnet.left.boxes  # (121, 4), (4, 4)
small, scale = at_height(photo, 300)
blue = draw_boxes(small, proposed * scale, "pnet", 1)
orange = draw_boxes(small, left * scale, "rnet")
beside([blue, orange], [f"from P-Net: {len(proposed)}", f"left by R-Net: {len(left)}"])

# %% [markdown]
# P-Net's bargain was to lose no face and to be cheap. R-Net, the **refinement net**, pays more for each window, so it must get few.
#
# It reads squares of 24 × 24 pixels. A **crop** is the part of the photo inside a window, cut out and resized to what a net reads. But
# P-Net's offsets moved each side of a window on its own, and what was a square no longer is. Resized as it is, it would stretch the face.
# So we take the square round the same centre, with the longer side: **squaring**.

# %%
import numpy as np

from mtcnn_lite.boxes import square_boxes as squared  # how it does that is your first exercise
from mtcnn_lite.draw import enlarged
from mtcnn_lite.images import crop_windows
from mtcnn_lite.pyramid import halvings

copies = halvings(photo, smallest=0.1)  # large windows are cut from a half or a quarter
best = trace.rnet["scored"].scores.argmax()
box = proposed[best : best + 1]  # (1, 4)
square = squared(box)  # (1, 4)
crops = crop_windows(copies, np.concatenate([box, square]), size=24)  # (2, 24, 24, 3)
both = draw_boxes(draw_boxes(photo, square, "rnet"), box, "pnet")[20:220, 115:315]
captions = ["blue: the box, orange: its square", "the box, stretched", "the square: R-Net's input"]
beside([both, *(enlarged(crop, 10) for crop in crops)], captions, height=240)

# %% [markdown]
# The square keeps the face's shape, and shows a little of what is round it.
#
# ### The net
#
# Three convolutions, wider than P-Net's, with two poolings between them. Then something new: a **dense layer**, which joins each of its
# inputs to each of its outputs. Two heads read its 128 numbers.

# %%
import torch
from torch import nn

layers = nn.Sequential(
    nn.Conv2d(3, 28, kernel_size=3), nn.PReLU(28),  # (N, 28, 22, 22)
    nn.MaxPool2d(3, stride=2, ceil_mode=True),  # (N, 28, 11, 11)
    nn.Conv2d(28, 48, kernel_size=3), nn.PReLU(48),  # (N, 48, 9, 9)
    nn.MaxPool2d(3, stride=2, ceil_mode=True),  # (N, 48, 4, 4)
    nn.Conv2d(48, 64, kernel_size=2), nn.PReLU(64),  # (N, 64, 3, 3)
    nn.Flatten(),  # (N, 576)
    nn.Linear(576, 128), nn.PReLU(128),  # (N, 128)
)  # fmt: skip
face_head, offset_head = nn.Linear(128, 2), nn.Linear(128, 4)

# %%
from mtcnn_lite.course.net_figures import architecture, feature_maps, receptive_field

architecture(detector.nets.rnet)

# %% [markdown]
# Look at 22 → 11. The pooling's patches are 3 px wide and 2 px apart: (22 − 3) / 2 = 9.5 steps. **Ceil mode** rounds up to 10. So there
# are 11 patches, and the last one hangs a pixel over the edge. The authors trained in Caffe, which rounds up; PyTorch rounds down
# unless told otherwise. Then the dense layer would get other numbers than it has weights for:

# %%
down = [nn.MaxPool2d(3, stride=2) if isinstance(layer, nn.MaxPool2d) else layer for layer in layers]
for rounded, body in (("up", layers), ("down", down)):
    numbers = nn.Sequential(*body[:9])(torch.zeros(1, 3, 24, 24)).numel()
    print(f"rounded {rounded:4}: {numbers} numbers arrive, 576 are wanted")

# %% [markdown]
# Now copy in the released values. Where do most of them sit?

# %%
rnet = detector.nets.rnet
ours = nn.ModuleList([layer for layer in layers if not isinstance(layer, nn.Flatten)])
ours.extend([face_head, offset_head])
for layer, released in zip(ours, rnet.children(), strict=True):
    layer.load_state_dict(released.state_dict())

parameters, in_dense, in_pnet = (
    sum(values.numel() for values in part.parameters())
    for part in (ours, layers[9], detector.nets.pnet)
)
print(f"{parameters:,} parameters, {in_dense / parameters:.0%} of them in the dense layer")
print(f"{parameters / in_pnet:.0f} times as many as P-Net has")

# %% tags=["check"]
from mtcnn_lite.nets import normalise

generator = np.random.default_rng(4)
for count in (0, 1, 50):
    batch = normalise(generator.integers(0, 256, (count, 24, 24, 3), dtype=np.uint8))
    with torch.no_grad():
        features, answer = layers(batch), rnet(batch)
    assert torch.allclose(face_head(features), answer.face, atol=1e-5)
    assert torch.allclose(offset_head(features), answer.offsets, atol=1e-5)
assert parameters == 100_178

# %% [markdown]
# ### Inside
#
# Here is R-Net at work on one window. Move it, resize it, and watch the maps and the score. Put it on the helmet, or half beside the face.

# %%
from mtcnn_lite.course.explorers.microscope import MicroscopeExplorer

MicroscopeExplorer(detector, photo, "rnet")

# %% [markdown]
# How far does each layer see? The squares below are what *one* number of a layer depends on. Only the dense layer sees the whole crop.

# %%
receptive_field(rnet)

# %% [markdown]
# And this is what the layers make of the face, and of a buckle, the window that fooled P-Net most:

# %%
p_scores, r_scores = trace.pnet.last.scores, trace.rnet["scored"].scores  # (121,) each
seen = crop_windows(copies, trace.pnet["squared"].boxes, size=24)  # (121, 24, 24, 3)
kept = r_scores >= 0.7
dropped = np.flatnonzero(~kept)
fooled = dropped[p_scores[dropped].argmax()]
feature_maps(rnet, seen[[best, fooled]], ["the face", "a buckle"])

# %% [markdown]
# ### One crop, one answer
#
# P-Net takes a photo of any size. R-Net does not: its dense layer has a weight for each of 576 inputs, no more and no fewer. (Crops of
# 22 to 25 px would fit, as pooling rounds; it was trained on 24.) It could be made to slide all the same
# ([how](deeper/04_why_second.ipynb)). Here is what that would cost on the wall:

# %%
from mtcnn_lite.course.rnet_figures import cost_bars, moved_closer, multiplications, second_opinion

on_wall = detector.trace(wall().image())
sizes = [level.image.shape[:2] for level in on_wall.levels]
one_crop = multiplications(rnet, 24, 24)
bars = {
    "P-Net everywhere": sum(multiplications(detector.nets.pnet, *size) for size in sizes),
    f"R-Net on {len(on_wall.pnet.last)} crops": len(on_wall.pnet.last) * one_crop,
    "R-Net everywhere": sum(multiplications(rnet, 2 * h, 2 * w) for h, w in sizes),  # 24 px, not 12
}
cost_bars({name: count / 1e6 for name, count in bars.items()})

# %% [markdown]
# P-Net and R-Net together take an eleventh of what R-Net everywhere would. That is what a **cascade** is for: a cheap net looks everywhere, a costly one only where the cheap one could not say no.
#
# ### A second opinion
#
# Both scores of the portrait's 121 windows, one dot a window:

# %%
from mtcnn_lite.boxes import decode_offsets, iou

label = portrait().boxes  # (1, 4)
on_face = iou(label, trace.pnet["refined"].boxes)[0] >= 0.5  # (121,)
second_opinion(p_scores, r_scores, on_face, threshold=0.7)

# %% [markdown]
# The two do not agree much, and that is the point: a net that said the same as P-Net would add nothing.
#
# What fooled P-Net? Of the windows that R-Net drops, these are the nine that P-Net was surest of, as R-Net sees them:


# %%
def gallery(rows):
    captions = [f"P {p_scores[k]:.2f}\nR {r_scores[k]:.2f}" for k in rows]
    return beside(list(seen[rows]), captions, height=80)


gallery(dropped[np.argsort(-p_scores[dropped])][:9])

# %% [markdown]
# Buckles, a badge, folds of the suit; and parts of the face, for at 12 × 12 px an eye with its brow can pass for a small face. And what
# does R-Net keep?

# %%
gallery(np.flatnonzero(kept)[np.argsort(-r_scores[kept])])

# %% [markdown]
# Two of the nine are parts of the suit: R-Net is not always right either. O-Net will look at its mistakes.
#
# ### A little closer
#
# R-Net's second head gives four offsets again, as parts of the square's side. How much do they help? These are the windows that R-Net keeps
# on the wall, if they touch a face at all:

# %%
passing, faces = on_wall.rnet["above threshold"], wall().boxes  # 113 windows, (37, 4)
before = on_wall.pnet["refined"].boxes[passing.parent]  # (113, 4)
after = decode_offsets(passing.boxes, passing.offsets)  # (113, 4)
overlaps = np.stack([iou(faces, boxes).max(axis=0) for boxes in (before, after)])  # (2, 113)
moved_closer(*overlaps[:, overlaps[0] > 0.2])

# %% tags=["check"]
was, became = overlaps[:, overlaps[0] > 0.2]
assert (became > was).mean() > 0.6
assert became.mean() > was.mean() + 0.05
cheap, few, everywhere = bars.values()
assert round(everywhere / (cheap + few)) == 11

# %% [markdown]
# Most come closer. After that, NMS drops each box that overlaps a better one by more than 0.8, and what is left is squared once more, for
# O-Net.
#
# ### At the edge of the photo
#
# A square may leave the photo. What should a net see there? This package puts black: **zero padding**. Another way is to **clamp** the
# window to the photo, and to stretch what is left. Let O-Net, which comes next, point at eyes, nose and mouth in both (vermilion; yellow is
# where they are). Errors are in distances between the eyes:

# %%
from mtcnn_lite.course.rnet_figures import at_the_edge

at_the_edge(detector.nets.onet, photo, label[0], portrait().landmarks[0], share=0.3)

# %% [markdown]
# That is one face. The mean of 27 says the same ([measured](deeper/04_crops.ipynb), with more about crops).
#
# ## Your turn
#
# ### Exercise: `square_boxes` (easy)
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
from mtcnn_lite.course import checks, mine


def square_boxes(boxes):
    raise NotImplementedError


first = checks.square_boxes(square_boxes)
first

# %%
first.seen()  # left with our function, right with yours

# %% [markdown]
# ### Exercise: `rnet` (stretch)
#
# Without looking up: return R-Net, an `nn.Module`, from a function without arguments. `x` is float32 (N, 3, 24, 24), normalised. It returns
# the probabilities of "not a face" and "face", (N, 2), and the offsets, (N, 4). You need not train it: the judge puts the shipped values
# into your layers.
#
# <details><summary>A hint</summary>
#
# 24 → 22 → 11 → 9 → 4 → 3, and then 64 × 3 × 3 = 576 numbers in a row. Where 256 arrive, the poolings rounded down.
#
# </details>
# <details><summary>Another</summary>
#
# The order of the 576 counts: all of channel 0 first, row by row. That is what `flatten(1)` and `nn.Flatten()` do.
#
# </details>


# %%
def build_rnet():
    raise NotImplementedError


second = checks.rnet(build_rnet)
second

# %% [markdown]
# ### Your R-Net in the live detector
#
# What has passed runs from here on, the package's functions elsewhere:

# %%
mine.strip()

# %%
yours = mine.detector(detector).trace(wall().image()).rnet.left.boxes  # (N, 4)
small, scale = at_height(wall().image(), 360)
beside([draw_boxes(small, yours * scale, "rnet", 1)], [f"{len(yours)} windows for O-Net"], 360)

# %% [markdown]
# Solutions are in `source/solutions.py`. `mine.forget("rnet")` lets you start again.
#
# ## What you can now say
#
# <details><summary>Why is a box squared before it is cropped?</summary>
#
# So that the face keeps its shape when it is resized to 24 × 24 px.
#
# </details>
# <details><summary>Why can't R-Net take a photo of any size, as P-Net can?</summary>
#
# Its dense layer has one weight for each of 576 inputs, so crops of about 24 px fit and no others.
#
# </details>
# <details><summary>A map of 22 px is pooled by 3 px, 2 px apart. How wide is what comes out, and why?</summary>
#
# 11 px: 9.5 steps, rounded up in ceil mode. Rounded down it would be 10.
#
# </details>
# <details><summary>R-Net sees faces better than P-Net. Why not use it alone?</summary>
#
# It costs far more, and most windows hold nothing that a cheap net could not rule out.
#
# </details>
# <details><summary>Besides dropping windows, what does R-Net do for the faces?</summary>
#
# It moves the boxes: most come closer, and some faces are only then found.
#
# </details>

# %% [markdown]
# <!-- footer -->
