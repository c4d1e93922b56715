# %% [markdown]
# # 00 · Overlap: how much of two boxes is the same
#
# One question runs through the whole course: *how alike are these two boxes?* You will answer it by counting pixels, then
# without counting, and you will see where a face detector asks it.
#
# | | |
# |---|---|
# | **needs** | Python and a little numpy |
# | **leaves you with** | an `iou` of your own that a live detector decides with, and the conventions that hold in every later chapter |
# | **takes** | about 30 minutes |

# %%
from mtcnn_lite.course.chapters import chapter_map

chapter_map("00")

# %% [markdown]
# ## See it
#
# A detector has looked at this photo and drawn the green box. Somebody has looked at it too and drawn the yellow one, by hand,
# before any detector was run. On the right the same two boxes, larger: what both cover is tinted orange.
#
# The photo is NASA's portrait of the astronaut Eileen Collins. It is in the public domain and comes with scikit-image.

# %%
from skimage.data import astronaut

from mtcnn_lite import Detector
from mtcnn_lite.course.scenes import ASTRONAUT_BOX  # x1, y1, x2, y2, read off by eye
from mtcnn_lite.draw import at_height, beside, draw_boxes, draw_overlap

photo = astronaut()  # (512, 512, 3), RGB, uint8
# The authors' own weights. `mirror`: see chapter 05.
detector = Detector(weights="zhang2016", mirror=False)
trace = detector.trace(photo)
label, found = ASTRONAUT_BOX, trace.faces.boxes[0]  # (4,), (4,)

# %%
import numpy as np

LEFT, TOP, SIDE = 113, 14, 225  # the part of the photo to look at


def close_up(box, other, colour, height=300):
    """The face, with two boxes and what they share."""
    crop, scale = at_height(photo[TOP : TOP + SIDE, LEFT : LEFT + SIDE], height)
    boxes = [(np.array(each) - [LEFT, TOP, LEFT, TOP]) * scale for each in (box, other)]
    return draw_overlap(crop, *boxes, colour)


both_drawn = draw_boxes(draw_boxes(photo, [label], "truth"), [found], "onet")
beside([both_drawn, close_up(label, found, "onet")])

# %%
from mtcnn_lite.boxes import iou as package_iou

print("label   ", [int(v) for v in label])
print("detector", [round(float(v)) for v in found])
print(f"overlap  {package_iou([label], [found])[0, 0]:.2f}")
assert round(float(package_iou([label], [found])[0, 0]), 2) == 0.8

# %% [markdown]
# Neither is wrong. Where a face ends is a matter of taste, and the two tastes agree to 0.80. That number is the
# **intersection over union**, **IoU** for short: the area that both boxes cover, divided by the area that at least one of them
# covers. 1 means the same box, 0 means that they share nothing.
#
# ## Build it
#
# ### Four numbers, said once
#
# Here is the face again, shrunk to 12 × 12 pixels: that is what the first net of the cascade gets to see. On so few pixels one can
# count. The two boxes are made up.

# %%
import cv2
import matplotlib.pyplot as plt

from mtcnn_lite.draw import COLOURS

tiny = cv2.resize(photo[74:179, 173:278], (12, 12), interpolation=cv2.INTER_AREA)  # (12, 12, 3)


def on_grid(axes, boxes, title):
    """The tiny picture, pixel by pixel, with boxes and their colours."""
    axes.imshow(tiny, extent=(0, 12, 12, 0))
    axes.set(xticks=range(13), yticks=range(13), title=title)
    axes.tick_params(labelsize=9, length=0, labeltop=True, labelbottom=False)
    axes.grid(color="white", linewidth=0.5)
    for (x1, y1, x2, y2), colour in boxes:
        axes.plot([x1, x2, x2, x1, x1], [y1, y1, y2, y2, y1], color=COLOURS[colour], linewidth=3)


# %%
yellow, blue = (1, 2, 7, 10), (4, 5, 10, 11)  # x1, y1, x2, y2
figure, axes = plt.subplots(figsize=(3.6, 3.8), layout="constrained")
on_grid(axes, [(yellow, "truth"), (blue, "pnet")], "two boxes on 144 pixels")
plt.show()

