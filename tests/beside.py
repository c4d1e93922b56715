"""Faces of two engines beside each other."""

import numpy as np


def off(found, wanted):
    """How far each face's box and points, in px, and score are from those of the same face of `wanted`: (N, 3)."""
    assert len(found) == len(wanted)
    if not len(wanted):
        return np.zeros((0, 3))
    nearest = abs(found.boxes[:, None] - wanted.boxes).max(2).argmin(1)  # those of one score may come in any order
    assert sorted(nearest) == list(range(len(wanted)))
    pairs = ((found.boxes, wanted.boxes), (found.landmarks, wanted.landmarks), (found.scores, wanted.scores))
    return np.stack([abs(one - other[nearest]).reshape(len(one), -1).max(1) for one, other in pairs], axis=1)


def same(found, wanted, pixels=0.05, scores=5e-4):
    assert (off(found, wanted) <= (pixels, pixels, scores)).all()


def crops(photo):
    """The photo, turned, cut at odd sizes, small and dark."""
    yield photo
    yield np.ascontiguousarray(photo[:, ::-1])
    for size in (97, 161, 211, 303):
        yield photo[:size, 150 : 150 + size]
        yield photo[3:size, 141 : 141 + size] // 3
    yield photo[::2, ::2].copy()
    yield photo[::3, ::4].copy()
