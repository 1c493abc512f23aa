"""Every coded term is one of the standard's, by the dictionaries of pydicom, or is named with its source."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom.sr.codedict import codes as standard

from edge_app.dicom_objects import codes
from edge_app.dicom_objects.codes import Code

# In no context group of PS3.16: docs/dicom-results.md tells by what each was confirmed.
ELSEWHERE = {"840539006", "233604007", "399208008", "RID28530"}
DOCUMENT = Path(__file__).parents[3] / "docs" / "dicom-results.md"


def terms() -> Iterator[Code]:
    """Yield the terms of `codes` that are not this project's own."""
    for held in vars(codes).values():
        for one in held.values() if isinstance(held, dict) else (held,):
            if isinstance(one, Code) and one.scheme != codes.OWN:
                yield one


def meanings(term: Code) -> list[str]:
    """Return what the standard's dictionaries call a term, without the tag of SNOMED CT's full names."""
    group = getattr(standard, term.scheme)
    found = [getattr(group, keyword) for keyword in group.dir()]
    return [re.sub(r" \([a-z ]+\)$", "", one.meaning) for one in found if one.value == term.value]


@pytest.mark.parametrize("term", sorted(term for term in terms() if term.scheme in ("DCM", "SCT", "UCUM")), ids=str)
def test_a_term_of_the_standard_means_what_the_standard_says(term):
    if term.value in ELSEWHERE:
        assert not meanings(term), "the standard holds it now: leave it out of ELSEWHERE"
    else:
        assert term.meaning in meanings(term)


def test_terms_from_elsewhere_are_documented_with_their_source():
    rows = [line for line in DOCUMENT.read_text(encoding="utf-8").splitlines() if line.count("|") == 4]
    found = {term.value: term for term in terms() if term.scheme not in ("DCM", "UCUM") and term.scheme != "RFC5646"}
    for value in ELSEWHERE:
        assert any(line.startswith(f"| {value} {found[value].scheme} | {found[value].meaning} |") for line in rows)
    assert {value for value, term in found.items() if term.scheme != "SCT"} <= ELSEWHERE
