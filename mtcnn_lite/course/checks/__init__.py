"""The exercises' judges: `checks.decode_offsets(my_decode_offsets)` says whether yours is right, and if not, why.

Each takes your function and returns a `Verdict`, which shows itself in a notebook: passed, or the smallest case that
fails, what came out, what should have, a drawing, and a hint that names the likely mistake. It counts as true where you
passed: `mine if checks.decode_offsets(mine) else boxes.decode_offsets`. Your function may use loops, numpy or torch.

What passes in a notebook is remembered for the later chapters (`mtcnn_lite.course.mine`), and `checks.progress()` lists
all exercises: passed, not yet, or untouched.
`verdict.seen()` shows what a function of the cascade, right or wrong, makes of a photo in the live detector.
"""

import inspect
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any

from mtcnn_lite.course.checks.anchor_grid import anchor_grid
from mtcnn_lite.course.checks.area_average import area_average
from mtcnn_lite.course.checks.average_precision import average_precision
from mtcnn_lite.course.checks.box_target import box_target
from mtcnn_lite.course.checks.candidate_windows import candidate_windows
from mtcnn_lite.course.checks.decode_offsets import decode_offsets
from mtcnn_lite.course.checks.detection_loss import detection_loss
from mtcnn_lite.course.checks.embedding_net import embedding_net
from mtcnn_lite.course.checks.encode import encode
from mtcnn_lite.course.checks.focal_loss import focal_loss
from mtcnn_lite.course.checks.fpn_merge import fpn_merge
from mtcnn_lite.course.checks.giou import giou
from mtcnn_lite.course.checks.hard_examples import hard_examples
from mtcnn_lite.course.checks.hard_negatives import hard_negatives
from mtcnn_lite.course.checks.hard_windows import hard_windows
from mtcnn_lite.course.checks.iou import iou
from mtcnn_lite.course.checks.iou_matrix import iou_matrix
from mtcnn_lite.course.checks.judge import Verdict
from mtcnn_lite.course.checks.landmark_error import landmark_error
from mtcnn_lite.course.checks.landmark_target import landmark_target
from mtcnn_lite.course.checks.landmarks_to_image import landmarks_to_image
from mtcnn_lite.course.checks.learning_rate import learning_rate
from mtcnn_lite.course.checks.loss_from_logits import loss_from_logits
from mtcnn_lite.course.checks.multitask_loss import multitask_loss
from mtcnn_lite.course.checks.nms import nms
from mtcnn_lite.course.checks.onet import onet
from mtcnn_lite.course.checks.operating_point import operating_point
from mtcnn_lite.course.checks.pnet import pnet
from mtcnn_lite.course.checks.pyramid_scales import pyramid_scales
from mtcnn_lite.course.checks.rnet import rnet
from mtcnn_lite.course.checks.sample_kind import sample_kind
from mtcnn_lite.course.checks.seen import seen
from mtcnn_lite.course.checks.semi_hard_triplets import semi_hard_triplets
from mtcnn_lite.course.checks.similarity_transform import similarity_transform
from mtcnn_lite.course.checks.soft_nms import soft_nms
from mtcnn_lite.course.checks.square_boxes import square_boxes
from mtcnn_lite.course.checks.staged_training import staged_training
from mtcnn_lite.course.checks.train_rnet import train_rnet
from mtcnn_lite.course.checks.triplet_loss import triplet_loss
from mtcnn_lite.course.progress import progress, record
from mtcnn_lite.course.remembered import remember

__all__ = [
    "Verdict", "anchor_grid", "area_average", "average_precision", "box_target", "candidate_windows", "decode_offsets",
    "detection_loss", "embedding_net", "encode", "focal_loss", "fpn_merge", "giou", "hard_examples", "hard_negatives",
    "hard_windows", "iou", "iou_matrix", "landmark_error", "landmark_target", "landmarks_to_image", "learning_rate",
    "loss_from_logits", "multitask_loss", "nms", "onet", "operating_point", "pnet", "progress", "pyramid_scales",
    "rnet", "sample_kind", "seen", "semi_hard_triplets", "similarity_transform", "soft_nms", "square_boxes",
    "staged_training", "train_rnet", "triplet_loss",
]  # fmt: skip


def _remembering(judge: Callable[..., Verdict]) -> Callable[..., Verdict]:
    """The judge of an exercise; what it says is recorded, and of a function that passed, the
    verdict also says what became of it."""

    @wraps(judge)
    def verdict(fn: Any) -> Verdict:
        said = judge(fn)
        record(judge.__name__, fn, said.state)
        note = remember(judge.__name__, fn, lambda kept: bool(judge(kept))) if said else ""
        return replace(said, hint=f"{said.hint} {note}") if note else said

    return verdict


def _is_judge(each: Any) -> bool:
    return inspect.isfunction(each) and inspect.signature(each).return_annotation is Verdict


globals().update({name: _remembering(globals()[name]) for name in __all__ if _is_judge(globals()[name])})
