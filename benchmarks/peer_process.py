"""The other end of peer_worker.py: a detector in a process of its own, asked about one photo at a time."""

import json
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtcnn_lite import Faces

OURS, NOT_MIRRORED, ONNX = "mtcnn_lite", "mtcnn_lite, not mirrored", "mtcnn_lite, onnx"
THRESHOLDS = (0.6, 0.7, 0.7)  # of the authors' demo
WORKER = Path(__file__).with_name("peer_worker.py")
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


class Missing(Exception):
    """A detector that can't be asked here; the message says why."""


@dataclass(frozen=True, eq=False)
class Answer:
    """What a detector found in one photo, and the seconds of its call; `failed` says why there is nothing."""

    faces: Faces
    cpu: float = float("nan")
    wall: float = float("nan")
    failed: str = ""


class Process:
    """A package of peer_worker.PACKAGES, run by the interpreter `python` and called `name`. Starts at once; `wait`
    before asking.
    """

    def __init__(self, name: str, package: str, python: str, threads: int) -> None:
        self.name = name
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process; closed by close()
        self.about: dict[str, Any] = {}
        environment = os.environ | dict.fromkeys(THREADS, str(threads))
        command = [python, str(WORKER), package, str(threads)]
        try:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, env=environment
            )
        except OSError as error:
            raise Missing(f"{python}: {error.strerror}") from None

    def wait(self) -> None:
        """Until the package is loaded. Raises Missing where it can't be."""
        self.about = self._answer()
        if "failed" in self.about:
            raise Missing(self.about["failed"])

    def detect(self, photo: NDArray[np.uint8], min_face: float, thresholds: tuple[float, ...]) -> Answer:
        """Ask about a photo, RGB uint8 (H, W, 3). A process that has died answers too: `failed` says of what."""
        request = {"shape": photo.shape, "min_face": min_face, "thresholds": thresholds}
        pipe = self.process.stdin
        assert pipe is not None
        try:
            pipe.write(json.dumps(request).encode() + b"\n" + photo.tobytes())
            pipe.flush()
        except OSError:
            pass  # it has died; _answer says so
        answer = self._answer()
        if "failed" in answer:
            return Answer(faces_of([], [], []), failed=answer["failed"])
        found = faces_of(answer["boxes"], answer["scores"], answer["landmarks"])
        return Answer(found, answer["cpu"], answer["wall"])

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.communicate()
        self.errors.close()

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if line:
            return json.loads(line)
        code = self.process.wait()
        self.errors.seek(0)
        said = self.errors.read().decode(errors="replace").strip().splitlines() or ["no message"]
        return {"failed": f"the process ended with status {code}: {said[-1]}"}


def faces_of(boxes: Any, scores: Any, landmarks: Any) -> Faces:
    """Lists as Faces, in their order."""
    shapes = {"boxes": (-1, 4), "scores": (-1,), "landmarks": (-1, 5, 2)}
    columns = zip((boxes, scores, landmarks), shapes.values(), strict=True)
    return Faces(*(np.asarray(values, np.float32).reshape(shape) for values, shape in columns))
