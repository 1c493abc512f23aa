"""Steps of job.py: the program is installed, removed and updated."""

import re
import shutil
import subprocess
import time
from pathlib import Path

from tests.system.booted.system import FILMS, INBOX, OUT, WATCH, count, run, say, show, until

PREFIX, KEYS = Path("/opt/covid-xray"), Path("/etc/covid-xray/keys")
# A bundle, its signature, and the public key of its signer.
UPDATE = Path("/update")


def installed() -> None:
    """Install the package; the service runs as its own user, and is enabled for the next power-on."""
    began = time.monotonic()
    run("dpkg", "-i", *map(str, Path("/debs").glob("*.deb")))
    took = time.monotonic() - began
    assert show("ActiveState") == "active"
    assert show("UnitFileState") == "enabled"
    owner = Path(f"/proc/{show('MainPID')}").owner()
    assert owner == "covid-xray", owner
    say(f"installed in {took:.0f} s: {run('covid-xray', '--version').splitlines()[0]}; runs as {owner}")
    say(f"user: {run('id', 'covid-xray')}; inbox: {run('stat', '-c', '%A %U:%G', str(INBOX))}")
    exposed = {}
    for name in ("watch", "page", "camera", "dicom"):
        text = run("systemd-analyze", "security", "--no-pager", f"covid-xray-{name}.service", check=False)
        level = text.splitlines()[-1].strip()
        exposed[name] = float(re.search(r": (\d+\.\d)", level)[1])
        say(f"{name}: {level}")
        (OUT / f"security-{name}.txt").write_text(text)
        run("systemd-analyze", "verify", "--man=no", f"covid-xray-{name}.service")
    assert exposed["dicom"] <= exposed["page"], exposed  # both listen to a network
    say(f"listening: {run('ss', '-Hltn') or 'nothing'}")


def removed() -> None:
    """Remove the package: nothing runs, and the results are still there."""
    held = count()
    run("dpkg", "-r", "covid-xray-edge")
    assert not (PREFIX / "current").exists()
    assert not list(PREFIX.rglob("*.py*")), "files were left behind"
    assert run("pgrep", "-u", "covid-xray", check=False) == ""
    assert count() == held
    say(f"removed: nothing runs, {held} results are still there")


def bundled() -> None:
    """The offline bundle installs the same after the package is gone; its service goes on with the store."""
    held = count()
    (bundle,) = Path("/bundle").iterdir()
    began = time.monotonic()
    run("python3", str(bundle / "install.py"), "--system")
    took = time.monotonic() - began
    assert show("ActiveState") == "active"
    assert (PREFIX / "current").resolve().parent == PREFIX / "releases"
    # Films that were judged are not judged again.
    assert count() >= held
    checks = run("covid-xray", "doctor", check=False)
    (OUT / "doctor.txt").write_text(checks + "\n")
    faults = [line for line in checks.splitlines() if line.startswith("fault")]
    assert not faults, faults
    size = int(run("du", "-sk", str(PREFIX)).split()[0]) / 1024
    say(f"offline bundle installed in {took:.0f} s, {size:.0f} MiB; doctor: no fault")


def updated() -> None:
    """A bundle with another release is refused without a signature, then installed, then rolled back."""
    (archive,) = UPDATE.glob("*.tar.gz")
    before = (PREFIX / "current").resolve()
    shutil.copy(UPDATE / "site.pub", KEYS)
    unsigned = Path("/tmp") / archive.name
    shutil.copy(archive, unsigned)
    line = ["covid-xray", "update", "install", str(unsigned)]
    refused = subprocess.run(line, capture_output=True, text=True, check=False)
    assert refused.returncode == 2, refused
    assert "is not signed" in refused.stderr, refused.stderr
    assert (PREFIX / "current").resolve() == before
    unsigned.unlink()
    began = time.monotonic()
    run("covid-xray", "update", "install", str(archive))
    took = time.monotonic() - began
    after = (PREFIX / "current").resolve()
    assert after != before
    judges_with(after, "update")
    run("covid-xray", "update", "rollback")
    assert (PREFIX / "current").resolve() == before
    judges_with(before, "rollback")
    releases = run("covid-xray", "update", "list").splitlines()
    say(f"an update that is not signed: refused; signed: in use after {took:.0f} s; rolled back: {', '.join(releases)}")


def judges_with(release: Path, films: str) -> None:
    """Restart the service; it runs out of a release, and judges films that it has not seen."""
    run("systemctl", "restart", WATCH)
    assert str(release) in Path(f"/proc/{show('MainPID')}/maps").read_text()
    done = count()
    new = sorted((FILMS / films).iterdir())
    for film in new:
        shutil.copy(film, INBOX / f"{films}-{film.name}")  # other names than those of the films before
    until(lambda: count() == done + len(new), f"films judged by {release.name}")
