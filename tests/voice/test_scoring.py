"""Back ends on made-up voices: hand-worked values, symmetry, and that each does what it is for."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from earmark.errors import ModelInvalid
from earmark.voice.features import Floats
from earmark.voice.gallery import Gallery
from earmark.voice.models.file import digest
from earmark.voice.models.scoring import ScoringEntry, from_table, load_backend, pack, to_table
from earmark.voice.quality import Quality
from earmark.voice.scoring.alignment import TERMS, Alignment, Recorded, terms_of
from earmark.voice.scoring.backends import NOBODY, Cosine, Fused, Heard
from earmark.voice.scoring.calibration import Calibration, unchanged
from earmark.voice.scoring.decider import BLOCK, Decider
from earmark.voice.scoring.normalisation import Strangers, nearest_strangers, standard_scores
from earmark.voice.scoring.plda import Plda, adapt_plda, train_plda
from earmark.voice.scoring.voices import Voices, voices_of
from earmark.voice.voiceprint import Embedding, Voiceprint

SIZE = 24
MEANING = Calibration(
    (-1.0, 0.0, 0.0, 0.0),
    (0.5, 0.0, 0.0, 0.0),
    (0.3, 10.0),
    (0.3, 10.0),
    ((0.1, 0.0), (0.01, 2.0), (0.001, 4.0)),
    "made up",
    score="fused",
    bend=(2.0, 2.0),
)
ALIGNMENT = Alignment((1.0,) * len(TERMS), (0.1, 0.2, -0.3, 0.1, 0.4, -0.2), (0.3, 10.0))


def unit(vectors: np.ndarray) -> Floats:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def speech(people: int, clips: int, *, seed: int, loud: float = 0.9) -> tuple[Floats, np.ndarray]:
    """Voices whose clips vary mostly in the first half of the numbers, people in the second."""
    draw = np.random.default_rng(seed)
    who = np.repeat(np.arange(people), clips)
    centres = np.concatenate(
        [np.zeros((people, SIZE // 2)), draw.standard_normal((people, SIZE // 2))], axis=1
    )
    scale = np.concatenate([np.full(SIZE // 2, loud), np.full(SIZE // 2, 0.25)])
    return unit(centres[who] + scale * draw.standard_normal((who.size, SIZE)) + 0.3), who


def side(vectors: Floats, *, seed: int = 0) -> Voices:
    draw = np.random.default_rng(seed)
    count = len(vectors)
    band = np.where(draw.random(count) < 0.3, 4_300.0, 8_000.0)
    return Voices(vectors, draw.uniform(0.5, 9, count), draw.uniform(0, 40, count), band)


@pytest.fixture(scope="module")
def fused() -> Fused:
    vectors, who = speech(60, 4, seed=1)
    cohort = speech(80, 1, seed=2)[0]
    return Fused(cohort, train_plda(vectors, who), 20, (0.6, 0.4), ALIGNMENT, MEANING)


def separation(scores: np.ndarray, same: np.ndarray) -> float:
    return float((scores[same].mean() - scores[~same].mean()) / scores[~same].std())


def test_plda_gives_the_ratio_of_two_gaussians() -> None:
    between = np.array([3.0, 0.5], np.float32)
    plda = Plda(np.zeros(2, np.float32), np.eye(2, dtype=np.float32), between)
    left, right = np.array([[0.6, 0.8]], np.float32), np.array([[0.8, 0.6]], np.float32)
    length = np.sqrt(np.sum(1.0 + between))  # to which vectors are scaled
    by_hand = 0.0
    for place, psi in enumerate(between):
        pair = length * np.array([left[0, place], right[0, place]])
        same = np.array([[1 + psi, psi], [psi, 1 + psi]])
        apart = (1 + psi) * np.eye(2)
        for covariance, sign in ((same, 1), (apart, -1)):
            by_hand -= (
                sign * 0.5 * (np.log(np.linalg.det(covariance)) + pair @ np.linalg.inv(covariance) @ pair)
            )
    assert plda.scores(left, right)[0, 0] == pytest.approx(by_hand, rel=1e-6)
    assert plda.pair_scores(left, right)[0] == pytest.approx(by_hand, rel=1e-6)
    assert plda.scores(right, left)[0, 0] == pytest.approx(by_hand, rel=1e-6)


def test_plda_learns_what_is_the_person_and_what_the_recording() -> None:
    plda = train_plda(*speech(80, 6, seed=3), shrink=0.1)
    vectors, who = speech(40, 3, seed=4)
    pairs = ~np.eye(who.size, dtype=bool)
    same = (who[:, None] == who)[pairs]
    assert separation(plda.scores(vectors, vectors)[pairs], same) > 1.3 * separation(
        (vectors @ vectors.T)[pairs], same
    )
    with pytest.raises(ValueError, match="several clips"):
        train_plda(vectors[:5], np.arange(5))


def test_plda_adapts_to_another_domain_without_its_speakers() -> None:
    plda = train_plda(*speech(80, 6, seed=3), shrink=0.1)
    draw = np.random.default_rng(9)
    # Another room: a constant beside every vector, and some numbers louder than others.
    other = speech(60, 3, seed=5)[0] * np.exp(0.8 * draw.standard_normal(SIZE)) + 0.4
    vectors, who = unit(other), speech(60, 3, seed=5)[1]
    pairs = ~np.eye(who.size, dtype=bool)
    same = (who[:, None] == who)[pairs]
    adapted = adapt_plda(plda, vectors)
    assert separation(adapted.scores(vectors, vectors)[pairs], same) > separation(
        plda.scores(vectors, vectors)[pairs], same
    )


def test_normalisation_by_hand_and_whatever_the_scale_of_scores() -> None:
    found = nearest_strangers(np.array([[0.1, 0.5, 0.3, -0.9]]), 2)
    assert found.mean[0] == pytest.approx(0.4)
    assert found.spread[0] == pytest.approx(0.1)
    other = Strangers(np.array([0.2]), np.array([0.2]))
    assert standard_scores(np.array([0.6]), found, other)[0] == pytest.approx(0.5 * (2.0 + 2.0))
    scores = np.random.default_rng(1).standard_normal((3, 50))
    one, moved = nearest_strangers(scores, 10), nearest_strangers(7.0 * scores - 3.0, 10)
    assert standard_scores(np.ones(3), one, one) == pytest.approx(
        standard_scores(np.full(3, 4.0), moved, moved)
    )
    assert nearest_strangers(np.ones((1, 4)), 2).spread[0] > 0  # all alike: no division by zero


def test_alignment_is_symmetric_and_takes_the_unknown_for_usual() -> None:
    one = Recorded(np.array([2.0]), np.array([10.0]), np.array([4_300.0]))
    other = Recorded(np.array([50.0]), np.array([35.0]), np.array([8_000.0]))
    assert terms_of(one, other, (0.3, 10.0)) == pytest.approx(terms_of(other, one, (0.3, 10.0)))
    found = dict(zip(TERMS, terms_of(one, other, (0.3, 10.0))[0], strict=True))
    assert found["seconds"] == pytest.approx(np.log(2.0) + np.log(10.0))
    assert found["shorter"] == pytest.approx(np.log(2.0))
    assert (found["narrow"], found["mismatch"]) == (1.0, 1.0)
    unknown = Recorded(np.array([2.0]), np.array([np.nan]), np.array([0.0]))
    usual = Alignment(ALIGNMENT.usual, (0.1, 0.2, 0.0, 0.0, 0.0, 0.0), (0.3, 10.0))
    assert ALIGNMENT.of(unknown, other) == pytest.approx(usual.of(unknown, other))


def test_scores_of_pairs_are_those_of_the_table_and_symmetric(fused: Fused) -> None:
    vectors = speech(6, 1, seed=6)[0]
    voices = side(vectors)
    for backend in (fused, Cosine()):
        heard = backend.hear(voices)
        table = backend.scores(heard, heard)
        assert table == pytest.approx(table.T, abs=1e-5)
        assert backend.pair_scores(heard, heard) == pytest.approx(np.diag(table), abs=1e-5)
        rows = np.array([4, 1])
        assert backend.scores(heard.take(rows), heard) == pytest.approx(table[rows], abs=1e-5)


def test_a_cohort_from_the_same_place_takes_out_what_all_its_recordings_share(fused: Fused) -> None:
    """A hum in every vector of a place makes strangers alike, until they meet others of that place."""
    vectors, who = speech(30, 2, seed=7, loud=0.4)
    hum = np.zeros(SIZE)
    hum[3] = 1.2
    humming, strangers = unit(vectors + hum), who[:, None] != who
    still = replace(fused, alignment=Alignment((0.0,) * len(TERMS), (0.0,) * len(TERMS), (0.3, 10.0)))
    grown = still.grown(unit(speech(80, 1, seed=8, loud=0.4)[0] + hum))

    def usual(backend: Fused) -> float:
        return float(
            Decider(backend, unchanged(MEANING)).llrs(side(humming), side(humming))[strangers].mean()
        )

    clear = Decider(still, unchanged(MEANING)).llrs(side(vectors), side(vectors))[strangers].mean()
    assert abs(usual(grown) - clear) < 0.5 * abs(usual(still) - clear)


def test_every_pair_comes_once_in_blocks() -> None:
    vectors = speech(BLOCK + 30, 1, seed=9)[0]
    decider = Decider(Cosine(), replace(MEANING, score="cosine"))
    seen = np.zeros((len(vectors), len(vectors)), int)
    for row, start, llrs in decider.all_pairs(side(vectors)):
        assert llrs.shape <= (BLOCK, BLOCK)
        seen[row : row + llrs.shape[0], start : start + llrs.shape[1]] += 1
    assert (seen[np.triu_indices(len(vectors), 1)] == 1).all()


def quality(seconds: float, snr: float, band: float) -> Quality:
    return Quality(seconds, seconds, snr, 0.0, band, -20.0, False)


def test_a_voiceprint_is_recorded_as_its_clips_are_on_average() -> None:
    vectors = speech(2, 1, seed=1)[0]
    clips = (
        Embedding(vectors[0], quality(3.0, 10.0, 4_000.0), "m@1"),
        Embedding(vectors[1], quality(1.0, 30.0, 0.0), "m@1"),
    )
    found = voices_of([Voiceprint(clips), clips[1]])
    assert found.seconds == pytest.approx([4.0, 1.0])
    assert found.snr_db == pytest.approx([15.0, 30.0])
    assert found.bandwidth_hz[0] == 4_000.0
    assert np.isnan(found.bandwidth_hz[1])  # none was found in it


class Counting(Cosine):
    """Says how many voices it heard."""

    heard = 0

    def hear(self, voices: Voices) -> Heard:
        type(self).heard += len(voices)
        ones = np.ones(len(voices))
        return Heard(voices, Strangers(ones, ones), Strangers(ones, ones))


def test_a_gallery_hears_each_row_once_for_a_back_end() -> None:
    vectors = speech(9, 1, seed=1)[0]
    gallery = Gallery([str(row) for row in range(9)], vectors, np.full(9, 5.0), "m@1")
    backend = Counting()
    gallery.heard(backend, np.array([3, 1]))
    found = gallery.heard(backend, np.array([1, 7, 3]))
    assert Counting.heard == 3
    assert found.voices.vectors == pytest.approx(vectors[[1, 7, 3]])
    assert gallery.heard(Cosine(), np.array([1])).cosine is NOBODY
    some = gallery.take([2, 5])
    assert np.isnan(some.voices(np.array([0])).snr_db[0])


@pytest.fixture
def kept(tmp_path: Path, fused: Fused) -> ScoringEntry:
    file = tmp_path / "a-scoring.npz"
    file.write_bytes(pack(fused.cohort, fused.plda))
    return ScoringEntry(
        file, digest(file.read_bytes()), "f" * 64, 20, (0.6, 0.4), ALIGNMENT, MEANING, {"speakers": 3}
    )


def test_a_back_end_survives_its_file(kept: ScoringEntry, fused: Fused) -> None:
    again = from_table(to_table(kept, kept.file.parent), kept.file)
    assert again.id == kept.id
    back = load_backend(again, SIZE)
    voices = side(speech(5, 2, seed=6)[0])
    found, before = (one.scores(one.hear(voices), one.hear(voices)) for one in (back, fused))
    assert found == pytest.approx(before, abs=0.05)  # half precision
    assert pack(fused.cohort, fused.plda) == kept.file.read_bytes()


def test_a_back_end_that_was_changed_is_refused(kept: ScoringEntry) -> None:
    table = to_table(kept, kept.file.parent)
    with pytest.raises(ModelInvalid, match="by hand"):
        from_table(table | {"nearest": 21}, kept.file)
    with pytest.raises(ModelInvalid, match="another model"):
        load_backend(kept, SIZE + 1)
    kept.file.write_bytes(kept.file.read_bytes()[:-1])
    with pytest.raises(ModelInvalid, match="SHA-256"):
        load_backend(kept, SIZE)
    with pytest.raises(ModelInvalid, match="damaged"):
        load_backend(replace(kept, sha256=digest(kept.file.read_bytes())), SIZE)


def test_the_bend_is_monotone_and_needs_a_rise() -> None:
    scores = np.linspace(-10, 20, 500)
    llr = MEANING.llr(scores, 1.0, 1.0)
    assert (np.diff(llr) > 0).all()
    assert (np.diff(llr)[-10:] / np.diff(scores)[-10:]) == pytest.approx(2.5, rel=1e-3)
    assert Calibration.from_table(MEANING.to_table()) == MEANING
    with pytest.raises(ModelInvalid, match="falls"):
        replace(MEANING, bend=(-0.1, 0.0))
    assert unchanged(MEANING).llr(3.3, 2.0, 5.0) == pytest.approx(3.3)
    assert "score" not in replace(MEANING, score="cosine", bend=(0.0, 0.0)).to_table()
