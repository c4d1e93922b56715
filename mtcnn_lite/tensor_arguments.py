"""Checks of torch's tensors: as `arguments`, one error that names the argument, what it was and what it must be."""

import torch

from mtcnn_lite.arguments import shown


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
    >>> tensor("losses", torch.tensor([0.5, 1.5]), "float (N,)", axes=1)
    tensor([0.5000, 1.5000])
    """
    if not isinstance(value, torch.Tensor):
        raise TypeError(f"{name} is {shown(value)} ({type(value).__name__}); it must be a torch tensor, {must}")
    kind = (
        "f" if value.is_floating_point() else "b" if value.dtype == torch.bool else "c" if value.is_complex() else "i"
    )
    if kind not in kinds or value.layout != torch.strided or value.is_quantized or value.device.type == "meta":
        raise TypeError(f"{name} is {_described(value)}; it must be {must}")
    if axes is not None and value.ndim != axes:
        raise ValueError(f"{name} has shape {tuple(value.shape)}; it must be {must}")
    return value


def finite_tensor(name: str, value: torch.Tensor) -> torch.Tensor:
    """The tensor, which must hold no NaN and no infinity."""
    if not torch.isfinite(value).all():
        raise ValueError(f"{name} holds NaN or infinity; every number must be finite")
    return value


def _described(value: torch.Tensor) -> str:
    where = "" if value.device.type != "meta" else " without numbers (meta)"
    layout = "" if value.layout == torch.strided else f" ({value.layout})"
    return f"{value.dtype} of shape {tuple(value.shape)}{layout}{where}"
