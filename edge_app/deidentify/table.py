"""What PS3.15 table E.1-1 does with each element: the package dicom-anonymizer holds it, generated from the standard.

Where the standard leaves a choice by the type that an element has in an object (X/Z, X/D, Z/D, X/Z/D), the one is taken
that keeps every object valid: a value that tells nothing before an empty one, and an empty one before none.
"""

from dicomanonymizer.dicom_anonymization_databases import dicomfields_2026c as standard

# The edition of the standard.
EDITION = "2026c"
REMOVE, EMPTY, DUMMY, UID, ITEMS = "X", "Z", "D", "U", "items"
_ACTIONS = {
    REMOVE: standard.X_TAGS,
    EMPTY: [*standard.Z_TAGS, *standard.X_Z_TAGS],
    DUMMY: [*standard.D_TAGS, *standard.Z_D_TAGS, *standard.X_D_TAGS, *standard.X_Z_D_TAGS],
    UID: standard.U_TAGS,
    ITEMS: standard.X_Z_U_STAR_TAGS,
}
_TABLE = {(tag[0] << 16) | tag[1]: action for action, tags in _ACTIONS.items() for tag in tags if len(tag) == 2}
# Curves and overlays: groups of which many may occur, each with a mask of the bits that count.
_GROUPS = [(tag, action) for action, tags in _ACTIONS.items() for tag in tags if len(tag) == 4]


def action(tag: int) -> str | None:
    """Return what is done with an element, of the names above; None if the table does not name it."""
    if tag in _TABLE:
        return _TABLE[tag]
    group, element = tag >> 16, tag & 0xFFFF
    if group % 2:  # private: the table's first line
        return REMOVE
    for (of_group, of_element, group_bits, element_bits), found in _GROUPS:
        if group & group_bits == of_group and element & element_bits == of_element & element_bits:
            return found
    return None
