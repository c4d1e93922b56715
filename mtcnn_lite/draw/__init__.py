"""Still pictures: boxes on photos (OpenCV), panels side by side, and the look that all chapters share."""

from mtcnn_lite.draw.colours import COLOURS, INK, PAPER, STAGE_COLOURS, rgb
from mtcnn_lite.draw.marks import draw_boxes, draw_landmarks, draw_map, draw_overlap, draw_polygon
from mtcnn_lite.draw.picture import JPEG_LONGEST, Described, Picture, alt_metadata, with_alt
from mtcnn_lite.draw.runs import draw_explanation, draw_faces, draw_stages
from mtcnn_lite.draw.sheets import PANEL_WIDEST, at_height, beside, enlarged, font, new_axes, rendered, tiled
from mtcnn_lite.images import Pixels

__all__ = [
    "COLOURS",
    "INK",
    "JPEG_LONGEST",
    "PANEL_WIDEST",
    "PAPER",
    "STAGE_COLOURS",
    "Described",
    "Picture",
    "Pixels",
    "alt_metadata",
    "at_height",
    "beside",
    "draw_boxes",
    "draw_explanation",
    "draw_faces",
    "draw_landmarks",
    "draw_map",
    "draw_overlap",
    "draw_polygon",
    "draw_stages",
    "enlarged",
    "font",
    "new_axes",
    "rendered",
    "rgb",
    "tiled",
    "with_alt",
]
