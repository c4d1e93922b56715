"""Training runs, tiny ones: what is left in the folder, killed and resumed, refused, without landmarks."""

import csv
import json
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_training import EASY, SAMPLING, TINY, photos

from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.net_names import NET_NAMES
from mtcnn_lite.nets import Nets
from mtcnn_lite.training import loop, sanity_checks
from mtcnn_lite.training.batches import as_batch
from mtcnn_lite.training.plan import PAPER_SHARES, STAGES, TrainingStage, paper
from mtcnn_lite.training.run_folder import RunError
from mtcnn_lite.training.stages import train_cascade, untrained_nets
from mtcnn_lite.weights import load_weights

ONET = next(stage for stage in STAGES if stage.net == "onet")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A finished run of all stages, the folder and the nets."""
    out = tmp_path_factory.mktemp("run") / "out"
    stages = [*TINY, replace(ONET, sampling=SAMPLING, steps=3, batch=28)]
    return out, train_cascade(photos(), out, seed=2, stages=stages), stages


def test_a_run_leaves_weights_log_curves_labels_and_figures(run):
    out, nets, stages = run
    for net, saved in zip(nets, load_weights(out / "weights"), strict=True):
        for one, two in zip(net.parameters(), saved.parameters(), strict=True):
            assert torch.equal(one, two)
    for stage in stages:
        folder = out / stage.name
        with (folder / "log.csv").open() as file:
            rows = list(csv.DictReader(file))
        assert int(rows[-1]["step"]) == stage.steps
        assert list(rows[0]) == ["step", "rate", "total", "detection", "box", "landmark", "faces right", "others right"]
        losses = [float(rows[0][task]) for task in ("detection", "box", "landmark")]
        weighted = sum(loss * weight for loss, weight in zip(losses, stage.weights, strict=True))
        assert float(rows[0]["total"]) == pytest.approx(weighted, rel=1e-3)
        assert Image.open(folder / "labels.jpg").size[0] > 1000
        assert Image.open(folder / "curves.png").size == (900, 350)
        figures = json.loads((folder / "measured.json").read_text())
        assert figures["samples"] > 0
        assert 0 <= figures["faces right"] <= 1
    assert not list(out.rglob("*.part*"))
    assert json.loads((out / "samples" / "rnet-1" / "store.json").read_text())["proposals"].startswith("rnet")
    assert json.loads((out / "samples" / "pnet-2" / "store.json").read_text())["proposals"].startswith("mined pnet")


def test_the_figures_are_those_of_the_held_out_photo(run):
    """Photo 19 of 22, its samples asked one by one."""
    from mtcnn_lite.sampling.store import Store

    out, _, _ = run
    store = Store(out / "samples" / "rnet-1")
    net = untrained_nets(0).rnet
    net.load_state_dict(torch.load(out / "rnet-1" / "net.pt", weights_only=True))
    net.eval()
    right, points, boxes = [], [], []
    for row in np.flatnonzero(store.samples["photo"] == 19):
        sample, crop = store.samples[row], store.crops(np.array([row]))
        with torch.no_grad():
            said = net(torch.from_numpy((crop.astype(np.float32) - 127.5) / 128).permute(0, 3, 1, 2))
        if sample["kind"] in (1, 3):
            right.append(torch.softmax(said.face, 1)[0, 1].item() >= 0.5)
        if sample["kind"] in (1, 2):
            boxes.append(np.abs(said.offsets[0].numpy() - sample["offsets"]).mean())
        if sample["kind"] == 3:
            x, y = said.landmarks[0, :5].numpy(), said.landmarks[0, 5:].numpy()
            points.append(np.hypot(x - sample["landmarks"][:, 0], y - sample["landmarks"][:, 1]).mean())
    figures = json.loads((out / "rnet-1" / "measured.json").read_text())
    assert figures["faces right"] == pytest.approx(np.mean(right), abs=1e-3)
    assert figures["box off"] == pytest.approx(np.mean(boxes), abs=1e-3)
    assert figures["points off"] == pytest.approx(np.mean(points), abs=1e-3)


def test_it_learns(tmp_path):
    """Three hundred steps tell faces from the rest in photos that were held out."""
    stage = replace(STAGES[0], sampling=SAMPLING, steps=300, batch=140, shares=PAPER_SHARES, **EASY)
    train_cascade(photos(40), tmp_path / "out", stages=[stage])
    figures = json.loads((tmp_path / "out" / "pnet-1" / "measured.json").read_text())
    assert figures["faces right"] > 0.8
    assert figures["others right"] > 0.8
    assert figures["points off"] < 0.12


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({}, "holds this run already: --resume goes on with it"),
        ({"resume": True, "seed": 3}, "another seed: 2 there, 3 now"),
        ({"resume": True, "photos": photos(21)}, "another photos: '22 photos"),
        ({"resume": True, "stages": [replace(TINY[0], rate=1e-3), *TINY[1:]]}, r"another stages\.pnet-1\.rate: 0.004"),
        ({"resume": True, "start": untrained_nets(1)}, "another start: None there"),
        ({"only": "rnet-1"}, "holds this run already"),
        ({"only": "rnet-7"}, "no stage; the stages are pnet-1, pnet-2, rnet-1, rnet-2, onet-1"),
    ],
)
def test_another_run_is_refused_and_nothing_is_lost(run, other, message):
    out, _, stages = run
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    with pytest.raises(RunError, match=message):
        train_cascade(**({"photos": photos(), "out": out, "seed": 2, "stages": stages} | other))
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before


def test_a_finished_run_resumed_gives_its_nets(run):
    out, nets, stages = run
    again = train_cascade(photos(), out, 2, stages, resume=True)
    assert all(torch.equal(a, b) for a, b in zip(nets.onet.parameters(), again.onet.parameters(), strict=True))


def test_a_folder_of_something_else_is_refused_and_kept(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(RunError, match=r"holds something else \(thesis.txt\)"):
        train_cascade(photos(), tmp_path, stages=TINY, resume=True)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    with pytest.raises(RunError, match="is a file"):
        train_cascade(photos(), tmp_path / "thesis.txt", stages=TINY)


@pytest.mark.slow
def test_stage_by_stage_is_the_same_as_all_at_once(run, tmp_path):
    whole, _, stages = run
    two = stages[:2]
    train_cascade(photos(), tmp_path / "all", 2, two)
    with pytest.raises(RunError, match="pnet-2 comes after pnet-1, which is not finished"):
        train_cascade(photos(), tmp_path / "each", 2, two, only="pnet-2")
    for stage in two:
        train_cascade(photos(), tmp_path / "each", 2, two, only=stage.name)
    assert states(tmp_path / "all") == states(tmp_path / "each")
    assert (tmp_path / "each" / "pnet-1" / "log.csv").read_bytes() == (whole / "pnet-1" / "log.csv").read_bytes()


def states(out):
    """The bytes of all weights in a run's folder, and its logs."""
    found = {
        str(path.relative_to(out)): path.read_bytes()
        for path in out.glob("*/*")
        if path.suffix in (".csv", ".safetensors")
    }
    for path in out.glob("*/net.pt"):
        found[path.parent.name] = [value.numpy().tobytes() for value in torch.load(path, weights_only=True).values()]
    return found


