# %% [markdown]
# <!-- header -->
#
# ## Between the sizes
#
# The chapter's anchors have sides of 16, 32, 64, 128, 256 and 512 px, those of a well-known re-implementation of RetinaFace
# ([`data/config.py`](https://github.com/biubug6/Pytorch_Retinaface/blob/master/data/config.py)). What if a face is 45 px wide? Here a
# square face grows, once in the middle of a cell of 8 px, once on the corner of four. Gray: 0.5 and 0.35, from which an anchor is for a face.

# %%
import numpy as np

from mtcnn_lite.anchors import RETINAFACE, RETINAFACE_PAPER, anchor_levels, match_anchors
from mtcnn_lite.boxes import iou
from mtcnn_lite.course.anchor_figures import best_anchor
from mtcnn_lite.course.scenes import scene

anchors = np.concatenate(anchor_levels(640, 640))  # (16800, 4)
middle, corner = (324, 324), (328, 328)  # x, y; anchors of 64 and 128 px stand on the corners
best_anchor(anchors, {"in the middle of a cell": middle, "on a corner": corner}, (0.5, 0.35))

# %% [markdown]
# Halfway between two sizes, the best anchor reaches 0.5 and little more; a small face off the middle of a cell does not reach it at all.
# So which limit one takes decides which faces teach at all.
#
# ## Which anchor is for which face
#
# The paper ([Deng et al. 2019](https://arxiv.org/abs/1905.00641), section "Anchor Settings and Matching") asks for 0.5, calls background what
# is under 0.3, and leaves out what lies between. The re-implementation asks for 0.35
# ([`train.py`](https://github.com/biubug6/Pytorch_Retinaface/blob/master/train.py)), and gives each face its best anchor too, if their IoU
# is 0.2 or more ([`box_utils.py`](https://github.com/biubug6/Pytorch_Retinaface/blob/master/utils/box_utils.py)). On a photo of 14 faces,
# how many anchors has each face?

# %%
from mtcnn_lite.course.anchor_figures import anchors_per_face

photo = scene([11, 51], 640, 640, (14, 14), (16, 300), distractors=(0, 0))
rules = {
    "0.5": match_anchors(anchors, photo.boxes, 0.5, 0.3, force=False),
    "0.5, and each its best": match_anchors(anchors, photo.boxes, 0.5, 0.3),
    "0.35, and each its best": match_anchors(anchors, photo.boxes, 0.35, 0.35),
}  # (16800,) each
anchors_per_face(rules, photo.boxes)

# %% tags=["check"]
counts = {name: np.bincount(owner[owner >= 0], minlength=14) for name, owner in rules.items()}
assert (counts["0.5"] == 0).any()
assert all((count > 0).all() for name, count in counts.items() if name != "0.5")
assert iou(anchors, photo.boxes).max(axis=0).min() > 0.25, "each best anchor counts in both"
assert counts["0.35, and each its best"].sum() > 1.5 * counts["0.5"].sum()

# %% [markdown]
# By the plain rule some faces teach nothing. With the best anchor forced, each teaches something; with 0.35, most teach more.
#
# ## How many, and how many are kept
#
# The paper has far more anchors than the re-implementation. Both are called RetinaFace.

# %%
for name, levels in (("paper", RETINAFACE_PAPER), ("re-implementation", RETINAFACE)):
    grids = anchor_levels(640, 640, levels)
    total = sum(map(len, grids))
    print(f"{name:17} {total:7,} anchors, {len(grids[0]) / total:.0%} of them in the finest grid")

# %% [markdown]
# Nearly all are background. RetinaFace's name sounds like RetinaNet's, but it has no focal loss: the paper keeps the hardest negatives, at least
# 3 for each positive ("standard OHEM"), and the re-implementation 7.

# %%
owner = rules["0.5"]
positive, background = (owner >= 0).sum(), (owner == -1).sum()
print(f"{positive} positives, {background:,} background: {background / positive:.0f} to 1")
for ratio in (3, 7):
    print(f"{ratio} to 1: {ratio * positive:,} of the background are kept")

# %% [markdown]
# ## Without anchors
#
# Must sizes be fixed beforehand? An anchor-free head ([FCOS, Tian et al. 2019](https://arxiv.org/abs/1904.01355)) asks each cell for four
# distances: to the left, top, right and bottom of the face that it lies on.

# %%
middles = (anchors[:12800:2, :2] + anchors[:12800:2, 2:]) / 2  # (6400, 2) of the cells of 8 px
x, y = middles.T[:, :, None]  # (6400, 1) each
x1, y1, x2, y2 = photo.boxes.T[:, None]  # (1, 14) each
distances = np.stack([x - x1, y - y1, x2 - x, y2 - y], axis=-1)  # (6400, 14, 4)
inside = (distances > 0).all(axis=-1)  # (6400, 14)
each = inside.sum(axis=0)
print(f"{inside.any(axis=1).sum():,} of {len(middles):,} cells lie on a face; ", end="")
print(f"each face has from {each.min()} to {each.max():,}")

# %% tags=["check"]
cell, face = np.argwhere(inside)[0]
left, top, right, bottom = distances[cell, face]
cx, cy = middles[cell]
assert np.allclose([cx - left, cy - top, cx + right, cy + bottom], photo.boxes[face])
assert each.min() > 0
assert iou(anchors, photo.boxes).shape == (16800, 14)

# %% [markdown]
# Now each face has a cell, but on this one level large ones have very many. FCOS gives each level a range of sizes of its own. Which cells
# are for which face is the new question.
# [YuNet](https://github.com/ShiqiYu/libfacedetection.train) (`configs/yunet_n.py`) has one answer a cell, at strides 8, 16 and 32, and
# chooses by cost (SimOTA). [SCRFD](https://github.com/deepinsight/insightface/tree/master/detection/scrfd) keeps anchors, two a cell, and
# chooses by a limit that adapts to each face (ATSS).
#
# <!-- footer -->
