# %% [markdown]
# # 11 · Limits: what MTCNN cannot do
#
# You will find out, number by number, what a crowd costs, which faces are lost and by which net, and then build the pieces that
# later detectors put in place of a pyramid and a cascade: anchors, a loss for them, maps of several scales from one pass.
#
# | | |
# |---|---|
# | **needs** | chapters 00 to 05: the whole cascade; chapter 10: recall and precision; chapter 07 for the loss |
# | **leaves you with** | MTCNN's bill, its blind spots, anchors and focal loss of your own, and a table of successors that says which rows may be compared |
# | **takes** | about 50 minutes |

# %%
from mtcnn_lite.course.chapters import chapter_map

chapter_map("11")

# %% [markdown]
# ## See it
#
# One photo, composed of small faces whose labels are exact (chapter 06), and the same photo made harder in five ways. Green: found. Yellow:
# missed.

# %%
import numpy as np
import torch

from mtcnn_lite import Detector
from mtcnn_lite.course.degrade import DEGRADATIONS
from mtcnn_lite.course.scenes import scene, scenes
from mtcnn_lite.draw import beside, draw_boxes
from mtcnn_lite.evaluation import match

torch.set_num_threads(1)  # the clocks below must count work, not threads that wait for one another
detector = Detector(weights="zhang2016")  # the values that the authors of MTCNN released
group = scene([11, 16], 220, 280, (5, 5), (40, 48), split="held_out", distractors=(0, 0))


def found_in(photo):
    faces = detector.detect(photo.image())
    face, _ = match(faces.boxes, faces.scores, photo)  # (N,) which face each finds, -1 for none
    return np.isin(np.arange(len(photo.boxes)), face)  # (faces,) bool


# %%
shown = {"covered": 0.5, "small": 0.25, "blurred": 3, "dark": 0.75, "turned": 45}
pictures, texts = [], []
for name, strength in {"": 0, **shown}.items():
    harder = DEGRADATIONS[name].apply(group, strength) if name else group
    found = found_in(harder)
    picture = draw_boxes(harder.image(), harder.boxes[~found], "truth")
    pictures.append(draw_boxes(picture, harder.boxes[found], "onet"))
    unit = f"{name}, {strength:g} {DEGRADATIONS[name].unit}" if name else "as it was"
    texts.append(f"{unit}:\n{found.sum()} of {len(found)} found")
    print(texts[-1].replace("\n", " "))
beside(pictures[:3], texts[:3], height=200)

# %%
beside(pictures[3:], texts[3:], height=200)

# %% [markdown]
# You would still find nearly every one of them. Where does the cascade stop, which net is to blame, and what did its successors do about it? First, though,
# the bill.
#
# ## Build it
#
# ### What a face costs
#
# The same background six times, with more and more faces on it. We count what each net has to look at.

# %%
numbers = (0, 20, 40, 60, 80, 100)
crowds = [scene([11, 9], 720, 960, (n, n), (24, 36), distractors=(0, 0)) for n in numbers]
traces = [detector.trace(crowd.image()) for crowd in crowds]
print("faces  P-Net's windows  R-Net's  O-Net's  found")
for crowd, trace in zip(crowds, traces, strict=True):
    looks = trace.pnet.windows, trace.rnet.windows, trace.onet.windows
    print("{:5} {:16,} {:8} {:8} {:6}".format(len(crowd.boxes), *looks, len(trace.faces)))
assert [len(crowd.boxes) for crowd in crowds] == list(numbers)

# %% [markdown]
# P-Net does not care: it looks at all windows of the pyramid, faces or not. R-Net and O-Net look at crops, and each face sends them more than one: P-Net
# fires at it from several cells and levels, and its NMS leaves some of these. (R-Net's crops of the empty background are taken off below.)

# %%
more = [(t.rnet.windows - traces[0].rnet.windows, t.onet.windows) for t in traces[1:]]
per_face = np.array(more) / np.array(numbers[1:])[:, None]  # (5, 2) crops a face
for n, (r, o) in zip(numbers[1:], per_face, strict=True):
    print(f"{n:3} faces: {r:.1f} crops a face for R-Net, {o:.1f} for O-Net")
assert np.ptp(per_face[:, 0]) < 2
assert np.ptp(per_face[:, 1]) < 2, "about as many for each face: the bill is a straight line"

# %% [markdown]
# What is a look worth? We count multiplications: those of P-Net for the whole pyramid, and those of R-Net and O-Net for a crop. (O-Net looks at
# each face that is left once more, mirrored: chapter 05.)

# %%
from mtcnn_lite.nets import multiply_adds

nets = detector.nets
one_r, one_o = (multiply_adds(net, net.size, net.size) for net in nets[1:])
whole = sum(multiply_adds(nets.pnet, *level.image.shape[:2]) for level in traces[0].levels)
print(f"a crop: {one_r / 1e6:.1f} million for R-Net, {one_o / 1e6:.1f} million for O-Net")
looks = [(t.rnet.windows, t.onet.windows + len(t.onet["nms"])) for t in traces]
work = np.array([(whole, r * one_r, o * one_o) for r, o in looks]) / 1e6  # (6, 3)
for n, row in zip(numbers, work, strict=True):
    p, r, o = row / row.sum()
    print(f"{n:3} faces: {row.sum():6,.0f} million; P-Net {p:3.0%}, R-Net {r:3.0%}, O-Net {o:3.0%}")

# %% [markdown]
# Now the clock. It measures this program's processor time three times for each photo, and keeps the smallest, so that other programs on your machine disturb little. The unit is the whole run on the photo without faces.

# %%
import time


def clocked(*steps, rounds=3):
    """Least processor time of each step, one after the other: seconds (len(steps),)."""
    ticks = np.empty((rounds, len(steps) + 1))
    for row in ticks:
        row[0] = time.process_time()
        for k, step in enumerate(steps, 1):
            step()
            row[k] = time.process_time()
    return np.diff(ticks).min(axis=0)


# %%
def seconds(image, used=detector):
    """(3,): pyramid and P-Net, R-Net, O-Net. A stage of a trace runs when it is first asked for."""
    run = []
    return clocked(
        lambda: (run.append(used.trace(image)), run[-1].pnet),
        lambda: run[-1].rnet,
        lambda: run[-1].onet,
    )


# %%
import matplotlib.pyplot as plt

COLOURS = {"P-Net": "#0072B2", "R-Net": "#E69F00", "O-Net": "#009E73"}


