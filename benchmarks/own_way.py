"""What the cascade does its own way, beside the authors' way: R-Net's NMS after the move, and the second look.

python benchmarks/own_way.py ../shared/faces/validation                      # the authors' values
python benchmarks/own_way.py ../shared/faces/validation --weights mtcnn_lite

First, R-Net's NMS: on windows where they stand, at 0.7, as in the authors' code, and on boxes that R-Net has moved, at
several overlaps; and the cascade as it is, but with one look of O-Net. Then the landmarks of one look, with a second
look at the mirror image of the same window (the authors' way), and with one at the mirror image of the settled box.
"""

import argparse
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import torch
from tqdm import tqdm

from mtcnn_lite import Detector
from mtcnn_lite.boxes import Floats, decode_offsets, landmarks_to_image, square_boxes
from mtcnn_lite.cascade.faces import Faces
from mtcnn_lite.cascade.record import Stage
from mtcnn_lite.cascade.trace import Trace
from mtcnn_lite.coordinates import PIXEL_CENTRE
from mtcnn_lite.datasets import read_dataset
from mtcnn_lite.evaluation import judge
from mtcnn_lite.evaluation.landmarks import landmark_errors
from mtcnn_lite.nms import nms
from mtcnn_lite.runtime.inference import score_windows

LOW = (0.3, 0.1, 0.05)
AUTHORS = "NMS at 0.7, then move"
OVERLAPS = (0.7, 0.75, 0.8, 0.85, 0.9)


def orders(trace: Trace) -> dict[str, tuple[Faces, int]]:
    """The faces, and the number of windows that O-Net saw, by the order and overlap of R-Net's NMS."""
    passing, (within, across, _, last) = trace.rnet["above threshold"], trace.settings.nms
    kept = passing.select(nms(passing.boxes, passing.scores, 0.7))
    windows = kept.with_(boxes=square_boxes(decode_offsets(kept.boxes, kept.offsets)))
    found = {AUTHORS: (trace.run.faces(trace.run.decide(windows, trace.levels, trace.settings)), len(windows))}
    for overlap in OVERLAPS:
        again = trace.rerun(nms=(within, across, overlap, last))
        found[f"move, then NMS at {overlap}"] = again.faces, again.onet.windows
    return found | {"as it is, one look": (one_look(trace), trace.onet.windows)}


def one_look(trace: Trace) -> Faces:
    """The faces without O-Net's second look: NMS drops boxes for better ones only, so that the threshold may follow."""
    first = trace.onet["nms"]
    passing = first.select(first.scores >= trace.settings.thresholds[2])
    return trace.run.faces(Stage("onet", trace.onet.windows, {"nms": passing}))


def looks(detector: Detector, trace: Trace) -> dict[str, Faces]:
    """The faces with the landmarks of one look, of two in the authors' way, and of two in ours."""
    boxes = trace.onet["scored"].boxes[trace.onet.rows]  # (N, 4): the windows of the first look
    one: Floats = trace.onet["scored"].points[trace.onet.rows]
    both = one
    if len(boxes):
        _, _, said = score_windows(detector.engine, "onet", [(trace.run.halved, boxes)], mirror=True)
        both = (one + landmarks_to_image(boxes, said) - PIXEL_CENTRE) / 2
    points = {"one look": one, "and the same window's mirror image": both}
    return {name: replace(trace.faces, landmarks=each) for name, each in points.items()} | {
        "and the settled box's": trace.faces
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", default="zhang2016")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    detector = Detector(options.weights)
    low, usual, windows, points = defaultdict(list), defaultdict(list), defaultdict(list), defaultdict(list)
    for photo in tqdm(read_dataset(options.data), options.weights):
        trace = detector.trace(photo.image())
        at_low = trace.rerun(thresholds=LOW)
        if photo.complete:
            for way, (faces, _) in orders(at_low).items():
                low[way].append((faces, photo))
            for way, (faces, count) in orders(trace).items():
                usual[way].append((faces, photo))
                windows[way].append(count)
        else:
            for way, faces in looks(detector, at_low).items():
                points[photo.dataset, way].append((faces, photo))

    print(f"{options.weights}; AP and landmarks at thresholds {LOW}, the rest at {detector.settings.thresholds}")
    print(f"{'R-Net':24} {'AP >= 12':>9} {'AP >= 20':>9} {'recall >= 20':>13} {'precision':>10} {'O-Net looks':>12}")
    for way, count in windows.items():
        curves = [judge(low[way], side).average_precision for side in (12, 20)]
        at_usual = judge(usual[way], 20)
        print(f"{way:24} {curves[0]:9.4f} {curves[1]:9.4f} {at_usual.recall():13.4f} {at_usual.precision():10.4f} "
              f"{sum(count) / len(count):12.1f}")  # fmt: skip
    print("\nlandmarks, mean error")
    for (dataset, way), pairs in points.items():
        print(f"{dataset:22} {way:36} {landmark_errors(pairs)[0].mean():.4f}")


if __name__ == "__main__":
    main()
