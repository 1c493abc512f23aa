"""The node posts the results of films to a FHIR server: all of them, once each, whatever is killed on the way."""

import json
import shutil
import signal

import pytest

from tests.support import dicom_node
from tests.support.dicom_node import NAME, film, free_port, until
from tests.support.dicom_node import stored as send
from tests.support.fhir_server import FhirServer, counted
from tests.support.program import one_line, run

pytestmark = pytest.mark.skipif(shutil.which("storescu") is None, reason="needs DCMTK: apt-get install dcmtk")
FILMS = 6


def test_results_are_posted_and_name_no_patient_but_by_id(tmp_path):
    server, login = FhirServer(), tmp_path / "login"
    server.login = "Bearer secret-of-the-site"
    login.write_text("secret-of-the-site\n")
    words = ("--store", tmp_path / "results.sqlite", "--fhir", server.base, "--fhir-login", login)
    with dicom_node.running(tmp_path / "state", *words) as node:
        send(node.port, film(tmp_path / "film.dcm", AccessionNumber="A7"))
        until(lambda: counted(server)[2] == 1)
        assert node.kill(signal.SIGTERM) == 143
    assert counted(server) == (1, 2, 1, 0)
    (report,) = server.of("DiagnosticReport")
    assert report["subject"]["identifier"]["value"] == "P1" and report["basedOn"][0]["identifier"]["value"] == "A7"
    assert NAME not in json.dumps(list(server.kept.values()))
    assert list((tmp_path / "state" / "posts").iterdir()) == []
    assert not any("secret" in line for line in node.err)
    server.close()


def test_none_is_lost_and_none_doubled_while_node_and_server_come_and_go(tmp_path):
    films, port, fhir = [film(tmp_path / f"{n}.dcm", n) for n in range(1, FILMS + 1)], free_port(), free_port()
    words = ("--store", tmp_path / "results.sqlite", "--fhir", f"http://127.0.0.1:{fhir}/fhir")
    with dicom_node.running(tmp_path / "state", *words, port=port) as node:  # the server is away
        send(port, *films[:3])
        until(lambda: any("Results wait" in line for line in node.err))
        node.kill()
    server = FhirServer(fhir)
    server.statuses = ["lost", 503, "lost"]
    with dicom_node.running(tmp_path / "state", *words, port=port) as node:
        send(port, *films[3:])
        until(lambda: counted(server)[2] >= 2)
        node.kill()
    with dicom_node.running(tmp_path / "state", *words, port=port):
        until(lambda: counted(server)[2] == FILMS and not list((tmp_path / "state" / "posts").iterdir()))
    assert counted(server)[:3] == (1, 2 * FILMS, FILMS)
    server.close()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--fhir", "server"), "is not the base address of a FHIR server"),
        (("--fhir-login", "file"), "name it with --fhir URL"),
        (("--fhir", "https://server/fhir", "--fhir-ca", "none.pem"), "--fhir-ca: none.pem cannot be used"),
    ],
)
def test_a_wrong_flag_is_one_sentence(words, said, tmp_path):
    assert said in one_line(run(*words, "--state", tmp_path / "state", command="dicom-node", code=2))
