# %% [markdown]
# <!-- header -->
#
# ## Which threshold?
#
# The MTCNN [paper](https://arxiv.org/abs/1604.02878) says that NMS follows each stage, and gives no number. The authors'
# [detect_face.m](https://github.com/kpzhang93/MTCNN_face_detection_alignment/blob/master/code/codes/MTCNNv1/detect_face.m) has four: 0.5 within a level, 0.7
# across levels, 0.7 after R-Net, and 0.7 over the smaller box after O-Net. Others write 0.6 after R-Net and O-Net
# ([MtcnnDetector.py](https://github.com/AITTSMD/MTCNN-Tensorflow/blob/master/Detection/MtcnnDetector.py), for one). This package has 0.8 after R-Net; chapter 04 says why.
# What hangs on it? The nets do the work, so we count what they look at:

# %%
import matplotlib.pyplot as plt
import numpy as np
from skimage.data import astronaut

from mtcnn_lite import Detector
from mtcnn_lite.boxes import decode_offsets, iou
from mtcnn_lite.draw import COLOURS, with_alt
from mtcnn_lite.nms import nms

# %%
trace = Detector().trace(astronaut())
choices = {
    "this package": (0.5, 0.7, 0.8, 0.7),
    "the authors": (0.5, 0.7, 0.7, 0.7),
    "0.6 for all": (0.6, 0.6, 0.6, 0.6),
}
faces = {}
for name, limits in choices.items():
    other = trace.rerun(nms=limits)
    faces[name] = len(other.faces)
    print(f"{name:12} R-Net looks at {other.rnet.windows:3} windows, O-Net at {other.onet.windows}")

# %% tags=["check"]
assert set(faces.values()) == {1}

# %% [markdown]
# One face comes out each time. The most costly number is the first, within a level: it decides how much R-Net gets to see.
#
# ## Level by level, or all together?
#
# Detectors of many classes run NMS for each class apart. Here there is one class, and the authors' code runs it for each *level* apart, then once across
# levels. When is that the same as running it once for all?

# %%
candidates = trace.pnet["above threshold"]
boxes, scores = candidates.boxes, candidates.scores  # (N, 4), (N,)
levels = [np.flatnonzero(candidates.level == k) for k in np.unique(candidates.level)]
most = 0.709**2  # that windows of two levels can overlap
print(f"{len(boxes)} windows in {len(levels)} levels; two levels overlap by {most:.3f} at most")
left = {}
for threshold in (0.5, 0.6):
    together = len(nms(boxes, scores, threshold))
    apart = sum(len(nms(boxes[rows], scores[rows], threshold)) for rows in levels)
    left[threshold] = together, apart
    print(f"threshold {threshold}: {together:3} left together, {apart:3} left level by level")

# %% tags=["check"]
assert left[0.6][0] == left[0.6][1]
assert left[0.5][0] < left[0.5][1]
for k, rows in enumerate(levels):
    others = np.concatenate(levels[:k] + levels[k + 1 :])
    assert iou(boxes[rows], boxes[others]).max() < 0.51

# %% [markdown]
# A window that lies inside one of the next level has about half its area, 0.709², and no two levels overlap by more. So at 0.6 no window of one level can
# remove one of another, and both ways agree. At 0.5 they do not. (At the 0.7 across levels nothing ever goes, unless you choose a factor of √0.7 = 0.837 or more.)
#
# ## Before or after the boxes move?
#
# The paper's text moves the boxes by their offsets first and merges then. The authors' code does it the other way round in P-Net and R-Net; this package in
# P-Net alone. Moved boxes of one face crowd closer together, so NMS removes more of them:

# %%
moved = decode_offsets(boxes, candidates.offsets)
rnet = trace.rnet
pairs = {
    "P-Net, at 0.5": (boxes, moved, scores, 0.5),
    "R-Net, at 0.8": (
        rnet["above threshold"].boxes,
        rnet["refined"].boxes,
        rnet["refined"].scores,
        0.8,
    ),
}
counts = {}
for name, (still, gone, ranks, threshold) in pairs.items():
    as_is, after = (len(nms(each, ranks, threshold)) for each in (still, gone))
    counts[name] = as_is, after
    print(f"{name}: {as_is:2} left of windows as they are, {after:2} of moved ones")