# %% [markdown]
# The numbers at the rim do not stand *on* pixels. They stand on the lines between them: pixel 0 lies between 0 and 1. A box is
# given by four such lines, left, top, right, bottom:
#
# > `x1, y1, x2, y2`, counted from 0. It begins at line `x1` and ends at line `x2`, so its width is `x2 - x1`.
#
# In pixels: `x1` is the first that belongs to the box, `x2` the first that does not. Such a box is called **half-open**. It is
# also how Python slices, so cutting a box out needs no thought, but for one thing:

# %%
x1, y1, x2, y2 = yellow
print("width", x2 - x1, "height", y2 - y1)
print("cut out", tiny[y1:y2, x1:x2].shape)  # rows first: (height, width, colours)
assert tiny[y1:y2, x1:x2].shape == (8, 6, 3)

# %% [markdown]
# In a box x comes first. In an array the row comes first, and a row says how far *down*: that is y. Mix them up, and no error comes: the cut-out lies elsewhere, with width and height exchanged (ipazc/mtcnn#4).
#
# | in every chapter | |
# |---|---|
# | counting | from 0; y points down |
# | a box | `x1, y1, x2, y2`, half-open, fractions of a pixel allowed; many boxes are an array (N, 4), and N may be 0 |
# | a photo | an array (height, width, 3), uint8, colours in the order red, green, blue |
#
# The last line matters as well. `cv2.imread` gives blue first. The nets have learned with red first, and they do not complain:

# %%
blue_first = np.ascontiguousarray(photo[..., ::-1])
windows = [len(each.pnet["above threshold"]) for each in (trace, detector.trace(blue_first))]
names = [
    f"{order}: P-Net lets {n} windows pass"
    for order, n in zip(["RGB", "BGR"], windows, strict=True)
]
beside([photo, blue_first], names, height=230)

# %%
print("\n".join(names))
assert windows[0] != windows[1]

# %% [markdown]
# Nothing breaks; only the numbers change. Somebody measured what that costs one package on the hard faces of WIDER FACE, a
# collection of crowded photos: an average precision (chapter 10; 1 is perfect) of 0.487 with RGB, of 0.286 with BGR
# (ipazc/mtcnn#36).
#
# ### Count
#
# Paint each box into a mask: true inside, false outside. What both cover is `&`, what at least one covers is `|`.


# %%
def mask(box, height=12, width=12):
    x1, y1, x2, y2 = (int(v) for v in box)
    inside = np.zeros((height, width), bool)
    inside[y1:y2, x1:x2] = True
    return inside


a, b = mask(yellow), mask(blue)  # (12, 12) each
intersection, union = (a & b).sum(), (a | b).sum()
print(f"yellow {a.sum()} px, blue {b.sum()} px")
print(f"both {intersection} px, at least one {union} px")
print(f"IoU = {intersection} / {union} = {intersection / union:.3f}")

# %%
figure, axes = plt.subplots(1, 3, figsize=(8.4, 3.1), layout="constrained")
masks = {"yellow": a, "blue": b, "1: one of them, 2: both": a.astype(int) + b}
for axis, (title, counted) in zip(axes, masks.items(), strict=True):
    axis.imshow(counted, extent=(0, 12, 12, 0), cmap="Blues", vmin=0, vmax=2.6)
    axis.set(xticks=range(13), yticks=range(13), title=title)
    axis.tick_params(labelsize=8, length=0, labeltop=True, labelbottom=False)
    axis.grid(color="gray", linewidth=0.4)
    for y, x in np.argwhere(counted):
        ink = "white" if counted[y, x] == 2 else "black"
        axis.text(
            x + 0.5, y + 0.5, int(counted[y, x]), color=ink, ha="center", va="center", fontsize=9
        )
plt.show()

# %% [markdown]
# ### Without counting
#
# Counting is slow for large boxes, and it cannot do fractions of a pixel. But the shared part is a box too, so it has four
# numbers. Look at one axis at a time, x first. The yellow box spans 1 to 7, the blue one 4 to 10:
#
# > What is shared begins where the *later* one begins and ends where the *earlier* one ends: from 4 to 7.
#
# The same for y. Sides give areas. And the union? Adding both areas counts the shared part twice, so it comes off once.

# %%
width = min(7, 10) - max(1, 4)  # x: yellow from 1 to 7, blue from 4 to 10
height = min(10, 11) - max(2, 5)  # y: from 2 to 10, from 5 to 11
shared = width * height
covered = 6 * 8 + 6 * 6 - shared
print(f"shared {width} x {height} = {shared}, union 48 + 36 - {shared} = {covered}")
assert (shared, covered) == (intersection, union)

