"""One meaning for each colour: a stage's colour stands for that stage alone, and figures take colours by name."""

import ast
import re
from pathlib import Path

import numpy as np
import pytest

from mtcnn_lite.course import (
    evaluation_figures,
    evidence,
    limit_figures,
    loss_figures,
    mining_figures,
    onepass_figures,
    recognition_figures,
    sample_figures,
    ten_detections,
    verification_figures,
)
from mtcnn_lite.course.explorers import alignment, mining, recognition, samples
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.draw import COLOURS, INK, PAPER, STAGE_COLOURS, rgb

COURSE = Path(evidence.__file__).parent
CHECKS = COURSE / "checks"  # of pages, not of figures: a verdict is green or vermilion everywhere
MODULES = sorted(path for path in COURSE.rglob("*.py") if CHECKS not in path.parents)
PAINTED = re.compile("(edge|face|label|e|markeredge|markerface)?colors?|c|mec|mfc|foreground")  # matplotlib's arguments
HEX = re.compile("#[0-9A-Fa-f]{6}")

# Modules that name a stage's colour where they draw, and what they draw in it.
OF_A_STAGE = {
    "chapters.py": "the chapters that build the nets, on the map",
    "cost_figures.py": "P-Net's windows",
    "evaluation_figures.py": "what O-Net, and so the cascade, finds",
    "landmark_figures.py": "boxes and points of O-Net",
    "limit_figures.py": "faces that O-Net finds",
    "nms_figures.py": "boxes of P-Net",
    "overlap_figures.py": "a window as P-Net sees it, beside the label",
    "pnet_figures.py": "P-Net's windows and boxes",
    "pyramid_figures.py": "P-Net's work and scores",
    "rnet_figures.py": "R-Net's crops and answers, beside P-Net's cost",
    "sample_figures.py": "the sides of the windows that P-Net looks at",
    "board_explorer.py": "faces that O-Net finds",
    "evaluation.py": "the cascade's boxes and its curve",
    "levels.py": "P-Net's windows and scores",
    "limits.py": "faces that O-Net finds",
    "losses.py": "P-Net's box",
    "overlap.py": "a window as P-Net sees it, beside the label",
    "pnet.py": "P-Net's boxes and maps",
    "rnet.py": "R-Net's crops",
    "training.py": "P-Net's map",
}


