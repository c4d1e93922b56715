// Draws the photo, the candidates on it and one level's map, and says what lies under the pointer.
// All filtering by threshold, step and level happens here: Python sends the candidates once (see canvas.py).

const PHOTO = 470, MAP = 320; // longest side on screen, CSS pixels
const WINDOW = 12, STRIDE = 2; // P-Net's window and step, pixels of a level

const bytes = (view) => new Uint8Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
const floats = (view) => new Float32Array(bytes(view).buffer);

function element(parent, tag, className = "") {
  const made = document.createElement(tag);
  made.className = className;
  parent.append(made);
  return made;
}

function view(parent) {
  const figure = element(parent, "figure"), caption = element(figure, "figcaption"), canvas = element(figure, "canvas");
  const fit = (width, height) => { // sharp on dense screens: more canvas pixels than CSS pixels
    const dense = window.devicePixelRatio || 1;
    canvas.width = Math.round(width * dense);
    canvas.height = Math.round(height * dense);
    canvas.style.width = figure.style.width = `${width}px`; // a long caption wraps, and does not push the next view down
    canvas.style.height = `${height}px`;
    const pen = canvas.getContext("2d");
    pen.setTransform(dense, 0, 0, dense, 0, 0);
    return pen;
  };
  return { figure, caption, canvas, fit };
}

