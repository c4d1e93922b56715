// The turned photo with five points, one of them pushed, and the crop that they give. All numbers are computed here, as
// `view` in alignment.py computes them; a test holds the two together.

const PHOTO = 420, CROP = 336, SHOWN = 2.1; // CSS pixels: sides on screen; how many of the box's sides the photo shows

const times = ([[a, b, s], [c, d, t]], [x, y]) => [a * x + b * y + s, c * x + d * y + t];
const after = (second, first) => { // one matrix that does `first`, then `second`
  const [[a, b, s], [c, d, t]] = first, [[e, f, u], [g, h, v]] = second;
  return [[e * a + f * c, e * b + f * d, e * s + f * t + u], [g * a + h * c, g * b + h * d, g * s + h * t + v]];
};
const inverse = ([[a, b, s], [c, d, t]]) => {
  const det = a * d - b * c;
  return [[d / det, -b / det, (b * t - d * s) / det], [-c / det, a / det, (c * s - a * t) / det]];
};

function similarity(points, target) { // least squares: sum(conj(p) q) / sum(|p|^2) of the centred points
  const mean = (all, k) => all.reduce((total, each) => total + each[k], 0) / all.length;
  const [px, py, qx, qy] = [mean(points, 0), mean(points, 1), mean(target, 0), mean(target, 1)];
  let a = 0, b = 0, spread = 0;
  points.forEach(([x, y], k) => {
    const [u, v, w, z] = [x - px, y - py, target[k][0] - qx, target[k][1] - qy];
    a += u * w + v * z;
    b += u * z - v * w;
    spread += u * u + v * v;
  });
  [a, b] = [a / spread, b / spread];
  return [[a, -b, qx - a * px + b * py], [b, a, qy - b * px - a * py]];
}

export function cut(points, [x1, y1, x2, y2], template, side, way, turn, which, right, down) { // way: 0 plain, 1 eyes, 2 all
  const middle = [(x1 + x2) / 2 - 0.5, (y1 + y2) / 2 - 0.5], angle = (turn * Math.PI) / 180;
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const turning = [[c, -s, middle[0] - c * middle[0] + s * middle[1]], [s, c, middle[1] - s * middle[0] - c * middle[1]]];
  const turned = points.map((point) => times(turning, point));
  const given = turned.map(([x, y], k) => (k === which ? [x + right, y + down] : [x, y]));
  const scale = side / (x2 - x1), count = way === 1 ? 2 : 5;
  const matrix = way === 0
    ? [[scale, 0, (side - 1) / 2 - scale * middle[0]], [0, scale, (side - 1) / 2 - scale * middle[1]]]
    : similarity(given.slice(0, count), template.slice(0, count));
  const landed = turned.map((point) => times(matrix, point));
  const off = sum(landed.map(([x, y], k) => Math.hypot(x - template[k][0], y - template[k][1]))) / 5;
  const tilt = (Math.atan2(landed[1][1] - landed[0][1], landed[1][0] - landed[0][0]) * 180) / Math.PI;
  return { middle, turning, turned, given, matrix, landed, off, tilt };
}

