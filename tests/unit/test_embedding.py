"""The embedder against brute force: every triplet in three loops, every pair in two, and a net that must learn."""

import itertools

import numpy as np
import pytest
import torch
from PIL import Image

from mtcnn_lite.alignment import aligned_crops
from mtcnn_lite.course.scenes.cutouts import lfw_faces
from mtcnn_lite.embedding import (
    EmbeddingNet,
    Verification,
    embed,
    nearest,
    prepare,
    read_people,
    semi_hard_triplets,
    squared_distances,
    train_embedding,
    triplet_loss,
    varied,
    verification,
)
from mtcnn_lite.embedding.views import Variation

STILL = Variation(turn=0, zoom=0, shift=0, light=0, contrast=0, brightness=0, downscale=0, noise=0, cutout=0)


def unit_vectors(count, dimensions=6, seed=0):
    points = torch.from_numpy(np.random.default_rng(seed).normal(0, 1, (count, dimensions)))
    return torch.nn.functional.normalize(points, dim=1)


def d2(a, b):
    return sum((x - y) ** 2 for x, y in zip(a.tolist(), b.tolist(), strict=True))


def random_crops(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)


# --- distances and loss


def test_distances_by_loops():
    first, second = unit_vectors(4), unit_vectors(3, seed=1)
    expected = [[d2(a, b) for b in second] for a in first]
    np.testing.assert_allclose(squared_distances(first, second).numpy(), expected, atol=1e-12)
    assert (squared_distances(first, first) >= 0).all()


@pytest.mark.parametrize("margin", [0.0, 0.2, 1.0])
def test_loss_by_loops(margin):
    anchor, positive, negative = (unit_vectors(20, seed=seed) for seed in range(3))
    each = [max(0.0, d2(a, p) - d2(a, n) + margin) for a, p, n in zip(anchor, positive, negative, strict=True)]
    assert triplet_loss(anchor, positive, negative, margin).item() == pytest.approx(sum(each) / 20)
    assert any(loss == 0 for loss in each) or margin == 1


def test_loss_is_torchs_with_squared_distances():
    anchor, positive, negative = (unit_vectors(20, seed=seed) for seed in range(3))
    theirs = torch.nn.TripletMarginWithDistanceLoss(
        distance_function=lambda a, b: (a - b).square().sum(dim=1), margin=0.2
    )
    torch.testing.assert_close(triplet_loss(anchor, positive, negative), theirs(anchor, positive, negative))


def test_gradient_is_the_measured_one():
    points = [unit_vectors(5, seed=seed).requires_grad_() for seed in range(3)]
    assert torch.autograd.gradcheck(lambda *three: triplet_loss(*three, 0.7), points)


def test_no_triplet_costs_nothing():
    none = torch.zeros(0, 4, requires_grad=True)
    loss = triplet_loss(none, none, none)
    loss.backward()
    assert loss.item() == 0


# --- mining


def every_semi_hard(points, person, margin):
    """Three loops over all triplets; for each pair the nearest semi-hard negative."""
    found = []
    for a, p in itertools.product(range(len(points)), repeat=2):
        if a == p or person[a] != person[p]:
            continue
        near = d2(points[a], points[p])
        candidates = []
        for n in range(len(points)):
            far = d2(points[a], points[n])
            if person[n] != person[a] and near < far < near + margin:
                candidates.append((far, n))
        if candidates:
            found.append([a, p, min(candidates)[1]])
    return found


@pytest.mark.parametrize("margin", [0.05, 0.2, 1.0])
@pytest.mark.parametrize("seed", range(5))
def test_triplets_by_brute_force(seed, margin):
    points = unit_vectors(24, dimensions=3, seed=seed)
    person = torch.from_numpy(np.random.default_rng(seed).integers(0, 7, 24))
    expected = every_semi_hard(points, person.tolist(), margin)
    assert semi_hard_triplets(squared_distances(points, points), person, margin).tolist() == expected
    assert len(expected) > 3


def test_triplets_cost_more_than_nothing_and_less_than_the_margin():
    points = unit_vectors(40, dimensions=3)
    rows = semi_hard_triplets(squared_distances(points, points), torch.arange(40) % 10)
    for row in rows:
        loss = triplet_loss(*(points[[i]] for i in row.tolist())).item()
        assert 0 < loss < 0.2


