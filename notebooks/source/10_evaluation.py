# %% [markdown]
# # 10 · Evaluation: how good is it, and who says so?
#
# You will turn ten detections into one number by hand, then do the same to a detector: how many faces it finds, how often it is wrong,
# which net loses what, how far its points are off. And you will see how the same detector gets quite different numbers.
#
# | | |
# |---|---|
# | **needs** | chapter 00: IoU; chapters 03 to 05: the three nets and their thresholds |
# | **leaves you with** | precision, recall, average precision, recall after each net, landmark error, and a nose for figures that don't compare |
# | **takes** | about 45 minutes |

# %%
from mtcnn_lite.course.chapters import chapter_map

chapter_map("10")

# %% [markdown]
# ## See it
#
# Twelve photos, composed of small faces and other things (chapter 06), so that every label is exact. Some are in bright light, some in dim:
# darker, and noisier. All that this notebook measures, it measures of these weights, on these photos.

# %%
import numpy as np

from mtcnn_lite import Detector
from mtcnn_lite.course.scenes import scenes
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto

WEIGHTS = "zhang2016"  # the values that the authors of MTCNN released; or a folder with your own


def in_light(photo, gain, seed):
    noise = np.random.default_rng(seed).normal(0, 30 * (1 - gain), photo.image().shape)
    pixels = np.clip(gain * photo.image() + noise, 0, 255).astype(np.uint8)
    return LabelledPhoto(pixels, photo.boxes, photo.landmarks, photo.ignore)


bright = scenes(12, 10, split="held_out", sizes=(14, 60), faces=(4, 8))
photos = [in_light(photo, (1, 0.6, 0.5, 0.4)[k % 4], k) for k, photo in enumerate(bright)]

# %%
from mtcnn_lite.draw import beside, draw_boxes
from mtcnn_lite.evaluation import match

detector = Detector(WEIGHTS)


def judged_picture(photo):
    found = detector.detect(photo.image())
    face, _ = match(found.boxes, found.scores, photo)  # (N,) which face each finds, -1 for none
    missed = np.setdiff1d(np.arange(len(photo.boxes)), face)
    picture = draw_boxes(photo.image(), photo.boxes[missed], "truth")
    picture = draw_boxes(picture, found.boxes[face < 0], "landmark")
    counts = f"found {(face >= 0).sum()}, wrong {(face < 0).sum()}, missed {len(missed)}"
    return draw_boxes(picture, found.boxes[face >= 0], "onet"), counts


# %%
pictures, texts = zip(*(judged_picture(photos[k]) for k in (0, 1, 3)), strict=True)
print(*texts, sep="\n")
beside(pictures, texts, height=230)

# %% [markdown]
# Green: found. Yellow: missed. Vermilion: wrong (in one of the three). In good light it finds every face, and some that are none; in dim light it
# misses faces. How good is it, then, all in all? That takes rules.
#
# ## Build it
#
# ### Right or wrong
#
# Here is a page with six faces to find, in yellow, and one more, dotted in gray, that is too small to ask for: it is to be **ignored**. A
# detector has made ten **detections**, boxes with a score.

# %%
faces = np.array([[20, 20, 60, 70], [90, 20, 130, 70], [160, 20, 200, 70], [230, 20, 270, 70],
                  [20, 110, 60, 160], [230, 110, 270, 160], [92, 122, 110, 144]])  # fmt: skip
ignored = np.array([False] * 6 + [True])
boxes = np.array([[22, 21, 60, 72], [90, 18, 131, 70], [150, 110, 200, 170], [16, 24, 58, 74],
                  [162, 22, 204, 72], [88, 119, 112, 147], [248, 30, 288, 80], [22, 112, 64, 160],
                  [231, 22, 272, 70], [240, 110, 290, 175]])  # fmt: skip
scores = np.array([0.98, 0.95, 0.91, 0.88, 0.80, 0.74, 0.66, 0.55, 0.42, 0.35])

# %%
import matplotlib.pyplot as plt


def rectangle(axes, box, **look):
    x1, y1, x2, y2 = box
    axes.add_patch(plt.Rectangle((x1, y1), x2 - x1, y2 - y1, linewidth=2, **look))


figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
for box, skip in zip(faces, ignored, strict=True):
    gray = {"edgecolor": "#8A8A8A", "facecolor": "none", "linestyle": ":"}
    rectangle(axes, box, **(gray if skip else {"color": "#F0E442"}))
