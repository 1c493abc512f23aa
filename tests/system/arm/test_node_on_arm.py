"""The DICOM node on a Pi's processor: it answers C-ECHO, and judges a film that comes by C-STORE.

`make test-arm`; root, and `make bundle` for each system.
"""

import json

from tests.support import dicom_node
from tests.system.arm.pi import PREFIX

# Runs there, in the installed environment: a network is its process's own, so node and modality are started by one.
TALK = f"""
import json, sqlite3, subprocess, sys, time
from pydicom import dcmread
from pynetdicom import AE
words = ["{PREFIX}/current/bin/covid-xray", "dicom-node", "--state", "/tmp/node", "--store", "/tmp/r.sqlite"]
node = subprocess.Popen([*words, "--port", "11112"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
assert any("Listening as COVIDXRAY" in line for line in node.stderr)
film, ae = dcmread("/work/film.dcm"), AE("XRAYROOM1")
ae.add_requested_context("1.2.840.10008.1.1")
ae.add_requested_context(film.SOPClassUID, film.file_meta.TransferSyntaxUID)
assoc = ae.associate("127.0.0.1", 11112, ae_title="COVIDXRAY")
statuses = [assoc.send_c_echo().Status, assoc.send_c_store(film).Status]
assoc.release()
end, rows = time.monotonic() + 300, []
while not rows and time.monotonic() < end:
    time.sleep(0.2)
    rows = sqlite3.connect("/tmp/r.sqlite").execute("SELECT verdict, error FROM films").fetchall()
node.terminate()
print(json.dumps([statuses, rows, node.wait()]))
"""


def test_it_answers_an_echo_and_judges_a_film(pi):
    dicom_node.film(pi.root / "work/film.dcm", size=(300, 280))
    (pi.root / "work/talk.py").write_text(TALK)
    said = pi.run(f"{PREFIX}/current/bin/python", "/work/talk.py").stdout
    statuses, rows, code = json.loads(said.splitlines()[-1])
    print(f"\nPython {pi.python}, emulated: {rows}")
    assert statuses == [0, 0]
    assert [error for _, error in rows] == [None]
    assert code == 143
