# %% [markdown]
# <!-- header -->

# %% [markdown]
# ## Play
#
# Could one net replace MTCNN's three? A **one-pass detector**, also one-stage or single-shot, sees the photo once, at one size. It answers
# for boxes of preset sizes and places, **anchor boxes**: is there a face about here, of about this size? In training, an anchor is for a face (*positive*) where their IoU is
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
# Sizes. Eight, each 1.5 times the one before, leave no face out. Taller anchors still leave one.
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
assert first.counts["background"] == 204 * first.counts["positive"]

# %% [markdown]
# 1. Raise **face from IoU** step by step. Which faces lose their anchors first?
# 2. Back at 0.5: bring all 14 in, by sizes alone. What does it cost in anchors?
# 3. Tick *each face has its best anchor*. Or ask for 0.35 alone, as some code does ([who answers for whom](deeper/13_anchors.ipynb)). Which
#    gives the faces more anchors?
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
# Here all four learn, with one small **backbone** (the convolutions that make the maps), on composed scenes of 160 px with faces of 14 to 60 px.

# %%
import numpy as np
import torch

from mtcnn_lite.course.onepass_lessons import OF_ONE_SIZE, SCALES, covered, lessons
from mtcnn_lite.course.onepass_trials import average_precision, learn
from mtcnn_lite.course.scenes import scenes
from mtcnn_lite.course.small_onepass import DEEPEST, FINEST, LEVELS, Net

torch.set_num_threads(1)  # so that every run adds in the same order
look = {"height": 160, "width": 160, "faces": (2, 6), "sizes": (14, 60), "distractors": (2, 5)}
train, held_out = scenes(150, 1, **look), scenes(60, 2, split="held_out", **look)
for name, levels in (("image pyramid", FINEST), ("one map", DEEPEST), ("several depths", LEVELS)):
    asked = ", ".join(f"stride {stride}: sides {sides}" for stride, sides in levels.items())
    print(f"{name:14} {asked}")
for name, levels in (("one map", DEEPEST), ("several depths", LEVELS)):
    print(f"{name}: {covered(train, levels):.0%} of the faces have an anchor with IoU 0.5 or more")

# %% [markdown]
# An anchor is for a face from an IoU of 0.35, background under 0.3; each face has its best. RetinaFace, a one-pass face detector, gives
# five points too; these nets do not. Each is trained in two seconds, on 85 batches of 8 photos. For the image pyramid, a photo comes in three
# sizes, and in each only faces of 12 to 30 px count.

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

precision = {
    name: [average_precision(net, held_out, WAYS[name][3]) for net in some]
    for name, some in nets.items()
}
seed_by_seed(precision, "average precision on 60 held-out scenes")

# %% [markdown]
# A dot is a seed. One map loses by far. A likely cause: its anchors stand 32 px apart, so few faces have one that fits. Three seeds cannot rank
# the others. The feature pyramid gains with large nets and data ([Lin et al. 2017](https://arxiv.org/abs/1612.03144)).
#
# What do they cost? Four detectors on a photo of 12 faces: boxes from a score of 0.5, right ones vermilion, wrong ones black; missed faces
# yellow; the fastest of three runs.

# %% tags=["nbval-ignore-output"]
from functools import partial

from mtcnn_lite.course.onepass_figures import right_and_wrong
from mtcnn_lite.course.onepass_trials import fastest, found, work_of

photo = scene([13, 3], 320, 480, (12, 12), (14, 60), "held_out", (4, 4))
work = {name: work_of(nets[name][0], 320, 480, WAYS[name][3]) for name in WAYS}
seen, notes = {}, []
for name, (*_, scales) in WAYS.items():
    look_at = partial(found, nets[name][0], [photo.image()], scales, threshold=0.5)
    [seen[name]], spent = fastest(look_at)
    notes.append(f"{1000 * spent:.0f} ms, {work[name] / 1e6:.0f} million multiply-adds")
right_and_wrong(photo, seen, notes, height=300)

# %% tags=["check"]
assert max(precision["one map"]) < 0.5 < min(min(v) for n, v in precision.items() if n != "one map")
assert 3 * covered(train, DEEPEST) < covered(train, LEVELS)
assert work["several depths"] == work["feature pyramid"], "adding multiplies nothing"
assert 1 < work["image pyramid"] / work["several depths"] < 1.5

