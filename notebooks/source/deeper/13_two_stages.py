# %% [markdown]
# <!-- header -->
#
# ## One map, many sizes; many copies, one size
#
# [Faster R-CNN](https://arxiv.org/abs/1506.01497) looks twice. Its first stage, the *region proposal network*, is a small net that slides over
# one feature map. At each place it scores anchors of several sizes and shapes. P-Net does the same on each copy of the photo, with one size,
# 12 px, every 2 px. Are its windows an anchor grid?

# %%
import math

import numpy as np

from mtcnn_lite import Detector
from mtcnn_lite.anchors import anchor_grid
from mtcnn_lite.course.scenes import scene

photo = scene([13, 3], 320, 480, (12, 12), (14, 60), "held_out", (4, 4))
mtcnn = Detector(weights="zhang2016")
seen = mtcnn.trace(photo.image())

# %%
level = seen.levels[0]  # the largest copy
rows, columns = level.face_map.shape
height, width = level.image.shape[:2]
grid = anchor_grid(height, width, 2, [12])  # (all rows * columns, 4)
grid = grid.reshape(math.ceil(height / 2), math.ceil(width / 2), 4)
windows = level.windows().reshape(rows, columns, 4) * level.scale  # in pixels of the copy
apart = windows - grid[:rows, :columns]  # (rows, columns, 4)
print(f"{rows * columns:,} windows; each {apart.mean():.1f} px right of and below its anchor")

# %% [markdown]
# They are, but for a shift. P-Net pads nothing: its first window starts at 0, so its middle is at 6 px. The grid's first middle is at 1 px.
#
# ## Crops of the photo, crops of the features
#
# The second stage looks at each proposal again. R-Net *crops the photo* and computes anew. Faster R-CNN *crops the features* that are there
# already: **RoI pooling**, of a region of interest, brings each to one size. Here on chapter 13's small net, untrained, as only shapes count:

# %%
from torch.nn.functional import adaptive_avg_pool2d

from mtcnn_lite.course.small_onepass import Net
from mtcnn_lite.nets import normalise

net = Net(pyramid=True).eval()
finest = net.features(normalise(photo.image()[None]))[0].detach()  # (1, 32, 40, 60)
sides = np.sort((photo.boxes[:, 2:] - photo.boxes[:, :2]).min(axis=1))  # (12,)
for side in (sides[-1], sides[0]):
    [box] = photo.boxes[(photo.boxes[:, 2:] - photo.boxes[:, :2]).min(axis=1) == side]
    left, top = np.floor(box[:2] / 8).astype(int)  # the cells of 8 px that it touches
    right, bottom = np.ceil(box[2:] / 8).astype(int)
    region = finest[..., top:bottom, left:right]
    pooled = adaptive_avg_pool2d(region, 3)  # (1, 32, 3, 3)
    print(f"a face of {side:.0f} px: from {tuple(region.shape[1:])} to {tuple(pooled.shape[1:])}")

# %% [markdown]
# Pooling takes means (or maxima) and multiplies nothing. The layers that follow it, for each region, do: with VGG-16 as the backbone, two dense
# layers of 4,096 after 7 × 7 cells of 512 channels. Beside that, an R-Net crop with all of its layers:

# %%
from mtcnn_lite.nets import multiply_adds

dense = 7 * 7 * 512 * 4096 + 4096 * 4096  # VGG-16's two
crop = multiply_adds(mtcnn.nets.rnet, 24, 24)
print(f"Faster R-CNN with VGG-16, after pooling: {dense / 1e6:.1f} million multiply-adds a region")
print(f"R-Net: {crop / 1e6:.1f} million a crop, {seen.rnet.windows} crops of this photo")

# %% tags=["check"]
assert np.allclose(apart, 5, atol=1e-3)
assert np.allclose((windows[0, 0, :2] + windows[0, 0, 2:]) / 2, 6)
assert np.allclose((grid[0, 0, :2] + grid[0, 0, 2:]) / 2, 1)
assert round(dense / 1e6) == 120
assert 50 < dense / crop < 100
assert seen.rnet.windows > 50
assert region.shape[2] * region.shape[3] < 10

# %% [markdown]
# So a second look at the features is not cheap by itself: it is if the layers after the pooling are small. And a small face has few cells:
# a crop of the photo sees it [at full detail](04_crops.ipynb), which is what small faces and exact points need.
#
# <!-- footer -->
