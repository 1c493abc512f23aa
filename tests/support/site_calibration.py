"""A site's calibration file for a model, as `train site-check` writes it, signed or not."""

import json
import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from edge_app.model import model_file, site_calibration
from tests.support.signing import sign

FIGURE = {"value": 0.97, "low": 0.955, "high": 0.985, "n": 300}
BAND = ("sensitivity", "specificity", "suspected_sensitivity", "suspected_specificity", "referred")
POOR = {"value": 0.5, "low": 0.4, "high": 0.6, "n": 100}


def calibration(model_path: Path, covid: tuple[float, float] = (0.2, 0.9), temperature: float = 1.0, **changes) -> dict:
    """Return what a file for a model says, for `refer`: limits of COVID-19 as given, those of pneumonia the model's.

    Args:
        model_path: its file.
        covid: from where COVID-19 is unsure and suspected.
        temperature: of the site.
        changes: fields of the file, in place of what is said here.
    """
    read = model_file.read(model_path)
    findings = {
        "covid": {
            "unsure_from": covid[0],
            "suspected_from": covid[1],
            "patients": 300,
            "support": FIGURE,
            "figures": dict.fromkeys(BAND, FIGURE),
        }
    }
    if "pneumonia" in read.card.operating_points["refer"]:
        low, high = site_calibration.carried(read.card, "refer", "pneumonia", temperature)
        findings["pneumonia"] = {"unsure_from": low, "suspected_from": high, "patients": 0}
    patients = {"covid": 300, "pneumonia": 0, "normal": 250, "other": 20}
    return {
        "format": site_calibration.FORMAT,
        "version": site_calibration.VERSION,
        "site": "Clinic A",
        "made": "2026-11-30T12:00:00+00:00",
        "model": {"name": read.card.name, "sha256": read.sha256},
        "operating_point": "refer",
        "temperature": {"value": temperature, "low": 0.9, "high": 1.1},
        "films": {label: {"films": count, "patients": count} for label, count in patients.items()},
        "findings": findings,
    } | changes


def write(path: Path, content: dict, key: Ed25519PrivateKey | None) -> Path:
    """Write a calibration, and its signature if there is a key; return its path."""
    path.write_text(json.dumps(content))
    return sign(path, key) if key else path


def trust_calibrations(key: Ed25519PrivateKey, name: str = "physicist") -> None:
    """Install a public key that may sign calibrations and nothing else."""
    folder = Path(os.environ["COVID_XRAY_KEYS"]) / "site"
    folder.mkdir(parents=True, exist_ok=True)
    content = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / f"{name}.pub").write_bytes(content)
