"""Batches with a fixed share of each kind. A batch depends on the seed and the step alone, so training can resume."""

import queue
import threading
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mtcnn_lite.datasets.augment_crops import (
    colour_batch,
    cutout_batch,
    downscale_batch,
    mirror_batch,
    mixup_batch,
    random_crop_batch,
)
from mtcnn_lite.sampling.sampler import KINDS, Samples
from mtcnn_lite.sampling.store import Store

AHEAD = 4  # batches made before they are asked for
ONE_IN = 20  # photos: the last of each twenty is held out, to measure on


class Batch(NamedTuple):
    """crops uint8 (N, size, size, 3); kinds (N,), codes of `sampling.KINDS`; offsets (N, 4); landmarks (N, 10),
    x1..x5 y1..y5. Targets are NaN where unknown. unlabelled bool (N,): crops blended or cut anew, of which no
    label holds."""

    crops: NDArray[np.uint8]
    kinds: Tensor
    offsets: Tensor
    landmarks: Tensor
    unlabelled: Tensor


def held_out(samples: Samples) -> NDArray[np.bool_]:
    """Which samples (N,) are of photos that no batch holds."""
    return np.asarray(samples["photo"] % ONE_IN == ONE_IN - 1)


def as_batch(crops: NDArray[np.uint8], kinds: NDArray[np.uint8], offsets: NDArray[np.float32],
             landmarks: NDArray[np.float32], unlabelled: NDArray[np.bool_] | None = None) -> Batch:  # fmt: skip
    """A batch of a store's columns; landmarks (N, 5, 2). The labels of all hold where `unlabelled` is None."""
    unlabelled = np.zeros(len(crops), bool) if unlabelled is None else unlabelled
    by_axis = landmarks.transpose(0, 2, 1).reshape(-1, 10)  # (N, 5, 2) -> x1..x5 y1..y5
    return Batch(crops, *(torch.from_numpy(np.array(column)) for column in (kinds, offsets, by_axis, unlabelled)))


class Batches:
    """Batches of `size` samples from stores, `shares` of each kind. Each sample of a kind comes once before any comes
    again; half of them are mirrored, all are recoloured, and the shares `coarse`, `covered`, `mixed` and `zoomed` are
    what `augment_crops` makes of them. With `part` (k, n), the k-th of n equal parts of each batch, for n
    processes that train together.

    Raises ValueError where a kind that has a share has no sample.
    """

    def __init__(
        self,
        stores: Sequence[Store],
        size: int,
        shares: Sequence[float],
        seed: int,
        coarse: float = 0.0,
        covered: float = 0.0,
        mixed: float = 0.0,
        zoomed: float = 0.0,
        part: tuple[int, int] = (0, 1),
    ) -> None:
        self.stores, self.seed, self.part = stores, seed, part
        self.coarse, self.covered, self.mixed, self.zoomed = coarse, covered, mixed, zoomed
        self.starts = np.cumsum([0, *map(len, stores)])
        kinds = np.concatenate([np.where(held_out(store.samples), len(KINDS), store.samples["kind"])
                                for store in stores])  # fmt: skip
        self.rows = [np.flatnonzero(kinds == code) for code in range(len(KINDS))]
        exact = np.array(shares) / sum(shares) * size
        self.counts = np.floor(exact).astype(int)
        self.counts[np.argmax(exact)] += size - self.counts.sum()
        for kind, rows, count in zip(KINDS, self.rows, self.counts, strict=True):
            if count and not len(rows):
                raise ValueError(f"there is no {kind} sample to learn from, and each batch needs {count}: look at the "
                                 "photos' labels, at their faces' sizes, and at the recipe's counts")  # fmt: skip
        self._orders: dict[tuple[int, int], NDArray[np.int64]] = {}

    def __call__(self, step: int) -> Batch:
        chosen = [self._turn(code, step * n, n) for code, n in enumerate(self.counts) if n]
        rows = np.concatenate([of_kind[self.part[0] :: self.part[1]] for of_kind in chosen])
        size = self.stores[0].size
        crops = np.empty((len(rows), size, size, 3), np.uint8)
        samples = np.empty(len(rows), self.stores[0].samples.dtype)
        store_of = np.searchsorted(self.starts, rows, side="right") - 1
        for number, store in enumerate(self.stores):
            here = store_of == number
            crops[here] = store.crops(rows[here] - self.starts[number])
            samples[here] = store.samples[rows[here] - self.starts[number]]
        rng = np.random.default_rng([self.seed, step, self.part[0]])
        mirrored = rng.random(len(rows)) < 0.5
        crops, offsets, landmarks = mirror_batch(crops, samples["offsets"], samples["landmarks"], mirrored)
        crops = downscale_batch(colour_batch(crops, rng), rng, self.coarse)
        crops = cutout_batch(crops, rng, self.covered)
        crops, mixed = mixup_batch(crops, rng, self.mixed)
        crops, zoomed = random_crop_batch(crops, rng, self.zoomed)
        return as_batch(crops, samples["kind"], offsets, landmarks, mixed | zoomed)

    def _turn(self, code: int, start: int, count: int) -> NDArray[np.int64]:
        """Samples `start` to `start + count` of an endless row: the kind's samples, shuffled anew each time round."""
        rows = self.rows[code]
        picked = []
        while count:
            epoch, at = divmod(start, len(rows))
            taken = self._order(code, epoch)[at : at + count]
            picked.append(rows[taken])
            start, count = start + len(taken), count - len(taken)
        return np.concatenate(picked)

    def _order(self, code: int, epoch: int) -> NDArray[np.int64]:
        if (code, epoch) not in self._orders:
            self._orders.pop((code, epoch - 2), None)
            shuffler = np.random.default_rng([self.seed, code, epoch, 1])
            self._orders[code, epoch] = shuffler.permutation(len(self.rows[code]))
        return self._orders[code, epoch]


def ahead(batches: Batches, first: int, end: int) -> Iterator[Batch]:
    """The batches of steps `first` to `end`, made by another thread while the net works on those before."""
    ready: queue.Queue[Batch | BaseException] = queue.Queue(AHEAD)
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
                hand_over(batches(step))
                if stopped.is_set():
                    return
        except BaseException as error:  # it must show where the batch is asked for
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
