"""Evidence for a phrase to calibrated likelihood ratios: of every word, and of the phrase as a whole.

Both are logistic regressions over a few numbers each, fitted on calibration speakers by
recipes/calibrate_phrase.py with right phrases, other phrases and near misses weighed equally often right and
wrong: what they give is then a natural-log likelihood ratio.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earmark.voice.features import Floats
from earmark.voice.phrase.lattice import Evidence, build, weigh
from earmark.voice.phrase.pronunciations import DIGITS, in_dictionary, pronounce
from earmark.voice.phrase.rivals import Tree, grow, lead

Doubles = NDArray[np.float64]
FLOOR = -40.0  # nats; what speaks more strongly against a word is not told apart
WIDE_OPEN = -10.0  # nats; a gap from which on it hardly matters how much was said in it
MOST = 30.0  # nats; the most that is claimed either way
# Of the numbers that a word is judged by, those that can only speak for it when they grow: the first ones.
WORD_EVIDENCE = 10
PHRASE_EVIDENCE = 14


@dataclass(frozen=True)
class Regression:
    """A logistic regression: `(x - centre) / scale @ weights + offset` in nats."""

    centre: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[float, ...]
    offset: float

    def __call__(self, numbers: Doubles) -> Doubles:
        """(N, features) to natural-log likelihood ratios (N,)."""
        placed = (numbers - np.asarray(self.centre)) / np.asarray(self.scale)
        return np.asarray(np.clip(placed @ np.asarray(self.weights) + self.offset, -MOST, MOST))


@dataclass(frozen=True)
class Calibration:
    """What turns evidence into likelihood ratios, and from where a phrase counts as said.

    Each way to say something else than the phrase has a regression of its own, and a share of all of them.
    """

    word: Regression
    against: tuple[Regression, ...]
    shares: tuple[float, ...]
    accept: float  # nats

    def phrase(self, numbers: Doubles) -> Doubles:
        """(N, features) to natural-log likelihood ratios (N,) against the mixture of everything else."""
        wrong = [np.log(share) - way(numbers) for share, way in zip(self.shares, self.against, strict=True)]
        return np.asarray(-np.logaddexp.reduce(wrong))


@dataclass(frozen=True)
class Calibrations:
    """One for sentences, and one for phrases of nothing but digits, whose rivals are digits too."""

    sentences: Calibration
    digits: Calibration


def dump(calibrations: Calibrations) -> str:
    """Calibrations as they are kept in calibration.json."""
    return json.dumps(asdict(calibrations), indent=1) + "\n"


@cache
def shipped_calibrations() -> Calibrations:
    """Those that ship."""
    kept = json.loads(files("earmark.voice.models.phrase").joinpath("calibration.json").read_text())
    return Calibrations(_calibration(kept["sentences"]), _calibration(kept["digits"]))


def _calibration(kept: dict[str, Any]) -> Calibration:
    return Calibration(
        _regression(kept["word"]),
        tuple(_regression(way) for way in kept["against"]),
        tuple(kept["shares"]),
        kept["accept"],
    )


def _regression(kept: dict[str, Any]) -> Regression:
    return Regression(
        tuple(kept["centre"]), tuple(kept["scale"]), tuple(kept["weights"]), float(kept["offset"])
    )


@cache
def common_words() -> Tree:
    """Words that people may say instead, in a tree."""
    listed = files("earmark.voice.models.phrase").joinpath("common.txt").read_text(encoding="utf-8").split()
    return grow(pronounce(word) for word in listed if in_dictionary(word))


@cache
def digit_words() -> Tree:
    """The ten digits, in a tree."""
    return grow(pronounce(word) for word in DIGITS)


@dataclass(frozen=True, eq=False)
class Weighed:
    """A phrase held against a clip: evidence, and the numbers that the regressions take."""

    evidence: Evidence
    words: Doubles  # (W, features)
    counts: Doubles  # (W,) phones of each word
    leads: Doubles  # (W,) by how much each word fits better than its best rival
    confidence: float  # of the network over the whole clip, mean log probability of the best phone
    digits: bool  # nothing but digits: rivals are digits too


def hold(chances: Floats, words: Sequence[str]) -> Weighed:
    """A clip's phone probabilities (T, phones) and the words of a phrase, weighed."""
    ways = [pronounce(word) for word in words]
    evidence = weigh(chances, build(ways))
    digits = all(word in DIGITS for word in words)
    tree = digit_words() if digits else common_words()
    pairs = [lead(chances, evidence, place, said, tree, grow([said])) for place, said in enumerate(ways)]
    leads = np.asarray(pairs, np.float64)
    counts = np.asarray([np.mean([len(phones) for phones in said]) for said in ways])
    numbers = _word_numbers(evidence, leads, counts)
    return Weighed(evidence, numbers, counts, leads[:, 0], float(chances.max(axis=1).mean()), digits)