# %% [markdown]
# ### Apart
#
# Now push the blue box away, to the right and down, until the two no longer meet. Watch the formula:

# %%
for shift in (0, 3, 6, 9):
    width, height = 7 - (4 + shift), 10 - (5 + shift)
    print(f"shifted by {shift}: {width:2} x {height:2} = {width * height:3}")

# %% [markdown]
# Sides below 0 mean "this far apart". And two of them multiply to a *positive* area: at shift 9 the formula claims more shared
# pixels than at shift 0, for boxes that share none. The cure is one step: a side below 0 counts as 0, *before* multiplying.
#
# The package does so. From here on we use its `iou`, which takes (N, 4) and (M, 4) and gives all N × M answers:

# %%
pushed = np.array(blue) + 9
print(f"yellow and the pushed one: {package_iou([yellow], [pushed])[0, 0]:.3f}")
print("yellow, blue  x  blue, yellow, pushed:")
print(package_iou([yellow, blue], [blue, yellow, pushed]).round(3))  # (2, 3)

# %% [markdown]
# ### Odd boxes
#
# Sooner or later a program makes them all: boxes that touch, boxes without width, numbers that are no numbers.

# %%
square = [0, 0, 4, 4]
for name, box in {
    "touching": [4, 0, 8, 4],  # the square ends at line 4, this one begins there
    "no width": [2, 0, 2, 4],
    "inside out": [3, 3, 1, 1],
}.items():
    print(f"{name:10}  IoU with the square {package_iou([square], [box])[0, 0]:.0f}, ", end="")
    print(f"with itself {package_iou([box], [box])[0, 0]:.0f}")

# %% [markdown]
# A **degenerate box** has no area. With itself it has a union of 0, and 0 / 0 is nothing that one could compare with a threshold.
# So the answer is *defined*: 0. The package's `iou` has a test for just that. What numpy would say is NaN:

# %%
nothing = np.zeros(1)
with np.errstate(invalid="ignore"):
    overlap = nothing / nothing
print("0 / 0 =", overlap[0], " above 0.5:", overlap[0] > 0.5, " not above 0.5:", overlap[0] <= 0.5)

# %% [markdown]
# NaN is neither above a threshold nor below it. Code that *drops* what is above keeps such a box for ever; code that *keeps* what is
# not above loses it. So NaN must not get in at all, and the package says so at the door:

# %%
try:
    package_iou([square], [[0, 0, float("nan"), 4]])
except ValueError as error:
    print(error)

# %% [markdown]
# ### No unit
#
# IoU is square pixels over square pixels: a plain number. Enlarge the photo, and the boxes with it, and it stays. In words: what
# counts is not how many pixels a box is off, but *what part of its size*.

# %%
for factor in (1, 2, 10):
    overlap = package_iou([np.array(yellow) * factor], [np.array(blue) * factor])[0, 0]
    print(f"{factor:2} times as large: IoU {overlap:.3f}")

# %%
for side in (12, 24, 48, 96):
    one_off = package_iou([[0, 0, side, side]], [[1, 1, side + 1, side + 1]])[0, 0]
    tenth_off = package_iou([[0, 0, side, side]], [[side / 10, 0, side * 1.1, side]])[0, 0]
    print(f"side {side:2}: off by 1 px in x and y {one_off:.2f}, by a tenth in x {tenth_off:.2f}")

# %% [markdown]
# One pixel is nothing to a face of 96 px. It is a lot to one of 12. A tenth of the side is the same to all of them. That is why *one* threshold serves
# faces of every size: IoU is **scale-free**, or scale invariance.

# %%
figure, axes = plt.subplots(1, 2, figsize=(8.2, 3), layout="constrained", sharey=True)
parts = np.linspace(0, 1, 41)
inks = ("#0072B2", "#E69F00", "#009E73", "#D55E00")
for side, ink, width in zip((12, 24, 48, 96), inks, (8, 5.5, 3.5, 1.5), strict=True):
    shifted = [[part * side, 0, part * side + side, side] for part in parts]
    overlaps = package_iou([[0, 0, side, side]], shifted)[0]  # (41,)
    axes[0].plot(parts * side, overlaps, color=ink, label=f"{side} px")
    axes[1].plot(parts, overlaps, color=ink, linewidth=width)
