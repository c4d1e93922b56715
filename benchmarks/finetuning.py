"""What fine-tuning gives: weights tuned on photos of another kind, there and on the photos that they were good at.

python benchmarks/finetuning.py --data ../shared/faces/validation --json finetuning.json

The other kind is composed: small faces in the dark. `--photos` of them are trained on, as data/train_your_own.md says;
fifty more, of other people, are measured on, and the photos of `--data`. Recall is compared where both detectors have
the precision that the weights had before at their own thresholds.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
from tqdm import tqdm

from mtcnn_lite import Detector
from mtcnn_lite.cli import main as command
from mtcnn_lite.course.degrade import dark
from mtcnn_lite.course.scenes import scenes
from mtcnn_lite.datasets import read_dataset, write_jsonl
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.evaluation.curves import judge
from mtcnn_lite.evaluation.report import evaluate_photo

LOW = (0.2, 0.1, 0.05)  # thresholds of the curve
SIZES, GONE = (16, 40), 0.8  # of faces, px; of the light
TESTED, SMALLEST = 50, 12  # photos; px


def night(count: int, seed: int, split: str) -> list[LabelledPhoto]:
    """Composed photos of small faces in the dark, the same for one seed."""
    photos = scenes(count, seed=seed, sizes=SIZES, split=split)
    return [dark(photo, GONE, seed=1000 * seed + number) for number, photo in enumerate(photos)]


def saved(photos: Sequence[LabelledPhoto], folder: Path) -> None:
    """Write photos as PNG files and their labels beside them."""
    folder.mkdir()
    files = []
    for number, photo in enumerate(photos):
        path = folder / f"{number}.png"
        cv2.imwrite(str(path), photo.image()[:, :, ::-1])
        files.append(replace(photo, source=path))
    write_jsonl(folder / "annotations.jsonl", files)


def compare(before: Detector, after: Detector, photos: Sequence[LabelledPhoto], name: str) -> dict[str, Any]:
    """AP of both, and their recall at the precision that the first has at its own thresholds."""
    judged: list[Any] = []
    for detector in (before, after):
        results = [evaluate_photo(detector, photo, LOW) for photo in tqdm(photos, name, leave=False, disable=None)]
        judged.append([judge(((getattr(each, which), each.photo) for each in results), SMALLEST)
                       for which in ("low", "fixed")])  # fmt: skip
    precision = judged[0][1].precision()
    return {
        "precision": round(precision, 4),
        "recall": [round(curve.recall_at(precision), 4) for curve, _ in judged],
        "ap": [round(curve.average_precision, 4) for curve, _ in judged],
        "own thresholds": [{"recall": round(own.recall(), 4), "precision": round(own.precision(), 4)}
                           for _, own in judged],
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", default="mtcnn_lite")
    parser.add_argument("--data", type=Path, help="labelled photos that the weights should still be good at")
    parser.add_argument("--photos", type=int, default=200, help="to train on (default: %(default)s)")
    parser.add_argument("--steps", default="0.1", help="share of the plan's steps (default: %(default)s)")
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        saved(night(chosen.photos, 1, "train"), folder / "photos")
        status = command(["train", "--data", str(folder / "photos"), "--out", str(folder / "run"),
                          "--from", chosen.weights, "--teacher", chosen.weights, "--steps", chosen.steps])  # fmt: skip
        if status:
            raise SystemExit(status)
        before, after = Detector(chosen.weights), Detector(folder / "run" / "weights")
    rows = {"night": compare(before, after, night(TESTED, 2, "held_out"), "night")}
    if chosen.data:
        photos = [photo for photo in read_dataset(chosen.data) if photo.complete]
        rows[chosen.data.name] = compare(before, after, photos, chosen.data.name)
    for name, row in rows.items():
        print(f"{name:12} recall at precision {row['precision']:.3f}: {row['recall'][0]:.3f} before, "
              f"{row['recall'][1]:.3f} after; AP {row['ap'][0]:.3f} before, {row['ap'][1]:.3f} after")  # fmt: skip
    if chosen.json:
        chosen.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
