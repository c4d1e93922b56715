"""Independent answers to compare with: counted pixels, plain loops, and nets written in numpy."""

from importlib.util import find_spec
from pathlib import Path

import joblib
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

SIDE = 24  # integer test boxes lie in a square of this many pixels


def integer_boxes(rng, count):
    """Random boxes on whole pixels, wide and high ones, some of them empty or turned inside out."""
    corner = rng.integers(0, SIDE - 4, (count, 2))
    size = rng.integers(1, 14, (count, 2)) - 3 * (rng.random((count, 2)) < 0.08)
    return np.concatenate([corner, np.minimum(corner + size, SIDE)], axis=1).astype(np.float32)


def pixels(box):
    """The set of pixels that a box of whole numbers covers."""
    x1, y1, x2, y2 = (int(v) for v in box)
    return {(x, y) for x in range(x1, x2) for y in range(y1, y2)}


def counted(first, second, measure="iou"):
    """Overlap of two boxes by counting pixels."""
    a, b = pixels(first), pixels(second)
    whole = len(a | b) if measure == "iou" else min(len(a), len(b))
    return len(a & b) / whole if whole else 0.0


def looped_nms(boxes, scores, threshold, measure="iou"):
    """Greedy NMS: (kept indices, best first; for each box, the index of the one that removed it or its own)."""
    kept, by = [], list(range(len(boxes)))
    for i in sorted(range(len(boxes)), key=lambda i: (-scores[i], i)):
        killers = [k for k in kept if counted(boxes[k], boxes[i], measure) > threshold]
        if killers:
            by[i] = killers[0]
        else:
            kept.append(i)
    return kept, by


def looped_soft_nms(boxes, scores, weight):
    """Bodla et al. 2017, fig. 2: B, S in; D, S out. `weight(overlap)` is f(iou(M, b))."""
    left, s = list(range(len(boxes))), [float(v) for v in scores]
    while left:  # while B is not empty
        m = max(left, key=lambda i: (s[i], -i))
        left.remove(m)
        for i in left:
            s[i] *= weight(counted(boxes[m], boxes[i]))
    return s


def parts(x, k):
    """Every k x k part of images (N, H, W, C): (N, H - k + 1, W - k + 1, k, k, C)."""
    return sliding_window_view(x, (k, k), axis=(1, 2)).transpose(0, 1, 2, 4, 5, 3)


def convolved(x, weight, bias):
    return np.einsum("nyxijc,ijco->nyxo", parts(x, weight.shape[0]), weight, optimize=True) + bias


def prelu(x, slope):
    return np.where(x > 0, x, x * slope.reshape(-1))


def pooled(x, k):
    """Max pooling, stride 2, sizes rounded up."""
    rows, columns = (-(-(n - k) // 2) + 1 for n in x.shape[1:3])
    missing = [(0, 0), (0, 2 * (rows - 1) + k - x.shape[1]), (0, 2 * (columns - 1) + k - x.shape[2]), (0, 0)]
    return parts(np.pad(x, missing, constant_values=-np.inf), k)[:, ::2, ::2].max(axis=(3, 4))


def released(name):
    """The authors' arrays of one net as the package mtcnn stores them."""
    folder = Path(find_spec("mtcnn").submodule_search_locations[0])  # without importing it: it wants TensorFlow
    return [np.asarray(a, np.float64) for a in joblib.load(folder / "assets" / "weights" / f"{name}.lz4")]


def released_forward(name, images):
    """What the authors' net says of uint8 (N, H, W, 3): face logits, offsets, landmarks or None, channels last."""
    values = iter(released(name))
    x = (images.astype(np.float64) - 127.5) / 128

    def layer(x, k=None):
        x = prelu(convolved(x, next(values), next(values)), next(values))
        return pooled(x, k) if k else x

    if name == "pnet":
        x = layer(layer(layer(x, 2)))
    else:
        x = layer(layer(x, 3), 3)
        x = layer(x) if name == "rnet" else layer(layer(x, 2))
        x = x.transpose(0, 2, 1, 3).reshape(len(x), -1)  # (W, H, C)
        x = prelu(x @ next(values) + next(values), next(values))
    head = (lambda: convolved(x, next(values), next(values))) if name == "pnet" else (
        lambda: x @ next(values) + next(values)
    )  # fmt: skip
    offsets = head()
    landmarks = head() if name == "onet" else None
    face = head()
    assert next(values, None) is None, "an array is left over"
    return face, offsets, landmarks
