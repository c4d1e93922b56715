"""Settings of another type or value: one clear error names each. NumPy's and torch's numbers give the same faces."""

import math
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import torch

from mtcnn_lite import Detector
from mtcnn_lite.cascade.record import Settings
from mtcnn_lite.pyramid import pyramid_scales
from mtcnn_lite.sampling import SamplingConfig
from mtcnn_lite.training.plan import STAGES, TrainingStage, scaled
from mtcnn_lite.weights import WeightsError

NO_NUMBER = [None, "20", b"20", 1j, True, np.True_, [20], (20,), {}, {20}, np.array([20]), torch.tensor([20]), object()]
NO_ROW = [
    None,
    "no",
    b"abc",
    {},
    {0.5, 0.6, 0.7},
    1j,
    True,
    [None] * 3,
    ["0.5"] * 3,
    [True] * 3,
    [[0.5]] * 3,
    iter([0.5] * 3),
    object(),
    np.array([None] * 3),
    np.array(["a"] * 3),
    torch.ones(3, dtype=torch.bool),
]
OUT_OF_RANGE = [
    0.5,
    [],
    [0.5] * 2,
    [0.5] * 5,
    [0.5, 0.5, math.nan, 0.5][:3],
    [0.5, 2**70, 0.5],
    [0.5, 10**400, 0.5],
    [-0.1, 0.5, 0.5],
    np.ones((1, 3)),
    np.full(3, np.inf),
    torch.full((3,), math.nan),
]


