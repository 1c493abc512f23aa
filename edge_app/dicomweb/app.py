"""The node over HTTP, a WSGI application: STOW-RS and the webhook for senders, QIDO-RS and WADO for viewers."""

import json
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from edge_app import json_text
from edge_app.dicom_network.intake import is_uid
from edge_app.dicomweb import viewing
from edge_app.dicomweb.access import Access
from edge_app.dicomweb.stow import BUSY, DICOM, RELATED, Refused, Stow
from edge_app.dicomweb.viewing import NotFound, Viewing
from edge_app.dicomweb.wanted import Wanted, WantedList
from edge_app.errors import EdgeError

BASE = "/dicom-web"
JSON = "application/dicom+json"
# Seconds after which a sender that found no room may try again: a film is judged in less than a second.
RETRY = "30"
# Bytes of the webhook's body: three UIDs.
MOST_HOOK = 1 << 12
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
WHOLE, SERIES = f"{BASE}/studies/<study>", f"{BASE}/studies/<study>/series/<series>"
INSTANCE = f"{SERIES}/instances/<uid>"
# What is read; each name is a method of `App`.
READING = {
    "search": (f"{BASE}/<any(studies, series, instances):level>", f"{WHOLE}/<any(series, instances):level>"),
    "search_instances": (f"{SERIES}/instances",),
    "metadata": tuple(f"{one}/metadata" for one in (WHOLE, SERIES, INSTANCE)),
    "retrieve": (WHOLE, SERIES, INSTANCE),
    "frame": (f"{INSTANCE}/frames/<int:number>",),
    "wado": ("/wado",),
}
ROUTES = Map(
    [
        Rule(f"{BASE}/studies", endpoint="store", methods=["POST"]),
        Rule(WHOLE, endpoint="store", methods=["POST"]),
        Rule(f"{BASE}/pull", endpoint="pull", methods=["POST"]),
        *(Rule(path, endpoint=name, methods=["GET", "OPTIONS"]) for name, paths in READING.items() for path in paths),
    ]
)


