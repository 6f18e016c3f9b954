"""A version of pyannoteAI's Python SDK -> a folder that holds it, fetched once into a cache outside the tree.

Each is a wheel of one small file with one dependency (requests, which the dev requirements have), so several
versions live side by side as folders for PYTHONPATH.
"""

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

import platformdirs

FETCH_SECONDS = 300  # a download may be slow; only that it ends at all is asked of it
NAME = "pyannoteai-sdk"
WHEELS = {  # version -> SHA-256 of its wheel
    "0.1.0": "26cb6541f448baad351d69f81a36abac75b8366e4fe9d6eeade47c70f4bc459a",
    "0.2.2": "a44bc4b4428da9e262ed784d1586803450fa9c72a7265f092cb6ab0e8afac89d",
    "0.3.0": "a98307af9f4ab7cc5c3d716a5facc7cf1ec5a905a2df1c523f53d5c1858bc75b",
    "0.4.0": "36a0175978e0427f27843d690eb4d1e8ec839009ea540516d6dfcdce749cd883",
}


class SdkUnavailable(Exception):
    """The package cannot be had here; says why."""


def installed(version: str) -> Path:
    """The folder with the package `pyannoteai` of one version. Raises SdkUnavailable."""
    pin = f"{NAME}=={version} --hash=sha256:{WHEELS[version]}\n"
    name = hashlib.sha256(pin.encode()).hexdigest()[:16]
    home = Path(platformdirs.user_cache_dir("earmark")) / "contract" / f"sdk-{name}"
    if home.exists():
        return home
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.parent) as work:
        pins, fresh = Path(work) / "pins.txt", Path(work) / "packages"
        pins.write_text(pin, encoding="ascii")
        options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"]
        command = [sys.executable, "-m", "pip", "install", *options, "--require-hashes"]
        try:
            done = subprocess.run(
                [*command, "--target", str(fresh), "--requirement", str(pins)],
                capture_output=True,
                text=True,
                timeout=FETCH_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise SdkUnavailable(f"pip did not finish: {type(error).__name__}") from None
        if done.returncode:
            said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
            raise SdkUnavailable(
                f"pip could not fetch {NAME} {version}: {said[0] if said else done.returncode}"
            )
        try:
            fresh.rename(home)  # whole or absent, also when two test runs fetch at once
        except OSError:
            if not home.exists():
                raise
    return home
