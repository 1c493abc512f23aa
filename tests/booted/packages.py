"""Steps of job.py: the program is put into place and taken away again."""

import time
from pathlib import Path

from tests.booted.system import INBOX, OUT, count, run, say, show


def installed() -> None:
    """Install the package; the service runs, as its own user, and is there at the next power-on."""
    began = time.monotonic()
    run("dpkg", "-i", *map(str, Path("/debs").glob("*.deb")))
    took = time.monotonic() - began
    assert show("ActiveState") == "active"
    assert show("UnitFileState") == "enabled"
    owner = Path(f"/proc/{show('MainPID')}").owner()
    assert owner == "covid-xray", owner
    say(f"installed in {took:.0f} s: {run('covid-xray', '--version').splitlines()[0]}; runs as {owner}")
    say(f"user: {run('id', 'covid-xray')}; inbox: {run('stat', '-c', '%A %U:%G', str(INBOX))}")
    for name in ("watch", "page", "camera"):
        text = run("systemd-analyze", "security", "--no-pager", f"covid-xray-{name}.service", check=False)
        say(f"{name}: {text.splitlines()[-1].strip()}")
        (OUT / f"security-{name}.txt").write_text(text)
        run("systemd-analyze", "verify", "--man=no", f"covid-xray-{name}.service")
    say(f"listening: {run('ss', '-Hltn') or 'nothing'}")


def removed() -> None:
    """Remove the package: nothing runs, and the results are still there."""
    held = count()
    run("dpkg", "-r", "covid-xray-edge")
    assert not Path("/opt/covid-xray/current").exists()
    assert not list(Path("/opt/covid-xray").rglob("*.py*")), "files were left behind"
    assert run("pgrep", "-u", "covid-xray", check=False) == ""
    assert count() == held
    say(f"removed: nothing runs, {held} results are still there")


def bundled() -> None:
    """The offline bundle puts the same into place, where the package is gone; its service goes on with the store."""
    held = count()
    (bundle,) = Path("/bundle").iterdir()
    began = time.monotonic()
    run("python3", str(bundle / "install.py"), "--system")
    took = time.monotonic() - began
    assert show("ActiveState") == "active"
    assert Path("/opt/covid-xray/current").resolve().parent == Path("/opt/covid-xray/releases")
    # The hung film's mark is gone, and what was judged is not judged again.
    assert count() >= held
    checks = run("covid-xray", "doctor", check=False)
    (OUT / "doctor.txt").write_text(checks + "\n")
    faults = [line for line in checks.splitlines() if line.startswith("fault")]
    assert not faults, faults
    size = int(run("du", "-sk", "/opt/covid-xray").split()[0]) / 1024
    say(f"offline bundle installed in {took:.0f} s, {size:.0f} MiB; doctor: no fault")
