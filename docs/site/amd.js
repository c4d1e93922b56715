// anywidget comes as a module that calls `define`; this takes what it defines.
export const defined = [];
globalThis.define = (needs, make) => defined.push(make);
