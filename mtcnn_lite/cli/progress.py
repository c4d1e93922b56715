"""tqdm's progress bar and, where tqdm is not installed, its place left empty."""

import sys
from collections.abc import Iterable, Iterator
from typing import Any, TextIO

try:
    from tqdm import tqdm
except ImportError:

    class tqdm:  # type: ignore[no-redef]
        """What the commands use of tqdm, without the bar."""

        def __init__(self, items: Iterable[Any], **_: Any) -> None:
            self.items = items

        def __iter__(self) -> Iterator[Any]:
            return iter(self.items)

        @staticmethod
        def write(line: str, file: TextIO = sys.stdout) -> None:
            """Print a line."""
            print(line, file=file)


__all__ = ["tqdm"]
