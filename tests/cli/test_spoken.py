"""Passphrases and challenges as somebody types them."""

import subprocess
import sys
from pathlib import Path

import pytest
import voices
from command import Earmark
from stub_recogniser import write_recogniser
from synthesis import said_pcm

OWN = "seven green bottles stand on the garden wall"


@pytest.fixture
def spoken(tmp_path: Path) -> Path:
    """Recordings of mary, john, and of mary with other words."""
    for speaker in ("mary", "john", "mary other"):
        for take in (1, 2, 3, 5):
            (tmp_path / f"{speaker}-{take}.wav").write_bytes(voices.wav(speaker, take))
    return tmp_path


def enrol(earmark: Earmark, spoken: Path) -> None:
    three = [spoken / f"mary-{take}.wav" for take in (1, 2, 3)]
    done = earmark("enroll", "mary", *three, "--passphrase", "My voice is my passport, verify me!")
    assert (done.code, done.err) == (0, "")


def test_a_passphrase(earmark: Earmark, spoken: Path) -> None:
    enrol(earmark, spoken)
    yes = earmark("verify", "mary", spoken / "mary-5.wav")
    assert (yes.code, yes.out.splitlines()[0][:9]) == (0, "Accepted:")
    assert "The passphrase was said, word for word" in yes.out
    other = earmark("verify", "mary", spoken / "mary other-5.wav")
    assert other.code == 1
    assert other.out.startswith("Rejected: other words were said than were asked for. ")
    assert "The passphrase was not said" in other.out
    assert earmark("verify", "mary", spoken / "john-5.wav").code == 1

    shape = earmark("verify", "mary", spoken / "mary other-5.wav", "--json").json
    assert (shape["accepted"], shape["words"]["accepted"], shape["answer"]) == (False, False, "rejected")
    assert [word["word"] for word in shape["words"]["words"]] == voices.PASSPHRASE.split()
    assert "Passphrase: my voice is my passport verify me" in earmark("profiles", "show", "mary").out
    refused = earmark("enroll", "mary", spoken / "mary other-1.wav", "--add")
    assert (refused.code, "does not say the passphrase" in refused.err) == (3, True)
    for settled in (("--passphrase", "x"), ("--passphrase", ""), ("--locale", "de-DE")):
        assert earmark("enroll", "mary", spoken / "mary-5.wav", "--add", *settled).code == 2
    assert earmark("enroll", "two", *[spoken / "mary-1.wav"], "--passphrase", voices.PASSPHRASE).code == 2


def test_a_passphrase_of_another_language(earmark: Earmark, home: Path, spoken: Path) -> None:
    said = "öffne sesam bitte sofort"
    three = [spoken / f"mary-{take}.wav" for take in (1, 2, 3)]  # whose words the stub does not listen to
    asked = ("enroll", "mary", *three, "--passphrase", said, "--locale", "de-DE")
    refused = earmark(*asked)
    assert (refused.code, "recognisers/de-de" in refused.err) == (2, True)
    write_recogniser(home / "recognisers" / "de-de", said)
    assert earmark(*asked).code == 0
    shown = earmark("profiles", "show", "mary", "--json").json
    assert shown["phrase"] == said
    assert earmark("verify", "mary", spoken / "mary-5.wav").code == 0


def test_a_challenge(earmark: Earmark, home: Path, spoken: Path) -> None:
    enrol(earmark, spoken)
    given = earmark("challenge", "mary", "--json").json
    answer = spoken / "answer.wav"
    answer.write_bytes(voices.as_wav(said_pcm(given["phrase"], "mary")))
    options = ("--answers", given["challenge"], "--fmr", "0.1")
    done = earmark("verify", "mary", answer, *options)
    assert done.code == 0, done.out
    assert "The challenge was said, word for word" in done.out
    again = earmark("verify", "mary", answer, *options, "--json")
    assert (again.code, again.json["error"]["code"]) == (2, "challenge_refused")
    assert earmark("verify", "mary", answer, spoken / "mary-1.wav", *options).code == 2
    assert earmark("verify", "mary", answer, "--answers", "x").code == 2
    assert earmark("verify", "mary", answer, "--challenge").code == 2  # no terminal to wait at
    words = earmark("challenge", "mary", "--words", "--length", "3").out
    assert words.startswith("Say: ")
    assert len(words.splitlines()[0].split()) == 4


def test_a_challenge_on_one_line(earmark: Earmark, home: Path, spoken: Path) -> None:
    """The words are told before standard input is read; what is heard there may be anything."""
    enrol(earmark, spoken)
    command = [sys.executable, "-m", "earmark", "verify", "mary", "-", "--challenge", "--fmr", "0.1"]
    with subprocess.Popen(
        [*command, "--home", str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        asked = process.stderr.readline().decode()
        assert asked.startswith("Say within ")
        digits = asked.partition(": ")[2].strip()
        out, _ = process.communicate(voices.as_wav(said_pcm(digits, "mary")))
    assert process.returncode == 0, out
    assert b"The challenge was said" in out


def test_a_lock_and_its_end(earmark: Earmark, spoken: Path) -> None:
    enrol(earmark, spoken)
    for _ in range(5):
        assert earmark("verify", "mary", spoken / "john-5.wav").code == 1
    locked = earmark("verify", "mary", spoken / "mary-5.wav", "--json")
    assert (locked.code, locked.json["error"]["code"]) == (2, "profile_locked")
    assert earmark("profiles", "unlock", "mary").out == "Unlocked mary: 5 attempts had failed in a row.\n"
    assert earmark("verify", "mary", spoken / "mary-5.wav").code == 0
    assert earmark("profiles", "unlock", "mary", "--json").json["failures"] == 0


def test_phrases(earmark: Earmark, clips: dict[str, list[Path]]) -> None:
    short = earmark("phrases", "examine", "open sesame")
    assert (short.code, short.out.splitlines()[0]) == (1, "It makes no passphrase.")
    assert earmark("phrases", "add", "open sesame").code == 2
    assert earmark("phrases", "examine", OWN, "--json").json["usable"] is True
    assert earmark("phrases", "add", OWN.title()).out == f"Added: {OWN}\n"
    assert f"{OWN}  (your own)" in earmark("phrases", "list").out
    assert earmark("phrases", "remove", OWN).code == 0
    assert earmark("phrases", "remove", OWN).code == 2
    assert earmark("phrases", "activation", "on").code == 0
    listed = earmark("phrases", "list", "--json").json
    assert (listed["activation"], listed["own_passphrases"]) == (True, [])
    assert earmark("enroll", "ada", *clips["ada"][:3]).code == 3
    assert earmark("phrases", "activation", "off", "--json").json["activation"] is False
    assert earmark("enroll", "ada", *clips["ada"][:3]).code == 0
