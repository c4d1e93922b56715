"""The three nets, layer by layer as their authors released them, each with three heads.

Input: float32 (N, 3, size, size), RGB, (pixel - 127.5) / 128; size is 12, 24 or 48. All pooling is in
ceil mode (it was trained in Caffe, which rounds up). PReLU has one slope a channel.
"""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mtcnn_lite.coordinates import mirror_in_window, mirror_offsets
from mtcnn_lite.net_names import NET_SIZES
from mtcnn_lite.nets.layers import MaxPool2d, PReLU


class NetOutput(NamedTuple):
    """A net's output for N windows; P-Net adds a row and a column axis, (N, C, rows, columns).

    face: two logits (N, 2), "no face" and "face". offsets: (N, 4), see `boxes.decode_offsets`. landmarks: (N, 10),
    x1..x5 y1..y5 in window coordinates, or None where the weights have no such head.
    """

    face: Tensor
    offsets: Tensor
    landmarks: Tensor | None

    @property
    def score(self) -> Tensor:
        """Probability of "face": softmax of the two logits, shape (N,) or (N, rows, columns)."""
        return torch.sigmoid(self.face[:, 1] - self.face[:, 0])  # the same as softmax(...)[1], of two

    @property
    def flat(self) -> "NetOutput":
        """The same for N windows, without the row and the column that P-Net adds: (N, 2), (N, 4), (N, 10)."""
        points = None if self.landmarks is None else self.landmarks.flatten(1)
        return NetOutput(self.face.flatten(1), self.offsets.flatten(1), points)

    def unmirror(self) -> "NetOutput":
        """The output for N windows, from that for their mirror images; it is `flat`.

        >>> output = NetOutput(torch.zeros(1, 2), torch.tensor([[0.25, 0.0, 0.5, 0.0]]), None)
        >>> output.unmirror().offsets.tolist()
        [[-0.5, 0.0, -0.25, 0.0]]
        """
        face, offsets, landmarks = self.flat
        if landmarks is not None:
            points = mirror_in_window(landmarks.view(-1, 2, 5).transpose(1, 2))  # (N, 5, 2)
            landmarks = points.transpose(1, 2).reshape(-1, 10)
        return NetOutput(face, mirror_offsets(offsets), landmarks)


def normalise(images: NDArray[np.uint8]) -> Tensor:
    """uint8 (N, H, W, 3) to what the nets read: float32 (N, 3, H, W), -1 to 1, in channels-last memory."""
    return torch.from_numpy(images).permute(0, 3, 1, 2).float().sub_(127.5).mul_(1 / 128)


class PNet(nn.Module):
    """Proposal net: 12 x 12 windows. Fully convolutional, so one pass over a photo scores every window in it."""

    size = NET_SIZES["pnet"]

    def __init__(self, landmark_head: bool = True) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 10, 3)
        self.prelu1 = PReLU(10)
        self.pool1 = MaxPool2d(2, 2)
        self.conv2 = nn.Conv2d(10, 16, 3)
        self.prelu2 = PReLU(16)
        self.conv3 = nn.Conv2d(16, 32, 3)
        self.prelu3 = PReLU(32)
        self.face = nn.Conv2d(32, 2, 1)
        self.offsets = nn.Conv2d(32, 4, 1)
        self.landmarks = nn.Conv2d(32, 10, 1) if landmark_head else None
        self.float()  # whatever torch's default type is

    def forward(self, x: Tensor, points: bool = True) -> NetOutput:  # x: (N, 3, H, W), H and W at least 12
        """The output for each window of 12 x 12 px; `points` False leaves out the landmarks, which detection skips."""
        x = self.pool1(self.prelu1(self.conv1(x)))  # 12 -> 10 -> 5       (N, 10, 5, 5)
        x = self.prelu2(self.conv2(x))  # 5 -> 3                          (N, 16, 3, 3)
        x = self.prelu3(self.conv3(x))  # 3 -> 1                          (N, 32, 1, 1)
        return NetOutput(self.face(x), self.offsets(x), self.landmarks(x) if self.landmarks and points else None)


