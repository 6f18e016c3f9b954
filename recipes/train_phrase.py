"""Speech with text to the phone network of the phrase checker: synthetic speech, training, export.

Shares the decoded clips and features with recipes/train.py: give it the same work folder. Every stage is
skipped when its file is there and resumes where it can; a second or two for a step on two cores.
"""

import argparse
import os
from itertools import islice
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STEPS = 9_200
SHOWN = 8  # batches from which a network that goes on learns what its channels hold


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    default = Path(os.environ.get("EARMARK_SPEECH", ROOT.parent / "shared/speech"))
    parser.add_argument("--speech", type=Path, default=default, help="folder of sets (EARMARK_SPEECH)")
    parser.add_argument("--work", type=Path, default=ROOT / "work", help="clips, features, checkpoints: 5 GB")
    parser.add_argument("--steps", type=int, default=STEPS, help=f"batches (default {STEPS})")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=Path, help="phones.onnx to go on from instead of from nothing")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="for preparing the clips")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="of the training itself")
    parser.add_argument("--out", type=Path, default=ROOT / "src/earmark/voice/models/phrase/phones.onnx")
    return parser.parse_args()


def main() -> None:
    """Make what is missing, train, export."""
    options = arguments()
    if not (options.speech / "speechocean762" / "index.tsv").exists():
        raise SystemExit(f"No speech sets in {options.speech}: name their folder with --speech.")
    import torch

    from earmark.training import phones_data, pool, readings
    from earmark.training.phones import PhoneNetwork, Plan, train
    from earmark.training.widen import widened

    torch.set_num_threads(options.threads)
    work: Path = options.work
    work.mkdir(parents=True, exist_ok=True)
    pool.write_waves(options.speech, work, pool.training_rows(options.speech))
    pool.write_noise(options.speech, work)
    for number in range(len(pool.VERSIONS)):
        pool.write_version(options.speech, work, number, options.processes)
    phones_data.write_synthetic(options.speech, work)
    readings.write_readings(options.speech, work, options.processes)
    network = PhoneNetwork()
    if options.start and not (work / "phones.pt").exists():
        shown = phones_data.batches(options.speech, work, options.seed)
        network = widened(options.start, islice(shown, SHOWN), options.seed)
    checkpoint = train(options.speech, work, Plan(options.steps, seed=options.seed), network)

    from earmark.training.phones_export import export

    worst = export(checkpoint, options.out)
    print(f"{options.out}: ONNX Runtime equals PyTorch to {worst:.1g}. Now run recipes/calibrate_phrase.py.")


if __name__ == "__main__":
    main()
