# %% [markdown]
# <!-- header -->
#
# ## The edge of the photo
#
# A square round a face at the edge leaves the photo. This package and the authors' code (`pad.m`) put zeros there.
# [facenet-pytorch](https://github.com/timesler/facenet-pytorch/blob/master/models/utils/detect_face.py) clamps the window to the photo, stretches what is left, and maps the answer back
# as if it had seen the whole square. So there are three ways. We cut through 27 faces of the wall, those that the detector finds, farther
# and farther from the left, and ask O-Net for the five points each time:

# %%
import cv2
import numpy as np
import torch

from mtcnn_lite import Detector
from mtcnn_lite.boxes import iou
from mtcnn_lite.course.evidence import intervals, paired
from mtcnn_lite.course.rnet_figures import edge_errors, paired_errors
from mtcnn_lite.course.scenes import portrait, scenes, wall
from mtcnn_lite.images import crop_windows
from mtcnn_lite.nets import normalise
from mtcnn_lite.pyramid import halvings

# %%
detector = Detector(weights="zhang2016")  # the authors' weights
rnet, onet = detector.nets.rnet, detector.nets.onet
picture, faces, points = wall().image(), wall().boxes, wall().landmarks  # (37, 4), (37, 5, 2)
trace = detector.trace(picture)
found = np.flatnonzero(iou(faces, trace.faces.boxes).max(axis=1) >= 0.5)  # (27,)

# %%
shares = (0, 0.1, 0.2, 0.3, 0.4, 0.5)
errors = np.array(
    [[edge_errors(onet, picture, faces[k], points[k], share) for k in found] for share in shares]
)  # (6, 27, 3)
paired_errors(shares, errors)

# %% [markdown]
# Mapped back from the wrong window, points are off from the start: the square is wider than the face, so a part of it is outside even
# at 0%. But the other version of clamping loses too. Is that chance? Compare face by face:

# %%
ways = zip(shares, errors.transpose(0, 2, 1), strict=True)
less = {f"{share:.0%}": paired(each[0], each[1], lower_is_better=True) for share, each in ways}
intervals(less, "landmark error, padded minus clamped, by the share outside; a dot is a face")

# %% tags=["check"]
assert len(found) == 27
assert (errors[..., 2].mean(axis=1) > errors[..., 0].mean(axis=1)).all()
assert all(
    less[share].interval[1] < 0 and less[share].ahead > 20 for share in ("30%", "40%", "50%")
)

# %% [markdown]
# A stretched face has other proportions than those that the net has learned; a face with a black bar before it does not.
#
# ## Whole pixels
#
# The authors' code drops the fractions of a box before it cuts (`fix` in `detect_face.m`), and facenet-pytorch does too. What does that
# change? R-Net's scores of P-Net's windows on the wall, with the fraction and without:


# %%
def rnet_scores(image, boxes):
    """R-Net's scores (N,) of the windows (N, 4)."""
    with torch.no_grad():
        return rnet(normalise(crop_windows(halvings(image, 0.05), boxes, size=24))).score.numpy()


windows = trace.pnet["squared"].boxes  # (432, 4)
with_fraction, without = rnet_scores(picture, windows), rnet_scores(picture, np.trunc(windows))
change = np.abs(without - with_fraction)
flipped = ((with_fraction >= 0.7) != (without >= 0.7)).sum()
print(f"scores change by {change.mean():.2f} on average, by {change.max():.1f} at most")
print(f"{flipped} of {len(windows)} windows change sides; {(with_fraction >= 0.7).sum()} are kept")

# %% [markdown]
# Little on average, but it costs nothing to keep the fraction.
#
# ## Cut anew, or enlarged?
#
# P-Net has seen each window already, on 12 × 12 pixels. R-Net could have those, enlarged to 24 × 24. Instead its crops are cut from the photo
# anew, with four times the numbers. Does that help? Take pairs of P-Net's windows, one on a face and one of background: how often does the
# face get the higher score? On 16 composed scenes:


# %%
def enlarged_scores(image, boxes):
    """The same, of crops at 12 px that are enlarged."""
    small = crop_windows(halvings(image, 0.05), boxes, size=12)  # (N, 12, 12, 3)
    enlarged = np.stack([cv2.resize(crop, (24, 24)) for crop in small])  # (N, 24, 24, 3)
    with torch.no_grad():
        return rnet(normalise(enlarged)).score.numpy()


