"""The page and `watch` under a clock that jumps while they run, and that is wrong at the start.

A year back, twenty years ahead, and 1970, as on a Pi that has never met a time server. The steady clock goes on.
"""

import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.support.disk_faults import Disk
from tests.support.faulty_programs import EDGE, FILMS, MODEL, judged
from tests.support.faulty_runs import ended, integrity
from tests.system.faults.services import Service, png

YEAR = 365 * 86_400
RIGHT = 0.0


def _wrong() -> dict[str, float]:
    return {"a year back": -YEAR, "20 years ahead": 20 * YEAR, "1970": 300 - time.time()}


def _clock(folder: Path) -> Disk:
    for name in ("state", "plan"):
        (folder / name).mkdir(mode=0o700)
    return Disk(folder / "state", folder / "plan")


def page(folder: Path, wrong: float) -> list[str]:
    """Return what is wrong with the page: a film that was answered for and is not there, or a start that fails."""
    clock, state = _clock(folder), folder / "state"
    words = [*EDGE, "serve", "--port", "0", "--state", state, "--threads", "1", "--model", MODEL]
    kept, seed = [], iter(range(1000, 2000))

    def serve(clocks: list[float]) -> list[dict]:
        clock.clock(clocks[0])
        service = Service(words, clock.environment, folder / "said")
        assert service.port, (folder / "said").read_text()
        for shown in clocks:
            clock.clock(shown)
            status, _, body = service.ask("POST", "/api/v1/classify", png(next(seed)), Content_Type="image/png")
            assert status == 200, body
            kept.append(json.loads(body)["id"])
        listed = json.loads(service.ask("GET", "/api/v1/results")[2])["results"]
        ran = service.end()
        assert ran.code in (143, 0) and "Traceback" not in ran.text, ran.text
        return listed

    serve([RIGHT, wrong, RIGHT])
    serve([wrong, wrong])
    found = {one["id"] for one in serve([RIGHT])}
    return [f"a film is gone: {one}" for one in kept if one not in found] + integrity(state / "results.sqlite")


def watch(folder: Path, wrong: float) -> list[str]:
    """Return what is wrong with `watch --once`: each film is judged once, whatever the clock shows."""
    clock, store, inbox = _clock(folder), folder / "results.sqlite", folder / "inbox"
    inbox.mkdir()
    for shown, film in zip((RIGHT, wrong, RIGHT, wrong), sorted(FILMS.iterdir()), strict=False):
        clock.clock(shown)
        shutil.copy(film, inbox)
        line = [*EDGE, "watch", "--once", "--interval", "0.05", "--model", MODEL, "--store", store, inbox]
        ran = ended(line, clock.environment)
        assert ran.code == 0, ran.text
    films = [film for film, _ in judged(store)]
    return ([] if len(films) == len(set(films)) == 4 else [f"{films}"]) + integrity(store)


def tried() -> Iterator[tuple[str, str, list[str]]]:
    """Yield (program, clock, what was wrong)."""
    for name, wrong in _wrong().items():
        for program in (page, watch):
            with tempfile.TemporaryDirectory(prefix="clock-") as folder:
                try:
                    found = program(Path(folder), wrong)
                except AssertionError as error:
                    found = [str(error)[-500:]]
            yield ("serve" if program is page else "watch"), name, found
