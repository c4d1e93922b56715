# %% [markdown]
# <!-- header -->

# %% [markdown]
# ## Play
#
# Nine labelled faces, and 275 random windows: off each face, beside it, anywhere. A window's IoU (chapter 00) with the faces decides what a net may learn from it. Guess first:
#
# <details><summary>You raise <em>positive from</em> to 0.75. What becomes of the windows that no longer pass?</summary>
#
# They turn into parts: they still teach where the face is, but no longer that it is one.
#
# </details>
# <details><summary>A program compares each window with the first face only. What does it call a window on the second?</summary>
#
# "No face". So a net is taught that eight of nine faces are background.
#
# </details>

# %%
from mtcnn_lite.course.explorers.samples import SamplesExplorer
from mtcnn_lite.course.scenes import scene

group = scene([6, 34], height=360, width=480, faces=(9, 9), sizes=(32, 60), distractors=(3, 5))
SamplesExplorer(group)

# %% [markdown]
# 1. Move **positive from** to 0.60, then to 0.75. What do the positives look like, first and then? Why is none left at 0.85?
# 2. Raise **shift up to** to 0.50. Which kinds grow?
# 3. Tick **compare with the first face only**, and look at the negatives.
#
# ## Build
#
# ### Windows round a face
#
# Chance would hardly ever put a window on a face. So windows are drawn *from* the face: its middle, moved by up to a fifth of its width and height, and a side
# from 0.8 times its shorter to 1.25 times its longer side. That is **jitter**.

# %%
import numpy as np
from skimage.data import astronaut

from mtcnn_lite.course import sample_figures as figures
from mtcnn_lite.course.scenes import ASTRONAUT_BOX, ASTRONAUT_LANDMARKS
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto

photo = LabelledPhoto(astronaut(), [ASTRONAUT_BOX], [ASTRONAUT_LANDMARKS])  # pixels and labels


def jittered(box, count, rng, shift=0.2, smaller=0.8, larger=1.25):
    """Square windows (count, 4) about the face."""
    x1, y1, x2, y2 = box
    width, height = x2 - x1, y2 - y1
    side = rng.uniform(smaller * min(width, height), larger * max(width, height), count)
    x = (x1 + x2) / 2 + rng.uniform(-shift, shift, count) * width
    y = (y1 + y2) / 2 + rng.uniform(-shift, shift, count) * height
    return np.stack([x - side / 2, y - side / 2, x + side / 2, y + side / 2], axis=1)


# %%
near = jittered(ASTRONAUT_BOX, 5000, np.random.default_rng(0))  # (5000, 4)
far = jittered(ASTRONAUT_BOX, 5000, np.random.default_rng(1), shift=0.6, smaller=0.5, larger=1.6)
figures.overlaps({"jitter as in training": near, "wilder": far}, photo.boxes)

# %% [markdown]
# No window reaches 1, or even 0.9: windows are square, and the face is not.
#
# ### Four kinds
#
# The [paper](https://arxiv.org/abs/1604.02878) sorts windows by their highest IoU with any face. Each kind teaches something else:
#
# | kind | IoU | should the net say "face"? | learns the box | learns the points |
# |---|---|---|---|---|
# | **positive** | 0.65 or more | yes | yes | – |
# | **part** | 0.4 to 0.65 | – | yes | – |
# | *used for nothing* | 0.3 to 0.4 | – | – | – |
# | **negative** | under 0.3 | no | – | – |
# | **landmark sample** | 0.65 or more, with points | – | – | yes |
#
# A part shows enough of a face to say where the rest is, but not enough to be called one. `sample` draws all of this from a photo:

# %%
from mtcnn_lite.sampling import KINDS, counts, kinds, sample

samples, crops = sample(group, size=12, rng=np.random.default_rng(6))  # crops (N, 12, 12, 3)
print(counts(samples))
figures.some_of_each(group, samples)

