"""The judge of an exercise: runs a function on cases, smallest first, and finds words for the first that fails.

A new exercise needs its cases, the package's function as the reference, and its likely mistakes: hints, each with the
wrong functions it speaks to. A hint is given where the reader's answer is the answer of such a function.
"""

import copy
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np

from mtcnn_lite.course.checks.judge.compare import Difference, difference, same
from mtcnn_lite.course.checks.judge.limits import Endless, variables
from mtcnn_lite.course.checks.judge.run import Outcome, run
from mtcnn_lite.course.checks.judge.slips import Function, Functions, Hints
from mtcnn_lite.course.checks.judge.text import as_code, read, shortened, show, stopped
from mtcnn_lite.course.checks.judge.verdict import Verdict


@dataclass(frozen=True, eq=False)
class Case:
    """One call: `inputs`, what it is `about` in a few words, and the hint for a function that raises an error here."""

    about: str
    inputs: tuple[Any, ...]
    if_it_stops: str = ""


class Mistake(NamedTuple):
    """A hint, and the wrong functions it speaks to. They are called as the exercise is."""

    hint: str
    functions: Functions


@dataclass(frozen=True, eq=False)
class Judge:
    """One exercise, and what is known of it.

    Parameters
    ----------
    name : str
        The exercise's name, as in `checks.nms`.
    arguments : tuple of str
        Its arguments' names, in order.
    reference : callable
        The right function.
    cases : tuple of Case
        What a function is tried on, the smallest first.
    hints : mapping of str to callable or tuple of callables
        Each likely mistake's hint, with the wrong functions that make it; of two that fit equally well, the first is
        named.
    draw : callable, optional
        `draw(inputs, expected, got, row)` gives a failing case as SVG; `got` is None where nothing can be drawn, `row`
        the first that differs.
    tolerance : float
        The largest difference that is no mistake, in the answer's unit.
    columns : tuple of str, optional
        What the columns of the answer hold: "x1", ...
    if_endless : callable, optional
        `if_endless(variables)` gives the hint for a function that was stopped, from its variables at that moment; ""
        where they say nothing.
    """

    name: str
    arguments: tuple[str, ...]
    reference: Function
    cases: tuple[Case, ...]
    hints: Hints
    draw: Callable[[tuple[Any, ...], Any, Any, int | None], str] | None = None
    tolerance: float = 1e-3
    columns: tuple[str, ...] = ()
    if_endless: Callable[[Mapping[str, Any]], str] | None = None

    @property
    def mistakes(self) -> tuple[Mistake, ...]:
        """The likely mistakes, in order."""
        return tuple(
            Mistake(hint, wrong if isinstance(wrong, tuple) else (wrong,)) for hint, wrong in self.hints.items()
        )

    def verdict(self, fn: Function) -> Verdict:
        """Runs `fn` on every case up to the first that fails."""
        return replace(self._verdict(fn), function=fn if callable(fn) else None)

    def _verdict(self, fn: Function) -> Verdict:
        problem = self._unusable(fn)
        if problem:
            return Verdict(False, problem, self.name)
        changing: Callable[[], Verdict] | None = None
        for index, case in enumerate(self.cases):
            outcome, expected = self.run(fn, case), self.answers[index]
            if isinstance(outcome.error, NotImplementedError):
                todo = "Write it in place of `raise NotImplementedError`, then run the cell again."
                return Verdict(False, todo, self.name, done=False)
            wrong = None if outcome.error else difference(outcome.answer, expected, self.tolerance, self.columns)
            if outcome.error or wrong:
                return self._failed(case, outcome, expected, wrong, self._likely(fn, index, outcome, wrong))
            if outcome.changed and changing is None:  # worth a verdict only if nothing worse follows
                changing = partial(self._failed, case, outcome, expected, None, "")
        if changing:
            return changing()
        agree = f"Your function and mtcnn_lite's agree on all {len(self.cases)} cases."
        return Verdict(True, agree, self.name)

    def run(self, fn: Function, case: Case, ends: bool = False) -> Outcome:
        """Calls `fn` on a copy of the case's arguments; what it prints and warns of is kept out of the notebook.

        Parameters
        ----------
        fn : callable
            The function.
        case : Case
            One of the judge's own.
        ends : bool
            Whether it is known to come to an end; what a reader wrote is not.
        """
        return run(fn, case.inputs, self.arguments, self.answers[self.cases.index(case)], ends)

    @cached_property
    def answers(self) -> list[Any]:
        """The reference's answer to each case."""
        return [read(self.reference(*copy.deepcopy(case.inputs))) for case in self.cases]

    @cached_property
    def _known(self) -> dict[tuple[Function, int], Outcome]:
        return {}

    def _mistaken(self, wrong: Function, index: int) -> Outcome:
        """What a likely mistake gives in a case. It runs when it is first asked for: most are out after one case."""
        if (wrong, index) not in self._known:
            self._known[wrong, index] = self.run(wrong, self.cases[index], ends=True)
        return self._known[wrong, index]

    def _unusable(self, fn: Any) -> str:
        usage = f"checks.{self.name}({self.name})"
        if not callable(fn):
            return f"Hand over the function itself, without calling it: {usage}. This was a {type(fn).__name__}."
        try:
            inspect.signature(fn).bind(*self.arguments)
        except TypeError as error:
            call = f"{self.name}({', '.join(self.arguments)})"
            return f"Your function must take {len(self.arguments)} arguments, {call}: {error}."
        except ValueError:  # some functions written in C have no signature to look at
            return ""
        return ""

    def _failed(self, case: Case, outcome: Outcome, expected: Any, wrong: Difference | None, hint: str) -> Verdict:
        facts = [
            ("case", f"{self.cases.index(case) + 1} of {len(self.cases)}: {case.about}"),
            ("call", self._call(case)),
            ("expected", show(expected)),
            ("got", stopped(outcome.error) if outcome.error else show(outcome.answer)),
        ]
        if wrong:
            facts.append(("differs", wrong.text))
        if outcome.changed:
            facts.append(("changed", outcome.change))
            start = f"{hint} It also" if hint else "The answer is right, but your function"
            hint = f"{start} changed its input `{outcome.changed}`, which the caller may still need. Work on a copy."
        if outcome.printed.strip():
            facts.append(("printed", shortened(outcome.printed.strip())))
        drawing = self._drawing(case, outcome, expected, wrong)
        return Verdict(False, hint, self.name, True, tuple(facts), drawing, copy.deepcopy(case.inputs))

    def _likely(self, fn: Function, index: int, outcome: Outcome, wrong: Difference | None) -> str:
        """The hint for the first case that fails, `index`: that of the mistake which answers as `fn` does in it and in
        those before, and in more of those after than any other; or what can be said without one."""
        case = self.cases[index]
        if isinstance(outcome.error, Endless):
            named = self.if_endless(variables(outcome.error)) if self.if_endless else ""
            return named or "The loop does not come to an end here: no turn of it brings its condition nearer to False."
        if wrong is None:
            return (
                case.if_it_stops or "It stops with an error. verdict.inputs holds this case's arguments: try it alone."
            )
        yours = self._outcomes(fn)
        best, hint = 0, ""
        for named, wrong_one in ((mistake.hint, each) for mistake in self.mistakes for each in mistake.functions):
            if not self._alike(outcome, self._mistaken(wrong_one, index)):
                continue
            theirs = [self._mistaken(wrong_one, number) for number in range(len(self.cases))]
            # A case in which yours stops says nothing of its answers: that is another matter.
            alike = [bool(a.error) or self._alike(a, b) for a, b in zip(yours, theirs, strict=True)]
            if all(alike[: index + 1]) and sum(alike) > best:
                best, hint = sum(alike), named
        if best == len(self.cases):
            return hint
        if wrong.plain:
            return f"{wrong.hint} {case.if_it_stops}".strip() if np.size(self.answers[index]) == 0 else wrong.hint
        # Some other case disagrees: there is something else besides, or it is another mistake that looks the same here.
        return f"In this case it looks like this: {hint}" if hint else wrong.hint

    def _outcomes(self, fn: Function) -> list[Outcome]:
        """What `fn` gives in each case. It is stopped once at most: after that, it counts as stopped in all."""
        outcomes: list[Outcome] = []
        for case in self.cases:
            stopped = outcomes and isinstance(outcomes[-1].error, Endless)
            outcomes.append(outcomes[-1] if stopped else self.run(fn, case))
        return outcomes

    def _alike(self, first: Outcome, second: Outcome) -> bool:
        if first.error or second.error:
            return type(first.error) is type(second.error)
        return same(first.answer, second.answer, self.tolerance, equal_nan=True)

    def _drawing(self, case: Case, outcome: Outcome, expected: Any, wrong: Difference | None) -> str:
        if self.draw is None:
            return ""
        got = outcome.answer
        if not isinstance(got, np.ndarray) or (got.ndim, got.shape[1:]) != (np.ndim(expected), np.shape(expected)[1:]):
            got = None
        return self.draw(case.inputs, expected, got, wrong.row if wrong else None)

    def _call(self, case: Case) -> str:
        """The call as one can paste it; large arguments by their shape."""
        texts = [as_code(value) for value in case.inputs]
        if all(texts):
            return f"{self.name}({', '.join(texts)})"
        each = zip(self.arguments, texts, case.inputs, strict=True)
        return f"{self.name}({', '.join(t or f'{n} {np.shape(v)}' for n, t, v in each)}): verdict.inputs holds them"
