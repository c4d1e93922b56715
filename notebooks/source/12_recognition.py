# %% [markdown]
# # 12 · Recognition: from a face to a person
#
# You will turn any face upright from its five points, cut it out so that eyes always lie in nearly the same places, and teach a small net to tell whether two
# such crops show one person. And you will see how little a good-looking curve can mean.
#
# | | |
# |---|---|
# | **needs** | chapter 05: five landmarks; chapter 07: what a loss is; a little of vectors |
# | **leaves you with** | aligned crops, an embedding net trained with FaceNet's triplet loss, a verification curve, a "who is this" with a threshold, two functions of your own |
# | **takes** | about 50 minutes |

# %%
from mtcnn_lite.course.chapters import chapter_map

chapter_map("12")

# %% [markdown]
# ## See it
#
# One photo, turned three ways. Above is what a detector's box gives: a **plain crop**. Below is the same face, moved so that its five points come as
# near as they can to five fixed places: an **aligned** crop.

# %%
import numpy as np
import torch
from skimage.data import astronaut

from mtcnn_lite import Detector
from mtcnn_lite.alignment import aligned_crops
from mtcnn_lite.boxes import square_boxes
from mtcnn_lite.course.scenes import ASTRONAUT_BOX, ASTRONAUT_LANDMARKS
from mtcnn_lite.datasets.augment import rotate
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.images import crop_windows
from mtcnn_lite.pyramid import halvings

torch.set_num_threads(1)  # so that every run adds in the same order
labelled = LabelledPhoto(astronaut(), [ASTRONAUT_BOX], [ASTRONAUT_LANDMARKS])
detector = Detector(weights="zhang2016")  # the values that the authors of MTCNN released

# %%
from mtcnn_lite.draw import beside

turns = (-25, 0, 25)
turned = [rotate(labelled, turn, about=(224, 114)) for turn in turns]
found = [detector.detect(photo.image()) for photo in turned]
plain, aligned = [], []
for photo, faces in zip(turned, found, strict=True):
    square = square_boxes(faces.boxes[:1])
    plain.append(crop_windows(halvings(photo.image(), 0.1), square, 112)[0])
    aligned.append(aligned_crops(photo.image(), faces.landmarks[:1])[0])  # (112, 112, 3)
beside([crop.repeat(2, axis=0).repeat(2, axis=1) for crop in plain], ["plain"], height=190)

# %%
beside([crop.repeat(2, axis=0).repeat(2, axis=1) for crop in aligned], ["aligned"], height=190)


# %%
def difference(crops):
    """Mean difference of the turned ones to the upright one, brightness values of 255."""
    middle = np.stack(crops)[:, 20:92, 20:92].astype(float)
    return [np.abs(crop - middle[1]).mean() for crop in (middle[0], middle[2])]


for name, crops in (("plain", plain), ("aligned", aligned)):
    left, right = difference(crops)
    print(f"{name:8} turned left: {left:3.0f} from the upright one, turned right: {right:3.0f}")
assert min(difference(plain)) > 2 * max(difference(aligned))

# %% [markdown]
# A net that compares faces need not learn to ignore turns, sizes and places, if it never meets them. That is what the five points are for.
#
# ## Build it
#
# ### Where eyes lie
#
# Many recognition nets agree on five places in a crop of 112 × 112 pixels: those of ArcFace, from insightface's `face_align.py`. As landmarks do, they
# count pixel *centres*: (0, 0) is the middle of the first pixel.

# %%
from mtcnn_lite.alignment import template

target = template(112)  # (5, 2): eyes, nose, corners of the mouth, the picture's left first
for name, (x, y) in zip(("eye", "eye", "nose", "corner", "corner"), target, strict=True):
    print(f"{name:7} {x:5.1f} {y:5.1f}")
print(f"the eyes are {np.linalg.norm(target[1] - target[0]):.1f} px apart")

# %% [markdown]
# ### Step by step
#
# Our points are those of the photo turned by 25 degrees, labelled by hand and turned along. Four panels: as they are (the first shows more of the photo); moved so that the middles meet; scaled to
# the same size; turned. Circles are the places, dots are our points.

# %%
points = turned[2].landmarks[0].astype(np.float64)  # (5, 2)
middle, goal = points.mean(axis=0), target.mean(axis=0)
p, q = points - middle, target - goal  # (5, 2) each, about their middles
scale = np.sqrt((q**2).sum() / (p**2).sum())
cross = (p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0]).sum()
angle = np.arctan2(cross, (p * q).sum())
turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
steps = {"as labelled": points, "middles together": p + goal, "same size": scale * p + goal}
steps["turned"] = scale * p @ turn.T + goal
print(f"scale {scale:.2f}, turn {np.degrees(angle):.0f} degrees")

# %%
import matplotlib.pyplot as plt

