"""`python -m convert.packaging.offline`: one archive installs and updates a Pi that never sees the internet."""

import json
import shutil
import sys
import tarfile
from pathlib import Path

from convert.packaging import wheels
from edge_app import __version__

ROOT = Path(__file__).parents[2]


def make(target: wheels.Target, out: Path) -> Path:
    """Make the bundle of a target in a folder; return its path."""
    name = f"covid-xray-edge-{__version__}-{target.arch}-py{target.python}"
    folder = out / name
    shutil.rmtree(folder, ignore_errors=True)
    held = folder / "wheels"
    held.mkdir(parents=True)
    wheels.fetch(target, held, (wheels.PIP,))
    wheels.build(held)
    lines = [
        f"{path.name.split('-')[0].replace('_', '-')}=={path.name.split('-')[1]} --hash=sha256:{wheels.sha256(path)}\n"
        for path in sorted(held.iterdir())
        if not path.name.startswith("pip-")
    ]
    (folder / "requirements.txt").write_text("".join(lines))
    about = {"program": "covid-xray-edge", "version": __version__, "arch": target.arch, "python": target.python}
    (folder / "bundle.json").write_text(json.dumps(about, indent=2) + "\n")
    shutil.copyfile(ROOT / "edge_app" / "system" / "install.py", folder / "install.py")
    shutil.copyfile(ROOT / "docs" / "pi.md", folder / "pi.md")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    sums = [f"{wheels.sha256(path)}  {path.relative_to(folder)}\n" for path in files]
    (folder / "SHA256SUMS").write_text("".join(sums))
    archive = out / f"{name}.tar.gz"
    # Wheels are compressed already.
    with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
        tar.add(folder, name, filter=_nobody)
    return archive


def _nobody(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """Leave out who made the bundle and when, so that two builds give the same bytes."""
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = "root"
    return entry


if __name__ == "__main__":
    sys.exit(wheels.command("offline", __doc__ or "", make))
