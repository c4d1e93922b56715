// P-Net's window on a level of the pyramid: it fills the map cell by cell, beside the map of one pass over the level.

const PANEL = 200; // CSS pixels: the longer side of photo, level and maps
const WINDOW = 12, STRIDE = 2; // P-Net's window and step, pixels of a level
const FRAMES = 480; // in which the window slides over a whole level: about eight seconds

const million = (n) => `${(n / 1e6).toFixed(n < 1e6 ? 2 : 1)} million`;

// The net, the levels, and what the net says of them: window by window, and in one pass.
export function surveyor(model) {
  const get = (name) => model.get(name), net = readNet(get("plan"), floats(get("weights"))), [units, patch] = get("units");
  let levels = [], from = null; // from: what they were unpacked from

  function unpack() {
    const all = bytes((from = get("pixels")));
    let at = 0;
    levels = get("levels").map(([scale, rows, columns, number]) => { // even sides: no window hangs over the edge
      const size = [rows, columns].map((length) => (length - WINDOW) / STRIDE + 1), pixels = all.subarray(at, (at += 3 * rows * columns));
      const image = photograph(rows, columns, pixels);
      return wipe({ scale, number, rows, columns, pixels, size, image, passed: null });
    });
  }

  // scores: of the windows that the net has seen one by one, NaN where it has not; farthest: from those of one pass
  const wipe = (level) => Object.assign(level, { scores: new Float64Array(level.size[0] * level.size[1]).fill(NaN), count: 0, farthest: 0 });
  const now = () => levels[get("level")];
  const inside = (cell) => cell.map((at, axis) => clamp(at, 0, now().size[axis] - 1)); // the nearest cell [row, column]
  const cell = () => inside(get("cell"));
  const index = ([row, column]) => row * now().size[1] + column;
  const box = ([row, column]) => [column, row, column, row].map((at, k) => (STRIDE * at + (k < 2 ? 0 : WINDOW)) / now().scale);

  function passed(level = now()) { // one pass over the whole level
    if (!level.passed) {
      const { layers, heads: { face } } = forward(net, readPixels(level.pixels, level.columns, [0, 0, level.columns, level.rows]));
      level.passed = { layers, scores: margins(face).map(likelihood) };
    }
    return level.passed;
  }

  function look(at = cell(), hiding = true) { // the net on one window alone, which fills its cell
    const level = now(), [top, left] = at.map((each) => STRIDE * each), k = index(at);
    const input = readPixels(level.pixels, level.columns, [left, top, WINDOW, WINDOW]), { layers: maps, heads } = forward(net, input);
    if (Number.isNaN(level.scores[k])) level.count++;
    level.scores[k] = likelihood(margins(heads.face)[0]);
    level.farthest = Math.max(level.farthest, Math.abs(level.scores[k] - passed().scores[k]));
    const pixels = new Uint8Array(3 * WINDOW * WINDOW);
    for (let y = 0; y < WINDOW; y++) {
      const from = 3 * ((top + y) * level.columns + left);
      pixels.set(level.pixels.subarray(from, from + 3 * WINDOW), 3 * WINDOW * y);
    }
    const [face, offsets, points] = [heads.face, heads.offsets, heads.landmarks].map((head) => head && [...head.values]);
    return { box: box(at), pixels, maps, face, offsets, points, hidden: hiding ? hide(net, input, units, patch) : null };
  }

  function cost(rows, columns) { // multiply-adds of the net on so many pixels
    let total = 0;
    for (const { kind, kernel, stride, weight } of net.filter((layer) => layer.kind !== "prelu")) {
      [rows, columns] = [rows, columns].map((length) => Math.ceil((length - kernel) / stride) + 1);
      if (kind === "conv") total += weight.length * rows * columns;
    }
    return total;
  }

  function ahead() { // passes over the other levels, while nothing else is to be done: the slider then answers at once
    const next = levels.findLast((level) => !level.passed);
    if (!next) return;
    (window.requestIdleCallback ?? setTimeout)(() => {
      passed(next);
      ahead();
    });
  }

  return { ahead, unpack, wipe, now, inside, cell, index, box, passed, look, cost, ready: () => from !== null && from === get("pixels") };
}

