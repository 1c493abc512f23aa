"""Imports point only to the lighter side, convert -> train -> edge_app, imports inside functions included."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RUNTIMES = {"tflite_runtime", "ai_edge_litert"}
# (where, what it may not import, except in, what to do instead)
RULES = (
    (
        "edge_app",
        {"tensorflow", "keras", "tf_keras"},
        (),
        "the light side runs without TensorFlow; move this to train/",
    ),
    (
        "edge_app",
        {"train", "convert", "tests"},
        (),
        "the light side knows no heavier one; move what is shared to edge_app/",
    ),
    (
        "edge_app",
        RUNTIMES,
        ("edge_app/classifier.py",),
        "only the classifier names a runtime; call edge_app.classifier",
    ),
    (
        "edge_app",
        {"pydicom", "gdcm"},
        ("edge_app/dicom.py", "edge_app/view_window.py"),
        "call edge_app.radiograph.read",
    ),
    ("train", {"convert"}, (), "training knows nothing of the converter; pass a file"),
)


def imports(source: str) -> list[tuple[int, str]]:
    """Return (line, module) of every import of a source text, and of every string that `import_module` could take."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.append((node.lineno, node.module))
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            names = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
            found += [(node.lineno, name) for name in names]
    return found


def offenders(where: str, source: str) -> list[str]:
    """Return `path:line: what; what to do` for each import of `source`, the text of file `where`, against a rule."""
    return [
        f"{where}:{line}: imports '{module}'; {remedy}"
        for folder, forbidden, exceptions, remedy in RULES
        if where.startswith(f"{folder}/") and where not in exceptions
        for line, module in imports(source)
        if module.split(".")[0] in forbidden
    ]


def test_imports_point_to_the_lighter_side():
    files = [path for folder in ("edge_app", "train", "convert") for path in (ROOT / folder).rglob("*.py")]
    assert len(files) > 20
    found = [
        line for path in sorted(files) for line in offenders(path.relative_to(ROOT).as_posix(), path.read_text("utf-8"))
    ]
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("where", "source"),
    [
        ("edge_app/a.py", "import keras"),
        ("edge_app/web/a.py", "def f():\n    import tensorflow as tf"),
        ("edge_app/a.py", "def f():\n    from train.split import x"),
        ("edge_app/a.py", "if True:\n    from convert import card"),
        ("edge_app/a.py", "import os, ai_edge_litert.interpreter"),
        ("edge_app/a.py", "importlib.import_module('tflite_runtime.interpreter')"),
        ("edge_app/a.py", "from pydicom import dcmread"),
        ("train/a.py", "from convert.quantize import to_tflite"),
    ],
)
def test_an_offender_is_found_with_its_line(where, source):
    line = len(source.splitlines())
    assert [text.split(": ")[0] for text in offenders(where, source)] == [f"{where}:{line}"]


@pytest.mark.parametrize(
    ("where", "source"),
    [
        ("edge_app/a.py", "from edge_app import bundle"),
        ("edge_app/a.py", "trainer = 'tensorflow'"),
        ("edge_app/classifier.py", "import tflite_runtime"),
        ("train/a.py", "import keras; from edge_app import preprocess"),
        ("convert/a.py", "from train import model"),
    ],
)
def test_what_is_allowed_is_not_found(where, source):
    assert offenders(where, source) == []


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["classify", "--help"]])
def test_help_loads_neither_decoder_nor_runtime(arguments):
    code = (
        "import sys\nfrom edge_app.cli import main\n"
        "try: main(sys.argv[1:])\nexcept SystemExit: pass\n"
        "heavy = {'numpy', 'cv2', 'PIL', 'pydicom', 'tqdm', 'tensorflow', 'keras'}\n"
        "print('loaded', sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "loaded []"
