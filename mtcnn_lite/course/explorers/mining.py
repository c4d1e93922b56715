"""One real batch, sorted by loss: move the share that is kept, and see which samples teach and which are dropped."""

from collections.abc import Mapping
from dataclasses import dataclass

import ipywidgets as widgets
import numpy as np
import torch
from numpy.typing import NDArray

from mtcnn_lite.boxes import Floats
from mtcnn_lite.course.explorers.base import Drawing, Explorer, buttons, link, look, stacked, tick
from mtcnn_lite.course.mining_trials import QuickPNet, Windows, draw
from mtcnn_lite.draw import COLOURS, Picture, Pixels, beside, enlarged, rgb, tiled
from mtcnn_lite.losses import detection_loss
from mtcnn_lite.mining import hard_examples

TRUTH = {"no face": COLOURS["muted"], "face": COLOURS["face"], "wrong label": COLOURS["landmark"]}
COLUMNS, CELL = 10, 38  # crops in a row of each gallery; a crop on screen, px


@dataclass(frozen=True, eq=False)
class MiningBatch:
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

    @classmethod
    def of(cls, some: Windows, nets: Mapping[str, QuickPNet], count: int = 80, wrong: int = 4) -> "MiningBatch":
        """A batch as chapter 08 draws it: so many windows at random, a quarter of them faces, so many labels to turn.

        Parameters
        ----------
        some : Windows
            To draw from.
        nets : mapping of str to QuickPNet
            The name of each moment, and the net as it was then, float64.
        count, wrong : int
            Samples, and those whose label may be turned round.
        """
        rows = draw(some, np.random.default_rng(17), count)  # (count,)
        turned = np.isin(np.arange(count), np.random.default_rng(3).choice(count, wrong, replace=False))
        losses = {}
        with torch.no_grad():
            for name, net in nets.items():
                face = net(some.x[rows])
                both = [detection_loss(face, torch.full((count,), label)).numpy() for label in (0, 1)]
                losses[name] = np.stack(both)
        return cls(some.crops[rows], some.y[rows].numpy(), turned, losses)


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


def view(batch: MiningBatch, moment: str, keep: float, mislabelled: bool = False) -> Choice:
    """Which samples are kept; mining.js computes the same.

    Parameters
    ----------
    batch : MiningBatch, the samples
    moment : str, of the training, a name of `batch.losses`
    keep : float, the share that is kept, above 0 and at most 1; one sample at least
    mislabelled : bool, whether the labels of `batch.wrong` are turned round
    """
    flipped = batch.wrong & mislabelled
    label = np.where(flipped, 1 - batch.label, batch.label)  # (N,)
    losses = batch.losses[moment].astype(np.float32)[label, np.arange(len(label))]  # (N,)
    kept = hard_examples(torch.from_numpy(losses), keep).numpy()  # (N,) bool
    share = float(losses[kept].sum() / losses.sum())
    order = np.argsort(-losses, kind="stable")
    return Choice(losses, order, int(kept.sum()), share, int(label[kept].sum()), int(flipped[kept].sum()))


class MiningExplorer(Explorer):
    """A slider for the share that is kept, buttons for the moment of training; all is computed in the browser."""

    def __init__(self, batch: MiningBatch) -> None:
        self.batch = batch
        moments, count = list(batch.losses), len(batch.crops)
        self.canvas = Drawing(
            "mining.js", keep=0.7, moment=len(moments) - 1, mislabelled=False,
            sheet=Picture(tiled(batch.crops, columns=count)).encode("PNG"), side=batch.crops.shape[1],
            label=batch.label.tolist(), wrong=batch.wrong.tolist(),
            losses=np.stack([batch.losses[name] for name in moments]).astype(np.float32).tobytes(),  # (moments, 2, N)
            truth=[list(each) for each in TRUTH.items()], grid=[COLUMNS, CELL],
        )  # fmt: skip
        self.keep = widgets.FloatSlider(0.7, min=0.01, max=1, step=0.01, description="keep", **look(90, 420))
        self.moment = buttons(moments, len(moments) - 1)
        self.mislabelled = tick(f"turn {int(batch.wrong.sum())} of {count} labels round")
        link(self.canvas, keep=self.keep, moment=self.moment, mislabelled=self.mislabelled)
        super().__init__(stacked((self.keep, self.mislabelled), ("the net:", self.moment), self.canvas))

    def choice(self) -> Choice:
        """The view on show."""
        name = list(self.batch.losses)[self.canvas.moment]
        return view(self.batch, name, self.canvas.keep, self.canvas.mislabelled)

    def still(self) -> Picture:
        now = self.choice()
        panels, captions = [], []
        for name, rows in (("kept", now.order[: now.count]), ("dropped", now.order[now.count :])):
            places = -(-len(now.order) // COLUMNS) * COLUMNS
            edged = np.pad(self.batch.crops[rows], ((0, 0), (0, 1), (0, 1), (0, 0)), constant_values=255)
            edged[:, -1, :-1] = self._colours(rows)[:, None]  # below each crop, its label
            panels.append(enlarged(tiled(edged, COLUMNS, places), 3))
            part = now.share if name == "kept" else 1 - now.share
            captions.append(f"{name}: {len(rows)}, {part:.1%} of the loss")
        return beside(panels, captions, height=panels[0].shape[0], gap=24)

    def _colours(self, rows: NDArray[np.int64]) -> Pixels:
        """The colours of the labels that these samples have now, (len(rows), 3)."""
        turned = self.batch.wrong[rows] & self.canvas.mislabelled
        colours = np.array([rgb(colour) for colour in TRUTH.values()], np.uint8)  # (3, 3)
        return colours[np.where(turned, 2, self.batch.label[rows])]

    def summary(self) -> str:
        now, moment = self.choice(), list(self.batch.losses)[self.canvas.moment]
        wrong = f", {now.wrong} of them wrongly labelled" if self.canvas.mislabelled else ""
        kept = f"{now.count} of {len(now.order)} samples with {now.share:.1%} of the loss"
        return f"{moment}, keep {self.canvas.keep:.2f}: {kept}, {now.faces} of them faces{wrong}"
