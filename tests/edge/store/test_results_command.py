"""`results`: what was stored is looked up, exported and forgotten."""

import csv
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge_app.gate import refusal
from edge_app.model import model_file
from edge_app.screening import decision, finding, run_context
from edge_app.screening.result import Failed
from edge_app.store.store import Store
from tests.support import results

ROOT = Path(__file__).parents[3]
SCORES = {"normal": 0.2, "covid": 0.9, "pneumonia": 0.1}


@pytest.fixture
def store(tmp_path, model_path):
    """Return the path of a store with four films: two verdicts, a refusal, an error; the first is 40 days old."""
    path = tmp_path / "store.sqlite"
    (tmp_path / "film.png").write_bytes(b"a film")
    with Store(path) as one:
        one.begin(run_context.of(model_file.read(model_path), "refer"))
        old = datetime.now(UTC) - timedelta(days=40)
        one.add(results.judged(Path("old.png"), "a" * 64, decision.COVID, results.inference(SCORES), time=old, ms=1))
        name = "7c7b4b4d5dbb8f5e8a44f4c0bb6f2f6a3ad5a14b0ad2a4a6c8a9e6e7b6c0d1e2"
        one.add(results.judged(Path("=new.png"), name, decision.NORMAL, results.inference(SCORES), ms=1))
        one.add(results.refused(Path("slice\x1b[31m.png"), "c" * 64, refusal.CT, "looks like a slice", ms=1))
        one.add(Failed(Path("broken.png"), "broken.png: is damaged."))
    return path


def _run(store, *words, code=0):
    line = [sys.executable, "-m", "edge_app", "results", "--store", store, *words]
    done = subprocess.run(list(map(str, line)), cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == code, done.stderr
    return done


def _paths(done):
    return [json.loads(line)["path"] for line in done.stdout.splitlines()]


def test_the_table_has_every_film_newest_first(store):
    lines = _run(store).stdout.splitlines()
    assert ["broken.png" in lines[1], "slice" in lines[2], "=new.png" in lines[3], "old.png" in lines[4]] == [True] * 4
    assert "refused: CT slice" in lines[2]
    assert "\x1b" not in lines[2]
    assert lines[-1].startswith("4 films: 1 could not be read, 1 covid suspected, 1 no finding suspected, 1 refused")
    assert "not a diagnosis" in lines[-1]


def test_looking_for_some(store):
    assert _paths(_run(store, "--json", "--verdict", decision.COVID)) == ["old.png"]
    assert _paths(_run(store, "--json", "--refusal", refusal.CT)) == ["slice\x1b[31m.png"]
    assert _paths(_run(store, "--json", "--search", "NEW")) == ["=new.png"]
    between = (datetime.now(UTC) - timedelta(days=20)).date().isoformat()
    assert _paths(_run(store, "--json", "--until", between)) == ["old.png"]
    assert len(_paths(_run(store, "--json", "--since", between))) == 3
    assert _paths(_run(store, "--json", "--film", "a" * 10)) == ["old.png"]
    assert _paths(_run(store, "--json", "--run", "2")) == []
    assert len(_paths(_run(store, "--json", "--limit", "2"))) == 2


@pytest.fixture
def both(store, model_path):
    """Return the path of that store with two more films, each suspected or unsure for COVID-19 and with pneumonia."""
    with Store(store) as one:
        one.begin(run_context.of(model_file.read(model_path), "refer"))
        found = results.inference(SCORES)
        for number, verdict in enumerate((decision.COVID, decision.UNSURE)):
            more = {"pneumonia": finding.SUSPECTED, "ms": 1}
            one.add(results.judged(Path(f"both{number}.png"), str(number) * 64, verdict, found, **more))
    return store


def test_pneumonia_is_found_behind_a_verdict_about_covid(both):
    assert _paths(_run(both, "--json", "--verdict", decision.PNEUMONIA)) == []
    assert _paths(_run(both, "--json", "--pneumonia", "suspected")) == ["both1.png", "both0.png"]
    assert _paths(_run(both, "--json", "--pneumonia", "suspected", "--covid", "unsure")) == ["both1.png"]
    assert _paths(_run(both, "--json", "--pneumonia", "cleared", "--limit", "1")) == ["=new.png"]
    assert "invalid choice: 'certain'" in _run(both, "--covid", "certain", code=2).stderr


def test_the_table_says_both_findings_and_counts_them(both):
    lines = _run(both).stdout.splitlines()
    assert lines[0].split() == ["judged", "(UTC)", "verdict", "covid", "pneumonia", "film"]
    row = next(line for line in lines if "both1.png" in line)
    assert "  unsure: refer to a radiologist  0.900 unsure    0.100 suspected   both1.png" in row
    assert lines[-2] == "covid: 2 suspected, 1 unsure, 1 cleared; pneumonia: 2 suspected, 2 cleared"


def test_export(store, tmp_path):
    _run(store, "--csv", tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["path"] for row in rows] == ["broken.png", "slice\x1b[31m.png", "'=new.png", "old.png"]
    assert float(rows[3]["score_covid"]) == 0.9
    assert rows[1]["refusal_kind"] == refusal.CT
    assert {row["operating_point"] for row in rows} == {"refer"}
    assert [row["finding_covid"] for row in rows] == ["", "", "cleared", "suspected"]
    columns = list(rows[0])
    assert columns[columns.index("finding_covid") :][:6] == [
        *("finding_covid", "unsure_from_covid", "suspected_from_covid"),
        *("predictive_value_covid", "predictive_value_covid_low", "predictive_value_covid_high"),
    ]


def test_forgetting(store, tmp_path):
    assert _run(store, "--forget-older", "30").stdout == "1 result removed for good, 3 left.\n"
    assert _run(store, "--forget", "cccc").stdout == "1 result removed for good, 2 left.\n"
    assert _run(store, "--forget", "nothing").stdout == "0 results removed for good, 2 left.\n"
    assert b"old.png" not in store.read_bytes()
    assert "is below 0" in _run(store, "--forget-older", "-1", code=2).stderr


def test_runs(store):
    lines = _run(store, "--runs").stdout.splitlines()
    assert len(lines) == 2
    assert lines[1].split()[0] == "1"
    assert json.loads(_run(store, "--runs", "--json").stdout)["films"] == 4


def test_there_is_no_store(tmp_path):
    done = _run(tmp_path / "no.sqlite", code=2)
    assert done.stdout == ""
    assert (
        done.stderr
        == f"{tmp_path / 'no.sqlite'}: there is no store; 'classify --store' and 'watch --store' make one.\n"
    )


def test_a_date_that_is_none(store):
    assert "'yesterday' is not a date" in _run(store, "--since", "yesterday", code=2).stderr
