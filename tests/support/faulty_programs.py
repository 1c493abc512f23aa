"""Commands of the edge that write to the disk: what they need, what they acknowledge, what must be whole after them."""

import csv
import hashlib
import json
import sys
from pathlib import Path

from tests.support.dicom_node import film as dicom_film
from tests.support.faulty_runs import Program, Ran, integrity, rows
from tests.support.golden import GOLDEN

FILMS = GOLDEN / "films"
MODEL = GOLDEN / "tiny-int8.tflite"
EDGE = [sys.executable, "-m", "edge_app"]
# What a sink that has failed is told with.
GAVE_UP = "; the run goes on without it."


def acknowledged(ran: Ran, sink: str) -> set[str]:
    """Return the hashes of the films whose JSON line came before a sink was given up."""
    told = set()
    for line in ran.lines:
        if line.startswith(f"{sink}: ") and line.endswith(GAVE_UP):
            break
        if line.startswith("{"):
            told.add(json.loads(line)["sha256"])
    return told


def judged(store: Path) -> list[tuple]:
    """Return (hash, verdict) of each film in a store."""
    return rows(store, "SELECT film, verdict FROM films")


def store_broken(store: Path, told: set[str]) -> list[str]:
    """Return what is wrong with a store: damaged, a film twice, one missing that was acknowledged."""
    wrong = integrity(store)
    if wrong:
        return wrong
    kept = [film for film, _ in judged(store)]
    if len(kept) != len(set(kept)):
        wrong.append("a film is in the store twice")
    if told - set(kept):
        wrong.append(f"acknowledged and not in the store: {len(told - set(kept))} films")
    return wrong


