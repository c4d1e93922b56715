"""`mtcnn-lite detect`: faces in photos, drawn on them or as JSON lines."""

import argparse
import errno
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mtcnn_lite.cli.photos import find_photos, output_names
from mtcnn_lite.cli.settings import FAILED, add_command, add_max_pixels, add_settings, detector_of

if TYPE_CHECKING:
    from mtcnn_lite.cascade.record import Faces
    from mtcnn_lite.images import Pixels

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # no room for a file
DETECT = """\
Find the faces in photos, with five landmarks each.

Without --json, each photo's faces are drawn on a copy of it, NAME_faces.jpg, and one line a photo says how many
there are and where the copy is. With --json, one JSON object a photo and line goes to standard output. After several
photos, a line on standard error counts photos and faces.

  {"image": "a.jpg", "width": 640, "height": 480, "faces": [{"box": [x1, y1, x2, y2], "score": 0.9987,
   "landmarks": [[x, y], ...]}]}

Boxes are in pixels from the picture's top left corner. Landmarks: the eye on the picture's left, the eye on its
right, nose, mouth corner on the picture's left, on its right. Photos are turned upright first, as their EXIF says.

Read are JPEG, PNG, WebP, TIFF, BMP, GIF, PNM, AVIF, and HEIC where pillow-heif is installed (pip install pillow-heif).
In folders, hidden files and folders are passed over. A drawing too long for JPEG, over 65,500 pixels, is a PNG."""

DETECT_END = """\
examples:
  mtcnn-lite detect team.jpg
  mtcnn-lite detect holiday/ --out found --min-face 40
  mtcnn-lite detect *.jpg --json > faces.jsonl
  mtcnn-lite detect lfw/ --recursive --json > faces.jsonl

exit status: 0 every photo was read (with or without faces), 1 some photo could not be read or drawn (the others
are done all the same, unless the disk is full), 2 bad arguments or weights."""


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = add_command(commands, "detect", run, "find the faces in photos", DETECT, DETECT_END)
    parser.add_argument(
        "photos",
        nargs="+",
        type=Path,
        metavar="PHOTO",
        help="an image file, a folder, or a pattern such as '*.jpg' or '**/*.jpg' that the shell has left as it is. A "
        "folder means the images directly in it, or, where there are none, those in the folders below; without the "
        "NAME_faces.jpg of its NAMEs",
    )
    parser.add_argument(
        "-r", "--recursive", action="store_true", help="of a folder, also the images in all folders below it"
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="where NAME_faces.jpg is written, made if missing (default: the current directory; with --json, none is "
        "written unless DIR is given). Replaces an earlier result, never one of the photos",
    )
    parser.add_argument("--json", action="store_true", help="print JSON lines and nothing else")
    add_max_pixels(parser)
    add_settings(parser)


def run(options: argparse.Namespace) -> int:
    """Find the faces in `options.photos`, draw or print them, and return the exit status."""
    out: Path | None = options.out or (None if options.json else Path())
    from mtcnn_lite.cli.progress import tqdm
    from mtcnn_lite.draw import JPEG_LONGEST, draw_faces
    from mtcnn_lite.images import MAX_PIXELS, ImageError, read_image
    from mtcnn_lite.runtime.files import remove_unfinished
    from mtcnn_lite.runtime.parallel import imap

    detector = detector_of(options)
    if out:
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            options.error(f"--out {out}: {error.strerror}")
        remove_unfinished(out, ".*.part.*_faces*.*")

    failed, read, total = False, 0, 0

    def complain(message: str) -> None:
        nonlocal failed
        failed = True
        tqdm.write(f"error: {message}", sys.stderr)

    def note(message: str) -> None:
        tqdm.write(f"note: {message}", sys.stderr)

    photos = list(find_photos(options.photos, options.recursive, complain, note))
    free_name = output_names(photos)

    def look(photo: Path) -> "tuple[Pixels, Faces] | ImageError":
        try:
            image = read_image(photo, options.max_pixels or MAX_PIXELS)
            return image, detector.detect(image)
        except ImageError as error:
            return error
        except ValueError as error:  # the settings make too large a pyramid of this photo
            return ImageError(f"{photo}: {error}")
        except MemoryError:
            return ImageError(f"{photo}: too little memory to look for faces in it")

    shown = tqdm(photos, unit="photo", disable=len(photos) < 2 or not sys.stderr.isatty())
    # One photo has all threads to itself; of several, each has one.
    for photo, seen in zip(shown, imap(look, photos) if len(photos) > 1 else map(look, photos), strict=True):
        if isinstance(seen, ImageError):
            complain(str(seen))
            continue
        image, faces = seen
        read, total = read + 1, total + len(faces)
        line = f"{photo}: {count_faces(len(faces))}"
        if out:
            drawn = free_name(out, photo, ".png" if max(image.shape[:2]) > JPEG_LONGEST else ".jpg")
            try:
                draw_faces(image, faces).save(drawn)
            except (OSError, ValueError) as error:
                if isinstance(error, OSError) and error.errno in FULL:
                    raise  # nor will any other drawing be
                complain(f"{photo}: {drawn} could not be written ({error})")
            else:
                line += f", written to {drawn}"
        if options.json:
            height, width = image.shape[:2]
            line = json.dumps({"image": str(photo), "width": width, "height": height, "faces": faces.as_dicts()})
        tqdm.write(line, sys.stdout)  # `print` would break into the progress bar
        sys.stdout.flush()  # each photo's line when it is done, also into a pipe
    if len(photos) > 1:
        print(f"{read} of {len(photos)} photos read: {count_faces(total)}", file=sys.stderr)
    return FAILED if failed else 0


def count_faces(n: int) -> str:
    """For example "2 faces".

    >>> count_faces(0), count_faces(1)
    ('no face found', '1 face')
    """
    return "no face found" if n == 0 else f"{n} face{'s' * (n > 1)}"
