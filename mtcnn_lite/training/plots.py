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

COLUMNS, SIDE, EDGE = 12, 72, 44  # crops of a kind; side of a crop and width of the margin round it, px
BOX, POINT, BACKGROUND = (240, 228, 66), (0, 220, 255), (255, 255, 255)  # yellow, cyan: seen on skin of any colour
RIM = (0, 0, 0)  # round both: seen on bright crops
DARK, BRIGHT = 90, 200  # a crop whose brightest twentieth is darker than the first is drawn with that at the second
FEW_ROWS = 20  # of a log: so few are drawn with a marker each


def contact_sheet(batch: TrainingBatch, columns: int = COLUMNS) -> Image.Image:
    """An image with a row of `columns` enlarged crops for each kind, the targets' box and landmarks drawn on each.

    A margin round each crop shows boxes that extend beyond it. Dark crops are brightened, and each row says how many.
    """
    step, label = SIDE + 2 * EDGE, 24
    sheet = np.full((len(KINDS) * (step + label), columns * step, 3), BACKGROUND, np.uint8)
    for code, kind in enumerate(KINDS):
        top = code * (step + label)
        rows = np.flatnonzero(batch.kinds.numpy() == code)
        gains = [_gain(batch.crops[row]) for row in rows[:columns]]
        dark = sum(gain > 1 for gain in gains)
        title = f"{kind}: {len(rows)} in a batch" + (f", the first {columns} here" if len(rows) > columns else "")
        title += f"; {dark} dark crops brightened in this picture" if dark else ""
        cv2.putText(sheet, title, (EDGE, top + 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (34, 34, 34), 1, cv2.LINE_AA)
        for column, (row, gain) in enumerate(zip(rows, gains, strict=False)):
            at = sheet[top + label : top + label + step, column * step : (column + 1) * step]
            crop = cv2.convertScaleAbs(batch.crops[row], alpha=gain)
            at[:] = _drawn(crop, batch.offsets[row].numpy(), batch.landmarks[row].numpy())
    return Image.fromarray(sheet)


def _gain(crop: Pixels) -> float:
    """How many times brighter a crop is drawn: 1 for one that is bright enough, or black."""
    brightest = float(np.percentile(crop.max(axis=2), 95))
    return BRIGHT / brightest if 0 < brightest < DARK else 1.0


def _drawn(crop: Pixels, offsets: np.ndarray, landmarks: np.ndarray) -> Pixels:
    """One crop (s, s, 3) on a tile of SIDE + 2 * EDGE px, with its targets (4,) and (10,), NaN where it has none."""
    window = [[EDGE, EDGE, EDGE + SIDE, EDGE + SIDE]]
    tile = np.full((SIDE + 2 * EDGE, SIDE + 2 * EDGE, 3), 200, np.uint8)
    tile[EDGE:-EDGE, EDGE:-EDGE] = cv2.resize(crop, (SIDE, SIDE), interpolation=cv2.INTER_NEAREST)
    if np.isfinite(offsets).all():
        x1, y1, x2, y2 = decode_offsets(window, offsets[None])[0].round().astype(int).tolist()
        for colour, wide in ((RIM, 4), (BOX, 2)):
            cv2.rectangle(tile, (x1, y1), (x2 - 1, y2 - 1), colour, wide)
    if np.isfinite(landmarks).all():
        for x, y in landmarks_to_image(window, landmarks[None])[0].round().astype(int).tolist():
            for colour, radius in ((RIM, 3), (POINT, 2)):
                cv2.circle(tile, (x, y), radius, colour, cv2.FILLED)
    return tile


def draw_curves(path: Path, title: str, rows: Sequence[dict[str, float]]) -> None:
    """Plot the log to a PNG: the losses by task, and the shares of samples classified rightly, over the steps.

    Of a short log each row has a marker; one row alone gives no line.

    Parameters
    ----------
    path : Path
        The file to write.
    title : str
    rows : sequence of dict
        The log, as `loop.train` returns it.
    """
    from matplotlib.figure import Figure  # takes half a second to load, and is not needed before the end

    steps, few = [row["step"] for row in rows], len(rows) <= FEW_ROWS
    figure = Figure(figsize=(9, 3.5), layout="constrained")
    losses, shares = figure.subplots(1, 2)
    for axes, names, label in (
        (losses, TASKS, "loss, log scale (detection: hard samples)"),
        (shares, ("faces right", "others right"), "share of the samples"),
    ):
        for name, style, marker in zip(names, ("-", "--", ":"), "os^", strict=False):
            values = [row[name] for row in rows]
            shown = name if any(values) else f"{name}: 0, not learned"  # which a log scale can't show
            marked = {"marker": marker, "markersize": 6, "markerfacecolor": "none"} if few else {}
            axes.plot(steps, values, style, label=shown, **marked)
        axes.set(xlabel="step", ylabel=label, xlim=(0, 1.04 * max(steps, default=1)))
        axes.locator_params(axis="x", integer=True)
        axes.grid(alpha=0.3)
        axes.legend()
    losses.set_yscale("log")
    if few:
        shares.set_ylim(0, 1.04)
    how = (f"{len(rows)} rows of log.csv, each the mean of the steps since the one before" if len(rows) > 1
           else "a single row of log.csv, the mean of all steps; a longer run draws curves")  # fmt: skip
    figure.suptitle(f"{title}: {how}", fontsize=10)
    figure.savefig(path, dpi=100)