KILLER = """
import contextlib, os, random, signal, sys, time
from dataclasses import replace
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from tiny_training import TINY, photos
TINY = TINY[:3]  # with hard negatives, and windows that a net before proposes
import torch
from mtcnn_lite.training import loop
from mtcnn_lite.training.stages import train_cascade, untrained_nets

torch.set_num_threads(1)  # a fork of a process with more could wait for ever
loop.LOG_EVERY, loop.SAVE_EVERY = 3, 0
pictures = photos()

def go_on(out, stages=TINY):
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        train_cascade(pictures, out, 2, stages, teacher=untrained_nets(7).ready(), resume=True)

def start(out):  # a fork, as loading torch ten times would be most of the test
    child = os.fork()
    if child == 0:
        torch.set_num_threads(int(sys.argv[3]))
        go_on(out)
        os._exit(0)
    return child

root = Path(sys.argv[1])
go_on(root / "loads", [replace(TINY[0], steps=1)])  # whatever torch and matplotlib load at their first use
began = time.monotonic()
assert os.waitpid(start(root / "whole"), 0)[1] == 0
took = time.monotonic() - began
chance, killed, places, out = random.Random(3), 0, [], root / "killed"
while killed < 10:
    child = start(out)
    time.sleep(chance.uniform(0.02, 0.7) * took)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    if (out / "weights" / "pnet.safetensors").exists():  # it was done: one more to kill
        out = root / f"{out.name}+"
    else:
        killed += 1
        places.append(len(list(out.rglob("*"))))
assert os.waitpid(start(out), 0)[1] == 0
print(out.name, len(set(places)))
"""


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 2])
def test_killed_ten_times_it_ends_with_the_same_weights(tmp_path, threads):
    """kill -9 at ten random moments of a run: while samples are cut, checked, learned, or files written."""
    script = tmp_path / "killer.py"
    script.write_text(KILLER)
    command = [sys.executable, str(script), str(tmp_path), str(Path(__file__).parent), str(threads)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    last, places = done.stdout.split()
    assert int(places) >= 4  # moments that left different files
    whole = states(tmp_path / "whole")
    assert len(whole) == len(TINY[:3]) * 2 + 3
    for folder in tmp_path.glob("killed*"):
        if (folder / "weights").exists():
            assert states(folder) == whole
    assert (tmp_path / last / "weights").exists()
    assert not list((tmp_path / last).rglob("*.part*"))


def test_a_checkpoint_holds_all_that_matters(tmp_path, monkeypatch):
    """Stopped at each saved step in turn, not at random: the optimiser's moments, the mean's count, the log's rows."""
    monkeypatch.setattr(loop, "LOG_EVERY", 4)
    monkeypatch.setattr(loop, "SAVE_EVERY", -1)
    stages, pictures = TINY[:1], photos()
    train_cascade(pictures, tmp_path / "whole", 2, stages)
    whole_write = loop.write_whole

    def stops(path, write):
        whole_write(path, write)
        if path.name == "checkpoint.pt":
            raise KeyboardInterrupt

    monkeypatch.setattr(loop, "write_whole", stops)
    for _ in range(5):
        with pytest.raises(KeyboardInterrupt):
            train_cascade(pictures, tmp_path / "cut", 2, stages, resume=True)
    monkeypatch.setattr(loop, "write_whole", whole_write)
    train_cascade(pictures, tmp_path / "cut", 2, stages, resume=True)
    assert states(tmp_path / "cut") == states(tmp_path / "whole")


def test_without_landmarks_the_heads_stay_as_they_are(tmp_path, capsys):
    bare = [LabelledPhoto(photo.image(), photo.boxes, ignore=photo.ignore) for photo in photos()]
    start, kept = untrained_nets(7), untrained_nets(7)
    nets = train_cascade(bare, tmp_path / "out", 0, TINY, start=start)
    assert "no face has landmarks" in capsys.readouterr().out
    for net, before in zip(nets[:2], kept[:2], strict=True):
        changed = {
            name for name, value in net.state_dict().items() if not torch.equal(value, before.state_dict()[name])
        }
        assert changed == {name for name in net.state_dict() if not name.startswith("landmarks.")}
    figures = json.loads((tmp_path / "out" / "rnet-1" / "measured.json").read_text())
    assert figures["points off"] is None
    assert figures["box off"] < 1


def test_nets_without_a_landmark_head_learn_the_rest(tmp_path):
    """As the authors released P-Net and R-Net."""
    from mtcnn_lite.nets import PNet

    torch.manual_seed(0)
    start = Nets(PNet(landmark_head=False), *untrained_nets(0)[1:])
    before = start.pnet.conv1.weight.clone()
    nets = train_cascade(photos(), tmp_path / "out", 0, TINY[:1], start=start)
    assert nets.pnet.landmarks is None
    assert not torch.equal(nets.pnet.conv1.weight, before)


def test_labels_that_cannot_be_learned_stop_the_run(tmp_path):
    """Every photo is black: a face looks like everything else."""
    black = [LabelledPhoto(np.zeros_like(photo.image()), photo.boxes, photo.landmarks) for photo in photos()]
    with pytest.raises(RunError, match=r"pnet-1: a few samples could not be learned .*labels\.jpg"):
        train_cascade(black, tmp_path / "out", stages=TINY)
    assert (tmp_path / "out" / "pnet-1" / "labels.jpg").exists()
    assert not (tmp_path / "out" / "pnet-1" / "checkpoint.pt").exists()


def test_no_faces_stop_the_run(tmp_path):
    empty = [LabelledPhoto(photo.image(), []) for photo in photos()]
    with pytest.raises(RunError, match="pnet-1: there is no positive sample"):
        train_cascade(empty, tmp_path / "out", stages=TINY)


def test_a_net_that_does_not_learn_is_noticed(monkeypatch):
    rng = np.random.default_rng(0)
    kinds = np.array([0, 0, 1, 1, 2, 2, 3, 3], np.uint8)
    crops = rng.integers(0, 255, (8, 12, 12, 3), np.uint8)
    batch = as_batch(crops, kinds, rng.random((8, 4), np.float32), rng.random((8, 5, 2), np.float32))
    net = untrained_nets(0).pnet
    held = [value.clone() for value in net.parameters()]
    before, after = sanity_checks.overfit_batch(net, batch, STAGES[0])
    assert before > 1
    assert after < sanity_checks.LOSS_LIMIT
    assert all(torch.equal(a, b) for a, b in zip(net.parameters(), held, strict=True))
    monkeypatch.setattr(sanity_checks, "RATE", 0.0)
    before, after = sanity_checks.overfit_batch(net, batch, STAGES[0])
    assert after == pytest.approx(before)


def test_a_loss_that_is_no_number_stops_the_run(tmp_path):
    stage = replace(TINY[0], rate=1e30)
    with pytest.raises(RunError, match=r"pnet-1: the loss is (nan|inf)"):
        train_cascade(photos(), tmp_path / "out", stages=[stage])


def test_the_learning_rate_rises_then_falls():
    stage = TrainingStage("s", "pnet", SAMPLING, 100, 8, 0.4, (1, 1, 1, 1), (1, 1, 1))
    rates = [stage.learning_rate(step) for step in range(100)]
    assert rates[0] == pytest.approx(0.04)
    assert rates[9] == rates[10] == 0.4
    assert rates[55] == pytest.approx(0.2)
    assert 0 < rates[99] < 0.001
    assert np.all(np.diff(rates[10:]) < 0)
    assert replace(stage, steps=1).learning_rate(0) == 0.4
    assert replace(stage, steps=100_000).learning_rate(99) == pytest.approx(0.2)  # 200 steps of warm-up at most


def test_the_plan_fits_on_one_screen():
    assert len(STAGES) <= 7
    assert len(fields(TrainingStage)) <= 15
    for net in NET_NAMES:
        of_net = [stage for stage in STAGES if stage.net == net and not stage.landmark_finetuning]
        assert [stage.hard_negatives for stage in of_net] == [False, True][: len(of_net)]
    assert [stage.net for stage in STAGES] == sorted((stage.net for stage in STAGES), key=NET_NAMES.index)


def test_the_papers_plan_has_the_papers_choices_alone():
    """Zhang et al. 2016, section II.C and III: task weights, 70% hard samples, which sample teaches what."""
    from mtcnn_lite.losses import PAPER, WEIGHTS

    stages = paper()
    assert [stage.net for stage in stages] == [stage.name for stage in stages] == list(NET_NAMES)
    for stage in stages:
        assert stage.weights == WEIGHTS[stage.net]
        assert stage.keep == 0.7
        assert torch.equal(torch.tensor(stage.indicator), PAPER)
        assert stage.shares == (3, 1, 1, 2)
        assert (stage.distill_weight, stage.distill_landmarks_weight) == (0, 0)
        assert set(vars(stage.augmentation).values()) == {0.0}
        assert not stage.hard_negatives
        assert not stage.landmark_finetuning
        assert (stage.sampling.negative, stage.sampling.part, stage.sampling.positive) == (0.3, 0.4, 0.65)
        assert stage.sampling.turn == 0
    with pytest.raises(ValueError, match="pnet: steps is 0"):
        replace(stages[0], steps=0)
    with pytest.raises(ValueError, match="shares is"):
        replace(stages[0], shares=(0, 0, 0, 0))
