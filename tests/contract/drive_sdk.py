"""pyannoteAI's SDK, unmodified but for the address on its class, worked by lines of JSON. Argument: that.

A line is `{"call": method, "args": [...], "kwargs": {...}}`; the answer has what the method returned, or the
class and text of what it raised. `open` makes the client: its constructor is the first call of the API.
"""

import json
import sys
import warnings
from typing import Any

import numpy as np
from pyannoteai.sdk import Client  # type: ignore[import-not-found]

Client.API_URL = sys.argv[1]
warnings.simplefilter("ignore")  # that files are kept by the vendor


def decode(value: Any) -> Any:
    """Make the array that a test asks for: JSON has none."""
    if isinstance(value, dict) and "waveform" in value:
        samples = np.load(value["waveform"])
        return {"waveform": samples, "sample_rate": value["sample_rate"]}
    return value


def upload(client: Any, *args: Any, **kwargs: Any) -> list[Any]:
    """Upload with a callback; returns what it was told last as well."""
    heard: list[int] = []
    url = client.upload(*args, callback=lambda total, completed: heard.append(completed), **kwargs)
    return [url, heard[-1]]


def main() -> None:
    client: Any = None
    for line in sys.stdin:
        asked = json.loads(line)
        args, kwargs = [decode(one) for one in asked["args"]], asked["kwargs"]
        try:
            if asked["call"] == "open":
                client = Client(*args, **kwargs)
                said: Any = {"returned": None}
            elif asked["call"] == "hear_upload":
                said = {"returned": upload(client, *args, **kwargs)}
            else:
                said = {"returned": getattr(client, asked["call"])(*args, **kwargs)}
        except Exception as error:
            answer = getattr(error, "response", None)
            body = None if answer is None else answer.text
            said = {"raised": type(error).__name__, "text": str(error), "body": body}
        print(json.dumps(said), flush=True)


main()
