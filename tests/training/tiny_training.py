"""A training that takes seconds: small photos, few windows of each, a few steps."""

from dataclasses import replace

from mtcnn_lite.course.scenes import scenes
from mtcnn_lite.sampling.config import SamplingConfig
from mtcnn_lite.training.augmentation import Augmentation
from mtcnn_lite.training.plan import STAGES

SAMPLING = SamplingConfig(random=10, beside=4, jittered=12, landmarks=6, hardest=20, others=10, turn=5.0)
EASY = {"weights": (1.0, 0.5, 0.5), "keep": 0.7, "distill_weight": 0.5, "augmentation": Augmentation()}
TINY = tuple(
    replace(stage, sampling=SAMPLING, steps=20, batch=56, **EASY)
    for stage in STAGES
    if stage.name in ("pnet-1", "pnet-2", "rnet-1", "rnet-2")  # O-Net is slow
)


def photos(count=22):
    """Composed photos, the same ones each time."""
    return scenes(count, seed=5, height=100, width=140, faces=(1, 3))
