"""A package has one version in the whole repository, wherever a file pins or names it."""

import re
import subprocess
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[3]
REQUIREMENTS = sorted(ROOT.glob("*/requirements.txt")) + sorted(ROOT.glob("tests/*/*/requirements.txt"))
PIN = re.compile(r"([A-Za-z][\w.-]*)(?:\[[\w,-]+\])?==(\d[\w.]*\w)")
# tflite-runtime on Python 3.11 needs numpy < 2, botocore needs python-dateutil < 3, everything else gets the newer one.
TWO = {"numpy": {"1.26.4", "2.4.6"}, "python-dateutil": {"2.9.0.post0", "4.0.0"}}
TEXT = {".py", ".toml", ".md", ".sh", ".txt", ".yaml", ".yml", ".conf", ""}
# Versions there are made up.
MADE_UP = {"tests/desk/packaging/test_offline.py", "tests/desk/packaging/test_pins.py"}


def files() -> list[Path]:
    """Return all text files of the repository that may name a version; the changelog tells of old ones."""
    names = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    return [ROOT / name for name in names if Path(name).suffix in TEXT and name not in MADE_UP | {"CHANGELOG.md"}]


def pins(paths: list[Path]) -> dict[str, dict[str, list[str]]]:
    """Return `path:line` of every pin, by version and by package."""
    found: dict[str, dict[str, list[str]]] = {}
    for path in paths:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            for name, version in PIN.findall(line):
                name = name.lower().replace("_", "-").replace(".", "-")
                places = found.setdefault(name, {}).setdefault(version, [])
                places.append(f"{path.relative_to(ROOT) if ROOT in path.parents else path}:{number}")
    return found


def test_every_file_pins_the_same_version():
    found = pins(files())
    assert {"numpy", "setuptools", "gunicorn", "gpiozero", "tensorflow", "pip"} <= set(found)
    assert {name: by_version for name, by_version in found.items() if len(by_version) > 1 and name not in TWO} == {}
    assert {name: set(found[name]) for name in TWO} == TWO


def test_every_requirement_is_pinned():
    for path in REQUIREMENTS:
        for line in path.read_text(encoding="utf-8").splitlines():
            assert not line or line.startswith("#") or PIN.match(line), f"{path.relative_to(ROOT)}: {line}"


def test_dependabot_looks_at_every_file_of_requirements():
    updates = yaml.safe_load((ROOT / ".github/dependabot.yml").read_text())["updates"]
    folders = next(update["directories"] for update in updates if update["package-ecosystem"] == "pip")
    assert sorted(folders) == sorted(f"/{path.parent.relative_to(ROOT)}" for path in REQUIREMENTS)


def test_another_version_is_named_with_file_and_line(tmp_path):
    (tmp_path / "a.txt").write_text("numpy==2.4.6\nsix==1.17.0\n")
    (tmp_path / "b.md").write_text("`pip install 'six[x]==1.16.0'`.\n")
    found = pins([tmp_path / "a.txt", tmp_path / "b.md"])
    assert [places[0].rpartition("/")[2] for places in found["six"].values()] == ["a.txt:2", "b.md:1"]
