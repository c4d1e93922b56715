# %% [markdown]
# <!-- header -->
#
# ## The order of the steps
#
# What each net's stage does with its boxes, in order. "Refined" means moved by the offsets:

# %%
import numpy as np
import torch
from skimage.data import astronaut

from mtcnn_lite import Detector
from mtcnn_lite.boxes import iom, iou, landmarks_to_image
from mtcnn_lite.course.scenes import collage
from mtcnn_lite.draw import beside, draw_boxes
from mtcnn_lite.images import crop_windows
from mtcnn_lite.nets import normalise
from mtcnn_lite.nms import nms, suppressors
from mtcnn_lite.pyramid import halvings

detector = Detector("zhang2016", mirror=False)
trace = detector.trace(astronaut())
for stage in trace.stages:
    print(f"{stage.name}: {' > '.join(stage.steps)}")

# %% [markdown]
# The [paper](https://arxiv.org/abs/1604.02878) says of each stage: move, then NMS. The authors'
# [detect_face.m](https://github.com/kpzhang93/MTCNN_face_detection_alignment/blob/master/code/codes/MTCNNv1/detect_face.m) does so in O-Net only, this
# package in R-Net as well; chapters 01 and 04 show what hangs on it in P-Net and R-Net. In O-Net, the boxes of one face lie closer
# together after the move, because each now says where the face is, and not where its window happened to stand:

# %%
picture, boxes, labels = collage()  # (768, 768, 3), (9, 4), (9, 5, 2): one face, nine sizes
nine = detector.trace(picture)
seen, final = nine.onet["above threshold"], nine.onet["refined"]
rows = nms(final.boxes, final.scores, 0.7, "iom")
winner = suppressors(final.boxes, final.scores, rows, 0.7, "iom")  # who removed each box
lost = np.flatnonzero(winner != np.arange(len(final)))
for name, step in (("before", seen), ("after", final)):
    overlaps = [iou(step.boxes[[i]], step.boxes[[winner[i]]])[0, 0] for i in lost]
    print(f"{name} the move: IoU with the winner {np.mean(overlaps):.2f}, mean of {len(lost)}")

# %% [markdown]
# And NMS before the move can leave boxes that end up on one another. At low thresholds, on the nine faces:

# %%
low = nine.rerun(thresholds=(0.3, 0.1, 0.1)).onet
seen, final = low["above threshold"], low["refined"]
orders = {
    "move, then NMS": nms(final.boxes, final.scores, 0.7, "iom"),
    "NMS, then move": nms(seen.boxes, seen.scores, 0.7, "iom"),
}
pairs = []
for rows in orders.values():
    over = np.triu(iom(final.boxes[rows], final.boxes[rows]), k=1) > 0.7  # each pair once
    pairs.append(int(over.sum()))
panels = [draw_boxes(picture, final.boxes[rows]) for rows in orders.values()]
says = [
    f"{name}: {len(rows)} boxes\n{count} pairs share over 0.7"
    for (name, rows), count in zip(orders.items(), pairs, strict=True)
]
beside(panels, says, height=380)

# %% tags=["check"]
assert pairs[0] == 0 < pairs[1]

# %% [markdown]
# ## The "- 1"
#
# The same MATLAB file places a landmark at x1 + width × x − 1, with x2 − x1 + 1 for the width. MATLAB counts from 1 and its boxes include
# their last pixel: the "− 1" leads to numbers that count from 0. The Python packages [mtcnn](https://github.com/ipazc/mtcnn) 1.0.0
# (`utils/landmarks.py`) and [facenet-pytorch](https://github.com/timesler/facenet-pytorch/blob/master/models/utils/detect_face.py) have the same line.
# What it does to boxes that count from 0 already:

# %%
from mtcnn_lite.course.landmark_figures import errors_by_width

which = iou(boxes, nine.faces.boxes).argmax(axis=1)
kept = nine.onet["nms"].parent[which]
window = nine.onet["above threshold"].boxes[kept]  # (9, 4)
with torch.no_grad():
    ten = detector.nets.onet(normalise(crop_windows(halvings(picture, 0.05), window, 48))).landmarks
eyes = np.linalg.norm(labels[:, 1] - labels[:, 0], axis=1)
placed = {
    "as in the chapter": landmarks_to_image(window, ten) - 0.5,
    "with + 1 and − 1": landmarks_to_image(window + [0, 0, 1, 1], ten) - 1,
}
errors = {
    name: np.linalg.norm(points - labels, axis=2).mean(axis=1) / eyes
    for name, points in placed.items()
}
errors_by_width(boxes[:, 2] - boxes[:, 0], errors)

# %%
apart = placed["with + 1 and − 1"] - placed["as in the chapter"]  # (9, 5, 2)
print("left eye ", *(f"{x:+.2f}" for x in apart[:, 0, 0]), "px")
print("right eye", *(f"{x:+.2f}" for x in apart[:, 1, 0]), "px")

