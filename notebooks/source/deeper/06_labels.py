# %% [markdown]
# <!-- header -->
#
# ## The neighbour
#
# A negative drawn beside a face must be compared with *all* faces. Compared with its own face alone, it may sit on the neighbour, and is called "no face". (luoyetx
# [warns of it](https://github.com/luoyetx/Joint-Face-Detection-and-Alignment/blob/master/summary.md); the explorer's tick box shows it.) Twelve faces, close together:

# %%
import numpy as np
import torch

from mtcnn_lite import Detector
from mtcnn_lite.boxes import decode_offsets, iou
from mtcnn_lite.course import sample_figures as figures
from mtcnn_lite.course.scenes import collage, scene, scenes
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.draw import tiled, with_alt
from mtcnn_lite.images import crop_windows
from mtcnn_lite.nets import normalise
from mtcnn_lite.pyramid import halvings
from mtcnn_lite.sampling import KINDS, random_windows, sample

# %%
crowd = LabelledPhoto(*collage(sides=(60,) * 12, columns=6, cell=84))
beside = random_windows.beside(crowd.boxes, 200, np.random.default_rng(5))  # (2400, 4)
own = np.repeat(np.arange(12), 200)  # the face that each was drawn beside
table = iou(beside, crowd.boxes)  # (2400, 12)
accepted = table[np.arange(2400), own] < 0.3
poison = accepted & (table.max(axis=1) >= 0.3)

# %%
copies = halvings(crowd.image(), 0.05)
with torch.no_grad():
    crops = normalise(crop_windows(copies, beside[poison], 12))
    fooled = Detector(weights="zhang2016").nets.pnet(crops).score.numpy().ravel() >= 0.6
print(f"{accepted.sum():,} accepted, {poison.sum()} of them on a neighbour")
print(f"the authors' P-Net calls {fooled.mean():.0%} of those a face")
worst = np.flatnonzero(poison)[np.argsort(-table[poison].max(axis=1), kind="stable")][:8]
sheet = tiled(crop_windows(copies, beside[worst], 80), columns=8)
with_alt(sheet, "Eight crops that would be taught as no face; each shows most of one.")

# %% [markdown]
# ## The sign
#
# The target is face − window. Written the other way round, and decoded with the usual plus, each box moves *away* from its face by as much as it should move towards it. The loss falls
# all the same: a net can learn either sign. To see it, draw the labels.

# %%
group = scene([6, 34], height=360, width=480, faces=(9, 9), sizes=(32, 60), distractors=(3, 5))
samples, crops = sample(group, 48, np.random.default_rng(3))
rows = np.flatnonzero(samples["kind"] == KINDS.index("part"))[::20][:6]
wrong = samples[rows].copy()
wrong["offsets"] *= -1
figures.label_sheet(crops[rows], wrong, group.boxes, well=False)

# %%
owned = samples[samples["face"] >= 0]
faces = group.boxes[owned["face"]]  # (N, 4)


def mean_overlap(offsets):
    boxes = decode_offsets(owned["window"], offsets)
    return np.mean([iou(b[None], f[None])[0, 0] for b, f in zip(boxes, faces, strict=True)])


for name, sign in (("the window itself", 0), ("face - window", 1), ("window - face", -1)):
    print(f"{name:18} mean IoU with the face {mean_overlap(sign * owned['offsets']):.2f}")

# %% [markdown]
# ## The mirror
#
# x becomes 1 − x, and left and right change names. Without the second step, half of the labels contradict the other half: the best that a net can do is to put both eyes
# in the middle.

# %%
from mtcnn_lite.datasets.augment_crops import mirror_batch

rows = np.flatnonzero(samples["kind"] == KINDS.index("landmark"))[::30][:5]
some = samples[rows]
mirrored, offsets, right = mirror_batch(
    crops[rows], some["offsets"], some["landmarks"], np.ones(5, bool)
)
forgotten = right[:, [1, 0, 2, 4, 3]]  # the names as before
eyes = np.linalg.norm(right[:, 0] - right[:, 1], axis=1)  # (5,)
error = np.linalg.norm(forgotten - right, axis=2).mean(axis=1) / eyes
print(f"names forgotten: labels are off by {error.mean():.2f} eye distances on average")

# %% tags=["check"]
assert np.allclose(
    mirror_batch(mirrored, offsets, right, np.ones(5, bool))[2], some["landmarks"], atol=1e-6
)
assert error.mean() > 0.5

