"""A last round for O-Net's landmarks, on the very looks of which a detector takes the mean.

What is made small is what is measured: the mean of both looks' points, off by so many eye distances. The layers from
`conv4` on learn it; what O-Net says of faces and boxes is to stay, so they also learn to say it as before.
"""

from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import trange

from mtcnn_lite.coordinates import PIXEL_CENTRE
from mtcnn_lite.nets import NetOutput, ONet
from mtcnn_lite.training.looks import LAST, Looks
from mtcnn_lite.training.plan import Stage


def settle(net: ONet, looks: Looks, stage: Stage, seed: int, progress: bool = False) -> dict[str, float | None]:
    """Train the layers of `net` from `conv4` on, in place, and return what `held_out` says of it before and after.

    Each of the stage's steps takes `batch` faces, as many of each data set, and twice as many other windows. Of
    `stage.weights` the first two are those of what is to stay, face or not and box, the third that of the landmarks.
    There must be a face to learn from.
    """
    before = deepcopy(net)
    faces, others = looks.rows(held_out=False)
    sizes = torch.bincount(looks.group[faces])[looks.group[faces]]
    optimiser = torch.optim.Adam(nn.ModuleList(list(net.children())[-LAST:]).parameters())
    chance = torch.Generator().manual_seed(seed)
    for step in trange(stage.steps, desc=stage.name, unit="step", disable=not progress):
        for group in optimiser.param_groups:
            group["lr"] = stage.learning_rate(step)
        rows = faces[torch.multinomial(1 / sizes, stage.batch, replacement=True, generator=chance)]
        more = others[torch.randint(len(others), (2 * stage.batch,), generator=chance)] if len(others) else others
        first, second = looks.first[rows], looks.second[rows]
        one, two = said(net, first), said(net, second)
        costs = stage.weights[2] * errors(looks, rows, one, two).mean()
        rest = looks.others[more]
        for now, seen in ((one, first), (two, second), (said(net, rest), rest)):
            scores, boxes = changes(before, seen, now)
            costs = costs + (stage.weights[0] * scores + stage.weights[1] * boxes) * len(seen) / (4 * stage.batch)
        optimiser.zero_grad()
        costs.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return {f"{name} {when}": value for when, its in (("before", before), ("after", net))
            for name, value in held_out(its, before, looks).items()}  # fmt: skip


def said(net: ONet, seen: Tensor) -> NetOutput:
    """O-Net's answers to windows of which `conv4` reads `seen` (N, 64, 4, 4)."""
    x = net.prelu4(net.conv4(seen))  # (N, 128, 3, 3)
    x = net.prelu5(net.dense5(x.flatten(1)))  # (N, 256)
    return NetOutput(net.face(x), net.offsets(x), None if net.landmarks is None else net.landmarks(x))


def errors(looks: Looks, rows: Tensor, first: NetOutput, second: NetOutput) -> Tensor:
    """How far the mean of both looks' points is off at these faces, in eye distances: (N,)."""
    points = (_placed(looks.windows[rows], first) + _placed(looks.settled[rows], second.unmirror())) / 2
    true = looks.points[rows]
    apart = (true[:, 1] - true[:, 0]).norm(dim=1).clamp(min=1)  # px
    return (points - true).norm(dim=2).mean(dim=1) / apart


def changes(before: ONet, seen: Tensor, now: NetOutput) -> tuple[Tensor, Tensor]:
    """How far `now` is from what the net said before: of face or not the Kullback-Leibler divergence, of the offsets
    the mean square; both 0 where no window is given."""
    if not len(seen):
        return seen.new_zeros(()), seen.new_zeros(())
    with torch.no_grad():
        then = said(before, seen)
    new, old = (each.face.log_softmax(dim=1) for each in (now, then))
    scores = functional.kl_div(new, old, reduction="batchmean", log_target=True)
    return scores, (now.offsets - then.offsets).square().mean()


@torch.no_grad()
def held_out(net: ONet, before: ONet, looks: Looks) -> dict[str, float | None]:
    """Landmark error, and what has changed in scores and boxes, on photos held out of training; None where none is."""
    faces, others = looks.rows(held_out=True)
    off = errors(looks, faces, said(net, looks.first[faces]), said(net, looks.second[faces]))
    scores, boxes = changes(before, looks.others[others], said(net, looks.others[others]))
    return {
        "landmarks off": round(off.mean().item(), 4) if len(faces) else None,
        "scores moved": round(scores.item(), 6) if len(others) else None,
        "boxes moved": round(boxes.item(), 6) if len(others) else None,
    }


def _placed(windows: Tensor, answer: NetOutput) -> Tensor:
    """Landmarks in the image, (N, 5, 2), where whole numbers are pixel centres."""
    assert answer.landmarks is not None
    corner, size = windows[:, None, :2], (windows[:, 2:] - windows[:, :2])[:, None]  # (N, 1, 2)
    return corner + answer.landmarks.view(-1, 2, 5).transpose(1, 2) * size - PIXEL_CENTRE
