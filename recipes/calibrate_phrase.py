"""Phone network to a calibrated phrase checker: common words, two regressions, the point of acceptance.

Heard are CALIBRATION speakers alone (children and adults, three channels) and synthetic voices of their own.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from options import ROOT, parser_of, recordings

from earmark.evaluation.corpus import Split
from earmark.evaluation.phrase_fit import fit_all
from earmark.evaluation.phrase_trials import (
    Listener,
    Trial,
    mixed_digits,
    real_sentences,
    synthetic_voices,
)
from earmark.evaluation.phrases import Claim, vocabulary
from earmark.evaluation.texts import WITH_TEXT, spoken_rows
from earmark.voice.phrase.network import PhoneEar
from earmark.voice.phrase.pronunciations import DIGITS, in_dictionary
from earmark.voice.phrase.scoring import dump

FOLDER = ROOT / "src/earmark/voice/models/phrase"


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = parser_of(__doc__)
    parser.add_argument("--model", type=Path, default=FOLDER / "phones.onnx")
    parser.add_argument("--most", type=int, default=14, help="sentences of a speaker")
    parser.add_argument("--voices", type=int, default=12, help="synthetic voices")
    parser.add_argument("--strings", type=int, default=300, help="challenges joined from single digits")
    parser.add_argument("--out", type=Path, default=FOLDER / "calibration.json")
    return parser.parse_args()


def write_common(root: Path) -> list[str]:
    """The words of all training texts, which rivals are drawn from, to common.txt."""
    texts = [said.text for name in WITH_TEXT for said in spoken_rows(root, name, Split.TRAIN)]
    words = [word for word in dict.fromkeys([*DIGITS, *vocabulary(texts)]) if in_dictionary(word)]
    (FOLDER / "common.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    return words


def phrases(root: Path, draw: np.random.Generator) -> list[str]:
    """Ten sentences of calibration speakers, for synthetic voices to say."""
    texts = [said.text for said in spoken_rows(root, "speechocean762", Split.CALIBRATION)]
    texts = [text for text in texts if len(text.split()) >= 5 and all(map(in_dictionary, text.split()))]
    return [str(text) for text in draw.choice(texts, 10)]


def main() -> None:
    """Fit and write."""
    asked = arguments()
    root = recordings(asked)
    started = time.monotonic()
    words = write_common(root)
    listener = Listener(root, PhoneEar(asked.model.read_bytes()))
    trials = list[Trial](real_sentences(root, Split.CALIBRATION, listener, most=asked.most, edges=False))
    draw = np.random.default_rng(26)
    said = phrases(root, draw)
    trials += synthetic_voices(said, words, Split.CALIBRATION, listener, voices=asked.voices)
    asked_for = [" ".join(draw.choice(DIGITS, 6)) for _ in range(8)]
    trials += synthetic_voices(asked_for, DIGITS, Split.CALIBRATION, listener, voices=asked.voices)
    trials += mixed_digits(root, Split.CALIBRATION, listener, strings=asked.strings)
    found = fit_all(trials)
    asked.out.write_text(dump(found), encoding="utf-8")
    right = sum(trial.kind is Claim.RIGHT for trial in trials)
    print(
        f"{asked.out}: {right} right claims and {len(trials) - right} wrong ones, accepted from "
        f"{found.sentences.accept:.2f} nats, digits from {found.digits.accept:.2f}; "
        f"{time.monotonic() - started:.0f} s."
    )


if __name__ == "__main__":
    main()
