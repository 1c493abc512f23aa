"""What data sets of films become when chance or malice changes them: elements, values, lengths, nesting, streams."""

import random
import struct
import zlib
from functools import cache
from typing import NamedTuple

from tests.support.films_to_mutate import DRAWN, PLACE, Film

# Numbers that lengths and sizes are set to: nothing, odd, the ends of 8, 16, 31 and 32 bits, and "undefined".
LENGTHS = (0, 1, 7, 254, 0xFFFE, 0xFFFF, 0x7FFFFFFE, 0xFFFFFFFE, 0xFFFFFFFF)
SIZES = (0, 1, 63, 64, 100, 9999, 10000, 32768, 65535)
SHORT = b"AE AS CS DA DS FD FL IS LO PN SH SL SS ST TM UI UL US".split()
LONG = b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split()
# Tags whose values say what the pixels are: samples, photometric interpretation, frames, rows, columns, bits, signs.
OF_PIXELS = {0x00280000 | element for element in (2, 4, 8, 16, 17, 0x100, 0x101, 0x102, 0x103)}
PIXELS = 0x7FE00010
# Begins of the part of a compressed stream that states rows and columns (T.81 B.2.2, T.87 C.2.2, T.800 A.5.1).
FRAMES = (b"\xff\xc0", b"\xff\xc1", b"\xff\xc3", b"\xff\xf7", b"\xff\x51")
# How deep sequences are nested: as films have them, more than Python calls itself, and more than C does.
DEPTHS = (1, 3, 60, 1500, 40000)
# Bytes of zeros in a bomb, beyond what the program inflates; one film in so many of a syntax that deflates is one.
BOMB, BOMBS = 500_000_000, 100


class Sent(NamedTuple):
    """A mutated film: SOP Instance UID that its C-STORE names, Transfer Syntax UID, data set, and the film's name."""

    uid: str
    syntax: str
    content: bytes
    name: str


class _Parts(list):
    """[tag, VR and length; value] of each element; how they are written."""

    def __init__(self, film: Film, uid: str):
        super().__init__([head, value.replace(PLACE.encode(), uid.encode())] for head, value in film.elements)
        self.order = "<" if film.syntax.is_little_endian else ">"
        self.implicit = film.syntax.is_implicit_VR

    def tag(self, head: bytes) -> int:
        """Return an element's tag."""
        group, element = struct.unpack_from(self.order + "HH", head)
        return group << 16 | element

    def header(self, tag: int, vr: bytes, length: int) -> bytes:
        """Return an element's tag, VR and length, where that has room for it."""
        found = struct.pack(self.order + "HH", tag >> 16, tag & 0xFFFF)
        if self.implicit:
            return found + struct.pack(self.order + "L", length)
        if vr in LONG:
            return found + vr + b"\0\0" + struct.pack(self.order + "L", length)
        return found + vr + struct.pack(self.order + "H", length & 0xFFFF)

    def place(self, tag: int) -> int:
        """Return where an element with this tag belongs."""
        return sum(self.tag(head) < tag for head, _ in self)


def instance(number: int) -> str:
    """Return the SOP Instance UID of a mutated film."""
    return f"{PLACE[:-9]}{number:09d}"


def mutated(films: list[Film], number: int, seed: int = 1) -> Sent:
    """Return a mutated film; the same films, number and seed give the same one."""
    chance, uid = random.Random(f"{seed}/{number}"), instance(number)
    film = chance.choice(films[:DRAWN] if chance.random() < 0.5 else films)
    parts = _Parts(film, uid)
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        chance.choice(CHANGES)(parts, chance)
    content = b"".join(part for pair in parts for part in pair)
    if chance.random() < 0.3:
        content = chance.choice(BYTES)(content, chance)
    if film.syntax.is_deflated:
        content = _deflated(content, chance)
    syntax = chance.choice(films).syntax if chance.random() < 0.05 else film.syntax
    return Sent(uid, str(syntax), content + bytes(len(content) % 2), film.name)


def _length(parts: _Parts, chance: random.Random) -> None:
    """Let an element say another length."""
    pair = chance.choice(parts)
    size = 2 if len(pair[0]) == 8 and not parts.implicit else 4
    number = chance.choice((*LENGTHS, len(pair[1]) + 1, len(pair[1]) + 2, max(len(pair[1]) - 2, 0)))
    number = min(number, 256**size - 1)
    pair[0] = pair[0][:-size] + number.to_bytes(size, "little" if parts.order == "<" else "big")


def _vr(parts: _Parts, chance: random.Random) -> None:
    """Let an element have another VR, or none that there is; its length may then stand elsewhere."""
    pair = chance.choice(parts)
    vr = chance.choice((*SHORT, *LONG, b"??", b"\0\0", b"ox"))
    if parts.implicit or chance.random() < 0.5:
        pair[0] = pair[0][:4] + vr + pair[0][6:]
    else:
        pair[0] = parts.header(parts.tag(pair[0]), vr, len(pair[1]))


def _value(parts: _Parts, chance: random.Random) -> None:
    """Let an element have another value, of the right length."""
    pair = chance.choice(parts)
    vr = pair[0][4:6]
    value = chance.choice(
        (
            b"",
            chance.randbytes(chance.choice((2, 8, 64, 5000))),
            b"\\" * chance.choice((2, 60000)),
            b"1e999\\-1\\nan ",
            b"9" * 64,
            "Ω漢\x1b$B\x00\n".encode() * 20,
            b"..\\..\\../../etc/passwd ",
            b"<script>alert(1)</script>%s%n{0}",
            pair[1] * 2,
        )
    )
    pair[0], pair[1] = parts.header(parts.tag(pair[0]), vr, len(value)), value


