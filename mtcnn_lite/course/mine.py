"""Your own functions in the live detector: what has passed its judge runs wherever a later chapter shows it at work.

>>> from mtcnn_lite.course import mine
>>> mine.strip()
Your detector: none of its 10 parts is yours yet.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from mtcnn_lite.cascade.hooks import Hooks
from mtcnn_lite.course import checks, progress, remembered
from mtcnn_lite.course.chapters import PARTS
from mtcnn_lite.detector import Detector
from mtcnn_lite.draw import COLOURS
from mtcnn_lite.nms import MEASURES, nms

NETS = {"pnet", "rnet", "onet"}
HOOKS = {field.name for field in fields(Hooks)}


@dataclass(frozen=True)
class Strip:
    """The detector's parts in a row, yours marked.

    skipped: a sentence for each file that is not used. exercises: one that says how many have passed, of all.
    """

    yours: tuple[str, ...]
    skipped: tuple[str, ...] = ()
    exercises: str = ""

    def __repr__(self) -> str:
        says = [PARTS[name][0] for name in PARTS if name in self.yours]
        count = f"{len(says)} of its {len(PARTS)} parts are" if len(says) != 1 else f"1 of its {len(PARTS)} parts is"
        head = f"{count} yours: {', '.join(says)}." if says else f"none of its {len(PARTS)} parts is yours yet."
        lines = [f"Your detector: {head}", *self.skipped, *([self.exercises] if self.exercises else [])]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """A row of links to the chapters: a part of yours with a full frame and a tick, others with a broken one."""
        up = "../" if Path.cwd().name == "deeper" else ""
        chips = []
        for name, (says, notebook) in PARTS.items():
            own = name in self.yours
            look = "2px solid currentcolor;font-weight:bold" if own else f"2px dashed {COLOURS['muted']}"
            whose = "yours" if own else f"the package's; chapter {notebook[:2]} builds it"
            chips.append(
                f'<a href="{up}{notebook}.ipynb" title="{name}: {whose}" style="border:{look};border-radius:6px;'
                f'padding:2px 9px;color:inherit;text-decoration:none">{"✓ " if own else ""}{says}</a>'
            )
        row = '<div style="display:flex;flex-wrap:wrap;gap:6px;margin:4px 0">' + "".join(chips) + "</div>"
        lines = "".join(f"<div>{escape(line)}</div>" for line in repr(self).splitlines())
        return f'<div style="color:var(--jp-ui-font-color1,inherit);line-height:1.6">{row}{lines}</div>'


_read: dict[tuple[Path, int], Callable[..., Any] | str] = {}  # by file and its time: the function, or why it is skipped


def functions() -> dict[str, Callable[..., Any]]:
    """Your functions that have passed, by their exercises' names, those of other chapters too."""
    return dict(_known()[0])


def get(name: str, otherwise: Any = None) -> Any:
    """Your function for this exercise; `otherwise` where none has passed yet."""
    return _known()[0].get(name, otherwise)


def strip() -> Strip:
    """Which parts of the detector are yours; it shows itself as a row."""
    known, skipped = _known()
    come = progress.read(remembered.folder())
    says = f"{come.summary()} checks.progress() lists them." if come.begun else ""
    return Strip(tuple(name for name in PARTS if name in known), skipped, says)


def detector(base: Detector | None = None) -> Detector:
    """A detector that runs on your functions where they have passed, and on the package's elsewhere.

    Parameters
    ----------
    base : Detector, or None
        Whose values, settings and other functions it has; None for `Detector()`. Nets of yours take the place of its
        nets if torch computes them on the CPU.
    """
    yours, base = functions(), base or Detector()
    hooks = {name: fn for name, fn in yours.items() if name in HOOKS}
    if "iou" in yours and "nms" not in yours:  # an `nms` of yours measures overlaps itself
        MEASURES["mine"] = yours.get("iou_matrix") or _all_pairs(yours["iou"])
        hooks["nms"] = _nms_with_your_iou
    made = base.swap(**hooks)
    if NETS & yours.keys() and (base.engine.name, base.engine.device) == ("torch", "cpu"):
        from mtcnn_lite.course.your_nets import YourEngine, with_values  # they need torch

        nets = {name: with_values(name, yours[name], base.nets) for name in NETS & yours.keys()}
        made.engine = YourEngine(base.nets, {name: net for name, net in nets.items() if net})
    return made


def forget(*names: str) -> Strip:
    """Removes what is remembered under these exercises' names, or all of it; what is left, as a strip.

    What is recorded of their progress goes as well.
    """
    place = remembered.folder()
    files = progress.recorded(place) if place else {}
    for path in place.glob("*.py") if place else ():
        files.setdefault(path.stem, []).append(path)
    for name in names or sorted(files):
        if name not in files:
            raise ValueError(f"{name!r} is not remembered; what is: {', '.join(sorted(files)) or 'nothing'}")
        for path in files[name]:
            path.unlink()
    return reload()


def reload() -> Strip:
    """Reads the folder again, where another notebook or an editor has changed it, and judges all of it anew."""
    _read.clear()
    return strip()


def _known() -> tuple[dict[str, Callable[..., Any]], tuple[str, ...]]:
    """Your functions and what was skipped; each file is run and judged once, and again when it has changed."""
    place, skipped = remembered.folder(), list[str]()
    known: dict[str, Callable[..., Any]] = {}
    for path in sorted(place.glob("*.py")) if place else ():
        try:
            stamp = path, path.stat().st_mtime_ns
            if stamp not in _read:
                _read[stamp] = _judged(path)
        except OSError:  # removed by another notebook in this moment
            continue
        if isinstance(found := _read[stamp], str):
            skipped.append(f"Your `{path.stem}` is not used: {found}.")
        else:
            known[path.stem] = found
    return known, tuple(skipped)


def _judged(path: Path) -> Callable[..., Any] | str:
    """The function in a file, or why it is not used."""
    judge = getattr(getattr(checks, path.stem, None), "__wrapped__", None)
    if judge is None:
        return "there is no exercise of this name"
    try:
        fn: Any = remembered.load(path)
        if path.stem in NETS and (inspect.isclass(fn) or not inspect.signature(fn).parameters):
            fn = fn()
    except remembered.NotKept as error:
        return str(error)
    except Exception as error:
        return f"the net can't be made ({type(error).__name__}: {error})"
    return fn if judge(fn) else "it no longer passes its judge"


def _all_pairs(iou: Callable[..., Any]) -> Callable[..., Any]:
    """A reader's `iou`, called once a row: (N, 4), (M, 4) -> (N, M)."""

    def pairs(some: Any, others: Any) -> Any:
        return np.reshape([np.asarray(iou(box, others)) for box in some], (len(some), len(others)))

    return pairs


def _nms_with_your_iou(boxes: Any, scores: Any, threshold: float) -> Any:
    return nms(boxes, scores, threshold, "mine")
