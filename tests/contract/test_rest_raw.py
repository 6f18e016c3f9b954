"""REST v2.0 and 2021-09-05 over plain HTTP: every field of every answer, every option, every header."""

from collections.abc import Sequence
from urllib.parse import urlsplit

import pytest
import voices
from contract import lives, surface
from contract.fields import VERSION, between, enrollment_checks, group, profile_checks
from contract.plain import KEY, Rest, refused
from contract.proofs import did, shows
from contract.surface import Protocol
from server import Server

BOTH: tuple[Protocol, ...] = ("v2.0", VERSION)
LISTS: dict[Protocol, tuple[str, str, str]] = {
    "v2.0": ("$top", "profiles", "@nextLink"),
    VERSION: ("maxpagesize", "value", "nextLink"),
}


def both(*rows: str, families: Sequence[str] = ("",)) -> pytest.MarkDecorator:
    """Parameters protocol and family; `rows` are what each proves, less the protocol."""
    return pytest.mark.parametrize(
        ("protocol", "family"),
        [
            pytest.param(
                protocol,
                family,
                id=f"{protocol} {family}".strip(),
                marks=pytest.mark.proves(
                    *(f"{protocol} {row.format(family=family)}" for row in rows), client="HTTP"
                ),
            )
            for protocol in BOTH
            for family in families
        ],
    )


@both(
    "profile (text-independent) *",
    "enrollment (text-independent) *",
    "body WAV",
    "query ignoreMinLength (enrollments)",
    families=("identification", "verification"),
)
def test_a_text_independent_profile(protocol: Protocol, family: str, server: Server) -> None:
    rest = Rest(server, protocol, family)
    profile = rest.create()
    first, second = voices.seconds("gwen", 1, 2), voices.seconds("gwen", 3)
    enrollment, one = group(protocol, family, "enrollment"), group(protocol, family, "profile")
    shows(
        one,
        rest.get(profile).json(),
        profile_checks(protocol, family, profile, enrolled=False, changed=False),
    )

    answer = rest.enroll(profile, voices.wav("gwen", 1, 2))
    assert answer.status_code == 201
    shows(enrollment, answer.json(), enrollment_checks(protocol, family, profile, first, enrolled=False))
    did(f"{protocol} body WAV")
    again = rest.get(profile).json()
    shows(one, again, profile_checks(protocol, family, profile, first, enrolled=False, changed=True))

    # 20 s are not reached by a second one either, but the caller does not ask for them.
    said = rest.enroll(profile, voices.wav("gwen", 3), ignoreMinLength="True").json()
    shows(enrollment, said, enrollment_checks(protocol, family, profile, first, second, enrolled=True))
    did(f"{protocol} query ignoreMinLength (enrollments)")
    again = rest.get(profile).json()
    shows(one, again, profile_checks(protocol, family, profile, first, second, enrolled=True, changed=True))
    rest.reset(profile)
    again = rest.get(profile).json()
    shows(one, again, profile_checks(protocol, family, profile, enrolled=False, changed=True))


@both("profile (text-dependent) *", "enrollment (text-dependent) *", families=("text-dependent",))
def test_a_text_dependent_profile(protocol: Protocol, family: str, server: Server) -> None:
    rest = Rest(server, protocol, family)
    profile = rest.create()
    seconds = [voices.seconds(lives.SPEAKER, number) for number in (1, 2, 3)]
    one = group(protocol, family, "profile")
    for count in range(4):
        checks = profile_checks(
            protocol, family, profile, *seconds[:count], enrolled=count == 3, changed=count > 0
        )
        shows(one, rest.get(profile).json(), checks)
        if count < 3:
            # Whoever asks to ignore the least length has to give three recordings all the same.
            said = rest.enroll(profile, voices.wav(lives.SPEAKER, count + 1), ignoreMinLength="true").json()
            checks = enrollment_checks(protocol, family, profile, *seconds[: count + 1], enrolled=count == 2)
            shows(group(protocol, family, "enrollment"), said, checks)
    rest.reset(profile)
    again = rest.get(profile).json()
    shows(one, again, profile_checks(protocol, family, profile, enrolled=False, changed=True))


@both("verify *", "query ignoreMinLength (verify)", families=("verification",))
def test_verify(protocol: Protocol, family: str, server: Server) -> None:
    rest = Rest(server, protocol, family)
    profile = rest.create()
    rest.enroll(profile, voices.wav(*lives.ENROLS, *lives.FURTHER[1:]))
    for clip, result, score in (
        (lives.GENUINE, "Accept", between(0.5, 1)),
        (lives.IMPOSTOR, "Reject", between(0, 0.4999)),
    ):
        answer = rest.verify(profile, voices.wav(*clip))
        assert answer.status_code == 200
        shows(f"{protocol} verify", answer.json(), {"recognitionResult": result, "score": score})
    short = voices.wav(*lives.GENUINE, seconds=2.5)
    message = refused(rest.verify(profile, short, ignoreMinLength="false"), 400, "InvalidRequest")
    assert message == "Invalid audio length. Minimum allowed length is 4 second(s)."
    assert rest.verify(profile, short, ignoreMinLength="TRUE").json()["recognitionResult"] == "Accept"
    did(f"{protocol} query ignoreMinLength (verify)")


