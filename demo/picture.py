"""Log-likelihood ratios to an SVG picture: a dot for each comparison, and the line that accepts it."""

import math

MAX_DOTS = 3_000  # more would make a picture of many megabytes
WIDTH, HEIGHT, LEFT, RIGHT = 860, 330, 40, 30
ROWS = ((110, "same person", "#1b7837"), (220, "different people", "#b2182b"))


def draw(genuine: list[float], impostor: list[float], threshold: float, *, caption: str) -> str:
    """The picture as SVG text. `caption` is plain text of ours, never a name."""
    values = [*genuine, *impostor, threshold, 0.0]
    low, high = math.floor(min(values)) - 1, math.ceil(max(values)) + 1

    def across(llr: float) -> float:
        return round(LEFT + (llr - low) / (high - low) * (WIDTH - LEFT - RIGHT), 1)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="26" font-size="15">{caption}</text>',
    ]
    for (middle, label, colour), llrs in zip(ROWS, (genuine, impostor), strict=True):
        parts.append(f'<text x="{LEFT}" y="{middle - 36}" fill="{colour}">{label} ({len(llrs)})</text>')
        parts += [
            # Three golden-ratio steps of height keep neighbours apart, and the picture the same each time.
            f'<circle cx="{across(llr)}" cy="{middle - 24 + 48 * (index * 0.618034 % 1):.1f}" r="4" '
            f'fill="{colour}" fill-opacity="0.55"/>'
            for index, llr in enumerate(_thin(sorted(llrs)))
        ]
    line, axis = across(threshold), 265
    side, shift = ("start", 6) if line < 0.7 * WIDTH else ("end", -6)
    parts += [
        f'<path d="M{line} 50V{axis}" stroke="#333" stroke-dasharray="5 4" fill="none"/>',
        f'<text x="{line + shift:.1f}" y="58" text-anchor="{side}">accepted from {threshold:.1f} on</text>',
        f'<path d="M{LEFT} {axis}H{WIDTH - RIGHT}" stroke="#333" fill="none"/>',
    ]
    step = max(1, math.ceil((high - low) / 12))
    for tick in range(math.ceil(low / step) * step, high + 1, step):
        parts.append(f'<path d="M{across(tick)} {axis}v5" stroke="#333"/>')
        parts.append(f'<text x="{across(tick)}" y="{axis + 20}" text-anchor="middle">{tick}</text>')
    parts.append(
        f'<text x="{LEFT}" y="{HEIGHT - 14}">log-likelihood ratio: '
        "above 0 speaks for the same person, below 0 against</text>"
    )
    return "\n".join([*parts, "</svg>", ""])


def _thin(llrs: list[float]) -> list[float]:
    """At most `MAX_DOTS` of the sorted values, at even ranks, both ends among them."""
    if len(llrs) <= MAX_DOTS:
        return llrs
    return [llrs[round(index * (len(llrs) - 1) / (MAX_DOTS - 1))] for index in range(MAX_DOTS)]
