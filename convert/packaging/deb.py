"""`python -m convert.packaging.deb`: the package for Raspberry Pi OS and Debian: environment, user, services, rules."""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from convert.packaging import wheels
from edge_app import __version__
from edge_app.errors import MissingPackage
from edge_app.system import places

SCRIPTS = places.HERE / "debian"
COMMAND = """#!/opt/covid-xray/releases/{version}/bin/python
from edge_app.__main__ import run

run()
"""


def make(target: wheels.Target, out: Path) -> Path:
    """Make the package of a target in a folder; return its path."""
    if not shutil.which("dpkg-deb"):
        raise MissingPackage("deb: there is no dpkg-deb; run 'sudo apt install dpkg'.")
    version = f"{__version__}-1~{wheels.SYSTEMS[target.python]}"
    with tempfile.TemporaryDirectory() as held:
        tree, fetched = Path(held) / "tree", Path(held) / "wheels"
        fetched.mkdir()
        wheels.fetch(target, fetched)
        wheels.build(fetched)
        _environment(target, tree / places.PREFIX.relative_to("/") / "releases" / version, version, fetched)
        places.put(tree)
        documents = tree / "usr/share/doc/covid-xray-edge"
        documents.mkdir(parents=True)
        shutil.copyfile(wheels.REQUIREMENTS.parents[1] / "docs" / "pi.md", documents / "pi.md")
        shutil.copyfile(wheels.REQUIREMENTS.parents[1] / "LICENSE", documents / "copyright")
        _control(target, tree, version)
        for path in (tree, *tree.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o111 else 0o644)
        out.mkdir(parents=True, exist_ok=True)
        file = out / f"covid-xray-edge_{version}_{wheels.DEBIAN[target.arch]}.deb"
        # Known to dpkg since Bookworm; xz takes minutes to pack.
        words = ["dpkg-deb", "--root-owner-group", "-Zzstd", "-z9", "--build", str(tree), str(file)]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    return file


def _environment(target: wheels.Target, folder: Path, version: str, fetched: Path) -> None:
    """Make the folder that `python -m venv` makes, for another computer, with the wheels in it."""
    site = folder / "lib" / f"python{target.python}" / "site-packages"
    site.mkdir(parents=True)
    binaries = folder / "bin"
    binaries.mkdir()
    for name, aim in (("python", f"/usr/bin/python{target.python}"), ("python3", "python")):
        (binaries / name).symlink_to(aim)
    # As in install.py: picamera2, lgpio and gpiozero come with Raspberry Pi OS.
    settings = {"home": "/usr/bin", "include-system-site-packages": "true", "version": target.python}
    (folder / "pyvenv.cfg").write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))
    words = ["install", "--quiet", "--no-index", "--no-deps", "--no-compile", "--disable-pip-version-check", "--target"]
    files = sorted(fetched.glob("*.whl"))
    words = [sys.executable, "-m", "pip", *words, str(site), *target.flags, *map(str, files)]
    subprocess.run(words, check=True)
    shutil.rmtree(site / "bin", ignore_errors=True)
    command = binaries / "covid-xray"
    command.write_text(COMMAND.format(version=version))
    command.chmod(0o755)


def _control(target: wheels.Target, tree: Path, version: str) -> None:
    """Write the files for dpkg: control file, scripts, and the list of configuration files."""
    size = sum(path.lstat().st_size for path in tree.rglob("*") if path.is_file() or path.is_symlink())
    major, minor = map(int, target.python.split("."))
    values = {
        "VERSION": version,
        "ARCH": wheels.DEBIAN[target.arch],
        "SIZE": f"{size // 1024}",
        "PYTHON": target.python,
        "NEXT": f"{major}.{minor + 1}",
        "GLIBC": f"2.{wheels.GLIBC[target.python]}",
    }
    folder = tree / "DEBIAN"
    folder.mkdir()
    for script in sorted(SCRIPTS.iterdir()):
        text = re.sub(r"@([A-Z]+)@", lambda found: values[found[1]], script.read_text(encoding="utf-8"))
        (folder / script.name).write_text(text)
        (folder / script.name).chmod(0o644 if script.name == "control" else 0o755)
    (folder / "conffiles").write_text(f"/{places.CONFIG}\n")


if __name__ == "__main__":
    sys.exit(wheels.command("deb", __doc__ or "", make))