@both(
    "identify *",
    "query profileIds",
    "query ignoreMinLength (identifySingleSpeaker)",
    families=("identification",),
)
def test_identify(protocol: Protocol, family: str, server: Server) -> None:
    rest = Rest(server, protocol, family)
    ids = {speaker: rest.create() for speaker in ("ada", "ben", "clara", "eva", "gwen", "hana")}
    for speaker, profile in ids.items():
        rest.enroll(profile, voices.wav(speaker, 1, 2), ignoreMinLength="true")
    among = ",".join(ids.values()) + ","  # the native core ends the list with a comma
    score = between(0, 1)
    for clip, found in ((lives.GENUINE, ids["gwen"]), (("eva", 4), ids["eva"])):
        answer = rest.identify(among, voices.wav(*clip))
        assert answer.status_code == 200
        checks = {
            "identifiedProfile.profileId": found,
            "identifiedProfile.score": between(0.5, 1),
            "profilesRanking[].profileId": set(ids.values()).__contains__,
            "profilesRanking[].score": score,
        }
        shows(f"{protocol} identify", answer.json(), checks)
        ranking = answer.json()["profilesRanking"]
        assert ranking[0] == answer.json()["identifiedProfile"]
        assert len(ranking) == 5
        assert ranking == sorted(ranking, key=lambda row: -row["score"])
    said = rest.identify(ids["eva"], voices.wav(*lives.GENUINE)).json()
    assert said["identifiedProfile"]["profileId"] == lives.NOBODY
    assert [row["profileId"] for row in said["profilesRanking"]] == [ids["eva"]]
    did(f"{protocol} query profileIds")
    short = voices.wav(*lives.GENUINE, seconds=2.5)
    assert refused(rest.identify(among, short), 400, "InvalidRequest").startswith("Invalid audio length.")
    said = rest.identify(among, short, ignoreMinLength="True").json()
    assert said["identifiedProfile"]["profileId"] == ids["gwen"]
    did(f"{protocol} query ignoreMinLength (identifySingleSpeaker)")


@pytest.mark.proves(
    *("v2.0 page *", "v2.0 query $top", "v2.0 query $continuationToken"),
    *("2021-09-05 page *", "2021-09-05 query maxpagesize"),
    client="HTTP",
)
def test_pages(server: Server) -> None:
    made = {Rest(server, VERSION, "text-dependent").create() for _ in range(5)}
    for protocol, (size, items, link) in LISTS.items():
        rest = Rest(server, protocol, "text-dependent")
        answer = rest.ask("GET /profiles", query={size: "2"})
        assert answer.status_code == 200
        listed = []
        while True:
            rows = [row["profileId"] for row in answer.json()[items]]
            listed += rows
            if not answer.json().get(link):
                break
            checks = {items: lambda page: len(page) == 2, link: lambda url: url.startswith("http")}
            shows(f"{protocol} page", answer.json(), checks)
            answer = rest.follow(answer.json()[link])
            assert answer.status_code == 200
        assert listed == sorted(set(listed))
        assert made <= set(listed)
        did(f"{protocol} query {size}")
    did("v2.0 query $continuationToken")  # what its links are made of


@pytest.mark.proves(
    *(f"v2.0 query {name} (refused)" for name in ("$skip", "$filter", "$orderBy", "$delta")), client="HTTP"
)
def test_options_that_are_refused(server: Server) -> None:
    rest = Rest(server, "v2.0", "verification")
    for name in ("$skip", "$filter", "$orderBy", "$delta"):
        refused(rest.ask("GET /profiles", query={name: "1"}), 400, "InvalidArgument")
        did(f"v2.0 query {name} (refused)")


@pytest.mark.proves(
    *("v2.0 phrases *", "v2.0 text-dependent: GET /phrases/{locale}"),
    "2021-09-05 phrases (text-dependent) *",
    "2021-09-05 phrases (text-independent) *",
    *(f"2021-09-05 {family}: GET /phrases/{{locale}}" for family in surface.FAMILIES),
    client="HTTP",
)
def test_phrases(server: Server) -> None:
    v2 = Rest(server, "v2.0", "text-dependent").ask("GET /phrases/{locale}", path="/phrases/en-US")
    shows("v2.0 phrases", v2.json(), {"[]": lambda text: isinstance(text, str)})
    for family in surface.FAMILIES:
        rest = Rest(server, VERSION, family)
        answer = rest.ask("GET /phrases/{locale}", path="/phrases/en-us")
        name = "passPhrase" if rest.dependent else "activationPhrase"
        shows(
            group(VERSION, family, "phrases"),
            answer.json(),
            {f"value[].{name}": lambda text: isinstance(text, str)},
        )
        if rest.dependent:
            assert [row["passPhrase"] for row in answer.json()["value"]] == v2.json()


