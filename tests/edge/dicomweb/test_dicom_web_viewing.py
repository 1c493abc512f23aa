"""What viewers are shown, who may see it, and that it is gone when its days are over."""

import io
from email.parser import BytesParser
from types import SimpleNamespace

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian, RLELossless
from werkzeug.test import Client

from edge_app.dicom_network import services
from edge_app.dicom_network.ledger import Ledger
from edge_app.dicomweb import shelf as shelf_module
from edge_app.dicomweb.access import Access
from edge_app.dicomweb.app import App
from edge_app.dicomweb.received import Receiver
from edge_app.dicomweb.shelf import Shelf
from edge_app.dicomweb.stow import Stow
from edge_app.dicomweb.viewing import Viewing
from tests.support.dicom_node import NAME, film

STUDIES, ORIGIN = "/dicom-web/studies", "https://viewer.example"
UID = "1.2.826.0.1.3680043.8.498.1"
INSTANCE = f"{STUDIES}/{UID}.1/series/{UID}.2/instances/{UID}"
WADO = f"/wado?requestType=WADO&studyUID={UID}.1&seriesUID={UID}.2&objectUID={UID}"


@pytest.fixture
def state(tmp_path):
    (tmp_path / "node").mkdir()
    return tmp_path / "node"


@pytest.fixture
def shelf(state):
    found = Shelf(state, 2)
    yield found
    found.close()


@pytest.fixture
def ask(state, shelf):
    """Return a function that asks for an address, with a reader's token; `ask.bare` without."""
    ledger = Ledger(state, services.USUAL)
    access = Access(state, is_alone=True)
    token = access.new_token("viewer", reads=True)
    app = App(Stow(Receiver(ledger), print), access, 1_000_000, lambda size: True, print, Viewing(shelf), origin=ORIGIN)

    def asked(path: str, **headers: str):
        return Client(app).get(path, headers={"Authorization": f"Bearer {token}"} | headers)

    asked.client, asked.access, asked.token = Client(app), access, token
    yield asked
    ledger.close()


def put(shelf: Shelf, tmp_path, number: int = 1, **elements) -> bytes:
    """Put a film on the shelf; return its bytes."""
    path = film(tmp_path / f"{number}.dcm", number, **elements)
    shelf.put(path, [])
    return path.read_bytes()


def part(answer) -> tuple[str, bytes]:
    """Return media type and bytes of the one part of an answer."""
    head = f"Content-Type: {answer.content_type}\r\n\r\n".encode()
    (found,) = BytesParser().parsebytes(head + answer.data).get_payload()
    start = answer.data.index(b"\r\n\r\n") + 4
    return found["Content-Type"], answer.data[start : answer.data.rindex(b"\r\n--", 0, -4)]


def test_an_instance_comes_as_it_is_by_wado_rs_and_wado_uri(ask, shelf, tmp_path):
    sent = put(shelf, tmp_path)
    for path in (INSTANCE, f"{STUDIES}/{UID}.1", f"{STUDIES}/{UID}.1/series/{UID}.2"):
        assert part(ask(path)) == ("application/dicom", sent)
    answer = ask(WADO)
    assert (answer.status_code, answer.content_type, answer.data) == (200, "application/dicom", sent)


def test_metadata_has_all_but_the_pixels(ask, shelf, tmp_path):
    put(shelf, tmp_path)
    (found,) = ask(f"{INSTANCE}/metadata").json
    assert found["00100010"]["Value"] == [{"Alphabetic": NAME}]
    assert found["00280010"]["Value"] == [240]
    assert "7FE00010" not in found


