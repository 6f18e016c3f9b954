"""The sample clips that ship in the package are whole, small, and as their README says."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from earmark.voice.samples import bad_clips, sample_speakers, stranger_clips

EVERY = [path for clips in sample_speakers().values() for path in clips] + stranger_clips()


def test_seven_speakers_with_five_clips_each_and_a_stranger() -> None:
    speakers = sample_speakers()
    assert len(speakers) == 7
    assert {len(clips) for clips in speakers.values()} == {5}
    assert len(stranger_clips()) == 5
    assert not any(name.startswith("_") for name in speakers)


@pytest.mark.parametrize("path", EVERY, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_clip_is_one_sentence_at_16_khz(path: Path) -> None:
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    assert rate == 16_000
    assert samples.shape[1] == 1
    assert 4.0 <= len(samples) / rate <= 8.5
    assert -26 < 20 * np.log10(np.sqrt(np.mean(samples**2))) < -20
    assert np.max(np.abs(samples)) < 0.99


def test_bad_clips_are_there_and_readable() -> None:
    bad = bad_clips()
    assert set(bad) == {
        "too_short",
        "silent",
        "noise",
        "too_noisy",
        "two_at_once",
        "two_in_turn",
        "telephone",
    }
    for path in bad.values():
        assert soundfile.info(path).frames > 0
    assert soundfile.info(bad["too_short"]).duration < 1.5
    assert soundfile.info(bad["telephone"]).samplerate == 8_000


def test_samples_stay_within_two_megabytes() -> None:
    assert sum(path.stat().st_size for path in [*EVERY, *bad_clips().values()]) < 2_000_000


def test_no_two_clips_are_the_same() -> None:
    assert len({path.read_bytes() for path in EVERY}) == len(EVERY)
