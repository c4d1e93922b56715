"""`mtcnn-lite evaluate`."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mtcnn_lite import Detector
from mtcnn_lite.cli import main
from mtcnn_lite.cli.evaluate_table import table
from mtcnn_lite.course.scenes import ASTRONAUT_BOX, ASTRONAUT_LANDMARKS, scene, scenes
from mtcnn_lite.datasets import read_jsonl, write_jsonl
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.evaluation import choosing, judge
from mtcnn_lite.nets import Nets, ONet, PNet, RNet
from mtcnn_lite.weights import WeightsError, save_weights, shipped

FACE = {"box": ASTRONAUT_BOX, "landmarks": ASTRONAUT_LANDMARKS, "ignore": False}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A scene with every face labelled, the astronaut with the main face labelled, and untrained weights."""
    import torch
    from skimage.data import astronaut

    torch.manual_seed(0)
    made = tmp_path_factory.mktemp("evaluate")
    data = made / "my data"
    data.mkdir()
    composed = scene(3, split="held_out", sizes=(20, 60), faces=(3, 3))
    rows = []
    for name, pixels, faces, more in (
        ("a 1.png", composed.image(),
         [{"box": b.tolist(), "landmarks": p.tolist(), "ignore": False}
          for b, p in zip(composed.boxes, composed.landmarks, strict=True)], {"dataset": "Composed"}),
        ("b.png", astronaut(), [FACE], {"dataset": "Portraits", "only_main_face_labelled": True}),
    ):  # fmt: skip
        Image.fromarray(pixels).save(data / name)
        height, width = pixels.shape[:2]
        rows.append(json.dumps({"image": name, "width": width, "height": height, "faces": faces, **more}))
    (data / "labels.jsonl").write_text("\n".join(rows) + "\n")
    save_weights(Nets(PNet(), RNet(), ONet()), made / "untrained")
    return made


@pytest.fixture(autouse=True)
def here(folder, monkeypatch):
    monkeypatch.chdir(folder)


def rows_of(printed):
    """The table's lines, by name, as lists of columns; a name that comes twice keeps the last."""
    lines = [line.rsplit("  ", 1) for line in printed.splitlines() if "  " in line.strip()]
    return {name.strip(): value.strip() for name, value in lines}


