"""Clips of several speakers to a conversation with pauses, overlap, rooms and noise, and to its turns.

The truth is what the product's own detector hears in the clean clips, before room and noise. The same
generator state and the same clips give the same conversation.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earmark.evaluation.degrade import in_room
from earmark.voice.diarization.turns import Turn
from earmark.voice.features import SAMPLE_RATE, Floats
from earmark.voice.vad import Segment, find_speech

JOINED = 0.7  # seconds: a shorter pause of one speaker is part of the turn; AMI's references join up to 1 s
GRID = 0.01  # seconds, on which overlap is counted
LEVEL = 10 ** (-28 / 20)  # RMS of the speech of a voice of average level
MARGIN = 0.12  # seconds of the clip's own background kept around its speech
FADE = 160  # samples over which a cut begins and ends
TAIL = 0.35  # seconds that a room rings on
SHORT = (0.25, 0.9)  # seconds of a backchannel
SOFTER_DB = 3.0  # standard deviation of what a backchannel is softer by
LONGEST = 15.0  # seconds of one utterance


@dataclass(frozen=True, eq=False)
class Clip:
    """A clean clip of one voice and where it holds speech."""

    samples: Floats
    speech: tuple[Segment, ...]


@dataclass(frozen=True, eq=False)
class Conversation:
    """A recording and who speaks when in it; a turn's speaker is the place of the voice: "0", "1", ..."""

    samples: Floats  # (samples,) at 16 kHz
    turns: tuple[Turn, ...]  # by start


@dataclass(frozen=True, eq=False)
class _Utterance:
    """What one voice says in one go: samples, and its speech within them."""

    samples: Floats
    speech: tuple[Segment, ...]

    @property
    def start(self) -> int:
        return self.speech[0].start

    @property
    def length(self) -> int:
        """Samples from the first sound to the last."""
        return self.speech[-1].end - self.speech[0].start


def hear(samples: Floats) -> Clip:
    """A clip with its speech, as the product's detector finds it."""
    return Clip(samples, tuple(find_speech(samples)))


def make_conversation(
    rng: np.random.Generator,
    voices: Sequence[Sequence[Floats | Clip]],
    *,
    seconds: float,
    overlap: float = 0.1,
    noise: Floats | None = None,
    snr_db: float = 20.0,
    rooms: Sequence[Floats] | None = None,
    pause: float = 0.5,
    spread_db: float = 3.0,
    turned_db: float = 2.0,
) -> Conversation:
    """A conversation of `seconds` among 1 to 6 voices, each a sequence of clean clips at 16 kHz.

    `overlap` is the share of speech time (0 to about 0.5) in which two or more speak; `pause` the usual
    silence between turns in seconds; `noise` a bed, repeated when it is short, at `snr_db` below the speech;
    `rooms` impulse responses, of which each voice gets one; `spread_db` the standard deviation of the levels;
    `turned_db` that of the tilt of each utterance, in dB an octave above 500 Hz: people turn their heads.
    Clips are used in turn, so a long conversation repeats them. Raises ValueError when no voice has speech.
    """
    decks = [_Deck(rng, clips) for clips in voices]
    speaking = [voice for voice, deck in enumerate(decks) if deck.clips]
    if not speaking:
        raise ValueError("no clip of these voices holds speech")
    total = round(seconds * SAMPLE_RATE)
    seats = [None if not rooms else rooms[int(rng.integers(len(rooms)))] for _ in voices]
    if rooms and rng.random() < 0.3:
        seats = [seats[0]] * len(voices)
    levels = np.clip(rng.normal(0, spread_db, len(voices)), -2.5 * spread_db, 2.5 * spread_db)
    track = np.zeros(total, np.float32)
    placed: list[tuple[int, int, int]] = []
    for voice, start, utterance in _plan(rng, decks, speaking, total, overlap, pause):
        level = levels[voice] + rng.normal(0, 1.0)
        if utterance.length < SHORT[1] * SAMPLE_RATE:
            level -= abs(rng.normal(0, SOFTER_DB))
        gain = LEVEL * 10 ** (level / 20) / _loudness(utterance)
        said = _tilted(utterance.samples, float(rng.normal(0, turned_db)))
        _add(track, start - utterance.start, said * np.float32(gain), seats[voice])
        shift = start - utterance.start
        placed += [(voice, shift + part.start, min(total, shift + part.end)) for part in utterance.speech]
    turns = _turns(placed, total)
    if noise is not None:
        track = _with_bed(rng, track, turns, noise, snr_db)
    return Conversation(track * np.float32(min(1.0, 0.99 / (np.abs(track).max() + 1e-9))), turns)