for box, score in zip(boxes, scores, strict=True):
    rectangle(axes, box, edgecolor="#0072B2", facecolor="none")
    under = score in (0.88, 0.66)  # above, they would lie on another box
    place = {"x": box[0] + 2, "y": box[3] + 1} if under else {"x": box[2], "y": box[1] - 1}
    look = {"ha": "left", "va": "top"} if under else {"ha": "right", "va": "bottom"}
    axes.text(**place, s=f"{score:.2f}", fontsize=9, **look)
axes.set(xlim=(0, 310), ylim=(190, 0), aspect="equal", title="yellow: faces; blue: detections")
plt.show()

# %% [markdown]
# The rules are those of WIDER FACE, the usual test of face detectors (its paper: Yang et al. 2016), and of Pascal VOC before it. The best scored detection
# goes first. It takes the face that it overlaps most. It is right, a **true positive**, if that IoU is 0.5 or more *and nobody has had the face
# before*. Otherwise it is wrong, a **false positive**. One that lies on an ignored face is struck off the list: neither right nor wrong.

# %%
from mtcnn_lite.boxes import iou

overlap = iou(boxes, faces)  # (10, 7)
taken, verdicts = set(), []
for score, row in zip(scores, overlap, strict=True):  # best score first
    face, note = int(row.argmax()), ""
    if row[face] < 0.5:
        verdicts.append("wrong")
    elif ignored[face]:
        verdicts.append("ignored")
    else:
        verdicts.append("wrong" if face in taken else "right")
        note = " (face taken)" if face in taken else note
        taken.add(face)
    print(f"{score:.2f}  best IoU {row[face]:.2f}: {verdicts[-1]}{note}")

# %% [markdown]
# Look at 0.88: a fine box, and wrong, for its face was found already. Two answers for one face are one too many.
#
# ### Two shares
#
# **Precision**: of what the detector said, how much is right? **Recall**: of the faces that are there, how many did it find? Both
# hang on the score from which we listen:

# %%
counted = np.array(verdicts) != "ignored"
right = (np.array(verdicts) == "right")[counted]  # (9,) bool
listed = scores[counted]  # (9,)
number = int((~ignored).sum())
for threshold in (0.9, 0.7, 0.3):
    heard = listed >= threshold
    true = right[heard].sum()
    print(f"from {threshold}: {heard.sum()} said, {true} right: ", end="")
    print(f"precision {true / heard.sum():.2f}, recall {true / number:.2f}")

# %% [markdown]
# Listen to less, and more of it is right; listen to more, and you find more. Which threshold is the fair one? None. So take them all.
#
# ### The curve, and the area under it
#
# Go down the list and write both shares after each line:

# %%
so_far = np.cumsum(right)  # (9,) right ones up to here
precision = so_far / np.arange(1, len(right) + 1)  # (9,)
recall = so_far / number  # (9,)
for k in range(len(right)):
    mark = "right" if right[k] else "wrong"
    print(f"{listed[k]:.2f} {mark}  precision {precision[k]:.3f}  recall {recall[k]:.3f}")

# %% [markdown]
# Precision zigzags. To read "the precision at a recall of 0.5" from it, take the best precision that is reached at that recall *or further on*: whoever wants
# that recall could go on to there. That is the **precision envelope**, a staircase that only goes down. The area under it is the **average
# precision** (AP): 1 if all faces come before the first mistake.

# %%
envelope = np.maximum.accumulate(precision[::-1])[::-1]  # (9,) the best from here on
steps = np.diff(recall, prepend=0)  # (9,) by how much recall grows
area = (steps * envelope).sum()
print("recall grows by", ", ".join(f"{s:.3f}" for s in steps[steps > 0]))
print("envelope there ", ", ".join(f"{e:.3f}" for e in envelope[steps > 0]))
print(f"AP {area:.3f}")

# %%
figure, axes = plt.subplots(figsize=(6, 3.4), layout="constrained")
x, y = np.append(0, recall), np.append(envelope[0], envelope)
axes.fill_between(x, y, step="pre", color="#009E73", alpha=0.18)
axes.step(x, y, color="#009E73", label="envelope")
axes.plot(recall, precision, "o--", color="#0072B2", label="after each detection")
axes.set(xlim=(0, 1), ylim=(0, 1.05), xlabel="recall", ylabel="precision", title="AP: the area")
axes.legend(loc="lower left")
plt.show()

