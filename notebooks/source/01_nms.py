# %% [markdown]
# <!-- header -->

# %% [markdown]
# ## Play
#
# MTCNN's second net, R-Net, has found this face seven times. **Non-maximum suppression**, NMS for short, keeps the best box and removes
# what overlaps it too much. **Next step** and **play** run the film. First guess:
#
# <details><summary>NMS removes what overlaps a better box by more than half. How many of the seven are left?</summary>
#
# One. Each of the other six overlaps the best box by 0.67 or more.
#
# </details>
# <details><summary>Now 0.9 is allowed, not 0.5. Are more boxes left, or fewer?</summary>
#
# More: five. Only what overlaps more than that goes.
#
# </details>
# <details><summary>Two faces overlap by 0.38, and only 0.3 is allowed. What goes wrong?</summary>
#
# The second face is lost. To NMS its box is one more copy of the first.
#
# </details>

# %%
from skimage.data import astronaut

from mtcnn_lite import Detector
from mtcnn_lite.course.explorers.suppression import SuppressionExplorer
from mtcnn_lite.course.nms_pools import pools as boxes_of

photo = astronaut()  # (512, 512, 3), RGB, uint8
detector = Detector()
pools = boxes_of(detector, photo)
SuppressionExplorer(pools)

# %% [markdown]
# Boxes are numbered from 0, best first, as rows of an array. The box of this step is thick; gray ones wait; what goes is crossed out.
#
# 1. *One face*: drag **overlap threshold** to the right until a second box stays.
# 2. *Before R-Net moves them*: how many are left at 0.5? Measure *over the smaller*. How many now?
# 3. *Two faces*: which thresholds leave both faces and nothing else? Choose *gaussian*: which sigmas do?
#
# ## Build
#
# ### One face: one step
#
# Two things go in: boxes (N, 4) and their scores (N,). Take the best. Measure its IoU with each of the others (chapter 00: 0 apart, 1 the
# same box). What is above a threshold goes.

# %%
import numpy as np

from mtcnn_lite.boxes import iou

one = pools["one face, R-Net"]
best = one.scores.argmax()
overlap = iou(one.boxes[[best]], one.boxes)[0]  # (7,): the best box's IoU with all seven
goes = (overlap > 0.5) & (np.arange(len(one.boxes)) != best)  # (7,)
print("keep", best, "and remove", np.flatnonzero(goes))

# %%
from mtcnn_lite.course.nms_figures import overlaps_with_best

overlaps_with_best(one, threshold=0.5)

# %% [markdown]
# ### Two faces: go on
#
# We put the mirror image of her face before her own. The last net, O-Net, gives nine boxes for the two. One step is not enough here. The
# whole rule:
#
# > 1. Of the boxes that are left, take the one with the best score. It is kept.
# > 2. Remove every other box whose IoU with it is greater than the threshold.
# > 3. Repeat until none is left.
#
# That is **greedy NMS**: it takes the best of the moment, and never looks back.

# %%
from mtcnn_lite import nms as package  # its functions nms and soft_nms; you write your own below
from mtcnn_lite.course.nms_figures import film_strip

two = pools["two faces, O-Net"]
film_strip(two, threshold=0.5)

# %% tags=["check"]
assert package.nms(one.boxes, one.scores, 0.5).tolist() == [0]
assert package.nms(one.boxes, one.scores, 0.65).tolist() == [0]
assert len(package.nms(one.boxes, one.scores, 0.9)) == 5
assert package.nms(two.boxes, two.scores, 0.5).tolist() == [0, 2]
assert package.nms(two.boxes, two.scores, 0.3).tolist() == [0]
assert round(overlap.min().item(), 2) == 0.67

# %% [markdown]
# ### How much is too much?
#
# To NMS, boxes with much overlap are one face. What if they are two? This is what each threshold leaves of the nine boxes:

# %%
from mtcnn_lite.course.nms_figures import sweep

sweep(two, "greedy")

# %% [markdown]
# Too strict, and the face behind is lost. Too lenient, and copies come back. The range between depends on how much the faces overlap, and
# no threshold knows that.
#
# ### Gone is gone
#
# A removed box removes nothing itself. Here box 1 overlaps both others by 0.46, and they overlap each other by 0.25. The threshold is 0.4:

