"""Error rates and LLRs to SVG pictures: DET curves and the two distributions around an operating point."""

from collections.abc import Sequence
from html import escape
from statistics import NormalDist

import numpy as np

from earmark.evaluation.metrics import Doubles, Rates

WIDTH, HEIGHT = 970, 560
LEFT, RIGHT, TOP, BOTTOM = 70, 270, 46, 56  # the right margin holds the key
COLOURS = ("#1f5fa8", "#d1651d", "#2f8f4e", "#a83279", "#7a6a2c", "#4a4a4a")
DET_TICKS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4)
DET_LOW, DET_HIGH = 0.0008, 0.5


def frame(title: str, body: list[str], *, width: int = WIDTH, height: int = HEIGHT, left: int = LEFT) -> str:
    """A picture of its parts under a title."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" font-family="sans-serif" font-size="13" fill="#222">'
        f'<rect width="{width}" height="{height}" fill="#fff"/>'
    )
    caption = f'<text x="{left}" y="26" font-size="16" font-weight="bold">{escape(title)}</text>'
    return "\n".join([head, caption, *body, "</svg>\n"])


def text(x: float, y: float, words: str, anchor: str = "middle", more: str = "") -> str:
    """Words at a place."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {more}>{escape(words)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, style: str = 'stroke="#ddd"') -> str:
    """A straight line."""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" {style}/>'


def _across(share: Doubles | float) -> Doubles:
    return LEFT + (WIDTH - LEFT - RIGHT) * np.asarray(share, np.float64)


def _down(share: Doubles | float) -> Doubles:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * np.asarray(share, np.float64)


def _probit(rate: Doubles | float) -> Doubles:
    """Rate to 0..1 along an axis on which normal scores give straight DET curves."""
    deviate = NormalDist().inv_cdf
    low, high = deviate(DET_LOW), deviate(DET_HIGH)
    flat = np.clip(rate, DET_LOW, DET_HIGH).ravel()
    found = np.array([deviate(float(value)) for value in flat]).reshape(np.shape(rate))
    return np.asarray((found - low) / (high - low), np.float64)


def det_svg(title: str, curves: Sequence[tuple[str, Rates, int, bool]]) -> str:
    """DET curves as SVG; each curve is (name, rates, colour number, dashed)."""
    body = []
    for tick in DET_TICKS:
        x, y = float(_across(_probit(tick))), float(_down(_probit(tick)))
        body += [line(x, TOP, x, HEIGHT - BOTTOM), line(LEFT, y, WIDTH - RIGHT, y)]
        words = f"{100 * tick:g}"
        body += [text(x, HEIGHT - BOTTOM + 18, words), text(LEFT - 8, y + 4, words, "end")]
    low, high = float(_across(0)), float(_across(1))
    body.append(line(low, float(_down(0)), high, float(_down(1)), 'stroke="#999" stroke-dasharray="2 4"'))
    for place, (name, rates, colour, dashed) in enumerate(curves):
        # Nearly equal points draw nothing new: keep those at least a third of a pixel apart.
        right, down = _across(_probit(rates.fmr)), _down(_probit(rates.fnmr))
        inside = (rates.fmr >= DET_LOW) & (rates.fnmr >= DET_LOW)
        steps = np.round(np.stack([right, down], axis=1)[inside] * 3).astype(int)
        steps = steps[np.any(np.diff(steps, axis=0, prepend=-1) != 0, axis=1)]
        points = " ".join(f"{a / 3:.1f},{b / 3:.1f}" for a, b in steps)
        dash = 'stroke-dasharray="6 4"' if dashed else ""
        style = f'stroke="{COLOURS[colour % len(COLOURS)]}" stroke-width="2" {dash}'
        body.append(f'<polyline points="{points}" fill="none" {style}/>')
        y_key = TOP + 18 + 19 * place
        body.append(line(WIDTH - RIGHT + 12, y_key - 4, WIDTH - RIGHT + 42, y_key - 4, style))
        body.append(text(WIDTH - RIGHT + 50, y_key, name, "start"))
    body.append(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, "false match rate, %"))
    middle = (TOP + HEIGHT - BOTTOM) / 2
    body.append(text(20, middle, "false non-match rate, %", more=f'transform="rotate(-90 20 {middle})"'))
    return frame(title, body)


def histogram_svg(
    title: str,
    genuine: Doubles,
    impostor: Doubles,
    threshold: float,
    words: str,
    *,
    axis: str = "log-likelihood ratio (natural log)",
) -> str:
    """Densities of genuine and impostor scores as SVG, with the operating point marked."""
    both = np.concatenate([genuine, impostor])
    ends = np.percentile(both, [0.05, 99.95])
    step = next(step for step in (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 1e9) if np.ptp(ends) <= 12 * step)
    low = step * np.floor(min(ends[0], threshold - step) / step)
    high = step * np.ceil(max(ends[1], threshold + step) / step)
    edges = np.linspace(low, high, 81)
    shares = [np.histogram(values, edges)[0] / values.size for values in (impostor, genuine)]
    most = 1.1 * max(float(share.max()) for share in shares)

    def across(llr: float) -> float:
        return float(_across((llr - low) / (high - low)))

    body = []
    for tick in np.arange(low, high + step / 2, step):
        body += [line(across(tick), TOP, across(tick), HEIGHT - BOTTOM)]
        body += [text(across(tick), HEIGHT - BOTTOM + 18, f"{round(tick, 2) + 0.0:g}")]
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
        body.append(text(WIDTH - RIGHT + 42, y_key, name, "start"))
    x = across(threshold)
    body.append(line(x, TOP, x, HEIGHT - BOTTOM, 'stroke="#222" stroke-width="2"'))
    body.append(text(x, TOP - 6, words))
    body.append(line(LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM, 'stroke="#222"'))
    body.append(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, axis))
    return frame(title, body)
