"""The prevalences that a request or the site's settings state, and how often the answers are right there."""

from collections.abc import Mapping

from flask import request

from edge_app.web.readings.services import services
from edge_app.web.text import finding_view

# By label of a finding, the name of the field for its prevalence.
IN_100 = {"covid": "in100", "pneumonia": "in100-pneumonia"}


def right(row: Mapping) -> dict:
    """Return how often the answers are right at the prevalences that the request or the site's settings state."""
    context = services().context
    stated = {"covid": context.prevalence, "pneumonia": context.pneumonia_prevalence}
    typed = {label: request.args.get(name) for label, name in IN_100.items()}
    shares, wrong = {}, set()
    for label, text in typed.items():
        try:
            shares[label] = finding_view.in_100(text, stated[label])
        except ValueError:
            wrong.add(label)
    told = finding_view.told(row, shares)
    shown = {label: f"{share:g}" for label, share in shares.items() if share}
    asked = {name: request.args[name] for name in IN_100.values() if name in request.args}
    return {
        "findings": told,
        "asked": asked,
        "in_100": shown | {label: typed[label] for label in wrong},
        "wrong_share": wrong,
    }
