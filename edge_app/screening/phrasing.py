"""The words that every command, page and report uses for figures and names."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from edge_app.screening import decision, finding

if TYPE_CHECKING:  # heavy: a run has its words before the children are forked that decode films
    from edge_app.screening.heat import Heat

# Of `finding.LABELS`.
NAMES = {"covid": "COVID-19", "pneumonia": "other pneumonia"}
NOT_A_DIAGNOSIS = "Research and triage aid, not a diagnosis."
# Below this share most of the heat lies outside the lungs, and so does what the verdict rests on.
LEAST_INSIDE = 0.5
OUTSIDE = "Most of the heat lies outside the lungs: do not trust this reading."
ASIDE = "Most of the heat lies outside the lungs; this verdict does not rest on it."
# On a film without COVID-19 its map is almost empty, and the little that is left may lie anywhere: a warning on most
# healthy films would teach people to ignore it. The verdict of another pneumonia rests on the map of pneumonia alone.
RESTING = (decision.COVID, decision.UNSURE)


def named(label: str) -> str:
    """Return the name of a label: "COVID-19", "other pneumonia"; of any other the label itself."""
    return NAMES.get(label, label)


def describe(point) -> str:
    """Return in words the thresholds of a `card.OperatingPoint`, what they gave, and on which films."""
    where, told = measured_on(point), {name: _told(point, name) for name in point.shown}
    if point.unsure_from is None:
        return (
            f"suspected from score {point.threshold:.3f}; {where}, sensitivity {told['sensitivity']}, "
            f"specificity {told['specificity']}"
        )
    return (
        f"unsure from score {point.unsure_from:.3f}, suspected from {point.threshold:.3f}; {where}, "
        f"{told['sensitivity']} of the sick suspected or unsure, {told['specificity']} of the others neither, "
        f"{told['referred']} of all unsure"
    )


def of_site(site) -> str:
    """Return in words whose own thresholds and figures hold: `site` is that of the card."""
    return (
        f"thresholds and figures of site '{site.name}': {site.films}, {site.made[:10]}, sha256 {site.sha256[:12]}, "
        f"signed by {printable(site.signer)}"
    )


def measured_on(point) -> str:
    """Return in words what the figures of a `card.OperatingPoint` were measured on."""
    if point.left_out is None:
        return f"on {point.films}"
    count = len(point.left_out.hospitals)
    return f"on {point.left_out.films} films of {count} hospital{'s' * (count != 1)} that it was not trained on"


def _told(point, name: str) -> str:
    """Return a figure in words, with the hospital left out for which it was lowest."""
    words = share(point.shown[name])
    if point.left_out is None or name not in ("sensitivity", "specificity"):
        return words
    worst = point.left_out.worst(name)
    return f"{words[:-1]}; worst hospital {worst.figures[name]['value']:.2f})"


def worth(label: str, answers: Mapping[str, dict | None], prevalence: float) -> str:
    """Return in words how often each answer to a finding is right: `answers` are of `RunContext.worth`."""
    told = [_right(answer, answers[answer]) for answer in finding.ANSWERS if answer in answers]
    return f"{label}: at prevalence {prevalence:g}, {', '.join(told)}"


def right(answer: str, figure: dict | None, prevalence: float) -> str:
    """Return in words how often one answer to a finding is right: `figure` is of `RunContext.worth`."""
    return f"at prevalence {prevalence:g}, {_right(answer, figure)}"


def _right(answer: str, figure: dict | None) -> str:
    name, have = {
        finding.SUSPECTED: (" (PPV)", "have it"),
        finding.UNSURE: ("", "have it"),
        finding.CLEARED: (" (NPV)", "do not have it"),
    }[answer]
    return f"{share(figure, 3) if figure else 'an unknown share'} of those {answer} {have}{name}"


def limits(found) -> str:
    """Return in words the thresholds of a `finding.Finding`."""
    unsure = "" if found.unsure_from is None else f"unsure from {found.unsure_from:.3f}, "
    return f"{unsure}suspected from {found.suspected_from:.3f}"


def offer(corrected: Mapping) -> str:
    """Return in words what a refused film reads put right: `corrected` is of its row."""
    return f"{corrected['change']}, it reads: {corrected['verdict']} ({findings(corrected['findings'])})"


def findings(row: Mapping[str, Mapping]) -> str:
    """Return the findings of a row in words, such as "COVID-19 unsure (0.102), other pneumonia suspected (0.950)"."""
    return ", ".join(f"{NAMES[label]} {one['answer']} ({one['score']:.3f})" for label, one in row.items())


def outcome(row) -> str:
    """Return a few words on the outcome of a film: its verdict, the kind of its refusal, or that it was not read."""
    if row["error"]:
        return "could not be read"
    return f"{decision.REFUSED}: {row['refusal']['kind']}" if row["refusal"] else row["verdict"]


def heat_warning(row: Mapping) -> str | None:
    """Return the warning that most of a row's heat lies outside the lungs, if it does: `OUTSIDE` or `ASIDE`."""
    lungs = row["lungs"] or {}
    inside = lungs.get("heat_inside")
    if inside is None or inside >= LEAST_INSIDE:
        return None
    # Rows of older programs do not say whose heat it is: it was that of COVID-19.
    of_pneumonia = row["verdict"] == decision.PNEUMONIA and lungs.get("heat_label") == "pneumonia"
    return OUTSIDE if row["verdict"] in RESTING or of_pneumonia else ASIDE


