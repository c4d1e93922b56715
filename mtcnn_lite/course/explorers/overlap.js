// Two boxes on a photo: drag one inside to move it, at an edge or a corner to resize it. All numbers are computed here,
// as `view` in overlap.py computes them; a test holds the two together. By keyboard: space chooses, arrows move.

const PHOTO = 470, BAR = [340, 24]; // CSS pixels: the photo's longer side; a bar's width and height
const MOVED = ["blue box", "blue box's lower right corner", "yellow box", "yellow box's lower right corner"]; // by the arrow keys
const GRIP = 7; // CSS pixels: how far from an edge the pointer still takes hold of it

export function measures(first, second) { // boxes [x1, y1, x2, y2]
  const area = ([x1, y1, x2, y2]) => Math.max(0, x2 - x1) * Math.max(0, y2 - y1);
  const both = [0, 1, 2, 3].map((k) => Math[k < 2 ? "max" : "min"](first[k], second[k]));
  const [one, two, shared] = [first, second, both].map(area), union = one + two - shared, smaller = Math.min(one, two);
  return { first: one, second: two, shared, union, iou: union ? shared / union : 0, iom: smaller ? shared / smaller : 0, both };
}

function render({ model, el }) {
  const [, views] = frame(model, el), get = (name) => model.get(name);
  const photo = view(views), side = element(views, "div"), whole = view(side), smaller = view(side), table = live(element(side, "table"));
  smaller.caption.style.marginTop = "6px";
  side.style.width = `${BAR[0]}px`; // long words wrap in the table and do not push it below the photo
  const [left, top, right, bottom] = get("region"), zoom = PHOTO / Math.max(right - left, bottom - top);
  const advice = live(element(side, "p"));
  let bitmap = null, held = 0; // held: which of MOVED

  const boxes = {
    first: { get: () => [...get("first")], set: (box) => model.set("first", box) },
    second: {
      get: () => ["x", "y", "width", "height"].map(get).map((v, k, all) => (k < 2 ? v : all[k - 2] + v)),
      set: ([x1, y1, x2, y2]) => Object.entries({ x: x1, y: y1, width: x2 - x1, height: y2 - y1 }).forEach((e) => model.set(...e)),
    },
  };

  function drawPhoto(first, second, both) {
    const [one, two, shared] = get("colours"), pen = photo.fit((right - left) * zoom, (bottom - top) * zoom);
    pen.drawImage(bitmap, 0, 0, (right - left) * zoom, (bottom - top) * zoom);
    const moved = ([x1, y1, x2, y2]) => [x1 - left, y1 - top, x2 - left, y2 - top];
    const meet = both[2] > both[0] && both[3] > both[1];
    const tint = (colour, ...cut) => { // the first of `cut` less the others
      pen.fillStyle = colour + "66"; // two fifths of it
      pen.fill(outlines(cut.map(moved), zoom), "evenodd");
    };
    for (const [box, colour] of [[first, one], [second, two]]) tint(colour, box, ...(meet ? [both] : []));
    if (meet) tint(shared, both);
    for (const [box, colour] of [[first, one], [second, two]]) {
      rimmed(pen, rectangle(moved(box), zoom), 2, colour, 2);
      const [x1, y1, x2, y2] = moved(box).map((v) => v * zoom);
      for (const [x, y] of [[x1, y1], [x2, y1], [x1, y2], [x2, y2]]) {
        block(pen, colour, x - 4, y - 4, 8, 8);
        pen.lineWidth = 1;
        pen.strokeStyle = INK;
        pen.strokeRect(x - 4, y - 4, 8, 8);
      }
    }
  }

  function drawBar(bar, parts) { // [area, colour] of each part: their sum is the whole bar
    const [width, height] = BAR, pen = bar.fit(width, height), total = sum(parts.map(([size]) => size));
    block(pen, GRID, 0, 0, width, height); // where there is nothing to divide
    let x = 0;
    for (const [size, colour] of total ? parts : []) {
      block(pen, colour, x, 0, (size / total) * width, height);
      x += (size / total) * width;
    }
  }

  function draw() {
    if (!bitmap) return;
    const first = boxes.first.get(), second = boxes.second.get(), now = measures(first, second);
    const [one, two, shared] = get("colours"), lesser = now.first <= now.second ? [now.first, one] : [now.second, two];
    drawPhoto(first, second, now.both);
    drawBar(whole, [[now.first - now.shared, one], [now.shared, shared], [now.second - now.shared, two]]);
    drawBar(smaller, [[now.shared, shared], [lesser[0] - now.shared, lesser[1]]]);
    const where = ([x1, y1, x2, y2]) => `x ${x1} to ${x2}, y ${y1} to ${y2}`;
    photo.caption.textContent = `yellow: ${where(first)} · blue: ${where(second)}`;
    const keys = `Keys on the photo: arrows move the ${MOVED[held]}, space chooses another.`;
    if (advice.textContent !== keys) advice.textContent = keys;
    whole.caption.textContent = "the union: only yellow, shared, only blue";
    smaller.caption.textContent = `the smaller box, here the ${now.first <= now.second ? "yellow" : "blue"} one: shared, not shared`;
    const px = (v) => `${english(v)} px²`, goes = (over) => (over ? "one goes" : "both stay");
    const [level, last] = get("allowed"), kind = get("kinds").find(([least]) => now.iou >= least)[1];
    fill(table, [
      ["yellow box", px(now.first)], ["blue box", px(now.second)], ["shared", px(now.shared)], ["union", px(now.union)],
      ["IoU", now.iou.toFixed(3)], ["over the smaller", now.iom.toFixed(3)],
      ["training calls the blue one", kind],
      [`NMS in a level: IoU > ${level}`, goes(now.iou > level)],
      [`last NMS: over smaller > ${last}`, goes(now.iom > last)],
    ], { now: (r) => r === 4 || r === 5 });
  }

  const at = (event) => [left + event.offsetX / zoom, top + event.offsetY / zoom];

  function grip(event) { // which box, and which of its edges go with the pointer
    const from = at(event);
    for (const name of ["second", "first"]) {
      const box = boxes[name].get(), edges = edgesAt(box, from, GRIP / zoom);
      if (edges) return { name, edges, box, from };
    }
    return null;
  }

  function pull(event, { name, edges, box, from }) {
    const to = at(event);
    boxes[name].set(pulled(box, edges, [to[0] - from[0], to[1] - from[1]], [left, top], [right, bottom]));
  }

  keyboard(photo.canvas, model, (way, far) => {
    const name = held < 2 ? "second" : "first", corner = held % 2 === 1;
    const by = way.map((step) => step * (far ? 10 : 1));
    boxes[name].set(pulled(boxes[name].get(), [!corner, !corner, true, true], by, [left, top], [right, bottom]));
  }, { " ": () => {
    held = (held + 1) % MOVED.length;
    draw();
  } });
  draggable(photo.canvas, model, grip, pull, (event, held) => {
    photo.canvas.style.cursor = cursorOf((held || grip(event) || {}).edges);
  });
  follow(model, ["first", "x", "y", "width", "height"], draw);
  const [resizeWidth, resizeHeight] = [right - left, bottom - top].map((side_) => Math.round(side_ * zoom * (window.devicePixelRatio || 1)));
  decode(get("photo"), "jpeg", { resizeWidth, resizeHeight, resizeQuality: "high" }).then((decoded) => {
    bitmap = decoded; // at its size on screen, so that a move does not scale it again
    draw();
  });
}

export default { render };
