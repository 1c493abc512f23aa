"""The settings page: what is set holds and is kept, what the device's configuration says wins, and wrong values."""

import io
import json
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge_app.commands import cli, serve
from edge_app.errors import WrongUsage
from edge_app.web.http import settings_file, settings_table
from edge_app.web.http.settings import Settings
from edge_app.web.text import settings_text
from tests.support.films import png
from tests.support.forms import classify, token_of
from tests.support.site_calibration import calibration, trust_calibrations, write


def film(seed: int = 1000) -> io.BytesIO:
    return io.BytesIO(png(seed=seed))


def save(client, section, **typed):
    return client.post(f"/settings/{section}", data={"csrf_token": client.token, **typed})


JUDGING = {"prevalence": "5", "pneumonia_prevalence": "12,5", "operating_point": "refer", "site": ""}


def test_a_prevalence_holds_at_once_and_is_kept(page, tmp_path, capfd):
    client = page()
    assert "prevalence" not in classify(client, png()).json
    answer = save(client, "judging", **JUDGING)
    assert answer.status_code == 303 and answer.location == "/settings?saved=judging#judging"
    row = classify(client, png()).json
    assert row["prevalence"] == 0.05 and row["pneumonia_prevalence"] == 0.125
    shown = client.get("/settings").text
    assert 'name="prevalence" value="5"' in shown and 'name="pneumonia_prevalence" value="12.5"' in shown
    kept = json.loads((tmp_path / "state" / "settings.json").read_text())
    assert kept["schema"] == 1 and kept["values"]["prevalence"] == 0.05
    assert (tmp_path / "state" / "settings.json").stat().st_mode & 0o077 == 0
    assert "settings: prevalence is now '0.05'; it was 'None'." in capfd.readouterr().err
    again = page()  # as after a restart
    assert again.services().context.prevalence == 0.05
    save(again, "judging", **JUDGING | {"prevalence": ""})
    assert "prevalence" not in classify(again, png()).json


def test_what_the_configuration_says_wins_and_cannot_be_changed(page):
    client = page(prevalence="0.2", keep_days=7, pinned=frozenset({"prevalence", "keep_days"}))
    save(client, "judging", **JUDGING)
    save(client, "keeping", films_mb="2000", keep_days="99")
    running = client.services()
    assert running.context.prevalence == 0.2 and running.context.pneumonia_prevalence == 0.125
    assert running.settings.keep_days == 7
    shown = client.get("/settings").text
    assert 'id="prevalence" name="prevalence" value="20"' in shown and shown.count(" disabled") == 2
    assert "Set by the device's configuration (--prevalence)." in shown
    again = page(pinned=frozenset({"prevalence"}), prevalence="0.3")
    assert again.services().context.prevalence == 0.3


def test_a_flag_counts_as_given_and_a_default_does_not(monkeypatch):
    def given(*words):
        return settings_file.given(cli.parser("serve").parse_args(["serve", *words]))

    assert given() == frozenset()
    assert given("--keep-days", "0") == {"keep_days"}
    assert given("--operating-point", "refer", "--camera", "auto") == {"operating_point", "camera"}
    monkeypatch.setenv("COVID_XRAY_SITE", "/etc/clinic.json")
    assert given("--prevalence", "0.1") == {"site", "prevalence"}


def test_without_flags_the_page_starts_as_ever(monkeypatch, tmp_path):
    started = []
    monkeypatch.setattr(serve, "serve", lambda settings: started.append(settings) or 0)
    assert cli.main(["serve", "--state", str(tmp_path / "page")]) == 0
    plain = Settings(tmp_path / "page")
    of_machine = {name: getattr(started[0], name) for name in ("model", "threads", "shared_store")}
    assert started == [replace(plain, **of_machine)]


def test_a_rule_waits_for_a_restart_and_says_so(page):
    client = page()
    save(client, "judging", **JUDGING | {"operating_point": "sensitive"})
    assert client.services().settings.rule == client.services().context.rule == "refer"
    shown = client.get("/settings").text
    assert "In use now: refer." in shown and "after the service or the device is restarted" in shown
    assert classify(client, png()).json["operating_point"]["name"] == "refer"
    again = page()
    assert classify(again, png()).json["operating_point"]["name"] == "sensitive"
    assert "In use now" not in again.get("/settings").text


