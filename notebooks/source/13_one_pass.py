# %% [markdown]
# <!-- header -->

# %% [markdown]
# ## Play
#
# A **one-pass detector** has a net that sees the photo once, at one size. It answers for boxes of preset sizes and places, its **anchor
# boxes** or anchors: is there a face about here, of about this size? In training, an anchor is for a face (*positive*) where their IoU is
# high enough, *background* where it is low, and *ignored* between. Choose the anchors, and the bounds. But first, guess:
#
# <details><summary>16,800 anchors, 14 faces. How many anchors are for a face?</summary>
#
# 80, and two faces have none at all.
#
# </details>
# <details><summary>The bound goes from 0.5 to 0.7. How many faces are left without an anchor?</summary>
#
# Eight: a face must then have nearly the size and place of an anchor.
#
# </details>
# <details><summary>Which helps those two faces more: anchors a fifth higher than wide, or sizes nearer together?</summary>
#
# Sizes. Eight, each 1.5 times the one before, leave no face out. Higher ones still leave one.
#
# </details>

# %%
from mtcnn_lite.course.explorers.anchors import AnchorsExplorer, view
from mtcnn_lite.course.scenes import scene

faces = scene([11, 51], 640, 640, (14, 14), (16, 300), distractors=(0, 0))
AnchorsExplorer(faces)

# %% tags=["check"]
first = view(faces)
assert (len(first.boxes), first.counts["positive"]) == (16_800, 80)


def without(**settings):
    return view(faces, **settings).counts["faces without an anchor"]


assert (without(), without(positive=0.7)) == (2, 8)
assert (without(shape=1.2), without(step=1.5, count=8)) == (1, 0)
assert without(force=True) == without(positive=0.35) == 0

# %% [markdown]
# 1. Raise **a face's from IoU** step by step. Which faces lose their anchors first?
# 2. Back at 0.5: bring all 14 in, by sizes alone. What does it cost in anchors?
# 3. Tick *each face has its best anchor*. What does RetinaFace's code do besides? It asks for 0.35
#    ([who answers for whom](deeper/13_anchors.ipynb)).
#
# ## Build
#
# ### Four answers to scale
#
# Faces have all sizes, a convolution has one. Four answers, [drawn and counted](deeper/02_other_answers.ipynb) in chapter 02:
#
# - an image pyramid, MTCNN's: one small net on many copies of the photo;
# - one map, the net's deepest, asked for all sizes;
# - maps of several depths: fine ones for small faces, deep ones for large ones;
# - a **feature pyramid**: the same, and what deep maps know is added to the fine ones.
#
# Here all four learn, with one small backbone, on composed scenes of 160 px with faces of 14 to 60 px.

# %%
import numpy as np
import torch

from mtcnn_lite.course.onepass_trials import OF_ONE_SIZE, SCALES, average_precision, learn, lessons
from mtcnn_lite.course.scenes import scenes
from mtcnn_lite.course.small_onepass import DEEPEST, FINEST, LEVELS, Net

torch.set_num_threads(1)  # so that every run adds in the same order
look = {"height": 160, "width": 160, "faces": (2, 6), "sizes": (14, 60), "distractors": (2, 5)}
train, held_out = scenes(150, 1, **look), scenes(60, 2, split="held_out", **look)
for name, levels in (("three maps", LEVELS), ("one map", DEEPEST), ("pyramid of photos", FINEST)):
    asked = ", ".join(f"stride {stride}: sides {sides}" for stride, sides in levels.items())
    print(f"{name:18} {asked}")

# %% [markdown]
# A net is trained in two seconds, 100 batches of 8 photos. For the image pyramid, each photo comes in three sizes, and in each only faces
# of 12 to 28 px count.

# %%
whole, copies = [lessons(train, LEVELS)], [lessons(train, FINEST, s, OF_ONE_SIZE) for s in SCALES]
WAYS = {  # levels, feature pyramid?, lessons, scales of the photo
    "image pyramid": (FINEST, False, copies, SCALES),
    "one map": (DEEPEST, False, [lessons(train, DEEPEST)], (1,)),
    "several depths": (LEVELS, False, whole, (1,)),
    "feature pyramid": (LEVELS, True, whole, (1,)),
}


def trained(name, seed, imbalance="hard negatives"):
    levels, pyramid, sets, _ = WAYS[name]
    torch.manual_seed(seed)
    return learn(Net(levels, pyramid), sets, seed, imbalance)


