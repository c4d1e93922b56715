"""Functions that pass are remembered, run without their notebook, and are skipped where they no longer serve."""

import ast
import copy
import itertools
import linecache
import os
import re
import subprocess
import sys
import textwrap
from types import SimpleNamespace

import jupytext
import numpy as np
import pytest
import torch
from jupyter_client.manager import start_new_kernel

from mtcnn_lite import Detector, Trace
from mtcnn_lite.course import checks, mine, remembered, your_nets

NUMBERS = itertools.count()
IOU = """
def iou(box, boxes):
    corner, opposite = np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:], boxes[:, 2:])
    shared = np.maximum(opposite - corner, 0).prod(axis=1)
    union = (box[2:] - box[:2]).prod() + (boxes[:, 2:] - boxes[:, :2]).prod(axis=1) - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
"""
OFFSETS = """
def decode_offsets(boxes, offsets):
    return boxes + offsets * np.tile(boxes[:, 2:] - boxes[:, :2], 2)
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(remembered.VARIABLE, str(tmp_path / ".mine"))
    mine._read.clear()
    return tmp_path / ".mine"


class Notebook:
    """Cells that run in one namespace and can be read again by their file's name, as IPython has it."""

    def __init__(self):
        self.names = {"__name__": "__main__"}

    def cell(self, source):
        source, file = textwrap.dedent(source), f"<cell {next(NUMBERS)}>"
        linecache.cache[file] = len(source), None, source.splitlines(keepends=True), file
        exec(compile(source, file, "exec"), self.names)
        return self

    def __getitem__(self, name):
        return self.names[name]


def numpy_cells(*sources):
    book = Notebook().cell("import numpy as np")
    for source in sources:
        book.cell(source)
    return book


def test_what_passes_runs_in_the_detector_of_another_notebook(folder, astronaut):
    verdict = checks.iou(numpy_cells(IOU)["iou"])
    assert verdict.passed
    assert "It is remembered: your detector runs on it, here and wherever a later chapter shows yours" in verdict.hint
    assert verdict.hint.endswith('`mine.forget("iou")` undoes that.')
    assert [path.name for path in folder.iterdir()] == ["iou.py"]
    asked = []
    kept = mine.get("iou")
    mine._read.update({stamp: lambda *each: asked.append(1) or kept(*each) for stamp in mine._read})
    detector = Detector()
    np.testing.assert_allclose(
        mine.detector(detector).detect(astronaut).boxes, detector.detect(astronaut).boxes, atol=2
    )
    assert len(asked) > 50
    assert mine.strip().yours == ("iou",)


def test_hooks_go_to_their_places_and_other_settings_stay(folder):
    checks.decode_offsets(numpy_cells(OFFSETS)["decode_offsets"])
    base = Detector(min_face=33, thresholds=(0.6, 0.7, 0.8))
    with_mine = mine.detector(base)
    assert with_mine.settings == base.settings
    assert with_mine.hooks.decode_offsets is mine.get("decode_offsets")
    assert with_mine.hooks.nms is base.hooks.nms


def test_an_nms_of_ones_own_measures_itself(folder):
    book = numpy_cells(IOU)
    book.cell("""
        def nms(boxes, scores, threshold):
            order, kept = np.argsort(-scores, kind="stable"), []
            while len(order):
                best, order = order[0], order[1:]
                kept.append(best)
                order = order[iou(boxes[best], boxes[order]) <= threshold]
            return np.array(kept, dtype=int)
    """)
    assert checks.iou(book["iou"])
    assert checks.nms(book["nms"])
    assert mine.detector().hooks.nms is mine.get("nms")
    assert "def iou(" in (folder / "nms.py").read_text()  # it runs without the other file


def test_what_does_not_pass_is_not_remembered(folder):
    assert not checks.iou(numpy_cells("def iou(box, boxes): return np.zeros(len(boxes))")["iou"])
    assert not folder.exists()


