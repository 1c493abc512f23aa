"""The pull, from another node that shows its films as a PACS does."""

import threading
import time

import pytest

from edge_app.dicom_network import services
from edge_app.dicom_network.ledger import Ledger
from edge_app.dicom_network.rounds import Backoff
from edge_app.dicom_network.tls import Files
from edge_app.dicomweb import pacs as pacs_module
from edge_app.dicomweb import pull as pull_module
from edge_app.dicomweb.access import Access
from edge_app.dicomweb.app import App
from edge_app.dicomweb.pacs import WebPacs, authorization
from edge_app.dicomweb.pull import Pull
from edge_app.dicomweb.received import Receiver
from edge_app.dicomweb.serving import Address, WebServer
from edge_app.dicomweb.shelf import Shelf
from edge_app.dicomweb.stow import Stow
from edge_app.dicomweb.viewing import Viewing
from edge_app.dicomweb.wanted import MOST, Wanted, WantedList
from edge_app.errors import WrongUsage
from edge_app.web.http import tls
from tests.support.dicom_node import film, free_port, until

UID = "1.2.826.0.1.3680043.8.498.{}"


class Source:
    """A node that shows films, over HTTP."""

    def __init__(self, folder, port: int = 0, files: Files | None = None):
        folder.mkdir(exist_ok=True)
        self.ledger, self.shelf = Ledger(folder, services.USUAL), Shelf(folder, 9)
        access = Access(folder, is_alone=True)
        self.token = access.new_token("node", reads=True)
        app = App(Stow(Receiver(self.ledger), print), access, 1, lambda size: True, print, Viewing(self.shelf))
        self.asked: list[str] = []

        def noted(environ, start_response):
            self.asked.append(environ["PATH_INFO"])
            return app(environ, start_response)

        noted.takes_body = app.takes_body
        self._server = WebServer(noted, Address("127.0.0.1", port, files), self.ledger)
        self._server.start()
        self.url = f"http{'s' if files else ''}://127.0.0.1:{self._server.port}/dicom-web"

    def close(self) -> None:
        self._server.stop()
        self.shelf.close()
        self.ledger.close()

    def retrieved(self) -> int:
        """Return how many instances were fetched."""
        return sum(path.count("/") == 7 for path in self.asked)


@pytest.fixture
def source(tmp_path):
    found = Source(tmp_path / "source")
    yield found
    found.close()


@pytest.fixture
def ledger(tmp_path):
    found = Ledger(tmp_path / "node", services.USUAL)
    yield found
    found.close()


@pytest.fixture
def wanted(ledger):
    found = WantedList(ledger.arriving.parent)
    yield found
    found.close()


@pytest.fixture
def pulling(ledger, wanted, source, monkeypatch):
    """Return a function that starts a pull; what it says is in `pulling.said`."""
    monkeypatch.setattr(pull_module, "LOOK", 0.05)
    monkeypatch.setattr(pull_module, "_days", lambda: "20261129-20261130")
    begun = []

    def begin(url: str = "", token: str = "", minutes: int = 0) -> Pull:
        found = WebPacs(url or source.url, f"Bearer {token or source.token}")
        begun.append(Pull(found, ledger, wanted, minutes, ("DX", "CR"), begin.said.append))
        begun[-1]._backoff = Backoff(0.05, 0.2)
        begun[-1].start()
        return begun[-1]

    begin.said = []
    yield begin
    for one in begun:
        one.stop()


def put(source: Source, tmp_path, *numbers: int, **elements) -> list[bytes]:
    """Have a source show films; return their bytes."""
    paths = [film(tmp_path / f"{number}.dcm", number, **elements) for number in numbers]
    for path in paths:
        source.shelf.put(path, [])
    return [path.read_bytes() for path in paths]


def received(ledger: Ledger, count: int) -> list[bytes]:
    """Wait for films, and return their bytes."""
    until(lambda: len(ledger.waiting(0)) >= count)
    return [path.read_bytes() for _, path in ledger.waiting(0)]