figure, axes = plt.subplots(1, 4, figsize=(9.6, 2.8), layout="constrained")
for panel, (name, at) in zip(axes, steps.items(), strict=True):
    panel.scatter(*target.T, s=90, facecolors="none", edgecolors="#0072B2", linewidths=2)
    panel.scatter(*at.T, s=22, color="#D55E00")
    low, high = (0, 270) if name == "as labelled" else (22, 112)
    panel.set(title=name, aspect="equal", xlim=(low, high), ylim=(high, low))
plt.show()

# %%
off = {name: np.linalg.norm(at - target, axis=1).mean() for name, at in steps.items()}
for name, distance in off.items():
    print(f"{name:17} {distance:6.1f} px from their places, on average")
assert list(off.values()) == sorted(off.values(), reverse=True)

# %% [markdown]
# It never comes to 0: this face is not the average face. What is left is the shape of her own, and the crop keeps it. Moving each point exactly to its place would need
# stretching, and would take away what tells her from others.
#
# ### All at once
#
# A shift, one scale, one turn: a **similarity transform**. It has four unknowns, and the best values have a formula. Write a point as the complex number *x + iy*. To multiply
# it by a number *a* is to scale it by |*a*| and to turn it by the angle of *a*. So about the middles we look for *one* unknown:
# **q ≈ a · p**, and least squares gives **a = Σ conj(p) q / Σ |p|²**.

# %%
pc, qc = p @ [1, 1j], q @ [1, 1j]  # (5,) complex
a = (np.conj(pc) * qc).sum() / (np.abs(pc) ** 2).sum()
print(f"scale {abs(a):.2f}, turn {np.degrees(np.angle(a)):.0f} degrees")
linear = np.array([[a.real, -a.imag], [a.imag, a.real]])
matrix = np.column_stack([linear, goal - linear @ middle])  # (2, 3)
moved = points @ matrix[:, :2].T + matrix[:, 2]
print(f"{np.linalg.norm(moved - target, axis=1).mean():.1f} px from their places")

# %% [markdown]
# The turn is the same as above. (Her own head is 2 degrees askew.) The scale is a hair smaller than the ratio of sizes: where a face has another shape, a slightly smaller one is less far off. The matrix cuts the crop, and its
# inverse brings points of the crop back to the photo:

# %%
import cv2

from mtcnn_lite.alignment import corners, inverse_transform, transform_points
from mtcnn_lite.draw import draw_landmarks, draw_polygon

photo = turned[2].image()
crop = cv2.warpAffine(photo, matrix, (112, 112))  # OpenCV counts pixel centres, as landmarks do
seen = draw_landmarks(draw_polygon(photo, corners(matrix)), points)
there = draw_landmarks(crop.repeat(3, axis=0).repeat(3, axis=1), 3 * moved + 1)
beside([seen[20:260, 100:340], there], ["the crop's outline in the photo", "the crop"], height=260)

# %%
back = transform_points(moved, inverse_transform(matrix))
print("there and back:", np.allclose(back, points))
assert np.allclose(back, points)


# %% [markdown]
# ### When a point is wrong
#
# Detectors are a few pixels off. How much of that reaches the crop? We push every point by chance, 300 times, and see how far the crop's corners move. Once with all
# five points, once with the two eyes alone, as simple scripts do it.


# %%
from mtcnn_lite.alignment import similarity_transform as package_transform

rng = np.random.default_rng(12)
eyes_apart = np.linalg.norm(points[1] - points[0])
outline = corners(matrix)  # (4, 2)


def corner_error(share, rows):
    """How far the crop's corners move; each point is off by this share of the eyes' distance."""
    noise = rng.normal(0, share * eyes_apart / np.sqrt(2), (300, len(rows), 2))
    some = package_transform(points[rows] + noise, target[rows])  # (300, 2, 3)
    right = package_transform(points[rows], target[rows])  # (2, 3)
    true = transform_points(outline, right)  # (4, 2)
    return np.linalg.norm(transform_points(outline, some) - true, axis=2).mean()


# %%
print("each point off by      two eyes   five points")
for share in (0.02, 0.05, 0.1):
    two, five = (corner_error(share, rows) for rows in ([0, 1], [0, 1, 2, 3, 4]))
    print(f"{share:4.0%} of the distance {two:7.1f} px {five:9.1f} px of 112")
    assert five < 0.75 * two

# %% [markdown]
# Errors partly cancel, and the more points the better: that is why all five count.

# %%
wrong = [points + np.random.default_rng(k).normal(0, 0.12 * eyes_apart, (5, 2)) for k in range(3)]
crops = [
    cv2.warpAffine(photo, package_transform(each[rows], target[rows]), (112, 112))
    for rows in ([0, 1], [0, 1, 2, 3, 4])
    for each in [points, *wrong]
]
names = ["two eyes, exact", *["off"] * 3, "five, exact", *["off"] * 3]
beside(crops, names, height=108)

