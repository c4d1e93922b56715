"""The frames of clips: which come, when, which way up, and what is said of files that hold none."""

import os
import struct
import warnings
from fractions import Fraction

import cv2
import numpy as np
import pytest
from clips import number_of, numbered, write_clip
from PIL import Image

from mtcnn_lite.video import VideoError, VideoWarning, about, frames


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """60 frames at 25 a second."""
    return write_clip(tmp_path_factory.mktemp("clips") / "clip.mp4", numbered(60))


@pytest.mark.parametrize(
    ("ending", "codec"), [(".mp4", "mp4v"), (".avi", "MJPG"), (".mkv", "mp4v"), (".webm", "VP80"), (".mpg", "MPG1")]
)
def test_every_frame_comes_once_in_order_with_its_time(tmp_path, ending, codec):
    path = write_clip(tmp_path / f"clip{ending}", numbered(30), 25, codec)
    read = list(frames(path))
    assert [frame.number for frame in read] == [number_of(frame.image) for frame in read] == list(range(30))
    off = 1.01 / 25 if ending == ".mpg" else 1e-6  # its times have gaps, and so they are played
    assert [frame.seconds for frame in read] == pytest.approx([k / 25 for k in range(30)], abs=off)
    assert {(frame.image.shape, frame.image.dtype.name) for frame in read} == {((48, 64, 3), "uint8")}


def test_channels_are_red_green_blue(tmp_path):
    red = np.zeros((48, 64, 3), np.uint8)
    red[..., 0] = 200
    image = next(frames(write_clip(tmp_path / "red.avi", [red] * 3, codec="MJPG"))).image
    assert image.mean((0, 1)) == pytest.approx([200, 0, 0], abs=6)


def test_every(clip):
    assert [frame.number for frame in frames(clip, every=25)] == [0, 25, 50]
    assert [number_of(frame.image) for frame in frames(clip, every=25)] == [0, 25, 50]
    assert [frame.number for frame in frames(clip, every=1000)] == [0]


def test_every_seconds_gives_the_first_frame_at_or_after_each_multiple(clip):
    read = list(frames(clip, every_seconds=0.5))
    assert [frame.number for frame in read] == [0, 13, 25, 38, 50]  # ceil(k * 0.5 * 25)
    assert [frame.seconds for frame in read] == pytest.approx([0, 0.52, 1, 1.52, 2])
    assert [frame.number for frame in frames(clip, every_seconds=0.001)] == list(range(60))


def test_every_seconds_after_a_pause_goes_on_by_multiples(tmp_path):
    path = uneven(tmp_path / "pause.mkv", [0, 40, 80, 300, 340, 1000, 1040])
    assert [round(frame.seconds * 1000) for frame in frames(path, every_seconds=0.1)] == [0, 300, 1000]


def test_seconds_where_the_rate_varies(tmp_path):
    times = [0, 40, 80, 300, 340, 1000]
    path = uneven(tmp_path / "uneven.mkv", times)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # the header's duration means 26 frames at 25 a second; none is missing
        assert [frame.seconds for frame in frames(path)] == pytest.approx([time / 1000 for time in times])


def uneven(path, times):
    """A clip whose frames have these times, in milliseconds."""
    av = pytest.importorskip("av")
    thousandth = Fraction(1, 1000)
    with av.open(str(path), "w") as file:
        stream = file.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.time_base = stream.time_base = thousandth
        for picture, time in zip(numbered(len(times)), times, strict=True):
            frame = av.VideoFrame.from_ndarray(picture)
            frame.pts, frame.time_base = time, thousandth
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    return path


@pytest.mark.parametrize(("matrix", "turns"), [((0, 1, -1, 0), -1), ((-1, 0, 0, -1), 2), ((0, -1, 1, 0), 1)])
def test_phone_clips_are_turned_upright(tmp_path, matrix, turns):
    picture = np.full((48, 64, 3), 40, np.uint8)
    picture[:12, :16] = 220  # a bright corner
    path = write_clip(tmp_path / "phone.mp4", [picture] * 3)
    content = bytearray(path.read_bytes())
    at = content.index(b"tkhd") + 44  # the track's matrix: 16.16 fixed point, the last column 2.30
    a, b, c, d = (value << 16 for value in matrix)
    content[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(content)
    image = next(frames(path)).image
    assert image == pytest.approx(np.rot90(picture, turns), abs=40)  # -1: clockwise
    assert image.shape == np.rot90(picture, turns).shape


def test_frames_that_cannot_be_decoded_are_passed_over_and_counted(tmp_path):
    path = write_clip(tmp_path / "hurt.avi", numbered(40), codec="MJPG")
    content = bytearray(path.read_bytes())
    starts = [at for at in range(len(content)) if content[at : at + 4] == b"00dc"][1:]  # after the index's
    no_picture = b"\xff\xd8\xff\xc0\0\x11\x08" + b"\xff" * 4  # a JPEG of 65535 x 65535 pixels
    for frame in (5, 7, 8, 20):
        content[starts[frame] + 8 : starts[frame] + 8 + len(no_picture)] = no_picture
    path.write_bytes(content)
    with pytest.warns(VideoWarning, match=r"hurt\.avi: 4 of 40 frames can't be decoded and are passed over$"):
        read = list(frames(path))
    kept = [k for k in range(40) if k not in (5, 7, 8, 20)]
    assert [frame.number for frame in read] == [number_of(frame.image) for frame in read] == kept
    assert [frame.seconds for frame in read] == pytest.approx([k / 25 for k in kept])


@pytest.mark.parametrize(("ending", "codec"), [(".avi", "MJPG"), (".mkv", "mp4v")])
def test_a_clip_that_was_cut_off_gives_what_there_is_and_says_so(tmp_path, ending, codec):
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 255, (60, 48, 64, 3), dtype=np.uint8)  # frames of about one size
    path = write_clip(tmp_path / f"cut{ending}", noise, codec=codec)
    os.truncate(path, path.stat().st_size // 2)
    with pytest.warns(VideoWarning, match=r"it ends after \d+ of the 60 frames that its header states"):
        read = list(frames(path))
    assert 15 < len(read) < 45


def photo(path):
    Image.new("RGB", (64, 48)).save(path, "JPEG")


def cut_mp4(path):
    write_clip(path, numbered(60))
    os.truncate(path, path.stat().st_size // 2)


def sound_alone(path):
    av = pytest.importorskip("av")
    with av.open(str(path), "w") as file:
        stream = file.add_stream("aac", rate=44100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 44100), np.float32), format="fltp", layout="mono")
        frame.rate = 44100
        file.mux(stream.encode(frame))
        file.mux(stream.encode())


