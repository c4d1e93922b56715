"""`mtcnn-lite detect`'s work on one photo, which threads of this process do, or other processes."""

import argparse
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mtcnn_lite.cascade.faces import Faces
from mtcnn_lite.cli.settings import detector_of
from mtcnn_lite.detector import Detector
from mtcnn_lite.draw import JPEG_LONGEST, draw_faces
from mtcnn_lite.images import MAX_PIXELS, ImageError, read_image
from mtcnn_lite.runtime.parallel import imap, map_in_processes


@dataclass(frozen=True)
class Seen:
    """A photo's size in pixels, its faces, and the file's ending and bytes of a drawing of them, if one is wanted."""

    height: int
    width: int
    faces: Faces
    ending: str
    drawing: bytes | None


@dataclass(frozen=True)
class Look:
    """Reads a photo, finds its faces, and draws them if wanted; what goes wrong is a sentence.

    Parameters
    ----------
    detector : Detector
        Finds the faces.
    max_pixels : float
        As for `read_image`.
    draw : bool
        Whether a drawing is wanted.
    """

    detector: Detector
    max_pixels: float
    draw: bool

    def __call__(self, photo: Path) -> Seen | str:
        try:
            image = read_image(photo, self.max_pixels)
            height, width = image.shape[:2]
            faces = self.detector.detect(image)
            kind, ending = ("PNG", ".png") if max(height, width) > JPEG_LONGEST else ("JPEG", ".jpg")
            return Seen(height, width, faces, ending, draw_faces(image, faces).encode(kind) if self.draw else None)
        except ImageError as error:
            return str(error)
        except ValueError as error:  # the settings make too large a pyramid of this photo
            return f"{photo}: {error}"
        except MemoryError:
            return f"{photo}: too little memory to look for faces in it"


def look_at_all(
    photos: Sequence[Path], detector: Detector, options: argparse.Namespace, draw: bool
) -> Generator[Seen | str, None, None]:
    """What `Look` sees in each photo, in order, a few photos ahead of who takes it.

    With `--workers 1`, by this process's threads: one photo has all of them, and of several, each has one.

    Parameters
    ----------
    photos : sequence of Path
        The photos.
    detector : Detector
        That of the options.
    options : Namespace
        Those of the command. Other processes make the detector anew: to send its weights takes longer.
    draw : bool
        Whether drawings are wanted.

    Raises
    ------
    WorkerError
        Where one of several processes was killed.
    """
    workers, max_pixels = min(options.workers, len(photos)), options.max_pixels or MAX_PIXELS
    if workers > 1:
        own = {name: value for name, value in vars(options).items() if name not in ("photos", "run", "error")}
        yield from map_in_processes(workers, _look, photos, _set_look, own, max_pixels, draw)
        return
    look = Look(detector, max_pixels, draw)
    yield from imap(look, photos) if len(photos) > 1 else map(look, photos)


_here: Look | None = None  # this process's own


def _set_look(options: dict[str, Any], max_pixels: float, draw: bool) -> None:
    global _here
    _here = Look(detector_of(argparse.Namespace(**options)), max_pixels, draw)


def _look(photo: Path) -> Seen | str:
    assert _here is not None
    return _here(photo)
