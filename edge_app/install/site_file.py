"""The site's calibration file that a program is started with: who signed it, and the model with it applied.

Unlike a model, it is never taken without a signature: it changes verdicts, and is easily edited. Its signer needs less
trust than that of a program, so keys that may sign calibrations only lie in a folder of their own. The command line
imports this module at every start, before the decoders are forked: nothing heavy is imported until there is a file.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from edge_app.errors import NotTrusted, SiteMismatch
from edge_app.install import signatures

if TYPE_CHECKING:
    from edge_app.model.model_file import ModelFile

# Names the file where no flag does; the services' configuration sets it.
VARIABLE = "COVID_XRAY_SITE"
# A calibration has 4 kB; anything larger is another file, and must not fill a Pi's memory.
MOST_BYTES = 1_000_000


def default() -> Path | None:
    """Return the calibration file that `COVID_XRAY_SITE` names; None if it is empty or not set."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else None


def applied(model: "ModelFile", path: Path | None, rule: str | None = None) -> "ModelFile":
    """Return a model with the card as it holds at this site; without a file, the model as it is.

    Args:
        model: from `model_file.read`.
        path: of the calibration; its signature lies beside it as FILE.sig.
        rule: the operating point in use, one of `card.RULES`; None: that of the file.

    Raises:
        SiteMismatch: it cannot be read, is damaged, or is for another model or operating point.
        NotTrusted: no key of the site signed it as it is.
    """
    if path is None:
        return model
    import hashlib
    from dataclasses import replace

    from edge_app.model import site_calibration

    content = _content(path)
    known = [*signatures.keys(), *signatures.keys(signatures.calibration_folder())]
    if not known:
        raise NotTrusted(
            f"{path}: no key is installed here that could confirm its signature, and a calibration is taken only when "
            f"signed; put the public key of its signer into {signatures.calibration_folder()} as NAME.pub."
        )
    signer = signatures.signer(content, signatures.read(path), path, known)
    digest = hashlib.sha256(content).hexdigest()
    try:
        card = site_calibration.applied(model.card, content, model.sha256, rule, digest, signer)
    except ValueError as error:
        raise SiteMismatch(f"{path}: {error}.") from error
    return replace(model, card=card)


def _content(path: Path) -> bytes:
    try:
        if path.exists() and not path.is_file():  # reading a pipe would wait for ever
            raise SiteMismatch(f"{path}: is not a regular file; name the file that 'site-check' wrote.")
        if path.stat().st_size > MOST_BYTES:
            raise SiteMismatch(f"{path}: is larger than {MOST_BYTES} bytes; name the file that 'site-check' wrote.")
        return path.read_bytes()
    except OSError as error:
        raise SiteMismatch(
            f"{path}: the site's calibration cannot be read ({error.strerror}); name the file that 'site-check' wrote."
        ) from error
