// What every explorer's script begins with (base.py puts it in front): data from Python, canvases with a caption, a table,
// the pointer with its tooltip, and the parts that plots are drawn of.

const INK = "#222222", PAPER = "#ffffff", GRAY = "#8A8A8A", LIT = "#D55E00"; // LIT: what the pointer is on
const GRID = "rgba(128, 128, 128, 0.35)"; // shows on light and on dark pages

// --- data

const bytes = (view) => new Uint8Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
const floats = (view) => new Float32Array(bytes(view).buffer);
const integers = (view) => new Int32Array(bytes(view).buffer);
const decode = (view, type = "jpeg", size = {}) => createImageBitmap(new Blob([bytes(view)], { type: `image/${type}` }), size);
const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const rgb = (code) => [1, 3, 5].map((at) => parseInt(code.slice(at, at + 2), 16));
const english = (value) => value.toLocaleString("en"); // 1,234

function receiver(model, show) { // a function that shows the trait `photo`, decoded anew only where it is another one
  let bitmap = null, shown = null;
  return async () => {
    const photo = model.get("photo");
    if (!photo.byteLength) return;
    if (photo !== shown) {
      const decoded = await decode(photo);
      if (photo !== model.get("photo")) return; // a newer photo came while this one was decoded
      [bitmap, shown] = [decoded, photo];
    }
    show(bitmap);
  };
}

// --- the page

function element(parent, tag, className = "") {
  const made = document.createElement(tag);
  made.className = className;
  parent.append(made);
  return made;
}

function live(made) { // a screen reader says what changes in it
  made.setAttribute("aria-live", "polite");
  return made;
}

function frame(model, el, rows = 1) { // the explorer's own element, and a row of views or more
  const root = element(el, "div", "mtcnn-canvas");
  beside(model, root);
  return [root, ...Array.from({ length: rows }, () => element(root, "div", "views"))];
}

function remark(parent, model) { // what Python has to say: the trait `note`
  const note = live(element(parent, "p")), write = () => { note.textContent = model.get("note"); };
  model.on("change:note", write);
  write();
}

const acts = new Set(); // what draws this widget anew
const follow = (model, traits, act) => {
  acts.add(act);
  traits.forEach((trait) => model.on(`change:${trait}`, act));
};

function inPageColours(root) { // where the page turns dark or light, what has its colours is drawn anew
  const again = () => requestAnimationFrame(() => root.isConnected && acts.forEach((act) => act()));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  const theme = new MutationObserver(again);
  for (const one of [document.documentElement, document.body]) {
    theme.observe(one, { attributes: true, attributeFilter: ["data-theme", "data-jp-theme-name"] });
  }
}

function onPage(root, draw) { // the first drawing: colours and fonts of the page are known once `root` is part of it
  if (root.isConnected) return draw();
  const arrival = new ResizeObserver(() => { // silent while `root` has no size, as everything has none outside the page
    if (!root.isConnected) return;
    arrival.disconnect();
    draw();
  });
  arrival.observe(root);
}

// A canvas, and fit(width, height): the pen for an empty picture of that size, CSS pixels; sharp on dense screens, as it
// then has more pixels of its own.
function surface(parent) {
  const canvas = element(parent, "canvas"), pen = canvas.getContext("2d");
  const fit = (width, height) => {
    const dense = window.devicePixelRatio || 1, size = [width, height].map((side) => Math.max(1, Math.round(side * dense)));
    if (String(size) !== String([canvas.width, canvas.height])) [canvas.width, canvas.height] = size; // costs new memory
    [canvas.style.width, canvas.style.height] = [`${width}px`, `${height}px`];
    pen.restore(); // whatever was set while drawing the last picture: colours, dashes, smoothing
    pen.save();
    pen.clearRect(0, 0, ...size);
    pen.setTransform(dense, 0, 0, dense, 0, 0);
    pen.font = "11px sans-serif";
    return pen;
  };
  return { canvas, fit };
}

// A canvas with a caption above it. The view is as wide as its canvas, or `least`: a long caption wraps and does not push
// the next view away, and above a narrow canvas it still has room for more than a word a line. Widths are CSS pixels.
function view(parent, least = 220) {
  const figure = element(parent, "figure"), caption = element(figure, "figcaption"), { canvas, fit } = surface(figure);
  caption.id = `caption-${crypto.randomUUID ? crypto.randomUUID() : Math.random()}`; // a page of plain http has no UUIDs
  canvas.setAttribute("role", "img"); // to a screen reader it is a picture, and the caption says of what
  canvas.setAttribute("aria-labelledby", caption.id);
  const sized = (width, height) => {
    figure.style.width = `${Math.max(width, least)}px`;
    return fit(width, height);
  };
  return { figure, caption, canvas, fit: sized };
}