# %% [markdown]
# The points spread: what lies left of the window's middle goes left, what lies right goes right, by up to half a pixel. Ports that keep
# their boxes counting from 1 as well, and round crops down, get something else again: with the same weights
# [`benchmarks/peers.py`](../../benchmarks/RESULTS.md#accuracy-beside-the-peers) finds 6.2% on LFW for facenet-pytorch 2.6.0, and 4.2% for this package. A constant is only
# right together with the boxes that it was written for.
#
# ## Relative to which box?
#
# O-Net never sees the *labelled* box of a face. It sees a window, and what it says can only be relative to that. Chapter 05 places the points in the
# moved box, and the error is six times as large; chapter 06 tries the labelled one.
#
# ## Which of the two is "face"?
#
# The face head gives two numbers, and "face" is the second, index 1. Take the first, and you keep exactly what should go:

# %%
from torch.nn.functional import softmax

crops = crop_windows(halvings(astronaut(), 0.05), trace.rnet.last.boxes, 48)  # (4, 48, 48, 3)
with torch.no_grad():
    both = softmax(detector.nets.onet(normalise(crops)).face, dim=1)  # (4, 2)
captions = [f"index 0: {no:.2f}\nindex 1: {yes:.2f}" for no, yes in both.tolist()]
beside([crop.repeat(3, axis=0).repeat(3, axis=1) for crop in crops], captions, height=144)

# %% [markdown]
# ## Whose left eye?
#
# Ours is the eye on the *picture's* left. On a face that looks at you that is the person's right eye. Libraries disagree, and one of them, deepface,
# [changed sides](https://github.com/serengil/deepface/pull/1139) in 2024. Look at the coordinates before you trust a name:

# %%
first_x, second_x = trace.faces.landmarks[0, :2, 0]
print(f"x of the first point {first_x:.0f}, of the second {second_x:.0f}")

# %% tags=["check"]
assert first_x < second_x
assert [net.landmarks is None for net in detector.nets] == [True, True, False]

# %% [markdown]
# ## Mirror, and heads
#
# The authors published several versions of their code: `MTCNNv1` averages with the mirror image of the first window, `MTCNNv2` and
# `camera_demo` do not ([their repository](https://github.com/kpzhang93/MTCNN_face_detection_alignment)); ports differ accordingly. In the paper all
# three nets have a landmark head. In the released weights only O-Net does.
#
# ## What the paper measured
#
# It compares its nets with those of the cascade before it
# ([Li et al. 2015](https://openaccess.thecvf.com/content_cvpr_2015/html/Li_A_Convolutional_Neural_2015_CVPR_paper.html): 5 × 5 kernels, more of them):
#
# | | right on windows | Li et al. | 300 forward passes | Li et al. |
# |---|---|---|---|---|
# | P-Net | 94.6% | 94.4% | 0.031 s | 0.038 s |
# | R-Net | 95.4% | 95.1% | 0.458 s | 0.738 s |
# | O-Net | 95.4% | 93.2% | 1.347 s | 3.577 s |
#
# Read it along the rows: each net is trained on windows of its own (chapter 06), and the paper does not say which windows it was tried on. And
# the times? We count the multiplications of one window in each net, beside the paper's seconds, both as multiples of P-Net's:

# %%
from mtcnn_lite.nets import multiply_adds

work = [multiply_adds(net, net.size, net.size) for net in detector.nets]
seconds = (0.031, 0.458, 1.347)
for name, count, spent in zip(("P-Net", "R-Net", "O-Net"), work, seconds, strict=True):
    print(f"{name} {count:10,} multiplications, {count / work[0]:5.1f} times P-Net's; ", end="")
    print(f"the paper's time {spent / 0.031:4.1f} times")

# %% tags=["check"]
assert work == sorted(work)

# %% [markdown]
# The times grow less than the work: multiplications alone do not tell the time. For a whole photo the paper says 16 frames a second on a CPU of 2.6 GHz and 99
# on a graphics card (a Titan Black). It doesn't say how large the frames are. P-Net's part alone:

# %%
from mtcnn_lite.pyramid import pyramid_scales


def million(height, width, smallest):
    """Multiplications of P-Net's on all levels of a photo's pyramid, in millions."""
    scales = pyramid_scales(height, width, smallest, factor=0.709)
    sizes = [(int(np.ceil(height * scale)), int(np.ceil(width * scale))) for scale in scales]
    return sum(multiply_adds(detector.nets.pnet, *size) for size in sizes) / 1e6


for height, width in ((480, 640), (720, 1280), (1080, 1920)):
    each = [million(height, width, smallest) for smallest in (20, 40)]
    print(f"{width:4} x {height:4}: {each[0]:7,.0f} from 20 px on, {each[1]:5,.0f} from 40 px")

# %% [markdown]
# Thirty times the work from the least to the most. Sixteen frames a second of which?
#
# <!-- footer -->
