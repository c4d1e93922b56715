"""The judge of `train_rnet`: a short training recipe in which six faults may sit, which is told by what it costs."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np

from mtcnn_lite.course.checks.judge import Case, Function, Functions, Hints, Judge, Verdict


def train_rnet(fn: Function) -> Verdict:
    """Judges `fn(net, pnet, propose, new_optimiser, steps) -> costs`, the recipe of the training clinic, repaired.

    It runs for a few steps on a toy of a net and on samples that are made up; what each step costs tells which of the
    clinic's faults are in it. The costs are (steps, 3): detection, box, landmark.

    >>> from mtcnn_lite.course.clinic import train_rnet as recipe
    >>> train_rnet(lambda *given: recipe(*given, faults=["softmax"])).hint[:24]
    'Softmax is taken twice: '
    """
    return JUDGE.verdict(fn)


class _Toy:
    """A net of one layer, float64: each answer is a weighted sum of the pixels."""

    @cached_property
    def weights(self) -> Any:
        import torch  # only once a function is judged

        return (torch.sin(torch.arange(16 * 48, dtype=torch.float64) * 1.7).reshape(48, 16) / 8).requires_grad_()

    def __repr__(self) -> str:
        return "net"

    def __call__(self, crops: Any) -> tuple[Any, Any, Any]:
        said = crops.flatten(1) @ self.weights  # (N, 16)
        return said[:, :2], said[:, 2:6], said[:, 6:].reshape(-1, 5, 2)

    def parameters(self) -> list[Any]:
        return [self.weights]

    def __deepcopy__(self, memo: Any) -> "_Toy":
        return _Toy()


class _Word:
    """An argument that is only handed on, or called; it reads as its name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


class _Propose(_Word):
    """`propose`: made up samples, others where no net is asked."""

    def __call__(self, nets: Sequence[Any]) -> Any:
        if not isinstance(nets, list | tuple):
            raise TypeError("propose takes a list of nets: [pnet]")
        seed = len(nets)

        def samples(step: int) -> tuple[Any, ...]:
            import torch

            rng = np.random.default_rng([seed, step])
            crops, where = rng.normal(size=(8, 3, 4, 4)), rng.uniform(0, 50, (8, 2))
            windows = np.concatenate([where, where + rng.uniform(20, 40, (8, 1))], axis=1)
            boxes = windows + rng.uniform(-9, 9, (8, 4))
            faces = np.arange(8) % 2
            boxes[faces == 0] = np.nan
            points = rng.uniform(0, 1, (8, 5, 2)) * np.where(faces, 1, np.nan)[:, None, None]
            return tuple(torch.from_numpy(each) for each in (crops, faces, windows, boxes, points))

        return samples


class _Adam(_Word):
    """`new_optimiser`."""

    def __call__(self, parameters: Iterable[Any]) -> Any:
        import torch

        return torch.optim.Adam(parameters, lr=0.05)


def _recipe(*faults: str) -> Function:
    def recipe(net: Any, pnet: Any, propose: Any, new_optimiser: Any, steps: Any) -> Any:
        from mtcnn_lite.course.clinic import train_rnet as right  # torch is loaded only here

        return right(net, pnet, propose, new_optimiser, steps, faults)

    return recipe


_NAMED = {
    "windows": "R-Net learns from random windows. In use it meets what P-Net lets through: propose([pnet]).",
    "zeros": "The boxes' targets are all zero, on faces too: choose the rows where `faces` is 1.",
    "sign": "The offsets' targets have the wrong sign: they lead from the window to the box, boxes - windows.",
    "mirror": "In the mirror left and right change places, the points' rows too: points[:, [1, 0, 2, 4, 3]].",
    "softmax": "Softmax is taken twice: cross_entropy takes logits, and softmax is in it.",
    "optimiser": "Each step has a new optimiser, which has forgotten all gradients so far. Make one, before the loop.",
}


def _with(first: str) -> Functions:
    """The recipes whose first fault, in the order of _NAMED, is this one: alone, and with any of those after it."""
    others = [*_NAMED][[*_NAMED].index(first) + 1 :]
    some = (more for count in range(len(others) + 1) for more in combinations(others, count))
    return tuple(_recipe(first, *more) for more in some)


_HINTS: Hints = {hint: _with(fault) for fault, hint in _NAMED.items()}

_TOOLS = (_Toy(), _Word("pnet"), _Propose("propose"), _Adam("new_optimiser"))
_CASES = (
    Case("three steps, the second in the mirror", (*_TOOLS, 3)),
    Case("six steps", (*_TOOLS, 6)),
)

JUDGE = Judge(
    "train_rnet",
    ("net", "pnet", "propose", "new_optimiser", "steps"),
    _recipe(),
    _CASES,
    _HINTS,
    tolerance=1e-6,
    columns=("detection", "box", "landmark"),
)
