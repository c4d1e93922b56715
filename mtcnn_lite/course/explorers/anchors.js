// Anchors on a labelled photo, by the sliders: which are for a face, which are ignored, which faces have none. All numbers
// are computed here, as `view` in anchors.py computes them; a test holds the two together.

const PHOTO = 430, BARS = [350, 190], LEFT = 34, BASE = 32; // CSS pixels: the photo's longer side; the plot, its margins
const SCALE = [350, 66], ENDS = [8, 2048]; // the strip of sizes, CSS pixels; where its logarithmic scale begins and ends, px

export function anchors({ size: [width, height], strides, largest, smallest, step, count, shape }) { // { sides, boxes }
  const sides = Array.from({ length: count }, (_, k) => smallest * step ** k).filter((side) => side <= largest), boxes = [];
  for (const side of sides) {
    const [, apart] = strides.find(([longest]) => side <= longest);
    const halfX = (side / 2) / Math.sqrt(shape), halfY = (side / 2) * Math.sqrt(shape);
    for (let i = 0; i < Math.ceil(height / apart); i++) {
      for (let j = 0; j < Math.ceil(width / apart); j++) {
        const x = (j + 0.5) * apart, y = (i + 0.5) * apart;
        boxes.push([x - halfX, y - halfY, x + halfX, y + halfY]);
      }
    }
  }
  return { sides, boxes };
}

function overlap(a, b) {
  const wide = Math.min(a[2], b[2]) - Math.max(a[0], b[0]), high = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (wide <= 0 || high <= 0) return 0;
  const shared = wide * high, area = ([x1, y1, x2, y2]) => (x2 - x1) * (y2 - y1);
  return shared / (area(a) + area(b) - shared);
}

export function matched(boxes, faces, { positive, negative, force }) { // owner of each anchor: a face, -1, -2
  const low = Math.min(negative, positive), best = faces.map(() => 0), its = faces.map(() => -1), nearest = [];
  const owner = boxes.map((box, at) => {
    let most = 0, face = 0;
    faces.forEach((one, k) => {
      const both = overlap(box, one);
      if (both > most) [most, face] = [both, k];
      if (both > best[k]) [best[k], its[k]] = [both, at];
    });
    nearest[at] = face;
    return most >= positive - 1e-7 && faces.length ? face : most >= low - 1e-7 ? -2 : -1;
  });
  if (force) its.forEach((at, k) => { if (at >= 0) owner[at] = k; });
  const each = faces.map((_, k) => owner.filter((face) => face === k).length);
  const unsure = faces.map((_, k) => owner.filter((face, at) => face === -2 && nearest[at] === k).length);
  return { owner, best, each, unsure };
}

const TRAITS = ["smallest", "step", "count", "shape", "positive", "negative", "force", "ignored"];

