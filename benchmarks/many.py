"""`detect_many` beside `detect` one by one: where photos are small, two at once waste less than one shared.

python benchmarks/many.py                # a minute
"""

import argparse
import time

import cv2
import numpy as np
import torch
from photos import compose

from mtcnn_lite import Detector

SIDES = (100, 150, 200, 300, 480, 720)  # the photos' heights; they are 4 : 3


def seconds(detector: Detector, photos: list[np.ndarray], many: bool) -> float:
    started = time.perf_counter()
    found = list(detector.detect_many(photos)) if many else [detector.detect(photo) for photo in photos]
    assert len(found) == len(photos)
    return time.perf_counter() - started


def main(arguments: list[str] | None = None) -> list[float]:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sides", type=int, nargs="+", default=SIDES, metavar="PX", help="the photos' heights")
    parser.add_argument("--photos", type=int, default=24, help="of each size (default: 24)")
    parser.add_argument("--rounds", type=int, default=7, help="in turn, of which the median is shown (default: 7)")
    parser.add_argument("--threads", type=int, default=2, help="of torch (default: 2)")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(1)
    detector, ratios = Detector(), []
    print(f"{'photo':>9} {'one by one, ms':>14} {'many, ms':>9} {'times as fast':>20}")
    for side in options.sides:
        photos = [compose(side * 4 // 3, side, seed) for seed in range(options.photos)]
        pairs = np.array([[seconds(detector, photos, many) for many in (False, True)]
                          for _ in range(options.rounds + 1)])[1:]  # fmt: skip
        ratio = pairs[:, 0] / pairs[:, 1]
        one, many = 1e3 * np.median(pairs, axis=0) / len(photos)
        print(f"{f'{side * 4 // 3}x{side}':>9} {one:>14.1f} {many:>9.1f} {np.median(ratio):>8.2f} "
              f"({ratio.min():.2f}..{ratio.max():.2f})")  # fmt: skip
        ratios.append(float(np.median(ratio)))
    return ratios


if __name__ == "__main__":
    main()
