"""Photos of odd shape in every explorer that shows a photo: uploaded, or given; each has its pictures all the same."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from mtcnn_lite.course.explorers.alignment import AlignmentExplorer
from mtcnn_lite.course.explorers.cascade import CascadeExplorer
from mtcnn_lite.course.explorers.levels import LevelsExplorer
from mtcnn_lite.course.explorers.limits import LimitsExplorer
from mtcnn_lite.course.explorers.overlap import OverlapExplorer
from mtcnn_lite.course.explorers.pnet import PNetExplorer
from mtcnn_lite.course.explorers.rnet import RNetExplorer
from mtcnn_lite.course.explorers.samples import SamplesExplorer
from mtcnn_lite.course.explorers.suppression import Pool, SuppressionExplorer
from mtcnn_lite.course.explorers.training import TrainingExplorer, history
from mtcnn_lite.course.scenes import ASTRONAUT_LANDMARKS
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto

STRIPS = [(1, 4000), (30, 6000), (4000, 1), (6000, 30)]  # height, width
strips = pytest.mark.parametrize("shape", STRIPS, ids=lambda shape: f"{shape[1]} x {shape[0]}")
BOXES = np.array([[2, 3, 28, 28]], float)

LIVE = {
    "P-Net": PNetExplorer,
    "R-Net": RNetExplorer,
    "cascade": CascadeExplorer,
    "levels": LevelsExplorer,
    "limits": lambda detector, image: LimitsExplorer(detector, LabelledPhoto(image, [])),
}
FIXED = {
    "overlap": lambda _, image: OverlapExplorer(image, BOXES[0], BOXES[0] + 4),
    "samples": lambda _, image: SamplesExplorer(LabelledPhoto(image, BOXES)),
    "suppression": lambda _, image: SuppressionExplorer({"one": Pool(image, BOXES, np.float32([0.9]), "rnet")}),
    "alignment": lambda _, image: AlignmentExplorer(image, np.array(ASTRONAUT_LANDMARKS, float) / 20, BOXES[0]),
    "training": lambda detector, image: TrainingExplorer(
        history(LabelledPhoto(image, BOXES), [(0, detector.nets.pnet), (2, detector.nets.pnet)], np.ones((2, 3)))
    ),
}


def strip(shape):
    return np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)


def shown(explorer):
    """The size of the picture that stands for an explorer where no kernel runs."""
    bundle, _ = explorer._repr_mimebundle_()
    assert bundle["text/plain"] == explorer.summary()
    [content] = [value for kind, value in bundle.items() if kind.startswith("image/")]
    return Image.open(io.BytesIO(base64.b64decode(content))).size


@strips
@pytest.mark.parametrize("name", LIVE)
def test_a_strip_that_is_uploaded_is_shown(detector, astronaut, name, shape):
    explorer = LIVE[name](detector, astronaut[20:160, 150:300])
    file = io.BytesIO()
    Image.fromarray(strip(shape)).save(file, "PNG")
    explorer.receive("strip.png", file.getvalue())
    assert f"shrunk from {shape[1]} x {shape[0]}" in explorer.message.value
    assert explorer.image.shape[0] == max(1, round(shape[0] * explorer._longest / max(shape)))
    assert max(shown(explorer)) < 20_000


@pytest.mark.parametrize(
    ("name", "shape"),
    [(name, shape) for name in LIVE if name != "limits" for shape in STRIPS]  # which would turn them: 36 megapixels
    + [(name, shape) for name in FIXED for shape in STRIPS if min(shape) > 1],  # of which each box takes 26 px
)
def test_a_strip_that_is_given_is_shown(detector, name, shape):
    assert max(shown((LIVE | FIXED)[name](detector, strip(shape)))) < 20_000
