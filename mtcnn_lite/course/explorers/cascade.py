"""The whole cascade live: move the three thresholds and see what each net lets through, on any photo."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtcnn_lite.boxes import Floats, clip_boxes
from mtcnn_lite.cascade.record import Candidates, Indices
from mtcnn_lite.cascade.trace import Trace
from mtcnn_lite.course.explorers.board_explorer import BoardExplorer, Photo, drawn, labels, stop_numbers, told
from mtcnn_lite.course.explorers.canvas import Layers
from mtcnn_lite.course.explorers.scoreboard import Handle, Scoreboard
from mtcnn_lite.course.explorers.sieve import Cut, Mask, Sieve, Slider, on_faces
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.detector import Detector
from mtcnn_lite.draw import COLOURS, Picture
from mtcnn_lite.net_names import NET_TITLES
from mtcnn_lite.nms import nms

# P-Net's scores lie all over the scale. Those of R-Net and O-Net crowd at its ends, and so do the stops.
P_STOPS = [0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99, 0.995]
R_STOPS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99, 0.993, 0.996, 0.998, 0.999]
O_STOPS = [0.1, 0.2, 0.4, 0.53, 0.7, 0.95, 0.97, 0.98, 0.99, 0.993, 0.996, 0.998, 0.999]
Bits = NDArray[np.bool_]
LOWEST = (P_STOPS[0], R_STOPS[0], O_STOPS[0])
LONGEST = 1024  # an uploaded photo's longer side is shrunk to this: P-Net at its lowest stop proposes thousands
AFTER, STEP_COLOURS = [*NET_TITLES.values(), "last NMS"], [COLOURS[net] for net in (*NET_TITLES, "onet")]
SLIDERS = [
    Slider(f"{title} threshold", stops, first=k, colour=COLOURS[net], scores=k)
    for k, ((net, title), stops) in enumerate(zip(NET_TITLES.items(), (P_STOPS, R_STOPS, O_STOPS), strict=True))
]
STEPS = ["left by P-Net", "left by R-Net", "accepted by O-Net", "left by the last NMS"]


def view(trace: Trace, pnet: float, rnet: float) -> Layers:
    """What P-Net proposes at one threshold, and how far each box gets with R-Net's at another.

    O-Net's threshold is the lowest stop: NMS only drops a box for a better one, so that the browser gets the faces of
    any higher threshold by cutting at it. Boxes that the last NMS drops get their second look here too, for their
    score: what O-Net accepts is then a matter of the score alone.

    Parameters
    ----------
    trace : Trace, of the photo, at any thresholds
    pnet, rnet : float, thresholds, 0 to 1
    """
    run = trace.rerun(thresholds=(pnet, rnet, LOWEST[2]))
    accepted = run.rerun(nms=(*run.settings.nms[:3], 1)).onet
    first, asked = run.pnet.left, run.rnet["scored"]
    to_onet = run.rnet["above threshold"].parent[run.rnet["nms"].parent]  # rows in `first`
    passed, faces = to_onet[accepted.rows], to_onet[run.onet.rows]
    alive = np.ones(len(first), np.uint8)
    boxes, scores = np.repeat(first.boxes[None], 4, axis=0), np.zeros((4, len(first)), np.float32)
    landmarks = np.full((len(first), 5, 2), np.nan, np.float32)
    scores[0], scores[1], scores[2:, passed] = first.scores, asked.scores, accepted.last.scores
    for step, (rows, moved) in enumerate(
        ((to_onet, run.rnet.left.boxes), (passed, accepted.last.boxes), (faces, run.faces.boxes)), start=1
    ):
        alive[rows], boxes[step, rows] = step + 1, moved
    landmarks[faces] = run.faces.landmarks
    scales = [level.scale for level in run.levels]
    return Layers(STEPS, boxes, alive, scores, first.level.astype(np.uint8), scales, run.pnet.windows,
                  cut_from=2, landmarks=landmarks)  # fmt: skip


def ask_all(trace: Trace) -> Trace:
    """Let the nets see every window that any stop of the sliders can send them: the run at the lowest stops."""
    # An overlap of 1 lets all boxes pass NMS: at other thresholds any of them may be the one that is kept.
    lowest = trace.rerun(thresholds=(*LOWEST[:2], 0), nms=(*trace.settings.nms[:2], 1, 1))
    _ = lowest.stages  # runs them
    return lowest


def costs(trace: Trace, lowest: Trace) -> list[tuple[float, int]]:
    """For each of STEPS the milliseconds a box took, and the step whose boxes those are (`Layers.costs`).

    `trace` ran P-Net, `lowest`, which `ask_all` gave, the others. P-Net looks at all windows, R-Net at P-Net's boxes,
    O-Net at R-Net's and once more at the faces, mirrored.
    """
    mirrored = len(lowest.onet["nms"]) if trace.settings.mirror else 0
    looks = [trace.pnet.windows, len(lowest.rnet["scored"]), len(lowest.onet["scored"]) + mirrored]
    seconds = [trace.spent["pyramid"] + trace.spent["pnet"], lowest.spent["rnet"], lowest.spent["onet"]]
    pnet, rnet, onet = (1000 * s / max(look, 1) for s, look in zip(seconds, looks, strict=True))
    return [(pnet, -1), (rnet, 0), (onet, 1), (onet if mirrored else 0.0, 3)]


def sieve(trace: Trace, lowest: Trace, photo: LabelledPhoto) -> Sieve:
    """All boxes of all stops, and what each stop leaves of them.

    A box is only ever suppressed by a better one: so one NMS at the lowest stop of its own net's threshold holds those
    of all higher ones. The stops of an *earlier* net change which boxes come, and so NMS is run at each of these.

    Parameters
    ----------
    trace : Trace
        Of the photo, at any thresholds.
    lowest : Trace
        What `ask_all` gave.
    photo : LabelledPhoto
    """
    asked, second = lowest.rnet["scored"], lowest.onet
    order = np.argsort(-asked.scores, kind="stable")  # R-Net's best first, as it hands them on
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    first, to_onet = lowest.pnet.left.select(order), place[lowest.rnet.rows]
    answered = to_onet[second.rows]
    scores = np.zeros((3, len(order)), np.float32)
    scores[0], scores[1], scores[2, answered] = first.scores, asked.scores[order], second.last.scores
    boxes, landmarks = np.repeat(first.boxes[None], 3, axis=0), np.full((len(order), 5, 2), np.nan, np.float32)
    boxes[1] = trace.hooks.moved(asked.boxes[order], asked.offsets[order])
    boxes[2, answered] = clip_boxes(second.last.boxes, *trace.image.shape[:2])
    landmarks[answered] = second.last.points
    by_pnet, by_rnet = _kept_of_stops(trace, first)
    faces = second["refined"].select(np.argsort(to_onet))  # in the order of the rows: `to_onet` holds the first of them
    by_onet = _kept_at_last(faces, trace.settings.nms.onet, (by_pnet & by_rnet)[:, : len(faces)], scores[1])
    each = costs(trace, lowest)
    return Sieve(
        SLIDERS, STEPS, boxes, (0, 1, 2, 2), scores, np.stack([on_faces(one, photo) for one in boxes]), (0, 1, 2, 2),
        first.level.astype(np.uint8), labels(photo),
        [Cut(0, 0, 0, "P-Net"), Cut(1, 1, 1, "R-Net"),
         Cut(2, 2, 2, "O-Net", "score, the mean of two looks," if trace.settings.mirror else "score")],
        [Mask((0,), 0, by_pnet, "P-Net's NMS"), Mask((0,), 1, by_rnet, "R-Net's NMS"),
         Mask((0, 1), 3, by_onet, "the last NMS")],
        once=3, windows=lowest.pnet.windows, scales=[level.scale for level in lowest.levels], landmarks=landmarks,
        costs=[each[: step + 1] for step in range(len(STEPS))],
    )  # fmt: skip


def _kept_of_stops(trace: Trace, first: Candidates) -> tuple[Bits, Bits]:
    """Which of the N candidates P-Net leaves at each of P_STOPS, and which of these R-Net's NMS leaves: (stops, N)."""
    row_of = {name: row for row, name in enumerate(names(first))}
    by_pnet, by_rnet = (np.zeros((len(P_STOPS), len(first)), bool) for _ in range(2))
    for stop, threshold in enumerate(P_STOPS):
        run = trace.rerun(thresholds=(threshold, LOWEST[1], 0))
        by_pnet[stop, [row_of[name] for name in names(run.pnet.left)]] = True
        by_rnet[stop, [row_of[name] for name in names(run.rnet["nms"])]] = True
    return by_pnet, by_rnet


