"""What the judges of losses share: samples, a hint, and changes of answers and of probabilities."""

from functools import partial
from typing import Any

import numpy as np

from mtcnn_lite.course.checks.judge.slips import Change
from mtcnn_lite.course.checks.judge.text import Array

NO_SAMPLE = "Here N is 0: there is no sample. The answer is an empty array of shape (0,)."


def samples(*pairs: tuple[float, int]) -> tuple[Array, Array]:
    """Probabilities of a face, float64 (N,), and labels, int64 (N,)."""
    rows = np.array(pairs, dtype=np.float64).reshape(-1, 2)
    return rows[:, 0], rows[:, 1].astype(np.int64)


def random_samples(count: int) -> tuple[Array, Array]:
    """So many of them, with whole percents from 1 to 99."""
    rng = np.random.default_rng(count)
    return rng.integers(1, 100, count) / 100, rng.integers(0, 2, count)


def truth(p: Array, y: Array) -> Array:
    """The probability given to the truth."""
    return np.where(y == 1, p, 1 - p)


# --- changes, for `slips.after` and `slips.before`


def mean(losses: Array) -> Any:
    """Their mean, 0 where there is none."""
    return losses.mean() if len(losses) else 0.0


def over_count(losses: Array) -> Array:
    """Each divided by how many there are."""
    return losses / max(1, len(losses))


def sigmoid(p: Array) -> Array:
    """As if a probability were a logit."""
    return 1 / (1 + np.exp(-p))


def cut_off(*least: float) -> list[Change]:
    """Probabilities kept away from 0 and 1, by each of the distances."""
    return [partial(np.clip, a_min=one, a_max=1 - one) for one in least]