# %% tags=["check"]
from mtcnn_lite.sampling.sampler import NOTHING


def by_loops(window, faces):
    best = 0.0
    for a1, b1, a2, b2 in faces:
        across = min(window[2], a2) - max(window[0], a1)
        down = min(window[3], b2) - max(window[1], b1)
        shared = max(across, 0) * max(down, 0)
        areas = (window[2] - window[0]) * (window[3] - window[1]) + (a2 - a1) * (b2 - b1)
        best = max(best, shared / (areas - shared))
    return 1 if best >= 0.65 else 2 if best >= 0.4 else 0 if best < 0.3 else NOTHING


many = [jittered(box, 200, np.random.default_rng(8), shift=0.6) for box in group.boxes]
mixed = np.concatenate([*many, samples["window"]]).astype(np.float32)
looped = [by_loops(window, group.boxes.tolist()) for window in mixed.tolist()]
assert (kinds(mixed, group)[0] == looped).all()

# %% [markdown]
# Why is 0.3 to 0.4 left out? Without a gap, two windows a hair apart would be "part of a face" and "no face". What does the authors' P-Net say of the wilder windows?

# %%
import torch

from mtcnn_lite import Detector
from mtcnn_lite.boxes import iou
from mtcnn_lite.images import crop_windows
from mtcnn_lite.nets import normalise
from mtcnn_lite.pyramid import halvings

authors = Detector(weights="zhang2016")
with torch.no_grad():
    seen = crop_windows(halvings(photo.image(), 0.02), far, 12)  # (5000, 12, 12, 3)
    scores = authors.nets.pnet(normalise(seen)).score.numpy().ravel()  # (5000,)
figures.called_a_face(iou(far, photo.boxes)[:, 0], scores)

# %% [markdown]
# It turns from "no" to "yes" in the gap and above. (It was trained with this gap: no proof, but it fits.)
#
# ### Negatives: anywhere, and close by
#
# A detector must tell a face from a piece of one. So negatives come from *anywhere* in the photo, and from *beside* each face. [One author](https://github.com/luoyetx/Joint-Face-Detection-and-Alignment/blob/master/summary.md)
# found too many false alarms with the first alone, too few faces with the second alone, and settled for half and half. This package takes 50 anywhere and 5 beside each face. All must stay under 0.3 with **every** face.
#
# And how large? A popular port's [script](https://github.com/AITTSMD/MTCNN-Tensorflow/blob/master/prepare_data/gen_12net_data.py) draws sides
# evenly, from 12 px to half of the photo's shorter side. Ours are **log-uniform**: as many from 20 to 40 px as from 40 to 80.

# %%
from mtcnn_lite.sampling import random_windows

rng = np.random.default_rng(2)
ours = random_windows.anywhere(512, 512, 4000, rng)  # (4000, 4)
pyramid = np.concatenate([level.windows() for level in authors.trace(photo.image()).levels])
sides = {
    "what P-Net looks at in use": pyramid[:, 2] - pyramid[:, 0],
    "the port: uniform, up to half the shorter side": rng.integers(12, 256, 4000),
    "here: log-uniform, up to the shorter side": ours[:, 2] - ours[:, 0],
}
figures.sizes(sides)

