"""`mtcnn-lite evaluate`: how good a detector is on labelled photos, beside another one."""

import argparse
import json
import math
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mtcnn_lite.cli.evaluate_table import differences_table, table
from mtcnn_lite.cli.settings import FAILED, add_command, add_data, add_settings, detector_of, read_data
from mtcnn_lite.runtime.files import remove_unfinished, write_whole

if TYPE_CHECKING:
    from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
    from mtcnn_lite.evaluation import PhotoResult

EVALUATE = """\
Measure a detector on labelled photos: average precision and recall by face size and by data set, recall and boxes after
each net, landmark error. With --against, a second one is measured on the same photos, at thresholds of its own if need
be: a score of 0.7 means different things for nets that were trained apart. Their differences come with 95% bootstrap
intervals over the photos: a difference whose interval holds 0 may be chance.

With --choose, nothing is measured in full: thresholds for a folder of weights are chosen, on photos that they were not
trained on, and written into it as thresholds.json, which whoever uses the folder gets by default. The rule: recall at
least that of --against (default: zhang2016, where it is installed) and precision lower by a point at most, at faces of
20 px and more; of the thresholds that fulfil it, or of all if none does or there is nothing to compare with, those of
the best F1.

A face counts as found where a detection overlaps it by an IoU of 0.5 or more. Labelled faces marked "ignore", or under
12 px, count neither way. Precision needs photos in which every face is labelled; others serve recall and landmarks."""

EVALUATE_END = """\
examples:
  mtcnn-lite evaluate --data validation/ --weights my_weights --against zhang2016 --out measured
  mtcnn-lite evaluate --data validation/ --weights my_weights --thresholds 0.5 0.6 0.8 --against zhang2016 \\
      --against-thresholds 0.6 0.7 0.7
  mtcnn-lite evaluate --data held_out/ --weights my_weights --choose
  mtcnn-lite evaluate --data wider_face_split/wider_face_val_bbx_gt.txt --wider-truth eval_tools/ground_truth

exit status: 0 measured or chosen, 1 photos or labels could not be read, files could not be written, or --choose had too
few faces to choose on, 2 bad arguments."""

# Low enough for the end of the curve. At 0.1 for P-Net, the nets see twice as many windows and AP changes by about half
# a point.
CURVE = (0.2, 0.1, 0.05)
ONEPASS_CURVE = (0.02,)  # of a one-pass detector
Tree = dict[str, Any]


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = add_command(commands, "evaluate", run, "measure a detector on labelled photos", EVALUATE, EVALUATE_END)
    add_data(parser)
    add_settings(parser)
    parser.add_argument("--against", metavar="WEIGHTS", help="other weights, measured too; as --weights")
    parser.add_argument(
        "--against-thresholds", type=float, nargs=3, metavar=("P", "R", "O"),
        help="the thresholds of --against (default: those of --thresholds, or what suits each weights)",
    )  # fmt: skip
    parser.add_argument(
        "--curve", type=float, nargs=3, metavar=("P", "R", "O"),
        help="lowered thresholds for average precision, curves and landmarks (default: 0.2 0.1 0.05); of a one-pass "
        "detector 0.02",
    )  # fmt: skip
    parser.add_argument(
        "--choose", action="store_true",
        help="choose thresholds for the folder --weights, and write thresholds.json into it",
    )  # fmt: skip
    parser.add_argument(
        "--wider-truth", type=Path, metavar="DIR",
        help="WIDER FACE's own easy, medium and hard as well: the folder with wider_face_val.mat, wider_easy_val.mat, "
        "...; --data must hold all of the validation photos, and scipy be installed",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="write evaluation.json and plots there, made if missing"
    )


