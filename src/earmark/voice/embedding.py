"""Speech to vectors: a clip is cut into windows, each goes through the model alone, and they are averaged."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from earmark.errors import ModelInvalid
from earmark.voice.features import SAMPLE_RATE, Floats
from earmark.voice.models.catalog import ModelEntry, load_weights
from earmark.voice.models.families import find_family
from earmark.voice.models.families.family import FrontEnd
from earmark.voice.models.session import ModelSession

LONGEST = 6.0  # seconds in one window: the longest crop that the default model was trained on
SHORTEST = 0.7  # seconds: its shortest crop; a shorter clip is repeated up to it
TURN = 1.5  # seconds of the windows that are compared with each other to find a second voice
MOST_TURNS = 40  # bounds the work of that comparison: 60 s of a long recording, evenly spread

Seconds = NDArray[np.float64]


class Embedder:
    """A loaded model; every method may be called by many threads at once.

    Windows go through the model one by one: batches were measured to bring nothing on a CPU, and so the
    vector of a clip has the same bits whatever else is embedded with it, by however many threads.
    """

    def __init__(self, entry: ModelEntry, *, threads: int = 1) -> None:
        """Load the model's weights. Raises ModelNotFound or ModelInvalid; `threads` embed side by side."""
        self.entry = entry
        self._threads = max(1, threads)
        self._session = ModelSession(load_weights(entry))
        self._family = find_family(entry.family)
        described = self._family.describe(self._session.signature)
        # The catalogue decides: what the family would guess today may differ from what was checked then.
        self._front_end = replace(
            described, features=entry.features, mean_normalised=entry.mean_normalised, scale=entry.scale
        )

    def vectors(self, clips: Sequence[Floats]) -> Floats:
        """Clips (samples,) at 16 kHz to unit vectors, shape (clips, D) float32.

        A clip's vector is the mean of its windows' unit vectors, weighted by their lengths, scaled to
        unit length. Raises ValueError for a clip without samples, ModelInvalid for a vector of zeros or
        of values that are not numbers.
        """
        pieces = [cut(clip, front_end=self._front_end) for clip in clips]
        rows = self._each([window for windows in pieces for window in windows])
        out = np.empty((len(clips), self.entry.dimension), np.float32)
        start = 0
        for place, windows in enumerate(pieces):
            stop = start + len(windows)
            lengths = np.array([window.size for window in windows], np.float64)
            out[place] = _unit(lengths @ rows[start:stop].astype(np.float64))
            start = stop
        return out

    def windows(self, clip: Floats, *, seconds: float = TURN) -> tuple[Floats, Seconds]:
        """Unit vectors (w, D) of a clip's windows of at most `seconds` each, and their lengths (w,) in s.

        At most `MOST_TURNS` windows, evenly spread, so that a long recording costs no more than a minute.
        """
        windows = cut(clip, front_end=self._front_end, longest=seconds)
        if len(windows) > MOST_TURNS:
            places = np.linspace(0, len(windows) - 1, MOST_TURNS).round().astype(int)
            windows = [windows[place] for place in places]
        rows = self._each(windows)
        return rows, np.array([window.size / SAMPLE_RATE for window in windows])

    def _each(self, windows: list[Floats]) -> Floats:
        """Unit vectors of windows, (windows, D)."""
        if self._threads == 1 or len(windows) < 2:
            return _stack(map(self._one, windows), self.entry.dimension)
        with ThreadPoolExecutor(self._threads) as pool:
            return _stack(pool.map(self._one, windows), self.entry.dimension)

    def _one(self, window: Floats) -> Floats:
        raw = self.raw(window)
        if raw.shape != (self.entry.dimension,):
            raise ModelInvalid(
                f"Model {self.entry.id} gave {raw.size} numbers where its catalogue entry says "
                f"{self.entry.dimension}: remove it and add it again."
            )
        return _unit(raw.astype(np.float64))

    def raw(self, window: Floats) -> Floats:
        """The model's own output for one window, before normalising, shape (D,) float32."""
        session = self._session
        return session.run(self._family.prepare(window, self._front_end, session.signature)).reshape(-1)


def cut(clip: Floats, *, front_end: FrontEnd, longest: float = LONGEST) -> list[Floats]:
    """Windows of a clip: as few as `longest` seconds allow, of equal length, so that none is a mere tail.

    A clip shorter than `SHORTEST` seconds is repeated until it is that long. A model that was exported
    for one length only gets windows of that length, evenly spread, overlapping where they must.
    Raises ValueError for a clip without samples.
    """
    if clip.ndim != 1 or clip.size == 0:
        raise ValueError(f"a clip of shape {clip.shape} has no samples to embed")
    clip = clip.astype(np.float32, copy=False)
    if fixed := front_end.fixed_samples:
        clip = np.resize(clip, max(fixed, clip.size))
        starts = np.linspace(0, clip.size - fixed, -(-clip.size // fixed)).round().astype(int)
        return [clip[start : start + fixed] for start in starts]
    shortest = int(SHORTEST * SAMPLE_RATE)
    if clip.size < shortest:
        return [np.resize(clip, shortest)]
    count = -(-clip.size // int(longest * SAMPLE_RATE))
    return np.array_split(clip, count)


def _stack(rows: Iterable[Floats], dimension: int) -> Floats:
    return np.array(list(rows), np.float32).reshape(-1, dimension)


def _unit(vector: NDArray[np.float64]) -> Floats:
    length = float(np.linalg.norm(vector))
    if not np.isfinite(length) or length < 1e-12:
        raise ModelInvalid(
            "The model gave no usable vector (zeros, or values that are not numbers): "
            "run `earmark models check`, and add it again under the right family."
        )
    return np.asarray(vector / length, np.float32)
