"""`mtcnn-lite export`: the nets as ONNX models."""

import argparse
import sys
from pathlib import Path
from typing import Any

from mtcnn_lite.cli.settings import FAILED, add_command, reason
from mtcnn_lite.runtime.files import remove_unfinished

EXPORT = """\
Write the three nets as ONNX models, for programs without torch: pnet.onnx (any height and width, any batch), rnet.onnx
and onet.onnx (any batch), and cascade.json, which says what a program does round them: thresholds, overlaps of NMS,
how pixels become numbers, the order of the landmarks.

Each model is checked by onnx.checker, and against torch to 0.00001, before anything is written; the four files are
replaced together. Of a one-pass detector they are onepass.onnx (any height and width that are multiples of 32, any
batch) and onepass.json. Needed are torch and: pip install 'mtcnn_lite[onnx]'. To detect with the models, onnxruntime
alone: --weights DIR."""

EXPORT_END = """\
examples:
  mtcnn-lite export --out onnx
  mtcnn-lite export --out tuned-onnx --weights runs/tuned --opset 20
  mtcnn-lite detect team.jpg --weights onnx

exit status: 0 written, 1 a package is missing, a model says other than torch, or it can't be written, 2 bad arguments
or weights."""


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = add_command(commands, "export", run, "write the nets as ONNX models", EXPORT, EXPORT_END)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where they go; made if missing")
    parser.add_argument(
        "--weights",
        default="mtcnn_lite",
        help="mtcnn_lite: those that ship; zhang2016: the authors' own, from the installed package mtcnn; or a folder "
        "with pnet, rnet and onet.safetensors (default: mtcnn_lite)",
    )
    parser.add_argument(
        "--opset",
        type=int,
        default=18,
        metavar="N",
        help="version of ONNX's operators, 16 to 24; programs older than it can't read the models (default: 18)",
    )


def run(options: argparse.Namespace) -> int:
    """Export `options.weights` to `options.out`, and return the exit status."""
    if options.out.exists() and not options.out.is_dir():
        options.error(f"--out {options.out}: that is a file, not a folder")
    try:
        from mtcnn_lite.detector import Detector

        detector = Detector(options.weights, engine="torch")
        from mtcnn_lite.exporting import ExportError, export  # with torch, which the line before says is missing
    except ValueError as error:  # a WeightsError, for one
        options.error(str(error))
    try:
        for name in ("*net.onnx", "cascade.json", "onepass.*"):
            remove_unfinished(options.out, f".*.part.{name}")
        export(detector, options.out, options.opset)
    except ValueError as error:
        options.error(f"--opset: {error}")
    except (ExportError, OSError) as error:
        print(f"error: {reason(error) if isinstance(error, OSError) else error}", file=sys.stderr)
        return FAILED
    files = "onepass.onnx" if detector.model == "onepass" else "pnet.onnx, rnet.onnx, onet.onnx"
    stated = "onepass.json" if detector.model == "onepass" else "cascade.json"
    print(f"{files} and {stated} written to {options.out}")
    return 0
