"""Photos in batches that the nets look at together, and errors that say which photo they are about."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from mtcnn_lite.images import Pixels

Result = TypeVar("Result")

MOST_PHOTOS, MOST_PIXELS = 16, 1 << 20  # of a batch: what is in work at once


def numbered(work: Callable[[Any], Result]) -> Callable[[tuple[int, Any]], Result]:
    """`work` for (number, image), whose errors name the number."""

    def work_on(pair: tuple[int, Any]) -> Result:
        number, image = pair
        try:
            return work(image)
        except (TypeError, ValueError) as error:
            raise type(error)(f"images[{number}]: {error}") from None

    return work_on


def batches(images: Iterable[Pixels]) -> Iterator[list[Pixels]]:
    """The images in order, in batches of up to MOST_PHOTOS and MOST_PIXELS; what comes before an error first."""
    batch, pixels, trouble = list[Pixels](), 0, None
    try:
        for image in images:
            area = image.shape[0] * image.shape[1]
            if batch and (len(batch) == MOST_PHOTOS or pixels + area > MOST_PIXELS):
                yield batch
                batch, pixels = [], 0
            batch.append(image)
            pixels += area
    except (TypeError, ValueError) as error:
        trouble = error
    if batch:
        yield batch
    if trouble:
        raise trouble
