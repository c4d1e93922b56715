"""The judges of chapters 07 and 08: right answers pass however they are written, wrong ones are named."""

import math

import numpy as np
import pytest
import torch
from judging import check_named
from torch.nn import functional

from mtcnn_lite import losses, mining
from mtcnn_lite.course import checks
from mtcnn_lite.course.checks.detection_loss import JUDGE as _DETECTION
from mtcnn_lite.course.checks.hard_examples import JUDGE as _HARD
from mtcnn_lite.course.checks.loss_from_logits import JUDGE as _LOGITS
from mtcnn_lite.course.checks.multitask_loss import JUDGE as _MULTITASK
from mtcnn_lite.sampling import sampler as sampling

# --- detection_loss, right


def by_loops(face_probability, label):
    return [-math.log(p) if y == 1 else -math.log(1 - p) for p, y in zip(face_probability, label, strict=True)]


def by_where(face_probability, label):
    return -np.log(np.where(label == 1, face_probability, 1 - face_probability))


def by_torch(face_probability, label):
    p = torch.tensor(face_probability, requires_grad=True)
    return functional.binary_cross_entropy(p, torch.from_numpy(label).float(), reduction="none")


def by_log1p_guarded(face_probability, label):
    p = np.clip(face_probability.astype(np.float64), 1e-7, 1 - 1e-7)
    return -(label * np.log(p) + (1 - label) * np.log1p(-p))


def by_small_epsilon(face_probability, label):
    return -(label * np.log(face_probability + 1e-7) + (1 - label) * np.log(1 - face_probability + 1e-7))


def by_the_package(face_probability, label):
    p = torch.from_numpy(face_probability).double()
    return losses.detection_loss(torch.stack([torch.log(1 - p), torch.log(p)], dim=1), torch.from_numpy(label))


@pytest.mark.parametrize("fn", [by_loops, by_where, by_torch, by_log1p_guarded, by_small_epsilon, by_the_package])
def test_right_detection_losses_pass(fn):
    verdict = checks.detection_loss(fn)
    assert verdict, verdict


# --- detection_loss, wrong


def only_ifs(p, y, one, zero):
    return np.array([one(a) if b == 1 else zero(a) for a, b in zip(p.tolist(), y.tolist(), strict=True)])


WRONG_DETECTION = {
    "the misprint": (lambda p, y: only_ifs(p, y, lambda a: -math.log(a), lambda a: math.log(a) - 1), "the print has a"),
    "no minus": (lambda p, y: np.log(np.where(y == 1, p, 1 - p)), "minus sign is missing"),
    "half a minus": (
        lambda p, y: only_ifs(p, y, lambda a: -math.log(a), lambda a: math.log(1 - a)),
        "reaches only the first term",
    ),
    "log10": (lambda p, y: -np.log10(np.where(y, p, 1 - p)), "not the natural one"),
    "log2": (lambda p, y: -np.log2(np.where(y, p, 1 - p)), "not the natural one"),
    "only faces": (lambda p, y: only_ifs(p, y, lambda a: -math.log(a), lambda a: 0.0), "term for label 0 is missing"),
    "only background": (
        lambda p, y: only_ifs(p, y, lambda a: 0.0, lambda a: -math.log(1 - a)),
        "term for label 1 is missing",
    ),
    "swapped": (lambda p, y: by_where(p, 1 - y), "changed places: for label 1"),
    "-log p": (lambda p, y: -np.log(p), "whatever the label. p is"),
    "-log(1 - p)": (lambda p, y: -np.log(1 - p), "whatever the label. For a face"),
    "arguments swapped": (lambda p, y: -(p * np.log(y) + (1 - p) * np.log(1 - y)), "Probability and label have"),
    "log1p": (lambda p, y: -np.where(y == 1, np.log(p), np.log1p(p)), "log(1 + p)"),
    "torch's mean": (
        lambda p, y: functional.binary_cross_entropy(torch.tensor(p), torch.tensor(y).float()) if len(p) else 0.0,
        "mean of the losses",
    ),
    "sum": (lambda p, y: sum(by_loops(p, y)), "sum of the losses"),
    "over N": (lambda p, y: by_where(p, y) / max(1, len(p)), "divided by N"),
    "squares": (lambda p, y: np.square(p - y), "squared difference"),
    "differences": (lambda p, y: abs(y - p), "plain difference"),
    "probability of the truth": (lambda p, y: np.where(y == 1, p, 1 - p), "probability of the truth itself"),
    "with logits": (
        lambda p, y: functional.binary_cross_entropy_with_logits(
            torch.tensor(p), torch.tensor(y).float(), reduction="none"
        ),
        "A sigmoid was taken",
    ),
    "softmax twice": (
        lambda p, y: functional.cross_entropy(
            torch.stack([1 - torch.tensor(p), torch.tensor(p)], dim=1), torch.tensor(y), reduction="none"
        ),
        "A softmax was taken",
    ),
    "clipped": (lambda p, y: by_where(p.clip(0.01, 0.99), y), "cut off too early"),
    "a large epsilon": (
        lambda p, y: -(y * np.log(p + 1e-2) + (1 - y) * np.log(1 - p + 1e-2)),
        "cut off too early",
    ),
    "focal": (
        lambda p, y: (1 - np.where(y == 1, p, 1 - p)) ** 2 * by_where(p, y),
        "focal loss",
    ),
    "rounded": (lambda p, y: (p.round() != y) * 1.0, "rounded to 0 or 1"),
    "the first": (lambda p, y: by_where(p, y)[:1], "Only the first sample"),
    "sorted": (lambda p, y: sorted(by_loops(p, y)), "sorted the losses"),
    "all with all": (
        lambda p, y: -np.where(y[:, None] == 1, np.log(p), np.log(1 - p)),
        "each label: (N, N)",
    ),
    "nothing": (lambda p, y: None, "is a `return` missing"),
}


