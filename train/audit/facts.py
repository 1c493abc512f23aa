"""The figures on top of the report, each with what it is held against: what a release must show."""

from train.audit import ablations, appearance, blackout, groups, other_sources, source_probe
from train.evaluation import answers
from train.evaluation.hospitals import LEAST_FILMS
from train.reporting import wording
from train.reporting.page import Fact

# Aims. Discrimination: published networks that were trained on more than 15,000 films have 0.79 to 0.84 outside the
# hospitals that they know; a logistic regression on frozen ImageNet features reaches 0.86 on SIIM's unseen patients.
LEAST_TYPICAL, LEAST_ANY, LEAST_DETECTORS = 0.88, 0.85, 0.85
# Of sources left out, whose labels are a laboratory's and not the film's.
LEAST_COVID_SOURCE, LEAST_NIH = 0.75, 0.75
# What a clinic would see: few of its sick missed, most of its healthy cleared, few of them alarmed, not everybody
# referred. SIIM's negatives are patients in whom COVID-19 was suspected, so less is asked.
LEAST_KEPT, LEAST_CLEARED, MOST_CALLED, MOST_UNSURE = 0.95, 0.60, 0.05, 0.40
LEAST_NEGATIVES_CLEARED, MOST_NEGATIVES_CALLED = 0.42, 0.10
# Where it looks: the best place that is the same for everybody has 0.675.
LEAST_IN_BOX, MOST_ALIKE = 0.80, 0.70
# Without lungs nothing of the disease is left to see; 0.5 is chance.
MOST_WITHOUT_LUNGS, MOST_ECE = 0.60, 0.05
COVID_SOURCE, NIH = "covid-chestxray-dataset", "nih-chest-xrays"


def of(numbers: dict) -> list[Fact]:
    """Return the figures on top of the report; `numbers` as of `train.audit.numbers.measure`."""
    return [
        *_discrimination(numbers),
        *_detectors(numbers["detectors"]),
        *_elsewhere(numbers["other_sources"] or {}),
        *_localisation(numbers["localisation"]),
        _without_lungs(numbers),
        *_source(numbers["source_classifier"]),
        *_calibration(numbers["other_sources"] or {}),
    ]


def table(numbers: dict) -> str:
    """Return the facts as a table in Markdown, which the model card repeats; `numbers` as of `of`."""
    rows = ["| question | aim | found | how |", "| --- | --- | --- | --- |"]
    for fact in of(numbers):
        found = f"{fact.value} ({fact.interval})" if fact.interval else fact.value
        if fact.met is False:
            found = f"**{found}, missed**"
        rows.append(f"| {fact.name} | {fact.target} | {found} | {fact.note} |")
    return "\n".join(rows)


def _discrimination(numbers):
    known = numbers["appearance"] or {"auc": {}, "out_of_fold": None}
    for question, least in ((appearance.TYPICAL_NEGATIVE, LEAST_TYPICAL), (appearance.ANY_NEGATIVE, LEAST_ANY)):
        folds = known["out_of_fold"] and known["out_of_fold"][question]
        note = "test films" + (f"; out of fold {wording.text(folds)}" if folds else "")
        yield _least(f"AUC, {question}", known["auc"].get(question), least, note)


def _detectors(found):
    mean, count = found["mean"], len(found["detectors"])
    note = (
        f"mean of {count} left out, each by a training without it" if count else "no training without one is finished"
    )
    note += f"; {len(found['missing'])} missing" if count and found["missing"] else ""
    yield _least("AUC, detector left out", mean["auc"], LEAST_DETECTORS, note)
    by_rule = f"default rule, {note}"
    yield _least("Typical films suspected or unsure", mean["typical_kept"], LEAST_KEPT, by_rule)
    yield _least("Negative films cleared", mean["negative_cleared"], LEAST_NEGATIVES_CLEARED, by_rule)
    yield _most("Negative films called COVID-19", mean["negative_covid"], MOST_NEGATIVES_CALLED, by_rule)
    yield _most("Unsure, detector left out", mean["unsure"], MOST_UNSURE, by_rule)


