"""Long recordings section by section: the same people, the same turns, and nothing that grows."""

import weakref
from collections.abc import Iterator

import numpy as np
import pytest

from earmark.voice.diarization import hearing
from earmark.voice.diarization.clustering import Likeness, Tuning, Wanted
from earmark.voice.diarization.hearing import Activity, Heard, hear
from earmark.voice.diarization.pipeline import Diarization, tell_apart
from earmark.voice.diarization.source import open_stretches
from earmark.voice.features import Floats

FRAME = 320
SECONDS = 1_500  # two sections
TUNING = Tuning(
    likeness=Likeness(offset=-5.0, short=0.0, long=0.0, slope=10.0, seconds=(0.3, 30.0)),
    stop=0.0,
    together=0.0,
    most_apart=10.0,
    most_same=0.0,
    following=2.0,
    least_seconds=2.0,
    least_share=1.0,
    stop_small=-6.0,
    change=2.0,
    own=0.5,
)


def spoken() -> np.ndarray:
    """(frames,) 0 for nobody, else the number of the one who speaks: 2 throughout, 1 first, 3 then."""
    rng = np.random.default_rng(4)
    frames, place = np.zeros(50 * SECONDS, np.int8), 40
    while place < frames.size - 1_000:
        length = int(rng.integers(150, 600))
        early = place < frames.size // 2
        frames[place : place + length] = rng.choice([1, 2] if early else [2, 3])
        place += length + int(rng.integers(20, 90))
    return frames


def sound() -> Floats:
    """Samples that say who speaks: a quarter for each number."""
    return np.repeat(spoken(), FRAME).astype(np.float32) * np.float32(0.25)


class Lanes:
    """A segmenter that hears what `spoken` says, with local speakers in any order."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(5)

    def activity(self, clip: Floats) -> Floats:
        who = (4 * clip[::FRAME]).astype(int)
        lanes: Floats = np.eye(4, dtype=np.float32)[who][:, 1:]
        return lanes[:, self.rng.permutation(3)]


def embed(clip: Floats) -> Floats:
    said = np.bincount((4 * clip).astype(int), minlength=4)[1:].astype(np.float32)
    return said / np.float32(np.linalg.norm(said))


def sections(segmenter: Activity | None = None) -> Iterator[Heard]:
    """The recording, heard."""
    with open_stretches(sound(), seconds=hearing.STRETCH_SECONDS, overlap=10) as stretches:
        yield from hear(
            stretches, segmenter or Lanes(), embed, where=lambda clip: np.ones(-(-clip.size // FRAME), bool)
        )


def frames_of(found: Diarization, speaker: str) -> np.ndarray:
    frames = np.zeros(50 * SECONDS, bool)
    for turn in found.turns:
        if turn.speaker == speaker:
            frames[round(50 * turn.start) : round(50 * turn.end)] = True
    return frames


def test_two_sections_say_what_one_says(monkeypatch: pytest.MonkeyPatch) -> None:
    found = tell_apart(sections(), TUNING, Wanted())
    monkeypatch.setattr(hearing, "SECTION", 99)
    whole = tell_apart(sections(), TUNING, Wanted())
    assert len(found.speakers) == len(whole.speakers) == 3
    assert found.seconds == whole.seconds == SECONDS
    assert found.certainty.size == 50 * SECONDS
    truth = spoken()
    for speaker, number in zip(found.speakers, dict.fromkeys(truth[truth > 0].tolist()), strict=True):
        own = frames_of(found, speaker.name)
        assert np.mean(own == (truth == number)) > 0.999
        assert speaker.seconds == pytest.approx(0.02 * np.sum(truth == number), rel=0.02)
        assert speaker.vector[number - 1] > 0.99
    assert [turn.speaker for turn in found.exclusive] == [turn.speaker for turn in whole.exclusive]
    assert np.allclose(found.fits, whole.fits, atol=0.05)
    assert (found.fits.argmax(axis=1) == [int(turn.speaker[-1]) for turn in found.turns]).all()


def test_numbers_that_were_asked_for_hold_over_sections() -> None:
    assert len(tell_apart(sections(), TUNING, Wanted(2, 2)).speakers) == 2
    assert len(tell_apart(sections(), TUNING, Wanted(1, 1)).speakers) == 1


def test_a_silent_section_is_nobody() -> None:
    silence = Heard(starts=[0], windows=[np.zeros((500, 3), np.uint8)], frames=500, whole=False)
    found = tell_apart([silence, silence], TUNING, Wanted())
    assert (found.turns, found.exclusive, found.speakers) == ((), (), ())
    assert found.seconds == 20.0
    first, second = sections()
    second.first += 500 - first.first  # the silence, and what is said after it
    found = tell_apart([silence, second], TUNING, Wanted())
    assert {turn.speaker for turn in found.turns} == {"SPEAKER_00", "SPEAKER_01"}
    assert found.turns[0].start >= 10.0


def test_no_section_is_held_while_the_next_is_heard() -> None:
    seen: list[weakref.ref[Heard]] = []

    class Watching(Lanes):
        def activity(self, clip: Floats) -> Floats:
            assert all(section() is None for section in seen)
            return super().activity(clip)

    def watched() -> Iterator[Heard]:
        made = sections(Watching())
        for heard in made:
            seen.append(weakref.ref(heard))
            yield heard
            del heard

    assert len(tell_apart(watched(), TUNING, Wanted()).speakers) == 3
    assert len(seen) == 2
