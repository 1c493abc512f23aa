"""The waves of a roll-out: few devices first, then more, then all."""

import math
import re
from collections.abc import Sequence

from edge_app.errors import WrongUsage

# One device tells whether it works at all, a tenth whether it works elsewhere too.
DEFAULT = "1,10%,100%"
_WAVE = re.compile(r"(?P<number>\d{1,6})(?P<percent>%?)")


def split(names: Sequence[str], text: str) -> list[list[str]]:
    """Split devices into waves, in their order.

    Args:
        names: of the devices.
        text: how many devices have it after each wave, as numbers or shares with `%` (rounded up),
            such as `1,10%,100%`; those that bring no further device are left out.

    Raises:
        WrongUsage: it cannot be understood, or does not end with all.
    """
    upto = 0
    waves: list[list[str]] = []
    for part in text.split(","):
        found = _WAVE.fullmatch(part.strip())
        if not found or (found["percent"] and int(found["number"]) > 100):
            raise WrongUsage(f"--waves: '{text}' has {part!r}; numbers of devices, or shares such as 10%, are allowed.")
        number = int(found["number"])
        wanted = math.ceil(len(names) * number / 100) if found["percent"] else min(number, len(names))
        if wanted > upto:
            waves.append(list(names[upto:wanted]))
            upto = wanted
    if upto < len(names):
        raise WrongUsage(f"--waves: '{text}' ends before all {len(names)} devices; let it end with 100%.")
    return waves
