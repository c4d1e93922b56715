"""The frames of a clip or a camera, one after another, with their time; what can't be decoded is passed over."""

import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from math import floor, inf, isfinite
from os import PathLike

import cv2
import numpy as np

from mtcnn_lite.arguments import number, whole
from mtcnn_lite.images import Pixels
from mtcnn_lite.video.opening import Clip, VideoError, VideoWarning, clip_of, open_video

# A damaged frame fails once, the end of a clip always. More failures than this, one after another, are taken for it.
FAILURES = 1000
ROUNDING = 0.0005  # seconds


@dataclass(frozen=True, eq=False)
class Frame:
    """A frame: its number from 0, undecodable ones counted; its time in seconds; RGB uint8 (H, W, 3)."""

    number: int
    seconds: float
    image: Pixels


def frames(source: str | PathLike[str] | int, every: int = 1, every_seconds: float | None = None) -> Iterator[Frame]:
    """The frames of a clip, or of a camera without end. One is held at a time, so memory does not grow.

    Frames are turned upright as the clip's metadata say. Of a clip, seconds are those at which a player shows the
    frame, also where the rate varies; of a camera, those since its first frame.

    Parameters
    ----------
    source : path or int
        A clip's file, or the number of a camera: 0 for the first.
    every : int
        Give the frames with the numbers 0, `every`, 2 `every`, ...; 1 or more.
    every_seconds : float or None
        In place of `every`: give the first frame at or after 0, `every_seconds`, 2 `every_seconds`, ... seconds.

    Yields
    ------
    Frame
        Number, seconds, image.

    Raises
    ------
    VideoError
        At once, for a clip that is missing, no regular file, no video or of an unknown codec, and for a camera that
        is not there; at the end, where none of its frames could be decoded.
    ValueError
        For numbers out of range, or both `every` and `every_seconds`.

    Warns
    -----
    VideoWarning
        At the end, where frames could not be decoded or a clip ends before its header says.

    Examples
    --------
    >>> for frame in frames("clip.mp4", every_seconds=2):  # doctest: +SKIP
    ...     print(frame.number, frame.seconds, frame.image.shape)
    0 0.0 (720, 1280, 3)
    60 2.002 (720, 1280, 3)
    """
    every = whole("every", every, low=1)
    if every_seconds is not None:
        every_seconds = number("every_seconds", every_seconds, lambda s: isfinite(s) and s > 0, "be seconds above 0")
        if every != 1:
            raise ValueError(f"every is {every} and every_seconds is {every_seconds}; give one of them")
    capture = open_video(source)
    if isinstance(source, str | PathLike):
        return _of_clip(capture, str(source), every, every_seconds)
    return _of_camera(capture, f"camera {source}", every, every_seconds)


def frames_unreported(path: str | PathLike[str]) -> Iterator[Frame]:
    """`frames` of a clip, without a word on those that can't be decoded: for a second reading beside the first."""
    return _of_clip(open_video(path), str(path), 1, None, report=False)


def _of_clip(
    capture: cv2.VideoCapture, name: str, every: int, every_seconds: float | None, report: bool = True
) -> Iterator[Frame]:
    clip, wanted = clip_of(capture), _Wanted(every, every_seconds)
    decoded = failed = pending = 0  # pending: failures that no frame has followed yet
    seconds = 0.0
    try:
        for at in count():
            image = None
            if read := capture.grab():
                seconds = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
                if at and not 0 < seconds < inf:  # some streams have no times
                    seconds = at / clip.fps
                if wanted(at, seconds):
                    image = _picture(capture)
                    read = image is not None
            if not read:
                pending += 1
                if pending == FAILURES:
                    break
                continue
            decoded, failed, pending = decoded + 1, failed + pending, 0
            if image is not None:
                wanted.taken(seconds)
                yield Frame(at, seconds, image)
    finally:
        capture.release()
    if report:
        _report(name, clip, decoded, failed, seconds + 1 / clip.fps)


def _of_camera(capture: cv2.VideoCapture, name: str, every: int, every_seconds: float | None) -> Iterator[Frame]:
    wanted, at, first = _Wanted(every, every_seconds), 0, None
    try:
        while capture.grab():  # false where it was unplugged
            now = time.monotonic()
            first = now if first is None else first
            if wanted(at, now - first) and (image := _picture(capture)) is not None:
                wanted.taken(now - first)
                yield Frame(at, now - first, image)
            at += 1
    finally:
        capture.release()
    if not at:
        raise VideoError(f"{name}: opened, but it gives no picture")
    warnings.warn(f"{name}: gives no more pictures, after {at}", VideoWarning, stacklevel=2)


class _Wanted:
    """Which frames to decode: by number, or the first at or after each multiple of some seconds."""

    def __init__(self, every: int, every_seconds: float | None) -> None:
        self.every, self.every_seconds, self.due = every, every_seconds, 0.0

    def __call__(self, at: int, seconds: float) -> bool:
        if self.every_seconds is None:
            return at % self.every == 0
        return seconds >= self.due - ROUNDING

    def taken(self, seconds: float) -> None:
        if self.every_seconds is not None:
            self.due = (floor((seconds + ROUNDING) / self.every_seconds) + 1) * self.every_seconds


def _picture(capture: cv2.VideoCapture) -> Pixels | None:
    """The frame that was grabbed, in RGB; None where it can't be decoded."""
    try:
        decoded, image = capture.retrieve()
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8) if decoded else None
    except cv2.error:
        return None


def _report(name: str, clip: Clip, decoded: int, failed: int, end: float) -> None:
    """Say what of a clip, which ends at `end` seconds, could not be decoded."""
    if not decoded:
        raise VideoError(f"{name}: none of its frames can be decoded; it is damaged, or of a codec that OpenCV lacks")
    seen = decoded + failed
    said = []
    if failed:
        said.append(f"{failed} of {seen} frames can't be decoded and are passed over")
    # A header may give the seconds alone, and those of the sound: frames are then counted from the mean rate.
    if seen < 0.95 * clip.frames - 1 and end < 0.95 * clip.seconds:
        said.append(f"it ends after {seen} of the {clip.frames} frames that its header states: cut off or damaged")
    if said:
        warnings.warn(f"{name}: {'; '.join(said)}", VideoWarning, stacklevel=3)
