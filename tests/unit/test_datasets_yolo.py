"""YOLO folders, written by hand, and read by the library supervision too."""

import sys
import time

import numpy as np
import pytest
from label_files import HEIGHT, WIDTH, boxes, put

from mtcnn_lite.datasets import DatasetError, DatasetWarning, read_dataset, read_yolo

ROW = "0 .25 .5 .1 .4\n"  # .25 of 200 px is the middle at 50, .1 a width of 20; .5 of 100 px, .4 a height of 40
BOX = [[40, 30, 60, 70]]
POINTS = np.array([[45, 42], [55, 43], [51, 50], [46, 58], [54, 59]])  # eyes, nose, mouth corners in that box


@pytest.fixture
def read(tmp_path):
    """Reads a folder of one image, images/a.jpg, with these rows and this data.yaml."""
    put(tmp_path / "images/a.jpg")

    def read(rows, yaml="names: [face]\n", **options):
        put(tmp_path / "labels/a.txt", rows)
        put(tmp_path / "data.yaml", yaml)
        return read_yolo(tmp_path, **options)

    return read


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        ("images/train", "labels/train"),
        ("train/images", "train/labels"),
        ("images", "labels"),
        (".", "."),
        ("my images", "my images"),
    ],
)
def test_yolo(tmp_path, images, labels):
    for name in ("a b.jpg", "empty.png", "none.jpg"):
        put(tmp_path / images / name)
    put(tmp_path / "data.yaml", "names: {0: hat, 1: Face}\nnc: 2\n")
    put(tmp_path / labels / "a b.txt", "1 0.25 0.5 0.1 0.4\r\n\r\n0 0.5 0.5 0.1 0.1\r\n1 0.5 0.5 1 1\r\n")
    put(tmp_path / labels / "empty.txt", "")
    put(tmp_path / labels / "classes.txt", "hat\nface\n")
    for name in (f"{labels}/._a b.txt", f"{labels}/._x.txt", f"{images}/._a b.jpg", ".cache/x.jpg"):  # a Mac's
        put(tmp_path / name, b"\0\5\26\7")
    for place in (tmp_path, tmp_path / "data.yaml"):
        photos = read_dataset(place)
        assert boxes(photos) == {"a b.jpg": [*BOX, [0, 0, 200, 100]], "empty.png": [], "none.jpg": []}
        assert all(photo.complete and not photo.has_landmarks.any() for photo in photos)
    assert len(read_yolo(tmp_path / images)) == 3  # one split
    if labels != images:
        put(tmp_path / labels / "lost.txt", "")
        with pytest.raises(DatasetError, match=r"lost.txt: there is no image lost"):
            read_dataset(tmp_path)
        with pytest.warns(DatasetWarning, match="1 of 4 records"):
            assert len(read_dataset(tmp_path, skip_bad=True)) == 3


def test_supervision_reads_the_same(tmp_path):
    supervision = pytest.importorskip("supervision")
    rng = np.random.default_rng(3)
    yaml = put(tmp_path / "data.yaml", "names: [hat, face]\nnc: 2\n")
    for k in range(4):
        put(tmp_path / f"images/{k}.png")
        rows = np.concatenate([rng.random((6, 2)) * 0.5 + 0.25, rng.random((6, 2)) * 0.4 + 0.1], axis=1)
        outline = rng.random(8) if k % 2 else []  # supervision takes a file with an outline for one of outlines
        text = "".join(f"1 {' '.join(map(str, row))}\n" for row in [*rows, *([outline] if k % 2 else [])])
        put(tmp_path / f"labels/{k}.txt", text)
    theirs = supervision.DetectionDataset.from_yolo(str(tmp_path / "images"), str(tmp_path / "labels"), str(yaml))
    for photo in read_yolo(tmp_path):
        expected = theirs.annotations[str(photo.source)].xyxy
        np.testing.assert_allclose(photo.boxes, expected, atol=1e-3)
        assert len(photo.boxes) >= 6


