"""`mtcnn-lite train`, on photos composed of what scikit-image ships."""

import csv
import json
import resource
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from torch import distributed

from mtcnn_lite import Detector
from mtcnn_lite.cli import main
from mtcnn_lite.cli.train import thinned
from mtcnn_lite.course.scenes import scenes
from mtcnn_lite.datasets import read_jsonl, write_jsonl
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.evaluation import judge
from mtcnn_lite.training.distributed import ProcessGroup
from mtcnn_lite.training.plan import STAGES
from mtcnn_lite.weights import load_weights

BRIEF = ["--data", "my data", "--steps", "0.001", "--workers", "1"]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with 22 photos in "my data": 18 of the set Many, 4 of the set Few."""
    home = tmp_path_factory.mktemp("home")
    (home / "my data").mkdir()
    photos = []
    for number, photo in enumerate(scenes(22, seed=5, height=100, width=140, faces=(1, 3))):
        path = home / "my data" / f"{number}.png"
        Image.fromarray(photo.image()).save(path)
        photos.append(replace_source(photo, path, "Many" if number < 18 else "Few"))
    write_jsonl(home / "my data" / "labels.jsonl", photos)
    return home


def replace_source(photo, path, dataset):
    return LabelledPhoto(path, photo.boxes, photo.landmarks, photo.ignore, about={"dataset": dataset})


@pytest.fixture(autouse=True)
def there(home, monkeypatch):
    monkeypatch.chdir(home)


@pytest.mark.slow
def test_one_command_trains_all_stages_and_resumes(home, capsys):
    assert main(["train", *BRIEF, "--out", "run"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""  # no bar where nobody watches
    for words in ("photos                22", "pnet-1: Store(", "onet-2, held out: samples ", "weights in run/weights"):
        assert words in printed.out
    load_weights("run/weights")
    before = (home / "run" / "weights" / "onet.safetensors").read_bytes()
    assert main(["train", *BRIEF, "--out", "run"]) == 1
    assert "error: run holds this run already: --resume goes on with it" in capsys.readouterr().err
    assert main(["train", *BRIEF, "--out", "run", "--resume"]) == 0
    assert (home / "run" / "weights" / "onet.safetensors").read_bytes() == before
    assert main(["train", *BRIEF, "--out", "run", "--resume", "--seed", "1"]) == 1
    assert "another seed: 0 there, 1 now" in capsys.readouterr().err

    assert main(["train", *BRIEF, "--out", "tuned", "--from", "run/weights", "--stage", "pnet-2"]) == 0
    plan = json.loads((home / "tuned" / "plan.json").read_text())
    assert plan["start"] is not None
    assert plan["stages"]["pnet-2"]["rate"] == pytest.approx(0.2 * 4e-3)
    assert list(plan["stages"]) == ["pnet-2", "rnet-2", "onet-2"]  # those in which a net meets its own mistakes
    assert "weights in" not in capsys.readouterr().out  # two stages are still to come
    assert not (home / "tuned" / "weights").exists()

    further = ["--from", "run/weights", "--stages", "pnet-2", "--rate", "0.5"]
    assert main(["train", *BRIEF, "--out", "further", *further]) == 0
    plan = json.loads((home / "further" / "plan.json").read_text())
    assert {name: stage["rate"] for name, stage in plan["stages"].items()} == {"pnet-2": pytest.approx(0.5 * 4e-3)}
    files = [f"weights/{net}.safetensors" for net in ("pnet", "rnet", "onet")]
    same = [(home / "further" / file).read_bytes() == (home / "run" / file).read_bytes() for file in files]
    assert same == [False, True, True]


@pytest.mark.slow
def test_a_fiftieth_of_the_plan_takes_minutes_and_finds_faces(tmp_path):
    """Two minutes on two cores are 240 s of processor time, whatever else the machine does."""
    (tmp_path / "data").mkdir()
    photos = []
    for number, photo in enumerate(scenes(100, seed=5, sizes=(16, 60))):
        path = tmp_path / "data" / f"{number}.png"
        Image.fromarray(photo.image()).save(path)
        photos.append(replace_source(photo, path, "Composed"))
    write_jsonl(tmp_path / "data" / "labels.jsonl", photos)
    command = [sys.executable, "-m", "mtcnn_lite", "train", "--data", "data", "--steps", "0.02", "--out", "run"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stderr
    took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(done.stdout, f"{took:.0f} s of processor time")
    assert took < 240
    plan = json.loads((tmp_path / "run" / "plan.json").read_text())
    assert list(plan["stages"]) == [stage.name for stage in STAGES]
    detector, test = Detector(tmp_path / "run" / "weights"), scenes(20, seed=6, sizes=(20, 60), split="held_out")
    judged = judge([(detector.detect(photo.image()), photo) for photo in test], smallest=20)
    assert judged.average_precision > 0.6


@pytest.mark.slow
def test_two_processes_learn_as_one_does(home):
    """The same batches, shared out: the log's rows agree but for mirror, colour and the choice of hard samples."""
    command = ["train", "--data", "my data", "--steps", "0.03", "--workers", "1", "--stage", "pnet-1"]
    assert main([*command, "--out", "alone"]) == 0
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m"]
    done = subprocess.run([*torchrun, "mtcnn_lite", *command, "--out", "two"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("pnet-1, held out") == done.stdout.count("main face only") == 1  # only the first speaks
    rows = []
    for out in ("alone", "two"):
        with (home / out / "pnet-1" / "log.csv").open() as file:
            rows.append([list(map(float, row.values())) for row in csv.DictReader(file)])
    one, two = map(np.array, rows)
    assert one[:, 0].tolist() == two[:, 0].tolist() == [50, 100, 150, 200, 240]
    print(np.round(one, 3), np.round(two, 3))
    assert two[:, 2:] == pytest.approx(one[:, 2:], rel=0.1)
    assert one[-1, 2] < 0.7 * one[0, 2]  # and it did learn something
    assert sorted(p.name for p in (home / "two").rglob("*")) == sorted(p.name for p in (home / "alone").rglob("*"))


def test_a_share_of_a_data_set_is_kept():
    photos = read_jsonl("my data/labels.jsonl") * 50
    kept = thinned(photos, {"Many": 0.25}, seed=0)
    few = [photo for photo in kept if photo.about["dataset"] == "Few"]
    assert len(few) == 200
    assert 0.2 < (len(kept) - 200) / 900 < 0.3
    same = thinned(photos, {"Many": 0.25}, seed=0)
    assert len(same) == len(kept)
    assert all(one is two for one, two in zip(kept, same, strict=True))
    assert len(thinned(photos, {"Many": 0.0, "Few": 1.0}, seed=0)) == 200
    assert len(thinned([replace(photo, about={}) for photo in photos], {}, seed=0)) == 1100
    with pytest.raises(ValueError, match="--keep many: no photo is of that data set; there are: Few, Many"):
        thinned(photos, {"many": 0.5}, seed=0)


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--stage", "pnet-9"], 2, "--stage is 'pnet-9'; it must be one of pnet-1, pnet-2, rnet-1"),
        (["--paper", "--stages", "pnet-1"], 2, "--stages is 'pnet-1'; it must be one of pnet, rnet, onet"),
        (["--stages", "rnet-2"], 2, "--stages rnet-2 draws the mistakes of a trained rnet: name a stage of it that"),
        (["--stages", "rnet-1", "--stage", "pnet-1"], 2, "--stage pnet-1 is none of --stages rnet-1"),
        (["--from", "zhang2016", "--stage", "onet-1"], 2, "--stage onet-1 is none of --stages pnet-2 rnet-2 onet-2"),
        (["--rate", "-1"], 2, "--rate is -1.0; it must be a share above 0"),
        (["--steps", "0"], 2, "--steps is 0.0; it must be a share above 0"),
        (["--seed", "-1"], 2, "--seed is -1"),
        (["--workers", "0"], 2, "--workers is 0"),
        (["--keep", "Many"], 2, "'Many' is not NAME=SHARE"),
        (["--keep", "Many=2"], 2, "'Many=2' is not NAME=SHARE"),
        (["--from", "nowhere"], 2, "nowhere/pnet.safetensors: no such file"),
        (["--device", "tpu"], 2, "invalid choice: 'tpu'"),
        (["--keep", "Most=0.5"], 1, "no photo is of that data set; there are: Few, Many"),
        (["--stage", "rnet-1"], 1, "rnet-1 comes after pnet-1, which is not finished in o"),
        (["--out", "my data"], 1, "my data holds something else"),
    ],
)
def test_bad_arguments_say_why_and_write_nothing(home, arguments, status, message, capsys):
    try:
        ended = main(["train", *BRIEF, "--out", "o", *arguments])
    except SystemExit as stopped:
        ended = stopped.code
    assert ended == status
    assert message in capsys.readouterr().err
    assert not (home / "o").exists()