# %% [markdown]
# ### Small faces, many pictures of each
#
# Now to persons. scikit-image brings 100 faces of 25 × 25 pixels (`lfw_subset`); we know their five points, and align them to 32 × 32. 70 are for training, 29 are
# **held out**: faces that the net never sees. (One more is left out: its chin is cut off.)

# %%
from mtcnn_lite.course.scenes.cutouts import lfw_faces


def crops_of(split):
    """Aligned crops (N, 32, 32, 3); what lies outside a patch repeats its edge."""
    rim, crops = 8, []
    for face in lfw_faces(split):
        patch = np.pad(face.copies[0], ((rim, rim), (rim, rim), (0, 0)), mode="edge")
        crops.append(aligned_crops(patch, face.landmarks[None] + rim, 32)[0])
    return np.stack(crops)


train, held_out = crops_of("train"), crops_of("held_out")
print(len(train), "to learn from,", len(held_out), "held out")
beside(list(held_out[:10]), height=64)

# %% [markdown]
# scikit-image does not say who they are. We count each picture as a person. But the net must see each person in at least two pictures. So we make them: `varied` mirrors, moves,
# lights from one side, blurs, adds noise and hides a patch. **Two views of one picture count as one person.** Remember that sentence; we will have to come back to it. (LFW, where they come from, has many pictures of a few people, so two of ours may be
# one person after all. Then the figures below look worse than they are.)

# %%
from mtcnn_lite.embedding import varied

five = np.repeat(held_out[:5], 6, axis=0)
rows = varied(five, np.random.default_rng(0)).reshape(5, 6, 32, 32, 3)
sheet = np.concatenate([np.concatenate(row, axis=1) for row in rows])  # (160, 192, 3)
beside([sheet], ["five people, six views of each"], height=320)

# %% [markdown]
# ### A distance between faces
#
# The task is called **verification**: two crops, one question: the same person? Give each pair a distance, and say yes where it is small enough. The simplest is the distance of the pixels. We test it
# on six views of each held-out person: all pairs of them.

# %%
from mtcnn_lite.embedding import prepare, verification

person = np.repeat(np.arange(len(held_out)), 6)
views = varied(held_out[person], np.random.default_rng(12))  # (174, 32, 32, 3)
pixels = prepare(views).flatten(1).numpy()  # (174, 1024): gray, one even tone outside an oval
by_pixels = verification(pixels, person)
print(f"{len(by_pixels.same)} pairs of one person, {len(by_pixels.different)} of two")
print(f"a pair of one is closer than a pair of two in {by_pixels.area:.0%} of cases")

# %% [markdown]
# By chance it would be 50%. Pixels hardly know persons: light and a small shift change them more than another face does. (`prepare` makes all outside an oval one gray tone: below, six views of one person as a net will see them. What that is good for comes later.)

# %%
seen = prepare(views[:6])[:, 0, :, :, None].numpy()  # (6, 32, 32, 1), -1 to 1
beside(list((127.5 + 127.5 * seen).astype(np.uint8).repeat(3, axis=3)), height=96)

# %% [markdown]
# An **embedding** is a better place to measure in. A net maps each crop to a point, 64 numbers here (128 in FaceNet), scaled to length 1, so that all
# points lie on a sphere. Between two of them the squared distance runs from 0 to 4.

# %%
from mtcnn_lite.embedding import EmbeddingNet, embed

torch.manual_seed(12)
net = EmbeddingNet()  # three convolutions, one dense layer
print(sum(p.numel() for p in net.parameters()), "parameters")
first = embed(net, views)  # (174, 64), random weights
print(first.shape, "length of each:", np.unique(np.linalg.norm(first, axis=1).round(3)))
u, v = np.array([1.0, 0.0]), np.array([0.6, 0.8])
print(f"squared distance {((u - v) ** 2).sum():.1f} = 2 - 2 x cosine {u @ v:.1f}")

# %% [markdown]
# ### The triplet loss
#
# How would one teach it? FaceNet (Schroff, Kalenichenko and Philbin 2015) takes three faces at a time: an **anchor** (no relative of chapter 11's anchor boxes), a **positive** (the same person), a **negative** (somebody else). The negative should be
# farther from the anchor than the positive, and not by a hair but by a **margin** of 0.2. By how much it falls short is the loss:
#
# **max(0, d(anchor, positive) − d(anchor, negative) + margin)**, with *d* the squared distance. Three triplets by hand:

# %%
for near, far in ((0.3, 1.0), (0.3, 0.4), (0.3, 0.1)):
    loss = max(0, near - far + 0.2)
    print(f"positive at {near}, negative at {far}: loss {loss:.1f}")