def unknown_codec(path):
    write_clip(path.with_suffix(".avi"), numbered(5), codec="MJPG")
    path.write_bytes(path.with_suffix(".avi").read_bytes().replace(b"MJPG", b"ZZZZ"))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "no such file"),
        (lambda path: path.mkdir(), "a folder"),
        (lambda path: path.symlink_to("gone"), "a link to gone, which does not exist"),
        (lambda path: path.touch(), "an empty file, of 0 bytes"),
        (lambda path: path.write_text("It was a dark night.\n" * 99), "no video; it begins with b'It was a dark"),
        (lambda path: path.write_text("#EXTM3U\n#EXTINF:9,\nother.mp4\n"), "no video; it begins with b'#EXTM3U"),
        (lambda path: path.write_bytes(b"\1\0\2" * 999), "no video, or of a kind that OpenCV can't read"),
        (photo, r"a photo \(JPEG\), no video"),
        (cut_mp4, r"cut off: the index that MP4 and MOV files have \(moov\) is missing"),
        (sound_alone, "no picture in it, sound alone"),
        (unknown_codec, r"of a codec that this OpenCV lacks. ffmpeg, for example, converts it: ffmpeg -i a\.mp4"),
    ],
)
def test_what_is_no_video_is_one_error(tmp_path, make, message):
    make(tmp_path / "a.mp4")
    with pytest.raises(VideoError, match=rf"a\.mp4: .*{message}"):
        frames(tmp_path / "a.mp4")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.mp4")
    with pytest.raises(VideoError, match="a named pipe"):
        frames(tmp_path / "a.mp4")


def test_a_name_that_looks_like_an_address_is_a_file(tmp_path, monkeypatch, clip):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rtsp:clip.mp4").write_bytes(clip.read_bytes())
    assert len(list(frames("rtsp:clip.mp4"))) == 60


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((None,), TypeError, "source is None"),
        ((True,), TypeError, "source is True"),
        ((-1,), ValueError, "source is -1"),
        (("clip", 0), ValueError, "every is 0"),
        (("clip", 1.5), ValueError, "every is 1.5"),
        (("clip", 1, 0), ValueError, "every_seconds is 0"),
        (("clip", 1, float("nan")), ValueError, "every_seconds is nan"),
        (("clip", 2, 0.5), ValueError, "every is 2 and every_seconds is 0.5; give one of them"),
    ],
)
def test_bad_arguments(clip, arguments, error, message):
    source, *rest = arguments
    with pytest.raises(error, match=message):
        frames(clip if source == "clip" else source, *rest)


class Camera:
    """A camera that gives some pictures, and is then unplugged."""

    def __init__(self, pictures):
        self.pictures, self.shown = list(pictures), None

    def isOpened(self):
        return True

    def grab(self):
        self.shown = self.pictures.pop(0) if self.pictures else None
        return self.shown is not None

    def retrieve(self):
        return True, self.shown

    def release(self):
        pass


def test_a_camera_gives_its_pictures_until_it_is_unplugged(monkeypatch):
    camera = Camera(numbered(7))
    monkeypatch.setattr(cv2, "VideoCapture", lambda source: camera)
    with pytest.warns(VideoWarning, match="camera 2: gives no more pictures, after 7"):
        read = list(frames(2, every=3))
    assert [(frame.number, frame.image[0, 0, 0]) for frame in read] == [(0, 10), (3, 22), (6, 34)]
    assert read[0].seconds == 0
    assert read == sorted(read, key=lambda frame: frame.seconds)


def test_a_camera_that_is_not_there_or_gives_nothing(monkeypatch, capfd):
    with pytest.raises(VideoError, match="camera 97: there is none of this number"):
        frames(97)
    assert capfd.readouterr().err == ""
    monkeypatch.setattr(cv2, "VideoCapture", lambda source: Camera([]))
    with pytest.raises(VideoError, match="camera 0: opened, but it gives no picture"):
        next(frames(0))


def test_about(clip):
    assert about(clip) == (25, 60)
    assert about(clip).seconds == pytest.approx(2.4)


def test_the_callers_environment_and_log_level_stay(clip, monkeypatch):
    monkeypatch.delenv("OPENCV_FFMPEG_LOGLEVEL", raising=False)
    level = cv2.utils.logging.getLogLevel()
    next(frames(clip))
    assert "OPENCV_FFMPEG_LOGLEVEL" not in os.environ
    assert cv2.utils.logging.getLogLevel() == level