nets = {name: [trained(name, seed) for seed in range(3)] for name in WAYS}

# %% tags=["nbval-ignore-output"]
from mtcnn_lite.course.onepass_figures import seed_by_seed

found = {
    name: [average_precision(net, held_out, WAYS[name][3]) for net in some]
    for name, some in nets.items()
}
seed_by_seed(found, "average precision on 60 held-out scenes")

# %% [markdown]
# A dot is a seed. One map loses by far: a cell of 32 px cannot tell four small faces apart. The other three lie within one another's spread:
# three seeds cannot rank them. The feature pyramid, which gains with large nets and data ([Lin et al. 2017](https://arxiv.org/abs/1612.03144)), does
# **not** win here: 100 steps are little time to learn what to add.
#
# What do they cost? One photo of 12 faces, four detectors: the boxes with a score of 0.5 or more, the time of this run, millions of
# multiply-adds.

# %% tags=["nbval-ignore-output"]
import time

from mtcnn_lite.course.onepass_trials import found as detect
from mtcnn_lite.course.onepass_trials import work_of
from mtcnn_lite.draw import beside, draw_boxes

photo = scene([13, 3], 320, 480, (12, 12), (14, 60), "held_out", (4, 4))
work = {name: work_of(nets[name][0], 320, 480, WAYS[name][3]) for name in WAYS}
drawn, says = [], []
for name, (*_, scales) in WAYS.items():
    begun = time.perf_counter()
    [seen] = detect(nets[name][0], [photo.image()], scales, threshold=0.5)
    spent = time.perf_counter() - begun
    drawn.append(draw_boxes(photo.image(), seen.boxes, "landmark"))
    computed = f"{1000 * spent:.0f} ms, {work[name] / 1e6:.0f} M"
    says.append(f"{name}:\n{len(seen)} boxes, {computed}")
beside(drawn, says, height=150)

# %% tags=["check"]
assert max(found["one map"]) < 0.5 < min(min(v) for n, v in found.items() if n != "one map")
assert work["several depths"] == work["feature pyramid"], "adding multiplies nothing"
assert 1 < work["image pyramid"] / work["several depths"] < 1.5

# %% [markdown]
# The image pyramid is paid for copy by copy, though its net stops at the finest map. Adding maps costs next to nothing.
#
# ### What an anchor answers
#
# MTCNN says where a box's corners lie, in sides of the window. One-pass detectors say where its centre lies and, as logarithms, how large it
# is ([SSD](https://arxiv.org/abs/1512.02325), eq. 2). With the anchor's centre and sides $c_x, c_y, w, h$, the box's $c'_x, c'_y, w', h'$:
#
# $$\Bigl(\frac{c'_x - c_x}{w\, v_1},\;\; \frac{c'_y - c_y}{h\, v_1},\;\; \frac{\log(w'/w)}{v_2},\;\; \frac{\log(h'/h)}{v_2}\Bigr)$$
#
# The **variances** $v_1 = 0.1$ and $v_2 = 0.2$ are divisors, nothing more. What for? The spread of the targets in our lessons:

# %%
from mtcnn_lite.onepass.encoding import VARIANCES

kinds, offsets = whole[0].kinds, whole[0].offsets  # (150, 1225), (150, 1225, 4)
targets = offsets[kinds == 1].numpy()  # (positives, 4)
divisors = np.repeat(VARIANCES, 2)  # 0.1, 0.1, 0.2, 0.2
for name, each in (("without", targets * divisors), ("with", targets)):
    spread = " ".join(f"{value:5.2f}" for value in each.std(axis=0))
    print(f"{name:7} variances: {spread}")

# %% [markdown]
# Without them the box loss would hardly count beside the cross-entropy; with them targets are of the order of 1.
#
# ### Thousands of easy answers
#
# How many anchors are for a face?

# %%
positive, negative, neither = (int((kinds == kind).sum()) for kind in (1, 0, -1))
print(f"{positive:,} for a face, {negative:,} background, {neither:,} neither")
print(f"{negative / positive:.0f} of the background for each of a face")

