"""Training the one-pass net: labelled photos to weights, in one stage."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor

from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.losses import Losses
from mtcnn_lite.nets import Nets, normalise
from mtcnn_lite.onepass.model import OnePassNet
from mtcnn_lite.onepass.weights import load_onepass, save_onepass
from mtcnn_lite.runtime.files import write_whole
from mtcnn_lite.sampling.store import photos_digest
from mtcnn_lite.training.batches import HOLD_OUT_EVERY
from mtcnn_lite.training.distributed import SINGLE_PROCESS, ProcessGroup
from mtcnn_lite.training.loop import learn
from mtcnn_lite.training.onepass.loss import _onepass_loss, shares_right
from mtcnn_lite.training.onepass.measure import RULE, measure
from mtcnn_lite.training.onepass.plan import OnePassPlan
from mtcnn_lite.training.onepass.sheet import view_sheet
from mtcnn_lite.training.onepass.teacher import with_lent_points
from mtcnn_lite.training.onepass.views import ViewBatch, Views
from mtcnn_lite.training.plots import draw_curves
from mtcnn_lite.training.record import RECORD, Stopwatch, machine, note_machine, write_record
from mtcnn_lite.training.run_folder import RunError, claim
from mtcnn_lite.weights import weights_digest


def train_onepass(
    photos: Sequence[LabelledPhoto],
    out: Path,
    seed: int = 0,
    plan: OnePassPlan | None = None,
    start: OnePassNet | None = None,
    teacher: Nets | None = None,
    resume: bool = False,
    device: str = "cpu",
    processes: ProcessGroup = SINGLE_PROCESS,
    progress: bool = False,
) -> OnePassNet:
    """Train a one-pass net on labelled photos.

    `out/onepass` gets labels.jpg, checkpoint.pt, log.csv, curves.png and measured.json: figures on one photo in twenty,
    held out of training. The weights and their threshold are in `out/weights`, the run's record in `out/record`.

    Parameters
    ----------
    photos : sequence of LabelledPhoto
    out : Path
        The run's folder, made if missing.
    seed : int
        Of all that is random.
    plan : OnePassPlan, optional
        None: the usual one.
    start : OnePassNet, optional
        Weights to begin with, changed in place. None: an untrained net.
    teacher : Nets, optional
        A trained cascade, whose points the faces without labelled ones learn.
    resume : bool
        Continue the run in `out`. The weights are the same as without the interruption, on the same kind of machine
        with as many threads; standard error says where that differs.
    device : str
        As for torch: "cpu", "cuda:0", "mps".
    processes : ProcessGroup
        Those that share each batch (see `distributed`). Each normalises by its own part.
    progress : bool
        Show progress bars.

    Returns
    -------
    OnePassNet
        The trained net.

    Raises
    ------
    RunError
        Where `out` holds another run, and where labels can't be learned from.
    """
    plan = plan or OnePassPlan()
    stated = {"model": plan.name, "seed": seed, "photos": photos_digest(photos),
              "start": weights_digest([start]) if start else None,
              "teacher": weights_digest(teacher) if teacher else None, plan.name: asdict(plan)}  # fmt: skip
    net = start or untrained_net(seed)
    held_out = photos[HOLD_OUT_EVERY - 1 :: HOLD_OUT_EVERY]
    learned_from = [photo for k, photo in enumerate(photos) if k % HOLD_OUT_EVERY != HOLD_OUT_EVERY - 1]
    if processes.is_main:
        claim(out, stated, resume)
    processes.barrier()
    if (out / RECORD / "record.json").exists():  # the last file of a run
        return load_onepass(out / "weights")[0]
    folder, main = out / plan.name, processes.is_main
    if main:
        note_machine(out, machine(processes.size))
        folder.mkdir(exist_ok=True)
    if teacher is not None:
        watch = Stopwatch(out, plan.name, "points")
        learned_from = with_lent_points(learned_from, teacher, progress and main)
        if main:
            watch.lap()
    try:
        views = Views(learned_from, plan, net.levels, seed, (processes.rank, processes.size))
    except ValueError as error:
        raise RunError(str(error)) from None
    watch = Stopwatch(out, plan.name, "training")
    if main and not (folder / "labels.jpg").exists():
        write_whole(folder / "labels.jpg", lambda path: view_sheet(views, 0).save(path, "JPEG", quality=90))

    def losses_of(batch: ViewBatch) -> tuple[Losses, Sequence[Tensor]]:
        kinds, offsets, points, importance = (column.to(device) for column in batch[1:])
        return step_losses(net, normalise(batch.pixels).to(device), kinds, offsets, points, importance, plan)

    averaged, rows = learn(net, list(net.parameters()), views, losses_of, plan, folder, device, processes,
                           progress, watch.lap)  # fmt: skip
    assert isinstance(averaged, OnePassNet)
    if not main:
        return averaged
    write_whole(folder / "curves.png", lambda path: draw_curves(path, plan.name, rows))
    figures = measure(averaged, held_out, progress)
    print(f"{plan.name}, held out: {', '.join(f'{name} {value}' for name, value in figures.items())}", flush=True)
    write_whole(folder / "measured.json", lambda path: path.write_text(json.dumps(figures, indent=1)))
    watch.lap()
    save_onepass(averaged, out / "weights", float(figures["threshold"] or 0), {"rule": RULE, **figures})
    write_record(out, [plan.name], [averaged], [photo.dataset for photo in photos])
    return averaged


def untrained_net(seed: int) -> OnePassNet:
    """The net with random weights."""
    torch.manual_seed(seed)
    return OnePassNet()


def step_losses(net: OnePassNet, x: Tensor, kinds: Tensor, offsets: Tensor, points: Tensor, importance: Tensor,
                plan: OnePassPlan) -> tuple[Losses, Sequence[Tensor]]:  # fmt: skip
    """The losses of a batch, and the shares of faces and of background that are classified rightly.

    Parameters
    ----------
    net : OnePassNet
    x : Tensor (N, 3, side, side)
    kinds, offsets, points, importance : Tensor
        As in `onepass_loss`.
    plan : OnePassPlan
        Its weights, and what it does about the imbalance.
    """
    answer = net(x)
    return _onepass_loss(answer, kinds, offsets, points, importance, plan.weights, plan.imbalance), shares_right(
        answer, kinds
    )
