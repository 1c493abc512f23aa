"""Files as a broken disk or a hostile sender leaves them."""

import numpy as np


def damage(content: bytes, rng: np.random.Generator) -> bytes:
    """Return bytes with one to six faults: a flip, a byte set, a cut, a stretch removed, doubled or zeroed."""
    broken = bytearray(content)
    for _ in range(rng.integers(1, 7)):
        # Headers are where a decoder goes wrong: half the damage is in the first 100 bytes.
        at = int(rng.integers(0, min(100, len(broken)) if rng.random() < 0.5 else len(broken)))
        length = int(rng.integers(1, 20))
        kind = rng.integers(0, 6)
        if kind == 0:
            broken[at] ^= 1 << int(rng.integers(0, 8))
        elif kind == 1:
            broken[at] = int(rng.choice([0, 1, 127, 128, 255]))
        elif kind == 2 and rng.random() < 0.3:
            del broken[max(at, 1) :]
        elif kind == 3:
            del broken[at : at + length]
        elif kind == 4:
            broken[at:at] = broken[at : at + length]
        elif kind == 5:
            broken[at : at + length] = bytes(len(broken[at : at + length]))
        broken = broken or bytearray(b"\0")
    return bytes(broken)
