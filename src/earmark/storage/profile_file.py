"""Profiles to one file under a passphrase, and back: how they move to a machine with another master key.

The format, version 1 (integers big-endian):
  line 1   `EARMARK-PROFILES 1`
  line 2   a JSON object: {"kdf": "scrypt", "n": 131072, "r": 8, "p": 1, "salt": base64, 16 bytes}
  frames   length (4 bytes), then AES-256-GCM of one profile; the nonce is the frame's number (12 bytes), the
           associated data is both lines with their ends and one byte: 1 for the last frame, which is empty,
           0 for the others
A profile is a JSON object; its `enrolments` carry `embedding` (float32, little-endian) and `audio` (FLAC) in
base64. Frames cannot be changed, reordered, repeated or cut off unseen (as in Rogaway's STREAM construction).
"""

import base64
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import Any, BinaryIO
from uuid import UUID

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from earmark.errors import InvalidRequest, ProfileFileInvalid
from earmark.storage.clips import clip_samples, decode_clip
from earmark.storage.labels import normalise_label
from earmark.storage.profiles import MAX_ENROLMENTS
from earmark.storage.values import (
    Enrolment,
    EnrolmentRecord,
    Profile,
    ProfileKind,
    ProfileRecord,
    ProfileState,
)
from earmark.voice.features import SAMPLE_RATE
from earmark.voice.quality import Quality

MAGIC = b"EARMARK-PROFILES 1\n"
SCRYPT_N = 1 << 17  # 128 MiB and about 0.3 s: what guessing a passphrase costs
MIN_PASSPHRASE = 8
MAX_HEADER = 1_024
MAX_FRAME = 512 << 20
MAX_SECONDS = 3_600  # of one enrolment
MAX_DIMENSION = 8_192


def write_profiles(file: BinaryIO, profiles: Iterable[ProfileRecord], *, passphrase: str) -> int:
    """Write profiles and return their number; memory is bounded by one profile."""
    if len(passphrase) < MIN_PASSPHRASE:
        raise InvalidRequest(
            f"The passphrase has fewer than {MIN_PASSPHRASE} characters: choose a longer one."
        )
    salt = os.urandom(16)
    parameters = {"kdf": "scrypt", "n": SCRYPT_N, "r": 8, "p": 1, "salt": base64.b64encode(salt).decode()}
    header = MAGIC + json.dumps(parameters).encode() + b"\n"
    cipher = AESGCM(_derive(passphrase, salt, SCRYPT_N))
    file.write(header)
    number = 0
    for number, record in enumerate(profiles, 1):
        plain = json.dumps(_to_json(record)).encode()
        _write_frame(file, cipher.encrypt(_nonce(number - 1), plain, header + b"\0"))
    _write_frame(file, cipher.encrypt(_nonce(number), b"", header + b"\1"))
    return number


def read_profiles(file: BinaryIO, *, passphrase: str) -> Iterator[ProfileRecord]:
    """Yield the profiles of a file, each checked; memory is bounded by one profile.

    Raises ProfileFileInvalid when it is not an export, is damaged, or the passphrase is another; possibly
    after some profiles, so store none before the end.
    """
    header, salt, n = _read_header(file)
    cipher = AESGCM(_derive(passphrase, salt, n))
    number, last = 0, False
    while not last:
        sealed = _read_frame(file)
        last = len(sealed) == 16  # a tag alone: the empty last frame
        try:
            plain = cipher.decrypt(_nonce(number), sealed, header + (b"\1" if last else b"\0"))
        except InvalidTag:
            if number == 0:
                raise ProfileFileInvalid(
                    "The passphrase does not open this file, or the file is damaged: check both."
                ) from None
            raise _damaged() from None
        if not last:
            yield _from_json(plain)
        number += 1
    if file.read(1):
        raise _damaged()


def _read_header(file: BinaryIO) -> tuple[bytes, bytes, int]:
    if file.read(len(MAGIC)) != MAGIC:
        raise ProfileFileInvalid(
            "This is not a file of exported profiles: give one made by `profiles export`."
        )
    line = file.readline(MAX_HEADER)
    try:
        parameters = json.loads(line)
        salt = base64.b64decode(parameters["salt"], validate=True)
        n = parameters["n"]
        known = parameters["kdf"] == "scrypt" and (parameters["r"], parameters["p"]) == (8, 1)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _damaged() from None
    # Bounded, since the memory that scrypt takes is the file's choice.
    if not known or n not in (1 << 14, 1 << 15, 1 << 16, 1 << 17, 1 << 18) or len(salt) != 16:
        raise ProfileFileInvalid(
            "This export is protected in a way that this release does not know: update it."
        )
    return MAGIC + line, salt, n


