"""How each net is trained: every number in one place, with the paper's value beside each departure from it.

Zhang et al. 2016 give the task weights, the share of hard samples and the IoU bounds between the kinds
(`SamplingConfig`), but not the optimiser, the batch size or the number of steps. Those are ours.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from mtcnn_lite.arguments import flag, instance, number, numbers, one_of, shown, whole
from mtcnn_lite.net_names import NET_NAMES
from mtcnn_lite.sampling.config import SamplingConfig
from mtcnn_lite.training.augmentation import Augmentation

Indicator = tuple[tuple[bool, bool, bool], ...]

# Which kinds (rows, as in sampling.KINDS) teach which tasks (detection, box, landmark). In the paper, landmark samples
# teach landmarks alone. Ours have boxes of the same sort as WIDER FACE's, so they teach the other two tasks as well.
INDICATOR: Indicator = ((True, False, False), (True, True, False), (False, True, False), (True, True, True))
PAPER_INDICATOR: Indicator = (*INDICATOR[:3], (False, False, True))

WARM_UP = 200  # steps in which the learning rate rises, a tenth of a stage's steps at most
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
        Steps, samples in a batch, highest learning rate; the optimiser is AdamW. The paper gives none of them.
    shares : four numbers
        Negatives : positives : part faces : landmark samples in each batch (3 : 1 : 1 : 2 in implementations of the
        paper).
    weights : three numbers
        Of the detection, box and landmark loss (paper: 1 : .5 : .5, and 1 : .5 : 1 for O-Net).
    keep : float
        Share of the detection losses that count, the hardest ones (paper: 0.7).
    distill_weight : float
        Share of the teacher's probability and box in the targets, where a run has a teacher; the rest is the label's.
        The paper has no teacher.
    distill_landmarks_weight : float
        Share of the teacher's landmarks in the targets of faces with labelled ones. Faces without learn the teacher's.
    hard_negatives : bool
        Draw the negatives that the net itself is most wrong about so far; needs an earlier stage of this net. (Paper:
        R-Net's and O-Net's are those that the nets before let through, as here in every stage.)
    augmentation : Augmentation
        How the crops are changed.
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
    distill_weight: float = 0.0
    distill_landmarks_weight: float = 0.0
    hard_negatives: bool = False
    augmentation: Augmentation = field(default_factory=Augmentation)
    landmark_finetuning: bool = False
    indicator: Indicator = INDICATOR

    def __post_init__(self) -> None:
        instance("name", self.name, str, "a stage's name, such as 'pnet-1'")
        stage = f"{shown(self.name)[1:-1]}: "  # what a message begins with
        one_of(f"{stage}net", self.net, NET_NAMES)
        instance(f"{stage}sampling", self.sampling, SamplingConfig, "a SamplingConfig")
        instance(f"{stage}augmentation", self.augmentation, Augmentation, "an Augmentation")
        checked: dict[str, object] = {}
        for name in ("steps", "batch"):
            checked[name] = whole(f"{stage}{name}", getattr(self, name), 1)
        checked["rate"] = number(f"{stage}rate", self.rate, lambda v: 0 < v < math.inf, "be above 0")
        checked["keep"] = number(f"{stage}keep", self.keep, lambda keep: 0 < keep <= 1, "be above 0 and up to 1")
        for name in ("distill_weight", "distill_landmarks_weight"):
            checked[name] = number(f"{stage}{name}", getattr(self, name), lambda v: 0 <= v <= 1, "be from 0 to 1")
        for name in ("hard_negatives", "landmark_finetuning"):
            checked[name] = flag(f"{stage}{name}", getattr(self, name))
        for name, count in (("shares", 4), ("weights", 3)):
            row = numbers(f"{stage}{name}", getattr(self, name), count, lambda v: 0 <= v < math.inf, "of 0 or more")
            checked[name] = row
            if not 0 < sum(row) < math.inf:
                raise ValueError(f"{stage}{name} is {row}; they may not all be 0")
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
        """The learning rate of a step (`learning_rate`)."""
        return learning_rate(step, self.steps, self.rate, min(WARM_UP, self.steps // 10))


def learning_rate(step: int, steps: int, peak: float, warm_up: int) -> float:
    """The learning rate of one step: rising linearly during the warm-up, then half a cosine down to nearly 0.

    Parameters
    ----------
    step : int
        Its number, from 0.
    steps : int
        How many there are.
    peak : float
        The highest rate.
    warm_up : int
        Steps in which the rate rises.

    Examples
    --------
    >>> [round(learning_rate(step, 6, 0.4, 2), 3) for step in range(6)]
    [0.2, 0.4, 0.4, 0.341, 0.2, 0.059]
    """
    if step < warm_up:
        return peak * (step + 1) / warm_up
    return peak * (1 + math.cos(math.pi * (step - warm_up) / (steps - warm_up))) / 2


PAPER_WEIGHTS = (1.0, 0.5, 0.5)  # of the tasks, for P-Net and R-Net
PAPER_WEIGHTS_ONET = (1.0, 0.5, 1.0)
PAPER_SHARES = (3, 1, 1, 2)  # of implementations; the paper gives none

# Faces are also rotated by 10 degrees (standard deviation), which the paper does not do: few photos have tilted faces.
_P = SamplingConfig(random=60, beside=10, jittered=60, landmarks=20, turn=10.0)
_R = SamplingConfig(random=20, beside=5, jittered=30, landmarks=20, hardest=60, others=60, turn=10.0)
_O = SamplingConfig(random=10, beside=5, jittered=25, landmarks=25, hardest=40, others=40, turn=10.0)

# P-Net has more of them: of the three it is the one that misses faces in the dark.
_POOR_CAMERAS = Augmentation(noise=0.05, darken=0.05, compress=0.05)
_POOR_CAMERAS_PNET = Augmentation(noise=0.08, darken=0.08, compress=0.08)

_P1 = TrainingStage("pnet-1", "pnet", _P, 8000, 1024, 4e-3, (4, 1, 1, 1.5), (1.0, 1.0, 0.5), keep=1.0,
                    distill_weight=0.9, augmentation=_POOR_CAMERAS_PNET)  # fmt: skip
_R1 = TrainingStage("rnet-1", "rnet", _R, 16000, 512, 2e-3, (3, 1.3, 1, 1.7), (1.0, 2.0, 0.5), keep=1.0,
                    distill_weight=0.9, augmentation=_POOR_CAMERAS)  # fmt: skip
_O1 = TrainingStage("onet-1", "onet", _O, 20000, 256, 1.5e-3, (2.6, 1.4, 1, 2), (1.0, 4.0, 16.0), keep=1.0,
                    distill_weight=0.9, distill_landmarks_weight=0.3, augmentation=_POOR_CAMERAS)  # fmt: skip
STAGES = (
    _P1,
    replace(_P1, name="pnet-2", sampling=replace(_P, hardest=80, others=40), steps=40000, hard_negatives=True),
    _R1,
    replace(_R1, name="rnet-2", steps=32000, hard_negatives=True),
    _O1,
    replace(_O1, name="onet-2", steps=50000, hard_negatives=True),
    # A detector's landmarks are the mean of two looks at windows that the cascade chose. No stage before trained for
    # that. More steps overfit the photos.
    replace(_O1, name="onet-3", landmark_finetuning=True, steps=400, batch=2048, rate=3e-4, weights=(6.0, 180.0, 1.0)),
)  # fmt: skip

# The stages for fine-tuning given weights on other photos: those in which a net meets its own mistakes.
FINETUNING_STAGES = tuple(stage.name for stage in STAGES if stage.hard_negatives)


def paper() -> tuple[TrainingStage, ...]:
    """The plan with the paper's choices alone: a stage a net, labels without a teacher, crops as they are.

    What the paper does not give (steps, batch, rate, windows a photo) is as in `STAGES`; a net has the steps of its
    stages together.
    """
    stages = []
    for net in NET_NAMES:
        of_net = [stage for stage in STAGES if stage.net == net and not stage.landmark_finetuning]
        stages.append(
            replace(
                of_net[0],
                name=net,
                sampling=replace(of_net[0].sampling, turn=0.0),
                steps=sum(stage.steps for stage in of_net),
                shares=PAPER_SHARES,
                weights=PAPER_WEIGHTS_ONET if net == "onet" else PAPER_WEIGHTS,
                keep=0.7,
                distill_weight=0.0,
                distill_landmarks_weight=0.0,
                augmentation=Augmentation(),
                indicator=PAPER_INDICATOR,
            )
        )
    return tuple(stages)


def scaled(stages: Sequence[TrainingStage], steps: float = 1.0, rate: float = 1.0) -> tuple[TrainingStage, ...]:
    """The stages with fewer or more steps, and a lower or higher learning rate.

    Under a tenth of the steps batches shrink as well, down to an eighth, so that a trial of all stages takes minutes.

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
    >>> [(stage.steps, stage.batch) for stage in scaled(paper(), steps=0.05)]
    [(2400, 256), (2400, 128), (3500, 64)]
    """
    steps = number("steps", steps, lambda share: 0 < share <= 1e6, "be a share above 0, at most 1,000,000")
    rate = number("rate", rate, lambda share: 0 < share <= 1e6, "be a share above 0, at most 1,000,000")
    instance("stages", stages, Sequence, "a sequence of TrainingStage")
    for k, stage in enumerate(stages):
        instance(f"stages[{k}]", stage, TrainingStage, "a TrainingStage")
    batch = min(1.0, max((10 * steps) ** 2, 0.125))
    return tuple(
        replace(
            each,
            steps=max(1, round(each.steps * steps)),
            batch=max(1, round(each.batch * batch)),
            rate=each.rate * rate,
        )
        for each in stages
    )
