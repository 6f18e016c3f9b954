"""Speech folder to `Searches`: a set's test speakers, and everybody of it to be searched."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from earmark.evaluation.bank import clip_of, row_of
from earmark.evaluation.conditions import CHANNELS, Scenery
from earmark.evaluation.corpus import Split
from earmark.evaluation.growth import Searches
from earmark.evaluation.listeners import Heard, Listener
from earmark.evaluation.strangers import training_sides
from earmark.evaluation.trials import Side, make_sides
from earmark.voice.quality import ENROL, RECOGNISE

SENTENCES = ("librispeech_100", "speechocean762")  # with many people, and speech enough to enrol them
WORDS = "speech_commands"  # with most people, and hardly a second of most: no product would enrol them
LENGTHS = ("full", "4 s")
MOST = 2_000  # people of a split


def hear_searches(
    listener: Listener,
    root: Path,
    dataset: str,
    scenery: Scenery,
    advance: Callable[[], None],
) -> Searches:
    """Embed one clean enrolment of everybody, and what test speakers search by over every channel.

    What the product would refuse for too little speech is left out, but of `WORDS`. `advance` is called after
    each person.
    """
    known = {side.speaker for side in training_sides(root) if side.dataset == dataset}
    least = (0.0, 0.0) if dataset == WORDS else (ENROL.speech_seconds, RECOGNISE.speech_seconds)
    strangers, met, probes = list[Heard](), list[Heard](), list[tuple[int, Heard]]()
    for split in (Split.TEST, Split.CALIBRATION, Split.TRAIN):
        most = MOST if split is Split.TEST else 0
        sides = make_sides(root, dataset, split, enrol=MOST, test=most, longer=dataset != WORDS)
        searching = _first(sides.test)
        for speaker, side in _first(sides.enrol).items():
            advance()
            enrolment = listener.hear(side.clip if side.longer is None else side.longer)
            if enrolment.seconds < least[0]:
                continue
            if split is Split.TRAIN and speaker in known:
                met.append(enrolment)
                continue
            if speaker in searching:
                each = [(length, channel) for length in LENGTHS for channel in CHANNELS]
                heard = [listener.hear(clip_of(searching[speaker], *how, scenery)) for how in each]
                probes += [(len(strangers), one) for one in heard if one.seconds >= least[1]]
            strangers.append(enrolment)
    return Searches(
        dataset,
        row_of(strangers).voices,
        row_of([one for _, one in probes]).voices,
        np.array([owner for owner, _ in probes], np.intp),
        row_of(strangers + met).voices,
    )


def _first(sides: Sequence[Side]) -> dict[str, Side]:
    return {side.speaker: side for side in reversed(sides)}
