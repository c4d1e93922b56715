"""`mtcnn-lite label`: a clip or photos to a folder of images and labels, which a person corrects and `train` reads."""

import argparse
import io
import math
import re
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mtcnn_lite.cli.detect import count_faces
from mtcnn_lite.cli.label_pictures import Picture, is_clip, of_clip, of_photos
from mtcnn_lite.cli.photos import find_photos
from mtcnn_lite.cli.settings import FAILED, add_command, add_max_pixels, add_settings, detector_of

if TYPE_CHECKING:
    from mtcnn_lite.cascade.faces import Faces
    from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
    from mtcnn_lite.detector import Detector
    from mtcnn_lite.images import Pixels

JPEG_QUALITY = 95
NOT_EMPTY = "--out {out}: not empty, and labels in it may have been corrected; give another folder, or remove it first"

LABEL = """\
Take frames of a clip, or the photos of a folder, and write them with the faces that the detector sees, as labels to be
corrected in a labelling tool. `train --data DIR` and `evaluate --data DIR` read the result.

  coco    DIR/annotations.json: boxes and five keypoints
  yolo    DIR/labels/NAME.txt and DIR/data.yaml: rows of YOLO-pose, box and five points
  voc     DIR/Annotations/NAME.xml: boxes alone, in whole pixels
  jsonl   DIR/annotations.jsonl: our own format, a line a photo (data/README.md)

The images are DIR/images/CLIP_frame000150.jpg, with the frame's number counted from 0, or 000003_NAME.jpg, with the
photo's place among those of the folder. Photos are turned upright, as their EXIF says. A photo without a face is
written too: it is background, or its faces were missed.

DIR appears when all is done, or not at all; nothing is left of a run that was interrupted. A DIR that has something in
it is refused, so that corrected labels can't be lost: to label anew, give another, or remove it first."""

LABEL_END = """\
examples:
  mtcnn-lite label lesson.mp4 --every 2s --out lesson
  mtcnn-lite label lesson.mp4 --every 50 --format yolo --out lesson --min-face 12 --thresholds 0.4 0.4 0.4
  mtcnn-lite label photos/ --format voc --out labelled
  mtcnn-lite train --data lesson --out tuned --from mtcnn_lite --teacher mtcnn_lite --steps 0.1

exit status: 0 everything was labelled, 1 the clip, a photo or a part of the clip could not be read (the rest is
labelled all the same) or --out could not be written (then nothing is), 2 bad arguments or weights, or a --out that is
not empty."""


class Every(NamedTuple):
    """Which frames are taken: one in `frames` frames, or, where it is not None, one in so many `seconds`."""

    frames: int
    seconds: float | None


def every(text: str) -> Every:
    """What --every says: 2s, 0.5s, or a number of frames.

    >>> every("2s"), every("50")
    (Every(frames=1, seconds=2.0), Every(frames=50, seconds=None))
    """
    if re.fullmatch(r"\d{1,9}", text, re.ASCII) and int(text):
        return Every(int(text), None)
    if re.fullmatch(r"(\d+\.?\d*|\.\d+)s", text, re.ASCII) and 0 < float(text[:-1]) < math.inf:
        return Every(1, float(text[:-1]))
    raise argparse.ArgumentTypeError(
        f"{text!r} is neither a time above 0 with an s, such as 2s or 0.5s, nor a number of frames, 1 or more"
    )


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = add_command(commands, "label", run, "label a clip or photos, to be corrected", LABEL, LABEL_END)
    add = parser.add_argument
    add("source", type=Path, metavar="VIDEO_OR_FOLDER",
        help="a clip, a folder of photos (or, where it has none, of folders of photos), or one photo")  # fmt: skip
    add("--every", type=every, default=Every(1, 2.0), metavar="TIME",
        help="of a clip, take one frame in so many seconds, 2s, or in so many frames, 50; of a folder, all photos are "
        "taken (default: 2s)")  # fmt: skip
    add("--format", choices=("coco", "yolo", "voc", "jsonl"), default="coco", help="of the labels (default: coco)")
    add("--out", type=Path, required=True, metavar="DIR", help="the folder to write, made if missing; it must be empty")
    add("--png", action="store_true", help=f"write PNG, which loses nothing, not JPEG of quality {JPEG_QUALITY}")
    add_max_pixels(parser)
    add_settings(parser)


