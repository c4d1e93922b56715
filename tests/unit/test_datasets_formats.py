"""COCO, Pascal VOC and YOLO folders, written by hand: read by the extra `datasets`, by the library supervision."""

import json
import sys

import cv2
import numpy as np
import pytest

from mtcnn_lite.datasets import DatasetError, read_coco, read_dataset, read_voc, read_yolo

WIDTH, HEIGHT = 200, 100


@pytest.fixture(autouse=True)
def library():
    pytest.importorskip("supervision", reason="COCO, VOC and YOLO need the extra: pip install 'mtcnn_lite[datasets]'")


def put(path, text=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    if text is None:
        path.write_bytes(cv2.imencode(path.suffix, np.full((HEIGHT, WIDTH, 3), 99, np.uint8))[1].tobytes())
    else:
        path.write_text(text)
    return path


def boxes(photos):
    return {photo.source.name: photo.boxes.tolist() for photo in photos}


def coco(**changes):
    return {
        "images": [
            {"id": 7, "file_name": "a b.jpg", "width": WIDTH, "height": HEIGHT},
            {"id": 8, "file_name": "empty.png", "width": WIDTH, "height": HEIGHT},
            {"id": 9, "file_name": "other.jpg", "width": WIDTH, "height": HEIGHT},
        ],
        "categories": [{"id": 1, "name": "Hat"}, {"id": 5, "name": "Face"}],
        "annotations": [
            {"id": 1, "image_id": 7, "category_id": 5, "bbox": [10, 20, 30, 40.5], "area": 1, "iscrowd": 0},
            {"id": 2, "image_id": 9, "category_id": 1, "bbox": [1, 2, 3, 4], "area": 1, "iscrowd": 0},
            {"id": 3, "image_id": 7, "category_id": 1, "bbox": [0, 0, 9, 9], "area": 1, "iscrowd": 0},
            {"id": 4, "image_id": 7, "category_id": 5, "bbox": [0, 0, 200, 100], "area": 1, "iscrowd": 1},
        ],
        **changes,
    }


COCO = {"a b.jpg": [[10, 20, 40, 60.5], [0, 0, 200, 100]], "empty.png": [], "other.jpg": []}


@pytest.mark.parametrize(
    ("labels", "images"),
    [
        ("train/_annotations.coco.json", "train"),
        ("annotations/instances_train2017.json", "train2017"),
        ("annotations/x.json", "images"),
    ],
)
def test_coco(tmp_path, labels, images):
    for name in COCO:
        put(tmp_path / images / name)
    path = put(tmp_path / labels, json.dumps(coco()))
    photos = read_dataset(path)
    assert boxes(photos) == COCO
    assert photos[0].ignore.tolist() == [False, True]  # the crowd
    assert all(photo.complete for photo in photos)
    assert not photos[0].has_landmarks.any()
    assert photos[1].image().shape == (HEIGHT, WIDTH, 3)
    assert boxes(read_dataset(tmp_path if path.parent.name == "annotations" else path.parent)) == COCO
    assert boxes(read_coco(path, face="hat"))["other.jpg"] == [[1, 2, 4, 6]]
    (tmp_path / images / "other.jpg").unlink()
    with pytest.raises(DatasetError, match=r"there is no image .*other.jpg"):
        read_dataset(path)
    (tmp_path / images / "a b.jpg").unlink()
    with pytest.raises(DatasetError, match=r"there is no image a b.jpg \(looked for in .*images=FOLDER"):
        read_dataset(path)


def bad_box(*bbox):
    return coco(annotations=[{"id": 3, "image_id": 7, "category_id": 5, "bbox": bbox}])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "no COCO detection file"),
        ("[]", "no COCO detection file"),
        ({"images": []}, "no COCO detection file .*annotations"),
        (coco(categories=[]), "class_id must be"),
        (bad_box(1, 2, 3), "annotation 3 has bbox"),
        (bad_box(10, 20, -3, 4), "annotation 3 has bbox"),
        (bad_box(10, 20, 3, float("nan")), "annotation 3 has bbox"),
        (bad_box(10, 20, 0, 4), "without area"),
        (bad_box(10, 20, "3", 4), "no COCO"),
        (
            coco(annotations=[{"id": 3, "image_id": 6, "category_id": 5, "bbox": [1, 2, 3, 4]}]),
            "annotation 3 belongs to",
        ),
        (coco(categories=[{"id": 1, "name": "Hat"}, {"id": 5, "name": "Head"}]), "classes are Hat, Head; face=NAME"),
    ],
)
def test_coco_says_what_is_wrong(tmp_path, content, says):
    for name in COCO:
        put(tmp_path / name)
    path = put(tmp_path / "a.json", content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(DatasetError, match=says) as caught:
        read_dataset(path)
    assert str(path) in str(caught.value)


def voc(*objects):
    inner = "".join(
        f"<object><name>{name}</name><difficult>0</difficult><bndbox><xmin>{x1}</xmin><ymin>{y1}</ymin><xmax>{x2}</xmax>"
        f"<ymax>{y2}</ymax></bndbox></object>"
        for name, x1, y1, x2, y2 in objects
    )
    size = f"<size><width>{WIDTH}</width><height>{HEIGHT}</height><depth>3</depth></size>"
    return f"<annotation><filename>x.jpg</filename>{size}{inner}</annotation>"


@pytest.mark.parametrize(("labels", "images"), [("Annotations", "JPEGImages"), (".", ".")])
def test_voc_counts_from_one(tmp_path, labels, images):
    for name in ("a b.jpg", "empty.png", "unlabelled.jpg"):
        put(tmp_path / images / name)
    # pixels 1 to 200 and 1 to 100: the whole image; pixel 11, 21 alone: one pixel
    put(tmp_path / labels / "a b.xml", voc(("face", 1, 1, 200, 100), ("hat", 3, 4, 5, 6), ("face", 11, 21, 11, 21)))
    put(tmp_path / labels / "empty.xml", voc())
    photos = read_dataset(tmp_path)
    assert boxes(photos) == {"a b.jpg": [[0, 0, 200, 100], [10, 20, 11, 21]], "empty.png": []}
    assert boxes(read_voc(tmp_path, face="HAT"))["a b.jpg"] == [[2, 3, 5, 6]]
    put(tmp_path / labels / "lost.xml", voc())
    with pytest.raises(DatasetError, match=r"lost.xml: there is no image lost"):
        read_dataset(tmp_path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("<annotation>", "no XML .*line 1"),
        (voc(("face", 20, 1, 10, 5)), "object 1: bndbox 20 1 10 5; it must be xmin <= xmax"),
        (voc(("face", 1, 1, 10, 5), ("face", 1, 9, 10, 5)), "object 2: bndbox"),
        (voc(("face", 1, 1, "ten", 5)), "object 1: 'ten' is no number"),
        (voc(("face", 1, 1, 10, 5)).replace("<xmax>10</xmax>", ""), "object 1: needs a name and a bndbox"),
        (voc(("face", 1, 1, 10, 5)).replace("<name>face</name>", ""), "object 1: needs a name"),
        (voc(("hat", 1, 1, 10, 5), ("head", 1, 1, 10, 5)), "classes are hat, head"),
    ],
)
def test_voc_says_what_is_wrong(tmp_path, text, says):
    put(tmp_path / "JPEGImages/a.jpg")
    put(tmp_path / "Annotations/a.xml", text)
    with pytest.raises(DatasetError, match=says):
        read_dataset(tmp_path)


