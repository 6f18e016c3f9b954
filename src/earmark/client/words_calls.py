"""An operation on phrases, challenges or a profile's lock to a request; no connection here."""

from uuid import UUID

from earmark.api.native import words_wire as wire
from earmark.client.calls import Call, as_model, given, guid_of, nothing


def show_phrases(locale: str) -> Call[wire.Phrases]:
    """Ask what people may be asked to say."""
    return Call("GET", "/v1/phrases", as_model(wire.Phrases), params={"locale": locale})


def add_passphrase(phrase: str, locale: str) -> Call[wire.PhraseKept]:
    """Add a passphrase; one that is there already stays."""
    body = {"phrase": phrase, "locale": locale}
    return Call("POST", "/v1/phrases", as_model(wire.PhraseKept), json=body)


def remove_passphrase(phrase: str, locale: str) -> Call[None]:
    """Remove a passphrase."""
    return Call("DELETE", "/v1/phrases", nothing, params={"phrase": phrase, "locale": locale})


def examine_phrase(phrase: str, locale: str) -> Call[wire.PhraseExamined]:
    """Ask whether a phrase would do."""
    body = {"phrase": phrase, "locale": locale}
    return Call("POST", "/v1/phrases/examine", as_model(wire.PhraseExamined), json=body)


def create_challenge(
    profile: UUID | str, kind: wire.ChallengeKind, length: int | None, seconds: float
) -> Call[wire.Challenge]:
    """Ask for words to be said once; one whose answer is lost expires by itself."""
    body = given(profile=guid_of(profile), kind=kind, length=length, seconds=seconds)
    return Call("POST", "/v1/challenges", as_model(wire.Challenge), json=body)


def show_lock(profile: UUID | str) -> Call[wire.Lock]:
    """Ask how many attempts have failed."""
    return Call("GET", f"/v1/profiles/{guid_of(profile)}/lock", as_model(wire.Lock))


def unlock(profile: UUID | str) -> Call[None]:
    """Forget the attempts that failed."""
    return Call("DELETE", f"/v1/profiles/{guid_of(profile)}/lock", nothing)
