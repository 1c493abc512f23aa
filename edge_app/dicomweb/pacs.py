"""A PACS that is asked by QIDO-RS what films it has, and by WADO-RS for each of them (`dicomweb-client`)."""

import contextlib
import logging
import ssl
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from edge_app.dicom_network import services
from edge_app.dicom_network.intake import is_uid
from edge_app.dicomweb import multipart
from edge_app.dicomweb.wanted import Wanted
from edge_app.errors import EdgeError, WrongUsage

# Seconds to connect, and without a byte of an answer.
TIMES = (services.CONNECT_SECONDS, services.NETWORK_SECONDS)
# Bytes around an instance in an answer: boundary and headers; and bytes that are read at a time.
BESIDE, CHUNK = 1 << 16, 1 << 18
ACCEPT = 'multipart/related; type="application/dicom"; transfer-syntax=*'
# Pages of a search: a PACS sends 100 studies or more at a time.
MOST_PAGES = 100
# Bits of a file's mode for those who are neither its owner nor of its group.
OTHERS = 0o007
# HTTP: try again later.
BUSY = 503
STUDY, SERIES, CLASS, UID, MODALITY, COUNT = "0020000D", "0020000E", "00080016", "00080018", "00080060", "00201208"


class PacsFault(EdgeError):
    """The PACS gave no answer that can be used.

    Attributes:
        lasting: whether it is about this instance alone, and the next may be had.
    """

    def __init__(self, sentence: str, lasting: bool = False):
        """Take the sentence."""
        super().__init__(sentence)
        self.lasting = lasting


class Study(NamedTuple):
    """A study: its UID, and how many instances it has by what the PACS says; -1 if it does not say."""

    uid: str
    instances: int


