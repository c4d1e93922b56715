"""What every submission's process begins with: torch on one thread, and the judges."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch

import mtcnn_lite.course.checks
import mtcnn_lite.course.grading.submission  # noqa: F401

torch.set_num_threads(1)
