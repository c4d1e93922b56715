"""What holds for every list: small, empty and inverted boxes, points and sizes that don't fit, files that are damaged.

And the lists of RetinaFace and MTCNN, and those that are refused, each with what it is.
"""

import json
import os
import warnings

import numpy as np
import pytest
from fuzzing.lists import LISTS, write_examples
from PIL import Image

from mtcnn_lite import datasets
from mtcnn_lite.datasets import DatasetError, DatasetWarning, read_dataset


def quietly(read, *arguments):
    """What it reads; a warning, such as numpy's of an overflow, is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return read(*arguments)


def image(path, size=(640, 480)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, "gray").save(path)
    return path


# one rule for all: (text of the list, its name, the image's place) for faces as corners


def as_jsonl(boxes):
    return json.dumps({"image": "a.jpg", "faces": [{"box": box} for box in boxes]}) + "\n", "l.jsonl", "a.jpg"


def as_wider(boxes):
    rows = "".join(f"{x1} {y1} {x2 - x1} {y2 - y1} 0 0 0 0 0 0 \n" for x1, y1, x2, y2 in boxes)
    return f"a.jpg\n{len(boxes)}\n{rows}", "wider_face_train_bbx_gt.txt", "WIDER_train/images/a.jpg"


def as_retinaface(boxes):
    rows = "".join(f"{x1} {y1} {x2 - x1} {y2 - y1} {'-1 ' * 15}0.5\n" for x1, y1, x2, y2 in boxes)
    return f"# a.jpg\n{rows}", "label.txt", "images/a.jpg"


def as_scrfd(boxes):
    rows = "".join(" ".join(map(str, box)) + "\n" for box in boxes)
    return f"# a.jpg 640 480\n{rows}", "labelv2.txt", "images/a.jpg"


def as_mtcnn(boxes):
    return "a " + " ".join(str(value) for box in boxes for value in box) + "\n", "wider_face_train.txt", "a.jpg"


MANY_FACES = (as_jsonl, as_wider, as_retinaface, as_scrfd, as_mtcnn)


def put(folder, made):
    text, name, place = made
    image(folder / place)
    (folder / name).write_text(text)
    return folder / name


def celeba(folder, boxes, separator):
    """One photo a face: CelebA's lists have no other."""
    rows = [[f"{k}.jpg", x1, y1, x2 - x1, y2 - y1] for k, (x1, y1, x2, y2) in enumerate(boxes)]
    for row in rows:
        image(folder / "img_celeba" / row[0])
    head = ["image_id", "x_1", "y_1", "width", "height"]
    lines = [separator.join(map(str, row)) for row in [head, *rows]]
    if separator == ",":
        path = folder / "list_bbox_celeba.csv"
    else:
        path, lines = folder / "list_bbox_celeba.txt", [str(len(rows)), *lines]
    path.write_text("\n".join(lines) + "\n")
    return path


SIDES = [[10, 20, 13, 60], [60, 20, 71, 60], [110, 20, 122, 60], [160, 20, 200, 31.5], [210, 20, 250, 70]]


@pytest.mark.parametrize("make", MANY_FACES)
def test_faces_under_12_px_are_ignored(tmp_path, make):
    path = put(tmp_path, make(SIDES))
    (photo,) = read_dataset(path)
    np.testing.assert_array_equal(photo.boxes, SIDES)
    assert photo.ignore.tolist() == [True, True, False, True, False]
    assert read_dataset(path, min_side=0)[0].ignore.tolist() == [False] * 5
    assert read_dataset(path, min_side=40)[0].ignore.tolist() == [True] * 4 + [False]
    for wrong in (-1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match=r"min_side is .*; it must be 0 px or more"):
            read_dataset(path, min_side=wrong)


@pytest.mark.parametrize("separator", [" ", ",", ", "])
def test_celebas_faces_under_12_px_are_ignored(tmp_path, separator):
    photos = read_dataset(celeba(tmp_path, SIDES, separator))
    assert [photo.ignore.tolist() for photo in photos] == [[True], [True], [False], [True], [False]]
    np.testing.assert_array_equal([photo.boxes[0] for photo in photos], SIDES)


