# %% [markdown]
# # 01 · NMS: of many boxes on one face, the best
#
# A detector finds each face many times over. You will build the step that keeps one of them, watch it work like a film, and
# meet its gentler relative for faces that overlap.
#
# | | |
# |---|---|
# | **needs** | Python, numpy, and the overlap of two boxes (chapter 00) |
# | **leaves you with** | greedy NMS and Soft-NMS of your own, one of them in a live detector, and a feeling for their thresholds |
# | **takes** | about 45 minutes |

# %%
from mtcnn_lite.course.chapters import chapter_map

chapter_map("01")

# %% [markdown]
# ## See it
#
# MTCNN's second net, R-Net, has looked at the windows that the first one proposed. Nine of them still count as a face:

# %%
from skimage.data import astronaut

from mtcnn_lite import Detector
from mtcnn_lite.draw import at_height, beside, draw_boxes

photo = astronaut()  # (512, 512, 3), RGB, uint8
# The authors' own weights. `mirror`: see chapter 05.
detector = Detector(weights="zhang2016", mirror=False)
trace = detector.trace(photo)

nine = trace.rnet["above threshold"]


def close_up(height):
    """Rows 30 to 205 and columns 120 to 309 of the photo, enlarged, and the nine boxes there."""
    picture, zoom = at_height(photo[30:206, 120:310], height)
    return picture, (nine.boxes - [120, 30, 120, 30]) * zoom


both = [draw_boxes(photo, nine.boxes, "rnet"), draw_boxes(*close_up(330), "rnet")]
beside(both, ["nine boxes", "seven of them, closer"], height=330)

# %%
from mtcnn_lite.boxes import iou
from mtcnn_lite.course.scenes import ASTRONAUT_BOX

on_face = iou([ASTRONAUT_BOX], nine.boxes)[0] > 0.3  # (9,): which overlap the face's label
print(f"{len(nine)} boxes, {on_face.sum()} of them on the one face")

# %% [markdown]
# All seven saw the same face, each from a slightly different place. **Non-maximum suppression**, NMS for short, sorts that out: keep the
# best box, remove what overlaps it too much, go on with the best of the rest. Here are its first three steps and its end, with the authors' threshold of 0.7 (this package has 0.8 there: chapter 04). The box of each step is thick, kept ones are thin. What it
# removes is crossed out, what still waits is thin and pale.

# %%
from mtcnn_lite.course.explorers.suppression import draw_step, view

steps = [view(nine.boxes, nine.scores, "greedy", 0.7, 0.5, step) for step in (1, 2, 3, 6)]
panels = [draw_step(*close_up(190), now, "rnet") for now in steps]
names = [f"{len(s.kept)}. best {s.scores[s.best]:.3f}\nremoves {len(s.removed)}" for s in steps[:3]]
beside(panels, [*names, f"the end: {len(steps[3].kept)} left,\n4 of them here"], height=190)

# %%
for now in steps[:3]:
    score, removed, waiting = now.scores[now.best], len(now.removed), len(now.waiting)
    print(f"step {len(now.kept)}: best {score:.3f}, removes {removed}, {waiting} wait")
print(f"the end: {len(steps[3].kept)} of {len(nine)} are left, two of them elsewhere in the photo")
assert len(steps[3].kept) == 6

# %% [markdown]
# Six, not one: at 0.7, boxes may overlap a good deal and both stay. (Here they stand where R-Net saw them. The cascade
# moves them first, chapter 04.) At the very end of the cascade a stricter NMS leaves one box a face.
#
# ## Build it
#
# ### One step by hand
#
# Two things go in: boxes (N, 4) and their scores (N,). Take the best score. Then measure how much that box overlaps each of the
# others. IoU, intersection over union, is from chapter 00: 0 apart, 1 the same box.

# %%
import numpy as np

boxes, scores = nine.boxes, nine.scores  # (9, 4), (9,)
best = scores.argmax()
overlap = iou(boxes[[best]], boxes)[0]  # (9,): the best box's IoU with all nine
for i in np.argsort(-scores):
    fate = "the best" if i == best else "goes" if overlap[i] > 0.7 else "stays"
    print(f"box {i}  score {scores[i]:.3f}  IoU with box {best}: {overlap[i]:.2f}  {fate}")

