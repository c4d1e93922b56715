"""How each net is trained: every number in one place, with the paper's value beside each departure from it.

Zhang et al. 2016 give the task weights, the share of hard samples and the IoU bounds between the kinds
(`SamplingConfig`), but not the optimiser, the batch size or the number of steps. Those are ours.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from mtcnn_lite.arguments import flag, instance, number, numbers, one_of, shown, whole
from mtcnn_lite.net_names import NET_NAMES
from mtcnn_lite.sampling.config import SamplingConfig

Indicator = tuple[tuple[bool, bool, bool], ...]

# Which kinds (rows, as in sampling.KINDS) teach which tasks (detection, box, landmark). In the paper, landmark samples
# teach landmarks alone. Ours have boxes of the same sort as WIDER FACE's, so they teach the other two tasks as well.
INDICATOR: Indicator = ((True, False, False), (True, True, False), (False, True, False), (True, True, True))

# The settings of a stage that are shares, 0 to 1.
SHARES = ("distill_weight", "distill_landmarks_weight", "downscale", "cutout", "mixup", "random_crop", "ema_decay",
          "weight_average")  # fmt: skip

FINETUNING_RATE = 0.2  # of the learning rate, for given weights: at the full rate what they know would be lost first


@dataclass(frozen=True)
class TrainingStage:
    """One round of training of one net, on one set of samples.

    Parameters
    ----------
    name : str
        Also the name of the stage's folder.
    net : str
        "pnet", "rnet" or "onet".
    sampling : SamplingConfig
        How its samples are drawn.
    steps, batch, rate : int, int, float
        Steps, samples in a batch, highest learning rate; the optimiser is AdamW.
    shares : four numbers
        Negatives : positives : part faces : landmark samples in each batch (3 : 1 : 1 : 2 in implementations of the
        paper).
    weights : three numbers
        Of the detection, box and landmark loss (paper: 1 : .5 : .5, and 1 : .5 : 1 for O-Net).
    keep : float
        Share of the detection losses that count, the hardest ones (paper: 0.7).
    distill_weight : float
        Share of the teacher's probability and box in the targets, where a run has a teacher; the rest is the label's.
    distill_landmarks_weight : float
        Share of the teacher's landmarks in the targets of faces with labelled ones. Faces without learn the teacher's.
    temperature : float
        What the teacher's logits are divided by (`teacher.distillation_loss`).
    ensemble_teacher : bool
        The run's teacher and the net as the stage found it teach together (`teacher.EnsembleTeacher`).
    hard_negatives : bool
        Draw the negatives that the net itself is most wrong about so far; needs an earlier stage of this net.
    downscale : float
        Share of the crops that are made small and enlarged again, like faces from poor or distant cameras.
    cutout : float
        Share of the crops that are partly covered.
    mixup : float
        Share of the crops that are blends of two, where a run has a teacher; only the teacher can label them.
    random_crop : float
        Share of the crops that are cropped again, closer, where a run has a teacher: windows that fit no face well.
    warm_up : int
        Steps in which the learning rate rises; then it falls along a cosine to 0.
    weight_decay, betas : float, (float, float)
        Of AdamW.
    ema_decay : float
        The weights kept are an exponential moving average with this decay, which is better than the last step's.
    weight_average : float
        Share, in the final weights, of those that the stage began with (`weight_average`). Nothing is averaged where no
        face has labelled landmarks.
    refit_landmark_head : bool
        Then fit the landmark head to the averaged weights by least squares.
    landmark_finetuning : bool
        Learn landmarks alone, on the windows that the cascade as it is sends to O-Net (`landmark_finetuning`). What is
        said above of samples and of a teacher does not apply then.
    indicator : 4 x 3 bool
        Which kinds of samples teach which tasks.

    Raises
    ------
    ValueError
        For a value out of range.
    TypeError
        For a value of another type.
    """

    name: str
    net: str
    sampling: SamplingConfig
    steps: int
    batch: int
    rate: float
    shares: tuple[float, float, float, float]
    weights: tuple[float, float, float]
    keep: float = 0.7
    distill_weight: float = 0.5
    distill_landmarks_weight: float = 0.0
    temperature: float = 1.0
    ensemble_teacher: bool = False
    hard_negatives: bool = False
    downscale: float = 0.0
    cutout: float = 0.0
    mixup: float = 0.0
    random_crop: float = 0.0
    warm_up: int = 200
    weight_decay: float = 1e-4
    betas: tuple[float, float] = (0.9, 0.99)
    ema_decay: float = 0.998
    weight_average: float = 0.0
    refit_landmark_head: bool = False
    landmark_finetuning: bool = False
    indicator: Indicator = INDICATOR

    def __post_init__(self) -> None:
        instance("name", self.name, str, "a stage's name, such as 'pnet-1'")
        stage = f"{shown(self.name)[1:-1]}: "  # what a message begins with
        one_of(f"{stage}net", self.net, NET_NAMES)
        instance(f"{stage}sampling", self.sampling, SamplingConfig, "a SamplingConfig")
        checked: dict[str, object] = {}
        for name, low in (("steps", 1), ("batch", 1), ("warm_up", 0)):
            checked[name] = whole(f"{stage}{name}", getattr(self, name), low)
        for name in ("rate", "temperature"):
            checked[name] = number(f"{stage}{name}", getattr(self, name), lambda v: 0 < v < math.inf, "be above 0")
        checked["keep"] = number(f"{stage}keep", self.keep, lambda keep: 0 < keep <= 1, "be above 0 and up to 1")
        for name in SHARES:
            checked[name] = number(f"{stage}{name}", getattr(self, name), lambda v: 0 <= v <= 1, "be from 0 to 1")
        decay = number(f"{stage}weight_decay", self.weight_decay, lambda v: 0 <= v < math.inf, "be 0 or more")
        checked["weight_decay"] = decay
        for name in ("ensemble_teacher", "hard_negatives", "refit_landmark_head", "landmark_finetuning"):
            checked[name] = flag(f"{stage}{name}", getattr(self, name))
        for name, count in (("shares", 4), ("weights", 3)):
            row = numbers(f"{stage}{name}", getattr(self, name), count, lambda v: 0 <= v < math.inf, "of 0 or more")
            checked[name] = row
            if not 0 < sum(row) < math.inf:
                raise ValueError(f"{stage}{name} is {row}; they may not all be 0")
        checked["betas"] = numbers(f"{stage}betas", self.betas, 2, lambda b: 0 <= b < 1, "from 0 to below 1")
        rows = self.indicator
        if (
            not isinstance(rows, tuple | list)
            or [len(r) if isinstance(r, tuple | list) else 0 for r in rows] != [3] * 4
        ):
            raise TypeError(f"{stage}indicator is {shown(rows)}; it must be four rows of three of True and False")
        checked["indicator"] = tuple(tuple(flag(f"{stage}indicator", part) for part in row) for row in rows)
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    def learning_rate(self, step: int) -> float:
        """The learning rate of a step: rising linearly during the warm-up, then half a cosine down to nearly 0."""
        if step < self.warm_up:
            return self.rate * (step + 1) / self.warm_up
        done = (step - self.warm_up) / max(self.steps - self.warm_up, 1)
        return self.rate * (1 + math.cos(math.pi * done)) / 2


PAPER_WEIGHTS = (1.0, 0.5, 0.5)  # of the tasks, for P-Net and R-Net
PAPER_WEIGHTS_ONET = (1.0, 0.5, 1.0)

# Faces are also rotated by 10 degrees (standard deviation), which the paper does not do: few photos have tilted faces.
_P = SamplingConfig(random=60, beside=10, jittered=60, landmarks=20, turn=10.0)
_P_HARD = replace(_P, hardest=80, others=40)
_R = SamplingConfig(random=20, beside=5, jittered=30, landmarks=20, hardest=60, others=60, turn=10.0)
_O = SamplingConfig(random=10, beside=5, jittered=25, landmarks=25, hardest=40, others=40, turn=10.0)

_R_SHARES, _O_SHARES = (3, 1.3, 1, 1.7), (2.6, 1.4, 1, 2)


def _later_round(stage: TrainingStage) -> TrainingStage:
    """A later round: with the net's own hard negatives, and stronger augmentation."""
    return replace(stage, hard_negatives=True, downscale=0.25, cutout=0.2, mixup=0.25)