def draw_bills(*bills):
    """Each bill (6, 3), in units of its own first row, piled up net by net."""
    _, panels = plt.subplots(1, 2, figsize=(8.8, 3.3), sharey=True, layout="constrained")
    for axes, title, bill in zip(panels, ("multiplications", "processor time"), bills, strict=True):
        axes.stackplot(numbers, bill.T / bill[0].sum(), labels=COLOURS, colors=COLOURS.values())
        axes.set(title=title, xlabel="faces on the photo", xlim=(0, 100))
    panels[0].set_ylabel("1 = the photo without faces")
    panels[0].legend(loc="upper left")
    plt.show()


# %% tags=["nbval-ignore-output", "clock"]
spent = np.array([seconds(crowd.image()) for crowd in crowds])  # (6, 3)
print("faces   P-Net  R-Net  O-Net    all   (1 = all of the photo without faces)")
for n, row in zip(numbers, spent / spent[0].sum(), strict=True):
    print("{:5} {:7.1f} {:6.1f} {:6.1f} {:6.1f}".format(n, *row, row.sum()))
draw_bills(work, spent)

# %%
none, hundred = spent[0], spent[-1]
added = hundred - none
assert hundred.sum() > 2 * none.sum(), "faces cost time"
assert added[1:].sum() > added[0], "but little of it in P-Net"
print("100 faces take over twice the time of none, and what is added is R-Net's and O-Net's")

# %% [markdown]
# P-Net costs nearly the same each time; what is added is crops. Is it the looking at them that costs, or the cutting? And of P-Net's part, how much goes into making the pyramid?

# %%
from mtcnn_lite.images import crop_windows
from mtcnn_lite.pyramid import halvings, resize_levels


def handwork(trace):
    """Seconds of (the pyramid, cutting R-Net's crops, cutting O-Net's), without any net."""
    halved, scales = halvings(trace.image, 0.01), [level.scale for level in trace.levels]
    return clocked(
        lambda: resize_levels(halvings(trace.image, 0.01), scales),
        lambda: crop_windows(halved, trace.pnet.last.boxes, 24),
        lambda: crop_windows(halved, trace.rnet.last.boxes, 48),
    )


# %% tags=["nbval-ignore-output", "clock"]
by_hand = {n: handwork(traces[k]) / spent[k].sum() for n, k in ((0, 0), (100, -1))}
for n, (pyramid, r, o) in by_hand.items():
    print(f"{n:3} faces: {pyramid:3.0%} pyramid, {r:.0%} R-Net's crops, {o:.0%} O-Net's")

# %%
for n, shares in by_hand.items():
    assert shares.sum() < 0.5
    print(f"{n:3} faces: over half of the time goes into the nets and their boxes")

# %% [markdown]
# So it is true that MTCNN gets slower with more faces, but it is not the pyramid's doing, nor that of cutting crops: it is R-Net and O-Net, looking at them. (The two pictures differ in height, for multiplications are not all that a net does.)
#
# ### What a photo costs without any face
#
# The pyramid's own bill depends on two things, the photo's size and the smallest face that you ask for:

# %%
from mtcnn_lite.pyramid import level_size, map_size, pyramid_scales


def pyramid_bill(height, width, min_face):
    """Levels, windows, and the pixels of all levels over those of the photo."""
    sizes = [level_size(height, width, s) for s in pyramid_scales(height, width, min_face)]
    windows = sum(np.prod(map_size(*size)) for size in sizes)
    return len(sizes), int(windows), sum(h * w for h, w in sizes) / (height * width)


# %%
for width, height in ((320, 240), (640, 480), (1280, 960), (1920, 1440)):
    levels, windows, _ = pyramid_bill(height, width, 20)
    print(f"{width:4} x {height:4}, min_face 20: {levels:2} levels, {windows:9,} windows")
for least in (12, 20, 40, 80):
    levels, windows, pixels = pyramid_bill(960, 1280, least)
    pixels = f"{pixels:.2f} photos"
    print(f"1280 x  960, min_face {least}: {levels:2} levels, {windows:9,} windows, {pixels}")

# %% [markdown]
# Twice the width, or half the smallest face, is four times the work. The last column counts pixels. Each level has half the area of the
# one before, so all of them together have twice the first's: at `min_face` 12 the net sees two photos' worth of pixels, at 20 less than *one*. "Many forward passes"
# sounds worse than it is.

# %%
photo_sizes = {"720 x 960": crowds[0].image(), "240 x 320": crowds[0].image()[::3, ::3]}
detectors = {least: Detector(weights="zhang2016", min_face=least) for least in (12, 20, 40)}
fine = detectors[12]
bill = {}  # photo and min_face: windows, seconds
for size, image in photo_sizes.items():
    for least, used in detectors.items():
        windows = pyramid_bill(*image.shape[:2], least)[1]
        bill[size, least] = windows, clocked(lambda u=used, i=image: u.trace(i).pnet)[0]

# %% tags=["nbval-ignore-output", "clock"]
unit = bill["720 x 960", 20]
for (size, least), (windows, took) in bill.items():
    print(f"{size}, min_face {least}: {windows / unit[0]:5.2f} of the windows, ", end="")
    print(f"{took / unit[1]:5.2f} of the time")

# %%
for one, other in ((("720 x 960", 12), ("720 x 960", 40)), (("720 x 960", 20), ("240 x 320", 20))):
    (many, slow), (few, fast) = bill[one], bill[other]
    (size, least), (smaller, coarser) = one, other
    print(f"{size} at min_face {least} against {smaller} at {coarser}: ", end="")
    print(f"{many / few:.1f} times the windows, over twice the time")
    assert slow > 2 * fast

# %% [markdown]
# Does it go on like this? `make bench` measures the package from 0.1 to 20 megapixels, from no face to 200, and for smallest faces from 12 to 100 px; this picture is what it drew
# on two cores of a server ([the same as numbers](growth.md), with the machine named).
#
# ![Time of each stage: it grows with the photo's area and with the number of faces, nearly in straight lines, and falls with the smallest face](growth.png)
#
# Nearly straight lines. On the left the area grows, the faces stay seven: the pyramid and P-Net pay for it, R-Net less and less (of the larger photos' windows P-Net passes a smaller share), O-Net hardly. In the middle the photo stays and the crowd grows: the
# bill of R-Net and O-Net. (Each face there sends R-Net 17 crops, ours above nine or ten. So there R-Net's bill is the larger one.) P-Net's line bends up there: it holds the NMS, which compares windows with one another, so twice the faces are up to four times the comparisons. On the
# right, what you found above: from 40 px down, half the smallest face costs two to four times as much. Memory (in the numbers) grows from 370 to 630 MB only, as P-Net works through large levels in strips.

# %% [markdown]
# ### Crowds: is it NMS that loses them?
#
# Faces in a crowd cover one another. NMS takes a box that overlaps a better one for its copy: could it not take a neighbour for one? That is
# what **Soft-NMS** is for (chapter 01). Twelve photos of crowds; a face that is more than half hidden does not count.

