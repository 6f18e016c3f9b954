"""Ports, TLS, limits of connections, and how it stops."""

import ipaddress
import signal
import socket
import ssl
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import voices
from api import asking
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from server import Server, running_server


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """PEM files of a self-signed certificate for 127.0.0.1, and of its key."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "earmark test")])
    now = datetime.now(UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    (folder / "chain.pem").write_bytes(made.public_bytes(pem))
    (folder / "key.pem").write_bytes(key.private_bytes(pem, form, plain))
    return folder / "chain.pem", folder / "key.pem"


def test_several_ports_with_and_without_tls_at_once(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    chain, key = map(str, certificate)
    args = ("--tls-cert", chain, "--tls-key", key, "--plain-port", "0")
    with running_server(tmp_path, args=args, ports=(0, 0)) as server:
        assert [url.split("://")[0] for url in server.urls] == ["https", "https", "http"]
        trust = ssl.create_default_context(cafile=chain)
        headers = server.headers
        guids = []
        for url in server.urls:
            with httpx.Client(base_url=url, verify=trust, headers=headers, trust_env=False) as one:
                made = asking.create(one)
                assert made.headers["location"].startswith(url)
                guids.append(made.json()["profileId"])
        with httpx.Client(base_url=server.urls[2], headers=headers, trust_env=False) as one:
            listed = one.get(asking.VERIFICATION, params=asking.VERSION).json()["value"]
        assert {item["profileId"] for item in listed} == set(guids), "all ports lead to one store"
        with pytest.raises(httpx.ConnectError), httpx.Client(trust_env=False) as stranger:
            stranger.get(f"{server.url}/live")  # does not trust the certificate
        with pytest.raises(httpx.TransportError):
            httpx.get(f"http://127.0.0.1:{server.port}/live", trust_env=False)
        with httpx.Client(verify=trust, trust_env=False) as one:
            assert one.get(f"{server.url}/live").status_code == 200, "plain text on a TLS port breaks nothing"
        assert server.stop() == 0


def test_a_key_that_does_not_fit_its_certificate_is_named(
    tmp_path: Path, certificate: tuple[Path, Path]
) -> None:
    chain, _ = certificate
    (tmp_path / "other.pem").write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    args = ("--tls-cert", str(chain), "--tls-key", str(tmp_path / "other.pem"))
    with pytest.raises(AssertionError, match="tls_key"), running_server(tmp_path / "home", args=args):
        pass


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_is_running_is_answered_before_it_stops(tmp_path: Path, number: signal.Signals) -> None:
    with running_server(tmp_path) as server, asking.client(server) as client:
        guid = asking.create(client).json()["profileId"]
        body = voices.wav("ben", 1)
        begun = begin(server, guid, body)
        idle = asking.wire(server)
        server.process.send_signal(number)
        refused(server)
        assert begun.send(body)
        answer = begun.rest()  # it is closed after the answer
        assert asking.status(answer) == 201, answer
        assert b"connection: close" in answer.lower()
        assert idle.rest() == b"", "a connection that asks nothing holds nothing up"
        assert server.process.wait(asking.PATIENCE) == 0
        begun.socket.close()
        idle.socket.close()
    with running_server(tmp_path) as again, asking.client(again) as client:
        shown = client.get(f"{asking.VERIFICATION}/{guid}", params=asking.VERSION).json()
        assert shown["enrollmentsCount"] == 1, "what was acknowledged while it stopped is there"


def test_a_request_that_never_ends_holds_it_up_only_so_long(tmp_path: Path) -> None:
    with running_server(tmp_path, env={"EARMARK_DRAIN_SECONDS": "1"}) as server:
        with asking.client(server) as client:
            guid = asking.create(client).json()["profileId"]
        begun = begin(server, guid, b"?" * 1_000)
        assert server.stop() == 0
        begun.rest()
        begun.socket.close()


def test_a_websocket_does_not_hold_it_up(tmp_path: Path) -> None:
    from websockets.sync.client import connect

    with (
        running_server(tmp_path) as server,
        connect(f"{server.ws_url}/any?Ocp-Apim-Subscription-Key={server.key}") as connection,
    ):
        connection.ping().wait(asking.PATIENCE)
        assert server.stop() == 0
        with pytest.raises(Exception, match="1012"):
            connection.recv(asking.PATIENCE)


def begin(server: Server, guid: str, body: bytes) -> asking.Wire:
    """Send the header of an enrolment, and wait until the server asks for the body."""
    begun = asking.wire(server)
    path = f"{asking.VERIFICATION}/{guid}/enrollments?api-version=2021-09-05&ignoreMinLength=true"
    begun.send(asking.head("POST", path, server, f"Content-Length: {len(body)}", "Expect: 100-continue"))
    assert b"100 Continue" in begun.until(b"\r\n\r\n")
    return begun


def refused(server: Server) -> None:
    """Wait until nobody is let in any more."""
    end = time.monotonic() + asking.PATIENCE
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", server.port), timeout=asking.PATIENCE).close()
        except ConnectionError:  # refused, or reset while it was waiting to be let in
            return
        time.sleep(0.01)  # asked without a rest, a quick client keeps the server from hearing its signal
    raise AssertionError("new connections are still taken")


def test_more_connections_than_may_be_get_503_and_it_recovers(tmp_path: Path) -> None:
    with running_server(tmp_path, env={"EARMARK_CONNECTIONS": "4"}) as server:
        held = [asking.wire(server) for _ in range(8)]
        for one in held:
            one.send(asking.head("GET", "/live", server)[:-2])  # all are open before the first is asked
        for one in held:
            one.send(b"\r\n")
        answers = [asking.status(one.until(b"\r\n\r\n")) for one in held]
        assert set(answers) <= {200, 503}
        assert 503 in answers
        for one in held:
            one.socket.close()
        end = time.monotonic() + asking.PATIENCE
        while httpx.get(f"{server.url}/live", trust_env=False).status_code != 200:
            assert time.monotonic() < end, "it does not recover"
