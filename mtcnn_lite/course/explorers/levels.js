// The image pyramid: each level's window on the photo, the levels at the photo's scale, what each costs.
// Everything is computed here, by the rules of mtcnn_lite/pyramid.py (explorers/levels.py has the same in Python).

const PANEL = 400, BARS = 814, TALL = 118; // CSS pixels: longest side of photo and levels; the bars' width and height
const WINDOW = 12, STRIDE = 2; // P-Net's window and step, pixels of a level

// The levels, largest first, while the shorter side keeps a window: {scale, height, width, rows, columns, cost}
export function pyramid(height, width, minFace, factor, layers) {
  const levels = [], shorter = Math.min(height, width);
  while (shorter * factor ** levels.length >= minFace) {
    const scale = (WINDOW / minFace) * factor ** levels.length;
    const h = Math.floor(height * scale + 0.5), w = Math.floor(width * scale + 0.5);
    const rows = Math.floor((h - WINDOW + 1) / STRIDE) + 1, columns = Math.floor((w - WINDOW + 1) / STRIDE) + 1;
    levels.push({ scale, height: h, width: w, rows, columns, cost: multiplyAdds(h, w, layers) });
  }
  return levels;
}

// layers: [kernel, stride, multiply-adds for each place of the output]; poolings round up
function multiplyAdds(height, width, layers) {
  let total = 0;
  for (const [kernel, stride, each] of layers) {
    height = Math.ceil((height - kernel) / stride) + 1;
    width = Math.ceil((width - kernel) / stride) + 1;
    total += each * height * width;
  }
  return total;
}

const million = (n) => `${(n / 1e6).toLocaleString("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 })} million`;

