"""Training the whole cascade: each net's samples come from the nets before it, as it will meet them in use."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch

from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.nets import Nets, ONet, PNet, RNet
from mtcnn_lite.runtime.files import write_whole
from mtcnn_lite.sampling.proposals import Proposals
from mtcnn_lite.sampling.store import Store, photos_digest, write_store
from mtcnn_lite.training.batches import Batches
from mtcnn_lite.training.distributed import SINGLE_PROCESS, ProcessGroup
from mtcnn_lite.training.finetuning_windows import collect_windows
from mtcnn_lite.training.landmark_finetuning import finetune_landmarks
from mtcnn_lite.training.loop import train
from mtcnn_lite.training.plan import STAGES, TrainingStage
from mtcnn_lite.training.plots import draw_curves
from mtcnn_lite.training.record import Stopwatch, machine, note_machine, write_record
from mtcnn_lite.training.repair import name_damaged_weights, remove_damaged
from mtcnn_lite.training.run_folder import RunError, claim, torch_bytes
from mtcnn_lite.training.sanity_checks import run_sanity_checks
from mtcnn_lite.training.teacher_answers import keep_answers, kept_answers
from mtcnn_lite.training.thresholds import choose_on_held_out
from mtcnn_lite.training.validate import validate
from mtcnn_lite.weights import save_weights, weights_digest

Net = PNet | RNet | ONet


@dataclass(frozen=True)
class Run:
    """What all stages of a run share; see `train_cascade`."""

    photos: Sequence[LabelledPhoto]
    out: Path
    seed: int
    stages: Sequence[TrainingStage]
    teacher: Nets | None
    device: str
    processes: ProcessGroup
    workers: int
    progress: bool

    def finished(self, stage: TrainingStage) -> bool:
        """Whether the stage's weights are there."""
        return (self.out / stage.name / "net.pt").exists()

    def seed_of(self, stage: TrainingStage) -> int:
        return self.seed + self.stages.index(stage)


def untrained_nets(seed: int) -> Nets:
    """The three nets with random weights."""
    torch.manual_seed(seed)
    return Nets(PNet(), RNet(), ONet())


def train_cascade(
    photos: Sequence[LabelledPhoto],
    out: Path,
    seed: int = 0,
    stages: Sequence[TrainingStage] = STAGES,
    start: Nets | None = None,
    teacher: Nets | None = None,
    only: str | None = None,
    resume: bool = False,
    device: str = "cpu",
    processes: ProcessGroup = SINGLE_PROCESS,
    workers: int = 1,
    progress: bool = False,
) -> Nets:
    """Train the nets of a cascade, stage by stage, on labelled photos.

    A stage cuts samples, runs sanity checks, trains, validates and saves. Its folder in `out` gets labels.jpg,
    checkpoint.pt, log.csv, curves.png, measured.json, and net.pt once it is finished. Its samples are in `out/samples`
    and may be deleted when no later stage of the same net is to come. A stage of landmark fine-tuning runs in the main
    process alone, on the CPU; it has no samples, leaves only measured.json and net.pt, and starts anew when
    interrupted. After the last stage the weights and their thresholds are in `out/weights`, and the
    run's record is in `out/record`.

    Parameters
    ----------
    photos : sequence of LabelledPhoto
    out : Path
        The run's folder, made if missing.
    seed : int
        Of all that is random.
    stages : sequence of TrainingStage
    start : Nets, optional
        Weights to begin with, changed in place. None: untrained nets.
    teacher : Nets, optional
        Trained nets, whose answers count beside the labels (see `teacher`).
    only : str, optional
        Train this stage alone; those before it must be finished.
    resume : bool
        Continue the run in `out`: what is finished is not done again, what is damaged is named and made again. The
        weights are the same as without the interruption, on the same kind of machine with as many threads and
        processes; standard error says where that differs.
    device : str
        As for torch: "cpu", "cuda:0", "mps".
    processes : ProcessGroup
        Those that share each batch (see `distributed`).
    workers : int
        Processes that cut samples.
    progress : bool
        Show progress bars.

    Returns
    -------
    Nets
        The trained nets.

    Raises
    ------
    RunError
        Before anything is trained, where `out` holds another run or `only` is not the next stage; and where labels
        can't be learned from.
    """
    nets = start or untrained_nets(seed)
    names = [stage.name for stage in stages]
    _check_order(names, only, out)
    if not any(photo.has_landmarks[~photo.ignore].any() for photo in photos):
        stages = [replace(stage, shares=(*stage.shares[:3], 0.0)) for stage in stages]
        if processes.is_main:
            print("no face has landmarks: " + ("the teacher's are learned" if teacher else
                  "batches go without, and the nets' landmark heads stay as they are"))  # fmt: skip
    run = Run(photos, out, seed, stages, teacher, device, processes, workers, progress)
    if processes.is_main:
        plan = {"seed": seed, "photos": photos_digest(photos), "start": weights_digest(nets) if start else None,
                "teacher": weights_digest(teacher) if teacher else None,
                "stages": {stage.name: asdict(stage) for stage in stages}}  # fmt: skip
        new_stage = only is not None and not (out / only).exists()
        claim(out, plan, resume or new_stage)
        remove_damaged(out, stages)
    processes.barrier()
    due = stages[: names.index(only) + 1] if only else stages
    if processes.is_main and not all(map(run.finished, due)):
        note_machine(out, machine(processes.size))
    for stage in due:
        _run_stage(run, nets, stage, due)
    if processes.is_main and all(map(run.finished, stages)):
        name_damaged_weights(out / "weights", nets)
        save_weights(nets, out / "weights")
        choose_on_held_out(nets, photos, out / "weights", progress)
        write_record(out, names, nets, [photo.dataset for photo in photos])
    return nets