@both(f"header {KEY}", "header Authorization: Bearer", families=("verification",))
def test_keys(protocol: Protocol, family: str, server: Server) -> None:
    rest = Rest(server, protocol, family)
    assert rest.ask("GET /profiles", headers={KEY: server.key}).status_code == 200
    wrong = Rest(server, protocol, family, key="not-the-key")
    refused(wrong.ask("GET /profiles"), 401, "Unauthorized")
    bearer = {KEY: "", "Authorization": f"Bearer {server.key}"}
    assert wrong.ask("GET /profiles", headers=bearer).status_code == 200
    did(f"{protocol} header Authorization: Bearer")
    refused(wrong.ask("GET /profiles", headers={KEY: "", "Authorization": "Bearer x"}), 401, "Unauthorized")


@pytest.mark.proves(
    *("v2.0 header Location (answer of create)", "v2.0 body locale"),
    *("2021-09-05 header location (answer of create)", "2021-09-05 header location (answer of reset)"),
    "2021-09-05 body locale",
    client="HTTP",
)
@pytest.mark.parametrize("family", surface.FAMILIES)
def test_where_a_profile_is(family: str, server: Server) -> None:
    rows: dict[Protocol, str] = {"v2.0": "Location", VERSION: "location"}
    for protocol, row in rows.items():
        rest = Rest(server, protocol, family)
        answer = rest.ask("POST /profiles", json={"locale": "EN-us"})
        assert answer.status_code == 201
        assert answer.json()["locale"] == "en-US"
        did(f"{protocol} body locale")
        one = urlsplit(answer.headers["location"])
        assert one.path == f"{rest.base}/profiles/{answer.json()['profileId']}"
        assert f"{one.scheme}://{one.netloc}" == server.url
        did(f"{protocol} header {row} (answer of create)")
        profile = answer.json()["profileId"]
        again = rest.reset(profile)
        if rest.in_sec:
            assert (again.status_code, again.headers["location"]) == (200, answer.headers["location"])
            assert again.json() == rest.get(profile).json()
            did(f"{protocol} header location (answer of reset)")
        else:
            assert (again.status_code, again.content) == (204, b"")
        gone = rest.delete(profile)
        assert (gone.status_code, gone.content) == (204, b"")


@pytest.mark.proves("2021-09-05 query api-version", client="HTTP")
@pytest.mark.parametrize("family", surface.FAMILIES)
def test_the_version_has_to_be_said(family: str, server: Server) -> None:
    rest = Rest(server, VERSION, family)
    for operation in surface.OPERATIONS["2021-09-05"][family]:
        path = operation.partition(" ")[2].format(id=lives.UNKNOWN, locale="en-us")
        for version in ("2020-01-01", ""):
            answer = rest.ask(operation, path=path, query={"api-version": version})
            refused(answer, 400, "InvalidArgument")
    assert rest.ask("GET /profiles").status_code == 200
    did("2021-09-05 query api-version")


@pytest.mark.proves("2021-09-05 body PCM without header", "2021-09-05 body WAV", client="HTTP")
def test_samples_without_a_header(server: Server) -> None:
    rest = Rest(server, VERSION, "verification")
    profile = rest.create()
    path = f"/profiles/{profile}/enrollments"
    lengths = []
    for sound, row in ((voices.wav("eva", 1), "WAV"), (voices.pcm("eva", 1), "PCM without header")):
        answer = rest.ask(
            "POST /profiles/{id}/enrollments",
            iter([sound]),  # chunked
            path=path,
            headers={"Content-Type": "audio/wav; codecs=audio/pcm"},
        )
        assert answer.status_code == 201
        lengths.append((answer.json()["audioLength"], answer.json()["audioSpeechLength"]))
        did(f"{VERSION} body {row}")
    assert lengths[0] == lengths[1]


@both("error *", families=tuple(surface.FAMILIES))
def test_errors(protocol: Protocol, family: str, server: Server) -> None:
    rest = Rest(server, protocol, family)
    for answer, status, code in (
        (rest.get(lives.UNKNOWN), 404, "Not Found"),
        (rest.delete(lives.UNKNOWN), 404, "Not Found"),
        (rest.ask("GET /profiles", path="/nothing"), 404, "NotFound"),
        (rest.ask("GET /profiles", query={LISTS[protocol][0]: "501"}), 400, "InvalidArgument"),
        (rest.ask("POST /profiles", json={}), 400, "InvalidRequest"),
        (rest.ask("POST /profiles", json={"locale": "tlh"}), 400, "InvalidArgument"),
    ):
        refused(answer, status, code)
        shows(f"{protocol} error", answer.json(), {"error.code": code, "error.message": bool})


@pytest.mark.proves("2021-09-05 header x-ms-error-code (answer)", client="HTTP")
def test_the_code_is_in_a_header_too(server: Server) -> None:
    refused(Rest(server, VERSION, "verification").get(lives.UNKNOWN), 404, "Not Found")
    did("2021-09-05 header x-ms-error-code (answer)")
