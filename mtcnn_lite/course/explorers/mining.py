"""One real batch, sorted by loss: move the share that is kept, and see which samples teach and which are dropped."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets as widgets
import numpy as np
import torch
import traitlets
from numpy.typing import NDArray

from mtcnn_lite.boxes import Floats
from mtcnn_lite.course.explorers.canvas import Explorer, script
from mtcnn_lite.course.explorers.gallery import tiled
from mtcnn_lite.draw import COLOURS, Picture, Pixels, beside
from mtcnn_lite.mining import hard_examples

TRUTH = {"no face": COLOURS["pnet"], "face": COLOURS["onet"], "wrong label": COLOURS["landmark"]}
COLUMNS, CELL = 10, 38  # crops in a row of each gallery; a crop on screen, px


@dataclass(frozen=True, eq=False)
class Batch:
    """N samples with a detection loss, and what a net made of them at several moments of its training.

    crops (N, 12, 12, 3). label (N,): 1 for a face. wrong (N,), bool: whose label is turned round where the reader wants
    wrong labels. losses: the name of each moment -> (2, N), what each sample costs if it is no face, if it is one.
    """

    crops: Pixels
    label: NDArray[np.int64]
    wrong: NDArray[np.bool_]
    losses: Mapping[str, Floats]

    def __post_init__(self) -> None:
        count = len(self.crops)
        if not (self.label.shape == self.wrong.shape == (count,)):
            raise ValueError(f"label has shape {self.label.shape}, wrong {self.wrong.shape}; both must be ({count},)")
        for name, losses in self.losses.items():
            if losses.shape != (2, count):
                raise ValueError(f"losses[{name!r}] has shape {losses.shape}; it must be (2, {count})")


@dataclass(frozen=True, eq=False)
class Choice:
    """losses (N,): what each sample costs, by the label that it has now. order (N,): rows, the highest loss first, of
    equals the earlier; the first `count` are kept. share: their part of the whole loss. faces, wrong: how many of them
    are labelled a face, and how many wrongly labelled."""

    losses: Floats
    order: NDArray[np.int64]
    count: int
    share: float
    faces: int
    wrong: int


def view(batch: Batch, moment: str, keep: float, mislabelled: bool = False) -> Choice:
    """Which samples are kept. mining.js computes the same."""
    flipped = batch.wrong & mislabelled
    label = np.where(flipped, 1 - batch.label, batch.label)  # (N,)
    losses = batch.losses[moment].astype(np.float32)[label, np.arange(len(label))]  # (N,)
    kept = hard_examples(torch.from_numpy(losses), keep).numpy()  # (N,) bool
    share = float(losses[kept].sum() / losses.sum())
    order = np.argsort(-losses, kind="stable")
    return Choice(losses, order, int(kept.sum()), share, int(label[kept].sum()), int(flipped[kept].sum()))


class MiningCanvas(anywidget.AnyWidget):
    """The sorted losses, and two galleries: kept and dropped."""

    _esm = script("mining.js")
    _css = Path(__file__).parent / "canvas.css"

    keep = traitlets.Float(0.7).tag(sync=True)
    moment = traitlets.Int(0).tag(sync=True)
    mislabelled = traitlets.Bool(False).tag(sync=True)
    sheet = traitlets.Bytes(b"").tag(sync=True)  # a PNG: all crops in one row
    side = traitlets.Int(12).tag(sync=True)  # of a crop, px
    label: traitlets.List[int] = traitlets.List([]).tag(sync=True)
    wrong: traitlets.List[bool] = traitlets.List([]).tag(sync=True)
    losses = traitlets.Bytes(b"").tag(sync=True)  # float32 (moments, 2, N)
    truth = traitlets.List([[name, colour] for name, colour in TRUTH.items()]).tag(sync=True)
    grid = traitlets.List([COLUMNS, CELL]).tag(sync=True)


class MiningExplorer(Explorer):
    """A slider for the share that is kept, buttons for the moment of training; all is computed in the browser."""

    def __init__(self, batch: Batch, **kwargs: Any) -> None:
        self.batch = batch
        moments, count = list(batch.losses), len(batch.crops)
        self.canvas = MiningCanvas(
            sheet=Picture(tiled(batch.crops, columns=count)).encode("PNG"),
            side=batch.crops.shape[1],
            label=batch.label.tolist(),
            wrong=batch.wrong.tolist(),
            losses=np.stack([batch.losses[name] for name in moments]).astype(np.float32).tobytes(),
            moment=len(moments) - 1,
        )
        look = {"style": {"description_width": "90px"}, "layout": widgets.Layout(width="420px")}
        self.keep = widgets.FloatSlider(0.7, min=0.01, max=1, step=0.01, description="keep", **look)
        self.moment = widgets.ToggleButtons(options=moments, index=len(moments) - 1, style={"button_width": "auto"})
        some = f"turn {int(batch.wrong.sum())} of {count} labels round"
        self.mislabelled = widgets.Checkbox(False, description=some, indent=False)
        for control, name, trait in (
            (self.keep, "value", "keep"),
            (self.moment, "index", "moment"),
            (self.mislabelled, "value", "mislabelled"),
        ):
            widgets.jslink((control, name), (self.canvas, trait))
        wrap = widgets.Layout(flex_flow="row wrap", align_items="center")
        training = widgets.HBox([widgets.Label("the net:"), self.moment], layout=wrap)
        super().__init__([widgets.HBox([self.keep, self.mislabelled], layout=wrap), training, self.canvas], **kwargs)

    def choice(self) -> Choice:
        """The view on show."""
        name = list(self.batch.losses)[self.canvas.moment]
        return view(self.batch, name, self.canvas.keep, self.canvas.mislabelled)

    def still(self) -> Picture:
        now = self.choice()
        panels, captions = [], []
        for name, rows in (("kept", now.order[: now.count]), ("dropped", now.order[now.count :])):
            places = -(-len(now.order) // COLUMNS) * COLUMNS
            sheet = np.full((places, *self.batch.crops.shape[1:]), 255, np.uint8)  # white where there are fewer crops
            sheet[: len(rows)] = self.batch.crops[rows]
            panels.append(tiled(np.pad(sheet, ((0, 0), (0, 1), (0, 1), (0, 0)), constant_values=255), COLUMNS))
            part = now.share if name == "kept" else 1 - now.share
            captions.append(f"{name}: {len(rows)}, {part:.1%} of the loss")
        enlarged = [panel.repeat(3, axis=0).repeat(3, axis=1) for panel in panels]
        return beside(enlarged, captions, height=enlarged[0].shape[0], gap=24)

    def summary(self) -> str:
        now, moment = self.choice(), list(self.batch.losses)[self.canvas.moment]
        wrong = f", {now.wrong} of them wrongly labelled" if self.canvas.mislabelled else ""
        kept = f"{now.count} of {len(now.order)} samples with {now.share:.1%} of the loss"
        return f"{moment}, keep {self.canvas.keep:.2f}: {kept}, {now.faces} of them faces{wrong}"
