"""Thresholds for weights of our own, chosen on photos that no batch held: one in twenty of those that were trained on.

python benchmarks/choose_thresholds.py ../shared/faces/scenes --weights mtcnn_lite --keep FaceMaskDetection=0.25

O-Net's threshold is the one at which precision is that of the authors' weights at theirs (0.6, 0.7, 0.7). P-Net's and
R-Net's are the pair that sends the fewest windows on (R-Net's looks + 5 times O-Net's, as one of those costs about that
much more) among those whose recall is within a point of the best. `data` and --keep must be what the weights were
trained with, in the same order: which photos were held out depends on it.
"""

import argparse
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from mtcnn_lite import Detector
from mtcnn_lite.cli.train import share, thinned
from mtcnn_lite.datasets import read_dataset
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.evaluation import judge
from mtcnn_lite.training.batches import HOLD_OUT_EVERY

PNET = (0.3, 0.35, 0.4, 0.45, 0.5, 0.6)
RNET = (0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
LOWEST = 0.05  # O-Net
SMALLEST = 20  # px, the faces that count
ONET_COST = 5
SLACK = 0.01


def held_out(folders: Sequence[Path], shares: dict[str, float], seed: int) -> list[LabelledPhoto]:
    """The photos of which training drew no batch, where every face is labelled."""
    photos = thinned([photo for folder in folders for photo in read_dataset(folder)], shares, seed)
    return [photo for photo in photos[HOLD_OUT_EVERY - 1 :: HOLD_OUT_EVERY] if photo.complete]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="+", type=Path, help="the folders that were trained on, in the same order")
    parser.add_argument("--weights", default="mtcnn_lite")
    parser.add_argument("--keep", type=share, action="append", default=[], metavar="NAME=SHARE")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    photos = held_out(options.data, dict(options.keep), options.seed)
    authors = Detector("zhang2016")
    theirs = judge([(authors.detect(photo.image()), photo) for photo in tqdm(photos, "zhang2016")], SMALLEST)
    wanted = theirs.precision()
    print(f"{len(photos)} photos; zhang2016: recall {theirs.recall():.3f} at precision {wanted:.3f}")

    detector = Detector(options.weights, thresholds=(min(PNET), min(RNET), LOWEST))
    grid = list(product(PNET, RNET))
    faces: dict[tuple[float, float], list[tuple[object, LabelledPhoto]]] = {pair: [] for pair in grid}
    looks = dict.fromkeys(grid, 0)
    for photo in tqdm(photos, options.weights):
        trace = detector.trace(photo.image())
        for pair in grid:
            at = trace.rerun(thresholds=(*pair, LOWEST))
            faces[pair].append((at.faces, photo))
            looks[pair] += len(at.pnet.last) + ONET_COST * len(at.rnet.last)
    rows = []
    for pair in grid:
        judged = judge(faces[pair], SMALLEST)
        found = np.cumsum(judged.right)
        enough = np.flatnonzero(found / np.arange(1, len(found) + 1) >= wanted)
        last = enough[-1] if len(enough) else 0
        rows.append((found[last] / len(judged.faces), looks[pair] / len(photos), *pair, float(judged.scores[last])))
    for recall, cost, p, r, o in sorted(rows):
        print(f"P {p:.2f}  R {r:.2f}  O {o:.3f}   recall {recall:.3f}   cost {cost:6.0f}")
    best = max(rows)[0]
    recall, cost, p, r, o = min((row for row in rows if row[0] >= best - SLACK), key=lambda row: row[1])
    print(f"chosen: {p:g} {r:g} {o:.2f} (recall {recall:.3f}, cost {cost:.0f})")


if __name__ == "__main__":
    main()
