"""How each command ends when it is stopped, when its disk is full, and when nobody reads what it prints."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from PIL import Image

from mtcnn_lite.cli import main
from mtcnn_lite.course.scenes import scenes
from mtcnn_lite.datasets import write_jsonl
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and pipes are others here")

PROGRAM = [sys.executable, "-m", "mtcnn_lite"]
COMMANDS = {
    "detect": ["detect", "data", "--out", "out"],
    "explain": ["explain", "data/0.png", "--box", "1,2,60,70", "--out", "out/explained.jpg"],
    "label": ["label", "data", "--out", "out"],
    "samples": ["samples", "--data", "data", "--net", "pnet", "--out", "out", "--workers", "2"],
    "evaluate": ["evaluate", "--data", "data", "--out", "out"],
    "train": ["train", "--data", "data", "--out", "out", "--steps", "0.001", "--workers", "2"],
}
every_command = pytest.mark.parametrize("command", COMMANDS)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with 70 labelled photos in "data": three shards of samples."""
    home = tmp_path_factory.mktemp("home")
    (home / "data").mkdir()
    photos = []
    for number, photo in enumerate(scenes(70, seed=5, height=100, width=140, faces=(1, 3))):
        path = home / "data" / f"{number}.png"
        Image.fromarray(photo.image()).save(path)
        photos.append(LabelledPhoto(path, photo.boxes, photo.landmarks, photo.ignore))
    write_jsonl(home / "data" / "labels.jsonl", photos)
    return home


