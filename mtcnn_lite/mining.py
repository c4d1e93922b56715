"""Online hard example mining: learn from those samples of a batch that the net gets most wrong.

"Online" means that the losses are those of the current forward pass; nothing is searched beforehand. It concerns the
detection loss alone: box and landmark losses count for hard and easy samples alike.
"""

import torch
from numpy.typing import ArrayLike
from torch import Tensor

from mtcnn_lite.arguments import number, whole
from mtcnn_lite.array_arguments import finite_tensor, tensor
from mtcnn_lite.boxes import as_boxes
from mtcnn_lite.nms import nms


def hard_examples(losses: Tensor, keep: float = 0.7, among: Tensor | None = None) -> Tensor:
    """Mask, bool (N,), of the samples with the highest losses: int(keep * n) of n, at least one.

    Zhang et al. 2016, "online hard sample mining", with the paper's 70%. Of equal losses the earlier is chosen. No
    gradient flows through the choice.

    Parameters
    ----------
    losses : Tensor (N,)
        Detection losses.
    keep : float
        Share of the samples to choose, above 0, up to 1.
    among : Tensor, bool (N,), optional
        The n samples to choose from; None: all. Where there are none, none is chosen.

    Raises
    ------
    ValueError
        For another shape, losses that are not finite, and a share out of range.
    TypeError
        For what is no tensor, and a share that is no number.

    Examples
    --------
    >>> hard_examples(torch.tensor([0.1, 2.0, 0.3, 0.4]), keep=0.5)
    tensor([False,  True, False,  True])
    """
    tensor("losses", losses, "(N,), one detection loss a sample", axes=1, kinds="fi")
    keep = number("keep", keep, lambda share: 0 < share <= 1, "be a share above 0 and up to 1")
    if among is not None:
        tensor("among", among, f"bool ({len(losses)},)", kinds="bif")
        if among.shape != losses.shape or among.dtype != torch.bool:
            raise ValueError(f"among is {among.dtype} of shape {tuple(among.shape)}; it must be bool ({len(losses)},)")
    return _hard_examples(finite_tensor("losses", losses), keep, among)


def _hard_examples(losses: Tensor, keep: float, among: Tensor | None) -> Tensor:
    if among is None:
        among = torch.ones_like(losses, dtype=torch.bool)
    rows = among.nonzero()[:, 0]  # (n,)
    # topk would not say which of equal losses it takes.
    order = losses.detach()[rows].argsort(descending=True, stable=True)  # (n,)
    chosen = torch.zeros_like(among)
    chosen[rows[order[: max(1, int(keep * len(rows)))]]] = True
    return chosen


def hard_negatives(losses: Tensor, kinds: Tensor, ratio: float = 3.0, fewest: int = 0) -> Tensor:
    """Mask, bool (N, A), of the negatives with the highest losses in each photo: `ratio` for each of its positives.

    Liu et al. 2016, "SSD: single shot multibox detector" (arXiv 1512.02325, section 2.2), with the paper's 3:1. A
    one-pass detector answers for thousands of anchors of which a few are faces: without a choice the others would
    decide the gradient. Of equal losses the earlier is chosen.

    Parameters
    ----------
    losses : Tensor (N, A)
        Detection losses of N photos' anchors.
    kinds : Tensor, whole numbers (N, A)
        1 for a positive, 0 for a negative; what is neither is never chosen.
    ratio : float
        Negatives for each positive; 0 or more.
    fewest : int
        So many at least, in a photo that has as many: one without faces would else teach nothing.

    Raises
    ------
    ValueError, TypeError
        For shapes that don't fit, losses that are not finite, and numbers out of range.

    Examples
    --------
    >>> losses = torch.tensor([[0.2, 0.9, 0.1, 0.5, 0.7]])
    >>> hard_negatives(losses, torch.tensor([[1, 0, 0, -1, 0]]), ratio=1)
    tensor([[False,  True, False, False, False]])
    """
    tensor("losses", losses, "(N, A), the detection loss of each anchor", axes=2, kinds="fi")
    tensor("kinds", kinds, "whole numbers (N, A): 1 positive, 0 negative", axes=2, kinds="i")
    if losses.shape != kinds.shape:
        raise ValueError(f"losses has shape {tuple(losses.shape)} and kinds {tuple(kinds.shape)}; both must be (N, A)")
    ratio = number("ratio", ratio, lambda value: 0 <= value <= 1e9, "be 0 or more")
    fewest = whole("fewest", fewest, low=0)
    return _hard_negatives(finite_tensor("losses", losses), kinds, ratio, fewest)


def _hard_negatives(losses: Tensor, kinds: Tensor, ratio: float, fewest: int) -> Tensor:
    negative = kinds == 0
    allowed = ((kinds == 1).sum(dim=1) * ratio).clamp(min=fewest)  # (N,)
    order = losses.detach().where(negative, -torch.inf).argsort(dim=1, descending=True, stable=True)  # (N, A)
    places = torch.arange(order.shape[1], device=order.device).expand_as(order)
    rank = torch.empty_like(order).scatter_(1, order, places)  # (N, A): an anchor's place in its row of `order`
    return negative & (rank < allowed[:, None])


def ohem_nms(boxes: ArrayLike, losses: Tensor, count: int, overlap: float = 0.7) -> Tensor:
    """Indices of hard samples in one photo, hardest first, of which no two overlap much.

    Shrivastava et al. 2016, "Training Region-based Object Detectors with Online Hard Example Mining": NMS by loss, then
    the highest losses that are left. Windows that cover one another have nearly the same loss, so without NMS one hard
    place would fill the batch. Of equal losses the earlier comes first.

    Parameters
    ----------
    boxes : array (N, 4)
        The samples' windows, x1 y1 x2 y2.
    losses : Tensor (N,)
    count : int
        How many samples to choose at most.
    overlap : float
        Highest IoU of two chosen samples, 0 to 1.

    Raises
    ------
    ValueError, TypeError
        As `nms`; also for a count below 1 and for what is no tensor.

    Examples
    --------
    >>> ohem_nms([[0, 0, 10, 10], [1, 0, 11, 10], [50, 0, 60, 10]], torch.tensor([2.0, 3.0, 1.0]), count=2)
    tensor([1, 2])
    """
    count = whole("count", count, low=1)
    windows = as_boxes(boxes)
    finite_tensor("losses", tensor("losses", losses, f"({len(windows)},), one loss a box", axes=1, kinds="fi"))
    if len(losses) != len(windows):
        raise ValueError(f"losses has shape {tuple(losses.shape)}; for {len(windows)} boxes it must be "
                         f"({len(windows)},)")  # fmt: skip
    overlap = number("overlap", overlap, lambda most: 0 <= most <= 1, "be an overlap from 0 to 1")
    kept = nms(windows, losses.detach(), overlap)  # (K,) the loss as score: highest first
    return torch.from_numpy(kept[:count])
