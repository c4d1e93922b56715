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

const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
const million = (n) => `${(n / 1e6).toLocaleString("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 })} million`;
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

function render({ model, el }) {
  const root = element(el, "div", "mtcnn-canvas"), views = element(root, "div", "views");
  const photo = view(views, PANEL), stack = view(views, PANEL), bars = view(views); // a narrow photo moves nothing sideways
  const tip = element(root, "div", "tip");
  bars.caption.setAttribute("aria-live", "polite");
  let bitmap = null, shownPhoto = null, levels = [], lit = -1, focus = model.get("focus");
  let width = 1, height = 1, zoom = 1, cut = [0, 0, 1, 1]; // cut: the part of the bitmap that is shown, x, y, width, height
  let ready = null, readyFor = ""; // the photo as the page shows it
  let halves = []; // it, and each half as large as the one before: levels are shrunk from the next larger, which is quick

  function measure() {
    [width, height] = [model.get("width"), model.get("height")];
    zoom = PANEL / Math.max(width, height);
    const scale = Math.max(width / bitmap.width, height / bitmap.height), w = width / scale, h = height / scale;
    cut = [clamp(focus[0] * bitmap.width - w / 2, 0, bitmap.width - w), clamp(focus[1] * bitmap.height - h / 2, 0, bitmap.height - h), w, h];
    levels = pyramid(height, width, model.get("min_face"), model.get("factor"), model.get("layers"));
  }

  function prepare() {
    const dense = window.devicePixelRatio || 1, w = Math.max(1, Math.round(width * zoom * dense)), h = Math.max(1, Math.round(height * zoom * dense));
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

  function outline(pen, x, y, w, h, colour, thick) {
    for (const [line, style] of [[thick + 1.6, "rgba(255, 255, 255, 0.85)"], [thick, colour]]) {
      pen.lineWidth = line;
      pen.strokeStyle = style;
      pen.strokeRect(x, y, w, h);
    }
  }

  const each = (drawOne) => { // the level under the pointer last, on top of the others
    levels.forEach((level, k) => k !== lit && drawOne(level, k, model.get("colour"), 1.6));
    if (levels[lit]) drawOne(levels[lit], lit, model.get("lit_colour"), 3);
  };

  function drawPhoto() {
    const pen = photo.fit(width * zoom, height * zoom), [x, y] = middle();
    pen.drawImage(ready, 0, 0, width * zoom, height * zoom);
    each((level, k, colour, thick) => {
      const side = (WINDOW / level.scale) * zoom;
      outline(pen, x - side / 2, y - side / 2, side, side, colour, thick);
    });
    photo.caption.textContent = levels.length
      ? `photo, ${width} × ${height} px, and the window of each level`
      : `photo, ${width} × ${height} px: too small for a face of ${model.get("min_face")} px`;
  }

  function drawStack() {
    const pen = stack.fit(width * zoom, height * zoom), bottom = height * zoom, dense = window.devicePixelRatio || 1;
    pen.fillStyle = "rgba(128, 128, 128, 0.18)"; // the photo's own size
    pen.fillRect(0, 0, width * zoom, bottom);
    for (const level of levels) {
      const w = level.width * zoom, h = level.height * zoom;
      pen.fillStyle = "#fff";
      pen.fillRect(0, bottom - h - 2, w + 2, h + 2);
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
    if (levels[lit]) outline(pen, 1.5, bottom - levels[lit].height * zoom + 1.5, levels[lit].width * zoom - 3, levels[lit].height * zoom - 3, model.get("lit_colour"), 3);
    if (levels.length) outline(pen, 1.5, bottom - WINDOW * zoom - 1.5, WINDOW * zoom, WINDOW * zoom, model.get("colour"), 1.6);
    stack.caption.textContent = levels.length ? "the levels, at the same scale; blue: the window, 12 px" : "no level";
  }

  function drawBars() {
    const pen = bars.fit(BARS, TALL), ink = getComputedStyle(root).color, step = Math.min(76, BARS / levels.length);
    const total = sum(levels.map((level) => level.cost)), room = TALL - 34;
    pen.font = "12px " + getComputedStyle(root).fontFamily;
    pen.textAlign = "center";
    levels.forEach((level, k) => {
      const tall = Math.max(1, room * (level.cost / levels[0].cost)), left = k * step, share = (100 * level.cost) / total;
      pen.fillStyle = k === lit ? model.get("lit_colour") : model.get("colour");
      pen.fillRect(left, 16 + room - tall, step * 0.82, tall);
      pen.fillStyle = ink;
      if (step > 34) pen.fillText(`${share.toFixed(share < 9.95 ? 1 : 0)}%`, left + step * 0.41, 12 + room - tall);
      if (step > 17) pen.fillText(k, left + step * 0.41, TALL - 4);
    });
    if (!levels.length) {
      bars.caption.textContent = "0 levels, 0 windows, nothing to compute";
      return;
    }
    const whole = multiplyAdds(height, width, model.get("layers"));
    const windows = sum(levels.map((level) => level.rows * level.columns)).toLocaleString("en");
    bars.caption.textContent = `${levels.length} level${levels.length > 1 ? "s" : ""}, ${windows} windows, ${million(total)} multiply-adds: `
      + `${(total / levels[0].cost).toFixed(2)} × level 0, ${(total / whole).toFixed(2)} × one pass at full size`;
  }

  function draw() {
    if (!bitmap) return;
    measure();
    prepare();
    if (lit >= levels.length) lit = -1;
    drawPhoto();
    drawStack();
    drawBars();
  }

  async function receive() {
    const bytes = model.get("photo");
    if (!bytes.byteLength || bytes === shownPhoto) return;
    const decoded = await createImageBitmap(new Blob([bytes], { type: "image/jpeg" }));
    if (bytes !== model.get("photo")) return; // a newer photo came while this one was decoded
    [bitmap, shownPhoto, ready] = [decoded, bytes, null];
    draw();
  }

  function point(event, k) {
    const level = levels[k], at = root.getBoundingClientRect(), total = sum(levels.map((one) => one.cost));
    tip.style.display = level ? "block" : "none";
    if (level) {
      tip.textContent = `level ${k}: scale ${level.scale.toFixed(3)}, ${level.width} × ${level.height} px\n`
        + `its window is ${(WINDOW / level.scale).toFixed(0)} px in the photo\n`
        + `${(level.rows * level.columns).toLocaleString("en")} windows, ${million(level.cost)} multiply-adds, ${((100 * level.cost) / total).toFixed(1)}%`;
      tip.style.left = `${Math.min(event.clientX - at.left + 14, Math.max(0, at.width - 330))}px`;
      tip.style.top = `${event.clientY - at.top + 16}px`;
    }
    if (k !== lit) {
      lit = k;
      draw();
    }
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
    canvas.addEventListener("pointermove", (event) => bitmap && point(event, levels.length ? under[name](event) : -1));
    canvas.addEventListener("pointerleave", (event) => bitmap && point(event, -1));
  }
  photo.canvas.addEventListener("click", (event) => { // the windows move there
    if (!bitmap) return;
    focus = [(cut[0] + (event.offsetX / zoom / width) * cut[2]) / bitmap.width, (cut[1] + (event.offsetY / zoom / height) * cut[3]) / bitmap.height];
    draw();
  });

  model.on("change:photo", receive);
  for (const name of ["width", "height", "min_face", "factor"]) model.on(`change:${name}`, draw);
  receive();
}

export default { render };