def test_readings_are_deleted_earlier_at_once_and_never_later(page):
    client = page()
    first = classify(client, png()).json["id"]
    store = client.services().reading_store

    def days(id):
        reading = store.get(id)
        return (reading.kept_until - reading.time).days

    save(client, "keeping", films_mb="2000", keep_days="3")
    assert days(first) == 3 and days(classify(client, png()).json["id"]) == 3
    save(client, "keeping", films_mb="2000", keep_days="90")
    assert days(first) == 3 and days(classify(client, png()).json["id"]) == 90
    assert client.services().settings.keep_days == 90
    assert "after 90 days" in client.get("/privacy").text
    save(client, "keeping", films_mb="2000", keep_days="0")
    assert days(classify(client, png()).json["id"]) > 30_000


@pytest.mark.parametrize(
    ("section", "typed", "sentence"),
    [
        ("judging", JUDGING | {"prevalence": "many"}, "“many” is not a number from 0.1 to 99.9"),
        ("judging", JUDGING | {"prevalence": "100"}, "“100” is not a number from 0.1 to 99.9"),
        ("judging", JUDGING | {"pneumonia_prevalence": "nan"}, "“nan” is not a number from 0.1"),
        ("judging", JUDGING | {"operating_point": "generous"}, "“generous” is not an operating point;"),
        ("judging", JUDGING | {"site": "../../etc/passwd"}, "is not in the folder of the device"),
        ("keeping", {"films_mb": "9", "keep_days": "-1"}, "“-1” is not a number of days"),
        ("keeping", {"films_mb": "9", "keep_days": "²"}, "“²” is not a number of days"),
        ("keeping", {"films_mb": "9"}, "“” is not a number of days"),
        ("keeping", {"keep_days": "9", "films_mb": "many"}, "“many” is not a number of megabytes"),
        ("camera", {"camera": "a\x00b"}, "characters that cannot be printed"),
        ("camera", {"camera": "x" * 501}, "This is longer than 500 characters"),
        ("webhook", {"webhook_on": "1"}, "The address is missing"),
        ("webhook", {"webhook_on": "1", "webhook_url": "ftp://a/b"}, "This is not an address"),
        ("webhook", {"webhook_on": "1", "webhook_url": "http://a:99999/"}, "This is not an address"),
        ("webhook", {"webhook_on": "1", "webhook_url": "http://[a/"}, "This is not an address"),
        ("webhook", {"webhook_url": "https://a/\r\nX: y"}, "characters that cannot be printed"),
        ("webhook", {"webhook_url": "https://a/", "webhook_authority": "/etc/passwd"}, "is not in the folder"),
        ("mqtt", {"mqtt_on": "1", "mqtt_port": "1883", "mqtt_base": "x"}, "The broker is missing"),
        ("mqtt", {"mqtt_host": "mqtt://pi", "mqtt_port": "1883", "mqtt_base": "x"}, "is not a host"),
        ("mqtt", {"mqtt_port": "0", "mqtt_base": "x"}, "“0” is not a port"),
        ("mqtt", {"mqtt_port": "1", "mqtt_base": "a/#"}, "“a/#” is not a topic"),
        ("mqtt", {"mqtt_port": "1", "mqtt_base": ""}, "The topic is missing"),
    ],
)
def test_a_wrong_value_is_one_sentence_and_changes_nothing(browser, section, typed, sentence):
    browser.token = token_of(browser.get("/settings"))
    answer = save(browser, section, **typed)
    assert answer.status_code == 400
    assert sentence in answer.text and answer.text.count('class="wrong"') == 1
    assert "Nothing was saved." in answer.text
    state_dir = browser.application.extensions["services"].settings.state_dir
    assert not (state_dir / "settings.json").exists()


