# %% [markdown]
# <!-- header -->

# %% [markdown]
# ## Play
#
# Twelve photos, composed so that every label is exact: one in four in bright light, the others in dim light. Three of them are on show.
# **Precision** is the share of the detector's answers that is right, **recall** the share of the faces that it finds. First, guess:
#
# <details><summary>You lower O-Net's threshold. Which of the two can only rise?</summary>
#
# Recall: who says more finds no less. Precision mostly falls, but not always: the next answer may be right.
#
# </details>
# <details><summary>R-Net's threshold goes from 0.7 to 0.1. How many faces does that bring, and what does it cost?</summary>
#
# QQQ
#
# </details>
# <details><summary>Can O-Net find a face that P-Net has lost?</summary>
#
# No. It only sees what the nets before it let through, so their thresholds set a ceiling to its recall.
#
# </details>

# %%
from mtcnn_lite import Detector
from mtcnn_lite.course.explorers.evaluation import EvaluationExplorer
from mtcnn_lite.course.lights import lit_scenes

detector = Detector(weights="zhang2016", mirror=False)  # the authors' values, one look of O-Net
photos = lit_scenes(12)
explorer = EvaluationExplorer(detector, photos)
explorer

# %% tags=["check"]
from mtcnn_lite.course.explorers.evaluation import view

# %% [markdown]
# 1. Move **O-Net threshold** alone. The dot slides along the curve, and the work stays the same. Why?
# 2. Lower **R-Net threshold** to 0.1. What does O-Net pay for it?
# 3. Find thresholds with no false alarm in the three photos. Which faces do they cost?
#
# ## Build
#
# ### Right or wrong
#
# Behind the explorer's numbers are rules. A page with six faces, and a seventh, dotted, too small to ask for: an **ignored face**, which
# counts neither way. A detector has made ten **detections**, boxes with a score.

# %%
import numpy as np

from mtcnn_lite.course import ten_detections as ten

ten.page()

# %% [markdown]
# The rules are those of [WIDER FACE](https://arxiv.org/abs/1511.06523), and of Pascal VOC before it. The best score goes first. Each
# detection takes the face that it overlaps most. It is a **true positive** if that IoU is 0.5 or more *and nobody has had the face
# before*; else a **false positive**. One that lies on an ignored face is struck off.

# %%
from mtcnn_lite.boxes import iou

overlap = iou(ten.BOXES, ten.FACES)  # (10, 7), best score first
taken, verdicts = set(), []
for row in overlap:
    face = row.argmax()
    if row[face] < 0.5 or face in taken:
        verdicts.append("wrong")
    else:
        verdicts.append("ignored" if ten.IGNORED[face] else "right")
        taken |= set() if ten.IGNORED[face] else {face}
ten.page(verdicts)

# %% [markdown]
# Look at 0.88: a fine box, and wrong, for 0.98 had its face already. Two answers for one face are one too many.
#
# ### From ten detections to one number
#
# $$\text{precision} = \frac{\text{right}}{\text{right} + \text{wrong}} \qquad \text{recall} = \frac{\text{right}}{\text{faces}}$$
#
# Both depend on the score from which we listen. So go down the list, and take both after each detection. Precision zigzags. Whoever
# wants a recall of 0.5 may as well go on to where precision is better: the best from there on is the **precision envelope**. The area
# under it, over recall, is the **average precision** (AP):
#
# $$\mathrm{AP} = \sum_k (r_k - r_{k-1}) \, \max_{j \ge k} p_j$$
#
# with $p_k$ and $r_k$ the precision and recall after $k$ detections. It is 1 if all faces come before the first mistake.

# %%
from mtcnn_lite.course import evaluation_figures as figures

counted = np.array(verdicts) != "ignored"
right = (np.array(verdicts) == "right")[counted]  # (9,)
precision = np.cumsum(right) / np.arange(1, 10)  # (9,) p
recall = np.cumsum(right) / (~ten.IGNORED).sum()  # (9,) r
envelope = np.maximum.accumulate(precision[::-1])[::-1]  # (9,) the best from here on
area = (np.diff(recall, prepend=0) * envelope).sum()
figures.curve_and_area(ten.SCORES[counted], precision, recall)

