"""What several commands share: options, how they are read, and the exit status of a failure."""

import argparse
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mtcnn_lite

if TYPE_CHECKING:
    from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
    from mtcnn_lite.detector import Detector

FAILED = 1  # exit status; argparse itself ends with 2 for bad arguments
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
        help="ratio of one level of the image pyramid to the one before, between 0 and 1 (default: 0.709)",
    )
    add(
        "--thresholds",
        type=float,
        nargs=3,
        metavar=("P", "R", "O"),
        help="lowest probability of a face that passes P-Net, R-Net and O-Net, each 0 to 1; lower ones find more "
        "faces, and more that are none (default: what suits the weights; 0.6 0.7 0.7 for all but those that ship)",
    )
    add(
        "--weights",
        default="mtcnn_lite",
        help="mtcnn_lite: those that ship; zhang2016: the authors' own, from the installed package mtcnn; or a folder "
        "with pnet, rnet and onet.safetensors (default: mtcnn_lite)",
    )


def detector_of(options: argparse.Namespace) -> "Detector":
    """The detector that the options describe; exits with a message and status 2 where one is out of its range."""
    from mtcnn_lite.detector import Detector  # with torch: over a second, so only once the arguments make sense

    try:
        thresholds = options.thresholds and tuple(options.thresholds)
        return Detector(options.weights, options.min_face, options.factor, thresholds)
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
        help="a list or folder of labelled photos: our JSONL, WIDER FACE, CelebA, MTFL, COCO, VOC or YOLO (see "
        "data/README.md); several with one --data each",
    )
    parser.add_argument("--kind", help="what --data is, where its names don't tell: jsonl, wider, celeba, ...")
    parser.add_argument("--skip-bad", action="store_true", help="leave out labels that can't be read, and count them")


def read_data(options: argparse.Namespace) -> "list[LabelledPhoto]":
    """The photos of all --data, summarised on standard output; exits with a message where one can't be read."""
    from mtcnn_lite.datasets import DatasetError, read_dataset, summary

    photos: list[LabelledPhoto] = []
    with warnings.catch_warnings(record=True) as skipped:
        warnings.simplefilter("always")
        for path in options.data:
            try:
                photos += read_dataset(path, options.kind, options.skip_bad)
            except DatasetError as error:
                print(f"error: {error}", file=sys.stderr)
                sys.exit(FAILED)
            except ValueError as error:
                options.error(str(error))
    for warning in skipped:
        print(f"warning: {warning.message}", file=sys.stderr)
    print(summary(photos))
    return photos
