"""The course's last page: which of your functions run in the detector, and what it finds on a photo of yours."""

import base64
import importlib
from dataclasses import dataclass
from html import escape
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mtcnn_lite.cascade.faces import Faces
from mtcnn_lite.course import mine
from mtcnn_lite.draw import Picture, draw_faces
from mtcnn_lite.images import as_rgb, read_image, shrink_to

OWN = ("my_photo.jpg", "my_photo.jpeg", "my_photo.png")  # looked for beside the notebooks
NOT_OWN = "scikit-image's astronaut"
LONGEST = 1000  # px of the photo's longer side: functions written as loops take their time
HEIGHT = 320  # px at which it is shown


@dataclass(frozen=True)
class Summary:
    """strip: the detector's parts. faces: what it found on the photo. whose: the photo's name. picture: both, drawn."""

    strip: mine.Strip
    faces: Faces
    whose: str
    picture: Picture

    def found(self) -> str:
        """One sentence about the photo."""
        scores = ", ".join(f"{score:.2f}" for score in self.faces.scores.tolist())
        more = "s" * (len(self.faces) != 1)
        says = f"On {self.whose} it finds {len(self.faces)} face{more}" + (
            f", score{more} {scores}." if scores else "."
        )
        return says + (f" Put a photo of yours beside the notebooks, as {OWN[0]}." if self.whose == NOT_OWN else "")

    def __repr__(self) -> str:
        return f"{self.strip}\n{self.found()}"

    def _repr_html_(self) -> str:
        """The strip, and below it the photo with its faces."""
        shown = base64.b64encode(self.picture.encode("JPEG")).decode()
        return (
            f'{self.strip._repr_html_()}<div style="color:var(--jp-ui-font-color1,inherit);line-height:1.6">'
            f'<div>{escape(self.found())}</div><img alt="{escape(self.picture.alt)}" style="max-height:{HEIGHT}px" '
            f'src="data:image/jpeg;base64,{shown}"></div>'
        )


def summary(photo: NDArray[np.uint8] | str | PathLike[str] | None = None) -> Summary:
    """What your detector finds on a photo, and which of its parts are yours.

    photo: RGB, uint8 (H, W, 3), or a file's name. None for `my_photo.jpg` or `.png` beside the notebooks, and without
    one for scikit-image's astronaut. ImageError for a file that can't be read.
    """
    if photo is None:
        here = Path.cwd()
        folders = (here, here.parent) if here.name == "deeper" else (here,)
        photo = next((path for folder in folders for name in OWN if (path := folder / name).is_file()), None)
    image, whose = _read(photo)
    image = shrink_to(image, LONGEST)
    faces = mine.detector().detect(image)
    return Summary(mine.strip(), faces, whose, draw_faces(image, faces))


def _read(photo: NDArray[np.uint8] | str | PathLike[str] | None) -> tuple[NDArray[np.uint8], str]:
    """The photo's pixels, and what to call it."""
    if photo is None:
        astronaut = importlib.import_module("skimage.data").astronaut
        return astronaut(), NOT_OWN
    if isinstance(photo, str | PathLike):
        return read_image(photo), Path(photo).name
    return as_rgb(photo), "your photo"