# %%
from mtcnn_lite.boxes import iou

packed = scenes(12, 13, split="held_out", faces=(24, 24), sizes=(28, 44), distractors=(0, 0),
                overlap=0.6)  # fmt: skip
runs = [detector.trace(photo.image()) for photo in packed]


def drawn(photo, faces):
    face, _ = match(faces.boxes, faces.scores, photo)
    lost = np.setdiff1d(np.flatnonzero(~photo.ignore), face)
    picture = draw_boxes(photo.image(), photo.boxes[lost], "truth")
    return draw_boxes(picture, faces.boxes[face >= 0], "onet")


texts = ["green: found; yellow: lost", "no frame: too hidden to count", ""]
beside([drawn(packed[k], runs[k].faces) for k in (1, 4, 7)], texts, height=215)

# %%
rows = []
for photo, run in zip(packed, runs, strict=True):
    face, _ = match(run.faces.boxes, run.faces.scores, photo)
    overlap = iou(photo.boxes, photo.boxes) - np.eye(len(photo.boxes))  # (M, M), others only
    here = np.isin(np.arange(len(photo.boxes)), face)
    rows += [*zip(overlap.max(axis=1)[~photo.ignore], here[~photo.ignore], strict=True)]
nearest, found = np.array(rows).T  # (263,) each: highest IoU with another face; whether found
for low, high in ((0, 0.05), (0.05, 0.1), (0.1, 0.2), (0.2, 0.5)):
    band = (nearest >= low) & (nearest < high)
    share = f"recall {found[band].mean():.2f}"
    print(f"IoU with a neighbour {low:4} to {high:4}: {band.sum():3} faces, {share}")

# %% [markdown]
# Overlap does cost faces. Now to the suspect. We let the cascade run *without* its last NMS, and put ours in its place: greedy with other
# thresholds, and Soft-NMS, cut at a score.

# %%
from mtcnn_lite.nms import nms, soft_nms

loose = [run.rerun(nms=(0.5, 0.7, 0.8, 1)).faces for run in runs]  # every box that O-Net accepts


def counted(rule, cut=0.7):
    """Recall, precision and faces found twice, where `rule(boxes, scores)` gives new scores."""
    hits, twice, wrong = 0, 0, 0
    for faces, photo in zip(loose, packed, strict=True):
        scores = rule(faces.boxes, faces.scores)  # (N,)
        boxes, scores = faces.boxes[scores >= cut], scores[scores >= cut]
        face, counts = match(boxes, scores, photo)
        on_face = iou(boxes, photo.boxes).max(axis=1, initial=0) >= 0.5
        again = counts & (face < 0) & on_face
        hits, twice = hits + (face >= 0).sum(), twice + again.sum()
        wrong += (counts & (face < 0)).sum()
    return hits / len(nearest), hits / (hits + wrong), int(twice)


# %%
def greedy(threshold, measure="iou"):
    def rule(boxes, scores):
        kept = nms(boxes, scores, threshold, measure)
        return np.where(np.isin(np.arange(len(scores)), kept), scores, 0)

    return rule


rules = {"the cascade's: over the smaller, 0.7": (greedy(0.7, "iom"), 0.7)}
rules |= {f"greedy, IoU {t}": (greedy(t), 0.7) for t in (0.2, 0.5, 0.8)}
for cut in (0.7, 0.3):
    rules |= {f"Soft-NMS, sigma {s}, cut at {cut}": (lambda b, p, s=s: soft_nms(b, p, s), cut)
              for s in (0.1, 0.5, 0.8)}  # fmt: skip
answers = {name: counted(*rule) for name, rule in rules.items()}
for name, (recall, precision, twice) in answers.items():
    print(f"{name:36} recall {recall:.3f}, precision {precision:.2f}, twice {twice:3}")

# %%
figure, panels = plt.subplots(1, 3, figsize=(8.8, 3.3), layout="constrained")
cuts = np.arange(0.1, 1, 0.1)
lines = {"greedy, IoU 0.5": (greedy(0.5), "#222222", "-")}
for s, style in ((0.1, ":"), (0.5, "--"), (0.8, "-.")):
    lines[f"Soft-NMS, sigma {s}"] = (lambda b, p, s=s: soft_nms(b, p, s), "#D55E00", style)
for name, (rule, colour, style) in lines.items():
    table = np.array([counted(rule, cut) for cut in cuts])
    for axes, column in zip(panels, table.T, strict=True):
        axes.plot(cuts, column, style, color=colour, label=name)
for axes, title in zip(panels, ("recall", "precision", "faces found twice"), strict=True):
    axes.set(xlabel="score cut", title=title, ylim=(0, 1.03))
panels[0].set_ylim(0.75, 0.92)
panels[2].set(yscale="symlog", ylim=(-0.5, 1000))
figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
plt.show()

# %%
most = counted(lambda boxes, scores: scores, cut=0)[0]
print(f"without any last NMS, and without a cut: recall {most:.3f}")
assert max(answer[0] for answer in answers.values()) <= most
assert answers["greedy, IoU 0.5"][0] == most, "greedy NMS at 0.5 loses none of them"

# %% [markdown]
# Soft-NMS does not pay here. No rule can find more than what reaches it, and greedy NMS at 0.5 already keeps all of that; where Soft-NMS
# keeps as much, it needs the right pair of sigma and cut, or faces come out twice. These faces were lost *before* the last NMS. Where?

# %%
from mtcnn_lite.evaluation import reached, reached_in


def after_each_net(runs, photos):
    return reached_in(reached(run, photo) for run, photo in zip(runs, photos, strict=True))


for limits in ((0.5, 0.7, 0.8, 0.7), (1, 1, 1, 0.7)):
    again = [run.rerun(nms=limits) for run in runs]
    left = after_each_net(again, packed)
    recalls = ", ".join(f"{net} {one.recall():.3f}" for net, one in left.items())
    crops = [np.mean([len(getattr(run, net).last) for run in again]) for net in ("pnet", "rnet")]
    print(f"NMS {limits}: {recalls}; crops for R {crops[0]:.0f}, for O {crops[1]:.0f}")

# %%
back = left["onet"].recall() - most
print(f"{back / (1 - most):.0%} of the lost faces come back without the earlier NMS")
assert 0 < back < (1 - most) / 2

# %% [markdown]
# The second line has no NMS at all before the last one, only the nets' scores decide: a few faces come back, for three times R-Net's crops and ten times O-Net's. The rest, nearly four in five of those lost, are lost to the
# scores: half a face is no face to these nets. And Soft-NMS in place of the early ones?


# %%
def softly(sigma, cut):
    def kept(boxes, scores, threshold):
        left = soft_nms(boxes, scores, sigma)
        rows = np.flatnonzero(left >= cut)
        return rows[np.argsort(-scores[rows], kind="stable")]

    return detector.swap(nms=kept)


