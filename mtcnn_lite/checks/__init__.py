"""The exercises' judges: `checks.decode_offsets(my_decode_offsets)` says whether yours is right, and if not, why.

Each takes your function and returns a `Verdict`, which shows itself in a notebook: passed, or the smallest case that
fails, what came out, what should have, a drawing, and a hint that names the likely mistake. It counts as true where you
passed: `mine if checks.decode_offsets(mine) else boxes.decode_offsets`. Your function may use loops, numpy or torch.
"""

from mtcnn_lite.checks.alignment import similarity_transform
from mtcnn_lite.checks.anchors import anchor_grid
from mtcnn_lite.checks.detection import detection_loss
from mtcnn_lite.checks.embedding import triplet_loss
from mtcnn_lite.checks.focal import focal_loss
from mtcnn_lite.checks.landmarks import landmark_error
from mtcnn_lite.checks.mining import hard_examples
from mtcnn_lite.checks.multitask import multitask_loss
from mtcnn_lite.checks.offsets import decode_offsets
from mtcnn_lite.checks.overlap import iou
from mtcnn_lite.checks.points import landmarks_to_image
from mtcnn_lite.checks.precision import average_precision
from mtcnn_lite.checks.samples import sample_kind
from mtcnn_lite.checks.scales import pyramid_scales
from mtcnn_lite.checks.soft_suppression import soft_nms
from mtcnn_lite.checks.squares import square_boxes
from mtcnn_lite.checks.suppression import nms
from mtcnn_lite.checks.targets import box_target
from mtcnn_lite.checks.training import learning_rate
from mtcnn_lite.checks.verdict import Verdict
from mtcnn_lite.checks.windows import candidate_windows

__all__ = [
    "Verdict",
    "anchor_grid",
    "average_precision",
    "box_target",
    "candidate_windows",
    "decode_offsets",
    "detection_loss",
    "focal_loss",
    "hard_examples",
    "iou",
    "landmark_error",
    "landmarks_to_image",
    "learning_rate",
    "multitask_loss",
    "nms",
    "pyramid_scales",
    "sample_kind",
    "similarity_transform",
    "soft_nms",
    "square_boxes",
    "triplet_loss",
]
