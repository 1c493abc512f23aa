"""`convert keygen` and `sign`, and that the edge and OpenSSL both take what they make."""

import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from edge_app.errors import NotTrusted, WrongUsage
from edge_app.install import signatures
from train import signing

ROOT = Path(__file__).parents[3]


def convert(*words, code=0, **environment) -> tuple[str, str]:
    """Run `python -m convert`; return what it printed and what it complained of."""
    line = [sys.executable, "-m", "convert", *map(str, words)]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False, env=environment or None)
    assert done.returncode == code, done.stderr
    return done.stdout, done.stderr


def test_the_edge_and_openssl_take_what_is_signed(tmp_path, monkeypatch):
    file = tmp_path / "model.tflite"
    file.write_bytes(bytes(range(256)) * 1000)
    assert convert("keygen", tmp_path / "site")[0].strip() == str(tmp_path / "site.pub")
    assert stat.S_IMODE((tmp_path / "site").stat().st_mode) == 0o600
    assert convert("sign", file, "--key", tmp_path / "site")[0].strip() == f"{file}.sig"
    (tmp_path / "keys").mkdir()
    shutil.copy(tmp_path / "site.pub", tmp_path / "keys")
    monkeypatch.setenv("COVID_XRAY_KEYS", str(tmp_path / "keys"))
    assert signatures.signer(file.read_bytes(), signatures.read(file), file) == "site"
    with pytest.raises(NotTrusted, match="or it was changed since"):
        signatures.signer(file.read_bytes() + b"x", signatures.read(file), file)
    if shutil.which("openssl"):
        line = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", tmp_path / "site.pub", "-rawin", "-in", file]
        subprocess.run([*line, "-sigfile", f"{file}.sig"], check=True, capture_output=True)


def test_a_key_is_never_written_over(tmp_path):
    signing.keygen(tmp_path / "site")
    with pytest.raises(WrongUsage, match="is there already"):
        signing.keygen(tmp_path / "site")


def test_a_pass_phrase(tmp_path):
    signing.keygen(tmp_path / "site", b"open")
    assert b"ENCRYPTED" in (tmp_path / "site").read_bytes()
    assert signing.private_key(tmp_path / "site", b"open")
    for words in (None, b"shut"):
        with pytest.raises(WrongUsage, match="no private key can be read"):
            signing.private_key(tmp_path / "site", words)


def test_what_cannot_be_signed(tmp_path):
    key = signing.private_key(signing.keygen(tmp_path / "site").with_suffix(""))
    (tmp_path / "empty").touch()
    for path in (tmp_path / "no", tmp_path / "empty", tmp_path):
        with pytest.raises(WrongUsage, match="cannot be signed"):
            signing.sign(path, key)


def test_other_keys_are_refused(tmp_path, monkeypatch):
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    line = ["openssl", "genpkey", "-algorithm", "RSA", "-out", tmp_path / "rsa"]
    subprocess.run(line, check=True, capture_output=True)
    with pytest.raises(WrongUsage, match="is not an Ed25519 key"):
        signing.private_key(tmp_path / "rsa")
    public = ["openssl", "pkey", "-in", tmp_path / "rsa", "-pubout", "-out", tmp_path / "rsa.pub"]
    subprocess.run(public, check=True, capture_output=True)
    with pytest.raises(NotTrusted, match="is not an Ed25519 key"):
        signatures.public_key(tmp_path / "rsa.pub")
