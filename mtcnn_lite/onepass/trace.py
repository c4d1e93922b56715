"""One photo's way through a one-pass detector, in reading order: scored, above threshold, decoded, NMS, faces."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from threading import RLock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtcnn_lite.boxes import clip_boxes
from mtcnn_lite.cascade.faces import Faces
from mtcnn_lite.cascade.once import once
from mtcnn_lite.cascade.record import Candidates, Stage
from mtcnn_lite.images import Pixels
from mtcnn_lite.nms import nms, soft_nms
from mtcnn_lite.onepass.encoding import decode_boxes, decode_points
from mtcnn_lite.onepass.look import Look, OnePassEngine, look
from mtcnn_lite.onepass.settings import SOFT, OnePassSettings

MOST = 5000  # anchors that go on, those of the highest scores, as in RetinaFace's code


class OnePassAnswers:
    """What the net has said of one photo, uint8 (H, W, 3), by the size at which it saw it."""

    def __init__(self, engine: OnePassEngine, image: Pixels) -> None:
        self.engine, self.image = engine, image
        self.looks: dict[float, Look] = {}
        self.lock = RLock()  # of the traces that share this

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, lock=RLock())


@dataclass(frozen=True, eq=False)
class OnePassTrace:
    """One photo's way through a one-pass detector. The net runs when it is first needed, and once.

    `rerun` tries other settings on what it has already said.
    """

    answers: OnePassAnswers = field(repr=False)
    settings: OnePassSettings
    spent: dict[str, float] = field(repr=False, default_factory=dict)  # seconds, see `seconds`

    @property
    def lock(self) -> RLock:
        """Held while the net runs; reruns share it."""
        return self.answers.lock

    @property
    def image(self) -> NDArray[np.uint8]:
        return self.answers.image

    @once
    def scored(self) -> Candidates:
        """Every anchor with its score: boxes are the anchors, level counts the strides."""
        if self.settings.min_face not in self.answers.looks:
            ask([self])
        anchors, level, cell, scores, offsets, points = self.answers.looks[self.settings.min_face]
        return Candidates(anchors, scores, offsets, level, cell, np.full(len(anchors), -1), points.reshape(-1, 5, 2))

    @once
    def onepass(self) -> Stage:
        """Steps "above threshold", "decoded", "in the photo", "nms"."""
        scored, started = self.scored, time.perf_counter()
        height, width = self.image.shape[:2]
        threshold, steps = self.settings.thresholds.onepass, dict[str, Candidates]()
        too_small = min(height, width) < self.settings.min_face
        passing = np.flatnonzero(scored.scores >= (np.inf if too_small else threshold))
        if len(passing) > MOST:  # at a very low threshold; NMS's time grows with their square
            passing = np.sort(np.argsort(-scored.scores, kind="stable")[:MOST])
        now = steps["above threshold"] = scored.select(passing)
        now = steps["decoded"] = now.with_(
            boxes=decode_boxes(now.boxes, now.offsets), landmarks=decode_points(now.boxes, now.points)
        )
        middle = (now.boxes[:, :2] + now.boxes[:, 2:]) / 2  # (N, 2)
        # The last cells lie partly beyond the photo, in what fills it up to 32 px.
        now = steps["in the photo"] = now.select(
            np.flatnonzero(((middle >= 0) & (middle < [width, height])).all(axis=1))
        )
        steps["nms"] = suppressed(now, self.settings)
        self.spent["nms"] = time.perf_counter() - started
        return Stage("onepass", len(scored), steps)

    @once
    def faces(self) -> Faces:
        """What was found, best first."""
        height, width = self.image.shape[:2]
        last = self.onepass.last
        return Faces(clip_boxes(last.boxes, height, width), last.scores, last.points)

    def rerun(
        self,
        thresholds: Sequence[float] | float | None = None,
        nms: float | str | None = None,
        min_face: float | None = None,
    ) -> "OnePassTrace":
        """The trace with other settings. The net is only asked again for another `min_face`.

        Parameters
        ----------
        thresholds, nms, min_face
            As in `OnePassSettings`; what is None stays.

        Raises
        ------
        ValueError, TypeError
            As `OnePassSettings`, for a setting out of its range or of another type.
        """
        given = {"thresholds": thresholds, "nms": nms, "min_face": min_face}
        changed = {name: value for name, value in given.items() if value is not None}
        return OnePassTrace(self.answers, replace(self.settings, **changed))  # type: ignore[arg-type]

    @property
    def stages(self) -> tuple[Stage]:
        return (self.onepass,)

    @property
    def seconds(self) -> dict[str, float]:
        """Wall time of this run: net, nms. What a rerun has answers to already costs it nothing."""
        _ = self.stages  # runs whatever has not run yet
        return self.spent

    def steps(self) -> Iterator[tuple[str, str, Candidates]]:
        """(stage, step, candidates), in the order in which they happened."""
        for stage in self.stages:
            for name, candidates in stage.steps.items():
                yield stage.name, name, candidates

    def counts(self) -> dict[str, dict[str, int]]:
        """Candidates left after each step: `{"onepass": {"scored": 17400, "above threshold": 86, ...}}`."""
        return {stage.name: stage.counts() for stage in self.stages}

    def __repr__(self) -> str:
        height, width = self.image.shape[:2]
        return f"OnePassTrace({height}x{width} px, {self.settings})"


def ask(traces: Sequence[OnePassTrace]) -> None:
    """Have the net look at the photos of traces with the same settings, several together."""
    started = time.perf_counter()
    answers, settings = [trace.answers for trace in traces], traces[0].settings
    looks = look(answers[0].engine, [each.image for each in answers], settings)
    for trace, its in zip(traces, looks, strict=True):
        trace.answers.looks[settings.min_face] = its
        trace.spent["net"] = (time.perf_counter() - started) / len(traces)


def suppressed(found: Candidates, settings: OnePassSettings) -> Candidates:
    """What NMS leaves, best first; after Soft-NMS with lowered scores, where they stay above the threshold."""
    if settings.nms != SOFT:
        return found.select(nms(found.boxes, found.scores, float(settings.nms)))
    scores = soft_nms(found.boxes, found.scores)
    best_first = np.argsort(-scores, kind="stable")
    rows = best_first[scores[best_first] >= settings.thresholds.onepass]
    return replace(found.select(rows), scores=scores[rows])


def detect_onepass(engine: OnePassEngine, images: Sequence[Pixels], settings: OnePassSettings) -> list[Faces]:
    """Each photo's faces: the same steps, but the net looks at photos of one size together.

    Parameters
    ----------
    engine : OnePassEngine
        What computes the net.
    images : sequence of uint8 (H, W, 3)
        RGB, each of its own size.
    settings : OnePassSettings
        The same for all.
    """
    traces = [OnePassTrace(OnePassAnswers(engine, image), settings) for image in images]
    ask(traces)
    return [trace.faces for trace in traces]