@pytest.mark.parametrize(("name", "scale", "ignored"), [("training.txt", 0.1, True), ("training.txt", 1, False)])
def test_faces_of_points_alone_too(tmp_path, name, scale, ignored):
    x, y = np.array([106, 146, 125, 105, 139]) * scale, np.array([107, 112, 142, 157, 161]) * scale
    (tmp_path / name).write_text(f"a.jpg {' '.join(map(str, [*x, *y]))} 1 2 2 3\n")
    image(tmp_path / "a.jpg")
    (photo,) = read_dataset(tmp_path / name)
    assert photo.ignore.tolist() == [ignored]


def test_five_points_in_one_place_are_no_face(tmp_path):
    (tmp_path / "training.txt").write_text("a.jpg 5 5 5 5 5 5 5 5 5 5 1 2 2 3\n")
    image(tmp_path / "a.jpg")
    with pytest.raises(DatasetError, match=r"training.txt, line 1: box .* has no area"):
        read_dataset(tmp_path)


@pytest.mark.parametrize("make", MANY_FACES)
def test_a_box_without_area_is_ignored_where_wider_has_such_and_else_wrong(tmp_path, make):
    path = put(tmp_path, make([[210, 20, 250, 70], [30, 40, 30, 80]]))
    if make is as_jsonl:
        with pytest.raises(DatasetError, match=r"l.jsonl, line 1, face 2: box .* has no area"):
            read_dataset(path)
    else:
        assert read_dataset(path, min_side=0)[0].ignore.tolist() == [False, True]


@pytest.mark.parametrize("make", MANY_FACES)
@pytest.mark.parametrize("box", [[60, 20, 30, 80], [30, 80, 60, 20]])
def test_an_inverted_box_is_wrong_in_all(tmp_path, make, box):
    path = put(tmp_path, make([[210, 20, 250, 70], box]))
    with pytest.raises(DatasetError, match=r"line \d.*(has no area|can't be negative)"):
        read_dataset(path)
    with pytest.warns(DatasetWarning, match="1 of 1 records skipped"):
        assert read_dataset(path, skip_bad=True) == []


def test_celebas_empty_and_inverted_boxes(tmp_path):
    boxes = [[30, 40, 30, 80], [210, 20, 250, 70]]
    assert [p.ignore.tolist() for p in read_dataset(celeba(tmp_path, boxes, ","), min_side=0)] == [[True], [False]]
    with pytest.raises(DatasetError, match=r"list_bbox_celeba.csv, line 3: .*can't be negative"):
        read_dataset(celeba(tmp_path, [*boxes[1:], [60, 20, 30, 80]], ","))


@pytest.mark.parametrize("make", MANY_FACES)
@pytest.mark.parametrize("value", ["1e39", "nan", "9" * 5000, "2000000"])
def test_a_number_that_is_no_place_on_a_photo(tmp_path, make, value):
    text, name, place = make([[210, 20, 777, 470]])
    odd = "777" if make in (as_jsonl, as_scrfd, as_mtcnn) else "567"
    path = put(tmp_path, (text.replace(odd, "NaN" if value == "nan" and make is as_jsonl else value), name, place))
    with pytest.raises(DatasetError, match=rf"{name}, line \d+"):
        quietly(read_dataset, path)


FIVE = [[40, 50], [80, 52], [60, 70], [45, 90], [75, 92]]