@pytest.fixture(autouse=True)
def folder(home, tmp_path, monkeypatch):
    """An empty current directory with "data" in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").symlink_to(home / "data")
    return tmp_path


def left_over(folder):
    return [path for path in folder.rglob("*") if ".part" in path.name]


@every_command
def test_ctrl_c_and_sigterm_are_quiet(command, capsys, monkeypatch):
    """Raised where the work begins, once by a real signal."""
    Path("out").mkdir()
    where = {"detect": "mtcnn_lite.detector.Detector.detect", "explain": "mtcnn_lite.explain.explain",
             "samples": "mtcnn_lite.sampling.store.write_store", "train": "mtcnn_lite.training.stages.train_cascade",
             "evaluate": "mtcnn_lite.evaluation.evaluate_photo",
             "label": "mtcnn_lite.detector.Detector.detect"}[command]  # fmt: skip
    for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        monkeypatch.setattr(where, lambda *_, number=number, **__: os.kill(os.getpid(), number) or time.sleep(10))
        before = signal.getsignal(signal.SIGTERM)
        assert main(COMMANDS[command]) == status
        assert capsys.readouterr().err == ""
        assert signal.getsignal(signal.SIGTERM) == before


@every_command
@pytest.mark.parametrize("error", [OSError(28, "No space left on device", "out/x"), MemoryError()])
def test_a_full_disk_or_memory_is_one_sentence(command, error, capsys, monkeypatch):
    """As every file is written by way of the same function."""
    Path("out").mkdir()

    def fails(*_):
        raise error

    monkeypatch.setattr("mtcnn_lite.runtime.files.os.replace", fails)
    arguments = [*COMMANDS[command]]
    if "--workers" in arguments:
        arguments[-1] = "1"  # other processes have another os.replace
    assert main(arguments) == 1
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    words = "memory ran out" if isinstance(error, MemoryError) else "No space left on device"
    assert all(line.startswith("error: ") and words in line for line in said)
    assert left_over(Path("out")) == []


@pytest.mark.slow
@every_command
def test_a_file_that_may_not_grow_is_one_sentence(command):
    """By the system itself, in worker processes as well: no file may have more than 2 kB."""
    Path("out").mkdir()
    code = ("import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000)); "
            "from mtcnn_lite.cli import main; sys.exit(main())")  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code, *COMMANDS[command]], capture_output=True, text=True)
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert all(line.startswith("error: ") and "File too large" in line for line in lines)
    assert left_over(Path("out")) == []


@every_command
def test_a_folder_that_cannot_be_made_is_one_sentence(command, capsys):
    Path("out").write_text("a file")
    try:
        status = main(COMMANDS[command])
    except SystemExit as ended:
        status = ended.code
    assert status in (1, 2)
    said = capsys.readouterr().err.splitlines()
    assert "error: " in said[-1]
    assert "out" in said[-1]
    assert status == 2 or len(said) == 1


@pytest.mark.slow
@every_command
def test_a_reader_that_has_enough_is_quiet(command):
    """As `| head`."""
    Path("out").mkdir()
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([*PROGRAM, *COMMANDS[command]], stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="another shell")
def test_closed_output_is_no_trouble():
    """As a program without a console is started; drawings are made all the same."""
    command = [*PROGRAM, "detect", "data/0.png", "gone.png"]
    done = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh", *command], stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == "error: gone.png: no such file"
    assert "Traceback" not in done.stderr
    assert Path("0_faces.jpg").exists()
    Path("0_faces.jpg").unlink()
    assert subprocess.run(["sh", "-c", 'exec "$@" >&- 2>&-', "sh", *command[:-1]]).returncode == 0
    assert Path("0_faces.jpg").exists()


@pytest.mark.skipif(os.name != "posix", reason="links need rights")
def test_a_link_to_itself_is_named(capsys):
    Path("loop.png").symlink_to("loop.png")
    for command in (["detect", "loop.png"], ["explain", "loop.png", "--box", "1,2,60,70"]):
        assert main(command) == 1
        said = capsys.readouterr().err
        assert said == "error: loop.png: can't be read (Too many levels of symbolic links)\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no disk that is always full")
@pytest.mark.parametrize("arguments", [["detect", "data/0.png", "--json"], ["--help"]], ids=["detect", "help"])
def test_output_that_does_not_fit_is_one_sentence(arguments):
    """Also where it is noticed only at the end."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"}
    with open("/dev/full", "w") as full:
        done = subprocess.run([*PROGRAM, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, env=environment)
    assert (done.returncode, done.stderr) == (1, "error: No space left on device\n")


def workers(program):
    found = []
    for child in psutil.Process(program.pid).children(recursive=True):
        try:
            if "spawn_main" in " ".join(child.cmdline()):
                found.append(child)
        except psutil.Error:
            continue
    return found


def of_session(number):
    """Processes of this session that still run."""
    found = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == number and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (OSError, psutil.Error):
            continue
    return found


@pytest.mark.slow
@pytest.mark.parametrize("command", ["samples", "train", "detect"])
@pytest.mark.parametrize(
    ("number", "target", "status"),
    [(signal.SIGKILL, "worker", 1), (signal.SIGTERM, "main", 143), (signal.SIGTERM, "all", 143),
     (signal.SIGINT, "main", 130), (signal.SIGINT, "all", 130)],
)  # fmt: skip
def test_no_worker_is_left_and_one_sentence_at_most_is_said(command, number, target, status):
    arguments = [*COMMANDS[command], *(["--workers", "2"] if command == "detect" else [])]
    program = subprocess.Popen([*PROGRAM, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                               text=True, start_new_session=True)  # fmt: skip
    deadline = time.monotonic() + 60
    while len(found := workers(program)) < 2:
        assert time.monotonic() < deadline
        assert program.poll() is None
    if target == "all":  # as Ctrl-C in a terminal
        os.killpg(program.pid, number)
    else:
        os.kill(program.pid if target == "main" else found[0].pid, number)
    _, said = program.communicate(timeout=60)
    assert program.returncode == status
    if target == "worker":
        assert said.startswith("error: one of 2 worker processes was killed, most likely because memory ran out")
        assert said.count("\n") == 1
        ways = {
            "train": "--resume goes on",
            "samples": "The same command goes on",
            "detect": "fewer need less (--workers)\n",
        }
        assert ways[command] in said
    else:
        assert said == ""
    while of_session(program.pid):
        assert time.monotonic() < deadline, "workers outlive their program"
        time.sleep(0.05)
    assert left_over(Path("out")) == []


@pytest.mark.parametrize("command", ["detect", "explain", "evaluate", "samples"])
def test_what_a_dead_process_left_is_cleared_away_and_nothing_else(command, capsys):
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    Path("out").mkdir()
    name = {"detect": "0_faces.jpg", "explain": "explained.jpg", "evaluate": "evaluation.json", "samples": "store.json"}
    left, alive = (Path("out") / f".{pid}.part.{name[command]}" for pid in (done.pid, os.getppid()))
    for path in (left, alive):
        path.write_text("half")
    kept = Path("out") / f"film.{done.pid}.part"  # another program's
    if command != "samples":
        kept.write_text("half")
    assert main(COMMANDS[command]) == 0
    assert not left.exists()
    assert alive.exists()
    assert command == "samples" or kept.exists()
