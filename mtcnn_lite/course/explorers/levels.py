"""The image pyramid live: move the smallest face, the factor and the photo's size, and see which level catches a face.

All of it is computed in the browser (levels.js, P-Net in forward.js), by the same rules as in `level_costs` and
`level_windows`; tests hold them together.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from mtcnn_lite import pyramid
from mtcnn_lite.course.explorers.base import Drawing, PhotoExplorer, buttons, look, sliders, stacked
from mtcnn_lite.course.explorers.level_costs import PNET, PyramidCost, view
from mtcnn_lite.course.explorers.level_windows import Look, look_at
from mtcnn_lite.course.explorers.slide import plan
from mtcnn_lite.course.net_figures import one_below_other
from mtcnn_lite.detector import Detector
from mtcnn_lite.draw import COLOURS, INK, PAPER, Picture, at_height, beside, draw_boxes, font
from mtcnn_lite.images import Pixels, as_rgb, shrink_to
from mtcnn_lite.nets import layer_costs

LONGEST = 1920  # px: the largest photo of the sliders; an uploaded one is shrunk to it
WIDE, CROP, TALL = 814, 52, 230  # px: all levels in a row, a crop, the highest level
MAGNIFIED = 4.0  # a level is never drawn larger than so many times its size
TINT = "#CCE3F0"  # behind the level that catches the face: a fifth of P-Net's blue


class LevelsExplorer(PhotoExplorer):
    """The pyramid of a photo at any size, and what P-Net sees on each level at a point of it, at first on a face.

    Parameters
    ----------
    detector : Detector
        Its P-Net and threshold are shown; it also says where in a photo a face is.
    photos : uint8 (H, W, 3), or a mapping of such
        A photo, RGB, or several with their names, the first of which comes first.
    """

    def __init__(self, detector: Detector, photos: NDArray[np.uint8] | Mapping[str, NDArray[np.uint8]]) -> None:
        self._detector, self._net = detector, detector.nets.pnet
        self._threshold = detector.settings.thresholds.pnet
        self.photos = dict(photos) if isinstance(photos, Mapping) else {"the photo": photos}
        rows, values = plan(self._net)
        self.canvas = Drawing(
            "forward.js", "levels.js", width=512, height=512, min_face=40, factor=0.709, photo=b"", focus=[0.5, 0.5],
            centre=[0.5, 0.5], layers=[list(layer) for layer in layer_costs(PNET)], plan=rows,
            weights=values.tobytes(), threshold=self._threshold, colour=COLOURS["pnet"],
        )  # fmt: skip
        self._sliders = sliders(
            self.canvas, look(115),
            min_face=("smallest face, px", 12, 240, 1), factor=("factor", 0.409, 0.909, 0.01),
            width=("photo width, px", 12, LONGEST, 1), height=("photo height, px", 12, LONGEST, 1),
        )  # fmt: skip
        self.min_face, self.factor, self.width_, self.height_ = self._sliders.values()
        self.factor.readout_format = ".3f"
        self.choice = buttons(list(self.photos))
        super().__init__(next(iter(self.photos.values())), LONGEST)
        self.choice.observe(lambda _: self._choose(), "value")
        self.canvas.ask_python(upload=self.upload)
        own = (self.upload, self.choice, self.message) if len(self.photos) > 1 else (self.upload, self.message)
        if len(self.photos) > 1:
            self.canvas.own(choice=self.choice)
            self.canvas.others = {
                name: self._of_photo(as_rgb(shrink_to(photo, LONGEST))) for name, photo in list(self.photos.items())[1:]
            }
        self.children = stacked((self.min_face, self.factor), (self.width_, self.height_), own, self.canvas)

    def _choose(self) -> None:
        self.message.value = ""
        self.image = as_rgb(shrink_to(self.photos[self.choice.value], LONGEST))
        self.show_photo()

    def show_photo(self) -> None:
        self.height_.value, self.width_.value = self.image.shape[:2]
        self._halved = pyramid.halvings(self.image, smallest=0.5 / min(self.image.shape[:2]))
        with self.canvas.hold_sync():
            for name, value in self._of_photo(self.image).items():
                setattr(self.canvas, name, value)
            for name, slider in self._sliders.items():
                setattr(self.canvas, name, slider.value)

    def _of_photo(self, image: Pixels) -> dict[str, Any]:
        """What the canvas has of a photo; the photo last, when all else is there."""
        face, (height, width) = self._face(image), image.shape[:2]
        photo = Picture(image).encode("JPEG")
        return {"focus": face, "centre": face, "width": width, "height": height, "photo": photo}

    def _face(self, image: Pixels) -> list[float]:
        """The middle of the face that the detector is surest of, in parts of the photo's width and height."""
        found, (height, width) = self._detector.detect(image), image.shape[:2]
        if not len(found):
            return [0.5, 0.5]
        x1, y1, x2, y2 = found.boxes[found.scores.argmax()].tolist()
        return [(x1 + x2) / 2 / width, (y1 + y2) / 2 / height]

    def view(self) -> tuple[PyramidCost, list[Look]]:
        """The levels at the sliders, and what P-Net sees on each."""
        height, width = self.height_.value, self.width_.value
        cost = view(height, width, self.min_face.value, self.factor.value)
        x, y, w, h = self._cut()
        sides = self.image.shape[1], self.image.shape[0]
        at = [
            min(max((part * whole - start) / length, 0), 1) * side
            for part, whole, start, length, side in zip(
                self.canvas.focus, sides, (x, y), (w, h), (width, height), strict=True
            )
        ]
        return cost, look_at(self._net, self._halved, (x, y, w, h), cost, at)

    def caught(self, looks: Sequence[Look]) -> int | None:
        """The level with the highest score, or None where no score reaches the threshold."""
        scores = [one.score for one in looks]
        return scores.index(max(scores)) if scores and max(scores) >= self._threshold else None

    def _cut(self) -> tuple[float, float, float, float]:
        """The part of the picture that has the sliders' shape, round the face: x, y, width, height."""
        (height, width), (h, w) = (self.height_.value, self.width_.value), self.image.shape[:2]
        scale = max(height / h, width / w)
        cut_w, cut_h = width / scale, height / scale
        x = min(max(self.canvas.centre[0] * w - cut_w / 2, 0), w - cut_w)
        y = min(max(self.canvas.centre[1] * h - cut_h / 2, 0), h - cut_h)
        return x, y, cut_w, cut_h

    def _photo(self) -> NDArray[np.uint8]:
        """The photo at the size of the sliders."""
        x, y, w, h = self._cut()
        size = self.width_.value, self.height_.value
        return np.asarray(Image.fromarray(self.image).resize(size, box=(x, y, x + w, y + h)))

    def still(self) -> Picture:
        (cost, looks), photo = self.view(), self._photo()
        small, zoom = at_height(photo, 260)
        best = self.caught(looks)
        for k, one in sorted(enumerate(looks), key=lambda each: (each[0] == best, each[1].score)):
            colour = "pnet" if one.score >= self._threshold else "muted"
            small = draw_boxes(small, one.box[None] * zoom, colour, 3 if k == best else 1)
        panels, captions = [small], ["the window of each level"]
        if not cost.levels:
            return beside(panels, captions, height=260)
        panels.append(bars(cost))
        captions.append(f"{cost.multiply_adds / 1e6:,.1f} million multiply-adds, level by level")
        says = "The levels, on each the window of 12 px; below, what is in it and P-Net's score"
        laid_out = beside([row(photo, cost, looks, best, self._threshold)], [says], height=row_height(cost))
        return Picture(one_below_other([beside(panels, captions, height=260), laid_out]))

    def summary(self) -> str:
        cost, looks = self.view()
        best = self.caught(looks)
        catches = "no level catches what is there" if best is None else (
            f"level {best} catches what is there, with a window of {cost.levels[best].window:.0f} px and a score of "
            f"{looks[best].score:.2f}")  # fmt: skip
        return (
            f"pyramid of {cost.width} x {cost.height} px, smallest face {self.min_face.value} px, factor "
            f"{self.factor.value:.3f}: {len(cost.levels)} levels, {cost.windows:,} windows, "
            f"{cost.multiply_adds / 1e6:,.1f} million multiply-adds; {catches}"
        )