def _distilled(stage: TrainingStage) -> TrainingStage:
    """A last round: the teacher's answers for every crop, easy ones too, and for windows that half cover a face.

    Before it, R-Net separated faces from other windows as well as the teacher does (areas under the ROC curve .985 and
    .984, on validation photos), but was less sure of both, by .4 and .5 of a logit. Our guess at the reason: `keep` had
    shown it the hardest samples alone.
    """
    stage = _later_round(stage)
    return replace(stage, keep=1.0, distill_weight=1.0, distill_landmarks_weight=0.5, temperature=2.0, cutout=0.25,
                   random_crop=0.3)  # fmt: skip


# Trained as R-Net was in its last round, O-Net became surer but its landmarks worse. So its augmentation is milder, its
# landmarks weigh more, and its weights are averaged with those of the round before.
_O_LATE = replace(
    _distilled(
        TrainingStage("onet-4", "onet", _O, 14000, 256, 1.2e-3, (2.4, 1.8, 1.2, 2.2), (1.0, 4.0, 16.0)),
    ),
    distill_weight=0.9,
    distill_landmarks_weight=0.3,
    cutout=0.2,
    random_crop=0.15,
    weight_average=0.35,
    refit_landmark_head=True,
)
# By then net and teacher err on different faces, and each answers differently for a mirror image. The mean of both, one
# on each image, finds more faces and places landmarks better than either. So that mean teaches.
_O_ENSEMBLE = replace(_O_LATE, name="onet-5", steps=12000, distill_weight=0.85, distill_landmarks_weight=0.5,
                      ensemble_teacher=True)  # fmt: skip

