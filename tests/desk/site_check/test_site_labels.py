"""What is wrong with a clinic's table of labels is said, and nothing is lost."""

import csv
import json
from pathlib import Path

import pytest

from edge_app.errors import WrongUsage
from tests.support.clinic import MODEL, draw_site, report_of, site_check, write_labels
from train.site_check import labels

BAD_ROWS = (
    "label,path,patient,age\n"
    "normal,good.png,1,40\n"
    "covd,typo.png,1,40\n"
    "covid,gone.png,2,40\n"
    "covid,/etc/hosts,2,40\n"
    "covid,../films/good.png,2,40\n"
    "normal,comma, here.png,3,40\n"
    "normal,twice.png,3,40\n"
    "covid,./twice.png,3,40\n"
    "normal,whose.png,Miller,40\n"
    "normal,whose.png,Jones,40\n"
    "normal,same.png,5,40\n"
    ",,,\n"
    "\n"
    "Normal,same.png,5,41\n"
    "covid,,5,41\n"
    ",covid.png,6,41\n"
)


def _sentences(folder: Path) -> list[str]:
    """Return what is said of `BAD_ROWS`, and of the films that are in no row."""
    table = folder / "labels.csv"
    paths = "write paths relative to that folder, such as 'ward/film.png'."
    allowed = (
        "covid, covid-19, covid19, positive, typical, pneumonia, atypical, normal, no finding, other, not covid, "
        "negative, indeterminate"
    )
    one = "a film has one label and one patient; correct one of the two lines."
    return [
        f"{table}, line 3: label 'covd' of 'typo.png' is not known; allowed are {allowed}; correct it.",
        f"{table}, line 4: there is no 'gone.png' in {folder}; {paths}",
        f"{table}, line 5: '/etc/hosts' does not lie in {folder}; {paths}",
        f"{table}, line 6: '../films/good.png' does not lie in {folder}; {paths}",
        f"{table}, line 7: has 5 cells, the first line has 4; put a cell that holds a comma in quotes.",
        f"{table}, line 9: './twice.png' has label 'covid' here and 'normal' in line 8; {one}",
        f"{table}, line 11: 'whose.png' has another patient here than in line 10; {one}",
        f"{table}, line 16: names no film; write its path, relative to the folder, or remove the line.",
        f"{table}, line 17: label '' of 'covid.png' is not known; allowed are {allowed}; correct it.",
        f"{folder}/comma, here.png: is in the folder and not in the table of labels, so it was not checked; "
        "add a row for it.",
        f"{folder}/not-listed.png: is in the folder and not in the table of labels, so it was not checked; "
        "add a row for it.",
    ]


def test_each_bad_row_gets_its_sentence_and_nothing_is_lost(tmp_path):
    folder = draw_site(
        tmp_path / "films",
        [(f"{name}.png", "normal", 0.0, "") for name in ("good", "comma, here", "typo", "twice", "whose", "same")]
        + [("covid.png", "covid", 1.0, "")],
    )
    (folder / "not-listed.png").write_bytes((folder / "good.png").read_bytes())
    (folder / "labels.csv").write_text(BAD_ROWS)
    _, complaints = site_check(MODEL, folder, "--out", tmp_path / "out", code=1)
    assert complaints == _sentences(folder)
    numbers, rows, html = report_of(tmp_path / "out")
    assert list(rows.loc[rows["verdict"] != "", "path"]) == ["good.png", "same.png"]
    assert [sentence for sentence in rows["error"] if sentence] == complaints
    assert [problem["error"] for problem in numbers["problems"]] == complaints
    assert numbers["made"]["repeated"] == 1
    assert html.count("row of the table at fault</td>") == 9
    assert "not-listed.png" in html
    assert "Miller" not in html + json.dumps(numbers)


