"""Chapter 08's trials: windows of composed scenes, and many small P-Nets that learn from them side by side.

One loop trains a net for each seed: every value has one axis more, in front, and so has every batch. A sum over the
seeds keeps them apart: no net's loss depends on another's values.

>>> nets = ManyNets(seeds=[0, 1])
>>> nets(torch.zeros(2, 5, 25, 27, dtype=torch.float64)).shape  # five windows for each net: two logits of each
torch.Size([2, 5, 2])
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mtcnn_lite.boxes import Floats
from mtcnn_lite.course.scenes import scenes
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.draw import Pixels
from mtcnn_lite.images import crop_windows
from mtcnn_lite.losses import detection_loss
from mtcnn_lite.mining import ohem_nms
from mtcnn_lite.nets import normalise
from mtcnn_lite.pyramid import halvings
from mtcnn_lite.sampling.config import SamplingConfig
from mtcnn_lite.sampling.sampler import NEGATIVE, POSITIVE, kinds, sample

Rows = NDArray[np.int64]
Choose = Callable[[Tensor], Tensor]  # losses (S, B) of S nets -> bool (S, B), which of them teach
Pick = Callable[[Any, "Windows", list[np.random.Generator]], Rows]  # rows (S, B) of a step, -1 for no window
Thin = Callable[[Floats, Floats, int, float], Any]

SEEDS = tuple(range(8))
PHOTOS = {"train": (100, 8), "held_out": (40, 9)}  # how many scenes, and their seed
PER_PHOTO = 60  # windows with a detection loss
CONFIG = SamplingConfig(random=PER_PHOTO, beside=10, jittered=40, landmarks=0)
SIZE, FACES, RATE = 32, 0.25, 0.003  # windows a batch, how many of them faces, Adam's learning rate
LAYERS, SLOPES = ("conv1", "conv2", "conv3", "face"), ("prelu1", "prelu2", "prelu3")
OVERLAP = 0.7  # of two windows that count as the same place
APART = 1000.0  # px, more than a scene is wide
GRID_SIDES, PER_SIDE = (20, 28, 40), 6  # px: windows all over a scene; steps from one to the next, of a side


@dataclass(frozen=True, eq=False)
class Windows:
    """N windows with a detection loss, float64: every machine then prints the same digits.

    crops: uint8 (N, 12, 12, 3). x: (N, 3, 12, 12), what the net reads. y: (N,), 1 for a face. boxes: (N, 4), px of the
    photo.
    """

    crops: Pixels
    x: Tensor
    y: Tensor
    boxes: Floats

    def __len__(self) -> int:
        return len(self.y)

    @cached_property
    def patches(self) -> Tensor:
        """What the first layer multiplies: each window's 25 places of 3 x 3 pixels, (N, 25, 27)."""
        return self.x.permute(0, 2, 3, 1).unfold(1, 3, 2).unfold(2, 3, 2).reshape(len(self), 25, 27)

    @cached_property
    def sides(self) -> tuple[Rows, Rows]:
        """The rows of the faces, and of the others."""
        return torch.nonzero(self.y == 1)[:, 0].numpy(), torch.nonzero(self.y == 0)[:, 0].numpy()


@cache
def windows(split: Any = "train") -> Windows:
    """The windows of the scenes to learn from, or of those to measure on ("held_out").

    Photo k has the rows k * PER_PHOTO to (k + 1) * PER_PHOTO. The two sets share no face and no background but plain
    ramps. Faces are up to 60 px: larger ones would be the astronaut in both.
    """
    count, seed = PHOTOS[split]
    parts = []
    for k, photo in enumerate(scenes(count, seed=seed, sizes=(14, 60), split=split)):
        rng = np.random.default_rng([seed, k])
        samples, crops = sample(photo, 12, rng, CONFIG)
        judged = np.flatnonzero((samples["kind"] == NEGATIVE) | (samples["kind"] == POSITIVE))
        rows = rng.permutation(judged)[:PER_PHOTO]
        parts.append((crops[rows], samples["kind"][rows] == POSITIVE, samples["window"][rows]))
    crops, face, boxes = (np.concatenate(each) for each in zip(*parts, strict=True))
    return Windows(crops, normalise(crops).double(), torch.from_numpy(face.astype(np.int64)), boxes)