def test_whole_pixels_come_back_from_their_shares(tmp_path):
    put(tmp_path / "data.yaml", "names: [face]\n")
    put(tmp_path / "images/a.jpg")
    corners = np.random.default_rng(0).integers(0, 80, (99, 2))
    rows = [f"0 {(x + 6) / WIDTH} {(y + 6) / HEIGHT} {12 / WIDTH} {12 / HEIGHT}" for x, y in corners]
    put(tmp_path / "labels/a.txt", "\n".join(rows))
    (photo,) = read_yolo(tmp_path)
    np.testing.assert_allclose(photo.boxes, np.concatenate([corners, corners + 12], axis=1), atol=1e-5)
    assert not photo.ignore.any()  # 12 px is not under 12 px


def shares(points=POINTS, end=""):
    return " ".join(f"{x / WIDTH} {y / HEIGHT}{end}" for x, y in points)


BASE = ROW.strip()
FIVE_THREE, FIVE_TWO = "names: [face]\nkpt_shape: [5, 3]\n", "names: [face]\nkpt_shape: [5, 2]\n"
PLAIN = "names: [face]\n"
HEXAGON = [[60, 20], [80, 30], [80, 50], [60, 60], [40, 50], [40, 30]]


@pytest.mark.parametrize(
    ("row", "yaml", "expected", "marked"),
    [
        (f"{BASE} {shares()}", PLAIN, BOX, True),
        (f"{BASE} {shares()} 0.8", PLAIN, BOX, True),  # a confidence behind
        (f"{BASE} {shares()}", FIVE_TWO, BOX, True),
        (f"{BASE} {shares(end=' 2')}", PLAIN, BOX, True),
        (f"{BASE} {shares(end=' 1.000')}", PLAIN, BOX, True),
        (f"{BASE} {shares(end=' 2')}", FIVE_THREE, BOX, True),
        (f"{BASE} {shares(end=' 2')} .9", FIVE_THREE, BOX, True),
        (f"{BASE} {shares(end=' 2')}", FIVE_THREE + "flip_idx: [1, 0, 2, 4, 3]\n", BOX, True),
        (f"{BASE} {shares(end=' 2')}", FIVE_THREE + "flip_idx: [0, 2, 1, 4, 3]\n", BOX, False),  # nose first
        (f"{BASE} {shares(POINTS[:4], ' 2')} 0 0 0", PLAIN, BOX, False),
        (f"{BASE} {shares(end=' 0')}", FIVE_THREE, BOX, False),
        (BASE + " 0 0 0" * 5, PLAIN, BOX, False),
        (BASE + " 0 0 0" * 5, FIVE_THREE, BOX, False),
        (BASE + " -1" * 10, PLAIN, BOX, False),  # yolov5-face
        (BASE + f" {-1 / WIDTH} {-1 / HEIGHT}" * 5, PLAIN, BOX, False),  # its train2yolo.py divides the -1 too
        (BASE + " -1" * 10, FIVE_TWO, BOX, False),
        (BASE, FIVE_THREE, BOX, False),
        (f"{BASE} .9", PLAIN, BOX, False),
        (f"{BASE} .9", FIVE_TWO, BOX, False),
        (BASE + " .2 .4 2" * 17, "names: [face]\nkpt_shape: [17, 3]\n", BOX, False),
        (BASE + " .2 .4" * 68, "names: [face]\nkpt_shape: [68, 2]\n", BOX, False),
        ("0 .1 .1 .5 .1 .5 .9", PLAIN, [[20, 10, 100, 90]], False),  # outlines
        (f"0 {shares(HEXAGON)}", PLAIN, [[40, 20, 80, 60]], False),
        (f"0 {shares([*HEXAGON, [50, 22]])}", PLAIN, [[40, 20, 80, 60]], False),  # 15 columns
        (f"0 {shares([*HEXAGON, HEXAGON[0]])}", PLAIN, [[40, 20, 80, 60]], False),  # closed
        (f"0 {shares([*HEXAGON, [50, 22]])}", "names: [face]\nkpt_shape: [0, 2]\n", [[40, 20, 80, 60]], False),
        (f"0 {shares(HEXAGON * 9)}", PLAIN, [[40, 20, 80, 60]], False),
    ],
)
def test_rows(read, row, yaml, expected, marked):
    (photo,) = read(row, yaml)
    assert boxes([photo])["a.jpg"] == expected
    assert photo.has_landmarks.tolist() == [marked]
    if marked:  # pixel numbers over the width, as they were: no half pixel
        np.testing.assert_allclose(photo.landmarks[0], POINTS, atol=1e-4)


