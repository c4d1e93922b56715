"""P-Net live: move the threshold, the NMS overlap, the level and the smallest face, on any photo."""

from collections.abc import Mapping, Sequence

import numpy as np

from mtcnn_lite.cascade.hooks import Hooks
from mtcnn_lite.cascade.trace import Trace
from mtcnn_lite.course.explorers.board_explorer import BoardExplorer, Photo, labels, stop_numbers, told
from mtcnn_lite.course.explorers.scoreboard import Handle, Scoreboard
from mtcnn_lite.course.explorers.sieve import Cut, Depth, Mask, Sieve, Slider, on_faces
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.detector import Detector
from mtcnn_lite.draw import COLOURS, Picture, at_height, beside, draw_boxes, draw_map

# Windows of one level stand on a grid of 2 px, so their overlaps take few values: 0.714, 0.532, 0.5, 0.385, ... One
# stop of the slider for each gap between them, so that every move changes something.
OVERLAPS = [0.1, 0.15, 0.18, 0.22, 0.27, 0.3, 0.35, 0.4, 0.5, 0.6, 0.75]
FACES = [20 * 0.709 ** (k / 3) for k in range(4, -15, -1)]  # three stops a level: every third uses the same scales
FLOOR = 0.2  # lowest threshold of the slider: candidates below it never travel to the browser
THRESHOLDS = [round(0.01 * k, 2) for k in range(20, 100)]
HIGH = 310  # px: of the panels of the still picture
STRENGTHS = ((0, 0.3), (0.5, 0.6), (0.9, 1))  # there: from which part of the way up from the cut, how much ink
LONGEST = 1280  # an uploaded photo's longer side is shrunk to this, so that the sliders keep answering at once
STEPS = ["above the threshold", "left by NMS within each level", "left by NMS across levels", "moved by their offsets"]
SLIDERS = [
    Slider("score threshold", THRESHOLDS, colour=COLOURS["pnet"], scores=0),
    Slider("NMS overlap", OVERLAPS, first=1),
    Slider("smallest face, px", FACES, names=[f"{side:.0f}" for side in FACES]),
]


def prices(trace: Trace) -> tuple[float, float]:
    """The milliseconds that P-Net takes for a window and R-Net for a box, with all that goes with it."""
    pnet, rnet = 1000 * (trace.spent["pyramid"] + trace.spent["pnet"]), 1000 * trace.spent["rnet"]
    return pnet / max(trace.pnet.windows, 1), rnet / max(len(trace.pnet.last), 1)


def depth(trace: Trace) -> Depth:
    """Where the levels of each of FACES begin among those of a run, as they are where no level has a say in another.

    Windows of two levels overlap by factor^2 at most. Where NMS across levels allows no more than that, or the reader
    has swapped a part, only the run's own smallest face is known.
    """
    settings, levels = trace.settings, np.array(trace.scales)
    apart = trace.hooks == Hooks() and settings.nms.across_levels > settings.factor**2 + 0.01  # rounding
    first = []
    for smallest in FACES:
        scales = trace.rerun(min_face=smallest).scales
        start = len(levels) - len(scales)
        same = start >= 0 and np.allclose(levels[start:], scales, rtol=1e-9)
        first.append(start if same and (apart or start == 0) else -1)
    return Depth(2, first)


def sieve(
    trace: Trace, photo: LabelledPhoto, overlaps: Sequence[int], each: tuple[float, float] | None = None
) -> Sieve:
    """P-Net's candidates of at least FLOOR, and how far each gets, with NMS within a level at some of OVERLAPS.

    A box is only ever suppressed by a better one. So a run at the lowest threshold holds the result of every higher
    one: cut it at the threshold. A candidate is on the face that its box overlaps once it is moved by its offsets.

    Parameters
    ----------
    trace : Trace
        Of the photo; its smallest face counts, and all larger ones whose levels are among its own.
    photo : LabelledPhoto
    overlaps : sequence of int
        The numbers of these; at the others nothing is left.
    each : (float, float), optional
        What `prices` gave of another run of the photo.
    """
    within, across = [], []
    for overlap in (OVERLAPS[k] for k in overlaps):
        stage = trace.rerun(thresholds=(FLOOR, 1, 1), nms=(overlap, *trace.settings.nms[1:])).pnet
        within.append(stage["nms within levels"].parent)
        across.append(within[-1][stage["nms across levels"].parent])  # rows in the first step
    first = stage["above threshold"]
    bits = np.zeros((2, len(OVERLAPS), len(first)), bool)
    for k, *kept in zip(overlaps, within, across, strict=True):
        for mask, rows in zip(bits, kept, strict=True):
            mask[k, rows] = True
    boxes = np.stack([first.boxes, trace.hooks.moved(first.boxes, first.offsets)])
    each = each or prices(trace)
    return Sieve(
        SLIDERS, STEPS, boxes, (0, 0, 0, 1), first.scores[None], on_faces(boxes[1], photo)[None], (0, 0, 0, 0),
        first.level.astype(np.uint8), labels(photo), [Cut(0, 0, 0, "P-Net")],
        [Mask((1,), 1, bits[0], "the NMS within its level"), Mask((1,), 2, bits[1], "the NMS across levels")],
        once=len(STEPS), windows=stage.windows, maps=[level.face_map for level in trace.levels],
        scales=[level.scale for level in trace.levels],
        costs=[[(each[0], -1), (each[1], step)] for step in range(len(STEPS))], depth=depth(trace),
    )  # fmt: skip


