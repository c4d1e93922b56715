// Draws the photo, the candidates on it and one level's map, and says what lies under the pointer.
// All filtering by threshold, step and level happens here: Python sends the candidates once (see canvas.py).

const PHOTO = 470, MAP = 320, BARS = 340, BAR = 38; // CSS pixels: longest sides on screen; width and height of a histogram
const WINDOW = 12, STRIDE = 2; // P-Net's window and step, pixels of a level

function render({ model, el }) {
  const root = element(el, "div", "mtcnn-canvas"), views = element(root, "div", "views");
  const photo = view(views), side = element(views, "div", "side"), map = model.get("with_map") ? view(side) : null;
  const table = element(side, "table");
  remark(side, model);
  const chart = model.get("bars").length ? view(side) : null, tip = element(root, "div", "tip");
  table.setAttribute("aria-live", "polite");
  let bitmap = null, shownPhoto = null, data = null, threshold = 0, lit = null; // lit: a box to point out, [x1, y1, x2, y2]

  function unpack() {
    const levels = model.get("levels"), all = bytes(model.get("maps"));
    let start = 0;
    const maps = levels.map(([rows, columns, scale]) => {
      const cells = all.subarray(start, (start += rows * columns));
      return { rows, columns, scale, cells };
    });
    const [width, height] = model.get("size");
    data = {
      maps, width, height, zoom: PHOTO / Math.max(width, height), steps: model.get("steps"), boxes: floats(model.get("boxes")),
      alive: bytes(model.get("alive")), scores: floats(model.get("scores")), level: bytes(model.get("candidate_level")),
      landmarks: floats(model.get("landmarks")), count: model.get("alive").byteLength, cutFrom: model.get("cut_from"),
    };
  }

  const here = (i) => !model.get("only_level") || data.level[i] === model.get("level");
  const score = (i, step) => data.scores[data.scores.length === data.count ? i : step * data.count + i];
  const left = (i, step) => data.alive[i] > step && (step < data.cutFrom || score(i, step) >= threshold);
  const shown = (i, step) => left(i, step) && here(i);
  const box = (i, step) => data.boxes.subarray((step * data.count + i) * 4, (step * data.count + i) * 4 + 4);
  const colour = (step) => model.get("colours")[step] || model.get("colour");
  // What the photo shows: [candidate, step] of each box, where it got to
  function* drawn() {
    const last = model.get("step");
    for (let step = model.get("together") ? 0 : last; step <= last; step++) {
      for (let i = 0; i < data.count; i++) if (shown(i, step) && !(step < last && left(i, step + 1))) yield [i, step];
    }
  }

  function drawPhoto() {
    const { zoom, width, height } = data, now = model.get("step"), pen = photo.fit(width * zoom, height * zoom);
    pen.drawImage(bitmap, 0, 0, width * zoom, height * zoom);
    const paths = data.steps.map(() => new Path2D()), counts = data.steps.map(() => 0), dots = new Path2D();
    for (const [i, step] of drawn()) {
      const [x1, y1, x2, y2] = box(i, step);
      paths[step].rect(x1 * zoom, y1 * zoom, (x2 - x1) * zoom, (y2 - y1) * zoom);
      counts[step]++;
      if (step < data.steps.length - 1 || !data.landmarks.length) continue;
      const radius = Math.min(2.4, Math.max(1, ((x2 - x1) * zoom) / 16));
      for (let k = 10 * i; k < 10 * i + 10; k += 2) {
        const x = (data.landmarks[k] + 0.5) * zoom, y = (data.landmarks[k + 1] + 0.5) * zoom; // whole numbers are pixel centres
        dots.moveTo(x + radius, y);
        dots.arc(x, y, radius, 0, 7);
      }
    }
    paths.forEach((path, step) => { // many boxes, or those of an earlier step: thinner lines, so that the photo stays visible
      const thin = counts[step] > 300 || step < now;
      for (const [width_, style] of [[thin ? 1.8 : 3.4, `rgba(255, 255, 255, ${step < now ? 0.3 : 0.85})`], [thin ? 1 : 1.8, colour(step)]]) {
        pen.lineWidth = width_;
        pen.strokeStyle = style;
        pen.stroke(path);
      }
    });
    pen.lineWidth = 1.6;
    pen.strokeStyle = "#fff";
    pen.fillStyle = model.get("dots");
    pen.stroke(dots);
    pen.fill(dots);
    if (lit) {
      const [x1, y1, x2, y2] = lit.map((v) => v * zoom);
      pen.lineWidth = 3;
      pen.strokeStyle = "#D55E00";
      pen.strokeRect(x1, y1, x2 - x1, y2 - y1);
    }
    photo.caption.textContent = `photo, ${width} × ${height} px: ${counts[now] || 0} ${data.steps[now] ? (counts[now] === 1 ? "box, " : "boxes, ") + data.steps[now] : ""}`;
  }

  function drawMap() {
    const one = data.maps[model.get("level")];
    if (!one) { // a photo smaller than one level
      map.caption.textContent = "no level: the photo is smaller than the smallest face";
      map.fit(MAP, 20);
      return;
    }
    const { rows, columns, scale, cells } = one, zoom = MAP / Math.max(rows, columns), pen = map.fit(columns * zoom, rows * zoom);
    const passing = 255 * threshold, image = new ImageData(columns, rows), code = model.get("colour");
    const [r, g, b] = [1, 3, 5].map((at) => parseInt(code.slice(at, at + 2), 16));
    for (let k = 0; k < cells.length; k++) {
      const grey = 250 - 0.7 * cells[k];
      image.data.set(cells[k] >= passing ? [r, g, b, 255] : [grey, grey, grey, 255], 4 * k);
    }
    const small = new OffscreenCanvas(columns, rows);
    small.getContext("2d").putImageData(image, 0, 0);
    pen.imageSmoothingEnabled = false;
    pen.drawImage(small, 0, 0, columns * zoom, rows * zoom);
    const window_ = (WINDOW / scale).toFixed(0);
    map.caption.textContent = `map of level ${model.get("level")}: ${rows} × ${columns} cells, window ${window_} px`;
  }

  function count() {
    const level = model.get("level"), cells = data.maps[level] ? data.maps[level].cells.length : 0;
    const all = data.steps.map(() => 0), one = data.steps.map(() => 0), costs = model.get("costs");
    for (let i = 0; i < data.count; i++) {
      for (let step = 0; step < all.length; step++) {
        if (!left(i, step)) continue;
        all[step]++;
        if (data.level[i] === level) one[step]++;
      }
    }
    const windows = model.get("windows"), took = costs.map(([ms, of]) => ms * (of < 0 ? windows : all[of]));
    const short = (ms) => ms.toFixed(ms < 9.95 ? 1 : 0);
    const rows = map // the numbers of one level, or the times
      ? [["", "all levels", `level ${level}`], ["windows scored", windows, cells], ...data.steps.map((name, s) => [name, all[s], one[s]])]
      : [["", "boxes", "ms, about"], ["windows scored", windows, ""], ...data.steps.map((name, s) => [name, all[s], short(took[s])]),
        ["in all", "", short(took.reduce((sum, ms) => sum + ms, 0))]];
    table.replaceChildren(...rows.map((row, r) => {
      const tr = document.createElement("tr"), step = r - 2;
      if (step === model.get("step")) tr.className = "now";
      tr.append(...row.map((text) => Object.assign(document.createElement(r ? "td" : "th"), { textContent: text.toLocaleString("en") })));
      if (model.get("colours")[step]) {
        const swatch = document.createElement("i");
        swatch.style.background = model.get("colours")[step];
        tr.firstChild.prepend(swatch);
      }
      return tr;
    }));
  }

  // The nets' scores, a bar for each stop of the slider; gray what its threshold stops
  function drawBars() {
    const all = model.get("bars"), pen = chart.fit(BARS, all.length * (BAR + 24)), ink = getComputedStyle(root).color;
    pen.font = getComputedStyle(root).font;
    all.forEach(({ name, colour, counts, stop }, r) => {
      const at = stop < 0 ? model.get("stop") : stop, wide = BARS / counts.length, most = Math.max(1, ...counts), base = (r + 1) * (BAR + 24) - 4;
      counts.forEach((n, k) => {
        const high = n ? Math.max(2, BAR * Math.sqrt(n / most)) : 0;
        pen.fillStyle = k > at ? colour : "#8A8A8A";
        pen.fillRect(k * wide, base - high, wide - 1.5, high);
      });
      pen.fillStyle = ink;
      pen.fillRect((at + 1) * wide - 1.5, base - BAR, 1.5, BAR + 4);
      pen.fillText(name, 0, base - BAR - 5);
    });
    chart.caption.textContent = "how many boxes have which score: a bar for each stop of the slider, as tall as the root of the count; the line is the threshold";
  }

  function draw() {
    if (!data || !bitmap) return;
    const stops = model.get("stops"); // Python compares float32 scores with a float32 threshold; so must we
    threshold = Math.fround(stops.length ? stops[model.get("stop")] : model.get("threshold"));
    drawPhoto();
    if (map) drawMap();
    if (chart) drawBars();
    count();
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
    lit = null;
    unpack();
    draw();
  }

  function say(event, text, window_) {
    const at = root.getBoundingClientRect();
    tip.style.display = text ? "block" : "none";
    tip.textContent = text;
    tip.style.left = `${Math.min(event.clientX - at.left + 14, Math.max(0, at.width - 330))}px`;
    tip.style.top = `${event.clientY - at.top + 16}px`;
    if (String(window_) !== String(lit)) {
      lit = window_;
      drawPhoto();
    }
  }

  const where = ([x1, y1, x2, y2]) => `x ${x1.toFixed(1)} to ${x2.toFixed(1)}, y ${y1.toFixed(1)} to ${y2.toFixed(1)} px`;

  photo.canvas.addEventListener("pointermove", (event) => {
    if (!data || !bitmap) return;
    const x = event.offsetX / data.zoom, y = event.offsetY / data.zoom;
    let best = -1, at = 0, smallest = Infinity; // the smallest box under the pointer: the others can be reached beside it
    for (const [i, where_] of drawn()) {
      const [x1, y1, x2, y2] = box(i, where_), area = (x2 - x1) * (y2 - y1);
      if (x >= x1 && x < x2 && y >= y1 && y < y2 && area < smallest) [best, at, smallest] = [i, where_, area];
    }
    if (best < 0) return say(event, "", null);
    let last = 0;
    data.steps.forEach((_, s) => { if (left(best, s)) last = s; });
    const said = []; // what each net said, up to the one that ended it; once where the score stays
    for (let s = 0; s <= Math.min(last + 1, data.steps.length - 1); s++) {
      if (score(best, s).toFixed(3) !== said.at(-1)) said.push(score(best, s).toFixed(3));
    }
    const b = Array.from(box(best, at)), fate = last + 1 < data.steps.length ? `gone after: ${data.steps[last]}` : "passes every step";
    const scale = data.maps[data.level[best]].scale;
    return say(event, `score ${said.join(", then ")}, level ${data.level[best]} (scale ${scale.toFixed(3)})\n${where(b)}\n${fate}`, b);
  });

  if (map) map.canvas.addEventListener("pointermove", (event) => {
    const one = data && data.maps[model.get("level")];
    if (!one || !bitmap) return;
    const zoom = MAP / Math.max(one.rows, one.columns);
    const column = Math.min(one.columns - 1, Math.max(0, Math.floor(event.offsetX / zoom)));
    const row = Math.min(one.rows - 1, Math.max(0, Math.floor(event.offsetY / zoom)));
    const x = STRIDE * column / one.scale, y = STRIDE * row / one.scale, width = WINDOW / one.scale;
    const b = [x, y, x + width, y + width], said = one.cells[row * one.columns + column] / 255;
    say(event, `row ${row}, column ${column}: score ${said.toFixed(2)}\n${where(b)}`, b);
  });

  for (const { canvas } of map ? [photo, map] : [photo]) {
    canvas.addEventListener("click", () => lit && model.send({ clicked: lit }));
    canvas.addEventListener("pointerleave", (event) => data && bitmap && say(event, "", null));
  }

  model.on("change:revision", receive);
  for (const name of ["threshold", "stop", "step", "level", "only_level", "together"]) model.on(`change:${name}`, draw);
  receive();
}

export default { render };
