"""`mtcnn-lite detect`: faces in photos, drawn on them or as JSON lines."""

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mtcnn_lite.cli.settings import FAILED, add_command, add_settings, detector_of

if TYPE_CHECKING:
    from mtcnn_lite.cascade.record import Faces
    from mtcnn_lite.images import Pixels

DETECT = """\
Find the faces in photos, with five landmarks each.

Without --json, each photo's faces are drawn on a copy of it, NAME_faces.jpg, and one line a photo says how many
there are and where the copy is. With --json, one JSON object a photo and line goes to standard output:

  {"image": "a.jpg", "width": 640, "height": 480, "faces": [{"box": [x1, y1, x2, y2], "score": 0.9987,
   "landmarks": [[x, y], ...]}]}

Boxes are in pixels from the picture's top left corner. Landmarks: the eye on the picture's left, the eye on its
right, nose, mouth corner on the picture's left, on its right. Photos are turned upright first, as their EXIF says."""

DETECT_END = """\
examples:
  mtcnn-lite detect team.jpg
  mtcnn-lite detect holiday/ --out found --min-face 40
  mtcnn-lite detect *.jpg --json > faces.jsonl

exit status: 0 every photo was read (with or without faces), 1 some photo could not be read or drawn (the others
are done all the same), 2 bad arguments or weights."""


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = add_command(commands, "detect", run, "find the faces in photos", DETECT, DETECT_END)
    parser.add_argument(
        "photos",
        nargs="+",
        type=Path,
        metavar="PHOTO",
        help="an image file, or a folder: the images directly in it, without the NAME_faces.jpg of its NAMEs",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="where NAME_faces.jpg is written, made if missing (default: the current directory; with --json, none is "
        "written unless DIR is given). Replaces an earlier result, never one of the photos",
    )
    parser.add_argument("--json", action="store_true", help="print JSON lines and nothing else")
    add_settings(parser)


def run(options: argparse.Namespace) -> int:
    """Find the faces in `options.photos`, draw or print them, and return the exit status."""
    out: Path | None = options.out or (None if options.json else Path())
    from tqdm import tqdm

    from mtcnn_lite.draw import draw_faces
    from mtcnn_lite.images import ImageError, read_image
    from mtcnn_lite.runtime.files import remove_unfinished
    from mtcnn_lite.runtime.parallel import imap

    detector = detector_of(options)
    if out:
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            options.error(f"--out {out}: {error.strerror}")
        remove_unfinished(out, ".*.part.*_faces*.jpg")

    failed = False

    def complain(message: str) -> None:
        nonlocal failed
        failed = True
        tqdm.write(f"error: {message}", sys.stderr)

    photos = list(find_photos(options.photos, complain))
    free_name = output_names(photos)

    def look(photo: Path) -> "tuple[Pixels, Faces] | ImageError":
        try:
            image = read_image(photo)
        except ImageError as error:
            return error
        return image, detector.detect(image)

    shown = tqdm(photos, unit="photo", disable=len(photos) < 2 or not sys.stderr.isatty())
    # One photo has all threads to itself; of several, each has one.
    for photo, seen in zip(shown, imap(look, photos) if len(photos) > 1 else map(look, photos), strict=True):
        if isinstance(seen, ImageError):
            complain(str(seen))
            continue
        image, faces = seen
        line = f"{photo}: {count_faces(len(faces))}"
        if out:
            drawn = free_name(out, photo)
            try:
                draw_faces(image, faces).save(drawn)
            except (OSError, ValueError) as error:
                complain(f"{photo}: {drawn} could not be written ({error})")
            else:
                line += f", written to {drawn}"
        if options.json:
            height, width = image.shape[:2]
            line = json.dumps({"image": str(photo), "width": width, "height": height, "faces": faces.as_dicts()})
        tqdm.write(line, sys.stdout)  # `print` would break into the progress bar
        sys.stdout.flush()  # each photo's line when it is done, also into a pipe
    return FAILED if failed else 0


def count_faces(n: int) -> str:
    """For example "2 faces".

    >>> count_faces(0), count_faces(1)
    ('no face found', '1 face')
    """
    return "no face found" if n == 0 else f"{n} face{'s' * (n > 1)}"


def find_photos(given: Iterable[Path], complain: Callable[[str], None]) -> Iterator[Path]:
    """The photos given, each folder replaced by the images in it, by name; `complain` is called for an empty folder.

    Of a folder's images, NAME_faces.jpg is left out where a NAME is there too: an earlier run has drawn it.
    """
    from mtcnn_lite.images import ImageError, photos_in

    for photo in given:
        if not photo.is_dir():
            yield photo  # also what does not exist: reading it gives the message
            continue
        try:
            files = photos_in(photo)
        except ImageError as error:
            complain(str(error))
            continue
        stems = {f.stem for f in files}
        drawn = {f for f in files if (m := re.fullmatch(r"(.+)_faces(_\d+)?\.jpg", f.name)) and m[1] in stems}
        if files:
            yield from (f for f in files if f not in drawn)
        else:
            complain(f"{photo}: no image in this folder")


def output_names(photos: Sequence[Path]) -> Callable[[Path, Path], Path]:
    """A function (folder, photo) -> folder/NAME_faces.jpg, or NAME_faces_2.jpg ... where that is taken.

    Taken is what one of `photos` or an earlier result of this run is called; capital letters make no difference, as
    on some file systems.
    """

    def key(path: Path) -> str:
        return str(path.resolve()).casefold()

    taken = {key(photo) for photo in photos}

    def free_name(folder: Path, photo: Path) -> Path:
        path, number = folder / f"{photo.stem}_faces.jpg", 1
        while key(path) in taken:
            number += 1
            path = folder / f"{photo.stem}_faces_{number}.jpg"
        taken.add(key(path))
        return path

    return free_name
