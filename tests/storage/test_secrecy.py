"""The raw bytes of the files: nothing in clear, and nothing left after a delete."""

from collections.abc import Callable
from pathlib import Path
from random import Random
from uuid import UUID

import numpy as np
import pytest
import sqlalchemy as sa

from earmark.errors import ProfileNotFound
from earmark.storage.clips import encode_clip
from earmark.storage.profiles import delete_profile, find_profile, list_profiles
from earmark.storage.schema import Erasable, enrolment_audio, enrolments, profile_keys, profiles
from earmark.storage.sqlite import open_file
from earmark.storage.store import DEFAULT_TENANT, Store, open_store
from earmark.storage.values import Profile
from earmark.voice.features import Floats
from earmark.voice.voiceprint import Embedding

Take = tuple[list[Floats], list[Embedding]]
LEAVING = (11, 14, 20, 52)  # seeds that leave copies behind when values stand within their pages


def contents(home: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in home.iterdir() if path.name.startswith("earmark.db")}


def sealed_bytes(store: Store) -> list[bytes]:
    """Every sealed column of every row: keys, labels, label hashes, embeddings, audio."""
    columns = (
        profile_keys.c.wrapped,
        profiles.c.label_sealed,
        profiles.c.label_hash,
        enrolments.c.embedding_sealed,
        enrolment_audio.c.audio_sealed,
    )
    with store.reading() as connection:
        found = [value for column in columns for value in connection.scalars(sa.select(column))]
    return [bytes(value) for value in found if value is not None]


def wrapped_keys(store: Store) -> list[bytes]:
    with store.reading() as connection:
        return list(connection.scalars(sa.select(profile_keys.c.wrapped)))


def pieces(sealed: list[bytes]) -> list[bytes]:
    """Sixteen bytes from begin, middle and end of each: what lingers may be a part."""
    return [one[at : at + 16] for one in sealed for at in (24, len(one) // 2, len(one) - 17)]


def lingering(home: Path, wanted: list[bytes]) -> list[str]:
    files = contents(home)
    return [name for name, content in files.items() for piece in wanted if piece in content]


def test_nothing_stands_in_clear(
    home: Path, store: Store, take: Callable[..., Take], people: Callable[..., Profile]
) -> None:
    label = "Ada-Augusta-Lovelace"
    made = people(label, number=3, seconds=1.0)
    clips, embeddings = take(3, seconds=1.0)
    secrets = [label.encode(), label.lower().encode(), label.encode("utf-16-le")]
    for clip, embedding in zip(clips, embeddings, strict=True):
        flac = encode_clip(clip)
        pcm = np.rint(clip * 32_768).astype("<i2").tobytes()
        vector = embedding.vector.tobytes()
        secrets += [flac[1_000:1_016], flac[-16:], pcm[:16], pcm[5_000:5_016], vector[:12], vector[-12:]]
        secrets += [embedding.vector.astype(np.float64).tobytes()[:16], clip.tobytes()[:16]]
    secrets.append(b"fLaC")
    for moment in ("in the log", "after closing"):
        files = contents(home)
        assert made.id.hex.encode() in b"".join(files.values()), "looked in the wrong files"
        for secret in secrets:
            assert all(secret not in content for content in files.values()), moment
        store.close()


def test_a_deleted_profile_leaves_no_bytes(home: Path, store: Store, people: Callable[..., Profile]) -> None:
    made = people("ada", number=3, seconds=1.0)
    wanted = pieces(sealed_bytes(store))
    assert lingering(home, wanted)
    assert delete_profile(DEFAULT_TENANT, store, made.id)
    assert lingering(home, [*wanted, made.id.hex.encode()]) == []
    with pytest.raises(ProfileNotFound):
        find_profile(DEFAULT_TENANT, store, "ada")
    with pytest.raises(ProfileNotFound):
        delete_profile(DEFAULT_TENANT, store, made.id)


def test_deletes_among_many_leave_no_key(home: Path, store: Store, people: Callable[..., Profile]) -> None:
    """Pages are split and joined on the way. What the lost keys had sealed may live on there: it is noise."""
    random = np.random.default_rng(0)
    for seed in range(60):
        people(
            f"person {seed}",
            number=int(random.integers(1, 4)),
            seed=seed,
            seconds=float(random.uniform(0.01, 0.3)),
        )
    everybody = list_profiles(DEFAULT_TENANT, store)
    before = set(wrapped_keys(store))
    assert len(before) == 60
    assert all(lingering(home, [key[:16]]) for key in before)
    for index in random.permutation(len(everybody))[:45]:
        delete_profile(DEFAULT_TENANT, store, everybody[index].id)
    gone = sorted(before - set(wrapped_keys(store)))
    assert len(gone) == 45
    assert lingering(home, pieces(gone)) == []
    store.close()
    assert lingering(home, pieces(gone)) == []


@pytest.mark.parametrize("seed", LEAVING)
def test_an_erasable_value_is_gone_with_its_row(tmp_path: Path, seed: int) -> None:
    """Rows of one size in a single table; the same with plain values leaves copies behind."""
    random = Random(seed)
    table = sa.Table(
        "values",
        sa.MetaData(),
        sa.Column("tenant", sa.String(64), primary_key=True),
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("value", Erasable, nullable=False),
    )
    database = open_file(tmp_path / "some.db")
    database.prepare()
    rows = {UUID(int=random.getrandbits(128)): random.randbytes(69) for _ in range(150)}
    with database.writer.begin() as connection:
        table.create(connection)
        for guid, value in rows.items():
            connection.execute(sa.insert(table).values(tenant="default", id=guid, value=value))
    gone = random.sample(list(rows), 110)
    for guid in gone:
        with database.writer.begin() as connection:
            connection.execute(sa.delete(table).where(table.c.id == guid))
    assert database.forget_deleted()
    content = (tmp_path / "some.db").read_bytes()
    parts = [(guid, at) for guid in gone for at in range(0, 48, 16) if rows[guid][at : at + 16] in content]
    assert parts == []
    with database.reader.begin() as connection:
        left = {row.id: row.value for row in connection.execute(sa.select(table))}
    assert left == {guid: value for guid, value in rows.items() if guid not in gone}


def test_a_delete_beside_a_long_reader_says_so_and_the_next_clears_up(
    home: Path, store: Store, people: Callable[..., Profile], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("earmark.storage.sqlite.BUSY_SECONDS", 0.05)
    ada, bob = people("ada"), people("bob", seed=1)
    wanted = pieces(sealed_bytes(store))
    with open_store(home, environ={}) as writer:
        with store.reading() as reader:
            reader.execute(sa.select(profiles)).all()
            assert not delete_profile(DEFAULT_TENANT, writer, ada.id)
            with pytest.raises(ProfileNotFound):
                find_profile(DEFAULT_TENANT, writer, "ada")
        assert delete_profile(DEFAULT_TENANT, writer, bob.id)
        assert lingering(home, wanted) == []
