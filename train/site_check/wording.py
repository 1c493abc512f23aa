"""The figures in sentences that a clinic can act on."""

from train.reporting.wording import text
from train.site_check import few_patients
from train.site_check.labels import REFUSED, ROW, UNLISTED, UNREADABLE

NAMES = {
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "suspected_sensitivity": "sensitivity, suspected outright",
    "suspected_specificity": "specificity, suspected outright",
    "referred": "share unsure",
}
VERDICTS = {
    "lower": "lower than on the card",
    "higher": "higher than on the card",
    "overlap": "not told apart",
    "unknown": "-",
}
CLASSES = {"covid": "COVID-19", "others": "other"}
REASONS = {
    ROW: "row of the table at fault",
    UNLISTED: "not in the table of labels",
    UNREADABLE: "could not be read",
    REFUSED: "refused by the gate",
}

MISSES = {
    "lower": "The two intervals do not meet: **here it misses more patients than its card says.** Do not rely on it at "
    "this site as it is.",
    "higher": "The two intervals do not meet: here it misses fewer patients than its card says.",
    "overlap": "The two intervals meet: these films do not show that it misses more patients here, and do not rule out "
    "a sensitivity as low as {low:.3f}.",
    "unknown": "",
}
ALARMS = {
    "lower": "The two intervals do not meet: **here it raises more false alarms than its card says.**",
    "higher": "The two intervals do not meet: here it raises fewer false alarms than its card says.",
    "overlap": "The two intervals meet: these films do not show that it raises more false alarms here, and do not rule "
    "out a specificity as low as {low:.3f}.",
    "unknown": "",
}
# In place of the above where a class has too few patients: what they suggest, without a verdict.
FEW_ENDS = {
    "lower": "The two intervals do not meet, few as these patients are: check more films before anyone relies on it "
    "here.",
    "higher": "The two intervals do not meet, few as these patients are.",
}


def films(count: int) -> str:
    """Return `1 film` or `7 films`."""
    return f"{count} film{'s' * (count != 1)}"


def patients(count: int) -> str:
    """Return `1 patient` or `7 patients`."""
    return f"{count} patient{'s' * (count != 1)}"


def in_short(numbers: dict) -> list[str]:
    """Return what the films say of the model, the most important sentence first."""
    rule = numbers["operating_point"]
    point = numbers["points"][rule]
    here, card, compared = point["local"], point["card"], point["compared"]
    banded = "referred" in here
    found = "COVID-19 films" + " (an unsure one counts as found)" * banded
    cleared = "other films" + " (an unsure one counts as not cleared)" * banded
    few = numbers["few"]
    misses = MISSES | (FEW_ENDS if few["covid"]["too_few"] else {})
    alarms = ALARMS | (FEW_ENDS if few["others"]["too_few"] else {})
    return [
        _against("finds", found, here["sensitivity"], card["sensitivity"], misses[compared["sensitivity"]]),
        _against("clears", cleared, here["specificity"], card["specificity"], alarms[compared["specificity"]]),
    ]


def _against(does: str, which: str, here: dict | None, card: dict, end: str) -> str:
    if here is None:
        return (
            f"What share of the {which} the model {does} is not known: there is none here. Its card says {text(card)}."
        )
    end = end.format(**here)
    return f"The model {does} **{text(here)}** of the {which}; its card says {text(card)}. {end}"


def own_rule(own: dict) -> list[str]:
    """Return a sentence on each threshold that a calibration of these films holds, and on its temperature."""
    if own["lacking"]:
        return [f"No calibration can be made: {own['lacking']}."]
    found = []
    for label, finding in own["findings"].items():
        if not finding["moves"]:
            found.append(f"{label}: the model's own threshold, since too few patients of both kinds were filmed.")
        for edge, move in finding["moves"].items():
            name = f"{label}, {edge.replace('_', ' ')} a score"
            change = (
                f"{move['before']:.4f}, kept"
                if move["move"] == "kept"
                else (f"{move['before']:.4f}, {move['move']} to {move['value']:.4f}")
            )
            found.append(f"{name}: {change}; {move['why']}.")
        if figures := finding["figures"]:
            told = [f"{words} {text(figures[name])}" for name, words in NAMES.items() if name in figures]
            found.append(f"{label}, by films that did not choose them: {', '.join(told)}.")
    return [*found, f"temperature {own['temperature']['value']:.3f}: {own['temperature']['why']}"]


def too_few(numbers: dict) -> list[str]:
    """Return a sentence a class that has too few patients to decide anything."""
    return [
        f"Too few to decide anything: {part['patients']} {CLASSES[name]} patient{'s' * (part['patients'] != 1)}, where "
        f"figures of fewer than {few_patients.FEW} may look good or bad by chance; an interval of +- 5 points takes "
        f"{part['needed_as_on_card']} films, each of another patient, if the model does as its card says, and "
        f"{part['needed_at_most']} in any case."
        for name, part in numbers["few"].items()
        if part["too_few"]
    ]


def without_verdict(numbers: dict) -> str:
    """Return a sentence on the films that got no verdict, "" if all did."""
    counts = {kind: count for kind, count in numbers["films"]["without_verdict"].items() if count}
    if not counts:
        return ""
    listed = ", ".join(f"{count} {REASONS[kind]}" for kind, count in counts.items())
    refused = numbers["refused"]
    sentence = f"Without a verdict, and in no figure: {listed}."
    if refused["covid"]:
        sentence += (
            f" Of these, {films(refused['covid'])} of COVID-19 could not be judged; counted as missed, sensitivity "
            f"would be {refused['sensitivity_if_missed']:.3f}."
        )
    return sentence
