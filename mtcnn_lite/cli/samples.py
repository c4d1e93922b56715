"""`mtcnn-lite samples`: labelled photos to training samples on disk."""

import argparse
import os
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

from mtcnn_lite.cli.settings import FAILED, add_command, add_data, read_data
from mtcnn_lite.net_names import NET_SIZES
from mtcnn_lite.sampling.config import SamplingConfig

SAMPLES = """\
Cut training samples from labelled photos: the windows that P-Net, R-Net or O-Net learns from, with their targets, in a
folder that `mtcnn_lite.sampling.store.Store` reads. R-Net and O-Net also get the windows that a cascade (--weights)
proposes.

Prints what the photos hold and how many samples of each kind were drawn. Run again after an interruption, it goes on
where it stopped, and the result is the same as without."""

SAMPLES_END = """\
examples:
  mtcnn-lite samples --data wider/wider_face_train_bbx_gt.txt --net pnet --out samples/pnet
  mtcnn-lite samples --data wider/ --data points.jsonl --net rnet --out samples/rnet --turn 10

exit status: 0 all samples are there, 1 a photo, a label or the folder could not be read or written, 2 bad arguments."""

HELP = {
    "random": "negatives anywhere in each photo",
    "beside": "negatives next to each face",
    "jittered": "windows shifted and scaled off each face; they turn out positive, part or nothing",
    "landmarks": "windows on each face that has points, to learn the points from",
    "hardest": "of a cascade's proposals that show no face, the best scored of each photo",
    "others": "and as many of the rest, at random",
}


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = add_command(commands, "samples", run, "cut training samples from labelled photos", SAMPLES, SAMPLES_END)
    add_data(parser)
    parser.add_argument("--net", choices=NET_SIZES, required=True, help="whose samples: 12, 24 or 48 px")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder, made if missing")
    parser.add_argument("--seed", type=int, default=0, help="of all that is random (default: 0)")
    parser.add_argument(
        "--workers",
        type=int,
        default=os.cpu_count() or 1,
        metavar="N",
        help="processes (default: one a core, %(default)s)",
    )
    defaults = {field.name: field.default for field in fields(SamplingConfig)}
    group = parser.add_argument_group("how many windows")
    for name, text in HELP.items():
        group.add_argument(
            f"--{name}", type=int, default=defaults[name], metavar="N", help=f"{text} (default: %(default)s)"
        )
    group.add_argument(
        "--turn",
        type=float,
        default=0.0,
        metavar="DEGREES",
        help="turn faces, standard deviation (default: not at all)",
    )
    group = parser.add_argument_group("the cascade so far, for rnet and onet")
    group.add_argument(
        "--weights",
        default="mtcnn_lite",
        help="as for detect: a folder, zhang2016, or mtcnn_lite (default: mtcnn_lite)",
    )
    group.add_argument(
        "--thresholds", type=float, nargs=2, default=(0.3, 0.1), metavar=("P", "R"),
        help="P-Net's and R-Net's; lower than a detector's: the next net must know what lies below (default: 0.3 0.1)",
    )  # fmt: skip
    group.add_argument("--min-face", type=float, default=20, metavar="PX", help="smallest face proposed (default: 20)")


def run(options: argparse.Namespace) -> int:
    """Read the photos, draw and write the samples, and return the exit status."""
    from mtcnn_lite.datasets import DatasetError
    from mtcnn_lite.images import ImageError
    from mtcnn_lite.runtime.parallel import WorkerError
    from mtcnn_lite.sampling.store import StoreError, write_store

    if options.workers < 1:
        options.error(f"--workers is {options.workers}; it must be 1 or more")
    try:
        config = SamplingConfig(**{name: getattr(options, name) for name in HELP}, turn=options.turn)
    except ValueError as error:
        options.error(str(error))
    try:
        photos = read_data(options)
    except DatasetError as error:  # photos that can't be decoded
        print(f"error: {error}", file=sys.stderr)
        return FAILED
    proposals = None
    if options.net != "pnet":
        from mtcnn_lite.detector import Detector  # with torch: P-Net's samples need none of it
        from mtcnn_lite.sampling.proposals import Proposals

        try:
            thresholds = (*options.thresholds, 1.0)
            nets = Detector(options.weights, options.min_face, thresholds=thresholds, engine="torch").nets
        except ValueError as error:  # a setting out of its range, or a WeightsError
            options.error(str(error))
        proposals = Proposals(nets, options.net, False, tuple(options.thresholds), options.min_face)
    try:
        store = write_store(options.out, photos, NET_SIZES[options.net], options.seed, config, proposals,
                            options.workers, progress=sys.stderr.isatty())  # fmt: skip
    except (ImageError, StoreError) as error:
        print(f"error: {error}", file=sys.stderr)
        return FAILED
    except WorkerError as error:
        print(f"error: {error} (--workers). The same command goes on where this one stopped", file=sys.stderr)
        return FAILED
    print(f"\nsamples of {store.size} px in {options.out}")
    for kind, count in store.counts.items():
        print(f"  {kind:<14}{count:>12,}")
    return 0
