# %% [markdown]
# # 06 · Samples: what a net learns from
#
# You will turn labelled photos into what the three nets are trained on: small windows of four kinds, each with the right answer
# beside it. Most training that fails, fails here. So you will draw every label back onto its picture.
#
# | | |
# |---|---|
# | **needs** | IoU from chapter 00, offsets from chapter 03, landmarks from chapter 05 |
# | **leaves you with** | the four kinds of sample and their targets, photos changed with their labels, a store on disk that survives interruptions, two functions of your own |
# | **takes** | about 45 minutes |

# %%
from mtcnn_lite.course.chapters import chapter_map

chapter_map("06")

# %% [markdown]
# ## See it
#
# A labelled photo: a box and five points, set by hand. From it we draw what P-Net is trained on.

# %%
import numpy as np
from skimage.data import astronaut

from mtcnn_lite.course.scenes import ASTRONAUT_BOX, ASTRONAUT_LANDMARKS
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.sampling.sampler import KINDS, counts, sample

# pixels and labels in one
photo = LabelledPhoto(astronaut(), [ASTRONAUT_BOX], [ASTRONAUT_LANDMARKS])
samples, crops = sample(photo, size=12, rng=np.random.default_rng(6))
print("crops", crops.shape)
for kind, count in counts(samples).items():
    print(f"{kind:9} {count:3}")

# %%
from mtcnn_lite.draw import at_height, beside, draw_boxes, draw_landmarks

COLOUR = {"positive": "onet", "part": "rnet", "negative": "pnet", "landmark": "landmark"}
small, scale = at_height(photo.image(), 250)
panels = []
for kind in ("positive", "part", "negative"):
    windows = samples["window"][samples["kind"] == KINDS.index(kind)][-20:]
    panels.append(draw_boxes(small, windows * scale, COLOUR[kind], 1))
beside(panels, ["positive: a face", "part: some of one", "negative: no face"], height=250)

# %% [markdown]
# (At most twenty of each are drawn. A window far larger than the face is a negative too: its IoU is under 0.3.) Each window is cut out and shrunk to 12 × 12 pixels. Here are two of each kind, enlarged. The fourth
# kind, *landmark*, is a window like a positive one, with the five points as the answer.

# %%
pairs = [np.flatnonzero(samples["kind"] == KINDS.index(kind))[[0, -1]] for kind in COLOUR]
large = [crops[row].repeat(7, axis=0).repeat(7, axis=1) for row in np.concatenate(pairs)]
beside(large, [name for kind in COLOUR for name in (kind, "")], height=84)

# %% [markdown]
# ## Build it
#
# ### Windows near the face
#
# Chance alone would hardly ever put a window on a face. So windows are drawn *from* the face: each has the face's middle, moved by up to a fifth of the face's size, and a side between 0.8 times the shorter and 1.25 times the longer side of the face. That is called **jitter**. Let us do it by
# hand, 5,000 times.

# %%
from mtcnn_lite.boxes import iou

x1, y1, x2, y2 = ASTRONAUT_BOX
width, height = x2 - x1, y2 - y1  # 89 x 105 px


def jittered(count, rng, shift=0.2, smaller=0.8, larger=1.25):
    """Square windows (count, 4) about the face."""
    side = rng.uniform(smaller * min(width, height), larger * max(width, height), count)
    x = (x1 + x2) / 2 + rng.uniform(-shift, shift, count) * width
    y = (y1 + y2) / 2 + rng.uniform(-shift, shift, count) * height
    return np.stack([x - side / 2, y - side / 2, x + side / 2, y + side / 2], axis=1)


near = jittered(5000, np.random.default_rng(0))  # (5000, 4)
overlap = iou(near, photo.boxes)[:, 0]  # (5000,)
print(f"IoU with the face: {overlap.min():.2f} to {overlap.max():.2f}")

# %% [markdown]
# No window reaches 1: the windows are square, and the face is not.
#
# ### Four names for an overlap
#
# The paper sorts windows by their IoU with the face:
#
# | kind | IoU | the net should say "face" | learns the box | learns the points |
# |---|---|---|---|---|
# | positive | at least 0.65 (the paper: over 0.65) | yes | yes | – |
# | part | 0.4 to 0.65 | – | yes | – |
# | *used for nothing* | 0.3 to 0.4 | – | – | – |
# | negative | under 0.3 | no | – | – |
# | landmark | at least 0.65, with points | – | – | yes |
#
# A part shows enough of a face to say where the rest is. It does not show enough to be called one. So it
# teaches the box and nothing else. Here are the windows again, with wilder jitter, so that each kind appears:

