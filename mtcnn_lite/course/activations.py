"""What a net computes on its way from a crop to its heads: every layer's maps, receptive fields, occlusion maps."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mtcnn_lite.boxes import Floats
from mtcnn_lite.nets import NetOutput, ONet, PNet, RNet, normalise

Net = PNet | RNet | ONet
HEADS = NetOutput._fields
UNITS, PATCH = 12, 3  # a side has so many units, 1, 2 or 4 px; the gray patch of an occlusion map is so many units wide
PLACES = UNITS - PATCH + 1  # where it can stand along a side


@dataclass(frozen=True)
class Layer:
    """A layer of a net that looks at one crop. A PReLU counts as part of the layer before it.

    kind: "conv", "pool" or "dense"; kernel, stride: px of its input, 1 for a dense layer. shape: channels, rows,
    columns of its output. field: side of the square of the crop that one cell of the output depends on, and step: from
    there to the next cell's, both in px. parameters: how many values it learnt, its PReLU's slopes included.
    """

    name: str
    kind: str
    kernel: int
    stride: int
    shape: tuple[int, int, int]
    field: int
    step: int
    parameters: int
    prelu: bool = False

    @property
    def title(self) -> str:
        """What the layer does, such as "conv 3 × 3, PReLU"."""
        size = "dense" if self.kind == "dense" else f"{self.kind} {self.kernel} × {self.kernel}"
        return f"{size}{', PReLU' if self.prelu else ''}"


@dataclass(frozen=True, eq=False)
class Activations:
    """What a net computes for N crops: each layer's output (N, channels, rows, columns), and the heads'.

    logits (N, 2): "no face" and "face"; scores (N,); offsets (N, 4); landmarks (N, 5, 2) in window sides, or None.
    """

    layers: tuple[Layer, ...]
    maps: tuple[Floats, ...]
    logits: Floats
    scores: Floats
    offsets: Floats
    landmarks: Floats | None


def layers(net: Net) -> tuple[Layer, ...]:
    """The layers between the crop and the heads, in the order in which the net calls them.

    >>> [(layer.title, layer.shape, layer.field) for layer in layers(PNet())][:2]
    [('conv 3 × 3, PReLU', (10, 10, 10), 3), ('pool 2 × 2', (10, 5, 5), 4)]
    """
    return activations(net, np.zeros((1, net.size, net.size, 3), np.uint8)).layers


def heads(net: Net) -> dict[str, int]:
    """The net's heads and how many numbers each gives.

    >>> heads(PNet(landmark_head=False))
    {'face': 2, 'offsets': 4}
    """
    found = {name: getattr(net, name) for name in HEADS}
    return {name: head.weight.shape[0] for name, head in found.items() if head is not None}


def activations(net: Net, crops: NDArray[np.uint8]) -> Activations:
    """What the net computes for crops, uint8 (N, size, size, 3), RGB, of its own size.

    >>> seen = activations(PNet(), np.zeros((2, 12, 12, 3), np.uint8))
    >>> [maps.shape for maps in seen.maps]
    [(2, 10, 10, 10), (2, 10, 5, 5), (2, 16, 3, 3), (2, 32, 1, 1)]
    """
    _check(net, crops, 4)
    with _recorded(net) as calls, torch.no_grad():
        output: NetOutput = net(normalise(crops)).flat
    found = list[Layer]()
    maps = list[Tensor]()
    for name, module, out in calls:
        if name in HEADS:
            continue
        if isinstance(module, nn.PReLU):
            found[-1] = replace(found[-1], prelu=True, parameters=found[-1].parameters + module.weight.numel())
            maps[-1] = out
        else:
            found.append(_layer(name, module, out, found[-1] if found else None, net.size))
            maps.append(out)
    points = output.landmarks
    return Activations(
        tuple(found),
        tuple(_array(out.reshape(*out.shape, 1, 1) if out.ndim == 2 else out) for out in maps),
        _array(output.face),
        _array(output.score),
        _array(output.offsets),
        None if points is None else _array(points.view(-1, 2, 5).transpose(1, 2)),
    )


def occlusion(net: Net, crop: NDArray[np.uint8]) -> Floats:
    """How sure the net still is where a gray patch hides a part of the crop: (10, 10), "face" minus "no face" logit.

    The patch is a quarter as wide as the crop, uint8 (size, size, 3), and moves by a twelfth. Its gray is the one that
    the nets read as 0. The sigmoid of a logit difference is the score.
    """
    _check(net, crop, 3)
    unit = net.size // UNITS
    hidden = normalise(crop[None]).repeat(PLACES**2, 1, 1, 1)
    for place, picture in enumerate(hidden):
        y, x = (unit * at for at in divmod(place, PLACES))
        picture[:, y : y + PATCH * unit, x : x + PATCH * unit] = 0
    with torch.no_grad():
        face = net(hidden.contiguous(memory_format=torch.channels_last)).flat.face
    return _array(face[:, 1] - face[:, 0]).reshape(PLACES, PLACES)


def _check(net: Net, crops: NDArray[np.uint8], axes: int) -> None:
    side = (net.size, net.size, 3)
    if crops.dtype != np.uint8 or crops.ndim != axes or crops.shape[-3:] != side:
        wanted = f"({'N, ' * (axes - 3)}{net.size}, {net.size}, 3)"
        what = "crops" if axes > 3 else "crop"
        raise ValueError(f"{what} is {crops.dtype} {crops.shape}; for {type(net).__name__} it must be uint8 {wanted}")


@contextmanager
def _recorded(net: nn.Module) -> Iterator[list[tuple[str, nn.Module, Tensor]]]:
    """In a `with` block, each call of one of the net's layers: its name, the layer, and what came out."""
    calls = list[tuple[str, nn.Module, Tensor]]()

    def listen(name: str, module: nn.Module) -> torch.utils.hooks.RemovableHandle:
        return module.register_forward_hook(lambda layer, _, out: calls.append((name, layer, out)))

    handles = [listen(name, module) for name, module in net.named_modules() if not list(module.children())]
    try:
        yield calls
    finally:
        for handle in handles:
            handle.remove()


def _layer(name: str, module: nn.Module, out: Tensor, before: Layer | None, size: int) -> Layer:
    field, step = (before.field, before.step) if before else (1, 1)
    parameters = sum(values.numel() for values in module.parameters())
    if isinstance(module, nn.Linear):
        return Layer(name, "dense", 1, 1, (out.shape[1], 1, 1), size, size, parameters)
    if isinstance(module, nn.Conv2d):
        kind, kernel, stride = "conv", module.kernel_size[0], module.stride[0]
    elif isinstance(module, nn.MaxPool2d):
        kind, kernel, stride = "pool", int(module.kernel_size), int(module.stride)  # type: ignore[arg-type]  # square
    else:
        raise TypeError(f"layer {name} is {type(module).__name__}; known are Conv2d, MaxPool2d, Linear and PReLU")
    channels, rows, columns = out.shape[1:]
    grown = min(field + (kernel - 1) * step, size)
    return Layer(name, kind, kernel, stride, (channels, rows, columns), grown, step * stride, parameters)


def _array(values: Tensor) -> Floats:
    return np.ascontiguousarray(values.detach().cpu().numpy(), np.float32)
