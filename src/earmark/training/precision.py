"""Products in half precision, where the machine is made for them."""

import torch


def half(device: torch.device) -> torch.autocast:
    """A context for bfloat16 where it pays: always on a GPU, on a processor only with matrix tiles (AMX)."""
    pays = device.type == "cuda" or bool(torch.cpu._is_amx_tile_supported())
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=pays)
