"""The chapters, and the map of them that opens each notebook."""

import numpy as np
from PIL import Image, ImageDraw

from mtcnn_lite.draw import COLOURS, INK, PAPER, Picture, font

CHAPTERS = {  # number: what its box on the map says
    "00": "overlap",
    "01": "NMS",
    "02": "pyramid",
    "03": "P-Net",
    "04": "R-Net",
    "05": "O-Net",
    "06": "samples",
    "07": "losses",
    "08": "hard mining",
    "09": "training",
    "10": "evaluation",
    "11": "limits",
    "12": "recognition",
}
ROWS = {"find a face": list(CHAPTERS)[:6], "train the nets": list(CHAPTERS)[6:11], "and then": list(CHAPTERS)[11:]}
LIT = {  # a lit box and the letters on it, of the two inks the one that stands out; other chapters: ink and paper
    "03": (COLOURS["pnet"], PAPER),
    "04": (COLOURS["rnet"], INK),
    "05": (COLOURS["onet"], INK),
}
BOX, GAP, ROW, LEFT = 113, 16, 40, 130  # px: a chapter's box, the way to the next, a row, where its boxes begin
MARGIN = 12, 3  # px at the sides, above and below: white paper on a dark page


def chapter_map(number: str | None = None) -> Picture:
    """The chapters in the order in which they build on one another, with chapter `number` lit, or none.

    >>> chapter_map("03")
    Picture(900 x 118)
    """
    if number is not None and number not in CHAPTERS:
        raise ValueError(f"number is {number!r}; it must be one of {', '.join(CHAPTERS)}")
    side, top = MARGIN
    sheet = Image.new("RGB", (LEFT + 6 * BOX + 5 * GAP + side, ROW * len(ROWS) - 8 + 2 * top), PAPER)
    pen = ImageDraw.Draw(sheet)
    for r, (title, chapters) in enumerate(ROWS.items()):
        y = top + r * ROW
        pen.text((side, y + 16), title, INK, font(14), anchor="lm")
        for c, chapter in enumerate(chapters):
            x, lit = LEFT + c * (BOX + GAP), chapter == number
            fill, letters = LIT.get(chapter, (INK, PAPER)) if lit else ("#EDEDED", INK)
            pen.rounded_rectangle((x, y, x + BOX, y + 32), radius=6, fill=fill)
            label = f"{chapter} {CHAPTERS[chapter]}"
            pen.text((x + BOX / 2, y + 16), label, letters, font(14), anchor="mm")
            if c + 1 < len(chapters):
                pen.text((x + BOX + GAP / 2, y + 16), "›", INK, font(16), anchor="mm")
    return Picture(np.asarray(sheet), flat=True)
