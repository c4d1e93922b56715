"""The training clinic: R-Net trained by a short recipe in which up to six faults can be made, and what one sees then.

`train_rnet` is the recipe; the chapter's exercise is to write it without a fault. `patient` runs it on composed scenes,
small and for real, and `evidence` draws what a doctor asks for: the curves, the labels, the boxes.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy

from mtcnn_lite.boxes import MATCHING_IOU, Floats, decode_offsets, iou, landmarks_to_image
from mtcnn_lite.course.first_weights import begin
from mtcnn_lite.course.scenes import scene, scenes
from mtcnn_lite.detector import Detector
from mtcnn_lite.draw import COLOURS, Described, Pixels, draw_boxes, draw_landmarks, tiled, with_alt
from mtcnn_lite.images import crop_windows
from mtcnn_lite.losses import TASKS
from mtcnn_lite.nets import RNet, normalise
from mtcnn_lite.pyramid import halvings
from mtcnn_lite.sampling.config import SamplingConfig
from mtcnn_lite.sampling.proposals import Proposals
from mtcnn_lite.sampling.sampler import LANDMARK, NEGATIVE, Propose, sample

Samples = Callable[[int], tuple[Tensor, Tensor, Tensor, Tensor, Tensor]]

FAULTS = {
    "windows": "R-Net learns from random windows, not from those that P-Net lets through",
    "zeros": "the boxes' targets are all zero",
    "sign": "the offsets' targets have the wrong sign",
    "mirror": "left and right are not exchanged in the mirror",
    "softmax": "softmax is taken twice",
    "optimiser": "each step has a new optimiser",
}
WARD = {  # the patients, and what each suffers from
    "The healthy run": (),
    "Patient A": ("mirror",),
    "Patient B": ("sign",),
    "Patient C": ("softmax",),
    "Patient D": ("windows",),
    "Patient E": ("zeros",),
    "Patient F": ("optimiser",),
}
EXCHANGED = [1, 0, 2, 4, 3]  # eyes and mouth corners change places in a mirror

# --- the recipe


def in_the_mirror(crops: Tensor, offsets: Tensor, points: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """What lies where in the mirror; the points keep their order.

    Parameters
    ----------
    crops : Tensor (N, 3, s, s)
        Pixels.
    offsets, points : Tensor (N, 4), (N, 5, 2)
        In window sides.
    """
    x1, y1, x2, y2 = offsets.unbind(dim=1)
    there = torch.stack([1 - points[..., 0], points[..., 1]], dim=2)
    return crops.flip(3), torch.stack([-x2, y1, -x1, y2], dim=1), there


def labelled(
    batch: tuple[Tensor, Tensor, Tensor, Tensor, Tensor], mirrored: bool, faults: Collection[str] = ()
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """What the net sees of a batch, and what it shall say: crops, faces, offsets (N, 4), points (N, 5, 2).

    Parameters
    ----------
    batch : five tensors
        Crops, faces, windows, boxes, points: see `train_rnet`.
    mirrored : bool
        Whether all of it is mirrored.
    faults : collection of str
        Of FAULTS: what is done wrong.
    """
    crops, faces, windows, boxes, points = batch
    face = faces == 1
    sides = windows[:, 2:3] - windows[:, :1]
    offsets = torch.zeros_like(boxes)
    if "zeros" not in faults:
        offsets[face] = ((boxes - windows) / sides)[face] * (-1 if "sign" in faults else 1)
    if mirrored:
        crops, offsets, points = in_the_mirror(crops, offsets, points)
        if "mirror" not in faults:
            points = points[:, EXCHANGED]
    return crops, faces, offsets, points


def train_rnet(
    net: Any,
    pnet: Any,
    propose: Callable[[list[Any]], Samples],
    new_optimiser: Callable[[Iterable[Tensor]], Any],
    steps: int,
    faults: Collection[str] = (),
) -> list[list[float]]:
    """Train R-Net, in place; each second batch is mirrored.

    Parameters
    ----------
    net : callable
        R-Net: crops (N, 3, s, s) -> logits (N, 2), offsets (N, 4), points (N, 5, 2). Has `parameters()`.
    pnet : object
        What `propose` needs.
    propose : callable
        `propose([pnet])` gives the samples that P-Net lets through, `propose([])` random ones: a function of the step
        that returns crops (N, 3, s, s), faces (N,) of 0 and 1, windows and boxes (N, 4) in pixels, points (N, 5, 2) in
        window sides. Where there is no face, box and points are without meaning.
    new_optimiser : callable
        `new_optimiser(net.parameters())` makes one.
    steps : int
        How many batches.
    faults : collection of str
        Of FAULTS: what is done wrong.

    Returns
    -------
    list of [float, float, float]
        What each step cost: detection, box, landmark.
    """
    samples = propose([] if "windows" in faults else [pnet])
    optimiser = new_optimiser(net.parameters())
    costs = []
    for step in range(steps):
        if "optimiser" in faults:
            optimiser = new_optimiser(net.parameters())
        crops, faces, offsets, points = labelled(samples(step), bool(step % 2), faults)
        face = faces == 1
        logits, said_offsets, said_points = net(crops)
        detection = cross_entropy(logits.softmax(dim=1) if "softmax" in faults else logits, faces)
        box = ((said_offsets - offsets)[face] ** 2).sum(dim=1).mean()
        landmark = ((said_points - points)[face] ** 2).sum(dim=(1, 2)).mean()
        optimiser.zero_grad()
        (detection + 0.5 * box + 0.5 * landmark).backward()
        optimiser.step()
        costs.append([detection.item(), box.item(), landmark.item()])
    return costs


# --- patients

WINDOWS = SamplingConfig(random=10, beside=2, jittered=0, landmarks=5, hardest=20, others=10)
AT_RANDOM = SamplingConfig(random=40, beside=2, jittered=0, landmarks=5, hardest=0, others=0)
PHOTOS, HELD_OUT = 48, 10  # scenes to learn from, and to look at afterwards
FACES, OTHERS = 10, 20  # in a batch
STEPS, RATE = 60, 4e-3
PASSES = 0.7  # R-Net's threshold
MEAN_OF = 10  # steps of which a point of a curve is the mean
TICKS = {"detection": (0.3, 0.5, 0.7), "box": (0.02, 0.1, 0.5), "landmark": (0.2, 0.5, 2)}


class Readable(torch.nn.Module):
    """R-Net, its answer as the recipe wants it: logits (N, 2), offsets (N, 4), points (N, 5, 2)."""

    def __init__(self) -> None:
        super().__init__()
        self.net = begin(RNet())

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        said = self.net(crops)
        return said.face, said.offsets, said.landmarks.reshape(-1, 2, 5).transpose(1, 2)


@dataclass(frozen=True, eq=False)
class Cut:
    """Samples of all photos: crops uint8 (N, 24, 24, 3), faces bool (N,), windows, boxes (N, 4), points (N, 5, 2)."""

    crops: Pixels
    faces: NDArray[np.bool_]
    windows: Floats
    boxes: Floats
    points: Floats

    def __call__(self, step: int) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """The batch of a step: FACES faces, then OTHERS others."""
        rng = np.random.default_rng([9, step])
        kinds = ((self.faces, FACES), (~self.faces, OTHERS))
        rows = np.concatenate([rng.choice(np.flatnonzero(which), count, replace=False) for which, count in kinds])
        windows, boxes, points = (torch.from_numpy(each[rows]) for each in (self.windows, self.boxes, self.points))
        return normalise(self.crops[rows]), torch.from_numpy(self.faces[rows]).long(), windows, boxes, points


def _propose() -> Propose:
    """What the package's P-Net lets through."""
    return Proposals(Detector().nets, "rnet", thresholds=(0.4, 1.0))()


