"""`train archive`: what it says of a film is what `classify` says, and what it did once it does not do again."""

import json
import shutil

import jsonschema
import pytest

from edge_app.outputs import csv_file
from tests.support import archives

FILMS = 24


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """Return (folder of films, table, what the first run printed)."""
    base = tmp_path_factory.mktemp("archive")
    folder = archives.draw(base / "films", FILMS)
    return folder, base / "table", archives.judge(folder, base / "table", code=1)


def test_every_film_has_the_row_that_classify_gives(archive):
    folder, table, ran = archive
    lines = archives.classified(folder)
    found = archives.rows(table)
    assert [row["path"] for row in found] == sorted(path for path, line in lines.items() if not line["error"])
    for row in found:
        line = lines[row["path"]]
        wanted = csv_file.cells(line, tuple(line["scores"] or ("normal", "covid", "pneumonia")))
        assert {name: row[name] for name in wanted if name not in ("time", "ms")} == {
            name: cell for name, cell in wanted.items() if name not in ("time", "ms")
        }
    assert f"{FILMS + 1} judged" in ran.stdout or "refused" in ran.stdout


def test_a_film_that_cannot_be_read_stands_in_a_table_of_its_own(archive):
    folder, table, ran = archive
    (row,) = archives.rows(table, "failed")
    assert row["path"] == str(folder / "south" / "poison.png")
    assert row["error"] == archives.classified(folder)[row["path"]]["error"]
    assert row["error"] in ran.stderr and row["verdict"] is None and len(row["sha256"]) == 64


def test_facts_of_the_header_and_the_folder_stand_beside_the_result(archive):
    folder, table, _ = archive
    row = next(row for row in archives.rows(table) if row["path"] == str(folder / "north" / "0000.dcm"))
    told = ("film_folder", "film_date", "film_manufacturer", "film_device", "film_age_group")
    assert [row[name] for name in told] == ["north", "2020-03-01", "Maker", "One", "50-59"]


def test_what_a_key_stands_for_is_written_down(archive):
    _, table, _ = archive
    (path,) = (table / "runs").iterdir()
    context = json.loads(path.read_text())
    assert {row["model_sha256"] for row in archives.rows(table)} == {context["model"]["sha256"]}
    assert [folder.name for folder in (table / "results").iterdir()] == [f"key={path.stem}"]
    assert not list((table / "staging").rglob("*.parquet"))


def test_the_same_command_finds_nothing_to_do(archive):
    folder, table, _ = archive
    before = archives.rows(table)
    ran = archives.judge(folder, table)
    assert ran.stderr == f"0 films to judge, {FILMS + 2} in the table already\n"
    assert archives.rows(table) == before


def test_films_that_moved_are_known_by_their_content(archive, tmp_path):
    folder, table, _ = archive
    kept = tmp_path / "table"
    shutil.copytree(table, kept)
    moved = shutil.copytree(folder / "north", tmp_path / "moved")
    fresh = tmp_path / "moved" / "fresh.png"
    fresh.write_bytes((folder / "south" / "0007.png").read_bytes() + b"\n")
    ran = archives.judge(moved, kept, "--report", tmp_path / "report.html")
    before = {row["path"]: row for row in archives.rows(table)}
    after = {row["path"]: row for row in archives.rows(kept) if row["path"] not in before}
    assert len(after) == FILMS // 2 + 2 and f"{FILMS // 2 + 1} of them copies" in ran.stdout
    assert not after.pop(str(fresh))["stored"]
    for path, row in after.items():
        old = before[row["copy_of"]]
        assert row["stored"] and path.rpartition("/")[2] in (row["copy_of"].rpartition("/")[2], "twin.png")
        assert (row["verdict"], row["time"], row["score_covid"]) == (old["verdict"], old["time"], old["score_covid"])
    assert "Archive report" in (tmp_path / "report.html").read_text()


def test_the_columns_are_those_of_the_schema(archive):
    folder, _, _ = archive
    schema = json.loads((archives.ROOT / "docs" / "result.schema.json").read_text())
    for line in archives.classified(folder).values():
        jsonschema.validate(line, schema)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--workers", "0"], "--workers: is 0; at least 1 is allowed; leave it out to use all cores."),
        (["--model", "gone.tflite"], "gone.tflite: "),
        (
            ["--cluster", "here"],
            "--cluster: 'here' is not the address of a cluster; allowed are 'local', and HOST:PORT",
        ),
        (["--labels", "gone.csv", "--report", "r.html"], "--labels: 'gone.csv' cannot be read"),
    ],
)
def test_a_wrong_word_is_one_sentence(archive, tmp_path, words, sentence):
    folder, _, _ = archive
    ran = archives.judge(folder / "north", tmp_path / "out", *words, code=2)
    assert ran.stdout == "" and ran.stderr.splitlines()[-1].startswith(sentence)


def test_a_table_that_another_run_holds_is_refused(archive):
    from edge_app import atomic_io

    folder, table, _ = archive
    with atomic_io.alone(table):
        ran = archives.judge(folder, table, code=2)
    assert ran.stderr == f"--out: '{table}' is being written by another run; wait for it, or name another.\n"


def test_a_source_without_films_is_told(tmp_path):
    (tmp_path / "empty").mkdir()
    ran = archives.judge(tmp_path / "empty", tmp_path / "out", code=1)
    assert "holds no" in ran.stderr
