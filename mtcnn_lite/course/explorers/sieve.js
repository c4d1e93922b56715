// Which candidates are left at the stops of the sliders, and what becomes of the faces: by the rules of sieve.py. Python
// sends all candidates once (scoreboard.py).

const shorts = (view_) => new Int16Array(bytes(view_).buffer);
const floor = (score, digits) => Math.floor(score * 10 ** digits) / 10 ** digits;
const rounded = (score) => floor(score, score < 0.01 ? 5 : score < 0.99 ? 2 : 4); // down: it stays under its threshold

function unpacked(get) {
  const steps = get("steps"), count = get("candidate_level").byteLength, scores = floats(get("scores")), bits = bytes(get("bits"));
  const sliders = get("sliders").map((one) => ({ ...one, stops: one.stops.map(Math.fround) })); // as Python compares
  const boxes = floats(get("boxes")), on = shorts(get("on")), faces = floats(get("faces")), [width, height] = get("size");
  const cuts = get("cuts").map((one) => ({ ...one, stops: sliders[one.slider].stops, scores: scores.subarray(one.row * count) }));
  let start = 0;
  const masks = get("masks").map((one) => {
    const sizes = one.by.map((k) => sliders[k].stops.length), row = Math.ceil(one.count / 8), from = start;
    start += sizes.reduce((a, b) => a * b, row);
    return { ...one, from, sizes, row };
  });
  start = 0;
  const all = bytes(get("maps")), levels = get("levels").map(([rows, columns, scale]) => {
    return { rows, columns, scale, cells: all.subarray(start, (start += rows * columns)) };
  });
  const bins = sliders.map(({ scores: at, stops }) => at < 0 ? null : Int32Array.from({ length: count }, (_, i) => {
    const passed = stops.findLastIndex((stop) => scores[at * count + i] >= stop);
    return passed + 1; // how many stops it passes
  }));
  return {
    steps, count, scores, bits, cuts, masks, levels, sliders, bins, width, height, once: get("once"), windows: get("windows"),
    level: bytes(get("candidate_level")), depth: get("depth"), landmarks: floats(get("landmarks")), labelled: get("labelled"),
    faces: Array.from({ length: faces.length / 4 }, (_, k) => Array.from(faces.subarray(4 * k, 4 * k + 4))),
    box: (i, step) => boxes.subarray((get("box_of")[step] * count + i) * 4).subarray(0, 4),
    on: (i, step) => on[get("on_of")[step] * count + i],
  };
}

// The first level that takes part, with slider k at its stop number at[k]; below 0 where the levels are others
const firstLevel = ({ depth: [slider, ...first] }, at) => (slider === undefined ? 0 : first[at[slider]]);

const seen = (data, at) => data.windows - sum(data.levels.slice(0, firstLevel(data, at)).map(({ cells }) => cells.length)); // windows

// How many of the steps each candidate takes part in, with slider k at its stop number at[k]
function reach(data, at) {
  const first_ = firstLevel(data, at), reached = Uint8Array.from(data.level, (level) => (level >= first_ ? data.steps.length : 0));
  for (const { first, scores, stops, slider } of data.cuts) {
    const threshold = stops[at[slider]];
    for (let i = 0; i < data.count; i++) if (!(scores[i] >= threshold) && first < reached[i]) reached[i] = first;
  }
  for (const mask of data.masks) {
    const from = mask.from + mask.row * mask.by.reduce((stop, k, place) => stop * mask.sizes[place] + at[k], 0);
    for (let i = 0; i < data.count; i++) {
      const kept = i < mask.count && (data.bits[from + (i >> 3)] >> (i & 7)) & 1;
      if (!kept && mask.first < reached[i]) reached[i] = mask.first;
    }
  }
  return reached;
}

function tally(data, reached, step) {
  const seen = new Set();
  let boxes = 0, none = 0, second = 0;
  for (let i = 0; i < data.count; i++) {
    if (reached[i] <= step) continue;
    boxes++;
    const k = data.on(i, step);
    if (k === -1) none++;
    else if (k >= 0 && seen.has(k)) second++;
    else if (k >= 0) seen.add(k);
  }
  if (!data.labelled) return { boxes, found: boxes, missed: 0, false: 0, seen };
  return { boxes, found: seen.size, missed: data.faces.length - seen.size, false: none + (step >= data.once ? second : 0), seen };
}

// What each net said of candidate i, and how that ended: [scores, sentence]
function fate(data, at, reached, i, end) {
  const asked = data.cuts.filter(({ first }) => first <= reached[i]), said = asked.map(({ net, scores }) => `${net} ${rounded(scores[i])}`);
  const { first, net, score, scores, stops, slider } = asked.at(-1), stop = data.sliders[slider].names[at[slider]];
  if (first === reached[i] && !(scores[i] >= stops[at[slider]])) {
    return [said, `its ${net} ${score} is ${rounded(scores[i])}; ${net}'s threshold is ${stop}: lost in ${net}`];
  }
  const by = data.masks.find((mask) => mask.first === reached[i]);
  return [said, by ? `a better box overlaps it: lost in ${by.says}` : end];
}

// Where face k was lost: in the first net that leaves no box on it, whichever it got
function lost(data, at, reached, k) {
  for (const [place, { first, net, score, scores, stops, slider }] of data.cuts.entries()) {
    const end = data.cuts[place + 1]?.first ?? data.steps.length;
    let best = -1, kept = false;
    for (let i = 0; i < data.count; i++) {
      if (reached[i] < first || data.on(i, first) !== k || data.level[i] < firstLevel(data, at)) continue;
      kept ||= reached[i] >= end;
      if (best < 0 || scores[i] > scores[best]) best = i;
    }
    if (kept) continue;
    if (best < 0) return first ? `no box that ${net} makes of it comes near enough: lost in ${net}` : `no box on it has a ${net} score of ${data.sliders[slider].names[0]} or more: lost in ${net}`;
    if (scores[best] >= stops[at[slider]]) return `a better box, not on it, overlaps its best: lost in ${net}`;
    return `its best ${net} ${score} is ${rounded(scores[best])}; ${net}'s threshold is ${data.sliders[slider].names[at[slider]]}: lost in ${net}`;
  }
  return "a box on it gets through, but counts for another face";
}