// Rows of cells, the first a head if `head`. now(r): whether row r is set off; colour(r): of the patch before its first cell.
function fill(table, rows, { head = false, now = () => false, colour = () => null } = {}) {
  const made = document.createDocumentFragment();
  rows.forEach((cells, r) => {
    const tr = element(made, "tr", now(r) ? "now" : "");
    for (const text of cells) element(tr, head && r === 0 ? "th" : "td").textContent = text;
    if (!colour(r)) return;
    const patch = document.createElement("i");
    patch.style.background = colour(r);
    tr.firstChild.prepend(patch);
  });
  table.replaceChildren(made);
}

// --- the controls beside the drawing, which are ipywidgets', and the page that they stand on

// Whether Python hears what this widget says. In a saved or exported page it does not: every widget has a layout, whose
// model knows.
const heard = (model) => model.get("layout")?.comm_live ?? false;

// The model of a control, by the name that it has in `Drawing.controls`; null where the page has only the drawing.
async function control(model, name) {
  const reference = model.get("controls")?.[name];
  return reference && model.widget_manager ? model.widget_manager.get_model(reference.replace("IPY_MODEL_", "")) : null;
}

function switchOff(model, name, off) { // a control that has no part in what is shown
  control(model, name).then((one) => one?.set("disabled", off));
}

function beside(model, root) {
  onPage(root, () => {
    nameSliders(root);
    for (const name of model.get("needs_python") ?? []) needPython(model, root, name);
    swapPhotos(model);
    inPageColours(root);
  });
}

// Another photo of those that came with the page, where no Python sends it
async function swapPhotos(model) {
  const known = { ...model.get("others") }, traits = Object.keys(Object.values(known)[0] ?? {});
  const choice = traits.length ? await control(model, "choice") : null;
  let now = choice?.get("index");
  choice?.on("change:index", () => {
    const names = choice.get("_options_labels"), name = names[choice.get("index")];
    if (heard(model) || !known[name]) return;
    known[names[now]] = Object.fromEntries(traits.map((trait) => [trait, model.get(trait)]));
    now = choice.get("index");
    Object.entries(known[name]).forEach((each) => model.set(...each));
    if (model.get("revision") !== undefined) model.set("revision", model.get("revision") + 1);
  });
}

// The elements of a control, as soon as it has one: the page makes it when it makes the drawing's.
async function shownAt(model, root, name) {
  const one = await control(model, name);
  while (one && !Object.keys(one.views ?? {}).length && root.isConnected) await new Promise((done) => setTimeout(done, 50));
  return (await Promise.all(Object.values(one?.views ?? {}))).map((view_) => view_.el);
}

async function needPython(model, root, name) { // where nobody answers it, a control is off and says so
  const one = await control(model, name);
  if (!one) return;
  let off = false;
  const update = async () => {
    if (off === !heard(model)) return;
    off = !off;
    one.set("disabled", off);
    for (const made of await shownAt(model, root, name)) says(made, off);
  };
  update();
  model.get("layout")?.on?.("comm_live_update", update);
}

let words = 0; // how many times "needs Python" is on the page
function says(made, off) { // "needs Python" behind an element, and for its buttons as they are read aloud
  const own = made.nextElementSibling, now = own?.classList.contains("mtcnn-needs") ? own : document.createElement("span");
  Object.assign(now, { className: "mtcnn-needs", textContent: off ? "needs Python" : "", id: now.id || `mtcnn-needs-${words++}` });
  made.after(now);
  made.title = off ? "needs Python: run the notebook" : "";
  for (const part of [made, ...made.querySelectorAll("button, input, select, [role=slider]")]) {
    if (part.matches("div:not([role])")) continue;
    if (off) part.setAttribute("aria-describedby", now.id);
    else part.removeAttribute("aria-describedby");
  }
}

// ipywidgets' sliders have their name beside them for the eye only: the handle and the number get it too.
function nameSliders(root) {
  const box = root.parentElement?.closest(".widget-vbox");
  if (!box) return;
  const name = () => {
    for (const one of box.querySelectorAll(".widget-slider")) {
      const says = one.querySelector(".widget-label")?.textContent, off = Boolean(one.querySelector(".noUi-target[disabled]"));
      if (!says) continue;
      one.querySelectorAll("[role=slider]").forEach((handle) => {
        handle.setAttribute("aria-label", says);
        handle.setAttribute("aria-disabled", off);
      });
      const number = one.querySelector(".widget-readout[contenteditable]");
      number?.setAttribute("role", "textbox");
      number?.setAttribute("aria-label", `${says}, its number`);
    }
  };
  name();
  new MutationObserver((changes) => { // controls may come after the drawing
    if (changes.some(({ target }) => !root.contains(target))) name();
  }).observe(box, { childList: true, subtree: true, attributes: true, attributeFilter: ["disabled"] });
}

