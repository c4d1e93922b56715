"""MTCNN, small and whole: a face detection cascade to learn from and to use.

>>> from mtcnn_lite import Detector, read_image                      # doctest: +SKIP
>>> faces = Detector().detect(read_image("photo.jpg"))               # doctest: +SKIP
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mtcnn_lite.cascade.faces import Faces
    from mtcnn_lite.cascade.trace import Trace
    from mtcnn_lite.detector import Detector
    from mtcnn_lite.images import read_image

__all__ = ["Detector", "Faces", "Trace", "read_image"]
__version__ = "0.1.0"
_HOME = {"Detector": "detector", "Faces": "cascade.faces", "Trace": "cascade.trace", "read_image": "images"}


def __getattr__(name: str) -> Any:
    """The names above, imported when first asked for: torch takes over a second, and `--help` does not need it."""
    if name in _HOME:
        return getattr(import_module(f"mtcnn_lite.{_HOME[name]}"), name)
    raise AttributeError(f"module 'mtcnn_lite' has no attribute {name!r}")
