"""How good a detector is: precision and recall, average precision, recall after each stage, landmark error.

`matching` says which detection is right, `curves` makes numbers of that, `stages` looks at the nets one by one,
`landmarks` at the points; `report` puts all of it together for labelled photos, `resample` says how far such figures
would move on other photos, and `wider` is the official protocol of WIDER FACE's easy, medium and hard.
"""

from mtcnn_lite.evaluation.curves import Judged, average_precision, judge
from mtcnn_lite.evaluation.landmarks import FAILURE, landmark_error, landmark_errors
from mtcnn_lite.evaluation.matching import match
from mtcnn_lite.evaluation.report import Outcome, outcome, report
from mtcnn_lite.evaluation.resample import differences, interval
from mtcnn_lite.evaluation.stages import Reached, reached, reached_in
from mtcnn_lite.evaluation.wider import read_ground_truth, wider_average_precision

__all__ = [
    "FAILURE",
    "Judged",
    "Outcome",
    "Reached",
    "average_precision",
    "differences",
    "interval",
    "judge",
    "landmark_error",
    "landmark_errors",
    "match",
    "outcome",
    "reached",
    "reached_in",
    "read_ground_truth",
    "report",
    "wider_average_precision",
]
