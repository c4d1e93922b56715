// Plays NMS as a film: the photo with each step's boxes, the scores, and what an overlap does to a score.
// Python sends the whole film once (see suppression.py); stepping and cutting at a score happen here.

const PHOTO = 470, SIDE = 350, BARS = 140, CURVE = 170; // CSS pixels on screen: longest side, width, heights
const GRAY = "#8A8A8A", GONE = "#D55E00", INK = "#222222";
const LEFT = 30, BOTTOM = 18, TOP = 6; // px round a plot, for its numbers

const whole = (view) => new Int32Array(bytes(view).buffer);

function render({ model, el }) {
  const root = element(el, "div", "mtcnn-canvas"), buttons = element(root, "div"), views = element(root, "div", "views");
  buttons.dataset.lmSuppressShortcuts = "true";
  buttons.style.margin = "0 0 6px";
  const photo = view(views), right = element(views, "div"), bars = view(right), curve = view(right);
  const table = element(right, "table"), tip = element(root, "div", "tip");
  table.setAttribute("aria-live", "polite");
  let bitmap = null, shownPhoto = null, data = null, lit = -1, timer = 0, bySize = [];

  // --- the film

  function unpack() {
    const [width, height] = model.get("size"), boxes = floats(model.get("boxes")), n = boxes.length / 4;
    const all = floats(model.get("scores")), overlaps = floats(model.get("overlaps"));
    const row = (array, k) => array.subarray(k * n, (k + 1) * n);
    data = {
      n, boxes, width, height, zoom: PHOTO / Math.max(width, height), best: whole(model.get("best")),
      scores: (k) => row(all, k), overlaps: (k) => row(overlaps, k), order: [...Array(n).keys()].sort((a, b) => all[b] - all[a] || a - b),
    };
    bySize = [...Array(n).keys()].sort((a, b) => area(a) - area(b));
  }

  const box = (i) => data.boxes.subarray(4 * i, 4 * i + 4);
  const area = (i) => (box(i)[2] - box(i)[0]) * (box(i)[3] - box(i)[1]);
  const cut = () => Math.fround(model.get("cut")); // as Python does, compare float32 with float32
  const there = (score) => score > 0 && score >= cut();

  function length() { // steps until the best that is left is under the cut
    const over = [...data.best].findIndex((b, k) => data.scores(k)[b] < cut());
    return over < 0 ? data.best.length : over;
  }

  function now() { // each box's state after this step
    const steps = length(), step = Math.min(model.get("step"), steps), taken = data.best.slice(0, step);
    const before = data.scores(Math.max(step - 1, 0)), scores = data.scores(step);
    const state = Array.from({ length: data.n }, (_, i) => {
      if (!there(before[i])) return "gone";
      if (!there(scores[i])) return "removed";
      return scores[i] < before[i] ? "lowered" : "waiting";
    });
    taken.forEach((i) => (state[i] = "kept"));
    if (step) state[taken[step - 1]] = "best";
    let compared = 0; // in each step the best with all that are left, those under the cut not counted
    for (let k = 0; k < step; k++) compared += data.scores(k).reduce((count, score) => count + there(score), 0) - (k + 1);
    return { step, steps, state, scores, compared, best: step ? taken[step - 1] : -1 };
  }

  // --- drawing

  const colourOf = (state) => ({ best: model.get("colour"), kept: model.get("colour"), waiting: GRAY })[state] || GONE;

  function drawPhoto({ step, steps, state, scores, compared, best }) {
    const { zoom, width, height } = data, pen = photo.fit(width * zoom, height * zoom);
    pen.drawImage(bitmap, 0, 0, width * zoom, height * zoom);
    const outline = (i, line, colour, dash = []) => {
      const [x1, y1, x2, y2] = box(i).map((v) => v * zoom);
      pen.setLineDash([]);
      pen.lineWidth = line + 2;
      pen.strokeStyle = "rgba(255, 255, 255, 0.85)";
      pen.strokeRect(x1, y1, x2 - x1, y2 - y1);
      pen.setLineDash(dash);
      pen.lineWidth = line;
      pen.strokeStyle = colour;
      pen.strokeRect(x1, y1, x2 - x1, y2 - y1);
      return [x1, y1, x2, y2];
    };
    const each = (name, draw) => state.forEach((s, i) => s === name && draw(i));
    each("waiting", (i) => outline(i, 1, GRAY));
    each("kept", (i) => outline(i, 2, colourOf("kept")));
    each("lowered", (i) => outline(i, 1.5, GONE, [5, 4]));
    each("removed", (i) => {
      const [x1, y1, x2, y2] = outline(i, 1.5, GONE, [5, 4]);
      pen.beginPath();
      pen.moveTo(x1, y1);
      pen.lineTo(x2, y2);
      pen.moveTo(x1, y2);
      pen.lineTo(x2, y1);
      pen.stroke();
    });
    if (best >= 0) {
      const [x1, y1] = outline(best, 4, colourOf("best")), text = scores[best].toFixed(3);
      pen.font = "bold 13px sans-serif";
      pen.fillStyle = INK;
      pen.fillRect(x1 - 2, y1 > 20 ? y1 - 20 : y1, pen.measureText(text).width + 8, 18);
      pen.fillStyle = "#fff";
      pen.fillText(text, x1 + 2, y1 > 20 ? y1 - 7 : y1 + 13);
    }
    if (lit >= 0) outline(lit, 3, INK);
    const count = (name) => state.filter((s) => s === name).length;
    const did = [["removes", "removed"], ["lowers", "lowered"]].filter(([, s]) => count(s)).map(([verb, s]) => `${verb} ${count(s)}`);
    photo.caption.textContent = step ? `step ${step} of ${steps}: the best that is left ${did.join(" and ") || "removes none"}` : `before step 1 of ${steps}`;
    const rows = [["kept so far", count("kept") + (best >= 0)], ["removed now", count("removed")], ["lowered now", count("lowered")],
      ["waiting", count("waiting") + count("lowered")], ["overlaps computed", compared]];
    table.replaceChildren(...rows.map((row) => {
      const tr = document.createElement("tr");
      tr.append(...row.map((text) => Object.assign(document.createElement("td"), { textContent: text.toLocaleString("en") })));
      return tr;
    }));
  }

  function axes(plot, height, xs, ys) { // the pen, and where a number lies, x from 0 to 1 and y from 0 to 1.05
    const pen = plot.fit(SIDE, height), X = (v) => LEFT + v * (SIDE - LEFT - 8), Y = (v) => height - BOTTOM - (v / 1.05) * (height - BOTTOM - TOP);
    pen.fillStyle = pen.strokeStyle = getComputedStyle(root).color;
    pen.globalAlpha = 0.4;
    pen.strokeRect(X(0), Y(1.05), X(1) - X(0), Y(0) - Y(1.05));
    pen.globalAlpha = 1;
    pen.textAlign = "right";
    ys.forEach((v) => pen.fillText(v, X(0) - 5, Y(v) + 4));
    pen.textAlign = "center";
    xs.forEach((v) => pen.fillText(v, X(v), height - 4));
    return { pen, X, Y };
  }

  function drawBars({ state, scores }) {
    const { pen, X, Y } = axes(bars, BARS, [], [0, 0.5, 1]), wide = (X(1) - X(0)) / data.n, first = data.scores(0);
    data.order.forEach((i, k) => {
      const x = X(k / data.n), gap = wide > 4 ? 1.5 : 0;
      pen.globalAlpha = state[i] === "removed" ? 0.5 : 0.3;
      pen.fillStyle = state[i] === "removed" ? GONE : GRAY;
      pen.fillRect(x + gap, Y(first[i]), wide - 2 * gap, Y(0) - Y(first[i]));
      pen.globalAlpha = 1;
      pen.fillStyle = colourOf(state[i]);
      if (state[i] !== "gone") pen.fillRect(x + gap, Y(scores[i]), wide - 2 * gap, Y(0) - Y(scores[i]));
      if (state[i] === "removed") { // crossed out, as on the photo
        pen.strokeStyle = GONE;
        pen.beginPath();
        for (const [from, to] of [[gap, wide - gap], [wide - gap, gap]]) {
          pen.moveTo(x + from, Y(first[i]));
          pen.lineTo(x + to, Y(0));
        }
        pen.stroke();
      }
      if (i === lit || state[i] === "best") {
        pen.fillStyle = i === lit ? GONE : colourOf("best");
        pen.fillText("▲", x + wide / 2, BARS - 5);
      }
    });
    pen.strokeStyle = getComputedStyle(root).color;
    pen.setLineDash([4, 3]);
    pen.beginPath();
    pen.moveTo(X(0), Y(cut()));
    pen.lineTo(X(1), Y(cut()));
    pen.stroke();
    bars.caption.textContent = "scores (pale: as they came; gray: still waiting; crossed: removed in this step); dashed: score at least";
  }

  function weight(method, o) {
    if (method === "gaussian") return Math.exp((-o * o) / model.get("sigma"));
    return o <= Math.fround(model.get("overlap")) ? 1 : method === "linear" ? 1 - o : 0;
  }

  function drawCurve({ step, state, best }) {
    const { pen, X, Y } = axes(curve, CURVE, [0, 0.5, 1], [0, 0.5, 1]), method = model.get("method");
    const line = (name, colour, width) => {
      pen.strokeStyle = colour;
      pen.lineWidth = width;
      pen.beginPath();
      for (let k = 0; k <= 400; k++) pen.lineTo(X(k / 400), Y(weight(name, k / 400)));
      pen.stroke();
    };
    ["greedy", "linear", "gaussian"].filter((name) => name !== method).forEach((name) => line(name, GRAY, 1));
    line(method, model.get("colour"), 3);
    if (step) {
      const overlaps = data.overlaps(step - 1);
      state.forEach((s, i) => {
        if (!["waiting", "lowered", "removed"].includes(s)) return;
        pen.beginPath();
        pen.arc(X(overlaps[i]), Y(weight(method, overlaps[i])), i === lit ? 6 : 4, 0, 7);
        pen.fillStyle = colourOf(s);
        pen.fill();
        pen.lineWidth = 1;
        pen.strokeStyle = "#fff";
        pen.stroke();
      });
    }
    const name = model.get("measure") === "iou" ? "IoU" : "IoM";
    curve.caption.textContent = `${name} with the best, and what it multiplies a score by (thin: the other methods)`;
  }

  function draw() {
    if (!data || !bitmap) return;
    const shown = now();
    drawPhoto(shown);
    drawBars(shown);
    drawCurve(shown);
  }

  async function receive() {
    const bytesOfPhoto = model.get("photo");
    if (!bytesOfPhoto.byteLength) return;
    if (bytesOfPhoto !== shownPhoto) {
      const decoded = await createImageBitmap(new Blob([bytesOfPhoto], { type: "image/jpeg" }));
      if (bytesOfPhoto !== model.get("photo")) return; // a newer photo came while this one was decoded
      bitmap = decoded;
      shownPhoto = bytesOfPhoto;
    }
    lit = -1;
    unpack();
    draw();
  }

  // --- buttons and pointer

  const go = (step) => {
    model.set("step", Math.max(0, Math.min(step, length())));
    model.save_changes();
  };
  const stop = () => {
    timer = clearInterval(timer) || 0;
    play.textContent = "▶▶ play";
  };
  const button = (text, act) => {
    const made = Object.assign(element(buttons, "button", "jupyter-widgets jupyter-button widget-button"), { textContent: text });
    made.style.width = "auto";
    made.addEventListener("click", () => data && act(now().step));
    return made;
  };
  button("◀ back", (step) => stop() || go(step - 1));
  button("next step ▶", (step) => stop() || go(step + 1));
  const play = button("▶▶ play", (step) => {
    if (timer) return stop();
    if (step >= length()) go(0);
    play.textContent = "■ stop";
    timer = setInterval(() => (now().step < length() ? go(now().step + 1) : stop()), 600);
    return timer;
  });
  button("to the end", () => stop() || go(length()));

  photo.canvas.addEventListener("pointermove", (event) => {
    if (!data || !bitmap) return;
    const x = event.offsetX / data.zoom, y = event.offsetY / data.zoom, shown = now();
    const found = bySize.find((i) => { // the smallest box under the pointer: the others can be reached beside it
      const [x1, y1, x2, y2] = box(i);
      return shown.state[i] !== "gone" && x >= x1 && x < x2 && y >= y1 && y < y2;
    });
    const next = found === undefined ? -1 : found, at = root.getBoundingClientRect();
    tip.style.display = next < 0 ? "none" : "block";
    tip.style.left = `${Math.min(event.clientX - at.left + 14, Math.max(0, at.width - 330))}px`;
    tip.style.top = `${event.clientY - at.top + 16}px`;
    if (next >= 0) {
      const overlap = shown.step ? `\noverlap with the best: ${data.overlaps(shown.step - 1)[next].toFixed(2)}` : "";
      tip.textContent = `score ${shown.scores[next].toFixed(3)}, at first ${data.scores(0)[next].toFixed(3)}${overlap}\n${shown.state[next]}`;
    }
    if (next !== lit) {
      lit = next;
      draw();
    }
  });
  photo.canvas.addEventListener("pointerleave", () => {
    tip.style.display = "none";
    lit = -1;
    draw();
  });

  model.on("change:revision", receive);
  model.on("change:step change:cut", draw);
  receive();
  return stop;
}

export default { render };
