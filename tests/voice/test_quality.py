"""Quality measures against known mixtures, and refusals that say what to do."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from numpy.typing import NDArray

import earmark
from earmark.errors import (
    AudioClipped,
    AudioSilent,
    QualityRefused,
    SeveralVoices,
    SpeechTooNoisy,
    SpeechTooShort,
)
from earmark.voice import levels
from earmark.voice.features import SAMPLE_RATE, Floats
from earmark.voice.quality import (
    ENROL,
    RECOGNISE,
    Quality,
    QualityRules,
    is_telephone,
    measure,
    refuse,
    several_voices,
)
from earmark.voice.vad import Segment, find_speech, keep_speech

SAMPLES = Path(earmark.__file__).parent / "samples"
SPEAKERS = ("ada", "ben", "clara", "dima", "eva", "gwen", "hana")
GOOD = Quality(
    speech_seconds=6.0,
    total_seconds=8.0,
    snr_db=25.0,
    clipped=0.0,
    bandwidth_hz=7_500.0,
    level_dbfs=-23.0,
    several_voices=False,
)


def sample(name: str) -> Floats:
    clip, rate = soundfile.read(SAMPLES / name, dtype="float32")
    return np.asarray(clip if rate == SAMPLE_RATE else soxr.resample(clip, rate, SAMPLE_RATE), np.float32)


def talk(speaker: str) -> tuple[Floats, list[Segment]]:
    """Two sentences with a second of silence around each, and where the speech lies in them."""
    silence = np.zeros(SAMPLE_RATE, np.float32)
    clip = np.concatenate(
        [silence, sample(f"{speaker}/1.opus"), silence, sample(f"{speaker}/2.opus"), silence]
    )
    return clip, find_speech(clip)


def with_noise(clip: Floats, segments: list[Segment], snr_db: float, *, seed: int = 1) -> Floats:
    """White noise at a ratio to the speech itself, not to the clip with its pauses."""
    noise = np.random.default_rng(seed).normal(0, 1, clip.size)
    gain = keep_speech(clip, segments).std() * 10 ** (-snr_db / 20)
    return np.asarray(clip + gain * noise, np.float32)


def band_limited(clip: Floats, highest: float) -> Floats:
    spectrum = np.fft.rfft(clip)
    spectrum[int(highest / (SAMPLE_RATE / 2) * (spectrum.size - 1)) :] = 0
    return np.fft.irfft(spectrum, clip.size).astype(np.float32)


def of(clip: Floats, segments: list[Segment] | None = None) -> Quality:
    return measure(clip, find_speech(clip) if segments is None else segments, several_voices=False)


@pytest.mark.parametrize("speaker", ["ada", "dima", "hana"])
def test_snr_of_known_mixtures_with_pauses(speaker: str) -> None:
    clip, segments = talk(speaker)
    truth = np.array([0, 5, 10, 20, 30])
    found = np.array([of(with_noise(clip, segments, snr), segments).snr_db for snr in truth])
    assert (np.diff(found) > 0).all()
    np.testing.assert_allclose(found, truth, atol=2.0)


@pytest.mark.parametrize("speaker", ["ada", "dima", "hana"])
def test_snr_of_known_mixtures_as_the_detector_hears_them(speaker: str) -> None:
    clip, segments = talk(speaker)
    truth = np.array([5, 10, 20, 30])
    found = np.array([of(with_noise(clip, segments, snr)).snr_db for snr in truth])
    assert (np.diff(found) > 0).all()
    np.testing.assert_allclose(found, truth, atol=4.0)


@pytest.mark.parametrize("speaker", ["ada", "dima", "hana"])
def test_snr_without_any_pause(speaker: str) -> None:
    clip = keep_speech(*talk(speaker))
    whole = [Segment(0, clip.size)]
    found = np.array([of(with_noise(clip, whole, snr), whole).snr_db for snr in (0, 5, 10, 20, 30, 40)])
    assert (np.diff(found) > 0).all()
    np.testing.assert_allclose(found[:4], [0, 5, 10, 20], atol=4.0)
    assert found[-1] > 20


def test_a_noise_gate_does_not_hide_the_noise() -> None:
    clip, segments = talk("ada")
    noisy = with_noise(clip, segments, 5)
    gated = 0.001 * noisy  # pauses 60 dB down
    for segment in segments:
        gated[segment.start : segment.end] = noisy[segment.start : segment.end]
    assert of(gated, segments).snr_db < 20


def test_digital_silence_is_not_taken_for_a_quiet_room() -> None:
    clip, segments = talk("ben")
    noisy = with_noise(clip, segments, 10)
    muted = np.zeros_like(noisy)
    for segment in segments:
        muted[segment.start : segment.end] = noisy[segment.start : segment.end]
    assert of(muted, segments).snr_db == pytest.approx(10, abs=4)


@pytest.mark.parametrize("speaker", ["ada", "dima", "hana"])
def test_bandwidth_of_what_reaches_us(speaker: str) -> None:
    clip = sample(f"{speaker}/1.opus")
    assert of(clip).bandwidth_hz > 6_000
    for highest in (3_400, 4_000, 6_000):
        assert of(band_limited(clip, highest)).bandwidth_hz == pytest.approx(highest, rel=0.08)


def test_finds_telephone_speech() -> None:
    telephone = of(sample("_bad/telephone.wav"))
    assert 3_300 < telephone.bandwidth_hz < 4_700
    assert is_telephone(replace(telephone, snr_db=30.0))
    assert not is_telephone(replace(telephone, snr_db=5.0))  # noise alone could hide the rest
    assert not is_telephone(of(sample("ada/5.opus")))
    assert not is_telephone(replace(GOOD, bandwidth_hz=0.0))


def test_bandwidth_counts_speech_and_not_noise() -> None:
    clip, segments = talk("clara")
    narrow = band_limited(clip, 4_000)
    assert of(with_noise(narrow, segments, 30), segments).bandwidth_hz < 4_700


@pytest.mark.parametrize("fraction", [0.005, 0.02, 0.05, 0.2])
@pytest.mark.parametrize("speaker", ["ada", "dima", "hana"])
def test_clipping_is_found_wherever_the_tops_lie(speaker: str, fraction: float) -> None:
    speech = keep_speech(*talk(speaker))
    top = np.quantile(np.abs(speech), 1 - fraction)
    cut = np.clip(speech, -top, top).astype(np.float32)
    for clip in (cut / top, np.round(0.3 * cut / top * 32_768) / 32_768, cut * np.float32(0.1), cut + 0.05):
        assert levels.clipped(clip.astype(np.float32)) == pytest.approx(fraction, abs=0.001, rel=0.15)


def test_clipping_is_found_after_resampling() -> None:
    high = soxr.resample(keep_speech(*talk("ben")), SAMPLE_RATE, 48_000)
    top = np.quantile(np.abs(high), 0.9)
    cut = soxr.resample(np.clip(high, -top, top) / top, 48_000, SAMPLE_RATE).astype(np.float32)
    assert 0.05 < levels.clipped(cut) < 0.12


@pytest.mark.parametrize("speaker", SPEAKERS)
def test_clean_speech_is_not_clipped(speaker: str) -> None:
    speech = keep_speech(*talk(speaker))
    loud = (speech / np.abs(speech).max()).astype(np.float32)  # touches full scale once
    coarse = np.round(speech * 128) / 128  # 8 bits
    steps = np.sign(loud) * np.expm1(
        np.round(np.log1p(255 * np.abs(loud)) / np.log(256) * 127) / 127 * np.log(256)
    )
    for clip in (speech, loud, coarse, steps / 255, -loud):
        assert levels.clipped(clip.astype(np.float32)) < 0.01


def test_the_telephone_sample_is_not_clipped() -> None:
    assert of(sample("_bad/telephone.wav")).clipped < 0.01


def test_level_is_that_of_the_speech() -> None:
    tone = (0.1 * np.sqrt(2) * np.sin(np.arange(SAMPLE_RATE) * 0.3)).astype(np.float32)
    clip = np.concatenate([tone, np.zeros(SAMPLE_RATE, np.float32)])
    assert of(clip, [Segment(0, SAMPLE_RATE)]).level_dbfs == pytest.approx(-20.0, abs=0.1)
    assert of(clip + np.float32(0.2), [Segment(0, SAMPLE_RATE)]).level_dbfs == pytest.approx(-20.0, abs=0.1)


def test_seconds_are_those_of_the_segments() -> None:
    quality = of(np.zeros(48_000, np.float32), [Segment(0, 16_000), Segment(20_000, 28_000)])
    assert (quality.speech_seconds, quality.total_seconds) == (1.5, 3.0)


@pytest.mark.parametrize("samples", [0, 1, 511, 512, 16_000])
def test_a_clip_without_speech_has_finite_measures(samples: int) -> None:
    quality = of(np.full(samples, 0.01, np.float32), [])
    assert quality == Quality(0.0, samples / SAMPLE_RATE, 0.0, 0.0, 0.0, quality.level_dbfs, False)
    assert np.isfinite(quality.level_dbfs)


def test_a_segment_below_one_spectrum_is_measured() -> None:
    clip = np.random.default_rng(1).normal(0, 0.1, 16_000).astype(np.float32)
    assert np.isfinite(of(clip, [Segment(100, 300)]).snr_db)


def test_a_long_clip_keeps_few_spectra() -> None:
    clip = np.random.default_rng(1).normal(0, 0.1, 200 * SAMPLE_RATE).astype(np.float32)
    spectra = levels.find_spectra(clip, [Segment(0, 120 * SAMPLE_RATE)])
    assert spectra.speech.shape[0] == levels.MOST_FRAMES
    assert spectra.between.shape[0] == levels.MOST_FRAMES


REFUSALS = [
    (
        replace(GOOD, speech_seconds=2.13),
        SpeechTooShort,
        "speech_seconds",
        "2.1 s of speech, need 4 s: ask for one more sentence.",
    ),
    (
        replace(GOOD, speech_seconds=3.99),
        SpeechTooShort,
        "speech_seconds",
        "3.9 s of speech, need 4 s: ask for one more sentence.",
    ),
    (
        replace(GOOD, speech_seconds=0.3),
        SpeechTooShort,
        "speech_seconds",
        "0.3 s of speech, need 4 s: ask for 2 more sentences.",
    ),
    (
        replace(GOOD, speech_seconds=0.0, total_seconds=5.0, level_dbfs=-62.0),
        AudioSilent,
        "speech_seconds",
        "0.0 s of speech in 5.0 s of sound at -62 dBFS, need 4 s: "
        "check that the right microphone is on, and speak.",
    ),
    (
        replace(GOOD, snr_db=4.96),
        SpeechTooNoisy,
        "snr_db",
        "The speech is 4 dB over the noise, need 5 dB: "
        "record again in a quieter place, or closer to the microphone.",
    ),
    (
        replace(GOOD, clipped=0.051),
        AudioClipped,
        "clipped",
        "6 % of the speech is cut off at its peaks, at most 5 % may be: "
        "lower the recording level, or move away from the microphone, and record again.",
    ),
    (
        replace(GOOD, several_voices=True),
        SeveralVoices,
        "several_voices",
        "More than 1 voice is likely, need exactly 1: "
        "record the person alone, without other people, radio or television.",
    ),
]


@pytest.mark.parametrize(("quality", "error", "field", "message"), REFUSALS)
def test_a_refusal_names_measure_value_limit_and_advice(
    quality: Quality, error: type[QualityRefused], field: str, message: str
) -> None:
    with pytest.raises(error) as caught:
        refuse(quality, ENROL)
    assert type(caught.value) is error
    assert str(caught.value) == message
    assert caught.value.measure == field
    if field != "several_voices":
        assert caught.value.value == getattr(quality, field)
        assert caught.value.limit == getattr(ENROL, field)


def test_what_just_keeps_the_rules_passes() -> None:
    for rules in (ENROL, RECOGNISE):
        refuse(GOOD, rules)
        refuse(
            replace(GOOD, speech_seconds=rules.speech_seconds, snr_db=rules.snr_db, clipped=rules.clipped),
            rules,
        )
    refuse(replace(GOOD, several_voices=True), RECOGNISE)


def test_nothing_is_asked_of_noise_or_voices_when_the_rules_do_not() -> None:
    anything = QualityRules(speech_seconds=0.1, snr_db=float("-inf"), clipped=1.0, several_voices=False)
    refuse(replace(GOOD, speech_seconds=0.2, snr_db=-10, clipped=1.0, several_voices=True), anything)


@pytest.mark.parametrize(
    ("name", "error"),
    [("silent.opus", AudioSilent), ("noise.opus", AudioSilent), ("too_short.opus", SpeechTooShort)],
)
def test_the_bad_samples_are_refused(name: str, error: type[QualityRefused]) -> None:
    with pytest.raises(error):
        refuse(of(sample(f"_bad/{name}")), ENROL)


def test_the_noisy_sample_is_refused() -> None:
    with pytest.raises(SpeechTooNoisy):
        refuse(of(sample("_bad/too_noisy.opus")), ENROL)


@pytest.mark.parametrize("speaker", SPEAKERS)
def test_the_good_samples_are_accepted(speaker: str) -> None:
    refuse(of(sample(f"{speaker}/1.opus")), ENROL)


def voice(seed: int, windows: int, *, spread: float = 1.0) -> Floats:
    """Unit vectors of one voice; with spread 1 two of its windows have a cosine near 0.5."""
    random = np.random.default_rng(seed)
    centre = random.standard_normal(256)
    vectors = centre / np.linalg.norm(centre) + spread * random.standard_normal((windows, 256)) / 16
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def lasting(vectors: Floats, each: float = 1.5) -> NDArray[np.float64]:
    return np.full(len(vectors), each)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("windows", [0, 1, 2, 3, 8, 40])
def test_one_voice_is_one(seed: int, windows: int) -> None:
    vectors = voice(seed, windows)
    assert not several_voices(vectors, lasting(vectors))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("parts", [(4, 4), (6, 2), (2, 2), (20, 20)])
def test_two_voices_are_two(seed: int, parts: tuple[int, int]) -> None:
    vectors = np.concatenate([voice(seed, parts[0]), voice(100 + seed, parts[1])])
    assert several_voices(vectors, lasting(vectors))
    shuffled = np.random.default_rng(seed).permutation(len(vectors))
    assert several_voices(vectors[shuffled], lasting(vectors))


def test_a_short_interruption_is_not_a_second_voice() -> None:
    vectors = np.concatenate([voice(1, 6), voice(2, 1)])
    assert not several_voices(vectors, lasting(vectors))
    vectors = np.concatenate([voice(1, 6), voice(2, 2)])
    assert not several_voices(vectors, np.array([1.5] * 6 + [0.9] * 2))
    assert several_voices(vectors, np.array([1.5] * 6 + [1.1] * 2))
