"""STOW-RS: what is stored, and what is answered of what is not."""

import io

import pytest
from pydicom import dcmread
from werkzeug.test import Client

from edge_app.dicom_network import services
from edge_app.dicom_network.ledger import Ledger
from edge_app.dicomweb.access import Access
from edge_app.dicomweb.app import App
from edge_app.dicomweb.received import NO_SUCH_CLASS, NO_SUCH_SYNTAX, Receiver
from edge_app.dicomweb.stow import Stow
from tests.support.dicom_node import film
from tests.support.dicom_web import RELATED, body, reasons, stored

STUDIES = "/dicom-web/studies"
UIDS = [f"1.2.826.0.1.3680043.8.498.{number}" for number in range(4)]


@pytest.fixture
def ledger(tmp_path):
    found = Ledger(tmp_path / "node", services.USUAL._replace(instance=300_000))
    yield found
    found.close()


@pytest.fixture
def said():
    """Return what the journal was told."""
    return []


@pytest.fixture
def post(ledger, tmp_path, said):
    """Return a function that posts a body; `post.has_room` is whether the disk has room for it."""

    def posted(content: bytes, path: str = STUDIES, kind: str = RELATED, **options):
        access = Access(tmp_path / "node", is_alone=True)
        app = App(Stow(Receiver(ledger), said.append), access, 1_000_000, lambda size: posted.has_room, said.append)
        return Client(app).post(path, data=content, content_type=kind, **options)

    posted.has_room = True
    return posted


def films(tmp_path, count: int) -> list[bytes]:
    """Return films as they lie in files."""
    return [film(tmp_path / f"{number}.dcm", number).read_bytes() for number in range(count)]


def damaged(content: bytes, **meta: str) -> bytes:
    """Return a film with other values in its meta information."""
    found, file = dcmread(io.BytesIO(content)), io.BytesIO()
    for name, value in meta.items():
        setattr(found.file_meta, name, value)
    found.save_as(file, enforce_file_format=False)
    return file.getvalue()


def test_films_are_stored_and_named_in_the_answer(post, ledger, tmp_path):
    sent = films(tmp_path, 3)
    answer = post(body(*sent))
    assert (answer.status_code, answer.content_type) == (200, "application/dicom+json")
    assert stored(answer.json) == UIDS[:3] and reasons(answer.json) == []
    assert [path.read_bytes() for _, path in ledger.waiting(0)] == sent
    assert list(ledger.arriving.iterdir()) == []


def test_what_came_before_is_stored_once_and_other_content_is_a_conflict(post, ledger, tmp_path, said):
    (first,) = films(tmp_path, 1)
    other = film(tmp_path / "other.dcm", 0, StudyDescription="another").read_bytes()
    assert [post(body(first)).status_code for _ in range(2)] == [200, 200]
    answer = post(body(other))
    assert (answer.status_code, reasons(answer.json)) == (409, [services.OTHER_CONTENT])
    assert len(ledger.waiting(0)) == 1
    assert [line for line in said if "0xC111" in line] and not [line for line in said if "Canary" in line]


def test_a_film_that_came_by_c_store_is_known(post, ledger, tmp_path):
    (content,) = films(tmp_path, 1)
    post(body(content))
    ((number, _),) = ledger.waiting(0)
    ledger.judged(number)
    assert post(body(content)).status_code == 200
    assert ledger.waiting(0) == []


def test_each_instance_has_its_own_reason(post, ledger, tmp_path):
    first, second, third = films(tmp_path, 3)
    answer = post(
        body(
            first,
            b"no film",
            damaged(second, MediaStorageSOPClassUID="1.2.840.10008.5.1.4.1.1.2"),
            second.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.7\0", 1),
            damaged(second, MediaStorageSOPInstanceUID="1.2.3"),
            third[:200],
        )
    )
    assert answer.status_code == 202
    assert stored(answer.json) == UIDS[:1]
    expected = [services.CANNOT_UNDERSTAND, NO_SUCH_CLASS, NO_SUCH_SYNTAX, services.NOT_OF_CLASS]
    assert reasons(answer.json) == [*expected, services.CANNOT_UNDERSTAND]
    assert len(ledger.waiting(0)) == 1 and list(ledger.arriving.iterdir()) == []


def test_a_study_of_the_address_must_be_that_of_the_film(post, tmp_path):
    (content,) = films(tmp_path, 1)
    answer = post(body(content), f"{STUDIES}/1.2.3")
    assert (answer.status_code, reasons(answer.json)) == (409, [services.NOT_OF_CLASS])
    assert post(body(content), f"{STUDIES}/{UIDS[0]}.1").status_code == 200


def test_a_film_that_is_too_large_is_out_of_resources(post, tmp_path):
    small, large = films(tmp_path, 1)[0], film(tmp_path / "large.dcm", 2, (600, 600)).read_bytes()
    answer = post(body(large))
    assert (answer.status_code, reasons(answer.json)) == (503, [services.OUT_OF_RESOURCES])
    assert answer.headers["Retry-After"]
    assert post(body(small, large)).status_code == 202
    assert post(body(*[large] * 4)).status_code == 413


def test_a_full_disk_is_answered(post, ledger, tmp_path):
    (content,) = films(tmp_path, 1)
    post.has_room = False
    assert post(body(content)).status_code == 503
    post.has_room = True
    ledger.received.rmdir()
    answer = post(body(content))
    assert (answer.status_code, reasons(answer.json)) == (503, [services.OUT_OF_RESOURCES])
    ledger.received.mkdir()
    assert post(body(content)).status_code == 200


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/dicom", 415),
        ("", 415),
        ('multipart/related; type="application/dicom+json"; boundary=x', 415),
        ('multipart/related; type="application/dicom"', 400),
        ('multipart/related; type="application/dicom"; boundary=other', 400),
        (RELATED.upper().replace("FILMS-OF-A-TEST", "films-of-a-test"), 200),
    ],
)
def test_other_media_types_and_bodies_are_refused(post, ledger, tmp_path, kind, status):
    assert post(body(*films(tmp_path, 1)), kind=kind).status_code == status
    assert len(ledger.waiting(0)) == (status == 200)


@pytest.mark.parametrize("length", [0, 20, 60, 3000, -5])
def test_a_body_that_breaks_off_stores_nothing(post, ledger, tmp_path, length):
    assert post(body(*films(tmp_path, 2))[:length]).status_code == 400
    assert ledger.waiting(0) == []


def test_parts_of_another_kind_and_too_many_are_refused(post, ledger, tmp_path):
    sent = films(tmp_path, 1)
    assert post(body(*sent, kind="image/jpeg")).status_code == 415
    assert post(body(*[b""] * 1001)).status_code == 400
    assert post(body(*sent), headers={"Accept": "application/dicom+xml"}).status_code == 406
    assert ledger.waiting(0) == []


@pytest.mark.filterwarnings("ignore::UserWarning")  # of pydicom, which the node tells nobody
def test_mutated_bodies_are_always_answered_and_leave_nothing(post, ledger, tmp_path):
    (content,) = films(tmp_path, 1)
    whole, places = body(content[:1500]), range(0, 1600, 7)
    answers = {post(whole[:place] + bytes([place % 251, 255, 13]) + whole[place + 3 :]).status_code for place in places}
    assert answers <= {200, 202, 400, 409, 415}
    assert list(ledger.arriving.iterdir()) == []
