"""The judge of `learning_rate`: how large the next step is, a warm-up and then half a cosine."""

import math
from collections.abc import Callable
from functools import partial

from mtcnn_lite.course.checks.judge import Case, Function, Hints, Judge, Verdict, slips


def learning_rate(fn: Function) -> Verdict:
    """Judges `fn(step, steps, peak, warm_up) -> rate`, the rate of step number `step`, counted from 0, of `steps`.

    It rises evenly over the first `warm_up` steps, of which the last has `peak`; the step after them has `peak` once
    more, and from there it falls along half a cosine that would reach 0 at step number `steps`. warm_up may be 0 or
    `steps`.

    >>> learning_rate(lambda step, steps, peak, warm_up: peak).hint[:35]
    'The rate is the same at every step.'
    """
    return JUDGE.verdict(fn)


def _half_cosine(done: float) -> float:
    return (1 + math.cos(math.pi * done)) / 2


def _rising(step: int, warm_up: int) -> float:
    return (step + 1) / max(warm_up, 1)


def _rate(
    step: int,
    steps: int,
    peak: float,
    warm_up: int,
    rise: Callable[[int, int], float] = _rising,
    done: Callable[[int, int, int], float] = lambda step, steps, warm_up: (step - warm_up) / max(steps - warm_up, 1),
    fall: Callable[[float], float] = _half_cosine,
    rises: Callable[[int, int], bool] = lambda step, warm_up: step < warm_up,
) -> float:
    """The right rate; and with another rise or fall, another end of the rise, or where another part of the fall is
    `done`, the wrong ones."""
    return peak * (rise(step, warm_up) if rises(step, warm_up) else fall(done(step, steps, warm_up)))


def _from_start(step: int, steps: int, warm_up: int) -> float:
    return step / steps


_but = partial(slips.but, _rate)