# %%
import matplotlib.pyplot as plt

far = jittered(5000, np.random.default_rng(1), shift=0.6, smaller=0.5, larger=1.6)
wild = iou(far, photo.boxes)[:, 0]
bounds = {"negative": (0, 0.3), "nothing": (0.3, 0.4), "part": (0.4, 0.65), "positive": (0.65, 1)}
colours = {"negative": "#0072B2", "nothing": "#8A8A8A", "part": "#E69F00", "positive": "#009E73"}
figure, axes = plt.subplots(2, figsize=(6.4, 3.8), sharex=True, layout="constrained")
for row, values in enumerate((overlap, wild)):
    for kind, (low, high) in bounds.items():
        inside = values[(values >= low) & (values < high)]
        axes[row].hist(inside, np.arange(0, 1.01, 0.025), color=colours[kind], label=kind)
axes[0].set(ylabel="windows")
axes[0].set_title("IoU of 5,000 windows: shift up to 0.2, side 0.8 to 1.25")
axes[1].set(title="wilder: shift up to 0.6, side 0.5 to 1.6", ylabel="windows")
axes[1].set_xlabel("IoU with the face")
axes[0].legend(loc="upper left")
plt.show()

# %%
for title, values in (("jitter of the recipe", overlap), ("wilder jitter", wild)):
    shares = [((values >= low) & (values < high)).mean() for low, high in bounds.values()]
    print(
        f"{title:21}",
        *(f"{name} {share:3.0%} " for name, share in zip(bounds, shares, strict=True)),
    )

# %% [markdown]
# The usual jitter gives two parts for each positive, and no negative. Negatives come from elsewhere.
#
# ### Negatives: anywhere, and close by
#
# Two sources. Windows *anywhere* in the photo, from 12 px up to its shorter side: mostly suit, flag and wall, away from the face. And
# windows *beside* the face, which touch it. Both kinds must stay under 0.3 with **every** face in the photo.

# %%
from mtcnn_lite.sampling import random_windows as draw_windows

rng = np.random.default_rng(2)
sources = {
    "anywhere": draw_windows.anywhere(*photo.image().shape[:2], 4000, rng),
    "beside": draw_windows.beside(photo.boxes, 4000, rng),
}
panels = []
for name, windows in sources.items():
    with_face = iou(windows, photo.boxes)[:, 0]
    negative = windows[with_face < 0.3]
    panels.append(draw_boxes(small, negative[:20] * scale, "pnet", 1))
    apart = (iou(negative, photo.boxes)[:, 0] == 0).mean()
    print(f"{name:8} {len(negative) / 4000:3.0%} are negative, {apart:3.0%} of those miss the face")
beside(panels, ["anywhere: the first 20", "beside: the first 20"], height=250)

# %% [markdown]
# A detector has to tell a face from a piece of a face: an ear, a chin, a face half cut off. It learns that mostly from the second source.
# One tip from people who train MTCNN is to take about half of the negatives there. (This package takes 50 anywhere in a photo and 5 beside each face: half and half where there are ten faces.)
#
# ### Why 0.3 to 0.4 is left out
#
# Take a window exactly as large as the face, and push it to the right. How far until its IoU is 0.4, and until it is 0.3?

# %%
for bound in (0.65, 0.4, 0.3):
    # Of two equal squares, pushed apart by a part of their side: IoU = (1 - push) / (1 + push).
    push = (1 - bound) / (1 + bound)
    print(f"IoU {bound:.2f}: pushed by {push:.2f} of its side, {12 * push:.2f} of P-Net's 12 px")

# %% [markdown]
# From 0.4 to 0.3 it is 1.3 of P-Net's pixels. Without the gap, two windows a hair apart would be called "part" and "no face". With it,
# what is called "no face" differs at least a little from what is not.
#
# Does it match what a trained P-Net sees? We ask the released one for its score on windows with more and more of the face:

# %%
import torch

from mtcnn_lite import Detector
from mtcnn_lite.images import crop_windows
from mtcnn_lite.nets import normalise
from mtcnn_lite.pyramid import halvings

detector = Detector(weights="zhang2016")


def scores(net, image, windows):
    with torch.no_grad():
        seen = crop_windows(halvings(image, 0.02), windows, net.size)  # (N, 12, 12, 3)
        return net(normalise(seen)).score.numpy().reshape(-1)  # (N,)


said = scores(detector.nets.pnet, photo.image(), far)

# %%
from itertools import pairwise

