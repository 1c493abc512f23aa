"""Orthanc as a DICOMweb client that posts to the node, as a server that it pulls from, and as a reader of results."""

import datetime
import json
import re
import sqlite3
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

from tests.support import dicom_node, dicom_web, orthanc
from tests.support.dicom_node import film, until
from tests.support.dicom_web import RELATED
from tests.support.orthanc import PASSWORD, USER, Orthanc

pytestmark = orthanc.web_needed
TODAY, LONG_AGO = f"{datetime.date.today():%Y%m%d}", "20200101"


@pytest.fixture
def ports():
    """Return free ports of the node: of DICOM and of DICOMweb."""
    return dicom_node.free_port(), dicom_node.free_port()


@pytest.fixture
def state(tmp_path):
    return tmp_path / "state"


@pytest.fixture
def start(tmp_path, ports):
    """Return a function that starts an Orthanc which knows the node under a token."""
    begun = []

    def started(token: str, **more) -> Orthanc:
        web = {"Url": f"http://127.0.0.1:{ports[1]}/dicom-web/", "Username": "orthanc", "Password": token}
        begun.append(Orthanc(tmp_path / f"orthanc{len(begun)}", ports[0], web=web, **more).start())
        return begun[-1]

    yield started
    for one in begun:
        one.stop()


@pytest.fixture
def credentials(tmp_path):
    path = tmp_path / "credentials"
    path.write_text(f"{USER}:{PASSWORD}\n")
    path.chmod(0o640)
    return path


def judged(store: Path) -> int:
    """Return how many films are in a store."""
    if not store.exists():
        return 0
    with closing(sqlite3.connect(store, timeout=30)) as base:
        return base.execute("SELECT count(*) FROM films").fetchone()[0]


def running(tmp_path, state, ports, *words):
    words = ("--store", tmp_path / "results.sqlite", "--web-port", ports[1], *words)
    return dicom_node.running(state, *words, port=ports[0])


def kept(pacs: Orthanc, tmp_path: Path, *numbers: int, **elements) -> list[str]:
    """Have Orthanc hold films; return its names of them."""
    paths = [film(tmp_path / f"{number}.dcm", number, **elements) for number in numbers]
    return [pacs.post("/instances", path.read_bytes())["ID"] for path in paths]