# %% [markdown]
# Beyond the last face that is found there is nothing: a face that never comes costs its full share, whatever the threshold.
#
# ### One run, every threshold
#
# Now the detector. Must it run anew for each threshold? No. Greedy NMS never drops a box for a worse one (chapter 01). So a run with a very low O-Net
# threshold, cut at 0.7, is the run at 0.7. Check:

# %%
LOW = (0.3, 0.2, 0.05)  # P-Net, R-Net, O-Net: low enough for a whole curve
traces = [Detector(WEIGHTS, thresholds=LOW).trace(photo.image()) for photo in photos]

agree = 0
for trace in traces:
    strict = trace.rerun(thresholds=(0.3, 0.2, 0.7)).faces
    cut = trace.faces.boxes[trace.faces.scores >= 0.7]
    agree += len(strict) == len(cut) and np.allclose(strict.boxes, cut)
print(f"the same boxes in {agree} of {len(photos)} photos")
assert agree == len(photos)

# %%
from mtcnn_lite.evaluation import judge

low = judge((trace.faces, photo) for trace, photo in zip(traces, photos, strict=True))
print(f"{len(low.faces)} faces, {len(low.scores)} detections, {low.right.sum()} of them right")
print(f"AP {low.average_precision:.2f}")
for threshold in (0.1, 0.7, 0.95):
    print(f"from {threshold:4}: precision {low.precision(threshold):.2f}, ", end="")
    print(f"recall {low.recall(threshold):.2f}")

# %%
figure, axes = plt.subplots(figsize=(6, 3.4), layout="constrained")
p, r = low.curve()
axes.plot(r, p, color="#009E73", label="all thresholds of O-Net")
at = low.recall(0.7), low.precision(0.7)
axes.plot(*at, "o", color="#D55E00", markersize=8, label="0.7")
axes.set(xlim=(0, 1), ylim=(0, 1.05), xlabel="recall", ylabel="precision")
axes.set_title("The detector, on the twelve photos")
axes.legend(loc="lower left")
plt.show()

# %% [markdown]
# (P-Net and R-Net were set low as well. With their usual thresholds fewer faces get as far as O-Net; we come to that now.)
#
# ### Who loses what
#
# A face that P-Net drops never comes back. So ask after each net: how many faces does some box still cover, with an IoU of 0.5, and in how many
# boxes? At the usual thresholds, then at the low ones (pnet, rnet, onet: that is what the package calls the three):

# %%
from mtcnn_lite.evaluation import reached, reached_in


def after_each_net(traces):
    return reached_in(reached(trace, photo) for trace, photo in zip(traces, photos, strict=True))


usual = [trace.rerun(thresholds=(0.6, 0.7, 0.7)) for trace in traces]
for name, runs in (("usual", usual), ("low", traces)):
    for stage, left in after_each_net(runs).items():
        print(f"{name:5} {stage}: recall {left.recall():.2f} in {left.boxes():6.2f} boxes a photo")

# %% [markdown]
# That is where to look when a cascade is to be improved: the net after which recall has dropped most, here O-Net, closely followed by R-Net. And boxes are the price: each costs the next net a
# look.
#
# One low run holds each net's whole curve too, for its NMS is by score:

# %%
figure, axes = plt.subplots(figsize=(6, 3.4), layout="constrained")
nets = {"pnet": ("#0072B2", "-"), "rnet": ("#E69F00", "--"), "onet": ("#009E73", "-.")}
for stage, left in after_each_net(traces).items():
    colour, style = nets[stage]
    axes.plot(*left.curve(), style, color=colour, label=f"after {stage[0].upper()}-Net")
axes.set(xscale="log", ylim=(0, 1.05), xlabel="boxes a photo", ylabel="recall")
axes.set_title("What each net lets through")
axes.legend(loc="lower right")
plt.show()

# %% [markdown]
# The line that is further left is the better one. How many boxes does each net need for the same recall?

# %%
needed = {}
for stage, left in after_each_net(traces).items():
    boxes_a_photo, share = left.curve()
    needed[stage] = boxes_a_photo[share >= 0.9].min()
    print(f"{stage}: {needed[stage]:3.0f} boxes a photo for a recall of 0.9")
assert needed["onet"] < needed["pnet"] / 2

