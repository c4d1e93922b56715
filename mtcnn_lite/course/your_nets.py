"""A reader's own P-Net, R-Net and O-Net in the place of the package's, with a detector's values in them."""

import inspect
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

from mtcnn_lite.images import Pixels
from mtcnn_lite.nets import NetOutput, Nets, normalise
from mtcnn_lite.runtime.inference import Answer
from mtcnn_lite.runtime.torch_engine import TorchEngine, without_autocast
from mtcnn_lite.weights import nets_of

Net = Callable[[Tensor], Any]  # images (N, 3, H, W) -> probabilities (N, 2, ...), offsets (N, 4, ...), landmarks


class YourEngine(TorchEngine):
    """The nets of a detector, some of them computed by a reader's code; `nets` are still the package's."""

    def __init__(self, nets: Nets, yours: Mapping[str, Net]) -> None:
        super().__init__(nets)
        self._yours = yours
        if "pnet" in yours:
            self._pnet = _Adapted(yours["pnet"])  # type: ignore[assignment]  # called as P-Net is

    def windows(self, net: str, crops: Pixels) -> Answer:
        if net not in self._yours:
            return super().windows(net, crops)
        with torch.inference_mode(), without_autocast("cpu"):
            output = _Adapted(self._yours[net])(normalise(crops))
        points = None if output.landmarks is None else output.landmarks.numpy()
        return output.score.numpy(), output.offsets.numpy(), points


class _Adapted:
    """A reader's net, called as the package's are."""

    def __init__(self, net: Net) -> None:
        self._net = net

    def __call__(self, x: Tensor, points: bool = True) -> NetOutput:
        probabilities, offsets, *rest = (torch.as_tensor(part) for part in self._net(x))
        return NetOutput(probabilities.log(), offsets, rest[0] if rest else None)  # softmax undoes the logarithm


def with_values(name: str, made: Any, nets: Nets) -> Net | None:
    """What a reader handed to `checks.pnet` and its like, as a function of images alone, with the values of `nets`.

    None where it can't have them: a function of images alone holds values of its own.

    Parameters
    ----------
    name : str
        "pnet", "rnet" or "onet".
    made : Module, class, or callable
        As the judge takes it. A module has passed, and so holds the values that ship.
    nets : Nets
        Whose values it gets.
    """
    values = getattr(nets, name).state_dict()
    shipped = getattr(nets_of("mtcnn_lite"), name).state_dict()
    if not isinstance(made, nn.Module):
        takes = len([each for each in inspect.signature(made).parameters.values() if each.default is each.empty])
        if takes == 2:
            return lambda x: made(x, {key: value.clone() for key, value in values.items()})
        same = all(torch.equal(values[key], value) for key, value in shipped.items() if key in values)
        return made if same else None
    own = deepcopy(made).eval()
    with torch.no_grad():
        for parameter in own.parameters():
            source = next((key for key, value in shipped.items() if _same(parameter, value)), None)
            if source is None or source not in values:
                return None
            parameter.copy_(values[source].reshape(parameter.shape))
    return own


def _same(parameter: Tensor, value: Tensor) -> bool:
    return parameter.numel() == value.numel() and torch.equal(parameter.detach().flatten(), value.flatten())
