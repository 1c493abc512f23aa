"""From a clinic's films to its own thresholds on the device: `site-check --calibration-out`, then `classify --site`."""

import json
import shutil
import subprocess
import sys

import pytest

from edge_app.install import site_file
from edge_app.model import model_file, site_calibration
from tests.support.clinic import MODEL, ROOT, draw_site, report_of
from train import signing


@pytest.fixture(scope="session")
def clinic(tmp_path_factory):
    """Return a folder of films with labels: 75 patients with COVID-19, 75 without, of whom 25 look ill to the model."""
    rows = [(f"c{at}.png", "covid", 0.95, f"Garcia-{at}") for at in range(75)]
    rows += [(f"n{at}.png", "normal", 0.7 if at % 3 == 0 else 0.0, f"Nguyen-{at}") for at in range(75)]
    return draw_site(tmp_path_factory.mktemp("clinic") / "films", rows)


@pytest.fixture
def key(tmp_path, monkeypatch):
    """Return a private key whose public half this device trusts with calibrations."""
    monkeypatch.setenv("COVID_XRAY_KEYS", str(tmp_path / "keys"))
    public = signing.keygen(tmp_path / "physicist")
    (tmp_path / "keys" / "site").mkdir(parents=True)
    shutil.copy(public, tmp_path / "keys" / "site")
    return tmp_path / "physicist"


@pytest.fixture
def made(clinic, key, check, tmp_path):
    """Return (path of the calibration, what was said, folder of the report) of that clinic."""
    path = tmp_path / "st-anna.json"
    words = "--out", clinic.parent / "out", "--calibration-out", path, "--key", key
    out, complaints = check(MODEL, clinic, *words)
    assert complaints == []
    return path, out, clinic.parent / "out"


def classify(*words) -> list[dict]:
    """Run the edge's program; return its lines."""
    line = [sys.executable, "-m", "edge_app", "classify", "--model", MODEL, "--json", *words]
    done = subprocess.run(list(map(str, line)), cwd=ROOT, capture_output=True, text=True, check=True, timeout=300)
    return [json.loads(row) for row in done.stdout.splitlines()]


def test_what_is_in_the_file(made):
    path, out, folder = made
    told, numbers = json.loads(path.read_text()), report_of(folder)[0]
    assert told["site"] == "st-anna"
    assert told["model"] == {"name": "drawn-int8", "sha256": model_file.read(MODEL).sha256}
    assert told["films"]["covid"] == {"films": 75, "patients": 75}
    found = told["findings"]["covid"]
    assert found["moves"]["unsure_from"] == "raised" and found["unsure_from"] > 0.2
    assert found["patients"] == 75 and found["support"]["low"] >= 0.95
    assert found["figures"] == numbers["own_rule"]["findings"]["covid"]["figures"]
    assert told["findings"]["pneumonia"]["figures"] is None
    assert "Garcia" not in path.read_text() and "c0.png" not in path.read_text()
    assert "covid, unsure from a score: 0.2000, raised to" in out
    assert "copy it and st-anna.json.sig to the device" in out
    assert "What a calibration file would change" in report_of(folder)[2]


def test_the_edge_judges_by_it(made, clinic):
    path, _, _ = made
    card = site_file.applied(model_file.read(MODEL), path).card
    low, high = site_calibration.limits(card, "refer", "covid")
    films = [clinic / f"{name}{at}.png" for name in "cn" for at in range(8)]
    for before, after in zip(classify(*films), classify(*films, "--site", path), strict=True):
        assert before["site"] is None and after["site"]["name"] == "st-anna"
        score = after["scores"]["covid"]
        suspected, unsure = score >= high, low <= score < high
        expected = "covid suspected" if suspected else "unsure: refer to a radiologist" if unsure else None
        assert expected is None or after["verdict"] == expected
        assert (after["verdict"] == "covid suspected") == suspected
    assert after["operating_point"]["sensitivity"]["low"] > 0.9


def test_it_is_for_the_rule_that_it_was_made_for(made, clinic):
    words = clinic / "n0.png", "--site", made[0], "--operating-point", "sensitive"
    with pytest.raises(subprocess.CalledProcessError) as refused:
        classify(*words)
    assert "is for operating point 'refer', and 'sensitive' is asked for" in refused.value.stderr


def test_a_file_changed_by_hand_is_refused(made, clinic):
    path, _, _ = made
    path.write_text(path.read_text().replace('"unsure_from": 0.', '"unsure_from": 0.9', 1))
    with pytest.raises(subprocess.CalledProcessError) as refused:
        classify(clinic / "n0.png", "--site", path)
    assert "none of the site's keys (physicist.pub) signed it, or it was changed since" in refused.value.stderr