@pytest.mark.parametrize(
    "cells",
    [
        ["SIDES = 2", IOU.replace("[:2]", "[:SIDES]")],
        ["from numpy import maximum as larger", IOU.replace("np.maximum", "larger")],
        ["import numpy", IOU.replace("np.", "numpy.")],
        ["def area(b): return (b[..., 2:] - b[..., :2]).prod(axis=-1)",
         IOU.replace("(box[2:] - box[:2]).prod()", "area(box)")],
        ["NONE = -0.0\ndef clip(v): return np.maximum(v, NONE)\ndef twice(v): return clip(clip(v))",
         IOU.replace("np.maximum(opposite - corner, 0)", "twice(opposite - corner)")],
        ["import functools\ndef same(fn):\n    @functools.wraps(fn)\n    def call(*given): return fn(*given)\n"
         "    return call", "@same" + IOU],
        ["class Sides:\n    low = 0\n    def clip(self, v): return np.maximum(v, self.low)",
         IOU.replace("np.maximum(opposite - corner, 0)", "Sides().clip(opposite - corner)")],
        ["import torch", IOU.replace("iou", "one"), "def iou(box, boxes):\n"
         "    return torch.as_tensor(one(np.asarray(box), np.asarray(boxes)))"],
        [IOU.replace("def iou", "def my_own_iou") + "\niou = my_own_iou"],
        [IOU.replace("iou", "one"), "iou = lambda box, boxes: one(box, boxes)"],
    ],
    ids=["constant", "import from", "import", "helper", "helper of a helper", "decorator", "class", "torch", "renamed",
         "lambda"],
)  # fmt: skip
def test_the_file_has_all_that_the_function_needs(folder, cells):
    book = numpy_cells(*cells)
    verdict = checks.iou(book["iou"])
    assert verdict.passed
    assert "your detector runs on it" in verdict.hint, verdict
    alone = "import sys, runpy; fn = runpy.run_path(sys.argv[1])['iou']; import numpy as np\n"
    alone += "print(float(fn(np.float32([0, 0, 4, 4]), np.float32([[2, 0, 6, 4]]))[0]))"
    done = subprocess.run([sys.executable, "-c", alone, folder / "iou.py"], capture_output=True, text=True, check=True)
    assert float(done.stdout) == pytest.approx(1 / 3)


def test_a_net_is_kept_with_the_layers_that_it_is_made_of(folder):
    book = Notebook().cell("import torch\nfrom torch import nn\nCHANNELS = 4")
    book.cell("""
        class Block(nn.Module):
            def __init__(self, width=CHANNELS):
                super().__init__()
                self.layer = nn.Linear(3, width)

            def forward(self, x):
                return torch.relu(self.layer(x))
    """)
    book.cell("""
        class MyNet(nn.Module):
            def __init__(self):
                super().__init__()
                self.block = Block()

            def forward(self, x):
                return self.block(x).sum(dim=1)
    """)
    text = remembered.standalone("net", book["MyNet"])
    assert remembered.run(text, "net", "<net>")()(torch.zeros(2, 3)).shape == (2,)


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        (["TABLE = np.arange(3)", IOU.replace("def iou(box, boxes):", "def iou(box, boxes):\n    TABLE")],
         "it uses `TABLE`, a ndarray from another cell"),
        (["def maker():\n" + textwrap.indent(IOU, "    ") + "\n    return iou\niou = maker()"],
         "`iou` is not defined at the left edge of a cell"),
        ([IOU, "one = iou\ndef iou(box, boxes): return one(box, boxes)"],
         "it uses two functions that are both called `iou`"),
        (["open_ = open(__import__('os').devnull)", IOU.replace("boxes):", "boxes):\n    open_", 1)],
         "it uses `open_`, a TextIOWrapper from another cell"),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_is_said_in_a_sentence(folder, cells, why):
    verdict = checks.iou(numpy_cells(*cells)["iou"])
    assert verdict.passed
    assert f"Later chapters can't use it: {why}" in verdict.hint
    assert not folder.exists()


def test_a_folder_that_cannot_be_written_is_no_error(folder):
    folder.write_text("a file where the folder should be")
    verdict = checks.iou(numpy_cells(IOU)["iou"])
    assert verdict.passed
    assert "Later chapters can't use it: " in verdict.hint


# --- nets


class ReadersNet(torch.nn.Module):
    """As a reader may have built R-Net or O-Net: other names, and softmax at the end; with the values of a net."""

    def __init__(self, net):
        super().__init__()
        self.inner = copy.deepcopy(net)
        if net.size < 48:
            self.inner.landmarks = None

    def forward(self, x):
        face, offsets, landmarks = self.inner(x)
        return [torch.softmax(face, dim=1), offsets, *([] if landmarks is None else [landmarks])]