function render({ model, el }) {
  const [root, views] = frame(model, el), get = (name) => model.get(name);
  const photo = view(views), side = element(views, "div"), table = live(element(side, "table")), bars = view(side), scale = view(side);
  scale.figure.style.marginTop = "6px";
  side.style.width = `${BARS[0]}px`;
  const faces = get("faces"), [width, height] = get("size"), zoom = PHOTO / Math.max(width, height);
  const length = faces.map(([x1, y1, x2, y2]) => Math.min(x2 - x1, y2 - y1));
  const order = faces.map((_, k) => k).sort((a, b) => length[a] - length[b]);
  let bitmap = null, now = null;
  const pointed = pointer(root, 260, () => drawAll());

  function compute() {
    const state = Object.fromEntries([...TRAITS, "size", "strides", "largest"].map((name) => [name, get(name)]));
    const { sides, boxes } = anchors(state);
    now = { sides, boxes, ...matched(boxes, faces, state) };
  }

  function drawPhoto() {
    const [face, positive, ignored] = get("colours"), pen = photo.fit(width * zoom, height * zoom), lit = pointed.lit;
    pen.drawImage(bitmap, 0, 0, width * zoom, height * zoom);
    const of = (test) => now.boxes.filter((_, k) => test(now.owner[k])).slice(0, get("most"));
    if (get("ignored")) {
      pen.lineWidth = 1;
      pen.strokeStyle = ignored;
      pen.stroke(outlines(of((owner) => owner === -2), zoom));
    }
    const mine = of(lit === null ? (owner) => owner >= 0 : (owner) => owner === lit);
    rimmed(pen, outlines(mine, zoom), 1, positive, 1, 0.5);
    faces.forEach((box, k) => {
      rimmed(pen, rectangle(box, zoom), 2, face, 1.6, 0.85, now.each[k] ? [] : [4, 3]);
      if (now.each[k]) return;
      const [x, y, wide, high] = rectangle(box, zoom), reach = 5, cross = new Path2D();
      for (const way of [-1, 1]) {
        cross.moveTo(x + wide / 2 - reach, y + high / 2 - way * reach);
        cross.lineTo(x + wide / 2 + reach, y + high / 2 + way * reach);
      }
      rimmed(pen, cross, 2, positive, 2, 0.95);
    });
    if (lit !== null) light(pen, faces[lit], zoom);
    photo.caption.textContent = "yellow: faces; vermilion: the anchors for them; dashed, with a cross: none";
  }

  function drawBars() {
    const [, colour, grey] = get("colours"), [pen, ink] = sheet(bars, BARS, root);
    const most = nice(Math.max(5, ...now.each.map((n, k) => n + now.unsure[k])));
    const room = (BARS[0] - LEFT) / faces.length, high = (n) => (n / most) * (BARS[1] - BASE - 12);
    for (const mark of [0, most / 2, most]) {
      const y = BARS[1] - BASE - high(mark);
      trace(pen, [[[LEFT, y], [BARS[0], y]]], GRID);
      write(pen, english(mark), LEFT - 5, y, "right", ink);
    }
    order.forEach((k, place) => {
      const x = LEFT + place * room, lit = pointed.lit === k;
      const top = BARS[1] - BASE - high(now.each[k]), more = high(now.unsure[k]);
      block(pen, lit ? ink : colour, x + 3, top, room - 6, high(now.each[k]));
      block(pen, grey, x + 3, top - more, room - 6, more);
      if (!now.each[k]) write(pen, "✕", x + room / 2, top - more - 8, "center", colour);
      write(pen, String(Math.round(length[k])), x + room / 2, BARS[1] - (place % 2 ? 8 : 22), "center", ink);
    });
    bars.caption.textContent = "anchors by the face's shorter side in px; gray: ignored";
  }

  function drawScale() { // the preset sizes as lines, with their shape; the faces' as dots
    const [face, colour] = get("colours"), [pen, ink] = sheet(scale, SCALE, root), [low, high] = ENDS.map(Math.log2);
    const at = (px) => 14 + ((Math.log2(px) - low) / (high - low)) * (SCALE[0] - 28), base = SCALE[1] - 20;
    trace(pen, [[[at(ENDS[0]), base], [at(ENDS[1]), base]]], ink);
    for (let px = ENDS[0]; px <= ENDS[1]; px *= 2) write(pen, String(px), at(px), SCALE[1] - 8, "center", ink);
    const across = 8 / Math.sqrt(get("shape")), tall = 8 * Math.sqrt(get("shape")); // on each line, an anchor in small
    trace(pen, now.sides.map((px) => [[at(px), 8], [at(px), base]]), colour, 2);
    for (const px of now.sides) block(pen, colour, at(px) - across / 2, 8 - tall / 2, across, tall);
    order.forEach((k, place) => {
      const y = 23 + (place % 2) * 13;
      disc(pen, at(length[k]), y, 5, ink);
      disc(pen, at(length[k]), y, 3.5, now.each[k] ? face : colour);
    });
    const left = get("count") - now.sides.length;
    if (left) write(pen, `+ ${left}`, SCALE[0], base - 10, "right", ink);
    scale.caption.textContent = `sizes in px: anchors (lines), faces (dots)${left ? `; ${left} over ${english(get("largest"))} left out` : ""}`;
  }

  function drawTable() {
    const is = (test) => now.owner.filter(test).length, yes = is((owner) => owner >= 0), none = now.each.filter((n) => !n).length;
    const background = is((owner) => owner === -1);
    fill(table, [
      ["sizes, px", now.sides.map((one) => Math.round(one)).join(" ")], ["anchors", english(now.boxes.length)],
      ["for a face", english(yes)], ["ignored", english(is((owner) => owner === -2))], ["background", english(background)],
      ["background / for a face", yes ? english(Math.round(background / yes)) : "–"],
      ["faces without an anchor", `${none} of ${faces.length}`],
    ], { now: (r) => r === 2 || r === 6, colour: (r) => (r === 2 ? get("colours")[1] : r === 3 ? get("colours")[2] : null) });
  }

  function drawAll() {
    if (!bitmap || !now) return;
    drawPhoto();
    drawBars();
    drawScale();
  }

  const says = (k) => `a face of ${Math.round(length[k])} px: ${now.each[k]} anchors; the best has an IoU of ${now.best[k].toFixed(2)}`;
  const about = (k) => [k, says(k)];
  pointed.watch(photo.canvas, (event) => {
    const k = smallest(event, zoom, faces.map((box, face) => [box, face]));
    return k === undefined ? null : about(k);
  });
  const spot = (place) => LEFT + (place * (BARS[0] - LEFT)) / faces.length;
  pointed.watch(bars.canvas, (event) => {
    const place = Math.floor(((event.offsetX - LEFT) / (BARS[0] - LEFT)) * faces.length);
    return place in order && event.offsetX >= LEFT ? about(order[place]) : null;
  });
  browse(photo.canvas, model, pointed, { list: () => faces.map((box, k) => [box.map((v) => v * zoom), k]), about });
  browse(bars.canvas, model, pointed, {
    list: () => order.map((k, place) => [[spot(place), 0, spot(place + 1), BARS[1]], k]), about,
  });

  follow(model, TRAITS, () => {
    compute();
    drawTable();
    drawAll();
  });
  decode(get("photo")).then((decoded) => {
    bitmap = decoded;
    compute();
    onPage(root, () => {
      drawTable();
      drawAll();
    });
  });
}

export default { render };
