// Plays NMS as a film: the photo with each step's boxes, the scores, and what an overlap does to a score.
// Python sends the boxes of all pools once (see suppression.py); the film, stepping and cutting at a score happen here.

const PHOTO = 470, SIDE = 350, BARS = 140, CURVE = 170; // CSS pixels on screen: longest side, width, heights
const GONE = "#D55E00";
const LEFT = 30, BOTTOM = 18, TOP = 6; // px round a plot, for its numbers

function render({ model, el }) {
  const [root, views] = frame(model, el), buttons = element(root, "div"), get = (name) => model.get(name);
  root.prepend(buttons);
  buttons.dataset.lmSuppressShortcuts = "true";
  buttons.style.margin = "0 0 6px";
  const photo = view(views), right = element(views, "div"), bars = view(right), curve = view(right);
  const table = live(element(right, "table")), pointed = pointer(root, 330, () => draw()); // lit: a box
  let bitmaps = [], data = null, timer = 0;

  // --- the film

  const pool = () => get("pools")[get("pool")], method = () => get("methods")[get("method")], measure = () => get("measures")[get("measure")];

  function roll() { // the film of the pool, at the method, the measure and their numbers
    const start = sum(get("pools").slice(0, get("pool")).map(({ boxes }) => boxes)), { boxes: n, size: [width, height] } = pool();
    const part = (name, all, each = 1) => all(get(name)).subarray(each * start, each * (start + n));
    const boxes = part("boxes", floats, 4), first = part("scores", floats);
    const made = film(boxes, first, method(), get("overlap"), get("sigma"), measure());
    data = {
      n, boxes, width, height, zoom: PHOTO / Math.max(width, height), best: made.best, face: part("face", integers),
      scores: (k) => made.scores[k], overlaps: (k) => made.overlaps[k], order: [...Array(n).keys()].sort((a, b) => first[b] - first[a] || a - b),
    };
    data.tags = numbered() ? tagPlaces() : [];
    const last = Math.max(made.best.length, 1);
    switchOff(model, "overlap", method() === "gaussian"); // what has no part in the method
    switchOff(model, "sigma", method() !== "gaussian");
    control(model, "step").then((one) => one?.set("max", last));
    if (get("step") > last) model.set("step", last);
  }

  const box = (i) => data.boxes.subarray(4 * i, 4 * i + 4);
  const cut = () => Math.fround(get("cut")); // as Python does, compare float32 with float32
  const there = (score) => score > 0 && score >= cut();

  function length() { // steps until the best that is left is under the cut
    const over = [...data.best].findIndex((b, k) => data.scores(k)[b] < cut());
    return over < 0 ? data.best.length : over;
  }

  function now() { // each box's state after this step
    const steps = length(), step = Math.min(get("step"), steps), taken = data.best.slice(0, step);
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
    const last = [...data.best.slice(0, steps)], faces = new Set(last.map((i) => data.face[i]).filter((f) => f >= 0)).size;
    return { step, steps, state, scores, compared, best: step ? taken[step - 1] : -1, found: [faces, last.length - faces] };
  }

  // --- drawing

  const colourOf = (state) => ({ best: pool().colour, kept: pool().colour, waiting: GRAY })[state] || GONE;

  const numbered = () => data.n <= get("numbered");
  const letters = (colour) => (sum(rgb(colour)) < get("light") ? PAPER : INK); // on a patch of this colour

  function tagPlaces() { // on each box's upper edge: of some places the farthest from those before it (as Python's tag_places)
    const places = [], room = ([x, y]) => Math.min(...places.map(([left, top]) => Math.hypot(x - left, y - top)), Infinity);
    for (let i = 0; i < data.n; i++) {
      const [x1, y1, x2] = box(i).map((v) => v * data.zoom);
      const free = Array.from({ length: 15 }, (_, k) => [x1 + ((k + 1) / 16) * (x2 - x1), Math.max(y1, 8)]);
      places.push(free.reduce((best, at) => (room(at) > room(best) ? at : best)));
    }
    return places;
  }

  function tag(pen, i, state) { // a box's number
    const colour = colourOf(state), [x, y] = data.tags[i];
    pen.font = "bold 11px sans-serif";
    block(pen, colour, x - 9, y - 8, 18, 16);
    write(pen, String(i), x, y + 4, "center", letters(colour));
  }

  function drawPhoto({ step, steps, state, scores, compared, best, found }) {
    const { zoom, width, height } = data, pen = photo.fit(width * zoom, height * zoom);
    pen.drawImage(bitmaps[pool().photo], 0, 0, width * zoom, height * zoom);
    const outline = (i, line, colour, dash = []) => {
      rimmed(pen, rectangle(box(i), zoom), line, colour, 2, 0.85, dash);
      return box(i).map((v) => v * zoom);
    };
    const each = (name, draw) => state.forEach((s, i) => s === name && draw(i));
    each("waiting", (i) => outline(i, 1, GRAY));
    each("kept", (i) => outline(i, 2, colourOf("kept")));
    each("lowered", (i) => outline(i, 1.5, GONE, [5, 4]));
    each("removed", (i) => {
      const [x1, y1, x2, y2] = outline(i, 1.5, GONE, [5, 4]);
      trace(pen, [[[x1, y1], [x2, y2]], [[x1, y2], [x2, y1]]], GONE, 1.5, [5, 4]);
    });
    if (best >= 0) outline(best, 4, colourOf("best"));
    if (numbered()) ["waiting", "lowered", "removed", "kept", "best"].forEach((name) => each(name, (i) => tag(pen, i, name)));
    if (best >= 0) { // its score, under its lower edge
      const [x1, , , y2] = box(best).map((v) => v * zoom), text = scores[best].toFixed(3), y = y2 + 20 < height * zoom ? y2 + 2 : y2 - 20;
      pen.font = "bold 13px sans-serif";
      block(pen, INK, x1 - 2, y, pen.measureText(text).width + 8, 18);
      write(pen, text, x1 + 2, y + 13, "left", PAPER);
    }
    if (pointed.lit !== null) outline(pointed.lit, 3, INK);
    const count = (name) => state.filter((s) => s === name).length;
    const did = [["removes", "removed"], ["lowers", "lowered"]].filter(([, s]) => count(s)).map(([verb, s]) => `${verb} ${count(s)}`);
    const who = numbered() && step ? `box ${best}, the best that is left,` : "the best that is left";
    photo.caption.textContent = step ? `step ${step} of ${steps}: ${who} ${did.join(" and ") || "removes none"}` : `before step 1 of ${steps}`;
    const rows = [["kept so far", count("kept") + (best >= 0)], ["removed now", count("removed")], ["lowered now", count("lowered")],
      ["waiting", count("waiting") + count("lowered")], ["overlaps computed", compared]];
    if (pool().faces) rows.push(["faces found in the end", `${found[0]} of ${pool().faces}`], ["boxes too many in the end", found[1]]);
    fill(table, rows.map((cells) => cells.map(english)), { now: (r) => r > 4 });
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
      block(pen, state[i] === "removed" ? GONE : GRAY, x + gap, Y(first[i]), wide - 2 * gap, Y(0) - Y(first[i]));
      pen.globalAlpha = 1;
      pen.fillStyle = colourOf(state[i]);
      if (state[i] !== "gone") pen.fillRect(x + gap, Y(scores[i]), wide - 2 * gap, Y(0) - Y(scores[i]));
      if (state[i] === "removed") { // crossed out, as on the photo
        trace(pen, [[gap, wide - gap], [wide - gap, gap]].map(([from, to]) => [[x + from, Y(first[i])], [x + to, Y(0)]]), GONE);
      }
      const lit = i === pointed.lit, named = lit || state[i] === "best";
      if (numbered() || named) {
        const ink = lit ? LIT : state[i] === "best" ? colourOf("best") : getComputedStyle(root).color;
        write(pen, numbered() ? String(i) : "▲", x + wide / 2, BARS - 5, "center", ink);
      }
    });
    trace(pen, [[[X(0), Y(cut())], [X(1), Y(cut())]]], getComputedStyle(root).color, 1, [4, 3]);
    bars.caption.textContent = "scores (pale: as they came; gray: still waiting; crossed: removed in this step); dashed: score at least";
  }

  function drawCurve({ step, state, best }) {
    const { pen, X, Y } = axes(curve, CURVE, [0, 0.5, 1], [0, 0.5, 1]), by = (name, o) => weight(o, name, get("overlap"), get("sigma"));
    const line = (name, colour, width) => {
      trace(pen, [Array.from({ length: 401 }, (_, k) => [X(k / 400), Y(by(name, k / 400))])], colour, width);
    };
    get("methods").filter((name) => name !== method()).forEach((name) => line(name, GRAY, 1));
    line(method(), pool().colour, 3);
    if (step) {
      const overlaps = data.overlaps(step - 1);
      state.forEach((s, i) => {
        if (!["waiting", "lowered", "removed"].includes(s)) return;
        disc(pen, X(overlaps[i]), Y(by(method(), overlaps[i])), i === pointed.lit ? 6 : 4, colourOf(s));
        pen.lineWidth = 1;
        pen.strokeStyle = PAPER;
        pen.stroke();
      });
    }
    const name = measure() === "iou" ? "IoU" : "IoM";
    curve.caption.textContent = `${name} with the best, and what it multiplies a score by (thin: the other methods)`;
  }

  function draw() {
    if (!data) return;
    const shown = now();
    drawPhoto(shown);
    drawBars(shown);
    drawCurve(shown);
  }

  function renew() { // another film
    if (!bitmaps.length) return;
    pointed.lit = null;
    roll();
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

  pointed.watch(photo.canvas, (event) => {
    if (!data) return null;
    const { state, step, scores } = now(), there_ = [...state.keys()].filter((i) => state[i] !== "gone");
    const i = smallest(event, data.zoom, there_.map((k) => [box(k), k]));
    if (i === undefined) return null;
    const overlap = step ? `\noverlap with the best: ${data.overlaps(step - 1)[i].toFixed(2)}` : "";
    return [i, `${numbered() ? `box ${i}: ` : ""}score ${scores[i].toFixed(3)}, at first ${data.scores(0)[i].toFixed(3)}${overlap}\n${state[i]}`];
  });

  follow(model, ["method", "measure", "overlap", "sigma"], renew);
  model.on("change:pool", () => {
    stop();
    model.set("step", 1);
    renew();
  });
  follow(model, ["step", "cut"], draw);
  let from = 0;
  const photos = get("lengths").map((length) => {
    const { buffer, byteOffset } = get("photos"), photo = decode(new DataView(buffer, byteOffset + from, length));
    from += length;
    return photo;
  });
  Promise.all(photos).then((decoded) => {
    bitmaps = decoded;
    renew();
  });
  return stop;
}

export default { render };