def run(options: argparse.Namespace) -> int:
    """Take the frames or photos, write them with their labels, and return the exit status."""
    _check_empty(options)
    from mtcnn_lite.cli.progress import tqdm
    from mtcnn_lite.video import VideoError, VideoWarning

    detector = detector_of(options)
    failed = False

    def complain(message: object) -> None:
        nonlocal failed
        failed = True
        tqdm.write(f"error: {message}", sys.stderr)

    labelled: list[LabelledPhoto] = []
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", VideoWarning)
        try:
            pictures, unit, total = _pictures(options, complain)
            shown = tqdm(pictures, unit=unit, total=total, disable=not sys.stderr.isatty())
            labelled = _label(shown, detector, options, complain)
        except VideoError as error:
            complain(error)
        except FileExistsError:  # filled by another program in the meantime
            options.error(NOT_EMPTY.format(out=options.out))
    for warning in said:
        if issubclass(warning.category, VideoWarning):
            complain(warning.message)
    if labelled:
        count = f"{len(labelled)} {unit}{'s' * (len(labelled) != 1)}"
        found = count_faces(sum(len(photo.boxes) for photo in labelled))
        print(f"{options.source}: {count}, {found}, written to {options.out}")
    return FAILED if failed else 0


def _label(
    pictures: Iterable[Picture], detector: "Detector", options: argparse.Namespace, complain: Callable[[object], None]
) -> "list[LabelledPhoto]":
    """Fill --out with pictures and labels, and return these. Where no picture can be read, nothing is written."""
    from mtcnn_lite.datasets.writers.folder import whole_folder
    from mtcnn_lite.runtime.files import write_whole
    from mtcnn_lite.runtime.parallel import imap

    def look(picture: Picture) -> "tuple[Picture, Pixels, Faces] | str":
        try:
            image = picture.read()
            return picture, image, detector.detect(image)
        except MemoryError:
            return f"{picture.source}: too little memory to look for faces in it"
        except ValueError as error:  # an ImageError names the file; the settings may make too large a pyramid
            return str(error) if str(picture.source) in str(error) else f"{picture.source}: {error}"

    labelled = []
    with whole_folder(options.out) as (work, finish):
        (work / "images").mkdir()
        for seen in imap(look, pictures):
            if isinstance(seen, str):
                complain(seen)
                continue
            picture, image, faces = seen
            file = work / "images" / f"{picture.name}{_ending(image, options.png)}"
            write_whole(file, partial(_save, image))
            labelled.append(_labels(file, image, faces))
        if labelled:
            _write(options.format, work, labelled)
            finish()
    return labelled


def _check_empty(options: argparse.Namespace) -> None:
    out: Path = options.out
    try:
        if out.exists() and any(not path.name.startswith(".") for path in out.iterdir()):
            options.error(NOT_EMPTY.format(out=out))
    except OSError as error:
        options.error(f"--out {out}: {error.strerror}")


def _pictures(
    options: argparse.Namespace, complain: Callable[[str], None]
) -> tuple[Iterator[Picture], str, int | None]:
    """The frames or photos, what one is called, and how many there are as far as is known."""
    from mtcnn_lite.images import MAX_PIXELS

    if is_clip(options.source):
        pictures, total = of_clip(options.source, options.every.frames, options.every.seconds)
        return pictures, "frame", total
    photos = list(find_photos([options.source], False, complain, lambda note: print(f"note: {note}", file=sys.stderr)))
    return of_photos(photos, options.max_pixels or MAX_PIXELS), "photo", len(photos)


def _ending(image: "Pixels", png: bool) -> str:
    from mtcnn_lite.draw import JPEG_LONGEST

    return ".png" if png or max(image.shape[:2]) > JPEG_LONGEST else ".jpg"


def _save(image: "Pixels", file: Path) -> None:
    from PIL import Image

    encoded = io.BytesIO()  # Pillow itself would not say why a file can't be written
    kind = "PNG" if file.suffix == ".png" else "JPEG"
    Image.fromarray(image).save(encoded, kind, quality=JPEG_QUALITY)
    file.write_bytes(encoded.getvalue())


def _labels(file: Path, image: "Pixels", faces: "Faces") -> "LabelledPhoto":
    """The faces as labels. A point beyond the image's edge is not marked, as nobody could mark it by hand."""
    import numpy as np

    from mtcnn_lite.datasets.labelled_photo import LabelledPhoto

    last = np.array(image.shape[1::-1]) - 1
    inside = np.all((faces.landmarks >= 0) & (faces.landmarks <= last), axis=2, keepdims=True)  # (N, 5, 1)
    return LabelledPhoto(file, faces.boxes, np.where(inside, faces.landmarks, np.nan))


def _write(format_name: str, folder: Path, photos: "list[LabelledPhoto]") -> None:
    from mtcnn_lite.datasets import write_coco, write_jsonl, write_voc, write_yolo

    if format_name == "coco":
        write_coco(folder / "annotations.json", photos)
    elif format_name == "jsonl":
        write_jsonl(folder / "annotations.jsonl", photos)
    elif format_name == "yolo":
        write_yolo(folder, photos)
    else:
        write_voc(folder, photos)
