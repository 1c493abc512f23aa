"""Which versions of packages are installed here."""

from importlib import metadata

# Packages of which one runs the networks.
RUNTIMES = ("ai-edge-litert", "tflite-runtime")


def installed(package: str) -> str | None:
    """Return the version of an installed package; None if it is not."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
