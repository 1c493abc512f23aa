"""The node under TLS: DCMTK with a certificate of the site is served, and nobody without."""

import shutil
import socket
import ssl
import subprocess
from pathlib import Path

import pytest

from edge_app.dicom_network import tls
from edge_app.errors import WrongUsage
from tests.support import dicom_node, dicom_tls
from tests.support.dicom_node import TITLE, film, until
from tests.support.program import run

pytestmark = pytest.mark.skipif(shutil.which("storescu") is None, reason="needs DCMTK: apt-get install dcmtk")
AT_MOST = 100


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Return the certificates of a site, and those of a stranger."""
    folder = tmp_path_factory.mktemp("site")
    found = dicom_tls.authority(folder / "own", "node", "room")
    return found | {"stranger": dicom_tls.authority(folder / "other", "room")["room"]}


def flags(site) -> list:
    pair = site["node"]
    return ["--tls-cert", pair.certificate, "--tls-key", pair.key, "--tls-ca", site["ca"].certificate]


def echo(port: int, *words) -> bool:
    """Say whether DCMTK gets an answer."""
    line = ["echoscu", "-to", "10", "-aec", TITLE, *map(str, words), "127.0.0.1", str(port)]
    return subprocess.run(line, capture_output=True, check=False, timeout=AT_MOST).returncode == 0


def test_only_nodes_of_the_site_are_served(site, tmp_path):
    room, stranger, authority = site["room"], site["stranger"], site["ca"].certificate
    with dicom_node.running(tmp_path / "state", *flags(site)) as node:
        assert echo(node.port, "+tls", room.key, room.certificate, "+cf", authority)
        assert not echo(node.port)
        assert not echo(node.port, "+tls", stranger.key, stranger.certificate, "+cf", authority)
        assert not echo(node.port, "+tla", "+cf", authority)  # shows no certificate
        assert echo(node.port, "+tls", room.key, room.certificate, "+cf", authority)
    assert any("connection closed (no TLS as this node asks for)" in line for line in node.err)


def test_a_peer_that_never_shakes_hands_stops_nobody(site, tmp_path):
    room, authority = site["room"], site["ca"].certificate
    with dicom_node.running(tmp_path / "state", *flags(site)) as node:
        silent = [socket.create_connection(("127.0.0.1", node.port)) for _ in range(4)]
        assert echo(node.port, "+tls", room.key, room.certificate, "+cf", authority)
        for one in silent:
            one.close()


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
@pytest.mark.parametrize(("most", "is_good"), [(ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_1, False)])
def test_versions_are_those_of_bcp_195(site, tmp_path, most, is_good):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version, context.maximum_version = ssl.TLSVersion.MINIMUM_SUPPORTED, most
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.load_verify_locations(site["ca"].certificate)
    context.load_cert_chain(*site["room"])
    with dicom_node.running(tmp_path / "state", *flags(site)) as node:
        plain = socket.create_connection(("127.0.0.1", node.port), AT_MOST)
        try:
            with context.wrap_socket(plain, server_hostname="127.0.0.1") as connection:
                assert is_good
                assert "ECDHE" in connection.cipher()[0]
        except (ssl.SSLError, OSError):
            assert not is_good
        finally:
            plain.close()


def test_results_are_sent_under_tls_to_a_pacs_that_the_site_trusts(site, tmp_path):
    port, taken, room = dicom_node.free_port(), tmp_path / "taken", site["room"]
    taken.mkdir()
    line = ["storescp", "-aet", "PACS", "-od", str(taken), "+tls", str(room.key), str(room.certificate)]
    pacs = subprocess.Popen([*line, "+cf", str(site["ca"].certificate), str(port)])
    words = [*flags(site), "--send-tls", "--send-to", f"PACS@127.0.0.1:{port}"]
    try:
        with dicom_node.running(tmp_path / "state", *words) as node:
            send = ["storescu", "+tls", str(room.key), str(room.certificate), "+cf", str(site["ca"].certificate)]
            send += ["-aec", TITLE, "127.0.0.1", str(node.port), str(film(tmp_path / "film.dcm"))]
            assert subprocess.run(send, check=False, timeout=AT_MOST).returncode == 0
            until(lambda: len(list(taken.iterdir())) == 2)
        done = run("--test", f"PACS@127.0.0.1:{port}", *words[:-2], command="dicom-node")
        assert "PACS accepts COVIDXRAY under TLS" in done.stdout
        done = run("--test", f"PACS@127.0.0.1:{port}", command="dicom-node", code=1)
        assert "whether it asks for TLS" in done.stdout
    finally:
        pacs.kill()
        pacs.wait()


def test_files_go_together():
    assert tls.of_flags(None, None, None) is None
    for words in ((Path("a"), None, None), (None, Path("a"), None), (None, None, Path("a"))):
        with pytest.raises(WrongUsage, match="name both"):
            tls.of_flags(*words)
