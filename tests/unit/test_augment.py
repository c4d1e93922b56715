"""Augmentation: markers drawn at the labels are found where the moved labels say, and each change undoes itself."""

import cv2
import numpy as np
import pytest
from PIL import Image

from mtcnn_lite.boxes import encode_offsets, landmarks_to_image
from mtcnn_lite.coordinates import MIRRORED
from mtcnn_lite.course.scenes import ASTRONAUT_BOX, ASTRONAUT_LANDMARKS
from mtcnn_lite.datasets import augment, augment_crops
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto

POINTS = np.array([[70, 60], [110, 62], [88, 85], [72, 104], [106, 108]], np.float32)
BOX = np.array([[55, 40, 125, 124]], np.float32)
MOVES = {  # name: (there, back, where an edge point x, y of a photo of 200 x 160 px goes, worked out by hand)
    "mirror": (augment.mirror, augment.mirror, lambda x, y: (200 - x, y)),
    "rotate 90": (lambda p: augment.rotate(p, 90), lambda p: augment.rotate(p, -90),
                  lambda x, y: (100 - (y - 80), 80 + (x - 100))),  # what is right goes down
    "rotate 15": (lambda p: augment.rotate(p, 15), lambda p: augment.rotate(p, -15),
                  lambda x, y: polar(x, y, 100, 80, 15)),
    "rotate -20 about the nose": (lambda p: augment.rotate(p, -20, (88.5, 85.5)),
                                  lambda p: augment.rotate(p, 20, (88.5, 85.5)),
                                  lambda x, y: polar(x, y, 88.5, 85.5, -20)),
    "shift": (lambda p: augment.shift(p, 12, -9), lambda p: augment.shift(p, -12, 9), lambda x, y: (x + 12, y - 9)),
    "shift by a fraction": (lambda p: augment.shift(p, -3.4, 5.7), lambda p: augment.shift(p, 3.4, -5.7),
                            lambda x, y: (x - 3.4, y + 5.7)),
    "scale up": (lambda p: augment.scale(p, 1.3), lambda p: augment.scale(p, 1 / 1.3),
                 lambda x, y: (100 + 1.3 * (x - 100), 80 + 1.3 * (y - 80))),
    "scale down about a corner": (lambda p: augment.scale(p, 0.5, (0, 0)), lambda p: augment.scale(p, 2, (0, 0)),
                                  lambda x, y: (x / 2, y / 2)),
}  # fmt: skip


def polar(x, y, cx, cy, degrees):
    """Clockwise on the screen, through school's angle: that one grows anticlockwise, with y upwards."""
    radius, angle = np.hypot(x - cx, y - cy), np.arctan2(cy - y, x - cx) - np.radians(degrees)
    return cx + radius * np.cos(angle), cy - radius * np.sin(angle)


def marked(point):
    """A black photo with a bright patch of 5 x 5 px round one landmark."""
    image = np.zeros((160, 200, 3), np.uint8)
    x, y = POINTS[point].astype(int)
    image[y - 2 : y + 3, x - 2 : x + 3] = 255
    return LabelledPhoto(image, BOX, POINTS[None])


def centroid(image):
    """The middle of what is bright, in pixel centres, x and y."""
    weight = image[..., 0].astype(float)
    ys, xs = np.mgrid[: weight.shape[0], : weight.shape[1]]
    return np.array([(weight * xs).sum(), (weight * ys).sum()]) / weight.sum()


@pytest.mark.parametrize("name", MOVES)
@pytest.mark.parametrize("point", range(5))
def test_a_marker_is_where_its_landmark_says(name, point):
    there, back, _ = MOVES[name]
    moved = there(marked(point))
    index = MIRRORED.index(point) if name == "mirror" else point
    np.testing.assert_allclose(centroid(moved.image()), moved.landmarks[0, index], atol=0.1)
    again = back(moved)
    np.testing.assert_allclose(centroid(again.image()), POINTS[point], atol=0.15)
    np.testing.assert_allclose(again.landmarks[0], POINTS, atol=1e-3)


