# %% [markdown]
# <!-- header -->

# %% [markdown]
# ## Play
#
# P-Net, the cascade's first net, looks through a window of 12 × 12 pixels, always. Here is one photo, smaller and smaller: the **levels** of
# an **image pyramid**. The square is that window; below each level is what it holds, and P-Net's score. The level with the highest score is
# lit. But first, guess:
#
# <details><summary>The face is about 100 px high; the levels' windows cover 40, 56, 79, 112, 158 px and more. Which level catches it?</summary>
#
# Level 3, with 112 px: the face about fills the window. On level 0 it holds a nose.
#
# </details>
# <details><summary>You look for faces of 20 px in place of 40 px. How much more work is that?</summary>
#
# 4.3 times as much: two levels more, and they are large ones.
#
# </details>
# <details><summary>Ten levels, or one pass of P-Net over the photo as it is: which costs more?</summary>
#
# The one pass. For faces of 20 px and more, all ten levels cost 0.69 of it.
#
# </details>

# %%
from skimage.data import astronaut

from mtcnn_lite import Detector
from mtcnn_lite.course.explorers.levels import LevelsExplorer
from mtcnn_lite.course.scenes import wall

photo = astronaut()  # (512, 512, 3): NASA's portrait of Eileen Collins, in the public domain
detector = Detector(weights="zhang2016")  # the values that the authors of MTCNN released
LevelsExplorer(detector, {"the portrait": photo, "the wall": wall().image()})

# %% [markdown]
# 1. Take the **smallest face** from 40 down to 20 px. Which level catches her now, and how much does the sum grow? Then go up until she is
#    lost. What is lit after that?
# 2. Move the **factor** up to 0.909. How many levels pass P-Net's threshold of 0.6, and what does that cost, in times of level 0?
# 3. Factor 0.709, smallest face 20, and choose **the wall**. Click on faces, large and small, and on what is no face. Which level catches
#    which?
# 4. The portrait at width 120, height 100: a case for your own hand, below.
#
# ## Build
#
# ### A net that knows one size
#
# P-Net has learned faces that about fill its window, and no others. Here are windows round the face, from too wide to too narrow, each with
# the face's width in it and P-Net's score.

# %%
import numpy as np
import torch

from mtcnn_lite import pyramid
from mtcnn_lite.draw import beside, enlarged
from mtcnn_lite.images import crop_windows
from mtcnn_lite.nets import normalise

pnet = detector.nets.pnet
middle = np.array([225.5, 126.5])  # x, y: of the face
widths = [3, 6, 10, 14, 16, 20, 32, 48]  # of the face, px of the window
reach = np.array([12 / width * 89 / 2 for width in widths])[:, None]  # the face is 89 px wide
squares = np.hstack([middle - reach, middle + reach])  # (8, 4)
crops = crop_windows(pyramid.halvings(photo, smallest=0.03), squares, size=12)  # (8, 12, 12, 3)
with torch.no_grad():
    scores = pnet(normalise(crops)).score.flatten()  # (8,)
labels = [f"{width} px\n{score:.2f}" for width, score in zip(widths, scores, strict=True)]
beside([enlarged(crop, 8) for crop in crops], labels, height=88)

# %% tags=["check"]
assert all(scores[1:4] > 0.8)
assert scores[0] < 0.6 > scores[4:].max()

# %% [markdown]
# From 6 to 14 px it is sure. At 3 px a face is nine pixels; at 16 px the chin is cut off. So "faces of every size" needs no other net, but
# a photo in which the face has about 12 px.
#
# ### Which scales?
#
# A **scale** multiplies height and width. The smallest face that you care for, the **min face**, should come to 12 px. For larger faces,
# each scale is the one before times a **factor**, 0.709:
#
# $$s_0 = \frac{12}{\text{min face}}, \qquad s_{k+1} = 0.709 \cdot s_k$$
#
# By hand, for a photo of height 100 and width 120, min face 20:

# %%
scale = 12 / 20
for k in range(6):
    size = f"{100 * scale:5.2f} x {120 * scale:5.2f} px"  # height x width
    print(f"level {k}: scale {scale:.3f}, {size}, window {12 / scale:6.2f} px of the photo")
    scale = 0.709 * scale

# %% [markdown]
# Level 5 would be 10.75 px high, and no window of 12 px fits in. So the pyramid ends with level 4. The shorter side decides: a larger face
# isn't in the photo. Why 0.709?

