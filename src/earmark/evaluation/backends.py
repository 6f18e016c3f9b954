"""Back ends side by side: each calibrated on calibration speakers, all measured on test speakers."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, pairwise

import numpy as np
from numpy.typing import NDArray

from earmark.evaluation.averages import error_rates, llr_costs
from earmark.evaluation.bank import Bank, Condition, Scored, by_backend, by_cosine, trials_of
from earmark.evaluation.conditions import CHANNELS, LENGTHS
from earmark.evaluation.fit import calibrated, every_condition
from earmark.evaluation.fused_fit import NO_SHIFT, PLAIN, calibrate
from earmark.evaluation.intervals import Estimate, Trials, join_trials, measure
from earmark.evaluation.metrics import USUAL, Doubles, Rates, eer_of, fnmr_at_fmr_of, min_cllr_of, min_dcf_of
from earmark.voice.features import Floats
from earmark.voice.scoring.backends import Fused, Heard
from earmark.voice.scoring.calibration import Calibration
from earmark.voice.scoring.decider import Decider
from earmark.voice.scoring.plda import Plda, adapt_plda
from earmark.voice.scoring.voices import Voices

MEASURES: dict[str, Callable[[Rates], float]] = {
    "EER": eer_of,
    "minDCF": min_dcf_of,
    "FNMR": partial(fnmr_at_fmr_of, fmr=0.01),
    "min Cllr": min_cllr_of,
}
AS_IS = replace(PLAIN, score="llr")
ASKED = (0.01, 0.001)
SNR_DB = (-np.inf, 5.0, 10.0, 15.0, 20.0, 30.0, np.inf)
REPLICATES = 100  # of each bucket's interval


@dataclass(frozen=True, eq=False)
class PldaAlone:
    """PLDA without a cohort."""

    plda: Plda
    name: str = "plda"

    def hear(self, voices: Voices) -> Heard:
        """Nothing is needed but the vectors."""
        return Heard(voices)

    def scores(self, left: Heard, right: Heard) -> Doubles:
        """Of all pairs, (N, M); a thousandth of the ratios, which are far too large."""
        return self.plda.scores(left.voices.vectors, right.voices.vectors) / 1e3

    def pair_scores(self, left: Heard, right: Heard) -> Doubles:
        """Of the pairs, (n,)."""
        return self.plda.pair_scores(left.voices.vectors, right.voices.vectors) / 1e3


@dataclass(frozen=True, eq=False)
class Measured:
    """One back end on test speakers, all sets and conditions pooled."""

    name: str
    results: dict[str, Estimate]


def contenders(fused: Fused, bank: Bank) -> dict[str, Scored]:
    """What is compared, by name. The bank's vectors, without their speakers, are what PLDA is adapted by."""

    def part(weights: tuple[float, float]) -> Scored:
        backend = replace(fused, weights=weights, alignment=NO_SHIFT, meaning=PLAIN)
        return by_backend(Decider(backend, AS_IS))

    unlabelled: Floats = np.concatenate([row.vectors for row in bank.rows.values()])
    return {
        "cosine": by_cosine,
        "PLDA": by_backend(Decider(PldaAlone(fused.plda), AS_IS)),
        "PLDA, adapted": by_backend(Decider(PldaAlone(adapt_plda(fused.plda, unlabelled)), AS_IS)),
        "cosine, AS-norm": part((1.0, 0.0)),
        "PLDA, AS-norm": part((0.0, 1.0)),
        "both, AS-norm": part(fused.weights),
    }


def side_by_side(fused: Fused, before: Calibration | None, fitted: Bank, tested: Bank) -> Iterator[Measured]:
    """Every contender, calibrated the same way on `fitted`, then what ships, all measured on `tested`.

    `before` is the calibration of the cosine by the seconds of both sides.
    """
    for name, scored in contenders(fused, fitted).items():
        sample = _pooled(fitted, every_condition(), scored)
        meaning = calibrate(_standard(sample.scores, sample), sample.genuine, _shares(sample))
        trials = _pooled(tested, _equal_lengths(), scored)
        llr = meaning.llr(_standard(trials.scores, sample), 1.0, 1.0)
        yield _measured(name, replace(trials, scores=llr))
        if name == "cosine" and before is not None:
            trials = _pooled(tested, _equal_lengths(), scored)
            yield _measured("cosine and seconds", calibrated(trials, before))
    yield _measured("**default**", _pooled(tested, _equal_lengths(), by_backend(Decider(fused, AS_IS))))


def _standard(scores: Doubles, of: Trials) -> Doubles:
    """As standard scores of other trials' strangers, where the calibration's bend is in place."""
    strangers = of.scores[~of.genuine]
    high, higher = np.percentile(strangers, [50.0, 99.0])
    found: Doubles = (scores - high) / (higher - high) * 2.0
    return found


def _measured(name: str, trials: Trials) -> Measured:
    return Measured(name, measure(trials, MEASURES) | llr_costs(trials, USUAL))


def _equal_lengths() -> list[Condition]:
    return [Condition(length, length, channel) for length in LENGTHS for channel in CHANNELS]


