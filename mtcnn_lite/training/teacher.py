"""A trained net beside the labels: its answers soften the truth, and stand in where no label is.

Distillation as in Hinton, Vinyals and Dean 2015, "Distilling the Knowledge in a Neural Network". The teacher answers
the very crops that the net learns from, mirrored and recoloured as they are (Beyer et al. 2022, "Knowledge
distillation: A good teacher is patient and consistent").
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from mtcnn_lite.losses import detection_loss
from mtcnn_lite.nets import NetOutput, ONet, PNet, RNet
from mtcnn_lite.sampling.sampler import NEGATIVE, PART

SURE = 0.7  # probability of a face from which on the teacher's points are believed
NEAR = 0.1  # and from which on its box is: it also moves windows that it would not call a face to one


class Panel(nn.Module):
    """Two trained nets of one kind as a teacher: one looks at each crop, the other at its mirror image. It says the
    mean of their logits, offsets and landmarks.

    Two looks err apart, and a second net errs otherwise than the first (Lakshminarayanan et al. 2017, "Simple and
    scalable predictive uncertainty estimation using deep ensembles"). A net that learns from such a mean can be better
    than each of those that it comes from (Allen-Zhu and Li 2023, "Towards understanding ensemble, knowledge
    distillation and self-distillation in deep learning").
    """

    def __init__(self, first: PNet | RNet | ONet, second: PNet | RNet | ONet) -> None:
        super().__init__()
        self.first, self.second = first, second

    @property
    def landmarks(self) -> nn.Module | None:
        """The head that a net has where it finds landmarks: None where one of the two does not."""
        return self.first.landmarks if self.second.landmarks is not None else None

    def forward(self, crops: Tensor) -> NetOutput:  # (N, 3, s, s)
        one: NetOutput = self.first(crops).flat
        other: NetOutput = self.second(crops.flip(3)).unmirror()
        points = None if one.landmarks is None or other.landmarks is None else (one.landmarks + other.landmarks) / 2
        return NetOutput((one.face + other.face) / 2, (one.offsets + other.offsets) / 2, points)


def taught_detection(
    face: Tensor, said: NetOutput, kinds: Tensor, share: float, unlabelled: Tensor, temperature: float = 1.0
) -> Tensor:
    """Cross-entropy of each sample, (N,), from a target that is `share` the teacher's probability and else the label.

    `face` (N, 2): the logits of no face and face; `said`: the teacher's answers to the same crops; `kinds` (N,). A part
    face has no label, as it is neither, nor has a crop that was altered beyond its label (`unlabelled`, bool (N,)):
    their target is the teacher's probability alone. Where label and teacher agree this is `losses.detection_loss`.

    temperature: the teacher's part compares logits divided by it (Hinton et al., section 2; their factor T^2 keeps its
    weight). At 1 the difference between .001 and .05 hardly counts; above it does, and the order of doubtful windows
    is made of such differences.
    """
    target = (said.face / temperature).softmax(dim=1)
    softened = temperature**2 * functional.cross_entropy(face / temperature, target, reduction="none")  # (N,)
    labelled = detection_loss(face, kinds != NEGATIVE)
    weight = torch.where((kinds == PART) | unlabelled, 1.0, share)
    return weight * softened + (1 - weight) * labelled


def taught_places(own: Tensor, theirs: Tensor, labelled: Tensor, seen: Tensor, share: float) -> tuple[Tensor, Tensor]:
    """Offsets or landmarks (N, K) to learn, and of which samples, (N,): those `labelled` (N,), and those `seen` (N,).

    Where the teacher has seen a face, its places are `share` of what a labelled sample learns, and all that another
    learns; a face that it has not seen keeps its label. Labels are exact where a face is plain; on the others, hidden
    or blurred, annotators differ, and a window that no label has a box for is moved in use all the same. `own` may hold
    anything, NaN too, where nothing is labelled.
    """
    between = torch.lerp(own, theirs, share * seen[:, None].to(own.dtype))
    return torch.where(labelled[:, None], between, theirs), labelled | seen
