// Draws the photo with its windows, the crops in groups with their values, and each crop as a dot: gate against value.
// All filtering by gate, cut and step happens here: Python sends the crops once (see gallery.py).

const PHOTO = 350, PLOT = [350, 170], INSET = 22; // CSS pixels on screen; INSET: room for the plot's numbers
const CELL = 48, LABEL = 15, GAP = [10, 8], ACROSS = 8; // a crop in the gallery, its value below, the space between
const INK = "#222222", PAPER = "#ffffff", LIT = "#D55E00";

const picture = (data) => createImageBitmap(new Blob([data], { type: "image/jpeg" }));

const dark = (colour) => { // whether white is easier to read on it than ink
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  return 0.3 * r + 0.6 * g + 0.1 * b < 110;
};

function framed(parent) { // a view with room below it
  const made = view(parent);
  made.figure.style.marginBottom = "8px";
  return made;
}

function render({ model, el }) {
  const root = element(el, "div", "mtcnn-canvas"), views = element(root, "div", "views");
  const left = element(views, "div"), right = element(views, "div");
  const photo = framed(left), plot = framed(left);
  const groups = model.get("groups").map(([title, colour, lowest, rows]) => ({ ...framed(right), title, colour, lowest, rows }));
  const table = element(right, "table"), tip = element(root, "div", "tip");
  table.setAttribute("aria-live", "polite");
  remark(right, model);
  let data = null, groupOf = [], lit = -1; // groupOf: each crop's group, -1 where its gate is too low; lit: the one to point out

  async function receive() {
    if (!model.get("photo").byteLength) return;
    const revision = model.get("revision");
    const [bitmap, sheet] = await Promise.all([picture(model.get("photo")), picture(model.get("sheet"))]);
    if (revision !== model.get("revision")) return; // newer ones came while these were decoded
    const [width, height] = model.get("size"), [side, columns, rim] = model.get("layout_of_sheet");
    const values = floats(model.get("values"));
    data = {
      bitmap, sheet, width, height, side, columns, rim, values, zoom: PHOTO / Math.max(width, height),
      gates: floats(model.get("gates")), stops: model.get("stops"), alive: bytes(model.get("alive")),
      boxes: floats(model.get("boxes")), steps: model.get("steps"),
      order: Array.from(values.keys()).sort((a, b) => values[b] - values[a] || a - b), // best first
    };
    lit = -1;
    draw();
  }

  // Python compares float32 values with float32 thresholds; so must we
  const gate = () => data.stops[model.get("stop")], cut = () => model.get("cut");
  const box = (i, step) => data.boxes.subarray((step * data.values.length + i) * 4, (step * data.values.length + i) * 4 + 4);
  const lasting = (i) => data.alive[model.get("stop") * data.values.length + i];
  const lowest = (group) => Math.fround(group.lowest ?? cut());
  const shown = (i) => groupOf[i] >= 0;
  const part = (i, step) => shown(i) && lasting(i) > step && (step === 0 || groupOf[i] === 0);

  const litBox = () => Array.from(box(lit, part(lit, model.get("step")) ? model.get("step") : 0)); // as the photo shows it

  function sort() { // the crops that take part, best first, each into its group
    const passes = (i) => data.gates[i] >= Math.fround(gate());
    groupOf = Array.from(data.values, (value, i) => (passes(i) ? groups.findIndex((group) => value >= lowest(group)) : -1));
    groups.forEach((group, g) => (group.crops = data.order.filter((i) => groupOf[i] === g)));
  }

  function drawPhoto() {
    const { zoom, width, height } = data, step = model.get("step"), pen = photo.fit(width * zoom, height * zoom);
    pen.drawImage(data.bitmap, 0, 0, width * zoom, height * zoom);
    let count = 0;
    for (const [g, group] of [...groups.entries()].reverse()) { // the first group on top
      const path = new Path2D();
      for (const i of group.crops) {
        if (!part(i, step)) continue;
        const [x1, y1, x2, y2] = box(i, step);
        path.rect(x1 * zoom, y1 * zoom, (x2 - x1) * zoom, (y2 - y1) * zoom);
        count++;
      }
      const wide = g === 0 && group.crops.length <= 100;
      pen.lineWidth = wide ? 3.4 : 1.6;
      pen.strokeStyle = "rgba(255, 255, 255, 0.85)";
      pen.stroke(path);
      pen.lineWidth = wide ? 1.8 : 0.9;
      pen.strokeStyle = group.colour;
      pen.stroke(path);
    }
    if (lit >= 0) {
      const [x1, y1, x2, y2] = litBox().map((v) => v * zoom);
      pen.lineWidth = 3;
      pen.strokeStyle = LIT;
      pen.strokeRect(x1, y1, x2 - x1, y2 - y1);
    }
    photo.caption.textContent = `photo, ${width} × ${height} px: ${count} ${data.steps[step]}`;
  }

  const at = (k) => [(k % ACROSS) * (CELL + GAP[0]), Math.floor(k / ACROSS) * (CELL + LABEL + GAP[1])];

  function drawGroup(group) {
    const room = group.rows * ACROSS, { side, columns, rim } = data, pitch = side + 2 * rim;
    const pen = group.fit(ACROSS * (CELL + GAP[0]) - GAP[0], group.rows * (CELL + LABEL + GAP[1]) - GAP[1]);
    pen.imageSmoothingQuality = "high";
    pen.textAlign = "center";
    group.crops.slice(0, room).forEach((i, k) => {
      const [x, y] = at(k), across = (i % columns) * pitch + rim, down = Math.floor(i / columns) * pitch + rim;
      pen.drawImage(data.sheet, across, down, side, side, x, y, CELL, CELL);
      pen.fillStyle = i === lit ? LIT : group.colour;
      pen.fillRect(x, y + CELL, CELL, LABEL);
      pen.fillStyle = dark(group.colour) ? PAPER : INK;
      pen.fillText(data.values[i].toFixed(3), x + CELL / 2, y + CELL + 11.5);
      if (i === lit) {
        pen.lineWidth = 2;
        pen.strokeStyle = LIT;
        pen.strokeRect(x + 1, y + 1, CELL - 2, CELL + LABEL - 2);
      }
    });
    const count = group.crops.length, more = count > room ? `, the best ${room} of them shown` : "";
    group.caption.textContent = `${group.title}${group.lowest === null ? `, ${cut().toFixed(2)} or more` : ""}: ${count}${more}`;
  }

  function drawPlot() {
    const [width, height] = PLOT, pen = plot.fit(width, height);
    const low = data.stops[0], reach = 1 - low, top = Math.max(1, ...data.values); // the gate's lowest stop on the left
    const place = (i) => [px(data.gates[i]), py(data.values[i])];
    const px = (gate_) => INSET + ((gate_ - low) / reach) * (width - INSET - 12), py = (value) => 10 + (1 - value / top) * (height - INSET - 10);
    pen.fillStyle = PAPER;
    pen.fillRect(0, 0, width, height);
    for (const i of data.order) if (!shown(i)) dot(place(i), "#DDDDDD", 2);
    for (const group of [...groups].reverse()) for (const i of group.crops) dot(place(i), group.colour, 2.6);
    if (lit >= 0) dot(place(lit), LIT, 4.5);
    pen.strokeStyle = pen.fillStyle = INK;
    pen.lineWidth = 1;
    pen.beginPath();
    pen.moveTo(px(gate()), py(0));
    pen.lineTo(px(gate()), py(top));
    pen.moveTo(px(gate()), py(cut()));
    pen.lineTo(px(1), py(cut()));
    pen.stroke();
    pen.textAlign = "right";
    for (const value of [0, top]) pen.fillText(value.toFixed(0), INSET - 8, py(value) + 4);
    pen.textAlign = "center";
    for (const value of [low, 1]) pen.fillText(value, px(value), height - 6);
    const [gateName, valueName] = model.get("axes");
    plot.caption.textContent = `to the right: ${gateName}, up: ${valueName}`;

    function dot([x, y], colour, radius) {
      pen.fillStyle = colour;
      pen.beginPath();
      pen.arc(x, y, radius, 0, 2 * Math.PI);
      pen.fill();
    }
  }

  function count() {
    table.replaceChildren(...data.steps.map((name, step) => {
      const row = document.createElement("tr"), number = data.order.filter((i) => part(i, step)).length;
      if (step === model.get("step")) row.className = "now";
      row.append(...[name, number].map((text) => Object.assign(document.createElement("td"), { textContent: text })));
      return row;
    }));
  }

  function draw() {
    if (!data) return;
    sort();
    if (!shown(lit)) lit = -1;
    drawPhoto();
    groups.forEach(drawGroup);
    drawPlot();
    count();
  }

  function say(event, i) {
    tip.style.display = i < 0 ? "none" : "block";
    if (i >= 0) {
      const here = root.getBoundingClientRect(), [gateName, valueName] = model.get("axes");
      const [x1, y1, x2, y2] = box(i, 0), last = data.steps[Math.min(lasting(i), data.steps.length) - 1];
      const fate = groupOf[i] > 0 ? groups[groupOf[i]].title : lasting(i) < data.steps.length ? `gone after: ${last}` : "passes every step";
      tip.textContent = `${valueName} ${data.values[i].toFixed(3)}, ${gateName} ${data.gates[i].toFixed(3)}\n`
        + `window of ${(x2 - x1).toFixed(0)} px at x ${x1.toFixed(0)}, y ${y1.toFixed(0)}\n${fate}`;
      tip.style.left = `${Math.min(event.clientX - here.left + 14, Math.max(0, here.width - 300))}px`;
      tip.style.top = `${event.clientY - here.top + 16}px`;
    }
    if (i !== lit) {
      lit = i;
      draw();
    }
  }

  photo.canvas.addEventListener("pointermove", (event) => {
    if (!data) return;
    const x = event.offsetX / data.zoom, y = event.offsetY / data.zoom, step = model.get("step");
    let best = -1, smallest = Infinity; // the smallest box under the pointer: the others can be reached beside it
    for (const i of data.order) {
      if (!part(i, step)) continue;
      const [x1, y1, x2, y2] = box(i, step), area = (x2 - x1) * (y2 - y1);
      if (x >= x1 && x < x2 && y >= y1 && y < y2 && area < smallest) [best, smallest] = [i, area];
    }
    say(event, best);
  });

  for (const group of groups) {
    group.canvas.addEventListener("pointermove", (event) => {
      if (!data) return;
      const k = group.crops.slice(0, group.rows * ACROSS).findIndex((_, k) => {
        const [x, y] = at(k);
        return event.offsetX >= x && event.offsetX < x + CELL && event.offsetY >= y && event.offsetY < y + CELL + LABEL;
      });
      say(event, k < 0 ? -1 : group.crops[k]);
    });
  }
  for (const { canvas } of [photo, ...groups]) {
    canvas.addEventListener("pointerleave", (event) => data && say(event, -1));
    canvas.addEventListener("click", () => lit >= 0 && model.send({ clicked: litBox() }));
  }

  model.on("change:revision", receive);
  for (const name of ["stop", "cut", "step"]) model.on(`change:${name}`, draw);
  receive();
}

export default { render };
