# %% [markdown]
# <!-- header -->
#
# ## First weights
#
# A net's first weights are random. How large should they be? If each layer makes its numbers a little smaller, then behind six layers nothing is left of the
# picture, and next to nothing of the slope on its way back. PyTorch's default does that with nets like these. He initialisation
# ([He et al. 2015](https://arxiv.org/abs/1502.01852)) draws weights just so large that the spread stays about the same. Here is what comes out of each PReLU of an
# O-Net, for 64 windows of composed scenes:

# %%
import numpy as np
import torch

from mtcnn_lite.course.first_weights import begin
from mtcnn_lite.course.scenes import scenes
from mtcnn_lite.nets import ONet, normalise
from mtcnn_lite.sampling.sampler import sample

# %%
torch.set_num_threads(1)  # so that every machine adds in the same order
photos = scenes(4, seed=9, sizes=(16, 60))
crops = np.concatenate([sample(photo, 48, np.random.default_rng(9))[1][:16] for photo in photos])


def spreads(net):
    """The standard deviation of what comes out of each PReLU."""
    found = []
    for name, layer in net.named_children():
        if name.startswith("prelu"):
            layer.register_forward_hook(lambda *call: found.append(call[2].std().item()))
    net(normalise(crops))
    return found


# %%
torch.manual_seed(9)
both = {"PyTorch's default": spreads(ONet()), "He": spreads(begin(ONet()))}
for name, each in both.items():
    print(f"{name:18}", *(f"{spread:.2f}" for spread in each))

# %% tags=["check"]
assert both["PyTorch's default"][-1] < 0.2 * both["PyTorch's default"][0]
assert both["He"][-1] > 0.5 * both["He"][0]

# %% [markdown]
# With thousands of steps the default gets under way as well, and the package uses it. In a miniature of a few hundred, each step counts.
#
# ## An accuracy that says nothing
#
# "99.9% accuracy after the first epoch!" Take all windows that P-Net looks at in six scenes, and a net that always says "no face":

# %%
from mtcnn_lite import Detector
from mtcnn_lite.sampling.sampler import NEGATIVE, POSITIVE, kinds

detector = Detector(thresholds=(0.3, 0.7, 0.7))
is_face, trained = [], []
for photo in scenes(6, seed=10, sizes=(20, 60), split="held_out"):
    for level in detector.trace(photo.image()).levels:
        kind = kinds(level.windows(), photo)[0]
        asked = (kind == POSITIVE) | (kind == NEGATIVE)
        is_face.append(kind[asked] == POSITIVE)
        trained.append((level.face_map.ravel()[asked] >= 0.3) == (kind[asked] == POSITIVE))
is_face, trained = np.concatenate(is_face), np.concatenate(trained)

# %% tags=["nbval-ignore-output"]
says = f"{1 - is_face.mean():.2%} of {len(is_face):,} windows right, no face among them"
print("always 'no face':", says)
says = f"{trained.mean():.2%} right, and {trained[is_face].mean():.0%} of the faces"
print("the shipped P-Net at 0.3:", says)

# %% tags=["check"]
assert trained.mean() < 1 - is_face.mean()
assert trained[is_face].mean() > 0.8

# %% [markdown]
# By accuracy, the net that finds nothing beats the one that finds faces. Two cures: count faces and others apart, and draw batches with a fixed share of each kind, so
# that "no face" is not the easy way out.
#
# ## An epoch that is not an epoch
#
# An epoch is a round in which every sample comes once. Rows drawn with `rng.integers(0, n, n)` are none:

# %%
n = 10_000
drawn = np.random.default_rng(0).integers(0, n, n)
shuffled = np.random.default_rng(0).permutation(n)
for name, rows in (("integers", drawn), ("permutation", shuffled)):
    print(f"{name:12} samples never seen in one round: {1 - len(np.unique(rows)) / n:.0%}")

# %% [markdown]
# More than a third (1/e) is left out, another quarter comes twice or more.
#
# ## What a checkpoint holds
#
# Weights alone are not enough to go on with. We train a P-Net for 20 steps, stop it after 10, and go on in two ways: with what the optimiser remembers, and without.

# %%
from copy import deepcopy

from mtcnn_lite.course.loss_windows import windows
from mtcnn_lite.losses import WEIGHTS
from mtcnn_lite.nets import PNet

# %%
training = windows(7)  # 210 windows of one portrait


def go_on(net, adam, steps):
    for step in steps:
        rows = torch.from_numpy(np.random.default_rng(step).integers(0, len(training), 48))
        batch = training[rows]
        adam.zero_grad()
        batch.loss(net(batch.x), WEIGHTS["pnet"]).total.backward()
        adam.step()
    return torch.cat([each.detach().flatten() for each in net.parameters()])


def adam_of(net, state=None):
    made = torch.optim.Adam(net.parameters(), lr=0.004)
    if state:
        made.load_state_dict(state)
    return made


# %%
torch.manual_seed(9)
net = begin(PNet()).double()
adam = adam_of(net)
go_on(net, adam, range(10))
saved, memory = deepcopy(net), deepcopy(adam.state_dict())
whole = go_on(net, adam, range(10, 20))
for name, state in (("with its memory", memory), ("weights alone", None)):
    resumed = deepcopy(saved)
    off = (go_on(resumed, adam_of(resumed, state), range(10, 20)) - whole).abs().max().item()
    print(f"{name:16} weights differ by up to {off:.3f}")
print("of each weight it remembers:", ", ".join(sorted(set(memory["state"][0]) - {"step"})))

# %% [markdown]
# The two are running means of the slope and of its square. With them, and the step's number, the resumed run is the uninterrupted one. That this holds for the package after `kill -9` is one of its tests.
#
# <!-- footer -->
