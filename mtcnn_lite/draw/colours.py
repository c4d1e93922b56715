"""The colours of all pictures: a stage has one of its own, and it means that stage alone.

The set is Okabe and Ito's, which people with any of the common colour-blindnesses can tell apart, with a purple for
what is labelled a face.
"""

from mtcnn_lite.net_names import NET_TITLES

COLOURS = {
    "pnet": "#0072B2",  # blue
    "rnet": "#E69F00",  # orange
    "onet": "#009E73",  # green
    "landmark": "#D55E00",  # vermilion
    "truth": "#F0E442",  # yellow
    "face": "#982D7C",  # purple: a window that is labelled a face
    "part": "#D183CC",  # pale purple: one with a part of a face
    "muted": "#8A8A8A",  # gray: what is no face, dropped, or there to be compared with
    "unused": "#CFCFCF",  # pale gray
    "left": "#FFFFFF",  # white: landmarks on the picture's left, where a mirror matters
}
STAGE_COLOURS = {name: COLOURS[name] for name in NET_TITLES}  # these mean a stage, and nothing else
INK, PAPER = "#222222", "#FFFFFF"


def rgb(colour: str) -> tuple[int, int, int]:
    """A name from COLOURS, or "#RRGGBB", as three numbers 0 to 255.

    >>> rgb("pnet"), rgb("#0000FF")
    ((0, 114, 178), (0, 0, 255))
    """
    code = COLOURS.get(colour, colour)
    return int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16)
