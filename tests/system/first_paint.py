"""`python -m tests.system.first_paint`: how long each page takes until a browser paints it first; prints a table.

The page is served on this machine with the released model and one reading of the sample film. Chromium shows each page
at a first visit, with nothing cached, as fast as it is and with a processor that is slowed down to a phone's.
"""

import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from edge_app.sources import sample
from tests.support.browsed import Watched
from tests.support.browser import CHROMIUM, FLAGS, Served

PAGES = ("/", "/history", "/status", "/privacy")
# A desk's processor to a phone's of the middle class, as Chromium's developer tools slow it down; visits of each page.
SLOWER, VISITS = (1, 4), 5
# In milliseconds from the request to the first paint.
PAINT = "performance.getEntriesByName('first-paint')[0]?.startTime"


def _first_paint(browser, address: str, path: str, slower: int) -> float:
    """Return the milliseconds of one first visit."""
    context = browser.new_context(base_url=address, viewport={"width": 360, "height": 740})
    page = context.new_page()
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slower})
    page.goto(path, wait_until="networkidle")
    while not (found := page.evaluate(PAINT)):  # not `wait_for_function`: it evaluates text, which the policy forbids
        page.wait_for_timeout(20)
    context.close()
    return found


def main() -> int:
    """Run the measurement; exit code 2 without a browser."""
    if not CHROMIUM:
        print("first_paint: no Chromium is installed; 'apt-get install chromium'.", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        served = Served(Path(folder))
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        reading = Watched(browser, served.address).read(("film.dcm", sample.path().read_bytes()))
        print("first paint, ms, median and most of", VISITS, "visits; processor slowed", *SLOWER, "times")
        for path in (*PAGES, reading.removeprefix(served.address)):
            cells = []
            for slower in SLOWER:
                times = [_first_paint(browser, served.address, path, slower) for _ in range(VISITS)]
                cells.append(f"{statistics.median(times):5.0f} {max(times):5.0f}")
            print(f"{'/readings/ID' if 'readings' in path else path:14}", *cells, sep="   ")
        browser.close()
        served.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
