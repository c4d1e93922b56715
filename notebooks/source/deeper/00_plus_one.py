# %% [markdown]
# <!-- header -->
#
# ## The + 1
#
# Much code for MTCNN computes a width as `x2 - x1 + 1`. Where does the 1 come from? The authors wrote MATLAB, which counts pixels from 1, and whose
# ranges include their last: `a(3:7)` are *five* numbers. A box in that code names its first and its *last* pixel, and such an
# **inclusive** box from 3 to 7 is 7 − 3 + 1 wide. There the 1 is right. With half-open boxes it is one pixel too many:

# %%
import numpy as np
from skimage.data import astronaut

from mtcnn_lite import Detector
from mtcnn_lite.boxes import iou
from mtcnn_lite.nms import nms

for side in (12, 24, 48, 225):
    right, wrong = side * side, (side + 1) ** 2
    print(f"side {side:3} px: area {right:6,}, with +1 {wrong:6,}: {wrong / right - 1:+.1%}")

# %% [markdown]
# For a large face that hardly matters. But P-Net works on windows of 12 px and on nothing else. Here are two of them as neighbours: 2 px
# and 4 px apart (P-Net's step is 2), and edge to edge.

# %%
plus_one = np.array([0, 0, 1, 1])  # x2 - x1 + 1 is the width of a box whose x2 is one further
window = np.array([[0, 0, 12, 12]])
for shift in (2, 4, 12):
    neighbour = window + [shift, 0, shift, 0]
    right = iou(window, neighbour)[0, 0]
    wrong = iou(window + plus_one, neighbour + plus_one)[0, 0]
    print(f"{shift:2} px apart: IoU {right:.3f}, with +1 {wrong:.3f}")

# %% [markdown]
# Two windows that only touch get an overlap. And look at 4 px: exactly 0.5 becomes 0.529. NMS within a level drops what is *above* 0.5, so the +1
# decides whether such a neighbour stays. In P-Net's answers on the astronaut:

# %%
trace = Detector(weights="zhang2016", mirror=False).trace(astronaut())  # the authors' weights
candidates = trace.pnet["above threshold"]


def kept_in_levels(add):
    """How many of P-Net's windows NMS keeps, measured in pixels of each level: whole numbers."""
    kept = 0
    for level in range(len(trace.levels)):
        rows = candidates.level == level
        corner = 2 * candidates.cell[rows][:, ::-1]  # (n, 2) x, y
        windows = np.hstack([corner, corner + 12 + add])  # (n, 4)
        kept += len(nms(windows, candidates.scores[rows], 0.5))
    return kept


print("half-open:", kept_in_levels(0), "windows kept,  with +1:", kept_in_levels(1))

# %% tags=["check"]
assert kept_in_levels(0) > kept_in_levels(1)

# %% [markdown]
# Code that mixes both is worse than either. The authors' own
# [detect_face.m](https://github.com/kpzhang93/MTCNN_face_detection_alignment/blob/master/code/codes/MTCNNv1/detect_face.m) measures with +1 in its NMS and
# moves P-Net's boxes without it. In [facenet-pytorch](https://github.com/timesler/facenet-pytorch/blob/master/models/utils/detect_face.py),
# `generateBoundingBox` makes inclusive boxes, torchvision's NMS takes them for half-open, and `bbreg` adds the 1 again.
#
# ## Exactly 0.5
#
# "Above" or "at least"? With scores one need not care. With overlaps one must: windows on a grid have overlaps that are *exactly* 0.5. The
# authors' `nms.m` keeps what is `<=` the threshold, and so does this package. But measured in the photo, where the same windows have
# fractions of a pixel, rounding in the last digit tips the scale:

# %%
ties = above = 0
for level in range(len(trace.levels)):
    rows = candidates.level == level
    corner = 2 * candidates.cell[rows][:, ::-1]
    exact = iou(*[np.hstack([corner, corner + 12])] * 2)  # (n, n) in the level's pixels
    tie = np.triu(exact == 0.5)
    in_photo = iou(*[candidates.boxes[rows]] * 2)[tie]  # the same pairs, in the photo's
    ties, above = ties + int(tie.sum()), above + int((in_photo > 0.5).sum())
print(f"{ties} pairs overlap by exactly 0.5; rounding lifts {above} of them above it")

# %% tags=["check"]
steps = 2 * np.stack(np.meshgrid(range(7), range(7)), axis=-1).reshape(-1, 2)  # (49, 2) px apart
on_grid = iou(window, window + np.hstack([steps, steps]))
assert abs(on_grid - 0.52).min() > 0.01

# %% [markdown]
# So two correct versions of `iou`, one of them in double precision, may keep a few other boxes, and a detector that runs on yours may
# differ from the package's by a window or two. At a threshold of 0.52 they agree: no two windows of a level have an overlap near that. The lesson
# holds elsewhere: don't put a threshold on a value that is hit exactly.
#
# ## Which four numbers?
#
# Label files differ. WIDER FACE stores `x, y, width, height`; others store two corners. Take one for the other, and no error comes:

# %%
from mtcnn_lite.course.scenes import ASTRONAUT_BOX

x1, y1, x2, y2 = ASTRONAUT_BOX
readings = {
    "two corners, as it is": (x1, y1, x2, y2),
    "x, y, width, height, taken for corners": (x1, y1, x2 - x1, y2 - y1),
    "corners, taken for x, y, width, height": (x1, y1, x1 + x2, y1 + y2),
    "x and y exchanged": (y1, x1, y2, x2),
}
for name, box in readings.items():
    print(f"{name:40} IoU {iou([ASTRONAUT_BOX], [box])[0, 0]:.2f} {[int(v) for v in box]}")

# %% [markdown]
# The second is inside out, so all its overlaps are 0 and every window of the photo becomes a negative: the net is taught that
# this face is not a face. Draw your labels before you train on them.
#
# <!-- footer -->
