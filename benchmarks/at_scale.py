"""Many photos: `mtcnn-lite detect` with threads and with processes, and examples/ray_faces.py, photos a second.

python benchmarks/at_scale.py            # five minutes; it needs the extra ray

Each way is timed with few photos and with all: what it costs to start, and each photo more. Its photos are JPEGs.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import psutil
from detect import size
from photos import compose

DETECT = (sys.executable, "-m", "mtcnn_lite", "detect")
RAY = (sys.executable, str(Path(__file__).parents[1] / "examples" / "ray_faces.py"))


def write_photos(folder: Path, number: int, wide: int, high: int) -> None:
    """JPEGs, a tenth of them composed anew."""
    folder.mkdir()
    for k in range(max(1, number // 10)):
        photo = compose(wide, high, k)
        for copy in range(k * 10, min(number, k * 10 + 10)):
            cv2.imwrite(str(folder / f"{copy:05}.jpg"), photo[..., ::-1])


def ways(workers: list[int]) -> dict[str, tuple[list[str], list[str]]]:
    """By name, what comes before the folder of photos, and after it; a way that writes gets its folder at the end."""
    found = {"detect": ([*DETECT], ["--json"])}
    found |= {f"detect --workers {n}": ([*DETECT], ["--json", "--workers", str(n)]) for n in workers if n > 1}
    return found | {f"ray_faces.py --workers {n}": ([*RAY], ["--workers", str(n), "--out"]) for n in workers}


def run(command: list[str]) -> tuple[float, float]:
    """Wall seconds, and the largest resident memory in MB that a process of it had, seen ten times a second."""
    started, most = time.perf_counter(), 0
    program = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    while program.poll() is None:
        time.sleep(0.1)
        for process in _all(program.pid):
            try:
                if process.name().startswith(("python", "ray::")):
                    most = max(most, process.memory_info().rss)
            except psutil.Error:
                continue
    assert program.returncode == 0, program.stderr and program.stderr.read()
    return time.perf_counter() - started, most / 1e6


def _all(number: int) -> list[psutil.Process]:
    try:
        return [psutil.Process(number), *psutil.Process(number).children(recursive=True)]
    except psutil.Error:
        return []


def main(arguments: list[str] | None = None) -> dict[str, float]:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=400, help="in all (default: 400)")
    parser.add_argument("--few", type=int, default=40, help="for the time to start (default: 40)")
    parser.add_argument("--size", type=size, default=(640, 480), metavar="WxH", help="of the photos (default: 640x480)")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2], help="(default: 1 2)")
    parser.add_argument("--rounds", type=int, default=3, help="in turn, of which the median is shown (default: 3)")
    parser.add_argument("--only", default="", help="ways whose name holds this")
    options = parser.parse_args(arguments)
    wanted = {name: way for name, way in ways(options.workers).items() if options.only in name}
    rates: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for kind, number in (("few", options.few), ("all", options.photos)):
            write_photos(folder / kind, number, *options.size)
        taken: dict[str, list[list[float]]] = {way: [] for way in wanted}
        for round in range(options.rounds):
            for way, (before, after) in wanted.items():
                row = []
                for kind in ("few", "all"):
                    out = [str(folder / f"{kind} {round} {len(after)} {after[1:2]}")] if after[-1] == "--out" else []
                    row += run([*before, str(folder / kind), *after, *out])
                taken[way].append(row)
        print(f"{'':<26}{'seconds for all':>16}{'to start':>10}{'photos a second':>17}{'MB a process':>14}")
        for way, rows in taken.items():
            few, _, whole, most = np.median(rows, axis=0)
            rates[way] = (options.photos - options.few) / (whole - few)
            start = few - options.few / rates[way]
            print(f"{way:<26}{whole:>16.1f}{start:>10.1f}{rates[way]:>17.1f}{most:>14.0f}")
    return rates


if __name__ == "__main__":
    main()
