"""What `classify` is given: folders, patterns and lists, with every kind of file that is no film in them."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support.another_user import without_override
from tests.support.films import draw_film
from tests.support.program import MODEL, run

ROOT = Path(__file__).parents[3]


def _noise() -> Image.Image:
    """A picture that can be read, is not blank, and shows nothing."""
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (300, 260)).astype(np.uint8))


@pytest.fixture
def inbox():
    """A folder with everything that goes wrong, between two good films; and the names of what cannot be read.

    Two more can be read and are refused: 'black.png' and 'noise.png'.

    Not in tmp_path: its folders are kept after the test, and these may be hard to remove.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "inbox"
        folder.mkdir()
        film = Image.fromarray(draw_film(1000, 300, 260))
        film.save(folder / "a-good.png")
        film.save(folder / "z-good.jpg")
        Image.fromarray(np.asarray(film).astype(np.uint16) * 16).save(folder / "deep.png")
        (folder / "text.png").write_text("no picture\n")
        (folder / "cut.jpg").write_bytes((folder / "z-good.jpg").read_bytes()[:2000])
        (folder / "empty.png").touch()
        Image.new("L", (1, 1)).save(folder / "one.png")
        film.save(folder / "moving.gif", save_all=True, append_images=[Image.new("L", film.size)])
        Image.new("L", (300, 300)).save(folder / "black.png")
        _noise().save(folder / "noise.png")
        film.save(folder / "secret.png")
        (folder / "secret.png").chmod(0)
        (folder / "metadata.csv").write_text("path,label\n")
        (folder / "locked").mkdir()
        film.save(folder / "locked" / "film.png")
        (folder / "locked").chmod(0)
        Path(name).chmod(0o755)
        folder.chmod(0o755)
        bad = ["cut.jpg", "empty.png", "locked", "moving.gif", "one.png", "secret.png"]
        yield folder, [*bad, "text.png"]
        (folder / "locked").chmod(0o755)


def _unprivileged(*words, **options):
    """Run the program so that permissions bind it, whoever runs the tests."""
    return run(*words, before=without_override(), **options)


def test_one_bad_film_never_stops_a_folder(inbox):
    folder, bad = inbox
    done = _unprivileged("--json", folder, code=1)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert sorted(Path(row["path"]).name for row in rows if row["error"]) == bad
    good = {Path(row["path"]).name: row["verdict"] for row in rows if row["verdict"]}
    refused = dict.fromkeys(["black.png", "noise.png"], "refused")
    assert good == refused | dict.fromkeys(["a-good.png", "deep.png", "z-good.jpg"], "no finding suspected")
    unjudged = [bool(row["error"] or row["refusal"]) for row in rows]
    assert unjudged == [row["scores"] is None for row in rows] == [row["lungs"] is None for row in rows]
    # One complaint a line, each about one path and with what to do; then what was passed over.
    complaints = [line for line in done.stderr.splitlines() if line.startswith(str(folder))]
    assert sorted(complaints) == sorted(row["error"] for row in rows if row["error"])
    assert all(line.endswith(".") for line in complaints)
    rest = [line for line in done.stderr.splitlines() if line not in complaints]
    assert len(rest) == 1
    assert rest[0].startswith("1 ")


def test_each_fault_has_its_own_words(inbox):
    faults = {
        "text.png": "is text that begins 'no picture'",
        "cut.jpg": "is damaged or cut off",
        "empty.png": "is empty",
        "one.png": "is 1 x 1 pixels",
        "moving.gif": "is a GIF picture",
        "secret.png": "may not be read by this user",
        "locked": "may not be read",
        "locked/film.png": "may not be read by this user",
        "missing.png": "there is no such file",
    }
    done = _unprivileged("--json", *(inbox[0] / name for name in faults), code=1)
    rows = {row["path"]: row["error"] for row in map(json.loads, done.stdout.splitlines())}
    assert len(rows) == len(faults)
    for name, words in faults.items():
        sentence = rows[str(inbox[0] / name)]
        assert sentence.startswith(f"{inbox[0] / name}: ")
        assert words in sentence
    assert sorted(done.stderr.splitlines()) == sorted(rows.values())


def test_pictures_without_lungs_are_refused_and_the_films_beside_them_read(tmp_path, films, leg):
    _noise().save(tmp_path / "noise.png")
    done = run("--json", films[0], tmp_path / "noise.png", leg, films[1])
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["verdict"] for row in rows] == ["no finding suspected", "refused", "refused", "covid suspected"]
    assert done.stderr == ""
    assert rows[0]["refusal"] is None
    assert [row["refusal"]["kind"] for row in rows[1:3]] == ["no lungs found"] * 2
    assert all(row["scores"] is None and row["sha256"] for row in rows[1:3])
    lines = run(films[0], leg).stdout.splitlines()
    place = next(i for i, line in enumerate(lines) if leg.name in line)
    assert lines[place].endswith("  refused: no lungs found")
    assert lines[place + 1] == f"    {rows[2]['refusal']['sentence']}"
    assert lines[-1].startswith("2 films: 1 no finding suspected, 1 refused: no lungs found.")


def test_the_table_keeps_complaints_off_stdout(inbox):
    folder, bad = inbox
    done = _unprivileged(folder, code=1)
    assert [name for name in bad if name in done.stdout] == []
    assert f"{len(bad)} could not be read" in done.stdout.splitlines()[-1]


def test_patterns_and_lists_on_stdin(films, tmp_path):
    """A pattern is for shells that expand none; the list comes as from `find`, and may name what is not there."""

    def names(*words, code=0, **options):
        rows = [json.loads(line) for line in run("--json", *words, code=code, **options).stdout.splitlines()]
        return [Path(row["path"]).name for row in rows]

    assert names(f"{tmp_path}/*.png") == ["clear.png"]
    assert names("-", input=f"{films[1]}\n{films[0]}\n") == ["opaque.jpg", "clear.png"]
    assert names("-0", "-", input=f"{films[1]}\0{tmp_path}") == ["opaque.jpg", "clear.png"]
    assert names("-", "--null", input=f"{films[1]}\0{tmp_path}") == ["opaque.jpg", "clear.png"]
    assert sorted(names(f"{tmp_path}/*.tif", "-", code=1, input=f"missing.png\n{films[0]}\n")) == [
        "*.tif", "clear.png", "missing.png"
    ]  # fmt: skip


def test_films_of_a_list_are_judged_while_it_is_still_written(films):
    line = [sys.executable, "-m", "edge_app", "classify", "--json", "--model", str(MODEL), "-"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(line, cwd=ROOT, **pipes) as process:
        for film in films:
            process.stdin.write(f"{film}\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["path"] == str(film)
        process.stdin.close()
    assert process.returncode == 0


def test_empty_folder(tmp_path):
    (tmp_path / "empty").mkdir()
    assert "holds no DICOM, PNG, JPEG, TIFF, BMP, WebP, JPEG 2000 or PNM file" in run(tmp_path / "empty", code=1).stderr


def test_a_name_too_long_for_the_system(films):
    done = run("a" * 5000, films[0], code=1)
    assert "no finding suspected" in done.stdout
    assert done.stderr.startswith("aaaa")


def test_a_link_that_goes_round(tmp_path):
    (tmp_path / "round.png").symlink_to(tmp_path / "round.png")
    done = run(tmp_path / "round.png", "--csv", tmp_path / "out.csv", code=1)
    assert done.stderr.count("\n") == 1
