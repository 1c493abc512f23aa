"""The light side's tests in several Pythons: `python -m tests.system.python_matrix 3.11 3.12 3.13 [-- PYTEST WORDS]`.

For each version it looks for an interpreter (`python3.12` on PATH, or one that pyenv or uv has installed), makes an
environment in build/python3.12 with the pinned packages, and runs `tests/edge` in it, or what stands behind `--`.

Exit code: 0 all that were found passed; 1 one failed, or none was found. A version that is not found is named.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
REQUIREMENTS = ("edge_app/requirements.txt", "tests/requirements.txt")
# Where pyenv and uv keep what they install; {} is the version.
PLACES = (".pyenv/versions/{}*/bin/python", ".local/share/uv/python/cpython-{}*/bin/python")
# Tests beside one another, as in the Makefile.
BESIDE = ("-n", f"{(os.cpu_count() or 1) + 1}", "--maxprocesses", "8", "--dist", "worksteal")
NOT_FOUND, PASSED, FAILED = "not found", "passed", "FAILED"


def interpreter(version: str, home: Path) -> str | None:
    """Return the path of an interpreter of `version` ("3.12") that starts, or None."""
    found = [shutil.which(f"python{version}")]
    for place in PLACES:
        # A dot behind the version, or nothing: 3.1 is not 3.11.
        found += sorted(map(str, home.glob(place.format(f"{version}."))))
    return next((path for path in found if path and _version_of(path) == version), None)


def _version_of(path: str) -> str:
    code = "import sys, venv; print('%d.%d' % sys.version_info[:2])"
    return subprocess.run([path, "-c", code], capture_output=True, text=True).stdout.strip()


def environment(version: str, path: str) -> Path:
    """Return the Python of an environment with what the tests need, made anew when a requirement changes."""
    folder = ROOT / f"build/python{version}"
    python, done = folder / "bin/python", folder / "ready"
    texts = "".join((ROOT / name).read_text(encoding="utf-8") for name in REQUIREMENTS)
    if not done.exists() or done.read_text(encoding="utf-8") != texts:
        subprocess.run([path, "-m", "venv", "--clear", folder], check=True)
        words = [word for name in REQUIREMENTS for word in ("-r", ROOT / name)]
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *words], check=True)
        done.write_text(texts, encoding="utf-8")
    return python


def main(versions: list[str], words: list[str]) -> int:
    """Run the tests in each version and print one line a version; return the exit code."""
    outcomes = {}
    for version in versions:
        path = interpreter(version, Path.home())
        if path is None:
            outcomes[version] = NOT_FOUND
            continue
        print(f"Python {version}: {path}", flush=True)
        python = environment(version, path)
        ran = subprocess.run([python, "-m", "pytest", "-q", *BESIDE, *(words or ["tests/edge"])], cwd=ROOT)
        outcomes[version] = FAILED if ran.returncode else PASSED
    for version, outcome in outcomes.items():
        print(f"Python {version}: {outcome}")
    return int(FAILED in outcomes.values() or PASSED not in outcomes.values())


if __name__ == "__main__":
    words = sys.argv[1:]
    end = words.index("--") if "--" in words else len(words)
    sys.exit(main(words[:end], words[end + 1 :]))
