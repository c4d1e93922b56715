"""Validation of one net: how well it answers for samples of photos that were held out of its training."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from mtcnn_lite.nets import normalise
from mtcnn_lite.sampling.sampler import LANDMARK, NEGATIVE, PART, POSITIVE
from mtcnn_lite.sampling.store import Store
from mtcnn_lite.training.batches import held_out

MAX_SAMPLES, BATCH = 20_000, 512  # samples of a store, evenly spread; and samples in memory at a time


def validate(net: nn.Module, stores: Sequence[Store]) -> dict[str, float | None]:
    """Shares of held-out samples classified rightly, and mean errors of boxes and landmarks.

    The samples are as they were drawn: neither mirrored nor recoloured. None where there is no sample to measure on,
    as with fewer than twenty photos.

    Returns
    -------
    dict
        "samples": how many; "faces right": share of the positives and landmark samples with a score of 0.5 or more;
        "others right": share of the negatives below it; "box off": mean distance of a box's sides from the label, and
        "points off": mean distance of the landmarks, both in parts of the window's side.
    """
    samples, scores, offsets, points = [], [], [], []
    for store in stores:
        rows = np.flatnonzero(held_out(store.samples))
        rows = rows[:: len(rows) // MAX_SAMPLES + 1]
        for start in range(0, len(rows), BATCH):
            some = rows[start : start + BATCH]
            with torch.inference_mode():
                output = net(normalise(store.crops(some)))
            samples.append(store.samples[some])
            scores.append(output.score.flatten().numpy())
            offsets.append(output.offsets.flatten(1).numpy())
            blank = np.full((len(some), 10), np.nan, np.float32)
            points.append(blank if output.landmarks is None else output.landmarks.flatten(1).numpy())
    if not samples:
        return dict.fromkeys(("samples", "faces right", "others right", "box off", "points off"))
    sample, score = np.concatenate(samples), np.concatenate(scores)
    kind = sample["kind"]
    face, other = np.isin(kind, (POSITIVE, LANDMARK)), kind == NEGATIVE
    with_box, with_points = np.isin(kind, (POSITIVE, PART)), kind == LANDMARK
    box_off = np.abs(np.concatenate(offsets) - sample["offsets"]).mean(axis=1)
    predicted = np.concatenate(points).reshape(-1, 2, 5).transpose(0, 2, 1)  # x1..x5 y1..y5 -> (N, 5, 2)
    points_off = np.linalg.norm(predicted - sample["landmarks"], axis=2).mean(axis=1)

    def mean(values: np.ndarray, which: np.ndarray) -> float | None:
        return round(float(values[which].mean()), 4) if which.any() and np.isfinite(values[which]).all() else None

    return {
        "samples": len(sample),
        "faces right": mean(score >= 0.5, face),
        "others right": mean(score < 0.5, other),
        "box off": mean(box_off, with_box),
        "points off": mean(points_off, with_points),
    }