# %%
print(f"0.709 squared  {0.709**2:.3f}")
print(f"1 / sqrt(2)    {1 / np.sqrt(2):.4f}")

# %% [markdown]
# It is nearly 1/√2: *each level has half the area of the one before*. (It stands in the authors'
# [demo](https://github.com/kpzhang93/MTCNN_face_detection_alignment/blob/master/code/codes/MTCNNv1/demo.m).)
#
# A level has whole pixels: 51.05 px become 51. Rounding to the nearest is off by **half a pixel** at most, but half a pixel of a small
# level can be more than one of the photo:

# %%
for k in range(5):
    scale = 0.6 * 0.709**k
    pixels = int(120 * scale + 0.5)  # the level's width
    print(f"level {k}: {120 * scale:5.2f} -> {pixels} px, so x is off by up to "
          f"{abs(pixels / scale - 120):.1f} px of the photo")  # fmt: skip

# %% [markdown]
# R-Net and O-Net look again, and put most of that right.
#
# ### What a level costs
#
# Each number that a convolution puts out takes one multiplication and one addition for each of its weights: a **multiply-add**. P-Net looks
# at every second pixel, both ways, so level 0 of the small photo, 60 × 72 px, has 25 × 31 windows. They share most of their work:

# %%
from mtcnn_lite.nets import multiply_adds

one, level = multiply_adds(pnet, 12, 12), multiply_adds(pnet, 60, 72)
print(f"one window {one:,}; level 0 {level:,}; its windows one by one {25 * 31 * one:,}")

# %% [markdown]
# Now the photo of 512 × 512 px, with min face 20:

# %%
from mtcnn_lite.course.pyramid_figures import costs_of_levels, who_catches, work_against_faces

trace = detector.trace(photo)
costs = [multiply_adds(pnet, *level.image.shape[:2]) for level in trace.levels]  # of 10 levels
costs_of_levels(costs, factor=0.709)

# %% [markdown]
# Half of the work is level 0, half of what is left is level 1, and so on. Such costs are a **geometric series**. Were it to go on for ever,
# its sum would be
#
# $$c_0 + c_0 r + c_0 r^2 + \dots = \frac{c_0}{1 - r}, \qquad r = 0.709^2$$

# %%
whole, total = multiply_adds(pnet, 512, 512), sum(costs)
print(f"{trace.pnet.windows:,} windows in 10 levels, {total / 1e6:.1f} million multiply-adds")
print(f"{total / costs[0]:.2f} times level 0; the series says {1 / (1 - 0.709**2):.2f}")
print(f"one pass at full size: {whole / 1e6:.1f} million; the pyramid is {total / whole:.2f} of it")

# %% [markdown]
# All the other levels together cost no more than the first. And as the first has only 0.6² = 0.36 of the photo's pixels, the pyramid is
# cheaper than one pass at full size. (Windows that do not fit at the edges are lost: hence 1.94, not 2.01.) What costs is a small
# min face:


# %%
def price(height, width, min_face, factor=0.709):
    """Multiply-adds of all levels."""
    scales = pyramid.pyramid_scales(height, width, min_face, factor)
    return sum(multiply_adds(pnet, *pyramid.level_size(height, width, scale)) for scale in scales)


for smallest in (12, 24, 48, 96):
    print(f"min face {smallest:2} px: {price(512, 512, smallest) / 1e6:6.1f} million multiply-adds")

# %% tags=["check"]
assert round(price(512, 512, 20) / price(512, 512, 40), 1) == 4.3
assert all(price(512, 512, 2 * n) < price(512, 512, n) / 4 for n in (12, 24, 48))

# %% [markdown]
# Twice the min face, a quarter of the work or less.
#
# ### Which level catches which face
#
# One face in twelve sizes, dark, so that P-Net has to be choosy. Of a level's windows that overlap a face by an IoU of 0.5 or more
# (chapter 00), we take the highest score:

# %%
from mtcnn_lite.boxes import iou
from mtcnn_lite.course.scenes import collage

clean, faces, _ = collage(sides=[20 / 0.709 ** (0.6 * k) for k in range(12)], columns=4)
size = np.sqrt((faces[:, 2] - faces[:, 0]) * (faces[:, 3] - faces[:, 1]))  # (12,): as a square
dim = detector.trace((0.2 * clean).astype(np.uint8))  # of (768, 1024, 3)
best = np.zeros((12, len(dim.levels)))  # of each face at each level
for k, level in enumerate(dim.levels):
    fits = iou(faces, level.windows()) >= 0.5  # (12, windows)
    best[:, k] = np.where(fits, level.face_map.ravel(), 0).max(axis=1)
