"""What the settings page sends elsewhere: events of films, and nothing of their patients unless it is asked for."""

import io

from edge_app.web.http import settings_file
from tests.support.films import png
from tests.support.forms import classify
from tests.support.receiver import Receiver, until


def film(seed: int = 1000) -> io.BytesIO:
    return io.BytesIO(png(seed=seed))


def save(client, section, **typed):
    return client.post(f"/settings/{section}", data={"csrf_token": client.token, **typed})


def test_a_webhook_is_set_tested_and_told_of(page, tmp_path, capfd):
    receiver = Receiver()
    client = page()
    answer = save(client, "webhook", webhook_on="1", webhook_url=receiver.url, webhook_authority="")
    secret = settings_file.read(tmp_path / "state")["webhook_secret"]
    assert answer.status_code == 200 and secret in answer.text  # this once
    assert secret not in client.get("/settings").text
    reading = classify(client, png()).json
    until(lambda: len(receiver.requests) == 1)
    told = receiver.events[0]
    assert told["type"] == "film.judged" and told["data"]["verdict"] == reading["verdict"]
    assert told["data"]["reading"] == f"/readings/{reading['id']}" and told["data"]["source"] in ("page", "api")
    answer = client.post("/settings/webhook/test", data={"csrf_token": client.token})
    assert "The test event was delivered" in answer.text and receiver.events[1]["type"] == "test"
    metrics = client.get("/metrics").text
    assert 'covid_xray_events_total{outcome="delivered",sink="webhook"} 1.0' in metrics
    assert 'covid_xray_events_queued{sink="webhook"} 0.0' in metrics
    assert "by webhook to 127.0.0.1" in client.get("/privacy").text
    answer = client.post("/settings/webhook/secret", data={"csrf_token": client.token})
    assert secret not in answer.text and settings_file.read(tmp_path / "state")["webhook_secret"] in answer.text
    save(client, "webhook", webhook_url=receiver.url)
    assert "Nothing leaves this device" in client.get("/privacy").text
    assert client.post("/settings/webhook/test", data={"csrf_token": client.token}).status_code == 404
    receiver.close()
    assert "whsec_" not in capfd.readouterr().err


def test_nothing_of_the_patient_is_told_unless_it_is_asked_for(page):
    receiver = Receiver()
    client = page()
    save(client, "webhook", webhook_on="1", webhook_url=receiver.url)
    data = {"csrf_token": client.token, "label": "MEIER 0042", "film": (film(), "meier.png")}
    client.post("/readings", data=data)
    until(lambda: len(receiver.requests) == 1)
    sent = receiver.requests[0][2]
    assert b"MEIER" not in sent and b"meier" not in sent
    held = b"".join(path.read_bytes() for path in client.services().settings.state_dir.glob("events.sqlite*"))
    assert b"MEIER" not in held
    save(client, "patient", events_patient="1")
    data["film"] = (film(2), "meier.png")
    client.post("/readings", data=data)
    until(lambda: len(receiver.requests) == 2)
    assert receiver.events[1]["data"]["patient"]["label"] == "MEIER 0042"
    held = b"".join(path.read_bytes() for path in client.services().settings.state_dir.glob("events.sqlite*"))
    assert b"MEIER" not in held  # it is looked up when it is sent: what is deleted is not told
    receiver.close()


def test_what_waits_is_erased_with_everything_else(page, tmp_path):
    client = page()
    save(client, "webhook", webhook_on="1", webhook_url="http://127.0.0.1:9/")
    id = classify(client, png()).json["id"]
    client.post("/privacy/erase", data={"csrf_token": client.token, "sure": "1"})
    left = b"".join(path.read_bytes() for path in (tmp_path / "state").glob("events.sqlite*"))
    assert id.encode() not in left and b"suspected" not in left


def test_a_receiver_that_wanted_no_more_is_tried_again_when_the_form_is_saved(page):
    receiver = Receiver(410)
    client = page()
    save(client, "webhook", webhook_on="1", webhook_url=receiver.url)
    classify(client, png())
    until(lambda: client.services().hub.states()["webhook"].unwanted)
    assert "wants no more events" in client.get("/settings").text
    receiver.status = 204
    save(client, "webhook", webhook_on="1", webhook_url=receiver.url)
    until(lambda: client.services().hub.states()["webhook"].line.delivered)
    assert "wants no more events" not in client.get("/settings").text
    receiver.close()


def test_the_patient_is_told_encrypted_or_not_at_all(page):
    client = page()
    save(client, "webhook", webhook_on="1", webhook_url="http://192.0.2.7/")
    answer = save(client, "patient", events_patient="1")
    assert answer.status_code == 400 and "only encrypted" in answer.text
    save(client, "webhook", webhook_on="1", webhook_url="https://192.0.2.7/")
    assert save(client, "patient", events_patient="1").status_code == 303
    assert save(client, "webhook", webhook_on="1", webhook_url="http://192.0.2.7/").status_code == 400
    mqtt = {"mqtt_on": "1", "mqtt_host": "192.0.2.8", "mqtt_port": "1883", "mqtt_base": "x"}
    assert save(client, "mqtt", **mqtt).status_code == 400
    assert save(client, "mqtt", **mqtt, mqtt_tls="1").status_code == 303
