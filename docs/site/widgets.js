// The explorers of a page: ipywidgets and anywidget without a kernel, from the states that `make notebooks` wrote.
//
// esbuild makes one file of this one and of what it imports. The states of an explorer come as a script that calls
// `explorerStates`: a page that was opened from a file may read no other file but scripts, styles and pictures.

import { defined } from "./amd.js";
import "anywidget";
import * as base from "@jupyter-widgets/base";
// the controls that explorers are made of; all of them would double the file
import * as bool from "@jupyter-widgets/controls/lib/widget_bool.js";
import * as box from "@jupyter-widgets/controls/lib/widget_box.js";
import * as button from "@jupyter-widgets/controls/lib/widget_button.js";
import * as description from "@jupyter-widgets/controls/lib/widget_description.js";
import * as float from "@jupyter-widgets/controls/lib/widget_float.js";
import * as int from "@jupyter-widgets/controls/lib/widget_int.js";
import * as link from "@jupyter-widgets/controls/lib/widget_link.js";
import * as selection from "@jupyter-widgets/controls/lib/widget_selection.js";
import * as string from "@jupyter-widgets/controls/lib/widget_string.js";
import * as upload from "@jupyter-widgets/controls/lib/widget_upload.js";
import { ManagerBase } from "@jupyter-widgets/base-manager";
import { Widget } from "@lumino/widgets";
import "@jupyter-widgets/base/css/index.css";
import "@jupyter-widgets/controls/css/widgets.css";

const MODULES = {
  "@jupyter-widgets/base": base,
  "@jupyter-widgets/controls": { ...bool, ...box, ...button, ...description, ...float, ...int, ...link, ...selection, ...string, ...upload },
  anywidget: defined[0](base),
};
const ROOT = document.documentElement.dataset.content_root;
const AHEAD = "600px"; // how far below the screen an explorer wakes up

class Manager extends ManagerBase {
  async loadClass(name, module) {
    if (!MODULES[module]?.[name]) throw new Error(`docs/site/widgets.js imports no ${name} of ${module}`);
    return MODULES[module][name];
  }

  _get_comm_info() { return Promise.resolve({}); }

  _create_comm() { throw new Error("there is no kernel on this page"); }
}

const manager = new Manager();
const waiting = {}; // file of states -> what is done with them

window.explorerStates = (file, states) => waiting[file](states);

const statesOf = (file) => new Promise((resolve, reject) => {
  waiting[file] = resolve;
  const script = document.createElement("script");
  script.onerror = () => reject(new Error(`no ${file}`));
  script.src = `${ROOT}_static/states/${file}.js`;
  document.head.append(script);
});

// The states of one explorer, as the manager wants them: see states() in sources.py.
async function unpacked(text) {
  const packed = new Blob([Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))]);
  const whole = await new Response(packed.stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
  let end = new Uint8Array(whole).indexOf(10) + 1; // of the line
  const { models, sizes, texts } = JSON.parse(new TextDecoder().decode(whole.slice(0, end)));
  const buffers = {}, joined = (names) => (Array.isArray(names) ? names.map((name) => texts[name]).join("") : names);
  for (const [key, size] of Object.entries(sizes)) {
    buffers[key] = new DataView(whole.slice(end, end + size));
    end += size;
  }
  const state = {};
  for (const [id, { name, module, version, state: values, buffers: held = {} }] of Object.entries(models)) {
    if ("_esm" in values) Object.assign(values, { _esm: joined(values._esm), _css: joined(values._css) });
    for (const [place, key] of Object.entries(held)) {
      const steps = place.split("/"), last = steps.pop(); // "photo", or "others/the wall/photo"
      steps.reduce((inner, step) => (inner[step] ??= {}), values)[last] = buffers[key];
    }
    state[id] = { model_name: name, model_module: module, model_module_version: version, state: values };
  }
  return { version_major: 2, version_minor: 0, state };
}

async function wake(place) {
  try {
    await manager.set_state(await unpacked(await statesOf(place.dataset.states)));
    const view = await manager.create_view(await manager.get_model(place.dataset.view));
    Widget.attach(view.luminoWidget, place);
    place.dataset.alive = "yes";
  } catch (error) {
    place.dataset.alive = "no"; // which brings the still picture back
    throw error;
  }
}

const places = document.querySelectorAll(".explorer[data-view]"); // this script is deferred: they are there
const near = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    near.unobserve(target);
    wake(target);
  }
}, { rootMargin: AHEAD });
places.forEach((place) => near.observe(place));
