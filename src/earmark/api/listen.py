"""Settings to a running service: sockets on all ports, one event loop, and an end that drains."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from earmark.api.guards import BoundedHttp, BoundedWebSocket
from earmark.api.settings import Settings
from earmark.errors import AddressInUse, InvalidRequest

WEBSOCKET_BYTES = 1 << 20  # of one message; Microsoft's clients send 3,200 bytes of audio in each


@dataclass(frozen=True)
class Listener:
    """A socket that listens, and whether it speaks TLS."""

    socket: socket.socket
    tls: bool

    @property
    def url(self) -> str:
        """Such as http://127.0.0.1:8080."""
        host, port = self.socket.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        return f"{'https' if self.tls else 'http'}://{shown}:{port}"


def open_listeners(settings: Settings) -> tuple[Listener, ...]:
    """Bind all ports, or none; AddressInUse says which one cannot be had and why."""
    wanted = [(port, settings.tls_cert is not None) for port in settings.ports]
    wanted += [(port, False) for port in settings.plain_ports]
    opened: list[Listener] = []
    try:
        for port, tls in wanted:
            opened.append(Listener(_bind(settings.host, port), tls))
    except BaseException:
        for listener in opened:
            listener.socket.close()
        raise
    return tuple(opened)


def serve(
    app: ASGIApp,
    settings: Settings,
    listeners: tuple[Listener, ...],
    tell: Callable[[], None],
    *,
    stopping: Callable[[], None],
) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is running.

    `tell` is called once it listens, `stopping` when it begins to end.
    Raises InvalidRequest for a certificate or key that cannot be used.
    """
    servers = []
    for tls in sorted({listener.tls for listener in listeners}):
        sockets = [listener.socket for listener in listeners if listener.tls == tls]
        servers.append((_Server(_configure(app, settings, tls=tls)), sockets))
    factory = servers[0][0].config.get_loop_factory()
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(_serve(servers, tell, stopping))


async def _serve(
    servers: "list[tuple[_Server, list[socket.socket]]]",
    tell: Callable[[], None],
    stopping: Callable[[], None],
) -> None:
    loop = asyncio.get_running_loop()

    def stop(number: int, _frame: object) -> None:
        stopping()
        for server, _ in servers:
            server.handle_exit(number, None)

    def begin_stop(number: int, frame: object) -> None:
        loop.call_soon_threadsafe(stop, number, frame)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, begin_stop)
    async with asyncio.TaskGroup() as group:
        for server, sockets in servers:
            group.create_task(server.serve(sockets))
        while not all(server.started for server, _ in servers):
            await asyncio.sleep(0.01)
        tell()


class _Server(uvicorn.Server):
    """Several servers share one process: signals are taken once, for all of them."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _configure(app: ASGIApp, settings: Settings, *, tls: bool) -> uvicorn.Config:
    config = uvicorn.Config(
        app,
        http=type("Http", (BoundedHttp,), {"header_seconds": settings.header_seconds}),
        ws=BoundedWebSocket,
        ws_max_size=WEBSOCKET_BYTES,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=settings.connections,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=max(1, round(settings.drain_seconds)),
        ssl_certfile=settings.tls_cert if tls else None,
        ssl_keyfile=settings.tls_key if tls else None,
    )
    try:
        config.load()
    except OSError as error:  # ssl.SSLError is one too
        reason = error.strerror or type(error).__name__
        raise InvalidRequest(
            f"The certificate or its key cannot be used ({reason}): check the files of tls_cert and tls_key."
        ) from None
    return config


def _bind(host: str, port: int) -> socket.socket:
    try:
        found: list[Any] = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = found[0]
        bound = socket.socket(family, socket.SOCK_STREAM)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(address)
        except BaseException:
            bound.close()
            raise
    except OSError as error:
        hint = "choose another port" if not 0 < port < 1_024 else "ports below 1024 need a privileged user"
        raise AddressInUse(f"Cannot listen on {host} port {port} ({error.strerror}): {hint}.") from None
    bound.setblocking(False)
    return bound
