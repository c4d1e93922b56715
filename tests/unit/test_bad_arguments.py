"""Functions given what they can't use: one clear error names the argument. What only looks odd gives the same."""

import math

import cv2
import numpy as np
import pytest
import torch

from mtcnn_lite import (
    alignment,
    anchors,
    boxes,
    coordinates,
    embedding,
    evaluation,
    explain,
    losses,
    mining,
    nms,
    pyramid,
)
from mtcnn_lite.datasets import augment, augment_crops, degrade_crops
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.images import as_rgb, crop_windows
from mtcnn_lite.nets import normalise
from mtcnn_lite.nets.models import NetOutput, PNet
from mtcnn_lite.sampling import SamplingConfig, choose, counts, cut, kinds, sample
from mtcnn_lite.sampling.sampler import SAMPLE

PHOTO = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
BOXES = np.array([[2, 3, 30, 33], [20, 10, 50, 40.5]], np.float32)
LABELLED = LabelledPhoto(PHOTO, BOXES)
CROPS = np.zeros((3, 32, 32, 3), np.uint8)
RNG = np.random.default_rng(0)
KINDS = torch.tensor([0, 1, 2, 3])
PART = losses.takes_part(KINDS)


def said(**changed):
    return NetOutput(
        *(changed.get(name, torch.zeros(4, k)) for name, k in (("face", 2), ("offsets", 4), ("landmarks", 10)))
    )


def of_samples(output=None, kinds=KINDS, offsets=None, landmarks=None, part=PART):
    return losses.sample_losses(
        said() if output is None else output,
        kinds,
        torch.zeros(4, 4) if offsets is None else offsets,
        torch.zeros(4, 10) if landmarks is None else landmarks,
        part,
    )


