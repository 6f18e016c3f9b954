"""Values to Azure's JSON, and its texts to values, by their properties."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.api.azure import convert
from earmark.api.azure.limits import (
    IDENTIFICATION,
    PASSPHRASE,
    SCENARIOS,
    V1_IDENTIFICATION,
    VERIFICATION,
    Scenario,
    find_locale,
    without_minimum,
)
from earmark.api.cursor import parse_cursor, write_cursor
from earmark.errors import InvalidArgument, InvalidRequest, ProfileNotFound
from earmark.storage.values import Enrolment, Profile, ProfileState
from earmark.voice.quality import Quality
from earmark.voice.scoring.decision import Candidate, Identification, OperatingPoint

llrs = st.floats(-1e6, 1e6)
small = st.floats(-12, 12)
POINT = OperatingPoint(0.001, 3.0)
WHEN = datetime(2026, 1, 29, 22, 48, 17, 7_000, UTC)


def profile(scenario: Scenario, *clips: tuple[float, float], state: ProfileState) -> Profile:
    """A profile of recordings (total, speech) in seconds."""
    enrolments = tuple(Enrolment(uuid4(), WHEN, quality(speech, total)) for total, speech in clips)
    return Profile(
        id=uuid4(),
        label=None,
        kind=scenario.kind,
        locale="en-US",
        state=state,
        model="a@1" if clips else None,
        created=WHEN,
        updated=WHEN,
        enrolments=enrolments,
        revision=len(clips),
    )


def quality(speech: float, total: float) -> Quality:
    return Quality(speech, total, 30.0, 0.0, 8_000.0, -20.0, several_voices=False)


@given(llrs)
def test_the_operating_point_is_a_half(threshold: float) -> None:
    assert convert.score(threshold, threshold) == 0.5


@given(llrs, llrs)
def test_a_score_is_0_to_1_and_on_the_side_of_the_decision(llr: float, threshold: float) -> None:
    score = convert.score(llr, threshold)
    assert 0 <= score <= 1
    assert score >= 0.5 if llr >= threshold else score <= 0.5


@given(small, small, small)
def test_a_higher_llr_never_has_a_lower_score(one: float, other: float, threshold: float) -> None:
    low, high = sorted((one, other))
    assert convert.score(low, threshold) <= convert.score(high, threshold)
    if high - low > 0.1 and abs(high - threshold) < 8 and abs(low - threshold) < 8:
        assert convert.score(low, threshold) < convert.score(high, threshold)


@pytest.mark.parametrize(
    ("margin", "word"), [(0, "Low"), (0.9, "Low"), (1, "Normal"), (2.9, "Normal"), (3, "High"), (50, "High")]
)
def test_confidence_is_how_far_it_is_from_the_operating_point(margin: float, word: str) -> None:
    assert convert.confidence(2.0 + margin, 2.0) == word
    assert convert.confidence(2.0 - margin, 2.0) == word


@given(st.floats(0, 1e5))
def test_seconds_are_nothing_only_when_nothing_is_left(value: float) -> None:
    shown = convert.seconds(value)
    assert value - 1e-6 <= shown <= value + 0.011
    assert shown == round(shown, 2)
    assert shown > 0 or value <= 1e-6


@given(st.uuids())
def test_ids_are_read_with_and_without_hyphens_in_any_case(guid: UUID) -> None:
    for text in (str(guid), guid.hex, str(guid).upper()):
        assert convert.parse_profile_id(text) == guid
        assert convert.parse_profile_ids(f" {text},", most=1) == [guid]


@given(st.text(max_size=60))
def test_what_is_no_id_is_nobodys(text: str) -> None:
    try:
        found = convert.parse_profile_id(text)
    except ProfileNotFound:
        return
    assert found.hex == text.replace("-", "").lower()


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (None, InvalidRequest),
        ("", InvalidRequest),
        (",,", InvalidRequest),
        ("x", InvalidArgument),
        (f"{UUID(int=1)},x", InvalidArgument),
        (",".join(str(uuid4()) for _ in range(4)), InvalidRequest),
    ],
)
def test_lists_of_ids_that_cannot_be(text: str | None, error: type[InvalidRequest]) -> None:
    with pytest.raises(InvalidRequest) as told:
        convert.parse_profile_ids(text, most=3)
    assert type(told.value) is error


@given(st.text(max_size=8))
def test_flags(text: str) -> None:
    known = {"true": True, "false": False}
    if text.lower() in known:
        assert convert.parse_flag(text, "x") is known[text.lower()]
    else:
        with pytest.raises(InvalidArgument):
            convert.parse_flag(text, "x")
    assert convert.parse_flag(None, "x") is False
    assert convert.parse_flag("True", "x") is True


@given(st.one_of(st.integers(-10, 1_000).map(str), st.text(max_size=4)))
def test_sizes_of_pages(text: str) -> None:
    plain = text.isascii() and text.isdigit()
    if plain and len(text) <= 3 and 1 <= int(text) <= 500:
        assert convert.parse_size(text, "$top") == int(text)
    else:
        with pytest.raises(InvalidArgument):
            convert.parse_size(text, "$top")
    assert convert.parse_size(None, "$top") == 100


@given(st.uuids())
def test_a_cursor_leads_back_to_its_profile(guid: UUID) -> None:
    assert parse_cursor(write_cursor(guid)) == guid


@given(st.text(max_size=40))
def test_what_is_no_cursor_is_refused(text: str) -> None:
    try:
        found = parse_cursor(text)
    except InvalidArgument:
        return
    assert found is not None


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_profile_under_both_spellings(scenario: Scenario) -> None:
    one = profile(scenario, (5.0, 4.5), (6.0, 5.25), state=ProfileState.ENROLLING)
    old = convert.profile_json(one, scenario, in_sec=False)
    new = convert.profile_json(one, scenario, in_sec=True)
    assert {name: new[name] for name in old} == old
    added = {name: value for name, value in new.items() if name not in old and name != "profileStatus"}
    assert added == {f"{name}InSec": value for name, value in old.items() if name.endswith("Length")}
    assert (old["enrollmentsLength"], old["enrollmentsSpeechLength"]) == (11.0, 9.75)
    if scenario.dependent:
        assert old["remainingEnrollmentsCount"] == 1
        assert "profileStatus" not in new
    else:
        assert old["remainingEnrollmentsSpeechLength"] == 10.25
        assert new["profileStatus"] == "Active"
    assert old["createdDateTime"] == "2026-01-29T22:48:17.007Z"
    assert old["modelVersion"] == "2026-01-29"


@given(
    st.sampled_from([*SCENARIOS, V1_IDENTIFICATION]),
    st.lists(st.tuples(st.floats(1, 10), st.floats(0, 1)), max_size=6),
    st.sampled_from(ProfileState),
)
def test_nothing_remains_of_what_is_enrolled(
    scenario: Scenario, clips: list[tuple[float, float]], state: ProfileState
) -> None:
    one = profile(scenario, *((total, total * part) for total, part in clips), state=state)
    said = convert.status(one)
    assert said in {"Enrolled", "Enrolling"}
    seconds = convert.remaining_seconds(one, scenario)
    assert 0 <= seconds <= scenario.enrolment.enough_seconds
    assert 0 <= convert.remaining_clips(one, scenario) <= scenario.enrolment.enough_clips
    if said == "Enrolled":
        assert (seconds, convert.remaining_clips(one, scenario)) == (0, 0)


@given(st.lists(small, max_size=12), st.booleans())
def test_a_ranking_has_the_five_best(scores: list[float], anybody: bool) -> None:
    scores = sorted(scores, reverse=True)
    candidates = tuple(Candidate(str(uuid4()), llr >= POINT.threshold, llr, 0.5, 0.5) for llr in scores)
    best = candidates[0].key if candidates and anybody else None
    said = convert.identification_json(Identification(best, candidates, POINT, quality(4.0, 5.0), "a@1", ()))
    assert [row["profileId"] for row in said["profilesRanking"]] == [one.key for one in candidates[:5]]
    assert said["identifiedProfile"]["profileId"] == (best or "00000000-0000-0000-0000-000000000000")
    assert 0 <= said["identifiedProfile"]["score"] <= 1


@pytest.mark.parametrize("text", ["en-us", "EN-US", "en-US"])
def test_locales_are_found_in_any_case(text: str) -> None:
    assert {find_locale(text, scenario) for scenario in SCENARIOS} == {"en-US"}


def test_passphrases_are_english() -> None:
    assert find_locale("de-DE", IDENTIFICATION) == find_locale("de-de", VERIFICATION) == "de-DE"
    assert find_locale("de-DE", PASSPHRASE) is None
    assert find_locale("tlh", IDENTIFICATION) is None


def test_without_a_minimum_only_the_speech_is_another() -> None:
    rules = VERIFICATION.recognition
    assert rules.speech_seconds == 4.0
    less = without_minimum(rules)
    assert less.speech_seconds < 1
    assert (less.snr_db, less.clipped, less.several_voices) == (
        rules.snr_db,
        rules.clipped,
        rules.several_voices,
    )
