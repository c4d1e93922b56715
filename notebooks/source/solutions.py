"""One answer to each exercise. There are others: the judges in `mtcnn_lite.course.checks` accept any that is right."""

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from mtcnn_lite.course.clinic import in_the_mirror

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


def build_pnet():
    """Convolutions only, so that it takes a photo of any size; the pooling rounds up, as Caffe's does."""

    class PNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(
                nn.Conv2d(3, 10, 3), nn.PReLU(10), nn.MaxPool2d(2, 2, ceil_mode=True),  # 12 -> 10 -> 5
                nn.Conv2d(10, 16, 3), nn.PReLU(16),  # 5 -> 3
                nn.Conv2d(16, 32, 3), nn.PReLU(32),  # 3 -> 1
            )  # fmt: skip
            self.face, self.offsets = nn.Conv2d(32, 2, 1), nn.Conv2d(32, 4, 1)

        def forward(self, x):  # (N, 3, H, W)
            x = self.body(x)  # (N, 32, rows, columns)
            return self.face(x).softmax(dim=1), self.offsets(x)

    return PNet()


# --- 04_rnet


def square_boxes(boxes):
    """Half of the longer side to either end of the centre, along x and along y."""
    corner, opposite = boxes[:, :2], boxes[:, 2:]  # (N, 2) x1, y1 and x2, y2
    side = (opposite - corner).max(axis=1, keepdims=True)  # (N, 1), each box has its own
    centre = (corner + opposite) / 2  # (N, 2)
    return np.concatenate([centre - side / 2, centre + side / 2], axis=1)  # (N, 4)


def build_rnet():
    """Two poolings of 3 px that go on by 2 and round up; then a dense layer over all that is left."""

    class RNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(
                nn.Conv2d(3, 28, 3), nn.PReLU(28), nn.MaxPool2d(3, 2, ceil_mode=True),  # 24 -> 22 -> 11
                nn.Conv2d(28, 48, 3), nn.PReLU(48), nn.MaxPool2d(3, 2, ceil_mode=True),  # 11 -> 9 -> 4
                nn.Conv2d(48, 64, 2), nn.PReLU(64), nn.Flatten(),  # 4 -> 3, 64 * 3 * 3 = 576
                nn.Linear(576, 128), nn.PReLU(128),
            )  # fmt: skip
            self.face, self.offsets = nn.Linear(128, 2), nn.Linear(128, 4)

        def forward(self, x):  # (N, 3, 24, 24)
            x = self.body(x)  # (N, 128)
            return self.face(x).softmax(dim=1), self.offsets(x)

    return RNet()


# --- 02_image_pyramid


def pyramid_scales(height, width, min_face, factor):
    """Down from 12 / min_face, a factor at a time, while a window of 12 px fits into the level."""
    scales, scale = [], 12 / min_face
    while min(height, width) * scale >= 12:
        scales.append(scale)
        scale *= factor
    return scales


def area_average(image, height, width):
    """The image summed up to each edge; what lies between two edges is an area's sum, also where an edge cuts a pixel."""
    means = image.astype(float)
    for axis, new in ((0, height), (1, width)):
        old = means.shape[axis]
        sums = np.concatenate(
            [np.zeros_like(means.take([0], axis)), means.cumsum(axis)], axis
        )  # one more than pixels
        edges = np.arange(new + 1) * old / new
        whole = np.minimum(edges.astype(int), old - 1)
        part = np.expand_dims(edges - whole, 1 - axis)
        at_edges = (1 - part) * sums.take(whole, axis) + part * sums.take(whole + 1, axis)
        means = np.diff(at_edges, axis=axis) * new / old
    return means  # (height, width)


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


