"""What a radiologist or a folder wrote, turned into one of three labels or none.

Sources of the spellings: `metadata.csv` of ieee8023/covid-chestxray-dataset (2020 spellings such as `COVID-19, ARDS`,
later ones such as `Pneumonia/Viral/COVID-19`) and `Data_Entry_2017*.csv` of NIH ChestX-ray14 (`Edema|Pneumonia`).
"""

import re

NORMAL = "normal"
COVID = "covid"
PNEUMONIA = "pneumonia"
NO_LABEL = ""
LABELS = (NORMAL, COVID, PNEUMONIA)

# Words that name a pneumonia without saying "pneumonia": organisms and kinds, as the 2020 metadata spells them.
# Not here on purpose: ARDS (a syndrome with many causes), Tuberculosis (upstream keeps it apart from Pneumonia too).
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
    """Return the label of a finding, or `NO_LABEL` where it names none of the three.

    Args:
        finding: terms separated by `,`, `/` or `|`, any case. COVID-19 outweighs pneumonia, pneumonia outweighs
            "No Finding"; other terms (ARDS, Effusion, todo, Unknown) neither give a label nor take one away.
    """
    terms = [term.strip() for term in re.split(r"[,/|]", finding.casefold())]
    if "covid-19" in terms:
        return COVID
    if any(_PNEUMONIA.search(term) for term in terms):
        return PNEUMONIA
    if "no finding" in terms:
        return NORMAL
    return NO_LABEL
