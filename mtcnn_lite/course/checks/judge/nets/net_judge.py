"""The judge of a net: fills what a reader hands over with values, and compares what it says with what the net says."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.parameter import is_lazy

from mtcnn_lite.course.checks.judge import drawing
from mtcnn_lite.course.checks.judge.compare import Difference
from mtcnn_lite.course.checks.judge.judge import Case, Judge
from mtcnn_lite.course.checks.judge.nets.answers import adapted, described, odd, raw_answer, shapes, takes
from mtcnn_lite.course.checks.judge.nets.inputs import net_cases
from mtcnn_lite.course.checks.judge.nets.plans import PLANS, Plan, answer
from mtcnn_lite.course.checks.judge.nets.structure import listing, misfit, stopped_in_a_layer
from mtcnn_lite.course.checks.judge.nets.values import OTHER, fill, sources, values_of
from mtcnn_lite.course.checks.judge.run import Outcome, run
from mtcnn_lite.course.checks.judge.slips import Function, Hints
from mtcnn_lite.course.checks.judge.text import Array, stopped
from mtcnn_lite.course.checks.judge.verdict import Verdict
from mtcnn_lite.weights import SHIPPED

BOX = ("x1", "y1", "x2", "y2")
POINTS = tuple(f"landmark {axis}{number}" for axis in "xy" for number in range(1, 6))


@dataclass(frozen=True, eq=False)
class NetJudge(Judge):
    """A judge whose functions take images and the name of the values: see `net_judge`."""

    def _call(self, case: Case) -> str:
        shape = tuple(case.inputs[0].shape)
        return f"net(x), x of shape {shape}: verdict.inputs[0]" + (", other values" if case.inputs[1] == OTHER else "")

    def _likely(self, fn: Function, index: int, outcome: Outcome, wrong: Difference | None) -> str:
        named = stopped_in_a_layer(outcome.error, PLANS[self.name]) if outcome.error else ""
        return named or super()._likely(fn, index, outcome, wrong)


@cache
def net_judge(name: str, hints: Callable[[Callable[..., Any]], Hints], source: str = SHIPPED) -> NetJudge:
    """The judge of "pnet", "rnet" or "onet".

    Parameters
    ----------
    name : str
        Which.
    hints : callable
        `hints(wrong)` gives the table of hints; `wrong(**slips)` a tuple of wrong functions, for lists of slips.
    source : str
        The weights that the net has, by their name.
    """
    plan = PLANS[name]

    def said(images: Array, values: str, **how: Any) -> Any:
        with torch.no_grad():
            return answer(plan, images, values_of(name, source if values == SHIPPED else values), **how)

    def wrong(**how: Any) -> tuple[Function, ...]:
        longest = max([len(value) for value in how.values() if isinstance(value, list)], default=1)
        each = [{k: v[i] if isinstance(v, list) else v for k, v in how.items()} for i in range(longest)]
        return tuple(partial(said, **one) for one in each)

    cases = tuple(Case(about, (images, values), _shape(images)) for about, images, values in net_cases(plan))
    columns = ("not a face", "face", *BOX, *(POINTS if "landmarks" in plan.heads else ()))
    return NetJudge(name, ("images", "values"), said, cases, hints(wrong), _draw, 1e-4, columns)


def net_verdict(net: Any, name: str, hints: Callable[[Callable[..., Any]], Hints]) -> Verdict:
    """Judges what a reader hands over.

    Parameters
    ----------
    net : Module, class, or callable
        A module; what makes one, called without arguments; or a function of x, or of x and the values.
    name : str
        Which net it should be.
    hints : callable
        As in `net_judge`.
    """
    plan, judge = PLANS[name], net_judge(name, hints)
    own, arguments = made(net, plan)
    if isinstance(own, Verdict):
        return _of(net, own)
    problem = _filled(own, plan) if isinstance(own, nn.Module) else None
    if not isinstance(own, nn.Module) and arguments == 1:
        judge = _nearest(own, name, hints)
    problem = _odd_answer(own, plan, judge, arguments) if problem is None else problem
    if problem is not None:
        return _of(net, problem)
    verdict = judge.verdict(adapted(own, plan, arguments))
    if isinstance(own, nn.Module):
        fill(own, plan, values_of(name))  # the last case had others
    return _of(net, verdict)


def _of(net: Any, verdict: Verdict) -> Verdict:
    """The verdict with what was handed over, so that one can see it at work."""
    return replace(verdict, function=net if callable(net) else None)


def _shape(images: Array) -> str:
    return f"x has shape {images.shape}: N images, 3 channels, rows, columns. Print x.shape after each layer."


def made(net: Any, plan: Plan) -> tuple[Any, int]:
    """A module or a function, and how many arguments it takes; or the verdict on what is neither, or can't be made.

    Parameters
    ----------
    net : Any
        What a reader hands over.
    plan : Plan
        Which net it should be.
    """
    if isinstance(net, nn.Module):
        return net, 1
    usage = f"Hand over a module, what makes one, or a function of x: checks.{plan.name}(build_{plan.name})."
    if not callable(net):
        return Verdict(False, f"{usage} This was a {type(net).__name__}.", plan.name), 0
    count = next((count for count in range(3) if takes(net, count)), None)
    if count is None:
        return Verdict(False, f"{usage} Yours takes other arguments than none, x, or x and the values.", plan.name), 0
    if count:
        return net, count
    built = list[Any]()
    outcome = run(lambda: built.append(net()), (), (), None)
    if isinstance(outcome.error, NotImplementedError):
        return _not_done(plan), 0
    if outcome.error:
        facts = (("call", f"{getattr(net, '__name__', 'net')}()"), ("got", stopped(outcome.error)))
        return Verdict(False, "The net can't be made: it stops before it has seen an image.", plan.name, True, facts), 0
    if not isinstance(built[0], nn.Module):
        kind = "None: is a `return` missing?" if built[0] is None else f"a {type(built[0]).__name__}."
        return Verdict(False, f"Called without arguments, yours must give an nn.Module. It gave {kind}", plan.name), 0
    return built[0], 1


def _not_done(plan: Plan) -> Verdict:
    todo = "Write it in place of `raise NotImplementedError`, then run the cell again."
    return Verdict(False, todo, plan.name, done=False)


def _filled(net: nn.Module, plan: Plan) -> Verdict | None:
    """Fills the module; a verdict where that can't be done."""
    net.eval()
    if any(is_lazy(parameter) for parameter in net.parameters()):  # they take their shapes from a first image
        run(adapted(net, plan, 1), (net_cases(plan)[0][1], ""), ("images", "values"), None)
        if any(is_lazy(parameter) for parameter in net.parameters()):
            return None  # an error, which the judge will meet and report
    values = values_of(plan.name)
    filled = fill(net, plan, values)
    if filled:
        return None
    said = run(adapted(net, plan, 1), (net_cases(plan)[0][1], ""), ("images", "values"), None)
    if isinstance(said.error, NotImplementedError):
        return _not_done(plan)
    facts = (("layers", plan.layers), ("yours", listing(net)))
    return Verdict(False, misfit(filled, plan, values), plan.name, True, facts)


