"""A function of the cascade at work beside ours: a mistake that one can see."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mtcnn_lite import Detector
    from mtcnn_lite.course.checks.judge.side_by_side import Seen
    from mtcnn_lite.course.checks.judge.text import Array


def seen(
    fn: Callable[..., Any], name: str = "", photo: "Array | None" = None, detector: "Detector | None" = None
) -> "Seen":
    """The live detector on one photo, left with our function and right with yours, also where it was refused.

    The picture shows itself in a notebook; `.alt` says the same in words. `verdict.seen()` is the same for the function
    that a verdict is of. Where the faces agree, it shows the step at which they do not, enlarged where that helps.

    Parameters
    ----------
    fn : callable
        Your function: `pyramid_scales`, `candidate_windows`, `iou` (in NMS), `nms`, `decode_offsets`, `square_boxes` or
        `landmarks_to_image`; or your net, as `checks.pnet`, `checks.rnet` and `checks.onet` take it.
    name : str
        Which of them it is; "" for its own name.
    photo : uint8 (H, W, 3), optional
        A photo, RGB. Without one, two portraits side by side.
    detector : Detector, optional
        Without one, a detector with the shipped weights, in several settings.

    Raises
    ------
    ValueError
        For a name that is none of these.
    """
    from mtcnn_lite.course.checks.judge.seeing import seen_beside

    return seen_beside(fn, name or getattr(fn, "__name__", ""), photo, detector)
