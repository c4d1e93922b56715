"""The triplet loss, and the choice of triplets within a batch.

Schroff, Kalenichenko and Philbin 2015, "FaceNet", arXiv 1503.03832, equations 1 to 4.
"""

import torch
from torch import Tensor
from torch.nn import functional

from mtcnn_lite.arguments import number
from mtcnn_lite.array_arguments import finite_tensor, tensor

MARGIN = 0.2  # the paper's


def squared_distances(first: Tensor, second: Tensor) -> Tensor:
    """Squared Euclidean distance of each of `first` (N, D) to each of `second` (M, D): (N, M), never below 0.

    Between unit vectors it is 2 - 2 cos of their angle: 0 for the same direction, 4 for opposite ones.

    >>> squared_distances(torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]]))
    tensor([[0., 2., 4.]])

    Raises ValueError for shapes that don't fit and numbers that are not finite, TypeError for what is no tensor.
    """
    finite_tensor("first", tensor("first", first, "float (N, D)"))
    finite_tensor("second", tensor("second", second, "float (M, D)"))
    if first.ndim != 2 or second.ndim != 2 or first.shape[1] != second.shape[1]:
        shapes = f"first has shape {tuple(first.shape)} and second {tuple(second.shape)}"
        raise ValueError(f"{shapes}; they must be (N, D) and (M, D)")
    if first.dtype != second.dtype:
        raise TypeError(f"first is {first.dtype} and second {second.dtype}; both must be of one type")
    squares = first.square().sum(dim=1)[:, None] + second.square().sum(dim=1)  # (N, M)
    return (squares - 2 * first @ second.T).clamp(min=0)  # rounding may leave -1e-7


def triplet_loss(anchor: Tensor, positive: Tensor, negative: Tensor, margin: float = MARGIN) -> Tensor:
    """The mean of max(0, d(anchor, positive) - d(anchor, negative) + margin) over N triplets, d a squared distance.

    The paper's equation 2 is a sum; with a mean, the size of a step does not depend on N. 0, with gradient 0, where N
    is 0.

    Parameters
    ----------
    anchor : Tensor (N, D)
        Embeddings.
    positive : Tensor (N, D)
        Row for row, another face of the anchor's person.
    negative : Tensor (N, D)
        A face of another person.
    margin : float
        By how much the negative should be farther than the positive.

    Raises
    ------
    ValueError
        For shapes that differ, numbers that are not finite, and a margin below 0.
    TypeError
        For what is no tensor, and a margin that is no number.

    Examples
    --------
    >>> triplet_loss(torch.tensor([[0.0, 0.0]]), torch.tensor([[0.5, 0.0]]), torch.tensor([[0.6, 0.0]]))
    tensor(0.0900)
    """
    for name, points in (("anchor", anchor), ("positive", positive), ("negative", negative)):
        finite_tensor(name, tensor(name, points, "float (N, D)"))
    margin = _margin(margin)
    if anchor.ndim != 2 or not anchor.shape == positive.shape == negative.shape:
        shapes = f"{tuple(anchor.shape)}, {tuple(positive.shape)}, {tuple(negative.shape)}"
        raise ValueError(f"anchor, positive and negative have shapes {shapes}; all must be the same (N, D)")
    near, far = (anchor - positive).square().sum(dim=1), (anchor - negative).square().sum(dim=1)  # (N,)
    return functional.relu(near - far + margin).sum() / max(1, len(anchor))


def semi_hard_triplets(distances: Tensor, person: Tensor, margin: float = MARGIN) -> Tensor:
    """Rows of anchor, positive and negative, (T, 3): every pair of one person with its nearest semi-hard negative.

    A semi-hard negative is farther from the anchor than the positive, but by less than the margin, so the loss is above
    0 and below the margin. Pairs without one are left out. The nearest negatives of all, "hard" ones, can collapse all
    embeddings to one point early in training (the paper, section 3.2).

    Parameters
    ----------
    distances : Tensor (N, N)
        Squared distances of a batch's embeddings.
    person : Tensor (N,)
        Whose face each row is.
    margin : float
        Of the triplet loss.

    Returns
    -------
    Tensor, int (T, 3)
        Ordered by anchor, then by positive; of equal distances the first negative.

    Raises
    ------
    ValueError
        For shapes that don't fit, distances that are not finite or below 0, and a margin below 0.
    TypeError
        For what is no tensor, and a margin that is no number.

    Examples
    --------
    >>> at = torch.tensor([[0.0], [0.1], [0.3], [0.4]])     # 0 and 1 are one person, 2 and 3 another
    >>> semi_hard_triplets(squared_distances(at, at), torch.tensor([0, 0, 1, 1]), margin=0.1).tolist()
    [[0, 1, 2], [1, 0, 2], [2, 3, 1], [3, 2, 1]]
    """
    tensor("distances", distances, "float (N, N)")
    count = len(tensor("person", person, "(N,), whose face each row is", axes=1, kinds="fib"))
    if distances.shape != (count, count):
        raise ValueError(
            f"distances has shape {tuple(distances.shape)}; for {count} faces it must be ({count}, {count})"
        )
    distances, margin = finite_tensor("distances", distances).detach(), _margin(margin)
    same = person[:, None] == person[None]  # (N, N)
    anchor, positive = torch.nonzero(same & ~torch.eye(count, dtype=torch.bool, device=same.device), as_tuple=True)
    near = distances[anchor, positive][:, None]  # (pairs, 1)
    far = distances[anchor].masked_fill(same[anchor], torch.inf)  # (pairs, N)
    far = far.masked_fill((far <= near) | (far >= near + margin), torch.inf)
    least, negative = far.min(dim=1) if count else (near[:, 0], positive)
    return torch.stack([anchor, positive, negative], dim=1)[least < torch.inf]


def _margin(margin: float) -> float:
    return number("margin", margin, lambda m: 0 <= m <= 1e9, "be 0 or more")
