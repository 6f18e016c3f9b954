"""Segmentation network to figures: errors within 10 s windows, beside the speech detector alone.

On simulated meetings of speakers, rooms and noises that no training met, and on the real excerpts.
"""

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from options import parser_of, recordings

from earmark.evaluation.conditions import read_scenery
from earmark.evaluation.conversations import JOINED
from earmark.evaluation.corpus import Split
from earmark.evaluation.meetings import Meeting, real, simulated
from earmark.evaluation.segments import Activity, Counts, compare, cut_windows, decide
from earmark.voice.diarization.segmenter import FRAME_SAMPLES, LOCAL_SPEAKERS, Segmenter
from earmark.voice.features import SAMPLE_RATE, Floats
from earmark.voice.vad import find_speech

Listener = Callable[[Floats], Activity]


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = parser_of(__doc__)
    parser.add_argument("--model", type=Path, help="an ONNX file instead of the one that ships")
    parser.add_argument("--pyannote", type=Path, help="whisperx/assets/pytorch_model.bin, to measure it too")
    parser.add_argument("--split", type=Split, default=Split.TEST, help="whose voices (default test)")
    parser.add_argument("--each", type=int, default=8, help="meetings of each number of speakers")
    return parser.parse_args()


def detector(window: Floats, *, joined: float = 0.0) -> Activity:
    """Speech as the detector finds it, all of one speaker; pauses below `joined` seconds closed."""
    said = np.zeros((-(-window.size // FRAME_SAMPLES), LOCAL_SPEAKERS), bool)
    before = -window.size
    for segment in find_speech(window):
        start = before if segment.start - before < joined * SAMPLE_RATE else segment.start
        said[round(start / FRAME_SAMPLES) : round(segment.end / FRAME_SAMPLES), 0] = True
        before = segment.end
    return said


def listeners(options: argparse.Namespace) -> dict[str, Listener]:
    """What is measured, by name."""
    segmenter = Segmenter(file=options.model)
    found: dict[str, Listener] = {
        "segmentation": lambda window: decide(segmenter.activity(window)),
        "detector": detector,
        "detector, joined": lambda window: detector(window, joined=JOINED),
    }
    if options.pyannote:
        from earmark.training.pyannet import activity, load_pyannet

        network = load_pyannet(options.pyannote)
        found["pyannote"] = lambda window: decide(activity(network, window))
    return found


def measure(meetings: Iterable[Meeting], found: dict[str, Listener]) -> dict[str, dict[str, Counts]]:
    """Counts by part of the meetings and listener; windows do not overlap."""
    counts: dict[str, dict[str, Counts]] = {}
    for meeting in meetings:
        part = counts.setdefault(meeting.part, {name: Counts() for name in found})
        for window, truth in cut_windows(meeting.samples, meeting.turns, hop=10.0):
            for name, listen in found.items():
                part[name] += compare(truth, listen(window))
    return counts


def main() -> None:
    """Measure and print."""
    options = arguments()
    root = recordings(options)
    found = listeners(options)
    made = simulated(
        root, options.split, read_scenery(root), speakers=(1, 2, 3, 4), each=options.each, seconds=60, seed=4
    )
    counts = measure(made, found)
    total = {name: sum((part[name] for part in counts.values()), Counts()) for name in found}
    counts |= {"simulated, all": total} | measure(real(root), found)
    for part, figures in counts.items():
        print(part)
        for name, figure in figures.items():
            print(f"  {name:16} {figure.line()}")


if __name__ == "__main__":
    main()
