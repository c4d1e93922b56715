# %% [markdown]
# <!-- header -->

# %% [markdown]
# ## Play
#
# Somebody drew the **yellow box** by hand: the label. The **blue box** is the detector's. Drag a box to move it, its edges and corners
# to resize it; the sliders move the blue one. What both cover is vermilion. But first, guess:
#
# <details><summary>Two equal boxes; one moves sideways by a third of its width. How much of them is still the same?</summary>
#
# Half: their overlap is 0.50. They share two thirds of a box, and together they cover four thirds.
#
# </details>
# <details><summary>The blue box holds the whole face, but is twice as wide and twice as high. How good is it?</summary>
#
# Poor: 0.25. All of the smaller box is shared, and the larger one has four times its area.
#
# </details>
# <details><summary>Two boxes touch along an edge. What is their overlap?</summary>
#
# 0: they share no area. Push one a pixel further, and it is a little more than 0.
#
# </details>

# %%
from skimage.data import astronaut

from mtcnn_lite import Detector
from mtcnn_lite.course.explorers.overlap import OverlapExplorer
from mtcnn_lite.course.scenes import ASTRONAUT_BOX

photo = astronaut()  # (512, 512, 3): NASA's portrait of Eileen Collins, in the public domain
detector = Detector()
label, found = ASTRONAUT_BOX, detector.detect(photo).boxes[0]  # (4,), (4,): x1, y1, x2, y2
OverlapExplorer(photo, label, found)

# %% [markdown]
# 1. Put the blue box exactly on the yellow one, then move **x** pixel by pixel. When does training stop calling it *positive*, when *part*?
# 2. Put a small blue box inside the yellow one. Which of the two measures changes when you move it, and which when you resize it?
# 3. Set **width** to 0.
#
# Neither the label nor the detector is wrong. Where a face ends is a matter of taste, and these two agree to 0.81.
#
# ## Build
#
# ### Four numbers
#
# The face again, at 12 × 12 pixels: what the first net of the cascade gets to see. On so few, one can count.

# %%
import cv2
import numpy as np

from mtcnn_lite.course.overlap_figures import close_ups, counted, on_grid, shift_curves

tiny = cv2.resize(photo[74:179, 173:278], (12, 12), interpolation=cv2.INTER_AREA)  # (12, 12, 3)
yellow, blue = (1, 2, 7, 10), (4, 5, 10, 11)  # x1, y1, x2, y2
on_grid(tiny, yellow, blue)

# %% [markdown]
# The numbers at the rim belong to the lines *between* pixels: pixel 0 lies between lines 0 and 1. A box is four such lines: left, top,
# right, bottom. Pixel `x1` is the first inside and `x2` the first outside. Such a box is **half-open**, its width is `x2 - x1`, and
# Python slices in the same way:

# %%
x1, y1, x2, y2 = yellow
print("width", x2 - x1, "height", y2 - y1)
print("cut out", tiny[y1:y2, x1:x2].shape)  # rows first: (height, width, colours)

# %% [markdown]
# A box says x first; an array wants the row first, and that is y. Exchange them and no error comes: you get another part of the photo
# (it has [happened](https://github.com/ipazc/mtcnn/issues/4)). The same goes for colours: `cv2.imread` gives blue first, and a net that has learned with
# red first sees worse without complaint:

# %%
blue_first = np.ascontiguousarray(photo[..., ::-1])
for order, picture in (("RGB", photo), ("BGR", blue_first)):
    print(order, len(detector.trace(picture).pnet.left), "windows pass P-Net")

# %% [markdown]
# | in every chapter | |
# |---|---|
# | counting | from 0; y points down |
# | a box | `x1, y1, x2, y2`, half-open, fractions allowed; many boxes are an array (N, 4), and N may be 0 |
# | a photo | an array (height, width, 3), uint8, in the order red, green, blue |
#
# ### Count
#
# Paint each box into a mask: true inside, false outside. What both cover is `&`; what at least one of them covers is `|`.


# %%
def mask(box, height=12, width=12):
    x1, y1, x2, y2 = box
    inside = np.zeros((height, width), bool)
    inside[y1:y2, x1:x2] = True
    return inside


a, b = mask(yellow), mask(blue)  # (12, 12) each
print(f"IoU = {(a & b).sum()} / {(a | b).sum()} = {(a & b).sum() / (a | b).sum():.3f}")
counted(a, b)