edges = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.65, 1]
share = []
for low, high in pairwise(edges):
    inside = said[(wild >= low) & (wild < high)]
    share.append((inside >= 0.6).mean())
    bin_ = f"IoU {low:.2f} to {high:.2f}: {len(inside):5,} windows"
    print(f"{bin_}, P-Net calls {share[-1]:4.0%} a face")
assert share == sorted(share), "the more of the face, the more often"

# %% [markdown]
# Almost never below 0.2, always from 0.65 on; in the gap, about one time in four. (It was trained with this gap, so this is no proof. But the
# gap does lie where the answer begins to turn.)
#
# ### The kinds, in a photo with several faces
#
# With several faces, the *highest* IoU counts. `kinds` says for each window what it is good for, and which face it belongs to.

# %%
from mtcnn_lite.course.scenes import collage
from mtcnn_lite.sampling.sampler import NOTHING, kinds

group = LabelledPhoto(*collage())  # nine faces, (768, 768, 3)
rng = np.random.default_rng(3)
windows = draw_windows.jitter(group.boxes, 40, rng, shift=0.5)  # (360, 4)
kind, face = kinds(windows, group)
for name, number in (*zip(KINDS[:3], range(3), strict=True), ("nothing", NOTHING)):
    print(f"{name:9} {(kind == number).sum():3}")
assert (face[kind == 0] == -1).all(), "a negative belongs to no face"

# %% [markdown]
# ### The target: where the face lies, as seen from the window
#
# For positives and parts, the net should say how each corner must move: chapter 03's offsets, now the other way round.
#
# > target = (corner of the face − the same corner of the window) / window side
#
# It has no unit. A face of 20 px and one of 200 px give the same numbers, so one net can learn both.

# %%
first = samples[samples["kind"] == KINDS.index("part")][0]
window, side = first["window"], first["window"][2] - first["window"][0]
print("window ", *(f"{v:7.1f}" for v in window), f"  side {side:.1f}")
print("face   ", *(f"{v:7.1f}" for v in photo.boxes[0]))
target = (photo.boxes[0] - window) / side
print("target ", *(f"{v:7.3f}" for v in target))
assert np.allclose(target, first["offsets"], atol=1e-6)

# %% [markdown]
# The landmarks get targets of the same sort, from 0 to 1 across the window:
#
# > target = (point − window's top left corner) / window side
#
# Mind the half pixel: a landmark at x = 100 is the *middle* of pixel 100, and 100.5 px from the photo's edge. Windows
# are counted in edges.

# %%
window, points = first["window"], photo.landmarks[0]
by_hand = (points + 0.5 - window[:2]) / side  # (5, 2)
for name, (x, y) in zip(("eye", "eye", "nose", "mouth", "mouth"), by_hand, strict=True):
    print(f"{name:6} {x:.3f} {y:.3f}")
assert np.allclose(by_hand, first["landmarks"], atol=1e-6)

# %% [markdown]
# ### Draw your labels
#
# "Why does my landmark loss not fall?" is one of the questions most often asked about training MTCNN. The answer of those who found
# out: *draw your labels*. Not from the annotations, but from the stored targets, onto the stored crops.

# %%
from mtcnn_lite.boxes import decode_offsets


def labelled(crop, offsets, landmarks, zoom=3):
    """The crop in a gray margin, enlarged, with what its targets say: box yellow, points orange."""
    size, rim = len(crop), len(crop) // 3
    framed = np.pad(crop, ((rim, rim), (rim, rim), (0, 0)), constant_values=170)
    large = framed.repeat(zoom, axis=0).repeat(zoom, axis=1)
    whole = zoom * np.array([[rim, rim, rim + size, rim + size]])  # the window, as it lies there
    points = zoom * (rim + landmarks * size) - 0.5
    return draw_landmarks(draw_boxes(large, decode_offsets(whole, offsets[None]), "truth"), points)


def gallery(kind, count=5):
    rows = np.flatnonzero(seen["kind"] == KINDS.index(kind))[:count]
    captions = [f"IoU {iou(w[None], photo.boxes)[0, 0]:.3f}" for w in seen["window"][rows]]
    answers = zip(sharp[rows], seen["offsets"][rows], seen["landmarks"][rows], strict=True)
    return beside([labelled(*each) for each in answers], captions, height=144)


# %%
seen, sharp = sample(photo, size=48, rng=np.random.default_rng(6))  # O-Net's size, to see more
gallery("positive")

# %%
gallery("part")