axes[0].set(xlabel="shift to the right, px", ylabel="IoU", xlim=(0, 48))
axes[0].set_title("in pixels: four curves")
axes[1].set(xlabel="shift to the right, in parts of the side", xlim=(0, 1), ylim=(0, 1))
axes[1].set_title("in parts of the side: all on one")
axes[1].legend(*axes[0].get_legend_handles_labels(), title="side of the window")
plt.show()

# %% [markdown]
# ### What 0.3, 0.4, 0.5 and 0.65 look like
#
# You will often meet these four. For training, the paper calls a window *negative* if its IoU with every face is under
# 0.3. From 0.4 to 0.65 it is *part* of a face, above that it is *positive*. What lies between 0.3 and 0.4 is not used.
#
# 0.5 is what the benchmarks PASCAL VOC and WIDER FACE ask of a detection to count it as found. It is also what P-Net's NMS (chapter 01) allows two boxes of one level, that is, of one size of the photo (chapter 02).
#
# How far must a copy of the label move for each of them? Moved by *d* widths, it shares 1 − *d* of a box with the label, and together they
# cover 1 + *d*. So *IoU = (1 − d) / (1 + d)*. The cell solves that for *d*.

# %%
marks = (0.3, 0.4, 0.5, 0.65)
width = label[2] - label[0]
panels, names = [], []
for mark in marks:
    d = (1 - mark) / (1 + mark)
    moved = np.array(label) + [d * width, 0, d * width, 0]
    assert abs(package_iou([label], [moved])[0, 0] - mark) < 1e-4
    panels.append(close_up(label, moved, "pnet", 190))
    names.append(f"IoU {mark}: moved by\n{d:.0%} of the width")
beside(panels, names, height=190)

# %%
print("\n".join(name.replace("\n", " ") for name in names))

# %% [markdown]
# IoU is stricter than it sounds. 0.5 is not half off, only a third; 0.65 is a fifth off. In the leftmost picture the box still holds almost half of the face, and IoU gives it 0.3.
#
# ### Inside
#
# Boxes can differ in another way: same middle, other size. Then one lies inside the other, all of the smaller one is shared, and
# the union is the larger one. So, exactly:
#
# > for **nested boxes** IoU is the ratio of the areas.

# %%
middle = (np.array(label[:2]) + label[2:]) / 2
half = np.array(label[2:]) - middle
panels, names = [], []
for ratio in (0.25, 0.4, 0.5, 0.65):
    grown = np.concatenate([middle - half / ratio**0.5, middle + half / ratio**0.5])
    assert abs(package_iou([label], [grown])[0, 0] - ratio) < 1e-4
    panels.append(close_up(label, grown, "pnet", 190))
    names.append(f"IoU {ratio}: sides\n× {ratio**-0.5:.2f}, area × {1 / ratio:.2f}")
beside(panels, names, height=190)

# %%
print("\n".join(name.replace("\n", " ") for name in names))

# %% [markdown]
# The first picture holds the *whole face*. As a training window it is a negative all the same: 0.25 is under 0.3. A net learns from
# it that a face *in* the window is not enough. It has to fill it.
#
# ### Over the smaller
#
# Sometimes "one lies inside the other" is just what we want to hear. **Intersection over the smaller**, `iom` in this package and
# "Min" in the authors' code, divides by the smaller of the two areas: 1 as soon as one box lies inside the other.

# %%
from mtcnn_lite.boxes import iom

large = np.concatenate([middle - 2 * half, middle + 2 * half])
for name, box in {"itself": label, "one of four times the area": large}.items():
    overlaps = package_iou([label], [box])[0, 0], iom([label], [box])[0, 0]
    print(f"the label and {name:27} IoU {overlaps[0]:.2f}, over the smaller {overlaps[1]:.2f}")

# %% [markdown]
# The cascade measures with it in one place: the last NMS. (NMS is chapter 01: of boxes that overlap too much, it keeps the best.)
# After O-Net nothing else follows, and a box inside another is a second report of the same thing. All NMS before that one use
# IoU. To see a case, lower the nets' *score* thresholds until the detector sees faces where there are none:

# %%
from mtcnn_lite.nms import nms

unsure = trace.rerun(thresholds=(0.4, 0.2, 0.2)).onet["refined"]  # before the last NMS
for measure in ("iou", "iom"):
    kept = nms(unsure.boxes, unsure.scores, 0.7, measure)
    print(f"of {len(unsure)} boxes, last NMS with {measure}: {len(kept)} stay")
