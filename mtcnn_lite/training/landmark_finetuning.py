"""Landmark fine-tuning: a last round for O-Net on the two looks whose mean a detector returns.

The loss is the figure that evaluation reports: the error of the mean of both looks' landmarks, in eye distances. The
layers from `conv4` on learn it. O-Net's scores and boxes should stay, so those layers are also trained to repeat its
earlier answers (self-distillation).
"""

from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import trange

from mtcnn_lite.coordinates import PIXEL_CENTRE
from mtcnn_lite.nets import NetOutput, ONet
from mtcnn_lite.training.finetuning_windows import LAST_LAYERS, FinetuningWindows
from mtcnn_lite.training.plan import TrainingStage


def finetune_landmarks(
    net: ONet, windows: FinetuningWindows, stage: TrainingStage, seed: int, progress: bool = False
) -> dict[str, float | None]:
    """Train O-Net's layers from `conv4` on, in place.

    Parameters
    ----------
    net : ONet
        With a landmark head; changed in place.
    windows : FinetuningWindows
        At least one face must be of a photo that is not held out.
    stage : TrainingStage
        A step takes `batch` faces, equally many of each data set, and twice as many other windows. The first two
        `weights` are those of unchanged scores and unchanged boxes, the third that of the landmark error.
    seed : int
        Of the choice of faces and windows.
    progress : bool
        Show a progress bar.

    Returns
    -------
    dict
        The figures of `held_out_figures` before and after, for example "landmarks off before".
    """
    before = deepcopy(net)
    faces, others = windows.rows(held_out=False)
    sizes = torch.bincount(windows.dataset[faces])[windows.dataset[faces]]
    optimiser = torch.optim.Adam(nn.ModuleList(list(net.children())[-LAST_LAYERS:]).parameters())
    generator = torch.Generator().manual_seed(seed)
    for step in trange(stage.steps, desc=stage.name, unit="step", disable=not progress):
        for group in optimiser.param_groups:
            group["lr"] = stage.learning_rate(step)
        rows = faces[torch.multinomial(1 / sizes, stage.batch, replacement=True, generator=generator)]
        more = others[torch.randint(len(others), (2 * stage.batch,), generator=generator)] if len(others) else others
        first, second = windows.first_features[rows], windows.second_features[rows]
        one, two = last_layers(net, first), last_layers(net, second)
        loss = stage.weights[2] * mean_look_error(windows, rows, one, two).mean()
        rest = windows.other_features[more]
        for now, features in ((one, first), (two, second), (last_layers(net, rest), rest)):
            scores, boxes = drift(before, features, now)
            loss = loss + (stage.weights[0] * scores + stage.weights[1] * boxes) * len(features) / (4 * stage.batch)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return {f"{name} {when}": value for when, its in (("before", before), ("after", net))
            for name, value in held_out_figures(its, before, windows).items()}  # fmt: skip


def last_layers(net: ONet, features: Tensor) -> NetOutput:
    """O-Net's output for windows whose features (N, 64, 4, 4) are what `conv4` reads."""
    x = net.prelu4(net.conv4(features))  # (N, 128, 3, 3)
    x = net.prelu5(net.dense5(x.flatten(1)))  # (N, 256)
    return NetOutput(net.face(x), net.offsets(x), None if net.landmarks is None else net.landmarks(x))


def mean_look_error(windows: FinetuningWindows, rows: Tensor, first: NetOutput, second: NetOutput) -> Tensor:
    """Landmark error of the mean of both looks, in eye distances, (n,).

    Parameters
    ----------
    windows : FinetuningWindows
    rows : Tensor (n,)
        Which of its faces.
    first, second : NetOutput
        O-Net's output for the windows of both looks, the second mirrored.
    """
    points = (
        _in_image(windows.first_windows[rows], first) + _in_image(windows.second_windows[rows], second.unmirror())
    ) / 2
    true = windows.landmarks[rows]
    eye_distance = (true[:, 1] - true[:, 0]).norm(dim=1).clamp(min=1)  # px
    return (points - true).norm(dim=2).mean(dim=1) / eye_distance


def drift(before: ONet, features: Tensor, now: NetOutput) -> tuple[Tensor, Tensor]:
    """How far the outputs have moved: Kullback-Leibler divergence of the scores, mean square of the offsets' change.

    Parameters
    ----------
    before : ONet
        The net before fine-tuning.
    features : Tensor (N, 64, 4, 4)
        Of the windows; both results are 0 where N is 0.
    now : NetOutput
        The present net's output for them.
    """
    if not len(features):
        return features.new_zeros(()), features.new_zeros(())
    with torch.no_grad():
        then = last_layers(before, features)
    new, old = (each.face.log_softmax(dim=1) for each in (now, then))
    scores = functional.kl_div(new, old, reduction="batchmean", log_target=True)
    return scores, (now.offsets - then.offsets).square().mean()


@torch.no_grad()
def held_out_figures(net: ONet, before: ONet, windows: FinetuningWindows) -> dict[str, float | None]:
    """Landmark error, and drift of scores and boxes, on photos held out of training; None where there are none.

    Parameters
    ----------
    net : ONet
        The net to measure.
    before : ONet
        The net before fine-tuning.
    windows : FinetuningWindows
    """
    faces, others = windows.rows(held_out=True)
    one, two = (last_layers(net, features[faces]) for features in (windows.first_features, windows.second_features))
    error = mean_look_error(windows, faces, one, two)
    rest = windows.other_features[others]
    scores, boxes = drift(before, rest, last_layers(net, rest))
    return {
        "landmarks off": round(error.mean().item(), 4) if len(faces) else None,
        "scores moved": round(scores.item(), 6) if len(others) else None,
        "boxes moved": round(boxes.item(), 6) if len(others) else None,
    }


def _in_image(windows: Tensor, output: NetOutput) -> Tensor:
    """Landmarks in the image, (N, 5, 2), where whole numbers are pixel centres."""
    assert output.landmarks is not None
    corner, size = windows[:, None, :2], (windows[:, 2:] - windows[:, :2])[:, None]  # (N, 1, 2)
    return corner + output.landmarks.view(-1, 2, 5).transpose(1, 2) * size - PIXEL_CENTRE
