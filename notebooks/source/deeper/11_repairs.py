# %% [markdown]
# <!-- header -->
#
# ## What the dark takes
#
# The dark takes light away and brings noise. Which of them costs the faces? Twelve photos, with three quarters of their light gone, and
# two repairs of one line each: four times as bright again; a little blurred, so that the noise of neighbouring pixels cancels out.

# %%
import cv2
import numpy as np

from mtcnn_lite import Detector
from mtcnn_lite.course.degrade import DEGRADATIONS
from mtcnn_lite.course.limit_figures import found_by
from mtcnn_lite.course.scenes import scenes
from mtcnn_lite.draw import beside
from mtcnn_lite.evaluation import match

detector = Detector(weights="zhang2016")
plain = scenes(12, 11, split="held_out", faces=(8, 8), sizes=(40, 40), distractors=(0, 0))
dim = [DEGRADATIONS["dark"].apply(photo, 0.75) for photo in plain]
of = sum(len(photo.boxes) for photo in plain)

# %%


def repaired(image, gain, sigma):
    bright = np.clip(image.astype(np.float32) * gain, 0, 255).astype(np.uint8)
    return cv2.GaussianBlur(bright, (0, 0), sigma) if sigma else bright


repairs = {"as it is": (1, 0), "brighter": (4, 0), "smoother": (1, 1), "both": (4, 1)}
shown = [repaired(dim[0].image(), *repair) for repair in repairs.values()]
beside(shown, [*repairs], height=160)


# %%
def mtcnn(image):
    faces = detector.detect(image)
    return faces.boxes, faces.scores


def found(photos, search, *repair):
    """How many faces `search` finds on each photo, repaired before; (12,)."""
    images = [repaired(photo.image(), *repair) if repair else photo.image() for photo in photos]
    faces = [match(*search(image), photo)[0] for image, photo in zip(images, photos, strict=True)]
    return np.array([(face >= 0).sum() for face in faces])


in_the_dark = {name: found(dim, mtcnn, *repair) for name, repair in repairs.items()}
found_by({name: {"MTCNN": each.sum()} for name, each in in_the_dark.items()}, of)

# %% tags=["check"]
count = {name: each.sum() for name, each in in_the_dark.items()}
assert count["both"] > count["smoother"] > count["as it is"]
assert count["both"] > count["brighter"] + 0.2 * of

# %% [markdown]
# Brightness alone hardly helps: it makes the noise four times as strong, too. Blur alone brings back two of five that were lost, both together nearly
# all. So a detector's limits are also those of what it is fed, and two lines of preparation may do more than another detector. That holds for
# noise that differs from pixel to pixel, as it does here: try it on your own photos.
#
# ## Newer is not better at everything
#
# scikit-image ships an ancestor: a cascade of boosted decisions on local binary patterns, in the manner of
# [Viola and Jones (2001)](https://doi.org/10.1109/CVPR.2001.990517), trained on upright faces. (OpenCV's wheel has no `CascadeClassifier`
# from 5.0 on.) It may look at windows of 36 to 52 px, on the same photos:

# %%
from skimage.data import lbp_frontal_face_cascade_filename
from skimage.feature import Cascade

boosted = Cascade(lbp_frontal_face_cascade_filename())


def ancestor(image):
    settings = {"scale_factor": 1.2, "step_ratio": 1, "min_size": (36, 36), "max_size": (52, 52)}
    boxes = boosted.detect_multi_scale(image, **settings)
    corners = [[b["c"], b["r"], b["c"] + b["width"], b["r"] + b["height"]] for b in boxes]
    return np.array(corners, np.float32).reshape(-1, 4), np.ones(len(corners))


# %%
as_they_are = {"ancestor": found(plain, ancestor), "MTCNN": found(plain, mtcnn)}
dark = {
    "ancestor": found(dim, ancestor),
    "MTCNN": in_the_dark["as it is"],
    "MTCNN, repaired": in_the_dark["both"],
}
table = {"as they are": as_they_are, "dark": dark}
found_by({way: {name: each.sum() for name, each in row.items()} for way, row in table.items()}, of)

# %%
from mtcnn_lite.course.evidence import intervals, paired

differences = {
    "as they are: ancestor": paired(as_they_are["ancestor"], as_they_are["MTCNN"]),
    "dark: ancestor": paired(dark["ancestor"], dark["MTCNN"]),
    "dark: MTCNN, repaired": paired(dark["MTCNN, repaired"], dark["MTCNN"]),
}
intervals(differences, "faces found on a photo, minus MTCNN's", digits=1)

# %% tags=["check"]
day, night, mended = (each.interval for each in differences.values())
assert day[1] < 0 < mended[0]
assert night[0] < 0 < night[1]
assert dark["MTCNN"].sum() < 0.5 * as_they_are["MTCNN"].sum()
assert dark["ancestor"].sum() > 0.65 * as_they_are["ancestor"].sum()

# %% [markdown]
# By day MTCNN finds every face, and the ancestor three of four. The dark costs MTCNN over half of them, the ancestor a third, and then it is
# no longer behind: it only asks whether one patch is brighter than the next, and the mean of a patch has less noise than its pixels. That it
# is ahead, twelve photos don't show. That the repair helps, they do.
#
# <!-- footer -->
