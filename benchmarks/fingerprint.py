"""All that a detector says of two dozen images, as digests: the same before and after a change that changes no result.

python benchmarks/fingerprint.py --out before.txt        # then change the code, and
python benchmarks/fingerprint.py --out after.txt && diff before.txt after.txt

The digests are those of one machine: another processor rounds otherwise.
"""

import argparse
import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import torch
from numpy.typing import NDArray
from skimage import data

from mtcnn_lite import Detector, Faces, Trace, read_image
from mtcnn_lite.course.scenes import ASTRONAUT_BOX, collage, scenes
from mtcnn_lite.evaluation import evaluate_photo, report
from mtcnn_lite.explain import explain

LOW = (0.2, 0.1, 0.05)
RERUNS: tuple[dict[str, Any], ...] = (
    {"thresholds": LOW},
    {"thresholds": (0.6, 0.9, 0.95)},
    {"nms": (0.4, 0.6, 0.6, 0.5)},
    {"min_face": 33},
)


def images() -> dict[str, NDArray[np.uint8]]:
    """Photos, compositions, textures, and sizes and sorts that are seldom met."""
    astronaut = data.astronaut()
    hopper = read_image(Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg")
    named = {name: getattr(data, name)() for name in ("chelsea", "coffee", "rocket", "brick", "grass", "coins")}
    return {
        "astronaut": astronaut,
        "hopper": hopper,
        "gray": astronaut.mean(axis=2).astype(np.uint8),
        "rgba": np.dstack([astronaut, np.full(astronaut.shape[:2], 255, np.uint8)]),
        "turned": np.rot90(astronaut).copy(),
        "collage": collage()[0],
        "small collage": collage(sides=(24, 60, 30, 40), columns=2, cell=160)[0],
        **{f"scene {k}": photo.image() for k, photo in enumerate(scenes(6, seed=4))},
        **named,
        "thin": np.tile(astronaut[:40], (1, 4, 1)),
        "tall": np.tile(astronaut[:, 200:260], (3, 1, 1)),
        "tiny": astronaut[60:84, 180:206].copy(),
        "five pixels": astronaut[:5, :5].copy(),
        "black": np.zeros((90, 120, 3), np.uint8),
    }


def digest(*values: Any) -> str:
    """Of arrays their type, shape and bytes; of other things their JSON."""
    total = hashlib.sha256()
    for value in values:
        if isinstance(value, np.ndarray):
            total.update(f"{value.dtype} {value.shape}".encode() + np.ascontiguousarray(value).tobytes())
        else:
            total.update(json.dumps(value, default=list).encode())
    return total.hexdigest()[:16]


def of_faces(faces: Faces) -> str:
    return digest(faces.boxes, faces.scores, faces.landmarks)


def of_trace(trace: Trace) -> str:
    """Of every level's maps and of every candidate after every step."""
    parts: list[Any] = [trace.counts()]
    for level in trace.levels:
        parts += [level.scale, level.image, level.face_map, level.offset_map]
    for stage, step, now in trace.steps():
        parts += [stage, step, now.boxes, now.scores, now.offsets, now.level, now.cell, now.parent]
        parts += [] if now.landmarks is None else [now.landmarks]
    return digest(*parts, of_faces(trace.faces))


def lines(weights: str, **settings: Any) -> Iterator[str]:
    """What a detector with these weights says, a line for each image and call."""
    detector, every = Detector(weights, **settings), images()
    name = f"{weights} {settings or ''}".strip()
    for image, pixels in every.items():
        trace = detector.trace(pixels)
        again = [of_trace(trace.rerun(**changed)) for changed in RERUNS]
        boxes = [*trace.rerun(thresholds=LOW).faces.boxes[:3].tolist(), list(ASTRONAUT_BOX)]
        told = [asdict(each) | {"report": each.report()} for each in (explain(trace, box) for box in boxes)]
        for stage in (stage for each in told for stage in each["stages"]):
            stage["boxes"] = stage["boxes"].tolist()
        summary = explain(trace, boxes)
        yield f"{name}: {image}: detect {of_faces(detector.detect(pixels))} trace {of_trace(trace)}"
        yield f"{name}: {image}: rerun {' '.join(again)} explain {digest(told, summary.left, repr(summary))}"
    yield f"{name}: detect_many {digest(*map(of_faces, detector.detect_many(list(every.values()))))}"
    results = [evaluate_photo(detector, photo, LOW) for photo in scenes(6, seed=4)]
    yield f"{name}: evaluate {digest(report(results))}"


def main(arguments: list[str] | None = None) -> str:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the lines there as well")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    said = [*lines("mtcnn_lite"), *lines("zhang2016"), *lines("mtcnn_lite", mirror=False, min_face=30)]
    said.append(f"all {digest(*said)}")
    if options.out:
        options.out.write_text("\n".join(said) + "\n")
    print(said[-1])
    return said[-1]


if __name__ == "__main__":
    main()
