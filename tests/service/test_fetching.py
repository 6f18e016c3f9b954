"""What the service fetches for a caller: bounded, and never from the own network."""

import datetime
import ipaddress
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from elsewhere import Elsewhere, running_elsewhere

from earmark.errors import AddressRefused, AudioTooLarge, RecordingUnavailable
from earmark.service.fetching import fetch
from earmark.service.outgoing import Outgoing, Policy, check_address

ANY = Policy(Outgoing.ANY)
PUBLIC = Policy(Outgoing.PUBLIC)


@pytest.fixture(scope="module")
def there() -> Iterator[Elsewhere]:
    with running_elsewhere() as found:
        found.files["a.wav"] = bytes(range(256)) * 1_000
        yield found


def get(address: str, policy: Policy = ANY, **bounds: Any) -> bytes:
    return b"".join(fetch(address, policy=policy, **{"most_bytes": 1 << 20, "most_seconds": 20.0} | bounds))


def test_a_recording_is_fetched_also_by_way_of_redirects(there: Elsewhere) -> None:
    assert get(f"{there.url}/files/a.wav") == there.files["a.wav"]
    assert get(f"{there.url}/to?url=/files/a.wav") == there.files["a.wav"]
    sent = there.got[-1]
    assert sent.headers["accept-encoding"] == "identity", "what is unpacked on the way is not bounded"
    assert "authorization" not in sent.headers
    assert "cookie" not in sent.headers


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1/a.wav",
        "http://localhost/a.wav",
        "http://[::1]/a.wav",
        "http://0.0.0.0/",
        "http://0/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://10.1.2.3/",
        "http://172.16.0.1/",
        "http://192.168.1.1/",
        "http://100.64.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://224.0.0.1/",
        "http://[::ffff:127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://[fe80::1]/",
        "http://[fc00::1]/",
    ],
)
def test_the_own_network_is_not_entered(address: str) -> None:
    with pytest.raises(AddressRefused):
        get(address, PUBLIC)


@pytest.mark.parametrize("target", ["http://169.254.169.254/", "http://127.0.0.1/", "file:///etc/passwd"])
def test_a_redirect_into_the_own_network_is_not_followed(
    there: Elsewhere, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    """The first machine passes for a public one; where it leads to is looked at as well."""
    real = socket.create_connection
    port = int(there.url.rsplit(":", 1)[1])

    def look_up(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        address = "93.184.216.34" if host == "public.example" else host
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    def connect(address: tuple[str, int], *args: Any, **options: Any) -> socket.socket:
        assert address == ("93.184.216.34", port), "another machine was connected to"
        return real(("127.0.0.1", port), *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(AddressRefused):
        get(f"http://public.example:{port}/to?url={target}", PUBLIC)
    assert there.got[-1].path.startswith("/to")


def test_a_name_is_looked_up_once_for_looking_and_connecting(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that answers differently the second time gains nothing."""
    asked: list[str] = []
    answers = ["93.184.216.34", "127.0.0.1"]

    def look_up(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        address = answers[min(len(asked) - 1, 1)]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    tried: list[Any] = []

    def connect(address: Any, *_: Any, **__: Any) -> None:
        tried.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(RecordingUnavailable):
        get("http://rebinding.example/a.wav", PUBLIC)
    assert asked == ["rebinding.example"]
    assert tried == [("93.184.216.34", 80)]


def test_one_private_machine_among_public_ones_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    def look_up(_: str, port: int, *__: Any, **___: Any) -> list[Any]:
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in ("93.184.216.34", "10.0.0.1")
        ]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(AddressRefused):
        get("http://mixed.example/a.wav", PUBLIC)


@pytest.mark.parametrize(
    ("address", "policy"),
    [
        ("ftp://example.com/a.wav", ANY),
        ("file:///etc/passwd", ANY),
        ("//example.com/a.wav", ANY),
        ("https://", ANY),
        ("https://user:word@example.com/a.wav", ANY),
        ("https://example.com/a b.wav", ANY),
        ("https://example.com/\r\nX: y", ANY),
        ("https://example.com:port/", ANY),
        ("https://[::1/", ANY),
        ("https://example.com/" + "a" * 5_000, ANY),
        ("http://example.com/", Policy(Outgoing.ANY, plain_http=False)),
        ("https://example.com/", Policy(Outgoing.NONE)),
    ],
)
def test_addresses_that_are_refused_when_they_are_given(address: str, policy: Policy) -> None:
    with pytest.raises(AddressRefused):
        check_address(address, policy)
    with pytest.raises(AddressRefused):
        get(address, policy)


@pytest.mark.parametrize("path", ["/status/404", "/status/500", "/status/204", "/cut", "/slow", "/drip"])
def test_what_cannot_be_fetched_is_told_and_bounded(there: Elsewhere, path: str) -> None:
    with pytest.raises(RecordingUnavailable) as caught:
        get(there.url + path, most_seconds=1.0)
    assert there.url not in str(caught.value)


def test_a_loop_of_redirects_ends(there: Elsewhere) -> None:
    before = len(there.got)
    with pytest.raises(RecordingUnavailable, match="more than 5 times"):
        get(f"{there.url}/loop")
    assert len(there.got) - before == 6


def test_size_is_bounded_whether_it_was_told_or_not(there: Elsewhere) -> None:
    with pytest.raises(AudioTooLarge):
        get(f"{there.url}/files/a.wav", most_bytes=1_000)
    with pytest.raises(AudioTooLarge):
        get(f"{there.url}/endless", most_bytes=10_000_000)


def test_a_machine_that_is_not_there(there: Elsewhere) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(RecordingUnavailable):
        get(f"http://127.0.0.1:{port}/")
    with pytest.raises(RecordingUnavailable):
        get("http://no-such-host.invalid/")
    with pytest.raises(RecordingUnavailable):
        get(there.url.replace("http:", "https:"))


def test_a_certificate_must_be_right(tmp_path: Path) -> None:
    with running_elsewhere(self_signed(tmp_path)) as there:
        with pytest.raises(RecordingUnavailable, match="certificate"):
            get(f"{there.url}/files/a.wav")
        assert not there.got


def test_tls_is_not_given_up_on_the_way(
    tmp_path: Path, there: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = self_signed(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))  # here it is trusted
    with running_elsewhere(certificate) as safe:
        safe.files["a.wav"] = b"sound"
        assert get(f"{safe.url}/to?url=/files/a.wav") == b"sound"
        with pytest.raises(AddressRefused, match="not followed"):
            get(f"{safe.url}/to?url={there.url}/files/a.wav")


def self_signed(folder: Path) -> tuple[Path, Path]:
    """A certificate that nobody trusts, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "elsewhere")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    chain, secret = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return chain, secret