@pytest.mark.parametrize("weights", ["mtcnn_lite", "zhang2016"])
def test_nets_of_ones_own_get_the_detectors_values_and_find_its_faces(astronaut, weights):
    base = Detector(weights)
    shipped = Detector().nets
    yours = {name: your_nets.with_values(name, ReadersNet(getattr(shipped, name)), base.nets) for name in mine.NETS}
    detector = base.swap()
    detector.engine = your_nets.YourEngine(base.nets, yours)
    asked = []
    yours["rnet"].register_forward_hook(lambda *_: asked.append("rnet"))
    ours, theirs = detector.detect(astronaut), base.detect(astronaut)
    assert asked
    assert len(ours) == len(theirs) == 1
    np.testing.assert_allclose(ours.boxes, theirs.boxes, atol=0.01)
    np.testing.assert_allclose(ours.landmarks, theirs.landmarks, atol=0.01)
    np.testing.assert_allclose(ours.scores, theirs.scores, atol=1e-4)


def test_a_function_of_images_alone_goes_with_the_values_that_it_holds():
    def net(x):
        return x

    def asks(x, values):
        return values["conv1.weight"]

    shipped, released = Detector().nets, Detector("zhang2016").nets
    assert your_nets.with_values("pnet", net, shipped) is net
    assert your_nets.with_values("pnet", net, released) is None
    told = your_nets.with_values("pnet", asks, released)(None)
    assert torch.equal(told, released.pnet.conv1.weight)


def test_a_net_with_values_of_another_kind_is_left_out():
    odd = torch.nn.Linear(2, 2)
    assert your_nets.with_values("rnet", odd, Detector().nets) is None


@pytest.mark.parametrize("text", ["class rnet(Net): pass", "def rnet(): return Net()", "rnet = lambda x: x"])
def test_what_makes_a_net_is_called_once(folder, monkeypatch, text):
    """A judge takes a module, what makes one, or a function of images."""
    folder.mkdir()
    (folder / "rnet.py").write_text(f"import torch\n\n\nclass Net(torch.nn.Module):\n    pass\n\n\n{text}\n")
    judged = []
    monkeypatch.setattr(checks, "rnet", lambda fn: fn, raising=False)
    monkeypatch.setattr(checks.rnet, "__wrapped__", lambda fn: judged.append(fn) or True, raising=False)
    assert mine.strip().yours == ("rnet",)
    assert isinstance(judged[0], torch.nn.Module) == ("lambda" not in text)
    assert mine.get("rnet") is judged[0]


def test_a_net_that_is_no_part_of_the_detector_is_kept_as_what_makes_it(folder):
    book = Notebook().cell("from torch import nn\nfrom torch.nn import functional")
    book.cell("""
        class Small(nn.Module):
            def __init__(self):
                super().__init__()
                self.one, self.two = nn.Conv2d(1, 16, 5, 2, 2), nn.Conv2d(16, 32, 3, 2, 1)
                self.dense = nn.Linear(512, 64)

            def forward(self, x):
                x = self.two(self.one(functional.avg_pool2d(x, 2)).relu()).relu()
                return functional.normalize(self.dense(x.flatten(1)))
    """)
    verdict = checks.embedding_net(book["Small"])
    assert 'It is remembered: `mine.get("embedding_net")` gives it, in any chapter; `mine.forget(' in verdict.hint
    assert isinstance(mine.get("embedding_net")(), torch.nn.Module)
    assert mine.strip().yours == ()


def test_a_net_that_cannot_be_made_is_skipped(folder, monkeypatch):
    folder.mkdir()
    (folder / "rnet.py").write_text("def rnet(): return 1 / 0")
    monkeypatch.setattr(checks, "rnet", lambda fn: fn, raising=False)
    monkeypatch.setattr(checks.rnet, "__wrapped__", lambda fn: True, raising=False)
    said = "Your `rnet` is not used: the net can't be made (ZeroDivisionError: division by zero)."
    assert mine.strip().skipped == (said,)