STAGES = (
    TrainingStage("pnet-1", "pnet", _P, 4000, 1024, 4e-3, (3, 1, 1, 2), PAPER_WEIGHTS),
    # Hard negatives for P-Net, and more of them: when we tried it, half as many windows passed at the same recall.
    TrainingStage("pnet-2", "pnet", _P_HARD, 16000, 1024, 4e-3, (4, 1, 1, 1.5), PAPER_WEIGHTS, hard_negatives=True),
    # The third rounds. We replaced one net of the teacher's cascade at a time by ours, and boxes and scores separately,
    # to see where ours loses: most by R-Net's boxes, then by O-Net's and P-Net's scores. So the teacher counts more,
    # and boxes weigh more than in the paper.
    TrainingStage("pnet-3", "pnet", _P_HARD, 8000, 1024, 2e-3, (4, 1, 1, 1.5), (1.0, 1.0, 0.5), hard_negatives=True,
                  distill_weight=0.7),
    # More positives than 3 : 1, because most windows that P-Net proposes are negatives, and hard ones from the start.
    TrainingStage("rnet-1", "rnet", _R, 5000, 512, 2e-3, _R_SHARES, PAPER_WEIGHTS, downscale=0.25),
    TrainingStage("rnet-2", "rnet", _R, 6000, 512, 2e-3, _R_SHARES, PAPER_WEIGHTS, hard_negatives=True, downscale=0.25),
    _later_round(TrainingStage("rnet-3", "rnet", _R, 9000, 512, 1.5e-3, _R_SHARES, (1.0, 2.0, 0.5),
                               distill_weight=0.7)),
    _later_round(TrainingStage("rnet-4", "rnet", _R, 8000, 512, 1.2e-3, _R_SHARES, (1.0, 2.0, 0.5),
                               distill_weight=0.9)),
    _distilled(TrainingStage("rnet-5", "rnet", _R, 9000, 512, 1.5e-3, _R_SHARES, (1.0, 4.0, 0.5))),
    # O-Net is the largest and trains the longest. After its first round it missed faces that the teacher finds. Our
    # guess at the reason: too little variety in the photos. So stronger augmentation, and more weight for the teacher.
    # Boxes and landmarks weigh four times as much as in the paper. All of this came at once; what each change
    # contributes was not measured.
    TrainingStage("onet-1", "onet", _O, 12000, 256, 1.5e-3, _O_SHARES, PAPER_WEIGHTS_ONET, downscale=0.25),
    _later_round(TrainingStage("onet-2", "onet", _O, 8000, 256, 7.5e-4, _O_SHARES, (1.0, 2.0, 4.0),
                               distill_weight=0.7)),
    _later_round(TrainingStage("onet-3", "onet", _O, 9000, 256, 1e-3, _O_SHARES, (1.0, 2.0, 4.0),
                               distill_weight=0.85)),
    _O_LATE,
    _O_ENSEMBLE,
    # Its landmarks were learned on windows that are off the face by a tenth to a fifth of its size. The second look, at
    # a box that O-Net has corrected, is off by hardly a twentieth, and on such windows the teacher was better by a
    # tenth, though worse on the others. So half the jitter here. Landmarks improve in this round, scores do not: so the
    # weights of the round before have a larger share. The landmark head fits the average as it is; refitting it made
    # landmarks worse here.
    replace(_O_ENSEMBLE, name="onet-6", sampling=replace(_O, near=0.5), steps=10000, weights=(1.0, 4.0, 32.0),
            distill_landmarks_weight=0.3, downscale=0.2, cutout=0.1, random_crop=0.1, weight_average=0.6,
            refit_landmark_head=False),
    # A detector's landmarks are the mean of two looks at windows that the cascade chose. No round before trained for
    # that. More steps overfit the photos.
    replace(_O_ENSEMBLE, name="onet-7", landmark_finetuning=True, hard_negatives=False, steps=400, batch=2048,
            rate=3e-4, warm_up=40, weights=(6.0, 180.0, 1.0)),
)  # fmt: skip

