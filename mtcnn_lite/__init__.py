"""MTCNN, small and whole: a face detection cascade to learn from and to use.

>>> from mtcnn_lite import Detector, read_image                      # doctest: +SKIP
>>> faces = Detector().detect(read_image("photo.jpg"))               # doctest: +SKIP
"""

from mtcnn_lite.cascade import Detector
from mtcnn_lite.images import read_image
from mtcnn_lite.trace import Faces, Trace

__all__ = ["Detector", "Faces", "Trace", "read_image"]
__version__ = "0.1.0"
