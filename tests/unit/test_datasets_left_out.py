"""What readers leave out, or take as background without being told, is counted in the summary."""

import json

import numpy as np
import pytest
from label_files import put

from mtcnn_lite.datasets import read_coco, read_dataset, read_voc, summary, write_jsonl
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto


def voc(folder):
    """Three faces, two cats, a dog and a hat on two photos; a third has no XML file, and is no part of the data."""
    box = "<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>40</xmax><ymax>50</ymax></bndbox>"
    for name, classes in {"a": ["face", "cat", "cat", "Face"], "b": ["face", "dog", " hat "], "c": []}.items():
        put(folder / f"JPEGImages/{name}.jpg")
        objects = "".join(f"<object><name>{each}</name>{box}</object>" for each in classes)
        if classes:
            put(folder / f"Annotations/{name}.xml", f"<annotation>{objects}</annotation>")
    return folder


def coco(folder):
    images = [{"id": k, "file_name": f"{k}.jpg"} for k in range(3)]
    classes = {7: "face", 8: "cat", 9: "dog", 10: "hat"}
    owned = [(0, 7), (0, 8), (0, 8), (0, 7), (1, 7), (1, 9), (1, 10)]
    annotations = [{"id": k, "image_id": image, "category_id": category, "bbox": [0, 0, 30, 40]}
                   for k, (image, category) in enumerate(owned)]  # fmt: skip
    categories = [{"id": key, "name": name} for key, name in classes.items()]
    for image in images:
        put(folder / image["file_name"])
    content = {"images": images, "annotations": annotations, "categories": categories}
    return put(folder / "a.json", json.dumps(content))


def yolo(folder):
    put(folder / "data.yaml", "names: [face, cat, dog, hat]\n")
    rows = {"a": [0, 1, 1, 0], "b": [0, 2, 3], "empty": []}
    for name, classes in rows.items():
        put(folder / f"images/{name}.jpg")
        put(folder / f"labels/{name}.txt", "".join(f"{each} 0.5 0.5 0.2 0.4\n" for each in classes))
    put(folder / "images/c.jpg")
    put(folder / "images/d.png")
    return folder


OTHERS = (("cat", 2), ("dog", 1), ("hat", 1))


@pytest.mark.parametrize(("make", "photos", "without"), [(voc, 2, 0), (coco, 3, 0), (yolo, 5, 2)])
def test_boxes_of_other_classes_and_photos_without_a_label_file(tmp_path, make, photos, without):
    read = read_dataset(make(tmp_path))
    counted = summary(read)
    assert (counted.photos, counted.faces) == (photos, 3)
    assert counted.other_classes == OTHERS
    assert counted.without_labels == without
    text = str(counted).splitlines()
    assert text[-1] == "4 boxes of other classes left out (cat 2, dog 1, hat 1)"
    assert ("2 photos without a label file: taken as photos without a face" in text) == bool(without)
    # Kept where the labels are written anew in our own format.
    (tmp_path / "ours").mkdir()
    write_jsonl(tmp_path / "ours/labels.jsonl", read)
    again = summary(read_dataset(tmp_path / "ours/labels.jsonl", allow_outside=True))
    assert again == counted


@pytest.mark.parametrize("make", [voc, coco])
def test_another_class_may_be_the_face(tmp_path, make):
    read = {voc: read_voc, coco: read_coco}[make](make(tmp_path), face="cat")
    assert summary(read).faces == 2
    assert sum(count for _, count in summary(read).other_classes) == 5


def test_nothing_is_said_where_nothing_was_left_out(tmp_path):
    put(tmp_path / "data.yaml", "names: [face]\n")
    put(tmp_path / "a.jpg")
    put(tmp_path / "a.txt", "0 0.5 0.5 0.2 0.4\n")
    [photo] = read_dataset(tmp_path)
    assert dict(photo.about) == {}
    assert "left out" not in str(summary([photo]))
    assert "label file" not in str(summary([photo]))


def with_about(**about):
    return LabelledPhoto(np.zeros((9, 9, 3), np.uint8), [], about=about)


def test_one_and_many_and_odd_names():
    one = str(summary([with_about(no_label_file=True, other_classes={"a\ncat": 1})])).splitlines()
    assert one[-2:] == ["1 photo without a label file: taken as a photo without a face",
                        "1 box of another class left out (a cat 1)"]  # fmt: skip
    many = summary([with_about(other_classes={f"class {k}": 1000 + k for k in range(8)} | {"x" * 999: 9999})] * 2)
    assert str(many).splitlines()[-1] == (
        f"36,054 boxes of other classes left out ({'x' * 40} 19,998, class 7 2,014, class 6 2,012, class 5 2,010, "
        "class 4 2,008 and 4 more)"
    )


@pytest.mark.parametrize("odd", ["cat", 7, ["cat"], {"cat": "2"}, {"cat": -1}, {"cat": True}, {7: 2}, None])
def test_what_another_program_wrote_under_these_names_is_not_counted(odd):
    counted = summary([with_about(other_classes=odd, no_label_file="yes")])
    assert (counted.other_classes, counted.without_labels) == ((), 0)
