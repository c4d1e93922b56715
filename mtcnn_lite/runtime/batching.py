"""Photos in batches that the nets look at together, and errors that say which photo they are about."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from mtcnn_lite.images import Pixels

Result = TypeVar("Result")

MAX_PHOTOS, MAX_PIXELS = 16, 1 << 20  # of a batch; one photo may have more pixels


def numbered(work: Callable[[Any], Result]) -> Callable[[tuple[int, Any]], Result]:
    """`work` for pairs (number, image): its TypeErrors and ValueErrors begin with "images[number]"."""

    def work_on(pair: tuple[int, Any]) -> Result:
        number, image = pair
        try:
            return work(image)
        except (TypeError, ValueError) as error:
            raise type(error)(f"images[{number}]: {error}") from None

    return work_on


def batches(images: Iterable[Pixels]) -> Iterator[list[Pixels]]:
    """The images in order, in batches of up to MAX_PHOTOS and MAX_PIXELS.

    Where `images` raises, the images before the error come first.
    """
    batch, pixels, raised = list[Pixels](), 0, None
    try:
        for image in images:
            area = image.shape[0] * image.shape[1]
            if batch and (len(batch) == MAX_PHOTOS or pixels + area > MAX_PIXELS):
                yield batch
                batch, pixels = [], 0
            batch.append(image)
            pixels += area
    except (TypeError, ValueError) as error:
        raised = error
    if batch:
        yield batch
    if raised:
        raise raised
