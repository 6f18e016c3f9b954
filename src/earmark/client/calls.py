"""An operation of the native API to a request, and its answer to a value; no connection here."""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, Final, Generic, TypeVar
from uuid import UUID, uuid4

import httpx
from pydantic import BaseModel, ValidationError

from earmark.api.native import wire
from earmark.api.native.rules_wire import SearchUse
from earmark.errors import FileMissing, InvalidArgument, ServiceError

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)

# A path, the bytes of a file, or an open file; the service reads WAV, FLAC, Ogg, MP3 and more.
Audio = str | os.PathLike[str] | bytes | BinaryIO


Part = tuple[str, tuple[str | None, bytes]]  # of a form: its name, a file name, its content


@dataclass(frozen=True)
class Pcm:
    """The format of PCM without a header."""

    encoding: str = "s16le"
    sample_rate: int = 16_000  # Hz
    channels: int = 1


class Unchanged:
    """Says that a value stays as it is, where None takes it away."""


UNCHANGED: Final = Unchanged()


@dataclass(frozen=True)
class Call(Generic[T]):
    """A request that is not sent yet."""

    method: str
    path: str
    parse: Callable[[httpx.Response], T]
    params: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    files: Sequence[Part] = ()
    stream: Callable[[], AbstractContextManager[BinaryIO]] | None = None  # the body, for each attempt anew
    repeatable: bool = True  # carried out once although it may be sent twice


def create_profile(
    label: str | None, kind: wire.Kind, locale: str | None, phrase: str | None, profile_id: UUID | None
) -> Call[wire.Profile]:
    """Make a profile without enrolments."""
    guid = None if profile_id is None else guid_of(profile_id)
    body = given(label=label, kind=kind, locale=locale, phrase=phrase, id=guid)
    return Call("POST", "/v1/profiles", as_model(wire.Profile), headers=fresh_key(), json=body)


def list_page(kind: wire.Kind | None, limit: int, cursor: str | None) -> Call[wire.ProfilePage]:
    """Ask for one page of profiles."""
    return Call(
        "GET", "/v1/profiles", as_model(wire.ProfilePage), params=given(kind=kind, limit=limit, cursor=cursor)
    )


def find_profile(label: str) -> Call[wire.Profile | None]:
    """Ask for the profile of a label."""

    def parse(response: httpx.Response) -> wire.Profile | None:
        return next(iter(as_model(wire.ProfilePage)(response).items), None)

    return Call("GET", "/v1/profiles", parse, params={"label": label})


def show_profile(profile: UUID | str) -> Call[wire.Profile]:
    """Ask for a profile."""
    return Call("GET", _path(profile), as_model(wire.Profile))


def change_profile(
    profile: UUID | str,
    label: str | Unchanged | None,
    locale: str | Unchanged | None,
    expected: int | None,
) -> Call[wire.Profile]:
    """Change a profile."""
    new = {"label": label, "locale": locale}
    body = {name: value for name, value in new.items() if not isinstance(value, Unchanged)}
    condition = _if_match(expected)
    # Sent twice under a condition, the second time would be refused, since the first changed the profile.
    repeatable = expected is None
    return Call(
        "PATCH", _path(profile), as_model(wire.Profile), headers=condition, json=body, repeatable=repeatable
    )


def delete_profile(profile: UUID | str, expected: int | None) -> Call[None]:
    """Delete a profile."""
    return Call("DELETE", _path(profile), nothing, headers=_if_match(expected))


def reset_profile(profile: UUID | str, expected: int | None) -> Call[wire.Profile]:
    """Erase a profile's enrolments."""
    headers = _if_match(expected) | fresh_key()
    return Call("POST", _path(profile, "reset"), as_model(wire.Profile), headers=headers)


def enrol(
    profile: UUID | str, audios: Sequence[Audio], pcm: Pcm | None, expected: int | None, *, force: bool
) -> Call[wire.Enrolled]:
    """Add recordings to a profile."""
    return Call(
        "POST",
        _path(profile, "enrolments"),
        as_model(wire.Enrolled),
        params=_pcm(pcm) | ({"force": "true"} if force else {}),
        headers=_if_match(expected) | fresh_key(),
        files=[_part(audio) for audio in audios],
    )


def verify(
    profile: UUID | str,
    audio: Audio,
    pcm: Pcm | None,
    fmr: float | None,
    challenge: UUID | str | None = None,
) -> Call[wire.Verification]:
    """Compare a recording with a profile; a challenge can be answered once, and so sent once."""
    asked = None if challenge is None else guid_of(challenge)
    return Call(
        "POST",
        _path(profile, "verify"),
        as_model(wire.Verification),
        params=_pcm(pcm) | given(fmr=fmr, challenge=asked),
        files=[_part(audio)],
        repeatable=challenge is None,
    )


def identify(
    audio: Audio,
    among: Collection[UUID | str] | None,
    kind: wire.Kind | None,
    top: int,
    fmr: float | None,
    pcm: Pcm | None,
    *,
    fpir: float | None = None,
    use: SearchUse | None = None,
) -> Call[wire.Identification]:
    """Compare a recording with all profiles, or some."""
    named: list[Part] = [("profile", (None, guid_of(one).encode())) for one in among or ()]
    if among is not None and not named:
        named = [("profile", (None, b","))]  # nobody is not everybody: the service refuses an empty list
    params = _pcm(pcm) | given(kind=kind, top=top, fmr=fmr, fpir=fpir, use=use)
    return Call(
        "POST", "/v1/identify", as_model(wire.Identification), params=params, files=[_part(audio), *named]
    )