# %% [markdown]
# In every crop the yellow box is on the face, and the points are on eyes, nose and mouth. If your own data does not look like this,
# no learning rate will help. The box may reach out of the crop, into the gray. The net has to say so all the same: that is what a part teaches.
#
# ### More photos from one
#
# A face is a face, lit from the left or from the right. **Augmentation** makes new photos from old ones: it changes what should not matter. The
# labels must go along. In blue: the eye and the mouth corner on the picture's left.

# %%
from mtcnn_lite.datasets import augment, augment_crops

middle = (photo.boxes[0, :2] + photo.boxes[0, 2:]) / 2  # of the face
changes = {
    "as it was": lambda p: p,
    "mirror": augment.mirror,
    "rotate, 15 degrees": lambda p: augment.rotate(p, 15, middle),
    "shift, 40 and 20 px": lambda p: augment.shift(p, 40, 20),
    "scale, 1.3": lambda p: augment.scale(p, 1.3, middle),
    "brightness, + 60": lambda p: augment.brightness(p, 60),
    "contrast, 0.5": lambda p: augment.contrast(p, 0.5),
    "colour, 1.25 1 0.75": lambda p: augment.colour(p, (1.25, 1, 0.75)),
    "blur, 3 px": lambda p: augment.blur(p, 3),
}


# %%
def drawn(changed):
    picture = draw_boxes(changed.image(), changed.boxes, "truth", 3)
    picture = draw_landmarks(picture, changed.landmarks, radius=4)
    left = draw_landmarks(picture, changed.landmarks[:, [0, 3]], "pnet", radius=4)
    return left[20:250, 130:400]  # (230, 270, 3)


panels = [drawn(change(photo)) for change in changes.values()]
rows = [beside(panels[k : k + 3], list(changes)[k : k + 3], height=190).pixels for k in (0, 3, 6)]
widest = max(row.shape[1] for row in rows)
filled = [np.pad(r, ((0, 8), (0, widest - r.shape[1]), (0, 0)), constant_values=255) for r in rows]
beside([np.concatenate(filled)], height=sum(row.shape[0] for row in filled))

# %% [markdown]
# Each change acts on pixels, box and points together. Do the labels really point at the pixels? We paint a white spot at each landmark of a
# black photo, change the photo, and look for the middle of the spot.


# %%
def spot(point):
    x, y = (int(v) for v in point)
    black = np.zeros_like(photo.image())
    black[y - 3 : y + 4, x - 3 : x + 4] = 255
    points = np.tile(np.array([x, y]), (1, 5, 1))  # all five on it
    return LabelledPhoto(black, photo.boxes, points)


def centroid(image):
    ys, xs = np.nonzero(image[..., 1] > 100)
    return np.array([xs.mean(), ys.mean()])


for name in list(changes)[1:5]:
    moved = [changes[name](spot(point)) for point in photo.landmarks[0]]
    errors = [np.abs(centroid(each.image()) - each.landmarks[0, 0]).max() for each in moved]
    assert max(errors) < 0.5
    print(f"{name:19} five spots found, the farthest under half a pixel off: {max(errors) < 0.5}")

# %% [markdown]
# **Mirror.** x becomes width − x (of a point that counts pixel centres, width − 1 − x). But the first point is defined as the eye on the picture's *left*, and after mirroring that is the other
# eye. So left and right also change names. Forget it, and half of the labels contradict the other half:

# %%
right = augment.mirror(photo).landmarks[0]  # (5, 2)
forgotten = right[[1, 0, 2, 4, 3]]  # the names as before
eyes = np.linalg.norm(right[0] - right[1])
error = np.linalg.norm(forgotten - right, axis=1).mean() / eyes
print(f"without the exchange, labels are off by {error:.2f} eye distances on average")

# %% [markdown]
# The released nets are off by about 0.05 (measured on LFW, Labeled Faces in the Wild).
#
# **Rotate.** The points turn. What should the box do? A box with upright sides cannot turn. One can take the upright box round the turned
# corners, and it grows with each turn. Here it keeps its size and only its centre turns: a face is nearly an ellipse.

# %%
turn = np.radians(15)
round_corners = np.cos(turn) + np.sin(turn) * height / width  # of a box, in widths
of_ellipse = np.hypot(np.cos(turn), np.sin(turn) * height / width)
print(f"at 15 degrees, the box round the corners is {round_corners - 1:.0%} wider,")
print(f"an ellipse of the face's sides {of_ellipse - 1:.0%}")

# %% [markdown]
# ### Where R-Net's samples come from
#
# R-Net in use never meets a random window. It meets what P-Net lets through. So its samples come above all from P-Net's own **proposals**, compared
# with the labels by the same rule; O-Net's are what P-Net and R-Net together let through. That is why the nets are trained one after the other.

