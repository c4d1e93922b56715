"""What was found, as arrays, as a list of faces, and as JSON and CSV."""

import copy
import csv
import io
import json
import pickle

import numpy as np
import pytest

from mtcnn_lite.cascade.faces import Faces

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


def test_dicts_are_rounded_and_plain(faces):
    first = faces.as_dicts()[0]
    assert type(first) is dict
    assert first == {"box": [1.12, 2.0, 31.0, 42.5], "score": 1.0,
                     "landmarks": [[3.0, 4.01], [9.0, 4.0], [6.0, 7.0], [4.0, 10.0], [8.0, 10.0]]}  # fmt: skip
    assert faces[:0].as_dicts() == []


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
