# %% [markdown]
# <!-- header -->

# %% [markdown]
# ## Play
#
# 80 windows, **gray** where the label says "no face", **purple** where it says "face". The bars are a net's detection losses. Below on the
# left is what teaches; what is on the right, the net does not get to see. First, guess:
#
# <details><summary>After 300 steps of training, the 30% that cost least are left out. How much of the loss goes with them?</summary>
#
# Next to nothing: 0.2%.
#
# </details>
# <details><summary>The net is untrained. Which windows are the hardest 70%?</summary>
#
# Only ones labelled "no face": the net leans to one side, and all that is on the other costs more.
#
# </details>
# <details><summary>Four of the 80 labels are wrong. Where do they stand once the net has learned?</summary>
#
# At the far left: hardly anything costs as much as a wrong label.
#
# </details>

# %%
from mtcnn_lite.course.explorers.mining import MiningBatch, MiningExplorer
from mtcnn_lite.course.mining_trials import three_moments, windows

training = windows()  # 12 px crops from 100 composed scenes, drawn as in chapter 06
moments = three_moments(training)  # a net untrained, after 20 steps, and after 300
MiningExplorer(MiningBatch.of(training, moments))

# %% [markdown]
# 1. With the net *after 300 steps*, move **keep** from 1.00 down. How far, until the dropped ones hold 1% of the loss? What do they look
#    like?
# 2. Set the net to *untrained*. What do the kept ones have in common?
# 3. Go back to *after 300 steps*, turn labels round, and move **keep** to 0.20. What would the net learn now?
#
# ## Build
#
# ### Where the hard ones are
#
# An unseen scene, with windows all over it, each a clear face or none. What does the net *after 300 steps* pay for each?

# %%
import numpy as np
import torch

from mtcnn_lite.course.mining_figures import on_the_photo
from mtcnn_lite.course.mining_trials import all_over
from mtcnn_lite.course.scenes import scene
from mtcnn_lite.losses import detection_loss

torch.set_num_threads(1)  # so that every machine adds in the same order
photo = scene([9, 204], sizes=(14, 60), split="held_out")
places = all_over(photo)  # .boxes (N, 4), .x (N, 3, 12, 12), .y (N,), 1 for a face


def losses_of(net, x, y):
    with torch.no_grad():
        return detection_loss(net(x), y)


