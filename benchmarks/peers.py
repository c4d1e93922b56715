"""`Detector.detect` beside the MTCNN packages that people install: speed and, with --data, accuracy of the same run.

python benchmarks/peers.py --peer facenet-pytorch=ENV/bin/python --peer mtcnn=ENV/bin/python --json result.json
python benchmarks/peers.py --peer ... --data DIR                # accuracy too
python benchmarks/peers.py --peer ... --data DIR --every 4 --rounds 0      # accuracy alone, on every fourth photo

Each package runs in an environment of its own (README.md says how to make them), with the values that the authors
released, the same photos, min face, factor and thresholds, on the CPU with the same number of threads. All are asked
about a photo in turn, in an order drawn anew each round, A C D B D A B C, so that what else the machine does meets all
alike; a ratio is that of two runs in the same round. Packages that are missing are named and left out.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import peer_accuracy
import peer_speed
from detect import machine, size
from peer_process import NOT_MIRRORED, ONNX, OURS, THREADS, THRESHOLDS, Missing, Process
from peer_worker import FACTOR, PACKAGES

from mtcnn_lite.datasets import DatasetError, read_dataset
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.images import ImageError

ELSEWHERE = "mtcnn_lite, as a peer"  # what --peer mtcnn_lite=PYTHON is called: another environment's, or noise alone
PEERS = [name for name in PACKAGES if not name.startswith(OURS)]


def start(wanted: dict[str, str], threads: int) -> tuple[list[Process], dict[str, str]]:
    """Ours and the peers that can be asked, ready; and why the others can't be."""
    processes, missing = [], {name: "no --peer names its interpreter" for name in PEERS if name not in wanted}
    for name, python in {OURS: sys.executable, NOT_MIRRORED: sys.executable, ONNX: sys.executable, **wanted}.items():
        try:
            package, title = (OURS, ELSEWHERE) if name == ELSEWHERE else (name, name)
            processes.append(Process(title, package, python, threads))
        except Missing as error:
            missing[name] = str(error)
    for process in processes.copy():
        try:
            process.wait()
        except Missing as error:
            process.close()
            processes.remove(process)
            missing[process.name] = str(error)
    return processes, missing


def peer(text: str) -> tuple[str, str]:
    """NAME=PYTHON of the command line."""
    name, _, python = text.partition("=")
    if name not in (*PEERS, OURS) or not python:
        known = ", ".join((*PEERS, OURS))
        raise argparse.ArgumentTypeError(f"{text!r} must be NAME=PYTHON, an interpreter; NAME is one of {known}")
    return ELSEWHERE if name == OURS else name, python


def at_least(least: int) -> Callable[[str], int]:
    def whole(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r} must be a whole number of {least} or more")
        return int(text)

    return whole


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--peer", type=peer, action="append", default=[], metavar="NAME=PYTHON",
        help="a package, and the Python that has it; again for each",
    )  # fmt: skip
    parser.add_argument("--sizes", type=size, nargs="+", default=[(640, 480), (1280, 720)], metavar="WxH")
    parser.add_argument("--min-face", type=at_least(12), nargs="+", default=[20, 40], metavar="PX")
    parser.add_argument("--photos", type=at_least(1), default=2, help="composed photos a size (default: 2)")
    parser.add_argument("--rounds", type=at_least(0), default=6, help="timed runs of each (default: 6); 0: no speed")
    parser.add_argument("--threads", type=at_least(1), default=2, help="of every detector (default: 2)")
    parser.add_argument("--data", type=Path, metavar="DIR", help="labelled photos: accuracy too")
    parser.add_argument("--every", type=at_least(1), default=1, metavar="N", help="each Nth of them (default: all)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    options = parser.parse_args(arguments)
    wanted = dict(options.peer)
    if len(wanted) < len(options.peer):
        parser.error("--peer names a package twice")
    if not options.rounds and not options.data:
        parser.error("--rounds 0 without --data leaves nothing to measure")
    if options.json and not options.json.parent.is_dir():
        parser.error(f"--json: {options.json.parent} is no folder")
    try:
        photos = read_dataset(options.data)[:: options.every] if options.data else []
    except DatasetError as error:
        parser.error(f"--data: {error}")

    processes, missing = start(wanted, options.threads)
    try:
        if {OURS, NOT_MIRRORED} & set(missing):
            parser.error(f"mtcnn_lite itself can't run here: {missing.get(OURS) or missing[NOT_MIRRORED]}")
        return compare(processes, missing, photos, options)
    except ImageError as error:
        parser.error(f"--data: {error}")
    finally:
        for process in processes:
            process.close()


def compare(
    processes: Sequence[Process], missing: dict[str, str], photos: list[LabelledPhoto], options: argparse.Namespace
) -> dict[str, Any]:
    """Measure, print, write --json, and return what was written."""
    peers = [process.name for process in processes if process.name not in (OURS, NOT_MIRRORED, ONNX)]
    print(", ".join(f"{name} {value}" for name, value in machine().items() if name in ("processor", "cores")))
    print(
        f"CPU, {options.threads} threads ({', '.join(THREADS)}, and as below); factor {FACTOR}, "
        f"thresholds {' '.join(map(str, THRESHOLDS))}; mtcnn-runtime's factor is 0.707, its NMS its own"
    )
    for process in processes:
        have = ", ".join(f"{name} {value}" for name, value in process.about["versions"].items())
        print(f"  {process.name}: {have}; threads: {process.about['threads']}")
    for name, why in missing.items():
        print(f"  {name}: NOT measured, {why}")
    out: dict[str, Any] = {"machine": machine(), "missing": missing}
    out |= {"packages": {process.name: process.about for process in processes}}
    out["speed"] = [
        peer_speed.measure(processes, *wide_high, min_face, options.photos, options.rounds)
        for wide_high in options.sizes
        for min_face in options.min_face
        if options.rounds
    ]
    said: list[str] = []
    if out["speed"]:
        print("\nspeed: medians; ratios median (least..greatest) of runs in the same round\n")
        print(peer_speed.table(out["speed"]))
        said += peer_speed.verdicts(out["speed"])
    if photos:
        out["accuracy"] = peer_accuracy.measure(processes, photos)
        print(f"accuracy, {len(photos)} photos, min face {peer_accuracy.MIN_FACE}\n")
        print(peer_accuracy.table(out["accuracy"]))
        print("\n" + peer_accuracy.NOTES)
        said += peer_accuracy.verdicts(out["accuracy"], OURS, peers) if peers else []
    print("\n" + "\n".join(said))
    if options.json:
        without_nan = json.loads(json.dumps(out), parse_constant=lambda _: None)
        options.json.write_text(json.dumps(without_nan, indent=1) + "\n")
    return out


if __name__ == "__main__":
    main()
