"""The program with two faults: its judge hangs once, as a driver may, and a certain film kills it.

Files in its runtime folder switch the faults on: `hang`, which is deleted as it takes effect, and `die`.
"""

import os
import sys
import time
from pathlib import Path

RUN = Path("/run/covid-xray-watch")
# Width in pixels of the film that kills the program.
DEADLY_WIDTH = 263


def main() -> None:
    """Run the program with a faulty judge."""
    from edge_app.__main__ import run
    from edge_app.screening import screening

    judge = screening.judge

    def faulty(grey, *given, **named):
        """Judge a film, or hang, or die."""
        if (RUN / "hang").exists():
            (RUN / "hang").unlink()
            time.sleep(1e6)
        if (RUN / "die").exists() and grey.shape[1] == DEADLY_WIDTH:
            os.abort()
        return judge(grey, *given, **named)

    screening.judge = faulty
    sys.argv[0] = "covid-xray"
    run()


if __name__ == "__main__":
    main()
