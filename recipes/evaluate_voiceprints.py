"""Speech folder to what enrolling more, and learning from recognitions, are worth (`make eval-voiceprints`).

On TEST speakers of speechocean762, who said 20 short sentences each, on one occasion: what another day or
microphone is worth cannot be seen there. Prints Markdown and writes it to --out.
"""

import sys
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from options import parser_of, recordings

from earmark.evaluation.averages import error_rates
from earmark.evaluation.corpus import Split, read_clips, rows_of
from earmark.evaluation.intervals import Estimate, Trials, measure
from earmark.evaluation.metrics import eer_of
from earmark.service.following import sure_of
from earmark.storage.learned import blend
from earmark.storage.values import Learned
from earmark.voice.engine import Engine
from earmark.voice.scoring.decider import Decider
from earmark.voice.scoring.operating import Aim, set_point
from earmark.voice.scoring.voices import voices_of
from earmark.voice.voiceprint import Embedding, Voiceprint

SET = "speechocean762"
ENROLLED = (1, 2, 4, 6, 8, 10, 12)  # sentences
TESTED = 8  # others of the same person
STRANGERS = 3  # sentences of every other person
TEACHING = 4  # recordings of two sentences
FMR = 0.01
NOW = datetime.now(UTC)

People = dict[str, list[Embedding]]


def main() -> int:
    """Run it."""
    parser = parser_of(__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/models/figures/voiceprints.md"))
    parser.add_argument("--split", type=Split, default=Split.TEST, help="calibration to choose numbers by")
    asked = parser.parse_args()
    root = recordings(asked)
    engine = Engine()
    singles, pairs = hear(engine, root, asked.split)
    lines = [
        f"{len(singles)} {asked.split.value} speakers of {SET}; threshold of {engine.entry.id} for a "
        f"false-match rate of {FMR:g}; 95 % intervals over speakers. Written by `make eval-voiceprints`.",
        *("", "| enrolled speech | EER | FMR | FNMR |", "| --: | --: | --: | --: |"),
        *(seconds_row(engine.decider, singles, count) for count in ENROLLED),
        *("", *learning(engine.decider, pairs)),
    ]
    text = "\n".join(lines) + "\n"
    print(text)
    asked.out.write_text(text, encoding="utf-8")
    return 0


def hear(engine: Engine, root: Path, split: Split) -> tuple[People, People]:
    """Embeddings of every sentence, and of every two sentences joined, by speaker."""
    rows = rows_of(root, SET, split)
    clips = defaultdict(list)
    for place, clip in read_clips(root, rows):
        clips[rows[place].speaker].append(clip)
    singles = {name: [engine.embed(clip) for clip in found] for name, found in sorted(clips.items())}
    pairs = {
        name: [engine.embed(np.concatenate(two)) for two in zip(found[::2], found[1::2], strict=False)]
        for name, found in sorted(clips.items())
    }
    return singles, pairs


def seconds_row(decider: Decider, people: People, count: int) -> str:
    """One row: so many sentences enrolled, drawn at random."""
    draw = np.random.default_rng(1)
    enrolled, tested = {}, {}
    for name, found in people.items():
        order = draw.permutation(len(found))
        enrolled[name] = Voiceprint(tuple(found[place] for place in order[:count]))
        tested[name] = [found[place] for place in order[-TESTED:]]
    trials = compare(decider, enrolled, tested, people)
    found_eer = measure(trials, {"EER": eer_of})["EER"]
    threshold = set_point(decider.calibration, Aim(fmr=FMR)).threshold
    fmr, fnmr = error_rates(trials, threshold)
    seconds = np.mean([one.speech_seconds for one in enrolled.values()])
    return f"| {seconds:.1f} s | {percent(found_eer)} | {percent(fmr)} | {percent(fnmr)} |"


def learning(decider: Decider, people: People) -> list[str]:
    """What voiceprints of two sentences learn from others of theirs, among as many of strangers, and gain."""
    draw = np.random.default_rng(2)
    usual = set_point(decider.calibration, Aim(fmr=0.001))
    sure = set_point(decider.calibration, sure_of(usual))
    before, after, tested = {}, {}, {}
    taught = {True: 0, False: 0}
    tried = {True: 0, False: 0}
    for name, found in people.items():
        order = [found[place] for place in draw.permutation(len(found))]
        enrolled, known = Voiceprint((order[0],)), None
        strangers = [other[draw.integers(len(other))] for key, other in people.items() if key != name]
        coming = [(one, True) for one in order[1 : 1 + TEACHING]] + [(one, False) for one in strangers]
        for place in draw.permutation(len(coming)):
            heard, own = coming[place]
            tried[own] += 1
            accepted = llr(decider, moved(enrolled, known), heard) >= usual.threshold
            if accepted and llr(decider, enrolled, heard) >= sure.threshold:
                taught[own] += 1
                known = blend(known, heard, NOW)
        before[name], after[name] = enrolled, moved(enrolled, known)
        tested[name] = order[1 + TEACHING :]
    rows = [
        "| learning, two sentences enrolled | EER | FMR | FNMR |",
        "| --- | --: | --: | --: |",
    ]
    for words, prints in (("as enrolled", before), ("after learning", after)):
        trials = compare(decider, prints, tested, people)
        threshold = set_point(decider.calibration, Aim(fmr=FMR)).threshold
        fmr, fnmr = error_rates(trials, threshold)
        found_eer = measure(trials, {"EER": eer_of})["EER"]
        rows.append(f"| {words} | {percent(found_eer)} | {percent(fmr)} | {percent(fnmr)} |")
    own = f"{taught[True]} of {tried[True]} recordings of their own taught"
    return [*rows, "", f"{own}, and {taught[False]} of {tried[False]:,} of others."]


def moved(enrolled: Voiceprint, known: Learned | None) -> Voiceprint:
    """A voiceprint with what was learned."""
    return enrolled if known is None else Voiceprint((*enrolled.embeddings, known.embedding))


def llr(decider: Decider, enrolled: Voiceprint, heard: Embedding) -> float:
    """One comparison."""
    return float(decider.llrs(voices_of([enrolled]), voices_of([heard]))[0, 0])


def compare(decider: Decider, enrolled: dict[str, Voiceprint], tested: People, people: People) -> Trials:
    """Every voiceprint against its own recordings under test, and some of everybody else's."""
    names = list(enrolled)
    draw = np.random.default_rng(3)
    some = {
        name: [people[name][place] for place in draw.choice(len(people[name]), STRANGERS)] for name in names
    }
    scores, own, other, mine, theirs = [], [], [], [], []
    for number, name in enumerate(names):
        heard = [(number, one) for one in tested[name]]
        heard += [(place, one) for place, key in enumerate(names) if key != name for one in some[key]]
        scores += list(decider.llrs(voices_of([enrolled[name]]), voices_of([one for _, one in heard]))[0])
        own += [number] * len(heard)
        other += [place for place, _ in heard]
        mine += [enrolled[name].speech_seconds] * len(heard)
        theirs += [one.quality.speech_seconds for _, one in heard]
    numbers = np.array(own, np.int64)
    seconds = np.array(mine), np.array(theirs)
    return Trials(np.array(scores), numbers, np.array(other, np.int64), np.zeros_like(numbers), *seconds)


def percent(found: Estimate) -> str:
    """Such as "1.8 % (1.2 to 2.5)"."""
    return f"{100 * found.value:.1f} % ({100 * found.low:.1f} to {100 * found.high:.1f})"


if __name__ == "__main__":
    sys.exit(main())
