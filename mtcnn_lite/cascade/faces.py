"""What was found: a face, and the faces of one image."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, SupportsIndex, overload

import numpy as np
from numpy.typing import NDArray

from mtcnn_lite.boxes import Floats


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

    def as_dicts(self) -> list[dict[str, Any]]:
        """The faces as `detect --json` prints them: pixels rounded to 1/100, scores to 1/10000.

        >>> Faces(np.array([[10, 20.123, 50, 70]]), np.array([0.98765]), np.ones((1, 5, 2))).as_dicts()[0]["box"]
        [10.0, 20.12, 50.0, 70.0]
        """

        def rounded(values: Sequence[float]) -> list[float]:
            return [round(value, 2) for value in values]

        return [
            {"box": rounded(face.box), "score": round(face.score, 4), "landmarks": list(map(rounded, face.landmarks))}
            for face in self
        ]

    def __repr__(self) -> str:
        each = zip(self.scores, self.boxes.round().astype(int).tolist(), strict=True)
        return f"Faces({', '.join([str(len(self)), *(f'{score:.3f} at {box}' for score, box in each)])})"

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
