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
# is a **cascade**.

# %%
from mtcnn_lite.chapters import chapter_map

chapter_map()

# %% [markdown]
# ## What goes in, what comes out
#
# A photo goes in: NASA's portrait of the astronaut Eileen Collins, which comes with scikit-image.

# %%
from skimage.data import astronaut

from mtcnn_lite import Detector
from mtcnn_lite.draw import draw_faces

photo = astronaut()  # (512, 512, 3), RGB, uint8
detector = Detector()
faces = detector.detect(photo)
draw_faces(photo[:250, 80:380], detector.detect(photo[:250, 80:380]))

# %% [markdown]
# Out come boxes, scores from 0 to 1, and five points a face: the eyes, the nose, the corners of the mouth. Left and right are the
# *picture's* left and right.

# %%
print(faces)
for name, (x, y) in zip(["eye", "eye", "nose", "mouth", "mouth"], faces.landmarks[0], strict=True):
    print(f"{name:6} x {x:5.0f}  y {y:5.0f}")

# %% [markdown]
# ## What each stage throws away
#
# A face may be anywhere and of any size. So P-Net looks at *every* window of the photo, in many sizes, and throws nearly all of them
# away. R-Net looks at what is left, at twice the resolution, and O-Net at the few after that.

# %%
from mtcnn_lite.draw import draw_stages

trace = detector.trace(photo)  # the same run, with every candidate after every step
draw_stages(trace, height=205)

# %%
for stage in trace.stages:
    print(f"{stage.name}: {stage.windows:6,} windows in, {len(stage.last):3} out")

# %% [markdown]
# This is why a cascade is fast: the net that sees everything is tiny, and the net that sees well sees almost nothing.
#
# ## Play with it
#
# Each net has a threshold: the lowest score that passes. Drag them. What appears when P-Net's goes down? What goes first when O-Net's
# goes up? Then try a photo of your own, by upload or with your camera. It stays on your machine.

# %%
from mtcnn_lite.explorers.cascade import CascadeExplorer

explorer = CascadeExplorer(detector, photo)
explorer

# %%
from mtcnn_lite.explorers.camera import Camera

camera = Camera()
camera.observe(lambda change: explorer.receive("camera", change.new), "photo")
camera

# %% [markdown]
# ## Ask what became of a face
#
# A detector that misses a face owes you a reason. Here we make the photo so dark that it fails, and ask.

# %%
from mtcnn_lite.explain import explain
from mtcnn_lite.scenes import ASTRONAUT_BOX

night = (photo * 0.06).astype("uint8")
explanation = explain(detector.trace(night), ASTRONAUT_BOX)
print(explanation.sentence.replace("; ", "\n"))

# %% [markdown]
# ## How the exercises work
#
# Every chapter has one to three. You write a function; a judge tries it, and if it is wrong, shows the smallest case where it
# fails and names the likely mistake. Here is one that forgets that offsets count in box sides:

# %%
from mtcnn_lite import checks


def decode_offsets(boxes, offsets):
    return boxes + offsets


checks.decode_offsets(decode_offsets)

# %% [markdown]
# When it has passed, your function is swapped into the live detector, and the detector runs on your code.
#
# ## Where to go
#
# | chapter | you build | minutes |
# |---|---|---|
# | [00](00_iou.ipynb) | the overlap of two boxes | 20 |
# | [01](01_nms.ipynb) | non-maximum suppression: of many boxes, the best | 35 |
# | [02](02_image_pyramid.ipynb) | the image pyramid: one small net, faces of every size | 30 |
# | [03](03_pnet.ipynb) | P-Net: every window of a photo in one pass | 40 |
# | [04](04_rnet.ipynb) | R-Net: a second look | 35 |
# | [05](05_onet.ipynb) | O-Net: the last word, and five landmarks | 40 |
#
# Chapters 06 to 12 (training samples, losses, hard mining, training, evaluation, limits, recognition) are in preparation. If you are
# in a hurry, begin with 03. Words are explained in the [glossary](glossary.md).
#
# ## How this is kept true
#
# Every notebook here is run again by the tests and compared with what you see stored:
#
# > `pytest --nbval notebooks/`
#
# In a fresh clone, `make lab` installs what is needed and opens JupyterLab; `make test` runs all tests. The README has more.
