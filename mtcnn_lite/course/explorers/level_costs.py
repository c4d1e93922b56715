"""The levels of a photo's pyramid: how many windows each has, and what P-Net computes on it."""

from dataclasses import dataclass

from mtcnn_lite import pyramid
from mtcnn_lite.nets import PNet, multiply_adds

PNET = PNet(landmark_head=False)  # the landmark head is left out where P-Net looks for faces


@dataclass(frozen=True)
class LevelCost:
    """One level: its scale, its size in px, its map's size in cells, what P-Net computes on it."""

    scale: float
    height: int
    width: int
    rows: int
    columns: int
    multiply_adds: int

    @property
    def window(self) -> float:
        """Side of P-Net's window, px of the photo."""
        return pyramid.CELL / self.scale

    @property
    def windows(self) -> int:
        return self.rows * self.columns


@dataclass(frozen=True)
class PyramidCost:
    """The levels of a photo of `height` x `width` px, largest first; there may be none."""

    height: int
    width: int
    levels: tuple[LevelCost, ...]

    @property
    def windows(self) -> int:
        return sum(level.windows for level in self.levels)

    @property
    def multiply_adds(self) -> int:
        return sum(level.multiply_adds for level in self.levels)


def view(height: int, width: int, min_face: float, factor: float) -> PyramidCost:
    """The levels of such a photo, their windows and their cost.

    Parameters
    ----------
    height, width : int, of the photo, px
    min_face : float, side of the smallest face that is looked for, px; at least 12
    factor : float, scale from each level to the next, between 0 and 1

    Examples
    --------
    >>> cost = view(512, 512, min_face=20, factor=0.709)
    >>> len(cost.levels), cost.windows
    (10, 42721)
    """
    levels = []
    for scale in pyramid.pyramid_scales(height, width, min_face, factor):
        size = pyramid.level_size(height, width, scale)
        levels.append(LevelCost(scale, *size, *pyramid.map_size(*size), multiply_adds(PNET, *size)))
    return PyramidCost(height, width, tuple(levels))
