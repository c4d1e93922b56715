# %% [markdown]
# # 08 · Hard mining: learn from what you get wrong
#
# You will let a net skip what it knows already: of each batch, only the samples that it gets most wrong will teach it. Then you will measure,
# with several seeds, whether that pays.
#
# | | |
# |---|---|
# | **needs** | chapter 06: the four kinds of samples; chapter 07: the detection loss, its slope, the indicator |
# | **leaves you with** | the paper's rule and what it does to a gradient, a small training loop, a controlled experiment, a function of your own that picks the samples in live training |
# | **takes** | about 45 minutes |

# %%
from mtcnn_lite.course.chapters import chapter_map

chapter_map("08")

# %% [markdown]
# ## See it
#
# A composed scene, and windows of it as chapter 06 draws them. The authors' P-Net judges each one. On the left are twelve of the tenth of the windows that it gets most wrong, in the middle twelve of the 30% that it gets right most surely.

# %%
import numpy as np
import torch

from mtcnn_lite import Detector
from mtcnn_lite.course.scenes import scene, scenes
from mtcnn_lite.losses import detection_loss
from mtcnn_lite.nets import normalise
from mtcnn_lite.sampling.config import SamplingConfig
from mtcnn_lite.sampling.sampler import NEGATIVE, PART, POSITIVE, counts, sample

torch.set_num_threads(1)  # so that every machine adds in the same order
many = SamplingConfig(random=400, beside=20, jittered=40, landmarks=0)
photo = scene([8, 7], sizes=(14, 60))
drawn, small = sample(photo, 12, np.random.default_rng(0), many)  # small (N, 12, 12, 3)

# %%
theirs = Detector(weights="zhang2016").nets.pnet  # the values that the authors of MTCNN released
judged = np.flatnonzero((drawn["kind"] == NEGATIVE) | (drawn["kind"] == POSITIVE))
is_face = torch.from_numpy(drawn["kind"][judged] == POSITIVE)  # (n,) bool
with torch.no_grad():
    answer = theirs(normalise(small[judged]))  # one cell for each window
price = detection_loss(answer.face.flatten(1), is_face).numpy()  # (n,)
order = np.argsort(-price, kind="stable")  # rows, the highest loss first
tenth, last = len(order) // 10, len(order) * 7 // 10

# %%
from mtcnn_lite.draw import at_height, beside, draw_boxes

picture, scale = at_height(photo.image(), 250)
truth = draw_boxes(picture, photo.boxes * scale, "truth", 2)
panels, few = [], np.random.default_rng(1)
for rows, colour in ((order[:tenth], "landmark"), (order[last:], "pnet")):
    some = judged[few.choice(rows, 12, replace=False)]
    panels.append(draw_boxes(picture, drawn["window"][some] * scale, colour, 1))
captions = ["12 of the hardest tenth", "12 of the easiest 30%", f"{len(photo.boxes)} faces"]
beside([*panels, truth], captions, height=250)

# %%
share = {"hardest tenth": price[order[:tenth]], "easiest 30%": price[order[last:]]}
for name, part in share.items():
    print(f"{name}: {len(part)} windows, {part.sum() / price.sum():.1%} of the loss")
assert share["hardest tenth"].sum() > 0.7 * price.sum() > 100 * share["easiest 30%"].sum()

# %% [markdown]
# Many of the hard ones sit on faces, on parts of them, and on things that look like one; others are large and hold several things. Most of the easy ones are plain ground. A net sees thousands of
# them, and has nothing left to learn there. The paper's idea, **online hard example mining**: sort the losses of each batch, let the highest
# 70% teach, forget the rest. *Online*, because the losses are those of the forward pass that runs anyway.
#
# ## Build it
#
# ### Something to learn from
#
# 150 scenes to train on, 40 to measure on. They share no face and, plain colour gradients aside, no background. (Faces are up to 60 px: larger ones would be the
# astronaut in both.)


# %%
def all_samples(photos, seed):
    """The samples of all photos and their crops (N, 12, 12, 3), drawn as in chapter 06."""
    config = SamplingConfig(random=60, beside=10, jittered=40, landmarks=10)
    pairs = [
        sample(photo, 12, np.random.default_rng([seed, k]), config)
        for k, photo in enumerate(photos)
    ]
    columns = zip(*pairs, strict=True)
    return tuple(np.concatenate(column) for column in columns)


samples, crops = all_samples(scenes(150, seed=8, sizes=(14, 60)), 8)
unseen, unseen_crops = all_samples(scenes(40, seed=9, sizes=(14, 60), split="held_out"), 9)
print("to train on", counts(samples))
print("to measure ", counts(unseen))


# %% [markdown]
# For now, detection alone: windows with a face or without one. Box and landmarks stay out, so that later, in the experiment, one thing changes
# and nothing else. 64-bit numbers, so that every machine gets the same digits.


