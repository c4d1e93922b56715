"""A reader's own photo in a page that was opened from a file: what it shows, what it says, and that nothing is sent."""

import base64
import http.server
import io
import os
import re
import threading
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from detector_page import write_page
from PIL import Image

from mtcnn_lite import Detector
from mtcnn_lite.boxes import iou
from mtcnn_lite.course.scenes import wall
from mtcnn_lite.draw import COLOURS, rgb

NETS = ("P-Net", "R-Net", "O-Net")
COUNTS = "() => [...document.querySelectorAll('input[name$=show]')].map((each) => each.parentElement.textContent)"
ROWS = """() => [...document.querySelectorAll("table tr")].slice(1)
  .map((row) => [...row.cells].map((cell) => Number(cell.textContent)))"""
DROP = """([name, text]) => {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)), moved = new DataTransfer();
  moved.items.add(new File([bytes], name, { type: "image/png" }));
  const event = new DragEvent("drop", { dataTransfer: moved, bubbles: true, cancelable: true });
  document.querySelector("[data-own-photo]").dispatchEvent(event);
}"""


class Tool:
    """The tool in a page, as a reader uses it."""

    def __init__(self, browser, address, **settings):
        self.page, self.errors, self.requests = browser.new_page(**settings), [], []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda said: said.type == "error" and self.errors.append(said.text))
        self.page.on("request", lambda asked: self.requests.append((asked.method, asked.url, asked.post_data)))
        self.address = address

    def open(self):
        self.page.goto(self.address)
        return self

    def choose(self, content, name="photo.png"):
        self.page.set_input_files("input[type=file]", {"name": name, "mimeType": "image/png", "buffer": content})

    def status(self, pattern, ms=60_000):
        """What the tool says, once it matches."""
        line = "(pattern) => new RegExp(pattern).test(document.querySelector('[role=status]').textContent)"
        self.page.wait_for_function(line, arg=pattern, timeout=ms)
        return self.page.inner_text("[role=status]")

    def slide(self, net, value):
        self.page.get_by_role("slider", name=f"{net}'s threshold").fill(f"{value:g}")

    def note(self):
        return self.page.text_content(".note")

    def left(self):
        """The numbers of windows and faces beside the three buttons."""
        return [int(text.partition(": ")[2].replace(",", "")) for text in self.page.evaluate(COUNTS)]


