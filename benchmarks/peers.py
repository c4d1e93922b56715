"""`Detector.detect` beside the MTCNN packages that people install: speed and, with --data, accuracy of the same run.

python benchmarks/peers.py --peer facenet-pytorch=ENV/bin/python --peer mtcnn=ENV/bin/python --json result.json
python benchmarks/peers.py --peer ... --data DIR                # accuracy too
python benchmarks/peers.py --peer ... --data DIR --every 4 --rounds 0      # accuracy alone, on every fourth photo

Each package runs in an environment of its own (README.md says how to make them), with the values that the authors
released, the same photos, min face, factor and thresholds, on the CPU with the same number of threads. All are asked
about a photo in turn, A B C D A B C D, so that what else the machine does meets all alike; a ratio is that of two runs
in the same round. Packages that are missing are named and left out.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import peer_accuracy
from detect import machine, size
from peer_process import THREADS, Missing, Process
from peer_worker import FACTOR, PACKAGES
from photos import compose

from mtcnn_lite.datasets import DatasetError, read_dataset
from mtcnn_lite.photo import Photo

OURS = "mtcnn_lite"
NOT_MIRRORED = "mtcnn_lite, not mirrored"
ELSEWHERE = "mtcnn_lite, as a peer"  # what --peer mtcnn_lite=PYTHON is called: another environment's, or noise alone
PEERS = [name for name in PACKAGES if not name.startswith(OURS)]
CLOCKS = ("cpu", "wall")
RATIOS = {"ratio": OURS, "ratio_not_mirrored": NOT_MIRRORED}
SETTLE = 0.05  # seconds between two runs: threads that wait for work spin for a while after a call
YARDSTICK = "facenet-pytorch"
BARS = {YARDSTICK: 0.25}  # at most this share of its time
BAR = 0.5  # and of any other's


def speed(processes: Sequence[Process], wide: int, high: int, min_face: float, photos: int, rounds: int) -> dict:
    """The seconds (photos * rounds, 2: CPU and wall) and the faces of each detector; the first round is a warm-up."""
    seconds: dict[str, list[list[float]]] = {process.name: [] for process in processes}
    faces, failed = dict.fromkeys(seconds, 0), dict.fromkeys(seconds, "")
    for seed in range(photos):
        photo = compose(wide, high, seed)
        for run in range(-1, rounds):
            for process in processes:
                answer = process.detect(photo, min_face, peer_accuracy.FIXED)
                time.sleep(SETTLE)
                failed[process.name] = failed[process.name] or answer.failed
                if run >= 0:
                    seconds[process.name].append([answer.cpu, answer.wall])
                else:
                    faces[process.name] += len(answer.faces)
    result: dict[str, Any] = {"size": f"{wide}x{high}", "min_face": min_face, "runs": photos * rounds, "detectors": {}}
    for name, own in seconds.items():
        times = np.array(own)
        entry: dict[str, Any] = {"faces": faces[name], "failed": failed[name]}
        entry |= {f"{clock}_ms": spread(times[:, k] * 1e3) for k, clock in enumerate(CLOCKS)}
        # The time of a detector that gave up says nothing.
        if name not in (OURS, NOT_MIRRORED) and not failed[name] and (faces[name] or not faces[OURS]):
            for title, mine in RATIOS.items():
                ratios = np.array(seconds[mine]) / times
                entry[title] = {clock: spread(ratios[:, k]) for k, clock in enumerate(CLOCKS)}
        result["detectors"][name] = entry
    return result


def spread(values: np.ndarray) -> dict[str, float]:
    """Median, least and greatest."""
    found = {"median": np.median(values), "min": values.min(), "max": values.max()}
    return {name: round(float(value), 4) for name, value in found.items()}


def speed_table(results: Sequence[dict[str, Any]]) -> str:
    """The speed as text: a block for each size and min face, a row for each detector."""
    lines = []
    for result in results:
        lines += [
            f"{result['size']}, min face {result['min_face']:g}, {result['runs']} runs",
            f"{'':<26} {'faces':>5} {'CPU ms':>7} {'wall ms':>7}  {'ours/its, CPU':<17}  {'wall':<17}  "
            f"{'not mirrored, CPU':<17}  wall",
        ]
        for name, found in result["detectors"].items():
            row = f"{name:<26} {found['faces']:>5}"
            row += "".join(f" {found[f'{clock}_ms']['median']:>7.0f}" for clock in CLOCKS)
            for title in RATIOS:
                for clock in CLOCKS:
                    if title in found:
                        r = found[title][clock]
                        row += f"  {r['median']:.2f} ({r['min']:.2f}..{r['max']:.2f})".ljust(19)
            if "ratio" not in found and name not in (OURS, NOT_MIRRORED):
                row += f"  no ratio: {found['failed'] or 'it finds no face'}"
            lines.append(row.rstrip())
        lines.append("")
    return "\n".join(lines)


def verdicts(results: Sequence[dict[str, Any]]) -> list[str]:
    """The worst median of each peer, over sizes, min faces and both clocks, against its bar."""
    lines = []
    for name in results[0]["detectors"] if results else []:
        found = [(result, result["detectors"][name]["ratio"]) for result in results
                 if "ratio" in result["detectors"][name]]  # fmt: skip
        cases = [(ratio[clock]["median"], f"{clock}, {result['size']}, min face {result['min_face']:g}")
                 for result, ratio in found for clock in CLOCKS]  # fmt: skip
        if cases:
            worst, where = max(cases)
            bar = BARS.get(name, BAR)
            held = "held" if worst <= bar else "NOT held"
            lines.append(f"at most {bar} of {name}'s time: {worst:.2f} at the worst ({where}): {held}")
    return lines


def start(wanted: dict[str, str], threads: int) -> tuple[list[Process], dict[str, str]]:
    """Ours and the peers that can be asked, ready; and why the others can't be."""
    processes, missing = [], {name: "no --peer names its interpreter" for name in PEERS if name not in wanted}
    for name, python in {OURS: sys.executable, NOT_MIRRORED: sys.executable, **wanted}.items():
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
    parser.add_argument("--photos", type=at_least(1), default=1, help="composed photos a size (default: 1)")
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
    try:
        photos = read_dataset(options.data)[:: options.every] if options.data else []
    except DatasetError as error:
        parser.error(f"--data: {error}")

    processes, missing = start(wanted, options.threads)
    try:
        if {OURS, NOT_MIRRORED} & set(missing):
            parser.error(f"mtcnn_lite itself can't run here: {missing.get(OURS) or missing[NOT_MIRRORED]}")
        return compare(processes, missing, photos, options)
    finally:
        for process in processes:
            process.close()


