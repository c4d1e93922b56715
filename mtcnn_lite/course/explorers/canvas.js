// Draws the photo and the candidates on it, and says what lies under the pointer.
// All filtering by threshold and step happens here: Python sends the candidates once (see canvas.py).

const PHOTO = 400; // CSS pixels: longest side on screen, so that a strip above it fits one screen too

function render({ model, el }) {
  const [root, views] = frame(el), get = (name) => model.get(name);
  const photo = view(views), side = element(views, "div", "side");
  const table = live(element(side, "table"));
  remark(side, model);
  const pointed = pointer(root, 330, () => drawPhoto()); // lit: a box
  let bitmap = null, data = null, threshold = 0;

  function unpack() {
    const [width, height] = get("size");
    data = {
      scales: get("scales"), width, height, zoom: PHOTO / Math.max(width, height), steps: get("steps"), boxes: floats(get("boxes")),
      alive: bytes(get("alive")), scores: floats(get("scores")), level: bytes(get("candidate_level")),
      landmarks: floats(get("landmarks")), count: get("alive").byteLength, cutFrom: get("cut_from"),
    };
  }

  const score = (i, step) => data.scores[data.scores.length === data.count ? i : step * data.count + i];
  const left = (i, step) => data.alive[i] > step && (step < data.cutFrom || score(i, step) >= threshold);
  const box = (i, step) => data.boxes.subarray((step * data.count + i) * 4, (step * data.count + i) * 4 + 4);
  // What the photo shows: [box, [candidate, step]] of each
  function* drawn() {
    const step = get("step");
    for (let i = 0; i < data.count; i++) if (left(i, step)) yield [box(i, step), [i, step]];
  }

  function drawPhoto() {
    const { zoom, width, height } = data, now = get("step"), pen = photo.fit(width * zoom, height * zoom), dots = new Path2D();
    pen.drawImage(bitmap, 0, 0, width * zoom, height * zoom);
    const boxes = [];
    for (const [where_, [i]] of drawn()) {
      boxes.push(where_);
      if (now < data.steps.length - 1 || !data.landmarks.length) continue;
      const radius = Math.min(2.4, Math.max(1, ((where_[2] - where_[0]) * zoom) / 16));
      for (let k = 10 * i; k < 10 * i + 10; k += 2) {
        const x = (data.landmarks[k] + 0.5) * zoom, y = (data.landmarks[k + 1] + 0.5) * zoom; // whole numbers are pixel centres
        dots.moveTo(x + radius, y);
        dots.arc(x, y, radius, 0, 7);
      }
    }
    const thin = boxes.length > 300; // so that the photo stays visible
    rimmed(pen, outlines(boxes, zoom), thin ? 1 : 1.8, get("colours")[now], thin ? 0.8 : 1.6);
    pen.lineWidth = 1.6;
    pen.strokeStyle = INK;
    pen.fillStyle = get("dots");
    pen.stroke(dots);
    pen.fill(dots);
    if (pointed.lit) light(pen, pointed.lit, zoom);
    const count = boxes.length, name = data.steps[now] ? (count === 1 ? "box, " : "boxes, ") + data.steps[now] : "";
    photo.caption.textContent = `photo, ${width} × ${height} px: ${count} ${name}`;
  }

  function count() {
    const windows = get("windows"), all = data.steps.map((_, step) => {
      let boxes = 0;
      for (let i = 0; i < data.count; i++) boxes += left(i, step);
      return boxes;
    });
    const took = get("costs").map(([ms, of]) => ms * (of < 0 ? windows : all[of])), short = (ms) => ms.toFixed(ms < 9.95 ? 1 : 0);
    const rows = [["", "boxes", "ms, about"], ["windows scored", windows, ""], ...data.steps.map((name, s) => [name, all[s], short(took[s])]),
      ["in all", "", short(sum(took))]];
    fill(table, rows.map((cells) => cells.map(english)), { head: true, now: (r) => r - 2 === get("step"), colour: (r) => get("colours")[r - 2] });
  }

  function draw() {
    if (!bitmap) return;
    threshold = Math.fround(get("threshold")); // Python compares float32 scores with a float32 threshold; so must we
    drawPhoto();
    count();
  }

  const receive = receiver(model, (decoded) => {
    [bitmap, pointed.lit] = [decoded, null];
    unpack();
    draw();
  });

  const where = ([x1, y1, x2, y2]) => `x ${x1.toFixed(1)} to ${x2.toFixed(1)}, y ${y1.toFixed(1)} to ${y2.toFixed(1)} px`;

  pointed.watch(photo.canvas, (event) => {
    const found = bitmap && smallest(event, data.zoom, drawn());
    if (!found) return null;
    const [i, at] = found, lit = Array.from(box(i, at)), scale = data.scales[data.level[i]], last = data.steps.findLastIndex((_, s) => left(i, s));
    const said = []; // what each net said, up to the one that ended it; once where the score stays
    for (let s = 0; s <= Math.min(last + 1, data.steps.length - 1); s++) {
      if (score(i, s).toFixed(3) !== said.at(-1)) said.push(score(i, s).toFixed(3));
    }
    const fate = last + 1 < data.steps.length ? `gone after: ${data.steps[last]}` : "passes every step";
    return [lit, `score ${said.join(", then ")}, level ${data.level[i]} (scale ${scale.toFixed(3)})\n${where(lit)}\n${fate}`];
  });

  photo.canvas.addEventListener("click", () => pointed.lit && model.send({ clicked: pointed.lit }));
  model.on("change:revision", receive);
  follow(model, ["threshold", "step"], draw);
  receive();
}

export default { render };
