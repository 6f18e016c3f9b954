"""The systems that `make eval-diarization` compares: the product, and three that it must be ahead of."""

import hashlib

import numpy as np

from earmark.evaluation.diarization_table import Answer, System
from earmark.evaluation.listeners import baseline
from earmark.evaluation.meetings import Meeting
from earmark.voice.diarization.clustering import Doubles, Likeness, Tuning
from earmark.voice.diarization.hearing import Activity, Embed
from earmark.voice.diarization.naming import THRESHOLD, confidences, name_speakers
from earmark.voice.diarization.pipeline import Diarization, Ears, diarize
from earmark.voice.diarization.turns import Turn
from earmark.voice.engine import SOME_SPEECH, Engine
from earmark.voice.features import SAMPLE_RATE, Floats
from earmark.voice.gallery import make_gallery
from earmark.voice.scoring.calibration import probability

# Fitted by recipes/tune_diarization.py in the same way and on the same meetings as the product's own.
RESEMBLYZER = Tuning(
    likeness=Likeness(offset=-9.4515, short=-2.3567, long=-0.4036, slope=16.8441, seconds=(0.3, 20.0)),
    stop=-2.0,
    together=0.6,
    most_apart=15.0,
    most_same=0.0,
    following=2.0,
    least_seconds=60.0,
    least_share=0.1,
    stop_small=-2.0,
    change=1.0,
    own=0.6,
)
RESEMBLYZER_NAMES = Likeness(offset=-7.7992, short=-0.863, long=-0.1686, slope=14.5898, seconds=(0.3, 20.0))
EVEN = 50.0


class Recalled:
    """A segmenter with a memory, so that systems which share it share its work."""

    def __init__(self, segmenter: Activity, most: int = 4_000) -> None:
        self.segmenter, self.most = segmenter, most
        self.memory: dict[bytes, Floats] = {}

    def activity(self, clip: Floats) -> Floats:
        """As the segmenter's own."""
        key = hashlib.blake2b(np.ascontiguousarray(clip).tobytes(), digest_size=16).digest()
        if key not in self.memory:
            if len(self.memory) >= self.most:
                self.memory.clear()
            self.memory[key] = self.segmenter.activity(clip)
        return self.memory[key]


def product(engine: Engine, segmenter: Activity, *, threshold: float = THRESHOLD) -> System:
    """The product as it runs by default."""
    ears = Ears(segmenter, engine.ears.embed, engine.ears.tuning)

    def answer(meeting: Meeting) -> Answer:
        found = diarize(meeting.samples, ears)
        voiceprints = {name: engine.enrol(clip, rules=SOME_SPEECH) for name, clip in meeting.known.items()}
        voices = make_gallery(voiceprints, model=engine.entry.id, dimension=engine.entry.dimension)
        table = confidences(found.speakers, voices, engine.calibration)
        return _answer(found, table, list(voices.keys), threshold)

    return System(engine.entry.id, answer)


def resemblyzer(segmenter: Activity, *, threshold: float = EVEN) -> System:
    """The same pipeline with another embedding. Raises ImportError without the extra `train`."""
    listener, embed = baseline(), resemblyzer_embed()

    def answer(meeting: Meeting) -> Answer:
        found = diarize(meeting.samples, Ears(segmenter, embed, RESEMBLYZER))
        heard = {name: listener.hear(clip) for name, clip in meeting.known.items()}
        table = np.zeros((len(found.speakers), len(heard)))
        for row, speaker in enumerate(found.speakers):
            for column, voice in enumerate(heard.values()):
                cosine = np.array(float(speaker.vector @ voice.vector))
                llr = RESEMBLYZER_NAMES.llr(cosine, speaker.seconds, voice.seconds)
                table[row, column] = 100.0 * probability(float(llr))
        return _answer(found, table, list(heard), threshold)

    return System("resemblyzer", answer)


def resemblyzer_embed() -> Embed:
    """A unit's samples to the baseline's vector, at the level that it expects, no pauses taken out."""
    import torch
    from resemblyzer import VoiceEncoder
    from resemblyzer.audio import normalize_volume

    torch.set_num_threads(1)
    encoder = VoiceEncoder("cpu", verbose=False)

    def embed(clip: Floats) -> Floats:
        level = normalize_volume(clip, -30, increase_only=True) if np.abs(clip).max() > 0.0 else clip
        return np.asarray(encoder.embed_utterance(level.astype(np.float32)), np.float32)

    return embed


def one_speaker() -> System:
    """One person speaks from the start to the end."""

    def answer(meeting: Meeting) -> Answer:
        return Answer((Turn(0.0, meeting.samples.size / SAMPLE_RATE, "one"),))

    return System("one speaker throughout", answer, names=False)


def one_speaker_where_heard(segmenter: Activity, embed: Embed, tuning: Tuning) -> System:
    """One person speaks wherever the product hears speech: what telling apart must be ahead of."""

    def answer(meeting: Meeting) -> Answer:
        return Answer(diarize(meeting.samples, Ears(segmenter, embed, tuning), speakers=1).turns)

    return System("one speaker where speech is heard", answer, names=False)


def _answer(found: Diarization, table: Doubles, keys: list[str], threshold: float) -> Answer:
    names = {}
    for speaker, match in zip(found.speakers, name_speakers(table, threshold=threshold), strict=True):
        if match is not None:
            names[speaker.name] = keys[match]
    return Answer(found.turns, names)