@pytest.mark.parametrize("value", NO_NUMBER, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize(
    ("name", "must"), [("min_face", "be at least 12 px"), ("factor", "lie between 0 and 1, at most 0.999")]
)
def test_what_is_no_number_is_named(detector, name, must, value):
    with pytest.raises(TypeError, match=f"^{name} is .*; it must be a number, and {must}"):
        Detector(detector.nets, **{name: value})


@pytest.mark.parametrize("value", NO_ROW, ids=lambda value: type(value).__name__)
def test_what_is_no_row_of_thresholds_is_named(detector, value):
    if value is not None:  # those that suit the weights
        with pytest.raises(
            TypeError, match=r"^thresholds is .*; it must be 3 numbers from 0 to 1: P-Net, R-Net, O-Net"
        ):
            Detector(detector.nets, thresholds=value)
    four = np.repeat(value, 2)[:4] if isinstance(value, np.ndarray) else value
    four = [*value, *value[:1]] if isinstance(value, list | torch.Tensor) else four
    with pytest.raises(TypeError, match=r"^nms is .*; it must be 4 numbers from 0 to 1: within a level, across levels"):
        Detector(detector.nets, nms=four)


@pytest.mark.parametrize("value", OUT_OF_RANGE, ids=lambda value: type(value).__name__)
def test_thresholds_out_of_range_are_named(detector, value):
    with pytest.raises(ValueError, match=r"^thresholds is .*; it must be 3 numbers from 0 to 1"):
        Detector(detector.nets, thresholds=value)
    with pytest.raises(ValueError, match=r"^thresholds is .*; it must be 3 numbers from 0 to 1"):
        detector.trace(np.zeros((20, 20, 3), np.uint8)).rerun(thresholds=value)


@pytest.mark.parametrize(
    "value",
    ["no", "", 0, 1, 2, None, [], [True], np.array([True]), torch.tensor(1)],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_flag_is_named(detector, value):
    with pytest.raises(TypeError, match=r"^mirror is .*; it must be True or False"):
        Detector(detector.nets, mirror=value)


@pytest.mark.parametrize(
    "value", [5, None, [], b"x", {}, np.zeros(3), Detector], ids=lambda value: type(value).__name__
)
def test_what_are_no_weights_is_named(value):
    with pytest.raises(
        TypeError, match=r'^weights is .*; it must be "mtcnn_lite", "zhang2016", a folder of weights, or'
    ):
        Detector(value)


def test_weights_whose_name_is_too_long_are_named():
    with pytest.raises(WeightsError, match=r"^weights is 'xxx.*, which can't be read"):
        Detector("x" * 5000)


def test_swapped_functions_are_named(detector):
    with pytest.raises(TypeError, match=r"^nms is \[0.5, .* it must be a function"):
        detector.swap(nms=[0.5] * 1000)
    with pytest.raises(ValueError, match=r"^'nmss' is no hook of the detector"):
        detector.swap(nmss=len)


@pytest.mark.parametrize(
    "settings",
    [
        {"min_face": np.int64(20), "factor": np.float64(0.709), "mirror": np.True_},
        {"min_face": torch.tensor(20), "factor": torch.tensor(0.709, dtype=torch.float64)},
        {"min_face": Fraction(20), "factor": Fraction(709, 1000), "nms": [Fraction(1, 2), 0.7, Decimal("0.8"), 0.7]},
        {"min_face": np.array(20.0), "factor": Decimal("0.709"), "thresholds": np.array([0.6, 0.7, 0.7])},
        {"thresholds": [0.6, 0.7, 0.7], "nms": np.array([0.5, 0.7, 0.8, 0.7])},
        {"thresholds": torch.tensor([0.6, 0.7, 0.7], dtype=torch.float64)},
    ],
)
def test_numbers_in_other_clothes_give_the_same_faces(detector, astronaut, settings):
    want, other = detector.detect(astronaut), Detector(detector.nets, **settings)
    got = other.detect(astronaut)
    np.testing.assert_array_equal(got.boxes, want.boxes)
    np.testing.assert_array_equal(got.scores, want.scores)
    assert repr(other.settings).replace("20.0", "20") == repr(detector.settings)


def test_float32_thresholds_are_those_of_the_floats_they_stand_for(detector):
    settings = Detector(detector.nets, thresholds=np.float32([0.6, 0.7, 0.7])).settings
    assert settings.thresholds.pnet == float(np.float32(0.6))
    assert all(type(value) is float for value in settings.thresholds)


def test_settings_and_reruns_check_alike(detector):
    with pytest.raises(TypeError, match=r"^mirror is 'no'"):
        Settings(20, 0.709, (0.6, 0.7, 0.7), (0.5, 0.7, 0.8, 0.7), "no")
    trace = detector.trace(np.zeros((20, 20, 3), np.uint8))
    with pytest.raises(TypeError, match=r"^min_face is '40' \(str\)"):
        trace.rerun(min_face="40")
    assert trace.rerun(min_face=np.int64(40)).settings.min_face == 40


@pytest.mark.parametrize("min_face", [2**70, 10**400])
def test_a_smallest_face_of_any_size_finds_none(detector, min_face):
    assert len(Detector(detector.nets, min_face=min_face).detect(np.zeros((40, 40, 3), np.uint8))) == 0


# --- how large a pyramid may be


@pytest.mark.parametrize("factor", [0.9991, 0.999999, math.nextafter(1, 0)])
def test_factors_near_1_are_refused_at_once(detector, factor):
    with pytest.raises(ValueError, match=r"^factor is 0\.999.*; it must lie between 0 and 1, at most 0\.999"):
        Detector(detector.nets, factor=factor)


def test_pyramids_of_too_many_levels_are_refused(detector, astronaut):
    """20 * 0.999^-k <= 512 for k up to ln(25.6) / -ln(0.999) = 3240.8: 3241 levels with the first."""
    message = (
        r"^factor is 0\.999 and min_face 20: an image of 512x512 px would have 3241 levels of .* "
        r"megapixels together; at most 1000 levels and 500 megapixels are allowed, so factor must be "
        r"smaller or min_face larger"
    )
    slow = Detector(detector.nets, factor=0.999)
    with pytest.raises(ValueError, match=message):
        slow.detect(astronaut)
    with pytest.raises(ValueError, match=rf"1\]?: {message[1:]}"):
        list(slow.detect_many([astronaut[:20, :20], astronaut]))


def test_pyramids_of_too_many_pixels_are_refused():
    """24 megapixels times 1 / (1 - 0.99^2) = 50.25, of which the smallest levels are left out."""
    with pytest.raises(ValueError, match=r"would have 579 levels of 1,206 megapixels together; .* 500 megapixels"):
        pyramid_scales(4000, 6000, min_face=12, factor=0.99)


@pytest.mark.parametrize(
    ("size", "min_face", "factor"),
    [
        ((10_000, 20_000), 12, 0.709),
        ((10_000, 20_000), 20, 0.95),
        ((4000, 6000), 12, 0.95),
        ((6000, 8000), 12, 0.95),
        ((50_000, 50_000), 12, 0.709),
        ((512, 512), 20, 0.99),
        ((40, 100_000), 12, 0.95),
        ((20, 20), 20, 0.999),
    ],
)
def test_sensible_pyramids_are_not(size, min_face, factor):
    scales = pyramid_scales(*size, min_face, factor)
    assert scales[0] == 12 / min_face
    assert min(size) * scales[-1] * factor < 12 <= min(size) * scales[-1] * (1 + 1e-9)


def test_a_factor_near_1_takes_no_memory():
    code = """
import resource
import numpy as np
from mtcnn_lite import Detector
detector = Detector()
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for factor in (0.999999, 0.9995, 0.999):
    try:
        Detector(factor=factor).detect(np.zeros((512, 512, 3), np.uint8))
    except ValueError as error:
        assert str(error).startswith("factor is"), error
    else:
        raise AssertionError(factor)
assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000
"""
    pytest.importorskip("resource", reason="peak memory is read through a Unix call")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


# --- sampling and training


@pytest.mark.parametrize("name", [*SamplingConfig.__dataclass_fields__])
def test_sampling_settings_are_named(name):
    for value in (None, "5", 1j, True, [5], torch.ones(2)):
        with pytest.raises(TypeError, match=f"^{name} is .*; it must be a"):
            SamplingConfig(**{name: value})
    for value in (math.nan, math.inf, -math.inf, 10**400):
        with pytest.raises(ValueError, match=f"^{name} is .*; it must be"):
            SamplingConfig(**{name: value})


def test_sampling_settings_become_pythons_own():
    config = SamplingConfig(random=np.int64(7), positive=np.float64(0.65), turn=torch.tensor(10))
    assert config == SamplingConfig(random=7, positive=0.65, turn=10)
    assert (type(config.random), type(config.positive), type(config.turn)) == (int, float, int)
    with pytest.raises(ValueError, match="random is 100001; it must be a whole number, from 0 to 100000"):
        SamplingConfig(random=100_001)


@pytest.mark.parametrize(
    ("changed", "kind", "message"),
    [
        ({"steps": 1.5}, ValueError, "pnet-1: steps is 1.5; it must be a whole number, 1 or more"),
        ({"rate": math.nan}, ValueError, "pnet-1: rate is nan"),
        ({"rate": "1e-3"}, TypeError, "pnet-1: rate is '1e-3'"),
        ({"shares": (1, 1, 1)}, ValueError, "pnet-1: shares is .*4 numbers"),
        ({"shares": None}, TypeError, "pnet-1: shares"),
        ({"weights": (0, 0, 0)}, ValueError, "weights is .*not all be 0"),
        ({"keep": 0}, ValueError, "pnet-1: keep is 0"),
        ({"distill_weight": 1.5}, ValueError, "pnet-1: distill_weight is 1.5; it must be from 0 to 1"),
        ({"net": "qnet"}, ValueError, "net is"),
        ({"hard_negatives": "no"}, TypeError, "hard_negatives is 'no'"),
        ({"sampling": {}}, TypeError, "SamplingConfig"),
        ({"augmentation": 0.2}, TypeError, "pnet-1: augmentation is 0.2 .*an Augmentation"),
        ({"indicator": 5}, TypeError, "indicator is 5"),
        ({"name": 5}, TypeError, "name is 5"),
    ],
)
def test_stages_name_what_is_wrong(changed, kind, message):
    right = {name: getattr(STAGES[0], name) for name in TrainingStage.__dataclass_fields__}
    with pytest.raises(kind, match=message):
        TrainingStage(**(right | changed))


def test_shares_of_stages_are_named():
    for value in (0, -1, math.nan, math.inf, 10**400):
        with pytest.raises(ValueError, match=r"^steps is .*; it must be a share above 0, at most 1,000,000"):
            scaled(STAGES, steps=value)
    for value in (None, "1", True, [1]):
        with pytest.raises(TypeError, match=r"^rate is .*; it must be a number, and be a share above 0"):
            scaled(STAGES, rate=value)
    with pytest.raises(TypeError, match=r"^stages\[0\] is 'p' \(str\); it must be a TrainingStage"):
        scaled("pnet")
    assert scaled(STAGES, np.float32(0.5)) == scaled(STAGES, 0.5)
