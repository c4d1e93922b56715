"""What the cascade so far lets through: the windows that R-Net and O-Net will meet, and so must learn from."""

import hashlib
import multiprocessing
from dataclasses import dataclass

import torch

from mtcnn_lite.boxes import Floats
from mtcnn_lite.cascade import Detector
from mtcnn_lite.images import Pixels
from mtcnn_lite.nets import Nets
from mtcnn_lite.sampling import Propose


@dataclass(frozen=True, eq=False)
class Proposals:
    """The square windows that a cascade's P-Net, or its P-Net and R-Net, propose of a photo.

    stage: "pnet" for R-Net's windows, "rnet" for O-Net's. thresholds: P-Net's and R-Net's; lower than the detector's
    own, so that the next net also meets what lies just below them. min_face: as in `Detector`.

    Calling it makes the function that `sampling.sample` takes. It can be sent to another process, and its `name`
    changes with every weight that matters, so that a store knows whose windows it holds.
    """

    nets: Nets
    stage: str
    thresholds: tuple[float, float] = (0.4, 0.4)
    min_face: float = 20

    def __post_init__(self) -> None:
        if self.stage not in ("pnet", "rnet"):
            raise ValueError(f"stage is {self.stage!r}; it must be 'pnet' (windows for R-Net) or 'rnet' (for O-Net)")

    def __call__(self) -> Propose:
        if multiprocessing.parent_process() is not None:
            torch.set_num_threads(1)  # workers share the cores among themselves
        detector = Detector(self.nets, self.min_face, thresholds=(*self.thresholds, 1.0))

        def propose(image: Pixels) -> tuple[Floats, Floats]:
            trace = detector.trace(image)
            windows = trace.pnet.last if self.stage == "pnet" else trace.rnet.last
            return windows.boxes, windows.scores

        return propose

    @property
    def name(self) -> str:
        """For example `rnet 0.4 0.4 from 20 px, 3f2a...`: stage, thresholds, and a digest of the weights in use."""
        digest = hashlib.sha256()
        for net in self.nets[: ("pnet", "rnet").index(self.stage) + 1]:
            for value in net.state_dict().values():
                digest.update(value.contiguous().numpy().tobytes())
        shown = self.thresholds[: 1 + (self.stage == "rnet")]
        return f"{self.stage} {' '.join(map(str, shown))} from {self.min_face:g} px, {digest.hexdigest()[:16]}"
