"""WIDER FACE's official figures, on miniature ground-truth files, against the tool's steps written out as loops."""

import numpy as np
import pytest

from mtcnn_lite.cascade.faces import Faces
from mtcnn_lite.evaluation import read_ground_truth, wider_average_precision
from mtcnn_lite.evaluation.wider import SETTINGS, inclusive_iou

scipy_io = pytest.importorskip("scipy.io")

# event: {photo: (faces as x, y, width, height; which count for easy, medium, hard, from 1)}
TRUTH = {
    "0--Parade": {
        "0_Parade_a_1": ([[10, 10, 20, 20], [50, 10, 10, 12], [80, 80, 4, 4]], ([1], [1, 2], [1, 2, 3])),
        "0_Parade_b_2": ([[0, 0, 40, 50]], ([1], [1], [1])),
    },
    "12--Group": {"12_Group_c_3": ([[5, 5, 30, 30], [60, 60, 9, 9]], ([], [1], [1, 2]))},
}


def column(values):
    array = np.empty(len(values), object)
    for k, value in enumerate(values):
        array[k] = value
    return array.reshape(-1, 1)


def write_truth(folder, truth):
    """The four files as WIDER FACE has them: nested cells, indices as a column of uint8."""
    common = {
        "event_list": column(list(truth)),
        "file_list": column([column(list(photos)) for photos in truth.values()]),
        "face_bbx_list": column(
            [column([np.array(faces, np.int32).reshape(-1, 4) for faces, _ in photos.values()])
             for photos in truth.values()]
        ),
    }  # fmt: skip
    scipy_io.savemat(folder / "wider_face_val.mat", common)
    for k, setting in enumerate(SETTINGS):
        lists = column([column([np.array(counted[k], np.uint8).reshape(-1, 1) for _, counted in photos.values()])
                        for photos in truth.values()])  # fmt: skip
        scipy_io.savemat(folder / f"wider_{setting}_val.mat", {**common, "gt_list": lists})


@pytest.fixture
def truth(tmp_path):
    write_truth(tmp_path, TRUTH)
    return read_ground_truth(tmp_path)


def found_in(**photos):
    """Faces by photo letter, from (x, y, width, height, score)."""
    names = {name.split("_")[-2]: f"{event}/{name}" for event, photos_ in TRUTH.items() for name in photos_}
    found = {}
    for letter, name in names.items():
        rows = np.array(photos.get(letter, []), np.float32).reshape(-1, 5)
        boxes = np.hstack([rows[:, :2], rows[:, :2] + rows[:, 2:4]])
        found[name] = Faces(boxes, rows[:, 4], np.zeros((len(rows), 5, 2), np.float32))
    return found


def test_files_are_read_event_by_event(truth):
    assert list(truth) == ["0--Parade/0_Parade_a_1", "0--Parade/0_Parade_b_2", "12--Group/12_Group_c_3"]
    first = truth["0--Parade/0_Parade_a_1"]
    assert first.boxes.tolist() == [[10, 10, 30, 30], [50, 10, 60, 22], [80, 80, 84, 84]]
    assert [first.counted[setting].tolist() for setting in SETTINGS] == [
        [True, False, False], [True, True, False], [True, True, True]
    ]  # fmt: skip
    assert not truth["12--Group/12_Group_c_3"].counted["easy"].any()


def test_figures_by_hand(truth):
    found = found_in(
        a=[(10, 10, 20, 20, 0.9), (50, 10, 10, 12, 0.8), (0, 60, 20, 20, 0.7)],  # right, medium's, wrong
        b=[(0, 0, 40, 50, 0.5), (2, 0, 40, 50, 0.4)],  # right, and once more
        c=[(5, 5, 30, 30, 0.6)],  # medium's
    )
    # easy, best first: right (.9), wrong (.7), right (.5), wrong: the others are ignored. 2 faces
    # medium: right, right, wrong, right, right, wrong: 4 faces. hard: the same, 6 faces
    assert wider_average_precision(truth, found) == pytest.approx(
        {"easy": (1 + 2 / 3) / 2, "medium": (1 + 1 + 4 / 5 + 4 / 5) / 4, "hard": (1 + 1 + 4 / 5 + 4 / 5) / 6}
    )


