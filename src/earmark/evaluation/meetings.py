"""Speech folder to meetings with known turns: simulated ones of held-out speakers, and the real excerpts.

A simulated meeting joins clips of people of one set, in rooms and over noise that training never met. All
of its people but one are enrolled from clips that are not heard in it, and so are people who are absent.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from earmark.evaluation.conditions import Scenery, made_room
from earmark.evaluation.conversations import make_conversation
from earmark.evaluation.corpus import Split, Utterance, read_clips, rows_of
from earmark.evaluation.degrade import CODECS, in_room, through_codec
from earmark.voice.diarization.rttm import read_rttm
from earmark.voice.diarization.turns import Turn
from earmark.voice.features import SAMPLE_RATE, Floats

SETS = ("speechocean762", "librispeech_100", "readers", "vctk", "dspspeech20")
# One label for two voices: both this model and the baseline find clips of it as unlike as strangers' are
# (cosines of 0.02 and 0.56, and of 0.35 and 0.52; strangers 0.13 and 0.54 on average).
TWO_VOICES = ("readers/rd0019", "readers/rd0020")
ENROL_SECONDS = 8.0  # of clips behind each voiceprint
SPEAK_SECONDS = 8.0  # of other clips that a speaker needs
MOST_CLIPS = 25  # of one speaker in a meeting
ABSENT = 3  # people who are enrolled and do not speak
OVERLAP = (0.0, 0.25)  # share of speech time
SNR_DB = (5.0, 30.0)
ROOMS = 0.7  # share of meetings that are held in a room
CHANNELS = (*("none",) * 4, "far", "g711-mu", "opus-9k", "opus-16k")  # what the whole recording comes through


@dataclass(frozen=True, eq=False)
class Meeting:
    """A recording, who speaks when in it, and clips of people who are known."""

    name: str
    part: str  # "real", or "3 speakers"
    samples: Floats  # (samples,) at 16 kHz
    turns: tuple[Turn, ...]
    known: dict[str, Floats]  # speaker to a clip; also of people who do not speak
    used: tuple[tuple[float, float], ...] = ()  # stretches that the clips were cut from: not scored for names


@dataclass(frozen=True)
class _Person:
    name: str
    enrol: tuple[Utterance, ...]
    speak: tuple[Utterance, ...]


def simulated(
    root: Path,
    split: Split,
    scenery: Scenery,
    *,
    speakers: tuple[int, ...],
    each: int,
    seconds: float,
    seed: int,
) -> Iterator[Meeting]:
    """`each` meetings of every number of `speakers`; equal for equal arguments."""
    people = {dataset: _people(root, dataset, split) for dataset in SETS}
    for count in speakers:
        sets = [name for name in SETS if len(people[name]) >= count + 1]
        for number in range(each):
            rng = np.random.default_rng((seed, count, number))
            dataset = sets[number % len(sets)]
            yield _simulate(
                rng, root, people[dataset], scenery, count, seconds, f"{dataset} {count}/{number}"
            )


def _simulate(
    rng: np.random.Generator,
    root: Path,
    people: list[_Person],
    scenery: Scenery,
    count: int,
    seconds: float,
    name: str,
) -> Meeting:
    drawn = [people[place] for place in rng.permutation(len(people))[: count + ABSENT]]
    present, absent = drawn[:count], drawn[count:]
    rooms = [made_room(rng) for _ in range(3)] if rng.random() < ROOMS else None
    conversation = make_conversation(
        rng,
        [_read(root, person.speak) for person in present],
        seconds=seconds,
        overlap=float(rng.uniform(*OVERLAP)),
        noise=scenery.noises[int(rng.integers(len(scenery.noises)))],
        snr_db=float(rng.uniform(*SNR_DB)),
        rooms=rooms,
    )
    samples = _through(conversation.samples, CHANNELS[int(rng.integers(len(CHANNELS)))], rng)
    names = {str(place): person.name for place, person in enumerate(present)}
    turns = tuple(Turn(turn.start, turn.end, names[turn.speaker]) for turn in conversation.turns)
    stranger = present[int(rng.integers(count))].name if count > 1 else ""
    known = {
        person.name: np.concatenate(_read(root, person.enrol))
        for person in (*present, *absent)
        if person.name != stranger
    }
    return Meeting(name, f"{count} speaker{'s' if count > 1 else ''}", samples, turns, known)


def _through(samples: Floats, channel: str, rng: np.random.Generator) -> Floats:
    """A recording as one microphone and one line give it: all voices of a meeting have that in common."""
    if channel == "none":
        return samples
    if channel != "far":
        return through_codec(samples, CODECS[channel])
    wet = in_room(samples, made_room(rng))  # once more: a device at the end of the table
    spectrum = np.fft.rfft(wet)
    hertz = np.fft.rfftfreq(wet.size, 1.0 / SAMPLE_RATE)
    tilt = 10 ** (-float(rng.uniform(3.0, 9.0)) * np.log2(np.maximum(hertz, 500.0) / 500.0) / 20)
    return np.asarray(np.fft.irfft(spectrum * tilt, wet.size), np.float32)


def _people(root: Path, dataset: str, split: Split) -> list[_Person]:
    """People of a set with enough speech for a voiceprint and a conversation, of different clips."""
    rows: dict[str, list[Utterance]] = {}
    for row in rows_of(root, dataset, split):
        rows.setdefault(row.speaker, []).append(row)
    people = []
    for speaker, clips in sorted(rows.items()):
        if f"{dataset}/{speaker}" in TWO_VOICES:
            continue
        lengths = np.cumsum([clip.seconds for clip in clips])
        enough = int(np.searchsorted(lengths, ENROL_SECONDS)) + 1
        if enough < len(clips) and lengths[-1] - lengths[enough - 1] >= SPEAK_SECONDS:
            rest = clips[enough : enough + MOST_CLIPS]
            people.append(_Person(f"{dataset}/{speaker}", tuple(clips[:enough]), tuple(rest)))
    return people


def _read(root: Path, rows: tuple[Utterance, ...]) -> list[Floats]:
    found = dict(read_clips(root, list(rows)))
    return [found[place] for place in range(len(rows))]


def real(root: Path) -> Iterator[Meeting]:
    """The excerpts of real meetings, under their file names."""
    for path in sorted((root / "diarization_dev").glob("*.rttm")):
        samples, rate = soundfile.read(path.with_suffix(".flac"), dtype=np.float32)
        if rate != SAMPLE_RATE:
            raise ValueError(f"{path.stem} is not at 16 kHz")
        turns = tuple(read_rttm(path.read_text(encoding="utf-8")))
        known, used = _cut_known(samples, turns)
        yield Meeting(path.stem, "real excerpts", samples, turns, known, used)


def _cut_known(
    samples: Floats, turns: tuple[Turn, ...]
) -> tuple[dict[str, Floats], tuple[tuple[float, float], ...]]:
    """A clip of each person who is alone for 3 s somewhere, and where: 6 s at most, which are not scored."""
    known, used = {}, []
    for name in sorted({turn.speaker for turn in turns}):
        gaps = []
        for turn in (turn for turn in turns if turn.speaker == name):
            marks = [turn.start]
            for other in sorted((one for one in turns if one.speaker != name), key=lambda one: one.start):
                if other.end > marks[-1] and other.start < turn.end:
                    if other.start > marks[-1]:
                        gaps.append((marks[-1], other.start))
                    marks.append(min(other.end, turn.end))
            gaps.append((marks[-1], turn.end))
        start, end = max(gaps, key=lambda gap: gap[1] - gap[0])
        if end - start >= 3.0:
            end = min(end, start + 6.0)
            known[name] = samples[int(start * SAMPLE_RATE) : int(end * SAMPLE_RATE)]
            used.append((start, end))
    return known, tuple(used)
