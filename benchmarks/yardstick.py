"""MTCNN detection written the plainest way, as most ports write it: what `Detector` is timed against.

The same nets, values, thresholds and NMS rules; what differs is how the work is laid out. Every pyramid level is
averaged from the full photo in float, memory is channel by channel (NCHW), and every crop for R-Net and O-Net is
rounded to whole pixels, cut, padded and resized by a call of its own.
"""

import copy

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from mtcnn_lite.boxes import Floats, clip_boxes, decode_offsets, landmarks_to_image, square_boxes
from mtcnn_lite.cascade.faces import Faces
from mtcnn_lite.nets import Nets, layers
from mtcnn_lite.nms import nms
from mtcnn_lite.pyramid import candidate_windows, level_size, pyramid_scales


def plain(nets: Nets) -> Nets:
    """A copy of the nets with torch's own layers, their weights in its default memory format."""
    copies = [copy.deepcopy(net).to(memory_format=torch.contiguous_format) for net in nets]
    for net in copies:
        for name, layer in net.named_children():
            if isinstance(layer, layers.MaxPool2d):
                setattr(net, name, nn.MaxPool2d(layer.size, layer.step, ceil_mode=True))
            elif isinstance(layer, layers.PReLU):
                own = nn.PReLU(layer.num_parameters)
                own.weight = layer.weight
                setattr(net, name, own)
    return Nets(*copies)


@torch.inference_mode()
def detect(
    nets: Nets,
    image: NDArray[np.uint8],
    min_face: float = 20,
    factor: float = 0.709,
    thresholds: tuple[float, float, float] = (0.6, 0.7, 0.7),
    overlaps: tuple[float, float, float, float] = (0.5, 0.7, 0.7, 0.7),
) -> Faces:
    """The faces in an RGB uint8 image (H, W, 3), best first; landmarks without the mirrored second look."""
    height, width = image.shape[:2]
    pixels = torch.from_numpy(image).permute(2, 0, 1).float().contiguous()[None]  # (1, 3, H, W)

    # P-Net on every level; NMS within it
    found = []
    for scale in pyramid_scales(height, width, min_face, factor):
        level = F.interpolate(pixels, size=level_size(height, width, scale), mode="area")  # (1, 3, h, w)
        said = nets.pnet((level - 127.5) / 128)
        face_map = said.score[0].numpy()  # (rows, columns)
        boxes = candidate_windows(face_map, scale, thresholds[0])
        cells = np.nonzero(face_map >= thresholds[0])
        scores, offsets = face_map[cells], said.offsets[0].permute(1, 2, 0).numpy()[cells]  # (N,), (N, 4)
        keep = nms(boxes, scores, overlaps[0])
        found.append((boxes[keep], scores[keep], offsets[keep]))
    if not found:
        return Faces(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros((0, 5, 2), np.float32))

    # NMS across levels, then P-Net's correction of each box
    boxes, scores, offsets = (np.concatenate(column) for column in zip(*found, strict=True))
    keep = nms(boxes, scores, overlaps[1])
    boxes = square_boxes(decode_offsets(boxes[keep], offsets[keep]))

    # R-Net: score, NMS, correct
    said = nets.rnet(crop(pixels, boxes, 24))
    scores, offsets = said.score.numpy(), said.offsets.numpy()
    keep = np.flatnonzero(scores >= thresholds[1])
    keep = keep[nms(boxes[keep], scores[keep], overlaps[2])]
    boxes = square_boxes(decode_offsets(boxes[keep], offsets[keep]))

    # O-Net: score, correct, NMS over the smaller box
    said = nets.onet(crop(pixels, boxes, 48))
    scores = said.score.numpy()
    points = landmarks_to_image(boxes, said.landmarks.numpy()) - 0.5  # landmarks count pixel centres
    boxes = decode_offsets(boxes, said.offsets.numpy())
    keep = np.flatnonzero(scores >= thresholds[2])
    keep = keep[nms(boxes[keep], scores[keep], overlaps[3], "iom")]
    return Faces(clip_boxes(boxes[keep], height, width), scores[keep], points[keep])


def crop(pixels: Tensor, boxes: Floats, size: int) -> Tensor:
    """Each box (N, 4), rounded, cut from the image (1, 3, H, W) and resized: (N, 3, size, size), -1 to 1.

    What lies outside the image is black.
    """
    height, width = pixels.shape[2:]
    crops = torch.zeros(len(boxes), 3, size, size)
    for k, (x1, y1, x2, y2) in enumerate(boxes.round().astype(int).tolist()):
        inside = pixels[:, :, max(y1, 0) : max(y2, 0), max(x1, 0) : max(x2, 0)]
        if inside.numel():
            edges = (max(-x1, 0), max(x2 - width, 0), max(-y1, 0), max(y2 - height, 0))
            crops[k] = F.interpolate(F.pad(inside, edges), size=(size, size), mode="area")[0]
    return (crops - 127.5) / 128
