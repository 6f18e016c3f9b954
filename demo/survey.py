"""A cast to counts: every held-out clip against every voiceprint, from Python and without any storage."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cast import Cast, Speaker

from earmark.errors import AudioError

if TYPE_CHECKING:  # loading the engine takes a while, and wrong use should be told at once
    from earmark import Engine
    from earmark.voice.voiceprint import Voiceprint

Track = Callable[[Iterable[Speaker], str], Iterable[Speaker]]  # draws a progress bar


@dataclass
class Findings:
    """Log-likelihood ratios and decisions, counted."""

    genuine: list[float] = field(default_factory=list)  # LLR of each clip against its own speaker
    impostor: list[float] = field(default_factory=list)  # and against every other
    identified: int = 0  # clips whose speaker was named
    strangers: int = 0  # clips whose speaker was left out of the gallery
    nobody: int = 0  # of those, how many came to "nobody"
    refused: list[str] = field(default_factory=list)  # why clips could not be used
    threshold: float = 0.0
    fmr: float = 0.0
    model: str = ""
    speakers: int = 0

    @property
    def genuine_accepted(self) -> int:
        """How many clips pass as the person themselves."""
        return sum(llr >= self.threshold for llr in self.genuine)

    @property
    def impostor_accepted(self) -> int:
        """How many pass as somebody else: false matches."""
        return sum(llr >= self.threshold for llr in self.impostor)

    @property
    def faultless(self) -> bool:
        """Whether every answer was right and every clip could be used."""
        return (
            self.genuine_accepted == len(self.genuine)
            and self.impostor_accepted == 0
            and self.nobody == self.strangers
            and not self.refused
        )


def survey(cast: Cast, engine: "Engine", track: Track) -> Findings:
    """Enrol everybody, then score each held-out clip; each speaker is also left out once, as a stranger."""
    findings = Findings()
    voiceprints: dict[str, Voiceprint] = {}
    for speaker in track(cast.speakers, "Enrolling"):
        try:
            voiceprints[speaker.name] = engine.enrol(list(speaker.enrol))
        except AudioError as error:
            findings.refused.append(str(error))
    findings.speakers = len(voiceprints)
    if len(voiceprints) < 2:
        return findings
    outsiders = [Speaker("", (), cast.strangers)] if cast.strangers else []
    for speaker in track([*cast.speakers, *outsiders], "Testing"):
        if speaker.name and speaker.name not in voiceprints:
            continue
        for clip in speaker.held_out:
            try:
                _score(findings, engine, voiceprints, speaker.name, clip)
            except AudioError as error:
                findings.refused.append(str(error))
    return findings


def _score(
    findings: Findings, engine: "Engine", voiceprints: dict[str, "Voiceprint"], name: str, clip: Path
) -> None:
    """Add one clip; an empty name is somebody who is not enrolled."""
    answer = engine.identify(voiceprints, clip, top=len(voiceprints))
    for candidate in answer.candidates:
        (findings.genuine if candidate.key == name else findings.impostor).append(candidate.llr)
    findings.threshold, findings.fmr = answer.operating_point.threshold, answer.operating_point.fmr
    findings.model = answer.model
    if name:
        findings.identified += answer.best == name
    others = {key: voiceprint for key, voiceprint in voiceprints.items() if key != name}
    findings.strangers += 1
    findings.nobody += engine.identify(others, clip, top=1).best is None
