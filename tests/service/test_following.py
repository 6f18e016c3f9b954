"""Voiceprints that learn, drift and grow old: only where the tenant says so, and never without a way back."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from earmark.errors import ProfileNotFound
from earmark.service.actor import Actor
from earmark.service.enrol import add_recordings, enrol
from earmark.service.following import SEEN, forget_learned, has_drifted, show_renewal
from earmark.service.profiles import reembed_profile, reset_profile, show_profile
from earmark.service.recognise import identify, verify
from earmark.service.rules import change_rules
from earmark.storage.learned import EARLY, RECENT, find_drift, find_learned, learn, note_fit
from earmark.storage.schema import drifts, enrolments, learned
from earmark.storage.store import Store
from earmark.storage.values import Drift, Profile
from earmark.storage.voiceprints import load_gallery, load_voiceprint
from earmark.voice.audio import load_clip
from earmark.voice.engine import Engine
from earmark.voice.scoring.operating import Aim

pytestmark = pytest.mark.databases("sqlite", "postgres")

Clips = dict[str, list[Path]]
DAY = timedelta(days=1)
NOW = datetime.now(UTC)


@pytest.fixture
def ada(actor: Actor, store: Store, engine: Engine, clips: Clips) -> Profile:
    return enrol(actor, store, engine, "ada", clips["ada"][:2]).profile


def days_later(store: Store, days: int) -> None:
    """Let what is stored be so much older."""
    with store.writing() as connection:
        for table, name in ((enrolments, "created"), (learned, "updated")):
            for row in connection.execute(sa.select(table)).all():
                same = table.c.profile_id == row.profile_id
                if table is enrolments:
                    same &= table.c.id == row.id
                older = {name: getattr(row, name) - days * DAY}
                connection.execute(sa.update(table).where(same).values(**older))


def test_nothing_is_learned_unless_the_tenant_says_so(
    actor: Actor, store: Store, engine: Engine, clips: Clips, ada: Profile
) -> None:
    assert not verify(actor, store, engine, "ada", clips["ada"][3]).learned
    assert find_learned(actor.tenant, store, ada.id) is None
    assert show_profile(actor, store, "ada") == ada


def test_a_voiceprint_moves_towards_a_sure_recording_and_back(
    actor: Actor, store: Store, engine: Engine, clips: Clips, ada: Profile
) -> None:
    change_rules(actor, store, learn=True)
    enrolled = load_voiceprint(actor.tenant, store, ada.id)
    heard = engine.embed(clips["ada"][3]).vector
    verified = verify(actor, store, engine, "ada", clips["ada"][3])
    assert verified.learned
    moved = load_voiceprint(actor.tenant, store, ada.id)
    assert float(moved.vector @ heard) > float(enrolled.vector @ heard)
    # It weighs as one recording, and a gallery has it too.
    expected = np.sum([*(one.vector for one in enrolled.embeddings), heard], axis=0)
    np.testing.assert_allclose(moved.vector, expected / np.linalg.norm(expected), atol=1e-6)
    gallery = load_gallery(actor.tenant, store, model=moved.model, dimension=engine.entry.dimension)
    np.testing.assert_array_equal(gallery.matrix[0], moved.vector)
    assert show_profile(actor, store, "ada").revision == ada.revision + 1
    assert len(show_profile(actor, store, "ada").enrolments) == 2  # no recording was added
    renewal = show_renewal(actor, store, engine, "ada")
    assert renewal.learned is not None
    assert renewal.learned.recordings == 1
    assert forget_learned(actor, store, "ada")
    back = load_voiceprint(actor.tenant, store, ada.id)
    np.testing.assert_array_equal(back.vector, enrolled.vector)
    assert not forget_learned(actor, store, "ada")


def test_once_a_day_and_what_is_old_fades(
    actor: Actor, store: Store, engine: Engine, clips: Clips, ada: Profile
) -> None:
    change_rules(actor, store, learn=True)
    assert verify(actor, store, engine, "ada", clips["ada"][3]).learned
    assert not verify(actor, store, engine, "ada", clips["ada"][3]).learned
    days_later(store, 1)
    assert verify(actor, store, engine, "ada", clips["ada"][3]).learned
    found = find_learned(actor.tenant, store, ada.id)
    assert found is not None
    assert found.recordings == 2
    assert float(np.linalg.norm(found.embedding.vector)) == pytest.approx(1.0, abs=1e-6)
    second = engine.embed(clips["ada"][4])
    mean = learn(actor.tenant, store, ada.id, second).embedding.quality.speech_seconds
    before = found.embedding.quality.speech_seconds
    assert mean == pytest.approx((2 * before + second.quality.speech_seconds) / 3)
    for day in range(40):  # what one recording says in the end is a tenth of what is learned last
        found = learn(actor.tenant, store, ada.id, second, now=datetime.now(UTC) + day * DAY)
    assert float(found.embedding.vector @ second.vector) > 0.999


@pytest.mark.parametrize("what", ["another's", "unsure", "short"])
def test_what_is_not_surely_theirs_or_not_good_teaches_nothing(
    actor: Actor, store: Store, engine: Engine, clips: Clips, ada: Profile, what: str
) -> None:
    change_rules(actor, store, learn=True)
    if what == "another's":
        verified = verify(actor, store, engine, "ada", clips["ben"][3])
    elif what == "unsure":  # its LLR is below the threshold for 1 in 10,000, but above that for 1 in 1,000
        verified = verify(actor, store, engine, "ada", clips["ada"][4])
    else:
        verified = verify(actor, store, engine, "ada", load_clip(clips["ada"][3])[: 3 * 16_000])
    assert verified.decision.accepted == (what != "another's")
    assert not verified.learned
    assert find_learned(actor.tenant, store, ada.id) is None


def test_what_was_learned_does_not_lead_further_astray(
    actor: Actor, store: Store, engine: Engine, clips: Clips, ada: Profile
) -> None:
    """Whoever once taught a voiceprint another voice gains nothing: sure is beside what was enrolled."""
    change_rules(actor, store, learn=True)
    learn(actor.tenant, store, ada.id, engine.embed(clips["ben"][1]), now=datetime.now(UTC) - 2 * DAY)
    assert not verify(actor, store, engine, "ada", clips["ben"][3], aim=Aim(fmr=0.1)).learned


def test_what_was_learned_goes_with_the_recordings(
    actor: Actor, store: Store, engine: Engine, other_engine: Engine, clips: Clips, ada: Profile
) -> None:
    heard = engine.embed(clips["ada"][3])
    learn(actor.tenant, store, ada.id, heard)
    add_recordings(actor, store, engine, "ada", [clips["ada"][2]])
    assert find_learned(actor.tenant, store, ada.id) is not None
    reembed_profile(actor, store, other_engine, "ada")
    assert find_learned(actor.tenant, store, ada.id) is None
    reembed_profile(actor, store, engine, "ada")
    learn(actor.tenant, store, ada.id, heard)
    reset_profile(actor, store, "ada")
    assert find_learned(actor.tenant, store, ada.id) is None


def test_enrolling_is_judged_by_what_was_enrolled(
    actor: Actor, store: Store, engine: Engine, clips: Clips, ada: Profile
) -> None:
    learn(actor.tenant, store, ada.id, engine.embed(clips["ben"][1]))
    before = add_recordings(actor, store, engine, "ada", [clips["ada"][3]]).consistency
    forget_learned(actor, store, "ada")
    other = enrol(actor, store, engine, "again", clips["ada"][:2])
    after = add_recordings(actor, store, engine, other.profile.id, [clips["ada"][3]]).consistency
    assert before == after


def test_an_old_voiceprint_asks_for_renewal(
    actor: Actor, store: Store, engine: Engine, clips: Clips, ada: Profile
) -> None:
    change_rules(actor, store, renew_days=30)
    days_later(store, 29)
    assert not show_renewal(actor, store, engine, "ada").due
    days_later(store, 2)
    found = show_renewal(actor, store, engine, "ada")
    assert found.due
    assert "31 days" in found.reasons[0]
    verified = verify(actor, store, engine, "ada", clips["ada"][3])
    assert verified.decision.accepted  # it is asked for, not enforced
    assert verified.renewal == found.reasons
    add_recordings(actor, store, engine, "ada", [clips["ada"][2]])
    assert verify(actor, store, engine, "ada", clips["ada"][3]).renewal == ()


def test_a_voice_that_drifts_asks_for_renewal(
    actor: Actor, store: Store, engine: Engine, clips: Clips, ada: Profile
) -> None:
    verify(actor, store, engine, "ada", clips["ada"][3])
    assert show_renewal(actor, store, engine, "ada").drift is None  # not watched
    change_rules(actor, store, watch_drift=True)
    verify(actor, store, engine, "ada", clips["ben"][3])
    assert show_renewal(actor, store, engine, "ada").drift is None  # not accepted
    decision = verify(actor, store, engine, "ada", clips["ada"][3]).decision
    found = show_renewal(actor, store, engine, "ada").drift
    assert found is not None
    assert (found.recordings, found.early_llr, found.recent_llr) == (1, decision.llr, decision.llr)
    with store.reading() as connection:
        basis = str(connection.scalar(sa.select(drifts.c.basis)))
    for number in range(SEEN):  # they spread by about 1
        note_fit(actor.tenant, store, ada.id, decision.llr + (-1.0) ** number, basis=basis)
    assert not show_renewal(actor, store, engine, "ada").due
    for _ in range(SEEN):
        drifted = note_fit(actor.tenant, store, ada.id, decision.llr - 3.0, basis=basis)
    assert drifted.early_llr == pytest.approx(decision.llr, abs=0.1)
    assert drifted.early_variance == pytest.approx(0.95, abs=0.05)
    renewal = show_renewal(actor, store, engine, "ada")
    assert renewal.due
    assert "less well" in renewal.reasons[0]
    note_fit(actor.tenant, store, ada.id, 1.0, basis="another calibration")
    assert find_drift(actor.tenant, store, ada.id, basis=basis) is None
    assert not show_renewal(actor, store, engine, "ada").due


def test_fits_that_only_spread_are_seldom_taken_for_drift_and_real_drift_is_found() -> None:
    draw = np.random.default_rng(1)

    def asked(llrs: Sequence[float]) -> bool:
        first, recent = llrs[:EARLY], 0.0
        for count, llr in enumerate(llrs, 1):
            recent += (llr - recent) * max(RECENT, 1 / count)
            fit = Drift(count, float(np.mean(first)), float(np.var(first)), recent, NOW)
            if has_drifted(fit):
                return True
        return False

    steady = [asked([*draw.normal(5.0, 2.0, 300)]) for _ in range(100)]
    falling = [asked([*draw.normal(5.0, 2.0, 50), *draw.normal(1.0, 2.0, 50)]) for _ in range(100)]
    assert sum(steady) <= 3
    assert sum(falling) >= 90


def test_a_tenants_voices_are_its_own(
    actor: Actor, stranger: Actor, store: Store, engine: Engine, clips: Clips, ada: Profile
) -> None:
    learn(actor.tenant, store, ada.id, engine.embed(clips["ada"][3]))
    for call in (
        lambda: show_renewal(stranger, store, engine, ada.id),
        lambda: forget_learned(stranger, store, ada.id),
        lambda: find_learned(stranger.tenant, store, ada.id),
        lambda: learn(stranger.tenant, store, ada.id, engine.embed(clips["ada"][3])),
    ):
        with pytest.raises(ProfileNotFound):
            call()
    assert identify(actor, store, engine, clips["ada"][3]).identification.best == str(ada.id)
