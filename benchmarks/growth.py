"""What detection costs as photos, crowds and the range of sizes grow: time by stage, candidates, peak memory.

python benchmarks/growth.py --out growth            # growth.md and growth.png, a few minutes
"""

import argparse
import time
from pathlib import Path
from typing import Any

import cv2
import matplotlib
import numpy as np
import torch
from detect import machine
from memory import measure
from photos import CUT_OUT, compose
from skimage import data

from mtcnn_lite import Detector
from mtcnn_lite.draw import COLOURS
from mtcnn_lite.nets import ONet, PNet, RNet, multiply_adds

matplotlib.use("Agg")
import matplotlib.pyplot as plt

MEGAPIXELS = (0.1, 0.3, 1, 3, 10, 20)
FACES = (0, 10, 50, 100, 200)  # side by side on 1600x1200
MIN_FACES = (12, 20, 40, 100)  # on 1280x720
STAGES = ("pyramid", "pnet", "rnet", "onet")
LOOKS = dict(zip(STAGES, (("pyramid", "D"), ("P-Net", "o"), ("R-Net", "s"), ("O-Net", "^")), strict=True))
MULTIPLY_ADDS = {  # a window, with the heads that the released weights have
    # of P-Net one of a large map: a level 2 px wider and higher has a row and a column more, and this in their corner
    "pnet": sum(sign * multiply_adds(PNet(landmark_head=False), 12 + down, 12 + right)
                for down, right, sign in ((0, 0, 1), (0, 2, -1), (2, 0, -1), (2, 2, 1))),
    "rnet": multiply_adds(RNet(landmark_head=False), RNet.size, RNet.size),
    "onet": multiply_adds(ONet(), ONet.size, ONet.size),
}  # fmt: skip


def crowd(faces: int, width: int = 1600, height: int = 1200) -> np.ndarray:
    """A gray photo with so many copies of the astronaut's head, 80 px each, in rows of 20."""
    photo = np.full((height, width, 3), 90, np.uint8)
    head = cv2.resize(np.ascontiguousarray(data.astronaut()[CUT_OUT]), (80, 80), interpolation=cv2.INTER_AREA)
    for k in range(faces):
        y, x = 100 * (k // 20), 80 * (k % 20)
        photo[y : y + 80, x : x + 80] = head[:, :: -1 if k % 2 else 1]
    return photo


def row(of: str, photo: np.ndarray, min_face: float = 20, repeats: int = 3) -> dict[str, Any]:
    """The fastest of `repeats` runs, stage by stage, in ms."""
    detector = Detector("zhang2016", min_face, mirror=False)
    traces = [detector.trace(photo) for _ in range(repeats)]
    ms = {stage: 1e3 * min(trace.seconds[stage] for trace in traces) for stage in STAGES}
    counts = {stage.name: stage.windows for stage in traces[0].stages}
    proposed = len(traces[0].pnet["above threshold"])
    return {"of": of, "ms": ms, "windows": counts, "proposed": proposed, "faces": len(traces[0].faces)}


def rate(size: int = 1024, repeats: int = 5) -> float:
    """Multiply-adds a second of this machine's best: a product of two square matrices."""
    square = torch.rand(size, size)
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        square @ square
        seconds.append(time.perf_counter() - started)
    return size**3 / min(seconds)


def table(title: str, rows: list[dict[str, Any]], fastest: float) -> list[str]:
    """Markdown: measured ms of each stage, and in brackets what its multiply-adds alone would take."""
    lines = [f"\n| {title} | pyramid | P-Net (floor) | R-Net (floor) | O-Net (floor) | cells | above threshold |"
             " to R-Net | to O-Net | faces | peak, MB |", "|" + "---|" * 11]  # fmt: skip
    for r in rows:
        floor = {name: 1e3 * r["windows"][name] * MULTIPLY_ADDS[name] / fastest for name in MULTIPLY_ADDS}
        cells = [f"{r['ms']['pyramid']:.0f}", *(f"{r['ms'][name]:.0f} ({floor[name]:.0f})" for name in MULTIPLY_ADDS)]
        cells += [f"{r['windows']['pnet']:,}", f"{r['proposed']:,}", f"{r['windows']['rnet']:,}"]
        cells += [str(r["windows"]["onet"]), str(r["faces"]), r.get("peak", "")]
        lines.append(f"| {r['of']} | {' | '.join(cells)} |")
    return lines


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where growth.md and growth.png go")
    parser.add_argument("--megapixels", type=float, nargs="+", default=MEGAPIXELS)
    parser.add_argument("--faces", type=int, nargs="+", default=FACES)
    parser.add_argument("--min-face", type=float, nargs="+", default=MIN_FACES)
    parser.add_argument("--threads", type=int, default=2, help="of torch and OpenCV (default: 2)")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(options.threads)
    options.out.mkdir(parents=True, exist_ok=True)
    fastest = rate()
    areas = []
    for millions in options.megapixels:
        width, height = round((millions * 1e6 * 4 / 3) ** 0.5), round((millions * 1e6 * 3 / 4) ** 0.5)
        areas.append(row(f"{millions:g}", compose(width, height)))
        areas[-1]["peak"] = f"{measure(width, height)['peak_mb']:.0f}"
    crowds = [row(str(n), crowd(n)) for n in options.faces]
    reaches = [row(f"{side:g}", compose(1280, 720), side) for side in options.min_face]
    results = {"megapixels, min face 20": (options.megapixels, areas), "faces on 1600x1200": (options.faces, crowds),
               "min face on 1280x720": (options.min_face, reaches)}  # fmt: skip
    lines = [", ".join(f"{name} {value}" for name, value in machine().items()),
             f"\nms, the fastest of 3; floor: multiply-adds at the {2 * fastest / 1e9:.0f} GFLOP/s of a matrix product "
             "here.\nP-Net's time includes NMS, R-Net's and O-Net's their crops."]  # fmt: skip
    for title, (_, rows) in results.items():
        lines += table(title, rows, fastest)
    (options.out / "growth.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))

    figure, plots = plt.subplots(1, 3, figsize=(12, 3.6), layout="constrained")
    for plot, (title, (x, rows)) in zip(plots, results.items(), strict=True):
        for stage, (label, marker) in LOOKS.items():
            colour = COLOURS.get(stage, "#555555")
            plot.plot(x, [r["ms"][stage] for r in rows], marker=marker, color=colour, label=label)
        plot.set(xlabel=title, ylabel="ms", ylim=(0, None))
    plots[0].legend()
    figure.savefig(options.out / "growth.png", dpi=100)
    plt.close(figure)


if __name__ == "__main__":
    main()
