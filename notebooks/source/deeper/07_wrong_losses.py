# %% [markdown]
# <!-- header -->
#
# ## The misprint
#
# Equation 1 as the [paper](https://arxiv.org/abs/1604.02878) prints it ends in (1 − *y*)(1 − log *p*); it must be (1 − *y*) log(1 − *p*), as
# [issue 42](https://github.com/kpzhang93/MTCNN_face_detection_alignment/issues/42) of the authors' repository says. For background the two are not
# alike at all:

# %%
import math

import numpy as np
import torch

print("no face     right loss   slope    printed   slope")
for p in (0.01, 0.5, 0.99):
    right, printed = -math.log(1 - p), -(1 - math.log(p))
    print(f"p = {p:4.2f} {right:12.2f} {p:7.2f} {printed:10.2f} {1 - p:7.2f}")

# %% [markdown]
# The printed loss has no floor: it falls for ever as *p* goes to 0. And its slope (in the logit, 1 − *p*) is upside down: strongest where the
# net is right already, gone where it is surely wrong. What would a net learn from it? Eight seeds, 40 steps each, and then windows of the
# same portrait that no net has learned from:

# %%
from mtcnn_lite.course.loss_windows import portrait, windows
from mtcnn_lite.losses import WEIGHTS, multitask_loss
from mtcnn_lite.nets import PNet

# %%
torch.set_num_threads(1)  # so that every machine adds in the same order
training, fresh = windows(7), windows(8)  # 210 windows each


def learn(total, seed, steps=40):
    """What a P-Net answers on fresh windows after so many steps."""
    torch.manual_seed(seed)
    net, drawn = PNet().double(), torch.Generator().manual_seed(seed)
    optimiser = torch.optim.Adam(net.parameters(), lr=0.01)
    for _ in range(steps):
        batch = training[torch.randint(len(training), (64,), generator=drawn)]
        optimiser.zero_grad()
        total(net(batch.x), batch).backward()
        optimiser.step()
    with torch.no_grad():
        return net(fresh.x)


# %%
def right(output, batch):
    return batch.loss(output, WEIGHTS["pnet"]).total


def as_printed(output, batch):
    y = (batch.kinds == 1).double()
    log_p = output.face.flatten(1).log_softmax(dim=1)[:, 1]
    losses = batch.losses(output)  # (N, 3)
    wrong = -(y * log_p + (1 - y) * (1 - log_p))
    losses = torch.cat([wrong[:, None], losses[:, 1:]], dim=1)
    return multitask_loss(losses, batch.part, WEIGHTS["pnet"]).total


taught = {loss: [learn(loss, seed) for seed in range(8)] for loss in (right, as_printed)}

# %%
from mtcnn_lite.course.evidence import intervals, paired


# %%
def shares(answers, kind):
    """Of the fresh windows of this kind, how many each of eight nets calls a face."""
    return [
        (each.score.flatten() > 0.5)[fresh.kinds == kind].double().mean().item() for each in answers
    ]


found = [shares(taught[loss], kind=1) for loss in (as_printed, right)]
called = [shares(taught[loss], kind=0) for loss in (as_printed, right)]
rows = {
    "faces found": paired(*found),
    "background called a face": paired(*called, lower_is_better=True),
}
print("right:", f"{np.mean(found[1]):.0%} of the faces, {np.mean(called[1]):.0%} of the background")
print(
    "printed:", f"{np.mean(found[0]):.0%} of the faces, {np.mean(called[0]):.0%} of the background"
)
intervals(rows, "share called a face: trained as printed minus right", digits=2)

# %% tags=["check"]
boxes = {loss: [fresh.loss(each, (1, 1, 1)).box.item() for each in taught[loss]] for loss in taught}
assert min(boxes[as_printed]) > 10 * max(boxes[right])
assert rows["faces found"].interval[1] < 0
assert max(as_printed(each, fresh).item() for each in taught[as_printed]) < -100

