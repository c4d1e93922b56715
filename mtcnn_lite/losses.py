"""The losses of the three tasks, for each sample of a batch, and their weighted sum, which training minimises.

Zhang et al. 2016, equations 1 to 4: cross-entropy for "face", squared Euclidean distance for the box offsets and for
the landmarks, and their weighted sum, where an indicator says which kinds of samples take part in which task.

One step of training (`part` may lose samples to `mining.hard_examples` before the sum):

    part = takes_part(kinds)                                        # (N, 3)
    losses = sample_losses(output, kinds, offsets, landmarks, part) # (N, 3)
    multitask_loss(losses, part, WEIGHTS["pnet"]).total.backward()
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from mtcnn_lite.arguments import instance, number, numbers, shown
from mtcnn_lite.array_arguments import finite_tensor, tensor
from mtcnn_lite.nets import NetOutput
from mtcnn_lite.sampling.sampler import NEGATIVE

TASKS = ("detection", "box", "landmark")
WEIGHTS = {"pnet": (1.0, 0.5, 0.5), "rnet": (1.0, 0.5, 0.5), "onet": (1.0, 0.5, 1.0)}  # of the tasks, in the paper

PAPER = torch.tensor(  # (4 kinds, 3 tasks), rows as in sampling.KINDS: whether such a sample takes part in the task
    [
        [True, False, False],  # negative
        [True, True, False],  # positive
        [False, True, False],  # part
        [False, False, True],  # landmark
    ]
)


class Losses(NamedTuple):
    """The losses of a batch, each a tensor of shape ().

    total                     the weighted sum, to call `backward` on
    detection, box, landmark  each task's mean over the samples that take part in it, unweighted and without gradient,
                              for a log
    """

    total: Tensor
    detection: Tensor
    box: Tensor
    landmark: Tensor


def detection_loss(face: Tensor, label: Tensor) -> Tensor:
    """Cross-entropy of each sample, shape (N,), natural logarithm: -log of the probability given to the right class.

    `face` (N, 2): the logits of "no face" and "face", not probabilities; `label` (N,): 1 for a face, 0 for none. With p
    the probability of "face", it is -(y log p + (1 - y) log(1 - p)). The paper's eq. 1 prints the last factor as
    (1 - log p), which must be a misprint: it would decrease without bound for p -> 0. Computed from logits, the loss is
    finite and has a gradient even where p rounds to 0 or 1.

    >>> detection_loss(torch.tensor([[0.0, 0.0], [0.0, 200.0]]), torch.tensor([1, 0]))
    tensor([  0.6931, 200.0000])

    Raises ValueError for shapes that don't fit, logits that are not finite and other labels; TypeError for what is no
    tensor.
    """
    finite_tensor("face", tensor("face", face, "float (N, 2): the logits of no face and face", axes=2))
    if face.shape[1] != 2:
        raise ValueError(f"face has shape {tuple(face.shape)}; it must be (N, 2): the logits of no face and face")
    tensor("label", label, f"({len(face)},), 1 for a face and 0 for none", kinds="fib")
    if label.shape != face.shape[:1]:
        raise ValueError(f"label has shape {tuple(label.shape)}; for {len(face)} samples it must be ({len(face)},)")
    if not ((label == 0) | (label == 1)).all():
        raise ValueError(f"label holds {shown(label)}; each must be 1 for a face or 0 for none")
    return _detection_loss(face, label)


def _detection_loss(face: Tensor, label: Tensor) -> Tensor:
    return functional.cross_entropy(face, label.long(), reduction="none")


def focal_loss(face: Tensor, label: Tensor, gamma: float = 2.0, alpha: float = 0.25) -> Tensor:
    """Cross-entropy with less weight for samples that the net already classifies well, shape (N,).

    Lin et al. 2017 (arXiv 1708.02002), eq. 5: -a (1 - q)^gamma log q, where q is the probability given to the right
    class. Meant for nets that classify every place of a photo at once, where easy negatives abound; MTCNN selects hard
    samples instead (`mining`).

    Parameters
    ----------
    face : Tensor (N, 2)
        Logits of "no face" and "face".
    label : Tensor (N,)
        1 for a face, 0 for none.
    gamma : float
        How strongly easy samples are discounted; 0 gives weighted cross-entropy.
    alpha : float
        The weight a of a face, 0 to 1; that of a negative is 1 - alpha.

    Raises
    ------
    ValueError, TypeError
        As `detection_loss`; also for a gamma below 0 or an alpha outside 0 to 1.

    Examples
    --------
    >>> focal_loss(torch.tensor([[0.0, 0.0], [0.0, 4.0]]), torch.tensor([1, 0])).round(decimals=3)
    tensor([0.0430, 2.9060])
    """
    gamma = number("gamma", gamma, lambda g: 0 <= g < math.inf, "be 0 or more, and finite")
    alpha = number("alpha", alpha, lambda a: 0 <= a <= 1, "be a weight from 0 to 1")
    cross_entropy = detection_loss(face, label)  # (N,) -log q
    is_face = (label == 1).to(cross_entropy.dtype)
    weight = alpha * is_face + (1 - alpha) * (1 - is_face)
    return weight * (-torch.expm1(-cross_entropy)) ** gamma * cross_entropy


def squared_error(predicted: Tensor, target: Tensor) -> Tensor:
    """Squared Euclidean distance of each sample, shape (N,): the *sum* over its K numbers, not their mean.

    `predicted` and `target` (N, K): four offsets (eq. 2) or ten landmark coordinates (eq. 3), in parts of the window's
    side. Raises ValueError for shapes that differ, because broadcasting would compare each sample with all others, and
    for numbers that are not finite; TypeError for what is no tensor.

    >>> squared_error(torch.tensor([[0.1, 0.0, 0.0, 0.2]]), torch.zeros(1, 4))
    tensor([0.0500])
    """
    tensor("predicted", predicted, "float (N, K)")
    tensor("target", target, "float (N, K)", kinds="fi")
    if predicted.ndim != 2 or predicted.shape != target.shape:
        shapes = f"predicted has shape {tuple(predicted.shape)} and target {tuple(target.shape)}"
        raise ValueError(f"{shapes}; both must be the same (N, K)")
    return _squared_error(finite_tensor("predicted", predicted), finite_tensor("target", target))


def _squared_error(predicted: Tensor, target: Tensor) -> Tensor:
    return (predicted - target).square().sum(dim=1)


def takes_part(kinds: Tensor, indicator: Tensor = PAPER) -> Tensor:
    """Which tasks each sample takes part in, bool (N, 3): the row of its kind in `indicator` (4 kinds, 3 tasks).

    `kinds` (N,), whole numbers: 0 negative, 1 positive, 2 part, 3 landmark. Always a new tensor, so it may be changed.

    >>> takes_part(torch.tensor([3, 1], dtype=torch.uint8))
    tensor([[False, False,  True],
            [ True,  True, False]])

    Raises ValueError for another shape and for codes that are no kind, TypeError for what is no tensor.
    """
    tensor("indicator", indicator, "bool (4, 3): a row a kind, a column a task", kinds="bif")
    tensor("kinds", kinds, "whole numbers (N,), one code a sample", kinds="i")
    if indicator.shape != PAPER.shape:
        raise ValueError(
            f"indicator has shape {tuple(indicator.shape)}; it must be (4, 3): a row a kind, a column a task"
        )
    codes = kinds.long()  # torch takes uint8 indices for a mask
    if codes.ndim != 1:
        raise ValueError(f"kinds has shape {tuple(kinds.shape)}; it must be (N,), one code a sample")
    if ((codes < 0) | (codes >= len(indicator))).any():
        raise ValueError(f"kinds holds {int(codes.min())} to {int(codes.max())}; a kind is 0 negative, 1 positive, "
                         "2 part or 3 landmark")  # fmt: skip
    return indicator.to(kinds.device).bool()[codes]


def sample_losses(output: NetOutput, kinds: Tensor, offsets: Tensor, landmarks: Tensor, part: Tensor) -> Tensor:
    """The loss of each sample in each task, (N, 3); 0, with gradient 0, where it takes no part.

    Parameters
    ----------
    output : NetOutput
        A net's output for N windows of its own size.
    kinds : Tensor (N,)
        Codes of `sampling.KINDS`; every kind but negative is a face.
    offsets : Tensor (N, 4)
        Targets; rows that take no part may hold anything, NaN too.
    landmarks : Tensor (N, 10)
        Targets, x1..x5 y1..y5; likewise.
    part : Tensor, bool (N, 3)
        Which tasks each sample takes part in, from `takes_part`.

    Raises
    ------
    ValueError
        Where a sample takes part with a target that is not finite, or the net has no landmark head for it; for shapes
        that don't fit, and where the net's output is not finite.
    TypeError
        For what is no tensor of the kind that is asked for.
    """
    instance("output", output, NetOutput, "a NetOutput, as a net gives it")
    for name, answer, columns in zip(NetOutput._fields, output, (2, 4, 10), strict=True):
        if answer is None and name == "landmarks":  # a net without this head
            continue
        said = tensor(f"output.{name}", answer, f"float (N, {columns})")
        if _flat(said, name).shape != (len(output.face), columns):
            raise ValueError(f"output.{name} has shape {tuple(said.shape)}; it must be (N, {columns})")
        finite_tensor(f"output.{name}", said)
    count = len(output.face)
    takes_part(kinds)  # complains of codes that are no kind
    for name, column, shape, allowed in (
        ("kinds", kinds, (count,), "i"),
        ("offsets", offsets, (count, 4), "f"),
        ("landmarks", landmarks, (count, 10), "f"),
        ("part", part, (count, len(TASKS)), "b"),
    ):
        tensor(name, column, f"of shape {shape}", kinds=allowed)
        if column.shape != shape:
            raise ValueError(f"{name} has shape {tuple(column.shape)}; for {count} samples it must be {shape}")
    return _sample_losses(output, kinds, offsets, landmarks, part)


def _sample_losses(output: NetOutput, kinds: Tensor, offsets: Tensor, landmarks: Tensor, part: Tensor) -> Tensor:
    """Here what the net says may hold NaN: a training that diverges shows it in its loss."""
    label = kinds != NEGATIVE
    detection = torch.where(part[:, 0], _detection_loss(_flat(output.face, "face"), label), 0)
    box = _distance(_flat(output.offsets, "offsets"), offsets, part[:, 1], "offsets")
    if output.landmarks is not None:
        points = _distance(_flat(output.landmarks, "landmarks"), landmarks, part[:, 2], "landmarks")
    elif part[:, 2].any():
        raise ValueError(
            f"{int(part[:, 2].sum())} samples take part in the landmark task, but the net has no landmark head"
        )
    else:
        points = torch.zeros_like(box)
    return torch.stack([detection, box, points], dim=1)  # (N, 3)


def multitask_loss(losses: Tensor, part: Tensor, weights: tuple[float, float, float]) -> Losses:
    """The loss of a batch: for each task the mean over the samples that take part in it, times its weight, summed.

    The paper (eq. 4) writes a plain sum over all N samples. With a sum, the gradient, and with it the best learning
    rate, grows with the batch, and a task counts by how many of its samples the batch happens to hold. With means, the
    weights alone decide how much a task counts. A task without samples contributes 0.

    Parameters
    ----------
    losses : Tensor (N, 3)
        From `sample_losses`.
    part : Tensor, bool (N, 3)
        From `takes_part`, possibly without samples that `mining.hard_examples` left out.
    weights : three numbers
        Of the detection, box and landmark task; 0 or more.

    Raises
    ------
    ValueError, TypeError
        For shapes that don't fit, losses that are not finite, and what are no tensors or no three weights.

    Examples
    --------
    >>> losses, part = torch.tensor([[0.5, 0, 0], [0.1, 0.2, 0]]), takes_part(torch.tensor([0, 1]))
    >>> [round(value.item(), 3) for value in multitask_loss(losses, part, WEIGHTS["pnet"])]
    [0.4, 0.3, 0.2, 0.0]
    """
    tensor("losses", losses, "float (N, 3)")
    tensor("part", part, "bool (N, 3)", kinds="bif")
    if losses.ndim != 2 or losses.shape[1] != len(TASKS) or part.shape != losses.shape:
        raise ValueError(f"losses has shape {tuple(losses.shape)} and part {tuple(part.shape)}; both must be (N, 3)")
    if not ((part == 0) | (part == 1)).all():
        raise ValueError(f"part holds {shown(part)}; each must be True or False")
    three = numbers("weights", weights, len(TASKS), lambda w: 0 <= w < math.inf, "of 0 or more, one a task")
    return _multitask_loss(finite_tensor("losses", losses), part, three)


def _multitask_loss(losses: Tensor, part: Tensor, weights: tuple[float, ...]) -> Losses:
    mean = (losses * part).sum(dim=0) / part.sum(dim=0).clamp(min=1)  # (3,)
    return Losses((mean * mean.new_tensor(weights)).sum(), *mean.detach())


def _flat(answer: Tensor, name: str) -> Tensor:
    """The output as (N, C), P-Net's (N, C, 1, 1) too."""
    if answer.ndim < 2 or answer.shape[2:].numel() != 1:
        raise ValueError(f"output.{name} has shape {tuple(answer.shape)}; in training each sample is one window of the "
                         "net's size, with one answer")  # fmt: skip
    return answer.flatten(1)


def _distance(predicted: Tensor, target: Tensor, part: Tensor, name: str) -> Tensor:
    """`squared_error` where a sample takes part, 0 elsewhere."""
    if not torch.isfinite(target[part]).all():
        raise ValueError(
            f"{name} holds NaN or infinity in samples that take part; each of their targets must be a number"
        )
    # Masked before the subtraction: masked after it, the gradient of a NaN would be 0 * NaN, which is NaN.
    return _squared_error(predicted, torch.where(part[:, None], target, predicted.detach()))