# %% [markdown]
# The image pyramid is paid for copy by copy. The addition itself multiplies nothing. A full FPN also
# has convolutions before and after it: in [chapter 02's example](deeper/02_other_answers.ipynb) 1.82 times one map, several depths 1.07.
#
# ### What an anchor answers
#
# MTCNN says where a box's corners lie, in sides of the window. One-pass detectors say where its centre lies and, as logarithms, how large it
# is ([SSD](https://arxiv.org/abs/1512.02325), eq. 2). With the anchor's centre and sides $c_x, c_y, w, h$, the box's $c'_x, c'_y, w', h'$:
#
# $$\Bigl(\frac{c'_x - c_x}{w\, v_1},\;\; \frac{c'_y - c_y}{h\, v_1},\;\; \frac{\log(w'/w)}{v_2},\;\; \frac{\log(h'/h)}{v_2}\Bigr)$$
#
# The **variances** $v_1 = 0.1$ and $v_2 = 0.2$ are divisors, from SSD's code; the paper has none. The spread of our targets:

# %%
from mtcnn_lite.onepass.encoding import VARIANCES

kinds, offsets = whole[0].kinds, whole[0].offsets  # (150, 1025), (150, 1025, 4)
targets = offsets[kinds == 1].numpy()  # (positives, 4), divided already
divisors = np.repeat(VARIANCES, 2)  # 0.1, 0.1, 0.2, 0.2
for name, each in (("without", targets * divisors), ("with", targets)):
    spread = " ".join(f"{value:5.2f}" for value in each.std(axis=0))
    print(f"{name:7} variances: {spread}")

# %% [markdown]
# With them, targets are 10 and 5 times as large, and weigh more beside the cross-entropy. Whether that helps is not tested here.
#
# ### Thousands of easy answers
#
# How many anchors are for a face?

# %%
positive, negative, neither = (int((kinds == kind).sum()) for kind in (1, 0, -1))
print(f"{positive:,} for a face, {negative:,} background, {neither:,} neither")
print(f"{negative / positive:.0f} of the background for each of a face")

# %% [markdown]
# If all count alike, "no face" everywhere is right nearly always. Two cures. **Hard negatives**, SSD's and RetinaFace's: in each photo, only
# the background with the highest losses counts, 3 for each positive. Focal loss ([chapter
# 11](11_limits.ipynb#A-loss-for-thousands-of-easy-answers)): all count, easy ones little. Our nets took the first. The same net, first
# weights and batches with the second, and with neither:

# %% tags=["nbval-ignore-output"]
from mtcnn_lite.course.evidence import paired

cured = {"hard negatives": precision["several depths"]}
for name, imbalance in (("focal loss", "focal"), ("all alike", "all alike")):
    some = [trained("several depths", seed, imbalance) for seed in range(3)]
    cured[name] = [average_precision(net, held_out) for net in some]
    print(f"hard negatives minus {name}:", paired(cured["hard negatives"], cured[name]))
seed_by_seed(cured, "average precision on 60 held-out scenes")

# %% tags=["check"]
assert targets.std(axis=0).min() > 0.5 > 0.3 > (targets * divisors).std(axis=0).max()
assert 25 < negative / positive < 60
assert min(min(values) for values in cured.values()) > 0.5, "all learn"
assert abs(np.mean(cured["hard negatives"]) - np.mean(cured["all alike"])) < 0.1

# %% [markdown]
# Here, at 29 to 1, the net learns about as well without either. The
# photo in Play has 204 to 1. Three seeds cannot say which is best.
#
# ### What it sees, level by level
#
# The feature pyramid's answers on the photo: the stronger a cell's vermilion, the surer its best anchor. Dark boxes came from that level.

# %% tags=["nbval-ignore-output"]
from mtcnn_lite.course.onepass_figures import levels_seen
from mtcnn_lite.course.onepass_trials import trace

record = trace(nets["feature pyramid"][0], photo.image())  # as Detector.trace gives it
levels_seen(record, LEVELS)

