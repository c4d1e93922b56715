"""The plots of a training run: a batch with its targets drawn on the crops, and the curves of the log."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from mtcnn_lite.boxes import decode_offsets, landmarks_to_image
from mtcnn_lite.images import Pixels
from mtcnn_lite.losses import TASKS
from mtcnn_lite.sampling.sampler import KINDS
from mtcnn_lite.training.batches import TrainingBatch

COLUMNS, SIDE, EDGE = 12, 96, 16  # crops of a kind; side of a crop and width of the margin round it, px
BOX, POINT, BACKGROUND = (240, 228, 66), (0, 220, 255), (255, 255, 255)  # yellow, cyan: seen on skin of any colour


def contact_sheet(batch: TrainingBatch) -> Image.Image:
    """An image with a row of enlarged crops for each kind, the targets' box and landmarks drawn on each.

    A margin round each crop shows boxes that extend beyond it.
    """
    step, label = SIDE + 2 * EDGE, 24
    sheet = np.full((len(KINDS) * (step + label), COLUMNS * step, 3), BACKGROUND, np.uint8)
    for code, kind in enumerate(KINDS):
        top = code * (step + label)
        rows = np.flatnonzero(batch.kinds.numpy() == code)
        title = f"{kind}: {len(rows)} in a batch"
        cv2.putText(sheet, title, (EDGE, top + 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (34, 34, 34), 1, cv2.LINE_AA)
        for column, row in enumerate(rows[:COLUMNS]):
            at = sheet[top + label : top + label + step, column * step : (column + 1) * step]
            at[:] = _drawn(batch.crops[row], batch.offsets[row].numpy(), batch.landmarks[row].numpy())
    return Image.fromarray(sheet)


def _drawn(crop: Pixels, offsets: np.ndarray, landmarks: np.ndarray) -> Pixels:
    """One crop (s, s, 3) on a tile of SIDE + 2 * EDGE px, with its targets (4,) and (10,), NaN where it has none."""
    window = [[EDGE, EDGE, EDGE + SIDE, EDGE + SIDE]]
    tile = np.full((SIDE + 2 * EDGE, SIDE + 2 * EDGE, 3), 200, np.uint8)
    tile[EDGE:-EDGE, EDGE:-EDGE] = cv2.resize(crop, (SIDE, SIDE), interpolation=cv2.INTER_NEAREST)
    if np.isfinite(offsets).all():
        x1, y1, x2, y2 = decode_offsets(window, offsets[None])[0].round().astype(int).tolist()
        cv2.rectangle(tile, (x1, y1), (x2 - 1, y2 - 1), BOX, 1)
    if np.isfinite(landmarks).all():
        for x, y in landmarks_to_image(window, landmarks[None])[0].round().astype(int).tolist():
            cv2.circle(tile, (x, y), 2, POINT, cv2.FILLED)
    return tile


def draw_curves(path: Path, title: str, rows: Sequence[dict[str, float]]) -> None:
    """Plot the log to a PNG: the losses by task, and the shares of samples classified rightly, over the steps.

    Parameters
    ----------
    path : Path
        The file to write.
    title : str
    rows : sequence of dict
        The log, as `loop.train` returns it.
    """
    from matplotlib.figure import Figure  # takes half a second to load, and is not needed before the end

    steps = [row["step"] for row in rows]
    figure = Figure(figsize=(9, 3.5), layout="constrained")
    losses, shares = figure.subplots(1, 2)
    for axes, names, label in (
        (losses, TASKS, "loss (detection: of the hard samples)"),
        (shares, ("faces right", "others right"), "share of the samples"),
    ):
        for name, style in zip(names, ("-", "--", ":"), strict=False):
            axes.plot(steps, [row[name] for row in rows], style, label=name)
        axes.set(xlabel="step", ylabel=label)
        axes.grid(alpha=0.3)
        axes.legend()
    losses.set_yscale("log")
    figure.suptitle(title)
    figure.savefig(path, dpi=100)
