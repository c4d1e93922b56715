// Draws the photo, the candidates on it and one level's map, and says what lies under the pointer.
// All filtering by threshold, step and level happens here: Python sends the candidates once (see canvas.py).

const PHOTO = 470, MAP = 320, BARS = 340, BAR = 38; // CSS pixels: longest sides on screen; width and height of a histogram
const WINDOW = 12, STRIDE = 2; // P-Net's window and step, pixels of a level

function render({ model, el }) {
  const [root, views] = frame(el), get = (name) => model.get(name);
  const photo = view(views), side = element(views, "div", "side"), map = get("with_map") ? view(side) : null;
  const table = live(element(side, "table"));
  remark(side, model);
  const chart = get("bars").length ? view(side) : null, pointed = pointer(root, 330, () => drawPhoto()); // lit: a box
  let bitmap = null, data = null, threshold = 0;

  function unpack() {
    const all = bytes(get("maps")), [width, height] = get("size");
    let start = 0;
    const maps = get("levels").map(([rows, columns, scale]) => {
      return { rows, columns, scale, cells: all.subarray(start, (start += rows * columns)) };
    });
    data = {
      maps, width, height, zoom: PHOTO / Math.max(width, height), steps: get("steps"), boxes: floats(get("boxes")),
      alive: bytes(get("alive")), scores: floats(get("scores")), level: bytes(get("candidate_level")),
      landmarks: floats(get("landmarks")), count: get("alive").byteLength, cutFrom: get("cut_from"),
    };
  }

  const here = (i) => !get("only_level") || data.level[i] === get("level");
  const score = (i, step) => data.scores[data.scores.length === data.count ? i : step * data.count + i];
  const left = (i, step) => data.alive[i] > step && (step < data.cutFrom || score(i, step) >= threshold);
  const box = (i, step) => data.boxes.subarray((step * data.count + i) * 4, (step * data.count + i) * 4 + 4);
  const colour = (step) => get("colours")[step] || get("colour");
  // What the photo shows: [box, [candidate, step]] of each, where it got to
  function* drawn() {
    const last = get("step");
    for (let step = get("together") ? 0 : last; step <= last; step++) {
      for (let i = 0; i < data.count; i++) {
        if (left(i, step) && here(i) && !(step < last && left(i, step + 1))) yield [box(i, step), [i, step]];
      }
    }
  }

  function drawPhoto() {
    const { zoom, width, height } = data, now = get("step"), pen = photo.fit(width * zoom, height * zoom), dots = new Path2D();
    pen.drawImage(bitmap, 0, 0, width * zoom, height * zoom);
    const boxes = data.steps.map(() => []);
    for (const [where_, [i, step]] of drawn()) {
      boxes[step].push(where_);
      if (step < data.steps.length - 1 || !data.landmarks.length) continue;
      const radius = Math.min(2.4, Math.max(1, ((where_[2] - where_[0]) * zoom) / 16));
      for (let k = 10 * i; k < 10 * i + 10; k += 2) {
        const x = (data.landmarks[k] + 0.5) * zoom, y = (data.landmarks[k + 1] + 0.5) * zoom; // whole numbers are pixel centres
        dots.moveTo(x + radius, y);
        dots.arc(x, y, radius, 0, 7);
      }
    }
    boxes.forEach((some, step) => { // many boxes, or those of an earlier step: thinner lines, so that the photo stays visible
      const thin = some.length > 300 || step < now;
      rimmed(pen, outlines(some, zoom), thin ? 1 : 1.8, colour(step), thin ? 0.8 : 1.6, step < now ? 0.3 : 0.85);
    });
    pen.lineWidth = 1.6;
    pen.strokeStyle = "#fff";
    pen.fillStyle = get("dots");
    pen.stroke(dots);
    pen.fill(dots);
    if (pointed.lit) light(pen, pointed.lit, zoom);
    const count = boxes[now]?.length || 0, name = data.steps[now] ? (count === 1 ? "box, " : "boxes, ") + data.steps[now] : "";
    photo.caption.textContent = `photo, ${width} × ${height} px: ${count} ${name}`;
  }

  function drawMap() {
    const one = data.maps[get("level")];
    if (!one) { // a photo smaller than one level
      map.caption.textContent = "no level: the photo is smaller than the smallest face";
      map.fit(MAP, 20);
      return;
    }
    const { rows, columns, scale, cells } = one, zoom = MAP / Math.max(rows, columns);
    heat(map.fit(columns * zoom, rows * zoom), columns * zoom, one, (k) => cells[k] >= 255 * threshold, get("colour"));
    const window_ = (WINDOW / scale).toFixed(0);
    map.caption.textContent = `map of level ${get("level")}: ${rows} × ${columns} cells, window ${window_} px`;
  }

  function count() {
    const level = get("level"), cells = data.maps[level]?.cells.length || 0, windows = get("windows");
    const all = data.steps.map(() => 0), one = data.steps.map(() => 0);
    for (let i = 0; i < data.count; i++) {
      for (let step = 0; step < all.length; step++) {
        if (!left(i, step)) continue;
        all[step]++;
        if (data.level[i] === level) one[step]++;
      }
    }
    const took = get("costs").map(([ms, of]) => ms * (of < 0 ? windows : all[of])), short = (ms) => ms.toFixed(ms < 9.95 ? 1 : 0);
    const rows = map // the numbers of one level, or the times
      ? [["", "all levels", `level ${level}`], ["windows scored", windows, cells], ...data.steps.map((name, s) => [name, all[s], one[s]])]
      : [["", "boxes", "ms, about"], ["windows scored", windows, ""], ...data.steps.map((name, s) => [name, all[s], short(took[s])]),
        ["in all", "", short(sum(took))]];
    const looks = { head: true, now: (r) => r - 2 === get("step"), colour: (r) => get("colours")[r - 2] };
    fill(table, rows.map((cells_) => cells_.map(english)), looks);
  }

  // The nets' scores, a bar for each stop of the slider; gray what its threshold stops
  function drawBars() {
    const all = get("bars"), pen = chart.fit(BARS, all.length * (BAR + 24)), { color, font } = getComputedStyle(root);
    pen.font = font;
    all.forEach(({ name, colour, counts, stop }, r) => {
      const at = stop < 0 ? get("stop") : stop, wide = BARS / counts.length, most = Math.max(1, ...counts), base = (r + 1) * (BAR + 24) - 4;
      counts.forEach((n, k) => {
        const high = n ? Math.max(2, BAR * Math.sqrt(n / most)) : 0;
        block(pen, k > at ? colour : GRAY, k * wide, base - high, wide - 1.5, high);
      });
      block(pen, color, (at + 1) * wide - 1.5, base - BAR, 1.5, BAR + 4);
      pen.fillText(name, 0, base - BAR - 5);
    });
    chart.caption.textContent = "how many boxes have which score: a bar for each stop of the slider, as tall as the root of the count; the line is the threshold";
  }

  function draw() {
    if (!bitmap) return;
    const stops = get("stops"); // Python compares float32 scores with a float32 threshold; so must we
    threshold = Math.fround(stops.length ? stops[get("stop")] : get("threshold"));
    drawPhoto();
    if (map) drawMap();
    if (chart) drawBars();
    count();
  }

  const receive = receiver(model, (decoded) => {
    [bitmap, pointed.lit] = [decoded, null];
    unpack();
    draw();
  });

  const where = ([x1, y1, x2, y2]) => `x ${x1.toFixed(1)} to ${x2.toFixed(1)}, y ${y1.toFixed(1)} to ${y2.toFixed(1)} px`;

  pointed.watch(photo.canvas, (event) => {
    const found = bitmap && smallest(event, data.zoom, drawn());
    if (!found) return null;
    const [i, at] = found, lit = Array.from(box(i, at)), { scale } = data.maps[data.level[i]], last = data.steps.findLastIndex((_, s) => left(i, s));
    const said = []; // what each net said, up to the one that ended it; once where the score stays
    for (let s = 0; s <= Math.min(last + 1, data.steps.length - 1); s++) {
      if (score(i, s).toFixed(3) !== said.at(-1)) said.push(score(i, s).toFixed(3));
    }
    const fate = last + 1 < data.steps.length ? `gone after: ${data.steps[last]}` : "passes every step";
    return [lit, `score ${said.join(", then ")}, level ${data.level[i]} (scale ${scale.toFixed(3)})\n${where(lit)}\n${fate}`];
  });

  if (map) pointed.watch(map.canvas, (event) => {
    const one = bitmap && data.maps[get("level")];
    if (!one) return null;
    const zoom = MAP / Math.max(one.rows, one.columns), cell = (offset, count_) => clamp(Math.floor(offset / zoom), 0, count_ - 1);
    const row = cell(event.offsetY, one.rows), column = cell(event.offsetX, one.columns);
    const x = STRIDE * column / one.scale, y = STRIDE * row / one.scale, width = WINDOW / one.scale, lit = [x, y, x + width, y + width];
    const said = (one.cells[row * one.columns + column] / 255).toFixed(2);
    return [lit, `row ${row}, column ${column}: score ${said}\n${where(lit)}`];
  });

  for (const { canvas } of map ? [photo, map] : [photo]) {
    canvas.addEventListener("click", () => pointed.lit && model.send({ clicked: pointed.lit }));
  }
  model.on("change:revision", receive);
  follow(model, ["threshold", "stop", "step", "level", "only_level", "together"], draw);
  receive();
}

export default { render };