function render({ model, el }) {
  const [root, views] = frame(el), pointed = pointer(root, 330, () => draw()), get = (name) => model.get(name); // lit: a level
  const photo = view(views, PANEL), stack = view(views, PANEL), bars = view(views); // a narrow photo moves nothing sideways
  live(bars.caption);
  let bitmap = null, levels = [], focus = get("focus");
  let width = 1, height = 1, zoom = 1, cut = [0, 0, 1, 1]; // cut: the part of the bitmap that is shown, x, y, width, height
  let ready = null, readyFor = ""; // the photo as the page shows it
  let halves = []; // it, and each half as large as the one before: levels are shrunk from the next larger, which is quick

  function measure() {
    [width, height] = [get("width"), get("height")];
    zoom = PANEL / Math.max(width, height);
    const scale = Math.max(width / bitmap.width, height / bitmap.height), w = width / scale, h = height / scale;
    cut = [clamp(focus[0] * bitmap.width - w / 2, 0, bitmap.width - w), clamp(focus[1] * bitmap.height - h / 2, 0, bitmap.height - h), w, h];
    levels = pyramid(height, width, get("min_face"), get("factor"), get("layers"));
  }

  function prepare() {
    const dense = window.devicePixelRatio || 1, [w, h] = [width, height].map((side) => Math.max(1, Math.round(side * zoom * dense)));
    const wanted = [w, h, ...cut].join();
    if (ready && wanted === readyFor) return;
    ready = new OffscreenCanvas(w, h);
    readyFor = wanted;
    const pen = ready.getContext("2d");
    pen.imageSmoothingQuality = "high";
    pen.drawImage(bitmap, ...cut, 0, 0, w, h);
    halves = [ready];
    while (Math.min(halves.at(-1).width, halves.at(-1).height) > 2 * WINDOW) {
      const { width: wide, height: high } = halves.at(-1), half = new OffscreenCanvas(Math.ceil(wide / 2), Math.ceil(high / 2));
      half.getContext("2d").drawImage(halves.at(-1), 0, 0, half.width, half.height);
      halves.push(half);
    }
  }

  // The middle of the windows, CSS pixels
  const middle = () => [0, 1].map((i) => ((focus[i] * [bitmap.width, bitmap.height][i] - cut[i]) / cut[i + 2]) * [width, height][i] * zoom);

  function drawPhoto() {
    const pen = photo.fit(width * zoom, height * zoom), [x, y] = middle();
    pen.drawImage(ready, 0, 0, width * zoom, height * zoom);
    const last = [...levels.keys()].sort((a, b) => (a === pointed.lit) - (b === pointed.lit)); // the lit one on top of the others
    for (const k of last) {
      const side = (WINDOW / levels[k].scale) * zoom, colour = get(k === pointed.lit ? "lit_colour" : "colour");
      rimmed(pen, [x - side / 2, y - side / 2, side, side], k === pointed.lit ? 3 : 1.6, colour);
    }
    photo.caption.textContent = levels.length
      ? `photo, ${width} × ${height} px, and the window of each level`
      : `photo, ${width} × ${height} px: too small for a face of ${get("min_face")} px`;
  }

  function drawStack() {
    const pen = stack.fit(width * zoom, height * zoom), bottom = height * zoom, dense = window.devicePixelRatio || 1;
    block(pen, "rgba(128, 128, 128, 0.18)", 0, 0, width * zoom, bottom); // the photo's own size
    for (const level of levels) {
      const w = level.width * zoom, h = level.height * zoom;
      block(pen, "#fff", 0, bottom - h - 2, w + 2, h + 2);
      pen.imageSmoothingEnabled = true;
      if (zoom <= 1) pen.drawImage(halves.findLast((one) => one.width >= w * dense) ?? ready, 0, bottom - h, w, h);
      else { // larger than life: show the level's own pixels
        const small = new OffscreenCanvas(level.width, level.height), inside = small.getContext("2d");
        inside.imageSmoothingQuality = "high";
        inside.drawImage(bitmap, ...cut, 0, 0, level.width, level.height);
        pen.imageSmoothingEnabled = false;
        pen.drawImage(small, 0, bottom - h, w, h);
      }
    }
    const lit = levels[pointed.lit];
    if (lit) rimmed(pen, [1.5, bottom - lit.height * zoom + 1.5, lit.width * zoom - 3, lit.height * zoom - 3], 3, get("lit_colour"));
    if (levels.length) rimmed(pen, [1.5, bottom - WINDOW * zoom - 1.5, WINDOW * zoom, WINDOW * zoom], 1.6, get("colour"));
    stack.caption.textContent = levels.length ? "the levels, at the same scale; blue: the window, 12 px" : "no level";
  }

  function drawBars() {
    const [pen, ink] = sheet(bars, [BARS, TALL], root), step = Math.min(76, BARS / levels.length);
    const total = sum(levels.map((level) => level.cost)), room = TALL - 34;
    [pen.textAlign, pen.textBaseline] = ["center", "alphabetic"];
    levels.forEach((level, k) => {
      const tall = Math.max(1, room * (level.cost / levels[0].cost)), left = k * step, share = (100 * level.cost) / total;
      block(pen, get(k === pointed.lit ? "lit_colour" : "colour"), left, 16 + room - tall, step * 0.82, tall);
      pen.fillStyle = ink;
      if (step > 34) pen.fillText(`${share.toFixed(share < 9.95 ? 1 : 0)}%`, left + step * 0.41, 12 + room - tall);
      if (step > 17) pen.fillText(k, left + step * 0.41, TALL - 4);
    });
    if (!levels.length) {
      bars.caption.textContent = "0 levels, 0 windows, nothing to compute";
      return;
    }
    const whole = multiplyAdds(height, width, get("layers"));
    const windows = english(sum(levels.map((level) => level.rows * level.columns)));
    bars.caption.textContent = `${levels.length} level${levels.length > 1 ? "s" : ""}, ${windows} windows, ${million(total)} multiply-adds: `
      + `${(total / levels[0].cost).toFixed(2)} × level 0, ${(total / whole).toFixed(2)} × one pass at full size`;
  }

  function draw() {
    if (!bitmap) return;
    measure();
    prepare();
    if (!levels[pointed.lit]) pointed.lit = null;
    drawPhoto();
    drawStack();
    drawBars();
  }

  const receive = receiver(model, (decoded) => {
    [bitmap, ready] = [decoded, null];
    draw();
  });

  function about(k) { // what is lit, and what the tooltip says of it
    const level = levels[k], total = sum(levels.map((one) => one.cost));
    return level && [k, `level ${k}: scale ${level.scale.toFixed(3)}, ${level.width} × ${level.height} px\n`
      + `its window is ${(WINDOW / level.scale).toFixed(0)} px in the photo\n`
      + `${english(level.rows * level.columns)} windows, ${million(level.cost)} multiply-adds, ${((100 * level.cost) / total).toFixed(1)}%`];
  }

  const under = { // which level lies under the pointer: the smallest window or level there
    photo: (event) => levels.findIndex(({ scale }) => {
      const [x, y] = middle(), half = (WINDOW / scale / 2) * zoom;
      return Math.abs(event.offsetX - x) <= half && Math.abs(event.offsetY - y) <= half;
    }),
    stack: (event) => levels.findLastIndex((level) => event.offsetX <= level.width * zoom && height * zoom - event.offsetY <= level.height * zoom),
    bars: (event) => Math.floor(event.offsetX / Math.min(76, BARS / levels.length)),
  };
  for (const [name, { canvas }] of Object.entries({ photo, stack, bars })) {
    pointed.watch(canvas, (event) => bitmap && levels.length && about(under[name](event)));
  }
  photo.canvas.addEventListener("click", (event) => { // the windows move there
    if (!bitmap) return;
    focus = [(cut[0] + (event.offsetX / zoom / width) * cut[2]) / bitmap.width, (cut[1] + (event.offsetY / zoom / height) * cut[3]) / bitmap.height];
    draw();
  });

  model.on("change:photo", receive);
  follow(model, ["width", "height", "min_face", "factor"], draw);
  receive();
}

export default { render };