def box_or_refusal(read, row):
    try:
        return read(row)[0].boxes[0]
    except DatasetError as error:
        return str(error)


@pytest.mark.parametrize("seed", range(3))
def test_faces_with_points_are_never_outlines(read, seed):
    """Faces of every place, size and turn: the box comes out, or the row is refused."""
    rng = np.random.default_rng(seed)
    unit = np.array([[-0.2, -0.15], [0.2, -0.15], [0.0, 0.05], [-0.16, 0.25], [0.16, 0.25]])  # in box sides
    refused = 0
    for _ in range(150):
        width, height = rng.uniform(14, 90, 2)
        middle = rng.uniform([width / 2, height / 2], [WIDTH - width / 2, HEIGHT - height / 2])
        turn = rng.uniform(-0.6, 0.6)
        turned = unit * [rng.uniform(0.3, 1), 1] @ [[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]
        points = middle + (turned + rng.normal(0, 0.02, (5, 2))) * [width, height]
        row = f"0 {shares([middle, (width, height)])} {shares(points)}"
        found = box_or_refusal(read, row)
        if isinstance(found, str):
            assert "kpt_shape: [5, 2]" in found
            refused += 1
        else:
            expected = np.concatenate([middle - [width / 2, height / 2], middle + [width / 2, height / 2]])
            np.testing.assert_allclose(found, expected, atol=1e-3)
    assert refused < 5


def test_outlines_of_seven_points_are_never_faces(read):
    rng = np.random.default_rng(1)
    refused = 0
    for _ in range(150):
        angles = np.sort(rng.uniform(0, 2 * np.pi, 7))
        middle, radius = rng.uniform([60, 30], [140, 70]), rng.uniform(10, 30)
        points = middle + radius * np.stack([np.cos(angles), np.sin(angles)], axis=1) * rng.uniform(0.8, 1, (7, 1))
        found = box_or_refusal(read, f"0 {shares(points)}")
        if isinstance(found, str):
            assert "kpt_shape: [0, 2]" in found
            refused += 1
        else:
            np.testing.assert_allclose(found, [*points.min(axis=0), *points.max(axis=0)], atol=1e-3)
    assert refused < 10


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("0 .5 .5 .2", "line 2: .*a row is a class and x, y, width, height"),
        ("0", "line 2: 1 columns; a row is a class and x, y, width, height"),
        ("0 100 50 20 40", "line 2: .*must be shares of the image"),
        ("0 .5 .5 -.2 .4", "line 2: .*must be shares"),
        ("0 .5 .5 .2 nan", "line 2: 'nan' is no number"),
        ("0 .5 .5 .2 1e39", "line 2: .*must be shares"),
        ("0 .5 .5 .2 " + "9" * 5000, "line 2: '999.*is no number"),
        ("face .5 .5 .2 .4", "a.txt, line 2: class 'face'; it must be a number"),
        ("-1 .5 .5 .2 .4", "a.txt, line 2: class '-1'"),
        ("0.0 .5 .5 .2 .4", "a.txt, line 2: class '0.0'"),
        ("3 .5 .5 .2 .4", "a.txt, line 2: class 3; data.yaml has 1 names"),
        ("9" * 5000 + " .5 .5 .2 .4", "line 2: class 999.*data.yaml has 1 names"),
        ("0 .5 .5 0 .4", "a.txt, line 2: width 0, height .4; both must be greater"),
        ("0 .5 .5 .2 -.005", "a.txt, line 2: width .2, height -.005"),
        ("0 .1 .1 .5 .1 .5 2", "line 2: the points of an outline must be shares"),
        ("0 .1 .1 .5 .1 .5 .5 .3", "line 2: 8 columns; a row is"),
        ("0 .5 .1 .5 .1 .5 .1 .5 .1", r"\[100.0, 10.0, 100.0, 10.0\] has no area"),
        (f"{BASE} {shares(POINTS + 90, ' 2')}", "line 2: 20 columns could be .*`kpt_shape: \\[5, 3\\]`"),
    ],
)
def test_yolo_says_what_is_wrong(read, text, says):
    with pytest.raises(DatasetError, match=says):
        read("0 .5 .5 .1 .1\n" + text)
    with pytest.warns(DatasetWarning, match="1 of 1 records"):
        assert read("0 .5 .5 .1 .1\n" + text, skip_bad=True) == []


