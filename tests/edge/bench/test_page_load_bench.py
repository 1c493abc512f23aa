"""The benchmark of the page: its command, the films it chooses, and a page that cannot be reached."""

import socket
import subprocess
import sys

from edge_app.bench import page_load
from tests.support.program import ROOT


def test_it_serves_the_page_and_concludes_nothing_from_no_film(film_path):
    line = [sys.executable, "-m", "edge_app.bench.page_load", str(film_path), "--clients", "2", "--seconds", "0"]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (1, "only 0 films were read: too few to say anything\n"), done.stderr


def test_some_films_of_a_folder_and_all_that_are_named(tmp_path):
    folder = tmp_path / "films"
    (folder / "deeper").mkdir(parents=True)
    for number in range(30):
        (folder / "deeper" / f"{number:02}.png").write_bytes(b"")
    alone = tmp_path / "alone.png"
    assert [path.name for path in page_load.chosen([folder, alone])] == [
        *(f"{number:02}.png" for number in range(0, 30, 3)),
        "alone.png",
    ]


def test_a_page_that_cannot_be_reached_is_counted_by_the_name_of_the_fault():
    with socket.socket() as reserved:  # bound but not listening: nobody answers there
        reserved.bind(("127.0.0.1", 0))
        assert page_load._send(reserved.getsockname()[1], b"", "127.0.1.1") == ("ConnectionRefusedError", 0)