# %% [markdown]
# In use, most windows are small. Uniform sides are mostly large; log-uniform ones lie between. And which faces are too small to learn from?
#
# | | the port | this package |
# |---|---|---|
# | box and score | longer side under 20 px, as labels of small faces are less exact | shorter side under 12 px |
# | landmarks | longer side [under 40 px](https://github.com/AITTSMD/MTCNN-Tensorflow/blob/master/prepare_data/gen_landmark_aug_12.py) | as above |
#
# ### The target: where the face lies, as seen from the window
#
# Chapter 03's offsets, the other way round. For a window $w$ of side $s$ and a face $f$, the **target** is
#
# $$t_k = \frac{f_k - w_k}{s}, \qquad k = x_1, y_1, x_2, y_2, \qquad\qquad \ell = \frac{p + \tfrac12 - (w_{x_1}, w_{y_1})}{s}.$$
#
# $\ell$ is that of a landmark $p$: from 0 to 1 across the window. The half is there because landmarks count pixel *centres*, windows
# *edges*. No unit is left: faces of 20 and of 200 px give the same numbers.
#
# | in the formula | in the code | shape |
# |---|---|---|
# | $w$, $f$ | `window`, `face` | (4,) |
# | $s$ | `side` | () |
# | $t$, $\ell$ | `part["offsets"]`, `part["landmarks"]` | (4,), (5, 2) |
# | $p$ | `group.landmarks[part["face"]]` | (5, 2) |

# %%
part = samples[samples["kind"] == KINDS.index("part")][0]
window, face = part["window"], group.boxes[part["face"]]  # (4,), (4,)
side = window[2] - window[0]
print("window", window.round(1), " side", side.round(1))
print("face  ", face.round(1))
print("target", ((face - window) / side).round(3))

# %% tags=["check"]
points = (group.landmarks[part["face"]] + 0.5 - window[:2]) / side  # (5, 2)
assert np.allclose(points, part["landmarks"], atol=1e-5)
assert np.allclose((face - window) / side, part["offsets"], atol=1e-5)

# %% [markdown]
# ### Draw your labels
#
# Does the landmark loss not fall? Most likely the labels are wrong, [a maintainer answers](https://github.com/AITTSMD/MTCNN-Tensorflow/issues/11): draw them. Not those of the file: those that the net gets, on the crops that it gets.

# %%
large, sharp = sample(photo, size=48, rng=np.random.default_rng(6))  # O-Net's size, to see more
rows = [np.flatnonzero(large["kind"] == KINDS.index(kind))[:3] for kind in ("positive", "part")]
rows = np.concatenate(rows)
figures.label_sheet(sharp[rows], large[rows], photo.boxes)

# %% [markdown]
# The box may reach out of the crop, into the gray: that is what a part teaches. A wrong sign, a forgotten neighbour, half a mirror: [eight ways to spoil labels](deeper/06_labels.ipynb).
#
# ### More photos from one
#
# **Augmentation** changes what should not matter, and takes the labels along. In white: the eye and the mouth corner on the *picture's* left.

# %%
from mtcnn_lite.datasets import augment

middle = (photo.boxes[0, :2] + photo.boxes[0, 2:]) / 2  # of the face
versions = {
    "as it was": photo,
    "mirror": augment.mirror(photo),
    "rotate, 15°": augment.rotate(photo, 15, middle),
    "scale, 1.3": augment.scale(photo, 1.3, middle),
    "contrast, 0.5": augment.contrast(photo, 0.5),
    "colour, 1.25 1 0.75": augment.colour(photo, (1.25, 1, 0.75)),
}
figures.changed(versions, np.s_[20:250, 130:400])

# %% tags=["check"]
for change in (
    augment.mirror,
    lambda p: augment.rotate(p, 15, middle),
    lambda p: augment.scale(p, 1.3, middle),
):
    for x, y in photo.landmarks[0].astype(int).tolist():  # a white spot there, and where it goes
        black = np.zeros_like(photo.image())
        black[y - 3 : y + 4, x - 3 : x + 4] = 255
        moved = change(LabelledPhoto(black, photo.boxes, np.tile(np.array([x, y]), (1, 5, 1))))
        ys, xs = np.nonzero(moved.image()[..., 1] > 100)
        assert np.abs(np.array([xs.mean(), ys.mean()]) - moved.landmarks[0, 0]).max() < 0.5

# %% [markdown]
# In the mirror, x becomes width − 1 − x. But the first point is *defined* as the eye on the picture's left, and that is now the other one: left and right also
# change names. A turned box keeps its size: round its turned corners it would grow with each turn.
#
# The rest happens to finished crops, while training runs (`training/augmentation.py`). All are recoloured; some look as if from a poor camera:
# noisy, dark, compressed (`datasets/degrade_crops.py`). The labels stay.