# %% [markdown]
# The first costs nothing, and teaches nothing. In a trained net nearly all are like that, so which triplets one takes matters more than the formula. By where the negative lies:
#
# - **easy**: farther than the positive by the margin or more. Loss 0.
# - **semi-hard**: farther than the positive, but not by the margin. Loss between 0 and 0.2.
# - **hard**: nearer than the positive. Loss above 0.2.
#
# Count them in a batch of views, for the net as it is:

# %%
from mtcnn_lite.embedding import semi_hard_triplets, squared_distances


def kinds(embeddings, person, margin=0.2):
    """How many triplets are easy, semi-hard, hard."""
    d = squared_distances(*[torch.from_numpy(embeddings)] * 2).numpy()  # (N, N)
    same = person[:, None] == person[None]
    a, p = np.nonzero(same & ~np.eye(len(d), dtype=bool))
    gap = (d[a] - d[a, p][:, None])[~same[a]]  # of every triplet: negative less positive
    return np.array([(gap >= margin).sum(), ((gap > 0) & (gap < margin)).sum(), (gap <= 0).sum()])


untrained = kinds(first, person)
assert untrained.sum() == 29 * 6 * 5 * 28 * 6
print(f"{untrained.sum():,} triplets of {len(person)} views")

# %% tags=["nbval-ignore-output"]
for name, count in zip(("easy", "semi-hard", "hard"), untrained, strict=True):
    print(f"{name:10} {count / untrained.sum():.0%}")

# %% [markdown]
# FaceNet takes all pairs of anchor and positive in a batch, and for each the nearest *semi-hard* negative in the same batch. The hard ones sound better still; but early on they are the blurred and the hidden, and a net that only sees those may draw everything into one point, where every loss is exactly the margin. (The end of this chapter tries it.)
#
# ### Let it learn
#
# 150 batches of 32 persons with 3 views each: some ten seconds, on one core. It prints nothing while it runs.

# %%
from mtcnn_lite.embedding import train_embedding

history = train_embedding(net, train, np.arange(len(train)), np.random.default_rng(1), steps=150)
after = embed(net, views)  # (174, 64)
by_net = {"random weights": verification(first, person), "trained": verification(after, person)}
assert by_net["trained"].area > 0.85 > 0.75 > by_net["random weights"].area

# %%
figure, axes = plt.subplots(1, 2, figsize=(8.4, 3), layout="constrained")
axes[0].plot(history.loss, color="#0072B2")
axes[0].set(title="loss of the semi-hard triplets", xlabel="step", ylim=(0, 0.2))
axes[1].plot(100 * history.share, color="#D55E00")
axes[1].set(title="pairs that have a semi-hard negative, %", xlabel="step", ylim=(0, 105))
plt.show()

# %% [markdown]
# Both fall; the right one says more. The loss is a mean over what is *still* hard, and there will always be something.
#
# ### Before and after
#
# The distances of held-out people, pairs of one person and pairs of two:

# %%
figure, axes = plt.subplots(1, 2, figsize=(8.4, 3), layout="constrained", sharey=True)
bins = np.linspace(0, 3.2, 65)
for panel, (name, pairs) in zip(axes, by_net.items(), strict=True):
    panel.hist(pairs.same, bins, density=True, color="#009E73", alpha=0.75, label="one person")
    look = {"histtype": "step", "color": "#222222", "label": "two people"}
    panel.hist(pairs.different, bins, density=True, **look)
    panel.set(title=name, xlabel="squared distance")
    panel.legend()
axes[0].set_ylabel("density")
plt.show()

# %%
for pairs, low, high in ((by_net["random weights"], 0, 0.8), (by_net["trained"], 1.2, 2.6)):
    assert low < np.median(pairs.different) < high
    print(f"median distance of two people: between {low} and {high}")

# %% [markdown]
# Put a threshold anywhere: pairs below it are **accepted**. A share of the pairs of one person is rightly accepted, a share of the pairs of two wrongly (a **false accept**). All thresholds
# together make the **ROC curve**, and the area under it is the share from above: how often a pair of one is closer than a pair of two.

# %%
figure, axes = plt.subplots(figsize=(5, 4), layout="constrained")
curves = {"pixels": by_pixels, **by_net}
styles = (":", "--", "-")
colours = ("#8A8A8A", "#E69F00", "#0072B2")
for (name, pairs), style, colour in zip(curves.items(), styles, colours, strict=True):
    axes.plot(*pairs.curve(), style, color=colour, label=name, linewidth=2)
axes.set(xlabel="pairs of two people wrongly accepted", ylabel="pairs of one rightly accepted")
axes.set_title("29 faces the net has never seen")
axes.legend()
plt.show()

# %% tags=["nbval-ignore-output"]
print(f"{'':16} area   right at 10% wrong   right at 1% wrong")
for name, pairs in curves.items():
    at = [pairs.accepted(pairs.threshold(wrong))[0] for wrong in (0.1, 0.01)]
    print(f"{name:16} {pairs.area:4.2f} {at[0]:16.0%} {at[1]:19.0%}")