# %% tags=["check"]
assert all(after < before for before, after in counts.values())

# %% [markdown]
# ## Exactly one half
#
# P-Net's windows stand on a grid with a step of 2 px of the level, and are 12 px wide. So within a level IoU can take only a few values. Two cells to the side: 8 × 12
# shared, 2 × 144 − 96 in the union. That is 1/2, the very threshold.

# %%
inside = np.concatenate(
    [iou(boxes[rows], boxes[rows])[np.triu_indices(len(rows), 1)] for rows in levels]
)
inside = inside[inside > 0]
tied = np.abs(inside - 0.5) < 1e-4
figure, axes = plt.subplots(figsize=(6.4, 2.8), layout="constrained")
axes.hist(inside, bins=np.arange(-0.005, 0.8, 0.01), color=COLOURS["pnet"])
axes.axvline(0.5, color=COLOURS["landmark"], linestyle="--", linewidth=1)
axes.set(xlabel="IoU of two windows of one level (pairs that overlap)", ylabel="pairs")
axes.text(0.505, axes.get_ylim()[1] * 0.9, "threshold")
with_alt(
    figure,
    f"{len(inside)} pairs of windows lie in a few narrow columns; {tied.sum()} in the one at 0.5.",
)

# %% [markdown]
# In exact arithmetic all of those in the column at 0.5 are ties, and stay. In float32 the photo's coordinates are rounded, and the last digit decides. To see what
# hangs on it, move the threshold a little to either side:

# %%
print(f"{(inside[tied] > 0.5).sum()} of the {tied.sum()} pairs come out above 0.5")
stays = {}
for threshold in (0.499, 0.5, 0.501):
    stage = trace.rerun(nms=(threshold, 0.7, 0.8, 0.7)).pnet
    stays[threshold] = len(stage["nms within levels"])
    print(f"threshold {threshold:.3f}: {stays[threshold]} windows left")

# %% tags=["check"]
assert 0 < (inside[tied] > 0.5).sum() < tied.sum()
assert stays[0.499] < stays[0.5] <= stays[0.501]

# %% [markdown]
# So two correct programs may well differ by a few boxes. If you port NMS and compare it with another, choose a threshold that no overlap can hit, 0.52 for instance.
#
# ## Greater, or greater or equal?
#
# The authors of MTCNN keep a box whose overlap is at most the threshold. The [repository of Soft-NMS](https://github.com/bharatsingh430/soft-nms/blob/master/lib/nms/cpu_nms.pyx) has both:
# its greedy `cpu_nms` removes from `>=` on, its `cpu_soft_nms` lowers from `>` on, and the [paper's](https://arxiv.org/abs/1704.04503) formula says ≥. Both repositories also
# measure sides as `x2 - x1 + 1`, which lifts every one of these ties above 0.5 ([00, deeper](00_plus_one.ipynb)).
#
# Ties in the score differ as well. The authors' MATLAB code sorts upwards and takes the last, so the *later* box wins. Here the earlier one does:

# %%
twins = np.array([[0, 0, 10, 10], [1, 0, 11, 10]])  # much overlap, and one and the same score
for name, places in (("as they are", twins), ("swapped", twins[::-1])):
    print(f"{name:11} kept: row {nms(places, [0.8, 0.8], 0.5).item()}")

# %% [markdown]
# ## "The same complexity", "no additional parameters"
#
# The abstract of Soft-NMS says both of itself. The first is true of the worst case: greedy NMS and Soft-NMS then measure all pairs. In the common case you have counted the
# difference. The second is true of the formula: sigma takes the threshold's place. But a cut at a score comes on top, and which boxes are left depends on both.
#
# <!-- footer -->
