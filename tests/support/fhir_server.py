"""A FHIR R4 server on the loopback: it takes transactions whole or not at all, and creates on condition (3.1.0.8.1).

Where `fhir.resources` is installed, what it is sent is validated by HL7's own definitions.
"""

import http.server
import json
import threading
import uuid

from tests.support.receiver import whole_body

try:
    from fhir.resources.R4B.bundle import Bundle
except ImportError:  # the light environment
    Bundle = None


class FhirServer:
    """An HTTP server in a thread.

    Attributes:
        base: its address.
        kept: resources by (type, id), as they were created, references resolved.
        requests: headers of every request so far, with small letters.
        statuses: answers to give next in place of taking what is sent; "lost" takes it and gives no answer.
        headers: of its answers.
        login: the Authorization that it asks for; empty for none.
    """

    def __init__(self, port: int = 0, tls=None):
        """Listen on a free port, or on `port`; `tls` is a context, None for plain HTTP."""
        self.kept: dict[tuple[str, str], dict] = {}
        self.requests: list[dict[str, str]] = []
        self.statuses: list[int | str] = []
        self.headers: dict[str, str] = {}
        self.login, self._lock = "", threading.Lock()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                if (body := whole_body(self)) is None:
                    return
                status, said = outer.answer(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
                if status == "lost":
                    self.close_connection = True
                    return
                self.send_response(status)
                for name, value in outer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Type", "application/fhir+json")
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self.base = f"http{'s' if tls else ''}://127.0.0.1:{self.port}/fhir"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop to listen; what is kept stays."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def of(self, kind: str) -> list[dict]:
        """Return the resources of a type."""
        with self._lock:
            return [one for (found, _), one in self.kept.items() if found == kind]

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int | str, bytes]:
        """Take a request; return the status and the body of the answer."""
        with self._lock:
            self.requests.append(headers)
            ordered = self.statuses.pop(0) if self.statuses else None
            if ordered and ordered != "lost":
                return ordered, b"{}"
            if path != "/fhir":
                return 404, b"{}"
            if self.login and headers.get("authorization") != self.login:
                return 401, b"{}"
            try:
                entries = self._taken(json.loads(body))
            except (ValueError, KeyError) as error:
                return 422, json.dumps({"resourceType": "OperationOutcome", "text": str(error)}).encode()
            said = json.dumps({"resourceType": "Bundle", "type": "transaction-response", "entry": entries}).encode()
            return ordered or 200, said

    def _taken(self, bundle: dict) -> list[dict]:
        if Bundle:
            Bundle.model_validate(bundle)
        if bundle["type"] != "transaction":
            raise ValueError("not a transaction")
        places, new = {}, []
        for entry in bundle["entry"]:
            kind, request = entry["resource"]["resourceType"], entry["request"]
            if request["method"] != "POST" or request["url"] != kind:
                raise ValueError("only conditional creates are taken here")
            system, _, value = request["ifNoneExist"].removeprefix("identifier=").partition("|")
            found = [key for key, one in self.kept.items() if key[0] == kind and _has(one, system, value)]
            key = found[0] if found else (kind, uuid.uuid4().hex)
            places[entry["fullUrl"]] = "/".join(key)
            new += [] if found else [(key, entry["resource"])]
        made = {key: _resolved(resource, places) for key, resource in new}
        self.kept |= made
        return [{"response": {"status": "201" if tuple(at.split("/")) in made else "200", "location": at}}
                for at in places.values()]  # fmt: skip


def _has(resource: dict, system: str, value: str) -> bool:
    return any(one.get("system") == system and one["value"] == value for one in resource["identifier"])


def _resolved(resource: dict, places: dict[str, str]) -> dict:
    """Return a resource as it is kept: what names a place of the transaction names what is kept, wherever it stands."""

    def mended(value, name: str = ""):
        if isinstance(value, dict):
            return {inner: mended(one, inner) for inner, one in value.items()}
        if isinstance(value, list):
            return [mended(one) for one in value]
        if name == "reference" and value not in places:
            raise ValueError("a reference leads nowhere")
        return places.get(value, value) if isinstance(value, str) else value

    return mended(resource)


def counted(server: FhirServer) -> tuple[int, int, int, int]:
    """Return how many devices, observations, reports and tasks a server keeps."""
    kinds = ("Device", "Observation", "DiagnosticReport", "Task")
    devices, observations, reports, tasks = (len(server.of(kind)) for kind in kinds)
    return devices, observations, reports, tasks