# %%
from mtcnn_lite.sampling.proposals import Proposals

propose = Proposals(detector.nets, net="rnet", thresholds=(0.4, 0.4))()
proposed, proposed_scores = propose(group.image())  # (N, 4) squares, (N,)
kind, face = kinds(proposed, group)
print(f"{len(proposed)} windows that P-Net lets through at 0.4")
for name, number in (*zip(KINDS[:3], range(3), strict=True), ("nothing", NOTHING)):
    print(f"{name:9} {(kind == number).sum():3}")

# %%
picture, by = at_height(group.image(), 380)
for number, name in ((2, "part"), (1, "positive")):
    picture = draw_boxes(picture, proposed[kind == number] * by, COLOUR[name], 1)
worst = np.flatnonzero(kind == 0)[np.argsort(-proposed_scores[kind == 0])][:20]
cut = crop_windows(halvings(group.image(), 0.05), proposed[worst], 24)  # (20, 24, 24, 3)
sheet = np.concatenate([np.concatenate(cut[k : k + 4], axis=1) for k in range(0, 20, 4)])
beside(
    [picture, sheet], ["positives green, parts orange", "negatives P-Net is surest of"], height=380
)

# %% [markdown]
# Most proposals are negatives, and the surest of them are not dull: a mouth passes for a small face. They fooled P-Net. These are
# **hard negatives**. Positives are few, because P-Net covers each face with a handful of good windows. So `sample` takes proposals *and* what it
# took for P-Net: jittered windows, and negatives anywhere and beside. Of the negative proposals it takes 80: the 40 surest, and 40 others.

# %%
alone, _ = sample(group, 24, np.random.default_rng(3))
both, _ = sample(group, 24, np.random.default_rng(3), propose=propose)
for title, drawn_ in (("jitter and chance", alone), ("with P-Net's proposals", both)):
    print(f"{title:23}", ", ".join(f"{count} {name}" for name, count in counts(drawn_).items()))

# %% [markdown]
# ### A store on disk
#
# A few thousand photos give a million samples for one net: too many to keep in memory, too slow to draw anew each time. They go into a folder, in
# **shards** of 32 photos each. We take forty built-in scenes, composed of what scikit-image ships.

# %%
import tempfile
from pathlib import Path

from mtcnn_lite.course.scenes import scenes
from mtcnn_lite.sampling.store import Store, StoreError, write_store

many = scenes(40, seed=1)
two = [draw_boxes(scene.image(), scene.boxes, "truth") for scene in many[:2]]
beside(two, ["two of forty scenes"], height=230)

# %%
folder = tempfile.TemporaryDirectory()
root = Path(folder.name) / "pnet"
store = write_store(root, many, size=12, seed=0)
print(sorted(path.name for path in root.iterdir()))
store

# %%
rows = np.random.default_rng(0).permutation(store.rows("positive"))[:7]
batch, told = store.crops(rows), store.samples[rows]  # (7, 12, 12, 3), and their targets
print("batch", batch.shape, batch.dtype, "- from scenes", *told["photo"].tolist())
answers = zip(batch, told["offsets"], told["landmarks"], strict=True)
beside([labelled(*each, zoom=9) for each in answers], height=108)

# %% [markdown]
# Labels drawn from the store, and they fit. Now the power fails in the middle: the second shard is gone.

# %%
before = {path.name: path.read_bytes() for path in root.iterdir()}
for path in root.glob("00001.*"):
    path.unlink()
try:
    Store(root)
except StoreError as error:
    print(f"StoreError: {str(error).replace(str(root), '...')}")
first_shard = (root / "00000.crops.npy").stat().st_mtime_ns
write_store(root, many, size=12, seed=0)  # the same call again
after = {path.name: path.read_bytes() for path in root.iterdir()}
print("first shard left alone:", (root / "00000.crops.npy").stat().st_mtime_ns == first_shard)
print("all files as before:   ", before == after)
assert before == after

# %% [markdown]
# Each photo has a random generator of its own, made from the seed and its number. So a shard does not depend on what was written before
# it, nor on how many processes share the work.
#
# ## Check it
#
# Is the rule you have read the rule of the package? We sort 2,000 random windows with plain loops, and undo every target.


# %%
def by_loops(window, faces):
    best = 0.0
    for a1, b1, a2, b2 in faces:
        across = min(window[2], a2) - max(window[0], a1)
        down = min(window[3], b2) - max(window[1], b1)
        shared = max(across, 0) * max(down, 0)
        areas = (window[2] - window[0]) * (window[3] - window[1]) + (a2 - a1) * (b2 - b1)
        best = max(best, shared / (areas - shared))
    return 1 if best >= 0.65 else 2 if best >= 0.4 else 0 if best < 0.3 else NOTHING


