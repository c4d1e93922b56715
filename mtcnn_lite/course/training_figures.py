"""The tables and figures of chapter 09: the plan beside the paper's, curves of a run, what each net leaves."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mtcnn_lite.course.miniature import Score
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.draw import COLOURS, INK, Described, Picture, with_alt
from mtcnn_lite.images import crop_windows
from mtcnn_lite.losses import TASKS
from mtcnn_lite.net_names import NET_NAMES, NET_TITLES
from mtcnn_lite.nets import Nets, normalise
from mtcnn_lite.pyramid import halvings
from mtcnn_lite.sampling.config import SamplingConfig
from mtcnn_lite.sampling.sampler import LANDMARK, sample
from mtcnn_lite.training.augmentation import Augmentation
from mtcnn_lite.training.batches import TrainingBatch
from mtcnn_lite.training.plan import PAPER_INDICATOR, TrainingStage
from mtcnn_lite.training.plots import contact_sheet

UNBROKEN = '<code style="white-space: nowrap">{}</code>'  # a hyphen ends no line
LINES = {"pnet": "-", "rnet": "--", "onet": ":"}
LETTERS = {net: NET_TITLES[net][0] for net in NET_NAMES}  # P, R, O

# --- tables


class Table:
    """Rows under a head that show themselves as a Markdown table."""

    def __init__(self, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        self.rows = [[*head], ["---"] * len(head), *([*row] for row in rows)]

    def _repr_markdown_(self) -> str:
        return "\n".join(f"| {' | '.join(row)} |" for row in self.rows)

    def __repr__(self) -> str:
        return self._repr_markdown_()


def stages_table(stages: Sequence[TrainingStage], papers: Sequence[TrainingStage]) -> Table:
    """A row for each stage: its size, what it learns from, whether the paper has it, and why it is there.

    Parameters
    ----------
    stages, papers : sequences of TrainingStage
        The plan, and the paper's.
    """
    rows, nets_of_papers = [], [stage.net for stage in papers]
    for k, stage in enumerate(stages):
        first = stage.net not in [before.net for before in stages[:k]]
        learned, why = _windows(stage)
        known = first and stage.net in nets_of_papers
        size = f"{stage.steps:,} × {stage.batch:,}"
        rows.append([UNBROKEN.format(stage.name), size, learned, "the same" if known else "no such stage", why])
    return Table(["stage", "steps × batch", "learns from", "in the paper", "reason"], rows)


def _windows(stage: TrainingStage) -> tuple[str, str]:
    if stage.landmark_finetuning:
        return "both looks at each face", "a detector's points are the mean of two looks: no stage before trained that"
    if stage.hard_negatives:
        return "also what fooled it most so far", "soon it knows random windows: its own mistakes teach more"
    learned = {"pnet": "random windows, and near faces", "rnet": "what P-Net lets through",
               "onet": "what P-Net and R-Net let through"}  # fmt: skip
    why = "nobody comes before it" if stage.net == "pnet" else "in use it meets nothing else"
    return learned[stage.net], why


CHOICES = {  # field of a stage: what it is called, and why the plan departs from the paper
    "weights": ("loss weights: detection, box, points", "R-Net and O-Net place boxes and points"),
    "shares": ("negatives : positives : parts : landmarks", "background grows more varied, stage by stage"),
    "keep": ("hardest share that counts", "with a teacher, easy samples teach too: how sure to be"),
    "distill_weight": ("the teacher's part of score and box", "a trained net's answer says more than yes or no"),
    "distill_landmarks_weight": (
        "the teacher's part of the points",
        "people differ where faces are blurred",
    ),
    "augmentation": ("crops spoiled", "photos from poor cameras, or at night"),
    "turn": ("degrees that faces are turned", "few photos have tilted faces"),
    "indicator": ("landmark samples teach", "ours have boxes, so they teach all"),
}


def choices_table(stages: Sequence[TrainingStage], papers: Sequence[TrainingStage]) -> Table:
    """A row for each choice in which the plan departs from the paper: its values by net, the paper's, the reason.

    Parameters
    ----------
    stages, papers : sequences of TrainingStage
        The plan, and the paper's. Landmark fine-tuning is left out.
    """
    taught = [stage for stage in stages if not stage.landmark_finetuning]
    rows = [[says, _by_net(taught, name), _by_net(papers, name), why] for name, (says, why) in CHOICES.items()]
    return Table(["choice", "here", "paper", "reason"], rows)


def _by_net(stages: Sequence[TrainingStage], name: str) -> str:
    """The values of the nets, "then" between those of a net's stages; one value where all have the same."""
    said: dict[str, list[str]] = {net: [] for net in NET_NAMES}
    for stage in stages:
        value = _said(stage.sampling.turn if name == "turn" else getattr(stage, name))
        if value not in said[stage.net]:
            said[stage.net].append(value)
    texts = {net: ", then ".join(values) for net, values in said.items()}
    same: dict[str, list[str]] = {}
    for net, text in texts.items():
        same.setdefault(text, []).append(LETTERS[net])
    if len(same) == 1:
        return next(iter(same))
    return "; ".join(f"{', '.join(letters)}: {text}" for text, letters in same.items())


