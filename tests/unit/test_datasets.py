"""Lists of labels, written here by hand, line by line, with the boxes and points that they must give."""

import json
import warnings
from dataclasses import replace

import cv2
import numpy as np
import pytest

from mtcnn_lite import datasets
from mtcnn_lite.datasets import DatasetError, DatasetWarning, read_dataset, summary
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto


@pytest.fixture
def put(tmp_path):
    """A function that makes images (40 x 30, gray) and text files below tmp_path: put(name) or put(name, text)."""

    def make(name, text=None):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if text is None:
            path.write_bytes(cv2.imencode(".jpg", np.full((30, 40, 3), 99, np.uint8))[1].tobytes())
        else:
            path.write_bytes(text.encode())
        return path

    return make


WIDER = """\
0--Parade/0_Parade a b_1.jpg
2
449 330 122 149 0 0 0 0 0 0 \n\
3 0 20 11 2 1 1 0 2 1 \n\
0--Parade/none.jpg
0
0 0 0 0 0 0 0 0 0 0 \n\
12--Group/c.jpg
3
10 20 30 40 0 0 0 1 0 0
10 20 0 40 0 0 0 0 0 0
-5 -6 30 40 1 0 0 0 0 0
"""


@pytest.fixture
def wider(put):
    for name in ("0--Parade/0_Parade a b_1.jpg", "0--Parade/none.jpg", "12--Group/c.jpg"):
        put(f"WIDER_train/images/{name}")
    return put("wider_face_split/wider_face_train_bbx_gt.txt", WIDER)


def test_wider_boxes_flags_and_events(wider, tmp_path):
    photos = read_dataset(wider)
    assert [p.source.relative_to(tmp_path / "WIDER_train/images").as_posix() for p in photos] == [
        "0--Parade/0_Parade a b_1.jpg", "0--Parade/none.jpg", "12--Group/c.jpg"]  # fmt: skip
    first, none, last = photos
    assert first.boxes.tolist() == [[449, 330, 571, 479], [3, 0, 23, 11]]
    assert first.ignore.tolist() == [False, True]  # the second is 11 px high
    assert first.about["event"] == "0--Parade"
    expected = {"blur": 2, "expression": 1, "illumination": 1, "invalid": 0, "occlusion": 2, "pose": 1}
    assert first.about["faces"][1] == expected
    assert not first.has_landmarks.any()
    assert none.boxes.shape == (0, 4)
    assert last.boxes.tolist() == [[10, 20, 40, 60], [10, 20, 10, 60], [-5, -6, 25, 34]]
    assert last.ignore.tolist() == [True, True, False]  # invalid, empty
    assert all(p.complete for p in photos)
    assert none.image().shape == (30, 40, 3)
    assert datasets.read_wider(wider, min_side=11)[0].ignore.tolist() == [False, False]  # 11 is not under 11
    assert datasets.read_wider(wider, min_side=0)[0].ignore.tolist() == [False, False]
    assert datasets.read_wider(wider, min_side=0)[2].ignore.tolist() == [True, True, False]


@pytest.mark.parametrize("folder", ["", "wider_face_split"])
def test_wider_is_known_by_its_folder(wider, tmp_path, folder):
    assert len(read_dataset(tmp_path / folder)) == 3
    wider.with_name("wider_face_val_bbx_gt.txt").write_text(WIDER)
    with pytest.raises(DatasetError, match=r"several lists, wider_face_train_bbx_gt.txt, wider_face_val_bbx_gt.txt"):
        read_dataset(tmp_path / folder)


