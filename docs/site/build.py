"""Build the site: every chapter, guide and docstring as pages that work without Python, a server or a network.

    python docs/site/build.py [--out site]

JavaScript comes from npm, in the versions of package-lock.json. Nothing is executed: the notebooks are as they were
committed, and their explorers have the states of docs/widgets/.
"""

import argparse
import base64
import gzip
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import build_engine
import sources
from sources import ROOT, STAGE

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
LARGEST = 40_000_000  # bytes, the whole site

# of KaTeX's fonts, those that the chapters' formulas need
FONTS = ("Main-Regular", "Math-Italic", "Size1-Regular", "Size2-Regular", "Size3-Regular", "Size4-Regular")
BUNDLED = ("widgets.js", "amd.js", "plain.js")  # one file in the site
BUNDLE = [
    "--bundle",
    "--minify",
    "--format=iife",
    "--legal-comments=linked",
    "--loader:.svg=dataurl",
    "--log-level=warning",
    "--alias:sanitize-html=./plain.js",
    "--alias:jquery=./node_modules/jquery/dist/jquery.slim.js",
]


UNPACK = """\
(async (text) => {
  const packed = new Blob([Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))]);
  const stream = packed.stream().pipeThrough(new DecompressionStream("gzip"));
  const headers = { "content-type": "text/javascript" }, script = document.createElement("script");
  script.src = URL.createObjectURL(await new Response(stream, { headers }).blob());
  document.head.append(script);
})("TEXT");
"""


def run(*command: str | Path, where: Path = HERE) -> None:
    done = subprocess.run([str(part) for part in command], cwd=where)
    if done.returncode:
        sys.exit(f"make site: {' '.join(map(str, command))} failed")


def install() -> None:
    """What package-lock.json says, from npm; not again while it stays the same."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            sys.exit(f"make site needs {program}, and found none: install Node.js 18 or later with npm (on Debian and "
                     "Ubuntu: apt install nodejs npm), then run it again")  # fmt: skip
    lock, installed = HERE / "package-lock.json", MODULES / ".installed"
    if installed.exists() and installed.read_bytes() == lock.read_bytes():
        return
    run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    installed.write_bytes(lock.read_bytes())


def scripts(static: Path) -> None:
    """Everything that pages load, in one folder."""
    static.mkdir(parents=True, exist_ok=True)
    run(MODULES / ".bin" / "esbuild", "widgets.js", *BUNDLE, f"--outfile={static / 'widgets.js'}")
    (static / "widgets.js").write_text(packed((static / "widgets.js").read_bytes()))
    for path in [*HERE.glob("*.css"), *HERE.glob("*.js")]:
        if path.name not in BUNDLED:
            shutil.copy(path, static)
    build_engine.write_engine(static)
    build_engine.write_authors(static)
    (static / "katex.css").write_text(formulas_style())


def packed(script: bytes) -> str:
    """A script that unpacks and runs this one: a page that was opened from a file is not compressed on its way."""
    text = base64.b64encode(gzip.compress(script, mtime=0)).decode()
    return UNPACK.replace("TEXT", text)


def formulas_style() -> str:
    """KaTeX's style with its fonts in it, as a page that was opened from a file may not read fonts everywhere."""
    folder = MODULES / "katex" / "dist"

    def font(face: re.Match[str]) -> str:
        name = re.search(r"KaTeX_([\w-]+)\.woff2", face[0])[1]
        if name not in FONTS:
            return ""
        data = base64.b64encode((folder / "fonts" / f"KaTeX_{name}.woff2").read_bytes()).decode()
        return re.sub(r"src:[^;}]+", f"src:url(data:font/woff2;base64,{data}) format('woff2')", face[0])

    return re.sub(r"@font-face\{.*?\}", font, (folder / "katex.min.css").read_text(), flags=re.S)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "site")
    chosen = parser.parse_args()
    began = time.monotonic()
    install()
    scripts(STAGE / "_static")
    sources.lay_out(STAGE)
    made = STAGE.with_name("pages")  # myst-nb writes into the folder above, too
    shutil.rmtree(made, ignore_errors=True)
    run(sys.executable, "-m", "sphinx", "--jobs", "auto", "--quiet", "--conf-dir", ROOT / "docs", "--doctree-dir",
        STAGE.with_name("doctrees"), STAGE, made, where=ROOT)  # fmt: skip
    shutil.rmtree(chosen.out, ignore_errors=True)
    shutil.move(made, chosen.out)
    files = [path for path in chosen.out.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    print(f"{chosen.out}: {len(files)} files, {size / 1e6:.1f} MB, {time.monotonic() - began:.0f} s")
    return 0 if size <= LARGEST else f"the site has {size:,} bytes; at most {LARGEST:,}"


if __name__ == "__main__":
    sys.exit(main())