# %%
from mtcnn_lite.course.nms_figures import on_paper

row = np.array([[0, 0, 10, 10], [3, 1, 13, 11], [6, 0, 16, 10]])
scores = [[0.9, 0.8, 0.7], [0.8, 0.9, 0.7]]
on_paper(row, scores, 0.4, ["box 0 is the best", "box 1 is the best"])

# %% [markdown]
# If box 0 is the best, box 1 goes, and nothing is left to remove box 2. If box 1 is the best, both others go.
#
# ### Cut before or after
#
# *A box is only ever removed by a better one.* So it does not matter whether you drop low scores before NMS or after it. P-Net's windows
# in the whole photo, cut both ways:

# %%
from mtcnn_lite.course.nms_figures import cut_curves

every = pools["the whole photo, P-Net"]
kept = package.nms(every.boxes, every.scores, 0.5)  # once
cuts = np.linspace(0.5, 0.99, 50)
after = [kept[every.scores[kept] >= lowest] for lowest in cuts]
before = []
for lowest in cuts:
    rows = np.flatnonzero(every.scores >= lowest)
    before.append(rows[package.nms(every.boxes[rows], every.scores[rows], 0.5)])
cut_curves(cuts, [len(rows) for rows in after], [len(rows) for rows in before])

# %% tags=["check"]
assert (
    iou(row, row)[[0, 0, 1], [1, 2, 2]].round(2).tolist() == np.float32([0.46, 0.25, 0.46]).tolist()
)
assert [sorted(package.nms(row, each, 0.4)) for each in scores] == [[0, 2], [1]]
assert all(a.tolist() == b.tolist() for a, b in zip(after, before, strict=True))

# %% [markdown]
# They are the same boxes, in the same order. A slider for the score lives on that: NMS runs once, the slider only hides boxes.
#
# ### A small box inside a big one
#
# Boxes 3 and 4 of R-Net, before it moves them. The small one lies inside the big one, so IoU is low: the union is as large as the big box.
# Intersection over the smaller (chapter 00, `iom` in code) asks how much of the *smaller* box is covered:

# %%
from mtcnn_lite.boxes import iom
from mtcnn_lite.course.nms_figures import by_measure

raw = pools["the same, before R-Net moves them"]
big, small = raw.boxes[[3]], raw.boxes[[4]]
print(f"IoU {iou(big, small).item():.2f}, over the smaller {iom(big, small).item():.2f}")
by_measure(raw, rows=(3, 4), threshold=0.7)

# %% tags=["check"]
for measure, left in (("iou", [0, 1]), ("iom", [0])):
    assert package.nms(raw.boxes[3:5], raw.scores[3:5], 0.7, measure).tolist() == left

# %% [markdown]
# The cascade uses both: IoU after P-Net and R-Net, as the next net will judge a box in a box; over the smaller after O-Net, as no net comes
# after it.
#
# ### Soft-NMS: lower, do not remove
#
# [Bodla and others](https://arxiv.org/abs/1704.04503) change one line. **Soft-NMS** does not remove a box that overlaps the best: it lowers its score. In
# each step, the score $s$ of each box that is left is multiplied by a factor that depends on its overlap $o$ with the best:
#
# $$s \leftarrow s \cdot f(o), \qquad f_{\text{greedy}}(o) = \begin{cases} 0 & o > t \\ 1 & \text{else} \end{cases} \qquad f_{\text{linear}}(o) = \begin{cases} 1 - o & o > t \\ 1 & \text{else} \end{cases} \qquad f_{\text{gaussian}}(o) = e^{-o^2 / \sigma}$$
#
# | formula | code | |
# |---|---|---|
# | $s$ | `scores` | (N,) |
# | $o$ | `iou` | (N,) |
# | $t$ | `threshold` | 0.3 in the paper's code |
# | $\sigma$ | `sigma` | 0.5 there |

# %%
from mtcnn_lite.course.nms_figures import factors

apart = iou(two.boxes[[0]], two.boxes[[2]]).item()  # of the best boxes of the two faces
factors(apart)

# %% [markdown]
# As in greedy NMS, the best box of each step keeps its score, and a box that was taken is not touched again. One thing is new: scores
# change on the way, so the best is chosen *anew in each step*. The nine boxes:

# %%
from mtcnn_lite.course.nms_figures import lowered_scores

lowered = {
    method: package.soft_nms(two.boxes, two.scores, 0.5, method, threshold=0.3)
    for method in ("linear", "gaussian")
}
lowered_scores(two, lowered, cut=0.5)

# %% tags=["check"]
assert round(apart, 2) == 0.38
assert all(np.flatnonzero(each >= 0.5).tolist() == [0, 2] for each in lowered.values())
assert all(each[0] == two.scores[0] for each in lowered.values())

# %% [markdown]
# Box 2, the best of the face behind, is lowered once, for its overlap of 0.38 with box 0. Its copies overlap a better box by far more. A
# cut at 0.5 leaves one box a face, where greedy NMS at 0.3 lost one.
#
# Is Soft-NMS free of thresholds, then? No. It removes nothing, so it always needs a cut. And it has sigma:

# %%
sweep(two, "greedy", "gaussian", cut=0.5)

# %% [markdown]
# Again there is a range that works. Soft-NMS gives a gradual answer in place of a cliff. Over many photos that pays: the
# abstract reports 1.7 points of mean average precision (chapter 10) on PASCAL VOC 2007, and 1.3 and 1.1 for two detectors on COCO. Those
# are objects of many classes, not faces.
#
# ### What it costs
#
# The work is in the overlaps. If all boxes lie apart, greedy NMS removes none and measures all $N (N - 1) / 2$ pairs. If all lie in one
# place, one step of $N - 1$ overlaps does it. Soft-NMS always measures all pairs.

# %%
from mtcnn_lite.course.explorers.suppression import view

n = len(every.boxes)
print(f"{n} boxes, {n * (n - 1) // 2:,} pairs")
for method in ("greedy", "gaussian"):
    counted = view(every.boxes, every.scores, method, 0.5, 0.5, step=n).compared
    print(f"{method:8} {counted:6,} overlaps, all levels together")
windows = detector.trace(photo).pnet["above threshold"]
levels = [windows.select(windows.level == k) for k in np.unique(windows.level)]
counted = [view(each.boxes, each.scores, "greedy", 0.5, 0.5, step=n).compared for each in levels]
print(f"greedy   {sum(counted):6,} overlaps, one after the other in {len(levels)} levels")

# %% [markdown]
# The cascade does it as in the last line: first within each level of the image pyramid (chapter 02). Pairs grow with the square, so small
# problems are cheaper than one large one. And on a clock? (Greedy NMS also measures 64 boxes in one array operation here; Soft-NMS
# can't, as scores change with each step.)

# %% tags=["nbval-ignore-output", "clock"]
import timeit

took = {}  # ms
for function in (package.nms, package.soft_nms):
    runs = timeit.repeat(lambda f=function: f(every.boxes, every.scores, 0.5), number=5, repeat=5)
    took[function.__name__] = 1000 * min(runs) / 5
    print(f"{function.__name__:8} {took[function.__name__]:5.2f} ms")

# %% tags=["check"]
assert took["soft_nms"] > 2 * took["nms"]

# %% [markdown]
# ### Is it right?
#
# Greedy NMS promises two things: no two kept boxes overlap too much, and each removed box overlaps too much with a better one that was kept.
# Only one set of boxes satisfies both. The folded cell checks them on random boxes, and asks OpenCV, which has an NMS too.

# %% tags=["check"]
import cv2

generator = np.random.default_rng(1)
for count in (1, 20, 200):
    corner, sides = generator.uniform(0, 100, (count, 2)), generator.uniform(20, 60, (count, 2))
    b = np.hstack([corner, corner + sides]).astype(np.float32)
    s = (generator.permutation(count) + 1).astype(np.float32) / count  # no two alike
    k = package.nms(b, s, 0.4)
    over = iou(b, b) > 0.4  # (count, count)
    removed = np.setdiff1d(np.arange(count), k)
    assert (over[np.ix_(k, k)].sum(axis=1) == 1).all(), "a kept box overlaps only itself"
    assert (over[removed][:, k] & (s[k] > s[removed, None])).any(axis=1).all()
    assert list(
        cv2.dnn.NMSBoxes(np.hstack([corner, sides]).tolist(), s.tolist(), 0.0, 0.4)
    ) == list(k)

