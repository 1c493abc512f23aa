"""The report, chapter by chapter, from the numbers alone; only the pictures of mistakes come from films."""

import numpy as np

from edge_app.model.card import Site
from edge_app.screening import phrasing
from edge_app.screening.phrasing import printable
from train.reporting.page import Fact, Page
from train.reporting.wording import between, text
from train.site_check import drawings, lists, local, own_chapter, wording
from train.site_check.wording import NAMES, VERDICTS


def page(numbers: dict, pictures: dict[str, np.ndarray]) -> Page:
    """Return the report of `numbers.measure` and what `command` adds to it.

    Args:
        numbers: as written to `report.json`.
        pictures: uint8 (H, W, 3) by path; empty unless pictures were asked for.
    """
    made, model, films = numbers["made"], numbers["model"], numbers["films"]
    report = Page(
        f"Site check of {model['name']}",
        f"What the model is worth on {wording.films(films['judged'])} of this site, beside what its card says. "
        "Research and triage aid, not a medical device.",
        f"Made {made['date']} by covid-xray-edge {made['program']}, commit {made['commit'][:12]}",
    )
    report.facts(_facts(numbers))
    _in_short(report, numbers)
    _about(report, numbers)
    _points(report, numbers)
    if numbers["roc"]:
        _roc(report, numbers)
    if numbers["calibration"]:
        _calibration(report, numbers)
    _threshold(report, numbers)
    _predictive(report, numbers)
    lists.mistakes(report, numbers, pictures)
    lists.problems(report, numbers)
    return report


def _facts(numbers) -> list[Fact]:
    point, films = numbers["points"][numbers["operating_point"]], numbers["films"]
    auc, ece, threshold = numbers["auc"], numbers["calibration"], numbers["threshold"]
    found = [
        _fact(name.capitalize(), point["local"][name], point["card"][name], point["compared"][name])
        for name in ("sensitivity", "specificity")
    ]
    found.append(_fact("AUC", auc["local"], auc["card"], auc["compared"]))
    if ece:
        found.append(Fact("Calibration error (ECE)", f"{ece['ece']['value']:.3f}", between(ece["ece"])))
    if threshold:
        found.append(
            Fact("Suggested threshold", f"{threshold['value']:.4f}", between(threshold, 4), note="recall of 0.95 here")
        )
    note = f"{films['covid']} COVID-19, {films['others']} other; {wording.patients(films['patients'])}"
    return [*found, Fact("Films judged", f"{films['judged']} of {films['rows']}", note=note)]


def _fact(name, here, card, compared) -> Fact:
    if here is None:
        return Fact(name, "not known", note=f"card: {text(card)}")
    met = {"lower": False, "higher": True}.get(compared)
    if met is not None:
        return Fact(name, f"{here['value']:.3f}", between(here), f"the card's {text(card)}", met)
    return Fact(name, f"{here['value']:.3f}", between(here), note=f"card: {text(card)}" if card else "")


def _in_short(report: Page, numbers) -> None:
    section = report.section("In short", *wording.in_short(numbers))
    if site := numbers["site"]:
        section.note(
            f"These films were judged by the calibration of site '{printable(site['name'])}': what stands here as the "
            "card's is what that file says."
        )
    for sentence in wording.too_few(numbers):
        section.note(sentence)
    if sentence := wording.without_verdict(numbers):
        section.note(sentence)
    section.text(
        "The figures hold for patients such as these, filmed as these were. They are as good as the labels, and as the "
        "choice of films: films that were picked because the case was clear flatter a model.",
    )


