"""What several commands share: options, how they are read, and the exit status of a failure."""

import argparse
import errno
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mtcnn_lite

if TYPE_CHECKING:
    from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
    from mtcnn_lite.detector import Detector

FAILED = 1  # exit status; argparse itself ends with 2 for bad arguments
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # no room for a file
LICENCE = "code MIT; weights for research and teaching: see the model card"


def reason(error: OSError) -> str:
    """What an OSError says, in a few words.

    >>> reason(FileNotFoundError(2, "No such file or directory", "a.jpg"))
    'a.jpg: No such file or directory'
    """
    words = error.strerror or str(error)
    return f"{error.filename}: {words}" if error.filename is not None else words


def add_version(parser: argparse.ArgumentParser) -> None:
    """The option --version; the parser's formatter must keep line breaks."""
    version = f"mtcnn_lite {mtcnn_lite.__version__}\n{LICENCE}"
    parser.add_argument("--version", action="version", version=version, help="print version and licences, and exit")


def add_command(
    commands: Any, name: str, run: Callable[[argparse.Namespace], int], summary: str, description: str, examples: str
) -> argparse.ArgumentParser:
    """Add a command's parser, whose options get `run`, and `error`, which prints a message and exits with status 2.

    Parameters
    ----------
    commands : the result of `ArgumentParser.add_subparsers`
    name : str
        What is typed after `mtcnn-lite`.
    run : function
        Does the work for the options, and returns the exit status.
    summary : str
        For the list of commands.
    description, examples : str
        What the command's --help begins and ends with; line breaks are kept.
    """
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=summary,
        description=description,
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_version(parser)
    parser.set_defaults(run=run, error=parser.error)
    return parser


def add_max_pixels(parser: argparse.ArgumentParser) -> None:
    """Add the option --max-pixels: None where it is not given, for `images.MAX_PIXELS`."""
    parser.add_argument(
        "--max-pixels",
        type=_pixels,
        metavar="N",
        help="refuse a photo of more than N pixels, width x height, before it is decoded (default: 250_000_000)",
    )


def _pixels(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of pixels, 1 or more")
    return number


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Add the options of a `Detector`, with its own defaults."""
    add = parser.add_argument_group("detector").add_argument
    add(
        "--min-face",
        type=float,
        default=20,
        metavar="PX",
        help="side of the smallest face to look for, at least 12; half as much takes four times as long (default: 20)",
    )
    add(
        "--factor",
        type=float,
        default=0.709,
        help="ratio of one level of the image pyramid to the one before, from 0 to 0.999 (default: 0.709)",
    )
    add(
        "--thresholds",
        type=float,
        nargs=3,
        metavar=("P", "R", "O"),
        help="lowest probability of a face that passes P-Net, R-Net and O-Net, each 0 to 1; lower ones find more "
        "faces, and more that are none (default: what suits the weights, as thresholds.json in their folder says; "
        "without one 0.6 0.7 0.7)",
    )
    add(
        "--threshold",
        type=float,
        metavar="T",
        help="of a one-pass detector: its one threshold, in place of --thresholds (default: what suits the weights)",
    )
    add(
        "--weights",
        default="mtcnn_lite",
        help="mtcnn_lite: those that ship; zhang2016: the authors' own, from the installed package mtcnn; a folder "
        "with pnet, rnet and onet.safetensors, or one that mtcnn-lite export wrote; or a folder with "
        "onepass.safetensors, a one-pass detector, which sees a photo at 20 / --min-face of its size (default: "
        "mtcnn_lite)",
    )
    add(
        "--engine",
        choices=("auto", "torch", "onnx"),
        default="auto",
        metavar="NAME",
        help="what computes the nets: torch; onnx, ONNX Runtime, which takes mtcnn_lite or an export as weights; auto, "
        "torch where it is installed, but for an export (default: auto)",
    )
    add(
        "--device",
        choices=("cpu", "cuda", "mps", "auto"),
        default="cpu",
        metavar="NAME",
        help="where they are computed: cpu, cuda, mps, or auto, a GPU where there is one (default: cpu)",
    )


def detector_of(options: argparse.Namespace) -> "Detector":
    """The detector that the options describe; exits with a message and status 2 where one is out of its range."""
    from mtcnn_lite.detector import Detector  # it loads torch: over a second, so only once the arguments make sense

    try:
        thresholds = tuple(options.thresholds) if options.thresholds else getattr(options, "threshold", None)
        return Detector(options.weights, options.min_face, options.factor, thresholds,
                        engine=options.engine, device=options.device)  # fmt: skip
    except ValueError as error:  # a setting out of its range, or a WeightsError
        options.error(str(error))
        raise  # never reached: `error` ends the program


def add_data(parser: argparse.ArgumentParser) -> None:
    """Add the options that name labelled photos."""
    parser.add_argument(
        "--data",
        type=Path,
        action="append",
        required=True,
        metavar="PATH",
        help="a list or folder of labelled photos: our JSONL, WIDER FACE, CelebA, MTFL, RetinaFace, COCO, VOC or YOLO "
        "(see data/datasets.md); several with one --data each",
    )
    parser.add_argument(
        "--kind",
        help="what --data is, where its names don't tell: jsonl, wider, celeba, facepoint, mtfl, retinaface, mtcnn, "
        "coco, voc or yolo",
    )
    parser.add_argument(
        "--skip-bad",
        action="store_true",
        help="leave out labels and photos that can't be read, and count them",
    )
    parser.add_argument(
        "--allow-outside",
        action="store_true",
        help="read images also where labels lead out of their folder, by .., an absolute path or a link",
    )
    parser.add_argument(
        "--min-side",
        type=float,
        default=12,
        metavar="PX",
        help="ignore labelled faces whose shorter side is smaller (default: 12)",
    )


def read_data(
    options: argparse.Namespace, once: "Callable[[Callable[[], dict[Path, str]]], dict[Path, str]] | None" = None
) -> "list[LabelledPhoto]":
    """The photos of all --data, summarised on standard output; exits with a message where labels can't be read.

    All are decoded, so that no broken one ends hours of work: raises DatasetError for those that can't be, without
    --skip-bad, and where no photo is left. Where several processes train together, `once` lets one of them do it for
    all.
    """
    from mtcnn_lite.datasets import DatasetError, read_dataset, readable, summary, unreadable

    photos: list[LabelledPhoto] = []
    with _labels_read(options), _warnings_printed():
        for path in options.data:
            photos += read_dataset(path, options.kind, options.skip_bad, options.min_side, options.allow_outside)
    decode = partial(unreadable, photos, progress=sys.stderr.isatty())
    broken = once(decode) if once else decode()
    with _warnings_printed():
        photos = readable(photos, options.skip_bad, broken=broken)
    if not photos:
        raise DatasetError(f"--data {', '.join(map(str, options.data))}: no photo is left that can be used")
    print(summary(photos))
    return photos


@contextmanager
def _labels_read(options: argparse.Namespace) -> Iterator[None]:
    """Ends the program with a message where labels or the options for them are wrong."""
    from mtcnn_lite.datasets import DatasetError

    try:
        yield
    except DatasetError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(FAILED)
    except ValueError as error:
        options.error(str(error))


@contextmanager
def _warnings_printed() -> Iterator[None]:
    with warnings.catch_warnings(record=True) as skipped:
        warnings.simplefilter("always")
        yield
    for warning in skipped:
        print(f"warning: {warning.message}", file=sys.stderr)
