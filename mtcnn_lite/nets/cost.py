"""What a net computes for one image, in multiply-adds: the unit in which the chapters compare the three nets."""

from torch import nn


def layer_costs(net: nn.Module) -> list[tuple[int, int, int]]:
    """(kernel, stride, multiply-adds for each place of its output) of the convolutions and poolings, in order.

    >>> from mtcnn_lite.nets import PNet
    >>> layer_costs(PNet())[:2]  # 3 x 3 convolution of 3 channels to 10, then pooling
    [(3, 1, 270), (2, 2, 0)]
    """
    found = []
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d):
            found.append((layer.kernel_size[0], layer.stride[0], layer.weight.numel()))
        elif isinstance(layer, nn.MaxPool2d):
            kernel, stride = layer.kernel_size, layer.stride
            if not isinstance(kernel, int) or not isinstance(stride, int):
                raise ValueError(f"{layer} is no square pooling, of which alone the cost is known")
            found.append((kernel, stride, 0))
    return found


def multiply_adds(net: nn.Module, height: int, width: int) -> int:
    """Multiply-adds of a net's convolutions and dense layers, all heads included, for one image.

    Parameters
    ----------
    net : nn.Module
        Convolutions without padding, each 1 x 1 head after the layers that it reads; poolings round sizes up.
    height, width : int
        Of the image, px; at least the net's window.

    Returns
    -------
    int
        One for each weight and each place at which it is used; PReLU, pooling and biases count nothing.

    Examples
    --------
    >>> from mtcnn_lite.nets import PNet
    >>> multiply_adds(PNet(landmark_head=False), 12, 12)
    44760
    """
    total = sum(layer.weight.numel() for layer in net.modules() if isinstance(layer, nn.Linear))
    for kernel, stride, each in layer_costs(net):
        height, width = -(-(height - kernel) // stride) + 1, -(-(width - kernel) // stride) + 1
        total += each * height * width
    return total
