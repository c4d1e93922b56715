"""The detector's engines and devices beside each other, and photos a second beside what the paper says.

python benchmarks/engines.py                      # torch and, where it is installed, ONNX Runtime, on the CPU
python benchmarks/engines.py --device cuda        # and torch on the GPU
python benchmarks/engines.py --threads 1 --min-face 40

All are asked about a photo in turn, in an order drawn anew each round; a ratio is that of two runs in the same round.
The paper (Zhang et al. 2016) says 16 photos a second on a 2.6 GHz CPU and 99 on an Nvidia Titan Black. It does not say
the photos' size; the smallest face of its released code is 20 px.
"""

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from detect import machine, size
from photos import compose

from mtcnn_lite import Detector

PAPER = {"cpu": 16, "cuda": 99, "mps": 99}  # photos a second, on a CPU and on a GPU of 2014


HEADER = "     size min face threads  engine        CPU ms ratio  wall ms ratio  photos/s the paper"


def detectors(min_face: float, devices: list[str]) -> dict[str, Detector]:
    """Those that can be had here, by name; what can't is said."""
    wanted = {"torch": {"engine": "torch"}, "onnx": {"engine": "onnx"}}
    wanted |= {f"torch, {device}": {"engine": "torch", "device": device} for device in devices}
    found = {}
    for name, settings in wanted.items():
        try:
            found[name] = Detector(min_face=min_face, **settings)
        except ValueError as error:
            print(f"{name}: NOT measured, {error}")
    return found


def measure(engines: dict[str, Detector], wide: int, high: int, rounds: int, photos: int) -> dict[str, np.ndarray]:
    """Seconds of CPU and wall time, (photos * rounds, 2), of each; the first round of a photo is a warm-up."""
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in engines}
    order = np.random.default_rng(0)
    for seed in range(photos):
        photo = compose(wide, high, seed)
        for run in range(-1, rounds):
            for name in order.permutation(list(engines)):
                wall, cpu = time.perf_counter(), time.process_time()
                engines[name].detect(photo)
                spent = time.process_time() - cpu, time.perf_counter() - wall
                if run >= 0:
                    seconds[name].append(spent)
    return {name: np.array(own) for name, own in seconds.items()}


def figures(own: np.ndarray, torchs: np.ndarray, paper: int) -> dict[str, float]:
    """Medians of one engine's seconds, and of their ratios to torch's on the CPU in the same rounds."""
    (cpu, wall), (cpu_ratio, wall_ratio) = np.median(own, axis=0), np.median(own / torchs, axis=0)
    found = {"cpu_ms": cpu * 1e3, "cpu_ratio": cpu_ratio, "wall_ms": wall * 1e3, "wall_ratio": wall_ratio}
    return {name: round(float(value), 3) for name, value in found.items()} | {
        "photos_a_second": round(1 / float(wall), 2),
        "paper": paper,
    }


def row(result: dict[str, Any]) -> str:
    size, min_face, threads, engine, cpu, cpu_ratio, wall, wall_ratio, speed, paper = result.values()
    return (
        f"{size:>9} {min_face:>8g} {threads:>7}  {engine:<12} {cpu:>7.1f} {cpu_ratio:>5.2f} {wall:>8.1f} "
        f"{wall_ratio:>5.2f} {speed:>9.1f} {paper:>9}"
    )


def main(arguments: list[str] | None = None) -> list[dict[str, Any]]:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=size, nargs="+", default=[(640, 480), (1920, 1080)], metavar="WxH")
    parser.add_argument("--min-face", type=float, nargs="+", default=[20, 40], metavar="PX")
    parser.add_argument("--device", nargs="+", default=[], metavar="D", help="cuda or mps: torch there too")
    parser.add_argument("--rounds", type=int, default=8, help="timed runs of each photo (default: 8)")
    parser.add_argument("--photos", type=int, default=2, help="composed photos a size (default: 2)")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], help="of the detector (default: 1 2)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    options = parser.parse_args(arguments)
    before = torch.get_num_threads(), cv2.getNumThreads()
    cv2.setNumThreads(1)  # the detector shares OpenCV's work itself
    print(", ".join(f"{name} {value}" for name, value in machine().items() if name != "threads"))
    print(f"load when it began: {os.getloadavg()[0]:.1f}; medians; a ratio is its time by that of torch on the CPU\n")
    print(HEADER)
    results = []
    try:
        for wide, high in options.sizes:
            for min_face in options.min_face:
                for threads in options.threads:
                    torch.set_num_threads(threads)
                    engines = detectors(min_face, options.device)
                    seconds = measure(engines, wide, high, options.rounds, options.photos)
                    for name, own in seconds.items():
                        result = {"size": f"{wide}x{high}", "min_face": min_face, "threads": threads, "engine": name}
                        result |= figures(own, seconds["torch"], PAPER[engines[name].engine.device])
                        results.append(result)
                        print(row(result))
    finally:
        torch.set_num_threads(before[0])
        cv2.setNumThreads(before[1])
    print(f"\nload when it ended: {os.getloadavg()[0]:.1f}\n{__doc__[__doc__.index('The paper') :]}".rstrip())
    if options.json:
        options.json.write_text(json.dumps({"machine": machine(), "results": results}, indent=1) + "\n")
    return results


if __name__ == "__main__":
    main()
