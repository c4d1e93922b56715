"""The nets against an independent forward pass in numpy, on the values their authors released."""

import numpy as np
import pytest
import torch
from oracles import released_forward

from mtcnn_lite.datasets.augment_crops import mirror_batch
from mtcnn_lite.nets import Nets, ONet, PNet, RNet, normalise
from mtcnn_lite.runtime import inference

RNG = np.random.default_rng(0)


def noise(*shape):
    return RNG.integers(0, 256, (*shape, 3), dtype=np.uint8)


def channels_last(x):
    return x.movedim(1, -1).numpy()


@pytest.mark.parametrize(
    ("name", "shape"),
    [("pnet", (5, 12, 12)), ("pnet", (2, 37, 51)), ("rnet", (5, 24, 24)), ("onet", (5, 48, 48))],
)
def test_nets_answer_as_the_released_ones(detector, name, shape):
    images = noise(*shape)
    with torch.inference_mode():
        answer = getattr(detector.nets, name)(normalise(images))
    face, offsets, landmarks = released_forward(name, images)
    np.testing.assert_allclose(channels_last(answer.face), face, atol=1e-4)
    np.testing.assert_allclose(channels_last(answer.offsets), offsets, atol=1e-4)
    assert (answer.landmarks is None) == (landmarks is None)
    if landmarks is not None:
        np.testing.assert_allclose(channels_last(answer.landmarks), landmarks, atol=1e-4)
    softmax = np.exp(face)[..., 1] / np.exp(face).sum(axis=-1)
    np.testing.assert_allclose(answer.score.numpy(), softmax, atol=1e-5)


@pytest.mark.parametrize(("net", "side"), [(PNet(), 12), (ONet(), 48)])
def test_mirror_images_answers_are_unmirror_as_labels_are(net, side):
    """The oracle mirrors labels for training, by itself: what a net says of a mirror image, as labels of the image."""
    crops = noise(4, side, side)
    with torch.inference_mode():
        said = net(normalise(np.ascontiguousarray(crops[:, :, ::-1])))
    points = said.landmarks.reshape(4, 2, 5).numpy().transpose(0, 2, 1)  # (N, 5, 2)
    offsets, everyone = said.offsets.reshape(4, 4).numpy(), np.ones(4, bool)
    _, box, points = mirror_batch(crops, offsets, points, everyone)
    turned = said.unmirror()
    np.testing.assert_array_equal(turned.face.numpy(), said.face.reshape(4, 2).numpy())
    np.testing.assert_allclose(turned.offsets.numpy(), box, atol=1e-6)
    np.testing.assert_allclose(turned.landmarks.numpy(), points.transpose(0, 2, 1).reshape(4, 10), atol=1e-6)
    again = turned.unmirror()
    for name in ("face", "offsets", "landmarks"):
        np.testing.assert_allclose(getattr(again, name).numpy(), getattr(said.flat, name).numpy(), atol=1e-6)


def test_a_net_without_landmarks_has_none_to_turn_back():
    with torch.inference_mode():
        assert PNet(landmark_head=False)(normalise(noise(2, 12, 12))).unmirror().landmarks is None


def test_pixels_are_normalised_channel_by_channel():
    images = noise(2, 3, 4)
    before = images.copy()
    x = normalise(images)
    assert x.shape == (2, 3, 3, 4)
    np.testing.assert_allclose(x.numpy().transpose(0, 2, 3, 1), (images - 127.5) / 128, atol=1e-6)
    np.testing.assert_array_equal(images, before)


def test_pnet_on_a_photo_is_pnet_on_each_of_its_windows(detector):
    image = noise(40, 52)
    corners = [(i, j) for i in range(0, 40 - 11, 2) for j in range(0, 52 - 11, 2)]
    crops = np.stack([image[i : i + 12, j : j + 12] for i, j in corners])
    with torch.inference_mode():
        whole, each = detector.nets.pnet(normalise(image[None])), detector.nets.pnet(normalise(crops))
    assert whole.score.shape == (1, 15, 21)
    np.testing.assert_allclose(whole.score.flatten(), each.score.flatten(), atol=1e-5)
    offsets = channels_last(whole.offsets).reshape(-1, 4)
    np.testing.assert_allclose(offsets, channels_last(each.offsets).reshape(-1, 4), atol=1e-5)


@pytest.mark.parametrize("strip", [1, 300, 999, 1 << 18])
@pytest.mark.parametrize("size", [(12, 12), (40, 52), (41, 53), (43, 30), (13, 80)])
def test_strips_give_what_one_pass_gives(detector, monkeypatch, strip, size):
    image = noise(*size)
    with torch.inference_mode():
        whole = detector.nets.pnet(normalise(image[None]))
    seen = []
    monkeypatch.setattr(inference, "BATCH_PIXELS", strip)
    monkeypatch.setattr(inference, "STRIP_ROWS", 1)
    hook = detector.nets.pnet.register_forward_pre_hook(lambda _, x: seen.append(x[0].shape[2] * x[0].shape[3]))
    try:
        face_map, offset_map = inference.score_level(detector.nets.pnet, image)
    finally:
        hook.remove()
    assert max(seen) <= strip + 12 * size[1]  # the strip and the rows that windows share
    np.testing.assert_allclose(face_map, whole.score[0], atol=1e-5)
    np.testing.assert_allclose(offset_map, channels_last(whole.offsets)[0], atol=1e-5)


def test_every_net_has_the_size_and_heads_it_says():
    trained = 0
    for kind in (PNet, RNet, ONet):
        with torch.inference_mode():
            both = [kind(landmark_head=head)(torch.zeros(3, 3, kind.size, kind.size)) for head in (True, False)]
        assert both[0].landmarks.flatten(1).shape == (3, 10)
        assert both[1].landmarks is None
        assert both[1].face.flatten(1).shape == (3, 2)
        assert both[1].offsets.flatten(1).shape == (3, 4)
        trained += sum(p.numel() for p in kind(landmark_head=kind is ONet).parameters())
    assert trained == 495_850


def test_ready_turns_training_off():
    nets = Nets(PNet(), RNet(), ONet())
    assert nets.ready() is nets
    assert not any(net.training for net in nets)


def test_pnet_without_points_says_the_same_of_all_else():
    x, net = normalise(noise(1, 30, 40)), PNet().eval()
    with torch.inference_mode():
        whole, less = net(x), net(x, points=False)
    assert whole.landmarks is not None
    assert less.landmarks is None
    assert torch.equal(whole.face, less.face)
    assert torch.equal(whole.offsets, less.offsets)