both_ways = [nms(unsure.boxes, unsure.scores, 0.7, m) for m in ("iou", "iom")]
(extra,) = set(both_ways[0]) - set(both_ways[1])

# %%
overlaps = iom(unsure.boxes[[extra]], unsure.boxes)[0]  # (7,)
overlaps[extra] = 0
pair = unsure.boxes[[extra, overlaps.argmax()]]  # (2, 4)
crop, scale = at_height(photo[180:265, 110:215], 240)
shown = draw_overlap(crop, *((box - [110, 180, 110, 180]) * scale for box in pair))
values = package_iou(pair[:1], pair[1:])[0, 0], iom(pair[:1], pair[1:])[0, 0]
beside([shown], [f"IoU {values[0]:.2f}, over the smaller {values[1]:.2f}"], height=240)

# %%
print(f"IoU {values[0]:.2f}, over the smaller {values[1]:.2f}")
assert values[0] < 0.7 < values[1]
usual = trace.onet["refined"]  # at the thresholds that the authors used
by_iou, by_iom = (nms(usual.boxes, usual.scores, 0.7, measure) for measure in ("iou", "iom"))
print(f"at the usual thresholds: {len(by_iou)} face by IoU, {len(by_iom)} over the smaller")
assert by_iou.tolist() == by_iom.tolist()

# %% [markdown]
# Two boxes inside the suit's collar, one inside the other. IoU lets both stay; over the smaller, one has to go. With the usual thresholds
# neither is seen, and on this photo both measures then give the same face.
#
# ## Check it
#
# Counting cannot be wrong, it is only slow. So it is the judge: the package's `iou` and `iom` against counted pixels, on random boxes
# of whole numbers, empty ones among them.

# %%
generator = np.random.default_rng(0)
corners = generator.integers(0, 8, (200, 2))
sides = generator.integers(0, 12, (200, 2))  # a side of 0 makes an empty box
boxes_a = np.hstack([corners, corners + sides])  # (200, 4)
boxes_b = np.roll(boxes_a, 1, axis=0)  # each with its neighbour

worst = 0.0
for box, other in zip(boxes_a, boxes_b, strict=True):
    a, b = mask(box, 20, 20), mask(other, 20, 20)
    for measure, whole in ((package_iou, (a | b).sum()), (iom, min(a.sum(), b.sum()))):
        counted = (a & b).sum() / whole if whole else 0.0
        worst = max(worst, abs(counted - measure([box], [other])[0, 0]))
print(f"200 pairs, two measures: largest difference below 1e-6: {worst < 1e-6}")
assert worst < 1e-6

# %%
meet = np.array([package_iou([a], [b])[0, 0] > 0 for a, b in zip(boxes_a, boxes_b, strict=True)])
empty = (sides == 0).any(axis=1)
print(f"{meet.sum()} of the pairs meet; {empty.sum()} of the boxes are empty")

# %% [markdown]
# ## Play with it
#
# Drag a box inside to move it, at an edge or a corner to resize it. The sliders move the blue one and need no mouse. Your browser computes it all, without
# Python.
#
# Four things to try:
#
# 1. Put the blue box on the yellow one, then move **x** pixel by pixel. How far until it is no longer *positive*? No longer *part*?
# 2. Make the blue box small and put it inside the yellow one. Which measure moves when you shift it, and which when you resize it?
# 3. Let the two touch, edge to edge, then overlap by a single pixel.
# 4. Set **width** to 0.

# %%
from mtcnn_lite.course.explorers.overlap import OverlapExplorer

explorer = OverlapExplorer(photo, label, found)
explorer

# %% [markdown]
# Without a running kernel you see a still picture of it: the label, the detector's box rounded to whole pixels, and both measures.
#
# ## Your turn
#
# ### Exercise: `iou` (medium, 15 minutes)
#
# One box against many, as NMS needs it. `box` has shape (4,), `boxes` (N, 4). Return N numbers: the IoU of `box` with each row. Where a
# union is empty the answer is 0. N may be 0. Leave both arrays as they are.
#
# <details><summary>A hint</summary>
#
# `np.maximum(a, b)` compares element by element, and a single number against a whole column at once: `np.maximum(box[0], boxes[:, 0])`
# has shape (N,). A loop over the rows is right as well.
#
# </details>
# <details><summary>Another</summary>
#
# A side below 0 becomes 0 before you multiply: `np.maximum(side, 0)`, or `max(side, 0)` in a loop.
#
# </details>
# <details><summary>A third: the empty union</summary>
#
# `np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 0)` divides only where it can, and leaves 0 elsewhere.
#
# </details>

