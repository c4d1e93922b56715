# %% [markdown]
# <!-- header -->

# %% [markdown]
# ## Play
#
# P-Net looks at one window (dashed) of a photo. It gives the probability *p* of a face, a **blue box** and five **vermilion points**;
# yellow is the label. What does that cost? Drag box and points, move *p*. But first, guess:
#
# <details><summary>There is no face, and a net says p = 0.9. It pays 2.3. What does it pay for p = 0.99?</summary>
#
# 4.6, twice as much. Each further 9 adds another 2.3.
#
# </details>
# <details><summary>One box is off by 0.2 on one side, another by 0.1 on all four. Which costs more?</summary>
#
# Neither: 0.2² = 0.04, and 4 × 0.1² = 0.04.
#
# </details>
# <details><summary>A window holds half a face. Should it pay for p?</summary>
#
# No. Whichever answer we called right, we would teach something wrong. It pays for its box alone.
#
# </details>

# %%
from mtcnn_lite import Detector
from mtcnn_lite.course.explorers.losses import LossExplorer
from mtcnn_lite.course.loss_windows import portrait, windows

photo = portrait()  # NASA's portrait of Eileen Collins with its label: a box and five points
window = 176, 90, 276, 190  # x1, y1, x2, y2
LossExplorer(photo, window, Detector().nets.pnet)

# %% [markdown]
# 1. Put the points on their labels, then the box. Which bars go, and which stay?
# 2. Move **p** towards 1. Which kind of sample pays, and how fast?
# 3. Pull one point far away, then all five a little. Which costs more?
# 4. Set **weight of landmark** to 1, as in O-Net. Which bar changes?
#
# ## Build
#
# ### The price of a wrong yes or no
#
# A **loss** turns "wrong" into a number: the smaller, the better. Here are windows of the portrait, cut by chapter 06's rules, with the
# score that the authors' P-Net gives them and what it costs: the four that cost most, and four that cost next to nothing.

# %%
import numpy as np
import torch

from mtcnn_lite.draw import beside
from mtcnn_lite.losses import detection_loss as package_detection

torch.set_num_threads(1)  # so that every machine adds in the same order
training = windows(7)  # 210 of them: x (N, 3, 12, 12), kinds (N,), offsets (N, 4), points (N, 10)
with torch.no_grad():
    output = Detector(weights="zhang2016").nets.pnet(training.x.float()).flat  # .face (N, 2), ...
label = (training.kinds == 1).long()  # (N,) 1 for a face
price = package_detection(output.face, label)  # (N,)
judged = torch.nonzero(training.kinds <= 1)[:, 0]  # negatives and positives: a clear yes or no
order = judged[price[judged].argsort(descending=True)]
names = ["no face" if kind == 0 else "face" for kind in training.kinds]
says = [f"{names[i]}\np {output.score[i]:.2f}\nloss {price[i]:.2f}" for i in order]
beside([training.crops[i] for i in [*order[:4], *order[-4:]]], says[:4] + says[-4:], height=88)

# %% tags=["check"]
assert price[order[:4]].sum() > 0.3 * price[judged].sum()
assert (price[order[-4:]] < 0.001).all()

# %% [markdown]
# With *p* the probability of a face, and the label *y*, 1 for a face and 0 for none, the paper's first equation should read
#
# $$L^{det}_i = -\bigl(\, y^{det}_i \log p_i + (1 - y^{det}_i)\, \log(1 - p_i) \,\bigr) \tag{1}$$
#
# In words: minus the logarithm of the probability that the net gave to the truth, **cross-entropy**. *y* is a switch between two terms.
#
# In the [paper](https://arxiv.org/abs/1604.02878) the last factor is printed as (1 − log *p*). That is a misprint, which
# [readers noticed](https://github.com/kpzhang93/MTCNN_face_detection_alignment/issues/42): for background the printed loss falls without
# end as *p* goes to 0 (the explorer's dotted curve). A [side trip](deeper/07_wrong_losses.ipynb) trains with it. Three answers by
# hand, and the slope:

# %%
from mtcnn_lite.course.loss_figures import points_off, price_and_slope

price_and_slope([(0.9, 1), (0.9, 0), (0.5, 1)])  # p and y of each

# %% [markdown]
# Right and fairly sure costs little, wrong and fairly sure a lot, undecided log 2, whatever the truth.
#
# Training walks down the slope. In the **logit**, what the net gives before softmax makes a probability of it, the slope is
#
# $$\frac{\partial L}{\partial z} = p - y$$
#
# the mistake itself: near 0 where the net is right, near 1 in size where it is surely wrong, and never more.

# %% tags=["check"]
import math

