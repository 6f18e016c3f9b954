"""Two sample speakers who talk in turn -> the recording of it, and one of each by themselves."""

import voices

PAUSE = bytes(2 * 6_400)  # 0.4 s
ORDER = (("ada", 1), ("ben", 1), ("ada", 2), ("ben", 2), ("ada", 3))
ENROLLED = (4, 5)  # clips that are in no meeting


def meeting(*order: tuple[str, int]) -> bytes:
    """A WAV file: 16 kHz, mono, PCM16."""
    return voices.as_wav(PAUSE.join(voices.clip(*part) for part in order or ORDER))


def turns(*order: tuple[str, int]) -> list[tuple[str, float, float]]:
    """Who speaks from when to when in it, by the way it was made."""
    found, at = [], 0.0
    for part in order or ORDER:
        end = at + voices.seconds(*part)
        found.append((part[0], at, end))
        at = end + len(PAUSE) / 2 / voices.RATE
    return found


def alone(speaker: str) -> bytes:
    """At most 30 s of one person, for a voiceprint."""
    return voices.wav(speaker, *ENROLLED)
