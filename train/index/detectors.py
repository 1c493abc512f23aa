"""Which machine took a film, as far as a collection tells: for leaving detectors out, as sources are. Pure.

A hospital of one collection may have several machines, and a network that knows the machine knows something of the ward
it stands in. Only films whose appearance is known are asked: elsewhere machines and labels come together.
"""

from collections.abc import Sequence

import pandas as pd

# Films that a detector must have of either kind: with 40 of each the standard error of an AUC near 0.85 is about 0.04.
LEAST = 40
KINDS = ("negative", "typical")


def names(films: pd.DataFrame) -> list[str]:
    """Return each film's detector, "SOURCE/MACHINE", or its source where the machine is not known."""
    pairs = zip(films["source"], films["machine"], strict=True)
    return [f"{source}/{machine}" if machine else source for source, machine in pairs]


def with_both(films: pd.DataFrame, least: int = LEAST, kinds: Sequence[str] = KINDS) -> list[str]:
    """Return the detectors of which at least `least` films have each appearance of `kinds`, sorted."""
    known = films.loc[films["machine"] != ""]
    counts = pd.crosstab(pd.Series(names(known), dtype=object), known["appearance"].reset_index(drop=True))
    enough = counts.reindex(columns=list(kinds), fill_value=0).min(axis=1) >= least
    return sorted(counts.index[enough])
