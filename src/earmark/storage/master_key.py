"""Home folder and environment to the 32-byte master key; made once, never replaced in silence."""

import base64
import binascii
import contextlib
import logging
import os
import stat
from collections.abc import Mapping
from pathlib import Path

from earmark.errors import MasterKeyMissing, StoreUnreadable
from earmark.storage.vault import KEY_BYTES

FILE = "master.key"
VARIABLE = "EARMARK_MASTER_KEY"

log = logging.getLogger(__name__)


def find_master_key(home: Path, environ: Mapping[str, str]) -> bytes | None:
    """Return the key of the environment, else of the file, else None.

    Raises MasterKeyMissing when a key is there but cannot be read as one.
    """
    if text := environ.get(VARIABLE, ""):
        return _decode(text, f"The environment variable {VARIABLE}")
    path = home / FILE
    try:
        text = path.read_text("ascii")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise MasterKeyMissing(
            f"The master key file {path} cannot be read ({type(error).__name__}): "
            "make it readable for this user, or restore it from a backup."
        ) from None
    _keep_private(path)
    return _decode(text, f"The master key file {path}")


def make_master_key(home: Path) -> bytes:
    """Make the key file, whole and with mode 0600, or return the key that another process just made."""
    path = home / FILE
    draft = home / f".{FILE}.{os.getpid()}.{os.urandom(4).hex()}"
    key = os.urandom(KEY_BYTES)
    try:
        _write_private(draft, base64.b64encode(key) + b"\n")
        try:
            os.link(draft, path)  # unlike a rename, never replaces a key that is there
        except FileExistsError:
            pass
        except OSError:  # a file system without hard links: as good, but not whole at every moment
            _write_private(path, base64.b64encode(key) + b"\n")
        finally:
            draft.unlink()
        _sync_folder(home)
    except FileExistsError:
        pass
    except OSError as error:
        raise StoreUnreadable(
            f"The master key cannot be written to {home} ({error.strerror}): "
            f"make the folder writable, or set {VARIABLE}."
        ) from None
    found = find_master_key(home, {})
    if found is None:
        raise MasterKeyMissing(f"The master key file {path} vanished while the store was made: try again.")
    return found


def _decode(text: str, where: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise MasterKeyMissing(
            f"{where} does not hold a master key ({KEY_BYTES} bytes in base64): restore it from a backup."
        )
    return key


def _write_private(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":  # elsewhere a folder cannot be opened, nor needs it
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _keep_private(path: Path) -> None:
    """Take other users' access away; where that cannot be done (some mounts, mounted secrets), say so."""
    if os.name != "posix" or not stat.S_IMODE(path.stat().st_mode) & 0o077:
        return
    with contextlib.suppress(OSError):
        path.chmod(0o600)
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        log.warning("Other users can read the master key file %s: restrict it, or set %s.", path, VARIABLE)
    else:
        log.warning("Other users could read the master key file %s: its mode is 0600 now.", path)
