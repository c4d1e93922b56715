"""Where a link to a heading, or to an anchor, leads in a Markdown page."""

import re


def anchors(page):
    """The anchors that GitHub gives a page's headings, and those that the page has of its own."""
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.S)
    heads = re.findall(r"^#+ (.+)", text, re.M)
    own = re.findall(r'<a id="([\w-]+)">', text)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads} | {*own}
