"""A recording that comes with the request for a job: kept for that job alone, and gone with it."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from earmark.service.actor import Actor, Permission, needs
from earmark.service.jobs import Jobs
from earmark.service.media import MediaRules
from earmark.storage import media as rows
from earmark.storage.store import Store


@dataclass(frozen=True)
class Kept:
    """A recording that no job has yet."""

    media_id: UUID
    digest: bytes  # SHA-256 of its bytes


@needs(Permission.RECOGNISE)
def keep_for_job(
    actor: Actor, store: Store, jobs: Jobs, pieces: Iterable[bytes], *, rules: MediaRules
) -> Kept:
    """Keep a recording under no key. Raises AudioTooLarge, StoreError, and what giving the pieces raises."""
    digest = hashlib.sha256()

    def hashed() -> Iterator[bytes]:
        for piece in pieces:
            digest.update(piece)
            yield piece

    media_id, _ = rows.put_media(
        actor.tenant,
        store,
        jobs.media,
        None,
        hashed(),
        most_bytes=rules.most_bytes,
        tenant_bytes=rules.tenant_bytes,
        lifetime=rules.lifetime,
    )
    return Kept(media_id, digest.digest())


@needs(Permission.RECOGNISE)
def remove_unsubmitted(actor: Actor, store: Store, jobs: Jobs, media_id: UUID) -> None:
    """Remove a recording that was kept for a job which was not made."""
    rows.remove_unused(actor.tenant, store, jobs.media, media_id)
