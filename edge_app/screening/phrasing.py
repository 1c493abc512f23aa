"""The words that every command, page and report uses for figures and names."""

from edge_app.screening import decision

NOT_A_DIAGNOSIS = "Research and triage aid, not a diagnosis."
# Below this share most of the heat lies outside the lungs, and so does what the verdict rests on.
LEAST_INSIDE = 0.5
OUTSIDE = "Most of the heat lies outside the lungs: do not trust this reading."
ASIDE = "Most of the heat lies outside the lungs; this verdict does not rest on it."
# On a film without COVID-19 its class map is almost empty, and the little that is left may lie anywhere: a warning on
# most healthy films would teach people to ignore it.
RESTING = (decision.COVID, decision.UNSURE)


def describe(point, band: tuple[float, float] | None = None) -> str:
    """Return in words the figures of an operating point on the films that it was measured on."""
    shares = {name: share(figure) for name, figure in point.figures.items()}
    if band is None:
        return (
            f"suspected from score {point.threshold:.3f}; on {point.films} sensitivity {shares['sensitivity']}, "
            f"specificity {shares['specificity']}"
        )
    return (
        f"unsure from score {band[0]:.3f}, suspected from {band[1]:.3f}; on {point.films} {shares['sensitivity']} of "
        f"the sick suspected or unsure, {shares['specificity']} of the others neither, {shares['referred']} of all "
        "unsure"
    )


def of_site(site) -> str:
    """Return in words whose own thresholds and figures hold: `site` is that of the card."""
    return (
        f"thresholds and figures of site '{site.name}': {site.films}, {site.made[:10]}, sha256 {site.sha256[:12]}, "
        f"signed by {printable(site.signer)}"
    )


def worth(values: dict, prevalence: float, banded: bool) -> str:
    """Return in words the predictive values of a verdict: `values` are those of `prevalence.of_point`."""
    others = "those neither suspected nor unsure" if banded else "the others"
    return (
        f"at prevalence {prevalence:g}: PPV {share(values['ppv'], 3)}, the share of '{decision.COVID}' who have it; "
        f"NPV {share(values['npv'], 3)}, the share of {others} who do not"
    )


def outcome(row) -> str:
    """Return a few words on the outcome of a film: its verdict, the kind of its refusal, or that it was not read."""
    if row["error"]:
        return "could not be read"
    return f"{decision.REFUSED}: {row['refusal']['kind']}" if row["refusal"] else row["verdict"]


def heat_warning(verdict: str, inside: float | None) -> str | None:
    """Return the warning that most of the heat lies outside the lungs, if it does; `inside` is the share in them."""
    if inside is None or inside >= LEAST_INSIDE:
        return None
    return OUTSIDE if verdict in RESTING else ASIDE


def frames(shot: dict) -> str:
    """Return in words how many frames a score is the median of, and their range: `shot` is `camera` of a row."""
    low, high = shot["spread"]["covid"]
    return f"median of {shot['frames']} frames; covid from {low:.3f} to {high:.3f} in them"


def share(figure: dict | None, digits: int = 2) -> str:
    """Return a share with its interval, or that it is not known."""
    return "{value:.{d}f} ({low:.{d}f} to {high:.{d}f})".format(**figure, d=digits) if figure else "not known"


def printable(text: str) -> str:
    """Escape what would move the cursor or ring the bell: file names may hold any control character."""
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


def shorten(text: str, width: int) -> str:
    """Cut a long path on the left: its end tells films apart."""
    return text if len(text) <= width else "..." + text[len(text) - width + 3 :]
