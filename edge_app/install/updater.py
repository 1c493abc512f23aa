"""Updates of the whole program from an offline bundle: installed beside the running one, tested, then switched to.

PREFIX/releases holds the environments, PREFIX/current points at the one in use and PREFIX/previous at the one before.
A bundle's signature is over the whole archive and is checked before anything of it is unpacked.
"""

import hashlib
import mmap
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from edge_app import atomic_io, json_text
from edge_app.errors import NotInstalled, WrongUsage
from edge_app.install import signatures, verify_install

CURRENT, PREVIOUS, RELEASES, UNPACKED = "current", "previous", "releases", "unpacked"
# Digits of the archive's hash in the name of its environment: two bundles of one version must not share a folder.
DIGITS = 8
# pip unpacks some hundred megabytes onto an SD card, which takes minutes on a slow one.
SECONDS = 1800


def prefix_here() -> Path:
    """Return the prefix of the environment that this program runs in.

    Raises:
        WrongUsage: it runs from elsewhere, such as a checkout.
    """
    here = Path(sys.prefix).resolve()
    if here.parent.name != RELEASES:
        raise WrongUsage(
            f"update: this program runs from {here}, which is not an installation of a bundle; name one with --prefix."
        )
    return here.parent.parent


def install(path: Path, prefix: Path) -> tuple[str, str]:
    """Install a bundle once it has passed every check; whatever fails, the program in use before still is.

    Args:
        path: the archive, .tar.gz of `make bundle`; its signature, if any, lies beside it as FILE.sig.
        prefix: folder with `releases` and `current`.

    Returns:
        The name of the release in use now, and who signed it; empty where the site has no key.

    Raises:
        EdgeError: it was not installed; the text says why.
    """
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            signer = signatures.signer(content, signatures.read(path), path)
            digest = hashlib.sha256(content).hexdigest()
            with atomic_io.alone(_folder(prefix)):
                return _install(path, digest, prefix), signer
    except BlockingIOError as error:
        raise NotInstalled(f"{prefix}: another installation is running; wait until it is done.") from error
    except (OSError, ValueError) as error:
        raise NotInstalled(f"{path}: cannot be installed in {prefix} ({error}); make room, or run as root.") from error


def _install(path: Path, digest: str, prefix: Path) -> str:
    before = _target(prefix / CURRENT)
    unpacked = prefix / UNPACKED
    try:
        bundle = _unpack(path, unpacked)
        name = f"{json_text.parse((bundle / 'bundle.json').read_text(encoding='utf-8'))['version']}-{digest[:DIGITS]}"
        release = prefix / RELEASES / Path(name).name
        if release == before:
            raise NotInstalled(f"{path}: is already the program in use; nothing is changed.")
        # Not the environment's own Python: what it is made of must outlive it.
        line = [os.path.realpath(sys.executable), "install.py", "--prefix", str(release)]
        done = subprocess.run(line, cwd=bundle, capture_output=True, text=True, timeout=SECONDS, check=False)
        if done.returncode:
            reason = (done.stderr.strip() or f"exit code {done.returncode}").splitlines()[-1]
            raise NotInstalled(f"{path}: cannot be installed: {reason}")
        os.sync()  # pip brings nothing to the disk by itself; after this, all of it is there
        verify_install.doctor(path, release / "bin" / "python")
        _switch(prefix, before, release, path)
        return release.name
    except (KeyError, TypeError, ValueError, tarfile.TarError, EOFError) as error:
        raise NotInstalled(
            f"{path}: is not a bundle of this program, or is damaged ({error}); fetch it again."
        ) from error
    except subprocess.TimeoutExpired as error:
        raise NotInstalled(f"{path}: takes more than {SECONDS} seconds to install; nothing is changed.") from error
    finally:
        shutil.rmtree(unpacked, ignore_errors=True)
        _sweep(prefix)


def _switch(prefix: Path, before: Path | None, release: Path, path: Path) -> None:
    """Use another environment, and the one before again if the doctor finds a fault once it is in use."""
    older = _target(prefix / PREVIOUS)
    if before:  # first: from now on there is a way back
        _point(prefix / PREVIOUS, before)
    try:
        _point(prefix / CURRENT, release)
        verify_install.doctor(path, prefix / CURRENT / "bin" / "python")
    except BaseException:
        for link, target in ((CURRENT, before), (PREVIOUS, older)):
            if target:
                _point(prefix / link, target)
            else:
                (prefix / link).unlink(missing_ok=True)
        raise


def roll_back(prefix: Path) -> str:
    """Use the program before the one in use, and return its name; a second call comes back to this one.

    Raises:
        EdgeError: there is none, or its doctor finds a fault; nothing has changed then.
    """
    current, other = _target(prefix / CURRENT), _target(prefix / PREVIOUS)
    if not (current and other) or current == other:
        raise NotInstalled(f"{prefix}: there is no previous program to go back to; nothing is changed.")
    try:
        with atomic_io.alone(prefix):
            verify_install.doctor(other.name, other / "bin" / "python")
            _point(prefix / CURRENT, other)
            _point(prefix / PREVIOUS, current)
    except BlockingIOError as error:
        raise NotInstalled(f"{prefix}: another installation is running; wait until it is done.") from error
    except OSError as error:
        raise NotInstalled(f"{prefix}: cannot be changed ({error.strerror}); run as root.") from error
    return other.name


def releases(prefix: Path) -> dict[str, str]:
    """Return the installed programs by name: 'in use', 'kept', or 'not in use' of one that a power cut left."""
    current, other = _target(prefix / CURRENT), _target(prefix / PREVIOUS)
    states = {current: "in use"} if current else {}
    states = ({other: "kept"} if other else {}) | states
    return {path.name: states.get(path, "not in use") for path in sorted(prefix.glob(f"{RELEASES}/*"), reverse=True)}


def _unpack(path: Path, to: Path) -> Path:
    """Unpack an archive that is not trusted: plain files inside one folder, and nothing else."""
    shutil.rmtree(to, ignore_errors=True)
    with tarfile.open(path, "r:gz") as archive:
        for member in archive:
            parts = Path(member.name).parts
            if member.isdir():
                continue
            content = archive.extractfile(member) if member.isfile() else None
            if content is None or ".." in parts or Path(member.name).is_absolute():
                raise NotInstalled(
                    f"{path}: holds '{member.name}', which is not a plain file inside it; do not trust this archive."
                )
            target = to.joinpath(*parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            with content, target.open("wb") as copy:
                shutil.copyfileobj(content, copy)
    (bundle,) = [found.parent for found in to.glob("*/bundle.json")] or [to]
    return bundle


def _target(link: Path) -> Path | None:
    """Return the environment that a link points at, if it is there."""
    target = link.resolve()
    return target if link.is_symlink() and (target / "pyvenv.cfg").is_file() else None


def _point(link: Path, release: Path) -> None:
    atomic_io.link(link, f"{RELEASES}/{release.name}")


def _sweep(prefix: Path) -> None:
    """Remove the environments that nothing points at; where nothing is in use nothing is removed."""
    kept = {_target(prefix / CURRENT), _target(prefix / PREVIOUS)}
    for path in prefix.glob(f"{RELEASES}/*"):
        if kept != {None} and path.resolve() not in kept:
            shutil.rmtree(path, ignore_errors=True)


def _folder(prefix: Path) -> Path:
    (prefix / RELEASES).mkdir(parents=True, exist_ok=True)
    return prefix
