"""What is acknowledged, and what is answered of data sets that are damaged or are not what the command says."""

import hashlib

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.filewriter import write_file_meta_info
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)
from pynetdicom.dsutils import create_file_meta, encode

from edge_app.dicom_network import services
from edge_app.dicom_network.guard import Arrived
from edge_app.dicom_network.intake import Intake, is_uid
from edge_app.dicom_network.ledger import Ledger
from tests.support.damage import damage
from tests.support.dicom_node import film

UID, DX = "1.2.826.0.1.3680043.8.498.1", "1.2.840.10008.5.1.4.1.1.1.1"
SYNTAXES = (ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian)
ANSWERS = {services.SUCCESS, services.NOT_OF_CLASS, services.CANNOT_UNDERSTAND, services.OTHER_CONTENT}


@pytest.fixture
def ledger(tmp_path):
    found = Ledger(tmp_path / "node", services.USUAL)
    yield found
    found.close()


@pytest.fixture
def take(ledger):
    """Return a function that has a data set taken as it comes from the network."""

    def taken(content: bytes, uid: str = UID, sop_class: str = DX, syntax=ExplicitVRLittleEndian, whole=True) -> int:
        path = ledger.arriving / "arrived.dcm"
        with path.open("wb") as file:
            file.write(bytes(128) + b"DICM")
            write_file_meta_info(
                file, create_file_meta(sop_class_uid=DX, sop_instance_uid="1.2", transfer_syntax=syntax)
            )
            file.write(content)
        arrived = Arrived(hashlib.sha256(content).hexdigest(), whole)
        return Intake(ledger).take(path, arrived, uid, sop_class, syntax)

    return taken


def data_set(tmp_path, syntax=ExplicitVRLittleEndian, **elements) -> bytes:
    """Return the bytes of a film's data set, as a peer sends them."""
    found = dcmread(film(tmp_path / "film.dcm", **elements))
    return encode(found, syntax.is_implicit_VR, syntax.is_little_endian, syntax.is_deflated)


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda one: one.name)
def test_a_film_is_taken_once_in_every_syntax(take, ledger, tmp_path, syntax):
    content = data_set(tmp_path, syntax)
    assert take(content, syntax=syntax) == services.SUCCESS
    assert take(content, syntax=syntax) == services.SUCCESS
    ((_, path),) = ledger.waiting(0)
    assert path.read_bytes().endswith(content)


def test_other_bytes_are_refused_and_another_syntax_is_the_same_film(take, ledger, tmp_path):
    assert take(data_set(tmp_path)) == services.SUCCESS
    assert take(data_set(tmp_path, ViewPosition="AP")) == services.OTHER_CONTENT
    implicit = data_set(tmp_path, ImplicitVRLittleEndian)
    assert take(implicit, syntax=ImplicitVRLittleEndian) == services.SUCCESS
    assert len(ledger.waiting(0)) == 1


def test_what_is_not_what_the_command_says_is_not_taken(take, ledger, tmp_path):
    content = data_set(tmp_path)
    assert take(content, uid="1.2.3") == services.NOT_OF_CLASS
    assert take(content, sop_class="1.2.840.10008.5.1.4.1.1.1") == services.NOT_OF_CLASS
    for uid in ("", "../../etc/passwd", "1.2.3\0", "1" * 65):
        assert take(content, uid=uid) == services.CANNOT_UNDERSTAND
    assert take(content, whole=False) == services.OUT_OF_RESOURCES
    assert take(b"") == services.NOT_OF_CLASS
    assert ledger.waiting(0) == []


@pytest.mark.parametrize("vr", [b"US", b"FD", b"AT", b"PN"])
def test_a_uid_of_another_vr_is_taken_from_its_bytes(take, tmp_path, vr):
    content = data_set(tmp_path)
    assert content.count(b"\x08\0\x18\0UI") == 1
    assert take(content.replace(b"\x08\0\x18\0UI", b"\x08\0\x18\0" + vr)) == services.SUCCESS


def test_a_character_set_that_cannot_be_converted_is_damage(take, tmp_path):
    content = data_set(tmp_path, SpecificCharacterSet="ISO_IR 192")
    assert take(content.replace(b"\x08\0\x05\0CS", b"\x08\0\x05\0FL")) == services.CANNOT_UNDERSTAND


def test_a_command_without_a_data_set_is_not_taken(ledger, tmp_path):
    assert Intake(ledger).take(tmp_path / "none", None, UID, DX, ExplicitVRLittleEndian) == services.CANNOT_UNDERSTAND


def test_a_disk_that_cannot_be_written_is_out_of_resources(take, ledger, tmp_path):
    content = data_set(tmp_path)
    ledger.received.rmdir()
    assert take(content) == services.OUT_OF_RESOURCES
    ledger.received.mkdir()
    assert take(content) == services.SUCCESS


@pytest.mark.filterwarnings("ignore::UserWarning")  # of pydicom, which the node tells nobody
@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda one: one.name)
def test_damaged_data_sets_are_always_answered_and_write_nowhere_else(take, tmp_path, syntax):
    content, rng = data_set(tmp_path, syntax)[:2000], np.random.default_rng(7)
    before = {path for path in tmp_path.rglob("*") if path.parent.name not in ("received", "arriving")}
    answers = {take(damage(content, rng), syntax=syntax) for _ in range(300)}
    assert answers <= ANSWERS
    assert len(answers) > 2
    after = {path for path in tmp_path.rglob("*") if path.parent.name not in ("received", "arriving")}
    assert after == before


@pytest.mark.parametrize(("text", "is_one"), [("1.2.3", True), ("", False), ("1.2/3", False), ("1" * 64, True)])
def test_uids(text, is_one):
    assert is_uid(text) == is_one
