// The curves of the detection loss with the answer's place on them, and the bill of each kind of sample. All numbers are
// computed here, as `view` in losses.py computes them; a test holds the two together.

const PLOT = [390, 270], BARS = [430, 270]; // CSS pixels
const LEFT = 34, BOTTOM = 34, NAMES = 66, ROOM = 56; // room for the axes' numbers, for the kinds' names, for a bar's total

export function bill(p, offset, point, weights, mean, indicator, numbers) {
  const face = -Math.log(p), background = -Math.log(1 - p);
  const [box, landmark] = [offset, point].map((each, k) => each * each * (mean ? 1 : numbers[k]));
  const losses = indicator.map((_, kind) => [kind === 0 ? background : face, box, landmark]); // kind 0: negative
  const paid = indicator.map((row, kind) => row.map((takes, task) => takes * weights[task] * losses[kind][task]));
  return {
    face, background, printed: Math.log(p) - 1, slopes: [p - 1, p, 1 - p], box, landmark, paid,
    totals: paid.map((row) => row.reduce((sum, each) => sum + each, 0)),
  };
}

const nice = (least) => { // the end of a scale: 1, 2 or 5 times a power of ten
  const ten = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((k) => k * ten).find((end) => end >= least - 1e-9);
};

function render({ model, el }) {
  const root = element(el, "div", "mtcnn-canvas"), views = element(root, "div", "views");
  const plot = view(views), bars = view(views), table = element(root, "table");
  table.setAttribute("aria-live", "polite");
  const get = (name) => model.get(name), tasks = ["detection", "box", "landmark"];

  function drawCurves(now) {
    const [width, height] = PLOT, pen = plot.fit(width, height), ink = getComputedStyle(root).color;
    const [low, high] = get("span"), colours = get("colours"), p = get("p");
    const x = (value) => LEFT + value * (width - LEFT - 8), y = (value) => 6 + ((high - value) / (high - low)) * (height - BOTTOM - 6);
    pen.font = "12px " + getComputedStyle(root).fontFamily;
    pen.fillStyle = ink;
    pen.strokeStyle = "rgba(128, 128, 128, 0.35)";
    pen.textBaseline = "middle";
    pen.textAlign = "right";
    for (let value = Math.ceil(low); value <= high; value += 2) {
      pen.lineWidth = value === 0 ? 2 : 1;
      pen.beginPath();
      pen.moveTo(x(0), y(value));
      pen.lineTo(x(1), y(value));
      pen.stroke();
      pen.fillText(value, LEFT - 6, y(value));
    }
    pen.textAlign = "center";
    for (const value of [0, 0.25, 0.5, 0.75, 1]) pen.fillText(value, x(value), height - BOTTOM + 12);
    pen.fillText("p, probability of a face", x(0.5), height - 7);
    const curves = [
      [(q) => -Math.log(q), now.face, colours[0], [], "a face", [0.28, 2.2]],
      [(q) => -Math.log(1 - q), now.background, colours[0], [7, 5], "no face", [0.72, 2.2]],
      [(q) => Math.log(q) - 1, now.printed, colours[3], [2, 3], "no face, as the paper prints it", [0.5, -3.2]],
    ];
    for (const [loss, here, colour, dash, name, [nameX, nameY]] of curves) {
      pen.strokeStyle = pen.fillStyle = colour;
      pen.lineWidth = 2.5;
      pen.setLineDash(dash);
      pen.beginPath();
      for (let q = 0.004; q < 0.997; q += 0.004) pen.lineTo(x(q), Math.min(Math.max(y(loss(q)), 2), height - BOTTOM));
      pen.stroke();
      pen.setLineDash([]);
      pen.beginPath();
      pen.arc(x(p), y(here), 5, 0, 2 * Math.PI);
      pen.fill();
      pen.fillStyle = ink;
      pen.fillText(name, x(nameX), y(nameY));
    }
    const [face, background, printed] = now.slopes.map((slope) => (slope < 0 ? "−" : "+") + Math.abs(slope).toFixed(2));
    plot.caption.textContent = `detection loss; slope in the logit: face ${face}, no face ${background}, as printed ${printed}`;
  }

  function drawBill(now) {
    const [width, height] = BARS, pen = bars.fit(width, height), ink = getComputedStyle(root).color;
    const colours = get("colours"), kinds = get("kinds"), end = nice(Math.max(0.1, ...now.totals));
    const x = (value) => NAMES + (value / end) * (width - NAMES - ROOM), step = (height - BOTTOM - 46) / kinds.length;
    pen.font = "12px " + getComputedStyle(root).fontFamily;
    pen.textBaseline = "middle";
    const losses = [`${now.face.toFixed(3)} or ${now.background.toFixed(3)}`, now.box.toFixed(4), now.landmark.toFixed(4)];
    tasks.forEach((task, k) => { // the legend says each task's weight and loss
      pen.fillStyle = colours[k];
      pen.fillRect(4 + k * 143, 5, 10, 10);
      pen.fillStyle = ink;
      pen.fillText(`${task} × ${get(task).toFixed(2)}`, 19 + k * 143, 11);
      pen.fillText(losses[k], 19 + k * 143, 27);
    });
    pen.textAlign = "center";
    pen.strokeStyle = "rgba(128, 128, 128, 0.35)";
    for (const part of [0, 0.5, 1]) {
      pen.beginPath();
      pen.moveTo(x(part * end), 42);
      pen.lineTo(x(part * end), height - BOTTOM);
      pen.stroke();
      pen.fillStyle = ink;
      pen.fillText(`${Number((part * end).toPrecision(3))}`, x(part * end), height - BOTTOM + 12);
    }
    pen.fillText("weight × loss", x(end / 2), height - 7);
    kinds.forEach((kind, row) => {
      const top = 46 + row * step, middle = top + step / 2;
      let from = 0;
      now.paid[row].forEach((paid, task) => {
        pen.fillStyle = colours[task];
        pen.fillRect(x(from), top + step * 0.18, x(from + paid) - x(from), step * 0.64);
        from += paid;
      });
      pen.fillStyle = ink;
      pen.textAlign = "right";
      pen.fillText(kind, NAMES - 6, middle);
      pen.textAlign = "left";
      pen.fillText(now.totals[row].toFixed(3), x(from) + 5, middle);
    });
    bars.caption.textContent = "what one sample costs, by its kind";
  }

  function fill(now) {
    const indicator = get("indicator"), cell = (text, tag) => Object.assign(document.createElement(tag), { textContent: text });
    const head = document.createElement("tr");
    head.append(...["", ...tasks, "sum"].map((text) => cell(text, "th")));
    const rows = get("kinds").map((kind, k) => {
      const tr = document.createElement("tr");
      const paid = now.paid[k].map((each, task) => (indicator[k][task] ? each.toFixed(3) : "–"));
      tr.append(...[kind, ...paid, now.totals[k].toFixed(3)].map((text) => cell(text, "td")));
      return tr;
    });
    table.replaceChildren(head, ...rows);
  }

  function draw() {
    const weights = tasks.map(get);
    const now = bill(get("p"), get("offset"), get("point"), weights, get("mean"), get("indicator"), get("numbers"));
    drawCurves(now);
    drawBill(now);
    fill(now);
  }

  for (const name of ["p", "offset", "point", "mean", ...tasks]) model.on(`change:${name}`, draw);
  onPage(root, draw);
}

export default { render };
