"""Recordings without text to the words in them: pocketsphinx reads, and the phone network must hear the same.

The sets that carry text hold sentences of people from Mandarin homes and single words. Audiobooks, and orders
and wake words from all over the world, carry none. Orders and wake words are read with a small grammar, where
little can be misread; books with the language model of the package, and only runs of words count in which the
phone network finds their phones. To train on them is noisy student training (Park et al., Interspeech 2020).
"""

import json
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from earmark.evaluation.corpus import Split, Utterance, read_clips, rows_of
from earmark.voice.features import Floats
from earmark.voice.phrase.network import STEP, PhoneEar
from earmark.voice.phrase.pronunciations import PHONES, Phones, numbers

BOOKS, ORDERS, NAMES = "books", "orders", "names"
SETS = {BOOKS: "librispeech_100", ORDERS: "picovoice_unlabelled", NAMES: "picovoice_unlabelled"}
LONGEST_NAME = 3.6  # seconds; what is longer is an order
# Nats for each phone by which a reading may cost the network; half of what it learned from cost 2.
MOST_COST = {BOOKS: 2.8, ORDERS: 3.1, NAMES: 3.1}
LEAST_WORDS = 4  # of a run from a book
LONGEST_RUN = 820  # frames
BEAMS = {"beam": 1e-60, "pbeam": 1e-60, "wbeam": 1e-40}

GRAMMARS = {
    NAMES: "public <name> = alexa | computer | jarvis | smart mirror | snow boy | view glass;",
    ORDERS: """
public <order> = [<begin>] [<article>] [<kind>] [<kind>] [<kind>] <drink> [<with>] [please];
<begin> = [hey] ( <ask> | <wish> | <command> );
<ask> = (can | could) (i | you) (get | have | add | make) [me] | may i (get | have);
<wish> = i want [to have] | i wanna | (i'd | i would) like [to (get | have | order)] | i'll (have | take)
  | i need | want | like | just;
<command> = [please] (get | make | give | gimme | bring | brew | fix | order) [me] | let me (get | have);
<article> = a | an | the | some | one | my;
<kind> = <size> | <shot> | <roast>;
<size> = small | medium | large | extra large | (eight | twelve | sixteen | twenty) ounce | big | regular;
<shot> = (single | double | triple) [shot] | (one | two | three) shot;
<roast> = (light | medium | dark) [roast];
<drink> = [iced | house | drip] coffee | espresso | [iced] (americano | cappuccino | latte | mocha);
<with> = with <addition> [and <addition>] [and <addition>];
<addition> = [<amount>] <thing>;
<amount> = [just] a [little] bit of | [a] little [bit of] | some | lots of | a lot of | extra | no | much;
<thing> = [skim | soy | almond | coconut | whole | two percent] milk | cream | [brown | white] sugar
  | sweetener | honey | syrup | vanilla | half and half;
""",
}


@dataclass(frozen=True)
class Reading:
    """A stretch of a row's frames (10 ms; `stop` of -1 is its end) and the phones of every word in it."""

    kind: str
    row: Utterance
    start: int
    stop: int
    words: tuple[Phones, ...]


@dataclass(frozen=True)
class Word:
    """A word that was read: frames from `start` to before `stop`, and its phones."""

    start: int
    stop: int
    phones: Phones


def write_readings(root: Path, work: Path, processes: int) -> None:
    """Read every training clip without text, to `readings.json`; nothing is done when it is there.

    About 25 minutes on one core.
    """
    done = work / "readings.json"
    if done.exists():
        return
    jobs = [(kind, part) for kind in SETS for part in _parts(_rows(root, kind))]
    with ProcessPoolExecutor(processes, get_context("spawn")) as executor:
        made = [executor.submit(_read, root, kind, part) for kind, part in jobs]
        found = [reading for job in tqdm(made, desc="readings") for reading in job.result()]
    done.with_suffix(".part").write_text(json.dumps([asdict(reading) for reading in found]))
    done.with_suffix(".part").replace(done)


