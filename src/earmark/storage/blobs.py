"""A folder or a bucket to where sealed pieces of recordings are kept: by path, whole or not at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from earmark.errors import InvalidRequest, SealBroken, StoreError

if TYPE_CHECKING:
    from obstore.store import ObjectStore

FOLDER = "media"


@dataclass(frozen=True, eq=False)
class MediaStore:
    """Where pieces are kept; paths have slashes. Threads may share it."""

    store: "ObjectStore"
    folder: Path | None  # of this machine, or None for a bucket

    def put(self, path: str, piece: bytes) -> None:
        """Keep a piece. Raises StoreError."""
        import obstore

        with _explained():
            obstore.put(self.store, path, piece)
            if self.folder is not None:
                _sync(self.folder / path)

    def get(self, path: str) -> bytes:
        """Return a piece. Raises SealBroken for one that is gone, StoreError."""
        import obstore

        with _explained():
            try:
                return bytes(obstore.get(self.store, path).bytes())
            except FileNotFoundError:
                raise SealBroken("A part of a stored recording is gone: send the recording again.") from None

    def folders(self, path: str = "") -> list[str]:
        """Return the names of the folders in a folder."""
        import obstore

        with _explained():
            if self.folder is not None:  # empty ones as well, and what was never finished
                with suppress(FileNotFoundError, NotADirectoryError):
                    return sorted(entry.name for entry in (self.folder / path).iterdir() if entry.is_dir())
                return []
            found = obstore.list_with_delimiter(self.store, path or None)
            return sorted(name.rstrip("/").rpartition("/")[2] for name in found["common_prefixes"])

    def remove(self, path: str) -> None:
        """Remove a folder with all that is in it, if it is there. Raises StoreError."""
        import obstore

        with _explained():
            if self.folder is not None:
                shutil.rmtree(self.folder / path, ignore_errors=False, onerror=_missing_is_fine)
                return
            for entries in obstore.list(self.store, path):
                with suppress(FileNotFoundError):
                    obstore.delete(self.store, [entry["path"] for entry in entries])


def open_media(url: str | None, home: Path) -> MediaStore:
    """Open where media are kept: the folder `media` of the home, or a URL such as s3://bucket/path.

    Credentials of a bucket come from the environment, as its provider's tools read them. Raises
    InvalidRequest, StoreError.
    """
    import obstore.exceptions
    from obstore.store import LocalStore, from_url

    if url is None or "://" not in url:
        folder = home / (url or FOLDER)
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"The folder {folder} for recordings cannot be made ({error.strerror}): set media_url."
            ) from None
        return MediaStore(LocalStore(folder), folder)
    try:
        return MediaStore(from_url(url), None)
    except (obstore.exceptions.BaseError, ValueError):
        raise InvalidRequest(
            "The setting media_url names no place that recordings can be kept in: write a folder, or a URL "
            "such as s3://bucket/path."
        ) from None


@contextmanager
def _explained() -> Iterator[None]:
    """Turn the library's errors into ours; its messages hold addresses, and are not passed on."""
    import obstore.exceptions

    try:
        yield
    except (obstore.exceptions.BaseError, OSError) as error:
        raise StoreError(
            f"Recordings cannot be kept or read ({type(error).__name__}): check the disk or bucket that the "
            "setting media_url names."
        ) from None


def _sync(path: Path) -> None:
    """What was confirmed survives a power failure."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _missing_is_fine(_what: object, _path: object, fault: tuple[object, BaseException, object]) -> None:
    if not isinstance(fault[1], FileNotFoundError):
        raise fault[1]
