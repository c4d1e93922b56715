"""How detectors stand up to poor pictures: AP, recall and precision as composed photos get noisy, dark, small, blurred.

python benchmarks/degraded.py                        # the weights that ship against the authors', some minutes
python benchmarks/degraded.py --weights run/weights --against mtcnn_lite --json degraded.json

Scenes hold `--faces` faces of people that no composed training scene shows. Ways and strengths are chapter 11's, and
Gaussian noise besides. AP counts what passes low thresholds; recall and precision are at each detector's own.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from mtcnn_lite import Detector
from mtcnn_lite.course.degrade import DEGRADATIONS
from mtcnn_lite.course.scenes import scenes
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.evaluation.bootstrap import bootstrap_interval
from mtcnn_lite.evaluation.curves import judge
from mtcnn_lite.evaluation.report import PhotoResult, evaluate_photo

LOW = (0.2, 0.1, 0.05)  # thresholds of the curve
NOISE = (10, 20, 30, 40)  # standard deviation, of 255
SIZES = (24, 90)  # of faces, px: harder than large ones, and found by both where the picture is good


def photos_with(faces: int) -> list[LabelledPhoto]:
    """Composed photos with at least so many faces in all."""
    photos = scenes(faces, seed=11, sizes=SIZES, split="held_out")
    ends = np.cumsum([len(photo.boxes) for photo in photos])
    return photos[: int(np.searchsorted(ends, faces)) + 1]


def noisy(photo: LabelledPhoto, sigma: float, seed: int) -> LabelledPhoto:
    image = photo.image()
    noise = np.random.default_rng(seed).normal(0, sigma, image.shape)
    return replace(photo, source=np.clip(np.rint(image + noise), 0, 255).astype(np.uint8))


def degraded(photos: Sequence[LabelledPhoto]) -> Iterator[tuple[str, float, list[LabelledPhoto]]]:
    """Each way and strength, and the photos so changed; the first is no change."""
    yield "as they are", 0, list(photos)
    for sigma in NOISE:
        yield "noise", sigma, [noisy(photo, sigma, k) for k, photo in enumerate(photos)]
    for name, way in DEGRADATIONS.items():
        for strength in way.strengths[1:]:
            seeds = ({"seed": k} if name == "dark" else {} for k in range(len(photos)))
            yield name, strength, [way.apply(photo, strength, **seed)  # type: ignore[call-arg]  # only dark has one
                                   for photo, seed in zip(photos, seeds, strict=True)]  # fmt: skip


def compare(pairs: Sequence[tuple[PhotoResult, PhotoResult]]) -> dict[str, Any]:
    """Both detectors' figures, and the 95% range of the difference of their APs over draws of the photos."""
    curves, own = ([judge((getattr(each, which), each.photo) for each in side) for side in zip(*pairs, strict=True)]
                   for which in ("low", "fixed"))  # fmt: skip

    def difference(times: NDArray[np.int64]) -> float:
        one, other = (curve.drawn(times).average_precision for curve in curves)
        return one - other

    both = [
        {"ap": curve.average_precision, "recall": point.recall(), "precision": point.precision()}
        for curve, point in zip(curves, own, strict=True)
    ]
    return {"first": both[0], "second": both[1], "ap_range": bootstrap_interval(difference, len(pairs))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", default="mtcnn_lite")
    parser.add_argument("--against", default="zhang2016")
    parser.add_argument("--faces", type=int, default=200)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    detectors = Detector(chosen.weights), Detector(chosen.against)
    photos = photos_with(chosen.faces)
    print(f"{sum(len(photo.boxes) for photo in photos)} faces in {len(photos)} composed photos")
    print(f"{'':22} {'AP':^13}  {'range of difference':^19}  {'recall':^13}  {'precision':^13}")
    rows = []
    for name, strength, some in degraded(photos):
        bar = tqdm(some, f"{name} {strength:g}", leave=False, unit="photo", disable=None)
        row = compare([tuple(evaluate_photo(one, photo, LOW) for one in detectors) for photo in bar])
        rows.append({"way": name, "strength": strength, **row})
        one, other, (low, high) = row["first"], row["second"], row["ap_range"]
        pair = {key: f"{one[key]:.3f} {other[key]:.3f}" for key in one}
        print(f"{name:14} {strength:7g} {pair['ap']:^13}  {low:+.3f} to {high:+.3f}    {pair['recall']:^13}  "
              f"{pair['precision']:^13}", flush=True)  # fmt: skip
    if chosen.json:
        chosen.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
