"""How much of `detect` is the nets' own work, and how well two threads share it.

python benchmarks/threads.py             # a minute

One thread and two in turn. In the last columns: what two threads would take that shared one thread's work without loss
and waited for nobody; what they do take; and how much CPU time both together take beyond the one's.
"""

import argparse
import time

import cv2
import numpy as np
import torch
from detect import PHOTOS, machine, size, timed
from photos import compose

from mtcnn_lite import Detector

REST = 0.1  # seconds before each run, as between photos that come now and then


class Clock:
    """Seconds that the nets' `forward` takes, all calls together."""

    def __init__(self, detector: Detector) -> None:
        self.seconds = self.started = 0.0
        for net in detector.nets:
            net.register_forward_pre_hook(lambda *_: self.start())
            net.register_forward_hook(lambda *_: self.stop())

    def start(self) -> None:
        self.started = time.perf_counter()

    def stop(self) -> None:
        self.seconds += time.perf_counter() - self.started


def measure(width: int, height: int, min_face: float, repeats: int) -> np.ndarray:
    """Medians of milliseconds, (5,): the nets alone, one thread; wall and CPU time of one thread; of two."""
    alone, both = Detector("zhang2016", min_face), Detector("zhang2016", min_face)  # nets of their own, one clock
    clock, rows = Clock(alone), []
    for seed in range(PHOTOS):
        photo = compose(width, height, seed)
        for repeat in range(-2, repeats):
            times = []
            for threads, detector in ((1, alone), (2, both)):
                torch.set_num_threads(threads)
                time.sleep(REST)
                clock.seconds = 0.0
                cpu, wall, _ = timed(lambda detector=detector, photo=photo: detector.detect(photo))
                times += [clock.seconds, wall, cpu] if threads == 1 else [wall, cpu]
            if repeat >= 0:
                rows.append(times)
    return 1e3 * np.median(rows, axis=0)


def main(arguments: list[str] | None = None) -> list[list[float]]:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=size, nargs="+", default=[(640, 480), (1280, 720)], metavar="WxH")
    parser.add_argument("--min-face", type=float, nargs="+", default=[20, 40], metavar="PX")
    parser.add_argument("--repeats", type=int, default=15, help="timed runs of each photo (default: 15)")
    options = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    print(", ".join(f"{name} {value}" for name, value in machine().items() if name != "threads"))
    print(f"{'ms, medians':>11} {'min face':>8} {'nets, 1 thread':>14} {'all, 1 thread':>13} {'half of it':>10} "
          f"{'2 threads':>9} {'CPU time':>8}")  # fmt: skip
    rows = []
    for width, height in options.sizes:
        for min_face in options.min_face:
            nets, wall, cpu, shared, shared_cpu = measure(width, height, min_face, options.repeats).tolist()
            print(f"{f'{width}x{height}':>11} {min_face:>8g} {nets:>14.0f} {wall:>13.0f} {wall / 2:>10.0f} "
                  f"{shared:>9.0f} {shared_cpu / cpu - 1:>+8.0%}")  # fmt: skip
            rows.append([nets, wall, cpu, shared, shared_cpu])
    return rows


if __name__ == "__main__":
    main()