def whole_rows(path: Path) -> list[list[str]]:
    """Return the rows of a CSV file; the last is not whole where its line does not end."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def _csv_broken(path: Path) -> list[str]:
    found = whole_rows(path)
    if found and {len(row) for row in found} != {len(found[0])}:
        return [f"{path.name}: ends with half a row"]
    if path.exists() and (text := path.read_bytes()) and not text.endswith(b"\n"):
        return [f"{path.name}: its last line does not end"]
    return []


def _films_of(path: Path) -> list[str]:
    return sorted(row[2] for row in whole_rows(path)[1:])


def _pictures(folder: Path) -> list[str]:
    from PIL import Image

    for path in sorted(folder.glob("*.png")):
        with Image.open(path) as picture:
            picture.load()
    return sorted(path.name for path in folder.glob("*.png"))


def _classify(*words) -> list:
    return [*EDGE, "classify", "--json", "--threads", "1", "--model", MODEL, *words]


def _nothing(disk: Path, beside: Path) -> None:
    """Prepare nothing."""


def _some(disk: Path, beside: Path) -> None:
    """Prepare a store that holds one film already."""
    from tests.support.program import run

    run("--json", "--store", disk / "results.sqlite", FILMS / "grey.png")


def with_store(command: str = "classify") -> Program:
    """Return `classify --store --pictures all`, or `watch --once` with the same."""

    def words(disk: Path, beside: Path) -> list:
        more = ["--once", "--interval", "0.05"] if command == "watch" else []
        store = ["--store", disk / "results.sqlite", "--pictures", "all"]
        return [*EDGE, command, "--json", "--threads", "1", "--model", MODEL, *more, *store, FILMS]

    return Program(
        f"{command} --store",
        words,
        _some,
        lambda disk, ran: store_broken(disk / "results.sqlite", acknowledged(ran, "--store")),
        lambda disk: judged(disk / "results.sqlite"),
    )


def with_files() -> Program:
    """Return `classify` into a CSV file, a report and overlays."""

    def words(disk: Path, beside: Path) -> list:
        files = ["--csv", disk / "out.csv", "--report", disk / "out.html", "--overlays", disk / "drawn"]
        return _classify(*files, FILMS)

    def broken(disk: Path, ran: Ran) -> list[str]:
        wrong = _csv_broken(disk / "out.csv")
        told = acknowledged(ran, "--csv")
        if told - set(_films_of(disk / "out.csv")):
            wrong.append("acknowledged and not in the CSV file")
        _pictures(disk / "drawn")
        page = disk / "out.html"
        if page.exists() and (text := page.read_text(encoding="utf-8")) and not text.rstrip().endswith(">"):
            wrong.append("the report ends within a row")
        return wrong

    def state(disk: Path) -> tuple:
        page = disk / "out.html"
        count = page.read_text(encoding="utf-8").count("</tr>") if page.exists() else 0
        return _films_of(disk / "out.csv"), _pictures(disk / "drawn"), count

    return Program("classify --csv --report --overlays", words, _nothing, broken, state)


def with_events() -> Program:
    """Return `classify --events --store`, with a webhook that is used and an outbox that exists."""

    def prepare(disk: Path, beside: Path) -> None:
        from edge_app.events.event_queue import EventQueue

        with_queue = EventQueue(disk)
        with_queue.use(["webhook"])
        with_queue.close()

    def broken(disk: Path, ran: Ran) -> list[str]:
        return integrity(disk / "events.sqlite") + store_broken(disk / "results.sqlite", acknowledged(ran, "--store"))

    def state(disk: Path) -> tuple:
        events = rows(disk / "events.sqlite", "SELECT json_extract(data, '$.film'), kind FROM events")
        # A film whose result was not kept is judged and told again: each telling is an event of its own.
        return judged(disk / "results.sqlite"), {film for film, kind in events if kind == "film.judged"}

    return Program(
        "classify --events",
        lambda disk, beside: _classify("--store", disk / "results.sqlite", "--events", disk, FILMS),
        prepare,
        broken,
        state,
        late=True,  # what could not be queued the next run tells, of the readings that are untold
    )


def forgetting() -> Program:
    """Return `results --forget-older 0` on a store of five films: all are gone, or all are there."""

    def prepare(disk: Path, beside: Path) -> None:
        from tests.support.program import run

        run("--json", "--store", disk / "results.sqlite", FILMS)

    def broken(disk: Path, ran: Ran) -> list[str]:
        wrong = integrity(disk / "results.sqlite")
        if not wrong and len(judged(disk / "results.sqlite")) not in (0, 5):
            wrong.append("some films were removed, and others not")
        return wrong

    words = ["results", "--forget-older", "0", "--store"]
    return Program(
        "results --forget-older",
        lambda disk, beside: [*EDGE, *words, disk / "results.sqlite"],
        prepare,
        broken,
        lambda disk: judged(disk / "results.sqlite"),
    )


def deidentifying() -> Program:
    """Return `deidentify` of two films."""

    def prepare(disk: Path, beside: Path) -> None:
        (beside / "films").mkdir()
        for number in (1, 2):
            dicom_film(beside / "films" / f"{number}.dcm", number)

    def words(disk: Path, beside: Path) -> list:
        files = ["--out", disk / "copies", "--key", disk / "key", "--names", disk / "names.csv"]
        return [*EDGE, "deidentify", *files, beside / "films"]

    def broken(disk: Path, ran: Ran) -> list[str]:
        from pydicom import dcmread

        for path in disk.rglob("*.dcm"):
            assert dcmread(path).pixel_array.size
        return _csv_broken(disk / "names.csv")

    def state(disk: Path) -> tuple:
        return len(list(disk.rglob("*.dcm"))), len(whole_rows(disk / "names.csv"))

    return Program("deidentify", words, prepare, broken, state)


def installing(new: Path, old: Path, going_back: bool = False) -> Program:
    """Return `model install`, or `model rollback`: the old model is in use, or the new one.

    Args:
        new, old: model files with golden films.
        going_back: back to the old one.
    """
    hashes = {hashlib.sha256(path.read_bytes()).hexdigest() for path in (new, old)}

    def place(disk: Path) -> dict[str, str]:
        names = {"MODELS": "models", "KEYS": "keys", "STORE": "results.sqlite"}
        return {f"COVID_XRAY_{name}": str(disk / value) for name, value in names.items()}

    def drive(program: Program, disk: Path, beside: Path, environment) -> Ran:
        from tests.support.faulty_runs import ended

        return ended(program.words(disk, beside), {**environment, **place(disk)})

    def prepare(disk: Path, beside: Path) -> None:
        from tests.support.faulty_runs import ended

        for path in (old, new) if going_back else (old,):
            ran = ended([*EDGE, "model", "install", path], place(disk))
            assert ran.code == 0, ran.text

    def in_use(disk: Path) -> str:
        from edge_app.install import model_registry

        found = model_registry.read(disk / "models").in_effect[0]
        return hashlib.sha256(model_registry.file_of(found, disk / "models").read_bytes()).hexdigest()

    def broken(disk: Path, ran: Ran) -> list[str]:
        found = in_use(disk)
        return [] if found in hashes else [f"the model in use is damaged: {found[:8]}"]

    words = ["model", "rollback"] if going_back else ["model", "install", new]
    return Program(
        " ".join(words[:2]),
        lambda disk, beside: [*EDGE, *words],
        prepare,
        broken,
        in_use,
        drive,
        settled="is already the model in use",
        once=going_back,
    )
