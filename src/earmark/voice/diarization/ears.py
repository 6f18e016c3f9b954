"""An engine's model to what a recording is diarized with."""

from dataclasses import replace

from earmark.errors import ModelInvalid
from earmark.voice.diarization.clustering import Likeness, Tuning
from earmark.voice.diarization.measures import Measure, by_strangers
from earmark.voice.diarization.pipeline import Ears
from earmark.voice.diarization.segmenter import Segmenter
from earmark.voice.diarization.tuning import FITTED_FOR, TUNING
from earmark.voice.embedding import Embedder
from earmark.voice.features import Floats
from earmark.voice.models.catalog import ModelEntry
from earmark.voice.models.scoring import load_backend

TYPICAL = (8.0, 4.0)  # seconds behind two pooled embeddings, at which a foreign model's slope is read


def make_ears(embedder: Embedder, *, threads: int = 1) -> Ears:
    """The segmentation network, and an embedding model with what its cosines mean within a recording.

    Raises ModelInvalid for a model without a calibration: how alike one person is to themselves is unknown;
    ModelNotFound and ModelInvalid when the file of its back end is gone or damaged.
    """

    def embed(clip: Floats) -> Floats:
        vector: Floats = embedder.vectors([clip])[0]
        return vector

    return Ears(Segmenter(), embed, tuning_of(embedder.entry), threads)


def tuning_of(entry: ModelEntry) -> Tuning:
    """For the model that ships, comparisons beside its cohort; for another, by its cosines alone."""
    measure = measure_of(entry)
    if measure is None:
        return replace(TUNING, likeness=likeness_of(entry), beside=None)
    return replace(TUNING, measure=measure)


def measure_of(entry: ModelEntry) -> Measure | None:
    """Comparisons by the cohort of the back end that the tuning was fitted with; None for another model."""
    scoring = entry.scoring
    if entry.name != FITTED_FOR or scoring is None or scoring.weights != entry.sha256:
        return None
    return by_strangers(load_backend(scoring, entry.dimension))


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