def test_triplets_of_nobody_and_of_one_person():
    assert semi_hard_triplets(torch.zeros(0, 0), torch.zeros(0)).shape == (0, 3)
    assert semi_hard_triplets(torch.zeros(3, 3), torch.zeros(3)).shape == (0, 3)


# --- net


def test_net_gives_unit_vectors():
    torch.manual_seed(0)
    found = embed(EmbeddingNet(), random_crops(5))
    assert found.shape == (5, 64)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    assert embed(EmbeddingNet(), random_crops(0)).shape == (0, 64)
    assert sum(p.numel() for p in EmbeddingNet().parameters()) == 150_928


def test_net_sees_nothing_outside_the_oval():
    crops = random_crops(1)
    other = crops.copy()
    other[:, :3, :3] = 0  # a corner
    assert torch.equal(prepare(crops), prepare(other))
    other[:, 16, 16] = 255 - other[:, 16, 16]
    assert not torch.equal(prepare(crops), prepare(other))


def test_gray_is_pillows():
    crops = random_crops(1)
    gray = np.asarray(Image.fromarray(crops[0]).convert("L")).astype(float)
    inner = np.s_[8:24, 10:22]
    np.testing.assert_allclose(prepare(crops)[0, 0].numpy()[inner] * 128 + 127.5, gray[inner], atol=0.6)


# --- views


def test_view_without_variation_is_the_crop_or_its_mirror():
    crops = random_crops(40)
    views = varied(crops, np.random.default_rng(0), STILL)
    mirrored = [np.array_equal(view, crop[:, ::-1]) for view, crop in zip(views, crops, strict=True)]
    same = [np.array_equal(view, crop) for view, crop in zip(views, crops, strict=True)]
    assert all(a or b for a, b in zip(mirrored, same, strict=True))
    assert 8 < sum(mirrored) < 32