def heat_scale(heat: "Heat") -> tuple[str, str, str]:
    """Return in words what the colours of a heat map show: the value at their lower and upper end, and of what."""
    from edge_app.screening.heat import FULL_LOGIT, LEAST_CHANCE

    if heat.chances:
        of_what = f"how likely a radiologist would box an opacity here (map of {named(heat.label)})"
        return f"{LEAST_CHANCE:g}", "1", of_what
    return "0", f"{FULL_LOGIT:g} or more", f"how much a place raises the score of {named(heat.label)} (logit)"


def colours(heat: "Heat") -> str:
    """Return in one line what the colours of a heat map show."""
    low, high, of_what = heat_scale(heat)
    return f"colours: {of_what}, {low} to {high}"


def heat_found(heat: "Heat") -> str:
    """Return in words what a heat map shows of its film."""
    nothing = "no place is likelier than not to hold an opacity" if heat.chances else "no place raises the score"
    found = nothing if heat.inside is None else f"{heat.inside:.0%} of the heat lies inside the lungs"
    hottest = "" if heat.peak is None else f"; hottest place: {heat.peak:.2f}"
    return f"{found}{hottest} (map of {named(heat.label)})"


def localisation(found) -> str:
    """Return in words how well a model finds opacities: `found` is a `places.Localisation`."""
    return (
        f"on {found.films} films of patients that it was not trained on, the hottest place lies in a radiologist's box "
        f"on {share(found.hottest_in_box)} of the films; a random place would on {found.random_place:.2f}, the best "
        f"fixed place on {found.best_fixed_place:.2f}"
    )


def frames(shot: dict) -> str:
    """Return in words how many frames a score is the median of, and their range: `shot` is `camera` of a row."""
    low, high = shot["spread"]["covid"]
    return f"median of {shot['frames']} frames; covid from {low:.3f} to {high:.3f} in them"


def replaced(sha256: str) -> str:
    """Return in words that a file was judged before with other bytes, of this hash."""
    return f"in place of what this file held before (sha256 {sha256[:16]}); that result does not count for it any more"


def share(figure: Mapping | None, digits: int = 2) -> str:
    """Return a share with its interval, or that it is not known."""
    return "{value:.{d}f} ({low:.{d}f} to {high:.{d}f})".format(**figure, d=digits) if figure else "not known"


def printable(text: str) -> str:
    """Escape what would move the cursor or ring the bell: file names may hold any control character."""
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


def shorten(text: str, width: int) -> str:
    """Cut a long path: what stays are the ends of its name and of its folder, which tell films and patients apart."""
    if len(text) <= width:
        return text
    above, slash, name = text.rpartition("/")
    if len(name) + len("...x/") > width:  # the name alone is too long, as a UID is; at most a third is for its folder
        folder = _end(above.rpartition("/")[2], width // 3) if slash else ""
        return f"{folder}{slash}{_end(name, width - len(folder) - len(slash))}"
    return _end(text, width)


def _end(text: str, width: int) -> str:
    return text if len(text) <= width else "..." + text[len(text) - width + 3 :]