@pytest.mark.parametrize(
    ("images", "labels"), [("images/train", "labels/train"), ("train/images", "train/labels"), ("images", "labels")]
)
def test_yolo(tmp_path, images, labels):
    for name in ("a b.jpg", "empty.png", "none.jpg"):
        put(tmp_path / images / name)
    put(tmp_path / "data.yaml", "names: {0: hat, 1: Face}\nnc: 2\n")
    # 0.25 of 200 px is the middle at 50, 0.1 a width of 20; 0.5 of 100 px, 0.4 a height of 40
    put(tmp_path / labels / "a b.txt", "1 0.25 0.5 0.1 0.4\r\n\r\n0 0.5 0.5 0.1 0.1\r\n1 0.5 0.5 1 1\r\n")
    put(tmp_path / labels / "empty.txt", "")
    for place in (tmp_path, tmp_path / "data.yaml"):
        found = {name: np.round(rows, 3).tolist() for name, rows in boxes(read_dataset(place)).items()}
        assert found == {"a b.jpg": [[40, 30, 60, 70], [0, 0, 200, 100]], "empty.png": [], "none.jpg": []}
    assert len(read_yolo(tmp_path / images)) == 3  # one split
    put(tmp_path / labels / "lost.txt", "")
    with pytest.raises(DatasetError, match=r"lost.txt: there is no image lost"):
        read_dataset(tmp_path)


