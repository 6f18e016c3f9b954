"""Speech folder to the segmentation network: training voices, simulated conversations, training, export.

Builds on the first layers of the speaker encoder: run recipes/train.py with the same work folder before. It
shares the decoded clips and teacher targets with it too.
Every stage is skipped when its file is there and resumes where it can.
"""

import argparse
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STEPS = 2_800


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    default = Path(os.environ.get("EARMARK_SPEECH", ROOT.parent / "shared/speech"))
    parser.add_argument("--speech", type=Path, default=default, help="folder of sets (EARMARK_SPEECH)")
    parser.add_argument("--work", type=Path, default=ROOT / "work", help="clips, windows, checkpoints: 5 GB")
    parser.add_argument("--steps", type=int, default=STEPS, help=f"batches (default {STEPS})")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="for preparing the clips")
    parser.add_argument("--writers", type=int, default=1, help="processes that simulate conversations")
    parser.add_argument("--threads", type=int, default=1, help="of the training itself")
    parser.add_argument("--out", type=Path, default=ROOT / "work/segmentation-1.onnx", help="the ONNX model")
    return parser.parse_args()


def main() -> None:
    """Make what is missing, train, export."""
    options = arguments()
    if not (options.speech / "speechocean762" / "index.tsv").exists():
        raise SystemExit(f"No speech sets in {options.speech}: name their folder with --speech.")
    if not (options.work / "checkpoint.pt").exists():
        raise SystemExit(f"No checkpoint.pt in {options.work}: train the speaker encoder first (make train).")
    import torch

    from earmark.training import pool, teacher
    from earmark.training.segmentation import Plan, train
    from earmark.training.segmentation_data import SPEEDS

    torch.set_num_threads(options.threads)
    work: Path = options.work
    work.mkdir(parents=True, exist_ok=True)
    pool.write_waves(options.speech, work, pool.training_rows(options.speech))
    pool.write_speech(work, options.processes)
    for speed in sorted(SPEEDS):
        teacher.write_targets(work, speed)
    checkpoint = train(options.speech, work, Plan(options.steps, seed=options.seed), writers=options.writers)

    from earmark.training.segmentation_export import export

    same, whole = export(checkpoint, options.out)
    print(f"{options.out}: ONNX Runtime equals PyTorch to {same:.1g}; half precision adds {whole:.1g}.")
    print("Now run recipes/ship_segmentation.py on it.")


if __name__ == "__main__":
    main()
