"""`earmark serve`: the service, in one process, until it is told to stop."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from earmark.cli.exits import Exit
from earmark.cli.options import Home, Model
from earmark.cli.output import say, warn

if TYPE_CHECKING:
    from earmark.api.door import Door

EPILOG = """\b
Examples:
  earmark serve                                        http://127.0.0.1:8080
  earmark serve --port 8080 --port 80                  for Microsoft's native SDK, which always uses 80 or 443
  earmark serve --host 0.0.0.0 --port 443 --tls-cert chain.pem --tls-key key.pem --plain-port 8080

The first start makes an API key and shows it once. More: earmark keys create, earmark settings.
"""


HostOption = Annotated[
    str | None,
    typer.Option("--host", metavar="ADDRESS", help="Listen here.  [default: 127.0.0.1]", show_default=False),
]
PortOption = Annotated[
    list[int] | None,
    typer.Option(
        "--port",
        metavar="PORT",
        help="Listen on this port; may be repeated.  [default: 8080]",
        show_default=False,
    ),
]
PlainPortOption = Annotated[
    list[int] | None,
    typer.Option(
        "--plain-port",
        metavar="PORT",
        help="Without TLS although there is a certificate; may be repeated.",
        show_default=False,
    ),
]
CertOption = Annotated[
    Path | None,
    typer.Option("--tls-cert", metavar="FILE", help="Certificate chain, PEM.", show_default=False),
]
KeyOption = Annotated[
    Path | None, typer.Option("--tls-key", metavar="FILE", help="Its private key, PEM.", show_default=False)
]


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("serve", epilog=EPILOG)(serve)


def serve(
    host: HostOption = None,
    port: PortOption = None,
    plain_port: PlainPortOption = None,
    tls_cert: CertOption = None,
    tls_key: KeyOption = None,
    model: Model = None,
    home: Home = None,
) -> int:
    """Serve the native API, Azure Speaker Recognition's and pyannoteAI's, until stopped."""
    from earmark.api.settings import load_settings
    from earmark.storage.store import default_home

    folder = home or default_home()
    settings = load_settings(
        folder,
        host=host,
        ports=tuple(port) if port else None,
        plain_ports=tuple(plain_port) if plain_port else None,
        tls_cert=tls_cert,
        tls_key=tls_key,
        model=model,
    )
    from earmark.api.listen import open_listeners
    from earmark.api.listen import serve as listen
    from earmark.api.start import open_door
    from earmark.telemetry.logs import set_up_logs

    set_up_logs(level=settings.log_level, form=settings.log_format)
    listeners = open_listeners(settings)
    with open_door(folder, settings) as (door, app):
        _show_first_key(door)

        def tell() -> None:
            for listener in listeners:
                say(f"Listening on {listener.url}")
            inside = settings.host in ("127.0.0.1", "localhost", "::1")
            if not inside and not all(listener.tls for listener in listeners):
                warn("keys and voices travel unencrypted on ports without TLS: keep them in your network.")

        listen(app, settings, listeners, tell, stopping=door.stopping.set)
    return Exit.OK


def _show_first_key(door: "Door") -> None:
    """Make the first key of a new store; one that was not given from outside is shown, this once."""
    from earmark.service.keys import ensure_first_key

    bootstrap = door.settings.bootstrap_key
    first = ensure_first_key(door.store, bootstrap.get_secret_value() if bootstrap else None)
    if first is not None and bootstrap is None:
        say(f"Your first API key, shown only now: {first.secret}")
