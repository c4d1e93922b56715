// The losses of a batch as bars, the highest on the left, and below them the crops: kept on the left, dropped on the
// right. The choice is made here, as `view` in mining.py makes it; a test holds the two together.

const PLOT = [840, 130], LEFT = 34, TOP = 18, LABEL = 14, GAP = 3; // CSS pixels: the plot, room for its numbers, a crop's loss

export function choose(losses, label, wrong, keep, mislabelled) { // losses: if no face, if a face
  const count = label.length, now = label.map((y, i) => (mislabelled && wrong[i] ? 1 - y : y));
  const loss = now.map((y, i) => losses[y * count + i]), order = [...loss.keys()].sort((a, b) => loss[b] - loss[a] || a - b);
  const kept = order.slice(0, Math.max(1, Math.floor(keep * count))), total = (rows) => sum(rows.map((i) => loss[i]));
  return {
    now, loss, order, count: kept.length, share: total(kept) / total(order), faces: kept.filter((i) => now[i] === 1).length,
    wrong: kept.filter((i) => mislabelled && wrong[i]).length,
  };
}

function render({ model, el }) {
  const [root, above, below] = frame(model, el, 2), plot = view(above), galleries = [view(below), view(below)];
  const pointed = pointer(root, 300, () => drawAll()); // lit: a sample
  galleries.forEach(({ figure, caption }) => {
    figure.style.marginTop = "12px";
    live(caption);
  });
  const get = (name) => model.get(name), all = floats(get("losses")), label = get("label"), wrong = get("wrong");
  const [columns, cell] = get("grid"), rows = Math.ceil(label.length / columns), truth = get("truth"), side = get("side");
  const pitch = [cell + GAP, cell + LABEL + GAP], step = (PLOT[0] - LEFT) / label.length;
  let crops = null, shown = null;

  const isWrong = (i) => get("mislabelled") && wrong[i];
  const colourOf = (i) => truth[isWrong(i) ? 2 : shown.now[i]][1];
  const kept = () => shown.order.slice(0, shown.count), dropped = () => shown.order.slice(shown.count);

  function drawPlot() {
    const [width, height] = PLOT, pen = plot.fit(width, height), ink = getComputedStyle(root).color;
    const end = nice(Math.max(shown.loss[shown.order[0]], 1e-6)), y = (loss) => TOP + (1 - loss / end) * (height - TOP - 2);
    pen.textBaseline = "middle";
    shown.order.forEach((i, k) => {
      pen.globalAlpha = k < shown.count ? 1 : 0.45;
      block(pen, i === pointed.lit ? ink : colourOf(i), LEFT + k * step, y(shown.loss[i]) - 1, step - 1.5, height - y(shown.loss[i]));
    });
    pen.globalAlpha = 1;
    for (const value of [0, end]) write(pen, Number(value.toPrecision(2)), LEFT - 6, Math.min(y(value), height - 6), "right", ink);
    const x = LEFT + get("keep") * label.length * step; // where keep falls; the samples to its left that are whole
    pen.fillRect(x - 1, 0, 2, height);
    pen.fillText(`keep ${get("keep").toFixed(2)}`, x - 6, 7);
    plot.caption.replaceChildren("detection loss of each sample, the highest first; colours by the label: ");
    (get("mislabelled") ? truth : truth.slice(0, 2)).forEach(([name, colour], k) => {
      const patch = element(plot.caption, "span");
      patch.style.cssText = `background: ${colour}; display: inline-block; height: 10px; margin: 0 5px 0 ${k ? 12 : 8}px; width: 10px`;
      plot.caption.append(name);
    });
  }

  function drawGallery({ fit, caption }, samples, text) {
    const pen = fit(columns * pitch[0] - GAP, rows * pitch[1] - GAP);
    pen.imageSmoothingEnabled = false; // these pixels are all that the net sees
    pen.font = "bold 11px sans-serif";
    samples.forEach((i, k) => {
      const x = (k % columns) * pitch[0], y = Math.floor(k / columns) * pitch[1];
      pen.drawImage(crops, i * side, 0, side, side, x, y, cell, cell);
      block(pen, i === pointed.lit ? INK : colourOf(i), x, y + cell, cell, LABEL);
      write(pen, shown.loss[i].toFixed(shown.loss[i] < 10 ? 3 : 2), x + cell / 2, y + cell + 11, "center", PAPER);
    });
    caption.textContent = text;
  }

  function drawAll() {
    const { count, share, faces } = shown, noted = get("mislabelled") ? `, ${shown.wrong} wrong labels` : "";
    drawPlot();
    drawGallery(galleries[0], kept(), `kept: ${count}, ${(100 * share).toFixed(1)}% of the loss; ${faces} faces${noted}`);
    drawGallery(galleries[1], dropped(), `dropped: ${label.length - count}, ${(100 * (1 - share)).toFixed(1)}% of the loss`);
  }

  function draw() {
    if (!crops) return;
    const n = label.length, moment = get("moment");
    shown = choose(all.subarray(2 * n * moment, 2 * n * (moment + 1)), label, wrong, get("keep"), get("mislabelled"));
    drawAll();
  }

  function about(i) { // what is lit, and what the tooltip says of it
    if (i === undefined) return null;
    const place = shown.order.indexOf(i), loss = shown.loss[i], p = Math.exp(-loss).toFixed(3);
    return [i, `labelled ${truth[shown.now[i]][0]}${isWrong(i) ? ", wrongly" : ""}; the net gives that ${p}\n`
      + `loss ${loss.toFixed(4)}, number ${place + 1} of ${shown.order.length}: ${place < shown.count ? "kept" : "dropped"}`];
  }

  pointed.watch(plot.canvas, (event) => shown && about(shown.order[Math.floor((event.offsetX - LEFT) / step)]));
  galleries.forEach(({ canvas }, g) => pointed.watch(canvas, (event) => {
    const column = Math.floor(event.offsetX / pitch[0]), row = Math.floor(event.offsetY / pitch[1]);
    return shown && column < columns ? about((g ? dropped() : kept())[row * columns + column]) : null;
  }));
  follow(model, ["keep", "moment", "mislabelled"], draw);
  decode(get("sheet"), "png").then((bitmap) => {
    crops = bitmap;
    onPage(root, draw);
  });
}

export default { render };
