"""Pictures: right pixels, right colours, told apart by everyone."""

import io

import numpy as np
import pytest
from PIL import Image

from mtcnn_lite.cascade.faces import Faces
from mtcnn_lite.course.chapters import CHAPTERS, chapter_map
from mtcnn_lite.draw import (
    COLOURS,
    JPEG_LONGEST,
    Picture,
    at_height,
    beside,
    draw_boxes,
    draw_faces,
    draw_landmarks,
    draw_map,
    draw_stages,
    rgb,
    with_alt,
)

BLACK = np.zeros((40, 60, 3), np.uint8)


def where(pixels, colour):
    """x1, y1, x2, y2 round all pixels of exactly this colour, half-open."""
    ys, xs = np.nonzero((pixels == rgb(colour)).all(axis=2))
    return xs.min(), ys.min(), xs.max() + 1, ys.max() + 1


def test_box_is_drawn_on_its_own_pixels():
    drawn = draw_boxes(BLACK, [[10, 5, 30, 25]], "onet", thickness=1)
    assert where(drawn, "onet") == (10, 5, 30, 25)
    assert BLACK.max() == 0, "the photo itself is left alone"


def test_lines_lie_above_the_rims_of_other_boxes():
    drawn = draw_boxes(BLACK, [[10, 5, 30, 25], [11, 6, 31, 26]], "pnet", thickness=1)
    assert tuple(drawn[15, 10]) == tuple(drawn[15, 11]) == rgb("pnet")


def test_landmark_is_drawn_round_its_pixel():
    drawn = draw_landmarks(BLACK, [[[20, 15]] * 5], radius=3)
    x1, y1, x2, y2 = where(drawn, "landmark")
    assert ((x1 + x2 - 1) / 2, (y1 + y2 - 1) / 2) == (20, 15)
    on_light = draw_landmarks(np.full_like(BLACK, 240), [[[20, 15]] * 5], radius=3)
    assert where(on_light, "landmark") == (x1, y1, x2, y2)
    rim = on_light[15, x2]
    assert rim.max() < 130, "a dark rim parts the dot from the skin"


def test_stage_colours_differ_for_colour_blind_readers():
    """Distances after simulating protanopia and deuteranopia (Vienot et al. 1999), in linear RGB."""
    to_lms = np.array([[17.8824, 43.5161, 4.11935], [3.45565, 27.1554, 3.86714], [0.0299566, 0.184309, 1.46709]])
    protan = np.array([[0, 2.02344, -2.52581], [0, 1, 0], [0, 0, 1]])
    deutan = np.array([[1, 0, 0], [0.494207, 0, 1.24827], [0, 0, 1]])
    colours = np.array([rgb(name) for name in ("pnet", "rnet", "onet")]) / 255
    for cone in (np.eye(3), protan, deutan):
        seen = (np.linalg.inv(to_lms) @ cone @ to_lms @ (colours**2.2).T).T
        gaps = np.linalg.norm(seen[:, None] - seen[None], axis=2)[np.triu_indices(3, 1)]
        assert gaps.min() > 0.15


def test_map_is_dark_where_scores_are_high_and_coloured_where_they_pass():
    drawn = draw_map(np.array([[0.0, 0.5], [0.9, 0.6]], np.float32), threshold=0.6, zoom=1)
    assert drawn[0, 0].tolist() == [250] * 3
    assert drawn[0, 1, 0] < 250
    assert tuple(drawn[1, 0]) == tuple(drawn[1, 1]) == rgb("pnet")


def test_picture_saves_whole_or_not_at_all(tmp_path, monkeypatch):
    picture = Picture(np.full((4, 6, 3), 200, np.uint8))
    picture.save(tmp_path / "a.png")
    assert np.array_equal(np.asarray(Image.open(tmp_path / "a.png")), picture.pixels)
    with pytest.raises(ValueError, match=r"a\.docx: \.docx is no picture format; use \.jpg or \.png"):
        picture.save(tmp_path / "a.docx")
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        picture.save(tmp_path / "b.png")
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_picture_shows_itself_as_jpeg_and_a_drawing_as_png():
    assert set(Picture(BLACK)._repr_mimebundle_()[0]) == {"text/plain", "image/jpeg"}
    assert set(Picture(BLACK, flat=True)._repr_mimebundle_()[0]) == {"text/plain", "image/png"}
    assert Image.open(io.BytesIO(Picture(BLACK).encode())).size == (60, 40)