def _pooled(bank: Bank, conditions: Sequence[Condition], scored: Scored) -> Trials:
    return join_trials([trials_of(bank, condition, scored=scored) for condition in conditions])


def _shares(trials: Trials) -> Doubles:
    found = np.bincount(trials.sets)[trials.sets].astype(np.float64) ** -0.5
    return np.asarray(found / found.mean(), np.float64)


@dataclass(frozen=True, eq=False)
class Kept:
    """How a promised rate is kept in one bucket."""

    by: str
    name: str
    strangers: int
    found: tuple[Estimate, ...]  # FMR, in the order of `ASKED`
    missed: tuple[Estimate, ...]  # FNMR


def kept_rates(tested: Bank, scored: Scored, calibration: Calibration) -> Iterator[Kept]:
    """FMR and FNMR at the thresholds of `ASKED`, over all pairs of lengths and all channels."""
    conditions = every_condition()
    parts = [trials_of(tested, condition, scored=scored) for condition in conditions]
    trials = join_trials(parts)
    number = np.repeat(np.arange(len(parts)), [part.scores.size for part in parts])
    snr = np.concatenate([_noise(tested, condition) for condition in conditions])
    limits = [calibration.operating_point(rate).threshold for rate in ASKED]
    buckets: list[tuple[str, str, NDArray[np.bool_]]] = [("all", "", np.ones(number.size, bool))]

    def such(by: str, names: Sequence[str], of: Callable[[Condition], str]) -> None:
        values = np.array([of(condition) for condition in conditions])[number]
        buckets.extend((by, name, values == name) for name in names)

    such("enrolment", list(LENGTHS), lambda condition: condition.enrol_length)
    such("test", list(LENGTHS), lambda condition: condition.test_length)
    such("channel", CHANNELS, lambda condition: condition.channel)
    for low, high in pairwise(SNR_DB):
        name = f"below {high:g} dB" if low == -np.inf else f"from {low:g} dB"
        buckets.append(("noise", name, (snr >= low) & (snr < high)))
    for place, dataset in enumerate(tested.sets):
        buckets.append(("set", dataset, trials.sets == place))
    for by, name, where in buckets:
        part = Trials(**{key: values[where] for key, values in vars(trials).items()})
        pairs = [error_rates(part, limit, replicates=REPLICATES) for limit in limits]
        yield Kept(
            by,
            name,
            int(np.count_nonzero(~part.genuine)),
            tuple(found for found, _ in pairs),
            tuple(missed for _, missed in pairs),
        )


def _noise(bank: Bank, condition: Condition) -> Doubles:
    """SNR of the test side of each trial, in the order of `trials_of`."""
    found = []
    for dataset in bank.sets:
        enrol = bank.rows[dataset, "enrol", condition.enrol_length, "clean"]
        test = bank.rows[dataset, "test", condition.test_length, condition.channel]
        found.append(np.tile(test.voices.snr_db, enrol.seconds.size))
    return np.nan_to_num(np.concatenate(found), nan=-10.0)


def to_markdown(measured: Sequence[Measured], kept: Sequence[Kept]) -> str:
    """Both tables."""
    heads = ["EER", "minDCF", "actDCF", "Cllr", "min Cllr", "FNMR"]
    titles = ["EER %", "minDCF(0.01)", "actDCF(0.01)", "Cllr", "min Cllr", "FNMR % at FMR 1 %"]
    lines = [
        "### Back ends",
        "",
        f"One threshold for all trials of the {len(_equal_lengths())} conditions. Each is calibrated in the "
        "same way on calibration speakers; cosine and seconds is the calibration of before. Lowest in bold.",
        "",
        "| back end | " + " | ".join(titles) + " |",
        "|---|" + "--:|" * len(titles),
    ]
    for one in measured:
        cells = []
        for head in heads:
            found = one.results[head]
            times = 100.0 if head in ("EER", "FNMR") else 1.0
            form = ".1f" if times > 1 else ".2f"
            cell = f"{times * found.value:{form}} ({times * found.low:{form}}-{times * found.high:{form}})"
            best = min(other.results[head].value for other in measured)
            cells.append(f"**{cell}**" if found.value == best else cell)
        lines.append(f"| {one.name} | " + " | ".join(cells) + " |")
    lines += [
        "",
        "### Whether the promised rate is kept",
        "",
        f"FMR at the default's threshold over the rate asked for, over all {len(every_condition())} pairs of "
        "conditions.",
        "",
        "| by | | strangers | " + " | ".join(f"FMR / {rate:g} | FNMR % at {rate:g}" for rate in ASKED) + " |",
        "|---|---|--:|" + "--:|" * (2 * len(ASKED)),
    ]
    for row in kept:
        pieces = chain.from_iterable(
            (
                f"{found.value / rate:.2f} ({found.low / rate:.2f}-{found.high / rate:.2f})",
                f"{100 * missed.value:.1f}",
            )
            for rate, found, missed in zip(ASKED, row.found, row.missed, strict=True)
        )
        lines.append(f"| {row.by} | {row.name} | {row.strangers:,} | " + " | ".join(pieces) + " |")
    return "\n".join(lines) + "\n"