def _said(value: Any) -> str:
    if isinstance(value, Augmentation):
        some = [(field.name.replace("_", " "), getattr(value, field.name)) for field in fields(value)]
        return ", ".join(f"{name} {share:.0%}" for name, share in some if share) or "none"
    if isinstance(value, tuple) and isinstance(value[0], tuple):
        return "points" if value[3] == PAPER_INDICATOR[3] else "score, box, points"
    return " : ".join(f"{part:g}" for part in value) if isinstance(value, tuple) else f"{value:g}"


# --- figures


def labels(batch: TrainingBatch) -> Described:
    """Six samples of each kind in a batch, their targets drawn on them."""
    from mtcnn_lite.sampling.sampler import KINDS

    sheet = np.asarray(contact_sheet(batch, columns=6))
    count = np.bincount(batch.kinds, minlength=len(KINDS))
    said = ", ".join(f"{n} {kind}" for n, kind in zip(count, KINDS, strict=True))
    return with_alt(Picture(sheet), f"Crops of a batch in four rows, six of each kind, with "
                    f"yellow boxes and cyan points on the faces. In the batch: {said}.")  # fmt: skip


def rates(stages: Sequence[TrainingStage]) -> Described:
    """The learning rate over the steps of the first stage of each net."""
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(6, 2.5), layout="constrained")
    said = []
    for net in NET_NAMES:
        stage = next(stage for stage in stages if stage.net == net)
        each = [stage.learning_rate(step) for step in range(stage.steps)]
        axis.plot(each, LINES[net], color=COLOURS[net], label=stage.name, linewidth=2)
        said.append(f"{stage.name} to {max(each):g} at step {int(np.argmax(each))}, down to {each[-1]:.1g}")
    axis.set(xlabel="step", ylabel="learning rate")
    axis.legend()
    return with_alt(figure, f"Learning rates rise in a line and fall along half a cosine: {'; '.join(said)}.")


def curves(logs: Mapping[str, NDArray[np.float32]], mean: int = 20) -> Described:
    """The losses by task and what is right of faces and others, a line a net; a bar where its next stage begins.

    Parameters
    ----------
    logs : mapping of str to (steps, 6)
        By stage, in order: total, detection, box, landmark, faces right, others right.
    mean : int
        Steps of which one point of a curve is the mean.
    """
    import matplotlib.pyplot as plt
    from matplotlib.ticker import LogLocator

    figure, axes = plt.subplots(1, 5, figsize=(11, 2.5), layout="constrained")
    said = []
    for net in NET_NAMES:
        of_net = [rows for name, rows in logs.items() if name.startswith(net)]
        rows = np.concatenate(of_net)
        points = rows[: len(rows) // mean * mean].reshape(-1, mean, 6).mean(axis=1)
        x = mean * np.arange(1, len(points) + 1)
        for axis, column in zip(axes, range(1, 6), strict=True):
            axis.plot(x, points[:, column], LINES[net], color=COLOURS[net], label=NET_TITLES[net])
            for begin in np.cumsum([len(rows) for rows in of_net])[:-1]:
                axis.axvline(begin, color=COLOURS[net], linewidth=0.6, alpha=0.6)
        end = ", ".join(f"{task} {loss:.2f}" for task, loss in zip(TASKS, points[-1, 1:4], strict=True))
        said.append(
            f"{NET_TITLES[net]} ends at {end}, {points[-1, 4]:.0%} of faces and {points[-1, 5]:.0%} of others right"
        )
    for axis, title in zip(axes, (*TASKS, "faces right", "others right"), strict=True):
        axis.set_title(title, fontsize=10)
        axis.set_xlabel("step")
        axis.tick_params(labelsize=8)
        axis.set(**({"yscale": "log"} if title in TASKS else {"ylim": (0, 1.02)}))
        if title in TASKS:
            axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 4, 7)))
            axis.yaxis.set_major_formatter("{x:g}")
            axis.minorticks_off()
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=8)
    return with_alt(figure, f"Losses by task and shares right, a line a net. {'; '.join(said)}.")