# %%
from mtcnn_lite.course import checks


def iou(box, boxes):
    raise NotImplementedError


first = checks.iou(iou)
first

# %% [markdown]
# ### Your function in the live detector
#
# NMS asks "how alike are these two?" thousands of times a photo. `MEASURES` is the package's list of ways to answer. We add yours as one more,
# and the detector below suppresses with it, in every NMS but the last. Until yours has passed, the package's stands in.

# %%
from mtcnn_lite.nms import MEASURES

asked = []


def mine(some, others):  # (N, 4), (M, 4) -> (N, M): your function, called once a row
    asked.append(len(some) * len(others))
    rows = [iou(box, others) if first else package_iou([box], others)[0] for box in some]
    return np.reshape([np.asarray(row) for row in rows], (len(some), len(others)))


MEASURES["mine"] = mine


# %%
def nms_with_mine(boxes, scores, threshold):
    return nms(boxes, scores, threshold, "mine")


plain = Detector(
    detector.nets, nms=(0.52, 0.7, 0.8, 0.7), mirror=False
)  # why 0.52: see the next section
with_mine = plain.swap(nms=nms_with_mine)
theirs, ours = plain.trace(photo), with_mine.trace(photo)
print("measuring with:", "your iou" if first else "the package's iou, until yours has passed")
for stage, step in (("pnet", "nms within levels"), ("rnet", "nms")):
    kept = [getattr(each, stage)[step].boxes for each in (theirs, ours)]
    same = len(kept[0]) == len(kept[1]) and np.allclose(*kept, atol=0.01)
    print(f"{stage}: {len(kept[1])} boxes kept, the same as without it: {same}")
    assert same, "your iou keeps other boxes"

# %%
from mtcnn_lite.draw import draw_faces

print(f"{len(ours.faces)} face found, {sum(asked):,} overlaps measured on the way")
assert np.allclose(ours.faces.boxes, theirs.faces.boxes, atol=0.01)
draw_faces(photo, ours.faces)

# %% [markdown]
# The solution is in `source/solutions.py`. Look after you have tried.
#
# ## Where paper, notes and code disagree
#
# **The + 1.** Much code for MTCNN computes a width as `x2 - x1 + 1`. Where does the 1 come from? The authors wrote MATLAB. MATLAB counts pixels from 1,
# and its ranges include their last: `a(3:7)` are *five* numbers. Boxes in that code name their first and their *last* pixel, and such an
# **inclusive** box from 3 to 7 is 7 − 3 + 1 wide. There the 1 is right. In Python, with half-open boxes, it is one pixel too many:

# %%
plus_one = np.array([0, 0, 1, 1])  # x2 - x1 + 1 is the width of a box whose x2 is one further
for side in (12, 24, 48, 225):
    right, wrong = side * side, (side + 1) ** 2
    print(f"side {side:3} px: area {right:6,}, with +1 {wrong:6,}: {wrong / right - 1:+.1%}")

# %% [markdown]
# For a large face it hardly matters. But P-Net works on windows of 12 px, and on nothing else. Here are two of them, as neighbours: 2 px and 4 px apart
# (P-Net's step is 2), and edge to edge.

# %%
window = np.array([[0, 0, 12, 12]])
for shift in (2, 4, 12):
    neighbour = window + [shift, 0, shift, 0]
    right = package_iou(window, neighbour)[0, 0]
    wrong = package_iou(window + plus_one, neighbour + plus_one)[0, 0]
    print(f"{shift:2} px apart: IoU {right:.3f}, with +1 {wrong:.3f}")

# %% [markdown]
# Two windows that only touch get an overlap. And look at 4 px: 0.5 exactly becomes 0.529. NMS within a level drops what is *above* 0.5. So the
# +1 decides whether such a neighbour stays. In P-Net's answers on this photo:


# %%
def kept_in_levels(add):
    """How many of P-Net's windows NMS keeps, measured in pixels of each level: whole numbers."""
    candidates, kept = trace.pnet["above threshold"], 0
    for level in range(len(trace.levels)):
        rows = candidates.level == level
        corner = 2 * candidates.cell[rows][:, ::-1]  # (n, 2) x, y
        windows = np.hstack([corner, corner + 12 + add])  # (n, 4)
        kept += len(nms(windows, candidates.scores[rows], 0.5))
    return kept


