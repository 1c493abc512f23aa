"""A new model, or a new program, is tested in a process of its own: if it crashes or hangs there, it is refused."""

import json
import os
import subprocess
import sys
from pathlib import Path

from edge_app.errors import NotInstalled
from edge_app.install import model_registry

# Loading both networks and judging the golden film takes 2 s on a Pi Zero's class of core and 30 s under emulation.
SECONDS = 300


def model(path: Path, where) -> None:
    """Have a model file read, loaded and its golden film judged (`edge_app.diagnostics.model_smoke_test`).

    Raises:
        NotInstalled: it is not fit to be used here; the sentence begins with `where` and says why.
    """
    done = _run([sys.executable, "-m", "edge_app.diagnostics.model_smoke_test", str(path)], _environment(), where)
    if done.returncode:
        reason = (done.stderr.strip() or _end(done.returncode)).splitlines()[-1].replace(str(path), str(where))
        raise NotInstalled(
            reason if reason.startswith(str(where)) else f"{where}: is not fit for this device: {reason}"
        )


def doctor(where, python: Path | None = None) -> None:
    """Have the doctor look at this device with the model, or the program, that was just switched to.

    Args:
        where: begins the sentence of a refusal.
        python: of another installation of the program; None: this one.

    Raises:
        NotInstalled: it finds a fault, or cannot be run.
    """
    found, code = _examined(where, python)
    faults = [f"{check['name']}: {check['words']}" for check in found if check["state"] == "fault"]
    if faults or code:
        raise NotInstalled(f"{where}: the doctor finds a fault with it ({'; '.join(faults) or _end(code)}).")


def checks(where, python: Path | None = None) -> list[dict]:
    """Return what the doctor finds now, each with `name`, `state` and `words`; arguments as of `doctor`.

    Raises:
        NotInstalled: it cannot be run.
    """
    return _examined(where, python)[0]


def _examined(where, python: Path | None) -> tuple[list[dict], int]:
    """Return the doctor's checks and its exit code."""
    environment = _environment() if python is None else dict(os.environ)
    environment[model_registry.TRIAL] = "1"
    done = _run([str(python or sys.executable), "-m", "edge_app", "doctor", "--json"], environment, where)
    try:
        return json.loads(done.stdout)["checks"], done.returncode
    except (ValueError, KeyError, TypeError) as error:
        reason = (done.stderr.strip() or _end(done.returncode)).splitlines()[-1]
        raise NotInstalled(f"{where}: the doctor cannot be run with it ({reason}).") from error


def _run(line: list[str], environment: dict, where) -> subprocess.CompletedProcess:
    try:
        return subprocess.run(
            line,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise NotInstalled(f"{where}: its trial took more than {SECONDS} seconds, so it is not installed.") from error
    except OSError as error:
        raise NotInstalled(f"{where}: it cannot be tried ({error.strerror}).") from error


def _environment() -> dict:
    """Return the environment in which `python -m edge_app` is this very program, wherever it was started."""
    before = os.environ.get("PYTHONPATH")
    root = str(Path(__file__).parents[2])
    return os.environ | {"PYTHONPATH": os.pathsep.join([root, before] if before else [root])}


def _end(code: int) -> str:
    return f"it was ended by signal {-code}" if code < 0 else f"exit code {code}"
