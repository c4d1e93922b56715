"""`detect_video`: the faces in a clip's frames, or in a camera's."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING

from mtcnn_lite.arguments import flag, instance, whole
from mtcnn_lite.cascade.faces import Faces
from mtcnn_lite.images import Pixels
from mtcnn_lite.video.frames import Frame, frames, frames_unreported
from mtcnn_lite.video.opening import about
from mtcnn_lite.video.tracking import Tracker

if TYPE_CHECKING:
    from mtcnn_lite.detector import Detector

CAMERA_FPS = 30.0


@dataclass(frozen=True, eq=False)
class VideoFaces:
    """What was found in a frame: its number and seconds, its faces, an id for each of them, and its pixels.

    `ids` is None without `track`; with it, a list as long as `faces`, of whole numbers, and None for a face that is
    seen for the first time.
    """

    number: int
    seconds: float
    faces: Faces
    ids: list[int | None] | None
    image: Pixels


def detect_video(
    source: str | PathLike[str] | int, detector: "Detector | None" = None, every: int = 1, track: bool = False
) -> Iterator[VideoFaces]:
    """The faces in each frame of a clip, or of a camera without end.

    Of a clip, some frames are read ahead and looked at together (`Detector.detect_many`); memory does not grow with
    the clip. A camera's are looked at as they come.

    Parameters
    ----------
    source : path or int
        A clip's file, or the number of a camera: 0 for the first.
    detector : Detector or None
        Which detector looks; None for `Detector()`.
    every : int
        Look at the frames 0, `every`, 2 `every`, ...; 1 or more.
    track : bool
        Give each face an id that it keeps from frame to frame (`tracking.Tracker`).

    Yields
    ------
    VideoFaces
        Number, seconds, faces, ids, image.

    Raises
    ------
    VideoError
        As `frames` does.
    ModuleNotFoundError
        With `track`, where the package `trackers` is missing.
    ValueError, TypeError
        For another `every` or `track`, or a `detector` that is none.

    Warns
    -----
    VideoWarning
        As `frames` does.

    Examples
    --------
    >>> for seen in detect_video("clip.mp4", every=5, track=True):  # doctest: +SKIP
    ...     print(seen.number, seen.seconds, len(seen.faces), seen.ids)
    0 0.0 2 [None, None]
    5 0.2 2 [0, 1]
    """
    every = whole("every", every, low=1)
    read = frames(source, every)
    look = _Look(source, detector, every, track)
    return look.ahead(read) if isinstance(source, str | PathLike) else map(look, read)


def watch_video(
    source: str | PathLike[str] | int, detector: "Detector | None" = None, every: int = 1, track: bool = False
) -> Iterator[tuple[Frame, VideoFaces | None]]:
    """Every frame, with what `detect_video` found in the last one that it looked at: that one, or one before.

    None stands for it before the first; where `every` is 1, there is always one.

    Parameters
    ----------
    source, detector, every, track
        As for `detect_video`, which raises the same and warns of the same.

    Yields
    ------
    Frame, VideoFaces or None
        A frame, and what was found last.

    Examples
    --------
    >>> for frame, seen in watch_video("clip.mp4", every=5):  # doctest: +SKIP
    ...     print(frame.number, seen.number)
    0 0
    1 0
    """
    every = whole("every", every, low=1)
    if every == 1:
        return (
            (Frame(seen.number, seen.seconds, seen.image), seen) for seen in detect_video(source, detector, 1, track)
        )
    if isinstance(source, str | PathLike):  # read twice: frames that wait for those between them would fill the memory
        return _held(frames_unreported(source), detect_video(source, detector, every, track))
    read = frames(source)
    return _as_it_comes(read, _Look(source, detector, every, track), every)


class _Look:
    """What a detector and a tracker find in one frame after another."""

    def __init__(self, source: str | PathLike[str] | int, detector: "Detector | None", every: int, track: bool) -> None:
        fps = about(source).fps if isinstance(source, str | PathLike) else CAMERA_FPS
        self.tracker = Tracker(fps / every) if flag("track", track) else None
        from mtcnn_lite.detector import Detector  # with torch: over a second, for who reads frames alone

        self.detector = Detector() if detector is None else instance("detector", detector, Detector, "a Detector")

    def __call__(self, frame: Frame) -> VideoFaces:
        return self._with_ids(frame, self.detector.detect(frame.image))

    def ahead(self, read: Iterator[Frame]) -> Iterator[VideoFaces]:
        """The frames are looked at several together."""
        waiting = deque[Frame]()

        def images() -> Iterator[Pixels]:
            for frame in read:
                waiting.append(frame)
                yield frame.image

        for faces in self.detector.detect_many(images()):
            yield self._with_ids(waiting.popleft(), faces)

    def _with_ids(self, frame: Frame, faces: Faces) -> VideoFaces:
        ids = self.tracker.ids(faces, frame.seconds) if self.tracker else None
        return VideoFaces(frame.number, frame.seconds, faces, ids, frame.image)


def _held(read: Iterator[Frame], looked: Iterator[VideoFaces]) -> Iterator[tuple[Frame, VideoFaces | None]]:
    seen, following = None, next(looked, None)
    for frame in read:
        if following is not None and following.number <= frame.number:
            seen, following = following, next(looked, None)
        yield frame, seen


def _as_it_comes(read: Iterator[Frame], look: _Look, every: int) -> Iterator[tuple[Frame, VideoFaces | None]]:
    seen = None
    for frame in read:
        if frame.number % every == 0:
            seen = look(frame)
        yield frame, seen