# %%
from mtcnn_lite.datasets import augment_crops, degrade_crops

faces = [np.flatnonzero(samples["face"] == k)[0] for k in range(9)]
clean = crop_windows(halvings(group.image(), 0.05), samples["window"][faces], 48)  # (9, 48, 48, 3)
rows = {"as cut": clean, "recoloured": augment_crops.colour_batch(clean, np.random.default_rng(0))}
changes = {
    "noisy": degrade_crops.noise_batch,
    "dark": degrade_crops.darken_batch,
    "compressed": degrade_crops.compress_batch,
}
rng = np.random.default_rng(2)
for name, change in changes.items():
    rows[name] = change(clean, rng, 1.0)  # all of them
figures.degraded(rows)

# %% [markdown]
# A net copes with what it has met; chapter 11 asks how far that goes.
#
# ### Where R-Net's samples come from
#
# R-Net only meets what P-Net lets through. So it learns above all from P-Net's **proposals**, sorted by the same rule, and O-Net from what
# both let through. That is why the nets are trained one after the other.

# %%
from mtcnn_lite.sampling.proposals import Proposals

propose = Proposals(authors.nets, net="rnet", thresholds=(0.4, 0.4))()
proposed, said = propose(group.image())  # (N, 4) squares, (N,) scores
kind, face = kinds(proposed, group)
surest = np.flatnonzero(kind == 0)[np.argsort(-said[kind == 0], kind="stable")][:16]
hard = crop_windows(halvings(group.image(), 0.05), proposed[surest], 24)  # (16, 24, 24, 3)
figures.proposals(group, proposed, kind, hard)

# %% [markdown]
# Those on the right fooled P-Net: **hard negatives**. `sample(..., propose=propose)` takes the 40 surest, 40 other negative proposals, all positives and parts, and what it took for P-Net.
#
# ### A store on disk
#
# A few thousand photos give a million samples: too many for memory, too slow to draw anew. They go into a folder, in **shards** of 32 photos. Here are forty scenes:

# %%
import tempfile
from pathlib import Path

from mtcnn_lite.course.scenes import scenes
from mtcnn_lite.sampling.store import Store, StoreError, write_store

forty = scenes(40, seed=1)
folder = tempfile.TemporaryDirectory()
root = Path(folder.name) / "pnet"
write_store(root, forty, size=12, seed=0)

# %% [markdown]
# Now the power fails, and the second shard is gone:

# %%
before = {path.name: path.read_bytes() for path in root.iterdir()}
for path in root.glob("00001.*"):
    path.unlink()
try:
    Store(root)
except StoreError as error:
    print("StoreError:", str(error).replace(str(root), "...").replace("; ", ";\n"))
write_store(root, forty, size=12, seed=0)  # the same call again
after = {path.name: path.read_bytes() for path in root.iterdir()}
print("files as before:", sum(after[name] == before[name] for name in before), "of", len(before))

# %% tags=["check"]
assert before == after

# %% [markdown]
# Each photo has a random generator of its own, made from the seed and its number: it does not matter what was written before.
#
# A sample is *cut*; in use P-Net sees a *level*. Is that the same? Not quite: see [trained on crops, used on levels](deeper/06_skew.ipynb).
#
# ## Your turn
#
# ### Exercise: `sample_kind` (easy)
#
# `window` has shape (4,), `faces` (N, 4). Return `"positive"`, `"part"`, `"negative"` or `None`, by the window's highest IoU with any
# face: at least 0.65, at least 0.4, under 0.3. From 0.3 up to 0.4 the answer is `None`. N may be 0: then everything is negative.
#
# <details><summary>A hint</summary>
#
# `iou([window], faces)` from `mtcnn_lite.boxes` has shape (1, N). First find the highest, then name it. `.max(initial=0)` works for N = 0 too.
#
# </details>