# %%
rng = np.random.default_rng(8)
mixed = np.concatenate(
    [
        draw_windows.anywhere(768, 768, 1100, rng),
        draw_windows.jitter(group.boxes, 100, rng, shift=0.6),
    ]
)  # (2000, 4)
looped = [by_loops(window, group.boxes.tolist()) for window in mixed.tolist()]
print("2,000 windows, the same kind:", (kinds(mixed, group)[0] == looped).sum())
assert (kinds(mixed, group)[0] == looped).all()

# %%
from mtcnn_lite.boxes import landmarks_to_image

owned = both[both["kind"] != 0]
back = decode_offsets(owned["window"], owned["offsets"])
ten = owned["landmarks"].transpose(0, 2, 1).reshape(-1, 10)  # x1..x5 y1..y5, as O-Net answers
points = landmarks_to_image(owned["window"], ten) - 0.5  # pixel centres again
box_error = np.abs(back - group.boxes[owned["face"]]).max()
point_error = np.abs(points - group.landmarks[owned["face"]]).max()
print(
    f"{len(owned)} targets undone: boxes and points back to 0.001 px:",
    bool(max(box_error, point_error) < 1e-3),
)
assert max(box_error, point_error) < 1e-3

# %% [markdown]
# And augmentation of a batch, as training does it: mirror crops and their targets, points too. The long way round is to mirror the photo and to draw
# the targets anew.

# %%
mirrored = augment.mirror(group)
flipped = owned["window"][:, [2, 1, 0, 3]] * [-1, 1, -1, 1] + [768, 0, 768, 0]
anew = crop_windows(halvings(mirrored.image(), 0.05), flipped, 24).astype(int)
cut = crop_windows(halvings(group.image(), 0.05), owned["window"], 24)
which = np.ones(len(owned), bool)  # all of them
got, offsets, points = augment_crops.mirror_batch(cut, owned["offsets"], owned["landmarks"], which)
boxes = decode_offsets(flipped, offsets)
same_boxes = np.allclose(boxes, mirrored.boxes[owned["face"]], atol=0.01)
placed = flipped[:, None, :2] + points * (flipped[:, 2] - flipped[:, 0])[:, None, None] - 0.5
same_points = np.allclose(placed, mirrored.landmarks[owned["face"]], atol=0.01)
print("boxes equal:", same_boxes, "- points equal, left and right exchanged:", same_points)
print("pixels differ by at most 4 of 255:", bool(np.abs(got - anew).max() <= 4))
assert same_boxes
assert same_points

# %% [markdown]
# ## Play with it
#
# Nine faces; windows jittered about each, beside each, and anywhere. Your browser makes the windows, sorts them and cuts the
# crops, without Python. Point at a crop or a window to see its IoU and its target.
#
# Three things to try:
#
# 1. Move **positive from** to 0.60, then to 0.85. What do the positives look like, first and then?
# 2. Raise **shift up to** to 0.50. Which kinds grow? Would you call the new negatives "no face"?
# 3. Tick *compare with the first face only*, and look at the negatives.

# %%
from mtcnn_lite.course.explorers.samples import SamplesExplorer

explorer = SamplesExplorer(group)
explorer

# %% [markdown]
# Without a running kernel you see a still picture of it: the positives on the photo, and the first crops of each kind.
#
# ## Your turn
#
# ### Exercise 1: `sample_kind` (easy, 10 minutes)
#
# `window` has shape (4,), `faces` (N, 4). Return `"positive"`, `"part"`, `"negative"` or `None`, by the window's highest IoU with any
# face: at least 0.65, at least 0.4, under 0.3. From 0.3 up to 0.4 the answer is `None`. N may be 0: then everything is negative.
#
# <details><summary>A hint</summary>
#
# `iou([window], faces)` from `mtcnn_lite.boxes` has shape (1, N). First find the highest, then name it: once, not face by face.
#
# </details>
# <details><summary>Another</summary>
#
# The maximum of nothing is an error. `.max(initial=0)` begins with 0, or ask for `len(faces)` first.
#
# </details>

# %%
from mtcnn_lite.course import checks


def sample_kind(window, faces):
    raise NotImplementedError


first = checks.sample_kind(sample_kind)
first

