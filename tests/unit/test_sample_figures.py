"""The figures of chapter 06 say in their alt texts what they show, and labels are drawn where the targets say."""

import numpy as np
import pytest

from mtcnn_lite.course import sample_figures as figures
from mtcnn_lite.course.scenes import ASTRONAUT_BOX, ASTRONAUT_LANDMARKS
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.draw import rgb
from mtcnn_lite.sampling import KINDS, kinds, sample


@pytest.fixture(scope="module")
def photo():
    from skimage.data import astronaut

    return LabelledPhoto(astronaut(), [ASTRONAUT_BOX], [ASTRONAUT_LANDMARKS])


@pytest.fixture(scope="module")
def drawn(photo):
    return sample(photo, 48, np.random.default_rng(0))


def test_overlaps_tells_the_share_of_each_kind():
    face = np.array([[0, 0, 10, 10]], np.float32)
    same, half, third, away = [[0, 0, 10, 10]], [[0, 0, 10, 20]], [[5, 0, 15, 10]], [[20, 0, 30, 10]]
    alt = figures.overlaps({"four": np.array(same + half + third + away, np.float32)}, face).alt
    assert "four: 25% negative, 25% nothing, 25% part, 25% positive" in alt


def test_sizes_counts_by_doublings():
    sides = {"a": np.array([12, 20, 24, 500]), "b": np.array([48.0]), "c": np.array([191, 192])}
    alt = figures.sizes(sides).alt
    assert "a: 50%, 25%, 0%, 0%, 0%, 25%; b: 0%, 0%, 100%, 0%, 0%, 0%; c: 0%, 0%, 0%, 50%, 50%, 0%" in alt


def test_called_a_face_counts_scores_from_the_threshold_on():
    best = np.array([0.05, 0.15, 0.25, 0.25, 0.35, 0.45, 0.55, 0.7], np.float32)
    scores = np.array([0, 0, 0.6, 0.5, 0, 1, 1, 1])
    alt = figures.called_a_face(best, scores, 0.6).alt
    assert "0% from 0.1 on, 50% from 0.2 on, 0% from 0.3 on, 100% from 0.4 on, 100% from 0.5 on" in alt


def test_labels_are_drawn_where_the_targets_say():
    crop = np.zeros((12, 12, 3), np.uint8)
    points = np.full((5, 2), 0.5, np.float32)
    large = figures.labelled(crop, np.array([0.25, 0.25, -0.25, -0.25], np.float32), points, zoom=10)
    assert large.shape == (200, 200, 3)  # a margin of 4 px, 10 times, on each side
    assert tuple(large[70, 100]) == rgb("truth")  # the window begins at 40, the box a quarter of 120 further
    assert tuple(large[129, 100]) == rgb("truth")
    assert tuple(large[100, 100]) == rgb("landmark")
    without = figures.labelled(crop, np.full(4, np.nan), np.full((5, 2), np.nan), zoom=10)
    assert not (without == np.array(rgb("truth"))).all(axis=2).any()


def test_a_sheet_of_labels_names_each_crop(photo, drawn):
    samples, crops = drawn
    rows = [np.flatnonzero(samples["kind"] == KINDS.index(kind))[0] for kind in ("positive", "part", "landmark")]
    alt = figures.label_sheet(crops[rows], samples[rows], photo.boxes).alt
    assert alt.startswith("3 crops with their labels drawn on them: positive, IoU 0.")
    assert alt.endswith("Box and points lie on the face in each.")
    assert figures.label_sheet(crops[rows], samples[rows], photo.boxes, well=False).alt.endswith("They miss the faces.")


def test_pictures_of_windows_and_changes_describe_themselves(photo, drawn):
    samples, crops = drawn
    assert "at most 12 windows of each kind" in figures.some_of_each(photo, samples).alt
    assert "One labelled face in 2 versions: a, b." in figures.changed({"a": photo, "b": photo}, np.s_[:200, :300]).alt
    assert figures.degraded({"a": crops[:3], "b": crops[3:6]}).alt == "The same 3 crops in 2 rows: a, b."
    kind = kinds(samples["window"], photo)[0]
    alt = figures.proposals(photo, samples["window"], kind, crops[:8]).alt
    counted = {name: int((kind == KINDS.index(name)).sum()) for name in ("positive", "part", "negative")}
    assert f"{counted['positive']} positives dark, {counted['part']} parts pale" in alt
    assert f"of {counted['negative']} negatives, the 8 it is surest of" in alt


def test_few_windows_are_all_drawn(photo, drawn):
    samples, _ = drawn
    none = samples[:0]
    assert figures.some_of_each(photo, none).pixels.shape == figures.some_of_each(photo, samples).pixels.shape
