"""`--site FILE` by the program itself: whose signature counts, what is refused, and where the site is shown."""

import csv
import hashlib
import json
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PIL import Image

from edge_app.install import site_file
from edge_app.model import model_file
from edge_app.screening import decision
from tests.support.films import draw_film
from tests.support.light_box import FILM, box
from tests.support.model_command import in_use, model
from tests.support.program import MODEL, ROOT, one_line, run
from tests.support.signing import sign, trust
from tests.support.site_calibration import calibration, trust_calibrations, write


@pytest.fixture
def film_path(tmp_path):
    """Return the path of a film that the small model gives a score of 0.44 or 0.5 for COVID-19, by runtime."""
    path = tmp_path / "film.png"
    Image.fromarray(draw_film(1000, 240, 200, opacity=0.68)).save(path)
    return path


@pytest.fixture
def key(place):
    """Return a private key that may sign calibrations of this test's device."""
    made = Ed25519PrivateKey.generate()
    trust_calibrations(made)
    return made


@pytest.fixture
def site(tmp_path, key):
    """Return a calibration by which `film_path` is suspected, which the model itself calls unsure."""
    return write(tmp_path / "clinic.json", calibration(MODEL, covid=(0.1, 0.3)), key)


def rows(*words, **options):
    """Return the lines of a run of `classify --json`."""
    return [json.loads(line) for line in run(*words, "--json", **options).stdout.splitlines()]


def test_the_sites_thresholds_decide(site, film_path):
    (before,), (after,) = rows(film_path), rows(film_path, "--site", site)
    assert before["site"] is None
    assert after["site"] == {"name": "Clinic A", "sha256": hashlib.sha256(site.read_bytes()).hexdigest()}
    assert (before["verdict"], after["verdict"]) == (decision.UNSURE, decision.COVID)
    assert after["operating_point"]["band"] == [0.1, 0.3]
    assert after["operating_point"]["sensitivity"] == {"value": 0.97, "low": 0.955, "high": 0.985}
    assert after["scores"] == before["scores"] and after["model"] == before["model"]


def test_it_is_shown_with_every_verdict(site, film_path, tmp_path):
    made = tmp_path / "rows.csv", tmp_path / "report.html"
    table = run(film_path, "--site", site, "--csv", made[0], "--report", made[1]).stdout
    line = "thresholds and figures of site 'Clinic A': 300 patients with COVID-19 and 270 others, 2026-11-30"
    assert line in table and "signed by physicist" in table
    assert "on films of Clinic A, 0.97" in table
    with made[0].open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["site"] == "Clinic A" and len(row["site_sha256"]) == 64
    assert "site &#39;Clinic A&#39;" in made[1].read_text()
    told = run(film_path, "--site", site, "--out", tmp_path / "shown.png", command="explain").stdout
    assert line in told


def test_the_configuration_names_it(site, film_path, monkeypatch):
    monkeypatch.setenv(site_file.VARIABLE, str(site))
    assert rows(film_path)[0]["site"]["name"] == "Clinic A"
    monkeypatch.setenv(site_file.VARIABLE, "")
    assert rows(film_path)[0]["site"] is None


def test_a_film_is_judged_anew_by_another_calibration(site, key, film_path, tmp_path):
    other = write(tmp_path / "other.json", calibration(MODEL, covid=(0.7, 0.9), site="Clinic B"), key)
    found = [rows(film_path, "--store", *words)[0] for words in ((), ("--site", site), ("--site", other), ())]
    assert [row["stored"] for row in found] == [False, False, False, True]
    assert [row["verdict"] for row in found[:3]] == [decision.UNSURE, decision.COVID, decision.NORMAL]
    kept = [json.loads(line) for line in run("--json", command="results", model=None).stdout.splitlines()]
    assert {row["operating_point"][:20] for row in kept} == {"refer", "refer, site Clinic A", "refer, site Clinic B"}
    assert {row["site"] and row["site"]["name"] for row in kept} == {None, "Clinic A", "Clinic B"}


def test_a_key_that_may_sign_programs_may_sign_a_calibration(place, tmp_path, film_path):
    key = Ed25519PrivateKey.generate()
    trust(place, key)
    path = write(tmp_path / "clinic.json", calibration(MODEL), key)
    assert rows(film_path, "--site", path)[0]["site"]["name"] == "Clinic A"


def test_a_key_for_calibrations_signs_no_model(key, place):
    """Nor does it make a site without other keys refuse models that are not signed."""
    from edge_app.install import signatures

    assert signatures.signer(b"model", None, "model") == ""
    trust(place, Ed25519PrivateKey.generate())
    with pytest.raises(site_file.NotTrusted, match="none of the site's keys"):
        signatures.signer(b"model", key.sign(b"model"), "model")


def _unsigned(site, key):
    site.with_name("clinic.json.sig").unlink()


