// Each asked face beside its nearest known one, and all of them as dots by their distance. The answers are decided here,
// as `view` in recognition.py decides them; a test holds the two together.

const PLOT = [640, 118], LEFT = 76, BAR = 15, GAP = 12; // CSS pixels: the plot, room for names, a pair's bar, between pairs
const WRONG = [1, 4]; // the answers that give somebody a name of another

export function answer(distance, right, stranger, threshold) { // 0 to 4, as OUTCOMES in recognition.py
  const named = distance <= Math.fround(threshold);
  if (stranger) return named ? 4 : 3;
  return named ? (right ? 0 : 1) : 2;
}

function render({ model, el }) {
  const [root, above, below] = frame(model, el, 2), plot = view(above), table = live(element(above, "table")), pairs = view(below);
  pairs.figure.style.marginTop = "12px";
  const get = (name) => model.get(name), all = floats(get("distance")), names = get("names"), side = get("side");
  const known = get("known_person"), asked = get("asked_person"), [columns, cell] = get("grid"), most = get("most");
  const step = [2 * cell + GAP, cell + BAR + 6];
  const drawBoth = () => { drawPlot(); drawPairs(); }, pointed = pointer(root, 260, drawBoth); // lit: an asked face
  let crops = null, now = null;

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
    const [pen, ink] = sheet(plot, PLOT, root), outcomes = get("outcomes"), threshold = get("threshold");
    pen.fillText("known", 4, 36);
    pen.fillText("strangers", 4, 82);
    for (let value = 0; value <= most; value += 0.5) write(pen, value, x(value), PLOT[1] - 7, "center");
    pen.fillRect(x(threshold) - 1, 12, 2, PLOT[1] - 28);
    pen.fillText(`≤ ${threshold.toFixed(2)}: a name`, Math.max(x(threshold) - 52, LEFT + 40), 7);
    pen.fillText("nobody", Math.min(x(threshold) + 32, PLOT[0] - 24), 7);
    const wrong = (k) => WRONG.includes(now.outcome[k]), last = (k) => 2 * (k === pointed.lit) + wrong(k);
    [...asked.keys()].sort((a, b) => last(a) - last(b)).forEach((k) => { // what matters is drawn last, and has a shape too
      const [at, high, size] = [x(now.distance[k]), y(k), k === pointed.lit ? 7 : 4.5];
      pen.beginPath();
      if (wrong(k)) pen.rect(at - size, high - size, 2 * size, 2 * size);
      else pen.arc(at, high, size, 0, 7);
      pen.fillStyle = outcomes[now.outcome[k]][1];
      pen.fill();
      pen.lineWidth = k === pointed.lit ? 2 : 0.8;
      pen.strokeStyle = ink;
      pen.stroke();
    });
    plot.caption.textContent = "squared distance of each face to the nearest known one; square: given a wrong name";
  }

  function drawPairs() {
    const rows = Math.ceil(asked.length / columns), pen = pairs.fit(columns * step[0] - GAP, rows * step[1]);
    const outcomes = get("outcomes");
    pen.imageSmoothingEnabled = false; // these pixels are all that the net sees
    now.order.forEach((k, place) => {
      const left = (place % columns) * step[0], top = Math.floor(place / columns) * step[1];
      pen.drawImage(crops, (known.length + k) * side, 0, side, side, left, top, cell, cell);
      pen.drawImage(crops, now.near[k] * side, 0, side, side, left + cell, top, cell, cell);
      block(pen, k === pointed.lit ? INK : outcomes[now.outcome[k]][1], left, top + cell, 2 * cell, BAR);
      const text = (WRONG.includes(now.outcome[k]) ? "✗ " : "") + now.distance[k].toFixed(2);
      const letters = now.outcome[k] === 2 && k !== pointed.lit ? INK : PAPER; // pale gray wants dark ones
      write(pen, text, left + cell, top + cell + 11, "center", letters);
    });
    pairs.caption.textContent = "asked | nearest known, the nearest first; the bar says what the answer is worth";
  }

  function draw() {
    if (!crops) return;
    now = compute();
    drawBoth();
    const outcomes = get("outcomes"), count = (which) => now.outcome.filter((each) => each === which).length;
    fill(table, outcomes.map(([name], which) => [name, count(which)]), { colour: (which) => outcomes[which][1] });
  }

  function about(k) { // what is lit, and what the tooltip says of it
    if (k === undefined) return null;
    const called = now.distance[k] <= Math.fround(get("threshold"));
    return [k, `this is ${asked[k] < 0 ? "a stranger" : names[asked[k]]}\n`
      + `nearest: ${names[known[now.near[k]]]}, ${now.distance[k].toFixed(3)}: ${called ? "given that name" : "nobody"}`];
  }

  pointed.watch(plot.canvas, (event) => {
    const far = now ? asked.map((_, k) => Math.hypot(x(now.distance[k]) - event.offsetX, y(k) - event.offsetY)) : [];
    const k = far.indexOf(Math.min(...far));
    return far[k] < 9 ? about(k) : null;
  });
  pointed.watch(pairs.canvas, (event) => {
    const column = Math.floor(event.offsetX / step[0]), row = Math.floor(event.offsetY / step[1]);
    return now && column < columns ? about(now.order[row * columns + column]) : null;
  });
  follow(model, ["threshold", "moment"], draw);
  decode(get("sheet"), "png").then((bitmap) => {
    crops = bitmap;
    draw();
  });
}

export default { render };
