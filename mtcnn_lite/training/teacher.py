"""Distillation: a trained net's answers soften the labels, and replace them where there are none.

Hinton, Vinyals and Dean 2015, "Distilling the Knowledge in a Neural Network". The teacher sees each crop as it was cut
or its mirror image (`teacher_answers`), the net the same crop recoloured, partly covered or spoiled: so it learns to
answer for a poor image as the teacher does for a good one.
"""

import torch
from torch import Tensor
from torch.nn import functional

from mtcnn_lite.losses import _detection_loss
from mtcnn_lite.nets import NetOutput
from mtcnn_lite.sampling.sampler import NEGATIVE, PART

# The teacher's logits are divided by the temperature before they are compared (Hinton et al., section 2). At 1, the
# difference between probabilities of .001 and .05 hardly counts; such differences decide the order of doubtful windows.
# P-Net is too small to learn them without losing faces: at 2 it finds fewer at as many windows.
TEMPERATURES = {"pnet": 1.0, "rnet": 2.0, "onet": 2.0}
LANDMARK_CONFIDENCE = 0.7  # the teacher's landmarks are used from this probability of "face" on
BOX_CONFIDENCE = 0.1  # and its box from this one: it also moves windows towards a face that it would not call one


def distillation_loss(face: Tensor, teacher: NetOutput, kinds: Tensor, weight: float, temperature: float) -> Tensor:
    """Cross-entropy of each sample, (N,), with a target between the label and the teacher's probability.

    Parameters
    ----------
    face : Tensor (N, 2)
        The net's logits of "no face" and "face".
    teacher : NetOutput
        The teacher's output for the same samples.
    kinds : Tensor (N,)
        Codes of `sampling.KINDS`. A part face has no detection label, so its target is the teacher's probability alone.
    weight : float
        Share of the teacher's probability in the other targets, 0 to 1; the rest is the label's.
    temperature : float
        What the logits are divided by, above 0 (`TEMPERATURES`).
    """
    target = (teacher.face / temperature).softmax(dim=1)
    # The factor T^2 keeps the weight of its gradient.
    softened = temperature**2 * functional.cross_entropy(face / temperature, target, reduction="none")  # (N,)
    labelled = _detection_loss(face, kinds != NEGATIVE)
    share = torch.where(kinds == PART, 1.0, weight)
    return share * softened + (1 - share) * labelled


def distilled_targets(
    own: Tensor, teacher: Tensor, labelled: Tensor, confident: Tensor, weight: float
) -> tuple[Tensor, Tensor]:
    """Offsets or landmarks to learn, (N, K), and which samples learn them, bool (N,): with a label or a sure teacher.

    Labels are exact where a face is easy to see. On hidden or blurred faces annotators differ, and there the teacher
    helps; it also has an answer for windows that no label has a box for.

    Parameters
    ----------
    own : Tensor (N, K)
        The labels' targets; may hold anything, NaN too, where there is no label.
    teacher : Tensor (N, K)
        The teacher's.
    labelled : Tensor, bool (N,)
        Which samples have a label.
    confident : Tensor, bool (N,)
        Where the teacher is sure enough of a face. Elsewhere a label stays as it is.
    weight : float
        Share of the teacher's numbers in what a labelled sample learns, 0 to 1; an unlabelled one learns them alone.
    """
    between = torch.lerp(own, teacher, weight * confident[:, None].to(own.dtype))
    return torch.where(labelled[:, None], between, teacher), labelled | confident