@pytest.mark.parametrize("by", [0, 100, -100])
@pytest.mark.parametrize("kind", ["jsonl", "retinaface", "celeba"])
def test_points_far_outside_their_box(tmp_path, kind, by):
    points = (np.array(FIVE) + by).tolist()
    flat = " ".join(str(value) for point in points for value in point)
    if kind == "jsonl":
        row = {"image": "a.jpg", "faces": [{"box": [20, 30, 100, 130], "landmarks": points}]}
        path = put(tmp_path, (json.dumps(row), "l.jsonl", "a.jpg"))
    elif kind == "retinaface":
        flagged = " ".join(f"{x} {y} 0" for x, y in points)
        path = put(tmp_path, (f"# a.jpg\n20 30 80 100 {flagged} 1\n", "label.txt", "images/a.jpg"))
    else:
        path = celeba(tmp_path, [[20, 30, 100, 130]], " ")
        names = " ".join(datasets.readers.celeba.POINT_NAMES)
        path.with_name("list_landmarks_celeba.txt").write_text(f"1\n{names}\n0.jpg {flat}\n")
    if by == 0:
        np.testing.assert_array_equal(read_dataset(path)[0].landmarks[0], points)
        return
    with pytest.raises(
        DatasetError, match=rf"{path.name}, line \d: the five points, around .* lie far outside the box"
    ):
        read_dataset(path)


def test_points_of_a_face_that_is_ignored_may_lie_anywhere(tmp_path):
    flagged = " ".join(f"{x} {y} 0" for x, y in FIVE)
    path = put(tmp_path, (f"# a.jpg\n20 30 8 9 {flagged} 1\n", "label.txt", "images/a.jpg"))
    assert read_dataset(path)[0].ignore.tolist() == [True]
    with pytest.raises(DatasetError, match="far outside"):
        read_dataset(path, min_side=5)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("kind", ["jsonl", "labelv2"])
def test_a_size_must_be_the_upright_photos(tmp_path, kind, turned):
    exif = Image.Exif()
    exif[0x0112] = 6 if turned else 1
    place = tmp_path / ("a.jpg" if kind == "jsonl" else "images/a.jpg")
    place.parent.mkdir(exist_ok=True)
    Image.new("RGB", (640, 480)).save(place, exif=exif)

    def read(width, height):
        row = {"image": "a.jpg", "width": width, "height": height, "faces": [{"box": [5, 6, 70, 80]}]}
        text = json.dumps(row) if kind == "jsonl" else f"# a.jpg {width} {height}\n5 6 70 80\n"
        (tmp_path / ("l.jsonl" if kind == "jsonl" else "labelv2.txt")).write_text(text)
        return read_dataset(tmp_path)

    right, wrong = ((480, 640), (640, 480)) if turned else ((640, 480), (480, 640))
    assert len(read(*right)) == 1
    with pytest.raises(DatasetError, match=r"line 1: the labels are for .* px, but .*a.jpg is .*upright photo"):
        read(*wrong)
    with pytest.raises(DatasetError, match="the labels are for 320 x 240 px"):
        read(320, 240)


# the lists of RetinaFace and MTCNN

POINTS = "488.906 373.643 0.0 542.089 376.442 0.0 515.031 412.83 1.0 485.174 425.893 0.0 538.357 431.491 0.0"
UNMARKED = " ".join(["-1.0"] * 15)
RETINAFACE = f"""\
# 0--Parade/0_Parade_marchingband_1_849.jpg
449 330 122 149 {POINTS} 0.82
# 0--Parade/b c.jpg
# 1--X/d.jpg
78 221 17 18 {UNMARKED} 0.2
361 98 263 339 {POINTS.replace("488.906 373.643 0.0", "-1.0 -1.0 -1.0")} 0.89
"""


@pytest.fixture
def retinaface(tmp_path):
    for name in ("0--Parade/0_Parade_marchingband_1_849.jpg", "0--Parade/b c.jpg", "1--X/d.jpg"):
        image(tmp_path / "images" / name, (1024, 1385))
    path = tmp_path / "label.txt"
    path.write_text(RETINAFACE)
    return path