def _write_frame(file: BinaryIO, sealed: bytes) -> None:
    if len(sealed) > MAX_FRAME:
        raise InvalidRequest(
            "A profile holds more audio than an export can carry: delete it and enrol with less."
        )
    file.write(len(sealed).to_bytes(4, "big"))
    file.write(sealed)


def _read_frame(file: BinaryIO) -> bytes:
    size = file.read(4)
    length = int.from_bytes(size, "big")
    if len(size) != 4 or not 16 <= length <= MAX_FRAME:
        raise _damaged()
    sealed = file.read(length)
    if len(sealed) != length:
        raise _damaged()
    return sealed


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")


def _derive(passphrase: str, salt: bytes, n: int) -> bytes:
    return Scrypt(salt=salt, length=32, n=n, r=8, p=1).derive(passphrase.encode())


def _damaged() -> ProfileFileInvalid:
    return ProfileFileInvalid("This file of exported profiles is damaged or cut off: export it again.")


def _to_json(record: ProfileRecord) -> dict[str, Any]:
    profile = record.profile
    return {
        "id": str(profile.id),
        "label": profile.label,
        "kind": profile.kind.value,
        "locale": profile.locale,
        "state": profile.state.value,
        "model": profile.model,
        "phrase": profile.phrase,
        "created": profile.created.isoformat(),
        "updated": profile.updated.isoformat(),
        "enrolments": [
            {
                "id": str(kept.enrolment.id),
                "created": kept.enrolment.created.isoformat(),
                "quality": asdict(kept.enrolment.quality),
                "embedding": base64.b64encode(kept.vector.astype("<f4").tobytes()).decode(),
                "audio": None if kept.audio is None else base64.b64encode(kept.audio).decode(),
            }
            for kept in record.records
        ],
    }


def _from_json(plain: bytes) -> ProfileRecord:
    """Return a profile, or raise ProfileFileInvalid: whoever knows the passphrase may write anything."""
    try:
        entry = json.loads(plain)
        records = tuple(_enrolment(one) for one in entry["enrolments"])
        profile = Profile(
            id=UUID(entry["id"]),
            label=None if entry["label"] is None else normalise_label(entry["label"]),
            kind=ProfileKind(entry["kind"]),
            locale=None if entry["locale"] is None else _text(entry["locale"], most=35),
            state=ProfileState(entry["state"]),
            model=_text(entry["model"], most=200) if records else None,
            created=_time(entry["created"]),
            updated=_time(entry["updated"]),
            enrolments=tuple(record.enrolment for record in records),
            phrase=None if entry.get("phrase") is None else _text(entry["phrase"], most=200),
        )
        if len(records) > MAX_ENROLMENTS or len({len(record.vector) for record in records}) > 1:
            raise ValueError("enrolments")
        if not records and profile.state is ProfileState.ENROLLED:
            raise ValueError("state")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, InvalidRequest):
        raise ProfileFileInvalid(
            "A profile in this file is not as an export has it: export it again."
        ) from None
    return ProfileRecord(profile, records)


def _enrolment(entry: dict[str, Any]) -> EnrolmentRecord:
    vector = np.frombuffer(base64.b64decode(entry["embedding"], validate=True), "<f4").astype(np.float32)
    if not 1 <= len(vector) <= MAX_DIMENSION or abs(float(np.linalg.norm(vector)) - 1.0) > 1e-3:
        raise ValueError("embedding")  # a NaN fails the comparison of the next line
    if not np.isfinite(vector).all():
        raise ValueError("embedding")
    audio = None if entry["audio"] is None else base64.b64decode(entry["audio"], validate=True)
    if audio is not None:
        if not 1 <= clip_samples(audio) <= MAX_SECONDS * SAMPLE_RATE:
            raise ValueError("audio")
        decode_clip(audio)
    made = UUID(entry["id"]), _time(entry["created"]), _quality(entry["quality"])
    return EnrolmentRecord(Enrolment(*made, audio_kept=audio is not None), vector, audio)


def _quality(entry: dict[str, Any]) -> Quality:
    kinds: dict[str, type] = {field.name: bool if field.type is bool else float for field in fields(Quality)}
    if set(entry) != set(kinds):
        raise ValueError("quality")
    values = {name: kinds[name](value) for name, value in entry.items()}
    if not all(isinstance(value, bool) or value == value for value in values.values()):
        raise ValueError("quality")
    return Quality(**values)


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError("a time without an offset")
    return time.astimezone(UTC)


def _text(text: Any, *, most: int) -> str:
    if not isinstance(text, str) or not 1 <= len(text) <= most or not text.isprintable():
        raise ValueError("text")
    return text
