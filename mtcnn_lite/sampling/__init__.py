"""Training samples: which windows of a labelled photo a net learns from, and their targets."""

from mtcnn_lite.sampling.config import SamplingConfig
from mtcnn_lite.sampling.sampler import KINDS, choose, counts, cut, kinds, sample

__all__ = ["KINDS", "SamplingConfig", "choose", "counts", "cut", "kinds", "sample"]
