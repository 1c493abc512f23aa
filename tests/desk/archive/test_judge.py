"""A worker's judge goes on when its process dies, and gives up a film that kills it."""

import signal
from pathlib import Path

import pytest

from edge_app.errors import ModelMismatch
from tests.support import archives
from tests.support.films import png
from train.archive.judge import Judge

SETTINGS = {"model": str(archives.MODEL), "rule": "sensitive", "site": None}


class Mortal(Judge):
    """One whose process is killed by certain films, each time that it is asked for them."""

    deadly: frozenset[str] = frozenset()
    killed = 0

    def _ask(self, path: Path) -> None:
        super()._ask(path)
        if path.name in self.deadly:
            self.killed += 1
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    paths = [folder / f"{number:02d}.png" for number in range(24)]
    for number, path in enumerate(paths):
        path.write_bytes(png(seed=number))
    return paths


@pytest.fixture
def judge():
    made = Mortal(SETTINGS)
    yield made
    made.close()


def test_a_film_that_kills_costs_itself(judge, films):
    judge.deadly = frozenset({"05.png", "23.png"})
    lines = list(judge.rows(films))
    assert [line["path"] for line in lines] == [str(path) for path in films]
    failed = {Path(line["path"]).name: line for line in lines if line["error"]}
    assert set(failed) == judge.deadly and judge.killed >= 4
    for name, line in failed.items():
        assert line["error"].startswith(
            f"{films[0].with_name(name)}: this program died twice while it judged this film;"
        )
        assert len(line["sha256"]) == 64 and line["model"] == judge.context["model"]
    assert all(line["verdict"] for line in lines if not line["error"])


def test_a_process_that_is_killed_costs_nothing(judge, films):
    lines = judge.rows(films)
    found = [next(lines) for _ in range(3)]
    judge._process.kill()
    found += lines
    assert [line["path"] for line in found] == [str(path) for path in films]
    assert [line["error"] for line in found] == [None] * len(films)
    assert len(list(judge.rows(films[:2]))) == 2


def test_a_model_that_cannot_be_used_is_told_in_its_own_words(tmp_path):
    with pytest.raises(ModelMismatch) as told:
        Judge(SETTINGS | {"model": str(tmp_path / "gone.tflite")})
    assert str(told.value).startswith(f"{tmp_path / 'gone.tflite'}: ")
