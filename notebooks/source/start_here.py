# %% [markdown]
# # Start here: a face detector on one screen
#
# In a minute you will have seen all of it work. Then thirteen chapters take it apart and let you build each piece yourself.
#
# | | |
# |---|---|
# | **needs** | a little Python; nothing to download, no graphics card |
# | **leaves you with** | a picture of the whole, and an idea of where to go first |
# | **takes** | about 10 minutes |
#
# The detector is MTCNN (Zhang, Zhang, Li and Qiao 2016): three small nets in a row, each stricter than the one before. That
# is a **cascade**. Chapters 00 to 05 build it, 06 to 10 train it and measure it, 11 and 12 ask where it fails and what comes after.

# %%
from mtcnn_lite.course.chapters import chapter_map

chapter_map()

# %% [markdown]
# ## What goes in, what comes out
#
# A photo goes in: NASA's portrait of the astronaut Eileen Collins. It is in the public domain and comes with scikit-image.

# %%
from skimage.data import astronaut

from mtcnn_lite import Detector
from mtcnn_lite.draw import beside, draw_faces

photo = astronaut()  # (512, 512, 3), RGB, uint8
detector = Detector()
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
# ## What each stage throws away
#
# A face may be anywhere and of any size. So P-Net looks at windows all over the photo, in many sizes, and throws nearly all of them
# away. R-Net looks at what is left, at twice the resolution, and O-Net at the few after that.

# %%
from mtcnn_lite.draw import draw_stages

trace = detector.trace(photo)  # the same run, with every candidate after every step
draw_stages(trace, height=205)

# %%
for name, stage in zip(["P-Net", "R-Net", "O-Net"], trace.stages, strict=True):
    print(f"{name}: {stage.windows:6,} windows in, {len(stage.last):3} out")

# %% [markdown]
# This is why a cascade is fast: the net that sees everything is tiny, and the net that sees well sees almost nothing.
#
# ## Play with it
#
# Each net has a threshold: the lowest score that passes. Drag the sliders. A box has the colour of the last net that let it through:
# blue P-Net, orange R-Net, green O-Net. Click on a box to ask what became of that face. Three things to try:
#
# 1. Draw **P-Net threshold** down, then up to its end. Which colour comes and goes? Does the face stay?
# 2. Now **O-Net threshold**. How far up does the face stay?
# 3. Take a photo of your own, with **your photo**, or with your camera by the button in the next cell. It stays on your machine.

# %%
from mtcnn_lite.course.explorers.cascade import CascadeExplorer

explorer = CascadeExplorer(detector, photo)
explorer

# %%
from mtcnn_lite.course.explorers.camera import Camera

camera = Camera()
camera.observe(lambda change: explorer.receive("camera", change.new), "photo")
camera

# %% [markdown]
# Without a running kernel you see a still picture of the explorer, and no camera.
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
# That is: P-Net gives no window on the face a score near its threshold. With that score as its threshold, and those of the other two nets as low as the last line says, the face is found.

# %% [markdown]
# ## How the exercises work
#
# Every chapter has one or two. You write a function, and a judge tries it. If it is wrong, the judge shows the smallest case where it
# fails and names the likely mistake.
#
# Here is an example from chapter 03. `decode_offsets` should move each side of a box by a given part of the box's width or height. This
# one forgets to multiply:

# %%
from mtcnn_lite.course import checks


def decode_offsets(boxes, offsets):
    return boxes + offsets


checks.decode_offsets(decode_offsets)

# %% [markdown]
# (No drawing above? Run the cell.) There are hints that unfold, and a solution for later. In the chapters that build the detector, a function that has passed then runs in a live one.
#
# ## Where to go
#
# | chapter | you build | minutes |
# |---|---|---|
# | [00](00_iou.ipynb) | the overlap of two boxes | 60 |
# | [01](01_nms.ipynb) | non-maximum suppression: of many boxes, the best | 45 |
# | [02](02_image_pyramid.ipynb) | the image pyramid: one small net, faces of every size | 35 |
# | [03](03_pnet.ipynb) | P-Net: all windows of a picture in one pass | 40 |
# | [04](04_rnet.ipynb) | R-Net: a second look at what P-Net let through | 60 |
# | [05](05_onet.ipynb) | O-Net: the last word, and five landmarks a face | 40 |
# | [06](06_sample_generation.ipynb) | training samples: four kinds of window, and their answers | 45 |
# | [07](07_losses.ipynb) | the losses: what a wrong answer costs | 45 |
# | [08](08_hard_mining.ipynb) | hard mining: learn from the samples that the net gets most wrong | 45 |
# | [09](09_training.ipynb) | training: three nets, each on what the ones before let through | 50 |
# | [10](10_evaluation.ipynb) | evaluation: one number for a detector, and what it hides | 45 |
# | [11](11_limits.ipynb) | limits: what a crowd costs, which faces are lost, and what came after | 50 |
# | [12](12_recognition.ipynb) | recognition: upright crops, and a net that tells people apart | 50 |
#
# If you are in a hurry, begin with 03. Words are explained in the
# [glossary](glossary.md).
#
# ## Install it, test it
#
# In a fresh clone you need Python 3.11 or later, and two commands:
#
# ```sh
# make lab      # installs what is needed, the first time, and opens chapter 03
# make test     # runs all tests
# ```
#
# The tests run every notebook again and compare it with what you see stored. That part alone is
# `.venv/bin/python -m pytest --nbval notebooks/`. The README has other ways to install, and the detector as a command.
