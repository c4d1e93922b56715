"""Checks of arrays and tensors: as `arguments`, one error that names the argument, what it was and what it must be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mtcnn_lite.arguments import is_tensor, plain, shown

if TYPE_CHECKING:
    import torch

FAR = 1e9  # more than any coordinate, side or scale means


def floats(name: str, values: object, dtype: DTypeLike | None = np.float32, shape: str = "numbers") -> NDArray[Any]:
    """`values`, an array, a tensor, or a list of numbers, as a float array; those of `dtype` are not copied.

    Subclasses of NumPy's array become plain ones. NaN and infinity pass here (see `finite`).

    Parameters
    ----------
    name : str
        What a message calls it.
    values : object
        What was given.
    dtype : float32, float64 or None
        Of the result; None: float32 stays, all else becomes float64.
    shape : str
        What it must be, for the message.

    Raises
    ------
    TypeError
        For what are no numbers: True and False, None, complex numbers, objects.
    ValueError
        For text, for rows of different lengths, and for masked values.

    Examples
    --------
    >>> floats("boxes", [[0, 0, 4, 3]])
    array([[0., 0., 4., 3.]], dtype=float32)
    """
    if type(values) is np.ndarray and values.dtype == (dtype or np.float32):
        return values
    array = _array(name, values, shape)
    if array.dtype == object:
        array = _of_objects(name, array, shape)
    if array.dtype.kind in "US":  # NumPy's own error for text is a ValueError, too
        raise ValueError(f"{name} holds text, {shown(values)}: could not convert it to numbers; it must be {shape}")
    if array.dtype.kind not in "iuf" and array.size:
        raise TypeError(f"{name} holds {_kind(array)}; it must be {shape}")
    with np.errstate(over="ignore"):  # 1e300 becomes infinity, which `finite` refuses
        return array.astype(dtype or (np.float32 if array.dtype == np.float32 else np.float64), copy=False)


def finite(name: str, array: NDArray[Any], each: str = "every number must be finite") -> NDArray[Any]:
    """The array, which must hold no NaN and no infinity.

    Parameters
    ----------
    name : str
        What a message calls it.
    array : array
        What was given.
    each : str
        The end of the message.
    """
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds NaN or infinity; {each}")
    return array


def shape_of(values: object) -> tuple[int, ...]:
    """The shape that `values` has as an array; (-1,) where it can be none."""
    try:
        return np.asarray(values).shape
    except Exception:  # rows of different lengths, or whatever a class of the reader's own raises
        return (-1,)


def mask(name: str, values: object, count: int) -> NDArray[np.bool_]:
    """`values` as a bool array (count,); zeros and ones are accepted.

    Parameters
    ----------
    name : str
        What a message calls it.
    values : object
        What was given.
    count : int
        How many there must be.

    Raises
    ------
    TypeError, ValueError
        For another type; for another shape and other numbers.
    """
    array = _array(name, values, f"bool ({count},)")
    if array.size and array.dtype.kind not in "biuf":
        raise TypeError(f"{name} holds {_kind(array)}; it must be bool ({count},)")
    if array.shape != (count,):
        raise ValueError(f"{name} has shape {array.shape}; it must be bool ({count},)")
    if array.dtype != bool and not np.isin(array, (0, 1)).all():
        raise ValueError(f"{name} holds {shown(array)}; it must be bool ({count},)")
    return array.astype(bool)


def indices(name: str, values: object, below: int, of: str) -> NDArray[np.int64]:
    """`values` as whole numbers (K,) from 0 to below - 1.

    Parameters
    ----------
    name : str
        What a message calls it.
    values : object
        What was given.
    below : int
        What all must be below.
    of : str
        What they are, for the message.

    Raises
    ------
    TypeError, ValueError
        For another type; for another shape and other numbers.
    """
    must = f"it must be (K,), whole numbers from 0 to {below - 1}: {of}"
    array = _array(name, values, must)
    if array.size and array.dtype.kind not in "iu":
        raise TypeError(f"{name} holds {_kind(array)}; {must}")
    if array.ndim != 1:
        raise ValueError(f"{name} has shape {array.shape}; {must}")
    if array.size and not 0 <= array.min() <= array.max() < below:
        raise ValueError(f"{name} holds {array.min()} to {array.max()}; {must}")
    return array.astype(np.int64)


def labels(name: str, values: object, count: int, of: str) -> NDArray[Any]:
    """`values` as an array (count,) of whole numbers or words: whose, or of which kind, each is.

    Parameters
    ----------
    name : str
        What a message calls it.
    values : object
        What was given.
    count : int
        How many there must be.
    of : str
        What they say it of, for the message.

    Raises
    ------
    TypeError, ValueError
        For another type; for another shape.
    """
    must = f"for {count} {of} it must be ({count},), whole numbers or words"
    array = _array(name, values, must)
    if array.shape != (count,):
        raise ValueError(f"{name} has shape {array.shape}; {must}")
    if array.size and array.dtype.kind not in "iubU" and not (array.dtype.kind == "f" and np.isfinite(array).all()):
        raise TypeError(f"{name} holds {_kind(array)}; {must}")
    return array


def square_crops(name: str, crops: object, size: int | None = None) -> NDArray[np.uint8]:
    """`crops`, which must be uint8 (N, s, s, 3): square pictures in RGB.

    Parameters
    ----------
    name : str
        What a message calls it.
    crops : object
        What was given.
    size : int, optional
        What s must be.

    Raises
    ------
    TypeError
        For what is no array.
    ValueError
        For another shape or type of pixels.
    """
    side = "s" if size is None else str(size)
    must = f"it must be uint8 (N, {side}, {side}, 3)"
    if not isinstance(crops, np.ndarray):
        raise TypeError(f"{name} is {shown(crops)} ({type(crops).__name__}); {must}")
    array = _array(name, crops, must)
    if array.dtype != np.uint8:
        raise ValueError(f"{name} is {array.dtype} of shape {array.shape}; {must}")
    height, width = array.shape[1:3] if array.ndim == 4 else (0, 0)
    if array.ndim != 4 or array.shape[3] != 3 or height != width or not height or size not in (None, height):
        raise ValueError(f"{name} is {array.dtype} of shape {array.shape}; {must}")
    return array


def tensor(name: str, value: object, must: str, axes: int | None = None, kinds: str = "f") -> torch.Tensor:
    """`value`, which must be a torch tensor of numbers in memory.

    Parameters
    ----------
    name : str
        What a message calls it.
    value : object
        What was given.
    must : str
        What it must be, for the message.
    axes : int, optional
        How many it must have.
    kinds : str
        Of its numbers: f float, i whole, b bool.

    Raises
    ------
    TypeError
        For what is no tensor, and for numbers of another kind.
    ValueError
        For another number of axes.

    Examples
    --------
    >>> import torch
    >>> tensor("losses", torch.tensor([0.5, 1.5]), "float (N,)", axes=1)
    tensor([0.5000, 1.5000])
    """
    if not is_tensor(value):
        raise TypeError(f"{name} is {shown(value)} ({type(value).__name__}); it must be a torch tensor, {must}")
    kind = (
        "f"
        if value.is_floating_point()
        else "b"
        if str(value.dtype) == "torch.bool"
        else "c"
        if value.is_complex()
        else "i"
    )
    if kind not in kinds or str(value.layout) != "torch.strided" or value.is_quantized or value.device.type == "meta":
        raise TypeError(f"{name} is {_described(value)}; it must be {must}")
    if axes is not None and value.ndim != axes:
        raise ValueError(f"{name} has shape {tuple(value.shape)}; it must be {must}")
    return value


def finite_tensor(name: str, value: torch.Tensor) -> torch.Tensor:
    """The tensor, which must hold no NaN and no infinity."""
    if not value.isfinite().all():
        raise ValueError(f"{name} holds NaN or infinity; every number must be finite")
    return value


def _described(value: torch.Tensor) -> str:
    where = "" if value.device.type != "meta" else " without numbers (meta)"
    layout = "" if str(value.layout) == "torch.strided" else f" ({value.layout})"
    return f"{value.dtype} of shape {tuple(value.shape)}{layout}{where}"


def _array(name: str, values: object, must: str) -> NDArray[Any]:
    """As a plain array, whatever it holds."""
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        raise ValueError(f"{name} has masked values; fill them first, as {name}.filled(0) does")
    try:
        if is_tensor(values):
            values = values.detach().cpu()
            values = (values.float() if str(values.dtype) == "torch.bfloat16" else values).numpy()
        return np.asarray(values)
    except ValueError:
        raise ValueError(f"{name} has rows of different lengths, {shown(values)}; it must be {must}") from None
    except Exception:  # whatever a class of the reader's own, or a tensor without numbers, raises
        raise TypeError(f"{name} is {shown(values)} ({type(values).__name__}); it must be {must}") from None


def _of_objects(name: str, array: NDArray[Any], must: str) -> NDArray[Any]:
    """An object array of numbers, such as Fractions and ints over 64 bits, as float64."""
    known = [plain(value) for value in array.ravel()]
    if any(value is None for value in known):
        wrong = next(value for value, number in zip(array.ravel(), known, strict=True) if number is None)
        raise TypeError(f"{name} holds {shown(wrong)} ({type(wrong).__name__}); it must be {must}")
    return np.array(known, np.float64).reshape(array.shape)


def _kind(array: NDArray[Any]) -> str:
    names = {"b": "True and False", "U": "text", "S": "bytes", "c": "complex numbers", "O": "objects"}
    return names.get(array.dtype.kind, f"{shown(str(array.dtype))} values") if array.dtype.kind != "f" else "fractions"
