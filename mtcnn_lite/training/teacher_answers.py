"""What a teacher says of every sample of a store: asked once, about each crop as it was cut and about its mirror image.

Asked again in every step, as its crops are changed, a teacher would take a third of O-Net's training time.
"""

from contextlib import closing
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm

from mtcnn_lite.boxes import Floats
from mtcnn_lite.images import Pixels
from mtcnn_lite.nets import NetOutput, normalise
from mtcnn_lite.runtime.files import digest, npy_bytes, write_whole
from mtcnn_lite.runtime.parallel import in_own_thread, map_in_processes
from mtcnn_lite.runtime.threads import use_one_thread
from mtcnn_lite.sampling.store import Store
from mtcnn_lite.training.run_folder import notice

SAMPLES_AT_ONCE = 512  # that a process asks about; with other batches, last digits would differ
FACE, OFFSETS, LANDMARKS = (
    slice(0, 2),
    slice(2, 6),
    slice(6, 16),
)  # columns of an answer: logits, offsets, x1..x5 y1..y5
SEAL = 16  # bytes behind the array: a digest of it


def teacher_answers(store: Store, teacher: nn.Module, workers: int = 1, progress: bool = False) -> Floats:
    """A teacher's answers to all samples of a store, float32 (N, 2, 16), or (N, 2, 6) where it has no landmark head.

    Parameters
    ----------
    store : Store
        N samples of the size that the teacher reads.
    teacher : Module
        A trained P-Net, R-Net or O-Net.
    workers : int
        Processes that share the work; the answers are the same, bit for bit, with any number.
    progress : bool
        Show a progress bar.

    Returns
    -------
    array
        Axis 1: of the crop as it was cut, of its mirror image. Axis 2: two logits (no face, face), four offsets, the
        landmarks' five x and five y, in parts of the window's side. A mirror image's answer is about that image: it is
        what a net should say when it sees it.
    """
    runs = [np.arange(start, min(start + SAMPLES_AT_ONCE, len(store)), dtype=np.int64)
            for start in range(0, len(store), SAMPLES_AT_ONCE)]  # fmt: skip
    teacher.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack it
    columns = LANDMARKS.stop if teacher.landmarks is not None else OFFSETS.stop
    answers = np.empty((len(store), 2, columns), np.float32)
    done = map_in_processes(min(workers, len(runs)), _ask, runs, _begin, teacher, store.root)
    with closing(done):
        for run, answered in zip(runs, tqdm(done, "teacher", len(runs), disable=not progress), strict=True):
            answers[run] = answered
    return answers


def as_output(answers: Tensor) -> NetOutput:
    """Rows of `teacher_answers`, (N, 16) or (N, 6), by their names."""
    points = answers[:, LANDMARKS] if answers.shape[1] == LANDMARKS.stop else None
    return NetOutput(answers[:, FACE], answers[:, OFFSETS], points)


def keep_answers(path: Path, store: Store, teacher: nn.Module, workers: int = 1, progress: bool = False) -> None:
    """Write `teacher_answers` to a file, unless they are there; a damaged file is named, and written again.

    Parameters
    ----------
    path : Path
        The file; a digest of it stands at its end.
    store : Store
    teacher : Module
        It is not asked whether the file's answers are its own: a training run has one teacher.
    workers : int
        Processes that share the work.
    progress : bool
        Show a progress bar.
    """
    if path.exists():
        if _read(path) is not None:
            return
        notice(path, "the teacher is asked again")
    answers = npy_bytes(teacher_answers(store, teacher, workers, progress))
    write_whole(path, lambda part: part.write_bytes(bytes(answers) + digest([answers]).encode()))


def kept_answers(path: Path) -> Floats:
    """What `keep_answers` wrote.

    Raises
    ------
    ValueError
        Where the file is missing or damaged.
    """
    answers = _read(path)
    if answers is None:
        raise ValueError(f"{path} is missing or damaged; run what writes it once more")
    return answers


_teacher: nn.Module | None = None  # this process's own, and the samples: sent to it once, not with each batch
_store: Store | None = None


def _begin(teacher: nn.Module, folder: Path) -> None:
    global _teacher, _store
    _teacher, _store = teacher, Store(folder)


def _ask(rows: NDArray[np.int64]) -> Floats:
    """The answers to some samples, (n, 2, 16) or (n, 2, 6)."""
    assert _store is not None
    crops = _store.crops(rows)
    mirrored = np.ascontiguousarray(crops[:, :, ::-1])
    return np.stack([in_own_thread(_alone, seen) for seen in (crops, mirrored)], axis=1)


def _alone(crops: Pixels) -> Floats:
    """The teacher's answers to crops, (n, 16) or (n, 6), by one thread: with more, last digits could differ."""
    use_one_thread()
    assert _teacher is not None
    with torch.inference_mode():
        said = _teacher(normalise(crops)).flat
        return torch.cat([part for part in said if part is not None], dim=1).numpy()


def _read(path: Path) -> Floats | None:
    """The array in a file whose seal fits, else None."""
    try:
        content = path.read_bytes()
        if content[-SEAL:] != digest([memoryview(content)[:-SEAL]]).encode():
            return None
        return np.load(path)
    except (OSError, ValueError, EOFError):
        return None
