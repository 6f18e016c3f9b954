"""FFmpeg is kept on a lead: no sockets, no other files, no index that eats memory or time."""

import io
import resource
import struct
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from encoded import by_pyav, likeness, video, voice
from hostile import hostile_inputs

from earmark.errors import AudioCorrupt, AudioError, AudioWithoutSound
from earmark.voice.audio import load_clip
from earmark.voice.decode.limits import Limits
from earmark.voice.decode.mp4 import claimed
from earmark.voice.decode.pyav_pieces import FORMATS, open_pyav
from earmark.voice.decode.sniff import sniff

HOSTILE = {entry.name: entry.data for entry in hostile_inputs()}
DEMUXERS = ("mov", "matroska", "amr", "aac", "ogg", "wav")


def open_sockets() -> set[str]:
    """This process's sockets: the links of its file descriptors."""
    found = set()
    for link in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            found.add(str(link.readlink()))
    return {name for name in found if name.startswith("socket:")}


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs Linux's table of file descriptors")
@pytest.mark.parametrize("name", ["sdp", "ffconcat", "playlist"])
@pytest.mark.parametrize("demuxer", [*DEMUXERS, None])
def test_a_text_opens_no_socket_even_past_the_sniffer(name: str, demuxer: str | None) -> None:
    """Without the lists an SDP binds two sockets and blocks for seconds: they are seen meanwhile."""
    seen, done = open_sockets(), threading.Event()
    before = set(seen)

    def watch() -> None:
        while not done.is_set():
            seen.update(open_sockets())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        with pytest.raises(AudioError), open_pyav(io.BytesIO(HOSTILE[name]), demuxer, Limits()) as sound:  # type: ignore[arg-type]
            list(sound.blocks)
    finally:
        done.set()
        watcher.join()
    assert seen == before


def test_the_lists_hold_no_format_that_opens_others() -> None:
    assert not {"sdp", "concat", "hls", "dash", "rtp", "rtsp", "image2", "mpegts"} & set(FORMATS.split(","))


def test_the_demuxer_is_never_guessed() -> None:
    for name, data in HOSTILE.items():
        try:
            form = sniff(io.BytesIO(data))
        except AudioError:
            continue
        assert form.reader == "soundfile" or form.demuxer in FORMATS.split(","), name


@pytest.mark.parametrize("container", ["mp4", "matroska"])
def test_a_video_s_pictures_are_never_decoded(container: str) -> None:
    with pytest.raises(AudioWithoutSound, match="no sound track"):
        load_clip(video(container))
    assert likeness(load_clip(video(container, voice())), voice(), most_delay=2_000) > 0.95


@pytest.mark.parametrize(("container", "codec"), [("webm", "libopus"), ("ipod", "aac")])
@pytest.mark.parametrize("channels", [2, 6])
def test_channels_of_containers(container: str, codec: str, channels: int) -> None:
    many = np.repeat(voice(rate=48_000)[:, None], channels, axis=1)
    assert likeness(load_clip(by_pyav(many, 48_000, container, codec)), voice()) > 0.9
    many[:, 1::2] *= -1
    clip = load_clip(by_pyav(many, 48_000, container, codec))
    assert abs(likeness(clip, voice())) > 0.7
    assert np.std(clip) > 0.5 * np.std(voice())


def test_an_edit_list_cannot_multiply_the_index() -> None:
    """100,000 edits of a 3 s file keep FFmpeg busy for minutes if it applies them: then this test hangs."""
    m4a = by_pyav(voice(rate=44_100), 44_100, "ipod", "aac")
    place = m4a.index(b"elst") - 4
    size = int.from_bytes(m4a[place : place + 4], "big")
    edits = b"elst" + bytes(4) + struct.pack(">I", 100_000) + struct.pack(">IIHH", 2_900, 0, 1, 0) * 100_000
    grown = bytearray(m4a[:place] + struct.pack(">I", len(edits) + 4) + edits + m4a[place + size :])
    for box in (b"moov", b"trak", b"edts"):
        at = grown.index(box) - 4
        longer = int.from_bytes(grown[at : at + 4], "big") + len(edits) + 4 - size
        grown[at : at + 4] = struct.pack(">I", longer)
    assert load_clip(bytes(grown)).size > 47_000


def test_an_index_that_claims_millions_is_not_opened() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for name in ("m4a_index_of_100_million", "fmp4_fragment_of_100_million"):
        with pytest.raises(AudioError, match="index claims"):
            load_clip(HOSTILE[name])
    assert (
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10
    )  # KiB; FFmpeg takes 2 to 4 GB


def test_counting_an_index_stops_early() -> None:
    runs = struct.pack(">II", 0, 1) * 1_000_000
    table = b"stts" + bytes(4) + struct.pack(">I", 1_000_000) + runs
    assert claimed(table, most=1_000) == 1_001
    assert claimed(b"cmvd", most=1_000) > 1_000
    assert claimed(b"\0\0\0\x14stsz" + bytes(8) + struct.pack(">I", 77), most=1_000) == 77


def test_what_ffmpeg_raises_becomes_one_error() -> None:
    for demuxer in DEMUXERS:
        with (
            pytest.raises(AudioCorrupt) as caught,
            open_pyav(io.BytesIO(bytes(3_000)), demuxer, Limits()) as sound,
        ):
            list(sound.blocks)
        assert "Errno" not in str(caught.value)


def test_a_latin_1_title_does_not_matter() -> None:
    m4a = by_pyav(voice(rate=44_100), 44_100, "ipod", "aac")
    assert b"Lavf" in m4a
    assert load_clip(m4a.replace(b"Lavf", b"\xe9\xe8\xfc\xff")).size > 47_000


def test_nothing_is_written_to_the_terminal() -> None:
    script = (
        "import sys; sys.path.insert(0, 'tests')\n"
        "from encoded import by_pyav, voice\n"
        "from earmark.errors import AudioError\n"
        "from earmark.voice.audio import load_clip\n"
        "data = bytearray(by_pyav(voice(rate=44_100), 44_100, 'ipod', 'aac'))\n"
        "data[9_000:11_000] = bytes(2_000)\n"
        "try: load_clip(bytes(data))\n"
        "except AudioError: pass\n"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, cwd=root)
    assert done.stdout == b""
    assert done.stderr == b""