@pytest.mark.parametrize("name", MOVES)
def test_labels_go_where_hand_work_says(name):
    there, back, by_hand = MOVES[name]
    moved = there(marked(0))
    expected = np.array([by_hand(x + 0.5, y + 0.5) for x, y in POINTS]) - 0.5
    np.testing.assert_allclose(moved.landmarks[0], expected[MIRRORED] if name == "mirror" else expected, atol=1e-3)
    x1, y1, x2, y2 = moved.boxes[0]
    np.testing.assert_allclose([(x1 + x2) / 2, (y1 + y2) / 2], by_hand(90, 82), atol=1e-3)
    size = {"scale up": 1.3, "scale down about a corner": 0.5}.get(name, 1)
    np.testing.assert_allclose([x2 - x1, y2 - y1], [70 * size, 84 * size], rtol=1e-5)
    np.testing.assert_allclose(back(moved).boxes, BOX, atol=1e-3)


@pytest.mark.parametrize("name", ["mirror", "shift", "shift by a fraction", "scale up"])
def test_a_filled_box_stays_filled(name):
    """Edges, where centroids say nothing: the box's own rectangle is white, all else black."""
    x1, y1, x2, y2 = BOX[0].astype(int)
    image = np.zeros((160, 200, 3), np.uint8)
    image[y1:y2, x1:x2] = 255
    moved = MOVES[name][0](LabelledPhoto(image, BOX))
    share = moved.image()[..., 0] / 255
    x1, y1, x2, y2 = moved.boxes[0]
    np.testing.assert_allclose(share.sum(), (x2 - x1) * (y2 - y1), rtol=0.005)
    row, column = share[int((y1 + y2) / 2)], share[:, int((x1 + x2) / 2)]  # a line through the middle, along each axis
    for line, low, high in ((row, x1, x2), (column, y1, y2)):
        covered = np.clip(high - np.arange(len(line)), 0, 1) - np.clip(low - np.arange(len(line)), 0, 1)
        assert abs(line - covered).sum() < 0.6


def test_mirror_and_whole_shifts_are_exact(astronaut):
    photo = LabelledPhoto(astronaut, [ASTRONAUT_BOX], [ASTRONAUT_LANDMARKS])
    assert (augment.mirror(photo).image() == astronaut[:, ::-1]).all()
    moved = augment.shift(photo, 30, -20).image()
    assert (moved[:-20, 30:] == astronaut[20:, :-30]).all()
    assert (moved[-20:] == 0).all()  # from outside comes black
    assert (moved[:, :30] == 0).all()
    assert (augment.rotate(photo, 90).image() == np.rot90(astronaut, -1)).all()


def test_mirrored_names_say_left_and_right(astronaut):
    left, right, nose, left_mouth, right_mouth = augment.mirror(
        LabelledPhoto(astronaut, [ASTRONAUT_BOX], [ASTRONAUT_LANDMARKS])
    ).landmarks[0]
    assert left[0] < nose[0] < right[0]
    assert left_mouth[0] < right_mouth[0]


def test_rotation_is_pillows(astronaut):
    """Another library, whose angles run the other way: the same centre, to within interpolation."""
    ours = augment.rotate(LabelledPhoto(astronaut, []), 12).image().astype(int)
    theirs = np.asarray(Image.fromarray(astronaut).rotate(-12, Image.Resampling.BILINEAR), int)
    assert abs(ours - theirs)[4:-4, 4:-4].mean() < 1
    assert abs(ours - np.roll(theirs, 1, axis=1))[4:-4, 4:-4].mean() > 3  # a pixel off would show


@pytest.mark.parametrize("name", ["rotate 15", "shift by a fraction", "scale up", "scale down about a corner"])
def test_pixels_come_back(name, astronaut):
    """The face, there and back, lies on itself: phase correlation finds no shift of half a pixel."""
    crop = np.ascontiguousarray(astronaut[40:200, 120:320])
    there, back, _ = MOVES[name]
    again = back(there(LabelledPhoto(crop, [[61, 34, 150, 139]]))).image()
    inside = np.s_[34:139, 61:150, 1]
    before, after = crop[inside].astype(np.float32), again[inside].astype(np.float32)
    window = cv2.createHanningWindow(before.shape[::-1], cv2.CV_32F)
    (dx, dy), _ = cv2.phaseCorrelate(before, after, window)
    assert np.hypot(dx, dy) < 0.1


def test_shrinking_does_not_alias():
    """Stripes of one pixel have no place in a photo of half the size: gray comes out, not black and white."""
    image = np.zeros((64, 64, 3), np.uint8)
    image[:, ::2] = 255
    small = augment.scale(LabelledPhoto(image, []), 0.45).image()[24:40, 24:40]
    assert small.min() > 90
    assert small.max() < 165


