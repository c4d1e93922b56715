"""What was found: as arrays, as a list of faces, as JSON and CSV, drawn and cut out, and in the library supervision."""

import copy
import csv
import io
import json
import pickle
import sys

import numpy as np
import pytest

from mtcnn_lite import Detector
from mtcnn_lite.alignment import aligned_crops, template
from mtcnn_lite.cascade.faces import Faces
from mtcnn_lite.draw import draw_faces

BOXES = [[1.125, 2, 31, 42.5], [100, 60, 150, 120], [0, 0, 20, 24]]
SCORES = [0.99996, 0.75, 0.5]
POINTS = [[[k + x, k + y] for x, y in ((3, 4.006), (9, 4), (6, 7), (4, 10), (8, 10))] for k in range(3)]


@pytest.fixture
def faces():
    return Faces(*(np.array(column, np.float32) for column in (BOXES, SCORES, POINTS)))


def test_each_face_has_its_row_by_attribute_and_by_name(faces):
    assert len(faces) == len(list(faces)) == 3
    for row, face in enumerate(faces):
        assert face.box == face["box"] == BOXES[row]
        assert face.score == face["score"] == pytest.approx(SCORES[row])
        np.testing.assert_allclose(face.landmarks, POINTS[row], rtol=1e-6)
    assert faces[0].box == faces[np.int64(-3)].box == BOXES[0]
    assert faces[-1]["score"] == 0.5
    assert [face.score for face in reversed(faces)] == [face.score for face in faces][::-1]
    with pytest.raises(IndexError, match="index 3 is out of bounds"):
        faces[3]


@pytest.mark.parametrize(
    ("which", "rows"),
    [(slice(1, 3), [1, 2]), (slice(None, None, -1), [2, 1, 0]), ([2, 0], [2, 0]), ([], []),
     ([True, False, True], [0, 2]), (np.array([False] * 3), []), (np.array([1]), [1])],
)  # fmt: skip
def test_a_choice_of_faces_is_faces(faces, which, rows):
    chosen = faces[which]
    assert type(chosen) is Faces
    for name in ("boxes", "scores", "landmarks"):
        assert np.array_equal(getattr(chosen, name), getattr(faces, name)[rows])
        assert getattr(chosen, name).dtype == np.float32
    assert [face.box for face in chosen] == [BOXES[row] for row in rows]


@pytest.mark.parametrize("which", [None, True, "box", 0.5, (0, 1), [True, False]])
def test_what_chooses_no_faces_is_refused(faces, which):
    with pytest.raises(IndexError):
        faces[which]


def test_json_and_csv_need_no_conversion(faces):
    read = json.loads(json.dumps(faces))
    assert read == json.loads(json.dumps(faces, indent=1)) == faces
    assert list(read[0]) == ["box", "score", "landmarks"]
    assert read[1]["box"] == BOXES[1]
    assert json.dumps({"faces": faces[:0]}) == '{"faces": []}'
    file = io.StringIO()
    writer = csv.DictWriter(file, ["box", "score", "landmarks"])
    writer.writerows(faces)
    assert file.getvalue().splitlines()[1].startswith('"[100.0, 60.0, 150.0, 120.0]",0.75,')


def test_dicts_are_plain_and_have_every_digit_unless_rounded(faces):
    [*every] = faces.to_dict()["faces"]
    assert faces.to_dict() == {"faces": list(faces)}
    assert {type(face) for face in every} == {dict}
    first = faces.to_dict(rounded=True)["faces"][0]
    assert first == {"box": [1.12, 2.0, 31.0, 42.5], "score": 1.0,
                     "landmarks": [[3.0, 4.01], [9.0, 4.0], [6.0, 7.0], [4.0, 10.0], [8.0, 10.0]]}  # fmt: skip
    assert faces[:0].to_dict() == {"faces": []}


def test_json_gives_the_arrays_back(faces):
    text = faces.to_json()
    assert "\n" not in text
    read = json.loads(text)["faces"]
    for name, column in (("box", faces.boxes), ("score", faces.scores), ("landmarks", faces.landmarks)):
        np.testing.assert_array_equal(np.array([face[name] for face in read], np.float32), column)
    assert json.loads(faces[:0].to_json()) == {"faces": []}


