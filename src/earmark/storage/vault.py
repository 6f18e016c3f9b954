"""Bytes to sealed bytes and back: AES-256-GCM under a data key per profile, wrapped by the master key.

A sealed record is `version (1) | key id (8) | nonce (12) | ciphertext and tag`. Its header and its place
(tenant, profile, what it is, which one) are authenticated with it, so that a record that was changed,
or moved to another row, does not open. Source: NIST SP 800-38D (GCM), RFC 5869 (HKDF).
"""

import hashlib
import hmac
import os
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from earmark.errors import SealBroken

KEY_BYTES = 32
KEY_ID_BYTES = 8
NONCE_BYTES = 12
VERSION = 1
HEADER_BYTES = 1 + KEY_ID_BYTES + NONCE_BYTES


class RecordKind(StrEnum):
    """What a sealed record holds."""

    KEY = "key"
    LABEL = "label"
    EMBEDDING = "embedding"
    AUDIO = "audio"


@dataclass(frozen=True)
class Place:
    """Where a sealed record belongs; it opens nowhere else."""

    tenant: str
    profile_id: UUID
    kind: RecordKind
    record_id: UUID  # of the enrolment, or of the profile itself

    def encode(self) -> bytes:
        """Return the place as bytes; the lengths keep two places from reading alike."""
        tenant = self.tenant.encode()
        kind = self.kind.encode()
        return b"%d:%b%d:%b%b%b" % (
            len(tenant),
            tenant,
            len(kind),
            kind,
            self.profile_id.bytes,
            self.record_id.bytes,
        )


class DataKey:
    """One profile's key: seals and opens its label, embeddings and audio."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)
        self._id = _key_id(key)

    def seal(self, plain: bytes, place: Place) -> bytes:
        """Encrypt `plain` for `place`; the result is 37 bytes longer."""
        nonce = os.urandom(NONCE_BYTES)
        header = bytes([VERSION]) + self._id + nonce
        return header + self._cipher.encrypt(nonce, plain, header + place.encode())

    def open(self, sealed: bytes, place: Place) -> bytes:
        """Return what was sealed for `place`; SealBroken when changed, moved or sealed by another key."""
        header = sealed[:HEADER_BYTES]
        if len(header) < HEADER_BYTES or header[0] != VERSION:
            raise SealBroken(f"A stored {place.kind} is damaged or of an unknown format: restore a backup.")
        if header[1 : 1 + KEY_ID_BYTES] != self._id:
            raise SealBroken(
                f"A stored {place.kind} was sealed with another key: "
                "set the master key that this store was made with, or restore a backup."
            )
        nonce = header[1 + KEY_ID_BYTES :]
        try:
            return self._cipher.decrypt(nonce, sealed[HEADER_BYTES:], header + place.encode())
        except InvalidTag:
            raise SealBroken(
                f"A stored {place.kind} was changed or moved since it was sealed: restore a backup."
            ) from None


class Vault:
    """The master key at work: wraps data keys and makes the hashes by which labels are found."""

    def __init__(self, master_key: bytes) -> None:
        if len(master_key) != KEY_BYTES:
            raise ValueError(f"a master key has {KEY_BYTES} bytes")
        self._wrapping = DataKey(_derive(master_key, b"earmark wrap data keys"))
        self._labels = _derive(master_key, b"earmark find labels")
        self.key_id = _key_id(_derive(master_key, b"earmark name of the master key"))

    def make_data_key(self, tenant: str, profile_id: UUID) -> tuple[DataKey, bytes]:
        """Make a random data key; returns it and its wrapped form, which is what may be stored."""
        key = AESGCM.generate_key(bit_length=8 * KEY_BYTES)
        return DataKey(key), self._wrapping.seal(key, _place_of_key(tenant, profile_id))

    def unwrap(self, wrapped: bytes, tenant: str, profile_id: UUID) -> DataKey:
        """Return a profile's data key; SealBroken when it is not the one wrapped for this profile."""
        return DataKey(self._wrapping.open(wrapped, _place_of_key(tenant, profile_id)))

    def label_hash(self, tenant: str, label: str) -> bytes:
        """Return the 32 bytes by which a label is found; without the master key they cannot be guessed at."""
        return hmac.digest(
            self._labels, b"%d:%b%b" % (len(tenant), tenant.encode(), label.encode()), "sha256"
        )


def _place_of_key(tenant: str, profile_id: UUID) -> Place:
    return Place(tenant, profile_id, RecordKind.KEY, profile_id)


def _derive(key: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=purpose).derive(key)


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"earmark key id" + key).digest()[:KEY_ID_BYTES]
