"""What a judge says, as plain text and as HTML. Both are the same from run to run: notebooks store and compare them."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any

OKABE_ITO = {"passed": "#009E73", "not yet": "#D55E00", "not done yet": "#999999"}
SIGNS = {"passed": "✓", "not yet": "✗", "not done yet": "○"}


@dataclass(frozen=True, eq=False)
class Verdict:
    """What a judge says of a function; true where it passed.

    hint: what to do about it, or what was compared. check: the judge's name. done: False for a stub that is still to
    be written. facts: (name, text) of the failing case: what went in, what came out. drawing: the same as SVG.
    inputs: the arguments of the failing case, so that you can try it alone: `mine(*verdict.inputs)`. function: what was
    judged.

    >>> Verdict(True, "Both agree on all 9 cases.", check="iou")
    checks.iou: passed. Both agree on all 9 cases.
    """

    passed: bool
    hint: str
    check: str = ""
    done: bool = True
    facts: tuple[tuple[str, str], ...] = ()
    drawing: str = ""
    inputs: tuple[Any, ...] = ()
    function: Callable[..., Any] | None = None

    def __bool__(self) -> bool:
        return self.passed

    def seen(self, photo: Any = None, detector: Any = None) -> Any:
        """The live detector on a photo, with our function and with yours: see `checks.seen`.

        ValueError where the exercise is no part of the detector.
        """
        from mtcnn_lite.course.checks.judge.seeing import seen_beside  # needs torch

        if self.function is None:
            raise ValueError(f"there is no function to run: {self.hint}")
        return seen_beside(self.function, self.check, photo, detector)

    @property
    def state(self) -> str:
        """ "passed", "not yet" or "not done yet"."""
        return "passed" if self.passed else "not yet" if self.done else "not done yet"

    def __repr__(self) -> str:
        if not self.facts:
            return f"checks.{self.check}: {self.state}. {self.hint}"
        lines = [f"checks.{self.check}: {self.state}"]
        for name, text in [*self.facts, ("hint", self.hint)]:
            lines.append(f"  {name:<9} " + text.replace("\n", "\n" + " " * 12))
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """The verdict for a notebook: text in the theme's own colour, on the theme's own ground, light or dark."""
        colour = OKABE_ITO[self.state]
        head = (
            f'<span style="color:{colour}">{SIGNS[self.state]}</span> <b>checks.{escape(self.check)}: {self.state}</b>'
        )
        mono = "font-family:var(--jp-code-font-family,monospace);font-size:0.92em;white-space:pre-wrap"
        rows = "".join(
            f'<div style="opacity:0.75">{escape(name)}</div><div style="{mono}">{escape(text)}</div>'
            for name, text in self.facts
        )
        hint = re.sub("`([^`]+)`", r"<code>\1</code>", escape(self.hint))
        grid = "display:grid;grid-template-columns:max-content 1fr;gap:2px 14px;margin:6px 0"
        return (
            f'<div style="border-left:4px solid {colour};padding:4px 0 4px 12px;margin:4px 0;max-width:760px;'
            'line-height:1.45;color:var(--jp-ui-font-color1,inherit)">'
            + f"<div>{head}</div>"
            + (f'<div style="{grid}">{rows}</div>' if rows else "")
            + self.drawing
            + f"<div>{hint}</div></div>"
        )