# %% [markdown]
# ### Exercise 2: `box_target` (easy, 5 minutes)
#
# `window` and `face` have shape (4,). Return four numbers: how far each corner of the face lies from the *same* corner of the window, in
# window sides (the width for x, the height for y).
#
# <details><summary>A hint</summary>
#
# Four differences, face − window, and four divisors: width, height, width, height. No rounding, no clipping: a face may stick out.
#
# </details>


# %%
def box_target(window, face):
    raise NotImplementedError


second = checks.box_target(box_target)
second

# %% [markdown]
# ### Your functions at work
#
# A function of yours that has passed labels P-Net's proposals below, and is compared with the package. Until then the package works alone.

# %%
from mtcnn_lite.boxes import encode_offsets

expected = [dict(enumerate(KINDS)).get(k) for k in kind]  # None for those used for nothing
labels = [sample_kind(window, group.boxes) for window in proposed] if first else expected
print("kinds by", "you" if first else "the package", "- as the package says:", labels == expected)
assert labels == expected

# %%
chosen = np.flatnonzero(face >= 0)  # positives and parts
pairs = list(zip(proposed[chosen], group.boxes[face[chosen]], strict=True))
by_package = encode_offsets(proposed[chosen], group.boxes[face[chosen]])
targets = np.array([box_target(*pair) for pair in pairs]) if second else by_package
made = decode_offsets(proposed[chosen], targets)
on_faces = np.allclose(made, group.boxes[face[chosen]], atol=0.01)
print("targets by", "you" if second else "the package", "- decoded, they are the faces:", on_faces)
assert on_faces

# %% [markdown]
# Solutions are in `source/solutions.py`. Look after you have tried.
#
# ## Where paper, notes and code disagree
#
# **Negatives, tested against one face.** Some scripts draw negatives beside a face and test them against *that* face. In a group photo the
# neighbour is then labelled "no face". Twelve faces, close together:

# %%
crowd = LabelledPhoto(*collage(sides=(60,) * 12, columns=6, cell=84))
beside_them = draw_windows.beside(crowd.boxes, 200, np.random.default_rng(5))  # (2400, 4)
own = np.repeat(np.arange(12), 200)  # the face that each was drawn beside
table = iou(beside_them, crowd.boxes)  # (2400, 12)
accepted = table[np.arange(2400), own] < 0.3
poison = accepted & (table.max(axis=1) >= 0.3)
wrong = poison.sum() / accepted.sum()
print(f"{accepted.sum():,} accepted, {poison.sum()} of them on a neighbour: {wrong:.0%}")
fooled = scores(detector.nets.pnet, crowd.image(), beside_them[poison])
print(f"a trained P-Net calls {(fooled >= 0.6).mean():.0%} of those a face")

# %% [markdown]
# The eight that cover most of a neighbour:

# %%
order = np.flatnonzero(poison)[np.argsort(-table[poison].max(axis=1))][:8]
examples = crop_windows(halvings(crowd.image(), 0.05), beside_them[order], 48)
beside(list(examples), height=84)

# %% [markdown]
# These would be taught as "no face". The explorer's tick box shows the same.
#
# **Targets with two decimals.** A widely copied script writes targets to a text file with `%.2f`. What is lost?

# %%
faces_of = group.boxes[owned["face"]]  # (N, 4)
rounded = decode_offsets(owned["window"], owned["offsets"].round(2))
side = owned["window"][:, 2] - owned["window"][:, 0]  # (N,)
lost = np.abs(rounded - faces_of)  # (N, 4) px
large = lost[side >= 100]
left = np.mean([iou(r[None], f[None])[0, 0] for r, f in zip(rounded, faces_of, strict=True)])
print(f"off by up to {(lost / side[:, None]).max():.3f} window sides")
print(f"in windows of 100 px or more: {large.mean():.2f} px on average, {large.max():.1f} at most")
print(f"IoU of such a target with the face: {left:.3f} on average")

# %% [markdown]
# Half a percent of the window. It will not ruin a detector. But it is noise in the answer sheet, and a float32 in a binary file costs
# four bytes and loses nothing.
#
# **Sampling with replacement, called a shuffle.** `rng.choice(N, N)` looks like a shuffle. It draws each sample anew from all of them. Some
# come twice, and many never:

# %%
count = 100_000
rng = np.random.default_rng(0)
shuffled, with_replacement = rng.permutation(count), rng.choice(count, count)
for name, order in (("permutation", shuffled), ("choice", with_replacement)):
    times = np.bincount(order, minlength=count)
    print(f"{name:12} {(times == 0).mean():5.1%} never seen, most often seen: {times.max()}")
print(f"expected     {np.exp(-1):5.1%} never seen: 1 / e")