# %% [markdown]
# That is the **intersection over union**, **IoU** for short:
#
# $$\mathrm{IoU}(A, B) = \frac{|A \cap B|}{|A \cup B|} = \frac{|A \cap B|}{|A| + |B| - |A \cap B|}$$
#
# Adding both areas counts the shared part twice, so it comes off once. 1 means the same box; 0 means that they share nothing.
#
# ### Without counting
#
# Counting is slow, and can't do fractions of a pixel. But the shared part is a box too. Along each axis it
# begins where the *later* box begins and ends where the *earlier* one ends.
#
# $$w = \max\bigl(0,\; \min(x_2^A, x_2^B) - \max(x_1^A, x_1^B)\bigr), \qquad |A \cap B| = w \cdot h$$
#
# with $h$ from y in the same way.
#
# | in the formulas | in the code |
# |---|---|
# | $A$, $B$ | `yellow`, `blue`: (4,) each |
# | $x_1^A$, $x_2^A$ | 1 and 7, the first and third of `yellow` |
# | $w$, $h$ | `width`, `height` |
# | $\lvert A \cap B \rvert$, $\lvert A \cup B \rvert$ | `shared`, `union` |

# %%
width = max(0, min(7, 10) - max(1, 4))  # w: yellow from 1 to 7, blue from 4 to 10
height = max(0, min(10, 11) - max(2, 5))  # h: yellow from 2 to 10, blue from 5 to 11
shared = width * height  # |A ∩ B|
union = 6 * 8 + 6 * 6 - shared  # |A| + |B| - |A ∩ B|
print(f"shared {width} x {height} = {shared}, union {union}, IoU {shared / union:.3f}")

# %% tags=["check"]
assert (shared, union) == ((a & b).sum(), (a | b).sum())

# %% [markdown]
# Why the 0? Leave it out, and push the blue box away, to the right and down:

# %%
for shift in (0, 3, 6, 9):
    width, height = 7 - (4 + shift), 10 - (5 + shift)
    print(f"pushed by {shift}: {width:2} x {height:2} = {width * height:3}")

# %% [markdown]
# A side below 0 means "this far apart", and two of them multiply to a *positive* area: at 9 the boxes seem to share more than at
# the start. So a side below 0 counts as 0, *before* multiplying.
#
# A box without area, a **degenerate box**, is the other trap: with itself it has the union 0, and 0 / 0 is NaN, which is neither
# above a threshold nor below it. So its IoU is *defined* as 0. The package's `iou` gives all N × M overlaps of (N, 4) and (M, 4):

# %%
from mtcnn_lite.boxes import iou as package_iou

empty = (5, 5, 5, 9)
print(package_iou([yellow, blue, empty], [yellow, blue, empty]).round(3))  # (3, 3)

# %% tags=["check"]
generator = np.random.default_rng(0)
corners = generator.integers(0, 8, (200, 2))
boxes = np.hstack([corners, corners + generator.integers(0, 12, (200, 2))])  # (200, 4), some empty
for box, other in zip(boxes, np.roll(boxes, 1, axis=0), strict=True):
    a, b = mask(box, 20, 20), mask(other, 20, 20)
    expected = (a & b).sum() / max(1, (a | b).sum())
    assert abs(package_iou([box], [other])[0, 0] - expected) < 1e-6

# %% [markdown]
# ### No unit
#
# IoU is an area over an area. Enlarge the photo and its boxes, and it stays the same: it is **scale-invariant**. One pixel off is
# nothing to a face of 96 px and a lot to one of 12; a tenth of the side is the same to both. (The cascade's three nets see 12, 24 and
# 48 px; each has its colour.)

# %%
shift_curves()

# %% [markdown]
# That is why *one* threshold serves faces of every size.
#
# ### What 0.3, 0.4, 0.5 and 0.65 look like
#
# For training, the [paper](https://arxiv.org/abs/1604.02878) calls a window *negative* if its IoU with every face is under 0.3, *part* of a face from 0.4
# to 0.65, and *positive* above that; what lies between 0.3 and 0.4 is not used. Benchmarks ask 0.5 of a detection.
#
# How far off is that? A copy of the label that is moved by *d* widths has IoU = (1 − *d*) / (1 + *d*). Solved for *d*:

# %%
width = label[2] - label[0]
marks = (0.3, 0.4, 0.5, 0.65)
parts = [(1 - mark) / (1 + mark) for mark in marks]  # d, in widths
moved = [np.add(label, [d * width, 0, d * width, 0]) for d in parts]
close_ups(photo, label, moved, [f"moved by {d:.0%} of its width" for d in parts])

# %% [markdown]
# IoU is stricter than it sounds: 0.5 is not half a box off, only a third. The first blue box still holds almost half of the face.
#
# ### Inside, and over the smaller
#
# If one box lies inside the other, all of the smaller one is shared, and the union is the larger one: for **nested boxes** IoU is
# the ratio of their areas.

# %%
middle = (np.array(label[:2]) + label[2:]) / 2
half = np.array(label[2:]) - middle
ratios = (0.25, 0.4, 0.5, 0.65)
grown = [np.concatenate([middle - half / r**0.5, middle + half / r**0.5]) for r in ratios]
close_ups(photo, label, grown, [f"its sides × {r**-0.5:.2f}" for r in ratios])