def _size(parts: _Parts, chance: random.Random) -> None:
    """Let what is said of the pixels be something else: bombs of rows and columns among it."""
    for pair in parts:
        if parts.tag(pair[0]) in OF_PIXELS and chance.random() < 0.3:
            many = len(pair[1]) != 2  # Number of Frames is text
            number = chance.choice(SIZES)
            pair[1] = b"%-12d" % number if many else struct.pack(parts.order + "H", number)
            pair[0] = parts.header(parts.tag(pair[0]), pair[0][4:6], len(pair[1]))


def _group_length(parts: _Parts, chance: random.Random) -> None:
    """Add group lengths (PS3.5 7.2), which are wrong."""
    for group in chance.sample((0x0008, 0x0010, 0x0028, 0x7FE0), 2):
        value = struct.pack(parts.order + "L", chance.choice(LENGTHS))
        parts.insert(parts.place(group << 16), [parts.header(group << 16, b"UL", 4), value])


def _nested(parts: _Parts, chance: random.Random) -> None:
    """Add a sequence in a sequence, and so on, closed or not, with lengths that are undefined, right or wrong."""
    tag, depth = chance.choice((0x00080006, 0x00081140, 0x00283010, 0x00400275)), chance.choice(DEPTHS)
    length = chance.choice((0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFE, 8, 0))
    item = struct.pack(parts.order + "HHL", 0xFFFE, 0xE000, length)
    head = parts.header(tag, b"SQ", length)
    ends = struct.pack(parts.order + "HHLHHL", 0xFFFE, 0xE00D, 0, 0xFFFE, 0xE0DD, 0)
    value = item + (head + item) * (depth - 1) + ends * chance.choice((0, depth, depth, depth + 1))
    parts.insert(parts.place(tag), [head, value])


def _repeated(parts: _Parts, chance: random.Random) -> None:
    """Let an element come again, there or elsewhere."""
    pair = chance.choice(parts)
    for _ in range(chance.choice((1, 1, 300 if len(pair[1]) < 100 else 1))):
        parts.insert(chance.randrange(len(parts) + 1), list(pair))


def _lost(parts: _Parts, chance: random.Random) -> None:
    """Leave out elements."""
    for _ in range(min(chance.choice((1, 1, 5)), len(parts) - 1)):
        del parts[chance.randrange(len(parts))]


def _moved(parts: _Parts, chance: random.Random) -> None:
    """Let elements stand in another order."""
    at = chance.randrange(len(parts))
    parts.append(parts.pop(at)) if chance.random() < 0.5 else chance.shuffle(parts)


def _pixels_cut(parts: _Parts, chance: random.Random) -> None:
    """Let Pixel Data have fewer bytes, with the length that it had or a right one."""
    for pair in parts:
        if parts.tag(pair[0]) == PIXELS:
            pair[1] = pair[1][: chance.randrange(len(pair[1]) + 1)]
            if chance.random() < 0.5:
                pair[0] = parts.header(PIXELS, pair[0][4:6], len(pair[1]))


def _stream(parts: _Parts, chance: random.Random) -> None:
    """Damage Pixel Data: bytes anywhere, in its first part, or the size that a compressed stream states."""
    for pair in parts:
        if parts.tag(pair[0]) == PIXELS and pair[1]:
            value = bytearray(pair[1])
            for _ in range(chance.choice((1, 5, 50))):
                value[chance.randrange(min(len(value), chance.choice((100, 1000, len(value)))))] = chance.randrange(256)
            frames = [at for mark in FRAMES if 0 <= (at := value.find(mark)) < len(value) - 20]
            if frames and chance.random() < 0.5:
                struct.pack_into(">HH", value, frames[0] + chance.choice((5, 8, 10, 12)), *chance.sample(SIZES, 2))
            pair[1] = bytes(value)


def _flipped(content: bytes, chance: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(chance.choice((1, 3, 30))):
        changed[chance.randrange(min(len(changed), chance.choice((300, len(changed)))))] = chance.randrange(256)
    return bytes(changed)


def _cut(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(1, min(len(content), chance.choice((300, len(content)))) + 1)]


def _shifted(content: bytes, chance: random.Random) -> bytes:
    """Remove or add some bytes."""
    at, size = chance.randrange(len(content)), chance.choice((1, 2, 8, 100))
    return content[:at] + (content[at + size :] if chance.random() < 0.5 else chance.randbytes(size) + content[at:])


def _noise(content: bytes, chance: random.Random) -> bytes:
    return chance.randbytes(chance.choice((1, 8, 1000)))


def _deflated(content: bytes, chance: random.Random) -> bytes:
    """Deflate, and now and then damage what comes out or let it inflate to more than any film has."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    if chance.randrange(BOMBS) == 0:
        return packer.compress(content) + packer.flush(zlib.Z_FULL_FLUSH) + _zeros()
    found = packer.compress(content) + packer.flush()
    return chance.choice(BYTES)(found, chance) if chance.random() < 0.2 else found


@cache
def _zeros() -> bytes:
    """Return the deflated end of a bomb."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    block = bytes(BOMB // 100)
    return b"".join([*(packer.compress(block) for _ in range(100)), packer.flush()])


CHANGES = (_length, _vr, _value, _value, _size, _group_length, _nested, _repeated, _lost, _moved, _pixels_cut)
CHANGES += (_stream, _stream)
BYTES = (_flipped, _flipped, _cut, _shifted, _noise)
