"""tqdm's progress bar and, where tqdm is not installed, its place left empty."""

import sys
from collections.abc import Iterable, Iterator
from typing import Any, Self, TextIO

try:
    from tqdm import tqdm
except ImportError:

    class tqdm:  # type: ignore[no-redef]
        """What the commands use of tqdm, without the bar."""

        def __init__(self, items: Iterable[Any] = (), *_: Any, **__: Any) -> None:
            self.items, self.n = items, 0

        def __iter__(self) -> Iterator[Any]:
            return iter(self.items)

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def update(self, more: int) -> None:
            """Count what has been done."""
            self.n += more

        @staticmethod
        def write(line: str, file: TextIO = sys.stdout) -> None:
            """Print a line."""
            print(line, file=file)


__all__ = ["tqdm"]
