"""The service from ordinary Python: `Client`."""

import time
from collections.abc import Collection, Iterator
from contextlib import nullcontext
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, Self, TypeVar, Unpack
from uuid import UUID

import httpx

from earmark.api.native import rules_wire, wire, words_wire
from earmark.client import answers, calls, words_calls
from earmark.client import diarization_calls as diarizations
from earmark.client.calls import UNCHANGED, Audio, Call, Pcm, Unchanged
from earmark.client.connection import PAGE, connection_options
from earmark.client.diarization_calls import Asked, TurnsFormat
from earmark.client.rules_methods import RulesMethods

T = TypeVar("T")
PIECE = 1 << 20  # bytes of a recording that are read at once


class Client(RulesMethods):
    """A connection to a service, for any thread; `AsyncClient` for asyncio.

        with Client("http://127.0.0.1:8080", key) as earmark:
            alice = earmark.create_profile("alice")
            earmark.enrol(alice.id, "monday.wav", "tuesday.wav")
            (earmark.verify(alice.id, "friday.wav")).accepted

    Every method raises the errors of `earmark.errors` that the service tells, and ServiceUnreachable.
    Requests that may be sent again are, `retries` times, when the service is busy or does not answer;
    nothing is carried out twice.
    """

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        timeout: float = 60.0,
        retries: int = 3,
        tls_ca: str | Path | None = None,
    ) -> None:
        """Connect at the first request. `url` and `key` are EARMARK_URL and EARMARK_API_KEY if not given.

        `timeout` is in seconds, for each request; `tls_ca` is a PEM file with the authority of a private
        certificate. Raises InvalidRequest when there is no key or the address is none.
        """
        self._retries = retries
        self._http = httpx.Client(**connection_options(url, key, timeout=timeout, tls_ca=tls_ca))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connections."""
        self._http.close()

    def list_profiles(self, *, kind: wire.Kind | None = None) -> Iterator[wire.Profile]:
        """Yield all profiles, of all kinds or one, page by page."""
        cursor: str | None = None
        while True:
            page = self._send(calls.list_page(kind, PAGE, cursor))
            yield from page.items
            cursor = page.next_cursor
            if cursor is None:
                return

    def create_profile(
        self,
        label: str | None = None,
        *,
        kind: wire.Kind = "text-independent",
        locale: str | None = None,
        phrase: str | None = None,
        profile_id: UUID | None = None,
    ) -> wire.Profile:
        """Make a profile without enrolments; `enrol` adds to it. Raises LabelTaken, ProfileTaken."""
        return self._send(calls.create_profile(label, kind, locale, phrase, profile_id))

    def find_profile(self, label: str) -> wire.Profile | None:
        """Return the profile of a label; None when there is none."""
        return self._send(calls.find_profile(label))

    def show_profile(self, profile: UUID | str) -> wire.Profile:
        """Return a profile with its enrolments and what is missing. Raises ProfileNotFound."""
        return self._send(calls.show_profile(profile))

    def change_profile(
        self,
        profile: UUID | str,
        *,
        label: str | Unchanged | None = UNCHANGED,
        locale: str | Unchanged | None = UNCHANGED,
        expected: int | None = None,
    ) -> wire.Profile:
        """Change what is given; None takes away. Raises LabelTaken, ProfileChanged (not at `expected`)."""
        return self._send(calls.change_profile(profile, label, locale, expected))

    def delete_profile(self, profile: UUID | str, *, expected: int | None = None) -> None:
        """Delete a profile for good, with its recordings and its key. Raises ProfileNotFound."""
        self._send(calls.delete_profile(profile, expected))

    def reset_profile(self, profile: UUID | str, *, expected: int | None = None) -> wire.Profile:
        """Erase a profile's enrolments for good and keep its identifier. Raises ProfileNotFound."""
        return self._send(calls.reset_profile(profile, expected))

    def enrol(
        self,
        profile: UUID | str,
        *audios: Audio,
        pcm: Pcm | None = None,
        force: bool = False,
        expected: int | None = None,
    ) -> wire.Enrolled:
        """Add recordings, all or none; the answer says what is still missing.

        `force` takes recordings that sound like another person's. Raises AudioError, ProfileNotFound,
        InvalidRequest (another person), EnrolmentLimit, ProfileChanged.
        """
        return self._send(calls.enrol(profile, audios, pcm, expected, force=force))

    def verify(
        self,
        profile: UUID | str,
        audio: Audio,
        *,
        challenge: UUID | str | None = None,
        fmr: float | None = None,
        pcm: Pcm | None = None,
    ) -> wire.Verification:
        """Is it really them? Raises AudioError, ProfileNotFound, ProfileNotEnrolled.

        `fmr` is the false-match rate to decide by; the tenant's rule when None. The recording has to say the
        passphrase of a text-dependent profile, or what a `challenge` asks for: ChallengeRefused when that is
        late or was answered before, ProfileLocked after too many attempts that failed.
        """
        return self._send(calls.verify(profile, audio, pcm, fmr, challenge))

    def identify(
        self,
        audio: Audio,
        *,
        among: Collection[UUID | str] | None = None,
        kind: wire.Kind | None = None,
        top: int = 5,
        fpir: float | None = None,
        use: rules_wire.SearchUse | None = None,
        fmr: float | None = None,
        pcm: Pcm | None = None,
    ) -> wire.Identification:
        """Who is speaking, of all enrolled or `among` some? Raises AudioError, ProfileNotFound.

        `fpir` is the share of strangers that may be taken for somebody, however many are compared; by the
        tenant's rule for this `use` when None. `fmr` is the same of each comparison.
        """
        return self._send(calls.identify(audio, among, kind, top, fmr, pcm, fpir=fpir, use=use))

    def inspect(self, audio: Audio, *, pcm: Pcm | None = None) -> wire.Inspection:
        """Is the recording good enough? Nothing is stored. Raises AudioError if it cannot be read."""
        return self._send(calls.inspect(audio, pcm))

    def create_diarization(
        self, recording: Audio | None = None, *, source: str | None = None, **asked: Unpack[Asked]
    ) -> wire.Diarization:
        """Have a recording listened to: who speaks when, and who are they? A job finds out; `wait` for it.

        Give a recording, however long, or the public address of one as `source`. `speakers`, or
        `min_speakers` and `max_speakers`, where they are known; `who` to look for: profiles by identifier or
        label, or "all"; `threshold`, the confidence of 0 to 100 from which on a speaker is named; `remember`
        makes a profile of each stranger. `webhook` is told of the end. Raises QueueFull, InvalidRequest,
        AudioTooLarge.
        """
        return self._send(diarizations.create(recording, source, asked))

    def diarize(
        self,
        recording: Audio | None = None,
        *,
        source: str | None = None,
        seconds: float | None = None,
        **asked: Unpack[Asked],
    ) -> wire.Diarization:
        """`create_diarization`, and wait for its end as `wait_for_diarization` does."""
        made = self.create_diarization(recording, source=source, **asked)
        return self.wait_for_diarization(made.id, seconds=seconds)

    def wait_for_diarization(
        self, diarization: UUID | str, *, seconds: float | None = None
    ) -> wire.Diarization:
        """Return a diarization when it has ended, well or not, or as it is after `seconds`."""
        until = None if seconds is None else time.monotonic() + seconds
        while True:
            left = diarizations.HOLD if until is None else until - time.monotonic()
            hold = diarizations.hold_seconds(self._http.timeout, left)
            found = self._send(diarizations.show(diarization, hold))
            if diarizations.has_ended(found) or (until is not None and time.monotonic() >= until):
                return found

    def list_diarizations(self, *, state: wire.JobState | None = None) -> Iterator[wire.DiarizationListed]:
        """Yield the diarizations, newest first, without what came of them, page by page."""
        cursor: str | None = None
        while True:
            page = self._send(diarizations.list_page(state, PAGE, cursor))
            yield from page.items
            cursor = page.next_cursor
            if cursor is None:
                return

    def show_diarization(self, diarization: UUID | str) -> wire.Diarization:
        """Return a diarization as it is now. Raises JobNotFound."""
        return self._send(diarizations.show(diarization, 0.0))

    def show_turns(
        self, diarization: UUID | str, form: TurnsFormat = "rttm", *, exclusive: bool = False
    ) -> str:
        """Return its turns as RTTM, SRT or an SVG picture; `exclusive` ones never overlap.

        Raises JobNotFound, InvalidRequest when there are none yet, or no longer.
        """
        return self._send(diarizations.show_turns(diarization, form, exclusive=exclusive))

    def cancel_diarization(self, diarization: UUID | str) -> wire.Diarization:
        """End a diarization, running or not; one that has ended stays as it is. Raises JobNotFound."""
        return self._send(diarizations.cancel(diarization))

    def delete_diarization(self, diarization: UUID | str) -> None:
        """Delete a diarization for good, with all that belongs to it. Raises JobNotFound."""
        self._send(diarizations.delete(diarization))

    def export_profiles(self, passphrase: str, *, profiles: Collection[UUID | str] | None = None) -> bytes:
        """Return profiles, all or some, as a file that opens with the passphrase alone."""
        return self._send(calls.export_profiles(passphrase, profiles))

    def import_profiles(self, file: Audio, passphrase: str) -> wire.Imported:
        """Take in the profiles of an export: all, or none. Raises ProfileFileInvalid, LabelTaken."""
        return self._send(calls.import_profiles(file, passphrase))

    def show_phrases(self, locale: str = "en-US") -> words_wire.Phrases:
        """Return what people may be asked to say. Raises InvalidRequest for an unknown locale."""
        return self._send(words_calls.show_phrases(locale))

    def add_passphrase(self, phrase: str, *, locale: str = "en-US") -> words_wire.PhraseKept:
        """Let people choose a passphrase of your own. Raises PhraseUnsupported, which says what is wrong."""
        return self._send(words_calls.add_passphrase(phrase, locale))

    def remove_passphrase(self, phrase: str, *, locale: str = "en-US") -> None:
        """Offer a passphrase of your own no more; profiles that have it keep it."""
        self._send(words_calls.remove_passphrase(phrase, locale))

    def examine_phrase(self, phrase: str, *, locale: str = "en-US") -> words_wire.PhraseExamined:
        """Would this make a passphrase? Nothing is stored. Raises PhraseUnsupported."""
        return self._send(words_calls.examine_phrase(phrase, locale))

    def create_challenge(
        self,
        profile: UUID | str,
        *,
        kind: words_wire.ChallengeKind = "digits",
        length: int | None = None,
        seconds: float = 120.0,
    ) -> words_wire.Challenge:
        """Ask a person for random digits or words, once; `verify(..., challenge=its id)` takes the answer.

        Raises ProfileNotFound, ProfileNotEnrolled, ProfileLocked.
        """
        return self._send(words_calls.create_challenge(profile, kind, length, seconds))

    def show_lock(self, profile: UUID | str) -> words_wire.Lock:
        """Return how many attempts on a profile have failed in a row, and until when it is locked."""
        return self._send(words_calls.show_lock(profile))

    def unlock(self, profile: UUID | str) -> None:
        """Unlock a profile, and begin the count of its failed attempts anew."""
        self._send(words_calls.unlock(profile))

    def show_caller(self) -> wire.Caller:
        """Return the tenant and the roles of the key. Raises KeyInvalid."""
        return self._send(calls.show_caller())

    def show_tenant(self) -> wire.Tenant:
        """Return the tenant of the key."""
        return self._send(calls.show_tenant())

    def keep_audio(self, keep: bool) -> wire.Tenant:
        """Keep the recordings of coming enrolments, sealed, or do not.

        Without them a voiceprint cannot be made again when the model changes: such people must enrol anew.
        """
        return self._send(calls.keep_audio(keep))

    def ask_activation(self, wanted: bool) -> wire.Tenant:
        """Let the first recording of profiles of any words have to say an activation phrase, or do not."""
        return self._send(calls.ask_activation(wanted))

    def list_keys(self) -> list[wire.Key]:
        """Return the tenant's API keys, oldest first, without their secrets."""
        return self._send(calls.list_keys())

    def create_key(
        self, roles: Collection[wire.Role], *, name: str | None = None, expires: datetime | None = None
    ) -> wire.NewKey:
        """Make an API key; its secret is told this once. Raises PermissionDenied for a role you lack."""
        return self._send(calls.create_key(roles, name, expires))

    def revoke_key(self, key: UUID | str) -> None:
        """Make a key worthless at once. Raises KeyNotFound."""
        self._send(calls.revoke_key(key))

    def rotate_key(self, key: UUID | str, *, overlap: timedelta = timedelta(0)) -> wire.NewKey:
        """Replace a key by one of the same roles; the old one works for `overlap` more."""
        return self._send(calls.rotate_key(key, overlap))

    def _send(self, call: Call[T]) -> T:
        attempt = 0
        while True:
            outcome = self._try(call)
            wait = answers.wait_seconds(outcome, call, attempt) if attempt < self._retries else None
            if wait is None:
                break
            time.sleep(wait)
            attempt += 1
        if isinstance(outcome, httpx.TransportError):
            raise answers.unreachable(outcome)
        answers.check(outcome, call, again=attempt > 0)
        return call.parse(outcome)

    def _try(self, call: Call[Any]) -> httpx.Response | httpx.TransportError:
        with nullcontext() if call.stream is None else call.stream() as body:
            try:
                return self._http.request(
                    call.method,
                    call.path,
                    params=call.params,
                    headers=call.headers,
                    json=call.json,
                    files=call.files or None,
                    content=None if body is None else _pieces(body),
                )
            except httpx.TransportError as error:
                return error


def _pieces(body: BinaryIO) -> Iterator[bytes]:
    # Not the file itself: the library would tell its whole length, also of one that is read from its middle.
    while piece := body.read(PIECE):
        yield piece