class WebPacs:
    """A PACS under an address such as `https://pacs:8043/dicom-web`."""

    def __init__(self, url: str, authorization: str = "", authorities: Path | None = None):
        """Take it; nothing is asked yet.

        Args:
            url: http or https.
            authorization: the header of that name; "" for none.
            authorities: certificates that are trusted, PEM; None: those of the system.

        Raises:
            WrongUsage: the address is none.
        """
        import requests
        from dicomweb_client.web import DICOMwebClient

        logging.getLogger("dicomweb_client").setLevel(logging.ERROR)  # it would print what a PACS warns of
        check(url)
        self.name = urlsplit(url).netloc
        self._url = url.rstrip("/")
        self._session = session = requests.Session()
        session.trust_env = False  # neither a proxy nor a password of whoever started this
        session.max_redirects = 0  # the credentials are for this address alone
        session.verify = str(authorities or ssl.get_default_verify_paths().cafile or True)
        if authorization:
            session.headers["Authorization"] = authorization
        self._client = DICOMwebClient(self._url, session, timeout=TIMES)
        self._client.set_http_retry_params(retry=False)  # the pull waits longer each time, and says so

    def studies(self, days: str, modality: str) -> list[Study]:
        """Return the studies of some days (`20261129-20261130`) with a modality.

        Raises:
            PacsFault: it does not tell.
        """
        filters = {"StudyDate": days, "ModalitiesInStudy": modality}
        found = self._all(STUDY, partial(self._client.search_for_studies, search_filters=filters))
        return [Study(uid, int(_value(one, COUNT) or -1)) for uid, one in found.items()]

    def instances(self, wanted: Wanted, modalities: tuple[str, ...]) -> Iterator[Wanted]:
        """Yield the films among what is wanted, by SOP Class and by modality of their series.

        Raises:
            PacsFault: it does not tell.
        """
        for name, one in self._all(SERIES, partial(self._client.search_for_series, wanted.study)).items():
            if _value(one, MODALITY) not in modalities or wanted.series not in ("", name):
                continue
            found = self._all(UID, partial(self._client.search_for_instances, wanted.study, name))
            for uid, instance in found.items():
                # A PACS may leave out the SOP Class; then the film itself tells.
                if _value(instance, CLASS) in ("", *services.FILMS) and wanted.uid in ("", uid):
                    yield Wanted(wanted.study, name, uid)

    def retrieve(self, one: Wanted, most: int, folder: Path, take: Callable[[memoryview], int]) -> int:
        """Fetch an instance into a file without a name; return what `take` returns for its bytes.

        Args:
            one: with all three UIDs.
            most: bytes of an instance.
            folder: of the file.
            take: is given the instance's bytes, as they came.

        Raises:
            PacsFault: it cannot be had.
            OSError: the disk is full.
        """
        url = f"{self._url}/studies/{one.study}/series/{one.series}/instances/{one.uid}"
        with tempfile.TemporaryFile(dir=folder) as file:
            with self._told():
                answer = self._session.get(url, headers={"Accept": ACCEPT}, stream=True, timeout=TIMES)
                with answer:
                    if 400 <= answer.status_code < 500 and answer.status_code not in (401, 403, 408, 429):
                        raise PacsFault(f"{self.name}: answered {answer.status_code}", lasting=True)
                    answer.raise_for_status()
                    kind = answer.headers.get("Content-Type", "")
                    for piece in answer.iter_content(CHUNK):
                        file.write(piece)
                        if file.tell() > most + BESIDE:
                            raise PacsFault(f"{self.name}: sent an instance that is too large", lasting=True)
            file.seek(0)
            try:
                with multipart.parts(file, multipart.boundary(kind)[2]) as parts:
                    if len(parts) != 1:
                        raise multipart.Broken("it does not have exactly one part")
                    return take(parts[0].content)
            except multipart.Broken as error:
                raise PacsFault(f"{self.name}: sent an answer that cannot be read ({error})", lasting=True) from error

    def _all(self, tag: str, search: Callable[..., list[dict]]) -> dict[str, dict]:
        """Return all that a search finds, by the UID in an element, page by page.

        A PACS may send fewer than there are, and one that knows no `offset` sends the same again, as Orthanc's did.
        """
        found: dict[str, dict] = {}
        for _ in range(MOST_PAGES):
            with self._told():
                page = search(offset=len(found)) if found else search()
            fresh = {uid: one for one in page if is_uid(uid := _value(one, tag)) and uid not in found}
            if not fresh:
                break
            found |= fresh
        return found

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Turn what `requests` raises into `PacsFault`, whose sentence quotes nothing that may be a patient's."""
        import requests

        try:
            yield
        except requests.HTTPError as error:
            code = error.response.status_code if error.response is not None else 0
            lasting = code >= 500 and code != BUSY
            raise PacsFault(f"{self.name}: answered {code}", lasting) from error
        except (requests.RequestException, ValueError) as error:
            raise PacsFault(f"{self.name}: {type(error).__name__}") from error


def check(url: str) -> None:
    """Refuse what is not the address of a PACS; the sentence does not quote it, since a password may stand in it.

    Raises:
        WrongUsage: it is none.
    """
    place = urlsplit(url)
    if place.scheme not in ("http", "https") or not place.hostname or place.username or place.query:
        raise WrongUsage(
            "--pull: is not an address such as https://pacs:8043/dicom-web, without user and password; those stand in "
            "the file of --pull-credentials."
        )


def authorization(path: Path) -> str:
    """Return the Authorization header of a file of credentials: one line, `Bearer TOKEN` or `user:password`.

    Raises:
        WrongUsage: it cannot be read, others may read it, or it holds something else.
    """
    import base64

    try:
        mode, line = path.stat().st_mode, path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise WrongUsage(f"--pull-credentials {path}: cannot be read; name a file that this user may read.") from error
    if mode & OTHERS:
        raise WrongUsage(f"--pull-credentials {path}: everybody may read it; only owner and group may: chmod 640.")
    if "\n" not in line and line.startswith("Bearer ") and line.isascii():
        return line
    if "\n" in line or ":" not in line:
        raise WrongUsage(f"--pull-credentials {path}: needs one line, 'user:password' or 'Bearer TOKEN'; write that.")
    return f"Basic {base64.b64encode(line.encode()).decode()}"


def _value(data_set: dict, tag: str) -> str:
    """Return the first value of an element in DICOM JSON, "" without one."""
    element = data_set.get(tag)
    values = element.get("Value") if isinstance(element, dict) else None
    return str(values[0]) if isinstance(values, list) and values else ""