def test_prints_the_table_and_writes_json_and_plots(folder, capsys):
    assert main(["evaluate", "--data", "my data", "--weights", "zhang2016", "--out", "new/measured"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    out = folder / "new" / "measured"
    assert sorted(path.name for path in out.iterdir()) == [
        "evaluation.json", "landmarks.png", "precision_recall.png", "stages.png"
    ]  # fmt: skip
    written = json.loads((out / "evaluation.json").read_text())["zhang2016"]
    assert written["curve_thresholds"] == [0.2, 0.1, 0.05]
    assert (written["photos"], written["complete_photos"]) == (2, 1)
    photo = scene(3, split="held_out", sizes=(20, 60), faces=(3, 3))
    expected = judge([(Detector("zhang2016").detect(photo.image()), LabelledPhoto(photo.image(), photo.boxes))], 12)
    assert written["detection"]["12"]["recall"] == pytest.approx(expected.recall())
    assert written["sets"]["Portraits"]["recall"] == 1
    assert written["sets"]["Portraits"]["precision"] is None  # only the main face is labelled
    assert written["landmarks"]["Portraits"]["faces"] == 1
    assert f"{written['landmarks']['Portraits']['mean']:.3f}" in printed.out
    for name in ("precision_recall", "stages", "landmarks"):
        with Image.open(out / f"{name}.png") as picture:
            assert picture.width > 600


def test_two_detectors_side_by_side(capsys):
    pair = ["--weights", "zhang2016", "--against", "untrained"]
    assert main(["evaluate", "--data", "my data", *pair, "--curve", "0.6", "0.6", "0.6"]) == 0
    lines = capsys.readouterr().out.split("zhang2016 less untrained")[0].splitlines()
    head = next(line for line in lines if line.strip().startswith("zhang2016  "))
    assert head.split() == ["zhang2016", "untrained"]
    recall = next(line for line in lines if line.strip().startswith("recall  "))
    first, second = (float(value) for value in recall.split()[1:])
    assert first > 0.9
    assert second == 0
    assert (
        len({len(line) for line in lines if line.startswith("  ") and line[-1].isdigit() and "  recall" in line}) == 1
    )


def test_what_two_detectors_differ_by(folder, capsys):
    pair = ["--weights", "zhang2016", "--against", "untrained", "--curve", "0.6", "0.6", "0.6"]
    assert main(["evaluate", "--data", "my data", *pair, "--out", "apart"]) == 0
    printed = capsys.readouterr().out
    written = json.loads((folder / "apart" / "evaluation.json").read_text())
    assert "less" not in written["untrained"]
    less = written["zhang2016"]["less"]["untrained"]["detection"]["20"]["recall"]
    assert less["difference"] == written["zhang2016"]["detection"]["20"]["recall"]
    assert less["low"] == less["high"] == less["difference"]  # one photo only: every draw is that one
    block = printed[printed.index("zhang2016 less untrained") :].splitlines()
    line = next(line for line in block if line.startswith("  recall, 20 px and more"))
    assert line.split()[-4:] == [f"{less['difference']:+.4f}", f"{less['low']:+.4f}", "to", f"{less['high']:+.4f}"]
    for name in ("Portraits", "all faces"):
        assert any(line.startswith(f"  landmarks' mean error, {name} ") for line in block)
    assert "landmarks of all 4 faces that have any" in printed


def test_each_detector_has_thresholds_of_its_own(folder, capsys):
    """The same weights twice, under two names: only the thresholds tell them apart."""
    save_weights(Detector("zhang2016").nets, folder / "copy")
    pair = ["--weights", "zhang2016", "--thresholds", "0.5", "0.6", "1", "--against", "copy"]
    own = ["--against-thresholds", "0.6", "0.7", "0.5", "--curve", "0.5", "0.4", "0.3"]
    assert main(["evaluate", "--data", "my data", *pair, *own, "--out", "two"]) == 0
    row = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("thresholds  "))
    assert row.split() == ["thresholds", "0.5", "0.6", "1", "0.6", "0.7", "0.5"]
    written = json.loads((folder / "two" / "evaluation.json").read_text())
    assert [each["thresholds"] for each in written.values()] == [[0.5, 0.6, 1], [0.6, 0.7, 0.5]]
    strict, usual = (each["detection"]["12"] for each in written.values())
    assert strict["recall"] == 0
    assert usual["recall"] > 0.9
    assert strict["average_precision"] == pytest.approx(usual["average_precision"])
    assert strict["recall_at_90"] == usual["recall_at_90"] > 0.9


def test_a_dash_where_nothing_was_measured(capsys):
    main(["evaluate", "--data", "my data", "--thresholds", "0.9", "0.9", "1"])
    printed = capsys.readouterr().out
    assert "128 and more (0)" in printed
    line = next(line for line in printed.splitlines() if "128 and more" in line)
    assert line.split()[-1] == "-"
    assert "nan" not in printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--weights", "zhang2016", "--against", "zhang2016"], "--against is zhang2016, and so is --weights"),
        (["--against", "untrained", "--against-thresholds", "2", "0", "0"], "thresholds is (2.0, 0.0, 0.0)"),
        (["--against-thresholds", "0.5", "0.5", "0.5"], "--against-thresholds needs --against"),
        (["--curve", "0.5", "0.2", "7"], "thresholds is (0.5, 0.2, 7.0)"),
        (["--weights", "nowhere"], "nowhere"),
    ],
)
def test_bad_arguments_are_named(arguments, message, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", "--data", "my data", *arguments])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_official_figures_need_all_photos_and_the_files(folder, capsys):
    assert main(["evaluate", "--data", "my data", "--wider-truth", "my data"]) == 1
    assert "has no wider_face_val.mat" in capsys.readouterr().err


def test_official_figures_are_in_the_table(folder, capsys):
    io = pytest.importorskip("scipy.io")

    def cells(*values):
        array = np.empty(len(values), object)
        for k, value in enumerate(values):
            array[k] = value
        return array.reshape(-1, 1)

    truth = folder / "truth"
    truth.mkdir()
    x1, y1, x2, y2 = ASTRONAUT_BOX
    box = np.array([[x1, y1, x2 - x1, y2 - y1]])
    common = {"event_list": cells("my data"), "file_list": cells(cells("b")), "face_bbx_list": cells(cells(box))}
    io.savemat(truth / "wider_face_val.mat", common)
    for setting, counted in (("easy", [1]), ("medium", [1]), ("hard", [])):
        counts = np.array(counted, np.uint8).reshape(-1, 1)
        io.savemat(truth / f"wider_{setting}_val.mat", {**common, "gt_list": cells(cells(counts))})
    assert main(["evaluate", "--data", "my data", "--weights", "zhang2016", "--wider-truth", "truth"]) == 0
    rows = rows_of(capsys.readouterr().out)
    assert (rows["easy"], rows["medium"], rows["hard"]) == ("1.000", "1.000", "-")


def test_a_photo_that_cannot_be_read_is_named(folder, capsys, tmp_path):
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "c.png").write_bytes(b"no picture")
    row = {"image": "c.png", "width": 9, "height": 9, "faces": []}
    (broken / "labels.jsonl").write_text(json.dumps(row) + "\n")
    assert main(["evaluate", "--data", str(broken)]) == 1
    assert "c.png" in capsys.readouterr().err
    assert main(["evaluate", "--data", "my data", "--data", str(broken), "--skip-bad"]) == 0
    printed = capsys.readouterr()
    assert "photos left out, for they can't be read:\n" in printed.err
    assert "c.png" in printed.err