def test_a_picture_too_long_for_jpeg_is_shown_as_png_and_its_error_says_why(tmp_path):
    long = Picture(np.full((1, JPEG_LONGEST + 1, 3), 200, np.uint8))
    assert set(long._repr_mimebundle_()[0]) == {"text/plain", "image/png"}
    with pytest.raises(ValueError, match=r"JPEG can't hold 65501 x 1 px .*; its sides are at most 65500 px; use \.png"):
        long.save(tmp_path / "a.jpg")
    long.save(tmp_path / "a.png")
    assert Image.open(tmp_path / "a.png").size == (65_501, 1)
    most = Picture(np.full((1, JPEG_LONGEST, 3), 200, np.uint8))
    assert set(most._repr_mimebundle_()[0]) == {"text/plain", "image/jpeg"}
    with pytest.raises(ValueError, match=r"a\.psd: \.psd is no picture format"):
        most.save(tmp_path / "a.psd")
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_panels_stand_in_a_row_with_room_for_their_captions():
    plain = beside([BLACK, BLACK], height=40, gap=10).pixels
    assert plain.shape == (40, 130, 3)
    assert plain[:, 60:70].min() == 255
    captioned = beside([BLACK], ["a caption much wider than the panel"], height=40).pixels
    assert captioned.shape[1] > 200
    assert captioned[-40:, :60].max() == 0
    assert captioned[:-40].min() < 100, "the caption is there"
    assert captioned[:, -1].min() == 255, "and ends before the edge"


def test_at_height_scales_boxes_with_the_photo():
    small, scale = at_height(np.zeros((100, 50, 3), np.uint8), 40)
    assert (small.shape, scale) == ((40, 20, 3), 0.4)


@pytest.mark.parametrize(
    ("shape", "size", "scale"),
    [
        ((30, 6000), (20, 4000), 2 / 3),
        ((1, 4000), (1, 4000), 1),
        ((6000, 30), (300, 2), 0.05),
        ((300, 4000), (300, 4000), 1),
    ],
)
def test_a_strip_is_no_wider_than_a_panel_may_be(shape, size, scale):
    """Panels in a row keep that width."""
    small, by = at_height(np.zeros((*shape, 3), np.uint8), 300)
    assert small.shape == (*size, 3)
    assert by == pytest.approx(scale)
    assert beside([small, small], height=300, gap=10).pixels.shape == (300, 2 * size[1] + 10, 3)


def test_lines_on_a_strip_do_not_hide_it():
    faces = Faces(np.array([[100, 5, 130, 35]], np.float32), np.float32([0.9]), np.full((1, 5, 2), 20, np.float32))
    drawn = draw_faces(np.zeros((40, 20_000, 3), np.uint8), faces).pixels
    assert drawn[22:30, 106:124].max() == 0, "inside of the box, below the score"
    assert (drawn == rgb("onet")).all(axis=2).any()


def test_faces_and_stages_are_drawn_in_their_colours(detector, astronaut):
    trace = detector.trace(astronaut)
    drawn = draw_faces(astronaut, trace.faces).pixels
    assert drawn.shape == astronaut.shape
    x1, y1, x2, y2 = trace.faces.boxes[0].round().astype(int)
    on_edge = (drawn == rgb("onet")).all(axis=2)
    assert on_edge[(y1 + y2) // 2, x1 - 1 : x1 + 2].any()
    assert on_edge[y2 - 2 : y2 + 1, (x1 + x2) // 2].any()
    stages = draw_stages(trace).pixels
    quarter = stages.shape[1] // 4
    for panel, name in enumerate(["pnet", "rnet", "onet"], start=1):
        assert (stages[:, panel * quarter : (panel + 1) * quarter] == rgb(name)).all(axis=2).sum() > 50


def test_map_of_chapters_lights_one_and_only_one():
    dark = [(chapter_map(number).pixels == 0xED).all(axis=2).sum() for number in CHAPTERS]
    assert len({chapter_map(number).pixels.tobytes() for number in CHAPTERS}) == len(CHAPTERS)
    assert max(dark) < (chapter_map("00").pixels == 0xED).all(axis=2).sum() * 1.05
    assert (chapter_map("03").pixels == rgb(COLOURS["pnet"])).all(axis=2).sum() > 1000
    with pytest.raises(ValueError, match="number is '14'"):
        chapter_map("14")


def test_a_picture_carries_its_alt_text_in_the_metadata():
    data, metadata = Picture(BLACK, alt="All of it black.")._repr_mimebundle_()
    assert metadata == {"alt": "All of it black.", "image/jpeg": {"alt": "All of it black."}}
    assert data["text/plain"] == "Picture(60 x 40)"
    assert Picture(BLACK)._repr_mimebundle_()[1] == {}


def test_with_alt_takes_pictures_pixels_and_figures():
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(2, 1))
    axis.plot([0, 1])
    for shown, kind in ((figure, "image/png"), (BLACK, "image/jpeg"), (Picture(BLACK, flat=True), "image/png")):
        described = with_alt(shown, "A line that rises.")
        data, metadata = described._repr_mimebundle_()
        assert data["text/plain"] == repr(described) == "A line that rises."
        assert metadata[kind] == {"alt": "A line that rises."}
        assert described.pixels.shape[2] == 3
    assert not plt.get_fignums(), "closed, so that it does not show twice"
    with pytest.raises(ValueError, match="alt is 'too short'; it must say"):
        with_alt(BLACK, "too short")


def test_panels_are_described_by_their_captions_and_their_own_alt_texts():
    assert beside([BLACK, BLACK], ["one\nline", "two"]).alt == "Side by side: one, line; two"
    assert beside([Picture(BLACK, alt="A night.")], ["one"]).alt == "Side by side: one A night."
    assert beside([BLACK]).alt == ""
