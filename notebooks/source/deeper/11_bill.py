# %% [markdown]
# <!-- header -->
#
# ## Seconds
#
# The chapter counts multiplications. Is that what the clock says? The same background with no, 20 and 40 faces. Each time is the better of
# two, of this program's processor time only, so that other programs disturb little. The unit is the photo without faces.

# %%
import time

import numpy as np
import torch

from mtcnn_lite import Detector
from mtcnn_lite.course.cost_figures import bill_by_the_clock, pyramid_costs
from mtcnn_lite.course.scenes import scene

torch.set_num_threads(1)  # the clock must count work, not threads that wait for one another
detector = Detector(weights="zhang2016")
numbers = (0, 20, 40)
photos = [scene([11, 9], 480, 640, (n, n), (24, 36), distractors=(0, 0)) for n in numbers]


# %%
def clocked(*steps, rounds=2):
    """Least processor time of each step, one after the other: seconds (len(steps),)."""
    ticks = np.empty((rounds, len(steps) + 1))
    for row in ticks:
        row[0] = time.process_time()
        for k, step in enumerate(steps, 1):
            step()
            row[k] = time.process_time()
    return np.diff(ticks).min(axis=0)


def seconds(image):
    """(3,): pyramid and P-Net, R-Net, O-Net. A stage of a trace runs when it is first asked for."""
    run = []

    def pnet():
        run.append(detector.trace(image))
        return run[-1].pnet

    return clocked(pnet, lambda: run[-1].rnet, lambda: run[-1].onet)


# %% tags=["nbval-ignore-output", "clock"]
spent = np.array([seconds(photo.image()) for photo in photos])  # (3, 3)
bill_by_the_clock(numbers, spent / spent[0].sum())

# %% tags=["check"]
added = spent[-1] - spent[0]
assert [len(photo.boxes) for photo in photos] == [*numbers]
assert spent[-1].sum() > 1.5 * spent[0].sum(), "faces cost time"
assert added[1:].sum() > added[0], "but little of it in P-Net"

# %% [markdown]
# What is added is R-Net's and O-Net's. Is it the looking at crops that costs, or the cutting? And of P-Net's part, how much goes into making
# the pyramid? The same steps without any net:

# %%
from mtcnn_lite.images import crop_windows
from mtcnn_lite.pyramid import halvings, resize_levels

trace = detector.trace(photos[-1].image())
copies, scales = halvings(trace.image, 0.01), [level.scale for level in trace.levels]
by_hand = clocked(
    lambda: resize_levels(halvings(trace.image, 0.01), scales),
    lambda: crop_windows(copies, trace.pnet.last.boxes, 24),
    lambda: crop_windows(copies, trace.rnet.last.boxes, 48),
)

# %% tags=["nbval-ignore-output", "clock"]
for name, took in zip(("pyramid", "R-Net's crops", "O-Net's crops"), by_hand, strict=True):
    print(f"{name:14} {took / spent[-1].sum():4.0%} of the time with 40 faces")

# %% tags=["check"]
assert by_hand.sum() < 0.5 * spent[-1].sum()

# %% [markdown]
# Over half of the time goes into the nets and their boxes. Neither the pyramid nor the cutting makes crowds slow.
#
# ## A photo without any face
#
# Without faces, two things set the bill: the photo's size and the smallest face asked for.

# %%
sizes, least = ((320, 240), (640, 480), (1280, 960), (1920, 1440)), (12, 20, 40, 80)
pyramid_costs(sizes, least)

# %% [markdown]
# Twice the width, or half the smallest face, is four times the windows. On the right, pixels: each level has half the area of the one before,
# so all together have twice the first's. At a smallest face of 12 px the net sees two photos' worth of pixels, at 20 px less than *one*. "Many
# forward passes" sounds worse than it is.
#
# ## From 0.1 to 20 megapixels
#
# `make bench` measures the package on photos of many sizes, with up to 200 faces; this picture is what it drew on two cores of a server
# ([the same as numbers](../growth.md), with the machine named).
#
# ![Time of each stage: it grows with the photo's area and with the number of faces, nearly in straight lines, and falls with the smallest face](../growth.png)
#
# Nearly straight lines. On the left the area grows and the faces stay seven: the pyramid and P-Net pay. In the middle the photo stays and the
# crowd grows: R-Net and O-Net pay. P-Net's line bends up there, as it holds an NMS, which compares windows with one another. On the
# right, half the smallest face costs two to four times as much.
#
# <!-- footer -->
