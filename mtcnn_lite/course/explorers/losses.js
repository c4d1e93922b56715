// The curves of the detection loss with the answer's place on them, and the bill of each kind of sample. All numbers are
// computed here, as `view` in losses.py computes them; a test holds the two together.

const PLOT = [390, 270], BARS = [430, 270]; // CSS pixels
const LEFT = 34, BOTTOM = 34, NAMES = 66, ROOM = 56; // room for the axes' numbers, for the kinds' names, for a bar's total

export function bill(p, offset, point, weights, mean, indicator, numbers) {
  const face = -Math.log(p), background = -Math.log(1 - p);
  const [box, landmark] = [offset, point].map((each, k) => each * each * (mean ? 1 : numbers[k]));
  const losses = indicator.map((_, kind) => [kind === 0 ? background : face, box, landmark]); // kind 0: negative
  const paid = indicator.map((row, kind) => row.map((takes, task) => takes * weights[task] * losses[kind][task]));
  return { face, background, printed: Math.log(p) - 1, slopes: [p - 1, p, 1 - p], box, landmark, paid, totals: paid.map(sum) };
}

function render({ model, el }) {
  const [root, views] = frame(el), plot = view(views), bars = view(views), table = live(element(root, "table"));
  const get = (name) => model.get(name), tasks = ["detection", "box", "landmark"];

  function drawCurves(now) {
    const [width, height] = PLOT, [pen, ink] = sheet(plot, PLOT, root), [low, high] = get("span"), colours = get("colours"), p = get("p");
    const x = (value) => LEFT + value * (width - LEFT - 8), y = (value) => 6 + ((high - value) / (high - low)) * (height - BOTTOM - 6);
    pen.textAlign = "right";
    for (let value = Math.ceil(low); value <= high; value += 2) {
      trace(pen, [[[x(0), y(value)], [x(1), y(value)]]], GRID, value === 0 ? 2 : 1);
      pen.fillText(value, LEFT - 6, y(value));
    }
    for (const value of [0, 0.25, 0.5, 0.75, 1]) write(pen, value, x(value), height - BOTTOM + 12, "center");
    pen.fillText("p, probability of a face", x(0.5), height - 7);
    const curves = [
      [(q) => -Math.log(q), now.face, colours[0], [], "a face", [0.28, 2.2]],
      [(q) => -Math.log(1 - q), now.background, colours[0], [7, 5], "no face", [0.72, 2.2]],
      [(q) => Math.log(q) - 1, now.printed, colours[3], [2, 3], "no face, as the paper prints it", [0.5, -3.2]],
    ];
    for (const [loss, here, colour, dash, name, [nameX, nameY]] of curves) {
      const points = [];
      for (let q = 0.004; q < 0.997; q += 0.004) points.push([x(q), Math.min(Math.max(y(loss(q)), 2), height - BOTTOM)]);
      trace(pen, [points], colour, 2.5, dash);
      disc(pen, x(p), y(here), 5, colour);
      write(pen, name, x(nameX), y(nameY), "center", ink);
    }
    const [face, background, printed] = now.slopes.map((slope) => (slope < 0 ? "−" : "+") + Math.abs(slope).toFixed(2));
    plot.caption.textContent = `detection loss; slope in the logit: face ${face}, no face ${background}, as printed ${printed}`;
  }

  function drawBill(now) {
    const [width, height] = BARS, [pen, ink] = sheet(bars, BARS, root);
    const colours = get("colours"), kinds = get("kinds"), end = nice(Math.max(0.1, ...now.totals));
    const x = (value) => NAMES + (value / end) * (width - NAMES - ROOM), step = (height - BOTTOM - 46) / kinds.length;
    const losses = [`${now.face.toFixed(3)} or ${now.background.toFixed(3)}`, now.box.toFixed(4), now.landmark.toFixed(4)];
    tasks.forEach((task, k) => { // the legend says each task's weight and loss
      block(pen, colours[k], 4 + k * 143, 5, 10, 10);
      pen.fillStyle = ink;
      pen.fillText(`${task} × ${get(task).toFixed(2)}`, 19 + k * 143, 11);
      pen.fillText(losses[k], 19 + k * 143, 27);
    });
    pen.textAlign = "center";
    for (const value of [0, 0.5 * end, end]) {
      trace(pen, [[[x(value), 42], [x(value), height - BOTTOM]]], GRID);
      pen.fillText(`${Number(value.toPrecision(3))}`, x(value), height - BOTTOM + 12);
    }
    pen.fillText("weight × loss", x(end / 2), height - 7);
    kinds.forEach((kind, row) => {
      const top = 46 + row * step, middle = top + step / 2;
      let from = 0;
      now.paid[row].forEach((paid, task) => {
        block(pen, colours[task], x(from), top + step * 0.18, x(from + paid) - x(from), step * 0.64);
        from += paid;
      });
      write(pen, kind, NAMES - 6, middle, "right", ink);
      write(pen, now.totals[row].toFixed(3), x(from) + 5, middle, "left");
    });
    bars.caption.textContent = "what one sample costs, by its kind";
  }

  function draw() {
    const indicator = get("indicator");
    const now = bill(get("p"), get("offset"), get("point"), tasks.map(get), get("mean"), indicator, get("numbers"));
    drawCurves(now);
    drawBill(now);
    const paid = (k) => now.paid[k].map((each, task) => (indicator[k][task] ? each.toFixed(3) : "–"));
    const rows = get("kinds").map((kind, k) => [kind, ...paid(k), now.totals[k].toFixed(3)]);
    fill(table, [["", ...tasks, "sum"], ...rows], { head: true });
  }

  follow(model, ["p", "offset", "point", "mean", ...tasks], draw);
  onPage(root, draw);
}

export default { render };
