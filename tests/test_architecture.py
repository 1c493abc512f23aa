"""Imports point only to the lighter side: convert -> train -> edge_app, never back; those in functions count too."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TENSORFLOW = {"tensorflow", "keras", "tf_keras", "tensorboard", "tensorflow_hub", "torch", "jax"}
RUNTIMES = {"tflite_runtime", "ai_edge_litert"}
MOST_LINES = 300


def imports(source: str) -> list[tuple[int, str]]:
    """Return (line, dotted name) of every import in a source text, wherever it stands.

    `from x import y` counts as `x.y`, since y may be a module. A call of `import_module` or `__import__` counts by its
    literal; and so does any literal text that begins like a runtime's module, since such a table is imported from.
    """
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [(node.lineno, name.name) for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            # A relative import stays within its package, which has no sub-packages.
            found += [(node.lineno, f"{node.module}.{name.name}") for name in node.names if not node.level]
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if called in ("import_module", "__import__") and isinstance(node.args[0].value, str):
                found.append((node.lineno, node.args[0].value))
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            words = node.value.split(".")
            if words[0] in RUNTIMES and all(word.isidentifier() for word in words):
                found.append((node.lineno, node.value))
    return sorted(set(found))


def offenders(folder: str, banned: set[str], remedy: str, allowed: tuple[str, ...] = ()) -> list[str]:
    """Return `path:line: what it imports; remedy` for every import of `banned` under a folder of the project."""
    paths = sorted((ROOT / folder).rglob("*.py"))
    assert paths, f"{folder}/ holds no Python file: this test would look at nothing"
    return [
        f"{path.relative_to(ROOT)}:{line}: imports {name}; {remedy}"
        for path in paths
        if path.name not in allowed
        for line, name in imports(path.read_text(encoding="utf-8"))
        if name.split(".")[0] in banned
    ]


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


def test_commands_of_training_start_without_tensorflow():
    # It takes seconds to import, and prints lines of its own above our one sentence.
    code = "import sys, train.__main__; sys.exit(' '.join({'tensorflow', 'keras'} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert ran.stderr.strip() == ""


def test_one_file_of_the_edge_names_the_runtimes():
    remedy = "ask edge_app/model/classifier.py for scores"
    _demand(offenders("edge_app", RUNTIMES, remedy, allowed=("classifier.py",)))


def test_dicom_is_read_with_pydicom_in_one_place():
    # voi_lut.py holds the half of dicom.py that is arithmetic.
    remedy = "call edge_app.imaging.dicom.read"
    _demand(offenders("edge_app", {"pydicom"}, remedy, allowed=("dicom.py", "voi_lut.py")))


def test_tests_of_the_light_side_never_import_the_heavy_one():
    banned = TENSORFLOW | {"train", "convert"}
    _demand(offenders("tests/edge", banned, "these tests also run where it is not installed: move them to tests/desk/"))


def test_files_of_the_edge_are_small():
    counts = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in (ROOT / "edge_app").rglob("*.py")}
    long = [
        f"{path.relative_to(ROOT)}:{count}: {count} lines; split it by what it knows, {MOST_LINES} are allowed"
        for path, count in counts.items()
        if count > MOST_LINES
    ]
    _demand(long)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import tensorflow", [(1, "tensorflow")]),
        ("import os, tensorflow.lite as tf", [(1, "os"), (1, "tensorflow.lite")]),
        ("from keras import layers", [(1, "keras.layers")]),
        ("from train.model import build", [(1, "train.model.build")]),
        ("def f():\n    if True:\n        import keras", [(3, "keras")]),
        ("class A:\n    async def f(self):\n        from train import fit", [(3, "train.fit")]),
        ("try:\n    import tensorflow\nexcept ImportError:\n    pass", [(2, "tensorflow")]),
        ("import importlib\nimportlib.import_module('keras.layers')", [(1, "importlib"), (2, "keras.layers")]),
        ("x = __import__('tensorflow')", [(1, "tensorflow")]),
        ("NAMES = ('tflite_runtime.interpreter',)", [(1, "tflite_runtime.interpreter")]),
        ("from . import decision", []),
        ("# import tensorflow\ntext = 'import keras'", []),
    ],
)
def test_the_detector_detects(source, expected):
    assert imports(source) == expected


def test_planted_offenders_are_named_with_line_and_remedy(tmp_path, monkeypatch):
    monkeypatch.setattr("tests.test_architecture.ROOT", tmp_path)
    (tmp_path / "edge_app" / "web").mkdir(parents=True)
    (tmp_path / "edge_app" / "good.py").write_text("import os\n")
    (tmp_path / "edge_app" / "web" / "bad.py").write_text("import os\n\n\ndef f():\n    from keras import layers\n")
    assert offenders("edge_app", TENSORFLOW, "move it") == ["edge_app/web/bad.py:5: imports keras.layers; move it"]
    assert offenders("edge_app", TENSORFLOW, "move it", allowed=("bad.py",)) == []
