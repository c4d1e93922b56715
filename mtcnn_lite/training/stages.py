"""The whole cascade: each net's samples come from the nets before it, as it will meet them in use."""

import json
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import torch

from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.net_names import NET_NAMES
from mtcnn_lite.nets import NET_TYPES, Nets, ONet, PNet, RNet
from mtcnn_lite.runtime.files import write_whole
from mtcnn_lite.sampling.proposals import Proposals
from mtcnn_lite.sampling.sampler import LANDMARK
from mtcnn_lite.sampling.store import Store, photos_digest, write_store
from mtcnn_lite.training.batches import Batches
from mtcnn_lite.training.blend import blend, refit_landmarks
from mtcnn_lite.training.distributed import ALONE, Team
from mtcnn_lite.training.looks import look_at
from mtcnn_lite.training.loop import train
from mtcnn_lite.training.plan import STAGES, Stage
from mtcnn_lite.training.plots import draw_curves
from mtcnn_lite.training.run_folder import RunError, claim
from mtcnn_lite.training.sanity_checks import check
from mtcnn_lite.training.settle import settle
from mtcnn_lite.training.teacher import Panel
from mtcnn_lite.training.validate import measure
from mtcnn_lite.weights import save_weights, weights_digest


def fresh(seed: int) -> Nets:
    """The three nets, untrained."""
    torch.manual_seed(seed)
    return Nets(PNet(), RNet(), ONet())


def train_cascade(
    photos: Sequence[LabelledPhoto],
    out: Path,
    seed: int = 0,
    stages: Sequence[Stage] = STAGES,
    start: Nets | None = None,
    teacher: Nets | None = None,
    only: str | None = None,
    resume: bool = False,
    device: str = "cpu",
    team: Team = ALONE,
    workers: int = 1,
    progress: bool = False,
) -> Nets:
    """Train all `stages` on labelled photos and return the nets; after the last stage they are in `out/weights`.

    start: weights to begin with, changed in place; None for untrained ones. teacher: trained nets, whose answers count
    beside the labels (see `teacher`). only: one stage's name; those before it must be finished. resume: go on with the
    run in `out`: what is finished is not done again, and the weights are the same as without the interruption, on the
    same kind of machine with as many threads and processes. team, device: see `team`. workers: processes that cut
    samples.

    Each stage's folder in `out` gets labels.jpg, checkpoint.pt, log.csv, curves.png, measured.json, and net.pt once it
    is finished; its samples are in `out/samples`, and may be deleted when no later stage of the net is to come. A stage
    of `looks` is the first process's alone, on the CPU; it has no samples, leaves the last two files, and begins anew
    when interrupted.

    Raises RunError, before anything is trained, where `out` holds another run, or where labels can't be learned from.
    """
    nets = start or fresh(seed)
    names = [stage.name for stage in stages]
    if only is not None and only not in names:
        raise RunError(f"{only!r} is no stage; the stages are {', '.join(names)}")
    for name in names[: names.index(only)] if only else ():
        if not (out / name / "net.pt").exists():
            raise RunError(f"{only} comes after {name}, which is not finished in {out}: train that first")
    if not any(photo.has_landmarks[~photo.ignore].any() for photo in photos):
        stages = [replace(stage, shares=(*stage.shares[:3], 0.0)) for stage in stages]
        if team.first:
            print("no face has landmarks: " + ("the teacher's are learned" if teacher else
                  "batches go without, and the nets' landmark heads stay as they are"))  # fmt: skip
    if team.first:
        plan = {"seed": seed, "photos": photos_digest(photos), "start": weights_digest(nets) if start else None,
                "teacher": weights_digest(teacher) if teacher else None,
                "stages": {stage.name: asdict(stage) for stage in stages}}  # fmt: skip
        new_stage = only is not None and not (out / only).exists()
        claim(out, plan, resume or new_stage)
    team.wait()
    for number, stage in enumerate(stages):
        which, finished = NET_NAMES.index(stage.net), out / stage.name / "net.pt"
        net = nets[which]
        if not finished.exists() and stage.looks:
            if team.first:
                _settle(nets, photos, stage, finished, seed + number, workers, progress)
            team.wait()
        elif not finished.exists():
            if team.first:
                _cut(nets, stage, photos, out, seed + number, workers, progress)
            team.wait()
            earlier = [before.name for before in stages[: number + 1] if before.net == stage.net]
            stores = [Store(out / "samples" / name) for name in earlier]
            _train(net, stores, stage, finished, seed + number, device, team, teacher and teacher[which], progress)
            team.wait()
        net.load_state_dict(torch.load(finished, weights_only=True))
        nets.ready()
        if stage.name == only:
            break
    if team.first and all((out / name / "net.pt").exists() for name in names):
        save_weights(nets, out / "weights")
    return nets


