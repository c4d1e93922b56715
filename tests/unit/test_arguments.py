"""The checks of arguments: what counts as a number, what a message prints of anything, and in how many letters."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import torch

from mtcnn_lite.arguments import flag, generator, number, numbers, one_of, plain, shown, whole
from mtcnn_lite.array_arguments import floats, indices, mask, square_crops, tensor


class Broken:
    def __repr__(self):
        raise RuntimeError("half made")


class Long:
    def __repr__(self):
        return "word\n" * 100_000


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (20, 20),
        (0.5, 0.5),
        (np.float32(0.5), 0.5),
        (np.float16(0.5), 0.5),
        (np.longdouble(0.5), 0.5),
        (np.uint8(20), 20),
        (np.array(0.5), 0.5),
        (np.array(20), 20),
        (torch.tensor(0.5), 0.5),
        (torch.tensor(20), 20),
        (Fraction(1, 2), 0.5),
        (torch.tensor(0.5, dtype=torch.bfloat16, requires_grad=True), 0.5),
        (Decimal("0.5"), 0.5),
        (2**70, 2.0**70),
        (10**400, math.inf),
        (-(10**400), -math.inf),
    ],
)
def test_numbers_in_other_clothes_are_pythons_own(value, number):
    known = plain(value)
    assert known == number
    assert type(known) is type(number)


@pytest.mark.parametrize(
    "value",
    [
        True,
        np.True_,
        np.array(True),
        torch.tensor(True),
        None,
        "0.5",
        b"1",
        1j,
        np.complex64(1),
        [0.5],
        np.array([0.5]),
        torch.tensor([0.5]),
        np.datetime64("2020-01-01"),
        np.timedelta64(3),
        np.ma.masked,
        np.array(None),
        object(),
        {},
        torch.zeros((), device="meta"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_number(value):
    assert plain(value) is None
    with pytest.raises(TypeError, match=r"keep is .*; it must be a number, and be finite"):
        number("keep", value)


@pytest.mark.parametrize(
    "value", [math.nan, Decimal("NaN"), Decimal("sNaN"), np.float32("nan"), torch.tensor(math.nan)]
)
def test_nan_in_any_clothes_is_a_value_error(value):
    with pytest.raises(ValueError, match=r"keep is .*it must be finite"):
        number("keep", value)


@pytest.mark.parametrize(
    "value",
    [
        Broken(),
        [Broken()] * 50,
        Long(),
        "x" * 10**6,
        b"x" * 10**6,
        10**5000,
        [0.5] * 10**6,
        {k: k for k in range(999)},
        set(range(999)),
        np.zeros((999, 999)),
        np.zeros(3, [("a", "f4"), ("b", "i4")]),
        torch.zeros(999, 999),
        torch.zeros(2, device="meta"),
        [[[[[[1]]]]]],
        np.array([Broken()] * 3, object),
        np.array("x" * 10**6),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_printed_of_a_value_is_one_short_line(value):
    text = shown(value)
    assert 0 < len(text) <= 100
    assert "\n" not in text


def test_what_is_printed_says_what_it_was():
    assert [shown(v) for v in (0.5, "no", None, (1, 2), np.float64(0.5), np.array([1, 2]), torch.tensor(0.5))] == [
        "0.5",
        "'no'",
        "None",
        "(1, 2)",
        "0.5",
        "[1, 2]",
        "0.5",
    ]
    assert shown(np.zeros((480, 640))) == "a float64 array of shape (480, 640)"
    assert shown(torch.zeros(480, 640)) == "a float32 tensor of shape (480, 640)"


@pytest.mark.parametrize(
    ("value", "count"), [(3, 3), (3.0, 3), (np.int64(3), 3), (Fraction(6, 2), 3), (torch.tensor(3), 3)]
)
def test_whole_numbers(value, count):
    assert type(whole("count", value)) is int
    assert whole("count", value) == count


@pytest.mark.parametrize(
    ("value", "kind", "message"),
    [
        (2.5, ValueError, "count is 2.5; it must be a whole number, 1 px or more"),
        (0, ValueError, "count is 0"),
        (math.nan, ValueError, "count is nan"),
        (math.inf, ValueError, "count is inf"),
        (True, TypeError, r"True \(bool\)"),
        (2**31, ValueError, "count is 2147483648; .* at most 2147483647"),
        (None, TypeError, "count is None; it must be"),
        pytest.param(10**5000, ValueError, "count is a int; it must be a whole number", id="huge"),
    ],
)
def test_what_is_no_whole_number(value, kind, message):
    with pytest.raises(kind, match=message):
        whole("count", value, low=1, unit=" px")


def test_ranges_of_whole_numbers():
    with pytest.raises(ValueError, match="count is 9; it must be a whole number, from 0 to 8"):
        whole("count", 9, 0, 8)
    assert whole("count", 8, 0, 8) == 8


def test_flags():
    assert [flag("f", v) for v in (True, np.False_, np.array(True), torch.tensor(False))] == [True, False, True, False]
    for value in (0, 1, "no", None, [True], np.array([True]), torch.tensor(1)):
        with pytest.raises(TypeError, match=r"f is .*; it must be True or False"):
            flag("f", value)


def test_words_and_generators():
    assert one_of("measure", "iou", ("iou", "iom")) == "iou"
    with pytest.raises(ValueError, match="measure is 'giou'; it must be one of 'iou', 'iom'"):
        one_of("measure", "giou", ("iou", "iom"))
    for value in ([], {}, None, 1):
        with pytest.raises(TypeError, match="measure is"):
            one_of("measure", value, ("iou", "iom"))
    with pytest.raises(TypeError, match=r"rng is 0 \(int\); it must be a NumPy generator, such as"):
        generator("rng", 0)


@pytest.mark.parametrize(
    "values",
    [
        (1, 2),
        [1, 2],
        np.array([1, 2]),
        np.float32([1, 2]),
        torch.tensor([1, 2]),
        range(1, 3),
        memoryview(b"\1\2"),
        [np.int8(1), Fraction(2)],
        np.array([1, 2], object),
    ],
)
def test_rows_of_numbers(values):
    assert numbers("row", values, 2, math.isfinite, "that are finite") == (1, 2)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (0.5, ValueError),
        ((1,), ValueError),
        ((1, 2, 3), ValueError),
        ((1, math.nan), ValueError),
        (np.ones((1, 2)), ValueError),
        (range(10**12), ValueError),
        (np.ma.array([1, 2], mask=[0, 1]), ValueError),
        ("12", TypeError),
        (b"12", TypeError),
        ({1, 2}, TypeError),
        ({1: 1, 2: 2}, TypeError),
        (None, TypeError),
        ((1, True), TypeError),
        ((1, "2"), TypeError),
        (iter([1, 2]), TypeError),
        ([[1], [2]], TypeError),
        (np.array([True, False]), TypeError),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_row_of_numbers(values, kind):
    with pytest.raises(kind, match=r"^row "):
        numbers("row", values, 2, math.isfinite, "that are finite")


# --- arrays


@pytest.mark.parametrize(
    "values",
    [
        [[0, 0, 4, 3]],
        ((0, 0, 4, 3),),
        np.array([[0, 0, 4, 3]], np.uint8),
        np.array([[0, 0, 4, 3]], ">f8"),
        np.array([[0, 0, 4, 3]]).view(np.matrix),
        np.ma.array([[0.0, 0, 4, 3]]),
        torch.tensor([[0, 0, 4, 3]]),
        [torch.tensor([0, 0, 4, 3])],
        torch.tensor([[0.0, 0, 4, 3]], requires_grad=True),
        torch.tensor([[0, 0, 4, 3]], dtype=torch.bfloat16),
        [[Fraction(0), Decimal(0), 4, 3]],
        np.array([[0, 0, 4, 3]], object),
    ],
)
def test_arrays_in_other_clothes(values):
    array = floats("boxes", values)
    assert (type(array), array.dtype, array.tolist()) == (np.ndarray, np.float32, [[0, 0, 4, 3]])


def test_a_float32_array_is_not_copied():
    boxes = np.zeros((3, 4), np.float32)
    assert floats("boxes", boxes) is boxes


def test_memory_maps_are_arrays(tmp_path):
    np.save(tmp_path / "boxes.npy", np.float32([[0, 0, 4, 3]]))
    array = floats("boxes", np.load(tmp_path / "boxes.npy", mmap_mode="r"))
    assert (type(array), array.tolist()) == (np.ndarray, [[0, 0, 4, 3]])


@pytest.mark.parametrize(
    ("values", "kind", "message"),
    [
        ([[1, 2], [3]], ValueError, "boxes has rows of different lengths"),
        ("abc", ValueError, "boxes holds text, 'abc'"),
        (
            np.ma.array([1, 2], mask=[0, 1]),
            ValueError,
            r"boxes has masked values; fill them first, as boxes\.filled\(0\)",
        ),
        ([1, None], TypeError, r"boxes holds None \(NoneType\)"),
        ([True], TypeError, "boxes holds True and False"),
        ([1j], TypeError, "boxes holds complex numbers"),
        ({}, TypeError, r"boxes holds \{\} \(dict\)"),
        (None, TypeError, r"boxes holds None"),
        (np.zeros(2, "M8[s]"), TypeError, r"boxes holds .datetime64\[s\]. values"),
        (torch.zeros(2, device="meta"), TypeError, "boxes is a float32 tensor"),
        (torch.eye(2).to_sparse(), TypeError, "boxes is"),
    ],
)
def test_what_is_no_array_of_numbers(values, kind, message):
    with pytest.raises(kind, match=message):
        floats("boxes", values)


def test_masks_and_indices():
    assert mask("which", [1, 0], 2).tolist() == [True, False]
    for values, kind in (
        ([1, 2], ValueError),
        ([True], ValueError),
        (["a", "b"], TypeError),
        ([math.nan, 0], ValueError),
    ):
        with pytest.raises(kind, match=r"^which .*it must be bool"):
            mask("which", values, 2)
    assert indices("kept", [], 0, "rows").dtype == np.int64
    for values, kind in (
        ([2], ValueError),
        ([-1], ValueError),
        ([0.5], TypeError),
        ([[0]], ValueError),
        ([True], TypeError),
    ):
        with pytest.raises(kind, match=r"^kept .*whole numbers from 0 to 1: rows"):
            indices("kept", values, 2, "rows")


def test_crops_and_tensors():
    assert square_crops("crops", np.zeros((0, 4, 4, 3), np.uint8)).shape == (0, 4, 4, 3)
    for crops, kind in (
        (np.zeros((1, 4, 5, 3), np.uint8), ValueError),
        ([[0]], TypeError),
        (np.zeros((4, 4, 3)), ValueError),
    ):
        with pytest.raises(kind, match=r"^crops is .*it must be uint8 \(N, s, s, 3\)"):
            square_crops("crops", crops)
    for value in ([0.5], np.zeros(2), torch.zeros(2, dtype=torch.long), torch.zeros(2, device="meta"), None):
        with pytest.raises(TypeError, match=r"^face is .*it must be .*float"):
            tensor("face", value, "float (N,)")
    with pytest.raises(ValueError, match=r"face has shape \(2, 2\)"):
        tensor("face", torch.zeros(2, 2), "float (N,)", axes=1)
