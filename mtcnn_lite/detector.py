"""`Detector`: a cascade, or a one-pass net, with its settings: for one photo, many, or a record of every step."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from os import PathLike
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from mtcnn_lite.arguments import is_tensor, shown
from mtcnn_lite.cascade.answers import Answers
from mtcnn_lite.cascade.faces import Faces
from mtcnn_lite.cascade.hooks import Hooks
from mtcnn_lite.cascade.record import NMSOverlaps, Settings
from mtcnn_lite.cascade.trace import Trace, detect_together
from mtcnn_lite.images import Pixels, as_batch, as_rgb, photos_in, read_image
from mtcnn_lite.onepass.making import onepass_of
from mtcnn_lite.onepass.trace import OnePassAnswers, OnePassTrace, detect_onepass
from mtcnn_lite.onepass.weights import is_onepass
from mtcnn_lite.runtime.batching import batches, numbered
from mtcnn_lite.runtime.inference import Engine
from mtcnn_lite.runtime.parallel import imap, warm_up
from mtcnn_lite.weights import SHIPPED
from mtcnn_lite.weights.engines import engine_of

if TYPE_CHECKING:
    from mtcnn_lite.nets import Nets
    from mtcnn_lite.onepass.model import OnePassNet

FACTOR, NMS = 0.709, NMSOverlaps(0.5, 0.7, 0.8, 0.7)  # a cascade's


class Detector:
    """A face detector: `Detector().detect(image)`.

    Parameters
    ----------
    weights : str, path, Nets or OnePassNet
        "mtcnn_lite" (those that ship), "zhang2016" (the authors' values, from the installed package `mtcnn`), a folder
        written by `save_weights` or by `mtcnn-lite export`, or the nets themselves. For a one-pass detector (see Notes)
        "onepass", a folder written by `onepass.weights.save_onepass`, or the net.
    min_face : float
        Side, in pixels, of the smallest face to look for; 12 or more. Time goes with 1 / min_face^2.
    factor : float
        Ratio of a pyramid level to the one before, above 0 and at most 0.999. Levels take memory and time with
        1 / (1 - factor^2): twice the largest level's at 0.709, ten times at 0.95. `detect` refuses a pyramid of over
        1000 levels, and one of over 500 megapixels that is also over four times the image.
    thresholds : three numbers from 0 to 1, or None
        Lowest probability that passes P-Net, R-Net, O-Net; None for those that suit the weights, as the
        thresholds.json in their folder says (`weights.thresholds_of`). `detector.settings.thresholds.onet` reads one.
    nms : four numbers from 0 to 1
        Overlap allowed within a level, across levels, after R-Net (IoU), and after O-Net (over the smaller box).
    mirror : bool
        O-Net looks at each face a second time, at the mirror image of the box that its first look ended with; score
        and landmarks are the mean of both looks.
    engine : "auto", "torch" or "onnx"
        What computes the nets. "onnx", ONNX Runtime, does without torch; it takes the shipped weights or an export. Its
        boxes are within 0.01 px of torch's for 19 faces of 20 (docs/engines.md). "auto": torch where it is installed,
        but for an export.
    device : "cpu", "cuda", "mps" or "auto"
        Where the nets are computed; "auto" is a GPU where there is one. "onnx" takes "cuda" where
        onnxruntime-gpu is installed.

    Raises
    ------
    ValueError
        For a setting out of its range, an engine that is not installed, and a device that is not there.
    TypeError
        For a setting of another type. Numbers may be NumPy's and torch's too; True and False are none.
    WeightsError
        For weights that are missing, don't fit, or are for the other engine.

    Notes
    -----
    With one-pass weights the calls are the same, `model` is "onepass", and `trace` gives a `OnePassTrace`. `min_face`
    says at which size the net sees the photo: its own for 20, half of it for 40. `thresholds` is one number; `nms` is
    one IoU (0.4 by default), or "soft" for Soft-NMS. `factor`, `mirror` and `swap` are for cascades alone. The engine
    is torch, of an export ONNX Runtime.

    Threads may share a detector, and it can be pickled. Processes may be forked before and after it is made, but not
    while another thread detects: such a child can wait for ever for a lock, as it can with torch alone.

    Examples
    --------
    >>> Detector(min_face=40, thresholds=(0.6, 0.7, 0.7)).settings.nms.within_level
    0.5
    """

    def __init__(
        self,
        weights: str | PathLike[str] | Nets | OnePassNet = SHIPPED,
        min_face: float = 20,
        factor: float = FACTOR,
        thresholds: Sequence[float] | float | None = None,
        nms: Sequence[float] | float | str = NMS,
        mirror: bool = True,
        engine: str = "auto",
        device: str = "cpu",
    ) -> None:
        self.model, self.hooks = "cascade", Hooks()
        if is_onepass(weights):
            self._be_onepass(weights, min_face, factor, thresholds, nms, mirror, engine, device)
        else:
            self.engine, suited = engine_of(weights, engine, device)  # type: ignore[arg-type]  # no OnePassNet
            passed = suited() if thresholds is None else thresholds
            self.settings = Settings(min_face, factor, passed, nms, mirror)  # type: ignore[arg-type]  # makes them named
        warm_up()

    def _be_onepass(self, weights: Any, min_face: float, factor: float, thresholds: Any, nms: Any, mirror: bool,
                    engine: str, device: str) -> None:  # fmt: skip
        """For type checkers `engine`, `settings` and `trace` stay a cascade's, which they are in most programs."""
        self.model = "onepass"
        made, settings = onepass_of(weights, min_face, thresholds, None if nms is NMS else nms, engine, device,
                                    factor=(factor, FACTOR), mirror=(mirror, True))  # fmt: skip
        self.engine, self.settings = cast(Engine, made), cast(Settings, settings)

    @property
    def nets(self) -> Nets:
        """The nets themselves, on the CPU. AttributeError with the engine "onnx", which has none of torch's, and for a
        one-pass detector, whose one net is `detector.engine.net`."""
        if self.model == "onepass":
            raise AttributeError("a one-pass detector has one net, detector.engine.net; nets are a cascade's")
        nets: Nets | None = getattr(self.engine, "nets", None)
        if nets is None:
            raise AttributeError('a detector with the engine "onnx" has no nets of torch; one with engine="torch" has')
        return nets

    def detect(self, image: NDArray[np.uint8]) -> Faces:
        """The faces in an RGB uint8 image (H, W, 3), best first; none where the image's shorter side is under min_face.

        Grayscale and RGBA are accepted. Raises TypeError or ValueError for anything else (see `images.as_rgb`). Nobody
        may write to the image meanwhile.
        """
        return self._trace(as_rgb(image)).faces

    def detect_many(self, images: Iterable[Pixels | str | PathLike[str]] | str | PathLike[str]) -> Iterator[Faces]:
        """`detect` for each of `images`, in order: arrays, files, or a folder, whose `images.photos_in` come by name.

        The name of a single file is that one photo. An array or a tensor (N, H, W, 3), uint8, holds N of them; the
        tensor may be on any device.

        The nets look at several photos at once, up to 16 and about a megapixel together, which takes small ones less
        than one by one, and rounds otherwise: boxes and points may differ from `detect`'s by 0.01 px. No photo is read
        before its turn is near: `images` may be a generator without end, and may write each frame into the same array.
        Raises what `detect` and `read_image` raise, with the number of the image, when its turn comes; TypeError at
        once where `images` is one image, or nothing that holds any.
        """
        if is_tensor(images) or (isinstance(images, np.ndarray) and not _holds_names_or_images(images)):
            images = as_batch(images)
        if isinstance(images, bytes | bytearray | Mapping) or not isinstance(images, Iterable | str | PathLike):
            raise TypeError(
                f"images is {shown(images)}; it must be images or names of files, one after another, or a folder"
            )
        if isinstance(images, str | PathLike):
            images = [images] if os.path.isfile(images) else photos_in(images)

        def ready(image: Pixels | str | PathLike[str]) -> Pixels:
            return as_rgb(read_image(image) if isinstance(image, str | PathLike) else image)

        # A camera may write each frame into the same array, so an array is copied before the next is asked for.
        taken = (np.array(image) if isinstance(image, np.ndarray) else image for image in images)
        return self._many(imap(numbered(ready), enumerate(taken)))

    def _many(self, images: Iterable[Pixels]) -> Iterator[Faces]:
        done = 0
        for batch in batches(images):
            try:
                found: Iterable[Faces] = self._together(batch)
            except (TypeError, ValueError):  # from a hook that was swapped in; one by one says at which image
                found = map(numbered(self.detect), enumerate(batch, done))
            yield from found
            done += len(batch)

    def _together(self, batch: Sequence[Pixels]) -> list[Faces]:
        if self.model == "onepass":
            return detect_onepass(cast(Any, self.engine), batch, cast(Any, self.settings))
        return detect_together(self.engine, self.hooks, batch, self.settings)

    def trace(self, image: NDArray[np.uint8]) -> Trace:
        """`detect`, with every candidate after every step. Same code, same result: `trace.faces`."""
        return self._trace(as_rgb(image).copy())  # stages run later, when the caller may have drawn on the photo

    def _trace(self, image: NDArray[np.uint8]) -> Trace:
        if self.model == "onepass":
            return cast(Trace, OnePassTrace(OnePassAnswers(cast(Any, self.engine), image), cast(Any, self.settings)))
        return Trace(Answers(self.engine, image), self.settings, self.hooks)

    def swap(self, **parts: Callable[..., Any]) -> Detector:
        """A detector that uses your functions in place of its own: `detector.swap(decode_offsets=mine)`.

        Names and signatures are those of `Hooks`. It shares this detector's engine; this one is not changed. ValueError
        for a name that is none of theirs, TypeError for what is no function.
        """
        if self.model == "onepass":
            raise ValueError("a one-pass detector has no hooks: its steps are not a cascade's")
        known = [f.name for f in fields(Hooks)]
        for name, part in parts.items():
            if name not in known:
                raise ValueError(f"{shown(name)} is no hook of the detector; its hooks are {', '.join(known)}")
            if not callable(part):
                raise TypeError(f"{name} is {shown(part)}; it must be a function")
        other = object.__new__(Detector)
        other.model, other.settings, other.engine = self.model, self.settings, self.engine
        other.hooks = replace(self.hooks, **parts)
        return other


def _holds_names_or_images(array: NDArray[Any]) -> bool:
    return array.ndim == 1 and array.dtype.kind in "OUT"  # a column of a table is one
