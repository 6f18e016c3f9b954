"""What the server writes at its most talkative: no key, name, voice, or result tied to a person."""

import json
import re
from pathlib import Path

import httpx
import pytest
import voices
from api import asking
from server import Server, running_server
from websockets.sync.client import connect

NAME = "Grace-Brewster-Hopper"
STRAY = "a-stray-key-0123456789"


def everything(server: Server) -> set[str]:
    """Ask for all sorts of things; return what none of its lines may have."""
    secrets = {server.key, STRAY, NAME}
    with asking.client(server) as client:
        guid = asking.enrolled(client)
        decided = asking.verify(client, guid).json()
        search = client.post(asking.IDENTIFICATION, params=asking.VERSION, json={"locale": "en-US"}).json()
        other = search["profileId"]
        whole = voices.wav("ben", 1, 2, 3, 4, 5)
        client.post(f"{asking.IDENTIFICATION}/{other}/enrollments", params=asking.SHORT, content=whole)
        found = client.post(
            f"{asking.IDENTIFICATION}:identifySingleSpeaker",
            params=asking.SHORT | {"profileIds": other},
            content=voices.wav("ben", 4, 5),
        ).json()
        named = client.post("/v1/profiles", json={"label": NAME})
        client.get(f"/v1/profiles/{NAME}")
        client.post("/v1/verify", data={"profile": NAME}, files={"audio": whole})
        for method in ("GET", "DELETE", "PUT"):
            client.request(method, f"/nothing/{guid}/{NAME}", params={"Ocp-Apim-Subscription-Key": STRAY})
        client.get(asking.VERIFICATION, params=asking.VERSION | {"Ocp-Apim-Subscription-Key": STRAY})
        client.get(asking.VERIFICATION, params={"Apim-Subscription-Id": server.key}, headers={"x": NAME})
        asking.verify(client, guid, b"RIFF" + NAME.encode() * 100)
        secrets |= listened_to(client)
        client.get("/live")
        secrets |= {guid, other}
        secrets |= {repr(decided["score"]), repr(found["identifiedProfile"]["score"])}
        secrets |= {named.json().get("id", guid)}
    with connect(f"{server.ws_url}/{NAME}?Ocp-Apim-Subscription-Key={server.key}") as connection:
        request = "0123456789ABCDEF0123456789ABCDEF"
        head = f"Path: speaker.profile.fetch\r\nX-RequestId: {request}\r\n\r\n"
        body = {"scenario": "TextIndependentVerification", "profileIds": [guid]}
        connection.send(head + json.dumps(body))
        connection.recv(asking.PATIENCE)
        connection.send(f"{NAME} is no message")
        with pytest.raises(Exception, match="1007"):
            connection.recv(asking.PATIENCE)
    with pytest.raises(Exception, match="401"):
        connect(f"{server.ws_url}/{NAME}?Ocp-Apim-Subscription-Key={STRAY}")
    for garbage in (STRAY.encode() * 10, f"GET /{NAME} HTTP/9\r\n\r\n".encode()):
        raw = asking.wire(server)
        raw.send(garbage + b"\r\n\r\n")
        raw.rest()
        raw.socket.close()
    return secrets | {secret.replace("-", "") for secret in secrets}


def listened_to(client: httpx.Client) -> set[str]:
    """Have jobs done by both APIs that have them; returns links, voiceprints, and parts of them."""
    secrets = set()
    for use, sound in (("voice", voices.wav("ben", 4, 5)), (NAME, voices.wav("ben", 1))):
        link = client.post("/v1/media/input", json={"url": f"media://{use}"}).json()["url"]
        httpx.put(link, content=sound).raise_for_status()
        httpx.get(link)
        secrets |= {link.partition("link=")[2], *link.partition("link=")[2].split(".")}
    made = client.post("/v1/voiceprint", json={"url": "media://voice"}).json()["jobId"]
    voiceprint = client.get(f"/v1/jobs/{made}").json()["output"]["voiceprint"]
    for text in (voiceprint, voiceprint[:-8] + "AAAAAAA="):
        asked = {"url": f"media://{NAME}", "voiceprints": [{"label": NAME, "voiceprint": text}]}
        made = client.post("/v1/identify", json=asked).json().get("jobId", made)
    job = client.get(f"/v1/jobs/{made}").json()
    assert job["output"]["voiceprints"][0]["match"] == NAME
    for source in (f"media://{NAME}", f"https://{NAME}.invalid/{NAME}.wav"):
        asked = {"source": source, "who": [NAME], "webhook": f"https://{NAME}.invalid/{NAME}"}
        made = client.post("/v1/diarizations", json=asked).json()["id"]
        client.get(f"/v1/diarizations/{made}", params={"wait": 20})
    client.get("/v2/jobs", params={"cursor": NAME})
    client.put("/pyannoteai/media", params={"link": NAME}, content=b"")
    return secrets | {voiceprint, voiceprint[20:60]}


@pytest.mark.parametrize("form", ["json", "text"])
def test_nothing_about_anybody_is_written(form: str, tmp_path: Path) -> None:
    env = {"EARMARK_LOG_LEVEL": "debug", "EARMARK_LOG_FORMAT": form, "PYTHONASYNCIODEBUG": "1"}
    with running_server(tmp_path, env=env) as server:
        secrets = everything(server)
        assert server.stop() == 0
    lines = [line for line in server.lines if not line.startswith("Listening on ")]
    text = "".join(lines).lower()
    assert text.count("request") >= 15, "nothing was logged at all"
    for secret in secrets:
        assert secret.lower() not in text, [line for line in lines if secret.lower() in line.lower()]
    assert "traceback" not in text
    assert re.search(r"\b(ada|ben)\b", text) is None
    if form == "json":
        events = [json.loads(line) for line in lines]
        asked = [event for event in events if event["event"] == "request"]
        assert {"id", "method", "route", "status", "ms", "time", "level"} <= set(asked[0])
        assert {event["status"] for event in asked} >= {200, 201, 101, 400, 401, 404}
        routes = {event["route"] for event in asked}
        assert routes >= {f"{asking.VERIFICATION}/{{profile_id}}:verify", "/v1/profiles", "/live", "-"}
