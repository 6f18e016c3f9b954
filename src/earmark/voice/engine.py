"""Recordings to voiceprints, decisions and identifications: all of `voice` in one object, without storage."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from earmark.errors import InvalidRequest, ModelInvalid, ModelMismatch, SpeechTooShort
from earmark.voice.audio import AudioSource, Limits, RawFormat, load_clip
from earmark.voice.embedding import TURN, Embedder
from earmark.voice.features import SAMPLE_RATE, Floats
from earmark.voice.gallery import Gallery, Indices, make_gallery
from earmark.voice.models.catalog import default_home, find_model, load_catalog
from earmark.voice.models.scoring import load_backend
from earmark.voice.quality import (
    ENROL,
    RECOGNISE,
    Quality,
    QualityRules,
    measure,
    refuse,
    several_voices,
)
from earmark.voice.reasons import decision_reasons, identification_reasons
from earmark.voice.scoring.backends import Cosine
from earmark.voice.scoring.calibration import Calibration, probability
from earmark.voice.scoring.decider import Decider
from earmark.voice.scoring.decision import DEFAULT_FMR, Candidate, Decision, Identification
from earmark.voice.scoring.operating import DEFAULT_SEARCH, Aim, follow_strangers, set_point
from earmark.voice.scoring.own_people import WEIGHED as WEIGHED_BESIDE
from earmark.voice.scoring.own_people import OwnPeople
from earmark.voice.scoring.voices import voices_of
from earmark.voice.vad import find_speech, keep_speech, with_margin
from earmark.voice.voiceprint import Embedding, Voiceprint, make_voiceprint

if TYPE_CHECKING:
    from earmark.voice.diarization.pipeline import Diarization, Ears

# What `embed` asks of a clip when it is given no rules: that somebody speaks in it.
SOME_SPEECH = QualityRules(speech_seconds=0.1, snr_db=float("-inf"), clipped=1.0, several_voices=False)
# The detector misses some single words (7 % of Speech Commands), which `embed` then takes whole.
WORD = 2.0  # seconds
WEIGHED = 512  # of a gallery's rows, the nearest by cosine
FAINT = -60.0  # dBFS; below it a clip without detected speech is silence
DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, eq=False)
class _Heard:
    speech: Floats  # (samples,) 16 kHz, the speech of a clip and a little around it
    quality: Quality


class Engine:
    """Speaker recognition on recordings, offline and without storage.

    A recording is a path, bytes, a binary stream, or an array of samples ((samples,) or (samples,
    channels), floats in [-1, 1] or integers of any width; 16 kHz unless `sample_rate` says otherwise).
    Headerless audio needs `raw`. One engine serves many threads at once. Every method raises an
    `AudioError` for a recording that cannot be used, `QualityRefused` (with measure, value and limit)
    for one that is not good enough.
    """

    def __init__(
        self,
        *,
        model: str | None = None,
        home: Path | None = None,
        threads: int = 1,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        """Load a model: the default one, or one that was added under `home` (EARMARK_HOME).

        `threads` embed windows, and hear meetings, side by side; `limits` bound what one recording may
        cost. Raises ModelNotFound and ModelInvalid.
        """
        catalog = load_catalog(default_home() if home is None else home)
        self.entry = find_model(catalog, model)
        self.embedder = Embedder(self.entry, threads=threads)
        self._threads = threads
        self.limits = limits

    def embed(
        self,
        audio: AudioSource,
        *,
        raw: RawFormat | None = None,
        sample_rate: int | None = None,
        rules: QualityRules | None = None,
    ) -> Embedding:
        """One recording to its embedding: `.vector` is (D,) float32 of unit length, of its speech alone.

        Without `rules` any recording with speech in it is taken, however short or noisy, and so is a
        single word (2 s at most) in which no speech was found: its quality then says 0 seconds of speech.
        """
        clip = load_clip(audio, raw=raw, sample_rate=sample_rate, limits=self.limits)
        heard = self._measure(clip, voices=rules is not None and rules.several_voices)
        word = 0 < clip.size <= WORD * SAMPLE_RATE and heard.quality.level_dbfs > FAINT
        if rules is None and not heard.speech.size and word:
            heard = replace(heard, speech=clip)
        else:
            refuse(heard.quality, rules or SOME_SPEECH)
        return self._embeddings([heard])[0]

    def inspect(
        self, audio: AudioSource, *, raw: RawFormat | None = None, sample_rate: int | None = None
    ) -> Quality:
        """How good a recording is; refuses none that can be decoded."""
        clip = load_clip(audio, raw=raw, sample_rate=sample_rate, limits=self.limits)
        return self._measure(clip, voices=True).quality

    def enrol(
        self,
        audios: Iterable[AudioSource] | AudioSource,
        *,
        raw: RawFormat | None = None,
        sample_rate: int | None = None,
        rules: QualityRules = ENROL,
    ) -> Voiceprint:
        """One person's recordings to a voiceprint, one embedding for each.

        Each recording must keep the rules by itself, except that the seconds of speech count together.
        Raises InvalidRequest when there is no recording, SpeechTooShort when there is too little speech
        in all of them.
        """
        spoken = replace(SOME_SPEECH, speech_seconds=min(rules.speech_seconds, SOME_SPEECH.speech_seconds))
        each = replace(rules, speech_seconds=spoken.speech_seconds)
        heard = []
        for audio in _one_or_more(audios):
            clip = load_clip(audio, raw=raw, sample_rate=sample_rate, limits=self.limits)
            heard.append(self._measure(clip, voices=rules.several_voices))
            refuse(heard[-1].quality, spoken)
        seconds = sum(part.quality.speech_seconds for part in heard)
        if heard and seconds < rules.speech_seconds:
            count = f"{len(heard)} recordings" if len(heard) > 1 else "the recording"
            raise SpeechTooShort(
                f"{seconds:.1f} s of speech in {count}, need {rules.speech_seconds:.1f}: "
                "add another recording, or ask for one more sentence.",
                measure="speech_seconds",
                value=seconds,
                limit=rules.speech_seconds,
            )
        for part in heard:
            refuse(part.quality, each)
        return make_voiceprint(self._embeddings(heard))

    def verify(
        self,
        voiceprint: Voiceprint,
        audio: AudioSource,
        *,
        fmr: float = DEFAULT_FMR,
        aim: Aim | None = None,
        own: OwnPeople | None = None,
        key: str = "",
        raw: RawFormat | None = None,
        sample_rate: int | None = None,
        rules: QualityRules = RECOGNISE,
    ) -> Decision:
        """Is this the person of the voiceprint?

        Accepted when the calibrated log-likelihood ratio reaches the threshold of the false-match rate
        `fmr`, the share of impostors that is wrongly accepted in the model's held-out trials; `aim` sets it
        in any other way. `Decision.answer` is "uncertain" for what nearly reaches it. The `own` people of
        the place count as strangers too, all but the one whose `key` it is. Raises
        InvalidRequest for a rate that those trials cannot support, ModelMismatch when another model
        made the voiceprint, ModelInvalid when this model has no calibration.
        """
        decider = self.decider
        point = set_point(decider.calibration, aim or Aim(fmr=fmr))
        self._same_model(voiceprint.model, "This voiceprint")
        tested = self.embed(audio, raw=raw, sample_rate=sample_rate, rules=rules)
        score = float(np.dot(voiceprint.vector, tested.vector))
        enrolled, voice = decider.hear(voices_of([voiceprint])), voices_of([tested])
        llrs = decider.llrs(enrolled, voice) if own is None else own.llrs(decider, [key], enrolled, voice)
        llr = float(llrs.item())
        enrolment = tuple(embedding.quality for embedding in voiceprint.embeddings)
        return Decision(
            accepted=llr >= point.threshold,
            llr=llr,
            probability=probability(llr),
            score=score,
            operating_point=point,
            enrolment_seconds=voiceprint.speech_seconds,
            enrolment_quality=enrolment,
            quality=tested.quality,
            model=self.entry.id,
            reasons=decision_reasons(llr, point, tested.quality, enrolment),
        )

    def identify(
        self,
        voiceprints: Mapping[str, Voiceprint] | Gallery,
        audio: AudioSource,
        *,
        fmr: float | None = None,
        aim: Aim | None = None,
        top: int = 5,
        own: OwnPeople | None = None,
        raw: RawFormat | None = None,
        sample_rate: int | None = None,
        rules: QualityRules = RECOGNISE,
    ) -> Identification:
        """Who of these people is it, if any? The likeliest `top`, best first; `best` is None for nobody.

        Every voiceprint is compared. 1 stranger in 100 is taken for somebody, however many they are
        (ISO/IEC 19795-1 calls the rate FPIR), unless `aim` sets another rate. With `fmr` the rate holds for
        each comparison instead, so that it grows with their number. The `own` people of the place count as
        strangers too, to all but themselves. Raises as `verify` does, and InvalidRequest when `top` is below
        1.
        """
        if top < 1:
            raise InvalidRequest(f"Asked for the best {top} candidates: ask for at least 1.")
        decider = self.decider
        if not isinstance(voiceprints, Gallery):
            voiceprints = make_gallery(voiceprints, model=self.entry.id, dimension=self.entry.dimension)
        point = set_point(
            decider.calibration,
            aim or (DEFAULT_SEARCH if fmr is None else Aim(fmr=fmr)),
            compared=len(voiceprints),
        )
        self._same_model(voiceprints.model, "This gallery")
        tested = self.embed(audio, raw=raw, sample_rate=sample_rate, rules=rules)
        rows, scores, llrs = _likeliest(decider, voiceprints, tested, own, top)
        point = follow_strangers(point, decider.calibration, llrs)
        best = np.argsort(-llrs, kind="stable")[:top]
        candidates = tuple(
            Candidate(
                key=voiceprints.keys[rows[place]],
                accepted=bool(llrs[place] >= point.threshold),
                llr=float(llrs[place]),
                probability=probability(float(llrs[place])),
                score=float(scores[place]),
            )
            for place in best
        )
        return Identification(
            best=candidates[0].key if candidates and candidates[0].accepted else None,
            candidates=candidates,
            operating_point=point,
            quality=tested.quality,
            model=self.entry.id,
            reasons=identification_reasons(
                candidates[0].llr if candidates else None,
                point,
                tested.quality,
                compared=len(voiceprints),
                passed=int(np.count_nonzero(llrs >= point.threshold)),
            ),
        )

    @cached_property
    def ears(self) -> "Ears":
        """What `diarize` hears with: the segmentation network, loaded when first asked for."""
        from earmark.voice.diarization.ears import make_ears

        return make_ears(self.embedder, threads=self._threads)

    def diarize(
        self,
        audio: AudioSource,
        *,
        speakers: int | None = None,
        least: int | None = None,
        most: int | None = None,
        raw: RawFormat | None = None,
        sample_rate: int | None = None,
        limits: Limits | None = None,
        told: Callable[[float], None] | None = None,
    ) -> "Diarization":
        """Who speaks when in a recording of any length, by SPEAKER_00, SPEAKER_01, ...

        As many people as are heard, or exactly `speakers`, or `least` to `most`. The recording is decoded as
        it is heard, so that hours cost time but little memory; `limits` are those of `diarization.source`
        (24 h) unless given. `told` gets the seconds that are done. Without speech there are no turns.
        """
        from earmark.voice.diarization.pipeline import diarize
        from earmark.voice.diarization.source import LONG

        return diarize(
            audio,
            self.ears,
            speakers=speakers,
            least=least,
            most=most,
            raw=raw,
            sample_rate=sample_rate,
            limits=limits or LONG,
            told=told,
        )

    @cached_property
    def decider(self) -> Decider:
        """What verifies and identifies: the model's own back end where it has one, or else its cosines.

        Raises ModelInvalid when nobody knows what the scores mean.
        """
        scoring = self.entry.scoring
        if scoring is None:
            return Decider(Cosine(), self.calibration)
        if scoring.weights != self.entry.sha256:
            raise ModelInvalid(
                f"The back end of model {self.entry.id} was made for other weights: run recipes/calibrate.py."
            )
        return Decider(load_backend(scoring, self.entry.dimension), scoring.ratios)

    @property
    def calibration(self) -> Calibration:
        """What the model's cosines mean. Raises ModelInvalid when nobody knows."""
        calibration = self.entry.calibration
        if calibration is None:
            raise ModelInvalid(
                f"Model {self.entry.id} has no calibration, so its scores have no known error rates: it can "
                "embed, but not verify or identify. Add it again with a calibration, or use another model."
            )
        return calibration

    def _measure(self, clip: Floats, *, voices: bool) -> _Heard:
        """Speech and quality of a clip; comparing its windows for `voices` costs as much as embedding it."""
        segments = find_speech(clip)
        speech = keep_speech(clip, with_margin(segments, clip.size))
        several = False
        if voices and speech.size >= 2 * TURN * SAMPLE_RATE:
            several = several_voices(*self.embedder.windows(speech))
        return _Heard(speech, measure(clip, segments, several_voices=several))

    def _embeddings(self, heard: list[_Heard]) -> list[Embedding]:
        vectors = self.embedder.vectors([part.speech for part in heard])
        return [
            Embedding(vector, part.quality, self.entry.id)
            for vector, part in zip(vectors, heard, strict=True)
        ]

    def _same_model(self, model: str, what: str) -> None:
        if model != self.entry.id:
            raise ModelMismatch(
                f"{what} was made by model {model} and this engine runs {self.entry.id}; scores across "
                f"models mean nothing: use an engine with {model}, or enrol again."
            )


