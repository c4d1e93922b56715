# %% [markdown]
# <!-- header -->
#
# ## Why not the box?
#
# The paper mines the detection loss alone. Is there an easy 30% in the box loss too? What pulls at a net is not the loss but its slope. For
# detection that is 1 − (probability of the truth); for a squared error it is twice the distance. The authors' P-Net, on windows of twelve scenes:

# %%
import numpy as np
import torch

from mtcnn_lite import Detector
from mtcnn_lite.course.mining_figures import share_of_the_easiest
from mtcnn_lite.course.scenes import scenes
from mtcnn_lite.losses import detection_loss, squared_error, takes_part
from mtcnn_lite.mining import hard_examples
from mtcnn_lite.nets import normalise
from mtcnn_lite.sampling.sampler import NEGATIVE, PART, POSITIVE, sample

# %%
torch.set_num_threads(1)  # so that every machine adds in the same order
photos = scenes(12, seed=8, sizes=(14, 60))
pairs = [sample(photo, 12, np.random.default_rng([8, k])) for k, photo in enumerate(photos)]
samples, crops = (np.concatenate(each) for each in zip(*pairs, strict=True))
kind = torch.from_numpy(samples["kind"].astype(np.int64))  # (N,)
with torch.no_grad():
    said = Detector(weights="zhang2016").nets.pnet(normalise(crops)).flat
judged, has_box = (kind == NEGATIVE) | (kind == POSITIVE), (kind == POSITIVE) | (kind == PART)
detection = detection_loss(said.face, kind == POSITIVE)  # (N,) counts only where judged
targets = torch.from_numpy(np.nan_to_num(samples["offsets"]))  # (N, 4)
box = squared_error(said.offsets, targets)  # (N,) counts only where there is a box
slopes = {
    "detection": 1 - torch.exp(-detection[judged]),
    "box": 2 * box[has_box].sqrt(),
}
share_of_the_easiest(slopes)

# %% tags=["check"]
parts = {name: values.sort().values for name, values in slopes.items()}
easy = {name: (v[: int(0.3 * len(v))].sum() / v.sum()).item() for name, v in parts.items()}
assert easy["box"] > 10 * easy["detection"]

# %% [markdown]
# A yes that is sure enough is finished. A box that lies well can still lie better. And which boxes would be dropped? The good ones, and those are more
# often the boxes of positives: the very ones that decide how a face is framed in the end.

# %%
positive, dropped = kind[has_box] == POSITIVE, ~hard_examples(box[has_box], 0.7)
print(f"positives: {positive.double().mean():.0%} of the windows with a box, ", end="")
print(f"{positive[dropped].double().mean():.0%} of what mining the box would drop")

# %% tags=["check"]
assert positive[dropped].double().mean() > 1.3 * positive.double().mean()

# %% [markdown]
# (A popular port, [AITTSMD/MTCNN-Tensorflow](https://github.com/AITTSMD/MTCNN-Tensorflow/blob/master/train_models/mtcnn_model.py), once kept 70% of box and
# landmark losses too. In its losses today those lines are commented out.)
#
# ## The mask comes first
#
# Parts and landmark samples have no detection loss: it stands as 0 in their rows. Take 70% of *all* rows, and these zeros are the easy ones that are
# dropped. A batch in the ratio 3 : 1 : 1 : 2:

# %%
rng = np.random.default_rng(4)
numbers = (30, 10, 10, 20)  # negatives, positives, parts, landmark samples
rows = torch.from_numpy(
    np.concatenate([rng.choice(np.flatnonzero(kind == k), n) for k, n in enumerate(numbers)])
)
part = takes_part(kind[rows])  # (70, 3) bool
losses = detection[rows] * part[:, 0]  # (70,)
for name, among in (("all rows", None), ("those with a detection loss", part[:, 0])):
    kept = hard_examples(losses, 0.7, among)
    answered = (kept & part[:, 0]).sum()
    print(f"70% of {name}: {kept.sum()} rows; {answered} of the 40 that have a loss")

