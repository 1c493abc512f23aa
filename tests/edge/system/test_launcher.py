"""/usr/bin/covid-xray: what it tells the program of the services' places, in a system of its own."""

import os
import subprocess
from pathlib import Path

import pytest

from edge_app.system import places

PROGRAM = '#!/bin/sh\necho "$COVID_XRAY_STORE|${COVID_XRAY_SITE-unset}|$*"\n'


@pytest.fixture
def launched(tmp_path):
    """Return what runs the script with its folders below a test's: (configuration, words, more environment) -> line."""
    script = tmp_path / "covid-xray"
    text = (places.HERE / "covid-xray.sh").read_text()
    for folder in ("/var/lib/covid-xray", "/etc/covid-xray", "/opt/covid-xray/current/bin"):
        (tmp_path / folder[1:]).mkdir(parents=True)
        text = text.replace(f"{folder}/", f"{tmp_path}{folder}/").replace(f"{folder} ", f"{tmp_path}{folder} ")
    script.write_text(text)
    program = tmp_path / "opt/covid-xray/current/bin/covid-xray"
    for path, content in ((program, PROGRAM), (script, text)):
        path.write_text(content)
        path.chmod(0o755)

    def run(configuration: str | None, *words: str, **environment: str) -> str:
        conf = tmp_path / "etc/covid-xray/covid-xray.conf"
        conf.unlink(missing_ok=True)
        if configuration is not None:
            conf.write_text(configuration)
        clean = {name: value for name, value in os.environ.items() if not name.startswith("COVID_XRAY_")}
        done = subprocess.run([script, *words], env=clean | environment, capture_output=True, text=True, check=True)
        assert done.stderr == ""
        return done.stdout.strip()

    return run


def test_the_sites_calibration_is_that_of_the_configuration(launched, tmp_path):
    store = Path(f"{tmp_path}/var/lib/covid-xray/results.sqlite")
    configuration = "# COVID_XRAY_SITE=no\nINBOX=/srv\nCOVID_XRAY_SITE=/etc/covid-xray/clinic.json\n"
    assert launched(configuration, "doctor", "--json") == f"{store}|/etc/covid-xray/clinic.json|doctor --json"
    assert launched("COVID_XRAY_SITE=\n", "doctor") == f"{store}||doctor"
    assert launched(None, "doctor") == f"{store}||doctor"


def test_the_environment_counts_before_the_configuration(launched):
    configuration = "COVID_XRAY_SITE=/etc/covid-xray/clinic.json\n"
    assert launched(configuration, "doctor", COVID_XRAY_SITE="").split("|")[1] == ""
    assert launched(configuration, "doctor", COVID_XRAY_SITE="/other").split("|")[1] == "/other"
