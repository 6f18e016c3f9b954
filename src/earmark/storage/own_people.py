"""Rows to the people of a tenant whom others are compared beside: read once, and again when they change."""

from uuid import UUID

import numpy as np
import sqlalchemy as sa

from earmark.storage.schema import profiles
from earmark.storage.store import Store
from earmark.storage.values import KeptPeople
from earmark.storage.voiceprints import SEARCHED, each_voiceprint
from earmark.voice.scoring.own_people import FEWEST, MOST, OwnPeople
from earmark.voice.scoring.voices import Voices, voices_of

KEPT = 8  # tenants whose people stay in memory: about 7 MB each


def load_own_people(tenant: str, store: Store, *, model: str) -> OwnPeople | None:
    """Return the tenant's people whom this model enrolled with any words, the first `MOST` by GUID.

    None when they are fewer than `FEWEST`. What is in memory is compared with the store every time, so that
    whoever is deleted or changed is so here at once. What was learned of voices is left out: a cohort does
    not move with recognitions. Raises SealBroken, TenantNotFound.
    """
    query = (
        sa.select(profiles.c.id, profiles.c.revision, profiles.c.updated)
        .where(profiles.c.tenant == tenant, SEARCHED, profiles.c.model == model)
        .order_by(profiles.c.id)
        .limit(MOST)
    )
    with store.reading() as connection:
        marks = {row.id: (row.revision, row.updated) for row in connection.execute(query)}
    kept = store.own_people.get((tenant, model))
    if kept is not None and kept.marks == marks:
        return kept.people
    voices = {} if kept is None else _unchanged(kept, marks)
    for profile_id, voiceprint in each_voiceprint(tenant, store, marks.keys() - voices.keys(), moved=False):
        if voiceprint.model == model:  # else it was embedded anew a moment ago
            voices[profile_id] = voices_of([voiceprint])
    found = [profile_id for profile_id in marks if profile_id in voices]
    if len(found) < FEWEST:
        store.own_people.pop((tenant, model), None)
        return None
    people = OwnPeople([str(one) for one in found], _joined([voices[one] for one in found]))
    store.own_people[tenant, model] = KeptPeople(marks, people)
    while len(store.own_people) > KEPT:
        store.own_people.pop(next(iter(store.own_people)), None)
    return people


def _unchanged(kept: KeptPeople, marks: dict[UUID, tuple[int, object]]) -> dict[UUID, Voices]:
    return {
        profile_id: kept.people.voices.take(np.array([place]))
        for place, profile_id in enumerate(map(UUID, kept.people.keys))
        if marks.get(profile_id) == kept.marks[profile_id]
    }


def _joined(parts: list[Voices]) -> Voices:
    return Voices(
        np.concatenate([part.vectors for part in parts]),
        np.concatenate([part.seconds for part in parts]),
        np.concatenate([part.snr_db for part in parts]),
        np.concatenate([part.bandwidth_hz for part in parts]),
    )
