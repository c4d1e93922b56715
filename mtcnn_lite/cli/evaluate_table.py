"""The tables that `mtcnn-lite evaluate` prints."""

import math
from typing import Any

DETECTION = (
    ("average_precision", "AP, at the curve's thresholds"),
    ("recall_at_90", "recall where precision is 0.9"),
    ("recall", "recall"),
    ("precision", "precision"),
)
KEYS = (("recall", ".3f"), ("boxes", ".1f"))  # of a stage
Tree = dict[str, Any]


def table(reports: dict[str, Tree]) -> str:
    """The reports side by side, a column each; a dash where there was nothing to measure."""
    first = next(iter(reports.values()))
    rows: list[tuple[str, list[str]]] = [("", list(reports))]

    def line(name: str, *path: str, form: str = ".3f") -> None:
        rows.append((name, [_cell(each, path, form) for each in reports.values()]))

    def head(text: str) -> None:
        rows.append((f"\n{text}", []))

    for name, key in (("thresholds", "thresholds"), ("thresholds of the curve", "curve_thresholds")):
        rows.append((name, [" ".join(f"{t:g}" for t in each[key]) for each in reports.values()]))
    head(f"{first['complete_photos']:,} photos with every face labelled; recall and precision at the thresholds")
    for size, found in first["detection"].items():
        rows.append((f"faces of {size} px and more: {found['faces']:,}", []))
        for key, name in DETECTION:
            line(f"  {name}", "detection", size, key)
    head("recall by shorter side, px")
    for band, found in first["sizes"].items():
        line(f"  {band} ({found['faces']:,})", "sizes", band, "recall")
    head(f"after each net, faces of {list(first['detection'])[-1]} px and more: recall, boxes a photo")
    for end, text in (("", "at the thresholds"), ("_low", "at the curve's thresholds")):
        for stage in dict.fromkeys(stage for each in reports.values() for stage in each["stages"]):
            cells = []
            for report in reports.values():
                recall, boxes = (_cell(report, ("stages", stage, key + end), form) for key, form in KEYS)
                cells.append(f"{recall} {boxes:>7}")
            rows.append((f"  {stage}, {text}", cells))
    for name, found in first["sets"].items():
        head(f"{name}: {found['photos']:,} photos, {found['faces']:,} faces")
        line("  recall", "sets", name, "recall")
        if found["complete"]:
            line("  precision", "sets", name, "precision")
            line("  AP", "sets", name, "average_precision")
        if name in first["landmarks"]:
            rows.append(("  landmarks, at the curve's thresholds", []))
            for key, text in (("mean", "mean error"), ("median", "median"), ("failed", "share over 0.1")):
                line(f"    {text}", "landmarks", name, key)
            line("    faces not found", "landmarks", name, "missed", form="d")
    if len(first["landmarks"]) > 1:
        head(f"landmarks of all {first['points']['faces'] + first['points']['missed']:,} faces that have any")
        line("  mean error", "points", "mean")
    if "wider" in first:
        head("WIDER FACE's official protocol, AP")
        for setting in first["wider"]:
            line(f"  {setting}", "wider", setting)
    wide = max(len(name) for name, cells in rows if cells)
    column = max(13, *(len(cell) for _, cells in rows for cell in cells))
    return "\n".join(
        f"{name:<{wide}}" + "".join(f"  {cell:>{column}}" for cell in cells) if cells else name for name, cells in rows
    )


def differences_table(name: str, other: str, less: Tree) -> str:
    """The differences of two detectors with their intervals, a line each.

    Parameters
    ----------
    name, other : str
        The first detector's weights and the second's.
    less : dict
        What `evaluation.differences` returns for them.
    """
    rows = [(f"{text.split(',')[0]}, {size} px and more", found[key])
            for size, found in less["detection"].items() for key, text in DETECTION]  # fmt: skip
    rows += [(f"landmarks' mean error, {group}", found) for group, found in less["landmarks"].items()]
    if len(less["landmarks"]) > 1:
        rows.append(("landmarks' mean error, all faces", less["points"]))
    wide = max(len(text) for text, _ in rows)
    lines = [f"{name} less {other}, and the range of that in 95 of 100 draws of the photos"]
    for text, found in rows:
        difference, low, high = (_cell(found, (key,), "+.4f") for key in ("difference", "low", "high"))
        lines.append(f"  {text:<{wide}}  {difference:>7}  {low:>7} to {high:>7}")
    return "\n".join(lines)


def _cell(tree: Any, path: tuple[str, ...], form: str) -> str:
    for key in path:
        tree = tree.get(key, {})
    return "-" if tree == {} or math.isnan(tree) else format(tree, form)
