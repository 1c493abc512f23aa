"""Runs the commands of docs/pi.md inside a booted Debian, as job.py does; writes what a person sees into /out."""

import subprocess
import sys
import time
from pathlib import Path

OUT = Path("/out/screens")
# By picture: the command as it stands in docs/pi.md; PACKAGE is the file's name there.
SCREENS = {
    "install": "sudo dpkg -i PACKAGE",
    "doctor": "sudo covid-xray doctor",
    "status": "systemctl status covid-xray-watch --no-pager --lines=4",
    "results": "sudo covid-xray results",
}


def seen(command: str) -> str:
    """Run a command in a terminal of 118 columns; return what it shows."""
    words = ["script", "-qec", f"stty cols 118; {command}", "/dev/null"]
    shown = subprocess.run(words, capture_output=True, check=False).stdout.decode()
    # A line that is written over and over shows its last state.
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in shown.split("\n"))


def main() -> int:
    """Record all screens."""
    OUT.mkdir()
    (deb,) = Path("/debs").glob("*.deb")
    for name, command in SCREENS.items():
        if name == "results":
            for film in sorted(Path("/films/real").iterdir()):
                Path(f"/srv/covid-xray/inbox/{film.name}").write_bytes(film.read_bytes())
            time.sleep(30)
        real = command.removeprefix("sudo ").replace("PACKAGE", str(deb))
        (OUT / f"{name}.txt").write_text(f"$ {command.replace('PACKAGE', deb.name)}\n{seen(real)}")
    print("JOB OK", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
