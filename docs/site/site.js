// What every page does: all of it works without this script, too, but not as well.

// A page that was opened from a file may not read others, so its search lists titles without the text around the words.
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;

// What is wider than its place can be scrolled with the keyboard too.
function reachable() {
  const wide = "article :is(pre, table, .table-wrapper, .katex-display, .cell_output > div)";
  for (const part of document.querySelectorAll(wide)) {
    if (part.scrollWidth > part.clientWidth) part.tabIndex = 0;
    else part.removeAttribute("tabindex");
  }
}

addEventListener("load", reachable);
addEventListener("resize", reachable);
document.addEventListener("toggle", reachable, true); // of <details>
