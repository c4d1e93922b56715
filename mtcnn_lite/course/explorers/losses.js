// A net's answer on a face: its box and its points are dragged, or moved by keys; the curves of the detection loss with the
// answer's place on them, and the bill of each kind of sample. All numbers are computed here, as `view` in losses.py
// computes them; a test holds the two together.

const PHOTO = 330, CURVES = [484, 170], BARS = [484, 180]; // CSS pixels: the photo's longer side; widths and heights
const LEFT = 30, BOTTOM = 30, NAMES = 64, ROOM = 58; // room for the axes' numbers, for the kinds' names, for a bar's total
const GRIP = 7, DISC = 9; // CSS pixels: how far from an edge, from a point's middle, the pointer still takes hold of it
const SIDES = ["left", "top", "right", "bottom"];

export function bill(p, box, points, weights, mean, indicator) { // box (4), points (10): how far off, in window sides
  const face = -Math.log(p), background = -Math.log(1 - p);
  const [offBox, offPoints] = [box, points].map((off) => sum(off.map((each) => each * each)) / (mean ? off.length : 1));
  const losses = indicator.map((_, kind) => [kind === 0 ? background : face, offBox, offPoints]); // kind 0: negative
  const paid = indicator.map((row, kind) => row.map((takes, task) => takes * weights[task] * losses[kind][task]));
  const slopes = [p - 1, p, 1 - p];
  return { face, background, printed: Math.log(p) - 1, slopes, box: offBox, landmark: offPoints, paid, totals: paid.map(sum) };
}

