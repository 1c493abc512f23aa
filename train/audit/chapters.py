"""The report, chapter by chapter, made from the numbers alone; only the picture sheet also needs films."""

from train.audit import (
    ablations,
    blackout,
    controls,
    groups,
    leave_one_source_out,
    mistakes,
    source_probe,
    sources,
    stability,
)
from train.evaluation import calibration, intervals
from train.evaluation.operating_points import LEAST_RECALL
from train.films import pixels
from train.reporting import wording
from train.reporting.page import Fact, Page

# What the figures on top are held against. AUC: the honest external figures of large published networks, DeepCOVID-XR
# 0.90, Dorr et al. 2020 0.83, Henry Ford 0.77 to 0.83. Recall: what the threshold is chosen for. Specificity: one in
# ten called for nothing is what a clinic can still look at again.
# Lost without lungs: most of what the network has above chance should come from the lungs.
LEAST_AUC, LEAST_SPECIFICITY, LEAST_LOST, MOST_ECE = 0.80, 0.90, 0.5, 0.05
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
    report.facts(facts(numbers))
    _about(report, numbers)
    _operating_points(report, numbers["operating_points"])
    sources.show(report, numbers["test"], numbers["crossfit"], within, _missing(run, "crossfit"))
    leave_one_source_out.show(report, numbers["without"], _missing(run, "without"))
    section = report.section(
        "Controls",
        "A network that reads lungs fails without them; and what a border, a histogram or a thumbnail can tell, no "
        "network should be praised for.",
    )
    blackout.show(section, numbers["blackout"], within, _sees_only_lungs(numbers))
    own = {"test": numbers["test"]["all"]["auc"], "within": _within(numbers)[0]}
    controls.show(section, numbers["controls"], own, within)
    source_probe.show(section, numbers["source_classifier"])
    groups.show(report, numbers["groups"])
    calibration.show(report, numbers["calibration"])
    stability.show(report, numbers["stability"])
    mistakes.show(report, numbers["mistakes"], run, seen_films)
    return report


def facts(numbers: dict) -> list[Fact]:
    """Return the figures on top of the report."""
    test = numbers["test"]["all"]
    within, where = _within(numbers)
    left_out, without_lungs = numbers["without"], numbers["blackout"].get(ablations.LUNGS_OUT)
    ece = numbers["calibration"]["after"]["ece"]
    return [
        _fact(f"AUC within {numbers['within']}", within, LEAST_AUC, where),
        _fact("AUC, source left out, mean", left_out and left_out["macro"], LEAST_AUC, _covid_sources(left_out)),
        _fact("Recall of COVID-19", test["sensitivity"], LEAST_RECALL["covid"], "test films, at the operating point"),
        _fact("Specificity", test["specificity"], LEAST_SPECIFICITY, "test films, at the operating point"),
        _gap(test["auc"], without_lungs and without_lungs["all"], _sees_only_lungs(numbers)),
        *_source(numbers["source_classifier"]),
        Fact(
            "Calibration error (ECE)",
            f"{ece['value']:.3f}",
            wording.between(ece),
            f"at most {MOST_ECE:.2f}",
            ece["value"] <= MOST_ECE,
            "test films",
        ),
    ]


def _covid_sources(left_out):
    macro = left_out and left_out["macro_covid"]
    return f"over all sources; of those with COVID-19 {wording.text(macro)}" if macro else ""


def _sees_only_lungs(numbers):
    return numbers["config"].get("crop") == "lungs" and numbers["config"]["outside"] != "keep"


def _gap(auc, without_lungs, sees_only_lungs):
    name = "AUC lost without lungs"
    if not auc or not without_lungs:
        return Fact(name, "not measured")
    gap, least = without_lungs["gap"], LEAST_LOST * (auc["value"] - blackout.CHANCE)
    left = f"{without_lungs['auc']['value']:.3f} is left, test films with the lungs blacked out"
    left += "; nearly by construction, since it is shown little else" if sees_only_lungs else ""
    return _fact(name, gap, least, left)


def _source(embeddings):
    """Return the fact that compares how well runs tell the source, one for each other run that was given."""
    own = embeddings[source_probe.OWN]["all"]
    for name in embeddings.keys() - {source_probe.OWN, source_probe.IMAGENET}:
        other = embeddings[name]["all"]["value"]
        target = f"below {other:.3f}, that of {name}"
        yield Fact(
            "Source told from the embedding",
            f"{own['value']:.3f}",
            wording.between(own),
            target,
            own["high"] < other,
            f"balanced accuracy on test films, chance {own['chance']:.2f}",
        )


def _fact(name, figure, least, note):
    target = f"at least {least:.2f}" if least else ""
    if figure is None:
        return Fact(name, "not measured", target=target)
    met = figure["value"] >= least if least else None
    return Fact(name, f"{figure['value']:.3f}", wording.between(figure), target, met, note)


def _within(numbers):
    """Return the AUC within the honest source, and on which films: out of fold if there is a cross-fit."""
    for part, films in (("crossfit", "films, out of fold"), ("test", "test films")):
        if numbers[part] and (figure := numbers[part]["sources"].get(numbers["within"])):
            return figure["auc"], f"{figure['n']} {films}"
    return None, ""


def _missing(run, name):
    return wording.missing(run.folder / f"{name}.csv", f"python -m train crossfit {run.folder}")


def _about(report, numbers):
    config, test = numbers["config"], numbers["test"]
    section = report.section(
        "What was audited",
        f"`{config['model']}` at {config['size']} x {config['size']} pixels with the labels "
        f"{', '.join(config['labels'])}, in `{numbers['run']}`; {numbers['films']} films of {len(test['sources'])} "
        f"collections, of which the {test['all']['n']} test films are of patients the network never saw. Its threshold "
        f"for COVID-19, chosen on validation films, is {test['threshold']:.3f}.",
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
        "two thresholds are unsure: an unsure patient counts as not missed, another unsure person as not cleared. All "
        "other chapters use `sensitive`.",
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
