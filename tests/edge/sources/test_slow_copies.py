"""The short form of `make test-shares`: slow, stalling copies; the watch is killed, and its clock jumps."""

from tests.support import watched_copies
from tests.support.watch import once

COUNT, KILLS, STALL = 96, 3, 5


def test_every_film_of_slow_copies_is_judged_whole_and_once(inbox, tmp_path):
    with watched_copies.copying("tests.support.slow_copies:Folder", str(inbox), COUNT, STALL, processes=2) as fine:
        words = ["--interval", "0.2", "--patience", "20"]
        store = watched_copies.watch_and_kill(inbox, tmp_path, COUNT, KILLS, words, fine)
    watched_copies.check(store, inbox, COUNT)
    assert once("--store", store, inbox) == ([], "")
