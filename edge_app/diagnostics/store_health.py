"""Whether the store is whole and can be written, or, where there is none yet, could be made."""

import os
from pathlib import Path

from edge_app.diagnostics.health import FAULT, OK, HealthCheck, nearest
from edge_app.errors import EdgeError


def check(path: Path) -> HealthCheck:
    """Check the store in a file; nothing in it is changed, and none is made."""
    if not path.exists():
        folder = nearest(path.parent)
        if may_write(folder):
            return HealthCheck("store", OK, f"{path} is not there yet; 'classify --store' makes it")
        return HealthCheck(
            "store", FAULT, f"{path} is not there, and {folder} may not be written; change its permissions"
        )
    if not (may_write(path) and may_write(path.parent)):  # SQLite keeps its journal beside it
        return HealthCheck("store", FAULT, f"{path} or its folder may not be written; change their permissions")
    from edge_app.store.store import Store

    try:
        with Store(path, create=False) as store:
            answer, count = store.check(), store.count()
    except EdgeError as error:
        return HealthCheck("store", FAULT, str(error))
    if answer != "ok":
        return HealthCheck(
            "store", FAULT, f"{path} is damaged ({answer}); keep a copy, and name another for new results"
        )
    return HealthCheck("store", OK, f"{path} is whole and can be written; it holds {count} result{'s' * (count != 1)}")


def may_write(path: Path) -> bool:
    """Say whether this user may write to a file, or make one in a folder."""
    return os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)