# %% [markdown]
# A face between two sizes lights up in both, and NMS chooses.
#
# ### Time against faces
#
# Chapter 11's crowds, on one background; the fastest of three runs. Beside MTCNN: this chapter's net, and the package's one-pass net, of
# 310,000 parameters. No weights of it [ship yet](../docs/one_pass.md); a net takes as long before it has learned.

# %%
from mtcnn_lite import Detector
from mtcnn_lite.onepass.model import OnePassNet


def seconds(run):  # the parts of a trace run when they are first asked for
    return sum(run.seconds.values())


mtcnn, body = Detector(weights="zhang2016"), nets["feature pyramid"][0]
one_pass = {"the package's one-pass net": OnePassNet().eval(), "this chapter's": body}
looks = {"MTCNN": mtcnn.trace} | {name: partial(trace, net) for name, net in one_pass.items()}
numbers, runs = (0, 5, 10, 100), {name: [] for name in looks}
for n in numbers:
    crowd = scene([11, 9], 720, 960, (n, n), (24, 36), distractors=(0, 0))
    for name, look_at in looks.items():
        runs[name].append(min((look_at(crowd.image()) for _ in range(3)), key=seconds))

# %% tags=["nbval-ignore-output"]
from mtcnn_lite.course.onepass_figures import crowd_lines
from mtcnn_lite.course.onepass_trials import cascade_work
from mtcnn_lite.evaluation import judge

times = {name: [seconds(run) for run in own] for name, own in runs.items()}
computed = {"MTCNN": [cascade_work(run, mtcnn.nets) / 1e6 for run in runs["MTCNN"]]}
for name, net in one_pass.items():
    computed[name] = [work_of(net, 720, 960) / 1e6] * len(numbers)
for name in ("MTCNN", "this chapter's"):
    right = judge([(runs[name][-1].faces, crowd)]).right
    print(f"{name}: {right.sum()} of {numbers[-1]} faces found, {(~right).sum()} boxes wrong")
crowd_lines(numbers, times, computed)

# %% [markdown]
# MTCNN's work grows with each face; a one-pass net's does not. MTCNN multiplies less than the package's net up to about five faces, than this
# chapter's never. By the clock, in this run, it is about even with the package's net where there are no faces. One small net found nearly as
# many faces as three; it learned no points.
#
# ### Without anchors
#
# **Anchor-free** heads ask each cell, as the first [YOLO](https://arxiv.org/abs/1506.02640) did: does a face's middle lie in you, and how large
# is it? No bounds of IoU; but boxes are told as from a square of 32 px, and cells near a middle do not count. A new head on the feature
# pyramid's finest map, 85 steps more:

# %%
from mtcnn_lite.course.onepass_lessons import centre_lessons
from mtcnn_lite.course.small_onepass import CentreHead, CentreNet

free = []
with torch.no_grad():
    features = body.features(whole[0].x)[0]  # (150, 32, 20, 20), from here on as they are
for seed in range(3):
    torch.manual_seed(seed)
    head = learn(CentreHead(), [centre_lessons(features, train)], seed)
    free.append(CentreNet(body, head))

# %% tags=["nbval-ignore-output"]
without_anchors = [average_precision(net, held_out) for net in free]
print("average precision:", " ".join(f"{value:.2f}" for value in without_anchors), end="; ")
print(f"with anchors, on the same features {precision['feature pyramid'][0]:.2f}")
for name, net in (("with anchors", body), ("without", free[0])):
    left = trace(net, photo.image()).counts()["onepass"]
    print(f"{name:12} {left['scored']:,} answers, {left['above threshold']} above 0.5,", end=" ")
    print(f"{left['nms']} after NMS")
levels_seen(trace(free[0], photo.image()), {8: ()}, height=240)

# %% tags=["check"]
assert computed["MTCNN"][1] < computed["the package's one-pass net"][0] < computed["MTCNN"][2]
assert min(computed["MTCNN"]) > computed["this chapter's"][0]
assert times["MTCNN"][0] > times["this chapter's"][0]
assert times["MTCNN"][-1] > max(times["MTCNN"][0], times["the package's one-pass net"][-1])
assert right.sum() > 75
assert (~right).sum() < 25
assert min(without_anchors) > 0.5
anchors_, cells = (trace(net, photo.image()).counts()["onepass"] for net in (body, free[0]))
assert anchors_["scored"] > 3 * cells["scored"] / 2
assert anchors_["above threshold"] > cells["above threshold"]
assert (
    305_000 < sum(p.numel() for p in one_pass["the package's one-pass net"].parameters()) < 315_000
)

