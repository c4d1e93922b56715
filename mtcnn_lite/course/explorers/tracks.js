// Controls of a drawing: sliders with the scores of boxes along their tracks, buttons of which one is pushed, boxes to tick.
// All are the browser's own, so that they have a keyboard, a name and an "off" without Python.

const THUMB = 14, AXIS = 24, LANE = 58; // CSS pixels: the thumb; room for the numbers at the left; height with scores

const KEYS = {
  ArrowRight: (k) => k + 1, ArrowUp: (k) => k + 1, ArrowLeft: (k) => k - 1, ArrowDown: (k) => k - 1,
  PageUp: (k, most) => k + Math.ceil(most / 10), PageDown: (k, most) => k - Math.ceil(most / 10), Home: () => 0, End: (_, most) => most,
};

// A slider over the numbers of its stops, which have names. act(k) is called when it comes to stop k. `draw` places the thumb, and with
// counts {on, off} (boxes on a face and on none, by the number of stops at or below their score) the bars.
function track(parent, { says, names, colour, scores }, act) {
  const box = element(parent, "div", "track"), label = element(box, "label"), told = element(label, "output");
  const lane = element(box, "div", "lane"), canvas = scores < 0 ? null : surface(lane), input = element(lane, "input");
  label.prepend(`${says} `);
  Object.assign(input, { type: "range", min: 0, max: names.length - 1, step: 1 });
  canvas?.canvas.setAttribute("aria-hidden", true);
  input.setAttribute("aria-label", says);
  box.style.setProperty("--thumb", colour);
  input.addEventListener("input", () => act(Number(input.value)));
  input.addEventListener("keydown", (event) => { // by itself: JupyterLab keeps the browser from answering the arrow keys
    const most = Number(input.max), now = Number(input.value), to = KEYS[event.key]?.(now, most);
    if (to === undefined) return;
    event.preventDefault();
    if (clamp(to, 0, most) !== now) act(clamp(to, 0, most));
  });

  function draw(at, off, counts, ink, stops = names) {
    const left = canvas ? AXIS : 0, wide = box.clientWidth - left, cell = wide / (stops.length + 1);
    Object.assign(input.style, { left: `${left + cell - THUMB / 2}px`, width: `${wide - 2 * cell + THUMB}px` });
    input.max = stops.length - 1;
    input.value = at;
    input.disabled = off;
    input.setAttribute("aria-valuetext", stops[at]);
    box.classList.toggle("off", off);
    told.textContent = stops[at];
    if (canvas) bars(canvas.fit(box.clientWidth, LANE), counts, { at, left, cell, colour, ink });
  }
  return { draw };
}

// Upwards boxes on a face, downwards those on none; pale what lies under the cut. The axis counts in powers of ten.
function bars(pen, { on, off }, { at, left, cell, colour, ink }, numbered = true) {
  const most = Math.max(9, ...on, ...off), half = LANE / 2, high = (n) => (half - 4) * (Math.log10(1 + n) / Math.log10(1 + most));
  pen.font = "9px sans-serif";
  pen.textBaseline = "middle";
  for (const n of [1, 10, 100, 1000].filter((each) => each <= most && (each > 1 || most < 100))) {
    for (const side of [-1, 1]) {
      block(pen, GRID, left, half + side * high(n), cell * on.length, 1);
      if (numbered) write(pen, n, left - 4, half + side * high(n), "right", ink);
    }
  }
  on.forEach((n, k) => {
    pen.globalAlpha = k > at ? 1 : 0.35;
    block(pen, colour, left + k * cell, half - high(n), Math.max(1, cell - 1), high(n));
    block(pen, GRAY, left + k * cell, half, Math.max(1, cell - 1), high(off[k]));
  });
  pen.globalAlpha = 1;
  block(pen, ink, left, half - 0.5, cell * on.length, 1);
  block(pen, ink, left + (at + 1) * cell - 1, 2, 2, LANE - 4);
}

// The same bars behind a slider of ipywidgets, of so many stops. draw(at, counts, colour): as in `track`.
function behind(model, root, name, stops) {
  let lane = null, last = null;
  const draw = (...now) => {
    last = now;
    const [at, counts, colour] = now, base = lane?.parent.querySelector(".noUi-base");
    if (!base?.clientWidth) return;
    const cell = base.clientWidth / (stops - 1), from = base.getBoundingClientRect().left - lane.parent.getBoundingClientRect().left;
    lane.canvas.style.left = `${from - cell}px`;
    bars(lane.fit(cell * (stops + 1), LANE), counts, { at, left: 0, cell, colour, ink: getComputedStyle(root).color }, false);
  };
  shownAt(model, root, name).then(([row]) => {
    const parent = row?.querySelector(".slider-container");
    if (!parent) return;
    lane = { parent, ...surface(parent) };
    lane.canvas.setAttribute("aria-hidden", true);
    lane.canvas.style.cssText = `pointer-events: none; position: absolute; top: calc(50% - ${LANE / 2}px)`;
    parent.style.position = "relative";
    parent.prepend(lane.canvas); // under the handle
    row.style.height = `${LANE + 4}px`;
    if (last) onPage(parent, () => new ResizeObserver(() => draw(...last)).observe(parent));
  });
  return draw;
}

function trackLegend(root, before) {
  const legend = document.createElement("div");
  legend.className = "track-legend";
  legend.textContent = "In the tracks: how many boxes have which score. Upwards those on a face, downwards (gray) those on none; pale what the threshold stops.";
  root.insertBefore(legend, before);
}

const tallied = (count) => ({ on: Array(count + 1).fill(0), off: Array(count + 1).fill(0) }); // for so many stops

// Buttons of which one is pushed; act(k). `draw(k)` pushes one.
function choice(parent, says, names, act) {
  const group = element(parent, "div", "choice"), made = names.map((name) => element(group, "button"));
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", says);
  group.prepend(says);
  made.forEach((button, k) => {
    button.textContent = names[k];
    button.addEventListener("click", () => act(k));
  });
  return (now) => made.forEach((button, k) => button.setAttribute("aria-pressed", k === now));
}

// A box to tick; act(ticked). `draw(ticked, off)` sets it.
function tick(parent, says, act) {
  const label = element(parent, "label", "tick"), input = element(label, "input");
  input.type = "checkbox";
  label.append(` ${says}`);
  input.addEventListener("change", () => act(input.checked));
  return (ticked, off) => {
    [input.checked, input.disabled] = [ticked, off];
    label.classList.toggle("off", off);
  };
}

