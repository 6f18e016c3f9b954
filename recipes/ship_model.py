"""Trained weights to the model that ships: checked, copied into the package and catalogued.

The calibration is left out, for it belonged to the weights before: run recipes/calibrate.py next.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from earmark.errors import EarmarkError
from earmark.voice.embedding import Embedder
from earmark.voice.models.add import examine, keep_file
from earmark.voice.models.catalog import DEFAULT_MODEL, shipped_catalog, write_entry
from earmark.voice.models.self_check import self_check

MAX_BYTES = 20_000_000  # what the wheel should carry at most


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", type=Path, help="the exported ONNX file")
    parser.add_argument("--name", default=DEFAULT_MODEL)
    parser.add_argument("--version", default="1.0")
    parser.add_argument("--licence", default="Apache-2.0")
    parser.add_argument("--dry-run", action="store_true", help="check only")
    parser.add_argument("--force", action="store_true", help="ship it even if the self-check fails")
    return parser.parse_args()


def main() -> int:
    """Run it."""
    asked = arguments()
    entry = examine(
        asked.weights, name=asked.name, family="earmark", licence=asked.licence, version=asked.version
    )
    data = asked.weights.read_bytes()
    if len(data) > MAX_BYTES:
        print(f"{len(data) / 1e6:.1f} MB, at most {MAX_BYTES / 1e6:.0f} may be shipped.")
        return 1
    check = self_check(Embedder(entry))
    print(
        f"{entry.id}: {len(data) / 1e6:.1f} MB, {entry.dimension} numbers, sha256 {entry.sha256}\n"
        f"Self-check: {check.eer:.1%} errors, cosine {check.same:.2f} within a voice, "
        f"{check.different:.2f} between voices."
    )
    if not check.passed and not asked.force:
        print(check.problem)
        return 1
    if not asked.dry_run:
        file = shipped_catalog().parent / "weights" / f"{entry.name}.onnx"
        keep_file(file, data)
        write_entry(shipped_catalog(), replace(entry, file=file))
        print("Catalogued, without a calibration: run recipes/calibrate.py.")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except EarmarkError as error:
        sys.exit(f"{error.code}: {error}")
