"""Recognition writes nothing: it works in a process that the system forbids to write to any file."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from earmark.service.actor import Actor
from earmark.service.enrol import enrol
from earmark.storage.store import Store
from earmark.voice.engine import Engine

SCRIPT = """
import json, resource, sys
from pathlib import Path
from earmark.errors import AudioError
from earmark.service.actor import local_actor
from earmark.service.recognise import identify, verify
from earmark.storage.store import open_store
from earmark.voice.audio import load_clip
from earmark.voice.engine import Engine

home, models, clip, bad, canary = map(Path, sys.argv[1:])
opened = []
def watch(event, arguments):
    if event == "open" and isinstance(arguments[2], int) and arguments[2] & 0o3:  # for writing
        opened.append(str(arguments[0]))
with open_store(home, environ={}) as store:
    engine, actor = Engine(model="spectrum", home=models), local_actor()
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # a write to any file fails from here on
    sys.addaudithook(watch)
    try:
        canary.write_text("x")
        sys.exit("the limit does not hold")
    except OSError:
        pass
    opened.clear()
    results = []
    for audio in (clip, clip.read_bytes(), clip.open("rb"), load_clip(clip)):
        results.append(verify(actor, store, engine, "ada", audio).accepted)
    results.append(identify(actor, store, engine, clip).identification.best is not None)
    for audio in (bad, bad.read_bytes(), b"no audio"):
        try:
            verify(actor, store, engine, "ada", audio)
        except AudioError:
            results.append("refused")
    print(json.dumps({"results": results, "opened": opened}))
"""


def tree(*folders: Path) -> dict[str, str]:
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in folders
        for path in sorted(folder.rglob("*"))
        # The -wal is empty and the -shm an index in memory; both come and go with the process.
        if path.is_file() and path.suffix not in (".db-shm", ".db-wal")
    }


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of files")
def test_recognition_in_a_process_that_cannot_write(
    actor: Actor,
    store: Store,
    engine: Engine,
    home: Path,
    models: Path,
    clips: dict[str, list[Path]],
    tmp_path: Path,
) -> None:
    from earmark.voice.samples import bad_clips

    enrol(actor, store, engine, "ada", clips["ada"][:2])
    store.close()
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    before = tree(home, models, temporary)
    done = subprocess.run(
        [
            sys.executable, "-c", SCRIPT, str(home), str(models), str(clips["ada"][3]),
            str(bad_clips()["silent"]), str(tmp_path / "canary"),
        ],
        # Without what this process has set already: ONNX Runtime would keep a telemetry queue in HOME.
        env={name: value for name, value in os.environ.items() if not name.startswith("ORT_")}
        | {"TMPDIR": str(temporary), "HOME": str(temporary), "EARMARK_HOME": str(home)},
        capture_output=True,
        text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told == {"results": [True] * 5 + ["refused"] * 3, "opened": []}
    assert tree(home, models, temporary) == before
