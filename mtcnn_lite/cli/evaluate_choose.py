"""`mtcnn-lite evaluate --choose`: thresholds for a folder of weights, written into it."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mtcnn_lite.cli.settings import FAILED, detector_of, read_data, reason
from mtcnn_lite.weights import shipped

if TYPE_CHECKING:
    from mtcnn_lite.detector import Detector
    from mtcnn_lite.evaluation import Choice, OperatingPoint

HEAD = f"{'P':>22}{'R':>6}{'O':>6}{'recall':>9}{'precision':>11}{'F1':>8}{'windows':>10}"


def choose(options: argparse.Namespace) -> int:
    """Choose, print the table, write thresholds.json, and return the exit status."""
    from mtcnn_lite.evaluation.choosing import REFERENCE, choose_thresholds, reference_detector
    from mtcnn_lite.images import ImageError
    from mtcnn_lite.weights import save_thresholds
    from mtcnn_lite.weights.named import PAPER_THRESHOLDS
    from mtcnn_lite.weights.thresholds import NAME

    _check(options)
    # With any thresholds at all, so that a damaged thresholds.json is no error: it is about to be replaced.
    detector = detector_of(argparse.Namespace(**{**vars(options), "thresholds": PAPER_THRESHOLDS}))
    reference: Detector | None
    if options.against:
        own = {"weights": options.against, "thresholds": options.against_thresholds}
        reference = detector_of(argparse.Namespace(**{**vars(options), **own}))
    else:
        reference = reference_detector(options.min_face)
    if reference is None:
        print(f"no reference: the weights {REFERENCE} are not installed, and there is no --against", file=sys.stderr)
    try:
        choice = choose_thresholds(detector, read_data(options), reference, sys.stderr.isatty())
    except (ImageError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return FAILED
    name = options.against or REFERENCE
    print(table(choice, name))
    path = Path(options.weights) / NAME
    if choice.point is None:
        print(f"error: {choice.why}; {path} is not written", file=sys.stderr)
        return FAILED
    print(f"chosen: {_at(choice.point)}, {choice.why}")
    try:
        save_thresholds(options.weights, choice.thresholds, choice.stated(name))
    except BrokenPipeError:
        raise
    except OSError as error:
        print(f"error: {reason(error)}", file=sys.stderr)
        return FAILED
    print(f"written: {path}")
    return 0


def _check(options: argparse.Namespace) -> None:
    """Exit with a message where an option does not go with --choose, or --weights is no folder of weights."""
    from mtcnn_lite.weights.onnx_files import is_export

    for name in ("thresholds", "curve", "out", "wider_truth"):
        if getattr(options, name) is not None:
            options.error(f"--{name.replace('_', '-')} does not go with --choose, which tries many thresholds and "
                          "writes thresholds.json")  # fmt: skip
    folder = "it must be a folder of weights, into which thresholds.json is written"
    if options.weights in (shipped.NAME, "zhang2016"):
        options.error(f"--choose with --weights {options.weights}, whose thresholds are given; {folder}")
    if is_export(options.weights):
        options.error(f"--choose with --weights {options.weights}, an export, whose thresholds are in its "
                      f"cascade.json; {folder}: choose there, then export anew")  # fmt: skip


def table(choice: "Choice", reference: str) -> str:
    """The reference, then the best point for each of P-Net's thresholds; an asterisk where it is as good."""
    lines = [f"\n{choice.photos:,} photos with every face labelled, {choice.faces:,} faces of 20 px and more", HEAD]
    if choice.reference is not None:
        lines.append(_row(reference, choice.reference))
    for point in choice.rows:
        as_good = choice.reference is not None and point.as_good_as(choice.reference)
        lines.append(_row("*" if as_good else "", point))
    lines.append("windows: R-Net's looks + 5 x O-Net's, a photo; each row is the best of its P"
                 + (f"; *: as good as {reference}" if choice.reference is not None else ""))  # fmt: skip
    return "\n".join(lines) if choice.rows else lines[0]


def _row(name: str, point: "OperatingPoint") -> str:
    pnet, rnet, onet = point.thresholds
    return (
        f"{name[:15]:<16}{pnet:6.2f}{rnet:6.2f}{onet:6.2f}{point.recall:9.3f}{point.precision:11.3f}{point.f1:8.3f}"
        f"{point.windows:10.1f}"
    )


def _at(point: "OperatingPoint") -> str:
    return " ".join(f"{threshold:g}" for threshold in point.thresholds)