# %%
def with_answer(samples, crops):
    """Those that have a detection loss: x (n, 3, 12, 12) and y (n,), 1 for a face."""
    rows = np.flatnonzero((samples["kind"] == NEGATIVE) | (samples["kind"] == POSITIVE))
    y = torch.from_numpy((samples["kind"][rows] == POSITIVE).astype(np.int64))
    return normalise(crops[rows]).double(), y


x, y = with_answer(samples, crops)
new_x, new_y = with_answer(unseen, unseen_crops)
face_rows, ground_rows = (torch.nonzero(y == label)[:, 0].numpy() for label in (1, 0))


def draw_rows(rng, size=64, faces=0.25):
    """Rows of a batch: three negatives for each positive, as is usual for MTCNN."""
    count = int(faces * size)
    return np.concatenate([rng.choice(face_rows, count), rng.choice(ground_rows, size - count)])


# %% [markdown]
# ### A small training loop
#
# `choose` gets the losses of the batch and says which rows count. That is the only place where mining comes in. To begin with, it chooses all.

# %%
from mtcnn_lite.nets import PNet


def untrained(seed):
    """A P-Net with random weights, the same for the same seed."""
    torch.manual_seed(seed)
    return PNet(landmark_head=False).double().to(memory_format=torch.channels_last)


# %%
def train(seed, choose, steps, labels=y, look=None, net=None):
    """A P-Net, trained from random weights; `look(step, net)` is called before each step."""
    net = net or untrained(seed)
    optimiser = torch.optim.Adam(net.parameters(), lr=0.002, fused=True)
    rng = np.random.default_rng(seed)
    for step in range(steps):
        if look:
            look(step, net)
        rows = draw_rows(rng)  # (64,)
        losses = detection_loss(net(x[rows]).face.flatten(1), labels[rows])  # (64,)
        optimiser.zero_grad()
        losses[choose(losses)].mean().backward()
        optimiser.step()
    return net


# %% [markdown]
# ### One batch, early and late
#
# We keep a copy of the net before training, after 20 steps, and after 300, and show all three the same 512 samples.

# %%
from copy import deepcopy

copies = {}


def keep_copy(step, net):
    if step in (0, 20):
        copies[f"after {step} steps" if step else "untrained"] = deepcopy(net)


def everything(losses):
    return torch.ones(len(losses), dtype=torch.bool)


copies["after 300 steps"] = train(0, everything, 300, look=keep_copy)
batch = draw_rows(np.random.default_rng(99), size=512)


# %%
def losses_of(net, x, y):
    with torch.no_grad():
        return detection_loss(net(x).face.flatten(1), y)


seen = {name: losses_of(net, x[batch], y[batch]) for name, net in copies.items()}  # (512,) each

# %%
import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(6.6, 3.4), layout="constrained")
styles = (("#8A8A8A", ":"), ("#E69F00", "--"), ("#0072B2", "-"))
for (name, losses), (colour, line) in zip(seen.items(), styles, strict=True):
    axes.plot(losses.sort(descending=True).values.numpy(), line, color=colour, label=name)
axes.axvline(0.7 * 512, color="#222222", linewidth=0.8)
axes.text(0.7 * 512 + 6, 4, "dropped at 70%")
axes.set(xlabel="samples, the highest loss first", ylabel="detection loss", ylim=(0, 5))
axes.set_title("The same 512 samples at three moments")
axes.legend()
plt.show()


# %%
def in_the_easiest(values, share=0.3):
    """Which part of the sum lies in the lowest `share` of the values."""
    ordered = values.sort().values
    return (ordered[: int(share * len(values))].sum() / ordered.sum()).item()


print(f"{'':16} median   in the easiest 30%")
for name, losses in seen.items():
    print(f"{name:16} {losses.median():6.3f}   {in_the_easiest(losses):8.2%} of the loss")

# %% [markdown]
# Untrained, all samples cost about the same, near log 2: hardly one is harder than another, and the easiest 30% hold nearly their 30%. After 300
# steps most samples cost next to nothing, and a few carry it all.
# ### The rule
#
# Sort, count, mark. Of ten losses, a **keep ratio** of 70% means seven:

# %%
ten = torch.tensor([0.9, 0.1, 0.8, 0.2, 0.7, 0.3, 0.6, 0.4, 0.5, 1.0])
rows = ten.argsort(descending=True)  # (10,) rows, the hardest first
print("hardest first:", rows.tolist())
mask = torch.zeros(10, dtype=torch.bool)
mask[rows[: int(0.7 * 10)]] = True
print("kept:", mask.int().tolist())

# %% [markdown]
# In `mtcnn_lite` that is `mining.hard_examples`. It adds three things: at least one is kept; of equal losses, the earlier; and it looks only at
# samples that *have* a detection loss (more on that below).

# %%
from mtcnn_lite.mining import hard_examples as package_hard

