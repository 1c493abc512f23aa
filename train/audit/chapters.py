"""The report, chapter by chapter, made from the numbers alone; only the picture sheets also need films."""

import json

from train.audit import (
    appearance,
    blackout,
    controls,
    detectors_left_out,
    facts,
    groups,
    leave_one_source_out,
    localised,
    mistakes,
    other_sources,
    source_probe,
    sources,
    stability,
)
from train.evaluation import calibration, intervals
from train.films import pixels
from train.reporting import wording
from train.reporting.page import Page

# Scores run again may differ by the last digits of scores.csv and of another processor, not by more.
SAME_SCORE = 0.005


def page(numbers: dict, run, seen_films) -> Page:
    """Return the report of what `numbers.measure` found, with films of `seen_films` in the sheet of mistakes."""
    name, within = run.folder.name, numbers["within"]
    report = Page(
        f"Audit of the run {name}",
        "What the network knows of COVID-19 on chest radiographs, and what of it hospitals could have told it. "
        "Research and triage aid, not a medical device.",
        f"{numbers['run']}, commit {numbers['commit']}, index {numbers['index_sha256'][:12]}",
    )
    report.facts(facts.of(numbers))
    _about(report, numbers)
    _operating_points(report, numbers["operating_points"])
    appearance.show(report, numbers["appearance"], _missing(run, "crossfit"))
    detectors_left_out.show(report, numbers["detectors"], _command(run))
    other_sources.show(report, numbers["other_sources"] or {})
    only = len(numbers["sources"]) == 1 and bool(numbers["other_sources"])
    leave_one_source_out.show(report, numbers["without"], _missing(run, "without"), only)
    localised.show(report, numbers["localisation"], run, seen_films)
    sources.show(report, numbers["test"], numbers["crossfit"], within, _missing(run, "crossfit"))
    section = report.section(
        "Controls",
        "A network that reads lungs fails without them; and what a border, a histogram or a thumbnail can tell, no "
        "network should be praised for.",
    )
    blackout.show(section, numbers["blackout"], within, blackout.sees_only_lungs(numbers["config"]))
    own = {"test": numbers["test"]["all"]["auc"], "within": _within(numbers)}
    controls.show(section, numbers["controls"], own, within)
    source_probe.show(section, numbers["source_classifier"])
    groups.show(report, numbers["groups"])
    calibration.show(report, numbers["calibration"])
    stability.show(report, numbers["stability"])
    mistakes.show(report, numbers["mistakes"], run, seen_films)
    return report


def _within(numbers):
    """Return the AUC within the honest source: out of fold if there is a cross-fit."""
    for part in ("crossfit", "test"):
        if numbers[part] and (figure := numbers[part]["sources"].get(numbers["within"])):
            return figure["auc"]
    return None


def _command(run):
    return f"python -m train crossfit {run.folder}"


def _missing(run, name):
    """Say that a table of the cross-fit is missing, how much of it is done, and how to go on."""
    said = wording.missing(run.folder / f"{name}.csv", _command(run))
    part = {"crossfit": "fold", "without": "source"}[name]
    begun = sorted((run.folder / "crossfit").glob(f"{part}-*/run.json"))
    done = sum("metrics" in json.loads(path.read_text()) for path in begun)
    return f"{said} Of its trainings {done} are finished; it goes on where it was stopped." if begun else said


def _about(report, numbers):
    config, test = numbers["config"], numbers["test"]
    section = report.section(
        "What was audited",
        f"`{config['model']}` at {config['size']} x {config['size']} pixels with the labels "
        f"{', '.join(config['labels'])}, in `{numbers['run']}`, which learnt from {', '.join(numbers['sources'])}; "
        f"{numbers['films']} films. The {test['all']['n']} test films are those of the sources it learnt from, of "
        "patients the network never saw; other sources have a chapter of their own. Its threshold for COVID-19 by rule "
        f"`sensitive`, chosen on validation films, is {test['threshold']:.3f}. A film of indeterminate appearance is "
        "neither a case nor a control; a film with a finding that is not pneumonia is a control, but not healthy.",
        "Networks for this disease have told hospitals apart instead of lungs (DeGrave et al. 2021, "
        "doi:10.1038/s42256-021-00338-7); blacking the lungs out cost them little (Maguolo & Nanni 2021, "
        "doi:10.1016/j.inffus.2021.04.008); of 62 models reviewed none was fit for a clinic (Roberts et al. 2021, "
        "doi:10.1038/s42256-021-00307-0). So each figure here stands beside its control.",
        f"All intervals are 95 %, from {intervals.DRAWS} samples of patients drawn with replacement. An AUC of "
        "1.000 without a width says that the few films at hand are in the right order, not that others will be.",
    )
    if numbers["lungs_found"] is None:
        section.note(
            f"Not measured: the controls that black out the lungs, or all but the lungs. The network that finds them, "
            f"`{pixels.LUNGS}`, is missing; make it with `make lungs`."
        )
    else:
        section.text(
            f"The lung-field network finds lungs on {numbers['lungs_found']} of the {numbers['films']} films; where "
            "lungs are blacked out below, the others stay whole."
        )
    if numbers["largest_difference"] > SAME_SCORE:
        section.note(
            f"The network, run again, gives scores that differ from `scores.csv` by up to "
            f"{numbers['largest_difference']:.3f}: films, index or preprocessing are not those it was measured with."
        )


def _operating_points(report, points):
    section = report.section(
        "Operating points",
        "The rules by which a score becomes a verdict, chosen on validation films and measured on test films of the "
        "sources and labels the network was trained on (exact intervals over films). Of `refer`, scores between its "
        "two thresholds are unsure: an unsure patient counts as not missed, another unsure person as not cleared. The "
        "chapters on appearance and on what was left out use `refer`, all others `sensitive`.",
    )
    if points is None:
        section.note("Not measured: `run.json` holds none; run `python -m train evaluate` on the run.")
        return
    section.table(
        ("rule", "label", "threshold", "sensitivity", "specificity", "unsure"),
        [
            (
                rule,
                label,
                f"{point['threshold']:.3f}" if "threshold" in point else f"{point['low']:.3f} and {point['high']:.3f}",
                *(wording.text(point.get(name)) for name in ("sensitivity", "specificity", "referred")),
            )
            for rule, labels in points.items()
            for label, point in labels.items()
        ],
    )