# %% [markdown]
# That is what the nets after P-Net add. R-Net takes off nearly half of them, O-Net half of the rest. Real photos have more in them that
# looks like a face from afar. For yours, `python -m mtcnn_lite evaluate --data ... --out ...` draws the same lines (`stages.png`).
#
# ### By size
#
# One number hides who is missed. Here is the recall at 0.7 by the face's shorter side:

# %%
final = judge((trace.faces, photo) for trace, photo in zip(usual, photos, strict=True))
bands = ((14, 20), (20, 32), (32, 61))
for band in bands:
    number_in = ((final.faces >= band[0]) & (final.faces < band[1])).sum()
    print(f"{band[0]} to {band[1]} px: {number_in:2} faces, recall {final.recall(0.7, band):.2f}")
assert sum(((final.faces >= a) & (final.faces < b)).sum() for a, b in bands) == len(final.faces)

# %% [markdown]
# Of the smallest it misses more than half.
#
# ### The same detector, other numbers
#
# Nothing is trained anew here. We only change how the detector is *used*:


# %%
def ap_of(settings, prepare=lambda image: image):
    used = Detector(WEIGHTS, **settings)
    found = [(used.detect(prepare(photo.image())), photo) for photo in photos]
    return judge(found).average_precision


ways = {
    "as above": ap_of({"thresholds": LOW}),
    "score cut at the usual 0.6 0.7 0.7": ap_of({}),
    "one look of O-Net (chapter 05)": ap_of({"thresholds": LOW, "mirror": False}),
    "min_face 40": ap_of({"thresholds": LOW, "min_face": 40}),
    "blue for red (BGR)": ap_of({"thresholds": LOW}, lambda image: image[..., ::-1].copy()),
    "last NMS at 1: none": ap_of({"thresholds": LOW, "nms": (0.5, 0.7, 0.8, 1.0)}),
}
for name, value in ways.items():
    print(f"{name:36} AP {value:.3f}")

# %%
best = ways.pop("as above")
assert all(value < best for value in ways.values()), "each of these costs something"
by_nms = {}
for threshold in (0.1, 0.3, 0.5, 0.7, 0.9, 0.99):
    again = [trace.rerun(nms=(0.5, 0.7, 0.8, threshold)).faces for trace in traces]
    by_nms[threshold] = judge(zip(again, photos, strict=True)).average_precision
    print(f"last NMS at {threshold:4}: AP {by_nms[threshold]:.3f}")
assert np.isclose(by_nms[0.7], best)

# %% [markdown]
# Cut the scores, and the curve ends early. Look for large faces only, and the smallest count as missed (a window of 40 px still finds some that are smaller). Without the last NMS every face has several boxes, and all but one are wrong; from 0.1 to 0.9 its threshold hardly matters here, close to 1 it does. (Far down it would cost faces that overlap; here hardly any do.) And a photo in OpenCV's channel order, BGR, is another photo. Most of our faces are gray ones that were tinted, so it costs less here than on real photos (the table of published figures below).
#
# ### Other photos, another number
#
# The second look of O-Net, in the mirror (chapter 05), makes AP better, say the lines above. On twelve photos. Would it on twelve others? Composed photos we could make more of; of real ones you only have those that you have.
# So let the twelve stand for all of their kind, and draw from them: twelve out of the twelve, some more than once, some not at all. Do that a thousand times, and see how the difference wavers. That is the **bootstrap** (Efron 1979).

# %%
single = Detector(WEIGHTS, thresholds=LOW, mirror=False)
one_look = judge((single.detect(photo.image()), photo) for photo in photos)


def gain(times):  # (12,) how often each photo was drawn
    return low.drawn(times).average_precision - one_look.drawn(times).average_precision


draws = np.random.default_rng(0).multinomial(12, [1 / 12] * 12, size=1000)  # (1000, 12)
print("the first draw:", draws[0])
gains = np.array([gain(times) for times in draws])
bounds = np.quantile(gains, [0.025, 0.975])
print(f"two looks: AP {gain(np.ones(12, int)):+.3f}, in 950 of the draws", end=" ")
print(f"from {bounds[0]:+.3f} to {bounds[1]:+.3f}; in {(gains < 1e-9).sum()} no gain")

# %%
from mtcnn_lite.evaluation import bootstrap_interval

