"""The report's lists of films: mistakes, and what got no verdict."""

import numpy as np

from edge_app.screening.phrasing import printable
from train.reporting.page import Page, Section
from train.site_check import wording
from train.site_check.labels import SPELLINGS
from train.site_check.wording import REASONS

# A report of more rows is no longer read; all of them are in results.csv.
MOST_ROWS = 200


def mistakes(report: Page, numbers: dict, pictures: dict[str, np.ndarray]) -> None:
    """Write the chapter of wrong verdicts; `pictures` by path, uint8 (H, W, 3), may be empty."""
    found = numbers["mistakes"]
    section = report.section("Mistakes", f"At rule `{numbers['operating_point']}`; unsure films are not among them.")
    if count := found["patients_missed_on_all_films"]:
        section.text(f"Of {wording.patients(count)} with COVID-19 no COVID-19 film at all was found.")
    for title, kind in (("Missed COVID-19 films", "missed"), ("False alarms", "false_alarms")):
        films = found[kind]
        section.heading(f"{title}: {len(films)}")
        if not films:
            section.text("None.")
            continue
        section.table(
            ("film", "patient", "label", "score", "verdict"),
            [
                (
                    printable(film["path"]),
                    f"no. {film['patient']}",
                    film["label"],
                    f"{film['score']:.3f}",
                    film["verdict"],
                )
                for film in films[:MOST_ROWS]
            ],
            _cut(films) + "Patients are numbered by their first film in the table of labels.",
        )
        _show_pictures(section, films, pictures)


def _show_pictures(section: Section, films, pictures) -> None:
    if pictures:
        section.text(
            "The worst, as the network saw them: red is what it took for COVID-19, blue what spoke against it."
        )
    for film in films:
        if film["path"] in pictures:
            caption = f"{printable(film['path'])}: {film['label']}, score {film['score']:.3f}"
            section.picture(pictures[film["path"]], f"Lungs and heat map of {caption}", caption)


def problems(report: Page, numbers: dict) -> None:
    """Write the chapter of films without a verdict: none is lost."""
    found = numbers["problems"]
    section = report.section("Films without a verdict")
    if not found:
        section.text("None: every film of the folder is in the table of labels and was judged.")
        return
    section.table(
        ("film", "why", "in full"),
        [
            (printable(problem["path"]) or "-", REASONS[problem["kind"]], printable(problem["error"]))
            for problem in found[:MOST_ROWS]
        ],
        _cut(found) + f"A label is one of {', '.join(SPELLINGS)}, or a spelling of it.",
    )


def _cut(rows) -> str:
    return f"The first {MOST_ROWS} of {len(rows)}; all are in results.csv. " if len(rows) > MOST_ROWS else ""