def all_over(photo: LabelledPhoto) -> Windows:
    """Windows of three sizes all over a photo, a sixth of their side apart, without parts of faces."""
    height, width = photo.image().shape[:2]
    parts = []
    for side in GRID_SIDES:
        xs, ys = np.meshgrid(*(np.arange(0, end - side + 1, side / PER_SIDE) for end in (width, height)))
        parts.append(np.stack([xs, ys, xs + side, ys + side], axis=-1).reshape(-1, 4))
    boxes = np.concatenate(parts).astype(np.float32)
    kind, _ = kinds(boxes, photo)
    boxes, kind = (each[(kind == NEGATIVE) | (kind == POSITIVE)] for each in (boxes, kind))
    crops = crop_windows(halvings(photo.image(), 12 / max(GRID_SIDES)), boxes, 12)
    return Windows(crops, normalise(crops).double(), torch.from_numpy((kind == POSITIVE).astype(np.int64)), boxes)


class QuickPNet(nn.Module):
    """P-Net with a stride of 2 in place of its pooling, and with the head for faces alone: half the multiplications."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.prelu1 = nn.Conv2d(3, 10, 3, stride=2), nn.PReLU(10)
        self.conv2, self.prelu2 = nn.Conv2d(10, 16, 3), nn.PReLU(16)
        self.conv3, self.prelu3 = nn.Conv2d(16, 32, 3), nn.PReLU(32)
        self.face = nn.Conv2d(32, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, 2) of windows (N, 3, 12, 12)."""
        x = self.prelu1(self.conv1(x))  # 12 -> 5       (N, 10, 5, 5)
        x = self.prelu2(self.conv2(x))  # 5 -> 3        (N, 16, 3, 3)
        x = self.prelu3(self.conv3(x))  # 3 -> 1        (N, 32, 1, 1)
        return self.face(x).flatten(1)


def untrained(seed: int) -> QuickPNet:
    """A P-Net of random values, float64, the same for the same seed."""
    torch.manual_seed(seed)
    return QuickPNet().double()


class ManyNets:
    """A P-Net for each of S seeds, computed together; of their three heads only the one for faces.

    Windows are 12 x 12, so each convolution is one product of matrices: rows of patches times the layer's weights.
    """

    def __init__(self, seeds: Sequence[int] = SEEDS) -> None:
        nets = [untrained(seed) for seed in seeds]
        self.weights = [_together([getattr(net, name).weight.flatten(1).T for net in nets]) for name in LAYERS]
        self.biases = [_together([getattr(net, name).bias[None] for net in nets]) for name in LAYERS]
        self.slopes = [_together([getattr(net, name).weight for net in nets]) for name in SLOPES]

    def parameters(self) -> list[Tensor]:
        return [*self.weights, *self.biases, *self.slopes]

    def __len__(self) -> int:
        return len(self.weights[0])

    def __call__(self, patches: Tensor) -> Tensor:
        """Logits (S, B, 2) of S batches of `Windows.patches` (S, B, 25, 27), each answered by its own net."""
        nets, size = patches.shape[:2]
        x = self._layer(0, patches.reshape(nets, size * 25, 27))
        patches = x.view(nets, size, 5, 5, 10).unfold(2, 3, 1).unfold(3, 3, 1)  # (S, B, 3, 3, 10, 3, 3)
        x = self._layer(1, patches.reshape(nets, size * 9, 90))
        x = self._layer(2, x.view(nets, size, 9, 16).transpose(2, 3).reshape(nets, size, 144))
        return torch.baddbmm(self.biases[3], x, self.weights[3])

    def _layer(self, k: int, rows: Tensor) -> Tensor:
        raw = torch.baddbmm(self.biases[k], rows, self.weights[k])  # (S, rows, channels)
        return torch.where(raw > 0, raw, raw * self.slopes[k][:, None])

    def losses(self, some: Windows, rows: Rows, labels: Tensor | None = None) -> Tensor:
        """Detection losses (S, B).

        Parameters
        ----------
        some : Windows
            To choose from.
        rows : int (S, B)
            Which of them each net is asked about.
        labels : Tensor (N,), optional
            In place of the windows' own.
        """
        y = some.y if labels is None else labels
        return detection_loss(self(some.patches[rows]).flatten(0, 1), y[rows].flatten()).view(rows.shape)

    def net(self, k: int) -> QuickPNet:
        """Number k as a net of its own."""
        made = untrained(0)
        with torch.no_grad():
            for name, weight, bias in zip(LAYERS, self.weights, self.biases, strict=True):
                layer = getattr(made, name)
                layer.weight.copy_(weight[k].T.reshape(layer.weight.shape))
                layer.bias.copy_(bias[k, 0])
            for name, slope in zip(SLOPES, self.slopes, strict=True):
                getattr(made, name).weight.copy_(slope[k])
        return made


