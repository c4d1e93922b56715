"""One image's way through the cascade, in reading order: levels, P-Net, R-Net, O-Net, faces.

Pictures, explorers, explanations and timings all read a `Trace`; `Detector.detect` is its last line.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from threading import RLock
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from mtcnn_lite.cascade import stages
from mtcnn_lite.cascade.answers import Answers, ask_pnet, ask_windows, new_levels
from mtcnn_lite.cascade.faces import Faces
from mtcnn_lite.cascade.hooks import Hooks
from mtcnn_lite.cascade.once import once
from mtcnn_lite.cascade.record import Candidates, Level, Settings, Stage
from mtcnn_lite.images import Pixels
from mtcnn_lite.runtime.inference import Engine

Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
class Trace:
    """One image's way through the cascade. A stage runs when it is first asked for, and once.

    `rerun` tries other settings on what the nets have already said.
    """

    answers: Answers = field(repr=False)
    settings: Settings
    hooks: Hooks = field(repr=False)
    spent: dict[str, float] = field(repr=False, default_factory=dict)  # seconds, see `seconds`

    @property
    def lock(self) -> RLock:
        """Held while a stage runs; reruns share it, as they share what the nets have said."""
        return self.answers.lock

    @property
    def image(self) -> NDArray[np.uint8]:
        return self.answers.halved.image

    @once
    def scales(self) -> list[float]:
        """Those of the pyramid's levels, largest first."""
        height, width = self.image.shape[:2]
        return self.hooks.scales(height, width, self.settings.min_face, self.settings.factor)

    @once
    def levels(self) -> list[Level]:
        """The pyramid, with P-Net's answer to each level."""
        new = self._timed("pyramid", lambda: new_levels([self.answers], [self.scales]))
        self._timed("pnet", lambda: ask_pnet(new))
        return self.answers.levels(self.scales)

    @once
    def pnet(self) -> Stage:
        """The windows that P-Net lets through, thinned out by NMS."""
        levels = self.levels
        return self._timed("pnet", lambda: stages.propose(levels, self.settings, self.hooks))

    @once
    def rnet(self) -> Stage:
        """P-Net's windows, looked at by R-Net."""
        windows = self.pnet.last

        def work() -> Stage:
            said = self.answers.rnet(windows, self.levels)
            return stages.refine(windows, said, self.settings, self.hooks)

        return self._timed("rnet", work)

    @once
    def onet(self) -> Stage:
        """R-Net's windows, looked at by O-Net: once, and with `settings.mirror` a second time in the mirror."""
        windows = self.rnet.last

        def work() -> Stage:
            said = self.answers.onet(windows, self.levels)
            onet = stages.decide(windows, said, self.settings, self.hooks)
            if not self.settings.mirror:
                return onet
            again = stages.second_look(onet, self.hooks)
            said = self.answers.mirrored(again, self.levels)
            return stages.average(onet, again, said, self.settings, self.hooks)

        return self._timed("onet", work)

    @once
    def faces(self) -> Faces:
        """What was found, best first."""
        height, width = self.image.shape[:2]
        return stages.faces(self.onet, height, width)

    def rerun(
        self,
        thresholds: Sequence[float] | None = None,
        nms: Sequence[float] | None = None,
        min_face: float | None = None,
    ) -> "Trace":
        """The trace with other settings. A net is only asked about what it has not seen yet.

        Parameters
        ----------
        thresholds, nms, min_face
            As in `Detector`; what is None stays.

        Raises
        ------
        ValueError, TypeError
            As `Detector`, for a setting out of its range or of another type.
        """
        given = {"thresholds": thresholds, "nms": nms, "min_face": min_face}
        changed = {name: value for name, value in given.items() if value is not None}
        return Trace(self.answers, replace(self.settings, **changed), self.hooks)  # type: ignore[arg-type]

    def _timed(self, stage: str, work: Callable[[], Result]) -> Result:
        started = time.perf_counter()
        done = work()
        self.spent[stage] = self.spent.get(stage, 0.0) + time.perf_counter() - started
        return done

    @property
    def stages(self) -> tuple[Stage, Stage, Stage]:
        return self.pnet, self.rnet, self.onet

    @property
    def seconds(self) -> dict[str, float]:
        """Wall time of this run: pyramid, pnet, rnet, onet. What a rerun has answers to already costs it nothing."""
        _ = self.stages  # runs whatever has not run yet
        return self.spent

    def steps(self) -> Iterator[tuple[str, str, Candidates]]:
        """(stage, step, candidates), in the order in which they happened."""
        for stage in self.stages:
            for name, candidates in stage.steps.items():
                yield stage.name, name, candidates

    def counts(self) -> dict[str, dict[str, int]]:
        """Candidates left after each step of each stage.

        For example `{"pnet": {"scored": 42721, "above threshold": 286, ...}, "rnet": ..., "onet": ...}`.
        """
        return {stage.name: stage.counts() for stage in self.stages}

    def __repr__(self) -> str:
        height, width = self.image.shape[:2]
        return f"Trace({height}x{width} px, {len(self.levels)} levels, {self.settings})"


def detect_together(engine: Engine, hooks: Hooks, images: Sequence[Pixels], settings: Settings) -> list[Faces]:
    """Each image's faces: the same steps, but each net is asked about all images' windows in one go.

    Parameters
    ----------
    engine : Engine
        What computes the nets.
    hooks : Hooks
        The functions in use.
    images : sequence of uint8 (H, W, 3)
        RGB, each of its own size.
    settings : Settings
        The same for all images.

    Returns
    -------
    list of Faces
        In the order of `images`.
    """
    traces = [Trace(Answers(engine, image), settings, hooks) for image in images]
    answers = [trace.answers for trace in traces]
    ask_pnet(new_levels(answers, [trace.scales for trace in traces]))
    levels = [trace.levels for trace in traces]
    ask_windows([each.rnet for each in answers], [trace.pnet.last for trace in traces], levels)
    ask_windows([each.onet for each in answers], [trace.rnet.last for trace in traces], levels)
    if settings.mirror:
        first = [stages.decide(trace.rnet.last, each.onet(trace.rnet.last, trace.levels), settings, hooks)
                 for trace, each in zip(traces, answers, strict=True)]  # fmt: skip
        again = [stages.second_look(onet, hooks) for onet in first]
        ask_windows([each.mirrored for each in answers], again, levels)
    return [trace.faces for trace in traces]
