// A reader's own photo in the page: choose it, drop it or take it, and see what each net leaves of it.
//
// A classic script, after cascade.js. Each <div data-own-photo></div> becomes a tool, which shows the faces first, or,
// with data-own-photo="pnet" or "rnet", what that net leaves. engine.js, which lies beside this script, is loaded when
// the tool is first used. Photos are decoded and searched in a worker, and go nowhere else.
"use strict";

// --- in the worker, or where none can be made in the page: photos in, what the nets left out

// `port` has post(message, transferred) and calls hear(message). A new question ends the one before.
function mtcnnLiteDesk(port, cascade) {
  const SLICE = 30; // ms of work before others have a turn
  const LOWEST = 0.1; // the sliders' least: what it needs of the nets is asked ahead, while the reader looks
  let detector = null, answers = null, newest = 0, busy = Promise.resolve(), paused = 0;
  const detectors = {}; // by the name of their weights, once they were asked for

  class Stopped extends Error {}
  const turn = () => new Promise((go) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => { channel.port1.close(); go(); };
    channel.port2.postMessage(0);
  });

  // What the cascade awaits between two batches of question number `ask`.
  const pauses = (ask, quiet) => async (net, share) => {
    if (performance.now() - paused > SLICE) {
      if (!quiet) port.post({ ask, doing: net, share });
      await turn();
      paused = performance.now();
    }
    if (ask !== newest) throw new Stopped();
  };

  const traced = (thresholds, pause) => new cascade.Trace(answers, { ...detector.settings, thresholds }, pause);

  async function search(ask, thresholds) {
    const started = performance.now(), trace = traced(thresholds, pauses(ask, false));
    const [pnet, rnet, onet] = await trace.stages(), found = await trace.faces();
    port.post({
      ask, found, ms: performance.now() - started, counts: await trace.counts(),
      left: { pnet: pnet.steps.refined.boxes, rnet: rnet.steps.nms.boxes, onet: found.boxes },
    });
    const lower = Object.fromEntries(Object.entries(thresholds).map(([net, value]) => [net, Math.min(value, LOWEST)]));
    await turn();
    await traced(lower, pauses(ask, true)).faces(); // R-Net and O-Net see more windows; P-Net has seen all
    port.post({ ask, ahead: true });
  }

  // A photo as RGB bytes, upright, transparency on white, its longer side at most `longest` px.
  async function read(photo, longest) {
    const whole = photo instanceof Blob ? await createImageBitmap(photo) : photo;
    const original = [whole.width, whole.height], scale = Math.min(1, longest / Math.max(...original));
    const [width, height] = original.map((side) => Math.max(1, Math.round(side * scale)));
    const size = { resizeWidth: width, resizeHeight: height, resizeQuality: "high" };
    const bitmap = scale < 1 ? await createImageBitmap(whole, size) : whole;
    const canvas = globalThis.OffscreenCanvas ? new OffscreenCanvas(width, height) : document.createElement("canvas");
    [canvas.width, canvas.height] = [width, height];
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, width, height);
    pen.drawImage(bitmap, 0, 0);
    [whole, bitmap].forEach((each) => each.close());
    const shown = pen.getImageData(0, 0, width, height), pixels = new Uint8Array(width * height * 3);
    for (let from = 0, to = 0; to < pixels.length; from += 4, to += 3) {
      pixels[to] = shown.data[from];
      pixels[to + 1] = shown.data[from + 1];
      pixels[to + 2] = shown.data[from + 2];
    }
    return { original, shown, image: { height, width, pixels } };
  }

  // `weights` names those of `engine`, which has the runtime at first, and later nets alone.
  async function work({ ask, weights, engine, photo, longest, thresholds }) {
    if (weights) {
      detectors[weights] ??= await cascade.startDetector(engine, detector);
      detector = detectors[weights];
      port.post({ ready: detector.settings, threads: detector.threads });
      if (answers) answers = new cascade.Answers(detector.engine, answers.image);
    }
    if (ask !== newest) return;
    if (photo) {
      answers = null;
      const { original, shown, image } = await read(photo, longest).catch((error) => {
        port.post({ ask, unreadable: error.message });
        throw new Stopped();
      });
      if (ask !== newest) return;
      answers = new cascade.Answers(detector.engine, image);
      port.post({ ask, photo: shown, original }, [shown.data.buffer]);
    }
    if (photo || (answers && (thresholds || weights))) {
      await search(ask, thresholds ?? detector.settings.thresholds);
    }
  }

  return function hear(message) {
    if (message.ask) newest = message.ask;
    busy = busy.then(() => work(message)).catch((error) => {
      if (!(error instanceof Stopped)) port.post({ ask: message.ask, failed: error.message || String(error) });
    });
  };
}

