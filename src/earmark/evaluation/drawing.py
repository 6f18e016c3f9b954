"""Error rates and LLRs to SVG pictures: DET curves and the two distributions around an operating point."""

from collections.abc import Sequence
from html import escape

import numpy as np
from scipy.special import ndtri

from earmark.evaluation.metrics import Doubles, Rates

WIDTH, HEIGHT = 970, 560
LEFT, RIGHT, TOP, BOTTOM = 70, 270, 46, 56  # the right margin holds the key
COLOURS = ("#1f5fa8", "#d1651d", "#2f8f4e", "#a83279", "#7a6a2c", "#4a4a4a")
DET_TICKS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4)
DET_LOW, DET_HIGH = 0.0008, 0.5


def _frame(title: str, body: list[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'height="{HEIGHT}" font-family="sans-serif" font-size="13" fill="#222">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>'
    )
    caption = f'<text x="{LEFT}" y="26" font-size="16" font-weight="bold">{escape(title)}</text>'
    return "\n".join([head, caption, *body, "</svg>\n"])


def _text(x: float, y: float, words: str, anchor: str = "middle", more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {more}>{escape(words)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, style: str = 'stroke="#ddd"') -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" {style}/>'


def _across(share: Doubles | float) -> Doubles:
    return LEFT + (WIDTH - LEFT - RIGHT) * np.asarray(share, np.float64)


def _down(share: Doubles | float) -> Doubles:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * np.asarray(share, np.float64)


def _probit(rate: Doubles | float) -> Doubles:
    """Rate to 0..1 along an axis on which normal scores give straight DET curves."""
    low, high = ndtri(DET_LOW), ndtri(DET_HIGH)
    return np.asarray((ndtri(np.clip(rate, DET_LOW, DET_HIGH)) - low) / (high - low), np.float64)


def det_svg(title: str, curves: Sequence[tuple[str, Rates, int, bool]]) -> str:
    """DET curves as SVG; each curve is (name, rates, colour number, dashed)."""
    body = []
    for tick in DET_TICKS:
        x, y = float(_across(_probit(tick))), float(_down(_probit(tick)))
        body += [_line(x, TOP, x, HEIGHT - BOTTOM), _line(LEFT, y, WIDTH - RIGHT, y)]
        words = f"{100 * tick:g}"
        body += [_text(x, HEIGHT - BOTTOM + 18, words), _text(LEFT - 8, y + 4, words, "end")]
    low, high = float(_across(0)), float(_across(1))
    body.append(_line(low, float(_down(0)), high, float(_down(1)), 'stroke="#999" stroke-dasharray="2 4"'))
    for place, (name, rates, colour, dashed) in enumerate(curves):
        # Nearly equal points draw nothing new: keep those at least a third of a pixel apart.
        right, down = _across(_probit(rates.fmr)), _down(_probit(rates.fnmr))
        inside = (rates.fmr > DET_LOW / 2) & (rates.fnmr > DET_LOW / 2)
        steps = np.round(np.stack([right, down], axis=1)[inside] * 3).astype(int)
        steps = steps[np.any(np.diff(steps, axis=0, prepend=-1) != 0, axis=1)]
        points = " ".join(f"{a / 3:.1f},{b / 3:.1f}" for a, b in steps)
        dash = 'stroke-dasharray="6 4"' if dashed else ""
        style = f'stroke="{COLOURS[colour % len(COLOURS)]}" stroke-width="2" {dash}'
        body.append(f'<polyline points="{points}" fill="none" {style}/>')
        y_key = TOP + 18 + 19 * place
        body.append(_line(WIDTH - RIGHT + 12, y_key - 4, WIDTH - RIGHT + 42, y_key - 4, style))
        body.append(_text(WIDTH - RIGHT + 50, y_key, name, "start"))
    body.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, "false match rate, %"))
    middle = (TOP + HEIGHT - BOTTOM) / 2
    body.append(_text(20, middle, "false non-match rate, %", more=f'transform="rotate(-90 20 {middle})"'))
    return _frame(title, body)


def histogram_svg(title: str, genuine: Doubles, impostor: Doubles, threshold: float, words: str) -> str:
    """Densities of genuine and impostor LLRs as SVG, with the operating point marked."""
    both = np.concatenate([genuine, impostor])
    low, high = np.floor(np.percentile(both, 0.05)), np.ceil(np.percentile(both, 99.95))
    low, high = min(low, threshold - 1), max(high, threshold + 1)
    edges = np.linspace(low, high, 81)
    shares = [np.histogram(values, edges)[0] / values.size for values in (impostor, genuine)]
    most = 1.1 * max(float(share.max()) for share in shares)

    def across(llr: float) -> float:
        return float(_across((llr - low) / (high - low)))

    body = []
    for tick in range(int(low), int(high) + 1, max(1, int(high - low) // 12)):
        body += [_line(across(tick), TOP, across(tick), HEIGHT - BOTTOM)]
        body += [_text(across(tick), HEIGHT - BOTTOM + 18, f"{tick}")]
    for place, (name, share, colour) in enumerate(
        (("impostor trials", shares[0], COLOURS[1]), ("genuine trials", shares[1], COLOURS[0]))
    ):
        points = [(across(edges[0]), float(_down(0)))]
        for left, right, value in zip(edges[:-1], edges[1:], share, strict=True):
            y = float(_down(value / most))
            points += [(across(left), y), (across(right), y)]
        points.append((across(edges[-1]), float(_down(0))))
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        body.append(f'<polygon points="{path}" fill="{colour}" fill-opacity="0.35" stroke="{colour}"/>')
        y_key = TOP + 18 + 19 * place
        body.append(
            f'<rect x="{WIDTH - RIGHT + 12}" y="{y_key - 11}" width="22" height="12" fill="{colour}"/>'
        )
        body.append(_text(WIDTH - RIGHT + 42, y_key, name, "start"))
    x = across(threshold)
    body.append(_line(x, TOP, x, HEIGHT - BOTTOM, 'stroke="#222" stroke-width="2"'))
    body.append(_text(x, TOP - 6, words))
    body.append(_line(LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM, 'stroke="#222"'))
    body.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, "log-likelihood ratio (natural log)"))
    return _frame(title, body)
