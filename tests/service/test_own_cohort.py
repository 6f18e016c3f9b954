"""A tenant's own people as strangers: when it says so, to all but themselves, and of nobody else's."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from synthesis import say

from earmark.service import recognise
from earmark.service.actor import Actor
from earmark.service.enrol import enrol
from earmark.service.following import show_renewal
from earmark.service.profiles import delete_profile
from earmark.service.recognise import gather_candidates, identify, verify
from earmark.service.rules import change_rules, show_rules
from earmark.storage.own_people import load_own_people
from earmark.storage.profiles import create_profile
from earmark.storage.store import Store
from earmark.storage.values import Profile, ProfileKind
from earmark.storage.voiceprints import load_voiceprint
from earmark.voice.engine import Engine
from earmark.voice.quality import Quality
from earmark.voice.scoring.own_people import FEWEST, OwnPeople
from earmark.voice.voiceprint import Embedding

pytestmark = pytest.mark.databases("sqlite", "postgres")

Clips = dict[str, list[Path]]
QUALITY = Quality(6.0, 7.0, 25.0, 0.0, 7_800.0, -20.0, several_voices=False)
PHRASE = "my voice is my passport verify me"


@pytest.fixture(scope="module")
def engine() -> Engine:
    """The model that ships: it has a cohort."""
    return Engine()


@pytest.fixture
def crowd(store: Store, engine: Engine) -> Callable[..., list[Profile]]:
    """Enrol people whom nobody has heard."""

    def make(count: int, *, tenant: str = "default", seed: int = 1) -> list[Profile]:
        draw = np.random.default_rng(seed)
        vectors = draw.standard_normal((count, engine.entry.dimension)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        clip = np.zeros(160, np.float32)
        return [
            create_profile(tenant, store, clips=[clip], embeddings=[Embedding(one, QUALITY, engine.entry.id)])
            for one in vectors
        ]

    return make


@pytest.fixture
def ada(actor: Actor, store: Store, engine: Engine, clips: Clips) -> Profile:
    return enrol(actor, store, engine, "ada", clips["ada"][:2]).profile


def test_it_is_off_unless_the_tenant_says_so(actor: Actor, stranger: Actor, store: Store) -> None:
    assert not show_rules(actor, store).own_cohort
    assert change_rules(actor, store, own_cohort=True).own_cohort
    assert change_rules(actor, store, renew_days=30).own_cohort
    assert not show_rules(stranger, store).own_cohort
    assert not change_rules(actor, store, own_cohort=False).own_cohort


def test_others_count_as_strangers_and_whoever_is_compared_does_not(
    actor: Actor,
    store: Store,
    engine: Engine,
    clips: Clips,
    ada: Profile,
    crowd: Callable[..., list[Profile]],
) -> None:
    others = crowd(FEWEST)
    voiceprint, clip = load_voiceprint(actor.tenant, store, ada.id), clips["ada"][3]

    def llrs() -> tuple[float, float]:
        found = identify(actor, store, engine, clip).identification
        assert found.best == str(ada.id)
        return verify(actor, store, engine, "ada", clip).decision.llr, found.candidates[0].llr

    shipped = engine.verify(voiceprint, clip).llr
    assert llrs() == pytest.approx((shipped, shipped), abs=1e-4)
    change_rules(actor, store, own_cohort=True)
    everybody = load_own_people(actor.tenant, store, model=engine.entry.id)
    assert everybody is not None
    assert len(everybody) == FEWEST + 1
    rest = np.array([place for place, key in enumerate(everybody.keys) if key != str(ada.id)])
    without = OwnPeople([everybody.keys[place] for place in rest], everybody.voices.take(rest))
    expected = engine.verify(voiceprint, clip, own=without).llr
    assert llrs() == pytest.approx((expected, expected), abs=1e-4)
    assert abs(expected - shipped) > 1e-3
    for gone in others[:2]:  # too few are left
        delete_profile(actor, store, gone.id)
    assert llrs() == pytest.approx((shipped, shipped), abs=1e-4)


def test_people_of_other_tenants_are_nobody_here(
    actor: Actor,
    stranger: Actor,
    store: Store,
    engine: Engine,
    clips: Clips,
    ada: Profile,
    crowd: Callable[..., list[Profile]],
) -> None:
    crowd(FEWEST + 5, tenant=stranger.tenant)
    before = verify(actor, store, engine, "ada", clips["ada"][3])
    change_rules(actor, store, own_cohort=True)
    change_rules(stranger, store, own_cohort=True)
    assert verify(actor, store, engine, "ada", clips["ada"][3]) == before
    crowd(FEWEST)  # now there are enough of its own
    assert verify(actor, store, engine, ada.id, clips["ada"][3]).decision.llr != before.decision.llr


@pytest.mark.databases("sqlite")
def test_candidates_gathered_before_meet_the_people_of_now(
    actor: Actor,
    store: Store,
    engine: Engine,
    clips: Clips,
    ada: Profile,
    crowd: Callable[..., list[Profile]],
) -> None:
    change_rules(actor, store, own_cohort=True)
    candidates = gather_candidates(actor, store, engine, among=[ada.id])

    def llr() -> float:
        found = identify(actor, store, engine, clips["ada"][3], among=candidates)
        return found.identification.candidates[0].llr

    alone = llr()
    others = crowd(FEWEST)
    beside = llr()
    assert abs(beside - alone) > 1e-3
    delete_profile(actor, store, others[0].id)
    delete_profile(actor, store, others[1].id)
    assert llr() == pytest.approx(alone, abs=1e-4)


@pytest.mark.databases("sqlite")
def test_a_passphrase_is_judged_as_before(
    actor: Actor,
    store: Store,
    engine: Engine,
    crowd: Callable[..., list[Profile]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    crowd(FEWEST)
    sayings = [say(PHRASE, "mary", take) for take in range(4)]
    mary = enrol(actor, store, engine, "mary", sayings[:3], kind=ProfileKind.TEXT_DEPENDENT).profile
    before = verify(actor, store, engine, mary.id, sayings[3], lock_out=False)
    change_rules(actor, store, own_cohort=True)
    monkeypatch.setattr(recognise, "load_own_people", None)  # nobody is even read
    assert verify(actor, store, engine, mary.id, sayings[3], lock_out=False) == before


@pytest.mark.databases("sqlite")
def test_drift_begins_anew_with_another_cohort(
    actor: Actor, store: Store, engine: Engine, clips: Clips, ada: Profile
) -> None:
    change_rules(actor, store, watch_drift=True)
    verify(actor, store, engine, "ada", clips["ada"][3])
    drift = show_renewal(actor, store, engine, ada.id).drift
    assert drift is not None
    change_rules(actor, store, own_cohort=True)
    assert show_renewal(actor, store, engine, ada.id).drift is None
