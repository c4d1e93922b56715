// A fully convolutional net in the browser: convolutions, PReLU, max pooling that rounds up, heads of 1 x 1 convolutions.
// What goes through it has the shape {channels, rows, columns, values}, values channel by channel.

export function readNet(plan, values) { // plan: [name, kind, kernel, stride, in, out] of each layer; values: all its numbers
  let at = 0;
  const take = (count) => values.subarray(at, (at += count));
  return plan.map(([name, kind, kernel, stride, inside, outside]) => {
    const layer = { name, kind, kernel, stride, outside };
    if (kind === "conv") [layer.weight, layer.bias] = [take(outside * inside * kernel * kernel), take(outside)];
    if (kind === "prelu") layer.slopes = take(outside);
    return layer;
  });
}

const blank = (channels, rows, columns) => ({ channels, rows, columns, values: new Float64Array(channels * rows * columns) });

function convolve({ channels, rows, columns, values }, { kernel, outside, weight, bias }) { // of 3 x 3 or of 1 x 1
  const made = blank(outside, rows - kernel + 1, columns - kernel + 1), area = made.rows * made.columns;
  const add = kernel === 3 ? addNine : addOne;
  for (let o = 0, w = 0; o < outside; o++) {
    made.values.fill(bias[o], o * area, (o + 1) * area);
    for (let c = 0; c < channels; c++, w += kernel * kernel) {
      add(made.values, o * area, made.rows, made.columns, values, c * rows * columns, columns, weight, w);
    }
  }
  return made;
}

function addOne(sums, to, rows, columns, values, from, _, weight, w) { // one channel of the output from one of the input
  for (let k = 0; k < rows * columns; k++) sums[to + k] += weight[w] * values[from + k];
}

function addNine(sums, to, rows, columns, values, from, pitch, weight, w) {
  const a = weight[w], b = weight[w + 1], c = weight[w + 2], d = weight[w + 3], e = weight[w + 4], f = weight[w + 5];
  const g = weight[w + 6], h = weight[w + 7], i = weight[w + 8];
  for (let y = 0; y < rows; y++, from += pitch) { // all nine products at once: most time goes into reading and writing sums
    for (let k = from, m = from + pitch, n = m + pitch, end = k + columns; k < end; k++, m++, n++, to++) {
      sums[to] += a * values[k] + b * values[k + 1] + c * values[k + 2] + d * values[m] + e * values[m + 1] + f * values[m + 2]
        + g * values[n] + h * values[n + 1] + i * values[n + 2];
    }
  }
}

function prelu(maps, { slopes }) {
  const area = maps.rows * maps.columns, values = maps.values.slice();
  for (let c = 0, k = 0; c < maps.channels; c++) {
    for (const end = k + area; k < end; k++) if (values[k] < 0) values[k] *= slopes[c];
  }
  return { ...maps, values };
}

function pool({ channels, rows, columns, values }, { kernel, stride }) { // rounds up: the last window may be cut short
  const made = blank(channels, ...[rows, columns].map((side) => Math.ceil((side - kernel) / stride) + 1));
  for (let c = 0, k = 0; c < channels; c++) {
    for (let y = 0; y < made.rows * stride; y += stride) {
      for (let x = 0; x < made.columns * stride; x += stride, k++) {
        let most = -Infinity;
        for (let v = y; v < Math.min(y + kernel, rows); v++) {
          for (let u = x; u < Math.min(x + kernel, columns); u++) most = Math.max(most, values[(c * rows + v) * columns + u]);
        }
        made.values[k] = most;
      }
    }
  }
  return made;
}

export function forward(net, input) { // {layers: each layer's output, a PReLU's in place of what it read; heads: by name}
  const layers = [], heads = {};
  let last = input;
  for (const layer of net) {
    if (layer.kind === "conv" && layer.name in { face: 0, offsets: 0, landmarks: 0 }) heads[layer.name] = convolve(last, layer);
    else if (layer.kind === "prelu") layers[layers.length - 1] = last = prelu(last, layer);
    else layers.push((last = (layer.kind === "conv" ? convolve : pool)(last, layer)));
  }
  return { layers, heads };
}

export function readPixels(pixels, width, [left, top, across, down]) { // a part of an RGB picture, as the nets read it
  const made = blank(3, down, across);
  for (let c = 0, k = 0; c < 3; c++) {
    for (let y = top; y < top + down; y++) {
      for (let x = left; x < left + across; x++, k++) made.values[k] = (pixels[3 * (y * width + x) + c] - 127.5) / 128;
    }
  }
  return made;
}

export const margins = ({ rows, columns, values }) => { // of the head "face": how much surer of "face" than of "no face"
  const area = rows * columns;
  return Float64Array.from({ length: area }, (_, k) => values[area + k] - values[k]);
};

export const likelihood = (margin) => 1 / (1 + Math.exp(-margin));

export function hide(net, crop, units, patch) { // margins with a gray patch at each place, as `occlusion` has them in Python
  const places = units - patch + 1, unit = crop.columns / units, found = new Float64Array(places * places);
  for (let k = 0; k < found.length; k++) {
    const values = crop.values.slice(), top = Math.floor(k / places) * unit, left = (k % places) * unit;
    for (let c = 0; c < 3; c++) {
      for (let y = top; y < top + patch * unit; y++) {
        const row = (c * crop.rows + y) * crop.columns;
        values.fill(0, row + left, row + left + patch * unit);
      }
    }
    [found[k]] = margins(forward(net, { ...crop, values }).heads.face);
  }
  return found;
}
