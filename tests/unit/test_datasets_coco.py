"""COCO files, written by hand, and read by the library supervision too."""

import json
import time

import numpy as np
import pytest
from label_files import HEIGHT, WIDTH, boxes, put

from mtcnn_lite.datasets import DatasetError, DatasetWarning, read_coco, read_dataset

HAT, FACE = {"id": 1, "name": "Hat"}, {"id": 5, "name": "Face"}


def annotation(number, image, category, *bbox, **more):
    return {"id": number, "image_id": image, "category_id": category, "bbox": list(bbox), "iscrowd": 0, **more}


def image(number, name, width=WIDTH, height=HEIGHT):
    return {"id": number, "file_name": name, "width": width, "height": height}


def coco(**changes):
    return {
        "images": [image(7, "a b.jpg"), image(8, "empty.png"), image(9, "other.jpg")],
        "categories": [HAT, FACE],
        "annotations": [
            annotation(1, 7, 5, 10, 20, 30, 40.5),
            annotation(2, 9, 1, 1, 2, 3, 4),
            annotation(3, 7, 1, 0, 0, 9, 9),
            annotation(4, 7, 5, 0, 0, 200, 100, iscrowd=1),
        ],
        **changes,
    }


COCO = {"a b.jpg": [[10, 20, 40, 60.5], [0, 0, 200, 100]], "empty.png": [], "other.jpg": []}


@pytest.fixture
def read(tmp_path):
    """Reads a COCO file of this content, beside the three images."""
    for name in COCO:
        put(tmp_path / name)

    def read(content, **options):
        path = put(tmp_path / "a.json", content if isinstance(content, str) else json.dumps(content))
        return read_coco(path, **options)

    return read


@pytest.mark.parametrize(
    ("labels", "images"),
    [
        ("train/_annotations.coco.json", "train"),
        ("annotations/instances_train2017.json", "train2017"),
        ("annotations/x.json", "images"),
        ("annotations/person_keypoints_default.json", "images/default"),
    ],
)
def test_coco(tmp_path, labels, images):
    for name in COCO:
        put(tmp_path / images / name)
    path = put(tmp_path / labels, json.dumps(coco()))
    put(path.with_name("._" + path.name), b"\0\5\26\7")  # what a Mac adds
    photos = read_dataset(path)
    assert boxes(photos) == COCO
    assert photos[0].ignore.tolist() == [False, True]  # the crowd
    assert all(photo.complete for photo in photos)
    assert not photos[0].has_landmarks.any()
    assert photos[1].image().shape == (HEIGHT, WIDTH, 3)
    assert boxes(read_dataset(tmp_path if path.parent.name == "annotations" else path.parent)) == COCO
    assert boxes(read_coco(path, face="hat"))["other.jpg"] == [[1, 2, 4, 6]]
    (tmp_path / images / "a b.jpg").unlink()
    with pytest.raises(DatasetError, match=r"there is no image .*a b.jpg"):
        read_dataset(path)
    with pytest.warns(DatasetWarning, match="1 of 3 records"):
        assert list(boxes(read_dataset(path, skip_bad=True))) == ["empty.png", "other.jpg"]
    for name in ("empty.png", "other.jpg"):
        (tmp_path / images / name).unlink()
    with pytest.raises(DatasetError, match=r"there is no image a b.jpg \(looked for in .*images=FOLDER"):
        read_dataset(path)


def test_supervision_reads_the_same(tmp_path):
    supervision = pytest.importorskip("supervision")
    rng = np.random.default_rng(3)
    images = [image(k, f"{k}.png") for k in range(4)]
    marks = [annotation(k, int(rng.integers(4)), 5, *(rng.random(4) * 80 + 13).tolist()) for k in range(30)]
    for entry in images:
        put(tmp_path / entry["file_name"])
    path = put(tmp_path / "a.json", json.dumps({"images": images, "annotations": marks, "categories": [HAT, FACE]}))
    theirs = supervision.DetectionDataset.from_coco(str(tmp_path), str(path)).annotations
    for photo in read_coco(path):
        np.testing.assert_allclose(photo.boxes, theirs[str(photo.source)].xyxy.reshape(-1, 4), atol=1e-4)
        assert len(photo.boxes) > 2


PROJECT = {"id": 0, "supercategory": "none"}


@pytest.mark.parametrize(
    ("categories", "options", "count"),
    [
        ([PROJECT | {"name": "face"}, {"id": 5, "name": "face", "supercategory": "face"}], {}, 2),
        ([PROJECT | {"name": "faces"}, {"id": 5, "name": "Human-face", "supercategory": "faces"}], {}, 2),
        ([PROJECT | {"name": "face"}, {"id": 5, "name": "Human-face", "supercategory": "face"}], {}, 2),
        ([{"id": 5, "name": " FACE\n"}], {}, 2),
        ([{"id": 5, "name": "head"}], {}, 2),
        ([{"id": 5, "name": "hat"}, {"id": 2, "name": "face"}], {}, 0),  # a class of this set that no photo has
        ([{"id": 5, "name": "hat"}, {"id": 2, "name": "face"}], {"face": "hat"}, 2),
    ],
)
def test_a_category_without_annotations_is_passed_over(read, categories, options, count):
    marks = [annotation(1, 7, 5, 1, 2, 30, 40), annotation(2, 7, 5, 50, 2, 30, 40)]
    assert len(read(coco(categories=categories, annotations=marks), **options)[0].boxes) == count