def same(a, b):
    return [p.source for p in a] == [p.source for p in b] and all(
        np.array_equal(p.boxes, q.boxes)
        and np.array_equal(p.landmarks, q.landmarks, equal_nan=True)
        and np.array_equal(p.ignore, q.ignore)
        and p.complete == q.complete
        and p.about == q.about
        for p, q in zip(a, b, strict=True)
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.replace("\n", "\r\n"),
        lambda t: "\ufeff" + t,
        lambda t: t.replace("\n", "\n\n") + "\n  \n",
        lambda t: t.rstrip(),
        lambda t: t.replace("\n0\n0 0 0 0 0 0 0 0 0 0 \n", "\n0\n"),  # without the line of zeros
    ],
    ids=["CRLF", "BOM", "empty lines", "no last line end", "no line of zeros"],
)
def test_wider_however_the_lines_end(wider, change):
    before = read_dataset(wider)
    wider.write_bytes(change(WIDER).encode())
    assert same(read_dataset(wider), before)


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("3 0 20 11 2 1", "3 0 20 2 1", 4, "9 numbers"),
        ("3 0 20 11 2 1", "3 0 20 11 7 2 1", 4, "11 numbers"),
        ("3 0 20 11 2 1", "3 0 20 eleven 2 1", 4, "'eleven' is no number"),
        ("3 0 20 11 2 1", "3 0 20 nan 2 1", 4, "'nan' is no number"),
        ("3 0 20 11 2 1", "3 0 -20 11 2 1", 4, "can't be negative"),
        ("3 0 20 11 2 1 1 0 2 1", "3 0 20 11 3 1 1 0 2 1", 4, "blur is 3"),
        ("3 0 20 11 2 1 1 0 2 1", "2 1 1 0 2 1 3 0 20 11", 4, "illumination is 3"),
        ("b_1.jpg\n2\n", "b_1.jpg\n3\n", 1, "2 lines of faces; its count says 3"),
        ("b_1.jpg\n2\n", "b_1.jpg\n1\n", 1, "2 lines of faces; its count says 1"),
        ("b_1.jpg\n2\n", "b_1.jpg\ntwo\n", 1, "must be the number of its faces"),
        ("b_1.jpg\n2\n", "b_1.jpg\n", 1, "must be the number of its faces"),
        ("none.jpg\n0\n0 0 0", "none.jpg\n0\n5 5 5", 5, "1 lines of faces; its count says 0"),
        ("0--Parade/none.jpg\n", "", 1, "its count says 2|11|numbers"),
        ("b_1.jpg", "b_2.jpg", 1, "there is no image .*b_2.jpg"),
    ],
)
def test_wider_says_where_a_line_is_wrong_and_skips_only_when_asked(wider, old, new, line, says):
    before = read_dataset(wider)
    assert WIDER.count(old) == 1
    wider.write_text(WIDER.replace(old, new))
    with pytest.raises(DatasetError, match=says) as caught:
        read_dataset(wider)
    if "Parade/none" not in old:  # a lost name joins two images: any of their lines may be named
        assert f"{wider.name}, line {line}:" in str(caught.value)
    with pytest.warns(DatasetWarning, match="1 of [23] records skipped") as warned:
        after = read_dataset(wider, skip_bad=True)
    assert warned[0].filename.endswith(("test_datasets.py", "__init__.py"))
    left = {p.source for p in after}
    assert same(after, [p for p in before if p.source in left])  # no wrong box among what is left
    assert len(after) >= 1


def test_wider_that_is_cut_off_or_begins_in_the_middle(wider):
    wider.write_text(WIDER[: WIDER.index("-5 -6")])
    with pytest.raises(DatasetError, match=r"line 8: 12--Group/c.jpg has 2 lines"):
        read_dataset(wider)
    wider.write_text("\n".join(WIDER.splitlines()[1:]))
    with pytest.raises(DatasetError, match="line 1: '2' stands where an image name"):
        datasets.read_wider(wider)


def test_wider_says_where_it_looked_for_images(put):
    alone = put("wider_face_val_bbx_gt.txt", WIDER)
    with pytest.raises(DatasetError, match=r"looked for .*WIDER_val.images.*images=FOLDER"):
        read_dataset(alone)