@pytest.mark.parametrize("name", WRONG_DETECTION)
def test_wrong_detection_losses_are_named(name):
    fn, hint = WRONG_DETECTION[name]
    check_named(checks.detection_loss(fn), hint)


def test_an_if_that_looks_at_all_labels_gets_the_shape_explained():
    def fn(face_probability, label):
        return -np.log(face_probability) if label == 1 else -np.log(1 - face_probability)

    verdict = checks.detection_loss(fn)  # an array of one label has a truth value, an array of two has none
    assert not verdict
    assert "cannot look at N labels at once" in verdict.hint


def test_detection_cases_by_hand():
    np.testing.assert_allclose(_DETECTION.answers[2], [-math.log(0.1)], rtol=1e-6)
    np.testing.assert_allclose(_DETECTION.answers[4], [-math.log(0.03)], rtol=1e-6)


# --- loss_from_logits


def logits_by_loops(logits, label):
    out = []
    for (a, b), y in zip(logits.astype(float).tolist(), label.tolist(), strict=True):
        most = max(a, b)
        out.append(most + math.log(math.exp(a - most) + math.exp(b - most)) - (b if y else a))
    return out


def logits_by_logaddexp(logits, label):
    return np.logaddexp(logits[:, 0], logits[:, 1]) - np.where(label == 1, logits[:, 1], logits[:, 0])


def logits_by_softplus(logits, label):
    gap = np.where(label == 1, logits[:, 0] - logits[:, 1], logits[:, 1] - logits[:, 0])
    return np.maximum(gap, 0) + np.log1p(np.exp(-abs(gap)))


def logits_by_torch(logits, label):
    return functional.cross_entropy(torch.tensor(logits, requires_grad=True), torch.tensor(label), reduction="none")


@pytest.mark.parametrize("fn", [logits_by_loops, logits_by_logaddexp, logits_by_softplus, logits_by_torch])
def test_right_losses_from_logits_pass(fn):
    verdict = checks.loss_from_logits(fn)
    assert verdict, verdict


def softmax_of(z, axis=1):
    return np.asarray(torch.tensor(z).softmax(dim=axis))


def pick(table, y):
    return np.take_along_axis(table, y[:, None], axis=1)[:, 0]