values = torch.tensor([0.01, 0.5, 0.9, 0.99], dtype=torch.float64)
for y in (1, 0):
    logit = torch.log(values / (1 - values)).requires_grad_()  # (4,)
    both = torch.stack([torch.zeros_like(logit), logit], dim=1)  # (4, 2)
    package_detection(both, torch.full((4,), y)).sum().backward()
    assert torch.allclose(logit.grad, values - y)
assert round(-(1 - math.log(0.01)), 1) == -5.6

# %% [markdown]
# Far out, float32 can't tell *p* from 1, and log(1 − *p*) has no value. So softmax and logarithm are taken in one step, from the
# logits: your stretch exercise.

# %%
logits = torch.tensor([[0.0, 40.0]])  # "no face", "face": very sure of a face, and there is none
p = logits.softmax(dim=1)[0, 1]
print("-log(1 - p)    ", -torch.log(1 - p).item())
print("from the logits", package_detection(logits, torch.tensor([0])).item())

# %% [markdown]
# ### The price of a box and of points
#
# The other two heads give four offsets, and x and y of five points, all in window sides. Their loss is the **squared error**:
#
# $$L^{box}_i = \bigl\lVert \hat y^{box}_i - y^{box}_i \bigr\rVert_2^2 \tag{2}$$
#
# $$L^{landmark}_i = \bigl\lVert \hat y^{landmark}_i - y^{landmark}_i \bigr\rVert_2^2 \tag{3}$$
#
# A hat marks what the net says. In words: four differences, or ten, squared and *summed*. With targets of 0:

# %%
from mtcnn_lite.losses import squared_error

for said in ([0.1, 0, 0, 0], [0.1, 0.1, 0.1, 0.1], [0.2, 0, 0, 0]):
    print(said, f"{squared_error(torch.tensor([said]), torch.zeros(1, 4)).item():.2f}")

# %% [markdown]
# In window sides, small and large faces pay alike. And squares punish outliers: a nose that is 0.5 off costs 0.25; five points, each
# 0.1 off, 0.05. What does a trained net pay? The package's P-Net, on windows with points:

# %%
from mtcnn_lite.sampling.sampler import LANDMARK

with torch.no_grad():
    said = Detector().nets.pnet(training.x.float()).flat.landmarks.double()  # (N, 10)
rows = training.kinds == LANDMARK
loss = squared_error(said[rows], training.points[rows])  # (80,)
steps = (said - training.points)[rows].reshape(-1, 2, 5)  # (80, 2, 5): x and y of each point
far = steps.norm(dim=1).mean(dim=1)  # (80,) how far off a point is, on average
rms = (loss.mean() / 5).sqrt()
off = f"{far.mean():.1%} of a side on average, {rms:.1%} in the root mean square"
print(f"mean loss {loss.mean():.4f}; a point is off by {off}")
some = loss.argsort()[[0, 20, 40, 60, 70, 79]]  # from the best to the worst
says = [f"loss {loss[i]:.3f}\npoints off\nby {far[i]:.1%}" for i in some]
points_off(training.crops[rows.numpy()][some], said[rows][some], training.points[rows][some], says)

# %% [markdown]
# The two differ: $\sqrt{L/5}$ is the root of a mean of *squares*, in which far points count more.

# %% tags=["check"]
assert far.mean() < rms < 1.5 * far.mean()
assert (far <= (loss / 5).sqrt() + 1e-12).all()

# %% [markdown]
# ### Who pays what
#
# Background has no box. Half a face is neither face nor background. Faces whose points somebody marked often come from another data
# set, without boxes. So the paper has an **indicator** β, 1 where a sample takes part in a task, else 0:
#
# | β | detection | box | landmark |
# |---|---|---|---|
# | negative | 1 | 0 | 0 |
# | positive | 1 | 1 | 0 |
# | part | 0 | 1 | 0 |
# | landmark | 0 | 0 | 1 |
#
# The **multi-task loss** adds up all that is to be paid, over N samples *i* and three tasks *j*, each with its weight α:
#
# $$\min \sum_{i=1}^{N} \;\; \sum_{j \in \{det,\, box,\, landmark\}} \alpha_j \, \beta_i^j \, L_i^j \tag{4}$$
#
# Every net pays all three. α is 1, 0.5, 0.5 for P-Net and R-Net; for O-Net 1, 0.5, 1, as it has the last word on the points.
#
# | in the paper | in this package | shape |
# |---|---|---|
# | $p_i$ | `output.score`, from the logits `output.face` | (N,), (N, 2) |
# | $y_i^{det}$ | `label`, from `kinds` | (N,) |
# | $\hat y_i^{box}$, $y_i^{box}$ | `output.offsets`, `offsets` | (N, 4) |
# | $\hat y_i^{landmark}$, $y_i^{landmark}$ | `output.landmarks`, `landmarks` | (N, 10) |
# | $L_i^j$ | `losses`, from `sample_losses` | (N, 3) |
# | $\beta_i^j$ | `part`, from `takes_part(kinds)`: rows of `PAPER` | (N, 3) |
# | $\alpha_j$ | `WEIGHTS["pnet"]` | (3,) |
# | $\sum_i \sum_j$ | `(losses * part * weights).sum()` | () |