# %% [markdown]
# About as good, with fewer answers; but these are three heads on one backbone, and the largest face got two boxes. What is lost: two faces whose middles
# share a cell.
#
# ### Two stages: Faster R-CNN
#
# In a **two-stage detector**, Faster R-CNN, one net scores anchors, as P-Net windows. The next crops *features*, **RoI pooling**
# (regions of interest), where R-Net crops the photo ([both, counted](deeper/13_two_stages.ipynb)).
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
# background with the highest losses, `ratio` for each anchor with kind 1 in that photo, or all where there are fewer. (Training kept at least
# 32.)
#
# <details><summary>A hint</summary>
#
# Give what is no background a loss of `-np.inf`; then sort each row; at last `& (kinds == 0)`.
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

# %%
from mtcnn_lite.boxes import iou

verdicts = {encode: first, anchor_grid: second, hard_negatives: third, fpn_merge: fourth}
yours = {f.__name__: f if v else mine.get(f.__name__) for f, v in verdicts.items()}
print("yours:", ", ".join(name for name, function in yours.items() if function) or "nothing yet")
if yours["encode"] and yours["anchor_grid"]:
    squares = yours["anchor_grid"](640, 640, 32, np.array([256.0]))
    overlap = iou(squares, faces.boxes)  # (400, 14)
    anchor, face = np.unravel_index(overlap.argmax(), overlap.shape)
    said = yours["encode"](squares[[anchor]], faces.boxes[[face]], VARIANCES)
    print(f"an IoU of {overlap.max():.2f}; what the anchor should say:", np.round(said, 1))

# %%
from torch.nn.functional import cross_entropy

if yours["hard_negatives"]:
    with torch.no_grad():
        logits = nets["several depths"][0](whole[0].x).face  # (150, 1025, 2)
    losses = cross_entropy(logits.movedim(2, 1), (kinds == 1).long(), reduction="none").numpy()
    chosen = np.asarray(yours["hard_negatives"](losses, kinds.numpy(), 3), bool)
    print(f"{chosen.sum():,} hard negatives, mean loss {losses[chosen].mean():.3f};", end=" ")
    print(f"of all the background {losses[kinds == 0].mean():.3f}")

# %%
from mtcnn_lite.nets import normalise

if yours["fpn_merge"]:
    plain = Net(LEVELS).eval()  # the same net without the addition
    plain.load_state_dict(body.state_dict())
    with torch.no_grad():
        x = normalise(photo.image()[None])  # (1, 3, 320, 480)
        fine, coarse = plain.features(x)[0][0], body.features(x)[1][0]  # (32, 40, 60), (32, 20, 30)
        its = body.features(x)[0][0].numpy()  # (32, 40, 60)
    merged = yours["fpn_merge"](fine.numpy(), np.eye(32, dtype=np.float32), coarse.numpy())
    print(f"your finest map and the net's differ by {abs(merged - its).max():.5f} at most")

# %% [markdown]
# Solutions are in `source/solutions.py`; `mine.forget("encode")` lets you start again.
#
# ## What you can now say
#
# <details><summary>What are the four answers to faces of every size, and what does each cost?</summary>
#
# Copies of the photo, each paid for; one deep map, cheap, but few small faces have an anchor that fits; several depths, for little more; a
# feature pyramid, whose addition is free, its convolutions not.
#
# </details>
# <details><summary>What happens to an anchor whose IoU lies between the bounds?</summary>
#
# It is ignored.
#
# </details>
# <details><summary>What are variances for?</summary>
#
# They divide the targets, which become 10 and 5 times as large.
#
# </details>
# <details><summary>Two cures for thousands of easy anchors?</summary>
#
# Hard negatives, 3 for each positive, and focal loss. At 29 to 1 our nets learned as well without.
#
# </details>
# <details><summary>When is MTCNN the cheaper one?</summary>
#
# In multiply-adds, against the package's net, up to about five faces. By the clock, in our run, about even without faces.
#
# </details>

# %% [markdown]
# <!-- footer -->
