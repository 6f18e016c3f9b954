"""Text to the synthetic sample clips in src/earmark/samples, by way of several speech synthesisers.

Run `python recipes/make_samples.py [FOLDER]`. Needs Debian or Ubuntu packages (named when they are missing)
and PyAV from the extra `media`. The synthesisers and the encoder are deterministic: the same package
versions give the same files.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import soundfile
import soxr

from earmark.voice.features import SAMPLE_RATE, Floats

FOLDER = Path(__file__).parent.parent / "src/earmark/samples"
LEVEL_DBFS = -23.0
FLOOR_DBFS = -62.0  # digital silence between words exists in no recording and would make the SNR infinite
BIT_RATE = 32_000

ENGLISH = (
    "The morning train was late again, so we walked along the river and talked about the weekend.",
    "Please leave the parcel with our neighbour, the house with the yellow door and the two apple trees.",
    "She opened the window, listened to the rain for a while, and then went back to writing her letter.",
    "Our meeting has been moved to Thursday afternoon, because the larger room will be painted tomorrow.",
    "If you follow this road past the old mill, you will see the lake on your left after about a mile.",
)
CATALAN = (
    "Aquest matí el tren ha tornat a arribar tard, i hem caminat vora el riu parlant del cap de setmana.",
    "Si us plau, deixeu el paquet al veí, a la casa de la porta groga i les dues pomeres.",
    "Va obrir la finestra, va escoltar la pluja una estona, i després va tornar a escriure la carta.",
    "La reunió s'ha passat a dijous a la tarda, perquè demà al matí han de pintar la sala gran.",
    "Si seguiu aquest camí més enllà del molí vell, aviat veureu el llac a mà esquerra.",
)
RUSSIAN = (
    "Утром поезд снова опоздал, и мы пошли пешком вдоль реки.",
    "Пожалуйста, оставьте посылку у соседей, в доме с жёлтой дверью.",  # noqa: RUF001
    "Она открыла окно, немного послушала дождь, а потом села писать письмо.",  # noqa: RUF001
    "Наше собрание перенесли на четверг, завтра будут красить большую комнату.",
    "Если идти по этой дороге мимо мельницы, слева будет видно озеро.",
)


@dataclass(frozen=True)
class Voice:
    """An invented speaker: which program speaks, with which voice, and what is said."""

    folder: str
    program: str
    voice: str
    package: str  # of Debian and Ubuntu, beside the program's own
    sentences: tuple[str, ...]


VOICES = (
    Voice("ada", "flite", "slt", "flite", ENGLISH),
    Voice("ben", "flite", "rms", "flite", ENGLISH),
    Voice("clara", "festival", "upc_ca_ona_hts", "festvox-ca-ona-hts", CATALAN),
    Voice("dima", "festival", "msu_ru_nsh_clunits", "festvox-ru", RUSSIAN),
    Voice("eva", "espeak-ng", "en-us+Alicia", "espeak-ng", ENGLISH),
    Voice("gwen", "espeak-ng", "en-us+steph", "espeak-ng", ENGLISH),
    Voice("hana", "espeak-ng", "en-us+anika", "espeak-ng", ENGLISH),
    Voice("_stranger", "festival", "ked_diphone", "festvox-kdlpc16k", ENGLISH),
)
COMMANDS = {"flite": "flite", "festival": "text2wave", "espeak-ng": "espeak-ng"}


def check_programs() -> None:
    """Stop with the one line that installs what is missing."""
    packages = {voice.program for voice in VOICES if shutil.which(COMMANDS[voice.program]) is None}
    if packages:
        wanted = sorted({voice.program for voice in VOICES} | {voice.package for voice in VOICES})
        sys.exit(f"Missing: {', '.join(sorted(packages))}.\nRun: sudo apt install {' '.join(wanted)}")


def speak(voice: Voice, text: str) -> Floats:
    """Say a text: 16 kHz mono, at a fixed level, with silence cut to 0.15 s at both ends."""
    with tempfile.TemporaryDirectory() as folder:
        wav = str(Path(folder) / "said.wav")
        commands = {
            "flite": ["flite", "-voice", voice.voice, "-t", text, "-o", wav],
            "festival": ["text2wave", "-eval", f"(voice_{voice.voice})", "-o", wav],
            "espeak-ng": ["espeak-ng", "-v", voice.voice, "-s", "150", "-w", wav, text],
        }
        done = subprocess.run(commands[voice.program], input=text.encode(), capture_output=True, check=False)
        if done.returncode or not Path(wav).exists():
            sys.exit(
                f"{voice.program} has no voice {voice.voice}: sudo apt install {voice.package}\n"
                + done.stderr.decode(errors="replace")
            )
        samples, rate = soundfile.read(wav, dtype="float32", always_2d=True)
    clip = soxr.resample(samples[:, 0], rate, SAMPLE_RATE).astype(np.float32)
    loud = np.flatnonzero(np.abs(clip) > 0.02 * np.max(np.abs(clip)))
    margin = int(0.15 * SAMPLE_RATE)
    return at_level(clip[max(0, loud[0] - margin) : loud[-1] + margin], LEVEL_DBFS)


def at_level(clip: Floats, dbfs: float) -> Floats:
    """The clip at an RMS level, in dB relative to full scale."""
    gain = 10 ** (dbfs / 20) / np.sqrt(np.mean(clip**2))
    return np.asarray(clip * gain, np.float32)


def hiss(samples: int, *, seed: int, dbfs: float = FLOOR_DBFS) -> Floats:
    """White noise, as of a quiet microphone amplifier."""
    return at_level(np.random.default_rng(seed).standard_normal(samples).astype(np.float32), dbfs)


def rumble(samples: int, *, seed: int, dbfs: float) -> Floats:
    """Noise whose power falls by 3 dB an octave, as of a street or a fan."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(samples))
    spectrum[1:] /= np.sqrt(np.arange(1, spectrum.size))
    spectrum[0] = 0
    return at_level(np.fft.irfft(spectrum, samples).astype(np.float32), dbfs)


