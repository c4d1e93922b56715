"""A notebook in a real JupyterLab in headless Chromium: run it, press keys on its sliders, time the picture."""

import contextlib
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

WAIT = 60_000  # ms
RUN = 300_000  # ms, for all cells of a notebook: chapter 09 trains three nets

# When a notebook opens, JupyterLab's widget manager asks the new kernel for its widgets, on a comm named
# jupyter.widget.control. The kernel has not imported ipywidgets yet, so it logs twice that it knows no such thing, now
# and then after we began to listen. The comm's id comes from the page and has dashes; those of widgets, which Python
# makes, have none: a message to a widget that is gone is an error here.
CONTROL = re.compile(r"(No such comm target registered: jupyter\.widget\.control\s*|No such comm: \w{8}(-\w+){4}\s*)+")

# Runs in the page. seen() is a number for what the canvases show. It costs time where they are large, so it is asked on
# each frame between arm() and the first that shows something else, and otherwise not at all. Times are the page's own.
WATCH = """() => {
  const seen = () => {
    let hash = 0;
    for (const canvas of document.querySelectorAll('.mtcnn-canvas canvas')) {
      const image = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      const pixels = new Uint32Array(image.data.buffer);
      for (let i = 0; i < pixels.length; i++) hash = Math.imul(hash ^ pixels[i], 16777619);
    }
    return hash;
  };
  const frame = () => {
    if (!watch.armed) return;
    if (seen() !== watch.last) Object.assign(watch, { armed: false, changed: performance.now() });
    else requestAnimationFrame(frame);
  };
  const arm = () => {
    Object.assign(watch, { armed: true, pressed: null, changed: null, last: seen() });
    requestAnimationFrame(frame);
  };
  window.watch = { armed: false, pressed: null, changed: null, seen, arm };
  document.addEventListener('keydown', (event) => { watch.pressed = event.timeStamp; }, true);
}"""


