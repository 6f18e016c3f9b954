"""A client that a generator writes from the OpenAPI document works against the service."""

import json
import subprocess
from pathlib import Path

import httpx
import npm
import pytest
import voices
from server import Server

HERE = Path(__file__).parent / "generated"


@pytest.fixture(scope="module")
def generator() -> Path:
    try:
        return npm.installed(HERE)
    except npm.NpmUnavailable as error:
        pytest.skip(str(error))


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_generated_client_lives_with_the_service(server: Server, generator: Path, tmp_path: Path) -> None:
    document = tmp_path / "openapi.json"
    document.write_bytes(httpx.get(f"{server.url}/openapi.json").content)
    program = generator / "node_modules" / "swagger-typescript-api" / "dist" / "cli.mjs"
    written = ("--path", str(document), "--output", str(tmp_path), "--name", "client", "--js")
    run(npm.node(), str(program), "generate", *written)
    (tmp_path / "client.js").rename(tmp_path / "client.mjs")

    clips = []
    for name, sound in {
        "first": voices.wav("ada", 1, 2),
        "second": voices.wav("ada", 4),
        "stranger": voices.wav("stranger", 4),
    }.items():
        clips.append(tmp_path / f"{name}.wav")
        clips[-1].write_bytes(sound)
    arguments = (str(tmp_path / "client.mjs"), server.url, server.key, *map(str, clips))
    found = json.loads(run(npm.node(), str(HERE / "use.mjs"), *arguments))

    made = found.pop("made")
    assert made["state"] == "enrolling"
    assert found == {
        "state": "enrolled",
        "genuine": True,
        "impostor": False,
        "best": made["id"],
        "listed": [made["id"]],
        "label": None,
        "deleted": 204,
        "refused": [404, "profile_not_found"],
        "locked": [401, "key_invalid"],
    }
