"""Bodies that no honest client sends, to every route that takes one: refused in bounded time and memory."""

import gzip
import json
from collections.abc import Iterator
from functools import cache

import pytest
import voices
from api import asking
from api.fortress import Fortress
from api.routes import Route, routes
from hostile import hostile_inputs

# Odd, but what is in them can be heard: they may be taken.
HARMLESS = ("wav_of_2_gib", "transfer_encoding", "path_as_a_name")
BOUNDARY = "b0undary"
FORM = f"multipart/form-data; boundary={BOUNDARY}"


def part(content: bytes, name: str = "audio", more: str = "") -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="a.wav"\r\n{more}\r\n'
    return head.encode("latin-1") + content + b"\r\n"


END = f"--{BOUNDARY}--\r\n".encode()


@cache
def bombs() -> dict[str, tuple[str, bytes]]:
    """Small files that say, or are, hours of sound."""
    found = {
        one.name: one.data for one in hostile_inputs() if one.code in ("audio_too_long", "audio_unsupported")
    }
    lying = bytearray(voices.wav("ada", 1))
    lying[40:44] = b"\xff\xff\xff\x7f"
    found["wav_of_2_gib"] = bytes(lying)
    found["zeros"] = bytes(4 << 20)
    return {name: ("audio/wav", data) for name, data in found.items()}


@cache
def forms() -> dict[str, tuple[str, bytes]]:
    """Multipart that is cut off, endless in parts or headers, nested, or without a boundary that fits."""
    wav = voices.wav("ada", 1)
    return {
        "cut_in_a_part": (FORM, part(wav)[:5_000]),
        "cut_in_a_header": (FORM, part(wav)[:40]),
        "only_a_boundary": (FORM, f"--{BOUNDARY}".encode()),
        "only_the_end": (FORM, END),
        "empty": (FORM, b""),
        "another_boundary": (FORM, part(wav).replace(BOUNDARY.encode(), b"other") + b"--other--\r\n"),
        "50000_parts": (FORM, part(b"x") * 50_000 + END),
        "50000_names": (FORM, b"".join(part(b"", name=f"n{n}") for n in range(40_000)) + END),
        "50000_headers": (FORM, part(wav, more="X-Y: z\r\n" * 50_000) + END),
        "header_of_4_mib": (FORM, part(wav, more="X-Y: " + "z" * (4 << 20) + "\r\n") + END),
        "name_of_1_mib": (FORM, part(wav, name="n" * (1 << 20)) + END),
        "nested": (
            FORM,
            part(b"--x\r\n" * 100_000, more="Content-Type: multipart/mixed; boundary=x\r\n") + END,
        ),
        "transfer_encoding": (FORM, part(wav, more="Content-Transfer-Encoding: base64\r\n") + END),
        "boundary_of_5000": (f"multipart/form-data; boundary={'b' * 5_000}", b"--" + b"b" * 5_000 + b"\r\n"),
        "almost_boundaries": (FORM, part(f"\r\n--{BOUNDARY[:-1]}".encode() * 200_000) + END),
        "path_as_a_name": (FORM, part(wav, name="../../../etc/passwd") + END),
        "no_boundary_and_text": ("multipart/form-data", b"hello" * 1_000),
        "urlencoded": ("application/x-www-form-urlencoded", b"a=b&" * 200_000),
        "urlencoded_names": (
            "application/x-www-form-urlencoded",
            "&".join(f"k{n}" for n in range(99_999)).encode(),
        ),
    }


@cache
def texts() -> dict[str, tuple[str, bytes]]:
    """JSON that is deep, long, of the wrong kind, or none."""
    deep = 50_000
    long = "x" * 900_000
    kinds = {
        "deep_lists": b"[" * deep + b"]" * deep,
        "deep_objects": b'{"locale":' * deep + b"1" + b"}" * deep,
        "never_closed": b'{"locale": "' + b"x" * 500_000,
        "long_text": json.dumps({"locale": long, "label": long, "name": long, "roles": [long]}).encode(),
        "long_number": b'{"locale": ' + b"9" * 500_000 + b"}",
        "long_exponent": b'{"locale": 1e999999999, "top": -1e999999999}',
        "not_a_number": b'{"locale": NaN, "label": Infinity}',
        "nothing": b"null",
        "list": b"[1]",
        "bare_text": b'"en-US"',
        "wrong_types": b'{"locale": {"a": 1}, "label": [], "roles": {}, "profiles": 5, "passphrase": []}',
        "control_characters": json.dumps(
            {"locale": "en\0US", "label": "\r\nX-Evil: 1", "name": "\x1b[2J"}
        ).encode(),
        "half_a_pair": b'{"locale": "\\ud800", "label": "\\ud800", "name": "\\udfff"}',
        "not_utf8": b'{"locale": "\xff\xfe", "label": "\xc3\x28"}',
        "utf16": '{"locale": "en-US"}'.encode("utf-16"),
        "many_keys": json.dumps({f"k{n}": n for n in range(60_000)}).encode(),
        "many_items": json.dumps({"roles": ["x"] * 100_000, "profiles": ["x"] * 100_000}).encode(),
        "twice": b'{"locale": "en-US", "locale": "xx"}',
    }
    return {name: ("application/json", data) for name, data in kinds.items()}


