"""Phrases by locale, and a tenant's own: what may be added, and what it may be confused with."""

import pytest

from earmark.errors import InvalidRequest, PhraseUnsupported
from earmark.service.actor import Actor
from earmark.service.phrases import (
    add_passphrase,
    examine_phrase,
    list_activation_phrases,
    list_passphrases,
    normal,
    remove_passphrase,
    show_phrases,
)
from earmark.service.words import fuse
from earmark.storage.schema import passphrases
from earmark.storage.store import Store
from earmark.storage.tenants import delete_tenant
from earmark.voice.scoring.calibration import probability

OWN = "seven green bottles stand on the garden wall"


@pytest.mark.parametrize("locale", ["en-us", "en-US", "EN-US"])
def test_the_lists_of_a_locale(locale: str) -> None:
    assert len(set(list_passphrases(locale))) == 10
    assert "my voice is my passport verify me" in list_passphrases(locale)
    assert all(phrase == normal(phrase) for phrase in list_passphrases(locale))
    [phrase] = list_activation_phrases(locale)
    assert phrase == "I'll talk for a few seconds so you can recognize my voice in the future."


@pytest.mark.parametrize("locale", ["", "en", "en_us", "en-gb", "de-de", "en-us ", "xx-yy\n"])
def test_an_unknown_locale_is_told_which_there_are(locale: str, actor: Actor, store: Store) -> None:
    for ask in (list_passphrases, list_activation_phrases):
        with pytest.raises(InvalidRequest, match="ask for en-us"):
            ask(locale)
    with pytest.raises(InvalidRequest, match="ask for en-us"):
        show_phrases(actor, store, locale)


def test_a_tenant_adds_phrases_of_its_own(actor: Actor, stranger: Actor, store: Store) -> None:
    assert add_passphrase(actor, store, f"{OWN.title()}!", locale="en-US") == OWN
    assert add_passphrase(actor, store, OWN, locale="en-us") == OWN  # it is there already
    found = show_phrases(actor, store, "en-US")
    assert found.own == (OWN,)
    assert found.passphrases == (*list_passphrases("en-us"), OWN)
    assert show_phrases(stranger, store, "en-US").own == ()
    with pytest.raises(InvalidRequest, match="of your own"):
        remove_passphrase(stranger, store, OWN)
    remove_passphrase(actor, store, OWN)
    assert show_phrases(actor, store, "en-US").own == ()
    with pytest.raises(InvalidRequest, match="of your own"):
        remove_passphrase(actor, store, list_passphrases("en-us")[0])


@pytest.mark.parametrize(
    ("phrase", "why"),
    [
        ("open sesame", "sounds"),
        ("my voice is my passport verify you", "too much like"),
        ("?!", "no words"),
        ("a" * 201, "at most 200"),
        ("один два три четыре пять шесть", "English"),
    ],
)
def test_what_makes_no_passphrase_is_told_why(actor: Actor, store: Store, phrase: str, why: str) -> None:
    with pytest.raises(PhraseUnsupported, match=why) as refused:
        add_passphrase(actor, store, phrase)
    assert phrase not in str(refused.value)
    assert show_phrases(actor, store, "en-US").own == ()


def test_a_language_that_nothing_hears(actor: Actor, store: Store) -> None:
    with pytest.raises(PhraseUnsupported):
        add_passphrase(actor, store, OWN, locale="de-DE")


def test_examining_stores_nothing(actor: Actor, store: Store) -> None:
    assert examine_phrase(actor, store, OWN).usable
    close = examine_phrase(actor, store, "my voice is my passport verify him")
    assert close.too_close
    assert close.closest == "my voice is my passport verify me"
    assert examine_phrase(actor, store, list_passphrases("en-us")[0]).usable  # not too close to itself
    assert show_phrases(actor, store, "en-US").own == ()


def test_phrases_go_with_their_tenant(stranger: Actor, store: Store) -> None:
    add_passphrase(stranger, store, OWN)
    delete_tenant(store, stranger.tenant)
    with store.reading() as connection:
        assert connection.execute(passphrases.select()).all() == []


@pytest.mark.parametrize(("voice", "words"), [(3.0, 5.0), (-2.0, 8.0), (0.0, 0.0), (-40.0, -700.0)])
def test_the_fusion_is_the_product_of_both(voice: float, words: float) -> None:
    fused = fuse(voice, words)
    assert probability(fused) == pytest.approx(probability(voice) * probability(words), abs=1e-12)
    assert fused <= min(voice, words) + 1e-9
