# %% [markdown]
# <!-- header -->

# %% [markdown]
# ## Play
#
# The detector is MTCNN (Zhang, Zhang, Li and Qiao 2016): three small nets in a row, each stricter than the one before. That is a
# **cascade**. Each net has a threshold, the lowest score that passes. Here it is at work on a wall with 37 faces, and with things
# that are not faces. A box has the colour of the last net that let it through: **blue** P-Net, **orange** R-Net, **green** O-Net.
# Missed faces are yellow, and a small cross marks a false alarm.
#
# Before you touch anything, guess:
#
# <details><summary>A face may be anywhere and of any size, so P-Net looks at 104,557 windows of this picture. How many boxes does it leave?</summary>
#
# 335. Nearly everything is gone after the first and smallest net, and the other two have little left to look at.
#
# </details>
# <details><summary>P-Net's threshold goes from 0.5 up to 0.9. Fewer false alarms, or fewer faces?</summary>
#
# Fewer faces, 21 in place of 25; the one false alarm stays. What the first net drops, no later net brings back.
#
# </details>
# <details><summary>O-Net's threshold goes down to 0.1. What comes?</summary>
#
# 3 more faces, and 2 more false alarms.
#
# </details>

# %%
from mtcnn_lite import Detector
from mtcnn_lite.course.explorers.cascade import CascadeExplorer
from mtcnn_lite.course.scenes import portrait, wall

detector = Detector()  # with the weights that we trained
explorer = CascadeExplorer(detector, {"the wall": wall(), "the portrait": portrait()})
explorer

# %% [markdown]
# 1. Drag **P-Net threshold** up to 0.9 and back to 0.5, then **O-Net threshold** down to 0.1. Were you right?
# 2. Drag all three to their left ends. How many faces, how many false alarms?
# 3. Click on a missed face: which net lost it?
# 4. Take a photo of your own, with **your photo**, or with your camera by the button below. It stays on your machine.
#
# Without a running kernel you see a still picture of the explorer, and no camera.

# %%
from mtcnn_lite.course.explorers.camera import Camera

camera = Camera()
camera.observe(lambda change: explorer.receive("camera", change.new), "photo")
camera

# %% tags=["check"]
from mtcnn_lite.boxes import iou

photo, trace = wall(), detector.trace(wall().image())
assert (len(photo.boxes), trace.pnet.windows, len(trace.pnet.last)) == (37, 104_557, 335)
assert detector.settings.thresholds == (0.5, 0.6, 0.53)
for thresholds, expected in (
    ((0.5, 0.6, 0.53), (25, 1)),
    ((0.9, 0.6, 0.53), (21, 1)),
    ((0.5, 0.6, 0.1), (28, 3)),
):
    faces = trace.rerun(thresholds=thresholds).faces
    on = (iou(photo.boxes, faces.boxes) >= 0.5).any(axis=1).sum()
    assert (on, len(faces) - on) == expected

# %% [markdown]
# ## What goes in, what comes out
#
# A photo goes in: NASA's portrait of the astronaut Eileen Collins. It is in the public domain and comes with scikit-image.

# %%
from skimage.data import astronaut

from mtcnn_lite.draw import beside, draw_faces

photo = astronaut()  # (512, 512, 3), RGB, uint8
faces = detector.detect(photo)
drawn = draw_faces(photo, faces).pixels  # (512, 512, 3)
beside([photo, drawn[20:240, 100:350]], ["a photo goes in", "what comes out, closer"])

# %% [markdown]
# Out come boxes, scores from 0 to 1, and five points a face: the eyes, the nose, the corners of the mouth. Left is always the
# *picture's* left, not the person's.

# %%
print(faces)
names = ["left eye", "right eye", "nose", "mouth, left", "mouth, right"]
for name, (x, y) in zip(names, faces.landmarks[0], strict=True):
    print(f"{name:12} x {x:3.0f}  y {y:3.0f}")

# %% [markdown]
# ## What each net throws away
#
# P-Net looks at windows all over the photo, in many sizes. R-Net looks at what is left, at twice the resolution, and O-Net at the few
# after that, at four times.