def test_points_far_from_their_box_are_refused(read):
    with pytest.raises(DatasetError, match="lie far outside"):
        read(f"{BASE} {shares(POINTS + 60, ' 2')}", FIVE_THREE)
    with pytest.raises(DatasetError, match=r"15 columns; kpt_shape \[5, 3\] makes 20"):
        read(f"{BASE} {shares()}", FIVE_THREE)


@pytest.mark.parametrize(
    ("yaml", "says"),
    [
        ("names: face", "names is 'face'; it must be a list"),
        ("names: []", "names is"),
        ("names: {}", "names is"),
        ("nc: 1", "names is None"),
        ("names: [face, ~]", "names is"),
        ("names: [[face]]", "names is"),
        ("names: {a: face}", "a key of names is 'a'; it must be a whole number"),
        ("names: {0: face, 00: hat}", "names has a number twice"),
        ("names: [face]\nnc: 3", "nc is '3', but there are 1 names"),
        ("names: [face]\nnc: one", "nc is 'one'; it must be a whole number"),
        ("names: [face]\nnc: " + "9" * 5000, "nc is '999.*must be a whole number"),
        ("names: [face]\nnc: 1e39", "nc is '1e39'"),
        ("names: [hat, head]", "classes are hat, head; face=NAME"),
        ("names: [face]\nkpt_shape: 5", "kpt_shape is '5'; it must be"),
        ("names: [face]\nkpt_shape: [5, 4]", "kpt_shape is"),
        ("names: [face]\ntrain: {a: b}", "train is"),
        ("names: [face]\ntrain: nowhere", "train: 'nowhere': no such folder"),
        ("names: [face]\ntrain: data.yaml", "must be a folder, or a .txt"),
        ("names: [face]\ntrain: ..", r"train: '\.\.' lies outside .*allow_outside=True"),
        ("names: [face]\ntrain: /", r"train: '/' lies outside"),
        ('names: [face]\ntrain: "\\0"', "no such folder"),
        ("names: [face]\ntrain: " + "a" * 5000, "can't be looked for"),
        ("names: [face]\npath: [a]", "path is"),
        ("names: [face]\nnames: [hat]", "line 2: 'names' comes twice"),
        ("a: &a [x, x]\nb: &b [*a, *a]\nnames: *b", r"line 2: \*a refers to another place"),
        ("names: &a [*a]", r"line 1: \*a refers"),
        ("names: " + "[" * 5000, "line 1: more than 10 levels"),
        ("names: " + "{a: " * 5000, "line 1: more than 10 levels"),
        ("names: !!python/object/apply:os.system [ls]", "line 1: the tag .*os.system"),
        ("\tnames: [face]", "line 1: no YAML"),
        ("names: [face\n", "no YAML"),
        ('names: ["\\UFFFFFFFF"]', "no YAML"),
        ("%YAML " + "9" * 5000 + ".1\n---\na: b", "no YAML"),
        ("? [a]\n: b", "can't be a key"),
        ("names: [face]\n---\nnames: [face]", "line 3: a second document"),
        ("- face", "must be lines of `key: value`"),
        ("", "holds None"),
        (b"names: [\xff]", "not UTF-8 text"),
        ("#" * 100_001, "100,001 bytes"),
    ],
)
def test_data_yaml_says_what_is_wrong(read, yaml, says):
    start = time.perf_counter()
    for skip_bad in (False, True):  # no record's fault
        with pytest.raises(DatasetError, match=rf"(?s)data\.yaml.*{says}") as caught:
            read(ROW, yaml, skip_bad=skip_bad)
        assert len(str(caught.value)) < 1000
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize(
    "yaml",
    [
        "names: [face]",
        "names:\n- face",
        "names:\n  0: face\nnc: 1",
        "---\nnames: ['face']\n...\n",
        'names: {"0": "Face"}',
        "names: [no, face]  # not false\nlicence: 2026-01-01\ntrain:\nval: ~\n",
        "\ufeffnames: [other]",
    ],
)
def test_ways_to_write_data_yaml(read, yaml):
    assert boxes(read(ROW if "no" not in yaml else "1" + ROW[1:], yaml)) == {"a.jpg": BOX}