def _check_order(names: Sequence[str], only: str | None, out: Path) -> None:
    """Raise RunError where `only` is none of the stages, or where one before it is not finished in `out`."""
    if only is not None and only not in names:
        raise RunError(f"{only!r} is no stage; the stages are {', '.join(names)}")
    for name in names[: names.index(only)] if only else ():
        if not (out / name / "net.pt").exists():
            raise RunError(f"{only} comes after {name}, which is not finished in {out}: train that first")


def _run_stage(run: Run, nets: Nets, stage: TrainingStage, due: Sequence[TrainingStage]) -> None:
    """Do what is left of a stage, and load its weights into its net."""
    main, done = run.processes.is_main, run.finished(stage)
    if done and main and _samples_are_needed(run, stage, due):
        _cut_samples(run, nets, stage)
    if not done:
        if stage.landmark_finetuning:
            if main:
                _finetune(run, nets, stage)
        else:
            if main:
                _cut_samples(run, nets, stage)
            run.processes.barrier()
            _train_net(run, getattr(nets, stage.net), stage)
        run.processes.barrier()
    weights = torch.load(run.out / stage.name / "net.pt", weights_only=True)
    getattr(nets, stage.net).load_state_dict(weights)
    nets.ready()


def _samples_are_needed(run: Run, stage: TrainingStage, due: Sequence[TrainingStage]) -> bool:
    """Whether a stage that is still to come learns from this finished stage's samples."""
    return not stage.landmark_finetuning and any(
        each.net == stage.net and not each.landmark_finetuning and not run.finished(each)
        for each in due[due.index(stage) + 1 :]
    )


def _cut_samples(run: Run, nets: Nets, stage: TrainingStage) -> None:
    """Write the stage's samples: P-Net's from the photos alone, the others' also from what the nets before propose."""
    proposals, watch = None, Stopwatch(run.out, stage.name, "samples")
    if stage.hard_negatives or stage.net != "pnet":
        proposals = Proposals(nets.ready(), stage.net, stage.hard_negatives)
    size = getattr(nets, stage.net).size
    store = write_store(run.out / "samples" / stage.name, run.photos, size, run.seed_of(stage), stage.sampling,
                        proposals, run.workers, run.progress)  # fmt: skip
    if run.teacher is not None:
        keep_answers(_answers_of(run, stage), store, getattr(run.teacher, stage.net), run.workers, run.progress)
    watch.lap()
    print(f"{stage.name}: {store}", flush=True)


def _answers_of(run: Run, stage: TrainingStage) -> Path:
    """The file of what the teacher says of a stage's samples."""
    return run.out / "samples" / f"{stage.name}.teacher.npy"


def _train_net(run: Run, net: Net, stage: TrainingStage) -> None:
    """Sanity checks, training, validation; the last file in the stage's folder is net.pt."""
    so_far = run.stages[: run.stages.index(stage) + 1]
    drawn = [each for each in so_far if each.net == stage.net]
    stores = [Store(run.out / "samples" / each.name) for each in drawn]
    answers = None if run.teacher is None else [kept_answers(_answers_of(run, each)) for each in drawn]
    folder, main = run.out / stage.name, run.processes.is_main
    try:
        batches = Batches(stores, stage.batch, stage.shares, run.seed_of(stage), stage.augmentation,
                          answers, (run.processes.rank, run.processes.size))  # fmt: skip
    except ValueError as error:
        raise RunError(f"{stage.name}: {error}") from None
    watch = Stopwatch(run.out, stage.name, "training")
    if main:
        folder.mkdir(exist_ok=True)
        if not (folder / "checkpoint.pt").exists() or not (folder / "labels.jpg").exists():
            run_sanity_checks(net, batches, stage, folder)
    run.processes.barrier()
    trained, rows = train(net, batches, stage, folder, run.device, run.processes, run.progress, watch.lap)
    if main:
        _save_figures(validate(trained, stores), stage, folder)
        write_whole(folder / "curves.png", lambda path: draw_curves(path, stage.name, rows))
        watch.lap()
        write_whole(folder / "net.pt", lambda path: path.write_bytes(torch_bytes(trained.state_dict())))


def _finetune(run: Run, nets: Nets, stage: TrainingStage) -> None:
    """Fine-tune O-Net's landmarks on the windows that the cascade, as it is, sends to it; writes net.pt at the end."""
    folder, seed, watch = run.out / stage.name, run.seed_of(stage), Stopwatch(run.out, stage.name, "training")
    folder.mkdir(exist_ok=True)
    windows = collect_windows(nets.ready(), run.photos, seed, run.workers, run.progress)
    if len(windows.rows(held_out=False)[0]) and nets.onet.landmarks is not None:
        _save_figures(finetune_landmarks(nets.onet, windows, stage, seed, run.progress), stage, folder)
    else:
        print(f"{stage.name}: the cascade finds no face with points to learn from, so nothing is learned", flush=True)
    watch.lap()
    write_whole(folder / "net.pt", lambda path: path.write_bytes(torch_bytes(nets.onet.state_dict())))


def _save_figures(figures: dict[str, float | None], stage: TrainingStage, folder: Path) -> None:
    print(f"{stage.name}, held out: {', '.join(f'{name} {value}' for name, value in figures.items())}", flush=True)
    write_whole(folder / "measured.json", lambda path: path.write_text(json.dumps(figures, indent=1)))
