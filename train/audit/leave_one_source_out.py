"""Leave-one-source-out: each source's films, scored by a network that was trained without that source."""

import numpy as np

from train.evaluation import figures, intervals
from train.reporting import wording


def measure(table, threshold: float) -> dict:
    """Return the figures by source, and the mean AUC over sources.

    Where a source has COVID-19 films and others, its AUC is COVID-19 against the rest; where it has none, pneumonia
    against normal films by `score_pneumonia`, the hardest question it can ask.

    Args:
        table: rows with source, label, group, score_covid and score_pneumonia, by networks that never saw the source.
        threshold: of `score_covid`, the released network's.

    Returns:
        `sources`: figures with `asked` (what the AUC is of) and `auc`; `macro` over all sources and `macro_covid` over
        those with COVID-19 films, resampled together.
    """
    sources, statistics = {}, {}
    for source, films in table.groupby("source"):
        label = "covid" if _has_both(films, "covid") else "pneumonia"
        asked = films if label == "covid" else films[films["label"].isin(["pneumonia", "normal"])]
        column = f"score_{label}"
        positive, here = (asked["label"] == label).to_numpy(), table.index.get_indexer(asked.index)
        figure = figures.covid(films, threshold) | {"asked": label, "auc": None}
        if column in table and positive.any() and not positive.all():
            area = intervals.auc_statistic(positive, asked[column].to_numpy())
            figure["auc"] = intervals.interval(area, asked["group"].to_numpy())
            statistics[source] = lambda weight, area=area, here=here: area(weight[here])
        sources[source] = figure
    ill = [source for source in statistics if sources[source]["asked"] == "covid"]
    return {
        "sources": sources,
        "macro": _macro(list(statistics.values()), table),
        "macro_covid": _macro([statistics[source] for source in ill], table),
    }


def show(page, numbers: dict | None, missing: str, elsewhere: bool) -> None:
    """Write the chapter.

    Args:
        page: a `page_load.Page`.
        numbers: what `measure` gave, or None.
        missing: the sentence to print without numbers.
        elsewhere: the run learnt from one source, and there are others.
    """
    section = page.section(
        "Leave-one-source-out",
        "For each source a network is trained on the other sources and tested on every film of this one: the nearest "
        "thing to a new hospital that public films allow. A source without COVID-19 is asked for pneumonia against "
        "normal films instead, and for its specificity.",
    )
    if numbers is None and elsewhere:
        section.text(
            "The run learnt from one source alone, so nothing is left to train on without it; all other sources are "
            "left out by construction: the chapter before."
        )
        return
    if numbers is None:
        section.note(missing)
        return
    question = {"covid": "COVID-19 against the rest", "pneumonia": "pneumonia against normal"}
    section.table(
        ("source left out", "COVID-19 of films", "AUC of", "AUC", "sensitivity, COVID-19", "specificity, COVID-19"),
        [
            (
                source,
                wording.count(figure),
                question[figure["asked"]],
                *(wording.text(figure[name]) for name in ("auc", "sensitivity", "specificity")),
            )
            for source, figure in numbers["sources"].items()
        ],
        "At the released network's threshold, which was chosen on films of all sources and fits these only roughly.",
    )
    section.text(
        f"Mean over all sources: **{wording.text(numbers['macro'])}**. Mean over the sources with COVID-19 films: "
        f"**{wording.text(numbers['macro_covid'])}**."
    )


def _has_both(films, label) -> bool:
    return 0 < (films["label"] == label).sum() < len(films)


def _macro(statistics, table):
    if not statistics:
        return None
    return intervals.interval(
        lambda weight: float(np.mean([statistic(weight) for statistic in statistics])), table["group"].to_numpy()
    )
