"""Install an offline bundle: `sudo python3 install.py --system`, or `python3 install.py --prefix DIR` for one user.

It needs only Python's standard library: no internet, no pip and no compiler. Every file is checked against its hash.
"""

import argparse
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

# The folder that this file lies in, once a bundle is unpacked.
BUNDLE = Path(__file__).resolve().parent
SYSTEM = Path("/opt/covid-xray")


class CannotInstall(Exception):
    """This bundle cannot be installed here; the text says why and what to do."""


def main(arguments: list[str] | None = None, bundle: Path = BUNDLE) -> int:
    """Install a bundle; exit code 2 if it does not belong here or is damaged, 1 if a step fails."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument(
        "--prefix", type=Path, metavar="DIR", help="make the environment in this folder and touch nothing else"
    )
    where.add_argument(
        "--system", action="store_true", help=f"install into {SYSTEM}, with services that start at power-on"
    )
    parser.add_argument(
        "--enable",
        nargs="*",
        help="with --system: services to enable, out of watch, camera, page, dicom (default: watch)",
    )
    args = parser.parse_args(arguments)
    try:
        about = json.loads((bundle / "bundle.json").read_text())
        fits(about, platform.machine(), sys.version_info[:2])
        verify(bundle)
        if args.system and os.geteuid() != 0:
            raise CannotInstall("--system: only root may install for the whole device; run it with sudo.")
        target = unused(SYSTEM, about["version"]) if args.system else args.prefix.absolute()
        make(bundle, target)
        if args.system:
            switch(SYSTEM / "current", target)
            enable = [] if args.enable is None else ["--enable", *args.enable]
            subprocess.run([target / "bin" / "python", "-m", "edge_app.system", *enable], check=True, cwd="/")
    except CannotInstall as why:
        print(why, file=sys.stderr)
        return 2
    except (OSError, ValueError) as error:
        print(f"{bundle}: cannot be installed ({error}); fetch the bundle again, or make room.", file=sys.stderr)
        return 2
    except subprocess.CalledProcessError as error:
        print(f"'{' '.join(map(str, error.cmd)).strip()}' failed with exit code {error.returncode}.", file=sys.stderr)
        return 1
    print(f"Installed in {target}; try: {'covid-xray' if args.system else target / 'bin' / 'covid-xray'} doctor")
    return 0


def fits(about: dict, machine: str, python: tuple[int, int]) -> None:
    """Refuse a bundle that was made for another processor or Python."""
    here = f"{python[0]}.{python[1]}"
    if about["python"] != here:
        raise CannotInstall(
            f"This bundle is for Python {about['python']} and this is {here}; make one with: "
            f"make bundle ARCH={about['arch']} PYTHON={here}"
        )
    # A 64-bit kernel under a 32-bit system says aarch64: what counts is the size of Python's own pointers.
    bits = "" if sys.maxsize > 2**32 else " in a 32-bit system"
    if about["arch"] != machine or bits:
        raise CannotInstall(
            f"This bundle is for {about['arch']} and this is {machine}{bits}; make one for it, or use the 64-bit "
            "Raspberry Pi OS."
        )


def verify(bundle: Path) -> None:
    """Refuse a bundle of which a file is damaged, missing, or not listed in SHA256SUMS."""
    lines = (bundle / "SHA256SUMS").read_text().splitlines()
    wanted = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    there = {f"{path.relative_to(bundle)}" for path in bundle.rglob("*") if path.is_file()} - {"SHA256SUMS"}
    there = {name for name in there if "__pycache__" not in name}
    if there != set(wanted):
        odd = sorted(there ^ set(wanted))
        raise CannotInstall(
            f"{bundle}: {', '.join(odd)}: missing, or not listed in SHA256SUMS; fetch the bundle again."
        )
    for name, digest in wanted.items():
        if hashlib.sha256((bundle / name).read_bytes()).hexdigest() != digest:
            raise CannotInstall(f"{bundle / name}: is damaged or was changed; fetch the bundle again.")


def make(bundle: Path, target: Path) -> None:
    """Make the environment from scratch; pip runs from its own wheel, and checks the hashes again."""
    if target.exists():
        if not (target / "pyvenv.cfg").exists() and any(target.iterdir()):
            raise CannotInstall(f"{target}: exists but is not a virtual environment; name another folder.")
        shutil.rmtree(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    # The system's packages can be seen: picamera2, lgpio and gpiozero come with Raspberry Pi OS and not from PyPI.
    python = [sys.executable, "-m", "venv", "--without-pip", "--system-site-packages", target]
    subprocess.run(python, check=True)
    pip = next((bundle / "wheels").glob("pip-*.whl"))
    words = [
        "install",
        "--quiet",
        "--no-index",
        "--no-deps",
        "--ignore-installed",
        "--require-hashes",
        "--no-cache-dir",
    ]
    words += ["--disable-pip-version-check", "--no-warn-script-location", "--root-user-action=ignore"]
    words += ["--find-links", bundle / "wheels", "--requirement", bundle / "requirements.txt"]
    subprocess.run([target / "bin" / "python", pip / "pip", *words], check=True, cwd=bundle)
    subprocess.run([target / "bin" / "python", "-m", "edge_app.system.slim"], check=True, cwd=target)
    subprocess.run([target / "bin" / "covid-xray", "--version"], check=True, cwd=target)
    try:  # whether the model gives on this device what its card says
        subprocess.run(
            [target / "bin" / "python", "-m", "edge_app.diagnostics.model_smoke_test"], check=True, cwd=target
        )
    except subprocess.CalledProcessError:
        raise CannotInstall(
            f"{target}: the program is installed, but its model does not give on this device what its card says; "
            "see above, and report it."
        ) from None


def unused(prefix: Path, version: str) -> Path:
    """Return the folder for a release, never that of the one in use: a power cut must leave one that is whole."""
    first, second = (prefix / "releases" / name for name in (version, f"{version}-again"))
    return second if (prefix / "current").resolve() == first.resolve() else first


def switch(link: Path, target: Path) -> None:
    """Point `current` at this release in one atomic step: after a power cut it points at one that is whole."""
    os.sync()  # neither pip nor a rename brings anything to the disk by itself
    new = link.with_name("current.new")
    new.unlink(missing_ok=True)
    new.symlink_to(target)
    new.replace(link)
    os.sync()


if __name__ == "__main__":
    sys.exit(main())
