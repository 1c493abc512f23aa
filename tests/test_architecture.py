"""Imports point only to the lighter side: convert -> train -> edge_app, never back; those in functions count too.

Files and functions stay short, and nothing is written twice.
"""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.support.python_files import (
    PROGRAMS,
    RUNTIMES,
    circles,
    imported,
    imports,
    modules,
    offenders,
    package,
    tracked,
)

ROOT = Path(__file__).parents[1]
TENSORFLOW = {"tensorflow", "keras", "tf_keras", "tensorboard", "tensorflow_hub", "torch", "jax"}
MOST_LINES, MOST_LINES_OF_A_FUNCTION = 300, 50
# So many lines that hold code, imports and comments left out, may not stand in two places.
MOST_LINES_TWICE = 9
# Packages of the edge that write DICOM.
WRITERS = ("dicom_network", "dicom_objects", "dicomweb", "deidentify", "fhir")
# Of the edge, from the command line to the verdict of one film.
MOST_FILES_OF_A_WAY = 14
# Every package, the lightest first: one imports only those that stand before it, so there can be no cycle between them.
ORDER = (
    "edge_app",
    "edge_app.imaging",
    "edge_app.gate",
    "edge_app.model",
    "edge_app.screening",
    "edge_app.workers",
    "edge_app.sources",
    "edge_app.store",
    "edge_app.install",
    "edge_app.outputs",
    "edge_app.events",
    "edge_app.dicom_objects",
    "edge_app.deidentify",
    "edge_app.fhir",
    "edge_app.service",
    "edge_app.dicom_network",
    "edge_app.camera",
    "edge_app.camera.capture",
    "edge_app.camera.detect",
    "edge_app.camera.loop",
    "edge_app.camera.ui",
    "edge_app.diagnostics",
    "edge_app.fleet",
    "edge_app.web.text",
    "edge_app.web.http",
    "edge_app.web.access",
    "edge_app.web.readings",
    "edge_app.web.report",
    "edge_app.web.views",
    "edge_app.web",
    "edge_app.dicomweb",
    "edge_app.commands",
    "edge_app.bench",
    "edge_app.system",
    "edge_app.system.__main__",
    "edge_app.__main__",
    "train",
    "train.models",
    "train.photograph",
    "train.index",
    "train.films",
    "train.reporting",
    "train.evaluation",
    "train.training",
    "train.experiments",
    "train.lungs",
    "train.gate",
    "train.camera",
    "train.audit",
    "train.site_check",
    "train.scale",
    "train.archive",
    "train.__main__",
    "convert.quantize",
    "convert.verify",
    "convert.modelfile",
    "convert.packaging",
    "convert.bench",
    "convert",
    "convert.__main__",
)


def _demand(found: list[str]) -> None:
    if found:
        pytest.fail("\n".join(found), pytrace=False)


def test_the_edge_never_imports_tensorflow():
    _demand(offenders("edge_app", TENSORFLOW, "the edge runs without it: move this to train/ or convert/"))


def test_the_edge_never_imports_training_or_conversion():
    remedy = "the edge is installed without it: move what both need into edge_app/"
    _demand(offenders("edge_app", {"train", "convert", "tests"}, remedy))


def test_training_never_imports_conversion():
    _demand(offenders("train", {"convert", "tests"}, "move what both need into train/ or edge_app/"))


def test_packages_import_only_lighter_ones():
    found = modules()
    rank = {name: number for number, name in enumerate(ORDER)}
    edges = [(package(module, found), package(name, found), where) for module, name, where in imported(found)]
    assert {name for edge in edges for name in edge[:2]} <= set(ORDER), "a package is missing in ORDER"
    _demand(
        [
            f"{where}: {module} imports {name}, which stands behind it in ORDER; move what it needs forward"
            for module, name, where in edges
            if rank[name] > rank[module]
        ]
    )


def test_no_circle_between_files():
    _demand(circles(imported(modules())))


def test_a_planted_circle_is_named():
    edges = [("a", "b", "a.py:1"), ("b", "c", "b.py:2"), ("c", "a", "c.py:3"), ("c", "d", "c.py:4")]
    assert [line.partition(": ")[0] for line in circles(edges)] == ["a.py:1", "b.py:2", "c.py:3"]


def test_the_wheel_holds_every_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    folders = {".".join(path.parent.relative_to(ROOT).parts) for path in (ROOT / "edge_app").rglob("__init__.py")}
    assert set(project["packages"]) == folders | {"edge_app.models"}


def test_commands_of_training_start_without_tensorflow():
    # It takes seconds to import, and prints lines of its own above our one sentence.
    code = "import sys, train.__main__; sys.exit(' '.join({'tensorflow', 'keras'} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert ran.stderr.strip() == ""


def test_one_file_of_the_edge_names_the_runtimes():
    remedy = "ask edge_app/model/classifier.py for scores"
    _demand(offenders("edge_app", RUNTIMES, remedy, allowed=("model/classifier.py",)))


