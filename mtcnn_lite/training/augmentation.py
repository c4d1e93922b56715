"""How training crops are changed before a net sees them, and what a teacher sees of that."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from mtcnn_lite.arguments import number
from mtcnn_lite.datasets.augment_crops import colour_batch, cutout_batch, mixup_batch, random_crop_batch
from mtcnn_lite.datasets.degrade_crops import compress_batch, darken_batch, downscale_batch, noise_batch
from mtcnn_lite.images import Pixels


@dataclass(frozen=True)
class Augmentation:
    """Shares of the crops, 0 to 1, that are changed in each way; each share is drawn by itself. All are recoloured.

    The paper does not say how its crops were changed.

    Parameters
    ----------
    cutout : float
        Partly covered.
    mixup : float
        Blends of two, where a run has a teacher: only that can label them.
    random_crop : float
        Cropped again, closer, where a run has a teacher: windows that fit no face well.
    downscale : float
        Made small and enlarged again, as faces from distant or poor cameras.
    noise, darken, compress : float
        With a sensor's noise, with less light, with few bits.

    Raises
    ------
    ValueError
        For a share that is not from 0 to 1.
    TypeError
        For what is no number.
    """

    cutout: float = 0.0
    mixup: float = 0.0
    random_crop: float = 0.0
    downscale: float = 0.0
    noise: float = 0.0
    darken: float = 0.0
    compress: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            share = number(field.name, getattr(self, field.name), lambda v: 0 <= v <= 1, "be from 0 to 1")
            object.__setattr__(self, field.name, share)

    def __call__(
        self, crops: Pixels, rng: np.random.Generator, taught: bool
    ) -> tuple[Pixels, Pixels, NDArray[np.bool_]]:
        """What the net sees of these crops, what a teacher sees, and for which ones no label holds.

        The teacher sees them before they are degraded. So the net learns to answer for a poor image as the teacher does
        for a good one.

        Parameters
        ----------
        crops
            uint8 (N, s, s, 3).
        rng
            Draws everything.
        taught
            Whether there is a teacher; without one nothing is blended or cropped again.

        Returns
        -------
        tuple
            uint8 (N, s, s, 3), uint8 (N, s, s, 3), bool (N,).
        """
        clean = cutout_batch(colour_batch(crops, rng), rng, self.cutout)
        unlabelled = np.zeros(len(crops), bool)
        if taught:
            clean, blended = mixup_batch(clean, rng, self.mixup)
            clean, cropped = random_crop_batch(clean, rng, self.random_crop)
            unlabelled = blended | cropped
        seen = noise_batch(darken_batch(downscale_batch(clean, rng, self.downscale), rng, self.darken), rng, self.noise)
        return compress_batch(seen, rng, self.compress), clean, unlabelled