def write_opus(path: Path, clip: Floats) -> None:
    """Write Ogg Opus, 16 kHz mono; PyAV and not soundfile, which gives each stream a random number."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pcm = (np.clip(clip, -1, 1) * 32_767).astype(np.int16)[None]
    with av.open(str(path), "w", format="ogg", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("libopus", rate=SAMPLE_RATE, layout="mono")
        stream.bit_rate = BIT_RATE
        fifo = av.AudioFifo()
        frame = av.AudioFrame.from_ndarray(pcm, format="s16", layout="mono")
        frame.sample_rate = SAMPLE_RATE
        fifo.write(frame)
        while (piece := fifo.read(stream.codec_context.frame_size or 320, partial=True)) is not None:
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))


def make_speakers(folder: Path) -> dict[str, list[Floats]]:
    """Write every speaker's clips; return them before encoding."""
    spoken: dict[str, list[Floats]] = {}
    for number, voice in enumerate(VOICES):
        spoken[voice.folder] = [speak(voice, text) for text in voice.sentences]
        for index, clip in enumerate(spoken[voice.folder], start=1):
            noisy = clip + hiss(clip.size, seed=100 * number + index)
            write_opus(folder / voice.folder / f"{index}.opus", noisy)
    return spoken


def make_bad(folder: Path, spoken: dict[str, list[Floats]]) -> None:
    """Write what must be refused or what is hard: too short, silent, noise, two people; and a telephone."""
    ada, ben, eva = spoken["ada"], spoken["ben"], spoken["eva"]
    short = speak(VOICES[0], "Good morning.")
    at_once = np.zeros(max(ada[1].size, ben[2].size), np.float32)
    at_once[: ada[1].size] += ada[1]
    at_once[: ben[2].size] += ben[2]
    clips: dict[str, Floats] = {
        "too_short": short + hiss(short.size, seed=1),
        "silent": hiss(5 * SAMPLE_RATE, seed=2),
        "noise": rumble(5 * SAMPLE_RATE, seed=3, dbfs=-26),
        "too_noisy": eva[3] + rumble(eva[3].size, seed=4, dbfs=LEVEL_DBFS + 3),
        "two_at_once": at_once + hiss(at_once.size, seed=5),
        "two_in_turn": np.concatenate((ben[0], eva[1], ben[3], eva[2])),
    }
    for name, clip in clips.items():
        write_opus(folder / "_bad" / f"{name}.opus", clip)
    narrow = soxr.resample(ada[4], SAMPLE_RATE, 8_000)
    path = folder / "_bad" / "telephone.wav"
    soundfile.write(path, narrow, 8_000, format="WAV", subtype="ULAW")


def main() -> None:
    """Make all clips and say how large they are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "folder", nargs="?", type=Path, default=FOLDER, help="where to write (default: %(default)s)"
    )
    folder: Path = parser.parse_args().folder
    check_programs()
    spoken = make_speakers(folder)
    make_bad(folder, spoken)
    for name, clips in spoken.items():
        print(f"{name:10} " + " ".join(f"{clip.size / SAMPLE_RATE:4.1f} s" for clip in clips))
    written = [path for path in folder.rglob("*") if path.suffix in {".opus", ".wav"}]
    print(f"{len(written)} clips, {sum(path.stat().st_size for path in written) / 1e6:.2f} MB, in {folder}")


if __name__ == "__main__":
    main()
