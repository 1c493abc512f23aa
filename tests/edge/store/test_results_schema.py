"""What programs read: real lines against docs/result.schema.json, and CSV files against the lines."""

import csv
import json
import operator
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from edge_app.gate import refusal
from edge_app.model import card
from edge_app.screening import decision
from tests.support.films import draw_film
from tests.support.golden import GOLDEN
from tests.support.processes import rest_of

ROOT = Path(__file__).parents[3]
SCHEMA = json.loads((ROOT / "docs" / "result.schema.json").read_text())
TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "number": (int, float),
    "integer": int,
    "boolean": bool,
    "null": type(None),
}


def is_of(value, type_: str) -> bool:
    """Say whether a value is of a type of JSON Schema; true and false are no numbers there."""
    return isinstance(value, TYPES[type_]) and (type_ == "boolean" or not isinstance(value, bool))


def listed(types: str | list[str]) -> list[str]:
    """Return the types that a schema allows; one alone may stand without a list."""
    return [types] if isinstance(types, str) else types


# Rules of JSON Schema 2020-12, as many as ours uses: the type of the values that each is about (None: any), and when a
# value breaks what the schema says.
RULES = {
    "const": (None, operator.ne),
    "enum": (None, lambda value, allowed: value not in allowed),
    "type": (None, lambda value, types: not any(is_of(value, one) for one in listed(types))),
    "minimum": ("number", operator.lt),
    "maximum": ("number", operator.gt),
    "exclusiveMinimum": ("number", operator.le),
    "exclusiveMaximum": ("number", operator.ge),
    "pattern": ("string", lambda value, pattern: not re.search(pattern, value)),
    "minLength": ("string", lambda value, length: len(value) < length),
    "minItems": ("array", lambda value, length: len(value) < length),
    "maxItems": ("array", lambda value, length: len(value) > length),
    "minProperties": ("object", lambda value, count: len(value) < count),
    "required": ("object", lambda value, names: not set(names) <= set(value)),
    "anyOf": (None, lambda value, schemas: all(faults(value, one) for one in schemas)),
    "dependentRequired": (
        "object",
        lambda value, needs: any(name in value and not set(others) <= set(value) for name, others in needs.items()),
    ),
}
KNOWN = {"$schema", "title", "description", "$defs", "$ref", "properties", "additionalProperties", "items", *RULES}


def breaks(value, name: str, said) -> bool:
    """Say whether a value breaks a rule of a schema."""
    about, broken = RULES[name]
    return (about is None or is_of(value, about)) and broken(value, said)


def parts(value, schema: dict, where: str) -> Iterator[tuple[object, dict, str]]:
    """Yield (value, schema, place) of what a schema asks of a value by reference, and of all that the value holds."""
    if "$ref" in schema:
        yield value, SCHEMA["$defs"][schema["$ref"].removeprefix("#/$defs/")], where
    if isinstance(value, dict):
        for name, one in value.items():
            of = schema.get("properties", {}).get(name, schema.get("additionalProperties", {}))
            yield one, of, f"{where}.{name}"
    if isinstance(value, list):
        for i, one in enumerate(value):
            yield one, schema.get("items", {}), f"{where}[{i}]"


def faults(value, schema: dict, where: str = "row") -> list[str]:
    """Return what a value breaks of a schema: as much of JSON Schema 2020-12 as ours uses, and no more."""
    assert set(schema) <= KNOWN, f"this test does not know {set(schema) - KNOWN}"
    found = [
        f"{where}: {value!r} breaks {name} {schema[name]!r}"
        for name in RULES
        if name in schema and breaks(value, name, schema[name])
    ]
    return found + [fault for part in parts(value, schema, where) for fault in faults(*part)]


def classify(*words, code=0, **options):
    """Run `classify`; return its process."""
    line = [sys.executable, "-m", "edge_app", "classify", "--model", GOLDEN / "tiny-int8.tflite", *words]
    options = {"cwd": ROOT, "capture_output": True, "text": True, "timeout": 100, "check": False} | options
    done = subprocess.run([*map(str, line)], **options)
    assert done.returncode == code, done.stderr
    return done


@pytest.fixture
def films(tmp_path):
    """Return a folder with films that are judged, refused and unreadable."""
    folder = tmp_path / "films"
    folder.mkdir()
    for name, opacity in (("clear.png", 0.0), ("opaque.png", 1.0)):
        Image.fromarray(draw_film(1000, 300, 260, opacity=opacity)).save(folder / name)
    Image.new("L", (300, 300)).save(folder / "black.png")
    (folder / "text.png").write_text("no picture")
    return folder