# %% [markdown]
# In the first line nothing is mined: all 40 stay, and if the mean is taken over 49 rows, nine zeros dilute it.
# `hard_examples(losses, keep, among)` takes the mask as its third argument. (AITTSMD's `cls_ohem` gets this right.)
#
# ## Mining the sum of the tasks
#
# Sort by detection + box, and the box loss decides which *detections* teach. What is kept of each kind, of half of the rows:

# %%
both = losses + 0.5 * torch.where(part[:, 1], box[rows], 0)
for name, values, among in (
    ("detection", losses, part[:, 0]),
    ("detection + box", both, part[:, 0] | part[:, 1]),
):
    kept = hard_examples(values, 0.5, among)
    told = [f"{(kept & (kind[rows] == k)).sum()} of {n}" for k, n in enumerate(numbers[:3])]
    print(f"{name:15} negatives {told[0]}, positives {told[1]}, parts {told[2]}")

# %% [markdown]
# With the sum, parts are chosen, which have no detection loss at all: places given away. And faces have the advantage over negatives, because they
# bring a box loss along and a negative never does.
#
# ## Mining does not balance a batch
#
# Not at 70%. A batch of 512 of which 5% are faces:


# %%
def costs(faces):
    """Losses and labels (512,) of a batch with such a share of faces."""
    rng, count = np.random.default_rng(6), int(faces * 512)
    rows = [rng.choice(np.flatnonzero(kind == k), n) for k, n in ((1, count), (0, 512 - count))]
    rows = torch.from_numpy(np.concatenate(rows))
    return detection[rows], kind[rows]


rare, y = costs(faces=0.05)
kept = hard_examples(rare, 0.7)
print(f"faces: {y.double().mean():.0%} of the batch, {y[kept].double().mean():.0%} of the kept")
cheap = (rare[kept] < 0.1).double().mean()
print(f"of the kept, {cheap:.0%} cost less than 0.1")

# %% tags=["check"]
assert cheap > 2 / 3

# %% [markdown]
# 70% of nearly nothing but easy negatives is still nearly nothing but easy negatives. What balances is the *ratio* by which a batch is drawn, or a
# count: [SSD](https://arxiv.org/abs/1512.02325) (Liu et al. 2016) keeps at most three hard negatives for each positive.
#
# ## An accuracy that says nothing
#
# In that batch, "no face" is right nearly always. In the chapter's batches of 3 : 1, accuracy measured on the kept samples alone falls, though the net is
# the same:

# %%
print(f"always 'no face': {(y == 0).double().mean():.0%} right, 0 faces found")
usual, _ = costs(faces=0.25)
right = usual < np.log(2)  # the truth got more than a half
for keep in (1.0, 0.7, 0.3):
    among = right[hard_examples(usual, keep)]
    print(f"right among the hardest {keep:.0%}: {among.double().mean():.0%}")

# %% [markdown]
# So count faces and background separately, and count before you choose.
#
# ## 0 of them
#
# `int(keep * N)` drops the fraction. For a small batch, or one in which few rows have a detection loss, nothing is left. The mean of nothing is no
# number, and one step later neither are the weights:

# %%
single = torch.tensor([0.7])
print("int(0.7 * 1) is 0, and the mean of what is kept", single[: int(0.7 * 1)].mean().item())
print(f"at least one: {single[: max(1, int(0.7 * 1))].mean().item():.2f}")
print(f"and int(0.29 * 100) is {int(0.29 * 100)}: 0.29 is a little less than it looks")

# %% [markdown]
# ## The gradient through the choice
#
# A mask carries no gradient: which samples are kept is decided, not learned. Write the choice as arithmetic instead, "what lies above the cut", and the
# cut, itself the loss of a sample, gets a gradient too:

# %%
values = torch.tensor([0.9, 0.8, 0.5, 0.1], requires_grad=True)
values[hard_examples(values.detach(), 0.75)].sum().backward()
print("mask:       ", values.grad.tolist())
values.grad = None
cut = values.sort(descending=True).values[2]  # the lowest that is kept
torch.relu(values - cut).sum().backward()
print("above a cut:", values.grad.tolist())

# %% [markdown]
# The third sample is now pushed to be *more* wrong, with the force of all above it. `cut.detach()` would heal that.
#
# <!-- footer -->
