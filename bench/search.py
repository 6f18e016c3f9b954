"""1:N search against the time that reading the same memory once takes."""

from collections.abc import Iterator

import numpy as np

from bench.timing import medians
from earmark.voice.features import Floats
from earmark.voice.gallery import Gallery

SIZES = (1_000, 100_000, 1_000_000)
DIMENSION = 256
PIECE = 4_000_000  # numbers read at a time


def lines(rounds: int) -> Iterator[str]:
    """The section, line by line."""
    draw = np.random.default_rng(2)
    for size in SIZES:
        gallery, query = made_gallery(size, draw), draw.standard_normal(DIMENSION).astype(np.float32)
        query /= np.linalg.norm(query)
        flat = gallery.matrix.ravel()

        def search(gallery: Gallery = gallery, query: Floats = query) -> object:
            return gallery.search(query, top=5)

        def read(flat: Floats = flat) -> object:
            # One product of a piece with itself: every number is loaded once, and little is computed.
            return [float(flat[at : at + PIECE] @ flat[at : at + PIECE]) for at in range(0, flat.size, PIECE)]

        searched, once = medians([search, read], rounds=rounds)
        gibibytes = flat.nbytes / 2**30
        yield (
            f"{size:>9,} voiceprints ({gibibytes:.3f} GiB): {1e3 * searched:.3f} ms a query; reading the "
            f"memory once {1e3 * once:.3f} ms ({gibibytes / once:.1f} GiB/s); ratio {searched / once:.2f}"
        )


def made_gallery(size: int, draw: np.random.Generator) -> Gallery:
    """Random unit vectors as a gallery."""
    matrix = draw.standard_normal((size, DIMENSION), np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    return Gallery([str(number) for number in range(size)], matrix, np.full(size, 10.0), "bench@1")
