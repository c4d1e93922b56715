"""Video files: played as fast as the pictures say, whole or not at all, and playable where the pictures stop early."""

import errno
import shutil
from collections import namedtuple

import cv2
import numpy as np
import pytest
from clips import number_of, numbered

from mtcnn_lite.video import VideoError, about, ending_to_write, frames, write_video, writing


def timed(times):
    return zip(times, numbered(len(times)), strict=True)


def shown(path):
    """Which picture is in each frame of a file."""
    return [number_of(frame.image) for frame in frames(path)]


@pytest.mark.parametrize("name", ["a.mp4", "a.avi"])
def test_each_picture_is_a_frame_at_an_even_rate(tmp_path, name):
    write_video(tmp_path / name, timed([k / 29.97 for k in range(40)]), 29.97)
    assert shown(tmp_path / name) == list(range(40))
    assert about(tmp_path / name).fps == pytest.approx(29.97, abs=0.01)
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([0, 0.1, 0.4, 0.5], [0, 1, 1, 1, 2, 3]),  # a pause: the picture before stays
        ([7, 7.1, 7.2], [0, 1, 2]),  # starts late
        ([0, 0.1, 0.12, 0.14, 0.2], [0, 1, 4]),  # denser than the file's frames: some are left out
        ([0, 0.1, 5000, 5000.1], [0, 1, 2, 3]),  # no pause of an hour, but a wrong time
        ([0, 0.1, -3, -2.9], [0, 1, 2, 3]),
    ],
)
def test_pictures_are_shown_at_their_times(tmp_path, times, expected):
    write_video(tmp_path / "a.mp4", timed(times), 10)
    assert shown(tmp_path / "a.mp4") == expected


def test_pictures_of_another_size_are_scaled_to_the_first(tmp_path):
    pictures = [np.full((48, 64, 3), 30, np.uint8), np.full((100, 200, 3), 200, np.uint8)]
    write_video(tmp_path / "a.mp4", [(0, pictures[0]), (0.1, pictures[1])], 10)
    first, second = (frame.image for frame in frames(tmp_path / "a.mp4"))
    assert first.shape == second.shape == (48, 64, 3)
    assert second.mean() == pytest.approx(200, abs=5)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("the clip broke")])
def test_what_came_before_an_error_is_a_playable_file(tmp_path, error):
    def broken():
        yield from timed([k / 10 for k in range(7)])
        raise error

    with pytest.raises(type(error)) as raised:
        write_video(tmp_path / "a.mp4", broken(), 10)
    assert raised.value is error
    assert shown(tmp_path / "a.mp4") == list(range(7))


def test_with_no_picture_before_the_error_there_is_no_file(tmp_path):
    def broken():
        raise KeyboardInterrupt
        yield

    with pytest.raises(KeyboardInterrupt):
        write_video(tmp_path / "a.mp4", broken(), 10)
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_file_stays_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_text("earlier")

    def watched():
        for pair in timed([0, 0.1, 0.2]):
            assert path.read_text() == "earlier"
            yield pair

    write_video(path, watched(), 10)
    assert shown(path) == [0, 1, 2]


def test_a_disk_that_fills_up_ends_the_file_before_it_breaks(tmp_path, monkeypatch):
    usage, left = namedtuple("usage", "total used free"), iter([10**9, 10**9, 10**5])
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(10**9, 0, next(left)))
    with pytest.raises(OSError, match="No space left on device") as raised:
        write_video(tmp_path / "a.mp4", ((k / 10, picture) for k, picture in enumerate([*numbered(60)] * 4)), 10)
    assert raised.value.errno == errno.ENOSPC
    assert raised.value.filename == str(tmp_path / "a.mp4")
    assert len(shown(tmp_path / "a.mp4")) == 2 * writing.LOOK_AFTER


def test_frames_that_did_not_reach_the_disk_leave_no_file(tmp_path, monkeypatch):
    real = cv2.VideoWriter

    class Full:  # OpenCV says nothing where FFmpeg can't write
        fourcc = real.fourcc

        def __init__(self, *arguments):
            self.writer, self.count = real(*arguments), 0

        def isOpened(self):
            return self.writer.isOpened()

        def write(self, picture):
            self.count += 1
            if self.count <= 3:
                self.writer.write(picture)

        def release(self):
            self.writer.release()

    monkeypatch.setattr(cv2, "VideoWriter", Full)
    with pytest.raises(OSError, match="could not be written to its end; is the disk full"):
        write_video(tmp_path / "a.mp4", timed([0, 0.1, 0.2, 0.3]), 10)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_and_a_size_that_no_codec_takes(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"gone/a\.mp4"):
        write_video(tmp_path / "gone" / "a.mp4", timed([0]), 10)
    with pytest.raises(VideoError, match=r"a\.mp4: OpenCV can't write a video of 1 x 1 pixels"):
        write_video(tmp_path / "a.mp4", [(0, np.zeros((1, 1, 3), np.uint8))], 10)
    assert list(tmp_path.iterdir()) == []


def test_motion_jpeg_where_mpeg_4_is_missing(tmp_path, monkeypatch):
    assert ending_to_write(tmp_path) == ".mp4"
    monkeypatch.setitem(writing.CODECS, ".mp4", "zzzz")
    assert ending_to_write(tmp_path) == ".avi"
    monkeypatch.setitem(writing.CODECS, ".avi", "zzzz")
    with pytest.raises(VideoError, match="this OpenCV can write no video"):
        ending_to_write(tmp_path)
    assert list(tmp_path.iterdir()) == []