# %% [markdown]
# If all counted alike, "no face" everywhere would be a fine answer. Two cures. **Hard negatives**, SSD's and RetinaFace's: in each photo, only
# the background with the highest losses counts, 3 for each positive. Focal loss ([chapter
# 11](11_limits.ipynb#A-loss-for-thousands-of-easy-answers)): all count, easy ones little. So far, our nets took the first. The same net, first
# weights and batches with the second:

# %% tags=["nbval-ignore-output"]
from mtcnn_lite.course.evidence import paired

cured = {"hard negatives": found["several depths"]}
focal = [trained("several depths", seed, "focal") for seed in range(3)]
cured["focal loss"] = [average_precision(net, held_out) for net in focal]
print("hard negatives minus focal loss:", paired(*cured.values()))
seed_by_seed(cured, "average precision on 60 held-out scenes")

# %% tags=["check"]
assert targets.std(axis=0).min() > 0.5 > 0.3 > (targets * divisors).std(axis=0).max()
assert 25 < negative / positive < 60
assert min(min(values) for values in cured.values()) > 0.5, "both cure it"

# %% [markdown]
# (The mean of the differences, its standard error, and in how many seeds the first is ahead.) Both cures work. Which is better,
# three seeds cannot say, even if one is ahead in all: "better" needs eight in this course, and would hold for these scenes and steps alone.
#
# ### What it sees, level by level
#
# The feature pyramid's answers on the photo: the deeper a cell's orange, the surer its best anchor. Dark boxes came from that level.

# %% tags=["nbval-ignore-output"]
from mtcnn_lite.course.onepass_figures import levels_seen
from mtcnn_lite.course.onepass_trials import trace

record = trace(nets["feature pyramid"][0], photo.image())  # as Detector.trace gives it
levels_seen(record, LEVELS)

# %% [markdown]
# Each level has its own sizes, as each copy of a pyramid had. A face between two sizes lights up in both, and NMS chooses.
#
# ### Time against faces
#
# Chapter 11's crowds, on one background. MTCNN's time and crops come from its traces. Beside it: this chapter's net, and the package's
# one-pass net, of 310,000 parameters. No weights of it ship yet ([how to train it](../docs/one_pass.md)); but a net takes as long before it
# has learned.

# %%
from mtcnn_lite import Detector
from mtcnn_lite.course.onepass_trials import cascade_work
from mtcnn_lite.onepass.model import OnePassNet

mtcnn, package_net = Detector(weights="zhang2016"), OnePassNet().eval()
trace(package_net, np.zeros((720, 960, 3), np.uint8))  # the first look at a size takes longer
numbers, runs = (0, 50, 100), {"MTCNN": [], "the package's one-pass net": [], "this chapter's": []}
for n in numbers:
    crowd = scene([11, 9], 720, 960, (n, n), (24, 36), distractors=(0, 0)).image()
    three = mtcnn.trace(crowd), trace(package_net, crowd), trace(nets["feature pyramid"][0], crowd)
    for run, own in zip(three, runs.values(), strict=True):
        own.append((sum(run.seconds.values()), run))
computed = {"MTCNN": [cascade_work(run, mtcnn.nets) / 1e6 for _, run in runs["MTCNN"]]}
for name, net in zip([*runs][1:], (package_net, nets["feature pyramid"][0]), strict=True):
    computed[name] = [work_of(net, 720, 960) / 1e6] * len(numbers)

# %% tags=["nbval-ignore-output"]
from mtcnn_lite.course.onepass_figures import crowd_lines

times = {name: [seconds for seconds, _ in own] for name, own in runs.items()}
crowd_lines(numbers, times, computed)

# %% [markdown]
# MTCNN pays for each face, one pass for the photo. Without faces MTCNN computes less than the package's one-pass net, in a crowd far more.
#
# ### Without anchors
#
# **Anchor-free** heads ask each cell: does a face's middle lie in you, and how large is it? No sizes, no bounds of IoU. We keep the feature
# pyramid's finest map as it is, and train a new head on it:

# %%
from mtcnn_lite.course.onepass_trials import centre_lessons
from mtcnn_lite.course.small_onepass import CentreHead, CentreNet

body, free = nets["feature pyramid"][0], []
with torch.no_grad():
    features = body.features(whole[0].x)[0]  # (150, 32, 20, 20), from here on as they are
for seed in range(3):
    torch.manual_seed(seed)
    head = learn(CentreHead(), [centre_lessons(features, train)], seed)
    free.append(CentreNet(body, head))