def test_the_detector_runs_on_nets_that_are_remembered(monkeypatch, astronaut):
    base = Detector()
    monkeypatch.setattr(mine, "functions", lambda: {"onet": ReadersNet(base.nets.onet)})
    made = mine.detector(base)
    assert isinstance(made.engine, your_nets.YourEngine)
    assert made.nets is base.nets
    np.testing.assert_allclose(made.detect(astronaut).boxes, base.detect(astronaut).boxes, atol=0.01)
    assert not isinstance(mine.detector(Detector(engine="onnx")).engine, your_nets.YourEngine)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("def iou(box, boxes:", "its source does not run on its own (SyntaxError"),
        ("import not_installed_here", "its source does not run on its own (ModuleNotFoundError"),
        ("def other(): pass", "its source does not run on its own (KeyError"),
        ("iou = 3", "its file defines no function"),
        ("def iou(box, boxes): return [0.0] * len(boxes)", "it no longer passes its judge"),
        ("raise SystemExit", "its source does not run on its own (SystemExit"),
        (b"\xff\xfe\x00", "its file can't be read (UnicodeDecodeError)"),
    ],
)
def test_a_damaged_file_is_skipped_with_one_sentence(folder, text, why):
    checks.decode_offsets(numpy_cells(OFFSETS)["decode_offsets"])
    (folder / "iou.py").write_bytes(text if isinstance(text, bytes) else text.encode())
    strip = mine.strip()
    assert strip.yours == ("decode_offsets",)
    assert len(strip.skipped) == 1
    assert strip.skipped[0].startswith(f"Your `iou` is not used: {why}")
    assert strip.skipped[0] in repr(strip)
    assert mine.get("iou", "the package's") == "the package's"
    assert "Your `iou` is not used" in re.sub("<.*?>", "", strip._repr_html_())
    mine.detector()


def test_a_file_of_another_name_is_skipped(folder):
    folder.mkdir()
    (folder / "nets.py").write_text("nets = print")
    assert mine.reload().skipped == ("Your `nets` is not used: there is no exercise of this name.",)


def test_forget_one_and_all(folder):
    book = numpy_cells(IOU, OFFSETS)
    checks.iou(book["iou"])
    checks.decode_offsets(book["decode_offsets"])
    assert mine.strip().yours == ("iou", "decode_offsets")
    with pytest.raises(ValueError, match="'nms' is not remembered; what is: decode_offsets, iou"):
        mine.forget("nms")
    assert mine.forget("iou").yours == ("decode_offsets",)
    assert mine.forget().yours == ()
    assert list(folder.iterdir()) == []


def test_what_another_notebook_remembers_is_seen_at_once(folder):
    assert mine.strip().yours == ()
    checks.iou(numpy_cells(IOU)["iou"])
    first = mine.get("iou")
    assert mine.get("iou") is first, "a file is run once"
    later = (folder / "iou.py").stat().st_mtime_ns + 10**9
    os.utime(folder / "iou.py", ns=(later, later))
    assert mine.get("iou") is not first


def test_strip_names_every_part_and_links_to_its_chapter(folder, notebooks):
    html = mine.strip()._repr_html_()
    for says, notebook in mine.PARTS.values():
        assert (notebooks / f"{notebook}.ipynb").exists()
        assert f'href="{notebook}.ipynb"' in html
        assert f">{says}</a>" in html
    assert "✓" not in html
    assert repr(mine.Strip(("nms",))) == "Your detector: 1 of its 10 parts is yours: NMS."
    assert "✓ NMS" in mine.Strip(("nms",))._repr_html_()


# --- in the chapters

IN_CHAPTERS = [f"{k:02d}" for k in range(13) if k not in (7, 8)]  # 07 and 08 ask nets alone, and show no detector


def code_cells(notebooks, number):
    [source] = (notebooks / "source").glob(f"{number}_*.py")
    return [cell.source for cell in jupytext.read(source).cells if cell.cell_type == "code"]


def names_of_cells(astronaut):
    """What the cells that run a reader's detector find in their notebooks."""
    photo, detector = SimpleNamespace(image=lambda: astronaut), Detector()
    names = {"mine": mine, "Detector": Detector, "photo": astronaut, "everyone": astronaut, "group": photo}
    names |= {"wall": lambda: photo, "begun": SimpleNamespace(film=SimpleNamespace(photo=photo))}
    names |= {"LOW": (0.6, 0.7, 0.7), "draw_stages": lambda trace, height: trace.faces}
    return names | dict.fromkeys(("detector", "authors", "yours"), detector)


