"""Photos made harder: labels found again in the pixels, nothing taken away at the first strength, exact arithmetic."""

import cv2
import numpy as np
import pytest

from mtcnn_lite.course.degrade import COVER, DEGRADATIONS, GROUND, NOISE, blurred, covered, dark, small, turned
from mtcnn_lite.course.scenes import scene
from mtcnn_lite.datasets.augment import rotate
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto

SPOTS = np.array([[40, 30], [90, 52], [61, 71], [33, 80], [104, 20]])  # x, y of landmarks


def spotted(landmark, height=101, width=140):
    """A black photo with a smooth spot of light round one landmark."""
    y, x = np.indices((height, width)) - SPOTS[landmark][::-1, None, None]
    light = np.rint(250 * np.exp(-(x**2 + y**2) / (2 * 4**2)))
    picture = np.repeat(light.astype(np.uint8)[..., None], 3, axis=2)
    return LabelledPhoto(picture, [[30, 15, 110, 90]], SPOTS[None])


def centre_of_light(way, spot, strength):
    """x, y of the light in the spotted photo made harder, whole numbers at pixel centres; beyond the photo is gray."""
    white = LabelledPhoto(np.full_like(spot.image(), 255), [])
    inside = way(white, strength).image()[..., 1] != GROUND
    light = way(spot, strength).image()[..., 1].astype(float) * inside
    y, x = np.indices(light.shape)
    return np.array([(x * light).sum(), (y * light).sum()]) / light.sum()


@pytest.fixture(scope="module")
def photo():
    return scene(3, 120, 160, faces=(2, 2), sizes=(30, 40))


@pytest.mark.parametrize("landmark", range(5))
@pytest.mark.parametrize("degrees", [0, 17, 45, 90, 133, 180, -30])
def test_a_turned_spot_lies_where_its_landmark_says(landmark, degrees):
    harder = turned(spotted(landmark), degrees)
    assert harder.image().shape == (173, 173, 3)  # the diagonal of 101 x 140 is 172.6
    found = centre_of_light(turned, spotted(landmark), degrees)
    np.testing.assert_allclose(found, harder.landmarks[0, landmark], atol=0.05)


def test_a_turn_is_that_of_augment(photo):
    """Another way to the same labels: pad, then rotate about the middle, clockwise."""
    side = turned(photo, 0).image().shape[0]
    shift = (side - np.array([160, 120])) / 2  # x, y; whole numbers here
    padded = LabelledPhoto(
        np.zeros((side, side, 3), np.uint8), photo.boxes + np.tile(shift, 2), photo.landmarks + shift
    )
    for degrees in (25, 90, 200):
        ours, theirs = turned(photo, degrees), rotate(padded, degrees)
        np.testing.assert_allclose(ours.boxes, theirs.boxes, atol=0.01)
        np.testing.assert_allclose(ours.landmarks, theirs.landmarks, atol=0.01)


def test_a_quarter_turn_moves_whole_pixels():
    picture = np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)  # the diagonal is 50
    harder = turned(LabelledPhoto(picture, []), 90).image()
    np.testing.assert_array_equal(harder[5:45, 10:40], np.rot90(picture, -1))  # clockwise
    assert (harder[:5] == GROUND).all()
    assert (harder[:, 40:] == GROUND).all()


@pytest.mark.parametrize("landmark", range(5))
@pytest.mark.parametrize("scale", [0.9, 0.6, 0.5, 0.3])
def test_a_shrunk_spot_lies_where_its_landmark_says(landmark, scale):
    harder = small(spotted(landmark), scale)
    assert harder.image().shape == (101, 140, 3)
    found = centre_of_light(small, spotted(landmark), scale)
    np.testing.assert_allclose(found, harder.landmarks[0, landmark], atol=0.05)
    middle = np.array([70, 50.5])
    box = np.array([30, 15, 110, 90], float).reshape(2, 2)
    np.testing.assert_allclose(harder.boxes.reshape(2, 2), middle + (box - middle) * scale, atol=0.01)


