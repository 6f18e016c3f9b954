"""Speech in which people say the same words several times to trials of passphrases.

A phrase is a word of Speech Commands, or words of a small set joined (their takes are the times that somebody
says the phrase): three times enrol, one more is under test. Strangers say the same phrase, which is what
somebody does who knows it. Fitted on CALIBRATION speakers, measured on TEST speakers.
"""

import csv
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from earmark.errors import QualityRefused
from earmark.evaluation.corpus import Split, read_clips, read_index, split_speakers
from earmark.evaluation.intervals import Trials
from earmark.voice.engine import Engine
from earmark.voice.features import SAMPLE_RATE, Floats
from earmark.voice.scoring.decider import Decider
from earmark.voice.scoring.voices import voices_of
from earmark.voice.vad import find_speech
from earmark.voice.voiceprint import Embedding, Voiceprint

JOINED = {"dspspeech20": 3, "arabic_digits": 5}  # words in a phrase
SETS = (*JOINED, "speech_commands")
PHRASES = 12  # of each joined set
TAKES = 3  # that enrol
PAUSE = np.zeros(SAMPLE_RATE // 20, np.float32)

Takes = dict[str, dict[str, list[Floats]]]  # phrase, speaker, clips (samples,)


@dataclass(frozen=True, eq=False)
class Said:
    """All takes of one set's phrases, embedded."""

    dataset: str
    phrases: dict[str, dict[str, list[Embedding]]]  # by phrase and speaker


def phrases_of(root: Path, dataset: str, split: Split) -> Takes:
    """What the speakers of a split say more than once."""
    rows = read_index(root, dataset)
    splits = split_speakers(dataset, {row.speaker for row in rows})
    with (root / dataset / "index.tsv").open(encoding="utf-8", newline="") as lines:
        texts = [row["text"] for row in csv.DictReader(lines, delimiter="\t")]
    places = [place for place, row in enumerate(rows) if splits[row.speaker] is split]
    words: Takes = defaultdict(lambda: defaultdict(list))
    found = {place: _trimmed(clip) for place, clip in read_clips(root, [rows[place] for place in places])}
    for number, place in enumerate(places):
        words[texts[place]][rows[place].speaker].append(found[number])
    return words if dataset not in JOINED else _joined(words, JOINED[dataset])


def _trimmed(clip: Floats) -> Floats:
    """A clip without the silence around its speech."""
    found = find_speech(clip)
    return clip[found[0].start : found[-1].end] if found else clip


def _joined(words: Takes, count: int) -> Takes:
    draw = np.random.default_rng(3)
    phrases: Takes = {}
    speakers = sorted({speaker for one in words.values() for speaker in one})
    for number in range(PHRASES):
        chosen = draw.permutation(sorted(words))[:count]
        phrases[f"phrase {number}"] = {
            speaker: [
                np.concatenate([piece for word in chosen for piece in (words[word][speaker][take], PAUSE)])
                for take in range(min(len(words[word].get(speaker, ())) for word in chosen))
            ]
            for speaker in speakers
        }
    return phrases


def hear(engine: Engine, root: Path, split: Split) -> Iterator[Said]:
    """Embed every take of every phrase, set by set; what has no speech in it is left out."""
    for dataset in SETS:
        said: dict[str, dict[str, list[Embedding]]] = {}
        for phrase, people in phrases_of(root, dataset, split).items():
            heard = {speaker: _embeddings(engine, takes) for speaker, takes in people.items()}
            said[phrase] = {speaker: takes for speaker, takes in heard.items() if takes}
        yield Said(dataset, said)


def _embeddings(engine: Engine, takes: list[Floats]) -> list[Embedding]:
    found = []
    for clip in takes:
        with suppress(QualityRefused):
            found.append(engine.embed(clip))
    return found


def trials_of(decider: Decider, said: Said, number: int, first: int) -> tuple[Trials, int]:
    """Trials of one set, its `number`, scored by a decider's likelihood ratios.

    Speakers count from `first`; returns the next number too.
    """
    speakers = sorted({speaker for people in said.phrases.values() for speaker in people})
    code = {speaker: first + place for place, speaker in enumerate(speakers)}
    rows: list[tuple[float, int, int, float, float]] = []
    for people in said.phrases.values():
        sides = [(speaker, take, one) for speaker, takes in people.items() for take, one in enumerate(takes)]
        if len(people) < 2:
            continue
        tested = voices_of([one for _, _, one in sides])
        for speaker, takes in people.items():
            for held in range(len(takes)):
                enrolled = [one for take, one in enumerate(takes) if take != held][:TAKES]
                if not enrolled:  # said once: it can be nobody's enrolment
                    continue
                mine = voices_of([Voiceprint(tuple(enrolled))])
                llrs = decider.llrs(mine, tested)[0]
                rows += [
                    (llr, code[speaker], code[other], mine.seconds[0], tested.seconds[place])
                    for place, (llr, (other, take, _)) in enumerate(zip(llrs, sides, strict=True))
                    if (other == speaker) == (take == held and other == speaker)
                ]
    scores, enrol, test, mine_seconds, test_seconds = (np.array(column) for column in zip(*rows, strict=True))
    least = 0.1  # a word that the detector missed has no seconds
    return (
        Trials(
            scores.astype(np.float64),
            enrol.astype(np.int64),
            test.astype(np.int64),
            np.full(scores.size, number, np.int64),
            np.maximum(mine_seconds.astype(np.float64), least),
            np.maximum(test_seconds.astype(np.float64), least),
        ),
        first + len(speakers),
    )
