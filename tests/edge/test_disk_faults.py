"""A disk that fails at one call: what was acknowledged is there, half a row never, and the next start is clean.

`make faults` fails every call of every program; here some calls of two.
"""

import csv
import shutil

import pytest

from edge_app.errors import remedy
from tests.support import faulty_programs
from tests.support.disk_faults import ERRORS, Disk, library
from tests.support.faulty_runs import Bench, Case, ended

pytestmark = pytest.mark.skipif(library() is None, reason="needs a C compiler")
STORED, DRAWN = faulty_programs.with_store, faulty_programs.with_files
# (program, call, end of its file's name, which of these calls, how it fails, whether all behind it do)
CALLS = [
    (STORED, "pwrite", "-wal", -40, "full", True),
    (STORED, "fsync", "-wal", 3, "broken", False),
    (STORED, "open", "-wal", 0, "read-only", True),
    (DRAWN, "write", "out.csv", 3, "full", True),
    (DRAWN, "write", "out.html", 3, "full", True),
    (DRAWN, "rename", ".png", 1, "broken", False),
]


@pytest.fixture(scope="module")
def benches(tmp_path_factory):
    made = {make: Bench(make(), tmp_path_factory.mktemp("disk")) for make in (STORED, DRAWN)}
    yield made
    for bench in made.values():
        shutil.rmtree(bench.disk)


def number(bench: Bench, call: str, name: str, which: int) -> int:
    """Return the number of a call, by its kind and file."""
    return int([row for row in bench.calls if row[1] == call and row[2].endswith(name)][which][0])


@pytest.mark.parametrize(("make", "call", "name", "which", "kind", "lasts"), CALLS)
def test_a_call_that_fails_costs_nothing_that_was_acknowledged(benches, make, call, name, which, kind, lasts):
    case = Case(number(benches[make], call, name, which), kind, lasts)
    outcome, wrong, sentence = benches[make].tried(case)
    assert wrong == []
    assert outcome == "told" and sentence.endswith(".")


def test_a_disk_that_fills_up_costs_the_sinks_and_not_the_run(benches):
    bench = benches[DRAWN]
    ran, fault = bench._run(Case(number(bench, "write", "out.csv", 2), "full", True))
    assert fault.failed
    assert ran.code == 1 and sum(line.startswith("{") for line in ran.lines) == 5
    told = [line for line in ran.lines if not line.startswith("{")]
    assert sorted(line.partition(":")[0] for line in told) == ["--csv", "--overlays", "--report"]
    assert all(line.endswith(" (No space left on device); the run goes on without it.") for line in told)


def test_an_export_that_fails_leaves_the_old_file(benches, tmp_path):
    store, old = tmp_path / "results.sqlite", "old,file\n"
    line = [*faulty_programs.EDGE, "classify", "--model", faulty_programs.MODEL, "--store", store]
    assert ended([*line, faulty_programs.FILMS / "grey.png"], {}).code == 0
    bench = benches[DRAWN]
    target = bench.disk / "export.csv"
    target.write_text(old)
    fault = Disk(bench.disk, bench.beside)
    fault.fails("full", 3)
    export = [*faulty_programs.EDGE, "results", "--store", store, "--csv", target]
    ran = ended(export, fault.environment)
    assert (ran.code, target.read_text()) == (2, old)
    assert ran.lines == [f"--csv: '{target}' cannot be written (No space left on device); make room."]
    fault.heals()
    assert ended(export, fault.environment).code == 0
    with target.open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 1
    assert not list(bench.disk.glob(".*.part"))


@pytest.mark.parametrize(("kind", "words"), [("full", "make room"), ("over quota", "make room"), ("broken", "doctor")])
def test_what_to_do_depends_on_what_the_disk_says(kind, words):
    assert words in remedy(OSError(ERRORS[kind], "x"), "name another")
    assert remedy(PermissionError(13, "x"), "name another") == "name another"