def _altered(site, key):
    site.write_bytes(site.read_bytes().replace(b'"Clinic A"', b'"Clinic Z"'))


def _another_key(site, key):
    sign(site, Ed25519PrivateKey.generate())


def _another_model(site, key):
    write(site, calibration(MODEL, model={"name": "elsewhere", "sha256": "ab" * 32}), key)


def _another_version(site, key):
    write(site, calibration(MODEL, version=9), key)


def _unproven(site, key):
    content = calibration(MODEL, covid=(0.7, 0.9))
    content["findings"]["covid"]["patients"] = 30
    write(site, content, key)


def _no_keys(site, key):
    for path in (site.parent / "keys" / "site").iterdir():
        path.unlink()


def _gone(site, key):
    site.unlink()


def _folder(site, key):
    site.unlink()
    site.mkdir()


def _huge(site, key):
    site.write_bytes(bytes(site_file.MOST_BYTES + 1))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_unsigned, "clinic.json: is not signed, and this site accepts only files signed with a key in"),
        (_altered, "clinic.json: none of the site's keys (physicist.pub) signed it, or it was changed since"),
        (_another_key, "clinic.json: none of the site's keys (physicist.pub) signed it"),
        (_another_model, "clinic.json: is for model 'elsewhere' (sha256 abababababab), and this model is 'drawn-int8'"),
        (_another_version, "clinic.json: has version 9; this program reads version 1"),
        (_unproven, "raises the threshold of 'covid' from 0.2000 to 0.7000, and its films do not support it"),
        (_no_keys, "clinic.json: no key is installed here that could confirm its signature"),
        (_gone, "clinic.json: the site's calibration cannot be read (No such file or directory)"),
        (_folder, "clinic.json: is not a regular file"),
        (_huge, "clinic.json: is larger than 1000000 bytes"),
    ],
)
def test_a_file_that_is_refused(site, key, film_path, spoil, words):
    """In one sentence, and before any film is judged; the doctor says the same."""
    spoil(site, key)
    assert words in one_line(run(film_path, "--site", site, code=2))
    told = json.loads(run("--json", "--site", site, command="doctor", code=1).stdout)
    (check,) = [check for check in told["checks"] if check["name"] == "site"]
    assert check["state"] == "fault" and words in check["words"]


def test_another_operating_point(site, film_path):
    said = one_line(run(film_path, "--site", site, "--operating-point", "sensitive", code=2))
    assert "is for operating point 'refer', and 'sensitive' is asked for" in said


def test_what_the_doctor_says(site):
    told = json.loads(run("--json", "--site", site, command="doctor").stdout)["checks"]
    assert [check["state"] for check in told if check["name"] == "site"] == ["ok"]
    assert "thresholds and figures of site 'Clinic A'" in next(
        check["words"] for check in told if check["name"] == "site"
    )


def test_photographs_keep_the_models_thresholds(site, camera_model, film_path, monkeypatch, key, tmp_path):
    path = write(tmp_path / "camera.json", calibration(camera_model, covid=(0.1, 0.3)), key)
    model = site_file.applied(model_file.read(camera_model), path)
    assert model.card.site and model.for_camera().card.site is None
    assert model.for_camera().card.limits("refer") == model_file.read(camera_model).card.camera.limits("refer")
    monkeypatch.setenv(site_file.VARIABLE, str(path))
    Image.fromarray(box(FILM)).save(film_path)  # a film on a light box
    done = run(film_path, "--frames", "1", "--screen", "none", "--json", command="camera", model=camera_model)
    assert json.loads(done.stdout)["site"] is None
    assert f"COVID_XRAY_SITE: '{path}' is for films in files" in done.stderr


def test_the_command_line_forks_before_anything_heavy_is_imported():
    code = (
        "import sys, edge_app.commands.common; sys.exit(' '.join({'numpy', 'cv2', 'cryptography'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""


def test_a_model_is_not_installed_beside_the_calibration_of_another(site, place, with_golden_film, monkeypatch):
    """The services would not start with it: the doctor finds the fault, and the model before stays in use."""
    before = in_use()
    monkeypatch.setenv(site_file.VARIABLE, str(site))
    _, said = model("install", with_golden_film("next"), code=2)
    assert "the doctor finds a fault with it (site: " in said and "is for model 'drawn-int8'" in said
    monkeypatch.setenv(site_file.VARIABLE, "")
    assert in_use() == before
    model("install", with_golden_film("next"))
    assert in_use() == "next"


def test_no_output_overwrites_it(site, film_path):
    before = site.read_bytes()
    assert "would overwrite an input file" in one_line(run(film_path, "--site", site, "--csv", site, code=2))
    words = film_path, "--site", site, "--out", site
    assert "would overwrite what is read" in one_line(run(*words, command="explain", code=2))
    assert site.read_bytes() == before
