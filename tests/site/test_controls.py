"""Every control of every explorer, on a page without kernel and network: it works, or says "needs Python"."""

from pathlib import Path

import numpy as np
import pytest
import torch
from exported import export

from mtcnn_lite import Detector
from mtcnn_lite.course.explorers.alignment import AlignmentExplorer
from mtcnn_lite.course.explorers.camera import Camera
from mtcnn_lite.course.explorers.cascade import CascadeExplorer
from mtcnn_lite.course.explorers.evaluation import EvaluationExplorer
from mtcnn_lite.course.explorers.levels import LevelsExplorer
from mtcnn_lite.course.explorers.limits import LimitsExplorer
from mtcnn_lite.course.explorers.losses import LossExplorer
from mtcnn_lite.course.explorers.microscope import MicroscopeExplorer
from mtcnn_lite.course.explorers.mining import MiningBatch, MiningExplorer
from mtcnn_lite.course.explorers.overlap import OverlapExplorer
from mtcnn_lite.course.explorers.pnet import PNetExplorer
from mtcnn_lite.course.explorers.recognition import Known, WhoExplorer
from mtcnn_lite.course.explorers.rnet import RNetExplorer
from mtcnn_lite.course.explorers.samples import SamplesExplorer
from mtcnn_lite.course.explorers.suppression import SuppressionExplorer
from mtcnn_lite.course.explorers.training import TrainingExplorer, history
from mtcnn_lite.course.loss_windows import portrait as labelled_portrait
from mtcnn_lite.course.nms_pools import pools
from mtcnn_lite.course.scenes import ASTRONAUT_BOX, ASTRONAUT_LANDMARKS, portrait, scene, wall
from mtcnn_lite.nets import PNet

DRIVE = (Path(__file__).parent / "drive.js").read_text()
DRAWN = """() => [...document.querySelectorAll('section:not(#camera)')].every(
  (one) => one.querySelector('figcaption')?.textContent)"""
LANES = """() => Object.fromEntries([...document.querySelectorAll('section')].map(({ id }) => [id,
  [...document.querySelectorAll(`[id="${id}"] .slider-container canvas`)].map((canvas) =>
    canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value))
]).filter(([, lanes]) => lanes.length))"""
DARK = """async () => {
  const plots = () => ['mining', 'evaluation', 'who', 'training'].map((name) =>
    [...document.querySelectorAll(`#${name} canvas`)].map((canvas) => canvas.toDataURL()).join());
  const style = document.head.appendChild(document.createElement('style')), shown = [plots()];
  for (const theme of ['dark', 'light']) {
    style.textContent = theme === 'dark' ? ':root { --jp-ui-font-color1: #eee; }' : '';
    document.body.dataset.theme = theme;
    await new Promise((done) => setTimeout(done, 200));
    shown.push(plots());
  }
  return shown;
}"""
HERE = ("file:", "data:", "blob:")
NEEDS_PYTHON = {  # what no page without a kernel can answer
    "levels": {"your photo (0)"},
    "pnet": {"your photo (0)", "the wall"},
    "microscope P": {"your photo (0)"},
    "rnet": {"your photo (0)", "the wall"},
    "microscope R": {"your photo (0)", "window, px"},
    "cascade": {"your photo (0)"},
    "microscope O": {"your photo (0)", "window, px"},
    "limits": {"your photo (0)", "small"},
    "camera": {"use the camera"},
}
NO_PART = {  # what the others' settings leave no part in what is shown
    "nms": {"sigma"},
    "pnet": {"pyramid level"},
}