def test_csv_gives_the_arrays_back_with_a_column_a_number(faces, tmp_path):
    faces.to_csv(tmp_path / "faces.csv")
    with open(tmp_path / "faces.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3
    columns = {name: np.array([float(row[name]) for row in rows], np.float32) for name in rows[0]}
    assert len(columns) == 15
    for place, name in enumerate(("x1", "y1", "x2", "y2")):
        np.testing.assert_array_equal(columns[name], faces.boxes[:, place])
    np.testing.assert_array_equal(columns["score"], faces.scores)
    for place, name in enumerate(("left_eye", "right_eye", "nose", "left_mouth", "right_mouth")):
        np.testing.assert_array_equal(columns[f"{name}_x"], faces.landmarks[:, place, 0])
        np.testing.assert_array_equal(columns[f"{name}_y"], faces.landmarks[:, place, 1])
    assert [path.name for path in tmp_path.iterdir()] == ["faces.csv"], "no half-written file is left"

    opened = io.StringIO()
    faces.to_csv(opened)
    assert opened.getvalue().encode() == (tmp_path / "faces.csv").read_bytes()
    faces[:0].to_csv(str(tmp_path / "faces.csv"))
    assert (tmp_path / "faces.csv").read_text() == opened.getvalue().splitlines(keepends=True)[0]


def test_what_csv_cannot_be_written_to_is_named(faces, tmp_path):
    with pytest.raises(TypeError, match=r"path is None; it must be a file's name, or a file that is open for text"):
        faces.to_csv(None)
    with pytest.raises(TypeError, match="open for text"):
        faces.to_csv(io.BytesIO())
    with pytest.raises(OSError, match="gone"):
        faces.to_csv(tmp_path / "gone" / "faces.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(OSError, match=r"folder\.csv"):
        faces.to_csv(tmp_path / "folder.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["folder.csv"]


def test_supervision_draws_and_selects_them(faces):
    supervision = pytest.importorskip("supervision")
    found = faces.to_supervision()
    np.testing.assert_array_equal(found.xyxy, faces.boxes)
    np.testing.assert_array_equal(found.confidence, faces.scores)
    assert found.class_id.tolist() == [0, 0, 0]
    photo = np.zeros((130, 160, 3), np.uint8)
    drawn = supervision.BoxAnnotator().annotate(photo.copy(), found).any(axis=2)
    assert drawn[60, 100:150].all(), "the second face's upper edge"
    assert drawn[60:120, 100].all()
    assert not drawn[66:114, 106:144].any()
    assert supervision.LabelAnnotator().annotate(photo.copy(), found).any()

    sure = found[found.confidence > 0.6]
    np.testing.assert_array_equal(sure.xyxy, faces.boxes[:2])
    np.testing.assert_array_equal(supervision.KeyPoints(sure.data["landmarks"]).xy, faces.landmarks[:2])

    points = faces.to_keypoints()
    np.testing.assert_array_equal(points.xy, faces.landmarks)
    np.testing.assert_array_equal(points.detection_confidence, faces.scores)
    assert points.class_id.tolist() == [0, 0, 0]
    dots = supervision.VertexAnnotator(radius=0).annotate(photo.copy(), points).any(axis=2)
    assert {(x, y) for y, x in np.argwhere(dots)} == {(int(x), int(y)) for x, y in faces.landmarks.reshape(-1, 2)}

    found.xyxy[:] = points.xy[:] = 0  # their own copies
    np.testing.assert_array_equal(faces.boxes[1], BOXES[1])
    assert faces.landmarks.all()
    none = faces[:0]
    assert len(none.to_supervision()) == len(none.to_keypoints()) == 0
    assert not supervision.BoxAnnotator().annotate(photo.copy(), none.to_supervision()).any()


def test_without_supervision_an_error_says_how_to_install_it(faces, monkeypatch):
    monkeypatch.setitem(sys.modules, "supervision", None)
    for convert in (faces.to_supervision, faces.to_keypoints):
        with pytest.raises(ImportError, match=r"pip install 'supervision>=0\.31'"):
            convert()


def test_drawn_as_draw_faces_draws_also_on_gray(faces):
    photo = np.random.default_rng(0).integers(0, 256, (130, 160, 3), np.uint8)
    before = photo.copy()
    np.testing.assert_array_equal(faces.draw(photo).pixels, draw_faces(photo, faces).pixels)
    assert np.array_equal(photo, before)
    assert faces.draw(photo[..., 0]).pixels.shape == photo.shape
    with pytest.raises(TypeError, match="image is a str"):
        faces.draw("photo.jpg")


def test_crops_are_upright_or_the_squares_around_the_boxes(detector, astronaut):
    faces = detector.detect(astronaut)
    upright = faces.crops(astronaut)
    np.testing.assert_array_equal(upright, aligned_crops(astronaut, faces.landmarks, 112))
    again = Detector(min_face=40).detect(upright[0]).landmarks[0]
    assert np.abs(again - template(112)).max() < 8, "its eyes, nose and mouth are where such a crop has them"

    whole = Faces(np.array([[100, 40, 196, 136], [-30, 0, 66, 60.0]], np.float32), np.ones(2), np.zeros((2, 5, 2)))
    small, left = whole.crops(astronaut, size=48, aligned=False)
    want = astronaut[40:136, 100:196].reshape(48, 2, 48, 2, 3).mean(axis=(1, 3))
    assert np.abs(small - want).max() <= 1, "each pixel is the mean of the four it stands for"
    square = np.zeros((96, 96, 3))  # its box is 60 high: 18 px more above and below, of which 18 are outside
    square[18:, 30:] = astronaut[:78, :66]
    assert np.abs(left - square.reshape(48, 2, 48, 2, 3).mean(axis=(1, 3))).max() <= 1

    assert faces[:0].crops(astronaut, 32).shape == faces[:0].crops(astronaut, 32, False).shape == (0, 32, 32, 3)
    assert faces.crops(astronaut[..., 0], size=64, aligned=False).shape == (1, 64, 64, 3)
    for arguments, message in (({"size": 0}, "size is 0"), ({"size": 0, "aligned": False}, "size is 0"),
                               ({"aligned": 1}, "aligned is 1"), ({"size": 10**6, "aligned": False}, "size is 1000000"),
                               ({"size": "112"}, "size is '112'")):  # fmt: skip
        with pytest.raises((TypeError, ValueError), match=message):
            faces.crops(astronaut, **arguments)


def test_the_list_cannot_be_changed_and_arrays_stay_their_own(faces):
    changes = (lambda: faces.append(faces[0]), lambda: faces.sort(), lambda: faces.pop(), lambda: faces.clear(),
               lambda: faces.__setitem__(0, 1), lambda: faces.__delitem__(0), lambda: faces.__iadd__([1]))  # fmt: skip
    for change in changes:
        with pytest.raises(TypeError, match="Faces can't be changed"):
            change()
    assert len(faces) == 3
    assert sorted(faces, key=lambda face: face.box[0])[0].box == BOXES[2]
    assert faces == faces
    assert faces != copy.copy(faces), "as arrays, it has no answer in one word"
    assert len({faces, copy.copy(faces)}) == 2
    assert f"{faces}" == "%s" % faces == repr(faces)  # noqa: UP031  # a tuple would fail here
    assert bool(faces)
    assert not faces[:0]


@pytest.mark.parametrize(("count", "says"), [(0, "Faces(0)"), (1, "Faces(1, 0.500 at [1, 2, 3, 4])"),
                                             (10, "4], 0.500 at [1, 2, 3, 4])"), (11, "4], 1 more)"),
                                             (1119, "4], 1109 more)")])  # fmt: skip
def test_a_repr_has_the_first_ten_and_a_count(count, says):
    many = Faces(np.tile([1.2, 2, 3, 4], (count, 1)), np.full(count, 0.5), np.zeros((count, 5, 2)))
    assert repr(many).startswith(f"Faces({count}")
    assert repr(many).endswith(says)
    assert repr(many).count(" at ") == min(count, 10)
    assert len(repr(many)) < 400


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda faces: pickle.loads(pickle.dumps(faces))])
def test_a_copy_is_whole(faces, again):
    other = again(faces)
    assert type(other) is Faces
    assert list(other) == list(faces)
    for name in ("boxes", "scores", "landmarks"):
        assert np.array_equal(getattr(other, name), getattr(faces, name))


def test_arrays_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="zip"):
        Faces(np.zeros((2, 4)), np.zeros(1), np.zeros((2, 5, 2)))