def test_retinaface_boxes_and_points(retinaface, tmp_path):
    for place, kind in ((retinaface, None), (tmp_path, None), (retinaface, "retinaface"), (tmp_path, "retinaface")):
        first, none, last = read_dataset(place, kind)
        assert first.source == tmp_path / "images/0--Parade/0_Parade_marchingband_1_849.jpg"
        assert first.boxes.tolist() == [[449, 330, 571, 479]]
        expected = [[488.906, 373.643], [542.089, 376.442], [515.031, 412.83], [485.174, 425.893], [538.357, 431.491]]
        np.testing.assert_allclose(first.landmarks[0], expected, rtol=1e-6)
        assert first.about == {"dataset": "RetinaFace", "faces": [{"blur": 0.82}]}
        assert none.boxes.shape == (0, 4)
        assert last.has_landmarks.tolist() == [False, False]  # unmarked, and one point unmarked
        assert np.isnan(last.landmarks).all()
        assert all(photo.complete for photo in (first, none, last))


def test_retinaface_validation_list_has_boxes_alone(retinaface):
    retinaface.write_text("# 0--Parade/b c.jpg\n345 211 4 4 \n331 126 30 30 \n")
    (photo,) = read_dataset(retinaface)
    assert photo.boxes.tolist() == [[345, 211, 349, 215], [331, 126, 361, 156]]
    assert photo.ignore.tolist() == [True, False]
    assert not photo.has_landmarks.any()
    assert photo.about == {"dataset": "RetinaFace"}


def test_the_successors_list_has_corners_and_sizes(retinaface, tmp_path):
    """The same photo and face as in label.txt (deepinsight/insightface#2622 quotes it)."""
    (as_before, *_) = read_dataset(retinaface)
    retinaface.unlink()
    (tmp_path / "labelv2.txt").write_text(
        f"# 0--Parade/0_Parade_marchingband_1_849.jpg 1024 1385\n449.00000 330.00000 571.00000 479.00000 {POINTS}\n"
        "# 1--X/d.jpg 1024 1385\n1 2 30 40\n1 2 30 40 1\n1 2 30 40 0\n"
    )
    first, last = read_dataset(tmp_path)
    np.testing.assert_array_equal(first.boxes, as_before.boxes)
    np.testing.assert_array_equal(first.landmarks, as_before.landmarks)
    assert last.ignore.tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("449 330 122 149 4", "449 330 122 4", 2, "point 1 is .373.643, 0.0, 542.089."),
        (" 0.82", " 0.82 7", 2, "21 numbers"),
        ("# 0--Parade/b c.jpg", "0--Parade/b c.jpg", 3, "'0--Parade/b' is no number|2 numbers"),
        ("# 0--Parade/b c.jpg", "# 0--Parade/b c.gif", 3, "must be # and an image name"),
        ("# 0--Parade/b c.jpg", "# 0--Parade/b c.jpg 3", 3, "must be # and an image name"),
        ("# 0--Parade/b c.jpg", "#", 3, "must be # and an image name"),
        ("b c.jpg", "bc.jpg", 3, "there is no image"),
        ("78 221 17 18", "78 221 -17 18", 5, "width -17, height 18; they can't be negative"),
        ("78 221 17 18", "78 2x1 17 18", 5, "'2x1' is no number"),
        ("542.089 376.442 0.0 515.031 412.83 1.0 485.174 425.893 0.0 538.357 431.491 0.0 0.82",
         "542.089 376.442 -1 515.031 412.83 1.0 485.174 425.893 0.0 538.357 431.491 0.0 0.82", 2, "point 2 is"),
    ],
)  # fmt: skip
def test_retinaface_says_where_a_line_is_wrong(retinaface, old, new, line, says):
    assert RETINAFACE.count(old) == 1
    retinaface.write_text(RETINAFACE.replace(old, new))
    with pytest.raises(DatasetError, match=says) as caught:
        read_dataset(retinaface)
    assert f"label.txt, line {line}" in str(caught.value)
    with pytest.warns(DatasetWarning, match="records skipped"):
        assert 1 <= len(read_dataset(retinaface, skip_bad=True)) <= 2


def test_a_list_of_names_is_no_list_of_backgrounds(retinaface):
    retinaface.write_text("# 0--Parade/b c.jpg\n# 1--X/d.jpg\n")
    with pytest.raises(DatasetError, match="no image has a face"):
        read_dataset(retinaface)


