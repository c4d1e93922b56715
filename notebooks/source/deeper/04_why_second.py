# %% [markdown]
# <!-- header -->
#
# ## A dense layer is a convolution
#
# R-Net answers for one crop at a time, because its dense layer wants 576 numbers, no more and no fewer:

# %%
import torch
from torch import nn

from mtcnn_lite import Detector
from mtcnn_lite.boxes import decode_offsets, iou
from mtcnn_lite.course.rnet_figures import cost_bars
from mtcnn_lite.course.scenes import portrait, wall
from mtcnn_lite.images import crop_windows
from mtcnn_lite.nets import normalise
from mtcnn_lite.nms import nms
from mtcnn_lite.pyramid import halvings

detector = Detector(weights="zhang2016")  # the authors' weights
rnet = detector.nets.rnet

# %%
convolutions, dense = nn.Sequential(*list(rnet.children())[:8]), rnet.dense4
for side in (22, 24, 25, 26, 32):
    numbers = convolutions(torch.zeros(1, 3, side, side)).numel()
    print(f"{side} × {side} px: {numbers:5,} numbers, {'fits' if numbers == 576 else 'refused'}")

# %% [markdown]
# (From 22 to 25 px all come to 576, as pooling rounds.) Is that a law? No. A dense layer on 64 × 3 × 3 numbers is a convolution with a 3 × 3
# kernel that has just one place to go. The same weights, in another shape, slide over a larger crop:

# %%
as_convolution = nn.Conv2d(64, 128, kernel_size=3)
kernels = dense.weight.view(128, 64, 3, 3)
as_convolution.load_state_dict({"weight": kernels, "bias": dense.bias})

photo, label = portrait().image(), portrait().boxes
face = crop_windows(halvings(photo, 0.1), label, size=24)  # (1, 24, 24, 3)
with torch.no_grad():
    maps = convolutions(normalise(face))  # (1, 64, 3, 3)
    slid = as_convolution(maps)[:, :, 0, 0]  # (1, 128)
    larger = as_convolution(convolutions(torch.zeros(1, 3, 100, 100)))
print("on 100 × 100 px it gives", tuple(larger.shape[1:]))

# %% tags=["check"]
with torch.no_grad():
    assert torch.allclose(slid, dense(maps.flatten(1)), atol=1e-5)

# %% [markdown]
# So R-Net could slide over the whole pyramid as P-Net does. The reason not to is the price. A convolution uses each weight once for each
# cell of the map that it makes. (On the "meta" device torch works out shapes only. Heads are too small to matter.)

# %%
from copy import deepcopy


def multiplications(layers, height, width):
    x, total = torch.zeros(1, 3, height, width, device="meta"), 0
    for layer in deepcopy(layers).to("meta"):
        x = layer(x)
        if isinstance(layer, nn.Conv2d):
            total += layer.weight.numel() * x[0, 0].numel()
    return total


sliding_p = nn.Sequential(*list(detector.nets.pnet.children())[:7])
sliding_r = nn.Sequential(*convolutions, as_convolution)
one_crop = multiplications(sliding_r, 24, 24)
print(f"R-Net, one crop: {one_crop:,} multiplications")

# %%
trace = detector.trace(photo)
sizes = [level.image.shape[:2] for level in trace.levels]
p_all = sum(multiplications(sliding_p, *size) for size in sizes)
r_all = sum(multiplications(sliding_r, 2 * h, 2 * w) for h, w in sizes)  # windows of 24 px, not 12
r_crops = len(trace.pnet.last) * one_crop
a_window = one_crop / (p_all / trace.pnet.windows)
print(f"for one window, R-Net costs {a_window:.0f} times as much as P-Net in a pass")
names = "P-Net everywhere", f"R-Net on {len(trace.pnet.last)} crops", "R-Net everywhere"
cost_bars(dict(zip(names, (p_all / 1e6, r_crops / 1e6, r_all / 1e6), strict=True)))

# %% [markdown]
# The [paper](https://arxiv.org/abs/1604.02878) timed its nets: 300 runs take P-Net 0.031 s, R-Net 0.458 s and O-Net 1.347 s.
#
# ## What the slopes are for
#
# A **PReLU** ([He et al. 2015](https://arxiv.org/abs/1502.01852)) multiplies what is negative by a slope that it has learned, one for each channel. Does that cost much? Does it matter? Here is
# R-Net as released, and with all its slopes set to 0, which makes each PReLU a plain ReLU.

