"""The rows of this run by the bytes of their film: what tells a copy where there is no store."""

from collections import OrderedDict

from edge_app.screening.result import Result

# A row takes about 2 kB.
MOST = 5000


class RecentRows:
    """The newest rows."""

    def __init__(self):
        self._rows: OrderedDict[str, dict] = OrderedDict()

    def known(self, sha256: str) -> dict | None:
        """Return the row of a film with these bytes, if there is one."""
        return self._rows.get(sha256)

    def add(self, result: Result) -> None:
        """Remember a film that was judged."""
        row = result.row()
        if row["verdict"] and not row["stored"]:
            self._rows[row["sha256"]] = row
            if len(self._rows) > MOST:
                self._rows.popitem(last=False)

    def close(self) -> None:
        """Nothing is kept."""
