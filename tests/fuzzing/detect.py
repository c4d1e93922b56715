"""The detector on images of every shape, type and content, at every setting: right in itself, or one clear error."""

import numpy as np
import skimage.data

from fuzzing.outcomes import unclear
from mtcnn_lite import Detector

SHAPES = ((1, 1), (1, 500), (500, 1), (11, 11), (12, 12), (13, 40), (20, 20), (64, 64), (61, 97), (240, 320))
TYPES = (np.uint8,) * 8 + (np.int8, np.uint16, np.float32, np.float64, bool, np.complex64, object)


def image(rng: np.random.Generator) -> np.ndarray:
    """Noise, one colour, stripes or a part of a photo, mostly (H, W, 3) uint8; also views and odd types."""
    height, width = SHAPES[rng.integers(len(SHAPES))]
    channels = int(rng.choice([3, 3, 3, 3, 1, 4, 2, 5, 0]))
    what = rng.integers(4)
    if what == 0:
        pixels = rng.integers(0, 256, (height, width, channels))
    elif what == 1:
        pixels = np.full((height, width, channels), rng.integers(0, 256))
    elif what == 2:
        pixels = np.broadcast_to((np.arange(width) % 2 * 255)[None, :, None], (height, width, channels))
    else:
        y, x = rng.integers(0, 512 - min(height, 511)), rng.integers(0, 512 - min(width, 511))
        pixels = skimage.data.astronaut()[y : y + height, x : x + width]
    pixels = pixels.astype(TYPES[rng.integers(len(TYPES))])
    turned = (pixels, pixels[::-1], pixels[:, ::-1], pixels.swapaxes(0, 1), pixels[::2, ::2], np.asfortranarray(pixels))
    return turned[rng.integers(len(turned))]


def settings(rng: np.random.Generator) -> dict[str, object]:
    """Settings in their ranges, their bounds among them."""
    return {
        "min_face": float(rng.choice([12, 12.5, 20, 40, 1000])),
        "factor": float(rng.choice([0.1, 0.5, 0.709, 0.9])),
        "thresholds": rng.choice([0, 0.3, 0.6, 0.9, 1], 3).tolist(),
        "nms": rng.choice([0, 0.3, 0.5, 0.7, 1], 4).tolist(),
        "mirror": bool(rng.random() < 0.5),
    }


def run(cases: int, seed: int) -> list[str]:
    """Detect in `cases` images; what is found lies in the image, best first, and the three ways to ask agree."""
    rng = np.random.default_rng(seed)
    nets, found = Detector().nets, []
    for case in range(cases):
        pixels, given = image(rng), settings(rng)
        if min(given["thresholds"][:2]) < 0.3 and pixels.size > 20_000:
            given["thresholds"] = [0.6, 0.6, 0.6]  # every window of a large image through R-Net takes seconds
        detector = Detector(nets, **given)

        def good(faces: object, pixels: np.ndarray = pixels, detector: Detector = detector) -> bool:
            height, width = pixels.shape[:2]
            count = len(faces)
            assert (faces.boxes.shape, faces.landmarks.shape) == ((count, 4), (count, 5, 2)), "shapes"
            assert all(np.isfinite(a).all() for a in (faces.boxes, faces.scores, faces.landmarks)), "not finite"
            assert (faces.boxes >= 0).all(), "outside"
            assert (faces.boxes <= [width, height, width, height]).all(), "outside"
            assert (np.diff(faces.scores) <= 0).all(), "not best first"
            assert (faces.scores >= detector.settings.thresholds.onet).all(), "under the threshold"
            for again in (detector.trace(pixels).faces, *detector.detect_many([pixels])):
                assert np.array_equal(again.boxes, faces.boxes), "detect, trace and detect_many differ"
                assert np.array_equal(again.scores, faces.scores), "detect, trace and detect_many differ"
            return True

        wrong = unclear(lambda d=detector, p=pixels: d.detect(p), (TypeError, ValueError), "image", good)
        if wrong:
            found.append(f"detect, case {case}, {pixels.dtype} {pixels.shape}, {given}: {wrong}")
    return found