def left_after(scores: Mapping[str, Score]) -> Described:
    """On how many faces a window still lies after each net, a group of bars for each row of the mapping."""
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(8, 0.6 + 0.62 * len(scores)), layout="constrained")
    said = []
    for row, (name, score) in enumerate(scores.items()):
        for k, (net, left) in enumerate(zip(NET_NAMES, score.left, strict=True)):
            axis.barh(-row - 0.25 * (k - 1), left / score.faces, 0.23, color=COLOURS[net],
                      label=f"after {NET_TITLES[net]}" if not row else None)  # fmt: skip
        text = (
            f"{score.found} of {score.faces} faces found, {score.alarms} false alarm{'s' if score.alarms != 1 else ''}"
        )
        axis.annotate(text, (1.02, -row), xycoords=("axes fraction", "data"), va="center", fontsize=9)
        counts = ", ".join(str(count) for count in score.left)
        said.append(f"{name}: on {counts} faces a window is left after P-Net, R-Net, O-Net; {text}")
    axis.set(yticks=[-row for row in range(len(scores))], yticklabels=[*scores], xlim=(0, 1), xlabel="of the faces")
    axis.spines[["top", "right"]].set_visible(False)
    figure.legend(fontsize=8, ncols=3, loc="outside upper left")
    return with_alt(figure, f"{'; '.join(said)}.")


def points_off(nets: Nets, photos: Sequence[LabelledPhoto], seed: int = 0) -> dict[str, float]:
    """How far each net's points are off on the same windows round the photos' faces, in window sides.

    Parameters
    ----------
    nets : Nets
        With landmark heads.
    photos : sequence of LabelledPhoto
        With points.
    seed : int
        Of the windows.
    """
    config = SamplingConfig(random=0, beside=0, jittered=0, landmarks=4, hardest=0, others=0)
    errors: dict[str, list[NDArray[np.float32]]] = {net: [] for net in NET_NAMES}
    for k, photo in enumerate(photos):
        drawn, _ = sample(photo, 12, np.random.default_rng([seed, k]), config)
        drawn = drawn[drawn["kind"] == LANDMARK]
        copies = halvings(photo.image(), 0.1)
        for name, net in zip(NET_NAMES, nets, strict=True):
            size = (12, 24, 48)[NET_NAMES.index(name)]
            with torch.no_grad():
                said = net(normalise(crop_windows(copies, drawn["window"], size))).flat.landmarks
            places = said.numpy().reshape(-1, 2, 5).transpose(0, 2, 1)  # (N, 5, 2)
            errors[name].append(np.linalg.norm(places - drawn["landmarks"], axis=2).mean(axis=1))
    return {name: float(np.concatenate(each).mean()) for name, each in errors.items()}


def off_bars(rows: Mapping[str, Mapping[str, float]]) -> Described:
    """What `points_off` measured, a group of bars for each row of the mapping."""
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(6.4, 0.7 + 0.6 * len(rows)), layout="constrained")
    for row, (_, off) in enumerate(rows.items()):
        for k, (net, far) in enumerate(off.items()):
            y = -row - 0.25 * (k - 1)
            axis.barh(y, far, 0.23, color=COLOURS[net], label=NET_TITLES[net] if not row else None)
            axis.text(far + 0.001, y, f"{far:.3f}", va="center", fontsize=8, color=INK)
    axis.set(yticks=[-row for row in range(len(rows))], yticklabels=[*rows], xlabel="points off, in window sides")
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(fontsize=8)
    each = "; ".join(
        f"{name}: " + ", ".join(f"{NET_TITLES[n]} {far:.3f}" for n, far in off.items()) for name, off in rows.items()
    )
    return with_alt(figure, f"How far points are off on the same windows, in window sides. {each}.")
