// A photo with the boxes that sieve.js leaves at the stops of the sliders, and a board with what becomes of its faces.

const SIDE = 300, WIDEST = 760, HIGHEST = 470; // CSS pixels: the board's width; the photo's most
const WINDOW = 12, STRIDE = 2; // P-Net's window and step, pixels of a level
const SHADES = 5, FEW = 40, GHOST = 900; // ways to draw a box, by its score; false alarms that get a cross; milliseconds

function render({ model, el }) {
  const get = (name) => model.get(name), set = (name, value) => {
    model.set(name, value);
    model.save_changes();
  };
  const root = element(el, "div", "mtcnn-canvas board"), lanes = element(root, "div", "tracks"), legend = element(root, "div", "legend");
  const row = element(root, "div", "controls"), views = element(root, "div", "views"), photo = view(views), side = element(views, "div", "side");
  const ghosts = surface(photo.figure), tiles = live(element(side, "div", "tiles")), answer = live(element(side, "p")), note = live(element(side, "p"));
  const table = element(side, "table"), pointed = pointer(root, 0, () => drawPhoto());
  photo.canvas.setAttribute("role", "img");
  ghosts.canvas.setAttribute("aria-hidden", true);
  let bitmap = null, data = null, at = [], reached = null, shown = null, fading = 0, invitation = "";
  ghosts.canvas.className = "ghosts";
  legend.textContent = "In the tracks: how many boxes have which score. Upwards those on a face, downwards (gray) those on none; pale what the threshold stops. Each line is ten times the one before.";

  // The stops at which a slider can stand: all, and without Python those whose levels came with the page
  const open = (k) => {
    const all = [...get("sliders")[k].stops.keys()], [slider, ...first] = get("depth");
    return k === slider && !heard(model) ? all.filter((stop) => first[stop] >= 0) : all;
  };
  const tracks = get("sliders").map((one, k) => track(lanes, one, (place) => set("at", get("at").map((old, j) => (j === k ? open(k)[place] : old)))));
  const push = choice(row, "show after", get("after"), (step) => set("step", step));
  const setBefore = get("with_before") ? tick(row, "and what was lost before", (on) => set("together", on)) : null;
  const withMap = get("maps").byteLength > 0, setHeat = withMap ? tick(row, "P-Net's map as heat", (on) => set("heat", on)) : null;
  const level = withMap ? track(row, { says: "pyramid level", names: get("levels"), colour: get("colours")[0], scores: -1 }, (k) => set("level", firstLevel(data, at) + k)) : null;
  beside(model, root);

  function* drawn() { // [box, [candidate, step]] of each that the photo shows, where it got to
    const now = get("step");
    for (let step = get("together") ? 0 : now; step <= now; step++) {
      for (let i = 0; i < data.count; i++) {
        if (get("heat") && data.level[i] !== get("level")) continue;
        if (step < now ? reached[i] === step + 1 : reached[i] > now) yield [data.box(i, step), [i, step]];
      }
    }
  }

  const numberOf = (level_) => level_ - firstLevel(data, at); // of a level, from the largest that takes part

  function shade(i, step) { // 0 at the cut, SHADES - 1 at the top; where the cut is the last stop, all are at the top
    const k = get("emphasis")[step], cut = at[k], passed = data.bins[k][i] - 1, above = data.sliders[k].stops.length - 1 - cut;
    return above ? clamp(Math.floor((SHADES * (passed - cut)) / above), 0, SHADES - 1) : SHADES - 1;
  }

  function size() {
    const room = root.clientWidth, wide = room < 700 ? room : room - SIDE - 14;
    return Math.min(Math.min(wide, WIDEST) / data.width, HIGHEST / data.height);
  }

  function drawPhoto() {
    const zoom = (data.zoom = size()), now = get("step"), pen = photo.fit(data.width * zoom, data.height * zoom), { seen } = data.tally;
    pen.drawImage(bitmap, 0, 0, data.width * zoom, data.height * zoom);
    if (get("heat")) heatOver(pen, zoom);
    const missed = outlines(data.faces.filter((_, k) => !seen.has(k)), zoom); // dashed, dark under yellow
    for (const [width, colour] of [[3, INK], [1.4, get("truth")]]) {
      [pen.lineWidth, pen.strokeStyle] = [width, colour];
      pen.setLineDash([4, 3]);
      pen.stroke(missed);
    }
    pen.setLineDash([]);
    const groups = new Map(), dots = new Path2D(), wrong = new Path2D();
    shown = new Map();
    for (const [where, [i, step]] of drawn()) {
      const key = step < now ? `${step} -1` : `${step} ${shade(i, step)}`;
      if (!groups.has(key)) groups.set(key, []);
      groups.get(key).push(where);
      shown.set(i, [where, step]);
      if (step < now) continue;
      if (data.labelled && data.on(i, step) === -1) cross(wrong, where, zoom);
      if (step === data.steps.length - 1 && data.landmarks.length) points(dots, i, where, zoom);
    }
    const many = shown.size > 200 ? 0.6 : 1;
    for (const [key, some] of [...groups].sort()) {
      const [step, strength] = key.split(" ").map(Number), t = (Math.max(strength, 0) / (SHADES - 1)) ** 1.5;
      pen.globalAlpha = 0.35 + 0.65 * t;
      rimmed(pen, outlines(some, zoom), (1 + 1.6 * t) * many, get("colours")[step], 1.4 * t * many, strength < 0 ? 0 : 0.85);
    }
    pen.globalAlpha = 1;
    if (data.tally.false <= FEW) rimmed(pen, wrong, 1.6, INK, 2);
    [pen.lineWidth, pen.strokeStyle, pen.fillStyle] = [2.4, INK, get("dots")];
    pen.stroke(dots);
    pen.fill(dots);
    if (pointed.lit) light(pen, pointed.lit, zoom);
    const count_ = [...shown.values()].filter(([, step]) => step === now).length;
    photo.caption.textContent = `photo, ${data.width} × ${data.height} px: ${english(count_)} ${count_ === 1 ? "box" : "boxes"}, ${data.steps[now]}` +
      (get("heat") ? `, of level ${numberOf(get("level"))}` : "");
    pointed.within = [data.width * zoom, data.height * zoom];
  }

  function cross(path, [x1, y1, x2], zoom) { // on a false alarm, at its upper right corner
    for (const [from, to] of [[-3, 3], [3, -3]]) {
      path.moveTo(x2 * zoom - 3, y1 * zoom + from);
      path.lineTo(x2 * zoom + 3, y1 * zoom + to);
    }
  }

  function points(path, i, where, zoom) {
    const radius = clamp(((where[2] - where[0]) * zoom) / 16, 1, 2.4);
    for (let k = 10 * i; k < 10 * i + 10; k += 2) {
      const x = (data.landmarks[k] + 0.5) * zoom, y = (data.landmarks[k + 1] + 0.5) * zoom; // whole numbers are pixel centres
      path.moveTo(x + radius, y);
      path.arc(x, y, radius, 0, 7);
    }
  }

  function heatOver(pen, zoom) { // each cell where the middle of its window lies
    const { rows, columns, scale, cells } = data.levels[get("level")], cell = (STRIDE / scale) * zoom, from = 5 / STRIDE * cell;
    const image = new ImageData(Math.max(columns, 1), Math.max(rows, 1)), small = new OffscreenCanvas(image.width, image.height), code = rgb(get("colours")[0]);
    const cut = 255 * data.sliders[0].stops[at[0]];
    cells.forEach((score, k) => image.data.set([...code, score < cut ? 0.6 * score : 100 + 0.6 * score], 4 * k)); // darker from the threshold on
    small.getContext("2d").putImageData(image, 0, 0);
    block(pen, "rgba(255, 255, 255, 0.55)", 0, 0, data.width * zoom, data.height * zoom);
    pen.imageSmoothingEnabled = false;
    pen.drawImage(small, from, from, columns * cell, rows * cell);
  }

  function drawGhosts(before) { // boxes that the last move has taken away, for a moment
    const pen = ghosts.fit(data.width * data.zoom, data.height * data.zoom), now = get("step");
    ghosts.canvas.style.top = `${photo.canvas.offsetTop}px`;
    const gone = [...before].filter(([i, [, step]]) => step === now && reached[i] <= now && !data.tally.seen.has(data.on(i, now))).map(([, [where]]) => where);
    pen.globalAlpha = 0.8;
    rimmed(pen, outlines(gone, data.zoom), 1.2, LIT, 1, 0.6, [3, 3]);
    clearTimeout(fading);
    fading = setTimeout(() => ghosts.fit(data.width * data.zoom, data.height * data.zoom), GHOST);
  }

  function board() {
    const now = get("step"), { boxes, found, missed, false: wrong } = data.tally, next = get("next_net")[now];
    const ms = sum((get("costs")[now] || []).map(([each, of]) => each * (of < 0 ? seen(data, at) : tally(data, reached, of).boxes)));
    const facts = data.labelled
      ? [[`${found} of ${data.faces.length}`, "faces found"], [missed, "missed"], [wrong, wrong === 1 ? "false alarm" : "false alarms"]]
      : [[boxes, boxes === 1 ? "box" : "boxes"], ["?", "missed: no labels"], ["?", "false alarms: no labels"]];
    if (next) facts.push([english(boxes), `windows for ${next.replace("-", "\u2011")}`]); // the tile is narrow: no line ends at this hyphen
    facts.push([ms.toFixed(ms < 9.95 ? 1 : 0), get("says_ms")]);
    const made = document.createDocumentFragment();
    for (const [value, says] of facts) {
      const tile = element(made, "div");
      [element(tile, "b").textContent, element(tile, "span").textContent] = [value, says];
    }
    tiles.replaceChildren(made);
    photo.canvas.setAttribute("aria-label", `${photo.caption.textContent}; ${facts.map(([value, says]) => `${value} ${says}`).join(", ")}`);
    const rows = [["", "boxes", ...(data.labelled ? ["faces", "false"] : [])], ["windows", english(seen(data, at)), ...(data.labelled ? ["", ""] : [])]];
    for (let step = 0; step <= now; step++) {
      const one = step === now ? data.tally : tally(data, reached, step);
      rows.push([get("after")[step], english(one.boxes), ...(data.labelled ? [one.found, english(one.false)] : [])]);
    }
    fill(table, rows, { head: true, now: (r) => r - 2 === now, colour: (r) => get("colours")[r - 2] });
  }

  function drawTracks() {
    const { color } = getComputedStyle(root), now = get("step"), from = firstLevel(data, at);
    tracks.forEach((one, k) => {
      const { scores, first, names } = data.sliders[k], stops = open(k), counts = { on: [], off: [] };
      if (scores >= 0) {
        for (const side_ of ["on", "off"]) counts[side_] = Array(data.sliders[k].stops.length + 1).fill(0);
        for (let i = 0; i < data.count; i++) { // the boxes that the net gets
          if (reached[i] >= first && data.level[i] >= from) counts[!data.labelled || data.on(i, first) >= 0 ? "on" : "off"][data.bins[k][i]]++;
        }
      }
      one.draw(stops.indexOf(at[k]), first > now, counts, color, stops.map((stop) => names[stop]));
    });
    push(now);
    setBefore?.(get("together"), now === 0);
    setHeat?.(get("heat"), !data.levels.length);
    const names = data.levels.slice(from).map(({ scale }, k) => `${k}: ${(WINDOW / scale).toFixed(0)} px`);
    level?.draw(get("level") - from, !get("heat"), null, color, names);
  }

  function draw() {
    if (!bitmap) return;
    if (get("missing").length && get("missing").includes(get("at")[data.masks[0].by[0]])) return; // Python is at it
    if (firstLevel(data, get("at")) < 0) return; // and here too
    const before = shown;
    if (String(at) !== String(get("at"))) unsay();
    at = get("at");
    const deepest = Math.min(firstLevel(data, at), data.levels.length - 1);
    if (get("level") < deepest) return set("level", deepest); // and draws
    reached = reach(data, at);
    data.tally = tally(data, reached, get("step"));
    drawPhoto();
    if (before) drawGhosts(before);
    drawTracks();
    board();
  }

  const receive = receiver(model, (decoded) => {
    if (bitmap !== decoded) shown = null;
    [bitmap, pointed.lit, data] = [decoded, null, unpacked(get)];
    invitation = get("note");
    unsay();
    draw();
  });

  function unsay() { // an answer holds for the stops at which it was given
    answer.textContent = "";
    note.textContent = invitation;
  }

  const span = ([x1, y1, x2, y2]) => `x ${x1.toFixed(1)} to ${x2.toFixed(1)}, y ${y1.toFixed(1)} to ${y2.toFixed(1)} px`;

  // What lies under the pointer: { box, face, said: what became of it, where: its place }, or nothing
  function under(event) {
    const box = smallest(event, data.zoom, drawn());
    const missed = smallest(event, data.zoom, data.faces.map((face, k) => [face, k]).filter(([, k]) => !data.tally.seen.has(k)));
    if (get("heat") && !box && missed === undefined) return cellUnder(event);
    if (box) return boxed(box);
    return missed === undefined ? null : missing(missed);
  }

  function boxed([i, step]) {
    const [said, how] = fate(data, at, reached, i, get("passed")), face = data.on(i, step), where = Array.from(data.box(i, step));
    const place = `level ${numberOf(data.level[i])} (window ${(WINDOW / data.levels[data.level[i]].scale).toFixed(0)} px)\n${span(where)}`;
    const whose = face >= 0 ? `on face ${face + 1}: ` : data.labelled && face === -1 ? "on no face: " : "";
    return { box: where, face, said: `${whose}${how}`, where: `${said.join(", ")}\n${place}` };
  }

  function missing(face) {
    return { box: data.faces[face], face, said: `face ${face + 1} is missed: ${lost(data, at, reached, face)}`, where: span(data.faces[face]) };
  }

  function cellUnder(event) {
    const { rows, columns, scale, cells } = data.levels[get("level")], size_ = WINDOW / scale;
    const cell = (offset, most) => clamp(Math.round((offset / data.zoom - size_ / 2) / (STRIDE / scale)), 0, most - 1);
    const r = cell(event.offsetY, rows), c = cell(event.offsetX, columns), x = (STRIDE * c) / scale, y = (STRIDE * r) / scale;
    const score = (cells[r * columns + c] / 255).toFixed(2), stop = data.sliders[0].names[at[0]], where = [x, y, x + size_, y + size_];
    return { box: where, face: -1, said: `this window's P-Net score is about ${score}; P-Net's threshold is ${stop}`, where: `level ${numberOf(get("level"))}, row ${r}, column ${c}\n${span(where)}` };
  }

  const told = ({ box, said, where }) => [box, `${said}\n${where}`];
  let last = null; // what the keyboard stands on
  pointed.watch(photo.canvas, (event) => {
    const found = bitmap && under(event);
    return found ? told(found) : null;
  });
  const ask = (found) => {
    if (!found) return;
    answer.textContent = `${found.said[0].toUpperCase()}${found.said.slice(1)}.`;
    note.textContent = ""; // until Python answers too, where it runs
    if (heard(model)) model.send({ clicked: found.box, face: found.face });
  };
  photo.canvas.addEventListener("click", (event) => ask(bitmap && under(event)));
  browse(photo.canvas, model, pointed, {
    list: () => {
      if (!bitmap) return [];
      const gone = data.faces.map((face, k) => [face, k]).filter(([, k]) => !data.tally.seen.has(k)).map(([box, k]) => [box, missing(k)]);
      return [...[...drawn()].map(([box, what]) => [box, boxed(what)]), ...gone].map(([box, made]) => [Array.from(box, (v) => v * data.zoom), made]);
    },
    about: (made) => told((last = made)),
    ask: () => ask(last),
  });
  follow(model, ["note"], () => { note.textContent = get("note"); });
  model.on("change:revision", receive);
  follow(model, ["at", "step", "heat", "level", "together"], draw);
  onPage(root, () => new ResizeObserver(draw).observe(root));
  receive();
}

export { reach, tally, unpacked };
export default { render };
