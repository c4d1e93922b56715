"""An explorer's script in a page of its own: a model that only remembers stands in for the widget's."""

import base64

import pytest

PAGE = """async ({ source, state, binary, kernel }) => {
  const module = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  const heard = {};
  for (const [name, text] of Object.entries(binary)) {
    state[name] = new DataView(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);
  }
  window.saved = []; // what Python would be told
  window.sent = []; // and what is said to it in messages
  window.controls = {}; // what the script has set of the controls beside it, by their names
  state.layout = { comm_live: kernel, on: () => {} };
  window.model = {
    get: (name) => state[name],
    set: (name, value) => { state[name] = value; (heard[`change:${name}`] || []).forEach((act) => act()); },
    on: (event, act) => (heard[event] = heard[event] || []).push(act),
    save_changes: () => saved.push({ ...state }),
    send: (message) => sent.push(message),
    widget_manager: { get_model: async (name) => {
      const values = (controls[name] ??= {});
      return { views: {}, get: (key) => values[key], set: (key, value) => { values[key] = value; }, on: () => {} };
    } },
    tell: (event, message) => (heard[event] || []).forEach((act) => act(message)),
  };
  window.seen = () => [...document.querySelectorAll("canvas")].map((canvas) => canvas.toDataURL());
  window.pixel = (k, x, y) => {
    return [...document.querySelectorAll("canvas")[k].getContext("2d").getImageData(x, y, 1, 1).data];
  };
  Object.assign(window, module); // what the script exports
  module.default.render({ model, el: document.body });
}"""


@pytest.fixture
def page(request, chromium, explorer):
    """The module's `explorer`, drawn, in a page as large as its VIEWPORT; no error may come up in it.

    In the page, `model` is the widget's, with `model.set`; `saved` has its states as Python was told of them,
    `sent` the messages; `seen()` gives all canvases, `pixel(k, x, y)` one pixel of the canvas number k; what the script
    exports has its own name. Of the controls, `controls[name]` has what the script has set. Where the module says
    KERNEL = False, no Python hears the page.
    """
    width, height = getattr(request.module, "VIEWPORT", (900, 900))
    opened = chromium.new_page(viewport={"width": width, "height": height})
    failures = []
    opened.on("pageerror", lambda error: failures.append(error))
    canvas = explorer.canvas
    traits = {name: getattr(canvas, name) for name in canvas.trait_names(sync=True) if not name.startswith("_")}
    binary = {name: base64.b64encode(value).decode() for name, value in traits.items() if isinstance(value, bytes)}
    state = {name: value for name, value in traits.items() if isinstance(value, bool | int | float | str | list)}
    opened.add_style_tag(content=str(canvas._css))
    state["controls"] = {name: f"IPY_MODEL_{name}" for name in canvas.controls}
    kernel = getattr(request.module, "KERNEL", True)
    opened.evaluate(PAGE, {"source": str(canvas._esm), "state": state, "binary": binary, "kernel": kernel})
    opened.wait_for_function("() => document.querySelector('figcaption').textContent", timeout=60_000)
    yield opened
    opened.close()
    assert failures == []


@pytest.fixture
def set_traits(page, explorer):
    """A function that sets traits in the page, and in Python, as JupyterLab would."""

    def both(**values):
        page.evaluate("(values) => Object.entries(values).forEach((each) => model.set(...each))", values)
        for name, value in values.items():
            setattr(explorer.canvas, name, value)

    return both


@pytest.fixture
def pixel(page):
    """A function: the number of a canvas, x, y -> that pixel, RGBA."""
    return lambda canvas, x, y: tuple(page.evaluate("(at) => pixel(...at)", [canvas, x, y]))
