"""How long each detector takes on composed photos: the half of peers.py that needs no labels."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from peer_process import NOT_MIRRORED, ONNX, OURS, THRESHOLDS, Process
from photos import compose

CLOCKS = ("cpu", "wall")
RATIOS = {"ratio": OURS, "ratio_not_mirrored": NOT_MIRRORED, "ratio_onnx": ONNX}
SETTLE = 0.05  # seconds between two runs: threads that wait for work spin for a while after a call
BARS = {"facenet-pytorch": 0.25}  # at most this share of its time
BAR = 0.5  # and of any other's


def measure(processes: Sequence[Process], wide: int, high: int, min_face: float, photos: int, rounds: int) -> dict:
    """The seconds (photos * rounds, 2: CPU and wall) and the faces of each detector; the first round is a warm-up."""
    seconds: dict[str, list[list[float]]] = {process.name: [] for process in processes}
    faces, failed = dict.fromkeys(seconds, 0), dict.fromkeys(seconds, "")
    # In an order drawn anew each round: who comes before leaves the processor's caches and clock in another state.
    order = np.random.default_rng(0)
    for seed in range(photos):
        photo = compose(wide, high, seed)
        for run in range(-1, rounds):
            for process in order.permutation(np.array(processes, object)):
                answer = process.detect(photo, min_face, THRESHOLDS)
                time.sleep(SETTLE)
                failed[process.name] = failed[process.name] or answer.failed
                if run >= 0:
                    seconds[process.name].append([answer.cpu, answer.wall])
                else:
                    faces[process.name] += len(answer.faces)
    result: dict[str, Any] = {"size": f"{wide}x{high}", "min_face": min_face, "runs": photos * rounds, "detectors": {}}
    for name, own in seconds.items():
        times = np.array(own)
        entry: dict[str, Any] = {"faces": faces[name], "failed": failed[name]}
        entry |= {f"{clock}_ms": spread(times[:, k] * 1e3) for k, clock in enumerate(CLOCKS)}
        # The time of a detector that gave up says nothing.
        if name not in RATIOS.values() and not failed[name] and (faces[name] or not faces[OURS]):
            for title, mine in RATIOS.items():
                if not seconds.get(mine) or failed[mine]:
                    continue
                ratios = np.array(seconds[mine]) / times
                entry[title] = {clock: spread(ratios[:, k]) for k, clock in enumerate(CLOCKS)}
        result["detectors"][name] = entry
    return result


def spread(values: np.ndarray) -> dict[str, float]:
    """Median, least and greatest."""
    found = {"median": np.median(values), "min": values.min(), "max": values.max()}
    return {name: round(float(value), 4) for name, value in found.items()}


def table(results: Sequence[dict[str, Any]]) -> str:
    """The speed as text: a block for each size and min face, a row for each detector."""
    lines = []
    for result in results:
        lines += [
            f"{result['size']}, min face {result['min_face']:g}, {result['runs']} runs",
            f"{'':<26} {'faces':>5} {'CPU ms (least)':>15} {'wall ms (least)':>15}  "
            f"{'ours/its, CPU':<17}  {'wall':<17}  {'not mirrored, CPU':<17}  {'wall':<17}  {'onnx, CPU':<17}  wall",
        ]
        for name, found in result["detectors"].items():
            row = f"{name:<26} {found['faces']:>5}"
            for clock in CLOCKS:
                ms = found[f"{clock}_ms"]
                row += f"{ms['median']:.0f} ({ms['min']:.0f})".rjust(16)
            for title in RATIOS:
                for clock in CLOCKS:
                    if title in found:
                        r = found[title][clock]
                        row += f"  {r['median']:.2f} ({r['min']:.2f}..{r['max']:.2f})".ljust(19)
            if "ratio" not in found and name not in RATIOS.values():
                row += f"  no ratio: {found['failed'] or 'it finds no face'}"
            lines.append(row.rstrip())
        lines.append("")
    return "\n".join(lines)


def verdicts(results: Sequence[dict[str, Any]]) -> list[str]:
    """The worst median of each peer, over sizes, min faces and both clocks, against its bar."""
    lines = []
    for name in results[0]["detectors"] if results else []:
        found = [(result, result["detectors"][name]["ratio"]) for result in results
                 if "ratio" in result["detectors"][name]]  # fmt: skip
        cases = [(ratio[clock]["median"], f"{clock}, {result['size']}, min face {result['min_face']:g}")
                 for result, ratio in found for clock in CLOCKS]  # fmt: skip
        if cases:
            worst, where = max(cases)
            bar = BARS.get(name, BAR)
            held = "held" if worst <= bar else "NOT held"
            lines.append(f"at most {bar} of {name}'s time: {worst:.2f} at the worst ({where}): {held}")
    return lines