def _about(report: Page, numbers) -> None:
    made, model, films = numbers["made"], numbers["model"], numbers["films"]
    section = report.section("What was checked")
    labels = ", ".join(f"{count} {label}" for label, count in films["labels"].items() if count)
    section.table(
        ("what", "is"),
        [
            ("model", f"`{model['name']}`, file `{printable(model['file'])}`"),
            ("sha256 of the file", f"`{model['sha256']}`"),
            ("preprocessing contract", f"version {model['contract']}, {model['size']} x {model['size']} pixels"),
            ("operating point", f"`{numbers['operating_point']}`"),
            ("calibration", phrasing.of_site(Site(**numbers["site"])) if numbers["site"] else "none: the model's own"),
            ("made", f"on {made['date']}, with {made['runtime']} on {made['versions']['machine']}"),
            ("films", f"`{printable(made['folder'])}`, labels in `{printable(made['labels'])}`"),
            ("judged", f"in all {films['judged']} of {films['rows']}: {labels or 'none'}"),
            ("patients", f"with COVID-19 {films['covid_patients']}, other {films['other_patients']}"),
            ("time", f"took {made['seconds']:.0f} s; {made['remembered']} of the scores are of an earlier run"),
        ],
    )
    section.text(
        "The films went through the reader, the lung finder, the model and the rules of the edge program, as "
        "they would on the device. Another runtime or processor may move a score by one or two steps of 1/256.",
        "All intervals are 95 %. Those of shares are exact (Clopper-Pearson) where each patient has one film or there "
        "are few patients; all others are from 1000 samples of patients drawn with replacement.",
    )
    if not made["patients_named"]:
        section.note(
            "The table of labels has no column `patient`, so every film counts as a patient of its own. If patients "
            "have several films here, all intervals are too narrow: add the column."
        )
    section.heading("What this report holds")
    section.text(
        "File names, labels, scores and verdicts, and numbers in place of patients. If your file names hold names or "
        "dates of birth, so does the list of mistakes below. `results.csv` beside it repeats the patients of your "
        "table of labels; `report.json` does not. "
        + (
            "**It shows pictures of patients' films**, since `--pictures` was given: treat it as you treat the films."
            if made["pictures"]
            else "There are no pictures of films in it (`--pictures` adds some)."
        )
    )


def _points(report: Page, numbers) -> None:
    section = report.section(
        "Sensitivity and specificity",
        "At each of the rules by which the edge can judge. With `refer` an unsure patient counts as not missed and "
        "another unsure person as not cleared; what is suspected outright stands below. `not told apart` means that "
        "the two intervals meet, not that the two figures are the same.",
        _enough(numbers["few"]),
    )
    rows = []
    for rule, point in numbers["points"].items():
        low, high = point["limits"]
        limits = f"from {high:.3f}" if low == high else f"unsure from {low:.3f}, suspected from {high:.3f}"
        for at, (name, verdict) in enumerate(point["compared"].items()):
            figures = text(point["local"][name]), text(point["card"].get(name))
            rows.append((rule if at == 0 else "", limits if at == 0 else "", NAMES[name], *figures, VERDICTS[verdict]))
    section.table(("rule", "score", "figure", "these films", "by its card", "here it is"), rows)
    section.heading("Verdicts by label")
    words = list(next(iter(numbers["verdicts"].values()), {}))
    section.table(
        ("label", *words),
        [(label, *(str(counts[word]) for word in words)) for label, counts in numbers["verdicts"].items()],
        f"Films, at rule {numbers['operating_point']}.",
    )


def _roc(report: Page, numbers) -> None:
    auc = numbers["auc"]
    card = f"; the card says {text(auc['card'])}" if auc["card"] else ""
    section = report.section(
        "ROC",
        f"The area under the curve (AUC) is the chance that a COVID-19 film scores above another one: "
        f"**{text(auc['local'])}** here{card}. It does not depend on a threshold: if it is high where sensitivity or "
        "specificity is low, the scores still tell the films apart and the threshold is what does not fit.",
    )
    figure = drawings.roc(numbers["roc"], numbers["points"], numbers["threshold"])
    section.figure(figure, f"ROC curve of these films, AUC {text(auc['local'])}, with the operating points")


