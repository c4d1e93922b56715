"""Training samples: which windows of a labelled photo a net learns from, and their targets.

Zhang et al. 2016, section III.A and "training data": a window is positive where its IoU with a face is over 0.65, part
between 0.4 and 0.65, negative under 0.3 with every face; what lies between 0.3 and 0.4 is used for nothing. How many of
each, and how they are drawn, the paper does not say: the counts are near those of the training scripts that came after
it.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mtcnn_lite.arguments import function, generator, instance, shown, whole
from mtcnn_lite.array_arguments import finite, floats
from mtcnn_lite.boxes import Floats, _encode_offsets, _iou, _square_boxes, as_boxes
from mtcnn_lite.coordinates import PIXEL_CENTRE, rotate
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.images import Pixels, as_rgb, crop_windows
from mtcnn_lite.pyramid import CELL, halvings
from mtcnn_lite.sampling.config import SamplingConfig
from mtcnn_lite.sampling.random_windows import _beside, _jitter, anywhere, into

KINDS = ("negative", "positive", "part", "landmark")  # a sample's `kind` is its place in this row
NEGATIVE, POSITIVE, PART, LANDMARK = range(4)
NOTHING = 255  # `kinds` of a window that is none of these

# One sample. face: its row in the photo's boxes, -1 for a negative. window: pixels of the photo. turn: degrees,
# clockwise, by which the photo is turned about the face's centre before the window is cut. offsets, landmarks: the
# targets, as seen from the window, in window sides from its top left corner; NaN where a kind has none.
SAMPLE = np.dtype(
    [("photo", np.int32), ("kind", np.uint8), ("face", np.int32), ("window", np.float32, 4), ("turn", np.float32),
     ("offsets", np.float32, 4), ("landmarks", np.float32, (5, 2))]
)  # fmt: skip
Samples = NDArray[np.void]  # of dtype SAMPLE
Propose = Callable[[Pixels], tuple[Floats, Floats]]  # photo -> square windows (N, 4) and their scores (N,)

SPARE = 4  # windows drawn for each one asked for, where some will not fit
BLOCK = 1 << 22  # overlaps that are in memory at once


def kinds(
    windows: ArrayLike, photo: LabelledPhoto, config: SamplingConfig | None = None
) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """What each window is good for, and which face it belongs to.

    A window belongs to the face it overlaps most, the first one of equals; ignored faces make no positive and no part.
    A negative must stay under `config.negative` with every face, ignored ones too.

    Parameters
    ----------
    windows
        (N, 4).
    photo
        Its boxes, `ignore` and `complete` are used.
    config
        The bounds; those of the paper by default.

    Returns
    -------
    tuple
        uint8 (N,), NEGATIVE, POSITIVE, PART, or NOTHING; and int32 (N,), the face's row in the photo's boxes, -1 for
        none.

    Raises
    ------
    ValueError
        For windows of another shape, NaN among them.
    TypeError
        For what is no LabelledPhoto, no SamplingConfig, or no number.

    Examples
    --------
    >>> from mtcnn_lite.boxes import iou
    >>> photo = LabelledPhoto(np.zeros((100, 100, 3), np.uint8), [[10, 10, 30, 30]])
    >>> windows = [[10, 10, 30, 30], [16, 10, 36, 30], [20, 10, 40, 30], [60, 60, 80, 80]]
    >>> iou(windows, photo.boxes).T.round(2)
    array([[1.  , 0.54, 0.33, 0.  ]], dtype=float32)
    >>> kinds(windows, photo)
    (array([  1,   2, 255,   0], dtype=uint8), array([ 0,  0, -1, -1], dtype=int32))
    """
    return _kinds(as_boxes(windows, "windows"), _photo(photo), _config(config))


def _kinds(
    windows: Floats, photo: LabelledPhoto, config: SamplingConfig
) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    kind = np.full(len(windows), NOTHING, np.uint8)
    face = np.full(len(windows), -1, np.int32)
    if not len(photo.boxes):
        kind[:] = NEGATIVE if photo.complete else NOTHING
        return kind, face
    at_once = max(1, BLOCK // len(photo.boxes))  # a crowd times its own windows would not fit in memory
    for start in range(0, len(windows), at_once):
        rows = slice(start, start + at_once)
        overlap = _iou(windows[rows], photo.boxes)  # (n, M)
        with_any = overlap.max(axis=1)
        overlap[:, photo.ignore] = 0
        nearest = overlap.argmax(axis=1)
        best = overlap[np.arange(len(overlap)), nearest]
        negative = with_any < config.negative
        if not photo.complete:
            negative &= with_any >= config.touching
        is_a = [best >= config.positive, best >= config.part, negative]
        kind[rows] = np.select(is_a, [POSITIVE, PART, NEGATIVE], NOTHING)
        face[rows] = np.where((kind[rows] == POSITIVE) | (kind[rows] == PART), nearest, -1)
    return kind, face


def choose(
    photo: LabelledPhoto,
    height: int,
    width: int,
    size: int,
    rng: np.random.Generator,
    config: SamplingConfig | None = None,
    proposed: tuple[Floats, Floats] | None = None,
) -> Samples:
    """The samples of one photo, without their crops.

    P-Net's windows are moved into the photo, for that is where it looks; the other nets' may leave it. Fewer negatives
    than asked for are returned where the photo has no room for them.

    Parameters
    ----------
    photo
        The labels; its pixels are not read.
    height, width
        Of the photo, px.
    size
        What the net reads, px: 12, 24 or 48.
    rng
        Draws everything.
    config
        How many of each sort, and the bounds between the kinds.
    proposed
        Square windows (N, 4) and scores (N,) that the cascade so far lets through. They are labelled by the same rule;
        positives and parts are all taken, of the negatives the `hardest` and some `others`.

    Returns
    -------
    numpy.ndarray
        Records of dtype SAMPLE, in the order: jittered, landmarks, anywhere, beside, proposed.

    Raises
    ------
    ValueError
        For a size that is not whole or below 1, and for proposals that are not (N, 4) and (N,).
    TypeError
        For an argument of another type.
    """
    photo, config, rng = _photo(photo), _config(config), generator("rng", rng)
    height, width = whole("height", height, low=1, unit=" px"), whole("width", width, low=1, unit=" px")
    size = whole("size", size, low=1, unit=" px")
    usable = np.flatnonzero(~photo.ignore)
    marked = usable[photo.has_landmarks[usable]]

    def jittered(faces: NDArray[np.int64], count: int, near: float = 1.0) -> Floats:
        windows = _jitter(photo.boxes[faces], count, rng, config.shift, config.smaller, config.larger)
        square = np.repeat(_square_boxes(photo.boxes[faces]), count, axis=0)
        windows = near * windows + (1 - near) * square
        return into(windows, height, width) if size == CELL else windows

    around = jittered(usable, config.jittered)
    kind, face = _kinds(around, photo, config)
    picked = [_rows((kind == POSITIVE) | (kind == PART), around, kind, face)]

    on_marked = jittered(marked, SPARE * config.landmarks, config.near)
    owner = np.repeat(marked, SPARE * config.landmarks).astype(np.int32)
    of_face = on_marked.reshape(len(marked), SPARE * config.landmarks, 4)
    close = [_iou(of_face[f], photo.boxes[[row]])[:, 0] >= config.positive for f, row in enumerate(marked)]
    first = _first(np.array(close, bool), config.landmarks)
    picked.append(_rows(first, on_marked, np.full(len(owner), LANDMARK, np.uint8), owner))

    picked.append(_negatives(anywhere(height, width, SPARE * config.random, rng), config.random, photo, config))
    for_each = into(_beside(photo.boxes[usable], SPARE * config.beside, rng), height, width)
    picked.append(_negatives(for_each, config.beside, photo, config, groups=len(usable)))
    if proposed is not None:
        picked.append(_of_proposals(*_proposals(proposed), photo, rng, config))
    windows, kind, face = (np.concatenate(column) for column in zip(*picked, strict=True))
    return _with_targets(windows, kind, face, photo, rng, config)


def cut(image: Pixels, photo: LabelledPhoto, samples: Samples, size: int) -> Pixels:
    """The samples' crops: what the net sees.

    Parameters
    ----------
    image
        uint8 (H, W, 3), the photo's pixels.
    photo
        The labels: a turned sample is turned about its face's centre.
    samples
        Of `choose`, N of them.
    size
        Side of the crops, px.

    Returns
    -------
    numpy.ndarray
        uint8 (N, size, size, 3).

    Raises
    ------
    ValueError
        For a size below 1, and samples of faces that the photo does not have.
    TypeError
        For what are no pixels, no LabelledPhoto, or no samples.
    """
    image, photo, size = as_rgb(image), _photo(photo), whole("size", size, low=1, unit=" px")
    samples = _samples(samples)
    if len(samples) and not -1 <= samples["face"].min() <= samples["face"].max() < len(photo.boxes):
        raise ValueError(f"samples holds faces {samples['face'].min()} to {samples['face'].max()}; the photo has "
                         f"{len(photo.boxes)}, and -1 stands for none")  # fmt: skip
    longest = (samples["window"][:, 2:] - samples["window"][:, :2]).max(initial=size)
    copies = halvings(image, size / float(longest))
    if not samples["turn"].any():
        return crop_windows(copies, samples["window"], size)
    return crop_windows(copies, samples["window"], size, samples["turn"], _centres(photo)[samples["face"]])


def sample(
    photo: LabelledPhoto,
    size: int,
    rng: np.random.Generator,
    config: SamplingConfig | None = None,
    propose: Propose | None = None,
) -> tuple[Samples, Pixels]:
    """`choose`, then `cut`: a photo's samples and their crops.

    Parameters
    ----------
    photo
        The labelled photo.
    size
        What the net reads, px: 12, 24 or 48.
    rng
        Draws everything.
    config
        How many of each sort, and the bounds between the kinds.
    propose
        Gives the windows and scores that the cascade so far lets through in an image; see `proposals`.

    Returns
    -------
    tuple
        Records of dtype SAMPLE, (N,), and crops, uint8 (N, size, size, 3).

    Raises
    ------
    ValueError, TypeError
        As `choose` and `cut`; TypeError also for a `propose` that is no function.
    """
    if propose is not None:
        function("propose", propose)
    image = _photo(photo).image()
    height, width = image.shape[:2]
    chosen = choose(photo, height, width, size, rng, config, propose(image) if propose else None)
    return chosen, cut(image, photo, chosen, size)


def counts(samples: Samples) -> dict[str, int]:
    """How many of each kind. TypeError for what are no records of dtype SAMPLE, ValueError for an unknown kind.

    >>> counts(np.zeros(3, SAMPLE))
    {'negative': 3, 'positive': 0, 'part': 0, 'landmark': 0}
    """
    kind = _samples(samples)["kind"]
    if len(kind) and kind.max() >= len(KINDS):
        raise ValueError(
            f"samples holds the kind {kind.max()}; a kind is from 0 to {len(KINDS) - 1}: {', '.join(KINDS)}"
        )
    found = np.bincount(kind, minlength=len(KINDS))
    return dict(zip(KINDS, found.tolist(), strict=True))


Picked = tuple[Floats, NDArray[np.uint8], NDArray[np.int32]]  # windows (N, 4), kinds (N,), faces (N,)


def _rows(which: NDArray[np.bool_], windows: Floats, kind: NDArray[np.uint8], face: NDArray[np.int32]) -> Picked:
    return windows[which], kind[which], face[which]


def _first(fit: NDArray[np.bool_], count: int) -> NDArray[np.bool_]:
    """Of each row of `fit` (groups, n) the first `count` that are True: a mask (groups * n,)."""
    fit = fit.reshape(len(fit), -1 if fit.size else 0)
    return (fit & (fit.cumsum(axis=1) <= count)).reshape(-1)


def _negatives(windows: Floats, count: int, photo: LabelledPhoto, config: SamplingConfig, groups: int = 1) -> Picked:
    """Of each of `groups` equal runs of windows, the first `count` that are negative."""
    kind, face = _kinds(windows, photo, config)
    negative = (kind == NEGATIVE).reshape(groups, len(kind) // max(groups, 1))
    return _rows(_first(negative, count), windows, kind, face)


def _of_proposals(
    windows: Floats, scores: Floats, photo: LabelledPhoto, rng: np.random.Generator, config: SamplingConfig
) -> Picked:
    """All positives and parts, the `hardest` negatives (of equals the first), and `others` drawn from the rest."""
    kind, face = _kinds(windows, photo, config)
    negatives = np.flatnonzero(kind == NEGATIVE)
    negatives = negatives[np.argsort(-scores[negatives], kind="stable")]
    rest = rng.permutation(negatives[config.hardest :])  # shuffled, not drawn again and again: each one at most once
    taken = (kind == POSITIVE) | (kind == PART)
    taken[negatives[: config.hardest]] = True
    taken[rest[: config.others]] = True
    return _rows(taken, windows, kind, face)


def _with_targets(windows: Floats, kind: NDArray[np.uint8], face: NDArray[np.int32], photo: LabelledPhoto,
                  rng: np.random.Generator, config: SamplingConfig) -> Samples:  # fmt: skip
    """The finished samples. Targets hold all that is known of one; which of them a net learns, the loss decides."""
    samples = np.zeros(len(windows), SAMPLE)
    samples["kind"], samples["face"], samples["window"] = kind, face, windows
    samples["offsets"], samples["landmarks"] = np.nan, np.nan
    rows = np.flatnonzero(face >= 0)
    mine, window = face[rows], windows[rows]
    turn = rng.normal(0, 1, len(rows)) * config.turn
    samples["turn"][rows] = turn
    samples["offsets"][rows] = _encode_offsets(window, photo.boxes[mine])
    # Points count pixel centres, windows pixel edges: half a pixel lies between.
    centre = _centres(photo)[mine][:, None]  # (n, 1, 2)
    points = rotate(photo.landmarks[mine] + PIXEL_CENTRE - centre, turn) + centre  # (n, 5, 2)
    side = (window[:, 2:] - window[:, :2])[:, None]
    samples["landmarks"][rows] = (points - window[:, None, :2]) / side
    return samples


def _centres(photo: LabelledPhoto) -> Floats:
    """The faces' centres (N, 2), about which they are turned, and one more that stands for "no face" (row -1)."""
    return np.concatenate([(photo.boxes[:, :2] + photo.boxes[:, 2:]) / 2, np.zeros((1, 2), np.float32)])


def _photo(photo: LabelledPhoto) -> LabelledPhoto:
    return instance("photo", photo, LabelledPhoto, "a LabelledPhoto")


def _config(config: SamplingConfig | None) -> SamplingConfig:
    return SamplingConfig() if config is None else instance("config", config, SamplingConfig, "a SamplingConfig")


def _samples(samples: Samples) -> Samples:
    instance("samples", samples, np.ndarray, "an array of dtype SAMPLE, (N,)")
    if samples.dtype != SAMPLE or samples.ndim != 1:
        raise TypeError(f"samples is {shown(samples)}; it must be an array of dtype SAMPLE, (N,), as choose gives it")
    return samples


def _proposals(proposed: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    if not isinstance(proposed, tuple | list) or len(proposed) != 2:
        raise TypeError(f"proposed is {shown(proposed)}; it must be two arrays: windows (N, 4) and their scores (N,)")
    windows = as_boxes(proposed[0], "proposed[0]")
    scores = finite("proposed[1]", floats("proposed[1]", proposed[1], shape="scores (N,)"))
    if scores.shape != (len(windows),):
        raise ValueError(
            f"proposed[1] has shape {scores.shape}; for {len(windows)} windows it must be ({len(windows)},)"
        )
    return windows, scores
