"""Figures of the nets, drawn from the nets themselves."""
import numpy as np
from numpy.typing import NDArray
from mtcnn_lite.boxes import Floats
from mtcnn_lite.draw import rgb, enlarged
# ColorBrewer's PuOr, which people with any of the common colour-blindnesses can read: brown, white, purple.
DIVERGING = ["#7F3B08", "#B35806", "#E08214", "#FDB863", "#FEE0B6", "#F7F7F7", "#D8DAEB", "#B2ABD2", "#8073AC", "#542788", "#2D004B"]  # fmt: skip

def map_scale(maps: Floats) -> float:
    least = max(float(np.quantile(np.abs(maps), 0.96)), 1e-6)
    ten = 10.0 ** np.floor(np.log10(least))
    return float(next(k * ten for k in (1, 2, 5, 10) if k * ten >= least - 1e-9))

def coloured(values, scale):
    codes = np.array([rgb(code) for code in DIVERGING], float)
    at = (np.clip(values / scale, -1, 1) + 1) / 2 * (len(codes) - 1)
    return np.stack([np.interp(at, np.arange(len(codes)), c) for c in codes.T], axis=-1).round().astype(np.uint8)

def sheet_of_maps(maps: Floats, scale: float):
    c, h, w = maps.shape
    times = max(1, round(24 / h))
    columns = max(1, round((c * 0.5) ** 0.5))
    pictures = np.stack([enlarged(coloured(one, scale), times) for one in maps])
    pictures = np.pad(pictures, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=255)
    from mtcnn_lite.draw import tiled
    return tiled(pictures, columns, c)
