"""Likelihood ratios to words: the verbal scale of the ENFSI guideline, and what validation can carry.

Source: European Network of Forensic Science Institutes, "Guideline for evaluative reporting in forensic
science", approved version 3.0 (2015).
"""

import math
from dataclasses import dataclass

SOURCE = (
    "ENFSI, Guideline for Evaluative Reporting in Forensic Science, version 3.0 (2015): the scale that it "
    "gives as an example"
)
STEPS = (
    (2.0, "no support"),
    (10.0, "weak support"),
    (100.0, "moderate support"),
    (1_000.0, "moderately strong support"),
    (10_000.0, "strong support"),
    (1_000_000.0, "very strong support"),
    (math.inf, "extremely strong support"),
)
SAME = "the two recordings are of the same speaker"
DIFFERENT = "the two recordings are of different speakers"


@dataclass(frozen=True)
class Finding:
    """A likelihood ratio as it may be reported."""

    llr: float  # natural log, as the calibration gives it
    log10_lr: float  # the same, held within what the validation can carry
    beyond: bool  # whether it was held
    words: str  # such as "moderate support for the proposition that ..."


def find_words(llr: float, *, same_people: int, pairs: int) -> Finding:
    """Report an LLR, at most as strong as its validation.

    Nothing larger than the number of pairs of different speakers that were compared, and nothing smaller
    than one in the number of speakers who were compared with themselves: that many comparisons cannot show
    rarer events. This is Earmark's own caution, after Vergeer et al., "Numerical likelihood ratios outputted
    by LR systems are often based on extrapolation" (2016).
    """
    highest, lowest = math.log(max(pairs, 1)), -math.log(max(same_people, 1))
    held = min(max(llr, lowest), highest)
    ratio = math.exp(abs(held))
    strength = next(words for top, words in STEPS if ratio < top)
    if strength == STEPS[0][1]:
        words = "no support for one proposition over the other"
    else:
        likelier = SAME if held > 0 else DIFFERENT
        words = f"{strength} for the proposition that {likelier}, relative to the alternative"
    return Finding(llr, held / math.log(10.0), held != llr, words)


def scale_rows() -> list[tuple[str, str]]:
    """The scale as a table: likelihood ratio, words."""
    rows, low = [], 1.0
    for top, words in STEPS:
        rows.append((f"{low:,.0f} to {top:,.0f}" if math.isfinite(top) else f"{low:,.0f} and more", words))
        low = top
    return rows


def ratio_words(log10_lr: float) -> str:
    """Such as "43" and "1 / 120", with two digits."""
    ratio = 10.0 ** abs(log10_lr)
    shown = f"{ratio:.2g}" if ratio < 100 else f"{float(f'{ratio:.2g}'):,.0f}"
    return shown if log10_lr >= 0 else f"1 / {shown}"
