"""What a run says of itself: machines, minutes, and the folder that is kept."""

import json
import time

import pytest
import torch
from tiny_training import TINY, photos

from mtcnn_lite.training import record, stages
from mtcnn_lite.training.record import Stopwatch, machine, note_machine, seconds
from mtcnn_lite.training.stages import train_cascade
from mtcnn_lite.weights import load_weights, weights_digest


def test_seconds_add_up_over_interruptions(tmp_path, monkeypatch):
    clock = iter([100.0, 103.0, 103.5, 1000.0, 1010.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    first = Stopwatch(tmp_path, "pnet-1", "training")
    first.lap()
    first.lap()
    Stopwatch(tmp_path, "pnet-1", "training").lap()  # another process, later: what lies between does not count
    assert seconds(tmp_path) == {"pnet-1": {"training": 13.5}}
    (tmp_path / record.SECONDS).write_text("{")
    assert seconds(tmp_path) == {}


def test_another_number_of_threads_is_said_once(tmp_path, capsys):
    here = machine(1)
    assert here["threads"] == torch.get_num_threads()
    note_machine(tmp_path, here)
    note_machine(tmp_path, here)
    assert capsys.readouterr().err == ""
    note_machine(tmp_path, here | {"threads": 64})
    said = capsys.readouterr().err
    assert f"threads {here['threads']} then, 64 now. The run goes on, but its weights will differ" in said
    note_machine(tmp_path, here | {"threads": 64})
    assert capsys.readouterr().err == ""
    assert json.loads((tmp_path / record.MACHINES).read_text()) == [here, here | {"threads": 64}]


def test_a_finished_run_leaves_its_record(tmp_path, monkeypatch, capsys):
    out, pictures, plan = tmp_path / "out", photos(), TINY[:2]
    train_cascade(pictures, out, 2, plan[:2], only="pnet-1")
    assert not (out / "record").exists()
    nets = train_cascade(pictures, out, 2, plan, resume=True)
    kept = out / "record"
    facts = json.loads((kept / "record.json").read_text())
    assert facts["weights"] == weights_digest(load_weights(out / "weights")) == weights_digest(nets)
    assert facts["photos"] == {"unnamed": len(pictures)} or sum(facts["photos"].values()) == len(pictures)
    assert list(facts["minutes"]) == ["pnet-1", "pnet-2"]
    assert set(facts["minutes"]["pnet-2"]) == {"samples", "training"}
    assert [each["processes"] for each in facts["machines"]] == [1]
    for name in ("plan.json", "pnet-1/log.csv", "pnet-2/measured.json"):
        assert (kept / name).read_bytes() == (out / name).read_bytes()
    assert sum(path.stat().st_size for path in kept.rglob("*") if path.is_file()) < 20_000
    capsys.readouterr()
    monkeypatch.setattr(stages, "machine", lambda processes: machine(processes) | {"threads": 64})
    train_cascade(pictures, out, 2, plan, resume=True)
    assert capsys.readouterr().err == ""  # nothing is left to compute, so nothing can differ


@pytest.mark.parametrize("held", ["[", "3", "null"])
def test_a_damaged_list_of_machines_begins_anew(tmp_path, held, capsys):
    (tmp_path / record.MACHINES).write_text(held)
    note_machine(tmp_path, machine(1))
    assert json.loads((tmp_path / record.MACHINES).read_text()) == [machine(1)]
    assert capsys.readouterr().err == ""
