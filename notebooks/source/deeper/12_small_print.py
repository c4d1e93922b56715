# %% [markdown]
# <!-- header -->
#
# ## Whose left?
#
# In MTCNN's title, *joint face detection and alignment*, "alignment" means to find the five points. In recognition it means to move the face by them. A label file may give
# the *person's* left eye first. Then eyes and mouth corners have changed places, and as the transform does not mirror, the best it can do is strange:

# %%
import cv2
import numpy as np
import torch
from skimage.data import astronaut

from mtcnn_lite.alignment import similarity_transform, template
from mtcnn_lite.coordinates import MIRRORED
from mtcnn_lite.course.scenes import ASTRONAUT_LANDMARKS
from mtcnn_lite.draw import beside

points, target = np.array(ASTRONAUT_LANDMARKS), template(112)  # (5, 2) each
orders = {"in order": points, "swapped": points[MIRRORED]}
matrices = [similarity_transform(each, target) for each in orders.values()]  # (2, 3) each
sizes = [np.sqrt(np.linalg.det(m[:, :2])) for m in matrices]
crops = [cv2.warpAffine(astronaut(), m, (112, 112)) for m in matrices]
percent = [f"{size / sizes[0]:.0%} of its size" for size in sizes]
beside(crops, [f"in order: {percent[0]}", f"swapped: {percent[1]}"], height=224)

# %% tags=["check"]
assert sizes[1] < 0.7 * sizes[0]

# %% [markdown]
# ## The template at twice the size
#
# [insightface's code](https://github.com/deepinsight/insightface/blob/master/python-package/insightface/utils/face_align.py) multiplies its places by 2 for crops of 224 px. Places are
# pixel centres, and those do not double, as the first one lies half a pixel from the edge:

# %%
gap = template(224) - 2 * template(112)
print("scaled as the picture is, less doubled:", gap[0].round(6).tolist(), "px")

# %% tags=["check"]
assert np.allclose(gap, 0.5)

# %% [markdown]
# It does no harm where training and use agree, and does where one program doubles the places and the other scales them.
#
# ## What FaceNet did
#
# [The paper](https://arxiv.org/abs/1503.03832) does not align as the chapter does: it feeds tight crops, with shift and scale alone. On LFW it reports 98.87% for a fixed crop of each picture's middle
# (section 5.6); with what it calls "extra face alignment" it is 99.63%, and that is the figure that gets quoted. Its nets are one after Zeiler and Fergus and one Inception. The Inception-ResNets
# came later, with [davidsandberg/facenet](https://github.com/davidsandberg/facenet) and [facenet-pytorch](https://github.com/timesler/facenet-pytorch), whose released weights were trained as
# classifiers, with softmax: no triplet in it.
#
# Its distances are squared. torch's `TripletMarginLoss` does not square, and its margin is 1 unless you say otherwise. One triplet of unit vectors, the positive 40° from the anchor, the negative 45°:

# %%
from mtcnn_lite.embedding import triplet_loss

angles = torch.deg2rad(torch.tensor([0.0, 40.0, 45.0]))  # on the unit circle
three = torch.stack([angles.cos(), angles.sin()], dim=1)[:, None]  # (3, 1, 2)
print(f"FaceNet, margin 0.2        {triplet_loss(*three).item():.2f}")
for margin in (0.2, 1.0):
    loss = torch.nn.TripletMarginLoss(margin=margin)(*three).item()
    print(f"torch's class, margin {margin}  {loss:.2f}")

# %% [markdown]
# ## The hardest negatives, from the start
#
# "Take the most difficult" sounds right. The chapter's net, 12 batches from the same random weights, once with the nearest negative whatever its distance, once semi-hard; eight seeds.

# %%
from torch import nn

from mtcnn_lite.course.casual_photos import photos, whose
from mtcnn_lite.embedding import embed, prepare, semi_hard_triplets, squared_distances

torch.set_num_threads(1)
x = prepare(photos("train", 8, 1).reshape(-1, 32, 32, 3)).unflatten(
    0, (-1, 8)
)  # (70, 8, 1, 32, 32)
held = photos("held_out", 6, 2)  # (29, 6, 32, 32, 3)
views, person = held.reshape(-1, 32, 32, 3), whose(held)


class Net(nn.Sequential):
    def __init__(self):
        convolutions = nn.Conv2d(1, 16, 5, 2, 2), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU()
        super().__init__(nn.AvgPool2d(2), *convolutions, nn.Flatten(), nn.Linear(512, 64))

    def forward(self, x):
        return nn.functional.normalize(super().forward(x), dim=1)


# %%
def hardest_triplets(distances, person, margin):
    same = person[:, None] == person[None]
    a, p = torch.nonzero(same & ~torch.eye(len(person), dtype=bool), as_tuple=True)
    n = distances[a].masked_fill(same[a], torch.inf).argmin(dim=1)
    return torch.stack([a, p, n], dim=1)


# %%
def learn(choose, seed, steps):
    """Yields the net after each step."""
    torch.manual_seed(seed)
    net, rng, whose = Net(), np.random.default_rng(seed), torch.arange(32).repeat_interleave(2)
    optimiser = torch.optim.AdamW(net.parameters(), lr=0.004)
    for _ in range(steps):
        who = rng.choice(len(x), 32, replace=False).repeat(2)
        at = net.train()(x[who, rng.integers(0, x.shape[1], 64)])  # (64, 64)
        rows = choose(squared_distances(at, at).detach(), whose, 0.2)
        optimiser.zero_grad()
        triplet_loss(*at[rows.T], 0.2).backward()
        optimiser.step()
        yield net


