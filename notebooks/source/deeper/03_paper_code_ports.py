# %% [markdown]
# <!-- header -->
#
# ## The pooling: 3 × 3 or 2 × 2?
#
# Figure 2 of the [paper](https://arxiv.org/abs/1604.02878) gives P-Net a pooling of 3 × 3 pixels. The net that its authors released pools 2 × 2.
# Which is it? On a window of 12 px both make one answer, so nothing breaks. Here is the net with either; an average stands in for the maximum, so
# that the gradient shows *all* pixels that a cell depends on.

# %%
import numpy as np
import torch
from torch import nn

from mtcnn_lite import Detector
from mtcnn_lite.course.pnet_figures import decoded
from mtcnn_lite.course.scenes import portrait

photo = portrait().image()  # (512, 512, 3): NASA's portrait of Eileen Collins, in the public domain
detector = Detector(weights="zhang2016")  # the values that the authors of MTCNN released
pnet = detector.nets.pnet


# %%
def receptive_field(pool, row, column):
    """x1, y1, x2, y2 of the pixels that reach one cell, with a pooling of `pool` px."""
    average = nn.AvgPool2d(pool, stride=2, ceil_mode=True)
    picture = torch.rand(1, 3, 40, 40, requires_grad=True)
    features = nn.Sequential(pnet.conv1, average, pnet.conv2, pnet.conv3)(picture)
    features[0, :, row, column].sum().backward()
    ys, xs = torch.nonzero(picture.grad[0].abs().sum(dim=0), as_tuple=True)
    return xs.min().item(), ys.min().item(), xs.max().item() + 1, ys.max().item() + 1


# %%
for pool in (2, 3):
    x1, y1, x2, y2 = receptive_field(pool, row=5, column=3)
    print(f"pool {pool} x {pool}: the cell in row 5, column 3 sees x {x1} to {x2}, y {y1} to {y2}")

# %% tags=["check"]
assert receptive_field(2, 5, 3) == (6, 10, 18, 22)
assert receptive_field(3, 5, 3) == (6, 10, 19, 23)

# %% [markdown]
# With 2 × 2 a cell sees the 12 px that everybody computes with. With 3 × 3 it sees 13, and everybody's window is a pixel of the level too small.
# What would the mistake cost? Here are the released values on level 5 of the portrait, with either pooling:

# %%
trace = detector.trace(photo)
level = trace.levels[5]
image = torch.from_numpy(np.ascontiguousarray(level.image)).permute(2, 0, 1)[None].float()
x = (image - 127.5) / 128  # (1, 3, H, W)
for size in (2, 3):
    pool = nn.MaxPool2d(size, stride=2, ceil_mode=True)
    with torch.no_grad():
        features = pnet.prelu2(pnet.conv2(pool(pnet.prelu1(pnet.conv1(x)))))
        scores = pnet.face(pnet.prelu3(pnet.conv3(features))).softmax(dim=1)[0, 1]
    passing = int((scores >= 0.6).sum())
    print(f"pool {size} x {size}: map {tuple(scores.shape)}, {passing} windows of at least 0.6")

# %% [markdown]
# ## A cell that hangs over the edge
#
# Poolings of the released nets round up. So a level of an odd number of pixels has a last row and column whose windows end a pixel outside it:

# %%
side, cells = level.image.shape[0], level.face_map.shape[0]
last = 2 * (cells - 1)
print(f"level 5: {side} px, {cells} cells a side; the last sees px {last} to {last + 12}")

