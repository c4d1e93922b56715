"""The command line: `python -m mtcnn_lite detect photo.jpg`.

Each subcommand is a function that adds its parser and names what runs it. Torch takes over a second to load, so
this file imports it, and whatever needs it, only once the arguments are known to make sense.
"""

import argparse
import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mtcnn_lite

if TYPE_CHECKING:
    from mtcnn_lite.trace import Faces

FAILED, BAD_ARGUMENTS = 1, 2  # exit statuses; argparse itself ends with 2
INTERRUPTED, BROKEN_PIPE = 130, 141  # what a shell reports of a program that SIGINT or SIGPIPE ended

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
  python -m mtcnn_lite detect team.jpg
  python -m mtcnn_lite detect holiday/ --out found --min-face 40
  python -m mtcnn_lite detect *.jpg --json > faces.jsonl

exit status: 0 every photo was read (with or without faces), 1 some photo could not be read or drawn (the others
are done all the same), 2 bad arguments or weights."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line `arguments` (default: the process's own) and return the exit status.

    Raises SystemExit where argparse does: for --help, --version and bad arguments.
    """
    parser = argparse.ArgumentParser(
        prog="python -m mtcnn_lite",
        description="MTCNN face detection. Each command explains itself: python -m mtcnn_lite COMMAND --help",
    )
    parser.add_argument("--version", action="version", version=f"mtcnn_lite {mtcnn_lite.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    add_detect(commands)
    options = parser.parse_args(arguments)
    try:
        status: int = options.run(options)
        sys.stdout.flush()  # a closed pipe must show here, not when Python shuts down
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # the reader (`| head`) has had enough; what is still buffered goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    return status


def add_detect(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser(
        "detect",
        help="find the faces in photos",
        description=DETECT,
        epilog=DETECT_END,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add(
        "photos",
        nargs="+",
        type=Path,
        metavar="PHOTO",
        help="an image file, or a folder: the images directly in it, without the NAME_faces.jpg of its NAMEs",
    )
    add(
        "--out",
        type=Path,
        metavar="DIR",
        help="where NAME_faces.jpg is written, made if missing (default: the current directory; with --json, none is "
        "written unless DIR is given). Replaces an earlier result, never one of the photos",
    )
    add("--json", action="store_true", help="print JSON lines and nothing else")
    add_settings(parser)
    parser.set_defaults(run=detect, error=parser.error)


def add_settings(parser: argparse.ArgumentParser) -> None:
    """The options of a `Detector`, with its own defaults."""
    add = parser.add_argument_group("detector").add_argument
    add(
        "--min-face",
        type=float,
        default=20,
        metavar="PX",
        help="side of the smallest face to look for, at least 12; half as much takes four times as long (default: 20)",
    )
    add(
        "--factor",
        type=float,
        default=0.709,
        help="ratio of one level of the image pyramid to the one before, between 0 and 1 (default: 0.709)",
    )
    add(
        "--thresholds",
        type=float,
        nargs=3,
        default=(0.6, 0.7, 0.7),
        metavar=("P", "R", "O"),
        help="lowest probability of a face that passes P-Net, R-Net and O-Net, each 0 to 1; lower ones find more "
        "faces, and more that are none (default: 0.6 0.7 0.7)",
    )
    add(
        "--weights",
        default="zhang2016",
        help="a folder with pnet, rnet and onet.safetensors, or zhang2016: the authors' own, from the installed "
        "package mtcnn (default: zhang2016)",
    )


def detect(options: argparse.Namespace) -> int:
    """Find the faces in `options.photos`, draw or print them, and return the exit status."""
    out: Path | None = options.out or (None if options.json else Path())
    from tqdm import tqdm

    from mtcnn_lite.cascade import Detector
    from mtcnn_lite.draw import draw_faces
    from mtcnn_lite.images import ImageError, read_image

    try:
        detector = Detector(options.weights, options.min_face, options.factor, tuple(options.thresholds))
    except ValueError as error:  # a setting out of its range, or a WeightsError
        options.error(str(error))
    if out:
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            options.error(f"--out {out}: {error.strerror}")

    failed = False

    def complain(message: str) -> None:
        nonlocal failed
        failed = True
        tqdm.write(f"error: {message}", sys.stderr)

    photos = list(find_photos(options.photos, complain))
    free_name = output_names(photos)
    for photo in tqdm(photos, unit="photo", disable=len(photos) < 2 or not sys.stderr.isatty()):
        try:
            image = read_image(photo)
        except ImageError as error:
            complain(str(error))
            continue
        faces = detector.detect(image)
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
            line = json.dumps({"image": str(photo), "width": width, "height": height, "faces": as_json(faces)})
        tqdm.write(line, sys.stdout)  # `print` would break into the progress bar
        sys.stdout.flush()  # each photo's line when it is done, also into a pipe
    return FAILED if failed else 0


def count_faces(n: int) -> str:
    return "no face found" if n == 0 else f"{n} face{'s' * (n > 1)}"


def as_json(faces: "Faces") -> list[dict[str, Any]]:
    """The faces as JSON can say them: pixels to 1/100, scores to 1/10000."""

    def rounded(values: Iterable[float]) -> list[float]:
        return [round(v, 2) for v in values]

    rows = zip(faces.boxes.tolist(), faces.scores.tolist(), faces.landmarks.tolist(), strict=True)
    return [
        {"box": rounded(box), "score": round(score, 4), "landmarks": [rounded(point) for point in points]}
        for box, score, points in rows
    ]


def find_photos(given: Iterable[Path], complain: Callable[[str], None]) -> Iterator[Path]:
    """The photos given, each folder replaced by the images in it, by name. `complain` hears of folders without any.

    Of a folder's images, NAME_faces.jpg is left out where a NAME is there too: it is what an earlier run drew.
    """
    from PIL import Image

    readable = {ending for ending, kind in Image.registered_extensions().items() if kind in Image.OPEN}
    for photo in given:
        if not photo.is_dir():
            yield photo  # also what does not exist: reading it gives the message
            continue
        try:
            files = sorted(f for f in photo.iterdir() if f.suffix.lower() in readable and f.is_file())
        except OSError as error:
            complain(f"{photo}: {error.strerror}")
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


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # file names may hold any bytes
    sys.exit(main())