WRONG_LOGITS = {
    "overflow": (lambda z, y: np.log(np.exp(z[:, 0]) + np.exp(z[:, 1])) - pick(z, y), "exp overflows"),
    "naive softmax": (lambda z, y: -np.log(pick(np.exp(z) / np.exp(z).sum(1, keepdims=True), y)), "exp overflows"),
    "log of softmax": (lambda z, y: -np.log(pick(softmax_of(z), y)), "has rounded to 0"),
    "an epsilon": (lambda z, y: -np.log(pick(softmax_of(z), y) + 1e-7), "kept away from 0"),
    "cut off": (lambda z, y: -np.log(pick(softmax_of(z), y).clip(1e-7, 1)), "kept away from 0"),
    "clipped logits": (lambda z, y: logits_by_softplus(z.clip(-50, 50), y), "logits were kept small"),
    "the smallest": (
        lambda z, y: np.log(np.exp(z - z.min(1, keepdims=True)).sum(1)) - pick(z - z.min(1, keepdims=True), y),
        "smallest logit was subtracted",
    ),
    "the batch's largest": (
        lambda z, y: np.log(np.exp(z - max(z.ravel(), default=0)).sum(1)) - pick(z - max(z.ravel(), default=0), y),
        "from the whole batch",
    ),
    "half shifted": (
        lambda z, y: np.log(np.exp(z - z.max(1, keepdims=True)).sum(1)) - pick(z, y),
        "in the exponent alone",
    ),
    "put back twice": (lambda z, y: logits_by_logaddexp(z, y) + z.max(axis=1), "nothing is put back"),
    "columns": (lambda z, y: logits_by_logaddexp(z, 1 - y), "columns have changed places"),
    "always face": (lambda z, y: logits_by_logaddexp(z, np.ones_like(y)), 'logit of "face" whatever'),
    "always none": (lambda z, y: logits_by_logaddexp(z, np.zeros_like(y)), 'logit of "no face" whatever'),
    "the larger": (lambda z, y: np.logaddexp(z[:, 0], z[:, 1]) - z.max(axis=1), "in place of the label's"),
    "no minus": (lambda z, y: -logits_by_logaddexp(z, y), "minus is missing"),
    "over the batch": (
        lambda z, y: -np.log(pick(softmax_of(z, 0), y)) if len(z) else np.zeros(0),
        "runs over the batch",
    ),
    "softmax twice": (lambda z, y: logits_by_logaddexp(softmax_of(z), y), "taken twice"),
    "one sigmoid": (
        lambda z, y: functional.binary_cross_entropy_with_logits(
            torch.tensor(z[:, 1]), torch.tensor(y).float(), reduction="none"
        ),
        'logit of "face" alone',
    ),
    "log2": (lambda z, y: logits_by_logaddexp(z, y) / math.log(2), "not the natural one"),
    "no log": (
        lambda z, y: np.exp(z - z.max(1, keepdims=True)).sum(1) - pick(z - z.max(1, keepdims=True), y),
        "without",
    ),
    "mean": (lambda z, y: logits_by_logaddexp(z, y).mean() if len(z) else 0.0, "mean of the losses"),
    "sum": (lambda z, y: logits_by_logaddexp(z, y).sum(), "sum of the losses"),
    "over N": (lambda z, y: logits_by_logaddexp(z, y) / max(1, len(y)), "divided by N"),
    "both classes": (lambda z, y: np.logaddexp(z[:, :1], z[:, 1:]) - z, "loss for each class"),
    "the first": (lambda z, y: logits_by_logaddexp(z, y)[:1], "Only the first sample"),
}


@pytest.mark.parametrize("name", WRONG_LOGITS)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_wrong_losses_from_logits_are_named(name):
    fn, hint = WRONG_LOGITS[name]
    check_named(checks.loss_from_logits(fn), hint)


def test_logits_cases_by_hand():
    np.testing.assert_allclose(_LOGITS.answers[0], [math.log(2)], rtol=1e-6)
    np.testing.assert_allclose(_LOGITS.answers[1], [math.log(1 + math.exp(-1))], rtol=1e-6)
    np.testing.assert_allclose(_LOGITS.answers[7], [1000])
    np.testing.assert_allclose(_LOGITS.answers[8], [math.log(2)], rtol=1e-6)


# --- multitask_loss, right

KINDS = ("negative", "positive", "part", "landmark")