function render({ model, el }) {
  const [root, views] = frame(model, el), photo = view(views), crop = view(views), said = live(element(root, "p"));
  said.style.maxWidth = "760px";
  const get = (name) => model.get(name), square = get("square"), side = get("side"), width = square[2] - square[0];
  const zoom = PHOTO / (SHOWN * width);
  const [left, top] = [0, 1].map((k) => (square[k] + square[k + 2]) / 2 - (SHOWN * width) / 2); // of what the photo shows
  const turnedPhoto = document.createElement("canvas").getContext("2d"); // without the dots: a push moves only those
  const pixels = document.createElement("canvas").getContext("2d"); // the crop at its own size, as a net sees it
  [pixels.canvas.width, pixels.canvas.height] = [side, side];
  let bitmap = null, now = null, kept = ""; // kept: what turnedPhoto shows

  const onPhoto = ([x, y]) => [(x + 0.5 - left) * zoom, (y + 0.5 - top) * zoom]; // pixel centre to screen
  const toEdges = ([[a, b, s], [c, d, t]]) => [[a, b, s + 0.5 - (a + b) / 2], [c, d, t + 0.5 - (c + d) / 2]]; // of centres

  function place(pen, [[a, b, s], [c, d, t]], unit) { // pen draws in pixels of the photo; the matrix counts edges
    pen.save();
    pen.transform(unit * a, unit * c, unit * b, unit * d, unit * s, unit * t);
    pen.drawImage(bitmap, 0, 0);
    pen.restore();
  }

  function drawTurned(pen, matrix) { // resampling costs the most: once for each turn
    const { canvas } = turnedPhoto, [w, h] = [photo.canvas.width, photo.canvas.height], wanted = `${get("turn")} ${w}`;
    if (kept !== wanted) {
      [canvas.width, canvas.height] = [w, h]; // empties it
      turnedPhoto.fillRect(0, 0, w, h);
      place(turnedPhoto, matrix, (zoom * w) / PHOTO);
      kept = wanted;
    }
    pen.drawImage(canvas, 0, 0, PHOTO, PHOTO);
  }

  function dot(pen, [x, y], colour, ring) {
    const path = new Path2D();
    path.arc(x, y, ring ? 7 : 4, 0, 7);
    if (ring) return rimmed(pen, path, 2, colour, 2, 1);
    pen.lineWidth = 3;
    pen.strokeStyle = INK;
    pen.stroke(path);
    pen.fillStyle = colour;
    return pen.fill(path);
  }

  function draw() {
    if (!bitmap) return;
    const [belongs, is] = get("colours"), template = get("template"), way = get("way");
    now = cut(get("points"), square, template, side, way, get("turn"), get("which"), get("right"), get("down"));
    let pen = photo.fit(PHOTO, PHOTO);
    drawTurned(pen, after([[1, 0, -left], [0, 1, -top]], toEdges(now.turning)));
    const back = inverse(toEdges(now.matrix)), outline = new Path2D();
    for (const each of [[0, 0], [side, 0], [side, side], [0, side]]) {
      const [x, y] = times(back, each);
      outline.lineTo((x - left) * zoom, (y - top) * zoom);
    }
    outline.closePath();
    rimmed(pen, outline, 2.5, belongs, 2.5, 1);
    now.given.forEach((point, k) => {
      if (k === get("which") && (get("right") || get("down"))) dot(pen, onPhoto(now.turned[k]), is, true);
      dot(pen, onPhoto(point), is, false);
    });
    photo.caption.textContent = `photo, turned by ${get("turn").toFixed(0)}°: drag a point (keys: space, arrows)`;
    pen = crop.fit(CROP, CROP);
    pixels.fillRect(0, 0, side, side);
    place(pixels, after(toEdges(now.matrix), toEdges(now.turning)), 1);
    const unit = CROP / side;
    pen.imageSmoothingEnabled = false; // show its pixels
    pen.drawImage(pixels.canvas, 0, 0, CROP, CROP);
    for (const [points, colour, ring] of [[template, belongs, true], [now.landed, is, false]]) {
      for (const [x, y] of points) dot(pen, [(x + 0.5) * unit, (y + 0.5) * unit], colour, ring);
    }
    crop.caption.textContent = `${get("ways")[way]}: ${side} × ${side} px; rings: the places`;
    const sign = (value) => (value < -0.05 ? "−" : "") + Math.abs(value).toFixed(1);
    said.textContent = `The points land ${now.off.toFixed(1)} px from their places, on average; the eyes are tilted by ${sign(now.tilt)}°, `
      + `${Math.hypot(now.landed[1][0] - now.landed[0][0], now.landed[1][1] - now.landed[0][1]).toFixed(1)} px apart.`;
  }

  const asked = () => [0, 2, 5][get("way")]; // a plain crop asks no point, two eyes no other one
  const pushable = () => get("which") < asked();

  function parts() { // what has no part in the way of cutting is off
    switchOff(model, "which", asked() === 0);
    for (const name of ["right", "down"]) switchOff(model, name, !pushable());
  }

  const limit = (value) => Math.round(2 * clamp(value, -get("reach"), get("reach"))) / 2;
  draggable(photo.canvas, model, (event) => { // the nearest point, if the pointer is on it
    const far = (now?.given || []).map((point) => Math.hypot(onPhoto(point)[0] - event.offsetX, onPhoto(point)[1] - event.offsetY));
    const nearest = far.indexOf(Math.min(...far));
    return far[nearest] <= 18 ? nearest : null;
  }, (event, point) => {
    const [x, y] = onPhoto(now.turned[point]);
    model.set("which", point);
    model.set("right", limit((event.offsetX - x) / zoom));
    model.set("down", limit((event.offsetY - y) / zoom));
  });
  keyboard(photo.canvas, model, (way, far) => ["right", "down"].forEach((name, axis) => { // the point that is pushed
    if (pushable()) model.set(name, limit(get(name) + way[axis] * (far ? 4 : 0.5)));
  }), { " ": () => model.set("which", (get("which") + 1) % 5) });
  follow(model, ["turn", "which", "right", "down", "way"], draw);
  follow(model, ["which", "way"], parts);
  parts();
  decode(get("photo")).then((decoded) => {
    bitmap = decoded;
    draw();
  });
}

export default { render };
