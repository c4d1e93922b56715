"""Folders of weights with one damaged file: the same nets and thresholds, or a WeightsError that names the file."""

import json
import struct
import tempfile
from pathlib import Path

import numpy as np

from fuzzing.outcomes import damaged, unclear
from mtcnn_lite.nets import Nets
from mtcnn_lite.weights import (
    SHIPPED,
    WeightsError,
    load_weights,
    nets_of,
    save_thresholds,
    save_weights,
    thresholds_of,
)

ODD = (None, -1, 2**63, 2**70, 1.5, "F64", "I8", "x" * 999, [], {}, [3, -1], [2**40, 2**40], True)


def run(cases: int, seed: int) -> list[str]:
    """Damage one file of a folder in bytes or in its header, `cases` times, and load the folder."""
    rng = np.random.default_rng(seed)
    found = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        save_weights(nets_of(SHIPPED), folder)
        files = sorted(folder.glob("*.safetensors"))
        whole = {path: path.read_bytes() for path in files}
        for case in range(cases):
            path = files[rng.integers(len(files))]
            path.write_bytes(_odd_header(whole[path], rng) if rng.random() < 0.5 else damaged(whole[path], rng))
            wrong = unclear(lambda: load_weights(folder), WeightsError, path.name, lambda nets: isinstance(nets, Nets))
            if wrong:
                found.append(f"weights, case {case}, {path.name}: {wrong}")
            path.write_bytes(whole[path])
        save_thresholds(folder, (0.5, 0.6, 0.53), {"rule": "none"})
        path = folder / "thresholds.json"
        content = path.read_bytes()
        for case in range(cases // 4):
            path.write_bytes(_odd_thresholds(content, rng) if rng.random() < 0.5 else damaged(content, rng))
            wrong = unclear(lambda: thresholds_of(folder), WeightsError, path.name, _are_thresholds)
            if wrong:
                found.append(f"thresholds, case {case}: {wrong}")
    return found


def _are_thresholds(values: tuple[float, ...]) -> bool:
    return len(values) == 3 and all(type(value) is float and 0 <= value <= 1 for value in values)


def _odd_thresholds(content: bytes, rng: np.random.Generator) -> bytes:
    """A thresholds.json with something odd at one place."""
    stated = json.loads(content)
    value = ODD[rng.integers(len(ODD))]
    if rng.random() < 0.5:
        stated[list(stated)[rng.integers(len(stated))]] = value
    else:
        stated["thresholds"][("pnet", "rnet", "onet", "net")[rng.integers(4)]] = value
    return json.dumps(stated).encode()


def _odd_header(content: bytes, rng: np.random.Generator) -> bytes:
    """A safetensors file whose JSON header says something odd of one tensor."""
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    key = list(header)[rng.integers(len(header))]
    value = ODD[rng.integers(len(ODD))]
    what = rng.integers(4)
    if what == 0:
        header[key] = value
    elif what == 1:
        del header[key]
    elif what == 2:
        header[f"{key}2"] = header.pop(key)
    else:
        header[key][list(header[key])[rng.integers(len(header[key]))]] = value
    text = json.dumps(header).encode()
    said = length if rng.random() < 0.2 else len(text)
    return struct.pack("<Q", said) + text + content[8 + length :]
