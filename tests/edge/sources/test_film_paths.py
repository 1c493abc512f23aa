import ast
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from edge_app.imaging import file_type
from edge_app.sources import film_paths
from tests.support.another_user import as_another_user

PNG = b"\x89PNG\r\n\x1a\nand so on"


@pytest.fixture
def ward(tmp_path):
    """A folder as an export leaves it: films, other files, hidden files, folders in folders."""
    for name, content in {
        "b.png": PNG,
        "a.JPG": b"no picture at all",
        "metadata.csv": b"path,label\n",
        "README": b"text",
        "noname": PNG,
        "IM0001": bytes(128) + b"DICM",
        "empty.png": b"",
        "empty.txt": b"",
        ".hidden.png": PNG,
        "z/deep/c.jpeg": b"\xff\xd8\xff\xe0",
        "z/d.dcm": b"",
        "y/e.tiff": b"II*\0",
        ".thumbnails/f.png": PNG,
    }.items():
        path = tmp_path / "ward" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path / "ward"


def _names(found, top):
    return [path.relative_to(top).as_posix() for path in found.films]


def test_a_folder_gives_its_films_in_a_fixed_order(ward):
    found = film_paths.expand([ward])
    expected = ["IM0001", "a.JPG", "b.png", "empty.png", "noname", "y/e.tiff", "z/d.dcm", "z/deep/c.jpeg"]
    assert _names(found, ward) == expected
    assert found.problems == []
    assert found.skipped == 3  # metadata.csv, README, empty.txt


def test_what_is_named_is_taken_whatever_it_is(ward):
    named = [ward / "metadata.csv", ward / ".hidden.png", ward / "b.png"]
    assert film_paths.expand(named).films == named


def test_arguments_keep_their_order_and_each_film_comes_once(ward):
    found = film_paths.expand([ward / "z", ward / "b.png", ward])
    assert _names(found, ward)[:3] == ["z/d.dcm", "z/deep/c.jpeg", "b.png"]
    assert len(found.films) == len(set(found.films)) == 8


def test_links_that_go_round_end(ward):
    (ward / "z" / "deep" / "up").symlink_to(ward)
    (ward / "loop.png").symlink_to(ward / "loop.png")
    found = film_paths.expand([ward])
    names = _names(found, ward)
    assert len(names) == 9
    assert "loop.png" in names  # the reader says why it cannot be read


def test_a_link_to_a_film_is_a_film(ward):
    (ward / "link.png").symlink_to(ward / "b.png")
    assert "link.png" in _names(film_paths.expand([ward]), ward)