# %% [markdown]
# Box 2, the thick one of the first panel, is safe now: it is in the result. One box goes. Of those that stay, the best is next.

# %%
stays = (overlap <= 0.7) & (np.arange(len(boxes)) != best)
second = np.flatnonzero(stays)[scores[stays].argmax()]
overlap = iou(boxes[[second]], boxes)[0]
gone = np.flatnonzero(stays & (overlap > 0.7) & (np.arange(len(boxes)) != second))
print(f"next best: box {second} with {scores[second]:.3f}; it removes boxes {gone.tolist()}")

# %% [markdown]
# And so on until no box is left to take. The whole rule in words:
#
# > 1. Of the boxes that are left, take the one with the best score. It is kept.
# > 2. Remove every other box whose IoU with it is greater than the threshold.
# > 3. Repeat until none is left.
#
# That is **greedy NMS**: "greedy" because it takes the best of the moment and never looks back.
#
# ### Gone is gone
#
# A box that has been removed removes nothing itself. In this row of three, the middle overlaps both ends, and the ends hardly
# overlap:

# %%
from mtcnn_lite import nms as package  # its functions nms and soft_nms; you write your own below

row = np.array([[0, 0, 10, 10], [4, 0, 14, 10], [8, 0, 18, 10]])
middle, right = iou(row[:1], row[1:])[0]
print(f"IoU of the left one with the middle {middle:.2f}, with the right one {right:.2f}")
print("kept at 0.4, left best:  ", package.nms(row, [0.9, 0.8, 0.7], 0.4).tolist())
print("kept at 0.4, middle best:", package.nms(row, [0.8, 0.9, 0.7], 0.4).tolist())

# %% [markdown]
# With the left one best, the middle goes, so nothing is left that could remove the right one. With the middle best, both ends go. The
# scores decide, not only the places.
#
# ### Two properties worth knowing
#
# *A box is only ever removed by a better one.* So it does not matter whether you drop low scores before NMS or after. Here are P-Net's
# candidates in the photo, cut both ways:

# %%
candidates = trace.pnet["above threshold"]
c_boxes, c_scores = candidates.boxes, candidates.scores  # (286, 4), (286,)
print(len(candidates), "candidates")
kept = package.nms(c_boxes, c_scores, 0.5)
for lowest in (0.6, 0.7, 0.8, 0.9, 0.99):
    after = kept[c_scores[kept] >= lowest]
    rows = np.flatnonzero(c_scores >= lowest)
    before = rows[package.nms(c_boxes[rows], c_scores[rows], 0.5)]
    print(f"score >= {lowest:.2f}: {len(after):3} cut after NMS, {len(before):3} cut before it")
    assert after.tolist() == before.tolist()

# %% [markdown]
# The same boxes, in the same order. A slider for the score that NMS sorts by can live on that: NMS runs once, and moving the slider only hides boxes.
#
# *Equal scores: the earlier box wins.* Some rule is needed, or two machines give two answers. Two boxes that overlap much, with one and the same score:

# %%
twins = np.array([[0, 0, 10, 10], [1, 0, 11, 10]])
for name, places in (("as they are", twins), ("swapped", twins[::-1])):
    print(f"{name:11} kept: {package.nms(places, [0.8, 0.8], 0.5).tolist()}")

# %% [markdown]
# The first row wins both times, whichever of the two stands there.
#
# ### A small box inside a big one
#
# Among the nine are these two. The small box lies inside the big one. Does IoU notice?

# %%
from mtcnn_lite.boxes import iom

big, small = boxes[[6]], boxes[[1]]
print(f"IoU                            {iou(big, small).item():.2f}")
print(f"intersection over the smaller  {iom(big, small).item():.2f}")
picture, places = close_up(240)
beside([draw_boxes(picture, places[[6, 1]], "rnet")], height=240)

# %% [markdown]
# IoU is low, for the union is as large as the big box. Intersection over the smaller (chapter 00, `iom` in code) asks "how much of
# the smaller box is covered?" Now NMS on this pair, threshold 0.7, with each measure:

# %%
two = np.concatenate([big, small])
for measure in ("iou", "iom"):
    left = package.nms(two, scores[[6, 1]], 0.7, measure)
    print(f"{measure}: {len(left)} of 2 kept")

# %% [markdown]
# The cascade uses both. After P-Net and R-Net it measures IoU, and a box in a box may live on: the next net will judge it. After O-Net
# no net comes any more, and a box on half a face would be a false face. There it measures over the smaller.
#
# ### Two faces that overlap
#
# NMS believes that two boxes with much overlap are one face. What if they are two? We put a second head in front of the first: the
# mirror image of her own, cut out along an ellipse.

# %%
rows, columns = np.mgrid[:512, :512]
mirrored = photo[:, ::-1]  # its face has its middle at x = 286.5, y = 126.5
ellipse = ((columns - 286.5) / 42) ** 2 + ((rows - 126.5) / 56) ** 2 < 1
y, x = np.nonzero(ellipse)  # the pixels of the second head
crowd = photo.copy()
crowd[y + 15, x - 109] = mirrored[y, x]  # 48 px left of her face and 15 px lower
crowd = crowd[24:264, 60:380].copy()  # (240, 320, 3)

# all that O-Net says before its own NMS: a limit of 1 removes nothing
every = Detector(detector.nets, nms=(0.5, 0.7, 0.8, 1.0), mirror=False)
found = every.trace(crowd).onet["refined"]
beside([crowd, draw_boxes(crowd, found.boxes, "onet", 1)], height=240)

# %% [markdown]
# O-Net has these boxes on the two faces, and is sure of each. Greedy NMS, from strict to lax:

# %%
print(f"{len(found)} boxes, the worst has a score of {found.scores.min():.2f}")
for threshold in (0.3, 0.4, 0.5, 0.6, 0.7, 0.9):
    count = len(package.nms(found.boxes, found.scores, threshold))
    print(f"IoU threshold {threshold}: {count} left")

# %%
front, behind = package.nms(found.boxes, found.scores, 0.5)
apart = iou(found.boxes[[front]], found.boxes[[behind]]).item()
print(f"IoU of the two faces' best boxes: {apart:.2f}")

# %% [markdown]
# At 0.3 the face behind is lost. At 0.7, a copy comes back. In between there is a range that suits both, in this photo. How
# wide it is depends on how much faces overlap, and no threshold knows that.
#
# ### Soft-NMS: lower, do not remove
#
# Bodla and others (2017, arXiv 1704.04503) change one line. Instead of removing a box that overlaps the best, **Soft-NMS** lowers its score: the more overlap, the lower. Here is greedy NMS written the same way, and the two ways of lowering:
#
# > greedy: times 0 where the overlap is greater than the threshold, else times 1
# >
# > linear: times (1 − overlap) where it is greater than the threshold, else times 1
# >
# > gaussian: times exp(−overlap² / sigma)

# %%
import matplotlib.pyplot as plt

from mtcnn_lite.course.explorers.suppression import weights

o = np.linspace(0, 1, 501, dtype=np.float32)
figure, axes = plt.subplots(figsize=(8, 3.4), layout="constrained")
look = {"color": "#8A8A8A", "linewidth": 4, "label": "greedy, threshold 0.3"}
axes.plot(o, weights(o, "greedy", 0.3, 0.5), **look)
axes.plot(o, weights(o, "linear", 0.3, 0.5), "--", color="#E69F00", label="linear, threshold 0.3")
for sigma, style in ((0.1, ":"), (0.5, "-"), (1.0, "-.")):
    line = weights(o, "gaussian", 0.3, sigma)
    axes.plot(o, line, style, color="#0072B2", label=f"gaussian, sigma {sigma}")
axes.axvline(apart, color="#D55E00", linewidth=1)
axes.annotate("the two faces", (apart, 1.02), xytext=(4, 0), textcoords="offset points")
axes.set(xlabel="overlap with the best box", ylabel="score is multiplied by")
axes.set(xlim=(0, 1), ylim=(-0.03, 1.1))
axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()