# %% [markdown]
# The authors' points are off by 0.04 on photos of LFW ([model card](../../data/MODEL_CARD.md)).
#
# ## Seen from where?
#
# A point measured from the corner of the *labelled box*, in sides of that box, is right for a crop of exactly that box. For any other window the net can't know where that corner is. Read as
# parts of the window, such targets miss:

# %%
corner, sides = faces[:, None, :2], (faces[:, 2:] - faces[:, :2])[:, None]
from_box = (group.landmarks[owned["face"]] + 0.5 - corner) / sides  # (N, 5, 2)
gap = np.linalg.norm(from_box - owned["landmarks"], axis=2).mean(axis=1)  # (N,) window sides
eyes = np.linalg.norm(owned["landmarks"][:, 0] - owned["landmarks"][:, 1], axis=1)
print(f"off by {(gap / eyes).mean():.2f} eye distances on average")
rows = np.flatnonzero(samples["kind"] == KINDS.index("part"))[::20][:6]
wrong = samples[rows].copy()
wrong["landmarks"] = from_box[np.searchsorted(np.flatnonzero(samples["face"] >= 0), rows)]
figures.label_sheet(crops[rows], wrong, group.boxes, well=False)

# %% [markdown]
# ## The turned box
#
# Points turn with the photo. A box with upright sides can't. Take the upright box round its turned corners, and it grows with each turn:

# %%
width, height = group.boxes[0, 2:] - group.boxes[0, :2]
turn = np.radians(15)
corners = np.cos(turn) + np.sin(turn) * height / width
ellipse = np.hypot(np.cos(turn), np.sin(turn) * height / width)
print(f"turned by 15 degrees: round the corners {corners - 1:.0%} wider,")
print(f"round an ellipse of the face's sides {ellipse - 1:.0%}")

# %% [markdown]
# A face is nearly an ellipse, so here a box keeps its size and only its centre turns.
#
# ## Two decimals
#
# A popular port's [script](https://github.com/AITTSMD/MTCNN-Tensorflow/blob/master/prepare_data/gen_12net_data.py) writes its targets as text, with `%.2f`. What is lost?

# %%
lost = np.abs(owned["offsets"].round(2) - owned["offsets"])
print(f"off by up to {lost.max():.3f} window sides, {12 * lost.max():.2f} of P-Net's pixels")
print(f"IoU of the rounded target with the face: {mean_overlap(owned['offsets'].round(2)):.3f}")

# %% [markdown]
# Half a percent of the window: it ruins no detector. But it is noise in the answers, and a float32 in a binary file costs four bytes and loses nothing.
#
# ## A shuffle that does not shuffle
#
# `choice(N, N)` looks like a shuffle, but draws *with replacement*: some come twice, others never. The same port [does this](https://github.com/AITTSMD/MTCNN-Tensorflow/blob/master/prepare_data/gen_imglist_pnet.py)
# once and stores the list (somebody [noticed](https://github.com/AITTSMD/MTCNN-Tensorflow/issues/15)).

# %%
count = 100_000
rng = np.random.default_rng(0)
for name, order in (("permutation", rng.permutation(count)), ("choice", rng.choice(count, count))):
    times = np.bincount(order, minlength=count)
    print(f"{name:12} {(times == 0).mean():5.1%} never seen, most often seen: {times.max()}")
print(f"expected     {np.exp(-1):5.1%} never seen: 1 / e")

# %% [markdown]
# More than a third of the samples are paid for and never used.
#
# ## Points outside
#
# Its [landmark script](https://github.com/AITTSMD/MTCNN-Tensorflow/blob/master/prepare_data/gen_landmark_aug_12.py) drops a sample as soon as one of its ten numbers is not between 0 and 1. How many would that cost here, on forty scenes?

# %%
drawn = [
    sample(photo, 12, np.random.default_rng(k))[0] for k, photo in enumerate(scenes(40, seed=1))
]
points = np.concatenate([some["landmarks"][some["kind"] == 3] for some in drawn])  # (N, 5, 2)
outside = ((points <= 0) | (points >= 1)).any(axis=(1, 2))
print(f"{outside.sum()} of {len(points):,} have a point outside: {outside.mean():.1%}")

# %% [markdown]
# Few: windows that cut off an eye or a corner of the mouth. This package keeps them. A net may well say that an eye lies a little to the left of what it sees.
#
# <!-- footer -->
