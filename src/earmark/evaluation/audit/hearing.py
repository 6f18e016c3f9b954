"""Clips to embeddings with what was measured of each; those that cannot be used are counted, not fatal."""

import hashlib
import tempfile
import zipfile
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from earmark.errors import AudioCorrupt, AudioError, FileMissing, InvalidRequest
from earmark.evaluation.audit.clips import Clip, Cut
from earmark.evaluation.metrics import Doubles
from earmark.voice.engine import Engine
from earmark.voice.features import Floats
from earmark.voice.quality import RECOGNISE, refusal

BLOCK = 1 << 20


@dataclass(frozen=True, eq=False)
class HeardClip:
    """One clip as the model hears it."""

    vector: Floats  # (D,)
    speech_seconds: float
    snr_db: float
    bandwidth_hz: float
    digest: str  # SHA-256 of the file's bytes, and of the cut
    refused: str  # code of the reason for which `verify` would refuse it, or ""


@dataclass(frozen=True)
class Failure:
    """A clip that gave no embedding: a failure to enrol or acquire (ISO/IEC 19795-1)."""

    clip: Clip
    code: str
    message: str


@dataclass(frozen=True, eq=False)
class Heard:
    """All clips that could be used, in the order in which they were named, and those that could not."""

    clips: tuple[Clip, ...]
    vectors: Floats  # (n, D)
    speech_seconds: Doubles  # (n,)
    snr_db: Doubles  # (n,)
    bandwidth_hz: Doubles  # (n,)
    digests: tuple[str, ...]
    refused: tuple[str, ...]  # (n,) as in HeardClip
    failures: tuple[Failure, ...]

    @property
    def attempts(self) -> int:
        """Clips that were tried."""
        return len(self.clips) + len(self.failures)


class Memory:
    """Embeddings kept in a folder from one run to the next; they are voiceprints, so keep them as such."""

    def __init__(self, folder: Path, model: str) -> None:
        """`model` is the SHA-256 of the weights. Raises InvalidRequest when the folder cannot be made."""
        self._folder = folder / f"{version('earmark')}-{model[:16]}"  # another release may hear otherwise
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise InvalidRequest(
                f"The cache folder cannot be made ({error.strerror}): choose one."
            ) from error

    def find(self, digest: str) -> HeardClip | None:
        """What is remembered of a clip; None when nothing, or when it does not read."""
        try:
            with np.load(self._folder / f"{digest}.npz", allow_pickle=False) as kept:
                numbers = kept["numbers"]
                seconds, snr, bandwidth = map(float, numbers)
                return HeardClip(kept["vector"], seconds, snr, bandwidth, digest, str(kept["refused"]))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None

    def keep(self, heard: HeardClip) -> None:
        """Remember a clip, whole or not at all."""
        numbers = np.array([heard.speech_seconds, heard.snr_db, heard.bandwidth_hz])
        with tempfile.NamedTemporaryFile(dir=self._folder, suffix=".part", delete=False) as part:
            np.savez(part, vector=heard.vector, numbers=numbers, refused=np.array(heard.refused))
        Path(part.name).replace(self._folder / f"{heard.digest}.npz")


def hear_all(
    engine: Engine,
    clips: Sequence[Clip],
    *,
    threads: int = 1,
    strict: bool = False,
    memory: Memory | None = None,
    watch: Callable[[Iterator[Any]], Iterator[Any]] = lambda results: results,
) -> Heard:
    """Embed every clip. `strict` counts what `verify` would refuse as failures too.

    `watch` sees the results pass, to show how far it is. Errors that are about no recording are raised.
    """
    digests: dict[Path, str] = {}

    def digest_of(path: Path) -> str | None:
        """Of a file once, since many cuts may be of one; two threads at once merely both read it."""
        if path not in digests:
            with suppress(OSError):  # embedding it will say why
                digests[path] = _digest_of(path)
        return digests.get(path)

    def work(clip: Clip) -> HeardClip | Failure:
        try:
            heard = _hear(engine, clip, digest_of(clip.path), memory)
        except (AudioError, FileMissing) as error:
            return Failure(clip, error.code, str(error))
        if strict and heard.refused:
            return Failure(clip, heard.refused, "`earmark verify` refuses it.")
        return heard

    with ThreadPoolExecutor(threads) as pool, closing(_in_order(pool, work, clips, 4 * threads)) as results:
        return _gather(clips, list(watch(results)), engine.entry.dimension)


def _in_order(
    pool: ThreadPoolExecutor, work: Callable[[Clip], Any], clips: Sequence[Clip], ahead: int
) -> Generator[HeardClip | Failure]:
    """Results in the clips' order, never more than `ahead` of them waiting."""
    pending = []
    for clip in clips:
        pending.append(pool.submit(work, clip))
        if len(pending) >= ahead:
            yield pending.pop(0).result()
    yield from (future.result() for future in pending)


def _gather(clips: Sequence[Clip], results: Sequence[HeardClip | Failure], dimension: int) -> Heard:
    good = [(clip, one) for clip, one in zip(clips, results, strict=True) if isinstance(one, HeardClip)]
    return Heard(
        clips=tuple(clip for clip, _ in good),
        vectors=np.array([one.vector for _, one in good], np.float32).reshape(-1, dimension),
        speech_seconds=np.array([one.speech_seconds for _, one in good], np.float64),
        snr_db=np.array([one.snr_db for _, one in good], np.float64),
        bandwidth_hz=np.array([one.bandwidth_hz for _, one in good], np.float64),
        digests=tuple(one.digest for _, one in good),
        refused=tuple(one.refused for _, one in good),
        failures=tuple(one for one in results if isinstance(one, Failure)),
    )


def _hear(engine: Engine, clip: Clip, file: str | None, memory: Memory | None) -> HeardClip:
    digest = "" if file is None else _digest_of_cut(file, clip.cut)
    if memory is not None and digest and (known := memory.find(digest)) is not None:
        return known
    if clip.cut is None:
        embedding = engine.embed(clip.path)
    else:
        samples, rate = read_cut(clip.path, clip.cut)
        embedding = engine.embed(samples, sample_rate=rate)
    refused = refusal(embedding.quality, RECOGNISE)
    heard = HeardClip(
        embedding.vector,
        embedding.quality.speech_seconds,
        embedding.quality.snr_db,
        embedding.quality.bandwidth_hz,
        digest,
        "" if refused is None else refused.code,
    )
    if memory is not None:
        memory.keep(heard)
    return heard


def read_cut(path: Path, cut: Cut) -> tuple[Floats, int]:
    """A stretch of a file, (samples, channels), and its sample rate. Raises FileMissing, AudioCorrupt."""
    if not path.is_file():
        raise FileMissing(f"There is no file {path.name}: check the path.")
    try:
        with soundfile.SoundFile(path) as file:
            scale = 1.0 if cut.in_samples else file.samplerate
            start, stop = round(cut.start * scale), min(round(cut.stop * scale), file.frames)
            if start >= stop:
                raise AudioCorrupt("The cut lies behind the end of the recording: check its times.")
            file.seek(start)
            return file.read(stop - start, dtype=np.float32, always_2d=True), file.samplerate
    except (OSError, RuntimeError) as error:
        raise AudioCorrupt(
            f"No stretch can be cut out of it ({type(error).__name__}): cut from WAV, FLAC, MP3 or Ogg."
        ) from error


def _digest_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _digest_of_cut(file: str, cut: Cut | None) -> str:
    return file if cut is None else hashlib.sha256(f"{file} {cut}".encode()).hexdigest()
