"""What a net computes on its way: against its layers called one by one, and against windows cut out by hand."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from mtcnn_lite.course.activations import PLACES, activations, heads, layers, occlusion
from mtcnn_lite.nets import NET_TYPES, ONet, PNet, RNet, normalise
from mtcnn_lite.weights import SHIPPED, nets_of

NETS = ("pnet", "rnet", "onet")


@pytest.fixture(scope="module")
def nets():
    return nets_of(SHIPPED)


def crops(net, count=3):
    return np.random.default_rng(net.size).integers(0, 256, (count, net.size, net.size, 3), np.uint8)


def by_hand(net, pictures):
    """Each layer's output by torch's own functions, from the net's weights."""
    x, found = normalise(pictures).contiguous(), []
    values = {name: tensor.detach() for name, tensor in net.named_parameters()}
    pools = {12: {1: 2}, 24: {1: 3, 2: 3}, 48: {1: 3, 2: 3, 3: 2}}[net.size]  # after which convolution, how wide
    for k in range(1, 5 if net.size == 48 else 4):
        x = functional.conv2d(x, values[f"conv{k}.weight"], values[f"conv{k}.bias"])
        x = functional.prelu(x, values[f"prelu{k}.weight"])
        found.append(x)
        if k in pools:
            x = functional.max_pool2d(x, pools[k], 2, ceil_mode=True)
            found.append(x)
    if net.size > 12:
        k = {24: 4, 48: 5}[net.size]
        x = functional.linear(x.flatten(1), values[f"dense{k}.weight"], values[f"dense{k}.bias"])
        x = functional.prelu(x, values[f"prelu{k}.weight"])
        found.append(x[..., None, None])
    return found


@pytest.mark.parametrize("name", NETS)
def test_maps_are_those_of_the_layers_one_by_one(nets, name):
    net = getattr(nets, name)
    pictures = crops(net)
    seen = activations(net, pictures)
    expected = by_hand(net, pictures)
    assert len(seen.maps) == len(seen.layers) == len(expected)
    for layer, mine, theirs in zip(seen.layers, seen.maps, expected, strict=True):
        assert mine.shape == (3, *layer.shape)
        np.testing.assert_allclose(mine, theirs.numpy(), atol=1e-4)


@pytest.mark.parametrize("name", NETS)
def test_heads_are_the_nets_output(nets, name):
    net = getattr(nets, name)
    pictures = crops(net)
    seen = activations(net, pictures)
    with torch.no_grad():
        output = net(normalise(pictures)).flat
    np.testing.assert_allclose(seen.logits, output.face.numpy(), atol=1e-5)
    np.testing.assert_allclose(seen.scores, torch.softmax(output.face, 1)[:, 1].numpy(), atol=1e-5)
    np.testing.assert_allclose(seen.offsets, output.offsets.numpy(), atol=1e-5)
    points = output.landmarks.numpy()
    np.testing.assert_allclose(seen.landmarks[:, 3, 0], points[:, 3], atol=1e-5)  # x1 to x5, then y1 to y5
    np.testing.assert_allclose(seen.landmarks[:, 3, 1], points[:, 8], atol=1e-5)


@pytest.mark.parametrize("name", NETS)
def test_receptive_field_is_where_a_pixel_changes_the_cell(name):
    """The pixels of the crop on which a cell's gradient is not 0 lie in the field that is said of it."""
    net = NET_TYPES[name]().eval()
    found, kept = layers(net), {}
    handles = [getattr(net, one.name).register_forward_hook(lambda _, __, out, n=one.name: kept.update({n: out}))
               for one in found]  # fmt: skip
    x = normalise(crops(net, 1)).requires_grad_()
    net(x)
    for handle in handles:
        handle.remove()
    for one in found:
        if one.kind == "pool":
            continue  # only the largest of the pixels that it sees has a gradient
        row, column = one.shape[1] // 2, one.shape[2] - 1
        total = kept[one.name].reshape(1, *one.shape)[0, :, row, column].sum()
        (gradient,) = torch.autograd.grad(total, x, retain_graph=True)
        rows, columns = np.nonzero(gradient[0].abs().sum(0).numpy())
        top, left = row * one.step, column * one.step
        assert rows.min() >= top
        assert columns.min() >= left
        assert rows.max() < top + one.field
        assert columns.max() < left + one.field
        if one.name in ("conv1", "dense4", "dense5"):  # no pooling hides a pixel, or enough cells see each
            assert rows.max() == min(top + one.field, net.size) - 1


def test_parameters_are_counted_once():
    for net in (PNet(), RNet(), ONet()):
        ends = sum(p.numel() for name in heads(net) for p in getattr(net, name).parameters())
        assert sum(one.parameters for one in layers(net)) + ends == sum(p.numel() for p in net.parameters())


@pytest.mark.parametrize("name", NETS)
def test_occlusion_is_the_net_on_crops_with_a_gray_patch(nets, name):
    net = getattr(nets, name)
    [crop] = crops(net, 1)
    hidden = occlusion(net, crop)
    assert hidden.shape == (PLACES, PLACES) == (10, 10)
    unit = net.size // 12
    for row, column in ((0, 0), (9, 9), (2, 7)):
        x = normalise(crop[None]).contiguous()
        x[:, :, row * unit : (row + 3) * unit, column * unit : (column + 3) * unit] = 0
        with torch.no_grad():
            face = net(x).flat.face[0]
        assert hidden[row, column] == pytest.approx(float(face[1] - face[0]), abs=1e-4)


def test_no_hook_stays_behind(nets):
    activations(nets.pnet, crops(nets.pnet))
    assert not any(module._forward_hooks for module in nets.pnet.modules())


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.zeros((1, 24, 24, 3), np.uint8), r"crops is uint8 \(1, 24, 24, 3\); for PNet it must be uint8 \(N, 12"),
        (np.zeros((1, 12, 12, 3)), r"crops is float64"),
        (np.zeros((12, 12, 3), np.uint8), r"must be uint8 \(N, 12, 12, 3\)"),
    ],
)
def test_crops_of_another_size_or_type_are_refused(bad, message):
    with pytest.raises(ValueError, match=message):
        activations(PNet(), bad)


def test_one_crop_is_refused_where_it_is_several():
    with pytest.raises(ValueError, match=r"crop is uint8 \(1, 12, 12, 3\); for PNet it must be uint8 \(12, 12, 3\)"):
        occlusion(PNet(), np.zeros((1, 12, 12, 3), np.uint8))
