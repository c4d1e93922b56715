// What every explorer's script begins with (canvas.py puts it in front): arrays from Python, and canvases with a caption.

const bytes = (view) => new Uint8Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
const floats = (view) => new Float32Array(bytes(view).buffer);

function element(parent, tag, className = "") {
  const made = document.createElement(tag);
  made.className = className;
  parent.append(made);
  return made;
}

function remark(parent, model) { // what Python has to say: the trait `note`
  const note = element(parent, "p"), write = () => { note.textContent = model.get("note"); };
  note.setAttribute("aria-live", "polite");
  model.on("change:note", write);
  write();
}

function onPage(root, draw) { // the first drawing: colours and fonts of the page are known once `root` is part of it
  if (root.isConnected) draw();
  else requestAnimationFrame(() => onPage(root, draw));
}

// A canvas with a caption above it. The view is as wide as its canvas, or `least`: a long caption wraps and does not push
// the next view away, and above a narrow canvas it still has room for more than a word a line. Widths are CSS pixels.
function view(parent, least = 220) {
  const figure = element(parent, "figure"), caption = element(figure, "figcaption"), canvas = element(figure, "canvas");
  const pen = canvas.getContext("2d");
  const fit = (width, height) => { // an empty canvas of this size; sharp on dense screens: more canvas pixels than CSS pixels
    const dense = window.devicePixelRatio || 1, size = [width, height].map((side) => Math.max(1, Math.round(side * dense)));
    if (String(size) !== String([canvas.width, canvas.height])) [canvas.width, canvas.height] = size; // costs new memory
    figure.style.width = `${Math.max(width, least)}px`;
    [canvas.style.width, canvas.style.height] = [`${width}px`, `${height}px`];
    pen.restore(); // whatever was set while drawing the last picture: colours, dashes, smoothing
    pen.save();
    pen.clearRect(0, 0, ...size);
    pen.setTransform(dense, 0, 0, dense, 0, 0);
    pen.font = "11px sans-serif";
    return pen;
  };
  return { figure, caption, canvas, fit };
}
