// Two boxes on a photo: drag one inside to move it, at an edge or a corner to resize it. All numbers are computed here,
// as `view` in overlap.py computes them; a test holds the two together.

const PHOTO = 470, BAR = [340, 24]; // CSS pixels: the photo's longer side; a bar's width and height
const GRIP = 7; // CSS pixels: how far from an edge the pointer still takes hold of it

export function measures(first, second) { // boxes [x1, y1, x2, y2]
  const area = ([x1, y1, x2, y2]) => Math.max(0, x2 - x1) * Math.max(0, y2 - y1);
  const both = [0, 1, 2, 3].map((k) => Math[k < 2 ? "max" : "min"](first[k], second[k]));
  const [one, two, shared] = [first, second, both].map(area), union = one + two - shared, smaller = Math.min(one, two);
  return { first: one, second: two, shared, union, iou: union ? shared / union : 0, iom: smaller ? shared / smaller : 0, both };
}

function render({ model, el }) {
  const root = element(el, "div", "mtcnn-canvas"), views = element(root, "div", "views");
  const photo = view(views), side = element(views, "div"), whole = view(side), smaller = view(side), table = element(side, "table");
  table.setAttribute("aria-live", "polite");
  smaller.caption.style.marginTop = "6px";
  side.style.width = `${BAR[0]}px`; // long words wrap in the table and do not push it below the photo
  let bitmap = null, held = null; // held: the box in hand, which of its corners move, where it was, where the pointer was

  const boxes = {
    first: { get: () => [...model.get("first")], set: (box) => model.set("first", box) },
    second: {
      get: () => ["x", "y", "width", "height"].map((name) => model.get(name)).map((v, k, all) => (k < 2 ? v : all[k - 2] + v)),
      set: ([x1, y1, x2, y2]) => Object.entries({ x: x1, y: y1, width: x2 - x1, height: y2 - y1 }).forEach((e) => model.set(...e)),
    },
  };
  const zoom = () => {
    const [x1, y1, x2, y2] = model.get("region");
    return PHOTO / Math.max(x2 - x1, y2 - y1);
  };

  function drawPhoto(first, second, both) {
    const [left, top, right, bottom] = model.get("region"), z = zoom(), [one, two, shared] = model.get("colours");
    const pen = photo.fit((right - left) * z, (bottom - top) * z);
    pen.drawImage(bitmap, 0, 0, (right - left) * z, (bottom - top) * z);
    const shape = ([x1, y1, x2, y2]) => [(x1 - left) * z, (y1 - top) * z, (x2 - x1) * z, (y2 - y1) * z];
    const meet = both[2] > both[0] && both[3] > both[1];
    const tint = (colour, ...cut) => { // the first of `cut` less the others
      const path = new Path2D();
      for (const box of cut) path.rect(...shape(box));
      pen.fillStyle = colour + "66"; // two fifths of it
      pen.fill(path, "evenodd");
    };
    for (const [box, colour] of [[first, one], [second, two]]) tint(colour, box, ...(meet ? [both] : []));
    if (meet) tint(shared, both);
    for (const [box, colour] of [[first, one], [second, two]]) {
      const [x, y, w, h] = shape(box);
      for (const [width, ink] of [[4, "rgba(255, 255, 255, 0.85)"], [2, colour]]) {
        pen.lineWidth = width;
        pen.strokeStyle = ink;
        pen.strokeRect(x, y, w, h);
      }
      for (const [cx, cy] of [[x, y], [x + w, y], [x, y + h], [x + w, y + h]]) {
        pen.fillStyle = colour;
        pen.fillRect(cx - 4, cy - 4, 8, 8);
        pen.lineWidth = 1;
        pen.strokeStyle = "#222";
        pen.strokeRect(cx - 4, cy - 4, 8, 8);
      }
    }
  }

  function drawBar(bar, parts) { // [area, colour] of each part: their sum is the whole bar
    const [width, height] = BAR, pen = bar.fit(width, height), sum = parts.reduce((s, [size]) => s + size, 0);
    pen.fillStyle = "rgba(128, 128, 128, 0.35)"; // where there is nothing to divide
    pen.fillRect(0, 0, width, height);
    let x = 0;
    for (const [size, colour] of sum ? parts : []) {
      pen.fillStyle = colour;
      pen.fillRect(x, 0, (size / sum) * width, height);
      x += (size / sum) * width;
    }
  }

  function draw() {
    if (!bitmap) return;
    const first = boxes.first.get(), second = boxes.second.get(), now = measures(first, second);
    const [one, two, shared] = model.get("colours"), lesser = now.first <= now.second ? [now.first, one] : [now.second, two];
    drawPhoto(first, second, now.both);
    drawBar(whole, [[now.first - now.shared, one], [now.shared, shared], [now.second - now.shared, two]]);
    drawBar(smaller, [[now.shared, shared], [lesser[0] - now.shared, lesser[1]]]);
    const where = ([x1, y1, x2, y2]) => `x ${x1} to ${x2}, y ${y1} to ${y2}`;
    photo.caption.textContent = `first: ${where(first)} · second: ${where(second)}`;
    whole.caption.textContent = "the union: only the first, shared, only the second";
    smaller.caption.textContent = `the smaller box, here the ${now.first <= now.second ? "first" : "second"}: shared, not shared`;
    const px = (v) => `${v.toLocaleString("en")} px²`, goes = (over) => (over ? "one goes" : "both stay");
    const [level, last] = model.get("allowed"), kind = model.get("kinds").find(([least]) => now.iou >= least)[1];
    const rows = [
      ["first box", px(now.first)], ["second box", px(now.second)], ["shared", px(now.shared)], ["union", px(now.union)],
      ["IoU", now.iou.toFixed(3)], ["over the smaller", now.iom.toFixed(3)],
      ["training calls the second", kind],
      [`NMS in a level: IoU > ${level}`, goes(now.iou > level)],
      [`last NMS: over smaller > ${last}`, goes(now.iom > last)],
    ];
    table.replaceChildren(...rows.map((row, r) => {
      const tr = document.createElement("tr");
      if (r === 4 || r === 5) tr.className = "now";
      tr.append(...row.map((text) => Object.assign(document.createElement("td"), { textContent: text })));
      return tr;
    }));
  }

  const at = (event) => {
    const [left, top] = model.get("region");
    return [left + event.offsetX / zoom(), top + event.offsetY / zoom()];
  };

  function grip(event) { // which box, and which of x1, y1, x2, y2 go with the pointer
    const near = GRIP / zoom(), [x, y] = at(event);
    for (const name of ["second", "first"]) {
      const [x1, y1, x2, y2] = boxes[name].get();
      if (x < x1 - near || x > x2 + near || y < y1 - near || y > y2 + near) continue;
      const far = [x2 - x <= near, y2 - y <= near], close = [x - x1 <= near && !far[0], y - y1 <= near && !far[1]];
      const edges = [...close, ...far];
      if (edges.includes(true)) return { name, edges };
      if (x > x1 && x < x2 && y > y1 && y < y2) return { name, edges: [true, true, true, true] };
    }
    return null;
  }

  function pull(event) { // the box in hand, with the pointer where it is now: whole pixels, never inside out, in reach
    const [left, top, right, bottom] = model.get("region"), low = [left, top], high = [right, bottom];
    const moves = held.edges.every(Boolean), box = [...held.box], to = at(event);
    for (const axis of [0, 1]) {
      const by = Math.round(to[axis] - held.from[axis]), clamp = (v, least, most) => Math.min(most, Math.max(least, v));
      if (moves) {
        const start = clamp(box[axis] + by, low[axis], high[axis] - 1);
        [box[axis], box[axis + 2]] = [start, start + box[axis + 2] - box[axis]];
      } else if (held.edges[axis]) box[axis] = clamp(box[axis] + by, low[axis], Math.min(box[axis + 2], high[axis] - 1));
      else if (held.edges[axis + 2]) box[axis + 2] = clamp(box[axis + 2] + by, box[axis], Math.max(box[axis], high[axis]));
    }
    boxes[held.name].set(box);
  }

  function cursor(edges) {
    if (!edges) return "default";
    const [x1, y1, x2, y2] = edges;
    if (edges.every(Boolean)) return "move";
    if ((x1 || x2) && (y1 || y2)) return (x1 && y1) || (x2 && y2) ? "nwse-resize" : "nesw-resize";
    return x1 || x2 ? "ew-resize" : "ns-resize";
  }

  photo.canvas.style.touchAction = "none"; // a finger drags the box, not the page
  photo.canvas.addEventListener("pointerdown", (event) => {
    const taken = grip(event);
    if (!taken) return;
    held = { ...taken, box: boxes[taken.name].get(), from: at(event) };
    photo.canvas.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  photo.canvas.addEventListener("pointermove", (event) => {
    photo.canvas.style.cursor = cursor((held || grip(event) || {}).edges);
    if (held) pull(event);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    photo.canvas.addEventListener(end, () => {
      if (held) model.save_changes(); // Python learns where the box has come to rest
      held = null;
    });
  }

  for (const name of ["first", "x", "y", "width", "height"]) model.on(`change:${name}`, draw);
  const view_ = model.get("photo"), jpeg = view_.buffer.slice(view_.byteOffset, view_.byteOffset + view_.byteLength);
  const [left, top, right, bottom] = model.get("region"), dense = zoom() * (window.devicePixelRatio || 1);
  const size = { resizeWidth: Math.round((right - left) * dense), resizeHeight: Math.round((bottom - top) * dense) };
  createImageBitmap(new Blob([jpeg], { type: "image/jpeg" }), { ...size, resizeQuality: "high" }).then((decoded) => {
    bitmap = decoded; // at its size on screen, so that a move does not scale it again
    draw();
  });
}

export default { render };
