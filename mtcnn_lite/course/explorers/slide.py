"""What the microscope shares with the browser: traits, and P-Net in a form that JavaScript can compute."""

import numpy as np
from torch import nn

from mtcnn_lite.boxes import Floats
from mtcnn_lite.course.explorers.base import Drawing, synced


def plan(net: nn.Module) -> tuple[list[list[str | int]], Floats]:
    """What the browser needs to compute a net: what its layers are, and all their values, in their order.

    Of a layer: name, kind, kernel, stride, channels in and out. A convolution's weights come before its biases; the
    heads are convolutions too.
    """
    rows, values = list[list[str | int]](), list[Floats]()
    for name, module in net.named_modules():
        if isinstance(module, nn.Conv2d):
            kernel, stride = module.kernel_size[0], module.stride[0]
            rows.append([name, "conv", kernel, stride, module.in_channels, module.out_channels])
        elif isinstance(module, nn.PReLU):
            rows.append([name, "prelu", 1, 1, module.num_parameters, module.num_parameters])
        elif isinstance(module, nn.MaxPool2d):
            rows.append([name, "pool", int(module.kernel_size), int(module.stride), 0, 0])  # type: ignore[arg-type]
        values += [part.detach().cpu().contiguous().numpy().ravel() for part in module.parameters(recurse=False)]
    return rows, np.concatenate(values).astype(np.float32)


def beginning(net: nn.Module) -> tuple[list[list[str | int]], Floats]:
    """The plan of a net as far as its first pooling: few values, whose maps are most of what the net computes."""
    rows, values = plan(net)
    (_, _, kernel, _, inside, outside), (_, _, _, _, slopes, _) = rows[:2]  # a convolution, a PReLU
    return rows[:3], values[: outside * (inside * kernel**2 + 1) + slopes]  # type: ignore[operator]


class Slide(Drawing):
    """What lies under the microscope, in the browser; `MicroscopeExplorer` fills it."""

    photo, size = synced(b""), synced([1, 1])  # a JPEG; its width and height
    scales = synced([])  # of each layer's colours
    levels, pixels = synced([]), synced(b"")  # P-Net: [scale, rows, columns, number] of each, and their RGB
    level, cell = synced(0), synced([0, 0])  # P-Net: which of `levels`; row and column
    at, side = synced([0.0, 0.0]), synced(12)  # R-Net and O-Net: the window's centre, x and y, and its side
    seen = synced([0.0, 0.0, 0])  # centre and side of the window that the following are about
    asked = synced([])  # `seen` and revision: the browser asks what matters, once the window has come to rest
    crop, values, heads, hidden = synced(b""), synced(b""), synced([[], [], None]), synced(b"")
    revision = synced(0)  # the browser redraws when it changes: once a message

    def __init__(self, **values: object) -> None:
        super().__init__("forward.js", "strips.js", "sliding.js", "microscope.js", **values)