def test_mtcnns_list(tmp_path):
    a, b, c = (image(tmp_path / "data/WIDER_train/images" / f"0--P/{name}.jpg") for name in ("a", "b b", "c"))
    path = tmp_path / "data/split/wider_face_train.txt"
    path.parent.mkdir()
    path.write_text("0--P/a 448.51 329.63 570.09 478.23 3 0 23 11\n0--P/b b.jpg 0 0 0 0 \n0--P/c\n")
    first, zeros, none = read_dataset(path)
    assert [photo.source for photo in (first, zeros, none)] == [a, b, c]
    np.testing.assert_allclose(first.boxes, [[448.51, 329.63, 570.09, 478.23], [3, 0, 23, 11]])
    assert first.ignore.tolist() == [False, True]
    assert zeros.boxes.shape == none.boxes.shape == (0, 4)
    assert all(photo.complete for photo in (first, zeros, none))
    assert len(read_dataset(path.parent)) == 3
    beside = tmp_path / "beside/anno.txt"
    image(beside.parent / "p q.jpg")
    beside.write_text("p q.jpg 1 2 30 40\n")
    assert read_dataset(beside)[0].boxes.tolist() == [[1, 2, 30, 40]]
    assert len(datasets.read_mtcnn(path, images=tmp_path / "data/WIDER_train/images")) == 3


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("0--P/a 1 2 30", "and 3 numbers; .* four a face"),
        ("0--P/a.jpg 1 2 30 40 5", "and 5 numbers; .* cut samples"),
        ("0--P/a.jpg 1 2 x 40", "'x' is no number"),
        ("0--P/a .1 .2 .5 .9", "no number is over 1; boxes must be in pixels"),
        ("0--P/z 1 2 30 40", "there is no image .*z.jpg"),
    ],
)
def test_mtcnns_list_says_where_a_line_is_wrong(tmp_path, row, says):
    image(tmp_path / "0--P/a.jpg")
    path = tmp_path / "wider_face_train.txt"
    path.write_text(f"0--P/a 10 20 50 60\n{row}\n")
    with pytest.raises(DatasetError, match=f"wider_face_train.txt, line 2: .*{says}"):
        read_dataset(path)
    with pytest.warns(DatasetWarning, match="1 of 2 records skipped"):
        assert len(read_dataset(path, skip_bad=True)) == 1


# lists that are refused


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("wider_face_test_filelist.txt", "0--P/a.jpg\n0--P/b.jpg\n", "a list of image names without labels"),
        ("wider_val.txt", "/0--P/a.jpg\n", "a list of image names without labels"),
        ("classes.txt", "face\nmask\n", "a list of class names .* give the folder with images/ and labels/"),
        ("pos_12.txt", "12/positive/0.jpg 1 0.06 -0.03 0.10 0.20\n", "looks like a list of cut samples"),
        ("part_12.txt", "12/part/0.jpg -1 0.23 0.02 -0.09 -0.15\n", "looks like a list of cut samples"),
        ("neg_12.txt", "../../DATA/12/negative/0.jpg 0\n" * 4, "looks like a list of cut samples"),
        ("landmark_12_aug.txt", "12/lm/1.jpg -2 0.2 0.3 0.7 0.3 0.5 0.5 0.3 0.7 0.7 0.7\n", "a list of cut samples"),
        ("list.txt", "pos/0.jpg 1 0.1 .1 .2 .3 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1\n", "looks like a list of cut samples"),
        (
            "info.dat.txt",
            "img/a.jpg 1 140 100 45 45\nimg/b.jpg 2 1 2 30 40 5 6 70 80\n",
            "the number of its boxes, and",
        ),
        ("a.txt", "0 .5 .5 .2 .2\n0 0.1 0.2 .3 .4\n", "looks like one photo's YOLO labels; give the folder"),
        (
            "list_landmarks_celeba.txt",
            "1\nlefteye_x lefteye_y\n1.jpg 1 2\n",
            "landmarks of CelebA's in-the-wild photos",
        ),
        ("list_landmarks_align_celeba.csv", "image_id,lefteye_x\n1.jpg,1\n", "landmarks of CelebA's aligned photos"),
        ("FDDB-fold-01-ellipseList.txt", "2002/08/11/img_591\n1\n123.5 85.5 1.26 269.6 161.7  1\n", "FDDB's ellipses"),
        ("notes.txt", "some words\nand more\n", "not told what it is .* one of jsonl, wider, .*retinaface, mtcnn"),
        ("attributes.txt", "1\nSmiling Young\n1.jpg 1 -1\n", "not told what it is"),
    ],
)
def test_what_is_no_list_of_labelled_photos_is_refused_with_what_it_is(tmp_path, name, text, says):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(DatasetError, match=f"{name}: .*{says}"):
        read_dataset(path)


