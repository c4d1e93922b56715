"""YOLO-pose folders: a .txt file of rows for each image, and data.yaml.

class x y width height  x1 y1 v1 ... x5 y5 v5        all shares of the image's width or height; v 2: seen, 0: not marked
"""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import numpy as np

from mtcnn_lite.boxes import Floats
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.datasets.writers.common import FLIPPED, Picture, none_ignored, picture
from mtcnn_lite.runtime.files import write_all_whole

DATA_YAML = f"""\
# Points: the eye on the picture's left, the eye on its right, nose, mouth corner on the picture's left, on its right.
train: images
val: images  # the same photos: put photos that are held out of training in its place
names:
  0: face
kpt_shape: [5, 3]
flip_idx: {FLIPPED}
"""


def write_yolo(folder: Path | str, photos: Iterable[LabelledPhoto]) -> None:
    """Write photos of `folder`/images as `read_yolo` reads them: labels/NAME.txt for each, and data.yaml.

    A photo without faces has an empty file; a point that is NaN is not marked: 0 0 0. No image is copied, and no file
    appears before all are written.

    Raises
    ------
    ValueError
        For a photo that is no file or lies elsewhere, and for what YOLO can't say: a face that is ignored or has no
        label, a box that leaves the image.

    Examples
    --------
    >>> import tempfile
    >>> from PIL import Image
    >>> folder = Path(tempfile.mkdtemp())
    >>> (folder / "images").mkdir()
    >>> Image.new("RGB", (80, 60)).save(folder / "images" / "a.png")
    >>> write_yolo(folder, [LabelledPhoto(folder / "images" / "a.png", [[10, 15, 30, 45]])])
    >>> (folder / "labels" / "a.txt").read_text()[:39]
    '0 0.250000 0.500000 0.250000 0.500000 0'
    """
    folder = Path(folder)
    rows: dict[Path, str] = {}
    for number, photo in enumerate(photos):
        shown = picture(photo, number, folder / "images")
        none_ignored(photo, number, "YOLO")
        labels = folder / "labels" / Path(shown.name).with_suffix(".txt")
        if labels in rows:
            raise ValueError(
                f"photos[{number}] is {shown.file}, and another has its name: YOLO would label both by {labels}"
            )
        rows[labels] = "".join(
            _row(f"photos[{number}], face {k + 1}", shown, box, points)
            for k, (box, points) in enumerate(zip(photo.boxes, photo.landmarks, strict=True))
        )
    for parent in {path.parent for path in rows} | {folder / "labels"}:
        parent.mkdir(parents=True, exist_ok=True)
    texts = {**rows, folder / "data.yaml": DATA_YAML}
    writers: dict[Path, Callable[[Path], object]] = {
        path: partial(Path.write_text, data=text, encoding="utf-8", newline="\n") for path, text in texts.items()
    }
    write_all_whole(writers)


def _row(face: str, shown: Picture, box: Floats, points: Floats) -> str:
    size = np.array([shown.width, shown.height])
    low, high = box[:2].astype(float) / size, box[2:].astype(float) / size
    if low.min() < 0 or high.max() > 1:
        raise ValueError(f"{face}: box {box.tolist()} leaves {shown.file}, {shown.width} x {shown.height} px")
    numbers = [f"{value:.6f}" for value in [*(low + high) / 2, *(high - low)]]
    for point in points.astype(float) / size:
        marked = np.isfinite(point).all() and point.min() >= 0 and point.max() <= 1
        numbers += [*(f"{value:.6f}" for value in point), "2"] if marked else ["0", "0", "0"]
    return " ".join(["0", *numbers]) + "\n"
