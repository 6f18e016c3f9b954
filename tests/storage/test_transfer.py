"""Exports: what goes out comes in, and nothing else does."""

import base64
import io
import json
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from earmark.errors import InvalidRequest, LabelTaken, ProfileFileInvalid
from earmark.storage import profile_file
from earmark.storage.clips import encode_clip
from earmark.storage.profiles import delete_profile, find_profile, list_profiles
from earmark.storage.store import DEFAULT_TENANT, Store, open_store
from earmark.storage.transfer import export_profiles, export_to_file, import_profiles
from earmark.storage.values import Profile
from earmark.storage.voiceprints import list_profile_ids, load_record, replace_embeddings
from earmark.voice.features import Floats
from earmark.voice.voiceprint import Embedding

PASSPHRASE = "correct horse battery"

Take = tuple[list[Floats], list[Embedding]]


@pytest.fixture(autouse=True)
def cheap_passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    """The least cost that reading accepts: these tests derive a key many times."""
    monkeypatch.setattr(profile_file, "SCRYPT_N", 1 << 14)


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Store]:
    """Another home, with another master key."""
    with open_store(tmp_path / "there", environ={}) as opened:
        yield opened


def export(store: Store) -> bytes:
    file = io.BytesIO()
    ids = list_profile_ids(DEFAULT_TENANT, store)
    assert export_profiles(DEFAULT_TENANT, store, file, profile_ids=ids, passphrase=PASSPHRASE) == len(ids)
    return file.getvalue()


def take_in(store: Store, content: bytes, passphrase: str = PASSPHRASE) -> tuple[int, int]:
    done = import_profiles(DEFAULT_TENANT, store, io.BytesIO(content), passphrase=passphrase)
    return len(done.added), len(done.skipped)


@pytest.mark.databases("sqlite", "postgres")
def test_profiles_arrive_as_they_were(store: Store, there: Store, people: Callable[..., Profile]) -> None:
    made = [people("Zo\u00eb"), people(None, seed=1, number=3)]
    assert take_in(there, export(store)) == (2, 0)
    for profile in made:
        assert find_profile(DEFAULT_TENANT, there, profile.id) == profile
        ours, theirs = (load_record(DEFAULT_TENANT, one, profile.id) for one in (store, there))
        for mine, yours in zip(ours.records, theirs.records, strict=True):
            assert mine.audio == yours.audio
            np.testing.assert_array_equal(mine.vector, yours.vector)
    assert find_profile(DEFAULT_TENANT, there, "Zo\u00eb") == made[0]
    assert take_in(there, export(store)) == (0, 2)


def test_an_export_of_nobody(store: Store, there: Store) -> None:
    assert take_in(there, export(store)) == (0, 0)


def test_an_export_shows_nothing(store: Store, people: Callable[..., Profile]) -> None:
    made = people("Ada-Lovelace")
    content = export(store)
    for secret in (b"Ada-Lovelace", b"fLaC", str(made.id).encode(), PASSPHRASE.encode()):
        assert secret not in content
        assert base64.b64encode(secret)[:-4] not in content


@pytest.mark.databases("sqlite", "postgres")
def test_conflicts_store_nothing(
    store: Store, there: Store, people: Callable[..., Profile], take: Callable[..., Take]
) -> None:
    ada, bob = people("ada", number=1), people("bob", seed=1)
    content = export(store)
    take_in(there, content)
    delete_profile(DEFAULT_TENANT, there, bob.id)
    _, [embedding] = take(1, seed=5)
    replace_embeddings(DEFAULT_TENANT, there, ada.id, {ada.enrolments[0].id: embedding})
    with pytest.raises(InvalidRequest, match=str(ada.id)):
        take_in(there, content)
    assert list_profile_ids(DEFAULT_TENANT, there) == [ada.id]


@pytest.mark.databases("sqlite", "postgres")
def test_a_taken_label_stores_nothing(
    store: Store, there: Store, people: Callable[..., Profile], take: Callable[..., Take]
) -> None:
    people(None, seed=1)
    people("ada")
    content = export(store)
    take_in(there, content)
    for profile in list_profiles(DEFAULT_TENANT, store):
        delete_profile(DEFAULT_TENANT, store, profile.id)
    people("ada", seed=3)
    with pytest.raises(LabelTaken):
        take_in(store, content)
    assert len(list_profiles(DEFAULT_TENANT, store)) == 1


def test_another_passphrase(store: Store, there: Store, people: Callable[..., Profile]) -> None:
    people("ada")
    with pytest.raises(ProfileFileInvalid, match="passphrase"):
        take_in(there, export(store), "another passphrase")
    with pytest.raises(InvalidRequest, match="longer"):
        export_profiles(DEFAULT_TENANT, store, io.BytesIO(), profile_ids=[], passphrase="short")


def test_every_damage_is_found(store: Store, there: Store, people: Callable[..., Profile]) -> None:
    people("ada", number=1, seconds=0.01)
    people("bob", number=1, seconds=0.01, seed=1)
    content = export(store)
    lines = content.index(b"\n", content.index(b"\n") + 1) + 1
    frame = 4 + int.from_bytes(content[lines : lines + 4], "big")
    damaged = [
        b"",
        b"RIFF" + bytes(100),
        content[:lines],
        content[: lines + 2],
        content[: lines + frame],  # the rest of the frames is cut off
        content[: lines + frame] + content[-20:],  # one frame is left out
        content[:-20],  # the last frame is cut off
        content[:-1],
        content + b"x",
        content.replace(b'"n": 16384', b'"n": 1073741824'),  # scrypt's memory is bounded
        content.replace(b'"n": 16384', b'"n": "much"'),
        content.replace(b"scrypt", b"nokdf!"),
        content.replace(b"PROFILES 1", b"PROFILES 2"),
        content[:lines] + b"\xff\xff\xff\xff" + content[lines + 4 :],
        content[:20] + b"[]\n" + content[lines:],
        content[:20] + b"[" * 900 + b"\n",
    ]
    damaged += [
        content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
        for at in (lines + 10, lines + frame + 10, len(content) - 5)
    ]
    for index, one in enumerate(damaged):
        with pytest.raises(ProfileFileInvalid):
            take_in(there, one)
        assert list_profile_ids(DEFAULT_TENANT, there) == [], index


