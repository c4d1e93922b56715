// Training windows of a labelled photo: their kinds, the histogram of their overlaps, and their crops. All of it is computed
// here from the random numbers that Python drew, as `view` in samples.py computes it; a test holds the two together.

const PHOTO = 350, PLOT = [350, 150], AXIS = 18, BINS = 40; // CSS pixels on screen; AXIS: room for the plot's numbers
const CELL = 48, GAP = 6, ACROSS = 8; // a crop in the gallery, the space between, crops in a row

export function sorted(boxes, face, numbers, now) { // boxes: [x1, y1, x2, y2] of each face; now: the settings
  const compared = now.first_only ? boxes.slice(0, 1) : boxes, area = ([x1, y1, x2, y2]) => (x2 - x1) * (y2 - y1);
  return Array.from(face, (of, i) => {
    const given = Array.from(numbers.subarray(4 * i, 4 * i + 4)), window_ = of < 0 ? given : jittered(boxes[of], given, now);
    let overlap = 0, nearest = 0;
    compared.forEach((box, f) => {
      const [width, height] = [0, 1].map((a) => Math.max(0, Math.min(window_[a + 2], box[a + 2]) - Math.max(window_[a], box[a])));
      const shared = width * height, iou = shared / (area(window_) + area(box) - shared);
      if (iou > overlap) [overlap, nearest] = [iou, f];
    });
    const value = Math.fround(overlap), least = (name) => value >= Math.fround(now[name]); // Python compares float32
    const kind = least("positive") ? "positive" : least("part") ? "part" : least("negative") ? "used for nothing" : "negative";
    return { window: window_, overlap: value, nearest, kind };
  });
}

function jittered([x1, y1, x2, y2], [side, right, down], now) {
  const width = x2 - x1, height = y2 - y1, least = now.smaller * Math.min(width, height), most = now.larger * Math.max(width, height);
  const half = (least + (most - least) * side) / 2;
  const x = (x1 + x2) / 2 + now.shift * (2 * right - 1) * width, y = (y1 + y2) / 2 + now.shift * (2 * down - 1) * height;
  return [x - half, y - half, x + half, y + half].map(Math.fround);
}

const SETTINGS = ["positive", "part", "negative", "shift", "smaller", "larger", "first_only"];

