"""A locale to the phrases that may be asked for, and a recording to the phrase that it says."""

from earmark.errors import InvalidRequest
from earmark.storage.values import Profile
from earmark.voice.features import Floats

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


def list_passphrases(locale: str) -> tuple[str, ...]:
    """Return the passphrases of a locale, written in any case; InvalidRequest when it has none."""
    return _of_locale(PASSPHRASES, locale)


def list_activation_phrases(locale: str) -> tuple[str, ...]:
    """Return the activation phrases of a locale, written in any case; InvalidRequest when it has none."""
    return _of_locale(ACTIVATION_PHRASES, locale)


def hear_phrase(profile: Profile, clip: Floats) -> str | None:  # noqa: ARG001 - what will listen to words
    """Return the passphrase that a clip (samples,) says, as far as it is known.

    The one place where a text-dependent recording's words are to be checked. Nothing listens to them yet:
    the answer is the passphrase that the profile was made for, or None, and the voice alone decides.
    """
    return profile.phrase


def _of_locale(phrases: dict[str, tuple[str, ...]], locale: str) -> tuple[str, ...]:
    found = phrases.get(locale.lower())
    if found is None:
        known = ", ".join(sorted(phrases))
        raise InvalidRequest(f"There are no phrases for this locale: ask for {known}.")
    return found
