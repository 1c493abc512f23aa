"""What the page says of verdicts and refusals, in the reader's language; JSON and CSV stay English.

The English words stand here and are the keys of the catalogues in `translations/` (gettext). Every verdict and every
kind of refusal has its words: a test walks through them all.
"""

from dataclasses import dataclass

from flask_babel import lazy_gettext as _l

from edge_app.gate import refusal
from edge_app.outputs.html_report import SYMBOLS
from edge_app.screening import decision, screening


@dataclass(frozen=True)
class Words:
    """What is said of a verdict.

    Attributes:
        kind: the short name that style sheets know, of `html_report.SYMBOLS`.
        symbol: says it beside the colour, on a black-and-white print too.
        title: the verdict.
        means, not_means, do: what it means, what it does not mean, what to do now.
    """

    kind: str
    symbol: str
    title: str
    means: str
    not_means: str
    do: str


def _words(verdict: str | None, *said: str) -> Words:
    return Words(*SYMBOLS[verdict], *said)


NOTICE = _l("Research and triage aid, not a diagnosis.")

VERDICTS = {
    decision.COVID: _words(
        decision.COVID,
        _l("COVID-19 suspected"),
        _l("To the model the lungs on this film look like those of people with COVID-19."),
        _l("It does not prove COVID-19: another pneumonia, heart failure or a poor film can look the same."),
        _l(
            "Follow your site's rules for suspected COVID-19, confirm it with a PCR or antigen test, and have the film "
            "read by a radiologist."
        ),
    ),
    decision.UNSURE: _words(
        decision.UNSURE,
        _l("Unsure: refer to a radiologist"),
        _l("The score of COVID-19 lies where the model was often wrong in either direction, so it does not decide."),
        _l("It is neither a suspicion nor an all-clear."),
        _l(
            "Treat the patient as not cleared. Have the film read by a radiologist, and test where COVID-19 is "
            "possible."
        ),
    ),
    decision.PNEUMONIA: _words(
        decision.PNEUMONIA,
        _l("Other pneumonia suspected"),
        _l("The score of COVID-19 stays below its threshold, and that of another pneumonia reaches its own."),
        _l("It does not exclude COVID-19, and says nothing of which germ it is."),
        _l(
            "Examine the patient for pneumonia, test for COVID-19 where symptoms or contacts speak for it, and have "
            "the film read by a radiologist."
        ),
    ),
    decision.NORMAL: _words(
        decision.NORMAL,
        _l("No finding suspected"),
        _l("Neither the score of COVID-19 nor that of another pneumonia reaches its threshold."),
        _l(
            "It does not exclude COVID-19: early disease often shows nothing on a film. Nothing else was looked for: "
            "no tuberculosis, no tumour, no fracture."
        ),
        _l("Go by the patient, not by this film alone: test where symptoms or contacts speak for COVID-19."),
    ),
    decision.REFUSED: _words(
        decision.REFUSED,
        _l("Refused: no verdict"),
        _l("The model was not made for this picture, so that whatever it said of it could be wrong."),
        _l("It says nothing of the patient, neither good nor bad."),
        _l("Mend what is named here and send the film again, or have it read by a radiologist."),
    ),
    None: _words(
        None,
        _l("Could not be read"),
        _l("The file is no film that this program can read, or it is damaged."),
        _l("It says nothing of the patient, neither good nor bad."),
        _l("Export the film again as DICOM, PNG or JPEG, and send that."),
    ),
}