side = np.array([12 / level.scale for level in dim.levels])  # of the windows, px of the photo
who_catches(size, side, best)

# %% tags=["check"]
caught = best.argmax(axis=1)  # (12,)
assert (caught == np.abs(np.log(side[None] / size[:, None])).argmin(axis=1)).all()
ratios = side[caught] / size
assert 0.709**0.5 < ratios.min() < ratios.max() < 0.709**-0.5

# %% [markdown]
# Each column is a face, each disc a level. The filled one, with the highest score, always lies nearest to the line: *each face is
# caught by the level on which it has about 12 px*. None is further from its window than half a step, and even there the score is high.
#
# ### Coarser steps?
#
# A factor of 0.5 needs half as many levels. What does it lose? The same faces, less dark, but with a bad phone camera's noise; a face
# counts if a box of P-Net's has an IoU of 0.5 with it.

# %%
noise = np.random.default_rng(6).normal(0, 25, clean.shape)
dark = np.clip(0.35 * clean + noise, 0, 255).astype(np.uint8)
factors, covered = [0.9, 0.8, 0.709, 0.6, 0.5, 0.4, 0.3], []
for factor in factors:
    boxes = Detector(detector.nets, min_face=20, factor=factor).trace(dark).pnet["refined"].boxes
    covered.append(int((iou(faces, boxes).max(axis=1, initial=0) >= 0.5).sum()))
paid = [price(768, 1024, 20, factor) for factor in factors]
work_against_faces(factors, paid, covered, of=12)

# %% tags=["check"]
assert covered == sorted(covered, reverse=True)
assert min(f for f, n in zip(factors, covered, strict=True) if n == 12) == 0.709
assert paid[0] > 2.5 * paid[2]

# %% [markdown]
# Here 0.709 is the coarsest that covers all twelve. Finer steps cost up to 2.6 times as much; coarser ones save little and lose faces.
# (One picture proves nothing.)
#
# ### Shrinking well
#
# Ten pixels become one. In `cv2.resize`, `INTER_NEAREST` takes one of the ten; `INTER_LINEAR`, the default, blends the two by two that lie
# nearest; `INTER_AREA` takes the mean of all, and so does this package.
#
# Skipping pixels turns fine texture into coarse texture that was never there: **aliasing**. Here are rings round the four corners: a
# piece of them, then all at level 3. No face is there, so each window that passes P-Net is a false alarm.

# %%
import cv2

from mtcnn_lite.runtime.inference import score_level

x, y = np.meshgrid(np.arange(512), np.arange(512))
rings = (127.5 + 127.5 * np.cos(np.pi * (x**2 + y**2) / 512)).astype(np.uint8)
rings = np.repeat(rings[..., None], 3, axis=2)  # (512, 512, 3)
ways = {"INTER_AREA": cv2.INTER_AREA, "INTER_LINEAR": cv2.INTER_LINEAR,
        "INTER_NEAREST": cv2.INTER_NEAREST}  # fmt: skip
sizes = [level.image.shape[:2] for level in trace.levels]
shrunk = {name: [cv2.resize(rings, size[::-1], interpolation=way) for size in sizes]
          for name, way in ways.items()}  # fmt: skip
alarms = {name: sum(int((score_level(pnet, level)[0] >= 0.6).sum()) for level in levels)
          for name, levels in shrunk.items()}  # fmt: skip
says = [f"{name}:\n{count} false alarms" for name, count in alarms.items()]
small = [levels[3] for levels in shrunk.values()]  # (109, 109, 3) each
beside([rings[204:308, 204:308], *small], ["the middle,\nas it is", *says], height=208)

# %% [markdown]
# Averaged, fine rings are an even gray. The other two ways invent rings. Noise is fine texture too: level 5 of the astronaut with much of
# it, and the highest score on her face at any level.

# %%
noisy = np.clip(photo + np.random.default_rng(0).normal(0, 60, photo.shape), 0, 255)
noisy = noisy.astype(np.uint8)
label = [[181, 74, 270, 179]]  # x1, y1, x2, y2
on_face = {}
for name, way in ways.items():
    levels = [cv2.resize(noisy, size[::-1], interpolation=way) for size in sizes]
    maps = [score_level(pnet, level)[0] for level in levels]
    pairs = zip(trace.levels, maps, strict=True)
    on_face[name] = max(m.ravel()[iou(label, level.windows())[0] >= 0.5].max(initial=0)
                        for level, m in pairs)  # fmt: skip
