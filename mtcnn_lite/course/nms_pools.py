"""The boxes that chapter 01 chooses among: of one face, of two faces that overlap, and all of P-Net's windows."""

import numpy as np

from mtcnn_lite.boxes import Floats, iou
from mtcnn_lite.cascade.record import Candidates
from mtcnn_lite.course.explorers.suppression import Pool
from mtcnn_lite.course.scenes import ASTRONAUT_BOX
from mtcnn_lite.detector import Detector
from mtcnn_lite.draw import Pixels, at_height

CLOSE_UP = 120, 20, 320, 206  # px of the astronaut: x1, y1, x2, y2
HEIGHT = 435  # px, to which close-ups are enlarged
CROWD = 60, 24, 380, 264  # px: the photo of two faces
BOTH = 45, 25, 225, 180  # px of that: what is shown
ELLIPSE = 286.5, 126.5, 42, 56  # px of the astronaut's mirror image: the middle of her face, half its width and height
SHIFT = -117, 8  # px from there: 56 px left of her own face and 8 px lower


def pools(detector: Detector, photo: Pixels) -> dict[str, Pool]:
    """Four pools by name; the rows of each go best first.

    Parameters
    ----------
    detector : Detector
        Whose P-Net, R-Net and O-Net gave the boxes.
    photo : uint8 (512, 512, 3)
        The astronaut.
    """
    trace = detector.trace(photo)
    windows, moved = _best_first(trace.rnet["above threshold"]), _best_first(trace.rnet["refined"])  # the same rows
    label = np.array([ASTRONAUT_BOX], np.float32)
    on_face = iou(label, windows.boxes)[0] > 0.3

    def one_face(candidates: Candidates) -> Pool:
        return _close_up(photo, CLOSE_UP, candidates.boxes[on_face], candidates.scores[on_face], "rnet", label)

    first = _best_first(trace.pnet["above threshold"])
    return {
        "one face, R-Net": one_face(moved),
        "the same, before R-Net moves them": one_face(windows),
        "two faces, O-Net": two_faces(detector, photo),
        "the whole photo, P-Net": Pool(photo, first.boxes, first.scores, "pnet", label),
    }


def two_faces(detector: Detector, photo: Pixels) -> Pool:
    """The astronaut with her mirror image's face before her own, and all that O-Net says before its own NMS.

    Parameters
    ----------
    detector : Detector
        Whose nets look; the NMS after R-Net and after O-Net removes nothing.
    photo : uint8 (512, 512, 3)
        The astronaut.
    """
    x, y, half_width, half_height = ELLIPSE
    rows, columns = np.mgrid[:512, :512]
    inside = ((columns - x) / half_width) ** 2 + ((rows - y) / half_height) ** 2 < 1
    ys, xs = np.nonzero(inside)  # the pixels of the second face
    crowd = photo.copy()
    crowd[ys + SHIFT[1], xs + SHIFT[0]] = photo[:, ::-1][ys, xs]
    x1, y1, x2, y2 = CROWD
    crowd = np.ascontiguousarray(crowd[y1:y2, x1:x2])  # (240, 320, 3)
    left, top, right, bottom = ASTRONAUT_BOX
    faces = np.array([[512 - right, top, 512 - left, bottom] + np.array(SHIFT * 2), ASTRONAUT_BOX], np.float32)
    every = Detector(detector.nets, nms=(0.5, 0.7, 1.0, 1.0), mirror=False)  # a limit of 1 removes nothing
    found = _best_first(every.trace(crowd).onet["refined"])
    return _close_up(crowd, BOTH, found.boxes, found.scores, "onet", faces - np.array([x1, y1, x1, y1], np.float32))


def _close_up(
    photo: Pixels, region: tuple[int, int, int, int], boxes: Floats, scores: Floats, stage: str, faces: Floats
) -> Pool:
    """A region of the photo, enlarged, with the boxes and the faces there."""
    x1, y1, x2, y2 = region
    picture, zoom = at_height(np.ascontiguousarray(photo[y1:y2, x1:x2]), HEIGHT)
    placed = [((each - [x1, y1, x1, y1]) * zoom).astype(np.float32) for each in (boxes, faces)]
    return Pool(picture, placed[0], scores, stage, placed[1])


def _best_first(candidates: Candidates) -> Candidates:
    return candidates.select(np.argsort(-candidates.scores, kind="stable"))
