"""The index in tables for people: what there is, where it went, what was refused and why."""

from collections.abc import Mapping

import pandas as pd

from train.index.findings import ALL_LABELS
from train.index.split import SPLITS


def describe(table: pd.DataFrame, not_here: Mapping[str, int]) -> str:
    """Return the tables of an index (`train.index.index.COLUMNS`) as text.

    Args:
        table: the index.
        not_here: by source, how many films its table lists that are not in the folder.
    """
    parts = [used(table), rejections(table, not_here), shared_pictures(table)]
    return "\n\n".join(parts)


def used(table: pd.DataFrame) -> str:
    """Return films (and patients) of each source and label by split."""
    kept = table.loc[table["rejected"] == ""]
    rows = []
    for source in [*sorted(table["source"].unique()), "all"]:
        for label in ALL_LABELS:
            some = kept.loc[(kept["label"] == label) & ((kept["source"] == source) | (source == "all"))]
            if len(some):
                sides = {side: _films_of(some.loc[some["split"] == side]) for side in SPLITS}
                rows.append({"films (patients)": source, "label": label, **sides, "all": _films_of(some)})
    return _text(rows) if rows else "no film can be used"


def rejections(table: pd.DataFrame, not_here: Mapping[str, int]) -> str:
    """Return rejected films by source and kind of reason, and how many films are listed that are not here."""
    # "unreadable: ..." and "exact copy of PATH" are of one kind each.
    kinds = table["rejected"].str.replace(r"^(unreadable|exact copy)\b.*", r"\1", regex=True)
    names = sorted(set(kinds) - {""})
    rows = []
    for source in sorted(not_here):
        counts = kinds.loc[table["source"] == source].value_counts()
        row = {"rejected": source, **{name: str(counts.get(name, 0)) for name in names}}
        rows.append({**row, "listed, not here": str(not_here[source])})
    return _text(rows)


def shared_pictures(table: pd.DataFrame) -> str:
    """Return how many groups hold films of more than one source, by the sources."""
    sources = table.groupby("group")["source"].agg(lambda names: " + ".join(sorted(set(names))))
    across = sources.loc[sources.str.contains(" + ", regex=False)].value_counts().sort_index()
    lines = [f"near-duplicate groups across sources: {int(across.sum())}"]
    lines += [f"  {count:5} {names}" for names, count in across.items()]
    return "\n".join(lines)


def _films_of(some: pd.DataFrame) -> str:
    return f"{len(some)} ({some['patient'].nunique()})"


def _text(rows: list[dict[str, str]]) -> str:
    """Return rows of text as a table, the first column to the left."""
    columns = list(rows[0])
    widths = {name: max(len(name), *(len(row[name]) for row in rows)) for name in columns}
    lines = []
    for row in [dict(zip(columns, columns, strict=True)), *rows]:
        first, *others = columns
        cells = [row[first].ljust(widths[first]), *(row[name].rjust(widths[name]) for name in others)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
