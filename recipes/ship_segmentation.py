"""Trained segmentation network to the one that ships: checked, copied into the package and catalogued."""

import argparse
import sys
from pathlib import Path

import numpy as np

from earmark.errors import EarmarkError
from earmark.voice.diarization.segmenter import LOCAL_SPEAKERS, Segmenter
from earmark.voice.features import SAMPLE_RATE
from earmark.voice.models.add import keep_file
from earmark.voice.models.catalog import (
    SEGMENTATION_MODEL,
    SegmentationEntry,
    shipped_catalog,
    write_segmentation,
)
from earmark.voice.models.file import digest

MAX_BYTES = 6_000_000  # what the wheel should carry at most


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", type=Path, help="the exported ONNX file")
    parser.add_argument("--version", default="1.0")
    parser.add_argument("--licence", default="Apache-2.0")
    return parser.parse_args()


def main() -> int:
    """Run it."""
    asked = arguments()
    data = asked.weights.read_bytes()
    if len(data) > MAX_BYTES:
        print(f"{len(data) / 1e6:.1f} MB, at most {MAX_BYTES / 1e6:.0f} may be shipped.")
        return 1
    shape = Segmenter(file=asked.weights).activity(np.zeros(2 * SAMPLE_RATE, np.float32)).shape
    if shape != (100, LOCAL_SPEAKERS):
        print(f"Two seconds give activity of shape {shape}, not (100, {LOCAL_SPEAKERS}).")
        return 1
    file = shipped_catalog().parent / "weights" / f"{SEGMENTATION_MODEL}.onnx"
    keep_file(file, data)
    file.chmod(0o644)
    write_segmentation(
        SegmentationEntry(SEGMENTATION_MODEL, asked.version, file, digest(data), asked.licence)
    )
    print(f"{SEGMENTATION_MODEL}@{asked.version}: {len(data) / 1e6:.1f} MB, sha256 {digest(data)}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except EarmarkError as error:
        sys.exit(f"{error.code}: {error}")
