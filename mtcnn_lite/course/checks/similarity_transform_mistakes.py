"""The likely mistakes in `similarity_transform`, each with its hint."""

import numpy as np

from mtcnn_lite import alignment
from mtcnn_lite.course.checks.judge import Hints
from mtcnn_lite.course.checks.similarity_transform_ways import (
    about_means,
    affine,
    apart,
    deviations,
    eye_scale,
    eye_turn,
    factor,
    half_turn_lost,
    mirroring,
    of,
    only,
    shifted,
    swapped,
    then,
    turn,
)

HINTS: Hints = {
    "That matrix leaves all points where they are.": (lambda points, target: np.eye(2, 3),),
    "That is the way back, from the target to the points. points are what is moved, target is where to.": (
        lambda points, target: alignment.similarity_transform(target, points),
        then(alignment.inverse_transform),
    ),
    "Only the shift is in it. The points may also have to be turned and scaled.": about_means(
        lambda points, target: np.eye(2)
    ),
    "The scale is missing: it turns and shifts, but keeps the size.": about_means(
        lambda points, target: turn(factor(points, target)[0])
    ),
    "The turn is missing: it scales and shifts, but keeps the direction.": (
        about_means(lambda points, target: np.eye(2) * factor(points, target)[1]),
        about_means(lambda points, target: np.eye(2) * np.sqrt((target.var(axis=0).sum()) / points.var(axis=0).sum())),
    ),
    "The shift is missing: the third column brings the turned and scaled points to where the target is.": shifted(
        lambda part, points, target: np.zeros(2)
    ),
    "The shift is the difference of the two means. But turn and scale move the mean of the points as well: it is "
    "mean(target) - A @ mean(points), "
    "with A the first two columns.": shifted(lambda part, points, target: target.mean(axis=0) - points.mean(axis=0)),
    "The shift brings the first point exactly onto its target. By least squares it is the means that meet.": shifted(
        lambda part, points, target: target[0] - part @ points[0]
    ),
    "The third column is the target's mean. Turn and scale are about (0, "
    "0), so the moved mean of the points must be taken off.": shifted(lambda part, points, target: target.mean(axis=0)),
    "The turn goes the wrong way round: the minus belongs to the upper right, [[a, -b], [b, a]].": (
        about_means(lambda points, target: turn(-factor(points, target)[0], factor(points, target)[1])),
        shifted(lambda part, points, target: target.mean(axis=0) - part.T @ points.mean(axis=0)),
        then(lambda m: np.column_stack([m[:, :2].T, m[:, 2]])),
    ),
    "The scale is upside down: how large the target is, over how large the points are.": about_means(
        lambda points, target: turn(factor(points, target)[0], 1 / factor(points, target)[1])
    ),
    "The scale came in twice, or squared.": about_means(
        lambda points, target: turn(factor(points, target)[0], factor(points, target)[1] ** 2)
    ),
    "The scale is the ratio of the two spreads. That is right where the fit is exact; else least squares shrinks a "
    "little: "
    "sum(conj(p) q) / sum(|p|^2), or in Umeyama's way trace(D S) / variance of the points.": about_means(deviations),
    "Only the eyes are in it. Five points count; where one is off by a little, the other four hold against it.": (
        only(0, 1),
        about_means(lambda p, q: alignment.similarity_transform(p[:2], q[:2])[:, :2]),
    ),
    "Turn and shift fit, but the scale is that of the eyes alone: use all five points.": about_means(eye_scale),
    "Scale and shift fit, but the turn is that of the eyes alone: use all five points.": about_means(eye_turn),
    "Not all five points are in it.": (only(0, 1, 2), only(0, 1, 2, 3), only(1, 2, 3, 4), only(0, 1, 3, 4), only(0, 2)),
    "That is an affine transform: "
    "six free numbers, which may stretch and shear the face. A similarity has four: [[a, -b, s], [b, a, t]].": affine,
    "x and y have scales of their own. One scale for both, or the face is stretched.": about_means(apart),
    "It mirrors where that fits better. With the SVD, turn "
    "the sign of the last singular vector where the determinant is below 0 (Umeyama 1991).": about_means(mirroring),
    "A turn of more than 90 degrees came out as one "
    "of less: arctan of a ratio knows half the circle. Use arctan2, or no angle at all.": about_means(half_turn_lost),
    "x and y have changed places: a point is x, then y.": (
        of(swapped),
        then(lambda m: m[::-1]),
        then(lambda m: m[:, [1, 0, 2]]),
        then(lambda m: m[::-1][:, [1, 0, 2]]),
    ),
    "The matrix is transposed: (2, 3), a row for x' and a row for y', to be multiplied from the left.": then(
        lambda m: m.T
    ),
    "Three rows came back. The last, 0 0 1, is left out: (2, 3), as OpenCV's warpAffine takes it.": then(
        lambda m: np.concatenate([m, [[0, 0, 1]]])
    ),
    "The moved points came back. The matrix that moves them is asked for.": (
        lambda points, target: alignment.transform_points(points, alignment.similarity_transform(points, target)),
        lambda points, target: target,
    ),
    "Half a pixel was added or taken off. Both sets of points name pixel centres, so nothing is to be added.": (
        then(lambda m: m + [[0, 0, 0.5]]),
        then(lambda m: m - [[0, 0, 0.5]]),
        of(lambda points: points + 0.5),
    ),
    "You rounded. Half a degree of turn is a pixel at the crop's edge.": (
        then(np.round),
        then(lambda m: m.round(1)),
        then(lambda m: m.astype(int)),
        of(np.round),
    ),
    "That is one point's way alone, not the best over all five.": about_means(
        lambda points, target: np.eye(2) * target[0, 0] / points[0, 0]
    ),
}
