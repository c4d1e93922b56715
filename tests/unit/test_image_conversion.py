"""What is no image, but has one in it: the error has the code that takes it out."""

import re
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from mtcnn_lite.image_conversion import conversion
from mtcnn_lite.images import as_batch, as_rgb

PHOTO = np.random.default_rng(0).integers(0, 256, (40, 56, 3), np.uint8)
PHOTO[0, :2] = ((0, 0, 0), (255, 255, 255))  # no picture is only middling
OTHER = PHOTO[::-1]
GRAY = PHOTO[..., 1]
TENSOR = torch.from_numpy(PHOTO.copy())

ONE = {
    "channels first": PHOTO.transpose(2, 0, 1),
    "a batch of one": PHOTO[None],
    "a batch of one, channels first": PHOTO.transpose(2, 0, 1)[None],
    "a batch of a batch of one": PHOTO[None, None],
    "floats of 0 to 1": PHOTO / 255,
    "single floats, channels first, in a batch": np.float32(PHOTO.transpose(2, 0, 1)[None]) / 255,
    "floats of 0 to 255": PHOTO.astype(np.float64),
    "floats of -1 to 1": PHOTO / 127.5 - 1,
    "floats of a little over 1": PHOTO / 255 * 1.01 - 0.005,
    "integers": PHOTO.astype(np.int64),
    "16 bits": PHOTO.astype(np.uint16) * 257,
    "lists": PHOTO.tolist(),
    "a list of one": [PHOTO],
    "a list of planes": list(PHOTO.transpose(2, 0, 1)),
    "a PIL image": Image.fromarray(PHOTO),
    "a PIL image of CMYK": Image.fromarray(PHOTO).convert("CMYK"),
    "a PIL image in a list": [Image.fromarray(PHOTO)],
    "a tensor": TENSOR,
    "a tensor, channels first": TENSOR.permute(2, 0, 1),
    "a tensor, channels first, in a batch": TENSOR.permute(2, 0, 1)[None],
    "a float tensor, channels first": TENSOR.permute(2, 0, 1) / 255,
    "a tensor with a gradient": (TENSOR / 255).requires_grad_(),
    "a tensor of half floats": (TENSOR / 255).half(),
    "a tensor of bfloat16": (TENSOR / 255).bfloat16(),
    "a tensor of integers": TENSOR.long(),
}


def advised(image, check=as_rgb):
    """What the advised code gives."""
    with pytest.raises((TypeError, ValueError)) as refused:
        check(image)
    said = str(refused.value)
    assert "\n" not in said
    code = re.search(r"(?:convert it with|detect_many\(|for example \[)(.*?)\)?\]?$", said)
    assert code, said
    code = code[1] + ")" * (code[1].count("(") - code[1].count(")")) + "]" * (code[1].count("[") - code[1].count("]"))
    return eval(code, {"np": np, "image": image, "images": image})


@pytest.mark.parametrize("kind", ONE)
def test_the_code_in_the_error_gives_the_photo(kind):
    got = as_rgb(advised(ONE[kind]))
    most = {"floats of a little over 1": 2, "a tensor of bfloat16": 1, "a PIL image of CMYK": 1}.get(kind, 0)
    assert got.shape == PHOTO.shape
    assert np.abs(got.astype(int) - PHOTO).max() <= most


@pytest.mark.parametrize("make", [
    lambda gray: gray[None], lambda gray: torch.from_numpy(gray.copy()),
    lambda gray: torch.from_numpy(gray.copy())[None, None], lambda gray: gray / 255,
])  # fmt: skip
def test_gray_stays_gray(make):
    np.testing.assert_array_equal(as_rgb(advised(make(GRAY))), np.dstack([GRAY] * 3))


def test_black_and_white_becomes_0_and_255():
    np.testing.assert_array_equal(advised(PHOTO > 99), np.where(PHOTO > 99, 255, 0))


@pytest.mark.parametrize("make", [
    lambda batch: batch, lambda batch: batch / 255, lambda batch: batch.transpose(0, 3, 1, 2),
    lambda batch: torch.from_numpy(batch), lambda batch: torch.from_numpy(batch).permute(0, 3, 1, 2) / 255,
])  # fmt: skip
def test_of_several_images_the_code_makes_an_array_for_detect_many(make):
    batch = np.stack([PHOTO, OTHER])
    with pytest.raises((TypeError, ValueError), match="it holds 2 images, for detect_many"):
        as_rgb(make(batch))
    np.testing.assert_array_equal(advised(make(batch)), batch)


def test_a_list_of_images_is_for_detect_many():
    with pytest.raises(TypeError, match=r"image is a list; .*: it holds 2 images, for detect_many\(image\)$"):
        as_rgb([PHOTO, Image.fromarray(OTHER)])


@pytest.mark.parametrize("make", [
    lambda batch: batch / 255, lambda batch: batch.transpose(0, 3, 1, 2), lambda batch: batch[None],
    lambda batch: torch.from_numpy(batch) / 255, lambda batch: torch.from_numpy(batch).permute(0, 3, 1, 2),
    lambda batch: (torch.from_numpy(batch).permute(0, 3, 1, 2) / 255).requires_grad_(),
])  # fmt: skip
@pytest.mark.parametrize("count", [1, 2])
def test_the_code_for_a_batch_gives_the_batch(make, count):
    batch = np.stack([PHOTO, OTHER])[:count]
    np.testing.assert_array_equal(as_batch(advised(make(batch), as_batch)), batch)


@pytest.mark.parametrize("image", [PHOTO, TENSOR, TENSOR.permute(2, 0, 1) / 255])
def test_one_image_for_detect_many_is_put_into_a_list(image):
    with pytest.raises(TypeError, match="it must hold several images, for example") as refused:
        as_batch(image)
    [code] = re.findall(r"for example (\[.*\])$", str(refused.value))
    [got] = eval(code, {"np": np, "images": image})
    np.testing.assert_array_equal(got, PHOTO)


@pytest.mark.parametrize(("image", "said"), [
    (torch.linspace(-2, 2.5, 300).reshape(3, 10, 10), r"RGB, and its values are from -2 to 2\.5$"),
    (PHOTO.astype(int) - 300, "255, and its values are from -300 to -45$"),
    (np.full((8, 8, 3), np.nan), "NaN or infinity"),
    (torch.full((8, 8, 3), torch.inf), "NaN or infinity"),
    (torch.zeros(3, 8, 8, device="meta"), "a float32 tensor of shape .*RGB$"),
    (torch.zeros(3, 8, 8, dtype=torch.complex64), "a complex64 tensor of shape .*RGB$"),
    (PHOTO[..., :2], r"\(H, W, 4\)$"), ([PHOTO, GRAY, 5], "a list; .*RGB$"), ([], "a list; .*RGB$"),
    (b"bytes", r"decode_image\(image, name\)"), ({"image": PHOTO}, "a dict; .*RGB$"),
])  # fmt: skip
def test_where_no_code_is_right_none_is_given(image, said):
    with pytest.raises((TypeError, ValueError), match=said) as refused:
        as_rgb(image)
    assert "convert it with" not in str(refused.value)
    assert conversion(image) is None


def test_a_tensor_is_known_without_loading_torch():
    code = ("import sys, numpy as np; from mtcnn_lite.images import as_rgb\n"
            "try: as_rgb(np.zeros((3, 48, 64), np.uint8))\n"
            "except ValueError as error: print(error)\n"
            "print('torch' in sys.modules)")  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("convert it with image.transpose(1, 2, 0)\nFalse\n")