@contextlib.contextmanager
def server(folder: Path, scratch: Path):
    """JupyterLab on a free local port, with settings of its own; ends with everything that it started."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(8)
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1",
               f"--ServerApp.port={port}", f"--ServerApp.root_dir={folder}", f"--IdentityProvider.token={token}",
               "--LabApp.expose_app_in_browser=True", "--LabApp.news_url=",
               f"--FileCheckpoints.checkpoint_dir={scratch / 'checkpoints'}"]  # fmt: skip
    places = {"JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
              "JUPYTER_RUNTIME_DIR": "runtime", "JUPYTER_CONFIG_DIR": "config", "IPYTHONDIR": "ipython"}  # fmt: skip
    env = os.environ | {name: str(scratch / place) for name, place in places.items()}
    # JupyterLab saves what is open every two minutes, and chapter 09 takes longer: the tests must not write notebooks.
    saving = scratch / places["JUPYTERLAB_SETTINGS_DIR"] / "@jupyterlab" / "docmanager-extension"
    saving.mkdir(parents=True)
    (saving / "plugin.jupyterlab-settings").write_text('{"autosave": false}')
    with open(scratch / "lab.log", "wb") as log:
        process = subprocess.Popen(command, env=env, stdout=log, stderr=log, start_new_session=True)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api/status?token={token}", timeout=2).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError((scratch / "lab.log").read_text()[-2000:]) from None
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/lab/tree/{{}}?reset&token={token}"
    finally:
        import psutil

        family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        for member in family:  # kernels live in sessions of their own: each by its number
            with contextlib.suppress(psutil.NoSuchProcess):
                member.send_signal(signal.SIGTERM)
        for member in psutil.wait_procs(family, timeout=8)[1]:
            member.kill()


class Notebook:
    """One notebook in one page; `complaints` collects what JavaScript and widget callbacks say of errors."""

    def __init__(self, page, url: str, name: str) -> None:
        self.page, self.name, self.complaints = page, name, []
        self.used_in = None  # the module whose tests had it last
        page.set_default_timeout(WAIT)
        page.on("pageerror", lambda error: self.complaints.append(f"JavaScript: {error}"))
        page.goto(url)
        page.wait_for_function(
            "() => { const p = window.jupyterapp && jupyterapp.shell.currentWidget, s = p && p.sessionContext;"
            " return s && p.content && p.content.model && s.session && s.session.kernel"
            " && s.session.kernel.status === 'idle'; }"
        )
        # What a slider's callback raises is in no cell: the kernel only says so in its messages.
        page.evaluate(
            "() => { window.said = []; jupyterapp.shell.currentWidget.sessionContext.iopubMessage.connect((_, m) => {"
            " if (m.header.msg_type === 'error') said.push(m.content.ename + ': ' + m.content.evalue);"
            " if (m.header.msg_type === 'stream' && m.content.name === 'stderr') said.push(m.content.text); }); }"
        )

    def run(self, cells: int | None = None) -> None:
        """Run all cells, or only the first `cells`; wait for the end."""
        if cells is None:
            self.page.evaluate("() => jupyterapp.commands.execute('notebook:run-all-cells')")
        else:
            self.page.evaluate(
                "(cells) => { jupyterapp.shell.currentWidget.content.activeCellIndex = cells;"
                " return jupyterapp.commands.execute('notebook:run-all-above'); }",
                cells,
            )
        self.page.wait_for_function(
            "() => jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'idle'", timeout=RUN
        )
        self.counts = self.page.evaluate(  # the execution count of each code cell that was to run
            "(cells) => jupyterapp.shell.currentWidget.content.widgets.slice(0, cells ?? undefined)"
            ".filter(c => c.model.type === 'code').map(c => c.model.executionCount)",
            cells,
        )
        self._wait_for_explorers()
        self.page.evaluate(WATCH)

    def _wait_for_explorers(self) -> None:
        self.page.wait_for_function("() => document.querySelectorAll('.mtcnn-canvas canvas').length > 0")
        self.page.wait_for_function(  # a caption comes with the first picture
            "() => [...document.querySelectorAll('.mtcnn-canvas figcaption')].some(caption => caption.textContent)"
        )
        self.page.wait_for_timeout(500)

    def renew_explorers(self) -> None:
        """Run the cells that show widgets once more: each explorer stands as it did at first."""
        self.page.evaluate("""async () => {
            const { content } = jupyterapp.shell.currentWidget;
            const shown = (cell) => cell.model.type === 'code' ? cell.model.outputs.toJSON() : [];
            for (const [index, cell] of content.widgets.entries()) {
              if (shown(cell).some((each) => each.data && 'application/vnd.jupyter.widget-view+json' in each.data)) {
                content.activeCellIndex = index;
                content.deselectAll();
                await jupyterapp.commands.execute('notebook:run-cell');
              }
            }
        }""")
        self._wait_for_explorers()

    def errors(self) -> list[str]:
        """Whatever went wrong so far: cells, callbacks, JavaScript, widgets that did not show."""
        widgets = self.page.evaluate(
            "() => ['Error displaying widget', 'Error creating widget', 'Failed to load model', 'Loading widget...']"
            ".filter(text => document.querySelector('.jp-Notebook').textContent.includes(text))"
        )
        said = self.page.evaluate("() => said")
        return [*self.complaints, *(text for text in said if not CONTROL.fullmatch(text)), *widgets]

    def sliders(self) -> list[str]:
        """The descriptions of all sliders that are switched on, from top to bottom."""
        native = [slider.get_attribute("aria-label") or "" for slider in self._native().all() if slider.is_enabled()]
        return native + [
            (row.locator(".widget-label").first.text_content() or "").strip() for row in self._rows().all()
        ]

    def _native(self):
        """The browser's own, in a scoreboard."""
        return self.page.locator(".mtcnn-canvas input[type=range]")

    def _rows(self):
        return self.page.locator(".widget-inline-hbox:has(.noUi-handle):not(:has([disabled]))")

    def focus(self, slider: str) -> None:
        """Put the keyboard on the slider with this description, and its canvas in view."""
        native = self.page.get_by_role("slider", name=slider, exact=True).and_(self._native())
        if native.count():
            native.first.scroll_into_view_if_needed()
            native.first.focus()
        else:
            row = self._rows().filter(has=self.page.get_by_text(slider, exact=True))
            row.scroll_into_view_if_needed()
            row.locator(".noUi-handle").first.focus()
        self.page.wait_for_timeout(150)

    def press(self, key: str, wait: float = 4.0) -> float | None:
        """Milliseconds from a key press to the first frame with other pixels; None if the picture stays the same."""
        self.page.evaluate("() => watch.arm()")
        self.page.keyboard.press(key)
        deadline = time.monotonic() + wait
        while time.monotonic() < deadline:
            pressed, changed = self.page.evaluate("() => [watch.pressed, watch.changed]")
            if changed is not None:
                self.page.wait_for_timeout(120)  # let later frames of the same move pass
                return changed - pressed
            self.page.wait_for_timeout(20)
        self.page.evaluate("() => { watch.armed = false; }")
        return None

    def close(self) -> None:
        """End the notebook's kernel, then its page."""
        self.page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.shutdown()")
        self.page.close()

    def picture(self) -> int:
        return self.page.evaluate("() => watch.seen()")

    def explorers(self) -> list[list[float]]:
        """The left edge, width and height of each explorer, what its parts reach beyond its box included, CSS px."""
        return self.page.evaluate(
            "() => [...document.querySelectorAll('.jp-OutputArea-output .widget-vbox')]"
            ".filter(box => box.querySelector('.mtcnn-canvas') && !box.parentElement.closest('.widget-vbox'))"
            ".map(box => { const { left, width, height } = box.getBoundingClientRect();"
            " return [left, Math.max(width, box.scrollWidth), Math.max(height, box.scrollHeight)]; })"
        )

    def canvas(self, number: int):
        """One of the page's canvases, in view."""
        canvas = self.page.locator(".mtcnn-canvas canvas").nth(number)
        canvas.scroll_into_view_if_needed()
        return canvas

    def changes(self, act, wait: float = 2.0) -> bool:
        """Whether doing this changes the picture; the pointer waits elsewhere, so that it points at nothing."""
        self.page.mouse.move(2, 2)
        self.page.wait_for_timeout(100)
        before, deadline = self.picture(), time.monotonic() + wait
        act()
        while self.picture() == before and time.monotonic() < deadline:
            self.page.wait_for_timeout(20)
        self.page.wait_for_timeout(150)  # let later frames of the same move pass
        return self.picture() != before

    def push(self, button: str) -> bool:
        """Push the button with this text (a checkbox: with this label); whether the picture changes."""
        found = self.page.get_by_role("button", name=button, exact=True)
        if not found.count():
            found = self.page.get_by_label(button, exact=True)
        return self.changes(found.first.click)

    def photo(self):
        """The canvas of a scoreboard with the photo, in view."""
        canvas = self.page.locator(".board figure canvas").first
        canvas.scroll_into_view_if_needed()
        return canvas

    def ask_board(self, x: float, y: float) -> tuple[str, str, str]:
        """Click on a scoreboard's photo, at parts of its width and height: the tip, the answer, and Python's note."""
        size = self.photo().bounding_box()
        at = {"x": x * size["width"], "y": y * size["height"]}
        self.photo().hover(position=at)
        tip = self.text(".board .tip")
        self.photo().click(position=at)
        said = """() => document.querySelectorAll('.board .side p')[1].textContent.includes(', at ')"""
        self.page.wait_for_function(said)
        answer, note = (self.page.locator(".board .side p").nth(k).text_content() for k in (0, 1))
        return tip, answer, note

    def portrait(self) -> None:
        """Show the portrait in a scoreboard that has other pictures too."""
        button = self.page.get_by_role("button", name="the portrait", exact=True)
        if button.count():
            button.click()
            self.page.wait_for_function(
                "() => document.querySelector('.board figcaption').textContent.includes('512 × 512')"
            )
            self.page.wait_for_timeout(200)

    def ask(self, number: int, x: float, y: float) -> tuple[str, str]:
        """Click on a canvas, at CSS pixels from its corner: the tip there, and the note, once it says another thing."""
        before = self.text(".mtcnn-canvas p")
        self.canvas(number).hover(position={"x": x, "y": y})
        tip = self.text(".mtcnn-canvas .tip")
        self.canvas(number).click(position={"x": x, "y": y})
        self.page.wait_for_function(
            "(old) => !['', old].includes(document.querySelector('.mtcnn-canvas p').textContent)", arg=before
        )
        return tip, self.text(".mtcnn-canvas p")

    def text(self, selector: str) -> str:
        """Of the first such element, also where it is scrolled out of the page."""
        return self.page.locator(selector).first.text_content() or ""