// The views of level and maps. `parts` has the model, the elements root, parent and below, the pointer and the layers,
// and what microscope.js does: movable, take (a new sample), draw, and renew (look and draw).
function sliding(parts) {
  const { model, root, parent, below, pointed, layers, movable, take, draw, renew } = parts, survey = surveyor(model);
  const { now, inside, cell, index, passed, cost } = survey, get = (name) => model.get(name);
  const level = view(parent, PANEL), filled = view(parent, PANEL), pass = view(parent, PANEL), bar = element(root, "div", "bar");
  const [play, clear, widen] = ["", "clear", "maps of the whole level"].map((text) => {
    const button = element(bar, "button");
    [button.type, button.textContent] = ["button", text];
    return button;
  });
  const tally = element(bar, "span");
  root.insertBefore(bar, below);
  let playing = 0, wide = false, middle = null; // playing: the next frame's number; wide: maps of the level, not the window

  const zoomOf = (size) => PANEL / Math.max(...size);

  function drawLevel(lit, field) {
    const { rows, columns, image, number } = now(), zoom = zoomOf([rows, columns]), pen = level.fit(columns * zoom, rows * zoom);
    enlarge(pen, image, columns * zoom, rows * zoom);
    for (const [at, colour] of [[cell(), get("colour")], ...(lit ? [[lit, LIT]] : [])]) {
      rimmed(pen, [at[1] * STRIDE, at[0] * STRIDE, WINDOW, WINDOW].map((each) => each * zoom), 2, colour);
    }
    if (field) light(pen, field, zoom, 2);
    level.caption.textContent = `level ${number}: ${columns} × ${rows} px`;
    named(level.canvas, level.caption.textContent);
  }

  function drawMap(shown, scores, lit) {
    const { size: [rows, columns] } = now(), zoom = zoomOf([rows, columns]), pen = shown.fit(columns * zoom, rows * zoom);
    const threshold = Math.fround(get("threshold")), colour = rgb(get("colour"));
    block(pen, GRID, 0, 0, columns * zoom, rows * zoom);
    const image = pixels(rows, columns, (data, k) => {
      if (Number.isNaN(scores[k])) return;
      const passes = scores[k] >= threshold, grey = 250 - 178 * scores[k]; // as `heat` has it
      for (let c = 0; c < 3; c++) data[4 * k + c] = passes ? colour[c] : grey;
      data[4 * k + 3] = 255;
    });
    enlarge(pen, image, columns * zoom, rows * zoom);
    for (const [at, tint] of [[cell(), get("colour")], ...(lit ? [[lit, LIT]] : [])]) { // large enough to be found
      const side = Math.max(zoom, 5), [y, x] = at.map((each) => (each + 0.5) * zoom - side / 2);
      rimmed(pen, [x, y, side, side], 1.6, tint);
    }
    named(shown.canvas, `${shown.caption.textContent}; the window's is row ${cell()[0]}, column ${cell()[1]}`);
  }

  function show(lit) { // what the pointer is on
    const { count, size, scores, rows, columns, farthest } = now(), at = lit && lit[0] === "score" ? lit.slice(1) : null;
    let field = null;
    if (wide && lit && lit[0] === "cell") {
      const { field: side, step } = layers[lit[1]], [y, x] = [lit[3] * step, lit[4] * step];
      field = [x, y, x + side, y + side];
    }
    filled.caption.textContent = `one by one: ${english(count)} of ${english(size[0] * size[1])} cells`;
    pass.caption.textContent = `one pass: ${size[0]} × ${size[1]} cells`;
    drawLevel(at, field);
    drawMap(filled, scores, at);
    drawMap(pass, passed().scores, at);
    play.textContent = playing ? "stop" : "slide the window over the level";
    widen.setAttribute("aria-pressed", wide);
    const apart = farthest ? farthest.toExponential(0).replace("-", "−") : "0";
    tally.textContent = `${english(count)} ${count === 1 ? "window" : "windows"} one by one: ${million(count * cost(WINDOW, WINDOW))} `
      + `multiply-adds; all in one pass: ${million(cost(rows, columns))}. Scores differ by ${apart} at most.`;
  }

  // --- the window moves

  function step() { // fills some cells each frame, or all at once for readers who want no motion
    const { scores, size } = now(), calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    let at = scores.findIndex(Number.isNaN), left = calm ? scores.length : Math.ceil(scores.length / FRAMES);
    if (at < 0) return stop();
    for (; at < scores.length && left > 0; at++) {
      if (!Number.isNaN(scores[at])) continue;
      model.set("cell", [Math.floor(at / size[1]), at % size[1]]);
      take(survey.look(cell(), false));
      left--;
    }
    playing = requestAnimationFrame(step);
    draw();
  }

  function stop() {
    cancelAnimationFrame(playing);
    playing = 0;
    renew();
    model.save_changes();
  }

  function go(at) {
    if (playing) stop();
    model.set("cell", inside(at));
  }

  const aimed = (point) => inside([...point].reverse().map((at) => Math.round((at - WINDOW / 2) / STRIDE))); // the window round x, y of the level

  play.addEventListener("click", () => {
    if (playing) return stop();
    if (!now().scores.some(Number.isNaN)) survey.wipe(now());
    playing = requestAnimationFrame(step);
  });
  clear.addEventListener("click", () => {
    if (playing) stop();
    survey.wipe(now());
    renew();
  });
  widen.addEventListener("click", () => {
    wide = !wide;
    draw();
  });

  const under = ({ offsetX, offsetY }) => inside([offsetY, offsetX].map((offset) => Math.floor(offset / zoomOf(now().size))));
  const around = ({ offsetX, offsetY }) => aimed([offsetX, offsetY].map((offset) => offset / zoomOf([now().rows, now().columns])));
  for (const [{ canvas }, find] of [[level, around], [filled, under], [pass, under]]) {
    pointed.watch(canvas, (event) => {
      if (!survey.ready()) return null;
      const at = find(event), [own, all] = [now().scores, passed().scores].map((scores) => scores[index(at)]);
      const alone = Number.isNaN(own) ? "not yet looked at alone" : `alone ${own.toFixed(6)}`;
      return [["score", ...at], `row ${at[0]}, column ${at[1]}: ${alone}\nin one pass ${all.toFixed(6)}`];
    });
    movable(canvas, (event) => go(find(event)));
  }
  model.on("change:level", () => { // the window stays where it was last put, as far as the new grid allows
    if (!survey.ready()) return;
    if (playing) stop();
    const kept = middle;
    model.set("cell", aimed(kept.map((at) => at * now().scale)));
    renew();
    middle = kept;
  });
  model.on("change:cell", () => survey.ready() && !playing && renew());

  function look() {
    const sample = survey.look(), [x1, y1, x2, y2] = sample.box;
    middle = [(x1 + x2) / 2, (y1 + y2) / 2];
    return sample;
  }

  return {
    look, show, ahead: survey.ahead, unpack: survey.unpack, box: (at = cell()) => survey.box(at),
    maps: () => (wide ? passed().layers : null), // of the whole level, where they are shown
    part: ({ step: by }) => (wide ? cell().map((at) => (STRIDE * at) / by) : null), // where the window's maps lie in them
    go: (point) => go(aimed(point.map((at) => at * now().scale))), // x, y of the photo
    move: ([right, down], far) => go([down, right].map((by, axis) => cell()[axis] + by * (far ? WINDOW / STRIDE : 1))),
  };
}