def test_yolo_joins_splits(tmp_path):
    put(tmp_path / "data.yaml", "names: [face]\n")
    for split in ("train", "val"):
        put(tmp_path / f"images/{split}/{split}.jpg")
        put(tmp_path / f"labels/{split}/{split}.txt", "0 .5 .5 1 1")
    assert boxes(read_dataset(tmp_path)) == {"train.jpg": [[0, 0, 200, 100]], "val.jpg": [[0, 0, 200, 100]]}
    assert boxes(read_yolo(tmp_path / "images/val")) == {"val.jpg": [[0, 0, 200, 100]]}


@pytest.fixture
def splits(tmp_path):
    """A folder with train, val and test, of an image each, and pictures that belong to none."""
    folder = tmp_path / "set"
    for split in ("train", "val", "test"):
        put(folder / f"images/{split}/{split}.jpg")
        put(folder / f"labels/{split}/{split}.txt", ROW)
    put(folder / "preview.jpg")
    put(folder / "runs/detect/val_batch0_pred.jpg")
    return folder


@pytest.mark.parametrize(
    ("yaml", "expected"),
    [
        ("train: images/train\nval: images/val\ntest: images/test", ["train.jpg", "val.jpg"]),
        ("train: images/train\nval: images/train", ["train.jpg"]),
        ("train: [images/train, images/test]\nval:", ["train.jpg", "test.jpg"]),
        ("path: .\ntrain: ./images/train/", ["train.jpg"]),
        ("path: images\ntrain: train\nval: val", ["train.jpg", "val.jpg"]),
        ("path: ../set\ntrain: images/train", ["train.jpg"]),
        ("path: ../datasets/of/another/machine\ntrain: images/train", ["train.jpg"]),
        ("train: ../images/train\nval: ../images/val", ["train.jpg", "val.jpg"]),  # Roboflow
        ("train: /content/faces/images/train", ["train.jpg"]),
        ("train: C:\\faces\\images\\train", ["train.jpg"]),
        ("train: images", ["test.jpg", "train.jpg", "val.jpg"]),
        ("train: train.txt\nval: images/val", ["train.jpg", "test.jpg", "val.jpg"]),
        ("validation: images/val", ["val.jpg"]),
    ],
)
def test_train_and_val_are_obeyed(splits, yaml, expected):
    put(splits / "train.txt", "./images/train/train.jpg\n/content/set/images/test/test.jpg\n\nimages/train/train.jpg\n")
    put(splits / "data.yaml", yaml + "\nnames: [face]\n")
    for place in (splits, splits / "data.yaml"):
        photos = read_dataset(place)
        assert [photo.source.relative_to(splits).name for photo in photos] == expected
        assert all(photo.boxes.round(3).tolist() == BOX for photo in photos)


def test_a_val_that_is_not_there_is_left_out_with_a_warning(splits):
    put(splits / "data.yaml", "train: images/train\nval: ../valid/images\nnames: [face]\n")
    with pytest.warns(DatasetWarning, match="val: '../valid/images': no such folder"):
        assert list(boxes(read_yolo(splits))) == ["train.jpg"]


