"""Recordings to sealed pieces and rows, and back to files that decrypt as they are read."""

import io
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO, cast
from uuid import UUID, uuid4

import sqlalchemy as sa

from earmark.errors import AudioTooLarge, InvalidRequest, MediaNotFound
from earmark.storage.blobs import MediaStore
from earmark.storage.jobs import UNFINISHED
from earmark.storage.schema import jobs, media
from earmark.storage.store import Store
from earmark.storage.tenant_keys import read_tenant_key
from earmark.storage.values import Media
from earmark.storage.vault import DataKey, Place, RecordKind

PIECE = 1 << 20  # bytes that are sealed together
HELD = 4  # pieces that an open file holds in memory
KEY = re.compile(r"[A-Za-z0-9._/-]{1,247}")  # 255 characters with "media://" (pyannoteAI's API)
NO_MEDIA = "There is no recording under this key, or no longer: upload it."
_IN_USE = sa.exists().where(
    jobs.c.tenant == media.c.tenant, jobs.c.media_id == media.c.id, jobs.c.state.in_(UNFINISHED)
)


def check_key(key: str) -> str:
    """Return a key that media may have; InvalidRequest."""
    if not KEY.fullmatch(key):
        raise InvalidRequest("A media key has 1 to 247 letters, digits and - _ . / only: choose another.")
    return key


def put_media(
    tenant: str,
    store: Store,
    blobs: MediaStore,
    key: str | None,
    pieces: Iterable[bytes],
    *,
    most_bytes: int,
    tenant_bytes: int,
    lifetime: timedelta,
    job_id: UUID | None = None,
    now: datetime | None = None,
) -> tuple[UUID, Media]:
    """Seal and keep a recording, in place of the one that has its key once all of it is there.

    One without a key is for a job, and kept until that has ended. Raises AudioTooLarge for it, or for all
    recordings of the tenant together, TenantNotFound, StoreError, and what giving the pieces raises.
    """
    media_id, at = uuid4(), now or datetime.now(UTC)
    with store.writing() as connection:
        tenant_key = read_tenant_key(connection, store.vault, tenant)
        data_key, wrapped = tenant_key.make_data_key(media_id)
        used = sa.select(sa.func.coalesce(sa.func.sum(media.c.size), 0)).where(media.c.tenant == tenant)
        room = tenant_bytes - int(connection.scalar(used) or 0)
        values = {"tenant": tenant, "id": media_id, "wrapped": wrapped, "size": 0, "whole": False}
        if key is not None:
            values["key_hash"] = store.vault.media_hash(tenant, key)
            values["key_sealed"] = tenant_key.seal(key.encode(), RecordKind.MEDIA_NAME, media_id)
        connection.execute(sa.insert(media).values(**values, created=at, expires=at + lifetime))
        if job_id is not None:
            same = (jobs.c.tenant == tenant) & (jobs.c.id == job_id)
            connection.execute(sa.update(jobs).where(same).values(media_id=media_id))
    try:
        size = 0
        for number, piece in enumerate(_cut(pieces)):
            size += len(piece)
            if size > most_bytes:
                raise AudioTooLarge(
                    f"The recording is larger than {most_bytes >> 20:,} MiB: send less, or compressed."
                )
            if size > room:
                raise AudioTooLarge("There is no room for more recordings: wait until earlier ones expire.")
            blobs.put(_path(tenant, media_id, number), data_key.seal(piece, _place(tenant, media_id, number)))
        replaced = _complete(tenant, store, media_id, values.get("key_hash"), size)
    except BaseException:
        remove_media(tenant, store, blobs, media_id)
        raise
    for old in replaced:
        remove_unused(tenant, store, blobs, old)
    return media_id, Media(key or "", size, at, at + lifetime)


def find_media(tenant: str, store: Store, key: str, *, now: datetime | None = None) -> tuple[UUID, Media]:
    """Return the whole recording that has a key; MediaNotFound."""
    which = (media.c.tenant == tenant) & (media.c.key_hash == store.vault.media_hash(tenant, key))
    with store.reading() as connection:
        row = connection.execute(sa.select(media).where(which & media.c.whole)).one_or_none()
    if row is None or row.expires <= (now or datetime.now(UTC)):
        raise MediaNotFound(NO_MEDIA)
    return row.id, Media(key, row.size, row.created, row.expires)


def open_file(tenant: str, store: Store, blobs: MediaStore, media_id: UUID) -> "SealedFile":
    """Open a recording; MediaNotFound."""
    query = sa.select(media).where(media.c.tenant == tenant, media.c.id == media_id, media.c.whole)
    with store.reading() as connection:
        row = connection.execute(query).one_or_none()
        if row is None:
            raise MediaNotFound(NO_MEDIA)
        key = read_tenant_key(connection, store.vault, tenant).unwrap(row.wrapped, media_id)
    return SealedFile(tenant, media_id, blobs, key, row.size)


def remove_media(tenant: str, store: Store, blobs: MediaStore, media_id: UUID) -> None:
    """Remove a recording. From the first moment on it cannot be opened; what is cut short can be repeated."""
    same = (media.c.tenant == tenant) & (media.c.id == media_id)
    with store.writing() as connection:
        connection.execute(sa.update(media).where(same).values(whole=False, key_hash=None, key_sealed=None))
    blobs.remove(f"{tenant}/{media_id}")
    with store.writing() as connection:
        connection.execute(sa.delete(media).where(same))


