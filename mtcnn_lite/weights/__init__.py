"""Weights: those that ship, folders of your own, and the authors' released values."""

from os import PathLike

from mtcnn_lite.nets import Nets
from mtcnn_lite.weights.files import NET_TYPES, WeightsError, load_weights, save_weights
from mtcnn_lite.weights.released import zhang2016

__all__ = ["NET_TYPES", "WeightsError", "load_weights", "nets_of", "save_weights", "zhang2016"]


def nets_of(weights: str | PathLike[str] | Nets) -> Nets:
    """The nets that `weights` names, ready to be asked: "zhang2016", a folder, or nets, which come back themselves.

    Raises WeightsError where they are missing or don't fit, and where O-Net has no landmark head.
    """
    if isinstance(weights, Nets):
        nets = weights.ready()
    else:
        nets = zhang2016() if weights == "zhang2016" else load_weights(weights)
    if nets.onet.landmarks is None:
        raise WeightsError("weights has an O-Net without a landmark head; only P-Net and R-Net may lack it")
    return nets
