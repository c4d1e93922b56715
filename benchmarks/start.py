"""How long a new process waits: for `import mtcnn_lite` after torch, and for its first `detect` beside later ones.

python benchmarks/start.py               # a minute: five new processes for each size of photo
"""

import argparse
import json
import subprocess
import sys

import numpy as np
from detect import size

# Runs in a process of its own. The photo is made before the clock starts; the detector is not.
CHILD = """
import json, sys, time
import torch
width, height, min_face, threads = map(int, sys.argv[1:])
torch.set_num_threads(threads)
at = time.perf_counter()
from mtcnn_lite import Detector
imported = time.perf_counter() - at
from photos import compose
photo, detector = compose(width, height), Detector(min_face=min_face)
seconds = []
for _ in range(12):
    at = time.perf_counter()
    detector.detect(photo)
    seconds.append(time.perf_counter() - at)
print(json.dumps([imported, seconds[0], sorted(seconds[2:])[5]]))
"""


def main(arguments: list[str] | None = None) -> list[list[float]]:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=size, nargs="+", default=[(640, 480), (1280, 720)], metavar="WxH")
    parser.add_argument("--min-face", type=int, nargs="+", default=[20, 40], metavar="PX")
    parser.add_argument("--processes", type=int, default=5, help="of which the median is shown (default: 5)")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args(arguments)
    print(f"{'size':>9} {'min face':>8} {'import, s':>9} {'first, ms':>9} {'steady, ms':>10} {'first / steady':>14}")
    rows = []
    for width, height in options.sizes:
        for min_face in options.min_face:
            child = [sys.executable, "-c", CHILD, *map(str, (width, height, min_face, options.threads))]
            runs = [
                json.loads(subprocess.run(child, cwd=sys.path[0], check=True, capture_output=True, text=True).stdout)
                for _ in range(options.processes)
            ]
            imported, first, steady = np.median(runs, axis=0).tolist()
            ratio = float(np.median([run[1] / run[2] for run in runs]))
            print(f"{f'{width}x{height}':>9} {min_face:>8} {imported:>9.2f} {1e3 * first:>9.0f} {1e3 * steady:>10.0f} "
                  f"{ratio:>14.2f}")  # fmt: skip
            rows.append([imported, first, steady, ratio])
    return rows


if __name__ == "__main__":
    main()
