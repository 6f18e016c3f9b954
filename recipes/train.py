"""Speech folder to the default model: pool of features, teacher targets, training, export.

Every stage is skipped when its file is there and resumes where it can, so the same command goes on
after an interruption. A GPU is used where there is one.
"""

from dataclasses import replace

from options import ROOT, add_training, parser_of, recordings


def main() -> None:
    """Make what is missing, train, export."""
    parser = parser_of(__doc__)
    add_training(parser, ROOT / "work/earmark-1.onnx")
    asked = parser.parse_args()
    root, work = recordings(asked), asked.work
    import torch

    from earmark.training import pool, teacher
    from earmark.training.export import export
    from earmark.training.train import PLAN, train

    torch.set_num_threads(asked.threads)
    work.mkdir(parents=True, exist_ok=True)
    pool.write_waves(root, work, pool.training_rows(root))
    pool.write_speech(work, asked.processes)
    pool.write_noise(root, work)
    for speed in sorted({version.speed for version in pool.VERSIONS}):
        teacher.write_targets(work, speed)
    for number in range(len(pool.VERSIONS)):
        pool.write_version(root, work, number, asked.processes)
    checkpoint = train(work, replace(PLAN, steps=asked.steps or PLAN.steps, seed=asked.seed))
    worst = export(checkpoint, asked.out)
    print(f"{asked.out}: ONNX Runtime equals PyTorch to {worst:.1g}.")
    print("Now run recipes/ship_model.py on it, then `make calibrate` and `make eval`.")


if __name__ == "__main__":
    main()