function render({ model, el }) {
  const [root, views] = frame(model, el), left = element(views, "div"), right = element(views, "div"), get = (name) => model.get(name);
  const photo = view(left), plot = view(left), pointed = pointer(root, 300, () => drawAll()); // lit: a window
  plot.figure.style.marginTop = "12px";
  const groups = get("groups").map(([, name, colour, rows]) => ({ ...view(right), name, colour, rows }));
  for (const group of groups) {
    group.figure.style.marginBottom = "8px";
    live(group.caption);
  }
  const rowsOf = (name, length) => {
    const all = floats(get(name));
    return Array.from({ length: all.length / length }, (_, k) => Array.from(all.subarray(k * length, (k + 1) * length)));
  };
  const boxes = rowsOf("boxes", 4), landmarks = rowsOf("landmarks", 10);
  const face = integers(get("face")), numbers = floats(get("numbers"));
  const [width, height] = get("size"), zoom = PHOTO / Math.max(width, height);
  let copies = [], background = null, windows = []; // copies: the photo, its half, its quarter, ...

  function drawPhoto() {
    const pen = photo.fit(width * zoom, height * zoom), group = groups[get("group")];
    pen.drawImage(background, 0, 0, width * zoom, height * zoom);
    const outline = (list, colour, wide) => rimmed(pen, outlines(list, zoom), wide, colour, 1.2, 0.7);
    outline(group.rows_.map((i) => windows[i].window), group.colour, 1);
    outline(get("first_only") ? boxes.slice(0, 1) : boxes, get("marks")[0], 2);
    if (pointed.lit !== null) outline([windows[pointed.lit].window], LIT, 3);
    photo.caption.textContent = `the photo: faces, and ${group.rows_.length} windows, ${group.name}`;
  }

  function drawPlot() {
    const [wide, high] = PLOT, pen = plot.fit(wide, high + AXIS), ink = getComputedStyle(root).color, step = wide / BINS;
    const bins = groups.map((group) => {
      const count = new Array(BINS).fill(0);
      for (const i of group.rows_) count[Math.min(BINS - 1, Math.floor(windows[i].overlap * BINS + 1e-6))]++;
      return count;
    });
    const most = Math.max(1, ...bins[0].map((_, k) => sum(bins.map((count) => count[k]))));
    for (let k = 0; k < BINS; k++) {
      let total = 0;
      groups.forEach((group, g) => { // as tall as the root of the count: windows far from any face are many
        const from = Math.sqrt(total / most) * high, to = Math.sqrt((total += bins[g][k]) / most) * high;
        block(pen, group.colour, k * step, high - to, step - 1, to - from);
      });
    }
    pen.fillStyle = ink;
    for (const name of ["negative", "part", "positive"]) pen.fillRect(get(name) * wide - 0.75, 0, 1.5, high);
    for (const value of [0.2, 0.4, 0.6, 0.8]) write(pen, value, value * wide, high + 13, "center");
    plot.caption.textContent = "IoU with the face that a window overlaps most: bars as tall as the root of the count; lines: the three bounds";
  }

  function drawGroup(group) {
    const pen = group.fit(ACROSS * (CELL + GAP) - GAP, group.rows * (CELL + GAP) - GAP), room = group.rows * ACROSS;
    group.rows_.slice(0, room).forEach((i, k) => {
      const [x, y] = [k % ACROSS, Math.floor(k / ACROSS)].map((at) => at * (CELL + GAP));
      const { window: [x1, y1, x2, y2], nearest } = windows[i], by = CELL / (x2 - x1);
      const copy = copies.findLast(({ scale }) => (x2 - x1) * scale >= CELL) ?? copies[0]; // the smallest that is sharp enough
      const [left_, top, side] = [x1, y1, x2 - x1].map((v) => v * copy.scale);
      pen.save();
      pen.beginPath();
      pen.rect(x, y, CELL, CELL);
      pen.fillStyle = "#000";
      pen.fill(); // what lies outside the photo is black
      pen.clip();
      pen.drawImage(copy.bitmap, left_, top, side, side, x, y, CELL, CELL);
      if (get("labels") && ["positive", "part"].includes(group.name)) {
        const [a, b, c, d] = boxes[nearest], [box, dot] = get("marks"), points = landmarks[nearest];
        pen.lineWidth = 1.5;
        pen.strokeStyle = box;
        pen.strokeRect(x + (a - x1) * by, y + (b - y1) * by, (c - a) * by, (d - b) * by);
        for (let p = 0; p < 10; p += 2) { // whole numbers are pixel centres
          const at = [x + (points[p] + 0.5 - x1) * by, y + (points[p + 1] + 0.5 - y1) * by];
          disc(pen, ...at, 3, INK);
          disc(pen, ...at, 2, dot);
        }
      }
      pen.restore();
      if (i === pointed.lit) light(pen, [x + 1, y + 1, x + CELL - 1, y + CELL - 1], 1);
    });
    const count = group.rows_.length;
    group.caption.textContent = `${group.name}: ${count}${count > room ? `, ${room} of them shown` : ""}`;
  }

  function drawAll() {
    drawPhoto();
    groups.forEach(drawGroup);
  }

  function draw() {
    if (!background) return;
    windows = sorted(boxes, face, numbers, Object.fromEntries(SETTINGS.map((name) => [name, get(name)])));
    groups.forEach((group) => (group.rows_ = [...windows.keys()].filter((i) => windows[i].kind === group.name)));
    pointed.lit = null;
    drawAll();
    drawPlot();
  }

  function about(i) { // what is lit, and what the tooltip says of it
    if (i === undefined) return null;
    const { window: w, overlap, nearest, kind } = windows[i], side = w[2] - w[0];
    const target = boxes[nearest].map((v, k) => ((v - w[k]) / side).toFixed(3)).join(", ");
    return [i, `${kind}: IoU ${overlap.toFixed(3)}, side ${side.toFixed(1)} px`
      + (["positive", "part"].includes(kind) ? `\nbox target ${target}` : "")];
  }

  pointed.watch(photo.canvas, (event) => {
    return background && about(smallest(event, zoom, groups[get("group")].rows_.map((i) => [windows[i].window, i])));
  });
  for (const group of groups) {
    pointed.watch(group.canvas, (event) => {
      const [column, row] = [event.offsetX, event.offsetY].map((v) => Math.floor(v / (CELL + GAP)));
      return background && row < group.rows ? about(group.rows_[row * ACROSS + Math.min(column, ACROSS - 1)]) : null;
    });
  }
  follow(model, [...SETTINGS, "group", "labels"], draw);
  const resized = (scale) => {
    const [resizeWidth, resizeHeight] = [width, height].map((side) => Math.ceil(side * scale));
    return decode(get("photo"), "jpeg", { resizeWidth, resizeHeight, resizeQuality: "high" });
  };
  const scales = [1, 1 / 2, 1 / 4, 1 / 8].filter((scale) => Math.min(width, height) * scale >= CELL);
  Promise.all([resized(zoom * (window.devicePixelRatio || 1)), ...scales.map(resized)]).then(([small, ...bitmaps]) => {
    copies = bitmaps.map((bitmap, k) => ({ bitmap, scale: scales[k] }));
    background = small;
    draw();
  });
}

export default { render };
