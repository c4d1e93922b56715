"""The course's exercises, in its order: what the reader writes, which judge it has, and where it stands.

>>> EXERCISES["pnet"]
Exercise(name='pnet', written='build_pnet', notebook='03_pnet', difficulty='stretch')
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Exercise:
    """name: the judge's, `checks.NAME`. written: the function that the reader writes. notebook: without its ending.

    difficulty: "easy", "medium" or "stretch"; `pages.EXERCISE` has the minutes of each.
    """

    name: str
    written: str
    notebook: str
    difficulty: str


_LISTED = {
    "00_iou": "iou medium, iou_matrix stretch",
    "01_nms": "nms medium, soft_nms stretch",
    "02_image_pyramid": "pyramid_scales easy, area_average stretch",
    "03_pnet": "candidate_windows easy, decode_offsets easy, pnet stretch",
    "04_rnet": "square_boxes easy, rnet stretch",
    "05_onet": "landmarks_to_image easy, onet stretch",
    "06_sample_generation": "sample_kind easy, box_target easy, landmark_target stretch",
    "07_losses": "detection_loss easy, multitask_loss medium, loss_from_logits stretch",
    "08_hard_mining": "hard_examples easy, hard_windows stretch",
    "09_training": "learning_rate easy, staged_training stretch",
    "deeper/09_clinic": "train_rnet stretch",
    "10_evaluation": "average_precision medium, landmark_error easy, operating_point stretch",
    "11_limits": "focal_loss easy, giou stretch",
    "12_recognition": "triplet_loss easy, embedding_net easy, similarity_transform medium, semi_hard_triplets stretch",
    "13_one_pass": "encode easy, anchor_grid medium, hard_negatives medium, fpn_merge stretch",
}
_BUILT = ("pnet", "rnet", "onet", "embedding_net")  # what is written for them is a function that builds a net

EXERCISES = {
    name: Exercise(name, f"build_{name}" if name in _BUILT else name, notebook, difficulty)
    for notebook, listed in _LISTED.items()
    for name, difficulty in (each.split() for each in listed.split(", "))
}
