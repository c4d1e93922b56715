"""Chapter 08's experiment under other conditions: does training on the hardest losses still pay?

python benchmarks/mining.py              # a minute or two

Trains the chapter's nets, eight seeds at a time, and prints for each share that is kept the part of unseen face windows
found at 1% false positives, and its paired difference from training on all.
"""

import argparse
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from mtcnn_lite.course.evidence import paired
from mtcnn_lite.course.mining_trials import RATE, at_random, hardest, recall, train, two_passes, windows

SHARES = (1.0, 0.7, 0.3)
TRIALS: dict[str, dict[str, Any]] = {  # what differs from the chapter
    "as in the chapter": {},
    "batches of 64, 400 steps": {"size": 64, "rate": 0.002, "at": (50, 400)},
    "60% faces in each batch": {"faces": 0.6},
    "twice the learning rate": {"rate": 2 * RATE},
}


def trial(
    keep: float, at: Sequence[int] = (40, 160), size: int = 32, faces: float = 0.25, rate: float = RATE
) -> np.ndarray[Any, Any]:
    """What eight nets find after so many steps, (len(at), 8); `keep` 0 stands for the OHEM paper's two passes."""
    pick, choose = (at_random(size, faces), hardest(keep)) if keep else (two_passes(size=size), hardest(1.0))
    nets = train(windows(), choose, at, pick=pick, rate=rate)
    return np.array([recall(each, windows("held_out")) for each in nets])


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", nargs="+", choices=TRIALS, default=list(TRIALS))
    parser.add_argument("--steps", nargs="+", type=int, help="measure after so many, in place of each trial's own")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    for name in options.trials:
        settings = TRIALS[name] | ({"at": options.steps} if options.steps else {})
        at, everything = settings.get("at", (40, 160)), None
        for keep in (*SHARES, 0.0):
            reached = trial(keep, **settings)
            everything = reached if everything is None else everything
            says = f"keep {keep:.1f}" if keep else "two passes"
            for mark, one, other in zip(at, reached, everything, strict=True):
                print(f"{name}, {says}, {mark:3} steps: {one.mean():.3f}, minus all {paired(one, other)}", flush=True)


if __name__ == "__main__":
    main()