# %% tags=["check"]
assert np.allclose(package_iou([label], moved), [marks], atol=1e-4)
assert np.allclose(package_iou([label], grown), [ratios], atol=1e-4)

# %% [markdown]
# The first blue box holds the *whole face*, and is a negative all the same: a face has to fill its window.
#
# But sometimes "one lies inside the other" is just what we want to know. **Intersection over the smaller** divides by the smaller of
# the two areas (`iom` here, "Min" in the authors' code), so that a nested box gets 1:

# %%
from mtcnn_lite.boxes import iom

unsure = detector.trace(photo).rerun(thresholds=(0.4, 0.2, 0.2))  # lower thresholds, more boxes
boxes = unsure.onet["refined"].boxes  # (N, 4)
inside = boxes[iom([label], boxes)[0] > 0.7]  # (K, 4)
smallest = inside[package_iou([label], inside)[0].argmin()]
close_ups(photo, label, [smallest], [f"over the smaller {iom([label], [smallest])[0, 0]:.2f}"])

# %% tags=["check"]
assert package_iou([label], [smallest])[0, 0] < 0.1
assert iom([label], [smallest])[0, 0] > 0.95

# %% [markdown]
# Here the detector, made less strict, takes a part of the face for another face. The last NMS (chapter 01: the step that drops a
# box which overlaps a better one too much) measures over the smaller box, so this one goes. By IoU it would stay.
#
# ## Your turn
#
# ### Exercise: `iou` (medium)
#
# One box against many, as NMS needs it. `box` has shape (4,), `boxes` (N, 4). Return N numbers: the IoU of `box` with each row, and
# 0 where a union is empty. N may be 0. Leave both arrays as they are.
#
# <details><summary>A hint</summary>
#
# `np.maximum(box[0], boxes[:, 0])` compares one number with a whole column: shape (N,). A loop over the rows is right as well.
#
# </details>
# <details><summary>Another: the empty union</summary>
#
# `np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 0)` divides only where it can.
#
# </details>

# %%
from mtcnn_lite.course import checks, mine


def iou(box, boxes):
    raise NotImplementedError


first = checks.iou(iou)
first

# %%
first.seen()  # NMS in the live detector: left with our overlaps, right with yours

# %% [markdown]
# ### Exercise: `iou_matrix` (stretch)
#
# All pairs at once, without a loop (one with a loop passes too, but takes many times as long): `boxes` is (N, 4), `others` (M, 4),
# the answer (N, M).
#
# <details><summary>A hint</summary>
#
# `boxes[:, None, 0]` has shape (N, 1), `others[None, :, 0]` has (1, M). Between them `np.maximum` gives (N, M).
#
# </details>


# %%
def iou_matrix(boxes, others):
    raise NotImplementedError


checks.iou_matrix(iou_matrix)

# %% [markdown]
# ### Your function in the live detector
#
# NMS asks for thousands of overlaps a photo. A function that has passed is remembered, and from here on the detector runs on it.
# So far, this much of it is yours:

# %%
mine.strip()

# %% [markdown]
# The package's functions stand in for the rest. Here are P-Net's windows with an IoU of at least 0.3 with the label, before and
# after NMS has measured their overlaps:

# %%
from mtcnn_lite.draw import beside, draw_boxes

trace = mine.detector(detector).trace(photo)
steps = [trace.pnet[step].boxes for step in ("above threshold", "nms across levels")]
on_face = [boxes[package_iou([label], boxes)[0] >= 0.3] for boxes in steps]
drawn = [draw_boxes(photo, boxes, "pnet")[:256, 100:356] for boxes in on_face]
beside(drawn, [f"{len(on_face[0])} windows before NMS", f"{len(on_face[1])} after it"], height=256)

# %% tags=["check"]
assert len(on_face[0]) > 2 * len(on_face[1])
assert package_iou(trace.faces.boxes, [found]).max() > 0.9

# %% [markdown]
# A solution is in `source/solutions.py`. `mine.forget("iou")` lets you start again.
#
# ## What you can now say
#
# <details><summary>What does IoU divide by what?</summary>
#
# The area that both boxes cover by the area that at least one of them covers.
#
# </details>
# <details><summary>Where does the shared part of two boxes begin and end, along x?</summary>
#
# It begins at the larger `x1` and ends at the smaller `x2`. If that gives a width below 0, they share nothing.
#
# </details>
# <details><summary>A box of 40 px and one of 400 px are both off by 4 px. Whose IoU suffers more?</summary>
#
# The small one's: only the part of its side counts, here a tenth against a hundredth.
#
# </details>
# <details><summary>A window holds a face entirely and has four times its area. What does training call it?</summary>
#
# A negative: its IoU is 0.25, under 0.3.
#
# </details>
# <details><summary>Why does the last NMS measure over the smaller box?</summary>
#
# To drop a box that lies inside another: over the smaller they have 1, while their IoU may be small.
#
# </details>

# %% [markdown]
# <!-- footer -->
