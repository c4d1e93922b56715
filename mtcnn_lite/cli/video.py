"""The clips and cameras of `mtcnn-lite detect`."""

import argparse
import errno
import json
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from mtcnn_lite.cli.settings import FULL, reason

if TYPE_CHECKING:
    from mtcnn_lite.detector import Detector
    from mtcnn_lite.images import Pixels
    from mtcnn_lite.video import VideoFaces

DESCRIPTION = """\
Clips are told by their endings: .mp4, .mov, .m4v, .avi, .mkv, .webm, .mpg, .mpeg; those in a folder are passed over.
Of a clip or a camera, the drawing is a video, NAME_faces.mp4, that plays as fast (without sound), and there is one
JSON object a frame looked at:

  {"video": "a.mp4", "frame": 50, "seconds": 2.0, "width": 640, "height": 480, "faces": [{"id": 3, "box": ...}]}

Frames that can't be decoded are passed over, and counted on standard error. Ctrl-C ends a clip or a camera early: what
was seen until then is a playable file."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options for clips and cameras."""
    add = parser.add_argument_group("clips and cameras").add_argument
    add("--camera", type=_from(0), metavar="N", help="look at the pictures of a camera, 0 for the first, until Ctrl-C")
    add(
        "--every",
        type=_from(1),
        metavar="N",
        help="look at every Nth frame (default: 1). The drawn video has all frames; boxes stay until the next look",
    )
    add(
        "--track",
        action="store_true",
        help='give each face an "id" that it keeps from frame to frame; null for one that no second frame has '
        "confirmed (needs pip install 'mtcnn_lite[video]')",
    )