def test_films_of_the_days_are_pulled_as_they_are_and_once(pulling, source, ledger, tmp_path):
    sent = put(source, tmp_path, 1, 2, StudyDate="20261130")
    put(source, tmp_path, 3, StudyDate="20261128")
    put(source, tmp_path, 4, StudyDate="20261130", Modality="OT")
    put(source, tmp_path, 5, StudyDate="20261130", SOPClassUID="1.2.840.10008.5.1.4.1.1.2")
    first = pulling(minutes=1)
    assert sorted(received(ledger, 2)) == sorted(sent)
    until(lambda: first._next_look > time.monotonic())
    assert list(ledger.arriving.iterdir()) == []
    first.stop()
    again = pulling(minutes=1)
    until(lambda: again._next_look > time.monotonic())
    assert (source.retrieved(), len(ledger.waiting(0)), pulling.said) == (2, 2, [])


def test_what_the_pacs_tells_of_is_pulled_also_after_a_stop(pulling, source, wanted, ledger, tmp_path):
    sent = put(source, tmp_path, 1, 2, 3, StudyDate="20200101")
    assert wanted.add(Wanted(UID.format(1) + ".1"))
    assert wanted.add(Wanted(UID.format(2) + ".1", UID.format(2) + ".2", UID.format(2)))
    assert wanted.add(Wanted(UID.format(3) + ".1", "1.2.3"))
    pulling()
    assert received(ledger, 2) == sent[:2]
    until(lambda: wanted.first() is None)
    assert len(ledger.waiting(0)) == 2


def test_what_was_told_of_waits_on_if_a_stop_comes_in_the_middle(
    pulling, source, wanted, ledger, monkeypatch, tmp_path
):
    sent = put(source, tmp_path, 1, 2, StudyInstanceUID="1.2.3")
    whole = Pull._fetch_one
    with monkeypatch.context() as patch:
        patch.setattr(Pull, "_fetch_one", lambda pull, one: (whole(pull, one), pull._ended.set()))
        wanted.add(Wanted("1.2.3"))
        first = pulling()
        assert len(received(ledger, 1)) == 1
        first.stop()
    assert wanted.first() is not None
    pulling()
    assert sorted(received(ledger, 2)) == sorted(sent)


def test_a_pacs_that_is_away_is_asked_again(pulling, wanted, ledger, tmp_path):
    port = free_port()
    wanted.add(Wanted(UID.format(1) + ".1"))
    folder = tmp_path / "late"
    folder.mkdir()
    token = Access(folder, is_alone=True).new_token("node", reads=True)
    pulling(f"http://127.0.0.1:{port}/dicom-web", token)
    until(lambda: any("films wait there" in line for line in pulling.said))
    late = Source(folder, port)
    put(late, tmp_path, 1)
    pulling(late.url, late.token)
    received(ledger, 1)
    late.close()
    assert not [line for line in pulling.said if UID.format(1) in line]


def test_a_film_that_is_not_taken_is_left_and_blocks_no_other(pulling, source, wanted, ledger, tmp_path):
    ledger.limits = services.USUAL._replace(instance=200_000)
    large = film(tmp_path / "1.dcm", 1, (600, 600))
    source.shelf.put(large, [])
    put(source, tmp_path, 2)
    for number in (1, 2):
        wanted.add(Wanted(UID.format(number) + ".1"))
    pulling()
    received(ledger, 1)
    until(lambda: wanted.first() is None)
    assert source.retrieved() == pull_module.MOST_FAULTS + 1
    assert any("left there" in line for line in pulling.said) and list(ledger.arriving.iterdir()) == []


def test_without_room_nothing_is_fetched_until_there_is(pulling, source, wanted, ledger, tmp_path):
    put(source, tmp_path, 1)
    ledger.limits = services.USUAL._replace(free=1 << 60)
    wanted.add(Wanted(UID.format(1) + ".1"))
    pulling()
    until(lambda: any("no room" in line for line in pulling.said))
    assert source.retrieved() == 0
    ledger.limits = services.USUAL
    received(ledger, 1)


def test_a_wrong_token_is_told_and_not_printed(pulling, source, wanted, ledger):
    wanted.add(Wanted("1.2.3"))
    pulling(token="not-this-one")
    until(lambda: any("answered 401" in line for line in pulling.said))
    assert not [line for line in pulling.said if "not-this-one" in line]