assert torch.equal(package_hard(ten, keep=0.7), mask)
for name, losses in seen.items():
    kept = package_hard(losses, keep=0.7)
    faces = y[batch][kept].sum()
    print(f"{name:16} {kept.sum()} of 512 kept, {faces:3} of the {y[batch].sum()} faces among them")

# %%
face = y[batch] == 1
for name, losses in seen.items():
    ends = [abs(end) for part in (losses[face], losses[~face]) for end in part.aminmax()]
    print("{:16} a face costs {:.2f} to {:.2f}, background {:.2f} to {:.2f}".format(name, *ends))

# %% [markdown]
# First not one face is kept, then all of them. An untrained net has no idea, but it leans to one side, here to "face", so every face is a little
# cheaper than every negative. After 20 steps it has learned that three of four samples are background: now it leans the other way, and every face is
# dearer. Both times "hard" means no more than "the other class". Only later do the two overlap, and the word means what it says.
#
# ### What is left of the gradient
#
# What a batch teaches is its **gradient**: one number for each weight of the net. We compute it from all 512 samples, and from those that are kept.
# Think of each as an arrow. Do the two point the same way? The cosine says: 1 the same way, 0 across, −1 backwards.


# %%
def gradient(net, keep):
    losses = detection_loss(net(x[batch]).face.flatten(1), y[batch])
    used = [weights for name, weights in net.named_parameters() if "offsets" not in name]
    loss = losses[package_hard(losses, keep)].mean()
    return torch.cat([g.flatten() for g in torch.autograd.grad(loss, used)])  # (6500,)


alike, longer = {}, {}
for name, net in copies.items():
    whole = gradient(net, 1.0)
    for keep in (0.7, 0.3):
        part = gradient(net, keep)
        alike[name, keep] = torch.cosine_similarity(part, whole, dim=0).item()
        longer[name, keep] = (part.norm() / whole.norm()).item()
        print(f"{name:16} keep {keep}: cosine {alike[name, keep]:5.2f}, ", end="")
        print(f"{longer[name, keep]:.2f} times as long")

# %%
late = "after 300 steps"
print(f"1 / 0.7 = {1 / 0.7:.2f}, 1 / 0.3 = {1 / 0.3:.2f}")
assert alike[late, 0.7] > 0.9999
assert abs(longer[late, 0.7] - 1 / 0.7) < 0.01

# %% [markdown]
# That is worth a pause. Three moments, three answers:
#
# - *Untrained*, only negatives are kept. They say "less face", and so did the whole batch. Now no face pulls against it: twice as long.
# - *After 20 steps* the arrow turns away, and the fewer are kept, the more it points back. The two classes held each other nearly in balance; mining takes the side of the faces.
# - *After 300 steps*, keeping 70% gives *the same gradient*, only longer by 1 / 0.7: what was dropped added nothing to the sum, and the mean now
#   divides by fewer. Late in training, 70% is no more than a louder voice for detection, as a weight of 1.43 would be.
#
# ### Why not the box?
#
# The paper mines the detection loss alone. Is there an easy 30% in the other losses too? What pulls at the net is not the loss but its slope. For
# detection that is 1 − (probability of the truth), for a squared error it grows with the distance. The authors' P-Net, on our samples:

# %%
from mtcnn_lite.losses import squared_error

has_box = np.flatnonzero((samples["kind"] == POSITIVE) | (samples["kind"] == PART))
has_box = np.random.default_rng(1).choice(has_box, 512, replace=False)
with torch.no_grad():
    detected = theirs(normalise(crops)[torch.from_numpy(has_box)])
    scored = theirs(x[batch].float())
box = squared_error(detected.offsets.flatten(1), torch.from_numpy(samples["offsets"][has_box]))
slopes = {
    "detection": 1 - torch.exp(-detection_loss(scored.face.flatten(1), y[batch])),
    "box": 2 * box.sqrt(),
}
for task, slope in slopes.items():
    print(f"{task:9} the easiest 30% hold {in_the_easiest(slope):5.1%} of the slope")
assert in_the_easiest(slopes["box"]) > 10 * in_the_easiest(slopes["detection"])

# %%
positive = torch.from_numpy(samples["kind"][has_box] == POSITIVE)
dropped = ~package_hard(box, 0.7)
print(f"positives: {positive.float().mean():.0%} of the batch, ", end="")
print(f"{positive[dropped].float().mean():.0%} of what mining the box would drop")
assert positive[dropped].float().mean() > 1.5 * positive.float().mean()

