"""More work than may wait: a clear refusal, and everything as before once it is done."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import voices
from api import asking
from server import Server, running_server


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One worker, and a single place to wait."""
    env = {"EARMARK_WORKERS": "1", "EARMARK_QUEUE": "1"}
    with running_server(tmp_path_factory.mktemp("narrow"), env=env) as running:
        yield running


def ask_at_once(server: Server, guid: str, audio: bytes, *, clients: int) -> list[httpx.Response]:
    with ThreadPoolExecutor(clients) as pool, asking.client(server) as client:
        return list(pool.map(lambda _: asking.verify(client, guid, audio), range(clients)))


def test_what_cannot_wait_is_told_when_to_come_again(narrow: Server) -> None:
    with asking.client(narrow) as client:
        guid = asking.enrolled(client)
        answers = ask_at_once(narrow, guid, voices.wav("ada", *(1, 2, 3, 4, 5) * 4), clients=10)
        served = [answer for answer in answers if answer.status_code == 200]
        refused = [answer for answer in answers if answer.status_code == 429]
        assert len(served) + len(refused) == len(answers)
        assert served
        assert refused
        for answer in refused:
            assert int(answer.headers["retry-after"]) >= 1
            assert answer.json()["error"]["code"] == "RateLimit"
            assert answer.headers["x-ms-error-code"] == "RateLimit"
        assert asking.verify(client, guid).status_code == 200, "it recovers"
        assert client.get("/live").status_code == 200


def test_who_does_as_told_is_served(narrow: Server) -> None:
    with asking.client(narrow) as client:
        guid = asking.enrolled(client)

        def persist(_: int) -> int:
            deadline = time.monotonic() + 2 * asking.PATIENCE
            while True:
                answer = asking.verify(client, guid)
                if answer.status_code != 429 or time.monotonic() > deadline:
                    return answer.status_code
                time.sleep(0.1 * int(answer.headers["retry-after"]))

        with ThreadPoolExecutor(6) as pool:
            assert list(pool.map(persist, range(6))) == [200] * 6


def test_health_is_told_while_all_workers_are_busy(narrow: Server) -> None:
    with asking.client(narrow) as client, ThreadPoolExecutor(3) as pool:
        guid = asking.enrolled(client)
        long = voices.wav("ada", *(1, 2, 3, 4, 5) * 4)
        work = [pool.submit(asking.verify, client, guid, long) for _ in range(2)]
        told = [client.get(path).status_code for path in ("/live", "/ready", "/version") * 3]
        assert told == [200] * 9
        assert all(one.result().status_code in (200, 429) for one in work)


def test_who_gives_up_leaves_a_free_place(narrow: Server) -> None:
    """Clients that close their connection while they wait must not hold their places for ever."""
    with asking.client(narrow) as client:
        guid = asking.enrolled(client)
        body = voices.wav("ada", *(1, 2, 3, 4, 5) * 2)
        path = f"{asking.VERIFICATION}/{guid}:verify?api-version=2021-09-05"
        for _ in range(8):
            one = asking.wire(narrow)
            one.send(asking.head("POST", path, narrow, f"Content-Length: {len(body)}") + body)
            one.socket.close()
        deadline = time.monotonic() + asking.PATIENCE
        while asking.verify(client, guid).status_code != 200:
            assert time.monotonic() < deadline, "places were lost"
            time.sleep(0.1)
