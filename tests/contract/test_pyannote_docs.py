"""docs/pyannoteai.md: its four ways to point the SDK here and its examples, run; its coverage."""

import os
import re
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import httpx
import meeting
import pytest
import sdks
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi.routing import iter_route_contexts
from server import Server, running_server

from earmark.api.pyannoteai import wire
from earmark.api.pyannoteai.family import FAMILY

PAGE = Path(__file__).parents[2] / "docs" / "pyannoteai.md"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
VERSION = max(sdks.WHEELS)
HOST = "api.pyannote.ai"
PROGRAM = "from pyannoteai.sdk import Client\nprint(Client().upload('meeting.wav'))"  # knows nothing of us
PATIENCE = 60


@cache
def blocks() -> list[str]:
    return BLOCK.findall(PAGE.read_text(encoding="utf-8"))


def block(begins: str) -> str:
    [found] = [one for one in blocks() if begins in one]
    return found


@pytest.fixture(scope="module")
def packages() -> Path:
    try:
        return sdks.installed(VERSION)
    except sdks.SdkUnavailable as error:
        pytest.skip(str(error))


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with the recordings that the page speaks of."""
    (tmp_path / "meeting.wav").write_bytes(meeting.meeting())
    for name in ("ada", "ben"):
        (tmp_path / f"{name}.wav").write_bytes(meeting.alone(name))
    return tmp_path


def run(program: str, desk: Path, packages: Path, key: str, **env: str) -> str:
    """What a program prints whose SDK has a key, and nothing else of ours unless it is given."""
    clean = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    paths = env.pop("paths", "")
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=desk,
        env=clean
        | {"PYANNOTEAI_API_KEY": key, "PYTHONPATH": os.pathsep.join(filter(None, (paths, str(packages))))}
        | env,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def here(program: str, server: Server) -> str:
    """A program of the page, with this server's address and key."""
    assert "http://127.0.0.1:8080/v1" in program
    return program.replace("http://127.0.0.1:8080", server.url).replace("YOUR-KEY", server.key)


@pytest.mark.parametrize(
    "way", ['\nClient.API_URL = "http://127.0.0.1:8080/v1"\nclient = Client("', "class Earmark"]
)
def test_two_ways_within_the_program(way: str, server: Server, desk: Path, packages: Path) -> None:
    program = here(block(way), server) + "\nprint(client.upload('meeting.wav'))"
    assert run(program, desk, packages, "").startswith("media://")


def test_a_way_around_the_program(server: Server, desk: Path, packages: Path) -> None:
    folder = desk / "site"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(block("# sitecustomize.py"), encoding="utf-8")
    url = f"{server.url}/v1"
    said = run(PROGRAM, desk, packages, server.key, paths=str(folder), EARMARK_PYANNOTEAI_URL=url)
    assert said.startswith("media://")


def test_a_way_around_python(desk: Path, packages: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The hosted name leads here by a proxy, as DNS would; the certificate is of a private authority."""
    chain, key = certificate(desk)
    args = ("--tls-cert", str(chain), "--tls-key", str(key))
    with (
        running_server(tmp_path_factory.mktemp("home"), args=args) as server,
        leading_to(server.port) as proxy,
    ):
        env = {"HTTPS_PROXY": proxy, "REQUESTS_CA_BUNDLE": str(chain)}
        assert run(PROGRAM, desk, packages, server.key, **env).startswith("media://")


def test_names_for_the_people_in_a_recording(server: Server, desk: Path, packages: Path) -> None:
    said = run(here(block("def voiceprint"), server), desk, packages, server.key)
    assert [line.split()[-1] for line in said.splitlines()] == [
        name.capitalize() for name, _, _ in meeting.turns()
    ]


def test_a_receiver_of_messages(tmp_path: Path) -> None:
    env = {"EARMARK_OUTGOING": "any", "EARMARK_WEBHOOK_PLAIN_HTTP": "true"}
    with running_server(tmp_path / "home", env=env) as server, socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
        free.close()
        told = httpx.get(f"{server.url}/v1/webhook-secret", headers=server.headers).json()
        receiver = subprocess.Popen(
            [sys.executable, "-c", block("class Receiver")],
            env=os.environ | {"WEBHOOK_SECRET": told["secret"], "PORT": str(port)},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            forged = await_answer(f"http://127.0.0.1:{port}/")
            assert forged.status_code == 401
            link = httpx.post(
                f"{server.url}/v1/media/input", json={"url": "media://a"}, headers=server.headers
            ).json()["url"]
            httpx.put(link, content=meeting.alone("ada")).raise_for_status()
            asked = {"url": "media://a", "webhook": f"http://127.0.0.1:{port}/", "webhookStatusOnly": True}
            made = httpx.post(f"{server.url}/v1/diarize", json=asked, headers=server.headers).json()["jobId"]
            assert receiver.stdout is not None
            ready, _, _ = select.select([receiver.stdout], [], [], PATIENCE)
            assert ready, "no message came"
            assert receiver.stdout.readline().strip() == f'{{"jobId":"{made}","status":"succeeded"}}'
        finally:
            receiver.kill()
            receiver.wait()


def await_answer(url: str) -> httpx.Response:
    """Ask with a forged signature until the receiver listens."""
    transport = httpx.HTTPTransport(retries=20)
    with httpx.Client(transport=transport, timeout=PATIENCE) as client:
        return client.post(url, content=b"{}", headers={"X-Request-Timestamp": "1", "X-Signature": "00"})


def test_the_page_names_all_there_is() -> None:
    text = PAGE.read_text(encoding="utf-8")
    routes = [route for router in FAMILY.routers for route in iter_route_contexts(router.routes)]
    at_root = [route.path for route in routes if not f"{route.path}".startswith(FAMILY.prefixes[0])]
    assert "/v1/identify" in at_root
    for path in at_root:
        assert f"{path}`" in text, f"the page does not tell of {path}"
    asked = (wire.DiarizeAsked, wire.IdentifyAsked, wire.VoiceprintAsked, wire.Voiceprint, wire.Matching)
    told = (wire.Output, wire.Turn, wire.IdentifiedTurn, wire.Match, wire.Confidence)
    for model in (*asked, *told):
        for field in model.model_fields:
            assert f"`{field}`" in text, f"the page does not tell of {field}"


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for the hosted name that is its own authority, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    chain, private = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return chain, private


@contextmanager
def leading_to(port: int) -> Iterator[str]:
    """A proxy that connects whoever asks for the hosted service to a port of this machine."""

    def serve(one: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head and (part := one.recv(65_536)):
            head += part
        if not head.startswith(f"CONNECT {HOST}:443 ".encode()):
            one.close()
            return
        with one, socket.create_connection(("127.0.0.1", port)) as other:
            one.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            while True:
                for ready in select.select([one, other], [], [])[0]:
                    data = ready.recv(65_536)
                    if not data:
                        return
                    (other if ready is one else one).sendall(data)

    def accept() -> None:
        while True:
            try:
                one, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(one,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)
