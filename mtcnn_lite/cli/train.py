"""`mtcnn-lite train`: labelled photos to the weights of a cascade, or of a one-pass detector."""

import argparse
import os
import sys
import textwrap
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mtcnn_lite.cli.settings import FAILED, add_command, add_data, read_data
from mtcnn_lite.cli.train_onepass import train_onepass_net
from mtcnn_lite.training.plan import FINETUNING_RATE, FINETUNING_STAGES, STAGES, paper, scaled

if TYPE_CHECKING:
    from mtcnn_lite.datasets.labelled_photo import LabelledPhoto

TRAIN = f"""\
Train P-Net on windows of labelled photos, R-Net on what that P-Net proposes, O-Net on what both let through, in stages:
{textwrap.fill(", ".join(stage.name for stage in STAGES), 100)}
(mtcnn_lite/training/plan.py has every number). In the end OUT/weights is a folder for `detect --weights`. Each stage's
folder has labels.jpg (look at it first: are boxes and points on the faces?), log.csv, curves.png and measured.json:
figures on one photo in twenty, held out of training. OUT/record is what is worth keeping of a run: its plan, logs,
figures, minutes, machines, and a digest of the weights.

A run that was interrupted, by kill -9 too, goes on with --resume and ends with the same weights, on the same machine
with as many threads and processes. Expect hours on two CPU cores; OUT/samples takes several GB for 10,000 photos.

--model onepass trains the one net of a one-pass detector on parts of the photos, in one stage, onepass, in OUT/onepass;
mtcnn_lite/training/onepass/plan.py has its numbers. No samples are kept."""

TRAIN_END = """\
examples:
  mtcnn-lite train --data wider/ --data celeba/ --out run
  mtcnn-lite train --data wider/ --data celeba/ --out run --resume
  mtcnn-lite train --data my_photos/ --out tuned --from run/weights --steps 0.1
  mtcnn-lite train --data wider/ --data celeba/ --out one --model onepass --teacher mtcnn_lite
  torchrun --nproc-per-node 4 -m mtcnn_lite train --data wider/ --out run      # four processes share each batch

exit status: 0 trained, 1 a photo, a label or the folder could not be read or written, or the labels can't be learned
from, 2 bad arguments."""


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = add_command(commands, "train", run, "train a detector on labelled photos", TRAIN, TRAIN_END)
    add_data(parser)
    add = parser.add_argument
    add("--out", type=Path, required=True, metavar="DIR", help="the run's folder, made if missing")
    add("--resume", action="store_true", help="go on with the run in --out, if there is one")
    add("--model", choices=("cascade", "onepass"), default="cascade", help="what is trained (default: cascade)")
    add("--focal", action="store_true", help="of a one-pass net: focal loss in place of hard negatives")
    names = ", ".join(stage.name for stage in STAGES)
    add("--paper", action="store_true",
        help="the paper's choices alone: a stage a net (pnet, rnet, onet), labels, crops as they are")  # fmt: skip
    add("--stage", metavar="NAME", help=f"only this stage, after those before it: {names}")
    add("--stages", nargs="+", metavar="NAME",
        help="a run of these stages alone, in the order above (default: all; with --from those in which a net meets "
        f"its own mistakes: {', '.join(FINETUNING_STAGES)})")  # fmt: skip
    add("--from", dest="start", metavar="WEIGHTS",
        help="begin with these: mtcnn_lite, zhang2016, or a folder (default: untrained)")  # fmt: skip
    add("--teacher", metavar="WEIGHTS",
        help="trained nets, a folder or zhang2016, whose answers to the samples count beside the labels: most of what "
        "says face or not and where its box is, and points for the faces that have none")  # fmt: skip
    add("--keep", type=share, action="append", default=[], metavar="NAME=SHARE",
        help="use only this share, drawn by --seed, of the photos of the data set NAME (`dataset` in our JSONL), where "
        "a set is one-sided: FaceMaskDetection=0.25. Several with one --keep each")  # fmt: skip
    add(
        "--steps",
        type=float,
        default=1.0,
        metavar="SHARE",
        help="of each stage's steps: 0.01 to try it out (default: 1)",
    )
    add("--rate", type=float, metavar="SHARE",
        help=f"of each stage's learning rate (default: 1; {FINETUNING_RATE} with --from: forgets little)")  # fmt: skip
    add("--seed", type=int, default=0, help="of all that is random (default: 0)")
    add("--device", choices=("cpu", "cuda", "mps"), default="cpu",
        help="what the nets are trained on; cuda and mps were never tested (default: cpu)")  # fmt: skip
    add("--workers", type=int, default=os.cpu_count() or 1, metavar="N",
        help="processes that cut samples (default: one a core, %(default)s)")  # fmt: skip


