# The built-in half of `signal`: the other half imports for milliseconds, in which Ctrl-C would show a traceback.
import _signal  # pyright: ignore[reportMissingImports] (built into CPython, without a stub)

if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)  # ends the process silently, until `signals.install_handlers`

import gc
import os

# Half of the time that imports take goes into looking for garbage among modules that stay, and into numpy's threads for
# large matrices, of which there are none here. `pipeline` switches the collector on again.
gc.disable()
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from edge_app import process_end  # noqa: E402 (after what must come first)
from edge_app.commands.cli import main  # noqa: E402


def run() -> None:
    """Run the program; `covid-xray` of an installation calls this."""
    process_end.end_with(main)


if __name__ == "__main__":
    run()
