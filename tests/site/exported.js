// The explorers of exported.py's page: ipywidgets without a kernel. `explorers` has the states, and of each its section's name.
import "./define.js";
import "./anywidget.js";
import * as base from "@jupyter-widgets/base";
import * as controls from "@jupyter-widgets/controls";
import { ManagerBase } from "@jupyter-widgets/base-manager";
import { Widget } from "@lumino/widgets";
import "@jupyter-widgets/base/css/index.css";
import "@jupyter-widgets/controls/css/widgets.css";

const modules = { "@jupyter-widgets/base": base, "@jupyter-widgets/controls": controls, anywidget: window.made(base) };

class Manager extends ManagerBase {
  async loadClass(name, module) {
    return modules[module][name];
  }

  async _get_comm_info() {
    return {};
  }
}

window.ready = (async () => {
  const manager = new Manager(), { manager_state: states, view_specs: views } = window.explorers;
  await manager.set_state(states);
  for (const [k, name] of window.names.entries()) {
    const section = Object.assign(document.createElement("section"), { id: name });
    document.body.append(section);
    const view = await manager.create_view(await manager.get_model(views[k].model_id));
    Widget.attach(view.luminoWidget, section);
  }
})();