def sum_by_ifs(losses, kinds, weights):
    total = 0.0
    for (detection, box, landmark), kind in zip(losses, kinds, strict=True):
        if kind in ("negative", "positive"):
            total += weights[0] * detection
        if kind in ("positive", "part"):
            total += weights[1] * box
        if kind == "landmark":
            total += weights[2] * landmark
    return total


def sum_by_table(losses, kinds, weights):
    tasks = {"negative": [0], "positive": [0, 1], "part": [1], "landmark": [2]}
    return sum(weights[j] * losses[i][j] for i, kind in enumerate(kinds) for j in tasks[kind])


def sum_by_masks(losses, kinds, weights):
    detection = losses[np.isin(kinds, ["negative", "positive"]), 0].sum()
    box = losses[np.isin(kinds, ["positive", "part"]), 1].sum()
    return np.dot(weights, [detection, box, losses[kinds == "landmark", 2].sum()])


def sum_by_torch(losses_, kinds, weights):
    codes = torch.tensor([KINDS.index(kind) for kind in kinds], dtype=torch.uint8)
    each = torch.from_numpy(losses_) * losses.takes_part(codes)
    return (each @ torch.from_numpy(weights).requires_grad_()).sum()


@pytest.mark.parametrize("fn", [sum_by_ifs, sum_by_table, sum_by_masks, sum_by_torch])
def test_right_sums_pass(fn):
    verdict = checks.multitask_loss(fn)
    assert verdict, verdict


def test_kinds_are_the_packages():
    assert sampling.KINDS == KINDS


# --- multitask_loss, wrong


def by_tasks(**tasks):
    """A sum in which each kind takes part in the named tasks; those of the paper where a kind is not named."""
    table = {"negative": "d", "positive": "db", "part": "b", "landmark": "l"} | tasks

    def fn(losses, kinds, weights):
        return sum(
            losses[i, j] * weights[j] for i, kind in enumerate(kinds) for j in range(3) if "dbl"[j] in table[kind]
        )

    return fn


def elif_skips_the_box(losses, kinds, weights):
    total = 0.0
    for i, kind in enumerate(kinds):
        if kind == "negative" or kind == "positive":
            total += losses[i, 0] * weights[0]
        elif kind == "part" or kind == "positive":
            total += losses[i, 1] * weights[1]
        else:
            total += losses[i, 2] * weights[2]
    return total


def not_negative(losses, kinds, weights):
    """The box mask of a well-known port, `label != 0`."""
    part = np.stack([np.isin(kinds, ["negative", "positive"]), kinds != "negative", kinds == "landmark"], axis=1)
    return (losses * part * weights).sum()


def returns_inside(losses, kinds, weights):
    for i in range(len(kinds)):
        return sum_by_ifs(losses[i : i + 1], kinds[i : i + 1], weights)
    return 0.0


def sets_anew(losses, kinds, weights):
    total = 0.0
    for i in range(len(kinds)):
        total = sum_by_ifs(losses[i : i + 1], kinds[i : i + 1], weights)
    return total


def numbered_by_unique(losses_, kinds, weights):
    _, codes = np.unique(["landmark", "negative", "part", "positive", *kinds], return_inverse=True)
    return (losses_ * losses.PAPER.numpy()[codes[4:]] * weights).sum()


def with_weights(change):
    return lambda losses, kinds, weights: sum_by_masks(losses, kinds, change(np.asarray(weights)))


def scaled(factor):
    return lambda losses, kinds, weights: sum_by_masks(losses, kinds, weights) * factor(losses)