class _Deck:
    """The clips of one voice, dealt in a shuffled order again and again."""

    def __init__(self, rng: np.random.Generator, clips: Sequence[Floats | Clip]) -> None:
        known = [clip if isinstance(clip, Clip) else hear(clip) for clip in clips]
        self.clips = [clip for clip in known if clip.speech]
        self.rng, self.left = rng, list[int]()

    def utterance(self, wanted: float) -> _Utterance:
        """About `wanted` seconds from the next clip, or from several short ones joined."""
        pieces, speech, have = list[Floats](), list[Segment](), 0
        goal = wanted * SAMPLE_RATE
        while not speech or (have < 0.6 * goal and len(pieces) < 30):
            if not self.left:
                self.left = [int(place) for place in self.rng.permutation(len(self.clips))]
            samples, parts = _excerpt(self.rng, self.clips[self.left.pop()], goal - have)
            if pieces:
                gap = int(self.rng.uniform(0, 0.2) * SAMPLE_RATE)
                pieces.append(np.zeros(gap, np.float32))
                have += gap
            speech += [Segment(have + part.start, have + part.end) for part in parts]
            pieces.append(samples)
            have += samples.size
        return _Utterance(np.concatenate(pieces), tuple(speech))


def _excerpt(rng: np.random.Generator, clip: Clip, goal: float) -> tuple[Floats, list[Segment]]:
    """Neighbouring stretches of speech of a clip, about `goal` samples, faded in and out."""
    first = int(rng.integers(len(clip.speech)))
    if clip.speech[-1].end - clip.speech[first].start < goal:  # what follows is too short: from the beginning
        first = 0
    last = first
    while last + 1 < len(clip.speech) and clip.speech[last + 1].end - clip.speech[first].start <= 1.2 * goal:
        last += 1
    margin = int(MARGIN * SAMPLE_RATE)
    begin, end = clip.speech[first].start, clip.speech[last].end
    if end - begin > 1.5 * goal:  # one long stretch: stopped in the middle of it
        end = begin + max(int(goal), 2 * FADE)
        stop = end
    else:
        following = clip.speech[last + 1].start if last + 1 < len(clip.speech) else clip.samples.size
        stop = min(end + margin, following)
    before = clip.speech[first - 1].end if first else 0
    start = max(begin - margin, before)
    samples = clip.samples[start:stop].copy()
    ramp = np.linspace(0, 1, min(FADE, samples.size), dtype=np.float32)
    samples[: ramp.size] *= ramp
    samples[-ramp.size :] *= ramp[::-1]
    parts = [
        Segment(part.start - start, min(part.end, end) - start) for part in clip.speech[first : last + 1]
    ]
    return samples, parts