# %% tags=["check"]
from mtcnn_lite import Faces
from mtcnn_lite.datasets.labelled_photo import LabelledPhoto
from mtcnn_lite.evaluation import judge

page = LabelledPhoto(np.zeros((190, 310, 3), np.uint8), ten.FACES, ignore=ten.IGNORED)
said = Faces(ten.BOXES.astype(np.float32), ten.SCORES.astype(np.float32), np.zeros((10, 5, 2), np.float32))
same = judge([(said, page)])
assert same.right.tolist() == right.tolist()
assert np.isclose(same.average_precision, area)

# %% [markdown]
# A face that never comes costs its full share, whatever the threshold: right of the last one there is no area.
#
# ### Who loses what
#
# AP says how good, not why. So ask after each net: how many faces does some box still cover with an IoU of 0.5, and in how many boxes?
# One run at low thresholds holds every higher one, because NMS never drops a box for a worse one
# ([chapter 01](01_nms.ipynb)).

# %%
from mtcnn_lite.evaluation import judge, reached, reached_in


def after_each_net(traces):
    return reached_in(reached(trace, photo) for trace, photo in zip(traces, photos, strict=True))


LOW, USUAL = (0.4, 0.3, 0.05), (0.6, 0.7, 0.7)  # P-Net, R-Net, O-Net
low, usual = ([trace.rerun(thresholds=each) for trace in explorer.traces] for each in (LOW, USUAL))
figures.let_through(after_each_net(low), USUAL, after_each_net(usual))

# %% tags=["check"]
for trace in low:
    strict = trace.rerun(thresholds=(0.4, 0.3, 0.7)).faces
    assert np.allclose(strict.boxes, trace.faces.boxes[trace.faces.scores >= 0.7])

# %% [markdown]
# QQQ
#
# ### Another twelve, another number
#
# O-Net may look twice, the second time in the mirror ([chapter 05](deeper/05_two_looks.ipynb)). Does that raise AP? On twelve photos we can
# say. On twelve others? Of real photos you only have those that you have. So let them stand for all of their kind and draw from them:
# twelve out of the twelve, some twice, some not at all, a thousand times. That is the **bootstrap** (Efron 1979). 95% of the draws make
# a range.
#
# To see whether such ranges hold what they promise, we need a world whose truth we know. Let it have 64 photos.

# %%
from mtcnn_lite.course.redrawn import areas, one_look

world = lit_scenes(64)  # the twelve are its first
twice = [Detector("zhang2016", thresholds=LOW).trace(photo.image()) for photo in world]
two = judge((trace.faces, photo) for trace, photo in zip(twice, world, strict=True))
one = judge((one_look(trace).faces, photo) for trace, photo in zip(twice, world, strict=True))


def gain(times):
    """AP with two looks less AP with one, for draws (D, 64): how often each holds each photo."""
    return areas(two, times) - areas(one, times)


mine = np.repeat([1, 0], [12, 52])  # (64,) the photos that we have
draws = np.random.default_rng(0).multinomial(12, mine / 12, size=1000)  # (1000, 64)
gains = gain(draws)  # (1000,)
figures.histogram_of_draws(gains, np.quantile(gains, [0.025, 0.975]), "AP, two looks minus one")

# %% [markdown]
# We draw photos, not faces: the faces of one photo share its light.
#
# Now somebody else gets twelve photos of the same world, and makes a range of *theirs*; and somebody else. How many of these ranges hold
# the truth, the gain on all 64? That share is the range's **coverage**, and 95% is what it promises.

# %%
truth = gain(np.ones((1, 64), int))[0], areas(two, np.ones((1, 64), int))[0]


def ranges(number, trials=200):
    """What `trials` people say who have so many photos each: of the gain and of AP, (trials, 2) each."""
    for seed in range(trials):
        rng = np.random.default_rng(seed)
        theirs = rng.multinomial(number, np.full(64, 1 / 64))  # (64,)
        draws = rng.multinomial(number, theirs / number, size=200)  # (200, 64)
        again = areas(two, draws)
        both = again - areas(one, draws), again
        yield [np.quantile(each, [0.025, 0.975]) for each in both]


