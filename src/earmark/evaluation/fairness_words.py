"""A comparison of groups to a verdict in plain words: who is worse off, what cannot be said, and why."""

from collections.abc import Sequence
from dataclasses import dataclass

from earmark.evaluation.fairness import FEW_SPEAKERS, Comparison, Group, ratio_estimate
from earmark.evaluation.intervals import Estimate

RULED_OUT = 2.0  # where no group can have more than so many times the others' rate, none is called worse off
LARGE = 1.5  # a surely larger error counts as a difference only when it is this many times the others'


@dataclass(frozen=True)
class Verdict:
    """What to tell: sentences, and warnings about what the data cannot carry."""

    sentences: tuple[str, ...]
    warnings: tuple[str, ...]
    worst_fmr: str | None  # group with the highest rate among those that can be judged
    worst_fnmr: str | None
    differs: bool | None  # None: too few data to say


def judge(comparison: Comparison) -> Verdict:
    """Read the ratios at 95 % over all groups and both errors together (Bonferroni)."""
    sentences: list[str] = []
    warnings: list[str] = []
    kinds = (
        ("False matches", "fmr", "its people are taken for one another more often"),
        ("False non-matches", "fnmr", "its people go unrecognised more often"),
    )
    worst: list[str | None] = []
    found: list[bool | None] = []
    for title, kind, meaning in kinds:
        judged = [group for group in comparison.groups if getattr(group, f"{kind}_judged")]
        ratios = {group.name: getattr(group, f"{kind}_ratio") for group in judged}
        few = [group.name for group in comparison.groups if group not in judged]
        if few:
            warnings.append(_too_few(title, few, comparison))
        if len(judged) < 2 or any(ratio is None for ratio in ratios.values()):
            sentences.append(f"{title}: the data are too few to compare groups.")
            worst.append(None)
            found.append(None)
            continue
        highest = max(judged, key=lambda group: getattr(group, kind).value)
        worst.append(highest.name)
        told, differs = _told(title, kind, meaning, judged, ratios)
        sentences.append(told)
        found.append(differs)
    differs_at_all = True if True in found else None if None in found else False
    return Verdict(tuple(sentences), tuple(warnings), worst[0], worst[1], differs_at_all)


def _told(
    title: str, kind: str, meaning: str, judged: Sequence[Group], ratios: dict[str, Estimate]
) -> tuple[str, bool | None]:
    ends = {name: adjusted(ratio, len(ratios)) for name, ratio in ratios.items()}
    surely = [group for group in judged if ends[group.name][0] > 1.0 and ratios[group.name].value >= LARGE]
    if surely:
        worst = max(surely, key=lambda group: getattr(group, kind).value)
        low, high = ends[worst.name]
        return (
            f"{title} are {ratios[worst.name].value:.1f} times as frequent in the group “{worst.name}” as "
            f"in the others on average (95 % interval {low:.1f} to {high:.1f}): {meaning}.",
            True,
        )
    reach = max(high for _, high in ends.values())
    if reach <= RULED_OUT:
        return (
            f"{title}: no group is worse off; {reach:.1f} times the others' rate is ruled out for all.",
            False,
        )
    most = f"{reach:.1f} times" if reach < 100 else "many times"
    return (
        f"{title}: no group is found worse off, but with these data one may have {most} the others' rate.",
        None,
    )


def adjusted(ratio: Estimate, groups: int) -> tuple[float, float]:
    """The interval at 95 % over `groups` ratios of both errors together."""
    found = ratio_estimate(ratio.value, ratio.draws, tail=2.5 / (2 * groups))
    return found.low, found.high


def _too_few(title: str, names: Sequence[str], comparison: Comparison) -> str:
    shown = ", ".join(f"“{name}”" for name in names[:6]) + (" and others" if len(names) > 6 else "")
    counted = "speakers" if comparison.of_speakers else "speakers recorded so"
    return (
        f"{title} of {shown} are too few to say anything: it takes {FEW_SPEAKERS} {counted}, and trials "
        "enough for 30 errors."
    )
