"""Faces in clips and from cameras: their frames, what the detector finds in them, and ids for the faces."""

from mtcnn_lite.video.frames import Frame, frames
from mtcnn_lite.video.opening import VIDEO_ENDINGS, Clip, VideoError, VideoWarning, about, named_as_video

__all__ = ["VIDEO_ENDINGS", "Clip", "Frame", "VideoError", "VideoWarning", "about", "frames", "named_as_video"]