def forge(entry: object) -> bytes:
    """An export that was made with the right passphrase, but not by us."""
    salt = bytes(16)
    parameters = {"kdf": "scrypt", "n": 1 << 14, "r": 8, "p": 1, "salt": base64.b64encode(salt).decode()}
    header = profile_file.MAGIC + json.dumps(parameters).encode() + b"\n"
    cipher = AESGCM(profile_file._derive(PASSPHRASE, salt, 1 << 14))
    file = io.BytesIO()
    file.write(header)
    for number, (plain, last) in enumerate([(json.dumps(entry).encode(), b"\0"), (b"", b"\1")]):
        sealed = cipher.encrypt(number.to_bytes(12, "big"), plain, header + last)
        file.write(len(sealed).to_bytes(4, "big") + sealed)
    return file.getvalue()


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def unit(*values: float) -> str:
    return encoded(np.array(values, "<f4").tobytes())


SECOND = {"id": "00000000-0000-4000-8000-000000000009"}
FORGERIES: dict[str, Callable[[dict[str, Any]], object]] = {
    "a list": lambda entry: [entry],
    "nothing": lambda entry: {},
    "no GUID": lambda entry: entry | {"id": "ada"},
    "a number as GUID": lambda entry: entry | {"id": 7},
    "bad label": lambda entry: entry | {"label": "a\nb"},
    "label is a number": lambda entry: entry | {"label": 7},
    "unknown kind": lambda entry: entry | {"kind": "sung"},
    "unknown state": lambda entry: entry | {"state": "lost"},
    "long model": lambda entry: entry | {"model": "m" * 201},
    "long locale": lambda entry: entry | {"locale": "e" * 36},
    "no time": lambda entry: entry | {"created": "yesterday"},
    "time without zone": lambda entry: entry | {"created": "2026-01-01T00:00:00"},
    "no enrolments": lambda entry: entry | {"enrolments": []},
    "too many": lambda entry: entry | {"enrolments": entry["enrolments"] * 101},
    "two dimensions": lambda entry: entry | {
        "enrolments": [*entry["enrolments"], entry["enrolments"][0] | SECOND | {"embedding": unit(1.0)}]
    },
    "same enrolment twice": lambda entry: entry | {"enrolments": entry["enrolments"] * 2},
    **{
        f"enrolment: {name}": lambda entry, change=change: entry  # type: ignore[misc]
        | {"enrolments": [entry["enrolments"][0] | change]}
        for name, change in {
            "no embedding": {"embedding": ""},
            "NaN": {"embedding": unit(1.0, float("nan"))},
            "infinite": {"embedding": unit(float("inf"), 0.0)},
            "not unit length": {"embedding": unit(1.0, 1.0)},
            "not a multiple of four": {"embedding": encoded(b"12345")},
            "not base64": {"embedding": "!"},
            "audio is no FLAC": {"audio": encoded(b"RIFF" + bytes(100))},
            "empty audio": {"audio": encoded(encode_clip(np.zeros(0, np.float32)))},
            "truncated audio": {"audio": encoded(encode_clip(np.ones(90_000, np.float32) * 0.1)[:60])},
            "quality incomplete": {"quality": {"snr_db": 3.0}},
            "quality is a list": {"quality": []},
        }.items()
    },
}  # fmt: skip


@pytest.fixture
def entry(store: Store, people: Callable[..., Profile]) -> dict[str, Any]:
    made = people("ada", number=1)
    return profile_file._to_json(load_record(DEFAULT_TENANT, store, made.id))


def test_a_forgery_that_keeps_the_rules_is_taken(there: Store, entry: dict[str, Any]) -> None:
    assert take_in(there, forge(entry)) == (1, 0)


@pytest.mark.parametrize("name", FORGERIES)
def test_what_a_passphrase_does_not_vouch_for(there: Store, entry: dict[str, Any], name: str) -> None:
    with pytest.raises((ProfileFileInvalid, InvalidRequest)):
        take_in(there, forge(FORGERIES[name](entry)))
    assert list_profile_ids(DEFAULT_TENANT, there) == []


def test_an_export_file_appears_whole_or_not(
    store: Store, there: Store, people: Callable[..., Profile], tmp_path: Path
) -> None:
    made = people("ada")
    path = tmp_path / "out" / "ada.earmark"
    wanted: dict[str, Any] = {"profile_ids": [made.id], "passphrase": PASSPHRASE}
    with pytest.raises(InvalidRequest):
        export_to_file(DEFAULT_TENANT, store, path, **wanted)
    path.parent.mkdir()
    assert export_to_file(DEFAULT_TENANT, store, path, **wanted) == 1
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(InvalidRequest, match="already"):
        export_to_file(DEFAULT_TENANT, store, path, **wanted)
    with pytest.raises(InvalidRequest):
        export_to_file(DEFAULT_TENANT, store, path.with_name("b"), profile_ids=[made.id], passphrase="short")
    assert list(path.parent.iterdir()) == [path]
    with path.open("rb") as file:
        assert import_profiles(DEFAULT_TENANT, there, file, passphrase=PASSPHRASE).added == (made.id,)
