"""What the course has besides the package: notebooks, the solutions, and the pages and pictures that they link to.

`setup.py` runs this file by itself to put them into the wheel, so it imports nothing of the package.
"""

import shutil
from pathlib import Path

SOLUTIONS = "notebooks/source/solutions.py"
PATTERNS = (
    *("notebooks/start_here.ipynb", "notebooks/[0-9][0-9]_*.ipynb", "notebooks/deeper/[0-9][0-9]_*.ipynb"),
    *("notebooks/*.md", "notebooks/*.jpg", "notebooks/*.png", SOLUTIONS),
    *("data/*.md", "docs/*.md", "benchmarks/*.md"),
)
PACKED = Path(__file__).parent / "packed"  # of an installed wheel; a checkout has none


def carried(root: Path | None = None) -> dict[str, Path]:
    """The course's files by their names in the repository: "notebooks/03_pnet.ipynb", "data/MODEL_CARD.md".

    root: a checkout, or a folder laid out as one; None for where this installation has them. {} where it has none.
    """
    if root is None:
        root = PACKED if PACKED.is_dir() else Path(__file__).parents[2]
    found = (path for pattern in PATTERNS for path in sorted(root.glob(pattern)))
    files = {path.relative_to(root).as_posix(): path for path in found}
    return files if PATTERNS[0] in files else {}


def pack(root: Path, package: Path) -> None:
    """Copies a checkout's files to where the package that is built in `package` will look for them."""
    packed = package / PACKED.relative_to(Path(__file__).parents[1])
    shutil.rmtree(packed, ignore_errors=True)  # an earlier build's
    for name, path in carried(root).items():
        (packed / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, packed / name)