def _cut(
    nets: Nets, stage: Stage, photos: Sequence[LabelledPhoto], out: Path, seed: int, workers: int, progress: bool
) -> None:
    """The stage's samples: P-Net's from the photos alone, the others' also from what the nets before let through."""
    proposals = Proposals(nets.ready(), stage.net, stage.mined) if stage.mined or stage.net != "pnet" else None
    size = NET_TYPES[stage.net].size
    store = write_store(out / "samples" / stage.name, photos, size, seed, stage.recipe, proposals, workers, progress)
    print(f"{stage.name}: {store}", flush=True)


def _train(
    net: PNet | RNet | ONet, stores: Sequence[Store], stage: Stage, finished: Path, seed: int, device: str, team: Team,
    teacher: PNet | RNet | ONet | None, progress: bool,
) -> None:  # fmt: skip
    """One net trained on its stores, once its samples have passed the gates; `finished` is its last file."""
    folder = finished.parent
    try:
        batches = Batches(stores, stage.batch, stage.shares, seed, stage.coarse, stage.covered,
                          *((stage.mixed, stage.zoomed) if teacher else (0.0, 0.0)),
                          part=(team.rank, team.size))  # fmt: skip
    except ValueError as error:
        raise RunError(f"{stage.name}: {error}") from None
    if team.first:
        folder.mkdir(exist_ok=True)
        if not (folder / "checkpoint.pt").exists():
            check(net, batches, stage, folder)
    team.wait()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    teaching = Panel(teacher, deepcopy(net)) if teacher is not None and stage.panel else teacher
    trained, rows = train(net, batches, stage, folder, device, team, teaching, progress)
    if team.first:
        if stage.began and batches.counts[LANDMARK] and net.landmarks is not None:
            blend(trained, before, stage.began)
            if stage.solved:
                refit_landmarks(trained, stores, stage.batch, seed)
        figures = measure(trained, stores)
        print(f"{stage.name}, held out: {', '.join(f'{name} {value}' for name, value in figures.items())}", flush=True)
        write_whole(folder / "measured.json", lambda path: path.write_text(json.dumps(figures, indent=1)))
        write_whole(folder / "curves.png", lambda path: draw_curves(path, stage.name, rows))
        write_whole(finished, partial(torch.save, trained.state_dict()))


def _settle(
    nets: Nets, photos: Sequence[LabelledPhoto], stage: Stage, finished: Path, seed: int, workers: int, progress: bool
) -> None:
    """O-Net's last layers on the looks that the cascade, as it is, takes at the photos' faces."""
    finished.parent.mkdir(exist_ok=True)
    looks = look_at(nets.ready(), photos, seed, workers, progress)
    if len(looks.rows(held_out=False)[0]) and nets.onet.landmarks is not None:
        figures = settle(nets.onet, looks, stage, seed, progress)
        print(f"{stage.name}, held out: {', '.join(f'{name} {value}' for name, value in figures.items())}", flush=True)
        write_whole(finished.with_name("measured.json"), lambda path: path.write_text(json.dumps(figures, indent=1)))
    else:
        print(f"{stage.name}: the cascade finds no face with points to learn from, so nothing is learned", flush=True)
    write_whole(finished, partial(torch.save, nets.onet.state_dict()))
