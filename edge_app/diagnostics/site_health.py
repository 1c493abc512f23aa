"""Whether the site's calibration file is one that programs here take."""

from pathlib import Path

from edge_app.diagnostics.health import FAULT, OK, HealthCheck
from edge_app.errors import EdgeError
from edge_app.install import site_file
from edge_app.model import model_file
from edge_app.screening import phrasing


def check(model: Path, path: Path | None) -> HealthCheck:
    """Say whose thresholds count: those of the site's calibration file, if it is valid for this model, or the model's.

    Args:
        model: its file.
        path: of the calibration; None where the device uses none.
    """
    if path is None:
        return HealthCheck("site", OK, "no calibration file of this site is in use: the thresholds are the model's own")
    try:
        site = site_file.applied(model_file.read(model), path).card.site
    except EdgeError as error:
        return HealthCheck("site", FAULT, str(error))
    return HealthCheck("site", OK, phrasing.of_site(site))