def test_dicom_is_read_with_pydicom_in_one_place():
    # dicom.py asks it for the name of a Transfer Syntax; what writes and sends DICOM stands in packages of its own.
    remedy = "call edge_app.imaging.dicom_file.read"
    writers = [f"{name}/{path.name}" for name in WRITERS for path in (ROOT / "edge_app" / name).glob("*.py")]
    allowed = ("imaging/dicom_file.py", "imaging/dicom.py", *writers)
    _demand(offenders("edge_app", {"pydicom"}, remedy, allowed=allowed))


def test_tests_of_the_light_side_never_import_the_heavy_one():
    banned = TENSORFLOW | {"train", "convert"}
    _demand(offenders("tests/edge", banned, "these tests also run where it is not installed: move them to tests/desk/"))


def test_no_import_is_relative():
    relative = [line for top in (*PROGRAMS, "tests") for line in offenders(top, {""}, "name the package from its top")]
    _demand(relative)


def test_no_test_imports_a_test():
    _demand(
        offenders("tests", {"tests.edge.", "tests.desk."}, "move what both need into tests/support/ or a conftest.py")
    )


def test_files_are_small():
    _demand(
        [
            f"{path.relative_to(ROOT)}:{count}: {count} lines; split it by what it knows, {MOST_LINES} are allowed"
            for path in tracked()
            if (count := len(path.read_text(encoding="utf-8").splitlines())) > MOST_LINES
        ]
    )


def test_functions_are_short():
    _demand(
        [
            f"{path.relative_to(ROOT)}:{node.lineno}: {node.name} has {lines} lines; at most {MOST_LINES_OF_A_FUNCTION}"
            for path in tracked()
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            if (lines := node.end_lineno - node.lineno + 1) > MOST_LINES_OF_A_FUNCTION
        ]
    )


def test_nothing_is_written_twice():
    seen, twice = {}, []
    # That test keeps, word for word, the tables that version 1 made, whatever becomes of the program's own.
    paths = [path for path in tracked() if path.name != "test_migrations.py"]
    for path in paths:
        text = enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        lines = [(number, line.strip()) for number, line in text if line.strip()]
        lines = [one for one in lines if not one[1].startswith(("#", "import ", "from "))]
        for start in range(len(lines) - MOST_LINES_TWICE):
            run = tuple(line for _, line in lines[start : start + MOST_LINES_TWICE + 1])
            place = f"{path.relative_to(ROOT)}:{lines[start][0]}"
            if seen.setdefault(run, place) != place:
                twice.append(f"{place}: stands at {seen[run]} too; write it once")
    _demand(twice)


def way_of_a_film() -> list[str]:
    """Return the files of `edge_app/` on a film's way to its verdict, by the table of docs/architecture.md."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    return re.findall(r"^\| \d+ \| `([\w/]+)\.py` \|", text, re.MULTILINE)


def test_the_way_of_a_film_is_short_and_each_file_leads_to_the_next():
    way = [f"edge_app.{name.replace('/', '.')}" for name in way_of_a_film()]
    assert way[0] == "edge_app.__main__" and way[-1] == "edge_app.screening.finding"
    assert len(way) <= MOST_FILES_OF_A_WAY
    edges = {(module, name) for module, name, _ in imported(modules())}
    edges.add(("edge_app.commands.cli", "edge_app.commands.classify"))  # imported by the name that the user gives
    missing = [name for at, name in enumerate(way) if at and not any((before, name) in edges for before in way[:at])]
    assert missing == [], "no file above these in the table imports them"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import tensorflow", [(1, "tensorflow")]),
        ("import os, tensorflow.lite as tf", [(1, "os"), (1, "tensorflow.lite")]),
        ("from keras import layers", [(1, "keras.layers")]),
        ("from train.models import networks", [(1, "train.models.networks")]),
        ("def f():\n    if True:\n        import keras", [(3, "keras")]),
        ("class A:\n    async def f(self):\n        from train import fit", [(3, "train.fit")]),
        ("try:\n    import tensorflow\nexcept ImportError:\n    pass", [(2, "tensorflow")]),
        ("import importlib\nimportlib.import_module('keras.layers')", [(1, "importlib"), (2, "keras.layers")]),
        ("x = __import__('tensorflow')", [(1, "tensorflow")]),
        ("NAMES = ('tflite_runtime.interpreter',)", [(1, "tflite_runtime.interpreter")]),
        ("from . import decision", [(1, ".")]),
        ("from ..gate import gate", [(1, "..gate.gate")]),
        ("# import tensorflow\ntext = 'import keras'", []),
    ],
)
def test_the_detector_detects(source, expected):
    assert imports(source) == expected


def test_planted_offenders_are_named_with_line_and_remedy(tmp_path, monkeypatch):
    monkeypatch.setattr("tests.support.python_files.ROOT", tmp_path)
    (tmp_path / "edge_app" / "web").mkdir(parents=True)
    (tmp_path / "edge_app" / "good.py").write_text("import os\n")
    (tmp_path / "edge_app" / "web" / "bad.py").write_text("import os\n\n\ndef f():\n    from keras import layers\n")
    assert offenders("edge_app", TENSORFLOW, "move it") == ["edge_app/web/bad.py:5: imports keras.layers; move it"]
    assert offenders("edge_app", TENSORFLOW, "move it", allowed=("web/bad.py",)) == []
