"""What a radiologist or a folder wrote, turned into one label or none.

Sources of the spellings: `metadata.csv` of ieee8023/covid-chestxray-dataset (2020 spellings such as `COVID-19, ARDS`,
later ones such as `Pneumonia/Viral/COVID-19`) and `Data_Entry_2017*.csv` of NIH ChestX-ray14 (`Edema|Pneumonia`).
"""

import re

NORMAL = "normal"
COVID = "covid"
PNEUMONIA = "pneumonia"
NO_LABEL = ""
# What a network is taught.
LABELS = (NORMAL, COVID, PNEUMONIA)
# A pneumonia that may be COVID-19 or another one, by its appearance: neither a case nor a control of either.
INDETERMINATE = "indeterminate"
# A finding that its reader did not call pneumonia (effusion, mass, tuberculosis): a control, but not a normal film.
OTHER = "other"
ALL_LABELS = (*LABELS, INDETERMINATE, OTHER)

# What radiologists see of COVID-19 on a film, whatever a laboratory says: Litmanovich et al. 2020
# (doi:10.1097/RTI.0000000000000541), and the label that it stands for.
APPEARANCES = {"negative": NORMAL, "typical": COVID, "indeterminate": INDETERMINATE, "atypical": PNEUMONIA}

# Terms that tell nothing: rows that nobody has read yet, and a syndrome of which pneumonia is one of many causes.
UNSAID = {"", "todo", "unknown", "ards"}

# Words that name a pneumonia without saying "pneumonia": organisms and kinds, as the 2020 metadata spells them.
# Not here on purpose: Tuberculosis (upstream keeps it apart from Pneumonia too).
PNEUMONIA_WORDS = (
    "pneumonia",
    "sars",
    "mers",
    "pneumocystis",
    "streptococcus",
    "staphylococcus",
    "klebsiella",
    "legionella",
    "mycoplasma",
    "chlamydophila",
    "lipoid",
    "varicella",
    "influenza",
    "h1n1",
    "e.coli",
    "bacterial",
    "aspiration",
    "aspergillosis",
    "nocardia",
)

_PNEUMONIA = re.compile("|".join(rf"\b{re.escape(word)}" for word in PNEUMONIA_WORDS))


def label_of(finding: str) -> str:
    """Return the label of a finding, or `NO_LABEL` where it says nothing.

    Args:
        finding: terms separated by `,`, `/` or `|`, any case. COVID-19 outweighs pneumonia, pneumonia outweighs
            "No Finding", and that outweighs any other term (Effusion, Mass), which alone is `OTHER`.
    """
    terms = [term.strip() for term in re.split(r"[,/|]", finding.casefold())]
    if "covid-19" in terms:
        return COVID
    if any(_PNEUMONIA.search(term) for term in terms):
        return PNEUMONIA
    if "no finding" in terms:
        return NORMAL
    return NO_LABEL if set(terms) <= UNSAID else OTHER