def build_onet():
    """R-Net's pattern once more, a size larger, with a third head."""

    class ONet(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(
                nn.Conv2d(3, 32, 3), nn.PReLU(32), nn.MaxPool2d(3, 2, ceil_mode=True),  # 48 -> 46 -> 23
                nn.Conv2d(32, 64, 3), nn.PReLU(64), nn.MaxPool2d(3, 2, ceil_mode=True),  # 23 -> 21 -> 10
                nn.Conv2d(64, 64, 3), nn.PReLU(64), nn.MaxPool2d(2, 2, ceil_mode=True),  # 10 -> 8 -> 4
                nn.Conv2d(64, 128, 2), nn.PReLU(128), nn.Flatten(),  # 4 -> 3, 128 * 3 * 3 = 1152
                nn.Linear(1152, 256), nn.PReLU(256),
            )  # fmt: skip
            self.face, self.offsets, self.landmarks = (
                nn.Linear(256, 2),
                nn.Linear(256, 4),
                nn.Linear(256, 10),
            )

        def forward(self, x):  # (N, 3, 48, 48)
            x = self.body(x)  # (N, 256)
            return self.face(x).softmax(dim=1), self.offsets(x), self.landmarks(x)

    return ONet()


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


def hard_windows(windows, losses, count, overlap):
    """NMS with the loss for a score, then the first of what it keeps: hardest first."""
    return nms(windows, losses, overlap)[:count]


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


def landmark_target(window, points, mirrored):
    """Parts of the window, from its corner; in the mirror x runs the other way, and left and right change names."""
    parts = (points + 0.5 - window[:2]) / (window[2:] - window[:2])  # (5, 2)
    if mirrored:
        parts = parts[[1, 0, 2, 4, 3]]  # a copy
        parts[:, 0] = 1 - parts[:, 0]
    return parts


# --- 09_training


def learning_rate(step, steps, peak, warm_up):
    """Evenly up to the peak, then down along half a cosine."""
    if step < warm_up:
        return peak * (step + 1) / warm_up
    done = (step - warm_up) / (steps - warm_up)  # 0 to nearly 1
    return peak * (1 + np.cos(np.pi * done)) / 2


def staged_training(train, propose, photos):
    """Each net learns from what those before it let through, as in use."""
    pnet = train("pnet", propose([], photos))
    rnet = train("rnet", propose([pnet], photos))
    onet = train("onet", propose([pnet, rnet], photos))
    return pnet, rnet, onet


def train_rnet(net, pnet, propose, new_optimiser, steps):
    """The clinic's recipe without its six faults."""
    samples = propose([pnet])
    optimiser = new_optimiser(net.parameters())
    costs = []
    for step in range(steps):
        crops, faces, windows, boxes, points = samples(step)
        face = faces == 1
        offsets = torch.zeros_like(boxes)
        offsets[face] = ((boxes - windows) / (windows[:, 2:3] - windows[:, :1]))[face]
        if step % 2:
            crops, offsets, points = in_the_mirror(crops, offsets, points)
            points = points[:, [1, 0, 2, 4, 3]]
        logits, said_offsets, said_points = net(crops)
        detection = cross_entropy(logits, faces)
        box = ((said_offsets - offsets)[face] ** 2).sum(dim=1).mean()
        landmark = ((said_points - points)[face] ** 2).sum(dim=(1, 2)).mean()
        optimiser.zero_grad()
        (detection + 0.5 * box + 0.5 * landmark).backward()
        optimiser.step()
        costs.append([detection.item(), box.item(), landmark.item()])
    return costs


# --- 12_recognition


def build_embedding_net():
    """The layers in a row; each embedding is brought to length 1."""

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(
                nn.AvgPool2d(2),  # (N, 1, 16, 16)
                nn.Conv2d(1, 16, 5, stride=2, padding=2), nn.ReLU(),  # (N, 16, 8, 8)
                nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.ReLU(),  # (N, 32, 4, 4)
                nn.Flatten(), nn.Linear(512, 64),
            )  # fmt: skip

        def forward(self, x):  # (N, 1, 32, 32)
            return nn.functional.normalize(self.body(x), dim=1)  # (N, 64)

    return Net()


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


def semi_hard_triplets(distances, person, margin):
    """For each anchor and positive the nearest of those that are farther than the positive, by less than the margin."""
    triplets = []
    for anchor, own in enumerate(person):
        for positive in np.flatnonzero(person == own):
            far, near = distances[anchor], distances[anchor, positive]  # (N,) and a number
            fits = (person != own) & (far > near) & (far < near + margin)  # (N,)
            if anchor != positive and fits.any():
                triplets.append((anchor, positive, np.where(fits, far, np.inf).argmin()))
    return np.array(triplets, dtype=int).reshape(-1, 3)


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


def operating_point(scores, is_true, half, faces, photos, most_false):
    """One half chooses the lowest score with few enough false alarms; the other says what it is worth."""
    threshold = np.inf
    for score in scores[half == 0]:
        false = ((scores >= score) & ~is_true & (half == 0)).sum() / photos[0]
        if false <= most_false:
            threshold = min(threshold, score)
    kept = (scores >= threshold) & (half == 1)
    return threshold, (kept & is_true).sum() / faces[1], (kept & ~is_true).sum() / photos[1]


# --- 11_limits


def focal_loss(face_probability, label, gamma, alpha):
    """q is the probability given to the truth; what is easy has a q near 1."""
    q = np.where(label == 1, face_probability, 1 - face_probability)  # (N,)
    weight = np.where(label == 1, alpha, 1 - alpha)  # (N,)
    return -weight * (1 - q) ** gamma * np.log(q)


def giou(box, boxes):
    """The IoU, less the part of the smallest box round both that neither covers."""
    low, high = (
        np.minimum(box[:2], boxes[:, :2]),
        np.maximum(box[2:], boxes[:, 2:]),
    )  # (N, 2) the hull's ends
    hull = (high - low).prod(axis=1)  # (N,)
    areas = (box[2:] - box[:2]).prod() + (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)  # (N,)
    shared = np.maximum(
        np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2]), 0
    ).prod(axis=1)
    union = areas - shared
    return shared / union - (hull - union) / hull