@cache
def cut(by_pnet: bool, held_out: bool = False) -> Cut:
    """The samples of PHOTOS scenes, or of HELD_OUT others.

    Parameters
    ----------
    by_pnet : bool
        Whether what P-Net lets through is among them, or random windows in its place.
    held_out : bool
        Of scenes that no patient learns from.
    """
    how, config = (_propose(), WINDOWS) if by_pnet else (None, AT_RANDOM)
    photos = scenes(HELD_OUT, 10, sizes=(20, 60), split="held_out") if held_out else scenes(PHOTOS, 9, sizes=(20, 60))
    columns: list[tuple[NDArray[Any], ...]] = []
    for k, photo in enumerate(photos):
        drawn, crops = sample(photo, 24, np.random.default_rng([9, k]), config, how)
        used = (drawn["kind"] == LANDMARK) | (drawn["kind"] == NEGATIVE)
        drawn, crops = drawn[used], crops[used]
        boxes = decode_offsets(drawn["window"], np.nan_to_num(drawn["offsets"]))
        columns.append((crops, drawn["kind"] == LANDMARK, drawn["window"], boxes, np.nan_to_num(drawn["landmarks"])))
    return Cut(*(np.concatenate(column) for column in zip(*columns, strict=True)))


@dataclass(frozen=True, eq=False)
class Patient:
    """A run of the recipe: the net it left, what the steps cost (steps, 3), and its faults."""

    net: Readable
    costs: NDArray[np.float64]
    faults: tuple[str, ...]

    def says(self, crops: Pixels) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """Of crops uint8 (N, 24, 24, 3): scores (N,), offsets (N, 4), points (N, 5, 2)."""
        with torch.no_grad():
            logits, offsets, points = self.net(normalise(crops))
        return logits.softmax(dim=1)[:, 1].numpy(), offsets.numpy(), points.numpy()


