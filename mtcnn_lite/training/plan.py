"""How each net is trained: every number of the recipe in one place, the paper's beside each departure from it.

Zhang et al. 2016 give the task weights, the hard samples' share and the bounds between the kinds (`SamplingConfig`),
not the optimiser, the batch, or how long. Those are ours.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from mtcnn_lite.sampling.config import SamplingConfig

Rows = tuple[tuple[bool, bool, bool], ...]

# Which kinds (rows, as in sampling.KINDS) learn which tasks (detection, box, landmark). The paper's landmark samples
# teach landmarks alone. Ours have a box of the same sort as WIDER FACE's, so they are faces as good as any for the
# other two tasks.
INDICATOR: Rows = ((True, False, False), (True, True, False), (False, True, False), (True, True, True))

TUNED = 0.2  # of the rate, where weights to begin with are given: at the full rate they would be forgotten first


@dataclass(frozen=True)
class Stage:
    """One net's training on one set of samples. Raises ValueError for a value out of range.

    name, net   the stage's folder; "pnet", "rnet" or "onet"
    recipe      how its samples are drawn
    steps, batch, rate   of the optimiser: AdamW, with a warm-up of `warm_up` steps and then a cosine down to 0
    shares      negatives : positives : parts : landmarks in each batch (3 : 1 : 1 : 2 in the scripts after the paper)
    weights     of the detection, box and landmark loss (paper: 1 : .5 : .5, and 1 : .5 : 1 for O-Net)
    keep        share of the hardest detection losses that count (paper: 0.7)
    taught      share of the teacher's probability and box in what is to be learned, where a run has a teacher; the rest
                is the label's
    taught_points   share of its points in what faces with labelled ones learn; those without learn its points alone
    temperature what the teacher's probabilities are softened by (`teacher.taught_detection`)
    panel       the teacher, where a run has one, and the net that the stage began with teach together (`teacher.Panel`)
    mined       draw the net's own worst mistakes so far; needs an earlier stage of this net
    coarse      share of the crops that are made small and large again: faces from poor and far cameras
    covered     share of the crops that are partly covered
    mixed       share of the crops that are blends of two, where a run has a teacher: what they show only it can say
    zoomed      share of the crops that are cut anew, closer, where a run has a teacher: windows that fit no face well
    average     the weights kept are a running mean, of which each step leaves this share: better than the last step's
    began       share in them of the weights that the stage began with (`blend`). Nothing is blended where no face has
                labelled points
    solved      then solve for the landmark head anew
    looks       learn landmarks alone, from both looks that the cascade as it is takes at each labelled face (`settle`);
                what is said above of samples and of a teacher does not hold then
    """

    name: str
    net: str
    recipe: SamplingConfig
    steps: int
    batch: int
    rate: float
    shares: tuple[float, float, float, float]
    weights: tuple[float, float, float]
    keep: float = 0.7
    taught: float = 0.5
    taught_points: float = 0.0
    temperature: float = 1.0
    panel: bool = False
    mined: bool = False
    coarse: float = 0.0
    covered: float = 0.0
    mixed: float = 0.0
    zoomed: float = 0.0
    warm_up: int = 200
    decay: float = 1e-4
    betas: tuple[float, float] = (0.9, 0.99)
    average: float = 0.998
    began: float = 0.0
    solved: bool = False
    looks: bool = False
    indicator: Rows = INDICATOR

    def __post_init__(self) -> None:
        if self.steps < 1 or self.batch < 1 or not self.rate > 0:
            raise ValueError(f"{self.name}: steps is {self.steps}, batch {self.batch}, rate {self.rate}; each must be "
                             "above 0")  # fmt: skip
        if min(self.shares) < 0 or sum(self.shares) == 0:
            raise ValueError(f"{self.name}: shares is {self.shares}; none may be negative, nor all 0")

    def learning_rate(self, step: int) -> float:
        """Rising evenly over the warm-up, then half a cosine down to nearly 0 at the last step."""
        if step < self.warm_up:
            return self.rate * (step + 1) / self.warm_up
        done = (step - self.warm_up) / max(self.steps - self.warm_up, 1)
        return self.rate * (1 + math.cos(math.pi * done)) / 2


PAPER = (1.0, 0.5, 0.5)  # weights of the tasks in P-Net and R-Net
PAPER_ONET = (1.0, 0.5, 1.0)

# Faces turned by 10 degrees (standard deviation), not in the paper: photos have few that are.
_P = SamplingConfig(random=60, beside=10, jittered=60, landmarks=20, turn=10.0)
_P_MINED = replace(_P, hardest=80, others=40)
_R = SamplingConfig(random=20, beside=5, jittered=30, landmarks=20, hardest=60, others=60, turn=10.0)
_O = SamplingConfig(random=10, beside=5, jittered=25, landmarks=25, hardest=40, others=40, turn=10.0)

_R_SHARES, _O_SHARES = (3, 1.3, 1, 1.7), (2.6, 1.4, 1, 2)


def _further(stage: Stage) -> Stage:
    """A later round: on the net's own mistakes, and on crops that no photo holds."""
    return replace(stage, mined=True, coarse=0.25, covered=0.2, mixed=0.25)


def _like_the_teacher(stage: Stage) -> Stage:
    """A last round: what the teacher says of every crop, the sure ones too, and of windows that lie half on a face.

    Before it, R-Net told faces from others as well as the teacher does (areas under the ROC curve .985 and .984, on
    photos to validate on), but was less sure of both, by .4 and .5 of a logit: a guess, because `keep` had shown it the
    hardest alone.
    """
    return replace(_further(stage), keep=1.0, taught=1.0, taught_points=0.5, temperature=2.0, covered=0.25, zoomed=0.3)