# %% [markdown]
# A yes that is sure enough is finished. A box that lies well can still lie better. And the boxes that lie well are more often those of positive windows: the
# very ones that decide how a face is framed in the end.
#
# (A popular port, AITTSMD/MTCNN-Tensorflow, once kept 70% of box and landmark losses too. In its losses today those lines are commented out.)
#
# ### Does it pay? An experiment
#
# Now the question that counts. We train with all samples, with the hardest 70%, and with the hardest 30%. Within one seed all three begin
# with the same weights and see the same batches; only `choose` differs. And three seeds, because one run alone says little. (Adam, the optimiser, divides
# a gradient by its usual size. So a longer arrow alone changes nothing.)
#
# The measure: on unseen scenes, set the threshold so that 1% of the background passes. How many of the face windows pass?


# %%
def recall(net, allowed=0.01):
    """Share of unseen face windows found where `allowed` of the background ones pass."""
    with torch.no_grad():
        logits = torch.cat([net(some).face.flatten(1) for some in new_x.split(1024)])
    score = logits[:, 1] - logits[:, 0]  # (n,)
    ground = score[new_y == 0].sort(descending=True).values
    return (score[new_y == 1] > ground[int(allowed * len(ground))]).double().mean().item()


def mined(keep):
    return lambda losses: package_hard(losses, keep)


# %%
MARKS = (50, 100, 200, 400)  # steps after which we measure


def curve(seed, keep, net=None):
    found = []

    def look(step, net):
        if step in MARKS:
            found.append(recall(net))

    net = train(seed, mined(keep), MARKS[-1], look=look, net=net)
    return [*found, recall(net)]


# %% [markdown]
# That makes nine runs, and none needs another. So two run at a time, each on one core, which changes no number.

# %%
from concurrent.futures import ThreadPoolExecutor

KEEPS, SEEDS = (1.0, 0.7, 0.3), (0, 1, 2)


