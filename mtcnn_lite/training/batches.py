"""Training batches with a fixed share of each kind of sample, prepared ahead by a second thread.

A batch depends on the seed and the step alone, so an interrupted training run resumes with the batches it would have
seen.
"""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mtcnn_lite.boxes import Floats
from mtcnn_lite.datasets.augment_crops import mirror_batch
from mtcnn_lite.runtime.parallel import until_python_ends
from mtcnn_lite.sampling.sampler import KINDS, Samples
from mtcnn_lite.sampling.store import Store
from mtcnn_lite.training.augmentation import Augmentation
from mtcnn_lite.training.teacher_answers import LANDMARKS

Batch = TypeVar("Batch")

PREFETCHED = 4  # batches made before they are asked for
RECOLOURED = Augmentation()  # and nothing else
HOLD_OUT_EVERY = 20  # photos: the last of each twenty is held out of training, to validate on


class TrainingBatch(NamedTuple):
    """N crops with what the net should answer for each; targets are NaN where unknown.

    crops        uint8 (N, size, size, 3), as the net sees them
    kinds        (N,), codes of `sampling.KINDS`
    offsets      (N, 4), of the face's box, in parts of the window's side
    landmarks    (N, 10), x1..x5 y1..y5, in parts of the window's side
    answers      (N, 16) or (N, 6), a teacher's (`teacher_answers`), where there is one
    """

    crops: NDArray[np.uint8]
    kinds: Tensor
    offsets: Tensor
    landmarks: Tensor
    answers: Tensor | None = None

    def rows(self, rows: NDArray[np.int64]) -> "TrainingBatch":
        """Some of the samples, by their numbers."""
        answers = None if self.answers is None else self.answers[rows]
        return TrainingBatch(self.crops[rows], self.kinds[rows], self.offsets[rows], self.landmarks[rows], answers)


def held_out(samples: Samples) -> NDArray[np.bool_]:
    """Which samples (N,) come from photos that are held out of training."""
    return np.asarray(samples["photo"] % HOLD_OUT_EVERY == HOLD_OUT_EVERY - 1)


def as_batch(
    crops: NDArray[np.uint8],
    kinds: NDArray[np.uint8],
    offsets: NDArray[np.float32],
    landmarks: NDArray[np.float32],
    answers: NDArray[np.float32] | None = None,
) -> TrainingBatch:
    """A batch of a store's columns, its targets as tensors.

    Parameters
    ----------
    crops : array, uint8 (N, size, size, 3)
    kinds : array, uint8 (N,)
        Codes of `sampling.KINDS`.
    offsets : array, float32 (N, 4)
    landmarks : array, float32 (N, 5, 2)
    answers : array, float32 (N, 16) or (N, 6), optional
        A teacher's.
    """
    by_axis = landmarks.transpose(0, 2, 1).reshape(-1, 10)  # (N, 5, 2) -> x1..x5 y1..y5
    kinds, offsets, by_axis = np.array(kinds), np.array(offsets), np.array(by_axis)
    said = None if answers is None else torch.from_numpy(answers)
    return TrainingBatch(crops, torch.from_numpy(kinds), torch.from_numpy(offsets), torch.from_numpy(by_axis), said)


