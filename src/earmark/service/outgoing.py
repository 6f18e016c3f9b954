"""An address that a caller gave to a connection that may be made: the one way out of the house.

Which machine an address means is decided when the connection is made, and that connection goes to the
machine that was looked at: a name that is changed in between (DNS rebinding) gains nothing. Proxies of the
environment are not used, since they would connect unseen.
"""

import ipaddress
import socket
import ssl
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpcore

from earmark.errors import AddressRefused

CONNECT_SECONDS = 10.0
LONGEST_ADDRESS = 4_096  # characters; presigned addresses of object stores have up to about 2,000
AGENT = b"Earmark"
# Addresses that stand for others, which a translator on the way would turn into private ones.
TRANSLATED = tuple(
    ipaddress.ip_network(text) for text in ("::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16")
)

# As the library has it, under a name of its own that is not public.
_Options = Iterable[tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]]


class Outgoing(StrEnum):
    """Which machines the service may connect to on a caller's behalf."""

    NONE = "none"
    PUBLIC = "public"  # those of the internet, not those of the own network
    ANY = "any"


@dataclass(frozen=True)
class Policy:
    """What the operator allows."""

    outgoing: Outgoing = Outgoing.PUBLIC
    plain_http: bool = True  # without TLS; webhooks have a switch of their own


def check_address(address: str, policy: Policy) -> str:
    """Return an address that may be tried; AddressRefused for one that surely may not be.

    Names are looked up when the connection is made, not here.
    """
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise AddressRefused("The address cannot be read: give one such as https://host/path.") from None
    if policy.outgoing is Outgoing.NONE:
        raise AddressRefused("This service fetches from and calls no address: its operator has set it so.")
    if len(address) > LONGEST_ADDRESS or any(mark <= " " or mark == "\x7f" for mark in address):
        raise AddressRefused(f"An address has at most {LONGEST_ADDRESS:,} characters, and no blanks.")
    if parts.scheme not in ("http", "https") or not host:
        raise AddressRefused("An address begins with https:// or http:// and names a host.")
    if parts.scheme == "http" and not policy.plain_http:
        raise AddressRefused("The address must begin with https://: without TLS anybody can listen in.")
    if parts.username is not None or parts.password is not None:
        raise AddressRefused("An address may not carry a user name or password: put a token in its query.")
    try:
        literal = ipaddress.ip_address(host)
    except ValueError:
        return address
    _check_machine(literal, policy.outgoing)
    return address


@dataclass(frozen=True, eq=False)
class Answer:
    """What came back: the body is read piece by piece, or not at all."""

    status: int
    headers: Mapping[str, str]  # names in lower case
    pieces: Iterator[bytes]


class TooManyRedirects(Exception):
    """The answer leads to another address once more than is followed."""


@contextmanager
def request(
    method: str,
    address: str,
    *,
    policy: Policy,
    seconds: float,
    redirects: int,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Iterator[Answer]:
    """Send a request and follow its redirects, each address checked; all of it within `seconds`.

    Raises AddressRefused, TooManyRedirects, TimeoutError, and httpcore's NetworkError (ssl.SSLError when
    the certificate is wrong) and ProtocolError; so does reading the pieces.
    """
    deadline = time.monotonic() + seconds
    with httpcore.ConnectionPool(
        ssl_context=ssl.create_default_context(),
        network_backend=_Checked(policy.outgoing, deadline),
        retries=0,
    ) as pool:
        for _ in range(redirects + 1):
            check_address(address, policy)
            with _explained(), _send(pool, method, address, body, headers or {}) as response:
                told = {name.decode().lower(): value.decode("latin-1") for name, value in response.headers}
                if response.status not in (301, 302, 303, 307, 308) or "location" not in told:
                    yield Answer(response.status, told, _pieces(response))
                    return
                following = urljoin(address, told["location"])
            if address.startswith("https:") and following.startswith("http:"):
                raise AddressRefused("The address leads from https:// to http://: that is not followed.")
            address = following
        raise TooManyRedirects


@contextmanager
def _explained() -> Iterator[None]:
    """Turn the library's time-outs into one of Python's; a wrong certificate is told as what it is."""
    try:
        yield
    except httpcore.TimeoutException:
        raise TimeoutError from None
    except httpcore.ConnectError as error:
        if isinstance(error.__cause__, ssl.SSLError) or isinstance(error.__context__, ssl.SSLError):
            raise ssl.SSLError("the certificate or the handshake is wrong") from None
        raise


def _send(
    pool: httpcore.ConnectionPool, method: str, address: str, body: bytes | None, headers: Mapping[str, str]
) -> Any:
    lines = [(b"User-Agent", AGENT), (b"Accept-Encoding", b"identity"), (b"Connection", b"close")]
    lines += [(name.encode(), value.encode()) for name, value in headers.items()]
    if body is not None:
        lines.append((b"Content-Length", b"%d" % len(body)))
    return pool.stream(method, address, headers=lines, content=body)


def _pieces(response: httpcore.Response) -> Iterator[bytes]:
    with _explained():
        yield from response.iter_stream()


class _Checked(httpcore.NetworkBackend):
    """Connects to machines that may be connected to, and waits for nothing beyond the deadline."""

    def __init__(self, outgoing: Outgoing, deadline: float) -> None:
        self.outgoing, self.deadline = outgoing, deadline
        self.library = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the deadline bounds it
        local_address: str | None = None,
        socket_options: _Options | None = None,
    ) -> httpcore.NetworkStream:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise httpcore.ConnectError("the host's name is unknown") from None
        machines = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
        for machine in machines:  # all of them: which one would answer must not matter
            _check_machine(machine, self.outgoing)
        stream = self.library.connect_tcp(
            str(machines[0]), port, min(CONNECT_SECONDS, self._left()), local_address, socket_options
        )
        return _Bounded(stream, self)

    def _left(self) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise httpcore.ConnectTimeout
        return left

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class _Bounded(httpcore.NetworkStream):
    """A stream whose every wait ends at the deadline, so that a slow trickle does not go on for ever."""

    def __init__(self, stream: httpcore.NetworkStream, backend: _Checked) -> None:
        self.stream, self.backend = stream, backend

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        return self.stream.read(max_bytes, self.backend._left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        self.stream.write(buffer, self.backend._left())

    def close(self) -> None:
        self.stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        stream = self.stream.start_tls(ssl_context, server_hostname, self.backend._left())
        return _Bounded(stream, self.backend)

    def get_extra_info(self, info: str) -> Any:
        return self.stream.get_extra_info(info)


def _check_machine(machine: ipaddress.IPv4Address | ipaddress.IPv6Address, outgoing: Outgoing) -> None:
    """Refuse machines of the own network: loopback, private, link-local (cloud metadata), multicast."""
    if outgoing is Outgoing.ANY:
        return
    translated = any(machine in network for network in TRANSLATED if network.version == machine.version)
    if translated or machine.is_multicast or machine.is_reserved or not machine.is_global:
        raise AddressRefused(
            "The address leads into a private network, which this service does not enter: use a public "
            "address, upload the recording, or let the operator set outgoing to any."
        )
