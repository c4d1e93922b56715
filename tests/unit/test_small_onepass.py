"""Chapter 13's small nets, lessons, counts and figures: shapes, orders, what is learned from what."""

import itertools
import time

import numpy as np
import pytest
import torch
from torch import nn

from mtcnn_lite.anchors import anchor_levels
from mtcnn_lite.boxes import iou
from mtcnn_lite.cascade.faces import Faces
from mtcnn_lite.course import onepass_figures, onepass_trials, small_onepass
from mtcnn_lite.course.onepass_lessons import OF_ONE_SIZE, SCALES, Lessons, centre_lessons, copy_of, covered, lessons
from mtcnn_lite.course.onepass_trials import ALIKE, fastest, found, learn, settings, total_loss, trace, work_of
from mtcnn_lite.course.scenes import scenes
from mtcnn_lite.course.small_onepass import DEEPEST, FINEST, LEVELS, CentreHead, CentreNet, Net, multiply_adds
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.detector import Detector
from mtcnn_lite.nets import multiply_adds as of_cascade
from mtcnn_lite.onepass.encoding import decode_boxes
from mtcnn_lite.onepass.model import Answer
from mtcnn_lite.training.onepass.targets import FACE, NEITHER, NO_FACE


@pytest.fixture(scope="module")
def photos():
    return scenes(12, 4, height=96, width=128, faces=(1, 3), sizes=(14, 60), distractors=(0, 1))


@pytest.mark.parametrize("levels", [LEVELS, DEEPEST, FINEST])
@pytest.mark.parametrize("pyramid", [False, True])
@pytest.mark.parametrize(("height", "width"), [(64, 96), (32, 160)])
def test_there_is_an_answer_for_each_anchor(levels, pyramid, height, width):
    said = Net(levels, pyramid).eval()(torch.zeros(2, 3, height, width))
    count = sum(map(len, anchor_levels(height, width, levels)))
    assert [tuple(part.shape) for part in said] == [(2, count, 2), (2, count, 4), (2, count, 10)]
    assert (said.points == 0).all()
    assert float(said.score.detach().max()) < 0.05, "an untrained net says no"


def test_answers_are_in_the_order_of_the_anchors():
    """A head that answers with its place and its anchor's number: stride 8, two anchors a cell."""
    rows, columns = 3, 5
    said = torch.zeros(1, 12, rows, columns)
    for anchor in range(2):
        said[0, 6 * anchor] = 1000 * anchor + torch.arange(rows)[:, None] * 10 + torch.arange(columns)
    expected = [1000 * k + 10 * i + j for i in range(rows) for j in range(columns) for k in range(2)]
    assert small_onepass.answer([said]).face[0, :, 0].tolist() == expected


def test_a_pyramid_adds_the_coarser_maps_to_the_finer_ones():
    torch.manual_seed(1)
    plain = Net().eval()
    merged = Net(pyramid=True).eval()
    merged.load_state_dict(plain.state_dict())
    with torch.no_grad():
        x = torch.rand(1, 3, 64, 96)
        p8, p16, p32 = (each.numpy() for each in plain.features(x))
        m8, m16, m32 = (each.numpy() for each in merged.features(x))
    np.testing.assert_array_equal(m32, p32)
    np.testing.assert_allclose(m16, p16 + p32.repeat(2, axis=2).repeat(2, axis=3), atol=1e-6)
    np.testing.assert_allclose(m8, p8 + m16.repeat(2, axis=2).repeat(2, axis=3), atol=1e-6)


def test_multiply_adds_of_a_worked_case():
    net = nn.Sequential(nn.Conv2d(3, 4, 3, stride=2, padding=1), nn.Conv2d(4, 4, 3, padding=1, groups=4))
    assert multiply_adds(net, 8, 12) == 4 * 6 * 4 * (3 * 9) + 4 * 6 * 4 * 9
    assert multiply_adds(Net(FINEST), 64, 64) < multiply_adds(Net(), 64, 64), "no deeper than it is read"
    assert work_of(Net(), 60, 90, (1, 0.5)) == multiply_adds(Net(), 64, 96) + multiply_adds(Net(), 32, 64)


def test_a_cascades_work_is_that_of_its_levels_and_crops(astronaut):
    detector = Detector("zhang2016")
    run = detector.trace(astronaut[:200, :300])
    nets = detector.nets
    levels = sum(of_cascade(nets.pnet, *level.image.shape[:2]) for level in run.levels)
    crops = of_cascade(nets.rnet, 24, 24) * len(run.pnet.last)
    looks = of_cascade(nets.onet, 48, 48) * (len(run.rnet.last) + len(run.onet.last))
    assert onepass_trials.cascade_work(run, nets) == levels + crops + looks