WRONG_SUM = {
    "everything": (lambda x, k, w: float(np.sum(x * w)), "counts in every task"),
    "label != 0": (not_negative, "Landmark samples count in the box loss"),
    "part in detection": (by_tasks(part="db"), "Part samples count in detection"),
    "landmark in detection": (by_tasks(landmark="dl"), "Landmark samples count in detection"),
    "both in detection": (by_tasks(part="db", landmark="dl"), "Part and landmark samples count in detection"),
    "elif": (elif_skips_the_box, "Positive samples lack their box loss"),
    "positive without detection": (by_tasks(positive="b"), "Positive samples lack their detection loss"),
    "positive in all": (by_tasks(positive="dbl"), "Positive samples count in the landmark loss"),
    "negative in box": (by_tasks(negative="db"), "Negative samples count in the box loss"),
    "part nowhere": (by_tasks(part=""), "Part samples count nowhere"),
    "part as negative": (by_tasks(part="d"), "treated as positive or as negative"),
    "part and landmark": (by_tasks(part="l", landmark="b"), "Part and landmark have changed places"),
    "negative and positive": (by_tasks(negative="db", positive="d"), "Negative and positive have changed places"),
    "no negatives": (by_tasks(negative=""), "Negative samples count nowhere"),
    "landmarks": (by_tasks(landmark=""), "Landmark samples count nowhere"),
    "np.unique": (numbered_by_unique, "order of the alphabet"),
    "no weights": (with_weights(lambda w: w * 0 + 1), "weights are not in it"),
    "P-Net's weights": (with_weights(lambda w: np.array([1, 0.5, 0.5])), "fixed in your function"),
    "backwards": (with_weights(lambda w: w[::-1]), "weights met the wrong tasks"),
    "normalised": (with_weights(lambda w: w / w.sum()), "scaled to a sum of 1"),
    "twice": (with_weights(lambda w: w**2), "multiplied in twice"),
    "mean": (scaled(lambda x: 1 / max(len(x), 1)), "mean over the samples"),
    "mean of all": (scaled(lambda x: 1 / max(x.size, 1)), "mean over samples and tasks"),
    "a third": (scaled(lambda x: 1 / 3), "divided by the number of tasks"),
    "the package's means": (
        lambda x, k, w: (
            losses.multitask_loss(
                torch.tensor(x), losses.takes_part(torch.tensor([KINDS.index(kind) for kind in k]).long()), tuple(w)
            ).total
        ),
        "as mtcnn_lite trains with",
    ),
    "a row each": (
        lambda x, k, w: [sum_by_ifs(x[i : i + 1], k[i : i + 1], w) for i in range(len(k))],
        "One number for each sample",
    ),
    "returned inside": (returns_inside, "Only one sample counts"),
    "set anew": (sets_anew, "Only one sample counts"),
    "nothing": (lambda x, k, w: None, "is a `return` missing"),
}


@pytest.mark.parametrize("name", WRONG_SUM)
def test_wrong_sums_are_named(name):
    fn, hint = WRONG_SUM[name]
    check_named(checks.multitask_loss(fn), hint)


def test_the_sum_by_hand():
    """One of each kind: the numbers that count, times O-Net's weights."""
    table, kinds, weights = _MULTITASK.cases[6].inputs
    assert kinds.tolist() == ["negative", "positive", "part", "landmark"]
    assert weights.tolist() == [1, 0.5, 1]
    expected = table[0, 0] + table[1, 0] + (table[1, 1] + table[2, 1]) / 2 + table[3, 2]
    assert _MULTITASK.answers[6] == pytest.approx(expected)


def test_the_drawing_frames_what_counts():
    html = checks.multitask_loss(by_tasks(landmark="bl"))._repr_html_()
    assert "framed: what counts" in html
    assert html.count("#0072B2") == 1  # the first case that fails has one landmark sample


# --- hard_examples


def hard_by_sorting(losses, keep=0.7):
    best = sorted(range(len(losses)), key=lambda i: losses[i], reverse=True)[: max(1, int(keep * len(losses)))]
    return [i in best for i in range(len(losses))]


def hard_by_topk(losses, keep=0.7):
    mask = torch.zeros(len(losses), dtype=torch.bool)
    if len(losses):
        mask[torch.from_numpy(losses).topk(max(1, int(keep * len(losses)))).indices] = True
    return mask


def hard_by_bound(losses, keep=0.7):
    if not len(losses):
        return np.zeros(0, bool)
    return losses >= np.sort(losses)[-max(1, int(keep * len(losses)))]


def hard_by_ranks(losses, keep=0.7):
    return (np.argsort(np.argsort(-losses)) < max(1, int(keep * len(losses)))).astype(int)


def hard_by_the_package(losses, keep=0.7):
    return mining.hard_examples(torch.from_numpy(losses), keep)


@pytest.mark.parametrize("fn", [hard_by_sorting, hard_by_topk, hard_by_bound, hard_by_ranks, hard_by_the_package])
def test_right_masks_pass(fn):
    verdict = checks.hard_examples(fn)
    assert verdict, verdict