def _word_numbers(evidence: Evidence, leads: Doubles, counts: Doubles) -> Doubles:
    """(W, features): a word's own evidence, as in `WORD_NUMBERS`, and how the rest of the phrase does."""
    given = np.maximum(evidence.words.astype(np.float64), FLOOR)
    fits = np.maximum(evidence.fits.astype(np.float64), FLOOR)
    left = np.concatenate([[0.0], evidence.gaps])
    right = np.concatenate([evidence.gaps, [0.0]])
    ahead, together = leads.T
    return np.stack(
        [
            given,
            -np.sqrt(np.maximum(-given, 0.0)),
            given / counts,
            fits,
            fits / counts,
            ahead,
            np.minimum(ahead, 0.0),
            ahead / counts,
            together,
            np.maximum(np.minimum(left, right), FLOOR),
            _others(fits, counts),
            _others(ahead, counts),
            counts,
        ],
        axis=1,
    )


def _others(values: Doubles, counts: Doubles) -> Doubles:
    """(W,) mean over the phones of all other words; 0 for a word that stands alone."""
    phones = counts.sum() - counts
    return np.where(phones > 0, (values.sum() - values) / np.maximum(phones, 1.0), 0.0)


def phrase_numbers(weighed: Weighed, words: Doubles) -> Doubles:
    """(features,) of a phrase whose words have the likelihood ratios `words` (W,).

    Its length is none of them: in near misses it would tell by itself that a word is too many or missing.
    """
    evidence, phones = weighed.evidence, weighed.counts.sum()
    worst = np.sort(words)
    leads = np.sort(weighed.leads)
    by_phone = weighed.leads / weighed.counts
    fits = evidence.fits / weighed.counts
    gaps = np.sort(np.maximum(evidence.gaps, FLOOR)) if evidence.gaps.size else np.zeros(1)
    whole = max(evidence.phrase, -150.0)
    return np.asarray(
        [
            worst[0],
            worst[min(1, len(worst) - 1)],
            worst[min(2, len(worst) - 1)],
            words.mean(),
            np.minimum(words, 0.0).sum(),
            -np.logaddexp(0.0, -words).sum(),
            whole / phones,
            whole,
            gaps[0],
            leads[0],
            leads[min(1, len(leads) - 1)],
            leads.mean(),
            fits.min(),
            max(float(evidence.words.min()), FLOOR),
            weighed.confidence,
            *_apart(words),
            *_apart(by_phone),
            *_apart(fits),
            np.median(by_phone),
            np.median(fits),
            gaps[min(1, len(gaps) - 1)],
            gaps[min(2, len(gaps) - 1)],
            max(gaps[0], WIDE_OPEN),
            np.median(gaps),
        ]
    )


def _apart(values: Doubles) -> tuple[float, float]:
    """How far the worst word is below the middle of the others, and below the next.

    An accent or a noise lowers every word; where one word was changed, it stands alone. So the next
    word, which as evidence can only speak for the phrase, may speak against it here.
    """
    ranked = np.sort(values)
    others = ranked[min(1, len(ranked) - 1) :]
    return float(ranked[0] - np.median(others)), float(ranked[0] - others[0])


def score(weighed: Weighed, calibrations: Calibrations) -> tuple[Doubles, float, bool]:
    """Natural-log likelihood ratios of the words (W,) and of the phrase, and whether it is accepted."""
    fitting = calibrations.digits if weighed.digits else calibrations.sentences
    words = fitting.word(weighed.words)
    llr = float(fitting.phrase(phrase_numbers(weighed, words)[None])[0])
    return words, llr, llr >= fitting.accept
