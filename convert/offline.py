"""`python -m convert.offline`: one archive with which a Pi that never sees the internet is installed and updated."""

import argparse
import json
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from convert import wheels
from edge_app import __version__
from edge_app.errors import EdgeError

ROOT = Path(__file__).parents[1]


def main() -> int:
    """Make a bundle and print its path; exit code 2 if there are no wheels for it."""
    parser = argparse.ArgumentParser(prog="python -m convert.offline", description=__doc__)
    parser.add_argument("--arch", default="aarch64", help="aarch64, x86_64 (default %(default)s)")
    parser.add_argument("--python", default="3.11", help="3.11 for Bookworm, 3.13 for Trixie (default %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("build"), help="folder for it (default %(default)s)")
    args = parser.parse_args()
    try:
        print(make(wheels.Target(args.arch, args.python), args.out))
    except EdgeError as error:
        print(error, file=sys.stderr)
        return 2
    except subprocess.CalledProcessError as error:
        print(f"bundle: pip failed with exit code {error.returncode}; see above.", file=sys.stderr)
        return 1
    return 0


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
    """Leave out who made the bundle and when: made twice it is the same."""
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = "root"
    return entry


if __name__ == "__main__":
    sys.exit(main())