# %%
price = losses_of(moments["after 300 steps"], places.x, places.y).numpy()  # (N,)
order = np.argsort(-price, kind="stable")  # rows, the highest loss first
is_face, shown = places.y.numpy() == 1, {}
tenth, last = order[: len(order) // 10], order[len(order) * 7 // 10 :]
for name, rows in (("hardest tenth", tenth), ("easiest 30%", last)):
    some = np.random.default_rng(1).choice(rows, 20, replace=False)
    says = f"{name}: {price[rows].sum() / price.sum():.1%} of the loss"
    shown[says] = np.union1d(some, rows[is_face[rows]])
on_the_photo(photo, places.boxes, is_face, shown)

# %% tags=["check"]
assert price[tenth].sum() > 0.7 * price.sum() > 100 * price[last].sum()
assert is_face[tenth].sum() > 0.6 * is_face.sum()

# %% [markdown]
# Drawn are 20 of each, and all face windows among them. Easy ones come by the thousand, and the net has nothing left to learn there.
#
# ### The rule
#
# **Online hard example mining**: sort the losses of a batch, let the highest 70% teach, forget the rest. *Online*, because they are the
# losses of the forward pass that runs anyway. With a **keep ratio** *r* and the *n* samples that have a detection loss:
#
# $$k = \max(1, \lfloor r\,n \rfloor), \qquad L = \frac{1}{k} \sum_{i \in H} L_i^{det}$$
#
# In words: round down, keep one at least; $H$ are the $k$ samples with the highest losses, the **hard examples**. The
# [paper](https://arxiv.org/abs/1604.02878) takes $r = 0.7$ and mines detection alone: a box that lies well can still lie better.
# [What goes wrong otherwise](deeper/08_what_to_mine.ipynb).
#
# | in the formula | in this package |
# |---|---|
# | $L_i^{det}$ | `losses`, (N,) |
# | $r$ | `keep` |
# | $H$ | `hard_examples(losses, keep)`, a mask (N,) |

# %%
from mtcnn_lite.course.mining_figures import chosen
from mtcnn_lite.mining import hard_examples as package_hard

ten = torch.tensor([0.9, 0.1, 0.8, 0.2, 0.7, 0.3, 0.6, 0.4, 0.5, 1.0])
chosen(ten, package_hard(ten, keep=0.7).numpy())

# %% tags=["check"]
by_hand = sorted(range(10), key=lambda i: -ten[i])[:7]
assert package_hard(ten, 0.7).nonzero()[:, 0].tolist() == sorted(by_hand)
leaf = ten.clone().requires_grad_()
leaf[package_hard(leaf, 0.7)].mean().backward()
assert (leaf.grad != 0).tolist() == package_hard(ten, 0.7).tolist()  # the dropped don't pull

# %% [markdown]
# ### One batch, early and late
#
# The three nets of the explorer, asked about the same 512 windows. The line is the cut at 70%:

# %%
from mtcnn_lite.course.mining_figures import moments as at_three_moments
from mtcnn_lite.course.mining_trials import draw

batch = draw(training, np.random.default_rng(99), size=512)  # (512,) rows, a quarter of them faces
x, y = training.x[batch], training.y[batch]
paid = {name: losses_of(net, x, y) for name, net in moments.items()}  # (512,) each
at_three_moments({name: losses.numpy() for name, losses in paid.items()}, y.numpy() == 1)

# %% tags=["check"]
kept = [y[package_hard(losses, 0.7)].sum().item() for losses in paid.values()]
assert kept[:2] == [0, 128]
assert 100 < kept[2] < 128

# %% [markdown]
# First not one face is kept, then all of them. Untrained, the net leans to "face". After 20 steps it knows that most windows are background,
# and leans the other way. Both times "hard" means "the other class", no more. Only later does the word mean what it says.
#
# ### What is left of the gradient
#
# What a batch teaches is its **gradient**: one number for each weight, taken as an arrow. Does $g_H$, of the kept samples, point the same
# way as $g$, of all 512? The cosine says: 1 the same way, 0 across, −1 backwards.
#
# $$\cos = \frac{g_H \cdot g}{\lVert g_H \rVert \, \lVert g \rVert}$$

# %%
from mtcnn_lite.course.mining_figures import arrows


def gradient(net, keep):
    losses = detection_loss(net(x), y)
    loss = losses[package_hard(losses, keep)].mean()
    return torch.cat([g.flatten() for g in torch.autograd.grad(loss, [*net.parameters()])])


found = {}
for name, net in moments.items():
    g = gradient(net, 1.0)  # (6500,)
    parts = {f"keep {keep}": gradient(net, keep) for keep in (0.7, 0.3)}
    found[name] = {
        says: (torch.cosine_similarity(h, g, dim=0).item(), (h.norm() / g.norm()).item())
        for says, h in parts.items()
    }
arrows(found)

# %% tags=["check"]
late = found["after 300 steps"]
assert late["keep 0.7"][0] > 0.999
assert abs(late["keep 0.7"][1] - 1 / 0.7) < 0.02
assert late["keep 0.3"][1] < 3.2 < 1 / 0.3

# %% [markdown]
# - *Untrained*, only negatives are kept. They say "less face", as the whole batch did; no face pulls against them.
# - *After 20 steps* the arrow turns away. The two classes were nearly in balance; mining takes the side of the faces.
# - *After 300 steps*, 70% gives *the same gradient*, only longer by 1 / 0.7 = 1.43: the dropped added nothing to the sum, and the mean
#   divides by fewer. At 30% it is 3.07, not 1 / 0.3 = 3.33: some of the dropped still pulled.
#
# ### A small training loop
#
# Mining comes in at one place alone: `choose` says which losses count.

# %%
from mtcnn_lite.course.mining_trials import RATE, untrained


def learn(choose, steps, seed=7):
    net, rng = untrained(seed), np.random.default_rng(seed)
    optimiser = torch.optim.Adam(net.parameters(), lr=RATE)
    for _ in range(steps):
        rows = draw(training, rng)  # (32,) three negatives for each positive
        losses = detection_loss(net(training.x[rows]), training.y[rows])  # (32,)
        optimiser.zero_grad()
        losses[choose(losses)].mean().backward()
        optimiser.step()
    return net


# %% [markdown]
# (The net is P-Net with a stride of 2 in place of its pooling: half the work.)
#
# ### Does it pay?
#
# Train with all, the hardest 70%, the hardest 30%. Within a seed all three begin with the same weights and see the same batches. Eight
# seeds run [side by side](../mtcnn_lite/course/mining_trials.py), else it is the same loop. We measure on 40 scenes of other faces: let 1% of
# the background pass; how many of the faces pass?

# %%
from mtcnn_lite.course.mining_figures import curves
from mtcnn_lite.course.mining_trials import hardest, recall, train

unseen, STOPS = windows("held_out"), (40, 160)


def trial(keep, **settings):
    """Share of unseen faces found, (2 stops, 8 seeds)."""
    trained = train(training, hardest(keep), STOPS, **settings)
    return np.array([recall(nets, unseen) for nets in trained])


right = {"all": trial(1.0), "hardest 70%": trial(0.7), "hardest 30%": trial(0.3)}
curves(STOPS, right, "share of faces found at 1% false positives")

# %% tags=["check"]
one = learn(lambda losses: package_hard(losses, 0.7), 8)
[many] = train(training, hardest(0.7), [8], seeds=[7])
for a, b in zip(one.parameters(), many.net(0).parameters(), strict=True):
    assert torch.allclose(a, b, atol=1e-9)

# %% [markdown]
# Pale marks are seeds. They lie far apart, so compare within each:

# %%
from mtcnn_lite.course.evidence import intervals, paired

rows = {
    f"{name}, {stop} steps": paired(right[name][s], right["all"][s])
    for s, stop in enumerate(STOPS)
    for name in ("hardest 70%", "hardest 30%")
}
intervals(rows, "share of faces found, minus training on all", digits=2)

# %% tags=["check"]
early_70, early_30, late_70, late_30 = rows.values()
assert early_70.ahead >= 6
assert early_70.interval[0] > 0
assert early_30.ahead == 8
assert early_30.interval[0] > 0.05
assert late_70.interval[0] < 0 < late_70.interval[1]
assert late_30.interval[1] < 0

# %% [markdown]
# A dot is a seed, a diamond the mean, the bar its 95% interval; after ± stands the standard error (chapter 07).
#
# - *Sooner*: yes. After 40 steps both shares are ahead.
# - *Further*: no. After 160 steps the interval of 70% holds 0: eight seeds can't tell it from training on all. The hardest 30% have fallen
#   behind: they learn from 9 windows a step.
#
# [Other conditions](deeper/08_other_conditions.ipynb), other answers: with larger batches 30% does not fall behind. On your data, measure.
#
# ### The older way: two passes
#
# The name comes from [Shrivastava, Gupta and Girshick](https://arxiv.org/abs/1604.03540) (2016). They take two photos a step:
#
# 1. a pass that *only reads* ranks *all* windows of both by their loss;
# 2. neighbours have nearly the same loss, so NMS, with the loss as the score, drops what overlaps a harder one by more than 0.7;
# 3. the hardest that are left go through the net once more, and teach.
#
# Step 2 on the scene from above:

# %%
from mtcnn_lite.course.mining_figures import twins
from mtcnn_lite.mining import ohem_nms

thinned = ohem_nms(places.boxes, torch.from_numpy(price), count=32, overlap=0.7).numpy()
shown = {}
for name, rows in (("the 32 hardest", order[:32]), ("NMS first, then 32", thinned)):
    shown[f"{name}: {twins(places.boxes, rows)} with a near twin"] = rows
on_the_photo(photo, places.boxes, is_face, shown)

# %% tags=["check"]
assert twins(places.boxes, order[:32]) > 16
assert twins(places.boxes, thinned) == 0

# %% [markdown]
# Does that pay? From two photos, 60 windows each, the two passes choose at most 32. Against them stand 32 *at random* from the same two
# photos, and the 32 from all photos that we had before.

# %%
from mtcnn_lite.course.mining_trials import some_of_two_photos, two_passes

passes = trial(1.0, pick=two_passes())
rivals = {"same two photos": trial(1.0, pick=some_of_two_photos()), "all photos": right["all"]}
rows = {
    f"random, {name}, {stop} steps": paired(passes[s], reached[s])
    for name, reached in rivals.items()
    for s, stop in enumerate(STOPS)
}
intervals(rows, "share of faces found: two passes minus random windows", digits=2)

# %% tags=["check"]
same_early, same_late, far_early, far_late = rows.values()
assert same_early.ahead >= 6
assert same_early.interval[0] > 0
assert same_late.interval[0] < 0 < same_late.interval[1]
assert far_late.interval[1] < 0

# %% [markdown]
# From the same two photos, the hardest teach far more at first; after 160 steps eight seeds show no difference. But windows from *all*
# photos end clearly ahead: two photos are a narrow view. MTCNN needs no NMS on losses: in batches from thousands of photos, two windows
# of one place seldom meet.
#
# ### The price: wrong labels
#
# Nobody's labels are all right (**label noise**): a face in the crowd that was never marked is "background". We turn 5% of the labels
# round, and ask the net that learned from right ones about the same batch:

# %%
from mtcnn_lite.course.mining_figures import wrong_among

flip = np.random.default_rng(5).random(len(training)) < 0.05
noisy = torch.from_numpy(np.where(flip, 1 - training.y.numpy(), training.y.numpy()))
against = losses_of(moments["after 300 steps"], x, noisy[batch])
wrong_among(against.numpy(), flip[batch], marked=(1.0, 0.7, 0.3, 0.1))

# %% [markdown]
# Mining finds wrong labels well, and then learns from them. Does it hurt? Train with 5% wrong labels, measure with right ones:

# %%
shares = {"all": 1.0, "hardest 70%": 0.7, "hardest 30%": 0.3}
misled = {name: trial(keep, labels=noisy) for name, keep in shares.items()}
rows = {name: paired(misled[name][-1], right[name][-1]) for name in shares}
intervals(rows, "share of faces found, 160 steps: 5% wrong labels minus right ones", digits=2)

# %% tags=["check"]
assert rows["hardest 30%"].ahead == 0
assert rows["hardest 30%"].mean < 2 * min(rows["all"].mean, rows["hardest 70%"].mean)
assert paired(misled["hardest 30%"][-1], misled["all"][-1]).interval[1] < -0.05

# %% [markdown]
# All and 70% lose some 5 faces of a hundred (for all, the interval just reaches 0), 30% loses three times as many, with every seed. As soon
# as a net is sure of the right ones, they leave the hardest 30%; the wrong ones, among themselves, pull it back. The smaller the share, the
# better the labels must be.
#
# ## Your turn
#
# ### Exercise: `hard_examples` (easy)
#
# `losses` has shape (N,). Return a mask (N,): True for the `int(keep * N)` highest losses, and for at least one. N may be 0: then there
# is nothing to choose.
#
# <details><summary>A hint</summary>
#
# `np.argsort(-losses)` gives rows, the highest loss first. You want the first ones of them.
#
# </details>
# <details><summary>Another</summary>
#
# Begin with a mask that is False everywhere, and set it to True at these rows: `mask[rows] = True`.
#
# </details>

# %%
from mtcnn_lite.course import checks, mine


def hard_examples(losses, keep=0.7):
    raise NotImplementedError


first = checks.hard_examples(hard_examples)
first

# %% [markdown]
# ### Exercise: `hard_windows` (stretch)
#
# Steps 2 and 3 of the two passes. `windows` (N, 4) and `losses` (N,), no two alike; return the rows of the hardest windows, hardest
# first, at most `count` of them, no two of which have an IoU over `overlap`.
#
# <details><summary>A hint</summary>
#
# You know a function that keeps the best of those that overlap. It does not ask where the scores come from.
#
# </details>
# <details><summary>Another</summary>
#
# What comes first, counting off or thinning out? If the first `count` all lie in one place, how many are left?
#
# </details>


# %%
def hard_windows(windows, losses, count, overlap):
    raise NotImplementedError


second = checks.hard_windows(hard_windows)
second

# %% [markdown]
# ### Your functions choose
#
# What has passed chooses below, ten steps each; the package stands in for the rest.

# %%
from mtcnn_lite.course.mining_trials import hard_of_place

own_mask = hard_examples if first else mine.get("hard_examples")
own_rows = hard_windows if second else mine.get("hard_windows")


def by_mask(losses):
    if own_mask is None:
        return package_hard(losses, 0.7)
    return torch.from_numpy(np.array(own_mask(losses.detach().numpy(), 0.7), dtype=bool))


def by_passes(thin):
    [nets] = train(training, hardest(1.0), [10], pick=two_passes(thin=thin), seeds=[7])
    return nets.net(0)


theirs = learn(lambda losses: package_hard(losses, 0.7), 10), by_passes(hard_of_place)
ours = learn(by_mask, 10), by_passes(own_rows or hard_of_place)

# %%
print("yours:", ", ".join(fn.__name__ for fn in (own_mask, own_rows) if fn) or "nothing yet")
for name, pair in (("one pass", (ours[0], theirs[0])), ("two passes", (ours[1], theirs[1]))):
    a, b = (losses_of(net, x, y).mean() for net in pair)
    print(f"{name:10} mean loss on the 512 windows {a:.3f}; the package's choice {b:.3f}")

# %% tags=["check"]
for one, other in zip(ours, theirs, strict=True):
    both = zip(one.parameters(), other.parameters(), strict=True)
    assert all(torch.allclose(a, b, atol=1e-9) for a, b in both), "yours chooses other samples"

# %% [markdown]
# Solutions are in `source/solutions.py`; `mine.forget("hard_examples")` lets you start again.
#
# ## What you can now say
#
# <details><summary>Which samples teach, by the paper's rule?</summary>
#
# Of the n that have a detection loss, the int(0.7 × n) highest, and at least one. Box and landmarks are not mined.
#
# </details>
# <details><summary>Late in training, what does dropping the easiest 30% do to the gradient?</summary>
#
# It makes it longer by 1 / 0.7, not different: what was dropped added nothing to the sum.
#
# </details>
# <details><summary>And early, before the net knows anything?</summary>
#
# Then "hard" is the class against which the net leans. Mining takes its side.
#
# </details>
# <details><summary>Did mining pay in our experiment?</summary>
#
# Sooner, yes; further, no. After 160 steps 70% could not be told from all, and 30% was behind.
#
# </details>
# <details><summary>When is a small share dangerous?</summary>
#
# When labels are wrong: wrong ones are the hardest, and the fewer are kept, the more of them they are.
#
# </details>

# %% [markdown]
# <!-- footer -->