# %%
from mtcnn_lite.losses import PAPER, WEIGHTS, takes_part

losses = torch.tensor([[0.5, 9, 9], [0.1, 0.2, 9], [9, 9, 0.3]])  # (N, 3); nobody pays a 9
kinds = torch.tensor([0, 1, 3])  # (N,) a negative, a positive, a landmark sample
part = takes_part(kinds)  # (N, 3) β
weights = torch.tensor(WEIGHTS["pnet"])  # (3,) α
print(f"1 x 0.5 + 1 x 0.1 + 0.5 x 0.2 + 0.5 x 0.3 = {(losses * part * weights).sum():.2f}")

# %% tags=["check"]
assert PAPER.int().tolist() == [[1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1]]
assert WEIGHTS == {"pnet": (1, 0.5, 0.5), "rnet": (1, 0.5, 0.5), "onet": (1, 0.5, 1)}

# %% [markdown]
# ### A sum or a mean?
#
# With a plain sum, what the batch happens to hold decides how much a task counts. The same three samples; each twice; and with four
# more landmark samples:

# %%
from mtcnn_lite.losses import multitask_loss as package_sum

batches = {"as it was": [0, 1, 2], "each twice": [0, 1, 2] * 2, "more points": [0, 1] + [2] * 5}
for name, rows in batches.items():
    plain = (losses[rows] * part[rows] * weights).sum()
    means = package_sum(losses[rows], part[rows], WEIGHTS["pnet"]).total
    print(f"{name:12} sum {plain:.2f}, with means {means:.2f}")

# %% [markdown]
# So the package weighs each task's mean over *the samples that take part in it*: α alone says what a task counts.
#
# ### Let it teach
#
# A P-Net of random values walks down the slope. Each step sees 64 of the 210 windows. What it pays, we ask on *fresh* windows: others
# of the same portrait.

# %%
from mtcnn_lite.nets import PNet

fresh = windows(8)  # 210 others


def learn(total, seed, stops):
    """Each task's loss on fresh windows after so many steps: a list for each of the stops."""
    torch.manual_seed(seed)
    net, drawn = PNet().double(), torch.Generator().manual_seed(seed)
    optimiser = torch.optim.Adam(net.parameters(), lr=0.01, fused=True)
    for step in range(1, max(stops) + 1):
        batch = training[torch.randint(len(training), (64,), generator=drawn)]
        optimiser.zero_grad()
        total(net(batch.x), batch).backward()
        optimiser.step()
        if step in stops:
            with torch.no_grad():
                yield [mean.item() for mean in fresh.loss(net(fresh.x), (1, 1, 1))[1:]]


# %% [markdown]
# What if box and points counted ten times as much? One seed may be an accident, so we take eight. Both nets begin with the same values
# and see the same windows; their difference counts, seed by seed.


# %%
def costs(weights):
    """Array (8 seeds, 2 stops, 3 tasks)."""

    def total(output, batch):
        return batch.loss(output, weights).total

    return np.array([list(learn(total, seed, stops=(40, 150))) for seed in range(8)])


paper, heavy = costs((1, 0.5, 0.5)), costs((1, 5, 5))

# %%
from mtcnn_lite.course.evidence import intervals, paired
from mtcnn_lite.losses import TASKS

rows = {}
for s, stop in enumerate((40, 150)):
    for t, task in enumerate(TASKS):
        found = paired(heavy[:, s, t], paper[:, s, t], lower_is_better=True)
        rows[f"{task}, {stop} steps"] = found
intervals(rows, "loss on fresh windows: weights (1, 5, 5) minus (1, 0.5, 0.5)")

# %% tags=["check"]
assert [found.ahead for found in rows.values()][:3] == [0, 8, 8]
assert all(low > 0 or high < 0 for low, high in (found.interval for found in [*rows.values()][:3]))
assert all(low < 0 < high for low, high in (found.interval for found in [*rows.values()][3:]))

