// The image pyramid: the levels beside one another, P-Net's window at one point of each, what is in it, its score, its cost.
// Everything is computed here, by the rules of mtcnn_lite/pyramid.py (level_costs.py and level_windows.py in Python).

const PANEL = [400, 300], BARS = [400, 150]; // CSS pixels, width and height: the photo's at most; the bars'
const WIDE = 814, CROP = 52, TALL = 230; // CSS pixels: all levels in a row, a crop, the highest level
const MAGNIFIED = 4; // a level is never drawn larger than so many times its size
const SHARP = 1600; // pixels: no more of a photo's longer side are kept to draw it
const WINDOW = 12, STRIDE = 2; // P-Net's window and step, pixels of a level

// --- the levels

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

// --- a window on a level

// RGB pixels, and sums of all that lie above and left of each corner: any area's sum is four of them
function summed(pixels, width, height) {
  const sums = new Float64Array(3 * (width + 1) * (height + 1)), pitch = 3 * (width + 1);
  for (let y = 0, from = 0, to = pitch; y < height; y++) {
    to += 3;
    for (let x = 0; x < 3 * width; x++, from++, to++) sums[to] = pixels[from] + sums[to - 3] + sums[to - pitch] - sums[to - pitch - 3];
  }
  return { width, height, sums };
}

// The means of the areas between edges, rounded: RGB, row by row. A pixel counts in part where an edge cuts it.
function areaMeans({ width, height, sums }, across, down) {
  const pitch = 3 * (width + 1), corners = new Float64Array(3 * across.length * down.length);
  const [xs, ys] = [[across, width], [down, height]].map(([edges, side]) => edges.map((edge) => Math.min(Math.floor(edge), side - 1)));
  down.forEach((y, j) => across.forEach((x, i) => {
    const right = x - xs[i], below = y - ys[j], at = ys[j] * pitch + 3 * xs[i];
    for (let c = 0; c < 3; c++) {
      const above = sums[at + c] * (1 - right) + sums[at + c + 3] * right;
      const under = sums[at + c + pitch] * (1 - right) + sums[at + c + pitch + 3] * right;
      corners[3 * (j * across.length + i) + c] = above * (1 - below) + under * below;
    }
  }));
  const made = new Uint8ClampedArray(3 * (across.length - 1) * (down.length - 1)), step = 3 * across.length;
  let to = 0;
  for (let j = 0; j + 1 < down.length; j++) {
    for (let i = 0; i + 1 < across.length; i++) {
      const area = (across[i + 1] - across[i]) * (down[j + 1] - down[j]);
      for (let c = 0, at = 3 * (j * across.length + i); c < 3; c++, at++, to++) {
        made[to] = Math.floor((corners[at + step + 3] - corners[at + step] - corners[at + 3] + corners[at]) / area + 0.5);
      }
    }
  }
  return made;
}

const evenly = (count, length) => Array.from({ length: count + 1 }, (_, k) => (k * length) / count);

// The picture, its half, its quarter, ... as `pyramid.halvings` makes them, each with its sums
export function halvings(pixels, width, height) {
  const made = [summed(pixels, width, height)];
  for (let scale = 0.5; Math.min(height, width) * scale >= 0.5; scale /= 2) {
    const [w, h] = [width, height].map((side) => Math.floor(side * scale + 0.5)), last = made.at(-1);
    made.push(summed(areaMeans(last, evenly(w, last.width), evenly(h, last.height)), w, h));
  }
  return made;
}

// The window of a level that is nearest to a point: its box in pixels of the photo, and its 12 x 12 pixels, RGB.
// copies: see `halvings`; cut: the part of the picture that is the photo, x, y, width, height; size: the photo's
export function windowAt(copies, cut, size, level, point) {
  const sides = [level.width, level.height], wanted = Math.floor(-Math.log2(level.width / cut[2]) + 1e-6);
  const copy = copies[clamp(wanted, 0, copies.length - 1)], first = copies[0];
  const parts = [0, 1].map((k) => {
    const last = Math.floor((sides[k] - WINDOW) / STRIDE), at = (point[k] * sides[k]) / size[k];
    const cell = clamp(Math.floor((at - WINDOW / 2) / STRIDE + 0.5), 0, last);
    return Array.from({ length: WINDOW + 1 }, (_, i) => (STRIDE * cell + i) / sides[k]);
  });
  const shrunk = [copy.width / first.width, copy.height / first.height];
  const [across, down] = parts.map((edges, k) => edges.map((edge) => (cut[k] + edge * cut[k + 2]) * shrunk[k]));
  return { box: [0, 1, 0, 1].map((k, i) => parts[k].at(i < 2 ? 0 : -1) * size[k]), pixels: areaMeans(copy, across, down) };
}

