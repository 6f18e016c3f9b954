"""Speech with text to the phone network of the phrase checker: synthetic speech, training, export.

Shares the decoded clips and features with recipes/train.py: give it the same work folder. Every stage is
skipped when its file is there and resumes where it can; a second or two for a step on two cores.
"""

from dataclasses import replace
from itertools import islice
from pathlib import Path

from options import ROOT, add_training, parser_of, recordings

SHOWN = 8  # batches from which a network that goes on learns what its channels hold


def main() -> None:
    """Make what is missing, train, export."""
    parser = parser_of(__doc__)
    add_training(parser, ROOT / "src/earmark/voice/models/phrase/phones.onnx")
    parser.add_argument("--start", type=Path, help="phones.onnx to go on from instead of from nothing")
    asked = parser.parse_args()
    root, work = recordings(asked), asked.work
    import torch

    from earmark.training import phones_data, pool, readings
    from earmark.training.phones import PLAN, PhoneNetwork, train
    from earmark.training.phones_export import export
    from earmark.training.widen import widened

    torch.set_num_threads(asked.threads)
    work.mkdir(parents=True, exist_ok=True)
    pool.write_waves(root, work, pool.training_rows(root))
    pool.write_noise(root, work)
    for number in range(len(pool.VERSIONS)):
        pool.write_version(root, work, number, asked.processes)
    phones_data.write_synthetic(root, work)
    readings.write_readings(root, work, asked.processes)
    network = PhoneNetwork()
    if asked.start and not (work / "phones.pt").exists():
        network = widened(asked.start, islice(phones_data.batches(root, work, asked.seed), SHOWN), asked.seed)
    plan = replace(PLAN, steps=asked.steps or PLAN.steps, seed=asked.seed)
    worst = export(train(root, work, plan, network), asked.out)
    print(f"{asked.out}: ONNX Runtime equals PyTorch to {worst:.1g}. Now run recipes/calibrate_phrase.py.")


if __name__ == "__main__":
    main()