def test_what_lies_outside_is_refused_unless_allowed(splits, tmp_path):
    put(tmp_path / "more/images/x.jpg")
    put(tmp_path / "more/labels/x.txt", ROW)
    put(splits / "data.yaml", "train: ../more/images\nnames: [face]\n")
    with pytest.raises(DatasetError, match="lies outside"):
        read_yolo(splits)
    assert boxes(read_yolo(splits, allow_outside=True)) == {"x.jpg": BOX}
    put(splits / "data.yaml", "train: train.txt\nnames: [face]\n")
    put(splits / "train.txt", "images/train/train.jpg\n../more/images/x.jpg\nimages/train/none.jpg\n")
    with pytest.raises(DatasetError, match=r"train.txt, line 2: image ../more/images/x.jpg lies outside"):
        read_yolo(splits)
    with pytest.warns(DatasetWarning, match=r"(?s)2 of 3 records.*line 3: .*there is no such image"):
        assert list(boxes(read_yolo(splits, skip_bad=True))) == ["train.jpg"]
    put(splits / "data.yaml", "train: images/train\nnames: [face]\n")
    (splits / "images/train/link.jpg").symlink_to(tmp_path / "more/images/x.jpg")
    (splits / "images/train/linked").symlink_to(tmp_path / "more/images")
    (splits / "images/train/round").symlink_to(splits / "images/train")
    with pytest.raises(DatasetError, match="lies outside"):
        read_yolo(splits)
    with pytest.warns(DatasetWarning, match=r"2 of 3 records"):
        assert list(boxes(read_yolo(splits, skip_bad=True))) == ["train.jpg"]
    assert sorted(boxes(read_yolo(splits, allow_outside=True))) == ["link.jpg", "train.jpg", "x.jpg"]


@pytest.mark.parametrize("place", ["classes.txt", "labels/classes.txt", "labels/train/classes.txt"])
def test_classes_txt(tmp_path, place):
    put(tmp_path / "images/train/a.jpg")
    put(tmp_path / "labels/train/a.txt", "1" + ROW[1:])
    put(tmp_path / place, "hat\nFace\n")
    put(tmp_path / "notes.json", "{}")  # of a Label Studio export
    assert boxes(read_dataset(tmp_path, "yolo" if "train" in place else None)) == {"a.jpg": BOX}
    put(tmp_path / place, "hat\n")
    with pytest.raises(DatasetError, match=r"line 1: class 1; classes.txt has 1 names"):
        read_yolo(tmp_path)
    put(tmp_path / place, "\n")
    with pytest.raises(DatasetError, match=r"classes.txt: holds no class name"):
        read_yolo(tmp_path)


def test_labels_beside_images_with_classes_txt(tmp_path):
    put(tmp_path / "a.jpg")
    put(tmp_path / "a.txt", ROW)
    put(tmp_path / "classes.txt", "face\n")
    assert boxes(read_dataset(tmp_path)) == {"a.jpg": BOX}
    put(tmp_path / "a.xml", "<annotation/>")  # labelImg's other format: the folder is VOC's, as before
    assert boxes(read_dataset(tmp_path)) == {"a.jpg": []}


def test_yolo_needs_class_names(tmp_path):
    put(tmp_path / "deep/er/images/a.jpg")
    with pytest.raises(DatasetError, match=r"no data.yaml with the class names"):
        read_yolo(tmp_path / "deep/er/images")


@pytest.mark.parametrize(("what", "says"), [("none", "no such folder"), ("images", "no image in it or below")])
def test_no_images(tmp_path, what, says):
    (tmp_path / "images").mkdir()
    put(tmp_path / "data.yaml", "names: [face]\n")
    with pytest.raises(DatasetError, match=says):
        read_yolo(tmp_path / what)


def test_an_image_that_can_not_be_read_is_a_bad_record(read, tmp_path):
    put(tmp_path / "images/a.jpg", b"no image")
    with pytest.raises(DatasetError, match=r"a.txt: .*a.jpg"):
        read(ROW)


def test_a_bad_row_costs_its_photo(tmp_path):
    put(tmp_path / "data.yaml", "names: [face]\n")
    for name, rows in {"a": ROW, "b": ROW + "0 .5 .5 0 .2\n", "c": ""}.items():
        put(tmp_path / f"images/{name}.jpg")
        put(tmp_path / f"labels/{name}.txt", rows)
    with pytest.warns(DatasetWarning, match=r"(?s)1 of 3 records skipped:.*b.txt, line 2"):
        assert boxes(read_dataset(tmp_path, skip_bad=True)) == {"a.jpg": BOX, "c.jpg": []}


