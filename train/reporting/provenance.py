"""What made an artefact, and that it can be made again: commit, versions, machine, seed."""

import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path

PACKAGES = ("keras", "tensorflow-cpu", "tensorflow", "jax", "torch", "numpy", "opencv-python-headless", "pillow")


def commit() -> str:
    """Return the commit of this checkout, with `+changes` if files differ from it.

    Where the code was copied without its history, the variable `GIT_COMMIT` says it; else `unknown`.
    """
    here = Path(__file__).parent

    def git(*words):
        return subprocess.run(["git", *words], cwd=here, capture_output=True, text=True, check=True).stdout.strip()

    try:
        return git("rev-parse", "HEAD") + ("+changes" if git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return os.environ.get("GIT_COMMIT", "unknown")


def versions() -> dict[str, str]:
    """Return {package: version} of those that matter for numbers and are installed, with Python and the machine."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def fix_seed(seed: int) -> None:
    """Seed Python, numpy and Keras, and make TensorFlow's operations give the same sums every time."""
    import keras

    keras.utils.set_random_seed(seed)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
