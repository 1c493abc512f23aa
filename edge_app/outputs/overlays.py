"""A picture of each film with its heat map, in a folder."""

import os
from pathlib import Path

from edge_app import atomic_io
from edge_app.errors import WrongUsage, remedy
from edge_app.outputs import overlay
from edge_app.screening.result import Judged, Refused, Result
from edge_app.screening.run_context import RunContext

# Bytes of a film's name that its picture's keeps: file systems take 255 for a whole name.
LONGEST = 120


class Overlays:
    """Writes `NAME-HASH.png` for every film that has a verdict and was looked at in this run."""

    def __init__(self, folder: Path, context: RunContext):
        """Make the folder.

        Raises:
            WrongUsage: it cannot be made or written.
        """
        self._folder, self._context = folder, context
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            reason = f"cannot be made ({error.strerror}); {remedy(error, 'name a folder of yours')}"
            raise WrongUsage(f"--overlays: '{folder}' {reason}.") from error
        if not os.access(folder, os.W_OK | os.X_OK):
            raise WrongUsage(f"--overlays: '{folder}' may not be written; name a folder of yours.")

    def add(self, result: Result) -> None:
        """Write one picture, whole or not at all."""
        if not isinstance(result, Judged | Refused) or result.grey is None:
            return
        from PIL import Image

        stem = os.fsencode(Path(result.path).stem)[:LONGEST].decode(errors="ignore")
        name = f"{stem or 'film'}-{result.sha256[:8]}.png"
        picture = Image.fromarray(overlay.draw(result, result.grey, self._context))
        with atomic_io.writing(self._folder / name) as file:
            picture.save(file, "PNG", compress_level=3)

    def close(self) -> None:
        """Nothing is left to write."""