said = {number: np.array(list(ranges(number))) for number in (6, 12, 24, 48)}  # (trials, 2, 2)
held = {number: (ends[..., 0] <= truth) & (truth <= ends[..., 1]) for number, ends in said.items()}
shares = {name: {n: each[:, k] for n, each in held.items()} for k, name in enumerate(("the gain", "AP"))}
figures.coverage(said[12][:60, 0], truth[0], shares, "AP, two looks minus one")

# %% tags=["check"]
assert np.isclose(gain(np.ones((1, 64), int))[0], two.average_precision - one.average_precision)

# %% [markdown]
# QQQ
#
# ### What one number hides
#
# Who is missed? Recall by size, of the twelve and of all 64, with ranges; and AP for other overlaps than 0.5, where boxes must fit better.

# %%
from mtcnn_lite.evaluation import bootstrap_interval

small = judge((trace.faces, photo) for trace, photo in zip(twice[:12], world, strict=False))
bands = {"14 to 20 px": (14, 20), "20 to 32 px": (20, 32), "32 to 61 px": (32, 61)}
rows = {}
for name, judged, count in (("12 photos", small, 12), ("64 photos", two, 64)):
    rows[name] = []
    for band in bands.values():
        low, high = bootstrap_interval(
            lambda times: judged.drawn(times).recall(0.7, band), count, draws=200
        )
        rows[name].append((judged.recall(0.7, band), low, high))
figures.recall_by_size(rows, list(bands))

# %%
from mtcnn_lite.course.redrawn import judge_at

least = np.arange(0.3, 0.91, 0.1)
times = np.random.default_rng(0).multinomial(64, np.full(64, 1 / 64), size=200)  # (200, 64)
fits = [judge_at(zip([t.faces for t in twice], world, strict=True), each) for each in least]
ap = [each.average_precision for each in fits]
ends = np.array([np.quantile(areas(each, times), [0.025, 0.975]) for each in fits])  # (7, 2)
figures.band(least, ap, *ends.T, ("IoU asked for", "AP"))

# %% [markdown]
# QQQ
#
# ### How far the points are off
#
# Take each of the five points' distance from its label, their mean, and divide by the distance between the labelled eyes, so that faces of
# all sizes are alike. That is the **landmark error**, or normalised mean error (NME):
#
# $$e = \frac{1}{5} \sum_{i=1}^{5} \frac{\lVert \hat p_i - p_i \rVert_2}{\lVert p_{\text{right eye}} - p_{\text{left eye}} \rVert_2}$$
#
# Over 0.1, the points are called **failed**: **failed landmarks**. From the best to the worst, labels yellow:

# %%
pairs = [(trace.faces, photo) for trace, photo in zip(twice, world, strict=True)]
figures.by_error(pairs, 6)

# %% [markdown]
# A mean hides the bad ones. And it is the mean of the faces *found*: who finds only easy faces has fine points. So draw the share of *all*
# faces with an error of at most so much, the **cumulative error curve**, and take the area under it up to 0.1.

# %%
from mtcnn_lite.evaluation import landmark_errors


def errors_of(pair):
    errors, missed = landmark_errors([pair])
    return np.append(errors, np.full(missed, np.inf))  # (faces,)


errors = [errors_of(pair) for pair in pairs]
dim = [each for k, each in enumerate(errors) if k % 4]
figures.cumulative_errors({"bright light": errors[::4], "dim light": dim})

# %% [markdown]
# QQQ
#
# ### One threshold, by a rule
#
# A curve is no detector: in use there is one threshold for each net, the **operating point**. Choose it by a rule that is written
# down *before* looking, on photos that don't say afterwards how good it is. The package's rule stands in `mtcnn_lite/evaluation/operating_point.py`;
# `mtcnn-lite evaluate --choose` applies it to your photos, and `weights/thresholds.json` keeps what was chosen, and how. A rule of your
# own is the last exercise.
#
# Figures of others, the same detector with quite different figures, and eight ways to measure it wrongly: that is a
# [side trip](deeper/10_other_numbers.ipynb).
#
# ## Your turn
#
# ### Exercise: `average_precision` (medium)
#
# `scores` (N,) come in any order, `is_true` (N,) says which detection is right, `number_of_faces` is how many there were to find. Return the area under
# the precision envelope, a number. N may be 0: then it is 0.
#
# <details><summary>A hint</summary>
#
# Sort first, and take `is_true` along: `is_true[np.argsort(-scores)]`. Then `np.cumsum` counts.
#
# </details>
# <details><summary>Another</summary>
#
# The envelope is a maximum from behind: turn the array round, `np.maximum.accumulate`, turn it back. Recall grows by 1 /
# number_of_faces at each right one, and nowhere else.
#
# </details>