def bad(*bbox, **more):
    return coco(annotations=[annotation(3, 7, 5, *bbox, **more)])


def one(**changes):
    return coco(images=[image(7, "a b.jpg") | changes], annotations=[])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "no COCO detection file"),
        ("[" * 5000, "no COCO detection file"),
        ("[]", "no COCO detection file"),
        ({"images": []}, "no COCO detection file .*no annotations"),
        (coco(images=3), "no COCO detection file .*3 as images"),
        (coco(categories=[{"id": [], "name": "face"}]), "category .*an id and a name"),
        (coco(categories=[{"id": True, "name": "face"}]), "category .*an id and a name"),
        (coco(categories=[{"id": 1, "name": None}]), "category .*an id and a name"),
        (coco(categories=[FACE, FACE]), "two categories have the id 5"),
        (coco(categories=[{"id": 1, "name": "Hat"}, {"id": 5, "name": "Head"}]), "classes are Hat, Head; face=NAME"),
        (coco(categories=[]), "annotation 1: category_id 5 is not in categories"),
        (bad(1, 2, 3), "a b.jpg, annotation 3 has bbox"),
        (bad(10, 20, -3, 4), "annotation 3 has bbox"),
        (bad(10, 20, 3, float("nan")), "annotation 3 has bbox"),
        (bad(10, 20, 0, 4), "annotation 3 has bbox .*without area"),
        (bad(10, 20, "3", 4), "annotation 3 has bbox"),
        (bad(10, 20, True, 4), "annotation 3 has bbox"),
        (bad(10, 20, 10**400, 4), "annotation 3 has bbox"),
        (bad(10, 20, 1e39, 4), r"beyond 1,000,000 px"),
        (json.dumps(bad(10, 20, 77, 4)).replace("77", "9" * 5000), "annotation 3 has bbox .*inf"),
        (bad(10, 20, 30, 40, iscrowd="no"), "iscrowd is 'no'; it must be 0 or 1"),
        (bad(10, 20, 30, 40, category_id=[]), r"category_id \[\] is not in categories"),
        (bad(10, 20, 30, 40, image_id=6), "annotation 3 belongs to an image"),
        (bad(10, 20, 30, 40, image_id=[7]), "annotation 3 belongs to an image"),
        (coco(annotations=[None]), "annotation 1 of the list belongs to an image"),
        (one(id=True), "it must be an object with an id"),
        (one(file_name=None), "it must be an object with an id"),
        (one(file_name="../a b.jpg"), "lies outside .*allow_outside=True"),
        (one(width="200"), "width is '200'; it must be a number"),
        (one(width=100, height=200), r"labels are for 100 x 200 px, but .* is 200 x 100 .*EXIF"),
        (one(width=20), "labels are for 20 x 100 px"),
        (coco(images=[image(7, "a b.jpg"), image(7, "empty.png")]), "2 images have the id 7"),
        (coco(images=[image(7, "a b.jpg"), image(9, "./a b.jpg")]), "2 images have the file 'a b.jpg'"),
    ],
)
def test_coco_says_what_is_wrong(read, tmp_path, content, says):
    with pytest.raises(DatasetError, match=says) as caught:
        read(content)
    assert str(tmp_path / "a.json") in str(caught.value)
    if "category" in says or "categories" in says or "COCO" in says or "classes" in says:
        return  # no record's fault
    with pytest.warns(DatasetWarning, match=says):
        read(content, skip_bad=True)


@pytest.mark.parametrize("unsaid", [{"width": 0, "height": 0}, {"width": None}, {"height": -1}])
def test_a_size_that_is_not_said_is_not_checked(read, unsaid):
    assert len(read(one(**unsaid))) == 1


def test_a_bad_annotation_costs_its_photo(read):
    marks = [*coco()["annotations"], annotation(5, 8, 5, 50, 50, 0, 20), annotation(6, 99, 5, 1, 1, 20, 20)]
    with pytest.warns(DatasetWarning, match=r"(?s)2 of 4 records skipped.*empty.png, annotation 5.*annotation 6"):
        assert list(boxes(read(coco(annotations=marks), skip_bad=True))) == ["a b.jpg", "other.jpg"]


def test_small_faces_are_ignored(read):
    marks = [annotation(k, 7, 5, 10.1, 20, 40, side) for k, side in enumerate((3, 11.9, 12, 13))]
    assert read(coco(annotations=marks))[0].ignore.tolist() == [True, True, False, False]
    assert not read(coco(annotations=marks), min_side=3)[0].ignore.any()


