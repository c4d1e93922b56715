// The losses of a batch as bars, the highest on the left, and below them the crops: kept on the left, dropped on the
// right. The choice is made here, as `view` in mining.py makes it; a test holds the two together.

const PLOT = [840, 130], LEFT = 34, TOP = 18, LABEL = 14, GAP = 3; // CSS pixels: the plot, room for its numbers, a crop's loss
const LIT = "#222222", PAPER = "#ffffff";

export function choose(losses, label, wrong, keep, mislabelled) { // losses: if no face, if a face
  const count = label.length, now = label.map((y, i) => (mislabelled && wrong[i] ? 1 - y : y));
  const loss = now.map((y, i) => losses[y * count + i]);
  const order = [...loss.keys()].sort((a, b) => loss[b] - loss[a] || a - b);
  const kept = Math.max(1, Math.floor(keep * count)), sum = (rows) => rows.reduce((all, i) => all + loss[i], 0);
  return {
    now, loss, order, count: kept, share: sum(order.slice(0, kept)) / sum(order),
    faces: order.slice(0, kept).filter((i) => now[i] === 1).length,
    wrong: order.slice(0, kept).filter((i) => mislabelled && wrong[i]).length,
  };
}

const nice = (least) => { // the end of a scale: 1, 2 or 5 times a power of ten
  const ten = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((k) => k * ten).find((end) => end >= least - 1e-9);
};

function render({ model, el }) {
  const root = element(el, "div", "mtcnn-canvas"), above = element(root, "div", "views"), below = element(root, "div", "views");
  const plot = view(above), galleries = [view(below), view(below)], tip = element(root, "div", "tip");
  galleries.forEach(({ figure, caption }) => {
    figure.style.marginTop = "12px";
    caption.setAttribute("aria-live", "polite");
  });
  const get = (name) => model.get(name), all = floats(get("losses")), label = get("label"), wrong = get("wrong");
  const [columns, cell] = get("grid"), rows = Math.ceil(label.length / columns), truth = get("truth"), side = get("side");
  const pitch = [cell + GAP, cell + LABEL + GAP], step = (PLOT[0] - LEFT) / label.length;
  let sheet = null, shown = null, lit = -1; // lit: the sample to point out

  const isWrong = (i) => get("mislabelled") && wrong[i];
  const colourOf = (i) => truth[isWrong(i) ? 2 : shown.now[i]][1];

  function drawPlot() {
    const [width, height] = PLOT, pen = plot.fit(width, height), ink = getComputedStyle(root).color;
    const end = nice(Math.max(shown.loss[shown.order[0]], 1e-6)), y = (loss) => TOP + (1 - loss / end) * (height - TOP - 2);
    pen.textBaseline = "middle";
    shown.order.forEach((i, k) => {
      pen.globalAlpha = k < shown.count ? 1 : 0.45;
      pen.fillStyle = i === lit ? ink : colourOf(i);
      pen.fillRect(LEFT + k * step, y(shown.loss[i]) - 1, step - 1.5, height - y(shown.loss[i]));
    });
    pen.globalAlpha = 1;
    pen.fillStyle = ink;
    pen.textAlign = "right";
    for (const value of [0, end]) pen.fillText(Number(value.toPrecision(2)), LEFT - 6, Math.min(y(value), height - 6));
    const x = LEFT + get("keep") * label.length * step; // where keep falls; the samples to its left that are whole
    pen.fillRect(x - 1, 0, 2, height);
    pen.fillText(`keep ${get("keep").toFixed(2)}`, x - 6, 7);
    pen.textAlign = "left";
    let at = 8;
    plot.caption.replaceChildren("detection loss of each sample, the highest first; colours by the label: ");
    for (const [name, colour] of get("mislabelled") ? truth : truth.slice(0, 2)) {
      const swatch = element(plot.caption, "span");
      swatch.style.cssText = `background: ${colour}; display: inline-block; height: 10px; margin: 0 5px 0 ${at}px; width: 10px`;
      plot.caption.append(name);
      at = 12;
    }
  }

  function drawGallery({ fit, caption }, crops, text) {
    const pen = fit(columns * pitch[0] - GAP, rows * pitch[1] - GAP);
    pen.imageSmoothingEnabled = false; // these pixels are all that the net sees
    pen.textAlign = "center";
    pen.font = "bold 11px sans-serif";
    crops.forEach((i, k) => {
      const x = (k % columns) * pitch[0], y = Math.floor(k / columns) * pitch[1];
      pen.drawImage(sheet, i * side, 0, side, side, x, y, cell, cell);
      pen.fillStyle = i === lit ? LIT : colourOf(i);
      pen.fillRect(x, y + cell, cell, LABEL);
      pen.fillStyle = PAPER;
      pen.fillText(shown.loss[i].toFixed(shown.loss[i] < 10 ? 3 : 2), x + cell / 2, y + cell + 11);
    });
    caption.textContent = text;
  }

  function drawAll() {
    const { order, count, share, faces } = shown, noted = get("mislabelled") ? `, ${shown.wrong} wrong labels` : "";
    const [kept, dropped] = [order.slice(0, count), order.slice(count)];
    drawPlot();
    drawGallery(galleries[0], kept, `kept: ${count}, ${(100 * share).toFixed(1)}% of the loss; ${faces} faces${noted}`);
    drawGallery(galleries[1], dropped, `dropped: ${dropped.length}, ${(100 * (1 - share)).toFixed(1)}% of the loss`);
  }

  function draw() {
    if (!sheet) return;
    const n = label.length, moment = get("moment");
    shown = choose(all.subarray(2 * n * moment, 2 * n * (moment + 1)), label, wrong, get("keep"), get("mislabelled"));
    drawAll();
  }

  function say(event, i) {
    tip.style.display = i < 0 ? "none" : "block";
    if (i >= 0) {
      const place = shown.order.indexOf(i), here = root.getBoundingClientRect(), loss = shown.loss[i], p = Math.exp(-loss);
      tip.textContent = `labelled ${truth[shown.now[i]][0]}${isWrong(i) ? ", wrongly" : ""}; the net gives that ${p.toFixed(3)}\n`
        + `loss ${loss.toFixed(4)}, number ${place + 1} of ${shown.order.length}: ${place < shown.count ? "kept" : "dropped"}`;
      tip.style.left = `${Math.min(event.clientX - here.left + 14, Math.max(0, here.width - 300))}px`;
      tip.style.top = `${event.clientY - here.top + 16}px`;
    }
    if (i === lit) return;
    lit = i;
    drawAll();
  }

  plot.canvas.addEventListener("pointermove", (event) => {
    if (shown) say(event, shown.order[Math.floor((event.offsetX - LEFT) / step)] ?? -1);
  });
  galleries.forEach(({ canvas }, g) => canvas.addEventListener("pointermove", (event) => {
    if (!shown) return;
    const column = Math.floor(event.offsetX / pitch[0]), row = Math.floor(event.offsetY / pitch[1]);
    const crops = g ? shown.order.slice(shown.count) : shown.order.slice(0, shown.count);
    say(event, column < columns ? crops[row * columns + column] ?? -1 : -1);
  }));
  for (const { canvas } of [plot, ...galleries]) canvas.addEventListener("pointerleave", (event) => shown && say(event, -1));
  for (const name of ["keep", "moment", "mislabelled"]) model.on(`change:${name}`, draw);
  createImageBitmap(new Blob([get("sheet")], { type: "image/png" })).then((bitmap) => {
    sheet = bitmap;
    onPage(root, draw);
  });
}

export default { render };
