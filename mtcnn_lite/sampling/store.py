"""Samples on disk: crops and targets in shards that are mapped into memory, and can be resumed after any interruption.

A store is a folder. `store.json` says what it holds; shard 7 is `00007.crops.npy`, uint8 (n, size, size, 3), and
`00007.samples.npy`, n records of `sampling.SAMPLE`. A file has its final name only once it is whole, and each photo has
a random generator of its own, so what a shard holds depends neither on the other shards nor on who wrote them when.

Behind its array, where `np.load` does not look, a samples file ends with a seal: a digest of what the store holds, of
the shard's crops and of its samples. So a shard that is damaged, or another store's, is found out and drawn again.
"""

import json
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.images import Pixels
from mtcnn_lite.runtime.files import digest, finished, npy_bytes, remove_unfinished, write_whole
from mtcnn_lite.runtime.parallel import map_in_processes
from mtcnn_lite.sampling.config import SamplingConfig
from mtcnn_lite.sampling.sampler import KINDS, SAMPLE, Propose, Samples, counts, sample

if TYPE_CHECKING:
    from mtcnn_lite.sampling.proposals import Proposals

SHARD = re.compile(r"\d{5}\.(crops|samples)\.npy")
SEAL = 16  # bytes
PHOTOS_A_SHARD = 32  # a crowd's 48 px crops of 32 photos are some 100 MB: what a process holds at once


class StoreError(ValueError):
    """A folder that holds no store, an unfinished one, or another one than asked for; the message says which."""


def write_store(
    folder: str | os.PathLike[str],
    photos: Sequence[LabelledPhoto],
    size: int,
    seed: int = 0,
    config: SamplingConfig | None = None,
    proposals: "Proposals | None" = None,
    workers: int = 1,
    progress: bool = False,
) -> "Store":
    """Draw the samples of all photos, and write them to a folder.

    Where the folder holds a part of the same store (same photos, size, seed, config, proposals), only what is missing
    is drawn, and what is damaged, which standard error names. The result is the same, byte for byte, whatever the
    interruptions and the number of processes.

    Parameters
    ----------
    folder
        Where to; made where it is missing.
    photos
        At least one.
    size
        What the net reads, px: 12, 24 or 48.
    seed
        With a photo's number, the seed of its random generator.
    config
        How many windows of each sort, and the bounds between the kinds.
    proposals
        Windows that the cascade so far lets through, for R-Net and O-Net.
    workers
        Processes that share the work.
    progress
        Show a bar.

    Raises
    ------
    StoreError
        Where the folder holds something else; nothing is changed then.
    WorkerError
        Where one of the processes was killed.
    """
    root, config = Path(folder), config or SamplingConfig()
    starts = range(0, len(photos), PHOTOS_A_SHARD)
    plan = {
        "size": size,
        "seed": seed,
        "recipe": asdict(config),  # this key is on disk since the first store
        "proposals": proposals.name if proposals else None,
        "photos": photos_digest(photos),
        "shards": len(starts),
        "kinds": list(KINDS),
    }
    if not photos:
        raise StoreError("photos is empty: there is nothing to draw samples from")
    root.mkdir(parents=True, exist_ok=True)
    if any(finished(root)):
        _check(root, plan)
    remove_unfinished(root)
    write_whole(root / "store.json", lambda path: path.write_bytes(_bytes(plan)))

    runs = [(shard, photos[start : start + PHOTOS_A_SHARD]) for shard, start in enumerate(starts)
            if not _is_whole(root, shard, plan)]  # fmt: skip
    work = partial(_write_shard, root, plan, config)
    done = map_in_processes(min(workers, len(runs)), work, runs, _set_proposer, proposals)
    try:
        with closing(done):
            for _ in tqdm(done, f"{size} px samples", len(runs), unit="shard", disable=not progress):
                pass
    finally:
        remove_unfinished(root)  # of processes that were stopped
    return Store(root)


def _check(root: Path, plan: dict[str, Any]) -> None:
    """Raise StoreError unless the folder holds the store that `plan` describes: its store.json says so, or a seal."""
    try:
        held = _plan(root)
        other = next((key for key, value in plan.items() if held.get(key) != value), None)
        problem = other and StoreError(
            f"{root} holds samples of another {other} ({held.get(other)!r}, not {plan[other]!r}); "
            "delete it or choose another folder"
        )
    except StoreError as error:
        problem = error
    if problem:
        names = {path.name for path in finished(root)} - {"store.json"}
        sealed = any(_seal_fits(root, shard, plan) for shard in range(plan["shards"]))
        if not all(map(SHARD.fullmatch, names)) or not (sealed or not names):
            raise problem
        print(f"{root / 'store.json'} is damaged or missing: written again", file=sys.stderr)


