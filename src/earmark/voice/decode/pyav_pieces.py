"""WebM, M4A, MP4, 3GP, AMR and AAC to blocks of samples, through PyAV (the extra `media`).

FFmpeg is large and trusts its input: the demuxer is named, so that nothing is guessed, formats and decoders
are listed, so that no other code runs, and whatever it raises becomes one error.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO

from earmark.errors import (
    AudioCodecMissing,
    AudioCorrupt,
    AudioEmpty,
    AudioError,
    AudioTooLong,
    AudioUnsupported,
    AudioWithoutSound,
)
from earmark.voice.decode.arrays import as_float
from earmark.voice.decode.limits import Floats, Limits, Sound, check_shape
from earmark.voice.decode.whole import too_long

if TYPE_CHECKING:
    from av import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer

# An SDP, concat or playlist text would open sockets and other files: those demuxers are not in the list.
FORMATS = (
    "wav,mp3,flac,ogg,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,aac,amr,amrnb,amrwb,caf,aiff,au,w64,nistsphere"
)
# No video decoder is here, so that a video's pictures are never decoded.
CODECS = (
    "opus,libopus,vorbis,libvorbis,aac,aac_fixed,mp3,mp3float,mp2,mp2float,mp1,"
    "mp1float,flac,alac,speex,libspeex,amrnb,amrwb,libopencore_amrnb,libopencore_amrwb,gsm,gsm_ms,"
    "g722,g726,g726le,adpcm_ms,adpcm_ima_wav,adpcm_ima_qt,pcm_u8,pcm_s8,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,"
    "pcm_s32be,pcm_f32le,pcm_f32be,pcm_f64le,pcm_f64be,pcm_alaw,pcm_mulaw"
)
PACKETS_A_SECOND = 1_000  # the shortest packet of the codecs above lasts 2.5 ms
DAMAGED = "the recording is damaged or was cut: record or export it again"


def import_av() -> Any:
    """PyAV, imported when first needed. Raises AudioCodecMissing."""
    try:
        import av
    except ImportError:
        raise AudioCodecMissing(
            "this format needs the extra `media`: pip install 'earmark[media]', or send WAV, FLAC, MP3 or Ogg"
        ) from None
    return av


@contextmanager
def open_pyav(file: BinaryIO, demuxer: str, limits: Limits) -> Iterator[Sound]:
    """A seekable file as a Sound, read with the demuxer of that name.

    Raises AudioCodecMissing, AudioCorrupt, AudioWithoutSound, AudioUnsupported, AudioEmpty; its blocks
    AudioCorrupt, AudioTooLong and AudioUnsupported.
    """
    av = import_av()
    file.seek(0)
    options = {
        "format_whitelist": FORMATS,
        "codec_whitelist": CODECS,
        "protocol_whitelist": "none",
    }
    if demuxer == "mov":
        options["advanced_editlist"] = "0"  # each edit may copy the whole index: memory without a bound
    # Until 18 a title in Latin-1 raises unless told otherwise; 19 has no such argument.
    titles = {"metadata_errors": "ignore"} if int(av.__version__.split(".")[0]) < 19 else {}
    try:
        container = av.open(file, "r", format=demuxer, options=options, **titles)
    except Exception:
        raise AudioCorrupt(DAMAGED) from None
    try:
        stream = _sound_track(container)
        frames = _frames(container, stream, limits)
        first = next(frames, None)
        if first is None:
            raise AudioEmpty("the recording has a sound track without sound: record it again")
        rate, channels = first.sample_rate, first.layout.nb_channels
        yield Sound(rate, channels, _blocks(chain([first], frames), rate, channels, limits))
    finally:
        container.close()


def _sound_track(container: "InputContainer") -> "AudioStream":
    """The first sound track, once its codec, rate and channels are known to be sane."""
    if not container.streams.audio:
        raise AudioWithoutSound("there is no sound track in this file: send one that has sound")
    stream = container.streams.audio[0]
    context = stream.codec_context
    if context is None or context.name not in CODECS.split(","):
        raise AudioUnsupported("its sound is in an unsupported codec: convert it to WAV, FLAC, Opus or AAC")
    check_shape(context.sample_rate or 16_000, context.channels or 1)
    return stream


def _frames(container: "InputContainer", stream: "AudioStream", limits: Limits) -> Iterator["AudioFrame"]:
    """Decoded frames; packets are counted too, since one may hold no sound at all."""
    try:
        for count, packet in enumerate(container.demux(stream)):
            if count > limits.seconds * PACKETS_A_SECOND:
                raise AudioTooLong(too_long(limits))
            for frame in packet.decode():
                if frame.samples:
                    yield frame
    except AudioError:
        raise
    except Exception:  # FFmpegError, EOFError, UnicodeDecodeError, IndexError, MemoryError, ...: a zoo
        raise AudioCorrupt(DAMAGED) from None


def _blocks(frames: Iterator["AudioFrame"], rate: int, channels: int, limits: Limits) -> Iterator[Floats]:
    check_shape(rate, channels)
    for frame in frames:
        if (frame.sample_rate, frame.layout.nb_channels) != (rate, channels):
            raise AudioUnsupported("its rate or channels change midway: convert it to one WAV file")
        if frame.samples > limits.seconds * rate:
            raise AudioTooLong(too_long(limits))
        try:
            samples = frame.to_ndarray()
        except Exception:
            raise AudioCorrupt(DAMAGED) from None
        yield as_float(samples.T if frame.format.is_planar else samples.reshape(-1, channels))
