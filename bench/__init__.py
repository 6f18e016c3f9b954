"""Speed and memory, measured beside the baseline and the machine's own limits: `python -m bench`."""