# %%
from mtcnn_lite.course import checks


def average_precision(scores, is_true, number_of_faces):
    raise NotImplementedError


first = checks.average_precision(average_precision)
first

# %% [markdown]
# ### Exercise: `landmark_error` (easy)
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
# ### Exercise: `operating_point` (stretch)
#
# Who chooses a threshold on the photos that also say how good it is, flatters it. So one half of the photos chooses, the other verifies.
#
# `scores`, `is_true` and `half` have shape (N,): each detection's score, whether it is right, and its half, 0 or 1. `faces` and `photos` (2,)
# say how many each half has. Return three numbers:
#
# 1. the **threshold**: the lowest score *of half 0* at which half 0 has at most `most_false` false alarms a photo. Scores at the
#    threshold pass: `>=`. Infinity where no score will do;
# 2. the **recall** of half 1 at that threshold;
# 3. the **false alarms a photo** of half 1 at that threshold.
#
# <details><summary>A hint</summary>
#
# Try each score of half 0 as the threshold. How many of half 0 pass and are wrong? Of the thresholds that will do, take the lowest.
#
# </details>
# <details><summary>Another</summary>
#
# Where two detections have the same score, no threshold comes between them: both pass, or neither.
#
# </details>


# %%
def operating_point(scores, is_true, half, faces, photos, most_false):
    raise NotImplementedError


third = checks.operating_point(operating_point)
third

# %% [markdown]
# ### Your functions measure the detector
#
# What has passed is used; the package stands in for the rest. Then the threshold: 200 ways to split the photos in halves, at most a quarter
# of a false alarm a photo allowed. Does the other half keep to it?

# %%
from mtcnn_lite.course.redrawn import threshold_of_half
from mtcnn_lite.evaluation import average_precision as package_area

mine_too = {"average_precision": first, "landmark_error": second, "operating_point": third}
print("yours:", ", ".join(name for name, passed in mine_too.items() if passed) or "nothing yet")
my_area = (average_precision if first else package_area)(two.scores, two.right, len(two.faces))
print(f"AP {float(my_area):.3f}")

# %%
choose = operating_point if third else threshold_of_half
chose, verified = [], []
for seed in range(200):
    side = np.random.default_rng(seed).permutation(np.arange(64) % 2)  # (64,) each photo's half
    half, faces = side[two.photos], np.bincount(side[two.face_photos], minlength=2)
    threshold, _, false = choose(two.scores, two.right, half, faces, np.array([32, 32]), 0.25)
    chose.append((~two.right & (half == 0) & (two.scores >= threshold)).sum() / 32)
    verified.append(false)
figures.halves(np.array(chose), np.array(verified), 0.25)

# %% tags=["check"]
assert np.isclose(float(my_area), two.average_precision, atol=1e-4)

# %% [markdown]
# QQQ
#
# Solutions are in `source/solutions.py`.
#
# ## What you can now say
#
# <details><summary>A fine box with the second best score on a face: right or wrong?</summary>
#
# Wrong. Each face counts once, for the best scored box that overlaps it by 0.5 or more.
#
# </details>
# <details><summary>What is average precision, in words?</summary>
#
# The area under the precision envelope over recall: all thresholds of O-Net at once. Faces that never come cost their full share.
#
# </details>
# <details><summary>The 95% range of a difference holds 0. What do you say?</summary>
#
# That these photos don't show which is better. Not that both are equally good.
#
# </details>
# <details><summary>How would you find out whether such ranges deserve their 95%?</summary>
#
# Take a world with a known truth, make many ranges from a few of its photos each, and count how many hold the truth: the coverage.
#
# </details>
# <details><summary>Why may the photos that chose a threshold not say how good it is?</summary>
#
# The threshold was fitted to their accidents, and theirs alone. Other photos have others.
#
# </details>

# %% [markdown]
# <!-- footer -->