# The stages for fine-tuning given weights on other photos: those in which labels count at least as much as a teacher.
# The others would pull a net back towards its teacher.
FINETUNING_STAGES = tuple(stage.name for stage in STAGES if stage.distill_weight <= 0.5)


def scaled(stages: Sequence[TrainingStage], steps: float = 1.0, rate: float = 1.0) -> tuple[TrainingStage, ...]:
    """The stages with fewer or more steps, and a lower or higher learning rate.

    Parameters
    ----------
    stages : sequence of TrainingStage
    steps : float
        Share of each stage's steps, above 0 and up to 1,000,000; a stage has at least one.
    rate : float
        Share of each stage's learning rate, above 0 and up to 1,000,000.

    Raises
    ------
    ValueError
        Where a share is not above 0, or too large.
    TypeError
        For a share that is no number, and for what are no stages.

    Examples
    --------
    >>> [stage.steps for stage in scaled(STAGES, steps=0.01)]
    [40, 160, 80, 50, 60, 90, 80, 90, 120, 80, 90, 140, 120, 100, 4]
    """
    steps = number("steps", steps, lambda share: 0 < share <= 1e6, "be a share above 0, at most 1,000,000")
    rate = number("rate", rate, lambda share: 0 < share <= 1e6, "be a share above 0, at most 1,000,000")
    instance("stages", stages, Sequence, "a sequence of TrainingStage")
    for k, stage in enumerate(stages):
        instance(f"stages[{k}]", stage, TrainingStage, "a TrainingStage")
    return tuple(
        replace(
            stage,
            steps=max(1, round(stage.steps * steps)),
            warm_up=round(stage.warm_up * min(steps, 1)),
            rate=stage.rate * rate,
        )
        for stage in stages
    )
