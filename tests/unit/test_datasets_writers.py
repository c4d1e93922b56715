"""Labels written as COCO, YOLO-pose and VOC: what the readers here and the library supervision read of them."""

import json
from pathlib import Path

import numpy as np
import pytest
import supervision as sv
from label_files import HEIGHT, WIDTH, put

from mtcnn_lite.datasets import read_coco, read_dataset, read_voc, read_yolo, write_coco, write_voc, write_yolo
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.datasets.writers.folder import whole_folder

BOXES = [[10.25, 20.5, 40.75, 60], [100, 0, 200, 100]]
POINTS = [[20, 30], [31.5, 30.5], [25, 37], [21, 45], [30, 46]]
NONE = np.full((5, 2), np.nan).tolist()
WRITERS = {
    "coco": lambda folder, photos: write_coco(folder / "annotations.json", photos),
    "yolo": write_yolo,
    "voc": write_voc,
}
each_writer = pytest.mark.parametrize("kind", WRITERS)


def photos(folder, second=NONE, **settings):
    """Two faces in one photo, one of them with points; no face in the other; none of 200 x 100 px."""
    faces, empty = put(folder / "images" / "a b.jpg"), put(folder / "images" / "empty.png")
    return [LabelledPhoto(faces, BOXES, [POINTS, second], **settings), LabelledPhoto(empty, np.zeros((0, 4)))]


@each_writer
def test_what_is_written_is_read(kind, tmp_path):
    written = photos(tmp_path)
    WRITERS[kind](tmp_path, written)
    read = read_dataset(tmp_path)
    assert [photo.source for photo in read] == [photo.source for photo in written]
    near = {"coco": 0.005, "yolo": 2e-4, "voc": 0.5}[kind]
    np.testing.assert_allclose(read[0].boxes, BOXES, atol=near)
    assert read[1].boxes.shape == (0, 4)
    assert not any(photo.ignore.any() for photo in read)
    if kind == "voc":
        assert not read[0].has_landmarks.any()
    else:
        np.testing.assert_allclose(read[0].landmarks, [POINTS, NONE], atol=near)


@pytest.mark.parametrize("kind", ["coco", "yolo"])
def test_points_of_which_one_is_not_marked_are_not_read(kind, tmp_path):
    four = [*POINTS[:2], [np.nan, np.nan], *POINTS[3:]]
    WRITERS[kind](tmp_path, photos(tmp_path, second=[[x + 100, y] for x, y in four]))
    assert read_dataset(tmp_path)[0].has_landmarks.tolist() == [True, False]


@each_writer
def test_supervision_reads_the_same_boxes(kind, tmp_path):
    WRITERS[kind](tmp_path, photos(tmp_path))
    images = str(tmp_path / "images")
    if kind == "coco":
        data = sv.DetectionDataset.from_coco(images, str(tmp_path / "annotations.json"))
    elif kind == "yolo":
        data = sv.DetectionDataset.from_yolo(images, str(tmp_path / "labels"), str(tmp_path / "data.yaml"))
    else:
        data = sv.DetectionDataset.from_pascal_voc(images, str(tmp_path / "Annotations"))
    (found,) = [each for path, _, each in data if Path(path).stem == "a b"]
    assert data.classes == ["face"]
    np.testing.assert_allclose(found.xyxy, BOXES, atol=1)
    assert [len(each) for path, _, each in data if Path(path).stem == "empty"] == [0]


def test_coco_is_as_its_definition_says(tmp_path):
    WRITERS["coco"](tmp_path, photos(tmp_path))
    content = json.loads((tmp_path / "annotations.json").read_text())
    assert content["images"][0] == {"id": 1, "file_name": "a b.jpg", "width": WIDTH, "height": HEIGHT}
    face, other = content["annotations"]
    assert face["bbox"] == [10.25, 20.5, 30.5, 39.5]
    assert face["area"] == 1204.75
    assert face["keypoints"] == [20, 30, 2, 31.5, 30.5, 2, 25, 37, 2, 21, 45, 2, 30, 46, 2]
    assert (face["num_keypoints"], other["num_keypoints"]) == (5, 0)
    assert other["keypoints"] == [0] * 15
    (category,) = content["categories"]
    assert category["id"] == face["category_id"]
    assert len(category["keypoints"]) == 5
    assert {k for pair in category["skeleton"] for k in pair} == {1, 2, 3, 4, 5}


def test_yolo_pose_rows(tmp_path):
    WRITERS["yolo"](tmp_path, photos(tmp_path))
    first, second = (tmp_path / "labels" / "a b.txt").read_text().splitlines()
    assert first.split()[:5] == ["0", "0.127500", "0.402500", "0.152500", "0.395000"]
    assert first.split()[5:8] == ["0.100000", "0.300000", "2"]
    assert second == "0 0.750000 0.500000 0.500000 1.000000" + " 0 0 0" * 5
    assert (tmp_path / "labels" / "empty.txt").read_text() == ""


