"""Training the embedding: batches of several views of many persons, and semi-hard triplets within each batch."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from mtcnn_lite.arguments import function, generator, instance, number, whole
from mtcnn_lite.array_arguments import labels, square_crops
from mtcnn_lite.boxes import Floats
from mtcnn_lite.embedding.net import SIZE, prepare
from mtcnn_lite.embedding.triplets import MARGIN, semi_hard_triplets, squared_distances, triplet_loss
from mtcnn_lite.embedding.views import STRONG, Variation, varied
from mtcnn_lite.images import Pixels

RATE = 4e-3  # the highest learning rate; it rises to this and falls again (one cycle)
DECAY = 1e-3
MOST_STEPS = 10_000_000


@dataclass(frozen=True, eq=False)
class EmbeddingHistory:
    """The course of a training of S steps.

    loss   (S,), the mean over each step's triplets; it falls little, because easy triplets are not among them
    share  (S,), of all pairs of one person, those that had a negative to learn from; it falls as the net learns
    """

    loss: Floats
    share: Floats


def train_embedding(
    net: nn.Module,
    crops: Pixels,
    person: ArrayLike,
    rng: np.random.Generator,
    steps: int,
    persons: int = 32,
    views: int = 3,
    margin: float = MARGIN,
    how: Variation = STRONG,
    choose: Callable[[Tensor, Tensor, float], Tensor] = semi_hard_triplets,
    report: Callable[[int, float], None] | None = None,
) -> EmbeddingHistory:
    """Train a net, in place, to embed faces of one person close together, by FaceNet's triplet loss.

    One crop for each person is enough, because it is augmented each time (`varied`). The same `rng`, weights and number
    of torch threads give the same result.

    Parameters
    ----------
    net : Module
        Such as `EmbeddingNet`.
    crops : array, uint8 (M, 32, 32, 3)
        Aligned faces.
    person : array, int (M,)
        Whose each is. Where a person has several crops, each view takes one of them at random.
    rng : Generator
        Of the batches and the augmentation.
    steps : int
        How many batches to learn from.
    persons : int
        Persons in a batch, drawn without repeats; fewer where there are not as many.
    views : int
        Views of each person in a batch, 2 or more.
    margin : float
        Of the triplet loss.
    how : Variation
        How strongly views differ.
    choose : function
        From distances (N, N), persons (N,) and the margin to the triplets, as `semi_hard_triplets`.
    report : function, optional
        Called after each step with its number, from 1 on, and its loss.

    Raises
    ------
    ValueError
        For fewer than two persons or two views: then there is no triplet. For a number out of range, and where the net
        gives what is not finite: it has diverged.
    TypeError
        For an argument of another type.
    """
    instance("net", net, nn.Module, "a net, such as EmbeddingNet()")
    crops, rng = square_crops("crops", crops, SIZE), generator("rng", rng)
    whose = labels("person", person, len(crops), "crops")
    steps, persons, views = whole("steps", steps, 0, MOST_STEPS), whole("persons", persons, 2), whole("views", views)
    margin = number("margin", margin, lambda m: 0 <= m <= 4, "be from 0 to 4, the largest squared distance")
    instance("how", how, Variation, "a Variation")
    function("choose", choose)
    if report is not None:
        function("report", report)
    names = np.unique(whose)
    if len(names) < 2 or views < 2:
        raise ValueError(f"{len(names)} persons and {views} views: a triplet needs two of each at least")
    rows_of = [np.flatnonzero(whose == name) for name in names]
    optimiser = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=max(steps, 1))
    losses, shares = np.zeros(steps, np.float32), np.zeros(steps, np.float32)
    # On a CPU, a step takes two thirds of the time in this layout.
    net.train().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    for step in range(steps):
        batch, label = _batch(rows_of, rng, min(persons, len(names)), views)
        embeddings = net(prepare(varied(crops[batch], rng, how)))  # (B, D)
        if not torch.isfinite(embeddings).all():
            raise ValueError(f"net gives embeddings that are not finite at step {step + 1}")
        rows = choose(squared_distances(embeddings, embeddings), torch.from_numpy(label), margin)  # (T, 3)
        anchor, positive, negative = embeddings[rows.T]  # (T, D) each
        loss = triplet_loss(anchor, positive, negative, margin)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
        losses[step], shares[step] = loss.item(), len(rows) / (len(batch) * (views - 1))
        if report is not None:
            report(step + 1, loss.item())
    net.eval()
    return EmbeddingHistory(losses, shares)


def _batch(
    rows_of: list[NDArray[np.int64]], rng: np.random.Generator, persons: int, views: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of the crops in a batch, and whose they are, (persons * views,) each."""
    label = np.repeat(rng.choice(len(rows_of), persons, replace=False), views)
    return np.array([rng.choice(rows_of[k]) for k in label]), label
