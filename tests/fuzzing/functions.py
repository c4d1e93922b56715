"""The package's public functions with arguments that are wrong or odd: each gives a result, or one clear error."""

# ruff: noqa: C408 - arguments by name, as a call has them

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from fuzzing.values import described, odd, unclear
from mtcnn_lite import (
    Detector,
    alignment,
    anchors,
    boxes,
    coordinates,
    embedding,
    evaluation,
    explain,
    images,
    losses,
    mining,
    nms,
    pyramid,
    sampling,
)
from mtcnn_lite.datasets import augment, augment_crops, degrade_crops
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.evaluation import matching, wider
from mtcnn_lite.nets.models import NetOutput
from mtcnn_lite.sampling import random_windows
from mtcnn_lite.sampling.sampler import SAMPLE

PHOTO = np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8)
BOXES = np.array([[2, 3, 30, 33], [20, 10, 50, 40.5]], np.float32)
POINTS = np.array([[8, 12], [22, 12], [15, 18], [10, 25], [20, 25]] + np.array([[[0, 0]], [[20, 8]]]), np.float32)
NAN = {  # whose results may be NaN: no landmark, no face, nothing to measure
    "rotate", "move_landmarks", "scale_landmarks", "mirror_landmarks", "mirror_offsets", "mirror_in_window",
    "mirror_batch", "landmark_error", "average_precision", "bootstrap_interval", "report", "wider_average_precision",
    "Judged.recall", "Judged.precision", "Judged.recall_at", "Reached.recall", "judge", "choose", "sample",
    "differences",
}  # fmt: skip


def run(cases: int, seed: int) -> list[str]:
    """What is unclear of so many calls with odd arguments; empty where all is well."""
    rng, calls, found = np.random.default_rng(seed), functions(), []
    for _ in range(cases):
        name = [*calls][rng.integers(len(calls))]
        function, make = calls[name]
        good = make()
        keys = rng.choice([*good], min(len(good), 1 + (rng.random() < 0.3)), replace=False)
        wrong = {str(key): odd(rng, good[key]) for key in keys}
        may_be_nan = name in NAN or name.rpartition(".")[2] in NAN
        said = unclear(lambda: function(**(good | wrong)), [*good], may_be_nan)  # noqa: B023 - called at once
        if said:
            found.append(f"{name}({', '.join(f'{key}={described(value)}' for key, value in wrong.items())}): {said}")
    return found


def print_nothing(step: int, loss: float) -> None:
    pass


