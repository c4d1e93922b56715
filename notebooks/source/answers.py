"""Write docs/answers.md: the questions at the end of each chapter with their answers, for who teaches the course.

    python notebooks/source/answers.py

Both come from the chapters' sources, where the answers are folded away.
"""

import re
from pathlib import Path

from mtcnn_lite.course.chapters import CHAPTERS

SOURCE = Path(__file__).parent
ANSWERS = SOURCE.parents[1] / "docs" / "answers.md"
HEAD = """\
# Answers to the recall questions

For teachers: what stands folded away at the end of each chapter, in one place to print. `notebooks/source/answers.py`
writes this page from the chapters.
"""
ASKED = re.compile(r"<details><summary>(.*?)</summary>\n\n(.*?)\n\n</details>", re.S)


def questions(name: str) -> list[tuple[str, str]]:
    """(question, answer) of what a chapter asks at its end. name: "00_iou"."""
    text = re.sub(r"^# ?", "", (SOURCE / f"{name}.py").read_text(), flags=re.M)
    return ASKED.findall(text.partition("\n## What you can now say\n")[2])


def page() -> str:
    """The page's text."""
    parts = [HEAD]
    for number, chapter in CHAPTERS.items():
        parts.append(f"## {number} · {chapter.title}\n")
        for place, (question, answer) in enumerate(questions(chapter.file), 1):
            parts.append(f"{place}. **{question}** {answer}")
        parts.append("")
    return wrapped("\n".join(parts))


def wrapped(text: str, width: int = 120) -> str:
    """The text with lines of at most `width` letters; what goes on is indented below its number."""
    lines = []
    for line in text.splitlines():
        indent = "   " if re.match(r"\d\. ", line) else ""
        words = line.split(" ")
        now = words[0]
        for word in words[1:]:
            if len(now) + 1 + len(word) > width:
                lines.append(now)
                now = indent + word
            else:
                now += f" {word}"
        lines.append(now)
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    ANSWERS.write_text(page(), encoding="utf-8")
