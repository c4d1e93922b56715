"""Box arithmetic against counted pixels and worked cases."""

import numpy as np
import pytest
from oracles import SIDE, counted, integer_boxes, pixels

from mtcnn_lite import boxes as b

RNG = np.random.default_rng(0)
TALL = np.array([[10, 20, 14, 30]], np.float32)  # width 4, height 10: x and y can't be exchanged unseen


@pytest.mark.parametrize(("n", "m"), [(40, 50), (1, 7), (0, 3), (3, 0), (0, 0)])
def test_areas_and_overlaps_are_counted_pixels(n, m):
    first, second = integer_boxes(RNG, n), integer_boxes(RNG, m)
    assert b.area(first).tolist() == [len(pixels(box)) for box in first]
    shared = [[len(pixels(f) & pixels(s)) for s in second] for f in first]
    np.testing.assert_array_equal(b.intersection(first, second), np.reshape(shared, (n, m)))
    for measure in ("iou", "iom"):
        table = [[counted(f, s, measure) for s in second] for f in first]
        got = getattr(b, measure)(first, second)
        assert got.dtype == np.float32
        np.testing.assert_allclose(got, np.reshape(table, (n, m)), rtol=1e-6)


def test_clipped_box_covers_the_pixels_that_lie_inside():
    windows = integer_boxes(RNG, 60) + RNG.integers(-20, 20, (60, 1)).astype(np.float32)
    height, width = 9, SIDE - 4
    for box, clipped in zip(windows, b.clip_boxes(windows, height, width), strict=True):
        inside = {(x, y) for x, y in pixels(box) if 0 <= x < width and 0 <= y < height}
        assert pixels(clipped) == inside
        assert (clipped >= 0).all()
        assert (clipped <= [width, height, width, height]).all()


@pytest.mark.parametrize(
    ("box", "square"),
    [
        ([10, 20, 14, 30], [7, 20, 17, 30]),
        ([10, 20, 20, 23], [10, 16.5, 20, 26.5]),
        ([-3, -3, 2, 2], [-3, -3, 2, 2]),
        ([5, 5, 5, 9], [3, 5, 7, 9]),
        ([5, 5, 4, 3], [4.5, 4, 4.5, 4]),  # inside out: nothing, and not a square of negative size
    ],
)
def test_square_keeps_the_centre_and_the_longer_side(box, square):
    np.testing.assert_array_equal(b.square_boxes([box]), [square])


@pytest.mark.parametrize(
    ("window", "box", "offsets"),
    [
        ([10, 20, 14, 30], [12, 25, 15, 32], [0.5, 0.5, 0.25, 0.2]),
        ([0, 0, 20, 20], [-4, 2, 15, 25], [-0.2, 0.1, -0.25, 0.25]),
    ],
)
def test_offsets_are_fractions_of_the_window_from_corner_to_the_same_corner(window, box, offsets):
    np.testing.assert_allclose(b.encode_offsets([window], [box]), [offsets], atol=1e-6)
    np.testing.assert_allclose(b.decode_offsets([window], [offsets]), [box], atol=1e-5)


def test_offsets_there_and_back_also_in_a_mirror():
    windows = RNG.uniform(-50, 400, (200, 2)).astype(np.float32)
    windows = np.concatenate([windows, windows + RNG.uniform(12, 99, (200, 2)).astype(np.float32)], axis=1)
    faces = windows + RNG.normal(0, 10, (200, 4)).astype(np.float32)
    offsets = b.encode_offsets(windows, faces)
    np.testing.assert_allclose(b.decode_offsets(windows, offsets), faces, atol=1e-3)

    def mirror(box):
        return np.stack([640 - box[:, 2], box[:, 1], 640 - box[:, 0], box[:, 3]], axis=1)

    turned = offsets[:, [2, 1, 0, 3]] * [-1, 1, -1, 1]
    np.testing.assert_allclose(b.encode_offsets(mirror(windows), mirror(faces)), turned, atol=1e-5)


def test_landmarks_go_from_all_x_then_all_y_to_points_in_the_image():
    points = b.landmarks_to_image(TALL, [[0, 0.25, 0.5, 0.75, 1, 0.1, 0.2, 0.3, 0.4, 1.5]])
    np.testing.assert_allclose(points, [[[10, 21], [11, 22], [12, 23], [13, 24], [14, 35]]], atol=1e-5)


FUNCTIONS = {
    "area": (TALL,),
    "intersection": (TALL, TALL),
    "iou": (TALL, TALL),
    "iom": (TALL, TALL),
    "square_boxes": (TALL,),
    "clip_boxes": (TALL, 25, 12),
    "encode_offsets": (TALL, TALL + 1),
    "decode_offsets": (TALL, TALL / 99),
    "landmarks_to_image": (TALL, np.full((1, 10), 0.3, np.float32)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_inputs_stay_as_they_are_results_are_new_and_empty_stays_empty(name):
    arguments = [np.array(a) for a in FUNCTIONS[name]]
    before = [a.copy() for a in arguments]
    for argument in arguments:
        argument.setflags(write=False)
    result = getattr(b, name)(*arguments)
    for argument, was in zip(arguments, before, strict=True):
        np.testing.assert_array_equal(argument, was)
        assert not np.shares_memory(result, argument)
    none = [a[:0] if a.ndim else a for a in arguments]
    empty = getattr(b, name)(*none)
    assert len(empty) == 0
    assert empty.ndim == result.ndim
    assert empty.dtype == np.float32
    assert getattr(b, name)(*[[] if a.ndim and a.shape[1] == 4 else a for a in none]).shape == empty.shape


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: b.area([1, 2, 3, 4]), r"boxes has shape \(4,\)"),
        (lambda: b.iou([[1, 2, 3, 4, 5]], TALL), r"first has shape \(1, 5\)"),
        (lambda: b.iou(TALL, np.zeros((0, 5))), r"second has shape \(0, 5\)"),
        (lambda: b.square_boxes([[0, 0, np.nan, 1]]), "boxes holds NaN"),
        (lambda: b.decode_offsets(TALL, [[0, 0, 0, np.inf]]), "offsets holds NaN or infinity"),
        (lambda: b.encode_offsets([[3, 3, 3, 9]], TALL), "windows holds an empty box"),
        (lambda: b.landmarks_to_image(TALL, np.zeros((1, 5, 2))), r"landmarks has shape \(1, 5, 2\)"),
        (lambda: b.landmarks_to_image(TALL, np.zeros((2, 10))), r"must be \(1, 10\)"),
    ],
)
def test_bad_boxes_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