assert np.allclose(bounds, bootstrap_interval(gain, photos=12)), "the package's does the same"
figure, axes = plt.subplots(figsize=(6, 3), layout="constrained")
axes.hist(gains, bins=30, color="#0072B2", edgecolor="white")
axes.axvline(0, color="#222222", linewidth=1)
for bound in bounds:
    axes.axvline(bound, color="#D55E00", linestyle="--")
axes.set(xlabel="AP with two looks, less AP with one", ylabel="draws")
axes.set_title("A thousand draws of the twelve photos; dashed: 95% of them")
plt.show()

# %% [markdown]
# Few draws show no gain, so it is hardly luck. How much the second look helps, twelve photos tell only roughly: somewhere between the dashed lines.
#
# We draw photos, not faces, for the faces of one photo share its light. `python -m mtcnn_lite evaluate --data ... --weights ... --against ...` gives this range for two detectors on your photos. Where the range holds 0, do not say which is better. What it cannot
# see is photos of another kind.
#
# ### How far the points are off
#
# For the five landmarks, take each point's distance from the label, their mean, and divide by the distance between the labelled eyes: the **landmark error**, or NME
# (normalised mean error). The division makes faces of all sizes alike.

# %%
from mtcnn_lite.evaluation import landmark_error as package_error

trace, photo = traces[0], photos[0]
face, _ = match(trace.faces.boxes, trace.faces.scores, photo)
row = int(np.flatnonzero(face >= 0)[0])
said, label = trace.faces.landmarks[row], photo.landmarks[face[row]]  # (5, 2) each
distances = np.linalg.norm(said - label, axis=1)  # (5,)
eyes = np.linalg.norm(label[1] - label[0])
print("distances, px:", ", ".join(f"{d:.1f}" for d in distances))
print(f"eyes {eyes:.1f} px apart")
print(f"error {distances.mean() / eyes:.3f}")
assert np.isclose(distances.mean() / eyes, package_error([said], [label])[0])

# %% [markdown]
# A mean hides the bad ones. So look at the whole distribution, and at the share of faces over 0.1, where points are called **failed**:

# %%
from mtcnn_lite.evaluation import landmark_errors

pairs = [(trace.faces, photo) for trace, photo in zip(traces, photos, strict=True)]
errors, missed = landmark_errors(pairs)
print(f"{len(errors)} faces found, {missed} not")
print(f"mean {errors.mean():.2f}, median {np.median(errors):.2f}, ", end="")
print(f"over 0.1: {(errors > 0.1).mean():.0%}")

# %%
figure, axes = plt.subplots(figsize=(6, 3.2), layout="constrained")
axes.hist(errors, bins=np.arange(0, errors.max() + 0.02, 0.02), color="#D55E00", edgecolor="white")
axes.axvline(0.1, color="#222222", linewidth=1)
axes.set(xlabel="landmark error, eye distances", ylabel="faces", title="Right of the line: failed")
plt.show()

# %% [markdown]
# Most are good, and there is a long tail. Whose faces are in it? Split them by the light:

# %%
for k, name in enumerate(("bright", "dim", "dimmer", "dimmest")):
    rows = slice(k, None, 4)
    some, lost = landmark_errors(pairs[rows])
    print(f"{name:8} {len(some)} found, {lost} not: mean {some.mean():.2f}, ", end="")
    print(f"over 0.1: {(some > 0.1).mean():.0%}")

# %% [markdown]
# The mean of all would not have told you.
#
# ### What others measured
#
# Figures from papers are worth something only together with their protocol. Those of MTCNN, each with its source; none of them may be set beside the AP of our
# twelve photos as if it were the same thing.

# %%
published = (
    ("paper, Fig. 4", "settings not stated", (0.851, 0.820, 0.607)),
    ("authors' results file", "val; settings not stated", (0.848, 0.825, 0.598)),
    ("a user, kpzhang93 issue 26", "val; thresholds .5 .5 .3, factor .79", (0.834, 0.810, 0.624)),
    ("a user, ipazc/mtcnn issue 36", "val; settings not stated", (0.807, 0.764, 0.487)),
    ("the same, fed BGR", "val; settings not stated", (0.565, 0.522, 0.286)),
)
print(f"{'AP on WIDER FACE, by':28} {'how':36} easy   medium hard")
for who, how, figures in published:
    print(f"{who:28} {how:36} " + "  ".join(f"{value:.3f}" for value in figures))