def _plan(
    rng: np.random.Generator,
    decks: Sequence[_Deck],
    speaking: Sequence[int],
    total: int,
    overlap: float,
    pause: float,
) -> list[tuple[int, int, _Utterance]]:
    """Who says what from which sample on, until `total` is reached: (voice, start of speech, utterance)."""
    plan = list[tuple[int, int, _Utterance]]()
    active = np.zeros((len(decks), int(total / SAMPLE_RATE / GRID) + 1), bool)
    free = dict.fromkeys(speaking, 0)  # the sample from which a voice may speak again
    liveliness = rng.uniform(0.3, 1.0, len(decks))

    def place(voice: int, start: int, utterance: _Utterance) -> int:
        plan.append((voice, start, utterance))
        for part in utterance.speech:
            moved = start - utterance.start
            active[voice, _grid(moved + part.start) : _grid(moved + part.end)] = True
        end = start + utterance.length
        free[voice] = max(free[voice], end + SAMPLE_RATE // 10)
        return end

    def wanting() -> bool:
        """Whether there is less overlap than asked for."""
        count = active.sum(axis=0)
        return bool((count > 1).sum() < overlap * max(1, int((count > 0).sum())))

    now, before, length = round(rng.exponential(pause) * SAMPLE_RATE), -1, 0
    while now < total:
        others = [voice for voice in speaking if voice != before]
        same = not others or (before >= 0 and rng.random() < 0.15)
        weights = liveliness[others] if others else np.ones(1)
        voice = before if same and before >= 0 else int(rng.choice(others, p=weights / weights.sum()))
        utterance = decks[voice].utterance(min(LONGEST, rng.lognormal(np.log(2.2), 0.8)))
        start = now + _gap(rng, pause)
        if not same and length and wanting():
            start = now - int(rng.uniform(0.1, 0.9) * min(length, utterance.length, 4 * SAMPLE_RATE))
        start = max(start, free[voice], 0)
        end = place(voice, start, utterance)
        quiet = [other for other in speaking if other != voice and free[other] < end]
        while utterance.length > 1.5 * SAMPLE_RATE and quiet and wanting() and rng.random() < 0.6:
            other = quiet.pop(int(rng.integers(len(quiet))))
            short = decks[other].utterance(rng.uniform(*SHORT) * (3 if rng.random() < 0.25 else 1))
            place(other, max(free[other], int(rng.uniform(start, end))), short)
        length, before = utterance.length, voice
        now = max(now, end)
    return [entry for entry in plan if entry[1] < total]


def _gap(rng: np.random.Generator, pause: float) -> int:
    """Samples of silence before a turn: mostly short, sometimes long."""
    mean = 4 * pause if rng.random() < 0.12 else 0.6 * pause
    return round(rng.exponential(mean) * SAMPLE_RATE)


def _grid(sample: int) -> int:
    return max(0, round(sample / SAMPLE_RATE / GRID))


def _loudness(utterance: _Utterance) -> float:
    power = [np.mean(utterance.samples[part.start : part.end] ** 2) for part in utterance.speech]
    return float(np.sqrt(np.mean(power)) + 1e-6)


def _tilted(samples: Floats, tilt_db: float) -> Floats:
    """Samples under another tilt, in dB an octave above 500 Hz."""
    spectrum = np.fft.rfft(samples)
    hertz = np.fft.rfftfreq(samples.size, 1.0 / SAMPLE_RATE)
    gains = 10 ** (tilt_db * np.log2(np.maximum(hertz, 500.0) / 500.0) / 20)
    return np.asarray(np.fft.irfft(spectrum * gains, samples.size), np.float32)


def _add(track: Floats, start: int, samples: Floats, room: Floats | None) -> None:
    """Add samples to a track from `start` on, in a room that rings on after them."""
    if room is not None:
        samples = in_room(np.pad(samples, (0, int(TAIL * SAMPLE_RATE))), room)
    skipped = max(0, -start)
    piece = samples[skipped : max(skipped, track.size - start)]
    track[start + skipped : start + skipped + piece.size] += piece


def _turns(placed: list[tuple[int, int, int]], total: int) -> tuple[Turn, ...]:
    """Stretches (voice, start, end) in samples to turns: short pauses closed if nobody else uses them."""
    turns = list[Turn]()
    for voice in sorted({voice for voice, _, _ in placed}):
        spans = sorted((max(0, start), min(end, total)) for who, start, end in placed if who == voice)
        others = [(start, end) for who, start, end in placed if who != voice]
        joined = list[list[int]]()
        for start, end in spans:
            if end <= start:
                continue
            pause = start - joined[-1][1] if joined else total
            if pause < JOINED * SAMPLE_RATE and not _within(others, joined[-1][1], start):
                joined[-1][1] = max(joined[-1][1], end)
            else:
                joined.append([start, end])
        turns += [Turn(start / SAMPLE_RATE, end / SAMPLE_RATE, str(voice)) for start, end in joined]
    return tuple(sorted(turns, key=lambda turn: (turn.start, turn.speaker)))


def _within(spans: list[tuple[int, int]], start: int, end: int) -> bool:
    """Whether one of the spans lies wholly between two samples."""
    return any(first >= start and last <= end for first, last in spans)


def _with_bed(
    rng: np.random.Generator, track: Floats, turns: Sequence[Turn], noise: Floats, snr_db: float
) -> Floats:
    """The track over a bed of noise, its level measured against the speech alone."""
    bed = np.resize(np.roll(noise, -int(rng.integers(noise.size))), track.size)
    spoken: NDArray[np.bool_] = np.zeros(track.size, bool)
    for turn in turns:
        spoken[int(turn.start * SAMPLE_RATE) : int(turn.end * SAMPLE_RATE)] = True
    level = np.sqrt(np.mean(track[spoken] ** 2)) if spoken.any() else LEVEL
    gain = level / (np.sqrt(np.mean(bed**2)) + 1e-9) * 10 ** (-snr_db / 20)
    return np.asarray(track + gain * bed, np.float32)
