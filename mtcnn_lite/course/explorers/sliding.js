// P-Net's window on a level of the pyramid: it fills the map cell by cell, beside the map of one pass over the level.

const PANEL = 200; // CSS pixels: the longer side of photo, level and maps

// The views of level and maps. parts: where they stand; the pointer; what makes a canvas `movable`; what takes a new sample,
// draws, and looks and draws.
function sliding({ model, root, parent, below, pointed, units, patch, movable, take, draw, renew }) {
  const get = (name) => model.get(name), net = readNet(get("plan"), floats(get("weights"))), level = view(parent, PANEL), filled = view(parent, PANEL), pass = view(parent, PANEL);
  const row = element(root, "div", "bar"), play = element(row, "button"), clear = element(row, "button"), said = element(row, "span");
  root.insertBefore(row, below);
  [play.type, clear.type, clear.textContent] = ["button", "button", "clear"];
  let levels = [], last = null, playing = 0; // last: the window's box, px of the photo

  function unpack() {
    const all = bytes(get("pixels"));
    let at = 0;
    levels = get("levels").map(([scale, rows, columns, number]) => { // even sides: no window hangs over the edge
      const pixels = all.subarray(at, (at += 3 * rows * columns)), down = (rows - 12) / 2 + 1, across = (columns - 12) / 2 + 1;
      return { scale, number, rows, columns, pixels, down, across, scores: new Float64Array(down * across).fill(NaN), count: 0, farthest: 0, whole: null };
    });
  }
  const one = () => levels[get("level")];
  const cell = () => get("cell").map((at, axis) => clamp(at, 0, (axis ? one().across : one().down) - 1));
  const windowOf = ([row_, column]) => [2 * column, 2 * row_, 2 * column + 12, 2 * row_ + 12].map((at) => at / one().scale);

  function look(at = cell(), whole = true) { // the net on one window, which fills its cell
    const level_ = one(), input = readPixels(level_.pixels, level_.columns, [2 * at[1], 2 * at[0], 12, 12]);
    const { layers: maps, heads: said_ } = forward(net, input), [difference] = margins(said_.face), k = at[0] * level_.across + at[1];
    const { scores } = surveyed();
    if (Number.isNaN(level_.scores[k])) level_.count++;
    level_.scores[k] = likelihood(difference);
    level_.farthest = Math.max(level_.farthest, Math.abs(level_.scores[k] - scores[k]));
    const pixels = new Uint8Array(3 * 144);
    for (let y = 0; y < 12; y++) {
      const from = 3 * ((2 * at[0] + y) * level_.columns + 2 * at[1]);
      pixels.set(level_.pixels.subarray(from, from + 36), 36 * y);
    }
    last = windowOf(at);
    const points = said_.landmarks ? [...said_.landmarks.values] : null;
    return {
      box: last, pixels, maps, face: [...said_.face.values], offsets: [...said_.offsets.values], points,
      hidden: whole ? hide(net, input, units, patch) : null,
    };
  }

  function surveyed() { // one pass over the whole level
    const level_ = one();
    if (!level_.whole) {
      const { layers: maps, heads: { face } } = forward(net, readPixels(level_.pixels, level_.columns, [0, 0, level_.columns, level_.rows]));
      level_.whole = { scores: margins(face).map(likelihood), maps };
    }
    return level_.whole;
  }

  const cost = (rows, columns) => { // multiply-adds of one pass over so many pixels
    let total = 0;
    for (const { kind, kernel, stride, weight } of net) {
      if (kind === "prelu") continue;
      [rows, columns] = [rows, columns].map((length) => Math.ceil((length - kernel) / stride) + 1);
      if (weight) total += weight.length * rows * columns;
    }
    return total;
  };
  const million = (n) => `${(n / 1e6).toFixed(n < 1e6 ? 2 : 1)} million`;

  function drawMap(shown, scores, lit) {
    const { down, across } = one(), zoom = PANEL / Math.max(down, across), pen = shown.fit(across * zoom, down * zoom);
    const passes = Math.fround(get("threshold")), colour = rgb(get("colour"));
    block(pen, GRID, 0, 0, across * zoom, down * zoom);
    mosaic(pen, down, across, zoom, (row_, column) => {
      const score = scores[row_ * across + column];
      if (Number.isNaN(score)) return null;
      return score >= passes ? colour : Array(3).fill(250 - 178 * score);
    });
    const mark = (at, tint) => { // at least 5 CSS pixels, so that a small cell is found
      const half = Math.max(zoom, 5) / 2, [x, y] = [(at[1] + 0.5) * zoom, (at[0] + 0.5) * zoom];
      rimmed(pen, [x - half, y - half, 2 * half, 2 * half], 1.6, tint);
    };
    mark(cell(), get("colour"));
    if (lit) mark(lit, LIT);
  }

  function drawSlide(lit) {
    const level_ = one(), zoom = PANEL / Math.max(level_.rows, level_.columns), pen = level.fit(level_.columns * zoom, level_.rows * zoom);
    mosaic(pen, level_.rows, level_.columns, zoom, (y, x) => level_.pixels.subarray(3 * (y * level_.columns + x), 3 * (y * level_.columns + x) + 3));
    for (const [at, tint] of [[cell(), get("colour")], ...(lit ? [[lit, LIT]] : [])]) {
      rimmed(pen, [2 * at[1] * zoom, 2 * at[0] * zoom, 12 * zoom, 12 * zoom], 2, tint);
    }
    drawMap(filled, level_.scores, lit);
    drawMap(pass, surveyed().scores, lit);
    const all = level_.down * level_.across, [row_, column] = cell();
    level.caption.textContent = `level ${level_.number}: ${level_.columns} × ${level_.rows} px`;
    filled.caption.textContent = `window by window: ${english(level_.count)} of ${english(all)} cells`;
    pass.caption.textContent = `one pass: ${level_.down} × ${level_.across} cells`;
    named(level.canvas, level.caption.textContent);
    for (const shown of [filled, pass]) named(shown.canvas, `${shown.caption.textContent}; the window's is row ${row_}, column ${column}`);
    play.textContent = playing ? "stop" : "slide the window over the level";
    said.textContent = `${english(level_.count)} ${level_.count === 1 ? "window" : "windows"} one by one: ${million(level_.count * cost(12, 12))} multiply-adds. `
      + `One pass: ${million(cost(level_.rows, level_.columns))}. Largest difference of a score: ${level_.farthest.toExponential(0).replace("-", "−").replace("0e+0", "0")}.`;
  }

  function step() { // a part of the level's cells each frame: all of them in about eight seconds
    const level_ = one(), all = level_.down * level_.across, calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    let at = level_.scores.findIndex(Number.isNaN), left = calm ? all : Math.ceil(all / 480);
    if (at < 0) return stop();
    for (; at < all && left > 0; at++) {
      if (!Number.isNaN(level_.scores[at])) continue;
      model.set("cell", [Math.floor(at / level_.across), at % level_.across]);
      take(look(cell(), false));
      left--;
    }
    draw();
    playing = requestAnimationFrame(step);
  }
  function stop() {
    cancelAnimationFrame(playing);
    playing = 0;
    renew();
    model.save_changes();
  }
  play.addEventListener("click", () => {
    if (playing) return stop();
    if (one().count === one().down * one().across) wipe();
    playing = requestAnimationFrame(step);
  });
  const wipe = () => Object.assign(one(), { count: 0, farthest: 0, scores: one().scores.fill(NaN) });
  clear.addEventListener("click", () => {
    wipe();
    renew();
  });

  const under = (event, zoom) => [event.offsetY, event.offsetX].map((offset, axis) => clamp(Math.floor(offset / zoom), 0, (axis ? one().across : one().down) - 1));
  const zoomOf = (count) => PANEL / count;
  const finders = [ // the cell that a place on each canvas belongs to: on photo and level, that of the window in the middle
    [filled, (event) => under(event, zoomOf(Math.max(one().down, one().across)))],
    [pass, (event) => under(event, zoomOf(Math.max(one().down, one().across)))],
    [level, (event) => aimed([event.offsetX, event.offsetY].map((offset) => offset / zoomOf(Math.max(one().rows, one().columns))))],
  ];
  const aimed = ([x, y]) => [y, x].map((at, axis) => clamp(Math.round((at - 6) / 2), 0, (axis ? one().across : one().down) - 1));
  const tell = (at) => {
    const k = at[0] * one().across + at[1], [own, whole] = [one().scores[k], surveyed().scores[k]];
    return [["score", ...at], `row ${at[0]}, column ${at[1]}: ${Number.isNaN(own) ? "not yet seen alone" : `alone ${own.toFixed(6)}`}\nin one pass ${whole.toFixed(6)}`];
  };
  const go = (at) => {
    if (playing) stop();
    model.set("cell", at);
  };
  for (const [shown, find] of finders) {
    pointed.watch(shown.canvas, (event) => (levels.length ? tell(find(event)) : null));
    movable(shown.canvas, (event) => go(find(event)));
  }
  model.on("change:level", () => { // the window stays where it is, as far as the new grid allows
    if (playing) stop();
    const [x1, y1, x2, y2] = last, { scale } = one();
    model.set("cell", aimed([((x1 + x2) / 2) * scale, ((y1 + y2) / 2) * scale]));
    renew();
  });
  model.on("change:cell", () => playing || renew());
  return {
    unpack, look, draw: drawSlide, box: () => windowOf(cell()), windowOf,
    go: ([x, y]) => go(aimed([x * one().scale, y * one().scale])),
    move: (right_, down, far) => go(cell().map((at, axis) => clamp(at + (axis ? right_ : down) * (far ? 6 : 1), 0, (axis ? one().across : one().down) - 1))),
  };
}
