"""A CSV file that a spreadsheet opens with its accents, and that programs read as before."""

import csv

import pytest

from tests.support.films import png
from tests.support.program import run

NAME = "Müller, Zoë 肺.png"


@pytest.mark.parametrize("command", ["classify", "results"])
def test_a_byte_order_mark_is_written_on_request(tmp_path, command):
    (tmp_path / NAME).write_bytes(png())
    words, model = [tmp_path / NAME], {}
    if command == "results":
        run("--store", tmp_path / "results.db", *words)
        words, model = ["--store", tmp_path / "results.db"], {"model": None}
    for more, mark in ([], b""), (["--csv-bom"], b"\xef\xbb\xbf"):
        run(*words, "--csv", tmp_path / "out.csv", *more, command=command, **model)
        content = (tmp_path / "out.csv").read_bytes()
        assert content.startswith(mark + b"schema,") and content.count(b"\xef\xbb\xbf") == len(mark) // 3
        with (tmp_path / "out.csv").open(newline="", encoding="utf-8-sig") as file:
            (row,) = csv.DictReader(file)
        assert row["path"] == str(tmp_path / NAME)
        assert row["replaces"] == ""