def test_it_is_checked_on_later_films(made, clinic, check, tmp_path):
    path, _, _ = made
    rows = [(f"c{at}.png", "covid", 0.95, f"Lopez-{at}") for at in range(12)]
    later = draw_site(tmp_path / "later", [*rows, *((f"n{at}.png", "normal", 0.0, f"Singh-{at}") for at in range(12))])
    check(MODEL, later, "--out", tmp_path / "out", "--site", path)
    numbers, judged, page = report_of(tmp_path / "out")
    told = json.loads(path.read_text())["findings"]["covid"]
    assert numbers["site"]["name"] == "st-anna" and list(numbers["points"]) == ["refer"]
    assert numbers["points"]["refer"]["limits"] == [told["unsure_from"], told["suspected_from"]]
    assert numbers["points"]["refer"]["card"]["sensitivity"] == told["figures"]["sensitivity"]
    assert "judged by the calibration of site" in page and "leave out --site to make another" in page
    # The same scores as on the device, with the site's temperature.
    row = classify(later / "c0.png", "--site", path)[0]
    assert judged.set_index("path").loc["c0.png", "score_covid"] == pytest.approx(row["scores"]["covid"], abs=1e-6)
    words = "--calibration-out", tmp_path / "a.json", "--key", tmp_path / "physicist"
    assert "give one of the two" in check(MODEL, later, "--out", tmp_path, "--site", path, *words, code=2)[1][0]


def test_a_name_of_the_site(clinic, key, check, tmp_path):
    words = "--out", clinic.parent / "out", "--calibration-out", tmp_path / "a.json", "--key", key
    check(MODEL, clinic, *words, "--site-name", "St. Anna, radiology")
    assert json.loads((tmp_path / "a.json").read_text())["site"] == "St. Anna, radiology"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "--calibration-out: needs '--key KEY'"),
        (("--key", "no-such-key"), "no-such-key: the key cannot be read"),
        (("--key", "KEY", "--site-name", ""), "--site-name: is ''; 1 to 40 printable letters are allowed"),
        (("--key", "KEY", "--site-name", "x" * 41), "--site-name: is 'xxx"),
    ],
)
def test_what_is_refused_before_any_film_is_read(clinic, key, check, tmp_path, words, sentence):
    words = [key if word == "KEY" else word for word in words]
    out, complaints = check(
        MODEL, clinic, "--out", tmp_path / "out", "--calibration-out", tmp_path / "a.json", *words, code=2
    )
    assert out == "" and len(complaints) == 1 and complaints[0].startswith(sentence)
    assert not (tmp_path / "a.json").exists() and not (tmp_path / "out").exists()


def test_inputs_are_not_overwritten(clinic, key, check, tmp_path):
    for name in (clinic / "labels.csv", key):
        before = name.read_bytes()
        words = "--out", tmp_path / "out", "--calibration-out", name, "--key", key
        assert "would overwrite an input" in check(MODEL, clinic, *words, code=2)[1][0]
        assert name.read_bytes() == before
    signature = tmp_path / "a.sig"
    _, complaints = check(MODEL, clinic, "--calibration-out", signature, "--key", key, "--out", tmp_path, code=2)
    assert "ends as a signature does" in complaints[0]


def test_too_few_films_write_no_file(key, check, tmp_path):
    rows = [(f"c{at}.png", "covid", 1.0, f"Garcia-{at}") for at in range(4)]
    folder = draw_site(tmp_path / "films", [*rows, *((f"n{at}.png", "normal", 0.0, f"N-{at}") for at in range(12))])
    words = "--out", tmp_path / "out", "--calibration-out", tmp_path / "a.json", "--key", key
    _, complaints = check(MODEL, folder, *words, code=1)
    assert complaints == [
        f"{tmp_path / 'a.json'}: is not written: 4 COVID-19 and 12 other patients are too few; 10 of each are needed."
    ]
    assert not (tmp_path / "a.json").exists()
    assert "No calibration file can be made: 4 COVID-19" in report_of(tmp_path / "out")[2]


def test_a_rule_that_asks_for_no_sensitivity(clinic, key, check, tmp_path):
    words = "--calibration-out", tmp_path / "a.json", "--key", key, "--operating-point", "balanced"
    _, complaints = check(MODEL, clinic, "--out", clinic.parent / "out", *words, code=1)
    assert "rule 'balanced' asks for no sensitivity; use 'refer' or 'sensitive'" in complaints[0]