def of_count(count):
    def fn(losses, keep=0.7):
        mask = np.zeros(len(losses), bool)
        mask[np.argsort(-losses)[: max(0, count(keep, len(losses)))]] = True
        return mask

    return fn


def a_slice_of_none(losses, keep=0.7):
    mask = np.zeros(len(losses), dtype=bool)
    mask[np.argsort(losses)[-int(keep * len(losses)) :]] = True
    return mask


WRONG_MASKS = {
    "[-0:]": (a_slice_of_none, "order[-0:] is all of them"),
    "quantile, at least": (lambda losses, keep=0.7: losses >= np.quantile(losses, 1 - keep), "A quantile lies between"),
    "percentile": (lambda losses, keep=0.7: losses >= np.percentile(losses, 100 - 100 * keep), "A quantile lies"),
    "quantile of keep": (lambda losses, keep=0.7: losses >= np.quantile(losses, keep), "leaves out the share"),
    "lowest": (lambda x, keep=0.7: hard_by_sorting(-x, keep), "These are the lowest losses"),
    "upside down": (lambda x, keep=0.7: ~np.array(hard_by_sorting(x, keep), bool), "upside down"),
    "rows": (lambda x, keep=0.7: np.argsort(-x)[: max(1, int(keep * len(x)))], "rows of the hard samples"),
    "losses": (lambda x, keep=0.7: x[np.array(hard_by_sorting(x, keep), bool)], "losses themselves came back"),
    "zeroed": (lambda x, keep=0.7: np.where(hard_by_sorting(x, keep), x, 0), "losses themselves came back"),
    "ceil": (of_count(lambda keep, n: math.ceil(keep * n)), "rounded up"),
    "round": (of_count(lambda keep, n: max(1, round(keep * n))), "rounded to the nearest"),
    "one fewer": (of_count(lambda keep, n: int(keep * n) - 1), "One is missing"),
    "not one": (of_count(lambda keep, n: int(keep * n)), "at least one sample must be kept"),
    "30%": (of_count(lambda keep, n: max(1, int((1 - keep) * n))), "The hardest 30%"),
    "bound": (lambda x, keep=0.7: x > keep, "with a fixed bound"),
    "of the highest": (lambda x, keep=0.7: x > keep * x.max(initial=0), "share of the highest loss"),
    "mean": (lambda x, keep=0.7: x > (x.mean() if len(x) else 0), "mean or the median"),
    "quantile": (lambda x, keep=0.7: x > np.quantile(x, 1 - keep) if len(x) else x > 0, "A quantile lies between"),
    "argsort as ranks": (lambda x, keep=0.7: np.argsort(-x) < max(1, int(keep * len(x))), "rows, not ranks"),
    "the first": (lambda x, keep=0.7: np.arange(len(x)) < max(1, int(keep * len(x))), "first of the batch"),
    "always 70%": (lambda x, keep=0.7: hard_by_sorting(x), "keep is not used"),
    "all": (lambda x, keep=0.7: np.full(len(x), True), "All samples are kept"),
    "the hardest": (of_count(lambda keep, n: 1), "single hardest"),
}


@pytest.mark.parametrize("name", WRONG_MASKS)
def test_wrong_masks_are_named(name):
    fn, hint = WRONG_MASKS[name]
    check_named(checks.hard_examples(fn), hint)


def test_no_case_depends_on_a_tie_or_on_how_a_product_rounds():
    for case in _HARD.cases:
        losses_, keep = case.inputs
        assert len(np.unique(losses_)) == len(losses_)
        assert int(keep * len(losses_)) == int(keep * len(losses_) + 1e-9)


# --- all three


@pytest.mark.parametrize("judge", [_DETECTION, _MULTITASK, _HARD], ids=lambda judge: judge.name)
def test_a_stub_is_not_done_yet_and_an_input_must_stay(judge):
    def stub(*arguments):
        raise NotImplementedError

    verdict = judge.verdict(stub)
    assert (bool(verdict), verdict.done) == (False, False)

    def changing(*arguments):
        answer = judge.reference(*arguments)
        arguments[0][...] = 0
        return answer

    assert f"changed its input `{judge.arguments[0]}`" in judge.verdict(changing).hint
