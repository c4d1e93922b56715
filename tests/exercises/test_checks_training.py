"""The judge of chapter 09: right answers pass however they are written, wrong ones are named."""

import cmath
import math

import numpy as np
import pytest
import torch
from judging import check_named

from mtcnn_lite.course import checks
from mtcnn_lite.course.checks.learning_rate import JUDGE
from mtcnn_lite.training import plan

# --- right


def by_hand(step, steps, peak, warm_up):
    if step < warm_up:
        return peak / warm_up * (step + 1)
    return peak * math.cos(math.pi / 2 * (step - warm_up) / (steps - warm_up)) ** 2


def by_numpy(step, steps, peak, warm_up):
    """All rates at once, then the one that is asked for."""
    rising = np.arange(1, warm_up + 1) / max(warm_up, 1)
    falling = (1 + np.cos(np.linspace(0, np.pi, steps - warm_up + 1)[:-1])) / 2
    return (peak * np.concatenate([rising, falling]))[step]


def by_torch(step, steps, peak, warm_up):
    if step < warm_up:
        return torch.tensor(peak * (step + 1) / warm_up, dtype=torch.float64)
    done = torch.tensor((step - warm_up) / (steps - warm_up), dtype=torch.float64, requires_grad=True)
    return peak * (1 + torch.cos(torch.pi * done)) / 2


def by_torchs_own_schedule(step, steps, peak, warm_up):
    """CosineAnnealingLR, asked step by step."""
    if step < warm_up:
        return peak * (step + 1) / warm_up
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=peak)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=steps - warm_up)
    for _ in range(step - warm_up):
        optimiser.step()
        schedule.step()
    return schedule.get_last_lr()[0]


def by_a_turn(step, steps, peak, warm_up):
    share = (step + 1) / warm_up if step < warm_up else cmath.exp(1j * math.pi * (step - warm_up) / (steps - warm_up))
    return peak * share if step < warm_up else peak * (1 + share.real) / 2


RIGHT = [by_hand, by_numpy, by_torch, by_torchs_own_schedule, by_a_turn, plan.learning_rate]


@pytest.mark.parametrize("fn", RIGHT, ids=lambda fn: fn.__name__)
def test_right_rates_pass(fn):
    verdict = checks.learning_rate(fn)
    assert verdict, verdict


def test_cases_by_hand():
    root = math.sqrt(3) / 2
    found = [float(answer) for answer in JUDGE.answers[:11]]
    np.testing.assert_allclose(found, [1 / 4, 1 / 2, 1, 1, (1 + root) / 2, 1 / 2, (1 - root) / 2, 1 / 4, 1,
                                       (1 - math.sqrt(1 / 2)) / 2, 1])  # fmt: skip


# --- wrong


def with_(rise=None, fall=None, before=lambda step, warm_up: step < warm_up):
    """The right schedule with another rise (step, warm_up) or fall (step, steps, warm_up), as shares of the peak."""

    def fn(step, steps, peak, warm_up):
        if before(step, warm_up):
            return peak * (rise(step, warm_up) if rise else (step + 1) / warm_up)
        done = (step - warm_up) / (steps - warm_up) if steps > warm_up else 1
        return peak * (fall(step, steps, warm_up) if fall else 0.5 + 0.5 * math.cos(math.pi * done))

    return fn


def done(step, steps, warm_up):
    return (step - warm_up) / (steps - warm_up)


def cosine_without_warm_up(step, steps, peak, warm_up):
    return peak * 0.5 * (1 + math.cos(math.pi * step / steps))


def multiplied(step, steps, peak, warm_up):
    warm = min(1, (step + 1) / warm_up) if warm_up else 1
    return warm * cosine_without_warm_up(step, steps, peak, warm_up)


WRONG = {
    "from 0": (with_(rise=lambda s, w: s / w), "The first rate is 0"),
    "short of the peak": (with_(rise=lambda s, w: (s + 1) / (w + 1)), "falls short of the peak"),
    "no warm-up": (cosine_without_warm_up, "There is no warm-up"),
    "flat warm-up": (with_(rise=lambda s, w: 1), "starts at the peak"),
    "downwards": (with_(rise=lambda s, w: 1 - s / w), "The warm-up goes down"),
    "cosine warm-up": (with_(rise=lambda s, w: math.sin(math.pi / 2 * (s + 1) / w) ** 2), "rises along a cosine"),
    "over the peak": (with_(before=lambda s, w: s <= w, rise=lambda s, w: (s + 1) / max(w, 1)), "above the peak"),
    "never falls": (with_(fall=lambda s, n, w: 1), "never falls"),
    "constant": (lambda step, steps, peak, warm_up: peak, "same at every step"),
    "a line": (with_(fall=lambda s, n, w: (n - s) / (n - w)), "a straight line"),
    "from step 0": (with_(fall=lambda s, n, w: 0.5 + 0.5 * math.cos(math.pi * s / n)), "counted from step 0"),
    "too slow": (with_(fall=lambda s, n, w: 0.5 + 0.5 * math.cos(math.pi * (s - w) / n)), "too slow"),
    "to 0": (
        with_(fall=lambda s, n, w: 0.5 + 0.5 * math.cos(math.pi * (s - w) / max(n - w - 1, 1))),
        "The last step has a rate of 0",
    ),
    "early": (
        with_(fall=lambda s, n, w: 0.5 + 0.5 * math.cos(math.pi * (s - w + 1) / (n - w))),
        "begins one step early",
    ),
    "whole cosine": (with_(fall=lambda *a: 0.5 + 0.5 * math.cos(2 * math.pi * done(*a))), "comes back up"),
    "negative": (with_(fall=lambda *a: math.cos(math.pi * done(*a))), "becomes negative"),
    "twice": (with_(fall=lambda *a: 1 + math.cos(math.pi * done(*a))), "twice the rate"),
    "quarter": (with_(fall=lambda *a: math.cos(math.pi / 2 * done(*a))), "A quarter of a cosine"),
    "upside down": (with_(fall=lambda *a: 0.5 - 0.5 * math.cos(math.pi * done(*a))), "upside down"),
    "degrees": (with_(fall=lambda *a: 0.5 + 0.5 * math.cos(180 * done(*a))), "radians"),
    "without pi": (with_(fall=lambda *a: 0.5 + 0.5 * math.cos(done(*a))), "pi is missing"),
    "exponential": (with_(fall=lambda *a: 0.1 ** done(*a)), "exponential"),
    "multiplied": (multiplied, "are multiplied"),
    "no peak": (lambda step, steps, peak, warm_up: by_hand(step, steps, 1, warm_up), "peak is not used"),
    "all of them": (lambda *a: [by_hand(k, *a[1:]) for k in range(a[1])], "All rates came back"),
    "nothing": (lambda step, steps, peak, warm_up: None, "is a `return` missing"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_rates_are_named(name):
    fn, hint = WRONG[name]
    check_named(checks.learning_rate(fn), hint)


def test_a_division_by_no_warm_up_is_told_what_to_test():
    verdict = checks.learning_rate(lambda step, steps, peak, warm_up: (
        min((step + 1) / warm_up, 1) and by_hand(step, steps, peak, warm_up)))  # fmt: skip
    assert "if step < warm_up" in verdict.hint
