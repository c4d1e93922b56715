"""Faces in millions of photos, on one machine or many: a detector in each actor of Ray Data, rows in Parquet files.

python examples/ray_faces.py photos/ --out faces/ --workers 8        # docs/at_scale.md explains it
"""

import argparse
import hashlib
import json
import logging
import os
import signal
import sys
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from tqdm import tqdm

from mtcnn_lite.cascade.faces import Faces
from mtcnn_lite.cli.photos import find_photos
from mtcnn_lite.cli.settings import FAILED, add_max_pixels, add_settings, detector_of, reason
from mtcnn_lite.detector import Detector
from mtcnn_lite.images import MAX_PIXELS, ImageError, read_image
from mtcnn_lite.runtime.files import remove_unfinished, write_whole
from mtcnn_lite.runtime.onnx_engine import OnnxEngine
from mtcnn_lite.weights.files import weights_digest

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # or Ray sends statistics about its use to its makers
os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # of what Ray logs, only what ends it
try:
    import pyarrow as pa
    import pyarrow.parquet as pq
    import ray
    import ray.data
except ModuleNotFoundError as missing:
    print(f"error: {missing.name} is not installed: pip install 'mtcnn_lite[ray]'", file=sys.stderr)
    sys.exit(2)

PHOTOS_A_TASK = 64  # at most: an actor is given so many at a time, and their rows come back together
OBJECT_STORE = 200 << 20  # bytes, on one machine: names and rows pass through it, photos do not
POINTS = ("left_eye", "right_eye", "nose", "left_mouth", "right_mouth")  # left and right in the picture
NUMBERS = ("x1", "y1", "x2", "y2", "score", *(f"{point}_{axis}" for point in POINTS for axis in "xy"))
SCHEMA = pa.schema(
    [
        ("photo", pa.string()),  # its absolute path
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("face", pa.int32()),  # its number in the photo, from 0, the best; null where there is none
        *((name, pa.float32()) for name in NUMBERS),
        ("error", pa.string()),  # why the photo could not be read
    ]
)
DESCRIPTION = """\
Find the faces in all photos of a folder and of the folders below it, with Ray Data, on one machine or many.

Each worker is a process with a detector of its own, on one core. OUT gets Parquet files: a row a face, and one row
for a photo without faces or with an error. A run that was stopped goes on: photos that have rows in OUT are passed
over, the others are looked at. Several folders may share one OUT; the detector's settings must stay the same."""
END = """\
examples:
  python examples/ray_faces.py photos/ --out faces/
  python examples/ray_faces.py photos/ --out faces/ --workers 64 --address auto    # on the cluster's head node
  python examples/ray_faces.py photos/ --out faces/ --retry                        # once more, those with an error

exit status: 0 every photo was read, 1 some photo could not be read or looked at (the others are done all the same),
or OUT can't be used, 2 bad arguments or weights, or no Ray."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Find the faces in a folder of photos, write their rows, and return the exit status."""
    options = _parser().parse_args(arguments)
    detector = detector_of(options)
    failed = False

    def complain(message: str) -> None:
        nonlocal failed
        failed = True
        tqdm.write(f"error: {message}", sys.stderr)

    if detector.engine.device != "cpu":
        options.error(f"--device {options.device}: the workers have no GPU; docs/at_scale.md says how to give them one")
    if not options.folder.is_dir():
        complain(f"{options.folder}: no such folder")
        return FAILED
    try:
        options.out.mkdir(parents=True, exist_ok=True)
        parts = Parts(options.out, settings_of(detector), options.photos_per_file)
        done = parts.photos_done(retry=options.retry)
    except OSError as error:
        options.error(f"--out {reason(error)}")
    except ValueError as error:
        complain(str(error))
        return FAILED
    listed = (Path(os.path.abspath(photo)) for photo in find_photos([options.folder], True, complain, complain))
    waiting = [os.fsencode(photo) for photo in listed if photo_name(photo) not in done]
    print(f"{len(waiting):,} photos to look at; {options.out} has rows of {len(done):,}", file=sys.stderr)
    if not waiting:
        return FAILED if failed else 0

    looked_at = 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    progress = tqdm(total=len(waiting), unit="photo", disable=not sys.stderr.isatty())
    try:
        with parts, progress:
            for table in tables(waiting, detector, options.max_pixels or MAX_PIXELS, options.workers, options.address):
                photos = parts.add(table)
                looked_at += photos
                progress.update(photos)
                for message in table["error"].drop_null().to_pylist():
                    complain(message)
    except KeyboardInterrupt:
        return 130
    except (OSError, RayError) as error:
        complain(reason(error) if isinstance(error, OSError) else str(error))
        return FAILED
    except ray.exceptions.RayError as error:  # its last line is what a worker raised
        why = str(error).strip().splitlines()[-1]
        complain(f"the workers can't begin, or the cluster is gone ({why}); each machine needs mtcnn_lite[ray]")
        return FAILED
    finally:
        ray.shutdown()
    if looked_at < len(waiting):
        given_up = f"{len(waiting) - looked_at:,} photos were given up: the processes that looked at them died"
        complain(f"{given_up}, perhaps as memory ran out (fewer --workers need less); the same command tries again")
    print(f"{looked_at:,} photos looked at: {parts.faces:,} faces, {parts.errors:,} errors", file=sys.stderr)
    return FAILED if failed else 0