@pytest.fixture(scope="module")
def address(root, tmp_path_factory):
    return write_page(root, tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def opened(chromium, address):
    """One page for most tests, each of which begins with a photo of its own."""
    tool = Tool(chromium, address, viewport={"width": 900, "height": 1000}).open()
    yield tool
    tool.page.close()


@pytest.fixture
def tool(opened):
    opened.requests.clear()
    yield opened
    assert opened.errors == []
    sent = [
        each for each in opened.requests if not re.match("(file|blob|data):", each[1]) or each[0] != "GET" or each[2]
    ]
    assert sent == [], "nothing leaves the page"


@pytest.fixture(scope="module")
def shipped():
    return Detector()


def png(pixels):
    Image.fromarray(pixels).save(file := io.BytesIO(), "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def photo(astronaut):
    return png(astronaut)


def counted(trace):
    return [len(trace.pnet["refined"]), len(trace.rnet["nms"]), len(trace.faces)]


def wait_for(tool, which, count):
    tool.page.wait_for_function(f"({COUNTS})().at({which}).endsWith(': {count:,}')")


def same(tool, trace):
    """The tool shows what Python finds."""
    assert tool.left() == counted(trace)
    rows = np.array(tool.page.evaluate(ROWS)).reshape(-1, 5)
    np.testing.assert_allclose(rows[:, 1:], trace.faces.boxes, atol=0.55)  # shown to a tenth of a pixel
    np.testing.assert_allclose(rows[:, 0], trace.faces.scores, atol=0.01)


def test_before_a_photo_there_are_only_the_doors(chromium, address):
    tool = Tool(chromium, address).open()
    for name in ("Choose a photo", "Use the camera", "Cancel"):
        assert tool.page.get_by_role("button", name=name, exact=True).is_visible()
    assert tool.page.get_by_role("button").count() == 3
    assert not tool.page.locator("canvas").is_visible()
    assert not tool.page.get_by_role("slider").or_(tool.page.get_by_role("radio")).first.is_visible()
    assert "engine.js" not in str(tool.requests), "7 MB, which only a reader who uses it needs"
    tool.page.close()
    assert tool.errors == []


def test_photo_is_searched_as_python_does_at_any_threshold(tool, shipped, astronaut, photo):
    tool.choose(photo, "astronaut.png")
    trace = shipped.trace(astronaut)
    assert tool.status("found").startswith("1 face found in astronaut.png, among 42,721 windows, in ")
    same(tool, trace)
    assert tool.page.get_attribute("[data-own-photo]", "data-threads") == "1"
    assert "never leaves this page" in tool.page.inner_text(".promise")
    assert tool.note() == ""
    before = len(tool.requests)
    for which, net in enumerate(NETS):
        for value in (0.1, 0.99):
            tool.page.get_by_role("button", name="As they were").click()
            tool.slide(net, value)
            its = list(shipped.settings.thresholds)
            its[which] = value
            wanted = trace.rerun(thresholds=its)
            wait_for(tool, which, counted(wanted)[which])
            tool.status("found")
            same(tool, wanted)
    tool.page.get_by_role("button", name="As they were").click()
    wait_for(tool, 2, 1)
    same(tool, trace)
    assert len(tool.requests) == before, "not even of its own files, once the detector has started"


def test_the_authors_weights_search_the_same_photo_at_their_thresholds(tool, shipped, astronaut, photo):
    tool.choose(photo, "astronaut.png")
    tool.status("found")
    tool.page.get_by_role("radio", name="of MTCNN's authors, 2016").check()
    trace = Detector("zhang2016").trace(astronaut)
    assert counted(trace) != counted(shipped.trace(astronaut))
    wait_for(tool, 0, counted(trace)[0])
    tool.status("found in astronaut.png")
    same(tool, trace)
    tool.slide("O-Net", 0.99)
    wait_for(tool, 2, counted(trace.rerun(thresholds=(0.6, 0.7, 0.99)))[2])
    tool.page.get_by_role("radio", name="of this course").check()
    wait_for(tool, 0, counted(shipped.trace(astronaut))[0])
    tool.status("found in astronaut.png")
    same(tool, shipped.trace(astronaut))


def test_keyboard_alone_suffices(tool, shipped, astronaut, photo):
    tool.choose(photo)
    tool.status("found")
    page = tool.page
    page.locator("input[type=file]").focus()
    stops = []
    for _ in range(9):
        stops.append(page.evaluate("""() => {
          const at = document.activeElement;
          return at.getAttribute("aria-label") || at.labels?.[0]?.innerText || at.textContent;
        }"""))  # fmt: skip
        page.keyboard.press("Tab")
    thresholds = [f"{net}'s threshold" for net in NETS]
    assert stops == ["Choose a photo", "Use the camera", "faces: 1", "of this course", *thresholds, "As they were",
                     "The faces in numbers"]  # fmt: skip
    page.get_by_role("button", name="As they were").focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("End")
    wait_for(tool, 2, len(shipped.trace(astronaut).rerun((0.5, 0.6, 0.99)).faces))
    for _ in range(4):
        page.keyboard.press("Shift+Tab")
    page.keyboard.press("ArrowUp")
    assert page.get_by_role("img").get_attribute("aria-label").endswith(": windows that R-Net leaves")


def test_dropped_photo_and_the_boxes_that_are_drawn(tool, shipped, astronaut, photo):
    tool.page.evaluate(DROP, ["dropped.png", base64.b64encode(photo).decode()])
    assert "face found in dropped.png" in tool.status("found in dropped")
    tool.page.get_by_role("radio", name="faces").check()
    canvas = tool.page.locator("canvas")
    x1, y1, _, y2 = shipped.detect(astronaut).boxes[0]
    pixel = "(canvas, [x, y]) => [...canvas.getContext('2d').getImageData(x, y, 1, 1).data].slice(0, 3)"
    drawn = np.array(canvas.evaluate(pixel, [round(float(x1)), round(float(y1 + y2) / 2)]))
    off = {
        name: np.abs(drawn - rgb(name)).max() for name in COLOURS
    }  # at fractions of a pixel, lines mix with the photo
    assert min(off, key=off.get) == "onet"
    assert off["onet"] < 60
    assert canvas.evaluate("(canvas) => [canvas.width, canvas.height]") == [512, 512]


def test_photo_is_upright_and_transparency_white(tool, astronaut):
    """As `read_image` has it. A camera that was held upright stores its picture lying, and which side is up."""
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: the first row is the right edge
    Image.fromarray(np.rot90(astronaut[:300])).save(file := io.BytesIO(), "JPEG", exif=exif, quality=95)
    tool.choose(file.getvalue(), "turned.jpg")
    assert tool.status("found in turned").startswith("1 face found")
    assert tool.page.locator("canvas").evaluate("(canvas) => [canvas.width, canvas.height]") == [512, 300]
    Image.new("RGBA", (60, 50), (255, 0, 0, 0)).save(file := io.BytesIO(), "PNG")
    tool.choose(file.getvalue(), "clear.png")
    assert tool.status("found in clear").startswith("0 faces found")
    pixel = tool.page.locator("canvas").evaluate("(it) => [...it.getContext('2d').getImageData(9, 9, 1, 1).data]")
    assert pixel == [255, 255, 255, 255]


def test_photo_of_48_megapixels_is_scaled_down_and_says_so(tool, shipped, astronaut):
    large = Image.new("RGB", (8000, 6000), (90, 120, 90))
    large.paste(Image.fromarray(astronaut).resize((4000, 4000)), (2000, 1000))
    large.save(file := io.BytesIO(), "JPEG", quality=80)
    tool.choose(file.getvalue(), "large.jpg")
    assert tool.status("found in large.jpg").startswith("1 face found")
    assert tool.note() == (
        "The photo has 8,000 × 6,000 px, 48 megapixels. It was scaled down to 1,280 × 960 px, so faces under 125 px "
        "of it are missed."
    )
    [[_, *box]] = tool.page.evaluate(ROWS)
    scaled = np.array([2000, 1000, 2000, 1000]) + shipped.detect(astronaut).boxes[0] * 4000 / 512
    assert iou([box], [scaled])[0, 0] > 0.8, "in pixels of the photo as it came"


def test_broken_file_gets_a_word_and_the_next_one_is_searched(tool, photo):
    for broken in (photo[:3000], b"no picture at all", b""):
        tool.choose(broken, "broken.png")
        if broken == photo[:3000]:
            tool.status("broken.png")  # browsers may show what there is of it
        else:
            assert "broken.png can't be read as a photo" in tool.status("can't be read")
        tool.choose(photo, "whole.png")
        tool.status("found in whole")
    tool.choose(png(np.zeros((19, 300, 3), np.uint8)), "narrow.png")
    assert tool.status("found in narrow").startswith("0 faces found")
    assert tool.note() == "No face has room in 300 × 19 px: the smallest that is found has 20 px."


def test_search_can_be_cancelled(tool, photo):
    rng = np.random.default_rng(0)
    noise = np.kron(rng.integers(0, 256, (120, 160, 3), np.uint8), np.ones((8, 8, 1), np.uint8))
    tool.choose(png(noise), "slow.png")
    tool.status("looking")
    assert tool.page.get_by_role("progressbar").is_visible()
    tool.page.get_by_role("button", name="Cancel").focus()
    tool.page.keyboard.press("Enter")
    assert tool.status("Cancelled") == "Cancelled."
    assert tool.page.locator("input[type=file]").evaluate("(door) => door === document.activeElement")
    assert not tool.page.get_by_role("progressbar").is_visible()
    tool.choose(photo, "next.png")
    assert tool.status("found").startswith("1 face found in next.png")


def test_camera(tool):
    tool.page.get_by_role("button", name="Use the camera").click()
    tool.status("The camera is on")
    assert tool.page.locator("video").is_visible()
    tool.page.get_by_role("button", name="Take the picture").click()
    assert "found in the picture" in tool.status("found in the picture")
    assert not tool.page.locator("video").is_visible()
    tool.page.get_by_role("button", name="Use the camera").click()
    tool.status("The camera is on")
    tool.page.get_by_role("button", name="Cancel").click()
    tool.status("The camera is off")


def test_narrow_screen_scrolls_only_downwards(tool, photo):
    tool.page.set_viewport_size({"width": 390, "height": 844})
    tool.choose(photo)
    tool.status("found")
    tool.page.get_by_text("The faces in numbers").click()
    assert tool.page.evaluate("document.documentElement.scrollWidth") <= 390
    assert tool.page.locator("canvas").bounding_box()["width"] > 300
    tool.page.set_viewport_size({"width": 900, "height": 1000})


def test_colours_are_the_packages(root):
    css = (root / "docs" / "site" / "own_photo.css").read_text()
    for name in ("pnet", "rnet", "onet", "landmark"):
        assert f"--{name}: {COLOURS[name]};" in css


@pytest.mark.parametrize(
    ("without", "word"), [("WebAssembly", "has no WebAssembly"), ("DecompressionStream", "is too old")]
)
def test_browser_that_lacks_what_is_needed_gets_a_word(chromium, address, without, word):
    tool = Tool(chromium, address)
    tool.page.add_init_script(f"Object.defineProperty(window, '{without}', {{ value: undefined }})")
    tool.open()
    assert word in tool.status("can't run here")
    assert "In Python it can: mtcnn-lite detect photo.jpg." in tool.status("can't run here")
    assert tool.page.locator("input[type=file]").is_disabled()
    tool.page.close()
    assert tool.errors == []


def test_engine_that_does_not_load_gets_a_word_and_another_try(root, chromium, tmp_path, photo):
    tool = Tool(chromium, write_page(root, tmp_path)).open()
    engine = (tmp_path / "engine.js").rename(tmp_path / "elsewhere")
    tool.choose(photo)
    assert tool.status("stopped") == "The detector stopped: engine.js could not be loaded"
    engine.rename(tmp_path / "engine.js")
    tool.choose(photo, "again.png")
    assert tool.status("found").startswith("1 face found in again.png")
    tool.page.close()
    assert [error for error in tool.errors if "ERR_FILE_NOT_FOUND" not in error] == []


@pytest.mark.alone
def test_page_stays_alive_while_a_photo_is_searched_and_sliders_answer_at_once(tool):
    """The longest time in which the page did nothing else, and the quickest of several answers to each slider."""
    tool.choose(png(wall().image()), "wall.png")
    tool.status("looking")
    tool.page.evaluate("""() => {
      window.gap = 0;
      let last = performance.now();
      window.ticking = setInterval(() => {
        [gap, last] = [Math.max(gap, performance.now() - last), performance.now()];
      }, 5);
    }""")  # fmt: skip
    tool.status("found in wall")
    assert tool.page.evaluate("(clearInterval(ticking), gap)") < 400
    spent = tool.page.evaluate("""async () => {
      const spent = [], table = document.querySelector("[data-own-photo] table");
      for (const slider of document.querySelectorAll("input[type=range]")) {
        const its = [];
        for (const value of [0.9, 0.7, 0.5, 0.4, 0.6]) {
          const started = performance.now();
          const answered = new Promise((done) => new MutationObserver(done).observe(table, { childList: true }));
          slider.value = value;
          slider.dispatchEvent(new Event("input"));
          await answered;
          its.push(performance.now() - started);
        }
        spent.push(Math.min(...its));
      }
      return spent;
    }""")  # fmt: skip
    assert max(spent) < 120


def test_without_a_worker_the_page_does_the_work_in_slices(chromium, address, photo):
    tool = Tool(chromium, address)
    tool.page.add_init_script("Object.defineProperty(window, 'Worker', { value: undefined })")
    tool.open().choose(photo, "here.png")
    tool.status("looking")
    assert tool.status("found").startswith("1 face found in here.png")
    tool.page.close()
    assert tool.errors == []


def test_isolated_page_has_threads_and_finds_the_same(chromium, address, shipped, astronaut, photo):
    """Served with the headers that let a page share memory."""

    class Isolated(http.server.SimpleHTTPRequestHandler):
        def end_headers(self):
            self.send_header("Cross-Origin-Opener-Policy", "same-origin")
            self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
            super().end_headers()

        def log_message(self, *_):
            pass

    folder = Path(address.removeprefix("file://")).parent
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Isolated, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        tool = Tool(chromium, f"http://127.0.0.1:{server.server_port}/index.html").open()
        assert tool.page.evaluate("crossOriginIsolated")
        tool.choose(photo)
        tool.status("found")
        same(tool, shipped.trace(astronaut))
        assert int(tool.page.get_attribute("[data-own-photo]", "data-threads")) == min(4, os.cpu_count())
        tool.page.close()
        server.shutdown()
    assert tool.errors == []
    assert {method for method, _, _ in tool.requests} == {"GET"}
