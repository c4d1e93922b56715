// Each asked face beside its nearest known one, and all of them as dots by their distance. The answers are decided here,
// as `view` in recognition.py decides them; a test holds the two together.

const PLOT = [640, 118], LEFT = 76, BAR = 15, GAP = 12; // CSS pixels: the plot, room for names, a pair's bar, between pairs
const PAPER = "#ffffff", INK = "#222222", WRONG = [1, 4]; // the answers that give somebody a name of another

export function answer(distance, right, stranger, threshold) { // 0 to 4, as OUTCOMES in recognition.py
  const named = distance <= Math.fround(threshold);
  if (stranger) return named ? 4 : 3;
  return named ? (right ? 0 : 1) : 2;
}

function render({ model, el }) {
  const root = element(el, "div", "mtcnn-canvas"), above = element(root, "div", "views"), below = element(root, "div", "views");
  const plot = view(above), table = element(above, "table"), pairs = view(below), tip = element(root, "div", "tip");
  table.setAttribute("aria-live", "polite");
  pairs.figure.style.marginTop = "12px";
  const get = (name) => model.get(name), all = floats(get("distance")), names = get("names"), side = get("side");
  const known = get("known_person"), asked = get("asked_person"), [columns, cell] = get("grid"), most = get("most");
  const step = [2 * cell + GAP, cell + BAR + 6];
  let sheet = null, now = null, lit = -1; // lit: the asked face to point out

  function compute() {
    const moment = get("moment"), near = get("nearest")[moment];
    const distance = all.subarray(moment * asked.length, (moment + 1) * asked.length);
    const outcome = asked.map((who, k) => answer(distance[k], known[near[k]] === who, who < 0, get("threshold")));
    const order = [...asked.keys()].sort((a, b) => distance[a] - distance[b] || a - b);
    return { near, distance, outcome, order };
  }

  const x = (value) => LEFT + (Math.min(value, most) / most) * (PLOT[0] - LEFT - 10);
  const y = (k) => 24 + (asked[k] < 0 ? 46 : 0) + ((k * 7) % 5) * 6; // spread a little, so that dots don't hide one another

  function drawPlot() {
    const pen = plot.fit(...PLOT), ink = getComputedStyle(root).color, outcomes = get("outcomes"), threshold = get("threshold");
    pen.font = "12px " + getComputedStyle(root).fontFamily;
    pen.fillStyle = ink;
    pen.textBaseline = "middle";
    pen.fillText("known", 4, 36);
    pen.fillText("strangers", 4, 82);
    pen.textAlign = "center";
    for (let value = 0; value <= most; value += 0.5) pen.fillText(value, x(value), PLOT[1] - 7);
    pen.fillRect(x(threshold) - 1, 12, 2, PLOT[1] - 28);
    pen.fillText(`≤ ${threshold.toFixed(2)}: a name`, Math.max(x(threshold) - 52, LEFT + 40), 7);
    pen.fillText("nobody", Math.min(x(threshold) + 32, PLOT[0] - 24), 7);
    const wrong = (k) => WRONG.includes(now.outcome[k]), last = (k) => 2 * (k === lit) + wrong(k);
    [...asked.keys()].sort((a, b) => last(a) - last(b)).forEach((k) => { // what matters is drawn last, and has a shape too
      const [at, high, size] = [x(now.distance[k]), y(k), k === lit ? 7 : 4.5];
      pen.beginPath();
      if (wrong(k)) pen.rect(at - size, high - size, 2 * size, 2 * size);
      else pen.arc(at, high, size, 0, 7);
      pen.fillStyle = outcomes[now.outcome[k]][1];
      pen.fill();
      pen.lineWidth = k === lit ? 2 : 0.8;
      pen.strokeStyle = ink;
      pen.stroke();
    });
    plot.caption.textContent = "squared distance of each face to the nearest known one; square: given a wrong name";
  }

  function drawPairs() {
    const rows = Math.ceil(asked.length / columns), pen = pairs.fit(columns * step[0] - GAP, rows * step[1]);
    const outcomes = get("outcomes");
    pen.imageSmoothingEnabled = false; // these pixels are all that the net sees
    pen.textAlign = "center";
    now.order.forEach((k, place) => {
      const left = (place % columns) * step[0], top = Math.floor(place / columns) * step[1];
      pen.drawImage(sheet, (known.length + k) * side, 0, side, side, left, top, cell, cell);
      pen.drawImage(sheet, now.near[k] * side, 0, side, side, left + cell, top, cell, cell);
      pen.fillStyle = k === lit ? INK : outcomes[now.outcome[k]][1];
      pen.fillRect(left, top + cell, 2 * cell, BAR);
      pen.fillStyle = now.outcome[k] === 2 && k !== lit ? INK : PAPER; // orange wants dark letters
      pen.fillText((WRONG.includes(now.outcome[k]) ? "✗ " : "") + now.distance[k].toFixed(2), left + cell, top + cell + 11);
    });
    pairs.caption.textContent = "asked | nearest known, the nearest first; the bar says what the answer is worth";
  }

  function count() {
    const rows = get("outcomes").map(([name, colour], which) => {
      const row = document.createElement("tr"), first = element(row, "td"), swatch = element(first, "i");
      swatch.style.background = colour;
      first.append(name);
      element(row, "td").textContent = now.outcome.filter((each) => each === which).length;
      return row;
    });
    table.replaceChildren(...rows);
  }

  function draw() {
    if (!sheet) return;
    now = compute();
    drawPlot();
    drawPairs();
    count();
  }

  function say(event, k) {
    tip.style.display = k < 0 ? "none" : "block";
    if (k >= 0) {
      const here = root.getBoundingClientRect(), called = now.distance[k] <= Math.fround(get("threshold"));
      tip.textContent = `this is ${asked[k] < 0 ? "a stranger" : names[asked[k]]}\n`
        + `nearest: ${names[known[now.near[k]]]}, ${now.distance[k].toFixed(3)}: ${called ? "given that name" : "nobody"}`;
      tip.style.left = `${Math.min(event.clientX - here.left + 14, Math.max(0, here.width - 260))}px`;
      tip.style.top = `${event.clientY - here.top + 16}px`;
    }
    if (k === lit) return;
    lit = k;
    drawPlot();
    drawPairs();
  }

  plot.canvas.addEventListener("pointermove", (event) => {
    if (!now) return;
    const far = asked.map((_, k) => Math.hypot(x(now.distance[k]) - event.offsetX, y(k) - event.offsetY));
    const k = far.indexOf(Math.min(...far));
    say(event, far[k] < 9 ? k : -1);
  });
  pairs.canvas.addEventListener("pointermove", (event) => {
    if (!now) return;
    const column = Math.floor(event.offsetX / step[0]), row = Math.floor(event.offsetY / step[1]);
    say(event, column < columns ? now.order[row * columns + column] ?? -1 : -1);
  });
  for (const { canvas } of [plot, pairs]) canvas.addEventListener("pointerleave", (event) => now && say(event, -1));
  for (const name of ["threshold", "moment"]) model.on(`change:${name}`, draw);
  createImageBitmap(new Blob([bytes(get("sheet"))], { type: "image/png" })).then((bitmap) => {
    sheet = bitmap;
    draw();
  });
}

export default { render };