# %%
print(f"at an overlap of {apart:.2f}:")
for method in ("greedy", "linear", "gaussian"):
    factor = weights(np.float32([apart]), method, 0.3, 0.5).item()
    print(f"{method:8} leaves {factor:.2f} of the score")

# %% [markdown]
# The threshold of 0.3 and the sigma of 0.5 are the defaults of the paper's code. Two things stay as in greedy NMS: the best box of each
# step keeps its score, and a box that was taken is not touched again. One thing is new. Scores change on the way, so the best is
# chosen *anew in each step*; an order sorted once, at the start, would be wrong.
#
# Here is what becomes of the scores on the two faces:

# %%
for method in ("linear", "gaussian"):
    lowered = package.soft_nms(found.boxes, found.scores, 0.5, method, threshold=0.3)
    order = np.argsort(-lowered)
    print(f"{method:8} best five: {', '.join(f'{score:.2f}' for score in lowered[order[:5]])}")
    assert order[0] == front

# %% [markdown]
# The face in front keeps its score. The face behind is lowered once, by much less than the copies are: those overlap a better box by far
# more. A cut at 0.5 now leaves one box a face.

# %%
left = order[lowered[order] >= 0.5]  # of the gaussian, the last in the loop above
strict = package.nms(found.boxes, found.scores, 0.3)
for name, chosen in (("greedy at 0.3", strict), ("Soft-NMS, cut at 0.5", left)):
    nearest = iou(found.boxes[chosen], found.boxes[[front, behind]]).argmax(axis=1)
    where = [("the face in front", "the face behind")[k] for k in nearest]
    print(f"{name}: {len(chosen)} left, {' and '.join(where)}")
panels = [draw_boxes(crowd, found.boxes[rows_], "onet") for rows_ in (strict, left)]
beside(panels, ["greedy NMS at 0.3", "Soft-NMS, sigma 0.5, score at least 0.5"], height=240)

# %% [markdown]
# Is Soft-NMS free of thresholds, then? No. It always needs a cut afterwards, for it removes nothing. And it has sigma. So we try
# some, with that same cut:

# %%
for sigma in (0.1, 0.3, 0.4, 0.5, 0.7, 1.0, 2.0):
    lowered = package.soft_nms(found.boxes, found.scores, sigma=sigma)
    print(f"sigma {sigma}: {(lowered >= 0.5).sum()} boxes with a score of at least 0.5")

# %% [markdown]
# There is a range that works, as there was for greedy NMS. What Soft-NMS buys is a gradual answer in place of a cliff. Measured over
# many photos that pays: the paper's abstract reports 1.7 points of mean average precision (mAP; chapter 10) on PASCAL VOC 2007, and 1.3 and 1.1 points
# for two detectors on COCO. (Those are objects of many classes, not faces, and detectors other than MTCNN.)
#
# ### What it costs
#
# The work is in the overlaps. In each step, greedy NMS measures the best box against those that are left. If all boxes lie
# apart, nothing is ever removed, and every pair is measured: `N (N - 1) / 2`. If all lie in one place, one step does it: `N - 1`.
# Soft-NMS removes nothing, so it always measures every pair.

# %%
n = len(candidates)
print(f"{n} boxes, {n * (n - 1) // 2:,} pairs")
for method in ("greedy", "gaussian"):
    counted = view(c_boxes, c_scores, method, 0.5, 0.5, step=n).compared
    print(f"{method:8} {counted:6,} overlaps, all levels together")
    assert counted <= n * (n - 1) // 2
levels = [np.flatnonzero(candidates.level == k) for k in range(len(trace.levels))]
counted = [view(c_boxes[r], c_scores[r], "greedy", 0.5, 0.5, step=n).compared for r in levels]
print(f"greedy   {sum(counted):6,} overlaps, one after the other in {len(levels)} levels")

# %% [markdown]
# That last line is how the cascade does it: NMS within each level of the image pyramid (chapter 02) first. Ten small problems are cheaper than one large one, because the pairs grow with the square. (NMS across the levels comes after. At its 0.7 no window of one level can remove one
# of another, so the package need not measure there.) And on a clock?

# %% tags=["nbval-ignore-output"]
import timeit