def _likeliest(
    decider: Decider, gallery: Gallery, tested: Embedding, own: OwnPeople | None, top: int
) -> tuple[Indices, Floats, NDArray[np.float64]]:
    """Rows of a gallery that it may be, their cosines and their LLRs.

    All rows are compared by cosine, the nearest `WEIGHED` by the back end, and the likeliest of these beside
    the place's own people. Whoever is not among them is nobody that any operating point accepts: some hundred
    strangers are nearer.
    """
    scores = gallery.scores(tested.vector)
    rows = np.arange(len(gallery))
    if rows.size > WEIGHED:
        rows = np.sort(np.argpartition(-scores, WEIGHED)[:WEIGHED])
    if not rows.size:
        return rows, scores, np.zeros(0)
    heard, voice = gallery.heard(decider.backend, rows), voices_of([tested])
    if own is None or not own.serve(decider):
        return rows, scores[rows], decider.llrs(heard, voice)[:, 0]
    most = max(WEIGHED_BESIDE, top)
    if rows.size > most:
        places = np.sort(np.argpartition(-decider.llrs(heard, voice)[:, 0], most)[:most])
        rows, heard = rows[places], heard.take(places)
    return rows, scores[rows], own.llrs(decider, [gallery.keys[row] for row in rows.tolist()], heard, voice)


def _one_or_more(audios: Iterable[AudioSource] | AudioSource) -> list[AudioSource]:
    """A list of recordings, also when one is given by itself."""
    single = (str, bytes, bytearray, memoryview, PathLike, np.ndarray)
    if isinstance(audios, single) or hasattr(audios, "read"):
        return [cast(AudioSource, audios)]
    return list(audios)
