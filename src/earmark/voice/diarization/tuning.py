"""The numbers by which speakers are told apart, fitted by recipes/tune_diarization.py."""

from earmark.voice.diarization.clustering import Likeness, Tuning

FITTED_FOR = "earmark-1"  # the model whose scores the likenesses are about

# On simulated meetings of speakers held out for calibration. They last two minutes at most, where any
# `least_seconds` above 8 does alike; in a conversation of an hour 8 s found 34 people instead of 4.
TUNING = Tuning(
    likeness=Likeness(offset=-4.1978, short=-1.7016, long=-0.3879, slope=11.3385, seconds=(0.3, 20.0)),
    beside=Likeness(offset=-0.8883, short=-1.7089, long=-0.1723, slope=1.3207, seconds=(0.3, 20.0)),
    stop=-1.1,
    together=0.15,
    most_apart=15.0,
    most_same=0.0,
    following=2.0,
    least_seconds=60.0,
    least_share=0.1,
    stop_small=-4.0,
    change=1.0,
    own=1.0,
)
