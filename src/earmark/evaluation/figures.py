"""Banks of embeddings to the pictures of the model card."""

from collections.abc import Sequence

from earmark.evaluation.bank import Bank, Condition, trials_of
from earmark.evaluation.conditions import CHANNELS, SHORT
from earmark.evaluation.drawing import det_svg, histogram_svg
from earmark.evaluation.fit import calibrated, every_condition
from earmark.evaluation.intervals import join_trials
from earmark.evaluation.metrics import Rates, make_grid, rates
from earmark.voice.scoring.calibration import Calibration
from earmark.voice.scoring.decision import DEFAULT_FMR


def condition_rates(bank: Bank, condition: Condition) -> Rates:
    """The DET staircase of a condition, all sets pooled."""
    trials = trials_of(bank, condition)
    return rates(make_grid(trials.scores[trials.genuine], trials.scores[~trials.genuine]))


def det_figures(banks: Sequence[Bank]) -> dict[str, str]:
    """File name to SVG: DET curves by length and by channel; the first bank solid, the second dashed."""
    by_length = [(f"{length}, clean", Condition(length, length, "clean")) for length in SHORT]
    by_channel = [(channel, Condition("4 s", "4 s", channel)) for channel in CHANNELS]
    pictures = {}
    for file, title, conditions in (
        ("det-length.svg", "By length of both sides, clean", by_length),
        ("det-channel.svg", "By channel of the test side, 4 s", by_channel),
    ):
        curves = []
        for place, bank in enumerate(banks):
            for colour, (name, condition) in enumerate(conditions):
                label = name if place == 0 else f"{name} ({bank.listener})"
                curves.append((label, condition_rates(bank, condition), colour, place > 0))
        pictures[file] = det_svg(title, curves)
    return pictures


def llr_figure(bank: Bank, calibration: Calibration) -> str:
    """Genuine and impostor LLRs over all conditions, with the default operating point."""
    trials = join_trials([trials_of(bank, condition) for condition in every_condition()])
    llr = calibrated(trials, calibration).scores
    threshold = calibration.operating_point(DEFAULT_FMR).threshold
    return histogram_svg(
        "Log-likelihood ratios of TEST speakers, all conditions",
        llr[trials.genuine],
        llr[~trials.genuine],
        threshold,
        f"accept from {threshold:.1f} (FMR {DEFAULT_FMR:g})",
    )
