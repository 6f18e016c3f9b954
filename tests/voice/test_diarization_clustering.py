"""Units to speakers: how many there are, the numbers that were asked for, and hours in sections."""

from dataclasses import replace

import numpy as np
import pytest

from earmark.voice.diarization.clustering import Likeness, Tuning, Wanted, cluster, join, told_apart
from earmark.voice.diarization.hearing import WINDOW, Heard, Unit

TUNING = Tuning(
    likeness=Likeness(offset=-5.0, short=0.0, long=0.0, slope=10.0, seconds=(0.3, 30.0)),
    stop=0.0,
    together=2.0,
    most_apart=15.0,
    most_same=2.0,
    following=-1.0,
    least_seconds=2.0,
    least_share=1.0,
    stop_small=-6.0,
    change=6.0,
    own=3.0,
)


def voice(rng: np.random.Generator, person: int, spread: float = 0.5) -> np.ndarray:
    """A unit vector near the axis of a person; two of one person have a cosine of about 0.8."""
    vector = np.zeros(32)
    vector[person] = 1.0
    vector += spread * rng.normal(0.0, 1.0, 32) / 32**0.5
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def units(people: list[int], *, frames: int = 150, seed: int = 1, spread: float = 0.5) -> list[Unit]:
    rng = np.random.default_rng(seed)
    return [
        Unit(np.arange(200 * place, 200 * place + frames), voice(rng, person, spread), True)
        for place, person in enumerate(people)
    ]


def heard(units: list[Unit]) -> Heard:
    return Heard(units=units, frames=units[-1].end if units else 0)


def same_partition(labels: np.ndarray, people: list[int]) -> bool:
    pairs = set(zip(labels.tolist(), people, strict=True))
    return len(pairs) == len(set(people)) == len(set(labels.tolist()))


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_the_number_of_people_is_found(count: int) -> None:
    people = [place % count for place in range(40)]
    given = units(people)
    found = cluster(heard(given), given, TUNING, Wanted())
    assert same_partition(found.labels, people)
    assert found.seconds.sum() == pytest.approx(40 * 3.0)
    assert np.allclose(np.linalg.norm(found.vectors, axis=1), 1.0)


def test_nobody() -> None:
    found = cluster(heard([]), [], TUNING, Wanted())
    assert (found.labels.size, found.seconds.size) == (0, 0)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(2, 2), 2),
        (Wanted(5, 5), 5),
        (Wanted(1, 2), 2),
        (Wanted(4, None), 4),
        (Wanted(1, 9), 3),
        (Wanted(99, 99), 30),
    ],
)
def test_the_numbers_asked_for_are_kept_where_they_can_be(wanted: Wanted, expected: int) -> None:
    given = units([place % 3 for place in range(30)])
    assert cluster(heard(given), given, TUNING, wanted).seconds.size == expected


def test_a_cough_is_nobody_new() -> None:
    given = units([0] * 10 + [1] * 10)
    rng = np.random.default_rng(4)
    cough = Unit(np.arange(9_000, 9_030), voice(rng, 7, 0.0), True)
    assert cluster(heard(given), [*given, cough], TUNING, Wanted()).seconds.size == 2
    long = replace(cough, frames=np.arange(9_000, 9_200))
    assert cluster(heard(given), [*given, long], TUNING, Wanted()).seconds.size == 3


def test_in_a_short_recording_a_few_seconds_are_somebody() -> None:
    """What is hardly any speech depends on how much there is."""
    people = [0, 0, 1, 0]
    given = units(people, frames=50)  # one second each
    kept = replace(TUNING, least_seconds=8.0, least_share=0.2, stop_small=-99.0)
    assert same_partition(cluster(heard(given), given, kept, Wanted()).labels, people)
    absorbed = cluster(heard(given), given, replace(kept, least_share=0.5), Wanted())
    assert absorbed.seconds.size == 1


def test_windows_say_who_was_the_same_local_speaker() -> None:
    given = units([0, 1, 0], frames=100)  # at 0 to 2, 4 to 6 and 8 to 10 s
    activity = np.zeros((WINDOW, 3), np.uint8)
    activity[:100, 2] = activity[400:500, 2] = 255
    activity[200:300, 0] = 255
    said = told_apart(Heard(starts=[0], windows=[activity], units=given, frames=500), given)
    assert np.array_equal(said, [[0, -1, 1], [-1, 0, -1], [1, -1, 0]])


def test_two_who_were_told_apart_in_a_window_stay_apart() -> None:
    given = units([0, 0], frames=150, spread=0.3)  # alike enough to be one person
    activity = np.zeros((WINDOW, 3), np.uint8)
    activity[:150, 0] = activity[200:350, 1] = 255
    meeting = Heard(starts=[0], windows=[activity], units=given, frames=500)
    assert cluster(heard(given), given, TUNING, Wanted()).seconds.size == 1
    sure = replace(TUNING, together=10.0)
    assert cluster(meeting, given, sure, Wanted()).seconds.size == 2
    assert cluster(meeting, given, sure, Wanted(1, 1)).seconds.size == 1  # whoever asks for one gets one


def test_people_of_several_sections_are_joined() -> None:
    people = [0, 1, 2, 0, 1, 3, 2, 0]  # nobody is in all sections
    sums = 60.0 * np.array([unit.vector for unit in units(people)], np.float64)
    seconds = np.full(len(people), 60.0)
    assert same_partition(join(sums, seconds, TUNING, Wanted()), people)
    assert join(sums, seconds, TUNING, Wanted(2, 2)).max() == 1
    assert join(np.zeros((0, 1)), np.zeros(0), TUNING, Wanted()).size == 0
    seconds[5] = 0.5  # less than `least_seconds`, and of a voice that is nobody else's
    assert join(sums, seconds, replace(TUNING, stop_small=-99.0), Wanted()).max() == 2


def test_the_order_of_the_units_does_not_matter() -> None:
    people = [place % 4 for place in range(40)]
    given = units(people, spread=0.9)
    order = np.random.default_rng(3).permutation(40)
    one = cluster(heard(given), given, TUNING, Wanted()).labels
    other = cluster(heard(given), [given[place] for place in order], TUNING, Wanted()).labels
    assert same_partition(other, one[order].tolist())
