"""The microscope in JupyterLab, in a notebook of its own: keyboard, pointer and slider."""

import contextlib
import json
import statistics

import pytest
from lab import Notebook, server

CELLS = {
    net: "import skimage.data\nfrom mtcnn_lite import Detector\n"
    "from mtcnn_lite.course.explorers.microscope import MicroscopeExplorer\n"
    f"explorer = MicroscopeExplorer(Detector(), skimage.data.astronaut(), '{net}')\nexplorer"
    for net in ("pnet", "rnet", "onet")
}
FIRST_LAYER = {"pnet": 6, "rnet": 4, "onet": 4}  # number of the canvas that shows conv1
PATCH = {"pnet": 5, "rnet": 2, "onet": 2}
AT_ONCE = 120  # ms, from a key to other maps: what an eye takes for at once

# From a key to the frame in which the canvas number k is another: the maps of the moved window, not only its outline.
TIME = """(k) => {
  const canvas = document.querySelectorAll('.mtcnn-canvas canvas')[k];
  const seen = () => {
    let hash = 0;
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    for (const pixel of new Uint32Array(data.buffer)) hash = Math.imul(hash ^ pixel, 16777619);
    return hash;
  };
  window.timed = { pressed: null, took: null };
  const frame = () => {
    if (seen() !== timed.last) timed.took = performance.now() - timed.pressed;
    else requestAnimationFrame(frame);
  };
  document.addEventListener('keydown', (event) => {
    Object.assign(timed, { pressed: event.timeStamp, took: null, last: seen() });
    requestAnimationFrame(frame);
  }, true);
}"""


@pytest.fixture(scope="module", params=list(CELLS))
def opened(request, chromium, tmp_path_factory):
    """The net's name, and a notebook with its microscope."""
    folder = tmp_path_factory.mktemp("microscope")
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "source": CELLS[request.param], "outputs": []}
    notebook = {"cells": [cell | {"execution_count": None}], "nbformat": 4, "nbformat_minor": 5,
                "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}}}  # fmt: skip
    (folder / "one.ipynb").write_text(json.dumps(notebook))
    with server(folder, tmp_path_factory.mktemp("lab")) as url:
        page = chromium.new_page(viewport={"width": 1280, "height": 1000})
        lab = Notebook(page, url.format("one.ipynb"), "one.ipynb")
        lab.run()
        yield request.param, lab
        assert lab.errors() == []
        lab.close()


def press(lab, keys):
    """Milliseconds from each key to other maps."""
    times = []
    for key in keys:
        lab.page.keyboard.press(key)
        lab.page.wait_for_function("() => timed.took !== null")
        times.append(lab.page.evaluate("timed.took"))
        lab.page.wait_for_timeout(250)
    return times


def test_arrow_keys_move_the_window_and_maps_follow_at_once(opened, alone, capsys):
    net, lab = opened
    lab.canvas(0).click(position={"x": 93, "y": 44} if net == "pnet" else {"x": 150, "y": 90})
    lab.page.wait_for_timeout(500)
    lab.page.evaluate(TIME, FIRST_LAYER[net])
    before = lab.text(".mtcnn-canvas figcaption")
    for among_others in (True, False, False):  # alone where another test, or program, had the processor
        with contextlib.nullcontext() if among_others else alone():
            times = press(lab, ["ArrowRight", "ArrowDown", "ArrowRight", "ArrowUp", "ArrowLeft", "ArrowLeft"] * 2)
        if statistics.median(times) <= AT_ONCE:
            break
    with capsys.disabled():
        print(f"\n{net}: median {statistics.median(times):.0f} ms, at most {max(times):.0f} ms, {AT_ONCE} allowed")
    assert statistics.median(times) <= AT_ONCE
    assert lab.text(".mtcnn-canvas figcaption") == before  # the keys are the window's, and end where they began
    assert lab.page.evaluate("() => document.activeElement.tagName") == "CANVAS"


def test_slider_changes_the_window_and_the_maps(opened):
    _, lab = opened
    before = lab.text(".mtcnn-canvas figcaption")
    lab.focus("window, px")
    lab.press("ArrowRight")
    lab.page.wait_for_timeout(600)
    assert lab.text(".mtcnn-canvas figcaption") != before
    assert lab.page.locator(".mtcnn-canvas.stale").count() == 0


def test_click_elsewhere_changes_the_score(opened):
    _, lab = opened
    before = lab.text(".mtcnn-canvas td + td")
    lab.canvas(0).click(position={"x": 30, "y": 150})
    lab.page.wait_for_timeout(800)
    assert lab.text(".mtcnn-canvas td + td") != before
    assert lab.page.locator(".mtcnn-canvas.stale").count() == 0


def test_pointer_tells_of_cells_and_patches(opened):
    net, lab = opened
    lab.canvas(FIRST_LAYER[net]).hover(position={"x": 10, "y": 10})
    assert "conv1, channel 0, row" in lab.text(".mtcnn-canvas .tip")
    lab.canvas(PATCH[net]).hover(position={"x": 60, "y": 60})
    assert lab.text(".mtcnn-canvas .tip").startswith("with this patch gray: score 0.")
