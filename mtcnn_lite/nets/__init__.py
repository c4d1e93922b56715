"""P-Net, R-Net and O-Net (`models`), the layers that they are made of (`layers`), and what they compute (`cost`)."""

from mtcnn_lite.nets.cost import layer_costs, multiply_adds
from mtcnn_lite.nets.making import make_net
from mtcnn_lite.nets.models import NET_TYPES, NetOutput, Nets, ONet, PNet, RNet, normalise

__all__ = [
    "NET_TYPES",
    "NetOutput",
    "Nets",
    "ONet",
    "PNet",
    "RNet",
    "layer_costs",
    "make_net",
    "multiply_adds",
    "normalise",
]
