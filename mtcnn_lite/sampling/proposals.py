"""What the cascade so far lets through: the windows that R-Net and O-Net will meet, and so must learn from."""

from dataclasses import dataclass

import numpy as np

from mtcnn_lite.boxes import Floats
from mtcnn_lite.cascade.trace import Trace
from mtcnn_lite.detector import Detector
from mtcnn_lite.images import Pixels
from mtcnn_lite.net_names import NET_NAMES
from mtcnn_lite.nets import Nets
from mtcnn_lite.sampling.sampler import Propose
from mtcnn_lite.weights import weights_digest


@dataclass(frozen=True, eq=False)
class Proposals:
    """The square windows of a photo that a cascade sends to one of its nets.

    Calling it makes the function that `sampler.sample` takes. It can be pickled and so sent to another process, and its
    `name` changes with every weight that matters, so that a store knows whose windows it holds.

    Parameters
    ----------
    nets
        The cascade.
    net
        Whose windows: "rnet" gets what P-Net lets through, "onet" what P-Net and R-Net do. "pnet" looks everywhere: its
        windows are those that it lets through itself.
    mined
        Score the windows by the net they are sent to, so that the best scored negatives are its own worst mistakes;
        otherwise by the net that sent them.
    thresholds
        P-Net's and R-Net's; lower than the detector's own, so that the next net also meets what lies just below them.
    min_face
        As in `Detector`, px.
    most
        Where P-Net lets more windows of a photo through, its threshold rises for this photo until it does not: a badly
        trained one would send 100,000, and NMS would take minutes. Windows of equal score are kept or dropped together,
        so a photo on which all scores are equal may have none.
    """

    nets: Nets
    net: str
    mined: bool = False
    thresholds: tuple[float, float] = (0.3, 0.1)
    min_face: float = 20
    most: int = 8000

    def __post_init__(self) -> None:
        if self.net not in NET_NAMES:
            raise ValueError(f"net is {self.net!r}; it must be one of {', '.join(NET_NAMES)}: whose windows are wanted")

    def __call__(self) -> Propose:
        detector = Detector(self.nets, self.min_face, thresholds=(*self.thresholds, 1.0))

        def propose(image: Pixels) -> tuple[Floats, Floats]:
            trace = bounded(detector.trace(image), self.most)
            if trace is None:
                return np.zeros((0, 4), np.float32), np.zeros(0, np.float32)
            if self.net == "pnet":
                windows = trace.pnet["nms within levels"]
            elif self.net == "rnet":
                windows = trace.rnet["scored"] if self.mined else trace.pnet.last
            else:
                windows = trace.onet["scored"] if self.mined else trace.rnet.last
            return windows.boxes, windows.scores

        return propose

    @property
    def name(self) -> str:
        """For example `onet 0.3 0.1 from 20 px, at most 8000, 3f2a...`: settings, and a digest of the weights used."""
        asked = max(NET_NAMES.index(self.net), 1) + (self.mined and self.net != "pnet")  # nets that run
        words = [f"mined {self.net}" if self.mined else self.net, *map(str, self.thresholds[: min(asked, 2)])]
        return f"{' '.join(words)} from {self.min_face:g} px, at most {self.most}, {weights_digest(self.nets[:asked])}"


def bounded(trace: Trace, most: int) -> Trace | None:
    """The trace, with P-Net's threshold raised until at most `most` windows pass it; None where that leaves none."""
    scores = np.concatenate([np.zeros(0, np.float32), *(level.face_map.ravel() for level in trace.levels)])
    first, *others = trace.settings.thresholds
    if (scores >= first).sum() <= most:
        return trace
    best_left_out = np.partition(scores, -most - 1)[-most - 1]
    raised = float(np.nextafter(best_left_out, np.float32(2)))
    return trace.rerun(thresholds=(raised, others[0], others[1])) if raised <= scores.max() else None
