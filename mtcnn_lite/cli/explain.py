"""`mtcnn-lite explain`: what became of one face in a photo."""

import argparse
import glob
import os
import re
import sys
from pathlib import Path
from typing import Any

from mtcnn_lite.cli.settings import FAILED, add_command, add_max_pixels, add_settings, detector_of
from mtcnn_lite.runtime.files import remove_unfinished

EXPLAIN = """\
What became of one face: at which level, stage and step of the cascade it was found or lost, and why. Prints one
sentence, the figures behind it, and draws each stage's boxes for it on NAME_explained.jpg."""

EXPLAIN_END = """\
examples:
  mtcnn-lite explain team.jpg --box 310,120,352,175
  mtcnn-lite explain team.jpg --box 310,120,352,175 --thresholds 0.4 0.5 0.6

exit status: 0 explained, whether found or lost, 1 the photo could not be read or the drawing not written, 2 bad
arguments or weights."""


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = add_command(commands, "explain", run, "say what became of one face in a photo", EXPLAIN, EXPLAIN_END)
    parser.add_argument("photo", type=Path, metavar="PHOTO", help="an image file")
    parser.add_argument("--box", type=box, required=True, metavar="x1,y1,x2,y2", help="the face, in pixels")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="the drawing (default: NAME_explained.jpg in the current directory); never the photo itself",
    )
    add_max_pixels(parser)
    add_settings(parser)


def box(text: str) -> tuple[float, ...]:
    """Four numbers from "x1,y1,x2,y2"."""
    try:
        x1, y1, x2, y2 = (float(number) for number in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not four numbers with commas and no spaces between, x1,y1,x2,y2"
        ) from None
    if not (x2 > x1 and y2 > y1):
        raise argparse.ArgumentTypeError(f"{text!r}: x2 must be greater than x1, and y2 greater than y1")
    return x1, y1, x2, y2


def not_an_option(argument: str) -> str:
    """The argument, with a space before a box that begins with a minus, which argparse would take for an option.

    >>> not_an_option("-11,60,80,173"), not_an_option("--box")
    (' -11,60,80,173', '--box')
    """
    return f" {argument}" if re.fullmatch(r"-[\d.][^,]*(,[^,]*){3}", argument) else argument


def run(options: argparse.Namespace) -> int:
    """Explain `options.box` in `options.photo`, and return the exit status."""
    from mtcnn_lite.draw import draw_explanation
    from mtcnn_lite.explain import explain
    from mtcnn_lite.images import MAX_PIXELS, ImageError, read_image

    out = options.out or Path(f"{options.photo.stem}_explained.jpg")
    if os.path.realpath(out) == os.path.realpath(options.photo):
        options.error(f"--out {out}: that is the photo itself")
    if out.is_dir():
        options.error(f"--out {out}: that is a folder; name a file in it, .jpg or .png")
    detector = detector_of(options)
    if detector.model != "cascade":
        options.error(f"--weights {options.weights}: only a cascade's steps can be explained")
    try:
        trace = detector.trace(read_image(options.photo, options.max_pixels or MAX_PIXELS))
        explanation = explain(trace, options.box)
        print(explanation.report())
        remove_unfinished(out.parent, f".*.part.{glob.escape(out.name)}")
        draw_explanation(trace, explanation).save(out)
    except (ImageError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return FAILED
    print(f"\ndrawn on {out}")
    return 0
