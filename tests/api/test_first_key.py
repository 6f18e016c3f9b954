"""The first start makes one key and shows it once; or takes the one that it is given."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from api import asking
from server import running_server

SHOWN = re.compile(r"(em_[\w-]{40,})")


def started(home: Path, key: str) -> tuple[str, int]:
    """Start, ask with `key` and stop; return what was printed and the status of the answer."""
    with running_server(home, env={"EARMARK_BOOTSTRAP_KEY": key}) as server:
        shown = SHOWN.findall("".join(server.lines))
        used = key or (shown[0] if shown else "none")
        with asking.client(server, used) as client:
            status = client.get(asking.VERIFICATION, params=asking.VERSION).status_code
        assert server.stop() == 0
    return "".join(server.lines), status


def test_the_key_is_shown_at_the_first_start_alone(tmp_path: Path) -> None:
    first, status = started(tmp_path, "")
    [key] = SHOWN.findall(first)
    assert status == 200
    second, _ = started(tmp_path, "")
    assert SHOWN.findall(second) == []
    with running_server(tmp_path) as server, asking.client(server, key) as client:
        assert client.get(asking.VERIFICATION, params=asking.VERSION).status_code == 200
        with asking.client(server) as other:
            refused = other.get(asking.VERIFICATION, params=asking.VERSION)
            assert refused.status_code == 401, "a bootstrap key means nothing to a store that has one"
    for file in tmp_path.rglob("*"):
        assert file.is_dir() or key.encode() not in file.read_bytes(), "keys are stored hashed"


def test_a_given_key_is_never_shown(tmp_path: Path) -> None:
    key = "sixteen-or-more-characters"
    text, status = started(tmp_path, key)
    assert status == 200
    assert key not in text
    assert SHOWN.findall(text) == []


def test_two_that_start_at_once_make_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as both:
        texts = [text for text, _ in both.map(lambda _: started(tmp_path, ""), range(2))]
    assert len([key for text in texts for key in SHOWN.findall(text)]) == 1


def test_two_servers_share_one_store(tmp_path: Path) -> None:
    with (
        running_server(tmp_path) as one,
        running_server(tmp_path) as two,
        asking.client(one) as here,
        asking.client(two) as there,
    ):
        guid = asking.enrolled(here)
        assert asking.enrol(there, guid).status_code == 201
        shown = here.get(f"{asking.VERIFICATION}/{guid}", params=asking.VERSION).json()
        assert shown["enrollmentsCount"] == 2
        assert asking.verify(there, guid).json()["recognitionResult"] == "Accept"
        # Writers of both wait for each other, and none is refused.
        with ThreadPoolExecutor(8) as pool:
            made = list(pool.map(lambda number: asking.create((here, there)[number % 2]), range(40)))
        assert [answer.status_code for answer in made] == [201] * 40
        assert here.delete(f"{asking.VERIFICATION}/{guid}", params=asking.VERSION).status_code == 204
        assert asking.verify(there, guid).status_code == 404, "what one erased is gone for the other"
