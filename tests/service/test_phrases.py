"""Phrases by locale, and the one place where a passphrase is to be heard."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest

from earmark.errors import InvalidRequest
from earmark.service import enrol as enrolling
from earmark.service.actor import Actor
from earmark.service.enrol import add_recordings
from earmark.service.phrases import hear_phrase, list_activation_phrases, list_passphrases
from earmark.service.policy import PASSPHRASE
from earmark.service.profiles import create_profile, show_profile
from earmark.storage.store import Store
from earmark.storage.values import Profile, ProfileKind, ProfileState
from earmark.voice.audio import load_clip
from earmark.voice.engine import Engine
from earmark.voice.features import Floats

Clips = dict[str, list[Path]]


@pytest.mark.parametrize("locale", ["en-us", "en-US", "EN-US"])
def test_the_lists_of_a_locale(locale: str) -> None:
    assert len(set(list_passphrases(locale))) == 10
    assert "my voice is my passport verify me" in list_passphrases(locale)
    assert all(phrase == phrase.lower() for phrase in list_passphrases(locale))
    [phrase] = list_activation_phrases(locale)
    assert phrase == "I'll talk for a few seconds so you can recognize my voice in the future."


@pytest.mark.parametrize("locale", ["", "en", "en_us", "en-gb", "de-de", "en-us ", "xx-yy\n"])
def test_an_unknown_locale_is_told_which_there_are(locale: str) -> None:
    for ask in (list_passphrases, list_activation_phrases):
        with pytest.raises(InvalidRequest, match="ask for en-us"):
            ask(locale)


@pytest.mark.parametrize("phrase", [None, "apple juice tastes funny after toothpaste"])
def test_nothing_listens_to_words_yet(phrase: str | None) -> None:
    now, kind = datetime.now(UTC), ProfileKind.TEXT_DEPENDENT
    profile = Profile(uuid4(), None, kind, "en-us", ProfileState.ENROLLING, None, now, now, (), phrase)
    assert hear_phrase(profile, np.zeros(16_000, np.float32)) == phrase


def test_what_is_heard_becomes_the_profiles_phrase(
    actor: Actor, store: Store, engine: Engine, clips: Clips, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Enrolment asks the seam for each recording of a text-dependent profile, and for no other's."""
    asked: list[tuple[ProfileKind, int]] = []

    def hear(profile: Profile, clip: Floats) -> str | None:
        asked.append((profile.kind, clip.size))
        return None if len(asked) == 1 else "you can get in without your password"

    monkeypatch.setattr(enrolling, "hear_phrase", hear)
    short = [load_clip(path)[:48_000] for path in clips["ada"][:2]]
    for kind in ProfileKind:
        made = create_profile(actor, store, kind=kind)
        add_recordings(actor, store, engine, made.id, short, policy=PASSPHRASE, force=True)
        found = show_profile(actor, store, made.id).phrase
        assert found == (
            "you can get in without your password" if kind is ProfileKind.TEXT_DEPENDENT else None
        )
    assert asked == [(ProfileKind.TEXT_DEPENDENT, 48_000)] * 2
