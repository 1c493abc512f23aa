"""A film that is sent again is recognised by its bytes."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from edge_app.screening.run_context import RunContext
from edge_app.store.reading import Reading

# Pictures of a reading may still be drawn for so long; without any, the film is read again so that it has them.
DRAWN_AFTER = timedelta(minutes=1)


def earlier(found: Iterable[Reading], context: RunContext, label: str, photograph: bool) -> Reading | None:
    """Return the reading that stands for a film that is sent again; None if it has to be read.

    It is read again by another model, operating point or calibration of the site; as a photograph if it was not;
    where no picture is kept; and under another patient label, which its sender is told of.

    Args:
        found: readings of the same bytes.
        context: by which the film would be judged now.
        label: of the patient, as sent; empty if none was.
        photograph: whether it is sent as a photograph.
    """
    now = context.row()
    fits = [
        one
        for one in found
        if one.row["model"]["sha256"] == now["model"]["sha256"]
        and one.row["operating_point"]["name"] == now["operating_point"]["name"]
        and (one.row.get("site") or None) == now["site"]
        and one.photograph == photograph
        and (one.has_pictures or one.time > datetime.now(UTC) - DRAWN_AFTER)
        and (not label or one.label in ("", label))
    ]
    return max(fits, key=lambda one: (one.label == label, one.time), default=None)


def under_other_labels(found: Iterable[Reading], label: str) -> list[Reading]:
    """Return readings of the same bytes whose patient label is another: one of the two is probably wrong."""
    return [one for one in found if one.label and label and one.label != label]