# %% tags=["nbval-ignore-output"]
without_anchors = [average_precision(net, held_out) for net in free]
print("average precision:", " ".join(f"{value:.2f}" for value in without_anchors), end="; ")
print(f"with anchors, on the same features {found['feature pyramid'][0]:.2f}")
for name, net in (("with anchors", body), ("without", free[0])):
    left = trace(net, photo.image()).counts()["onepass"]
    print(f"{name:12} {left['scored']:,} answers, {left['above threshold']} above 0.5,", end=" ")
    print(f"{left['nms']} after NMS")
levels_seen(trace(free[0], photo.image()), {8: ()}, height=240)

# %% [markdown]
# About as good, with fewer answers, and fewer copies for NMS to remove. What is lost: two faces whose middles share a cell.
#
# ### Two stages: Faster R-CNN
#
# MTCNN has two relatives in general detection. [Faster R-CNN](https://arxiv.org/abs/1506.01497)'s first stage, the *region proposal network*,
# is a small net that slides over a map and scores anchors. That is P-Net: its windows *are* an anchor grid, of one size, 12 px, every 2 px.

# %%
from mtcnn_lite.anchors import anchor_grid as package_grid

first_look = mtcnn.trace(photo.image())
level = first_look.levels[0]
rows, columns = level.face_map.shape
grid = package_grid(*level.image.shape[:2], 2, [12]).reshape(
    *(-(-n // 2) for n in level.image.shape[:2]), 4
)
windows = level.windows().reshape(rows, columns, 4) * level.scale
apart = windows - grid[:rows, :columns]  # (rows, columns, 4)
print(f"{rows * columns:,} windows; from their anchors: {apart.min():.1f} to {apart.max():.1f} px")

# %% [markdown]
# All 5 px apart, since P-Net pads nothing. The second stage differs. R-Net *crops the photo* and computes anew; Faster R-CNN *crops the
# features* that are there already, **RoI pooling**. On our net, for one face:

# %%
from torch.nn.functional import adaptive_avg_pool2d

from mtcnn_lite.nets import multiply_adds as of_crop
from mtcnn_lite.nets import normalise

finest = body.features(normalise(photo.image()[None]))[0].detach()  # (1, 32, 40, 60)
x1, y1, x2, y2 = max(photo.boxes, key=lambda box: box[2] - box[0]).round().astype(int)
region = finest[..., y1 // 8 : -(-y2 // 8), x1 // 8 : -(-x2 // 8)]  # the cells that it touches
pooled = adaptive_avg_pool2d(region, 3)  # (1, 32, 3, 3)
count, each = first_look.rnet.windows, of_crop(mtcnn.nets.rnet, 24, 24)
print(f"R-Net: {count} crops, {count * each / 1e6:.0f} million multiply-adds")
print(
    f"RoI pooling: of {tuple(region.shape[1:])} numbers {tuple(pooled.shape[1:])}, no convolution"
)

# %% tags=["check"]
assert computed["MTCNN"][0] < computed["the package's one-pass net"][0] < computed["MTCNN"][2]
assert times["MTCNN"][2] > times["MTCNN"][0]
assert min(without_anchors) > 0.5
anchors_, cells = (trace(net, photo.image()).counts()["onepass"] for net in (body, free[0]))
assert anchors_["scored"] > 3 * cells["scored"] / 2
assert anchors_["above threshold"] > cells["above threshold"]
assert np.allclose(apart, 5, atol=1e-3)
assert 305_000 < sum(p.numel() for p in package_net.parameters()) < 315_000
assert count > 50

# %% [markdown]
# Pooling is nearly free, but a face of 16 px has four cells. [Crops see it at full detail](deeper/04_crops.ipynb), which is what small faces and
# exact points need.
#
# ## Your turn
#
# ### Exercise: `encode` (easy)
#
# `anchors` and `boxes` are (N, 4), two corners; `variances` are two numbers. Return (N, 4), the formula above.
#
# <details><summary>A hint</summary>
#
# Sides: `anchors[:, 2:] - anchors[:, :2]`, (N, 2). Centres: half the sum of the corners.
#
# </details>

# %%
from mtcnn_lite.course import checks, mine


def encode(anchors, boxes, variances):
    raise NotImplementedError


first = checks.encode(encode)
first

# %% [markdown]
# ### Exercise: `anchor_grid` (medium)
#
# `height`, `width` and `stride` are whole numbers, `sizes` is an array of sides in pixels. Return (N, 4): squares round the middle of each
# cell, row by row, in a cell in the order of `sizes`. A cell that hangs over the edge counts. Nothing is clipped or rounded.
#
# <details><summary>A hint</summary>
#
# `np.indices((rows, columns))` gives the row and column of each cell. Add 0.5, times the stride.
#
# </details>
# <details><summary>Another</summary>
#
# Middles of shape (cells, 1, 2) and half sides of shape (S, 1) make (cells, S, 2): then `reshape(-1, 2)`.
#
# </details>


# %%
def anchor_grid(height, width, stride, sizes):
    raise NotImplementedError


second = checks.anchor_grid(anchor_grid)
second

# %% [markdown]
# ### Exercise: `hard_negatives` (medium)
#
# `losses` and `kinds` are (N, A), a row a photo; a kind is 1 for a face, 0 for background, −1 for neither. Return a mask (N, A): in each photo, the
# background with the highest losses, `ratio` for each of its faces, or all where there are fewer.
#
# <details><summary>A hint</summary>
#
# Give what is no background a loss of `-np.inf`; then sort each row.
#
# </details>


# %%
def hard_negatives(losses, kinds, ratio):
    raise NotImplementedError


third = checks.hard_negatives(hard_negatives)
third

# %% [markdown]
# ### Exercise: `fpn_merge` (stretch)
#
# One step of a feature pyramid. `fine` (C, h, w) is a map of the backbone; a 1 × 1 convolution, `weight` (S, C), gives it S channels. `coarse` (S,
# ⌈h/2⌉, ⌈w/2⌉) is the level above; each of its cells becomes 2 × 2. Return their sum, (S, h, w). Where h or w is odd, the last row or column of
# the larger map is cut off.
#
# <details><summary>A hint</summary>
#
# `np.einsum("sc,chw->shw", weight, fine)` is the convolution, `repeat` along two axes the enlargement.
#
# </details>


# %%
def fpn_merge(fine, weight, coarse):
    raise NotImplementedError


fourth = checks.fpn_merge(fpn_merge)
fourth

# %% [markdown]
# ### Your functions at work
#
# On the photo, the lessons and the trained net:

# %%
verdicts = {encode: first, anchor_grid: second, hard_negatives: third, fpn_merge: fourth}
yours = {f.__name__: f if v else mine.get(f.__name__) for f, v in verdicts.items()}
print("yours:", ", ".join(name for name, function in yours.items() if function) or "nothing yet")
if yours["encode"] and yours["anchor_grid"]:
    own = yours["anchor_grid"](640, 640, 32, np.array([256.0]))[:1]
    said = yours["encode"](own, faces.boxes[-1:], VARIANCES)
    print("a face as seen from the first anchor:", np.round(said, 1))
if yours["hard_negatives"]:
    losses = np.random.default_rng(0).random(kinds.shape)
    chosen = yours["hard_negatives"](losses, kinds.numpy(), 3)
    print(f"{np.sum(chosen):,} hard negatives in the lessons")
if yours["fpn_merge"]:
    merged = yours["fpn_merge"](finest[0].numpy(), np.eye(32), np.zeros((32, 20, 30)))
    print("merged:", merged.shape)

# %% [markdown]
# Solutions are in `source/solutions.py`; `mine.forget("encode")` lets you start again.
#
# ## What you can now say
#
# <details><summary>What are the four answers to faces of every size, and what does each cost?</summary>
#
# Copies of the photo, each paid for; one deep map, cheap but blind to small faces; maps of several depths; a feature pyramid, for next to
# nothing more.
#
# </details>
# <details><summary>What happens to an anchor whose IoU lies between the bounds?</summary>
#
# It is ignored: it may say what it likes.
#
# </details>
# <details><summary>What are variances for?</summary>
#
# They divide the targets, so that these are about as large as 1 and count in the loss.
#
# </details>
# <details><summary>Two cures for thousands of easy anchors?</summary>
#
# Hard negatives, 3 for each positive, and focal loss. Both work; three seeds don't rank them.
#
# </details>
# <details><summary>When is MTCNN the cheaper one?</summary>
#
# Where faces are few. Each costs it crops; one pass costs the same for none and a hundred.
#
# </details>

# %% [markdown]
# <!-- footer -->