def test_many_films_that_are_not_in_the_table_share_one_sentence(check, tmp_path):
    folder = draw_site(tmp_path / "films", [(f"{i}.png", "normal", 0.0, "") for i in range(6)])
    write_labels(folder / "labels.csv", [("0.png", "normal", "")])
    _, complaints = check(MODEL, folder, "--out", tmp_path / "out", code=1)
    assert complaints == [
        f"{folder}: 5 films are not in the table of labels, such as '1.png', '2.png', '3.png', so they were not "
        "checked; add a row for each."
    ]
    numbers, rows, _ = report_of(tmp_path / "out")
    assert len(rows) == 6
    assert numbers["films"]["without_verdict"]["not listed"] == 5


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "there is no such table of labels; write one with the columns path and label, and name it with"),
        (b"", "is empty; write the columns path and label into its first line"),
        (b"path,label\n", "lists no film; write one line a film below the first."),
        (
            b"file,label\na.png,covid\n",
            "its first line has the columns 'file', 'label' and lacks 'path'; 'path' and 'label' are needed",
        ),
        ("path,label\na.png,covid\nfrüh.png,covid\n".encode("cp1252"), "line 3: byte fc is not UTF-8 text; save it as"),
        ("path,label\na.png,covid\n".encode("utf-16-le"), "holds zero bytes: it is a spreadsheet or UTF-16 text"),
        (b"PK\x03\x04\x00\x00path,label", "holds zero bytes: it is a spreadsheet or UTF-16 text, not CSV; save it as"),
    ],
)
def test_a_table_that_is_none_is_refused(check, tmp_path, content, sentence):
    table = tmp_path / "labels.csv"
    if content is not None:
        table.write_bytes(content)
    _, complaints = check(MODEL, tmp_path, "--out", tmp_path / "out", code=2)
    assert len(complaints) == 1
    assert complaints[0].startswith((f"{table}: ", f"{table}, line "))
    assert sentence in complaints[0]
    assert not (tmp_path / "out").exists()


def test_wrong_usage(check, tmp_path):
    folder = draw_site(tmp_path / "films", [("a.png", "covid", 1.0, "")])
    out = ("--out", tmp_path / "out")
    (tmp_path / "file").write_text("no folder")
    results = tmp_path / "results.csv"
    results.write_bytes((folder / "labels.csv").read_bytes())
    cases = [
        ((tmp_path / "none.tflite", folder, *out), "none.tflite: there is no such model file"),
        ((folder / "a.png", folder, *out), "a.png: begins with b'\\x89PNG"),
        (
            (MODEL, tmp_path / "nowhere", *out),
            "nowhere: there is no such folder; name the folder that holds the films.",
        ),
        ((MODEL, tmp_path / "file", *out), "file: is a file; name the folder that holds the films."),
        (
            (MODEL, folder, *out, "--prevalence", "5"),
            "--prevalence: '5' is not between 0 and 1; write 5 in 100 as 0.05.",
        ),
        ((MODEL, folder, "--out", tmp_path / "file" / "out"), "file/out: cannot be written (Not a directory); name"),
        (
            (MODEL, folder, "--labels", results, "--out", tmp_path),
            "results.csv: would be overwritten and is read; name",
        ),
        ((MODEL, folder, *out, "--operating-point", "strict"), "argument --operating-point: invalid choice: 'strict'"),
    ]
    for words, sentence in cases:
        _, complaints = check(*words, code=2)
        assert sentence in complaints[-1]
    _, complaints = site_check(*cases[0][0], code=2)
    assert len(complaints) == 1
    assert cases[0][1] in complaints[0]
    assert results.read_bytes() == (folder / "labels.csv").read_bytes()


@pytest.mark.parametrize(("separator", "words"), [(",", ""), (";", "semicolons"), ("\t", "tabs")])
def test_spreadsheets_separate_columns_in_their_own_way(tmp_path, separator, words):
    (tmp_path / "a, b.png").touch()
    rows = [("Path", " Label ", "patient"), ("a, b.png", "Not  COVID", "7")]
    with (tmp_path / "labels.csv").open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=separator).writerows(rows)
    table = labels.read(tmp_path / "labels.csv", tmp_path)
    assert table.films == [labels.LabelledFilm("a, b.png", "other", "7", line=2)]
    assert table.patients
    assert table.remark == (
        f"{tmp_path}/labels.csv: its columns are separated by {words} and were read so." if words else ""
    )


def test_labels_of_appearance_are_read_and_an_indeterminate_film_is_not_counted(tmp_path):
    words = ("typical", "Negative", "atypical", "indeterminate")
    for word in words:
        (tmp_path / f"{word}.png").touch()
    write_labels(tmp_path / "labels.csv", [(f"{word}.png", word, "") for word in words])
    films = labels.read(tmp_path / "labels.csv", tmp_path).films
    assert [film.label for film in films[:3]] == ["covid", "normal", "pneumonia"]
    assert (films[3].kind, films[3].line) == (labels.ROW, 5)
    assert films[3].error.startswith(f"{tmp_path}/labels.csv, line 5: label 'indeterminate' of 'indeterminate.png' is ")


def test_a_quote_that_never_ends_is_a_sentence(tmp_path):
    (tmp_path / "labels.csv").write_text('path,label\n"a.png,covid\n' + "x,normal\n" * 20_000)
    with pytest.raises(WrongUsage, match=r"labels\.csv, line \d+: is not a table row \(field larger than field limit"):
        labels.read(tmp_path / "labels.csv", tmp_path)