def inspect(audio: Audio, pcm: Pcm | None) -> Call[wire.Inspection]:
    """Measure a recording."""
    return Call("POST", "/v1/inspect", as_model(wire.Inspection), params=_pcm(pcm), files=[_part(audio)])


def export_profiles(passphrase: str, profiles: Collection[UUID | str] | None) -> Call[bytes]:
    """Ask for a sealed file of profiles."""
    chosen = None if profiles is None else [guid_of(one) for one in profiles]
    body = {"passphrase": passphrase, "profiles": chosen}
    return Call("POST", "/v1/profiles/export", lambda response: response.content, json=body)


def import_profiles(file: Audio, passphrase: str) -> Call[wire.Imported]:
    """Take in a sealed file of profiles; a second time those that are there are skipped."""
    parts: list[Part] = [
        ("passphrase", (None, passphrase.encode())),
        ("file", ("profiles.earmark", _read(file))),
    ]
    return Call("POST", "/v1/profiles/import", as_model(wire.Imported), files=parts)


def show_caller() -> Call[wire.Caller]:
    """Ask whose key it is."""
    return Call("GET", "/v1/me", as_model(wire.Caller))


def show_tenant() -> Call[wire.Tenant]:
    """Ask for the tenant."""
    return Call("GET", "/v1/tenant", as_model(wire.Tenant))


def keep_audio(keep: bool) -> Call[wire.Tenant]:
    """Decide about coming enrolments' recordings."""
    return Call("PATCH", "/v1/tenant", as_model(wire.Tenant), json={"keep_audio": keep})


def ask_activation(wanted: bool) -> Call[wire.Tenant]:
    """Decide about coming profiles' first recordings."""
    return Call("PATCH", "/v1/tenant", as_model(wire.Tenant), json={"activation": wanted})


def list_keys() -> Call[list[wire.Key]]:
    """Ask for all keys."""
    return Call("GET", "/v1/keys", lambda response: as_model(wire.Keys)(response).items)


def create_key(roles: Collection[wire.Role], name: str | None, expires: datetime | None) -> Call[wire.NewKey]:
    """Make a key; never sent twice, since the secret of a lost answer is lost."""
    until = None if expires is None else expires.isoformat()
    body = {"roles": list(roles)} | given(name=name, expires=until)
    return Call("POST", "/v1/keys", as_model(wire.NewKey), json=body, repeatable=False)


def revoke_key(key: UUID | str) -> Call[None]:
    """Revoke a key."""
    return Call("DELETE", f"/v1/keys/{guid_of(key)}", nothing)


def rotate_key(key: UUID | str, overlap: timedelta) -> Call[wire.NewKey]:
    """Replace a key."""
    body = {"overlap_seconds": int(overlap.total_seconds())}
    path = f"/v1/keys/{guid_of(key)}/rotate"
    return Call("POST", path, as_model(wire.NewKey), json=body, repeatable=False)


def _path(profile: UUID | str, verb: str | None = None) -> str:
    path = f"/v1/profiles/{guid_of(profile)}"
    return path if verb is None else f"{path}/{verb}"


def guid_of(text: UUID | str) -> str:
    """Return an identifier as text; InvalidArgument for what is none."""
    try:
        return str(UUID(str(text)))
    except ValueError:
        raise InvalidArgument("This is no GUID: `find_profile` finds people by their labels.") from None


def as_model(model: type[M]) -> Callable[[httpx.Response], M]:
    """Return what reads an answer as the model; ServiceError for one that cannot be."""

    def parse(response: httpx.Response) -> M:
        try:
            return model.model_validate_json(response.content)
        except ValidationError:
            raise ServiceError("The answer is not Earmark's, or of another release: check it.") from None

    return parse


def nothing(_: httpx.Response) -> None:
    """Read nothing."""
    return


def fresh_key() -> dict[str, str]:
    """Return the header by which a request that is sent again is carried out once."""
    return {"Idempotency-Key": str(uuid4())}


def _if_match(expected: int | None) -> dict[str, str]:
    return {} if expected is None else {"If-Match": f'"{expected}"'}


def given(**values: Any) -> dict[str, Any]:
    """Return the values that are not None."""
    return {name: value for name, value in values.items() if value is not None}


def _pcm(pcm: Pcm | None) -> dict[str, Any]:
    if pcm is None:
        return {}
    return {"encoding": pcm.encoding, "sample_rate": pcm.sample_rate, "channels": pcm.channels}


def _part(audio: Audio) -> Part:
    # A file name may be a person's: it is not sent.
    return "audio", ("audio", _read(audio))


def _read(audio: Audio) -> bytes:
    if isinstance(audio, bytes):
        return audio
    if isinstance(audio, str | os.PathLike):
        try:
            return Path(audio).read_bytes()
        except OSError as error:
            raise FileMissing(
                f"The file {audio} cannot be read ({error.strerror}): check the path."
            ) from None
    return audio.read()