greedy = min(timeit.repeat(lambda: package.nms(c_boxes, c_scores, 0.5), number=5, repeat=5))
soft = min(timeit.repeat(lambda: package.soft_nms(c_boxes, c_scores), number=5, repeat=5))
print(f"Soft-NMS takes more than 5 times as long as greedy NMS: {soft > 5 * greedy}")

# %%
assert soft > 2 * greedy, "more overlaps, more time"

# %% [markdown]
# (Not all of that is the number of overlaps: the package's greedy NMS also measures 64 boxes in one array operation. Soft-NMS cannot, since
# it must know all scores before it knows which box is next.)
#
# ## Check it
#
# Two sentences say all that greedy NMS promises. No two kept boxes overlap by more than the threshold. And each removed box has a
# better one among the kept that overlaps it by more. Only one set of boxes can satisfy both. So we check them on random boxes,
# without following any algorithm, and ask OpenCV, which has an NMS of its own.

# %%
import cv2

generator = np.random.default_rng(1)
for count in (1, 20, 200):
    corner, sides = generator.uniform(0, 100, (count, 2)), generator.uniform(20, 60, (count, 2))
    b = np.hstack([corner, corner + sides]).astype(np.float32)
    s = (generator.permutation(count) + 1).astype(np.float32) / count  # no two alike
    kept = package.nms(b, s, 0.4)
    over = iou(b, b) > 0.4  # (count, count)
    removed = np.setdiff1d(np.arange(count), kept)
    assert (over[np.ix_(kept, kept)].sum(axis=1) == 1).all(), "a kept box overlaps only itself"
    assert (over[removed][:, kept] & (s[kept] > s[removed, None])).any(axis=1).all()
    opencv = cv2.dnn.NMSBoxes(np.hstack([corner, sides]).tolist(), s.tolist(), 0.0, 0.4)
    print(f"{count:3} boxes, {len(kept):2} kept; as OpenCV: {list(opencv) == list(kept)}")
    assert list(opencv) == list(kept)

# %% [markdown]
# ## Play with it
#
# **Next step** takes the best box that is left; **play** runs the film. On the photo the box of this step is thick, those kept before are
# thin, those still waiting thin and pale. What this step lowers is dashed, what it removes is crossed out as well. Upper right: all scores, best
# first. Lower right: what an overlap does to a score, with a dot for each box that the step looks at.
#
# **Score at least** and **step** answer in your browser. The others ask the kernel. Point at a box to find it among the scores.
#
# Three things to try:
#
# 1. Play R-Net's seven boxes. Then measure *over the smaller*. How many are left now, and why?
# 2. Choose *two faces*, greedy, threshold 0.3: which step loses the second face? Now choose gaussian.
# 3. With gaussian, draw sigma down to its end. When does the film look like greedy NMS?

# %%
from mtcnn_lite.course.explorers.suppression import Pool, SuppressionExplorer

picture, places = close_up(435)
five = candidates.select(candidates.level == 5)
pools = {
    "R-Net, one face": Pool(picture, places[on_face], nine.scores[on_face], "rnet"),
    "two faces, O-Net": Pool(crowd, found.boxes, found.scores, "onet"),
    "P-Net, level 5": Pool(photo, five.boxes, five.scores, "pnet"),
    "P-Net, all levels": Pool(photo, c_boxes, c_scores, "pnet"),
}
explorer = SuppressionExplorer(pools)
explorer

# %% [markdown]
# Without a running kernel you see a still picture of it: R-Net's seven boxes, the first step, the end.
#
# ## Your turn
#
# ### Exercise 1: `nms` (medium, 20 minutes)
#
# Return the indices of the boxes to keep, best first. A box goes when its IoU with a kept box is *greater* than the threshold. Of equal
# scores, the earlier box comes first. There may be no box at all. Leave `boxes` and `scores` as they are.
#
# You may use `iou(first, second)`, which is loaded: (N, 4) and (M, 4) give (N, M).
#
# <details><summary>A hint</summary>
#
# `np.argsort(-scores, kind="stable")` gives the indices best first, and keeps the order of equal ones. Work on these indices: take the
# first, then keep of the others only those that may stay, then begin again.
#
# </details>
# <details><summary>Another</summary>
#
# `while len(order):` ends by itself, also for no box. `iou(boxes[[best]], boxes[others])[0]` has one number for each of `others`, and
# `others[mask]` picks those where the mask is true.
#
# </details>