BOXES = (
    "3\nimage_id x_1 y_1 width height\n000001.jpg    95  71 226 313\n000002.jpg  -2 4 5 6\na b.jpg 320 828   0   0\n"
)
POINTS = (
    "3\nlefteye_x lefteye_y righteye_x righteye_y nose_x nose_y leftmouth_x leftmouth_y rightmouth_x rightmouth_y\n"
    "a b.jpg 1 2 3 4 5 6 7 8 9 10\n000001.jpg 165  184  244  176  196  249  194  271  266  260\n"
    "000002.jpg -1 2 3 4 5 6 7 8 9 10\n"
)


@pytest.fixture
def celeba(put, tmp_path):
    """In a folder of its own, beside WIDER FACE's."""
    for name in ("000001.jpg", "000002.jpg", "a b.jpg"):
        put(f"CelebA/Img/img_celeba/{name}")
    put("CelebA/Anno/list_landmarks_celeba.txt", POINTS)
    put("CelebA/Anno/list_bbox_celeba.txt", BOXES)
    return tmp_path / "CelebA"


def test_celeba_joins_boxes_and_points_by_name(celeba):
    photos = read_dataset(celeba)
    assert [p.source.name for p in photos] == ["000001.jpg", "000002.jpg", "a b.jpg"]
    assert [p.boxes[0].tolist() for p in photos] == [[95, 71, 321, 384], [-2, 4, 3, 10], [320, 828, 320, 828]]
    assert photos[0].landmarks[0].tolist() == [[165, 184], [244, 176], [196, 249], [194, 271], [266, 260]]
    assert photos[1].landmarks[0, 0].tolist() == [-1, 2]
    assert photos[2].landmarks[0, 4].tolist() == [9, 10]
    assert [p.ignore.tolist() for p in photos] == [[False], [True], [True]]  # under 12 px, and an empty box
    assert not any(p.complete for p in photos)
    for place in ("Anno", "Anno/list_bbox_celeba.txt"):
        assert same(read_dataset(celeba / place), photos)
    (celeba / "Anno/list_landmarks_celeba.txt").unlink()
    assert not any(p.has_landmarks.any() for p in read_dataset(celeba))


def test_celeba_refuses_aligned_photos(celeba):
    (celeba / "Img/img_celeba").rename(celeba / "Img/img_align_celeba")
    with pytest.raises(DatasetError, match="aligned photos, but boxes and landmarks belong to the in-the-wild"):
        read_dataset(celeba)


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        ("bbox", "95  71 226 313", "95  71 226", r"list_bbox_celeba.txt, line 3: .*a row is an image name and 4"),
        ("bbox", "95  71 226 313", "95  71 226 313 4", "line 3: .*4 numbers"),
        ("bbox", "95  71 226 313", "95  71 x 313", "line 3: 'x' is no number"),
        ("bbox", "95  71 226 313", "95  71 226 -313", "line 3: .*negative"),
        ("bbox", "000002", "000001", "line 4: 000001.jpg for the second time"),
        ("bbox", "000002", "000007", "line 4: .*list_landmarks_celeba.txt has no row for 000007.jpg"),
        ("bbox", "3\nimage", "4\nimage", "line 1: says 4 rows; the file has 3"),
        ("landmarks", "-1 2 3", "2 3", "list_landmarks_celeba.txt, line 5: .*10 numbers"),
        ("landmarks", "-1 2 3", "-1 - 3", "list_landmarks_celeba.txt, line 5: '-' is no number"),
    ],
)
def test_celeba_says_where_a_line_is_wrong(celeba, name, old, new, says):
    before = read_dataset(celeba)
    path = celeba / f"Anno/list_{name}_celeba.txt"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(DatasetError, match=says):
        read_dataset(celeba)
    with pytest.warns(DatasetWarning, match="records skipped|says 4 rows"):
        after = read_dataset(celeba, skip_bad=True)
    left = {p.source for p in after}
    assert same(after, [p for p in before if p.source in left])