// P-Net's score of 12 x 12 pixels, RGB
export const scoreOf = (net, pixels) => likelihood(margins(forward(net, readPixels(pixels, WINDOW, [0, 0, WINDOW, WINDOW])).heads.face)[0]);

// How the levels fill the row, each taking at least the width of its crop: [zoom, crop, gap between two]
export function fitted(levels) {
  const count = levels.length, gap = count > 16 ? 3 : 6, room = WIDE - gap * (count - 1), crop = Math.min(CROP, (0.6 * room) / count);
  const takes = (zoom) => sum(levels.map((level) => Math.max(level.width * zoom, crop)));
  let [low, high] = [0, Math.min(MAGNIFIED, TALL / levels[0].height)];
  if (takes(high) <= room) return [high, crop, gap];
  for (let k = 0; k < 40; k++) {
    const middle = (low + high) / 2;
    if (takes(middle) <= room) low = middle;
    else high = middle;
  }
  return [low, crop, gap];
}

// --- the page

const million = (n) => `${(n / 1e6).toLocaleString("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 })} million`;

function render({ model, el }) {
  const [root, top, below] = frame(model, el, 2), pointed = pointer(root, 330, () => draw()), get = (name) => model.get(name); // lit: a level
  const photo = view(top, PANEL[1]), bars = view(top), verdict = live(element(bars.figure, "p")), row = view(below);
  below.style.marginTop = "10px";
  verdict.style.maxWidth = "none";
  const net = readNet(get("plan"), floats(get("weights")));
  const small = new OffscreenCanvas(WINDOW, WINDOW), smallPen = small.getContext("2d");
  let bitmap = null, copies = [], levels = [], looks = [], best = null;
  let width = 1, height = 1, zoom = 1, cut = [0, 0, 1, 1]; // cut: the part of the bitmap that is shown, x, y, width, height
  let ready = null, readyFor = ""; // the photo as the page shows it
  let halves = []; // it, and each half as large as the one before: levels are shrunk from the next larger, which is quick
  let places = []; // of each level in the row: [left, width, height] of its picture, CSS pixels

  function measure() {
    [width, height] = [get("width"), get("height")];
    zoom = Math.min(PANEL[0] / width, PANEL[1] / height);
    const scale = Math.max(width / bitmap.width, height / bitmap.height), w = width / scale, h = height / scale;
    const [fx, fy] = get("centre");
    cut = [clamp(fx * bitmap.width - w / 2, 0, bitmap.width - w), clamp(fy * bitmap.height - h / 2, 0, bitmap.height - h), w, h];
    levels = pyramid(height, width, get("min_face"), get("factor"), get("layers"));
    looks = levels.map((level) => {
      const found = windowAt(copies, cut, [width, height], level, point());
      return { ...found, score: scoreOf(net, found.pixels) };
    });
    best = looks.reduce((most, { score }, k) => (score >= get("threshold") && !(most !== null && looks[most].score >= score) ? k : most), null);
  }

  // Where the windows stand, pixels of the photo
  const point = () => [0, 1].map((i) => clamp(((get("focus")[i] * [bitmap.width, bitmap.height][i] - cut[i]) / cut[i + 2]) * [width, height][i], 0, [width, height][i]));
  const passes = (k) => looks[k].score >= get("threshold");
  const colourOf = (k) => (k === pointed.lit ? LIT : passes(k) ? get("colour") : GRAY);

  function prepare() {
    const scale = Math.min(1, SHARP / Math.max(width, height)), [w, h] = [width, height].map((side) => Math.max(1, Math.round(side * scale)));
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

  function drawPhoto() {
    const pen = photo.fit(width * zoom, height * zoom);
    pen.imageSmoothingQuality = "high";
    pen.drawImage(ready, 0, 0, width * zoom, height * zoom);
    const order = (k) => 4 * (k === pointed.lit) + 2 * (k === best) + passes(k); // what lies on top of the others
    for (const k of [...levels.keys()].sort((a, b) => order(a) - order(b))) {
      const line = k === pointed.lit || k === best ? 3 : passes(k) ? 1.8 : 1;
      rimmed(pen, rectangle(looks[k].box, zoom), line, colourOf(k), passes(k) ? 1.6 : 1, passes(k) ? 0.85 : 0.5);
    }
    photo.caption.textContent = levels.length
      ? `photo, ${width} × ${height} px; each level’s window`
      : `photo, ${width} × ${height} px: too small for a face of ${get("min_face")} px`;
  }

  function drawRow() {
    if (!levels.length) {
      row.fit(WIDE, 1);
      places = [];
      row.caption.textContent = "no level";
      return;
    }
    const [by, crop, gap] = fitted(levels), tall = levels[0].height * by, high = tall + 26 + crop + 22;
    const [pen, ink] = sheet(row, [WIDE, high], root), text = crop > 26;
    let left = 0;
    places = levels.map((level) => {
      const place = [left, Math.max(level.width * by, crop), level.width * by, level.height * by];
      left += place[1] + gap;
      return place;
    });
    pen.textAlign = "center";
    levels.forEach((level, k) => {
      const [x, room, w, h] = places[k], side = crop - 4, middle = x + room / 2;
      if (k === best) block(pen, get("colour") + "33", x - gap / 2, 0, room + gap, high); // a fifth of it
      drawLevel(pen, level, x, 20 + tall - h, w, h, by);
      const [x1, y1, x2] = looks[k].box, unit = w / width;
      rimmed(pen, [x + x1 * unit, 20 + tall - h + y1 * (h / height), (x2 - x1) * unit, (x2 - x1) * unit], 2, colourOf(k));
      drawCrop(pen, looks[k].pixels, middle - side / 2, tall + 26, side);
      if (passes(k) || k === pointed.lit) {
        [pen.lineWidth, pen.strokeStyle] = [k === best || k === pointed.lit ? 3 : 1.5, colourOf(k)];
        pen.strokeRect(middle - side / 2 - 1, tall + 25, side + 2, side + 2);
      }
      pen.fillStyle = ink;
      const plain = pen.font;
      if (k === best) pen.font = `bold ${plain}`;
      if (text || k === best || k === pointed.lit) pen.fillText(looks[k].score.toFixed(2), clamp(middle, 14, WIDE - 14), tall + 26 + crop + 8);
      if (text) pen.fillText(k, middle, Math.max(8, 20 + tall - h - 9));
      pen.font = plain;
    });
    row.caption.textContent = "the levels, and on each the window of 12 px; below, what is in the window and P-Net’s score";
  }

  function drawLevel(pen, level, x, y, w, h, by) {
    const dense = window.devicePixelRatio || 1;
    pen.imageSmoothingEnabled = true;
    pen.imageSmoothingQuality = "high";
    if (by <= 1) {
      pen.drawImage(halves.findLast((one) => one.width >= w * dense) ?? ready, x, y, w, h);
      return;
    }
    const own = new OffscreenCanvas(level.width, level.height), inside = own.getContext("2d"); // show the level's own pixels
    inside.imageSmoothingQuality = "high";
    inside.drawImage(halves.findLast((one) => one.width >= level.width) ?? ready, 0, 0, level.width, level.height);
    pen.imageSmoothingEnabled = false;
    pen.drawImage(own, x, y, w, h);
  }

  function drawCrop(pen, pixels, x, y, side) {
    const image = new ImageData(WINDOW, WINDOW);
    for (let k = 0; k < WINDOW * WINDOW; k++) image.data.set([pixels[3 * k], pixels[3 * k + 1], pixels[3 * k + 2], 255], 4 * k);
    smallPen.putImageData(image, 0, 0);
    pen.imageSmoothingEnabled = false;
    pen.drawImage(small, x, y, side, side);
  }

  function drawBars() {
    const [wide, high] = BARS, [pen, ink] = sheet(bars, BARS, root), step = Math.min(60, wide / levels.length);
    const total = sum(levels.map((level) => level.cost)), room = high - 34;
    [pen.textAlign, pen.textBaseline] = ["center", "alphabetic"];
    levels.forEach((level, k) => {
      const tall = Math.max(1, room * (level.cost / levels[0].cost)), left = k * step, share = (100 * level.cost) / total;
      block(pen, k === pointed.lit ? LIT : get("colour"), left, 16 + room - tall, step * 0.82, tall);
      pen.fillStyle = ink;
      if (step > 34) pen.fillText(`${share.toFixed(share < 9.95 ? 1 : 0)}%`, left + step * 0.41, 12 + room - tall);
      if (step > 17) pen.fillText(k, left + step * 0.41, high - 4);
    });
    if (!levels.length) {
      bars.caption.textContent = "0 levels, 0 windows, nothing to compute";
      return;
    }
    const whole = multiplyAdds(height, width, get("layers"));
    const windows = english(sum(levels.map((level) => level.rows * level.columns)));
    bars.caption.textContent = `what each level costs: ${levels.length} level${levels.length > 1 ? "s" : ""}, ${windows} windows, ${million(total)} multiply-adds: `
      + `${(total / levels[0].cost).toFixed(2)} × level 0, ${(total / whole).toFixed(2)} × one pass at full size`;
  }

  function draw() {
    if (!bitmap) return;
    measure();
    prepare();
    if (!levels[pointed.lit]) pointed.lit = null;
    drawPhoto();
    drawBars();
    drawRow();
    const sees = best === null ? `No level catches anything here: no score reaches P-Net’s threshold, ${get("threshold")}.`
      : `Level ${best} catches this: its window of ${(WINDOW / levels[best].scale).toFixed(0)} px has the highest score, ${looks[best].score.toFixed(2)}.`;
    if (verdict.textContent !== sees) verdict.textContent = sees;
  }

  const receive = receiver(model, (decoded) => {
    [bitmap, ready] = [decoded, null];
    const sheet_ = new OffscreenCanvas(bitmap.width, bitmap.height), pen = sheet_.getContext("2d");
    pen.drawImage(bitmap, 0, 0);
    const { data } = pen.getImageData(0, 0, bitmap.width, bitmap.height);
    copies = halvings(data.filter((_, k) => k % 4 < 3), bitmap.width, bitmap.height);
    draw();
  });

  function about(k) { // what is lit, and what the tooltip says of it
    const level = levels[k], total = sum(levels.map((one) => one.cost));
    return level && [k, `level ${k}: scale ${level.scale.toFixed(3)}, ${level.width} × ${level.height} px (width × height)\n`
      + `window: ${(WINDOW / level.scale).toFixed(1)} px of the photo, score ${looks[k].score.toFixed(2)}\n`
      + `${english(level.rows * level.columns)} windows, ${million(level.cost)} multiply-adds, ${((100 * level.cost) / total).toFixed(1)}%`];
  }

  const under = {
    photo: ({ offsetX: x, offsetY: y }) => smallest({ offsetX: x, offsetY: y }, zoom, looks.map(({ box }, k) => [box, k])),
    row: (event) => places.findIndex(([x, room]) => event.offsetX >= x && event.offsetX < x + room),
    bars: (event) => Math.floor(event.offsetX / Math.min(60, BARS[0] / levels.length)),
  };
  for (const [name, { canvas }] of Object.entries({ photo, row, bars })) {
    pointed.watch(canvas, (event) => bitmap && levels.length && about(under[name](event)));
  }
  const move = (event) => { // the windows move there
    model.set("focus", [0, 1].map((k) => {
      const at = clamp([event.offsetX, event.offsetY][k] / zoom / [width, height][k], 0, 1);
      return (cut[k] + at * cut[k + 2]) / [bitmap.width, bitmap.height][k];
    }));
  };
  draggable(photo.canvas, model, (event) => (bitmap ? (move(event), true) : null), move);

  keyboard(photo.canvas, model, (way, far) => {
    const sides = [cut[2] / bitmap.width, cut[3] / bitmap.height];
    model.set("focus", get("focus").map((at, k) => clamp(at + way[k] * sides[k] * (far ? 0.1 : 0.02), 0, 1)));
  });
  model.on("change:photo", receive);
  follow(model, ["width", "height", "min_face", "factor", "focus"], draw);
  receive();
}

export default { render };
