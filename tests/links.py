"""Where a link to a heading, or to an anchor, leads in a Markdown page, or in a notebook."""

import re

import nbformat


def anchors(page):
    """The anchors that GitHub gives a page's headings, and those of its own; of a notebook, JupyterLab's."""
    if page.suffix == ".ipynb":
        return set(sections(page))
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.S)
    heads = re.findall(r"^#+ (.+)", text, re.M)
    own = re.findall(r'<a id="([\w-]+)">', text)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads} | {*own}


def sections(notebook):
    """What stands in Markdown under each heading of a notebook, down to the next, by the heading's anchor.

    JupyterLab's is the heading as it is read, with "-" for each space.
    """
    cells = nbformat.read(notebook, 4).cells
    text = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    _, *parts = re.split(r"^#+ (.+)$", re.sub(r"```.*?```", "", text, flags=re.S), flags=re.M)
    return dict(zip((re.sub(r"[`*]", "", head).replace(" ", "-") for head in parts[::2]), parts[1::2], strict=True))
