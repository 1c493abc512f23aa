"""The report of a table, in one HTML file: what became of the films, by folder, month and machine, and what drifts."""

import csv
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np

from edge_app import __version__
from edge_app.errors import WrongUsage
from edge_app.screening import decision
from edge_app.screening.phrasing import printable
from train.archive import drawings, figures
from train.archive.figures import FAILED, OUTCOMES, Figures
from train.archive.storage import Store
from train.evaluation import calibration
from train.index import label_table
from train.reporting.page import Fact, Page, Section
from train.reporting.wording import between, text
from train.site_check.drawings import reliability

# Groups in a table, the largest first. Where there are more folders, they are patients or days rather than sites.
MOST_GROUPS = 40
# Months of fewer films say little of drift: the interval of a share of 5 % is then wider than 1 to 14 %.
FEW = 50
MOST_REASONS = 12
SPELLED = {word: label for label, words in label_table.SPELLINGS.items() for word in words}


def write(store: Store, key: str, context: Mapping, path: Path, labels: Mapping[str, bool] | None) -> None:
    """Write the report.

    Args:
        store, key: of the table.
        context: of `RunContext.row`.
        path: of the report.
        labels: of `read_labels`; None if there are none.

    Raises:
        WrongUsage: there is nothing to report, or the report cannot be written.
    """
    found = figures.measure(store, key, labels or {})
    try:
        page(found, context, labels is not None).write(path)
    except OSError as error:
        raise WrongUsage(f"--report: '{path}' cannot be written ({error.strerror}); name a file of yours.") from error


def read_labels(path: Path, sources: Sequence[str]) -> dict[str, bool]:
    """Return whether a film is COVID-19 by its path; indeterminate films are left out.

    Args:
        path: CSV file with columns `path` and `label`; paths as the table has them, or relative to a source.
        sources: of this run.

    Raises:
        WrongUsage: the table cannot be read, or a label is not known.
    """
    found: dict[str, bool] = {}
    tops = [source.rstrip("/") if "://" in source else os.path.abspath(source) for source in sources]  # noqa: PTH100
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            if not {"path", "label"} <= set(rows.fieldnames or ()):
                raise WrongUsage(f"--labels: '{path}' needs the columns path and label; add them.")
            for row in rows:
                label = SPELLED.get((row["label"] or "").strip().lower())
                if label is None:
                    raise WrongUsage(
                        f"--labels: '{path}', line {rows.line_num}: label is {row['label']!r}; allowed are "
                        f"{label_table.ALLOWED}; correct it."
                    )
                if label != label_table.INDETERMINATE:
                    for name in (row["path"], *(f"{source}/{row['path']}" for source in tops)):
                        found[name] = label == "covid"
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise WrongUsage(f"--labels: '{path}' cannot be read ({error}); name a CSV file in UTF-8.") from error
    return found


def page(found: Figures, context: Mapping, labelled: bool) -> Page:
    """Return the report of what was counted."""
    model, point, outcomes = context["model"], context["operating_point"]["name"], found.outcomes
    report = Page(
        "Archive report",
        f"What {model['name']} says of {outcomes.total():,} films, at the operating point '{point}'. "
        f"{context['notice']}",
        f"Made {datetime.now().astimezone().isoformat(timespec='seconds')} by covid-xray-edge {__version__}, model "
        f"{model['sha256'][:12]}",
    )
    report.facts(
        [
            Fact("Films", f"{outcomes.total():,}"),
            *(_fact(name, outcomes) for name in (decision.COVID, decision.PNEUMONIA, decision.REFUSED, FAILED)),
        ]
    )
    _groups(report.section("By folder", "The first folder below the source: a site, as a rule."), found, "folder")
    _months(report, found)
    section = report.section("By machine", "Manufacturer and model as DICOM headers tell them; pictures tell none.")
    _groups(section, found, "machine")
    _without_verdict(report, found)
    if labelled:
        _calibration(report, found)
    return report


