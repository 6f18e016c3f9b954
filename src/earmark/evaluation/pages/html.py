"""A report to one HTML file: no script, nothing fetched, fit for a screen, a phone and paper."""

import re
from html import escape

from earmark.evaluation.pages.document import Block, Bullets, Document, Figure, Notice, Section, Table, Text

STYLE = """
:root { color-scheme: light; --ink: #1d2430; --soft: #5b6472; --line: #dfe3e8; --deep: #1f5fa8; }
* { box-sizing: border-box; }
body { margin: 0; background: #f4f6f8; color: var(--ink); font: 16px/1.55 system-ui, "Segoe UI", Roboto,
  "Helvetica Neue", Arial, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 2rem 2.5rem 3rem; background: #fff; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .3rem; }
h2 { font-size: 1.3rem; margin: 2.4rem 0 .7rem; padding-top: 1.1rem; border-top: 1px solid var(--line); }
p { margin: .6rem 0; max-width: 46rem; overflow-wrap: anywhere; }
.sub, figcaption, footer { color: var(--soft); }
.sub { margin: 0 0 1rem; }
nav { font-size: .92rem; columns: 3 12rem; margin: 1.2rem 0 0; }
nav a { display: block; color: var(--deep); text-decoration: none; padding: .1rem 0; }
.notice { border-left: 4px solid #c77700; background: #fff7e8; padding: .6rem .9rem; max-width: none; }
.notice.good { border-color: var(--deep); background: #eef4fb; }
.scroll { overflow-x: auto; margin: .9rem 0; }
table { border-collapse: collapse; font-size: .92rem; font-variant-numeric: tabular-nums; min-width: 60%; }
th, td { text-align: right; padding: .34rem .8rem .34rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; }
td span { white-space: nowrap; }
td .i { color: var(--soft); }
th { font-weight: 600; vertical-align: bottom; }
th.w, td.w { text-align: left; min-width: 4.8rem; overflow-wrap: break-word; max-width: 26rem; }
code { font-size: .92em; background: #f0f2f5; border-radius: 3px; padding: .05em .25em; }
figure { margin: 1.2rem 0; }
figure svg { max-width: 100%; height: auto; display: block; }
figcaption { font-size: .9rem; margin-top: .3rem; max-width: 46rem; }
ul { padding-left: 1.2rem; max-width: 46rem; }
footer { margin-top: 2.5rem; font-size: .85rem; border-top: 1px solid var(--line); padding-top: .8rem; }
@media (max-width: 40rem) { main { padding: 1.2rem 1rem; } nav { columns: 1; } }
@media print { body { background: #fff; } main { max-width: none; padding: 0; } nav { display: none; }
  h2, figure, tr { break-inside: avoid; } h2 { break-after: avoid; } }
""".strip()
# Even if a name slipped through unescaped, no script would run and nothing would be fetched.
WORDS = ' class="w"'  # a cell of words
CODE = re.compile(r"`([^`]+)`")
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def to_html(document: Document) -> str:
    """The whole page."""
    links = "".join(
        f'<a href="#s{number}">{escape(section.title)}</a>'
        for number, section in enumerate(document.sections, 1)
    )
    sections = "\n".join(_section(number, section) for number, section in enumerate(document.sections, 1))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(document.title)}</title>\n<style>\n{STYLE}\n</style>\n</head>\n<body>\n<main>\n"
        f'<h1>{escape(document.title)}</h1>\n<p class="sub">{escape(document.subtitle)}</p>\n'
        f"<nav>{links}</nav>\n{sections}\n<footer>{escape(document.foot)}</footer>\n</main>\n</body>\n</html>\n"
    )


def _words(words: str) -> str:
    """Escaped words, with what stands in backticks as code."""
    return CODE.sub(r"<code>\1</code>", escape(words))


def _section(number: int, section: Section) -> str:
    blocks = "\n".join(_block(block) for block in section.blocks)
    return f'<section>\n<h2 id="s{number}">{escape(section.title)}</h2>\n{blocks}\n</section>'


def _block(block: Block) -> str:
    match block:
        case Text(words):
            return f"<p>{_words(words)}</p>"
        case Notice(words, warning):
            return f'<p class="notice{"" if warning else " good"}">{_words(words)}</p>'
        case Bullets(points):
            return "<ul>" + "".join(f"<li>{_words(point)}</li>" for point in points) + "</ul>"
        case Figure(_, svg, caption):
            return f"<figure>{svg}<figcaption>{escape(caption)}</figcaption></figure>"
        case Table():
            return _table(block)


def _cell(cell: str, *, words: bool) -> str:
    """Words as they are; of a number its interval may stand on the next line."""
    if words:
        return _words(cell)
    value, bracket, rest = cell.partition(" (")
    more = f' <span class="i">({escape(rest)}</span>' if bracket else ""
    return f"<span>{escape(value)}</span>{more}"


def _table(table: Table) -> str:
    def row(cells: tuple[str, ...], tag: str) -> str:
        parts = [
            f"<{tag}{WORDS if place < table.words else ''}>{_cell(cell, words=place < table.words)}</{tag}>"
            for place, cell in enumerate(cells)
        ]
        return f"<tr>{''.join(parts)}</tr>"

    body = "\n".join(row(cells, "td") for cells in table.rows)
    return (
        f'<div class="scroll"><table>\n<thead>{row(table.head, "th")}</thead>\n'
        f"<tbody>\n{body}\n</tbody></table></div>"
    )