def test_without_pyyaml_the_error_says_how_to_install_it(read, monkeypatch):
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(DatasetError, match=r"pip install 'mtcnn_lite\[datasets\]'"):
        read(ROW)


def test_an_export_in_splits_says_what_to_give(tmp_path):
    put(tmp_path / "train/_annotations.coco.json", "{}")
    put(tmp_path / "valid/_annotations.coco.json", "{}")
    with pytest.raises(DatasetError, match=r"It has train, valid: give one of these, .*train"):
        read_dataset(tmp_path)


def rows_of(count, each, seen):
    """A row of BOX and random points in it, and the row's first five words."""
    place = np.random.default_rng(count).uniform(-0.4, 0.4, (count, 2)) * [0.1, 0.4] + [0.25, 0.5]
    return ROW.strip() + "".join(f" {x:.4f} {y:.4f}" + (f" {seen}" if each == 3 else "") for x, y in place)


@pytest.mark.parametrize(("count", "each", "seen"), [(17, 2, ""), (68, 2, ""), (478, 2, ""), (4, 3, 1), (68, 3, "2.0")])
def test_other_numbers_of_points_are_never_outlines(read, count, each, seen):
    row = rows_of(count, each, seen)
    with pytest.raises(DatasetError, match=r"line 1: \d+ columns could be a box with points .*kpt_shape: \[0, 2\]"):
        read(row)
    assert boxes(read(row, f"names: [face]\nkpt_shape: [{count}, {each}]\n")) == {"a.jpg": BOX}


def test_the_number_of_a_track_makes_no_outline(read):
    for number in (1, 2):  # Ultralytics: class x y width height confidence id
        with pytest.raises(DatasetError, match=r"line 1: "):
            read(f"{ROW.strip()} 0.93 {number}")


@pytest.mark.parametrize("count", [3, 4, 6, 20, 300])
def test_outlines_stay_outlines(read, count):
    angle = 2 * np.pi * np.arange(count) / count
    points = np.stack([0.5 + 0.2 * np.cos(angle), 0.5 + 0.3 * np.sin(angle)], axis=1).round(4)
    (box,) = boxes(read("0 " + " ".join(map(str, points.ravel()))))["a.jpg"]
    edges = [*points.min(axis=0), *points.max(axis=0)] * np.array([WIDTH, HEIGHT, WIDTH, HEIGHT])
    np.testing.assert_allclose(box, edges, atol=1e-2)


def test_a_label_files_ending_may_be_in_upper_case(tmp_path):
    put(tmp_path / "images/a.jpg")
    put(tmp_path / "labels/a.TXT", ROW)
    put(tmp_path / "data.yaml", "names: [face]\n")
    assert boxes(read_dataset(tmp_path)) == {"a.jpg": BOX}


def test_lists_of_cvat_begin_with_data(tmp_path):
    put(tmp_path / "images/train/a.jpg")
    put(tmp_path / "labels/train/a.txt", ROW)
    put(tmp_path / "train.txt", "data/images/train/a.jpg\n")
    put(tmp_path / "data.yaml", "names: {0: face}\npath: .\ntrain: train.txt\n")
    assert boxes(read_dataset(tmp_path)) == {"a.jpg": BOX}


def test_a_label_file_that_is_a_link_out_is_refused_unless_allowed(read, tmp_path):
    read(ROW)
    put(tmp_path / "images/b.jpg")
    (tmp_path / "labels/b.txt").symlink_to(put(tmp_path.parent / f"{tmp_path.name}.txt", ROW))
    with pytest.raises(DatasetError, match=r"b.txt lies outside .*allow_outside=True"):
        read_yolo(tmp_path)
    assert boxes(read_yolo(tmp_path, allow_outside=True)) == {"a.jpg": BOX, "b.jpg": BOX}