def test_yolo_joins_splits(tmp_path):
    put(tmp_path / "data.yaml", "names: [face]\n")
    for split in ("train", "val"):
        put(tmp_path / f"images/{split}/{split}.jpg")
        put(tmp_path / f"labels/{split}/{split}.txt", "0 .5 .5 1 1")
    assert boxes(read_dataset(tmp_path)) == {"train.jpg": [[0, 0, 200, 100]], "val.jpg": [[0, 0, 200, 100]]}
    assert boxes(read_yolo(tmp_path / "images/val")) == {"val.jpg": [[0, 0, 200, 100]]}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("0 .5 .5 .2", "line 2: .*a row is a class and x, y, width, height"),
        ("0 100 50 20 40", "line 2: .*must be shares of the image"),
        ("0 .5 .5 -.2 .4", "line 2: .*must be shares"),
        ("0 .5 .5 .2 nan", "line 2: 'nan' is no number"),
        ("face .5 .5 .2 .4", "a.txt, line 2: class 'face'; it must be a number"),
        ("-1 .5 .5 .2 .4", "a.txt, line 2: class '-1'"),
        ("3 .5 .5 .2 .4", "a.txt, line 2: class 3; data.yaml has 1 names"),
        ("0 .5 .5 0 .4", "a.txt, line 2: width 0, height .4; both must be greater"),
        ("0 .5 .5 .2 -.005", "a.txt, line 2: width .2, height -.005"),
    ],
)
def test_yolo_says_what_is_wrong(tmp_path, text, says):
    put(tmp_path / "images/a.jpg")
    put(tmp_path / "labels/a.txt", "0 .5 .5 .1 .1\n" + text)
    put(tmp_path / "data.yaml", "names: [face]\n")
    with pytest.raises(DatasetError, match=says):
        read_dataset(tmp_path)


def test_yolo_needs_class_names(tmp_path):
    put(tmp_path / "deep/er/images/a.jpg")
    with pytest.raises(DatasetError, match=r"no data.yaml with the class names"):
        read_yolo(tmp_path / "deep/er/images")


def test_skipping_is_refused(tmp_path):
    put(tmp_path / "images/a.jpg")
    put(tmp_path / "data.yaml", "names: [face]\n")
    with pytest.raises(DatasetError, match="can't be skipped in yolo data"):
        read_dataset(tmp_path, skip_bad=True)


def test_without_the_library_the_error_says_how_to_install_it(tmp_path, monkeypatch):
    put(tmp_path / "images/a.jpg")
    put(tmp_path / "data.yaml", "names: [face]\n")
    monkeypatch.setitem(sys.modules, "supervision", None)
    with pytest.raises(DatasetError, match=r"pip install 'mtcnn_lite\[datasets\]'"):
        read_dataset(tmp_path)