class App:
    """Answers requests."""

    def __init__(
        self,
        stow: Stow,
        access: Access,
        most: int,
        has_room: Callable[[int], bool],
        say: Callable[[str], None],
        shelf: Viewing | None = None,
        wanted: WantedList | None = None,
        origin: str = "",
        is_alone: bool = True,
    ):
        """Take its parts.

        Args:
            stow: takes films.
            access: knows the tokens.
            most: bytes of a request.
            has_room: says whether the disk has room for this many bytes.
            say: takes sentences for the journal.
            shelf: what viewers are shown; None: nothing.
            wanted: takes what the webhook names; None: there is no PACS to pull from.
            origin: of the pages whose scripts may read, such as `https://viewer.example`; "" for none.
            is_alone: only this device reaches it; then it must be called by a name of the loopback, since a page from
                elsewhere may have its own name point here.
        """
        self._stow, self._access, self._most, self._has_room = stow, access, most, has_room
        self._say, self._shelf, self._wanted = say, shelf, wanted
        self._origin, self._is_alone = origin, is_alone

    def __call__(self, environ, start_response) -> Iterable[bytes]:
        """Answer a request."""
        request = Request(environ)
        try:
            response = self._answer(request)
        except Refused as error:
            response = _sentence(error.status, str(error))
        except NotFound:
            response = _sentence(404, "address: nothing is here under it; instances stay --show-days; search again.")
        except (EdgeError, OSError) as error:
            response = _sentence(BUSY, "store: it cannot be read or written now; try again later.")
            self._say(f"over HTTP: a request was answered with {BUSY} ({type(error).__name__}).")
        except HTTPException as error:
            response = _sentence(error.code or 400, f"request: {error.name}; docs/dicomweb.md names the services.")
        except Exception as error:  # the guard of a service: a traceback in the journal might quote a header
            response = _sentence(500, "node: failed; its journal names the kind of fault; report it.")
            self._say(f"over HTTP: a request failed inside this program ({type(error).__name__}); report it.")
        if response.status_code == BUSY:
            response.headers["Retry-After"] = RETRY
        response.headers |= {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        if self._origin and request.headers.get("Origin") == self._origin:
            response.headers["Access-Control-Allow-Origin"] = self._origin
        response.headers["Vary"] = "Origin"
        return response(environ, start_response)

    def takes_body(self, headers: Mapping[str, str], size: int) -> bool:
        """Say whether a body is worth being received: of one that may send, and with room for it."""
        return self._access.may_send(headers.get("AUTHORIZATION", "")) and self._has_room(size)

    def _answer(self, request: Request) -> Response:
        host = request.headers.get("Host", "").rpartition(":")
        if self._is_alone and (host[0] if host[2].isdigit() else request.headers.get("Host", "")) not in LOOPBACK:
            raise Refused(403, f"Host: is neither {LOOPBACK[0]} nor {LOOPBACK[1]}; call this node by one of these.")
        name, values = ROUTES.bind_to_environ(request.environ).match()
        if name in READING:
            return self._read(request, name, values)
        if not self._access.may_send(request.headers.get("Authorization", "")):
            raise _Unauthorised()
        return self._store(request, **values) if name == "store" else self._pull(request)

    def _read(self, request: Request, name: str, values: Mapping[str, str]) -> Response:
        if request.method == "OPTIONS":  # a browser asks whether the viewer's page may; it sends no token yet
            allowed = {"Access-Control-Allow-Methods": "GET", "Access-Control-Allow-Headers": "Authorization, Accept"}
            is_known = self._origin and request.headers.get("Origin") == self._origin
            return Response(status=204, headers=allowed | {"Access-Control-Max-Age": "600"} if is_known else None)
        if not self._access.may_read(request.headers.get("Authorization", "")):
            raise _Unauthorised()
        if self._shelf is None:
            raise NotFound
        if not all(is_uid(one) for key, one in values.items() if key in ("study", "series", "uid")):
            raise NotFound
        return getattr(self, f"_{name}")(self._shelf, request, **values)

    def _store(self, request: Request, study: str = "") -> Response:
        size = request.content_length or 0
        if size > self._most:
            raise Refused(413, f"body: more than {self._most} bytes; fewer are allowed; send fewer films at a time.")
        if not self._has_room(size):
            raise Refused(BUSY, "body: the disk has no room for it now; try again later.")
        if not _accepts(request, JSON, "application/json", "application/*"):
            raise Refused(406, f"Accept: names other media types than {JSON}; that is what is answered; accept it.")
        kind = request.headers.get("Content-Type", "")
        body = request.environ["wsgi.input"]  # Werkzeug's own stream is not a file
        status, data_set = self._stow.store(body, kind, study, request.remote_addr or "")
        return Response(json.dumps(data_set), status, content_type=JSON)

    def _pull(self, request: Request) -> Response:
        if self._wanted is None:
            raise Refused(404, "pull: this node has no PACS to pull from; name one with --pull.")
        if request.mimetype != "application/json" or (request.content_length or 0) > MOST_HOOK:
            raise Refused(415, "Content-Type: application/json with a study is needed; see docs/dicomweb.md.")
        try:
            said = json_text.parse(request.get_data())
            one = Wanted(*(str(said.get(f"{level}InstanceUID", "")) for level in ("Study", "Series", "SOP")))
        except (ValueError, AttributeError) as error:
            raise Refused(
                400, "body: is not a JSON object; StudyInstanceUID is needed; see docs/dicomweb.md."
            ) from error
        if not one.is_whole:
            raise Refused(400, "body: a StudyInstanceUID is needed, then Series-, then SOP-; name each by its UID.")
        if not self._wanted.add(one):
            raise Refused(BUSY, "pull: too much waits already; try again later.")
        return Response(json.dumps({}), 202, content_type="application/json")

    def _search(self, shelf: Viewing, request: Request, level: str, study: str = "", series: str = "") -> Response:
        try:
            found = shelf.search(level, request.args.to_dict(), study, series)
        except ValueError as error:
            raise Refused(400, f"query: {error}; keywords and tags of PS3.6 are allowed; mend it.") from error
        return Response(json.dumps(found), 200 if found else 204, content_type=JSON)

    def _search_instances(self, shelf: Viewing, request: Request, study: str, series: str) -> Response:
        return self._search(shelf, request, "instances", study, series)

    def _metadata(self, shelf: Viewing, request: Request, **values: str) -> Response:
        return Response(json.dumps(shelf.metadata(**values)), content_type=JSON)

    def _retrieve(self, shelf: Viewing, request: Request, **values: str) -> Response:
        if not _accepts(request, RELATED, "multipart/*"):
            raise Refused(406, f"Accept: only multipart/related; type={DICOM} is sent; accept it.")
        parts = [(DICOM, partial(viewing.content, one.path)) for one in shelf.instances(**values)]
        kind, body = viewing.related(parts, DICOM)
        return Response(body, content_type=kind)

    def _frame(self, shelf: Viewing, request: Request, study: str, series: str, uid: str, number: int) -> Response:
        media, content = shelf.frame(study, series, uid, number)
        kind, body = viewing.related([(media, lambda: iter([content]))], media.partition(";")[0])
        return Response(body, content_type=kind)

    def _wado(self, shelf: Viewing, request: Request) -> Response:
        asked = request.args
        uids = [asked.get(name, "") for name in ("studyUID", "seriesUID", "objectUID")]
        if asked.get("requestType") != "WADO" or not all(is_uid(one) for one in uids):
            raise Refused(400, "query: requestType=WADO, studyUID, seriesUID and objectUID are needed; name them.")
        if asked.get("contentType", DICOM) != DICOM:
            raise Refused(406, f"contentType: only {DICOM} is sent; ask for that.")
        (one,) = shelf.instances(*uids)
        return Response(viewing.content(one.path), content_type=DICOM)


class _Unauthorised(Refused):
    def __init__(self):
        super().__init__(401, "Authorization: 'Bearer TOKEN' is needed; 'dicom-node --new-token NAME' makes a token.")


def _accepts(request: Request, *kinds: str) -> bool:
    """Say whether a client takes one of these media types, whatever parameters it asks for; no header takes all."""
    named = {kind.partition(";")[0].strip().lower() for kind in request.accept_mimetypes.values()}
    return not named or not named.isdisjoint({*kinds, "*/*"})


def _sentence(status: int, sentence: str) -> Response:
    headers = {"WWW-Authenticate": 'Bearer realm="dicom-web"'} if status == 401 else {}
    return Response(f"{sentence}\n", status, headers, content_type="text/plain; charset=utf-8")
