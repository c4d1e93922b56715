// P-Net while it learns: the photo with the windows it likes best, one level's map, and the losses. Everything was computed
// in Python (training.py); here a moment and a level are looked up and drawn.

const SIDE = 372, PLOT = [770, 170]; // CSS pixels: width of the photo and of the map; the curves
const LEFT = 44, RIGHT = 92, TOP = 8, BOTTOM = 34; // room for the axes' numbers and the curves' names

function render({ model, el }) {
  const root = element(el, "div", "mtcnn-canvas"), above = element(root, "div", "views"), below = element(root, "div", "views");
  const photo = view(above), map = view(above), plot = view(below), tip = element(root, "div", "tip");
  plot.figure.style.marginTop = "10px";
  photo.caption.setAttribute("aria-live", "polite");
  const get = (name) => model.get(name), levels = get("levels"), steps = get("steps"), [width, height] = get("size");
  const maps = bytes(get("maps")), passes = bytes(get("passes")), best = floats(get("best")), onFace = bytes(get("on_face"));
  const losses = floats(get("losses")), tasks = get("tasks"), [passed, truth, hit, miss] = get("colours");
  const sizes = levels.map(([rows, columns]) => rows * columns), all = sizes.reduce((sum, size) => sum + size, 0);
  const starts = sizes.map((_, k) => sizes.slice(0, k).reduce((sum, size) => sum + size, 0));
  const count = onFace.length / steps.length, total = losses.length / tasks.length, zoom = SIDE / width;
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(passed.slice(at, at + 2), 16));
  let bitmap = null, lit = null; // lit: a window to point out, [x1, y1, x2, y2]

  const cells = () => { // where the map on show begins, and its shape
    const [rows, columns, scale] = levels[get("level")];
    return { from: get("moment") * all + starts[get("level")], rows, columns, scale };
  };

  function drawPhoto() {
    const pen = photo.fit(SIDE, height * zoom), moment = get("moment"), paths = [new Path2D(), new Path2D()];
    pen.drawImage(bitmap, 0, 0, SIDE, height * zoom);
    const add = (path, [x1, y1, x2, y2]) => path.rect(x1 * zoom, y1 * zoom, (x2 - x1) * zoom, (y2 - y1) * zoom);
    let on = 0;
    for (let k = 0; k < count; k++) {
      const at = moment * count + k;
      add(paths[onFace[at]], best.subarray(4 * at, 4 * at + 4));
      on += onFace[at];
    }
    const faces = new Path2D(), marked = new Path2D();
    get("faces").forEach((box) => add(faces, box));
    if (lit) add(marked, lit);
    for (const [path, colour, line] of [[faces, truth, 2.5], [paths[0], miss, 1.4], [paths[1], hit, 1.4], [marked, "#222222", 2.5]]) {
      pen.strokeStyle = "rgba(255, 255, 255, 0.7)";
      pen.lineWidth = line + 1.4;
      pen.stroke(path);
      pen.strokeStyle = colour;
      pen.lineWidth = line;
      pen.stroke(path);
    }
    photo.caption.textContent = `after ${steps[moment]} steps: of the ${count} best windows ${on} are on a face (green), `
      + `${count - on} are not (red); yellow: the faces`;
  }

  function drawMap() {
    const { from, rows, columns, scale } = cells(), pen = map.fit(SIDE, (SIDE * rows) / columns), image = new ImageData(columns, rows);
    for (let k = 0; k < rows * columns; k++) {
      const grey = 250 - 0.7 * maps[from + k];
      image.data.set(passes[from + k] ? [r, g, b, 255] : [grey, grey, grey, 255], 4 * k);
    }
    const small = new OffscreenCanvas(columns, rows);
    small.getContext("2d").putImageData(image, 0, 0);
    pen.imageSmoothingEnabled = false;
    pen.drawImage(small, 0, 0, SIDE, (SIDE * rows) / columns);
    map.caption.textContent = `map of level ${get("level")}, window ${(12 / scale).toFixed(0)} px; blue: ${get("threshold")} and more. `
      + `${get("passing")[get("moment")].toLocaleString("en")} windows of all levels reach it`;
  }

  function drawCurves() {
    const [wide, high] = PLOT, pen = plot.fit(wide, high), ink = getComputedStyle(root).color, step = steps[get("moment")];
    const logs = Array.from(losses, (loss) => Math.log10(Math.max(loss, 1e-4)));
    const low = Math.floor(Math.min(...logs)), top = Math.max(...logs) + 0.1;
    const x = (at) => LEFT + (at / total) * (wide - LEFT - RIGHT), y = (log) => TOP + ((top - log) / (top - low)) * (high - TOP - BOTTOM);
    pen.textBaseline = "middle";
    pen.fillStyle = ink;
    pen.strokeStyle = "rgba(128, 128, 128, 0.35)";
    pen.textAlign = "right";
    for (let power = low; power <= top; power++) {
      pen.beginPath();
      pen.moveTo(x(0), y(power));
      pen.lineTo(x(total), y(power));
      pen.stroke();
      pen.fillText(Number((10 ** power).toPrecision(1)), LEFT - 6, y(power));
    }
    pen.textAlign = "center";
    for (let k = 0; k <= 4; k++) pen.fillText(Math.round((total * k) / 4), x((total * k) / 4), high - BOTTOM + 11);
    pen.fillText("step", x(total / 2), high - 7);
    pen.textAlign = "left";
    const said = tasks.map(([task, colour], t) => {
      pen.strokeStyle = colour;
      pen.lineWidth = 2;
      pen.setLineDash([[], [7, 4], [2, 3]][t]);
      pen.beginPath();
      for (let k = 0; k < total; k++) pen.lineTo(x(k + 1), y(logs[3 * k + t]));
      pen.stroke();
      pen.setLineDash([]);
      pen.fillStyle = ink;
      pen.fillText(task, x(total) + 8, y(logs[3 * (total - 1) + t]));
      return step ? `${task} ${losses[3 * (step - 1) + t].toFixed(3)}` : "";
    });
    pen.fillStyle = ink;
    pen.fillRect(x(step) - 1, TOP, 2, high - TOP - BOTTOM);
    plot.caption.textContent = `losses by task (log scale)${step ? `; after ${step} steps ${said.join(", ")}` : "; not a step yet"}`;
  }

  function draw() {
    if (!bitmap) return;
    drawPhoto();
    drawMap();
    drawCurves();
  }

  map.canvas.addEventListener("pointermove", (event) => {
    if (!bitmap) return;
    const { from, rows, columns, scale } = cells(), cell = SIDE / columns, at = root.getBoundingClientRect();
    const [column, row] = [[event.offsetX, columns], [event.offsetY, rows]].map(([v, n]) => Math.min(n - 1, Math.max(0, Math.floor(v / cell))));
    lit = [2 * column, 2 * row, 2 * column + 12, 2 * row + 12].map((v) => v / scale);
    tip.style.display = "block";
    tip.textContent = `row ${row}, column ${column}: score ${(maps[from + row * columns + column] / 255).toFixed(2)}`;
    tip.style.left = `${Math.min(event.clientX - at.left + 14, Math.max(0, at.width - 230))}px`;
    tip.style.top = `${event.clientY - at.top + 16}px`;
    drawPhoto();
  });
  map.canvas.addEventListener("pointerleave", () => {
    lit = null;
    tip.style.display = "none";
    if (bitmap) drawPhoto();
  });
  for (const name of ["moment", "level"]) model.on(`change:${name}`, draw);
  createImageBitmap(new Blob([get("photo")], { type: "image/png" })).then((made) => {
    bitmap = made;
    onPage(root, draw);
  });
}

export default { render };
