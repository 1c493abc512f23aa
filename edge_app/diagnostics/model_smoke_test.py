"""`python -m edge_app.diagnostics.model_smoke_test [FILE]`: is this model file fit for this device?

If not, it prints one sentence on stderr and exits with code 1. Without FILE it tests the model that came with the
program; installers call it like this.
"""

import sys
from pathlib import Path

from edge_app.errors import EdgeError, ModelMismatch
from edge_app.install.model_registry import released

# A card asks for a version of TFLite, and LiteRT has numbers of its own: 1.0 came after TFLite 2.17, and the library of
# ai-edge-litert 2.3.0 calls itself 2.22.0-dev0, so it holds all of 2.21.
LITERT = {1: (2, 17), 2: (2, 21)}


def check(path: Path) -> None:
    """Read a model file, load it, and judge its golden film.

    Raises:
        EdgeError: it is damaged, of another preprocessing, asks for a newer runtime, cannot be run, carries no golden
            film, or gives it other scores.
    """
    from edge_app.diagnostics import self_test
    from edge_app.diagnostics.health import OK
    from edge_app.model import classifier, model_file

    model = model_file.read(path)
    name, _ = classifier.find_runtime()
    asked, has = _numbers(model.card.minimum_runtime), stands_for(name)
    if asked > has:
        raise ModelMismatch(
            f"{path}: needs TFLite {model.card.minimum_runtime} or newer, and {name} here is as new as "
            f"{'.'.join(map(str, has))}; install a newer runtime, or an older model."
        )
    if not model.golden:
        raise ModelMismatch(
            f"{path}: carries no golden film, so what it computes here cannot be checked; convert it again."
        )
    film = self_test.golden(model, classifier.Classifier(model, threads=1))
    if film.state != OK:
        raise ModelMismatch(f"{path}: golden film: {film.words}.")


def stands_for(runtime: str) -> tuple[int, ...]:
    """Return the version of TFLite that an installed runtime, given as a module's name, is as new as."""
    from edge_app.versions import installed

    has = _numbers(installed(runtime.replace("_", "-")) or "0")
    return has if runtime.startswith("tflite") else LITERT.get(has[0], LITERT[max(LITERT)])


def _numbers(version: str) -> tuple[int, ...]:
    """Return the first two numbers of a version; a text that is not a version counts as newer than any."""
    try:
        return tuple(int(part) for part in version.split(".")[:2])
    except ValueError:
        return (sys.maxsize,)


def main() -> int:
    """Check the file that the command line names, or the model of the release."""
    try:
        check(Path(sys.argv[1]) if sys.argv[1:] else released())
    except EdgeError as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