def test_frames_come_uncompressed_in_little_endian_or_as_they_are_coded(ask, shelf, tmp_path):
    data_set = dcmread(io.BytesIO(put(shelf, tmp_path)))
    pixels = data_set.PixelData
    kind, found = part(ask(f"{INSTANCE}/frames/1"))
    assert kind == "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1" and found == pixels
    assert ask(f"{INSTANCE}/frames/2").status_code == 404
    data_set.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    swapped = bytearray(pixels)
    swapped[::2], swapped[1::2] = pixels[1::2], pixels[::2]
    data_set.PixelData = bytes(swapped)
    again = Dataset(data_set)
    again.file_meta = data_set.file_meta
    again.save_as(tmp_path / "big.dcm", enforce_file_format=True, implicit_vr=False, little_endian=False)
    shelf.put(tmp_path / "big.dcm", [])
    assert part(ask(f"{INSTANCE}/frames/1"))[1] == pixels
    coded = dcmread(tmp_path / "1.dcm")
    coded.compress(RLELossless, generate_instance_uid=False)
    coded.save_as(tmp_path / "coded.dcm", enforce_file_format=True)
    shelf.put(tmp_path / "coded.dcm", [])
    kind, found = part(ask(f"{INSTANCE}/frames/1"))
    assert kind == f"image/dicom-rle; transfer-syntax={RLELossless}" and len(found) < len(pixels)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 3),
        ("PatientID=P2", 1),
        ("00100020=P2", 1),
        ("PatientName=canary*", 3),
        ("PatientName=Can[a]ry*", 0),
        ("PatientName=X*", 0),
        (f"StudyInstanceUID={UID}.1", 1),
        (f"StudyInstanceUID={UID}.1,{UID[:-1]}2.1", 2),
        ("StudyDate=20261101-20261130", 3),
        ("StudyDate=20261201-", 0),
        ("ModalitiesInStudy=DX", 3),
        ("ModalitiesInStudy=CR", 0),
        ("limit=2", 2),
        ("limit=2&offset=2", 1),
        ("includefield=all&fuzzymatching=false", 3),
    ],
)
def test_studies_are_searched(ask, shelf, tmp_path, query, count):
    for number in (1, 2, 3):
        put(shelf, tmp_path, number, StudyDate="20261115")
    answer = ask(f"{STUDIES}?{query}")
    assert answer.status_code == (200 if count else 204)
    assert len(answer.json if count else []) == count


def test_series_and_instances_are_searched(ask, shelf, tmp_path):
    put(shelf, tmp_path)
    (study,) = ask(STUDIES).json
    assert study["00201206"]["Value"] == study["00201208"]["Value"] == [1]
    for path in (f"{STUDIES}/{UID}.1/series", f"/dicom-web/series?SeriesInstanceUID={UID}.2"):
        (series,) = ask(path).json
        assert (series["0020000E"]["Value"], series["00080060"]["Value"]) == ([f"{UID}.2"], ["DX"])
    for path in (f"{STUDIES}/{UID}.1/series/{UID}.2/instances", f"{STUDIES}/{UID}.1/instances", "/dicom-web/instances"):
        assert [one["00080018"]["Value"] for one in ask(path).json] == [[UID]]
    assert ask(f"{STUDIES}?Nothing=1").status_code == ask(f"{STUDIES}?limit=some").status_code == 400


def test_what_is_put_again_replaces_what_was_there(ask, shelf, tmp_path):
    put(shelf, tmp_path)
    sent = put(shelf, tmp_path, StudyDescription="again")
    assert part(ask(INSTANCE)) == ("application/dicom", sent)
    assert len(list(shelf.folder.iterdir())) == 1


def test_nothing_is_shown_without_a_readers_token(ask, shelf, tmp_path):
    put(shelf, tmp_path)
    sender = ask.access.new_token("modality", reads=False)
    paths = (STUDIES, INSTANCE, f"{INSTANCE}/metadata", f"{INSTANCE}/frames/1", WADO, f"{STUDIES}/../../etc/passwd")
    for path in paths:
        assert ask.client.get(path).status_code in (401, 404)
        for wrong in (f"Bearer {sender}", "Bearer wrong", f"Basic {ask.token}", "Bearer "):
            answer = ask.client.get(path, headers={"Authorization": wrong})
            assert answer.status_code in (401, 404) and NAME.encode() not in answer.data
    ask.access.forget_token("viewer")
    assert ask(STUDIES).status_code == 401