def hook(port: int, token: str, **uids: str) -> int:
    """Tell the node of what it may pull, as a PACS does; return the status."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    address = f"http://127.0.0.1:{port}/dicom-web/pull"
    try:
        with urllib.request.urlopen(urllib.request.Request(address, json.dumps(uids).encode(), headers)) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def test_orthanc_posts_films_and_only_with_the_token(tmp_path, state, ports, start):
    token = dicom_web.token(state, "--new-token")
    pacs, stranger = start(token), start("wrong")
    with running(tmp_path, state, ports) as node:
        films = kept(pacs, tmp_path, 1, 2, 3)
        answer = pacs.post("/dicom-web/servers/node/stow", {"Resources": films, "Synchronous": True})
        assert int(answer["InstancesCount"]) == 3
        until(lambda: judged(tmp_path / "results.sqlite") == 3)
        pacs.post("/dicom-web/servers/node/stow", {"Resources": films, "Synchronous": True})
        with pytest.raises(urllib.error.HTTPError):
            stranger.post("/dicom-web/servers/node/stow", {"Resources": kept(stranger, tmp_path, 4)})
        assert node.kill() and judged(tmp_path / "results.sqlite") == 3


def test_films_of_today_are_pulled_once_and_results_go_back(tmp_path, state, ports, start, credentials):
    pacs = start("none")
    kept(pacs, tmp_path, 1, 2, StudyDate=TODAY)
    kept(pacs, tmp_path, 3, StudyDate=LONG_AGO)
    words = ("--pull", pacs.web, "--pull-credentials", credentials, "--send-to", f"PACS@127.0.0.1:{pacs.port}")
    with running(tmp_path, state, ports, *words) as node:
        until(lambda: pacs.get("/statistics")["CountInstances"] == 7)  # three films, two results of two of them
        assert node.kill() and judged(tmp_path / "results.sqlite") == 2
    token = dicom_web.token(state, "--new-token")
    with running(tmp_path, state, ports, *words) as node:
        assert hook(ports[1], "wrong", StudyInstanceUID="1.2") == 401
        # What the PACS tells of is pulled, however old it is; what was pulled before, and results, are not.
        for number in (1, 3):
            assert hook(ports[1], token, StudyInstanceUID=f"1.2.826.0.1.3680043.8.498.{number}.1") == 202
        until(lambda: pacs.get("/statistics")["CountInstances"] == 9)
        assert node.kill() and PASSWORD not in "".join(node.err) and "Canary" not in "".join(node.err)
    assert judged(tmp_path / "results.sqlite") == 3


def test_orthanc_tells_of_a_study_by_the_script_that_the_documents_print(tmp_path, state, ports, start, credentials):
    token, script = dicom_web.token(state, "--new-token"), tmp_path / "tell.lua"
    (printed,) = re.findall(r"```lua\n(.*?)```", (dicom_node.ROOT / "docs/dicomweb.md").read_text(), re.DOTALL)
    address = "https://192.168.1.30:11180"
    assert printed.count(address) == printed.count("TOKEN") == 1
    script.write_text(printed.replace(address, f"http://127.0.0.1:{ports[1]}").replace("TOKEN", token))
    pacs = start(token, LuaScripts=[str(script)], StableAge=1)
    words = ("--pull", pacs.web, "--pull-credentials", credentials, "--pull-minutes", "0")
    with running(tmp_path, state, ports, *words):
        kept(pacs, tmp_path, 1, StudyDate=LONG_AGO)
        until(lambda: judged(tmp_path / "results.sqlite") == 1)


def test_a_pacs_that_is_away_is_waited_for(tmp_path, state, ports, start, credentials):
    pacs = start("none")
    kept(pacs, tmp_path, 1, StudyDate=TODAY)
    pacs.stop()
    with running(tmp_path, state, ports, "--pull", pacs.web, "--pull-credentials", credentials) as node:
        until(lambda: any("the next try is in" in line for line in node.err))
        pacs.start()
        until(lambda: judged(tmp_path / "results.sqlite") == 1)
        until(lambda: any("films are pulled again" in line for line in node.err))


def test_a_wrong_password_is_said_and_written_nowhere(tmp_path, state, ports, start, credentials):
    pacs = start("none")
    credentials.write_text(f"{USER}:Secret1234\n")
    with running(tmp_path, state, ports, "--pull", pacs.web, "--pull-credentials", credentials) as node:
        until(lambda: any("answered 401" in line for line in node.err))
        assert node.kill() and "Secret1234" not in "".join(node.err)


def test_orthanc_finds_and_retrieves_film_and_results_from_the_node(tmp_path, state, ports, start):
    pacs = start(dicom_web.token(state, "--new-reader"))
    with running(tmp_path, state, ports, "--show-days", "1", "--results", "sc,sr,gsps,pdf"):
        sent = urllib.request.Request(f"http://127.0.0.1:{ports[1]}/dicom-web/studies", method="POST")
        sent.data, sent.headers["Content-type"] = dicom_web.body(film(tmp_path / "1.dcm").read_bytes()), RELATED
        urllib.request.urlopen(sent).close()
        study = "1.2.826.0.1.3680043.8.498.1.1"
        asked = {"Uri": f"/studies/{study}/instances", "Arguments": {}}
        until(lambda: len(pacs.post("/dicom-web/servers/node/get", asked) or []) == 5)
        found = pacs.post("/dicom-web/servers/node/get", {"Uri": "/studies", "Arguments": {"StudyInstanceUID": study}})
        assert [one["0020000D"]["Value"] for one in found] == [[study]]
        pacs.post("/dicom-web/servers/node/retrieve", {"Resources": [{"Study": study}], "Synchronous": True})
        until(lambda: pacs.series() == {study: ["DOC", "DX", "OT", "PR", "SR"]})
