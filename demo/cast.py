"""Sample clips, or a folder of your own, to who is enrolled with which clips and what is left for tests."""

from dataclasses import dataclass
from pathlib import Path

from earmark.cli.sources import AUDIO_SUFFIXES
from earmark.voice.samples import bad_clips, sample_speakers, stranger_clips

MAX_SPEAKERS = 1_000
ON_STAGE = 4  # of your own speakers, as many are led through the commands; the counts are over all of them


class CastError(Exception):
    """The folder cannot be used; the message says what to change."""


@dataclass(frozen=True)
class Speaker:
    """One person: the clips to enrol with, and those held out for tests."""

    name: str
    enrol: tuple[Path, ...]
    held_out: tuple[Path, ...]


@dataclass(frozen=True)
class Cast:
    """Everybody in the demo; all clips lie under `root`."""

    root: Path
    synthetic: bool
    speakers: tuple[Speaker, ...]
    strangers: tuple[Path, ...]  # clips of people who are never enrolled
    bad: dict[str, Path]  # what is wrong -> clip
    passed_over: int  # speakers with too few clips

    def stage(self) -> tuple[tuple[Speaker, ...], tuple[Path, ...]]:
        """Who is enrolled on the command line, and clips of a stranger to them."""
        if self.synthetic:
            return self.speakers, self.strangers
        left_out = self.speakers[-1:] if len(self.speakers) > 2 else ()
        return self.speakers[: min(ON_STAGE, len(self.speakers) - len(left_out))], tuple(
            path for speaker in left_out for path in speaker.held_out
        )


def sample_cast() -> Cast:
    """The synthetic voices that ship in the package."""
    speakers = tuple(_divide(name, clips) for name, clips in sample_speakers().items())
    root = speakers[0].enrol[0].parents[1]
    return Cast(root, True, speakers, tuple(stranger_clips()), bad_clips(), 0)


def folder_cast(folder: Path) -> Cast:
    """Your own `speaker/clip` folders. Raises CastError when they are not enough."""
    example = folder / "anna" / "1.wav"
    layout = f"Wanted: one folder for each speaker with at least two recordings in it, as in {example}."
    if not folder.is_dir():
        raise CastError(f"There is no folder {folder}. {layout}")
    folders = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    found = {path.name: _clips(path) for path in folders[: MAX_SPEAKERS + 1]}
    if len(found) > MAX_SPEAKERS:
        raise CastError(f"More than {MAX_SPEAKERS:,} folders of speakers: give the demo fewer.")
    speakers = tuple(_divide(name, clips) for name, clips in found.items() if len(clips) >= 2)
    if len(speakers) < 2:
        loose = len([path for path in folder.iterdir() if path.suffix.lower() in AUDIO_SUFFIXES])
        alone = sum(1 for clips in found.values() if len(clips) == 1)
        seen = f"{len(found)} folders, {len(speakers)} with two recordings or more, {alone} with one only"
        seen += f", and {loose} recordings that lie in no speaker's folder" if loose else ""
        raise CastError(f"Two speakers are needed at least; {folder} has {seen}. {layout}")
    return Cast(folder, False, speakers, (), {}, len(found) - len(speakers))


def _clips(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in AUDIO_SUFFIXES and not path.name.startswith(".") and path.is_file()
    )


def _divide(name: str, clips: list[Path]) -> Speaker:
    """Hold out the last clip, or the last two where at least two are left to enrol with."""
    held_out = 2 if len(clips) >= 4 else 1
    return Speaker(name, tuple(clips[:-held_out]), tuple(clips[-held_out:]))