def test_images_outside_are_read_when_allowed(read, tmp_path):
    put(tmp_path.parent / f"{tmp_path.name}.jpg")
    content = one(file_name=f"../{tmp_path.name}.jpg")
    assert boxes(read(content, allow_outside=True)) == {f"{tmp_path.name}.jpg": []}


def test_outlines_cost_nothing(read):
    around = [[0, 0, 29_999, 0, 29_999, 29_999]]
    marks = [annotation(k, 7, 5, 1, 1, 30, 30, segmentation=around) for k in range(1000)]
    start = time.perf_counter()
    assert len(read(coco(annotations=marks))[0].boxes) == 1000
    assert time.perf_counter() - start < 5  # drawn as masks: 27 s


def test_ids_as_words_are_the_same_ids(read):
    content = coco()
    for entry in content["annotations"]:
        entry |= {"image_id": str(entry["image_id"]), "category_id": str(entry["category_id"])}
    assert boxes(read(content)) == COCO


def test_cvats_folders(tmp_path):
    put(tmp_path / "images/train/a.jpg")
    content = coco(images=[image(7, "a.jpg")], annotations=[annotation(1, 7, 5, 10, 20, 30, 40)])
    put(tmp_path / "annotations/instances_train.json", json.dumps(content))
    assert boxes(read_dataset(tmp_path)) == {"a.jpg": [[10, 20, 40, 60]]}


OUR_POINTS = [[20, 30], [31, 30.5], [25, 37], [21, 45], [30, 46]]  # in the first face's box
NAMED = {**FACE, "keypoints": ["eye_1", "eye_2", "nose", "mouth_1", "mouth_2"]}


def keypoints(points, visibility=(2, 2, 2, 2, 2)):
    return [value for point, seen in zip(points, visibility, strict=True) for value in (*point, seen)]


def with_keypoints(values, category=NAMED):
    face = annotation(1, 7, 5, 10, 20, 30, 40.5, keypoints=values)
    return coco(categories=[HAT, category], annotations=[face, annotation(2, 7, 5, 60, 20, 30, 40)])


def test_five_marked_keypoints_are_landmarks(read):
    photos = read(with_keypoints(keypoints(OUR_POINTS, (2, 1, 2, 2, 1))))
    assert photos[0].landmarks[0].tolist() == OUR_POINTS  # 1 is hidden, but marked
    assert photos[0].has_landmarks.tolist() == [True, False]
    assert photos[0].boxes.tolist() == [[10, 20, 40, 60.5], [60, 20, 90, 60]]


def test_keypoints_named_from_the_persons_side_come_out_in_our_order(read):
    names = ["left_eye", "right_eye", "nose", "left_mouth", "right_mouth"]
    persons = [OUR_POINTS[k] for k in (1, 0, 2, 4, 3)]
    photos = read(with_keypoints(keypoints(persons), {**FACE, "keypoints": names}))
    assert photos[0].landmarks[0].tolist() == OUR_POINTS


def test_a_face_upside_down_keeps_its_points(read):
    turned = [[50 - x, 80 - y] for x, y in OUR_POINTS]
    assert read(with_keypoints(keypoints(turned)))[0].landmarks[0].tolist() == turned


@pytest.mark.parametrize(
    ("values", "category"),
    [
        (keypoints(OUR_POINTS, (2, 2, 0, 2, 2)), NAMED),
        (keypoints(OUR_POINTS), FACE),
        (keypoints(OUR_POINTS), {**FACE, "keypoints": ["nose", "eye", "eye", "mouth", "mouth"]}),
        (keypoints(OUR_POINTS), {**FACE, "keypoints": [1, 2, 3, 4, 5]}),
        (keypoints(OUR_POINTS) + [1, 2, 2], {**FACE, "keypoints": ["eye", "eye", "nose", "mouth", "mouth", "chin"]}),
    ],
)
def test_other_keypoints_are_not_landmarks(read, values, category):
    photos = read(with_keypoints(values, category))
    assert not photos[0].has_landmarks.any()
    assert len(photos[0].boxes) == 2


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([1, 2, 2], r"annotation 1 has keypoints \[1, 2, 2\]; they must be five x, y, visibility, 15 numbers"),
        ("12", "they must be five x, y, visibility"),
        (keypoints(OUR_POINTS)[:-1] + ["2"], "they must be five x, y, visibility"),
        (keypoints(OUR_POINTS, (2, 2, 3, 2, 2)), "a keypoint of visibility 3; it must be 0, 1 or 2"),
        (keypoints([[x + 120, y] for x, y in OUR_POINTS]), "the five points, around .* lie far outside"),
    ],
)
def test_keypoints_that_cannot_be_are_named(read, values, words):
    with pytest.raises(DatasetError, match=words):
        read(with_keypoints(values))
