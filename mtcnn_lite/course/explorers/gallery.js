// Draws the photo with its windows, the crops in groups with their values, and each crop as a dot: gate against value.
// All filtering by gate, cut and step happens here: Python sends the crops once (see gallery.py).

const PHOTO = [400, 350], PLOT = [400, 170], INSET = 22; // CSS pixels on screen; INSET: room for the plot's numbers
const CELL = 36, LABEL = 15, GAP = [6, 7], ACROSS = 10; // a crop in the gallery, its value below, the space between
const GATE = "#0072B2", FACE = "#F0E442", MARK = 4; // the mark of a labelled face: a bar over its crop, a rim round its dot

// How many crops lie where, and how many of the labelled faces they find: on has the number of each crop's face, below 0
// for none, -1 where that is a false alarm.
export function tally(on) {
  return [on.length, new Set(on.filter((face) => face >= 0)).size, on.filter((face) => face === -1).length];
}

const dark = (colour) => { // whether white is easier to read on it than ink
  const [r, g, b] = rgb(colour);
  return 0.3 * r + 0.6 * g + 0.1 * b < 110;
};

function framed(parent) { // a view with room below it
  const made = view(parent);
  made.figure.style.marginBottom = "8px";
  return made;
}

function render({ model, el }) {
  const [root, views] = frame(model, el), left = element(views, "div"), right = element(views, "div"), get = (name) => model.get(name);
  const photo = framed(left);
  const table = live(element(left, "table", "numbers"));
  const plot = framed(left);
  const groups = get("groups").map(([title, colour, lowest, rows]) => ({ ...framed(right), title, colour, lowest, rows }));
  const pointed = pointer(root, 300, () => draw()); // lit: a crop, or -1 - k for the missed face k
  const [lowest_, stops_] = [0.05, 95]; // of the slider for the cut, which goes up by 0.01
  const gates = behind(model, root, "stop", get("stops").length), values = behind(model, root, "cut", stops_);
  remark(left, model);
  trackLegend(root, views);
  let data = null, groupOf = []; // groupOf: each crop's group, -1 where its gate is too low

  async function receive() {
    if (!get("photo").byteLength) return;
    const revision = get("revision"), [bitmap, crops] = await Promise.all(["photo", "sheet"].map((name) => decode(get(name))));
    if (revision !== get("revision")) return; // newer ones came while these were decoded
    const [width, height] = get("size"), [side, columns, rim] = get("layout_of_sheet"), values = floats(get("values"));
    data = {
      bitmap, crops, width, height, side, columns, rim, values, zoom: Math.min(PHOTO[0] / width, PHOTO[1] / height),
      gates: floats(get("gates")), stops: get("stops"), alive: bytes(get("alive")),
      boxes: floats(get("boxes")), steps: get("steps"), labelled: get("labelled"), faces: floats(get("faces")),
      on: integers(get("on")),
      order: Array.from(values.keys()).sort((a, b) => values[b] - values[a] || a - b), // best first
    };
    pointed.lit = null;
    draw();
  }

  // Python compares float32 values with float32 thresholds; so must we
  const gate = () => data.stops[get("stop")], cut = () => get("cut");
  const box = (i, step) => data.boxes.subarray((step * data.values.length + i) * 4, (step * data.values.length + i) * 4 + 4);
  const lasting = (i) => data.alive[get("stop") * data.values.length + i];
  const lowest = (group) => Math.fround(group.lowest ?? cut());
  const shown = (i) => groupOf[i] >= 0;
  const part = (i, step) => shown(i) && lasting(i) > step && (step === 0 || groupOf[i] === 0);

  const isCrop = (lit) => lit !== null && lit >= 0;
  const face = (k) => data.faces.subarray(4 * k, 4 * k + 4);
  const on = (i, step) => (data.labelled ? data.on[step * data.values.length + i] : -2);
  const onFace = (i) => on(i, part(i, get("step")) ? get("step") : 0) >= 0; // as the photo shows it
  const counts = (step) => tally(data.order.filter((i) => part(i, step)).map((i) => on(i, step)));
  const litBox = () => Array.from(isCrop(pointed.lit) ? box(pointed.lit, part(pointed.lit, get("step")) ? get("step") : 0)
    : face(-1 - pointed.lit)); // as the photo shows it

  function missed() { // the labelled faces that no crop is on after the step
    const found = new Set(data.order.filter((i) => part(i, get("step"))).map((i) => on(i, get("step"))));
    return Array.from({ length: data.faces.length / 4 }, (_, k) => k).filter((k) => !found.has(k));
  }

  function sort() { // the crops that take part, best first, each into its group
    const passes = (i) => data.gates[i] >= Math.fround(gate());
    groupOf = Array.from(data.values, (value, i) => (passes(i) ? groups.findIndex((group) => value >= lowest(group)) : -1));
    const step = get("step"); // the first group shows what is left after it
    groups.forEach((group, g) => {
      group.crops = data.order.filter((i) => groupOf[i] === g && (g > 0 || step === 0 || part(i, step)));
      group.says = g === 0 && step > 1 ? data.steps[step] : group.title;
    });
  }

  function drawPhoto() {
    const { zoom, width, height } = data, step = get("step"), pen = photo.fit(width * zoom, height * zoom);
    pen.drawImage(data.bitmap, 0, 0, width * zoom, height * zoom);
    let count = 0;
    for (const [g, group] of [...groups.entries()].reverse()) { // the first group on top
      const rows = group.crops.filter((i) => part(i, step)), wide = g === 0 && group.crops.length <= 100;
      rimmed(pen, outlines(rows.map((i) => box(i, step)), zoom), wide ? 1.8 : 0.9, group.colour, wide ? 1.6 : 0.7);
      count += rows.length;
    }
    const gone = missed();
    rimmed(pen, outlines(gone.map(face), zoom), 1.6, FACE, 1.4, 0.5);
    if (pointed.lit !== null) light(pen, litBox(), zoom);
    const yellow = data.labelled ? `; yellow: ${gone.length} of ${data.faces.length / 4} faces missed` : "";
    photo.caption.textContent = `photo: ${count} ${data.steps[step]}${yellow}`;
  }

  const at = (k) => [(k % ACROSS) * (CELL + GAP[0]), Math.floor(k / ACROSS) * (CELL + LABEL + GAP[1])];

  function drawGroup(group) {
    const room = group.rows * ACROSS, { side, columns, rim } = data, pitch = side + 2 * rim;
    const pen = group.fit(ACROSS * (CELL + GAP[0]) - GAP[0], group.rows * (CELL + LABEL + GAP[1]) - GAP[1]);
    pen.imageSmoothingQuality = "high";
    group.crops.slice(0, room).forEach((i, k) => {
      const [x, y] = at(k), across = (i % columns) * pitch + rim, down = Math.floor(i / columns) * pitch + rim;
      pen.drawImage(data.crops, across, down, side, side, x, y, CELL, CELL);
      if (onFace(i)) { // a yellow bar with a dark edge, to show on any crop
        block(pen, INK, x, y + MARK, CELL, 1);
        block(pen, FACE, x, y, CELL, MARK);
      }
      block(pen, i === pointed.lit ? LIT : group.colour, x, y + CELL, CELL, LABEL);
      write(pen, data.values[i].toFixed(3), x + CELL / 2, y + CELL + 11.5, "center", dark(group.colour) ? PAPER : INK);
      if (i === pointed.lit) light(pen, [x + 1, y + 1, x + CELL - 1, y + CELL + LABEL - 1], 1, 2);
    });
    const count = group.crops.length, more = count > room ? `, the best ${room} of them shown` : "";
    group.caption.textContent = `${group.says}${group.lowest === null ? `, ${cut().toFixed(2)} or more` : ""}: ${count}${more}`;
  }

  function drawBars() { // the scores in the sliders' tracks: of all crops, and of those that pass the gate
    const passed = data.stops.map(Math.fround), [byGate, byValue] = [passed.length, stops_].map(tallied);
    for (let i = 0; i < data.values.length; i++) {
      const side = !data.labelled || on(i, 0) >= 0 ? "on" : "off";
      byGate[side][passed.findLastIndex((stop) => data.gates[i] >= stop) + 1]++;
      if (shown(i)) byValue[side][clamp(Math.floor((data.values[i] - lowest_) / 0.01 + 1e-4) + 1, 0, stops_)]++;
    }
    gates(get("stop"), byGate, GATE);
    values(Math.round((cut() - lowest_) / 0.01), byValue, groups[0].colour);
  }

  function drawPlot() {
    const [width, height] = PLOT, pen = plot.fit(width, height), [gateName, valueName] = get("axes");
    const low = data.stops[0], reach = 1 - low, top = Math.max(1, ...data.values); // the gate's lowest stop on the left
    const px = (gate_) => INSET + ((gate_ - low) / reach) * (width - INSET - 12), py = (value) => 10 + (1 - value / top) * (height - INSET - 10);
    const dots = (rows, colour, radius) => { // in one path: hundreds of them
      const path = new Path2D();
      for (const i of rows) {
        const [x, y] = [px(data.gates[i]), py(data.values[i])];
        path.moveTo(x + radius, y);
        path.arc(x, y, radius, 0, 2 * Math.PI);
      }
      pen.fillStyle = colour;
      pen.fill(path);
    };
    block(pen, PAPER, 0, 0, width, height);
    dots(data.order.filter((i) => !shown(i)), "#DDDDDD", 2);
    for (const group of [...groups].reverse()) {
      const faces = group.crops.filter(onFace);
      for (const [radius, colour] of [[4.6, INK], [4, FACE]]) dots(faces, colour, radius);
      dots(group.crops, group.colour, 2.6);
    }
    if (isCrop(pointed.lit)) dots([pointed.lit], LIT, 4.5);
    trace(pen, [[[px(gate()), py(0)], [px(gate()), py(top)]], [[px(gate()), py(cut())], [px(1), py(cut())]]], INK);
    for (const value of [0, top]) write(pen, value.toFixed(0), INSET - 8, py(value) + 4, "right", INK);
    for (const value of [low, 1]) write(pen, value, px(value), height - 6, "center");
    plot.caption.textContent = `right: ${gateName}, up: ${valueName}${data.labelled ? "; yellow: on a face" : ""}`;
  }

  function draw() {
    if (!data) return;
    sort();
    if (isCrop(pointed.lit) ? !shown(pointed.lit) : !missed().includes(-1 - pointed.lit)) pointed.lit = null;
    drawPhoto();
    groups.forEach(drawGroup);
    drawPlot();
    drawBars();
    const head = ["", "boxes", ...(data.labelled ? ["faces", "on no face"] : [])];
    const rows = data.steps.map((name, step) => [name, ...counts(step).slice(0, head.length - 1)]);
    fill(table, [head, ...rows], { head: true, now: (row) => row === get("step") + 1 });
  }

  function about(i) { // what is lit, and what the tooltip says of it
    const [gateName, valueName] = get("axes"), [x1, y1, x2] = box(i, 0), last = data.steps[Math.min(lasting(i), data.steps.length) - 1];
    const fate = groupOf[i] > 0 ? groups[groupOf[i]].title : lasting(i) < data.steps.length ? `gone after: ${last}` : "passes every step";
    return [i, `${valueName} ${data.values[i].toFixed(3)}, ${gateName} ${data.gates[i].toFixed(3)}\n`
      + `window of ${(x2 - x1).toFixed(0)} px at x ${x1.toFixed(0)}, y ${y1.toFixed(0)}\n${fate}`];
  }

  const told = (found) => (found >= 0 ? about(found) : [found, `face ${-found}: no box is on it\nclick to ask why`]);

  function fateOf(found) { // a crop's, or that of the missed face -1 - found
    if (found >= 0) return `That box: ${about(found)[1].split("\n").join("; ")}.`;
    const k = -1 - found, gone = data.steps.findIndex((_, step) => !data.order.some((i) => part(i, step) && on(i, step) === k));
    return gone < 0 ? `Face ${k + 1}: a box is on it.` : `Face ${k + 1}: no box is on it among the ${data.steps[gone]}.`;
  }

  pointed.watch(photo.canvas, (event) => {
    const found = data ? smallest(event, data.zoom, onPhoto()) : undefined;
    return found === undefined ? null : told(found);
  });
  for (const group of groups) {
    pointed.watch(group.canvas, (event) => {
      const found = data && group.crops.slice(0, group.rows * ACROSS).find((_, k) => {
        const [x, y] = at(k);
        return event.offsetX >= x && event.offsetX < x + CELL && event.offsetY >= y && event.offsetY < y + CELL + LABEL;
      });
      return found === undefined || !data ? null : about(found);
    });
  }
  function ask() {
    if (!data || pointed.lit === null) return;
    if (heard(model)) model.send({ clicked: litBox(), ...(isCrop(pointed.lit) ? {} : { face: -1 - pointed.lit }) });
    else model.set("note", fateOf(pointed.lit)); // less than Python would say
  }
  const onPhoto = () => {
    const rows = data ? data.order.filter((i) => part(i, get("step"))) : [];
    return [...rows.map((i) => [box(i, get("step")), i]), ...(data ? missed().map((k) => [face(k), -1 - k]) : [])];
  };
  photo.canvas.addEventListener("click", ask);
  browse(photo.canvas, model, pointed, {
    list: () => onPhoto().map(([where, what]) => [Array.from(where, (v) => v * data.zoom), what]), about: told, ask,
  });
  for (const group of groups) {
    group.canvas.addEventListener("click", ask);
    browse(group.canvas, model, pointed, {
      list: () => (group.crops ?? []).slice(0, group.rows * ACROSS).map((i, k) => [[...at(k), at(k)[0] + CELL, at(k)[1] + CELL], i]), about: told, ask,
    });
  }

  model.on("change:revision", receive);
  follow(model, ["stop", "cut", "step"], draw);
  receive();
}

export default { render };