def test_one_bad_line_at_the_beginning_does_not_hide_what_a_list_is(tmp_path):
    image(tmp_path / "a.jpg")
    (tmp_path / "list.txt").write_text("a.jpg 1 .1 .2 .3 .4\na.jpg 10 20 50 60\n")
    with pytest.raises(DatasetError, match=r"list.txt, line 1: .*5 numbers"):
        read_dataset(tmp_path / "list.txt")
    with pytest.warns(DatasetWarning, match="1 of 2"):
        assert len(read_dataset(tmp_path / "list.txt", skip_bad=True)) == 1


# CelebA as Kaggle has it


def test_celebas_csv(tmp_path):
    path = celeba(tmp_path, [[95, 71, 321, 384], [10, 20, 60, 80]], ",")
    for place, kind in ((path, None), (path, "celeba"), (tmp_path, None), (tmp_path, "celeba")):
        photos = read_dataset(place, kind)
        assert [photo.boxes[0].tolist() for photo in photos] == [[95, 71, 321, 384], [10, 20, 60, 80]]
        assert not any(photo.has_landmarks.any() or photo.complete for photo in photos)
    assert len(read_dataset(path.rename(tmp_path / "boxes.csv"))) == 2


def test_landmarks_of_the_aligned_photos_are_never_read(tmp_path):
    path = celeba(tmp_path, [[95, 71, 321, 384]], ",")
    names = datasets.readers.celeba.POINT_NAMES
    align = ",".join(["image_id", *names]) + "\n0.jpg" + ",69,109,106,113,77,142,73,152,108,154\n"
    (tmp_path / "list_landmarks_align_celeba.csv").write_text(align)
    with pytest.warns(
        DatasetWarning, match=r"no face has points: .*list_landmarks_align_celeba.csv belongs to the ali"
    ):
        (photo,) = read_dataset(path)
    assert not photo.has_landmarks.any()
    # the in-the-wild list beside it is read, whichever ending it has
    wild = f"1\n{' '.join(names)}\n0.jpg 165 184 244 176 196 249 194 271 266 260\n"
    (tmp_path / "list_landmarks_celeba.txt").write_text(wild)
    (photo,) = quietly(read_dataset, path)
    assert photo.landmarks[0, 0].tolist() == [165, 184]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("image_id,x_1,y_1,width\n0.jpg,1,2,3\n", "line 1: .*must begin with the line 'image_id,x_1,y_1,width,height'"),
        ("image_id,x_1,y_1,width,height\n0.jpg 1 2 30 40\n", "line 2: .*a row is an image name and 4 numbers"),
        ("image_id,x_1,y_1,width,height\n0.jpg,1,2,30\n", "line 2: .*a row is an image name and 4 numbers"),
        ("image_id,x_1,y_1,width,height\n0.jpg,1,2,30,x\n", "line 2: 'x' is no number"),
        ("٣\nimage_id x_1 y_1 width height\n", "must begin with the number of rows"),
        ("²\nimage_id x_1 y_1 width height\n", "must begin with the number of rows"),
        ("1" + "0" * 30 + "\nimage_id x_1 y_1 width height\n", "must begin with the number of rows"),
    ],
)
def test_celebas_csv_says_where_a_line_is_wrong(tmp_path, text, says):
    path = celeba(tmp_path, [[95, 71, 321, 384]], ",")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DatasetError, match=f"list_bbox_celeba.csv.*{says}"):
        read_dataset(path)


