// Precision and recall at the chosen thresholds, on the curve of all O-Net thresholds; faces and boxes after each net, and
// what that costs. All runs came with the page: `look` finds the numbers as `view` in evaluation.py does; a test holds the two.

const PLOT = [390, 290], BARS = [430, 290]; // CSS pixels
const LEFT = 40, BOTTOM = 34, NAMES = 52;

export function runAt(measured, stops, p, r) {
  const at = (value) => stops.findIndex((stop) => Math.abs(stop - value) < 0.01);
  return measured.runs[at(p)][at(r)];
}

export function look(measured, stops, p, r, o) {
  const run = runAt(measured, stops, p, r);
  const kept = run.scores.filter((score) => score >= o - 1e-9).length;
  const found = run.right.slice(0, kept).reduce((sum, one) => sum + one, 0);
  const boxes = [...run.boxes, kept / measured.photos];
  const price = (unit) => [unit[0], run.boxes[0] * unit[1], run.boxes[1] * unit[2]];
  return {
    found, kept, faces: measured.faces, covered: [...run.reached, found], boxes,
    work: price(measured.work), time: price(measured.milliseconds),
    recall: found / Math.max(measured.faces, 1), precision: kept ? found / kept : 1,
  };
}

function render({ model, el }) {
  const root = element(el, "div", "mtcnn-canvas"), views = element(root, "div", "views");
  const plot = view(views), bars = view(views), table = element(root, "table");
  table.setAttribute("aria-live", "polite");
  const get = (name) => model.get(name), measured = JSON.parse(get("measured"));

  function drawCurve(now) {
    const [width, height] = PLOT, pen = plot.fit(width, height), ink = getComputedStyle(root).color;
    const x = (value) => LEFT + value * (width - LEFT - 10), y = (value) => 8 + (1 - value) * (height - BOTTOM - 8);
    pen.font = "12px " + getComputedStyle(root).fontFamily;
    pen.textBaseline = "middle";
    for (const value of [0, 0.25, 0.5, 0.75, 1]) {
      pen.strokeStyle = "rgba(128, 128, 128, 0.35)";
      pen.beginPath();
      pen.moveTo(x(0), y(value));
      pen.lineTo(x(1), y(value));
      pen.moveTo(x(value), y(0));
      pen.lineTo(x(value), y(1));
      pen.stroke();
      pen.fillStyle = ink;
      pen.textAlign = "right";
      pen.fillText(value, LEFT - 6, y(value));
      pen.textAlign = "center";
      pen.fillText(value, x(value), height - BOTTOM + 12);
    }
    pen.fillText("recall", x(0.5), height - 7);
    pen.save();
    pen.translate(8, y(0.5));
    pen.rotate(-Math.PI / 2);
    pen.fillText("precision", 0, 0);
    pen.restore();
    const trail = (p, r, colour, dash) => {
      const run = runAt(measured, get("stops"), p, r);
      let right = 0;
      pen.strokeStyle = colour;
      pen.lineWidth = 2.5;
      pen.setLineDash(dash);
      pen.beginPath();
      run.right.forEach((one, k) => {
        right += one;
        pen.lineTo(x(right / measured.faces), y(right / (k + 1)));
      });
      pen.stroke();
      pen.setLineDash([]);
    };
    trail(get("start")[0], get("start")[1], "#8A8A8A", [6, 5]);
    trail(get("p"), get("r"), get("colours")[2], []);
    pen.fillStyle = "#D55E00";
    pen.beginPath();
    pen.arc(x(now.recall), y(now.precision), 6, 0, 2 * Math.PI);
    pen.fill();
    pen.fillStyle = ink; // the dot's threshold, on the side that has room, below the curve
    pen.textAlign = now.recall > 0.5 ? "right" : "left";
    pen.fillText(get("o").toFixed(2), x(now.recall) + (now.recall > 0.5 ? -10 : 10), y(now.precision) + 14);
    plot.caption.textContent = "every O-Net threshold; dot: this one; gray: the start";
  }

  function drawBars(now) {
    const [width, height] = BARS, pen = bars.fit(width, height), ink = getComputedStyle(root).color;
    const step = (height - 70) / 3, x = (share) => NAMES + share * (width - NAMES - 10);
    pen.font = "12px " + getComputedStyle(root).fontFamily;
    pen.textBaseline = "middle";
    get("names").forEach((name, k) => {
      const top = 6 + k * step;
      pen.fillStyle = "rgba(128, 128, 128, 0.3)";
      pen.fillRect(x(0), top + 18, x(1) - x(0), step * 0.42);
      pen.fillStyle = get("colours")[k];
      pen.fillRect(x(0), top + 18, x(now.covered[k] / now.faces) - x(0), step * 0.42);
      pen.fillStyle = ink;
      pen.textAlign = "right";
      pen.fillText(name, NAMES - 6, top + 18 + step * 0.21);
      pen.textAlign = "left";
      pen.fillText(`${now.covered[k]} of ${now.faces} faces, in ${now.boxes[k].toFixed(2)} boxes a photo`, x(0), top + 9);
    });
    const total = now.work.reduce((sum, one) => sum + one, 0), top = height - 48;
    const usual = look(measured, get("stops"), ...get("start")).work.reduce((sum, one) => sum + one, 0);
    const unit = Math.max(1.5 * usual, total); // the usual thresholds fill two thirds
    let from = 0;
    pen.fillText(`${total.toFixed(0)} million multiply-adds a photo, by net`, x(0), top - 8);
    now.work.forEach((each, k) => {
      pen.fillStyle = get("colours")[k];
      pen.fillRect(x(from / unit), top + 4, x(each / unit) - x(0), 18);
      from += each;
    });
    pen.fillStyle = ink;
    const time = now.time.reduce((sum, one) => sum + one, 0);
    pen.fillText(`about ${time.toFixed(0)} ms on this machine`, x(0), height - 10);
    bars.caption.textContent = "after each net; below: what it costs";
  }

  function fill(now) {
    const cell = (text, tag) => Object.assign(document.createElement(tag), { textContent: text });
    const row = (texts, tag) => {
      const tr = document.createElement("tr");
      tr.append(...texts.map((text) => cell(text, tag)));
      return tr;
    };
    const wrong = now.kept - now.found;
    table.replaceChildren(
      row(["", "recall", "precision", "found", "missed", "wrong"], "th"),
      row(["O-Net's answer", now.recall.toFixed(3), now.precision.toFixed(3), now.found, now.faces - now.found, wrong], "td"),
    );
  }

  function draw() {
    const now = look(measured, get("stops"), get("p"), get("r"), get("o"));
    drawCurve(now);
    drawBars(now);
    fill(now);
  }

  for (const name of ["p", "r", "o"]) model.on(`change:${name}`, draw);
  draw();
  requestAnimationFrame(draw); // once more in the page, whose theme says the letters' colour
}

export default { render };