# %% [markdown]
# There the pooling takes the largest of what it has. The microscope of chapter 03 leaves the odd pixel out, so that every window is whole.
#
# ## From a cell to pixels: four ways
#
# Programs that run MTCNN turn the same cell into different boxes:
#
# | | left edge | right edge | |
# |---|---|---|---|
# | this package | 2*j* / *s* | (2*j* + 12) / *s* | fractions stay |
# | the authors' [generateBoundingBox.m](https://github.com/kpzhang93/MTCNN_face_detection_alignment/blob/master/code/codes/MTCNNv1/generateBoundingBox.m), [facenet-pytorch](https://github.com/timesler/facenet-pytorch/blob/master/models/utils/detect_face.py) | (2*j* + 1) / *s* | (2*j* + 12) / *s* | rounded down |
# | [TropComplique](https://github.com/TropComplique/mtcnn-pytorch/blob/master/src/first_stage.py) | (2*j* + 1) / *s* | (2*j* + 13) / *s* | rounded |
# | [AITTSMD](https://github.com/AITTSMD/MTCNN-Tensorflow/blob/master/Detection/MtcnnDetector.py) | 2*j* / *s* | (2*j* + 12) / *s* | rounded |
#
# For the best cell of level 5, with the middle of each marked, and how far it is from the middle of what the cell sees:

# %%
s = level.scale
j = int(np.unravel_index(level.face_map.argmax(), level.face_map.shape)[1])  # its column
ways = {
    "this package": (2 * j / s, (2 * j + 12) / s),
    "facenet-pytorch": (np.floor((2 * j + 1) / s), np.floor((2 * j + 12) / s)),
    "TropComplique": (round((2 * j + 1) / s), round((2 * j + 13) / s)),
    "AITTSMD": (round(2 * j / s), round((2 * j + 12) / s)),
}
decoded(ways, pixel=1 / s)

# %% tags=["check"]
middles = {name: (left + right) / 2 for name, (left, right) in ways.items()}
ours = middles["this package"]
off = {name: (middle - ours) * s for name, middle in middles.items()}  # in the level's pixels
assert 0.3 < off["facenet-pytorch"] < 0.6 < 0.9 < off["TropComplique"] < 1.1
assert abs(off["AITTSMD"]) < 0.1

# %% [markdown]
# Where does the 1 come from? MATLAB counts pixels from 1, and the authors' boxes include their last pixel: there it is right.
# Half-open boxes that count from 0 need neither. A 1 that is kept shifts them by a pixel of the level, or by half of one where only the left
# edge has it: several pixels of the photo where the level is small. "Why one is added?", asks a comment below that line in TropComplique's port.
# (facenet-pytorch counts from 1 when it cuts, too, which takes one pixel of the *photo* off again.)
# [Chapter 00's side trip](00_plus_one.ipynb) follows the + 1 into areas and overlaps.
#
# ## An NMS that is idle
#
# P-Net's second NMS, across levels, drops what overlaps by more than 0.7. At a factor of 0.709 it never finds anything. Two windows with the
# same middle, one level apart, overlap by the factor's square, and other neighbours by less. So it has work from $\sqrt{0.7}$ = 0.837 on. Windows before and after it:

# %%
for factor in (0.709, 0.8, 0.83, 0.84, 0.85, 0.9):
    counts = Detector(weights="zhang2016", factor=factor).trace(photo).pnet.counts()
    before, after = counts["nms within levels"], counts["nms across levels"]
    print(f"factor {factor:5}, squared {factor**2:.3f}: {before} windows, {after} left")

# %% [markdown]
# The authors' [demo](https://github.com/kpzhang93/MTCNN_face_detection_alignment/blob/master/code/codes/MTCNNv1/demo.m) uses 0.709. AITTSMD's port
# uses 0.79, so there the step is idle as well.
#
# ## A head that is not there
#
# The paper's figure gives P-Net a third head, for five landmarks: ten numbers. The released P-Net has none.

# %%
for name in ("zhang2016", "mtcnn_lite"):
    print(f"landmark head of P-Net, {name:10}:", Detector(weights=name).nets.pnet.landmarks)

# %% [markdown]
# The package's own P-Net has learned with one; detection skips it.
#
# ## Is the photo scaled to 12 × 12?
#
# In *training*, P-Net is fed crops of 12 × 12 pixels. In *use* it sees whole levels, and 12 × 12 px is what each cell depends on.
#
# <!-- footer -->
