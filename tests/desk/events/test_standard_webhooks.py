"""The standard's own library verifies what the webhook sends; the document's receiver refuses what is not ours."""

import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from edge_app.events import webhook
from edge_app.events.config import WebhookConfig
from edge_app.events.event import TEST, Event
from edge_app.events.webhook import Webhook
from tests.support.browser import ROOT
from tests.support.receiver import Receiver

SECRET = webhook.new_secret()


def deliver(url: str, event: Event, body: bytes) -> str:
    sink = Webhook(WebhookConfig(url, SECRET))
    try:
        return sink.deliver(event, body)
    finally:
        sink.close()


@pytest.fixture
def sent():
    """Return (headers, body) of an event as a receiver gets it."""
    receiver, event = Receiver(), Event(TEST, {"source": "Krankenhaus München"})
    deliver(receiver.url, event, event.body({"id": "0", "name": "pi"}))
    receiver.close()
    return receiver.requests[0][1:]


def test_the_standards_library_verifies_it(sent):
    headers, body = sent
    assert Verifier(SECRET).verify(body, headers)["data"]["source"] == "Krankenhaus München"


@pytest.mark.parametrize("change", ["body", "webhook-id", "webhook-timestamp", "webhook-signature", "secret"])
def test_the_standards_library_refuses_what_was_changed(sent, change):
    headers, body = dict(sent[0]), sent[1]
    if change == "body":
        body = body.replace(b"test", b"tesT")
    elif change != "secret":
        headers[change] = {"webhook-timestamp": str(int(time.time()) + 1)}.get(change, f"v1,{'A' * 43}=")
    with pytest.raises(WebhookVerificationError):
        Verifier(webhook.new_secret() if change == "secret" else SECRET).verify(body, headers)


@pytest.fixture
def documented(tmp_path):
    """Run the receiver that docs/events.md prints; return (its address, its process)."""
    text = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")
    path = tmp_path / "receiver.py"
    path.write_text(re.search(r"```python\n(.*?)```", text, re.DOTALL)[1])
    environment = os.environ | {"WEBHOOK_SECRET": SECRET, "PORT": "0"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    process = subprocess.Popen([sys.executable, path], env=environment, **pipes)
    port = int(process.stdout.readline().split()[-1])
    yield f"http://127.0.0.1:{port}/", process
    process.kill()
    process.wait()
    process.stdout.close()


def post(url: str, headers: dict, body: bytes) -> int:
    """Return the status that a request is answered with."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers, method="POST")) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def signed(id: str, timestamp: int, body: bytes) -> dict:
    signature = webhook.signature(SECRET, id, timestamp, body)
    return {"webhook-id": id, "webhook-timestamp": str(timestamp), "webhook-signature": signature}


def test_the_documented_receiver_takes_ours_and_refuses_the_rest(documented):
    url, process = documented
    event, now = Event(TEST, {"source": "page"}), int(time.time())
    body = event.body({"id": "0", "name": "pi"})
    assert deliver(url, event, body) == "the receiver answered 204 No Content"
    assert process.stdout.readline() == "event: test\n"
    forged = signed("evt_1", now, body) | {"webhook-signature": f"v1,{'A' * 43}="}
    assert post(url, forged, body) == 401
    assert post(url, signed("evt_2", now, body), body + b" ") == 401
    assert post(url, signed("evt_3", now, body) | {"webhook-id": "evt_4"}, body) == 401
    assert post(url, {}, body) == 401
    assert post(url, signed("evt_5", now - 3600, body), body) == 401  # replayed an hour later
    assert post(url, signed("evt_5", now, body) | {"webhook-timestamp": "soon"}, body) == 401
    # Replayed at once: answered, since it may be our own second attempt, and not acted on again.
    assert post(url, signed(event.id, now, body), body) == 204
    assert (
        post(url, signed("evt_6", now, body.replace(b'"test"', b'"more"')), body.replace(b'"test"', b'"more"')) == 204
    )
    assert process.stdout.readline() == "event: more\n"