for sigma, cut in ((0.5, 0.3), (1, 0.3)):
    again = [softly(sigma, cut).trace(photo.image()) for photo in packed]
    final = after_each_net(again, packed)["onet"].recall()
    crops = np.mean([run.rnet.windows for run in again])
    print(f"sigma {sigma}, cut {cut}: recall {final:.3f}, crops for R-Net {crops:.0f}")

# %% [markdown]
# More crops, more recall: the same trade by another name. That is what we found, on these composed photos, with these weights.
#
# ### Small, turned, dark, blurred, covered
#
# Four photos with 29 faces, each 40 px wide, made harder step by step. After each net: what share of the faces does some box of it still cover?

# %%
plain = scenes(4, 11, split="held_out", faces=(8, 8), sizes=(40, 40), distractors=(0, 0))


def recalls(name, strength, used=detector):
    harder = [DEGRADATIONS[name].apply(photo, strength) for photo in plain]
    left = after_each_net([used.trace(photo.image()) for photo in harder], harder)
    return [one.recall() for one in left.values()]  # P, R, O


swept = {
    name: np.array([recalls(name, s) for s in way.strengths]) for name, way in DEGRADATIONS.items()
}  # (9 strengths, 3 nets) each
print(sum(len(photo.boxes) for photo in plain), "faces")

# %%
figure, panels = plt.subplots(2, 3, figsize=(8.6, 4.8), sharey=True, layout="constrained")
for axes, (name, table) in zip(panels.flat, swept.items(), strict=False):
    for column, (net, style) in enumerate(zip(COLOURS, ("-", "--", "-."), strict=True)):
        strengths = DEGRADATIONS[name].strengths
        axes.plot(strengths, table[:, column], style, color=COLOURS[net], label=f"after {net}")
    axes.set(title=name, xlabel=DEGRADATIONS[name].unit, ylim=(-0.03, 1.05))
panels[0, 0].invert_xaxis()
panels[0, 0].set_ylabel("recall")
panels[1, 0].set_ylabel("recall")
panels[1, 2].axis("off")
panels[1, 2].legend(*panels[0, 0].get_legend_handles_labels(), loc="center")
plt.show()

# %% [markdown]
# At the first strength at which more than half are lost: which net loses how many? (A minus: that net's offsets bring a box closer, so that it covers the face again.)

# %%
blame = {}
for name, table in swept.items():
    row = int(np.argmax(table[:, 2] < 0.5))  # the first strength at which most are lost
    lost = -np.diff([1, *table[row]])  # by P, R, O
    blame[name] = list(COLOURS)[lost.argmax()]
    p, r, o = lost
    at = f"{DEGRADATIONS[name].strengths[row]:g} {DEGRADATIONS[name].unit}:"
    print(f"{name:8} most are lost at {at:24} P-Net {p:3.0%}, R-Net {r:3.0%}, O-Net {o:3.0%}")

# %%
turned = swept["turned"][-1]
print("upside down:", ", ".join(f"{r:.2f} after {n}" for r, n in zip(turned, COLOURS, strict=True)))
assert turned[0] > 0.75
assert turned[2] < 0.35
assert blame["small"] == "P-Net", "what is too small, P-Net never sees"

# %% [markdown]
# Look at the turned faces. P-Net sees 12 × 12 pixels, in which a face upside down is still a round thing with dark places: it lets most of them through. The nets that look more closely
# know that the mouth is below the eyes. Each net has learned what was in its training photos, and those were mostly of upright people in fair light.
#
# Small faces are another matter. Is it that P-Net cannot see them, or that we did not ask? Below half their size, these faces are smaller than `min_face`, 20 px:

# %%
for scale in DEGRADATIONS["small"].strengths[3:]:
    usual, finer = recalls("small", scale)[2], recalls("small", scale, fine)[2]
    print(f"{40 * scale:4.0f} px: recall {usual:.2f}; with min_face 12 {finer:.2f}")

# %% [markdown]
# `min_face` is no sharp border: the offsets can make a box smaller than its window, so faces of 16 px come nearly all for nothing. With `min_face` 12
# smaller ones are back. You saw what that costs. Then it ends: a face of 6 px has no eyes any more.
#
# And the dark? It takes light away and brings noise. Which of them is it? We take the photos with three quarters of the light gone, and repair one, the other, or both: four times as bright again, and a
# little blurred, so that neighbouring pixels' noise cancels out.

# %%
import cv2


def repaired(image, gain, sigma):
    bright = np.clip(image.astype(np.float32) * gain, 0, 255).astype(np.uint8)
    return cv2.GaussianBlur(bright, (0, 0), sigma) if sigma else bright


dim = [DEGRADATIONS["dark"].apply(photo, 0.75) for photo in plain]
repairs = {"as it is": (1, 0), "brighter": (4, 0), "smoother": (1, 1), "both": (4, 1)}
came_back = {}
for name, (gain, sigma) in repairs.items():
    faces = [detector.detect(repaired(photo.image(), gain, sigma)) for photo in dim]
    hits = [match(f.boxes, f.scores, photo)[0] >= 0 for f, photo in zip(faces, dim, strict=True)]
    came_back[name] = int(np.concatenate(hits).sum())
    print(f"{name:9} {came_back[name]:2} of 29 found")

# %%
assert came_back["both"] > 2 * came_back["as it is"]
assert came_back["brighter"] < came_back["both"] - 5, "brightness alone is not it"

# %% [markdown]
# Brightness alone brings hardly a face back, smoothing alone half of those lost; both, nearly all. So a detector's limits are also those of what it is fed: two lines of preparation may do more than another detector. (On this kind of
# noise. Try it on your own photos.)
#
# For one face, `explain` (chapter 05) names the net, the step and the threshold:

# %%
import textwrap

from mtcnn_lite.explain import explain

for name, strength in shown.items():
    harder = DEGRADATIONS[name].apply(group, strength)
    lost = np.flatnonzero(~found_in(harder))[0]  # the first
    sentence = explain(detector.trace(harder.image()), harder.boxes[lost]).sentence
    print(textwrap.fill(f"{name:8} {sentence}", 88, subsequent_indent=" " * 9))

# %% [markdown]
# ### What the successors changed: one pass
#
# MTCNN resizes the photo and asks one small net at each size. A **one-pass detector** lets one larger net see the photo once, and takes answers from several of
# its layers: where each cell stands for 8 px of the photo, small faces; where it stands for 16 or 32, larger ones.
#
# But a layer that is early in the net has seen little of a face's surroundings. So the later, coarser maps are enlarged and added to the earlier ones: that is a
# **feature pyramid** (Lin et al. 2017, FPN). What does the addition change? We build the bare bones, with all weights 1, and ask the gradient which pixels one cell's answer hangs on.