def test_a_link_to_a_folder_is_followed_once(ward, tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk" / "g.png").write_bytes(PNG)
    (ward / "one").symlink_to(tmp_path / "disk")
    (ward / "two").symlink_to(tmp_path / "disk")
    names = _names(film_paths.expand([ward]), ward)
    assert [name for name in names if name.endswith("g.png")] == ["one/g.png"]


def test_no_waiting_for_a_pipe(ward):
    os.mkfifo(ward / "pipe")
    os.mkfifo(ward / "pipe.png")
    names = _names(film_paths.expand([ward]), ward)
    assert "pipe" not in names
    assert "pipe.png" in names  # the reader says what it is


def test_a_missing_path_becomes_one_sentence_about_it(ward, tmp_path):
    from edge_app.errors import UnreadableRadiograph
    from edge_app.imaging import radiograph

    missing = tmp_path / "nothing"
    found = film_paths.expand([missing, ward / "b.png"])
    assert ward / "b.png" in found.films
    # Either this list or the reader says it; the user sees it once.
    sentences = [sentence for _, sentence in found.problems]
    if missing in found.films:
        with pytest.raises(UnreadableRadiograph) as caught:
            radiograph.read(missing)
        sentences.append(str(caught.value))
    assert len(sentences) == 1
    assert sentences[0].startswith(f"{missing}: there is no such file")


def test_an_empty_folder(tmp_path):
    found = film_paths.expand([tmp_path])
    assert found.films == []
    assert found.problems == [
        (
            tmp_path,
            f"{tmp_path}: holds no {file_type.ALLOWED} file; name a folder that does.",
        )
    ]


def test_a_folder_with_no_film_in_it(tmp_path):
    (tmp_path / "metadata.csv").write_text("path\n")
    found = film_paths.expand([tmp_path])
    assert found.skipped == 1
    assert f"holds no {file_type.ALLOWED} file" in found.problems[0][1]


@pytest.mark.parametrize("mode", [0o000, 0o444, 0o311])
def test_a_sub_folder_without_permission_does_not_stop_the_others(mode):
    # Not in tmp_path, whose parents only its owner may enter.
    with tempfile.TemporaryDirectory() as name:
        top = Path(name)
        top.chmod(0o755)
        for place in ("a.png", "locked/b.png", "locked/noname", "z.png"):
            (top / place).parent.mkdir(exist_ok=True)
            (top / place).write_bytes(PNG)
        (top / "locked").chmod(mode)

        try:
            with as_another_user():
                found = film_paths.expand([top, top / "locked" / "b.png"])
        finally:
            (top / "locked").chmod(0o755)
        assert top / "a.png" in found.films
        assert top / "z.png" in found.films
        assert all(sentence.startswith(f"{top / 'locked'}") for _, sentence in found.problems)
        left_to_the_reader = [path for path in found.films if path.parent.name == "locked"]
        assert found.problems or left_to_the_reader
        # Mode 0444 lists the names and opens nothing: that is for the reader to say, film by film.
        assert bool(found.problems) == (mode != 0o444)


def test_names_that_are_no_text(tmp_path):
    path = tmp_path / os.fsdecode(b"r\xf6ntgen.png")
    path.write_bytes(PNG)
    assert film_paths.expand([tmp_path]).films == [path]


# --- patterns, lists, folders alone ---------------------------------------------------------------


def test_a_pattern_is_taken_for_what_it_matches(ward):
    assert _names(film_paths.expand([f"{ward}/**/*.dcm"]), ward) == ["z/d.dcm"]
    assert _names(film_paths.expand([f"{ward}/[ab].*"]), ward) == ["a.JPG", "b.png"]
    assert _names(film_paths.expand([f"{ward}/z*"]), ward) == ["z/d.dcm", "z/deep/c.jpeg"]  # a folder is looked into


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(ward):
    (ward / "film[1].png").write_bytes(PNG)
    (ward / "film1.png").write_bytes(PNG)
    assert _names(film_paths.expand([ward / "film[1].png"]), ward) == ["film[1].png"]


def test_a_pattern_that_matches_nothing(ward):
    found = film_paths.expand([f"{ward}/*.tif"])
    assert found.films == []
    assert found.problems[0].sentence.startswith(f"{ward}/*.tif: no file matches this pattern; ")


def test_a_folder_without_its_folders(ward):
    names = _names(film_paths.expand([ward], recursive=False), ward)
    assert names == ["IM0001", "a.JPG", "b.png", "empty.png", "noname"]


def test_a_film_under_two_names_of_one_place_comes_once(ward, monkeypatch):
    monkeypatch.chdir(ward)
    found = film_paths.expand(["b.png", "./b.png", "z/../b.png", ward / "b.png", "*.png"])
    assert found.films[0] == Path("b.png")
    assert [path.name for path in found.films] == ["b.png", "empty.png"]


def _listing(content, *, null=False, cwd=None):
    """Give a process a list on stdin; return the paths that it finds, and how often it had to wait."""
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); from edge_app.sources import film_paths\n"
        f"for one in film_paths.Sources(['-'], null={null}): print(repr(one and str(one)), flush=True)"
    )
    line = [sys.executable, "-c", script, str(Path(__file__).parents[3])]
    done = subprocess.run(line, input=content, capture_output=True, check=True, cwd=cwd, timeout=60)
    assert done.stderr == b""
    return [name for name in map(ast.literal_eval, done.stdout.decode().splitlines()) if name]


def test_a_list_on_stdin(ward):
    paths = [f"{ward}/b.png", f"{ward}/z", "missing [1].png"]
    found = [f"{ward}/b.png", f"{ward}/z/d.dcm", f"{ward}/z/deep/c.jpeg", "missing [1].png"]
    assert _listing("\n".join(paths).encode()) == found
    assert _listing("\n\n".join([*paths, *paths, ""]).encode()) == found
    assert _listing("\0".join(["two\nlines.png", *paths]).encode(), null=True) == ["two\nlines.png", *found]
    assert _listing(b"") == []


def test_a_list_of_names_that_are_no_text():
    assert _listing(b"r\xf6ntgen.png\n") == ["r\udcf6ntgen.png"]


def test_an_endless_list_is_read_as_it_comes(ward):
    script = (
        "import sys; from edge_app.sources import film_paths\n"
        "for one in film_paths.Sources(['-']): print(one if one else 'waits', flush=True)"
    )
    line = [sys.executable, "-c", script]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(line, cwd=Path(__file__).parents[3], **pipes) as process:
        for name in ("one.png", "two.png", "three.png"):
            while process.stdout.readline() != "waits\n":
                pass
            process.stdin.write(f"{name}\n")
            process.stdin.flush()
            assert process.stdout.readline() == f"{name}\n"
        process.stdin.close()
        assert set(process.stdout) <= {"waits\n"}
    assert process.returncode == 0
