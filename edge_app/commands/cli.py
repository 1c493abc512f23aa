"""The command line: `python -m edge_app classify PATH...`. Each command is a module of `edge_app.commands`."""

import os
import signal
import sys

from edge_app.commands.parser import parser
from edge_app.errors import EdgeError


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by who started us
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115, PTH123 (it lives as long as the process)
        getattr(sys, name).reconfigure(errors="backslashreplace")  # a file's name may hold bytes that are not text
    words = sys.argv[1:] if arguments is None else arguments
    try:
        args = parser(words[0] if words else None).parse_args(words)
        code = args.func(args)
        print(end="", flush=True)  # here, so that a reader that has gone is met below and not at exit
        return code
    except EdgeError as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return 2
    except KeyboardInterrupt as stop:
        return getattr(stop, "code", 128 + signal.SIGINT)
    except BrokenPipeError:  # the reader of our output has gone (`| head`)
        _silence_stdout()
        return 128 + signal.SIGPIPE
    except OSError as error:  # films and models report theirs as EdgeError: only output is left
        _silence_stdout()
        print(f"results: cannot be written ({error.strerror}); make room, or write them elsewhere.", file=sys.stderr)
        return 2


def _silence_stdout() -> None:
    """Send what is left to nowhere: Python would complain once more when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
