// What is wider than its place can be scrolled with the keyboard too.
function reachable() {
  for (const part of document.querySelectorAll("article pre, article table, article .katex-display, article .cell_output > div")) {
    if (part.scrollWidth > part.clientWidth) part.tabIndex = 0;
    else part.removeAttribute("tabindex");
  }
}

addEventListener("load", reachable);
addEventListener("resize", reachable);
document.addEventListener("toggle", reachable, true); // of <details>
