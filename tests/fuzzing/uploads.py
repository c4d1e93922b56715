"""Files that a reader uploads to an explorer: it shows the photo, or says why not and keeps the old one."""

import numpy as np
import skimage.data
from PIL import Image

from fuzzing.images import examples, with_odd_exif
from fuzzing.outcomes import damaged, unclear
from mtcnn_lite import Detector
from mtcnn_lite.course.explorers.pnet import PNetExplorer

NAMES = ("photo.jpg", "", "a/b\\c.png", "<b>.gif", "\udce4.webp", "x" * 300 + ".jpg", "photo")


def run(cases: int, seed: int) -> list[str]:
    """Upload `cases` files, most of them damaged, to one explorer."""
    rng = np.random.default_rng(seed)
    Image.init()
    whole, found = examples(rng), []
    explorer = PNetExplorer(Detector(), skimage.data.astronaut()[:100, 170:280])
    for case in range(cases):
        ending, content = whole[rng.integers(len(whole))]
        if ending == "jpg" and rng.random() < 0.5:
            content = with_odd_exif(content, rng)
        elif rng.random() < 0.8:
            content = damaged(content, rng)
        name = NAMES[rng.integers(len(NAMES))]
        before, explorer.message.value = explorer.image, ""

        def good(_: object, before: np.ndarray = before) -> bool:
            height, width = explorer.image.shape[:2]
            shown = explorer.image is not before
            return explorer.message.value != "" and (not shown or f"{width} x {height} px" in explorer.message.value)

        wrong = unclear(lambda name=name, content=content: explorer.receive(name, content), (), "", good)
        if wrong:
            found.append(f"uploads, case {case}, {ending}: {wrong}")
    return found
