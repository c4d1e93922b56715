"""`mtcnn-lite detect`: faces in photos and videos, drawn on them or as JSON lines."""

import argparse
import json
import sys
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from mtcnn_lite.cli import video
from mtcnn_lite.cli.photos import find_photos, output_names
from mtcnn_lite.cli.settings import FAILED, FULL, add_command, add_max_pixels, add_settings, detector_of

DETECT = """\
Find the faces in photos and videos, with five landmarks each.

Without --json, each photo's faces are drawn on a copy of it, NAME_faces.jpg, and one line a photo says how many
there are and where the copy is. With --json, one JSON object a photo and line goes to standard output. After several
photos, a line on standard error counts photos and faces.

  {"image": "a.jpg", "width": 640, "height": 480, "faces": [{"box": [x1, y1, x2, y2], "score": 0.9987,
   "landmarks": [[x, y], ...]}]}

Boxes are in pixels from the picture's top left corner. Landmarks: the eye on the picture's left, the eye on its
right, nose, mouth corner on the picture's left, on its right. Photos are turned upright first, as their EXIF says.

Read are JPEG, PNG, WebP, TIFF, BMP, GIF, PNM, AVIF, and HEIC where pillow-heif is installed (pip install pillow-heif).
In folders, hidden files and folders are passed over. A drawing too long for JPEG, over 65,500 pixels, is a PNG.

"""
DETECT += video.DESCRIPTION

DETECT_END = """\
examples:
  mtcnn-lite detect team.jpg
  mtcnn-lite detect holiday/ --out found --min-face 40
  mtcnn-lite detect *.jpg --json > faces.jsonl
  mtcnn-lite detect lfw/ --recursive --json --workers 4 > faces.jsonl
  mtcnn-lite detect clip.mp4 --every 5
  mtcnn-lite detect clip.mp4 --track --json > faces.jsonl
  mtcnn-lite detect --camera 0 --out seen

exit status: 0 every photo and video was read (with or without faces), 1 some could not be read or drawn (the others
are done all the same, unless the disk is full or a worker was killed), 2 bad arguments or weights, 130 ended by Ctrl-C,
143 by SIGTERM."""


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = add_command(commands, "detect", run, "find the faces in photos and videos", DETECT, DETECT_END)
    parser.add_argument(
        "photos",
        nargs="*",
        type=Path,
        metavar="PHOTO",
        help="an image file, a clip, a folder, or a pattern such as '*.jpg' or '**/*.jpg' that the shell left as it "
        "is. A folder means the images directly in it, or, where there are none, those in the folders below; without "
        "the NAME_faces.jpg of its NAMEs",
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
    parser.add_argument(
        "--workers",
        type=int,
        default=1,
        metavar="N",
        help="processes that look at photos, with the same results in the same order; each takes some seconds to start "
        "(default: 1, this one, with a thread for each core)",
    )
    video.add_options(parser)
    add_max_pixels(parser)
    add_settings(parser)


def run(options: argparse.Namespace) -> int:
    """Find the faces in `options.photos`, draw or print them, and return the exit status."""
    if options.workers < 1:
        options.error(f"--workers is {options.workers}; it must be 1 or more")
    video.check_options(options)
    out: Path | None = options.out or (None if options.json else Path())
    from mtcnn_lite.cli.look import look_at_all
    from mtcnn_lite.cli.progress import tqdm
    from mtcnn_lite.runtime.files import remove_unfinished, write_whole
    from mtcnn_lite.runtime.parallel import WorkerError

    detector = detector_of(options)
    failed, read, total = False, 0, 0

    def complain(message: str) -> None:
        nonlocal failed
        failed = True
        tqdm.write(f"error: {message}", sys.stderr)

    def note(message: str) -> None:
        tqdm.write(f"note: {message}", sys.stderr)

    photos = list(find_photos(options.photos, options.recursive, complain, note))
    free_name = output_names(photos)
    photos, clips = video.split(photos, options)
    if out:
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            options.error(f"--out {out}: {error.strerror}")
        remove_unfinished(out, ".*.part.*_faces*.*")

    shown = tqdm(photos, unit="photo", disable=len(photos) < 2 or not sys.stderr.isatty())
    with closing(look_at_all(photos, detector, options, draw=out is not None)) as every:
        try:
            for photo, seen in zip(shown, every, strict=True):
                if isinstance(seen, str):
                    complain(seen)
                    continue
                read, total = read + 1, total + len(seen.faces)
                line = f"{photo}: {count_faces(len(seen.faces))}"
                if out and seen.drawing is not None:
                    drawn = free_name(out, photo, seen.ending)
                    try:
                        write_whole(drawn, partial(Path.write_bytes, data=seen.drawing))
                    except OSError as error:
                        if error.errno in FULL:
                            raise  # nor will any other drawing be
                        complain(f"{photo}: {drawn} could not be written ({error})")
                    else:
                        line += f", written to {drawn}"
                if options.json:
                    found = {"image": str(photo), "width": seen.width, "height": seen.height}
                    line = json.dumps({**found, **seen.faces.to_dict(rounded=True)})
                tqdm.write(line, sys.stdout)  # `print` would break into the progress bar
                sys.stdout.flush()  # each photo's line when it is done, also into a pipe
        except WorkerError as error:
            complain(f"{error} (--workers)")
        else:
            if len(photos) > 1:
                print(f"{read} of {len(photos)} photos read: {count_faces(total)}", file=sys.stderr)
    for clip in clips:
        video.run(clip, options, detector, out, free_name, complain)
    return FAILED if failed else 0


def count_faces(n: int) -> str:
    """For example "2 faces".

    >>> count_faces(0), count_faces(1)
    ('no face found', '1 face')
    """
    return "no face found" if n == 0 else f"{n} face{'s' * (n > 1)}"
