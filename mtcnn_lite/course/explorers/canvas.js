// Draws the photo at one of its strengths and the candidates on it, says what lies under the pointer, and above it draws the
// fate of each face at each strength. Python sends all strengths once (see canvas.py); choosing among them happens here.

const PHOTO = 400; // CSS pixels: longest side on screen, so that a strip above it fits one screen too
const STRIP = { left: 62, top: 22, cell: [54, 20] }; // CSS pixels: room for the faces' names and for the strengths; a cell

function render({ model, el }) {
  const [root, above, views] = frame(model, el, 2), get = (name) => model.get(name), set = (name, value) => {
    model.set(name, value);
    model.save_changes();
  };
  const strip = view(above), faces = element(root, "div", "controls");
  root.insertBefore(faces, views);
  const photo = view(views), side = element(views, "div", "side");
  const table = live(element(side, "table")), note = live(element(side, "p"));
  const pointed = pointer(root, 330, () => drawPhoto()); // lit: a box
  let scenes = [], data = null, threshold = 0, asked = -1; // asked: the face that the note is about

  async function unpack() { // [photo, boxes, scores, landmarks, alive, level] of each strength
    const { buffer, byteOffset } = get("parts"), steps = get("steps"), cutFrom = get("cut_from"), revision = get("revision");
    let from = byteOffset;
    const made = await Promise.all(get("scenes").map(async ({ lengths, size: [width, height], ...words }) => {
      const parts = lengths.map((length) => {
        from += length;
        return new DataView(buffer, from - length, length);
      });
      const [boxes, scores, landmarks] = parts.slice(1, 4).map(floats), [alive, level] = parts.slice(4).map(bytes);
      const zoom = PHOTO / Math.max(width, height), bitmap = await decode(parts[0]);
      return { ...words, width, height, zoom, steps, cutFrom, bitmap, boxes, scores, landmarks, alive, level, count: alive.length };
    }));
    if (revision !== get("revision")) return; // newer ones came while these were decoded
    [scenes, pointed.lit, asked] = [made, null, -1];
    faces.replaceChildren(...(scenes[0].fates.length ? ["what became of"] : []), ...scenes[0].fates.map((_, k) => button(k)));
    draw();
  }

  function button(k) {
    const made = document.createElement("button");
    made.textContent = `face ${k + 1}`;
    made.addEventListener("click", () => ask(k));
    return made;
  }

  function ask(k) { // an answer holds for the strength at which it was given
    asked = k;
    if (k < 0) return say(get("invitation"));
    if (!heard(model)) return say(`Face ${k + 1}: ${story(k)}.`);
    say("");
    return model.send({ face: k, at: get("at") });
  }

  function say(text) {
    if (note.textContent !== text) note.textContent = text;
  }

  function story(k) { // what became of a face, from the boxes that came with the page
    const fate = data.fates[k], last = data.steps.length - 1, [name] = get("fates")[fate];
    if (fate < get("fates").length - 1) return `${name}: no box that it leaves has an IoU of 0.5 or more with the face`;
    const on = [...Array(data.count).keys()].filter((i) => left(i, last) && iou(box(i, last), data.faces[k]) >= 0.5);
    return `${name}, score ${Math.max(...on.map((i) => score(i, last))).toFixed(2)}`;
  }

  function iou(a, b) {
    const side = (from) => Math.max(0, Math.min(a[from + 2], b[from + 2]) - Math.max(a[from], b[from])), shared = side(0) * side(1);
    const area = ([x1, y1, x2, y2]) => (x2 - x1) * (y2 - y1);
    return shared / (area(a) + area(b) - shared);
  }

  function drawStrip() { // a row for each face, a column for each strength; the one on show is framed
    const { left, top, cell: [wide, high] } = STRIP, fates = get("fates"), now = get("at"), rows = data.fates.length;
    const [pen, ink] = sheet(strip, [Math.max(left + wide * scenes.length + 4, left + 122 * fates.length), top + high * rows + 32], root);
    pen.lineJoin = "round";
    scenes.forEach((scene, column) => {
      const x = left + column * wide;
      write(pen, scene.short, x + wide / 2, top / 2, "center", ink);
      scene.fates.forEach((fate, row) => {
        const y = top + row * high;
        block(pen, fates[fate][1], x + 2, y + 2, wide - 4, high - 4);
        if (fate === fates.length - 1) return;
        const letter = fates[fate][0].at(-5); // of P-Net, R-Net, O-Net: not everyone can tell these colours apart
        [pen.textAlign, pen.lineWidth, pen.strokeStyle] = ["center", 3, INK];
        pen.strokeText(letter, x + wide / 2, y + high / 2);
        write(pen, letter, x + wide / 2, y + high / 2, "center", PAPER);
      });
    });
    for (let row = 0; row < rows; row++) write(pen, `face ${row + 1}`, 4, top + (row + 0.5) * high, "left", ink);
    [pen.lineWidth, pen.strokeStyle] = [2, ink];
    pen.strokeRect(left + now * wide, top - 1, wide, high * rows + 2);
    fates.forEach(([name, colour], k) => {
      block(pen, colour, left + 122 * k, top + high * rows + 12, 12, 12);
      write(pen, name, left + 122 * k + 18, top + high * rows + 18, "left", ink);
    });
    const found = data.fates.filter((fate) => fate === fates.length - 1).length;
    strip.caption.textContent = `${data.says}: ${found} of ${rows} faces found`;
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
    pen.drawImage(data.bitmap, 0, 0, width * zoom, height * zoom);
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
    const { windows } = data, all = data.steps.map((_, step) => {
      let boxes = 0;
      for (let i = 0; i < data.count; i++) boxes += left(i, step);
      return boxes;
    });
    const took = get("costs")[get("at")].map(([ms, of]) => ms * (of < 0 ? windows : all[of])), short = (ms) => ms.toFixed(ms < 9.95 ? 1 : 0);
    const rows = [["", "boxes", "ms, about"], ["windows scored", windows, ""], ...data.steps.map((name, s) => [name, all[s], short(took[s])]),
      ["in all", "", short(sum(took))]];
    fill(table, rows.map((cells) => cells.map(english)), { head: true, now: (r) => r - 2 === get("step"), colour: (r) => get("colours")[r - 2] });
  }

  function draw() {
    if (!scenes.length) return;
    const before = data;
    data = scenes[get("at")];
    threshold = Math.fround(get("thresholds")[2]); // Python compares float32 scores with a float32 threshold; so must we
    drawStrip();
    drawPhoto();
    count();
    if (before !== data) ask(-1);
  }

  const where = ([x1, y1, x2, y2]) => `x ${x1.toFixed(1)} to ${x2.toFixed(1)}, y ${y1.toFixed(1)} to ${y2.toFixed(1)} px`;

  pointed.watch(photo.canvas, (event) => {
    const found = data && smallest(event, data.zoom, drawn());
    return found ? about(found) : null;
  });

  function about([i, at]) { // what is lit, and what the tooltip says of it
    const lit = Array.from(box(i, at)), scale = data.scales[data.level[i]], last = data.steps.findLastIndex((_, s) => left(i, s));
    const said = []; // what each net said, up to the one that ended it; once where the score stays
    for (let s = 0; s <= Math.min(last + 1, data.steps.length - 1); s++) {
      if (score(i, s).toFixed(3) !== said.at(-1)) said.push(score(i, s).toFixed(3));
    }
    const fate = last + 1 < data.steps.length ? `gone after: ${data.steps[last]}` : "passes every step";
    return [lit, `score ${said.join(", then ")}, level ${data.level[i]} (scale ${scale.toFixed(3)})\n${where(lit)}\n${fate}`];
  }

  browse(photo.canvas, model, pointed, {
    list: () => (data ? [...drawn()].map(([where_, what]) => [Array.from(where_, (v) => v * data.zoom), what]) : []), about,
  });
  strip.canvas.addEventListener("click", ({ offsetX, offsetY }) => { // a cell: that strength, that face
    const { left, top, cell: [wide, high] } = STRIP, column = Math.floor((offsetX - left) / wide), row = Math.floor((offsetY - top) / high);
    if (!scenes[column] || !(row >= 0 && row < data.fates.length)) return;
    set("at", column);
    ask(row);
  });
  keyboard(strip.canvas, model, ([right, down]) => {
    const at = clamp(get("at") + right, 0, scenes.length - 1), face = clamp(asked + down, -1, data.fates.length - 1);
    model.set("at", at);
    ask(face);
  });
  follow(model, ["note"], () => asked >= 0 && get("note") && say(get("note")));
  model.on("change:revision", unpack);
  follow(model, ["step", "at"], draw);
  unpack();
}

export default { render };
