// NMS as a film, step by step, as `film` in suppression.py makes it: in single precision, as Python computes. A test holds the
// two together.

const f32 = Math.fround;

export function overlap(a, b, measure) { // of two boxes, float32: "iou", or "iom" over the smaller
  const side = (low, high) => Math.max(f32(high - low), 0), area = (box) => f32(side(box[0], box[2]) * side(box[1], box[3]));
  const shared = f32(side(Math.max(a[0], b[0]), Math.min(a[2], b[2])) * side(Math.max(a[1], b[1]), Math.min(a[3], b[3])));
  const whole = measure === "iom" ? Math.min(area(a), area(b)) : f32(f32(area(a) + area(b)) - shared);
  return whole > 0 ? f32(shared / whole) : 0;
}

export function weight(o, method, threshold, sigma) { // what an overlap multiplies a score by
  if (method === "gaussian") return f32(Math.exp(f32(-f32(o * o) / f32(sigma))));
  return o > f32(threshold) ? (method === "linear" ? f32(1 - o) : 0) : 1;
}

// boxes, scores: float32. best: the box that each step takes, of equals the earlier; scores: before the first step and after
// each; overlaps: each best box's with all.
export function film(boxes, scores, method, threshold, sigma, measure) {
  const n = scores.length, each = Array.from({ length: n }, (_, i) => boxes.subarray(4 * i, 4 * i + 4));
  const waiting = Uint8Array.from(scores, (score) => score > 0), best = [], after = [Float32Array.from(scores)], overlaps = [];
  for (;;) {
    const before = after.at(-1), now = before.slice(), row = new Float32Array(n);
    let top = -1;
    for (let i = 0; i < n; i++) if (waiting[i] && (top < 0 || before[i] > before[top])) top = i;
    if (top < 0) return { best, scores: after, overlaps };
    waiting[top] = 0;
    for (let i = 0; i < n; i++) {
      row[i] = overlap(each[top], each[i], measure);
      if (!waiting[i]) continue;
      now[i] = before[i] * weight(row[i], method, threshold, sigma);
      if (!(now[i] > 0)) waiting[i] = 0;
    }
    best.push(top);
    overlaps.push(row);
    after.push(now);
  }
}

