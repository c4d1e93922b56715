"""Chapter 08's experiment under other conditions: does training on the hardest losses still pay?

python benchmarks/mining.py              # about five minutes

Runs the chapter's own cells up to the experiment, each time with one line changed, and prints the share of unseen face
windows found at 1% false positives: the mean of three seeds, and each.
"""

import argparse
import io
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import jupytext
import numpy as np

CHAPTER = Path(__file__).parents[1] / "notebooks" / "source" / "08_hard_mining.py"
SEEDS = (0, 1, 2)
# What is changed, from what to what, and the shares kept that are compared.
TRIALS: dict[str, tuple[dict[str, str], tuple[float, ...]]] = {
    "as in the chapter": ({}, (1.0, 0.7, 0.3)),
    "800 steps, twice the batch": ({"size=64": "size=128", "MARKS = (50, 100, 200, 400)": "MARKS = (400, 800)"},
                                   (1.0, 0.7, 0.3)),
    "60% faces in each batch": ({"faces=0.25": "faces=0.6"}, (1.0,)),
    "twice the learning rate": ({"lr=0.002": "lr=0.004"}, (1.0, 0.7, 0.3)),
}  # fmt: skip


def chapter(changes: dict[str, str]) -> dict[str, Any]:
    """What the chapter's cells up to `curve` define, with each change made in the one place where it applies."""
    cells = [cell.source for cell in jupytext.read(CHAPTER, fmt="py:percent").cells if cell.cell_type == "code"]
    last = next(k for k, cell in enumerate(cells) if "def curve(" in cell)
    code = "\n\n".join(cell for cell in cells[: last + 1] if "plt." not in cell or "import" in cell)
    for old, new in changes.items():
        if code.count(old) != 1:
            raise ValueError(f"the chapter has {old!r} {code.count(old)} times; it must be there once to be changed")
        code = code.replace(old, new)
    names: dict[str, Any] = {}
    with redirect_stdout(io.StringIO()):  # what the cells print is in the chapter
        exec(compile(code, str(CHAPTER), "exec"), names)
    return names


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", nargs="+", choices=TRIALS, default=list(TRIALS))
    options = parser.parse_args(arguments)
    for name in options.trials:
        changes, keeps = TRIALS[name]
        names = chapter(changes)
        for keep in keeps:
            found = np.array([names["curve"](seed, keep) for seed in SEEDS])  # (seeds, marks)
            for mark, shares in zip(names["MARKS"], found.T, strict=True):
                each = ", ".join(f"{share:.2f}" for share in shares)
                print(f"{name}, keep {keep:.1f}, {mark:3} steps: {shares.mean():.2f}  ({each})", flush=True)


if __name__ == "__main__":
    main()