def test_celeba_wants_its_own_columns(celeba):
    path = celeba / "Anno/list_bbox_celeba.txt"
    path.write_text(BOXES.replace("x_1 y_1 width height", "y_1 x_1 width height"))
    with pytest.raises(DatasetError, match="must begin with the number of rows and the line 'image_id x_1 y_1"):
        read_dataset(celeba)


FACEPOINT = "lfw_5590\\A b_1.jpg 84 161 92 169 106.25 107.75 146.75 112.25 125.25 142.75 105.25 157.75 139.75 161.75\n"
MTFL = "lfw_5590\\A b_1.jpg 107.25 147.75 126.25 106.25 140.75 108.75 113.25 143.75 158.75 162.75 1 2 2 3\n"
LFW_POINTS = [[106.25, 107.75], [146.75, 112.25], [125.25, 142.75], [105.25, 157.75], [139.75, 161.75]]


@pytest.mark.parametrize(("name", "text"), [("trainImageList.txt", FACEPOINT), ("training.txt", " " + MTFL)])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_both_point_lists_give_the_same_points(put, tmp_path, name, text, ends):
    image = put("lfw_5590/A b_1.jpg")
    put(name, text.replace("\n", ends))
    for place in (tmp_path, tmp_path / name):
        (photo,) = read_dataset(place)
        assert photo.source == image
        assert photo.landmarks[0].tolist() == LFW_POINTS  # MTFL's, less 1
        assert not photo.complete
        assert not photo.ignore.any()
        np.testing.assert_array_equal(photo.boxes, datasets.box_from_landmarks([LFW_POINTS]))
    about = photo.about
    if name == "training.txt":
        assert about == {"dataset": "MTFL", "gender": 1, "smile": 2, "glasses": 2, "pose": 3}
    else:
        assert about == {"dataset": "CNN_FacePoint", "tight_box": [84, 92, 161, 169]}


def test_mtfl_moves_aflw_further(put):
    put("AFLW/0001-image20056.jpg")
    path = put("training.txt", MTFL.replace("lfw_5590\\A b_1", "AFLW/0001-image20056"))
    (photo,) = read_dataset(path)
    shift = np.array(datasets.LANDMARK_ORIGIN["MTFL_AFLW"])
    np.testing.assert_allclose(photo.landmarks[0], np.array(LFW_POINTS) + 1 - shift, atol=1e-4)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (FACEPOINT.replace("84 161 92 169", "84 92 161 169"), None),  # x1 y1 x2 y2, which here might be left, right
        (FACEPOINT.replace("84 161 92 169", "161 84 92 169"), "left < right"),
        (FACEPOINT.replace("84 161 92 169", "84 161 169 92"), "top < bottom"),
        (FACEPOINT.replace("84 161", "84.5 161"), "all whole"),
        (FACEPOINT.replace(" 161.75", ""), "14 numbers"),
        (FACEPOINT.replace("161.75", "inf"), "'inf' is no number"),
        (FACEPOINT.replace("161.75", "161.75 3"), "14 numbers"),
        (MTFL, "left < right"),  # the other list's order
    ],
)
def test_facepoint_refuses_other_orders(put, text, says):
    put("lfw_5590/A b_1.jpg")
    path = put("trainImageList.txt", FACEPOINT + "\n" + text)
    if says is None:
        assert datasets.read_facepoint(path)[1].about["tight_box"] == [84, 161, 92, 169]
        return
    with pytest.raises(DatasetError, match=says) as caught:
        datasets.read_facepoint(path)
    assert "trainImageList.txt, line 3:" in str(caught.value)
    with pytest.warns(DatasetWarning, match="1 of 2 records skipped"):
        assert len(datasets.read_facepoint(path, skip_bad=True)) == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (FACEPOINT, "gender is 105.25"),
        (MTFL.replace("1 2 2 3", "3 2 2 3"), "gender is 3"),
        (MTFL.replace("1 2 2 3", "1 2 2 6"), "pose is 6"),
        (MTFL.replace("1 2 2 3", "1 2 3"), "14 numbers"),
    ],
)
def test_mtfl_refuses_other_orders(put, text, says):
    put("lfw_5590/A b_1.jpg")
    with pytest.raises(DatasetError, match=f"training.txt, line 1: .*{says}"):
        datasets.read_mtfl(put("training.txt", text))