# %%
slopes = torch.cat([layer.weight for layer in rnet.children() if isinstance(layer, nn.PReLU)])
parameters = sum(values.numel() for values in rnet.parameters())
print(f"{len(slopes)} slopes of {parameters:,} parameters: {len(slopes) / parameters:.1%}")
print(f"{(slopes < 0).float().mean():.0%} of them are below 0")

plain = deepcopy(rnet)
for layer in plain.children():
    if isinstance(layer, nn.PReLU):
        layer.weight.data.zero_()

# %%
picture, faces = wall().image(), wall().boxes  # (37, 4)
on_wall = detector.trace(picture)
windows = on_wall.pnet["squared"].boxes  # (432, 4)
nothing = windows[iou(faces, windows).max(axis=0) < 0.3]
crops = normalise(crop_windows(halvings(picture, 0.05), nothing, size=24))
kept = {}
for name, net in (("PReLU", rnet), ("ReLU", plain)):
    with torch.no_grad():
        kept[name] = int((net(crops).score.numpy() >= 0.7).sum())
    print(f"{name:5} keeps {kept[name]} of {len(nothing)} windows of background")

# %% tags=["check"]
assert kept["ReLU"] > 2 * kept["PReLU"]

# %% [markdown]
# With a slope below 0, what is negative comes out *positive*, as in an absolute value, and later layers use that. (This net was trained with
# its slopes. One trained with ReLU from the start would do better than this one does without them.)
#
# ## Small kernels
#
# The paper replaced the 5 × 5 kernels of the cascade before it (Li et al., CVPR 2015) by 3 × 3. In R-Net's second convolution, on the same
# 11 × 11 map, padded so that both give 9 × 9 results:

# %%
for side in (5, 3):
    convolution = nn.Conv2d(28, 48, kernel_size=side, padding=(side - 3) // 2)
    weights = convolution.weight.numel()
    places = convolution(torch.zeros(1, 28, 11, 11))[0, 0].numel()
    print(f"{side} × {side}: {weights:6,} weights, {weights * places:9,} multiplications")

# %% [markdown]
# A kernel of 5 × 5 looks at 25 places, one of 3 × 3 at 9; two of the small ones in a row look at 5 × 5 as well, for 18.
#
# ## Move, then suppress?
#
# The paper moves the boxes first. The authors' code runs NMS first, and moves what is left (`detect_face.m`). In R-Net the order makes a
# difference, for its offsets bring the boxes of one face closer together:

# %%
passing = on_wall.rnet["above threshold"]
moved = decode_offsets(passing.boxes, passing.offsets)  # (113, 4)
orders = {"NMS, then move (code)": passing.boxes, "move, then NMS (paper)": moved}
left = {name: len(nms(boxes, passing.scores, threshold=0.7)) for name, boxes in orders.items()}
for name, count in left.items():
    print(f"{name:23} {count:3} windows for O-Net")

# %% tags=["check"]
assert left["move, then NMS (paper)"] < left["NMS, then move (code)"]

# %% [markdown]
# And how much overlap? The paper does not say; the authors' code has 0.7, and means windows that have not moved. Each window that R-Net's
# NMS drops saves O-Net a look, the costliest of all:

# %%
for overlap in (0.6, 0.7, 0.8, 1):
    count = len(on_wall.rerun(nms=(0.5, 0.7, overlap, 0.7)).rnet.last)
    print(f"R-Net's NMS at {overlap:4}: {count} windows for O-Net")

# %% [markdown]
# Why not 0.7, or less? Because several looks at one face are worth something: the best of them is often better than the first. On 250 photos
# of WIDER FACE, against the authors' order with its 0.7, moving first costs 0.9 points of average precision
# ([chapter 10](../10_evaluation.ipynb)) at 0.7, and 0.3 at 0.8 ([all figures](../../benchmarks/RESULTS.md#its-own-way)). So this package has 0.8.
#
# ## Five points from R-Net?
#
# In the paper's figure 2, R-Net has a third head, for five points. The released R-Net has none:

# %%
print("landmark head in the released R-Net:", rnet.landmarks is not None)
print("landmark head in this package's R-Net:", Detector().nets.rnet.landmarks is not None)

# %% [markdown]
# <!-- footer -->
