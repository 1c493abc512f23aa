"""Which test runs which lines: a plugin of pytest that gives coverage a context for each test."""

import json
import os
from pathlib import Path

import coverage
import pytest


def _spent() -> float:
    """Return the processor's time of this process and its children, in seconds: the same on a busy machine."""
    return sum(os.times()[:4])


class Contexts:
    """Measures a run of tests; `save` writes what each test took and which lines it ran."""

    def __init__(self, tree: Path):
        """Begin to measure what is imported and run from now on under `tree`."""
        self._tree = tree
        self._coverage = coverage.Coverage(data_file=None, source=[str(tree / "edge_app")], config_file=False)
        self._seconds: dict[str, float] = {}
        self._passed: set[str] = set()
        self._coverage.start()

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item):
        """Switch the context; fixtures that several tests share count for the first of them."""
        self._coverage.switch_context(item.nodeid)
        started = _spent()
        yield
        self._seconds[item.nodeid] = _spent() - started
        self._coverage.switch_context("")

    def pytest_runtest_logreport(self, report):
        """Note what passed: what fails or is skipped finds no mutant."""
        if report.when == "call" and report.passed:
            self._passed.add(report.nodeid)

    def save(self, path: Path) -> None:
        """Write {test: {seconds, lines: {file: [line, ...]}}} as JSON; of what was imported before, under ''."""
        self._coverage.stop()
        data, found = self._coverage.get_data(), {"": {"seconds": 0.0, "lines": {}}}
        for test in self._passed:
            found[test] = {"seconds": round(self._seconds[test], 3), "lines": {}}
        for file in data.measured_files():
            name = str(Path(file).relative_to(self._tree))
            for line, contexts in data.contexts_by_lineno(file).items():
                for test in found.keys() & set(contexts):
                    found[test]["lines"].setdefault(name, []).append(line)
        path.write_text(json.dumps(found), encoding="utf-8")