BAD = {
    # boxes, NMS
    "boxes of words": (lambda: boxes.area(["a"] * 4), ValueError, "boxes holds text"),
    "boxes of None": (lambda: boxes.iou([[None] * 4], BOXES), TypeError, r"first holds None \(NoneType\)"),
    "boxes of flags": (lambda: boxes.iom(BOXES, BOXES > 5), TypeError, "second holds True and False"),
    "complex boxes": (lambda: boxes.square_boxes(BOXES * 1j), TypeError, "boxes holds complex"),
    "boxes far off": (
        lambda: boxes.iou([[0, 0, 1e36, 1e36]], BOXES),
        ValueError,
        r"first holds 1e\+36; every coordinate must be from -1e18 to 1e18",
    ),
    "boxes over float32": (lambda: boxes.area([[0, 0, 1e300, 1]]), ValueError, "boxes holds NaN or infinity"),
    "masked boxes": (lambda: boxes.area(np.ma.masked_greater(BOXES, 40)), ValueError, "boxes has masked values"),
    "negative height": (
        lambda: boxes.clip_boxes(BOXES, -1, 80),
        ValueError,
        "height is -1; it must be a whole number, 0 px or more",
    ),
    "height in words": (lambda: boxes.clip_boxes(BOXES, "60", 80), TypeError, r"height is '60' \(str\)"),
    "fewer offsets": (
        lambda: boxes.decode_offsets(np.repeat(BOXES, 2, 0), BOXES),
        ValueError,
        r"boxes has shape \(4, 4\) and offsets \(2, 4\)",
    ),
    "landmarks of NaN": (
        lambda: boxes.landmarks_to_image(BOXES, np.full((2, 10), np.nan)),
        ValueError,
        "landmarks holds NaN",
    ),
    "scores of words": (lambda: nms.nms(BOXES, ["a", "b"], 0.5), ValueError, "scores holds text"),
    "no threshold": (lambda: nms.nms(BOXES, [0.5, 0.6], None), TypeError, "threshold is None; it must be a number"),
    "a list as measure": (
        lambda: nms.nms(BOXES, [0.5, 0.6], 0.5, []),
        TypeError,
        "measure is .* it must be one of 'iou', 'iom'",
    ),
    "kept over the end": (
        lambda: nms.suppressors(BOXES, [0.5, 0.6], [2], 0.5),
        ValueError,
        "kept holds 2 to 2; .* from 0 to 1",
    ),
    "kept none": (lambda: nms.suppressors(BOXES, [0.5, 0.6], [], 0.5), ValueError, "kept is empty"),
    "infinite sigma": (lambda: nms.soft_nms(BOXES, [0.5, 0.6], math.inf), ValueError, "sigma is inf"),
    # pyramid, crops
    "half a pixel": (lambda: pyramid.pyramid_scales(60.5, 80), ValueError, "height is 60.5; it must be a whole number"),
    "a huge height": (
        lambda: pyramid.pyramid_scales(2**70, 80),
        ValueError,
        "height is 1180591620717411303424; .* at most 2147483647",
    ),
    "a level of infinity": (lambda: pyramid.level_size(60, 80, math.inf), ValueError, "scale is inf"),
    "a map under 12 px": (
        lambda: pyramid.map_size(11, 80),
        ValueError,
        "height is 11; it must be a whole number, 12 px or more",
    ),
    "a flat face_map": (
        lambda: pyramid.candidate_windows(np.zeros(5), 0.5, 0.6),
        ValueError,
        r"face_map has shape \(5,\)",
    ),
    "scale 0": (
        lambda: pyramid.candidate_windows(np.zeros((2, 2)), 0, 0.6),
        ValueError,
        "scale is 0; it must be above 0",
    ),
    "a float picture": (
        lambda: pyramid.halvings(PHOTO / 255, 0.1),
        TypeError,
        "image is .*float64.*; it must be uint8",
    ),
    "no copies": (lambda: pyramid.nearest_larger(0.5, 0), ValueError, "copies is 0"),
    "negative scales": (
        lambda: pyramid.resize_levels([PHOTO], [0.5, -1]),
        ValueError,
        "scales is .*each must be above 0",
    ),
    "levels of no pixel": (
        lambda: pyramid.resize_levels([PHOTO], [1e-9]),
        ValueError,
        "scales holds 1e-09: .* leaves no pixel",
    ),
    "huge levels": (
        lambda: pyramid.resize_levels([PHOTO], [1e5]),
        ValueError,
        "scales holds 100000.0: .* over 500 megapixels",
    ),
    "size 0": (
        lambda: crop_windows([PHOTO], BOXES, 0),
        ValueError,
        "size is 0; it must be a whole number, 1 px or more",
    ),
    "negative size": (lambda: crop_windows([PHOTO], BOXES, -3), ValueError, "size is -3"),
    "size of None": (lambda: crop_windows([PHOTO], BOXES, None), TypeError, "size is None"),
    "a huge size": (
        lambda: crop_windows([PHOTO], BOXES, 10**6),
        ValueError,
        "size is 1000000; 2 crops of it have over 1,000,000,000 pixels",
    ),
    "a photo for its halvings": (
        lambda: crop_windows(PHOTO, BOXES, 12),
        TypeError,
        r"halved is .*list of pictures, as pyramid\.halvings",
    ),
    "no halvings": (lambda: crop_windows([], BOXES, 12), ValueError, "halved is empty"),
    "halvings with alpha": (
        lambda: crop_windows([np.dstack([PHOTO, PHOTO[..., :1]])], BOXES, 12),
        ValueError,
        r"halved\[0\] has shape",
    ),
    "turns without pivots": (
        lambda: crop_windows([PHOTO], BOXES, 12, [5, 6]),
        ValueError,
        r"pivots is None; with turns it must be \(N, 2\)",
    ),
    "turns of NaN": (
        lambda: crop_windows([PHOTO], BOXES, 12, [np.nan, 6], BOXES[:, :2]),
        ValueError,
        "turns holds NaN or infinity",
    ),
    "turns of others": (
        lambda: crop_windows([PHOTO], BOXES, 12, [5], BOXES[:, :2]),
        ValueError,
        r"turns has shape \(1,\); it must be \(2,\)",
    ),
    "pivots of one number": (
        lambda: crop_windows([PHOTO], BOXES, 12, [5, 6], [1, 2]),
        ValueError,
        r"pivots has shape \(2,\)",
    ),
    "masked pixels": (lambda: as_rgb(np.ma.masked_greater(PHOTO, 200)), ValueError, "image has masked pixels"),
    "a list of lists": (
        lambda: as_rgb(PHOTO.tolist()),
        TypeError,
        r"image is a list; .*np\.asarray\(image\)",
    ),
    "a file's name": (lambda: as_rgb("photo.jpg"), TypeError, r"image is a str; .*read_image\(image\) reads a file"),
    # anchors
    "a stride of NaN": (lambda: anchors.anchor_grid(60, 80, math.nan, [16]), ValueError, "stride is nan"),
    "sides of NaN": (lambda: anchors.anchor_grid(60, 80, 8, [math.nan]), ValueError, "sizes is .*nan"),
    "too many anchors": (
        lambda: anchors.anchor_grid(10**6, 10**6, 1, [16]),
        ValueError,
        "stride is 1: .* are over 100,000,000",
    ),
    "levels in a list": (lambda: anchors.anchor_levels(60, 80, [8, 16]), TypeError, "levels is .*it must be a mapping"),
    "force in words": (lambda: anchors.match_anchors(BOXES, BOXES, force="no"), TypeError, "force is 'no'"),
    "a positive in words": (
        lambda: anchors.match_anchors(BOXES, BOXES, positive="0.5"),
        TypeError,
        "positive is '0.5'",
    ),
    "a sparse image": (
        lambda: as_rgb(torch.eye(3).to_sparse()),
        TypeError,
        r"image is a float32 tensor of shape \(3, 3\); it must be",
    ),
    # alignment, coordinates
    "size in words": (lambda: alignment.template("112"), TypeError, "size is '112'"),
    "points far off": (
        lambda: alignment.similarity_transform([[0, 0], [1e200, 0]], [[0, 0], [1, 0]]),
        ValueError,
        r"points holds 1e\+200",
    ),
    "a matrix of NaN": (lambda: alignment.inverse_transform(np.full((2, 3), np.nan)), ValueError, "matrix holds NaN"),
    "points of one number": (
        lambda: alignment.transform_points([1, 2], [[1, 0, 0], [0, 1, 0]]),
        ValueError,
        r"points has shape \(2,\)",
    ),
    "points of other faces": (
        lambda: alignment.transform_points(np.zeros((2, 5, 2)), np.ones((3, 2, 3))),
        ValueError,
        r"for 3 matrices it must be \(3, K, 2\)",
    ),
    "huge crops": (
        lambda: alignment.aligned_crops(PHOTO, alignment.template()[None], 10**6),
        ValueError,
        "size is 1000000; 1 crops of it",
    ),
    "landmarks on one point": (
        lambda: alignment.aligned_crops(PHOTO, np.ones((1, 5, 2)), 32),
        ValueError,
        "landmarks can't be aligned: points all lie in one place",
    ),
    "degrees of infinity": (lambda: coordinates.rotation(math.inf), ValueError, "degrees holds NaN or infinity"),
    "a vector": (
        lambda: coordinates.rotate([1, 2], [5]),
        ValueError,
        r"vectors has shape \(2,\); it must be \(N, M, 2\)",
    ),
    "a matrix for a point": (
        lambda: coordinates.about_point(np.eye(2), np.eye(2)),
        ValueError,
        r"centre has shape \(2, 2\)",
    ),
    "a width of None": (lambda: coordinates.mirror_boxes(BOXES, None), TypeError, "width is None"),
    "landmarks of 4 points": (
        lambda: coordinates.mirror_in_window(np.zeros((1, 4, 2))),
        ValueError,
        r"landmarks has shape \(1, 4, 2\)",
    ),
    "offsets of 3 numbers": (
        lambda: coordinates.mirror_offsets(torch.zeros(2, 3)),
        ValueError,
        r"offsets has shape \(2, 3\)",
    ),
    # losses, mining
    "logits of numpy": (
        lambda: losses.detection_loss(np.zeros((4, 2)), KINDS),
        TypeError,
        "face is .*it must be a torch tensor, float",
    ),
    "logits of NaN": (
        lambda: losses.detection_loss(torch.full((4, 2), math.nan), KINDS * 0),
        ValueError,
        "face holds NaN",
    ),
    "labels over 1": (
        lambda: losses.detection_loss(torch.zeros(4, 2), KINDS),
        ValueError,
        "label holds .*each must be 1 for a face",
    ),
    "gamma below 0": (lambda: losses.focal_loss(torch.zeros(4, 2), KINDS * 0, gamma=-1), ValueError, "gamma is -1"),
    "kinds in fractions": (lambda: losses.takes_part(torch.zeros(4)), TypeError, "kinds is torch.float32 of shape"),
    "another output": (lambda: of_samples(output=torch.zeros(4, 16)), TypeError, "output is .*NetOutput"),
    "fewer kinds": (
        lambda: of_samples(kinds=KINDS[:3]),
        ValueError,
        r"kinds has shape \(3,\); for 4 samples it must be \(4,\)",
    ),
    "kinds of no kind": (lambda: of_samples(kinds=KINDS + 7), ValueError, "kinds holds 7 to 10"),
    "fewer offsets than samples": (
        lambda: of_samples(offsets=torch.zeros(3, 4)),
        ValueError,
        r"offsets has shape \(3, 4\)",
    ),
    "landmarks as points": (
        lambda: of_samples(landmarks=torch.zeros(4, 5, 2)),
        ValueError,
        r"landmarks has shape \(4, 5, 2\)",
    ),
    "part in numbers": (lambda: of_samples(part=PART.float()), TypeError, "part is torch.float32"),
    "part of one task": (lambda: of_samples(part=PART[:, 0]), ValueError, r"part has shape \(4,\)"),
    "an output of NaN": (
        lambda: of_samples(output=said(offsets=torch.full((4, 4), math.nan))),
        ValueError,
        "output.offsets holds NaN",
    ),
    "an output of 3 classes": (
        lambda: of_samples(output=said(face=torch.zeros(4, 3))),
        ValueError,
        r"output.face has shape \(4, 3\)",
    ),
    "targets in numpy": (lambda: of_samples(offsets=np.zeros((4, 4))), TypeError, "offsets is .*torch tensor"),
    "two weights": (
        lambda: losses.multitask_loss(torch.ones(4, 3), PART, (1, 2)),
        ValueError,
        "weights is .*it must be 3 numbers",
    ),
    "weights of NaN": (
        lambda: losses.multitask_loss(torch.ones(4, 3), PART, (1, 2, math.nan)),
        ValueError,
        "weights is",
    ),
    "losses of NaN": (
        lambda: losses.multitask_loss(torch.full((4, 3), math.nan), PART, (1, 1, 1)),
        ValueError,
        "losses holds NaN",
    ),
    "keep in words": (lambda: mining.hard_examples(torch.ones(3), "0.7"), TypeError, "keep is '0.7'"),
    "losses in a list": (lambda: mining.hard_examples([1.0, 2.0]), TypeError, "losses is .*torch tensor"),
    "hardest of NaN": (lambda: mining.hard_examples(torch.tensor([math.nan, 1])), ValueError, "losses holds NaN"),
    "an overlap of 2": (lambda: mining.ohem_nms(BOXES, torch.ones(2), 2, overlap=2), ValueError, "overlap is 2"),
    "losses of other boxes": (lambda: mining.ohem_nms(BOXES, torch.ones(3), 2), ValueError, r"losses has shape \(3,\)"),
    # sampling
    "a photo's pixels": (lambda: kinds(BOXES, PHOTO), TypeError, "photo is .*it must be a LabelledPhoto"),
    "a config in a dict": (
        lambda: kinds(BOXES, LABELLED, {"part": 0.4}),
        TypeError,
        "config is .*it must be a SamplingConfig",
    ),
    "a seed for rng": (
        lambda: choose(LABELLED, 60, 80, 12, 0),
        TypeError,
        r"rng is 0 \(int\); it must be a NumPy generator",
    ),
    "proposals without scores": (
        lambda: choose(LABELLED, 60, 80, 12, RNG, None, BOXES),
        TypeError,
        "proposed is .*two arrays",
    ),
    "proposals of other scores": (
        lambda: choose(LABELLED, 60, 80, 12, RNG, None, (BOXES, [1])),
        ValueError,
        r"proposed\[1\] has shape \(1,\)",
    ),
    "samples of floats": (lambda: cut(PHOTO, LABELLED, np.zeros(3), 12), TypeError, "samples is .*dtype SAMPLE"),
    "samples of other faces": (
        lambda: cut(PHOTO, LABELLED, np.full(1, 2, SAMPLE), 12),
        ValueError,
        "samples holds faces 2 to 2; the photo has 2",
    ),
    "samples of no kind": (lambda: counts(np.full(1, 9, SAMPLE)), ValueError, "samples holds the kind 9"),
    "propose of windows": (
        lambda: sample(LABELLED, 12, RNG, propose=BOXES),
        TypeError,
        "propose is .*it must be a function",
    ),
    # evaluation
    "ignore of one": (
        lambda: evaluation.match(BOXES, [1, 2], LABELLED, [True]),
        ValueError,
        r"ignore has shape \(1,\)",
    ),
    "found one photo": (
        lambda: evaluation.judge(LABELLED),
        TypeError,
        "found is .*it must be pairs of Faces and LabelledPhoto",
    ),
    "found photos": (lambda: evaluation.judge([LABELLED]), TypeError, r"found\[0\] is .*pairs of Faces"),
    "more than true": (
        lambda: evaluation.average_precision([0.5], [7], 1),
        ValueError,
        "is_true holds .*it must be bool",
    ),
    "faces in words": (lambda: evaluation.average_precision([0.5], [1], "1"), TypeError, "number_of_faces is '1'"),
    "predicted nowhere": (
        lambda: evaluation.landmark_error(np.full((1, 5, 2), np.nan), alignment.template()[None]),
        ValueError,
        "predicted holds a number that is not finite",
    ),
    "no draws": (lambda: evaluation.bootstrap_interval(len, 3, draws=0), ValueError, "draws is 0"),
    "many draws": (
        lambda: evaluation.bootstrap_interval(len, 10**9, draws=10**9),
        ValueError,
        "draws is 1000000000 of 1000000000 photos",
    ),
    "a figure in words": (
        lambda: evaluation.bootstrap_interval(lambda times: "a", 3),
        TypeError,
        r"figure\(\.\.\.\) is 'a'",
    ),
    "a report of photos": (lambda: evaluation.report([LABELLED]), TypeError, "results is .*sequence of PhotoResult"),
    "no trace": (lambda: explain.explain(PHOTO, BOXES), TypeError, "trace is .*it must be a Trace"),
    # embedding
    "crops of 24 px": (
        lambda: embedding.prepare(np.zeros((1, 24, 24, 3), np.uint8)),
        ValueError,
        r"uint8 \(N, 32, 32, 3\)",
    ),
    "no net": (lambda: embedding.embed(None, CROPS), TypeError, "net is None"),
    "embeddings of NaN": (
        lambda: embedding.verification([[math.nan], [0], [1]], [0, 0, 1]),
        ValueError,
        "embeddings holds NaN",
    ),
    "persons of None": (lambda: embedding.verification(np.eye(3), [None] * 3), TypeError, "person holds objects"),
    "probes of 3 numbers": (
        lambda: embedding.nearest(np.eye(2), np.eye(3)),
        ValueError,
        r"probes has shape \(3, 3\); .*\(P, 2\)",
    ),
    "a margin below 0": (
        lambda: embedding.triplet_loss(*[torch.ones(2, 3)] * 3, margin=-1),
        ValueError,
        "margin is -1",
    ),
    "distances of NaN": (
        lambda: embedding.semi_hard_triplets(torch.full((2, 2), math.nan), KINDS[:2]),
        ValueError,
        "distances holds NaN",
    ),
    "crops too small": (lambda: embedding.varied(CROPS[:, :4, :4], RNG), ValueError, "crops has shape .*at least 8 px"),
    "rng of another kind": (lambda: embedding.varied(CROPS, np.random), TypeError, "rng is .*NumPy generator"),
    "steps below 0": (
        lambda: embedding.train_embedding(embedding.EmbeddingNet(), CROPS, [0, 0, 1], RNG, -1),
        ValueError,
        "steps is -1",
    ),
    # augmentation
    "a sigma of a mile": (lambda: augment.blur(LABELLED, 1e9), ValueError, "sigma is .*at most 40: half the photo"),
    "a factor of nothing": (lambda: augment.scale(LABELLED, 1e-9), ValueError, "factor is 1e-09; .*leave a pixel"),
    "a matrix of nothing": (
        lambda: augment.warp(LABELLED, [[1e-9, 0, 0], [0, 1e-9, 0]]),
        ValueError,
        "matrix has the scale 1e-09",
    ),
    "a photo of pixels": (lambda: augment.mirror(PHOTO), TypeError, "photo is .*it must be a LabelledPhoto"),
    "degrees in words": (lambda: augment.rotate(LABELLED, "5"), TypeError, r"degrees is '5' \(str\)"),
    "gains of NaN": (lambda: augment.colour(LABELLED, [math.nan] * 3), ValueError, "gains is"),
    "one crop": (lambda: augment_crops.colour_batch(CROPS[0], RNG), ValueError, "crops is uint8 of shape"),
    "a share of 2": (
        lambda: degrade_crops.noise_batch(CROPS, RNG, 2),
        ValueError,
        "share is 2; it must be a share from 0 to 1",
    ),
    "a contrast of NaN": (lambda: augment_crops.colour_batch(CROPS, RNG, math.nan), ValueError, "contrast is nan"),
}