class RNet(nn.Module):
    """Refinement net: 24 x 24 crops, one output each."""

    size = NET_SIZES["rnet"]

    def __init__(self, landmark_head: bool = True) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 28, 3)
        self.prelu1 = PReLU(28)
        self.pool1 = MaxPool2d(3, 2)
        self.conv2 = nn.Conv2d(28, 48, 3)
        self.prelu2 = PReLU(48)
        self.pool2 = MaxPool2d(3, 2)
        self.conv3 = nn.Conv2d(48, 64, 2)
        self.prelu3 = PReLU(64)
        self.dense4 = nn.Linear(64 * 3 * 3, 128)
        self.prelu4 = PReLU(128)
        self.face = nn.Linear(128, 2)
        self.offsets = nn.Linear(128, 4)
        self.landmarks = nn.Linear(128, 10) if landmark_head else None
        self.float()  # whatever torch's default type is

    def forward(self, x: Tensor) -> NetOutput:  # x: (N, 3, 24, 24)
        x = self.pool1(self.prelu1(self.conv1(x)))  # 24 -> 22 -> 11      (N, 28, 11, 11)
        x = self.pool2(self.prelu2(self.conv2(x)))  # 11 -> 9 -> 4        (N, 48, 4, 4)
        x = self.prelu3(self.conv3(x))  # 4 -> 3                          (N, 64, 3, 3)
        x = self.prelu4(self.dense4(x.flatten(1)))  # 64 * 3 * 3 = 576    (N, 128)
        return NetOutput(self.face(x), self.offsets(x), self.landmarks(x) if self.landmarks else None)


class ONet(nn.Module):
    """Output net: 48 x 48 crops; it decides on face, box and landmarks."""

    size = NET_SIZES["onet"]

    def __init__(self, landmark_head: bool = True) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 32, 3)
        self.prelu1 = PReLU(32)
        self.pool1 = MaxPool2d(3, 2)
        self.conv2 = nn.Conv2d(32, 64, 3)
        self.prelu2 = PReLU(64)
        self.pool2 = MaxPool2d(3, 2)
        self.conv3 = nn.Conv2d(64, 64, 3)
        self.prelu3 = PReLU(64)
        self.pool3 = MaxPool2d(2, 2)
        self.conv4 = nn.Conv2d(64, 128, 2)
        self.prelu4 = PReLU(128)
        self.dense5 = nn.Linear(128 * 3 * 3, 256)
        self.prelu5 = PReLU(256)
        self.face = nn.Linear(256, 2)
        self.offsets = nn.Linear(256, 4)
        self.landmarks = nn.Linear(256, 10) if landmark_head else None
        self.float()  # whatever torch's default type is

    def forward(self, x: Tensor) -> NetOutput:  # x: (N, 3, 48, 48)
        x = self.pool1(self.prelu1(self.conv1(x)))  # 48 -> 46 -> 23      (N, 32, 23, 23)
        x = self.pool2(self.prelu2(self.conv2(x)))  # 23 -> 21 -> 10      (N, 64, 10, 10)
        x = self.pool3(self.prelu3(self.conv3(x)))  # 10 -> 8 -> 4        (N, 64, 4, 4)
        x = self.prelu4(self.conv4(x))  # 4 -> 3                          (N, 128, 3, 3)
        x = self.prelu5(self.dense5(x.flatten(1)))  # 128 * 3 * 3 = 1152  (N, 256)
        return NetOutput(self.face(x), self.offsets(x), self.landmarks(x) if self.landmarks else None)


NET_TYPES: dict[str, type[PNet] | type[RNet] | type[ONet]] = {"pnet": PNet, "rnet": RNet, "onet": ONet}


class Nets(NamedTuple):
    """The three nets of one cascade, ready for use: evaluation mode, channels-last weights."""

    pnet: PNet
    rnet: RNet
    onet: ONet

    def ready(self) -> "Nets":
        """These nets, set to evaluation mode, with their weights in channels-last memory, which CPUs read faster."""
        for net in self:
            net.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack it
        return self