def _kept_at_last(faces: Candidates, allowed: float, came: Bits, scores: Floats) -> Bits:
    """Which of the n boxes that O-Net looks at its NMS leaves, at each of P_STOPS and R_STOPS: (stops, stops, n).

    Parameters
    ----------
    faces : Candidates
        What O-Net makes of the boxes at its first look.
    allowed : float
        Overlap that its NMS allows.
    came : bool (stops, n)
        Those that get as far as R-Net's NMS, at each of P_STOPS.
    scores : float32 (n or more,)
        R-Net's.
    """
    kept, done = np.zeros((len(P_STOPS), len(R_STOPS), len(faces)), bool), dict[bytes, Indices]()
    for stop, rows in enumerate(came):
        for second, threshold in enumerate(np.array(R_STOPS, np.float32)):
            here = np.flatnonzero(rows & (scores[: len(faces)] >= threshold))
            if here.tobytes() not in done:
                done[here.tobytes()] = here[nms(faces.boxes[here], faces.scores[here], allowed, "iom")]
            kept[stop, second, done[here.tobytes()]] = True
    return kept


def names(candidates: Candidates) -> list[tuple[int, ...]]:
    """Level, row and column of the cell in which each candidate began: the same in every run."""
    return [tuple(name) for name in np.column_stack([candidates.level, candidates.cell]).tolist()]