# %% [markdown]
# In each such "epoch" more than a third of the samples sit out. If the list is drawn once and then stored, they sit out for good: paid for
# and never used.
#
# **The sign.** Course notes give the target as (window − face) / side. Train with that and decode with the usual +, and each box
# moves away from the face by as much as it should move towards it:

# %%
for name, sign in (("the window itself", 0), ("face - window", 1), ("window - face", -1)):
    moved = decode_offsets(owned["window"], sign * owned["offsets"])
    overlaps = [iou(m[None], f[None])[0, 0] for m, f in zip(moved, faces_of, strict=True)]
    print(f"{name:18} mean IoU with the face {np.mean(overlaps):.2f}")

# %% [markdown]
# **Landmarks, relative to what?** The same notes measure landmarks from the corner of the *labelled face box*. But a net sees its window. The
# box is what it does not know yet. Read as parts of the window, such targets miss:

# %%
corner, sides = faces_of[:, None, :2], (faces_of[:, 2:] - faces_of[:, :2])[:, None]
from_box = (group.landmarks[owned["face"]] + 0.5 - corner) / sides  # (N, 5, 2)
gap = np.linalg.norm(from_box - owned["landmarks"], axis=2).mean(axis=1)  # (N,) in window sides
eyes = np.linalg.norm(owned["landmarks"][:, 0] - owned["landmarks"][:, 1], axis=1)
print(f"off by {(gap / eyes).mean():.2f} eye distances on average")

# %% [markdown]
# **Points outside the window.** The notes' script drops a landmark sample as soon as one of its ten numbers is not between 0 and 1. How many would
# that cost in the store of above?

# %%
with_points = store.samples[store.samples["kind"] == KINDS.index("landmark")]
points = with_points["landmarks"]  # (N, 5, 2)
outside = ((points <= 0) | (points >= 1)).any(axis=(1, 2))
share = outside.mean()
print(f"{outside.sum()} of {len(points):,} have a point outside: {share:.1%}")
assert 0 < share < 0.1

# %% [markdown]
# Few: windows that cut off an eye or a corner of the mouth. This package keeps them. A net may well say that an eye lies a little to the left of what
# it sees.
#
# **"No pyramid in training."** Notes say that training shrinks random windows to 12 px and use shrinks the whole photo, as if those were two
# things. If they were, a net would meet in use what it never learned. Here is every window of the astronaut's pyramid, as P-Net sees it in its level,
# and cut from the photo as a training sample is:

# %%
levels = detector.trace(photo.image()).levels
windows = np.concatenate([level.windows() for level in levels])  # (N, 4)
in_use = np.concatenate([level.face_map.reshape(-1) for level in levels])  # (N,)
as_sample = scores(detector.nets.pnet, photo.image(), windows)  # (N,)
flipped = (in_use >= 0.6) != (as_sample >= 0.6)
apart = np.abs(in_use - as_sample).mean()
print(f"{len(windows):,} windows: P-Net's scores differ by {apart:.2f} on average")
print(f"{(in_use >= 0.6).sum()} pass in use; {flipped.sum()} windows change sides at 0.6")
assert apart < 0.02

# %% [markdown]
# The window is the same: one shrunk to 12 px *is* a cell of the pyramid. What differs is how the two shrink (a level by averaging, a crop from the nearest halved copy). That is little on average, and at the threshold it turns these few.
# So both should shrink as much alike as they can (chapter 02).
#
# **The bounds.** The paper: positives over 0.65, parts 0.4 to 0.65, negatives under 0.3. Some notes say that the window "contains a face" even for negatives: a negative may hold some of one, up to an IoU of 0.3, or all of one that is far smaller. How many windows of each kind, the paper does not say. This package's
# counts are near those of the scripts that came after it; `mtcnn_lite.sampling.config.SamplingConfig` holds them all.
#
# ## What you can now say
#
# - A window is positive, part, negative or nothing by its highest IoU with *any* face; 0.3 to 0.4 is left out.
# - Positives and parts teach the box, positives and negatives the score, landmark samples the points.
# - A target is measured from the window, in window sides: each corner from its own, each point from the top left.
# - Augmentation moves pixels and labels together; a mirror also exchanges left and right.
# - R-Net and O-Net learn from what the nets before them let through.
# - Draw your labels.
#
# New words ([glossary](glossary.md)): **positive**, **part**, **negative**, **landmark sample**, **jitter**, **target**,
# **augmentation**, **proposal**, **hard negative**, **shard**.
#
# Next door is 07, the losses: what a net pays for each wrong answer.
