"""How good each detector is on labelled photos: the half of peers.py that keeps speed from being bought with faces."""

import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from peer_process import THRESHOLDS, Answer, Process
from tqdm import tqdm

from mtcnn_lite import Faces
from mtcnn_lite.datasets import LANDMARK_ORIGIN
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.evaluation import judge, landmark_errors
from mtcnn_lite.evaluation.report import by_dataset

LOWERED = (0.5, 0.2, 0.05)  # low enough for the curve's end, and for all packages to end today
MIN_FACE = 20
MOVED = ", ".join(f"{name} {x:g} and {y:g}" for name, (x, y) in LANDMARK_ORIGIN.items())
NOTES = f"""\
recall, precision: thresholds {THRESHOLDS}, IoU 0.5 or more, faces of {MIN_FACE} px and more, in fully labelled photos
AP: the same photos, at thresholds {LOWERED}
NME: mean error of five landmarks over the distance between the eyes, at the lowered thresholds. First of the faces
     that this detector found (how many it missed), then of those in photos where all detectors found them; both by
     labels that mtcnn_lite.datasets moved, as the sets' origins differ. Last of its own again, labels as in the files:
     a detector that leans right and down gains there. px taken off in x and y, measured with our detector and with
     pupils (data/landmark_origin.md): {MOVED}
Boxes and points are what each package returns; none is moved."""


def measure(processes: Sequence[Process], photos: Sequence[LabelledPhoto]) -> dict[str, dict[str, Any]]:
    """Ask every detector about every photo, in turn, at both thresholds; the figures of each by its name."""
    fixed: dict[str, list[Answer]] = {process.name: [] for process in processes}
    lowered: dict[str, list[Answer]] = {process.name: [] for process in processes}
    for photo in tqdm(photos, "accuracy", unit="photo", disable=not sys.stderr.isatty()):
        image = photo.image()
        for process in processes:
            fixed[process.name].append(process.detect(image, MIN_FACE, THRESHOLDS))
            lowered[process.name].append(process.detect(image, MIN_FACE, LOWERED))
    found = {name: [answer.faces for answer in answers] for name, answers in lowered.items()}
    points = landmark_figures(found, photos)
    figures = {}
    for name in fixed:
        complete = [k for k, photo in enumerate(photos) if photo.complete]
        strict = judge([(fixed[name][k].faces, photos[k]) for k in complete], MIN_FACE)
        wide = judge([(lowered[name][k].faces, photos[k]) for k in complete], MIN_FACE)
        failed = Counter(answer.failed for answer in fixed[name] + lowered[name] if answer.failed)
        figures[name] = {
            "complete_photos": len(complete),
            "faces": len(strict.faces),
            "recall": strict.recall(),
            "precision": strict.precision(),
            "average_precision": wide.average_precision,
            "landmarks": points[name],
            "failed": dict(failed),
        }
    return figures


def landmark_figures(found: dict[str, list[Faces]], photos: Sequence[LabelledPhoto]) -> dict[str, dict[str, Any]]:
    """For each detector and data set with landmarks: the mean error of the faces it found, how many it missed, the mean
    error on the photos where every detector found all of them, and its own by the labels as in the files.
    """
    marked = [k for k, photo in enumerate(photos) if (photo.has_landmarks & ~photo.ignore).any()]
    figures: dict[str, dict[str, Any]] = {name: {} for name in found}
    for title, rows in by_dataset(marked, lambda k: photos[k]).items():
        errors = {name: [landmark_errors([(faces[k], photos[k])]) for k in rows] for name, faces in found.items()}
        all_found = np.all([[missed == 0 for _, missed in each] for each in errors.values()], axis=0)
        for name, each in errors.items():
            own = np.concatenate([error for error, _ in each])
            in_files, _ = landmark_errors([(found[name][k], as_in_files(photos[k])) for k in rows])
            common = np.concatenate([np.zeros(0), *(each[i][0] for i in np.flatnonzero(all_found))])
            figures[name][title] = {
                "faces": len(own),
                "missed": sum(missed for _, missed in each),
                "nme": mean(own),
                "common_faces": len(common),
                "common_nme": mean(common),
                "nme_of_labels_as_in_files": mean(in_files),
            }
    return figures


def as_in_files(photo: LabelledPhoto) -> LabelledPhoto:
    """The photo with the landmarks that its file has, before mtcnn_lite.datasets moved them."""
    by = np.array(photo.about.get("landmarks_moved", (0, 0)), np.float32)
    return LabelledPhoto(photo.source, photo.boxes, photo.landmarks - by, photo.ignore, photo.complete, photo.about)


def mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")


def table(figures: dict[str, dict[str, Any]]) -> str:
    """The figures as text, a row for each detector; failures below."""
    first = next(iter(figures.values()))
    titles = list(first["landmarks"])
    head = f"{'':<26} {'recall':>7} {'precision':>9} {'AP':>7}"
    head += "".join(f"  {'NME ' + title:>27}" for title in titles)
    lines = [f"{first['faces']:,} faces in {first['complete_photos']:,} photos; landmarks: "
             + ", ".join(f"{title} {each['faces'] + each['missed']} faces, {each['common_faces']} found by all"
                         for title, each in first["landmarks"].items()), head]  # fmt: skip
    for name, each in figures.items():
        row = f"{name:<26} {each['recall']:>7.3f} {each['precision']:>9.3f} {each['average_precision']:>7.3f}"
        for title in titles:
            points = each["landmarks"][title]
            row += f"  {points['nme']:>7.4f} ({points['missed']:>3}) {points['common_nme']:.4f} "
            row += f"{points['nme_of_labels_as_in_files']:.4f}"
        lines.append(row)
    for name, each in figures.items():
        lines += [f"{name}: {count} calls failed, {why}" for why, count in each["failed"].items()]
    return "\n".join(lines)


def verdicts(figures: dict[str, dict[str, Any]], ours: str, peers: Sequence[str]) -> list[str]:
    """Our figures against the best of the peers': recall and AP no worse by more than 0.005, every NME lower."""
    lines = []
    for key, text in (("recall", "recall"), ("average_precision", "AP")):
        if np.isnan(figures[ours][key]):  # no photo where every face is labelled
            continue
        best = max(peers, key=lambda name: figures[name][key])
        mine, theirs = figures[ours][key], figures[best][key]
        held = "held" if mine >= theirs - 0.005 else "NOT held"
        lines.append(f"{text} within 0.005 of the best peer's: {mine:.3f}, {best} {theirs:.3f}: {held}")
    for title, points in figures[ours]["landmarks"].items():
        best = min(peers, key=lambda name: np.nan_to_num(figures[name]["landmarks"][title]["nme"], nan=np.inf))
        theirs = figures[best]["landmarks"][title]["nme"]
        held = "held" if points["nme"] < theirs else "NOT held"
        lines.append(f"NME on {title} lower than every peer's: {points['nme']:.4f}, {best} {theirs:.4f}: {held}")
    return lines
