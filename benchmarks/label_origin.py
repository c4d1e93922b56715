"""Where does each set of landmarks have its zero? How far its labels lie from what they mark, measured in two ways.

python benchmarks/label_origin.py ../shared/faces/validation ../shared/faces/landmarks     # 8,734 photos, 20 minutes
python benchmarks/label_origin.py ../shared/faces/validation                               # 550 photos, one minute

detector   labels less what `Detector(weights="zhang2016")` finds, averaged with what it finds in the mirrored photo: a
           net that leans to one side leans to the other there. Says nothing sure about y, where nothing is mirrored.
pupils     labels less the middle of the darkest quarter round each eye. In x, averaged over both eyes, what is dark
           beside a pupil cancels; in y, brows pull upward, alike in all sets: compare y with LFW's.

The labels are those in the files, before `read_jsonl` moves them. Each mean is over a set's faces, in pixels, with its
bootstrap standard deviation; `a + b * eyes` is a least-squares line over the eye distance in pixels: a constant shift
has b = 0, one that grows with the face has a = 0. The last column is the mean less the shift that LANDMARK_ORIGIN says.
"""

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from mtcnn_lite import Detector, read_image
from mtcnn_lite.boxes import iou
from mtcnn_lite.coordinates import MIRRORED
from mtcnn_lite.datasets import box_from_landmarks
from mtcnn_lite.datasets.readers.origin import to_pixel_centres

Array = NDArray[np.float64]
RESAMPLES = 400


def found_points(detector: Detector, image: NDArray[np.uint8], box: Array) -> Array | None:
    """The landmarks (5, 2) of the face that overlaps `box` most, or None."""
    faces = detector.detect(image)
    overlaps = iou(faces.boxes, [box])[:, 0]
    return faces.landmarks[overlaps.argmax()].astype(np.float64) if overlaps.max(initial=0) >= 0.4 else None


def off_detector(detector: Detector, image: NDArray[np.uint8], label: Array) -> Array | None:
    """Mean of label - found over the five points, x and y; None where the face is not found in both photos."""
    width = image.shape[1]
    box = box_from_landmarks(label)[0].astype(np.float64)
    straight = found_points(detector, image, box)
    turned = found_points(
        detector, np.ascontiguousarray(image[:, ::-1]), [width, 0, width, 0] + box[[2, 1, 0, 3]] * [-1, 1, -1, 1]
    )
    if straight is None or turned is None:
        return None
    turned = turned[MIRRORED] * [-1, 1] + [width - 1, 0]
    off = label - (straight + turned) / 2
    eyes = np.linalg.norm(label[1] - label[0])
    return off.mean(axis=0) if np.linalg.norm(off, axis=1).mean() < 0.2 * eyes else None  # else another face


def off_pupils(image: NDArray[np.uint8], label: Array) -> Array | None:
    """Mean of label - middle of the dark over both eyes, x and y; None for a face that is turned or tilted."""
    eyes = label[1] - label[0]
    distance = np.linalg.norm(eyes)
    middle = (label[:2].mean(axis=0) + label[3:].mean(axis=0)) / 2
    if abs(np.degrees(np.arctan2(eyes[1], eyes[0]))) > 12 or abs(label[2, 0] - middle[0]) > 0.15 * distance:
        return None
    gray = cv2.GaussianBlur(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), 0.025 * distance)
    rows, columns = np.mgrid[: gray.shape[0], : gray.shape[1]]
    off = []
    for eye in label[:2]:
        centre = eye
        for _ in range(6):  # the window follows the dark, so that its own place does not count
            weight = np.clip(1.2 - np.hypot(columns - centre[0], rows - centre[1]) / (0.175 * distance), 0, 1)
            if not weight.any():
                return None
            dark = np.clip(np.percentile(gray[weight > 0], 25) - gray, 0, None) * weight
            if dark.sum() == 0:
                return None
            centre = np.array([(columns * dark).sum(), (rows * dark).sum()]) / dark.sum()
        off.append(eye - centre)
    return np.mean(off, axis=0) if np.abs(off).max() < 0.2 * distance else None  # else hair, or a shadow


def say(name: str, off: Array, eyes: Array, said: Array, rng: np.random.Generator) -> None:
    """Print mean, spread and line of `off` (N, 2) over `eyes` (N,), and what is left after the shifts `said` (N, 2)."""
    columns = np.column_stack([np.ones_like(eyes), eyes])
    picks = rng.integers(len(off), size=(RESAMPLES, len(off)))
    means = off[picks].mean(axis=1).std(axis=0)
    lines = np.array([np.linalg.lstsq(columns[pick], off[pick], rcond=None)[0] for pick in picks]).std(axis=0)
    line = np.linalg.lstsq(columns, off, rcond=None)[0]
    for k, axis in enumerate("xy"):
        print(
            f"{name:<30} {axis} {len(off):>5} {off[:, k].mean():>6.2f} ± {means[k]:.2f}   {line[0, k]:>5.2f} ± "
            f"{lines[0, k]:.2f} + ({line[1, k]:>6.3f} ± {lines[1, k]:.3f}) * eyes   {(off - said)[:, k].mean():>6.2f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path, help="folders with annotations.jsonl")
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    detector = Detector(weights="zhang2016", min_face=24)
    rng = np.random.default_rng(0)
    found: dict[tuple[str, str], list[tuple[Array, float, Array]]] = {}
    for folder in options.folders:
        rows = [json.loads(line) for line in (folder / "annotations.jsonl").read_text(encoding="utf-8").splitlines()]
        for row in tqdm([row for row in rows if row["faces"] and row["faces"][0]["landmarks"]], desc=folder.name):
            image, label = read_image(folder / row["image"]), np.array(row["faces"][0]["landmarks"])
            eyes, said = float(np.linalg.norm(label[1] - label[0])), -to_pixel_centres(label, row["dataset"])[1]
            ways = {"detector": off_detector(detector, image, label), "pupils": off_pupils(image, label)}
            for way, off in ways.items():
                if off is not None:
                    found.setdefault((row["dataset"], way), []).append((off, eyes, said))
    print(f"{'set, measured by':<32} {'faces':>5}   mean        line over the eye distance                    left")
    for (dataset, way), values in sorted(found.items()):
        off, distances, shifts = map(np.array, zip(*values, strict=True))
        say(f"{dataset}, {way}", off, distances, shifts, rng)


if __name__ == "__main__":
    main()
