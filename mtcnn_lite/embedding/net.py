"""The embedding net: from an aligned face of 32 x 32 px to 64 numbers, a point on the unit sphere."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from mtcnn_lite.arguments import instance
from mtcnn_lite.array_arguments import square_crops
from mtcnn_lite.boxes import Floats
from mtcnn_lite.images import Pixels
from mtcnn_lite.nets.layers import PReLU

SIZE = 32  # px: side of the crops that it reads, aligned with `alignment.template(32)`
BATCH = 256  # crops embedded at once: bounds memory
GRAY = (0.299, 0.587, 0.114)  # of red, green and blue, ITU-R BT.601: as Pillow and OpenCV make gray


class EmbeddingNet(nn.Module):
    """Three convolutions and a dense layer, 150,928 parameters: (N, 1, 32, 32) to unit vectors (N, 64).

    FaceNet's nets have 4 to 140 million parameters and give 128 numbers; this one learns in a minute on one core.
    """

    def __init__(self) -> None:
        super().__init__()
        self.block1, self.block2, self.block3 = _block(1, 24), _block(24, 48), _block(48, 96)
        self.dense = nn.Linear(96 * 4 * 4, 64)

    def forward(self, x: Tensor) -> Tensor:  # x: (N, 1, 32, 32)
        x = self.block1(x)  # 32 -> 16                              (N, 24, 16, 16)
        x = self.block2(x)  # 16 -> 8                               (N, 48, 8, 8)
        x = self.block3(x)  # 8 -> 4                                (N, 96, 4, 4)
        x = self.dense(x.flatten(1))  # 96 * 4 * 4 = 1536           (N, 64)
        return functional.normalize(x, dim=1)  # length 1, as in FaceNet: only the direction counts


def prepare(crops: Pixels) -> Tensor:
    """Aligned crops, uint8 RGB (N, 32, 32, 3), to what the net reads: gray, -1 to 1, float32 (N, 1, 32, 32).

    Everything outside an oval round the face is set to 0: two views of one photo share its background, and a net would
    learn that sooner than the face. Raises ValueError for another shape or type of pixels, TypeError for what is no
    array.
    """
    gray = square_crops("crops", crops, SIZE).astype(np.float32) @ np.array(GRAY, np.float32)  # (N, 32, 32)
    return torch.from_numpy((gray - 127.5) / 128 * OVAL)[:, None]


def embed(net: nn.Module, crops: Pixels) -> Floats:
    """Each crop's embedding, float32 (N, 64); the net is set to evaluation mode. Raises as `prepare`."""
    instance("net", net, nn.Module, "a net, such as EmbeddingNet()")
    crops = square_crops("crops", crops, SIZE)
    net.eval()
    with torch.no_grad():
        parts = [net(prepare(crops[k : k + BATCH])).numpy() for k in range(0, len(crops), BATCH)]
    return np.concatenate(parts) if parts else np.zeros((0, 64), np.float32)


def _oval() -> Floats:
    """1 inside, 0 outside: 26 x 31 px, its middle between nose and eyes and a little low, to take in the chin."""
    y, x = np.mgrid[:SIZE, :SIZE]
    return (((x - 15.5) / 13) ** 2 + ((y - 17) / 15.5) ** 2 <= 1).astype(np.float32)


OVAL = _oval()


def _block(inside: int, outside: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inside, outside, 3, padding=1, bias=False),
        nn.BatchNorm2d(outside),
        PReLU(outside),  # nn.PReLU's numbers, and its gradient in less time
        nn.MaxPool2d(2),
    )
