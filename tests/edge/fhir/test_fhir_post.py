"""Posting to a FHIR server: taken once, told apart what another try can help, and sent nowhere else."""

import ssl

import pytest

from edge_app.errors import WrongUsage
from edge_app.fhir import server as server_
from edge_app.fhir.post import NotPosted, post
from tests.support import dicom_tls
from tests.support.fhir_server import FhirServer

BUNDLE = {"resourceType": "Bundle", "type": "transaction", "entry": []}


@pytest.fixture
def server():
    found = FhirServer()
    yield found
    found.close()


def refused(server: FhirServer, status: int) -> NotPosted:
    """Return what is said of an answer."""
    server.statuses = [status]
    with pytest.raises(NotPosted, match=f"answered {status}; 200 is needed; ") as found:
        post(BUNDLE, server.base)
    return found.value


def test_a_transaction_arrives_whole(server):
    post(BUNDLE, f"{server.base}/", login="secret")
    (headers,) = server.requests
    assert headers["content-type"] == "application/fhir+json" and headers["authorization"] == "Bearer secret"


def test_a_user_and_a_password_are_sent_as_basic_authentication(server):
    post(BUNDLE, server.base, login="Aladdin:open sesame")
    assert server.requests[0]["authorization"] == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="  # RFC 7617 2


@pytest.mark.parametrize(
    ("status", "lasting", "misdirected"),
    [(400, True, False), (412, True, False), (422, True, False), (401, False, True), (403, False, True),
     (404, False, True), (409, False, False), (429, False, False), (503, False, False)],
)  # fmt: skip
def test_a_refusal_says_whether_another_try_can_help(server, status, lasting, misdirected):
    found = refused(server, status)
    assert (found.lasting, found.misdirected, found.answered) == (lasting, misdirected, True)


def test_a_server_says_how_long_to_wait(server):
    server.headers = {"Retry-After": "7"}
    assert refused(server, 503).wait == 7


def test_a_redirection_is_not_followed(server):
    server.headers = {"Location": "/elsewhere"}
    assert refused(server, 307).misdirected
    assert len(server.requests) == 1


def test_a_page_that_is_not_of_a_fhir_server_takes_nothing(server):
    server.statuses = [200]
    with pytest.raises(NotPosted, match="is not a transaction-response") as found:
        post(BUNDLE, server.base)
    assert found.value.misdirected and not found.value.lasting


def test_an_answer_that_is_lost_is_tried_again(server):
    server.statuses = ["lost"]
    with pytest.raises(NotPosted, match="cannot be reached") as found:
        post(BUNDLE, server.base)
    assert not found.value.lasting and not found.value.answered


def test_a_server_that_is_away_is_tried_again(server):
    base = server.base
    server.close()
    with pytest.raises(NotPosted, match=r"cannot be reached .*; it is tried again") as away:
        post(BUNDLE, base, patience=5)
    assert away.value.lasting is False


def test_another_kind_of_address_is_refused():
    with pytest.raises(NotPosted, match="https:// and http:// are allowed") as refused:
        post(BUNDLE, "file:///etc/passwd")
    assert refused.value.misdirected


def test_only_a_server_with_a_certificate_of_the_site_is_posted_to(tmp_path):
    site, other = dicom_tls.authority(tmp_path / "site", "fhir"), dicom_tls.authority(tmp_path / "other")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(site["fhir"].certificate, site["fhir"].key)
    server = FhirServer(tls=context)
    server_.of_flags(server.base, None, site["ca"].certificate).post(BUNDLE)
    assert len(server.requests) == 1
    with pytest.raises(NotPosted, match="certificate verify failed"):
        server_.of_flags(server.base, None, other["ca"].certificate).post(BUNDLE)
    assert len(server.requests) == 1
    server.close()


def test_a_login_that_is_renewed_is_used_at_the_next_try(server, tmp_path):
    server.login, file = "Bearer new", tmp_path / "login"
    file.write_text("old\n")
    target = server_.of_flags(server.base, file, None)
    with pytest.raises(NotPosted, match="answered 401; 200 is needed; see the address, the login"):
        target.post(BUNDLE)
    file.write_text("new\n")
    target.post(BUNDLE)
    file.unlink()
    with pytest.raises(NotPosted, match="cannot be read") as found:
        target.post(BUNDLE)
    assert found.value.misdirected


@pytest.mark.parametrize(
    "base",
    ["server/fhir", "ftp://server/fhir", "https://user:password@server/fhir", "https://server/fhir?x=1", "http://",
     "https://server:port/fhir"],
)  # fmt: skip
def test_an_address_that_is_none_of_a_server_is_refused_and_its_password_not_told(base):
    with pytest.raises(WrongUsage, match="--fhir: is not the base address") as found:
        server_.of_flags(base, None, None)
    assert "password@" not in str(found.value)


def test_files_that_cannot_be_used_are_refused(tmp_path):
    empty = tmp_path / "empty"
    empty.write_text("\n")
    for login, said in ((tmp_path / "none", "cannot be read"), (empty, "holds no login")):
        with pytest.raises(WrongUsage, match=said):
            server_.of_flags("https://server/fhir", login, None)
    with pytest.raises(WrongUsage, match=r"--fhir-ca: .* cannot be used"):
        server_.of_flags("https://server/fhir", None, empty)
    with pytest.raises(WrongUsage, match="name it with --fhir URL"):
        server_.of_flags(None, empty, None)
    assert server_.of_flags(None, None, None) is None