# --- 13_one_pass


def encode(anchors, boxes, variances):
    """Centre and sides as seen from the anchor, each divided so that typical numbers are about 1."""
    side = anchors[:, 2:] - anchors[:, :2]  # (N, 2)
    moved = (boxes[:, :2] + boxes[:, 2:] - anchors[:, :2] - anchors[:, 2:]) / 2 / side
    grown = np.log((boxes[:, 2:] - boxes[:, :2]) / side)
    return np.concatenate([moved / variances[0], grown / variances[1]], axis=1)


def anchor_grid(height, width, stride, sizes):
    """The middles of the cells, row by row, and half a side to each direction of them."""
    cells = np.indices((-(-height // stride), -(-width // stride)))[::-1]  # (2, rows, columns) x, y
    middles = (cells.reshape(2, -1).T[:, None] + 0.5) * stride  # (cells, 1, 2)
    half = np.asarray(sizes)[:, None] / 2  # (S, 1)
    return np.concatenate([middles - half, middles + half], axis=2).reshape(-1, 4)


def hard_negatives(losses, kinds, ratio):
    """What is no background goes to the end; then the first `ratio` of each row for each of its faces."""
    background = kinds == 0  # (N, A)
    order = np.argsort(
        np.where(background, -losses, np.inf), axis=1
    )  # (N, A) columns, hardest first
    mask = np.zeros(kinds.shape, bool)
    for photo, count in enumerate(ratio * (kinds == 1).sum(axis=1)):
        mask[photo, order[photo, :count]] = True
    return mask & background


def fpn_merge(fine, weight, coarse):
    """A 1 x 1 convolution of the fine map, plus the coarse one with each cell as 2 x 2."""
    lateral = np.einsum("sc,chw->shw", weight, fine)  # (S, h, w)
    larger = coarse.repeat(2, axis=1).repeat(2, axis=2)  # (S, h or h + 1, w or w + 1)
    return lateral + larger[:, : fine.shape[1], : fine.shape[2]]