_HINTS: Hints = {
    "The first rate is 0, so the first step teaches nothing. Steps count from 0: step + 1 of warm_up.": _but(
        rise=lambda step, warm_up: step / max(warm_up, 1)
    ),
    "The warm-up falls short of the peak: its last step, number warm_up - 1, has the peak. Divide by warm_up.": _but(
        rise=lambda step, warm_up: (step + 1) / (warm_up + 1)
    ),
    "There is no warm-up: the fall begins at once. The first warm_up steps rise evenly.": (
        *_but(rises=lambda step, warm_up: False),
        *_but(rises=lambda step, warm_up: False, done=_from_start),
    ),
    "The warm-up starts at the peak and stays there. It rises evenly: the first step has peak / warm_up.": _but(
        rise=lambda step, warm_up: 1.0
    ),
    "The warm-up goes down. It begins small, at peak / warm_up, and grows.": _but(
        rise=[lambda step, warm_up: 1 - step / max(warm_up, 1), lambda step, warm_up: 1 - _rising(step, warm_up)]
    ),
    "The warm-up is counted in all steps: it is over after warm_up steps, not after `steps`.": (
        lambda step, steps, peak, warm_up: _rate(step, steps, peak, warm_up, rise=lambda s, w: (s + 1) / steps)
    ),
    "The warm-up rises along a cosine. It rises evenly, by peak / warm_up a step; only the fall is a cosine.": _but(
        rise=lambda step, warm_up: 1 - _half_cosine(_rising(step, warm_up))
    ),
    "The rate rises above the peak: step number warm_up no longer belongs to the warm-up. Test with <, not <=.": _but(
        rises=lambda step, warm_up: step <= warm_up
    ),
    "The rate never falls. After the warm-up it goes down along half a cosine.": _but(fall=lambda done: 1.0),
    "The rate is the same at every step.": lambda step, steps, peak, warm_up: peak,
    "The fall is a straight line. Half a cosine is flat at both ends: (1 + cos(pi * done)) / 2.": _but(
        fall=lambda done: 1 - done
    ),
    "The fall is counted from step 0. It begins after the warm-up: done = (step - warm_up) / (steps - warm_up).": _but(
        done=_from_start
    ),
    "The fall is too slow: it has steps - warm_up steps, not `steps`.": _but(
        done=lambda step, steps, warm_up: (step - warm_up) / steps
    ),
    "The last step has a rate of 0 and teaches nothing. The 0 comes one step later: divide by steps - warm_up.": _but(
        done=lambda step, steps, warm_up: (step - warm_up) / max(steps - 1 - warm_up, 1)
    ),
    "The fall begins one step early: step number warm_up still has the peak.": _but(
        done=lambda step, steps, warm_up: (step + 1 - warm_up) / max(steps - warm_up, 1)
    ),
    "The rate comes back up: a whole cosine was taken. Half of one, from 0 to pi, ends at 0.": _but(
        fall=lambda done: _half_cosine(2 * done)
    ),
    "The rate becomes negative, which would walk up the loss: cos goes from 1 to -1. (1 + cos) / 2 ends at 0.": _but(
        fall=lambda done: math.cos(math.pi * done)
    ),
    "That is twice the rate: 1 + cos begins at 2. Halve it.": (
        *_but(fall=lambda done: 2 * _half_cosine(done)),
        *slips.after(_rate, lambda rate: 2 * rate),
    ),
    "A quarter of a cosine was taken: cos(pi / 2 * done). The rule is (1 + cos(pi * done)) / 2.": _but(
        fall=lambda done: math.cos(math.pi / 2 * done)
    ),
    "The fall is upside down: it begins at 0 and ends at the peak. (1 + cos(pi * done)) / 2 begins at 1.": _but(
        fall=lambda done: 1 - _half_cosine(done)
    ),
    "cos takes radians: half a turn is pi, not 180.": _but(fall=lambda done: (1 + math.cos(180 * done)) / 2),
    "pi is missing: cos(done) hardly falls. Half a turn is pi.": _but(fall=lambda done: (1 + math.cos(done)) / 2),
    "The fall is exponential or in jumps. Here it is half a cosine.": _but(
        fall=[
            lambda done: 0.1**done,
            lambda done: 0.01**done,
            lambda done: math.exp(-done),
            lambda done: 1.0 if done < 0.5 else 0.1,
        ]
    ),
    "Warm-up and fall are multiplied, the fall counted from step 0. They take turns: one, then the other.": (
        lambda step, steps, peak, warm_up: (
            peak * min(1.0, _rising(step, warm_up) if warm_up else 1.0) * _half_cosine(step / steps)
        )
    ),
    "peak is not used: the answer is a share of it. Multiply.": slips.fixed(_rate, peak=1.0),
    "All rates came back. The answer is one number, that of the step asked for.": (
        lambda step, steps, peak, warm_up: [_rate(k, steps, peak, warm_up) for k in range(steps)]
    ),
}

_DIVISION = "Here one of the two parts has no step. Divide by its length only where it has one: if step < warm_up."
_CASES = (
    Case("the first step of a warm-up of four", (0, 10, 1.0, 4)),
    Case("the second step", (1, 10, 1.0, 4)),
    Case("the last step of the warm-up", (3, 10, 1.0, 4)),
    Case("the step after the warm-up", (4, 10, 1.0, 4)),
    Case("one step later: the fall has begun", (5, 10, 1.0, 4)),
    Case("half of the fall", (7, 10, 1.0, 4)),
    Case("the last step of all", (9, 10, 1.0, 4)),
    Case("another peak", (7, 10, 0.5, 4)),
    Case("no warm-up, the first step", (0, 8, 1.0, 0), _DIVISION),
    Case("no warm-up, later on", (6, 8, 1.0, 0), _DIVISION),
    Case("nothing but warm-up", (7, 8, 1.0, 8), _DIVISION),
    Case("P-Net's first stage on WIDER FACE, in its warm-up", (99, 4000, 0.004, 200)),
    Case("the same, near its end", (3900, 4000, 0.004, 200)),
)

JUDGE = Judge("learning_rate", ("step", "steps", "peak", "warm_up"), _rate, _CASES, _HINTS, tolerance=1e-8)