def _elsewhere(found):
    """Return the facts of sources that the run never learnt from; of verdicts the worst source counts."""
    questions = (
        (COVID_SOURCE, other_sources.COVID_REST, LEAST_COVID_SOURCE),
        (NIH, other_sources.PNEUMONIA_NORMAL, LEAST_NIH),
    )
    for source, question, least in questions:
        by_view = {view: one["auc"][question] for view, one in found.get(source, {"views": {}})["views"].items()}
        figures = by_view.pop(other_sources.ALL_VIEWS, None)
        within = "".join(f"; {view} films alone {of['value']:.3f}" for view, of in by_view.items() if of)
        yield _least(f"AUC, {question}", figures, least, f"`{source}`, never learnt from{within}")
    for name, kind, answer, judge, aim in (
        # No aim: a laboratory's word, and of a film on which nothing is to be seen nothing can be suspected.
        ("COVID-19 suspected or unsure", "covid", answers.KEPT, _least, None),
        ("Healthy adults cleared", other_sources.ADULTS, answers.CLEARED, _least, LEAST_CLEARED),
        ("Healthy adults called COVID-19", other_sources.ADULTS, answers.COVID, _most, MOST_CALLED),
        ("Unsure of all films", other_sources.EVERY, answers.UNSURE, _most, MOST_UNSURE),
    ):
        shares = {
            source: one["views"][other_sources.ALL_VIEWS]["verdicts"].get(kind)
            for source, one in found.items()
            if source != groups.CHILDREN
        }
        enough = {source: of[answer] for source, of in shares.items() if of and of["n"] >= LEAST_FILMS}
        yield _worst(f"{name}, worst source", enough, judge, aim, ", default rule")


def _worst(name, by_source, judge, aim, how=""):
    """Return the fact of the source that does worst, with the others in its note.

    Args:
        name: of the fact.
        by_source: figures.
        judge: `_least`, or `_most` where more is worse.
        aim: what is held against it, or None.
        how: how it was measured.
    """
    in_order = sorted(by_source, key=lambda source: by_source[source]["value"], reverse=judge is _most)
    worst, *others = in_order or [None]
    rest = "; ".join(f"`{source}` {by_source[source]['value']:.3f}" for source in others)
    note = f"`{worst}`, never learnt from{how}" + (f"; {rest}" if rest else "") if worst else ""
    figure = by_source[worst] if worst else None
    return judge(name, figure, aim, note)


def _localisation(found):
    note = ""
    if found:
        note = f"{found['films']} suspected test films; a random place {found['random_place']:.3f}, the best fixed one "
        note += f"{found['best_fixed_place']:.3f}"
    yield _least("Hottest place in a radiologist's box", found and found["hottest_in_box"], LEAST_IN_BOX, note)
    alike = found and found["correlation"]
    shown = f"; of what is shown {wording.text(alike['shown'])}" if alike and alike["shown"] else ""
    maps = alike and alike["class maps"]
    yield _most("Correlation of two patients' maps", maps, MOST_ALIKE, f"median, class maps{shown}" if maps else "")


def _without_lungs(numbers):
    name = "AUC with the lungs blacked out"
    left = numbers["blackout"].get(ablations.LUNGS_OUT)
    note = f"COVID-19 against normal, test films of `{numbers['within']}`"
    if blackout.sees_only_lungs(numbers["config"]):
        note += "; nearly by construction, since it is shown little else"
    hull = numbers["blackout"].get(ablations.HULL_OUT)
    if hull and hull["typical"]["auc"]:
        note += f"; with all between the lungs blacked out too {wording.text(hull['typical']['auc'])}"
    return _most(name, left and left["typical"]["auc"], MOST_WITHOUT_LUNGS, note if left else "")


def _source(embeddings):
    """Return the fact that compares how well networks tell the source, one for each other that was given."""
    own = embeddings[source_probe.OWN].get("all")
    for name in embeddings.keys() - {source_probe.OWN, source_probe.IMAGENET}:
        other = embeddings[name].get("all")
        if own and other:
            yield Fact(
                "Source told from the embedding",
                f"{own['value']:.3f}",
                wording.between(own),
                f"below {other['value']:.3f}, that of {name}",
                own["high"] < other["value"],
                f"balanced accuracy on test films, chance {own['chance']:.2f}",
            )


def _calibration(found):
    after = {
        source: one["calibration"]["after"] for source, one in found.items() if one["calibration"]["after"] is not None
    }
    yield _worst("Calibration error (ECE) after one temperature, worst source", after, _most, MOST_ECE)


def _least(name, figure, aim, note):
    if aim is None:
        return _fact(name, figure, "", None, note)
    return _fact(name, figure, f"at least {aim:.2f}", figure and figure["value"] >= aim, note)


def _most(name, figure, aim, note):
    return _fact(name, figure, f"at most {aim:.2f}", figure and figure["value"] <= aim, note)


def _fact(name, figure, target, met, note) -> Fact:
    if figure is None:
        return Fact(name, "not measured", target=target, note=note)
    return Fact(
        name, f"{figure['value']:.3f}", wording.between(figure), target, None if met is None else bool(met), note
    )
