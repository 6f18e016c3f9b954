"""Recordings of any size, in and out by links that carry their own permission, in bounded memory and time."""

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import voices
from server import Server, running_server

MIB = 1 << 20


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose limits can be reached, behind a proxy of another name."""
    env = {
        "EARMARK_UPLOAD_BYTES": str(MIB),
        "EARMARK_UPLOAD_SECONDS": "1",
        "EARMARK_MEDIA_BYTES": str(4 * MIB),
        "EARMARK_TENANT_MEDIA_BYTES": str(9 * MIB),
        "EARMARK_PUBLIC_URL": "https://voices.example.com/earmark/",
    }
    with running_server(tmp_path_factory.mktemp("home"), env=env) as running:
        yield running


def link(server: Server, key: str, use: str = "input", **headers: str) -> httpx.Response:
    asked = {"url": f"media://{key}"}
    return httpx.post(f"{server.url}/v1/media/{use}", json=asked, headers=server.headers | headers)


def address(server: Server, key: str, use: str = "input") -> str:
    """Where to send a recording, whatever the server calls itself."""
    made = link(server, key, use)
    assert made.status_code == 201, made.text
    assert set(made.json()) == {"url"}
    parts = urlsplit(made.json()["url"])
    return f"{server.url}{parts.path.removeprefix('/earmark')}?{parts.query}"


def memory(server: Server, name: str) -> float:
    rows = Path(f"/proc/{server.process.pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(row.split()[1]) / 1024 for row in rows if row.startswith(name))


def test_what_goes_in_comes_out(server: Server) -> None:
    sound = voices.wav("ada", 1)
    sent = httpx.put(address(server, "a/b-c_d.wav"), content=sound)
    assert (sent.status_code, sent.content) == (200, b"")
    got = httpx.get(address(server, "a/b-c_d.wav", "output"))
    assert (got.status_code, got.content) == (200, sound)
    assert got.headers["content-length"] == str(len(sound))
    httpx.put(address(server, "a/b-c_d.wav"), content=b"another").raise_for_status()
    assert httpx.get(address(server, "a/b-c_d.wav", "output")).content == b"another"


def test_a_large_recording_is_never_held_in_memory(server: Server) -> None:
    piece = bytes(range(256)) * 4_096
    count = 200
    expected = hashlib.sha256(piece * count).hexdigest()
    place = address(server, "large")
    Path(f"/proc/{server.process.pid}/clear_refs").write_text("5", encoding="ascii")
    before = memory(server, "VmRSS")
    sent = httpx.put(place, content=(piece for _ in range(count)), timeout=120)
    assert sent.status_code == 200, sent.text
    digest = hashlib.sha256()
    with httpx.stream("GET", address(server, "large", "output"), timeout=120) as got:
        for part in got.iter_bytes():
            digest.update(part)
    assert digest.hexdigest() == expected
    assert memory(server, "VmHWM") < before + 100, "a recording of 200 MiB was held in memory"


def test_links_lead_to_where_the_client_found_the_server(server: Server, narrow: Server) -> None:
    assert link(server, "a").json()["url"].startswith(f"{server.url}/pyannoteai/media?link=")
    named = link(server, "a", host="voices.example.org:8443").json()["url"]
    assert named.startswith("http://voices.example.org:8443/pyannoteai/media?link=")
    strange = link(server, "a", host="a b/../evil").json()["url"]
    assert urlsplit(strange).hostname == "127.0.0.1"
    told = link(narrow, "a", host="elsewhere.example.org").json()["url"]
    assert told.startswith("https://voices.example.com/earmark/pyannoteai/media?link=")


def test_a_recording_may_be_larger_and_slower_than_other_bodies(narrow: Server) -> None:
    def slowly() -> Iterator[bytes]:
        for _ in range(25):
            yield bytes(128 << 10)
            time.sleep(0.1)

    sent = httpx.put(address(narrow, "slow"), content=slowly(), timeout=30)
    assert sent.status_code == 200, sent.text
    assert len(httpx.get(address(narrow, "slow", "output")).content) == 25 * (128 << 10)


def test_but_not_without_a_limit(narrow: Server) -> None:
    whole = bytes(5 * MIB)
    stated = httpx.put(address(narrow, "huge"), content=whole)
    streamed = httpx.put(address(narrow, "huge"), content=(whole[:MIB] for _ in range(5)))
    for answer in (stated, streamed):
        assert answer.status_code == 413
        assert set(answer.json()) == {"requestId", "message"}
    assert link(narrow, "huge", "output").status_code == 404

    def trickle() -> Iterator[bytes]:
        for _ in range(60):
            yield b"x"
            time.sleep(0.1)

    assert httpx.put(address(narrow, "trickle"), content=trickle(), timeout=30).status_code == 408
    assert link(narrow, "trickle", "output").status_code == 404


def test_a_tenant_has_so_much_room(narrow: Server) -> None:
    statuses = [
        httpx.put(address(narrow, f"room-{number}"), content=bytes(3 * MIB)).status_code
        for number in range(4)
    ]
    assert statuses[0] == 200
    assert statuses[-1] == 413


def test_an_upload_that_breaks_off_changes_nothing(server: Server) -> None:
    httpx.put(address(server, "kept"), content=b"the first").raise_for_status()

    def breaks() -> Iterator[bytes]:
        yield bytes(3 * MIB)
        raise RuntimeError("the line is cut")

    with pytest.raises(RuntimeError, match="cut"):
        httpx.put(address(server, "kept"), content=breaks())
    assert httpx.get(address(server, "kept", "output")).content == b"the first"
    half = httpx.Headers({"Content-Length": "1000"})
    with pytest.raises(Exception, match="Too little data"):
        httpx.put(address(server, "kept"), headers=half, content=b"too little")
    assert httpx.get(address(server, "kept", "output")).content == b"the first"


def test_a_link_is_for_one_thing(server: Server) -> None:
    httpx.put(address(server, "mine"), content=b"x").raise_for_status()
    upload, download = address(server, "mine"), address(server, "mine", "output")
    changed = download[:-5] + ("AAAAA" if not download.endswith("AAAAA") else "BBBBB")
    bare = download.partition("?")[0]
    for asked in (
        httpx.get(upload),
        httpx.put(download, content=b"y"),
        httpx.get(changed),
        httpx.get(bare),
        httpx.get(f"{bare}?link=nonsense"),
        httpx.get(bare, headers=server.headers),
        httpx.get(f"{bare}?link={'A' * 5_000}"),
    ):
        assert asked.status_code in (400, 401), asked.text
    assert httpx.get(download).content == b"x"


@pytest.mark.parametrize("key", ["", " ", "a b", "a?b", "ü", "a" * 248, "../x y", "a\n"])
def test_keys_that_cannot_be(key: str, server: Server) -> None:
    for use in ("input", "output"):
        refused = link(server, key, use)
        assert refused.status_code == 400
        assert refused.json()["errors"][0]["field"] == "url"


@pytest.mark.parametrize("key", ["../../etc/passwd", "..", "/", ".", "a//b", "a/../b", "a" * 247])
def test_a_key_is_no_path(key: str, server: Server) -> None:
    httpx.put(address(server, key), content=key.encode()).raise_for_status()
    assert httpx.get(address(server, key, "output")).content == key.encode()


@pytest.mark.parametrize("use", ["input", "output"])
def test_links_are_for_those_with_a_key(use: str, server: Server) -> None:
    refused = httpx.post(f"{server.url}/v1/media/{use}", json={"url": "media://a"})
    assert refused.status_code == 401
    assert set(refused.json()) == {"requestId", "message"}
    assert refused.json()["requestId"] == refused.headers["x-request-id"]
