"""What every explorer with a detector at work does: trace its photo, and say what became of a face clicked on."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mtcnn_lite.cascade.trace import Trace
from mtcnn_lite.course.explorers.canvas import Canvas, PhotoExplorer
from mtcnn_lite.course.explorers.gallery import Gallery
from mtcnn_lite.detector import Detector
from mtcnn_lite.explain import explain


class DetectorExplorer(PhotoExplorer):
    """`detector` at work on one photo. A click on `view`, its canvas or gallery, asks what became of the box there.

    The view sends {"clicked": [x1, y1, x2, y2]}; the answer is its `note`. It tells of all three nets, at the settings
    that the controls have at the click.
    """

    invitation = "Click on a box to ask what became of that face."

    def __init__(self, detector: Detector, image: NDArray[np.uint8], longest: int, view: Canvas | Gallery) -> None:
        self._detector, self._view = detector, view
        view.on_msg(lambda _, message, buffers: self.ask(message["clicked"]))
        super().__init__(image, longest)

    def show_photo(self) -> None:
        self._trace = self._detector.trace(self.image)
        self._view.note = self.invitation  # what was said of another photo is not true of this one

    def run_shown(self) -> Trace:
        """The run at the controls' settings; those that have no control are the detector's own."""
        raise NotImplementedError

    def ask(self, box: Sequence[float]) -> None:
        """Say in the note what became of `box` (4,), image pixels."""
        run = self.run_shown()
        at = ", ".join(f"{threshold:g}" for threshold in run.settings.thresholds)
        self._view.note = f"That box, at {at}: {explain(run, box).sentence}."
