"""What a trained net makes of the samples that were held out of its training."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from mtcnn_lite.nets import normalise
from mtcnn_lite.sampling.sampler import LANDMARK, NEGATIVE, PART, POSITIVE
from mtcnn_lite.sampling.store import Store
from mtcnn_lite.training.batches import held_out

MOST, AT_ONCE = 20_000, 512  # samples: of a store, evenly spread; and in memory


def measure(net: nn.Module, stores: Sequence[Store]) -> dict[str, float | None]:
    """Shares right at a probability of 0.5, and mean distances of box sides and points in parts of the window's side.

    On samples of the held-out photos, as they are drawn: neither mirrored nor recoloured. `faces right` is of the
    positives and landmark samples. None where there is no such sample, as with under twenty photos.
    """
    samples, scores, offsets, points = [], [], [], []
    for store in stores:
        rows = np.flatnonzero(held_out(store.samples))
        rows = rows[:: len(rows) // MOST + 1]
        for start in range(0, len(rows), AT_ONCE):
            some = rows[start : start + AT_ONCE]
            with torch.inference_mode():
                said = net(normalise(store.crops(some)))
            samples.append(store.samples[some])
            scores.append(said.score.flatten().numpy())
            offsets.append(said.offsets.flatten(1).numpy())
            blank = np.full((len(some), 10), np.nan, np.float32)
            points.append(blank if said.landmarks is None else said.landmarks.flatten(1).numpy())
    if not samples:
        return dict.fromkeys(("samples", "faces right", "others right", "box off", "points off"))
    sample, score = np.concatenate(samples), np.concatenate(scores)
    kind = sample["kind"]
    face, other = np.isin(kind, (POSITIVE, LANDMARK)), kind == NEGATIVE
    boxed, marked = np.isin(kind, (POSITIVE, PART)), kind == LANDMARK
    box_off = np.abs(np.concatenate(offsets) - sample["offsets"]).mean(axis=1)
    said_at = np.concatenate(points).reshape(-1, 2, 5).transpose(0, 2, 1)  # x1..x5 y1..y5 -> (N, 5, 2)
    points_off = np.linalg.norm(said_at - sample["landmarks"], axis=2).mean(axis=1)

    def mean(values: np.ndarray, which: np.ndarray) -> float | None:
        return round(float(values[which].mean()), 4) if which.any() and np.isfinite(values[which]).all() else None

    return {
        "samples": len(sample),
        "faces right": mean(score >= 0.5, face),
        "others right": mean(score < 0.5, other),
        "box off": mean(box_off, boxed),
        "points off": mean(points_off, marked),
    }
