// P-Net while it learns: the photo with the windows it likes best, one level's map, and the losses. Everything was computed
// in Python (training.py); here a moment and a level are looked up and drawn.

const SIDE = 372, PLOT = [770, 170]; // CSS pixels: width of the photo and of the map; the curves
const LEFT = 44, RIGHT = 92, TOP = 8, BOTTOM = 34; // room for the axes' numbers and the curves' names

function render({ model, el }) {
  const [root, above, below] = frame(model, el, 2), photo = view(above), map = view(above), plot = view(below);
  const pointed = pointer(root, 230, () => drawPhoto()); // lit: a window
  plot.figure.style.marginTop = "10px";
  live(photo.caption);
  const get = (name) => model.get(name), levels = get("levels"), steps = get("steps"), [width, height] = get("size");
  const maps = bytes(get("maps")), passes = bytes(get("passes")), best = floats(get("best")), onFace = bytes(get("on_face"));
  const losses = floats(get("losses")), tasks = get("tasks"), [passed, truth, hit, miss] = get("colours");
  const sizes = levels.map(([rows, columns]) => rows * columns), all = sum(sizes), starts = sizes.map((_, k) => sum(sizes.slice(0, k)));
  const count = onFace.length / steps.length, total = losses.length / tasks.length, zoom = SIDE / width;
  let bitmap = null;

  const shown = () => { // the map on show
    const [rows, columns, scale] = levels[get("level")], from = get("moment") * all + starts[get("level")];
    return { rows, columns, scale, from, cells: maps.subarray(from, from + rows * columns) };
  };

  function drawPhoto() {
    const pen = photo.fit(SIDE, height * zoom), moment = get("moment"), windows = [[], []]; // elsewhere, on a face
    pen.drawImage(bitmap, 0, 0, SIDE, height * zoom);
    for (let at = moment * count; at < (moment + 1) * count; at++) windows[onFace[at]].push(best.subarray(4 * at, 4 * at + 4));
    const on = windows[1].length, marked = pointed.lit ? [pointed.lit] : [];
    for (const [boxes, colour, line] of [[get("faces"), truth, 2.5], [windows[0], miss, 1.4], [windows[1], hit, 1.4], [marked, INK, 2.5]]) {
      rimmed(pen, outlines(boxes, zoom), line, colour, 1.4, 0.7);
    }
    photo.caption.textContent = `after ${steps[moment]} steps: of the ${count} best windows ${on} are on a face (purple), `
      + `${count - on} are not (vermilion); yellow: the faces`;
  }

  function drawMap() {
    const one = shown(), pen = map.fit(SIDE, (SIDE * one.rows) / one.columns);
    heat(pen, SIDE, one, (k) => passes[one.from + k], passed);
    map.caption.textContent = `map of level ${get("level")}, window ${(12 / one.scale).toFixed(0)} px; blue: ${get("threshold")} and more. `
      + `${english(get("passing")[get("moment")])} windows of all levels reach it`;
  }

  function drawCurves() {
    const [wide, high] = PLOT, pen = plot.fit(wide, high), ink = getComputedStyle(root).color, step = steps[get("moment")];
    const logs = Array.from(losses, (loss) => Math.log10(Math.max(loss, 1e-4)));
    const low = Math.floor(Math.min(...logs)), top = Math.max(...logs) + 0.1;
    const x = (at) => LEFT + (at / total) * (wide - LEFT - RIGHT), y = (log) => TOP + ((top - log) / (top - low)) * (high - TOP - BOTTOM);
    pen.textBaseline = "middle";
    pen.fillStyle = ink;
    pen.textAlign = "right";
    for (let power = low; power <= top; power++) {
      trace(pen, [[[x(0), y(power)], [x(total), y(power)]]], GRID);
      pen.fillText(Number((10 ** power).toPrecision(1)), LEFT - 6, y(power));
    }
    for (let k = 0; k <= 4; k++) write(pen, Math.round((total * k) / 4), x((total * k) / 4), high - BOTTOM + 11, "center");
    pen.fillText("step", x(total / 2), high - 7);
    pen.textAlign = "left";
    const said = tasks.map(([task, colour], t) => {
      trace(pen, [Array.from({ length: total }, (_, k) => [x(k + 1), y(logs[3 * k + t])])], colour, 2, [[], [7, 4], [2, 3]][t]);
      pen.fillText(task, x(total) + 8, y(logs[3 * (total - 1) + t]));
      return step ? `${task} ${losses[3 * (step - 1) + t].toFixed(3)}` : "";
    });
    pen.fillRect(x(step) - 1, TOP, 2, high - TOP - BOTTOM);
    plot.caption.textContent = `losses by task (log scale)${step ? `; after ${step} steps ${said.join(", ")}` : "; not a step yet"}`;
  }

  function draw() {
    if (!bitmap) return;
    drawPhoto();
    drawMap();
    drawCurves();
  }

  pointed.watch(map.canvas, (event) => {
    if (!bitmap) return null;
    const { rows, columns, scale, cells } = shown(), at = (offset, length) => clamp(Math.floor((offset * columns) / SIDE), 0, length - 1);
    const column = at(event.offsetX, columns), row = at(event.offsetY, rows), score = cells[row * columns + column] / 255;
    const lit = [2 * column, 2 * row, 2 * column + 12, 2 * row + 12].map((v) => v / scale);
    return [lit, `row ${row}, column ${column}: score ${score.toFixed(2)}`];
  });
  follow(model, ["moment", "level"], draw);
  decode(get("photo"), "png").then((made) => {
    bitmap = made;
    onPage(root, draw);
  });
}

export default { render };