def test_box_from_landmarks_mirrors_and_scales_with_the_face():
    points = np.array([LFW_POINTS])
    ((x1, y1, x2, y2),) = datasets.box_from_landmarks(points)
    assert 1.2 < (y2 - y1) / (x2 - x1) < 1.35
    assert x1 < 105 < 147 < x2
    assert y1 < 107 < 162 < y2
    mirrored = points[:, [1, 0, 2, 4, 3]] * [-1, 1] + [249, 0]  # of an image 250 px wide
    np.testing.assert_allclose(datasets.box_from_landmarks(mirrored), [[250 - x2, y1, 250 - x1, y2]], atol=1e-3)
    twice = (points + 0.5) * 2 - 0.5  # of an image twice as large
    np.testing.assert_allclose(datasets.box_from_landmarks(twice)[0], np.array([x1, y1, x2, y2]) * 2, atol=1e-3)


FIVE = [[1.5, 2], [3, 4], [5, 6], [7, 8], [9, 10]]
ROW = {"image": "images/a b.jpg", "width": 40, "height": 30, "dataset": "X", "only_main_face_labelled": True}
FACE = {"box": [1, 2.5, 10, 20], "box_from_landmarks": [0, 1, 12, 22], "landmarks": FIVE, "ignore": False, "blur": 2}


