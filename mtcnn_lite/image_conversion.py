"""For error messages: the line of code that makes an image of what was given instead."""

from __future__ import annotations

from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mtcnn_lite.arguments import is_tensor

CHANNELS = (1, 3, 4)  # gray, RGB, RGBA
OVERSHOOT = 0.1  # how far resizing may bring values beyond 0 to 1


def conversion(given: Any, name: str = "image", axes: int = 3) -> str | None:
    """Code that makes uint8 (H, W, 3) of `given`, or (N, H, W, 3); None where one line can't.

    Parameters
    ----------
    given : tensor, array, PIL image, or list of numbers
        Of another shape or type. A batch of one becomes an image, a larger one an array of images.
    name : str
        What the code calls it.
    axes : 3 or 4
        Whether an image is wanted or a batch.

    Examples
    --------
    >>> conversion(np.zeros((1, 3, 48, 64), np.float32))
    '(image[0].transpose(1, 2, 0) * 255).round().astype(np.uint8)'
    """
    if isinstance(given, Image.Image):
        return f"np.asarray({name})" if given.mode in ("L", "RGB", "RGBA") else f'np.asarray({name}.convert("RGB"))'
    try:
        code, values = (name, given) if is_tensor(given) or isinstance(given, np.ndarray) else _from_list(given, name)
        code, values = _with_channels_last(code, values, axes)
        if is_tensor(values):
            code, values = _from_tensor(code, values)
        return _as_bytes(code, np.asarray(values))
    except Exception:  # one of the steps is not for such a thing: rows of different lengths, another number of axes
        return None


def advice(image: Any) -> str:
    """The end of an error message about what is no image: the code that makes one of it, or nothing.

    >>> advice([[0, 255], [255, 0]])
    ': convert it with np.asarray(image).astype(np.uint8)'
    """
    if isinstance(image, str | PathLike):
        return ": read_image(image) reads a file"
    if isinstance(image, bytes | bytearray):
        return ": decode_image(image, name) reads the bytes of a file"
    if isinstance(image, list | tuple) and image and all(map(_is_picture, image)):
        if len(image) > 1:
            return f": it holds {len(image)} images, for detect_many(image)"
        return f": convert it with {conversion(image[0], 'image[0]') or 'image[0]'}"
    line = conversion(image)
    if line is None:
        return _values(image)
    if (isinstance(image, np.ndarray) or is_tensor(image)) and image.ndim == 4 and len(image) > 1:
        return f": it holds {len(image)} images, for detect_many({line})"
    return f": convert it with {line}"


def named(image: object) -> str:
    """What `image` is, in an error message.

    >>> named(np.zeros((1, 3, 48, 64)))
    'a float64 array of shape (1, 3, 48, 64)'
    """
    if is_tensor(image):
        return f"a {str(image.dtype).removeprefix('torch.')} tensor of shape {tuple(image.shape)}"
    if isinstance(image, np.ndarray):
        return f"a {image.dtype} array of shape {image.shape}"
    return f"a PIL image, {image.mode}" if isinstance(image, Image.Image) else f"a {type(image).__name__}"


def _values(image: Any) -> str:
    """The end of an error message about numbers that are no brightness: what they are."""
    if is_tensor(image):
        if not image.is_floating_point() or image.device.type == "meta" or str(image.layout) != "torch.strided":
            return ""
        image = image.detach().cpu().float().numpy()
    if not isinstance(image, np.ndarray) or image.dtype.kind not in "if" or not image.size:
        return ""
    if not np.isfinite(image).all():
        return ", and it holds NaN or infinity, which are no brightness"
    return f", and its values are from {image.min():g} to {image.max():g}"


def _is_picture(item: object) -> bool:
    return isinstance(item, Image.Image) or getattr(item, "ndim", 0) == 3


def _from_list(given: Any, name: str) -> tuple[str, NDArray[Any]]:
    """Also from other libraries' arrays."""
    return f"np.asarray({name})", np.asarray(given)


def _with_channels_last(code: str, values: Any, axes: int) -> tuple[str, Any]:
    while len(values) == 1 and (values.ndim > axes or (axes == values.ndim == 3 and values.shape[2] not in CHANNELS)):
        code, values = f"{code}[0]", values[0]
    if values.ndim > 2 and values.shape[-1] not in CHANNELS and values.shape[-3] in CHANNELS:
        order = {3: (1, 2, 0), 4: (0, 2, 3, 1)}[values.ndim]
        turn = "permute" if is_tensor(values) else "transpose"
        code, values = f"{code}.{turn}{order}", getattr(values, turn)(*order)
    if values.ndim not in (2, 3, 4) or (values.ndim > 2 and values.shape[-1] not in CHANNELS):
        raise ValueError("no image")
    return code, values


def _from_tensor(code: str, tensor: Any) -> tuple[str, NDArray[Any]]:
    steps = {
        ".detach()": tensor.requires_grad,
        ".cpu()": tensor.device.type != "cpu",
        ".float()": str(tensor.dtype) == "torch.bfloat16",  # which NumPy has not
    }
    tensor = tensor.detach().cpu()
    return (
        code + "".join(step for step, needed in steps.items() if needed) + ".numpy()",
        (tensor.float() if steps[".float()"] else tensor).numpy(),
    )


def _as_bytes(code: str, values: NDArray[Any]) -> str | None:
    """The code with the values brought to uint8, 0 to 255, by what they are now."""
    low, high, kind = values.min(), values.max(), values.dtype.kind
    if values.dtype == np.uint8:
        return code
    if kind == "b":
        return f"{code}.astype(np.uint8) * 255"
    if kind in "iu" and low >= 0 and high <= 255:
        return f"{code}.astype(np.uint8)"
    if values.dtype == np.uint16:
        return f"({code} // 256).astype(np.uint8)"
    if kind == "f" and low >= 0 and high <= 1:
        return f"({code} * 255).round().astype(np.uint8)"
    if kind == "f" and low >= -OVERSHOOT and high <= 1 + OVERSHOOT:
        return f"({code}.clip(0, 1) * 255).round().astype(np.uint8)"
    if kind == "f" and low >= -1 and high <= 1:
        return f"({code} * 127.5 + 127.5).round().astype(np.uint8)"
    if kind == "f" and low >= 0 and high <= 255:
        return f"{code}.round().astype(np.uint8)"
    return None