function render({ model, el }) {
  const root = element(el, "div", "mtcnn-canvas"), views = element(root, "div", "views");
  const photo = view(views), map = view(views);
  const table = element(map.figure, "table"), tip = element(root, "div", "tip");
  table.setAttribute("aria-live", "polite");
  let bitmap = null, shownPhoto = null, data = null, lit = null; // lit: a box to point out, [x1, y1, x2, y2]

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
    };
  }

  // Python compares float32 scores with a float32 threshold; so must we
  const threshold = () => Math.fround(model.get("threshold"));
  const here = (i) => !model.get("only_level") || data.level[i] === model.get("level");
  const shown = (i, step) => data.scores[i] >= threshold() && data.alive[i] > step && here(i);
  const box = (i, step) => data.boxes.subarray((step * data.scores.length + i) * 4, (step * data.scores.length + i) * 4 + 4);

  function drawPhoto() {
    const { zoom, width, height } = data, step = model.get("step"), pen = photo.fit(width * zoom, height * zoom);
    pen.drawImage(bitmap, 0, 0, width * zoom, height * zoom);
    const path = new Path2D();
    let count = 0;
    for (let i = 0; i < data.scores.length; i++) {
      if (!shown(i, step)) continue;
      const [x1, y1, x2, y2] = box(i, step);
      path.rect(x1 * zoom, y1 * zoom, (x2 - x1) * zoom, (y2 - y1) * zoom);
      count++;
    }
    const busy = count > 300; // many boxes: thinner lines, so that the photo stays visible
    pen.lineWidth = busy ? 1.8 : 3.4;
    pen.strokeStyle = "rgba(255, 255, 255, 0.85)";
    pen.stroke(path);
    pen.lineWidth = busy ? 1 : 1.8;
    pen.strokeStyle = model.get("colour");
    pen.stroke(path);
    if (lit) {
      const [x1, y1, x2, y2] = lit.map((v) => v * zoom);
      pen.lineWidth = 3;
      pen.strokeStyle = "#D55E00";
      pen.strokeRect(x1, y1, x2 - x1, y2 - y1);
    }
    photo.caption.textContent = `photo, ${width} × ${height} px: ${count} ${data.steps[step] ? "boxes, " + data.steps[step] : ""}`;
  }

  function drawMap() {
    const one = data.maps[model.get("level")];
    if (!one) { // a photo smaller than one level
      map.caption.textContent = "no level: the photo is smaller than the smallest face";
      map.fit(MAP, 20);
      return;
    }
    const { rows, columns, scale, cells } = one, zoom = MAP / Math.max(rows, columns), pen = map.fit(columns * zoom, rows * zoom);
    const passing = 255 * threshold(), image = new ImageData(columns, rows), colour = model.get("colour");
    const [r, g, b] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
    for (let k = 0; k < cells.length; k++) {
      const grey = 250 - 0.7 * cells[k];
      image.data.set(cells[k] >= passing ? [r, g, b, 255] : [grey, grey, grey, 255], 4 * k);
    }
    const small = new OffscreenCanvas(columns, rows);
    small.getContext("2d").putImageData(image, 0, 0);
    pen.imageSmoothingEnabled = false;
    pen.drawImage(small, 0, 0, columns * zoom, rows * zoom);
    const side = (WINDOW / scale).toFixed(0);
    map.caption.textContent = `map of level ${model.get("level")}: ${rows} × ${columns} cells, window ${side} px`;
  }

  function count() {
    const level = model.get("level"), rows = [["", "all levels", `level ${level}`]], t = threshold();
    const cells = data.maps[level] ? data.maps[level].cells.length : 0;
    rows.push(["windows scored", model.get("windows"), cells]);
    data.steps.forEach((name, step) => {
      let all = 0, one = 0;
      for (let i = 0; i < data.scores.length; i++) {
        if (data.scores[i] < t || data.alive[i] <= step) continue;
        all++;
        if (data.level[i] === level) one++;
      }
      rows.push([name, all, one]);
    });
    table.replaceChildren(...rows.map((row, r) => {
      const tr = document.createElement("tr");
      if (r - 2 === model.get("step")) tr.className = "now";
      tr.append(...row.map((text) => Object.assign(document.createElement(r ? "td" : "th"), { textContent: text.toLocaleString("en") })));
      return tr;
    }));
  }

  function draw() {
    if (!data || !bitmap) return;
    drawPhoto();
    drawMap();
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
    const x = event.offsetX / data.zoom, y = event.offsetY / data.zoom, step = model.get("step");
    let best = -1, smallest = Infinity; // the smallest box under the pointer: the others can be reached beside it
    for (let i = 0; i < data.scores.length; i++) {
      if (!shown(i, step)) continue;
      const [x1, y1, x2, y2] = box(i, step), area = (x2 - x1) * (y2 - y1);
      if (x >= x1 && x < x2 && y >= y1 && y < y2 && area < smallest) [best, smallest] = [i, area];
    }
    if (best < 0) return say(event, "", null);
    const b = Array.from(box(best, step)), fate = data.alive[best] < data.steps.length ? `gone after: ${data.steps[data.alive[best] - 1]}` : "passes every step";
    const scale = data.maps[data.level[best]].scale;
    return say(event, `score ${data.scores[best].toFixed(3)}, level ${data.level[best]} (scale ${scale.toFixed(3)})\n${where(b)}\n${fate}`, b);
  });

  map.canvas.addEventListener("pointermove", (event) => {
    const one = data && data.maps[model.get("level")];
    if (!one || !bitmap) return;
    const zoom = MAP / Math.max(one.rows, one.columns);
    const column = Math.min(one.columns - 1, Math.max(0, Math.floor(event.offsetX / zoom)));
    const row = Math.min(one.rows - 1, Math.max(0, Math.floor(event.offsetY / zoom)));
    const x = STRIDE * column / one.scale, y = STRIDE * row / one.scale, side = WINDOW / one.scale;
    const b = [x, y, x + side, y + side], score = one.cells[row * one.columns + column] / 255;
    say(event, `row ${row}, column ${column}: score ${score.toFixed(2)}\n${where(b)}`, b);
  });

  for (const canvas of [photo.canvas, map.canvas]) {
    canvas.addEventListener("pointerleave", (event) => data && bitmap && say(event, "", null));
  }

  model.on("change:revision", receive);
  for (const name of ["threshold", "step", "level", "only_level"]) model.on(`change:${name}`, draw);
  receive();
}

export default { render };
