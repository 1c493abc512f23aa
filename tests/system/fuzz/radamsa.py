"""Mutations by radamsa, for a process that lacks it: seed (8 bytes), length (4) and bytes in; length and bytes out."""

import struct
import sys

import pyradamsa


def main() -> None:
    """Serve until stdin ends."""
    radamsa = pyradamsa.Radamsa()
    while head := sys.stdin.buffer.read(12):
        seed, length = struct.unpack("<QI", head)
        found = radamsa.fuzz(sys.stdin.buffer.read(length), seed=seed)
        sys.stdout.buffer.write(struct.pack("<I", len(found)) + found)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