def lines(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_jsonl(put, tmp_path):
    put("images/a b.jpg")
    small = {"box": [0, 0, 3, 3], "landmarks": None, "ignore": True}
    path = put("annotations.jsonl", lines({**ROW, "faces": [FACE, small]}, {"image": "images/a b.jpg", "faces": []}))
    photo, background = read_dataset(tmp_path)
    assert photo.source == tmp_path / "images/a b.jpg"
    assert photo.boxes.tolist() == [[0, 1, 12, 22], [0, 0, 3, 3]]
    assert photo.landmarks[0].tolist() == FIVE
    assert photo.has_landmarks.tolist() == [True, False]
    assert photo.ignore.tolist() == [False, True]
    assert not photo.complete
    assert photo.about == {"width": 40, "height": 30, "dataset": "X", "faces": [{"blur": 2}, {}]}
    assert background.complete
    assert background.boxes.shape == (0, 4)
    without = {key: value for key, value in FACE.items() if key != "box_from_landmarks"}
    path.write_bytes(("\ufeff\r\n" + lines({**ROW, "faces": [without]}).replace("\n", "\r\n\r\n")).encode())
    assert read_dataset(path)[0].boxes.tolist() == [[1, 2.5, 10, 20]]


def test_jsonl_moves_landmarks_of_known_sets_once(put):
    put("images/a b.jpg")
    inside = {"box": [9, 9, 20, 20], "box_from_landmarks": [0, 5, 40, 22], "landmarks": FIVE}
    path = put("a.jsonl", lines({**ROW, "dataset": "MTFL_AFLW", "faces": [inside]}))
    (photo,) = read_dataset(path)
    np.testing.assert_allclose(photo.landmarks[0], np.array(FIVE) - [2.2, 1.8], atol=1e-5)
    # what was cut at the image's border, x 0 and 40, stays there
    np.testing.assert_allclose(photo.boxes, [[0, 3.2, 40, 20.2]], atol=1e-5)
    assert photo.about["landmarks_moved"] == [-2.2, -1.8]
    datasets.write_jsonl(path, [photo])
    assert same(read_dataset(path), [photo])
    path.write_text(lines({**ROW, "dataset": "YouTubeFaces_68pt", "faces": [{**inside, "landmarks": FIVE}]}))
    np.testing.assert_allclose(read_dataset(path)[0].landmarks[0], np.array(FIVE) - [1.1, 1.25], atol=1e-5)


def test_jsonl_round_trip_of_every_kind(put, wider, celeba, tmp_path):
    photos = read_dataset(wider) + read_dataset(celeba)
    thirds = LabelledPhoto(photos[0].source, np.float32([[0.1, 1 / 3, 12.3, 1e4 / 7]]), np.float32([FIVE]) / 7)
    photos.append(thirds)
    path = tmp_path / "new folder" / "out.jsonl"
    path.parent.mkdir()
    datasets.write_jsonl(path, iter(photos))
    sources = [path.parent / ".." / p.source.relative_to(tmp_path) for p in photos]
    with pytest.raises(DatasetError, match=r"line 1: image .* lies outside .*allow_outside=True"):
        read_dataset(path)
    back = read_dataset(path, allow_outside=True)
    assert same(back, [replace(p, source=s) for p, s in zip(photos, sources, strict=True)])
    assert [p.name for p in path.parent.iterdir()] == ["out.jsonl"]


def test_write_jsonl_leaves_the_old_file_when_it_fails(put, tmp_path):
    path = put("out.jsonl", "old")
    with pytest.raises(ValueError, match=r"photos\[0\] is no file"):
        datasets.write_jsonl(path, [LabelledPhoto(np.zeros((9, 9, 3), np.uint8), [])])
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["out.jsonl"]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("{", "no JSON"),
        ("[]", "must be"),
        ({"faces": []}, "must be"),
        ({"image": 3, "faces": []}, "must be"),
        ({"image": "images/a b.jpg"}, "must be"),
        ({"image": "images/b.jpg", "faces": []}, "there is no image .*b.jpg"),
        ({"box": [1, 2, 3]}, "face 2: box is"),
        ({"box": None}, "face 2: box is None"),
        ({}, "face 2: box is None"),
        ({"box": [1, 2, 3, "4x"]}, "face 2: box is"),
        ({"box": [1, 2, 3, float("nan")]}, "face 2: box is"),
        ({"box": [10, 2, 3, 4]}, "has no area"),
        ({"box": [1, 20, 3, 4]}, "has no area"),
        ({"box": [1, 2, 1, 4]}, "has no area"),
        ({"box": [1, 2, 3, 4], "box_from_landmarks": [1, 2, 3]}, "face 2: box_from_landmarks is"),
        ({"box": [1, 2, 3, 4], "landmarks": FIVE[:4]}, "face 2: landmarks is"),
        ({"box": [1, 2, 3, 4], "landmarks": np.ravel(FIVE).tolist()}, "face 2: landmarks is"),
        ({"box": [1, 2, 3, 4], "ignore": 1}, "ignore is 1"),
        (7, "face 2: 7 must be an object"),
    ],
)
def test_jsonl_says_where_a_line_is_wrong(put, row, says):
    put("images/a b.jpg")
    good = {**ROW, "faces": [FACE]}
    if not isinstance(row, str):
        is_face = not isinstance(row, dict) or not {"image", "faces"} & set(row)
        row = json.dumps({**ROW, "faces": [FACE, row]} if is_face else row)
    path = put("a.jsonl", lines(good) + "\n" + row + "\n" + lines(good))
    with pytest.raises(DatasetError, match=f"a.jsonl, line 3.*{says}"):
        read_dataset(path)
    with pytest.warns(DatasetWarning, match="1 of 3 records skipped:\n.*line 3"):
        assert len(read_dataset(path, skip_bad=True)) == 2


def test_no_image_is_opened_before_it_is_asked_for(wider, tmp_path):
    broken = tmp_path / "WIDER_train/images/0--Parade/none.jpg"
    broken.write_bytes(b"no image")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        photos = read_dataset(wider)
    with pytest.raises(ValueError, match=r"none.jpg: not an image"):
        photos[1].image()


