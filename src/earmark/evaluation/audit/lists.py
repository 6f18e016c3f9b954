"""Trial lists and score files as others write them, to pairs of clips and back.

Trials: `1 ENROL TEST` (VoxCeleb), or `ENROL TEST target|nontarget` (Kaldi). Scores: `ENROL TEST SCORE` or
`LABEL ENROL TEST SCORE`. Fields are parted by blanks, so clips whose names have blanks cannot be listed.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from earmark.errors import FileMissing, TrialsInvalid
from earmark.evaluation.metrics import Doubles

MOST_TRIALS = 5_000_000
LABELS = {"1": True, "0": False, "target": True, "nontarget": False, "imposter": False, "impostor": False}


@dataclass(frozen=True, eq=False)
class Listed:
    """Pairs of clips by their places, and what the file says of each."""

    enrol: NDArray[np.intp]  # (n,)
    test: NDArray[np.intp]  # (n,)
    genuine: NDArray[np.bool_] | None  # (n,) as labelled
    scores: Doubles | None  # (n,)


def read_trials(path: Path, places: Mapping[str, int]) -> Listed:
    """A trial list over the clips of `places` (name to place). Raises FileMissing, TrialsInvalid."""
    enrol, test, genuine = [], [], []
    for line, words in _lines(path):
        if len(words) != 3 or (words[0] not in LABELS and words[2] not in LABELS):
            raise TrialsInvalid(f"Line {line} of {path.name} is no trial: write 1 or 0 and two clips.")
        label, one, other = words if words[0] in LABELS else (words[2], words[0], words[1])
        enrol.append(_place(one, places, line, path))
        test.append(_place(other, places, line, path))
        genuine.append(LABELS[label])
    if not enrol:
        raise TrialsInvalid(f"{path.name} has no trials: write one a line, 1 or 0 and two clips.")
    return Listed(np.array(enrol, np.intp), np.array(test, np.intp), np.array(genuine), None)


def read_scores(path: Path, places: Mapping[str, int]) -> Listed:
    """A score file over the clips of `places`. Raises FileMissing, TrialsInvalid."""
    enrol, test, genuine, scores = [], [], [], []
    for line, words in _lines(path):
        labelled = len(words) == 4 and words[0] in LABELS
        score = _number(words[-1])
        if score is None or len(words) != 3 + labelled:
            raise TrialsInvalid(f"Line {line} of {path.name} is no score: write two clips and a number.")
        one, other = words[labelled : labelled + 2]
        enrol.append(_place(one, places, line, path))
        test.append(_place(other, places, line, path))
        genuine.append(LABELS[words[0]] if labelled else None)
        scores.append(score)
    if not scores:
        raise TrialsInvalid(f"{path.name} has no scores: write one a line, two clips and a number.")
    labels = None if None in genuine else np.array(genuine, bool)
    return Listed(np.array(enrol, np.intp), np.array(test, np.intp), labels, np.array(scores))


def check_labels(listed: Listed, speakers: Sequence[str], path: Path) -> None:
    """Raises TrialsInvalid where a label and the speakers of its clips contradict each other."""
    if listed.genuine is None:
        return
    names = np.asarray(speakers)
    wrong = np.flatnonzero((names[listed.enrol] == names[listed.test]) != listed.genuine)
    if wrong.size:
        raise TrialsInvalid(
            f"{wrong.size} of {listed.genuine.size} trials of {path.name} are labelled otherwise than their "
            f"clips' speakers say, the first of them trial {wrong[0] + 1}: mend the list or the speakers."
        )


def merge(trials: Listed, scored: Listed) -> Listed:
    """The trials with the scores of another file. Raises TrialsInvalid when one has none."""
    pairs = zip(scored.enrol.tolist(), scored.test.tolist(), strict=True)
    known = dict(zip(pairs, [] if scored.scores is None else scored.scores, strict=True))
    scores = np.full(trials.enrol.size, np.nan)
    for place, pair in enumerate(zip(trials.enrol.tolist(), trials.test.tolist(), strict=True)):
        scores[place] = known.get(pair, known.get((pair[1], pair[0]), np.nan))
    missing = int(np.isnan(scores).sum())
    if missing:
        raise TrialsInvalid(
            f"{missing} of {scores.size} trials have no score in the score file: score them, or leave "
            "them out."
        )
    return Listed(trials.enrol, trials.test, trials.genuine, scores)


def trial_lines(genuine: Sequence[bool], enrol: Sequence[str], test: Sequence[str]) -> Iterator[str]:
    """Lines of a VoxCeleb trial list."""
    for same, one, other in zip(genuine, enrol, test, strict=True):
        yield f"{int(same)} {one} {other}\n"


def score_lines(enrol: Sequence[str], test: Sequence[str], scores: Sequence[float]) -> Iterator[str]:
    """Lines of a score file."""
    for one, other, score in zip(enrol, test, scores, strict=True):
        yield f"{one} {other} {score:.9g}\n"


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        with path.open(encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines, 1):
                if number > MOST_TRIALS:
                    raise TrialsInvalid(f"{path.name} has more than {MOST_TRIALS:,} lines: take some.")
                words = line.split()
                if words:
                    yield number, words
    except FileNotFoundError as error:
        raise FileMissing(f"There is no file {path.name}: check the path.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise TrialsInvalid(f"{path.name} cannot be read ({type(error).__name__}).") from error


def _place(name: str, places: Mapping[str, int], line: int, path: Path) -> int:
    if name not in places:
        raise TrialsInvalid(
            f"Line {line} of {path.name} names a clip that is not among the {len(places)} recordings: name "
            "clips as the table does, or by their path below the folder."
        )
    return places[name]


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
