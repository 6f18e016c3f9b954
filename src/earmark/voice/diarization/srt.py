"""Turns to SubRip text: numbered cues with who speaks, for players and editors."""

from collections.abc import Iterable

from earmark.voice.diarization.turns import Turn


def to_srt(turns: Iterable[Turn]) -> str:
    """One cue a turn: its number, from when to when, and the speaker."""
    return "\n".join(
        f"{number}\n{clock(turn.start)} --> {clock(turn.end)}\n{turn.speaker}\n"
        for number, turn in enumerate(turns, 1)
    )


def clock(seconds: float) -> str:
    """Such as "01:02:03,456"."""
    whole, thousandths = divmod(round(1000 * seconds), 1000)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d},{thousandths:03d}"
