"""Trials from a small made-up speech folder: piles apart, splits apart, lengths and channels as asked."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from earmark.evaluation.bank import Condition, clip_count, fill_banks, trials_of
from earmark.evaluation.conditions import CHANNELS, SHORT, cut, degrade, made_room, read_scenery
from earmark.evaluation.corpus import Split, Utterance, noise_rows
from earmark.evaluation.listeners import Heard, Listener, remembered
from earmark.evaluation.speech import make_all_sides, speech_folder
from earmark.evaluation.table import CLEAN, difference, line_count, make_lines, to_json, to_markdown, wins
from earmark.evaluation.trials import LONG, SETS, Sides, deal, make_sides, pile_up, prolong, rounds
from earmark.voice.features import Floats

RATE = 16_000
SIZES = {"vctk": (10, 4, 5.0), "fsdd": (4, 30, 0.5)}  # set -> speakers, clips of each, seconds


def sound(speaker: int, clip: int, samples: int) -> Floats:
    """A buzz whose spectrum belongs to the speaker and whose phase and melody to the clip."""
    draw = np.random.default_rng((speaker, clip))
    times = np.arange(samples) / RATE
    weights = np.random.default_rng(speaker).uniform(0, 1, 12)
    pitch = 90 + 15 * speaker + draw.normal(0, 2)
    phases = draw.uniform(0, 6, weights.size)
    tones = [
        weight * np.sin(2 * np.pi * pitch * (place + 1) * times + phase)
        for place, (weight, phase) in enumerate(zip(weights, phases, strict=True))
    ]
    return np.asarray(0.02 * np.sum(tones, axis=0) + 0.001 * draw.standard_normal(samples), np.float32)


def write_set(root: Path, name: str, clips: list[tuple[str, Floats]]) -> None:
    folder = root / name
    folder.mkdir()
    lines, start = ["shard\tstart_sample\tsamples\tspeaker\tutterance"], 0
    for number, (speaker, clip) in enumerate(clips):
        lines.append(f"000.flac\t{start}\t{clip.size}\t{speaker}\t{number}")
        start += clip.size
    soundfile.write(folder / "000.flac", np.concatenate([clip for _, clip in clips]), RATE)
    (folder / "index.tsv").write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("speech")
    for name, (speakers, count, seconds) in SIZES.items():
        pairs = [(speaker, clip) for speaker in range(speakers) for clip in range(count)]
        write_set(folder, name, [(f"s{s}", sound(s, c, int(seconds * RATE))) for s, c in pairs])
    draw = np.random.default_rng(1)
    noises = [0.1 * draw.standard_normal(RATE).astype(np.float32) for _ in range(10)]
    write_set(folder, "noise", [("n", noise) for noise in noises])
    for name in set(SETS) - set(SIZES):
        write_set(folder, name, [("only", sound(1, 1, RATE))])
    return folder


def spectrum(clip: Floats) -> Heard:
    power = np.abs(np.fft.rfft(clip, 1 << 15))[: 1 << 14].reshape(256, -1).sum(axis=1)
    power = np.log(power + 1e-3)
    power -= power.mean()
    return Heard((power / np.linalg.norm(power)).astype(np.float32), clip.size / RATE, fallback=False)


def test_sides_share_no_recording_and_no_speaker_with_another_split(root: Path) -> None:
    seen: dict[Split, set[str]] = {}
    for split in (Split.TEST, Split.CALIBRATION):
        sides = make_sides(root, "vctk", split, enrol=50, test=50)
        for one in sides.enrol:
            for other in sides.test:
                assert not np.array_equal(one.clip, other.clip)
        seen[split] = {side.speaker for side in (*sides.enrol, *sides.test)}
        assert all(side.longer is None for side in (*sides.enrol, *sides.test))
    assert not seen[Split.TEST] & seen[Split.CALIBRATION]
    assert len(seen[Split.TEST]) == 6


def test_one_long_clip_gives_two_halves_and_a_short_one_nothing() -> None:
    first, second = deal("vctk", [Utterance("vctk", "a", 100, 80_001, "x")])
    assert [(row.start, row.samples) for row in (*first[0], *second[0])] == [(100, 40_000), (40_100, 40_001)]
    assert deal("vctk", [Utterance("vctk", "a", 0, 40_000, "x")]) == ([], [])


def test_words_are_joined_and_a_short_rest_is_left() -> None:
    rows = [Utterance("fsdd", "a", place, RATE, "x") for place in range(8)]
    assert [len(pile) for pile in pile_up(rows, 3.0)] == [3, 3]
    assert [len(pile) for pile in pile_up(rows[:2], 3.0)] == [2]


def test_every_speaker_comes_before_anybody_comes_twice() -> None:
    piles = {name: [[Utterance("fsdd", name, turn, 1, name)] for turn in range(3)] for name in "abc"}
    assert [row.speaker for (row,) in rounds(piles, 5, 2)] == ["a", "b", "c", "a", "b"]
    assert len(rounds(piles, 50, 2)) == 6


def test_a_pile_is_prolonged_by_those_after_it() -> None:
    piles = [[Utterance("vctk", "a", place * RATE, 12 * RATE, "x")] for place in range(4)]
    starts = [[row.start // RATE for row in rows] for rows in prolong(piles)]
    assert starts == [[0, 1, 2], [1, 2, 3], [2, 3, 0], [3, 0, 1]]
    whole = [Utterance("vctk", "a", 0, 2 * round(LONG) * RATE, "x")]
    assert prolong([whole, *piles])[0] == whole
    assert [len(rows) for rows in prolong(piles[:2])] == [2, 2]  # all that there is


def test_longer_sides_begin_alike_and_share_no_recording(root: Path) -> None:
    short = make_sides(root, "vctk", Split.TEST, enrol=50, test=50)
    sides = make_sides(root, "vctk", Split.TEST, enrol=50, test=50, longer=True)
    for before, side in zip((*short.enrol, *short.test), (*sides.enrol, *sides.test), strict=True):
        assert side.longer is not None
        assert np.array_equal(before.clip, side.clip)
        assert np.array_equal(side.longer[: side.clip.size], side.clip)
    assert any(side.longer.size > side.clip.size for side in sides.enrol if side.longer is not None)
    heard = {
        tuple(np.round(piece, 3))
        for side in sides.enrol
        if side.longer is not None
        for piece in np.split(side.longer, side.longer.size // side.clip.size)
    }
    for side in sides.test:
        assert tuple(np.round(side.clip, 3)) not in heard


def test_noise_for_evaluation_is_not_that_of_training(root: Path) -> None:
    held, trained = noise_rows(root, held_out=True), noise_rows(root, held_out=False)
    assert len(held) == 2
    assert len(trained) == 8
    assert not {row.start for row in held} & {row.start for row in trained}


def test_a_cut_has_its_length_and_avoids_the_pause() -> None:
    clip = np.zeros(10 * RATE, np.float32)
    clip[: 6 * RATE] = 0.1
    piece = cut(clip, 2.0, (1, 2))
    assert piece.size == 2 * RATE
    assert np.count_nonzero(piece) > RATE
    assert np.array_equal(piece, cut(clip, 2.0, (1, 2)))
    assert cut(clip, 20.0, (1, 2)) is clip


@pytest.mark.parametrize("channel", CHANNELS)
def test_channels_change_the_clip_the_same_way_twice(root: Path, channel: str) -> None:
    if channel in ("G.711", "Opus 6-9 kbit/s"):
        pytest.importorskip("av")
    clip, scenery = sound(1, 1, 2 * RATE), read_scenery(root)
    once, again = (degrade(clip, channel, scenery, (4, 2)) for _ in range(2))
    assert np.array_equal(once, again)
    assert once.size == clip.size
    assert np.array_equal(once, clip) == (channel == "clean")
    if channel.startswith("noise"):
        gain = float(once @ clip / (clip @ clip))
        rest = once - gain * clip
        snr = 10 * np.log10(np.mean((gain * clip) ** 2) / np.mean(rest**2))
        assert snr == pytest.approx(float(channel.split()[1]), abs=0.5)


def test_made_rooms_decay_as_asked() -> None:
    for seed in range(5):
        room = made_room(np.random.default_rng(seed)).astype(np.float64)
        assert 0.3 <= room.size / RATE <= 0.9
        assert room @ room == pytest.approx(1.0, rel=1e-3)
        early, late = np.sum(room[: room.size // 2] ** 2), np.sum(room[room.size // 2 :] ** 2)
        assert late < 0.01 * early


def test_an_unknown_channel_is_named(root: Path) -> None:
    with pytest.raises(ValueError, match="'tin can'"):
        degrade(sound(1, 1, RATE), "tin can", read_scenery(root), (1,))


@pytest.fixture(scope="module")
def sides(root: Path) -> dict[str, Sides]:
    pytest.importorskip("av")
    return make_all_sides(root, Split.TEST, enrol=5, test=3)


def test_the_table_from_sides_to_text(root: Path, sides: dict[str, Sides], tmp_path: Path) -> None:
    assert list(sides) == ["vctk", "fsdd"]
    steps: list[int] = []
    blunt = Listener("blunt", lambda clip: Heard(np.resize(spectrum(clip).vector[:2], 2), 1.0, fallback=True))
    kept, save = remembered(Listener("spectrum", spectrum), tmp_path / "memory.npz")
    banks = fill_banks([kept, blunt], sides, read_scenery(root), lambda: steps.append(1), lengths=SHORT)
    count = sum(4 * len(both.enrol) + 24 * len(both.test) for both in sides.values())
    assert len(steps) == clip_count(sides, SHORT) == count
    save()
    heard: list[int] = []

    def fail(clip: Floats) -> Heard:
        heard.append(clip.size)
        return spectrum(clip)

    again, _ = remembered(Listener("spectrum", fail), tmp_path / "memory.npz")
    fill_banks([again], sides, read_scenery(root), lambda: None, lengths=SHORT)
    assert heard == []  # every clip was known by its content

    trials = trials_of(banks[0], CLEAN)
    pairs = sum(len(each.enrol) * len(each.test) for each in sides.values())
    assert trials.scores.size == pairs
    for number in (0, 1):  # nobody of one set is ever paired with somebody of the other
        own = trials.sets == number
        others = set(trials.enrol[~own]) | set(trials.test[~own])
        assert not (set(trials.enrol[own]) | set(trials.test[own])) & others
    assert trials_of(banks[0], Condition("1 s", "1 s", "clean")).test_seconds.max() == pytest.approx(1.0)

    lines = make_lines(banks, lambda: None)
    assert len(lines) == 2 + line_count(banks) == 2 + 24 + 3 + 2
    clean = next(line for line in lines if line.name == "full, clean")
    assert clean.results[0]["EER"].value < clean.results[1]["EER"].value
    assert difference(clean).value > 0
    assert 0 < wins(lines)[0] <= wins(lines)[1] == 29
    text = to_markdown(lines, ["spectrum", "blunt"])
    assert text.count("\n| 1 s, room |") == 1
    assert all(f"{length}, {channel}" in text for length in SHORT for channel in CHANNELS)
    assert len(to_json(lines, ["spectrum", "blunt"])) == len(lines)


def test_a_missing_speech_folder_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARMARK_SPEECH", str(tmp_path))
    assert speech_folder() is None
