"""Profiles brought to another model: skipped, interrupted and taken up again, refused one by one."""

import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command import Earmark

from earmark.service import profiles as use_cases
from earmark.service.actor import local_actor
from earmark.storage.store import open_store
from earmark.voice.models.catalog import find_model, load_catalog

Clips = dict[str, list[Path]]
PEOPLE = ("ada", "ben", "clara", "dima", "eva")


@pytest.fixture
def people(earmark: Earmark, clips: Clips, home: Path) -> dict[str, str]:
    """Enrolled people, name to GUID; and `other`, a second model with the weights of the first."""
    made = {name: str(earmark("enroll", name, *clips[name][:2], "--json").json["profile"]) for name in PEOPLE}
    weights = find_model(load_catalog(home), None).file
    assert earmark("models", "add", weights, "--family", "earmark", "--name", "other").code == 0
    return made


def models(home: Path) -> dict[str, str | None]:
    with open_store(home) as store:
        return {str(one.id): one.model for one in use_cases.each_profile(local_actor(), store)}


def test_everybody_is_brought_over_once(earmark: Earmark, home: Path, people: dict[str, str]) -> None:
    done = earmark("profiles", "reembed", "--model", "other", "--json")
    assert done.code == 0
    assert done.json == {"model": "other@1.0", "reembedded": 5, "already": 0, "failed": []}
    assert set(models(home).values()) == {"other@1.0"}
    assert set(models(home)) == set(people.values())
    again = earmark("profiles", "reembed", "--model", "other", "--json").json
    assert (again["reembedded"], again["already"]) == (0, 5)
    back = earmark("profiles", "reembed", "ada", people["ben"])
    assert (back.code, back.out) == (0, "Brought 2 profiles to earmark-1@1.0.\n")
    assert earmark("profiles", "reembed", "ada", "nobody").code == 4


def test_recognition_goes_on_after_it(earmark: Earmark, home: Path, clips: Clips) -> None:
    earmark("enroll", "ada", *clips["ada"][:3])
    before = earmark("verify", "ada", clips["ada"][3], "--json").json
    weights = find_model(load_catalog(home), None).file
    earmark("models", "add", weights, "--family", "earmark", "--name", "other")
    earmark("profiles", "reembed", "--model", "other")
    assert earmark("verify", "ada", clips["ada"][3]).code == 2  # made by another model now
    assert earmark("profiles", "reembed").code == 0
    after = earmark("verify", "ada", clips["ada"][3], "--json").json
    # The kept recordings have 16 bits, the first embeddings were made of the decoded floats.
    assert after["llr"] == pytest.approx(before["llr"], abs=0.05)


def test_interrupted_and_taken_up_again(
    earmark: Earmark, home: Path, people: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = use_cases.reembed_profile, []

    def stops(*args: object, **kwargs: object) -> object:
        calls.append(args)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*args, **kwargs)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(use_cases, "reembed_profile", stops)
        assert earmark("profiles", "reembed", "--model", "other").code == 130
    assert sorted(models(home).values(), key=str) == ["earmark-1@1.0"] * 3 + ["other@1.0"] * 2
    rest = earmark("profiles", "reembed", "--model", "other", "--json").json
    assert (rest["reembedded"], rest["already"]) == (3, 2)
    assert set(models(home)) == set(people.values())


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
def test_killed_and_taken_up_again(earmark: Earmark, home: Path, people: dict[str, str]) -> None:
    command = [sys.executable, "-m", "earmark", "profiles", "reembed", "--model", "other", "--home", home]
    with subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL) as process:
        while process.poll() is None and "other@1.0" not in models(home).values():
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    at_the_kill = list(models(home).values()).count("other@1.0")
    assert at_the_kill >= 1
    rest = earmark("profiles", "reembed", "--model", "other", "--json").json
    assert (rest["reembedded"], rest["already"]) == (5 - at_the_kill, at_the_kill)
    assert models(home) == dict.fromkeys(people.values(), "other@1.0")


def test_one_that_cannot_be_brought_over_stops_nobody(
    earmark: Earmark, home: Path, clips: Clips, people: dict[str, str]
) -> None:
    earmark("tenants", "keep-audio", "off")
    earmark("enroll", "gwen", *clips["gwen"][:2])
    with sqlite3.connect(home / "earmark.db") as database:  # and one whose recording is damaged
        database.execute(
            "UPDATE enrolment_audio SET audio_sealed = zeroblob(100) WHERE enrolment_id IN "
            "(SELECT id FROM enrolments WHERE profile_id = ?)",
            (people["ben"].replace("-", ""),),
        )
        assert database.total_changes
    database.close()
    done = earmark("profiles", "reembed", "--model", "other", "--json")
    assert done.json["reembedded"] == 4
    failed = {one["profile"]: one["error"]["code"] for one in done.json["failed"]}
    assert failed == {
        people["ben"]: "seal_broken",
        earmark("profiles", "show", "gwen", "--json").json["profile"]: "audio_not_kept",
    }
    assert done.code == 5  # the gravest: the store's
    told = earmark("profiles", "reembed", "gwen", "--model", "other")
    assert told.code == 2
    assert "audio_not_kept" in told.out
    assert "gwen" not in told.out
    assert "enrol again" in told.out
    assert models(home)[people["ben"]] == "earmark-1@1.0"


def test_a_profile_without_recordings_needs_nothing(earmark: Earmark, home: Path) -> None:
    with open_store(home) as store:
        use_cases.create_profile(local_actor(), store, label="empty")
    done = earmark("profiles", "reembed", "--json")
    assert (done.code, done.json["reembedded"], done.json["already"]) == (0, 0, 1)
