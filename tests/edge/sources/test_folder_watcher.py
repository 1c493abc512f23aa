"""What a watch of a folder hands out, look by look."""

from edge_app.sources.watching import FolderWatcher, WatchOptions
from tests.support.watch import film


def test_a_film_that_goes_before_it_is_read(inbox):
    looks = iter(FolderWatcher([inbox], WatchOptions(0.01)))
    film(inbox / "film.png")
    (inbox / "notes.part").write_text("a note")
    assert next(looks) is None  # seen once
    (inbox / "film.png").unlink()
    (inbox / "notes.part").unlink()
    problem = next(looks)
    assert problem.sentence == f"{inbox / 'film.png'}: has gone before it could be read; send it again."
    assert next(looks) is None  # said once


def test_a_film_that_is_renamed_before_it_is_read(inbox):
    looks = iter(FolderWatcher([inbox], WatchOptions(0.01)))
    film(inbox / "film.png")
    assert next(looks) is None
    (inbox / "film.png").rename(inbox / "other.png")
    assert next(looks) is None
    assert next(looks) == inbox / "other.png"


def test_a_film_that_cannot_be_read_is_handed_out_until_it_is_still(inbox):
    watch = FolderWatcher([inbox], WatchOptions(0.01, patience=0.2))
    looks = iter(watch)
    (inbox / "cut.png").write_bytes(b"half")
    told = False
    tried = 0
    while not told:
        if next(looks) == inbox / "cut.png":
            tried += 1
            told = watch.record_outcome(inbox / "cut.png", read=False)
    assert tried > 1
    assert next(looks) is next(looks) is None


def test_links_that_go_round_end(inbox):
    (inbox / "deep").mkdir()
    (inbox / "deep" / "up").symlink_to(inbox)
    film(inbox / "deep" / "film.png")
    looks = iter(FolderWatcher([inbox], WatchOptions(0.01)))
    assert [next(looks), next(looks), next(looks)] == [None, inbox / "deep" / "film.png", None]
