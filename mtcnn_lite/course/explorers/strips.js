// Maps of numbers as colours: each layer's channels as small multiples, and one map enlarged.

const BETWEEN = 2; // CSS pixels between two channels

export function ramp(stops) { // colours from the most negative to the most positive value, as bytes: 256 of them
  const codes = stops.map(rgb), table = new Uint8ClampedArray(4 * 256);
  for (let k = 0; k < 256; k++) {
    const at = (k / 255) * (codes.length - 1), low = Math.min(Math.floor(at), codes.length - 2), part = at - low;
    table.set([0, 1, 2].map((c) => codes[low][c] * (1 - part) + codes[low + 1][c] * part), 4 * k);
    table[4 * k + 3] = 255;
  }
  return table;
}

const shade = (value, scale) => Math.round((clamp(value / scale, -1, 1) + 1) * 127.5); // a place in such a table

function painted({ channels, rows, columns, values }, scale, table) { // all channels, one below the other, a pixel a cell
  const image = new ImageData(columns, channels * rows), colours = new Uint32Array(table.buffer);
  const pixels = new Uint32Array(image.data.buffer);
  for (let k = 0; k < pixels.length; k++) pixels[k] = colours[shade(values[k], scale)];
  const made = new OffscreenCanvas(columns, channels * rows);
  made.getContext("2d").putImageData(image, 0, 0);
  return made;
}

// One layer's channels, in columns at most `tall` CSS pixels high; a cell of a window's map is `cell` of them wide. Larger
// maps, of a whole level, are drawn as large as a window's.
function strip(parent, layer, cell, tall) {
  const shown = view(parent, 72), { name, title, channels, field } = layer, [wide, high] = [layer.columns, layer.rows].map((length) => length * cell);
  const below = Math.floor((tall + BETWEEN) / (high + BETWEEN)), beside = Math.ceil(channels / below), down = Math.ceil(channels / beside);
  const place = (channel) => [Math.floor(channel / down) * (wide + BETWEEN), (channel % down) * (high + BETWEEN)];
  const zoomOf = ({ rows, columns }) => Math.min(wide / columns, high / rows);
  shown.caption.style.whiteSpace = "pre-line";
  // lit: [channel, row, column], or nothing. part: [row, column] of the window's first cell in the maps of a level, or nothing.
  const draw = (maps, scale, table, lit, part) => {
    const pen = shown.fit(beside * (wide + BETWEEN) - BETWEEN, down * (high + BETWEEN) - BETWEEN), image = painted(maps, scale, table);
    const { rows, columns } = maps, zoom = zoomOf(maps), frames = new Path2D();
    pen.imageSmoothingEnabled = false;
    for (let channel = 0; channel < channels; channel++) {
      const [x, y] = place(channel);
      pen.drawImage(image, 0, channel * rows, columns, rows, x, y, columns * zoom, rows * zoom);
      if (part) frames.rect(x + part[1] * zoom, y + part[0] * zoom, layer.columns * zoom, layer.rows * zoom);
    }
    [pen.lineWidth, pen.strokeStyle] = [1, INK];
    pen.stroke(frames);
    const shape = rows * columns === 1 ? `${channels}` : `${channels}×${rows}×${columns}`;
    shown.caption.textContent = `${name}\n${shape}\n± ${scale}`;
    named(shown.canvas, `${name}, ${title}: ${shape}; a cell sees ${field} × ${field} px`);
    if (!lit) return;
    const [x, y] = place(lit[0]), [left, top] = [x + lit[2] * zoom, y + lit[1] * zoom];
    light(pen, [x, y, x + columns * zoom, y + rows * zoom], 1, 1.5);
    if (rows > 1) light(pen, [left, top, left + zoom, top + zoom], 1, 1.5);
  };
  const find = ({ offsetX, offsetY }, maps) => { // [channel, row, column] under the pointer, or null between two channels
    const across = Math.floor(offsetX / (wide + BETWEEN)), channel = across * down + Math.floor(offsetY / (high + BETWEEN));
    const [x, y] = place(channel), [row, column] = [offsetY - y, offsetX - x].map((offset) => Math.floor(offset / zoomOf(maps)));
    return channel >= 0 && channel < channels && column < maps.columns && row < maps.rows ? [channel, row, column] : null;
  };
  return { ...shown, draw, find };
}

function liveliest({ channels, rows, columns, values }) { // the channel with the largest values
  const size = rows * columns, total = Array.from({ length: channels }, (_, k) => sum([...values.subarray(k * size, (k + 1) * size)].map(Math.abs)));
  return total.indexOf(Math.max(...total));
}

function named(canvas, text) { // what a screen reader says of it
  canvas.setAttribute("role", canvas.tabIndex === 0 ? "application" : "img"); // the arrow keys are for those in the page's order
  canvas.removeAttribute("aria-labelledby");
  canvas.setAttribute("aria-label", text);
}

function pixels(rows, columns, paint) { // a canvas of a pixel a cell; paint(data, k) sets the four bytes from 4 * k on
  const image = new ImageData(columns, rows), made = new OffscreenCanvas(columns, rows);
  for (let k = 0; k < rows * columns; k++) paint(image.data, k);
  made.getContext("2d").putImageData(image, 0, 0);
  return made;
}

function enlarge(pen, image, width, height) { // its pixels stay visible
  pen.imageSmoothingEnabled = false;
  pen.drawImage(image, 0, 0, width, height);
}

const photograph = (rows, columns, rgb_) => pixels(rows, columns, (data, k) => { // RGB bytes
  for (let c = 0; c < 3; c++) data[4 * k + c] = rgb_[3 * k + c];
  data[4 * k + 3] = 255;
});

function legend(parent, table) { // what the colours mean
  const row = element(parent, "div", "legend"), bar = element(row, "i");
  const stops = [0, 1, 2, 3, 4, 5, 6, 7, 8].map((k) => `rgb(${table.subarray(4 * Math.round(k * 31.875), 4 * Math.round(k * 31.875) + 3)})`);
  bar.style.background = `linear-gradient(90deg, ${stops})`;
  row.prepend("negative");
  row.append("positive; white is 0. The scale ± … of a layer is the same for all its channels and for every window.");
}
