"""Turns to a timeline picture (SVG): a row for each speaker, a bar for each turn, and the time below."""

from collections.abc import Sequence
from html import escape

from earmark.voice.diarization.turns import Turn, speakers_of, speech_seconds

WIDTH, LEFT, RIGHT, TOP, ROW = 1_100, 170, 90, 44, 34  # pixels
COLOURS = ("#1f5fa8", "#d1651d", "#2f8f4e", "#a83279", "#7a6a2c", "#4a4a4a", "#c0392b", "#16818c")
STEPS = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200)  # seconds between marks
MARKS = 12  # at most
SHOWN = 24  # characters of a name


def to_svg(turns: Sequence[Turn], *, seconds: float, title: str) -> str:
    """A picture of who speaks when in a recording of `seconds`."""
    names = speakers_of(turns)
    height = TOP + ROW * max(1, len(names)) + 40
    across = (WIDTH - LEFT - RIGHT) / max(seconds, 1e-3)
    bottom = height - 34
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'height="{height}" font-family="sans-serif" font-size="13" fill="#222" role="img">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="{LEFT}" y="24" font-size="16" font-weight="bold">{escape(title)}</text>',
    ]
    step = next((step for step in STEPS if seconds / step <= MARKS), STEPS[-1])
    for mark in range(0, int(seconds) + 1, step):
        x = LEFT + mark * across
        parts.append(f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{bottom}" stroke="#ddd"/>')
        parts.append(f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{clock(mark)}</text>')
    for row, name in enumerate(names):
        y = TOP + ROW * row
        colour = COLOURS[row % len(COLOURS)]
        shown = name if len(name) <= SHOWN else f"{name[: SHOWN - 1]}…"
        parts.append(f'<text x="{LEFT - 10}" y="{y + 21}" text-anchor="end">{escape(shown)}</text>')
        for turn in (turn for turn in turns if turn.speaker == name):
            told = f"{name}, {clock(turn.start)} to {clock(turn.end)}"
            parts.append(
                f'<rect x="{LEFT + turn.start * across:.1f}" y="{y + 6}" rx="2" height="{ROW - 12}" '
                f'width="{max(1.0, turn.seconds * across):.1f}" fill="{colour}">'
                f"<title>{escape(told)}</title></rect>"
            )
        total = clock(speech_seconds(turns, name))
        parts.append(f'<text x="{WIDTH - RIGHT + 10}" y="{y + 21}">{total}</text>')
    if not names:
        parts.append(f'<text x="{LEFT}" y="{TOP + 21}">Nobody speaks.</text>')
    return "\n".join([*parts, "</svg>\n"])


def clock(seconds: float) -> str:
    """Such as "1:05" and "1:02:05"."""
    whole = round(seconds)
    hours = f"{whole // 3600}:{whole // 60 % 60:02d}" if whole >= 3600 else f"{whole // 60}"
    return f"{hours}:{whole % 60:02d}"
