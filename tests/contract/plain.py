"""A family of REST v2.0 or 2021-09-05 over plain HTTP, for what no vendor's client sends or shows."""

from collections.abc import Iterator
from typing import Any

import httpx
from contract import surface
from contract.fields import VERSION
from contract.proofs import did
from contract.surface import Protocol
from server import Server

KEY = "Ocp-Apim-Subscription-Key"


class Rest:
    """A caller; every answer with a status of success is recorded as a proof of its operation."""

    def __init__(self, server: Server, protocol: Protocol, family: str, *, key: str | None = None) -> None:
        self.protocol, self.family = protocol, family
        self.in_sec = protocol == VERSION
        mode, dependency = surface.FAMILIES[family].split("/")
        base = (
            f"/speaker-recognition/{mode}/{dependency}"
            if self.in_sec
            else f"/speaker/{mode}/v2.0/{dependency}"
        )
        self.base = base
        self._url = server.url
        self._http = httpx.Client(headers={KEY: key or server.key}, timeout=60)

    @property
    def dependent(self) -> bool:
        return self.family == "text-dependent"

    @property
    def verb(self) -> str:
        """What stands between a profile and what is done with it."""
        return ":" if self.in_sec else "/"

    def ask(
        self,
        operation: str,
        body: bytes | Iterator[bytes] | None = None,
        *,
        path: str | None = None,
        json: Any = None,
        headers: dict[str, str] | None = None,
        query: dict[str, str] | None = None,
    ) -> httpx.Response:
        """Carry out `METHOD /path`, with `path` below the base where the operation's is a template."""
        method, _, template = operation.partition(" ")
        if self.in_sec:
            query = {"api-version": VERSION} | (query or {})
        where = self._url + self.base + (template if path is None else path)
        answer = self._http.request(method, where, content=body, json=json, headers=headers, params=query)
        if answer.is_success:
            did(f"{self.protocol} {self.family}: {operation}")
            did(f"{self.protocol} header {KEY}")
        return answer

    def create(self, locale: str = "en-us") -> str:
        """A new profile's id."""
        answer = self.ask("POST /profiles", json={"locale": locale})
        assert answer.status_code == 201, answer.text
        did(f"{self.protocol} body locale")
        return str(answer.json()["profileId"])

    def get(self, profile: str) -> httpx.Response:
        return self.ask("GET /profiles/{id}", path=f"/profiles/{profile}")

    def enroll(self, profile: str, sound: bytes, **query: str) -> httpx.Response:
        path = f"/profiles/{profile}/enrollments"
        return self.ask("POST /profiles/{id}/enrollments", sound, path=path, query=query)

    def verify(self, profile: str, sound: bytes, **query: str) -> httpx.Response:
        path = f"/profiles/{profile}{self.verb}verify"
        return self.ask(f"POST /profiles/{{id}}{self.verb}verify", sound, path=path, query=query)

    def identify(self, among: str, sound: bytes, **query: str) -> httpx.Response:
        return self.ask(
            f"POST /profiles{self.verb}identifySingleSpeaker", sound, query={"profileIds": among} | query
        )

    def reset(self, profile: str) -> httpx.Response:
        path = f"/profiles/{profile}{self.verb}reset"
        return self.ask(f"POST /profiles/{{id}}{self.verb}reset", path=path)

    def delete(self, profile: str) -> httpx.Response:
        return self.ask("DELETE /profiles/{id}", path=f"/profiles/{profile}")

    def follow(self, url: str) -> httpx.Response:
        """Get an address that an answer gave, as it is."""
        assert url.startswith(f"{self._url}/")
        return self._http.get(url)


def refused(answer: httpx.Response, status: int, code: str) -> str:
    """Hold a refusal against its status and code, in body and header; its message."""
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), answer.text
    assert set(answer.json()) == {"error"}
    assert set(answer.json()["error"]) == {"code", "message"}
    assert answer.headers["x-ms-error-code"] == code
    return str(answer.json()["error"]["message"])
