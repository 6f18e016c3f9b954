"""Turns to RTTM and back: the format in which diarization is exchanged and scored.

Source: NIST, "The 2009 (RT-09) Rich Transcription Meeting Recognition Evaluation Plan", appendix A.
"""

import re
from collections.abc import Iterable, Iterator

from earmark.errors import InvalidRequest
from earmark.voice.diarization.turns import Turn


def to_rttm(turns: Iterable[Turn], *, recording: str) -> str:
    """One SPEAKER line a turn; spaces in names, which the format cannot hold, become underscores."""
    file = _word(recording)
    return "".join(
        f"SPEAKER {file} 1 {turn.start:.3f} {turn.end - turn.start:.3f} <NA> <NA> {_word(turn.speaker)} "
        f"{'<NA>' if turn.confidence is None else format(turn.confidence, '.3f')} <NA>\n"
        for turn in turns
    )


def read_rttm(text: str) -> Iterator[Turn]:
    """The SPEAKER lines of an RTTM text as turns. Raises InvalidRequest for one that does not read so."""
    for number, line in enumerate(text.splitlines(), 1):
        fields = line.split()
        if not fields or fields[0] != "SPEAKER":
            continue
        try:
            start, seconds, speaker = float(fields[3]), float(fields[4]), fields[7]
        except (IndexError, ValueError):
            raise InvalidRequest(
                f"Line {number} is not RTTM: it lacks a start, a length or a speaker."
            ) from None
        yield Turn(start, start + seconds, speaker)


def _word(text: str) -> str:
    return re.sub(r"\s+", "_", text) or "-"