def test_what_is_not_here_is_not_found(ask, shelf, tmp_path):
    put(shelf, tmp_path)
    for path in (
        f"{STUDIES}/1.2.3",
        f"{STUDIES}/..%2f..%2f",
        f"{INSTANCE}.9",
        WADO.replace(UID, "1.2"),
    ):
        assert ask(path).status_code == 404
    assert ask(WADO.replace("WADO&", "other&")).status_code == ask("/wado").status_code == 400
    assert ask(f"{WADO}&contentType=image/jpeg").status_code == 406
    assert ask(INSTANCE, Accept="image/jpeg").status_code == 406


def test_only_the_viewer_that_was_named_may_read_across_origins(ask, shelf, tmp_path):
    put(shelf, tmp_path)
    assert ask(STUDIES, Origin=ORIGIN).headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "Access-Control-Allow-Origin" not in ask(STUDIES, Origin="https://other.example").headers
    answer = ask.client.options(STUDIES, headers={"Origin": ORIGIN})
    assert (answer.status_code, answer.headers["Access-Control-Allow-Methods"]) == (204, "GET")
    answer = ask.client.options(STUDIES, headers={"Origin": "https://other.example"})
    assert "Access-Control-Allow-Methods" not in answer.headers


def test_a_page_that_calls_this_device_by_a_name_of_its_own_is_turned_away(ask):
    assert ask(STUDIES, Host="evil.example").status_code == 403
    assert ask(STUDIES, Host="127.0.0.1:11180").status_code == ask(STUDIES, Host="[::1]:11180").status_code == 204


def test_it_is_gone_when_its_days_are_over_and_when_nothing_is_shown_any_more(state, tmp_path, monkeypatch):
    shelf, day = Shelf(state, 2), 20_000
    monkeypatch.setattr(shelf_module, "_today", lambda: day)
    put(shelf, tmp_path)
    monkeypatch.setattr(shelf_module, "_today", lambda: day + 2)
    shelf.expire()
    assert len(shelf.find()) == 1
    monkeypatch.setattr(shelf_module, "_today", lambda: day + 3)
    shelf.expire()
    assert shelf.find() == [] and list(shelf.folder.iterdir()) == []
    put(shelf, tmp_path)
    shelf.close()
    Shelf(state, -1).close()
    assert list((state / "shown").iterdir()) == []
    assert NAME.encode() not in b"".join(path.read_bytes() for path in state.glob("shown.sqlite*"))


def test_the_oldest_give_way_where_the_disk_has_no_room(state, tmp_path, monkeypatch):
    monkeypatch.setattr(shelf_module, "AT_ONCE", 1)
    shelf = Shelf(state, 2, free=100)
    put(shelf, tmp_path, 1)
    put(shelf, tmp_path, 2)
    rooms = iter([99, 99, 100])
    monkeypatch.setattr(shelf_module.shutil, "disk_usage", lambda path: SimpleNamespace(free=next(rooms)))
    put(shelf, tmp_path, 3)
    assert [one.uid for one in shelf.find()] == [f"{UID[:-1]}3"] and len(list(shelf.folder.iterdir())) == 1
    shelf.close()


def test_a_fault_is_answered_and_told_without_a_header(ask, shelf, tmp_path, capsys):
    put(shelf, tmp_path)
    (one,) = shelf.find()
    one.path.write_bytes(NAME.encode())
    assert ask(f"{INSTANCE}/metadata").status_code == 500
    one.path.unlink()
    one.path.mkdir()
    assert ask(f"{INSTANCE}/metadata").status_code == 503
    one.path.rmdir()
    said = capsys.readouterr().out
    assert said.count("over HTTP") == 2 and NAME not in said and UID not in said


def test_what_a_power_cut_left_is_tidied(state, tmp_path):
    shelf = Shelf(state, 2)
    put(shelf, tmp_path)
    put(shelf, tmp_path, 2)
    (one, _) = shelf.find()
    one.path.unlink()
    (shelf.folder / "left.dcm").write_bytes(b"left")
    shelf.close()
    again = Shelf(state, 2)
    assert len(again.find()) == 1 and len(list(again.folder.iterdir())) == 1
    again.close()
