"""How good a detector is: precision and recall, average precision, recall after each stage, landmark error.

`matching` says which detections are right, and `curves` computes precision, recall and average precision from that.
`stages` measures the nets one by one, `landmarks` the landmark error. `report` puts all of it together for labelled
photos, `bootstrap` gives confidence intervals, and `wider` is the official protocol of WIDER FACE (easy, medium, hard).
`choosing` finds the thresholds that weights are best used with, by the rule of `operating_point`.
"""

from mtcnn_lite.evaluation.bootstrap import bootstrap_interval, differences
from mtcnn_lite.evaluation.choosing import choose_thresholds, reference_detector
from mtcnn_lite.evaluation.curves import Judged, average_precision, judge
from mtcnn_lite.evaluation.landmarks import FAILURE, landmark_error, landmark_errors
from mtcnn_lite.evaluation.matching import match
from mtcnn_lite.evaluation.operating_point import Choice, OperatingPoint
from mtcnn_lite.evaluation.report import PhotoResult, evaluate_photo, report
from mtcnn_lite.evaluation.stages import Reached, reached, reached_in
from mtcnn_lite.evaluation.wider import read_ground_truth, wider_average_precision

__all__ = [
    "FAILURE",
    "Choice",
    "Judged",
    "OperatingPoint",
    "PhotoResult",
    "Reached",
    "average_precision",
    "bootstrap_interval",
    "choose_thresholds",
    "differences",
    "evaluate_photo",
    "judge",
    "landmark_error",
    "landmark_errors",
    "match",
    "reached",
    "reached_in",
    "read_ground_truth",
    "reference_detector",
    "report",
    "wider_average_precision",
]
