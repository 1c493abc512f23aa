"""The page's words for verdicts, refusals and errors, in the reader's language; JSON and CSV stay English.

The English words are the keys of the catalogues in `translations/` (gettext). A test checks that every verdict and
every kind of refusal has words.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from edge_app.gate import refusal
from edge_app.outputs.html_report import SYMBOLS
from edge_app.screening import decision, finding, screening
from edge_app.web.text.finding_words import MEANINGS
from edge_app.web.text.spoken import LazyString
from edge_app.web.text.spoken import lazy_gettext as _l


@dataclass(frozen=True)
class Words:
    """The words for a verdict.

    Attributes:
        kind: its class in style sheets, of `html_report.SYMBOLS`.
        symbol: stands beside the colour, so that a black-and-white print shows the verdict too.
        title: the verdict.
        means, not_means, do: what it means, what it does not mean, what to do now.
    """

    kind: str
    symbol: str
    title: LazyString
    means: LazyString
    not_means: LazyString
    do: LazyString


def _words(verdict: str | None, title: LazyString, means: LazyString, not_means: LazyString, do: LazyString) -> Words:
    kind, symbol = SYMBOLS[verdict]
    return Words(kind, symbol, title, means, not_means, do)


def symbol_of(label: str, answer: str) -> tuple[str, str]:
    """Return (class, symbol) of an answer to a finding: those of the verdict that it would be alone."""
    verdicts = {finding.SUSPECTED: decision.SUSPECTED[label], finding.UNSURE: decision.UNSURE}
    return SYMBOLS[verdicts.get(answer, decision.NORMAL)]


NOTICE = _l("Research and triage aid, not a diagnosis.")

VERDICTS = {
    decision.COVID: _words(
        decision.COVID,
        _l("COVID-19 suspected"),
        *MEANINGS["covid", finding.SUSPECTED],
    ),
    decision.UNSURE: _words(
        decision.UNSURE,
        _l("Unsure: refer to a radiologist"),
        *MEANINGS["covid", finding.UNSURE],
    ),
    decision.PNEUMONIA: _words(
        decision.PNEUMONIA,
        _l("Other pneumonia suspected"),
        _l(
            "COVID-19 is not suspected. The lungs on this film look to the model like those of people with another "
            "pneumonia."
        ),
        _l("It does not exclude COVID-19, and does not tell which germ is the cause."),
        _l(
            "Examine the patient for pneumonia, test for COVID-19 if symptoms or contacts suggest it, and have the "
            "film read by a radiologist."
        ),
    ),
    decision.NORMAL: _words(
        decision.NORMAL,
        _l("No finding suspected"),
        _l(
            "The lungs on this film look to the model neither like those of people with COVID-19 nor like those of "
            "people with another pneumonia."
        ),
        _l(
            "It does not exclude COVID-19: early disease often shows nothing on a film. The model looks for nothing "
            "else: no tuberculosis, no tumour, no fracture."
        ),
        _l("Decide by the patient, not by this film alone: test if symptoms or contacts suggest COVID-19."),
    ),
    decision.REFUSED: _words(
        decision.REFUSED,
        _l("Refused: no verdict"),
        _l("The model was not made for this kind of picture, so its answer could be wrong."),
        _l("It says nothing about the patient."),
        _l("Correct what the page names and send the film again, or have it read by a radiologist."),
    ),
    None: _words(
        None,
        _l("Could not be read"),
        _l("This program cannot read the file as a film, or the file is damaged."),
        _l("It says nothing about the patient."),
        _l("Export the film again as DICOM, PNG or JPEG, and send that."),
    ),
}

# Of the verdict "unsure" where COVID-19 is cleared: it is about other pneumonia.
UNSURE_PNEUMONIA = _words(
    decision.UNSURE,
    _l("Unsure: refer to a radiologist"),
    _l("COVID-19 is not suspected. The score of other pneumonia lies in a range where the model does not decide."),
    _l("It neither suspects nor excludes another pneumonia, and does not exclude COVID-19."),
    _l("Examine the patient for pneumonia, and have the film read by a radiologist."),
)

# By label and answer of a finding.
ANSWERS = {
    ("covid", finding.SUSPECTED): _l("COVID-19: suspected"),
    ("covid", finding.UNSURE): _l("COVID-19: unsure"),
    ("covid", finding.CLEARED): _l("COVID-19: not suspected"),
    ("pneumonia", finding.SUSPECTED): _l("Other pneumonia: suspected"),
    ("pneumonia", finding.UNSURE): _l("Other pneumonia: unsure"),
    ("pneumonia", finding.CLEARED): _l("Other pneumonia: not suspected"),
}

# By kind of refusal: its name, and what to do.
REFUSALS = {
    refusal.PICTURE: (
        _l("This is not a radiograph"),
        _l("It looks like a photograph, a screenshot or a document. Send a frontal chest radiograph."),
    ),
    refusal.FILM_PHOTOGRAPH: (
        _l("A photograph of a film"),
        _l("A photograph is assessed otherwise than a file. Send the film's own file, or take it as a photograph."),
    ),
    refusal.LEVELS: (
        _l("Too few grey levels"),
        _l("It is black and white only, or nearly so. Scan or export the film in grey."),
    ),
    refusal.BLANK: (_l("The picture is blank"), _l("It shows nothing. Export the film again.")),
    refusal.NOISE: (
        _l("The picture shows only noise"),
        _l("Neighbouring pixels are unrelated. Export the film again."),
    ),
    refusal.PART: (
        _l("Another part of the body"),
        _l("It looks like a radiograph, but not of a chest. Send a frontal film of the chest."),
    ),
    refusal.CT: (
        _l("A CT or MRI slice"),
        _l("Only plain chest radiographs can be assessed. Send a chest radiograph."),
    ),
    refusal.LATERAL: (_l("A lateral view"), _l("Only frontal views (PA or AP) can be assessed. Send one of them.")),
    refusal.TURNED: (_l("The film is rotated"), _l("Rotate it so that the head is at the top, and send it again.")),
    refusal.INVERTED: (
        _l("Black and white are inverted"),
        _l("Air must be black and bone white. Export the film again without inverting it."),
    ),
    refusal.DARK: (_l("The film is too dark"), _l("Repeat the radiograph, or export it brighter.")),
    refusal.BRIGHT: (_l("The film is too bright"), _l("Repeat the radiograph, or export it darker.")),
    refusal.BLURRED: (_l("The film is blurred"), _l("Repeat the radiograph without movement, or export it sharper.")),
    refusal.SMALL: (_l("The film is too small"), _l("Export it larger: a thumbnail shows no texture of the lungs.")),
    refusal.CUT: (
        _l("The lungs are cut off"),
        _l("Show both lungs completely, from the apices to the diaphragm."),
    ),
    refusal.NO_LUNGS: (
        _l("No lungs are visible"),
        _l("Send a frontal chest radiograph. If this is one, have it read by a radiologist."),
    ),
    refusal.CHILD: (
        _l("The patient is a child"),
        _l("The model was made for patients aged 16 or older only. Ask a radiologist."),
    ),
    refusal.UNLIKE: (
        _l("Unlike the films that the model was trained on"),
        _l("It differs too much from them for a reliable answer. Ask a radiologist."),
    ),
    refusal.PHOTOGRAPH: (
        _l("The photograph is too poor"),
        _l("Hold the camera straight and still, without glare, and take it again; or send the film's own file."),
    ),
}

# How a refused film was corrected, by the words of `screening.RIGHTED`, which JSON keeps.
CHANGES = dict(
    zip(
        [change for change, _ in screening.RIGHTED.values()],
        (
            _l("Reading with inverted grey levels:"),
            _l("Reading after a rotation by 180 degrees:"),
            _l("Reading after a rotation by 90 degrees clockwise:"),
            _l("Reading after a rotation by 90 degrees counter-clockwise:"),
        ),
        strict=True,
    )
)

LABELS = {"covid": _l("COVID-19"), "pneumonia": _l("Other pneumonia"), "normal": _l("No finding")}

# By HTTP status: headline, and what to do.
ERRORS = {
    400: (_l("This request is not possible"), _l("Go back and try again.")),
    401: (_l("Please log in"), _l("This page needs a password.")),
    403: (
        _l("Not allowed"),
        _l("The form has expired, or came from another site. Go back, reload the page and try again."),
    ),
    404: (
        _l("Page not found"),
        _l("This page does not exist. The reading may have been deleted or may have expired."),
    ),
    405: (_l("This request is not possible"), _l("Go back and try again.")),
    413: (_l("The file is too large"), _l("Send one film at a time, not a whole study or a video.")),
    415: (_l("This file is not a film"), _l("Send a DICOM, PNG or JPEG file.")),
    422: (
        _l("This file could not be read as a film"),
        _l("Export the film again as DICOM, PNG or JPEG, and send that."),
    ),
    429: (_l("Too many attempts"), _l("Wait a minute and try again.")),
    500: (
        _l("Something went wrong in this program"),
        _l("Nothing was lost. Try again; if it happens again, report it."),
    ),
    503: (_l("Busy with other films"), _l("Wait a few seconds and send the film again.")),
}


def of(row: Mapping) -> Words:
    """Return the words for a row of docs/results.md."""
    if row["verdict"] == decision.UNSURE and row["findings"]["covid"]["answer"] == finding.CLEARED:
        return UNSURE_PNEUMONIA
    return VERDICTS[None if row["error"] else row["verdict"]]


def of_refusal(kind: str) -> tuple[LazyString, LazyString]:
    """Return (name, what to do) of a kind of refusal."""
    return REFUSALS[kind]


def of_error(status: int) -> tuple[LazyString, LazyString]:
    """Return (headline, what to do) of an HTTP status."""
    return ERRORS.get(status) or ERRORS[500 if status >= 500 else 400]
