"""`train archive` on a disk that fails: one sentence, what was judged stays, and the next run clears what was left."""

import pytest

from tests.support import archives
from tests.support.disk_faults import Disk, library
from tests.support.faulty_runs import ended
from train.archive import storage
from train.archive.table import STAGING

FILMS = 4


@pytest.mark.skipif(library() is None, reason="needs a C compiler")
def test_the_driver_says_in_one_sentence_that_the_table_cannot_be_written(tmp_path):
    table, beside = tmp_path / "disk" / "table", tmp_path / "beside"
    for folder in (table.parent, beside):
        folder.mkdir()
    films = archives.draw(tmp_path / "films", FILMS)
    fault = Disk(table.parent, beside)
    fault.fails("read-only", 12)  # the table's own files are written by then, its parts are not
    ran = ended(archives.words(films, table), fault.environment)
    assert fault.failed
    assert "Traceback" not in ran.text
    assert ran.code == 2
    assert ran.lines[-1] == (
        "--out: cannot be written (Read-only file system); look at the disk with 'doctor', and name another until it "
        "is well, and start again: what is judged stays."
    )


def test_what_dead_runs_left_is_cleared(tmp_path):
    for name in (f"{STAGING}/dead/results", f"{STAGING}.gone/older"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "part").write_text("half")
    store = storage.Store(str(tmp_path))
    store.clear(STAGING)
    store.clear(STAGING)
    assert list(tmp_path.iterdir()) == []
