"""How a one-pass detector runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mtcnn_lite.arguments import number, numbers, plain, shown
from mtcnn_lite.pyramid import CELL

SOFT = "soft"  # in place of an overlap: Soft-NMS
NMS = 0.4  # RetinaFace's code
NATIVE = 20.0  # px: the `min_face` at which the net sees the photo at its own size


class OnePassThresholds(NamedTuple):
    """The lowest probability of "face" that passes the net, from 0 to 1: one, where a cascade has three.

    >>> OnePassThresholds(0.5).onepass
    0.5
    """

    onepass: float


@dataclass(frozen=True)
class OnePassSettings:
    """How a one-pass detector runs; `Detector` explains each.

    Parameters
    ----------
    min_face : float
        Side, in pixels, of the smallest face to look for; 12 or more. The net sees the photo at 20 / min_face of its
        size.
    thresholds : OnePassThresholds, or one number
        Lowest probability of a face.
    nms : float or "soft"
        IoU that two faces may have, 0 to 1; "soft": Soft-NMS (`nms.soft_nms`, Gaussian, sigma 0.5), which lowers scores
        instead, and drops what falls under the threshold.

    Raises
    ------
    ValueError
        For a value out of its range, and for three thresholds or four overlaps, which a cascade has.
    TypeError
        For a value of another type.

    Examples
    --------
    >>> OnePassSettings(20, 0.5, "soft").thresholds
    OnePassThresholds(onepass=0.5)
    """

    min_face: float
    thresholds: OnePassThresholds
    nms: float | str

    def __post_init__(self) -> None:
        smallest = number("min_face", self.min_face, lambda side: side >= CELL, f"be at least {CELL} px")
        given: object = self.thresholds
        if isinstance(given, Sequence) and not isinstance(given, str) and len(given) != 1:
            raise ValueError(f"thresholds is {shown(given)}; a one-pass detector has one, from 0 to 1")
        row = (given,) if plain(given) is not None else given
        [threshold] = numbers("thresholds", row, 1, lambda value: 0 <= value <= 1, "from 0 to 1")
        allowed: float | str = SOFT
        if isinstance(self.nms, Sequence) and self.nms != SOFT:
            raise ValueError(
                f'nms is {shown(self.nms)}; a one-pass detector has one NMS: an IoU from 0 to 1, or "soft"'
            )
        if not isinstance(self.nms, str):
            allowed = number("nms", self.nms, lambda value: 0 <= value <= 1, 'be an IoU from 0 to 1, or "soft"')
        for name, value in (("min_face", smallest), ("thresholds", OnePassThresholds(threshold)), ("nms", allowed)):
            object.__setattr__(self, name, value)

    @property
    def scale(self) -> float:
        """The size at which the net sees a photo, over the photo's."""
        return NATIVE / self.min_face
