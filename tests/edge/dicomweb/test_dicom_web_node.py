"""The node's HTTP side as it runs: its port, its tokens, TLS, and what is loaded for whom."""

import http.client
import json
import ssl
import subprocess
import sys

import pytest
from dicomweb_client.web import DICOMwebClient
from pydicom import dcmread
from requests import HTTPError, Session

from edge_app.commands.cli import parser
from edge_app.errors import WrongUsage
from edge_app.web.http import tls
from tests.support import dicom_node, dicom_web
from tests.support.dicom_node import NAME, ROOT, film, until
from tests.support.dicom_web import RELATED
from tests.support.program import run

WEB = ("--web-port", "0")
UID = "1.2.826.0.1.3680043.8.498.1"
# Bytes of a large body that nobody wants: more than a socket takes before somebody reads.
LARGE = 30_000_000


@pytest.fixture
def state(tmp_path):
    return tmp_path / "state"


def client(port: int, token: str = "") -> DICOMwebClient:
    """Return a client with a token."""
    session = Session()
    if token:
        session.headers["Authorization"] = f"Bearer {token}"
    return DICOMwebClient(f"http://127.0.0.1:{port}/dicom-web", session)


def post(connection: http.client.HTTPConnection, content: bytes, token: str = "", path: str = "studies") -> tuple:
    """Post a body; return status and data set of the answer."""
    headers = {"Content-Type": RELATED} | ({"Authorization": f"Bearer {token}"} if token else {})
    connection.request("POST", f"/dicom-web/{path}", content, headers)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, json.loads(text) if text.startswith(b"{") else text


def test_a_client_posts_films_and_a_viewer_is_shown_them_with_their_results(state, tmp_path):
    reader = dicom_web.token(state, "--new-reader")
    films = [dcmread(film(tmp_path / f"{number}.dcm", number, (900, 700))) for number in (1, 2)]
    with dicom_node.running(state, *WEB, "--show-days", "1") as node:
        port = dicom_web.port(node)
        answer = client(port).store_instances(films)  # chunked, since it is large
        assert [one.ReferencedSOPInstanceUID for one in answer.ReferencedSOPSequence] == [UID, f"{UID[:-1]}2"]
        viewer = client(port, reader)
        until(lambda: len(viewer.search_for_instances()) == 6)
        assert len(viewer.search_for_studies()) == 2
        kinds = {one["00080060"]["Value"][0] for one in viewer.search_for_series(f"{UID}.1")}
        assert kinds == {"DX", "OT", "SR"}
        assert viewer.retrieve_instance(f"{UID}.1", f"{UID}.2", UID).PixelData == films[0].PixelData
        assert viewer.retrieve_instance_frames(f"{UID}.1", f"{UID}.2", UID, [1]) == [films[0].PixelData]
        with pytest.raises(HTTPError):
            client(port).search_for_studies()
        assert node.kill() and NAME not in "".join(node.err)
    assert list((state / "received").iterdir()) == []
    with dicom_node.running(state):  # without the flag nothing is shown, and nothing stays
        assert list((state / "shown").iterdir()) == []


def test_once_there_is_a_token_senders_need_it_and_large_bodies_are_not_even_received(state, tmp_path):
    content = dicom_web.body(film(tmp_path / "film.dcm").read_bytes())
    with dicom_node.running(state, *WEB) as node:
        connection = http.client.HTTPConnection("127.0.0.1", dicom_web.port(node), timeout=60)
        assert post(connection, content)[0] == 200
        token = dicom_web.token(state, "--new-token")
        assert post(connection, content)[0] == post(connection, content, "wrong")[0] == 401
        assert post(connection, bytes(LARGE))[0] == 401
        assert post(connection, content, token)[0] == 200
        assert post(connection, b"{}", token, "pull")[0] == 404
        run("--state", state, "--forget-token", "test", command="dicom-node")
        assert post(connection, content)[0] == 200