def test_views_leave_the_crops_alone_and_repeat_with_the_seed():
    crops = random_crops(12)
    before = crops.copy()
    first, again = (varied(crops, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(crops, before)
    np.testing.assert_array_equal(first, again)
    assert (first != varied(crops, np.random.default_rng(4))).any()
    assert (first.shape, first.dtype) == (crops.shape, np.uint8)


def test_shift_is_in_pixels_of_a_32_px_crop():
    """The spread of a bright column over many views, in crops of 32 and of 64 px."""
    for side in (32, 64):
        crops = np.zeros((300, side, side, 3), np.uint8)
        crops[:, :, side // 2 - 1 : side // 2 + 1] = 200
        views = varied(crops, np.random.default_rng(0), Variation(*[0, 0, 1], *[0] * 6)).astype(float)[..., 0]
        at = (views * np.arange(side)).sum(axis=(1, 2)) / views.sum(axis=(1, 2))
        assert np.std(at) == pytest.approx(side / 32, rel=0.15)


def test_light_falls_from_one_side():
    crops = np.full((200, 32, 32, 3), 100, np.uint8)
    views = varied(crops, np.random.default_rng(0), Variation(0, 0, 0, 0.5, 0, 0, 0, 0, 0)).astype(float)
    assert views.mean(axis=(1, 2, 3)) == pytest.approx(np.full(200, 100), abs=1)  # the middle keeps its brightness
    assert 40 < np.ptp(views, axis=(1, 2, 3)).max() <= 142  # 2 * 0.5 * 100 along a diagonal


def test_no_view_of_nothing():
    assert varied(random_crops(0), np.random.default_rng(0)).shape == (0, 32, 32, 3)


# --- verification


def test_every_pair_by_loops():
    rng = np.random.default_rng(0)
    points, person = rng.normal(0, 1, (15, 3)).astype(np.float32), rng.integers(0, 4, 15)
    same, different = [], []
    for i, j in itertools.combinations(range(15), 2):
        (same if person[i] == person[j] else different).append(((points[i] - points[j]) ** 2).sum())
    found = verification(points, person)
    np.testing.assert_allclose(found.same, sorted(same), rtol=1e-5)
    np.testing.assert_allclose(found.different, sorted(different), rtol=1e-5)
    closer = [(s < d) + (s == d) / 2 for s in found.same for d in found.different]
    assert found.area == pytest.approx(np.mean(closer))
    wrong, right = found.curve()
    assert np.trapezoid(right, wrong) == pytest.approx(found.area, abs=1e-6)
    assert (wrong[0], right[0], wrong[-1], right[-1]) == (0, 0, 1, 1)


def test_shares_by_hand():
    found = Verification(np.array([1, 2, 3, 9], np.float32), np.array([3, 4, 5, 6, 7], np.float32))
    assert found.accepted(3) == (0.75, 0.2)
    assert found.accepted(2.9) == (0.5, 0.0)
    for allowed, wrong in ((0, 0), (0.19, 0), (0.2, 0.2), (0.5, 0.4), (1, 1)):
        assert found.accepted(found.threshold(allowed))[1] == wrong, allowed
    assert found.area == pytest.approx((3 * 5 - 0.5) / 20)


def test_ties_leave_no_threshold_between():
    found = Verification(np.array([1], np.float32), np.array([2, 2, 2, 2], np.float32))
    assert found.accepted(found.threshold(0.5))[1] == 0


def test_nearest_by_loops():
    rng = np.random.default_rng(0)
    gallery, probes = rng.normal(0, 1, (6, 4)), rng.normal(0, 1, (9, 4))
    row, distance = nearest(gallery, probes)
    for k, probe in enumerate(probes):
        each = ((gallery - probe) ** 2).sum(axis=1)
        assert row[k] == each.argmin()
        assert distance[k] == pytest.approx(each.min(), rel=1e-5)
    assert nearest(gallery, np.zeros((0, 4)))[0].shape == (0,)
    assert nearest([[1, 1], [1, 1]], [[1, 1]])[0].tolist() == [0]


# --- training

STEPS = 60  # with 25, chance still decides how far it gets


@pytest.fixture(scope="module")
def faces():
    crops = [
        aligned_crops(np.pad(each.copies[0], ((8, 8), (8, 8), (0, 0)), mode="edge"), each.landmarks[None] + 8, 32)[0]
        for each in lfw_faces("train")
    ]
    return np.stack(crops)


@pytest.fixture(scope="module")
def trained(faces):
    torch.manual_seed(0)
    net = EmbeddingNet()
    learned = train_embedding(net, faces[:20], np.arange(20), np.random.default_rng(0), STEPS, persons=12, views=3)
    return net, learned


def test_training_tells_views_apart(faces, trained):
    net, learned = trained
    person = np.repeat(np.arange(20), 4)
    views = varied(faces[person], np.random.default_rng(9))
    torch.manual_seed(0)
    before, after = (verification(embed(each, views), person).area for each in (EmbeddingNet(), net))
    assert after > before + 0.1
    assert learned.loss.shape == learned.share.shape == (STEPS,)
    assert (learned.share[:5] > 0.5).all()
    assert (learned.share <= 1).all()
    assert ((learned.loss > 0) & (learned.loss < 0.2)).all()
    assert not net.training


def test_training_repeats_with_the_seed(faces, trained):
    torch.manual_seed(0)
    net, steps = EmbeddingNet(), []
    again = train_embedding(net, faces[:20], np.arange(20), np.random.default_rng(0), STEPS, 12, 3,
                            report=lambda step, loss: steps.append((step, loss)))  # fmt: skip
    np.testing.assert_array_equal(again.loss, trained[1].loss)
    np.testing.assert_array_equal(embed(net, faces[:4]), embed(trained[0], faces[:4]))
    assert [step for step, _ in steps] == list(range(1, STEPS + 1))


def test_persons_with_several_photos_bring_all_of_them(faces, monkeypatch):
    from mtcnn_lite.embedding import training

    seen = []
    monkeypatch.setattr(training, "varied", lambda crops, rng, how: seen.append(crops) or varied(crops, rng, how))
    train_embedding(EmbeddingNet(), faces[:6], [5, 5, 5, 9, 9, 9], np.random.default_rng(0), 4, views=4)
    assert all(len(batch) == 8 for batch in seen)  # two persons, four views each
    every = np.concatenate(seen)
    assert all((every == face).all(axis=(1, 2, 3)).any() for face in faces[:6])
    for batch in seen:
        for half, own in ((batch[:4], faces[:3]), (batch[4:], faces[3:6])):
            one = [any(np.array_equal(view, face) for face in own) for view in half]
            assert all(one) or not any(one)  # a half holds one person


def test_another_choice_of_triplets(faces):
    """Training takes the triplets that `choose` gives: with none, nothing is learned, and nothing is divided by 0."""
    seen = []

    def none(distances, person, margin):
        seen.append((tuple(distances.shape), person.tolist(), margin))
        return torch.zeros((0, 3), dtype=torch.long)

    learned = train_embedding(EmbeddingNet(), faces[:3], [0, 1, 2], np.random.default_rng(0), 2, views=2, margin=0.3,
                              choose=none)  # fmt: skip
    assert learned.loss.tolist() == learned.share.tolist() == [0, 0]
    assert all(shape == (6, 6) and margin == 0.3 for shape, _, margin in seen)
    assert sorted(seen[0][1]) == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize(
    ("person", "views", "says"),
    [([0, 0, 0], 3, "1 persons"), ([0, 1, 2], 1, "1 views"), ([0, 1], 3, "person has shape")],
)
def test_too_few_persons_are_refused(person, views, says):
    with pytest.raises(ValueError, match=says):
        train_embedding(EmbeddingNet(), random_crops(3), person, np.random.default_rng(0), 1, views=views)


# --- people


def test_people_from_a_folder(tmp_path, detector, astronaut):
    for name, image in (("b", astronaut), ("a", np.ascontiguousarray(astronaut[:, ::-1]))):
        (tmp_path / name).mkdir()
        Image.fromarray(image).save(tmp_path / name / "1.png")
    Image.fromarray(np.zeros((60, 60, 3), np.uint8)).save(tmp_path / "a" / "0.png")
    (tmp_path / "a" / "notes.txt").write_text("no photo")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "empty").mkdir()
    found = read_people(tmp_path, detector)
    assert found.names == ("a", "b")
    assert found.person.tolist() == [0, 1]
    expected = aligned_crops(astronaut, detector.detect(astronaut).landmarks[:1], 32)
    np.testing.assert_array_equal(found.crops[1], expected[0])
    assert [line.split(":")[0].rsplit("/", 1)[-1] for line in found.left_out] == ["0.png", "notes.txt"]
    assert "no face" in found.left_out[0]


def test_largest_face_is_the_persons(tmp_path, detector, astronaut):
    small = np.asarray(Image.fromarray(astronaut[:300, 100:340]).resize((120, 150)))
    both = np.zeros((512, 640, 3), np.uint8)
    both[:150, :120], both[:, 128:] = small, astronaut
    assert len(detector.detect(both)) == 2
    (tmp_path / "one").mkdir()
    Image.fromarray(both).save(tmp_path / "one" / "p.png")
    crop = read_people(tmp_path, detector).crops[0].astype(float)
    alone = aligned_crops(astronaut, detector.detect(astronaut).landmarks, 32)[0].astype(float)
    assert np.abs(crop - alone).mean() < 8


def test_bad_folders_are_named(tmp_path, detector):
    with pytest.raises(ValueError, match="no such folder"):
        read_people(tmp_path / "nowhere", detector)
    with pytest.raises(ValueError, match="no photo with a face"):
        read_people(tmp_path, detector)


# --- bad input


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: squared_distances(torch.zeros(2, 3), torch.zeros(2, 4)), r"\(N, D\) and \(M, D\)"),
        (lambda: triplet_loss(torch.zeros(2, 3), torch.zeros(1, 3), torch.zeros(2, 3)), "same"),
        (lambda: semi_hard_triplets(torch.zeros(2, 3), torch.zeros(2)), "distances has shape"),
        (lambda: prepare(np.zeros((1, 112, 112, 3), np.uint8)), r"\(N, 32, 32, 3\)"),
        (lambda: prepare(np.zeros((1, 32, 32, 3), np.float32)), "float32"),
        (lambda: verification(np.zeros((3, 2)), [0, 0]), "must be"),
        (lambda: verification(np.zeros((3, 2)), [0, 1, 2]), "both kinds"),
        (lambda: verification(np.zeros((3, 2)), [0, 0, 0]), "both kinds"),
        (lambda: nearest(np.zeros((0, 2)), np.zeros((1, 2))), "nobody"),
    ],
)
def test_bad_input_is_named(call, says):
    with pytest.raises(ValueError, match=says):
        call()
