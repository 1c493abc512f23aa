"""How the C library's allocator behaves in a service that runs for months, on a device with little memory."""

import contextlib

# mallopt(3): glibc's number of M_ARENA_MAX.
M_ARENA_MAX = -8
# One for the main thread and one for all others. By default glibc gives threads up to 8 arenas a processor, and each
# keeps the largest pictures that its thread ever held: the page's 16 threads kept 10 MB and more each, which were never
# given back. Threads of this program rarely allocate at the same moment: Python's lock lets one run at a time.
ARENAS = 2


def keep_few_arenas() -> None:
    """Let threads share what they free; call it before threads are started. Does nothing without glibc."""
    import ctypes

    with contextlib.suppress(OSError, AttributeError):  # musl has no mallopt
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, ARENAS)