def test_a_calibration_is_chosen_of_the_configurations_folder_and_its_signature_checked(page, model_path):
    key = Ed25519PrivateKey.generate()
    trust_calibrations(key)
    folder = settings_table.folder()
    write(folder / "clinic.json", calibration(model_path, covid=(0.1, 0.3)), key)
    write(folder / "other.json", calibration(model_path, covid=(0.1, 0.3)), Ed25519PrivateKey.generate())
    (folder / "unsigned.json").write_text("{}")
    client = page()
    shown = client.get("/settings").text
    assert 'value="clinic.json"' in shown and 'value="unsigned.json"' not in shown
    answer = save(client, "judging", **JUDGING | {"site": "other.json"})
    assert answer.status_code == 400 and "or it was changed since" in answer.text
    assert save(client, "judging", **JUDGING | {"site": "clinic.json"}).status_code == 303
    assert "In use now: none." in client.get("/settings").text
    again = page()
    assert classify(again, png()).json["site"]["name"] == "Clinic A"
    answer = save(again, "judging", **JUDGING | {"site": "clinic.json", "operating_point": "balanced"})
    assert answer.status_code == 400 and "clinic.json" in answer.text


def test_a_camera_of_the_page_that_is_not_there_keeps_nothing_from_starting(page, tmp_path):
    client = page()
    assert save(client, "camera", camera="rtsp://ward:apron@192.0.2.7/film").status_code == 303
    shown = client.get("/settings").text
    assert "apron" not in shown and "rtsp://ward:***@192.0.2.7/film" in shown
    # The form gives back what it was shown.
    save(client, "camera", camera="rtsp://ward:***@192.0.2.7/film")
    kept = json.loads((tmp_path / "state" / "settings.json").read_text())["values"]
    assert kept["camera"] == "rtsp://ward:apron@192.0.2.7/film"
    again = page()
    assert again.services().camera is None and again.get("/").status_code == 200
    assert 'class="warning"' in again.get("/settings").text


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", "is damaged"),
        ("[]", "is damaged"),
        ('{"schema": 2, "values": {}}', "has schema 2, and this program reads 1"),
        ('{"schema": 1, "values": {"keep_days": "x"}}', "'keep_days'"),
        ('{"schema": 1, "values": {"keep_days": -3}}', "'keep_days'"),
        ('{"schema": 1, "values": {"prevalence": [1]}}', "'prevalence'"),
        ('{"schema": 1, "values": {"webhook_on": true}}', "no address or no secret"),
        ('{"schema": 1, "values": {"mqtt_on": true}}', "has no broker"),
    ],
)
def test_a_damaged_file_is_told_in_one_sentence(tmp_path, content, sentence):
    (tmp_path / "settings.json").write_text(content)
    with pytest.raises(WrongUsage, match=sentence):
        settings_file.read(tmp_path)


def test_what_a_newer_program_set_is_kept(page, tmp_path):
    path = tmp_path / "state" / "settings.json"
    client = page()
    path.write_text('{"schema": 1, "values": {"colour": "red"}}')
    save(client, "keeping", films_mb="2000", keep_days="9", keep_names="1")
    assert json.loads(path.read_text())["values"] == {
        "colour": "red",
        "keep_days": 9,
        "films_mb": 2000,
        "keep_names": True,
    }


def test_names_that_are_not_wanted_any_more_are_erased(page, tmp_path):
    client = page()
    client.post("/readings", data={"csrf_token": client.token, "film": (film(), "meier.png")})
    (reading,) = client.services().reading_store.search()
    assert reading.name == "meier.png"
    save(client, "keeping", films_mb="2000", keep_days="30")  # a box that is not ticked is not sent
    assert client.services().reading_store.get(reading.id).name == ""
    client.post("/readings", data={"csrf_token": client.token, "film": (film(2), "meier-2.png")})
    left = b"".join(path.read_bytes() for path in (tmp_path / "state").glob("results.sqlite*"))
    assert b"meier" not in left
    assert page().services().settings.keep_names is False


def test_every_setting_has_words():
    assert set(settings_text.FIELDS) == set(settings_table.BY_NAME)
    assert set(settings_text.SECTIONS) == set(settings_table.SECTIONS)
    assert set(settings_text.RULES) == set(settings_table.RULES)