def test_a_body_above_the_limit_is_refused_and_leaves_nothing(state, tmp_path):
    large = dicom_web.body(film(tmp_path / "film.dcm", 1, (900, 700)).read_bytes())
    with dicom_node.running(state, *WEB, "--most-mb", "1") as node:
        connection = http.client.HTTPConnection("127.0.0.1", dicom_web.port(node), timeout=60)
        assert post(connection, large)[0] == 503
        assert post(connection, bytes(LARGE))[0] == 413
        assert post(connection, dicom_web.body(film(tmp_path / "2.dcm", 2).read_bytes()))[0] == 200
        assert list((state / "arriving").iterdir()) == []


def test_without_room_on_the_disk_it_says_so(state, tmp_path):
    with dicom_node.running(state, *WEB, "--least-free-mb", "1000000") as node:
        connection = http.client.HTTPConnection("127.0.0.1", dicom_web.port(node), timeout=60)
        assert post(connection, dicom_web.body(film(tmp_path / "film.dcm").read_bytes()))[0] == 503
        assert post(connection, bytes(LARGE))[0] == 503


def test_tls_with_the_certificate_of_the_site(state, tmp_path):
    paths = tmp_path / "node.pem", tmp_path / "node.key"
    tls.certificate(*paths, frozenset({"localhost"}), ["127.0.0.1"])
    token = dicom_web.token(state, "--new-token")
    flags = ("--tls-cert", paths[0], "--tls-key", paths[1], "--web-host", "0.0.0.0")
    with dicom_node.running(state, *WEB, *flags) as node:
        context = ssl.create_default_context(cafile=str(paths[0]))
        secure = http.client.HTTPSConnection("127.0.0.1", dicom_web.port(node), timeout=60, context=context)
        content = dicom_web.body(film(tmp_path / "film.dcm").read_bytes())
        assert post(secure, content)[0] == 401
        assert post(secure, content, token)[0] == 200
        plain = http.client.HTTPConnection("127.0.0.1", dicom_web.port(node), timeout=60)
        with pytest.raises((http.client.HTTPException, OSError)):
            post(plain, content, token)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--web-port", "0", "--web-host", "0.0.0.0"), "tokens would cross the network in the clear"),
        (("--show-days", "3"), "nothing shows what is kept"),
        (("--pull-credentials", "file"), "there is no PACS to pull from"),
        (("--pull", "https://127.0.0.1/x", "--pull-ca", "/nowhere.pem"), "--pull-ca /nowhere.pem: is not a file"),
        (("--pull", "http://127.0.0.1/x", "--pull-minutes", "0"), "nothing tells of films"),
        (("--pull", "http://a:secret@127.0.0.1/x"), "is not an address"),
        (("--web-port", "0", "--web-origin", "https://viewer.example/path"), "is not an origin"),
        (("--pull", "http://127.0.0.1/x", "--pull-modalities", "cr"), "names no modalities"),
        (("--forget-token", "nobody"), "there is no token 'nobody'"),
    ],
)
def test_flags_that_cannot_be_used_are_named(state, capsys, words, sentence):
    with pytest.raises((WrongUsage, SystemExit)) as caught:
        args = parser("dicom-node").parse_args(["dicom-node", "--state", str(state), *words])
        args.func(args)
    said = f"{caught.value} {capsys.readouterr().err}"
    assert sentence in said and "secret" not in said


def test_who_uses_none_of_it_loads_none_of_it(tmp_path):
    code = (
        "import sys; from pathlib import Path; from edge_app.commands.cli import parser; "
        "from edge_app.commands import dicom_web; from edge_app.dicom_network.ledger import Ledger; "
        "from edge_app.dicom_network.services import USUAL; "
        "args = parser('dicom-node').parse_args(['dicom-node']); "
        f"dicom_web.parts(args, Ledger(Path({str(tmp_path / 'state')!r}), USUAL), print); "
        "print(*({'requests', 'werkzeug', 'waitress', 'dicomweb_client', 'edge_app.dicomweb'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ""
