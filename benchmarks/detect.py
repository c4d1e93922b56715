"""How long `Detector.detect` takes, against the plainest way of writing it (yardstick.py), in turn in one process.

python benchmarks/detect.py                     # the whole table, about a minute
python benchmarks/detect.py --sizes 1280x720 --min-face 20 --repeats 20 --json result.json
"""

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import yardstick
from photos import compose

from mtcnn_lite import Detector, Faces

PHOTOS = 2  # composed photos a size; each is measured `repeats` times
BAR = 0.5  # 1280x720, min_face 20: at most this share of the yardstick's CPU time


def timed(detect: Callable[[], Faces]) -> tuple[float, float, Faces]:
    """CPU seconds of this process (all its threads), wall seconds, and what was found."""
    wall, cpu = time.perf_counter(), time.process_time()
    faces = detect()
    return time.process_time() - cpu, time.perf_counter() - wall, faces


def compare(width: int, height: int, min_face: float, repeats: int, photos: int = PHOTOS) -> dict[str, Any]:
    """Both ways on the same photos, in turn (A B A B), so that what else the machine does meets both alike."""
    # Without the second look at the mirrored face, which the yardstick does not take either.
    detector = Detector("zhang2016", min_face, mirror=False)
    plain = yardstick.plain(detector.nets)
    seconds, found = [], []
    for seed in range(photos):
        photo = compose(width, height, seed)
        for repeat in range(-1, repeats):  # the first is a warm-up
            cpu, wall, faces = timed(lambda photo=photo: detector.detect(photo))
            plain_cpu, plain_wall, plain_faces = timed(lambda photo=photo: yardstick.detect(plain, photo, min_face))
            if repeat >= 0:
                seconds.append([[cpu, plain_cpu], [wall, plain_wall]])
        found.append([len(faces), len(plain_faces)])
    times = np.array(seconds)  # (photos * repeats, cpu / wall, ours / yardstick)
    result: dict[str, Any] = {"size": f"{width}x{height}", "min_face": min_face, "runs": len(times)}
    result |= {"faces": sum(n for n, _ in found), "yardstick_faces": sum(n for _, n in found)}
    for k, clock in enumerate(("cpu", "wall")):
        columns = {
            "ms": times[:, k, 0] * 1e3,
            "yardstick_ms": times[:, k, 1] * 1e3,
            "ratio": times[:, k, 0] / times[:, k, 1],
        }
        result[clock] = {name: quartiles(values) for name, values in columns.items()}
    return result


def quartiles(values: np.ndarray) -> dict[str, float]:
    """Median, and the quarters of the runs below and above which lie q1 and q3."""
    return {name: round(float(np.quantile(values, q)), 4) for name, q in (("q1", 0.25), ("median", 0.5), ("q3", 0.75))}


def table(results: list[dict[str, Any]]) -> str:
    """The results as text, a row for each size, min_face and clock."""
    lines = [
        f"{'size':>9} {'min face':>8} {'clock':>5}  {'Detector, ms':>18} {'yardstick, ms':>18} {'ratio':>17}  "
        f"{'faces (yardstick)':>17}"
    ]
    for result in results:
        for clock in ("cpu", "wall"):
            ours, plain, ratio = (result[clock][name] for name in ("ms", "yardstick_ms", "ratio"))
            cells = [f"{t['median']:.0f} ({t['q1']:.0f} - {t['q3']:.0f})" for t in (ours, plain)]
            cells.append(f"{ratio['median']:.2f} ({ratio['q1']:.2f} - {ratio['q3']:.2f})")
            faces = f"{result['faces']} ({result['yardstick_faces']})" if clock == "cpu" else ""
            row = (
                f"{result['size']:>9} {result['min_face']:>8g} {clock:>5}  {cells[0]:>18} {cells[1]:>18} {cells[2]:>17}"
            )
            lines.append(f"{row}  {faces:>17}".rstrip())
    return "\n".join(lines)


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "processor": torch.backends.cpu.get_cpu_capability(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "opencv": cv2.__version__,
        "numpy": np.__version__,
    }


def size(text: str) -> tuple[int, int]:
    width, height = text.split("x")
    return int(width), int(height)


def main(arguments: list[str] | None = None) -> list[dict[str, Any]]:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=size, nargs="+", default=[(640, 480), (1280, 720)], metavar="WxH")
    parser.add_argument("--min-face", type=float, nargs="+", default=[20, 40], metavar="PX")
    parser.add_argument("--repeats", type=int, default=15, help="timed runs of each photo (default: 15)")
    parser.add_argument("--photos", type=int, default=PHOTOS, help=f"composed photos a size (default: {PHOTOS})")
    parser.add_argument("--threads", type=int, default=2, help="of torch and OpenCV (default: 2)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there as well")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(options.threads)
    results = [
        compare(width, height, min_face, options.repeats, options.photos)
        for width, height in options.sizes
        for min_face in options.min_face
    ]
    print(", ".join(f"{name} {value}" for name, value in machine().items()))
    print("median (quartiles); the ratio is that of neighbouring runs\n")
    print(table(results))
    for result in results:
        if result["size"] == "1280x720" and result["min_face"] == 20:
            ratio = result["cpu"]["ratio"]["median"]
            print(f"\nthe bar, {BAR} of the yardstick's CPU time at 1280x720 and min face 20: {ratio:.2f},", end=" ")
            print("held" if ratio <= BAR else "NOT held")
    if options.json:
        options.json.write_text(json.dumps({"machine": machine(), "results": results}, indent=1) + "\n")
    return results


if __name__ == "__main__":
    main()