def _fact(name: str, outcomes: Counter) -> Fact:
    value, low, high = figures.share(outcomes[name], outcomes.total())
    return Fact(name.capitalize(), f"{outcomes[name]:,}", f"{value:.1%} ({low:.1%} to {high:.1%})")


def _groups(section: Section, found: Figures, kind: str) -> None:
    groups = sorted(found.groups[kind].items(), key=lambda one: (-one[1].total(), one[0]))
    if len(groups) > MOST_GROUPS:
        section.note(f"There are {len(groups):,}; the {MOST_GROUPS} with most films are shown.")
    section.table(("", "films", *OUTCOMES), [_row(*group) for group in groups[:MOST_GROUPS]])


def _row(name: str, outcomes: Counter) -> list[str]:
    films = outcomes.total()
    shares = [f"{outcomes[one]:,} ({outcomes[one] / films:.0%})" if outcomes[one] else "-" for one in OUTCOMES]
    return [printable(name), f"{films:,}", *shares]


def _months(report: Page, found: Figures) -> None:
    section = report.section("By month", "The month in which a film was taken, as its DICOM header tells.")
    months, groups = found.months, found.groups["month"]
    undated = groups.get(figures.UNKNOWN, Counter()).total()
    if undated:
        section.note(f"{undated:,} films tell no date, pictures among them; they are in no month.")
    if not months:
        section.text("No film tells when it was taken, so nothing can be said of drift.")
        return
    section.figure(drawings.outcomes(found), f"Shares of the outcomes, {months[0]} to {months[-1]}; numbers are below.")
    section.figure(
        drawings.drift(found),
        f"Scores, refused films and films not read, {months[0]} to {months[-1]}; numbers are in the tables.",
        "A step in scores or refusals is a change of the patients, of a machine or of the export: look which.",
    )
    if few := sum(groups[month].total() < FEW for month in months):
        section.note(f"{few} of {len(months)} months have fewer than {FEW} films, which say little of drift.")
    section.table(("month", "films", *OUTCOMES), [_row(month, groups[month]) for month in months])
    rows = [
        (month, f"{found.scores[month].sum():,}", *_quartiles(found, month))
        for month in months
        if month in found.scores
    ]
    section.table(("month", "judged", "lower quartile", "median", "upper quartile"), rows, "Score of COVID-19.")


def _quartiles(found: Figures, month: str) -> list[str]:
    return [f"{value:.3f}" for value in figures.quartiles(found.scores[month])]


def _without_verdict(report: Page, found: Figures) -> None:
    if not found.refusals and not found.reasons:
        return
    section = report.section("Without a verdict")
    if found.refusals:
        rows = [(kind, f"{count:,}") for kind, count in found.refusals.most_common()]
        section.table(("refused as", "films"), rows)
    if found.reasons:
        rows = [(printable(why), f"{count:,}") for why, count in found.reasons.most_common(MOST_REASONS)]
        section.table(("not read, since it", "films"), rows, "The table of failed films names each.")


def _calibration(report: Page, found: Figures) -> None:
    section = report.section(
        "Calibration",
        "Whether a COVID-19 score of 0.8 means that eight films in ten are COVID-19 here: the expected calibration "
        "error is the mean distance between the two. It depends on the share of COVID-19 among the films with a label.",
    )
    scores = np.array([score for score, _ in found.labelled])
    positive = np.array([ill for _, ill in found.labelled], bool)
    if not positive.any() or positive.all():
        section.note(
            f"Not measured: {len(positive):,} judged films have a label, {positive.sum():,} of them of COVID-19; both "
            "kinds are needed."
        )
        return
    measured = calibration.figures(scores, positive, np.arange(len(scores)))
    section.table(
        ("films", "of COVID-19", "ECE", "Brier score"),
        [(f"{len(scores):,}", f"{positive.sum():,}", text(measured["ece"]), text(measured["brier"]))],
        "Each film counts as a patient of its own.",
    )
    section.figure(
        reliability({"scores": measured}),
        f"Reliability diagram; expected calibration error {between(measured['ece'])}.",
        "On the dotted line scores are shares.",
    )
