"""Orthanc as modality and as PACS: films come from it, results go to it, and each commits itself to the other's."""

import pytest

from tests.support import dicom_node, orthanc
from tests.support.dicom_node import film, until
from tests.support.orthanc import Orthanc

pytestmark = orthanc.needed


@pytest.fixture
def place(tmp_path):
    """Return an Orthanc that runs, and the port of the node that it knows."""
    port = dicom_node.free_port()
    pacs = Orthanc(tmp_path / "orthanc", port).start()
    yield pacs, port
    pacs.stop()


def running(tmp_path, pacs: Orthanc, port: int, *words):
    """Run a node that sends to Orthanc."""
    words = ("--store", tmp_path / "results.sqlite", "--send-to", f"PACS@127.0.0.1:{pacs.port}", *words)
    return dicom_node.running(tmp_path / "state", *words, port=port)


def test_results_are_found_beside_the_film(place, tmp_path):
    pacs, port = place
    kept = [pacs.post("/instances", film(tmp_path / f"{one}.dcm", one).read_bytes())["ID"] for one in range(1, 4)]
    with running(tmp_path, pacs, port, "--results", "sc,sr,pdf,gsps"):
        pacs.post("/modalities/node/store", kept)
        until(lambda: pacs.get("/statistics")["CountInstances"] == 15)
    assert list(pacs.series().values()) == [["DOC", "DX", "OT", "PR", "SR"]] * 3


def test_results_leave_once_orthanc_has_committed_itself_to_them(place, tmp_path):
    pacs, port = place
    kept = pacs.post("/instances", film(tmp_path / "film.dcm").read_bytes())["ID"]
    with running(tmp_path, pacs, port, "--commit") as node:
        pacs.post("/modalities/node/store", [kept])
        until(lambda: pacs.get("/statistics")["CountInstances"] == 3)
        until(lambda: list((tmp_path / "state" / "results").iterdir()) == [])
        assert node.kill() and len(node.err) == 1


@pytest.mark.parametrize(("words", "status"), [(("--keep",), "Success"), ((), "Failure")])
def test_the_node_commits_itself_to_what_it_keeps_and_to_nothing_else(place, tmp_path, words, status):
    pacs, port = place
    kept = pacs.post("/instances", film(tmp_path / "film.dcm").read_bytes())["ID"]
    allow = ("--allow", f"PACS@127.0.0.1:{pacs.port}")
    with dicom_node.running(tmp_path / "state", *allow, *words, port=port):
        pacs.post("/modalities/node/store", [kept])
        asked = pacs.post("/modalities/node/storage-commitment", {"Resources": [kept]})["Path"]
        until(lambda: pacs.get(asked)["Status"] != "Pending")
        assert pacs.get(asked)["Status"] == status
