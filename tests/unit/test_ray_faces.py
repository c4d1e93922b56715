"""examples/ray_faces.py on a cluster of one machine: the rows of `detect_many`, whatever goes wrong meanwhile."""

import contextlib
import importlib.util
import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import cv2
import numpy as np
import psutil
import pytest
import skimage.data
from PIL import Image

from mtcnn_lite import Detector
from mtcnn_lite.images import photos_in

pytest.importorskip("ray.data", reason="needs Ray: pip install 'mtcnn_lite[ray]'")
parquet = pytest.importorskip("pyarrow.parquet", reason="needs pyarrow: pip install 'mtcnn_lite[ray]'")

BAD, TURNED, EMPTY = "bad.jpg", "turned.jpg", "no face.png"
TRIES = 5  # to start a cluster, which has time limits


@pytest.fixture(autouse=True)
def sigterm_as_before():
    """The example's `main` sets what SIGTERM does in its process, which here is that of other tests too."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="module")
def program(root):
    """The example as a module, for what needs no cluster."""
    spec = importlib.util.spec_from_file_location("ray_faces", root / "examples" / "ray_faces.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """24 photos of one face in two folders, one turned by its EXIF; one of none; and a file that is no photo."""
    folder = tmp_path_factory.mktemp("photos")
    (folder / "below").mkdir()
    face = skimage.data.astronaut()[:300, 60:400]
    for number in range(24):
        width = 300 + 20 * number
        photo = cv2.resize(face, (width, width * 300 // 340), interpolation=cv2.INTER_AREA)
        Image.fromarray(photo).save(folder / ("below" if number % 2 else ".") / f"{number:02d}.png")
    turned = Image.fromarray(np.rot90(face))  # lies on its left side
    turned.save(
        folder / TURNED, exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0", quality=95
    )
    Image.fromarray(np.full((100, 120, 3), 90, np.uint8)).save(folder / EMPTY)
    (folder / BAD).write_bytes(b"no photo")
    return folder


@pytest.fixture(scope="module")
def expected(photos):
    """Of each photo, a row for each face: its number, box, score and points."""
    paths = [path for path in photos_in(photos, recursive=True) if path.name != BAD]
    rows = {}
    for path, faces in zip(paths, Detector().detect_many(paths), strict=True):
        numbers = np.concatenate([faces.boxes, faces.scores[:, None], faces.landmarks.reshape(-1, 10)], axis=1)
        rows |= {(str(path), number): row for number, row in enumerate(numbers)}
    return rows


def command(root, photos, out, *more):
    small = "--workers", "2", "--photos-per-file", "5"
    return [sys.executable, root / "examples" / "ray_faces.py", photos, "--out", out, *small, *more]


def started(command, ready):
    """The program while it runs, and what `ready(process)` has found. On a busy machine Ray gives up: again."""
    for _ in range(TRIES):
        begun = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        while begun.poll() is None:
            if found := ready(psutil.Process(begun.pid)):
                return begun, found
            time.sleep(0.05)
        said = begun.communicate()[1]
        assert "timed out during startup" in said, said
    pytest.fail(said)


def finished(command):
    """Exit status and standard error, as above."""
    for _ in range(TRIES):
        done = subprocess.run(command, capture_output=True, text=True)
        if "timed out during startup" not in done.stderr:
            break
    return done


def rows_in(out):
    return parquet.read_table(out).to_pylist()


def check_rows(program, out, photos, expected):
    """To what `detect_many` promises, 0.01 px: the photos come in other batches."""
    rows = rows_in(out)
    found = {
        (row["photo"], row["face"]): [row[name] for name in program.NUMBERS] for row in rows if row["face"] is not None
    }
    assert found.keys() == expected.keys()
    assert sum(row["face"] is not None for row in rows) == len(expected), "each once"
    for key, numbers in expected.items():
        np.testing.assert_allclose(found[key], numbers, rtol=0, atol=0.01)
    [bad] = [row for row in rows if row["error"]]
    assert bad["photo"] == str(photos / BAD)
    assert "not an image" in bad["error"]
    [empty] = [row for row in rows if row["face"] is None and not row["error"]]
    assert (empty["photo"], empty["width"], empty["height"]) == (str(photos / EMPTY), 120, 100)


@pytest.mark.slow
def test_two_workers_give_the_rows_of_detect_many(program, root, photos, expected, tmp_path):
    done = finished(command(root, photos, tmp_path))
    assert done.returncode == 1, done.stderr
    assert done.stderr.count("error:") == 1, "the bad file, and nothing besides"
    check_rows(program, tmp_path, photos, expected)
    turned = [row for row in rows_in(tmp_path) if row["photo"].endswith(TURNED)]
    assert [(row["width"], row["height"]) for row in turned] == [(340, 300)]

    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    again = finished(command(root, photos, tmp_path))
    assert again.returncode == 0, again.stderr
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_stopped_run_goes_on(program, root, photos, expected, tmp_path, how):
    """Stopped after its first file."""
    begun, _ = started(command(root, photos, tmp_path), lambda _: [*tmp_path.glob("faces-*.parquet")])
    children = psutil.Process(begun.pid).children(recursive=True)
    begun.send_signal(how)
    begun.communicate()
    assert begun.returncode == (-how if how == signal.SIGKILL else 130)
    left = psutil.wait_procs(children, timeout=10 if how == signal.SIGKILL else 60)[1]
    for process in left:  # where a program is killed, some of Ray's processes stay
        process.kill()
    assert how == signal.SIGKILL or not left
    first = {row["photo"] for row in rows_in(tmp_path)}
    assert first

    partial = tmp_path / ".99999999.part.faces-0.parquet"  # of a process that is no more
    partial.write_bytes(b"PAR1")
    done = finished(command(root, photos, tmp_path))
    assert f"{27 - len(first)} photos to look at; {tmp_path} has rows of {len(first)}\n" in done.stderr
    assert not partial.exists()
    check_rows(program, tmp_path, photos, expected)


@pytest.mark.slow
def test_a_killed_worker_costs_no_photo(program, root, photos, expected, tmp_path):
    begun, workers = started(command(root, photos, tmp_path), workers_of)
    workers[0].kill()
    _, said = begun.communicate()
    assert said.count("error:") == 1, said
    check_rows(program, tmp_path, photos, expected)


@pytest.mark.slow
def test_a_photo_that_ends_its_process_is_given_up(program, root, photos, expected, tmp_path):
    """As where memory runs out, or a decoder crashes. The next run finds it readable, and has all rows."""
    text = (root / "examples" / "ray_faces.py").read_text()
    call = text.index("        return pa.Table.from_pylist(")
    crash = f"        if any(path.name == {EMPTY!r} for path in paths):\n            os._exit(9)\n"
    deadly, out = tmp_path / "deadly.py", tmp_path / "out"
    deadly.write_text(text[:call] + crash + text[call:])
    _, _, *rest = command(root, photos, out)
    done = finished([sys.executable, deadly, *rest])
    assert done.returncode == 1, done.stderr
    assert "photos were given up: the processes that looked at them died" in done.stderr
    assert str(photos / EMPTY) not in {row["photo"] for row in rows_in(out)}
    assert finished(command(root, photos, out)).returncode in (0, 1)  # 1 where the bad file was among those given up
    check_rows(program, out, photos, expected)


def workers_of(program):
    """The processes with a detector."""
    found = []
    for process in program.children(recursive=True):
        with contextlib.suppress(psutil.Error):
            found += [process] * ("MapWorker" in " ".join(process.cmdline()))
    return found


def run(program, capsys, *arguments):
    """Exit status, and what is said."""
    try:
        status = program.main([str(argument) for argument in arguments])
    except SystemExit as ended:
        status = ended.code
    return status, capsys.readouterr().err


@pytest.fixture
def no_cluster(program, monkeypatch):
    """The program does the work itself, three photos at a time."""

    def tables(photos, detector, max_pixels, workers, address):
        finder = program.FaceFinder(detector, max_pixels)
        for start in range(0, len(photos), 3):
            yield finder(program.pa.table({"path": photos[start : start + 3]}))

    monkeypatch.setattr(program, "tables", tables)


def test_rows_without_a_cluster(no_cluster, program, photos, expected, tmp_path, capsys):
    status, said = run(program, capsys, photos, "--out", tmp_path, "--photos-per-file", 10)
    assert status == 1
    assert said.splitlines()[-1] == f"27 photos looked at: {len(expected)} faces, 1 errors"
    assert len([*tmp_path.iterdir()]) == 3
    check_rows(program, tmp_path, photos, expected)


def test_retry_looks_again_at_photos_with_an_error(no_cluster, program, tmp_path, capsys):
    (tmp_path / "photos").mkdir()
    photo, out = tmp_path / "photos" / "a.png", tmp_path / "out"
    photo.write_bytes(b"")
    assert run(program, capsys, photo.parent, "--out", out)[0] == 1
    Image.fromarray(skimage.data.astronaut()).save(photo)
    assert run(program, capsys, photo.parent, "--out", out)[0] == 0
    assert [row["error"] is None for row in rows_in(out)] == [False]
    assert run(program, capsys, photo.parent, "--out", out, "--retry")[0] == 0
    assert [(row["photo"], row["face"], row["error"]) for row in rows_in(out)] == [(str(photo), 0, None)]


@pytest.mark.skipif(sys.platform != "linux", reason="names there are text")
def test_a_name_that_is_no_text(no_cluster, program, tmp_path, capsys):
    name = os.fsencode(tmp_path) + b"/\xff.png"
    Image.fromarray(skimage.data.astronaut()).save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(os.fsdecode(name))
    for _ in range(2):
        assert run(program, capsys, tmp_path, "--out", tmp_path / "out")[0] == 0
        assert [row["photo"] for row in rows_in(tmp_path / "out")] == [rf"{tmp_path}/\xff.png"]


def test_a_photo_that_the_detector_fails_at_is_a_row(program, photos):
    """Whatever the error: the photos beside it have their rows."""

    class Fails:
        def detect_many(self, images):
            for image in images:
                if image.shape == (100, 120, 3):
                    raise MemoryError("none left")
                yield Detector().detect(image)

    rows = program.rows_of([photos / "00.png", photos / EMPTY, photos / "02.png"], Fails(), 1e9)
    assert [(row["photo"], row.get("error")) for row in rows] == [
        (str(photos / "00.png"), None),
        (str(photos / EMPTY), f"{photos / EMPTY}: none left"),
        (str(photos / "02.png"), None),
    ]


def test_other_rows_and_other_settings_are_refused(no_cluster, program, photos, tmp_path, capsys):
    assert run(program, capsys, photos, "--out", tmp_path)[0] == 1
    [file] = tmp_path.iterdir()
    status, said = run(program, capsys, photos, "--out", tmp_path, "--min-face", 40)
    assert (status, said) == (
        1,
        f"error: {file} was made with min_face 20, and now it is 40.0; go on with the same, or choose a new folder for "
        "--out\n",
    )
    whole = file.read_bytes()
    file.write_bytes(whole[:-100])
    status, said = run(program, capsys, photos, "--out", tmp_path)
    assert (status, said.count("\n")) == (1, 1)
    assert said.startswith(f"error: {file}: damaged, or no Parquet file (")
    parquet.write_table(program.pa.table({"photo": ["a.jpg"]}), file)
    status, said = run(program, capsys, photos, "--out", tmp_path)
    assert (status, said) == (
        1,
        f"error: {file} holds other rows than this program writes; choose a new folder for --out\n",
    )


def test_exports_and_devices(no_cluster, program, photos, tmp_path, capsys, monkeypatch):
    """An engine without torch's nets has its models' digest; workers have no GPU."""
    pytest.importorskip("onnxruntime")
    torchs, onnx = (program.settings_of(Detector(engine=engine)) for engine in ("torch", "onnx"))
    assert onnx.pop("weights") != torchs.pop("weights")
    assert onnx == torchs
    on_gpu = Detector()
    on_gpu.engine = SimpleNamespace(device="cuda")
    monkeypatch.setattr(program, "detector_of", lambda options: on_gpu)
    status, said = run(program, capsys, photos, "--out", tmp_path, "--device", "cuda")
    assert status == 2
    assert "--device cuda: the workers have no GPU" in said


def test_bad_arguments(program, tmp_path, capsys):
    out = tmp_path / "out"
    assert run(program, capsys, tmp_path / "gone", "--out", out) == (1, f"error: {tmp_path / 'gone'}: no such folder\n")
    status, said = run(program, capsys, tmp_path, "--out", out)
    assert (status, said.splitlines()[0]) == (1, f"error: {tmp_path}: no image in this folder or below it")
    (tmp_path / "file").touch()
    for arguments, words in (
        ([tmp_path, "--out", tmp_path / "file"], f"--out {tmp_path / 'file'}: File exists"),
        ([tmp_path, "--out", out, "--workers", "0"], "argument --workers: '0' is no whole number, 1 or more"),
        ([tmp_path, "--out", out, "--weights", tmp_path / "gone"], f"{tmp_path / 'gone'}"),
        ([tmp_path], "the following arguments are required: --out"),
    ):
        status, said = run(program, capsys, *arguments)
        assert status == 2
        assert words in said


def test_no_cluster_to_join_is_one_sentence(program, photos, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(program.ray, "init", lambda *_, **__: (_ for _ in ()).throw(ConnectionError("none runs")))
    status, said = run(program, capsys, photos, "--out", tmp_path, "--address", "auto")
    assert status == 1
    assert said.splitlines()[1:] == [
        "error: Ray could not be started, or joined at --address auto: none runs",
    ]


def test_help_has_an_example(program, capsys):
    with pytest.raises(SystemExit, match="0"):
        program.main(["--help"])
    assert "python examples/ray_faces.py photos/ --out faces/" in capsys.readouterr().out