def remove_unused(tenant: str, store: Store, blobs: MediaStore, media_id: UUID) -> None:
    """Remove a recording that has no key (any more), unless an unfinished job has it."""
    query = sa.select(media.c.id).where(
        media.c.tenant == tenant, media.c.id == media_id, media.c.key_hash.is_(None), ~_IN_USE
    )
    with store.reading() as connection:
        unused = connection.scalar(query) is not None
    if unused:
        remove_media(tenant, store, blobs, media_id)


def media_of_job(tenant: str, store: Store, job_id: UUID) -> UUID | None:
    """Return which recording a job has; None before it is fetched, and for a job that is gone."""
    with store.reading() as connection:
        return connection.scalar(
            sa.select(jobs.c.media_id).where(jobs.c.tenant == tenant, jobs.c.id == job_id)
        )


def list_removable(store: Store, *, now: datetime, left_before: datetime) -> list[tuple[str, UUID]]:
    """Return the recordings, of all tenants, that have expired, or were left behind so long ago."""
    left = (media.c.created <= left_before) & (~media.c.whole | media.c.key_hash.is_(None))
    query = sa.select(media.c.tenant, media.c.id).where((media.c.expires <= now) | left, ~_IN_USE)
    with store.reading() as connection:
        return [(row.tenant, row.id) for row in connection.execute(query)]


def known_media(store: Store) -> set[tuple[str, str]]:
    """Return every recording of which there is a row, as tenant and identifier."""
    with store.reading() as connection:
        return {
            (row.tenant, str(row.id)) for row in connection.execute(sa.select(media.c.tenant, media.c.id))
        }


class SealedFile(io.RawIOBase):
    """A recording as a file, read only; wrapped in a BufferedReader it serves every decoder.

    Nothing is raised while it is read: decoders written in C would print it. The file then ends, and
    `broken` says why.
    """

    def __init__(self, tenant: str, media_id: UUID, blobs: MediaStore, key: DataKey, size: int) -> None:
        super().__init__()
        self.size = size
        self.broken: Exception | None = None
        self.look: Callable[[], None] | None = None  # may end the reading by an exception
        self._place = (tenant, media_id)
        self._blobs, self._key = blobs, key
        self._at = 0
        self._held: OrderedDict[int, bytes] = OrderedDict()

    def buffered(self) -> BinaryIO:
        """Return the file as decoders take it."""
        return cast(BinaryIO, io.BufferedReader(self, 1 << 16))

    def pieces(self) -> Iterator[bytes]:
        """Yield the whole recording, piece by piece. Raises SealBroken, StoreError."""
        for number in range(-(-self.size // PIECE)):
            yield self._open(number)

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def seekable(self) -> bool:
        """Say that any place can be gone to."""
        return True

    def tell(self) -> int:
        """Return where the next byte is read."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place, also beyond the end."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer up to the next border of pieces; 0 at the end, and once it is broken."""
        if self.broken is not None or self._at >= self.size:
            return 0
        number, offset = divmod(self._at, PIECE)
        try:
            if self.look is not None:
                self.look()
            piece = self._held.get(number) or self._open(number)
        except Exception as error:  # whatever it is, it comes out at the end
            self.broken = error
            return 0
        self._held[number] = piece
        self._held.move_to_end(number)
        if len(self._held) > HELD:
            self._held.popitem(last=False)
        given = piece[offset : offset + len(buffer)]
        buffer[: len(given)] = given
        self._at += len(given)
        return len(given)

    def _open(self, number: int) -> bytes:
        tenant, media_id = self._place
        return self._key.open(
            self._blobs.get(_path(tenant, media_id, number)), _place(tenant, media_id, number)
        )


def _complete(tenant: str, store: Store, media_id: UUID, key_hash: Any, size: int) -> list[UUID]:
    """Give a recording that is all there its key; returns those that had it before."""
    same = (media.c.tenant == tenant) & (media.c.id == media_id)
    before = (media.c.tenant == tenant) & (media.c.key_hash == key_hash) & media.c.whole
    with store.writing() as connection:
        read_tenant_key(connection, store.vault, tenant)  # TenantNotFound: deleted meanwhile
        old = connection.scalars(sa.select(media.c.id).where(before)).all() if key_hash else []
        if old:
            connection.execute(sa.update(media).where(before).values(key_hash=None, key_sealed=None))
        connection.execute(sa.update(media).where(same).values(whole=True, size=size))
    return list(old)


def _cut(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of `PIECE`, the last as short as it comes; none for nothing."""
    held = bytearray()
    for piece in pieces:
        held += piece
        while len(held) >= PIECE:
            yield bytes(held[:PIECE])
            del held[:PIECE]
    if held:
        yield bytes(held)


def _path(tenant: str, media_id: UUID, number: int) -> str:
    return f"{tenant}/{media_id}/{number:06d}"


def _place(tenant: str, media_id: UUID, number: int) -> Place:
    return Place(tenant, media_id, RecordKind.MEDIA, UUID(int=number))