@pytest.mark.parametrize(("call", "kind", "message"), BAD.values(), ids=BAD.keys())
def test_one_error_names_the_argument(call, kind, message):
    with pytest.raises(kind, match=message) as raised:
        call()
    assert type(raised.value) is kind
    assert len(str(raised.value)) < 300


# --- what only looks odd


def as_matrix(array):
    return np.asarray(array).view(np.matrix)


@pytest.mark.parametrize("clothes", [as_matrix, np.ma.array, torch.tensor, np.ndarray.tolist, lambda b: b.astype(">f8"),
                                     lambda b: b.astype(object), np.asfortranarray])  # fmt: skip
def test_boxes_in_other_clothes_give_the_same(clothes):
    odd, windows = clothes(BOXES), np.stack([BOXES[0], BOXES[1] + 3])
    scores = clothes(np.float32([[0.5, 0.6]]))[0] if clothes is as_matrix else clothes(np.float32([0.5, 0.6]))
    functions = [boxes.area, boxes.square_boxes, lambda b: boxes.iou(b, windows), lambda b: boxes.clip_boxes(b, 60, 40)]
    for function in (*functions, lambda b: crop_windows([PHOTO], b, 12), lambda b: kinds(b, LABELLED)[0]):
        np.testing.assert_array_equal(function(odd), function(BOXES))
    np.testing.assert_array_equal(nms.nms(odd, np.ravel(scores), torch.tensor(0.3)), nms.nms(BOXES, [0.5, 0.6], 0.3))