# By kind of refusal: its name, and what to do.
REFUSALS = {
    refusal.PICTURE: (
        _l("This is not a radiograph"),
        _l("It looks like a photograph, a screenshot or a document. Send a frontal chest radiograph."),
    ),
    refusal.BLANK: (_l("The picture is blank"), _l("It shows nothing. Export the film again.")),
    refusal.NOISE: (
        _l("The picture is noise"),
        _l("Neighbouring points have nothing in common. Export the film again."),
    ),
    refusal.PART: (
        _l("Another part of the body"),
        _l("It looks like a radiograph, but not of a chest. Send a frontal film of the chest."),
    ),
    refusal.CT: (
        _l("A slice of a CT or MRI"),
        _l("Only plain chest radiographs can be judged. Send one of those."),
    ),
    refusal.LATERAL: (_l("A film from the side"), _l("Only frontal films (PA or AP) can be judged. Send that view.")),
    refusal.TURNED: (_l("The film is turned"), _l("Turn it so that the head is at the top, and send it again.")),
    refusal.INVERTED: (
        _l("Black and white are exchanged"),
        _l("Air must be black and bone white. Export the film again without inverting it."),
    ),
    refusal.DARK: (_l("The film is too dark"), _l("Film it again, or export it brighter.")),
    refusal.BRIGHT: (_l("The film is too bright"), _l("Film it again, or export it darker.")),
    refusal.BLURRED: (_l("The film is blurred"), _l("Film it again and hold still, or export it sharper.")),
    refusal.SMALL: (_l("The film is too small"), _l("Export it larger: a thumbnail shows no texture of the lungs.")),
    refusal.CUT: (
        _l("The lungs are cut off"),
        _l("Show both lungs whole, from their tips to the diaphragm."),
    ),
    refusal.NO_LUNGS: (
        _l("No lungs are to be seen"),
        _l("Send a frontal chest radiograph. If this is one, have it read by a radiologist."),
    ),
    refusal.CHILD: (
        _l("The patient is a child"),
        _l("The model knows COVID-19 of people from 16 years on only. Ask a radiologist."),
    ),
    refusal.UNLIKE: (
        _l("Unlike the films the model learnt from"),
        _l("It lies too far from them for an answer to be trusted. Ask a radiologist."),
    ),
    refusal.PHOTOGRAPH: (
        _l("The photograph is too poor"),
        _l("Hold the camera straight and still, without glare, and take it again; or send the film's own file."),
    ),
}

# What was done to a refused film so that it could be read: the words of `screening.RIGHTED`, which JSON keeps.
CHANGES = dict(
    zip(
        [change for change, _ in screening.RIGHTED.values()],
        (
            _l("With its greys inverted it reads:"),
            _l("Turned by 180 degrees it reads:"),
            _l("Turned by 90 degrees clockwise it reads:"),
            _l("Turned by 90 degrees counter-clockwise it reads:"),
        ),
        strict=True,
    )
)

LABELS = {"covid": _l("COVID-19"), "pneumonia": _l("Other pneumonia"), "normal": _l("No finding")}

# By HTTP status: headline, and what to do.
ERRORS = {
    400: (_l("That cannot be done"), _l("Go back and try again.")),
    401: (_l("Please log in"), _l("This page is for those who know its password.")),
    403: (
        _l("Not allowed"),
        _l("This form is too old, or came from another page. Go back, load the page again and repeat it."),
    ),
    404: (
        _l("Not here"),
        _l("There is no such page. A reading may have been deleted, or its time to be kept is over."),
    ),
    405: (_l("That cannot be done"), _l("Go back and try again.")),
    413: (_l("The file is too large"), _l("Send one film at a time, and not a whole study or a video.")),
    415: (_l("This file is no film"), _l("Send a DICOM, PNG or JPEG file.")),
    422: (
        _l("This file could not be read as a film"),
        _l("Export the film again as DICOM, PNG or JPEG, and send that."),
    ),
    429: (_l("Too many tries"), _l("Wait a minute and try again.")),
    500: (
        _l("Something went wrong in this program"),
        _l("Nothing was lost. Try again; if it happens again, report it."),
    ),
    503: (_l("Busy with other films"), _l("Wait some seconds and send the film again.")),
}


def of(row) -> Words:
    """Return the words for a row of docs/results.md."""
    return VERDICTS[None if row["error"] else row["verdict"]]


def of_refusal(kind: str) -> tuple[str, str]:
    """Return (name, what to do) of a kind of refusal."""
    return REFUSALS[kind]


def of_error(status: int) -> tuple[str, str]:
    """Return (headline, what to do) of an HTTP status."""
    return ERRORS.get(status) or ERRORS[500 if status >= 500 else 400]