print(f"\nlandmark error on AFLW, from the paper: {0.069:.3f}")
print(f"\nthis notebook, {len(photos)} composed photos: AP {low.average_precision:.2f}, ", end="")
print(f"landmark error {errors.mean():.2f}")

# %% [markdown]
# **easy**, **medium** and **hard** are lists: which faces of the same photos count. Hard holds all that medium does, and more. Faces that are not on the list
# are ignored. If you have WIDER FACE and its ground-truth files, `python -m mtcnn_lite evaluate --data ... --wider-truth ...` computes these
# three with the official tool's own rules (scores stretched to 0 to 1, a thousand thresholds, overlaps that count the last pixel too).
# Which split the first line is of, we could not confirm ("val" is the validation set), and none of the five says at what size the photos went in.
#
# ## Check it
#
# Our area against another way to say the same: each face that is found adds the best precision of all cuts that find as many or more. No sorting, no cumulative sums.

# %%
from mtcnn_lite.evaluation import average_precision as package_area


def by_definition(scores, is_true, faces):
    cuts = [is_true[scores >= cut] for cut in scores]
    points = [(kept.sum(), kept.mean()) for kept in cuts]
    best = [max(p for n, p in points if n >= k) for k in range(1, is_true.sum() + 1)]
    return sum(best) / faces


generator = np.random.default_rng(10)
for count in (1, 10, 200):
    random_scores, random_true = generator.random(count), generator.random(count) < 0.6
    values = [f(random_scores, random_true, count) for f in (package_area, by_definition)]
    print(f"{count:3} detections: equal to 1e-9: {abs(values[0] - values[1]) < 1e-9}")
    assert abs(values[0] - values[1]) < 1e-9

# %% [markdown]
# And the ten detections of above, matched and measured by the package in one go:

# %%
from mtcnn_lite import Faces

page = LabelledPhoto(np.zeros((190, 310, 3), np.uint8), faces, ignore=ignored)
ten = Faces(boxes.astype(np.float32), scores.astype(np.float32), np.zeros((10, 5, 2), np.float32))
same = judge([(ten, page)])
print("right, best first:", same.right.astype(int).tolist())
print(f"AP {same.average_precision:.3f}, by hand {area:.3f}")
assert same.right.tolist() == right.tolist()
assert np.isclose(same.average_precision, area)

# %% [markdown]
# ## Play with it
#
# The photos were run at many pairs of thresholds for P-Net and R-Net beforehand, with one look of O-Net; your browser looks up the rest. On the left is the curve over all O-Net thresholds, with the
# chosen one as a dot. On the right is what each net leaves, and what that costs.
#
# Three things to try:
#
# 1. Move **O-Net threshold** alone. The dot slides along the curve; nothing on the right gets cheaper. Why?
# 2. Lower **R-Net threshold** to 0.1. How much recall does it bring, and what does O-Net pay?
# 3. Move **P-Net threshold** up and down. Which net's work changes most?

# %%
from mtcnn_lite.course.explorers.evaluation import EvaluationExplorer

explorer = EvaluationExplorer(Detector(WEIGHTS, mirror=False), photos)
explorer

# %% [markdown]
# Without a running kernel you see a still picture of it.
#
# ## Your turn
#
# ### Exercise 1: `average_precision` (medium, 10 minutes)
#
# `scores` (N,) come in any order, `is_true` (N,) says which detection is right, `number_of_faces` is how many there were to find. Return the area under the
# precision envelope, a number. N may be 0: then it is 0.
#
# <details><summary>A hint</summary>
#
# Sort first, and take `is_true` along: `is_true[np.argsort(-scores)]`. Then `np.cumsum` counts.
#
# </details>
# <details><summary>Another</summary>
#
# The envelope is a maximum from behind: turn the array round, `np.maximum.accumulate`, turn it back. Recall grows by 1 / number_of_faces at each right one, and nowhere else.
#
# </details>

# %%
from mtcnn_lite.course import checks


def average_precision(scores, is_true, number_of_faces):
    raise NotImplementedError


first = checks.average_precision(average_precision)
first

# %% [markdown]
# ### Exercise 2: `landmark_error` (easy, 5 minutes)
#
# `predicted` and `true` have shape (N, 5, 2): N faces, five points, x and y. Points 0 and 1 are the eyes. Return each face's error, (N,).
#
# <details><summary>A hint</summary>
#
# `np.linalg.norm(..., axis=2)` makes (N, 5) distances of (N, 5, 2) differences.
#
# </details>
# <details><summary>Another</summary>
#
# Whose eyes? Those of the labels. And each face has its own.
#
# </details>