# %% [markdown]
# By its own measure each of these trainings went splendidly: with every seed the loss on fresh windows is below −100. The right one can't go below 0. And the
# boxes go down with it: nothing that the box loss says counts beside a number that falls without end. With every seed it ends at more than ten times what
# the worst of the right ones has.
#
# ## Landmark rows in the box loss
#
# A popular port still holds the older version of its box loss, with the comment
# ["pay attention: there is a bug"](https://github.com/AITTSMD/MTCNN-Tensorflow/blob/master/train_models/mtcnn_model.py) (`bbox_ohem_orginal`). It takes every row whose label is not
# 0, and so lets landmark rows in. Suppose that their files hold no box, so that the targets are zeros: "do not move". What does the net make of it?

# %%
from mtcnn_lite.boxes import decode_offsets, iou
from mtcnn_lite.losses import sample_losses


def landmark_rows_too(output, batch):
    part = batch.part.clone()
    part[:, 1] = batch.kinds != 0
    offsets = torch.where((batch.kinds == 3)[:, None], 0.0, batch.offsets)  # (N, 4)
    losses = sample_losses(output, batch.kinds, offsets, batch.points, part)
    return multitask_loss(losses, part, WEIGHTS["pnet"]).total


has_box = (fresh.kinds == 1) | (fresh.kinds == 2)
label = portrait().boxes  # (1, 4)


def moved(answers):
    """The mean IoU with the label of eight nets' moved windows."""
    said = [each.offsets.flatten(1)[has_box].float().numpy() for each in answers]
    return [
        iou(decode_offsets(fresh.windows[has_box.numpy()], each), label).mean() for each in said
    ]


# %%
wrong = [learn(landmark_rows_too, seed) for seed in range(8)]
rows = {"IoU of the moved windows": paired(moved(wrong), moved(taught[right]))}
start = iou(fresh.windows[has_box.numpy()], label).mean()
print(f"mean IoU: not moved {start:.2f}, right {np.mean(moved(taught[right])):.2f}", end="")
print(f", landmark rows too {np.mean(moved(wrong)):.2f}")
intervals(rows, "IoU with the label: landmark rows too minus right")

# %% tags=["check"]
assert rows["IoU of the moved windows"].interval[1] < 0

# %% [markdown]
# The offsets come out too short. The loss goes down all the same, nothing crashes: one sees it only by measuring boxes.
#
# ## A mean for a sum
#
# The paper's distance is a sum. `MSELoss` takes the mean: a box's loss shrinks to a quarter, a landmark loss to a tenth. Two things change
# unannounced: the slope, and with it the learning rate that suits; and the balance of box and points. For O-Net, with every number off by 0.1:

# %%
from mtcnn_lite.losses import squared_error

box, points = torch.full((1, 4), 0.1), torch.full((1, 10), 0.1)
ways = {"sum (paper)": squared_error, "mean": lambda a, b: ((a - b) ** 2).mean(dim=1)}
for name, way in ways.items():
    paid = [0.5 * way(box, 0 * box).item(), 1.0 * way(points, 0 * points).item()]
    number = torch.full((1, 4), 0.1, requires_grad=True)
    way(number, torch.zeros(1, 4)).sum().backward()
    print(
        f"{name:12} box {paid[0]:.4f}, landmark {paid[1]:.4f}, ratio 1 : {paid[1] / paid[0]:.0f};",
        end=" ",
    )
    print(f"slope in one offset {number.grad[0, 0]:.2f}")

# %% [markdown]
# Neither is wrong. But the weights 1, 0.5, 1 belong to the sum.
#
# ## Softmax twice
#
# torch's `cross_entropy` wants logits. Hand it probabilities, and it takes the softmax of a softmax. Nothing complains;
# [one report](https://github.com/shaoxiongji/federated-learning/issues/9) tells of 90% accuracy that became 95% without the extra softmax. For a face, the right loss and that one:

# %%
import matplotlib.pyplot as plt

from mtcnn_lite.draw import COLOURS, with_alt
from mtcnn_lite.losses import detection_loss

