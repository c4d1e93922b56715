"""Many photos at once give what each gives alone, in order."""

import itertools
import os
import threading

import numpy as np
import pytest
import torch
from PIL import Image

from mtcnn_lite.course.scenes import collage
from mtcnn_lite.images import ImageError, photos_in
from mtcnn_lite.runtime.batching import MAX_PHOTOS, batches
from mtcnn_lite.runtime.parallel import imap


@pytest.fixture(params=[1, 2], ids=["one thread", "two threads"])
def threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def photos(astronaut):
    """Of several sizes and numbers of faces; one has none."""
    group = collage(sides=(24, 60, 30, 40), columns=2, cell=160)[0]
    return [astronaut[20:220, 130:330], group, group[:160], astronaut[300:400, :90], astronaut[:, ::-1], group[:, 160:]]


def same(found, alone):
    assert [len(faces) for faces in found] == [len(faces) for faces in alone]
    for one, other in zip(found, alone, strict=True):
        for name in ("boxes", "scores", "landmarks"):
            np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-4, atol=0.02)


@pytest.mark.usefixtures("threads")
def test_many_are_each_alone(detector, photos, tmp_path):
    alone = [detector.detect(photo) for photo in photos]
    assert [len(faces) for faces in alone] == [1, 4, 2, 0, 1, 2]
    same(list(detector.detect_many(photos)), alone)
    same(list(detector.detect_many(iter(photos))), alone)
    same(list(detector.detect_many(np.stack(photos[:1] * 3))), alone[:1] * 3)
    assert list(detector.detect_many([])) == []
    for number in (2, 0, 1):
        Image.fromarray(photos[number]).save(tmp_path / f"{number}.png")
    (tmp_path / "notes.txt").write_text("no photo")
    assert [path.name for path in photos_in(tmp_path)] == ["0.png", "1.png", "2.png"]
    same(list(detector.detect_many(tmp_path)), alone[:3])
    same(list(detector.detect_many(str(tmp_path))), alone[:3])
    same(list(detector.detect_many([tmp_path / "2.png", photos[1], str(tmp_path / "0.png")])), alone[2::-1])


def test_photos_are_read_as_their_turn_comes(detector, photos, threads):
    asked = []

    def endless():
        for number in itertools.count():
            asked.append(number)
            yield photos[number % 2]

    found = detector.detect_many(endless())
    same(list(itertools.islice(found, 3)), [detector.detect(photo) for photo in (photos[0], photos[1], photos[0])])
    assert len(asked) <= MAX_PHOTOS + 1 + 2 * threads
    found.close()


def test_large_photos_come_alone_and_small_ones_together():
    def sizes(*sides):
        return [[len(image) for image in group] for group in batches(np.zeros((n, 1000, 3), np.uint8) for n in sides)]

    assert sizes() == []
    assert sizes(2000, 2000, 30) == [[2000], [2000], [30]]
    assert sizes(600, 400, 500, 500, 40, 40) == [[600, 400], [500, 500, 40], [40]]  # up to 1,048,576 pixels
    assert sizes(*[9] * (MAX_PHOTOS + 2)) == [[9] * MAX_PHOTOS, [9, 9]]


@pytest.mark.usefixtures("threads")
def test_a_part_that_fails_is_named_with_the_image_at_which_it_does(detector, photos):
    def nms(boxes, scores, threshold):
        return detector.hooks.nms(boxes, scores, threshold) if len(boxes) else [7]

    found = detector.swap(nms=nms).detect_many([photos[0], photos[3], photos[0]])
    assert len(next(found)) == 1
    with pytest.raises(ValueError, match=r"^images\[1\]: nms\(...\) is int64 of shape \(1,\)"):
        next(found)


@pytest.mark.usefixtures("threads")
def test_what_is_no_photo_is_named_at_its_turn(detector, photos, tmp_path):
    found = detector.detect_many([photos[3], photos[0], photos[0] / 255, photos[0]])
    assert [len(next(found)), len(next(found))] == [0, 1]
    with pytest.raises(TypeError, match=r"^images\[2\]: image has dtype float64; it must be uint8"):
        next(found)
    with pytest.raises(ImageError, match=r"^images\[0\]: .*gone\.jpg: no such file"):
        list(detector.detect_many([tmp_path / "gone.jpg"]))
    with pytest.raises(ValueError, match=r"^images\[1\]: image has shape \(3,\)"):
        list(detector.detect_many([photos[3], np.zeros(3, np.uint8)]))