class CascadeExplorer(BoardExplorer):
    """The cascade on a photo, or on one that the reader uploads; see `BoardExplorer`.

    Any `detector` gives the nets, and the thresholds at which the sliders begin, each at its nearest stop.

    Parameters
    ----------
    detector : Detector
    photos : uint8 (H, W, 3), LabelledPhoto, or a mapping of such
        For example `{"the wall": wall(), "the portrait": portrait()}`, both of `course.scenes`.
    """

    def __init__(self, detector: Detector, photos: Photo | Mapping[str, Photo]) -> None:
        board = Scoreboard(
            SLIDERS, stop_numbers(SLIDERS, detector.settings.thresholds), step=3, with_before=True,
            after=AFTER, emphasis=[0, 1, 2, 2], colours=STEP_COLOURS, next_net=["R-Net", "O-Net", "", ""],
            passed="it gets through all three nets",
        )  # fmt: skip
        self.pnet, self.rnet, self.onet = (Handle(board, k) for k in range(3))
        super().__init__(detector, photos, LONGEST, board)

    def show_photo(self) -> None:
        super().show_photo()
        self._sieve = sieve(self._trace, ask_all(self._trace), self.photo)
        self.canvas.show(self._sieve, self.image)

    def other_photos(self) -> dict[str, dict[str, Any]]:
        packed = {}
        for name, photo in list(self.photos.items())[1:]:
            trace = self._detector.trace(photo.image())
            packed[name] = self.canvas.packed(sieve(trace, ask_all(trace), photo), photo.image())
        return packed

    def sieve(self) -> Sieve:
        return self._sieve

    def run_shown(self) -> Trace:
        return self._trace.rerun(thresholds=(self.pnet.value, self.rnet.value, self.onet.value))

    def still(self) -> Picture:
        return drawn(self._sieve, self.canvas.at, self.image, AFTER)

    def summary(self) -> str:
        at = [f"{handle.value:g}" for handle in (self.pnet, self.rnet, self.onet)]
        return f"The cascade at thresholds {', '.join(at)}: {told(self._sieve, self.canvas.at)}"