# %%
from torch import nn


def halving():
    layer = nn.Conv2d(1, 1, kernel_size=3, stride=2, padding=1, bias=False)
    nn.init.ones_(layer.weight)
    return layer


early, later, latest = nn.Sequential(halving(), halving(), halving()), halving(), halving()
double = nn.Upsample(scale_factor=2)


def maps(x, pyramid):
    c8 = early(x)  # (1, 1, H / 8, W / 8)
    c16 = later(c8)  # (1, 1, H / 16, W / 16)
    c32 = latest(c16)  # (1, 1, H / 32, W / 32)
    return c8 + double(c16 + double(c32)) if pyramid else c8


# %%
for name, pyramid in (("one layer alone", False), ("with the feature pyramid", True)):
    x = torch.zeros(1, 1, 640, 640, requires_grad=True)
    said = maps(x, pyramid)
    said[0, 0, 40, 40].backward()  # the cell in the middle
    seen = x.grad[0, 0].nonzero()  # (pixels, 2) row, column
    side = int(seen[:, 0].max() - seen[:, 0].min() + 1)
    print(f"{name:24}: {tuple(said.shape[2:])} cells, each sees {side} x {side} px")

# %% [markdown]
# The same fine grid, and each cell knows far more of what is around it. P-Net's cell sees its 12 × 12 pixels and nothing else.
#
# ### Anchors
#
# Each cell is asked: is there a face here, *of about this size*? These sizes are fixed beforehand. A box of such a size at such a place is an
# **anchor box**, or anchor. (P-Net has them too, if you like: one square of 12 px in each cell, in each level.) Squares around the middles of all cells:


# %%
def grid(height, width, stride, sizes):
    rows, columns = -(-height // stride), -(-width // stride)  # a cell over the edge counts
    anchors = []
    for i in range(rows):
        for j in range(columns):
            for size in sizes:
                x, y, half = (j + 0.5) * stride, (i + 0.5) * stride, size / 2
                anchors.append([x - half, y - half, x + half, y + half])
    return np.array(anchors, np.float32)


LEVELS = {8: (16, 32), 16: (64, 128), 32: (256, 512)}  # stride: sides, px
levels = [grid(640, 640, stride, sides) for stride, sides in LEVELS.items()]
anchors = np.concatenate(levels)  # (16800, 4)
print(" + ".join(f"{len(level):,}" for level in levels), "=", f"{len(anchors):,} anchors")

# %% [markdown]
# These sizes are those of Pytorch_Retinaface, a well-known re-implementation (`data/config.py`). RetinaFace's paper (Deng et al. 2019, table 2) has more: strides from 4 to
# 64, three sizes each. How many is that?

# %%
paper = {stride: [4 * stride * 2 ** (k / 3) for k in range(3)] for stride in (4, 8, 16, 32, 64)}
counts = [(640 // stride) ** 2 * len(sides) for stride, sides in paper.items()]
print(f"paper: {sum(counts):,} anchors, {counts[0] / sum(counts):.0%} of them at stride 4")
_, windows, _ = pyramid_bill(640, 640, 20)
print(f"MTCNN: {windows:,} windows at min_face 20")
assert sum(counts) == 102_300
assert len(anchors) == 16_800

# %% [markdown]
# In training, each anchor needs an answer. In RetinaFace's paper it answers for the face that it overlaps most, if their IoU is 0.5 or more. Under 0.3 it is background; in between it is left out. On a photo of 640 × 640 with 14 faces:

# %%
scenery = scene([11, 51], 640, 640, (14, 14), (16, 300), distractors=(0, 0))
overlap = iou(anchors, scenery.boxes)  # (16800, 14)
best = overlap.max(axis=1)  # (16800,)
positive, background = best >= 0.5, best < 0.3
print(f"positive {positive.sum()}, left out {(~positive & ~background).sum()}, ", end="")
print(f"background {background.sum():,}: {background.sum() / positive.sum():.0f} to 1")

everywhere = detector.trace(scenery.image())
windows = np.concatenate([level.windows() for level in everywhere.levels])  # (68176, 4)
near = iou(windows, scenery.boxes).max(axis=1)
many, few = (near < 0.3).sum(), (near >= 0.65).sum()
print(f"MTCNN's windows, by its own rule (0.65): positive {few}, ", end="")
print(f"background {many:,}: {many / few:.0f} to 1")

# %%
from mtcnn_lite.draw import rgb

picture = scenery.image().copy()
for x1, y1, x2, y2 in anchors[positive].astype(int).tolist():
    cv2.rectangle(picture, (x1, y1), (x2 - 1, y2 - 1), rgb("landmark"), 2)
picture = draw_boxes(picture, scenery.boxes, "truth")
beside([picture], ["yellow: faces; vermilion: the anchors that are for one"], height=480)

# %% [markdown]
# Out of nearly 17,000 anchors, 80 have a face to answer for. MTCNN's windows are even more one-sided; it does not suffer, because chapter 06 drew its samples in fixed shares, and
# R-Net and O-Net only ever see what P-Net lets through. A one-pass detector has no such sieve.
#
# And some faces fit no anchor. Take a square face in the middle of a cell and let it grow:

# %%
sides = np.arange(10, 520, 0.5)
centre = np.array([320 + 4, 320 + 4])  # the middle of a cell of 8 px


def best_overlap(sides, centre):
    half = sides[:, None] / 2  # (K, 1)
    faces = np.concatenate([centre - half, centre + half], axis=1)  # (K, 4)
    return iou(faces, anchors).max(axis=1)


# %%
figure, axes = plt.subplots(figsize=(6.4, 3.4), layout="constrained")
middle, corner = best_overlap(sides, centre), best_overlap(sides, centre + 4)
axes.plot(sides, middle, color="#0072B2", label="in the middle of a cell of 8 px")
axes.plot(sides, corner, "--", color="#D55E00", label="on the corner of four")
axes.axhline(0.5, color="#222222", linewidth=0.8)
axes.set(xscale="log", xlabel="side of the face, px", ylabel="IoU with the best anchor")
axes.set_xticks(presets := [16, 32, 64, 128, 256, 512], presets)
axes.set_title("Preset sizes: good at some, poor between")
axes.legend(loc="lower right", fontsize=8)
plt.show()

# %%
for side in (16, 22, 32, 45, 64, 90, 128):
    here, there = (best_overlap(np.array([float(side)]), c)[0] for c in (centre, centre + 4))
    print(f"{side:3} px: IoU {here:.2f} in the middle of a cell, {there:.2f} on a corner")
least = overlap.max(axis=0)
print(f"in the photo: {(least < 0.5).sum()} of {len(least)} faces have no anchor of 0.5")

# %% [markdown]
# Between two sizes the best IoU falls to 0.5, and small faces off the middle of a cell fall below it. (Anchors of 64 px and more stand in coarser cells, whose middles are corners of these.)
#
# That is why code helps out. Pytorch_Retinaface asks for 0.35 only (`train.py`), and gives each face its best anchor too, if their IoU is 0.2 or more (`match` in `utils/box_utils.py`). The package's `match_anchors` has both, without the 0.2:

# %%
from mtcnn_lite.anchors import BACKGROUND, match_anchors

for name, limits, force in (
    ("paper", (0.5, 0.3), False),
    ("paper, best one forced", (0.5, 0.3), True),
    ("0.35, best one forced", (0.35, 0.35), True),
):
    owner = match_anchors(anchors, scenery.boxes, *limits, force=force)  # (16800,)
    each = np.bincount(owner[owner >= 0], minlength=len(scenery.boxes))
    nobody, most = (each == 0).sum(), each.max()
    print(f"{name:23} {(owner >= 0).sum():3} positive; {nobody} faces with none, ", end="")
    print(f"at most {most} for one")

# %% [markdown]
# ### A loss for thousands of easy answers
#
# Nearly all anchors are background, and nearly all of that is easy. Each easy one costs next to nothing, but there are so many. Let us see it in numbers that we have: P-Net also answers everywhere. We take all its windows on background, the easiest first.
#
# **Focal loss** (Lin et al. 2017, RetinaNet) multiplies: with *q* the probability that was given to the truth,
#
# > loss = − weight × (1 − *q*)^gamma × log *q*
#
# where the weight is alpha for a face and 1 − alpha for none. An easy one has *q* near 1, and is multiplied by next to nothing. At gamma 0 it is the cross-entropy of chapter 07, weighted. (All of our windows are background, so the weight cancels.)

# %%
said = np.concatenate([level.face_map.ravel() for level in everywhere.levels])  # (68176,)
q = 1 - said[near < 0.3].astype(float)  # the probability given to "no face"
q = np.sort(q)[::-1].clip(1e-7, 1 - 1e-7)  # the easiest first
figure, axes = plt.subplots(figsize=(6, 3.4), layout="constrained")
part, easy = np.arange(1, len(q) + 1) / len(q), {}
STYLES = {0: "-", 1: "--", 2: "-.", 5: ":"}
for gamma, colour in ((0, "#222222"), (1, "#0072B2"), (2, "#D55E00"), (5, "#009E73")):
    losses = -((1 - q) ** gamma) * np.log(q)
    share = losses.cumsum() / losses.sum()
    easy[gamma] = share[int(0.95 * len(q))]
    axes.plot(part, share, STYLES[gamma], color=colour, label=f"gamma {gamma}")
axes.set(xlabel="share of the background, easiest first", ylabel="share of the whole loss")
axes.set(xlim=(0.6, 1), yscale="log", ylim=(1e-9, 3), title="How much of it is easy")
axes.legend(loc="lower center")
plt.show()

# %%
for gamma, share in easy.items():
    print(f"gamma {gamma}: the easiest 95% of the background make {share:.2g} of its loss")
assert easy[0] > 3 * easy[2]

# %% [markdown]
# With gamma 0, plain cross-entropy, the easiest 95% still make a quarter of the loss; with 2, the paper's choice, next to nothing. It does by weight what hard mining (chapter 08) does by choice.
#
# ### Without anchors
#
# Must the sizes be fixed beforehand? An **anchor-free** head asks each cell whether it lies on a face, and for four distances: how far to the left, top, right, bottom (FCOS, Tian et al. 2019).
# There is one answer a cell, and no size to choose:

# %%
cells = grid(640, 640, 8, [0])[:, :2]  # (6400, 2) the middles of the cells
x, y = cells.T[:, :, None]  # (6400, 1) each
x1, y1, x2, y2 = scenery.boxes.T[:, None]  # (1, 14) each
distances = np.stack([x - x1, y - y1, x2 - x, y2 - y], axis=-1)  # (6400, 14, 4)
inside = (distances > 0).all(axis=-1)  # (6400, 14) whose middle lies on the face
print(f"{inside.any(axis=1).sum()} of {len(cells):,} cells of 8 px lie on a face")
print("cells on each face, from", inside.sum(axis=0).min(), "to", inside.sum(axis=0).max())
print(f"one answer a cell, at strides 8, 16, 32: {sum((640 // s) ** 2 for s in LEVELS):,}")

# %%
cell, face = np.argwhere(inside)[0]
left, top, right, bottom = distances[cell, face]
cx, cy = cells[cell]
made = np.array([cx - left, cy - top, cx + right, cy + bottom])
print("the four distances give the face back:", np.allclose(made, scenery.boxes[face]))

# %% [markdown]
# Now no face is without a cell, but the large ones have too many, and which cells are for which face becomes the new question. YuNet has one answer a cell, at strides 8, 16 and 32: 8,400 on
# 640 × 640. SCRFD keeps anchors, two a cell, and chooses the positives by a rule that adapts (ATSS).
#
# ### Who reaches what
#
# Average precision on WIDER FACE's validation set ("val"), in %, as the sources give it. **Read the input column before you compare.**

# %%
CARDS = (
    ("MTCNN, results file", "84.8 82.5 59.8", "val, pyramid of unstated size", "authors' file"),
    ("RetinaFace, ResNet-152", "96.9 96.1 91.8", "val, 5 sizes to 1700 px, flipped", "its paper"),
    ("RetinaFace, ResNet-50", "94.9 91.9 64.2", "val, VGA, one size", "SCRFD's table"),
    ("RetinaFace, MobileNet0.25", "87.8 81.2 47.3", "val, VGA, one size", "SCRFD's table"),
    ("RetinaFace, MobileNet0.25", "89.6 87.1 69.1", "val, original size", "Pytorch_Retinaface"),
    ("SCRFD-34GF", "96.1 94.9 85.3", "val, VGA, one size", "SCRFD's table"),
    ("SCRFD-0.5GF", "90.6 88.1 68.5", "val, VGA, one size", "SCRFD's table"),
    ("YuNet-n", "89.2 88.3 81.1", "val, original size", "libfacedetection.train"),
)
print(f"{'detector':26} {'easy med. hard':15} {'set and input':33} source")
for name, figures, size, source in CARDS:
    print(f"{name:26} {figures:15} {size:33} {source}")

# %% [markdown]
# Two rows can be compared where their input is the same. VGA means that the longer side was made 640 px. See RetinaFace with the same small net (its
# authors' MXNet model), measured by two groups: on the hard faces 47.3 at VGA size, 69.1 at the original size. That is more than lies between many detectors. And the famous row, 91.8, was measured on five sizes of each photo, up to 1700 px on its shorter side, and their mirror images (the
# paper's "Testing Details"): *an image pyramid*. None of these rows says anything about *your* photos.
#
# Sources: the paper is arXiv 1905.00641. The tables are in the READMEs of deepinsight/insightface (`detection/scrfd`), biubug6/Pytorch_Retinaface and ShiqiYu/libfacedetection.train. MTCNN's own is in
# chapter 10.
#
# ### Side by side
#
# OpenCV has the code to run YuNet, but its wheel brings no model, and these notebooks download nothing. What does ship is an ancestor: a cascade of
# boosted decisions on local binary patterns, in the manner of Viola and Jones (2001), trained on upright faces. Tutorials use OpenCV's `CascadeClassifier` for that:

# %%
newest = int(cv2.__version__.split(".")[0]) >= 5
assert hasattr(cv2, "FaceDetectorYN")
assert not newest or not hasattr(cv2, "CascadeClassifier"), "the wheel has it no more"
print("from OpenCV 5.0 on, pip's wheel has no CascadeClassifier; scikit-image has a Cascade")

# %%
from skimage.data import lbp_frontal_face_cascade_filename
from skimage.feature import Cascade

ancestor = Cascade(lbp_frontal_face_cascade_filename())


def boosted(photo):
    settings = {"scale_factor": 1.2, "step_ratio": 1, "min_size": (20, 20), "max_size": (120, 120)}
    found = ancestor.detect_multi_scale(photo.image(), **settings)
    corners = [[b["c"], b["r"], b["c"] + b["width"], b["r"] + b["height"]] for b in found]
    return np.array(corners, np.float32).reshape(-1, 4)


# %%
def both(photos):
    """For the ancestor and MTCNN: faces found, other boxes."""
    table = np.zeros((2, 2), int)
    for shot in photos:
        old, new = boosted(shot), detector.detect(shot.image())
        for row, boxes, scores in ((0, old, np.ones(len(old))), (1, new.boxes, new.scores)):
            face, _ = match(boxes, scores, shot)
            table[row] += (face >= 0).sum(), (face < 0).sum()
    return table


# %%
photosets = {"as they are": plain}
for name, strength in {"turned": 15, "covered": 0.3, "dark": 0.75}.items():
    harder = [DEGRADATIONS[name].apply(shot, strength) for shot in plain]
    photosets[f"{name}, {strength:g} {DEGRADATIONS[name].unit}"] = harder
print(f"{'of 29 faces':30} ancestor      MTCNN")
for name, photos in photosets.items():
    (a, b), (c, d) = both(photos)
    print(f"{name:30} {a:2} (+{b} wrong)  {c:2} (+{d} wrong)")
assert a > c, "in the dark, the ancestor wins"

# %% [markdown]
# A turn of 15 degrees or a covered chin costs the ancestor nearly half of its faces; it knows nothing but upright, whole ones. But in the dark it finds more than MTCNN: it only asks
# whether one patch is brighter than the next, and the mean of a patch has less noise than its pixels. Newer is not better at everything.
#
# ## Check it
#
# First the curves. We asked of each net whether some box of it covers the face. `explain` follows each face on its own, step by step. On one of the photos, turned by 45 degrees:

# %%
tilted = DEGRADATIONS["turned"].apply(plain[0], 45)
run = detector.trace(tilted.image())
told = explain(run, tilted.boxes)
covered = reached(run, tilted)
for net, left in told.left.items():
    ours = (covered[net].best >= 0).sum()
    print(f"after {net}: explain {left}, our count {ours} of {len(tilted.boxes)}")
    assert left == ours

# %% [markdown]
# Then our anchors against the package's, for random photos; and the package's focal loss at gamma 0 against PyTorch's cross-entropy.

# %%
from mtcnn_lite.anchors import anchor_grid as package_grid
from mtcnn_lite.losses import focal_loss as package_focal

rng = np.random.default_rng(11)
for _ in range(20):
    height, width, stride = (int(n) for n in rng.integers((1, 1, 1), (200, 200, 40)))
    sizes = rng.integers(2, 100, rng.integers(1, 4)) / 2
    assert np.allclose(grid(height, width, stride, sizes),
                       package_grid(height, width, stride, sizes))  # fmt: skip
print("20 random grids: equal")

# %%
logits = torch.from_numpy(rng.normal(0, 2, (500, 2)))
truth = torch.from_numpy(rng.integers(0, 2, 500))
plain = nn.functional.cross_entropy(logits, truth, reduction="none")  # (500,)
apart = (package_focal(logits, truth, 0, 0.5) - plain / 2).abs().max().item()  # alpha 0.5: half
print("500 losses, none off by 1e-8:", apart < 1e-8)
assert apart < 1e-8

# %% [markdown]
# ## Play with it
#
# The photo of the beginning. Choose what happens to it, and how much of it. The strip above the photo has a row for each face and a column for each strength: colour and letter say which net loses
# the face there. Yellow frames are the labels; the other boxes are what the cascade has left. Upload a photo of your own (it stays on your machine): then the faces are those that are found in it before anything is done.
#
# Three things to try:
#
# 1. *turned*: which nets lose faces, and does a face ever come back at a larger angle?
# 2. *blurred*, full strength, *boxes after* P-Net: what does P-Net still like?
# 3. *dark* and *covered*: find the first column in which a face is lost, and ask what became of it. By how much did it miss?

# %%
from mtcnn_lite.course.explorers.limits import LimitsExplorer

explorer = LimitsExplorer(detector, group)
explorer

# %% [markdown]
# Without a running kernel you see a still picture of it.
#
# ## Your turn
#
# ### Exercise 1: `anchor_grid` (medium, 10 minutes)
#
# You saw it with three loops. Write it without any, or in your own way. `height`, `width` and `stride` are whole numbers, `sizes` is an array of sides in pixels. Return (N, 4): squares round the middle of each cell, row by row, in a cell in the order of
# `sizes`. A cell that hangs over the edge counts. Nothing is clipped or rounded.
#
# <details><summary>A hint</summary>
#
# `np.indices((rows, columns))` gives the row and column of each cell. Add 0.5, times the stride.
#
# </details>
# <details><summary>Another</summary>
#
# Middles of shape (cells, 1, 2) and half sides of shape (S, 1) make (cells, S, 2): then `reshape(-1, 2)`.
#
# </details>

# %%
from mtcnn_lite.course import checks


def anchor_grid(height, width, stride, sizes):
    raise NotImplementedError


first = checks.anchor_grid(anchor_grid)
first

# %% [markdown]
# ### Exercise 2: `focal_loss` (easy, 5 minutes)
#
# `face_probability` (N,) is what the net says, `label` (N,) is 1 for a face and 0 for none; `gamma` and `alpha` are numbers. Return each sample's loss, (N,).
#
# <details><summary>A hint</summary>
#
# First *q*: `np.where(label == 1, p, 1 - p)`. The rest of the formula needs nothing else of p.
#
# </details>
# <details><summary>Another</summary>
#
# A face weighs alpha, no face 1 − alpha.
#
# </details>


# %%
def focal_loss(face_probability, label, gamma, alpha):
    raise NotImplementedError


second = checks.focal_loss(focal_loss)
second

# %% [markdown]
# ### Your functions on the photo
#
# Whatever has passed is used: your anchors are matched to the faces of the live detector's run, and your loss weighs its windows.

# %%
my_grid = anchor_grid if first else package_grid


def from_package(p, label, gamma, alpha):
    logits = torch.from_numpy(np.stack([np.log(1 - p), np.log(p)], axis=1))
    return package_focal(logits, torch.from_numpy(label), gamma, alpha)


my_focal = focal_loss if second else from_package
used = [name for name, verdict in (("anchor_grid", first), ("focal_loss", second)) if verdict]
mine = np.concatenate([np.asarray(my_grid(640, 640, s, np.array(v))) for s, v in LEVELS.items()])
found_faces = everywhere.faces.boxes  # what the cascade says: let those be the faces
owner = match_anchors(mine, found_faces)
print("used:", ", ".join(used) or "nothing of yours yet")
print(f"{len(mine):,} anchors for {len(found_faces)} faces that MTCNN found: ", end="")
print(f"{(owner >= 0).sum()} positive, {(owner == BACKGROUND).sum():,} background")

# %%
no_face = np.zeros(len(q), int)
for gamma in (0, 2):
    losses = np.sort(np.asarray(my_focal(1 - q, no_face, gamma, 0.25)))  # the easiest first
    share = losses[: int(0.95 * len(q)) + 1].sum() / losses.sum()
    print(f"gamma {gamma}: the easiest 95% of P-Net's background make {share:.1%} of the loss")
    assert np.isclose(share, easy[gamma], atol=1e-6)

# %% [markdown]
# Solutions are in `source/solutions.py`. Look after you have tried.
#
# ## Where paper, notes and code disagree
#
# Course notes list MTCNN's weak points, and RetinaFace's good and bad ones. Here is what the cells above and below say to each.
#
# **"MTCNN gets slow with many faces, because of the image pyramid, which takes many forward passes."** The first half is right. The second is not: the pyramid's bill does not know how many faces there are.

# %%
same = {trace.pnet.windows for trace in traces}
print(f"P-Net's windows for 0, 20, ... 100 faces: {', '.join(f'{n:,}' for n in same)} each time")
print(f"P-Net's share of the work: {work[0, 0] / work[0].sum():.0%} at first, ", end="")
print(f"{work[-1, 0] / work[-1].sum():.0%} with 100 faces")
assert len(same) == 1

# %% [markdown]
# What grows are the crops. A one-pass detector has none: it looks at its 16,800 anchors, faces or not. So "RetinaFace does not slow down with faces" holds for its net. (Its NMS gets more boxes, as any does.)
#
# **"One could use one net in place of three, but it works less well."** No row of the table above has MTCNN's input, so it cannot decide that. But one net can be small: YuNet-n has 75,856 parameters (its authors' count). And MTCNN?

# %%
parameters = sum(
    tensor.numel()
    for net in nets
    for name, tensor in net.named_parameters()
    if net is nets.onet or not name.startswith("landmark")  # P- and R-Net were released without
)
print(f"MTCNN's three nets: {parameters:,} parameters; YuNet-n's one: {75_856:,}")
assert parameters > 6 * 75_856

# %% [markdown]
# **"IoU has to be computed for every anchor; that takes enormous computing power."** It is needed in training only, and not much then. The IoU of all 16,800 anchors with 100 faces, against one run of MTCNN on the photo with 100 faces:

# %% tags=["nbval-ignore-output", "clock"]
matched = clocked(lambda: iou(anchors, crowds[-1].boxes))[0]
print(f"{matched / hundred.sum():.0%} of the time of that detection")

# %%
assert matched < hundred.sum()
print(f"{anchors.shape[0] * len(crowds[-1].boxes):,} IoUs take less time than one detection")

# %% [markdown]
# **"NMS or Soft-NMS thins the anchors out, but negatives still outnumber positives."** These are two things. NMS sorts out *answers*; the imbalance is one of *training samples*, long before. What is done about it there: focal loss in RetinaNet. Not so in RetinaFace, whatever its name suggests:
# its paper mines hard negatives, at least three for each positive ("standard OHEM"), and Pytorch_Retinaface seven.

# %%
for ratio in (3, 7):
    all_of_them = background.sum()
    kept = min(ratio * positive.sum(), all_of_them)
    print(f"{ratio} to 1: {positive.sum()} positives, {kept} of {all_of_them:,} negatives kept")

# %% [markdown]
# **"Put Soft-NMS in place of NMS, and more overlapping faces are found."** In place of the last NMS of this cascade, on these photos, it is not so. What reaches the last NMS is kept by greedy NMS as well:

# %%
ours = answers["the cascade's: over the smaller, 0.7"]
softest = max(value[0] for name, value in answers.items() if name.startswith("Soft"))
print(f"recall: greedy {ours[0]:.3f}, the best of six Soft-NMS {softest:.3f}")
assert softest <= ours[0]

# %% [markdown]
# Chapter 01 built a case in which Soft-NMS wins: two faces, one greedy threshold too low. The cascade's own, 0.7 over the smaller box, is not too low.
#
# **"IoU 0.5 and 0.3", or 0.35?** The paper and its best-known re-implementation differ, in the limits, in the number of anchors (102,300 and 16,800), in the negatives they keep. Both are called RetinaFace. You counted what that changes.
#
# ## What you can now say
#
# - MTCNN's time has two parts: the pyramid, which goes with the photo's area over `min_face` squared, and crops, for each face here nine or ten for R-Net and about two for O-Net, which then looks once more. With many faces most multiplications are O-Net's.
# - P-Net loses what is small; R-Net and O-Net lose what is blurred or upside down; in the dark, behind a mask and at an angle, all three do.
# - In crowds, faces are lost where they cover one another, and before the last NMS. Soft-NMS in its place does not bring them back; in place of the earlier ones it brings a few, for more crops.
# - A one-pass detector answers at every cell of a few maps; its anchors are preset, and nearly all are background. Mining or focal loss deals with that.
# - An AP without its input size is no AP: the same net has 47 and 69.
#
# New words ([glossary](glossary.md)): **one-pass detector**, **feature pyramid**, **anchor box**, **focal loss**, **anchor-free**.
#
# Next door is 12: a face was found. Whose is it?
