"""Alignment against least squares written out, skimage's Umeyama, pixels counted by hand, and the way back."""

import numpy as np
import pytest
from skimage.transform import SimilarityTransform

from mtcnn_lite.alignment import (
    SIZE,
    TEMPLATE,
    aligned_crops,
    corners,
    inverse_transform,
    similarity_transform,
    template,
    transform_points,
)
from mtcnn_lite.course.scenes import ASTRONAUT_BOX, ASTRONAUT_LANDMARKS
from mtcnn_lite.datasets import augment
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto


def by_least_squares(points, target):
    """Four unknowns a, b, s, t in x' = a x - b y + s and y' = b x + a y + t: two equations a point."""
    rows, right = [], []
    for (x, y), (u, v) in zip(points, target, strict=True):
        rows += [[x, -y, 1, 0], [y, x, 0, 1]]
        right += [u, v]
    a, b, s, t = np.linalg.lstsq(np.array(rows), np.array(right), rcond=None)[0]
    return np.array([[a, -b, s], [b, a, t]])


def random_points(seed, count=5):
    return np.random.default_rng(seed).uniform(-50, 300, (count, 2))


@pytest.mark.parametrize("count", [2, 3, 5, 68])
def test_transform_is_the_least_squares_solution(count):
    for seed in range(20):
        points, target = random_points(seed, count), random_points(seed + 100, count)
        np.testing.assert_allclose(similarity_transform(points, target), by_least_squares(points, target), atol=1e-8)


def test_transform_is_umeyamas_of_skimage():
    for seed in range(20):
        points = template() * 3 + np.random.default_rng(seed).normal(0, 6, (5, 2)) + 40
        theirs = SimilarityTransform.from_estimate(points, template())
        np.testing.assert_allclose(similarity_transform(points, template()), theirs.params[:2], atol=1e-9)


def test_known_transform_is_found_again():
    turn, scale = np.radians(160), 0.37  # beyond a right angle: arctan would lose it
    linear = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    points = random_points(1)
    found = similarity_transform(points, points @ linear.T + [7, -3])
    np.testing.assert_allclose(found, np.column_stack([linear, [7, -3]]), atol=1e-9)


def test_mirrored_points_do_not_mirror_the_transform():
    points = template() * [-1, 1]
    assert np.linalg.det(similarity_transform(points, template())[:, :2]) > 0


def test_many_faces_are_each_their_own():
    points = np.stack([random_points(seed) for seed in range(4)])
    together = similarity_transform(points, template())
    assert together.shape == (4, 2, 3)
    for one, matrix in zip(points, together, strict=True):
        np.testing.assert_allclose(matrix, similarity_transform(one, template()))
    assert similarity_transform(np.zeros((0, 5, 2)), template()).shape == (0, 2, 3)


def test_inverse_leads_back():
    points = np.stack([random_points(seed) for seed in range(3)])
    matrices = similarity_transform(points, template())
    there = transform_points(points, matrices)
    np.testing.assert_allclose(transform_points(there, inverse_transform(matrices)), points, atol=1e-9)
    np.testing.assert_allclose(inverse_transform(inverse_transform(matrices[0])), matrices[0], atol=1e-9)


def test_one_matrix_moves_all_faces():
    points = np.stack([random_points(seed) for seed in range(3)])
    moved = transform_points(points, [[1, 0, 5], [0, 1, -2]])
    np.testing.assert_allclose(moved, points + [5, -2])


# --- the template


def test_template_is_insightfaces():
    assert SIZE == 112
    assert TEMPLATE[0] == (38.2946, 51.6963)
    assert TEMPLATE[4] == (70.7299, 92.2041)
    np.testing.assert_allclose(template(), TEMPLATE)


@pytest.mark.parametrize("size", [16, 28, 224, 336])
def test_template_scales_as_a_picture_does(size):
    """A dot at the template's eye in a large drawing, shrunk with area averaging, lies at the small template's eye."""
    edges = (np.array(TEMPLATE) + 0.5) / 112  # shares of the picture, from its edge
    np.testing.assert_allclose((template(size) + 0.5) / size, edges)


# --- crops


def test_crop_at_the_template_is_the_picture_itself():
    picture = np.random.default_rng(0).integers(0, 256, (112, 112, 3), dtype=np.uint8)
    np.testing.assert_array_equal(aligned_crops(picture, template()[None])[0], picture)


def test_crop_moves_by_whole_pixels_and_is_black_outside():
    picture = np.random.default_rng(0).integers(1, 256, (112, 112, 3), dtype=np.uint8)
    crop = aligned_crops(picture, template()[None] + [10, -4])[0]  # the face lies further right and up
    np.testing.assert_array_equal(crop[4:, :102], picture[:108, 10:])
    assert not crop[:4].any()
    assert not crop[:, 102:].any()