# %%
p = torch.linspace(0.001, 0.999, 199, dtype=torch.float64)
figure, axes = plt.subplots(1, 2, figsize=(8, 3), layout="constrained")
for name, twice, colour in (("right", False, "muted"), ("softmax twice", True, "landmark")):
    logit = torch.log(p / (1 - p)).requires_grad_()
    both = torch.stack([torch.zeros_like(logit), logit], dim=1)  # (199, 2)
    loss = detection_loss(both.softmax(dim=1) if twice else both, torch.ones(199))
    loss.sum().backward()
    for axis, values in zip(axes, (loss.detach(), logit.grad), strict=True):
        axis.plot(p, values, color=COLOURS[colour], label=name)
axes[0].set(ylim=(0, 4), xlabel="p of a face, for a face", title="loss")
axes[1].set(xlabel="p of a face, for a face", title="slope in the logit")
axes[0].legend()
with_alt(
    figure,
    "Loss and slope over p. The right one goes from -1 to 0; twice softmaxed it stays above -0.27.",
)

# %% tags=["check"]
flat = logit.grad
assert -0.27 < flat.min() < -0.25
assert flat[0].abs() < 0.002
assert round(loss[-1].item(), 2) == 0.31

# %% [markdown]
# A face that the net gave 0.001 should pull with −0.999. Here it hardly pulls: where the net is surely wrong, the loss has gone flat. And even at 0.999
# it still costs 0.31, so the printed loss looks as if nothing were learned any more.
#
# ## 0 times NaN
#
# Chapter 06 writes NaN where a sample has no target. Multiply by the indicator's 0, and it is still NaN. Choose with `torch.where` *after* the
# subtraction, and the loss is right, but not its slope:

# %%
target = torch.tensor([[0.1] * 4, [math.nan] * 4])
takes = torch.tensor([True, False])
for name in ("times 0", "where, after", "where, before"):
    said = torch.zeros(2, 4, requires_grad=True)
    goal = torch.where(takes[:, None], target, said.detach()) if name == "where, before" else target
    each = ((said - goal) ** 2).sum(dim=1)  # (2,)
    loss = (each * takes).sum() if name == "times 0" else torch.where(takes, each, 0).sum()
    loss.backward()
    print(
        f"{name:14} loss {loss.item():4.2f}, slope {said.grad[1, 0].item():.1f} where no target is"
    )

# %% [markdown]
# The way back multiplies 0 by NaN again. `mtcnn_lite` fills the gaps before it subtracts.
#
# ## Kinds as a mask
#
# The kinds are stored as uint8. Given such a tensor as an index, torch takes it for a mask: which rows, not which row for each. `takes_part` turns it into
# int64 first.

# %%
import warnings

from mtcnn_lite.losses import PAPER

codes = torch.tensor([1, 0, 0, 1], dtype=torch.uint8)  # four samples
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # torch warns that it will stop doing this
    print("as a mask:", tuple(PAPER[codes].shape), "as numbers:", tuple(PAPER[codes.long()].shape))

# %% [markdown]
# ## A head without its loss
#
# A loss that is left out leaves its head without any slope at all: with detection alone, P-Net's offsets and points stay as random as they
# were at the start, while the layers below them change.

# %%
net = PNet().double()
label = (training.kinds == 1).long()
detection_loss(net(training.x).face.flatten(1), label).sum().backward()
print("slope of the offsets' weights from equation 1 alone:", net.offsets.weight.grad)

# %% [markdown]
# ## How to notice
#
# Check a loss of your own against another way of computing it, and its gradient against finite differences, before you train with it:

# %%
from mtcnn_lite.nets import NetOutput

torch.manual_seed(1)
few = [torch.randn(8, k, dtype=torch.float64, requires_grad=True) for k in (2, 4, 10)]
eight = training[torch.tensor([0, 1, 70, 71, 80, 90, 200, 201])]
agree = torch.autograd.gradcheck(lambda *answers: right(NetOutput(*answers), eight), few)
slopes = sum(answer.numel() for answer in few)
print(f"{slopes} slopes, measured and computed: {'they agree' if agree else 'off'}")

# %% [markdown]
# <!-- footer -->
