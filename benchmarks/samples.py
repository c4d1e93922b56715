"""How many training samples a second go to disk: the sample store, against a plain loop that writes one JPEG a sample.

python benchmarks/samples.py --data DIR              # labelled photos (data/README.md); a few minutes
python benchmarks/samples.py --data DIR --net onet --photos 200
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mtcnn_lite.datasets import read_dataset
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.net_names import NET_SIZES
from mtcnn_lite.sampling.config import SamplingConfig
from mtcnn_lite.sampling.store import write_store


def plain_loop(
    photos: Sequence[LabelledPhoto], folder: Path, size: int, config: SamplingConfig, rng: np.random.Generator
) -> int:
    """As most published scripts do it: one window at a time, one IoU at a time, one file a sample. Returns how many."""
    written = 0

    def write(image: np.ndarray, window: list[int], line: str) -> None:
        nonlocal written
        x1, y1, x2, y2 = window
        crop = cv2.resize(image[y1:y2, x1:x2], (size, size), interpolation=cv2.INTER_LINEAR)
        cv2.imwrite(str(folder / f"{written}.jpg"), crop)
        labels.write(f"{written}.jpg {line}\n")
        written += 1

    with (folder / "labels.txt").open("w") as labels:
        for photo in photos:
            image = cv2.imread(str(photo.source))
            height, width = image.shape[:2]
            left = config.random
            for _ in range(4 * config.random):
                side = int(rng.integers(12, max(13, min(width, height) // 2)))
                x, y = int(rng.integers(0, width - side)), int(rng.integers(0, height - side))
                window = [x, y, x + side, y + side]
                if left and best_iou(window, photo.boxes) < config.negative:
                    write(image, window, "0")
                    left -= 1
            for box in photo.boxes[~photo.ignore]:
                x1, y1, x2, y2 = box
                wide, high = x2 - x1, y2 - y1
                left = config.beside
                for _ in range(4 * config.beside):
                    side = int(rng.integers(12, max(13, min(width, height) // 2)))
                    x, y = int(x1 + rng.integers(-side, wide + 1)), int(y1 + rng.integers(-side, high + 1))
                    window = [x, y, x + side, y + side]
                    inside = x >= 0 and y >= 0 and window[2] <= width and window[3] <= height
                    if left and inside and best_iou(window, photo.boxes) < config.negative:
                        write(image, window, "0")
                        left -= 1
                for _ in range(config.jittered):
                    side = int(rng.integers(int(min(wide, high) * 0.8), int(np.ceil(1.25 * max(wide, high))) + 1))
                    x = int(x1 + wide / 2 + rng.uniform(-0.2, 0.2) * wide - side / 2)
                    y = int(y1 + high / 2 + rng.uniform(-0.2, 0.2) * high - side / 2)
                    window = [x, y, x + side, y + side]
                    if x < 0 or y < 0 or window[2] > width or window[3] > height:
                        continue
                    overlap = best_iou(window, box[None])
                    if overlap >= config.part:
                        offsets = " ".join(f"{(b - w) / side:.2f}" for b, w in zip(box, window, strict=True))
                        write(image, window, f"{1 if overlap >= config.positive else -1} {offsets}")
    return written


def best_iou(window: list[int], boxes: np.ndarray) -> float:
    """IoU of one window with the nearest of all boxes, in numpy, as the scripts have it."""
    if not len(boxes):
        return 0.0
    x = np.minimum(window[2], boxes[:, 2]) - np.maximum(window[0], boxes[:, 0])
    y = np.minimum(window[3], boxes[:, 3]) - np.maximum(window[1], boxes[:, 1])
    shared = np.maximum(x, 0) * np.maximum(y, 0)
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return float(np.max(shared / ((window[2] - window[0]) * (window[3] - window[1]) + areas - shared)))


def times_over(config: SamplingConfig, times: int) -> SamplingConfig:
    return replace(config, **{n: times * getattr(config, n) for n in ("random", "beside", "jittered", "landmarks")})


def measure(photos: list[LabelledPhoto], net: str, times: int, workers: int, plain_photos: int) -> dict[str, Any]:
    """Samples a second of both, at `times` the default counts; the plain loop on the first `plain_photos` only."""
    config = times_over(SamplingConfig(), times)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "plain")
        folder.mkdir()
        start = time.perf_counter()
        plain = plain_loop(photos[:plain_photos], folder, NET_SIZES[net], config, np.random.default_rng(0))
        plain_rate = plain / (time.perf_counter() - start)
        start = time.perf_counter()
        store = write_store(Path(scratch, "store"), photos, NET_SIZES[net], 0, config, workers=workers)
        rate = len(store) / (time.perf_counter() - start)
    return {"net": net, "times": times, "samples": len(store), "rate": rate, "plain_rate": plain_rate,
            "ratio": rate / plain_rate, "samples_a_photo": len(store) / len(photos)}  # fmt: skip


def main(arguments: list[str] | None = None) -> list[dict[str, Any]]:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="labelled photos in files")
    parser.add_argument("--net", choices=NET_SIZES, default="pnet")
    parser.add_argument("--photos", type=int, default=1024, help="photos for the store (default: 1024)")
    parser.add_argument("--plain-photos", type=int, default=100, help="photos for the plain loop (default: 100)")
    parser.add_argument("--times", type=int, nargs="+", default=[1, 3, 10], help="multiples of the default counts")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there as well")
    options = parser.parse_args(arguments)
    photos = read_dataset(options.data)
    order = np.random.default_rng(0).permutation(len(photos))[: options.photos]
    chosen = [photos[k] for k in order]
    results = [measure(chosen, options.net, times, options.workers, options.plain_photos) for times in options.times]
    print(f"{'net':>5} {'counts':>7} {'a photo':>8} {'store, samples/s':>17} {'plain loop':>11} {'ratio':>6}")
    for r in results:
        print(f"{r['net']:>5} {'x ' + str(r['times']):>7} {r['samples_a_photo']:>8.0f} {r['rate']:>17,.0f} "
              f"{r['plain_rate']:>11,.0f} {r['ratio']:>6.1f}")  # fmt: skip
    peaks = [resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(f"peak memory: {peaks[0]:.0f} MB here, {peaks[1]:.0f} MB the largest of {options.workers} workers")
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")
    return results


if __name__ == "__main__":
    main(sys.argv[1:])
