"""Where a setting comes from, and what is said about one that is wrong."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from server import running_server

from earmark.api.settings import PREFIX, Settings, load_settings
from earmark.errors import FileMissing, InvalidRequest


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(PREFIX):
            monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("name", "default", "in_file", "in_environment", "as_option"),
    [
        ("host", "127.0.0.1", ("'127.0.0.2'", "127.0.0.2"), ("127.0.0.3", "127.0.0.3"), "127.0.0.4"),
        ("ports", (8080,), ("[1, 2]", (1, 2)), ("3, 4", (3, 4)), (5,)),
        ("workers", 0, ("3", 3), ("4", 4), 5),
        ("fmr", 0.001, ("0.01", 0.01), ("0.02", 0.02), 0.03),
        ("model", None, ("'a'", "a"), ("b", "b"), "c"),
    ],
)
def test_option_before_environment_before_file_before_default(
    name: str,
    default: Any,
    in_file: tuple[str, Any],
    in_environment: tuple[str, Any],
    as_option: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def value(**options: Any) -> Any:
        return getattr(load_settings(tmp_path, **options), name)

    assert value() == default
    (tmp_path / "earmark.toml").write_text(f"{name} = {in_file[0]}\n", encoding="utf-8")
    assert value() == in_file[1]
    monkeypatch.setenv(PREFIX + name.upper(), in_environment[0])
    assert value() == in_environment[1]
    assert value(**{name: as_option}) == as_option
    assert value(**{name: None}) == in_environment[1], "an option that was not given says nothing"
    monkeypatch.setenv(PREFIX + name.upper(), "")
    assert value() == in_file[1], "an empty variable is none"


def test_a_named_file_counts_in_place_of_the_one_at_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "earmark.toml").write_text("queue = 1\n", encoding="utf-8")
    other = tmp_path / "other.toml"
    monkeypatch.setenv("EARMARK_SETTINGS", str(other))
    with pytest.raises(FileMissing, match="EARMARK_SETTINGS"):
        load_settings(tmp_path)
    other.write_text("queue = 2\n", encoding="utf-8")
    assert load_settings(tmp_path).queue == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("prots = [1]", "no setting prots"),
        ("ports = [70000]", "setting ports is wrong"),
        ("ports = 'http'", "setting ports is wrong"),
        ("ports = []", "no port to listen on"),
        ("fmr = 0", "setting fmr is wrong"),
        ("fmr = 'low'", "setting fmr is wrong"),
        ("log_level = 'loud'", "setting log_level is wrong"),
        ("tls_cert = 'a.pem'", "give both or none"),
        ("plain_ports = [80]", "plain_ports means something only with tls_cert"),
        ("bootstrap_key = [1]", "setting bootstrap_key is wrong"),
        ("workers = -1\nqueue = 'x'", "setting queue is wrong"),
        ("workers", "cannot be read"),
        ('workers = "\\x"', "cannot be read"),
    ],
)
def test_what_is_wrong_is_named(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "earmark.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InvalidRequest, match=said):
        load_settings(tmp_path)


def test_a_wrong_variable_is_named_without_its_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARMARK_QUEUE", "four-and-twenty")
    with pytest.raises(InvalidRequest, match="setting queue") as caught:
        load_settings(tmp_path)
    assert "four-and-twenty" not in str(caught.value)


def test_every_setting_has_a_meaning() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, f"say what {name} means"
        assert field.description.endswith("."), name


@pytest.mark.parametrize(
    ("arguments", "variables", "code", "said"),
    [
        (["--port", "99999"], {}, 2, "ports"),
        (["--tls-cert", "missing.pem"], {}, 2, "tls_key"),
        (["--tls-cert", "missing.pem", "--tls-key", "missing.pem"], {}, 2, "tls_cert"),
        (["--model", "nobody"], {}, 4, "no model"),
        ([], {"EARMARK_WORKERS": "many"}, 2, "workers"),
        ([], {"EARMARK_BOOTSTRAP_KEY": "short"}, 2, "EARMARK_BOOTSTRAP_KEY"),
        (["--host", "256.0.0.1"], {}, 6, "256.0.0.1"),
    ],
)
def test_a_server_that_cannot_be_as_it_is_told_says_so_and_ends(
    arguments: list[str], variables: dict[str, str], code: int, said: str, tmp_path: Path
) -> None:
    asked = arguments if "--port" in arguments else ["--port", "0", *arguments]
    done = subprocess.run(
        [sys.executable, "-m", "earmark", "serve", "--home", str(tmp_path), *asked],
        env=os.environ | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert "Listening" not in done.stdout


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with running_server(tmp_path / "one") as server:
        done = subprocess.run(
            [sys.executable, "-m", "earmark", "serve", "--home", str(tmp_path), "--port", str(server.port)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 6
    assert str(server.port) in done.stderr
    assert "Traceback" not in done.stderr


def test_a_flag_wins_over_environment_and_file_in_a_real_server(tmp_path: Path) -> None:
    tmp_path.joinpath("earmark.toml").write_text("ports = [1, 2, 3]\nqueue = 0\n", encoding="utf-8")
    with running_server(tmp_path, env={"EARMARK_PORTS": "4,5"}) as server:
        assert len(server.urls) == 1
        assert server.port not in range(6)
