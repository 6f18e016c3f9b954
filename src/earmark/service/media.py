"""Uploaded recordings: kept sealed for a while under the tenant's own keys, read by jobs, and given back."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import BinaryIO

from earmark.service.actor import Actor, Permission, needs
from earmark.storage import media as rows
from earmark.storage.blobs import MediaStore
from earmark.storage.media import SealedFile, check_key
from earmark.storage.store import Store
from earmark.storage.values import Media


@dataclass(frozen=True)
class MediaRules:
    """What an operator allows of recordings that are kept."""

    most_bytes: int = 1 << 30  # of one
    tenant_bytes: int = 20 << 30  # of all that a tenant has at a time
    lifetime: timedelta = timedelta(hours=48)


@needs(Permission.RECOGNISE)
def put_media(
    actor: Actor,
    store: Store,
    media: MediaStore,
    key: str,
    pieces: Iterable[bytes],
    *,
    rules: MediaRules,
    now: datetime | None = None,
) -> Media:
    """Keep a recording under a key (without "media://"), in place of the one that was there.

    The old one stays until the new one is complete, and as long as an unfinished job has it. Raises
    InvalidRequest for the key, AudioTooLarge, StoreError, and what giving the pieces raises.
    """
    return rows.put_media(
        actor.tenant,
        store,
        media,
        check_key(key),
        pieces,
        most_bytes=rules.most_bytes,
        tenant_bytes=rules.tenant_bytes,
        lifetime=rules.lifetime,
        now=now,
    )[1]


@needs(Permission.RECOGNISE)
def find_media(actor: Actor, store: Store, key: str, *, now: datetime | None = None) -> Media:
    """Return what is kept under a key. Raises MediaNotFound, InvalidRequest for the key."""
    return rows.find_media(actor.tenant, store, check_key(key), now=now)[1]


@needs(Permission.RECOGNISE)
def read_media(actor: Actor, store: Store, media: MediaStore, key: str) -> tuple[Media, Iterator[bytes]]:
    """Return what is kept under a key, and its bytes in pieces, opened one by one.

    Raises MediaNotFound, InvalidRequest for the key; while it is read SealBroken, StoreError.
    """
    media_id, found = rows.find_media(actor.tenant, store, check_key(key))
    return found, rows.open_file(actor.tenant, store, media, media_id).pieces()


@needs(Permission.RECOGNISE)
@contextmanager
def open_media(actor: Actor, store: Store, media: MediaStore, key: str) -> Iterator[BinaryIO]:
    """A recording as a file that decrypts as it is read; what breaks it is raised at the end."""
    media_id, _ = rows.find_media(actor.tenant, store, check_key(key))
    with reading(rows.open_file(actor.tenant, store, media, media_id)) as file:
        yield file


@needs(Permission.RECOGNISE)
def delete_media(actor: Actor, store: Store, media: MediaStore, key: str) -> None:
    """Remove a recording; an unfinished job that has it will fail. Raises MediaNotFound, StoreError."""
    media_id, _ = rows.find_media(actor.tenant, store, check_key(key))
    rows.remove_media(actor.tenant, store, media, media_id)


@contextmanager
def reading(file: SealedFile) -> Iterator[BinaryIO]:
    """A sealed file as decoders take it. Raises SealBroken and StoreError, which decoders cannot tell of."""
    buffered = file.buffered()
    try:
        yield buffered
    finally:
        buffered.close()
        if file.broken is not None:
            raise file.broken