def test_read_dataset_says_what_it_looked_for(put, tmp_path):
    with pytest.raises(DatasetError, match="nowhere: no such file or folder"):
        read_dataset(tmp_path / "nowhere")
    with pytest.raises(DatasetError, match=r"no labels found. Looked for jsonl: \*.jsonl; wider: .*list_bbox_celeba"):
        read_dataset(tmp_path)
    with pytest.raises(DatasetError, match=r"no labels found. Looked for celeba: list_bbox_celeba.txt"):
        read_dataset(tmp_path, kind="celeba")
    with pytest.raises(ValueError, match="kind is 'vgg'; it must be one of jsonl, wider"):
        read_dataset(tmp_path, kind="vgg")
    for name, text in {"a.csv": "1,2", "b.txt": "hello\nworld", "c.txt": "", "d.xml": "<a/>"}.items():
        with pytest.raises(DatasetError, match=f"{name}: not told what it is"):
            read_dataset(put(name, text))
    (tmp_path / "e.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DatasetError, match=r"e.txt: not UTF-8 text"):
        read_dataset(tmp_path / "e.txt")


def test_read_dataset_knows_lists_by_their_first_lines(wider, celeba, put):
    put("lfw_5590/A b_1.jpg")
    assert read_dataset(put("points.txt", FACEPOINT))[0].about["dataset"] == "CNN_FacePoint"
    assert read_dataset(put("points2.txt", MTFL))[0].about["dataset"] == "MTFL"
    (celeba / "Anno/list_bbox_celeba.txt").rename(celeba / "Anno/boxes.txt")
    assert len(read_dataset(celeba / "Anno/boxes.txt")) == 3
    assert len(read_dataset(wider.rename(wider.with_name("train.txt")))) == 3


def test_read_dataset_does_not_choose_between_kinds(put, tmp_path):
    put("training.txt", MTFL)
    put("trainImageList.txt", FACEPOINT)
    with pytest.raises(DatasetError, match="labels of several kinds, facepoint, mtfl; kind= says which"):
        read_dataset(tmp_path)
    put("lfw_5590/A b_1.jpg")
    assert read_dataset(tmp_path, kind="mtfl")[0].about["dataset"] == "MTFL"


def test_summary_counts(wider, celeba):
    counted = summary(read_dataset(wider) + read_dataset(celeba))
    # shorter sides not ignored: 122, 30 and 226
    assert counted == datasets.DatasetSummary(6, 1, 3, 8, 5, 3, (0, 0, 1, 0, 1, 1))
    assert "  12-24                0" in str(counted)
    assert summary([]).sizes == (0,) * 6
    unlabelled = LabelledPhoto(np.zeros((9, 9, 3), np.uint8), [], complete=False)
    assert (summary([unlabelled]).backgrounds, summary([unlabelled]).incomplete) == (0, 1)


def test_boxes_in_shares_of_the_photo_are_refused(put):
    put("a.jpg")
    path = put("x.jsonl", json.dumps({"image": "a.jpg", "faces": [{"box": [0.1, 0.2, 0.5, 1.0]}]}))
    with pytest.raises(DatasetError, match=r"line 1: box \[0.1, 0.2, 0.5, 1.0\] lies in the first pixel; .*shares"):
        read_dataset(path)
    put("x.jsonl", json.dumps({"image": "a.jpg", "faces": [{"box": [0, 0, 1, 1]}, {"box": [0.5, 0, 14, 20]}]}))
    assert read_dataset(path)[0].ignore.tolist() == [True, False]


def test_a_photo_labelled_twice_with_other_faces_is_named(put):
    put("a.jpg")
    rows = [{"image": "a.jpg", "faces": [{"box": [x, 0, x + 20, 20]}]} for x in (0, 0, 15)]
    path = put("x.jsonl", "\n".join(map(json.dumps, rows)))
    with pytest.warns(DatasetWarning, match=r"1 of 3 records label a photo .*\n.*line 3: .*a.jpg, as .*line 1"):
        assert len(read_dataset(path)) == 3
    put("x.jsonl", "\n".join(map(json.dumps, rows[:2])))  # the same faces: such a photo counts twice
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(read_dataset(path)) == 2
