"""The plots of `mtcnn-lite evaluate`, each as the bytes of a PNG."""

import io
from typing import Any

from mtcnn_lite.draw import COLOURS

STYLES = ("-", "--", ":", "-.")  # one a detector
SETS = ("pnet", "rnet", "onet", "landmark", "muted")  # colours, one a data set
Tree = dict[str, Any]


def plots(reports: dict[str, Tree]) -> dict[str, bytes]:
    """precision_recall.png, stages.png and, where points were measured, landmarks.png, by name."""
    drawn = {"precision_recall.png": _precision_recall(reports), "stages.png": _stages(reports)}
    if any(each["curves"]["landmarks"] for each in reports.values()):
        drawn["landmarks.png"] = _landmarks(reports)
    return drawn


def _precision_recall(reports: dict[str, Tree]) -> bytes:
    figure, axes = _figure("Precision and recall, IoU 0.5", "recall", "precision")
    for (name, report), style in _styled(reports):
        for size, colour in zip(report["curves"]["detection"], ("pnet", "landmark"), strict=False):
            curve, area = report["curves"]["detection"][size], report["detection"][size]["average_precision"]
            label = f"{name}, {size} px and more: AP {area:.3f}"
            axes.plot(curve["recall"], curve["precision"], style, color=COLOURS[colour], label=label)
            at = report["detection"][size]
            axes.plot(at["recall"], at["precision"], "o", color=COLOURS[colour])
    axes.set(xlim=(0, 1), ylim=(0, 1.02))
    return _png(figure, axes)


def _stages(reports: dict[str, Tree]) -> bytes:
    figure, axes = _figure("What each net lets through", "boxes a photo", "recall of faces of 20 px and more")
    for (name, report), style in _styled(reports):
        for stage, curve in report["curves"]["stages"].items():
            colour = COLOURS.get(stage, COLOURS["landmark"])
            axes.plot(curve["boxes"], curve["recall"], style, color=colour, label=f"{name}, {stage}")
            at = report["stages"][stage]
            axes.plot(at["boxes"], at["recall"], "o", color=colour)
    axes.set(xscale="symlog", xlim=(0, None), ylim=(0, 1.02))
    return _png(figure, axes)


def _landmarks(reports: dict[str, Tree]) -> bytes:
    figure, axes = _figure("Landmark error", "mean distance over the distance between the eyes", "share of the faces")
    names = sorted({name for each in reports.values() for name in each["curves"]["landmarks"]})
    for (weights, report), style in _styled(reports):
        for name, curve in report["curves"]["landmarks"].items():
            colour = COLOURS[SETS[names.index(name) % len(SETS)]]
            axes.plot(curve["error"], curve["share"], style, color=colour, label=f"{weights}, {name}")
    axes.axvline(0.1, color="#222222", linewidth=0.8)
    axes.set(xlim=(0, 0.3), ylim=(0, 1.02))
    return _png(figure, axes)


def _styled(reports: dict[str, Tree]) -> Any:
    return zip(reports.items(), (STYLES[k % len(STYLES)] for k in range(len(reports))), strict=True)


def _figure(title: str, x: str, y: str) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.6), dpi=120, layout="constrained")
    axes = figure.subplots()
    axes.set(title=title, xlabel=x, ylabel=y)
    axes.grid(color="#DDDDDD", linewidth=0.6)
    return figure, axes


def _png(figure: Any, axes: Any) -> bytes:
    axes.legend(fontsize=8, loc="best")
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()
