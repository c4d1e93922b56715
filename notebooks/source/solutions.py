"""One answer to each exercise. There are others: the judges in `mtcnn_lite.course.checks` accept any that is right."""

import numpy as np

# --- 03_pnet


def candidate_windows(face_map, scale, threshold):
    """Each cell that passes, back in the photo: its place times the stride of 2, over the scale."""
    i, j = np.nonzero(face_map >= threshold)  # (N,) rows, (N,) columns: nonzero goes row by row
    x1, y1, side = 2 * j / scale, 2 * i / scale, 12 / scale
    return np.stack([x1, y1, x1 + side, y1 + side], axis=1)  # (N, 4)


def decode_offsets(boxes, offsets):
    """Each corner moves by its offset, x in widths and y in heights of the box as it came."""
    x1, y1, x2, y2 = boxes.T  # (N,) each
    width, height = x2 - x1, y2 - y1
    left, top, right, bottom = offsets.T
    moved = [x1 + left * width, y1 + top * height, x2 + right * width, y2 + bottom * height]
    return np.stack(moved, axis=1)  # (N, 4)


# --- 04_rnet


def square_boxes(boxes):
    """Half of the longer side to either end of the centre, along x and along y."""
    corner, opposite = boxes[:, :2], boxes[:, 2:]  # (N, 2) x1, y1 and x2, y2
    side = (opposite - corner).max(axis=1, keepdims=True)  # (N, 1), each box has its own
    centre = (corner + opposite) / 2  # (N, 2)
    return np.concatenate([centre - side / 2, centre + side / 2], axis=1)  # (N, 4)


# --- 02_image_pyramid


def pyramid_scales(height, width, min_face, factor):
    """Down from 12 / min_face, a factor at a time, while a window of 12 px fits into the level."""
    scales, scale = [], 12 / min_face
    while min(height, width) * scale >= 12:
        scales.append(scale)
        scale *= factor
    return scales


# --- 01_nms


def nms(boxes, scores, threshold):
    """Take the best of those that are left, drop what it overlaps too much, and go on until none is left."""
    order = np.argsort(-scores, kind="stable")  # (N,) best first; of equal scores the earlier
    kept = []
    while len(order):
        best, order = order[0], order[1:]
        kept.append(best)
        order = order[iou(boxes[best], boxes[order]) <= threshold]
    return np.array(kept, dtype=int)  # (K,)


def soft_nms(boxes, scores, sigma):
    """Take the best of those that are left, lower the others by their overlap with it, and go on."""
    lowered = scores.astype(float)  # (N,) a copy
    left = np.arange(len(boxes))
    while len(left):
        best = left[lowered[left].argmax()]
        left = left[left != best]
        lowered[left] *= np.exp(-(iou(boxes[best], boxes[left]) ** 2) / sigma)
    return lowered


# --- 00_iou


def iou(box, boxes):
    """The sides of the shared part, clipped at 0; its area over the union, which counts it once."""
    corner = np.maximum(box[:2], boxes[:, :2])  # (N, 2) where the shared parts begin, x and y
    opposite = np.minimum(box[2:], boxes[:, 2:])  # (N, 2) where they end
    shared = np.maximum(opposite - corner, 0).prod(axis=1)  # (N,)
    union = (box[2:] - box[:2]).prod() + (boxes[:, 2:] - boxes[:, :2]).prod(axis=1) - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)  # (N,)


def iou_matrix(boxes, others):
    """The same with an axis for each: (N, 1, 2) against (1, M, 2) gives (N, M, 2)."""
    corner = np.maximum(boxes[:, None, :2], others[None, :, :2])  # (N, M, 2)
    opposite = np.minimum(boxes[:, None, 2:], others[None, :, 2:])  # (N, M, 2)
    shared = np.maximum(opposite - corner, 0).prod(axis=2)  # (N, M)
    area, other_area = ((each[:, 2:] - each[:, :2]).prod(axis=1) for each in (boxes, others))
    union = area[:, None] + other_area[None] - shared  # (N, M)
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


# --- 05_onet


def landmarks_to_image(boxes, landmarks):
    """Each point is a part of its window's size away from the window's corner."""
    x1, y1, x2, y2 = boxes[:, :, None].transpose(1, 0, 2)  # (N, 1) each, to go with five points
    x = x1 + landmarks[:, :5] * (x2 - x1)  # (N, 5)
    y = y1 + landmarks[:, 5:] * (y2 - y1)  # (N, 5)
    return np.stack([x, y], axis=2)  # (N, 5, 2)


