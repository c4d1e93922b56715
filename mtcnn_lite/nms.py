"""Non-maximum suppression: of many boxes on one face, keep the best.

Greedy NMS takes boxes from the best score down and drops every later box that overlaps a kept one by
more than a threshold. Two of its properties are used all over this package: a box is only ever
suppressed by a better one, so cutting the result at a score equals cutting the input at that score;
and equal scores are taken in input order.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mtcnn_lite.arguments import number, one_of
from mtcnn_lite.array_arguments import finite, floats, indices
from mtcnn_lite.boxes import Floats, _iom, _iou, as_boxes

# Overlaps (N, M) of boxes (N, 4) and (M, 4) that have been checked.
MEASURES: dict[str, Callable[[Floats, Floats], Floats]] = {"iou": _iou, "iom": _iom}

BLOCK = 64  # boxes whose overlaps with the others are computed together
LATER = np.triu(np.ones((BLOCK, BLOCK), bool), 1)  # of two boxes in a block, row and column: column comes after row


def _checked(
    boxes: ArrayLike, scores: ArrayLike, threshold: float, measure: str = "iou"
) -> tuple[Floats, Floats, float]:
    box = as_boxes(boxes)
    score = floats("scores", scores, shape=f"({len(box)},), a number a box")
    if score.shape != (len(box),):
        raise ValueError(f"scores has shape {score.shape}; for {len(box)} boxes it must be ({len(box)},)")
    one_of("measure", measure, MEASURES)
    finite("scores", score, "every score must be a finite number")
    return box, score, number("threshold", threshold, lambda t: 0 <= t <= 1, "be an overlap from 0 to 1")


def nms(boxes: ArrayLike, scores: ArrayLike, threshold: float, measure: str = "iou") -> NDArray[np.int64]:
    """Indices of the boxes that greedy NMS keeps, best first, shape (K,).

    A box goes when its overlap with a kept box is greater than `threshold`; equal is kept. Equal scores: the earlier
    box wins.

    Parameters
    ----------
    boxes : array_like (N, 4)
        `[x1, y1, x2, y2]` in pixels; N may be 0.
    scores : array_like (N,)
        Higher is better; finite.
    threshold : float
        The largest overlap that is allowed, 0 to 1.
    measure : {"iou", "iom"}
        Overlap over the union, or over the smaller box.

    Returns
    -------
    int64 (K,)
        Rows of `boxes`.

    Raises
    ------
    ValueError
        For shapes that don't fit, values that are not finite, a threshold outside 0 to 1, another measure.
    TypeError
        For what are no numbers.

    Examples
    --------
    >>> nms([[0, 0, 10, 10], [1, 0, 11, 10], [20, 0, 30, 10]], [.8, .9, .7], 0.5)
    array([1, 2])
    """
    box, score, threshold = _checked(boxes, scores, threshold, measure)
    left, kept = np.argsort(-score, kind="stable"), [np.zeros(0, np.int64)]  # best first
    while len(left):  # many overlaps in one array operation, then the order's say; who has gone is not asked again
        head, tail = left[:BLOCK], left[BLOCK:]
        over = MEASURES[measure](box[head], box[left]) > threshold  # (head, left)
        alive = np.ones(len(head), dtype=bool)
        removes = over[:, : len(head)] & LATER[: len(head), : len(head)]
        for k in np.flatnonzero(removes.any(axis=1)):
            if alive[k]:
                alive[removes[k]] = False
        kept.append(head[alive])
        left = tail[~over[alive, len(head) :].any(axis=0)]
    return np.concatenate(kept)


def suppressors(
    boxes: ArrayLike, scores: ArrayLike, kept: ArrayLike, threshold: float, measure: str = "iou"
) -> NDArray[np.int64]:
    """For each box, the index of the kept box that removed it, shape (N,); a kept box names itself.

    Where several kept boxes overlap a removed one, the best of them did it: it came first.

    Parameters
    ----------
    boxes, scores
        As given to `nms`.
    kept : array_like (K,)
        What `nms` returned.
    threshold, measure
        As given to `nms`.

    Returns
    -------
    int64 (N,)
        Rows of `boxes`.

    Raises
    ------
    ValueError, TypeError
        As `nms`; also where `kept` holds what are no rows of `boxes`.

    Examples
    --------
    >>> suppressors([[0, 0, 10, 10], [1, 0, 11, 10]], [.8, .9], kept=[1], threshold=0.5)
    array([1, 1])
    """
    box, _, threshold = _checked(boxes, scores, threshold, measure)
    keep = indices("kept", kept, len(box), "rows of boxes, as nms returns them")
    by = np.arange(len(box))
    removed = np.setdiff1d(by, keep)
    if len(removed) and not len(keep):
        raise ValueError(f"kept is empty; of {len(box)} boxes NMS keeps at least one")
    if len(removed):
        over = MEASURES[measure](box[removed], box[keep]) > threshold  # (removed, kept), kept best first
        by[removed] = keep[over.argmax(axis=1)]
    return by


def soft_nms(
    boxes: ArrayLike, scores: ArrayLike, sigma: float = 0.5, method: str = "gaussian", threshold: float = 0.3
) -> Floats:
    """Scores (N,) in input order, lowered for overlap with better boxes instead of cut to nothing.

    Bodla et al. 2017, "Soft-NMS: improving object detection with one line of code", fig. 2: take the best remaining
    box, lower the scores of the others, and repeat; the best is chosen anew each time. Equal scores: the earlier box
    first. Inputs are not changed.

    Parameters
    ----------
    boxes : array_like (N, 4)
        `[x1, y1, x2, y2]` in pixels; N may be 0.
    scores : array_like (N,)
        Higher is better; finite.
    sigma : float
        "gaussian" multiplies a score by exp(-IoU^2 / sigma); above 0.
    method : {"gaussian", "linear"}
        How a score is lowered.
    threshold : float
        "linear" multiplies a score by 1 - IoU where the IoU is greater than this, 0 to 1.

    Returns
    -------
    float32 (N,)
        The lowered scores.

    Raises
    ------
    ValueError, TypeError
        As `nms`; also for another method, and for a sigma that is not above 0 and finite.

    Examples
    --------
    >>> soft_nms([[0, 0, 10, 10], [5, 0, 15, 10]], [.9, .8], sigma=0.5).round(3)      # IoU 1/3
    array([0.9  , 0.641], dtype=float32)
    """
    box, score, threshold = _checked(boxes, scores, threshold)
    one_of("method", method, ("gaussian", "linear"))
    sigma = number("sigma", sigma, lambda s: 1e-30 <= s <= 1e30, "be greater than 0, and at most 1e30")
    score = score.copy()
    remaining = np.arange(len(box))
    while len(remaining):
        best = remaining[score[remaining].argmax()]
        remaining = remaining[remaining != best]
        overlap = _iou(box[best : best + 1], box[remaining])[0]
        if method == "gaussian":
            score[remaining] *= np.exp(-(overlap**2) / np.float32(sigma))
        else:
            score[remaining] *= np.where(overlap > threshold, 1 - overlap, 1)
    return score
