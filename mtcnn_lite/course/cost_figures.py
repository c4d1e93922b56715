"""What faces cost: crops of R-Net and O-Net, what the nets compute, time by the clock, windows of P-Net."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mtcnn_lite.draw import COLOURS, Described, with_alt
from mtcnn_lite.net_names import NET_NAMES, NET_TITLES
from mtcnn_lite.pyramid import level_size, map_size, pyramid_scales


def bill(numbers: Sequence[int], crops: ArrayLike, work: ArrayLike) -> Described:
    """What more faces cost: the crops of R-Net and O-Net, and what all three nets compute.

    Parameters
    ----------
    numbers : sequence of K int
        Faces on each photo.
    crops : (K, 2)
        What R-Net and O-Net look at.
    work : (K, 3)
        Million multiply-adds of the three nets.
    """
    import matplotlib.pyplot as plt

    looks, million = np.asarray(crops), np.asarray(work)
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.6, 3), layout="constrained")
    for column, net, style in zip(looks.T, NET_NAMES[1:], ("o-", "s--"), strict=True):
        left.plot(numbers, column, style, color=COLOURS[net], label=NET_TITLES[net])
    left.set(xlabel="faces on the photo", ylabel="crops", ylim=(0, None))
    names = [NET_TITLES[net] for net in NET_NAMES]
    right.stackplot(numbers, million.T, labels=names, colors=[COLOURS[net] for net in NET_NAMES])
    right.set(xlabel="faces on the photo", ylabel="million multiply-adds", xlim=(numbers[0], numbers[-1]))
    for axes in (left, right):
        axes.legend(loc="upper left")
    ends = [" and ".join(f"{NET_TITLES[n]} {c:,}" for n, c in zip(NET_NAMES[1:], row, strict=True)) for row in looks]
    sums = [", ".join(f"{net} {cost:,.0f}" for net, cost in zip(names, row, strict=True)) for row in million]
    return with_alt(
        figure,
        f"Crops and work against faces, straight lines. With {numbers[0]} faces {ends[0]} crops, with {numbers[-1]} "
        f"{ends[-1]}. Million multiply-adds with {numbers[0]}: {sums[0]}; with {numbers[-1]}: {sums[-1]}.",
    )


def bill_by_the_clock(numbers: Sequence[int], times: NDArray[np.float64]) -> Described:
    """The time of each net, piled up, against the number of faces.

    Parameters
    ----------
    numbers : sequence of K int
        Faces on each photo.
    times : (K, 3)
        Of P-Net with its pyramid, R-Net and O-Net.
    """
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 3), layout="constrained")
    names = [NET_TITLES[net] for net in NET_NAMES]
    axes.stackplot(numbers, times.T, labels=names, colors=[COLOURS[net] for net in NET_NAMES])
    axes.set(xlabel="faces on the photo", ylabel="processor time\n(1: the photo without)", xlim=(0, numbers[-1]))
    axes.legend(loc="upper left")
    said = ", ".join(
        f"{name} {was:.1f} to {now:.1f}" for name, was, now in zip(names, times[0], times[-1], strict=True)
    )
    return with_alt(figure, f"Processor time of each net, from no face to {numbers[-1]}: {said}.")


def pyramid_costs(sizes: Sequence[tuple[int, int]], least: Sequence[int]) -> Described:
    """P-Net's windows by the photo's size and by the smallest face, and the pixels of all levels.

    Parameters
    ----------
    sizes : sequence of (int, int)
        Width and height of photos, px, for a smallest face of 20 px.
    least : sequence of int
        Smallest faces, px, for the third of the photos.
    """
    import matplotlib.pyplot as plt

    def costs(width: int, height: int, smallest: int) -> tuple[float, float]:
        levels = [level_size(height, width, scale) for scale in pyramid_scales(height, width, smallest)]
        return sum(float(np.prod(map_size(*size))) for size in levels), sum(h * w for h, w in levels) / (height * width)

    by_size = [costs(*size, 20)[0] / 1e3 for size in sizes]
    by_face = [costs(*sizes[2], smallest) for smallest in least]
    figure, panels = plt.subplots(1, 3, figsize=(9.6, 3), width_ratios=(1.5, 1, 1), layout="constrained")
    bars = (
        ([f"{w}×{h}" for w, h in sizes], by_size, "photo (smallest face 20 px)", "P-Net's windows, thousand"),
        ([f"{s} px" for s in least], [each[0] / 1e3 for each in by_face], "smallest face (1280×960)", ""),
        ([f"{s} px" for s in least], [each[1] for each in by_face], "smallest face (1280×960)", "pixels, in photos"),
    )
    said = []
    for axes, (names, values, below, beside_it) in zip(panels, bars, strict=True):
        drawn = axes.bar(names, values, color=COLOURS["pnet"])
        texts = [f"{value:,.0f}" if value >= 10 else f"{value:.2f}" for value in values]
        axes.bar_label(drawn, texts, fontsize=8)
        axes.set(xlabel=below, ylabel=beside_it)
        axes.tick_params("x", labelsize=8)
        said.append(", ".join(f"{name} {text}" for name, text in zip(names, texts, strict=True)))
    text = f"Thousand windows of P-Net by photo: {said[0]}; by smallest face: {said[1]}."
    return with_alt(figure, f"{text} Pixels of all levels, in photos: {said[2]}.")