# In R-Net's manner O-Net became surer, and its landmarks worse. So fewer of its crops are spoiled for them, its points
# weigh more, and a part of the round before stays.
_O_LATE = replace(
    _like_the_teacher(Stage("onet-4", "onet", _O, 14000, 256, 1.2e-3, (2.4, 1.8, 1.2, 2.2), (1.0, 4.0, 16.0))),
    taught=0.9,
    taught_points=0.3,
    covered=0.2,
    zoomed=0.15,
    began=0.35,
    solved=True,
)
# By then net and teacher err on different faces, and a mirror image changes what each says: the mean of two looks, one
# of each net, finds more faces and places landmarks better than either. So that mean teaches.
_TWO_TEACH = replace(_O_LATE, name="onet-5", steps=12000, taught=0.85, taught_points=0.5, panel=True)

STAGES = (
    Stage("pnet-1", "pnet", _P, 4000, 1024, 4e-3, (3, 1, 1, 2), PAPER),
    # Hard negatives for P-Net, and more of them: half as many windows at the same recall, when we tried it.
    Stage("pnet-2", "pnet", _P_MINED, 16000, 1024, 4e-3, (4, 1, 1, 1.5), PAPER, mined=True),
    # The third rounds: with one net of ours beside two of the teacher's, and boxes of the one with scores of the other,
    # we saw where the cascade lost. It was R-Net's boxes most, then O-Net's and P-Net's scores. So more of the teacher
    # in what is learned, and boxes that weigh more than in the paper.
    Stage("pnet-3", "pnet", _P_MINED, 8000, 1024, 2e-3, (4, 1, 1, 1.5), (1.0, 1.0, 0.5), mined=True, taught=0.7),
    # More positives than 3 : 1, as most of what P-Net sends is none; its negatives are hard ones to begin with.
    Stage("rnet-1", "rnet", _R, 5000, 512, 2e-3, _R_SHARES, PAPER, coarse=0.25),
    Stage("rnet-2", "rnet", _R, 6000, 512, 2e-3, _R_SHARES, PAPER, mined=True, coarse=0.25),
    _further(Stage("rnet-3", "rnet", _R, 9000, 512, 1.5e-3, _R_SHARES, (1.0, 2.0, 0.5), taught=0.7)),
    _further(Stage("rnet-4", "rnet", _R, 8000, 512, 1.2e-3, _R_SHARES, (1.0, 2.0, 0.5), taught=0.9)),
    _like_the_teacher(Stage("rnet-5", "rnet", _R, 9000, 512, 1.5e-3, _R_SHARES, (1.0, 4.0, 0.5))),
    # O-Net is the largest and learns the longest. After its first round it lost faces that the teacher finds. A guess:
    # too few kinds of photo. So crops that no photo holds, and more of what the teacher says. Boxes and points
    # weigh four times as much as in the paper. All of this came at once; what each part gives was not measured.
    Stage("onet-1", "onet", _O, 12000, 256, 1.5e-3, _O_SHARES, PAPER_ONET, coarse=0.25),
    _further(Stage("onet-2", "onet", _O, 8000, 256, 7.5e-4, _O_SHARES, (1.0, 2.0, 4.0), taught=0.7)),
    _further(Stage("onet-3", "onet", _O, 9000, 256, 1e-3, _O_SHARES, (1.0, 2.0, 4.0), taught=0.85)),
    _O_LATE,
    _TWO_TEACH,
    # Its landmarks were learned on windows that lie a tenth to a fifth of a face off, where a second look at a settled
    # box is hardly a twentieth off. On such windows the teacher was better by a tenth, though worse on the others. This
    # round's landmarks are better, its scores are not: so more of the round before stays. The landmark head fits the
    # mean as it is; solving for it made landmarks worse here.
    replace(_TWO_TEACH, name="onet-6", recipe=replace(_O, near=0.5), steps=10000, weights=(1.0, 4.0, 32.0),
            taught_points=0.3, coarse=0.2, covered=0.1, zoomed=0.1, began=0.6, solved=False),
    # None of the rounds before has seen what landmarks are in use: the mean of two looks, at windows that the cascade
    # chose. More steps learn the photos by heart.
    replace(_TWO_TEACH, name="onet-7", looks=True, mined=False, steps=400, batch=2048, rate=3e-4, warm_up=40,
            weights=(6.0, 180.0, 1.0)),
)  # fmt: skip

# What trained weights go through on other photos: the rounds in which labels count at least as much as a teacher. The
# others bring a net nearer to its teacher, and would bring it back.
TUNING = tuple(stage.name for stage in STAGES if stage.taught <= 0.5)


def adapted(stages: Sequence[Stage], steps: float = 1.0, rate: float = 1.0) -> tuple[Stage, ...]:
    """These stages with this share of their steps and of their rate.

    >>> [stage.steps for stage in adapted(STAGES, steps=0.01)]
    [40, 160, 80, 50, 60, 90, 80, 90, 120, 80, 90, 140, 120, 100, 4]
    """
    for name, share in (("steps", steps), ("rate", rate)):
        if not share > 0:
            raise ValueError(f"{name} is {share}; it must be a share above 0")
    return tuple(
        replace(
            stage,
            steps=max(1, round(stage.steps * steps)),
            warm_up=round(stage.warm_up * min(steps, 1)),
            rate=stage.rate * rate,
        )
        for stage in stages
    )