def test_half_a_pixel_is_the_mean_of_two():
    picture = np.zeros((112, 112, 3), np.uint8)
    picture[:, 40] = 200
    crop = aligned_crops(picture, template()[None] + [0.5, 0])[0]
    assert crop[50, 39:41, 0].tolist() == [100, 100]


def test_quarter_turn_is_numpys():
    picture = np.random.default_rng(0).integers(0, 256, (112, 112, 3), dtype=np.uint8)
    points = template()
    turned = np.rot90(picture)  # x, y -> y, 111 - x
    crop = aligned_crops(turned, np.column_stack([points[:, 1], 111 - points[:, 0]])[None])[0]
    assert np.abs(crop.astype(int) - picture).max() <= 1


def test_large_face_does_not_alias():
    """One-pixel stripes under a face eight times the crop's size must come out as even gray."""
    stripes = np.zeros((1000, 1000, 3), np.uint8)
    stripes[:, ::2] = 255
    crop = aligned_crops(stripes, template()[None] * 8.3 + 20)[0]
    inner = crop[10:-10, 10:-10].astype(float)
    assert inner.std() < 4
    assert abs(inner.mean() - 127.5) < 4


def test_large_face_lies_where_a_small_one_does():
    """Dots on the five points of a face of 7 times the size come out on the template's points."""
    import cv2

    picture, points = np.zeros((901, 877, 3), np.uint8), template() * 7.3 + 30  # odd sides: halves are rounded
    for x, y in points:
        cv2.circle(picture, (round(x * 16), round(y * 16)), 20 * 16, (255,) * 3, -1, shift=4)
    crop = aligned_crops(picture, points[None])[0][..., 0].astype(float)
    for x, y in template():
        yy, xx = np.mgrid[int(y) - 5 : int(y) + 7, int(x) - 5 : int(x) + 7]
        weight = crop[yy, xx]
        assert abs((weight * xx).sum() / weight.sum() - x) < 0.15
        assert abs((weight * yy).sum() / weight.sum() - y) < 0.15


def test_turned_photo_gives_the_same_crop(astronaut):
    photo = LabelledPhoto(astronaut, [ASTRONAUT_BOX], [ASTRONAUT_LANDMARKS])
    upright = aligned_crops(photo.image(), photo.landmarks)[0].astype(float)
    turned = augment.rotate(photo, 30, about=np.mean(ASTRONAUT_LANDMARKS, axis=0))
    crop = aligned_crops(turned.image(), turned.landmarks)[0].astype(float)
    middle = np.s_[20:-20, 20:-20]
    assert np.abs(upright - crop)[middle].mean() < 3
    assert np.abs(upright[:, ::-1] - crop)[middle].mean() > 20


def test_several_faces_and_none(astronaut):
    two = np.stack([ASTRONAUT_LANDMARKS, np.array(ASTRONAUT_LANDMARKS) + [40, 10]])
    crops = aligned_crops(astronaut, two, 48)
    assert crops.shape == (2, 48, 48, 3)
    np.testing.assert_array_equal(crops[1], aligned_crops(astronaut, two[1:], 48)[0])
    assert aligned_crops(astronaut, np.zeros((0, 5, 2))).shape == (0, 112, 112, 3)


def test_red_stays_red():
    picture = np.zeros((200, 200, 3), np.uint8)
    picture[..., 0] = 200
    assert aligned_crops(picture, template()[None] + 30)[0, 60, 60].tolist() == [200, 0, 0]


def test_corners_are_the_crops_outer_edges():
    square = corners([[1, 0, 0], [0, 1, 0]], 112)
    assert square.tolist() == [[-0.5, -0.5], [111.5, -0.5], [111.5, 111.5], [-0.5, 111.5]]
    assert corners(np.stack([np.eye(2, 3)] * 3)).shape == (3, 4, 2)


# --- bad input


@pytest.mark.parametrize(
    ("points", "target", "says"),
    [
        (np.zeros((5, 2)), template(), "one place"),
        (np.zeros((5, 3)), template(), "points has shape"),
        (template()[:4], template(), "points has shape"),
        (template()[:1], template()[:1], "at least 2"),
        (template() * np.nan, template(), "points holds NaN"),
        (template(), template() * np.inf, "target holds NaN"),
        (template().ravel(), template(), r"shape \(10,\)"),
    ],
)
def test_bad_points_are_named(points, target, says):
    with pytest.raises(ValueError, match=says):
        similarity_transform(points, target)


def test_other_bad_input_is_named(astronaut):
    with pytest.raises(ValueError, match="scale 0"):
        inverse_transform(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="matrix has shape"):
        inverse_transform(np.eye(3))
    with pytest.raises(ValueError, match="landmarks has shape"):
        aligned_crops(astronaut, ASTRONAUT_LANDMARKS)
    with pytest.raises(ValueError, match="size is 0"):
        template(0)
    with pytest.raises(TypeError, match="uint8"):
        aligned_crops(astronaut / 255, template()[None])
