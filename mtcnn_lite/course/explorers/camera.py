"""A button that takes a picture with the reader's camera, where the browser gives one."""

from pathlib import Path

import anywidget
import traitlets


class Camera(anywidget.AnyWidget):
    """One press switches the camera on, the next takes the picture: `photo`, a JPEG, which only the kernel gets."""

    _esm = Path(__file__).parent / "camera.js"

    photo = traitlets.CBytes(b"").tag(sync=True)

    def __repr__(self) -> str:
        return "Camera: a button, where this notebook runs and the browser gives a camera"