# %% [markdown]
# A dot is a seed, a diamond the mean, the bar its 95% interval; after ± stands the **standard error** of the mean. *Ahead* means a lower
# loss.
#
# After 40 steps, detection is worse with every seed, box and points are better with every seed. The tasks share all layers but the last,
# and detection is the one that pays. After 150 steps that is gone: all intervals hold 0. On this easy job, α decides what is learned
# *first*. That it decides where training ends, eight seeds don't show.
#
# ## Your turn
#
# ### Exercise: `detection_loss` (easy)
#
# `face_probability` (N,) is what the net says, `label` (N,) is 1 for a face and 0 for none. Return the loss of each sample, (N,),
# with the natural logarithm.
#
# <details><summary>A hint</summary>
#
# An `if` can't look at N labels at once. `label * something + (1 - label) * something else` can.
#
# </details>

# %%
from mtcnn_lite.course import checks, mine


def detection_loss(face_probability, label):
    raise NotImplementedError


first = checks.detection_loss(detection_loss)
first

# %% [markdown]
# ### Exercise: `multitask_loss` (medium)
#
# Equation 4. `losses` (N, 3) holds detection, box and landmark loss, `kinds` (N,) is an array of the strings `"negative"`,
# `"positive"`, `"part"`, `"landmark"`, and `weights` (3,) are the tasks'. Return the plain sum. All three columns hold numbers;
# the kind says which of them count.
#
# <details><summary>A hint</summary>
#
# Three masks, one a task: `(kinds == "negative") | (kinds == "positive")` has shape (N,) and chooses rows of column 0.
#
# </details>
# <details><summary>Another</summary>
#
# Which two kinds have a box? Not "all but negative".
#
# </details>


# %%
def multitask_loss(losses, kinds, weights):
    raise NotImplementedError


second = checks.multitask_loss(multitask_loss)
second

# %% [markdown]
# ### Exercise: `loss_from_logits` (stretch)
#
# Equation 1 again, from `logits` (N, 2), float32, "no face" and "face". Each loss must be right and finite, at logits of 1,000
# too. `label` (N,) holds whole numbers.
#
# <details><summary>A hint</summary>
#
# $-\log \frac{e^{z_y}}{e^{z_0} + e^{z_1}} = \log(e^{z_0} + e^{z_1}) - z_y$: no probability is needed.
#
# </details>
# <details><summary>Another</summary>
#
# Take the same number from both logits, and the loss stays the same. Which number keeps `exp` from overflowing?
#
# </details>


# %%
def loss_from_logits(logits, label):
    raise NotImplementedError


checks.loss_from_logits(loss_from_logits)

# %% [markdown]
# ### Your functions train a P-Net
#
# What has passed is used below; the package stands in for the rest. autograd can't look into loops and numpy. So your loss's slope is
# measured, from two calls a little to either side: **finite differences**. And your sum is asked for one loss at a time, which
# tells its weight ([the code](../mtcnn_lite/course/own_losses.py)).

# %%
from mtcnn_lite.course.own_losses import batch_total

ours = {
    "detection": detection_loss if first else mine.get("detection_loss"),
    "total": multitask_loss if second else mine.get("multitask_loss"),
}


def teach(**functions):
    def total(output, batch):
        targets = batch.kinds, batch.offsets, batch.points
        return batch_total(output, targets, WEIGHTS["pnet"], **functions)

    return next(learn(total, seed=7, stops=(40,)))


print("yours:", ", ".join(name for name, fn in ours.items() if fn) or "nothing yet")
for name, found in (("yours", teach(**ours)), ("the package's", teach())):
    print(f"{name:14}", *(f"{task} {cost:.3f}  " for task, cost in zip(TASKS, found, strict=True)))

# %% tags=["check"]
assert np.allclose(teach(**ours), teach(), atol=0.003), "yours teaches something else"

# %% [markdown]
# Solutions are in `source/solutions.py`; `mine.forget("detection_loss")` lets you start again.
#
# A wrong loss seldom crashes. It teaches something else: [six examples](deeper/07_wrong_losses.ipynb).
#
# ## What you can now say
#
# <details><summary>What is cross-entropy, in words?</summary>
#
# Minus the logarithm of the probability that the net gave to the truth. Its slope in the logit is p − y.
#
# </details>
# <details><summary>Where is the misprint in the paper's equation 1, and what is wrong with it?</summary>
#
# The last factor is (1 − log p) in place of log(1 − p). For background it falls without end as p goes to 0.
#
# </details>
# <details><summary>All four sides of a box are off by 0.1. What does it cost?</summary>
#
# 0.04: the squares are summed, not averaged.
#
# </details>
# <details><summary>Which kinds pay the box loss?</summary>
#
# Positive and part. Negatives have no box, landmark samples bring none.
#
# </details>
# <details><summary>Two weightings differ after 40 steps, not after 150. How many seeds would you ask before you say so?</summary>
#
# Eight or more, the same for both. Then say the mean difference, its standard error, and how often one is ahead.
#
# </details>

# %% [markdown]
# <!-- footer -->