def test_faces_keep_their_rows_and_what_is_known_of_them():
    points = np.full((3, 5, 2), np.nan)
    points[1] = POINTS
    photo = LabelledPhoto(
        np.zeros((160, 200, 3), np.uint8), np.tile(BOX, (3, 1)), points, [True, False, False], False, {"a": 1}
    )
    for change in (augment.mirror, lambda p: augment.shift(p, 500, 0), lambda p: augment.contrast(p, 0.5)):
        moved = change(photo)
        assert moved.has_landmarks.tolist() == [False, True, False]
        assert moved.ignore.tolist() == [True, False, False]
        assert (moved.complete, moved.about) == (False, {"a": 1})
        assert moved.image().shape == (160, 200, 3)


def test_a_photo_without_faces_and_one_on_disk(tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    Image.fromarray(image).save(tmp_path / "noise.png")
    moved = augment.mirror(LabelledPhoto(tmp_path / "noise.png", []))
    assert (moved.image() == image[:, ::-1]).all()
    assert moved.boxes.shape == (0, 4)
    assert moved.landmarks.shape == (0, 5, 2)


def test_nothing_is_changed_in_place(astronaut):
    photo = LabelledPhoto(astronaut.copy(), [ASTRONAUT_BOX], [ASTRONAUT_LANDMARKS])
    for change in (*(there for there, _, _ in MOVES.values()), *(there for there, _ in LIGHT.values())):
        change(photo)
    augment.blur(photo, 2)
    assert (photo.image() == astronaut).all()
    np.testing.assert_array_equal(photo.boxes, np.float32([ASTRONAUT_BOX]))
    np.testing.assert_array_equal(photo.landmarks, np.float32([ASTRONAUT_LANDMARKS]))


LIGHT = {
    "brightness": (lambda p: augment.brightness(p, 40), lambda p: augment.brightness(p, -40)),
    "contrast": (lambda p: augment.contrast(p, 1.25), lambda p: augment.contrast(p, 0.8)),
    "colour": (lambda p: augment.colour(p, (1.2, 1, 0.8)), lambda p: augment.colour(p, (1 / 1.2, 1, 1.25))),
}


@pytest.mark.parametrize("name", LIGHT)
def test_light_undoes_itself_where_nothing_was_cut_off(name):
    values = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, axis=2)
    there, back = LIGHT[name]
    lit = there(LabelledPhoto(values, [])).image()
    uncut = (lit > 0) & (lit < 255)
    assert 0.5 < uncut.mean() < 1  # some are cut off: they must not wrap round
    again = back(LabelledPhoto(lit, [])).image().astype(int)
    assert abs(again - values)[uncut].max() <= 1


def test_light_by_hand():
    row = LabelledPhoto(np.array([[[0, 100, 250]]], np.uint8), [])
    assert augment.brightness(row, 10).image().tolist() == [[[10, 110, 255]]]
    assert augment.brightness(row, -10).image().tolist() == [[[0, 90, 240]]]
    assert augment.contrast(row, 0.5).image().tolist() == [[[64, 114, 189]]]  # 63.75, 113.75, 188.75
    assert augment.contrast(row, 2).image().tolist() == [[[0, 72, 255]]]  # 72.5: half goes to the even number
    assert augment.colour(row, (2, 1.5, 0.5)).image().tolist() == [[[0, 150, 125]]]


def test_blur_is_a_gaussian():
    image = np.zeros((61, 61, 3), np.uint8)
    image[30, 30] = 255
    image[10, 10] = 255
    assert (augment.blur(LabelledPhoto(image, []), 0).image() == image).all()
    edge = np.zeros((61, 61, 3), np.uint8)
    edge[:, 30:] = 200
    from scipy.ndimage import gaussian_filter1d

    expected = gaussian_filter1d(edge[30, :, 0].astype(float), 2.5)
    np.testing.assert_allclose(augment.blur(LabelledPhoto(edge, []), 2.5).image()[30, :, 1], expected, atol=2)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda p: augment.scale(p, 0), "factor is 0"),
        (lambda p: augment.scale(p, -2), "factor is -2"),
        (lambda p: augment.contrast(p, -1), "factor is -1"),
        (lambda p: augment.rotate(p, float("nan")), "degrees is nan"),
        (lambda p: augment.rotate(p, 3, (1, 2, 3)), r"about has shape \(3,\)"),
        (lambda p: augment.shift(p, 0, float("inf")), "down is inf"),
        (lambda p: augment.colour(p, (1, 1)), "three numbers"),
        (lambda p: augment.colour(p, (1, 1, -1)), "three numbers"),
        (lambda p: augment.blur(p, -1), "sigma is -1"),
        (lambda p: augment.brightness(p, float("inf")), "by is inf"),
        (lambda p: augment.warp(p, np.eye(3)), r"matrix has shape \(3, 3\)"),
        (lambda p: augment.warp(p, [[1, 0.2, 0], [0, 1, 0]]), "shears or stretches"),
        (lambda p: augment.warp(p, [[2, 0, 0], [0, 1, 0]]), "shears or stretches"),
        (lambda p: augment.warp(p, np.zeros((2, 3))), "shears or stretches"),
    ],
)
def test_bad_input_is_named(call, says):
    with pytest.raises(ValueError, match=says):
        call(marked(0))


