"""Recordings kept sealed in pieces: whole or not at all, read at any place, opened by nobody else, gone."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from earmark.errors import AudioTooLarge, InvalidRequest, MediaNotFound, SealBroken, StoreError
from earmark.storage import media
from earmark.storage.blobs import MediaStore, open_media
from earmark.storage.media import PIECE
from earmark.storage.store import DEFAULT_TENANT, Store
from earmark.storage.tenants import create_tenant

BYTES = np.random.default_rng(7).integers(0, 256, 3 * PIECE + 17, np.uint8).tobytes()
SIZES = (0, 1, PIECE - 1, PIECE, PIECE + 1, len(BYTES))


@pytest.fixture
def blobs(home: Path) -> MediaStore:
    return open_media(None, home)


def put(store: Store, blobs: MediaStore, key: str | None, data: bytes | Iterator[bytes], **more: Any) -> UUID:
    pieces = [data] if isinstance(data, bytes) else data
    limits: dict[str, Any] = {"most_bytes": 1 << 30, "tenant_bytes": 1 << 30}
    limits |= {"lifetime": timedelta(hours=48)} | more
    tenant = limits.pop("tenant", DEFAULT_TENANT)
    return media.put_media(tenant, store, blobs, key, pieces, **limits)[0]


def read(store: Store, blobs: MediaStore, media_id: UUID, tenant: str = DEFAULT_TENANT) -> bytes:
    sealed = media.open_file(tenant, store, blobs, media_id)
    with sealed.buffered() as file:
        data = file.read()
    if sealed.broken is not None:
        raise sealed.broken
    return data


def files(home: Path) -> list[Path]:
    return [path for path in (home / "media").rglob("*") if path.is_file()]


@pytest.mark.databases("sqlite", "postgres")
@pytest.mark.parametrize("size", SIZES)
def test_what_is_kept_comes_back_and_is_nowhere_in_plain(
    store: Store, blobs: MediaStore, home: Path, size: int
) -> None:
    data = (b"spoken words " * 100_000 + BYTES)[:size] if size > 20 else BYTES[:size]
    media_id = put(store, blobs, "a/b.wav", (data[at : at + 70_001] for at in range(0, len(data), 70_001)))
    assert read(store, blobs, media_id) == data
    found_id, found = media.find_media(DEFAULT_TENANT, store, "a/b.wav")
    assert (found_id, found.size) == (media_id, size)
    assert b"".join(media.open_file(DEFAULT_TENANT, store, blobs, media_id).pieces()) == data
    kept = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    assert b"spoken words" not in kept
    assert b"a/b.wav" not in kept
    assert len(files(home)) == -(-size // PIECE)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=st.lists(st.tuples(st.integers(0, len(BYTES) + 9), st.integers(0, 2 * PIECE)), max_size=8))
def test_any_place_reads_as_in_a_plain_file(
    store: Store, blobs: MediaStore, moves: list[tuple[int, int]]
) -> None:
    try:
        media_id, _ = media.find_media(DEFAULT_TENANT, store, "moves")
    except MediaNotFound:
        media_id = put(store, blobs, "moves", BYTES)
    plain = io.BytesIO(BYTES)
    with media.open_file(DEFAULT_TENANT, store, blobs, media_id).buffered() as sealed:
        for place, count in moves:
            assert sealed.seek(place) == plain.seek(place)
            assert sealed.read(count) == plain.read(count)
            assert sealed.tell() == plain.tell()
        assert sealed.seek(-5, io.SEEK_END) == plain.seek(-5, io.SEEK_END)
        assert sealed.read() == plain.read()


def test_the_old_one_stays_until_the_new_one_is_complete(store: Store, blobs: MediaStore, home: Path) -> None:
    old = put(store, blobs, "key", b"old" * 10)

    def breaks() -> Iterator[bytes]:
        yield BYTES[: 2 * PIECE]
        assert read(store, blobs, media.find_media(DEFAULT_TENANT, store, "key")[0]) == b"old" * 10
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        put(store, blobs, "key", breaks())
    assert media.find_media(DEFAULT_TENANT, store, "key")[0] == old
    assert len(files(home)) == 1  # nothing is left of what broke off
    new = put(store, blobs, "key", b"new")
    assert media.find_media(DEFAULT_TENANT, store, "key")[0] == new
    assert len(files(home)) == 1
    with pytest.raises(MediaNotFound):
        media.open_file(DEFAULT_TENANT, store, blobs, old)


def test_recordings_are_of_one_tenant(store: Store, blobs: MediaStore) -> None:
    create_tenant(store, "acme")
    ours, theirs = put(store, blobs, "key", b"ours"), put(store, blobs, "key", b"theirs", tenant="acme")
    assert read(store, blobs, ours) == b"ours"
    assert read(store, blobs, theirs, "acme") == b"theirs"
    with pytest.raises(MediaNotFound):
        media.open_file("acme", store, blobs, ours)


@pytest.mark.parametrize("harm", ["changed", "swapped", "gone", "cut"])
def test_harm_ends_the_reading_and_is_told(store: Store, blobs: MediaStore, home: Path, harm: str) -> None:
    media_id = put(store, blobs, "key", BYTES)
    pieces = sorted(files(home))
    data = pieces[1].read_bytes()
    if harm == "changed":
        pieces[1].write_bytes(data[:100] + bytes([data[100] ^ 1]) + data[101:])
    elif harm == "swapped":
        pieces[1].write_bytes(pieces[2].read_bytes())
    elif harm == "cut":
        pieces[1].write_bytes(data[:-1])
    else:
        pieces[1].unlink()
    with pytest.raises(SealBroken):
        read(store, blobs, media_id)
    sealed = media.open_file(DEFAULT_TENANT, store, blobs, media_id)
    assert sealed.buffered().read() == BYTES[:PIECE]  # no exception goes through a decoder
    assert isinstance(sealed.broken, SealBroken)


def test_too_much_is_refused_as_soon_as_it_is_known(store: Store, blobs: MediaStore, home: Path) -> None:
    given = 0

    def endless() -> Iterator[bytes]:
        nonlocal given
        while True:
            given += PIECE
            yield bytes(PIECE)

    with pytest.raises(AudioTooLarge, match="larger than 2 MiB"):
        put(store, blobs, "key", endless(), most_bytes=2 << 20)
    assert given <= 4 * PIECE
    put(store, blobs, "one", bytes(PIECE), tenant_bytes=3 * PIECE // 2)
    with pytest.raises(AudioTooLarge, match="no room"):
        put(store, blobs, "two", bytes(PIECE), tenant_bytes=3 * PIECE // 2)
    assert len(files(home)) == 1


@pytest.mark.parametrize("key", ["", "a b", "x" * 248, "ä", "a\n", "media://a", "a?b", "\0"])
def test_keys_have_their_form(key: str) -> None:
    with pytest.raises(InvalidRequest):
        media.check_key(key)


def test_a_key_is_never_a_path(store: Store, blobs: MediaStore, home: Path) -> None:
    for key in ("../../etc/passwd", "/etc/passwd", "..", "a//b", "."):
        media_id = put(store, blobs, media.check_key(key), key.encode())
        assert read(store, blobs, media_id) == key.encode()
    assert {path.parent.parent for path in files(home)} == {home / "media" / DEFAULT_TENANT}


def test_what_has_expired_is_not_found_and_is_removed(store: Store, blobs: MediaStore, home: Path) -> None:
    then = datetime.now(UTC) - timedelta(hours=49)
    put(store, blobs, "old", b"old", now=then)
    fresh = put(store, blobs, "fresh", b"fresh")
    with pytest.raises(MediaNotFound):
        media.find_media(DEFAULT_TENANT, store, "old")
    now = datetime.now(UTC)
    for tenant, media_id in media.list_removable(store, now=now, left_before=now - timedelta(hours=6)):
        media.remove_media(tenant, store, blobs, media_id)
        media.remove_media(tenant, store, blobs, media_id)  # what was cut short is repeated
    assert media.known_media(store) == {(DEFAULT_TENANT, str(fresh))}
    assert [path.parent.name for path in files(home)] == [str(fresh)]


def test_nobody_else_on_the_machine_looks_in(store: Store, blobs: MediaStore, home: Path) -> None:
    put(store, blobs, "key", b"words")
    assert (home / "media").stat().st_mode & 0o077 == 0


def test_a_place_that_is_none_is_refused(home: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="media_url"):
        open_media("nonsense://somewhere", home)
    file = tmp_path / "file"
    file.write_bytes(b"")
    with pytest.raises(StoreError, match="media_url"):
        open_media(str(file / "below"), home)


def test_a_folder_elsewhere_is_made(store: Store, home: Path, tmp_path: Path) -> None:
    blobs = open_media(str(tmp_path / "far" / "away"), home)
    media_id = put(store, blobs, "key", b"words")
    assert read(store, blobs, media_id) == b"words"
    assert not (home / "media").exists()
    assert blobs.folders() == [DEFAULT_TENANT]


def test_memory_serves_as_a_bucket(store: Store, home: Path) -> None:
    blobs = open_media("memory:///", home)
    media_id = put(store, blobs, "key", BYTES)
    assert read(store, blobs, media_id) == BYTES
    assert blobs.folders(DEFAULT_TENANT) == [str(media_id)]
    media.remove_media(DEFAULT_TENANT, store, blobs, media_id)
    assert blobs.folders() == []
    blobs.remove("nothing/there")
