"""What was found: a face, the faces of one image, and these as JSON, CSV, pictures and supervision's objects."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, SupportsIndex, TextIO, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mtcnn_lite.alignment import SIZE, aligned_crops
from mtcnn_lite.arguments import flag, shown, whole
from mtcnn_lite.boxes import Floats, square_boxes
from mtcnn_lite.images import Pixels, as_rgb, crop_windows
from mtcnn_lite.pyramid import halvings
from mtcnn_lite.runtime.files import write_whole

if TYPE_CHECKING:
    from supervision import Detections, KeyPoints

    from mtcnn_lite.draw import Picture

SHOWN = 10  # faces that a repr has
# Left and right are the picture's, as in `Faces.landmarks`.
CSV_COLUMNS = ("x1", "y1", "x2", "y2", "score", "left_eye_x", "left_eye_y", "right_eye_x", "right_eye_y",
               "nose_x", "nose_y", "left_mouth_x", "left_mouth_y", "right_mouth_x", "right_mouth_y")  # fmt: skip


class Face(dict[str, Any]):
    """One face: `face.box`, or `face["box"]`, and so a JSON object with these names.

    >>> face = Face(box=[10.0, 20.0, 50.0, 70.0], score=0.99, landmarks=[[20.0, 40.0]] * 5)
    >>> face.box, face["score"]
    ([10.0, 20.0, 50.0, 70.0], 0.99)
    """

    @property
    def box(self) -> list[float]:
        """x1, y1, x2, y2."""
        return self["box"]

    @property
    def score(self) -> float:
        return self["score"]

    @property
    def landmarks(self) -> list[list[float]]:
        """Five points, x and y."""
        return self["landmarks"]


@dataclass(frozen=True, eq=False, repr=False)
class Faces(list[Face]):
    """What was found, best first: boxes (N, 4) in pixels, clipped to the image; scores (N,), the probability of "face",
    the mean of O-Net's two looks where it had two; landmarks (N, 5, 2), x and y: the eye on the picture's left, the
    eye on its right, nose, mouth corner on the picture's left, on its right. N may be 0.

    Boxes are half-open: (0, 0) is the outer corner of the top left pixel. A landmark at (0, 0) is the
    centre of that pixel, as in label files and where OpenCV and matplotlib draw it.

    They are also a list of N `Face`, dicts of numbers copied from the arrays, which `json.dumps` takes as it is; the
    list can't be changed. A slice, a mask or indices give `Faces` again.

    >>> faces = Faces(np.array([[10, 20, 50, 70.0]]), np.array([0.98765]), np.zeros((1, 5, 2)))
    >>> [(face.box, face.score) for face in faces]
    [([10.0, 20.0, 50.0, 70.0], 0.98765)]
    >>> faces[faces.scores > 0.99]
    Faces(0)
    """

    boxes: Floats
    scores: Floats
    landmarks: Floats

    def __post_init__(self) -> None:
        columns = (np.asarray(column).tolist() for column in (self.boxes, self.scores, self.landmarks))
        rows = zip(*columns, strict=True)
        super().__init__(Face(box=box, score=score, landmarks=points) for box, score, points in rows)

    @overload
    def __getitem__(self, which: SupportsIndex) -> Face: ...  # type: ignore[overload-overlap]  # an array of one, to it
    @overload
    def __getitem__(
        self, which: slice | NDArray[np.bool_] | NDArray[np.int64] | Sequence[int] | Sequence[bool]
    ) -> "Faces": ...
    def __getitem__(self, which: Any) -> "Face | Faces":
        rows = np.arange(len(self))[which]
        if rows.ndim == 0:
            return super().__getitem__(int(rows))
        if rows.ndim > 1:
            raise IndexError(f"faces[{which!r}] is no choice of faces; give a number, a slice, a mask or indices")
        return type(self)(self.boxes[rows], self.scores[rows], self.landmarks[rows])

    def to_dict(self, rounded: bool = False) -> dict[str, list[dict[str, Any]]]:
        """The faces as plain dicts in a list, under "faces"; `rounded`: pixels to 1/100, scores to 1/10000.

        The command `detect --json` rounds so.

        >>> faces = Faces(np.array([[10, 20.123, 50, 70]]), np.array([0.98765]), np.ones((1, 5, 2)))
        >>> faces.to_dict()["faces"][0]["box"], faces.to_dict(rounded=True)["faces"][0]["box"]
        ([10.0, 20.123, 50.0, 70.0], [10.0, 20.12, 50.0, 70.0])
        """
        pixels, share = (2, 4) if rounded else (None, None)

        def numbers(values: Sequence[float]) -> list[float]:
            return [_rounded(value, pixels) for value in values]

        return {
            "faces": [
                {"box": numbers(face.box), "score": _rounded(face.score, share),
                 "landmarks": [numbers(point) for point in face.landmarks]}
                for face in self
            ]
        }  # fmt: skip

    def to_json(self) -> str:
        """`to_dict()` as one line of JSON.

        >>> Faces(np.zeros((0, 4)), np.zeros(0), np.zeros((0, 5, 2))).to_json()
        '{"faces": []}'
        """
        return json.dumps(self.to_dict())

    def to_csv(self, path: str | PathLike[str] | TextIO) -> None:
        """Write a header, `CSV_COLUMNS`, and a row a face; `path` is a file's name, or a file that is open for text.

        A file that is named appears whole or not at all. Raises OSError where it can't be written, TypeError for what
        is no file.

        >>> file = io.StringIO()
        >>> Faces(np.array([[10, 20, 50, 70.5]]), np.array([0.75]), np.full((1, 5, 2), 30.25)).to_csv(file)
        >>> file.getvalue().splitlines()[1]
        '10.0,20.0,50.0,70.5,0.75,30.25,30.25,30.25,30.25,30.25,30.25,30.25,30.25,30.25,30.25'
        """
        file = io.StringIO()
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(CSV_COLUMNS)
        writer.writerows([*face.box, face.score, *chain.from_iterable(face.landmarks)] for face in self)
        if isinstance(path, str | PathLike):
            write_whole(Path(path), lambda unfinished: unfinished.write_bytes(file.getvalue().encode()))
        elif hasattr(path, "write") and hasattr(path, "encoding"):  # a file for bytes has no encoding
            path.write(file.getvalue())
        else:
            raise TypeError(f"path is {shown(path)}; it must be a file's name, or a file that is open for text")

    def to_supervision(self) -> "Detections":
        """The faces as `supervision.Detections`: class 0, "face", the scores, and the landmarks as `data["landmarks"]`.

        Annotators draw them, trackers follow them, and a selection keeps its landmarks, of which
        `supervision.KeyPoints(selected.data["landmarks"])` makes key points; `to_keypoints` gives those of all faces.
        Raises ImportError where supervision is not installed.

        >>> found = Faces(np.array([[10, 20, 50, 70.0]]), np.array([0.75]), np.ones((1, 5, 2))).to_supervision()
        >>> found.xyxy.tolist(), found.class_id.tolist(), found.confidence.tolist(), found.data["landmarks"].shape
        ([[10.0, 20.0, 50.0, 70.0]], [0], [0.75], (1, 5, 2))
        """
        return _supervision().Detections(
            xyxy=np.array(self.boxes, np.float32),
            class_id=np.zeros(len(self), int),
            confidence=np.array(self.scores, np.float32),
            data={"class_name": np.full(len(self), "face"), "landmarks": np.array(self.landmarks, np.float32)},
        )

    def to_keypoints(self) -> "KeyPoints":
        """The landmarks as `supervision.KeyPoints`, with the faces' class, scores and boxes.

        Raises ImportError where supervision is not installed.

        >>> points = Faces(np.array([[10, 20, 50, 70.0]]), np.array([0.75]), np.ones((1, 5, 2))).to_keypoints()
        >>> points.xy.shape, points.class_id.tolist(), points.detection_confidence.tolist(), points.data["xyxy"].shape
        ((1, 5, 2), [0], [0.75], (1, 4))
        """
        return _supervision().KeyPoints(
            xy=np.array(self.landmarks, np.float32),
            class_id=np.zeros(len(self), int),
            detection_confidence=np.array(self.scores, np.float32),
            data={"class_name": np.full(len(self), "face"), "xyxy": np.array(self.boxes, np.float32)},
        )

    def draw(self, image: ArrayLike) -> "Picture":
        """A copy of the photo with each face's box, landmarks and score: `draw.draw_faces`.

        It shows itself in a notebook, `save("found.jpg")` writes it, and `pixels` has its uint8 (H, W, 3). Raises as
        `images.as_rgb` for what is no image.

        >>> photo = np.zeros((100, 80, 3), np.uint8)
        >>> Faces(np.array([[10, 20, 50, 70.0]]), np.array([0.75]), np.full((1, 5, 2), 30.0)).draw(photo)
        Picture(80 x 100)
        """
        from mtcnn_lite.draw import draw_faces  # when it is needed: with matplotlib, for its letters

        return draw_faces(as_rgb(image), self)

    def crops(self, image: ArrayLike, size: int = SIZE, aligned: bool = True) -> Pixels:
        """Each face cut from the photo and resized to `size` px; black where it leaves the photo.

        Parameters
        ----------
        image : uint8 (H, W, 3)
            The photo that was searched, RGB.
        size : int
            Side of the crops, in pixels.
        aligned : bool
            True: upright, the landmarks where recognition nets expect them (`alignment.aligned_crops`). False: the
            square with the box's centre and its longer side.

        Returns
        -------
        uint8 (N, size, size, 3)
            In the order of the faces.

        Raises
        ------
        ValueError
            For a size below 1, crops of over 500 megapixels together, and landmarks that all lie in one place.
        TypeError
            For what is no picture, no whole number, or not True or False.

        Examples
        --------
        >>> photo = np.arange(60 * 60 * 3, dtype=np.uint8).reshape(60, 60, 3)
        >>> faces = Faces(np.array([[10, 20, 26, 36.0]]), np.array([0.75]), np.zeros((1, 5, 2)))
        >>> np.array_equal(faces.crops(photo, size=16, aligned=False)[0], photo[20:36, 10:26])
        True
        """
        photo, size = as_rgb(image), whole("size", size, low=1, unit=" px")
        if flag("aligned", aligned):
            return aligned_crops(photo, self.landmarks, size)
        squares = square_boxes(self.boxes)
        longest = float((squares[:, 2] - squares[:, 0]).max(initial=1))
        return crop_windows(halvings(photo, size / longest), squares, size)

    def __repr__(self) -> str:
        first = zip(self.scores[:SHOWN], self.boxes[:SHOWN].round().astype(int).tolist(), strict=True)
        more = [f"{len(self) - SHOWN} more"] if len(self) > SHOWN else []
        return f"Faces({', '.join([str(len(self)), *(f'{score:.3f} at {box}' for score, box in first), *more])})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.boxes, self.scores, self.landmarks)

    # Each is equal to itself alone, as other objects that hold arrays.
    __eq__, __ne__, __hash__ = object.__eq__, object.__ne__, object.__hash__  # type: ignore[assignment]

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError(
            "Faces can't be changed: its arrays would not follow. Select with faces[rows], or use list(faces)"
        )

    append = extend = insert = remove = pop = clear = sort = reverse = _refuse
    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse


def _rounded(value: float, digits: int | None) -> float:
    return value if digits is None else round(value, digits)


def _supervision() -> Any:
    try:
        import supervision
    except ImportError as error:
        raise ImportError(f"this needs the library supervision: pip install 'supervision>=0.31' ({error})") from error
    return supervision
