"""Addresses of cameras without their secrets: a password is told to nobody, and stands in no process list."""

import re
from pathlib import Path

MASK = "***"
# What may be an address in a text: with a scheme, also one slash short, or at least with a password before the host.
_ADDRESS = re.compile(r"\b[a-z][a-z0-9+.-]*:/+[^\s'\"]+|[^\s/:@'\"]+:[^\s'\"]*@[^\s'\"]+", re.IGNORECASE)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:/+", re.IGNORECASE)
# The user and the password. Up to the last "@": a password may hold any sign, "/" and "@" too, where who typed it did
# not write %2F and %40. Without a password the name may be the secret, such as a token.
_LOGIN = re.compile(r"(?:([^/?#@:]*:).*|[^/?#]*)@")
# What cameras take in the path or after the "?": every value there, and those that are named like a secret elsewhere.
_ASKED = re.compile(r"(?<==)[^&#;]+")
_NAMED = re.compile(r"(?i)((?:user|login|pass|pwd|token|auth|key|secret|sig)[a-z_-]*=)([^&;/?#]+)")


def public(text: str) -> str:
    """Return a text with the secrets of all addresses in it as `***`: passwords, and values after a "?"."""
    return _ADDRESS.sub(lambda found: _masked(found[0]), text)


def _masked(address: str) -> str:
    found = _SCHEME.match(address)
    scheme = found[0] if found else ""
    rest = address[len(scheme) :]
    login = _LOGIN.match(rest)
    if login:
        rest = f"{login[1] or ''}{MASK}@{rest[login.end() :]}"
    path, asked, query = rest.partition("?")
    return scheme + _NAMED.sub(rf"\1{MASK}", path) + asked + _ASKED.sub(MASK, query)


def hide_from_process_list() -> None:
    """Overwrite the secrets of addresses in this process's command line, which `ps` shows to every user.

    The kernel tells where the line lies in memory (proc(5), `arg_start` and `arg_end` of `/proc/self/stat`). Python has
    copied it. Where `/proc` cannot be used, the line stays as it is.
    """
    try:
        line = Path("/proc/self/cmdline").read_bytes()
        hidden = b"\0".join(_same_length(word) for word in line.split(b"\0"))
        if hidden == line:
            return
        fields = Path("/proc/self/stat").read_text(errors="replace").rpartition(")")[2].split()
        with Path("/proc/self/mem").open("r+b", buffering=0) as memory:
            memory.seek(int(fields[ARG_START]))
            memory.write(hidden)
    except (OSError, ValueError):
        pass


# Place of `arg_start`, field 48 of /proc/self/stat, among the fields after the program's name, which is field 2.
ARG_START = 48 - 3


def _same_length(word: bytes) -> bytes:
    text = word.decode("latin-1")  # each byte a letter
    shown = public(text).encode("latin-1")
    return shown[: len(word)].ljust(len(word), b" ") if shown != word else word
