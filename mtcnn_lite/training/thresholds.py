"""The last step of a training run: the thresholds of the new weights, chosen on the photos held out of training."""

from collections.abc import Sequence
from pathlib import Path

from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.detector import Detector
from mtcnn_lite.evaluation.choosing import REFERENCE, choose_thresholds, reference_detector
from mtcnn_lite.nets import Nets
from mtcnn_lite.training.batches import HOLD_OUT_EVERY
from mtcnn_lite.weights import save_thresholds
from mtcnn_lite.weights.thresholds import NAME, read_thresholds


def choose_on_held_out(nets: Nets, photos: Sequence[LabelledPhoto], folder: Path, progress: bool = False) -> None:
    """Write thresholds.json beside the weights in `folder`, and print what was chosen, in one sentence.

    The rule is `evaluation.operating_point.RULE`, the reference the authors' values where they are installed. Where
    the held-out photos have too few faces, no file is written, and the weights have the default thresholds. A
    thresholds.json that is there stays: `save_weights` has removed it if it was for other weights.

    Parameters
    ----------
    nets : Nets
        The trained nets, as `save_weights` wrote them to `folder`.
    photos : sequence of LabelledPhoto
        All photos of the run, in its order; one in twenty is held out.
    folder : Path
        The folder of weights.
    progress : bool
        Show progress bars.
    """
    if read_thresholds(folder) is not None:
        return
    detector, reference = Detector(nets), reference_detector()
    choice = choose_thresholds(detector, photos[HOLD_OUT_EVERY - 1 :: HOLD_OUT_EVERY], reference, progress)
    at = " ".join(f"{threshold:g}" for threshold in choice.thresholds)
    if choice.point is None:
        print(f"thresholds stay at {at}: held out, {choice.why}", flush=True)
        return
    save_thresholds(folder, choice.thresholds, choice.stated(REFERENCE))
    print(f"thresholds {at}, {choice.why}: {choice.point} on {choice.photos} held-out photos; in {folder / NAME}",
          flush=True)  # fmt: skip