def share(text: str) -> tuple[str, float]:
    """("FaceMaskDetection", 0.25) from "FaceMaskDetection=0.25"."""
    name, _, number = text.rpartition("=")
    try:
        value = float(number)
    except ValueError:
        value = -1.0
    if not name or not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not NAME=SHARE with a share from 0 to 1, as FaceMaskDetection=0.25"
        )
    return name, value


def thinned(photos: "list[LabelledPhoto]", shares: dict[str, float], seed: int) -> "list[LabelledPhoto]":
    """The photos, of some data sets only a random share.

    Parameters
    ----------
    photos : list of LabelledPhoto
    shares : dict of str to float
        By a data set's name, the share of its photos to keep, 0 to 1; others are kept whole.
    seed : int
        Of the choice.

    Raises
    ------
    ValueError
        For a data set that no photo belongs to.
    """
    import numpy as np

    names = [photo.dataset for photo in photos]
    for name in shares:
        if name not in names:
            there = ", ".join(sorted(set(names)))
            raise ValueError(f"--keep {name}: no photo is of that data set; there are: {there}")
    chance = np.random.default_rng(seed).random(len(photos))
    return [photo for photo, name, drawn in zip(photos, names, chance, strict=True) if drawn < shares.get(name, 1)]


def run(options: argparse.Namespace) -> int:
    """Read the photos, train, and return the exit status."""
    if options.workers < 1:
        options.error(f"--workers is {options.workers}; it must be 1 or more")
    if options.seed < 0:
        options.error(f"--seed is {options.seed}; it must be 0 or more")
    if options.model == "onepass":
        _check_device(options)
        return train_onepass_net(options, lambda photos: thinned(photos, dict(options.keep), options.seed))
    if options.focal:
        options.error("--focal is for --model onepass")
    plan = paper() if options.paper else STAGES
    for option, named in (("--stage", [options.stage] if options.stage else []), ("--stages", options.stages or [])):
        for name in named:
            if name not in (known := [stage.name for stage in plan]):
                options.error(f"{option} is {name!r}; it must be one of {', '.join(known)}")
    usual = [stage.name for stage in plan] if options.start is None or options.paper else FINETUNING_STAGES
    names = options.stages or usual
    chosen = [stage for stage in plan if stage.name in names]
    rate = options.rate if options.rate is not None else FINETUNING_RATE if options.start else 1.0
    try:
        stages = scaled(chosen, options.steps, rate)
    except ValueError as error:
        options.error(f"--{error}")
    for number, stage in enumerate(stages):
        if stage.hard_negatives and not options.start and stage.net not in {before.net for before in stages[:number]}:
            options.error(f"--stages {stage.name} draws the mistakes of a trained {stage.net}: name a stage of it that "
                          "comes before, or give its weights with --from")  # fmt: skip
    if options.stage and options.stage not in [stage.name for stage in stages]:
        options.error(f"--stage {options.stage} is none of --stages {' '.join(names)}")
    import torch

    _check_device(options)
    from mtcnn_lite.images import ImageError
    from mtcnn_lite.runtime.parallel import WorkerError
    from mtcnn_lite.sampling.store import StoreError
    from mtcnn_lite.training.distributed import process_group_from_env
    from mtcnn_lite.training.run_folder import RunError
    from mtcnn_lite.training.stages import train_cascade
    from mtcnn_lite.weights import nets_of

    try:
        start, teacher = (None if weights is None else nets_of(weights) for weights in (options.start, options.teacher))
    except ValueError as error:  # a WeightsError
        options.error(str(error))
    processes, device = process_group_from_env(options.device)
    with open(os.devnull, "w") as nowhere, redirect_stdout(sys.stdout if processes.is_main else nowhere):
        try:
            photos = read_data(options, processes.from_main)
            photos = thinned(photos, dict(options.keep), options.seed)
            if options.keep:
                print(f"\nkept: {len(photos):,} photos")
            train_cascade(photos, options.out, options.seed, stages, start, teacher, options.stage, options.resume,
                          device, processes, options.workers, progress=sys.stderr.isatty())  # fmt: skip
        except (ImageError, StoreError, RunError, ValueError) as error:
            print(f"error: {error}", file=sys.stderr)
            return FAILED
        except WorkerError as error:
            print(f"error: {error} (--workers). --resume goes on where the run stopped", file=sys.stderr)
            return FAILED
        if (options.out / "weights").exists():
            print(f"\nweights in {options.out / 'weights'}")
    if processes.size > 1:
        torch.distributed.destroy_process_group()
    return 0


def _check_device(options: argparse.Namespace) -> None:
    """Ends the program with a message where torch does not find --device."""
    import torch

    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not there[options.device]:
        options.error(f"--device {options.device}: torch {torch.__version__} finds none here")
