"""Films and table in an object store: the same rows as from a folder, and the same way on after a stop."""

import pytest

from tests.support import archives, object_store
from train.archive import storage

FILMS = 16
pytestmark = pytest.mark.skipif(
    not object_store.NEEDED and not object_store.PYTHON.exists(), reason="no object store: make .venv-s3/ready"
)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Return (folder of films, environment of the store that holds them under films/2020)."""
    base = tmp_path_factory.mktemp("store")
    folder = archives.draw(base / "films", FILMS)
    (folder / "north" / "1.2.840.1").write_bytes((folder / "north" / "0000.dcm").read_bytes() + bytes(2))
    with (
        pytest.MonkeyPatch.context() as patch,
        (base / "log").open("w") as log,
        object_store.served(log) as environment,
    ):
        for name, value in environment.items():
            patch.setenv(name, value)
        for bucket in ("films", "results"):
            storage.opened(f"s3://{bucket}?allow_bucket_creation=true")[0].mkdir(bucket)
        films = storage.Store("s3://films/2020")
        for path in (path for path in folder.rglob("*") if path.is_file()):
            films.write(str(path.relative_to(folder)), path.read_bytes())
        yield folder, environment


def test_it_says_what_it_says_of_a_folder(store, tmp_path):
    folder, environment = store
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    environment = environment | {"TMPDIR": str(temporary)}
    ran = archives.judge("s3://films/2020", "s3://results/table", code=1, env=environment)
    assert "1 files passed over" in ran.stdout  # notes.txt
    archives.judge(folder, tmp_path / "table", code=1)
    for kind in ("results", "failed"):
        here = {row["path"].removeprefix(f"{folder}/"): row for row in archives.rows(tmp_path / "table", kind)}
        there = {row["path"].removeprefix("s3://films/2020/"): row for row in archives.rows("s3://results/table", kind)}
        assert set(here) == set(there)
        for name, row in there.items():
            same = ("sha256", "verdict", "refusal_kind", "score_covid", "film_date", "film_folder")
            assert [row[one] for one in same] == [here[name][one] for one in same]
            error = (here[name]["error"] or "").replace(str(folder), "s3://films/2020")
            assert (row["error"] or "") == error
    again = archives.judge("s3://films/2020", "s3://results/table", env=environment)
    assert again.stderr.startswith("1 films to judge, ")  # what is not a film is looked at again
    assert not storage.Store("s3://results/table").names("staging")
    assert not list(temporary.glob("covid-xray-films-*"))


def test_what_is_not_there_is_one_sentence(store, tmp_path):
    _, environment = store
    ran = archives.judge("s3://nobody/here", tmp_path / "table", code=2, env=environment)
    assert ran.stderr.startswith("s3://nobody/here: cannot be ") and ran.stderr.count("\n") == 1
    ran = archives.judge("gopher://films", tmp_path / "table", code=2, env=environment)
    assert ran.stderr.startswith("gopher://films: cannot be opened (Protocol not known: gopher") and ran.stdout == ""