def official(truth, found, setting):
    """The steps of the official tool, one loop each, as its Python port has them."""
    scores = [s for faces in found.values() for s in faces.scores.astype(float)]
    low, high = min(scores), max(scores)
    points, total = np.zeros((1000, 2)), 0
    for name, photo in truth.items():
        faces = found[name]
        total += photo.counted[setting].sum()
        if not len(photo.boxes) or not len(faces):
            continue
        order = sorted(range(len(faces)), key=lambda k: -faces.scores[k])
        hit, proposal, recall_so_far = [0] * len(photo.boxes), [], []
        for k in order:
            overlaps = [pixels_shared(faces.boxes[k].tolist(), other.tolist()) for other in photo.boxes]
            best = int(np.argmax(overlaps))
            proposal.append(1)
            if overlaps[best] >= 0.5:
                if not photo.counted[setting][best]:
                    hit[best], proposal[-1] = -1, -1
                elif hit[best] == 0:
                    hit[best] = 1
            recall_so_far.append(hit.count(1))
        stretched = [(float(faces.scores[k]) - low) / (high - low) for k in order]
        for t in range(1000):
            passing = [k for k, s in enumerate(stretched) if s >= 1 - (t + 1) / 1000]
            if passing:
                points[t] += proposal[: passing[-1] + 1].count(1), recall_so_far[passing[-1]]
    recall = [0.0, *(points[:, 1] / total), 1.0]
    precision = [0.0, *(points[:, 1] / np.maximum(points[:, 0], 1)), 0.0]
    for k in range(len(precision) - 1, 0, -1):
        precision[k - 1] = max(precision[k - 1], precision[k])
    return sum((recall[k + 1] - recall[k]) * precision[k + 1] for k in range(len(recall) - 1))


def pixels_shared(a, b):
    """IoU with both end pixels counted."""
    width, height = (min(a[k + 2], b[k + 2]) - max(a[k], b[k]) + 1 for k in (0, 1))
    if min(width, height) <= 0:
        return 0.0
    areas = [(box[2] - box[0] + 1) * (box[3] - box[1] + 1) for box in (a, b)]
    return width * height / (sum(areas) - width * height)


@pytest.mark.parametrize("seed", range(4))
def test_figures_are_the_official_tools(tmp_path, seed):
    rng = np.random.default_rng(seed)
    made = {}
    for event in ("0--Parade", "1--Handshaking", "61--Street"):
        photos = {}
        for k in range(4):
            faces = rng.integers(0, 80, (int(rng.integers(0, 6)), 4)) + [0, 0, 6, 6]
            hard = [i + 1 for i in range(len(faces)) if rng.random() < 0.9]
            medium = [i for i in hard if rng.random() < 0.7]
            photos[f"{event}_{k}"] = (faces.tolist(), ([i for i in medium if rng.random() < 0.7], medium, hard))
        made[event] = photos
    write_truth(tmp_path, made)
    truth, found = read_ground_truth(tmp_path), {}
    for name, photo in truth.items():
        boxes = np.concatenate([photo.boxes, photo.boxes, photo.boxes + 40]) + rng.normal(
            0, 4, (3 * len(photo.boxes), 4)
        )
        boxes[:, 2:] = np.maximum(boxes[:, 2:], boxes[:, :2] + 1)
        scores = (0.2 + 0.7 * rng.random(len(boxes))).astype(np.float32)
        found[name] = Faces(boxes.astype(np.float32), scores, np.zeros((len(boxes), 5, 2), np.float32))
    ours = wider_average_precision(truth, found)
    for setting in SETTINGS:
        assert ours[setting] == pytest.approx(official(truth, found, setting))
    assert ours["hard"] > 0


def test_overlap_counts_the_last_pixel_too():
    a, b = np.array([[0, 0, 9, 9]], np.float32), np.array([[5, 0, 14, 9], [10, 0, 12, 9], [9, 9, 20, 20]], np.float32)
    assert inclusive_iou(a, b).tolist() == [pytest.approx([50 / 150, 0, 1 / (100 + 144 - 1)])]


def test_nothing_found_is_nought_and_one_score_is_no_division_by_nought(truth):
    assert wider_average_precision(truth, found_in()) == {"easy": 0, "medium": 0, "hard": 0}
    same = found_in(a=[(10, 10, 20, 20, 0.5)], b=[(0, 0, 40, 50, 0.5)])
    assert wider_average_precision(truth, same)["easy"] == 1


def test_a_missing_photo_and_missing_or_other_files_are_named(truth, tmp_path):
    found = found_in()
    del found["0--Parade/0_Parade_b_2"]
    with pytest.raises(ValueError, match="1 of 3 photos have no detections, the first is 0--Parade/0_Parade_b_2"):
        wider_average_precision(truth, found)
    (tmp_path / "wider_hard_val.mat").unlink()
    with pytest.raises(ValueError, match=r"has no wider_hard_val\.mat"):
        read_ground_truth(tmp_path)
    scipy_io.savemat(tmp_path / "wider_hard_val.mat", {"something": 1})
    with pytest.raises(ValueError, match="are not WIDER FACE's ground truth"):
        read_ground_truth(tmp_path)
    (tmp_path / "wider_hard_val.mat").write_bytes(b"not MATLAB" * 20)
    with pytest.raises(ValueError, match="no MATLAB file that can be read"):
        read_ground_truth(tmp_path)