def stage_colours(tree):
    """Where a stage's colour is named: COLOURS["pnet"], or "pnet" among what a drawing function is given."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and getattr(node.value, "id", "") == "COLOURS":
            inside = ast.walk(node.slice)
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "").startswith("draw_"):
            inside = (part for each in [*node.args, *node.keywords] for part in ast.walk(each))
        else:
            continue
        yield from (part for part in inside if isinstance(part, ast.Constant) and part.value in STAGE_COLOURS)


def written_out(tree):
    """Colours that stand where they are used, without a name: color="white", or "#222222" inside a function."""
    named = {id(part) for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign) for part in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and PAINTED.fullmatch(node.arg or ""):
            if isinstance(node.value, ast.Constant) and node.value.value not in ("none", None):
                yield node.value
        elif isinstance(node, ast.Constant) and HEX.search(str(node.value)) and id(node) not in named:
            yield node


def is_docstring(node, tree):
    return any(node is ast.get_docstring(each, clean=False) or node.value == ast.get_docstring(each, clean=False)
               for each in ast.walk(tree) if isinstance(each, ast.FunctionDef | ast.ClassDef | ast.Module))  # fmt: skip


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_colours_have_names(path):
    tree = ast.parse(path.read_text())
    found = [(node.lineno, node.value) for node in written_out(tree) if not is_docstring(node, tree)]
    assert found == []


def test_only_what_draws_a_stage_names_its_colour():
    using = {path.name for path in MODULES if [*stage_colours(ast.parse(path.read_text()))]}
    assert using == set(OF_A_STAGE)


@pytest.mark.parametrize(
    "code", ['draw_boxes(photo, boxes, "onet")', 'bar(color=COLOURS["onet" if good else "muted"])']
)
def test_a_stage_s_colour_is_seen_where_it_is_named(code):
    assert [node.value for node in stage_colours(ast.parse(code))] == ["onet"]


@pytest.mark.parametrize("code", ['bar(color="white")', 'def f():\n    return "#222222"'])
def test_a_colour_without_a_name_is_seen(code):
    assert len([*written_out(ast.parse(code))]) == 1


def test_no_colour_has_two_names():
    assert len(set(COLOURS.values())) == len(COLOURS)
    assert set(STAGE_COLOURS) == {"pnet", "rnet", "onet"}


def flat(value):
    """All strings in nested tuples, lists and dicts."""
    if isinstance(value, str):
        return {value}
    parts = [*value.values()] if isinstance(value, dict) else value if isinstance(value, tuple | list) else []
    return {text for part in parts for text in flat(part)}


@pytest.mark.parametrize(
    "palette",
    [mining.TRUTH, mining_figures.LABELS, samples.GROUPS, sample_figures.COLOUR, recognition.OUTCOMES, alignment.PLACE,
     recognition_figures.KINDS, recognition_figures.PLACE, verification_figures.TONES, verification_figures.LOOKS,
     limit_figures.BARS, limit_figures.GAMMAS, ten_detections.LOOKS],
    ids=str,
)  # fmt: skip
def test_labels_outcomes_and_ways_have_no_stage_s_colour(palette):
    assert not flat(palette) & {*STAGE_COLOURS, *STAGE_COLOURS.values()}


def pictures():
    """Figures that show no stage, with something in each of their colours."""
    rng = np.random.default_rng(0)
    faces, photo = np.arange(40) % 4 == 0, np.full((240, 240, 3), 128, np.uint8)
    labelled = LabelledPhoto(photo, [[20, 20, 60, 60]], [np.full((5, 2), 40)])
    windows = np.float32([[20, 20, 60, 60], [30, 20, 70, 60], [38, 20, 78, 60], [100, 100, 140, 140]])
    yield mining_figures.on_the_photo(labelled, windows[[0, 3]], np.array([True, False]), {"these": np.arange(2)})
    yield mining_figures.moments({name: rng.exponential(size=40) for name in ("then", "now")}, faces)
    yield mining_figures.wrong_among(rng.exponential(size=40), faces, (1.0, 0.5))
    yield evidence.intervals({"a": evidence.paired([1, 2, 3], [1, 1, 1])}, "more")
    yield sample_figures.overlaps({"some": windows}, labelled.boxes)
    yield loss_figures.price_and_slope([(0.9, 1), (0.2, 0)])
    yield evaluation_figures.differences({"a": (0.1, 0.0, 0.2)}, "more")
    yield evaluation_figures.histogram_of_draws(rng.normal(size=50), (-1, 1), "more")
    yield recognition_figures.triplet_prices(0.3, (0.1, 0.4))
    yield recognition_figures.shares_of_kinds({"a": {"easy": 0.5, "semi-hard": 0.3, "hard": 0.2}})
    yield recognition_figures.collapse({"hardest": [[1, 1]], "semi-hard": [[2, 2]]}, 3)
    yield verification_figures.areas_with_ranges({"a": 0.9}, {"a": (0.8, 0.95)})
    yield limit_figures.found_by({"day": {"other": 3, "MTCNN": 5, "MTCNN, repaired": 6}}, 10)
    yield onepass_figures.seed_by_seed({"a": [0.5, 0.6], "b": [0.2, 0.3]}, "more")
    yield onepass_figures.crowd_lines((0, 9), {"a": [1, 2], "b": [1, 1]}, {"a": [1, 2], "b": [1, 1]})
    yield ten_detections.page(["right", "wrong", "ignored", "right", "wrong"] * 2)


def test_figures_that_show_no_stage_have_no_stage_s_colour():
    for picture in pictures():
        for colour in STAGE_COLOURS.values():
            assert not (picture.pixels == rgb(colour)).all(axis=2).any(), (picture.alt, colour)


def seen_with(cones, colours):
    """Colours (N, 3) as such eyes see them, in linear RGB (Vienot et al. 1999)."""
    to_lms = np.array([[17.8824, 43.5161, 4.11935], [3.45565, 27.1554, 3.86714], [0.0299566, 0.184309, 1.46709]])
    return (np.linalg.inv(to_lms) @ cones @ to_lms @ (colours**2.2).T).T


@pytest.mark.parametrize(
    "cones",
    [np.eye(3), [[0, 2.02344, -2.52581], [0, 1, 0], [0, 0, 1]], [[1, 0, 0], [0.494207, 0, 1.24827], [0, 0, 1]]],
    ids=["all", "protanopia", "deuteranopia"],
)
@pytest.mark.parametrize(
    "together",
    [
        ("face", "muted", "landmark"),
        ("face", "part", "muted", "unused"),
        ("part", "face", "truth"),
        (INK, "muted", PAPER),
    ],
    ids=str,
)
def test_colours_of_one_figure_differ_for_colour_blind_readers(together, cones):
    colours = seen_with(np.array(cones, float), np.array([rgb(name) for name in together]) / 255)
    gaps = np.linalg.norm(colours[:, None] - colours[None], axis=2)[np.triu_indices(len(together), 1)]
    assert gaps.min() > 0.15