def test_shrinking_to_a_half_takes_means_of_four():
    picture = np.random.default_rng(1).integers(0, 256, (40, 48, 3), dtype=np.uint8)
    harder = small(LabelledPhoto(picture, []), 0.5).image()
    half = picture.reshape(20, 2, 24, 2, 3).mean(axis=(1, 3))
    assert np.abs(harder[10:30, 12:36].astype(float) - half).max() <= 1
    assert (harder[:10] == GROUND).all()
    assert (harder[:, 36:] == GROUND).all()


def test_dark_takes_its_share_and_adds_noise():
    picture = np.full((60, 80, 3), 200, np.uint8)
    for share in (0.3, 0.75):
        image = dark(LabelledPhoto(picture, []), share).image().astype(float)
        assert image.mean() == pytest.approx(200 * (1 - share), abs=0.3)
        assert image.std() == pytest.approx(NOISE * share, rel=0.05)
    same, other = (dark(LabelledPhoto(picture, []), 0.5, seed).image() for seed in (0, 1))
    assert (same == dark(LabelledPhoto(picture, []), 0.5).image()).all()
    assert (same != other).any()


def test_blur_is_opencvs_and_keeps_the_mean():
    picture = np.random.default_rng(2).integers(0, 256, (50, 60, 3), dtype=np.uint8)
    image = blurred(LabelledPhoto(picture, []), 2).image()
    np.testing.assert_array_equal(image, cv2.GaussianBlur(picture, (0, 0), 2))
    assert image.std() < picture.std() / 4


def test_cover_hides_the_lower_rows_of_each_box_and_nothing_else():
    picture = np.zeros((40, 50, 3), np.uint8)
    photo = LabelledPhoto(picture, [[5, 4, 15, 24], [30, -10, 60, 10]])
    expected = picture.copy()
    expected[14:24, 5:15] = COVER
    expected[0:10, 30:50] = COVER
    np.testing.assert_array_equal(covered(photo, 0.5).image(), expected)
    assert (picture == 0).all()


@pytest.mark.parametrize("name", DEGRADATIONS)
def test_each_way_begins_with_the_photo_itself_and_leaves_it_as_it_was(photo, name):
    way, before = DEGRADATIONS[name], photo.image().copy()
    first = way.apply(photo, way.strengths[0])
    height, width = photo.image().shape[:2]
    top, left = (first.image().shape[0] - height) // 2, (first.image().shape[1] - width) // 2
    np.testing.assert_array_equal(first.image()[top : top + height, left : left + width], before)
    np.testing.assert_allclose(first.boxes, photo.boxes + [left, top, left, top], atol=0.01)
    last = way.apply(photo, way.strengths[-1])
    assert last.image().shape == first.image().shape
    assert (last.image() != first.image()).any()
    assert last.boxes.shape == photo.boxes.shape
    np.testing.assert_array_equal(photo.image(), before)
    np.testing.assert_array_equal(last.ignore, photo.ignore)


@pytest.mark.parametrize("name", DEGRADATIONS)
def test_a_photo_without_faces_stays_one(name):
    empty = DEGRADATIONS[name].apply(
        LabelledPhoto(np.zeros((30, 40, 3), np.uint8), []), DEGRADATIONS[name].strengths[4]
    )
    assert empty.boxes.shape == (0, 4)
    assert empty.landmarks.shape == (0, 5, 2)


@pytest.mark.parametrize(
    ("function", "strength", "said"),
    [
        (small, 0, "scale is 0"),
        (small, 1.1, "scale is 1.1"),
        (turned, np.nan, "degrees is nan"),
        (dark, 1.5, "share is 1.5"),
        (blurred, -1, "sigma is -1"),
        (blurred, np.nan, "sigma is nan"),
        (covered, -0.1, "share is -0.1"),
    ],
)
def test_strengths_out_of_range_are_refused(photo, function, strength, said):
    with pytest.raises(ValueError, match=said):
        function(photo, strength)
