"""A recording to a clip whose length a door allows."""

from dataclasses import replace

from earmark.errors import AudioTooShort
from earmark.voice.audio import AudioSource, RawFormat, load_clip
from earmark.voice.engine import Engine
from earmark.voice.features import SAMPLE_RATE, Floats


def load_recording(
    engine: Engine,
    audio: AudioSource,
    *,
    seconds: tuple[float, float] | None = None,
    raw: RawFormat | None = None,
    sample_rate: int | None = None,
) -> Floats:
    """Decode a recording of `seconds` (least and most), within the engine's limits.

    Raises AudioTooShort, AudioTooLong, and what `load_clip` raises.
    """
    least, most = seconds or (0.0, engine.limits.seconds)
    limits = replace(engine.limits, seconds=min(most, engine.limits.seconds))
    clip = load_clip(audio, raw=raw, sample_rate=sample_rate, limits=limits)
    if clip.size < least * SAMPLE_RATE:
        raise AudioTooShort(
            f"The recording lasts {clip.size / SAMPLE_RATE:.1f} s, and at least {least:g} s are needed: "
            "record for longer."
        )
    return clip
