"""`model install | list | rollback`, by the program itself: what is refused, and what is in use."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge_app.diagnostics import model_smoke_test
from edge_app.imaging import preprocess
from edge_app.install import model_registry
from edge_app.install.model_registry import InstalledModel, InstalledModels
from edge_app.model import model_file
from tests.support.model_command import in_use, model
from tests.support.signing import sign, trust

ROOT = Path(__file__).parents[3]


def test_the_release_is_used_until_another_is_installed(place):
    assert model_registry.default_model() == model_registry.released()
    assert [(one["sha256"], one["state"]) for one in model("list")[0]] == [("", "in use")]
    assert not place.exists()


def test_install_list_and_roll_back(place, with_golden_film):
    release = in_use()
    for name in ("first", "second", "third"):
        _, said = model("install", with_golden_film(name))
        assert "its signer is not known, since this site has no key" in said
        assert in_use() == name
    listed, _ = model("list")
    assert [(one["name"], one["state"]) for one in listed] == [
        ("third.tflite", "in use"),
        ("second.tflite", "kept"),
        ("", "kept"),
    ]
    assert len(list(place.glob("*.tflite"))) == 2  # the last two are kept, the first is gone
    model("rollback")
    assert in_use() == "second"
    model("rollback")
    assert in_use() == "third"
    assert release not in ("first", "second", "third")


@pytest.mark.parametrize("told", [True, False])
def test_it_is_told_how_well_the_model_finds_opacities_if_its_card_does(place, with_golden_film, told):
    share = {"value": 0.8, "low": 0.76, "high": 0.84}
    found = {"hottest_in_box": share, "random_place": 0.27, "best_fixed_place": 0.67, "films": 443}
    path = with_golden_film("first", **({"localisation": found} if told else {}))
    line = [sys.executable, "-m", "edge_app", "model", "install", str(path)]
    said = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=True, timeout=300).stdout.splitlines()
    assert "is in use from the next start on" in said[0]
    assert said[1:] == (
        [
            "on 443 films of patients that it was not trained on, the hottest place lies in a radiologist's box on "
            "0.80 (0.76 to 0.84) of the films; a random place would on 0.27, the best fixed place on 0.67"
        ]
        if told
        else []
    )


def test_back_to_the_release(place, with_golden_film):
    release = in_use()
    model("install", with_golden_film("first"))
    model("rollback")
    assert in_use() == release
    assert "is already the model in use" not in model("install", with_golden_film("second"))[1]
    model("rollback")
    assert in_use() == release


def test_nothing_to_go_back_to(place):
    _, said = model("rollback", code=2)
    assert "there is no previous model to go back to" in said


def test_the_same_model_twice(place, with_golden_film):
    path = with_golden_film("first")
    model("install", path)
    assert "is already the model in use" in model("install", path, code=2)[1]
    assert in_use() == "first"


def test_wrong_usage(place, with_golden_film):
    for words in (("install",), ("list", "file"), ("rollback", "file")):
        assert "'install' takes one FILE" in model(*words, code=2)[1]


def broken(path: Path) -> Path:
    content = bytearray(path.read_bytes())
    content[3000] ^= 1
    path.write_bytes(content)
    return path


def cut_off(path: Path) -> Path:
    path.write_bytes(path.read_bytes()[:5000])
    return path


def wrong_fingerprint(pack) -> Path:
    preparation = {"size": 32, "contract": preprocess.CONTRACT_VERSION, "fingerprint": "00" * 512}
    return pack("new", preprocess=preparation)


REFUSALS = {
    "broken": (lambda pack: broken(pack("new")), "is damaged"),
    "cut off": (lambda pack: cut_off(pack("new")), "carries no card"),
    "older runtime here": (lambda pack: pack("new", minimum_runtime="9.1"), "needs TFLite 9.1 or newer"),
    "a version that is none": (lambda pack: pack("new", minimum_runtime="new"), "needs TFLite new or newer"),
    "wrong fingerprint": (wrong_fingerprint, "was trained on films prepared in another way"),
    "golden film": (lambda pack: pack("new", apart=0.2), "a score differs by 0.200 from the card's"),
    "no golden film": (lambda pack: shutil.copy(ROOT / "tests/golden/tiny-int8.tflite", pack("new")), "no golden film"),
    "no model": (lambda pack: ROOT / "README.md", "a model file has 'TFL3' at byte 4"),
    "a folder": (lambda pack: ROOT, "is not a regular file"),
    "missing": (lambda pack: ROOT / "no.tflite", "cannot be read"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_model_that_is_not_fit_is_refused(place, with_golden_film, film_path, name):
    model("install", with_golden_film("old"))
    make, words = REFUSALS[name]
    path = make(with_golden_film)
    _, said = model("install", path, code=2)
    assert said.startswith(f"{path}: ")
    assert words in said
    assert in_use() == "old"
    line = [sys.executable, "-m", "edge_app", "classify", "--json", str(film_path)]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["model"]["name"] == "old"
    assert len(list(place.iterdir())) == 2  # the old one and the order: nothing of the new one is left


def test_signatures(place, with_golden_film):
    ours, theirs = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    path = with_golden_film("signed")
    trust(place, ours)
    assert "is not signed" in model("install", path, code=2)[1]
    assert "none of the site's keys (site.pub) signed it" in model("install", sign(path, theirs), code=2)[1]
    path.with_name(f"{path.name}.sig").write_bytes(b"short")
    assert "its signature has 5 bytes in place of 64" in model("install", path, code=2)[1]
    (entry,), said = model("install", sign(path, ours))
    assert (entry["signer"], said, in_use()) == ("site", "", "signed")
    # It was another file that was signed.
    other = with_golden_film("other")
    shutil.copy(f"{path}.sig", f"{other}.sig")
    assert "or it was changed since" in model("install", other, code=2)[1]
    assert in_use() == "signed"


def test_a_key_that_is_none_lets_nothing_in(place, with_golden_film):
    (place.parent / "keys").mkdir()
    (place.parent / "keys" / "site.pub").write_text("no key")
    path = sign(with_golden_film("new"), Ed25519PrivateKey.generate())
    assert "is not a public key in PEM format" in model("install", path, code=2)[1]


def test_a_key_that_the_site_gave_up_lets_nothing_back(place, with_golden_film):
    old, new = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    trust(place, old)
    model("install", sign(with_golden_film("first"), old))
    trust(place, new)
    model("install", sign(with_golden_film("second"), new))
    assert "none of the site's keys" in model("rollback", code=2)[1]
    assert in_use() == "second"


def test_a_doctor_that_finds_a_fault_takes_it_back(place, with_golden_film):
    model("install", with_golden_film("old"))
    place.with_name("results.sqlite").write_text("no store, but a text that is long enough to be one\n" * 100)
    _, said = model("install", with_golden_film("new"), code=2)
    assert "the doctor finds a fault with it (store: " in said
    assert in_use() == "old"
    assert len(list(place.glob("*.tflite"))) == 1


def test_two_installations_at_once(place, with_golden_film):
    from edge_app import atomic_io

    place.mkdir()
    with atomic_io.alone(place):
        assert "another installation is running" in model("install", with_golden_film("new"), code=2)[1]


def test_files_that_a_worn_card_spoiled_are_passed_over(place, with_golden_film, capsys):
    for name in ("old", "new"):
        model("install", with_golden_film(name))
    new, old = (model_registry.file_of(entry, place) for entry in model_registry.read(place).entries)
    os.truncate(new, 100)
    assert model_registry.default_model() == old
    assert "is missing or cut off; the model before it is used" in capsys.readouterr().err
    old.unlink()
    assert model_registry.default_model() == model_registry.released()
    (place / "models.json").write_bytes(b"\0" * 100)
    assert model_registry.default_model() == model_registry.released()
    assert "the release's own model is used" in capsys.readouterr().err
    (place / "models.json").write_text('{"version": 2, "models": []}')
    assert model_registry.default_model() == model_registry.released()


def test_a_model_on_trial_is_the_doctors_alone(monkeypatch):
    order = InstalledModels((InstalledModel("new"), InstalledModel("old")), trial=True)
    assert [one.sha256 for one in order.in_effect] == ["old"]
    monkeypatch.setenv(model_registry.TRIAL, "1")
    assert [one.sha256 for one in order.in_effect] == ["new", "old"]


def test_what_runtimes_stand_for(monkeypatch):
    versions = {"tflite-runtime": "2.14.0", "ai-edge-litert": "2.3.0"}
    monkeypatch.setattr("edge_app.versions.installed", versions.get)
    assert model_smoke_test.stands_for("tflite_runtime") == (2, 14)
    assert model_smoke_test.stands_for("ai_edge_litert") == (2, 21)
    versions["ai-edge-litert"] = "1.2.0"
    assert model_smoke_test.stands_for("ai_edge_litert") == (2, 17)


def test_the_released_models_can_be_installed():
    for path in sorted((ROOT / "models").glob("covid-xray-*[0-9].tflite")):
        if "mobile" not in path.name:  # those are for phones
            assert model_file.read(path).golden
            model_smoke_test.check(path)