fifth = [cv2.resize(noisy, sizes[5][::-1], interpolation=way) for way in ways.values()]
says = [f"{name}: {score:.2f}" for name, score in on_face.items()]
beside([enlarged(level, 4) for level in fifth], says, height=220)

# %% tags=["check"]
assert alarms["INTER_AREA"] * 10 < alarms["INTER_LINEAR"] < alarms["INTER_NEAREST"]
assert on_face["INTER_AREA"] > 0.9 > 0.6 > on_face["INTER_LINEAR"] > on_face["INTER_NEAREST"]

# %% [markdown]
# With the mean she passes P-Net; with the other two she does not. In a clean photo hardly anything differs.
#
# A pyramid is the oldest answer to scale. Deep nets shrink what they see themselves, in **feature maps**; some read faces off several:
# a **feature pyramid** ([a side trip](deeper/02_other_answers.ipynb)).
#
# ## Your turn
#
# ### Exercise: `pyramid_scales` (easy)
#
# Return a photo's scales as a list, the largest first: `12 / min_face`, then each `factor` times the one before, *as long as* the
# shorter side of the photo times the scale is at least 12. `height`, `width` and `min_face`, 12 or more, are in pixels; `factor` lies
# between 0 and 1. The list may be empty.
#
# <details><summary>A hint</summary>
#
# A `while` loop. Its condition asks whether a window fits into the next level, before you keep its scale.
#
# </details>
# <details><summary>Another</summary>
#
# `min(height, width) * scale` is the level's shorter side. At exactly 12 px a window still fits.
#
# </details>

# %%
from mtcnn_lite.course import checks, mine


def pyramid_scales(height, width, min_face, factor):
    raise NotImplementedError


verdict = checks.pyramid_scales(pyramid_scales)
verdict

# %% [markdown]
# Right or wrong, the detector finds this with it:

# %%
verdict.seen()

# %% [markdown]
# ### Exercise: `area_average` (stretch)
#
# Shrink a photo without inventing texture. `image` (H, W) is gray, uint8. Return floats (height, width): row i is the mean of the old rows
# from i × H / height to (i + 1) × H / height, and columns likewise. A pixel that lies in an area in part counts in part. Do not round.
#
# <details><summary>A hint</summary>
#
# Three pixels become two, and share the middle one: 0, 90, 240 become (0 + 45) / 1.5 = 30 and (45 + 240) / 1.5 = 190.
#
# </details>
# <details><summary>Another</summary>
#
# One axis after the other. An area from `low` to `high` holds `np.clip(np.minimum(high, k + 1) - np.maximum(low, k), 0, None)` of
# pixel k.
#
# </details>


# %%
def area_average(image, height, width):
    raise NotImplementedError


checks.area_average(area_average)

# %% [markdown]
# ### Your function in the live detector
#
# Once `pyramid_scales` has passed, the detector uses it, here and in later chapters.

# %%
mine.strip()

# %%
from mtcnn_lite.draw import draw_boxes, with_alt

everyone = wall().image()  # (620, 1000, 3), with 37 labelled faces
with_mine = mine.detector(detector).trace(everyone)
found = f"{len(with_mine.levels)} levels, {with_mine.pnet.windows:,} windows, "
found += f"{len(with_mine.faces)} faces"
print(found)
with_alt(draw_boxes(everyone, with_mine.faces.boxes), f"The wall: {found}, each in a box.")

# %% [markdown]
# A solution is in `source/solutions.py`.
#
# ## What you can now say
#
# <details><summary>A net knows faces of 12 px. How does it find one of 120 px?</summary>
#
# On the level of scale 0.1: there it has 12 px.
#
# </details>
# <details><summary>What is the first scale, and when does the pyramid end?</summary>
#
# 12 / min face; before the level whose shorter side would be under 12 px.
#
# </details>
# <details><summary>Why a factor of about 1/√2, and what does all of the pyramid cost then?</summary>
#
# Each level has half the area of the one before. The sum is about twice level 0.
#
# </details>
# <details><summary>You double the min face. What does that save?</summary>
#
# Three quarters of the work: the two largest levels go.
#
# </details>
# <details><summary>Why does shrinking with OpenCV's default make false alarms?</summary>
#
# It skips pixels: fine texture turns into coarse texture that was never there. The mean of the area has none.
#
# </details>

# %% [markdown]
# <!-- footer -->
