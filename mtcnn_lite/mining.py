"""Online hard example mining: of a batch, learn from those samples that the net gets most wrong.

"Online", because the losses are those of the forward pass that is under way; nothing is searched beforehand. It
concerns detection alone: a sample's box and landmark losses count whether it is hard or not.
"""

import torch
from numpy.typing import ArrayLike
from torch import Tensor

from mtcnn_lite.nms import nms


def hard_examples(losses: Tensor, keep: float = 0.7, among: Tensor | None = None) -> Tensor:
    """Mask (N,) of the int(keep * n) highest of n `losses` (N,), at least one: the paper's rule, with its 70%.

    `among`, bool (N,): the samples that have a detection loss, all where it is None; n counts these, and no other is
    chosen. Of equal losses the earlier is taken. No gradient flows through the choice. Where there is none to choose
    from, nothing is chosen. Source: Zhang et al. 2016, "online hard sample mining".

    >>> hard_examples(torch.tensor([0.1, 2.0, 0.3, 0.4]), keep=0.5)
    tensor([False,  True, False,  True])
    """
    if losses.ndim != 1:
        raise ValueError(f"losses has shape {tuple(losses.shape)}; it must be (N,), one detection loss a sample")
    if not 0 < keep <= 1:
        raise ValueError(f"keep is {keep}; it must be a share above 0 and up to 1")
    if among is None:
        among = torch.ones_like(losses, dtype=torch.bool)
    elif among.shape != losses.shape or among.dtype != torch.bool:
        raise ValueError(f"among is {among.dtype} of shape {tuple(among.shape)}; it must be bool ({len(losses)},)")
    rows = among.nonzero()[:, 0]  # (n,)
    order = losses.detach()[rows].argsort(
        descending=True, stable=True
    )  # (n,) topk would not say which of equals it takes
    chosen = torch.zeros_like(among)
    chosen[rows[order[: max(1, int(keep * len(rows)))]]] = True
    return chosen


def ohem_nms(boxes: ArrayLike, losses: Tensor, count: int, overlap: float = 0.7) -> Tensor:
    """Indices of up to `count` hard samples, hardest first, of which no two overlap by an IoU above `overlap`.

    `boxes` (N, 4): the samples' windows in one photo; `losses` (N,). Windows that lie on one another have nearly the
    same loss, so without the NMS one hard place would fill the batch. The older variant, by Shrivastava et al. 2016,
    "Training Region-based Object Detectors with Online Hard Example Mining": NMS by loss at 0.7, then the top of what
    is left. Equal losses: the earlier first.

    >>> ohem_nms([[0, 0, 10, 10], [1, 0, 11, 10], [50, 0, 60, 10]], torch.tensor([2.0, 3.0, 1.0]), count=2)
    tensor([1, 2])
    """
    if count < 1:
        raise ValueError(f"count is {count}; at least 1 sample must be asked for")
    kept = nms(
        boxes, losses.detach().cpu().numpy(), overlap
    )  # (K,) best "score" first, and here that is the highest loss
    return torch.from_numpy(kept[:count])