def test_one_image_is_not_many(detector, photos, tmp_path):
    with pytest.raises(TypeError, match=r"images is a uint8 array of shape \(200, 200, 3\); .* for example \[images\]"):
        detector.detect_many(photos[0])
    with pytest.raises(ImageError, match="gone: No such file or directory"):
        detector.detect_many(tmp_path / "gone")


def test_a_tensor_of_images_is_the_array_of_them(detector, photos):
    batch = np.stack([photos[0], photos[0][:, ::-1], photos[0][::-1]])
    want = list(detector.detect_many(batch))
    assert [len(faces) for faces in want][:2] == [1, 1]
    channels_first = torch.from_numpy(batch).permute(0, 3, 1, 2).contiguous()
    for tensor in (torch.from_numpy(batch), channels_first.permute(0, 2, 3, 1)):
        got = list(detector.detect_many(tensor))
        assert len(got) == 3
        for one, other in zip(got, want, strict=True):
            for name in ("boxes", "scores", "landmarks"):
                np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert list(detector.detect_many(torch.zeros(0, 48, 64, 3, dtype=torch.uint8))) == []
    with pytest.raises(TypeError, match=r"^images is a uint8 tensor of shape \(200, 200, 3\); .* several images"):
        detector.detect_many(torch.from_numpy(batch[0]))


@pytest.mark.parametrize("images", [None, 5, b"photo.jpg", {"a": 1}])
def test_what_holds_no_images_is_said_at_once(detector, images):
    with pytest.raises(TypeError, match=r"^images is .*; it must be images or names of files"):
        detector.detect_many(images)


def test_the_name_of_one_file_is_that_photo(detector, photos, tmp_path):
    Image.fromarray(photos[0]).save(tmp_path / "one.png")
    alone = [detector.detect(photos[0])]
    same(list(detector.detect_many(tmp_path / "one.png")), alone)
    same(list(detector.detect_many(str(tmp_path / "one.png"))), alone)
    (tmp_path / "empty.jpg").write_bytes(b"")
    with pytest.raises(ImageError, match=r"^images\[0\]: .*empty\.jpg: not an image file, but empty"):
        list(detector.detect_many(tmp_path / "empty.jpg"))


def test_an_array_of_names_or_of_images(detector, photos, tmp_path):
    """As a column of a table gives them."""
    Image.fromarray(photos[0]).save(tmp_path / "one.png")
    alone = [detector.detect(photos[0])]
    same(list(detector.detect_many(np.array([str(tmp_path / "one.png")]))), alone)
    same(list(detector.detect_many(np.array([tmp_path / "one.png"], object))), alone)
    frames = np.empty(1, object)
    frames[0] = photos[0]
    same(list(detector.detect_many(frames)), alone)


@pytest.mark.skipif(os.name != "posix", reason="other words elsewhere")
@pytest.mark.parametrize("name", ["a\0b", "x" * 5000])
def test_a_name_that_no_file_can_have(detector, name):
    with pytest.raises(ImageError):
        detector.detect_many(name)


@pytest.mark.usefixtures("threads")
def test_a_photo_of_a_folder_that_cannot_be_read_is_named(detector, photos, tmp_path):
    for name in "abc":
        Image.fromarray(photos[0]).save(tmp_path / f"{name}.jpg")
    (tmp_path / "b.jpg").write_bytes((tmp_path / "b.jpg").read_bytes()[:3000])
    found = detector.detect_many(tmp_path)
    with pytest.raises(ImageError, match=r"^images\[1\]: .*b\.jpg: damaged or unreadable image"):
        list(found)


def test_two_photos_are_looked_at_at_the_same_time():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        both = threading.Barrier(2, timeout=20)  # each waits until the other is there too
        assert len(list(imap(lambda _: both.wait(), range(4)))) == 4
    finally:
        torch.set_num_threads(before)