# %%
def landmark_error(predicted, true):
    raise NotImplementedError


second = checks.landmark_error(landmark_error)
second

# %% [markdown]
# ### Your functions measure the detector
#
# Whatever has passed is used; the package's stands in for the rest.

# %%
my_area = average_precision if first else package_area
my_error = landmark_error if second else package_error
passed = {"average_precision": first, "landmark_error": second}
used = [name for name, verdict in passed.items() if verdict]

mine = my_area(low.scores, low.right, len(low.faces))
rows = [(found, photo, match(found.boxes, found.scores, photo)[0]) for found, photo in pairs]
said = np.concatenate([found.landmarks[face >= 0] for found, _, face in rows])  # (K, 5, 2)
labels = np.concatenate([photo.landmarks[face[face >= 0]] for _, photo, face in rows])
print("used:", ", ".join(used) or "nothing of yours yet")
print(f"AP {float(mine):.2f}, landmark error {np.mean(np.asarray(my_error(said, labels))):.2f}")
assert np.isclose(float(mine), low.average_precision, atol=1e-4)
assert np.isclose(np.mean(np.asarray(my_error(said, labels))), errors.mean(), atol=1e-4)

# %% [markdown]
# Solutions are in `source/solutions.py`. Look after you have tried.
#
# ## Where paper, notes and code disagree
#
# Evaluation code seldom crashes. It gives a number, and the number looks fine. None of these raises an error.
#
# **Duplicates counted as right.** "A box with IoU over 0.5 is correct": that lets one face be found many times. With the last NMS switched off:

# %%
loose = [trace.rerun(nms=(0.5, 0.7, 0.8, 1.0)).faces for trace in traces]
in_pairs = list(zip(loose, photos, strict=True))
hits = sum((iou(found.boxes, photo.boxes).max(axis=1) >= 0.5).sum() for found, photo in in_pairs)
honest = judge(in_pairs)
number_of_faces = len(honest.faces)
print(f"'correct' boxes: {hits}, for {number_of_faces} faces: ", end="")
print(f"a recall of {hits / number_of_faces:.1f}")
print(f"with each face found once: {honest.recall():.2f}")
assert hits > number_of_faces

# %% [markdown]
# **AP without the envelope,** or as the mean at eleven fixed recalls (Pascal VOC until 2009). The ten detections of above:

# %%
eleven = [precision[recall >= level].max(initial=0) for level in np.linspace(0, 1, 11)]
x, y = np.append(0, recall), np.append(1, precision)  # from recall 0 on
trapezoid = ((x[1:] - x[:-1]) * (y[1:] + y[:-1]) / 2).sum()
print(f"envelope {area:.3f}")
print(f"without it {(steps * precision).sum():.3f}")
print(f"eleven points {np.mean(eleven):.3f}")
print(f"trapezoids through the dots {trapezoid:.3f}")

# %% [markdown]
# Four numbers, one detector. Two papers compare only if both say which.
#
# **AP for each photo, then the mean.** A photo with one face then weighs as much as one with eight, and scores are never compared *between* photos, which is what a
# threshold does.

# %%
each = [judge([pair]).average_precision for pair in pairs]
print(f"all detections in one list: {low.average_precision:.3f}")
print(f"mean over photos:           {np.mean(each):.3f}")
print("photo by photo:", " ".join(f"{value:.2f}" for value in each))
assert abs(np.mean(each) - low.average_precision) > 0.001

# %% [markdown]
# **"Ignore" ignored.** Say that faces under 20 px do not count, as they are hard to label. A detection on one of them must then not count as wrong either. If you only leave them out of the list of faces, the detector is punished for finding them:

# %%
fair = judge([(found, photo) for found, photo in pairs], smallest=20)
sides = [(photo.boxes[:, 2:] - photo.boxes[:, :2]).min(axis=1) for photo in photos]
large = [photo.boxes[side >= 20] for photo, side in zip(photos, sides, strict=True)]
struck = [LabelledPhoto(photo.image(), boxes) for photo, boxes in zip(photos, large, strict=True)]
unfair = judge([(found, photo) for (found, _), photo in zip(pairs, struck, strict=True)])
print(f"ignored:             AP {fair.average_precision:.2f}")
print(f"left out as faces:   AP {unfair.average_precision:.2f}")
assert unfair.average_precision < fair.average_precision

