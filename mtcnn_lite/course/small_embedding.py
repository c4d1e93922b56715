"""Chapter 12's net: from an aligned face of 32 x 32 px to a point on a sphere, small enough to train in a second."""

from torch import Tensor, nn
from torch.nn import functional


class Net(nn.Module):
    """Two convolutions and a dense layer, 38,080 parameters: (N, 1, 32, 32) to unit vectors (N, 64).

    body: its layers in order; each row that leaves them is brought to length 1.

    >>> import torch
    >>> Net()(torch.zeros(2, 1, 32, 32)).shape
    torch.Size([2, 64])
    """

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.AvgPool2d(2),  # (N, 1, 32, 32) -> (N, 1, 16, 16)
            *(nn.Conv2d(1, 16, 5, stride=2, padding=2), nn.ReLU()),  # (N, 16, 8, 8)
            *(nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.ReLU()),  # (N, 32, 4, 4)
            *(nn.Flatten(), nn.Linear(512, 64)),  # (N, 64)
        )

    def forward(self, x: Tensor) -> Tensor:
        return functional.normalize(self.body(x), dim=1)  # only the direction counts
