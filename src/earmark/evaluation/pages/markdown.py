"""A report to Markdown; its figures are files beside it."""

import re

from earmark.evaluation.pages.document import Block, Bullets, Document, Figure, Notice, Table, Text

SPECIAL = re.compile(r"([\\*_\[\]<>|#])")


def to_markdown(document: Document, *, figures: str = "figures") -> str:
    """The whole page; `figures` is the folder that the pictures are linked from."""
    parts = [f"# {_plain(document.title)}", _plain(document.subtitle)]
    for section in document.sections:
        parts.append(f"## {_plain(section.title)}")
        parts += [_block(block, figures) for block in section.blocks]
    return "\n\n".join([*parts, f"*{_plain(document.foot)}*"]) + "\n"


def figures_of(document: Document) -> dict[str, str]:
    """File name to SVG."""
    return {
        f"{block.name}.svg": block.svg
        for section in document.sections
        for block in section.blocks
        if isinstance(block, Figure)
    }


def _block(block: Block, figures: str) -> str:
    match block:
        case Text(words):
            return _plain(words)
        case Notice(words, warning):
            return f"> {'**Warning:** ' if warning else ''}{_plain(words)}"
        case Bullets(points):
            return "\n".join(f"- {_plain(point)}" for point in points)
        case Figure(name, _, caption):
            return f"![{_plain(caption)}]({figures}/{name}.svg)"
        case Table(head, rows, words):
            rule = ["---" if place < words else "--:" for place in range(len(head))]
            lines = [[_plain(cell) for cell in head], rule, *([_plain(cell) for cell in row] for row in rows)]
            return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _plain(words: str) -> str:
    """Words that mean nothing to Markdown or HTML."""
    return SPECIAL.sub(r"\\\1", " ".join(words.split()))
