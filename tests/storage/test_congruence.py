"""SQLite and PostgreSQL give the same answers: the same random requests to both, one after another."""

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from earmark.errors import EarmarkError, StoreError
from earmark.storage import answers, api_keys, profiles, tenants, voiceprints
from earmark.storage.store import DEFAULT_TENANT, Store, open_store
from earmark.storage.values import Profile, ProfileKind
from earmark.voice.features import Floats
from earmark.voice.voiceprint import Embedding

Take = Callable[..., tuple[list[Floats], list[Embedding]]]
STEPS = 120
NOW = datetime(2026, 1, 1, tzinfo=UTC)
LABELS = ["ada", "Zo\u00eb", "\u30a2\u30c0", "ben", "Ben", "no,label", None]
LOCALES = ["en-GB", "de", None, "x" * 36, "en\0"]
TENANTS = [DEFAULT_TENANT, "a-b", "ab", "a0", "nobody"]


@pytest.fixture
def both(tmp_path: Path, new_database: Callable[[], str]) -> Iterator[tuple[Store, Store]]:
    """A store on SQLite and one on PostgreSQL."""
    with (
        open_store(tmp_path / "one", environ={}) as one,
        open_store(tmp_path / "two", database_url=new_database(), environ={}) as two,
    ):
        yield one, two


class Request:
    """One request with all that is random in it, so that it can be made twice."""

    def __init__(self, chance: random.Random, known: list[UUID], take: Take) -> None:
        self.tenant = chance.choice(TENANTS)
        new = UUID(int=chance.getrandbits(128), version=4)
        self.id = chance.choice([*known[-8:], new])
        label = chance.choice(LABELS) or "ada"
        self.key: UUID | str = label if chance.random() < 0.5 else self.id
        self.label, self.locale = chance.choice(LABELS), chance.choice(LOCALES)
        self.kind = chance.choice(list(ProfileKind))
        self.expected = chance.choice([None, None, 0, 1])
        self.number = chance.randrange(4)
        self.enrolments = [UUID(int=chance.getrandbits(128), version=4) for _ in range(self.number)]
        self.clips, self.embeddings = take(self.number, seed=chance.randrange(9))
        self.limit = chance.randrange(1, 5)
        self.name = chance.choice(DEEDS)

    def send(self, store: Store) -> Any:
        """Return what came of it, without what differs from call to call; an error by its code and words."""
        try:
            return plain(getattr(self, self.name)(store))
        except EarmarkError as error:
            return error.code, "" if isinstance(error, StoreError) else str(error)

    def create(self, store: Store) -> Any:
        return profiles.create_profile(
            self.tenant,
            store,
            clips=self.clips,
            embeddings=self.embeddings,
            label=self.label,
            kind=self.kind,
            locale=self.locale,
            profile_id=self.id,
            enrolment_ids=self.enrolments,
        )

    def add(self, store: Store) -> Any:
        if not self.number:
            return None
        return profiles.add_enrolments(
            self.tenant,
            store,
            self.id,
            clips=self.clips,
            embeddings=self.embeddings,
            enrolment_ids=self.enrolments,
            expected=self.expected,
        )

    def find(self, store: Store) -> Any:
        return profiles.find_profile(self.tenant, store, self.key)

    def list(self, store: Store) -> Any:
        return profiles.list_profiles(self.tenant, store, kind=self.kind, limit=self.limit, after=self.id)

    def change(self, store: Store) -> Any:
        return profiles.change_profile(
            self.tenant, store, self.id, label=self.label, locale=self.locale, expected=self.expected
        )

    def reset(self, store: Store) -> Any:
        return profiles.reset_profile(self.tenant, store, self.id, expected=self.expected)

    def delete(self, store: Store) -> Any:
        profiles.delete_profile(self.tenant, store, self.id, expected=self.expected)

    def search(self, store: Store) -> Any:
        found = voiceprints.load_gallery(self.tenant, store, model="test@1", dimension=64)
        return list(found.keys), found.matrix.tolist(), found.speech_seconds.tolist()

    def make_tenant(self, store: Store) -> Any:
        tenants.create_tenant(store, self.tenant, keep_audio=bool(self.number % 2))

    def list_tenants(self, store: Store) -> Any:
        return [(one.id, one.keep_audio) for one in tenants.list_tenants(store)]

    def delete_tenant(self, store: Store) -> Any:
        if self.number == 3:
            tenants.delete_tenant(store, self.tenant)

    def answer(self, store: Store) -> Any:
        kept = answers.keep_answer(
            self.tenant, store, self.id, b"{}", fingerprint=b"", lifetime=timedelta(hours=self.number)
        )
        return kept.body, answers.find_answer(self.tenant, store, self.id).body

    def add_key(self, store: Store) -> Any:
        row = api_keys.KeyRow(self.id, self.tenant, self.label, ("enrol",), NOW, None, "abcd")
        return api_keys.insert_key(self.tenant, store, row, self.id.bytes * 2, first=self.number == 0)

    def rotate_key(self, store: Store) -> Any:
        row = api_keys.KeyRow(UUID(int=self.id.int ^ 1), self.tenant, None, (), NOW, None, "efgh")
        until = datetime(2100 if self.number % 2 else 2000, 7, 1, 2, 30, tzinfo=UTC)
        api_keys.replace_key(self.tenant, store, self.id, row, row.id.bytes * 2, until=until)

    def list_keys(self, store: Store) -> Any:
        return api_keys.list_keys(self.tenant, store)


DEEDS = ["create"] * 4 + ["add"] * 3 + [name for name in vars(Request) if name[0] != "_" and name != "send"]


def plain(result: Any) -> Any:
    if isinstance(result, list):
        return [plain(one) for one in result]
    if isinstance(result, Profile):
        kept = tuple(replace(one, created=NOW) for one in result.enrolments)
        return replace(result, created=NOW, updated=NOW, enrolments=kept)
    return result


@pytest.mark.parametrize("seed", range(3))
def test_both_answer_alike(both: tuple[Store, Store], take: Take, seed: int) -> None:
    chance, known = random.Random(seed), list[UUID]()
    told: dict[str, int] = {}
    for number in range(STEPS):
        request = Request(chance, known, take)
        one, two = (request.send(store) for store in both)
        assert one == two, f"request {number}: {request.name}"
        if request.id not in known:
            known.append(request.id)
        code = one[0] if isinstance(one, tuple) and isinstance(one[0], str) else "well"
        told[code] = told.get(code, 0) + 1
    assert told["well"] > STEPS / 4
    assert len(told) > 3, "hardly anything was refused"
