"""P-Net, R-Net and O-Net (`models`), and the layers that they are made of (`layers`)."""

from mtcnn_lite.nets.models import NetOutput, Nets, ONet, PNet, RNet, normalise

__all__ = ["NetOutput", "Nets", "ONet", "PNet", "RNet", "normalise"]