@pytest.mark.slow
def test_a_broken_photo_is_left_out_in_every_process(home, tmp_path):
    """Two processes train on the same 21 photos; without --skip-bad neither begins."""
    data = shutil.copytree(home / "my data", tmp_path / "data")
    (data / "3.png").write_bytes((data / "3.png").read_bytes()[:500])
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m"]
    train = ["mtcnn_lite", "train", "--data", data, "--steps", "0.001", "--workers", "1", "--stage", "pnet-1", "--out"]
    done = subprocess.run([*torchrun, *train, tmp_path / "o"], capture_output=True, text=True)
    assert done.returncode != 0
    assert "error: 1 of 22 photos can't be read:\n" in done.stderr
    assert not (tmp_path / "o").exists()
    done = subprocess.run([*torchrun, *train, tmp_path / "o", "--skip-bad"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[:2] == ["photos", "21"]
    assert (tmp_path / "o/pnet-1/log.csv").exists()


def test_what_the_main_process_found_holds_in_every_process(monkeypatch):
    sent = []
    monkeypatch.setattr(
        distributed, "broadcast_object_list", lambda held: sent.append(held[0]) or held.__setitem__(0, 5)
    )
    assert ProcessGroup(0, 2).from_main(lambda: 5) == 5
    assert ProcessGroup(1, 2).from_main(lambda: pytest.fail("only the main process looks")) == 5
    assert sent == [5, None]
    assert ProcessGroup().from_main(lambda: 7) == 7


def test_a_device_that_is_not_there_is_refused(home, monkeypatch, capsys):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit):
        main(["train", *BRIEF, "--out", "o", "--device", "cuda"])
    assert "--device cuda: torch" in capsys.readouterr().err
    assert not (home / "o").exists()