# --- 07_losses


def detection_loss(face_probability, label):
    """Minus the logarithm of the probability that the net gave to the truth."""
    return -(label * np.log(face_probability) + (1 - label) * np.log(1 - face_probability))  # (N,)


def multitask_loss(losses, kinds, weights):
    """Each task's losses, of the kinds that take part in it, times the task's weight."""
    positive = kinds == "positive"  # (N,)
    detection, box = positive | (kinds == "negative"), positive | (kinds == "part")
    part = np.stack([detection, box, kinds == "landmark"], axis=1)  # (N, 3)
    return (losses * part * weights).sum()


def loss_from_logits(logits, label):
    """log(sum(exp(z))) - z[label], of logits less each row's largest: exp gets nothing above 0."""
    z = logits - logits.max(axis=1, keepdims=True)  # (N, 2)
    return np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(z)), label]  # (N,)


# --- 08_hard_mining


def hard_examples(losses, keep=0.7):
    """The rows in order of their losses, the highest first; the first int(keep * N) of them are marked."""
    mask = np.zeros(len(losses), dtype=bool)  # (N,)
    mask[np.argsort(-losses)[: max(1, int(keep * len(losses)))]] = True
    return mask


# --- 06_sample_generation


def sample_kind(window, faces):
    """The best overlap with any face decides; where no face is, there is nothing but background."""
    if not len(faces):
        return "negative"
    best = iou(window, faces).max()
    if best >= 0.65:
        return "positive"
    if best >= 0.4:
        return "part"
    return "negative" if best < 0.3 else None  # from .3 to .4 a window is neither


def box_target(window, face):
    """How far each corner of the face lies from the window's own, in window sides."""
    sides = np.tile(window[2:] - window[:2], 2)  # (4,) width, height, width, height
    return (face - window) / sides  # (4,)


# --- 09_training


def learning_rate(step, steps, peak, warm_up):
    """Evenly up to the peak, then down along half a cosine."""
    if step < warm_up:
        return peak * (step + 1) / warm_up
    done = (step - warm_up) / (steps - warm_up)  # 0 to nearly 1
    return peak * (1 + np.cos(np.pi * done)) / 2


# --- 12_recognition


def similarity_transform(points, target):
    """About the means, turn and scale are one complex number; the shift brings mean to mean."""
    p, q = points @ [1, 1j], target @ [1, 1j]  # (5,) x + iy
    a = (np.conj(p - p.mean()) * (q - q.mean())).sum() / (np.abs(p - p.mean()) ** 2).sum()
    shift = q.mean() - a * p.mean()
    return np.array([[a.real, -a.imag, shift.real], [a.imag, a.real, shift.imag]])


def triplet_loss(anchor, positive, negative, margin):
    """Squared distances to both, row by row; what is farther by the margin is free."""
    near = ((anchor - positive) ** 2).sum(axis=1)  # (N,)
    far = ((anchor - negative) ** 2).sum(axis=1)  # (N,)
    return np.maximum(0, near - far + margin).mean()


# --- 10_evaluation


def average_precision(scores, is_true, number_of_faces):
    """Best score first; each right detection adds the best precision reached there or further on."""
    hits = is_true[np.argsort(-scores)]  # (N,)
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)  # (N,)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]  # (N,)
    return envelope[hits].sum() / number_of_faces


def landmark_error(predicted, true):
    """The mean distance of a face's points, over the distance between its labelled eyes."""
    distances = np.linalg.norm(predicted - true, axis=2)  # (N, 5)
    eyes = np.linalg.norm(true[:, 1] - true[:, 0], axis=1)  # (N,)
    return distances.mean(axis=1) / eyes


# --- 11_limits


def anchor_grid(height, width, stride, sizes):
    """The middles of the cells, row by row, and half a side to each direction of them."""
    cells = np.indices((-(-height // stride), -(-width // stride)))[::-1]  # (2, rows, columns) x, y
    middles = (cells.reshape(2, -1).T[:, None] + 0.5) * stride  # (cells, 1, 2)
    half = np.asarray(sizes)[:, None] / 2  # (S, 1)
    return np.concatenate([middles - half, middles + half], axis=2).reshape(-1, 4)


def focal_loss(face_probability, label, gamma, alpha):
    """q is the probability given to the truth; what is easy has a q near 1."""
    q = np.where(label == 1, face_probability, 1 - face_probability)  # (N,)
    weight = np.where(label == 1, alpha, 1 - alpha)  # (N,)
    return -weight * (1 - q) ** gamma * np.log(q)
