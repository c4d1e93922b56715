"""What Sphinx has to be told about the chapters: formulas without JavaScript, words of the glossary, explorers."""

import json
import re
import subprocess
import textwrap
from pathlib import Path
from typing import Any

from docutils import nodes
from sources import ROOT
from sphinx.application import Sphinx

SITE = Path(__file__).parent
ROW = re.compile(r'^\| <a id="([\w-]+)"></a>(.+?) \| (.+?) \| (.*?) \|$', re.M)
GLOSSARY = "notebooks/glossary"
QUIET = (nodes.title, nodes.reference, nodes.literal, nodes.literal_block, nodes.raw, nodes.math, nodes.table)


# --- formulas


FORMULAS: dict[tuple[str, bool], str] = {}  # a formula, and whether it stands alone, to KaTeX's HTML


def learn(formulas: list[tuple[str, bool]]) -> None:
    """Ask KaTeX for those that are new; all that are asked for together cost one start of Node."""
    new = [each for each in dict.fromkeys(formulas) if each not in FORMULAS]
    if new:
        command, asked = ["node", "math.mjs"], json.dumps(new)
        done = subprocess.run(command, cwd=SITE, input=asked, capture_output=True, text=True, check=True)
        FORMULAS.update(zip(new, json.loads(done.stdout), strict=True))


def collect_formulas(app: Sphinx, env: Any) -> None:
    wanted = []
    for name in env.all_docs:
        tree = env.get_doctree(name)
        wanted += [(each.astext(), False) for each in tree.findall(nodes.math)]
        wanted += [(each.astext(), True) for each in tree.findall(nodes.math_block)]
    learn(wanted)


def visit_math(self: Any, node: nodes.math) -> None:
    learn([(node.astext(), False)])
    self.body.append(FORMULAS[node.astext(), False])
    raise nodes.SkipNode


def visit_math_block(self: Any, node: nodes.math_block) -> None:
    learn([(node.astext(), True)])
    self.body.append(self.starttag(node, "div", CLASS="math") + FORMULAS[node.astext(), True] + "</div>\n")
    raise nodes.SkipNode


# --- the glossary


class Term:
    """A row of the glossary. own: the numbers of the chapters that explain it."""

    def __init__(self, anchor: str, words: str, meaning: str, chapters: str) -> None:
        self.anchor, self.meaning = anchor, re.sub(r"[*`]|\]\([^)]*\)|\[", "", meaning)
        self.words = [word.strip("* ") for word in words.split(", ")]
        self.own = re.findall(r"\[(\w+)\]", chapters)

    def everyday(self, word: str) -> bool:
        """Whether it means other things too, such as "part" and "level": then only its own chapters link to it."""
        return word.islower() and " " not in word and "-" not in word


def terms() -> list[tuple[str, Term]]:
    """Each word of the glossary, long ones first, so that "anchor box" is no "anchor"."""
    found = [Term(*row) for row in ROW.findall((ROOT / f"{GLOSSARY}.md").read_text())]
    return sorted(((word, term) for term in found for word in term.words), key=lambda pair: -len(pair[0]))


def link_terms(app: Sphinx, tree: nodes.document, name: str) -> None:
    """Link each word of the glossary where a page uses it first."""
    if name == GLOSSARY or name.startswith("api/"):
        return
    number = re.match(r"notebooks/(?:deeper/)?(\d\d|start)", name)
    done: set[str] = set()
    to = app.builder.get_relative_uri(name, GLOSSARY)
    for word, term in TERMS:
        if term.anchor in done or (term.everyday(word) and (number is None or number[1] not in term.own)):
            continue
        sought = re.compile(rf"(?<![\w-]){re.escape(word)}s?(?![\w-])", 0 if word != word.lower() else re.I)
        for text in list(tree.findall(nodes.Text)):
            found = sought.search(text)
            if not found or any(isinstance(up, QUIET) or "run-this" in up.get("classes", ()) for up in above(text)):
                continue
            link = nodes.reference("", found[0], refuri=f"{to}#{term.anchor}", internal=True, classes=["term"],
                                   reftitle=term.meaning)  # fmt: skip
            parts = [text[: found.start()], link, text[found.end() :]]
            text.parent.replace(text, [nodes.Text(part) if isinstance(part, str) else part for part in parts if part])
            done.add(term.anchor)
            break


def above(node: nodes.Node) -> list[nodes.Element]:
    found = []
    while node.parent is not None:
        node = node.parent
        found.append(node)
    return found


TERMS = terms()


# --- docstrings


def readable(app: Sphinx, what: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    """Keep columns and XML as they are written, and signs that Sphinx would take for its own."""
    made = []
    for part in re.split(r"\n\s*\n", "\n".join(lines)):
        if ">>>" not in part and (part.lstrip().startswith("<") or re.search(r"\S {3,}\S", part)):
            part = "::\n\n" + textwrap.indent(textwrap.dedent(part), "    ")
        made.append(re.sub(r"\|(?=\w[^|\s]*\|)|(?<=/)\*", r"\\\g<0>", part))
    lines[:] = "\n\n".join(made).splitlines()


# --- what a page loads


def load_late(app: Sphinx, tree: nodes.document) -> None:
    for picture in tree.findall(nodes.image):
        picture["loading"] = "lazy"


def add_files(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Scripts and styles that not all pages need."""
    body = context.get("body", "")
    if tree := context.get("furo_navigation_tree"):  # Sphinx writes headings that do not say of which level
        context["furo_navigation_tree"] = tree.replace('role="heading"', 'role="heading" aria-level="2"')
    if 'class="explorer"' in body:
        app.add_js_file("widgets.js", loading_method="defer")
        app.add_css_file("widgets.css")
    if "data-own-photo" in body:
        app.add_css_file("own_photo.css")
        for script in ("cascade.js", "own_photo.js"):
            app.add_js_file(script, loading_method="defer")
    if 'class="katex' in body:
        app.add_css_file("katex.css")


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_html_math_renderer("katex", (visit_math, None), (visit_math_block, None))
    app.connect("autodoc-process-docstring", readable, priority=900)  # after napoleon
    app.connect("doctree-read", load_late)
    app.connect("env-updated", collect_formulas)
    app.connect("doctree-resolved", link_terms)
    app.connect("html-page-context", add_files, priority=900)  # after furo
    return {"parallel_read_safe": True, "parallel_write_safe": True}
