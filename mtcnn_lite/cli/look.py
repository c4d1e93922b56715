"""`mtcnn-lite detect`'s work on one photo, which threads of this process do, or other processes."""

import pickle
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mtcnn_lite.cascade.faces import Faces
from mtcnn_lite.detector import Detector
from mtcnn_lite.draw import JPEG_LONGEST, draw_faces
from mtcnn_lite.images import ImageError, read_image
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


def look_at_all(look: Look, photos: Sequence[Path], workers: int) -> Generator[Seen | str, None, None]:
    """`map(look, photos)`, a few photos ahead, in this process or in others.

    Parameters
    ----------
    look : Look
        What is done with each.
    photos : sequence of Path
        In the order of the results.
    workers : int
        How many processes; with 1, this one's threads: one photo has all of them, and of several, each has one.

    Raises
    ------
    WorkerError
        Where one of the processes was killed.
    """
    workers = min(workers, len(photos))
    if workers > 1:
        yield from map_in_processes(workers, _look, photos, _set_look, pickle.dumps(look))
    elif len(photos) > 1:
        yield from imap(look, photos)
    else:
        yield from map(look, photos)


_here: Look | None = None  # this process's own


def _set_look(pickled: bytes) -> None:
    global _here
    _here = pickle.loads(pickled)


def _look(photo: Path) -> Seen | str:
    assert _here is not None
    return _here(photo)