# %%
from mtcnn_lite.course import checks, mine


def sample_kind(window, faces):
    raise NotImplementedError


checks.sample_kind(sample_kind)

# %% [markdown]
# ### Exercise: `box_target` (easy)
#
# `window` and `face` have shape (4,). Return four numbers: the formula above, with the window's width for x and its height for y.
#
# <details><summary>A hint</summary>
#
# Four differences and four divisors: width, height, width, height. No rounding, no clipping: a face may stick out.
#
# </details>


# %%
def box_target(window, face):
    raise NotImplementedError


checks.box_target(box_target)

# %% [markdown]
# ### Exercise: `landmark_target` (stretch)
#
# `window` has shape (4,), `points` (5, 2), in pixels of the photo. Return (5, 2): each point as a part of the window, $\ell$ above.
#
# Half of all samples are mirrored. Where `mirrored` is True, the net sees the window's mirror image, and the answer must be true of *that*. The rows keep their
# meaning: the eye on the picture's left, the eye on its right, nose, mouth corner on its left, on its right.
#
# <details><summary>A hint</summary>
#
# In the mirror, x becomes 1 − x. Which eye is now on the left?
#
# </details>


# %%
def landmark_target(window, points, mirrored):
    raise NotImplementedError


checks.landmark_target(landmark_target)

# %% [markdown]
# ### Your functions at work
#
# Your detector proposes windows here: P-Net, NMS and squares are yours where they have passed. Your new functions label them. Decoded
# (chapter 03), a target must give the face.

# %%
mine.strip()

# %%
from mtcnn_lite.boxes import decode_offsets, encode_offsets

package = {
    "sample_kind": lambda w, f: dict(enumerate(KINDS)).get(kinds([w], group)[0][0]),
    "box_target": lambda w, f: encode_offsets([w], [f])[0],
}
name_it, aim = (mine.get(name, package[name]) for name in package)
yours = mine.detector(authors).trace(group.image()).rerun(thresholds=(0.4, 0.4, 0.7))
squares = yours.pnet.last.boxes  # (N, 4)
whose = kinds(squares, group)[1]  # (N,) the face, or -1
called = [name_it(window, group.boxes) for window in squares]
owned = np.flatnonzero(whose >= 0)  # positives and parts
targets = np.array([aim(squares[k], group.boxes[whose[k]]) for k in owned])
undone = decode_offsets(squares[owned], targets)
print({name: called.count(name) for name in (*KINDS[:3], None)})
print(f"decoded, they miss the face by {np.abs(undone - group.boxes[whose[owned]]).max():.2f} px")

# %% tags=["check"]
owned = np.flatnonzero(face >= 0)
again = encode_offsets(proposed[owned], group.boxes[face[owned]])
assert np.allclose(
    decode_offsets(proposed[owned], again), group.boxes[face[owned]], rtol=0, atol=0.01
)

# %% [markdown]
# Solutions are in `source/solutions.py`.
#
# ## What you can now say
#
# <details><summary>Which windows teach the score, which the box, which the points?</summary>
#
# Positives and negatives the score, positives and parts the box, landmark samples the points.
#
# </details>
# <details><summary>Why is a window compared with every face of the photo?</summary>
#
# Its neighbour's face would else be taught as "no face".
#
# </details>
# <details><summary>A window of 40 px begins 10 px left of the face. What is the first number of its target?</summary>
#
# 0.25: 10 px over the window's side, 40 px.
#
# </details>
# <details><summary>What does mirroring do to five landmarks?</summary>
#
# x becomes width − 1 − x, and left and right change names.
#
# </details>
# <details><summary>Why can't all three nets be trained at once?</summary>
#
# Each learns from what those before it let through.
#
# </details>

# %% [markdown]
# <!-- footer -->
