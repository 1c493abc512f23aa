"""Installing a model where a file, a folder or a key cannot be used: the refusal says so, and nothing changes."""

import hashlib
import os
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from edge_app.errors import NotInstalled, NotTrusted
from edge_app.install import model_install, model_registry, signatures, verify_install
from edge_app.install.model_registry import InstalledModel
from tests.support.model_command import ROOT, model


@pytest.fixture
def keys(tmp_path, monkeypatch):
    """Return the folder of the site's keys, which does not exist yet."""
    monkeypatch.setenv("COVID_XRAY_KEYS", str(tmp_path / "keys"))
    return tmp_path / "keys"


def program(*words: str) -> subprocess.CompletedProcess:
    """Run the program as a person does."""
    line = [sys.executable, "-m", "edge_app", *words]
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)


def test_keys_that_cannot_be_read_let_nothing_in(keys):
    assert signatures.keys() == []
    keys.write_text("a file, where a folder belongs")
    with pytest.raises(NotTrusted, match=r"the site's keys cannot be read \(Not a directory\).*run as root"):
        signatures.signer(b"model", None, "model.tflite")


def test_a_key_that_cannot_be_read_lets_nothing_in(keys):
    (keys / "site.pub").mkdir(parents=True)
    with pytest.raises(NotTrusted, match=r"site\.pub: the key cannot be read \(Is a directory\)"):
        signatures.signer(b"model", bytes(signatures.LENGTH), "model.tflite")


def test_a_key_of_another_kind_lets_nothing_in(keys):
    keys.mkdir()
    key = generate_private_key(SECP256R1()).public_key()
    (keys / "site.pub").write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    with pytest.raises(NotTrusted, match=r"site\.pub: is not an Ed25519 key; make one with"):
        signatures.signer(b"model", bytes(signatures.LENGTH), "model.tflite")


def test_a_signature_that_cannot_be_read_is_not_taken_for_none(tmp_path):
    path = tmp_path / "model.tflite"
    assert signatures.read(path) is None
    signatures.beside(path).mkdir()
    with pytest.raises(NotTrusted, match=r"model\.tflite\.sig: cannot be read \(Is a directory\)"):
        signatures.read(path)


def test_what_is_not_a_model_file_is_not_read(place, tmp_path):
    pipe, large = tmp_path / "pipe", tmp_path / "large"
    os.mkfifo(pipe)
    with pytest.raises(NotInstalled, match="is not a regular file; name a model file"):
        model_install.install(pipe, place)
    with large.open("wb") as file:
        file.truncate(model_install.MOST_MB * 1_000_000 + 1)  # a hole: it takes no room
    with pytest.raises(NotInstalled, match="is larger than 200 MB"):
        model_install.install(large, place)
    with pytest.raises(NotInstalled, match=r"cannot be read \(No such file or directory\)"):
        model_install.install(tmp_path / "nothing", place)
    assert not place.exists()


def test_a_folder_that_cannot_be_made_is_named(place, tmp_path):
    place.write_text("a file, where a folder belongs")
    path = tmp_path / "model.tflite"
    path.write_bytes(b"model")
    with pytest.raises(NotInstalled, match=r"models: cannot be opened or made \(File exists\); run as root"):
        model_install.install(path, place)


def test_a_model_that_cannot_be_written_is_not_installed(place, tmp_path):
    path = tmp_path / "model.tflite"
    path.write_bytes(b"model")
    entry = InstalledModel(hashlib.sha256(b"model").hexdigest())
    model_registry.file_of(entry, place).mkdir(parents=True)
    with pytest.raises(NotInstalled, match=r"models: the model cannot be written \(.*\); make room"):
        model_install.install(path, place)
    assert model_registry.default_model() == model_registry.released()


def test_a_list_that_is_damaged_counts_as_none_and_is_told(place):
    place.mkdir()
    (place / model_registry.LIST_FILE).write_text("{")
    with pytest.raises(NotInstalled, match="there is no previous model to go back to"):
        model_install.roll_back(place)
    listed = program("model", "list")
    assert (listed.returncode, listed.stdout) == (2, "")
    last = listed.stderr.splitlines()[-1]
    assert "models: what is installed cannot be told (" in last
    assert last.endswith("install your model again.")


def test_a_list_that_cannot_be_written_is_told(place, with_golden_film):
    (place / model_registry.LIST_FILE).mkdir(parents=True)
    with pytest.raises(NotInstalled, match=r"models: cannot be written \(.*\); make room, or run as root"):
        model_install.install(with_golden_film("new"), place)


def test_a_doctor_that_fails_after_going_back_leaves_the_model_in_use(place, with_golden_film):
    for name in ("old", "new"):
        model("install", with_golden_film(name))
    before = model_registry.read(place)
    place.with_name("results.sqlite").write_text("not a store, but a text that is long enough to be one\n" * 100)
    with pytest.raises(NotInstalled, match=r"old\.tflite: the doctor finds a fault with it \(store: "):
        model_install.roll_back(place)
    assert model_registry.read(place) == before


def test_a_trial_that_hangs_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(verify_install, "SECONDS", 0.1)
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexec sleep 600\n")
    python.chmod(0o755)
    with pytest.raises(NotInstalled, match=r"program: its trial took more than 0\.1 seconds, so it is not installed"):
        verify_install.doctor("program", python)


def test_a_program_that_cannot_be_started_is_not_installed(tmp_path):
    with pytest.raises(NotInstalled, match=r"program: it cannot be tried \(No such file or directory\)"):
        verify_install.doctor("program", tmp_path / "python")


def test_the_list_for_people_and_a_damaged_model_in_the_version(place, with_golden_film):
    model("install", with_golden_film("new"))
    (installed,) = (one for one in place.glob("*.tflite"))
    installed.write_bytes(bytes(installed.stat().st_size))

    new, release = program("model", "list").stdout.splitlines()
    assert new.startswith(f"new.tflite (sha256 {installed.stem[:12]}, not signed, ")
    assert new.endswith("Z): in use")
    assert release == "the model of the release: kept"
    assert program("--version").stdout.splitlines()[-1].startswith(f"{installed}: ")


@pytest.mark.parametrize(
    ("end", "said"), [("kill -9 $$", "it was ended by signal 9"), ("echo no module >&2; exit 1", "no module")]
)
def test_a_program_whose_doctor_dies_is_not_installed(tmp_path, end, said):
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{end}\n")
    python.chmod(0o755)
    with pytest.raises(NotInstalled, match=rf"program: the doctor cannot be run with it \({said}\)\."):
        verify_install.doctor("program", python)
