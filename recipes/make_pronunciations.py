"""Carnegie Mellon dictionary to the words that ship, and to rules for the words that it lacks.

The dictionary is the copy that the package pocketsphinx carries. Rules are checked on words held out.
"""

import argparse
import lzma
import re
from collections import Counter, defaultdict
from importlib.util import find_spec
from math import log
from pathlib import Path

from earmark.voice.phrase.letters import apply, stretches

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "src/earmark/voice/models/phrase"
VARIANTS = 3  # of a word, those listed first
ROUNDS = 4  # of alignment
LEAST = 2  # words that a rule with neighbours must hold for
HELD_OUT = 25  # one word in so many checks the rules


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dictionary", type=Path, help="cmudict-en-us.dict (default: that of pocketsphinx)")
    parser.add_argument("--out", type=Path, default=FOLDER / "words.xz")
    return parser.parse_args()


def carried() -> Path:
    """The dictionary in an installed pocketsphinx."""
    found = find_spec("pocketsphinx")
    if found is None or found.origin is None:
        raise SystemExit("pocketsphinx is not installed : install it, or name --dictionary.")
    return Path(found.origin).parent / "model/en-us/cmudict-en-us.dict"


def read(path: Path) -> dict[str, list[str]]:
    """Words of letters and apostrophes, each with its pronunciations in the order of the file."""
    words = dict[str, list[str]]()
    for line in path.read_text(encoding="utf-8").splitlines():
        word, said = line.split(" ", 1)
        word = re.sub(r"\(\d+\)$", "", word)
        if re.fullmatch(r"[a-z']+", word) and said not in words.setdefault(word, []):
            words[word].append(said)
    return words


def align(word: str, phones: list[str], cost: dict[tuple[str, str], float]) -> list[str] | None:
    """None, one or two phones for each letter, the cheapest way; None when there are too many phones."""
    reached: dict[int, tuple[float, tuple[str, ...]]] = {0: (0.0, ())}
    for place, letter in enumerate(word):
        found: dict[int, tuple[float, tuple[str, ...]]] = {}
        rest = 2 * (len(word) - place - 1)
        for done, (price, given) in reached.items():
            for count in range(3):
                if done + count > len(phones) or done + count + rest < len(phones):
                    continue
                piece = " ".join(phones[done : done + count])
                total = price + cost.get((letter, piece), 9.0 + count)
                if done + count not in found or total < found[done + count][0]:
                    found[done + count] = total, (*given, piece)
        reached = found
    best = reached.get(len(phones))
    return list(best[1]) if best else None


Pairs = list[tuple[str, list[str]]]


def align_all(pairs: Pairs) -> Pairs:
    """Words with the phones of each letter; learned from the words themselves, over and over."""
    seen: Counter[tuple[str, str]] = Counter()
    for word, phones in pairs:
        seen.update((letter, phone) for letter in word for phone in phones)
    aligned: Pairs = []
    for _ in range(ROUNDS):
        totals: Counter[str] = Counter()
        for (letter, _piece), count in seen.items():
            totals[letter] += count
        cost = {pair: -log(count / totals[pair[0]]) for pair, count in seen.items()}
        aligned = [(word, given) for word, phones in pairs if (given := align(word, phones, cost))]
        seen = Counter(pair for word, given in aligned for pair in zip(word, given, strict=True))
    return aligned


def learn(words: dict[str, list[str]]) -> dict[str, str]:
    """Rules from the usual pronunciations of words."""
    aligned = align_all([(word, said[0].split()) for word, said in words.items() if word.isalpha()])
    heard: dict[str, Counter[str]] = defaultdict(Counter)
    for word, given in aligned:
        for longer, piece in zip(stretches(word), given, strict=True):
            for stretch in longer:
                heard[stretch][piece] += 1
    rules = dict[str, str]()
    for around in sorted({tuple(one) for word, _ in aligned for one in stretches(word)}):
        said = None
        for depth, stretch in enumerate(around):
            usual, count = heard[stretch].most_common(1)[0]
            if stretch in rules:
                said = rules[stretch]
            elif usual != said and (depth == 0 or count >= LEAST):
                rules[stretch] = said = usual
    return rules


def pack(lines: list[str], file: Path) -> None:
    """Write lines, packed."""
    file.write_bytes(lzma.compress("\n".join(lines).encode(), preset=9 | lzma.PRESET_EXTREME))
    print(f"{file}: {len(lines)} lines, {file.stat().st_size / 1e6:.2f} MB")


def main() -> None:
    """Write both."""
    options = arguments()
    words = read(options.dictionary or carried())
    pack([f"{word}\t{'|'.join(said[:VARIANTS])}" for word, said in sorted(words.items())], options.out)
    every = sorted(word for word in words if word.isalpha())
    held = every[::HELD_OUT]
    rules = learn({word: words[word] for word in every if word not in set(held)})
    pack(
        [f"{stretch}\t{phones}" for stretch, phones in sorted(rules.items())],
        options.out.parent / "letters.xz",
    )
    right = sum(apply(rules, word) in words[word] for word in held)
    print(f"Of {len(held)} words held out, {right / len(held):.0%} are said exactly as in the dictionary.")


if __name__ == "__main__":
    main()
