"""Faces in clips and from cameras: their frames, what the detector finds in them, and ids for the faces."""

from mtcnn_lite.video.detect import CAMERA_FPS, VideoFaces, detect_video, watch_video
from mtcnn_lite.video.frames import Frame, frames
from mtcnn_lite.video.opening import VIDEO_ENDINGS, Clip, VideoError, VideoWarning, about, named_as_video
from mtcnn_lite.video.writing import ending_to_write, write_video

__all__ = [
    "CAMERA_FPS",
    "VIDEO_ENDINGS",
    "Clip",
    "Frame",
    "VideoError",
    "VideoFaces",
    "VideoWarning",
    "about",
    "detect_video",
    "ending_to_write",
    "frames",
    "named_as_video",
    "watch_video",
    "write_video",
]
