"""Clips whose words are known to trials of the phrase checker: what was claimed, by whom, and the evidence.

Real sentences of children and adults, digits of six people joined to challenges, and synthetic voices that
say given phrases; each over several channels.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from earmark.evaluation.conditions import read_scenery
from earmark.evaluation.corpus import Split, read_clips
from earmark.evaluation.phrases import (
    CHANNELS,
    Claim,
    Claimed,
    arriving,
    checkable,
    claims,
    embedded,
    truncated,
    vocabulary,
)
from earmark.evaluation.synthetic import Voice, draw_voice, speak, variants
from earmark.evaluation.texts import Spoken, spoken_rows
from earmark.voice.features import SAMPLE_RATE, Floats
from earmark.voice.phrase.network import STEP_SECONDS, PhoneEar
from earmark.voice.phrase.pronunciations import DIGITS, words_of
from earmark.voice.phrase.scoring import Weighed, hold

ADULTS, CHILDREN, DIGIT_STRINGS, SYNTHETIC = "adults", "children", "joined digits", "synthetic voices"
DIGITS_ASKED = 6
STRINGS = 30  # of each speaker of single digits


@dataclass(frozen=True, eq=False)
class Trial:
    """One claim about one clip, and what speaks for it."""

    kind: Claim
    who: str
    channel: str
    speaker: str
    said: tuple[bool, ...]  # of each claimed word, whether it is truly said
    weighed: Weighed


class Listener:
    """The network and the world that clips come through."""

    def __init__(self, root: Path, ear: PhoneEar) -> None:
        self.ear, self.scenery = ear, read_scenery(root)

    def hear(self, clip: Floats, channel: str, seed: tuple[int, ...]) -> Floats:
        """Phone probabilities (T, phones) of a clip over a channel."""
        return self.ear.hear(arriving(clip, channel, self.scenery, seed))


def weigh_claim(chances: Floats, claimed: str) -> Weighed:
    """A claimed phrase held against a clip, without the large arrays."""
    weighed = hold(chances, words_of(claimed))
    none = np.zeros((0, 0), np.float32)
    return replace(weighed, evidence=replace(weighed.evidence, done=none, better=none))


def real_sentences(
    root: Path, split: Split, listener: Listener, *, most: int, each: int = 1, edges: bool = True
) -> Iterator[Trial]:
    """Trials of at most `most` sentences of each speaker of a split, every channel in turn.

    With `edges` the phrase is also cut off, and put between other sentences of the same speaker.
    """
    rows = [said for said in spoken_rows(root, "speechocean762", split) if checkable(said.text)]
    texts, words = [said.text for said in rows], vocabulary([said.text for said in rows])
    by_speaker: dict[str, list[Spoken]] = {}
    for said in rows:
        by_speaker.setdefault(said.row.speaker, []).append(said)
    for number, (speaker, all_said) in enumerate(sorted(by_speaker.items())):
        draw = np.random.default_rng((21, number))
        chosen = [all_said[place] for place in draw.permutation(len(all_said))[:most]]
        clips = dict(read_clips(root, [said.row for said in chosen]))
        for place, said in enumerate(chosen):
            who = CHILDREN if said.child else ADULTS
            made = claims(said.text, texts, words, draw, each=each)
            for step, channel in enumerate(CHANNELS):
                seed = (number, place, step)
                chances = listener.hear(clips[place], channel, seed)
                heard = [tried(one, who, channel, speaker, chances) for one in made]
                yield from heard
                if edges:
                    cuts = heard[0].weighed.evidence.cuts * STEP_SECONDS
                    others = clips[(place + 1) % len(chosen)], clips[(place + 2) % len(chosen)]
                    changed = {
                        Claim.TRUNCATED: truncated(clips[place], cuts[0], cuts[-1], draw),
                        Claim.EMBEDDED: embedded(others[0], clips[place], others[1], draw),
                    }
                    for kind, clip in changed.items():
                        yield tried(
                            replace(made[0], kind=kind),
                            who,
                            channel,
                            speaker,
                            listener.hear(clip, channel, seed),
                        )


def tried(claimed: Claimed, who: str, channel: str, speaker: str, chances: Floats) -> Trial:
    """A claim held against the phone probabilities of a clip."""
    return Trial(claimed.kind, who, channel, speaker, claimed.said, weigh_claim(chances, claimed.phrase))


def joined_digits(
    root: Path, listener: Listener, *, each: int = 1, strings: int = STRINGS
) -> Iterator[Trial]:
    """Challenges of six digits, joined from single digits of the speakers of `fsdd`, all for testing."""
    rows = spoken_rows(root, "fsdd", Split.TEST)
    draw = np.random.default_rng(22)
    for speaker in sorted({said.row.speaker for said in rows}):
        own = [said for said in rows if said.row.speaker == speaker]
        yield from _challenges(root, listener, own, speaker, draw, each=each, strings=strings)


def mixed_digits(root: Path, split: Split, listener: Listener, *, strings: int) -> Iterator[Trial]:
    """The same of Speech Commands, where nobody says them all: every digit by somebody else."""
    rows = [said for said in spoken_rows(root, "speech_commands", split) if said.text in DIGITS]
    yield from _challenges(root, listener, rows, None, np.random.default_rng(23), each=1, strings=strings)


def _challenges(
    root: Path,
    listener: Listener,
    rows: list[Spoken],
    speaker: str | None,
    draw: np.random.Generator,
    *,
    each: int,
    strings: int,
) -> Iterator[Trial]:
    clips = dict(read_clips(root, [said.row for said in rows]))
    own: dict[str, list[int]] = {}
    for place, said in enumerate(rows):
        own.setdefault(said.text, []).append(place)
    for number in range(strings):
        asked = [str(word) for word in draw.choice(sorted(own), DIGITS_ASKED)]
        pieces = [np.zeros(int(draw.uniform(0.2, 0.5) * SAMPLE_RATE), np.float32)]
        for word in asked:
            pieces.append(clips[int(draw.choice(own[word]))])
            pieces.append(np.zeros(int(draw.uniform(0.02, 0.2) * SAMPLE_RATE), np.float32))
        others = [" ".join(draw.choice(DIGITS, DIGITS_ASKED)) for _ in range(20)]
        made = claims(" ".join(asked), others, DIGITS, draw, each=each)
        channel = list(CHANNELS)[number % len(CHANNELS)]
        chances = listener.hear(np.concatenate(pieces), channel, (number, 23))
        for one in made:
            yield tried(one, DIGIT_STRINGS, channel, speaker or f"mixture {number % 10}", chances)


def synthetic_voices(
    phrases: Sequence[str],
    words: Sequence[str],
    split: Split,
    listener: Listener,
    *,
    voices: int,
    each: int = 1,
) -> Iterator[Trial]:
    """Every phrase said by so many made voices of a split, over one channel each, in turn."""
    draw = np.random.default_rng(24 if split is Split.TEST else 25)
    names = variants(split)
    for number in range(voices):
        voice = draw_voice(draw, [names[number % len(names)]])
        for place, phrase in enumerate(phrases):
            channel = list(CHANNELS)[(number + place) % len(CHANNELS)]
            clip = np.pad(_varied(phrase, voice, draw), draw.integers(3_000, 10_000, 2))
            clip = clip + draw.standard_normal(clip.size).astype(np.float32) * np.float32(3e-4)
            chances = listener.hear(clip, channel, (number, place))
            for one in claims(phrase, phrases, words, draw, each=each):
                yield tried(one, SYNTHETIC, channel, voice.variant, chances)


def _varied(text: str, voice: Voice, draw: np.random.Generator) -> Floats:
    return speak(text, replace(voice, speed=int(np.clip(voice.speed + draw.integers(-12, 13), 90, 220))))