def batch(count, side=24):
    """Crops with their targets, from windows and boxes in a photo of 200 x 160 px."""
    rng = np.random.default_rng(5)
    crops = rng.integers(0, 256, (count, side, side, 3), dtype=np.uint8)
    corner, sides = rng.integers(0, 90, (count, 2)), rng.integers(20, 60, (count, 1))
    windows = np.concatenate([corner, corner + sides], axis=1)
    boxes = windows + rng.integers(-5, 6, (count, 4))
    points = rng.random((count, 5, 2)).astype(np.float32)
    return crops, windows, boxes, points


def test_mirrored_targets_are_those_of_the_mirrored_photo():
    """The long way round: mirror windows, boxes and points in a photo 200 px wide, and encode anew."""
    crops, windows, boxes, points = batch(40)
    which = np.arange(40) % 3 == 0
    offsets = encode_offsets(windows, boxes)
    pixels, got, landmarks = augment_crops.mirror_batch(crops, offsets, points, which)

    flipped = np.stack([200 - windows[:, 2], windows[:, 1], 200 - windows[:, 0], windows[:, 3]], axis=1)
    flipped_boxes = np.stack([200 - boxes[:, 2], boxes[:, 1], 200 - boxes[:, 0], boxes[:, 3]], axis=1)
    expected = np.where(which[:, None], encode_offsets(flipped, flipped_boxes), offsets)
    np.testing.assert_allclose(got, expected, atol=1e-6)

    in_photo = landmarks_to_image(windows, points.transpose(0, 2, 1).reshape(-1, 10))
    turned = (in_photo * [-1, 1] + [200, 0])[:, [1, 0, 2, 4, 3]]
    back = landmarks_to_image(flipped, landmarks.transpose(0, 2, 1).reshape(-1, 10))
    np.testing.assert_allclose(back[which], turned[which], atol=1e-4)
    np.testing.assert_array_equal(landmarks[~which], points[~which])
    assert (pixels[which] == crops[which][:, :, ::-1]).all()
    assert (pixels[~which] == crops[~which]).all()


def test_mirroring_a_batch_twice_undoes_it_and_leaves_the_input():
    crops, windows, boxes, points = batch(9)
    points[4] = np.nan  # a sample without landmarks
    given = crops, encode_offsets(windows, boxes), points
    before = [array.copy() for array in given]
    once = augment_crops.mirror_batch(*given, np.ones(9, bool))
    assert not np.array_equal(once[1], given[1])
    for again, first, now in zip(augment_crops.mirror_batch(*once, np.ones(9, bool)), before, given, strict=True):
        np.testing.assert_allclose(again, first, atol=1e-6)
        np.testing.assert_array_equal(now, first)
    with pytest.raises(ValueError, match="9 crops, 9 offsets, 9 landmarks, 8 in which"):
        augment_crops.mirror_batch(*given, np.ones(8, bool))


def test_colours_of_a_batch_are_those_of_its_photos_one_by_one():
    crops = batch(12)[0]
    lit = augment_crops.colour_batch(crops, np.random.default_rng(7), contrast=0.3, brightness=20, gain=0.15)
    rng = np.random.default_rng(7)  # the same draws, in the documented order
    factor, by, gains = rng.uniform(0.7, 1.3, 12), rng.uniform(-20, 20, 12), rng.uniform(0.85, 1.15, (12, 3))
    for k in range(12):
        value = ((crops[k].astype(float) - 127.5) * factor[k] + 127.5 + by[k]) * gains[k]
        assert abs(lit[k] - np.clip(value, 0, 255)).max() <= 0.51
    assert lit.dtype == np.uint8
    assert augment_crops.colour_batch(crops[:0], rng).shape == (0, 24, 24, 3)
    assert (augment_crops.colour_batch(crops, rng, 0, 0, 0) == crops).all()