def test_an_ignored_face_is_a_crowd_in_coco_and_refused_elsewhere(tmp_path):
    some = photos(tmp_path, ignore=[False, True])
    write_coco(tmp_path / "a.json", some)
    assert read_coco(tmp_path / "a.json")[0].ignore.tolist() == [False, True]
    for write, name in ((write_yolo, "YOLO"), (write_voc, "VOC")):
        with pytest.raises(ValueError, match=rf"photos\[0\], face 2 is ignored, which {name} can't say"):
            write(tmp_path, some)


@each_writer
def test_photos_that_cannot_be_labelled_are_refused(kind, tmp_path):
    elsewhere = LabelledPhoto(put(tmp_path / "b.png"), BOXES)
    pixels = LabelledPhoto(np.zeros((100, 200, 3), np.uint8), BOXES)
    for photo, words in (
        (elsewhere, "it must lie in"),
        (pixels, r"photos\[0\] is no file"),
        (photos(tmp_path, complete=False)[0], "is not complete"),
    ):
        with pytest.raises(ValueError, match=words):
            WRITERS[kind](tmp_path, [photo])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.png", "images"]


def test_yolo_refuses_what_leaves_the_image_and_two_images_of_one_name(tmp_path):
    image = put(tmp_path / "images" / "a.png")
    with pytest.raises(
        ValueError, match=r"photos\[0\], face 1: box \[-1.0, 2.0, 30.0, 40.0\] leaves .*a.png, 200 x 100"
    ):
        write_yolo(tmp_path, [LabelledPhoto(image, [[-1, 2, 30, 40]])])
    both = [LabelledPhoto(image, []), LabelledPhoto(put(tmp_path / "images" / "a.jpg"), [])]
    for write in (write_yolo, write_voc):
        with pytest.raises(ValueError, match=r"photos\[1\] is .*a.jpg, and another has its name"):
            write(tmp_path, both)


def test_voc_boxes_hold_the_pixels_nearest_to_them(tmp_path):
    image = put(tmp_path / "images" / "a.png")
    write_voc(tmp_path, [LabelledPhoto(image, [[9.6, 20.4, 30, 40.6], [5.1, 5.1, 5.3, 5.3]])])
    assert read_voc(tmp_path, min_side=0)[0].boxes.tolist() == [[10, 20, 30, 41], [5, 5, 6, 6]]


def test_yolo_images_in_folders_have_their_labels_in_such_folders(tmp_path):
    image = put(tmp_path / "images" / "monday" / "a.png")
    write_yolo(tmp_path, [LabelledPhoto(image, BOXES[:1])])
    assert (tmp_path / "labels" / "monday" / "a.txt").exists()
    assert [photo.source for photo in read_yolo(tmp_path)] == [image]


def test_a_whole_folder_appears_only_when_it_is_finished(tmp_path):
    out = tmp_path / "new" / "out"
    with pytest.raises(RuntimeError), whole_folder(out) as (work, _):  # noqa: PT012
        (work / "images").mkdir()
        assert [path.name for path in out.iterdir()] == [work.name]
        raise RuntimeError
    assert not out.exists()
    with whole_folder(out) as (work, _):
        (work / "a.txt").write_text("a")
    assert not out.exists()


def test_a_whole_folder_leaves_what_was_there_before_it_failed(tmp_path):
    """A file of this name has come into the folder in the meantime: what was moved already goes back."""
    with pytest.raises(OSError), whole_folder(tmp_path) as (work, finish):  # noqa: PT011, PT012
        (work / "a").mkdir()
        (work / "images").mkdir()
        (work / "images" / "x").write_text("new")
        (tmp_path / "images").mkdir()
        (tmp_path / "images" / "y").write_text("other")
        finish()
    assert [path.relative_to(tmp_path).as_posix() for path in sorted(tmp_path.rglob("*"))] == ["images", "images/y"]


def test_what_a_killed_process_left_is_removed(tmp_path):
    (tmp_path / f".{2**22 + 1}.part.labels").mkdir()
    (tmp_path / ".hidden").write_text("")
    with whole_folder(tmp_path) as (work, finish):
        assert {path.name for path in tmp_path.iterdir()} == {work.name, ".hidden"}
        (work / "a").write_text("")
        finish()
    assert {path.name for path in tmp_path.iterdir()} == {"a", ".hidden"}
    with pytest.raises(FileExistsError), whole_folder(tmp_path):
        pass