class Batches:
    """The training batch of each step, drawn from stores of samples: `batches(step)`.

    Every sample of a kind is used once before any is used again. Half of the crops are mirrored.

    Parameters
    ----------
    stores : sequence of Store
        The samples; those of held-out photos are left out.
    size : int
        Samples in a batch.
    shares : four numbers
        Negatives : positives : part faces : landmark samples in each batch.
    seed : int
        Of the order of the samples and of the augmentation.
    augmentation : Augmentation
        How the crops are changed.
    answers : sequence of arrays, optional
        A teacher's answers to the samples of each store (`teacher_answers`).
    shard : (int, int)
        (k, n): the k-th of n equal parts of each batch, for n processes that train together.

    Raises
    ------
    ValueError
        Where a kind that has a share has no sample.
    """

    def __init__(
        self,
        stores: Sequence[Store],
        size: int,
        shares: Sequence[float],
        seed: int,
        augmentation: Augmentation = RECOLOURED,
        answers: Sequence[Floats] | None = None,
        shard: tuple[int, int] = (0, 1),
    ) -> None:
        self.stores, self.seed, self.shard = stores, seed, shard
        self.augmentation, self.answers = augmentation, answers
        self.starts = np.cumsum([0, *map(len, stores)])
        kinds = np.concatenate([np.where(held_out(store.samples), len(KINDS), store.samples["kind"])
                                for store in stores])  # fmt: skip
        self.rows = [np.flatnonzero(kinds == code) for code in range(len(KINDS))]
        exact = np.array(shares) / sum(shares) * size
        self.counts = np.floor(exact).astype(int)
        self.counts[np.argmax(exact)] += size - self.counts.sum()
        for kind, rows, count in zip(KINDS, self.rows, self.counts, strict=True):
            if count and not len(rows):
                raise ValueError(
                    f"there is no {kind} sample to learn from, and each batch needs {count}: look at the photos' "
                    "labels, their faces' sizes and the counts of the sampling config"
                )
        self.orders = [EndlessOrder(rows, seed, code) for code, rows in enumerate(self.rows)]

    @property
    def answers_have_landmarks(self) -> bool:
        """Whether there is a teacher that has a landmark head."""
        return self.answers is not None and self.answers[0].shape[2] == LANDMARKS.stop

    def __call__(self, step: int) -> TrainingBatch:
        chosen = [order(step * n, n) for order, n in zip(self.orders, self.counts, strict=True) if n]
        rows = np.concatenate([of_kind[self.shard[0] :: self.shard[1]] for of_kind in chosen])
        size = self.stores[0].size
        crops = np.empty((len(rows), size, size, 3), np.uint8)
        samples = np.empty(len(rows), self.stores[0].samples.dtype)
        answers = None if self.answers is None else np.empty((len(rows), *self.answers[0].shape[1:]), np.float32)
        store_of = np.searchsorted(self.starts, rows, side="right") - 1
        for number, store in enumerate(self.stores):
            here = store_of == number
            own = rows[here] - self.starts[number]
            crops[here], samples[here] = store.crops(own), store.samples[own]
            if self.answers is not None and answers is not None:
                answers[here] = self.answers[number][own]
        rng = np.random.default_rng([self.seed, step, self.shard[0]])
        mirrored = rng.random(len(rows)) < 0.5
        crops, offsets, landmarks = mirror_batch(crops, samples["offsets"], samples["landmarks"], mirrored)
        crops = self.augmentation(crops, rng)
        if answers is not None:
            answers = answers[np.arange(len(rows)), mirrored.astype(int)]  # (N, 2, K) -> (N, K)
        return as_batch(crops, samples["kind"], offsets, landmarks, answers)


class EndlessOrder:
    """An endless sequence of rows, each of which comes once before any comes again: shuffled anew in each epoch.

    Parameters
    ----------
    rows : array (N,)
        What is shuffled; at least one, to be asked.
    *key : int
        Seeds; the order of each epoch depends on them alone.

    Examples
    --------
    >>> order = EndlessOrder(np.array([5, 6, 7]), 0)
    >>> sorted(order(0, 3).tolist()), sorted(order(3, 3).tolist()), len(order(2, 10))
    ([5, 6, 7], [5, 6, 7], 10)
    """

    def __init__(self, rows: NDArray[np.int64], *key: int) -> None:
        self.rows, self.key = rows, key
        self._orders: dict[int, NDArray[np.int64]] = {}

    def __call__(self, start: int, count: int) -> NDArray[np.int64]:
        """The rows `start` to `start + count` of the sequence."""
        picked = []
        while count:
            epoch, at = divmod(start, len(self.rows))
            taken = self._order(epoch)[at : at + count]
            picked.append(self.rows[taken])
            start, count = start + len(taken), count - len(taken)
        return np.concatenate([*picked, self.rows[:0]])

    def _order(self, epoch: int) -> NDArray[np.int64]:
        if epoch not in self._orders:
            self._orders.pop(epoch - 2, None)
            shuffler = np.random.default_rng([*self.key, epoch, 1])
            self._orders[epoch] = shuffler.permutation(len(self.rows))
        return self._orders[epoch]


def prefetch(batches: Callable[[int], Batch], first: int, end: int) -> Iterator[Batch]:
    """The batches of some steps, each made by another thread while the net works on those before it.

    Parameters
    ----------
    batches : function
        From a step's number to its batch; what it raises is raised where its batch is asked for.
    first, end : int
        The steps `first` to `end - 1`.
    """
    ready: queue.Queue[Batch | BaseException] = queue.Queue(PREFETCHED)
    stopped = threading.Event()

    def hand_over(item: Batch | BaseException) -> None:
        while not stopped.is_set():
            try:
                ready.put(item, timeout=0.1)
                return
            except queue.Full:
                continue

    def make() -> None:
        try:
            for step in range(first, end):
                with until_python_ends():
                    batch = batches(step)
                hand_over(batch)
                if stopped.is_set():
                    return
        except BaseException as error:  # raised again where the batch is asked for
            hand_over(error)

    threading.Thread(target=make, daemon=True).start()
    try:
        for _ in range(first, end):
            batch = ready.get()
            if isinstance(batch, BaseException):
                raise batch
            yield batch
    finally:
        stopped.set()
