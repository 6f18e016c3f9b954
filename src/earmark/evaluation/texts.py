"""Speech folder to clips whose words are known: the index rows of the sets that carry English text."""

import csv
from dataclasses import dataclass
from pathlib import Path

from earmark.evaluation.corpus import Split, Utterance, split_speakers
from earmark.voice.phrase.pronunciations import DIGITS

# The sets whose `text` is what is said, in English. (The words of arabic_digits are said in Arabic.)
WITH_TEXT = ("speechocean762", "speech_commands", "fsdd")
CHILD = 16  # years: below it a speaker counts as a child


@dataclass(frozen=True)
class Spoken:
    """A row of an index, its words in lower case, and whether a child says them (None: unknown)."""

    row: Utterance
    text: str
    child: bool | None


def spoken_rows(root: Path, dataset: str, split: Split) -> list[Spoken]:
    """Rows of one set with words, whose speakers belong to `split`."""
    with (root / dataset / "index.tsv").open(encoding="utf-8", newline="") as lines:
        found = list(csv.DictReader(lines, delimiter="\t"))
    splits = split_speakers(dataset, {row["speaker"] for row in found})
    return [_spoken(dataset, row) for row in found if row["text"].strip() and splits[row["speaker"]] is split]


def _spoken(dataset: str, row: dict[str, str]) -> Spoken:
    utterance = Utterance(
        dataset, row["shard"], int(row["start_sample"]), int(row["samples"]), row["speaker"]
    )
    text = row["text"].strip().lower()
    text = DIGITS[int(text)] if text.isdecimal() else text
    age = row.get("age")
    return Spoken(utterance, text, int(age) < CHILD if age else None)
