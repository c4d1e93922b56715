"""Write the repository's address wherever it stands, and the README's badges.

The one setting is `Source` in pyproject.toml. Change it, then run

    python docs/site/addresses.py
"""

import re
import subprocess
import tomllib
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).parents[2]
BRANCH = "main"
FIRST = "notebooks/start_here.ipynb"  # what the badges open
KEPT = "mtcnn_lite/course/folder.py"  # has the address that stands in all files
TEXT = (".md", ".py", ".toml", ".cff", ".yml", ".ipynb")
BADGES = re.compile(r"(?<=<!-- badges -->\n).*?(?=<!-- /badges -->)", re.S)
PICTURES = {
    "Binder": "https://mybinder.org/badge_logo.svg",
    "Colab": "https://colab.research.google.com/assets/colab-badge.svg",
    "Codespaces": "https://github.com/codespaces/badge.svg",
}


def places(repository: str, path: str = FIRST) -> dict[str, str]:
    """Where a notebook opens in a browser, with Python: an address for each place.

    >>> places("https://github.com/ann/faces", "notebooks/00_iou.ipynb")["Binder"]
    'https://mybinder.org/v2/gh/ann/faces/main?labpath=notebooks%2F00_iou.ipynb'
    """
    owner = repository.removeprefix("https://github.com/")
    return {
        "Binder": f"https://mybinder.org/v2/gh/{owner}/{BRANCH}?labpath={quote(path, safe='')}",
        "Colab": f"https://colab.research.google.com/github/{owner}/blob/{BRANCH}/{path}",
        "Codespaces": f"https://codespaces.new/{owner}?quickstart=1",
    }


def badges(repository: str) -> str:
    """The README's badges: a line of Markdown for each place."""
    return "".join(f"[![{name}]({PICTURES[name]})]({address})\n" for name, address in places(repository).items())


def rewritten(text: str, old: str, new: str) -> str:
    """A text with the address `new` for `old`, also in the addresses of its pages, and with its badges anew."""
    (owner, name), (owner_now, name_now) = (each.split("/")[-2:] for each in (old, new))
    for before, after in (
        (f"{owner}/{name}", f"{owner_now}/{name_now}"),
        (f"{owner}.github.io/{name}", f"{owner_now}.github.io/{name_now}"),
    ):
        text = re.sub(rf"(?<![\w.-]){re.escape(before)}(?![\w-])", after, text)
    return BADGES.sub(lambda _: badges(new), text)


def main(root: Path = ROOT) -> None:
    new = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]["Source"]
    [old] = re.findall(r'^REPOSITORY = "(.+?)"', (root / KEPT).read_text(encoding="utf-8"), re.M)
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=True).stdout
    for path in (root / name for name in listed.split("\0") if name.endswith(TEXT)):
        text = path.read_text(encoding="utf-8")
        if (changed := rewritten(text, old, new)) != text:
            path.write_text(changed, encoding="utf-8")
            print(path.relative_to(root))


if __name__ == "__main__":
    main()