def _odd_answer(own: Any, plan: Plan, judge: NetJudge, arguments: int) -> Verdict | None:
    """The verdict on an answer that is not two or three tensors which go together."""
    case, outputs = judge.cases[0], list[Any]()
    outcome = run(lambda x, values: outputs.append(raw_answer(own, plan, arguments, x)), case.inputs, judge.arguments,
                  None)  # fmt: skip
    if isinstance(outcome.error, NotImplementedError):
        return _not_done(plan)
    hint = "" if outcome.error else odd(outputs[0], plan)
    if not hint:
        return None
    facts = (
        ("case", f"1 of {len(judge.cases)}: {case.about}"),
        ("call", judge._call(case)),
        ("expected", f"{len(plan.heads)} tensors of shapes {', '.join(map(str, shapes(plan)))}"),
        ("got", described(outputs[0])),
    )
    return Verdict(False, hint, plan.name, True, facts)


def _nearest(fn: Any, name: str, hints: Callable[[Callable[..., Any]], Hints]) -> NetJudge:
    """A function of x alone brings values of its own: the judge of those weights that it comes nearest to."""
    judges = [net_judge(name, hints, source) for source in sources()]
    judges = [_without_other(judge) for judge in judges]
    said = run(adapted(fn, PLANS[name], 1), judges[0].cases[0].inputs, judges[0].arguments, None).answer

    def distance(judge: NetJudge) -> float:
        right = judge.answers[0]
        same = isinstance(said, np.ndarray) and said.shape == right.shape
        return float(np.nan_to_num(np.abs(said - right).sum(), nan=np.inf)) if same else np.inf

    return min(judges, key=distance)


def _without_other(judge: NetJudge) -> NetJudge:
    kept = tuple(case for case in judge.cases if case.inputs[1] != OTHER)
    return NetJudge(judge.name, judge.arguments, judge.reference, kept, judge.hints, judge.draw, judge.tolerance,
                    judge.columns)  # fmt: skip


def _draw(inputs: tuple[Any, ...], expected: Any, got: Any, row: int | None) -> str:
    """P-Net's face maps beside each other, where they are small enough to read."""
    if expected.ndim != 4 or not 1 < expected[0, ..., 1].size <= 60:
        return ""
    panels: Sequence[drawing.Panel] = [_map(expected, "expected: face")]
    if got is not None and got.shape == expected.shape and np.isfinite(got).all():
        panels = [*panels, _map(got, "yours: face")]
    return drawing.picture(panels, [])


def _map(said: Array, caption: str) -> drawing.Panel:
    face = said[0, ..., 1]
    return drawing.cells(np.clip(face, 0, 1), face >= 0.5, caption)
