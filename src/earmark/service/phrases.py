"""A locale to the phrases that people may be asked for, the tenant's own among them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from earmark.errors import InvalidRequest, PhraseUnsupported
from earmark.service.actor import Actor, Permission, needs
from earmark.storage import phrases as rows
from earmark.storage.store import Store
from earmark.storage.values import ProfileKind
from earmark.voice.phrase.pronunciations import words_of

if TYPE_CHECKING:
    from earmark.voice.phrase.checker import PhraseExamined

DEFAULT_LOCALE = "en-us"
LONGEST = 200  # characters of a phrase

# The complete lists that Azure's service gave for en-US (its REST contract, phrases); its users
# have trained people on them.
PASSPHRASES: dict[str, tuple[str, ...]] = {
    "en-us": (
        "i am going to make him an offer he cannot refuse",
        "houston we have had a problem",
        "my voice is my passport verify me",
        "apple juice tastes funny after toothpaste",
        "you can get in without your password",
        "you can activate security system now",
        "my voice is stronger than passwords",
        "my password is not your business",
        "my name is unknown to you",
        "be yourself everyone else is already taken",
    )
}
ACTIVATION_PHRASES: dict[str, tuple[str, ...]] = {
    "en-us": ("I'll talk for a few seconds so you can recognize my voice in the future.",),
}


@dataclass(frozen=True)
class Phrases:
    """What people may be asked to say in a locale."""

    locale: str
    passphrases: tuple[str, ...]  # those that everybody has, then the tenant's own
    own: tuple[str, ...]  # the tenant's alone
    activation_phrases: tuple[str, ...]


def list_passphrases(locale: str) -> tuple[str, ...]:
    """Return the passphrases of a locale, written in any case; InvalidRequest when it has none."""
    return _of_locale(PASSPHRASES, locale)


def list_activation_phrases(locale: str) -> tuple[str, ...]:
    """Return the activation phrases of a locale, written in any case; InvalidRequest when it has none."""
    return _of_locale(ACTIVATION_PHRASES, locale)


@needs(Permission.RECOGNISE, Permission.ENROL, Permission.MANAGE, Permission.AUDIT)
def show_phrases(actor: Actor, store: Store, locale: str) -> Phrases:
    """Return all phrases of a locale; InvalidRequest when there is none for it."""
    own = tuple(rows.list_phrases(actor.tenant, store, locale.lower()))
    if own and locale.lower() not in PASSPHRASES:
        return Phrases(locale, own, own, ())
    shared = list_passphrases(locale)
    return Phrases(locale, (*shared, *own), own, list_activation_phrases(locale))


@needs(Permission.ENROL, Permission.MANAGE)
def examine_phrase(
    actor: Actor, store: Store, phrase: str, *, locale: str = DEFAULT_LOCALE
) -> "PhraseExamined":
    """Say whether a phrase would make a passphrase: long enough, and unlike the others of its locale.

    Raises PhraseUnsupported for a language or a word that cannot be checked.
    """
    return _examine(actor.tenant, store, normal(phrase), locale)


@needs(Permission.MANAGE)
def add_passphrase(actor: Actor, store: Store, phrase: str, *, locale: str = DEFAULT_LOCALE) -> str:
    """Let people choose a passphrase of the tenant's own; returns it as it is kept: words in small letters.

    Raises PhraseUnsupported, with what is wrong: a word, its length, or another phrase much like it.
    """
    phrase = normal(phrase)
    if phrase in allowed_phrases(actor.tenant, store, locale):
        return phrase
    check_examined(_examine(actor.tenant, store, phrase, locale))
    rows.add_phrase(actor.tenant, store, locale.lower(), phrase)
    return phrase


@needs(Permission.MANAGE)
def remove_passphrase(actor: Actor, store: Store, phrase: str, *, locale: str = DEFAULT_LOCALE) -> None:
    """Offer a passphrase of the tenant's own no more; profiles that have it keep it. InvalidRequest."""
    if not rows.remove_phrase(actor.tenant, store, locale.lower(), normal(phrase)):
        raise InvalidRequest("This is no passphrase of your own: list the phrases to see those that are.")


def allowed_phrases(tenant: str, store: Store, locale: str) -> tuple[str, ...]:
    """Return what a new text-dependent profile may say: everybody's passphrases and the tenant's own."""
    key = locale.lower()
    return (*PASSPHRASES.get(key, ()), *rows.list_phrases(tenant, store, key))


def check_passphrase(
    tenant: str, store: Store, phrase: str | None, *, kind: ProfileKind, locale: str | None
) -> str | None:
    """Return the passphrase of a new profile in its one form; None for none.

    One that is not listed has to be as good as one that a tenant adds. Raises PhraseUnsupported, and
    InvalidRequest for a profile of any words.
    """
    if phrase is None:
        return None
    if kind is not ProfileKind.TEXT_DEPENDENT:
        raise InvalidRequest("Only a text-dependent profile has a passphrase: leave it out.")
    locale, phrase = locale or DEFAULT_LOCALE, normal(phrase)
    if phrase not in allowed_phrases(tenant, store, locale):
        check_examined(_examine(tenant, store, phrase, locale))
    return phrase


def normal(phrase: str) -> str:
    """Return a phrase as phrases are compared: its words in small letters, digits as words.

    Raises PhraseUnsupported for one without words, or too long.
    """
    if len(phrase) > LONGEST:
        raise PhraseUnsupported(f"A phrase has at most {LONGEST} characters: choose a shorter one.")
    found = " ".join(words_of(phrase))
    if len(found) > LONGEST:
        raise PhraseUnsupported(f"A phrase has at most {LONGEST} characters: choose a shorter one.")
    return found


def check_examined(found: "PhraseExamined") -> None:
    """Raise PhraseUnsupported unless a phrase is good enough."""
    if not found.usable:
        raise PhraseUnsupported(" ".join(found.doubts))


def _examine(tenant: str, store: Store, phrase: str, locale: str) -> "PhraseExamined":
    from earmark.voice.phrase.checker import checker_in

    others: Sequence[str] = [
        other for other in allowed_phrases(tenant, store, locale) if normal(other) != phrase
    ]
    checker = checker_in(store.home, locale)
    if locale.lower() not in checker.languages:
        known = ", ".join(sorted(checker.languages))
        raise PhraseUnsupported(
            f"Phrases in this language cannot be checked: use {known}, or give it a recogniser "
            "(recognisers/de-de in the home folder, say)."
        )
    return checker.examine(phrase, locale.lower(), others)


def _of_locale(phrases: dict[str, tuple[str, ...]], locale: str) -> tuple[str, ...]:
    found = phrases.get(locale.lower())
    if found is None:
        known = ", ".join(sorted(phrases))
        raise InvalidRequest(f"There are no phrases for this locale: ask for {known}.")
    return found
