"""A video file written with OpenCV: whole or not at all, and playable also where its frames stop early."""

import errno
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

from mtcnn_lite.images import Pixels
from mtcnn_lite.runtime.files import write_whole
from mtcnn_lite.video.opening import VideoError, about, quiet

CODECS = {".mp4": "mp4v", ".avi": "MJPG"}  # MPEG-4 where this OpenCV has it
LONGEST_GAP = 10.0  # seconds between two frames; more is an error in a clip's times
LOOK_AFTER = 64  # frames between two looks at the space that is left
SPARE = 1 << 20  # bytes that must be left, and as many as INDEX a frame: a file is finished with its index
INDEX = 64


def ending_to_write(folder: Path) -> str:
    """ ".mp4", or ".avi" where this OpenCV can't write MPEG-4.

    Raises VideoError where it can write neither, and OSError where nothing can be written to the folder.

    >>> import tempfile
    >>> ending_to_write(Path(tempfile.gettempdir())) in (".mp4", ".avi")
    True
    """
    for ending in CODECS:
        trial = folder / f".{os.getpid()}.part.trial_faces{ending}"
        try:
            trial.touch()  # says why where OpenCV would not
            writer = _open(trial, 25, 64, 64)
            opened = writer.isOpened()
            writer.release()
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(folder)) from None
        finally:
            trial.unlink(missing_ok=True)
        if opened:
            return ending
    raise VideoError("this OpenCV can write no video, neither MPEG-4 nor Motion JPEG; pip's opencv-python can")


def write_video(path: Path, pictures: Iterable[tuple[float, Pixels]], fps: float) -> None:
    """Write a video of pictures, each shown from its time until the next one's.

    Where `pictures` raises, also KeyboardInterrupt, or the disk is all but full, what came before is finished as a
    playable file, and the error is raised afterwards; with no picture before it, there is no file.

    Parameters
    ----------
    path : Path
        Ends with .mp4 or .avi.
    pictures : iterable of (seconds, RGB uint8 (H, W, 3))
        In order; those of another size than the first are scaled to it.
    fps : float
        Frames a second of the file. Frames are repeated or left out, so that it plays as fast as `pictures` say.

    Raises
    ------
    OSError
        Where it can't be written.
    VideoError
        Where OpenCV can't write pictures of this size.
    """
    stopped: BaseException | None = None

    def write(partial: Path) -> None:
        nonlocal stopped
        partial.touch()  # says why where OpenCV would not
        file = _File(partial, path, fps)
        try:
            for seconds, picture in pictures:
                file.show(seconds, picture)
        except BaseException as error:
            if not file.written:
                raise
            stopped = error
        finally:
            try:
                file.close()
            except OSError:
                if stopped is None:
                    raise
                raise stopped from None  # why it stopped says more than that the rest can't be written either

    write_whole(path, write)
    if stopped is not None:
        raise stopped


class _File:
    """The file as it grows."""

    def __init__(self, partial: Path, path: Path, fps: float) -> None:
        self.partial, self.path, self.fps, self.written = partial, path, fps, 0
        self.writer: cv2.VideoWriter | None = None
        self.size = (0, 0)
        self.start = self.latest = 0.0  # when the first picture was shown, and the last
        self.shown: Pixels | None = None

    def show(self, seconds: float, picture: Pixels) -> None:
        """Show the picture before until `seconds`, and then this one for a frame."""
        if self.writer is None:
            self.start = self.latest = seconds
            self.size = (picture.shape[1], picture.shape[0])
            self.writer = _open(self.partial, self.fps, *self.size)
            if not self.writer.isOpened():
                raise VideoError(f"{self.path}: OpenCV can't write a video of {self.size[0]} x {self.size[1]} pixels")
        if not 0 <= seconds - self.latest <= LONGEST_GAP:
            self.start += seconds - self.latest - 1 / self.fps
        self.latest = seconds
        until = round((seconds - self.start) * self.fps)  # the number of this picture's frame
        while self.shown is not None and self.written < until:
            self._write(self.writer, self.shown)
        if (picture.shape[1], picture.shape[0]) != self.size:
            picture = np.asarray(cv2.resize(picture, self.size, interpolation=cv2.INTER_AREA), np.uint8)
        self.shown = picture
        if self.written == until:
            self._write(self.writer, picture)

    def _write(self, writer: cv2.VideoWriter, picture: Pixels) -> None:
        if self.written % LOOK_AFTER == 0:
            left = shutil.disk_usage(self.partial.parent).free
            if left < SPARE + INDEX * self.written:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
        with quiet():
            writer.write(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        self.written += 1

    def close(self) -> None:
        """Finish the file. OpenCV says nothing where it could not write, so the file is asked how much it holds."""
        if self.writer is None:
            return
        with quiet():
            self.writer.release()
        try:
            holds = about(self.partial).frames if self.written else 0
        except VideoError:
            holds = 0
        if holds < self.written:
            raise OSError(errno.EIO, "could not be written to its end; is the disk full?", str(self.path))


def _open(path: Path, fps: float, width: int, height: int) -> cv2.VideoWriter:
    with quiet():
        codec = cv2.VideoWriter.fourcc(*CODECS[path.suffix])
        return cv2.VideoWriter(os.path.abspath(path), codec, fps, (width, height))