def test_pictures_in_other_clothes_give_the_same(tmp_path):
    gray = PHOTO[..., 0]
    np.save(tmp_path / "photo.npy", PHOTO)
    want = np.dstack([gray] * 3)
    for image in (as_matrix(gray), np.ma.array(gray), np.asfortranarray(gray), gray[::-1][::-1]):
        got = as_rgb(image)
        assert type(got) is np.ndarray
        np.testing.assert_array_equal(got, want)
    np.testing.assert_array_equal(as_rgb(np.load(tmp_path / "photo.npy", mmap_mode="r")), PHOTO)
    np.testing.assert_array_equal(as_rgb(np.ma.array(PHOTO, mask=False)), PHOTO)


def test_overlaps_are_right_as_far_as_boxes_may_lie():
    """Against float64, with boxes of up to 2e18 px a side."""
    rng = np.random.default_rng(3)
    corner, side = rng.uniform(-1e18, 0, (50, 2)), rng.uniform(1e15, 1e18, (50, 2))
    far = np.concatenate([corner, corner + side], axis=1).astype(np.float32)
    far[0] = [-1e18, -1e18, 1e18, 1e18]
    a, b = far.astype(np.float64)[:, None], far.astype(np.float64)[None]
    shared = np.clip(np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2]), 0, None).prod(axis=2)
    area = (far[:, 2:].astype(np.float64) - far[:, :2]).prod(axis=1)
    np.testing.assert_allclose(boxes.iou(far, far), shared / (area[:, None] + area - shared), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(boxes.iom(far, far), shared / np.minimum(area[:, None], area), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("far", [1e5, 1e7, 1e9, 1e17])
def test_windows_far_outside_are_black(far):
    windows = [[far - 50, 0, far, 50], [-far, -far, 50 - far, 50 - far], [0, far - 50, 50, far]]
    assert not crop_windows(pyramid.halvings(PHOTO, 0.01), windows, 24).any()


def test_windows_of_photos_of_other_shapes_are_cut():
    wide = np.full((20, 70_000, 3), 200, np.uint8) if cv2.__version__ > "5" else np.full((20, 30_000, 3), 200, np.uint8)
    crops = crop_windows(pyramid.halvings(wide, 0.1), [[wide.shape[1] - 20, 0, wide.shape[1], 20], [10, 0, 30, 20]], 12)
    assert (crops == 200).all()


def test_a_net_that_diverges_shows_in_the_loss_of_training():
    """Training asks the functions behind the checked ones, so that its log can say at which step it happened."""
    output = said(face=torch.full((4, 2), math.nan))
    found = losses._sample_losses(output, KINDS, torch.zeros(4, 4), torch.zeros(4, 10), PART)
    assert torch.isnan(losses._multitask_loss(found, PART, (1, 1, 1)).total)


def test_checked_losses_are_those_of_training():
    torch.manual_seed(0)
    output = PNet()(normalise(RNG.integers(0, 256, (4, 12, 12, 3), np.uint8)))
    targets = torch.rand(4, 4), torch.rand(4, 10)
    one, other = (of(output, KINDS, *targets, PART) for of in (losses.sample_losses, losses._sample_losses))
    assert torch.equal(one, other)


def test_the_same_seed_draws_the_same_samples_whatever_the_numbers_wear():
    config = SamplingConfig(random=np.int64(5), shift=np.float64(0.2))
    one = choose(LABELLED, np.int64(60), np.float64(80), np.uint8(12), np.random.default_rng(1), config)
    assert one.tobytes() == choose(LABELLED, 60, 80, 12, np.random.default_rng(1), SamplingConfig(random=5)).tobytes()


def test_messages_hold_no_more_of_a_value_than_a_line():
    class Long:
        def __repr__(self):
            return "x\n" * 10**6

    calls = [lambda: boxes.area(Long()), lambda: nms.nms(BOXES, [1, 2], Long()), lambda: pyramid.halvings(Long(), 1)]
    for call in (*calls, lambda: losses.detection_loss(Long(), KINDS), lambda: evaluation.judge([Long()])):
        with pytest.raises(TypeError) as raised:
            call()
        assert len(str(raised.value)) < 300
        assert "\n" not in str(raised.value)
