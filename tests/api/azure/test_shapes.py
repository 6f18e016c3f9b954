"""The shapes in which Azure's clients send bodies, addresses and options (contract, section 0.3)."""

import time
from uuid import UUID, uuid4

import httpx
import pytest
import voices
from contract import lives, surface
from contract.fields import VERSION
from contract.plain import KEY, Rest, refused
from contract.surface import Protocol
from server import Server

BOTH = pytest.mark.parametrize("protocol", ["v2.0", VERSION])
FAMILIES = pytest.mark.parametrize("family", surface.FAMILIES)
SOUND = voices.wav("ada", 1)
ENROLL = "POST /profiles/{id}/enrollments"


def part(boundary: str, sound: bytes, *, last: bool = True) -> bytes:
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="Data"; filename="a.wav"\r\n\r\n'
    return head.encode() + sound + (f"\r\n--{boundary}--\r\n".encode() if last else b"")


@pytest.mark.parametrize(
    "kind",
    [
        *("audio/wav", "audio/wave", "audio/wav; codecs=audio/pcm", "application/octet-stream"),
        *("application/json", "multipart/form-data", "text/html", ""),
        *("multipart/form-data; boundary=", "x", "multipart/form-data; boundary"),
    ],
)
@pytest.mark.parametrize("header", [True, False], ids=["WAV", "PCM"])
@BOTH
def test_audio_under_any_type(protocol: Protocol, header: bool, kind: str, server: Server) -> None:
    rest = Rest(server, protocol, "verification")
    sound = SOUND if header else voices.pcm("ada", 1)
    answer = rest.ask(
        ENROLL, sound, path=f"/profiles/{rest.create()}/enrollments", headers={"Content-Type": kind}
    )
    assert answer.status_code == 201, answer.text
    assert answer.json()["audioLength"] == pytest.approx(len(voices.pcm("ada", 1)) / 32_000, abs=0.02)


@BOTH
def test_a_wav_where_parts_should_be(protocol: Protocol, server: Server) -> None:
    rest = Rest(server, protocol, "verification")
    headers = {"Content-Type": "multipart/form-data; boundary=abc"}
    answer = rest.ask(ENROLL, SOUND, path=f"/profiles/{rest.create()}/enrollments", headers=headers)
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("boundary", ["b", "Upload----2018-03-20 14:54:09Z", "----WebKitFormBoundary7MA4YW"])
@pytest.mark.parametrize("last", [True, False], ids=["closed", "left open"])
@BOTH
def test_audio_in_a_part(protocol: Protocol, last: bool, boundary: str, server: Server) -> None:
    rest = Rest(server, protocol, "verification")
    kind = f'multipart/form-data; boundary="{boundary}"'
    path = f"/profiles/{rest.create()}/enrollments"
    answer = rest.ask(ENROLL, part(boundary, SOUND, last=last), path=path, headers={"Content-Type": kind})
    assert answer.status_code == 201, answer.text


@BOTH
def test_parts_that_cannot_be_told_apart(protocol: Protocol, server: Server) -> None:
    rest = Rest(server, protocol, "verification")
    path = f"/profiles/{rest.create()}/enrollments"
    for body in (part("other", SOUND), b"--b--\r\n", part("b", b""), b"--b\r\n" * 10_000):
        headers = {"Content-Type": "multipart/form-data; boundary=b"}
        refused(rest.ask(ENROLL, body, path=path, headers=headers), 400, "InvalidRequest")


@BOTH
@FAMILIES
def test_a_stale_type_without_a_body_changes_nothing(protocol: Protocol, family: str, server: Server) -> None:
    rest = Rest(server, protocol, family)
    profile = rest.create()
    one, stale = f"/profiles/{profile}", {"Content-Type": "multipart/form-data"}
    assert rest.ask("GET /profiles", headers=stale).status_code == 200
    assert (
        rest.ask("GET /profiles/{id}", path=one, headers=stale | {"Content-Length": "0"}).status_code == 200
    )
    reset = f"POST /profiles/{{id}}{rest.verb}reset"
    assert rest.ask(reset, path=f"{one}{rest.verb}reset", headers=stale).is_success
    assert rest.ask("DELETE /profiles/{id}", path=one, headers=stale).status_code == 204
    refused(rest.get(profile), 404, "Not Found")


@BOTH
@FAMILIES
def test_slashes_too_many(protocol: Protocol, family: str, server: Server) -> None:
    """`fromEndpoint` makes two at the start, the native core one at the end; neither is redirected."""
    rest = Rest(server, protocol, family)
    rest.base = "/" + rest.base
    profile = rest.create()
    made = rest.ask("POST /profiles", json={"locale": "en-us"}, path="/profiles/")
    assert made.status_code == 201
    listed = rest.ask("GET /profiles", path="/profiles/")
    assert listed.status_code == 200
    assert rest.ask("GET /profiles/{id}", path=f"//profiles//{profile}/").json()["profileId"] == profile


@BOTH
@FAMILIES
def test_ids_in_any_shape(protocol: Protocol, family: str, server: Server) -> None:
    rest = Rest(server, protocol, family)
    profile = rest.create()
    assert profile == str(UUID(profile))
    for text in (profile.upper(), UUID(profile).hex):
        assert rest.get(text).json()["profileId"] == profile
    for text in ("x", "-", profile[:-1], f"{profile}0", "%00", "..", "0" * 32):
        assert rest.get(text).status_code == 404