def _together(values: list[Tensor]) -> Tensor:
    return torch.stack([each.detach() for each in values]).requires_grad_()


def hardest(keep: float) -> Choose:
    """The rule of `mining.hard_examples` for each net's batch: the int(keep * B) highest losses, at least one."""

    def choose(losses: Tensor) -> Tensor:
        order = losses.argsort(dim=1, descending=True, stable=True)  # (S, B)
        count = max(1, int(keep * losses.shape[1]))
        return torch.zeros_like(losses, dtype=torch.bool).scatter_(1, order[:, :count], True)

    return choose


def draw(some: Windows, rng: np.random.Generator, size: int = SIZE, faces: float = FACES) -> Rows:
    """Rows (size,) of a batch: windows of all photos, at random.

    Parameters
    ----------
    some : Windows
        To draw from.
    rng : numpy.random.Generator
        Draws.
    size : int
        Of the batch.
    faces : float
        Share of faces; 0.25 makes three negatives for each positive, as is usual for MTCNN.
    """
    face, ground = some.sides
    count = int(faces * size)
    return np.concatenate([rng.choice(face, count), rng.choice(ground, size - count)])


def at_random(size: int = SIZE, faces: float = FACES) -> Pick:
    """For each net the windows that `draw` gives."""
    return lambda nets, some, rngs: np.stack([draw(some, rng, size, faces) for rng in rngs])


def hard_of_place(windows: Floats, losses: Floats, count: int, overlap: float) -> Rows:
    """`mining.ohem_nms`, called as the exercise `hard_windows` is.

    Parameters
    ----------
    windows, losses : (N, 4), (N,)
        Of one photo.
    count : int
        How many at most.
    overlap : float
        Highest IoU of two of them.
    """
    return ohem_nms(windows, torch.from_numpy(losses), count, overlap).numpy()