def test_no_photo_left_is_an_error(folder, capsys, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty/labels.jsonl").write_text("")
    assert main(["evaluate", "--data", str(tmp_path / "empty")]) == 1
    printed = capsys.readouterr()
    assert printed.err.endswith("empty: no photo is left that can be used\n")
    assert printed.out == ""


def test_out_that_is_a_file_is_named(folder, capsys):
    (folder / "taken").write_text("")
    assert main(["evaluate", "--data", "my data", "--out", "taken"]) == 1
    assert "--out taken" in capsys.readouterr().err
    assert (folder / "taken").read_text() == ""


def test_table_of_reports_with_other_sets_has_dashes():
    from mtcnn_lite.evaluation import report

    usual = [0.6, 0.7, 0.7]
    empty = {"thresholds": usual, "curve_thresholds": usual, **report([])}
    assert "nan" not in table({"one": empty, "two": empty})


@pytest.fixture(scope="module")
def scenes_folder(folder):
    """Ten scenes of four faces each in "ten", the first two alone in "few"."""
    photos = scenes(10, seed=11, height=200, width=260, faces=(4, 4), sizes=(24, 60))
    for name, count in (("ten", 10), ("few", 2)):
        (folder / name).mkdir()
        labelled = []
        for number, photo in enumerate(photos[:count]):
            path = folder / name / f"{number}.png"
            Image.fromarray(photo.image()).save(path)
            labelled.append(LabelledPhoto(path, photo.boxes, photo.landmarks))
        write_jsonl(folder / name / "labels.jsonl", labelled)
    return folder


@pytest.fixture
def own(scenes_folder, monkeypatch):
    """A folder of weights, and a grid of four pairs."""
    monkeypatch.setattr(choosing, "PNET", (0.3, 0.6))
    monkeypatch.setattr(choosing, "RNET", (0.2, 0.7))
    save_weights(Detector("zhang2016").nets, scenes_folder / "own")
    (scenes_folder / "own" / "thresholds.json").unlink(missing_ok=True)
    return scenes_folder / "own"


CHOOSE = ["evaluate", "--data", "ten", "--weights", "own", "--choose"]


def test_choose_writes_thresholds_that_the_folder_then_has(own, capsys):
    (own / "thresholds.json").write_text("damaged")  # and so replaced
    (own / ".99999999.part.thresholds.json").write_text("of a run that was killed")
    assert main([*CHOOSE, "--against", "mtcnn_lite", "--against-thresholds", "0.5", "0.6", "0.9"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    stated = json.loads((own / "thresholds.json").read_text())
    values = tuple(stated["thresholds"].values())
    assert Detector("own").settings.thresholds == values
    assert not list(own.glob(".*"))
    chosen = stated["chosen"]
    assert (chosen["photos"], chosen["faces"]) == (10, 40)
    assert chosen["reference"]["weights"] == "mtcnn_lite"
    assert chosen["reference"]["thresholds"] == [0.5, 0.6, 0.9]
    assert chosen["rule"].startswith("recall at least the reference's")
    photos = read_jsonl("ten/labels.jsonl")
    judged = judge([(Detector("own").detect(photo.image()), photo) for photo in photos], 20)
    assert (chosen["recall"], chosen["precision"]) == pytest.approx((judged.recall(), judged.precision()), abs=1e-4)
    lines = printed.out.splitlines()
    assert "10 photos with every face labelled, 40 faces of 20 px and more" in lines
    assert lines[-1] == f"written: {Path('own/thresholds.json')}"
    assert lines[-2].startswith("chosen: " + " ".join(f"{value:g}" for value in values) + ", ")
    head = lines.index("10 photos with every face labelled, 40 faces of 20 px and more")
    rows = [line.split() for line in lines[head + 2 : head + 5]]
    assert rows[0][:4] == ["mtcnn_lite", "0.50", "0.60", "0.90"]
    assert [row[-7:][0] for row in rows[1:]] == ["0.30", "0.60"]


def test_choose_compares_with_the_authors_where_they_are_installed(own, capsys, monkeypatch):
    assert main(CHOOSE) == 0
    assert json.loads((own / "thresholds.json").read_text())["chosen"]["reference"]["weights"] == "zhang2016"
    monkeypatch.setattr("mtcnn_lite.weights.named.zhang2016", missing)
    capsys.readouterr()
    assert main(CHOOSE) == 0
    printed = capsys.readouterr()
    assert printed.err == "no reference: the weights zhang2016 are not installed, and there is no --against\n"
    assert "the best F1, as there is no reference" in printed.out
    assert "reference" not in json.loads((own / "thresholds.json").read_text())["chosen"]


def missing():
    raise WeightsError("the package mtcnn is not installed")


def test_choose_says_that_there_are_too_few_faces_and_writes_nothing(own, capsys):
    assert main(["evaluate", "--data", "few", "--weights", "own", "--choose"]) == 1
    said = "8 faces of 20 px and more, in 2 photos with every face labelled, are too few to choose on (at least 30)"
    assert capsys.readouterr().err == f"error: {said}; {Path('own/thresholds.json')} is not written\n"
    assert not (own / "thresholds.json").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            ["--weights", "mtcnn_lite"],
            "--choose with --weights mtcnn_lite, whose thresholds are given; it must be a fo",
        ),
        (
            ["--weights", "zhang2016"],
            "--choose with --weights zhang2016, whose thresholds are given; it must be a fold",
        ),
        (["--weights", str(shipped.ONNX)], "an export, whose thresholds are in its cascade.json; it must be a folder"),
        (["--weights", "nowhere"], "pnet.safetensors: no such file"),
        (["--thresholds", "0.5", "0.5", "0.5"], "--thresholds does not go with --choose"),
        (["--curve", "0.5", "0.5", "0.5"], "--curve does not go with --choose"),
        (["--out", "x"], "--out does not go with --choose"),
        (["--against", "own"], "--against is own, and so is --weights"),
        (["--against", "nowhere"], "nowhere"),
    ],
)
def test_choose_refuses_what_it_can_not_use(own, capsys, options, said):
    with pytest.raises(SystemExit) as ended:
        main([*CHOOSE, *options])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err
    assert not (own / "thresholds.json").exists()


def test_a_full_disk_is_one_sentence(own, capsys, monkeypatch):
    def full(path, write):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("mtcnn_lite.weights.thresholds.write_whole", full)
    assert main(CHOOSE) == 1
    assert capsys.readouterr().err == f"error: {Path('own/thresholds.json')}: No space left on device\n"