# %%
right = {name: pairs.accepted(pairs.threshold(0.1))[0] for name, pairs in curves.items()}
assert right["trained"] > 0.6 > 0.4 > right["pixels"]
trained = curves["trained"]
assert trained.accepted(trained.threshold(0.01))[0] < 0.75, "and at 1% it loses many"

# %% [markdown]
# That looks like a success. It is one, of a kind.
#
# ### What a hundred small faces can and cannot show
#
# **What was learned?** That mirroring, a shift, side light and a patch do not change a person. It was *told* so, by the views. Real pictures of one person differ in other
# ways: another expression, another angle, other years. Nothing here speaks of those. A taste of it: the same faces, made narrower by up to 40%, as a head that turns away. That was
# not among the views.


# %%
def narrower(crops, rng):
    """Each squeezed to 60 to 100% of its width about its middle."""
    out = []
    for crop, share in zip(crops, rng.uniform(0.6, 1, len(crops)), strict=True):
        squeeze = np.array([[share, 0, 15.5 * (1 - share)], [0, 1, 0]])
        out.append(cv2.warpAffine(crop, squeeze, (32, 32), borderMode=cv2.BORDER_REPLICATE))
    return np.stack(out)


unknown = verification(embed(net, narrower(views, np.random.default_rng(3))), person)

# %% tags=["nbval-ignore-output"]
for name, pairs in (("views as in training", trained), ("and squeezed", unknown)):
    print(f"{name:22} {pairs.accepted(pairs.threshold(0.1))[0]:4.0%} right at 10% wrong")

# %%
assert unknown.accepted(unknown.threshold(0.1))[0] < right["trained"] - 0.04

# %% [markdown]
# Real pictures of one person? We may not draw those that we have (research terms), so no cell here can measure on them. `pytest tests/unit/test_embedding_real.py` does, where they are at hand: it trains a net
# as above, and asks it about 600 frames of 150 people from YouTube Faces, four of each, often from one video. It asserts an area under the ROC curve of 0.68 for pixels, and of 0.73 to 0.79 for the net.
# That is better than pixels, and far from what the curve above promises. FaceNet learned from 100 to 200 million real pictures of 8 million people.

# %%
print("on made-up views the area is over 0.85:", trained.area > 0.85)

# %% [markdown]
# **What else do two views share?** The background. It is the same picture, after all. We measure with what lies *outside* the oval that the net sees, pixels alone. (The pictures are only mirrored and made noisy this time, not moved and lit anew. That is why pixels do so well.)

# %%
from mtcnn_lite.embedding.net import OVAL

still = held_out[person].copy()  # light, place and focus as they were, mirrored at random
flip = np.random.default_rng(0).random(len(still)) < 0.5
still[flip] = still[flip, :, ::-1]
noisy = still + np.random.default_rng(1).normal(0, 20, still.shape)
for name, part in (("inside the oval", OVAL > 0), ("outside", OVAL == 0)):
    area = verification(noisy[:, part].reshape(len(noisy), -1), person).area
    print(f"{name:16} a pair of one picture is closer in {area:.0%} of cases")
    assert area > 0.75

# %% [markdown]
# A net would be glad to learn wallpaper. That is why `prepare` makes everything outside the oval one tone; a good data set has photos of one person in many places.
#
# **How sure is the figure?** 29 people make only 406 pairs of two people (the 14,616 above were pairs of their views). To claim "wrong in 1 of 1,000", one needs many more than 1,000. If *n* independent pairs show no error at all, the true share may still be
# as high as 3/*n* (at 95%, the "rule of three"):

# %%
people = len(held_out)
pairs_of_two = people * (people - 1) // 2
print(f"{pairs_of_two} pairs without an error: up to {3 / pairs_of_two:.2%} could be wrong")
for claim in (1e-3, 1e-6):
    need = 3 / claim
    least = np.ceil((1 + np.sqrt(1 + 8 * need)) / 2)  # n people make n (n - 1) / 2 pairs
    print(f"to claim {claim:g}: {need:9,.0f} pairs, at least {least:,.0f} people")

# %% [markdown]
# (More, for pairs that share a person are not independent.) **And are errors alike for all?** With 29 people one cannot even ask.
#
# ## Check it
#
# The transform, against least squares written out in full and against scikit-image; the triplets of a batch, against three loops.

# %%
from skimage.transform import SimilarityTransform

