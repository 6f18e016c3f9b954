"""What the vault seals opens only unchanged, in its place, under its key."""

from dataclasses import replace
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.errors import SealBroken
from earmark.storage.vault import HEADER_BYTES, KEY_ID_BYTES, Place, RecordKind, Vault

MASTER = bytes(range(32))
PLACE = Place("default", uuid4(), RecordKind.EMBEDDING, uuid4())


@given(st.binary(max_size=2_000))
def test_what_is_sealed_opens(plain: bytes) -> None:
    tenant, wrapped_tenant = Vault(MASTER).make_tenant_key(PLACE.tenant)
    key, wrapped = tenant.make_data_key(PLACE.profile_id)
    sealed = key.seal(plain, PLACE)
    again = Vault(MASTER).tenant_key(wrapped_tenant, PLACE.tenant)
    assert again.unwrap(wrapped, PLACE.profile_id).open(sealed, PLACE) == plain
    assert len(sealed) == len(plain) + HEADER_BYTES + 16
    assert key.seal(plain, PLACE) != sealed  # another nonce


def test_any_flipped_byte_is_found() -> None:
    tenant, _ = Vault(MASTER).make_tenant_key(PLACE.tenant)
    key, wrapped = tenant.make_data_key(PLACE.profile_id)
    sealed = key.seal(b"a voiceprint", PLACE)
    for index in range(len(sealed)):
        changed = bytearray(sealed)
        changed[index] ^= 1
        with pytest.raises(SealBroken):
            key.open(bytes(changed), PLACE)
    for length in range(len(sealed)):
        with pytest.raises(SealBroken):
            key.open(sealed[:length], PLACE)
    for index in range(len(wrapped)):
        changed = bytearray(wrapped)
        changed[index] ^= 1
        with pytest.raises(SealBroken):
            tenant.unwrap(bytes(changed), PLACE.profile_id)


@pytest.mark.parametrize(
    "elsewhere",
    [
        replace(PLACE, tenant="another"),
        replace(PLACE, profile_id=uuid4()),
        replace(PLACE, kind=RecordKind.AUDIO),
        replace(PLACE, record_id=uuid4()),
    ],
    ids=["tenant", "profile", "kind", "record"],
)
def test_a_record_opens_nowhere_else(elsewhere: Place) -> None:
    key, _ = Vault(MASTER).make_tenant_key(PLACE.tenant)[0].make_data_key(PLACE.profile_id)
    with pytest.raises(SealBroken):
        key.open(key.seal(b"a voiceprint", PLACE), elsewhere)


def test_places_are_encoded_without_ambiguity() -> None:
    one = Place("a", PLACE.profile_id, RecordKind.KEY, PLACE.record_id)
    assert one.encode() != replace(one, tenant="a3:key").encode()
    assert len(one.encode()) == len(replace(one, tenant="b").encode())


def test_another_master_key_says_so() -> None:
    _, wrapped = Vault(MASTER).make_tenant_key(PLACE.tenant)
    other = Vault(bytes(32))
    assert other.key_id != Vault(MASTER).key_id
    with pytest.raises(SealBroken, match="another key"):
        other.tenant_key(wrapped, PLACE.tenant)


def test_a_wrapped_key_belongs_to_its_tenant_and_profile() -> None:
    vault = Vault(MASTER)
    tenant, wrapped_tenant = vault.make_tenant_key(PLACE.tenant)
    _, wrapped = tenant.make_data_key(PLACE.profile_id)
    with pytest.raises(SealBroken):
        tenant.unwrap(wrapped, uuid4())
    with pytest.raises(SealBroken):
        vault.make_tenant_key(PLACE.tenant)[0].unwrap(wrapped, PLACE.profile_id)
    with pytest.raises(SealBroken):
        vault.tenant_key(wrapped_tenant, "another")


def test_an_answer_opens_only_under_its_identifier() -> None:
    tenant, _ = Vault(MASTER).make_tenant_key(PLACE.tenant)
    answer_id = uuid4()
    sealed = tenant.seal(b"yes", RecordKind.ANSWER, answer_id)
    assert tenant.open(sealed, RecordKind.ANSWER, answer_id) == b"yes"
    with pytest.raises(SealBroken):
        tenant.open(sealed, RecordKind.ANSWER, uuid4())


def test_label_hashes_depend_on_key_tenant_and_label() -> None:
    vault = Vault(MASTER)
    hashes = {
        vault.label_hash("default", "ada"),
        vault.label_hash("default", "Ada"),
        vault.label_hash("defaulta", "da"),
        Vault(bytes(32)).label_hash("default", "ada"),
    }
    assert len(hashes) == 4
    assert vault.label_hash("default", "ada") in hashes


def test_secrets_do_not_show() -> None:
    tenant, _ = Vault(MASTER).make_tenant_key(PLACE.tenant)
    key, wrapped = tenant.make_data_key(PLACE.profile_id)
    assert MASTER.hex() not in repr(vars(Vault(MASTER))).lower()
    assert "_cipher" not in repr(key)
    assert wrapped[1 : 1 + KEY_ID_BYTES] != MASTER[:KEY_ID_BYTES]
