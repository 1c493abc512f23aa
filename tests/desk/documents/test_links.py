"""What the documents point at is there: files of this repository, pages and their headings."""

import re
from pathlib import Path

import pytest

from tests.support.checkout import ROOT

DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "models").glob("*.md")]
FOLDERS = ("edge_app/", "train/", "convert/", "tests/", "docs/", "models/", ".github/", ".ci/")
# Made by a command, not part of the repository.
MADE = ("models/runs", "models/covid-xray-NAME")


def names(path: Path) -> str:
    return str(path.relative_to(ROOT))


def anchors(path: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=names)
def test_links_lead_somewhere(document):
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text(encoding="utf-8")):
        if target.startswith(("http://", "https://")):
            continue
        page, _, anchor = target.partition("#")
        path = document.parent / page if page else document
        assert path.exists(), f"{names(document)}: {target}"
        assert not anchor or anchor in anchors(path), f"{names(document)}: {target}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=names)
def test_paths_in_the_text_are_there(document):
    if document.name == "CHANGELOG.md":
        return  # it tells of places that were
    for code in re.findall(r"`([^`\n]+)`", document.read_text(encoding="utf-8")):
        if code.startswith(FOLDERS) and not code.startswith(MADE) and " " not in code:
            found = list(ROOT.glob(code)) if "*" in code else [ROOT / code]
            # A module may be named without its suffix.
            assert any(path.exists() or path.with_suffix(".py").exists() for path in found), (
                f"{names(document)}: {code}"
            )
