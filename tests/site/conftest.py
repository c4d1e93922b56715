"""The site, built once from the committed notebooks, and each of its pages opened once, with the network blocked."""

import functools
import http.server
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

DRIVE = (Path(__file__).parent / "drive.js").read_text()
LONGEST = 240  # seconds, npm and all
PHONE = {"width": 390, "height": 800}
DESK = {"width": 1280, "height": 900}
SERIOUS = ("serious", "critical")
# the pages that are looked at in the dark, too
DARK = ("notebooks/0", "notebooks/1", "notebooks/s", "index", "search", "api/boxes", "docs/faces")

FIRST_AWAKE = """() => {
  const first = document.querySelector('.explorer[data-view]');
  return document.readyState === 'complete' &&
    (!first || first.dataset.alive || first.getBoundingClientRect().top > innerHeight + 500);
}"""
# What one page says of itself. Explorers that are far below wake up when they come near, so each is scrolled to.
WAKE = """async () => {
  for (const place of document.querySelectorAll('.explorer[data-view]')) {
    const drawn = () => [...place.querySelectorAll('figcaption')].every((caption) => caption.textContent);
    for (let tries = 0, still = 0; still < 8 && tries < 200; tries++) { // drawn, and 0.2 s later too
      still = place.dataset.alive && drawn() ? still + 1 : 0;
      place.scrollIntoView({ behavior: "instant" }); // again, as pictures above it come late and push it down
      await new Promise((done) => setTimeout(done, 25));
    }
  }
  scrollTo(0, 0);
  return [...document.querySelectorAll('.explorer[data-view]')].map((place) => place.dataset.alive || 'asleep');
}"""
NAMED = (
    """() => [...document.querySelectorAll('.explorer[data-view]')].map((place, k) => (place.id ||= `explorer-${k}`))"""
)
ALTS = "() => [...document.querySelectorAll('article img')].map((picture) => picture.getAttribute('alt') || '')"
WIDTHS = "() => [document.documentElement.scrollWidth, innerWidth]"
AXE = """async (rules) => {
  const only = rules ? { runOnly: { type: 'rule', values: rules } } : {};
  const found = await axe.run(document, { resultTypes: ['violations'], preload: false, ...only });
  return found.violations.map(({ id, impact, nodes }) => [id, impact, nodes.length, nodes[0].html.slice(0, 200)]);
}"""


@dataclass
class Visit:
    """What one page did: errors of its scripts, what it asked for, its explorers, alt texts, and axe's findings."""

    errors: list
    requests: list
    alive: list
    alts: list
    widths: tuple
    violations: list  # serious ones; of chapters, on a dark page too
    controls: list  # of its explorers, as drive.js saw them when it moved each to both its ends
    opened: int  # bytes, with all that it asked for until the first explorer on its screen answered


@pytest.fixture(scope="session", autouse=True)
def modules(root):
    """docs/site/node_modules, as package-lock.json says: pages and their scripts need it."""
    if shutil.which("npm") is None:
        pytest.skip("the site needs npm, and none was found")
    folder = root / "docs" / "site"
    done = subprocess.run([sys.executable, "-c", "import build; build.install()"], cwd=folder, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return folder / "node_modules"


@pytest.fixture(scope="session")
def site(root, tmp_path_factory):
    """The folder of the site, and the seconds that building it took."""
    pytest.importorskip("myst_nb", reason="the site needs pip install -e '.[site]'")
    out = tmp_path_factory.mktemp("built") / "site"
    began = time.monotonic()
    command = [sys.executable, root / "docs" / "site" / "build.py", "--out", out]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=LONGEST)
    assert done.returncode == 0, done.stdout + done.stderr
    return out, time.monotonic() - began


@pytest.fixture(scope="session")
def pages(site):
    """All pages, relative to the site."""
    return sorted(path.relative_to(site[0]).as_posix() for path in site[0].rglob("*.html"))


@pytest.fixture(scope="session")
def offline(chromium):
    """A browser without a network: whatever is no file, and not of this machine, fails."""
    context = chromium.new_context(viewport=DESK)
    own = ("file:", "http://127.0.0.1", "data:", "blob:")
    context.route(lambda url: not url.startswith(own), lambda route: route.abort())
    yield context
    context.close()


def size(requests):
    """The bytes of the files that were asked for, each once."""
    paths = {url.partition("?")[0].removeprefix("file://") for url in requests if url.startswith("file:")}
    return sum(Path(path).stat().st_size for path in paths)


@pytest.fixture(scope="session")
def visits(site, pages, offline, root):
    """Each page, opened from its file: page -> Visit."""
    axe = (root / "docs/site/node_modules/axe-core/axe.min.js").read_text()
    page, errors, requests = offline.new_page(), [], []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.on("request", lambda request: requests.append(request.url))
    found = {}
    for name in pages:
        errors.clear()
        requests.clear()
        page.set_viewport_size(DESK)
        page.goto((site[0] / name).as_uri())
        page.wait_for_function(FIRST_AWAKE)
        opened = size(requests)
        alive = page.evaluate(WAKE)
        page.evaluate(axe)
        violations = page.evaluate(AXE, None)
        dark = []
        if name.startswith(DARK):
            page.evaluate("() => { document.body.dataset.theme = 'dark'; }")
            dark = page.evaluate(AXE, ["color-contrast"])
        controls = [control for place in page.evaluate(NAMED) for control in page.evaluate(DRIVE, place)]
        page.set_viewport_size(PHONE)
        found[name] = Visit(
            controls=controls,
            errors=[*errors],
            requests=[*requests],
            alive=alive,
            alts=page.evaluate(ALTS),
            widths=tuple(page.evaluate(WIDTHS)),
            violations=[each for each in violations + dark if each[1] in SERIOUS],
            opened=opened,
        )
    page.close()
    return found


@pytest.fixture(scope="session")
def served(site):
    """The address of the site on a server, below another path."""
    above = site[0].parent

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=above)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/{site[0].name}/"
        server.shutdown()
