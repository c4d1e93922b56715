"""The judge of the training clinic tells its six faults apart, alone and together; the recipe on the page has all."""

import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import torch
from judging import JUDGES, check_rejected
from torch.nn import functional

from mtcnn_lite.course import checks
from mtcnn_lite.course.checks.train_rnet import _NAMED
from mtcnn_lite.course.clinic import EXCHANGED, FAULTS, WARD, cut, in_the_mirror, labelled, patient
from mtcnn_lite.course.clinic import train_rnet as recipe

PAGE = Path(__file__).parents[2] / "notebooks" / "source" / "deeper" / "09_clinic.py"
WORDS = {"windows": "random windows", "zeros": "all zero", "sign": "wrong sign", "mirror": "In the mirror",
         "softmax": "Softmax is taken twice", "optimiser": "new optimiser"}  # fmt: skip


def written_otherwise(net, pnet, propose, new_optimiser, steps):
    """Offsets side by side, the mirror by hand, cross-entropy by logarithms."""
    samples, adam, costs = propose((pnet,)), new_optimiser([*net.parameters()]), []
    for step in range(steps):
        crops, faces, windows, boxes, points = samples(step)
        rows = torch.nonzero(faces)[:, 0]
        side = (windows[rows, 3] - windows[rows, 1])[:, None]
        offsets, points = (boxes[rows] - windows[rows]) / side, points[rows]
        if step % 2 == 1:
            crops = torch.flip(crops, [-1])
            offsets = offsets[:, [2, 1, 0, 3]] * torch.tensor([-1, 1, -1, 1])
            points = points[:, [1, 0, 2, 4, 3]] * torch.tensor([-1, 1]) + torch.tensor([1, 0])
        logits, moves, places = net(crops)
        costs.append(torch.stack([
            -logits.log_softmax(1)[range(len(faces)), faces].mean(),
            (moves[rows] - offsets).square().sum(1).mean(),
            (places[rows] - points).flatten(1).square().sum(1).mean(),
        ]))  # fmt: skip
        adam.zero_grad()
        (costs[-1] * torch.tensor([1, 0.5, 0.5])).sum().backward()
        adam.step()
    return torch.stack(costs)


def test_right_recipes_pass():
    for fn in (recipe, written_otherwise):
        verdict = checks.train_rnet(fn)
        assert verdict, verdict


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_named(fault):
    check_rejected(checks.train_rnet(lambda *given: recipe(*given, faults=[fault])), WORDS[fault])


@pytest.mark.parametrize("pair", [*combinations(FAULTS, 2)], ids="-".join)
def test_of_two_faults_one_is_named(pair):
    hint = checks.train_rnet(lambda *given: recipe(*given, faults=pair)).hint
    assert any(WORDS[fault] in hint for fault in pair), hint
    assert not any(WORDS[fault] in hint for fault in FAULTS if fault not in pair), hint


def test_all_faults_have_a_hint_and_no_two_cost_the_same():
    assert _NAMED.keys() == FAULTS.keys()
    costs = [np.array(recipe(*JUDGES["train_rnet"].cases[1].inputs, faults=[f])) for f in FAULTS]
    assert all(np.abs(a - b).max() > 0.001 for a, b in combinations(costs, 2))


def test_the_recipe_on_the_page_has_all_six_and_is_healthy_when_they_are_mended():
    [code] = re.findall(r"```python\n(.+?)```", re.sub(r"^# ?", "", PAGE.read_text(), flags=re.M), re.S)
    names = {"torch": torch, "cross_entropy": functional.cross_entropy, "in_the_mirror": in_the_mirror}
    inputs = JUDGES["train_rnet"].cases[1].inputs
    exec(code, names)
    net = type(inputs[0])()
    np.testing.assert_allclose(names["train_rnet"](net, *inputs[1:]), recipe(type(net)(), *inputs[1:], faults=FAULTS))
    cures = {"propose([])": "propose([pnet])", "faces > 1": "faces == 1", "windows - boxes": "boxes - windows",
             "logits.softmax(dim=1)": "logits"}  # fmt: skip
    for wrong, right in cures.items():
        assert wrong in code
        code = code.replace(wrong, right)
    mirrored = "crops, offsets, points = in_the_mirror(crops, offsets, points)\n"
    code = code.replace(mirrored, f"{mirrored}            points = points[:, {EXCHANGED}]\n")
    making = "optimiser = new_optimiser(net.parameters())\n"
    code = code.replace("        " + making, "").replace("    costs = []\n", f"    {making}    costs = []\n")
    exec(code, names)
    assert checks.train_rnet(names["train_rnet"])


# --- the patients


def test_labels_in_the_mirror_belong_to_the_mirrored_face():
    """A point mirrored twice is where it was, and under its old name; with the fault it has another's."""
    batch = cut(by_pnet=False, held_out=True)(3)
    crops, faces, offsets, points = labelled(batch, mirrored=True)
    plain = labelled(batch, mirrored=False)
    face = faces == 1
    back = in_the_mirror(crops, offsets, points)
    assert torch.equal(back[0], plain[0])
    torch.testing.assert_close(back[1][face], plain[2][face])
    torch.testing.assert_close(back[2][:, EXCHANGED][face], plain[3][face])
    assert (points[face, 1, 0] > points[face, 0, 0]).all()
    assert (labelled(batch, True, ["mirror"])[3][face, 1, 0] < points[face, 0, 0] + 1e-6).sum() >= 0.9 * face.sum()


def test_offsets_lead_from_the_window_to_the_box():
    crops, faces, windows, boxes, points = cut(by_pnet=False, held_out=True)(0)
    offsets = labelled((crops, faces, windows, boxes, points), mirrored=False)[2]
    side = (windows[:, 2] - windows[:, 0])[:, None]
    torch.testing.assert_close((windows + offsets * side)[faces == 1], boxes[faces == 1], rtol=1e-4, atol=1e-3)
    assert not offsets[faces == 0].any()


def test_each_fault_has_a_patient_and_the_page_does_not_tell():
    assert sorted(WARD.values()) == sorted([(), *((fault,) for fault in FAULTS)])
    assert len(re.findall(r'^evidence\("[\w ]+"\)$', PAGE.read_text(), re.M)) == len(WARD)


def test_a_patient_is_the_same_each_time():
    patient.cache_clear()
    first = patient("sign").costs
    patient.cache_clear()
    assert np.array_equal(patient("sign").costs, first)
