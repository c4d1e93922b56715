"""A button that takes a picture with the reader's camera, where the browser gives one."""

import traitlets

from mtcnn_lite.course.explorers.base import Drawing


class Camera(Drawing):
    """One press switches the camera on, the next takes the picture: `photo`, a JPEG, which only the kernel gets."""

    photo = traitlets.CBytes(b"").tag(sync=True)

    def __init__(self) -> None:
        super().__init__("camera.js")

    def __repr__(self) -> str:
        return "Camera: a button, where this notebook runs and the browser gives a camera"
