"""How training crops are changed before a net sees them."""

from dataclasses import dataclass, fields

import numpy as np

from mtcnn_lite.arguments import number
from mtcnn_lite.datasets.augment_crops import colour_batch
from mtcnn_lite.datasets.degrade_crops import compress_batch, darken_batch, noise_batch
from mtcnn_lite.images import Pixels


@dataclass(frozen=True)
class Augmentation:
    """Shares of the crops, 0 to 1, that are changed in each way; each share is drawn by itself. All are recoloured.

    The paper does not say how its crops were changed.

    Parameters
    ----------
    noise, darken, compress : float
        With a sensor's noise, with less light, with few bits.

    Raises
    ------
    ValueError
        For a share that is not from 0 to 1.
    TypeError
        For what is no number.
    """

    noise: float = 0.0
    darken: float = 0.0
    compress: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            share = number(field.name, getattr(self, field.name), lambda v: 0 <= v <= 1, "be from 0 to 1")
            object.__setattr__(self, field.name, share)

    def __call__(self, crops: Pixels, rng: np.random.Generator) -> Pixels:
        """What the net sees of these crops.

        Parameters
        ----------
        crops
            uint8 (N, s, s, 3).
        rng
            Draws everything.

        Returns
        -------
        array
            uint8 (N, s, s, 3).
        """
        crops = noise_batch(darken_batch(colour_batch(crops, rng), rng, self.darken), rng, self.noise)
        return compress_batch(crops, rng, self.compress)
