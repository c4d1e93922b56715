"""A reader's losses in live training: functions of any make, numpy or loops, teach a net as the package's do.

autograd can't look inside them. So the slope of a detection loss is measured, and the weights of a weighted sum are
found by asking for each loss alone.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from mtcnn_lite.losses import TASKS, sample_losses, takes_part
from mtcnn_lite.nets import NetOutput
from mtcnn_lite.sampling.sampler import KINDS, NEGATIVE

Array = NDArray[Any]
EDGE = 1e-5  # how near to 0 and 1 a probability is let
STEP = 0.01  # of the finite differences, in p (1 - p): smaller where p is near 0 or 1


class _Measured(torch.autograd.Function):
    """`loss(p, label)`; its slope by finite differences, from two calls a little to either side of p."""

    @staticmethod
    def forward(ctx: Any, p: Tensor, label: Tensor, loss: Callable[[Array, Array], ArrayLike]) -> Tensor:
        inner = p.clamp(EDGE, 1 - EDGE)
        step = STEP * inner * (1 - inner)  # (N,)
        at = [(inner + by).float() for by in (-step, torch.zeros_like(step), step)]
        low, here, high = (_tensor(loss(each.numpy(), label.numpy())) for each in at)
        ctx.save_for_backward((high - low) / (at[2].double() - at[0].double()))
        return here.to(p.dtype)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (slope,) = ctx.saved_tensors
        return gradient * slope.to(gradient.dtype), None, None


def measured(p: Tensor, label: Tensor, loss: Callable[[Array, Array], ArrayLike]) -> Tensor:
    """The losses (N,) that a function gives, for autograd, with their slopes in p by finite differences.

    Parameters
    ----------
    p : Tensor (N,)
        Probabilities of a face.
    label : Tensor (N,)
        1 for a face, 0 for none.
    loss : callable
        (p (N,), label (N,)), numpy arrays -> N losses.

    Examples
    --------
    >>> p = torch.tensor([0.5, 0.8], dtype=torch.float64, requires_grad=True)
    >>> measured(p, torch.tensor([1, 1]), lambda p, y: p**2).sum().backward()
    >>> p.grad.round(decimals=3)
    tensor([1.0000, 1.6000], dtype=torch.float64)
    """
    return _Measured.apply(p, label, loss)  # type: ignore[no-untyped-call]


def weights_in(total: Callable[[Array, Array, Array], float], kinds: Tensor, weights: ArrayLike) -> Tensor:
    """How much each sample's loss in each task counts in a weighted sum, float64 (N, 3).

    The sum is linear in the losses: with a 1 in one place and 0 elsewhere it gives that loss's weight, or 0 where the
    sample takes no part. One sample of each kind is asked.

    Parameters
    ----------
    total : callable
        (losses (N, 3), kinds (N,) of str, weights (3,)), numpy arrays -> a number.
    kinds : Tensor (N,)
        Codes of `sampling.KINDS`.
    weights : three numbers
        Of detection, box and landmark.

    Examples
    --------
    >>> weights_in(lambda losses, kinds, weights: (losses * weights).sum(), torch.tensor([1]), [1, 0.5, 0.25])
    tensor([[1.0000, 0.5000, 0.2500]], dtype=torch.float64)
    """
    names, three = np.array(KINDS), np.asarray(weights, np.float64)
    table = np.zeros((len(KINDS), len(TASKS)))
    for place in np.ndindex(table.shape):
        alone = np.zeros_like(table)
        alone[place] = 1
        table[place] = float(total(alone, names, three))
    return torch.from_numpy(table)[kinds.long()]


def batch_total(
    output: NetOutput,
    targets: tuple[Tensor, Tensor, Tensor],
    weights: tuple[float, float, float],
    detection: Callable[[Array, Array], ArrayLike] | None = None,
    total: Callable[[Array, Array, Array], float] | None = None,
) -> Tensor:
    """Equation 4 over a batch, divided by its N samples: a tensor of shape () to call `backward` on.

    Parameters
    ----------
    output : NetOutput
        A net's answers on N windows of its own size.
    targets : (kinds (N,), offsets (N, 4), landmarks (N, 10))
        As `sample_losses` takes them.
    weights : three numbers
        Of detection, box and landmark.
    detection : callable, optional
        A reader's `detection_loss`; None for the package's.
    total : callable, optional
        A reader's `multitask_loss`; None for the sum of all that takes part.
    """
    kinds = targets[0]
    part = takes_part(kinds)
    losses = sample_losses(output, *targets, part)  # (N, 3)
    if detection is not None:
        label = (kinds != NEGATIVE).long()
        ours = torch.where(part[:, 0], measured(output.score.flatten(), label, detection), 0)
        losses = torch.cat([ours[:, None], losses[:, 1:]], dim=1)
    if total is None:
        counts = part * torch.tensor(weights, dtype=losses.dtype)
    else:
        counts = weights_in(total, kinds, weights).to(losses.dtype)
    return (counts * losses).sum() / len(kinds)


def _tensor(losses: ArrayLike) -> Tensor:
    """What a reader's function gave: an array, a list, or a tensor that may remember its gradient."""
    if isinstance(losses, Tensor):
        return losses.detach().double()
    return torch.from_numpy(np.asarray(losses, np.float64))