// --- in the page

const mtcnnLiteOwnPhoto = (() => {
  const LONGEST = 1280; // px of a photo's longer side: more is scaled down, or it would take too long
  const PATIENCE = 300; // ms: an answer that takes longer has its progress shown
  const RANGE = { min: 0.1, max: 0.99, step: 0.01 }; // of a threshold
  const NETS = { pnet: "P-Net", rnet: "R-Net", onet: "O-Net" };
  const SHOWN = { pnet: "windows that P-Net leaves", rnet: "windows that R-Net leaves", onet: "faces" };
  const WEIGHTS = { mtcnn_lite: "of this course", zhang2016: "of MTCNN's authors, 2016" };
  const SCRIPTS = { // by weights: the file that has them, and what it is called there
    mtcnn_lite: ["engine.js", "mtcnnLiteEngine"], zhang2016: ["engine_zhang2016.js", "mtcnnLiteAuthors"],
  };
  const PROMISE = "Your photo never leaves this page: the detector runs in your browser, and nothing is sent.";
  const here = document.currentScript?.src || document.baseURI;
  const english = (value, digits = 0) => value.toLocaleString("en", { maximumFractionDigits: digits });
  const several = (count, one, many = `${one}s`) => `${english(count)} ${count === 1 ? one : many}`;

  // An element with attributes, inside `parent`; a text is its text.
  function element(parent, tag, attributes = {}, text = "") {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    if (text) made.textContent = text;
    parent?.append(made);
    return made;
  }

  // Why the detector can't run in this browser; an empty text where it can.
  function missing() {
    if (typeof WebAssembly !== "object") return "This browser has no WebAssembly, or it is switched off";
    const known = [window.DecompressionStream, window.createImageBitmap].every((each) => typeof each === "function");
    return known ? "" : "This browser is too old";
  }

  const loading = {}; // scripts, once for all tools of the page
  function engine(weights) {
    const [name, global] = SCRIPTS[weights];
    loading[name] ??= new Promise((done, failed) => {
      if (window[global]) return done(window[global]);
      const script = element(null, "script", { src: new URL(name, here).href });
      script.onload = () => done(window[global]);
      script.onerror = () => { delete loading[name]; failed(new Error(`${name} could not be loaded`)); };
      document.head.append(script);
    });
    return loading[name];
  }

  // The desk in a worker, or in the page where none can be made. `hear` is called with each of its messages.
  function openDesk(hear) {
    const inPage = () => {
      const desk = mtcnnLiteDesk({ post: (message) => setTimeout(() => hear(message)) }, mtcnnLiteCascade());
      return { post: desk, close() {} };
    };
    try {
      const source = `${mtcnnLiteCascade}\n${mtcnnLiteDesk}
        const hear = mtcnnLiteDesk({ post: (message, moved) => postMessage(message, moved || []) }, mtcnnLiteCascade());
        onmessage = (event) => hear(event.data);`;
      const worker = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
      worker.onmessage = (event) => hear(event.data);
      worker.onerror = (event) => hear({ failed: event.message || "the worker stopped" });
      return { post: (message) => worker.postMessage(message), close: () => worker.terminate() };
    } catch {
      return inPage();
    }
  }

  let tools = 0;

  function mount(root) {
    const id = `own-photo-${++tools}`, lacking = missing();
    root.classList.add("own-photo");
    root.setAttribute("role", "group");
    root.setAttribute("aria-label", "Faces in your own photo");
    element(root, "p", { class: "promise" }, PROMISE);

    const doors = element(root, "div", { class: "doors" });
    const choose = element(doors, "label", { class: "button" }, "Choose a photo");
    const file = element(choose, "input", { type: "file", accept: "image/*" });
    const camera = element(doors, "button", { type: "button" }, "Use the camera");
    const cancel = element(doors, "button", { type: "button" }, "Cancel");
    element(doors, "span", {}, "or drop one here");
    const video = element(root, "video", { playsinline: "", muted: "", "aria-label": "What the camera sees" });
    const status = element(root, "p", { role: "status" });
    const bar = element(root, "progress", { max: 1, "aria-label": "Progress" });
    const note = element(root, "p", { class: "note" });

    const result = element(root, "div", { class: "result" });
    const canvas = element(result, "canvas", { role: "img", "aria-label": "No photo yet" });
    const side = element(result, "div");
    const steps = element(side, "fieldset");
    element(steps, "legend", {}, "Show");
    const radios = {}, counts = {};
    for (const net of Object.keys(NETS)) {
      const line = element(steps, "label", { class: net });
      radios[net] = element(line, "input", { type: "radio", name: `${id}-show`, value: net });
      counts[net] = element(line, "span", {}, SHOWN[net]);
      radios[net].addEventListener("change", draw);
    }
    radios[root.dataset.ownPhoto in NETS ? root.dataset.ownPhoto : "onet"].checked = true;
    const choices = element(side, "fieldset", { class: "weights" }), sets = {};
    element(choices, "legend", {}, "Weights");
    for (const [set, text] of Object.entries(WEIGHTS)) {
      const line = element(choices, "label");
      sets[set] = element(line, "input", { type: "radio", name: `${id}-weights`, value: set });
      element(line, "span", {}, text);
      sets[set].addEventListener("change", () => use(set));
    }
    sets.mtcnn_lite.checked = true;
    const limits = element(side, "fieldset"), sliders = {}, outputs = {};
    element(limits, "legend", {}, "Lowest probability that passes");
    for (const [net, name] of Object.entries(NETS)) {
      const line = element(limits, "label");
      element(line, "span", {}, name);
      sliders[net] = element(line, "input", { type: "range", ...RANGE, "aria-label": `${name}'s threshold` });
      outputs[net] = element(line, "output");
      sliders[net].addEventListener("input", changed);
    }
    const reset = element(limits, "button", { type: "button" }, "As they were");
    const details = element(side, "details");
    element(details, "summary", {}, "The faces in numbers");
    const table = element(details, "table");

    let desk = null, ask = 0, askedAt = 0; // who searches; the number of the question, and when a slider asked it
    let photo = null, last = null, defaults = null, stream = null, name = "the photo";
    const show = (part, yes) => { part.hidden = !yes; };
    const say = (text) => { status.textContent = text; };

    function working(yes) {
      show(bar, yes);
      bar.removeAttribute("value");
      if (!yes && document.activeElement === cancel) file.focus(); // or the keyboard's place would be lost
      cancel.disabled = !yes;
      root.setAttribute("aria-busy", yes);
    }

    // --- messages to and from the desk

    async function open() {
      if (desk) return;
      desk = openDesk(hear);
      try {
        desk.post({ weights: "mtcnn_lite", engine: await engine("mtcnn_lite") });
        sets.mtcnn_lite.checked = true;
      } catch (error) {
        desk.close();
        desk = null;
        throw error;
      }
    }

    // The same photo by other weights, at their own thresholds.
    async function use(set) {
      if (!desk) return;
      const mine = ++ask;
      working(true);
      say(`Starting with the weights ${WEIGHTS[set]} …`);
      try {
        const given = await engine(set);
        if (mine !== ask) return;
        last = null;
        draw();
        desk.post({ ask, weights: set, engine: given });
      } catch (error) {
        sets.mtcnn_lite.checked = true;
        working(false);
        say(`${error.message}, so the weights stay as they were.`);
      }
    }

    async function search(what, called) {
      const mine = ++ask;
      [name, last] = [called, null];
      off();
      note.textContent = "";
      show(result, false);
      working(true);
      say(defaults ? `Reading ${name} …` : "Starting the detector …");
      try {
        await open();
      } catch (error) {
        return hear({ failed: error.message });
      }
      if (mine === ask) desk.post({ ask, photo: what, longest: LONGEST, thresholds: defaults ? thresholds() : null });
    }

    function hear(message) {
      if (message.ready) {
        [defaults, desk.smallest] = [message.ready.thresholds, message.ready.min_face];
        setThresholds(defaults);
        root.dataset.threads = message.threads;
        return;
      }
      if (message.ask && message.ask !== ask) return; // of a question that was given up
      if (message.photo) {
        photo = message;
        photo.bitmap = element(null, "canvas", { width: photo.photo.width, height: photo.photo.height });
        photo.bitmap.getContext("2d").putImageData(photo.photo, 0, 0);
        sized();
        show(result, true);
        draw();
      } else if (message.doing) {
        if (bar.hidden && performance.now() - askedAt < PATIENCE) return;
        if (bar.hidden) working(true);
        const doing = `${NETS[message.doing]} is looking …`;
        if (status.textContent !== doing) say(doing);
        bar.value = message.share;
      } else if (message.found) {
        last = message;
        working(false);
        draw();
        report();
      } else if (message.unreadable !== undefined) {
        working(false);
        say(`${name} can't be read as a photo: it is damaged, or of a kind that this browser does not know. `
          + "JPEG, PNG and WebP work.");
      } else if (message.failed !== undefined) {
        working(false);
        say(`The detector stopped: ${message.failed}`);
        desk?.close();
        [desk, defaults] = [null, null];
      }
    }

    // --- what there is to see

    function sized() { // what the reader must know of a photo that was scaled down, or that is too small
      const [width, height] = photo.original, shown = photo.photo, scale = width / shown.width;
      const smallest = Math.ceil(desk.smallest * scale), size = (w, h) => `${english(w)} × ${english(h)} px`;
      note.textContent = "";
      if (scale > 1) {
        note.textContent = `The photo has ${size(width, height)}, ${english((width * height) / 1e6, 1)} megapixels. `
          + `It was scaled down to ${size(shown.width, shown.height)}, so faces under ${smallest} px of it are missed.`;
      } else if (Math.min(width, height) < smallest) {
        note.textContent = `No face has room in ${size(width, height)}: the smallest that is found has ${smallest} px.`;
      }
    }

    function report() {
      const scale = photo.original[0] / photo.photo.width; // boxes are listed in pixels of the photo as it came
      const { counts: { pnet }, found, ms } = last, faces = several(found.scores.length, "face");
      say(`${faces} found in ${name}, among ${several(pnet.scored, "window")}, in ${english(ms / 1000, 2)} s.`);
      table.replaceChildren();
      const head = element(table, "tr");
      ["score", "x1", "y1", "x2", "y2"].forEach((text) => element(head, "th", { scope: "col" }, text));
      found.scores.forEach((score, k) => {
        const row = element(table, "tr");
        element(row, "td", {}, score.toFixed(3));
        const box = found.boxes.subarray(4 * k, 4 * k + 4);
        box.forEach((corner) => element(row, "td", {}, (corner * scale).toFixed(1)));
      });
    }

    function draw() {
      if (!photo || result.hidden) return;
      const { width, height } = photo.photo, wide = canvas.parentElement.clientWidth;
      const onScreen = Math.min(1, wide / width, 620 / height) || 1, dots = window.devicePixelRatio || 1;
      canvas.style.width = `${width * onScreen}px`;
      [canvas.width, canvas.height] = [width, height].map((side_) => Math.round(side_ * onScreen * dots));
      const pen = canvas.getContext("2d"), zoom = canvas.width / width;
      pen.drawImage(photo.bitmap, 0, 0, canvas.width, canvas.height);
      const net = Object.keys(radios).find((each) => radios[each].checked), boxes = last?.left[net] ?? [];
      const colours = getComputedStyle(root), outline = new Path2D(), points = new Path2D();
      for (let k = 0; k < boxes.length; k += 4) {
        const [x1, y1, x2, y2] = boxes.subarray(k, k + 4).map((corner) => corner * zoom);
        outline.rect(x1, y1, x2 - x1, y2 - y1);
      }
      if (net === "onet" && last) {
        const { landmarks } = last.found;
        for (let k = 0; k < landmarks.length; k += 2) {
          const box = 4 * Math.floor(k / 10), [x, y] = [(landmarks[k] + 0.5) * zoom, (landmarks[k + 1] + 0.5) * zoom];
          const radius = Math.min(2.4 * dots, Math.max(dots, ((boxes[box + 2] - boxes[box]) * zoom) / 20));
          points.moveTo(x + radius, y);
          points.arc(x, y, radius, 0, 7);
        }
      }
      const many = boxes.length > 400, small = Math.min(1, Math.max(0.5, (width * onScreen) / 800));
      const line = (many ? 1 : 2) * (many ? small : 1) * dots; // so that the photo stays visible
      for (const [wideness, colour] of [[2 * line, "#222"], [line, colours.getPropertyValue(`--${net}`)]]) {
        [pen.lineWidth, pen.strokeStyle] = [wideness, colour];
        pen.stroke(outline);
      }
      [pen.lineWidth, pen.strokeStyle, pen.fillStyle] = [1.6 * dots, "#222", colours.getPropertyValue("--landmark")];
      pen.stroke(points);
      pen.fill(points);
      for (const [each, text] of Object.entries(SHOWN)) {
        counts[each].textContent = last ? `${text}: ${english(last.left[each].length / 4)}` : text;
      }
      const drawn = `${english(boxes.length / 4)} boxes: ${SHOWN[net]}`;
      canvas.setAttribute("aria-label", `Your photo, ${width} × ${height} px, with ${drawn}`);
    }

    // --- thresholds

    const thresholds = () => Object.fromEntries(Object.keys(NETS).map((net) => [net, Number(sliders[net].value)]));

    function setThresholds(values) {
      for (const net of Object.keys(NETS)) {
        sliders[net].value = values[net];
        outputs[net].textContent = values[net].toFixed(2);
      }
    }

    function changed() {
      setThresholds(thresholds());
      if (!photo || !desk) return;
      askedAt = performance.now();
      desk.post({ ask: ++ask, thresholds: thresholds() });
    }

    // --- doors

    const dropped = (given) => given && search(given, given.name || "the photo");

    function off() {
      stream?.getTracks().forEach((track) => track.stop());
      stream = null;
      show(video, false);
      camera.textContent = "Use the camera";
    }

    async function take() {
      if (stream) return search(await createImageBitmap(video), "the picture");
      try {
        stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: LONGEST } } });
        video.srcObject = stream;
        show(video, true);
        await video.play();
        camera.textContent = "Take the picture";
        cancel.disabled = false;
        say("The camera is on.");
      } catch (error) {
        off();
        say(`No camera: ${error.message}`);
      }
    }

    function stop() {
      const looking = !bar.hidden;
      ask++;
      off();
      working(false);
      desk?.post({ ask });
      say(looking ? "Cancelled." : "The camera is off.");
    }

    show(video, false);
    show(result, false);
    working(false);
    cancel.disabled = true;
    if (lacking) {
      say(`${lacking}, so the detector can't run here. In Python it can: mtcnn-lite detect photo.jpg.`);
      [file, camera].forEach((door) => { door.disabled = true; });
      choose.classList.add("disabled");
      return;
    }
    if (!navigator.mediaDevices?.getUserMedia) {
      camera.disabled = true;
      camera.title = "Browsers allow the camera only to pages from https, or from this machine.";
    }
    file.addEventListener("change", () => { dropped(file.files[0]); file.value = ""; });
    camera.addEventListener("click", take);
    cancel.addEventListener("click", stop);
    reset.addEventListener("click", () => { setThresholds(defaults); changed(); });
    root.addEventListener("dragover", (event) => { event.preventDefault(); root.classList.add("over"); });
    root.addEventListener("dragleave", () => root.classList.remove("over"));
    root.addEventListener("drop", (event) => {
      event.preventDefault();
      root.classList.remove("over");
      dropped(event.dataTransfer.files[0]);
    });
    for (const event of ["pointerenter", "focusin"]) { // about to be used: the detector starts
      root.addEventListener(event, () => open().catch(() => {}), { once: true });
    }
    new ResizeObserver(draw).observe(root);
  }

  const mountAll = () => document.querySelectorAll("[data-own-photo]").forEach(mount);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", mountAll);
  else mountAll();
  return { mount };
})();
