"""Speech folder to the segmentation network: training voices, simulated conversations, training, export.

Builds on the first layers of the speaker encoder: run recipes/train.py with the same work folder before. It
shares the decoded clips and teacher targets with it too.
Every stage is skipped when its file is there and resumes where it can.
"""

from dataclasses import replace

from options import ROOT, add_training, parser_of, recordings


def main() -> None:
    """Make what is missing, train, export."""
    parser = parser_of(__doc__)
    add_training(parser, ROOT / "work/segmentation-1.onnx")
    parser.set_defaults(threads=1)  # the other cores simulate conversations
    parser.add_argument("--writers", type=int, default=1, help="processes that simulate conversations")
    asked = parser.parse_args()
    root, work = recordings(asked), asked.work
    if not (work / "checkpoint.pt").exists():
        raise SystemExit(f"No checkpoint.pt in {work}: train the speaker encoder first (make train).")
    import torch

    from earmark.training import pool, teacher
    from earmark.training.segmentation import PLAN, train
    from earmark.training.segmentation_data import SPEEDS
    from earmark.training.segmentation_export import export

    torch.set_num_threads(asked.threads)
    pool.write_waves(root, work, pool.training_rows(root))
    pool.write_speech(work, asked.processes)
    for speed in sorted(SPEEDS):
        teacher.write_targets(work, speed)
    plan = replace(PLAN, steps=asked.steps or PLAN.steps, seed=asked.seed)
    checkpoint = train(root, work, plan, writers=asked.writers)
    same, whole = export(checkpoint, asked.out)
    print(f"{asked.out}: ONNX Runtime equals PyTorch to {same:.1g}; half precision adds {whole:.1g}.")
    print("Now run recipes/ship_segmentation.py on it.")


if __name__ == "__main__":
    main()
