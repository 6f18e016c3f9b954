"""Where the sample clips lie that ship in the package: all synthetic, see samples/README.md."""

from importlib.resources import files
from pathlib import Path


def _folder() -> Path:
    return Path(str(files("earmark") / "samples"))


def sample_speakers() -> dict[str, list[Path]]:
    """Invented name -> that speaker's clips, in order; each 4 to 8 s, 16 kHz mono, one sentence."""
    return {
        folder.name: sorted(folder.glob("*.opus"))
        for folder in sorted(_folder().iterdir())
        if folder.is_dir() and not folder.name.startswith("_")
    }


def stranger_clips() -> list[Path]:
    """Clips of one more speaker, whom nobody should ever enrol."""
    return sorted((_folder() / "_stranger").glob("*.opus"))


def bad_clips() -> dict[str, Path]:
    """What is wrong with it -> clip.

    too_short, silent, noise, too_noisy, two_at_once, two_in_turn; and telephone: ada's fifth sentence through
    G.711, which is hard but not bad.
    """
    return {path.stem: path for path in sorted((_folder() / "_bad").iterdir())}