def readings(work: Path) -> list[Reading]:
    """What `write_readings` wrote."""
    kept: list[dict[str, Any]] = json.loads((work / "readings.json").read_text())
    return [
        Reading(
            one["kind"],
            Utterance(**one["row"]),
            one["start"],
            one["stop"],
            tuple(tuple(word) for word in one["words"]),
        )
        for one in kept
    ]


def _rows(root: Path, kind: str) -> list[Utterance]:
    found = rows_of(root, SETS[kind], Split.TRAIN)
    return [row for row in found if kind == BOOKS or (row.seconds < LONGEST_NAME) == (kind == NAMES)]


def _parts(rows: list[Utterance]) -> list[list[Utterance]]:
    return [rows[start : start + 20] for start in range(0, len(rows), 20)]


def _read(root: Path, kind: str, rows: list[Utterance]) -> list[Reading]:
    """Readings of some clips of one kind."""
    torch.set_num_threads(1)
    reader, ear = reader_of(kind), PhoneEar()
    found = list[Reading]()
    for place, clip in read_clips(root, rows):
        words = words_in(reader, clip)
        chances = ear.hear(clip)
        if kind == BOOKS:
            for run in runs(words, chances):
                start, stop = run[0].start, run[-1].stop
                found.append(Reading(kind, rows[place], start, stop, tuple(word.phones for word in run)))
        elif words and cost(chances, [word.phones for word in words]) < MOST_COST[kind]:
            found.append(Reading(kind, rows[place], 0, -1, tuple(word.phones for word in words)))
    return found


def reader_of(kind: str) -> Any:
    """A decoder of pocketsphinx for one kind of clips."""
    from pocketsphinx import Decoder

    if kind == BOOKS:
        return Decoder(cmn="batch", loglevel="FATAL")
    reader = Decoder(lm=None, bestpath=False, cmn="batch", loglevel="FATAL", **BEAMS)
    reader.add_jsgf_string(kind, f"#JSGF V1.0;\ngrammar {kind};\n{GRAMMARS[kind]}")
    reader.activate_search(kind)
    return reader


def words_in(reader: Any, clip: Floats) -> list[Word]:
    """The words that are read in a clip, as they were said; empty when nothing is found."""
    reader.start_utt()
    reader.process_raw((clip * 32_767).astype(np.int16).tobytes(), full_utt=True)
    reader.end_utt()
    if reader.hyp() is None:
        return []
    said = ((one, phones_of(reader, one.word)) for one in reader.seg())
    return [Word(one.start_frame, one.end_frame + 1, phones) for one, phones in said if phones]


def phones_of(reader: Any, word: str) -> Phones:
    """Phones of a word in the way that was heard (`a(2)`), or of several; none of silence and noises."""
    if re.match(r"[<\[(+]", word):
        return ()
    phones = " ".join(reader.lookup_word(one) for one in word.split())
    return numbers(phones) if all(phone in PHONES for phone in phones.split()) else ()


def runs(words: Sequence[Word], chances: Floats) -> Iterator[list[Word]]:
    """Runs of words that the network hears too: each counts with its neighbours, for some are short."""
    if len(words) < LEAST_WORDS:
        return
    counts = np.asarray([len(word.phones) for word in words], float)
    costs = counts * [
        cost(chances[max(0, word.start // STEP - 1) : word.stop // STEP + 2], [word.phones]) for word in words
    ]
    near = np.ones(3)
    heard = np.convolve(costs, near, "same") < MOST_COST[BOOKS] * np.convolve(counts, near, "same")
    run = list[Word]()
    for word, good in zip([*words, None], [*heard, False], strict=True):
        if run and (word is None or not good or word.stop - run[0].start > LONGEST_RUN):
            if len(run) >= LEAST_WORDS:
                yield run
            run = []
        if good and word is not None:
            run.append(word)


def cost(chances: Floats, words: Sequence[Phones]) -> float:
    """Negative log probability of phones, in nats for each, that a clip's (T, 1 + phones) give them."""
    phones = [phone for word in words for phone in word]
    total = torch.nn.functional.ctc_loss(
        torch.from_numpy(chances)[:, None],
        torch.tensor([phones]),
        torch.tensor([len(chances)]),
        torch.tensor([len(phones)]),
        reduction="sum",
    )
    return float(total) / len(phones)