def run(options: argparse.Namespace) -> int:
    """Measure, print the table, write what --out asks for, and return the exit status."""
    from mtcnn_lite.evaluation import differences, evaluate_photo, read_ground_truth, report
    from mtcnn_lite.images import ImageError
    from mtcnn_lite.onepass.weights import is_onepass

    if options.against == options.weights:
        options.error(f"--against is {options.against}, and so is --weights; they must differ")
    if options.against_thresholds and not options.against:
        options.error("--against-thresholds needs --against")
    if options.choose:
        if is_onepass(options.weights):
            options.error("--choose is for cascades: training chooses a one-pass detector's threshold")
        from mtcnn_lite.cli.evaluate_choose import choose

        return choose(options)
    wanted = {options.weights: options.thresholds}
    if options.against:
        wanted[options.against] = options.against_thresholds or options.thresholds
    runs, lows = {}, dict[str, tuple[float, ...]]()
    for weights, thresholds in wanted.items():
        own = {**vars(options), "weights": weights}
        if is_onepass(weights):
            thresholds, low = None if options.against else thresholds, ONEPASS_CURVE
        else:
            own["threshold"], low = own["threshold"] if not options.against else None, tuple(options.curve or CURVE)
        runs[weights], lows[weights] = detector_of(argparse.Namespace(**{**own, "thresholds": thresholds})), low
        detector_of(argparse.Namespace(**{**own, "thresholds": low}))  # complains of --curve
    reports: dict[str, Tree] = {}
    try:
        photos = read_data(options)
        truth = read_ground_truth(options.wider_truth) if options.wider_truth else None
        results = {weights: _each(partial(evaluate_photo, detector, low=lows[weights]), photos, weights)
                    for weights, detector in runs.items()}  # fmt: skip
        for weights, detector in runs.items():
            reports[weights] = {
                "thresholds": list(detector.settings.thresholds),
                "curve_thresholds": list(lows[weights]),
                "min_face": options.min_face,
                **report(results[weights]),
            }
            if truth is not None:
                reports[weights]["wider"] = _official(truth, results[weights])
        if options.against:
            reports[options.weights]["less"] = {
                options.against: differences(results[options.weights], results[options.against])
            }
    except (ImageError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return FAILED
    print(table(reports))
    for other, less in reports[options.weights].get("less", {}).items():
        print("\n" + differences_table(options.weights, other, less))
    if options.out:
        try:
            write(options.out, reports)
        except BrokenPipeError:
            raise
        except OSError as error:
            print(f"error: --out {options.out}: {error.strerror}", file=sys.stderr)
            return FAILED
    return 0


def _each(
    evaluated: "Callable[[LabelledPhoto], PhotoResult]", photos: "list[LabelledPhoto]", name: str
) -> "list[PhotoResult]":
    from tqdm import tqdm

    start = time.perf_counter()
    results = [evaluated(photo) for photo in tqdm(photos, name, unit="photo", disable=not sys.stderr.isatty())]
    print(f"{name}: {len(photos):,} photos in {time.perf_counter() - start:.0f} s", flush=True)
    return results


def _official(truth: Any, results: "list[PhotoResult]") -> Tree:
    from mtcnn_lite.evaluation import wider_average_precision

    files = [(each.photo.source, each.low) for each in results]
    return wider_average_precision(
        truth, {f"{path.parent.name}/{path.stem}": faces for path, faces in files if isinstance(path, Path)}
    )


def write(folder: Path, reports: dict[str, Tree]) -> None:
    """Write evaluation.json and the plots to `folder`; each file appears whole or not at all."""
    from mtcnn_lite.cli.evaluate_plots import plots

    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(_without_nan(reports), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    for name, content in {"evaluation.json": text.encode(), **plots(reports)}.items():
        remove_unfinished(folder, f".*.part.{name}")
        write_whole(folder / name, partial(Path.write_bytes, data=content))
        print(f"written: {folder / name}")


def _without_nan(tree: Any) -> Any:
    """The tree with None in place of NaN, which JSON does not have."""
    if isinstance(tree, dict):
        return {key: _without_nan(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_without_nan(value) for value in tree]
    return None if isinstance(tree, float) and math.isnan(tree) else tree
