"""`mtcnn-lite samples`."""

import json

import numpy as np
import pytest
from PIL import Image

from mtcnn_lite.cli import main
from mtcnn_lite.course.scenes import ASTRONAUT_BOX, ASTRONAUT_LANDMARKS
from mtcnn_lite.sampling.store import Store

FACE = {"box": ASTRONAUT_BOX, "landmarks": ASTRONAUT_LANDMARKS, "ignore": False}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch, astronaut):
    """A folder "my data" with three photos, one of them without faces."""
    monkeypatch.chdir(tmp_path)
    data = tmp_path / "my data"
    data.mkdir()
    lines = []
    for name, pixels, faces in (("a 1.png", astronaut, [FACE]), ("b.png", astronaut, [FACE | {"ignore": True}]),
                                ("c.png", np.full((60, 80, 3), 90, np.uint8), [])):  # fmt: skip
        Image.fromarray(pixels).save(data / name)
        lines.append(json.dumps({"image": name, "width": pixels.shape[1], "height": pixels.shape[0], "faces": faces}))
    (data / "labels.jsonl").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_prints_what_was_read_and_what_was_drawn(folder, capsys):
    assert main(["samples", "--data", "my data", "--net", "pnet", "--out", "new/store", "--workers", "1"]) == 0
    printed = capsys.readouterr()
    store = Store("new/store")
    assert store.size == 12
    assert store.counts["negative"] == 3 * 50 + 5
    assert set(store.samples["photo"].tolist()) == {0, 1, 2}
    assert printed.err == ""
    words = printed.out.split()
    for kind, count in store.counts.items():
        assert words[words.index(kind) + 1] == f"{count:,}"
    assert words[words.index("ignored") + 1] == "1"


def test_counts_seed_and_turn_reach_the_config():
    command = ["samples", "--data", "my data", "--net", "pnet", "--workers", "1"]
    few = ["--random", "3", "--beside", "0", "--jittered", "4", "--landmarks", "6", "--turn", "9"]
    assert main([*command, "--out", "one", *few, "--seed", "1"]) == 0
    assert main([*command, "--out", "two", *few, "--seed", "2"]) == 0
    one, two = Store("one"), Store("two")
    assert one.counts["negative"] == 9
    assert one.plan["recipe"]["landmarks"] == 6
    assert np.abs(one.samples["turn"]).max() > 0
    assert one.samples.tobytes() != two.samples.tobytes()


@pytest.mark.parametrize(("net", "size"), [("rnet", 24), ("onet", 48)])
def test_later_nets_get_what_the_cascade_proposes(net, size):
    main(["samples", "--data", "my data/labels.jsonl", "--net", net, "--out", net, "--workers", "1", "--random", "0",
          "--beside", "0", "--jittered", "0", "--landmarks", "0", "--hardest", "4", "--others", "3"])  # fmt: skip
    store = Store(net)
    assert store.size == size
    assert 0 < store.counts["negative"] <= 3 * 7
    assert store.counts["positive"] > 0


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--data", "my data", "--net", "qnet", "--out", "o"], 2, "invalid choice: 'qnet'"),
        (["--data", "my data", "--net", "pnet", "--out", "o", "--random", "-1"], 2, "random is -1"),
        (["--data", "my data", "--net", "pnet", "--out", "o", "--workers", "0"], 2, "--workers is 0"),
        (["--data", "my data", "--net", "pnet", "--out", "o", "--kind", "xml"], 2, "kind is 'xml'"),
        (["--data", "my data", "--net", "rnet", "--out", "o", "--weights", "nowhere"], 2, "nowhere"),
        (["--data", "my data", "--net", "rnet", "--out", "o", "--thresholds", "2", "0"], 2, "thresholds"),
        (["--data", "none", "--net", "pnet", "--out", "o"], 1, "none: no such file or folder"),
    ],
)
def test_bad_arguments_say_why_and_write_nothing(folder, arguments, status, message, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["samples", *arguments])
    assert ended.value.code == status
    assert message in capsys.readouterr().err
    assert not (folder / "o").exists()


def test_a_folder_of_something_else_is_kept(folder, capsys):
    assert main(["samples", "--data", "my data", "--net", "pnet", "--out", "my data"]) == 1
    assert "my data is no sample store" in capsys.readouterr().err
    assert sorted(path.name for path in (folder / "my data").iterdir()) == ["a 1.png", "b.png", "c.png", "labels.jsonl"]


def test_a_bad_line_is_named_and_skipped_when_asked(folder, capsys):
    labels = folder / "my data" / "labels.jsonl"
    labels.write_text(labels.read_text() + '{"image": "c.png", "faces": [{"box": [5, 5, 3, 9]}]}\n')
    command = ["samples", "--data", "my data", "--net", "pnet", "--out", "o", "--workers", "1"]
    with pytest.raises(SystemExit):
        main(command)
    assert "labels.jsonl, line 4" in capsys.readouterr().err
    assert main([*command, "--skip-bad"]) == 0
    assert "labels.jsonl" in capsys.readouterr().err
    assert len(Store("o")) > 0


def test_a_broken_photo_is_named_before_the_work_begins_and_left_out_when_asked(folder, capsys):
    broken = folder / "my data" / "b.png"
    broken.write_bytes(broken.read_bytes()[:9000])
    command = ["samples", "--data", "my data", "--net", "pnet", "--out", "o", "--workers", "1"]
    assert main(command) == 1
    printed = capsys.readouterr()
    assert printed.err.startswith("error: 1 of 3 photos can't be read:\n  ")
    assert f"{broken}: damaged" in printed.err.replace("my data/b.png", str(broken))
    assert "--skip-bad" in printed.err
    assert not (folder / "o").exists()
    assert main([*command, "--skip-bad"]) == 0
    printed = capsys.readouterr()
    assert printed.err.startswith("warning: 1 of 3 photos left out, for they can't be read:\n  ")
    assert "b.png" in printed.err
    assert printed.out.split()[:2] == ["photos", "2"]
    assert set(Store("o").samples["photo"].tolist()) == {0, 1}


def test_labels_that_lead_out_of_their_folder_and_small_faces(folder, capsys):
    inner = folder / "my data" / "labels"
    inner.mkdir()
    face = {"box": [100, 100, 110, 112]}
    (inner / "l.jsonl").write_text(json.dumps({"image": "../b.png", "faces": [face]}) + "\n")
    command = ["samples", "--data", str(inner), "--net", "pnet", "--out", "o", "--workers", "1"]
    with pytest.raises(SystemExit) as ended:
        main(command)
    assert ended.value.code == 1
    assert "--allow-outside" in capsys.readouterr().err
    assert main([*command, "--allow-outside"]) == 0
    assert Store("o").counts["positive"] == 0  # the face is under 12 px
    assert main([*command[:-3], "p", "--workers", "1", "--allow-outside", "--min-side", "10"]) == 0
    assert Store("p").counts["positive"] > 0
    with pytest.raises(SystemExit) as ended:
        main([*command, "--min-side", "-1"])
    assert ended.value.code == 2
    assert "min_side is -1.0" in capsys.readouterr().err
