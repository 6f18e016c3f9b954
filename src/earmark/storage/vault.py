"""Bytes to sealed bytes and back: AES-256-GCM under a data key per profile, wrapped by its tenant's key.

The master key wraps the tenants' keys. Whoever destroys one of these keys destroys all that is below it.

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
NOBODY = UUID(int=0)  # in the place of a profile for what belongs to none


class RecordKind(StrEnum):
    """What a sealed record holds."""

    KEY = "key"
    LABEL = "label"
    EMBEDDING = "embedding"
    LEARNED = "learned"
    AUDIO = "audio"
    TENANT_KEY = "tenant key"
    ANSWER = "answer"
    ORDER = "order"
    OUTCOME = "outcome"
    MEDIA_NAME = "media name"
    MEDIA = "media"
    SECRET = "secret"  # noqa: S105 - a kind


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


class TenantKey:
    """A tenant's key at work: wraps the data keys of its profiles and seals what belongs to no profile."""

    def __init__(self, key: bytes, tenant: str) -> None:
        self._key = DataKey(key)
        self._links = _derive(key, b"earmark sign links")
        self.tenant = tenant

    def make_data_key(self, profile_id: UUID) -> tuple[DataKey, bytes]:
        """Make a random data key; returns it and its wrapped form, which is what may be stored."""
        key = AESGCM.generate_key(bit_length=8 * KEY_BYTES)
        return DataKey(key), self._key.seal(key, _place_of_key(self.tenant, profile_id))

    def unwrap(self, wrapped: bytes, profile_id: UUID) -> DataKey:
        """Return a profile's data key; SealBroken when it is not the one wrapped for this profile."""
        return DataKey(self._key.open(wrapped, _place_of_key(self.tenant, profile_id)))

    def sign_link(self, text: bytes) -> bytes:
        """Return the 32 bytes by which a link that the tenant gave away is known again."""
        return hmac.digest(self._links, text, "sha256")

    def seal(self, plain: bytes, kind: RecordKind, record_id: UUID) -> bytes:
        """Encrypt what belongs to no profile."""
        return self._key.seal(plain, Place(self.tenant, NOBODY, kind, record_id))

    def open(self, sealed: bytes, kind: RecordKind, record_id: UUID) -> bytes:
        """Return what belongs to no profile; SealBroken."""
        return self._key.open(sealed, Place(self.tenant, NOBODY, kind, record_id))


class Vault:
    """The master key at work: wraps tenants' keys and makes the hashes by which labels are found."""

    def __init__(self, master_key: bytes) -> None:
        if len(master_key) != KEY_BYTES:
            raise ValueError(f"a master key has {KEY_BYTES} bytes")
        self._wrapping = DataKey(_derive(master_key, b"earmark wrap data keys"))
        self._labels = _derive(master_key, b"earmark find labels")
        self._media = _derive(master_key, b"earmark find media")
        self.key_id = _key_id(_derive(master_key, b"earmark name of the master key"))

    def make_tenant_key(self, tenant: str) -> tuple[TenantKey, bytes]:
        """Make a random key for a tenant; returns it and its wrapped form, which is what may be stored."""
        key = AESGCM.generate_key(bit_length=8 * KEY_BYTES)
        return TenantKey(key, tenant), self._wrapping.seal(key, _place_of_tenant(tenant))

    def tenant_key(self, wrapped: bytes, tenant: str) -> TenantKey:
        """Return a tenant's key; SealBroken when it is not the one wrapped for this tenant."""
        return TenantKey(self._wrapping.open(wrapped, _place_of_tenant(tenant)), tenant)

    def rewrap(self, wrapped: bytes, profile_id: UUID, key: TenantKey) -> bytes:
        """Return a profile's data key under its tenant's key; 0.1 wrapped it by the master key itself."""
        place = _place_of_key(key.tenant, profile_id)
        return key._key.seal(self._wrapping.open(wrapped, place), place)

    def label_hash(self, tenant: str, label: str) -> bytes:
        """Return the 32 bytes by which a label is found; without the master key they cannot be guessed at."""
        return _hash(self._labels, tenant, label)

    def media_hash(self, tenant: str, key: str) -> bytes:
        """Return the 32 bytes by which an uploaded recording is found, as `label_hash` does for a label."""
        return _hash(self._media, tenant, key)


def _hash(key: bytes, tenant: str, text: str) -> bytes:
    return hmac.digest(key, b"%d:%b%b" % (len(tenant), tenant.encode(), text.encode()), "sha256")


def _place_of_key(tenant: str, profile_id: UUID) -> Place:
    return Place(tenant, profile_id, RecordKind.KEY, profile_id)


def _place_of_tenant(tenant: str) -> Place:
    return Place(tenant, NOBODY, RecordKind.TENANT_KEY, NOBODY)


def _derive(key: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=purpose).derive(key)


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"earmark key id" + key).digest()[:KEY_ID_BYTES]
