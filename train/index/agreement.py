"""What the films of one picture say together: which label holds, and which films contradict each other. Pure."""

from collections.abc import Sequence

import pandas as pd

from train.index import duplicates
from train.index.components import components
from train.index.duplicates import Pair
from train.index.findings import APPEARANCES
from train.index.listed_film import LABEL_CONFLICT

EXACT_COPY = "exact copy of"


def settle(table: pd.DataFrame, alike: Sequence[Pair]) -> pd.DataFrame:
    """Return the columns `label`, `appearance` and `rejected` of an index, settled among films of one picture.

    Where radiologists said what the picture shows, that holds for every copy of it: a laboratory's COVID-19 that they
    call negative teaches no COVID-19. Otherwise, or where radiologists contradict each other, films of one picture (in
    any number of steps) with different labels are all rejected: nobody knows which is right. Less alike films of one
    person are a film and its follow-up, whose labels may well differ. Of equal files that agree, the first path stays.

    Args:
        table: rows of an index with path, label, appearance, sha256 and rejected.
        alike: pairs of its rows.
    """
    # Lists: a million films hold some ten thousand pictures, and a write into a table is slow.
    films = {name: table[name].tolist() for name in ("path", "sha256", "label", "appearance", "rejected")}
    path = films["path"]
    picture = components(
        (path[one], path[other]) for one, other, similarity in alike if similarity >= duplicates.SAME_PICTURE
    )
    rows: dict[str, list[int]] = {}
    for at, name in enumerate(path):
        if name in picture:
            rows.setdefault(picture[name], []).append(at)
    for some in rows.values():
        _settle_picture(films, some)
    return pd.DataFrame({name: films[name] for name in ("label", "appearance", "rejected")}, index=table.index)


def _settle_picture(films: dict[str, list[str]], some: list[int]) -> None:
    """Write what holds for the rows `some`, by position, into the columns `films`."""
    said = {films["appearance"][at] for at in some} - {""}
    if len(said) == 1:
        (only,) = said
        for at in some:
            films["appearance"][at], films["label"][at] = only, APPEARANCES[only]
    if len(said) > 1 or len({films["label"][at] for at in some}) > 1:
        for at in some:
            films["rejected"][at] = LABEL_CONFLICT
        return
    first: dict[str, str] = {}
    for at in some:
        sha, path = films["sha256"][at], films["path"][at]
        if first.setdefault(sha, path) != path:
            films["rejected"][at] = f"{EXACT_COPY} {first[sha]}"
