"""Programs of the desk that write: the archive's table, and the checkpoints of a training run."""

import re
from pathlib import Path

from tests.support import archives
from tests.support.faulty_runs import Program, Ran

FILMS = 8


def archive() -> Program:
    """Return `train archive` over ten files on two workers."""

    def table(disk: Path) -> Path:
        return disk / "table"

    def broken(disk: Path, ran: Ran) -> list[str]:
        found = [row["path"] for kind in ("results", "failed") for row in archives.rows(table(disk), kind)]
        wrong = ["a film is in the table twice"] if len(found) != len(set(found)) else []
        told = re.search(r"([\d,]+) in the table already", ran.text)
        return wrong + (["fewer films than the run before told"] if told and int(told[1]) > len(found) else [])

    def state(disk: Path) -> list[tuple]:
        kinds = ("results", "failed")
        return sorted((kind, Path(row["path"]).name) for kind in kinds for row in archives.rows(table(disk), kind))

    return Program(
        "train archive",
        lambda disk, beside: archives.words(beside / "films", table(disk)),
        lambda disk, beside: archives.draw(beside / "films", FILMS) and None,
        broken,
        state,
        # One of the files is damaged; a run that finds all others in the table tries it no more.
        codes=(0, 1),
    )


def programs() -> list[Program]:
    """Return all."""
    return [archive()]