// --- the keyboard

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

// A canvas that the keyboard reaches: arrow(way, far) gets [right, down] of an arrow key, `far` with Shift; others: acts by
// the name of their key. JupyterLab would take the arrows to go from cell to cell.
function keyboard(canvas, model, arrow, others = {}) {
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "application"); // a screen reader hands it the arrow keys
  canvas.dataset.lmSuppressShortcuts = "true";
  canvas.addEventListener("keydown", (event) => {
    const way = ARROWS[event.key], act = others[event.key];
    if (!way && !act) return;
    event.preventDefault();
    event.stopPropagation();
    if (way) arrow(way, event.shiftKey);
    else act();
    model.save_changes();
  });
}

// Boxes on a canvas by the keyboard: the arrows go from one to the next, from left to right, and Enter asks about it. list():
// [box in CSS pixels, what]; about(what): what is lit, and what the tooltip says of it.
function browse(canvas, model, pointed, { list, about, ask = () => {} }) {
  let at = -1;
  const go = ([right, down]) => {
    const all = [...list()].sort(([a], [b]) => a[0] - b[0] || a[1] - b[1]);
    if (!all.length) return;
    at = at < 0 || at >= all.length ? (right + down > 0 ? 0 : all.length - 1) : (at + right + down + all.length) % all.length;
    const [[x1, y1, x2, y2], what] = all[at];
    pointed.show(canvas, (x1 + x2) / 2, (y1 + y2) / 2, ...about(what));
  };
  keyboard(canvas, model, go, { Enter: ask, " ": ask });
}

// --- the pointer

// What lies under the pointer: `lit`, null where nothing does. find(event) on a watched canvas gives [what is lit, what the
// tooltip says of it], or nothing; `redraw` is called when another thing is lit. room: the widest tooltip, CSS pixels.
// With `within` [width, height] of the canvas, the tooltip does not leave it.
function pointer(root, room, redraw) {
  const tip = element(root, "div", "tip"), spoken = live(element(root, "div", "spoken")), pointed = { lit: null, within: null };
  let byKey = false; // whether the keyboard lit it
  const say = (event, lit = null, text = "") => {
    const at = root.getBoundingClientRect();
    tip.style.display = text ? "block" : "none";
    tip.textContent = text;
    const [wide, high] = pointed.within || [Infinity, Infinity], above = event.offsetY > high / 2;
    tip.style.left = `${Math.min(event.clientX - at.left + 14, Math.max(0, Math.min(at.width - room, wide - tip.offsetWidth)))}px`;
    tip.style.top = `${event.clientY - at.top + (above ? -12 - tip.offsetHeight : 16)}px`;
    if (String(lit) === String(pointed.lit)) return;
    pointed.lit = lit;
    redraw();
  };
  pointed.watch = (canvas, find) => {
    canvas.addEventListener("pointermove", (event) => {
      byKey = false;
      say(event, ...(find(event) || []));
    });
    canvas.addEventListener("pointerleave", (event) => say(event));
    canvas.addEventListener("blur", (event) => byKey && say(event)); // a press elsewhere has its own
  };
  pointed.show = (canvas, offsetX, offsetY, lit, text) => { // as if the pointer were there; a screen reader hears it
    const { left, top } = canvas.getBoundingClientRect();
    byKey = true;
    say({ offsetX, offsetY, clientX: left + offsetX, clientY: top + offsetY }, lit, text);
    spoken.textContent = text;
  };
  return pointed;
}

// Of [box, what] pairs, what belongs to the smallest box under the pointer: the others can be reached beside it.
function smallest(event, zoom, boxes) {
  const x = event.offsetX / zoom, y = event.offsetY / zoom;
  let best, least = Infinity;
  for (const [[x1, y1, x2, y2], what] of boxes) {
    const area = (x2 - x1) * (y2 - y1);
    if (x >= x1 && x < x2 && y >= y1 && y < y2 && area < least) [best, least] = [what, area];
  }
  return best;
}