def mining():
    """A batch of single colours, with losses of three moments."""
    rng = np.random.default_rng(8)
    crops = rng.integers(0, 256, (40, 1, 1, 3), np.uint8).repeat(12, axis=1).repeat(12, axis=2)
    losses = {name: rng.exponential(1, (2, 40)).astype(np.float32) for name in ("untrained", "early", "late")}
    return MiningBatch(crops, np.arange(40) % 4 // 3, np.isin(np.arange(40), (3, 20)), losses)


def known():
    """Crops of noise with embeddings of two moments."""
    rng = np.random.default_rng(0)
    at = {name: tuple(rng.normal(0, 0.5, (k, 4)).astype(np.float32) for k in (6, 17)) for name in ("before", "after")}
    crops = rng.integers(0, 256, (23, 32, 32, 3), np.uint8)
    return Known(["Ada", "Bo", "Cy"], crops[:6], np.arange(6) % 3, crops[6:], rng.integers(-1, 3, 17), at)


@pytest.fixture(scope="module")
def explorers(detector, astronaut):
    """Each as its notebook makes it, with fewer photos, or made-up numbers, where those take long."""
    ours, two = Detector(), {"the wall": wall(), "the portrait": portrait()}
    torch.manual_seed(4)
    moments = [(0, PNet().eval()), (40, detector.nets.pnet)]
    dim = [scene([3, k], 160, 200, (3, 5), (16, 60), split="held_out") for k in range(3)]
    losses = np.linspace(3, 1, 3 * 40, dtype=np.float32).reshape(40, 3)
    return {
        "overlap": OverlapExplorer(astronaut, ASTRONAUT_BOX, ours.detect(astronaut).boxes[0]),
        "nms": SuppressionExplorer(pools(ours, astronaut)),
        "levels": LevelsExplorer(ours, {"the portrait": astronaut, "the wall": wall().image()}),
        "pnet": PNetExplorer(ours, two),
        "microscope P": MicroscopeExplorer(ours, astronaut, "pnet"),
        "rnet": RNetExplorer(ours, two),
        "microscope R": MicroscopeExplorer(ours, astronaut, "rnet"),
        "cascade": CascadeExplorer(detector, two),
        "microscope O": MicroscopeExplorer(ours, wall().image(), "onet", window=wall().boxes[0]),
        "samples": SamplesExplorer(scene([6, 34], 360, 480, (9, 9), (32, 60), distractors=(3, 5))),
        "losses": LossExplorer(labelled_portrait(), (176, 90, 276, 190), ours.nets.pnet),
        "mining": MiningExplorer(mining()),
        "training": TrainingExplorer(history(scene(3, 96, 128, (1, 2), (20, 40)), moments, losses), level=2),
        "evaluation": EvaluationExplorer(Detector("zhang2016", mirror=False), dim),
        "limits": LimitsExplorer(detector, scene([11, 16], 220, 280, (5, 5), (40, 48), "held_out", (0, 0))),
        "alignment": AlignmentExplorer(astronaut, ASTRONAUT_LANDMARKS, ASTRONAUT_BOX),
        "who": WhoExplorer(known()),
        "camera": Camera(),
    }


@pytest.fixture(scope="module")
def driven(chromium, explorers, modules, tmp_path_factory):
    """name -> what driving each control of that explorer found, in one page; and the page's complaints and requests."""
    path = export(tmp_path_factory.mktemp("exported"), modules, explorers)
    context = chromium.new_context(viewport={"width": 1130, "height": 900}, permissions=["camera"])
    context.route(lambda url: not url.startswith(HERE), lambda route: route.abort())
    page = context.new_page()
    wrong = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on("request", lambda sent: None if sent.url.startswith(HERE) else wrong.append(sent.url))
    page.goto(path.as_uri())
    page.evaluate("() => window.ready")
    page.wait_for_function(DRAWN)
    page.wait_for_timeout(300)
    lanes = page.evaluate(LANES)
    dark = page.evaluate(DARK)
    yield {name: page.evaluate(DRIVE, name) for name in explorers}, wrong, lanes, dark
    context.close()


def test_every_control_changes_what_is_shown_or_says_that_it_needs_python(driven):
    found = driven[0]
    for name, controls in found.items():
        assert controls, name
        for one in controls:
            where = f"{name}: {one['name']} ({one['kind']})"
            if one["off"]:
                assert one["told"] or one["name"] in NO_PART.get(name, ()), where
            else:
                assert one["states"] >= 2, where
        assert {one["name"] for one in controls if one["off"] and one["told"]} == NEEDS_PYTHON.get(name, set()), name


def test_every_control_has_a_name_and_the_keyboard_reaches_it(driven):
    for name, controls in driven[0].items():
        for one in controls:
            assert one["named"], (name, one)
            assert one["focus"], (name, one)


def test_scores_lie_behind_the_sliders_of_thresholds(driven):
    """Of R-Net's explorer both, of the evaluation O-Net's: each has bars."""
    assert driven[2] == {"rnet": [True, True], "evaluation": [True]}


def test_plots_follow_the_page_into_the_dark_and_back(driven):
    for before, dark, after in zip(*driven[3], strict=True):
        assert before == after
        assert before != dark


def test_no_script_fails_and_nothing_is_asked_of_a_network(driven):
    assert driven[1] == []