print("half-open:", kept_in_levels(0), "windows kept,  with +1:", kept_in_levels(1))
assert kept_in_levels(0) > kept_in_levels(1)

# %% [markdown]
# Code that mixes both is worse than either. The authors' own `detect_face.m` measures with +1 in its NMS and moves P-Net's boxes without it. In
# facenet-pytorch, `generateBoundingBox` makes inclusive boxes, torchvision's NMS takes them for half-open, and `bbreg` adds the 1 again.
#
# **Exactly 0.5.** "Above" or "at least"? With scores one need not care. With overlaps one must: windows on a grid have overlaps that are *exactly* 0.5. The
# authors' `nms.m` keeps what is `<=` the threshold, and so does this package. But measured in the photo, where the same windows have fractions of a
# pixel, rounding in the last digit tips the scale:

# %%
candidates = trace.pnet["above threshold"]
ties = above = 0
for level in range(len(trace.levels)):
    rows = candidates.level == level
    corner = 2 * candidates.cell[rows][:, ::-1]
    exact = package_iou(*[np.hstack([corner, corner + 12])] * 2)  # (n, n) in the level's pixels
    tie = np.triu(exact == 0.5)
    in_photo = package_iou(*[candidates.boxes[rows]] * 2)[tie]  # the same pairs, in the photo's
    ties, above = ties + int(tie.sum()), above + int((in_photo > 0.5).sum())
print(f"{ties} pairs overlap by exactly 0.5; rounding lifts {above} of them above it")

# %% [markdown]
# So two correct versions of `iou`, one of them in double precision, may keep other boxes. That is why your function was tried at 0.52: no two windows
# of a level have an overlap near that. The lesson holds elsewhere: do not put a threshold on a value that is hit exactly.
#
# **Which four numbers?** Label files differ. WIDER FACE stores `x, y, width, height`; others store two corners. Take one for the other, and no error comes:

# %%
x1, y1, x2, y2 = label
readings = {
    "two corners, as it is": (x1, y1, x2, y2),
    "x, y, width, height, taken for corners": (x1, y1, x2 - x1, y2 - y1),
    "corners, taken for x, y, width, height": (x1, y1, x1 + x2, y1 + y2),
    "x and y swapped": (y1, x1, y2, x2),
}
for name, box in readings.items():
    print(f"{name:40} {[int(v) for v in box]!s:22} IoU {package_iou([label], [box])[0, 0]:.2f}")

# %% [markdown]
# The second is inside out, so all its overlaps are 0, and every window of the photo becomes a negative: the net is taught that this face is none.
# Draw your labels before you train on them.
#
# **"Near 0 when the predicted box is far too large."** Some notes say so of IoU, next to "near 0 when the boxes are apart". The first is a matter of degree, and it cuts both ways: nested boxes give
# the ratio of their areas, whichever of the two is too large.

# %%
for name, by in (("twice the side", 2), ("ten times the side", 10), ("a tenth of the side", 0.1)):
    box = np.concatenate([middle - half * by, middle + half * by])
    print(f"{name:20} IoU {package_iou([label], [box])[0, 0]:.2f}")

# %% [markdown]
# The same notes call a negative window one that "holds very little of a face". The first picture under *Inside* held all of it.
#
# ## What you can now say
#
# - IoU is what both boxes cover over what at least one of them covers; the shared part begins at the later beginning and ends at the earlier end.
# - A side below 0 counts as 0; an empty union gives 0, by definition.
# - IoU has no unit: what counts is how far a box is off in parts of its size. A third of a width off is 0.5.
# - Nested boxes have the ratio of their areas as IoU, and 1 over the smaller. The cascade's last NMS uses the latter.
# - Boxes here count from 0 and are half-open. The +1 belongs to inclusive boxes; on half-open ones it adds 17% to the area at 12 px.
#
# New words ([glossary](glossary.md)): **intersection over union** (**IoU**), **half-open**, **inclusive**, **degenerate box**, **scale-free**, **nested boxes**,
# **intersection over the smaller**.
#
# Next door is 01, NMS: of the many boxes on one face it keeps the best, and an `iou` like yours tells it which of them are too many.
