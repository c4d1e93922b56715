"""Faces in clips whose faces move on known ways: found where they are, and followed by their ids."""

import sys
from collections import Counter

import cv2
import numpy as np
import pytest
from clips import head, moving, numbered, write_clip

from mtcnn_lite import Detector, Faces
from mtcnn_lite.course.scenes import scene
from mtcnn_lite.video import VideoWarning, detect_video, watch_video

FRAMES = 60


@pytest.fixture(scope="module")
def quick():
    return Detector(min_face=30)


def two_ways():
    return [
        ("right", head(0.5), lambda k: (5 + 3 * k, 5)),
        ("left", head(0.55, flip=True), lambda k: (200 - 3 * k, 120)),
    ]


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Two heads that cross, one below the other."""
    return write_clip(tmp_path_factory.mktemp("clips") / "two.mp4", (p for p, _ in moving(FRAMES, two_ways())))


@pytest.fixture(scope="module")
def truth():
    return [boxes for _, boxes in moving(FRAMES, two_ways())]


def iou(a, b):
    low, high = np.maximum(a[:2], b[:2]), np.minimum(a[2:], b[2:])
    shared = np.prod(np.clip(high - low, 0, None))
    return shared / (np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - shared)


def ids_of(seen, truth):
    """For each labelled face, the ids that it had, frame by frame: None where it was not found or had none."""
    ids = {}
    for view in seen:
        for name, box in truth[view.number].items():
            overlaps = [iou(box, found) for found in view.faces.boxes]
            best = int(np.argmax(overlaps)) if overlaps and max(overlaps) > 0.4 else None
            ids.setdefault(name, []).append(None if best is None else view.ids[best])
    return ids


def test_the_faces_of_every_frame_are_found_where_they_are(clip, truth, quick):
    seen = list(detect_video(clip, quick))
    assert [view.number for view in seen] == list(range(FRAMES))
    assert [view.seconds for view in seen] == pytest.approx([k / 25 for k in range(FRAMES)])
    assert {view.ids for view in seen} == {None}
    for view in seen:
        assert len(view.faces) == 2
        for box in truth[view.number].values():
            assert max(iou(box, found) for found in view.faces.boxes) > 0.5


def test_they_are_those_of_the_pictures_one_by_one(clip, quick):
    for view in detect_video(clip, quick, every=20):
        alone = quick.detect(view.image)
        assert view.faces.boxes == pytest.approx(alone.boxes, abs=0.02)
        assert view.faces.scores == pytest.approx(alone.scores, abs=1e-4)


def test_every_frame_with_what_was_found_last(clip, quick):
    looked = {view.number: len(view.faces) for view in detect_video(clip, quick, every=25)}
    assert list(looked) == [0, 25, 50]
    watched = list(watch_video(clip, quick, every=25))
    assert [frame.number for frame, _ in watched] == list(range(FRAMES))
    assert [seen.number for _, seen in watched] == [0] * 25 + [25] * 25 + [50] * 10
    every = list(watch_video(clip, quick))
    assert [(frame.number, seen.number) for frame, seen in every] == [(k, k) for k in range(FRAMES)]


def test_frames_are_read_when_their_turn_is_near(tmp_path, monkeypatch):
    """Memory: no more pictures are held than a batch and what the threads read ahead."""
    read = []

    class Counting(Detector):
        def detect_many(self, images):
            def counted():
                for image in images:
                    read.append(1)
                    yield image

            return super().detect_many(counted())

    path = write_clip(tmp_path / "long.mp4", [picture for _ in range(5) for picture in numbered(60)])
    seen = detect_video(path, Counting(min_face=40))
    for taken in range(1, 201):
        next(seen)
        assert len(read) - taken <= 40


def needs_trackers():
    pytest.importorskip("trackers", reason="ids come from the package trackers: pip install 'mtcnn_lite[video]'")


@pytest.mark.parametrize("every", [1, 3])
def test_ids_are_held_through_nine_tenths_of_the_frames(clip, truth, quick, every):
    needs_trackers()
    ids = ids_of(detect_video(clip, quick, every=every, track=True), truth)
    kept = {}
    for name, each in ids.items():
        (kept[name], times), *_ = Counter(each).most_common()
        assert kept[name] is not None
        assert times >= 0.9 * len(each), f"{name}: {each}"
    assert sorted(kept.values()) == [0, 1]


def test_a_face_lost_and_found_again_has_its_id(tmp_path, quick):
    """One goes behind a wall for 18 frames, 0.72 s; the other stays in sight."""
    needs_trackers()
    ways = [
        ("walker", head(0.5), lambda k: (5 + 3 * k, 5)),
        ("sitter", head(0.5, flip=True), lambda k: (150, 125)),
    ]

    def pictures():
        for k, (picture, _) in enumerate(moving(FRAMES, ways)):
            if 20 <= k < 38:
                picture[:120] = 60
            yield picture

    path = write_clip(tmp_path / "wall.mp4", pictures())
    seen = list(detect_video(path, quick, track=True))
    assert {len(view.faces) for view in seen if 20 <= view.number < 38} == {1}, "the walker is out of sight"
    ids = ids_of(seen, [boxes for _, boxes in moving(FRAMES, ways)])
    before, after = ids["walker"][2:20], ids["walker"][39:]
    assert len(set(before)) == 1
    assert None not in before
    assert set(after) == set(before)
    assert set(ids["sitter"][2:]).isdisjoint({*before, None})


def test_a_new_face_has_a_new_id(tmp_path, quick):
    """One leaves; after four seconds another comes elsewhere."""
    needs_trackers()
    ways = [
        ("first", head(0.5), lambda k: (20, 10) if k < 20 else None),
        ("second", head(0.5, flip=True), lambda k: (200, 120) if k >= 120 else None),
    ]
    path = write_clip(tmp_path / "turns.mp4", (picture for picture, _ in moving(140, ways)))
    truth = [boxes for _, boxes in moving(140, ways)]
    ids = ids_of(detect_video(path, quick, track=True), truth)
    assert set(ids["first"][1:]) == {0}
    assert set(ids["second"][1:]) == {1}


def test_a_camera_that_pans_over_a_scene(tmp_path):
    """A window slides over a wide photo of many faces: all of them move, come and go."""
    needs_trackers()
    photo = scene(7, height=240, width=900, faces=(6, 6), sizes=(50, 80))
    pixels, window, step = photo.image(), 400, 5
    count = (900 - window) // step
    path = write_clip(
        tmp_path / "pan.mp4", (np.ascontiguousarray(pixels[:, step * k : step * k + window]) for k in range(count))
    )
    truth = []
    for k in range(count):
        boxes = photo.boxes - np.array([step * k, 0, step * k, 0])
        truth.append({n: box for n, box in enumerate(boxes) if box[0] >= 0 and box[2] <= window})
    detector = Detector(min_face=30)
    found_alone = {
        n for n, box in enumerate(photo.boxes) if any(iou(box, b) > 0.4 for b in detector.detect(pixels).boxes)
    }
    ids = ids_of(detect_video(path, detector, track=True), truth)
    followed = {n: each for n, each in ids.items() if n in found_alone and len(each) >= 20}
    assert len(followed) >= 4
    most = [Counter(each).most_common(1)[0] for each in followed.values()]
    assert len({identity for identity, _ in most}) == len(most), "no two faces share an id"
    share = sum(times for _, times in most) / sum(map(len, followed.values()))
    assert share >= 0.9


def test_without_the_package_the_message_installs_it(clip, monkeypatch):
    monkeypatch.setitem(sys.modules, "trackers", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'mtcnn_lite\[video\]'"):
        detect_video(clip, track=True)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"every": 0}, ValueError, "every is 0"),
        ({"track": "yes"}, TypeError, "track is 'yes'"),
        ({"detector": "zhang2016"}, TypeError, "detector is 'zhang2016'"),
    ],
)
def test_bad_arguments_are_refused_at_once(clip, arguments, error, message):
    for watch in (detect_video, watch_video):
        with pytest.raises(error, match=message):
            watch(clip, **arguments)


def test_a_camera_is_looked_at_picture_by_picture(monkeypatch, quick):
    pictures = [picture for picture, _ in moving(6, two_ways())]

    class Camera:
        def __init__(self, number):
            self.left = list(pictures)

        def isOpened(self):
            return True

        def grab(self):
            return bool(self.left)

        def retrieve(self):
            return True, np.ascontiguousarray(self.left.pop(0)[..., ::-1])

        def release(self):
            pass

    monkeypatch.setattr(cv2, "VideoCapture", Camera)
    with pytest.warns(VideoWarning, match="after 6"):
        watched = list(watch_video(0, quick, every=3))
    assert [(frame.number, seen.number) for frame, seen in watched] == [(0, 0), (1, 0), (2, 0), (3, 3), (4, 3), (5, 3)]
    assert isinstance(watched[0][1].faces, Faces)
    assert {len(seen.faces) for _, seen in watched} == {2}