def test_the_certificate_of_the_pacs_must_be_of_a_trusted_authority(wanted, ledger, tmp_path):
    paths = tmp_path / "pacs.pem", tmp_path / "pacs.key"
    tls.certificate(*paths, frozenset({"localhost"}), ["127.0.0.1"])
    found = Source(tmp_path / "source", files=Files(*paths, None))
    (sent,) = put(found, tmp_path, 1)
    wanted.add(Wanted(UID.format(1) + ".1"))
    said = []
    for authorities in (None, paths[0]):
        one = Pull(WebPacs(found.url, f"Bearer {found.token}", authorities), ledger, wanted, 0, ("DX",), said.append)
        one.start()
        until(lambda trusted=authorities: bool(ledger.waiting(0) if trusted else said))
        one.stop()
    assert received(ledger, 1) == [sent] and "SSLError" in said[0]
    found.close()


def test_a_stop_ends_a_wait(pulling, wanted):
    begun = pulling(f"http://127.0.0.1:{free_port()}/dicom-web")
    wanted.add(Wanted("1.2.3"))
    until(lambda: bool(pulling.said))
    begun._backoff = Backoff(1e6, 1e6)
    begun.stop()
    assert "dicom-pull" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.parametrize(
    ("text", "header"),
    [("film:a pass:word\n", "Basic ZmlsbTphIHBhc3M6d29yZA=="), ("Bearer abc\n", "Bearer abc")],
)
def test_credentials_come_from_a_file_of_its_owner(tmp_path, text, header):
    path = tmp_path / "credentials"
    path.write_text(text)
    path.chmod(0o640)
    assert authorization(path) == header
    path.chmod(0o644)
    with pytest.raises(WrongUsage, match="everybody may read it"):
        authorization(path)


@pytest.mark.parametrize("text", ["", "no password", "two:lines\nof:them", "Bearer ab\nc"])
def test_other_files_hold_no_credentials(tmp_path, text):
    path = tmp_path / "credentials"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(WrongUsage) as caught:
        authorization(path)
    assert not text.strip() or text not in str(caught.value)


@pytest.mark.parametrize("url", ["ftp://pacs/x", "http://user:secret@pacs/dicom-web", "pacs", "http:///x"])
def test_an_address_with_a_password_or_without_a_host_is_none(url):
    with pytest.raises(WrongUsage) as caught:
        WebPacs(url)
    assert "secret" not in str(caught.value)


def test_the_list_of_what_is_wanted_is_bounded_and_holds_each_once(wanted, monkeypatch):
    monkeypatch.setattr("edge_app.dicomweb.wanted.MOST", 2)
    assert MOST > 2
    assert wanted.add(Wanted("1.1")) and wanted.add(Wanted("1.2"))
    assert not wanted.add(Wanted("1.3"))
    number, first = wanted.first()
    assert first == Wanted("1.1")
    wanted.done(number)
    assert wanted.add(Wanted("1.2")) and wanted.first()[1] == Wanted("1.2")
    wanted.done(wanted.first()[0])
    assert wanted.first() is None


@pytest.mark.parametrize(
    ("uids", "is_whole"),
    [
        (("1.2",), True),
        (("1.2", "1.3", "1.4"), True),
        (("",), False),
        (("1.2", "", "1.4"), False),
        (("../x",), False),
        (("1.2", "a"), False),
    ],
)
def test_what_may_be_wanted(uids, is_whole):
    assert Wanted(*uids).is_whole == is_whole


def test_pages_of_a_search_end_where_nothing_new_comes(source):
    found = WebPacs(source.url, f"Bearer {source.token}")
    pages = [[{"0020000D": {"Value": [uid]}} for uid in page] for page in (("1.1", "1.2"), ("1.3", "x"), ("1.3",))]
    asked = []

    def search(offset: int = 0) -> list[dict]:
        asked.append(offset)
        return pages[len(asked) - 1]

    assert list(found._all(pacs_module.STUDY, search)) == ["1.1", "1.2", "1.3"]
    assert asked == [0, 2, 3]