def test_lessons_ignore_faces_of_other_sizes(photos):
    small = lessons(photos, FINEST, 0.5, (12, 28))
    assert small.x.shape == (12, 3, 48, 64)
    anchors = np.concatenate(anchor_levels(48, 64, FINEST))
    for k, photo in enumerate(photos):
        boxes = copy_of(photo, 0.5).boxes
        sides = (boxes[:, 2:] - boxes[:, :2]).min(axis=1)
        counted = boxes[(sides >= 12) & (sides <= 28) & ~photo.ignore]
        face = small.kinds[k].numpy() == FACE
        if len(counted):
            assert iou(anchors[face], counted).max(axis=1).min() > 0
            back = decode_boxes(anchors[face], small.offsets[k].numpy()[face])
            assert iou(back, counted).max(axis=1).min() > 0.999
        else:
            assert not face.any()
        assert np.isnan(small.offsets[k].numpy()[~face]).all()


def test_each_face_of_14_to_60_px_counts_in_a_copy():
    for side in np.arange(14, 60.5, 0.5):
        assert any(OF_ONE_SIZE[0] <= side * scale <= OF_ONE_SIZE[1] for scale in SCALES), side


def test_share_of_faces_with_an_anchor_that_fits():
    """Anchors of 16 px round (4, 4), (12, 4) ...: a face on one, a face moved by 4 px both ways, one twice as large."""
    faces = [[4, 4, 20, 20], [32, 8, 48, 24], [32, 24, 64, 56]]  # the best IoUs: 1, (12 / 16)^2 / (2 - ...), 1 / 4
    photo = LabelledPhoto(np.zeros((64, 96, 3), np.uint8), faces)
    middle = 144 / (2 * 256 - 144)
    assert [covered([photo, photo], {8: (16,)}, least) for least in (0.2, 0.26, middle - 0.01, middle + 0.01)] == [
        1, pytest.approx(2 / 3), pytest.approx(2 / 3), pytest.approx(1 / 3),
    ]  # fmt: skip


def test_all_alike_is_the_cross_entropy_of_all_that_counts_for_each_face():
    """Two photos of five anchors, by numpy: faces and background count, what is neither does not."""
    rng = np.random.default_rng(3)
    face, offsets = rng.normal(size=(2, 5, 2)), rng.normal(size=(2, 5, 4))
    kinds = np.array([[1, 0, 0, -1, 0], [0, 1, -1, 1, 0]])
    target = np.where(kinds[..., None] == 1, rng.normal(size=(2, 5, 4)), np.nan)
    probability = np.exp(face) / np.exp(face).sum(axis=2, keepdims=True)
    detection = -np.log(probability[kinds == 1, 1]).sum() - np.log(probability[kinds == 0, 0]).sum()
    off = abs(offsets - target)[kinds == 1]
    box = np.where(off < 1, off**2 / 2, off - 0.5).sum()
    points = torch.full((2, 5, 10), torch.nan)
    batch = Lessons(torch.zeros(2), torch.as_tensor(kinds), torch.as_tensor(target), points)
    answer = Answer(torch.as_tensor(face), torch.as_tensor(offsets), torch.zeros(2, 5, 10))
    assert float(total_loss(answer, batch, ALIKE)) == pytest.approx((detection + 2 * box) / 3, rel=1e-5)


def test_fastest_leaves_slow_runs_out():
    naps = iter((0.08, 0.0, 0.03))
    turn = itertools.count()
    result, seconds = fastest(lambda: (time.sleep(next(naps)), next(turn))[1])
    assert result == 2, "the last run's"
    assert seconds < 0.025
    assert next(naps, None) is None, "three runs"


def test_copies_have_their_labels_at_the_same_place(photos):
    half = copy_of(photos[0], 0.5)
    np.testing.assert_allclose(half.boxes, photos[0].boxes / 2)
    assert half.image().shape == (48, 64, 3)
    assert copy_of(photos[0], 1.0) is photos[0]


def test_without_anchors_the_cell_of_the_middle_is_for_the_face():
    photo = LabelledPhoto(np.zeros((64, 96, 3), np.uint8), [[20, 8, 60, 56], [70, 10, 86, 30]])
    lesson = centre_lessons(torch.zeros(1, 32, 8, 12), [photo])
    kinds = lesson.kinds[0].numpy().reshape(8, 12)
    # Middles: (40, 32), on the corner of four cells, of which the first has it, and (78, 20).
    assert np.argwhere(kinds == FACE).tolist() == [[2, 9], [3, 4]]
    near = np.argwhere(kinds == NEITHER).tolist()  # middles less than 10 px to the side, 12 up and down; 4 and 5 px
    assert near == [[i, j] for i in (2, 3, 4, 5) for j in (4, 5) if abs(8 * i + 4 - 32) < 12 and (i, j) != (3, 4)]
    assert kinds[0, 0] == NO_FACE
    cells = np.concatenate(anchor_levels(64, 96, CentreHead.levels))
    its = lesson.kinds[0].numpy() == FACE
    back = decode_boxes(cells[its], lesson.offsets[0].numpy()[its])
    assert iou(back, photo.boxes).max(axis=0).min() > 0.999


