// One net looking at one window of the photo: crop, every layer's maps, heads, and which pixels mattered.
// R-Net's and O-Net's numbers come from Python, but for the maps of the first layers, which are most of them: these and P-Net
// are computed here (forward.js). P-Net's window slides over the level.

const SMALL = 166, BROAD = 300, CROP = 144; // CSS pixels on screen
const POINTS = ["eye, left", "eye, right", "nose", "mouth, left", "mouth, right"];
const SLIDES = "The window slides over the level. Each cell that it fills is its score there.";
const signed = (value, digits = 2) => `${value < 0 ? "−" : ""}${Math.abs(value).toFixed(digits)}`;

function render({ model, el }) {
  const get = (name) => model.get(name), cells = get("levels").length > 0; // cells: the window stands on P-Net's grid
  const [root, top, below] = frame(model, el, 2), table = ramp(get("ramp")), side = get("crop_side"), [units, patch] = get("units");
  const layers = get("layers").map(([name, title, channels, rows, columns, field, step]) => ({ name, title, channels, rows, columns, field, step }));
  const pointed = pointer(root, 260, () => draw()); // lit: ["cell", layer, channel, row, column], ["patch", row, column] or ["score", row, column]
  below.classList.add("strips");
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", `${get("title")} under the microscope`);

  // --- the page: with P-Net, photo, level and maps stand above, and all of the net below; otherwise the layers alone

  const pane = cells ? CROP : SMALL, wide = cells ? PANEL : BROAD, photo = view(top, wide);
  const slides = cells ? sliding({ model, root, parent: top, below, pointed, layers, movable, take, draw, renew }) : null;
  const right = cells ? null : element(top, "div", "right"), first = cells ? element(below, "div", "stack") : element(right, "div", "views");
  const crop = view(first, pane), mattered = view(first, pane), strips = layers.map((layer, k) => strip(below, layer, get("cells")[k], get("tall")));
  const last = cells ? element(below, "div", "stack") : first, tables = cells ? element(last, "div", "stack") : element(right, "div", "views numbers");
  const heads = [0, 1, 2].map(() => element(tables, "table")), loupe = view(last, SMALL);
  legend(root, table);
  const advice = live(element(root, "p", "wide"));

  let bitmap = null, sample = null, held = null; // held: the layer and the channel that the loupe shows

  // --- what is on show: {box, pixels, maps, heads, margin, hidden}

  const begin = cells ? null : readNet(get("plan"), floats(get("weights")));

  function received() { // R-Net's and O-Net's, which Python computed for the window `seen`
    const values = floats(get("values")), [x, y, long] = get("seen"), seen = bytes(get("crop"));
    const { layers: begun } = forward(begin, readPixels(seen, side, [0, 0, side, side]));
    let at = 0;
    const maps = layers.map(({ channels, rows, columns }, k) => {
      if (begun[k]) return begun[k];
      const size = channels * rows * columns;
      return { channels, rows, columns, values: values.subarray(at, (at += size)) };
    });
    const [face, offsets, points] = get("heads");
    const hidden = get("hidden").byteLength ? floats(get("hidden")) : null;
    return { box: square(x, y, long), pixels: seen, maps, face, offsets, points, hidden };
  }

  const square = (x, y, long) => [x - long / 2, y - long / 2, x + long / 2, y + long / 2];
  const box = () => (cells ? slides.box() : square(...get("at"), get("side"))); // the window, where it stands now
  const stale = () => !cells && String([...get("at"), get("side")]) !== String(get("seen"));
  const mapsOf = (k) => (slides?.maps() ?? sample.maps)[k]; // as shown: of the window, or of the whole level
  const margin = () => sample.face[1] - sample.face[0];

  // --- drawing

  const zoom = () => wide / Math.max(...get("size"));

  function drawPhoto() {
    const [width, height] = get("size"), by = zoom(), pen = photo.fit(width * by, height * by), lit = pointed.lit, passes = passed();
    pen.drawImage(bitmap, 0, 0, width * by, height * by);
    const [x1, y1, x2, y2] = sample.box, across = x2 - x1;
    rimmed(pen, rectangle(box(), by), 2, get("colour"));
    if (passes && !stale()) {
      const moved = sample.box.map((at, k) => at + across * sample.offsets[k]);
      rimmed(pen, rectangle(moved, by), 1.4, get("colour"), 1.4, 0.85, [4, 3]);
      for (let k = 0; sample.points && k < 5; k++) {
        const [x, y] = [x1 + across * sample.points[k], y1 + across * sample.points[k + 5]];
        disc(pen, x * by, y * by, 3, INK);
        disc(pen, x * by, y * by, 2, get("dots"));
      }
    }
    if (lit && lit[0] === "score") rimmed(pen, rectangle(slides.box(lit.slice(1)), by), 2, LIT);
    const at = box();
    photo.caption.textContent = `window: ${(at[2] - at[0]).toFixed(0)} px at ${at[0].toFixed(0)}, ${at[1].toFixed(0)}`;
    named(photo.canvas, `photo, ${photo.caption.textContent}${photo.canvas.tabIndex === 0 ? "; the arrow keys move it" : ""}`);
  }

  const fixed = () => !cells && !heard(model);
  const passed = () => Math.fround(likelihood(margin())) >= Math.fround(get("threshold"));

  function drawCrop() {
    const by = pane / side, pen = crop.fit(pane, pane), lit = pointed.lit;
    enlarge(pen, photograph(side, side, sample.pixels), pane, pane);
    if (lit && lit[0] === "cell" && !slides?.maps()) { // what the cell sees
      const { field, step } = layers[lit[1]], [y, x] = [lit[3] * step, lit[4] * step];
      light(pen, [x, y, Math.min(x + field, side), Math.min(y + field, side)].map((at) => clamp(at * by, 1, pane - 1)), 1, 2);
    }
    if (lit && lit[0] === "patch") {
      const unit = pane / units, [y, x] = [lit[1] * unit, lit[2] * unit];
      block(pen, "#808080", x, y, patch * unit, patch * unit);
      light(pen, [x + 1, y + 1, x + patch * unit - 1, y + patch * unit - 1], 1, 2);
    }
    crop.caption.textContent = cells ? `input, RGB\n3×${side}×${side}\n0 to 255` : `input, ${side} × ${side} px`;
    named(crop.canvas, `the net's input, ${side} × ${side} px`);
  }

  const places = units - patch + 1;

  function drawMattered() {
    const unit = pane / units, pen = mattered.fit(pane, pane), lit = pointed.lit;
    const grey = pixels(side, side, (data, k) => {
      data.fill(sum([...sample.pixels.subarray(3 * k, 3 * k + 3)]) / 3, 4 * k, 4 * k + 3);
      data[4 * k + 3] = 255;
    });
    enlarge(pen, grey, pane, pane);
    mattered.caption.textContent = "what mattered";
    named(mattered.canvas, "which pixels mattered: how much surer the net is with than without them");
    if (!sample.hidden) return;
    const falls = sample.hidden.map((left) => margin() - left), scale = nice(Math.max(0.1, ...falls.map(Math.abs)));
    for (let k = 0; k < falls.length; k++) { // a place's colour stands in the middle of the patch
      const [r, g, b] = table.subarray(4 * shade(falls[k], scale)), corner = [k % places, Math.floor(k / places)].map((at) => (at + (patch - 1) / 2) * unit);
      block(pen, `rgb(${r}, ${g}, ${b})`, ...corner.map(Math.floor), Math.ceil(unit), Math.ceil(unit));
    }
    mattered.caption.textContent += `, ± ${scale}`;
    if (lit && lit[0] === "patch") {
      const [y, x] = [lit[1] + (patch - 1) / 2, lit[2] + (patch - 1) / 2];
      light(pen, [x, y, x + 1, y + 1], unit, 2);
    }
  }

  function drawLoupe() {
    const [k, channel] = held, { rows, columns, values } = mapsOf(k), by = SMALL / Math.max(rows, columns);
    const pen = loupe.fit(columns * by, rows * by), start = channel * rows * columns, scale = get("scales")[k], lit = pointed.lit;
    const image = painted({ channels: 1, rows, columns, values: values.subarray(start, start + rows * columns) }, scale, table);
    enlarge(pen, image, columns * by, rows * by);
    if (lit && lit[0] === "cell") light(pen, [lit[4], lit[3], lit[4] + 1, lit[3] + 1], by, 2);
    loupe.caption.textContent = `${layers[k].name}, channel ${channel}`;
    named(loupe.canvas, `${loupe.caption.textContent}, enlarged`);
  }

  function writeNumbers() {
    const { face, offsets, points } = sample, score = likelihood(margin());
    const rows = [
      [["score", score.toFixed(3)], ["logit, face", signed(face[1])], ["logit, no face", signed(face[0])]],
      ["x1", "y1", "x2", "y2"].map((name, k) => [`offset ${name}`, signed(offsets[k], 3)]),
      points ? POINTS.map((name, k) => [name, `${signed(points[k])}, ${signed(points[k + 5])}`]) : [["no landmark head", ""]],
    ];
    rows.forEach((some, k) => fill(heads[k], some, { now: (r) => k === 0 && r === 0 }));
    if (stale()) return;
    if (cells && !sample.hidden) { // while the window slides, a screen reader is not told of each place
      if (advice.textContent !== SLIDES) advice.textContent = SLIDES;
      return;
    }
    const passes = passed() ? "passes" : "is stopped by";
    advice.textContent = `Score ${score.toFixed(3)}: the window ${passes} ${get("title")}'s threshold of ${get("threshold")}. ${get("advice")}${fixed() ? " Moving the window needs Python." : get("moving")}`;
  }

  let rest = 0;
  function ask() { // what matters takes Python longer, so it is asked once the window has come to rest
    clearTimeout(rest);
    if (!sample.hidden && !stale()) rest = setTimeout(() => {
      model.set("asked", [...get("seen"), get("revision")]);
      model.save_changes();
    }, 80);
  }

  let waiting = []; // what happens where Python does not answer at once
  function drawStale() { // the numbers are of another window until it does
    waiting.forEach(clearTimeout);
    if (!stale()) {
      waiting = [];
      root.classList.remove("stale");
      return;
    }
    waiting = [setTimeout(() => root.classList.add("stale"), 400), setTimeout(() => {
      advice.textContent = "No kernel answers. Run the notebook's cell to look through a moved window.";
    }, 3000)];
  }

  function draw() {
    if (!bitmap || !sample) return;
    if (pointed.lit && pointed.lit[0] === "cell") held = pointed.lit.slice(1, 3);
    held ??= [0, liveliest(sample.maps[0])];
    drawPhoto();
    if (slides) slides.show(pointed.lit);
    drawCrop();
    drawMattered();
    strips.forEach((shown, k) => {
      const lit = pointed.lit && pointed.lit[0] === "cell" && pointed.lit[1] === k ? pointed.lit.slice(2) : null;
      shown.draw(mapsOf(k), get("scales")[k], table, lit, slides?.part(layers[k]));
    });
    drawLoupe();
    writeNumbers();
    drawStale();
  }

  function take(next) {
    sample = next;
  }

  function renew() {
    take(cells ? slides.look() : received());
    draw();
  }

  // --- the pointer and the keys

  strips.forEach((shown, k) => pointed.watch(shown.canvas, (event) => {
    const at = sample && shown.find(event, mapsOf(k));
    if (!at) return null;
    const { name, field } = layers[k], { rows, columns, values } = mapsOf(k), value = values[(at[0] * rows + at[1]) * columns + at[2]];
    const where = rows * columns === 1 ? "" : `, row ${at[1]}, column ${at[2]}`;
    return [["cell", k, ...at], `${name}, channel ${at[0]}${where}: ${signed(value, 4)}\nsees ${field} × ${field} px of the ${slides?.maps() ? "level" : "crop"}`];
  }));

  pointed.watch(mattered.canvas, (event) => {
    if (!sample || !sample.hidden) return null;
    const unit = pane / units;
    const [x, y] = [event.offsetX, event.offsetY].map((offset) => clamp(Math.floor(offset / unit - (patch - 1) / 2), 0, places - 1));
    const left = sample.hidden[y * places + x];
    return [["patch", y, x], `with this patch gray: score ${likelihood(left).toFixed(3)}\nwithout it: ${likelihood(margin()).toFixed(3)} `
      + `(logits ${signed(left)}, ${signed(margin())})`];
  });

  function movable(canvas, act) { // a press or a drag, and the arrow keys
    draggable(canvas, model, (event) => {
      canvas.focus({ preventScroll: true });
      act(event);
      return true;
    }, act);
    keyboard(canvas, model, (way, far) => {
      if (cells) slides.move(way, far);
      else place(get("at").map((at, axis) => at + (way[axis] * get("side")) / (far ? 4 : 24)));
    });
  }

  const place = (at) => model.set("at", at.map((each, axis) => clamp(each, 0, get("size")[axis])));
  if (cells || heard(model)) movable(photo.canvas, (event) => {
    const at = [event.offsetX, event.offsetY].map((offset) => offset / zoom());
    if (cells) return slides.go(at);
    place(at);
    model.save_changes();
  });

  const receive = receiver(model, (decoded) => {
    if (decoded !== bitmap) {
      [bitmap, pointed.lit] = [decoded, null];
      if (cells) slides.unpack();
    }
    renew();
    if (cells) slides.ahead();
    else ask();
  });
  model.on("change:revision", receive);
  follow(model, ["at", "side"], draw);
  receive();
}

export default { render };