def fitted(cost: PyramidCost) -> tuple[float, float, int]:
    """How the levels fill the row, each taking at least the width of its crop: (zoom, crop, gap between two)."""
    count = len(cost.levels)
    gap = 3 if count > 16 else 6
    room = WIDE - gap * (count - 1)
    crop = min(CROP, 0.6 * room / count)

    def takes(zoom: float) -> float:
        return sum(max(level.width * zoom, crop) for level in cost.levels)

    low, high = 0.0, min(MAGNIFIED, TALL / cost.levels[0].height)
    if takes(high) <= room:
        return high, crop, gap
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if takes(middle) <= room else (low, middle)
    return low, crop, gap


def row_height(cost: PyramidCost) -> int:
    """Of the levels in a row with their crops and scores, px."""
    zoom, crop, _ = fitted(cost)
    return round(cost.levels[0].height * zoom + crop + 48)


def row(
    photo: NDArray[np.uint8], cost: PyramidCost, looks: Sequence[Look], best: int | None, threshold: float
) -> NDArray[np.uint8]:
    """The levels beside one another, each with P-Net's window, and below what is in the window and its score.

    Parameters
    ----------
    photo : uint8 (H, W, 3), the photo
    cost : PyramidCost, its levels, one at least
    looks : sequence of Look, one a level
    best : int or None, the level that is lit
    threshold : float, from which on a score is blue
    """
    zoom, crop, gap = fitted(cost)
    picture, letters = Image.fromarray(photo), font(12)
    sheet = Image.new("RGB", (WIDE, row_height(cost)), PAPER)
    pen, left, foot = ImageDraw.Draw(sheet), 0.0, round(20 + cost.levels[0].height * zoom)
    for k, (level, one) in enumerate(zip(cost.levels, looks, strict=True)):
        room, middle = max(level.width * zoom, crop), left + max(level.width * zoom, crop) / 2
        if k == best:
            pen.rectangle((left - gap / 2, 0, left + room + gap / 2, sheet.height), TINT)
        w, h = (max(1, round(side * zoom)) for side in (level.width, level.height))
        own = picture.resize((level.width, level.height), Image.Resampling.BOX)
        resized = own.resize((w, h), Image.Resampling.NEAREST) if zoom > 1 else picture.resize((w, h))
        colour = COLOURS["pnet" if one.score >= threshold else "muted"]
        x1, y1, x2, y2 = one.box * np.tile([w / cost.width, h / cost.height], 2)
        window = draw_boxes(np.asarray(resized), [[x1, y1, x2, y2]], colour, 2)
        sheet.paste(Image.fromarray(window), (round(left), foot - h))
        side = max(1, round(crop) - 4)
        at = round(middle - side / 2), foot + 6
        if one.score >= threshold:
            line = 3 if k == best else 1
            pen.rectangle((at[0] - line, at[1] - line, at[0] + side + line - 1, at[1] + side + line - 1), colour)
        sheet.paste(Image.fromarray(one.crop).resize((side, side), Image.Resampling.NEAREST), at)
        if crop > 26:
            pen.text((middle, sheet.height - 10), f"{one.score:.2f}", INK, letters, anchor="mm")
            pen.text((middle, foot - h - 9), str(k), INK, letters, anchor="mm")
        left += room + gap
    return np.asarray(sheet)


def bars(cost: PyramidCost) -> NDArray[np.uint8]:
    """A bar for each level, as high as its share of the multiply-adds of all of them."""
    height, width = 260, 500
    sheet = Image.new("RGB", (width, height), PAPER)
    pen, letters = ImageDraw.Draw(sheet), font(12)
    shares = [level.multiply_adds / cost.multiply_adds for level in cost.levels]
    step = min(50.0, width / len(shares))
    for k, share in enumerate(shares):
        left, top = k * step, 20 + (height - 40) * (1 - share / shares[0])
        pen.rectangle((left, top, left + step * 0.8, height - 20), COLOURS["pnet"])
        if step > 24:
            pen.text((left + step * 0.4, top - 3), f"{share:.0%}", INK, letters, anchor="ms")
            pen.text((left + step * 0.4, height - 4), str(k), INK, letters, anchor="ms")
    return np.asarray(sheet)
