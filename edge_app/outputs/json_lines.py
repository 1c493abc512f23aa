"""One JSON object a line on stdout, for programs: docs/results.md and docs/result.schema.json."""

import json

from edge_app.screening.result import Result
from edge_app.screening.run_context import RunContext


class JsonLines:
    """Each line is the row of a result and of its `RunContext`."""

    def __init__(self, context: RunContext):
        """Take what holds for every line."""
        self._line = context.line

    def add(self, result: Result) -> None:
        """Print one line; null where there is no value."""
        print(json.dumps(self._line(result.row())), flush=True)

    def close(self) -> None:
        """Nothing is left to print."""