def functions() -> dict[str, tuple[Callable[..., Any], Callable[[], dict[str, Any]]]]:
    """By name: the function, and what makes arguments that are right, anew for each call."""
    photo, detector = LabelledPhoto(PHOTO, BOXES, POINTS), Detector(thresholds=(0.3, 0.3, 0.3))
    trace = detector.trace(PHOTO)
    found, results = [(trace.faces, photo)], [evaluation.evaluate_photo(detector, photo, (0.2, 0.2, 0.2))]
    judged, reached = evaluation.judge(found), evaluation.reached(trace, photo)["pnet"]
    samples = sampling.choose(photo, 60, 80, 24, np.random.default_rng(0))
    truth = {"a/b": wider.WiderPhoto(BOXES, {name: np.ones(2, bool) for name in wider.SETTINGS})}
    halved, crops = pyramid.halvings(PHOTO, 0.1), np.random.default_rng(1).integers(0, 255, (3, 32, 32, 3), np.uint8)
    net, known = embedding.EmbeddingNet(), embedding.verification([[0, 0], [0, 1], [3, 0]], [7, 7, 8])
    kinds = torch.tensor([0, 1, 2, 3])
    part = losses.takes_part(kinds)
    output = NetOutput(torch.zeros(4, 2), torch.zeros(4, 4), torch.zeros(4, 10))
    turn, matrix = np.array([[0.0, -1], [1, 0]]), np.array([[0.0, -2, 5], [2, 0, 5]])
    crop, rng = dict(crops=crops), np.random.default_rng
    some = torch.rand(4, 3)
    return {
        "area": (boxes.area, lambda: dict(boxes=BOXES)),
        "as_boxes": (boxes.as_boxes, lambda: dict(boxes=BOXES)),
        "intersection": (boxes.intersection, lambda: dict(first=BOXES, second=BOXES)),
        "iou": (boxes.iou, lambda: dict(first=BOXES, second=BOXES)),
        "iom": (boxes.iom, lambda: dict(first=BOXES, second=BOXES)),
        "square_boxes": (boxes.square_boxes, lambda: dict(boxes=BOXES)),
        "clip_boxes": (boxes.clip_boxes, lambda: dict(boxes=BOXES, height=60, width=80)),
        "encode_offsets": (boxes.encode_offsets, lambda: dict(windows=BOXES, boxes=BOXES)),
        "decode_offsets": (boxes.decode_offsets, lambda: dict(boxes=BOXES, offsets=BOXES / 100)),
        "landmarks_to_image": (boxes.landmarks_to_image, lambda: dict(boxes=BOXES, landmarks=POINTS.reshape(2, 10))),
        "nms": (nms.nms, lambda: dict(boxes=BOXES, scores=np.array([0.5, 0.6]), threshold=0.5, measure="iou")),
        "suppressors": (
            nms.suppressors,
            lambda: dict(boxes=BOXES, scores=np.array([0.5, 0.6]), kept=np.array([0, 1]), threshold=0.5, measure="iom"),
        ),
        "soft_nms": (
            nms.soft_nms,
            lambda: dict(boxes=BOXES, scores=np.array([0.5, 0.6]), sigma=0.5, method="linear", threshold=0.3),
        ),
        "pyramid_scales": (pyramid.pyramid_scales, lambda: dict(height=60, width=80, min_face=20, factor=0.709)),
        "level_size": (pyramid.level_size, lambda: dict(height=60, width=80, scale=0.6)),
        "map_size": (pyramid.map_size, lambda: dict(height=60, width=80)),
        "candidate_windows": (
            pyramid.candidate_windows,
            lambda: dict(face_map=np.random.default_rng(0).random((4, 5)), scale=0.5, threshold=0.6),
        ),
        "halvings": (pyramid.halvings, lambda: dict(image=PHOTO, smallest=0.1)),
        "nearest_larger": (pyramid.nearest_larger, lambda: dict(scale=np.array([0.6, 0.1]), copies=3)),
        "resize_levels": (pyramid.resize_levels, lambda: dict(halved=halved, scales=[0.6, 0.3])),
        "as_rgb": (images.as_rgb, lambda: dict(image=PHOTO)),
        "crop_windows": (
            images.crop_windows,
            lambda: dict(halved=halved, boxes=BOXES, size=12, turns=np.array([5.0, 10]), pivots=BOXES[:, :2]),
        ),
        "detect": (detector.detect, lambda: dict(image=PHOTO)),
        "anchor_grid": (anchors.anchor_grid, lambda: dict(height=60, width=80, stride=8, sizes=[16, 32])),
        "anchor_levels": (anchors.anchor_levels, lambda: dict(height=60, width=80, levels={8: (16, 32)})),
        "match_anchors": (
            anchors.match_anchors,
            lambda: dict(anchors=BOXES, faces=BOXES, positive=0.5, negative=0.3, force=True),
        ),
        "template": (alignment.template, lambda: dict(size=112)),
        "similarity_transform": (alignment.similarity_transform, lambda: dict(points=POINTS, target=POINTS[0])),
        "inverse_transform": (alignment.inverse_transform, lambda: dict(matrix=matrix)),
        "transform_points": (alignment.transform_points, lambda: dict(points=POINTS, matrix=matrix)),
        "aligned_crops": (alignment.aligned_crops, lambda: dict(image=PHOTO, landmarks=POINTS, size=32)),
        "corners": (alignment.corners, lambda: dict(matrix=matrix, size=32)),
        "rotation": (coordinates.rotation, lambda: dict(degrees=np.array([5.0, 90]))),
        "coordinates.rotate": (coordinates.rotate, lambda: dict(vectors=POINTS, degrees=np.array([5.0, 90]))),
        "about_point": (coordinates.about_point, lambda: dict(linear=turn, centre=[10, 20])),
        "edges_to_centres": (coordinates.edges_to_centres, lambda: dict(matrix=matrix)),
        "scale_landmarks": (coordinates.scale_landmarks, lambda: dict(landmarks=POINTS, by=2.0)),
        "move_boxes": (
            coordinates.move_boxes,
            lambda: dict(boxes=BOXES, linear=turn, scale=1.0, centre=(5, 5), to=(6, 7)),
        ),
        "move_landmarks": (
            coordinates.move_landmarks,
            lambda: dict(landmarks=POINTS, linear=turn, centre=(5, 5), to=(6, 7)),
        ),
        "mirror_boxes": (coordinates.mirror_boxes, lambda: dict(boxes=BOXES, width=80)),
        "mirror_landmarks": (coordinates.mirror_landmarks, lambda: dict(landmarks=POINTS, width=80)),
        "mirror_offsets": (coordinates.mirror_offsets, lambda: dict(offsets=BOXES)),
        "mirror_in_window": (coordinates.mirror_in_window, lambda: dict(landmarks=torch.tensor(POINTS))),
        "detection_loss": (
            losses.detection_loss,
            lambda: dict(face=torch.zeros(4, 2), label=torch.tensor([0, 1, 1, 0])),
        ),
        "focal_loss": (
            losses.focal_loss,
            lambda: dict(face=torch.zeros(4, 2), label=torch.tensor([0, 1, 1, 0]), gamma=2.0, alpha=0.25),
        ),
        "squared_error": (losses.squared_error, lambda: dict(predicted=torch.zeros(4, 4), target=torch.ones(4, 4))),
        "takes_part": (losses.takes_part, lambda: dict(kinds=kinds, indicator=losses.PAPER)),
        "sample_losses": (
            losses.sample_losses,
            lambda: dict(
                output=output, kinds=kinds, offsets=torch.zeros(4, 4), landmarks=torch.zeros(4, 10), part=part
            ),
        ),
        "multitask_loss": (
            losses.multitask_loss,
            lambda: dict(losses=torch.ones(4, 3), part=part, weights=(1, 0.5, 0.5)),
        ),
        "hard_examples": (mining.hard_examples, lambda: dict(losses=torch.arange(4.0), keep=0.7, among=part[:, 0])),
        "ohem_nms": (mining.ohem_nms, lambda: dict(boxes=BOXES, losses=torch.tensor([1.0, 2]), count=2, overlap=0.7)),
        "kinds": (sampling.kinds, lambda: dict(windows=BOXES, photo=photo, config=sampling.SamplingConfig())),
        "choose": (
            sampling.choose,
            lambda: dict(
                photo=photo,
                height=60,
                width=80,
                size=12,
                rng=rng(0),
                config=None,
                proposed=(BOXES, np.array([0.5, 0.6])),
            ),
        ),
        "cut": (sampling.cut, lambda: dict(image=PHOTO, photo=photo, samples=samples, size=12)),
        "sample": (
            sampling.sample,
            lambda: dict(photo=photo, size=12, rng=rng(0), config=None, propose=lambda image: (BOXES, BOXES[:, 0])),
        ),
        "counts": (sampling.counts, lambda: dict(samples=samples)),
        "counts of none": (sampling.counts, lambda: dict(samples=np.zeros(3, SAMPLE))),
        "jitter": (
            random_windows.jitter,
            lambda: dict(faces=BOXES, count=3, rng=rng(0), shift=0.2, smaller=0.8, larger=1.2),
        ),
        "random_windows.beside": (random_windows.beside, lambda: dict(faces=BOXES, count=3, rng=rng(0))),
        "anywhere": (random_windows.anywhere, lambda: dict(height=60, width=80, count=5, rng=rng(0))),
        "into": (random_windows.into, lambda: dict(windows=BOXES, height=60, width=80)),
        "match": (
            evaluation.match,
            lambda: dict(boxes=BOXES, scores=np.array([0.5, 0.6]), photo=photo, ignore=[True, False]),
        ),
        "sides": (matching.sides, lambda: dict(photo=photo)),
        "too_small": (matching.too_small, lambda: dict(photo=photo, smallest=20)),
        "judge": (evaluation.judge, lambda: dict(found=found, smallest=12)),
        "Judged.recall": (judged.recall, lambda: dict(threshold=0.5, sides=(0, 100))),
        "Judged.precision": (judged.precision, lambda: dict(threshold=0.5)),
        "Judged.recall_at": (judged.recall_at, lambda: dict(precision=0.9)),
        "Judged.drawn": (judged.drawn, lambda: dict(times=np.array([2]))),
        "average_precision": (
            evaluation.average_precision,
            lambda: dict(scores=np.array([0.9, 0.8]), is_true=[True, False], number_of_faces=2),
        ),
        "landmark_error": (evaluation.landmark_error, lambda: dict(predicted=POINTS + 1, true=POINTS)),
        "landmark_errors": (evaluation.landmark_errors, lambda: dict(found=found)),
        "bootstrap_interval": (
            evaluation.bootstrap_interval,
            lambda: dict(figure=lambda times: float(times[0]), photos=3, draws=10, seed=0),
        ),
        "differences": (evaluation.differences, lambda: dict(first=results, second=results, draws=3)),
        "evaluate_photo": (
            evaluation.evaluate_photo,
            lambda: dict(detector=detector, photo=photo, low=(0.2, 0.2, 0.2)),
        ),
        "report": (evaluation.report, lambda: dict(results=results)),
        "reached": (evaluation.reached, lambda: dict(trace=trace, photo=photo, smallest=12)),
        "Reached.recall": (reached.recall, lambda: dict(threshold=0.5)),
        "Reached.boxes": (reached.boxes, lambda: dict(threshold=0.5)),
        "reached_in": (evaluation.reached_in, lambda: dict(photos=[evaluation.reached(trace, photo)])),
        "read_ground_truth": (evaluation.read_ground_truth, lambda: dict(folder="nowhere")),
        "wider_average_precision": (
            evaluation.wider_average_precision,
            lambda: dict(truth=truth, found={"a/b": trace.faces}),
        ),
        "inclusive_iou": (wider.inclusive_iou, lambda: dict(first=BOXES, second=BOXES)),
        "explain": (explain.explain, lambda: dict(trace=trace, boxes=BOXES)),
        "prepare": (embedding.prepare, lambda: dict(crop)),
        "embed": (embedding.embed, lambda: dict(net=net, crops=crops)),
        "read_people": (embedding.read_people, lambda: dict(folder="nowhere", detector=detector)),
        "train_embedding": (
            embedding.train_embedding,
            lambda: dict(
                net=net,
                crops=crops,
                person=[0, 0, 1],
                rng=rng(0),
                steps=1,
                persons=2,
                views=2,
                margin=0.2,
                report=print_nothing,
            ),
        ),
        "squared_distances": (embedding.squared_distances, lambda: dict(first=some, second=some)),
        "triplet_loss": (embedding.triplet_loss, lambda: dict(anchor=some, positive=some, negative=some, margin=0.2)),
        "semi_hard_triplets": (
            embedding.semi_hard_triplets,
            lambda: dict(distances=torch.rand(4, 4), person=kinds // 2, margin=0.2),
        ),
        "verification": (embedding.verification, lambda: dict(embeddings=BOXES[[0, 0, 1]], person=[0, 0, 1])),
        "Verification.accepted": (known.accepted, lambda: dict(threshold=0.5)),
        "Verification.threshold": (known.threshold, lambda: dict(false_accepts=0.1)),
        "nearest": (embedding.nearest, lambda: dict(gallery=BOXES, probes=BOXES)),
        "varied": (embedding.varied, lambda: dict(crops=crops, rng=rng(0), how=embedding.views.Variation())),
        "Variation": (embedding.views.Variation, lambda: vars(embedding.views.Variation())),
        "warp": (augment.warp, lambda: dict(photo=photo, matrix=[[1.0, 0, 5], [0, 1, 5]])),
        "mirror": (augment.mirror, lambda: dict(photo=photo)),
        "augment.rotate": (augment.rotate, lambda: dict(photo=photo, degrees=5.0, about=(20, 30))),
        "shift": (augment.shift, lambda: dict(photo=photo, right=2, down=3)),
        "scale": (augment.scale, lambda: dict(photo=photo, factor=0.9, about=(20, 30))),
        "brightness": (augment.brightness, lambda: dict(photo=photo, by=20)),
        "contrast": (augment.contrast, lambda: dict(photo=photo, factor=1.2)),
        "colour": (augment.colour, lambda: dict(photo=photo, gains=(1, 1.1, 0.9))),
        "blur": (augment.blur, lambda: dict(photo=photo, sigma=1.5)),
        "straight_line": (augment.straight_line, lambda: dict(pixels=PHOTO, slope=1.1, start=np.array([1.0, 2, 3]))),
        "mirror_batch": (
            augment_crops.mirror_batch,
            lambda: dict(
                crops=crops, offsets=np.zeros((3, 4)), landmarks=np.zeros((3, 5, 2)), which=[True, False, True]
            ),
        ),
        "colour_batch": (
            augment_crops.colour_batch,
            lambda: dict(crops=crops, rng=rng(0), contrast=0.2, brightness=20, gain=0.1),
        ),
        "noise_batch": (degrade_crops.noise_batch, lambda: dict(crops=crops, rng=rng(0), share=0.5, strength=(3, 9))),
        "darken_batch": (degrade_crops.darken_batch, lambda: dict(crops=crops, rng=rng(0), share=0.5, gone=(0.3, 0.9))),
        "compress_batch": (
            degrade_crops.compress_batch,
            lambda: dict(crops=crops, rng=rng(0), share=0.5, quality=(9, 9)),
        ),
        "downscale_batch": (degrade_crops.downscale_batch, lambda: dict(crops=crops, rng=rng(0), share=0.5, least=12)),
    }