@cache
def packed() -> dict[str, tuple[str, bytes]]:
    return {
        "gzip": ("audio/wav", gzip.compress(bytes(256 << 20), 9)),
        "gzip_json": ("application/json", gzip.compress(b" " * (64 << 20))),
    }


def takers() -> list[Route]:
    return [route for route in routes() if route.takes_body]


def hears(route: Route) -> bool:
    """Whether a route listens to recordings."""
    words = ("enroll", "enrolments", "verify", "identify", "inspect", "identifySingleSpeaker")
    return any(route.path.endswith(word) for word in words)


@pytest.fixture(scope="module")
def known(_besieged: Fortress) -> Iterator[dict[str, str]]:
    """A profile of each kind, enrolled to be compared with; whatever was sent, they are so at the end."""
    made = {"verification": _besieged.guid}
    with asking.client(_besieged.server) as client:
        search = client.post(asking.IDENTIFICATION, params=asking.VERSION, json={"locale": "en-US"}).json()[
            "profileId"
        ]
        audio = voices.wav("ada", 1, 2)
        client.post(f"{asking.IDENTIFICATION}/{search}/enrollments", params=asking.SHORT, content=audio)
        path = asking.VERIFICATION.replace("independent", "dependent")
        made["dependent"] = client.post(path, params=asking.VERSION, json={"locale": "en-US"}).json()[
            "profileId"
        ]
        for number in (1, 2, 3):
            client.post(
                f"{path}/{made['dependent']}/enrollments",
                params=asking.VERSION,
                content=voices.wav("mary", number),
            )
        made["identification"] = search
    check_enrolled(_besieged, made)
    yield made
    check_enrolled(_besieged, made)


def check_enrolled(fortress: Fortress, known: dict[str, str]) -> None:
    bases = {"verification": asking.VERIFICATION, "identification": asking.IDENTIFICATION}
    bases["dependent"] = asking.VERIFICATION.replace("independent", "dependent")
    with asking.client(fortress.server) as client:
        for kind, guid in known.items():
            told = client.get(f"{bases[kind]}/{guid}", params=asking.VERSION).json()
            assert told["enrollmentStatus"] == "Enrolled", (kind, told)


def guid_for(route: Route, known: dict[str, str]) -> str:
    if "/spid/" in route.path:
        return known[
            "identification"
            if "dentif" in route.path.split("/", 3)[3] and "verif" not in route.path
            else "dependent"
        ]
    if "dependent" in route.path and "independent" not in route.path:
        return known["dependent"]
    return known["identification" if "identification" in route.path else "verification"]


@pytest.mark.parametrize("name", [*bombs(), *forms(), *texts(), *packed()])
def test_a_body_that_nobody_means(name: str, fortress: Fortress, known: dict[str, str]) -> None:
    kind, body = (bombs() | forms() | texts() | packed())[name]
    headers = {"Content-Type": kind} | ({"Content-Encoding": "gzip"} if name in packed() else {})
    with asking.client(fortress.server) as client:
        for route in takers():
            url = route.url(guid_for(route, known) if hears(route) else None)
            for content, given in ((body, headers), (part(body) + END, headers | {"Content-Type": FORM})):
                answer = client.request(route.method, url, content=content, headers=given)
                assert answer.status_code < 500, (route, answer.status_code, answer.text)
                if hears(route) and name not in HARMLESS:
                    assert 400 <= answer.status_code < 500, (route, answer.status_code, answer.text)
                assert "X-Evil" not in answer.headers
                if kind.startswith("multipart"):
                    break
