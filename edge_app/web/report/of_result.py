"""The report of a result that no page shows: the DICOM node sends it, in a language of the site."""

import os
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from edge_app.errors import WrongUsage
from edge_app.screening.result import Screened
from edge_app.screening.run_context import RunContext
from edge_app.store import reading as reading_
from edge_app.store import reading_tables
from edge_app.web.readings import layers
from edge_app.web.report import content, page
from edge_app.web.text import finding_view, spoken

# Which of them is set says the language of programs (locale(7)), the first before the others.
VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")


def language(wanted: str | None, environment: Mapping[str, str] = os.environ) -> str:
    """Return a language of the page and its territory if one is known, such as `es_MX`: that wanted, else the device's.

    Raises:
        WrongUsage: the page has no such language.
    """
    said = wanted or next(filter(None, map(environment.get, VARIABLES)), "")
    code = said.partition(".")[0].partition("@")[0].replace("-", "_")
    if code.partition("_")[0] in spoken.codes():
        return code
    if wanted:
        raise WrongUsage(f"--language: {wanted!r} is none of the page's; {', '.join(spoken.codes())} are allowed.")
    return spoken.ENGLISH


def pdf(result: Screened, grey: np.ndarray, context: RunContext, language: str, label="", name="") -> bytes:
    """Return the report of a result as a PDF file; the same for the same result.

    Args:
        result: of the film; no file's name of it is told.
        grey: uint8 (H, W), the film.
        context: of its run, whose prevalences hold.
        language: of `language`; its territory says the paper.
        label: of the patient, as a person reads it; empty for none.
        name: of its reading in the store; empty for none.
    """
    told = {"label": label, "has_pictures": True, "source": reading_tables.DICOM, "facts": dict(result.facts or {})}
    reading = replace(reading_.made(result.nameless(), context, 0, **told), id=name)
    pictures = layers.shown(result, grey)
    in_100 = {label: 100 * share for label, share in context.prevalences.items()}
    code, _, territory = language.partition("_")
    with spoken.speaking(code):
        said = content.of(reading, finding_view.told(reading.row, in_100), pictures.get)
        return page.pdf(said, reading.time, page.paper(territory))