generator = np.random.default_rng(1)
for count in (2, 5, 68):
    source, goal_ = generator.uniform(0, 300, (2, count, 2))
    x, y = source.T
    one, none = np.ones(count), np.zeros(count)
    left = np.vstack([np.column_stack([x, -y, one, none]), np.column_stack([y, x, none, one])])
    (a, b, s, t), *_ = np.linalg.lstsq(left, goal_.T.ravel(), rcond=None)
    ours = package_transform(source, goal_)
    theirs = SimilarityTransform.from_estimate(source, goal_).params[:2]
    same = np.allclose(ours, [[a, -b, s], [b, a, t]]) and np.allclose(ours, theirs)
    print(f"{count:2} points: equal to least squares and to scikit-image: {same}")
    assert same


# %%
def by_loops(d, person, margin):
    rows = []
    for a in range(len(d)):
        for p in np.flatnonzero(person == person[a]):
            far = [(d[a, n], n) for n in range(len(d)) if d[a, p] < d[a, n] < d[a, p] + margin]
            far = [(x, n) for x, n in far if person[n] != person[a]]
            rows += [[a, p, min(far)[1]]] if a != p and far else []
    return rows


some = torch.from_numpy(first[:60]).double()
d = squared_distances(some, some)
mine = semi_hard_triplets(d, torch.from_numpy(person[:60]))
theirs = by_loops(d.numpy(), person[:60], 0.2)
print("the same triplets as three loops find:", mine.tolist() == theirs)
assert mine.tolist() == theirs

# %% [markdown]
# ## Play with it
#
# ### The crop and its points
#
# Turn the photo, choose how the crop is found, and push a point, with the sliders or by dragging it. In the crop, blue marks are the five places and vermilion
# dots are where the *true* points come to lie.
#
# 1. At *five points*, turn the photo from end to end. What of the crop changes?
# 2. Push one eye by 10 px. Then choose *two eyes*. How much worse is it?
# 3. Choose *plain crop*. The push does nothing now. What does?

# %%
from mtcnn_lite.course.explorers.alignment import AlignmentExplorer

align_explorer = AlignmentExplorer(labelled.image(), ASTRONAUT_LANDMARKS, ASTRONAUT_BOX)
align_explorer

# %% [markdown]
# ### Who is this?
#
# Some people are *known*: pictures of them are on file. Then come other pictures, some of known people, some of strangers. Each is compared with all on file. The nearest
# gives the name, if it is within the threshold; otherwise it is nobody.
#
# The rule below: of each person, every second picture is on file and the others are asked about. Who has only one picture is a stranger. If you have photos of people who
# agreed to it, make a folder with one folder inside it for each person, and write the outer one's name into `FOLDER`. They stay on your machine.

# %%
from mtcnn_lite.embedding import People, read_people

FOLDER = None  # for example "my_people": my_people/Ada/1.jpg, my_people/Ada/2.jpg, my_people/Bo/...

if FOLDER:
    people = read_people(FOLDER, detector)  # the largest face of each photo, aligned
else:  # of 15 held-out people four views each, of the other 14 one
    of = np.concatenate([np.repeat(np.arange(15), 4), np.arange(15, 29)])
    made = varied(held_out[of], np.random.default_rng(3))
    people = People(tuple(f"person {k}" for k in range(29)), made, of, ())
print(f"{len(people.names)} people, {len(people.crops)} pictures")
for line in people.left_out:
    print("left out:", line)

# %%
from mtcnn_lite.course.explorers.recognition import Known, WhoExplorer

number = np.bincount(people.person)  # pictures of each
order = np.concatenate([np.arange(count) for count in number])  # 0, 1, ... of each person
several = (number > 1)[people.person]
filed = several & (order % 2 == 0)
torch.manual_seed(12)
nets = {"random weights": EmbeddingNet(), "trained": net}
points_of = {name: embed(each, people.crops) for name, each in nets.items()}
moments = {name: (at[filed], at[~filed]) for name, at in points_of.items()}
whose = np.where(several, people.person, -1)[~filed]  # -1: a stranger
on_file, asked = (people.crops[filed], people.person[filed]), (people.crops[~filed], whose)
known = Known(people.names, *on_file, *asked, moments)

# %% [markdown]
# Green and blue answers are right. Orange: a known person turned away. Vermilion: somebody taken for another person, which is the mistake that harms people.
#
# 1. Move **threshold** from left to right. Which mistakes go, which come?
# 2. Is there a threshold without any mistake? Try *random weights* too.
# 3. Whom would each mistake cost what, at a door? In a list of suspects?

# %%
who_explorer = WhoExplorer(known)
who_explorer

# %% [markdown]
# Without a running kernel you see still pictures of both. (With `FOLDER`, mind that this net has seen 70 small gray faces and no real pair. Expect little. `train_embedding` takes your folder too:
# `train_embedding(net, people.crops, people.person, rng, steps)` draws the views of a person from all photos of that person. Measure on people it has not seen.)
#
# ### Before you use this on people
#
# The longer the list, the more often a stranger looks like somebody on it. If two people are mistaken for one another in 1 of 1,000 comparisons:

