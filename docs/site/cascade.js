// The cascade in a page: what mtcnn_lite computes in Python, on ONNX Runtime Web, step by step under the same names.
//
// A classic script, because pages that are opened from a file can load no modules. All of it is one function, so that a
// worker can be made of its text: `mtcnnLiteCascade.toString()`. It needs neither page nor worker, and loads in node.
//
// Boxes are float32, four numbers each, one after another: x1, y1, x2, y2 in pixels of the image, half-open. Landmarks
// are x and y of five points, whole numbers at pixel centres. `float` rounds to float32, as NumPy does after each step.
// What Python writes second_look is secondLook here.
"use strict";

function mtcnnLiteCascade() {
  const float = Math.fround;
  const CELL = 12, STRIDE = 2, PIXEL_CENTRE = 0.5; // P-Net's window and its step, px in a level; a pixel's centre
  const NET_SIZES = { pnet: 12, rnet: 24, onet: 48 };
  const BATCH_PIXELS = 1 << 15, STRIP_ROWS = 24; // of a net's input at a time; of P-Net's map in a strip
  const MIRRORED = [1, 0, 2, 4, 3]; // the landmarks of a mirrored face: eyes and mouth corners change places
  const TINY = 2 ** -126; // float32's smallest normal number: what is divided by it instead of by 0 is 0 itself

  // --- boxes.py

  // Overlap of box i of `first` with box j of `second`: over the union ("iou"), or over the smaller box ("iom").
  function overlap(first, i, second, j, measure = "iou") {
    const a = 4 * i, b = 4 * j;
    const x = float(Math.min(first[a + 2], second[b + 2]) - Math.max(first[a], second[b]));
    const y = float(Math.min(first[a + 3], second[b + 3]) - Math.max(first[a + 1], second[b + 1]));
    const shared = x > 0 && y > 0 ? float(x * y) : 0;
    const one = area(first, i), other = area(second, j);
    const whole = measure === "iou" ? float(float(one + other) - shared) : Math.min(one, other);
    return float(shared / Math.max(whole, TINY));
  }

  function area(boxes, i) {
    const k = 4 * i;
    return float(Math.max(float(boxes[k + 2] - boxes[k]), 0) * Math.max(float(boxes[k + 3] - boxes[k + 1]), 0));
  }

  // The square with each box's centre and its longer side. It may leave the image.
  function squareBoxes(boxes) {
    const squares = new Float32Array(boxes.length);
    for (let k = 0; k < boxes.length; k += 4) {
      const half = float(Math.max(float(boxes[k + 2] - boxes[k]), float(boxes[k + 3] - boxes[k + 1]), 0) / 2);
      for (const axis of [0, 1]) {
        const centre = float(float(boxes[k + axis] + boxes[k + axis + 2]) / 2);
        squares[k + axis] = centre - half;
        squares[k + axis + 2] = centre + half;
      }
    }
    return squares;
  }

  // The boxes moved by their offsets, which are in sides of the box.
  function decodeOffsets(boxes, offsets) {
    return boxes.map((corner, k) => {
      const start = k - (k % 4) + (k % 2); // x1 or y1 of the same box
      return corner + float(offsets[k] * float(boxes[start + 2] - boxes[start]));
    });
  }

  // Landmarks from x1..x5 y1..y5 in the window to x, y, x, y ... in the image, counted from pixels' edges.
  function landmarksToImage(boxes, landmarks) {
    const points = new Float32Array(landmarks.length);
    for (let n = 0; n < boxes.length / 4; n++) {
      for (let k = 0; k < 10; k++) {
        const axis = k % 2, start = boxes[4 * n + axis], side = float(boxes[4 * n + axis + 2] - start);
        points[10 * n + k] = start + float(landmarks[10 * n + 5 * axis + (k >> 1)] * side);
      }
    }
    return points;
  }

  function clipBoxes(boxes, height, width) {
    return boxes.map((corner, k) => Math.min(Math.max(corner, 0), k % 2 ? height : width));
  }

  // --- nms.py

  // Row numbers, best score first; equal scores in the order in which they came.
  function bestFirst(scores) {
    return Int32Array.from(scores.keys()).sort((i, j) => scores[j] - scores[i] || i - j);
  }

  // Rows of the boxes that greedy NMS keeps, best first. One goes when it overlaps a kept one by more than `threshold`.
  function nms(boxes, scores, threshold, measure = "iou") {
    const order = bestFirst(scores), gone = new Uint8Array(order.length), kept = [], most = float(threshold);
    for (let k = 0; k < order.length; k++) {
      if (gone[k]) continue;
      kept.push(order[k]);
      for (let later = k + 1; later < order.length; later++) {
        if (!gone[later] && overlap(boxes, order[k], boxes, order[later], measure) > most) gone[later] = 1;
      }
    }
    return Int32Array.from(kept);
  }

  // --- pyramid.py, images.py. An image is {height, width, pixels}: RGB, 3 bytes a pixel, row by row.

  // Scales from 12 / minFace down, each `factor` times the last, while the shorter side keeps 12 px.
  function pyramidScales(height, width, minFace = 20, factor = 0.709) {
    const scales = [], shorter = Math.min(height, width);
    if (!(minFace >= CELL)) throw new RangeError(`minFace is ${minFace}; it must be at least ${CELL} px`);
    if (!(factor > 0 && factor <= 0.999)) throw new RangeError(`factor is ${factor}; it must be from above 0 to 0.999`);
    while (shorter * factor ** scales.length >= minFace) scales.push((CELL / minFace) * factor ** scales.length);
    return scales;
  }

  const levelSize = (height, width, scale) => [Math.floor(height * scale + 0.5), Math.floor(width * scale + 0.5)];
  const mapSize = (height, width) => [height, width].map((side) => Math.floor((side - CELL + 1) / STRIDE) + 1);

  // The windows whose score is at least `threshold`, row by row: their cells, and their boxes in the image.
  function candidateWindows(faceMap, columns, scale, threshold) {
    const cells = [], corners = [], least = float(threshold);
    for (let k = 0; k < faceMap.length; k++) {
      if (!(faceMap[k] >= least)) continue;
      const row = Math.floor(k / columns), column = k % columns, x = STRIDE * column, y = STRIDE * row;
      cells.push(row, column);
      corners.push(x / scale, y / scale, (x + CELL) / scale, (y + CELL) / scale);
    }
    return { cells: Int32Array.from(cells), boxes: Float32Array.from(corners) };
  }

  // The image, its half, its quarter, ... until another would fall under scale `smallest`.
  function halvings(image, smallest) {
    const copies = [image];
    while (0.5 ** copies.length >= smallest) {
      const [height, width] = levelSize(image.height, image.width, 0.5 ** copies.length);
      if (Math.min(height, width) < 1) break;
      copies.push(shrink(copies.at(-1), height, width));
    }
    return copies;
  }

  // Which of `copies` halvings to shrink from: the smallest that is not smaller than `scale`.
  function nearestLarger(scale, copies) {
    return Math.min(Math.max(Math.floor(-Math.log2(scale) + 1e-6), 0), copies - 1);
  }

  function rounded(value) { // to the nearest whole number, a half to the even one, as OpenCV does
    const down = Math.floor(value), over = value - down;
    return over > 0.5 || (over === 0.5 && down % 2) ? down + 1 : down;
  }

  // What cv2.resize gives with INTER_AREA, to the bit: each pixel is the mean of the area that it comes from.
  function shrink(image, height, width) {
    if (image.height === height && image.width === width) return image;
    const by = [1 / (height / image.height), 1 / (width / image.width)], whole = by.map(Math.round);
    const multiples = by.every((scale, k) => Math.abs(scale - whole[k]) < Number.EPSILON);
    if (multiples) return shrinkWhole(image, height, width, ...whole);
    const [rows, columns] = [areaTable(image.height, height, by[0]), areaTable(image.width, width, by[1])];
    const pixels = new Uint8Array(height * width * 3);
    const line = new Float32Array(width * 3), total = new Float32Array(width * 3); // of a row of each image
    let lineOf = -1;
    for (let r = 0; r < rows.to.length; r++) {
      if (rows.from[r] !== lineOf) { // two rows of the small image may share one of the large
        lineOf = rows.from[r];
        line.fill(0);
        const start = lineOf * image.width;
        for (let c = 0; c < columns.to.length; c++) {
          const at = 3 * columns.to[c], from = 3 * (start + columns.from[c]), weight = columns.weight[c];
          line[at] += float(image.pixels[from] * weight);
          line[at + 1] += float(image.pixels[from + 1] * weight);
          line[at + 2] += float(image.pixels[from + 2] * weight);
        }
      }
      const row = rows.to[r], weight = rows.weight[r], first = row !== rows.to[r - 1], last = row !== rows.to[r + 1];
      for (let k = 0; k < line.length; k++) total[k] = first ? line[k] * weight : total[k] + float(line[k] * weight);
      for (let k = 0; last && k < line.length; k++) pixels[row * line.length + k] = rounded(total[k]);
    }
    return { height, width, pixels };
  }

  // Smaller by whole numbers: sums of pixels; of 2 x 2, a half is rounded up.
  function shrinkWhole(image, height, width, byRows, byColumns) {
    const pixels = new Uint8Array(height * width * 3), count = byRows * byColumns, share = float(1 / count);
    for (let row = 0, out = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        for (let channel = 0; channel < 3; channel++, out++) {
          let sum = 0;
          for (let y = row * byRows; y < (row + 1) * byRows; y++) {
            const from = 3 * (y * image.width + column * byColumns) + channel;
            for (let x = 0; x < byColumns; x++) sum += image.pixels[from + 3 * x];
          }
          pixels[out] = byRows === 2 && byColumns === 2 ? (sum + 2) >> 2 : rounded(float(sum * share));
        }
      }
    }
    return { height, width, pixels };
  }

  // Along one axis: which pixels of the larger image fall on which of the smaller, and with what weight.
  function areaTable(larger, smaller, scale) {
    const to = [], from = [], weight = [];
    const add = (at, source, share) => { to.push(at); from.push(source); weight.push(share); };
    for (let at = 0; at < smaller; at++) {
      const start = at * scale, end = start + scale, cell = Math.min(scale, larger - start);
      const last = Math.min(Math.floor(end), larger - 1), first = Math.min(Math.ceil(start), last);
      if (first - start > 1e-3) add(at, first - 1, (first - start) / cell);
      for (let source = first; source < last; source++) add(at, source, 1 / cell);
      if (end - last > 1e-3) add(at, last, Math.min(end - last, 1, cell) / cell);
    }
    return { to: Int32Array.from(to), from: Int32Array.from(from), weight: Float32Array.from(weight) };
  }

  // One window, cut from the nearest larger of the halvings and resized to `size` px, written to `crop` (RGB bytes) at
  // `at`. Bilinear at fractions of a pixel; what lies outside the image is black, and so is an empty window.
  // cv2.warpAffine gives the same, but for about one byte in 100,000, which rounds the other way.
  function cropWindow(halved, boxes, n, size, crop, at) {
    const image = halved[0], corner = boxes.subarray(4 * n, 4 * n + 4);
    const sides = [float(corner[2] - corner[0]), float(corner[3] - corner[1])];
    if (!(Math.min(...sides) > 0)) return crop.fill(0, at, at + size * size * 3);
    const copy = halved[nearestLarger(size / Math.max(...sides), halved.length)];
    const { height, width, pixels } = copy, line = 3 * width;
    // The copy's true scale: its size was rounded to whole pixels. OpenCV counts pixel centres, boxes pixel edges.
    const scales = [float(width / image.width), float(height / image.height)];
    const step = scales.map((scale, axis) => float(float(sides[axis] * scale) / size));
    const edge = scales.map((scale, axis) => float(corner[axis] * scale));
    const start = step.map((side, axis) => float(float(edge[axis] + side / 2) - PIXEL_CENTRE));
    for (let row = 0; row < size; row++) {
      const y = float(row * step[1] + start[1]), top = Math.floor(y), down = float(y - top);
      const above = top >= 0 && top < height, below = top >= -1 && top < height - 1;
      for (let column = 0; column < size; column++, at += 3) {
        const x = float(column * step[0] + start[0]), left = Math.floor(x), right = float(x - left);
        const before = left >= 0 && left < width, after = left >= -1 && left < width - 1;
        const inside = above && below && before && after;
        for (let channel = 0; channel < 3; channel++) {
          const from = 3 * (top * width + left) + channel;
          const a = inside || (above && before) ? pixels[from] : 0;
          const b = inside || (above && after) ? pixels[from + 3] : 0;
          const c = inside || (below && before) ? pixels[from + line] : 0;
          const d = inside || (below && after) ? pixels[from + line + 3] : 0;
          const upper = float(a + right * (b - a)), lower = float(c + right * (d - c));
          crop[at + channel] = rounded(float(upper + down * float(lower - upper)));
        }
      }
    }
    return crop;
  }

  // What the models read: float32, red plane, green, blue; (pixel - 127.5) / 128, exactly. `planes` from `at` on.
  function normalise(pixels, height, width, planes, at = 0, mirror = false) {
    const plane = height * width;
    for (let row = 0, from = 0; row < height; row++) {
      for (let column = 0; column < width; column++, from += 3) {
        const to = at + row * width + (mirror ? width - 1 - column : column);
        planes[to] = (pixels[from] - 127.5) / 128;
        planes[to + plane] = (pixels[from + 1] - 127.5) / 128;
        planes[to + 2 * plane] = (pixels[from + 2] - 127.5) / 128;
      }
    }
    return planes;
  }

  // --- the engine, from what build_engine.py writes

  // Bytes that were compressed with gzip and written as base64.
  async function unpack(text) {
    const letters = atob(text), bytes = new Uint8Array(letters.length);
    for (let k = 0; k < bytes.length; k++) bytes[k] = letters.charCodeAt(k);
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  // ONNX Runtime from window.mtcnnLiteEngine. It gets its parts from memory: a page that was opened from a file may load
  // none, and so nothing is requested. Several threads where the page is isolated, as they share memory.
  async function startRuntime({ runtime, glue, wasm }) {
    const ort = new Function(`${runtime}\nreturn ort;`)();
    const threads = globalThis.crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency || 1) : 1;
    ort.env.logLevel = "error";
    const mjs = URL.createObjectURL(new Blob([glue], { type: "text/javascript" }));
    Object.assign(ort.env.wasm, { numThreads: threads, wasmBinary: await unpack(wasm), wasmPaths: { mjs } });
    return { ort, threads };
  }

  // A detector from window.mtcnnLiteEngine; or, with the runtime of another detector, from nets and cascade alone.
  async function startDetector(parts, running = null) {
    const { ort, threads } = running ?? (await startRuntime(parts)), { nets, cascade } = parts;
    const models = {};
    for (const [net, model] of Object.entries(nets)) models[net] = await unpack(model);
    const engine = await Engine.load(ort, models);
    return Object.assign(new Detector(engine, settingsOf(cascade)), { ort, threads });
  }

  // --- runtime/: the nets, asked in batches. `pause` is awaited before each: it may tell how far they are, and throw.

  class Engine {
    // `ort` is ONNX Runtime Web; models are Uint8Array by net, as the package's ONNX files hold them.
    static async load(ort, models) {
      const engine = new Engine();
      [engine.ort, engine.sessions] = [ort, {}];
      for (const net of Object.keys(NET_SIZES)) {
        const options = { executionProviders: ["wasm"], graphOptimizationLevel: "all", enableMemPattern: false };
        engine.sessions[net] = await ort.InferenceSession.create(models[net], options);
      }
      return engine;
    }

    async run(net, planes, shape) {
      const said = await this.sessions[net].run({ images: new this.ort.Tensor("float32", planes, shape) });
      return { scores: said.score.data, offsets: said.offsets.data, landmarks: said.landmarks?.data };
    }

    // P-Net's face map and offset map (four numbers a cell) of one image, strip by strip where it is large.
    async pnet(image, pause) {
      const [rows, columns] = mapSize(image.height, image.width);
      const faceMap = new Float32Array(rows * columns), offsetMap = new Float32Array(rows * columns * 4);
      const most = Math.max(STRIP_ROWS, Math.floor(BATCH_PIXELS / (image.width * STRIDE)));
      for (let first = 0; first < rows; first += most) {
        await pause(first / rows);
        const last = Math.min(first + most, rows), top = STRIDE * first;
        const height = Math.min(STRIDE * (last - 1) + CELL, image.height) - top, row = image.width * 3;
        const strip = image.pixels.subarray(top * row, (top + height) * row);
        const planes = normalise(strip, height, image.width, new Float32Array(height * row));
        const { scores, offsets } = await this.run("pnet", planes, [1, 3, height, image.width]);
        faceMap.set(scores, first * columns);
        for (let k = 0, count = scores.length; k < count; k++) {
          for (let side = 0; side < 4; side++) offsetMap[4 * (first * columns + k) + side] = offsets[side * count + k];
        }
      }
      return { faceMap, offsetMap, rows, columns };
    }

    // What R-Net or O-Net says of some windows: scores, offsets, landmarks. `mirror`: of mirror images, turned back.
    async windows(net, halved, boxes, mirror) {
      const count = boxes.length / 4, size = NET_SIZES[net], values = size * size * 3;
      const crop = new Uint8Array(values), planes = new Float32Array(count * values);
      for (let n = 0; n < count; n++) {
        normalise(cropWindow(halved, boxes, n, size, crop, 0), size, size, planes, n * values, mirror);
      }
      const said = await this.run(net, planes, [count, 3, size, size]), { scores, offsets } = said;
      const landmarks = said.landmarks ?? new Float32Array(10 * count); // of an R-Net without a head for them
      if (!mirror) return { scores, offsets, landmarks };
      return { scores, offsets: mirrorOffsets(offsets), landmarks: unmirrored(landmarks) };
    }
  }

  // Offsets of mirrored windows: the new x1 is the old -x2.
  function mirrorOffsets(offsets) {
    return offsets.map((_, k) => (k % 2 ? offsets[k] : -offsets[k ^ 2]));
  }

  // Landmarks in windows, x1..x5 y1..y5, from those in their mirror images.
  function unmirrored(landmarks) {
    return landmarks.map((_, k) => {
      const start = k - (k % 10), axis = k % 10 < 5 ? 0 : 1, value = landmarks[start + 5 * axis + MIRRORED[k % 5]];
      return axis ? value : 1 - value;
    });
  }

  // --- cascade/record.py

  // N windows after one step. boxes, offsets: 4 numbers a window; scores, level, parent: one; cell: row and column;
  // landmarks: 10 numbers, once O-Net has answered. parent: the window's row in the step before, -1 in the first.
  const WIDTHS = { boxes: 4, scores: 1, offsets: 4, level: 1, cell: 2, landmarks: 10 };

  class Candidates {
    constructor(columns) {
      Object.assign(this, columns);
    }

    get length() {
      return this.scores.length;
    }

    // These rows only, as the children of this step.
    select(rows) {
      const chosen = { parent: Int32Array.from(rows) };
      for (const [name, width] of Object.entries(WIDTHS)) {
        if (!this[name]) continue;
        chosen[name] = new this[name].constructor(rows.length * width);
        rows.forEach((row, k) => chosen[name].set(this[name].subarray(row * width, (row + 1) * width), k * width));
      }
      return new Candidates(chosen);
    }

    // The same candidates with other boxes, scores, offsets or landmarks, each the child of itself.
    with(changed) {
      return new Candidates({ ...this, parent: Int32Array.from(this.scores.keys()), ...changed });
    }
  }

  // One net's steps by name, in order; `windows` is the number it scored.
  class Stage {
    constructor(name, windows, steps) {
      Object.assign(this, { name, windows, steps });
    }

    get last() { // what the next stage gets
      return Object.values(this.steps).at(-1);
    }

    counts() {
      const left = Object.entries(this.steps).map(([name, now]) => [name, now.length]);
      return { scored: this.windows, ...Object.fromEntries(left) };
    }
  }

  // --- cascade/stages.py: candidates in, candidates out; no net runs here

  const rowsWhere = (scores, threshold) => {
    const least = float(threshold), rows = [];
    scores.forEach((score, row) => score >= least && rows.push(row));
    return rows;
  };
  const concatenated = (Type, arrays) => {
    const all = new Type(arrays.reduce((sum, each) => sum + each.length, 0));
    arrays.reduce((at, each) => (all.set(each, at), at + each.length), 0);
    return all;
  };

  // P-Net: windows above the threshold, thinned out level by level and then together, moved, squared.
  function propose(levels, settings) {
    const steps = {}, passing = levels.map((level, index) => aboveThreshold(index, level, settings.thresholds.pnet));
    let now = steps["above threshold"] = new Candidates({
      boxes: concatenated(Float32Array, passing.map((each) => each.boxes)),
      scores: concatenated(Float32Array, passing.map((each) => each.scores)),
      offsets: concatenated(Float32Array, passing.map((each) => each.offsets)),
      level: concatenated(Int32Array, passing.map((each) => each.level)),
      cell: concatenated(Int32Array, passing.map((each) => each.cells)),
    });
    now.parent = new Int32Array(now.length).fill(-1);
    let start = 0;
    const kept = passing.map(({ boxes, scores }) => {
      const rows = nms(boxes, scores, settings.nms.within_level).map((row) => row + start);
      start += scores.length;
      return rows;
    });
    now = steps["nms within levels"] = now.select(concatenated(Int32Array, kept));
    now = steps["nms across levels"] = now.select(keptAcross(now, settings));
    now = steps.refined = now.with({ boxes: decodeOffsets(now.boxes, now.offsets) });
    steps.squared = now.with({ boxes: squareBoxes(now.boxes) });
    return new Stage("pnet", levels.reduce((sum, level) => sum + level.faceMap.length, 0), steps);
  }

  // R-Net: a second look at each of P-Net's windows. `said`: its scores, offsets and landmarks of the windows.
  function refine(windows, said, settings) {
    const steps = {};
    let now = steps.scored = windows.with({ scores: said.scores, offsets: said.offsets });
    now = steps["above threshold"] = now.select(rowsWhere(now.scores, settings.thresholds.rnet));
    now = steps.refined = now.with({ boxes: decodeOffsets(now.boxes, now.offsets) });
    now = steps.nms = now.select(nms(now.boxes, now.scores, settings.nms.rnet));
    steps.squared = now.with({ boxes: squareBoxes(now.boxes) });
    return new Stage("rnet", windows.length, steps);
  }

  // O-Net: the last look, with landmarks, and an NMS that measures over the smaller box. A second look, if one is to
  // come, says 1 at most: to end with a mean of t, a score of 2t - 1 is needed here.
  function decide(windows, said, settings) {
    const threshold = settings.thresholds.onet, needed = settings.mirror ? 2 * threshold - 1 : threshold, steps = {};
    const { scores, offsets } = said, landmarks = pointsInImage(windows, said);
    let now = steps.scored = windows.with({ scores, offsets, landmarks });
    now = steps["above threshold"] = now.select(rowsWhere(now.scores, needed));
    now = steps.refined = now.with({ boxes: decodeOffsets(now.boxes, now.offsets) });
    steps.nms = now.select(nms(now.boxes, now.scores, settings.nms.onet, "iom"));
    return new Stage("onet", windows.length, steps);
  }

  // Windows for a second look at the faces that O-Net's NMS leaves: square, and where it has moved the boxes.
  function secondLook(onet) {
    return onet.steps.nms.with({ boxes: squareBoxes(onet.steps.nms.boxes) });
  }

  // `decide`'s stage with one more step, "mirrored": the mean of both looks, best first, above the threshold.
  function average(onet, windows, said, settings) {
    const now = onet.steps.nms, again = pointsInImage(windows, said);
    const scores = now.scores.map((score, k) => float(score + said.scores[k]) / 2);
    const landmarks = now.landmarks.map((at, k) => float(at + again[k]) / 2);
    const rows = bestFirst(scores).filter((row) => scores[row] >= float(settings.thresholds.onet));
    const mirrored = new Candidates({ ...now, scores, landmarks }).select(rows);
    return new Stage("onet", onet.windows, { ...onet.steps, mirrored });
  }

  // What O-Net leaves, clipped to the image: boxes (4 numbers a face), scores, landmarks (10), best first.
  function faces(onet, height, width) {
    const { boxes, scores, landmarks } = onet.last;
    return { boxes: clipBoxes(boxes, height, width), scores, landmarks };
  }

  function aboveThreshold(index, level, threshold) {
    const { cells, boxes } = candidateWindows(level.faceMap, level.columns, level.scale, threshold);
    const count = boxes.length / 4, scores = new Float32Array(count), offsets = new Float32Array(4 * count);
    for (let k = 0; k < count; k++) {
      const at = cells[2 * k] * level.columns + cells[2 * k + 1];
      scores[k] = level.faceMap[at];
      offsets.set(level.offsetMap.subarray(4 * at, 4 * at + 4), 4 * k);
    }
    return { boxes, scores, offsets, cells, level: new Int32Array(count).fill(index) };
  }

  // Windows of neighbouring levels overlap by factor^2 at most: where more is allowed, all stay.
  function keptAcross(windows, { nms: allowed, factor }) {
    if (allowed.across_levels > Math.max(allowed.within_level, factor ** 2) + 0.01) return bestFirst(windows.scores);
    return nms(windows.boxes, windows.scores, allowed.across_levels);
  }

  // Landmarks in the windows as points in the image, where whole numbers are pixel centres.
  function pointsInImage(windows, said) {
    return landmarksToImage(windows.boxes, said.landmarks).map((at) => at - PIXEL_CENTRE);
  }

  // --- cascade/answers.py, cascade/trace.py

  // What R-Net or O-Net has said of an image's windows, by the P-Net cell that a window began as.
  class WindowAnswers {
    constructor(engine, image, net, mirror = false) {
      Object.assign(this, { engine, image, net, mirror, said: new Map() });
    }

    // Scores, offsets and landmarks of `windows`; the net is asked about the new ones only.
    async ask(windows, levels, pause) {
      const { level, cell } = windows;
      const keys = Array.from(level, (index, n) => `${levels[index].scale} ${cell[2 * n]} ${cell[2 * n + 1]}`);
      const asked = keys.flatMap((key, n) => (this.said.has(key) ? [] : [n]));
      const batch = Math.max(1, Math.floor(BATCH_PIXELS / NET_SIZES[this.net] ** 2));
      for (let start = 0; start < asked.length; start += batch) {
        await pause(start / asked.length);
        const rows = asked.slice(start, start + batch), boxes = windows.select(rows).boxes;
        const said = await this.engine.windows(this.net, this.image.halvings(), boxes, this.mirror);
        rows.forEach((n, k) => {
          const of = (values, width) => values.slice(width * k, width * (k + 1));
          this.said.set(keys[n], [of(said.scores, 1), of(said.offsets, 4), of(said.landmarks, 10)]);
        });
      }
      const answers = keys.map((key) => this.said.get(key));
      const column = (head) => concatenated(Float32Array, answers.map((said) => said[head]));
      return { scores: column(0), offsets: column(1), landmarks: column(2) };
    }
  }

  // All that the nets have said of one image, so that nothing is asked twice.
  class Answers {
    constructor(engine, image) {
      Object.assign(this, { engine, image, pnet: new Map(), copies: null });
      [this.rnet, this.onet] = ["rnet", "onet"].map((net) => new WindowAnswers(engine, this, net));
      this.mirrored = new WindowAnswers(engine, this, "onet", true);
    }

    // Copies of the image down to the largest window that can be cropped, and to the smallest level.
    halvings() {
      const { height, width } = this.image;
      const smallest = Math.min(NET_SIZES.onet / Math.max(height, width), CELL / Math.min(height, width));
      return (this.copies ??= halvings(this.image, smallest));
    }

    // The pyramid with P-Net's maps. `pause` hears the share of the pixels that are done.
    async levels(scales, pause) {
      const areas = scales.map((scale) => scale ** 2), all = areas.reduce((sum, each) => sum + each, 0);
      let done = 0;
      for (const [index, scale] of scales.entries()) {
        const told = (share) => pause("pnet", (done + share * areas[index]) / all);
        if (!this.pnet.has(scale)) {
          await told(0);
          const copies = this.halvings(), source = copies[nearestLarger(scale, copies.length)];
          const image = shrink(source, ...levelSize(this.image.height, this.image.width, scale));
          this.pnet.set(scale, { scale, image, ...(await this.engine.pnet(image, told)) });
        }
        done += areas[index];
      }
      return scales.map((scale) => this.pnet.get(scale));
    }
  }

  // One image's way through the cascade, in reading order: levels, P-Net, R-Net, O-Net, faces. A stage runs when it is
  // first asked for, and once; `rerun` tries other settings on what the nets have already said.
  class Trace {
    constructor(answers, settings, pause) {
      Object.assign(this, { answers, settings, pause, made: {} });
    }

    once(name, work) {
      return (this.made[name] ??= work());
    }

    scales() {
      const { height, width } = this.answers.image;
      return pyramidScales(height, width, this.settings.min_face, this.settings.factor);
    }

    levels() {
      return this.once("levels", () => this.answers.levels(this.scales(), this.pause));
    }

    pnet() {
      return this.once("pnet", async () => propose(await this.levels(), this.settings));
    }

    rnet() {
      return this.once("rnet", async () => {
        const windows = (await this.pnet()).last, told = (share) => this.pause("rnet", share);
        const said = await this.answers.rnet.ask(windows, await this.levels(), told);
        return refine(windows, said, this.settings);
      });
    }

    onet() {
      return this.once("onet", async () => {
        const windows = (await this.rnet()).last, levels = await this.levels();
        const told = (share) => this.pause("onet", share);
        const onet = decide(windows, await this.answers.onet.ask(windows, levels, told), this.settings);
        if (!this.settings.mirror) return onet;
        const again = secondLook(onet), said = await this.answers.mirrored.ask(again, levels, told);
        return average(onet, again, said, this.settings);
      });
    }

    async faces() {
      return faces(await this.onet(), this.answers.image.height, this.answers.image.width);
    }

    rerun(changed) {
      return new Trace(this.answers, { ...this.settings, ...changed }, this.pause);
    }

    async stages() {
      return [await this.pnet(), await this.rnet(), await this.onet()];
    }

    async counts() {
      return Object.fromEntries((await this.stages()).map((stage) => [stage.name, stage.counts()]));
    }
  }

  // --- detector.py

  // The settings in the package's cascade.json, by the names that Python's `Settings` has.
  function settingsOf({ pyramid, thresholds, nms: allowed, mirror }) {
    return { min_face: pyramid.min_face, factor: pyramid.factor, thresholds, nms: allowed, mirror };
  }

  class Detector {
    constructor(engine, settings) {
      Object.assign(this, { engine, settings });
    }

    // `detect`, with every candidate after every step. `pause(net, share done)` is awaited between batches.
    trace(image, pause = async () => {}) {
      return new Trace(new Answers(this.engine, image), this.settings, pause);
    }

    // The faces in an image, best first.
    detect(image, pause) {
      return this.trace(image, pause).faces();
    }
  }

  return {
    overlap, squareBoxes, decodeOffsets, landmarksToImage, clipBoxes, bestFirst, nms, pyramidScales, levelSize, mapSize,
    candidateWindows, halvings, nearestLarger, shrink, cropWindow, mirrorOffsets, unmirrored, propose, refine, decide,
    secondLook, average, faces, settingsOf, startDetector, Engine, Candidates, Stage, Trace, Answers, Detector,
  };
}

if (typeof module !== "undefined") module.exports = mtcnnLiteCascade;