def _from(least: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = -1
        if not least <= number < 2**31:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number, {least} or more")
        return number

    return parse


def check_options(options: argparse.Namespace) -> None:
    """End the program with a message where there is nothing to look at, or ids are asked for that nothing can give."""
    if not options.photos and options.camera is None:
        options.error("the following arguments are required: PHOTO, or --camera N")
    if options.track:
        from mtcnn_lite.video.tracking import Tracker

        try:
            Tracker(fps=25)
        except ModuleNotFoundError as error:
            options.error(f"--track: {error}")


def split(paths: list[Path], options: argparse.Namespace) -> tuple[list[Path], list[Path | int]]:
    """The photos of `paths`, and the clips, with the camera after them.

    Ends the program with a message where options for clips are given without one.
    """
    from mtcnn_lite.video import named_as_video

    photos = [path for path in paths if not named_as_video(path)]
    videos: list[Path | int] = [path for path in paths if named_as_video(path)]
    if options.camera is not None:
        videos.append(options.camera)
    if not videos and (options.track or options.every is not None):
        options.error(f"{'--track' if options.track else '--every'} is for clips and cameras, and there is none")
    return photos, videos


def run(
    source: Path | int,
    options: argparse.Namespace,
    detector: "Detector",
    out: Path | None,
    free_name: Callable[[Path, Path, str], Path],
    complain: Callable[[str], None],
) -> None:
    """Find the faces in a clip or a camera's pictures, and draw or print them.

    Parameters
    ----------
    source : Path or int
        A clip, or the number of a camera.
    options : Namespace
        The command's: `every`, `track`, `json`.
    detector : Detector
        Which looks.
    out : Path or None
        The folder for the drawn video; None for none.
    free_name : function
        Gives the drawn video's path: `cli.photos.output_names`.
    complain : function of str
        Called where the source can't be read, or the video not written.
    """
    from mtcnn_lite.cli.progress import tqdm
    from mtcnn_lite.video import VideoWarning

    view = _View(source, options, detector)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("ignore")  # what trackers says of itself
        warnings.simplefilter("always", VideoWarning)
        try:
            view.draw(out, free_name) if out else view.print_only()
        except BrokenPipeError:
            raise
        except OSError as error:
            if error.errno in FULL:
                raise  # nor will any other drawing be
            complain(f"{view.name}: the drawing could not be written ({reason(error)})")
        except (ValueError, MemoryError) as error:
            message = str(error) or "too little memory to look for faces in it"
            complain(message if message.startswith(view.name) else f"{view.name}: {message}")
        finally:  # also where Ctrl-C or a full disk ends it
            for warning in said:
                tqdm.write(f"warning: {warning.message}", sys.stderr)


class _View:
    """What is seen of one clip or camera, printed and counted as it comes."""

    def __init__(self, source: Path | int, options: argparse.Namespace, detector: "Detector") -> None:
        self.source, self.options, self.detector, self.every = source, options, detector, options.every or 1
        self.name = f"camera {source}" if isinstance(source, int) else str(source)
        self.frames = self.with_faces = self.ids = 0

    def print_only(self) -> None:
        from mtcnn_lite.video import detect_video

        with self._bar() as bar:
            for seen in detect_video(self.source, self.detector, self.every, self.options.track):
                self._count(seen)
                bar.update(seen.number + 1 - bar.n)

    def draw(self, out: Path, free_name: Callable[[Path, Path, str], Path]) -> None:
        """Write the drawn video; what was seen until Ctrl-C is kept, and said."""
        from mtcnn_lite.video import CAMERA_FPS, about, ending_to_write, write_video

        fps, named = CAMERA_FPS, Path(f"camera_{self.source}")
        if isinstance(self.source, Path):
            fps, named = about(self.source).fps, self.source
        ending = ending_to_write(out)
        if ending != ".mp4":
            _print("note: this OpenCV can't write MPEG-4; the videos are Motion JPEG, in .avi", sys.stderr)
        path = free_name(out, named, ending)
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        before = path.stat().st_mtime_ns if path.exists() else None
        try:
            write_video(path, self._pictures(), fps)
        except BrokenPipeError:
            raise
        except BaseException:
            if path.exists() and path.stat().st_mtime_ns != before:
                self._say(f"stopped after {self.frames} frames", path)
            raise
        self._say(f"{self.frames} frames", path)

    def _pictures(self) -> "Iterator[tuple[float, Pixels]]":
        """Each frame's time, and the frame with the faces last seen on it."""
        from mtcnn_lite.draw import draw_faces
        from mtcnn_lite.video import watch_video

        with self._bar() as bar:
            for frame, seen in watch_video(self.source, self.detector, self.every, self.options.track):
                if seen and seen.number == frame.number:
                    self._count(seen)
                yield frame.seconds, draw_faces(frame.image, seen.faces, labels(seen)).pixels if seen else frame.image
                bar.update(frame.number + 1 - bar.n)

    def _bar(self) -> Any:
        from mtcnn_lite.cli.progress import tqdm
        from mtcnn_lite.video import about

        total = None if isinstance(self.source, int) else about(self.source).frames or None
        return tqdm(total=total, unit="frame", disable=not sys.stderr.isatty())

    def _count(self, seen: "VideoFaces") -> None:
        """Count a frame that was looked at, and print it with --json."""
        self.frames += 1
        self.with_faces += len(seen.faces) > 0
        self.ids = max([self.ids, *(identity + 1 for identity in seen.ids or () if identity is not None)])
        if self.options.json:
            _print(json.dumps(as_dict(self.name, seen)), sys.stdout)

    def _say(self, frames: str, path: Path) -> None:
        ids = f", {self.ids} id{'s' * (self.ids != 1)}" if self.options.track else ""
        line = f"{self.name}: {frames} looked at, {self.with_faces} with faces{ids}, written to {path}"
        _print(line, sys.stderr if self.options.json else sys.stdout)


def _print(line: str, stream: TextIO) -> None:
    from mtcnn_lite.cli.progress import tqdm

    tqdm.write(line, stream)  # `print` would break into the progress bar
    stream.flush()  # each frame's line when it is done, also into a pipe


def as_dict(name: str, seen: "VideoFaces") -> dict[str, Any]:
    """A line of --json."""
    height, width = seen.image.shape[:2]
    faces = seen.faces.to_dict(rounded=True)["faces"]
    if seen.ids is not None:
        faces = [{"id": identity, **face} for identity, face in zip(seen.ids, faces, strict=True)]
    return {
        "video": name,
        "frame": seen.number,
        "seconds": round(seen.seconds, 6),
        "width": width,
        "height": height,
        "faces": faces,
    }


def labels(seen: "VideoFaces") -> list[str]:
    """What is written at each face: its id, where it has one, and its score."""
    ids = seen.ids or [None] * len(seen.faces)
    scores = seen.faces.scores.tolist()
    return [f"{score:.2f}" if i is None else f"#{i} {score:.2f}" for i, score in zip(ids, scores, strict=True)]