class PNetExplorer(BoardExplorer):
    """P-Net on a photo, or on one that the reader uploads; see `BoardExplorer`. Any `detector` gives the nets.

    Parameters
    ----------
    detector : Detector
    photos : uint8 (H, W, 3), LabelledPhoto, or a mapping of such
        For example `{"the wall": wall(), "the portrait": portrait()}`, both of `course.scenes`.
    """

    def __init__(self, detector: Detector, photos: Photo | Mapping[str, Photo]) -> None:
        board = Scoreboard(
            SLIDERS, stop_numbers(SLIDERS, (0.6, 0.5, 20)), step=3, after=["threshold", "NMS in levels", "NMS across",
            "offsets"], emphasis=[0] * 4, colours=[COLOURS["pnet"]] * 4, next_net=["", "", "R-Net", "R-Net"],
            passed="it is handed to R-Net", says_ms="ms with R-Net's look",
        )  # fmt: skip
        self.threshold, self.overlap, self.min_face = (Handle(board, k) for k in range(3))
        self.overlap.observe(self._fill_in)
        self.min_face.observe(self._go_deeper)
        super().__init__(detector, photos, LONGEST, board)

    def show_photo(self) -> None:
        super().show_photo()
        for smallest in FACES[:3]:  # the stops' scales, all of them: from here on the slider only picks among them
            self._trace.rerun(min_face=smallest)
        _ = self._trace.rnet  # for what a window costs there
        self._update(range(len(OVERLAPS)), new=True)

    def _go_deeper(self) -> None:
        if self._sieve.first(self.canvas.at) < 0:
            self._update([self.overlap.index])

    def _fill_in(self) -> None:
        if self.overlap.index in self.canvas.missing:
            self._update([self.overlap.index])

    def _update(self, overlaps: Sequence[int], new: bool = False) -> None:
        """Show the smallest face at the slider, at once for some overlaps only: the others when they are asked for."""
        run = self._trace.rerun(min_face=self.min_face.value)
        self._sieve = sieve(run, self.photo, overlaps, prices(self._trace))
        missing = [k for k in range(len(OVERLAPS)) if k not in overlaps]
        self.canvas.show(self._sieve, self.image if new else None, missing)

    def sieve(self) -> Sieve:
        return self._sieve

    def run_shown(self) -> Trace:
        now = self._trace.settings
        return self._trace.rerun(
            thresholds=(self.threshold.value, *now.thresholds[1:]),
            nms=(self.overlap.value, *now.nms[1:]),
            min_face=self.min_face.value,
        )

    def still(self) -> Picture:
        sieve, at, last = self._sieve, self.canvas.at, len(STEPS) - 1
        photo, scale = at_height(self.image, HIGH)
        left, tally = sieve.left(last, at), sieve.tally(last, at)
        boxes, scores = sieve.boxes[sieve.box_of[last], left] * scale, sieve.scores[0, left]
        parts = (scores - self.threshold.value) / max(1 - self.threshold.value, 1e-6)  # 0 at the cut, 1 at the top
        for (low, ink), high in zip(STRENGTHS, [*(start for start, _ in STRENGTHS[1:]), np.inf], strict=True):
            drawn = draw_boxes(photo, boxes[(parts >= low) & (parts < high)], "pnet", 1)
            photo = np.rint(photo + ink * (drawn.astype(np.float32) - photo)).astype(np.uint8)
        caption = f"{tally.boxes} boxes, {STEPS[last]}"
        if sieve.faces is not None:
            missed = np.setdiff1d(np.arange(len(sieve.faces)), sieve.on[sieve.on_of[last], left])
            photo = draw_boxes(photo, sieve.faces[missed] * scale, "truth", 1)
            caption += f": {tally.found} of {len(sieve.faces)} faces (missed: yellow), {tally.false} false alarms"
        panels, captions = [photo], [caption]
        if sieve.maps:
            level = self.canvas.level
            panels.append(draw_map(sieve.maps[level], self.threshold.value, "pnet"))
            captions.append(f"map of level {level}, blue where it passes")
        return beside(panels, captions, height=HIGH)

    def summary(self) -> str:
        return f"P-Net at threshold {self.threshold.value:.2f}: {told(self._sieve, self.canvas.at)}"
