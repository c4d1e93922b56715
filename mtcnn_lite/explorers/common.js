// What every explorer's script begins with (canvas.py puts it in front): arrays from Python, and canvases with a caption.

const bytes = (view) => new Uint8Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
const floats = (view) => new Float32Array(bytes(view).buffer);

function element(parent, tag, className = "") {
  const made = document.createElement(tag);
  made.className = className;
  parent.append(made);
  return made;
}

function view(parent) {
  const figure = element(parent, "figure"), caption = element(figure, "figcaption"), canvas = element(figure, "canvas");
  const fit = (width, height) => { // sharp on dense screens: more canvas pixels than CSS pixels
    const dense = window.devicePixelRatio || 1;
    canvas.width = Math.max(1, Math.round(width * dense));
    canvas.height = Math.max(1, Math.round(height * dense));
    canvas.style.width = figure.style.width = `${width}px`; // a long caption wraps, and does not push the next view away
    canvas.style.height = `${height}px`;
    const pen = canvas.getContext("2d");
    pen.setTransform(dense, 0, 0, dense, 0, 0);
    pen.font = "11px sans-serif";
    return pen;
  };
  return { figure, caption, canvas, fit };
}