function render({ model, el }) {
  const [root, views] = frame(model, el), photo = view(views), side = element(views, "div"), plot = view(side), bars = view(side);
  const said = live(element(photo.figure, "p")), table = live(element(side, "table"));
  bars.caption.style.marginTop = "6px";
  const get = (name) => model.get(name), tasks = ["detection", "box", "landmark"];
  const [left, top, right, bottom] = get("region"), zoom = PHOTO / Math.max(right - left, bottom - top), window_ = get("window");
  let bitmap = null, held = -1; // what the arrow keys move: -1 the box, else this point

  const off = () => {
    const width = window_[2] - window_[0], truth = get("truth").flat();
    return [get("said").map((v, k) => (v - get("label")[k]) / width), get("points").flat().map((v, k) => (v - truth[k]) / width)];
  };
  const signed = (value, digits = 2) => (value.toFixed(digits) < 0 ? "−" : "+") + Math.abs(value).toFixed(digits);
  const onScreen = ([x, y]) => [(x - left) * zoom, (y - top) * zoom];

  function drawPhoto() {
    const [, blue, red, yellow] = get("colours"), pen = photo.fit((right - left) * zoom, (bottom - top) * zoom);
    pen.drawImage(bitmap, 0, 0, (right - left) * zoom, (bottom - top) * zoom);
    const place = ([x1, y1, x2, y2]) => rectangle([x1 - left, y1 - top, x2 - left, y2 - top], zoom);
    rimmed(pen, place(window_), 1.5, INK, 1.5, 0.85, [5, 4]);
    rimmed(pen, place(get("label")), 2.5, yellow, 0);
    rimmed(pen, place(get("said")), 2, blue, 2);
    const [x1, y1, x2, y2] = get("said");
    for (const corner of [[x1, y1], [x2, y1], [x1, y2], [x2, y2]]) {
      const [x, y] = onScreen(corner);
      block(pen, blue, x - 4, y - 4, 8, 8);
      [pen.lineWidth, pen.strokeStyle] = [1, PAPER];
      pen.strokeRect(x - 4, y - 4, 8, 8);
    }
    get("points").forEach((point, k) => {
      const here = onScreen(point), there = onScreen(get("truth")[k]);
      trace(pen, [[here, there]], INK, 4);
      trace(pen, [[here, there]], red, 2);
      disc(pen, ...there, 4.5, INK);
      disc(pen, ...there, 3, yellow);
      disc(pen, ...here, 6, k === held ? PAPER : INK);
      disc(pen, ...here, 4.5, red);
    });
    photo.caption.textContent = "yellow: the label; blue and red: the answer. Drag it";
    const [box, points] = off(), far = points.filter((_, k) => k % 2 === 0).map((x, k) => Math.hypot(x, points[2 * k + 1]));
    said.textContent = `In parts of the window's side (dashed), the box is off by ${box.map((v, k) => `${SIDES[k]} ${signed(v)}`).join(", ")}; `
      + `the points by ${far.map((v) => v.toFixed(2)).join(", ")}. Keys: space chooses box or point, arrows move it.`;
  }

  function drawCurves(now) {
    const [width, height] = CURVES, [pen, ink] = sheet(plot, CURVES, root), [low, high] = get("span"), [grey] = get("colours"), p = get("p");
    const x = (value) => LEFT + value * (width - LEFT - 8), y = (value) => 6 + ((high - value) / (high - low)) * (height - BOTTOM - 6);
    pen.textAlign = "right";
    for (let value = Math.ceil(low); value <= high; value += 2) {
      trace(pen, [[[x(0), y(value)], [x(1), y(value)]]], GRID, value === 0 ? 2 : 1);
      pen.fillText(value, LEFT - 6, y(value));
    }
    for (const value of [0, 0.25, 0.5, 0.75, 1]) write(pen, value, x(value), height - BOTTOM + 9, "center");
    pen.fillText("p, probability of a face", x(0.5), height - 7);
    const curves = [
      [(q) => -Math.log(q), now.face, [], "a face", [0.2, 3]],
      [(q) => -Math.log(1 - q), now.background, [7, 5], "no face", [0.8, 3]],
      [(q) => Math.log(q) - 1, now.printed, [2, 3], "no face, as the paper prints it", [0.5, -3.4]],
    ];
    for (const [loss, here, dash, name, [nameX, nameY]] of curves) {
      const points = [];
      for (let q = 0.004; q < 0.997; q += 0.004) points.push([x(q), Math.min(Math.max(y(loss(q)), 2), height - BOTTOM)]);
      trace(pen, [points], grey, 2.5, dash);
      disc(pen, x(p), y(here), 5, grey);
      write(pen, name, x(nameX), y(nameY), "center", ink);
    }
    const [face, background, printed] = now.slopes.map((slope) => signed(slope));
    plot.caption.textContent = `detection loss; its slope: face ${face}, no face ${background}, as printed ${printed}`;
  }

  function drawBill(now) {
    const [width, height] = BARS, [pen, ink] = sheet(bars, BARS, root);
    const colours = get("colours"), kinds = get("kinds"), end = nice(Math.max(0.05, ...now.totals.slice(1)));
    const x = (value) => NAMES + (value / end) * (width - NAMES - ROOM), step = (height - BOTTOM - 40) / kinds.length;
    const losses = [`${now.face.toFixed(3)} or ${now.background.toFixed(3)}`, now.box.toFixed(4), now.landmark.toFixed(4)];
    tasks.forEach((task, k) => { // the legend says each task's weight and loss
      block(pen, colours[k], 4 + k * 160, 5, 10, 10);
      pen.fillStyle = ink;
      pen.fillText(`${task} × ${get(task).toFixed(2)}`, 19 + k * 160, 11);
      pen.fillText(losses[k], 19 + k * 160, 26);
    });
    pen.textAlign = "center";
    for (const value of [0, 0.5 * end, end]) {
      trace(pen, [[[x(value), 38], [x(value), height - BOTTOM]]], GRID);
      pen.fillText(`${Number(value.toPrecision(3))}`, x(value), height - BOTTOM + 9);
    }
    pen.fillText("weight × loss", x(end / 2), height - 7);
    kinds.forEach((kind, row) => {
      const edge = 40 + row * step, middle = edge + step / 2;
      let from = 0;
      now.paid[row].forEach((paid, task) => {
        const to = Math.min(from + paid, end); // a negative's bar may be too long: the scale is for the others
        block(pen, colours[task], x(from), edge + step * 0.18, x(to) - x(from), step * 0.64);
        from = to;
      });
      write(pen, kind, NAMES - 6, middle, "right", ink);
      write(pen, (now.totals[row] > end ? "» " : "") + now.totals[row].toFixed(3), x(from) + 5, middle, "left");
    });
    bars.caption.textContent = "what one sample costs, by its kind";
  }

  function draw() {
    if (!bitmap) return;
    const indicator = get("indicator"), now = bill(get("p"), ...off(), tasks.map(get), get("mean"), indicator);
    drawPhoto();
    drawCurves(now);
    drawBill(now);
    const paid = (k) => now.paid[k].map((each, task) => (indicator[k][task] ? each.toFixed(3) : "–"));
    const rows = get("kinds").map((kind, k) => [kind, ...paid(k), now.totals[k].toFixed(3)]);
    fill(table, [["", ...tasks, "sum"], ...rows], { head: true });
  }

  // --- dragging

  const at = (event) => [left + event.offsetX / zoom, top + event.offsetY / zoom];
  const inside = ([x, y]) => [clamp(Math.round(x), left, right), clamp(Math.round(y), top, bottom)];
  const setPoint = (which, place) => model.set("points", get("points").map((point, k) => (k === which ? inside(place) : point)));
  const moveBox = (box, edges, by) => model.set("said", pulled(box, edges, by, [left, top], [right, bottom]));

  function grip(event) { // the nearest point, if the pointer is on it; else the box
    const from = at(event), far = get("points").map(([x, y]) => Math.hypot(x - from[0], y - from[1]) * zoom);
    const nearest = far.indexOf(Math.min(...far));
    if (far[nearest] <= DISC) return { point: nearest };
    const edges = edgesAt(get("said"), from, GRIP / zoom);
    return edges && { edges, box: get("said"), from };
  }

  draggable(photo.canvas, model, grip, (event, { point, edges, box, from }) => {
    const to = at(event);
    if (point === undefined) moveBox(box, edges, [to[0] - from[0], to[1] - from[1]]);
    else setPoint(point, to);
  }, (event, hand) => {
    const over = hand || grip(event);
    photo.canvas.style.cursor = over && over.point !== undefined ? "move" : cursorOf(over && over.edges);
  });

  keyboard(photo.canvas, model, (by) => {
    if (held < 0) moveBox(get("said"), [true, true, true, true], by);
    else setPoint(held, get("points")[held].map((v, k) => v + by[k]));
  }, { " ": () => {
    held = held === 4 ? -1 : held + 1;
    draw();
  } });

  follow(model, ["p", "said", "points", "mean", ...tasks], draw);
  decode(get("photo")).then((decoded) => {
    bitmap = decoded;
    onPage(root, draw);
  });
}

export default { render };
