"""The wall of pictures: exact labels, the same bytes again, and faces that are found, or lost, for a reason."""

import hashlib

import numpy as np
import pytest

from mtcnn_lite.boxes import iou
from mtcnn_lite.course.explorers.cascade import SLIDERS, ask_all, sieve
from mtcnn_lite.course.scenes import ASTRONAUT_BOX, portrait, wall
from mtcnn_lite.course.scenes.cards import BORDERS, Card, Shot
from mtcnn_lite.course.scenes.cutouts import Cutout, astronaut, hopper
from mtcnn_lite.detector import Detector
from mtcnn_lite.evaluation.landmarks import landmark_error

BYTES = "a5487e03e2439d81"


@pytest.fixture(scope="module")
def photo():
    return wall()


def test_same_bytes_everywhere(photo):
    assert hashlib.sha256(photo.image().tobytes()).hexdigest()[:16] == BYTES
    assert not photo.image().flags.writeable
    assert wall() is photo


def test_it_has_many_labelled_faces_of_many_sizes_inside_the_picture(photo):
    assert len(photo.boxes) == len(photo.about["sources"]) == 37
    assert {name.partition("[")[0] for name in photo.about["sources"]} == {"astronaut", "grace_hopper", "lfw_subset"}
    sides = (photo.boxes[:, 2:] - photo.boxes[:, :2]).min(axis=1)
    assert sides.min() < 14
    assert sides.max() > 60
    height, width = photo.image().shape[:2]
    assert (photo.boxes[:, :2] >= 0).all()
    assert (photo.boxes[:, 2:] <= [width, height]).all()
    middles = (photo.boxes[:, None, :2] + photo.boxes[:, None, 2:]) / 2
    assert (np.abs(photo.landmarks - middles) < (photo.boxes[:, None, 2:] - photo.boxes[:, None, :2])).all()
    assert iou(photo.boxes, photo.boxes)[np.triu_indices(37, 1)].max() < 0.2, "each face has a place of its own"


def test_labels_lie_where_the_authors_nets_see_the_faces(photo, detector):
    """Of upright faces in good light: points off by a tenth of the eyes' distance at most."""
    trace = detector.trace(photo.image())
    overlap = iou(photo.boxes, trace.faces.boxes)
    clear = [k for k in range(len(photo.boxes)) if overlap[k].max() >= 0.5]
    assert len(clear) > 20
    found = trace.faces.landmarks[overlap[clear].argmax(axis=1)]
    errors = landmark_error(found, photo.landmarks[clear])
    assert np.median(errors) < 0.1
    large = [k for k, source in enumerate(clear) if photo.about["sources"][source] in ("astronaut", "grace_hopper")][:2]
    assert errors[large].max() < 0.1


@pytest.mark.parametrize("degrees", [0, 9, -42, 75, 180])
@pytest.mark.parametrize("border", BORDERS)
def test_a_spot_lies_where_its_landmark_says(degrees, border):
    picture = np.zeros((80, 80, 3), np.uint8)
    points = np.array([[30, 30], [50, 30], [40, 42], [32, 52], [48, 52]], float)
    picture[40:45, 38:43] = 255  # the nose
    plain = Cutout((picture,), (20, 20, 60, 64), points, "drawn", False)
    wall_, black = (np.zeros((240, 260, 3), np.uint8) for _ in range(2))
    boxes, landmarks = Card([Shot(plain)], 130, 120, (120, 120), border, degrees).hang(wall_)
    blank = Cutout((np.zeros_like(picture),), plain.box, points, "drawn", False)
    Card([Shot(blank)], 130, 120, (120, 120), border, degrees).hang(black)
    light = wall_[..., 1].astype(float) - black[..., 1]  # without the border
    found = [light.sum(axis=0) @ np.arange(260), light.sum(axis=1) @ np.arange(240)] / light.sum()
    np.testing.assert_allclose(landmarks[0][2], found, atol=0.2)
    np.testing.assert_allclose(boxes[0][2:] - boxes[0][:2], [60, 66])
    turned = landmarks[0][1] - landmarks[0][0]
    assert np.degrees(np.arctan2(-turned[1], turned[0])) % 360 == pytest.approx(degrees % 360, abs=0.1)


def test_light_blur_and_note_change_what_they_should():
    as_it_is = Shot(hopper()).pixels(150, 150).astype(int)
    dark = Shot(hopper(), light=64).pixels(150, 150)
    np.testing.assert_array_equal(dark, as_it_is // 4)
    blurred = Shot(hopper(), blur=3).pixels(150, 150).astype(int)
    assert np.abs(np.diff(blurred, axis=1)).mean() < np.abs(np.diff(as_it_is, axis=1)).mean() / 2
    noted = Shot(hopper(), cover=(0, 0.5, 1, 1)).pixels(150, 150).astype(int)
    changed = np.argwhere((noted != as_it_is).any(axis=2))
    scale = 150 / hopper().copies[0].shape[1]
    x1, y1, x2, y2 = np.array(hopper().box) * scale
    np.testing.assert_allclose(changed.min(axis=0), [(y1 + y2) / 2, x1], atol=1)
    np.testing.assert_allclose(changed.max(axis=0) + 1, [y2, x2], atol=1)


def test_an_upright_card_shows_its_photo_pixel_by_pixel():
    wall_ = np.full((300, 300, 3), 200, np.uint8)
    Card([Shot(astronaut(), (100, 0, 380, 280))], 150, 150, (120, 120), "black").hang(wall_)
    np.testing.assert_array_equal(wall_[90:210, 90:210], Shot(astronaut(), (100, 0, 380, 280)).pixels(120, 120))


def test_portrait_has_its_label():
    assert portrait().boxes.tolist() == [list(ASTRONAUT_BOX)]


@pytest.fixture(scope="module", params=["mtcnn-lite", "zhang2016"])
def played(request, photo):
    """The sieve with the weights that ship, or with the authors', and the stops at which its sliders begin."""
    one = Detector() if request.param == "mtcnn-lite" else Detector(request.param)
    trace = one.trace(photo.image())
    at = [
        int(np.argmin(np.abs(np.array(slider.stops) - threshold)))
        for slider, threshold in zip(SLIDERS, one.settings.thresholds, strict=True)
    ]
    return sieve(trace, ask_all(trace), photo), at


def test_many_faces_are_found_and_some_missed(played):
    sieved, at = played
    tally = sieved.tally(3, at)
    assert tally.found >= 20
    assert tally.missed >= 5


@pytest.mark.parametrize("slider", range(3), ids=["P-Net", "R-Net", "O-Net"])
def test_each_threshold_changes_faces_found_or_false_alarms_at_three_stops_or_more(played, slider):
    sieved, begin = played
    outcomes = []
    for stop in range(len(SLIDERS[slider].stops)):
        tally = sieved.tally(3, [stop if k == slider else at for k, at in enumerate(begin)])
        outcomes.append((tally.found, tally.false))
    changes = [k for k in range(1, len(outcomes)) if outcomes[k] != outcomes[k - 1]]
    assert len(changes) >= 3
    assert min(changes) <= begin[slider] < max(changes), "it pays to move it either way"
