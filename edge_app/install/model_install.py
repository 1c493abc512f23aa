"""Changes of the model in use: install, roll back. Each step leaves a working model, even in a power cut.

The copy inside the folder is what is tried, so that nothing can be exchanged between the trial and the use.
`models.json` is replaced as a whole; a model that has not passed the doctor yet is marked in it as on trial, and only
the doctor uses it.
"""

import contextlib
import hashlib
import time
from collections.abc import Iterator
from pathlib import Path

from edge_app import atomic_io
from edge_app.errors import EdgeError, NotInstalled, remedy
from edge_app.install import model_registry, signatures, verify_install
from edge_app.install.model_registry import InstalledModel, InstalledModels

# The one in use and the one before.
KEPT = 2
# The released files have 4 to 17 MB; a larger file is something else, and must not fill a Pi's memory.
MOST_MB = 200


def install(path: Path, place: Path) -> InstalledModel:
    """Install a model file once it has passed every check; whatever fails, what was in use before still is.

    Args:
        path: the file; its signature, if any, lies beside it as FILE.sig.
        place: the folder of installed models.

    Returns:
        What is in use now; `signer` is empty where the site has no key, or the model is the release's own.

    Raises:
        EdgeError: it was not installed; the text says why.
    """
    content = _content(path)
    signature = signatures.read(path)
    signer = signatures.signer(content, signature, path)
    entry = InstalledModel(hashlib.sha256(content).hexdigest(), path.name, len(content), signer, _now())
    with _held(place):
        before = _valid(place)
        if before.entries and before.entries[0].sha256 == entry.sha256:
            raise NotInstalled(f"{path}: is already the model in use; nothing is changed.")
        try:
            _add(entry, content, signature, place)
            verify_install.model(model_registry.file_of(entry, place), path)
            rest = [other for other in before.entries or (InstalledModel(),) if other.sha256 != entry.sha256]
            _write(InstalledModels((entry, *rest), trial=True), place)
            verify_install.doctor(path)
            after = InstalledModels((entry, *rest[: KEPT - 1]))
            _write(after, place)
        except BaseException:
            _write(before, place)
            _sweep(before, place)
            raise
        _sweep(after, place)
    return entry


def roll_back(place: Path) -> InstalledModel:
    """Use the model before the one in use; a second call comes back to this one.

    Returns:
        What is in use now.

    Raises:
        EdgeError: there is none before, or it is not fit; nothing has changed then.
    """
    with _held(place):
        before = _valid(place)
        if len(before.entries) < KEPT:
            raise NotInstalled(f"{place}: there is no previous model to go back to; nothing is changed.")
        current, other = before.entries[:KEPT]
        where = other.name or "the model of the release"
        verify_install.model(model_registry.file_of(other, place), where)
        _check_signature(other, place)
        try:
            # A trial that is cut short loses neither.
            _write(InstalledModels((other, current, other), trial=True), place)
            verify_install.doctor(where)
            _write(InstalledModels((other, current)), place)
        except BaseException:
            _write(before, place)
            raise
    return other


def signer_of(path: Path, where) -> str:
    """Return who signed the model file that lies here, by the keys of today; raises as `signatures.signer`."""
    return signatures.signer(_content(path), signatures.read(path), where)


def _check_signature(entry: InstalledModel, place: Path) -> None:
    """Check the signature of an installed model as that of a new one; the release's own came with the program."""
    if entry.sha256:
        signer_of(model_registry.file_of(entry, place), entry.name)


def _valid(place: Path) -> InstalledModels:
    """Return the list without a trial that was cut short, and without missing files; empty if it is damaged."""
    try:
        models = model_registry.read(place)
    except (OSError, ValueError):
        return InstalledModels()
    entries = tuple(one for one in models.in_effect if model_registry.usable(one, place))
    return InstalledModels(entries)


def _add(entry: InstalledModel, content: bytes, signature: bytes | None, place: Path) -> None:
    try:
        if signature is not None:
            atomic_io.write(signatures.beside(model_registry.file_of(entry, place)), signature)
        atomic_io.write(model_registry.file_of(entry, place), content)
    except OSError as error:
        raise NotInstalled(
            f"{place}: the model cannot be written ({error.strerror}); {remedy(error, 'make room, or run as root')}."
        ) from error


def _write(models: InstalledModels, place: Path) -> None:
    entries = [entry._asdict() for entry in models.entries]
    content = {"version": model_registry.VERSION, "trial": models.trial, "models": entries}
    try:
        atomic_io.write_json(place / model_registry.LIST_FILE, content)
    except OSError as error:
        raise NotInstalled(
            f"{place}: cannot be written ({error.strerror}); {remedy(error, 'make room, or run as root')}."
        ) from error


def _sweep(models: InstalledModels, place: Path) -> None:
    """Remove the models that are no longer listed, and what a power cut left unfinished."""
    kept = {model_registry.file_of(entry, place).name for entry in models.entries if entry.sha256}
    for path in [*place.glob("*.tflite*"), *place.glob(f"*{atomic_io.UNFINISHED}")]:
        if path.name not in kept and path.name.removesuffix(signatures.SUFFIX) not in kept:
            with contextlib.suppress(OSError):  # it does no harm where it is
                path.unlink()


def _content(path: Path) -> bytes:
    try:
        if path.exists() and not path.is_file():  # reading a pipe would wait for ever
            raise NotInstalled(f"{path}: is not a regular file; name a model file.")
        if path.stat().st_size > MOST_MB * 1e6:
            raise NotInstalled(
                f"{path}: is larger than {MOST_MB} MB, which no model of this program is; name a model file."
            )
        return path.read_bytes()
    except OSError as error:
        raise NotInstalled(f"{path}: cannot be read ({error.strerror}); name a model file.") from error


@contextlib.contextmanager
def _held(place: Path) -> Iterator[None]:
    try:
        place.mkdir(parents=True, exist_ok=True)
        with atomic_io.alone(place):
            yield
    except BlockingIOError as error:
        raise NotInstalled(f"{place}: another installation is running; wait until it is done.") from error
    except EdgeError:
        raise
    except OSError as error:
        raise NotInstalled(
            f"{place}: cannot be opened or made ({error.strerror}); {remedy(error, 'run as root')}."
        ) from error


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