def _of_photos(some: Windows, photos: int, rngs: list[np.random.Generator]) -> Rows:
    """All windows of so many photos for each net, (S, photos * PER_PHOTO)."""
    chosen = np.stack([rng.choice(len(some) // PER_PHOTO, photos, replace=False) for rng in rngs])  # (S, photos)
    return (chosen[:, :, None] * PER_PHOTO + np.arange(PER_PHOTO)).reshape(len(rngs), -1)


def some_of_two_photos(photos: int = 2, size: int = SIZE) -> Pick:
    """Windows of so many photos, at random, whatever their labels."""

    def pick(nets: Any, some: Windows, rngs: list[np.random.Generator]) -> Rows:
        rows = _of_photos(some, photos, rngs)
        return np.stack([rng.choice(one, size, replace=False) for one, rng in zip(rows, rngs, strict=True)])

    return pick


def two_passes(photos: int = 2, size: int = SIZE, overlap: float = OVERLAP, thin: Thin = hard_of_place) -> Pick:
    """Shrivastava et al. 2016: a pass that only reads ranks all windows of some photos; the hardest after NMS teach.

    Parameters
    ----------
    photos, size : int
        A step's photos, and at most how many of their windows teach.
    overlap : float
        Highest IoU of two of them.
    thin : function
        Of windows (N, 4), losses (N,), count and overlap: the rows (K,) of the hardest, as `hard_windows` gives them.
    """

    def pick(nets: Any, some: Windows, rngs: list[np.random.Generator]) -> Rows:
        rows = _of_photos(some, photos, rngs)
        with torch.no_grad():
            losses = nets.losses(some, rows).numpy()
        picked = np.full((len(rngs), size), -1)
        for one, own, cost in zip(picked, rows, losses, strict=True):
            apart = some.boxes[own] + APART * (own // PER_PHOTO)[:, None]  # windows of two photos never overlap
            kept = own[np.asarray(thin(apart.astype(np.float32), cost, size, overlap), int)]
            one[: len(kept)] = kept
        return picked

    return pick


def train(
    some: Windows,
    choose: Choose,
    at: Sequence[int],
    pick: Pick | None = None,
    labels: Tensor | None = None,
    seeds: Sequence[int] = SEEDS,
    rate: float = RATE,
) -> Iterator[ManyNets]:
    """The nets of all seeds after each of `at` steps: the same ones, further trained.

    Parameters
    ----------
    some : Windows
        To learn from.
    choose : function
        Of losses (S, B): which of them teach, bool (S, B).
    at : sequence of int
        Steps, growing.
    pick : function, optional
        Which windows a step looks at; `at_random()`.
    labels : Tensor (N,), optional
        In place of the windows' own.
    seeds : sequence of int
        One for each net.
    rate : float
        Adam's learning rate.
    """
    nets, rngs, pick = ManyNets(seeds), [np.random.default_rng(seed) for seed in seeds], pick or at_random()
    optimiser = torch.optim.Adam(nets.parameters(), lr=rate, fused=True)
    for step in range(1, max(at) + 1):
        rows = pick(nets, some, rngs)  # (S, B)
        losses = nets.losses(some, rows, labels)
        chosen = choose(losses) & torch.from_numpy(rows >= 0)
        optimiser.zero_grad()
        ((losses * chosen).sum(dim=1) / chosen.sum(dim=1)).sum().backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        if step in at:
            yield nets


def three_moments(some: Windows) -> dict[str, QuickPNet]:
    """A net before it has learned anything, after 20 steps and after 300, each as a copy of its own."""
    stops = {"untrained": 0, "after 20 steps": 20, "after 300 steps": 300}
    learning = train(some, hardest(1), [stop for stop in stops.values() if stop], seeds=[0])
    return {name: next(learning).net(0) if stop else untrained(0) for name, stop in stops.items()}


def recall(nets: ManyNets, unseen: Windows, allowed: float = 0.01) -> NDArray[np.float64]:
    """The share of the face windows that each net finds, (S,).

    Parameters
    ----------
    nets : ManyNets
        S of them.
    unseen : Windows
        To measure on.
    allowed : float
        Share of the other windows that pass: it sets each net's threshold.
    """
    with torch.no_grad():
        parts = [part.expand(len(nets), *part.shape) for part in torch.split(unseen.patches, 200)]
        logits = torch.cat([nets(part) for part in parts], dim=1)  # (S, N, 2)
    score = logits[..., 1] - logits[..., 0]  # (S, N)
    ground = score[:, unseen.y == 0].sort(dim=1, descending=True).values
    bound = ground[:, int(allowed * ground.shape[1])]
    return (score[:, unseen.y == 1] > bound[:, None]).double().mean(dim=1).numpy()