def tables(
    photos: Sequence[bytes], detector: Detector, max_pixels: float, workers: int | None, address: str
) -> Iterator[pa.Table]:
    """The rows of each few photos, in the order in which workers finish them.

    Parameters
    ----------
    photos
        Their paths, as `os.fsencode` gives them; on several machines, the same on each.
    detector
        A copy goes to each worker: weights need not lie on their machines.
    max_pixels
        See `read_image`.
    workers
        How many; None for one a core.
    address
        "local" starts Ray on this machine; "auto" or HOST:PORT joins a cluster that runs.
    """
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # what it logs, it also raises
    workers = start_ray(address, workers)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.max_errored_blocks = -1  # photos whose process dies again and again are given up; the others go on
    size = min(PHOTOS_A_TASK, -(-len(photos) // (4 * workers)))  # of few photos, each worker still has its share
    parts = (photos[start : start + size] for start in range(0, len(photos), size))
    tasks = ray.data.from_arrow([pa.table({"path": pa.array(part, pa.binary())}) for part in parts])
    found = tasks.map_batches(
        FaceFinder,
        fn_constructor_args=(detector, max_pixels),
        compute=ray.data.ActorPoolStrategy(size=workers),
        batch_size=None,
        batch_format="pyarrow",
        num_cpus=1,
        max_task_retries=2,  # or a photo that ends its process would do so without end
    )
    yield from found.iter_batches(batch_size=None, batch_format="pyarrow")


class RayError(Exception):
    """Ray could not be started or joined; the message says why."""


def start_ray(address: str, workers: int | None) -> int:
    """Start Ray or join a cluster, as `tables` has it, and return the number of workers. Raises RayError."""
    quiet = {"log_to_driver": False, "logging_level": "ERROR"}
    try:
        if address == "local":
            workers = workers or os.cpu_count() or 1
            ray.init(address, num_cpus=workers, include_dashboard=False, object_store_memory=OBJECT_STORE, **quiet)
            return workers
        ray.init(address, **quiet)
    except Exception as error:  # Ray raises all kinds
        raise RayError(f"Ray could not be started, or joined at --address {address}: {error}") from None
    cores = int(ray.cluster_resources().get("CPU", 0))
    if (workers or 1) > cores:
        raise RayError(f"--workers {workers}: the cluster at {address} has {cores} cores")
    return workers or cores


class FaceFinder:
    """What each actor holds: a detector on one thread."""

    def __init__(self, detector: Detector, max_pixels: float) -> None:
        torch.set_num_threads(1)  # the actors share the cores already
        cv2.setNumThreads(1)
        self.detector, self.max_pixels = detector, max_pixels

    def __call__(self, batch: pa.Table) -> pa.Table:
        """The rows of the photos whose paths are in the batch."""
        paths = [Path(os.fsdecode(path)) for path in batch["path"].to_pylist()]
        return pa.Table.from_pylist(rows_of(paths, self.detector, self.max_pixels), SCHEMA)


def rows_of(paths: Sequence[Path], detector: Detector, max_pixels: float) -> list[dict[str, Any]]:
    """The photos' rows, as SCHEMA has them. No photo raises an error."""
    sizes, errors = dict[Path, tuple[int, int]](), dict[Path, str]()

    def readable() -> Iterator[np.ndarray[Any, Any]]:
        for path in paths:
            try:
                image = read_image(path, max_pixels)
            except ImageError as error:
                errors[path] = str(error)
            else:
                sizes[path] = image.shape[0], image.shape[1]
                yield image

    try:
        found = list(detector.detect_many(readable()))  # several small photos at once; large ones are not kept
    except Exception as error:  # too large a pyramid, too little memory: one by one says of which photo
        if len(paths) > 1:
            return [row for path in paths for row in rows_of([path], detector, max_pixels)]
        return [{"photo": photo_name(paths[0]), "error": printable(f"{paths[0]}: {error}")}]
    seen = zip(sizes.items(), found, strict=True)
    rows = [row for (path, size), faces in seen for row in face_rows(path, size, faces)]
    return rows + [{"photo": photo_name(path), "error": printable(message)} for path, message in errors.items()]


def face_rows(path: Path, size: tuple[int, int], faces: Faces) -> Iterator[dict[str, Any]]:
    """A row for each face of a photo of this height and width, or one without a face."""
    photo = {"photo": photo_name(path), "height": size[0], "width": size[1]}
    if not faces:
        yield photo
    for number, face in enumerate(faces):
        numbers = [*face.box, face.score, *(value for point in face.landmarks for value in point)]
        yield photo | {"face": number} | dict(zip(NUMBERS, numbers, strict=True))


class Parts:
    """The Parquet files in a folder, each of which is whole and says with which settings it was made.

    In a `with` statement, what has been added is written at its end, also where that is an error.
    """

    def __init__(self, out: Path, settings: dict[str, Any], photos_per_file: int) -> None:
        self.out, self.settings, self.photos_per_file = out, settings, photos_per_file
        self.schema = SCHEMA.with_metadata({"mtcnn_lite": json.dumps(settings)})
        self.run = uuid.uuid4().hex[:8]  # in names, so that no run replaces another's files
        self.written = self.faces = self.errors = 0
        self.added: list[pa.Table] = []
        self.photos = 0  # in `added`

    def photos_done(self, retry: bool) -> set[str]:
        """The names of the photos that have rows already. With `retry`, rows with an error are deleted first.

        Raises ValueError for a file that is damaged, or was made by another program or with other settings.
        """
        remove_unfinished(self.out, ".*.part.*")
        done = set[str]()
        for path in sorted(self.out.glob("[!.]*.parquet")):
            try:
                table = pq.read_table(path, partitioning=None)
            except (pa.ArrowException, OSError) as error:
                raise ValueError(f"{path}: damaged, or no Parquet file ({error}); where it is deleted, its photos are "
                                 "looked at again") from None  # fmt: skip
            self._check(path, table.schema)
            if retry and table["error"].null_count < len(table):
                table = table.filter(table["error"].is_null())
                write_whole(path, partial(pq.write_table, table, compression="zstd"))
            done.update(table["photo"].to_pylist())
        return done

    def _check(self, path: Path, schema: pa.Schema) -> None:
        made = json.loads((schema.metadata or {}).get(b"mtcnn_lite", "{}"))
        if not made or not schema.equals(SCHEMA):
            raise ValueError(f"{path} holds other rows than this program writes; choose a new folder for --out")
        for name, now in self.settings.items():
            if made[name] != now:
                raise ValueError(f"{path} was made with {name} {made[name]}, and now it is {now}; "
                                 "go on with the same, or choose a new folder for --out")  # fmt: skip

    def add(self, table: pa.Table) -> int:
        """Add the rows of some photos, write a file where there are enough, and return the number of these photos."""
        faces = len(table) - table["face"].null_count
        photos = len(table) - faces + table["face"].to_pylist().count(0)
        self.faces += faces
        self.errors += len(table) - table["error"].null_count
        self.photos += photos
        self.added.append(table)
        if self.photos >= self.photos_per_file:
            self.write()
        return photos

    def write(self) -> None:
        """Write a file of what has been added since the last."""
        if not self.added:
            return
        table = pa.concat_tables(self.added).sort_by([("photo", "ascending"), ("face", "ascending")])
        path = self.out / f"faces-{self.run}-{self.written:05d}.parquet"
        write_whole(path, partial(pq.write_table, table.cast(self.schema), compression="zstd"))
        tqdm.write(f"{path}: {self.photos:,} photos", sys.stdout)
        self.written, self.added, self.photos = self.written + 1, [], 0

    def __enter__(self) -> "Parts":
        return self

    def __exit__(self, *_: object) -> None:
        self.write()


def settings_of(detector: Detector) -> dict[str, Any]:
    """What the rows depend on, as JSON has it."""
    engine = detector.engine
    if isinstance(engine, OnnxEngine):
        weights = hashlib.sha256(b"".join(engine.models[net] for net in sorted(engine.models))).hexdigest()
    else:
        weights = weights_digest(detector.nets)
    settings = {"weights": weights} | asdict(detector.settings)
    return dict(json.loads(json.dumps(settings)))


def photo_name(path: Path) -> str:
    """A path as text; bytes that are none, as in names of another encoding, become \\xNN."""
    return printable(str(path))


def printable(text: str) -> str:
    return os.fsencode(text).decode(errors="backslashreplace")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=DESCRIPTION, epilog=END, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.set_defaults(error=parser.error)
    add = parser.add_argument
    add("folder", type=Path, metavar="FOLDER", help="the photos; on several machines, at the same path on each")
    add("--out", type=Path, required=True, metavar="OUT", help="folder for the rows, made if missing")
    add("--workers", type=_at_least_one, metavar="N", help="detectors at a time, one core each (default: all cores)")
    add(
        "--address",
        default="local",
        help="local: start Ray on this machine; auto, or HOST:PORT: join a cluster that runs (default: local)",
    )
    add(
        "--photos-per-file",
        type=_at_least_one,
        default=5000,
        metavar="N",
        help="a file is written for every N photos, and when the run ends or is interrupted (default: 5000)",
    )
    add("--retry", action="store_true", help="also look again at photos that had an error")
    add_max_pixels(parser)
    add_settings(parser)
    return parser


def _at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number, 1 or more")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
