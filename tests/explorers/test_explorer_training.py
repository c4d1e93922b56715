"""The training explorer: what it shows of a moment against the detector, and what its JavaScript draws."""

import base64
import io

import numpy as np
import pytest
import torch
from PIL import Image

from mtcnn_lite import Detector
from mtcnn_lite.course.explorers.training import (
    BEST,
    SMOOTH,
    TASKS,
    TrainingExplorer,
    TrainingHistory,
    history,
    view,
)
from mtcnn_lite.course.scenes import scene
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.nets import Nets, ONet, PNet, RNet

STEPS = (0, 2, 40)


@pytest.fixture(scope="module")
def photo():
    return scene(3, 96, 128, faces=(1, 2), sizes=(20, 40))


@pytest.fixture(scope="module")
def nets(detector):
    """Two nets that know nothing, and one that was trained."""
    torch.manual_seed(4)
    return [PNet().eval(), PNet().eval(), detector.nets.pnet]


@pytest.fixture(scope="module")
def losses():
    return np.random.default_rng(0).uniform(0.01, 2, (40, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def past(photo, nets, losses):
    return history(photo, list(zip(STEPS, nets, strict=True)), losses)


@pytest.fixture
def explorer(past):
    return TrainingExplorer(past, level=1)


def overlap(a, b):
    width, height = (max(0, min(a[k + 2], b[k + 2]) - max(a[k], b[k])) for k in (0, 1))
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b))
    return width * height / (areas - width * height)


def test_a_moment_is_what_the_detector_sees(past, photo, nets):
    for moment, net in zip(past.moments, nets, strict=True):
        levels = Detector(Nets(net, RNet(), ONet())).trace(photo.image()).levels
        assert [level.scale for level in levels] == pytest.approx(past.scales)
        windows = []
        for face_map, level in zip(moment.maps, levels, strict=True):
            np.testing.assert_allclose(face_map, level.face_map, atol=1e-6)
            for row, scores in enumerate(level.face_map.tolist()):
                for column, score in enumerate(scores):
                    corner = 2 * column / level.scale, 2 * row / level.scale
                    windows.append((score, *corner, *(at + 12 / level.scale for at in corner)))
        windows.sort(key=lambda window: -window[0])
        np.testing.assert_allclose(moment.best, [window[1:] for window in windows[:BEST]], rtol=1e-5)
        assert moment.passing == sum(window[0] >= 0.6 for window in windows)
        near = [max(overlap(box, face) for face in photo.boxes.tolist()) >= 0.5 for box in moment.best.tolist()]
        assert moment.on_face.tolist() == near


def test_a_trained_net_likes_faces_and_an_untrained_one_does_not(past):
    counts = [int(moment.on_face.sum()) for moment in past.moments]
    assert counts[-1] > BEST / 3 > max(counts[:-1])


def test_losses_are_means_of_the_last_steps(past, losses):
    smooth = past.smooth()
    for step in (1, 2, SMOOTH, SMOOTH + 1, 40):
        np.testing.assert_allclose(smooth[step - 1], losses[max(0, step - SMOOTH) : step].mean(axis=0), rtol=1e-5)


@pytest.mark.parametrize("moment", ["min", "value", "max"])
@pytest.mark.parametrize("level", ["min", "value", "max"])
def test_view_at_each_end_of_each_slider(explorer, past, moment, level):
    for slider, end, name in ((explorer.moment, moment, "moment"), (explorer.level, level, "level")):
        slider.value = getattr(slider, end)
        setattr(explorer.canvas, name, slider.value)  # in a notebook the browser does that
    shown = explorer.view()
    index, of = explorer.moment.value, explorer.level.value
    assert shown.moment.step == STEPS[index]
    assert shown.face_map is past.moments[index].maps[of]
    assert shown.window == pytest.approx(20 / 0.709**of)
    assert (shown.losses is None) == (index == 0)
    assert f"after {STEPS[index]} steps: {shown.moment.passing} windows" in explorer.summary()
    assert explorer.still().pixels.shape[0] > 500


def test_a_photo_without_a_face_has_no_window_on_one(nets, losses):
    empty = LabelledPhoto(np.full((40, 40, 3), 90, np.uint8), np.zeros((0, 4)))
    past = history(empty, [(40, nets[-1])], losses)
    assert not past.moments[0].on_face.any()
    assert view(past, 0, 0).losses == pytest.approx(past.smooth()[39].tolist())


@pytest.mark.parametrize("step", [-1, 41])
def test_a_moment_beyond_the_losses_is_named(photo, nets, losses, step):
    with pytest.raises(ValueError, match=rf"a net is of step {step}, but there are losses of 40 steps"):
        history(photo, [(step, nets[0])], losses)


def test_explorer_without_a_kernel_is_a_picture_and_a_line_of_text(explorer):
    bundle, _ = explorer._repr_mimebundle_()
    assert bundle["text/plain"].startswith("after 40 steps: ")
    assert Image.open(io.BytesIO(base64.b64decode(bundle["image/jpeg"]))).height > 500
    assert "application/vnd.jupyter.widget-view+json" in bundle


# --- the JavaScript


def captions(page):
    return page.locator("figcaption").all_inner_texts()


def test_browser_shows_what_python_says(page, past: TrainingHistory):
    for index, moment in enumerate(past.moments):
        for level in (0, len(past.scales) - 1):
            page.evaluate("([m, l]) => { model.set('level', l); model.set('moment', m); }", [index, level])
            shown, (first, second, third) = view(past, index, level), captions(page)
            on = int(moment.on_face.sum())
            assert f"after {moment.step} steps: of the {BEST} best windows {on} are on a face" in first
            assert f"{BEST - on} are not" in first
            assert f"map of level {level}, window {shown.window:.0f} px" in second
            assert f"{moment.passing:,} windows of all levels" in second
            if shown.losses is None:
                assert third.endswith("not a step yet")
            else:
                assert all(f"{t} {v:.3f}" in third for t, v in zip(TASKS, shown.losses, strict=True))


def test_map_has_each_cell_in_its_place(page, past, pixel):
    page.evaluate("() => model.set('level', 0)")
    face_map = past.moments[-1].maps[0]
    rows, columns = face_map.shape
    cell = 372 / columns
    assert rows != columns
    for row, column in ((0, 0), (0, columns - 1), (rows - 1, 0), np.unravel_index(face_map.argmax(), face_map.shape)):
        found = pixel(1, int((column + 0.5) * cell), int((row + 0.5) * cell))[:3]
        score = face_map[row, column]
        expected = [0, 114, 178] if score >= 0.6 else [250 - 0.7 * round(255 * score)] * 3
        np.testing.assert_allclose(found, expected, atol=2)


def test_pointing_at_a_cell_names_its_score(page, past):
    page.evaluate("() => model.set('level', 0)")
    page.locator("canvas").nth(1).hover(position={"x": 3, "y": 3})
    score = past.moments[-1].maps[0][0, 0]
    assert page.locator(".tip").inner_text() == f"row 0, column 0: score {round(score * 255) / 255:.2f}"


def test_views_stand_within_the_page(page):
    boxes = [canvas.bounding_box() for canvas in page.locator("canvas").all()]
    assert boxes[1]["x"] > boxes[0]["x"] + boxes[0]["width"]
    assert all(box["x"] + box["width"] <= 848 for box in boxes)
