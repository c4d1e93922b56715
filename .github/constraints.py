"""Write constraints.txt anew: `pip install uv`, then `python .github/constraints.py`.

For what pyproject.toml asks for, on every system and Python that it admits: exact versions, and the SHA-256 of each
file of those releases, as uv has them from the package index. Versions stay where they still fit; with --upgrade all
become the newest. Those lines that the notebooks need go to binder/requirements.txt too, for Binder and the container.
"""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
FILE = ROOT / "constraints.txt"
HEAD = """\
# The exact versions that the tests run with, and the SHA-256 of their files. Written by .github/constraints.py.
#   pip install --require-hashes -r constraints.txt
#   pip install --no-deps --no-build-isolation -e .
# For Linux, torch's are those of PyTorch's CPU builds: the default build needs several GB of CUDA.
"""
NOTEBOOKS = ROOT / "binder" / "requirements.txt"
EXTRAS = ("lab", "reference")  # what the notebooks need
NOTEBOOKS_HEAD = """\
# Those lines of constraints.txt that the notebooks need: the package, its extras lab and reference, and what builds it.
# For Binder and the Dockerfile. Written by .github/constraints.py.
--extra-index-url https://download.pytorch.org/whl/cpu
"""
CUDA = ("cuda-", "nvidia-", "triton")  # what only torch's default build for Linux needs
# The CPU builds for Linux, from PyTorch's own index: its page "torch" has each file's SHA-256 behind "#".
CPU_BUILDS = {
    "2.13.0": [
        "6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b",  # Python 3.11, x86_64
        "4ca4a9394b0c771238a4f73590fdbbc4debad85ed0fa63d026ae1b085da7d6e2",  # 3.12
        "3fbf9c9d1f3c10c2d59d04aca426dee9ccc6ceb32d255c61e93acc3b4f75fae6",  # 3.13
        "84453b69508ec79902f899c5ed9495acb9e2bbe9fda5f1d5d6f19e3c3842e1a7",  # 3.11, aarch64
        "6f307c2c32d764ffc6ff6893b801fad6d4752f3e67966cb8abf1843427c02604",  # 3.12
        "0b8f7d0423027ae8b90c7977c627f3379f325363a08224dffad9b4b2d684a83d",  # 3.13
    ]
}


def compiled(folder: Path, name: str, *options: str) -> str:
    """What uv finds, as the text of the file that it writes; a file of that name in `folder` has the old versions."""
    command = ["uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes"]
    command += ["--no-sources"]  # uv's own index of torch has CPU builds alone, and hashes for Linux alone
    subprocess.run([*command, *options, "--output-file", folder / name], cwd=ROOT, check=True)
    return (folder / name).read_text()


def main() -> None:
    upgrade = ["--upgrade"] if "--upgrade" in sys.argv[1:] else []
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / FILE.name).write_text(FILE.read_text())
        build_system = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]
        (folder / "build.in").write_text("\n".join(build_system["requires"]))
        wanted = ["pyproject.toml", "--all-extras", str(folder / "build.in")]
        text = compiled(folder, FILE.name, *wanted, *upgrade, "--no-annotate", "--no-header")
        entries = [entry for entry in text.replace("\\\n", "").splitlines() if not entry.startswith(CUDA)]
        (folder / "versions.txt").write_text("\n".join(entry.partition(" --hash")[0] for entry in entries))
        extras = [option for extra in EXTRAS for option in ("--extra", extra)]
        wanted = ["pyproject.toml", *extras, str(folder / "build.in"), "--constraint", str(folder / "versions.txt")]
        text = compiled(folder, "notebooks.txt", *wanted, "--no-annotate", "--no-header")
        needed = set(re.findall(r"^[\w.-]+(?===)", text, re.M))
        [torch] = [entry.split()[0] for entry in entries if entry.startswith("torch==")]
        (folder / "torch.in").write_text(torch)
        [build] = tomllib.loads(compiled(folder, "pylock.toml", "--no-deps", str(folder / "torch.in")))["packages"]
    if build["version"] not in CPU_BUILDS:
        sys.exit(f"CPU_BUILDS in {__file__} lacks torch {build['version']}; constraints.txt is as it was")
    others = [wheel["hashes"]["sha256"] for wheel in build["wheels"] if "linux" not in wheel["url"]]
    hashes = CPU_BUILDS[build["version"]] + others
    lines: list[tuple[str, str]] = []
    for entry in entries:
        pin, *found = entry.split("--hash=sha256:")
        if entry.startswith("torch=="):
            found = hashes
        hashed = [f"--hash=sha256:{each.strip()}" for each in sorted(found)]
        lines.append((pin.partition("==")[0], " \\\n    ".join([pin.strip(), *hashed]) + "\n"))
    FILE.write_text(HEAD + "".join(line for _, line in lines))
    NOTEBOOKS.write_text(NOTEBOOKS_HEAD + "".join(line for name, line in lines if name in needed))


if __name__ == "__main__":
    main()
