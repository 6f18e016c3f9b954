"""An engine's model to what a recording is diarized with."""

from dataclasses import replace

from earmark.errors import ModelInvalid
from earmark.voice.diarization.clustering import Likeness
from earmark.voice.diarization.pipeline import Ears
from earmark.voice.diarization.segmenter import Segmenter
from earmark.voice.diarization.tuning import FITTED_FOR, TUNING
from earmark.voice.embedding import Embedder
from earmark.voice.features import Floats
from earmark.voice.models.catalog import ModelEntry

TYPICAL = (8.0, 4.0)  # seconds behind two pooled embeddings, at which a foreign model's slope is read


def make_ears(embedder: Embedder, *, threads: int = 1) -> Ears:
    """The segmentation network, and an embedding model with what its cosines mean within a recording.

    Raises ModelInvalid for a model without a calibration: how alike one person is to themselves is unknown.
    """

    def embed(clip: Floats) -> Floats:
        vector: Floats = embedder.vectors([clip])[0]
        return vector

    return Ears(Segmenter(), embed, replace(TUNING, likeness=likeness_of(embedder.entry)), threads)


def likeness_of(entry: ModelEntry) -> Likeness:
    """What was fitted within recordings for the model that ships; for another, its general calibration."""
    if entry.name == FITTED_FOR:
        return TUNING.likeness
    if entry.calibration is None:
        raise ModelInvalid(
            f"Model {entry.id} has no calibration, so speakers cannot be told apart by it: add it again with "
            "a calibration, or use another model."
        )
    calibration = entry.calibration
    slope = calibration.llr(1.0, *TYPICAL) - calibration.llr(0.0, *TYPICAL)
    moved = calibration.offset[3] or any(calibration.slope[1:])  # by products that a likeness has not
    return Likeness(
        offset=calibration.llr(0.0, *TYPICAL) if moved else calibration.offset[0],
        short=0.0 if moved else calibration.offset[2],
        long=0.0 if moved else calibration.offset[1],
        slope=slope,
        seconds=calibration.test_seconds,
    )