def test_a_net_learns_and_the_same_seed_gives_the_same_net(photos, monkeypatch):
    monkeypatch.setattr(onepass_trials, "STEPS", 12)
    sets = [lessons(photos, LEVELS)]
    nets = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        nets.append(learn(Net(pyramid=True), sets, seed))
    weights = [torch.cat([value.flatten() for value in net.state_dict().values()]) for net in nets]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
    untrained = onepass_trials.onepass_loss(Net().train()(sets[0].x), *sets[0][1:], onepass_trials.WEIGHTS)
    trained = onepass_trials.onepass_loss(nets[0].train()(sets[0].x), *sets[0][1:], onepass_trials.WEIGHTS)
    assert float(trained.total.detach()) < 0.9 * float(untrained.total.detach())


def test_what_is_found_in_copies_is_in_pixels_of_the_photo(photos):
    net, images = Net(FINEST).eval(), [photo.image() for photo in photos[:3]]
    both = found(net, images, (1, 0.5), threshold=0.0)
    assert len(both) == 3
    for faces in both:
        assert faces.boxes[:, 2].max() > 96, "of the whole width, also from the copy"
        assert (np.diff(faces.scores) <= 0).all()
    alone = found(net, images[1:2], (1, 0.5), threshold=0.0)[0]
    np.testing.assert_allclose(alone.boxes, both[1].boxes, atol=1e-3)


def test_a_trace_is_that_of_a_detector(photos):
    run = trace(Net().eval(), photos[0].image(), threshold=0.0)
    assert list(run.counts()["onepass"]) == ["scored", "above threshold", "decoded", "in the photo", "nms"]
    assert run.counts()["onepass"]["scored"] == sum(map(len, anchor_levels(96, 128, LEVELS)))
    assert settings(0.3).scale == 1


def test_a_head_without_anchors_reads_the_finest_map():
    net, head = Net(pyramid=True).eval(), CentreHead().eval()
    x = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        whole, apart = CentreNet(net, head).eval()(x), head(net.features(x)[0])
    assert torch.equal(whole.face, apart.face)
    assert whole.face.shape == (1, 64, 2)


# --- figures


def test_levels_are_tinted_where_the_scores_are(photos):
    image = np.full((16, 24, 3), 100, np.uint8)
    scores = np.zeros((2, 3), np.float32)
    scores[1, 2] = 1
    tinted = onepass_figures._tinted(image, scores, 8)
    assert (tinted[:8] == 178).all()
    np.testing.assert_allclose(tinted[12, 20], 0.25 * 177.5 + 0.75 * np.array([213, 94, 0]), atol=1)


def test_right_wrong_and_missed_boxes_have_their_colours():
    gray = np.full((60, 400, 3), 120, np.uint8)
    photo = LabelledPhoto(gray, [[10, 10, 30, 30], [60, 10, 80, 30]])
    boxes = np.float32([[11, 10, 30, 30], [10, 16, 30, 30], [40, 40, 56, 56]])  # right; the same face again; nowhere
    seen = Faces(boxes, np.float32([0.9, 0.8, 0.7]), np.zeros((3, 5, 2), np.float32))
    none = Faces(boxes[:0], np.zeros(0, np.float32), np.zeros((0, 5, 2), np.float32))
    shown = onepass_figures.right_and_wrong(photo, {"one": seen, "other": none}, ["1 ms", "2 ms"], height=60)
    assert shown.alt == "one: 1 right, 2 wrong, 1 missed, 1 ms; other: 0 right, 0 wrong, 2 missed, 2 ms"
    top = len(shown.pixels) - 60 - 8  # of the photos, which have 8 px of margin below
    first, second = shown.pixels[top : top + 60, 8:408], shown.pixels[top : top + 60, -408:-8]
    assert tuple(first[10, 20]) == (213, 94, 0)
    assert tuple(first[48, 40]) == (34, 34, 34)
    assert tuple(first[20, 60]) == tuple(second[20, 60]) == tuple(second[20, 10]) == (240, 228, 66)


def test_the_figures_say_their_numbers(photos):
    dots = onepass_figures.seed_by_seed({"one": [0.5, 0.625], "other": [0.25, 0.3]}, "precision")
    assert "one 0.50, 0.62; other 0.25, 0.30" in repr(dots)
    lines = onepass_figures.crowd_lines((0, 9), {"a": [0.1, 0.4]}, {"a": [5, 50]})
    assert "a 0.1 to 0.4 seconds" in repr(lines)
    assert "a 5 to 50 million" in repr(lines)
    run = trace(Net().eval(), photos[0].image(), threshold=0.9)
    shown = repr(onepass_figures.levels_seen(run, LEVELS))
    assert "stride 16, sides 32, 45 px: 0 boxes" in shown
    assert "no anchors" in repr(onepass_figures.levels_seen(run, {8: ()}))
