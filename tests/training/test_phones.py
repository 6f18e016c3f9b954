"""The phone network: shapes, loss, what is said to it, and its export; needs the extra `train`."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from earmark.evaluation.corpus import Split  # noqa: E402
from earmark.evaluation.synthetic import variants  # noqa: E402
from earmark.training.phones import DROPPED, STEP, WIDTH, PhoneNetwork, loss_of, thinned  # noqa: E402
from earmark.training.phones_data import MARGIN, Batch, sentences, spell, tight  # noqa: E402
from earmark.training.phones_export import export, write  # noqa: E402
from earmark.training.widen import widened  # noqa: E402
from earmark.voice.features import SAMPLE_RATE  # noqa: E402
from earmark.voice.phrase import network as runtime  # noqa: E402
from earmark.voice.phrase.pronunciations import PHONES, numbers, pronounce, words_of  # noqa: E402


def batch(spoken: list[list[int]], frames: int = 60) -> Batch:
    features = np.random.default_rng(1).normal(0, 1, (len(spoken), frames, 80)).astype(np.float32)
    counts = np.asarray([len(phones) for phones in spoken])
    return Batch(features, np.full(len(spoken), frames), np.concatenate(spoken), counts)


def test_the_network_gives_probabilities_every_30_ms() -> None:
    found = PhoneNetwork().eval()(torch.randn(2, 100, 80))
    assert found.shape == (2, 34, 1 + len(PHONES))
    assert found.exp().sum(dim=-1).detach().numpy() == pytest.approx(1.0, abs=1e-5)
    assert STEP == runtime.STEP


def test_the_loss_falls_when_two_clips_are_learned_by_heart() -> None:
    torch.manual_seed(1)
    made = batch([[3, 5, 7], [9, 9, 1, 4]])
    network = PhoneNetwork()
    optimiser = torch.optim.Adam(network.parameters(), lr=2e-3)
    losses = []
    for _ in range(6):
        loss, _ = loss_of(network, made)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


def test_views_that_say_the_same_are_not_apart() -> None:
    torch.manual_seed(3)
    network = PhoneNetwork().eval()
    made = batch([[3, 5, 7]] * 2)
    _, apart = loss_of(network, made)
    assert apart.item() > 0
    same = replace(made, features=np.repeat(made.features[:1], 2, axis=0))
    assert loss_of(network, same)[1].item() == pytest.approx(0.0, abs=1e-6)


def test_dropout_silences_whole_channels_and_keeps_the_mean() -> None:
    torch.manual_seed(4)
    found = thinned(torch.ones(200, 3, 300))
    assert (found == found[:, :1]).all()
    assert (found == 0).float().mean().item() == pytest.approx(DROPPED, abs=0.005)
    assert found.mean().item() == pytest.approx(1.0, abs=0.01)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")  # of the exporter
def test_a_wider_network_starts_with_what_the_narrow_one_says(tmp_path: Path) -> None:
    torch.manual_seed(5)
    narrow = PhoneNetwork(width=130)
    for _ in range(20):
        narrow.train()(torch.randn(4, 200, 80))  # moves the batch norms' statistics
    model = tmp_path / "phones.onnx"
    write(narrow.eval(), model)
    wide = widened(model, [batch([[1]] * 8, frames=200)] * 4, seed=1).eval()
    shown = torch.randn(2, 100, 80)
    with torch.no_grad():
        assert wide(shown).exp().numpy() == pytest.approx(narrow(shown).exp().numpy(), abs=0.02)
        again = wide.train()(torch.from_numpy(batch([[1]] * 8, frames=200).features))
    assert again.isfinite().all()


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")  # of the exporter
def test_a_network_is_never_made_narrower(tmp_path: Path) -> None:
    model = tmp_path / "phones.onnx"
    write(PhoneNetwork(width=WIDTH + 8).eval(), model)
    with pytest.raises(ValueError, match="channels wide"):
        widened(model, [], seed=1)


def test_words_are_spelled_in_phones() -> None:
    draw = np.random.default_rng(2)
    usual = numbers("DH AH K AE T")
    found = [tuple(spell(draw, [pronounce("the"), pronounce("cat")])) for _ in range(40)]
    assert found.count(usual) > 20
    assert numbers("DH IY K AE T") in found


def test_a_word_loses_the_silence_around_it_but_no_noise() -> None:
    draw = np.random.default_rng(6)
    quiet = np.full((100, 80), 20, np.uint8)
    quiet[40:60, 10:20] = 150  # what is said
    for _ in range(20):
        found = tight(draw, quiet)
        assert (found == 150).sum() == 200
        assert 20 + 2 * MARGIN[0] <= len(found) < 20 + 2 * MARGIN[1]
    noisy = np.maximum(quiet, 120)
    assert tight(draw, noisy).shape == noisy.shape


def test_made_sentences_are_words_of_the_dictionary() -> None:
    made = sentences(np.random.default_rng(3), ["the cat sat on the mat", "dogs run"])
    for text, _ in zip(made, range(50), strict=False):
        assert 2 <= len(words_of(text)) <= 8


def test_voices_of_the_splits_are_apart() -> None:
    pytest.importorskip("espeakng_loader")
    parts = [set(variants(split)) for split in Split]
    assert all(len(part) > 10 for part in parts)
    assert not parts[0] & parts[1]
    assert not parts[0] & parts[2]
    assert not parts[1] & parts[2]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")  # of the exporter
def test_what_is_exported_is_what_was_trained(tmp_path: Path) -> None:
    torch.manual_seed(2)
    network = PhoneNetwork()
    network.train()(torch.randn(4, 200, 80))  # moves the batch norms' statistics
    torch.save({"average": network.state_dict()}, tmp_path / "phones.pt")
    assert export(tmp_path / "phones.pt", tmp_path / "phones.onnx") < 1e-4
    data = (tmp_path / "phones.onnx").read_bytes()
    assert len(data) < 6_500_000
    ear = runtime.PhoneEar(data)
    clip = np.random.default_rng(4).normal(0, 0.1, SAMPLE_RATE).astype(np.float32)
    assert ear.hear(clip).shape == (33, 1 + len(PHONES))
    assert ear.hear(clip[:100]).shape[1] == 1 + len(PHONES)