# %%
for size in (1, 100, 10_000):
    named = 1 - (1 - 1e-3) ** size
    print(f"{size:6,} people on file: a stranger is named in {named:6.1%} of cases")

# %% [markdown]
# - **Ask first.** A face cannot be changed like a password. In the EU, biometric data that identify somebody are a special category (GDPR, article 9): as a rule they need explicit consent. Illinois
#   (BIPA) asks for written consent. Building face databases by scraping the web is forbidden in the EU (AI Act, article 5(1)(e)).
# - **Errors are not shared evenly.** NIST (NISTIR 8280, 2019) tested 189 algorithms: wrong matches differed between groups by factors of 10 to 100 and more, most often against people from Africa and
#   East Asia, women, the very young and the old. Measure by group, or do not claim.
# - **Do not build** what names strangers in public, what decides about somebody with no human in between, or what guesses character, origin or feelings from a face.
# - **Read the terms of the training data.** LFW's authors say that no result on it makes a product fit for use. insightface's code is MIT, its trained models are for non-commercial research
#   only. MS-Celeb-1M, on which many models stand, was withdrawn in 2019.
#
# More, with sources, is on [a page of its own](responsible_use.md).
#
# ## Your turn
#
# ### Exercise 1: `similarity_transform` (medium, 15 minutes)
#
# `points` (5, 2) and `target` (5, 2) are x, y in each row. Return the matrix (2, 3) that turns, scales and shifts the points as near to the target as least squares can, and never mirrors:
# `matrix @ [x, y, 1]` is where a point lands.
#
# <details><summary>A hint</summary>
#
# First take both means off. Then there is no shift to look for, and turn and scale are one complex number: `points @ [1, 1j]` makes complex numbers of rows.
#
# </details>
# <details><summary>Another</summary>
#
# With `a` found, the linear part is `[[a.real, -a.imag], [a.imag, a.real]]`. The third column is what brings the moved mean of the points to the mean of the target.
#
# </details>

# %%
from mtcnn_lite.course import checks


def similarity_transform(points, target):
    raise NotImplementedError


first_verdict = checks.similarity_transform(similarity_transform)
first_verdict

# %% [markdown]
# ### Exercise 2: `triplet_loss` (easy, 5 minutes)
#
# `anchor`, `positive` and `negative` are arrays (N, D), one triplet a row, and `margin` is a number. Return one number: the mean over the triplets of max(0, d(anchor, positive) − d(anchor, negative) +
# margin), *d* the squared distance.
#
# <details><summary>A hint</summary>
#
# `((anchor - positive) ** 2).sum(axis=1)` has shape (N,).
#
# </details>
# <details><summary>Another</summary>
#
# `np.maximum(0, values)` cuts each value off by itself. The mean comes last.
#
# </details>


# %%
def triplet_loss(anchor, positive, negative, margin):
    raise NotImplementedError


second_verdict = checks.triplet_loss(triplet_loss)
second_verdict

# %% [markdown]
# ### Your functions at work
#
# Whatever has passed is used here; the package's stands in for the rest. Your transform aligns what the detector finds in the turned photo:

# %%
used_transform = similarity_transform if first_verdict else package_transform
landmarks = found[2].landmarks[0].astype(np.float64)  # (5, 2)
cut = np.asarray(used_transform(landmarks, target), np.float64)
yours = cv2.warpAffine(turned[2].image(), cut, (112, 112))
print("cut by:", "your function" if first_verdict else "the package's; yours is still to come")
assert np.allclose(cut, package_transform(landmarks, target), atol=1e-3)
beside([yours], height=224)

# %% [markdown]
# And your loss prices both nets, on random triplets of the held-out views:


# %%
from mtcnn_lite.embedding import triplet_loss as package_loss


def from_package(anchor, positive, negative, margin):
    return package_loss(*map(torch.from_numpy, (anchor, positive, negative)), margin)


pick = np.random.default_rng(4)
a_rows = pick.integers(0, 174, 2000)
p_rows = a_rows // 6 * 6 + (a_rows + pick.integers(1, 6, 2000)) % 6  # another view of the same
n_rows = (a_rows + 6 * pick.integers(1, 29, 2000)) % 174  # somebody else
price = triplet_loss if second_verdict else from_package
costs = [float(price(at[a_rows], at[p_rows], at[n_rows], 0.2)) for at in (first, after)]
print("priced by:", "your function" if second_verdict else "the package's; yours is still to come")
print("the trained net costs less than half:", costs[1] < costs[0] / 2)
assert costs[1] < costs[0] / 2

# %% [markdown]
# Solutions are in `source/solutions.py`. Look after you have tried.
#
# ## Where paper, notes and code disagree
#
# **Squared, or not?** FaceNet's distances are squared. torch's `TripletMarginLoss` does not square, and its margin is 1 unless you say otherwise; pytorch-metric-learning does not square either. The same
# triplet, unit vectors:

# %%
angles = torch.deg2rad(torch.tensor([0.0, 40.0, 45.0]))  # on the unit circle
one, two, three = torch.stack([angles.cos(), angles.sin()], dim=1)[:, None]  # (1, 2) each
print(f"FaceNet, margin 0.2        {package_loss(one, two, three).item():.2f}")
for margin in (0.2, 1.0):
    loss = torch.nn.TripletMarginLoss(margin=margin)(one, two, three).item()
    print(f"torch's class, margin {margin}  {loss:.2f}")

# %% [markdown]
# **Did FaceNet align?** Not as you did here. The paper feeds tight crops, with shift and scale alone. On LFW it reports 98.87% for a fixed crop of each picture's middle (section 5.6); with what it calls "extra face alignment" it is
# 99.63%, and that is the figure that gets quoted.
#
# **Which net?** Course notes pair FaceNet with Inception-ResNet-v2. The paper has two others, one after Zeiler and Fergus and one Inception. The Inception-ResNets came later, with
# davidsandberg/facenet and facenet-pytorch, and their released weights were trained as classifiers, with softmax: no triplet in it.
#
# **What is "alignment"?** In MTCNN's title, *detection and alignment*, it means to find the five points. In recognition it means to move the face by them.
#
# **The template at twice the size.** insightface's code multiplies its places by 2 for crops of 224 px. Places are pixel centres, and those do not double:

# %%
gap = template(224) - 2 * template(112)
print("scaled as the picture is, less doubled:", gap[0].round(6).tolist(), "px")
assert np.allclose(gap, 0.5)

# %% [markdown]
# Half a pixel at 224. It does no harm where training and use agree, and does where one program doubles the places and the other scales them.
#
# **Whose left?** Some label files give the *person's* left eye first. Then eyes and mouth corners have changed places, and as the transform does not mirror, the best it can do is strange:

# %%
from mtcnn_lite.coordinates import MIRRORED

swapped = package_transform(points[MIRRORED], target)
sizes = [np.sqrt(np.linalg.det(m[:, :2])) for m in (matrix, swapped)]
print(f"the face comes out at {sizes[1] / sizes[0]:.0%} of its size")
assert sizes[1] < 0.7 * sizes[0]
beside([crop, cv2.warpAffine(photo, swapped, (112, 112))], ["in order", "swapped"], height=224)

# %% [markdown]
# **The hardest negatives, from the start.** "Take the most difficult" sounds right, and some code does. 30 batches from the same random weights, once with the nearest negative whatever its distance, once
# semi-hard. After each, the median distance of two held-out people:


# %%
def hardest_triplets(distances, person, margin):
    same = person[:, None] == person[None]
    a, p = torch.nonzero(same & ~torch.eye(len(person), dtype=bool), as_tuple=True)
    n = distances.detach()[a].masked_fill(same[a], torch.inf).argmin(dim=1)
    return torch.stack([a, p, n], dim=1)


def apart(choose):
    torch.manual_seed(12)
    fresh, rng = EmbeddingNet(), np.random.default_rng(1)
    train_embedding(fresh, train, np.arange(len(train)), rng, steps=30, choose=choose)
    return np.median(verification(embed(fresh, views), person).different)


# %%
by_rule = {"hardest": apart(hardest_triplets), "semi-hard": apart(semi_hard_triplets)}
for name, median in by_rule.items():
    print(f"{name:10} median distance under 0.1: {median < 0.1}, over 0.6: {median > 0.6}")
assert by_rule["hardest"] < 0.1 < 0.6 < by_rule["semi-hard"]

# %% [markdown]
# With the hardest, all faces fall into one point: every distance is nearly 0, so that every loss is about the margin. The paper warns of it (section 3.2: "a collapsed model"). Later in training
# it would do less harm.
#
# ## What you can now say
#
# - A similarity transform has four unknowns: turn, scale and two shifts. One division of complex numbers finds the best, over all five points.
# - Landmarks and template name pixel centres, and a template is scaled from the picture's edge.
# - Errors of five points partly cancel: corners of the crop move little more than half as far as with two eyes.
# - An embedding is a point on a sphere. The triplet loss asks that another person be farther away than one's own pictures, by a margin, in squared distances.
# - Semi-hard negatives teach; the hardest, early on, can make all faces one.
# - A curve shows what was put into its pairs. Views of one picture are not pictures of one person.
# - Consent, errors by group, and terms of data come before the threshold.
#
# New words ([glossary](glossary.md)): **aligned crop**, **similarity transform**, **embedding**, **verification**, **anchor**, **margin**, **triplet loss**, **semi-hard
# negative**, **false accept**, **ROC curve**.
#
# This is the last door. [start_here](start_here.ipynb) has the map; the package is yours.
