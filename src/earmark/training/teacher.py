"""Training clips to teacher embeddings: `resemblyzer` (Apache-2.0), over each clip or group of short clips.

The teacher looks at 1.6 s windows, so clips shorter than 3 s are first joined with others of the same
speaker; a speaker's only short clip is repeated instead of being padded with silence.
"""

from pathlib import Path

import numpy as np
import torch
from resemblyzer import VoiceEncoder, preprocess_wav
from resemblyzer.audio import wav_to_mel_spectrogram
from tqdm import tqdm

from earmark.evaluation.degrade import change_speed
from earmark.training.pool import Waves
from earmark.voice.features import SAMPLE_RATE, Floats

LONG_ENOUGH = 3.0
JOINED = 5.0


def groups(waves: Waves) -> list[list[int]]:
    """Positions of clips to embed together: long clips alone, short ones joined within a speaker."""
    whole, short = [], dict[tuple[str, str], list[int]]()
    for position, row in enumerate(waves.rows):
        if row.seconds >= LONG_ENOUGH or row.dataset == "picovoice_unlabelled":
            whole.append([position])
        else:
            short.setdefault((row.dataset, row.speaker), []).append(position)
    for positions in short.values():
        pile: list[int] = []
        for position in positions:
            pile.append(position)
            if sum(waves.rows[member].seconds for member in pile) >= JOINED:
                whole.append(pile)
                pile = []
        if pile:
            whole.append(pile)
    return whole


def windows(clip: Floats) -> Floats:
    """The teacher's mel windows of a clip, shape (windows, 160, 40)."""
    speech = preprocess_wav(clip)
    if speech.size < SAMPLE_RATE // 4:
        speech = clip
    if speech.size < 1.7 * SAMPLE_RATE:
        speech = np.tile(speech, int(np.ceil(1.7 * SAMPLE_RATE / speech.size)))
    _, slices = VoiceEncoder.compute_partial_slices(speech.size, 1.3, 0.75)
    mel = wav_to_mel_spectrogram(np.pad(speech, (0, SAMPLE_RATE * 2)))
    return np.stack([mel[piece] for piece in slices])


def write_targets(work: Path, speed: float) -> None:
    """Write `teacher-<speed>.npy`: one unit vector of 256 numbers per training clip, half precision."""
    done = work / f"teacher-{speed}.npy"
    if done.exists():
        return
    waves = Waves(work)
    encoder = VoiceEncoder("cuda" if torch.cuda.is_available() else "cpu", verbose=False)
    targets = np.zeros((len(waves.rows), 256), np.float16)
    pending: list[tuple[list[int], Floats]] = []

    def flush() -> None:
        with torch.no_grad():
            joined = np.concatenate([mels for _, mels in pending])
            parts = encoder(torch.from_numpy(joined).to(encoder.device)).cpu().numpy()
        start = 0
        for positions, mels in pending:
            mean = parts[start : start + len(mels)].mean(axis=0)
            targets[positions] = mean / np.linalg.norm(mean)
            start += len(mels)
        pending.clear()

    for positions in tqdm(groups(waves), desc=f"teacher at {speed}"):
        clip = np.concatenate([waves.clip(position) for position in positions])
        if speed != 1.0:
            clip = change_speed(clip, speed)
        pending.append((positions, windows(clip)))
        if len(pending) == 48:
            flush()
    if pending:
        flush()
    np.save(work / f"teacher-{speed}.part.npy", targets)
    (work / f"teacher-{speed}.part.npy").rename(done)
