"""The coded terms of the objects: PS3.16 Annex D (DCM), SNOMED CT (SCT), RadLex, UCUM, and those of this project."""

from collections import namedtuple

from pydicom.dataset import Dataset

from edge_app.screening import finding

# What no other scheme has a term for. 99 begins a private scheme (PS3.16 clause 8).
OWN = "99COVIDXRAY"


class Code(namedtuple("Code", "value scheme meaning")):
    """A coded term: its value, the designator of its scheme, and what it means in words."""

    def item(self) -> Dataset:
        """Return it as an item of a code sequence (PS3.3 8.8)."""
        made = Dataset()
        made.CodeValue, made.CodingSchemeDesignator, made.CodeMeaning = self
        return made


def _own(value: str, meaning: str) -> Code:
    return Code(value, OWN, meaning)


# Containers and context of TID 1500, 1204, 1001, 1004 and 4019.
REPORT = Code("126000", "DCM", "Imaging Measurement Report")
LANGUAGE = Code("121049", "DCM", "Language of Content Item and Descendants")
ENGLISH = Code("en", "RFC5646", "English")
OBSERVER_TYPE, DEVICE = Code("121005", "DCM", "Observer Type"), Code("121007", "DCM", "Device")
OBSERVER_UID, OBSERVER_NAME = (
    Code("121012", "DCM", "Device Observer UID"),
    Code("121013", "DCM", "Device Observer Name"),
)
OBSERVER_MAKER = Code("121014", "DCM", "Device Observer Manufacturer")
OBSERVER_MODEL = Code("121015", "DCM", "Device Observer Model Name")
PROCEDURE = Code("121058", "DCM", "Procedure reported")
CHEST_FILM = Code("399208008", "SCT", "Plain chest X-ray")
MEASUREMENTS = Code("126010", "DCM", "Imaging Measurements")
ALGORITHM_NAME = Code("111001", "DCM", "Algorithm Name")
ALGORITHM_VERSION = Code("111003", "DCM", "Algorithm Version")
ALGORITHM_PARAMETERS = Code("111002", "DCM", "Algorithm Parameters")
ALGORITHM_FAMILY = Code("111000", "DCM", "Algorithm Family")
ARTIFICIAL_INTELLIGENCE = Code("123110", "DCM", "Artificial Intelligence")
# A measurement group, TID 1501 and 1410.
GROUP = Code("125007", "DCM", "Measurement Group")
TRACKING_NAME = Code("112039", "DCM", "Tracking Identifier")
TRACKING_UID = Code("112040", "DCM", "Tracking Unique Identifier")
FINDING = Code("121071", "DCM", "Finding")
FINDING_SITE, LUNG = Code("363698007", "SCT", "Finding Site"), Code("39607008", "SCT", "Lung")
SOURCE_OF_MEASUREMENT = Code("121112", "DCM", "Source of Measurement")
SOURCE = Code("260753009", "SCT", "Source")
REGION = Code("111030", "DCM", "Image Region")
COMMENT = Code("121106", "DCM", "Comment")
# What is found.
FINDINGS = {"covid": Code("840539006", "SCT", "COVID-19"), "pneumonia": Code("233604007", "SCT", "Pneumonia")}
OPACITY = Code("RID28530", "RADLEX", "opacity")
QUALITY = Code("111101", "DCM", "Image Quality")
# Measurements and their properties, TID 1419 and 310.
NO_UNITS = Code("1", "UCUM", "no units")
CERTAINTY = Code("111012", "DCM", "Certainty of Finding")
SENSITIVITY = Code("111088", "DCM", "Case Sensitivity")
SPECIFICITY = Code("111090", "DCM", "Case Specificity")
UPPER = Code("371886008", "SCT", "+, range of upper measurement uncertainty")
LOWER = Code("371885007", "SCT", "-, range of lower measurement uncertainty")
SUSPECTED_FROM = _own("SUSPECTED_FROM", "Score from which the finding is suspected")
UNSURE_FROM = _own("UNSURE_FROM", "Score from which the answer is unsure")
# The shares of answers that are right at a stated prevalence.
WORTH = {
    finding.SUSPECTED: _own("PPV", "Share of those suspected who have it, at the stated prevalence"),
    finding.UNSURE: _own("SHARE_UNSURE", "Share of those unsure who have it, at the stated prevalence"),
    finding.CLEARED: _own("NPV", "Share of those cleared without it, at the stated prevalence"),
}
PREVALENCE = _own("PREVALENCE", "Stated prevalence among the people filmed")
# Answers, and what they answer.
ANSWER = _own("ANSWER", "Screening answer")
ANSWERS = {
    finding.SUSPECTED: Code("415684004", "SCT", "Suspected"),
    finding.UNSURE: Code("64957009", "SCT", "Uncertain"),
    finding.CLEARED: Code("260385009", "SCT", "Negative"),
}
APPEARANCE = _own("APPEARANCE", "COVID-19 appearance class (RSNA consensus)")
NOT_EVALUATED = Code("373121007", "SCT", "Not Evaluated")
JUDGEMENT = _own("JUDGEMENT", "Whether the film could be judged")
REFUSED = _own("REFUSED", "Refused: this algorithm was not made for this picture")
REFUSAL = _own("REFUSAL", "Why the film was refused")
# So many characters has a value of VR SH, which codes are (PS3.5 table 6.2-1).
MOST_OF_SH = 16
# Of images and presentation states.
SOURCE_IMAGE = Code("121322", "DCM", "Source image for image processing operation")


def refusal(kind: str) -> Code:
    """Return the term of a kind of `edge_app.gate.refusal`."""
    return _own(kind.upper().replace(" ", "_")[:MOST_OF_SH], kind)


def own_scheme() -> Dataset:
    """Return the item of Coding Scheme Identification Sequence that says whose `OWN` is (PS3.3 C.12.1.1.6)."""
    made = Dataset()
    made.CodingSchemeDesignator, made.CodingSchemeName = OWN, "Terms of covid-xray"
    made.CodingSchemeResponsibleOrganization = "covid-xray"
    return made
