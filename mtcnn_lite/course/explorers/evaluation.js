// Some photos with what is found, wrong and missed at the chosen thresholds; precision and recall, on the curve of all
// O-Net thresholds; faces and boxes after each net, and what that costs. All runs came with the page: `look` finds the numbers as `view` in evaluation.py does; a test holds the two.

const WIDE = 834, PLOT = [390, 250], BARS = [430, 250]; // CSS pixels
const LEFT = 40, BOTTOM = 34, NAMES = 52;

export function runAt(measured, stops, p, r) {
  const at = (value) => stops.findIndex((stop) => Math.abs(stop - value) < 0.01);
  return measured.runs[at(p)][at(r)];
}

export function look(measured, stops, p, r, o) {
  const run = runAt(measured, stops, p, r);
  const kept = run.scores.filter((score) => score >= o - 1e-9).length, found = sum(run.right.slice(0, kept));
  const boxes = [...run.boxes, kept / measured.photos];
  const price = (unit) => [unit[0], run.boxes[0] * unit[1], run.boxes[1] * unit[2]];
  return {
    found, kept, faces: measured.faces, covered: [...run.reached, found], boxes,
    work: price(measured.work), time: price(measured.milliseconds),
    recall: found / Math.max(measured.faces, 1), precision: kept ? found / kept : 1,
  };
}

export function outcomes(measured, stops, p, r, o) { // boxes on the sheet
  const kept = runAt(measured, stops, p, r).marks.filter((mark) => mark[4] >= o - 1e-9), seen = new Set(kept.map((mark) => mark[5]));
  const boxes = (marks) => marks.map((mark) => mark.slice(0, 4));
  return {
    found: boxes(kept.filter((mark) => mark[5] >= 0)), wrong: boxes(kept.filter((mark) => mark[5] < 0)),
    missed: measured.labels.filter((label, k) => !seen.has(k)),
  };
}

function render({ model, el }) {
  const [root, photos, views] = frame(model, el, 2), sheetOf = view(photos), plot = view(views), bars = view(views);
  const table = live(element(root, "table"));
  const get = (name) => model.get(name), measured = JSON.parse(get("measured"));
  const [lowest, stops] = [0.05, 95], track_ = behind(model, root, "o", stops); // O-Net's slider goes up by 0.01
  trackLegend(root, photos);
  let bitmap = null;

  function drawTrack() { // O-Net's scores in its slider's track: upwards what finds a face
    const { scores, right } = runAt(measured, get("stops"), get("p"), get("r")), counts = tallied(stops);
    scores.forEach((score, k) => counts[right[k] ? "on" : "off"][clamp(Math.floor((score - lowest) / 0.01 + 1e-4) + 1, 0, stops)]++);
    track_(Math.round((get("o") - lowest) / 0.01), counts, get("colours")[2]);
  }

  function drawPhotos() {
    const [width, height] = get("size"), zoom = WIDE / width, pen = sheetOf.fit(WIDE, height * zoom);
    pen.drawImage(bitmap, 0, 0, WIDE, height * zoom);
    const boxes = outcomes(measured, get("stops"), get("p"), get("r"), get("o"));
    for (const [name, colour] of get("marking")) {
      rimmed(pen, outlines(boxes[name], zoom), 2, colour, name === "missed" ? 2.4 : 1.6, 0.85, name === "missed" ? [5, 3] : []);
    }
    const told = Object.entries(boxes).map(([name, each]) => `${each.length} ${name}`).join(", ");
    sheetOf.caption.textContent = `${told} in these photos: green found, vermilion wrong, dashed yellow missed`;
  }

  function drawCurve(now) {
    const [width, height] = PLOT, [pen, ink] = sheet(plot, PLOT, root);
    const x = (value) => LEFT + value * (width - LEFT - 10), y = (value) => 8 + (1 - value) * (height - BOTTOM - 8);
    for (const value of [0, 0.25, 0.5, 0.75, 1]) {
      trace(pen, [[[x(0), y(value)], [x(1), y(value)]], [[x(value), y(0)], [x(value), y(1)]]], GRID);
      write(pen, value, LEFT - 6, y(value), "right");
      write(pen, value, x(value), height - BOTTOM + 12, "center");
    }
    pen.fillText("recall", x(0.5), height - 7);
    pen.save();
    pen.translate(8, y(0.5));
    pen.rotate(-Math.PI / 2);
    pen.fillText("precision", 0, 0);
    pen.restore();
    const trail = (p, r, colour, dash) => {
      const { right } = runAt(measured, get("stops"), p, r);
      let found = 0;
      const points = right.map((one, k) => [x((found += one) / measured.faces), y(found / (k + 1))]);
      if (points.length) trace(pen, [points], colour, 2.5, dash);
    };
    trail(get("start")[0], get("start")[1], GRAY, [6, 5]);
    trail(get("p"), get("r"), get("colours")[2], []);
    disc(pen, x(now.recall), y(now.precision), 6, ink);
    const beside = now.recall > 0.5 ? [-10, "right"] : [10, "left"]; // the dot's threshold, on the side that has room, below the curve
    write(pen, get("o").toFixed(2), x(now.recall) + beside[0], y(now.precision) + 14, beside[1], ink);
    plot.caption.textContent = "every O-Net threshold; dot: this one; gray: the start";
  }

  function drawBars(now) {
    const [width, height] = BARS, [pen, ink] = sheet(bars, BARS, root);
    const step = (height - 70) / 3, x = (share) => NAMES + share * (width - NAMES - 10);
    get("names").forEach((name, k) => {
      const top = 6 + k * step;
      block(pen, "rgba(128, 128, 128, 0.3)", x(0), top + 18, x(1) - x(0), step * 0.42);
      block(pen, get("colours")[k], x(0), top + 18, x(now.covered[k] / now.faces) - x(0), step * 0.42);
      write(pen, name, NAMES - 6, top + 18 + step * 0.21, "right", ink);
      write(pen, `${now.covered[k]} of ${now.faces} faces, in ${now.boxes[k].toFixed(2)} boxes a photo`, x(0), top + 9, "left");
    });
    const total = sum(now.work), top = height - 48, usual = sum(look(measured, get("stops"), ...get("start")).work);
    const unit = Math.max(1.5 * usual, total); // the usual thresholds fill two thirds
    let from = 0;
    pen.fillText(`${total.toFixed(0)} million multiply-adds a photo, by net`, x(0), top - 8);
    now.work.forEach((each, k) => {
      block(pen, get("colours")[k], x(from / unit), top + 4, x(each / unit) - x(0), 18);
      from += each;
    });
    write(pen, `about ${sum(now.time).toFixed(0)} ms on this machine`, x(0), height - 10, "left", ink);
    bars.caption.textContent = "after each net; below: what it costs";
  }

  function draw() {
    if (!bitmap) return;
    const now = look(measured, get("stops"), get("p"), get("r"), get("o"));
    drawPhotos();
    drawTrack();
    drawCurve(now);
    drawBars(now);
    fill(table, [
      ["", "recall", "precision", "found", "missed", "wrong"],
      ["O-Net's answer", now.recall.toFixed(3), now.precision.toFixed(3), now.found, now.faces - now.found, now.kept - now.found],
    ], { head: true });
  }

  follow(model, ["p", "r", "o"], draw);
  decode(get("photo")).then((decoded) => {
    bitmap = decoded;
    onPage(root, draw);
  });
}

export default { render };
