"""The samples explorer: its windows against the package's, its JavaScript against its Python, its crops."""

import base64
import io

import numpy as np
import pytest
from oracles import counted
from PIL import Image

from mtcnn_lite.course.explorers.samples import GROUPS, SLIDERS, Draws, SamplesExplorer, view
from mtcnn_lite.course.scenes import collage
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.sampling.config import SamplingConfig
from mtcnn_lite.sampling.random_windows import jitter
from mtcnn_lite.sampling.sampler import NEGATIVE, NOTHING, PART, POSITIVE

ENDS = [(name, end) for name in SLIDERS for end in ("min", "value", "max")]


@pytest.fixture(scope="module")
def photo():
    return LabelledPhoto(*collage())


@pytest.fixture
def explorer(photo):
    return SamplesExplorer(photo)


def named(best, config):
    if best >= config.positive:
        return POSITIVE
    if best >= config.part:
        return PART
    return NEGATIVE if best < config.negative else NOTHING


def iou_by_hand(window, face):
    width = max(0, min(window[2], face[2]) - max(window[0], face[0]))
    height = max(0, min(window[3], face[3]) - max(window[1], face[1]))
    areas = sum((b[2] - b[0]) * (b[3] - b[1]) for b in (window, face))
    return width * height / (areas - width * height)


@pytest.mark.parametrize(("name", "end"), ENDS)
def test_view_at_each_end_of_each_slider(explorer, photo, name, end):
    slider = explorer.sliders[name]
    slider.value = getattr(slider, end)
    now = explorer.sorted()
    config = SamplingConfig(**{key: each.value for key, each in explorer.sliders.items()})
    for window, overlap, nearest, kind in zip(now.windows, now.overlap, now.nearest, now.kind, strict=True):
        overlaps = [iou_by_hand(window.tolist(), face) for face in photo.boxes.tolist()]
        assert overlap == pytest.approx(max(overlaps), abs=1e-5)
        assert overlaps[nearest] == pytest.approx(max(overlaps), abs=1e-5)
        assert kind == named(overlap, config)
    assert sum(now.counts().values()) == len(now.kind) == 9 * 20 + 9 * 5 + 50
    assert f"{now.counts()['positive']} positive" in explorer.summary()


def test_windows_are_those_of_the_package(photo):
    """The same random numbers in the package's own jitter give the same windows."""
    config = SamplingConfig(shift=0.35, smaller=0.6, larger=1.7)
    draws = Draws.of(photo, seed=4)
    rng = np.random.default_rng(4)
    expected = jitter(photo.boxes, config.jittered, rng, config.shift, config.smaller, config.larger)
    found = view(photo, draws, config).windows[draws.face >= 0]
    in_order = np.lexsort(np.round(expected, 2).T)
    np.testing.assert_allclose(found[np.lexsort(np.round(found, 2).T)], expected[in_order], atol=1e-3)


def test_without_jitter_each_window_is_a_square_on_its_face(photo):
    draws = Draws.of(photo)
    found = view(photo, draws, SamplingConfig(shift=0, smaller=1, larger=1)).windows[draws.face >= 0]
    face = photo.boxes[draws.face[draws.face >= 0]]
    np.testing.assert_allclose(found[:, :2] + found[:, 2:], face[:, :2] + face[:, 2:], rtol=1e-5)
    sides = found[:, 2] - found[:, 0]
    width, height = (face[:, 2:] - face[:, :2]).T
    assert (sides >= np.minimum(width, height) - 1e-3).all()
    assert (sides <= np.maximum(width, height) + 1e-3).all()


def test_one_face_alone_turns_the_others_into_negatives(photo):
    draws = Draws.of(photo)
    right, wrong = (view(photo, draws, SamplingConfig(), first_only) for first_only in (False, True))
    poisoned = (wrong.kind == NEGATIVE) & np.isin(right.kind, (POSITIVE, PART))
    assert poisoned.sum() > 100
    assert (draws.face[poisoned] != 0).all()
    np.testing.assert_array_equal(right.windows, wrong.windows)


def test_counted_pixels_agree_where_windows_are_whole():
    photo = LabelledPhoto(np.zeros((60, 60, 3), np.uint8), [[10, 10, 30, 34]])
    given = np.array([[10, 10, 30, 30], [14, 10, 38, 34], [0, 0, 12, 12], [10, 18, 26, 34]], np.float32)
    now = view(photo, Draws(np.full(4, -1, np.int32), given), SamplingConfig())
    expected = [counted(window, photo.boxes[0]) for window in given]
    np.testing.assert_allclose(now.overlap, expected, atol=1e-6)
    assert now.kind.tolist() == [named(overlap, SamplingConfig()) for overlap in expected]


