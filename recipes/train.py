"""Speech folder to the default model: pool of features, teacher targets, training, export.

Every stage is skipped when its file is there and resumes where it can, so the same command goes on
after an interruption. A GPU is used where there is one.
"""

import argparse
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STEPS = 4_000


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    default = Path(os.environ.get("EARMARK_SPEECH", ROOT.parent / "shared/speech"))
    parser.add_argument("--speech", type=Path, default=default, help="folder of sets (EARMARK_SPEECH)")
    parser.add_argument("--work", type=Path, default=ROOT / "work", help="pool, checkpoints, log: 5 GB")
    parser.add_argument("--steps", type=int, default=STEPS, help=f"batches (default {STEPS})")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="for making the pool")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="without a GPU")
    parser.add_argument(
        "--out", type=Path, default=ROOT / "work/earmark-1.onnx", help="where the ONNX model goes"
    )
    return parser.parse_args()


def main() -> None:
    """Make what is missing, train, export."""
    options = arguments()
    if not (options.speech / "speechocean762" / "index.tsv").exists():
        raise SystemExit(f"No speech sets in {options.speech}: name their folder with --speech.")
    import torch

    from earmark.training import pool, teacher
    from earmark.training.export import export
    from earmark.training.train import Plan, train

    torch.set_num_threads(options.threads)
    work: Path = options.work
    work.mkdir(parents=True, exist_ok=True)
    pool.write_waves(options.speech, work, pool.training_rows(options.speech))
    pool.write_speech(work, options.processes)
    pool.write_noise(options.speech, work)
    for speed in sorted({version.speed for version in pool.VERSIONS}):
        teacher.write_targets(work, speed)
    for number in range(len(pool.VERSIONS)):
        pool.write_version(options.speech, work, number, options.processes)
    checkpoint = train(work, Plan(options.steps))
    worst = export(checkpoint, options.out)
    print(f"{options.out}: ONNX Runtime equals PyTorch to {worst:.1g}.")
    print("Now run recipes/ship_model.py on it, then `make calibrate` and `make eval`.")


if __name__ == "__main__":
    main()