# %% [markdown]
# **Other sizes.** "Hard" means small. The same photos at half the size, or at twice, are another test; a table that mixes input sizes ranks the sizes. So it is with
# validation and test sets: their photos differ.

# %%
from PIL import Image


def at_scale(photo, scale):
    height, width = photo.image().shape[:2]
    size = round(width * scale), round(height * scale)
    pixels = np.asarray(Image.fromarray(photo.image()).resize(size, Image.Resampling.BILINEAR))
    return LabelledPhoto(pixels, photo.boxes * scale)


curve = Detector(WEIGHTS, thresholds=LOW)
for scale in (0.5, 1, 2):
    sized = [at_scale(photo, scale) for photo in photos]
    value = judge((curve.detect(photo.image()), photo) for photo in sized).average_precision
    print(f"{scale:3} times the size: AP {value:.2f}")

# %% [markdown]
# Larger is not simply easier. Another size is another test.
#
# **NME over what?** Over the distance between the eyes; over the outer corners of the eyes; over the root of the box's area; over its diagonal. All are called NME. The same points:

# %%
distance = np.linalg.norm(said - labels, axis=2).mean(axis=1)  # (K,) px
found_boxes = np.concatenate([photo.boxes[face[face >= 0]] for _, photo, face in rows])  # (K, 4)
side = found_boxes[:, 2:] - found_boxes[:, :2]  # (K, 2)
sizes = {
    "distance between the eyes": np.linalg.norm(labels[:, 1] - labels[:, 0], axis=1),
    "root of the box's area": np.sqrt(side.prod(axis=1)),
    "diagonal of the box": np.linalg.norm(side, axis=1),
}
for name, size in sizes.items():
    share = np.mean(distance / size > 0.1)
    print(f"over the {name:26} {np.mean(distance / size):.3f}, over 0.1: {share:.0%}")

# %% [markdown]
# **The easy ones alone.** The error is that of the faces *found*. A detector that finds only easy faces has fine landmarks:

# %%
for cut in (0.05, 0.7, 0.99):
    few = []
    for found, photo in pairs:
        rows = found.scores >= cut
        few.append((Faces(found.boxes[rows], found.scores[rows], found.landmarks[rows]), photo))
    some, lost = landmark_errors(few)
    print(f"score from {cut:4}: error {some.mean():.2f} on {len(some)} faces, {lost} not found")

# %% [markdown]
# So this package prints both, and measures points with the thresholds low.
#
# **Labels with other habits.** The authors' boxes follow WIDER FACE's labels: forehead to chin. Those that come with LFW's points are tight, brows to mouth. A perfect detector of the one kind
# scores poorly on the other. Move the top and bottom of our labels inward:

# %%
for share in (0, 0.1, 0.2):
    moved = []
    for photo in photos:
        inward = share * (photo.boxes[:, 3] - photo.boxes[:, 1])[:, None] * [[0, 1, 0, -1]]
        moved.append(LabelledPhoto(photo.image(), photo.boxes + inward))
    value = judge((found, photo) for (found, _), photo in zip(pairs, moved, strict=True))
    print(f"labels {share:.0%} shorter at either end: AP {value.average_precision:.2f}")

# %% [markdown]
# ## What you can now say
#
# - A detection is right if its IoU with a face is 0.5 or more and the face was not taken by a better one. Ignored faces count neither way.
# - Precision is the share of right answers, recall the share of faces found. AP is the area under the precision envelope over recall, for all thresholds at once.
# - One run at low thresholds holds every higher threshold of O-Net.
# - Recall after each net, with its boxes, says which net to improve.
# - Photos drawn again tell how far a figure wavers. If the range of a difference holds 0, do not say which is better.
# - Landmark error is in eye distances; look at its distribution, at the share over 0.1, and at the faces not found.
# - A figure without its protocol is no figure: data, split, input size, which faces count, which area.
#
# New words ([glossary](glossary.md)): **detection**, **true positive**, **false positive**, **ignored face**, **precision**, **recall**,
# **precision envelope**, **average precision**, **bootstrap**, **landmark error**, **failed landmarks**.
#
# Next door is 11: faces on which this whole idea fails, and what came after it.
