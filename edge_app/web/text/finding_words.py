"""The page's words for each finding with each answer, such that a nurse knows what it means and what to do."""

from typing import NamedTuple

from edge_app.screening import decision, finding
from edge_app.web.text.spoken import LazyString
from edge_app.web.text.spoken import lazy_gettext as _l


class Meaning(NamedTuple):
    """The words for an answer to a finding.

    Attributes:
        means, not_means, do: what it means, what it does not mean, what to do now.
    """

    means: LazyString
    not_means: LazyString
    do: LazyString


_EXAMINE = _l("Examine the patient for pneumonia, and have the film read by a radiologist.")

# By label and answer of a finding.
MEANINGS = {
    ("covid", finding.SUSPECTED): Meaning(
        _l("The lungs on this film look to the model like those of people with COVID-19."),
        _l("It does not prove COVID-19: another pneumonia, heart failure or a poor film can look the same."),
        _l(
            "Follow your site's rules for suspected COVID-19, confirm it with a PCR or antigen test, and have the film "
            "read by a radiologist."
        ),
    ),
    ("covid", finding.UNSURE): Meaning(
        _l(
            "The COVID-19 score lies in a range where the model was often wrong in both directions, so it does not "
            "decide."
        ),
        _l("It neither suspects nor excludes COVID-19."),
        _l(
            "Treat COVID-19 as not excluded. Have the film read by a radiologist, and test the patient if COVID-19 is "
            "possible."
        ),
    ),
    ("covid", finding.CLEARED): Meaning(
        _l("The lungs on this film do not look to the model like those of people with COVID-19."),
        _l("It does not exclude COVID-19: early disease often shows nothing on a film."),
        _l("Test the patient if symptoms or contacts suggest COVID-19."),
    ),
    ("pneumonia", finding.SUSPECTED): Meaning(
        _l("The lungs on this film look to the model like those of people with a pneumonia other than COVID-19."),
        _l("It does not prove a pneumonia, and does not tell which germ is the cause."),
        _EXAMINE,
    ),
    ("pneumonia", finding.UNSURE): Meaning(
        _l("The score of other pneumonia lies in a range where the model does not decide."),
        _l("It neither suspects nor excludes another pneumonia."),
        _EXAMINE,
    ),
    ("pneumonia", finding.CLEARED): Meaning(
        _l("The lungs on this film do not look to the model like those of people with another pneumonia."),
        _l(
            "It does not exclude a pneumonia. The model looks for nothing else: no tuberculosis, no tumour, no "
            "fracture."
        ),
        _l("Decide by the patient, not by this film alone."),
    ),
}

_REFER = _l("Refer to a radiologist.")

# By verdict, what to do first, in a few words that are read from two metres; None stands for a film that failed. A
# refused one has `wording.REFUSALS`.
FIRST = {
    decision.COVID: _l("Follow the rules for suspected COVID-19. Refer to a radiologist."),
    decision.UNSURE: _REFER,
    decision.PNEUMONIA: _l("Examine for pneumonia. Refer to a radiologist."),
    decision.NORMAL: _l("Decide by the patient, not by this film alone."),
    None: _l("Show the film again, or refer to a radiologist."),
}
# What to do after a verdict while its film is still in view, and once it is gone.
TAKE_AWAY = _l("Take the film away and put up the next one.")
NEXT_FILM = _l("Put up the next film, then press the button.")
