"""What the judges of functions on tables of boxes share: the tables, hints for what stops on them, a drawing."""

from typing import Any

import numpy as np

from mtcnn_lite.checks import drawing
from mtcnn_lite.checks.words import Array

SHAPE = (
    "boxes has shape (1, 4): a row for each box. Its columns are boxes[:, 0] to boxes[:, 3]; boxes.T unpacks into four."
)
MORE = "It works for one box and stops at two. Work on whole columns, boxes[:, 0], or loop over the rows."


def table(*rows: list[float]) -> Array:
    """Rows of four numbers as float32 (N, 4); N may be 0."""
    return np.array(rows, dtype=np.float32).reshape(-1, 4)


def draw_moved(inputs: tuple[Any, ...], expected: Any, got: Any, row: int | None) -> str:
    """`Judge.draw` for (N, 4) to (N, 4): the first box that differs, as it came, as it should be, as it is."""
    rows = slice(None) if row is None else slice(row, row + 1)
    layers = [
        drawing.layer(drawing.INPUT, inputs[0][rows]),
        drawing.layer(drawing.EXPECTED, expected[rows]),
        drawing.layer(drawing.GOT, None if got is None else got[rows]),
    ]
    which = "boxes" if row is None or len(expected) == 1 else f"row {row}"
    return drawing.picture([drawing.plane(layers, f"{which}, px of the photo")], layers)
