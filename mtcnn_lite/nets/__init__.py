"""P-Net, R-Net and O-Net (`models`), and the layers that they are made of (`layers`)."""

from mtcnn_lite.nets.models import NET_TYPES, NetOutput, Nets, ONet, PNet, RNet, normalise

__all__ = ["NET_TYPES", "NetOutput", "Nets", "ONet", "PNet", "RNet", "normalise"]