// Something on a canvas is dragged: grab(event) says what is in hand, or null; pull(event, hand) moves it.
function draggable(canvas, model, grab, pull, hover = () => {}) {
  let hand = null;
  canvas.style.touchAction = "none"; // a finger drags it, not the page
  canvas.addEventListener("pointerdown", (event) => {
    hand = grab(event);
    if (hand === null) return;
    canvas.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  canvas.addEventListener("pointermove", (event) => {
    hover(event, hand);
    if (hand !== null) pull(event, hand);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, () => {
      if (hand !== null) model.save_changes(); // Python learns where it has come to rest
      hand = null;
    });
  }
}

// A box that is dragged: `edges` says which of x1, y1, x2, y2 go with the pointer, all four where the box moves.

function edgesAt([x1, y1, x2, y2], [x, y], near) { // null where the pointer is not on the box
  if (x < x1 - near || x > x2 + near || y < y1 - near || y > y2 + near) return null;
  const far = [x2 - x <= near, y2 - y <= near], close = [x - x1 <= near && !far[0], y - y1 <= near && !far[1]];
  const edges = [...close, ...far];
  if (edges.includes(true)) return edges;
  return x > x1 && x < x2 && y > y1 && y < y2 ? [true, true, true, true] : null;
}

function pulled(start, edges, by, low, high) { // by whole pixels, never inside out, never out of reach: x and y of low to high
  const box = [...start];
  for (const axis of [0, 1]) {
    const way = Math.round(by[axis]);
    if (edges.every(Boolean)) {
      const first = clamp(box[axis] + way, low[axis], high[axis] - 1);
      [box[axis], box[axis + 2]] = [first, first + box[axis + 2] - box[axis]];
    } else if (edges[axis]) box[axis] = clamp(box[axis] + way, low[axis], Math.min(box[axis + 2], high[axis] - 1));
    else if (edges[axis + 2]) box[axis + 2] = clamp(box[axis + 2] + way, box[axis], Math.max(box[axis], high[axis]));
  }
  return box;
}

function cursorOf(edges) {
  if (!edges) return "default";
  const [x1, y1, x2, y2] = edges;
  if (edges.every(Boolean)) return "move";
  if ((x1 || x2) && (y1 || y2)) return (x1 && y1) || (x2 && y2) ? "nwse-resize" : "nesw-resize";
  return x1 || x2 ? "ew-resize" : "ns-resize";
}

// --- drawing

function sheet({ fit }, [width, height], root) { // the pen for a plot, in the letters of the page, and their colour
  const pen = fit(width, height), { color, fontFamily } = getComputedStyle(root);
  pen.font = `12px ${fontFamily}`;
  pen.textBaseline = "middle";
  pen.fillStyle = color;
  return [pen, color];
}

function block(pen, colour, x, y, width, height) {
  pen.fillStyle = colour;
  pen.fillRect(x, y, width, height);
}

function write(pen, text, x, y, align = pen.textAlign, colour = pen.fillStyle) {
  [pen.textAlign, pen.fillStyle] = [align, colour];
  pen.fillText(text, x, y);
}

const rectangle = ([x1, y1, x2, y2], zoom) => [x1 * zoom, y1 * zoom, (x2 - x1) * zoom, (y2 - y1) * zoom];

function outlines(boxes, zoom) { // a path round boxes [x1, y1, x2, y2]
  const path = new Path2D();
  for (const box of boxes) path.rect(...rectangle(box, zoom));
  return path;
}

function light(pen, box, zoom, width = 3) { // round what the pointer is on
  pen.lineWidth = width;
  pen.strokeStyle = LIT;
  pen.strokeRect(...rectangle(box, zoom));
}

// A line with a white rim, to show on any photo, along a path or round a rectangle [x, y, width, height]
function rimmed(pen, shape, width, colour, rim = 1.6, opacity = 0.85, dash = []) {
  for (const [line, style, dashes] of [[width + rim, `rgba(255, 255, 255, ${opacity})`, []], [width, colour, dash]]) {
    [pen.lineWidth, pen.strokeStyle] = [line, style];
    pen.setLineDash(dashes);
    if (shape instanceof Path2D) pen.stroke(shape);
    else pen.strokeRect(...shape);
  }
  pen.setLineDash([]);
}

function trace(pen, lines, colour, width = 1, dash = []) { // lines: lists of points [x, y]
  [pen.strokeStyle, pen.lineWidth] = [colour, width];
  pen.setLineDash(dash);
  pen.beginPath();
  for (const [start, ...rest] of lines) {
    pen.moveTo(...start);
    for (const point of rest) pen.lineTo(...point);
  }
  pen.stroke();
  pen.setLineDash([]);
}

function disc(pen, x, y, radius, colour) {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.fillStyle = colour;
  pen.fill();
}

// A level's map: a cell is darker the more it is like a face (0 to 255), and has the colour `code` where it passes.
function heat(pen, width, { rows, columns, cells }, passes, code) {
  const image = new ImageData(columns, rows), colour = [...rgb(code), 255], small = new OffscreenCanvas(columns, rows);
  for (let k = 0; k < rows * columns; k++) {
    const grey = 250 - 0.7 * cells[k];
    image.data.set(passes(k) ? colour : [grey, grey, grey, 255], 4 * k);
  }
  small.getContext("2d").putImageData(image, 0, 0);
  pen.imageSmoothingEnabled = false;
  pen.drawImage(small, 0, 0, width, (width * rows) / columns);
}

const nice = (least) => { // the end of a scale: 1, 2 or 5 times a power of ten
  const ten = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((k) => k * ten).find((end) => end >= least - 1e-9);
};