@pytest.mark.parametrize("number", IN_CHAPTERS)
def test_what_is_remembered_runs_in_the_cell_of_each_chapter_that_shows_a_detector(
    folder, notebooks, astronaut, number
):
    checks.decode_offsets(numpy_cells(OFFSETS)["decode_offsets"])
    asked, kept = [], mine.get("decode_offsets")
    mine._read.update({stamp: lambda *each: asked.append(1) or kept(*each) for stamp in mine._read})
    cells = code_cells(notebooks, number)
    assert sum("mine.strip()" in cell or "summary()" in cell for cell in cells) == 1
    [cell] = [cell for cell in cells if "mine.detector(" in cell]
    names = names_of_cells(astronaut)
    known = {*names}
    for line in ast.parse(cell).body:
        if "mine.detector(" in ast.unparse(line):
            exec(ast.unparse(line), names)
    for made in [names[name] for name in {*names} - known] + [names["yours"]]:
        if isinstance(made, Detector):
            made.detect(astronaut)
        elif isinstance(made, Trace):
            assert len(made.faces) >= 0
    assert asked, cell


def test_chapters_without_such_a_cell_show_no_detector(notebooks):
    for number in ("07", "08"):
        made = re.findall(r"Detector\([^()]*\)(\.nets)?", "\n".join(code_cells(notebooks, number)))
        assert all(made), "asked for its nets alone"


# --- where nothing is remembered


@pytest.mark.parametrize("variable", ["PYTEST_VERSION", "CI"])
def test_by_default_tests_and_ci_read_and_write_nothing(monkeypatch, tmp_path, variable):
    monkeypatch.delenv(remembered.VARIABLE, raising=False)
    for each in ("PYTEST_VERSION", "CI"):
        monkeypatch.delenv(each, raising=False)
    monkeypatch.setitem(sys.modules, "IPython", type("IPython", (), {"get_ipython": staticmethod(lambda: "a shell")}))
    (tmp_path / "start_here.ipynb").touch()
    monkeypatch.chdir(tmp_path)
    assert remembered.folder() == tmp_path / ".mine"
    monkeypatch.setenv(variable, "1")
    assert remembered.folder() is None
    assert checks.iou(numpy_cells(IOU)["iou"]).hint.endswith("cases.")
    assert [path.name for path in tmp_path.iterdir()] == ["start_here.ipynb"]


def test_here_and_now_it_is_off():
    assert remembered.folder() is None, "pytest says so in the environment, and nbval's kernels inherit it"
    assert mine.functions() == {}


def test_outside_the_course_nothing_is_written(monkeypatch, tmp_path):
    for each in (remembered.VARIABLE, "PYTEST_VERSION", "CI"):
        monkeypatch.delenv(each, raising=False)
    monkeypatch.setitem(sys.modules, "IPython", type("IPython", (), {"get_ipython": staticmethod(lambda: "a shell")}))
    monkeypatch.chdir(tmp_path)
    assert remembered.folder() is None
    (tmp_path / "start_here.ipynb").touch()
    (tmp_path / "deeper").mkdir()
    monkeypatch.chdir(tmp_path / "deeper")
    assert remembered.folder() == tmp_path / ".mine"
    monkeypatch.setitem(sys.modules, "IPython", type("IPython", (), {"get_ipython": staticmethod(lambda: None)}))
    assert remembered.folder() is None


def test_git_ignores_the_folder(root):
    for name in (".mine/iou.py", ".mine.progress/iou.passed.json"):
        done = subprocess.run(["git", "check-ignore", f"notebooks/{name}"], cwd=root, capture_output=True)
        if done.returncode == 128:
            pytest.skip("no checkout")
        assert done.returncode == 0


def test_two_kernels_one_after_the_other(tmp_path):
    """As a reader has it: pass in one notebook, restart, and the next one has it."""
    (tmp_path / "start_here.ipynb").touch()
    env = {key: value for key, value in os.environ.items() if key not in (remembered.VARIABLE, "PYTEST_VERSION", "CI")}
    solve = f"import numpy as np\nfrom mtcnn_lite.course import checks, mine\n{IOU}\nchecks.iou(iou)"
    said = []
    for code in (solve, "from mtcnn_lite.course import mine\nmine.strip()"):
        manager, client = start_new_kernel(kernel_name="python3", cwd=str(tmp_path), env=env)
        try:
            heard = []
            client.execute_interactive(code, output_hook=heard.append, timeout=120)
            said.append([m["content"]["data"]["text/plain"] for m in heard if "data" in m["content"]])
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
    assert "your detector runs on it" in said[0][0]
    parts, exercises = said[1][0].splitlines()
    assert parts == "Your detector: 1 of its 10 parts is yours: overlap."
    assert exercises.startswith("1 of 37 exercises passed, 0 not yet, 36 untouched; about ")
