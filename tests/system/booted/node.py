"""Steps of job.py: the service of the DICOM node."""

import os
import signal
import time

from tests.system.booted.system import CONF, FILMS, STORE, count, run, say, show, until

NODE, TITLE, PORT = "covid-xray-dicom.service", "BOOTED", 11113
# The name of the patient in the headers of the films (`tests.support.dicom_node.NAME`): no journal may show it.
PATIENT = "Canary"
# The seconds that the unit's TimeoutStopSec allows for a stop.
STOP = 30
# What is run by the program's own Python, which has pynetdicom: a modality that sends films.
SENDS = f"""
import sys
from pydicom import dcmread
from pynetdicom import AE
ae = AE("XRAYROOM1")
for path in sys.argv[1:]:
    film = dcmread(path, stop_before_pixels=True)
    ae.add_requested_context(film.SOPClassUID, film.file_meta.TransferSyntaxUID)
assoc = ae.associate("127.0.0.1", {PORT}, ae_title="{TITLE}")
assert assoc.is_established
answers = [assoc.send_c_store(path).Status for path in sys.argv[1:]]
assoc.release()
assert answers == [0] * len(answers), answers
"""


def networked() -> None:
    """The node is what its configuration says, answers, judges what it is sent, dies, restarts and stops."""
    before, done = CONF.read_text(), count()
    asked = before.replace("DICOM_AE_TITLE=COVIDXRAY", f"DICOM_AE_TITLE={TITLE}")
    CONF.write_text(asked.replace("DICOM_PORT=11112", f"DICOM_PORT={PORT}"))
    run("systemctl", "start", NODE)
    listening = {line.split()[3] for line in run("ss", "-Hltn").splitlines()}
    assert f"127.0.0.1:{PORT}" in listening, listening
    assert all(one.startswith("127.0.0.1:") for one in listening), listening
    echoed()
    films = [str(path) for path in sorted((FILMS / "dicom").iterdir())]
    sent(films[:1])
    until(lambda: count() == done + 1, "the verdict on a film that was sent")
    restarts = int(show("NRestarts", NODE))
    sent(films[1:])
    os.kill(int(show("MainPID", NODE)), signal.SIGKILL)
    until(lambda: int(show("NRestarts", NODE)) > restarts, "a restart of the node")
    until(lambda: count() == done + len(films), "the verdicts on films that a killed node had acknowledged")
    until(lambda: show("ActiveState", NODE) == "active", "the node after it was killed")
    echoed()
    left = list((STORE.parent / "dicom").rglob("*.dcm"))
    assert left == [], left
    began = time.monotonic()
    run("systemctl", "stop", NODE)
    took = time.monotonic() - began
    CONF.write_text(before)
    assert took < STOP, took
    assert show("Result", NODE) == "success", show("Result", NODE)
    journal = run("journalctl", "-u", NODE, "--no-pager", "-o", "cat")
    assert PATIENT not in journal
    assert f"Listening as {TITLE} at 127.0.0.1:{PORT}." in journal, journal
    say(
        f"the DICOM node: answered C-ECHO, judged {len(films)} films by C-STORE, {len(films) - 1} of which it had just "
        f"acknowledged when it was killed; stopped in {took:.1f} s"
    )


def echoed() -> None:
    """The node answers C-ECHO."""
    said = run("covid-xray", "dicom-node", "--test", f"{TITLE}@127.0.0.1:{PORT}")
    assert "ok   C-ECHO: answered" in said, said


def sent(films: list[str]) -> None:
    """Send films to the node; each is acknowledged."""
    run("/opt/covid-xray/current/bin/python", "-c", SENDS, *films)
