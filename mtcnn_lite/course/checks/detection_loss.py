"""The judge of `detection_loss`: what a sample costs."""

from collections.abc import Callable
from functools import partial

import numpy as np

from mtcnn_lite.course.checks.judge import Array, Case, Function, Hints, Judge, Verdict, slips
from mtcnn_lite.course.checks.judge.losses import (
    NO_SAMPLE,
    cut_off,
    mean,
    over_count,
    random_samples,
    samples,
    sigmoid,
    truth,
)


def detection_loss(fn: Function) -> Verdict:
    """Judges `fn(face_probability (N,), label (N,)) -> losses (N,)`: cross-entropy of each sample, natural logarithm.

    face_probability: what the net says, above 0 and below 1. label: 1 for a face, 0 for none. N may be 0: shape (0,),
    or an empty list. A safeguard against log(0) is welcome up to 1e-7. The inputs must stay as they are.

    >>> detection_loss(lambda p, y: -(y * np.log(p) + (1 - y) * (1 - np.log(p)))).hint[:38]
    'That is equation 1 as the paper prints'
    """
    return JUDGE.verdict(fn)


def _loss(
    p: Array,
    y: Array,
    face: Callable[[Array], Array] = np.log,
    no_face: Callable[[Array], Array] = lambda p: np.log(1 - p),
    more: float = 0,
) -> Array:
    """The right losses, -(y * face(p) + (1 - y) * no_face(p)); and with other terms, or `more` in them, wrong ones."""
    return -(y * face(p + more) + (1 - y) * no_face(p - more))


_but, _before, _after = (partial(wrong, _loss) for wrong in (slips.but, slips.before, slips.after))

_HINTS: Hints = {
    "That is equation 1 as the paper prints it, and the print has a slip: the last factor must be log(1 - p), not "
    "1 - log(p). As printed, the loss of a background sample falls without bound as p goes to 0.": _but(
        no_face=[lambda p: 1 - np.log(p), lambda p: np.log(p) - 1]
    ),
    "The minus sign is missing: the logarithm of a probability is below 0, and a loss must not be.": _after(
        np.negative
    ),
    "The minus sign reaches only the first term: put both into brackets, -(... + ...).": (
        *_but(no_face=lambda p: -np.log(1 - p)),
        *_but(face=lambda p: -np.log(p)),
    ),
    "The logarithm is not the natural one. Use np.log, torch.log or math.log, not log10 or log2.": _after(
        lambda losses: losses / np.log(10), lambda losses: losses / np.log(2)
    ),
    "The term for label 0 is missing: background that the net calls a face must cost something, -log(1 - p).": _but(
        no_face=np.zeros_like
    ),
    "The term for label 1 is missing: a face that the net calls background must cost something, -log(p).": _but(
        face=np.zeros_like
    ),
    "The two terms have changed places: for label 1 it is -log(p), for label 0 it is -log(1 - p).": _before(
        p=lambda p: 1 - p
    ),
    "You took -log(p) whatever the label. p is the probability of a face; the truth for label 0 has 1 - p.": _but(
        no_face=np.log
    ),
    "You took -log(1 - p) whatever the label. For a face, label 1, the truth has the probability p.": _but(
        face=lambda p: np.log(1 - p)
    ),
    "Probability and label have changed places: the logarithm is of the probability, the label chooses the term.": (
        slips.swapped(_loss, "p", "y")
    ),
    "That is log(1 + p). For label 0 it must be log(1 - p): np.log1p(-p), if you like log1p.": _but(no_face=np.log1p),
    "The mean of the losses came back. The answer is one loss for each sample: later some will be left out.": _after(
        mean, lambda losses: np.full(losses.shape, mean(losses))
    ),
    "The sum of the losses came back. The answer is one loss for each sample: later some will be left out.": _after(
        np.sum
    ),
    "The losses were divided by N. The mean comes later; the answer is each sample's own loss.": _after(over_count),
    "That is the squared difference of p and label. It is nearly flat where the net is surely wrong; cross-entropy "
    "takes the logarithm.": (lambda p, y: (p - y) ** 2, lambda p, y: (p - y) ** 2 / 2),
    "That is the plain difference of p and label, without a logarithm: -log(p) for a face, -log(1 - p) for none.": (
        lambda p, y: np.abs(p - y),
        lambda p, y: p - y,
    ),
    "That is the probability of the truth itself. The loss is minus its logarithm.": truth,
    "A sigmoid was taken of what is a probability already. That is for logits, as in "
    "binary_cross_entropy_with_logits.": _before(p=sigmoid),
    "A softmax was taken of what is a probability already. That is for logits, as in torch's cross_entropy.": _before(
        p=lambda p: sigmoid(2 * p - 1)
    ),
    "p was cut off too early, or too much was added to it: a sure mistake must cost its full price. If you guard "
    "against log(0), 1e-7 is enough.": (
        *_before(p=cut_off(0.01, 0.05, 0.1)),
        *_but(more=[0.001, 0.01, 0.1, 1]),
        *_after(lambda losses: np.minimum(losses, 1), lambda losses: np.minimum(losses, 5)),
    ),
    "That is the focal loss: easy samples weigh less. It came later (Lin et al. 2017); here each sample weighs 1.": (
        lambda p, y: (1 - truth(p, y)) * _loss(p, y),
        lambda p, y: (1 - truth(p, y)) ** 2 * _loss(p, y),
    ),
    "p was rounded to 0 or 1 first. How sure the net is, is just what the loss must see.": (
        lambda p, y: (np.round(p) != y).astype(float),
        *_before(p=lambda p: np.clip(np.round(p), 1e-7, 1 - 1e-7)),
    ),
    "Only the first sample is looked at. There are N: use whole arrays, or loop over them.": _after(*slips.FIRST),
    "You sorted the losses. They stay in the order of the samples.": _after(*slips.SORTED),
    "Each probability was compared with each label: (N, N). Sample i has probability i and label i.": (
        lambda p, y: _loss(p[:, None], y[None]),
        lambda p, y: _loss(p[None], y[:, None]),
    ),
}


def _float32(pair: tuple[Array, Array]) -> tuple[Array, Array]:
    return pair[0].astype(np.float32), pair[1]


_ONE = "face_probability and label have shape (1,): an array each, one number a sample."
_MORE = (
    "It works for one sample and stops at more. An `if` cannot look at N labels at once: use y * ... + (1 - y) * ..., "
    "np.where, or a loop."
)
_CASES = (
    Case("a face, p = 0.5", _float32(samples((0.5, 1))), _ONE),
    Case("a face, and the net is sure of it", _float32(samples((0.9, 1))), _ONE),
    Case("no face, and the net is sure there is one", _float32(samples((0.9, 0))), _ONE),
    Case("no face, and the net is sure of that", _float32(samples((0.2, 0))), _ONE),
    Case("a face that the net takes for background", _float32(samples((0.03, 1))), _ONE),
    Case("very sure, and wrong, either way", _float32(samples((0.999, 0), (0.001, 1))), _MORE),
    Case("very sure, and right, either way", _float32(samples((0.999, 1), (0.001, 0))), _MORE),
    Case("three samples", _float32(samples((0.7, 1), (0.7, 0), (0.4, 1))), _MORE),
    Case("no sample at all", _float32(samples()), NO_SAMPLE),
    Case("twelve random samples", _float32(random_samples(12)), _MORE),
    Case("a hundred random samples", _float32(random_samples(100)), _MORE),
)

# A safeguard against log(0) may change as much as the tolerance.
JUDGE = Judge("detection_loss", ("face_probability", "label"), _loss, _CASES, _HINTS, tolerance=2e-3)
