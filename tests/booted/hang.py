"""The program as it is, but its judge hangs once if /run/covid-xray-watch/hang is there: as a driver may."""

import sys
import time
from pathlib import Path

MARK = Path("/run/covid-xray-watch/hang")

sys.argv[0] = "covid-xray"

from edge_app import judging  # noqa: E402

judge = judging.judge


def hanging(*given, **named):
    """Judge a film, or hang."""
    if MARK.exists():
        MARK.unlink()
        time.sleep(1e6)
    return judge(*given, **named)


judging.judge = hanging

from edge_app.__main__ import run  # noqa: E402

run()