@cache
def patient(*faults: str) -> Patient:
    """R-Net trained with these faults, STEPS small steps; without any it is healthy."""
    torch.manual_seed(9)
    net = Readable().train().to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs

    def adam(parameters: Iterable[Tensor]) -> torch.optim.Optimizer:
        return torch.optim.Adam(parameters, lr=RATE, fused=True)

    costs = train_rnet(net, "P-Net", lambda nets: cut(bool(nets)), adam, STEPS, faults)
    return Patient(net.eval(), np.array(costs), faults)


@dataclass(frozen=True)
class Findings:
    """What is measured on held-out scenes.

    found: share of the faces' windows that pass. fooled: share of the windows that pass of those that P-Net lets
    through and that hold no face. before, after: mean IoU of the faces' windows with their boxes, as they lie, and
    moved. eyes: how far apart the two eyes are said to be, in window sides; labelled: how far they are.
    """

    found: float
    fooled: float
    before: float
    after: float
    eyes: float
    labelled: float


@cache
def findings(one: Patient) -> Findings:
    """Examines a patient's net."""
    seen = cut(True, held_out=True)
    scores, offsets, points = one.says(seen.crops)
    face, windows, boxes = seen.faces, seen.windows[seen.faces], seen.boxes[seen.faces]

    def overlap(moved: Floats) -> float:
        return float(np.mean([iou(m[None], b[None])[0, 0] for m, b in zip(moved, boxes, strict=True)]))

    return Findings(
        float((scores[face] >= PASSES).mean()),
        float((scores[~face] >= PASSES).mean()),
        overlap(windows),
        overlap(decode_offsets(windows, offsets[face])),
        *(float((each[face][:, 1, 0] - each[face][:, 0, 0]).mean()) for each in (points, seen.points)),
    )


# --- what one sees


def evidence(name: str) -> Described:
    """A patient's curves beside the healthy run's, labels of its second batch, and its answers on held-out pictures.

    Parameters
    ----------
    name : str
        Of WARD. Neither name nor picture says what it suffers from.
    """
    import matplotlib.pyplot as plt

    one, healthy = patient(*WARD[name]), patient()
    figure = plt.figure(figsize=(9.2, 3.0))
    grid = figure.add_gridspec(
        3, 4, width_ratios=(1.05, 1, 1, 1.6), left=0.05, right=0.99, top=0.85, bottom=0.08, wspace=0.08, hspace=0.45
    )
    for row, task in enumerate(TASKS):
        axis = figure.add_subplot(grid[row, 0])
        for costs, colour, line in ((healthy.costs, "muted", "--"), (one.costs, "rnet", "-")):
            steps = np.arange(MEAN_OF, len(costs) + 1)
            axis.plot(steps, _smooth(costs[:, row]), line, color=COLOURS[colour], linewidth=1.6)
        axis.set_yscale("linear" if task == "detection" else "log")
        ticks = TICKS[task]
        axis.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
        axis.set_title(task, fontsize=8, pad=2)
        axis.tick_params(labelsize=7, which="both", labelbottom=row == 2)
        axis.minorticks_off()
    sheets = {"labels, in the mirror": _labels(one), "its answers": _answers(one), "P-Net's windows that pass": None}
    on, off, drawn = _passing(one)
    for column, (title, sheet) in enumerate(sheets.items(), 1):
        axis = figure.add_subplot(grid[:, column])
        axis.imshow(drawn if sheet is None else sheet, interpolation="antialiased")
        axis.set_title(title if sheet is not None else f"{title}: {on} on a face, {off} not", fontsize=8, pad=3)
        axis.set_axis_off()
    figure.suptitle(name, fontsize=10)
    scene_ = f"In a scene, {on} windows that pass lie on a face and {off} do not."
    return with_alt(figure, f"{name}. {_told(one, healthy)} {scene_}")