class Store:
    """A finished store, read: `len(store)` samples, numbered through all shards. Crops stay on disk until asked for.

    Raises StoreError where the folder holds none, or only a part of one.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.root = Path(folder)
        self.plan = _plan(self.root)
        self.size: int = self.plan["size"]
        names = [_names(self.root, shard) for shard in range(self.plan["shards"])]
        missing = [str(samples) for _, samples in names if not samples.exists()]
        if missing:
            raise StoreError(f"{self.root}: {len(missing)} of {len(names)} shards are missing, {missing[0]} first; "
                             "run what writes it once more to finish it")  # fmt: skip
        self._crops = [_load(crops, mapped=True) for crops, _ in names]
        columns = [_load(samples) for _, samples in names]
        for (crops_name, _), crops, samples in zip(names, self._crops, columns, strict=True):
            if crops.shape != (len(samples), self.size, self.size, 3):
                raise StoreError(
                    f"{crops_name}: holds crops of shape {crops.shape} for {len(samples)} samples; damaged"
                )
        self.samples: Samples = np.concatenate(columns)
        self._starts = np.cumsum([0, *(len(crops) for crops in self._crops)])

    def __len__(self) -> int:
        return len(self.samples)

    def __repr__(self) -> str:
        each = ", ".join(f"{count:,} {kind}" for kind, count in self.counts.items())
        return f"Store({len(self):,} samples of {self.size} px: {each})"

    @cached_property
    def counts(self) -> dict[str, int]:
        return counts(self.samples)

    def rows(self, kind: str) -> NDArray[np.int64]:
        """The numbers of the samples of one kind."""
        return np.flatnonzero(self.samples["kind"] == KINDS.index(kind))

    def crops(self, rows: NDArray[np.int64]) -> Pixels:
        """The crops of these samples, uint8 (n, size, size, 3), in their order."""
        crops = np.empty((len(rows), self.size, self.size, 3), np.uint8)
        shard_of = np.searchsorted(self._starts, rows, side="right") - 1
        for shard in np.unique(shard_of):
            here = shard_of == shard
            crops[here] = self._crops[shard][rows[here] - self._starts[shard]]
        return crops


def _write_shard(
    root: Path, plan: dict[str, Any], config: SamplingConfig, run: tuple[int, Sequence[LabelledPhoto]]
) -> dict[str, int]:
    """Draw one shard, write it, and say how many samples of each kind it holds. The samples' file comes last."""
    shard, photos = run
    size, seed = plan["size"], plan["seed"]
    samples, crops = [np.zeros(0, SAMPLE)], [np.zeros((0, size, size, 3), np.uint8)]
    for number, photo in enumerate(photos, shard * PHOTOS_A_SHARD):
        drawn, cut = sample(photo, size, np.random.default_rng([seed, number]), config, _proposer)
        drawn["photo"] = number
        samples.append(drawn)
        crops.append(cut)
    crops_name, samples_name = _names(root, shard)
    whole, cut = np.concatenate(samples), np.concatenate(crops)
    del crops  # memory: they may be 100 MB
    parts = npy_bytes(cut), npy_bytes(whole)
    write_whole(crops_name, lambda path: path.write_bytes(parts[0]))
    write_whole(samples_name, lambda path: path.write_bytes(bytes(parts[1]) + _seal(plan, *parts)))
    return counts(whole)


def _seal(plan: dict[str, Any], crops: bytes | memoryview, samples: bytes | memoryview) -> bytes:
    return digest([_bytes(plan), crops, samples]).encode()


def _seal_fits(root: Path, shard: int, plan: dict[str, Any]) -> bool:
    """Whether this very store's shard is there, with every bit as it was written."""
    try:
        crops, samples = (name.read_bytes() for name in _names(root, shard))
    except OSError:
        return False
    return samples[-SEAL:] == _seal(plan, crops, samples[:-SEAL])


def _is_whole(root: Path, shard: int, plan: dict[str, Any]) -> bool:
    """Whether a shard is there and whole; standard error names one that is damaged."""
    crops_name, samples_name = _names(root, shard)
    if not samples_name.exists():
        return False
    if _seal_fits(root, shard, plan) or _is_earlier_version(crops_name, samples_name, plan["size"]):
        return True
    print(f"{samples_name} and its crops are damaged: drawn again", file=sys.stderr)
    return False


def _is_earlier_version(crops_name: Path, samples_name: Path, size: int) -> bool:
    """Whether a shard has no seal, but arrays that fit each other and their files."""
    try:
        crops, samples = (np.load(name, mmap_mode="r") for name in (crops_name, samples_name))
    except (OSError, ValueError, EOFError):
        return False
    fits = [name.stat().st_size == array.offset + array.nbytes for name, array in
            ((crops_name, crops), (samples_name, samples))]  # fmt: skip
    return all(fits) and crops.shape == (len(samples), size, size, 3) and samples.dtype == SAMPLE


_proposer: Propose | None = None  # this process's own: a detector is made once a worker, not once a shard


def _set_proposer(proposals: "Proposals | None") -> None:
    global _proposer
    _proposer = proposals() if proposals else None


def _names(root: Path, shard: int) -> tuple[Path, Path]:
    return root / f"{shard:05}.crops.npy", root / f"{shard:05}.samples.npy"


def _load(path: Path, mapped: bool = False) -> NDArray[Any]:
    try:
        return np.load(path, mmap_mode="r" if mapped else None)
    except (OSError, ValueError, EOFError) as error:
        raise StoreError(f"{path}: missing or damaged ({error}); run what writes it once more to mend it") from None


def _plan(root: Path) -> dict[str, Any]:
    try:
        if not (root / "store.json").is_file():  # a named pipe would be waited for
            raise TypeError
        plan: dict[str, Any] = json.loads((root / "store.json").read_text())
        if not isinstance(plan["size"], int) or not isinstance(plan["shards"], int):
            raise TypeError
    except (OSError, ValueError, KeyError, TypeError):
        raise StoreError(f"{root} is no sample store: it has no readable store.json") from None
    return plan


def _bytes(plan: dict[str, Any]) -> bytes:
    return json.dumps(plan, indent=1).encode()


def photos_digest(photos: Sequence[LabelledPhoto]) -> str:
    """A short name for this list of photos and labels, in this order; photos in files count by their file names."""

    def parts() -> Iterator[bytes]:
        for photo in photos:
            yield photo.source.name.encode() if isinstance(photo.source, Path) else photo.source.tobytes()
            for array in (photo.boxes, photo.landmarks, photo.ignore, np.array(photo.complete)):
                yield repr(array.shape).encode() + array.tobytes()

    return f"{len(photos)} photos, {digest(parts())}"