# %% tags=["nbval-ignore-output"]
from mtcnn_lite.course.recognition_figures import collapse
from mtcnn_lite.embedding import verification


def medians(choose, seed):
    """Between two held-out people, the median distance after every third step."""
    for step, net in enumerate(learn(choose, seed, 12), start=1):
        if step % 3 == 0:
            yield np.median(verification(embed(net, views[::3]), person[::3]).different)


ways = {"hardest": hardest_triplets, "semi-hard": semi_hard_triplets}
courses = {name: [list(medians(way, seed)) for seed in range(8)] for name, way in ways.items()}
collapse(courses, step=3)

# %% tags=["check"]
assert all(each[-1] < 0.1 for each in courses["hardest"])
assert all(each[-1] > 0.5 for each in courses["semi-hard"])

# %% [markdown]
# With the hardest, all faces fall into one point, with every seed: every distance is nearly 0, so that every loss is about the margin. The paper warns of it (section 3.2: "a collapsed model"). Later in
# training it would do less harm.
#
# ## What was learned?
#
# That a mirror, a small turn, side light and a patch do not change a person: the net was *told* so, by the photos. Real ones differ in other ways. A taste of it, with one net: the same held-out faces, made narrower by up
# to 40%, as a head that turns away. And the other way round: what
# else do two photos of one picture share? The background. We measure with the pixels alone, inside the oval that the net sees and outside.

# %%
from mtcnn_lite.embedding.net import OVAL


def narrower(crops, rng):
    """Each squeezed to 60 to 100% of its width about its middle."""
    out = []
    for crop, share in zip(crops, rng.uniform(0.6, 1, len(crops)), strict=True):
        squeeze = np.array([[share, 0, 15.5 * (1 - share)], [0, 1, 0]])
        out.append(cv2.warpAffine(crop, squeeze, (32, 32), borderMode=cv2.BORDER_REPLICATE))
    return np.stack(out)


# %% tags=["nbval-ignore-output"]
from mtcnn_lite.course.verification_figures import area_interval, areas_with_ranges

*_, net = learn(semi_hard_triplets, 0, 120)
squeezed = narrower(views, np.random.default_rng(3))
measured = {
    "the net, photos as in training": embed(net, views),
    "the net, squeezed photos": embed(net, squeezed),
    "pixels inside the oval": views[:, OVAL > 0].reshape(174, -1).astype(np.float32),
    "pixels outside the oval": views[:, OVAL == 0].reshape(174, -1).astype(np.float32),
}
areas = {name: verification(at, person).area for name, at in measured.items()}
ranges = {name: area_interval(at, person) for name, at in measured.items()}
areas_with_ranges(areas, ranges)

# %% tags=["check"]
assert areas["the net, squeezed photos"] < areas["the net, photos as in training"] - 0.02
assert areas["pixels outside the oval"] > areas["pixels inside the oval"] + 0.03

# %% [markdown]
# The rim tells more than the face. A net would be glad to learn wallpaper. That is why `prepare` makes everything outside the oval one tone; a good data set has photos of one person in many places.
#
# ## How many pairs a claim needs
#
# 29 people make only 406 pairs of two people, however many photos of each. If *n* independent pairs show no error at all, the true share may still be as high as 3/*n* (at 95%, the "rule of three"):

# %%
pairs = 29 * 28 // 2
print(f"{pairs} pairs without an error: up to {3 / pairs:.2%} could be wrong")
for claim in (1e-3, 1e-6):
    least = np.ceil((1 + np.sqrt(1 + 8 * 3 / claim)) / 2)  # n people make n (n - 1) / 2 pairs
    print(f"to claim {claim:g}: {3 / claim:9,.0f} pairs, at least {least:,.0f} people")

# %% [markdown]
# More, in truth, as pairs that share a person are not independent. And whether errors are alike for all, 29 people cannot even be asked. Meanwhile, the longer the list, the more often a stranger looks like somebody on it:

# %%
from mtcnn_lite.course.verification_figures import strangers_named

strangers_named((1e-3, 1e-4, 1e-5))

# %% [markdown]
# ## Your own photos
#
# If you have photos of people who agreed to it, make a folder with one folder inside it for each person, and write the outer one's name into `FOLDER`. They stay on your machine. (This net has seen 70 small gray faces and
# no real pair. Expect little. `train_embedding(net, people.crops, people.person, rng, steps)` of `mtcnn_lite.embedding` learns from your folder too; measure on people it has not seen.)

# %%
from mtcnn_lite import Detector
from mtcnn_lite.embedding import read_people

FOLDER = None  # for example "my_people": my_people/Ada/1.jpg, my_people/Ada/2.jpg, my_people/Bo/...

if FOLDER:
    people = read_people(FOLDER, Detector())  # the largest face of each photo, aligned
    print(f"{len(people.names)} people, {len(people.crops)} pictures")
    print(verification(embed(net, people.crops), people.person).area)

# %% [markdown]
# <!-- footer -->
