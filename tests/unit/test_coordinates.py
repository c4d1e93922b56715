"""Turns, mirrors and the half pixel, against pixels and complex numbers."""

import numpy as np
import pytest
import torch

from mtcnn_lite.coordinates import (
    about_point,
    edges_to_centres,
    mirror_boxes,
    mirror_in_window,
    mirror_landmarks,
    mirror_offsets,
    move_boxes,
    move_landmarks,
    rotate,
    rotation,
    scale_landmarks,
)

H, W = 7, 9


@pytest.fixture
def points():
    return np.random.default_rng(0).normal(0, 50, (4, 5, 2))


def test_a_turn_is_a_product_of_complex_numbers(points):
    degrees = np.array([0.0, 30.0, -45.0, 200.0])
    expected = (points @ [1, 1j]) * np.exp(1j * np.radians(degrees))[:, None]  # x + iy; y down: clockwise
    np.testing.assert_allclose(rotate(points, degrees) @ [1, 1j], expected, atol=1e-12)
    np.testing.assert_allclose(np.einsum("nij,nkj->nki", rotation(degrees), points) @ [1, 1j], expected, atol=1e-12)


def test_what_a_matrix_turns_about_stays(points):
    matrix = about_point(2 * rotation(33), (12.5, -3))
    assert matrix.shape == (2, 3)
    np.testing.assert_allclose(matrix @ [12.5, -3, 1], [12.5, -3])


def test_a_pixel_and_its_landmark_mirror_alike():
    image = np.arange(H * W).reshape(H, W)
    landmarks = np.array([[x, y] for x, y in ((2, 1), (6, 1), (4, 3), (3, 5), (7, 5))])
    swapped = mirror_landmarks(landmarks, W)[[1, 0, 2, 4, 3]]
    assert [image[:, ::-1][y, x] for x, y in swapped] == [image[y, x] for x, y in landmarks]
    (x1, y1, x2, y2) = mirror_boxes(np.array([[1, 2, 4, 6]]), W)[0]
    assert (image[:, ::-1][y1:y2, x1:x2] == image[2:6, 1:4][:, ::-1]).all()


def test_a_pixel_and_its_landmark_scale_alike():
    image = np.arange(H * W).reshape(H, W)
    centre = scale_landmarks([[4, 3]], 3.0)[0].astype(int)
    assert np.kron(image, np.ones((3, 3), int))[centre[1], centre[0]] == image[3, 4]


def test_targets_mirror_as_boxes_and_landmarks_do(points):
    side = 20.0
    offsets, landmarks = np.random.default_rng(1).normal(0, 0.2, (4, 4)), points / 100
    window = np.array([0, 0, side, side])
    np.testing.assert_allclose(window + side * mirror_offsets(offsets), mirror_boxes(window + side * offsets, side))
    expected = mirror_landmarks(landmarks * side - 0.5, side)  # pixel centres
    np.testing.assert_allclose(mirror_in_window(landmarks) * side - 0.5, expected)
    for mirror, given in ((mirror_offsets, offsets), (mirror_in_window, landmarks)):
        before = given.copy()
        assert (mirror(torch.from_numpy(given)).numpy() == mirror(given)).all()
        assert (given == before).all()


def test_boxes_and_landmarks_move_with_the_matrix(points):
    linear, centre, to = 1.5 * rotation(40), np.array([10.0, 20.0]), np.array([-3.0, 8.0])
    matrix = np.column_stack([linear, to - linear @ centre])
    moved = move_landmarks(points, linear, centre, to)
    np.testing.assert_allclose(moved[1, 2] + 0.5, matrix @ [*(points[1, 2] + 0.5), 1])  # edges
    np.testing.assert_allclose(moved[1, 2], edges_to_centres(matrix) @ [*points[1, 2], 1])  # centres
    [[x1, y1, x2, y2]] = move_boxes(np.array([[0.0, 0.0, 10.0, 30.0]]), linear, 1.5, centre, to)
    np.testing.assert_allclose([x2 - x1, y2 - y1], [15, 45])
    np.testing.assert_allclose([(x1 + x2) / 2, (y1 + y2) / 2], matrix @ [5, 15, 1])