# %%
def told_apart(image, truth):
    """In what share of the pairs the face scores higher: cut anew, and enlarged."""
    boxes = detector.trace(image).pnet["squared"].boxes
    overlap = iou(truth, boxes).max(axis=0)
    face, nothing = boxes[overlap >= 0.5], boxes[overlap < 0.3]
    return [
        (scores(image, face)[:, None] > scores(image, nothing)).mean()
        for scores in (rnet_scores, enlarged_scores)
    ]


# %%
photos = scenes(16, seed=3, height=360, width=480, faces=(4, 8))
anew, enlarged = np.array([told_apart(each.image(), each.boxes) for each in photos]).T  # (16,) each
more = paired(anew, enlarged)
print(f"cut anew {anew.mean():.3f}, enlarged {enlarged.mean():.3f}; difference {more}")

# %% tags=["check"]
assert more.interval[0] > 0

# %% [markdown]
# So the second look is better also because it sees *more*, not only because a second net looks. There is an exception. Where a photo is dark
# and noisy, more pixels are more noise, and shrinking to 12 px averages it away. The wall, dark and noisy:

# %%
noise = np.random.default_rng(6).normal(0, 25, picture.shape)
dark = np.clip(0.35 * picture + noise, 0, 255).astype(np.uint8)
for says, image in (("the wall", picture), ("in the dark", dark)):
    shares_right = told_apart(image, faces)
    print(f"{says:11} cut anew {shares_right[0]:.2f}, enlarged {shares_right[1]:.2f}")

# %% tags=["check"]
assert shares_right[1] > shares_right[0] + 0.05

# %% [markdown]
# ## Pixels, or features?
#
# Faster R-CNN ([Ren et al. 2015](https://arxiv.org/abs/1506.01497)) also proposes windows first and looks again at those. There the likeness ends:
#
# | | Faster R-CNN | MTCNN |
# |---|---|---|
# | proposes | a head on the deepest map of a large net, asked at each cell about nine boxes of several sizes and shapes | P-Net, a net of its own, asked at each cell about one square |
# | other sizes | those nine boxes (anchors: chapter 13) | the image pyramid |
# | the second look | is cut out of *the same feature map* (RoI pooling): its numbers are there already | is cut out of *the photo*: new pixels |
# | learns | all in one net, with shared layers | three nets, one after the other |
#
# Could R-Net save its pixels in this way too, and read P-Net's feature map? This is all that there is of a window:

# %%
body = torch.nn.Sequential(*list(detector.nets.pnet.children())[:7])  # P-Net without its heads
print("P-Net's features of a window:", f"{body(torch.zeros(1, 3, 12, 12)).numel():5} numbers")
print("R-Net's crop of it:          ", f"{24 * 24 * 3:,} numbers")

# %% [markdown]
# Sharing pays where the first net is large and its map knows a lot. P-Net is tiny on purpose.
#
# ## What R-Net should learn from
#
# The paper trains R-Net on the windows that P-Net proposes. Windows at random would be easier to get. But they are not what R-Net will
# meet. All windows below are background; a score over 0.5 is a mistake:

# %%
photo, label = portrait().image(), portrait().boxes
chance = np.random.default_rng(5)
side = chance.integers(20, 200, (2000, 1))  # (2000, 1)
corner = chance.random((2000, 2)) * (512 - side)  # (2000, 2)
at_random, proposed = np.hstack([corner, corner + side]), detector.trace(photo).pnet.last.boxes
shares_wrong = []
for says, boxes in (("at random", at_random), ("P-Net's", proposed)):
    scores = rnet_scores(photo, boxes[iou(label, boxes)[0] < 0.3])
    shares_wrong.append((scores > 0.5).mean())
    under, over = (scores < 0.1).mean(), (scores > 0.5).sum()
    print(f"{says:10} {len(scores):5,} windows, {under:.0%} under 0.1, {over} over 0.5")

# %% tags=["check"]
assert shares_wrong[1] > 3 * shares_wrong[0]

# %% [markdown]
# Even this trained R-Net errs far more often, in proportion, on what P-Net sends it. Those are the windows to learn from: chapters
# [06](../06_sample_generation.ipynb) and [09](../09_training.ipynb) come back to it.
#
# <!-- footer -->
