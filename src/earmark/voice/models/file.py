"""Model file to bytes, within a bound, and bytes to the digest that the catalogue keeps."""

import hashlib
from pathlib import Path

from earmark.errors import ModelInvalid, ModelNotFound

MAX_BYTES = 1 << 30  # twice the largest speaker model in use; an ONNX file cannot exceed 2 GiB


def read_model(path: Path) -> bytes:
    """Bytes of a model file.

    Raises ModelNotFound when there is none, ModelInvalid when it is too large to be a speaker model.
    """
    if not path.is_file():
        raise ModelNotFound(f"There is no model file {path.name}: check the path, or add the model again.")
    if (size := path.stat().st_size) > MAX_BYTES:
        raise ModelInvalid(
            f"The model file is {size / 2**30:.1f} GiB, the limit is {MAX_BYTES / 2**30:.0f} GiB: "
            "export the speaker encoder alone, without its classifier."
        )
    return path.read_bytes()


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()