def two_at_a_time(run):
    """`run(seed, keep, net)` for every share and seed: {share: what came back for each seed}."""
    jobs = [(seed, keep, untrained(seed)) for keep in KEEPS for seed in SEEDS]
    with ThreadPoolExecutor(2, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        done = list(pool.map(run, *zip(*jobs, strict=True)))
    return {keep: done[3 * k : 3 * k + 3] for k, keep in enumerate(KEEPS)}


# %%
found = two_at_a_time(curve)
runs = {keep: np.array(each) for keep, each in found.items()}  # (3 seeds, 4 marks) each

# %%
LOOKS = {1.0: ("#8A8A8A", "o", ":", "all"), 0.7: ("#0072B2", "s", "-", "70%")}
LOOKS[0.3] = ("#E69F00", "^", "--", "30%")


def plot(axes, runs, title):
    for keep, found in runs.items():
        colour, marker, line, name = LOOKS[keep]
        axes.plot(MARKS, found.T, marker, color=colour, alpha=0.6, markersize=5)
        text = f"{name}: mean; marks: seeds"
        axes.plot(MARKS, found.mean(axis=0), line, color=colour, label=text)
    axes.set(xlabel="steps of training", ylabel="faces found", ylim=(0, 1), title=title)
    axes.legend(loc="lower right")


figure, axes = plt.subplots(figsize=(6.6, 3.6), layout="constrained")
plot(axes, runs, "Share of face windows found, at 1% false positives")
plt.show()

# %% tags=["nbval-ignore-output"]
for keep, found in runs.items():
    for k, mark in enumerate(MARKS):
        each = ", ".join(f"{value:.2f}" for value in found[:, k])
        print(f"keep {keep:.1f}, {mark:3} steps: {found[:, k].mean():.2f}  ({each})")

# %% [markdown]
# So, does it pay? Both shares against all:

# %%
early = MARKS.index(100)
gain = {keep: runs[keep] - runs[1.0] for keep in (0.7, 0.3)}  # (3 seeds, 4 marks) each
for keep, ahead in gain.items():
    sooner, later = (ahead[:, [early, -1]] > 0).sum(axis=0)
    print(f"keep {keep}: ahead in {sooner} of 3 seeds after 100 steps, in {later} after 400")
apart = np.ptp(runs[1.0][:, -1])  # how far three seeds lie apart, all else alike
further = abs(gain[0.7][:, -1].mean()) > apart
print("at the end 0.7 and 1.0 differ by more than two seeds do:", further)
assert gain[0.7][:, early].min() > 0.03
assert abs(gain[0.7][:, -1].mean()) < 0.3 * apart
assert gain[0.3][:, -1].min() > 0.03

# %% [markdown]
# The paper's 70% learns faster at first: after 100 steps it has found more faces with every seed. Then the lead melts, and after 400 steps the two are
# level. It gets you there sooner and no further. The gradient told us why: late in training, what 70% drops is not there anyway.
#
# The hardest 30% came out ahead with every seed, after 100 steps *and* after 400 (after 200 not with each). That is more than the paper asks for, so be careful with it. We tried three things more, which take minutes (`python benchmarks/mining.py` runs them).
#
# - 800 steps with twice the batch: 70% and all were level once more, and 30% ahead by 0.01 only, and not with each seed.
# - 60% faces in each batch in place of 25%, and no mining: *fewer* found. So what helps is not just that more faces are kept.
# - Twice the learning rate: 30% was still ahead with each seed, by two thirds of what you see here. So part of the gain was a learning rate too low for training on all.
#
# And 30% has a price.
#
# ### The price: wrong labels
#
# The hardest sample of all is one with a wrong label. Nobody's labels are all right (that is **label noise**): a face in the crowd that was never marked is "background". We turn
# 5% of the labels round, and look where they come to lie in the batch of above.

# %%
flip = np.random.default_rng(5).random(len(y)) < 0.05
noisy = torch.from_numpy(np.where(flip, 1 - y.numpy(), y.numpy()))
flipped = torch.from_numpy(flip[batch])  # (512,)
against = losses_of(copies[late], x[batch], noisy[batch])  # the net that learned from right labels
print(f"{flipped.sum()} of 512 labels are wrong")
for keep in (1.0, 0.7, 0.3, 0.1):
    kept = package_hard(against, keep)
    slope = (1 - torch.exp(-against))[kept]
    wrong = flipped[kept]
    print(f"keep {keep:.1f}: {wrong.double().mean():4.0%} of the kept, ", end="")
    print(f"{slope[wrong].sum() / slope.sum():.0%} of what pulls at the net")

# %% [markdown]
# Mining finds wrong labels well, and then it learns from them. (They pull so hard even without mining, because this net knows
# better: 30 surely wrong samples against 480 that are right.) Does it hurt? Train with 5% wrong labels, measure with right ones:


# %%
def train_on_noisy(seed, keep, net):
    return train(seed, mined(keep), MARKS[-1], noisy, net=net)


misled = two_at_a_time(train_on_noisy)
with_noise = {keep: np.array([recall(net) for net in nets]) for keep, nets in misled.items()}

# %% tags=["nbval-ignore-output"]
for keep in KEEPS:
    right, wrong = runs[keep][:, -1], with_noise[keep]
    each = ", ".join(f"{value:.2f}" for value in wrong)
    print(f"keep {keep:.1f}: right labels {right.mean():.2f}, 5% wrong {wrong.mean():.2f} ({each})")

# %%
lost = {keep: (runs[keep][:, -1] - with_noise[keep]).mean() for keep in KEEPS}
print("all and 70% lose less than 0.1:", max(lost[1.0], lost[0.7]) < 0.1)
print("30% loses more than 0.2, and ends last:", lost[0.3] > 0.2)
assert max(lost[1.0], lost[0.7]) < 0.08
assert lost[0.3] > 0.22
assert with_noise[0.3].mean() < min(with_noise[1.0].mean(), with_noise[0.7].mean()) - 0.1

# %% [markdown]
# With a share as high as 70%, wrong labels cost little. With 30% they undo all that mining gained, and much more: the best of the three is now the
# worst. Why? Look at what these nets say of rightly labelled samples:

# %%
typical = {}
for keep, nets in misled.items():
    typical[keep] = np.mean([losses_of(net, x[batch], y[batch]).median() for net in nets])
    print(f"keep {keep:.1f}: half of the right labels cost more than {typical[keep]:.1f}")
assert typical[0.3] > 0.5 > 2 * typical[0.7]

# %% [markdown]
# log 2 is 0.69: the net has become undecided. As soon as it is sure of the right ones, they leave the hardest 30%, the wrong ones are among themselves,
# and pull it back. The smaller the share, the better the labels must be. (A score that stays near a half also makes chapter 03's thresholds useless.)
#
# ### The older way: NMS on the losses
#
# The name comes from another paper: Shrivastava, Gupta and Girshick, "Training Region-based Object Detectors with Online Hard Example Mining"
# (2016). It scores *all* windows of a photo, some two thousand, and learns from the 128 hardest of two photos. All windows means neighbours too, and
# neighbours have nearly the same loss. So first comes NMS, with the loss as the score, at an IoU of 0.7. Let us try that on the scene, with our net after 300 steps: windows everywhere, a sixth of their side apart.

# %%
from mtcnn_lite.images import crop_windows
from mtcnn_lite.pyramid import halvings
from mtcnn_lite.sampling.sampler import kinds


def grid(side):
    """Windows of one size all over the scene, (n, 4)."""
    height, width = photo.image().shape[:2]
    xs, ys = np.meshgrid(*(np.arange(0, end - side, side / 6) for end in (width, height)))
    return np.stack([xs, ys, xs + side, ys + side], axis=-1).reshape(-1, 4)


windows = np.concatenate([grid(side) for side in (20, 28, 40)]).astype(np.float32)
kind, _ = kinds(windows, photo)
windows, kind = (each[(kind == NEGATIVE) | (kind == POSITIVE)] for each in (windows, kind))
seen_at_12 = normalise(crop_windows(halvings(photo.image(), 12 / 40), windows, 12)).double()
all_losses = losses_of(copies[late], seen_at_12, torch.from_numpy(kind == POSITIVE))
print(f"{len(windows):,} windows")

# %%
from mtcnn_lite.boxes import iou
from mtcnn_lite.mining import ohem_nms

hardest = all_losses.argsort(descending=True)[:32].numpy()
spread = ohem_nms(windows, all_losses, count=32).numpy()
for name, rows in (("the 32 hardest", hardest), ("NMS, then 32", spread)):
    overlaps = iou(windows[rows], windows[rows]) - np.eye(32)
    twins = (overlaps.max(axis=1) > 0.7).sum()
    print(f"{name}: {twins} have a near twin among them")

# %%
panels = [draw_boxes(picture, windows[rows] * scale, "landmark", 1) for rows in (hardest, spread)]
beside([*panels, truth], ["the 32 hardest", "NMS first, then 32", "the faces"], height=250)

# %% [markdown]
# Without NMS, near twins fill the batch. With it the piles stay, but no two boxes overlap by more than 0.7. MTCNN needs none of it: its batches are drawn at random from thousands of photos, and two windows of
# one place seldom meet in a batch.
#
# ## Check it
#
# The package's rule against a sort in plain Python, on random batches: with equal losses, and with samples that have no detection loss.


# %%
def by_sorting(losses, keep, among):
    """The rule once more, with Python's own sort."""
    rows = [i for i in range(len(losses)) if among[i]]
    best = sorted(rows, key=lambda i: -losses[i])[: max(1, int(keep * len(rows)))]
    return [i in best for i in range(len(losses))]


rng = np.random.default_rng(8)
for _ in range(50):
    count, keep = int(rng.integers(1, 80)), rng.uniform(0.01, 1)
    losses = torch.tensor(rng.integers(0, 20, count) / 4)  # many equal ones
    among = torch.tensor(rng.random(count) < 0.6)
    mask = package_hard(losses, keep, among)
    assert mask.tolist() == by_sorting(losses.tolist(), keep, among.tolist())
print("50 random batches: the same samples in each")

# %% [markdown]
# And does the gradient do what the rule says? A sample that is dropped must not pull at all. Its slope is 0:

# %%
leaf = ten.clone().requires_grad_()
leaf[package_hard(leaf, 0.7)].mean().backward()
print("slopes:", [f"{slope:.2f}" for slope in leaf.grad.tolist()])
assert (leaf.grad != 0).tolist() == package_hard(ten, 0.7).tolist()

# %% [markdown]
# ## Play with it
#
# 80 of the training samples, sorted by loss. On the left is what the net learns from, on the right what it
# does not get to see. All of it happens in your browser. Point at a bar or a crop to learn more.
#
# Three things to try:
#
# 1. With the net *after 300 steps*, move **keep** from 1.00 down. How far, until the dropped ones hold 1% of the loss? What do they look like?
# 2. Set the net to *untrained*. What do the kept ones have in common, and why?
# 3. Go back to *after 300 steps*, turn labels round, and move **keep** to 0.20. What does the net learn now?

# %%
from mtcnn_lite.course.explorers.mining import MiningBatch, MiningExplorer

has_answer = np.flatnonzero((samples["kind"] == NEGATIVE) | (samples["kind"] == POSITIVE))
shown = draw_rows(np.random.default_rng(17), size=80)
costs = {
    name: np.stack([losses_of(net, x[shown], torch.full((80,), label)) for label in (0, 1)])
    for name, net in copies.items()
}
wrong = np.isin(np.arange(80), np.random.default_rng(3).choice(80, 4, replace=False))
explorer = MiningExplorer(MiningBatch(crops[has_answer[shown]], y[shown].numpy(), wrong, costs))
explorer

# %% [markdown]
# Without a running kernel you see a still picture of it.
#
# ## Your turn
#
# ### Exercise: `hard_examples` (easy, 5 minutes)
#
# `losses` has shape (N,). Return a mask, True or False for each sample, of shape (N,): True for the `int(keep * N)` highest losses, and for at least one.
# N may be 0: then there is nothing to choose.
#
# <details><summary>A hint</summary>
#
# `np.argsort(losses)` gives rows, the lowest loss first. You want the last ones of them, or the first ones of `np.argsort(-losses)`.
#
# </details>
# <details><summary>Another</summary>
#
# Begin with a mask that is False everywhere, and set it to True at these rows: `mask[rows] = True`.
#
# </details>

# %%
from mtcnn_lite.course import checks


def hard_examples(losses, keep=0.7):
    raise NotImplementedError


first = checks.hard_examples(hard_examples)
first

# %% [markdown]
# ### Your function in live training
#
# If it has passed, the next run lets your function choose, in each of 40 steps. Until then the package chooses. The run beside it is the package's: the
# same seed, the same batches.


# %%
def mine(losses):
    if not first:
        return package_hard(losses, 0.7)
    chosen = hard_examples(losses.detach().numpy(), 0.7)
    return torch.from_numpy(np.array(chosen, dtype=bool))  # you may return list, array, or tensor


by_me, by_package = train(7, mine, 40), train(7, mined(0.7), 40)
print("chosen by:", "your hard_examples" if first else "the package; nothing of yours yet")
weights = zip(by_me.parameters(), by_package.parameters(), strict=True)
same = all(torch.allclose(a, b, atol=1e-9) for a, b in weights)
print("after 40 steps, both nets have the same weights:", same)
assert same, "your function chooses other samples"

# %% [markdown]
# The solution is in `source/solutions.py`. Look after you have tried.
#
# ## Where paper, notes and code disagree
#
# **What it is worth.** "Mining brought 1.5% on FDDB" (a test set of faces), one reads of the MTCNN paper. We have that second-hand and could not check it. The older paper's abstract
# gives 78.9% and 76.3% mean average precision (chapter 10) on PASCAL VOC 2007 and 2012, "combined with complementary advances": a state of the art, not what mining added. Our own
# numbers are above. For 70%: sooner, yes; further, no. For 30%: further too, until labels went wrong. That is one small net on composed scenes. On your
# data, measure, and with more than one seed.
#
# **"But nothing is hard here."** A port has a script `gen_hard_example.py`, and a reader asks (AITTSMD/MTCNN-Tensorflow, issue 63) where in it anything is *hard*: it sorts
# P-Net's windows by their IoU with the faces and looks at no loss at all. The reader is right. Two different things share the name:
#
# - *which windows come into the data*: those that the net before let through (chapters 04 and 06). They are hard because a net fell for them;
# - *which samples of a batch teach*: this chapter. In that port it is `cls_ohem`, in the loss, in another file.
#
# Each of them works without the other. Here is what the first one does, without a look at any loss. R-Net is to learn from background: from windows
# at random, or from those that P-Net let through (at 0.4, as in that script). What does the authors' R-Net pay for them, on twelve unseen scenes?

# %%
from mtcnn_lite.sampling.random_windows import anywhere

detector = Detector(weights="zhang2016", thresholds=(0.4, 0.7, 0.7))
paid = {"at random": [], "P-Net's": []}
for k in range(12):
    one = scene([9, k], sizes=(14, 60), split="held_out")
    image, rng = one.image(), np.random.default_rng(k)
    random_ones = anywhere(*image.shape[:2], 100, rng)
    for name, some in zip(paid, (random_ones, detector.trace(image).pnet.last.boxes), strict=True):
        some = some[kinds(some, one)[0] == NEGATIVE]
        with torch.no_grad():
            face = detector.nets.rnet(normalise(crop_windows(halvings(image, 0.05), some, 24))).face
        paid[name].append(detection_loss(face, torch.zeros(len(some))))
for name, losses in paid.items():
    print(f"{name:9} mean loss {torch.cat(losses).mean():.2f}")
assert torch.cat(paid["P-Net's"]).mean() > 3 * torch.cat(paid["at random"]).mean()

# %% [markdown]
# **Mining before the mask.** Parts and landmark samples have no detection loss: it stands as 0 in their rows. Take 70% of *all* rows, and
# these zeros are the easy ones that are dropped. A batch in the usual ratio 3:1:1:2:

# %%
from mtcnn_lite.losses import takes_part

codes = torch.tensor(
    [0] * 30 + [1] * 10 + [2] * 10 + [3] * 20
)  # negative, positive, part, landmark
part = takes_part(codes)  # (70, 3) bool
rng = np.random.default_rng(4)
of_kind = [np.flatnonzero(samples["kind"] == code) for code in range(4)]
rows = np.concatenate([rng.choice(of_kind[k], n) for k, n in enumerate((30, 10, 10, 20))])
with torch.no_grad():
    said = theirs(normalise(crops[rows]))
detection = detection_loss(said.face.flatten(1), codes == POSITIVE) * part[:, 0]  # (70,)
for name, among in (("all rows", None), ("those with a detection loss", part[:, 0])):
    chosen = package_hard(detection, 0.7, among)
    answered = (chosen & part[:, 0]).sum()
    print(f"70% of {name}: {chosen.sum()} rows; {answered} of the 40 that have a loss")

# %% [markdown]
# In the first line nothing is mined: all 40 stay, and if the mean is taken over 49 rows, nine zeros dilute it. So the mask comes first.
# `hard_examples(losses, keep, among)` takes it as its third argument. (AITTSMD's `cls_ohem` gets this right.)
#
# **Mining the sum of the tasks.** Sort by detection + box, and the box loss decides which *detections* teach. The share of each kind that is kept:

# %%
targets = torch.from_numpy(samples["offsets"][rows].copy())
goal = torch.where(part[:, 1:2], targets, said.offsets.flatten(1))  # no target, no loss
both = detection + 0.5 * squared_error(said.offsets.flatten(1), goal)
for name, losses, among in (
    ("detection", detection, part[:, 0]),
    ("detection + box", both, part[:, 0] | part[:, 1]),
):
    chosen = package_hard(losses, 0.5, among)
    kept = [f"{(chosen & (codes == k)).sum()} of {n}" for k, n in enumerate((30, 10, 10))]
    print(f"{name:15} negatives {kept[0]}, positives {kept[1]}, parts {kept[2]}")

# %% [markdown]
# (Half is kept here, to see it clearly.) With the sum, parts are chosen, which have no detection loss at all: places given away. And faces have the advantage over negatives, because they bring a box loss along and a negative never does.
#
# **A batch of easy negatives.** "Mining balances the classes." Not at 70%. A batch of 512 with 5% faces, after 300 steps:

# %%
rare = draw_rows(np.random.default_rng(6), size=512, faces=0.05)
rare_losses, rare_y = losses_of(copies[late], x[rare], y[rare]), y[rare]
kept = package_hard(rare_losses, 0.7)
print(
    f"before: {rare_y.double().mean():.0%} faces; after: {rare_y[kept].double().mean():.0%} faces"
)
easy = (rare_losses[kept] < 0.1).double().mean()
print("more than two thirds of what is kept cost less than 0.1:", (easy > 2 / 3).item())
assert easy > 0.7

# %% [markdown]
# 70% of nearly nothing but easy negatives is still nearly nothing but easy negatives. What balances is the *ratio* by which a batch is drawn (3:1 above), or a
# count: SSD (Liu et al. 2016) keeps three hard negatives for each positive.
#
# **An accuracy that says nothing.** In that batch, a net that always says "no face" is right nearly always. Now the batch of 3:1 above: measured on its kept samples alone, accuracy falls, though the net is the same:

# %%
print(f"always 'no face': {(rare_y == 0).double().mean():.0%} right, 0 faces found")
right = seen[late] < np.log(2)  # the truth got more than a half
kept_30 = package_hard(seen[late], 0.3)
print("right on the batch, and on the kept 30% of it:", end=" ")
print(f"{right.double().mean():.0%}, {right[kept_30].double().mean():.0%}")
assert right.double().mean() > right[kept_30].double().mean() + 0.05

# %% [markdown]
# So count faces and background separately, and count before you choose.
#
# **0 of them.** `int(keep * N)` drops the fraction, and for a small batch, or one where few rows have a detection loss, nothing is left. The
# mean of nothing is no number, and one step later neither are the weights:

# %%
single = torch.tensor([0.7])
print(
    "int(0.7 * 1) =", int(0.7 * 1), "-> mean of what is kept:", single[: int(0.7 * 1)].mean().item()
)
print(f"at least one: {single[: max(1, int(0.7 * 1))].mean().item():.2f}")
print(f"and int(0.29 * 100) = {int(0.29 * 100)}: 0.29 is a little less than it looks")

# %% [markdown]
# **The gradient through the choice.** A mask carries no gradient: which samples are kept is decided, not learned. Write the choice as arithmetic instead, "what
# lies above the cut", and the cut, itself the loss of a sample, gets a gradient too:

# %%
values = torch.tensor([0.9, 0.8, 0.5, 0.1], requires_grad=True)
values[package_hard(values.detach(), 0.75)].sum().backward()
print("mask:           ", values.grad.tolist())
values.grad = None
cut = values.sort(descending=True).values[2]  # the lowest that is kept
torch.relu(values - cut).sum().backward()
print("above a cut:    ", values.grad.tolist())

# %% [markdown]
# The third sample is now pushed to be *more* wrong, with the force of all above it. `cut.detach()` would heal that.
#
# **Whose NMS?** Course notes describe MTCNN's mining with the older paper's machinery: a second net that only scores, NMS, and only the hard samples
# sent on to R-Net and O-Net. The MTCNN paper says none of that: each net mines its own batches, by its own loss, and in use no sample is mined at all.
#
# ## What you can now say
#
# - Online hard example mining keeps the highest int(0.7 × N) detection losses of each batch; the others send no gradient.
# - N counts the samples that *have* a detection loss. Box and landmarks are not mined: a good box can still get better.
# - Late in training the easiest 30% hold next to nothing: dropping them makes the gradient longer, not different.
# - In our experiment, 70% learned faster at first and ended level with training on all. The hardest 30% ended ahead, as long as labels were right.
# - The smaller the share, the more wrong labels weigh: with 5% of them, the hardest 30% ended far behind.
# - Mining is no cure for a batch of easy negatives. The ratio of the batch is.
#
# New words ([glossary](glossary.md)): **hard example**, **online hard example mining**, **keep ratio**, **gradient**, **label noise**.
#
# Next door is 09: all of it together. Samples, losses and mining train the three nets, one after the other.