def _told(one: Patient, healthy: Patient) -> str:
    ends = [each.costs[-10:].mean(axis=0) for each in (one, healthy)]
    costs = ", ".join(f"{task} {mine:.2f} ({well:.2f})" for task, mine, well in zip(TASKS, *ends, strict=True))
    found = findings(one)
    _, _, offsets, points = labelled(cut("windows" not in one.faults)(1), True, one.faults)
    eyes = float((points[:FACES, 1, 0] - points[:FACES, 0, 0]).mean())
    return (
        f"Cost at the end, in brackets the healthy run's: {costs}. Labels: the box is off the window by "
        f"{_mean(offsets):.2f} of a side, the second eye lies {eyes:+.2f} to the right of the first. Answers on new "
        f"faces: {found.found:.0%} pass; IoU {found.before:.2f} before and {found.after:.2f} after moving; eyes "
        f"{found.eyes:.2f} apart, true {found.labelled:.2f}. Of P-Net's windows without a face {found.fooled:.0%} pass."
    )


def _mean(offsets: Tensor) -> float:
    return float(offsets[:FACES].abs().mean())


def _smooth(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.convolve(values, np.ones(MEAN_OF) / MEAN_OF, mode="valid")


def _pixels(crops: Tensor) -> Pixels:
    return (crops * 128 + 127.5).round().clip(0, 255).byte().permute(0, 2, 3, 1).numpy()


def _marked(crop: Pixels, boxes: Sequence[tuple[Floats, str]], points: Floats) -> Pixels:
    """A crop with a margin, enlarged: boxes, as offsets of its window, and points, those on the left white."""
    zoom, rim = 4, 6
    side = zoom * len(crop)
    large = np.pad(crop, ((rim, rim), (rim, rim), (0, 0)), constant_values=170).repeat(zoom, 0).repeat(zoom, 1)
    window = np.array([[0, 0, side, side]], np.float32) + zoom * rim
    for offsets, colour in boxes:
        large = draw_boxes(large, decode_offsets(window, offsets[None]), colour)
    places = landmarks_to_image(window, points.T.reshape(1, 10))[0]
    large = draw_landmarks(large, places, "landmark")
    return draw_landmarks(large, places[[0, 3]], "left")


def _labels(one: Patient) -> Pixels:
    crops, _, offsets, points = labelled(cut("windows" not in one.faults)(1), True, one.faults)
    rows = [(*crops_, "truth") for crops_ in zip(_pixels(crops)[:6], offsets.numpy(), points.numpy(), strict=False)]
    return tiled(np.stack([_marked(crop, [(o, colour)], p) for crop, o, p, colour in rows]), columns=2)


def _answers(one: Patient) -> Pixels:
    seen = cut(True, held_out=True)
    rows = np.flatnonzero(seen.faces)
    rows = rows[np.linspace(0, len(rows) - 1, 6).astype(int)]
    _, offsets, points = one.says(seen.crops[rows])
    windows = seen.windows[rows]
    true = (seen.boxes[rows] - windows) / (windows[:, 2:3] - windows[:, :1])
    pairs = zip(seen.crops[rows], true, offsets, points, strict=True)
    return tiled(np.stack([_marked(crop, [(t, "truth"), (o, "rnet")], p) for crop, t, o, p in pairs]), columns=2)


@cache
def _scene() -> tuple[Pixels, Floats, Floats, Pixels]:
    """A held-out scene: pixels, boxes, P-Net's windows (N, 4), and their crops."""
    photo = scene([9, 6], faces=(5, 6), sizes=(20, 60), split="held_out")
    windows, _ = _propose()(photo.image())
    return photo.image(), photo.boxes, windows, crop_windows(halvings(photo.image(), 0.1), windows, 24)


def _passing(one: Patient) -> tuple[int, int, Pixels]:
    image, boxes, windows, crops = _scene()
    scores, offsets, _ = one.says(crops)
    moved = decode_offsets(windows, offsets)[scores >= PASSES]
    on = iou(moved, boxes).max(axis=1, initial=0) >= MATCHING_IOU
    drawn = draw_boxes(image, boxes, "truth", 2)
    for which, colour in ((~on, "landmark"), (on, "rnet")):
        drawn = draw_boxes(drawn, moved[which], colour, 1)
    return int(on.sum()), int((~on).sum()), drawn