# %% [markdown]
# ## Your turn
#
# ### Exercise: `nms` (medium)
#
# Return the indices of the boxes to keep, best first. A box goes when its IoU with a kept box is *greater* than the threshold. Of equal
# scores, the earlier box comes first: without a rule, two machines give two answers. There may be no box at all. Leave `boxes` and
# `scores` as they are. You may use `iou(first, second)`: (N, 4) and (M, 4) give (N, M).
#
# <details><summary>A hint</summary>
#
# `np.argsort(-scores, kind="stable")` gives the indices best first, and keeps the order of equal ones. Take the first of them, keep of the
# others only those that may stay, and begin again.
#
# </details>
# <details><summary>Another</summary>
#
# `while len(order):` ends by itself, also for no box. `iou(boxes[[best]], boxes[others])[0]` has a number for each of `others`.
#
# </details>

# %%
from mtcnn_lite.course import checks, mine


def nms(boxes, scores, threshold):
    raise NotImplementedError


first = checks.nms(nms)
first

# %%
first.seen()  # left with our function, right with yours

# %% [markdown]
# ### Exercise: `soft_nms` (stretch)
#
# Return the lowered scores (N,) in the order of the input: score *i* belongs to box *i*. Use the gaussian factor. Take the best of those
# left, lower the others that are left, begin again. Leave `boxes` and `scores` as they are.
#
# <details><summary>A hint</summary>
#
# `scores.astype(float)` is a copy. Keep the indices of the boxes that are left in an array, and choose the best among *them*, by the scores
# as they are by then.
#
# </details>
# <details><summary>Another</summary>
#
# `left[lowered[left].argmax()]` is the best that is left. `left[left != best]` takes it out.
#
# </details>


# %%
def soft_nms(boxes, scores, sigma):
    raise NotImplementedError


checks.soft_nms(soft_nms)

# %% [markdown]
# ### Your functions in the live detector
#
# From here on the detector runs on your `nms`, in P-Net and in R-Net. The package stands in for what is not yours yet:

# %%
mine.strip()

# %%
from mtcnn_lite.draw import at_height, beside, draw_boxes

trace = mine.detector(detector).trace(photo)
steps = trace.pnet["above threshold"], trace.pnet["nms across levels"], trace.faces
picture, zoom = at_height(photo, 270)
nets = "pnet", "pnet", "onet"
drawn = [draw_boxes(picture, a.boxes * zoom, net, 1) for a, net in zip(steps, nets, strict=True)]
says = [f"{len(steps[0])} of P-Net's windows", f"{len(steps[1])} after its NMS", "in the end"]
beside(drawn, says, height=270)

# %% [markdown]
# The cascade has no Soft-NMS, so yours meets the two faces alone:

# %%
yours = mine.get("soft_nms", package.soft_nms)(two.boxes, two.scores, 0.5)  # (9,)
rows = np.flatnonzero(np.asarray(yours) >= 0.5)
drawn = draw_boxes(two.image, two.boxes[rows], "onet", 3)
beside([drawn], [f"boxes {rows.tolist()} have 0.5 or more"], height=260)

# %% [markdown]
# Solutions are in `source/solutions.py`.
#
# ## What you can now say
#
# <details><summary>Which box does greedy NMS take first, and which boxes does that remove?</summary>
#
# The one with the best score. It removes every other whose IoU with it is greater than the threshold.
#
# </details>
# <details><summary>Box A removes B. C overlaps B, but not A. Does C stay?</summary>
#
# Yes, if no other box removes it. What is gone removes nothing.
#
# </details>
# <details><summary>Why may a cut at a score come before NMS as well as after it?</summary>
#
# A box is only ever removed by a better one. Boxes under the cut could not have removed any that is above it.
#
# </details>
# <details><summary>Which boxes does NMS by IoU leave that NMS over the smaller removes?</summary>
#
# Small boxes inside big ones. Over the smaller they have an overlap of 1, while their IoU may be low.
#
# </details>
# <details><summary>What does Soft-NMS do differently, and what does it still need?</summary>
#
# It lowers scores by overlap, and chooses the best anew in each step. It needs a sigma, and a cut at a score.
#
# </details>

# %% [markdown]
# <!-- footer -->