def test_photo_without_a_face_is_refused():
    with pytest.raises(ValueError, match="must have labelled faces"):
        SamplesExplorer(LabelledPhoto(np.zeros((60, 60, 3), np.uint8), []))


def test_explorer_without_a_kernel_is_a_picture_and_a_line_of_text(explorer):
    bundle, _ = explorer._repr_mimebundle_()
    assert bundle["text/plain"].startswith("275 windows: ")
    assert Image.open(io.BytesIO(base64.b64decode(bundle["image/jpeg"]))).height > 260
    explorer.group.index = 3
    assert explorer.still().pixels.shape[0] > 260


def test_groups_are_the_kinds_and_their_colours_differ(explorer):
    assert {kind for kind, *_ in GROUPS} == {POSITIVE, PART, NEGATIVE, NOTHING}
    assert len({colour for _, _, colour, _ in explorer.canvas.groups}) == 4
    for name, (_, _, value, _) in SLIDERS.items():
        assert getattr(explorer.canvas, name) == value == getattr(SamplingConfig(), name)


# --- the JavaScript


@pytest.mark.parametrize("first_only", [False, True])
def test_browser_sorts_as_python_does(page, explorer, photo, first_only):
    names = {kind: name for kind, name, _, _ in GROUPS}
    for values in ((0.65, 0.4, 0.3, 0.2, 0.8, 1.25), (0.6, 0.35, 0.1, 0.5, 0.5, 2.0), (0.85, 0.6, 0.35, 0.0, 1.0, 1.0)):
        settings = dict(zip(SLIDERS, values, strict=True))
        expected = view(photo, explorer.draws, SamplingConfig(**settings), first_only)
        found = page.evaluate(
            """([boxes, face, numbers, now]) =>
                sorted(boxes, new Int32Array(face), new Float32Array(numbers), now)""",
            [photo.boxes.tolist(), explorer.draws.face.tolist(), explorer.draws.numbers.ravel().tolist(),
             {**settings, "first_only": first_only}],
        )  # fmt: skip
        np.testing.assert_allclose([each["window"] for each in found], expected.windows, atol=1e-3)
        np.testing.assert_allclose([each["overlap"] for each in found], expected.overlap, atol=1e-5)
        assert [each["kind"] for each in found] == [names[kind] for kind in expected.kind]


def test_captions_count_each_kind_and_follow_the_traits(page, explorer, photo, set_traits):
    for settings in ({}, {"positive": 0.8, "negative": 0.1}, {"shift": 0.5, "larger": 1.8}):
        set_traits(**settings)
        config = SamplingConfig(**{name: page.evaluate(f"() => model.get('{name}')") for name in SLIDERS})
        counts = view(photo, explorer.draws, config).counts()
        captions = page.locator("figcaption").all_inner_texts()[2:]
        for (name, count), caption in zip(counts.items(), captions, strict=True):
            assert caption.startswith(f"{name}: {count}"), caption


def test_a_crop_shows_what_lies_in_its_window(page, explorer, photo, set_traits, pixel):
    """The first positive: its middle has the colour of the photo there, once the labels are off."""
    set_traits(labels=False)
    now = explorer.sorted()
    first = np.flatnonzero(now.kind == POSITIVE)[0]
    image = photo.image().astype(float)
    for share in (0.25, 0.5, 0.75):
        x, y = now.windows[first, :2] + share * (now.windows[first, 2:] - now.windows[first, :2])
        near = image[int(y) - 2 : int(y) + 3, int(x) - 2 : int(x) + 3].reshape(-1, 3)
        seen = pixel(2, int(48 * share), int(48 * share))[:3]
        assert (near.min(axis=0) - 25 <= seen).all()
        assert (seen <= near.max(axis=0) + 25).all()


def test_pointing_at_a_crop_tells_its_kind_and_target(page, explorer, photo):
    page.locator("canvas").nth(3).hover(position={"x": 10, "y": 10})
    now = explorer.sorted()
    first = np.flatnonzero(now.kind == PART)[0]
    window, face = now.windows[first], photo.boxes[now.nearest[first]]
    target = (face - window) / (window[2] - window[0])
    text = page.locator(".tip").inner_text()
    assert f"part: IoU {now.overlap[first]:.3f}" in text
    told = [float(part) for part in text.partition("box target ")[2].split(", ")]
    np.testing.assert_allclose(told, target, atol=2e-3)
    page.mouse.move(880, 690)
    assert not page.locator(".tip").is_visible()


def test_photo_shows_the_chosen_kind(page, explorer, set_traits):
    for group, (kind, name, _, _) in enumerate(GROUPS):
        set_traits(group=group)
        count = int((explorer.sorted().kind == kind).sum())
        assert page.locator("figcaption").first.inner_text().endswith(f"{count} windows, {name}")
