"""A store in a fresh home, and small clips with embeddings that no model made."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from earmark.storage.profiles import create_profile
from earmark.storage.store import DEFAULT_TENANT, Store, open_store
from earmark.storage.values import Profile
from earmark.voice.features import Floats
from earmark.voice.quality import Quality
from earmark.voice.voiceprint import Embedding

QUALITY = Quality(
    speech_seconds=4.5,
    total_seconds=5.25,
    snr_db=21.5,
    clipped=0.001,
    bandwidth_hz=7_800.0,
    level_dbfs=-23.5,
    several_voices=False,
)

Take = tuple[list[Floats], list[Embedding]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def store(home: Path, database_url: str | None) -> Iterator[Store]:
    with open_store(home, database_url=database_url, environ={}) as opened:
        yield opened


@pytest.fixture
def take() -> Callable[..., Take]:
    """Clips of noise and unit vectors: `take(number, seed=, model=)`."""

    def make(number: int, *, seed: int = 0, model: str = "test@1", seconds: float = 0.25) -> Take:
        random = np.random.default_rng(seed)
        clips = [random.normal(0, 0.1, int(16_000 * seconds)).astype(np.float32) for _ in range(number)]
        vectors = random.normal(size=(number, 64)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return clips, [Embedding(vector, QUALITY, model) for vector in vectors]

    return make


@pytest.fixture
def people(store: Store, take: Callable[..., Take]) -> Callable[..., Profile]:
    """Store one profile: `people(label, number=, seed=, tenant=)`."""

    def enrol(
        label: str | None,
        *,
        number: int = 2,
        seed: int = 0,
        tenant: str = DEFAULT_TENANT,
        model: str = "test@1",
        seconds: float = 0.25,
    ) -> Profile:
        clips, embeddings = take(number, seed=seed, model=model, seconds=seconds)
        return create_profile(tenant, store, clips=clips, embeddings=embeddings, label=label)

    return enrol
