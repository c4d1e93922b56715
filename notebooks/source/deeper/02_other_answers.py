# %% [markdown]
# <!-- header -->
#
# ## Four answers to scale
#
# Shrinking the photo is the oldest answer. Deep nets make small copies of their own: their feature maps (what a convolution makes of a
# picture) shrink from layer to layer, and a cell of a deep map sees a large part of the photo.

# %%
from mtcnn_lite.course.scale_figure import answers_to_scale

answers_to_scale()

# %% [markdown]
# Gray: the photo and its copies. Blue: feature maps. Vermilion: where faces are read off.
#
# - **Image pyramid**: the same small net on each copy. One size to learn, and every size is found alike. Each copy is paid for.
# - **One feature map**, the deepest: one pass. But small faces have all but vanished in it.
# - **Maps of several depths**, as in SSD ([Liu et al. 2016](https://arxiv.org/abs/1512.02325)): shallow maps for small faces, deep ones for
#   large ones, nearly for free. But a shallow map has seen few layers: it knows edges rather than faces.
# - **Feature pyramid**, FPN ([Lin et al. 2017](https://arxiv.org/abs/1612.03144)): what the deep maps know goes back down and is added to the
#   shallow ones.
#
# ## What they cost
#
# That depends on the net. As an example, a toy: five convolutions 3 × 3 that halve the map each time, on 512 × 512 px; faces are read off
# by a convolution 3 × 3 with six outputs (two for the face, four for its box).

# %%
channels = [3, 16, 32, 64, 128, 128]  # of the photo and of the five maps


def convolution(side, into, out, kernel=3):
    """Multiply-adds for a map of side x side."""
    return side * side * into * out * kernel * kernel


def backbone(side):
    """The five maps, one after the other."""
    halves = [side / 2**k for k in range(6)]
    return sum(convolution(halves[k], channels[k - 1], channels[k]) for k in range(1, 6))


def read_off(side, depths):
    return sum(convolution(side / 2**k, channels[k], 6) for k in depths)


# %%
single = backbone(512) + read_off(512, [5])
# Copies down to 33 px: at 32 px the deepest map has one cell left.
lengths = [512 * 0.709**k for k in range(9)]
copies = sum(backbone(length) + read_off(length, [5]) for length in lengths)
depths = backbone(512) + read_off(512, [3, 4, 5])
fpn = backbone(512)  # and for three maps: to 64 channels, a convolution after adding, read off
for k in (3, 4, 5):
    side = 512 / 2**k
    fpn += convolution(side, channels[k], 64, kernel=1) + convolution(side, 64, 64)
    fpn += convolution(side, 64, 6)
for name, cost in (("one feature map", single), ("image pyramid", copies),
                   ("maps of several depths", depths), ("feature pyramid", fpn)):  # fmt: skip
    print(f"{name:22} {cost / 1e6:6.1f} million, {cost / single:.2f} times one feature map")

# %% [markdown]
# That an image pyramid costs about twice one pass over its largest level (at a factor of 0.709) holds for any net: it is the geometric
# series. The others' numbers depend on the channels. But twice *what*?

# %%
from skimage.data import astronaut

from mtcnn_lite import Detector
from mtcnn_lite.nets import multiply_adds

detector = Detector(weights="zhang2016")
pnet, levels = detector.nets.pnet, detector.trace(astronaut()).levels
costs = [multiply_adds(pnet, *level.image.shape[:2]) for level in levels]
parameters = sum(p.numel() for p in pnet.parameters())
print(f"P-Net: {parameters:,} parameters, its pyramid {sum(costs) / 1e6:.1f} million multiply-adds")

# %% tags=["check"]
assert parameters == 6632
assert 1 < sum(costs) / single < 1.15
assert 1.95 < copies / single < 2.05

# %% [markdown]
# P-Net's whole pyramid, for faces of 20 px and more, costs about as much as one pass of this toy. For a deep net, twice is a high price; for a
# tiny one, a pyramid is a fair deal. That is the bet that MTCNN made in 2016. Newer detectors took the other side: chapter
# [13](../13_one_pass.ipynb).
#
# <!-- footer -->