# whatever a file holds

EXAMPLES = [name for name in LISTS if "landmarks" not in name]
TROUBLE = {
    "nothing but zero bytes": b"\0" * 999,
    "bytes": bytes(range(256)) * 9,
    "UTF-16": "a.jpg\n1\n1 2 3 4\n".encode("utf-16"),
    "a million zeros in one line": b"0 " * 1_000_000,
    "a name and a million numbers": b"x.jpg " + b"7 " * 1_000_001,
    "a million letters": b"x" * 1_000_000,
    "Arabic digits": "a.jpg\n٣\n١ ٢ ٣ ٤\n".encode(),
    "a count of thirty digits": b"a.jpg\n1" + b"0" * 30 + b"\n1 2 3 4\n",
    "open brackets": b'{"image": "a.jpg", "faces": ' + b"[" * 100_000,
    "numbers near the largest": b"a.jpg 1e308 1e308 -1e308 1e308\n",
}


@pytest.fixture(scope="module")
def examples(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lists")
    return folder, dict(zip(EXAMPLES, write_examples(folder), strict=True))


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_are_read(examples, name):
    kind, path = examples[1][name]
    for place, given in ((path, None), (path, kind), (path.parent, None)):
        assert len(read_dataset(place, given)) == 2


@pytest.mark.parametrize("trouble", TROUBLE)
@pytest.mark.parametrize("name", EXAMPLES)
def test_a_malformed_list_has_one_clear_error(examples, name, trouble):
    kind, path = examples[1][name]
    whole = path.read_bytes()
    try:
        path.write_bytes(TROUBLE[trouble])
        for given in (None, kind):
            with pytest.raises(DatasetError) as caught:
                quietly(read_dataset, path, given)
            assert path.name in str(caught.value)
            assert len(str(caught.value)) < 1000
    finally:
        path.write_bytes(whole)


@pytest.mark.parametrize("name", EXAMPLES)
def test_names_that_lead_elsewhere(examples, name):
    folder, made = examples
    kind, path = made[name]
    whole = path.read_text()
    outside = image(folder / "outside.jpg", (200, 180))
    (where,) = {photo.source.parent for photo in read_dataset(path)}
    link, loop, directory = where / "link.jpg", where / "loop.jpg", where / "dir.jpg"
    for made_link, target in ((link, outside), (loop, loop)):
        if not made_link.is_symlink():
            os.symlink(target, made_link)
    directory.mkdir(exist_ok=True)
    base = "0--P/" if "0--P/" in whole else ""
    up = f"{base}{os.path.relpath(outside, where)}"
    cases = {
        up: "lies outside",
        str(outside): "lies outside",
        f"{base}link.jpg": "lies outside",
        f"{base}loop.jpg": "no image|lies outside",
        f"{base}dir.jpg": "there is no image",
        f"{base}a\0.jpg": "no image|looked for",
        f"{base}{'x' * 5000}.jpg": "looked for|no image",
    }
    try:
        for new, says in cases.items():
            old = f"{base}a" if kind == "mtcnn" else f"{base}a.jpg"
            new_name = json.dumps(new)[1:-1] if kind == "jsonl" else new
            path.write_text(whole.replace(old, new_name, 1))
            other = path.with_name("list_landmarks_celeba.txt")
            points = other.read_text() if other.exists() else None
            if points:
                other.write_text(points.replace("a.jpg", new_name, 1))
            try:
                with pytest.raises(DatasetError, match=rf"(?s){path.name}, line \d.*({says})"):
                    read_dataset(path, kind)
                if says == "lies outside":
                    assert read_dataset(path, kind, allow_outside=True)[0].source.samefile(outside)
            finally:
                if points:
                    other.write_text(points)
    finally:
        path.write_text(whole)


def test_paths_that_can_not_be():
    for path in ("x" * 5000, "a\0b", "nowhere/" * 100):
        with pytest.raises(DatasetError, match="no such file or folder"):
            read_dataset(path)