# %%
from mtcnn_lite.course import checks


def nms(boxes, scores, threshold):
    raise NotImplementedError


first = checks.nms(nms)
first

# %% [markdown]
# ### Exercise 2: `soft_nms` (medium, 15 minutes)
#
# Return the lowered scores (N,) in the order of the input: score *i* belongs to box *i*. Use the gaussian factor. Take the best of those
# that are left, lower the others that are left, begin again. Leave `boxes` and `scores` as they are.
#
# <details><summary>A hint</summary>
#
# Copy the scores first: `scores.astype(float)` is a copy. Keep the indices of the boxes that are left in an array, and choose the best
# among *them*, by the scores as they are by then.
#
# </details>
# <details><summary>Another</summary>
#
# `left[lowered[left].argmax()]` is the index of the best that is left. `left[left != best]` takes it out.
#
# </details>


# %%
def soft_nms(boxes, scores, sigma):
    raise NotImplementedError


second = checks.soft_nms(soft_nms)
second

# %% [markdown]
# ### Your functions at work
#
# If your `nms` has passed, it is swapped in: the detector below runs on it, in P-Net and in R-Net. Until then it uses its own.

# %%
from mtcnn_lite.draw import draw_faces

with_mine = detector.swap(nms=nms) if first else detector
print("swapped in:", "nms" if first else "nothing yet")
faces = with_mine.detect(photo)
print(f"{len(faces)} face found")
assert np.allclose(faces.boxes, trace.faces.boxes, atol=0.01), "your nms moves the box"
draw_faces(photo, faces)

# %% [markdown]
# And your `soft_nms`, if it has passed, on the two faces:

# %%
mine = soft_nms if second else package.soft_nms
print("run:", "yours" if second else "mtcnn_lite's, until yours has passed")
yours = np.flatnonzero(np.asarray(mine(found.boxes, found.scores, 0.5)) >= 0.5)
print(f"{len(yours)} boxes with a score of at least 0.5")
assert set(yours) == set(left), "these are other boxes than mtcnn_lite's"

# %% [markdown]
# Solutions are in `source/solutions.py`. Look after you have tried.
#
# ## Where paper, notes and code disagree
#
# **Which threshold?** The MTCNN paper says that NMS follows each stage, and gives no number. Some course notes say 0.6, for
# everything. The released code (`detect_face.m`) has four: 0.5 within a level, 0.7 across levels, 0.7 after R-Net, and 0.7 over the
# smaller box after O-Net. (This package has 0.8 after R-Net; chapter 04 says why.) It is not a detail:

# %%
for name, limits in (
    ("this package", (0.5, 0.7, 0.8, 0.7)),
    ("0.6 for all", (0.6, 0.6, 0.6, 0.6)),
):
    other = trace.rerun(nms=limits)
    print(f"{name:12} R-Net looks at {other.rnet.windows}, O-Net at {other.onet.windows}")
    assert len(other.faces) == 1

# %% [markdown]
# One face comes out either way. But R-Net has a third more to look at.
#
# **One sort or many?** Notes also say "sort all boxes together", or "for each class", as detectors of many classes do. Here there is one
# class, and the released code sorts level by level. At a threshold of 0.6 the two
# agree: a window that lies inside one of the next level has about half its area, 0.709², and no two levels overlap by more. At 0.5
# they do not agree:

# %%
for threshold in (0.5, 0.6):
    together = len(package.nms(c_boxes, c_scores, threshold))
    apart_ = sum(len(package.nms(c_boxes[r], c_scores[r], threshold)) for r in levels)
    print(f"threshold {threshold}: {together} left together, {apart_} left level by level")
print(f"most that two levels can overlap: {0.709**2:.3f}")

# %% [markdown]
# **Before or after the boxes move?** The paper's text moves the boxes by their offsets first and merges then. The released code does
# it the other way round in P-Net and R-Net; this package in P-Net alone. Moved boxes of one face crowd closer together, so that NMS
# removes more of them:

# %%
from mtcnn_lite.boxes import decode_offsets

moved = decode_offsets(c_boxes, candidates.offsets)
print("all levels together, at 0.5:")
for name, places in (("windows as they are", c_boxes), ("moved first", moved)):
    print(f"{name:19} {len(package.nms(places, c_scores, 0.5)):3} left")

# %% [markdown]
# **Exactly one half.** Chapter 00 met pairs whose IoU is exactly 0.5. It is no accident. P-Net's windows stand on a grid with a step
# of 2 px of the level, and are 12 px wide. So within a level, IoU can take only a few values. Two cells to the side: 8 × 12 shared,
# 2 × 144 − 96 in the union. That is 1/2, the very threshold:

# %%
window = np.array([[0, 0, 12, 12]])
for dx, dy in ((2, 0), (2, 2), (4, 0), (4, 2), (4, 4)):
    print(f"{dx} px right, {dy} px down: IoU {iou(window, window + [dx, dy, dx, dy]).item():.3f}")

# %%
pairs = np.concatenate([iou(c_boxes[r], c_boxes[r])[np.triu_indices(len(r), 1)] for r in levels])
figure, axes = plt.subplots(figsize=(6.4, 2.8), layout="constrained")
axes.hist(pairs[pairs > 0], bins=np.arange(-0.005, 0.8, 0.01), color="#0072B2")
axes.axvline(0.5, color="#D55E00", linestyle="--", linewidth=1)
axes.set(xlabel="IoU of two candidates of one level (pairs that overlap)", ylabel="pairs")
axes.text(0.505, axes.get_ylim()[1] * 0.9, "threshold")
plt.show()

# %%
tied = np.abs(pairs - 0.5) < 1e-4
print(f"{tied.sum()} of {(pairs > 0).sum()} pairs lie within 0.0001 of 0.5")
above = pairs[tied] > 0.5
print("some of them above, some not:", bool(above.any() and not above.all()))

# %% [markdown]
# In exact arithmetic they are all ties. In float32 the photo's coordinates are rounded, and the last digit decides. To see what hangs on
# it, move the threshold a little to either side:

# %%
for threshold in (0.499, 0.5, 0.501):
    stage = trace.rerun(nms=(threshold, 0.7, 0.7, 0.7)).pnet
    print(f"threshold {threshold:.3f}: {len(stage['nms within levels'])} boxes left")

# %% [markdown]
# So two correct programs may well differ by a few boxes here. If you port NMS and compare it with another, choose a threshold that no
# overlap can hit, 0.51 for instance.
#
# **Greater, or greater or equal?** The authors of MTCNN keep a box whose overlap is at most the threshold. The repository of Soft-NMS has
# both: its greedy `cpu_nms` removes from `>=` on, its `cpu_soft_nms` lowers from `>` on, and the paper's formula says ≥. Ties in the
# score differ as well: the authors' MATLAB code sorts upwards and takes the last, so the *later* box wins.
#
# Both repositories compute sides as x2 − x1 + 1, too. On half-open boxes that lifts every one of these ties above 0.5 (chapter 00).
#
# **"The same complexity", "no additional parameters".** Soft-NMS's abstract says so of itself. The first is true of the worst case: both then measure all pairs. The second is true of the formula: sigma takes the threshold's place. You have counted what it means on these boxes.
#
# ## What you can now say
#
# - NMS keeps the best box, removes what overlaps it too much, and goes on. A removed box removes nothing.
# - A box is only removed by a better one, so a cut at a score may come before or after.
# - IoU misses a small box inside a big one; intersection over the smaller does not.
# - Soft-NMS lowers scores by overlap, and chooses the best anew each time. It keeps faces that overlap, and always needs a cut.
# - At worst NMS measures `N (N - 1) / 2` overlaps. Soft-NMS always does.
# - On a grid, overlaps come in few values. If the threshold equals one of them, rounding decides.
#
# New words ([glossary](glossary.md)): **non-maximum suppression**, **greedy NMS**, **Soft-NMS**.
#
# Next door is 02, the image pyramid: how a net that only sees 12 × 12 pixels finds faces of any size.