def compare(
    processes: Sequence[Process], missing: dict[str, str], photos: list[Photo], options: argparse.Namespace
) -> dict[str, Any]:
    """Measure, print, write --json, and return what was written."""
    peers = [process.name for process in processes if process.name not in (OURS, NOT_MIRRORED)]
    print(", ".join(f"{name} {value}" for name, value in machine().items() if name in ("processor", "cores")))
    print(
        f"CPU, {options.threads} threads ({', '.join(THREADS)}, and as below); factor {FACTOR}, "
        f"thresholds {' '.join(map(str, peer_accuracy.FIXED))}; mtcnn-runtime's factor is 0.707, its NMS its own"
    )
    for process in processes:
        have = ", ".join(f"{name} {value}" for name, value in process.about["versions"].items())
        print(f"  {process.name}: {have}; threads: {process.about['threads']}")
    for name, why in missing.items():
        print(f"  {name}: NOT measured, {why}")
    out: dict[str, Any] = {"machine": machine(), "missing": missing}
    out |= {"packages": {process.name: process.about for process in processes}}
    out["speed"] = [
        speed(processes, *wide_high, min_face, options.photos, options.rounds)
        for wide_high in options.sizes
        for min_face in options.min_face
        if options.rounds
    ]
    said: list[str] = []
    if out["speed"]:
        print("\nspeed: medians; ratios median (least..greatest) of runs in the same round\n")
        print(speed_table(out["speed"]))
        said += verdicts(out["speed"])
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