def _calibration(report: Page, numbers) -> None:
    as_is, fitted = numbers["calibration"], numbers["recalibration"]
    after = fitted and fitted["after"]
    section = report.section(
        "Calibration",
        "Whether a COVID-19 score of 0.8 means that eight films in ten are COVID-19 here. The expected calibration "
        "error (ECE) is the mean distance between score and share, the Brier score the mean squared distance of score "
        "and truth; smaller is better. Both depend on the share of COVID-19 among these films.",
    )
    parts = {"scores as they are": as_is} | ({"recalibrated here": after} if after else {})
    section.table(
        ("scores", "ECE", "ECE, adaptive", "Brier"),
        [(name, *(text(part[kind]) for kind in ("ece", "ece_adaptive", "brier"))) for name, part in parts.items()],
        "In 15 bins of equal width, adaptive in 15 bins of equally many films.",
    )
    alt = "Reliability diagram. " + "; ".join(f"{name}: ECE {text(part['ece'])}" for name, part in parts.items())
    section.figure(drawings.reliability(parts), alt, "On the dotted line scores are shares.")
    if fitted is None:
        section.note("No recalibration: it needs COVID-19 films and others.")
        return
    if any(part["too_few"] for part in numbers["few"].values()):
        section.note("Too few patients to recalibrate by: the numbers below fit these films and no others.")
    temperature, intercept = fitted["temperature"], fitted["intercept"]
    section.text(
        f"The recalibration that fits these films best is sigmoid(logit(score) / **{temperature['value']:.3f}** + "
        f"**{intercept['value']:.3f}**): temperature {text(temperature)}, intercept {text(intercept)}. A temperature "
        "above 1 says that scores are too sure of themselves here, an intercept above 0 that they are too low. It is "
        "for reading scores as chances; verdicts do not use it, and the order of the films stays."
        + (" Its row above is of films that did not choose it: ten folds by patient." if after else "")
    )


def _threshold(report: Page, numbers) -> None:
    found = numbers["threshold"]
    section = report.section("A threshold of this site's own")
    if found is None:
        section.note("Not known: no COVID-19 film was judged.")
        return
    section.text(
        f"**{found['value']:.4f}** ({between(found, 4)}) is the highest threshold on the COVID-19 score that finds "
        f"{found['recall']:.0%} of the COVID-19 films here. The films that chose it flatter it, so the row below it is "
        "what to expect of films to come: every film is judged by a threshold that other patients' films chose (ten "
        "folds by patient). The interval of the threshold is from 1000 samples of patients; those of the figures take "
        "the threshold as given."
    )
    if numbers["films"]["covid_patients"] < local.LEAST_PATIENTS:
        section.note(
            f"With fewer than {local.LEAST_PATIENTS} COVID-19 patients the threshold may have to be lower than the "
            "lower end of its interval: patients who score lower than all of these may be as many as 1 in 20."
        )
    cleared = found["apparent"]["specificity"]
    if cleared and cleared["value"] == 0:
        section.note(
            "It is of no use, for it clears nobody: more than 1 COVID-19 film in 20 scores no higher than the lowest "
            "of the others."
        )
    rows = [("on the films that chose it", found["apparent"]), ("on films that did not", found["crossfit"])]
    section.table(
        ("suggested threshold", "sensitivity", "specificity"),
        [(name, *(text(part and part[kind]) for kind in ("sensitivity", "specificity"))) for name, part in rows],
    )
    own_chapter.write(section, numbers)


def _predictive(report: Page, numbers) -> None:
    found = numbers["predictive"]
    section = report.section(
        "How often a verdict is right",
        f"PPV is the share of `covid suspected` that have it, NPV the share of those neither suspected nor unsure that "
        f"do not, at rule `{numbers['operating_point']}`. The first row is of these films, and tells of your patients "
        "only if they were filmed one after another and none was left out.",
    )
    names = {"local": "these films", "stated": "stated with `--prevalence`"}
    section.table(
        ("where", "share of COVID-19", "PPV", "NPV"),
        [
            (names[where], _share(part["prevalence"]), text(part["ppv"]), text(part["npv"]))
            for where, part in found.items()
        ],
    )
    if "stated" in found:
        section.text(
            "The intervals of the second row join both ends of sensitivity and specificity, and so are wider than 95 %."
        )
    else:
        section.text("For another share of COVID-19, run the command again with `--prevalence SHARE`: it is quick now.")


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _enough(few: dict) -> str:
    ill, others = few["covid"], few["others"]
    return (
        f"For an interval of +- 5 points, sensitivity near the card's takes {ill['needed_as_on_card']} COVID-19 films "
        f"of as many patients and specificity {others['needed_as_on_card']} others; a share of one half would take "
        f"{ill['needed_at_most']}."
    )
