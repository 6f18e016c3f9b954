"""Many voiceprints to the nearest few: exact search over one matrix, in pieces that stay in the cache."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earmark.errors import InvalidRequest, ModelMismatch
from earmark.voice.features import Floats
from earmark.voice.voiceprint import Voiceprint

ROWS = 16_384  # of a piece: at D = 256 its scores stay in the L2 cache while its rows stream through

Indices = NDArray[np.int64]


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

    def __post_init__(self) -> None:
        if self.matrix.ndim != 2 or not len(self.keys) == len(self.matrix) == len(self.speech_seconds):
            raise InvalidRequest(
                f"A gallery needs as many keys ({len(self.keys)}) and speech seconds "
                f"({len(self.speech_seconds)}) as rows; its matrix has the shape {self.matrix.shape}."
            )
        object.__setattr__(self, "matrix", np.ascontiguousarray(self.matrix, np.float32))
        object.__setattr__(self, "speech_seconds", np.asarray(self.speech_seconds, np.float64))

    def __len__(self) -> int:
        return len(self.keys)

    def take(self, rows: Sequence[int] | Indices) -> "Gallery":
        """The gallery of some rows only, in the order asked for: the candidates of one request."""
        picked = np.asarray(rows, np.int64)
        return Gallery(
            [self.keys[row] for row in picked], self.matrix[picked], self.speech_seconds[picked], self.model
        )

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
    matrix = np.empty((len(voiceprints), dimension), np.float32)
    for row, print_ in enumerate(voiceprints.values()):
        matrix[row] = print_.vector
    seconds = np.array([print_.speech_seconds for print_ in voiceprints.values()], np.float64)
    return Gallery(list(voiceprints), matrix, seconds, model)


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
