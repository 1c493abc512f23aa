"""COVID-19 by source, within a source and across sources, and every verdict against every label."""

import pandas as pd

from edge_app.screening import decision
from train.evaluation import curves, evaluate, figures, intervals
from train.reporting import page, wording

# The row of all films.
ALL = "all sources"
VERDICTS = (decision.COVID, decision.PNEUMONIA, decision.NORMAL)


def measure(table, labels: tuple[str, ...], thresholds: dict[str, float]) -> dict:
    """Return the figures of a table of scores.

    Args:
        table: rows with source, label, group and a `score_LABEL` a label of the network.
        labels: the network's labels.
        thresholds: its operating point.

    Returns:
        threshold; figures of `all` and of each of `sources`; `across`: AUC of the COVID-19 films of one source against
        the other films of another; `curves` and `confusion` (label -> verdict -> films) by source.
    """
    threshold = thresholds["covid"]
    by_source = dict(tuple(table.groupby("source")))
    parts = {ALL: table} | by_source
    ill = {source: films[films["label"] == "covid"] for source, films in by_source.items()}
    well = {source: films[films["label"] != "covid"] for source, films in by_source.items()}
    return {
        "threshold": threshold,
        "all": figures.covid(table, threshold),
        "sources": {source: figures.covid(films, threshold) for source, films in by_source.items()},
        "across": {
            source: {other: _auc(films, others) for other, others in well.items() if len(others)}
            for source, films in ill.items()
            if len(films)
        },
        "curves": {name: points for name, films in parts.items() if (points := curves.points(films))},
        "confusion": {name: _confusion(films, labels, thresholds) for name, films in parts.items()},
    }


def show(page_, numbers: dict, crossfit: dict | None, within: str, missing: str) -> None:
    """Write the chapter.

    Args:
        page_: a `page_load.Page`.
        numbers: what `measure` gave for the test films.
        crossfit: what it gave for all films scored out of fold, or None.
        within: the source whose films of every label come from a common pool.
        missing: the sentence to print without a cross-fit.
    """
    several = len(numbers["sources"]) > 1
    asked = f"COVID-19 against all other films of `{within}`, the one source that the run learnt from. "
    why = "Its films of every label come from one pool of hospitals, so there knowing the hospital helps least. "
    if several:
        asked = f"COVID-19 against all other films. **Read the row `{within}` first**. "
        why += "In the row of all sources it does help: most COVID-19 films and most others come from different ones. "
    section = page_.section("By source and within a source", f"{asked}{why}Intervals are 95 %, drawn over patients.")
    _table(section, numbers, "Test films, the released network at its operating point.")
    if crossfit:
        section.text(
            "The test films of one source are few. In the cross-fit every film is scored by a network trained without "
            "its patient (five folds), so the same question is asked of all of them. The threshold is the released "
            "network's; it fits the five others only roughly."
        )
        _table(section, crossfit, "All films, out of fold.")
    else:
        section.note(missing)
    for name, part in (("Test films.", numbers), ("All films, out of fold.", crossfit)):
        if part:
            points = {ALL: part["all"]} | part["sources"]
            drawn = {of: curve for of, curve in part["curves"].items() if several or of != ALL}
            curves.draw(section, drawn, points, name + " COVID-19 against all other films.")
    if several:
        _show_across(section, (crossfit or numbers)["across"], "All films, out of fold." if crossfit else "Test films.")
    section.heading("Verdicts")
    confusion = numbers["confusion"]
    _draw_confusion(section, {of: counts for of, counts in confusion.items() if several or of != ALL})


def _show_across(section, across, caption):
    section.heading("Within and across")
    section.text(
        "AUC of the COVID-19 films of one source (row) against the other films of another (column). Where across is "
        "easier than within, the network tells the sources apart."
    )
    columns = sorted({other for row in across.values() for other in row})
    section.table(
        ("COVID-19 films of", *(f"against {column}" for column in columns)),
        [(source, *(wording.text(row.get(column)) for column in columns)) for source, row in across.items()],
        caption,
    )


def _table(section, numbers, caption):
    rows = [(ALL, numbers["all"]), *numbers["sources"].items()]
    rows = rows if len(rows) > 2 else rows[1:]  # one source is all of them
    section.table(
        ("source", "COVID-19 of films", "patients", "AUC", "average precision", "sensitivity", "specificity"),
        [
            (
                source,
                wording.count(figure),
                figure["patients"],
                *(wording.text(figure[name]) for name in ("auc", "average_precision", "sensitivity", "specificity")),
            )
            for source, figure in rows
        ],
        f"{caption} Called COVID-19 from score {numbers['threshold']:.3f}.",
    )


def _auc(ill, well):
    films = pd.concat([ill, well])
    return intervals.auc(
        (films["label"] == "covid").to_numpy(), films["score_covid"].to_numpy(), films["group"].to_numpy()
    )


def _confusion(films, labels, thresholds):
    verdicts = evaluate.verdicts(films, labels, thresholds)
    counts = {label: dict.fromkeys(VERDICTS, 0) for label in sorted(set(films["label"]))}
    for label, verdict in zip(films["label"], verdicts, strict=True):
        counts[label][verdict] += 1
    return counts


def _draw_confusion(section, confusion):
    labels = list(next(iter(confusion.values())))
    size = (1.2 + 1.9 * len(confusion), 2.9)
    figure, grid = page.subplots(1, len(confusion), size=size, squeeze=False, sharey=True)
    for axes, (source, counts) in zip(grid[0], confusion.items(), strict=True):
        table = [[counts[label][verdict] if label in counts else 0 for verdict in VERDICTS] for label in labels]
        shares = [[count / max(1, sum(row)) for count in row] for row in table]
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        for y, row in enumerate(table):
            for x, count in enumerate(row if sum(row) else ()):
                ink = "white" if shares[y][x] > 0.5 else "black"
                axes.text(x, y, f"{count}\n{shares[y][x]:.0%}", ha="center", va="center", color=ink, fontsize=8)
        axes.set_xticks(range(len(VERDICTS)), ["covid", "other\npneumonia", "no\nfinding"], fontsize=7)
        axes.set_yticks(range(len(labels)), labels)
        axes.set_title(source, fontsize=8)
        axes.grid(False)
    alt = "; ".join(
        f"{source}: " + ", ".join(f"{label} {list(row.values())}" for label, row in counts.items())
        for source, counts in confusion.items()
    )
    section.figure(
        figure,
        f"Confusion matrices, label against verdict. {alt}",
        "Test films: label (rows) and verdict; shares are of the row. A row without numbers: no such films.",
    )