@BOTH
def test_kinds_do_not_see_each_other(protocol: Protocol, server: Server) -> None:
    rests = [Rest(server, protocol, family) for family in surface.FAMILIES]
    for rest in rests:
        profile = rest.create()
        for other in rests:
            if other is not rest:
                for answer in (other.get(profile), other.delete(profile), other.reset(profile)):
                    refused(answer, 404, "Not Found")
                refused(other.enroll(profile, SOUND), 404, "Not Found")
        assert rest.get(profile).status_code == 200


def test_generations_share_their_profiles(server: Server) -> None:
    """An id stays good when a customer moves from one version to the next; v1.0 verified by passphrase."""
    first = {"identification": "identificationProfile", "text-dependent": "verificationProfile"}
    for family, name in first.items():
        url = f"{server.url}/spid/v1.0/{name}s"
        made = httpx.post(url, headers={KEY: server.key}, json={"locale": "en-us"}).json()[f"{name}Id"]
        for protocol in ("v2.0", VERSION):
            assert Rest(server, protocol, family).get(made).status_code == 200
    profile = Rest(server, "v2.0", "verification").create()
    assert Rest(server, VERSION, "verification").get(profile).status_code == 200


@BOTH
@FAMILIES
def test_sizes_and_tokens_of_pages_that_cannot_be(protocol: Protocol, family: str, server: Server) -> None:
    rest = Rest(server, protocol, family)
    size, token = ("maxpagesize", "token") if rest.in_sec else ("$top", "$continuationToken")
    for query in (
        {size: "0"},
        {size: "501"},
        {size: "x"},
        {size: ""},
        {size: "-1"},
        {token: "x"},
        {token: "%00"},
    ):
        refused(rest.ask("GET /profiles", query=query), 400, "InvalidArgument")
    for text in ("1", "500"):
        assert rest.ask("GET /profiles", query={size: text}).status_code == 200


@BOTH
@FAMILIES
def test_a_page_has_a_hundred_and_the_next_the_rest(protocol: Protocol, family: str, server: Server) -> None:
    rest = Rest(server, protocol, family)
    items, link = ("value", "nextLink") if rest.in_sec else ("profiles", "@nextLink")
    made = [rest.create() for _ in range(101)]
    first = rest.ask("GET /profiles").json()
    assert len(first[items]) == 100
    listed, page = [row["profileId"] for row in first[items]], first
    for gone in made[:1]:  # what goes between two pages shifts none of the others
        rest.delete(gone)
    while page.get(link):
        page = rest.follow(page[link]).json()
        listed += [row["profileId"] for row in page[items]]
    assert listed == sorted(set(listed))
    assert set(made[1:]) <= set(listed)
    whole = rest.ask("GET /profiles", query={"maxpagesize" if rest.in_sec else "$top": "500"}).json()
    assert {row["profileId"] for row in whole[items]} >= set(made[1:])
    assert not whole.get(link)
    for profile in made[1:]:
        rest.delete(profile)


def test_a_link_leads_where_the_client_asked(server: Server) -> None:
    """Behind a proxy the server does not know its name; a host that cannot be one is not repeated."""
    rest = Rest(server, VERSION, "verification")
    for host, shown in (("voices.example:8443", "voices.example:8443"), ("a b<c>", server.url[7:])):
        answer = rest.ask("POST /profiles", json={"locale": "en-us"}, headers={"Host": host})
        assert answer.headers["location"].startswith(f"http://{shown}/"), host


@BOTH
def test_keys_and_ids_of_queries_are_not_logged(protocol: Protocol, server: Server) -> None:
    rest = Rest(server, protocol, "identification")
    profile = rest.create()
    rest.enroll(profile, SOUND, ignoreMinLength="true")
    answer = rest.identify(
        profile, voices.wav("ada", 2), **{KEY: server.key, "Apim-Subscription-Id": server.key}
    )
    assert answer.status_code == 200
    identity = str(uuid4())
    rest.ask("GET /profiles", headers={"apim-request-id": identity})
    for _ in range(600):  # its line comes after those of the requests before
        if identity in (text := "".join(list(server.lines))):
            break
        time.sleep(0.05)
    assert identity in text
    assert server.key not in text
    assert profile not in text


@BOTH
def test_nobody_and_a_ranking_of_five(protocol: Protocol, server: Server) -> None:
    rest = Rest(server, protocol, "identification")
    ids = [rest.create() for _ in range(6)]
    for profile, speaker in zip(ids, ("ben", "clara", "dima", "eva", "gwen", "hana"), strict=True):
        rest.enroll(profile, voices.wav(speaker, 1), ignoreMinLength="true")
    said = rest.identify(",".join(ids), voices.wav("stranger", 4)).json()
    assert said["identifiedProfile"]["profileId"] == lives.NOBODY
    assert 0 <= said["identifiedProfile"]["score"] < 0.5
    scores = [row["score"] for row in said["profilesRanking"]]
    assert len(scores) == 5
    assert scores == sorted(scores, reverse=True)
    assert said["identifiedProfile"]["score"] == scores[0]
    twice = rest.identify(",".join(ids[:2] * 3), voices.wav("ben", 2)).json()
    assert len(twice["profilesRanking"]) == 2
    assert twice["identifiedProfile"]["profileId"] == ids[0]
