"""A clip or a camera, opened with OpenCV, or a VideoError that says why it can't be."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import NamedTuple

import cv2

from mtcnn_lite.arguments import shown, whole
from mtcnn_lite.images import ImageError
from mtcnn_lite.photos.formats import HEAD, format_of
from mtcnn_lite.photos.reading import open_file

VIDEO_ENDINGS = frozenset({".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg"})
TO_CONVERT = "ffmpeg, for example, converts it: ffmpeg -i {name} -c:v libx264 -pix_fmt yuv420p converted.mp4"
FASTEST = 240  # frames a second; more is no rate, but the unit of a stream's times
SILENT = "-8"  # FFmpeg's AV_LOG_QUIET
_opening = threading.Lock()


class VideoError(ValueError):
    """A clip or a camera that can't be read: missing, no video, damaged, ...; the message names it and says why.

    >>> from mtcnn_lite.video import frames
    >>> frames("gone.mp4")
    Traceback (most recent call last):
    mtcnn_lite.video.opening.VideoError: gone.mp4: no such file
    """


class VideoWarning(UserWarning):
    """Frames of a clip were passed over, or it ends early; the message says how many, and of which."""


class Clip(NamedTuple):
    """What the header of a clip says; a clip may hold fewer frames.

    >>> round(Clip(fps=29.97, frames=300).seconds, 2)
    10.01
    """

    fps: float
    frames: int
    """0 where the header doesn't tell."""

    @property
    def seconds(self) -> float:
        return self.frames / self.fps


def named_as_video(file: Path) -> bool:
    """Whether a file is called as clips are, by its ending.

    >>> [named_as_video(Path(name)) for name in ("party.MP4", "party.jpg")]
    [True, False]
    """
    return file.suffix.lower() in VIDEO_ENDINGS


def open_video(source: str | PathLike[str] | int) -> cv2.VideoCapture:
    """The capture of a clip, turned upright as its metadata say, or of the camera with this number.

    Raises VideoError where it can't be opened; TypeError or ValueError for what is neither a path nor a number.
    """
    if isinstance(source, str | PathLike):
        return _open_clip(Path(source))
    number = whole("source", _no_flag(source))
    with quiet():
        capture = cv2.VideoCapture(number)
    if not capture.isOpened():
        raise VideoError(f"camera {number}: there is none of this number, or another program uses it")
    return capture


def _no_flag(source: object) -> object:
    if isinstance(source, bool) or source is None or isinstance(source, bytes):
        raise TypeError(f"source is {shown(source)}; it must be the path of a clip or the number of a camera")
    return source


def about(path: str | PathLike[str]) -> Clip:
    """The frame rate and the number of frames that a clip's header states. Raises VideoError as `open_video` does."""
    capture = open_video(path)
    try:
        return clip_of(capture)
    finally:
        capture.release()


def clip_of(capture: cv2.VideoCapture) -> Clip:
    """What the header of an opened clip says; 25 frames a second where it says nothing usable."""
    fps, count = capture.get(cv2.CAP_PROP_FPS), capture.get(cv2.CAP_PROP_FRAME_COUNT)
    return Clip(fps if 0 < fps <= FASTEST else 25.0, int(count) if 0 < count < 2**31 else 0)


def _open_clip(path: Path) -> cv2.VideoCapture:
    head = _head(path)
    if not head:
        raise VideoError(f"{path}: an empty file, of 0 bytes")
    kind = format_of(head[:HEAD])
    if kind and kind != "GIF":  # OpenCV would give a photo as a clip of one frame
        raise VideoError(f"{path}: a photo ({kind}), no video")
    # FFmpeg draws some texts as a video, and opens the files and addresses that a playlist names.
    if b"\0" not in head:
        raise VideoError(f"{path}: no video; it begins with {shown(head[:20])}")
    try:
        name = os.path.abspath(path)  # or FFmpeg would take a name such as rtsp:a.mp4 for an address
        name.encode()
    except UnicodeEncodeError:
        raise VideoError(f"{shown(str(path))}: OpenCV opens only names of Unicode letters; rename it") from None
    with quiet():
        capture = cv2.VideoCapture(name)
    if not capture.isOpened():
        raise VideoError(f"{path}: {_why_not(path, head)}")
    capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
    return capture


def _head(path: Path) -> bytes:
    """The first bytes of a regular file."""
    try:
        with open_file(path) as file:
            return file.read(4096)
    except ImageError as error:
        raise VideoError(str(error).removesuffix(", no photo")) from None
    except OSError as error:
        raise VideoError(f"{path}: can't be read ({error.strerror})") from None


def _why_not(path: Path, head: bytes) -> str:
    """What is wrong with a file that OpenCV can't open, as far as its own bytes tell."""
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free"):  # MP4, MOV
        index = _mp4_index(path)
        if index is None:
            return "cut off: the index that MP4 and MOV files have (moov) is missing"
        if b"vide" not in index:
            return "no picture in it, sound alone"
    elif not (head.startswith((b"\x1a\x45\xdf\xa3", b"\0\0\1")) or (head[:4] == b"RIFF" and head[8:12] == b"AVI ")):
        return "no video, or of a kind that OpenCV can't read"
    what = "damaged, or without pictures, or of a codec that this OpenCV lacks"
    return f"{what}. {TO_CONVERT.format(name=path.name)}"


def _mp4_index(path: Path) -> bytes | None:
    """The box "moov" of an MP4 or MOV file, which lists its tracks; None where there is none."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = 0
        while start + 8 <= size:
            file.seek(start)
            header = file.read(16)
            length = int.from_bytes(header[:4])
            if length == 1:  # the length follows, in 8 bytes
                length = int.from_bytes(header[8:])
            if header[4:8] == b"moov":
                file.seek(start)
                return file.read(min(length, 1 << 26))
            if length < 8:  # 0: up to the file's end
                return None
            start += length
    return None


@contextmanager
def quiet() -> Iterator[None]:
    """Keep OpenCV and FFmpeg from writing to standard error: what matters of it, a VideoError or a warning says.

    FFmpeg takes its level at the process's first video, and keeps it: it is not quiet where the program has opened one
    by itself before.
    """
    variable = "OPENCV_FFMPEG_LOGLEVEL"
    with _opening:
        level, given = cv2.utils.logging.getLogLevel(), os.environ.get(variable)
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
        os.environ[variable] = given or SILENT
        try:
            yield
        finally:
            cv2.utils.logging.setLogLevel(level)
            if given is None:
                del os.environ[variable]
