"""Lets changed settings hold: at once what may change between two films, the rest after a restart of the service."""

from collections.abc import Mapping
from dataclasses import replace

from edge_app.screening import prevalence
from edge_app.web.http import settings_file
from edge_app.web.http.settings_table import FIELDS
from edge_app.web.readings.services import Services


def apply(running: Services, values: Mapping, anew: bool = False) -> Services:
    """Let the values of `settings.json` hold; return the services that requests use from now on.

    With `anew`, sending events begins anew though nothing has changed, such as to a receiver that wanted no more.

    A film under way is finished by the settings that it began with; its row says which.
    """
    wanted = settings_file.applied(running.settings, values)
    at_once = {
        field.attribute: getattr(wanted, field.attribute) for field in FIELDS if field.attribute and field.at_once
    }
    settings = replace(running.settings, events=wanted.events, **at_once)
    context = replace(
        running.context,
        prevalence=settings.prevalence and prevalence.read(settings.prevalence),
        pneumonia_prevalence=settings.pneumonia_prevalence and prevalence.read(settings.pneumonia_prevalence),
    )
    running.reading_store.use(context, settings.keep_days, settings.keep_names)
    running.batches.use(settings.keep_days, settings.keep_names)
    running.inference_queue.use(context)
    if running.camera:
        running.camera.use(context)
    if anew or settings.events != running.settings.events:
        running.hub.configure(settings.events)
    return replace(running, settings=settings, context=context)