@pytest.mark.parametrize("rule", card.RULES)
@pytest.mark.parametrize("more", [[], ["--prevalence", "0.05", "--pneumonia-prevalence", "0.1"]])
def test_every_line_is_of_the_schema(films, tmp_path, rule, more):
    words = ["--json", "--operating-point", rule, "--store", tmp_path / "results.db", *more, films]
    lines = classify(*words, code=1).stdout.splitlines() + classify(*words, code=1).stdout.splitlines()
    rows = [json.loads(line) for line in lines]
    assert len(rows) == 8
    assert [row["stored"] for row in rows].count(True) == 3
    assert [fault for row in rows for fault in faults(row, SCHEMA)] == []
    described = set(SCHEMA["properties"]) - (set() if more else {"prevalence", "ppv", "npv", "pneumonia_prevalence"})
    assert set().union(*rows) == described  # nothing is left out of the document
    for name in ("lungs", "refusal"):
        shown = next(row[name] for row in rows if row[name])
        assert set(shown) == set(SCHEMA["$defs"][name]["properties"])
    shown = next(row["findings"]["pneumonia"] for row in rows if row["findings"])
    assert set(shown) == set(SCHEMA["$defs"]["finding"]["properties"]) - (set() if more else {"predictive_value"})


def test_the_schema_lists_what_the_program_says():
    assert SCHEMA["properties"]["verdict"]["enum"] == [*decision.VERDICTS, None]
    assert SCHEMA["$defs"]["refusal"]["properties"]["kind"]["enum"] == list(refusal.KINDS)
    assert SCHEMA["$defs"]["operating_point"]["properties"]["name"]["enum"] == list(card.RULES)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"schema": 2}, "row.schema"),
        ({"verdict": "healthy"}, "row.verdict"),
        ({"sha256": "12"}, "row.sha256"),
        ({"scores": {"covid": 1.5}}, "row.scores"),
        ({"stored": 1}, "row.stored"),
        ({"prevalence": 0.1}, "row"),
    ],
)
def test_the_checker_finds_what_is_wrong(films, change, where):
    row = json.loads(classify("--json", films / "clear.png").stdout)
    assert faults(row, SCHEMA) == []
    assert any(fault.startswith(f"{where}: ") for fault in faults(row | change, SCHEMA))


def test_the_document_names_every_field_and_column(films, tmp_path):
    text = (ROOT / "docs" / "results.md").read_text()
    for name in SCHEMA["properties"]:
        assert f"`{name}`" in text, name
    classify("--csv", tmp_path / "out.csv", "--prevalence", "0.1", films, code=1)
    with (tmp_path / "out.csv").open(newline="") as file:
        columns = next(csv.reader(file))
    assert len(columns) == len(set(columns))
    for name in columns:
        stem = re.sub(r"_(low|high)$", "", name)
        stem = re.sub(r"(score|finding|_from|_value)_(normal|covid|pneumonia)$", r"\1_LABEL", stem)
        assert f"`{stem}`" in text, name


def test_no_cell_of_a_csv_file_is_a_formula(films, tmp_path):
    names = ["=1+1.png", "+1.png", "-1.png", "@sum.png"]
    for name in names:
        (films / "clear.png").with_name(name).write_bytes((films / "clear.png").read_bytes())
    classify("--csv", tmp_path / "out.csv", *(f"./{name}" for name in names), "=missing.png", cwd=films, code=1,
             env={"PYTHONPATH": str(ROOT), "PATH": ""})  # fmt: skip
    with (tmp_path / "out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert sorted(row["path"] for row in rows) == sorted(f"'{name}" for name in [*names, "=missing.png"])
    for row in rows:
        assert not [cell for cell in row.values() if cell.startswith(("=", "+", "-", "@"))]


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="prlimit is a call of Linux")
def test_a_disk_that_fills_up_costs_one_sink_and_not_the_run(tmp_path):
    """After the first film no file may grow any more, as on a full disk; stdout is a pipe and has room."""
    (tmp_path / "films").mkdir()
    Image.fromarray(draw_film(1000, 300, 260)).save(tmp_path / "film.png")
    for i in range(300):
        (tmp_path / "films" / f"{i}.png").symlink_to(tmp_path / "film.png")
    words = ["--json", "--csv", tmp_path / "out.csv", "--store", tmp_path / "results.db", tmp_path / "films"]
    line = [sys.executable, "-m", "edge_app", "classify", "--model", GOLDEN / "tiny-int8.tflite", "--again", *words]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([*map(str, line)], cwd=ROOT, **pipes) as process:
        first = process.stdout.readline()
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (1024, 1024))
        rest, err = rest_of(process)
    assert len((first + rest).splitlines()) == 300
    # The limit may come between the two sinks of one film.
    assert sorted(line.split(":")[0] for line in err.splitlines()) == ["--csv", "--store"]
    assert all(line.endswith("; the run goes on without it.") for line in err.splitlines())
    assert process.returncode == 1
