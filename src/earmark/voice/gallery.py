"""Many voiceprints to the nearest few: exact search over one matrix, in pieces that stay in the cache."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from earmark.errors import InvalidRequest, ModelMismatch
from earmark.voice.features import Floats
from earmark.voice.scoring.backends import NOBODY, Backend, Heard
from earmark.voice.scoring.normalisation import Strangers
from earmark.voice.scoring.voices import Voices, voices_of
from earmark.voice.voiceprint import Voiceprint

ROWS = 16_384  # of a piece: at D = 256 its scores stay in the L2 cache while its rows stream through

Indices = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class _Kept:
    backend: Backend  # held, so that no other gets its identity
    numbers: NDArray[np.float64]  # (N, 4) mean and spread of the strangers, by cosine and by PLDA
    known: NDArray[np.bool_]  # (N,)


@dataclass(frozen=True, eq=False)
class Gallery:
    """Voiceprints made by one model, ready to be searched.

    `matrix` is (N, D) float32 with rows of unit length, `keys` and `speech_seconds` have N entries each,
    and `model` is the name and version that made every row. Exact search was measured to be as fast as
    the approximate indexes at the sizes that one machine holds, and it loses nobody.
    """

    keys: Sequence[str]
    matrix: Floats
    speech_seconds: NDArray[np.float64]  # net speech behind each row
    model: str
    snr_db: NDArray[np.float64] | None = None  # (N,) of the recordings behind each row; None: not known
    bandwidth_hz: NDArray[np.float64] | None = None
    _heard: dict[int, "_Kept"] = field(default_factory=dict, init=False, repr=False)  # by back end

    def __post_init__(self) -> None:
        if self.matrix.ndim != 2 or not len(self.keys) == len(self.matrix) == len(self.speech_seconds):
            raise InvalidRequest(
                f"A gallery needs as many keys ({len(self.keys)}) and speech seconds "
                f"({len(self.speech_seconds)}) as rows; its matrix has the shape {self.matrix.shape}."
            )
        object.__setattr__(self, "matrix", np.ascontiguousarray(self.matrix, np.float32))
        object.__setattr__(self, "speech_seconds", np.asarray(self.speech_seconds, np.float64))
        for name in ("snr_db", "bandwidth_hz"):
            given = getattr(self, name)
            known = np.full(len(self), np.nan) if given is None else np.asarray(given, np.float64)
            if known.shape != (len(self),):
                raise InvalidRequest(f"A gallery of {len(self)} rows needs as many of {name}, or none.")
            object.__setattr__(self, name, known)

    def __len__(self) -> int:
        return len(self.keys)

    def take(self, rows: Sequence[int] | Indices) -> "Gallery":
        """The gallery of some rows only, in the order asked for: the candidates of one request."""
        picked = np.asarray(rows, np.int64)
        voices = self.voices(picked)
        return Gallery(
            [self.keys[row] for row in picked],
            voices.vectors,
            voices.seconds,
            self.model,
            voices.snr_db,
            voices.bandwidth_hz,
        )

    def voices(self, rows: Indices) -> Voices:
        """Some rows as one side of comparisons."""
        snr, band = np.asarray(self.snr_db), np.asarray(self.bandwidth_hz)
        return Voices(self.matrix[rows], self.speech_seconds[rows], snr[rows], band[rows])

    def heard(self, backend: Backend, rows: Indices) -> Heard:
        """Some rows with what a back end needs of each, which is computed once for each row and kept."""
        voices = self.voices(rows)
        kept = self._heard.get(id(backend))
        if kept is None:
            numbers = np.full((len(self), 4), np.nan)
            kept = self._heard[id(backend)] = _Kept(backend, numbers, np.zeros(len(self), bool))
        new = np.flatnonzero(~kept.known[rows])
        if new.size:
            found = backend.hear(voices.take(new))
            if found.cosine is NOBODY:
                return Heard(voices)
            parts = (found.cosine.mean, found.cosine.spread, found.plda.mean, found.plda.spread)
            kept.numbers[rows[new]] = np.stack(parts, axis=1)
            kept.known[rows[new]] = True  # last: another thread may be reading
        one = kept.numbers[rows]
        return Heard(voices, Strangers(one[:, 0], one[:, 1]), Strangers(one[:, 2], one[:, 3]))

    def scores(self, vector: Floats) -> Floats:
        """Cosine of one unit vector (D,) with every row, shape (N,) float32."""
        query = self._queries(vector)
        out = np.empty(len(self), np.float32)
        for start, piece in self._pieces():
            out[start : start + len(piece)] = (piece @ query.T)[:, 0]
        return out

    def search(self, vectors: Floats, top: int = 10) -> tuple[Indices, Floats]:
        """Nearest rows of one query (D,) or of several (Q, D), all of unit length.

        Returns (indices, scores), both (k,) or (Q, k) with k = min(top, N), best first; of equal scores
        the earlier row comes first. Raises InvalidRequest when `top` is below 1 or D differs.
        """
        if top < 1:
            raise InvalidRequest(f"Asked for the best {top}: ask for at least 1.")
        queries = self._queries(vectors)
        indices = np.empty((len(queries), 0), np.int64)
        scores = np.empty((len(queries), 0), np.float32)
        for start, piece in self._pieces():
            # Scores of a piece lie row by row of the gallery: the product is faster that way round.
            found = np.ascontiguousarray((piece @ queries.T).T)
            places, values = _best(found, top)
            scores = np.concatenate([scores, values], axis=1)
            indices = np.concatenate([indices, places + start], axis=1)
            order = np.argsort(-scores, axis=1, kind="stable")[:, :top]
            scores = np.take_along_axis(scores, order, axis=1)
            indices = np.take_along_axis(indices, order, axis=1)
        return (indices[0], scores[0]) if vectors.ndim == 1 else (indices, scores)

    def _queries(self, vectors: Floats) -> Floats:
        queries = np.atleast_2d(np.asarray(vectors, np.float32))
        if queries.ndim != 2 or queries.shape[1] != self.matrix.shape[1]:
            raise InvalidRequest(
                f"A vector of shape {np.shape(vectors)} cannot be compared with voiceprints of "
                f"{self.matrix.shape[1]} numbers: embed with the model that made the gallery."
            )
        return queries

    def _pieces(self) -> Iterator[tuple[int, Floats]]:
        for start in range(0, len(self), ROWS):
            yield start, self.matrix[start : start + ROWS]


def make_gallery(voiceprints: Mapping[str, Voiceprint], *, model: str, dimension: int) -> Gallery:
    """Voiceprints by key to a gallery of one model.

    Raises ModelMismatch, with the number of voiceprints that another model made; scores across models
    mean nothing.
    """
    foreign = sorted({print_.model for print_ in voiceprints.values()} - {model})
    if foreign:
        count = sum(print_.model != model for print_ in voiceprints.values())
        raise ModelMismatch(
            f"{count} of {len(voiceprints)} voiceprints were made by {', '.join(foreign)}, not by {model}: "
            "enrol them again with this model, or use an engine with theirs."
        )
    if not voiceprints:
        return Gallery([], np.empty((0, dimension), np.float32), np.empty(0), model)
    found = voices_of(list(voiceprints.values()))
    return Gallery(list(voiceprints), found.vectors, found.seconds, model, found.snr_db, found.bandwidth_hz)


def _best(scores: Floats, top: int) -> tuple[Indices, Floats]:
    """Places and values of the best `top` of each row (Q, n), best first, the earlier one of equals."""
    if scores.shape[1] > top:
        # argpartition picks among equals at random: take everything that reaches the k-th value instead.
        floor = -np.partition(-scores, top - 1, axis=1)[:, top - 1 : top]
        places = np.empty((len(scores), top), np.int64)
        for row, values in enumerate(scores):
            reaching = np.flatnonzero(values >= floor[row])
            places[row] = reaching[np.argsort(-values[reaching], kind="stable")[:top]]
    else:
        places = np.argsort(-scores, axis=1, kind="stable").astype(np.int64)
    return places, np.take_along_axis(scores, places, axis=1)