# %%
from mtcnn_lite.draw import draw_stages

trace = detector.trace(photo)  # the same run, with every candidate after every step
draw_stages(trace, height=205)

# %% [markdown]
# This is why a cascade is fast: the net that sees everything is tiny, and the net that sees well sees almost nothing. (The counts are those
# of our own weights. Chapters 03 to 05 use the weights that the authors of MTCNN released, so they count others.)
#
# ## Ask what became of a face
#
# A detector that misses a face owes you a reason. Here we make the photo so dark that nothing is found, and ask.

# %%
from mtcnn_lite.course.scenes import ASTRONAUT_BOX
from mtcnn_lite.explain import explain

night = (photo * 0.06).astype("uint8")
print(len(detector.detect(night)), "faces found")
explanation = explain(detector.trace(night), ASTRONAUT_BOX)
print(explanation.sentence.replace("; ", "\n"))
beside([night], ["the photo, dark"], height=200)

# %% [markdown]
# P-Net gives no window on the face a score near its threshold. With the thresholds of the last line, the face is found.
#
# ## How the exercises work
#
# You write a function, and a judge tries it. If it is wrong, the judge shows the smallest case where it
# fails and names the likely mistake. An example from chapter 03: `decode_offsets` should move each side of a box by a given part of the box's
# width or height. This one forgets to multiply:

# %%
from mtcnn_lite.course import checks, mine


def decode_offsets(boxes, offsets):
    return boxes + offsets


verdict = checks.decode_offsets(decode_offsets)
verdict

# %% [markdown]
# (No drawing above? Run the cell.) A mistake shows in the live detector as well, beside the right answer:

# %%
verdict.seen()

# %% [markdown]
# There are hints that unfold, and a solution for later. A function that has passed is remembered, and runs in the detector of every later chapter.
# At the end of chapter 05 all ten parts can be yours:

# %%
mine.strip()

# %% [markdown]
# ## Where to go
#
# | chapter | you build | minutes |
# |---|---|---|
# | [00](00_iou.ipynb) | the overlap of two boxes | 65 |
# | [01](01_nms.ipynb) | non-maximum suppression: of many boxes, the best | 70 |
# | [02](02_image_pyramid.ipynb) | the image pyramid: one small net, faces of every size | 55 |
# | [03](03_pnet.ipynb) | P-Net: all windows of a picture in one pass | 70 |
# | [04](04_rnet.ipynb) | R-Net: a second look at what P-Net let through | 60 |
# | [05](05_onet.ipynb) | O-Net: the last word, and five landmarks a face | 60 |
# | [06](06_sample_generation.ipynb) | training samples: four kinds of window, and their answers | 65 |
# | [07](07_losses.ipynb) | the losses: what a wrong answer costs | 70 |
# | [08](08_hard_mining.ipynb) | hard mining: learn from the samples that the net gets most wrong | 55 |
# | [09](09_training.ipynb) | training: three nets, each on what the ones before let through | 55 |
# | [10](10_evaluation.ipynb) | evaluation: one number for a detector, and how far to trust it | 70 |
# | [11](11_limits.ipynb) | limits: what a crowd costs, which faces are lost, and what to take today | 55 |
# | [12](12_recognition.ipynb) | recognition: upright crops, and a net that tells people apart | 85 |
# | [13](13_one_pass.ipynb) | one pass: anchors, a feature pyramid, and a net that sees the photo once | 85 |
#
# Chapters 00 to 05 build the detector, 06 to 10 train it and measure it, 11 to 13 ask where it fails and what comes after. If you are in a
# hurry, begin with 03. Side trips are in `deeper/`; words are explained in the [glossary](glossary.md).
#
# ## Install it, test it
#
# In a fresh clone you need Python 3.11 or later, and two commands:
#
# ```sh
# make lab      # installs what is needed, the first time, and opens chapter 03
# make test     # runs the fast tests
# ```
#
# The tests run every chapter again and compare it with what you see stored. That part alone, with the side trips, is
# `.venv/bin/python -m pytest --nbval notebooks/`. The README has other ways to install, and the detector as a command.
#
# <!-- footer -->
