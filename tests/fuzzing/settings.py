"""Random settings of a detector, of sampling and of training: each is accepted, or one clear error names it."""

# ruff: noqa: C408 - arguments by name, as a call has them

from dataclasses import replace
from typing import Any

import numpy as np

from fuzzing.values import described, odd, unclear
from mtcnn_lite import Detector
from mtcnn_lite.cascade.record import Settings
from mtcnn_lite.sampling import SamplingConfig
from mtcnn_lite.training.plan import STAGES, TrainingStage, scaled

PHOTO = np.random.default_rng(0).integers(0, 255, (48, 60, 3), np.uint8)
DETECTOR = dict(min_face=20, factor=0.709, thresholds=(0.6, 0.7, 0.7), nms=(0.5, 0.7, 0.8, 0.7), mirror=True)


def run(cases: int, seed: int) -> list[str]:
    """What is unclear of so many random settings; empty where all is well."""
    rng, detector = np.random.default_rng(seed), Detector()
    trace = detector.trace(PHOTO)
    stage = {name: getattr(STAGES[0], name) for name in TrainingStage.__dataclass_fields__}

    def detect(**settings: Any) -> object:
        other = Detector(detector.nets, **settings)
        return repr(other.settings), other.detect(PHOTO).boxes

    def rerun(**settings: Any) -> object:
        return trace.rerun(**settings).faces.boxes

    def weights(weights: Any) -> object:
        return Detector(weights).settings

    calls = {
        "Detector": (detect, DETECTOR),
        "Settings": (Settings, DETECTOR),
        "rerun": (rerun, {name: DETECTOR[name] for name in ("thresholds", "nms", "min_face")}),
        "weights": (weights, dict(weights="mtcnn_lite")),
        "swap": (detector.swap, dict(nms=lambda boxes, scores, threshold: [0], square_boxes=lambda boxes: boxes)),
        "SamplingConfig": (SamplingConfig, vars(SamplingConfig())),
        "TrainingStage": (lambda **changed: replace(STAGES[0], **changed), stage),
        "scaled": (scaled, dict(stages=STAGES, steps=0.5, rate=0.5)),
    }  # fmt: skip
    found = []
    for _ in range(cases):
        name = [*calls][rng.integers(len(calls))]
        call, good = calls[name]
        wrong = {
            str(key): odd(rng, good[key]) for key in rng.choice([*good], rng.integers(1, min(3, len(good) + 1)), False)
        }
        said = unclear(lambda: call(**(good | wrong)), [*good])  # noqa: B023 - called at once
        if said:
            found.append(f"{name}({', '.join(f'{key}={described(value)}' for key, value in wrong.items())}): {said}")
    return found
